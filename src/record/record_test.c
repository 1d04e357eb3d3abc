#include "record/record_fixture.h"
#include "store/writer.h"

static const char hazard_text[] = "{'title':'安全阀未校验','enterprise':'E1','source':'inspection',"
                                  "'grade':'general','found_at':'2026-09-28T08:00:00+08:00'}";

static void test_create(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412");
    json_t *hazard = done(create(world, &inspector, "hazard", hazard_text, &error), error);
    g_assert_cmpstr(get(hazard, "type"), ==, "hazard");
    g_assert_cmpstr(get(hazard, "state"), ==, "reported");
    g_assert_cmpstr(get(hazard, "number"), ==, "YH320412-2026-000001");
    g_assert_cmpstr(get(hazard, "created_by"), ==, "wang");
    g_assert_cmpstr(get(hazard, "created_at"), ==, "2026-09-28T09:00:00+08:00");
    g_assert_cmpstr(get(hazard, "escalation"), ==, "0");
    g_assert_cmpint(version_of(hazard), ==, 1);
    json_t *again =
        done(record_get(world->sql, world->packs, &inspector, "hazard", get(hazard, "id"), &error),
             error);
    g_assert_true(json_equal(hazard, again));
    json_decref(again);
    json_decref(hazard);
    verify_good(world);
}

