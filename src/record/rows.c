#include "record/rows.h"
#include "record/sheet.h"

#include <string.h>

/* --- memory --- */

Rows *rows_new(guint width, guint n) {
    Rows *rows = g_new(Rows, 1);
    *rows = (Rows){1, n, width, g_new0(FieldValue, (gsize)n * width)};
    return rows;
}

Rows *rows_ref(Rows *rows) {
    if (rows)
        rows->refs++;
    return rows;
}

void rows_unref(Rows *rows) {
    if (rows == NULL || --rows->refs > 0)
        return;
    for (gsize i = 0; i < (gsize)rows->n * rows->width; i++)
        field_value_clear(&rows->cells[i]);
    g_free(rows->cells);
    g_free(rows);
}

gboolean rows_equal(const Rows *a, const Rows *b) {
    if (a == b || a == NULL || b == NULL || a->n != b->n)
        return a == b;
    for (gsize i = 0; i < (gsize)a->n * a->width; i++)
        if (!field_value_equal(&a->cells[i], &b->cells[i]))
            return FALSE;
    return TRUE;
}

static Rows *rows_copy(const Rows *rows) {
    Rows *copy = rows_new(rows->width, rows->n);
    for (gsize i = 0; i < (gsize)rows->n * rows->width; i++)
        field_value_copy(&rows->cells[i], &copy->cells[i]);
    return copy;
}

static FieldValue *cell_at(const Rows *rows, guint n, const Field *cell) {
    g_assert(n < rows->n && cell->index < rows->width);
    return &rows->cells[(gsize)n * rows->width + cell->index];
}

FieldValue *rows_cell_edit(FieldValue *value, guint n, const Field *cell) {
    if (value->rows->refs > 1) {
        Rows *own = rows_copy(value->rows);
        rows_unref(value->rows);
        value->rows = own;
    }
    return cell_at(value->rows, n, cell);
}

/* --- as part of a row (row.h) --- */

guint row_count(const Row *row, const Field *field) {
    const FieldValue *value = row_value(row, field);
    return value->present ? value->rows->n : 0;
}

const FieldValue *row_cell(const Row *row, const Field *field, guint n, const Field *cell) {
    return cell_at(row_value(row, field)->rows, n, cell);
}

FieldValue *row_cell_edit(Row *row, const Field *field, guint n, const Field *cell) {
    return rows_cell_edit(row_value(row, field), n, cell);
}

Row row_view(const Row *row, const Field *field, guint n) {
    const Rows *rows = row_value(row, field)->rows;
    g_assert(n < rows->n);
    return (Row){.type = field->rows,
                 .id = row->id,
                 .region = row->region,
                 .values = &rows->cells[(gsize)n * rows->width],
                 .owner = row};
}

/* --- JSON --- */

static Field named(const Field *field, guint n, const Field *cell, char **name) {
    Field copy = *cell;
    *name = g_strdup_printf("%s[%u].%s", field->name, n, cell->name);
    copy.name = *name;
    return copy;
}

static gboolean read_cell(const Field *field, guint n, const Field *cell, json_t *json,
                          FieldValue *value, GError **error) {
    if (json == NULL && cell->default_value)
        return field_value_from_text(cell, cell->default_value, value, error);
    if (json == NULL || field_value_from_json(cell, json, value, NULL))
        return TRUE;
    g_autofree char *name = NULL;
    Field copy = named(field, n, cell, &name); /* once more, for the error with its place */
    return field_value_from_json(&copy, json, value, error);
}

static gboolean row_refused(const Field *field, guint n, GError **error) {
    g_autofree char *name = g_strdup_printf("%s[%u]", field->name, n);
    return error_set(error, ERROR_FIELD_KIND, name, "至少有一个值的对象",
                     "an object with at least one value", NULL);
}

static gboolean members_known(const Field *field, guint n, json_t *json, GError **error) {
    const char *name;
    json_t *value;
    gboolean any = FALSE;
    json_object_foreach(json, name, value) {
        if (type_field(field->rows, name) == NULL) {
            g_autofree char *path = g_strdup_printf("%s[%u].%s", field->name, n, name);
            GString *names = g_string_new(NULL);
            for (guint i = 0; i < field->rows->fields->len; i++)
                g_string_append_printf(names, "%s%s", i ? ", " : "",
                                       ((const Field *)field->rows->fields->pdata[i])->name);
            error_set(error, ERROR_FIELD_UNKNOWN, path, names->str, NULL);
            g_string_free(names, TRUE);
            return FALSE;
        }
        any = any || !json_is_null(value);
    }
    return any || row_refused(field, n, error);
}

