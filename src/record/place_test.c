#include "record/clusters.h"
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
        json_t *place = record_geometry(world->sql, world->packs, &actor_system, hazard);
        json_t *at = json_object_get(place, "coordinates");
        g_assert_cmpint(place != NULL, ==, plant->placed);
        g_assert_true(!plant->placed || (json_number_value(json_array_get(at, 0)) == plant->lon &&
                                         json_number_value(json_array_get(at, 1)) == plant->lat));
        json_decref(place);
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

/* --- areas --- */

static void kinds_open(World *world, gconstpointer data) {
    world_open_with(world, data, "tests/packs/kinds");
}

static gboolean meets(double low, double high, double from, double to, gboolean across) {
    return across ? high >= from || low <= to : high >= from && low <= to;
}

/* Every box finds the areas whose own box it meets, edges too; and the middle of each is a mark. */
static void test_areas(World *world, gconstpointer data) {
    (void)data;
    enum { AREAS = 60 };
    GeoBox zones[AREAS];
    GError *error = NULL;
    for (int i = 0; i < AREAS; i++) {
        double west = g_test_rand_int_range(-18, 16) * 10,
               south = g_test_rand_int_range(-9, 8) * 10;
        zones[i] = (GeoBox){west, south, west + 10 * g_test_rand_int_range(1, 3), south + 10};
        GeoBox *z = &zones[i];
        g_autofree char *text = g_strdup_printf(
            "{'title':'z%d','enterprise':'E1','zone':{'type':'Polygon','coordinates':"
            "[[[%.0f,%.0f],[%.0f,%.0f],[%.0f,%.0f],[%.0f,%.0f]]]}}",
            i, z->west, z->south, z->east, z->south, z->east, z->north, z->west, z->south);
        json_decref(done(create(world, &actor_system, "survey", text, &error), error));
    }
    json_decref(
        done(create(world, &actor_system, "survey", "{'title':'none','enterprise':'E1'}", &error),
             error));
    for (int i = 0; i < BOXES; i++) {
        double south = g_test_rand_int_range(-9, 10) * 10;
        GeoBox box = {g_test_rand_int_range(-18, 19) * 10, south,
                      g_test_rand_int_range(-18, 19) * 10,
                      south + g_test_rand_int_range(0, 10) * 10};
        gint64 met = 0;
        for (int j = 0; j < AREAS; j++)
            met += meets(zones[j].west, zones[j].east, box.west, box.east, box.west > box.east) &&
                   meets(zones[j].south, zones[j].north, box.south, box.north, FALSE);
        g_assert_cmpint(count(world, &actor_system, "survey", &box), ==, met);
    }
    ClusterQuery all = {.box = {-180, -90, 180, 90}, .cell = 5};
    json_t *marks = done(record_clusters(world->sql, world->packs, &actor_system, "survey", &all,
                                         world->now_ms, &error),
                         error),
           *mark;
    gint64 sum = 0;
    size_t i;
    json_array_foreach(json_object_get(marks, "items"), i, mark) {
        sum += json_integer_value(json_object_get(mark, "count"));
        const char *label = json_string_value(json_object_get(mark, "label"));
        if (label == NULL)
            continue;
        const GeoBox *zone = &zones[atoi(label + 1)];
        g_assert_cmpfloat(json_number_value(json_object_get(mark, "lon")), ==,
                          (zone->west + zone->east) / 2);
    }
    g_assert_cmpint(sum, ==, AREAS);
    json_decref(marks);
    verify_good(world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/place/" path, World, NULL, places_open, func, world_close)
    TEST("boxes", test_boxes);
    TEST("texts", test_texts);
    TEST("of_a_record", test_place_of_a_record);
    TEST("refused", test_refused);
    g_test_add("/place/areas", World, NULL, kinds_open, test_areas, world_close);
    return g_test_run();
}
