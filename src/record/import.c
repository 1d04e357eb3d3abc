#include "record/import.h"
#include "base/hash.h"
#include "record/act.h"
#include "record/import_cell.h"
#include "record/import_head.h"
#include "record/rows.h"

#include <string.h>

gboolean import_mode_parse(const char *text, ImportMode *mode) {
    static const char *const names[] = {
        [IMPORT_UPSERT] = "upsert", [IMPORT_CREATE] = "create", [IMPORT_UPDATE] = "update"};
    for (int i = 0; i < (int)G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], text) == 0) {
            *mode = (ImportMode)i;
            return TRUE;
        }
    return FALSE;
}

char *import_hash(const char *bytes, gsize n) {
    guint8 hash[HASH_BYTES];
    char *text = g_malloc(HASH_HEX);
    HashState *state = hash_sm3_new();
    hash_add(state, bytes, n);
    hash_end(state, hash);
    return hex_encode(hash, HASH_BYTES, text);
}

typedef struct {
    const Act *act;
    const RecordType *type;
    const ImportAsked *asked;
    GArray *columns;        /* ImportColumn, of the sheet that is being read */
    const ImportPage *page; /* the sheet; NULL: the first */
    GPtrArray *rows;        /* by page: GHashTable, id -> RowsOf that no record has taken yet */
    ImportNames *names;
    json_t *errors;
    guint created, updated, unchanged, refused;
} Import;

/* --- errors --- */

static const ImportColumn *column_at(const Import *import, int column) {
    return column >= 0 ? &g_array_index(import->columns, ImportColumn, column) : NULL;
}

/* The column of the field an error names; -1: none. */
static int column_of_error(const Import *import, const GError *error) {
    const char *field = error_field(error);
    for (guint i = 0; field && i < import->columns->len; i++) {
        const ImportColumn *column = column_at(import, (int)i);
        if (column->field && strcmp(column->field->name, field) == 0)
            return (int)i;
    }
    return -1;
}

static void set_taken(json_t *json, const char *name, char *text_take) {
    if (text_take && *text_take)
        json_object_set_new(json, name, json_string(text_take));
    g_free(text_take);
}

static void add_error(Import *import, guint row, int column, const GError *error) {
    if (json_array_size(import->errors) >= IMPORT_ERRORS_MAX)
        return;
    if (column < 0)
        column = column_of_error(import, error);
    const ImportColumn *at = column_at(import, column);
    json_t *json = json_pack("{s:i, s:s}", "row", (int)row, "id", error_id(error));
    if (at) {
        set_taken(json, "column", column_letters((guint)column));
        set_taken(json, "title", g_strdup(at->title));
    }
    const char *field = at && at->field ? at->field->name : error_field(error);
    set_taken(json, "field",
              import->page && field ? g_strconcat(import->page->field->name, ".", field, NULL)
                                    : g_strdup(field));
    set_taken(json, "sheet", g_strdup(import->page ? import->page->name : NULL));
    set_taken(json, "detail", error_detail(error, LANG_ZH));
    set_taken(json, "detail_en", error_detail(error, LANG_EN));
    set_taken(json, "hint", error_hint(error, LANG_ZH));
    set_taken(json, "hint_en", error_hint(error, LANG_EN));
    json_array_append_new(import->errors, json);
}

/* --- one row --- */

static void put_half(json_t *fields, const ImportColumn *column, json_t *value_take) {
    json_t *point = json_object_get(fields, column->field->name);
    if (point == NULL)
        json_object_set_new(fields, column->field->name, point = json_object());
    json_object_set_new(point, column->kind == COLUMN_LON ? "lon" : "lat", value_take);
}

static gboolean put_cell(Import *import, const ImportColumn *column, const Cell *cell,
                         json_t *fields, GError **error) {
    static const Field degrees = {.kind = FIELD_DECIMAL};
    gboolean half = column->kind == COLUMN_LON || column->kind == COLUMN_LAT;
    json_t *value = import_value(import->names, half ? &degrees : column->field, cell, error);
    if (value == NULL)
        return FALSE;
    if (half)
        put_half(fields, column, value);
    else
        json_object_set_new(fields, column->field->name, value);
    return TRUE;
}

