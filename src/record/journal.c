#include "record/journal.h"
#include "record/delegation.h"
#include "record/journal_hash.h"
#include "record/rights.h"

#include <string.h>

gint64 journal_last(Sql *sql, GError **error) {
    gint64 last;
    return sql_get_int(sql, error, &last, 0, "SELECT max(seq) FROM journal", "") ? last : -1;
}

static const char former_text[] =
    "SELECT (SELECT max(seq) FROM journal), (SELECT hash FROM journal WHERE type = ? AND id = ? "
    "ORDER BY seq DESC LIMIT 1)";

void journal_ahead(Sql *sql, const char *type, const char *id) {
    sql_ahead(sql, former_text, "tt", type, id);
}

/* The last entry of all, and the hash of the last one of this record. */
static gboolean find_former(Sql *sql, const char *type, const char *id, gint64 *last,
                            guint8 hash[static HASH_BYTES], GError **error) {
    memset(hash, 0, HASH_BYTES);
    SqlStatement *st = sql_query(sql, error, former_text, "tt", type, id);
    if (st == NULL || sql_step(st, error) != SQL_ROW)
        return FALSE;
    gsize n;
    const void *bytes = sql_blob(st, 1, &n);
    if (bytes)
        memcpy(hash, bytes, MIN(n, HASH_BYTES));
    *last = sql_int(st, 0);
    sql_reset(st);
    return TRUE;
}

static gboolean insert_entry(Sql *sql, const EntryTexts *entry,
                             const guint8 hash[static HASH_BYTES], const char *sector,
                             GError **error) {
    SqlStatement *st = sql_prepare(sql,
                                   "INSERT INTO journal (" JOURNAL_COLUMNS
                                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                   error);
    if (st == NULL)
        return FALSE;
    sql_bind_int(st, 1, entry->seq);
    sql_bind_int(st, 2, entry->time_ms);
    for (int i = 0; i < ENTRY_TEXTS; i++)
        sql_bind_text(st, i + 3, entry->text[i]);
    sql_bind_blob(st, JOURNAL_HASH_COLUMN + 1, hash, HASH_BYTES);
    sql_bind_text(st, JOURNAL_SECTOR_COLUMN + 1, sector ? sector : "");
    return sql_send(st, error);
}

gboolean journal_append(Sql *sql, JournalEntry *entry, GError **error) {
    guint8 former[HASH_BYTES], hash[HASH_BYTES];
    gint64 last;
    if (!find_former(sql, entry->type, entry->id, &last, former, error))
        return FALSE;
    entry->seq = last + 1;
    char *diff = json_dumps(entry->diff, JSON_COMPACT | JSON_SORT_KEYS);
    const Actor *actor = entry->actor;
    EntryTexts texts = {.seq = entry->seq,
                        .time_ms = entry->time_ms,
                        .text = {[ENTRY_ACTOR] = actor->id,
                                 [ENTRY_ACTOR_NAME] = actor->name,
                                 [ENTRY_ROLE] = actor->role ? actor->role->name : NULL,
                                 [ENTRY_TYPE] = entry->type,
                                 [ENTRY_ID] = entry->id,
                                 [ENTRY_ACTION] = entry->action,
                                 [ENTRY_FROM] = entry->from,
                                 [ENTRY_TO] = entry->to,
                                 [ENTRY_DIFF] = diff,
                                 [ENTRY_COMMENT] = entry->comment,
                                 [ENTRY_REGION] = entry->region ? entry->region : "",
                                 [ENTRY_ENTERPRISE] = entry->enterprise}};
    entry_hash(former, &texts, hash);
    gboolean done = insert_entry(sql, &texts, hash, entry->sector, error);
    free(diff);
    return done;
}

/* --- reading --- */

char *journal_record_hash(Sql *sql, const char *type, const char *id) {
    SqlStatement *st = sql_query(
        sql, NULL, "SELECT hash FROM journal WHERE type = ? AND id = ? ORDER BY seq DESC LIMIT 1",
        "tt", type, id);
    gsize n;
    char hex[HASH_HEX] = "";
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return NULL;
    const void *hash = sql_blob(st, 0, &n);
    if (n == HASH_BYTES)
        hex_encode(hash, n, hex);
    sql_reset(st);
    return g_strdup(hex);
}

static void set_text(json_t *json, const char *name, const char *text) {
    if (text)
        json_object_set_new(json, name, json_string(text));
}

