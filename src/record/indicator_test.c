/* Figures agree with a count by hand, in every scope and breakdown. */
#include "record/indicator.h"
#include "record/record_fixture.h"

#include <math.h>

enum { HAZARDS = 60 };

static const char *const enterprises[] = {"E1", "E2", "E3"};
static const char *const grades[] = {"general", "major"};

typedef struct {
    int enterprise, grade, month;
    double funds; /* NAN: none */
} Made;

/* Hazards of random places, grades, months of this year and funds. */
static void make_hazards(World *world, Made made[HAZARDS]) {
    gint64 now = world->now_ms;
    for (int i = 0; i < HAZARDS; i++) {
        Made *m = &made[i];
        *m = (Made){g_test_rand_int_range(0, 3), g_test_rand_int_range(0, 2),
                    g_test_rand_int_range(1, 10), NAN};
        g_autofree char *time = g_strdup_printf("2026-%02d-15T00:30:00+08:00", m->month);
        g_autoptr(GString) text = g_string_new(NULL);
        g_string_printf(text, "{'title':'a','enterprise':'%s','source':'other','grade':'%s'",
                        enterprises[m->enterprise], grades[m->grade]);
        if (m->grade == 1)
            g_string_append(text, ",'criterion':'c'");
        if (g_test_rand_bit()) {
            m->funds = g_test_rand_int_range(0, 100);
            g_string_append_printf(text, ",'funds_wan':%g", m->funds);
        }
        g_string_append_c(text, '}');
        world->now_ms = at(time);
        put(world, "hazard", text->str);
    }
    world->now_ms = now;
}

static json_t *figure(World *world, const Actor *actor, const char *name, const char *region,
                      const char *by) {
    GError *error = NULL;
    IndicatorQuery asked = {.region = region, .by = by};
    return done(indicator_json(world->sql, world->packs, actor, "hazard", name, &asked,
                               world->now_ms, &error),
                error);
}

static double item_value(json_t *list, const char *key) {
    json_t *items = json_object_get(list, "items");
    for (gsize i = 0; i < json_array_size(items); i++)
        if (strcmp(get(json_array_get(items, i), "key"), key) == 0)
            return json_number_value(json_object_get(json_array_get(items, i), "value"));
    return 0;
}

/* Sum over what `wanted` picks, by member. */
typedef gboolean (*Picks)(const Made *made, int key);
static gboolean in_enterprise(const Made *made, int key) { return made->enterprise == key; }
static gboolean of_grade(const Made *made, int key) { return made->grade == key; }
static gboolean in_month(const Made *made, int key) { return made->month == key; }

static int count_made(const Made made[HAZARDS], Picks picks, int key) {
    int n = 0;
    for (int i = 0; i < HAZARDS; i++)
        n += picks(&made[i], key);
    return n;
}

static void test_groups(World *world, gconstpointer data) {
    (void)data;
    Made made[HAZARDS];
    make_hazards(world, made);
    Actor province = person(world, "province_duty", "p", "32");
    json_t *all = figure(world, &province, "found", NULL, "region");
    g_assert_cmpfloat(json_number_value(json_object_get(all, "value")), ==, HAZARDS);
    g_assert_cmpfloat(item_value(all, "3205"), ==, count_made(made, in_enterprise, 2));
    g_assert_cmpfloat(item_value(all, "3204"), ==, HAZARDS - count_made(made, in_enterprise, 2));
    g_assert_cmpstr(
        get(json_object_get(json_array_get(json_object_get(all, "items"), 0), "title"), "zh"), ==,
        "常州市");
    json_decref(all);
    json_t *county = figure(world, &province, "found", "320412", "region");
    g_assert_cmpfloat(item_value(county, "E1"), ==, count_made(made, in_enterprise, 0));
    g_assert_cmpuint(json_array_size(json_object_get(county, "items")), <=, 1);
    json_decref(county);
    json_t *by_grade = figure(world, &province, "found", NULL, "grade"),
           *by_month = figure(world, &province, "found", NULL, "month");
    for (int i = 0; i < 2; i++)
        g_assert_cmpfloat(item_value(by_grade, grades[i]), ==, count_made(made, of_grade, i));
    for (int month = 1; month <= 9; month++) {
        g_autofree char *key = g_strdup_printf("2026-%02d", month);
        g_assert_cmpfloat(item_value(by_month, key), ==, count_made(made, in_month, month));
    }
    json_decref(by_grade);
    json_decref(by_month);
}

