#include "record/export.h"
#include "base/json_text.h"
#include "record/act.h"

#include <stdlib.h>
#include <string.h>

/* A column: a member of the record, or the label of one. */
typedef struct {
    const char *name;
    const Field *field; /* or NULL: of the system */
    gboolean label;
} Column;

static void add_column(GArray *columns, const char *name, const Field *field, gboolean label) {
    Column column = {name, field, label};
    g_array_append_val(columns, column);
}

static GArray *columns_of(const RecordType *type) {
    GArray *columns = g_array_new(FALSE, FALSE, sizeof(Column));
    if (type->key == NULL)
        add_column(columns, "id", NULL, FALSE);
    if (type->number)
        add_column(columns, "number", NULL, FALSE);
    if (type->states->len)
        add_column(columns, "state", NULL, FALSE);
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        add_column(columns, field->name, field, FALSE);
        if (field->kind == FIELD_REF || field->kind == FIELD_REGION)
            add_column(columns, field->name, field, TRUE);
    }
    add_column(columns, "created_at", NULL, FALSE);
    add_column(columns, "updated_at", NULL, FALSE);
    return columns;
}

static const char *system_title(const char *name) {
    static const struct {
        const char *name, *title;
    } titles[] = {{"id", "标识"},
                  {"number", "编号"},
                  {"state", "状态"},
                  {"created_at", "建立时间"},
                  {"updated_at", "更新时间"}};
    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++)
        if (strcmp(titles[i].name, name) == 0)
            return titles[i].title;
    return name;
}

static void write_head(Sheet *sheet, const GArray *columns) {
    for (guint i = 0; i < columns->len; i++) {
        const Column *column = &g_array_index(columns, Column, i);
        g_autofree char *title =
            g_strconcat(column->field ? column->field->title.zh : system_title(column->name),
                        column->field && column->field->unit ? "/" : NULL,
                        column->field && column->field->unit ? column->field->unit : NULL, NULL);
        g_autofree char *label = g_strconcat(title, "（名称）", NULL);
        sheet_text(sheet, column->label ? label : title);
    }
    sheet_end_row(sheet);
}

/* --- cells --- */

static const char *code_title(const CodeList *codes, const char *code) {
    const CodeItem *item = g_hash_table_lookup(codes->by_code, code);
    return item ? item->title.zh : code;
}

/* A cell of a row for people; NULL when it is empty. */
static char *cell_text(const Field *cell, json_t *json) {
    FieldValue value = {0};
    if (json == NULL || !field_value_from_json(cell, json, &value, NULL))
        return NULL;
    char *text = cell->codes && value.text ? g_strdup(code_title(cell->codes, value.text))
                                           : field_value_to_text(cell, &value);
    field_value_clear(&value);
    return text;
}

static const char *text_title(const RecordType *type, const Column *column, const char *text) {
    const State *state =
        column->field == NULL && strcmp(column->name, "state") == 0 ? type_state(type, text) : NULL;
    if (state)
        return state->title.zh;
    return column->field && column->field->codes ? code_title(column->field->codes, text) : text;
}

/* "产品: 乙醇; 数量: 3 | 产品: …" */
static void write_rows_text(Sheet *sheet, const Field *field, json_t *rows) {
    GString *text = g_string_new(NULL);
    for (size_t n = 0; n < json_array_size(rows); n++) {
        const char *before = n ? " | " : "";
        for (guint i = 0; i < field->rows->fields->len; i++) {
            const Field *cell = field->rows->fields->pdata[i];
            g_autofree char *shown =
                cell_text(cell, json_object_get(json_array_get(rows, n), cell->name));
            if (shown)
                g_string_append_printf(text, "%s%s: %s", before, cell->title.zh, shown);
            before = shown ? "; " : before;
        }
    }
    sheet_text(sheet, text->str);
    g_string_free(text, TRUE);
}

static void write_compound(Sheet *sheet, json_t *value) {
    if (json_is_true(json_object_get(value, "sealed"))) {
        sheet_text(sheet, "（密封）");
        return;
    }
    json_t *lon = json_object_get(value, "lon"), *lat = json_object_get(value, "lat");
    if (lon && lat) {
        char a[G_ASCII_DTOSTR_BUF_SIZE], b[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(a, sizeof a, "%.7f", json_number_value(lon));
        g_ascii_formatd(b, sizeof b, "%.7f", json_number_value(lat));
        g_autofree char *text = g_strconcat(a, ", ", b, NULL);
        sheet_text(sheet, text);
        return;
    }
    char *text = json_text(value, JSON_COMPACT | JSON_ENCODE_ANY);
    sheet_text(sheet, text);
    free(text);
}

static void write_cell(Sheet *sheet, const RecordType *type, const Column *column, json_t *value) {
    if (json_is_string(value))
        sheet_text(sheet, column->label ? json_string_value(value)
                                        : text_title(type, column, json_string_value(value)));
    else if (json_is_integer(value))
        sheet_integer(sheet, json_integer_value(value));
    else if (json_is_real(value))
        sheet_number(sheet, json_real_value(value));
    else if (json_is_boolean(value))
        sheet_text(sheet, json_is_true(value) ? "是" : "否");
    else if (column->field && column->field->rows && value)
        write_rows_text(sheet, column->field, value);
    else if (value)
        write_compound(sheet, value);
    else
        sheet_text(sheet, NULL);
}

static void write_rows(Sheet *sheet, const RecordType *type, const GArray *columns, json_t *items) {
    size_t i;
    json_t *record;
    json_array_foreach(items, i, record) {
        json_t *labels = json_object_get(record, "_labels");
        for (guint j = 0; j < columns->len; j++) {
            const Column *column = &g_array_index(columns, Column, j);
            write_cell(sheet, type, column,
                       json_object_get(column->label ? labels : record, column->name));
        }
        sheet_end_row(sheet);
    }
}

/* --- pages --- */

static gboolean not_too_many(json_t *page, GError **error) {
    return json_integer_value(json_object_get(page, "count")) <= SHEET_ROWS_MAX ||
           error_set(error, ERROR_REQUEST, NULL, "too many records for one sheet",
                     "narrow the filter to at most 1,000,000 records", NULL);
}

static gboolean write_pages(const Act *act, const RecordType *type, const RecordQuery *asked,
                            Sheet *sheet, GError **error) {
    g_autoptr(GArray) columns = columns_of(type);
    g_autofree char *cursor = NULL;
    RecordQuery query = *asked;
    query.limit = 500;
    query.labels = TRUE;
    query.facets = NULL;
    query.count = TRUE; /* on the first page */
    query.count_max = SHEET_ROWS_MAX + 1;
    write_head(sheet, columns);
    do {
        query.cursor = cursor;
        json_t *page =
            record_list(act->sql, act->packs, act->actor, type->name, &query, act->now_ms, error);
        gboolean good = page && not_too_many(page, error);
        if (good)
            write_rows(sheet, type, columns, json_object_get(page, "items"));
        g_free(cursor);
        cursor = g_strdup(json_string_value(json_object_get(page, "next")));
        json_decref(page);
        if (!good)
            return FALSE;
        query.count = FALSE;
    } while (cursor);
    return TRUE;
}

gboolean record_export(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                       const RecordQuery *query, SheetForm form, int fd, const char *tmp_dir,
                       gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    const RecordType *type = find_type(packs, type_name, error);
    Sheet *sheet = type ? sheet_new(form, fd, tmp_dir, error) : NULL;
    if (sheet == NULL)
        return FALSE;
    gboolean written = write_pages(&act, type, query, sheet, error);
    return sheet_close(sheet, written ? error : NULL) && written;
}