static gboolean read_row(const Field *field, guint n, json_t *json, Rows *rows, GError **error) {
    if (!json_is_object(json))
        return row_refused(field, n, error);
    if (!members_known(field, n, json, error))
        return FALSE;
    for (guint i = 0; i < field->rows->fields->len; i++) {
        const Field *cell = field->rows->fields->pdata[i];
        if (!read_cell(field, n, cell, json_object_get(json, cell->name), cell_at(rows, n, cell),
                       error))
            return FALSE;
    }
    return TRUE;
}

gboolean rows_from_json(const Field *field, json_t *json, FieldValue *value, GError **error) {
    gsize n = json_array_size(json);
    if (!json_is_array(json))
        return error_set(error, ERROR_FIELD_KIND, field->name, "对象的数组", "an array of objects",
                         NULL);
    if (n == 0)
        return TRUE;
    if (n < field->min_rows || n > field->max_rows) {
        g_autofree char *range =
            g_strdup_printf("%u … %u 行 (rows)", field->min_rows, field->max_rows);
        return error_set(error, ERROR_FIELD_RANGE, field->name, range, NULL);
    }
    value->present = TRUE;
    value->integer = (gint64)n;
    value->rows = rows_new(field->rows->fields->len, (guint)n);
    for (guint i = 0; i < n; i++)
        if (!read_row(field, i, json_array_get(json, i), value->rows, error))
            return FALSE;
    return TRUE;
}

json_t *rows_to_json(const Field *field, const Rows *rows) {
    json_t *array = json_array();
    for (guint n = 0; n < rows->n; n++) {
        json_t *object = json_object();
        for (guint i = 0; i < rows->width; i++) {
            const Field *cell = field->rows->fields->pdata[i];
            const FieldValue *value = cell_at(rows, n, cell);
            if (value->present)
                json_object_set_new_nocheck(object, cell->name, field_value_to_json(cell, value));
        }
        json_array_append_new(array, object);
    }
    return array;
}

char *rows_to_text(const Field *field, const Rows *rows) {
    GString *text = g_string_new(NULL);
    for (guint n = 0; n < rows->n; n++) {
        const char *before = n ? " | " : "";
        for (guint i = 0; i < rows->width; i++) {
            const Field *cell = field->rows->fields->pdata[i];
            const FieldValue *value = cell_at(rows, n, cell);
            if (!value->present)
                continue;
            g_autofree char *shown = field_value_to_text(cell, value);
            g_string_append_printf(text, "%s%s: %s", before, cell->title.zh, shown);
            before = "; ";
        }
    }
    return g_string_free(text, FALSE);
}

char *rows_page_name(const RecordType *type, const Field *field) {
    g_autofree char *name = sheet_page_name(field->title.zh);
    for (guint i = 0; i < type->row_fields->len; i++) {
        const Field *other = type->row_fields->pdata[i];
        g_autofree char *its = sheet_page_name(other->title.zh);
        if (other != field && strcmp(its, name) == 0)
            return sheet_page_name(field->name);
    }
    return g_steal_pointer(&name);
}

/* --- reading from the database --- */

enum { FILL_RECORDS = 64 };

static void select_cells(const Field *field, guint ids, GString *text) {
    g_string_append(text, "SELECT _record");
    row_field_columns(field->rows, text);
    g_string_append_printf(text, " FROM r_%s WHERE _record IN (?", field->rows->name);
    for (guint i = 1; i < ids; i++)
        g_string_append(text, ",?");
    g_string_append(text, ") ORDER BY _record, _ordinal");
}

/* Appends a row to the value; what the record says it has was allocated at once. */
static void take_row(const Field *field, FieldValue *value, SqlStatement *st) {
    Rows *rows = value->rows;
    int column = 1;
    if (rows->n >= (guint)MAX(value->integer, 0)) /* more than it says: journal_verify tells */
        rows->cells = g_renew(FieldValue, rows->cells, (gsize)(rows->n + 1) * rows->width);
    FieldValue *cells = &rows->cells[(gsize)rows->n * rows->width];
    memset(cells, 0, sizeof *cells * rows->width);
    rows->n++;
    for (guint i = 0; i < rows->width; i++)
        field_value_read(st, &column, field->rows->fields->pdata[i], &cells[i]);
}

