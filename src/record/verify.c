/* Verifying a database, in three readings of one snapshot: the journal in order of seq against the
 * seals; each type's entries in order of records beside its rows; and the places of all rows. The
 * hashing of the first two is done by a second thread (verify_queue.h). */
#include "record/journal.h"
#include "record/query.h"
#include "record/receipt.h"
#include "record/rights.h"
#include "record/rows.h"
#include "record/schema.h"
#include "record/verify_part.h"
#include "record/verify_queue.h"

#include <string.h>

const char *const rowless_types[1] = {RECEIPT_TYPE};

static gboolean copy_hash(SqlStatement *st, int column, guint8 out[static HASH_BYTES]) {
    gsize n;
    const void *bytes = sql_blob(st, column, &n);
    memset(out, 0, HASH_BYTES);
    if (n == HASH_BYTES)
        memcpy(out, bytes, n);
    return n == HASH_BYTES;
}

/* --- in order of seq: no gap, and every seal fits --- */

typedef struct {
    gboolean is_seal;
    Seal seal; /* an entry has number = seq and hash only */
} SealItem;

static gboolean check_seal_items(gpointer data, const guint8 *bytes, gsize n, GError **error) {
    for (gsize at = 0; at < n; at += sizeof(SealItem)) {
        SealItem item;
        memcpy(&item, bytes + at, sizeof item);
        if (item.is_seal ? !seal_check_seal(data, &item.seal, error)
                         : !seal_check_entry(data, item.seal.number, item.seal.hash, error))
            return FALSE;
    }
    return TRUE;
}

typedef struct {
    SqlStatement *seals, *entries;
    VerifyQueue *queue;
    SealItem seal; /* the next one */
    SqlStep step;  /* SQL_ROW: there is one */
} SealReading;

static gboolean push(VerifyQueue *queue, const SealItem *item) {
    g_byte_array_append(verify_queue_batch(queue), (const guint8 *)item, sizeof *item);
    return verify_queue_next(queue);
}

static void read_seal(SealReading *reading, GError **error) {
    SqlStatement *st = reading->seals;
    reading->step = sql_step(st, error);
    if (reading->step != SQL_ROW)
        return;
    reading->seal = (SealItem){.is_seal = TRUE,
                               .seal = {.number = sql_int(st, 0),
                                        .time_ms = sql_int(st, 1),
                                        .first_seq = sql_int(st, 2),
                                        .last_seq = sql_int(st, 3)}};
    copy_hash(st, 4, reading->seal.seal.root);
    copy_hash(st, 5, reading->seal.seal.hash);
}

/* Seals up to the one that begins with `seq`. FALSE: no need to go on, or *error. */
static gboolean push_seals(SealReading *reading, gint64 seq, GError **error) {
    while (reading->step == SQL_ROW && reading->seal.seal.first_seq <= seq) {
        if (!push(reading->queue, &reading->seal))
            return FALSE;
        read_seal(reading, error);
    }
    return reading->step != SQL_FAILED;
}

static gboolean read_seals(SealReading *reading, GError **error) {
    SqlStep step;
    read_seal(reading, error);
    while ((step = sql_step(reading->entries, error)) == SQL_ROW) {
        SealItem item = {.seal.number = sql_int(reading->entries, 0)};
        copy_hash(reading->entries, 1, item.seal.hash);
        if (!push_seals(reading, item.seal.number, error) || !push(reading->queue, &item))
            return reading->step != SQL_FAILED;
    }
    push_seals(reading, G_MAXINT64, error);
    return step == SQL_DONE && reading->step != SQL_FAILED;
}

static gboolean check_seals(Sql *sql, const JournalHead *kept, VerifyReport *report,
                            GError **error) {
    SealReading reading = {0};
    SealCheck check = {.kept = kept};
    reading.seals = sql_scan(
        sql, error,
        "SELECT number, time_ms, first_seq, last_seq, root, hash FROM seals ORDER BY number", "");
    if (reading.seals)
        reading.entries = sql_scan(sql, error, "SELECT seq, hash FROM journal ORDER BY seq", "");
    if (reading.entries == NULL)
        return FALSE;
    reading.queue = verify_queue_new(check_seal_items, &check);
    gboolean good = read_seals(&reading, error);
    good = verify_queue_end(reading.queue, good ? error : NULL) && good;
    good = good && seal_check_end(&check, error);
    sql_reset(reading.entries);
    sql_reset(reading.seals);
    seal_check_clear(&check);
    seal_check_report(&check, report);
    return good;
}