/* The whole loop of a hazard: order, work, sent back, work, check by somebody else, struck off. */
static void test_loop(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412");
    Actor safety = person(world, "enterprise_safety", "li", "E1");
    json_t *hazard = done(create(world, &safety, "hazard", hazard_text, &error), error);
    g_autofree char *id = g_strdup(get(hazard, "id"));
    static const struct {
        const char *move, *fields, *state;
        gboolean safety;
    } steps[] = {{"assign", "{'owner':'李四','due':'2026-10-20'}", "rectifying", FALSE},
                 {"submit", "{'rectified':'已更换'}", "to_accept", TRUE},
                 {"return", "{'opinion':'缺照片','due':'2026-10-25'}", "rectifying", FALSE},
                 {"submit", "{'rectified':'已补照片'}", "to_accept", TRUE},
                 {"accept", "{'opinion':'合格'}", "accepted", FALSE},
                 {"close", "{}", "closed", FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        gint64 version = version_of(hazard);
        json_decref(hazard);
        world->now_ms += 60000;
        hazard = done(move(world, steps[i].safety ? &safety : &inspector, "hazard", id,
                           steps[i].move, version, steps[i].fields, &error),
                      error);
        g_assert_cmpstr(get(hazard, "state"), ==, steps[i].state);
        g_assert_cmpint(version_of(hazard), ==, version + 1);
    }
    g_assert_cmpstr(get(hazard, "escalation"), ==, "0");
    json_decref(hazard);
    json_t *entries = journal_of(world->sql, world->packs, "hazard", id, &error);
    g_assert_cmpint((int)json_array_size(entries), ==, 7);
    g_assert_cmpstr(get(json_array_get(entries, 1), "action"), ==, "move:assign");
    g_assert_cmpstr(get(json_array_get(entries, 1), "from"), ==, "reported");
    json_decref(entries);
    json_t *notices = record_notices(world->sql, world->packs, &safety, 0, 10, &error);
    g_assert_cmpint((int)json_array_size(notices), ==, 2);
    g_assert_cmpstr(get(json_array_get(notices, 1), "title"), ==, "隐患交办：安全阀未校验");
    json_decref(notices);
    verify_good(world);
}

/* --- every class of refusal --- */

typedef struct {
    const char *type, *fields;
    ErrorKind kind;
    const char *field;
} Bad;

static const Bad bad_creates[] = {
    {"nothing", "{}", ERROR_TYPE_UNKNOWN, NULL},
    {"hazard", "{'title':'a','source':'alarm','grade':'general'}", ERROR_FIELD_REQUIRED,
     "enterprise"},
    {"hazard", "{'title':'','enterprise':'E1','source':'alarm','grade':'general'}",
     ERROR_FIELD_REQUIRED, "title"},
    {"hazard", "{'title':'a','enterprise':'E1','source':'alarm','grade':'major'}",
     ERROR_FIELD_REQUIRED, "criterion"},
    {"hazard", "{'titel':'a'}", ERROR_FIELD_UNKNOWN, "titel"},
    {"hazard", "{'id':'a'}", ERROR_FIELD_UNKNOWN, "id"},
    {"hazard", "{'title':5}", ERROR_FIELD_KIND, "title"},
    {"hazard", "{'due':'2026-02-30'}", ERROR_FIELD_KIND, "due"},
    {"hazard", "{'found_at':'2026-02-03'}", ERROR_FIELD_KIND, "found_at"},
    {"hazard", "{'funds_wan':'3'}", ERROR_FIELD_KIND, "funds_wan"},
    {"hazard", "{'funds_wan':-1}", ERROR_FIELD_RANGE, "funds_wan"},
    {"hazard", "{'grade':'huge'}", ERROR_FIELD_CODE, "grade"},
    {"hazard", "{'title':'a','enterprise':'E9','source':'alarm','grade':'general'}",
     ERROR_FIELD_REF, "enterprise"},
    {"enterprise", "{'code':'E4','name':'x','region':'99','kind':'gas'}", ERROR_FIELD_REF,
     "region"},
    {"enterprise", "{'code':'E 4','name':'x','region':'320412','kind':'gas'}", ERROR_FIELD_FORMAT,
     "code"},
    {"enterprise", "{'uscc':'91320412MA1XXXXXX1'}", ERROR_FIELD_FORMAT, "uscc"},
    {"enterprise", "{'place':{'lon':120}}", ERROR_FIELD_KIND, "place"},
    {"enterprise", "{'place':{'lon':120,'lat':91}}", ERROR_FIELD_RANGE, "place"},
    {"enterprise", "{'employees':1.5}", ERROR_FIELD_KIND, "employees"},
    {"enterprise", "{'code':'E1','name':'x','region':'320412','kind':'gas'}", ERROR_EXISTS, "code"},
    {"user", "{'login':'a','name':'a','role':'king'}", ERROR_FIELD_REF, "role"},
    {"user", "{'login':'a','name':'a','role':'admin','disabled':'no'}", ERROR_FIELD_KIND,
     "disabled"},
    {"point",
     "{'code':'P2','name':'x','enterprise':'E1','measure':'level','limit_low':5,'limit_high':5}",
     ERROR_CHECK, "limit_low"},
};

static void test_bad_creates(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(bad_creates); i++) {
        const Bad *bad = &bad_creates[i];
        refused(create(world, &actor_system, bad->type, bad->fields, &error), &error, bad->kind,
                bad->field);
    }
    GString *longest = g_string_new("{'title':'");
    for (int i = 0; i < 201; i++)
        g_string_append(longest, "长");
    g_string_append(longest, "'}");
    refused(create(world, &actor_system, "hazard", longest->str, &error), &error, ERROR_FIELD_RANGE,
            "title");
    g_string_free(longest, TRUE);
    verify_good(world);
}

static void test_unique(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    static const char text[] =
        "{'code':'E8','name':'x','region':'320412','kind':'gas','uscc':'91350100M000100Y43'}";
    static const char other[] =
        "{'code':'E9','name':'x','region':'320412','kind':'gas','uscc':'91350100M000100Y43'}";
    json_decref(done(create(world, &actor_system, "enterprise", text, &error), error));
    refused(create(world, &actor_system, "enterprise", other, &error), &error, ERROR_FIELD_UNIQUE,
            "uscc");
    json_decref(done(edit(world, &actor_system, "enterprise", "E8", 0,
                          "{'uscc':'91350100M000100Y43','name':'y'}", &error),
                     error)); /* its own value is not in the way */
}

