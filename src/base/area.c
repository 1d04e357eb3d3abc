#include "base/area.h"

#include <geos_c.h>
#include <math.h>
#include <string.h>

/* --- reading, and the form that is kept --- */

typedef struct {
    const char *field;
    GError **error;
    guint corners;
} Reading;

static gboolean kind_refused(const Reading *reading) {
    return error_set(reading->error, ERROR_FIELD_KIND, reading->field,
                     "GeoJSON 的 Polygon 或 MultiPolygon：{\"type\", \"coordinates\"}",
                     "a GeoJSON Polygon or MultiPolygon: {\"type\", \"coordinates\"}", NULL);
}

static gboolean place_refused(const Reading *reading, ErrorKind kind, const char *place,
                              const char *what) {
    g_autofree char *text = g_strdup_printf("%s %s", place, what);
    return error_set(reading->error, kind, reading->field, text, NULL);
}

static double seven_decimals(double degrees) { return round(degrees * 1e7) / 1e7 + 0.0; }

static json_t *read_position(Reading *reading, json_t *json, const char *ring, size_t n) {
    json_t *lon = json_array_get(json, 0), *lat = json_array_get(json, 1);
    g_autofree char *place = g_strdup_printf("%s[%zu]:", ring, n);
    if (json_array_size(json) != 2 || !json_is_number(lon) || !json_is_number(lat)) {
        place_refused(reading, ERROR_FIELD_FORMAT, place,
                      "应为两个数 [经度, 纬度] (two numbers: longitude, latitude)");
        return NULL;
    }
    double x = json_number_value(lon), y = json_number_value(lat);
    if (!(fabs(x) <= 180) || !(fabs(y) <= 90)) {
        place_refused(reading, ERROR_FIELD_RANGE, place, "lon ±180, lat ±90");
        return NULL;
    }
    return json_pack("[f, f]", seven_decimals(x), seven_decimals(y));
}

static gboolean corners_left(Reading *reading, size_t more) {
    if (more <= AREA_CORNERS_MAX - reading->corners) {
        reading->corners += (guint)more;
        return TRUE;
    }
    return error_set(reading->error, ERROR_FIELD_RANGE, reading->field,
                     "≤ 10000 个顶点 (positions)", NULL);
}

static gboolean ring_refused(const Reading *reading, const char *path, json_t *ring) {
    size_t n = json_array_size(ring);
    g_autofree char *place = g_strconcat(path, ":", NULL);
    if (n < 4)
        return place_refused(reading, ERROR_FIELD_FORMAT, place,
                             "一环至少四点，首尾相同 (a ring has at least four positions)");
    if (!json_equal(json_array_get(ring, 0), json_array_get(ring, n - 1)))
        return place_refused(reading, ERROR_FIELD_FORMAT, place,
                             "环未闭合，末点应与首点相同 (not closed: the last position must be "
                             "the first)");
    return TRUE;
}

static json_t *read_ring(Reading *reading, json_t *json, const char *path) {
    if (!json_is_array(json)) {
        kind_refused(reading);
        return NULL;
    }
    if (!corners_left(reading, json_array_size(json)))
        return NULL;
    json_t *ring = json_array();
    for (size_t i = 0; ring && i < json_array_size(json); i++) {
        json_t *position = read_position(reading, json_array_get(json, i), path, i);
        if (position == NULL || json_array_append_new(ring, position) != 0)
            g_clear_pointer(&ring, json_decref);
    }
    if (ring && !ring_refused(reading, path, ring))
        g_clear_pointer(&ring, json_decref);
    return ring;
}

typedef json_t *(*ReadPart)(Reading *reading, json_t *json, const char *path);

/* An array of at least one part. */
static json_t *read_parts(Reading *reading, json_t *json, const char *path, ReadPart read) {
    if (json_array_size(json) == 0) {
        kind_refused(reading);
        return NULL;
    }
    json_t *parts = json_array();
    for (size_t i = 0; parts && i < json_array_size(json); i++) {
        g_autofree char *place = g_strdup_printf("%s[%zu]", path, i);
        json_t *part = read(reading, json_array_get(json, i), place);
        if (part == NULL || json_array_append_new(parts, part) != 0)
            g_clear_pointer(&parts, json_decref);
    }
    return parts;
}

