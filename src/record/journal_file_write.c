#include "record/journal_file.h"
#include "record/journal_file_item.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    Sql *sql;
    const Packs *packs;
    gboolean rows;
    FILE *out;
    HashState *hash; /* of all that has been written */
    GByteArray *item;
    GString *text;
    GPtrArray *types; /* RecordType*: whose place others take go before those */
    gint64 entries, seals, records;
} Writing;

/* --- items --- */

static void put_int(GByteArray *item, gint64 value) {
    guint64 word = GUINT64_TO_BE((guint64)value);
    g_byte_array_append(item, (const guint8 *)&word, sizeof word);
}

static void put_text(GByteArray *item, const char *text) {
    put_int(item, text ? (gint64)strlen(text) : -1);
    if (text)
        g_byte_array_append(item, (const guint8 *)text, (guint)strlen(text));
}

static gboolean put_bytes(Writing *writing, const void *bytes, gsize n, GError **error) {
    hash_add(writing->hash, bytes, n);
    if (fwrite(bytes, 1, n, writing->out) == n)
        return TRUE;
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG
               ? error_set(error, ERROR_DISK_FULL, NULL, NULL)
               : error_set(error, ERROR_FILE, NULL, "journal", g_strerror(errno), NULL);
}

/* A hash that is not one is written as zeros: the reader will say so. */
static void put_hash(GByteArray *item, SqlStatement *st, int column) {
    gsize n;
    guint8 hash[HASH_BYTES] = {0};
    const void *bytes = sql_blob(st, column, &n);
    if (n == HASH_BYTES)
        memcpy(hash, bytes, n);
    g_byte_array_append(item, hash, HASH_BYTES);
}

/* Writes the item and empties it. */
static gboolean put_item(Writing *writing, int tag, GError **error) {
    guint8 head[ITEM_HEAD] = {(guint8)tag};
    guint64 length = GUINT64_TO_BE((guint64)writing->item->len);
    memcpy(head + 1, &length, sizeof length);
    gboolean done = (writing->item->len <= ITEM_BYTES_MAX ||
                     error_set(error, ERROR_FILE, NULL, "journal", "an entry is too long", NULL)) &&
                    put_bytes(writing, head, sizeof head, error) &&
                    put_bytes(writing, writing->item->data, writing->item->len, error);
    g_byte_array_set_size(writing->item, 0);
    return done;
}

/* --- what is written --- */

static const char *field_name(const Field *field) { return field ? field->name : NULL; }

static gboolean put_type(Writing *writing, const RecordType *type, GError **error) {
    const RecordType *owner = type_owner(writing->packs, type);
    const char *texts[TYPE_TEXTS] = {[TYPE_NAME] = type->name,
                                     [TYPE_KEY] = field_name(type->key),
                                     [TYPE_REGION] = field_name(type->scope_region),
                                     [TYPE_ENTERPRISE] = field_name(type->scope_enterprise),
                                     [TYPE_OWNER] = owner ? owner->name : NULL,
                                     [TYPE_SECTOR] = field_name(type->scope_sector)};
    for (int i = 0; i < TYPE_TEXTS; i++)
        put_text(writing->item, texts[i]);
    put_int(writing->item, type->has_sector);
    return put_item(writing, ITEM_TYPE, error);
}

static gboolean put_row(Writing *writing, const Row *row, GError **error) {
    g_string_truncate(writing->text, 0);
    row_values_text(row, writing->text);
    const char *texts[ROW_TEXTS] = {
        [ROW_STATE] = row_state(row), [ROW_CREATED_BY] = row->created_by,
        [ROW_REGION] = row->region,   [ROW_ENTERPRISE] = row_enterprise(row),
        [ROW_SECTOR] = row->sector,   [ROW_FIELDS] = writing->text->str};
    const gint64 ints[ROW_INTS] = {[ROW_VERSION] = row->version,
                                   [ROW_CREATED] = row->created_ms,
                                   [ROW_UPDATED] = row->updated_ms,
                                   [ROW_STATE_TIME] = row->state_ms};
    put_text(writing->item, row->type->name);
    put_text(writing->item, row->id);
    for (int i = 0; i < ROW_INTS; i++)
        put_int(writing->item, ints[i]);
    for (int i = 0; i < ROW_TEXTS; i++)
        put_text(writing->item, texts[i]);
    writing->records++;
    return put_item(writing, ITEM_ROW, error);
}

/* The rows up to the record whose entries have been written. */
static gboolean put_rows(Writing *writing, const RecordType *type, SqlStatement *rows, Row **ahead,
                         const char *id, GError **error) {
    while (TRUE) {
        if (*ahead == NULL) {
            SqlStep step = sql_step(rows, error);
            if (step != SQL_ROW)
                return step == SQL_DONE;
            *ahead = row_read(type, rows);
        }
        if (id && strcmp((*ahead)->id, id) > 0)
            return TRUE;
        gboolean done = put_row(writing, *ahead, error);
        g_clear_pointer(ahead, row_free);
        if (!done)
            return FALSE;
    }
}