/* --- record by record: the chain of each, by the second thread --- */

typedef struct {
    gint64 seq;
    gsize n;        /* bytes of the canonical form, which follow */
    gboolean first; /* of its record */
    guint8 hash[HASH_BYTES];
} ChainItem;

typedef struct {
    HashState *state;
    guint8 former[HASH_BYTES];
} Chain;

static gboolean check_chain_items(gpointer data, const guint8 *bytes, gsize n, GError **error) {
    static const guint8 none[HASH_BYTES];
    Chain *chain = data;
    ChainItem item;
    for (gsize at = 0; at < n; at += item.n) {
        guint8 hash[HASH_BYTES];
        memcpy(&item, bytes + at, sizeof item);
        at += sizeof item;
        hash_add(chain->state, item.first ? none : chain->former, HASH_BYTES);
        hash_add(chain->state, bytes + at, item.n);
        hash_take(chain->state, hash);
        if (memcmp(hash, item.hash, HASH_BYTES) != 0)
            return verify_broken(error, "seq " I64 ": 哈希链断裂 the hash chain is broken",
                                 item.seq);
        memcpy(chain->former, hash, HASH_BYTES);
    }
    return TRUE;
}

static gboolean push_entry(VerifyQueue *queue, SqlStatement *st, const EntryTexts *entry,
                           gboolean first) {
    GByteArray *batch = verify_queue_batch(queue);
    guint start = batch->len;
    ChainItem item = {.seq = entry->seq, .first = first};
    copy_hash(st, JOURNAL_HASH_COLUMN, item.hash);
    g_byte_array_set_size(batch, start + sizeof item);
    entry_write(entry, batch);
    item.n = batch->len - start - sizeof item;
    memcpy(batch->data + start, &item, sizeof item);
    return verify_queue_next(queue);
}

/* --- and the fold of its entries against its row --- */

typedef struct {
    Sql *sql;
    const RecordType *type; /* NULL: its entries have no rows */
    SqlStatement *entries, *rows;
    VerifyQueue *queue;
    Fold *fold;
    gint64 read, records; /* entries and records so far, of all types */
} Reading;

/* Both sides are in order of id, so the next row must be the record's. A row in between has no
 * history. */
static gboolean fold_end(Reading *reading, GError **error) {
    if (reading->type == NULL)
        return TRUE;
    SqlStep step = sql_step(reading->rows, error);
    if (step == SQL_FAILED)
        return FALSE;
    g_autoptr(Row) row = step == SQL_ROW ? row_read(reading->type, reading->rows) : NULL;
    int order = row ? strcmp(row->id, fold_id(reading->fold)) : 1;
    if (order > 0)
        return fold_broken(reading->fold, "记录被删除 the record is gone", error);
    if (order < 0)
        return verify_broken(error, "%s %s: 记录没有日志 the row has no journal",
                             reading->type->name, row->id);
    reading->records++;
    if (!rows_fill(reading->sql, reading->type, &row, 1, error))
        return FALSE;
    if (!rows_complete(row))
        return fold_broken(reading->fold,
                           "行数与表中不符 the number of rows differs from the table", error);
    return fold_fits_row(reading->fold, row, error);
}

