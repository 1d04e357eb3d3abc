#include "record/files.h"
#include "base/media.h"
#include "store/file_store.h"

#include <string.h>

const char file_tables[] =
    "CREATE TABLE IF NOT EXISTS files (id {text} PRIMARY KEY, hash {text} NOT NULL, size {int} NOT "
    "NULL, media {text} NOT NULL, name {text} NOT NULL, uploaded_by {text} NOT NULL, at_ms {int} "
    "NOT NULL);"
    "CREATE INDEX IF NOT EXISTS files_hash ON files (hash);"
    "CREATE INDEX IF NOT EXISTS files_by ON files (uploaded_by);"
    "CREATE INDEX IF NOT EXISTS files_at ON files (at_ms);"
    "CREATE TABLE IF NOT EXISTS file_uses (file {text} NOT NULL, type {text} NOT NULL, id {text} "
    "NOT NULL, field {text} NOT NULL, PRIMARY KEY (file, type, id, field))";

#define FILE_COLUMNS "id, hash, size, media, name, uploaded_by"
#define UNUSED "NOT EXISTS (SELECT 1 FROM file_uses u WHERE u.file = files.id)"

static json_t *file_json(const char *id, const FileContent *content) {
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "file", id, "hash", content->hash, "media",
                     content->media, "name", content->name, "size", (json_int_t)content->size);
}

/* ---- uploads ---- */

static gboolean within_quota(Sql *sql, const Actor *actor, gint64 size, GError **error) {
    SqlStatement *st = sql_query(
        sql, error,
        "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM files WHERE uploaded_by = ? "
        "AND " UNUSED,
        "t", actor->id);
    if (st == NULL || sql_step(st, error) != SQL_ROW)
        return FALSE;
    gboolean room =
        sql_int(st, 0) < FILES_UNUSED_MAX && sql_int(st, 1) + size <= FILES_UNUSED_BYTES;
    sql_reset(st);
    return room || error_set(error, ERROR_FILE_QUOTA, NULL, "1000, 2 GB", NULL);
}

static const char *files_of(Sql *sql, GError **error) {
    const char *store = sql_files(sql);
    if (store == NULL)
        error_set(error, ERROR_CONFIG, "files", "the database was opened without a folder of files",
                  "open it through the program's data directory", NULL);
    return store;
}

json_t *file_register(Sql *sql, const Actor *actor, const FileContent *content, gint64 now_ms,
                      GError **error) {
    char id[ID_TEXT];
    const char *store = files_of(sql, error);
    if (store == NULL || !within_quota(sql, actor, content->size, error) ||
        !file_store_keep(store, content->fd, content->hash, error) ||
        !sql_run(sql, error,
                 "INSERT INTO files (" FILE_COLUMNS ", at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                 "ttittti", id_new(now_ms, id), content->hash, content->size, content->media,
                 content->name, actor->id, now_ms))
        return NULL;
    return file_json(id, content);
}

typedef struct {
    json_t *json; /* NULL: there is none */
    char *by;
} FileRow;

static gboolean file_load(Sql *sql, const char *id, FileRow *file, GError **error) {
    *file = (FileRow){0};
    SqlStatement *st =
        sql_query(sql, error, "SELECT " FILE_COLUMNS " FROM files WHERE id = ?", "t", id);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    FileContent content = {-1, sql_text(st, 1), sql_text(st, 3), sql_text(st, 4), sql_int(st, 2)};
    file->json = file_json(sql_text(st, 0), &content);
    file->by = g_strdup(sql_text(st, 5));
    sql_reset(st);
    return TRUE;
}

static void file_clear(FileRow *file) {
    json_decref(file->json);
    g_free(file->by);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FileRow, file_clear)

/* Type and id of the records that use a file: text, text, text … */
static GPtrArray *file_users(Sql *sql, const char *id, GError **error) {
    return sql_texts(sql, error, 2, "SELECT DISTINCT type, id FROM file_uses WHERE file = ?", "t",
                     id);
}

static gboolean may_read(Sql *sql, const Packs *packs, const Actor *actor, const FileRow *file,
                         const char *id, gboolean *may, GError **error) {
    g_autoptr(GPtrArray) users = file_users(sql, id, error);
    if (users == NULL)
        return FALSE;
    *may = actor->kind == ACTOR_SYSTEM || (users->len == 0 && strcmp(file->by, actor->id) == 0);
    for (guint i = 0; !*may && i < users->len; i += 2) {
        json_t *record = record_get(sql, packs, actor, users->pdata[i], users->pdata[i + 1], NULL);
        *may = record != NULL;
        json_decref(record);
    }
    return TRUE;
}

