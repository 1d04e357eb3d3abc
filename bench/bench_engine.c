/* The alarm engine alone: samples a second over points with plain limits, and its memory.
 *
 * bench_engine [POINTS [ROUNDS [RULES]]]: every point has so many rules over itself, and says one
 * sample in each round, in rows of 1,000; one value in 500 is beyond a limit. Prints samples/s of
 * the best of five runs and the resident size.
 */
#include "signal/engine.h"

#include <stdio.h>
#include <stdlib.h>

static guint64 events;

static void on_alarm(gpointer data, const AlarmEvent *event) {
    (void)data, (void)event;
    events++;
}

static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    (void)data, (void)point, (void)time_ms, (void)value, (void)quality, (void)late;
}

/* Deviations of the point itself, none of which holds. */
static json_t *rules_new(guint n) {
    json_t *rules = json_array();
    for (guint i = 0; i < n; i++)
        json_array_append_new(rules, json_pack("{s:s, s:o, s:f, s:i, s:f}", "kind", "deviation",
                                               "rule", json_sprintf("R%u", i), "limit", 1000.0,
                                               "on_delay_s", 5, "setpoint", 50.0));
    return json_pack("{s:o}", "rules", rules);
}

static PointTable *table_new(guint points, guint rules) {
    PointTable *table = point_table_new();
    for (guint i = 0; i < points; i++) {
        g_autofree char *code = g_strdup_printf("P%06u", i);
        json_t *record =
            json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:i, s:i}", "code", code, "enterprise", "E1",
                      "limit_low", 10.0, "limit_low_low", 5.0, "limit_high", 80.0,
                      "limit_high_high", 90.0, "hysteresis", 1, "stale_s", 300);
        if (rules)
            json_object_set_new(record, "extra", rules_new(rules));
        PointDef def;
        point_def_read(&def, record);
        json_decref(record);
        point_table_apply(table, i, &def);
    }
    return table;
}

/* Seconds for `rounds` rounds. */
static double run(Engine *engine, guint points, guint rounds, gint64 *seq, gint64 *now_ms) {
    enum { ROW = 1000 };
    SampleBatch *batch = sample_batch_new(ROW);
    double spent = 0;
    for (guint round = 0; round < rounds; round++, *now_ms += 1000) {
        engine_tick(engine, *seq, *now_ms);
        *seq += engine_tick_room(points);
        for (guint first = 0; first < points; first += ROW) {
            batch->n = 0;
            batch->received_ms = *now_ms;
            for (guint i = first; i < MIN(first + ROW, points); i++) {
                guint beat = i * 31 + round * 7;
                sample_batch_add(batch, i, *now_ms, beat % 500 == 0 ? 85 : 40 + beat % 20,
                                 QUALITY_GOOD);
            }
            gint64 from = g_get_monotonic_time();
            engine_batch(engine, (*seq)++, batch);
            spent += (double)(g_get_monotonic_time() - from) / 1e6;
        }
    }
    sample_batch_free(batch);
    return spent;
}

static long resident_kib(void) {
    long pages = 0, size = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &size, &pages) != 2)
        pages = 0;
    fclose(file);
    return pages * 4;
}

int main(int argc, char **argv) {
    guint points = argc > 1 ? (guint)strtoul(argv[1], NULL, 10) : 440000;
    guint rounds = argc > 2 ? (guint)strtoul(argv[2], NULL, 10) : 10;
    guint rules = argc > 3 ? (guint)strtoul(argv[3], NULL, 10) : 0;
    PointTable *table = table_new(points, rules);
    Engine *engine = engine_new(table, (EngineOutput){on_alarm, on_history, NULL, NULL});
    gint64 seq = 1, now_ms = 1700000000000;
    double best = G_MAXDOUBLE;
    for (int i = 0; i < 5; i++)
        best = MIN(best, run(engine, points, rounds, &seq, &now_ms));
    printf("%.2f M samples/s, %" G_GUINT64_FORMAT " events, %ld MiB resident\n",
           (double)points * rounds / best / 1e6, events, resident_kib() / 1024);
    engine_free(engine);
    point_table_free(table);
    return 0;
}