/* All cells of a row; FALSE when one or more were refused. */
static gboolean read_cells(Import *import, const TableRow *row, json_t *fields, char **id) {
    gboolean good = TRUE;
    for (guint i = 0; i < MIN(row->cells->len, import->columns->len); i++) {
        const ImportColumn *column = column_at(import, (int)i);
        const Cell *cell = &g_array_index(row->cells, Cell, i);
        g_autoptr(GError) error = NULL;
        if (cell->kind == CELL_EMPTY || column->kind == COLUMN_NOTHING)
            continue;
        if (column->kind == COLUMN_ID) {
            g_free(*id);
            *id = g_strstrip(import_text(cell));
        } else if (!put_cell(import, column, cell, fields, &error)) {
            add_error(import, row->number, (int)i, error);
            good = FALSE;
        }
    }
    return good;
}

/* --- rows on further sheets --- */

typedef struct {
    json_t *array;
    guint row; /* the first of them */
} RowsOf;

static void rows_of_free(gpointer data) {
    RowsOf *rows = data;
    json_decref(rows->array);
    g_free(rows);
}

static void page_free(gpointer data) {
    ImportPage *page = data;
    table_free(page->table);
    g_free(page->name);
    g_free(page);
}

GPtrArray *import_pages(const Packs *packs, const char *type_name, const char *bytes, gsize n,
                        GError **error) {
    const RecordType *type = packs_type(packs, type_name);
    g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(page_free);
    for (guint i = 0; type && i < type->row_fields->len; i++) {
        const Field *field = type->row_fields->pdata[i];
        g_autofree char *name = rows_page_name(type, field);
        GError *failure = NULL;
        Table *table = table_read_page(bytes, n, name, &failure);
        if (failure) {
            g_propagate_error(error, failure);
            return NULL;
        }
        ImportPage page = {field, table ? g_steal_pointer(&name) : NULL, table};
        if (table)
            g_ptr_array_add(pages, g_memdup2(&page, sizeof page));
    }
    return g_steal_pointer(&pages);
}

static void row_unknown(Import *import, guint row, const char *id) {
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_CELL, NULL, id ? id : "", "第一张表中某条记录的标识",
              "the id of a record on the first sheet", ROWS_ID, NULL);
    add_error(import, row, -1, error);
    import->refused++;
}

static void read_page_row(Import *import, const TableRow *row, GHashTable *by_id) {
    g_autofree char *id = NULL;
    json_t *cells = json_object();
    gboolean good = read_cells(import, row, cells, &id);
    RowsOf *of = id ? g_hash_table_lookup(by_id, id) : NULL;
    if (!good)
        import->refused++;
    else if (id == NULL || *id == 0)
        row_unknown(import, row->number, id);
    else if (of)
        json_array_append(of->array, cells);
    else {
        of = g_new(RowsOf, 1);
        *of = (RowsOf){json_pack("[O]", cells), row->number};
        g_hash_table_insert(by_id, g_steal_pointer(&id), of);
    }
    json_decref(cells);
}

static gboolean read_page(Import *import, const ImportPage *page, GError **error) {
    GArray *columns = import->columns, *own = NULL;
    const GPtrArray *rows = page->table->rows;
    GHashTable *by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, rows_of_free);
    g_ptr_array_add(import->rows, by_id);
    own = import_head(page->field->rows, rows->pdata[0], error);
    if (own == NULL)
        return FALSE;
    import->columns = own;
    import->page = page;
    for (guint i = 1; i < rows->len; i++)
        read_page_row(import, rows->pdata[i], by_id);
    import->columns = columns;
    import->page = NULL;
    g_array_unref(own);
    return TRUE;
}

