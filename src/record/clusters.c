#include "record/clusters.h"
#include "record/facets.h"
#include "record/place.h"
#include "record/record_index.h"
#include "record/rights.h"
#include "record/schema.h"

#include <math.h>

/* Rows are grouped by cell and value; each becomes part of its cell's item. */
enum { ROWS_MAX = 4 * CLUSTERS_MAX };

static gboolean check_grid(const ClusterQuery *asked, GError **error) {
    const GeoBox *box = &asked->box;
    double width = box->east - box->west + (box->east < box->west ? 360 : 0);
    double cells = (width / asked->cell + 2) * ((box->north - box->south) / asked->cell + 2);
    return (asked->cell > 0 && isfinite(cells) && cells <= CLUSTERS_MAX) ||
           error_set(error, ERROR_REQUEST, "cell", "too many cells",
                     "a larger cell or a smaller bbox: at most 4000 cells", NULL);
}

static const char *by_column(const RecordType *type, const char *name, GError **error) {
    const Field *field = type_field(type, name);
    if (field ? field_counted(field) : g_str_equal(name, "state"))
        return schema_column((gpointer)type, name);
    error_set(error, ERROR_REQUEST, "by", "by: not counted",
              "state, or a field of kind code, bool, ref, region or role", NULL);
    return NULL;
}

/* The coordinate of the row itself or of its enterprise. */
static void add_coordinate(Query *query, const TypePlace *place, const RecordType *type,
                           const char *suffix) {
    const char *name = place->point->name;
    if (place->holder == type)
        query_add_format(query, "r_%s.\"%s_%s\"", type->name, name, suffix);
    else
        query_add_format(query, "(SELECT h.\"%s_%s\" FROM r_%s h WHERE h._id = r_%s._enterprise)",
                         name, suffix, place->holder->name, type->name);
}

/* The cells are counted outside, so that each coordinate is looked up once a row. */
static Query *cells_query(const TypePlace *place, const RecordType *type, const char *by,
                          const ClusterQuery *asked) {
    Query *query =
        query_new("SELECT CAST(ROUND(x / ?) AS INTEGER), CAST(ROUND(y / ?) AS INTEGER), part,"
                  " COUNT(*), SUM(x), SUM(y), MIN(id), MIN(label) FROM (SELECT ");
    query_param_double(query, asked->cell);
    query_param_double(query, asked->cell);
    add_coordinate(query, place, type, "lon");
    query_add(query, " AS x, ");
    add_coordinate(query, place, type, "lat");
    query_add_format(query, " AS y, %s AS part, r_%s._id AS id, ", by ? by : "''", type->name);
    gboolean named = type->label && type->label->kind == FIELD_TEXT && !type->label->secret;
    query_add_format(query, named ? "r_%s.\"%s\"" : "r_%s._id", type->name,
                     named ? type->label->name : NULL);
    query_add(query, " AS label");
    return query;
}

typedef struct {
    double lon, lat;
    gint64 count;
    json_t *item;
} Cell;

static void add_row(GHashTable *cells, SqlStatement *st, gboolean by, json_t *items) {
    gint64 key = sql_int(st, 0) * ((gint64)1 << 32) + sql_int(st, 1);
    Cell *cell = g_hash_table_lookup(cells, &key);
    if (cell == NULL) {
        cell = g_new0(Cell, 1);
        cell->item = json_object();
        json_array_append_new(items, cell->item);
        g_hash_table_insert(cells, g_memdup2(&key, sizeof key), cell);
    }
    gint64 count = sql_int(st, 3);
    cell->count += count;
    cell->lon += sql_double(st, 4);
    cell->lat += sql_double(st, 5);
    json_object_set_new(cell->item, "lon", json_real(cell->lon / (double)cell->count));
    json_object_set_new(cell->item, "lat", json_real(cell->lat / (double)cell->count));
    json_object_set_new(cell->item, "count", json_integer(cell->count));
    json_object_del(cell->item, "id");
    json_object_del(cell->item, "label");
    if (cell->count == 1) {
        json_object_set_new(cell->item, "id", json_string(sql_text(st, 6)));
        json_object_set_new(cell->item, "label",
                            json_string(sql_is_null(st, 7) ? "" : sql_text(st, 7)));
    }
    if (!by)
        return;
    json_t *parts = json_object_get(cell->item, "by");
    if (parts == NULL) {
        parts = json_object();
        json_object_set_new(cell->item, "by", parts);
    }
    const char *value = sql_is_null(st, 2) ? "" : sql_text(st, 2);
    json_object_set_new(parts, value, json_integer(count));
}

static json_t *read_cells(const Query *query, Sql *sql, const ClusterQuery *asked, GError **error) {
    SqlStatement *st = query_start(query, sql, error);
    g_autoptr(GHashTable) cells =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    json_t *items = json_array();
    SqlStep step = SQL_FAILED;
    gint64 rows = 0;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        if (rows++ < ROWS_MAX)
            add_row(cells, st, asked->by != NULL, items);
    if (step == SQL_FAILED) {
        json_decref(items);
        return NULL;
    }
    return json_pack("{s:f, s:o, s:b}", "cell", asked->cell, "items", items, "more",
                     rows > ROWS_MAX);
}

json_t *record_clusters(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                        const ClusterQuery *asked, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    const RecordType *type = packs_type(packs, type_name);
    if (type == NULL || !rights_read(actor, type)) {
        error_set(error, ERROR_TYPE_UNKNOWN, NULL, type_name, NULL);
        return NULL;
    }
    TypePlace place = place_of_type(packs, actor, type);
    if (place.point == NULL) {
        error_set(error, ERROR_REQUEST, "type", "this type has no place",
                  "a type of /ogc/collections", NULL);
        return NULL;
    }
    const char *by = asked->by ? by_column(type, asked->by, error) : NULL;
    if (!check_grid(asked, error) || (asked->by && by == NULL))
        return NULL;
    RecordQuery list = {.filter = asked->filter, .box = &asked->box};
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    g_autoptr(Query) query = cells_query(&place, type, by, asked);
    if (!list_where(query, &act, type, &list, LIST_COUNTS, conditions, error))
        return NULL;
    query_add(query, ") AS places WHERE x IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT ?");
    query_param_int(query, ROWS_MAX + 1);
    return read_cells(query, sql, asked, error);
}
