/* Rules over points, one test each: what they hold at, when they are judged, what they say. */
#include "base/error.h"
#include "signal/engine.h"
#include "signal/point_rule.h"

#include <math.h>
#include <string.h>

static const gint64 T0 = 1700000000000;
enum { S = 1000 };

typedef struct {
    PointTable *table;
    Engine *engine;
    GString *told;
    gint64 seq;
} Bench;

static void on_alarm(gpointer data, const AlarmEvent *e) {
    static const char *const kinds[] = {"RAISE",    "RISE",       "FALL", "RETURN",
                                        "SUPPRESS", "UNSUPPRESS", "OUT",  "IN"};
    Bench *bench = data;
    g_string_append_printf(bench->told, "%s%s %s%s%s at=%d%s", bench->told->len ? "; " : "",
                           kinds[e->kind], alarm_condition_code(e->condition),
                           e->rule[0] ? "/" : "", e->rule, (int)((e->at_ms - T0) / S),
                           e->suppressed ? " suppressed" : "");
}

static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    (void)data, (void)point, (void)time_ms, (void)value, (void)quality, (void)late;
}

static PointDef def_of(const char *text) {
    json_t *record = json_loads(text, 0, NULL);
    g_assert_nonnull(record);
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    return def;
}

/* Point 0 is A with this definition, B and C are plain. */
static Bench *bench_new(const char *a) {
    Bench *bench = g_new0(Bench, 1);
    bench->table = point_table_new();
    PointDef defs[] = {def_of(a), def_of("{\"code\":\"B\"}"), def_of("{\"code\":\"C\"}")};
    for (guint i = 0; i < G_N_ELEMENTS(defs); i++)
        point_table_apply(bench->table, i, &defs[i]);
    bench->told = g_string_new(NULL);
    bench->engine = engine_new(bench->table, (EngineOutput){on_alarm, on_history, bench, NULL});
    return bench;
}

static void bench_free(Bench *bench) {
    engine_free(bench->engine);
    point_table_free(bench->table);
    g_string_free(bench->told, TRUE);
    g_free(bench);
}

static void put(Bench *bench, guint32 point, int second, double value) {
    SampleBatch *batch = sample_batch_new(1);
    batch->received_ms = T0 + second * S;
    sample_batch_add(batch, point, T0 + second * S, value, QUALITY_GOOD);
    engine_batch(bench->engine, ++bench->seq, batch);
    sample_batch_free(batch);
}

static void tick(Bench *bench, int second) {
    engine_tick(bench->engine, ++bench->seq, T0 + second * S);
}

static void redefine(Bench *bench, const char *a, int second) {
    PointDef def = def_of(a);
    point_table_apply(bench->table, 0, &def);
    engine_point_changed(bench->engine, ++bench->seq, 0, T0 + second * S);
}

#define expect(bench, text)                                                                        \
    do {                                                                                           \
        g_assert_cmpstr((bench)->told->str, ==, text);                                             \
        g_string_truncate((bench)->told, 0);                                                       \
    } while (0)

#define A(rest) "{\"code\":\"A\"," rest "}"
#define RULES(list) "\"extra\":{\"rules\":[" list "]}"

static void test_deviation_from_a_set_point_with_hysteresis_and_delay(void) {
    Bench *bench = bench_new(A(RULES("{\"kind\":\"deviation\",\"setpoint\":50,\"limit\":5,"
                                     "\"hysteresis\":1,\"on_delay_s\":10}")));
    put(bench, 0, 0, 54.9);
    put(bench, 0, 5, 45);
    put(bench, 0, 10, 54.5);
    expect(bench, "");
    tick(bench, 15);
    expect(bench, "RAISE deviation at=15");
    put(bench, 0, 20, 53.9);
    expect(bench, "RETURN deviation at=20");
    bench_free(bench);
}

/* Two values of one moment are one state: no alarm between the first and the second. */
static void test_deviation_from_another_point_waits_for_the_moment_to_be_complete(void) {
    Bench *bench = bench_new(A(RULES("{\"kind\":\"deviation\",\"points\":[\"B\"],\"limit\":5}")));
    put(bench, 0, 0, 10);
    put(bench, 1, 0, 10);
    put(bench, 0, 1, 90);
    put(bench, 1, 1, 90);
    tick(bench, 2);
    expect(bench, "");
    put(bench, 0, 3, 50);
    put(bench, 1, 4, 90);
    expect(bench, "RAISE deviation at=3");
    bench_free(bench);
}

static void test_discrete_is_off_normal(void) {
    Bench *bench = bench_new(A(RULES("{\"kind\":\"discrete\",\"normal\":[0,2]}")));
    put(bench, 0, 0, 0);
    put(bench, 0, 1, 1);
    put(bench, 0, 2, 2);
    expect(bench, "RAISE discrete at=1; RETURN discrete at=2");
    bench_free(bench);
}

