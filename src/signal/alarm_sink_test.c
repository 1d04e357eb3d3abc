/* Alarm events become moves of records; and points come from records into the table. With the real
 * packs. */
#include "record/record_fixture.h"
#include "signal/alarm_sink.h"

#include <math.h>

static const gint64 T0 = 1790557200000; /* 2026-09-28T09:00 +08:00 */

typedef struct {
    World world;
    Sql *samples;
    PointTable *table;
    guint32 point;
} House;

/* Its points are in the records. */
static void house_load(House *house) {
    GError *error = NULL;
    house->samples = sql_open("sqlite::memory:", SQL_WRITE, &error);
    g_assert_no_error(error);
    house->table = point_table_new();
    point_table_migrate(house->samples, &error);
    g_assert_no_error(error);
    point_table_load(house->table, house->samples, house->world.sql, &error);
    g_assert_no_error(error);
    house->point = point_table_find(house->table, "P-1", 3);
}

static void house_open(House *house, gconstpointer data) {
    world_open(&house->world, data);
    put(&house->world, "point",
        "{'code':'P-1','name':'一号罐液位','enterprise':'E1','measure':'level','unit':'m','limit_"
        "high':8,'limit_high_high':9,"
        "'hysteresis':0.1,'on_delay_s':5,'stale_s':60,'latch':true,'priority':'2'}");
    put(&house->world, "point",
        "{'code':'P-2','name':'二号','enterprise':'E2','measure':'level','service':'out_of_service'"
        "}");
    house_load(house);
}

/* With the made-up jobs that watch alarms. */
static void watched_open(House *house, gconstpointer data) {
    world_open_with(&house->world, data, "tests/packs/watch");
    put(&house->world, "installation",
        "{'code':'R1','name':'罐区','enterprise':'E1','kind':'tank_farm'}");
    put(&house->world, "point",
        "{'code':'P-1','name':'可燃气体','enterprise':'E1','installation':'R1',"
        "'measure':'gas_combustible','limit_high':25,'limit_high_high':50}");
    house_load(house);
}

static void house_close(House *house, gconstpointer data) {
    point_table_free(house->table);
    sql_close(house->samples);
    world_close(&house->world, data);
}

static AlarmEvent event(const House *house, gint64 seq, AlarmEventKind kind, AlarmLevel level,
                        gint64 at) {
    return (AlarmEvent){.seq = seq,
                        .point = house->point,
                        .condition = CONDITION_HIGH,
                        .kind = kind,
                        .rule = "",
                        .level = level,
                        .onset_ms = T0,
                        .at_ms = T0 + at,
                        .value = 8.5,
                        .limit = level == ALARM_LEVEL_HH ? 9 : 8,
                        .worst = 8.5 + (double)seq};
}

static void apply(House *house, const AlarmEvent *events, guint n) {
    GError *error = NULL;
    alarm_sink_apply(house->world.sql, house->world.packs, house->table, events, n,
                     house->world.now_ms, &error);
    g_assert_no_error(error);
}

static json_t *the_alarm(House *house) {
    char id[27];
    alarm_id("P-1", "", CONDITION_HIGH, T0, id);
    GError *error = NULL;
    return done(
        record_get(house->world.sql, house->world.packs, &actor_engine, "alarm", id, &error),
        error);
}

static void expect_alarm(House *house, const char *state, const char *level, const char *worst,
                         const char *priority) {
    json_t *record = the_alarm(house);
    g_assert_cmpstr(get(record, "state"), ==, state);
    g_assert_cmpstr(get(record, "level"), ==, level);
    g_assert_cmpstr(get(record, "worst_level"), ==, worst);
    g_assert_cmpstr(get(record, "priority"), ==, priority);
    json_decref(record);
}

