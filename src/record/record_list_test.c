#include "record/record_fixture.h"

enum { HAZARDS = 300 };

/* Hazards with few values in each field, and gaps, so that sort keys tie and are empty. */
static void many_open(World *world, gconstpointer data) {
    GError *error = NULL;
    world_open(world, data);
    for (int i = 0; i < HAZARDS; i++) {
        world->now_ms += g_test_rand_int_range(0, 2);
        json_t *fields = fields_of("{'source':'other','grade':'general'}");
        json_object_set_new(fields, "title", json_sprintf("隐患%%%d", i % 7));
        json_object_set_new(fields, "enterprise",
                            json_sprintf("E%d", 1 + g_test_rand_int_range(0, 3)));
        if (g_test_rand_bit())
            json_object_set_new(fields, "due",
                                json_sprintf("2026-1%d-0%d", g_test_rand_int_range(0, 3),
                                             g_test_rand_int_range(1, 5)));
        if (g_test_rand_bit())
            json_object_set_new(fields, "funds_wan", json_real(g_test_rand_int_range(0, 4) / 3.0));
        json_decref(done(record_create(world->sql, world->packs, &actor_system, "hazard", fields,
                                       NULL, world->now_ms, &error),
                         error));
        json_decref(fields);
    }
}

static json_t *list(World *world, const Actor *actor, const RecordQuery *query) {
    GError *error = NULL;
    return done(
        record_list(world->sql, world->packs, actor, "hazard", query, world->now_ms, &error),
        error);
}

/* Pages through a list; each record exactly once, and as many as `count` says. */
static guint visit(World *world, const Actor *actor, const char *filter, const char *search,
                   const char *sort, int limit) {
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *cursor = NULL;
    gint64 count;
    do {
        RecordQuery query = {.filter = filter,
                             .search = search,
                             .sort = sort,
                             .cursor = cursor,
                             .limit = limit,
                             .count = TRUE};
        json_t *page = list(world, actor, &query), *items = json_object_get(page, "items");
        count = json_integer_value(json_object_get(page, "count"));
        for (gsize i = 0; i < json_array_size(items); i++)
            g_assert_true(g_hash_table_add(seen, g_strdup(get(json_array_get(items, i), "id"))));
        g_free(cursor);
        cursor = g_strdup(get(page, "next"));
        json_decref(page);
    } while (cursor);
    g_assert_cmpint(g_hash_table_size(seen), ==, count);
    return g_hash_table_size(seen);
}

static void test_paging(World *world, gconstpointer data) {
    (void)data;
    static const char *const sorts[] = {NULL,
                                        "created_at",
                                        "-due",
                                        "due,-funds_wan",
                                        "funds_wan",
                                        "-enterprise,due",
                                        "title,-updated_at",
                                        "state,-number",
                                        "id",
                                        "-id",
                                        "number",
                                        "-funds_wan,title,-due"};
    static const char *const filters[] = {
        NULL,
        "due IS NULL",
        "due >= DATE('2026-11-01') AND enterprise IN ('E1','E2')",
        "funds_wan > 0.4 OR title LIKE '%3'",
        "state = 'reported' AND created_at <= $now",
        "enterprise = 'E1' AND NOT (due IS NULL)",
        "coalesce(funds_wan, 0) * 2 < 1 OR days(due, $today) > 3"};
    Actor city = person(world, "city_duty", "c", "3204"),
          safety = person(world, "enterprise_safety", "s", "E2");
    const Actor *actors[] = {&actor_system, &city, &safety};
    for (guint i = 0; i < G_N_ELEMENTS(sorts) * G_N_ELEMENTS(filters); i++) {
        const char *sort = sorts[i % G_N_ELEMENTS(sorts)],
                   *filter = filters[i / G_N_ELEMENTS(sorts)];
        for (guint j = 0; j < G_N_ELEMENTS(actors); j++)
            visit(world, actors[j], filter, NULL, sort, 17);
    }
    g_assert_cmpuint(visit(world, &actor_system, NULL, NULL, NULL, 1), ==, HAZARDS);
    g_assert_cmpuint(visit(world, &actor_system, NULL, "%3", NULL, 5), ==, HAZARDS / 7 + 1);
    g_assert_cmpuint(visit(world, &actor_system, NULL, "%%", NULL, 5), ==, 0);
}

static int compare(json_t *a, json_t *b, const char *name) {
    json_t *x = json_object_get(a, name), *y = json_object_get(b, name);
    if (!x || !y)
        return (x != NULL) - (y != NULL);
    if (json_is_string(x))
        return strcmp(json_string_value(x), json_string_value(y));
    return json_number_value(x) < json_number_value(y)
               ? -1
               : json_number_value(x) > json_number_value(y);
}

