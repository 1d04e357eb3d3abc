/* The rules of engine.h, one test each; then: however a stream is cut, saved and restored, its
 * events are the same. */
#include "signal/engine.h"

#include <math.h>
#include <string.h>

static const gint64 T0 = 1700000000000;
enum { S = 1000, MIN_MS = 60 * S };

/* ---- a bench with one engine ---- */

typedef struct {
    PointTable *table;
    Engine *engine;
    GArray *events;
    GString *history;
    gint64 seq;
} Bench;

static void on_alarm(gpointer data, const AlarmEvent *event) {
    g_array_append_vals(((Bench *)data)->events, event, 1);
}

static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    g_string_append_printf(((Bench *)data)->history, "%u %" G_GINT64_FORMAT " %.17g %d%s\n", point,
                           time_ms, value, quality, late ? " late" : "");
}

static PointDef plain_def(const char *code) {
    json_t *record = json_pack("{s:s, s:s}", "code", code, "enterprise", "E1");
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    return def;
}

static Bench *bench_new(guint points) {
    Bench *bench = g_new0(Bench, 1);
    bench->table = point_table_new();
    for (guint i = 0; i < points; i++) {
        g_autofree char *code = g_strdup_printf("P%u", i);
        PointDef def = plain_def(code);
        point_table_apply(bench->table, i, &def);
    }
    bench->events = g_array_new(FALSE, FALSE, sizeof(AlarmEvent));
    bench->history = g_string_new(NULL);
    bench->engine = engine_new(bench->table, (EngineOutput){on_alarm, on_history, bench, NULL});
    return bench;
}

static void bench_free(Bench *bench) {
    engine_free(bench->engine);
    point_table_free(bench->table);
    g_array_unref(bench->events);
    g_string_free(bench->history, TRUE);
    g_free(bench);
}

typedef void (*DefFunc)(PointDef *def);

static void redefine(Bench *bench, guint32 point, DefFunc func, gint64 received_ms) {
    PointDef def = *point_table_def(bench->table, point);
    def.code = g_strdup(def.code);
    def.name = g_strdup(def.name);
    func(&def);
    point_table_apply(bench->table, point, &def);
    engine_point_changed(bench->engine, ++bench->seq, point, received_ms);
}

/* One sample in a row of its own, received `lag` after it was measured. */
static void put_lag(Bench *bench, gint64 t, double value, Quality quality, gint64 lag) {
    SampleBatch *batch = sample_batch_new(1);
    batch->received_ms = T0 + t + lag;
    sample_batch_add(batch, 0, T0 + t, value, quality);
    engine_batch(bench->engine, ++bench->seq, batch);
    sample_batch_free(batch);
}

static void put(Bench *bench, gint64 t, double value) { put_lag(bench, t, value, QUALITY_GOOD, 0); }
static void put_bad(Bench *bench, gint64 t, double value) {
    put_lag(bench, t, value, QUALITY_BAD, 0);
}
static void tick(Bench *bench, gint64 t) { engine_tick(bench->engine, ++bench->seq, T0 + t); }

/* "RAISE high H on=0 at=5000 v=81 w=81; ..." of all events since the last call; times from T0. */
static char *told(Bench *bench) {
    static const char *const kinds[] = {"RAISE",    "RISE",       "FALL", "RETURN",
                                        "SUPPRESS", "UNSUPPRESS", "OUT",  "IN"};
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < bench->events->len; i++) {
        const AlarmEvent *e = &g_array_index(bench->events, AlarmEvent, i);
        g_string_append_printf(text, "%s%s %s %s on=%" G_GINT64_FORMAT " at=%" G_GINT64_FORMAT "%s",
                               i ? "; " : "", kinds[e->kind], alarm_condition_code(e->condition),
                               alarm_level_code(e->level), e->onset_ms - T0, e->at_ms - T0,
                               e->late ? " late" : "");
    }
    g_array_set_size(bench->events, 0);
    return g_string_free(text, FALSE);
}

#define expect(bench, text)                                                                        \
    do {                                                                                           \
        g_autofree char *said = told(bench);                                                       \
        g_assert_cmpstr(said, ==, text);                                                           \
    } while (0)

/* ---- limits, hysteresis, delays ---- */

static void high_80_90(PointDef *def) {
    def->limit_high = 80;
    def->limit_high_high = 90;
    def->hysteresis = 1;
}