static gboolean fill_some(Sql *sql, const Field *field, Row *const *rows, guint n,
                          GHashTable *by_id, GError **error) {
    guint ids = n == 1 ? 1 : FILL_RECORDS;
    GString *text = g_string_sized_new(512);
    select_cells(field, ids, text);
    SqlStatement *st = sql_prepare(sql, text->str, error);
    g_string_free(text, TRUE);
    for (guint i = 0; st && i < ids; i++) /* the last one fills up */
        sql_bind_text(st, (int)i + 1, rows[MIN(i, n - 1)]->id);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        Row *row = g_hash_table_lookup(by_id, sql_text(st, 0));
        if (row)
            take_row(field, row_value(row, field), st);
    }
    return step == SQL_DONE;
}

static gboolean fill_field(Sql *sql, const Field *field, Row *const *rows, guint n,
                           GError **error) {
    enum { ROWS_SANE = 100000 };
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < n; i++) {
        FieldValue *value = row_value(rows[i], field);
        if (!value->present)
            continue;
        value->integer = CLAMP(value->integer, 0, ROWS_SANE);
        value->rows = rows_new(field->rows->fields->len, (guint)value->integer);
        value->rows->n = 0;
        g_ptr_array_add(wanted, rows[i]);
        g_hash_table_insert(by_id, rows[i]->id, rows[i]);
    }
    for (guint i = 0; i < wanted->len; i += FILL_RECORDS)
        if (!fill_some(sql, field, (Row *const *)&wanted->pdata[i],
                       MIN(wanted->len - i, FILL_RECORDS), by_id, error))
            return FALSE;
    return TRUE;
}

gboolean rows_fill(Sql *sql, const RecordType *type, Row *const *rows, guint n, GError **error) {
    for (guint i = 0; i < type->row_fields->len; i++)
        if (!fill_field(sql, type->row_fields->pdata[i], rows, n, error))
            return FALSE;
    return TRUE;
}

gboolean rows_complete(const Row *row) {
    for (guint i = 0; i < row->type->row_fields->len; i++) {
        const FieldValue *value = row_value(row, row->type->row_fields->pdata[i]);
        if (value->present && (value->integer <= 0 || value->rows->n != value->integer))
            return FALSE;
    }
    return TRUE;
}

gboolean rows_begin(Sql *sql, const RecordType *type, GError **error) {
    return type->row_fields->len == 0 || sql_run(sql, error, "SAVEPOINT rows_read", "");
}

void rows_end(Sql *sql, const RecordType *type) {
    if (type->row_fields->len)
        sql_run(sql, NULL, "RELEASE rows_read", "");
}

/* --- writing --- */

static char *insert_text(const Field *field) {
    GString *text = g_string_sized_new(256);
    g_string_append_printf(text, "INSERT INTO r_%s (_record,_ordinal", field->rows->name);
    row_field_columns(field->rows, text);
    g_string_append(text, ") VALUES (?,?");
    for (guint i = 0; i < field->rows->fields->len; i++)
        for (int j = 0; j < field_columns(field->rows->fields->pdata[i]); j++)
            g_string_append(text, ",?");
    g_string_append_c(text, ')');
    return g_string_free(text, FALSE);
}

static gboolean insert_rows(Sql *sql, const Row *row, const Field *field, GError **error) {
    g_autofree char *text = insert_text(field);
    guint n = row_count(row, field);
    for (guint i = 0; i < n; i++) {
        SqlStatement *st = sql_prepare(sql, text, error);
        int index = 3;
        if (st == NULL)
            return FALSE;
        sql_bind_text(st, 1, row->id);
        sql_bind_int(st, 2, i);
        for (guint j = 0; j < field->rows->fields->len; j++) {
            const Field *cell = field->rows->fields->pdata[j];
            field_value_bind(st, &index, cell, row_cell(row, field, i, cell));
        }
        if (!sql_send(st, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean delete_rows(Sql *sql, const Row *row, const Field *field, GError **error) {
    g_autofree char *text =
        g_strdup_printf("DELETE FROM r_%s WHERE _record = ?", field->rows->name);
    SqlStatement *st = sql_query(sql, error, text, "t", row->id);
    return st && sql_send(st, error);
}

gboolean rows_write(Sql *sql, const Row *before, const Row *row, GError **error) {
    for (guint i = 0; i < row->type->row_fields->len; i++) {
        const Field *field = row->type->row_fields->pdata[i];
        if (before && field_value_equal(row_value(before, field), row_value(row, field)))
            continue;
        if ((before && row_count(before, field) > 0 && !delete_rows(sql, row, field, error)) ||
            !insert_rows(sql, row, field, error))
            return FALSE;
    }
    return TRUE;
}
