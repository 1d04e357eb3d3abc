/* The journal read backwards, over many records, and entries that only say that something was done.
 */
#include "record/act.h"
#include "record/journal.h"
#include "record/journal_hash.h"
#include "record/query.h"
#include "record/rights.h"

static Query *page_query(const JournalQuery *asked, int most) {
    Query *query = query_new("SELECT " JOURNAL_COLUMNS " FROM journal WHERE 1 = 1");
    if (asked->enterprise) {
        query_add(query, " AND _enterprise = ?");
        query_param_text(query, asked->enterprise);
    }
    if (asked->type) {
        query_add(query, " AND type = ?");
        query_param_text(query, asked->type);
    }
    if (asked->action) {
        g_autofree char *begun = g_strconcat(asked->action, ":%", NULL);
        query_add(query, " AND (action = ? OR action LIKE ?)");
        query_param_text(query, asked->action);
        query_param_text(query, begun);
    }
    if (asked->people)
        query_add(query, " AND role IS NOT NULL");
    if (asked->before > 0)
        query_add_format(query, " AND seq < %" G_GINT64_FORMAT, asked->before);
    query_add_format(query, " ORDER BY seq DESC LIMIT %d", most);
    return query;
}

static gboolean in_sight(Sql *sql, const Packs *packs, const Actor *actor, const EntryTexts *entry,
                         const char *sector) {
    const RecordType *type = packs_type(packs, entry->text[ENTRY_TYPE]);
    return type && rights_read(actor, type) &&
           rights_sees(sql, actor, type, entry->text[ENTRY_ID], entry->text[ENTRY_REGION],
                       entry->text[ENTRY_ENTERPRISE], sector);
}

static void add_label(Sql *sql, const Packs *packs, json_t *entry) {
    const char *name = json_string_value(json_object_get(entry, "type"));
    const RecordType *type = packs_type(packs, name);
    g_autofree char *label = label_of(sql, type, json_string_value(json_object_get(entry, "id")));
    if (label)
        json_object_set_new(entry, "label", json_string(label));
}

json_t *journal_page(Sql *sql, const Packs *packs, const Actor *actor, const JournalQuery *asked,
                     GError **error) {
    enum { LOOKED_AT_MAX = 2000 };
    g_autoptr(Query) query = page_query(asked, LOOKED_AT_MAX);
    SqlStatement *st = query_start(query, sql, error);
    if (st == NULL)
        return NULL;
    json_t *items = json_array(), *item;
    gint64 last = 0;
    int looked = 0;
    SqlStep step = SQL_DONE;
    while (json_array_size(items) < (gsize)asked->limit &&
           (step = sql_step(st, error)) == SQL_ROW) {
        EntryTexts entry;
        entry_read(st, &entry);
        last = entry.seq;
        looked++;
        if (in_sight(sql, packs, actor, &entry, sql_text(st, JOURNAL_SECTOR_COLUMN)))
            json_array_append_new(items, journal_entry_json(st));
    }
    sql_reset(st);
    gboolean more = step == SQL_ROW || looked == LOOKED_AT_MAX;
    size_t i;
    json_array_foreach(items, i, item) add_label(sql, packs, item);
    if (step != SQL_FAILED)
        return json_pack("{s:o, s:o}", "items", items, "next",
                         more ? json_integer(last) : json_null());
    json_decref(items);
    return NULL;
}

gboolean journal_note(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                      const char *id, const char *action, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    const RecordType *type = find_type(packs, type_name, error);
    g_autoptr(Row) row = type ? load_seen(&act, type, id, error) : NULL;
    if (row == NULL)
        return FALSE;
    if (!rights_edit(actor, type))
        return right_refused(&act, type->edit, "给出密码或令牌", "give passwords or tokens", error);
    if (!rights_covers(actor, type, row->region, row_enterprise(row), row->sector))
        return error_set(error, ERROR_SCOPE, NULL, NULL);
    json_t *diff = json_object();
    JournalEntry entry = {.time_ms = now_ms,
                          .actor = actor,
                          .type = type->name,
                          .id = row->id,
                          .action = action,
                          .from = row_state(row),
                          .to = row_state(row),
                          .diff = diff,
                          .region = row->region,
                          .enterprise = row_enterprise(row),
                          .sector = row->sector};
    gboolean done = journal_append(sql, &entry, error);
    json_decref(diff);
    return done;
}