static void test_count_of_crossings_within_a_span(void) {
    Bench *bench =
        bench_new(A(RULES("{\"kind\":\"count\",\"limit\":80,\"count\":3,\"within_s\":60}")));
    for (int i = 0; i < 3; i++) {
        put(bench, 0, i * 10, 85);
        put(bench, 0, i * 10 + 5, 70);
    }
    expect(bench, "RAISE count at=20");
    tick(bench, 59);
    expect(bench, "");
    tick(bench, 60); /* the crossing of second 0 has left the span */
    expect(bench, "RETURN count at=60");
    bench_free(bench);
}

static void test_device_alarm_and_underreport(void) {
    Bench *bench = bench_new(
        A(RULES("{\"kind\":\"device\",\"points\":[\"B\"]},{\"kind\":\"underreport\",\"limit\":25,"
                "\"points\":[\"B\"],\"on_delay_s\":30}")));
    put(bench, 1, 0, 0);
    put(bench, 0, 1, 26);
    put(bench, 1, 5, 1); /* the device said so itself in time */
    tick(bench, 6);
    expect(bench, "RAISE device at=5");
    tick(bench, 60);
    put(bench, 1, 61, 0);
    tick(bench, 62);
    expect(bench, "RETURN device at=61");
    tick(bench, 90);
    expect(bench, "");
    tick(bench, 91);
    expect(bench, "RAISE underreport at=91");
    bench_free(bench);
}

static void test_votes_of_points_that_are_known(void) {
    Bench *bench = bench_new(A(RULES("{\"kind\":\"vote\",\"rule\":\"V\",\"points\":[\"A\",\"B\","
                                     "\"C\"],\"limit\":25,\"count\":2}")));
    put(bench, 0, 0, 30);
    put(bench, 1, 1, 10);
    tick(bench, 2);
    expect(bench, "");
    put(bench, 2, 3, 25);
    tick(bench, 4);
    expect(bench, "RAISE vote/V at=3");
    put(bench, 0, 5, 1);
    tick(bench, 6);
    expect(bench, "RETURN vote/V at=5");
    bench_free(bench);
}

static void test_formula_over_points(void) {
    Bench *bench =
        bench_new(A(RULES("{\"kind\":\"formula\",\"formula\":\"A > 5 AND \\\"B\\\" = 0\"}")));
    put(bench, 0, 0, 9); /* B is not known: nothing is true */
    tick(bench, 1);
    expect(bench, "");
    put(bench, 1, 2, 0);
    tick(bench, 3);
    expect(bench, "RAISE formula at=2");
    bench_free(bench);
}

static void test_a_cause_suppresses_what_stands_and_what_comes(void) {
    Bench *bench = bench_new(A("\"limit_low\":10,\"rate_limit\":1000," RULES(
        "{\"kind\":\"inhibit\",\"points\":[\"B\"],\"conditions\":["
        "\"low\"]}")));
    put(bench, 1, 0, 0);
    put(bench, 0, 1, 5);
    tick(bench, 1);
    expect(bench, "RAISE low at=1");
    put(bench, 1, 2, 1); /* the pump is off, so a low flow tells nothing */
    tick(bench, 3);
    expect(bench, "SUPPRESS low at=2 suppressed");
    put(bench, 0, 4, 20);
    put(bench, 0, 5, 5);
    expect(bench, "RETURN low at=4 suppressed; RAISE low at=5 suppressed");
    put(bench, 1, 6, 0);
    tick(bench, 7);
    expect(bench, "UNSUPPRESS low at=6");
    bench_free(bench);
}

static void test_suppression_by_definition(void) {
    Bench *bench = bench_new(A("\"limit_high\":80"));
    put(bench, 0, 0, 90);
    redefine(bench, A("\"limit_high\":80,\"suppressed\":true"), 5);
    redefine(bench, A("\"limit_high\":80,\"suppressed\":true"), 6);
    redefine(bench, A("\"limit_high\":80"), 7);
    expect(bench, "RAISE high at=0; SUPPRESS high at=5 suppressed; UNSUPPRESS high at=7");
    bench_free(bench);
}

static void test_a_rule_that_is_taken_away_ends_its_alarm(void) {
    Bench *bench = bench_new(A(RULES("{\"kind\":\"discrete\",\"normal\":[0]}")));
    put(bench, 0, 0, 1);
    redefine(bench, A("\"name\":\"x\""), 5);
    put(bench, 0, 6, 1);
    expect(bench, "RAISE discrete at=0; RETURN discrete at=5");
    bench_free(bench);
}

static void test_a_changed_rule_goes_on(void) {
    Bench *bench = bench_new(A(RULES("{\"kind\":\"deviation\",\"setpoint\":50,\"limit\":5}")));
    put(bench, 0, 0, 60);
    redefine(bench, A(RULES("{\"kind\":\"deviation\",\"setpoint\":50,\"limit\":8}")), 5);
    expect(bench, "RAISE deviation at=0");
    redefine(bench, A(RULES("{\"kind\":\"deviation\",\"setpoint\":50,\"limit\":15}")), 6);
    expect(bench, "RETURN deviation at=6");
    bench_free(bench);
}

