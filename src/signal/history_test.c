#include "signal/history.h"

#include "base/clock.h"
#include "signal/codec.h"

#include <float.h>
#include <glib/gstdio.h>

static const gint64 T0 = 1700000000000;

/* ---- random samples ---- */

static double random_value(double last) {
    static const double odd[] = {0.0,    -0.0, DBL_MIN, -DBL_MAX, DBL_MAX,
                                 5e-324, 0.1,  -0.3,    1e15,     123456.789};
    switch (g_test_rand_int_range(0, 8)) {
    case 0:
        return odd[g_test_rand_int_range(0, G_N_ELEMENTS(odd))];
    case 1:
        return g_test_rand_double_range(-1e6, 1e6);
    case 2:
        return last;
    default:
        return g_test_rand_int_range(-100000, 100000) / 100.0;
    }
}

static GArray *random_samples(guint n) {
    GArray *samples = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    gint64 time_ms = T0;
    double value = 0;
    for (guint i = 0; i < n; i++) {
        time_ms += g_test_rand_int_range(0, 30) ? 5000 : g_test_rand_int_range(-1000000, 1000000);
        if (g_test_rand_int_range(0, 200) == 0)
            time_ms = (gint64)((guint64)(guint32)g_test_rand_int() << 32);
        value = random_value(value);
        HistorySample sample = {
            0, time_ms, value,
            (guint8)(g_test_rand_int_range(0, 10) ? 0 : g_test_rand_int_range(0, 3)), 0};
        g_array_append_val(samples, sample);
    }
    return samples;
}

static void assert_same(const GArray *a, const GArray *b) {
    g_assert_cmpuint(a->len, ==, b->len);
    for (guint i = 0; i < a->len; i++) {
        const HistorySample *x = &g_array_index(a, HistorySample, i),
                            *y = &g_array_index(b, HistorySample, i);
        g_assert_cmpint(x->time_ms, ==, y->time_ms);
        g_assert_cmpuint(double_bits(x->value), ==, double_bits(y->value));
        g_assert_cmpuint(x->quality, ==, y->quality);
    }
}

static void test_codec_round_trip_is_exact(void) {
    for (guint round = 0; round < 500; round++) {
        g_autoptr(GArray) samples = random_samples((guint)g_test_rand_int_range(1, 500));
        g_autoptr(GByteArray) bytes =
            history_encode((HistorySample *)(void *)samples->data, samples->len);
        g_autoptr(GArray) again = history_decode(bytes->data, bytes->len);
        g_assert_nonnull(again);
        assert_same(samples, again);
    }
}

static void test_codec_is_small_on_plant_data(void) {
    HistorySample samples[720];
    for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
        samples[i] = (HistorySample){0, T0 + i * 5000, 2000 / 100.0 + (i / 4 % 10) / 100.0, 0, 0};
    g_autoptr(GByteArray) bytes = history_encode(samples, G_N_ELEMENTS(samples));
    g_assert_cmpuint(bytes->len, <, 720);
}

static void test_codec_hostile_bytes(void) {
    for (guint round = 0; round < 5000; round++) {
        g_autoptr(GArray) samples = random_samples((guint)g_test_rand_int_range(1, 300));
        g_autoptr(GByteArray) bytes =
            history_encode((HistorySample *)(void *)samples->data, samples->len);
        guint hits = (guint)g_test_rand_int_range(1, 4);
        for (guint i = 0; i < hits; i++)
            bytes->data[g_test_rand_int_range(0, MIN(40, (gint32)bytes->len))] =
                (guint8)g_test_rand_int();
        g_autoptr(GArray) read =
            history_decode(bytes->data, (gsize)g_test_rand_int_range(0, (gint32)bytes->len + 1));
        for (guint i = 0; read && i < read->len; i++)
            g_assert_true(isfinite(g_array_index(read, HistorySample, i).value));
    }
}

/* ---- the way to the disk and back, against an array that keeps everything ---- */

enum { POINTS = 5 };

typedef struct {
    char *dir;
    Sql *sql;
    HistoryBlocks *blocks;
    GPtrArray *closed;
    GArray *all[POINTS]; /* in the order of arrival */
    gint64 last[POINTS];
} Shelf;

static void chunk_free(gpointer chunk) { history_chunk_free(chunk); }

static Shelf *shelf_new(void) {
    Shelf *shelf = g_new0(Shelf, 1);
    shelf->dir = g_dir_make_tmp("anlan-history-XXXXXX", NULL);
    g_autofree char *uri = g_strdup_printf("sqlite:%s/h.db", shelf->dir);
    shelf->sql = sql_open(uri, SQL_WRITE, NULL);
    g_assert_true(history_migrate(shelf->sql, NULL));
    shelf->blocks = history_blocks_new(POINTS);
    shelf->closed = g_ptr_array_new_with_free_func(chunk_free);
    for (guint i = 0; i < POINTS; i++)
        shelf->all[i] = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    return shelf;
}

