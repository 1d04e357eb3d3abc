#include "record/clusters.h"
#include "record/record_fixture.h"

#include <math.h>

enum { PLANTS = 300, BOXES = 100 };
static struct {
    double lon, lat;
    const char *region;
} plants[PLANTS];

static void plants_open(World *world, gconstpointer data) {
    static const char *const regions[] = {"320411", "320412", "320505"};
    world_open(world, data);
    for (int i = 0; i < PLANTS; i++) {
        plants[i].lon = g_test_rand_double_range(116, 122);
        plants[i].lat = g_test_rand_double_range(30, 36);
        plants[i].region = regions[i % 3];
        g_autofree char *text = g_strdup_printf(
            "{'code':'P-%d','name':'n%d','region':'%s','kind':'%s',"
            "'place':{'lon':%.6f,'lat':%.6f}}",
            i, i, plants[i].region, i % 4 ? "chemical" : "gas", plants[i].lon, plants[i].lat);
        put(world, "enterprise", text);
        g_autofree char *hazard = g_strdup_printf(
            "{'title':'h%d','enterprise':'P-%d','source':'other','grade':'general'}", i, i);
        put(world, "hazard", hazard);
    }
}

static json_t *ask(World *world, const Actor *actor, const char *type, const ClusterQuery *asked,
                   GError **error) {
    return record_clusters(world->sql, world->packs, actor, type, asked, world->now_ms, error);
}

/* Every record of the box and the scope is in exactly one cell: counts add up to what a walk by
 * hand finds, single ones are named, and values of `by` add up to their cell; for the type with the
 * point and the type whose enterprise has it. */
static void test_counts(World *world, gconstpointer data) {
    (void)data;
    Actor city = person(world, "city_duty", "c", "3204");
    for (int n = 0; n < BOXES; n++) {
        double west = g_test_rand_double_range(116, 121), south = g_test_rand_double_range(30, 35);
        ClusterQuery asked = {.box = {west, south, west + g_test_rand_double_range(0.2, 3),
                                      south + g_test_rand_double_range(0.2, 3)},
                              .cell = g_test_rand_double_range(0.1, 2)};
        gint64 mine = 0;
        for (int i = 0; i < PLANTS; i++)
            mine += g_str_has_prefix(plants[i].region, "3204") && plants[i].lon >= asked.box.west &&
                    plants[i].lon <= asked.box.east && plants[i].lat >= asked.box.south &&
                    plants[i].lat <= asked.box.north;
        static const char *const types[] = {"enterprise", "hazard"};
        for (int k = 0; k < 2; k++) {
            GError *error = NULL;
            asked.by = k ? "state" : "kind";
            json_t *answer = done(ask(world, &city, types[k], &asked, &error), error);
            json_t *items = json_object_get(answer, "items"), *item, *part;
            gint64 all = 0;
            size_t i;
            json_array_foreach(items, i, item) {
                gint64 parts = 0, count = json_integer_value(json_object_get(item, "count"));
                const char *value;
                json_object_foreach(json_object_get(item, "by"), value, part) parts +=
                    json_integer_value(part);
                g_assert_cmpint(parts, ==, count);
                g_assert_cmpint(json_object_get(item, "id") != NULL, ==, count == 1);
                all += count;
                double lon = json_number_value(json_object_get(item, "lon"));
                g_assert_true(lon >= asked.box.west - 1e-6 && lon <= asked.box.east + 1e-6);
            }
            g_assert_cmpint(all, ==, mine);
            json_decref(answer);
        }
    }
}

/* A filter narrows; a grid without end, a field that cannot be counted and a type without a place
 * are refused. */
static void test_refusals(World *world, gconstpointer data) {
    (void)data;
    Actor duty = person(world, "province_duty", "p", "32");
    ClusterQuery asked = {.box = {116, 30, 122, 36}, .cell = 1, .filter = "kind = 'gas'"};
    GError *error = NULL;
    json_t *answer = done(ask(world, &duty, "enterprise", &asked, &error), error), *item;
    gint64 gas = 0;
    size_t i;
    json_array_foreach(json_object_get(answer, "items"), i, item) gas +=
        json_integer_value(json_object_get(item, "count"));
    g_assert_cmpint(gas, ==, (PLANTS + 3) / 4);
    json_decref(answer);

    ClusterQuery fine = {.box = {116, 30, 122, 36}, .cell = 0.001};
    refused(ask(world, &duty, "enterprise", &fine, &error), &error, ERROR_REQUEST, NULL);
    ClusterQuery by_text = {.box = {116, 30, 122, 36}, .cell = 1, .by = "name"};
    refused(ask(world, &duty, "enterprise", &by_text, &error), &error, ERROR_REQUEST, NULL);
    refused(ask(world, &duty, "region", &asked, &error), &error, ERROR_REQUEST, NULL);
    refused(ask(world, &duty, "nothing", &asked, &error), &error, ERROR_TYPE_UNKNOWN, NULL);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/clusters/" path, World, NULL, plants_open, func, world_close)
    TEST("counts", test_counts);
    TEST("refusals", test_refusals);
    return g_test_run();
}