static void low_20_10(PointDef *def) {
    def->limit_low = 20;
    def->limit_low_low = 10;
    def->hysteresis = 1;
}

static void delays_10_20(PointDef *def) {
    high_80_90(def);
    def->on_delay_ms = 10 * S;
    def->off_delay_ms = 20 * S;
}

static void test_high_is_reached_at_the_limit_and_left_below_hysteresis(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    put(bench, 0, 79.9);
    expect(bench, "");
    put(bench, 1 * S, 80);
    expect(bench, "RAISE high H on=1000 at=1000");
    put(bench, 2 * S, 79);
    expect(bench, "");
    put(bench, 3 * S, 78.9);
    expect(bench, "RETURN high H on=1000 at=3000");
    bench_free(bench);
}

static void test_low_mirrors_high(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, low_20_10, T0);
    put(bench, 1 * S, 20);
    put(bench, 2 * S, 10);
    put(bench, 3 * S, 11);
    put(bench, 4 * S, 11.1);
    put(bench, 5 * S, 21);
    put(bench, 6 * S, 21.1);
    expect(bench,
           "RAISE low L on=1000 at=1000; RISE low LL on=1000 at=2000; FALL low L on=1000 at=4000; "
           "RETURN low L on=1000 at=6000");
    bench_free(bench);
}

static void test_one_occurrence_has_one_identity(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    put(bench, 1 * S, 85);
    put(bench, 2 * S, 95);
    put(bench, 3 * S, 85);
    put(bench, 4 * S, 95);
    put(bench, 5 * S, 50);
    put(bench, 6 * S, 95);
    expect(
        bench,
        "RAISE high H on=1000 at=1000; RISE high HH on=1000 at=2000; FALL high H on=1000 at=3000; "
        "RISE high HH on=1000 at=4000; RETURN high HH on=1000 at=5000; RAISE high HH on=6000 "
        "at=6000");
    bench_free(bench);
}

static void test_on_delay_is_committed_by_a_later_sample_at_its_own_time(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put(bench, 0, 81);
    put(bench, 9 * S, 82);
    expect(bench, "");
    put(bench, 35 * S, 83);
    const AlarmEvent *e = &g_array_index(bench->events, AlarmEvent, 0);
    g_assert_true(e->value == 81 && e->worst == 82 && e->limit == 80);
    expect(bench, "RAISE high H on=0 at=10000");
    bench_free(bench);
}

static void test_on_delay_broken_starts_anew(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put(bench, 0, 81);
    put(bench, 9 * S, 50);
    put(bench, 11 * S, 81);
    put(bench, 20 * S, 81);
    expect(bench, "");
    put(bench, 21 * S, 81);
    expect(bench, "RAISE high H on=11000 at=21000");
    bench_free(bench);
}

static void test_delay_is_committed_by_a_tick(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put(bench, 0, 81);
    tick(bench, 9999);
    expect(bench, "");
    tick(bench, 10000);
    expect(bench, "RAISE high H on=0 at=10000");
    put(bench, 12 * S, 50);
    tick(bench, 31 * S);
    expect(bench, "");
    tick(bench, 32 * S);
    expect(bench, "RETURN high H on=0 at=32000");
    bench_free(bench);
}

/* A device whose clock is 50 s slow must not lose its on-delay to the first tick. */
static void test_tick_runs_in_the_points_own_time(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put_lag(bench, 0, 81, QUALITY_GOOD, 50 * S);
    tick(bench, 59 * S);
    expect(bench, "");
    tick(bench, 60 * S);
    expect(bench, "RAISE high H on=0 at=10000");
    bench_free(bench);
}

static void test_off_delay_keeps_one_occurrence_together(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put(bench, 0, 81);
    put(bench, 10 * S, 50);
    put(bench, 25 * S, 81);
    put(bench, 40 * S, 50);
    expect(bench, "RAISE high H on=0 at=10000");
    put(bench, 60 * S, 50);
    expect(bench, "RETURN high H on=0 at=60000");
    bench_free(bench);
}

static void test_both_levels_at_once_are_one_event(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put(bench, 0, 95);
    put(bench, 10 * S, 50);
    put(bench, 30 * S, 50);
    expect(bench, "RAISE high HH on=0 at=10000; RETURN high HH on=0 at=30000");
    bench_free(bench);
}

/* ---- rate ---- */