static void test_rights(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor operator= person(world, "enterprise_operator", "op", "E1"),
          safety = person(world, "enterprise_safety", "li", "E1");
    Actor other = person(world, "county_inspector", "zhao", "320411"),
          stranger = person(world, "enterprise_safety", "sun", "E3");
    Actor inspector = person(world, "county_inspector", "wang", "320412"),
          city = person(world, "city_duty", "c", "3204");
    refused(create(world, &operator, "hazard", hazard_text, &error), &error, ERROR_FORBIDDEN, NULL);
    refused(create(world, &other, "hazard", hazard_text, &error), &error, ERROR_SCOPE, NULL);
    refused(create(world, &stranger, "hazard", hazard_text, &error), &error, ERROR_SCOPE, NULL);
    refused(create(world, &actor_engine, "hazard", hazard_text, &error), &error, ERROR_FORBIDDEN,
            NULL);
    refused(create(world, &actor_clock, "hazard", hazard_text, &error), &error, ERROR_FORBIDDEN,
            NULL);
    json_t *hazard = done(create(world, &city, "hazard", hazard_text, &error), error);
    const char *id = get(hazard, "id");
    refused(record_get(world->sql, world->packs, &other, "hazard", id, &error), &error,
            ERROR_NOT_FOUND, NULL);
    refused(record_get(world->sql, world->packs, &operator, "hazard", id, &error), &error,
            ERROR_NOT_FOUND, NULL);
    refused(edit(world, &other, "hazard", id, 0, "{'place':'x'}", &error), &error, ERROR_NOT_FOUND,
            NULL);
    refused(edit(world, &safety, "hazard", id, 0, "{'place':'x'}", &error), &error, ERROR_FORBIDDEN,
            NULL);
    refused(edit(world, &inspector, "hazard", id, 0, "{'enterprise':'E2'}", &error), &error,
            ERROR_SCOPE, NULL);
    refused(move(world, &safety, "hazard", id, "assign", 0, "{}", &error), &error, ERROR_FORBIDDEN,
            NULL);
    refused(move(world, &other, "hazard", id, "assign", 0, "{}", &error), &error, ERROR_NOT_FOUND,
            NULL);
    refused(move(world, &inspector, "hazard", id, "escalate_county", 0, "{}", &error), &error,
            ERROR_FORBIDDEN, NULL);
    refused(edit(world, &inspector, "region", "320412", 0, "{'name':'x'}", &error), &error,
            ERROR_FORBIDDEN, NULL);
    refused(record_get(world->sql, world->packs, &inspector, "user", "x", &error), &error,
            ERROR_NOT_FOUND, NULL);
    json_t *region =
        done(record_get(world->sql, world->packs, &stranger, "region", "320412", &error), error);
    json_decref(region); /* everyone */
    json_decref(hazard);
}

static void test_bad_moves(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412");
    json_t *hazard = done(create(world, &inspector, "hazard", hazard_text, &error), error);
    const char *id = get(hazard, "id");
    static const char good[] = "{'owner':'李四','due':'2026-10-20'}";
    refused(move(world, &inspector, "hazard", id, "assigns", 1, good, &error), &error,
            ERROR_MOVE_UNKNOWN, NULL);
    refused(move(world, &inspector, "hazard", "01", "assign", 1, good, &error), &error,
            ERROR_NOT_FOUND, NULL);
    refused(move(world, &inspector, "hazard", id, "assign", 7, good, &error), &error, ERROR_VERSION,
            NULL);
    refused(move(world, &inspector, "hazard", id, "close", 1, "{}", &error), &error,
            ERROR_MOVE_STATE, NULL);
    refused(move(world, &inspector, "hazard", id, "assign", 1, "{'title':'x'}", &error), &error,
            ERROR_FIELD_NOT_ACCEPTED, "title");
    refused(move(world, &inspector, "hazard", id, "assign", 1, "{'owner':'x'}", &error), &error,
            ERROR_FIELD_REQUIRED, "due");
    refused(move(world, &inspector, "hazard", id, "assign", 1,
                 "{'owner':'x','due':'2026-10-20','grade':'major'}", &error),
            &error, ERROR_FIELD_REQUIRED, "criterion");
    refused(move(world, &inspector, "hazard", id, "assign", 1, "{'owner':'x','due':'2026-09-27'}",
                 &error),
            &error, ERROR_MOVE_GUARD, "due");
    refused(edit(world, &inspector, "hazard", id, 5, "{'place':'x'}", &error), &error,
            ERROR_VERSION, NULL);
    json_t *same = done(
        edit(world, &inspector, "hazard", id, 1, "{'title':'安全阀未校验','place':null}", &error),
        error);
    g_assert_true(json_equal(same, hazard)); /* no change: no entry, same version */
    json_decref(same);
    refused(edit(world, &inspector, "hazard", id, 1, "{'title':null}", &error), &error,
            ERROR_FIELD_REQUIRED, "title");
    refused(edit(world, &inspector, "point", "P1", 0, "{'name':'x'}", &error), &error,
            ERROR_FORBIDDEN, NULL);
    refused(edit(world, &actor_system, "point", "P1", 0, "{'code':'P9'}", &error), &error,
            ERROR_FIELD_NOT_ACCEPTED, "code");
    json_decref(hazard);
    verify_good(world);
}