static void shelf_free(Shelf *shelf) {
    sql_close(shelf->sql);
    g_autofree char *path = g_build_filename(shelf->dir, "h.db", NULL);
    g_unlink(path);
    g_rmdir(shelf->dir);
    history_blocks_free(shelf->blocks);
    g_ptr_array_unref(shelf->closed);
    for (guint i = 0; i < POINTS; i++)
        g_array_unref(shelf->all[i]);
    g_free(shelf->dir);
    g_free(shelf);
}

/* Whether days are packed now and then, also one that is not over. */
static gboolean packs_days;

static void shelf_pack(Shelf *shelf) {
    gint64 later = (shelf->last[0] + (gint64)2 * DAY_MS) / HISTORY_HOUR_MS;
    gboolean packed = TRUE;
    while (packed)
        g_assert_true(history_pack(shelf->sql, later, &packed, NULL));
}

static void shelf_write(Shelf *shelf) {
    g_autoptr(GError) error = NULL;
    history_flush(shelf->blocks, shelf->closed);
    g_assert_true(sql_exec(shelf->sql, "BEGIN", &error) &&
                  history_write(shelf->sql, shelf->closed, &error));
    if (packs_days && g_test_rand_int_range(0, 3) == 0)
        shelf_pack(shelf);
    g_assert_true(sql_exec(shelf->sql, "COMMIT", &error));
    g_assert_no_error(error);
    g_ptr_array_set_size(shelf->closed, 0);
}

static void shelf_add(Shelf *shelf, guint32 point, gint64 time_ms, double value, Quality quality) {
    gboolean late = time_ms <= shelf->last[point];
    HistorySample sample = {point, time_ms, value, (guint8)quality, (guint8)late};
    history_add(shelf->blocks, point, time_ms, value, quality, late, shelf->closed);
    g_array_append_val(shelf->all[point], sample);
    shelf->last[point] = MAX(shelf->last[point], time_ms);
}

static int by_time(gconstpointer a, gconstpointer b) {
    const HistorySample *x = a, *y = b;
    return x->time_ms < y->time_ms ? -1 : x->time_ms > y->time_ms;
}

/* Sorted, of equal times the first that came. */
static GArray *brute(const GArray *all) {
    g_autoptr(GArray) sorted = g_array_copy((GArray *)all);
    g_array_sort(sorted, by_time);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    for (guint i = 0; i < sorted->len; i++) {
        HistorySample *s = &g_array_index(sorted, HistorySample, i);
        if (out->len == 0 || g_array_index(out, HistorySample, out->len - 1).time_ms != s->time_ms)
            g_array_append_val(out, *s);
    }
    return out;
}

static json_t *brute_steps(const GArray *all, gint64 from, gint64 to, gint64 step) {
    json_t *rows = json_array();
    g_autoptr(GArray) samples = brute(all);
    for (gint64 t = from; t < to; t += step) {
        gint64 count = 0;
        double min = 0, max = 0, sum = 0, last = 0;
        for (guint i = 0; i < samples->len; i++) {
            const HistorySample *s = &g_array_index(samples, HistorySample, i);
            if (s->time_ms < t || s->time_ms >= MIN(t + step, to) || s->quality == QUALITY_BAD)
                continue;
            min = count ? MIN(min, s->value) : s->value;
            max = count ? MAX(max, s->value) : s->value;
            sum += s->value;
            last = s->value;
            count++;
        }
        if (count)
            json_array_append_new(
                rows, json_pack("[I,I,f,f,f,f]", t, count, min, sum / (double)count, max, last));
    }
    return rows;
}

static void assert_rows(json_t *got, json_t *want) {
    g_assert_cmpuint(json_array_size(got), ==, json_array_size(want));
    for (gsize i = 0; i < json_array_size(got); i++)
        for (gsize k = 0; k < 6; k++) {
            double a = json_number_value(json_array_get(json_array_get(got, i), k));
            double b = json_number_value(json_array_get(json_array_get(want, i), k));
            g_assert_cmpfloat_with_epsilon(a, b, 1e-6);
        }
}

