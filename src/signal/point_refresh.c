#include "signal/point_refresh.h"

#include "signal/point_compose.h"

#include <string.h>

/* Whether the engine has the point as the record says. */
static gboolean is_known(const PointTable *table, json_t *record) {
    const char *code = json_string_value(json_object_get(record, "code"));
    guint32 point = point_table_find(table, code, strlen(code));
    if (point == POINT_NONE)
        return FALSE;
    PointDef def;
    point_def_read(&def, record);
    json_t *wanted = point_def_write(&def), *has = point_def_write(point_table_def(table, point));
    gboolean same = json_equal(wanted, has);
    json_decref(wanted);
    json_decref(has);
    point_def_clear(&def);
    return same;
}

/* Those of the points that the engine has otherwise; NULL on failure. */
static json_t *differing(const PointTable *table, Sql *records, const Packs *packs,
                         const GPtrArray *codes, GError **error) {
    json_t *list = json_array();
    for (guint i = 0; i < codes->len; i++) {
        json_t *record = point_compose(records, packs, codes->pdata[i], FALSE, error);
        if (record == NULL) {
            json_decref(list);
            return NULL;
        }
        if (!is_known(table, record))
            json_array_append(list, record);
        json_decref(record);
    }
    return list;
}

gboolean point_refresh(Pipeline *pipeline, const PointTable *table, Sql *records,
                       const Packs *packs, json_t *record, GError **error) {
    const char *type = json_string_value(json_object_get(record, "type"));
    g_autoptr(GPtrArray) codes = point_compose_touched(records, type, record, error);
    json_t *list = codes ? differing(table, records, packs, codes, error) : NULL;
    gboolean good = list && pipeline_points_changed(pipeline, list, error);
    json_decref(list);
    return good;
}

/* ---- the journal ---- */

typedef struct {
    gint64 seq;
    char *type, *id, *former; /* former: point that a rule stood on before, or NULL */
} Entry;

static void entry_clear(gpointer data) {
    Entry *entry = data;
    g_free(entry->type);
    g_free(entry->id);
    g_free(entry->former);
}

/* {"point": [old, new]} in the diff of an edit. */
static char *former_point(const char *diff) {
    json_t *json = diff ? json_loads(diff, 0, NULL) : NULL;
    char *code = g_strdup(json_string_value(json_array_get(json_object_get(json, "point"), 0)));
    json_decref(json);
    return code;
}

static GArray *entries_after(Sql *records, gint64 seq, GError **error) {
    SqlStatement *st = sql_query(
        records, error,
        "SELECT seq, type, id, diff FROM journal WHERE seq > ? ORDER BY seq LIMIT 1000", "i", seq);
    if (st == NULL)
        return NULL;
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    g_array_set_clear_func(entries, entry_clear);
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        const char *type = sql_text(st, 1);
        gboolean ours = point_compose_reads(type);
        Entry entry = {sql_int(st, 0), ours ? g_strdup(type) : NULL,
                       ours ? g_strdup(sql_text(st, 2)) : NULL,
                       ours ? former_point(sql_text(st, 3)) : NULL};
        g_array_append_val(entries, entry);
    }
    if (step == SQL_DONE)
        return entries;
    g_array_unref(entries);
    return NULL;
}

static gboolean refresh_entry(Pipeline *pipeline, const PointTable *table, Sql *records,
                              const Packs *packs, const Entry *entry, GError **error) {
    json_t *record = record_get(records, packs, &actor_system, entry->type, entry->id, error);
    gboolean good = record && point_refresh(pipeline, table, records, packs, record, error);
    json_decref(record);
    if (!good || entry->former == NULL)
        return good;
    json_t *former = json_pack("{s:s, s:s}", "type", "point", "code", entry->former);
    good = point_refresh(pipeline, table, records, packs, former, error);
    json_decref(former);
    return good;
}

gboolean point_refresh_journal(Pipeline *pipeline, const PointTable *table, Sql *records,
                               const Packs *packs, gint64 *seq, GError **error) {
    g_autoptr(GArray) entries = entries_after(records, *seq, error);
    for (guint i = 0; entries && i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);
        if (entry->type && !refresh_entry(pipeline, table, records, packs, entry, error))
            return FALSE;
        *seq = entry->seq;
    }
    return entries != NULL;
}
