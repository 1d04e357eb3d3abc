#include "record/search.h"
#include "record/rows.h"
#include "record/schema.h"
#include "record/search_words.h"

#include <string.h>

/* Stands between two fields, so that no phrase reaches from one into the next. */
static const char gap[] = " 0gap0";

static gboolean searched(const Field *field) {
    for (guint i = 0; field->rows && i < field->rows->fields->len; i++)
        if (searched(field->rows->fields->pdata[i]))
            return TRUE;
    return field->kind == FIELD_TEXT && !field->secret;
}

static void add_words(GString *words, const char *text) {
    if (text == NULL)
        return;
    if (words->len)
        g_string_append(words, gap);
    search_words(text, words);
}

static int by_name(gconstpointer a, gconstpointer b) {
    const Field *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* By name, so that fields added later do not change the order of the others. */
static GPtrArray *searched_fields(const RecordType *type) {
    GPtrArray *fields = g_ptr_array_new();
    for (guint i = 0; i < type->fields->len; i++)
        if (searched(type->fields->pdata[i]))
            g_ptr_array_add(fields, type->fields->pdata[i]);
    g_ptr_array_sort(fields, by_name);
    return fields;
}

static void add_row_words(GString *words, const Row *row, const Field *field) {
    g_autoptr(GPtrArray) cells = searched_fields(field->rows);
    guint n = row_count(row, field);
    for (guint i = 0; i < n; i++)
        for (guint j = 0; j < cells->len; j++) {
            const FieldValue *value = row_cell(row, field, i, cells->pdata[j]);
            add_words(words, value->present ? value->text : NULL);
        }
}

static char *words_of(const Row *row) {
    GString *words = g_string_new(NULL);
    g_autoptr(GPtrArray) fields = searched_fields(row->type);
    add_words(words, row->number);
    for (guint i = 0; i < fields->len; i++) {
        const Field *field = fields->pdata[i];
        if (field->rows)
            add_row_words(words, row, field);
        else
            add_words(words, row_text(row, field));
    }
    return g_string_free(words, FALSE);
}

/* --- the index: SQLite --- */

static const char tables[] = "CREATE TABLE IF NOT EXISTS search_ids (serial INTEGER PRIMARY KEY, "
                             "type TEXT NOT NULL, id TEXT "
                             "NOT NULL, UNIQUE (type, id));"
                             "CREATE TABLE IF NOT EXISTS search_fields (type TEXT NOT NULL, field "
                             "TEXT NOT NULL, PRIMARY KEY "
                             "(type, field));"
                             "CREATE VIRTUAL TABLE IF NOT EXISTS search_text USING fts5 (type, "
                             "words, content = '', tokenize "
                             "= 'unicode61 remove_diacritics 2')";

static gboolean index_add(Sql *sql, gint64 serial, const char *type, const char *words,
                          GError **error) {
    return sql_run(sql, error, "INSERT INTO search_text (rowid, type, words) VALUES (?, ?, ?)",
                   "itt", serial, type, words);
}

static gboolean index_remove(Sql *sql, gint64 serial, const char *type, const char *words,
                             GError **error) {
    return sql_run(sql, error,
                   "INSERT INTO search_text (search_text, rowid, type, words) VALUES ('delete', ?, "
                   "?, ?)",
                   "itt", serial, type, words);
}

static gboolean serial_of(Sql *sql, const Row *row, gint64 *serial, GError **error) {
    return sql_get_int(sql, error, serial, 0,
                       "SELECT serial FROM search_ids WHERE type = ? AND id = ?", "tt",
                       row->type->name, row->id);
}

static void match_words(Query *query, const RecordType *type, const char *text) {
    g_autofree char *phrases = search_phrases(text);
    if (phrases == NULL) { /* nothing that could be written in a record */
        query_add(query, " AND 1 = 0");
        return;
    }
    g_autofree char *match = g_strdup_printf("type : \"%s\" AND words : (%s)", type->name, phrases);
    /* CROSS JOIN: from the words to the ids. The other way round SQLite walks all ids of the type,
     * which is 100 times slower. */
    query_add(query,
              " AND _id IN (SELECT s.id FROM search_text CROSS JOIN search_ids s ON s.serial = "
              "search_text.rowid WHERE search_text MATCH ? AND s.type = ?)");
    query_param_text(query, match);
    query_param_text(query, type->name);
}

/* --- without an index: PostgreSQL, until its own (GIN over pairs of characters) is built --- */

static char *like_pattern(const char *part) {
    g_autofree char *lower = g_utf8_strdown(part, -1);
    GString *pattern = g_string_new("%");
    for (const char *p = lower; *p; p++) {
        if (strchr("%_\\", *p))
            g_string_append_c(pattern, '\\');
        g_string_append_c(pattern, *p);
    }
    g_string_append_c(pattern, '%');
    return g_string_free(pattern, FALSE);
}

static void add_like(Query *query, const char *column, const char *pattern) {
    query_add_format(query, " OR lower(%s) LIKE ? ESCAPE '\\'", column);
    query_param_text(query, pattern);
}

static void add_field_like(Query *query, const RecordType *type, const Field *field,
                           const char *pattern) {
    if (field->rows == NULL) {
        add_like(query, schema_column((gpointer)type, field->name), pattern);
        return;
    }
    g_autoptr(GPtrArray) cells = searched_fields(field->rows);
    query_add_format(query, " OR _id IN (SELECT _record FROM r_%s WHERE 1 = 0", field->rows->name);
    for (guint i = 0; i < cells->len; i++)
        add_field_like(query, field->rows, cells->pdata[i], pattern);
    query_add(query, ")");
}

/* Every part between spaces must occur in one of the texts. */
static void match_parts(Query *query, const RecordType *type, const char *text) {
    g_auto(GStrv) parts = g_strsplit_set(text, " \t\r\n", 16);
    g_autoptr(GPtrArray) fields = searched_fields(type);
    for (guint i = 0; parts[i]; i++) {
        if (*parts[i] == 0)
            continue;
        g_autofree char *pattern = like_pattern(parts[i]);
        query_add(query, " AND (1 = 0");
        add_like(query, "_number", pattern);
        for (guint f = 0; f < fields->len; f++)
            add_field_like(query, type, fields->pdata[f], pattern);
        query_add(query, ")");
    }
}

static gboolean has_index(const Sql *sql) { return sql_kind(sql) == SQL_SQLITE; }

void search_sql(Query *query, const Sql *sql, const RecordType *type, const char *text) {
    if (has_index(sql))
        match_words(query, type, text);
    else
        match_parts(query, type, text);
}

/* --- kept up to date --- */

static gboolean put_new(Sql *sql, const Row *row, GError **error) {
    g_autofree char *words = words_of(row);
    gint64 serial = 0;
    return sql_run(sql, error, "INSERT INTO search_ids (type, id) VALUES (?, ?)", "tt",
                   row->type->name, row->id) &&
           serial_of(sql, row, &serial, error) &&
           index_add(sql, serial, row->type->name, words, error);
}

gboolean search_put(Sql *sql, const Row *before, const Row *row, GError **error) {
    if (!has_index(sql))
        return TRUE;
    if (before == NULL)
        return put_new(sql, row, error);
    g_autofree char *old = words_of(before), *words = words_of(row);
    if (strcmp(old, words) == 0)
        return TRUE;
    gint64 serial = 0;
    return serial_of(sql, row, &serial, error) &&
           index_remove(sql, serial, row->type->name, old, error) &&
           index_add(sql, serial, row->type->name, words, error);
}

/* --- made --- */

static gboolean is_searched(const Packs *packs, const char *type_name, const char *field_name) {
    const RecordType *type = packs_type(packs, type_name);
    const Field *field = type ? type_field(type, field_name) : NULL;
    return field && searched(field);
}

/* Whether the index holds fields that it should not. */
static gboolean is_stale(Sql *sql, const Packs *packs, gboolean *stale, GError **error) {
    SqlStatement *st = sql_query(sql, error, "SELECT type, field FROM search_fields", "");
    SqlStep step = SQL_FAILED;
    *stale = FALSE;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        *stale |= !is_searched(packs, sql_text(st, 0), sql_text(st, 1));
    return step == SQL_DONE;
}

static gboolean remember_fields(Sql *sql, const Packs *packs, GError **error) {
    gboolean done = TRUE;
    for (guint i = 0; done && i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        g_autoptr(GPtrArray) fields = searched_fields(type);
        for (guint j = 0; done && j < fields->len; j++)
            done = sql_run(sql, error,
                           "INSERT INTO search_fields (type, field) VALUES (?, ?) ON CONFLICT DO "
                           "NOTHING",
                           "tt", type->name, ((const Field *)fields->pdata[j])->name);
    }
    return done;
}

/* Rows without a number in the index, a page at a time: reading and writing one table at once is
 * asking for trouble. */
static GPtrArray *missing_rows(Sql *sql, const RecordType *type, const char *after,
                               GError **error) {
    enum { PAGE = 500 };
    g_autoptr(Query) query = query_new("SELECT ");
    row_select(type, query->text);
    query_add_format(query,
                     " FROM r_%s WHERE _id > ? AND NOT EXISTS (SELECT 1 FROM search_ids WHERE "
                     "type = ? AND id = _id) ORDER BY _id LIMIT %d",
                     type->name, PAGE);
    query_param_text(query, after);
    query_param_text(query, type->name);
    SqlStatement *st = query_start(query, sql, error);
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        g_ptr_array_add(rows, row_read(type, st));
    if (step == SQL_FAILED || !rows_fill(sql, type, (Row *const *)rows->pdata, rows->len, error))
        g_clear_pointer(&rows, g_ptr_array_unref);
    return rows;
}

static gboolean fill_type(Sql *sql, const RecordType *type, GError **error) {
    g_autofree char *after = g_strdup("");
    for (;;) {
        g_autoptr(GPtrArray) rows = missing_rows(sql, type, after, error);
        if (rows == NULL || rows->len == 0)
            return rows != NULL;
        for (guint i = 0; i < rows->len; i++)
            if (!put_new(sql, rows->pdata[i], error))
                return FALSE;
        g_free(after);
        after = g_strdup(((const Row *)rows->pdata[rows->len - 1])->id);
    }
}

gboolean search_migrate(Sql *sql, const Packs *packs, GError **error) {
    gboolean stale;
    if (!has_index(sql))
        return TRUE;
    if (!sql_exec(sql, tables, error) || !is_stale(sql, packs, &stale, error))
        return FALSE;
    if (stale &&
        (!sql_exec(sql, "DROP TABLE search_text; DROP TABLE search_ids; DROP TABLE search_fields",
                   error) ||
         !sql_exec(sql, tables, error)))
        return FALSE;
    for (guint i = 0; i < packs->types->len; i++)
        if (!fill_type(sql, packs->types->pdata[i], error))
            return FALSE;
    return remember_fields(sql, packs, error);
}