static void compare(Shelf *shelf, guint32 point, gint64 from, gint64 to, gint64 step) {
    g_autoptr(GArray) open = history_open(shelf->blocks, point);
    for (guint i = 0; i < shelf->closed->len; i++) { /* as pipeline_open_block does */
        const HistoryChunk *chunk = shelf->closed->pdata[i];
        if (chunk->point == point)
            history_chunk_append(chunk, open);
    }
    gboolean truncated;
    json_t *got = history_query(shelf->sql, point, open, from, to, step, 1000000, &truncated, NULL);
    g_assert_false(truncated);
    if (step > 0) {
        json_t *want = brute_steps(shelf->all[point], from, to, step);
        assert_rows(got, want);
        json_decref(want);
    } else {
        g_autoptr(GArray) want = brute(shelf->all[point]);
        g_assert_cmpuint(json_array_size(got), ==, want->len);
        for (guint i = 0; i < want->len; i++)
            g_assert_cmpint(json_integer_value(json_array_get(json_array_get(got, i), 0)), ==,
                            g_array_index(want, HistorySample, i).time_ms);
    }
    json_decref(got);
}

/* Late samples have the value and quality that the time has anyway, so that it does not matter
 * which of two lates came first; a sample in order comes before all lates of its time. */
static double value_at(gint64 time_ms) { return (double)(time_ms / 1000 * 7919 % 2000) / 10; }

static Quality late_quality_at(gint64 time_ms) {
    return time_ms / 1000 % 20 ? QUALITY_GOOD : QUALITY_BAD;
}

static void fill(Shelf *shelf, guint n) {
    gint64 now[POINTS];
    for (guint i = 0; i < POINTS; i++)
        now[i] = MAX(shelf->last[i], T0);
    for (guint i = 0; i < n; i++) {
        guint32 point = (guint32)g_test_rand_int_range(0, POINTS);
        now[point] += g_test_rand_int_range(0, 300) ? g_test_rand_int_range(1, 30) * 1000 : 5000000;
        gint64 time_ms = g_test_rand_int_range(0, 15)
                             ? now[point]
                             : now[point] - g_test_rand_int_range(0, 4000) * 1000;
        time_ms = MAX(time_ms, T0);
        Quality quality = g_test_rand_int_range(0, 20) ? QUALITY_GOOD : QUALITY_BAD;
        gboolean late = time_ms <= shelf->last[point];
        shelf_add(shelf, point, time_ms, value_at(time_ms),
                  late ? late_quality_at(time_ms) : quality);
        if (g_test_rand_int_range(0, 200) == 0)
            shelf_write(shelf);
    }
}

static void test_query_against_brute_force(void) {
    for (guint round = 0; round < 10; round++) {
        packs_days = round % 2;
        Shelf *shelf = shelf_new();
        fill(shelf, 3000);
        for (guint32 point = 0; point < POINTS; point++) {
            gint64 end = shelf->last[point] + 1;
            compare(shelf, point, T0, end, 0);
            compare(shelf, point, T0, end, 60000);
            compare(shelf, point, T0 + 1234567, end - 777777, 300000);
            compare(shelf, point, T0 - 5000, end + 5000, 7200000);
        }
        shelf_free(shelf);
    }
    packs_days = FALSE;
}

/* What is packed is in rows of days only, and reads as before. */
static void test_packed_days_are_the_same(void) {
    Shelf *shelf = shelf_new();
    fill(shelf, 9000); /* days long enough to keep figures, and short ones */
    shelf_write(shelf);
    gint64 hours, rows;
    g_autoptr(GArray) before = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    g_autoptr(GArray) after = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    g_assert_true(history_read(shelf->sql, 0, T0, shelf->last[0] + 1, before, NULL));
    shelf_pack(shelf);
    g_assert_true(history_read(shelf->sql, 0, T0, shelf->last[0] + 1, after, NULL));
    history_order(before);
    history_order(after);
    g_assert_cmpuint(after->len, >, 100);
    assert_same(after, before);
    g_assert_true(sql_get_int(shelf->sql, NULL, &hours, -1, "SELECT COUNT(*) FROM history", ""));
    g_assert_true(sql_get_int(shelf->sql, NULL, &rows, -1, "SELECT COUNT(*) FROM history_day", ""));
    g_assert_cmpint(hours, ==, 0);
    g_assert_cmpint(rows, >, POINTS);
    for (guint32 point = 0; point < POINTS; point++) {
        compare(shelf, point, T0, shelf->last[point] + 1, 0);
        compare(shelf, point, T0, shelf->last[point] + 1, 3600000);
    }
    gint64 deleted;
    g_assert_true(
        history_trim(shelf->sql, shelf->last[0] / HISTORY_HOUR_MS + 48, 100000, &deleted, NULL));
    g_assert_cmpint(deleted, ==, rows);
    shelf_free(shelf);
}

/* A restart writes chunks again, whole or cut otherwise, and a resent backlog comes twice: nothing
 * is lost, nothing is double. */