static gboolean read_entries(Reading *reading, GError **error) {
    gboolean open = FALSE;
    SqlStep step;
    while ((step = sql_step(reading->entries, error)) == SQL_ROW) {
        EntryTexts entry;
        entry_read(reading->entries, &entry);
        gboolean first =
            !open || !fold_is_of(reading->fold, entry.text[ENTRY_TYPE], entry.text[ENTRY_ID]);
        if (first && open && !fold_end(reading, error))
            return FALSE;
        if (first)
            fold_begin(reading->fold, entry.text[ENTRY_TYPE], entry.text[ENTRY_ID]);
        open = TRUE;
        reading->read++;
        if (!push_entry(reading->queue, reading->entries, &entry, first))
            return TRUE; /* the queue knows why */
        if (!fold_entry(reading->fold, &entry, error))
            return FALSE;
    }
    return step == SQL_DONE && (!open || fold_end(reading, error));
}

static gboolean no_row_left(Reading *reading, GError **error) {
    SqlStep step = sql_step(reading->rows, error);
    if (step == SQL_ROW)
        return verify_broken(error, "%s %s: 记录没有日志 the row has no journal",
                             reading->type->name, sql_text(reading->rows, 0));
    return step == SQL_DONE;
}

SqlStatement *row_scan(Sql *sql, const RecordType *type, GError **error) {
    GString *text = g_string_new("SELECT ");
    row_select(type, text);
    g_string_append_printf(text, " FROM r_%s ORDER BY _id", type->name);
    SqlStatement *st = sql_scan(sql, error, text->str, "");
    g_string_free(text, TRUE);
    return st;
}

SqlStatement *journal_scan_type(Sql *sql, const char *type, GError **error) {
    return sql_scan(sql, error,
                    "SELECT " JOURNAL_COLUMNS " FROM journal WHERE type = ? ORDER BY id, seq", "t",
                    type);
}

static gboolean read_type(Reading *reading, GError **error) {
    reading->rows = row_scan(reading->sql, reading->type, error);
    reading->entries =
        reading->rows ? journal_scan_type(reading->sql, reading->type->name, error) : NULL;
    if (reading->entries == NULL)
        return FALSE;
    gboolean good = read_entries(reading, error) && no_row_left(reading, error);
    sql_reset(reading->entries);
    sql_reset(reading->rows);
    return good;
}

/* No rows beyond those that the records have. */
static gboolean no_stray_rows(Sql *sql, const RecordType *type, GError **error) {
    for (guint i = 0; i < type->row_fields->len; i++) {
        const Field *field = type->row_fields->pdata[i];
        gint64 stray;
        g_autofree char *text = g_strdup_printf(
            "SELECT count(*) FROM r_%s WHERE NOT EXISTS (SELECT 1 FROM r_%s r WHERE r._id = "
            "_record AND r.\"%s\" > _ordinal)",
            field->rows->name, type->name, field->name);
        if (!sql_get_int(sql, error, &stray, 0, text, ""))
            return FALSE;
        if (stray)
            return verify_broken(error, "%s.%s: " I64 " 行不属于任何记录 rows belong to no record",
                                 type->name, field->name, stray);
    }
    return TRUE;
}

/* Entries of the machine's own types have a chain, but no rows. */
static gboolean read_rowless(Reading *reading, const char *type, GError **error) {
    reading->type = NULL;
    reading->entries = journal_scan_type(reading->sql, type, error);
    gboolean good = reading->entries && read_entries(reading, error);
    if (reading->entries)
        sql_reset(reading->entries);
    return good;
}

static gboolean read_types(Reading *reading, const Packs *packs, GError **error) {
    for (guint i = 0; i < packs->types->len; i++) {
        reading->type = packs->types->pdata[i];
        if (!read_type(reading, error) || !no_stray_rows(reading->sql, reading->type, error))
            return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(rowless_types); i++)
        if (!read_rowless(reading, rowless_types[i], error))
            return FALSE;
    return TRUE;
}

/* Entries that belong to no type of the packs have not been read. */
static gboolean no_unknown_type(Sql *sql, const Packs *packs, GError **error) {
    g_autoptr(Query) query =
        query_new("SELECT seq, type FROM journal WHERE type NOT IN ('" RECEIPT_TYPE "'");
    for (guint i = 0; i < packs->types->len; i++) {
        query_add(query, ", ?");
        query_param_text(query, ((const RecordType *)packs->types->pdata[i])->name);
    }
    query_add(query, ") ORDER BY seq LIMIT 1");
    SqlStatement *st = query_start(query, sql, error);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    verify_broken(error, "seq " I64 ": 未知类型 unknown type %s", sql_int(st, 0), sql_text(st, 1));
    sql_reset(st);
    return FALSE;
}