/* Empty values stand before all others, ascending; the order is that of the values. */
static void test_order(World *world, gconstpointer data) {
    (void)data;
    RecordQuery query = {.sort = "-due,funds_wan", .limit = 500};
    json_t *page = list(world, &actor_system, &query), *items = json_object_get(page, "items");
    g_assert_cmpuint(json_array_size(items), ==, HAZARDS);
    for (gsize i = 1; i < json_array_size(items); i++) {
        json_t *a = json_array_get(items, i - 1), *b = json_array_get(items, i);
        int due = compare(a, b, "due");
        g_assert_cmpint(due, >=, 0);
        if (due == 0)
            g_assert_cmpint(compare(a, b, "funds_wan"), <=, 0);
    }
    json_decref(page);
}

static void test_labels(World *world, gconstpointer data) {
    (void)data;
    RecordQuery query = {.limit = 1, .labels = TRUE, .filter = "enterprise = 'E3'"};
    json_t *page = list(world, &actor_system, &query);
    json_t *labels = json_object_get(json_array_get(json_object_get(page, "items"), 0), "_labels");
    g_assert_cmpstr(get(labels, "enterprise"), ==, "虎丘燃气");
    json_decref(page);
}

/* The counts of a facet sum up to the list's own, each is what the filter for its value counts,
 * within the scope. */
static void test_facets(World *world, gconstpointer data) {
    (void)data;
    Actor city = person(world, "city_duty", "c", "3204");
    const Actor *actors[] = {&actor_system, &city};
    for (guint i = 0; i < 2; i++) {
        RecordQuery query = {
            .limit = 1, .count = TRUE, .facets = "enterprise, state,kind", .filter = "due IS NULL"};
        json_t *page = list(world, actors[i], &query), *value;
        json_t *values = json_object_get(json_object_get(page, "facets"), "enterprise");
        gint64 sum = 0;
        size_t k;
        g_assert_cmpuint(json_array_size(values), ==, i == 0 ? 3 : 2);
        json_array_foreach(values, k, value) {
            gint64 count = json_integer_value(json_object_get(value, "count"));
            g_autofree char *filter =
                g_strdup_printf("due IS NULL AND enterprise = '%s'", get(value, "value"));
            g_assert_cmpint(visit(world, actors[i], filter, NULL, NULL, 500), ==, count);
            sum += count;
        }
        g_assert_cmpint(sum, ==, json_integer_value(json_object_get(page, "count")));
        values = json_object_get(json_object_get(page, "facets"), "kind");
        g_assert_true(json_is_null(json_object_get(json_array_get(values, 0), "value")));
        json_decref(page);
    }
}

static void test_refused(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor inspector = person(world, "county_inspector", "wang", "320412");
    static const struct {
        RecordQuery query;
        ErrorKind kind;
    } bad[] = {
        {{.filter = "colour = 'red'", .limit = 5}, ERROR_CONDITION},
        {{.filter = "title =", .limit = 5}, ERROR_CONDITION},
        {{.filter = "_region = '32'", .limit = 5}, ERROR_CONDITION},
        {{.sort = "colour", .limit = 5}, ERROR_FIELD_UNKNOWN},
        {{.sort = "title,,", .limit = 5}, ERROR_FIELD_UNKNOWN},
        {{.sort = "title;DROP TABLE r_hazard", .limit = 5}, ERROR_FIELD_UNKNOWN},
        {{.cursor = "xyz", .limit = 5}, ERROR_REQUEST},
        {{.facets = "title", .limit = 5}, ERROR_REQUEST},
        {{.filter = "enterprise.kind = 'chemical'", .limit = 5}, ERROR_CONDITION_MEMORY},
        {{.filter = "concat(title, 'x') = 'x'", .limit = 5}, ERROR_CONDITION_MEMORY},
        {{.filter = "due = add(due, '1d')", .limit = 5}, ERROR_CONDITION_MEMORY},
        {{.filter = "lookup('a', 'b', title) = 'x'", .limit = 5}, ERROR_CONDITION},
        {{.filter = "funds_wan + title > 1", .limit = 5}, ERROR_CONDITION},
        {{.facets = ",", .limit = 5}, ERROR_FIELD_UNKNOWN},
        {{.facets = "_region", .limit = 5}, ERROR_FIELD_UNKNOWN},
        {{.facets = "state,kind,grade,source,alarm,enterprise,escalation,state,kind", .limit = 5},
         ERROR_REQUEST},
        {{.cursor = "eyJzIjoiLWNyZWF0ZWRfYXQiLCJ2IjpbMV19", .limit = 5}, ERROR_REQUEST},
        {{.cursor = "eyJzIjoiLWNyZWF0ZWRfYXQiLCJ2IjpbWzFdLHt9XX0", .limit = 5}, ERROR_REQUEST}};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        refused(record_list(world->sql, world->packs, &inspector, "hazard", &bad[i].query,
                            world->now_ms, &error),
                &error, bad[i].kind, NULL);
    RecordQuery plain = {.limit = 5};
    refused(record_list(world->sql, world->packs, &inspector, "user", &plain, 0, &error), &error,
            ERROR_TYPE_UNKNOWN, NULL);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/list/" path, World, NULL, many_open, func, world_close)
    TEST("paging", test_paging);
    TEST("order", test_order);
    TEST("labels", test_labels);
    TEST("facets", test_facets);
    TEST("refused", test_refused);
    return g_test_run();
}
