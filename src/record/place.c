#include "record/place.h"
#include "record/rights.h"

#include <math.h>
#include <string.h>

static const Field *point_of(const RecordType *type) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (field->kind == FIELD_POINT)
            return field;
    }
    return NULL;
}

TypePlace place_of_type(const Packs *packs, const Actor *actor, const RecordType *type) {
    const Field *own = point_of(type), *scope = type->scope_enterprise;
    if (own)
        return (TypePlace){type, own};
    const RecordType *owner =
        scope && scope->kind == FIELD_REF ? packs_type(packs, scope->ref_type) : NULL;
    const Field *point = owner ? point_of(owner) : NULL;
    if (point == NULL || (type->read & ROLE_EVERYONE) || !rights_read(actor, owner))
        return (TypePlace){NULL, NULL};
    return (TypePlace){owner, point};
}

gboolean record_has_place(const Packs *packs, const Actor *actor, const RecordType *type) {
    return place_of_type(packs, actor, type).point != NULL;
}

/* --- boxes --- */

static gboolean read_numbers(const char *text, double *numbers, guint *n) {
    enum { NUMBERS_MAX = 6 };
    for (*n = 0; *n < NUMBERS_MAX; text++) {
        char *end;
        numbers[(*n)++] = g_ascii_strtod(text, &end);
        if (end == text || !isfinite(numbers[*n - 1]))
            return FALSE;
        text = end;
        if (*text == 0)
            return *n == 4 || *n == 6;
        if (*text != ',')
            return FALSE;
    }
    return FALSE;
}

gboolean geo_box_parse(const char *text, GeoBox *box, GError **error) {
    double numbers[6];
    guint n;
    gboolean good = read_numbers(text, numbers, &n);
    if (good) {
        guint corner = n / 2; /* with heights: west, south, low, east, north, high */
        *box = (GeoBox){numbers[0], numbers[1], numbers[corner], numbers[corner + 1]};
        good = fabs(box->west) <= 180 && fabs(box->east) <= 180 && fabs(box->south) <= 90 &&
               fabs(box->north) <= 90 && box->south <= box->north;
    }
    return good || error_set(error, ERROR_REQUEST, "bbox", "bbox",
                             "west,south,east,north in degrees, as bbox=119.8,31.7,120.1,32", NULL);
}

static void add_range(Query *query, const Field *point, const char *suffix, double low,
                      double high) {
    /* over the date line: two ranges */
    query_add_format(query,
                     low <= high ? " AND \"%s_%s\" >= ? AND \"%s_%s\" <= ?"
                                 : " AND (\"%s_%s\" >= ? OR \"%s_%s\" <= ?)",
                     point->name, suffix, point->name, suffix);
    query_param_double(query, low);
    query_param_double(query, high);
}

void place_box_sql(Query *query, const TypePlace *place, const RecordType *type,
                   const GeoBox *box) {
    gboolean own = place->holder == type;
    if (!own)
        query_add_format(query, " AND _enterprise IN (SELECT _id FROM r_%s WHERE 1 = 1",
                         place->holder->name);
    add_range(query, place->point, "lon", box->west, box->east);
    add_range(query, place->point, "lat", box->south, box->north);
    if (!own)
        query_add(query, ")");
}

/* --- of one record --- */

static gboolean read_point(json_t *value, double *lon, double *lat) {
    *lon = json_number_value(json_object_get(value, "lon"));
    *lat = json_number_value(json_object_get(value, "lat"));
    return json_is_object(value);
}

static gboolean holder_point(Sql *sql, const TypePlace *place, const char *id, double *lon,
                             double *lat) {
    const char *name = place->point->name;
    g_autofree char *text = g_strdup_printf("SELECT \"%s_lon\", \"%s_lat\" FROM r_%s WHERE _id = ?",
                                            name, name, place->holder->name);
    SqlStatement *st = id ? sql_query(sql, NULL, text, "t", id) : NULL;
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return FALSE;
    gboolean found = !sql_is_null(st, 0);
    *lon = sql_double(st, 0);
    *lat = sql_double(st, 1);
    sql_reset(st);
    return found;
}

gboolean record_place(Sql *sql, const Packs *packs, const Actor *actor, json_t *record, double *lon,
                      double *lat) {
    const char *name = json_string_value(json_object_get(record, "type"));
    const RecordType *type = name ? packs_type(packs, name) : NULL;
    TypePlace place = type ? place_of_type(packs, actor, type) : (TypePlace){NULL, NULL};
    if (place.point == NULL)
        return FALSE;
    if (place.holder == type)
        return read_point(json_object_get(record, place.point->name), lon, lat);
    return holder_point(sql, &place,
                        json_string_value(json_object_get(record, type->scope_enterprise->name)),
                        lon, lat);
}
