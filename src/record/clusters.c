#include "record/clusters.h"
#include "record/facets.h"
#include "record/place.h"
#include "record/record_index.h"
#include "record/rights.h"
#include "record/schema.h"

#include <math.h>

/* Marks of one record whose name is looked up; the others are reached by going nearer. */
enum { NAMED_MAX = 500 };

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

typedef struct {
    double lon, lat; /* sums */
    gint64 count;
    GHashTable *parts; /* value -> its count; NULL without `by` */
} Cell;

static void cell_free(gpointer data) {
    Cell *cell = data;
    g_clear_pointer(&cell->parts, g_hash_table_unref);
    g_free(cell);
}

typedef struct {
    const Act *act;
    const RecordType *type;
    const TypePlace *place;
    const ClusterQuery *asked;
} Gathering;

static gboolean inside(SqlStatement *st, const GeoBox *box) {
    if (sql_is_null(st, 0) || sql_is_null(st, 1))
        return FALSE;
    double lon = sql_double(st, 0), lat = sql_double(st, 1);
    gboolean across = box->west <= box->east ? lon >= box->west && lon <= box->east
                                             : lon >= box->west || lon <= box->east;
    return across && lat >= box->south && lat <= box->north;
}

static gint64 cell_key(const ClusterQuery *asked, double lon, double lat) {
    return (gint64)round(lon / asked->cell) * ((gint64)1 << 32) + (gint64)round(lat / asked->cell);
}

static void add_place(GHashTable *cells, gint64 key, SqlStatement *st, gboolean by) {
    Cell *cell = g_hash_table_lookup(cells, &key);
    if (cell == NULL) {
        cell = g_new0(Cell, 1);
        if (by)
            cell->parts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(cells, g_memdup2(&key, sizeof key), cell);
    }
    cell->count++;
    cell->lon += sql_double(st, 0);
    cell->lat += sql_double(st, 1);
    if (!by)
        return;
    const char *value = sql_is_null(st, 2) ? "" : sql_text(st, 2);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(cell->parts, value));
    g_hash_table_insert(cell->parts, g_strdup(value), GUINT_TO_POINTER(n + 1));
}

/* One walk over the places, mostly inside their index; cells are kept here, because a database
 * would sort all rows for it. */
static GHashTable *read_cells(const Gathering *g, const char *by, GError **error) {
    /* Of matters that stand at their enterprise there are fewer than enterprises in a large box. */
    gboolean own = g->place->holder == g->type;
    RecordQuery list = {.filter = g->asked->filter, .box = own ? &g->asked->box : NULL};
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    g_autoptr(Query) query = query_new("SELECT ");
    place_coordinate_sql(query, g->place, g->type, FALSE);
    query_add(query, ", ");
    place_coordinate_sql(query, g->place, g->type, TRUE);
    query_add_format(query, "%s%s", by ? ", " : "", by ? by : "");
    if (!list_where(query, g->act, g->type, &list, LIST_COUNTS, conditions, error))
        return NULL;
    SqlStatement *st = query_start(query, g->act->sql, error);
    GHashTable *cells = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, cell_free);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        if (inside(st, &g->asked->box))
            add_place(cells, cell_key(g->asked, sql_double(st, 0), sql_double(st, 1)), st,
                      by != NULL);
    if (step == SQL_FAILED)
        g_clear_pointer(&cells, g_hash_table_unref);
    return cells;
}

/* Id and label of the one record in sight that stands there. */
static gboolean add_name(const Gathering *g, const Cell *cell, json_t *item, GError **error) {
    GeoBox spot = {cell->lon, cell->lat, cell->lon, cell->lat};
    RecordQuery list = {.filter = g->asked->filter, .box = &spot};
    const Field *label = g->type->label;
    gboolean named = label && label->kind == FIELD_TEXT && !label->secret;
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    g_autoptr(Query) query = query_new("SELECT _id, ");
    query_add_format(query, named ? "\"%s\"" : "%s", named ? label->name : "_id");
    if (!list_where(query, g->act, g->type, &list, LIST_COUNTS, conditions, error))
        return FALSE;
    if (g->place->area) /* others may reach over its middle */
        for (int latitude = 0; latitude < 2; latitude++) {
            query_add(query, " AND ");
            place_coordinate_sql(query, g->place, g->type, latitude);
            query_add(query, " = ?");
            query_param_double(query, latitude ? cell->lat : cell->lon);
        }
    query_add(query, " LIMIT 1");
    SqlStatement *st = query_start(query, g->act->sql, error);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_ROW) {
        json_object_set_new(item, "id", json_string(sql_text(st, 0)));
        json_object_set_new(item, "label", json_string(sql_is_null(st, 1) ? "" : sql_text(st, 1)));
    }
    if (st)
        sql_reset(st);
    return step != SQL_FAILED;
}

static json_t *parts_json(const Cell *cell) {
    json_t *parts = json_object();
    GHashTableIter iter;
    gpointer value, count;
    g_hash_table_iter_init(&iter, cell->parts);
    while (g_hash_table_iter_next(&iter, &value, &count))
        json_object_set_new(parts, value, json_integer(GPOINTER_TO_UINT(count)));
    return parts;
}

static json_t *cells_json(const Gathering *g, GHashTable *cells, GError **error) {
    json_t *items = json_array();
    GHashTableIter iter;
    gpointer value;
    guint named = 0;
    g_hash_table_iter_init(&iter, cells);
    while (items && g_hash_table_iter_next(&iter, NULL, &value)) {
        const Cell *cell = value;
        json_t *item = json_pack("{s:f, s:f, s:I}", "lon", cell->lon / (double)cell->count, "lat",
                                 cell->lat / (double)cell->count, "count", (json_int_t)cell->count);
        if (cell->parts)
            json_object_set_new(item, "by", parts_json(cell));
        json_array_append_new(items, item);
        if (cell->count == 1 && named++ < NAMED_MAX && !add_name(g, cell, item, error))
            g_clear_pointer(&items, json_decref);
    }
    return items ? json_pack("{s:f, s:o}", "cell", g->asked->cell, "items", items) : NULL;
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
    if (place.holder == NULL) {
        error_set(error, ERROR_REQUEST, "type", "this type has no place",
                  "a type of /ogc/collections", NULL);
        return NULL;
    }
    const char *by = asked->by ? by_column(type, asked->by, error) : NULL;
    if (!check_grid(asked, error) || (asked->by && by == NULL))
        return NULL;
    Gathering gathering = {&act, type, &place, asked};
    g_autoptr(GHashTable) cells = read_cells(&gathering, by, error);
    return cells ? cells_json(&gathering, cells, error) : NULL;
}
