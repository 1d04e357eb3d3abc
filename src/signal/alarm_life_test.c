/* The sink beyond one alarm: silence by enterprise, floods, guidance, suppression, service, and the
 * check at start. With the real packs. */
#include "record/record_fixture.h"
#include "signal/alarm_sink.h"
#include "signal/point_compose.h"

#include <math.h>

static const gint64 T0 = 1790557200000; /* 2026-09-28T09:00 +08:00 */
enum { S = 1000, POINTS = 12 };

typedef struct {
    World world;
    PointTable *table;
    gint64 seq;
} House;

static void load(House *house) {
    GError *error = NULL;
    Sql *samples = sql_open("sqlite::memory:", SQL_WRITE, &error);
    g_assert_no_error(error);
    house->table = point_table_new();
    g_assert_true(point_table_migrate(samples, &error));
    g_assert_true(point_table_load(house->table, samples, house->world.sql, &error));
    g_assert_true(point_compose_all(house->table, house->world.sql, house->world.packs, &error));
    g_assert_no_error(error);
    sql_close(samples);
}

static void house_open(House *house, gconstpointer data) {
    world_open(&house->world, data);
    GError *error = NULL;
    g_assert_true(alarm_sink_migrate(house->world.sql, &error));
    for (int i = 0; i < POINTS; i++) {
        g_autofree char *text = g_strdup_printf(
            "{'code':'P-%02d','name':'点%d','enterprise':'E1','measure':'level','limit_high':8,"
            "'stale_s':60,'priority':'2'}",
            i, i);
        put(&house->world, "point", text);
    }
    load(house);
}

static void house_close(House *house, gconstpointer data) {
    point_table_free(house->table);
    world_close(&house->world, data);
}

static AlarmEvent event(House *house, int point, AlarmCondition condition, AlarmEventKind kind,
                        gint64 second) {
    char code[8];
    g_snprintf(code, sizeof code, "P-%02d", point);
    return (AlarmEvent){.seq = ++house->seq << 20,
                        .point = point_table_find(house->table, code, strlen(code)),
                        .condition = condition,
                        .kind = kind,
                        .rule = "",
                        .level = condition == CONDITION_HIGH ? ALARM_LEVEL_H : ALARM_LEVEL_F,
                        .onset_ms = T0,
                        .at_ms = T0 + second * S,
                        .value = NAN,
                        .limit = NAN,
                        .worst = NAN};
}

static void apply(House *house, const AlarmEvent *events, guint n) {
    GError *error = NULL;
    alarm_sink_apply(house->world.sql, house->world.packs, house->table, events, n,
                     house->world.now_ms, &error);
    g_assert_no_error(error);
}

/* All of one log row. */
static void say(House *house, AlarmCondition condition, AlarmEventKind kind, int from, int to,
                gint64 second) {
    g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(AlarmEvent));
    gint64 row = ++house->seq << 20;
    for (int i = from; i < to; i++) {
        AlarmEvent one = event(house, i, condition, kind, second);
        one.seq = row + i;
        g_array_append_val(events, one);
    }
    apply(house, (AlarmEvent *)events->data, events->len);
}

static gint64 count(House *house, const char *where) {
    g_autofree char *query = g_strconcat("SELECT COUNT(*) FROM r_alarm WHERE ", where, NULL);
    gint64 n = -1;
    GError *error = NULL;
    g_assert_true(sql_get_int(house->world.sql, &error, &n, 0, query, ""));
    return n;
}

/* ---- contact ---- */

static void test_one_silent_point_is_its_own_alarm(House *house, gconstpointer data) {
    (void)data;
    say(house, CONDITION_STALE, ALARM_RAISE, 0, 1, 60);
    g_assert_cmpint(count(house, "condition = 'stale' AND _state = 'unacknowledged'"), ==, 1);
    say(house, CONDITION_STALE, ALARM_RETURN, 0, 1, 90);
    g_assert_cmpint(count(house, "_state = 'returned'"), ==, 1);
    g_assert_cmpint(count(house, "condition = 'contact'"), ==, 0);
}