static void test_separation(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412");
    /* One person with two posts: he reports the work done as the enterprise and may not check it
     * himself. */
    Actor safety = person(world, "enterprise_safety", "wang", "E1"),
          second = person(world, "county_inspector", "zhou", "320412");
    json_t *hazard = done(create(world, &inspector, "hazard", hazard_text, &error), error);
    const char *id = get(hazard, "id");
    json_decref(done(move(world, &inspector, "hazard", id, "assign", 0,
                          "{'owner':'x','due':'2026-10-20'}", &error),
                     error));
    json_decref(
        done(move(world, &safety, "hazard", id, "submit", 0, "{'rectified':'x'}", &error), error));
    refused(move(world, &inspector, "hazard", id, "accept", 0, "{'opinion':'x'}", &error), &error,
            ERROR_SEPARATION, NULL);
    json_decref(
        done(move(world, &second, "hazard", id, "accept", 0, "{'opinion':'x'}", &error), error));
    json_decref(hazard);
}

static json_t *new_alarm(World *world, const char *id) {
    GError *error = NULL;
    json_t *fields = fields_of("{'point':'P1','point_name':'储罐液位','enterprise':'E1','condition'"
                               ":'high','level':'HH','priority':'1',"
                               "'value':9.5,'limit':9,'unit':'m','worst_value':9.75,'onset':'2026-"
                               "09-28T08:30:00.250+08:00',"
                               "'active':true}");
    json_t *alarm = record_create_with_id(world->sql, world->packs, &actor_engine, "alarm", id,
                                          fields, world->now_ms, &error);
    json_decref(fields);
    return done(alarm, error);
}

/* An alarm becomes a hazard in one move: the link, the new record, its number and both journals
 * stand together. */
static void test_raise(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412");
    json_t *alarm = new_alarm(world, "ALARM1");
    g_assert_cmpstr(get(alarm, "onset"), ==, "2026-09-28T08:30:00.250+08:00");
    json_decref(alarm);
    alarm = done(move(world, &inspector, "alarm", "ALARM1", "to_hazard", 1, "{}", &error), error);
    g_assert_cmpstr(get(alarm, "state"), ==, "unacknowledged");
    json_t *hazard = done(
        record_get(world->sql, world->packs, &inspector, "hazard", get(alarm, "hazard"), &error),
        error);
    g_assert_cmpstr(get(hazard, "title"), ==, "储罐液位 高高报");
    g_assert_cmpstr(get(hazard, "alarm"), ==, "ALARM1");
    g_assert_cmpstr(get(hazard, "found_at"), ==, get(alarm, "onset"));
    g_assert_cmpstr(get(hazard, "description"), ==, "报警值 9.5m，限值 9m；最差值 9.75m");
    g_assert_cmpstr(get(hazard, "created_by"), ==, "wang");
    g_assert_cmpstr(get(hazard, "state"), ==, "reported");
    refused(move(world, &inspector, "alarm", "ALARM1", "to_hazard", 0, "{}", &error), &error,
            ERROR_MOVE_GUARD, "hazard");
    json_t *entries = journal_of(world->sql, world->packs, "alarm", "ALARM1", &error);
    json_t *diff = json_object_get(json_array_get(entries, 1), "diff");
    g_assert_cmpstr(json_string_value(json_array_get(json_object_get(diff, "hazard"), 1)), ==,
                    get(hazard, "id"));
    json_decref(entries);
    json_decref(hazard);
    json_decref(alarm);
    verify_good(world);
}