static void test_sum_scope_and_period(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Made made[HAZARDS];
    make_hazards(world, made);
    double funds = 0;
    for (int i = 0; i < HAZARDS; i++)
        if (made[i].enterprise == 2 && !isnan(made[i].funds))
            funds += made[i].funds;
    Actor suzhou = person(world, "city_duty", "s", "3205");
    json_t *sum = figure(world, &suzhou, "funds", NULL, NULL);
    g_assert_cmpfloat(json_number_value(json_object_get(sum, "value")), ==, funds);
    json_decref(sum);
    /* another city's figures are not to be had by naming it */
    json_t *foreign = figure(world, &suzhou, "found", "3204", NULL);
    g_assert_cmpfloat(json_number_value(json_object_get(foreign, "value")), ==, 0);
    json_decref(foreign);
    IndicatorQuery march = {.from = "2026-03-01", .to = "2026-03-31"};
    json_t *one = done(indicator_json(world->sql, world->packs, &actor_system, "hazard", "found",
                                      &march, world->now_ms, &error),
                       error);
    g_assert_cmpfloat(json_number_value(json_object_get(one, "value")), ==,
                      count_made(made, in_month, 3));
    RecordQuery behind = {.filter = get(one, "filter"), .limit = 500, .count = TRUE};
    json_t *list = done(record_list(world->sql, world->packs, &actor_system, "hazard", &behind,
                                    world->now_ms, &error),
                        error);
    g_assert_cmpint(json_integer_value(json_object_get(list, "count")), ==,
                    count_made(made, in_month, 3));
    json_decref(list);
    json_decref(one);
    /* a year later this year's are the former year's */
    IndicatorQuery next = {.from = "2027-03-01", .to = "2027-03-31"};
    json_t *later = done(indicator_json(world->sql, world->packs, &actor_system, "hazard", "found",
                                        &next, at("2027-06-01T00:00:00+08:00"), &error),
                         error);
    g_assert_cmpfloat(json_number_value(json_object_get(later, "value")), ==, 0);
    g_assert_cmpfloat(json_number_value(json_object_get(later, "former")), ==,
                      count_made(made, in_month, 3));
    json_decref(later);
}

static void test_refusals(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor expert = person(world, "expert", "x", "3204");
    const IndicatorQuery bad[] = {{.region = "32'"},
                                  {.from = "2026-02-30"},
                                  {.from = "2026-03-02", .to = "2026-03-01"},
                                  {.by = "title"}};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        refused(indicator_json(world->sql, world->packs, &actor_system, "hazard", "found", &bad[i],
                               world->now_ms, &error),
                &error, ERROR_REQUEST, NULL);
    const IndicatorQuery plain = {0}, by_month = {.by = "month"};
    refused(indicator_json(world->sql, world->packs, &actor_system, "hazard", "open", &by_month,
                           world->now_ms, &error),
            &error, ERROR_REQUEST, "by");
    refused(indicator_json(world->sql, world->packs, &expert, "hazard", "found", &plain,
                           world->now_ms, &error),
            &error, ERROR_TYPE_UNKNOWN, NULL);
    refused(indicator_json(world->sql, world->packs, &actor_system, "hazard", "none", &plain,
                           world->now_ms, &error),
            &error, ERROR_TYPE_UNKNOWN, NULL);
    json_t *none = done(
        indicators_json(world->sql, world->packs, &expert, &plain, world->now_ms, &error), error);
    json_t *items = json_object_get(none, "items");
    for (gsize i = 0; i < json_array_size(items); i++)
        g_assert_cmpstr(get(json_array_get(items, i), "type"), !=, "hazard");
    json_decref(none);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/indicator/groups", World, NULL, world_open, test_groups, world_close);
    g_test_add("/indicator/sum-scope-period", World, NULL, world_open, test_sum_scope_and_period,
               world_close);
    g_test_add("/indicator/refusals", World, NULL, world_open, test_refusals, world_close);
    return g_test_run();
}