static void test_a_silent_enterprise_is_one_alarm_that_counts(House *house, gconstpointer data) {
    (void)data;
    say(house, CONDITION_HIGH, ALARM_RAISE, 3, 4, 0);
    say(house, CONDITION_STALE, ALARM_RAISE, 0, 1, 60);
    say(house, CONDITION_STALE, ALARM_RAISE, 1, 8, 61);
    g_assert_cmpint(count(house, "condition = 'contact' AND active = 1 AND points_lost = 8"), ==,
                    1);
    g_assert_cmpint(count(house, "condition = 'stale'"), ==, 1);
    g_assert_cmpint(count(house, "condition = 'stale' AND _state = 'suppressed'"), ==, 1);
    /* a lost contact hides no limit */
    g_assert_cmpint(count(house, "condition = 'high' AND _state = 'unacknowledged'"), ==, 1);
    say(house, CONDITION_STALE, ALARM_RAISE, 8, 12, 62);
    g_assert_cmpint(count(house, "condition = 'contact' AND points_lost = 12"), ==, 1);
    g_assert_cmpint(count(house, "condition = 'stale'"), ==, 1);
    /* most speak again: what is still silent is announced by itself */
    say(house, CONDITION_STALE, ALARM_RETURN, 2, 12, 100);
    g_assert_cmpint(count(house, "condition = 'contact' AND active = 1"), ==, 0);
    g_assert_cmpint(count(house, "condition = 'stale' AND _state = 'unacknowledged'"), ==, 2);
    say(house, CONDITION_STALE, ALARM_RETURN, 0, 2, 101);
    g_assert_cmpint(count(house, "condition = 'stale' AND active = 1"), ==, 0);
    verify_good(&house->world);
}

static void test_silence_told_again_changes_nothing(House *house, gconstpointer data) {
    (void)data;
    gint64 before = house->seq;
    say(house, CONDITION_STALE, ALARM_RAISE, 0, 12, 60);
    say(house, CONDITION_STALE, ALARM_RETURN, 0, 12, 100);
    gint64 entries = count(house, "1 = 1");
    gint64 seq = house->seq;
    house->seq = before;
    say(house, CONDITION_STALE, ALARM_RAISE, 0, 12, 60);
    say(house, CONDITION_STALE, ALARM_RETURN, 0, 12, 100);
    g_assert_cmpint(house->seq, ==, seq);
    g_assert_cmpint(count(house, "1 = 1"), ==, entries);
    g_assert_cmpint(count(house, "active = 1"), ==, 0);
}

/* ---- floods ---- */

static void test_more_than_ten_in_ten_minutes_are_a_flood(House *house, gconstpointer data) {
    (void)data;
    for (int i = 0; i < POINTS; i++)
        say(house, CONDITION_HIGH, ALARM_RAISE, i, i + 1, i * 10);
    g_assert_cmpint(count(house, "_enterprise = 'E1'"), ==, POINTS);
    g_assert_cmpint(count(house, "flood IS NOT NULL"), ==, POINTS - 10);
    gint64 floods, alarms, quiet;
    Sql *sql = house->world.sql;
    g_assert_true(sql_get_int(sql, NULL, &floods, 0, "SELECT COUNT(*) FROM r_alarm_flood", ""));
    g_assert_true(sql_get_int(sql, NULL, &alarms, 0, "SELECT alarms FROM r_alarm_flood", ""));
    g_assert_true(sql_get_int(sql, NULL, &quiet, 0, "SELECT quiet_at FROM r_alarm_flood", ""));
    g_assert_cmpint(floods, ==, 1);
    g_assert_cmpint(alarms, ==, POINTS);
    /* fewer than 5 once the fifth from the end is ten minutes ago */
    g_assert_cmpint(quiet, ==, T0 + (POINTS - 5) * 10 * S + 600 * S);
}

static void test_slow_alarms_are_no_flood(House *house, gconstpointer data) {
    (void)data;
    for (int i = 0; i < POINTS; i++)
        say(house, CONDITION_HIGH, ALARM_RAISE, i, i + 1, i * 61);
    g_assert_cmpint(count(house, "flood IS NOT NULL"), ==, 0);
}

/* ---- guidance ---- */