static gboolean has_move(json_t *moves, const char *name) {
    for (gsize i = 0; i < json_array_size(moves); i++)
        if (strcmp(get(json_array_get(moves, i), "name"), name) == 0)
            return TRUE;
    return FALSE;
}

static void test_moves_offered(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412"),
          safety = person(world, "enterprise_safety", "li", "E1");
    json_t *alarm = new_alarm(world, "ALARM1");
    json_t *moves = record_moves(world->sql, world->packs, &inspector, alarm, world->now_ms);
    g_assert_true(has_move(moves, "acknowledge") && has_move(moves, "to_hazard") &&
                  has_move(moves, "comment"));
    g_assert_false(has_move(moves, "shelve") || has_move(moves, "reset") ||
                   has_move(moves, "raise_level"));
    json_decref(moves);
    json_decref(
        done(move(world, &inspector, "alarm", "ALARM1", "to_hazard", 1, "{}", &error), error));
    moves = record_moves(world->sql, world->packs, &safety, alarm, world->now_ms);
    g_assert_true(has_move(moves, "shelve"));
    g_assert_false(has_move(moves, "to_hazard")); /* its guard does not hold any more */
    json_decref(moves);
    json_decref(alarm);
}

/* `to` with conditions sees the record after `set`; the old state is still there. */
static void test_targets(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor operator= person(world, "enterprise_operator", "op", "E1");
    json_decref(new_alarm(world, "A1"));
    json_t *alarm =
        done(move(world, &operator, "alarm", "A1", "acknowledge", 0, "{}", &error), error);
    g_assert_cmpstr(get(alarm, "state"), ==, "acknowledged");
    g_assert_cmpstr(get(alarm, "acknowledged_by"), ==, "op");
    g_assert_cmpstr(get(alarm, "acknowledged_at"), ==, "2026-09-28T09:00:00+08:00");
    json_decref(alarm);
    alarm = done(move(world, &actor_engine, "alarm", "A1", "raise_level", 0,
                      "{'level':'H','acknowledged':false}", &error),
                 error);
    g_assert_cmpstr(get(alarm, "state"), ==, "unacknowledged");
    json_decref(alarm);
    alarm = done(move(world, &actor_engine, "alarm", "A1", "return", 0,
                      "{'returned_at':'2026-09-28T09:00:00+08:00'}", &error),
                 error);
    g_assert_cmpstr(get(alarm, "state"), ==, "returned");
    g_assert_true(json_is_false(json_object_get(alarm, "active")));
    json_decref(alarm);
    refused(move(world, &operator, "alarm", "A1", "comment", 0, "{}", &error), &error,
            ERROR_FIELD_REQUIRED, "comment");
    alarm = done(record_move(world->sql, world->packs, &operator, "alarm", "A1", "comment", 0, NULL,
                             "查看现场", world->now_ms, &error),
                 error);
    g_assert_cmpint(version_of(alarm), ==, 5);
    json_decref(alarm);
    g_autofree char *longest = g_strnfill(2001, 'x');
    refused(record_move(world->sql, world->packs, &operator, "alarm", "A1", "comment", 0, NULL,
                        longest, world->now_ms, &error),
            &error, ERROR_FIELD_RANGE, "comment");
    verify_good(world);
}

/* A serial that was given to a job that failed is given again: no gaps. */
static void test_number_gapless(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    for (int i = 1; i <= 20; i++) {
        sql_exec(world->sql, "SAVEPOINT job", &error);
        json_t *hazard = done(create(world, &actor_system, "hazard", hazard_text, &error), error);
        g_autofree char *number = g_strdup_printf("YH320412-2026-%06d", (i + 1) / 2);
        g_assert_cmpstr(get(hazard, "number"), ==, number);
        json_decref(hazard);
        sql_exec(world->sql, i % 2 ? "ROLLBACK TO job; RELEASE job" : "RELEASE job", &error);
        g_assert_no_error(error);
    }
    world->now_ms = at("2027-01-01T00:00:00+08:00");
    json_t *hazard = done(create(world, &actor_system, "hazard", hazard_text, &error), error);
    g_assert_cmpstr(get(hazard, "number"), ==, "YH320412-2027-000001");
    json_decref(hazard);
    verify_good(world);
}

