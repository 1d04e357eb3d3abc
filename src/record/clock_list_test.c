/* The list of legal clocks: each in its states, seen by whom it concerns, page by page, and its
 * figures recomputed from the journal. */
#include "record/clock_list.h"
#include "record/record_fixture.h"

static void hazard(World *world, const char *enterprise, const char *time) {
    g_autofree char *text = g_strdup_printf(
        "{'title':'%s','enterprise':'%s','source':'other','grade':'general'}", time, enterprise);
    world->now_ms = at(time);
    put(world, "hazard", text);
}

static void fire_until(World *world, const char *time) {
    GError *error = NULL;
    int fired;
    world->now_ms = at(time);
    do
        g_assert_true(clocks_fire(world->sql, world->packs, world->now_ms, 100, &fired, &error));
    while (fired);
}

static json_t *list(World *world, const Actor *actor, ClockQuery query) {
    GError *error = NULL;
    query.limit = query.limit ? query.limit : 500;
    return done(clock_list(world->sql, world->packs, actor, &query, world->now_ms, &error), error);
}

static gsize count(World *world, const Actor *actor, ClockQuery query) {
    json_t *page = list(world, actor, query);
    gsize n = json_array_size(json_object_get(page, "items"));
    json_decref(page);
    return n;
}

/* Three hazards of E1, two of E2, one of E3; the older half has fired. */
static void setup(World *world, gconstpointer data) {
    world_open(world, data);
    for (int i = 0; i < 3; i++)
        hazard(world, "E1", "2026-09-28T09:00:00+08:00");
    hazard(world, "E2", "2026-09-28T10:00:00+08:00");
    fire_until(world, "2026-09-30T00:00:10+08:00"); /* county: the 29th's end, ten seconds late */
    hazard(world, "E2", "2026-09-30T00:00:11+08:00");
    hazard(world, "E3", "2026-09-30T00:00:12+08:00");
    world->now_ms = at("2026-09-30T09:00:00+08:00");
}

static void test_states(World *world, gconstpointer data) {
    (void)data;
    const Actor *all = &actor_system;
    g_assert_cmpuint(count(world, all, (ClockQuery){0}), ==, 6);
    g_assert_cmpuint(count(world, all, (ClockQuery){.state = "open"}), ==, 6);
    g_assert_cmpuint(count(world, all, (ClockQuery){.state = "fired"}), ==, 4);
    g_assert_cmpuint(count(world, all, (ClockQuery){.overdue = TRUE}), ==, 4);
    g_assert_cmpuint(count(world, all, (ClockQuery){.overdue = TRUE, .enterprise = "E1"}) +
                         count(world, all, (ClockQuery){.overdue = TRUE, .enterprise = "E2"}),
                     ==, 4);
    g_assert_cmpuint(count(world, all, (ClockQuery){.enterprise = "NONE"}), ==, 0);
    g_assert_cmpuint(count(world, all, (ClockQuery){.state = "done"}), ==, 0);
    g_assert_cmpuint(count(world, all, (ClockQuery){.state = "paused"}), ==, 0);
    g_assert_cmpuint(count(world, all, (ClockQuery){.type = "hazard"}), ==, 6);
    g_assert_cmpuint(count(world, all, (ClockQuery){.region = "3204"}), ==, 5);
    g_assert_cmpuint(count(world, all, (ClockQuery){.region = "320411"}), ==, 2);
    g_assert_cmpuint(count(world, all, (ClockQuery){.region = "33"}), ==, 0);
}

/* What one item says: whose it is, when it was due, how late it was. */
static void test_item(World *world, gconstpointer data) {
    (void)data;
    json_t *page = list(world, &actor_system, (ClockQuery){.state = "fired"});
    json_t *item = json_array_get(json_object_get(page, "items"), 0);
    g_assert_cmpstr(get(item, "type"), ==, "hazard");
    g_assert_cmpstr(get(item, "name"), ==, "verify");
    g_assert_cmpstr(get(item, "state"), ==, "open"); /* more steps are to come */
    g_assert_cmpstr(get(item, "label"), ==, "2026-09-28T09:00:00+08:00");
    g_assert_cmpstr(get(item, "enterprise"), ==, "E1");
    g_assert_cmpstr(get(item, "due_at"), ==, "2026-09-29T23:59:59.999+08:00");
    g_assert_cmpstr(get(item, "fired_at"), ==, "2026-09-30T00:00:10+08:00");
    g_assert_cmpint(json_integer_value(json_object_get(item, "step")), ==, 1);
    g_assert_cmpint(json_integer_value(json_object_get(item, "overdue_s")), ==, 9 * 3600);
    g_assert_cmpfloat(json_number_value(json_object_get(item, "late_s")), ==, 10.001);
    g_assert_cmpuint(json_array_size(json_object_get(item, "basis")), >, 0);
    json_decref(page);
}