static void test_guidance_comes_from_the_most_specific(House *house, gconstpointer data) {
    (void)data;
    put(&house->world, "alarm_guidance",
        "{'enterprise':'E1','action':'全厂通用','consequence':'溢流','respond_min':30}");
    put(&house->world, "alarm_guidance",
        "{'enterprise':'E1','measure':'level','action':'液位通用'}");
    put(&house->world, "alarm_guidance", "{'enterprise':'E1','point':'P-01','action':'关进料阀'}");
    put(&house->world, "alarm_guidance",
        "{'enterprise':'E1','point':'P-01','condition':'low','action':'别的条件'}");
    say(house, CONDITION_HIGH, ALARM_RAISE, 0, 2, 0);
    g_assert_cmpint(count(house, "point = 'P-00' AND action = '液位通用' AND consequence = '溢流'"),
                    ==, 1);
    g_assert_cmpint(count(house, "point = 'P-01' AND action = '关进料阀' AND consequence = '溢流'"),
                    ==, 1);
    g_autofree char *due =
        g_strdup_printf("respond_by = %" G_GINT64_FORMAT, T0 + (gint64)30 * 60 * S);
    g_assert_cmpint(count(house, due), ==, 2);
}

/* ---- suppressed, out of service ---- */

static void test_raised_while_suppressed_is_seen_and_not_announced(House *house,
                                                                   gconstpointer data) {
    (void)data;
    AlarmEvent raise = event(house, 0, CONDITION_HIGH, ALARM_RAISE, 0);
    raise.suppressed = TRUE;
    apply(house, &raise, 1);
    g_assert_cmpint(count(house, "_state = 'suppressed' AND announced = 0 AND active = 1"), ==, 1);
    say(house, CONDITION_HIGH, ALARM_UNSUPPRESS, 0, 1, 10);
    g_assert_cmpint(count(house, "_state = 'unacknowledged' AND announced = 1"), ==, 1);
    say(house, CONDITION_HIGH, ALARM_SUPPRESS, 0, 1, 20);
    g_assert_cmpint(count(house, "_state = 'suppressed'"), ==, 1);
}

static void test_out_of_service_and_back(House *house, gconstpointer data) {
    (void)data;
    say(house, CONDITION_HIGH, ALARM_RAISE, 0, 2, 0);
    say(house, CONDITION_HIGH, ALARM_OUT, 0, 2, 5);
    g_assert_cmpint(count(house, "_state = 'out_of_service' AND active = 0"), ==, 2);
    say(house, CONDITION_HIGH, ALARM_IN, 0, 1, 9);
    g_assert_cmpint(count(house, "_state = 'normal' AND point = 'P-00'"), ==, 1);
    g_assert_cmpint(count(house, "_state = 'out_of_service'"), ==, 1);
}

/* ---- rules ---- */

static void test_a_rule_has_a_name_and_a_priority_of_its_own(House *house, gconstpointer data) {
    (void)data;
    put(&house->world, "alarm_rule",
        "{'code':'V-1','name':'三取二','enterprise':'E1','point':'P-00','kind':'vote','points':"
        "'P-00, P-01, P-02','limit':8,'count':2,'priority':'1','review':true}");
    point_table_free(house->table);
    load(house);
    const PointDef *def = point_table_def(house->table, point_table_find(house->table, "P-00", 4));
    g_assert_nonnull(def->extra);
    AlarmEvent raise = event(house, 0, CONDITION_VOTE, ALARM_RAISE, 0);
    raise.rule = "V-1";
    raise.level = ALARM_LEVEL_A;
    apply(house, &raise, 1);
    g_assert_cmpint(count(house, "rule = 'V-1' AND rule_name = '三取二' AND priority = '1' AND "
                                 "review = 1 AND condition = 'vote' AND level = 'A'"),
                    ==, 1);
}