static void test_out_of_service_takes_rules_along(void) {
    Bench *bench = bench_new(A(RULES("{\"kind\":\"discrete\",\"normal\":[0]}")));
    put(bench, 0, 0, 1);
    redefine(bench,
             A("\"service\":\"out_of_service\"," RULES("{\"kind\":\"discrete\",\"normal\":[0]}")),
             5);
    put(bench, 0, 6, 0);
    put(bench, 0, 7, 1);
    expect(bench, "RAISE discrete at=0; OUT discrete at=5");
    redefine(bench, A(RULES("{\"kind\":\"discrete\",\"normal\":[0]}")), 9);
    expect(bench, "IN high at=9; RAISE discrete at=9");
    bench_free(bench);
}

/* A = B + C, with limits and rules of its own; values of one moment make one value. */
static void test_a_derived_point_is_judged_like_a_measured_one(void) {
    Bench *bench = bench_new(A("\"limit_high\":80,\"extra\":{\"derive\":\"B + C\",\"rules\":[{"
                               "\"kind\":\"deviation\",\"setpoint\":50,\"limit\":45}]}"));
    put(bench, 1, 0, 90); /* C is not known yet */
    tick(bench, 1);
    g_assert_cmpint((gint64)engine_now(bench->engine, 0).time_ms, ==, 0);
    put(bench, 2, 2, -50);
    tick(bench, 2);
    g_assert_cmpfloat(engine_now(bench->engine, 0).value, ==, 40);
    put(bench, 1, 3, 10);
    put(bench, 2, 3, 75);
    expect(bench, "");
    put(bench, 1, 4, 20);
    expect(bench, "RAISE high at=3");
    g_assert_cmpfloat(engine_now(bench->engine, 0).value, ==, 85);
    tick(bench, 5);
    expect(bench, "RAISE deviation at=4");
    bench_free(bench);
}

static void test_rules_that_make_no_sense_are_refused_by_field(void) {
    static const struct {
        const char *rule, *field;
    } bad[] = {
        {"{\"kind\":\"magic\"}", "kind"},
        {"{\"kind\":\"deviation\",\"limit\":1}", "setpoint"},
        {"{\"kind\":\"deviation\",\"setpoint\":1}", "limit"},
        {"{\"kind\":\"vote\",\"limit\":1,\"count\":3,\"points\":[\"B\",\"C\"]}", "count"},
        {"{\"kind\":\"vote\",\"limit\":1,\"count\":1,\"points\":[\"B\"]}", "points"},
        {"{\"kind\":\"count\",\"limit\":1,\"count\":17,\"within_s\":5}", "count"},
        {"{\"kind\":\"count\",\"limit\":1,\"count\":2}", "within_s"},
        {"{\"kind\":\"discrete\"}", "normal"},
        {"{\"kind\":\"device\"}", "points"},
        {"{\"kind\":\"formula\"}", "formula"},
        {"{\"kind\":\"inhibit\"}", "points"},
        {"{\"kind\":\"device\",\"points\":[3]}", "points"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strdup_printf("{\"rules\":[%s]}", bad[i].rule);
        json_t *extra = json_loads(text, 0, NULL);
        g_assert_null(point_rules_read("A", extra, &error));
        g_assert_cmpint(error_status(error), ==, 400);
        g_assert_cmpstr(error_field(error), ==, bad[i].field);
        json_decref(extra);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rule/deviation-setpoint",
                    test_deviation_from_a_set_point_with_hysteresis_and_delay);
    g_test_add_func("/rule/deviation-point",
                    test_deviation_from_another_point_waits_for_the_moment_to_be_complete);
    g_test_add_func("/rule/discrete", test_discrete_is_off_normal);
    g_test_add_func("/rule/count", test_count_of_crossings_within_a_span);
    g_test_add_func("/rule/device-underreport", test_device_alarm_and_underreport);
    g_test_add_func("/rule/vote", test_votes_of_points_that_are_known);
    g_test_add_func("/rule/formula", test_formula_over_points);
    g_test_add_func("/rule/inhibit", test_a_cause_suppresses_what_stands_and_what_comes);
    g_test_add_func("/rule/suppressed", test_suppression_by_definition);
    g_test_add_func("/rule/taken-away", test_a_rule_that_is_taken_away_ends_its_alarm);
    g_test_add_func("/rule/changed", test_a_changed_rule_goes_on);
    g_test_add_func("/rule/out-of-service", test_out_of_service_takes_rules_along);
    g_test_add_func("/rule/derived", test_a_derived_point_is_judged_like_a_measured_one);
    g_test_add_func("/rule/refused", test_rules_that_make_no_sense_are_refused_by_field);
    return g_test_run();
}