json_t *file_get(Sql *sql, const Packs *packs, const Actor *actor, const char *id, GError **error) {
    gboolean may = FALSE;
    g_auto(FileRow) file = {0};
    if (!file_load(sql, id, &file, error) ||
        (file.json && !may_read(sql, packs, actor, &file, id, &may, error)))
        return NULL;
    if (may)
        return g_steal_pointer(&file.json);
    error_set(error, ERROR_NOT_FOUND, NULL, "文件", id, NULL);
    return NULL;
}

/* ---- fields ---- */

static json_t *list_of(const FieldValue *value) {
    return value && value->present ? json_loads(value->text, 0, NULL) : NULL;
}

static const char *id_of(json_t *entry) {
    return json_string_value(json_object_get(entry, "file"));
}

static json_t *find_in(json_t *list, const char *id) {
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry) if (g_strcmp0(id_of(entry), id) == 0) return entry;
    return NULL;
}

static gboolean file_fits(const Field *field, json_t *file, GError **error) {
    const Media *media = media_find(json_string_value(json_object_get(file, "media")));
    if (media == NULL || !(media->class & field->accept))
        return error_set(error, ERROR_FIELD_FORMAT, field->name,
                         media ? media->type : "不支持的文件类型 (an unknown kind of file)", NULL);
    if (json_integer_value(json_object_get(file, "size")) <= field->max_size)
        return TRUE;
    g_autofree char *range = g_strdup_printf("≤ %" G_GINT64_FORMAT " bytes", field->max_size);
    return error_set(error, ERROR_FIELD_RANGE, field->name, range, NULL);
}

/* A file may be put into a record by who sent it, and by who may read it where it is used. */
static gboolean may_use(const Act *act, const FileRow *file, const char *id, gboolean *may,
                        GError **error) {
    *may = act->actor->kind != ACTOR_PERSON || strcmp(file->by, act->actor->id) == 0;
    return *may || may_read(act->sql, act->packs, act->actor, file, id, may, error);
}

static json_t *new_file(const Act *act, const Field *field, const char *id, GError **error) {
    g_auto(FileRow) file = {0};
    gboolean may = FALSE;
    if (!file_load(act->sql, id, &file, error) ||
        (file.json && !may_use(act, &file, id, &may, error)))
        return NULL;
    if (may)
        return file_fits(field, file.json, error) ? g_steal_pointer(&file.json) : NULL;
    error_set(error, ERROR_FIELD_REF, field->name, "文件", id, NULL);
    return NULL;
}

static gboolean resolve_field(const Act *act, const Field *field, const FieldValue *old,
                              FieldValue *value, GError **error) {
    json_t *was = list_of(old), *given = list_of(value), *whole = json_array();
    size_t i;
    json_t *entry;
    gboolean good = TRUE;
    json_array_foreach(given, i, entry) {
        json_t *file = json_incref(find_in(was, id_of(entry)));
        if (file == NULL)
            file = new_file(act, field, id_of(entry), error);
        good = good && file;
        if (file)
            json_array_append_new(whole, file);
        else
            break;
    }
    if (good) {
        char *text = json_dumps(whole, JSON_COMPACT | JSON_SORT_KEYS);
        g_free(value->text);
        value->text = g_strdup(text);
        free(text);
    }
    json_decref(was);
    json_decref(given);
    json_decref(whole);
    return good;
}