static void test_put(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    gboolean created;
    json_t *fields = fields_of("{'code':'P1','limit_high':5,'priority':'2'}");
    json_t *point = done(record_put(world->sql, world->packs, &actor_system, "point", fields,
                                    world->now_ms, &created, &error),
                         error);
    g_assert_false(created);
    g_assert_cmpstr(get(point, "name"), ==, "储罐液位");
    g_assert_cmpint(version_of(point), ==, 2);
    json_decref(point);
    json_object_set_new(fields, "code", json_string("P2"));
    refused(record_put(world->sql, world->packs, &actor_system, "point", fields, world->now_ms,
                       &created, &error),
            &error, ERROR_FIELD_REQUIRED, "name");
    g_assert_true(created);
    json_decref(fields);
}

/* What has its place from its enterprise follows it to another authority. */
static void test_enterprise_moves(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor wujin = person(world, "county_inspector", "wang", "320412"),
          xinbei = person(world, "county_inspector", "zhao", "320411");
    json_t *hazard = done(create(world, &wujin, "hazard", hazard_text, &error), error);
    json_decref(done(
        edit(world, &actor_system, "enterprise", "E1", 0, "{'region':'320411'}", &error), error));
    refused(record_get(world->sql, world->packs, &wujin, "hazard", get(hazard, "id"), &error),
            &error, ERROR_NOT_FOUND, NULL);
    json_decref(done(
        record_get(world->sql, world->packs, &xinbei, "hazard", get(hazard, "id"), &error), error));
    json_decref(done(record_get(world->sql, world->packs, &xinbei, "point", "P1", &error), error));
    json_decref(hazard);
    verify_good(world);
}

