#include "record/place.h"
#include "record/rights.h"

#include <math.h>
#include <string.h>

static const Field *first_of(const RecordType *type, FieldKind kind) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (field->kind == kind)
            return field;
    }
    return NULL;
}

TypePlace place_of_type(const Packs *packs, const Actor *actor, const RecordType *type) {
    const Field *own = first_of(type, FIELD_POINT), *area = first_of(type, FIELD_AREA);
    const Field *scope = type->scope_enterprise;
    if (own || area)
        return (TypePlace){type, own, area};
    const RecordType *owner =
        scope && scope->kind == FIELD_REF ? packs_type(packs, scope->ref_type) : NULL;
    const Field *point = owner ? first_of(owner, FIELD_POINT) : NULL;
    if (point == NULL || (type->read & ROLE_EVERYONE) || !rights_read(actor, owner))
        return (TypePlace){NULL, NULL, NULL};
    return (TypePlace){owner, point, NULL};
}

gboolean record_has_place(const Packs *packs, const Actor *actor, const RecordType *type) {
    return place_of_type(packs, actor, type).holder != NULL;
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

/* What reaches from `low` to `high` meets the range of the box; over the date line there are two.
 */
static void add_range(Query *query, const Field *place, const char *suffix_low,
                      const char *suffix_high, double low, double high) {
    query_add_format(query, "(\"%s%s\" >= ? %s \"%s%s\" <= ?)", place->name, suffix_high,
                     low <= high ? "AND" : "OR", place->name, suffix_low);
    query_param_double(query, low);
    query_param_double(query, high);
}

static void add_box(Query *query, const Field *place, const char *const suffixes[4],
                    const GeoBox *box) {
    query_add(query, "(");
    add_range(query, place, suffixes[0], suffixes[2], box->west, box->east);
    query_add(query, " AND ");
    add_range(query, place, suffixes[1], suffixes[3], box->south, box->north);
    query_add(query, ")");
}

void place_box_sql(Query *query, const TypePlace *place, const RecordType *type,
                   const GeoBox *box) {
    static const char *const point[] = {"_lon", "_lat", "_lon", "_lat"}, *const area[] = {
                                                                             "_w", "_s", "_e",
                                                                             "_n"};
    gboolean own = place->holder == type;
    query_add(query, " AND (");
    if (!own)
        query_add_format(query, "_enterprise IN (SELECT _id FROM r_%s WHERE ", place->holder->name);
    if (place->point)
        add_box(query, place->point, point, box);
    if (place->point && place->area)
        query_add(query, " OR ");
    if (place->area)
        add_box(query, place->area, area, box);
    query_add(query, own ? ")" : "))");
}

void place_coordinate_sql(Query *query, const TypePlace *place, const RecordType *type,
                          gboolean latitude) {
    g_autoptr(GString) text = g_string_new(NULL);
    const char *of = place->holder == type ? type->name : "h";
    const char *before = place->holder == type ? "r_" : "";
    if (place->point)
        g_string_append_printf(text, "%s%s.\"%s_%s\"", before, of, place->point->name,
                               latitude ? "lat" : "lon");
    if (place->point && place->area)
        g_string_append(text, ", ");
    if (place->area)
        g_string_append_printf(text, "(%s%s.\"%s_%s\" + %s%s.\"%s_%s\") / 2", before, of,
                               place->area->name, latitude ? "s" : "w", before, of,
                               place->area->name, latitude ? "n" : "e");
    gboolean both = place->point && place->area;
    if (place->holder == type)
        query_add_format(query, both ? "coalesce(%s)" : "%s", text->str);
    else
        query_add_format(query, "(SELECT %s FROM r_%s h WHERE h._id = r_%s._enterprise)", text->str,
                         place->holder->name, type->name);
}

/* --- of one record --- */

static json_t *point_json(double lon, double lat) {
    return json_pack("{s:s, s:[f, f]}", "type", "Point", "coordinates", lon, lat);
}

static json_t *own_geometry(const TypePlace *place, json_t *record) {
    json_t *area = place->area ? json_object_get(record, place->area->name) : NULL;
    json_t *point = place->point ? json_object_get(record, place->point->name) : NULL;
    if (area)
        return json_incref(area);
    return point ? point_json(json_number_value(json_object_get(point, "lon")),
                              json_number_value(json_object_get(point, "lat")))
                 : NULL;
}

static json_t *holder_point(Sql *sql, const TypePlace *place, const char *id) {
    const char *name = place->point->name;
    g_autofree char *text = g_strdup_printf("SELECT \"%s_lon\", \"%s_lat\" FROM r_%s WHERE _id = ?",
                                            name, name, place->holder->name);
    SqlStatement *st = id ? sql_query(sql, NULL, text, "t", id) : NULL;
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return NULL;
    json_t *point = sql_is_null(st, 0) ? NULL : point_json(sql_double(st, 0), sql_double(st, 1));
    sql_reset(st);
    return point;
}

json_t *record_geometry(Sql *sql, const Packs *packs, const Actor *actor, json_t *record) {
    const char *name = json_string_value(json_object_get(record, "type"));
    const RecordType *type = name ? packs_type(packs, name) : NULL;
    TypePlace place = type ? place_of_type(packs, actor, type) : (TypePlace){NULL, NULL, NULL};
    if (place.holder == NULL || place.holder == type)
        return place.holder ? own_geometry(&place, record) : NULL;
    return holder_point(sql, &place,
                        json_string_value(json_object_get(record, type->scope_enterprise->name)));
}