static void rate_6(PointDef *def) { def->rate_limit = 6; }

static void test_rate_between_consecutive_samples(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, rate_6, T0);
    put(bench, 0, 10);
    put(bench, 10 * S, 10.9);
    expect(bench, "");
    put(bench, 20 * S, 11.9);
    const AlarmEvent *e = &g_array_index(bench->events, AlarmEvent, 0);
    g_assert_cmpfloat_with_epsilon(e->value, 6, 1e-9);
    expect(bench, "RAISE rate R on=20000 at=20000");
    put(bench, 30 * S, 5);
    g_assert_cmpuint(bench->events->len, ==, 0);
    put_bad(bench, 35 * S, 1000);
    put(bench, 40 * S, 5.5);
    expect(bench, "RAISE bad F on=35000 at=35000; RETURN rate R on=20000 at=40000; RETURN bad F "
                  "on=35000 at=40000");
    bench_free(bench);
}

/* ---- stale ---- */

static void stale_30(PointDef *def) { def->stale_ms = 30 * S; }

static void test_stale_by_tick_and_back_by_a_sample(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, stale_30, T0);
    put(bench, 0, 1);
    tick(bench, 30 * S);
    expect(bench, "");
    tick(bench, 30 * S + 1);
    expect(bench, "RAISE stale F on=30000 at=30000");
    tick(bench, 60 * S);
    expect(bench, "");
    put(bench, 70 * S, 1);
    expect(bench, "RETURN stale F on=30000 at=70000");
    tick(bench, 101 * S);
    expect(bench, "RAISE stale F on=100000 at=100000");
    bench_free(bench);
}

static void test_downtime_is_nobodys_silence(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, stale_30, T0);
    put(bench, 0, 1);
    engine_resume(bench->engine, ++bench->seq, 1000 * S); /* down from 10 s to 1010 s */
    tick(bench, 1020 * S);
    expect(bench, "");
    tick(bench, 1031 * S);
    expect(bench, "RAISE stale F on=30000 at=30000");
    bench_free(bench);
}

static void test_stale_by_a_gap(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, stale_30, T0);
    put(bench, 0, 1);
    put(bench, 30 * S, 1);
    expect(bench, "");
    put(bench, 61 * S, 1);
    expect(bench, "RAISE stale F on=60000 at=60000; RETURN stale F on=60000 at=61000");
    bench_free(bench);
}

static void test_point_that_never_spoke_is_stale(void) {
    Bench *bench = bench_new(1);
    PointDef def = plain_def("P0");
    stale_30(&def);
    point_table_apply(bench->table, 0, &def);
    engine_free(bench->engine);
    bench->engine = engine_new(bench->table, (EngineOutput){on_alarm, on_history, bench, NULL});
    tick(bench, 0);
    tick(bench, 30 * S);
    expect(bench, "");
    tick(bench, 31 * S);
    expect(bench, "RAISE stale F on=30000 at=30000");
    put(bench, 40 * S, 1);
    expect(bench, "RETURN stale F on=30000 at=40000");
    bench_free(bench);
}

/* The alarm "too high" stands while the signal is gone, and no-signal stands beside it. */
static void test_no_signal_hides_nothing(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    redefine(bench, 0, stale_30, T0);
    put(bench, 0, 85);
    tick(bench, 40 * S);
    expect(bench, "RAISE high H on=0 at=0; RAISE stale F on=30000 at=30000");
    PointNow now = engine_now(bench->engine, 0);
    g_assert_true(now.stale && now.high == ALARM_LEVEL_H && now.value == 85);
    bench_free(bench);
}

/* ---- stuck ---- */

static void stuck_60(PointDef *def) {
    def->stuck_ms = 60 * S;
    def->stale_ms = 45 * S;
}

static void test_stuck_while_samples_come(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, stuck_60, T0);
    put(bench, 0, 5);
    put(bench, 10 * S, 7);
    put(bench, 40 * S, 7);
    put(bench, 69 * S, 7);
    expect(bench, "");
    put(bench, 75 * S, 7);
    put(bench, 80 * S, 7);
    expect(bench, "RAISE stuck F on=70000 at=70000");
    put(bench, 90 * S, 7.5);
    expect(bench, "RETURN stuck F on=70000 at=90000");
    bench_free(bench);
}