static void test_sight(World *world, gconstpointer data) {
    (void)data;
    static const struct {
        const char *role, *place;
        gsize seen;
    } people[] = {{"county_inspector", "320412", 3}, {"county_inspector", "320411", 2},
                  {"county_inspector", "320505", 1}, {"city_duty", "3204", 5},
                  {"city_duty", "3205", 1},          {"province_duty", "32", 6},
                  {"enterprise_safety", "E2", 2},    {"enterprise_safety", "E9", 0},
                  {"county_inspector", NULL, 0}};
    GError *error = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(people); i++) {
        Actor actor = person(world, people[i].role, "wang", people[i].place);
        g_assert_cmpuint(count(world, &actor, (ClockQuery){0}), ==, people[i].seen);
        json_t *sums = done(clock_summary(world->sql, world->packs, &actor, &(ClockQuery){0},
                                          world->now_ms, &error),
                            error);
        g_assert_cmpint(json_integer_value(json_object_get(sums, "open")), ==,
                        (gint64)people[i].seen);
        json_decref(sums);
    }
}

/* Page by page every clock comes once, in order, whatever the size of a page. */
static void test_pages(World *world, gconstpointer data) {
    (void)data;
    static const char *const states[] = {"open", "all", "fired"};
    for (gsize s = 0; s < G_N_ELEMENTS(states); s++) {
        gsize wanted = count(world, &actor_system, (ClockQuery){.state = states[s]});
        for (int limit = 1; limit <= 7; limit++) {
            g_autoptr(GHashTable) seen =
                g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
            g_autofree char *cursor = NULL, *before = g_strdup("");
            do {
                json_t *item,
                    *page =
                        list(world, &actor_system,
                             (ClockQuery){.state = states[s], .limit = limit, .cursor = cursor});
                size_t i;
                json_array_foreach(json_object_get(page, "items"), i, item) {
                    g_assert_true(g_hash_table_add(seen, g_strdup(get(item, "id"))));
                    if (s == 0) {
                        g_assert_cmpstr(before, <=, get(item, "next_at"));
                        g_free(before);
                        before = g_strdup(get(item, "next_at"));
                    }
                }
                g_free(cursor);
                cursor = g_strdup(get(page, "next"));
                json_decref(page);
            } while (cursor);
            g_assert_cmpuint(g_hash_table_size(seen), ==, wanted);
        }
    }
}

static void test_summary(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *sums = done(clock_summary(world->sql, world->packs, &actor_system,
                                      &(ClockQuery){.type = "hazard"}, world->now_ms, &error),
                        error);
    g_assert_cmpint(json_integer_value(json_object_get(sums, "open")), ==, 6);
    g_assert_cmpint(json_integer_value(json_object_get(sums, "overdue")), ==, 4);
    g_assert_cmpint(json_integer_value(json_object_get(sums, "fired")), ==, 4);
    g_assert_cmpfloat(json_number_value(json_object_get(sums, "late_p50")), ==, 10.001);
    g_assert_cmpfloat(json_number_value(json_object_get(sums, "late_max")), ==, 10.001);
    json_decref(sums);
    fire_until(world, "2026-10-20T00:00:00+08:00"); /* the rest, weeks late */
    sums = done(clock_summary(world->sql, world->packs, &actor_system, &(ClockQuery){0},
                              world->now_ms, &error),
                error);
    g_assert_cmpfloat(json_number_value(json_object_get(sums, "late_max")), >, 7 * 24 * 3600);
    json_decref(sums);
    sums = done(clock_summary(world->sql, world->packs, &actor_system,
                              &(ClockQuery){.region = "33"}, world->now_ms, &error),
                error);
    g_assert_true(json_is_null(json_object_get(sums, "late_p99")));
    json_decref(sums);
}

static void test_refused(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    static const struct {
        ClockQuery query;
        ErrorKind kind;
        const char *field;
    } cases[] = {
        {{.state = "late", .limit = 5}, ERROR_REQUEST, "state"},
        {{.cursor = "x", .limit = 5}, ERROR_REQUEST, "cursor"},
        {{.cursor = "1.-2", .limit = 5}, ERROR_REQUEST, "cursor"},
        {{.cursor = "1.2.3", .limit = 5}, ERROR_REQUEST, "cursor"},
        {{.type = "nothing", .limit = 5}, ERROR_TYPE_UNKNOWN, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        refused(clock_list(world->sql, world->packs, &actor_system, &cases[i].query, world->now_ms,
                           &error),
                &error, cases[i].kind, cases[i].field);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/clocks/" path, World, NULL, setup, func, world_close)
    TEST("states", test_states);
    TEST("item", test_item);
    TEST("sight", test_sight);
    TEST("pages", test_pages);
    TEST("summary", test_summary);
    TEST("refused", test_refused);
    return g_test_run();
}