static json_t *read_polygon(Reading *reading, json_t *json, const char *path) {
    return read_parts(reading, json, path, read_ring);
}

static json_t *read_coordinates(Reading *reading, json_t *json) {
    const char *type = json_string_value(json_object_get(json, "type"));
    json_t *coordinates = json_object_get(json, "coordinates");
    gboolean many = g_strcmp0(type, "MultiPolygon") == 0;
    if ((!many && g_strcmp0(type, "Polygon") != 0) || json_object_size(json) != 2) {
        kind_refused(reading);
        return NULL;
    }
    return many ? read_parts(reading, coordinates, "coordinates", read_polygon)
                : read_polygon(reading, coordinates, "coordinates");
}

/* --- GEOS --- */

static GEOSGeometry *ring_of(GEOSContextHandle_t geos, json_t *json) {
    size_t n = json_array_size(json);
    GEOSCoordSequence *points = GEOSCoordSeq_create_r(geos, (unsigned)n, 2);
    for (size_t i = 0; points && i < n; i++) {
        json_t *at = json_array_get(json, i);
        GEOSCoordSeq_setXY_r(geos, points, (unsigned)i, json_number_value(json_array_get(at, 0)),
                             json_number_value(json_array_get(at, 1)));
    }
    return points ? GEOSGeom_createLinearRing_r(geos, points) : NULL;
}

typedef GEOSGeometry *(*MakePart)(GEOSContextHandle_t geos, json_t *json);

static void destroy(GEOSContextHandle_t geos, GEOSGeometry **parts, size_t n) {
    for (size_t i = 0; i < n; i++)
        GEOSGeom_destroy_r(geos, parts[i]);
}

/* All parts or none. */
static gboolean make_parts(GEOSContextHandle_t geos, json_t *json, GEOSGeometry **parts,
                           MakePart make) {
    size_t n = json_array_size(json);
    for (size_t i = 0; i < n; i++) {
        parts[i] = make(geos, json_array_get(json, i));
        if (parts[i] == NULL) {
            destroy(geos, parts, i);
            return FALSE;
        }
    }
    return TRUE;
}

static GEOSGeometry *polygon_of(GEOSContextHandle_t geos, json_t *json) {
    size_t n = json_array_size(json);
    g_autofree GEOSGeometry **rings = g_new0(GEOSGeometry *, n);
    return make_parts(geos, json, rings, ring_of)
               ? GEOSGeom_createPolygon_r(geos, rings[0], rings + 1, (unsigned)n - 1)
               : NULL;
}

static GEOSGeometry *geometry_of(GEOSContextHandle_t geos, json_t *coordinates, gboolean many) {
    if (!many)
        return polygon_of(geos, coordinates);
    size_t n = json_array_size(coordinates);
    g_autofree GEOSGeometry **polygons = g_new0(GEOSGeometry *, n);
    return make_parts(geos, coordinates, polygons, polygon_of)
               ? GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, (unsigned)n)
               : NULL;
}

static const char *reason_zh(const char *reason) {
    static const struct {
        const char *reason, *zh;
    } rows[] = {{"Self-intersection", "边界自相交"},
                {"Ring Self-intersection", "环自相交或自相接"},
                {"Hole lies outside shell", "孔不在外环之内"},
                {"Holes are nested", "孔套孔"},
                {"Interior is disconnected", "内部不连通"},
                {"Nested shells", "各部分互相重叠"},
                {"Duplicate Rings", "环重复"},
                {"Too few points in geometry component", "点数不足"}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(reason, rows[i].reason) == 0)
            return rows[i].zh;
    return "图形无效";
}

static gboolean invalid(const Reading *reading, GEOSContextHandle_t geos, const char *reason,
                        const GEOSGeometry *at) {
    char lon[G_ASCII_DTOSTR_BUF_SIZE] = "?", lat[G_ASCII_DTOSTR_BUF_SIZE] = "?";
    double x, y;
    if (at && GEOSGeomGetX_r(geos, at, &x) && GEOSGeomGetY_r(geos, at, &y)) {
        g_ascii_formatd(lon, sizeof lon, "%.10g", seven_decimals(x));
        g_ascii_formatd(lat, sizeof lat, "%.10g", seven_decimals(y));
    }
    g_autofree char *text = g_strdup_printf("%s，位于 %s, %s (%s at %s, %s)", reason_zh(reason),
                                            lon, lat, reason ? reason : "not valid", lon, lat);
    return error_set(reading->error, ERROR_FIELD_FORMAT, reading->field, text, NULL);
}

