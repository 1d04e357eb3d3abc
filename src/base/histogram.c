#include "base/histogram.h"

const gint64 histogram_bound_us[HISTOGRAM_BOUNDS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,    25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 10000000, 60000000};

void histogram_add(Histogram *histogram, gint64 us, guint n) {
    guint i = 0;
    us = MAX(us, 0);
    while (i < HISTOGRAM_BOUNDS && us > histogram_bound_us[i])
        i++;
    atomic_fetch_add_explicit(&histogram->bucket[i], n, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_us, (guint64)us * n, memory_order_relaxed);
}

HistogramCounts histogram_counts(Histogram *histogram) {
    HistogramCounts counts = {.sum_us = atomic_load(&histogram->sum_us)};
    for (guint i = 0; i < HISTOGRAM_BOUNDS; i++)
        counts.at_most[i] = counts.count += atomic_load(&histogram->bucket[i]);
    counts.count += atomic_load(&histogram->bucket[HISTOGRAM_BOUNDS]);
    return counts;
}
