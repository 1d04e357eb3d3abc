#include "record/related.h"
#include "record/facets.h"
#include "record/rights.h"

#include <string.h>

enum { COUNTED_MAX = 1000 };

char *related_filter(const char *field, const char *id) {
    g_auto(GStrv) parts = g_strsplit(id, "'", -1);
    g_autofree char *quoted = g_strjoinv("''", parts);
    return g_strdup_printf("\"%s\" = '%s'", field, quoted);
}

typedef struct {
    gint64 count, open;
} Counts;

static void add_state(const RecordType *type, SqlStatement *st, Counts *counts) {
    const char *name = sql_is_null(st, 0) ? NULL : sql_text(st, 0);
    const State *state = name ? type_state(type, name) : NULL;
    counts->count += sql_int(st, 1);
    if (state && !state->final)
        counts->open += sql_int(st, 1);
}

static gboolean count_uses(const Act *act, const RecordType *type, const RecordQuery *asked,
                           Counts *counts, GError **error) {
    g_autoptr(Query) query = query_new("SELECT _state, count(*) FROM (SELECT _state");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    if (!list_where(query, act, type, asked, LIST_COUNTS, conditions, error))
        return FALSE;
    query_add(query, " LIMIT ?) AS counted GROUP BY _state");
    query_param_int(query, COUNTED_MAX + 1);
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        add_state(type, st, counts);
    return step == SQL_DONE;
}

static json_t *use_json(const RecordType *type, const Field *field, const Counts *counts) {
    gint64 count = MIN(counts->count, COUNTED_MAX);
    json_t *json = json_pack("{s:s, s:s, s:I}", "type", type->name, "field", field->name, "count",
                             (json_int_t)count);
    if (type->initial)
        json_object_set_new(json, "open", json_integer(MIN(counts->open, count)));
    if (counts->count > count)
        json_object_set_new(json, "count_more", json_true());
    return json;
}

static gboolean add_uses(const Act *act, const RecordType *of, const char *id,
                         const RecordType *type, json_t *items, GError **error) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (field->kind != FIELD_REF || field->secret || strcmp(field->ref_type, of->name) != 0)
            continue;
        g_autofree char *filter = related_filter(field->name, id);
        RecordQuery asked = {.filter = filter, .limit = 1};
        Counts counts = {0, 0};
        if (!count_uses(act, type, &asked, &counts, error))
            return FALSE;
        if (counts.count)
            json_array_append_new(items, use_json(type, field, &counts));
    }
    return TRUE;
}

json_t *related_counts(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                       const char *id, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    const RecordType *of = find_type(packs, type_name, error);
    g_autoptr(Row) row = of ? load_seen(&act, of, id, error) : NULL;
    if (row == NULL)
        return NULL;
    json_t *items = json_array();
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        if (rights_read(actor, type) && !add_uses(&act, of, id, type, items, error)) {
            json_decref(items);
            return NULL;
        }
    }
    return json_pack("{s:o}", "items", items);
}