static void set_common(json_t *json, const EntryTexts *entry) {
    char time[TIME_TEXT];
    json_object_set_new(json, "seq", json_integer(entry->seq));
    set_text(json, "time", time_format(entry->time_ms, time));
    set_text(json, "type", entry->text[ENTRY_TYPE]);
    set_text(json, "id", entry->text[ENTRY_ID]);
    set_text(json, "action", entry->text[ENTRY_ACTION]);
    set_text(json, "from", entry->text[ENTRY_FROM]);
    set_text(json, "to", entry->text[ENTRY_TO]);
}

json_t *journal_entry_json(SqlStatement *st) {
    EntryTexts entry;
    entry_read(st, &entry);
    json_t *json = json_object();
    set_common(json, &entry);
    set_text(json, "actor", entry.text[ENTRY_ACTOR]);
    set_text(json, "actor_name", entry.text[ENTRY_ACTOR_NAME]);
    set_text(json, "role", entry.text[ENTRY_ROLE]);
    set_text(json, "comment", entry.text[ENTRY_COMMENT]);
    json_t *diff = json_loads(entry.text[ENTRY_DIFF], 0, NULL);
    json_object_set_new(json, "diff", diff ? diff : json_object());
    gsize n;
    char hex[HASH_HEX] = "";
    const void *hash = sql_blob(st, JOURNAL_HASH_COLUMN, &n);
    if (n == HASH_BYTES)
        hex_encode(hash, n, hex);
    set_text(json, "hash", hex);
    return json;
}

json_t *journal_of(Sql *sql, const Packs *packs, const char *type, const char *id, GError **error) {
    (void)packs;
    SqlStatement *st =
        sql_query(sql, error,
                  "SELECT " JOURNAL_COLUMNS " FROM journal WHERE type = ? AND id = ? ORDER BY seq",
                  "tt", type, id);
    if (st == NULL)
        return NULL;
    json_t *items = json_array();
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        json_array_append_new(items, journal_entry_json(st));
    if (step == SQL_FAILED)
        g_clear_pointer(&items, json_decref);
    return items;
}

static gboolean entry_seen(Sql *sql, const Packs *packs, const Actor *actor,
                           const EntryTexts *entry, const char *sector) {
    const RecordType *type = packs_type(packs, entry->text[ENTRY_TYPE]);
    return type && rights_read(actor, type) &&
           rights_sees(sql, actor, type, entry->text[ENTRY_ID], entry->text[ENTRY_REGION],
                       entry->text[ENTRY_ENTERPRISE], sector);
}

static gboolean entry_seen_by_any(Sql *sql, const Packs *packs, const Actor *actor,
                                  const GPtrArray *others, const EntryTexts *entry,
                                  const char *sector) {
    gboolean seen = entry_seen(sql, packs, actor, entry, sector);
    for (guint i = 0; others && !seen && i < others->len; i++)
        seen = entry_seen(sql, packs, &((const StandIn *)others->pdata[i])->actor, entry, sector);
    return seen;
}

json_t *journal_after(Sql *sql, const Packs *packs, const Actor *actor, const GPtrArray *others,
                      gint64 seq, int limit, gint64 *last, GError **error) {
    enum {
        LOOKED_AT_MAX = 5000
    }; /* somebody who sees little does not hold the connection for long */
    *last = seq;
    SqlStatement *st = sql_query(
        sql, error, "SELECT " JOURNAL_COLUMNS " FROM journal WHERE seq > ? ORDER BY seq LIMIT ?",
        "ii", seq, (gint64)LOOKED_AT_MAX);
    if (st == NULL)
        return NULL;
    json_t *items = json_array();
    SqlStep step = SQL_DONE;
    while (json_array_size(items) < (gsize)limit && (step = sql_step(st, error)) == SQL_ROW) {
        EntryTexts entry;
        entry_read(st, &entry);
        *last = entry.seq;
        const char *sector = sql_text(st, JOURNAL_SECTOR_COLUMN);
        if (!entry_seen_by_any(sql, packs, actor, others, &entry, sector))
            continue;
        json_t *json = json_object();
        set_common(json, &entry);
        json_object_set_new(json, "region", json_string(entry.text[ENTRY_REGION]));
        set_text(json, "sector", sector);
        if (entry.text[ENTRY_ENTERPRISE])
            json_object_set_new(json, "enterprise", json_string(entry.text[ENTRY_ENTERPRISE]));
        json_array_append_new(items, json);
    }
    sql_reset(st);
    if (step == SQL_FAILED)
        g_clear_pointer(&items, json_decref);
    return items;
}
