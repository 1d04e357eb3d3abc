/* How long something took, in fixed buckets, as Prometheus counts it. Any thread, no lock: an add
 * is three atomic additions. Readers see counts that may be one add apart from the sum. */
#pragma once
#include <glib.h>
#include <stdatomic.h>

enum { HISTOGRAM_BOUNDS = 16 };
extern const gint64 histogram_bound_us[HISTOGRAM_BOUNDS]; /* upper, included; ascending */

typedef struct {
    _Atomic guint64 bucket[HISTOGRAM_BOUNDS + 1]; /* the last: above all bounds */
    _Atomic guint64 sum_us;
} Histogram;

/* `n` things that took so long each; a time below 0 counts as 0. */
void histogram_add(Histogram *histogram, gint64 us, guint n);

typedef struct {
    guint64 at_most[HISTOGRAM_BOUNDS]; /* cumulative, by bound */
    guint64 count, sum_us;
} HistogramCounts;
HistogramCounts histogram_counts(Histogram *histogram);
