/* The histogram: each value in the first bucket that holds it, whoever adds. */
#include "base/histogram.h"

#include <pthread.h>

static void values_fall_into_their_buckets(void) {
    static Histogram histogram;
    guint64 sum = 0;
    for (guint i = 0; i < HISTOGRAM_BOUNDS; i++) {
        g_assert_true(i == 0 || histogram_bound_us[i] > histogram_bound_us[i - 1]);
        histogram_add(&histogram, histogram_bound_us[i], 1);     /* just inside */
        histogram_add(&histogram, histogram_bound_us[i] + 1, 2); /* just outside */
        sum += 3 * (guint64)histogram_bound_us[i] + 2;
    }
    histogram_add(&histogram, -5, 1);
    HistogramCounts counts = histogram_counts(&histogram);
    for (guint i = 0; i < HISTOGRAM_BOUNDS; i++)
        g_assert_cmpuint(counts.at_most[i], ==, 2 + 3 * i);
    g_assert_cmpuint(counts.count, ==, 3 * HISTOGRAM_BOUNDS + 1);
    g_assert_cmpuint(counts.sum_us, ==, sum);
}

enum { ADDS = 50000, THREADS = 4 };

static void *add_many(void *data) {
    for (guint i = 0; i < ADDS; i++)
        histogram_add(data, i % 3 * 1000, 1);
    return NULL;
}

static void nothing_is_lost_between_threads(void) {
    static Histogram histogram;
    pthread_t thread[THREADS];
    for (guint i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, add_many, &histogram);
    for (guint i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    g_assert_cmpuint(histogram_counts(&histogram).count, ==, ADDS * THREADS);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/histogram/buckets", values_fall_into_their_buckets);
    g_test_add_func("/histogram/threads", nothing_is_lost_between_threads);
    return g_test_run();
}