static void test_gap_is_not_stuck(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, stuck_60, T0);
    put(bench, 0, 5);
    put(bench, 100 * S, 5);
    expect(bench, "RAISE stale F on=45000 at=45000; RETURN stale F on=45000 at=100000");
    put(bench, 140 * S, 5);
    put(bench, 159 * S, 5);
    expect(bench, "");
    put(bench, 160 * S, 5);
    expect(bench, "RAISE stuck F on=160000 at=160000");
    bench_free(bench);
}

/* ---- quality, order ---- */

static void test_bad_quality_hides_and_clears_nothing(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    put(bench, 0, 85);
    put_bad(bench, 1 * S, 0);
    put_bad(bench, 2 * S, 99);
    expect(bench, "RAISE high H on=0 at=0; RAISE bad F on=1000 at=1000");
    PointNow now = engine_now(bench->engine, 0);
    g_assert_true(now.bad && now.high == ALARM_LEVEL_H && now.quality == QUALITY_BAD);
    put_lag(bench, 3 * S, 85, QUALITY_UNCERTAIN, 0);
    expect(bench, "RETURN bad F on=1000 at=3000");
    bench_free(bench);
}

static void test_delay_goes_on_under_bad_quality(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put(bench, 0, 85);
    put_bad(bench, 5 * S, 0);
    put_bad(bench, 11 * S, 0);
    expect(bench, "RAISE high H on=0 at=10000");
    put_bad(bench, 15 * S, 0);
    expect(bench, "RAISE bad F on=5000 at=15000");
    bench_free(bench);
}

static void test_late_and_double_samples_do_not_raise_the_past(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    put(bench, 10 * S, 50);
    put(bench, 5 * S, 95);
    put(bench, 10 * S, 50);
    put(bench, 10 * S, 95);
    expect(bench, "");
    g_autofree char *want = g_strdup_printf("0 %" G_GINT64_FORMAT " 50 0\n0 %" G_GINT64_FORMAT
                                            " 95 0 late\n0 %" G_GINT64_FORMAT " 95 0 late\n",
                                            T0 + 10 * S, T0 + 5 * S, T0 + 10 * S);
    g_assert_cmpstr(bench->history->str, ==, want);
    EngineCounts counts = engine_counts(bench->engine);
    g_assert_cmpuint(counts.duplicates, ==, 1);
    g_assert_cmpuint(counts.late, ==, 2);
    bench_free(bench);
}

static void test_backlog_is_judged_in_its_own_time_and_marked(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, delays_10_20, T0);
    put_lag(bench, 0, 85, QUALITY_GOOD, 3600 * S);
    tick(bench, 3700 * S);
    expect(bench, "");
    put_lag(bench, 12 * S, 85, QUALITY_GOOD, 3600 * S);
    expect(bench, "RAISE high H on=0 at=10000 late");
    bench_free(bench);
}

static void test_backlog_is_stale_by_received_time(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, stale_30, T0);
    put_lag(bench, 0, 1, QUALITY_GOOD, 3600 * S);
    tick(bench, 3629 * S);
    expect(bench, "");
    tick(bench, 3631 * S);
    expect(bench, "RAISE stale F on=30000 at=30000 late");
    bench_free(bench);
}

/* ---- service and changes ---- */

static void out_of_service(PointDef *def) { def->in_service = FALSE; }
static void in_service(PointDef *def) { def->in_service = TRUE; }
static void limit_100(PointDef *def) {
    def->limit_high = 100;
    def->limit_high_high = NAN;
}
static void no_limits(PointDef *def) { def->limit_high = def->limit_high_high = NAN; }

static void test_out_of_service_judges_nothing(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    put(bench, 0, 85);
    expect(bench, "RAISE high H on=0 at=0");
    redefine(bench, 0, out_of_service, T0 + 5 * S);
    expect(bench, "OUT high H on=0 at=5000");
    put(bench, 6 * S, 99);
    put_bad(bench, 7 * S, 99);
    tick(bench, 3600 * S);
    expect(bench, "");
    g_assert_nonnull(strstr(bench->history->str, " 99 2"));
    redefine(bench, 0, in_service, T0 + 3601 * S);
    expect(bench, "IN high normal on=-1700000000000 at=3601000; RAISE high HH on=3601000 "
                  "at=3601000; RAISE bad F on=3601000 at=3601000");
    bench_free(bench);
}

