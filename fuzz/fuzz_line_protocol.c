/* Bytes as a body of line protocol: nothing but finite values, sane times and known points may come
 * out, and the lines of a body do not know each other: read one by one they give the same samples.
 */
#include "device/line_protocol.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static const gint64 now_ms = 1700000000000;

static PointTable *points(void) {
    static const char *const codes[] = {"P1", "P1.flow", "a,b"};
    static PointTable *table;
    if (table)
        return table;
    table = point_table_new();
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        json_t *record = json_pack("{s:s, s:s}", "code", codes[i], "enterprise", "E1");
        PointDef def;
        point_def_read(&def, record);
        json_decref(record);
        point_table_apply(table, i, &def);
    }
    return table;
}

static void on_refused(gpointer data, const Refusal *refusal) {
    ++*(guint64 *)data;
    g_assert(refusal->error && refusal->line > 0);
}

static void check(const SampleBatch *batch) {
    for (guint i = 0; i < batch->n; i++)
        g_assert(batch->point[i] < 3 && isfinite(batch->value[i]) &&
                 batch->quality[i] <= QUALITY_BAD && batch->time_ms[i] >= 946684800000 &&
                 batch->time_ms[i] <= now_ms + 3600000);
}

static void one_by_one(const SampleDoor *door, const char *p, const char *end, SampleBatch *batch) {
    while (p < end) {
        const char *stop = memchr(p, '\n', (gsize)(end - p));
        stop = stop ? stop + 1 : end;
        line_protocol_read(door, p, (gsize)(stop - p), batch);
        p = stop;
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
    static const gint64 units[] = {1, 1000, 1000000, 1000000000};
    if (size < 1)
        return 0;
    guint64 told = 0;
    SampleDoor door = {points(), data[0] & 4 ? "E1" : NULL, now_ms, units[data[0] & 3], on_refused,
                       &told};
    SampleBatch *whole = sample_batch_new(16), *single = sample_batch_new(16);
    const char *text = (const char *)data + 1, *end = (const char *)data + size;
    guint64 refused = line_protocol_read(&door, text, (gsize)(end - text), whole);
    g_assert(told == MIN(refused, 1000));
    check(whole);
    one_by_one(&door, text, end, single);
    g_assert(whole->n == single->n);
    g_assert(whole->n == 0 ||
             memcmp(whole->value, single->value, whole->n * sizeof whole->value[0]) == 0);
    sample_batch_free(whole);
    sample_batch_free(single);
    return 0;
}