static gboolean read_pages(Import *import, GError **error) {
    const GPtrArray *pages = import->asked->pages;
    for (guint i = 0; pages && i < pages->len; i++)
        if (!read_page(import, pages->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* The rows of a record go with it. */
static void take_rows(Import *import, const char *id, json_t *fields) {
    const RecordType *type = import->type;
    const char *key = type->key ? json_string_value(json_object_get(fields, type->key->name)) : id;
    for (guint i = 0; key && i < import->rows->len; i++) {
        const ImportPage *page = import->asked->pages->pdata[i];
        RowsOf *of = g_hash_table_lookup(import->rows->pdata[i], key);
        if (of == NULL)
            continue;
        json_object_set(fields, page->field->name, of->array);
        g_hash_table_remove(import->rows->pdata[i], key);
    }
}

static void refuse_left_rows(Import *import) {
    for (guint i = 0; i < import->rows->len; i++) {
        GHashTableIter iter;
        gpointer id, of;
        import->page = import->asked->pages->pdata[i];
        g_hash_table_iter_init(&iter, import->rows->pdata[i]);
        while (g_hash_table_iter_next(&iter, &id, &of))
            row_unknown(import, ((RowsOf *)of)->row, id);
    }
    import->page = NULL;
}

/* --- one record --- */

/* Computed cells are not given: those of the record stand for them. */
static void take_computed(const Field *field, const FieldValue *old, FieldValue *value) {
    if (field->rows == NULL || !old->present || !value->present || old->rows->n != value->rows->n)
        return;
    for (guint i = 0; i < field->rows->computed->len; i++) {
        const Field *cell = field->rows->computed->pdata[i];
        for (guint n = 0; n < old->rows->n; n++)
            field_value_copy(&old->rows->cells[(gsize)n * old->rows->width + cell->index],
                             rows_cell_edit(value, n, cell));
    }
}

/* What the record holds already need not be given, also when it may not. */
static void leave_out_same(const Row *before, json_t *fields) {
    for (guint i = 0; i < before->type->fields->len; i++) {
        const Field *field = before->type->fields->pdata[i];
        json_t *given = json_object_get(fields, field->name);
        FieldValue value = {0};
        if (given && field_value_from_json(field, given, &value, NULL)) {
            take_computed(field, row_value(before, field), &value);
            if (field_value_equal(&value, row_value(before, field)))
                json_object_del(fields, field->name);
        }
        field_value_clear(&value);
    }
}

static json_t *change(Import *import, const Row *before, json_t *fields, GError **error) {
    const Act *act = import->act;
    leave_out_same(before, fields);
    if (json_object_size(fields) == 0) {
        json_t *record =
            record_get(act->sql, act->packs, act->actor, import->type->name, before->id, error);
        import->unchanged += record != NULL;
        return record;
    }
    json_t *record = record_edit(act->sql, act->packs, act->actor, import->type->name, before->id,
                                 0, fields, act->now_ms, error);
    import->updated += record != NULL;
    return record;
}

static json_t *make(Import *import, json_t *fields, GError **error) {
    const Act *act = import->act;
    json_t *record = record_create(act->sql, act->packs, act->actor, import->type->name, fields,
                                   NULL, act->now_ms, error);
    import->created += record != NULL;
    return record;
}

static json_t *save(Import *import, const char *id, json_t *fields, GError **error) {
    const RecordType *type = import->type;
    const char *key = type->key ? json_string_value(json_object_get(fields, type->key->name)) : id;
    GError *failure = NULL;
    g_autoptr(Row) before = key && import->asked->mode != IMPORT_CREATE
                                ? row_load(import->act->sql, type, key, &failure)
                                : NULL;
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    if (before)
        return change(import, before, fields, error);
    if (import->asked->mode != IMPORT_UPDATE && (type->key || id == NULL))
        return make(import, fields, error);
    error_set(error, ERROR_NOT_FOUND, type->key ? type->key->name : NULL, type->title.zh,
              key ? key : "-", NULL);
    return NULL;
}

static gboolean is_failure(const GError *error) {
    ErrorKind kind = error_kind(error);
    return kind == ERROR_STORE || kind == ERROR_DISK_FULL || kind == ERROR_INTERNAL;
}

/* FALSE only when the database fails; what a person can mend is counted. */
static gboolean import_row(Import *import, const TableRow *row, GError **error) {
    json_t *fields = json_object(), *record = NULL;
    g_autofree char *id = NULL;
    GError *refusal = NULL;
    gboolean read = read_cells(import, row, fields, &id);
    take_rows(import, id, fields);
    if (read)
        record = save(import, id, fields, &refusal);
    if (record && import->asked->saved)
        g_ptr_array_add(import->asked->saved, json_incref(record));
    gboolean failed = refusal && is_failure(refusal);
    if (refusal && !failed)
        add_error(import, row->number, -1, refusal);
    import->refused += record == NULL;
    json_decref(record);
    json_decref(fields);
    if (failed)
        g_propagate_error(error, refusal);
    else
        g_clear_error(&refusal);
    return !failed;
}

/* --- the file --- */

static json_t *before_json(Sql *sql, const ImportAsked *asked, GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT time_ms, actor FROM imports WHERE type = ? AND hash = ?",
                  "tt", asked->type, asked->hash ? asked->hash : "");
    char time[TIME_TEXT];
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    json_t *json = step == SQL_ROW
                       ? json_pack("{s:s, s:s}", "time", time_format(sql_int(st, 0), time), "actor",
                                   sql_text(st, 1))
                   : step == SQL_DONE ? json_null()
                                      : NULL;
    if (step == SQL_ROW)
        sql_reset(st);
    return json;
}

static gboolean remember(Import *import, GError **error) {
    const Act *act = import->act;
    return import->asked->hash == NULL ||
           sql_run(act->sql, error,
                   "INSERT INTO imports (type, hash, time_ms, actor) VALUES (?, ?, ?, ?) ON "
                   "CONFLICT (type, hash) DO UPDATE SET time_ms = excluded.time_ms, actor = "
                   "excluded.actor",
                   "ttit", import->type->name, import->asked->hash, act->now_ms, act->actor->id);
}

static json_t *columns_json(const Import *import) {
    json_t *columns = json_array();
    for (guint i = 0; i < import->columns->len; i++) {
        const ImportColumn *column = column_at(import, (int)i);
        g_autofree char *letters = column_letters(i);
        json_array_append_new(columns, json_pack("{s:s, s:s, s:s?}", "column", letters, "title",
                                                 column->title, "field",
                                                 column->field ? column->field->name : NULL));
    }
    return columns;
}

static json_t *answer_json(const Import *import) {
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:b, s:o, s:O}", "rows",
                     (int)import->asked->table->rows->len - 1, "created", (int)import->created,
                     "updated", (int)import->updated, "unchanged", (int)import->unchanged,
                     "refused", (int)import->refused, "dry_run", import->asked->dry_run, "columns",
                     columns_json(import), "errors", import->errors);
}

