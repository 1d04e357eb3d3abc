/* Areas: what is taken and how it is kept, each defect with its name and place, hostile sizes. */
#include "base/area.h"

#include <math.h>
#include <string.h>

static json_t *parse(const char *text) {
    g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
    json_t *json = json_loads(quoted, JSON_DECODE_ANY, NULL);
    g_assert_nonnull(json);
    return json;
}

static char *taken(const char *text) {
    GError *error = NULL;
    json_t *json = parse(text);
    char *area = area_from_json(json, "zone", &error);
    g_assert_no_error(error);
    json_decref(json);
    return area;
}

#define SQUARE "[[0,0],[4,0],[4,4],[0,4],[0,0]]"

static void test_taken(void) {
    static const char *const cases[][2] = {
        {"{'type':'Polygon','coordinates':[" SQUARE "]}",
         "{'coordinates':[[[0.0,0.0],[4.0,0.0],[4.0,4.0],[0.0,4.0],[0.0,0.0]]],'type':'Polygon'}"},
        {"{'type':'Polygon','coordinates':[[[119.12345678,31.1],[-0.00000001,32.2],[119.9,-90],"
         "[119.12345682,31.1]]]}",
         "{'coordinates':[[[119.1234568,31.1],[0.0,32.2],[119.9,-90.0],[119.1234568,31.1]]],"
         "'type':'Polygon'}"},
        {"{'coordinates':[[" SQUARE ",[[1,1],[2,1],[2,2],[1,1]]],[[[5,5],[6,5],[6,6],[5,5]]]],"
         "'type':'MultiPolygon'}",
         NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *area = taken(cases[i][0]);
        g_autofree char *again = taken(area);
        g_assert_cmpstr(area, ==, again);
        g_autofree char *wanted =
            cases[i][1] ? g_strdelimit(g_strdup(cases[i][1]), "'", '"') : NULL;
        if (wanted)
            g_assert_cmpstr(area, ==, wanted);
    }
}

static void test_refused(void) {
    static const struct {
        const char *text;
        ErrorKind kind;
        const char *says;
    } cases[] = {
        {"null", ERROR_FIELD_KIND, "Polygon"},
        {"'POLYGON((0 0,1 0,1 1,0 0))'", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'Point','coordinates':[1,2]}", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'Polygon'}", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'Polygon','coordinates':[]}", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'Polygon','coordinates':[7]}", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'Polygon','coordinates':{}}", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'MultiPolygon','coordinates':[[]]}", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'Polygon','coordinates':[" SQUARE "],'crs':{}}", ERROR_FIELD_KIND, "Polygon"},
        {"{'type':'Polygon','coordinates':[[[0,0],[1,0],[0,0]]]}", ERROR_FIELD_FORMAT,
         "coordinates[0]: "},
        {"{'type':'Polygon','coordinates':[[[0,0],[1,0],[1,1],[0,1]]]}", ERROR_FIELD_FORMAT,
         "not closed"},
        {"{'type':'Polygon','coordinates':[" SQUARE ",[[1,1],[2,1,9],[2,2],[1,1]]]}",
         ERROR_FIELD_FORMAT, "coordinates[1][1]: "},
        {"{'type':'Polygon','coordinates':[[[0,0],['1',0],[1,1],[0,0]]]}", ERROR_FIELD_FORMAT,
         "coordinates[0][1]: "},
        {"{'type':'MultiPolygon','coordinates':[[" SQUARE "],[[[0,0],[181,0],[1,1],[0,0]]]]}",
         ERROR_FIELD_RANGE, "coordinates[1][0][1]: "},
        {"{'type':'Polygon','coordinates':[[[0,0],[1,90.1],[1,1],[0,0]]]}", ERROR_FIELD_RANGE,
         "lat ±90"},
        {"{'type':'Polygon','coordinates':[[[0,0],[4,4],[4,0],[0,4],[0,0]]]}", ERROR_FIELD_FORMAT,
         "Self-intersection at 2, 2"},
        {"{'type':'Polygon','coordinates':[" SQUARE ",[[5,5],[6,5],[6,6],[5,5]]]}",
         ERROR_FIELD_FORMAT, "孔不在外环之内"},
        {"{'type':'MultiPolygon','coordinates':[[" SQUARE "],[[[1,1],[2,1],[2,2],[1,1]]]]}",
         ERROR_FIELD_FORMAT, "Nested shells"},
        {"{'type':'Polygon','coordinates':[[[0,0],[1e-9,0],[0,1e-9],[0,0]]]}", ERROR_FIELD_FORMAT,
         "点数不足"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        json_t *json = parse(cases[i].text);
        g_assert_null(area_from_json(json, "zone", &error));
        g_assert_error(error, ANLAN_ERROR, (gint)cases[i].kind);
        g_assert_cmpstr(error_field(error), ==, "zone");
        g_autofree char *detail = error_detail(error, LANG_ZH);
        if (strstr(detail, cases[i].says) == NULL)
            g_error("%s: %s", cases[i].text, detail);
        json_decref(json);
    }
}