static void test_bad_rules_are_refused_at_the_door(House *house, gconstpointer data) {
    (void)data;
    static const struct {
        const char *rule, *field;
    } bad[] = {
        {"'kind':'formula','formula':'P-00 >'", NULL},
        {"'kind':'device','points':'NOBODY'", "points"},
        {"'kind':'vote','points':'P-00,P-01','limit':1,'count':3", "count"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf(
            "{'code':'R%u','name':'x','enterprise':'E1','point':'P-00',%s}", i, bad[i].rule);
        g_autoptr(GError) error = NULL;
        json_t *fields = fields_of(text);
        json_t *record = record_create(house->world.sql, house->world.packs, &actor_system,
                                       "alarm_rule", fields, NULL, house->world.now_ms, &error);
        json_decref(fields);
        g_assert_nonnull(record);
        g_assert_false(point_compose_check(house->world.sql, house->world.packs, record, &error));
        g_assert_cmpint(error_status(error), ==, 400);
        if (bad[i].field)
            g_assert_cmpstr(error_field(error), ==, bad[i].field);
        json_decref(record);
        g_assert_true(sql_run(house->world.sql, NULL, "DELETE FROM r_alarm_rule", ""));
    }
}

static void test_a_mode_changes_limits_and_ends(House *house, gconstpointer data) {
    (void)data;
    put(&house->world, "point_mode",
        "{'enterprise':'E1','point':'P-00','mode':'startup','limit_high':12}");
    put(&house->world, "point_mode",
        "{'enterprise':'E1','point':'P-01','mode':'startup','suppress':true}");
    GError *error = NULL;
    json_t *mode = create(&house->world, &actor_system, "operating_mode",
                          "{'enterprise':'E1','mode':'startup','reason':'开车','until':'2026-09-29T"
                          "09:00:00+08:00'}",
                          &error);
    g_assert_no_error(error);
    const char *id = json_string_value(json_object_get(mode, "id"));
    Sql *sql = house->world.sql;
    const Packs *packs = house->world.packs;
    json_decref(done(
        move(&house->world, &actor_system, "operating_mode", id, "begin", 0, "{}", &error), error));
    json_t *one = point_compose(sql, packs, "P-00", TRUE, &error);
    json_t *two = point_compose(sql, packs, "P-01", TRUE, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(json_number_value(json_object_get(one, "limit_high")), ==, 12);
    g_assert_null(json_object_get(one, "suppressed"));
    g_assert_true(json_is_true(json_object_get(two, "suppressed")));
    g_assert_cmpfloat(json_number_value(json_object_get(two, "limit_high")), ==, 8);
    json_decref(one);
    json_decref(two);
    json_decref(done(
        move(&house->world, &actor_system, "operating_mode", id, "end", 0, "{}", &error), error));
    one = point_compose(sql, packs, "P-00", TRUE, &error);
    g_assert_cmpfloat(json_number_value(json_object_get(one, "limit_high")), ==, 8);
    json_decref(one);
    json_decref(mode);
}

static void test_a_point_without_limits_has_those_of_its_kind(House *house, gconstpointer data) {
    (void)data;
    put(&house->world, "point",
        "{'code':'G-1','name':'x','enterprise':'E1','measure':'gas_combustible','unit':'%LEL'}");
    put(&house->world, "point",
        "{'code':'G-2','name':'x','enterprise':'E1','measure':'gas_combustible','unit':'%LEL',"
        "'limit_high':20}");
    put(&house->world, "point",
        "{'code':'G-3','name':'x','enterprise':'E1','measure':'gas_combustible','unit':'%LEL',"
        "'defaults':false}");
    point_table_free(house->table);
    load(house);
    static const struct {
        const char *code;
        double high, high_high;
    } wanted[] = {{"G-1", 25, 50}, {"G-2", 20, NAN}, {"G-3", NAN, NAN}};
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        const PointDef *def =
            point_table_def(house->table, point_table_find(house->table, wanted[i].code, 3));
        g_assert_true(isnan(wanted[i].high) ? isnan(def->limit_high)
                                            : def->limit_high == wanted[i].high);
        g_assert_true(isnan(wanted[i].high_high) ? isnan(def->limit_high_high)
                                                 : def->limit_high_high == wanted[i].high_high);
    }
}

static json_t *derived(House *house, const char *code, const char *formula, GError **error) {
    json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", code, "name", "x", "enterprise",
                               "E1", "measure", "flow", "formula", formula);
    json_t *record = record_create(house->world.sql, house->world.packs, &actor_system, "point",
                                   fields, NULL, house->world.now_ms, error);
    json_decref(fields);
    return record;
}