static void test_table_is_loaded_from_records(House *house, gconstpointer data) {
    (void)data;
    g_assert_cmpuint(point_table_count(house->table), ==, 4);
    const PointDef *def = point_table_def(house->table, house->point);
    g_assert_cmpstr(def->code, ==, "P-1");
    g_assert_cmpstr(def->name, ==, "一号罐液位");
    g_assert_cmpstr(def->enterprise, ==, "E1");
    g_assert_cmpstr(def->unit, ==, "m");
    g_assert_true(def->limit_high == 8 && def->limit_high_high == 9 && isnan(def->limit_low) &&
                  def->hysteresis == 0.1);
    g_assert_true(def->on_delay_ms == 5000 && def->off_delay_ms == 0 && def->stale_ms == 60000 &&
                  def->stuck_ms == 0);
    g_assert_true(def->latch && def->in_service && def->priority == 2);
    guint32 other = point_table_find(house->table, "P-2", 3);
    g_assert_false(point_table_def(house->table, other)->in_service);
    g_autoptr(GArray) own = point_table_of_enterprise(house->table, "E1");
    g_assert_cmpuint(own->len, ==, 2);
    g_assert_cmpuint(g_array_index(own, guint32, 1), ==, house->point);
}

/* The definition is the same by both ways: the row at start, the record when it is edited. */
static void test_row_and_record_give_the_same_definition(House *house, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record = done(
        record_get(house->world.sql, house->world.packs, &actor_engine, "point", "P-1", &error),
        error);
    PointDef def;
    point_def_read(&def, record);
    json_t *a = point_def_write(&def),
           *b = point_def_write(point_table_def(house->table, house->point));
    g_assert_true(json_equal(a, b));
    g_assert_cmpuint(point_def_hash(&def), ==,
                     point_def_hash(point_table_def(house->table, house->point)));
    json_decref(a);
    json_decref(b);
    json_decref(record);
    point_def_clear(&def);
}

static void test_numbers_are_for_ever(House *house, gconstpointer data) {
    (void)data;
    put(&house->world, "point", "{'code':'A-0','name':'零','enterprise':'E1','measure':'level'}");
    PointTable *again = point_table_new();
    g_assert_true(point_table_load(again, house->samples, house->world.sql, NULL));
    g_assert_cmpuint(point_table_find(again, "P-1", 3), ==, house->point);
    g_assert_cmpuint(point_table_find(again, "A-0", 3), ==, 4);
    point_table_free(again);
}

static void test_an_alarm_lives_through_its_events(House *house, gconstpointer data) {
    (void)data;
    const AlarmEvent raise = event(house, 1, ALARM_RAISE, ALARM_LEVEL_H, 5000);
    apply(house, &raise, 1);
    expect_alarm(house, "unacknowledged", "H", "H", "2");
    json_t *record = the_alarm(house);
    g_assert_cmpstr(get(record, "point"), ==, "P-1");
    g_assert_cmpstr(get(record, "point_name"), ==, "一号罐液位");
    g_assert_cmpstr(get(record, "enterprise"), ==, "E1");
    g_assert_cmpstr(get(record, "onset"), ==, "2026-09-28T09:00:00+08:00");
    g_assert_true(json_is_true(json_object_get(record, "latched")));
    json_decref(record);
    const AlarmEvent more[] = {event(house, 2, ALARM_RISE, ALARM_LEVEL_HH, 6000),
                               event(house, 3, ALARM_FALL, ALARM_LEVEL_H, 7000)};
    apply(house, more, 2);
    expect_alarm(house, "unacknowledged", "H", "HH", "2");
    const AlarmEvent back = event(house, 4, ALARM_RETURN, ALARM_LEVEL_H, 8000);
    apply(house, &back, 1);
    expect_alarm(house, "latched", "H", "HH", "2");
    verify_good(&house->world);
}

static void test_rise_after_acknowledgement_alarms_again(House *house, gconstpointer data) {
    (void)data;
    const AlarmEvent raise = event(house, 1, ALARM_RAISE, ALARM_LEVEL_H, 0),
                     rise = event(house, 2, ALARM_RISE, ALARM_LEVEL_HH, 6000),
                     fall = event(house, 3, ALARM_FALL, ALARM_LEVEL_H, 7000);
    Actor operator= person(&house->world, "enterprise_operator", "op", "E1");
    char id[27];
    alarm_id("P-1", "", CONDITION_HIGH, T0, id);
    GError *error = NULL;
    apply(house, &raise, 1);
    json_decref(
        done(move(&house->world, &operator, "alarm", id, "acknowledge", 0, "{}", &error), error));
    expect_alarm(house, "acknowledged", "H", "H", "2");
    apply(house, &rise, 1);
    expect_alarm(house, "unacknowledged", "HH", "HH", "1");
    json_decref(
        done(move(&house->world, &operator, "alarm", id, "acknowledge", 0, "{}", &error), error));
    apply(house, &fall, 1);
    expect_alarm(house, "acknowledged", "H", "HH", "2");
}

