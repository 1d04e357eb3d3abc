#include "record/act.h"
#include "record/journal.h"
#include "record/journal_hash.h"

#include <stdarg.h>
#include <string.h>

static gboolean broken(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean broken(GError **error, const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    return error_set(error, ERROR_VERIFY, NULL, text, NULL);
}

#define I64 "%" G_GINT64_FORMAT

/* --- first pass, in order of seq: no gap, and every seal fits --- */

typedef struct {
    SqlStatement *seals;
    Seal seal;     /* the one being checked */
    gboolean open; /* there is one */
    guint8 former[HASH_BYTES];
    Merkle merkle;
    gint64 last_seq; /* last entry seen */
    VerifyReport *report;
} SealPass;

static gboolean copy_hash(SqlStatement *st, int column, guint8 out[static HASH_BYTES]) {
    gsize n;
    const void *bytes = sql_blob(st, column, &n);
    memset(out, 0, HASH_BYTES);
    if (n == HASH_BYTES)
        memcpy(out, bytes, n);
    return n == HASH_BYTES;
}

static gboolean seal_chained(SealPass *pass, gint64 number, gint64 first_seq, GError **error) {
    guint8 hash[HASH_BYTES];
    if (pass->seal.number != number || pass->seal.first_seq != first_seq ||
        pass->seal.last_seq < first_seq)
        return broken(error, "封条 seal " I64 ": 序号不连续 does not follow the former one",
                      pass->seal.number);
    seal_hash(pass->former, &pass->seal, hash);
    if (memcmp(hash, pass->seal.hash, HASH_BYTES) != 0)
        return broken(error, "封条 seal " I64 ": 哈希不符 hash differs", pass->seal.number);
    memcpy(pass->former, hash, HASH_BYTES);
    return TRUE;
}

static gboolean seal_next(SealPass *pass, GError **error) {
    gint64 number = pass->seal.number + 1, first_seq = pass->seal.last_seq + 1;
    SqlStep step = sql_step(pass->seals, error);
    pass->open = step == SQL_ROW;
    if (!pass->open)
        return step == SQL_DONE;
    pass->seal = (Seal){.number = sql_int(pass->seals, 0),
                        .time_ms = sql_int(pass->seals, 1),
                        .first_seq = sql_int(pass->seals, 2),
                        .last_seq = sql_int(pass->seals, 3)};
    copy_hash(pass->seals, 4, pass->seal.root);
    copy_hash(pass->seals, 5, pass->seal.hash);
    pass->merkle.leaves = 0;
    pass->report->seals++;
    return seal_chained(pass, number, first_seq, error);
}

static gboolean seal_root_fits(const SealPass *pass, GError **error) {
    guint8 root[HASH_BYTES];
    merkle_root(&pass->merkle, root);
    return memcmp(root, pass->seal.root, HASH_BYTES) == 0 ||
           broken(error,
                  "封条 seal " I64 " (seq " I64 "–" I64
                  "): 根不符，其中有条目被改动 root differs, an entry in it was changed",
                  pass->seal.number, pass->seal.first_seq, pass->seal.last_seq);
}

static gboolean seal_entry(SealPass *pass, SqlStatement *entries, GError **error) {
    guint8 leaf[HASH_BYTES];
    gint64 seq = sql_int(entries, 0);
    if (seq != pass->last_seq + 1)
        return broken(error, "seq " I64 ": 条目缺失 entry is missing", pass->last_seq + 1);
    pass->last_seq = seq;
    pass->report->entries++;
    if (!copy_hash(entries, 1, leaf))
        return broken(error, "seq " I64 ": 哈希缺失 hash is missing", seq);
    if (!pass->open) {
        pass->report->unsealed++;
        return TRUE;
    }
    merkle_add(&pass->merkle, leaf);
    return seq < pass->seal.last_seq || (seal_root_fits(pass, error) && seal_next(pass, error));
}

static gboolean check_seals(Sql *sql, VerifyReport *report, GError **error) {
    SealPass pass = {.report = report};
    pass.seals = sql_scan(
        sql, error,
        "SELECT number, time_ms, first_seq, last_seq, root, hash FROM seals ORDER BY number", "");
    SqlStatement *entries =
        pass.seals ? sql_scan(sql, error, "SELECT seq, hash FROM journal ORDER BY seq", "") : NULL;
    if (entries == NULL)
        return FALSE;
    gboolean good = seal_next(&pass, error);
    SqlStep step = SQL_DONE;
    while (good && (step = sql_step(entries, error)) == SQL_ROW)
        good = seal_entry(&pass, entries, error);
    if (good && step == SQL_DONE && pass.open)
        good = broken(error, "seq " I64 ": 条目缺失 entry is missing (seal " I64 ")",
                      pass.last_seq + 1, pass.seal.number);
    sql_reset(entries);
    sql_reset(pass.seals);
    return good && step != SQL_FAILED;
}

/* --- second pass, record by record: the chain, and the fold of its entries against its row --- */

typedef struct {
    Sql *sql;
    const Packs *packs;
    VerifyReport *report;
    const RecordType *type; /* of the record at hand; NULL before the first */
    char *id;
    json_t *record; /* the fold */
    gint64 version, state_ms, last_seq;
    guint8 former[HASH_BYTES];
    gint64 records_of_type;
} Fold;

static void fold_clear(Fold *fold) {
    g_clear_pointer(&fold->id, g_free);
    g_clear_pointer(&fold->record, json_decref);
}

static void set_text(json_t *json, const char *name, const char *text) {
    if (text)
        json_object_set_new_nocheck(json, name, json_string_nocheck(text));
}

static void fold_diff(json_t *record, json_t *diff) {
    const char *name;
    json_t *pair;
    json_object_foreach(diff, name, pair) {
        json_t *value = json_array_get(pair, 1);
        if (*name == '_' || value == NULL)
            continue;
        if (json_is_null(value))
            json_object_del(record, name);
        else
            json_object_set_nocheck(record, name, value);
    }
}

static void fold_system(Fold *fold, const EntryTexts *entry) {
    char time[TIME_TEXT];
    time_format(entry->time_ms, time);
    if (fold->version++ == 0) {
        set_text(fold->record, "id", fold->id);
        set_text(fold->record, "type", fold->type->name);
        set_text(fold->record, "created_at", time);
        set_text(fold->record, "created_by", entry->text[ENTRY_ACTOR]);
    }
    json_object_set_new_nocheck(fold->record, "version", json_integer(fold->version));
    set_text(fold->record, "updated_at", time);
    set_text(fold->record, "state", entry->text[ENTRY_TO]);
    if (fold->version == 1 || g_strcmp0(entry->text[ENTRY_FROM], entry->text[ENTRY_TO]) != 0)
        fold->state_ms = entry->time_ms;
}

/* "clock:NAME" entries say what was passed over; they change nothing. */
static gboolean changes_record(const EntryTexts *entry) {
    return !g_str_has_prefix(entry->text[ENTRY_ACTION], "clock:");
}

static gboolean fold_entry(Fold *fold, const EntryTexts *entry, GError **error) {
    if (!changes_record(entry))
        return TRUE;
    json_t *diff = json_loads(entry->text[ENTRY_DIFF], 0, NULL);
    if (diff == NULL)
        return broken(error, "seq " I64 ": 内容无法解析 diff cannot be read", entry->seq);
    fold_system(fold, entry);
    fold_diff(fold->record, diff);
    json_decref(diff);
    return TRUE;
}

static char *first_difference(json_t *a, json_t *b) {
    const char *name;
    json_t *value;
    json_object_foreach(
        a, name, value) if (!json_equal(value, json_object_get(b, name))) return g_strdup(name);
    json_object_foreach(b, name, value) if (!json_object_get(a, name)) return g_strdup(name);
    return NULL;
}

static gboolean record_broken(const Fold *fold, const char *what, GError **error) {
    return broken(error, "%s %s (seq " I64 "): %s", fold->type->name, fold->id, fold->last_seq,
                  what);
}

static gboolean row_fits(const Fold *fold, const Row *row, GError **error) {
    json_t *record = row_json(row);
    g_autofree char *name = first_difference(fold->record, record);
    json_decref(record);
    if (name) {
        g_autofree char *what =
            g_strdup_printf("字段 %s 与日志不符 differs from the journal in %s", name, name);
        return record_broken(fold, what, error);
    }
    if (row->state_ms != fold->state_ms)
        return record_broken(fold, "进入状态的时间与日志不符 _state_ms differs from the journal",
                             error);
    g_autofree char *region = NULL, *sector = NULL;
    if (!row_find_place(fold->sql, fold->packs, row, &region, &sector, error))
        return FALSE;
    if (strcmp(sector, row->sector) != 0)
        return record_broken(fold, "行业与字段不符 _sector is not that of its fields", error);
    return strcmp(region, row->region) == 0 ||
           record_broken(fold, "属地与字段不符 _region is not that of its fields", error);
}

static gboolean fold_end(Fold *fold, GError **error) {
    GError *failure = NULL;
    g_autoptr(Row) row = row_load(fold->sql, fold->type, fold->id, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    fold->report->records++;
    fold->records_of_type++;
    return row ? row_fits(fold, row, error)
               : record_broken(fold, "记录被删除 the record is gone", error);
}

/* Every row has a history, and a type that owns its scope says so in both columns. */
static gboolean type_end(const Fold *fold, GError **error) {
    gint64 rows, torn = 0;
    g_autofree char *text = g_strdup_printf("SELECT count(*) FROM r_%s", fold->type->name);
    g_autofree char *scope =
        g_strdup_printf("SELECT count(*) FROM r_%s WHERE _enterprise <> _id OR _enterprise IS NULL",
                        fold->type->name);
    if (!sql_get_int(fold->sql, error, &rows, 0, text, ""))
        return FALSE;
    if (fold->type->key && fold->type->key == fold->type->scope_enterprise &&
        !sql_get_int(fold->sql, error, &torn, 0, scope, ""))
        return FALSE;
    if (torn)
        return broken(error, "%s: _enterprise 与编码不符 differs from the key in " I64 " rows",
                      fold->type->name, torn);
    return rows == fold->records_of_type ||
           broken(error, "%s: " I64 " 条记录没有日志 rows have no journal", fold->type->name,
                  rows - fold->records_of_type);
}

static gboolean fold_begin(Fold *fold, const EntryTexts *entry, GError **error) {
    const RecordType *type = packs_type(fold->packs, entry->text[ENTRY_TYPE]);
    if (type == NULL)
        return broken(error, "seq " I64 ": 未知类型 unknown type %s", entry->seq,
                      entry->text[ENTRY_TYPE]);
    if (fold->type && !fold_end(fold, error))
        return FALSE;
    if (type != fold->type) {
        if (fold->type && !type_end(fold, error))
            return FALSE;
        fold->records_of_type = 0;
    }
    fold_clear(fold);
    fold->type = type;
    fold->id = g_strdup(entry->text[ENTRY_ID]);
    fold->record = json_object();
    fold->version = 0;
    memset(fold->former, 0, HASH_BYTES);
    return TRUE;
}

static gboolean same_record(const Fold *fold, const EntryTexts *entry) {
    return fold->type && strcmp(fold->id, entry->text[ENTRY_ID]) == 0 &&
           strcmp(fold->type->name, entry->text[ENTRY_TYPE]) == 0;
}

static gboolean chain_entry(Fold *fold, SqlStatement *st, GError **error) {
    EntryTexts entry;
    guint8 stored[HASH_BYTES], hash[HASH_BYTES];
    entry_read(st, &entry);
    if (!same_record(fold, &entry) && !fold_begin(fold, &entry, error))
        return FALSE;
    entry_hash(fold->former, &entry, hash);
    if (!copy_hash(st, JOURNAL_HASH_COLUMN, stored) || memcmp(stored, hash, HASH_BYTES) != 0)
        return broken(error, "seq " I64 " (%s %s): 哈希链断裂 the hash chain is broken", entry.seq,
                      entry.text[ENTRY_TYPE], entry.text[ENTRY_ID]);
    memcpy(fold->former, hash, HASH_BYTES);
    fold->last_seq = entry.seq;
    return fold_entry(fold, &entry, error);
}

static gboolean check_chains(Sql *sql, const Packs *packs, VerifyReport *report, GError **error) {
    Fold fold = {.sql = sql, .packs = packs, .report = report};
    SqlStatement *st =
        sql_scan(sql, error, "SELECT " JOURNAL_COLUMNS " FROM journal ORDER BY type, id, seq", "");
    if (st == NULL)
        return FALSE;
    gboolean good = TRUE;
    SqlStep step = SQL_DONE;
    while (good && (step = sql_step(st, error)) == SQL_ROW)
        good = chain_entry(&fold, st, error);
    sql_reset(st);
    good = good && step == SQL_DONE &&
           (fold.type == NULL || (fold_end(&fold, error) && type_end(&fold, error)));
    fold_clear(&fold);
    return good;
}

/* Types without any entry have not been looked at by the second pass. */
static gboolean check_silent_types(Sql *sql, const Packs *packs, GError **error) {
    for (guint i = 0; i < packs->types->len; i++) {
        gint64 entries;
        Fold fold = {.sql = sql, .packs = packs, .type = packs->types->pdata[i]};
        if (!sql_get_int(sql, error, &entries, 0, "SELECT 1 FROM journal WHERE type = ? LIMIT 1",
                         "t", fold.type->name))
            return FALSE;
        if (!entries && !type_end(&fold, error))
            return FALSE;
    }
    return TRUE;
}

/* One snapshot for all passes, so that a live database can be verified. */
gboolean journal_verify(Sql *sql, const Packs *packs, VerifyReport *report, GError **error) {
    *report = (VerifyReport){0};
    if (!sql_run(sql, error, "SAVEPOINT journal_verify", ""))
        return FALSE;
    gboolean good = check_seals(sql, report, error) && check_chains(sql, packs, report, error) &&
                    check_silent_types(sql, packs, error);
    sql_run(sql, NULL, "RELEASE journal_verify", "");
    return good;
}