/* A later pack may add; it may not drop or retype what holds data. */
static void test_migrate(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_assert_true(records_migrate(world->sql, world->packs, &error)); /* twice: nothing to do */
    sql_exec(world->sql,
             "ALTER TABLE r_hazard DROP COLUMN plan; DELETE FROM schema_fields WHERE type = "
             "'hazard' AND field = 'plan'",
             &error);
    g_assert_no_error(error);
    g_assert_true(records_migrate(world->sql, world->packs, &error)); /* a new field */
    put(world, "hazard",
        "{'title':'a','enterprise':'E1','source':'other','grade':'general','plan':'x'}");
    sql_exec(world->sql, "INSERT INTO schema_fields VALUES ('hazard', 'old', 'text')", &error);
    g_assert_false(records_migrate(world->sql, world->packs, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_PACK);
    g_assert_nonnull(strstr(error->message, "r_hazard.old"));
    g_clear_error(&error);
    sql_exec(world->sql,
             "DELETE FROM schema_fields WHERE field = 'old'; UPDATE schema_fields SET kind = "
             "'integer' WHERE type = 'hazard' AND field = 'due'",
             &error);
    g_assert_false(records_migrate(world->sql, world->packs, &error));
    g_assert_nonnull(strstr(error->message, "r_hazard.due"));
    g_clear_error(&error);
    sql_exec(world->sql,
             "UPDATE schema_fields SET kind = 'date' WHERE type = 'hazard' AND field = 'due'; "
             "UPDATE r_hazard SET "
             "_state = 'lost'",
             &error);
    g_assert_false(records_migrate(world->sql, world->packs, &error));
    g_assert_nonnull(strstr(error->message, "r_hazard._state"));
    g_clear_error(&error);
}

static void test_types(World *world, gconstpointer data) {
    (void)data;
    Actor inspector = person(world, "county_inspector", "wang", "320412");
    json_t *all = record_types(world->packs, &actor_system),
           *some = record_types(world->packs, &inspector);
    g_assert_cmpuint(json_array_size(json_object_get(all, "types")), ==, world->packs->types->len);
    guint may = 0;
    for (guint i = 0; i < world->packs->types->len; i++)
        may += rights_read(&inspector, world->packs->types->pdata[i]);
    g_assert_cmpuint(json_array_size(json_object_get(some, "types")), ==, may);
    g_assert_false(rights_read(&inspector, packs_type(world->packs, "user")));
    json_t *codes = json_object_get(json_object_get(all, "codes"), "hazard_level");
    g_assert_cmpuint(json_array_size(json_object_get(codes, "items")), ==, 2);
    json_t *type;
    size_t i;
    json_array_foreach(json_object_get(some, "types"), i, type) {
        const char *name = json_string_value(json_object_get(type, "name"));
        if (g_str_equal(name, "hazard"))
            g_assert_cmpstr(json_string_value(json_object_get(type, "pack")), ==, "hazard");
        else if (g_str_equal(name, "enterprise"))
            g_assert_cmpstr(json_string_value(json_object_get(type, "pack")), ==, "core");
        g_assert_nonnull(json_object_get(type, "pack"));
    }
    json_t *first = json_array_get(json_object_get(all, "packs"), 0);
    g_assert_nonnull(json_object_get(json_object_get(first, "title"), "zh"));
    json_decref(all);
    json_decref(some);
}

/* --- through the writer --- */

enum { CLIENTS = 6, JOBS = 40 };

typedef struct {
    Writer *writer;
    const Packs *packs;
    gint64 now_ms;
    int made;
} Client;

static gboolean create_job(Sql *sql, gpointer data, GError **error) {
    Client *client = data;
    json_t *fields = fields_of(hazard_text);
    json_t *hazard = record_create(sql, client->packs, &actor_system, "hazard", fields, NULL,
                                   client->now_ms, error);
    json_decref(fields);
    json_decref(hazard);
    return hazard != NULL;
}

static gboolean failing_job(Sql *sql, gpointer data, GError **error) {
    return create_job(sql, data, error) && error_set(error, ERROR_BUSY, NULL, "on purpose", NULL);
}

static gpointer client_thread(gpointer data) {
    Client *client = data;
    for (int i = 0; i < JOBS; i++) {
        GError *error = NULL;
        gboolean good =
            writer_run(client->writer, i % 3 ? create_job : failing_job, client, &error);
        g_assert_cmpint(good, ==, i % 3 != 0);
        client->made += good;
        g_clear_error(&error);
    }
    return NULL;
}

/* Many clients, jobs that fail among them: serials without gaps, and a journal that holds. */
static void test_group_commit(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Client clients[CLIENTS];
    GThread *threads[CLIENTS];
    gint64 made = 0, last, hazards;
    Writer *writer = writer_new(g_steal_pointer(&world->sql), 16);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (Client){writer, world->packs, world->now_ms, 0};
        threads[i] = g_thread_new("client", client_thread, &clients[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_thread_join(threads[i]);
        made += clients[i].made;
    }
    writer_free(writer);
    world->sql = test_sql_open(&world->database, SQL_READ);
    sql_get_int(world->sql, &error, &last, 0, "SELECT max(serial) FROM numbers", "");
    sql_get_int(world->sql, &error, &hazards, 0, "SELECT count(DISTINCT _number) FROM r_hazard",
                "");
    g_assert_no_error(error);
    g_assert_cmpint(last, ==, made);
    g_assert_cmpint(hazards, ==, made);
    verify_good(world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/record/" path, World, NULL, world_open, func, world_close)
    TEST("create", test_create);
    TEST("loop", test_loop);
    TEST("bad-creates", test_bad_creates);
    TEST("unique", test_unique);
    TEST("rights", test_rights);
    TEST("bad-moves", test_bad_moves);
    TEST("separation", test_separation);
    TEST("raise", test_raise);
    TEST("moves-offered", test_moves_offered);
    TEST("targets", test_targets);
    TEST("number-gapless", test_number_gapless);
    TEST("put", test_put);
    TEST("enterprise-moves", test_enterprise_moves);
    TEST("migrate", test_migrate);
    TEST("types", test_types);
    g_test_add("/record/group-commit", World, "shared", world_open, test_group_commit, world_close);
    return g_test_run();
}