static void test_events_of_a_replay_are_passed_over(House *house, gconstpointer data) {
    (void)data;
    const AlarmEvent all[] = {event(house, 1, ALARM_RAISE, ALARM_LEVEL_H, 0),
                              event(house, 2, ALARM_RISE, ALARM_LEVEL_HH, 6000),
                              event(house, 3, ALARM_RETURN, ALARM_LEVEL_HH, 8000)};
    apply(house, all, 2);
    json_t *before = the_alarm(house);
    apply(house, all, 2);
    json_t *after = the_alarm(house);
    g_assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    apply(house, all, 3);
    expect_alarm(house, "latched", "HH", "HH", "1");
}

/* A records database from an older backup must not stop the engine. */
static void test_strange_events_do_not_stop_the_rest(House *house, gconstpointer data) {
    (void)data;
    AlarmEvent all[] = {event(house, 1, ALARM_RETURN, ALARM_LEVEL_H, 0),
                        event(house, 2, ALARM_RAISE, ALARM_LEVEL_H, 0),
                        event(house, 3, ALARM_RETURN, ALARM_LEVEL_H, 1),
                        event(house, 4, ALARM_RETURN, ALARM_LEVEL_H, 2)};
    apply(house, all, 4);
    expect_alarm(house, "latched", "H", "H", "2");
}

static void expect_job(House *house, const char *id, const char *state, json_int_t version) {
    GError *error = NULL;
    json_t *job = done(
        record_get(house->world.sql, house->world.packs, &actor_engine, "job", id, &error), error);
    g_assert_cmpstr(get(job, "state"), ==, state);
    g_assert_cmpint(version_of(job), ==, version);
    json_decref(job);
}

/* The alarm and what it moves are one transaction: undone together, and never twice. */
static void test_what_watches_an_alarm_moves_with_it(House *house, gconstpointer data) {
    (void)data;
    World *world = &house->world;
    GError *error = NULL;
    gint64 logs;
    json_t *job = done(create(world, &actor_system, "job",
                              "{'title':'a','enterprise':'E1','installation':'R1'}", &error),
                       error);
    const char *id = get(job, "id");
    const AlarmEvent all[] = {event(house, 1, ALARM_RAISE, ALARM_LEVEL_H, 5000),
                              event(house, 2, ALARM_RISE, ALARM_LEVEL_HH, 6000)};
    g_assert_true(sql_exec(world->sql, "SAVEPOINT crash", NULL));
    apply(house, all, 1);
    expect_job(house, id, "stopped", 2);
    g_assert_true(sql_exec(world->sql, "ROLLBACK TO crash; RELEASE crash", NULL));
    expect_job(house, id, "running", 1);
    apply(house, all, 1);
    apply(house, all, 1); /* again after a crash */
    expect_job(house, id, "stopped", 2);
    g_assert_true(sql_get_int(world->sql, NULL, &logs, -1, "SELECT count(*) FROM r_job_log", ""));
    g_assert_cmpint(logs, ==, 1);
    json_decref(done(move(world, &actor_system, "job", id, "resume", 0, "{}", &error), error));
    apply(house, all, 1);
    expect_job(house, id, "running", 3);
    apply(house, all, 2);
    expect_job(house, id, "stopped", 4);
    json_decref(job);
    verify_good(world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(name, func) g_test_add("/alarm-sink/" name, House, NULL, house_open, func, house_close)
    TEST("load", test_table_is_loaded_from_records);
    TEST("row-and-record", test_row_and_record_give_the_same_definition);
    TEST("numbers", test_numbers_are_for_ever);
    TEST("life", test_an_alarm_lives_through_its_events);
    TEST("re-alarm", test_rise_after_acknowledgement_alarms_again);
    TEST("replay", test_events_of_a_replay_are_passed_over);
    TEST("strange", test_strange_events_do_not_stop_the_rest);
    g_test_add("/alarm-sink/watched", House, NULL, watched_open,
               test_what_watches_an_alarm_moves_with_it, house_close);
    return g_test_run();
}
