#include "record/record_fixture.h"

static json_t *todo(World *world, const Actor *actor, gint64 count) {
    GError *error = NULL;
    json_t *list = record_todo(world->sql, world->packs, actor, world->now_ms, 50, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_integer_value(json_object_get(list, "count")), ==, count);
    json_t *items = json_incref(json_object_get(list, "items"));
    json_decref(list);
    g_assert_cmpint((gint64)json_array_size(items), ==, count);
    return items;
}

static char *new_hazard(World *world, const char *enterprise) {
    GError *error = NULL;
    g_autofree char *text = g_strdup_printf(
        "{'title':'a','enterprise':'%s','source':'other','grade':'general'}", enterprise);
    json_t *hazard = done(create(world, &actor_system, "hazard", text, &error), error);
    char *id = g_strdup(get(hazard, "id"));
    json_decref(hazard);
    return id;
}

static void new_alarm(World *world, const char *id, const char *priority) {
    GError *error = NULL;
    json_t *fields = fields_of(
        "{'point':'P1','point_name':'储罐液位','enterprise':'E1','condition':'high','level':'H',"
        "'onset':'2026-09-28T08:30:00+08:00','active':true}");
    json_object_set_new(fields, "priority", json_string(priority));
    json_decref(done(record_create_with_id(world->sql, world->packs, &actor_engine, "alarm", id,
                                           fields, world->now_ms, &error),
                     error));
    json_decref(fields);
}

/* It is the inspector's turn, then the enterprise's; the city sees it when it is escalated to it.
 */
static void test_turns(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412"),
          other = person(world, "county_inspector", "z", "320411");
    Actor safety = person(world, "enterprise_safety", "li", "E1"),
          city = person(world, "city_duty", "c", "3204");
    Actor far = person(world, "city_duty", "d", "3205"),
          admin = person(world, "admin", "root", NULL);
    g_autofree char *id = new_hazard(world, "E1");
    json_t *items = todo(world, &inspector, 1), *item = json_array_get(items, 0);
    g_assert_cmpstr(get(item, "id"), ==, id);
    g_assert_cmpstr(get(item, "enterprise_name"), ==, "武进化工");
    g_assert_cmpstr(get(item, "due_at"), ==, "2026-09-29T23:59:59.999+08:00");
    g_assert_cmpstr(get(json_object_get(item, "clock_title"), "zh"), ==, "核实期限");
    g_assert_cmpstr(get(json_object_get(item, "state_title"), "zh"), ==, "待核实");
    g_assert_true(json_is_false(json_object_get(item, "overdue")));
    json_decref(items);
    json_decref(todo(world, &other, 0));
    json_decref(todo(world, &safety, 0));
    json_decref(todo(world, &city, 0));
    json_decref(todo(world, &admin, 0));
    json_decref(todo(world, &actor_system, 0));
    int fired;
    world->now_ms = at("2026-09-30T23:59:59.999+08:00");
    g_assert_true(clocks_fire(world->sql, world->packs, world->now_ms, 100, &fired, &error));
    items = todo(world, &city, 1);
    g_assert_true(json_is_true(json_object_get(json_array_get(items, 0), "overdue")));
    json_decref(items);
    json_decref(todo(world, &far, 0));
    json_decref(done(move(world, &inspector, "hazard", id, "assign", 0,
                          "{'owner':'x','due':'2026-11-20'}", &error),
                     error));
    items = todo(world, &safety, 1);
    g_assert_cmpstr(get(json_array_get(items, 0), "since"), ==, "2026-09-30T23:59:59.999+08:00");
    json_decref(items);
}

/* Earliest due first, then alarms by priority. */
static void test_order(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor safety = person(world, "enterprise_safety", "li", "E1"),
          inspector = person(world, "county_inspector", "wang", "320412");
    new_alarm(world, "A3", "3");
    new_alarm(world, "A1", "1");
    g_autofree char *late = new_hazard(world, "E1"), *early = new_hazard(world, "E1");
    json_decref(done(move(world, &inspector, "hazard", late, "assign", 0,
                          "{'owner':'x','due':'2026-11-20'}", &error),
                     error));
    json_decref(done(move(world, &inspector, "hazard", early, "assign", 0,
                          "{'owner':'x','due':'2026-10-20'}", &error),
                     error));
    json_t *items = todo(world, &safety, 4);
    const char *const wanted[] = {"A1", "A3", early, late};
    for (gsize i = 0; i < 4; i++)
        g_assert_cmpstr(get(json_array_get(items, i), "id"), ==, wanted[i]);
    json_decref(items);
    json_t *list = record_todo(world->sql, world->packs, &safety, world->now_ms, 2, &error);
    g_assert_cmpuint(json_array_size(json_object_get(list, "items")), ==, 2);
    g_assert_cmpint(json_integer_value(json_object_get(list, "count")), ==, 4);
    json_decref(list);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/todo/turns", World, NULL, world_open, test_turns, world_close);
    g_test_add("/todo/order", World, NULL, world_open, test_order, world_close);
    return g_test_run();
}