static gboolean put_records(Writing *writing, const RecordType *type, SqlStatement *entries,
                            SqlStatement *rows, GError **error) {
    g_autofree char *id = NULL;
    g_autoptr(Row) ahead = NULL;
    gboolean rows_end = rows == NULL;
    SqlStep step;
    while ((step = sql_step(entries, error)) == SQL_ROW) {
        EntryTexts entry;
        entry_read(entries, &entry);
        if (id && strcmp(id, entry.text[ENTRY_ID]) != 0 && !rows_end) {
            if (!put_rows(writing, type, rows, &ahead, id, error))
                return FALSE;
            rows_end = ahead == NULL;
        }
        if (g_strcmp0(id, entry.text[ENTRY_ID]) != 0) {
            g_free(id);
            id = g_strdup(entry.text[ENTRY_ID]);
        }
        put_hash(writing->item, entries, JOURNAL_HASH_COLUMN);
        entry_write(&entry, writing->item);
        writing->entries++;
        if (!put_item(writing, ITEM_ENTRY, error))
            return FALSE;
    }
    return step == SQL_DONE && (rows_end || put_rows(writing, type, rows, &ahead, NULL, error));
}

static gboolean put_type_records(Writing *writing, const RecordType *type, GError **error) {
    SqlStatement *rows = NULL, *entries;
    if (writing->rows && (rows = row_scan(writing->sql, type, error)) == NULL)
        return FALSE;
    entries = journal_scan_type(writing->sql, type->name, error);
    gboolean done = entries && put_records(writing, type, entries, rows, error);
    if (entries)
        sql_reset(entries);
    if (rows)
        sql_reset(rows);
    return done;
}

static gboolean put_rowless(Writing *writing, const char *type, GError **error) {
    SqlStatement *entries = journal_scan_type(writing->sql, type, error);
    gboolean done = entries && put_records(writing, NULL, entries, NULL, error);
    if (entries)
        sql_reset(entries);
    return done;
}

static gboolean put_seals(Writing *writing, GError **error) {
    SqlStatement *st = sql_scan(writing->sql, error,
                                "SELECT number, time_ms, first_seq, last_seq, root, hash FROM "
                                "seals ORDER BY number",
                                "");
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        for (int i = 0; i < 4; i++)
            put_int(writing->item, sql_int(st, i));
        put_hash(writing->item, st, 4);
        put_hash(writing->item, st, 5);
        writing->seals++;
        if (!put_item(writing, ITEM_SEAL, error)) {
            sql_reset(st);
            return FALSE;
        }
    }
    return step == SQL_DONE;
}

/* The last item; its hash covers all before it, its own head and its numbers. */
static gboolean put_end(Writing *writing, GError **error) {
    guint8 hash[HASH_BYTES];
    put_int(writing->item, writing->entries);
    put_int(writing->item, writing->records);
    put_int(writing->item, writing->seals);
    if (!put_item(writing, ITEM_END, error))
        return FALSE;
    hash_take(writing->hash, hash);
    return put_bytes(writing, hash, sizeof hash, error);
}

static void add_type(Writing *writing, const RecordType *type) {
    const RecordType *owner = type_owner(writing->packs, type);
    if (g_ptr_array_find(writing->types, type, NULL))
        return;
    if (owner && owner != type)
        add_type(writing, owner);
    if (!g_ptr_array_find(writing->types, type, NULL))
        g_ptr_array_add(writing->types, (gpointer)type);
}

static gboolean put_all(Writing *writing, GError **error) {
    for (guint i = 0; i < writing->packs->types->len; i++)
        add_type(writing, writing->packs->types->pdata[i]);
    if (!put_bytes(writing, JOURNAL_FILE_MAGIC, strlen(JOURNAL_FILE_MAGIC), error))
        return FALSE;
    for (guint i = 0; i < writing->types->len; i++)
        if (!put_type(writing, writing->types->pdata[i], error))
            return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(rowless_types); i++) {
        put_text(writing->item, rowless_types[i]);
        for (int j = 1; j < TYPE_TEXTS; j++)
            put_text(writing->item, NULL);
        put_int(writing->item, 0);
        if (!put_item(writing, ITEM_TYPE, error))
            return FALSE;
    }
    for (guint i = 0; i < writing->types->len; i++)
        if (!put_type_records(writing, writing->types->pdata[i], error))
            return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(rowless_types); i++)
        if (!put_rowless(writing, rowless_types[i], error))
            return FALSE;
    return put_seals(writing, error) && put_end(writing, error);
}

static gboolean close_file(Writing *writing, const char *path, gboolean done, GError **error) {
    gboolean synced = fflush(writing->out) == 0 && fsync(fileno(writing->out)) == 0;
    int cause = errno;
    gboolean closed = fclose(writing->out) == 0;
    if (done && (!synced || !closed))
        done = cause == ENOSPC || cause == EDQUOT || cause == EFBIG
                   ? error_set(error, ERROR_DISK_FULL, NULL, NULL)
                   : error_set(error, ERROR_FILE, NULL, path, g_strerror(cause), NULL);
    if (!done)
        g_unlink(path);
    return done;
}

gboolean journal_file_write(Sql *sql, const Packs *packs, const char *path, gboolean rows,
                            gint64 *entries, GError **error) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(error, ERROR_FILE, NULL, path, g_strerror(errno), NULL);
    Writing writing = {.sql = sql,
                       .packs = packs,
                       .rows = rows,
                       .out = fdopen(fd, "wb"),
                       .hash = hash_sm3_new(),
                       .item = g_byte_array_new(),
                       .text = g_string_new(NULL),
                       .types = g_ptr_array_new()};
    gboolean done = sql_run(sql, error, "SAVEPOINT journal_file", "");
    if (done) {
        done = put_all(&writing, error);
        sql_run(sql, NULL, "RELEASE journal_file", "");
    }
    done = close_file(&writing, path, done, error);
    *entries = writing.entries;
    hash_state_free(writing.hash);
    g_byte_array_unref(writing.item);
    g_string_free(writing.text, TRUE);
    g_ptr_array_unref(writing.types);
    return done;
}
