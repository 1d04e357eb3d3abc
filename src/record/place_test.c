#include "record/record_fixture.h"

enum { PLANTS = 200, BOXES = 300 };

typedef struct {
    double lon, lat;
    gboolean placed;
    const char *region;
} Plant;
static Plant plants[PLANTS];

/* Plants on a coarse grid, so that many stand on the edge of a box; some without a place; a hazard
 * in each. */
static void places_open(World *world, gconstpointer data) {
    static const char *const regions[] = {"320411", "320412", "320505"};
    world_open(world, data);
    for (int i = 0; i < PLANTS; i++) {
        Plant *plant = &plants[i];
        *plant = (Plant){g_test_rand_int_range(-18, 19) * 10, g_test_rand_int_range(-9, 10) * 10,
                         g_test_rand_int_range(0, 10) > 0, regions[i % 3]};
        g_autofree char *place = plant->placed ? g_strdup_printf(",'place':{'lon':%.1f,'lat':%.1f}",
                                                                 plant->lon, plant->lat)
                                               : g_strdup("");
        g_autofree char *text =
            g_strdup_printf("{'code':'P-%d','name':'n','region':'%s','kind':'chemical'%s}", i,
                            plant->region, place);
        put(world, "enterprise", text);
        g_autofree char *hazard = g_strdup_printf(
            "{'title':'h%d','enterprise':'P-%d','source':'other','grade':'general'}", i, i);
        put(world, "hazard", hazard);
    }
}

static gboolean inside(const Plant *plant, const GeoBox *box) {
    gboolean lon = box->west <= box->east ? plant->lon >= box->west && plant->lon <= box->east
                                          : plant->lon >= box->west || plant->lon <= box->east;
    return plant->placed && lon && plant->lat >= box->south && plant->lat <= box->north;
}

static gint64 count(World *world, const Actor *actor, const char *type, const GeoBox *box) {
    GError *error = NULL;
    RecordQuery query = {.limit = 1, .count = TRUE, .box = box};
    json_t *page = done(
        record_list(world->sql, world->packs, actor, type, &query, world->now_ms, &error), error);
    gint64 n = json_integer_value(json_object_get(page, "count"));
    json_decref(page);
    return n;
}

/* Every box finds what a filter by hand finds, within the scope, for the type with the point and
 * for the type whose enterprise has it; also over the date line. */
static void test_boxes(World *world, gconstpointer data) {
    (void)data;
    Actor city = person(world, "city_duty", "c", "3204");
    for (int i = 0; i < BOXES; i++) {
        double south = g_test_rand_int_range(-9, 10) * 10;
        GeoBox box = {g_test_rand_int_range(-18, 19) * 10, south,
                      g_test_rand_int_range(-18, 19) * 10,
                      south + g_test_rand_int_range(0, 10) * 10};
        gint64 all = 0, own = 0;
        for (int j = 0; j < PLANTS; j++) {
            all += inside(&plants[j], &box);
            own += inside(&plants[j], &box) && g_str_has_prefix(plants[j].region, "3204");
        }
        g_assert_cmpint(count(world, &actor_system, "enterprise", &box), ==, all);
        g_assert_cmpint(count(world, &actor_system, "hazard", &box), ==, all);
        g_assert_cmpint(count(world, &city, "enterprise", &box), ==, own);
        g_assert_cmpint(count(world, &city, "hazard", &box), ==, own);
    }
}

static void test_texts(World *world, gconstpointer data) {
    (void)world, (void)data;
    GError *error = NULL;
    GeoBox box;
    g_assert_true(geo_box_parse("119.8,31.7,120.1,32", &box, &error));
    g_assert_cmpfloat(box.north, ==, 32);
    g_assert_true(geo_box_parse("170,-10,-5,-170,10,5", &box, &error));
    g_assert_cmpfloat(box.east, ==, -170);
    g_assert_cmpfloat(box.north, ==, 10);
    static const char *const bad[] = {
        "",          ",",         "1,2,3",          "1,2,3,4,5",  "1,2,3,4,",  "1,2,3,4,5,6,7",
        "nan,0,1,1", "0,0,inf,1", "0,2,1,1",        "-181,0,1,1", "0,-91,1,1", "a,b,c,d",
        "1;2;3;4",   "1,2,3,4 ",  "1,2,3,4' OR 1=1"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(geo_box_parse(bad[i], &box, &error));
        g_assert_cmpint(error_kind(error), ==, ERROR_REQUEST);
        g_clear_error(&error);
    }
}

static void test_place_of_a_record(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    RecordQuery query = {.limit = 500};
    json_t *page = done(record_list(world->sql, world->packs, &actor_system, "hazard", &query,
                                    world->now_ms, &error),
                        error);
    json_t *items = json_object_get(page, "items");
    for (gsize i = 0; i < json_array_size(items); i++) {
        json_t *hazard = json_array_get(items, i);
        const Plant *plant = &plants[atoi(get(hazard, "title") + 1)];
        double lon, lat;
        g_assert_cmpint(record_place(world->sql, world->packs, &actor_system, hazard, &lon, &lat),
                        ==, plant->placed);
        g_assert_true(!plant->placed || (lon == plant->lon && lat == plant->lat));
    }
    json_decref(page);
}

/* A type without a place refuses a box; two conditions must both hold, and neither reaches outside
 * its own parentheses. */
static void test_refused(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    GeoBox box = {0, 0, 1, 1};
    RecordQuery query = {.limit = 5, .box = &box};
    refused(record_list(world->sql, world->packs, &actor_system, "region", &query, 0, &error),
            &error, ERROR_REQUEST, NULL);
    RecordQuery two = {.limit = 5,
                       .count = TRUE,
                       .filter = "code = 'P-1' OR code = 'P-2'",
                       .also = "code = 'P-2'"};
    json_t *page = done(
        record_list(world->sql, world->packs, &actor_system, "enterprise", &two, 0, &error), error);
    g_assert_cmpint(json_integer_value(json_object_get(page, "count")), ==, 1);
    json_decref(page);
    RecordQuery open = {
        .limit = 5, .filter = "code = 'P-1') OR (code = 'P-2'", .also = "code = 'P-2'"};
    refused(record_list(world->sql, world->packs, &actor_system, "enterprise", &open, 0, &error),
            &error, ERROR_CONDITION, NULL);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/place/" path, World, NULL, places_open, func, world_close)
    TEST("boxes", test_boxes);
    TEST("texts", test_texts);
    TEST("of_a_record", test_place_of_a_record);
    TEST("refused", test_refused);
    return g_test_run();
}