static void test_changed_limit_is_judged_at_once(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    put(bench, 0, 85);
    redefine(bench, 0, limit_100, T0 + 10 * S);
    redefine(bench, 0, high_80_90, T0 + 20 * S);
    redefine(bench, 0, no_limits, T0 + 30 * S);
    expect(bench,
           "RAISE high H on=0 at=0; RETURN high H on=0 at=10000; RAISE high H on=20000 at=20000; "
           "RETURN high H on=20000 at=30000");
    bench_free(bench);
}

/* In backlog own time stands still, so the same onset would come twice: two occurrences must not
 * share an identity. */
static void test_no_two_occurrences_share_an_onset(void) {
    Bench *bench = bench_new(1);
    redefine(bench, 0, high_80_90, T0);
    put_lag(bench, 0, 85, QUALITY_GOOD, 3600 * S);
    redefine(bench, 0, limit_100, T0 + 10 * S);
    redefine(bench, 0, high_80_90, T0 + 20 * S);
    expect(
        bench,
        "RAISE high H on=0 at=0 late; RETURN high H on=0 at=0 late; RAISE high H on=1 at=1 late");
    bench_free(bench);
}

static void test_ids_depend_on_point_condition_and_onset(void) {
    char a[27], b[27];
    g_assert_cmpstr(alarm_id("P1", "", CONDITION_HIGH, T0, a), ==,
                    alarm_id("P1", "", CONDITION_HIGH, T0, b));
    g_assert_cmpuint(strlen(a), ==, 26);
    g_assert_cmpstr(a, !=, alarm_id("P1", "", CONDITION_LOW, T0, b));
    g_assert_cmpstr(a, !=, alarm_id("P2", "", CONDITION_HIGH, T0, b));
    g_assert_cmpstr(a, !=, alarm_id("P1", "", CONDITION_HIGH, T0 + 1, b));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/high-and-hysteresis",
                    test_high_is_reached_at_the_limit_and_left_below_hysteresis);
    g_test_add_func("/engine/low", test_low_mirrors_high);
    g_test_add_func("/engine/one-identity", test_one_occurrence_has_one_identity);
    g_test_add_func("/engine/on-delay-by-sample",
                    test_on_delay_is_committed_by_a_later_sample_at_its_own_time);
    g_test_add_func("/engine/on-delay-broken", test_on_delay_broken_starts_anew);
    g_test_add_func("/engine/delay-by-tick", test_delay_is_committed_by_a_tick);
    g_test_add_func("/engine/own-time", test_tick_runs_in_the_points_own_time);
    g_test_add_func("/engine/off-delay", test_off_delay_keeps_one_occurrence_together);
    g_test_add_func("/engine/both-levels", test_both_levels_at_once_are_one_event);
    g_test_add_func("/engine/rate", test_rate_between_consecutive_samples);
    g_test_add_func("/engine/stale-by-tick", test_stale_by_tick_and_back_by_a_sample);
    g_test_add_func("/engine/stale-by-gap", test_stale_by_a_gap);
    g_test_add_func("/engine/downtime", test_downtime_is_nobodys_silence);
    g_test_add_func("/engine/never-spoke", test_point_that_never_spoke_is_stale);
    g_test_add_func("/engine/no-signal-hides-nothing", test_no_signal_hides_nothing);
    g_test_add_func("/engine/stuck", test_stuck_while_samples_come);
    g_test_add_func("/engine/gap-is-not-stuck", test_gap_is_not_stuck);
    g_test_add_func("/engine/bad-quality", test_bad_quality_hides_and_clears_nothing);
    g_test_add_func("/engine/delay-under-bad-quality", test_delay_goes_on_under_bad_quality);
    g_test_add_func("/engine/late-and-double", test_late_and_double_samples_do_not_raise_the_past);
    g_test_add_func("/engine/backlog", test_backlog_is_judged_in_its_own_time_and_marked);
    g_test_add_func("/engine/backlog-stale", test_backlog_is_stale_by_received_time);
    g_test_add_func("/engine/out-of-service", test_out_of_service_judges_nothing);
    g_test_add_func("/engine/changed-limit", test_changed_limit_is_judged_at_once);
    g_test_add_func("/engine/no-shared-onset", test_no_two_occurrences_share_an_onset);
    g_test_add_func("/engine/ids", test_ids_depend_on_point_condition_and_onset);
    return g_test_run();
}