static void test_writing_again_changes_nothing(void) {
    Shelf *shelf = shelf_new();
    fill(shelf, 2000);
    shelf_write(shelf);
    for (guint32 point = 0; point < POINTS; point++) {
        const GArray *all = shelf->all[point];
        for (guint i = 0; i < all->len; i++) {
            HistorySample s = g_array_index(all, HistorySample, i);
            if (g_test_rand_int_range(0, 3) == 0)
                shelf_add(shelf, point, s.time_ms, s.value, s.quality); /* all late now */
        }
        shelf_write(shelf);
        compare(shelf, point, T0, shelf->last[point] + 1, 0);
        compare(shelf, point, T0, shelf->last[point] + 1, 60000);
    }
    shelf_free(shelf);
}

static void test_raw_rows_are_limited(void) {
    Shelf *shelf = shelf_new();
    for (guint i = 0; i < 100; i++)
        shelf_add(shelf, 0, T0 + i * 1000, i, QUALITY_GOOD);
    g_autoptr(GArray) open = history_open(shelf->blocks, 0);
    gboolean truncated;
    shelf_write(shelf);
    json_t *rows = history_query(shelf->sql, 0, open, T0, T0 + 1000000, 0, 30, &truncated, NULL);
    g_assert_cmpuint(json_array_size(rows), ==, 30);
    g_assert_true(truncated);
    json_decref(rows);
    rows = history_query(shelf->sql, 0, open, T0, T0 + 30000, 0, 30, &truncated, NULL);
    g_assert_cmpuint(json_array_size(rows), ==, 30);
    g_assert_false(truncated);
    json_decref(rows);
    shelf_free(shelf);
}

static void test_open_blocks_are_saved_and_restored(void) {
    Shelf *shelf = shelf_new();
    fill(shelf, 500);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    history_flush(shelf->blocks, shelf->closed);
    history_save(shelf->blocks, 0, POINTS, bytes);
    HistoryBlocks *again = history_blocks_new(POINTS);
    g_assert_true(history_restore(again, 0, POINTS, bytes->data, bytes->len));
    for (guint32 point = 0; point < POINTS; point++) {
        gint64 t = shelf->last[point] + 1000; /* and they go on alike */
        g_autoptr(GPtrArray) closed = g_ptr_array_new_with_free_func(chunk_free);
        history_add(again, point, t, 3.25, QUALITY_GOOD, FALSE, closed);
        history_add(shelf->blocks, point, t, 3.25, QUALITY_GOOD, FALSE, closed);
        g_autoptr(GArray) a = history_open(shelf->blocks, point), b = history_open(again, point);
        g_assert_cmpuint(a->len, >, 0);
        assert_same(a, b);
    }
    for (guint round = 0; round < 2000; round++) {
        g_autofree guint8 *broken = g_memdup2(bytes->data, bytes->len);
        for (guint i = 0; i < 3; i++)
            broken[g_test_rand_int_range(0, (gint32)bytes->len)] = (guint8)g_test_rand_int();
        history_restore(again, 0, POINTS, broken,
                        (gsize)g_test_rand_int_range(0, (gint32)bytes->len + 1));
    }
    history_blocks_free(again);
    shelf_free(shelf);
}

static void test_trim_deletes_whole_hours_only_before(void) {
    Shelf *shelf = shelf_new();
    fill(shelf, 1000);
    for (guint32 point = 0; point < POINTS; point++) /* something remains */
        shelf_add(shelf, point, shelf->last[point] + 2 * HISTORY_HOUR_MS, 1, QUALITY_GOOD);
    shelf_write(shelf);
    gint64 before, after, deleted, hour = T0 / HISTORY_HOUR_MS + 1;
    g_assert_true(sql_get_int(shelf->sql, NULL, &before, 0,
                              "SELECT COUNT(*) FROM history WHERE hour < ?", "i", hour));
    g_assert_cmpint(before, >, 3);
    g_assert_true(history_trim(shelf->sql, hour, 3, &deleted, NULL));
    g_assert_cmpint(deleted, ==, 3);
    g_assert_true(history_trim(shelf->sql, hour, 100000, &deleted, NULL));
    g_assert_cmpint(deleted, ==, before - 3);
    g_assert_true(sql_get_int(shelf->sql, NULL, &after, 0, "SELECT MIN(hour) FROM history", ""));
    g_assert_cmpint(after, >=, hour);
    shelf_free(shelf);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/history/codec/round-trip", test_codec_round_trip_is_exact);
    g_test_add_func("/history/codec/small", test_codec_is_small_on_plant_data);
    g_test_add_func("/history/codec/hostile", test_codec_hostile_bytes);
    g_test_add_func("/history/query", test_query_against_brute_force);
    g_test_add_func("/history/days", test_packed_days_are_the_same);
    g_test_add_func("/history/writing-again", test_writing_again_changes_nothing);
    g_test_add_func("/history/raw-limit", test_raw_rows_are_limited);
    g_test_add_func("/history/save-restore", test_open_blocks_are_saved_and_restored);
    g_test_add_func("/history/trim", test_trim_deletes_whole_hours_only_before);
    return g_test_run();
}