static gboolean import_rows(Import *import, GError **error) {
    const GPtrArray *rows = import->asked->table->rows;
    if (!read_pages(import, error))
        return FALSE;
    for (guint i = 1; i < rows->len; i++)
        if (!import_row(import, rows->pdata[i], error))
            return FALSE;
    refuse_left_rows(import);
    return import->refused > 0 || import->asked->dry_run || remember(import, error);
}

/* In a savepoint of its own, which stays only when every row is good. */
static gboolean run(Import *import, json_t **answer, GError **error) {
    Sql *sql = import->act->sql;
    if (!sql_exec(sql, "SAVEPOINT import", error))
        return FALSE;
    gboolean done = import_rows(import, error);
    gboolean keep = done && import->refused == 0 && !import->asked->dry_run;
    if (!keep && !sql_exec(sql, "ROLLBACK TO import", done ? error : NULL))
        return FALSE;
    if (!sql_exec(sql, "RELEASE import", done ? error : NULL) || !done)
        return FALSE;
    *answer = answer_json(import);
    if (import->refused == 0 || import->asked->dry_run)
        return TRUE;
    g_autofree char *n = g_strdup_printf("%u", import->refused);
    return error_set(error, ERROR_IMPORT, NULL, n, NULL);
}

static gboolean import_table(const Act *act, const RecordType *type, const ImportAsked *asked,
                             json_t **answer, GError **error) {
    Import import = {.act = act, .type = type, .asked = asked};
    import.columns = import_head(type, asked->table->rows->pdata[0], error);
    if (import.columns == NULL)
        return FALSE;
    import.names = import_names_new(act);
    import.errors = json_array();
    import.rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_destroy);
    gboolean done = run(&import, answer, error);
    import_names_free(import.names);
    g_array_unref(import.columns);
    g_ptr_array_unref(import.rows);
    json_decref(import.errors);
    return done;
}

gboolean record_import(Sql *sql, const Packs *packs, const Actor *actor, const ImportAsked *asked,
                       gint64 now_ms, json_t **answer, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    const RecordType *type = find_type(packs, asked->type, error);
    json_t *before = type ? before_json(sql, asked, error) : NULL;
    *answer = NULL;
    if (before == NULL)
        return FALSE;
    gboolean done = json_is_null(before) || asked->again || asked->dry_run ||
                    error_set(error, ERROR_IMPORT_AGAIN, NULL,
                              json_string_value(json_object_get(before, "time")),
                              json_string_value(json_object_get(before, "actor")), NULL);
    done = done && import_table(&act, type, asked, answer, error);
    if (*answer && !json_is_null(before))
        json_object_set(*answer, "imported_before", before);
    json_decref(before);
    return done;
}