gboolean files_resolve(const Act *act, const Row *before, Row *row, GError **error) {
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        const FieldValue *old = before ? &before->values[i] : NULL;
        if (field->kind != FIELD_FILE || !row->values[i].present ||
            (old && field_value_equal(old, &row->values[i])))
            continue;
        if (!resolve_field(act, field, old, &row->values[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean use_field(const Act *act, const Row *row, const Field *field, GError **error) {
    json_t *list = list_of(row_value(row, field));
    size_t i;
    json_t *entry;
    gboolean good = TRUE;
    json_array_foreach(list, i, entry) good =
        good && sql_run(act->sql, error,
                        "INSERT INTO file_uses (file, type, id, field) VALUES (?, ?, ?, ?) ON "
                        "CONFLICT (file, type, id, field) DO NOTHING",
                        "tttt", id_of(entry), row->type->name, row->id, field->name);
    json_decref(list);
    return good;
}

gboolean files_use(const Act *act, const Row *before, const Row *row, GError **error) {
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (field->kind != FIELD_FILE || !row->values[i].present ||
            (before && field_value_equal(&before->values[i], &row->values[i])))
            continue;
        if (!use_field(act, row, field, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- what nobody uses ---- */

/* Whether any row names a content. */
static gboolean is_named(Sql *sql, const char *hash, gboolean *named, GError **error) {
    gint64 found;
    if (!sql_get_int(sql, error, &found, 0,
                     "SELECT 1 FROM files WHERE hash = ? UNION ALL SELECT 1 FROM documents WHERE "
                     "hash = ? LIMIT 1",
                     "tt", hash, hash))
        return FALSE;
    *named = found != 0;
    return TRUE;
}

gboolean files_drop(Sql *sql, const GPtrArray *hashes, GError **error) {
    const char *store = files_of(sql, error);
    for (guint i = 0; store && i < hashes->len; i++) {
        gboolean named;
        if (!is_named(sql, hashes->pdata[i], &named, error) ||
            (!named && !file_store_remove(store, hashes->pdata[i], error)))
            return FALSE;
    }
    return store != NULL;
}

static GPtrArray *lapsed(Sql *sql, gint64 now_ms, int max, GPtrArray *hashes, GError **error) {
    SqlStatement *st = sql_query(sql, error,
                                 "SELECT id, hash FROM files WHERE at_ms < ? AND " UNUSED
                                 " ORDER BY at_ms LIMIT ?",
                                 "ii", now_ms - FILE_UNUSED_MS, (gint64)max);
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        g_ptr_array_add(ids, g_strdup(sql_text(st, 0)));
        g_ptr_array_add(hashes, g_strdup(sql_text(st, 1)));
    }
    if (step == SQL_FAILED)
        g_clear_pointer(&ids, g_ptr_array_unref);
    return ids;
}

gboolean files_sweep(Sql *sql, gint64 now_ms, int max, int *removed, GError **error) {
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) ids = lapsed(sql, now_ms, max, hashes, error);
    *removed = 0;
    if (ids == NULL)
        return FALSE;
    for (guint i = 0; i < ids->len; i++)
        if (!sql_run(sql, error, "DELETE FROM files WHERE id = ?", "t", ids->pdata[i]))
            return FALSE;
    *removed = (int)ids->len;
    return ids->len == 0 || files_drop(sql, hashes, error);
}

typedef struct {
    Sql *sql;
    GPtrArray *found;
    guint max;
} Strays;

static gboolean note_stray(gpointer data, const char *hash, GError **error) {
    Strays *strays = data;
    gboolean named = TRUE;
    if (strays->found->len < strays->max && !is_named(strays->sql, hash, &named, error))
        return FALSE;
    if (!named)
        g_ptr_array_add(strays->found, g_strdup(hash));
    return TRUE;
}

GPtrArray *files_strays(Sql *sql, gint64 now_ms, guint max, GError **error) {
    const char *store = files_of(sql, error);
    Strays strays = {sql, g_ptr_array_new_with_free_func(g_free), max};
    if (store && file_store_each(store, now_ms - FILE_UNUSED_MS, note_stray, &strays, error))
        return strays.found;
    g_ptr_array_unref(strays.found);
    return NULL;
}

/* ---- proof ---- */

typedef struct {
    Sql *sql;
    GHashTable *seen; /* hashes that were good */
    gint64 documents; /* that the journal names */
} Proof;

static gboolean content_good(Proof *proof, const char *hash, const char *where, GError **error) {
    if (g_hash_table_contains(proof->seen, hash))
        return TRUE;
    g_autoptr(GError) cause = NULL;
    const char *store = files_of(proof->sql, &cause);
    if (store && file_store_check(store, hash, &cause)) {
        g_hash_table_add(proof->seen, g_strdup(hash));
        return TRUE;
    }
    g_autofree char *detail = error_detail(cause, LANG_ZH);
    g_autofree char *text = g_strdup_printf("%s: %s", where, detail);
    return error_set(error, ERROR_VERIFY, NULL, text, NULL);
}

static gboolean file_good(Proof *proof, json_t *entry, const char *where, GError **error) {
    g_auto(FileRow) file = {0};
    const char *id = id_of(entry), *hash = json_string_value(json_object_get(entry, "hash"));
    if (id == NULL || hash == NULL || !file_load(proof->sql, id, &file, error))
        return (error && *error) || error_set(error, ERROR_VERIFY, NULL, where, NULL);
    if (file.json && json_equal(file.json, entry))
        return content_good(proof, hash, where, error);
    g_autofree char *text =
        g_strdup_printf("%s: 文件 %s 与日志不符 file differs from the journal", where, id);
    return error_set(error, ERROR_VERIFY, NULL, text, NULL);
}

static gboolean document_good(Proof *proof, json_t *document, const char *id, GError **error) {
    gint64 rows;
    const char *name = json_string_value(json_object_get(document, "id")),
               *hash = json_string_value(json_object_get(document, "hash"));
    g_autofree char *where = g_strdup_printf("文书 document %s (%s)", name, id);
    proof->documents++;
    if (!sql_get_int(proof->sql, error, &rows, 0,
                     "SELECT count(*) FROM documents WHERE id = ? AND record = ? AND hash = ? AND "
                     "number = ?",
                     "tttt", name, id, hash,
                     json_string_value(json_object_get(document, "number"))))
        return FALSE;
    if (rows == 1 && hash)
        return content_good(proof, hash, where, error);
    return error_set(error, ERROR_VERIFY, NULL, where, NULL);
}

static gboolean diff_good(Proof *proof, const RecordType *type, const char *id, const char *text,
                          GError **error) {
    json_t *diff = json_loads(text, 0, NULL);
    gboolean good = TRUE;
    for (guint i = 0; good && i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (field->kind != FIELD_FILE)
            continue;
        g_autofree char *where = g_strdup_printf("%s %s %s", type->name, id, field->name);
        json_t *list = json_array_get(json_object_get(diff, field->name), 1), *entry;
        size_t n;
        json_array_foreach(list, n, entry) good = good && file_good(proof, entry, where, error);
    }
    json_t *made = json_array_get(json_object_get(diff, "_documents"), 1), *document;
    size_t n;
    json_array_foreach(made, n, document) good = good && document_good(proof, document, id, error);
    json_decref(diff);
    return good;
}

static gboolean type_good(Proof *proof, const RecordType *type, GError **error) {
    SqlStatement *st = sql_scan(
        proof->sql, error, "SELECT id, diff FROM journal WHERE type = ? ORDER BY type, id, seq",
        "t", type->name);
    SqlStep step = SQL_FAILED;
    gboolean good = st != NULL;
    while (good && (step = sql_step(st, error)) == SQL_ROW)
        good = diff_good(proof, type, sql_text(st, 0), sql_text(st, 1), error);
    if (st)
        sql_reset(st);
    return good && step == SQL_DONE;
}

static gboolean has_files(const RecordType *type) {
    if (type->documents->len)
        return TRUE;
    for (guint i = 0; i < type->fields->len; i++)
        if (((const Field *)type->fields->pdata[i])->kind == FIELD_FILE)
            return TRUE;
    return FALSE;
}

/* No row that the journal does not know. */
static gboolean documents_known(const Proof *proof, GError **error) {
    gint64 rows;
    if (!sql_get_int(proof->sql, error, &rows, 0, "SELECT count(*) FROM documents", ""))
        return FALSE;
    return rows == proof->documents ||
           error_set(error, ERROR_VERIFY, NULL,
                     "文书比日志所记的多 there are documents that the journal does not know", NULL);
}

gboolean files_verify(Sql *sql, const Packs *packs, gint64 *checked, GError **error) {
    Proof proof = {sql, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), 0};
    gboolean good = sql_run(sql, error, "SAVEPOINT files_verify", "");
    gboolean begun = good;
    for (guint i = 0; good && i < packs->types->len; i++)
        if (has_files(packs->types->pdata[i]))
            good = type_good(&proof, packs->types->pdata[i], error);
    good = good && documents_known(&proof, error);
    if (begun)
        sql_run(sql, NULL, "RELEASE files_verify", "");
    *checked = g_hash_table_size(proof.seen);
    g_hash_table_destroy(proof.seen);
    return good;
}