static gboolean is_valid(const Reading *reading, json_t *coordinates, gboolean many) {
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSGeometry *geometry = geometry_of(geos, coordinates, many), *at = NULL;
    char *reason = NULL;
    gboolean valid = geometry && GEOSisValidDetail_r(geos, geometry, 0, &reason, &at) == 1;
    if (!valid)
        invalid(reading, geos, reason, at);
    if (reason)
        GEOSFree_r(geos, reason);
    GEOSGeom_destroy_r(geos, at);
    GEOSGeom_destroy_r(geos, geometry);
    GEOS_finish_r(geos);
    return valid;
}

char *area_from_json(json_t *json, const char *field, GError **error) {
    enum { DIGITS = 10 }; /* three before and seven behind the point */
    Reading reading = {field, error, 0};
    json_t *coordinates = read_coordinates(&reading, json);
    const char *type = json_string_value(json_object_get(json, "type"));
    gboolean many = g_strcmp0(type, "MultiPolygon") == 0;
    if (coordinates == NULL || !is_valid(&reading, coordinates, many)) {
        json_decref(coordinates);
        return NULL;
    }
    json_t *area = json_pack("{s:s, s:o}", "type", type, "coordinates", coordinates);
    char *dump = json_dumps(area, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(DIGITS));
    char *text = g_strdup(dump);
    free(dump);
    json_decref(area);
    return text;
}

/* --- text --- */

static json_t *from_wkt(const char *text) {
    json_t *json = NULL;
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSWKTReader *reader = GEOSWKTReader_create_r(geos);
    GEOSGeoJSONWriter *writer = GEOSGeoJSONWriter_create_r(geos);
    GEOSGeometry *geometry = GEOSWKTReader_read_r(geos, reader, text);
    char *written = geometry ? GEOSGeoJSONWriter_writeGeometry_r(geos, writer, geometry, -1) : NULL;
    if (written) {
        json = json_loads(written, 0, NULL);
        GEOSFree_r(geos, written);
    }
    GEOSGeom_destroy_r(geos, geometry);
    GEOSGeoJSONWriter_destroy_r(geos, writer);
    GEOSWKTReader_destroy_r(geos, reader);
    GEOS_finish_r(geos);
    return json;
}

json_t *area_from_text(const char *text) {
    static const char *const starts[] = {"POLYGON", "MULTIPOLYGON"};
    enum { WKT_MAX = 1 << 20 };
    while (g_ascii_isspace(*text))
        text++;
    if (*text == '{')
        return json_loads(text, 0, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) /* others may nest without end */
        if (g_ascii_strncasecmp(text, starts[i], strlen(starts[i])) == 0 &&
            strnlen(text, WKT_MAX) < WKT_MAX)
            return from_wkt(text);
    return NULL;
}

/* --- what is known of one --- */

static void add_rings(json_t *json, GeoBox *box, guint *corners) {
    size_t i;
    json_t *item;
    json_t *first = json_array_get(json, 0);
    if (json_is_number(first)) {
        double lon = json_number_value(first), lat = json_number_value(json_array_get(json, 1));
        *box = (GeoBox){MIN(box->west, lon), MIN(box->south, lat), MAX(box->east, lon),
                        MAX(box->north, lat)};
        return;
    }
    if (json_is_number(json_array_get(first, 0)))
        *corners += (guint)json_array_size(json) - 1;
    json_array_foreach(json, i, item) add_rings(item, box, corners);
}

gboolean area_box(const char *text, GeoBox *box, guint *corners) {
    json_t *json = json_loads(text, 0, NULL);
    *box = (GeoBox){INFINITY, INFINITY, -INFINITY, -INFINITY};
    *corners = 0;
    add_rings(json_object_get(json, "coordinates"), box, corners);
    json_decref(json);
    return *corners > 0 && isfinite(box->west + box->east + box->south + box->north);
}