/* A ring of n positions on a circle, or a comb whose every tooth crosses the next. */
static json_t *ring_of(int n, gboolean crossing) {
    json_t *ring = json_array();
    for (int i = 0; i < n - 1; i++) {
        double at = i * G_PI * 2 / (n - 1);
        json_array_append_new(
            ring, crossing ? json_pack("[f, f]", 1e-4 * i, i % 2 ? 10.0 + 1e-3 * i : -10.0)
                           : json_pack("[f, f]", 100 + 30 * cos(at), 30 * sin(at)));
    }
    json_array_append(ring, json_array_get(ring, 0));
    return json_pack("{s:s, s:[o]}", "type", "Polygon", "coordinates", ring);
}

static void test_sizes(void) {
    g_autoptr(GError) error = NULL;
    GeoBox box;
    guint corners;
    json_t *most = ring_of(AREA_CORNERS_MAX, FALSE), *more = ring_of(AREA_CORNERS_MAX + 1, FALSE);
    json_t *crossing = ring_of(AREA_CORNERS_MAX, TRUE);
    g_autofree char *text = area_from_json(most, "zone", &error);
    g_assert_no_error(error);
    g_assert_true(area_box(text, &box, &corners));
    g_assert_cmpuint(corners, ==, AREA_CORNERS_MAX - 1);
    g_assert_cmpfloat(box.east, ==, 130);
    g_assert_null(area_from_json(more, "zone", &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_FIELD_RANGE);
    g_clear_error(&error);
    g_assert_null(area_from_json(crossing, "zone", &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_FIELD_FORMAT);
    json_decref(most);
    json_decref(more);
    json_decref(crossing);
}

static void test_text(void) {
    static const char *const good[] = {
        "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
        "  multipolygon(((0 0,4 0,4 4,0 4,0 0)),((5 5,6 5,6 6,5 5)))",
        "{\"type\":\"Polygon\",\"coordinates\":[" SQUARE "]}"};
    static const char *const bad[] = {"",
                                      "POLYGON",
                                      "POLYGON ((0 0, 1 0",
                                      "POINT (1 2)",
                                      "{",
                                      "zone",
                                      "GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0)))"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        json_t *json = area_from_text(good[i]);
        g_autofree char *area = area_from_json(json, "zone", &error);
        g_assert_no_error(error);
        g_assert_nonnull(area);
        json_decref(json);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(area_from_text(bad[i]));
}

static void test_boxes(void) {
    GeoBox box;
    guint corners;
    g_autofree char *area =
        taken("{'type':'MultiPolygon','coordinates':[[" SQUARE "],[[[-5,5],[6,5],[6,6],[-5,5]]]]}");
    g_assert_true(area_box(area, &box, &corners));
    g_assert_cmpuint(corners, ==, 7);
    g_assert_true(box.west == -5 && box.south == 0 && box.east == 6 && box.north == 6);
    g_assert_false(area_box("{}", &box, &corners));
    g_assert_false(area_box("no", &box, &corners));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/area/taken", test_taken);
    g_test_add_func("/area/refused", test_refused);
    g_test_add_func("/area/sizes", test_sizes);
    g_test_add_func("/area/text", test_text);
    g_test_add_func("/area/boxes", test_boxes);
    return g_test_run();
}
