#include "signal/sample.h"

#include "signal/codec.h"

#include <float.h>

static double random_value(void) {
    static const double odd[] = {0.0,       -0.0, DBL_MIN, -DBL_MAX, DBL_MAX, 5e-324,
                                 1e-300,    0.1,  -0.3,    1e15,     1e16,    9007199254740993.0,
                                 123456.789};
    switch (g_test_rand_int_range(0, 4)) {
    case 0:
        return odd[g_test_rand_int_range(0, G_N_ELEMENTS(odd))];
    case 1:
        return g_test_rand_int_range(-100000, 100000) / 100.0;
    case 2:
        return g_test_rand_double_range(-1e6, 1e6);
    default: {
        double value =
            double_of_bits((guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int());
        return isfinite(value) ? value : 0;
    }
    }
}

static SampleBatch *random_batch(guint n) {
    SampleBatch *batch = sample_batch_new(1);
    batch->received_ms = g_test_rand_int();
    gboolean good = g_test_rand_bit();
    for (guint i = 0; i < n; i++) {
        gint64 time_ms = g_test_rand_int_range(0, 10)
                             ? 1700000000000 + g_test_rand_int_range(0, 100000)
                             : (gint64)((guint64)(guint32)g_test_rand_int() << 32);
        sample_batch_add(batch, (guint32)g_test_rand_int_range(0, 1 << 20), time_ms, random_value(),
                         good ? QUALITY_GOOD : (Quality)g_test_rand_int_range(0, 3));
    }
    return batch;
}

static void assert_same(const SampleBatch *a, const SampleBatch *b) {
    g_assert_cmpint(a->received_ms, ==, b->received_ms);
    g_assert_cmpuint(a->n, ==, b->n);
    for (guint i = 0; i < a->n; i++) {
        g_assert_cmpuint(a->point[i], ==, b->point[i]);
        g_assert_cmpint(a->time_ms[i], ==, b->time_ms[i]);
        g_assert_cmpuint(double_bits(a->value[i]), ==, double_bits(b->value[i]));
        g_assert_cmpuint(a->quality[i], ==, b->quality[i]);
    }
}

static void test_round_trip_is_exact(void) {
    for (guint round = 0; round < 500; round++) {
        SampleBatch *batch = random_batch((guint)g_test_rand_int_range(0, 300));
        g_autoptr(GByteArray) bytes = sample_batch_encode(batch);
        SampleBatch *again = sample_batch_decode(bytes->data, bytes->len);
        g_assert_nonnull(again);
        assert_same(batch, again);
        sample_batch_free(batch);
        sample_batch_free(again);
    }
}

static void test_hostile_bytes_are_refused_or_bounded(void) {
    for (guint round = 0; round < 3000; round++) {
        SampleBatch *batch = random_batch((guint)g_test_rand_int_range(0, 40));
        g_autoptr(GByteArray) bytes = sample_batch_encode(batch);
        sample_batch_free(batch);
        guint hits = (guint)g_test_rand_int_range(1, 4);
        for (guint i = 0; i < hits; i++)
            bytes->data[g_test_rand_int_range(0, (gint32)bytes->len)] = (guint8)g_test_rand_int();
        gsize n =
            g_test_rand_bit() ? bytes->len : (gsize)g_test_rand_int_range(0, (gint32)bytes->len);
        SampleBatch *read = sample_batch_decode(bytes->data, n);
        for (guint i = 0; read && i < read->n; i++)
            g_assert_true(isfinite(read->value[i]) && read->quality[i] <= QUALITY_BAD);
        sample_batch_free(read);
    }
    g_assert_null(sample_batch_decode(NULL, 0));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample/round-trip", test_round_trip_is_exact);
    g_test_add_func("/sample/hostile", test_hostile_bytes_are_refused_or_bounded);
    return g_test_run();
}