/* The broken chain of an entry explains why its record does not fit, so it goes before. */
static gboolean check_chains(Sql *sql, const Packs *packs, VerifyReport *report, GError **error) {
    GError *chain_error = NULL, *fold_error = NULL;
    Chain chain = {.state = hash_sm3_new()};
    Reading reading = {.sql = sql, .fold = fold_new()};
    reading.queue = verify_queue_new(check_chain_items, &chain);
    read_types(&reading, packs, &fold_error);
    verify_queue_end(reading.queue, &chain_error);
    fold_free(reading.fold);
    hash_state_free(chain.state);
    report->records = reading.records;
    if (chain_error == NULL && fold_error == NULL)
        return reading.read == report->entries || no_unknown_type(sql, packs, error);
    g_propagate_error(error, chain_error ? chain_error : fold_error);
    if (chain_error && fold_error)
        g_error_free(fold_error);
    return FALSE;
}

/* --- the places of the rows --- */

const RecordType *type_owner(const Packs *packs, const RecordType *type) {
    const Field *scope = type->scope_enterprise;
    return scope && scope->kind == FIELD_REF ? packs_type(packs, scope->ref_type) : NULL;
}

/* `own`: the type's field for it, or NULL. */
static void append_place(GString *text, const RecordType *type, const char *column,
                         const Field *own, gboolean owner) {
    g_string_append_printf(text, "t.%s <> coalesce(", column);
    if (own)
        g_string_append_printf(text, "t.%s, ", schema_column((gpointer)type, own->name));
    if (owner)
        g_string_append_printf(text, "o.%s, ", column);
    g_string_append(text, "'', '')");
}

static char *places_text(const RecordType *type, const RecordType *owner) {
    GString *text = g_string_new("SELECT t._id FROM r_");
    g_string_append_printf(text, "%s t", type->name);
    if (owner)
        g_string_append_printf(text, " LEFT JOIN r_%s o ON o._id = t._enterprise", owner->name);
    g_string_append(text, " WHERE ");
    append_place(text, type, "_region", type->scope_region, owner != NULL);
    g_string_append(text, " OR ");
    if (type->has_sector)
        append_place(text, type, "_sector", type->scope_sector, owner != NULL);
    else
        g_string_append(text, "t._sector <> '" ANY_SECTOR "'");
    if (type->key && type->key == type->scope_enterprise)
        g_string_append(text, " OR t._enterprise <> t._id OR t._enterprise IS NULL");
    g_string_append(text, " LIMIT 1");
    return g_string_free(text, FALSE);
}

/* row_find_place of every row at once; and a type that owns its scope says so in both columns. */
gboolean verify_places(Sql *sql, const Packs *packs, const RecordType *type, GError **error) {
    g_autofree char *text = places_text(type, type_owner(packs, type));
    SqlStatement *st = sql_query(sql, error, text, "");
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    verify_broken(
        error,
        "%s %s: 属地、单位或行业与字段不符 _region, _enterprise or _sector is not that of "
        "its fields",
        type->name, sql_text(st, 0));
    sql_reset(st);
    return FALSE;
}

static gboolean check_places(Sql *sql, const Packs *packs, GError **error) {
    for (guint i = 0; i < packs->types->len; i++)
        if (!verify_places(sql, packs, packs->types->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* One snapshot for all readings, so that a live database can be verified. */
gboolean journal_verify(Sql *sql, const Packs *packs, const JournalHead *kept, VerifyReport *report,
                        GError **error) {
    *report = (VerifyReport){0};
    if (!sql_run(sql, error, "SAVEPOINT journal_verify", ""))
        return FALSE;
    gboolean good = check_seals(sql, kept, report, error) &&
                    check_chains(sql, packs, report, error) && check_places(sql, packs, error);
    sql_run(sql, NULL, "RELEASE journal_verify", "");
    return good;
}