static void test_derived_points_look_at_measured_ones(House *house, gconstpointer data) {
    (void)data;
    static const struct {
        const char *code, *formula;
        gboolean good;
    } cases[] = {
        {"D-1", "\"P-00\" + \"P-01\" * 2", TRUE},
        {"D-2", "\"D-1\" + 1", FALSE},
        {"D-3", "\"NOBODY\" + 1", FALSE},
        {"D-4", "1 + 1", FALSE},
        {"D-5", "\"P-00\" +", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        json_t *record = derived(house, cases[i].code, cases[i].formula, &error);
        g_assert_no_error(error);
        g_assert_cmpint(point_compose_check(house->world.sql, house->world.packs, record, &error),
                        ==, cases[i].good);
        g_assert_true(cases[i].good || error_status(error) == 400);
        json_decref(record);
    }
}

/* ---- the check at start ---- */

static void test_orphans_end_with_a_reason_and_missing_ones_are_made(House *house,
                                                                     gconstpointer data) {
    (void)data;
    say(house, CONDITION_HIGH, ALARM_RAISE, 0, 2, 0);
    say(house, CONDITION_STALE, ALARM_RAISE, 2, 10, 0);
    g_autoptr(GArray) standing = g_array_new(FALSE, FALSE, sizeof(AlarmEvent));
    AlarmEvent kept = event(house, 0, CONDITION_HIGH, ALARM_RAISE, 0);
    AlarmEvent missing = event(house, 5, CONDITION_HIGH, ALARM_RAISE, 0);
    AlarmEvent silent = event(house, 3, CONDITION_STALE, ALARM_RAISE, 0);
    g_array_append_val(standing, kept);
    g_array_append_val(standing, missing);
    g_array_append_val(standing, silent);
    guint mended = 0;
    GError *error = NULL;
    g_assert_true(alarm_sink_reconcile(house->world.sql, house->world.packs, house->table, standing,
                                       house->world.now_ms, &mended, &error));
    g_assert_no_error(error);
    g_assert_cmpint(count(house, "point = 'P-00' AND active = 1"), ==, 1);
    g_assert_cmpint(count(house, "point = 'P-01' AND active = 0 AND orphaned = 1"), ==, 1);
    g_assert_cmpint(count(house, "point = 'P-05' AND active = 1"), ==, 1);
    g_assert_cmpint(count(house, "condition = 'contact' AND active = 1"), ==, 0);
    g_assert_cmpint(count(house, "condition = 'stale' AND active = 1 AND point = 'P-03'"), ==, 1);
    g_assert_cmpuint(mended, ==, 3);
    g_assert_true(alarm_sink_reconcile(house->world.sql, house->world.packs, house->table, standing,
                                       house->world.now_ms, &mended, &error));
    g_assert_cmpuint(mended, ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(name, func) g_test_add("/alarm-life/" name, House, NULL, house_open, func, house_close)
    TEST("silent-point", test_one_silent_point_is_its_own_alarm);
    TEST("contact", test_a_silent_enterprise_is_one_alarm_that_counts);
    TEST("contact-replay", test_silence_told_again_changes_nothing);
    TEST("flood", test_more_than_ten_in_ten_minutes_are_a_flood);
    TEST("no-flood", test_slow_alarms_are_no_flood);
    TEST("guidance", test_guidance_comes_from_the_most_specific);
    TEST("suppressed", test_raised_while_suppressed_is_seen_and_not_announced);
    TEST("service", test_out_of_service_and_back);
    TEST("rule", test_a_rule_has_a_name_and_a_priority_of_its_own);
    TEST("rule-refused", test_bad_rules_are_refused_at_the_door);
    TEST("mode", test_a_mode_changes_limits_and_ends);
    TEST("defaults", test_a_point_without_limits_has_those_of_its_kind);
    TEST("derived", test_derived_points_look_at_measured_ones);
    TEST("orphans", test_orphans_end_with_a_reason_and_missing_ones_are_made);
    return g_test_run();
}
