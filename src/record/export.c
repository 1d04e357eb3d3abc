#include "record/export.h"
#include "base/json_text.h"
#include "record/act.h"
#include "record/rows.h"

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

typedef struct {
    const Act *act;
    const RecordType *type;
    const char *codes;  /* the system whose codes are wanted; NULL: titles */
    GHashTable *mapped; /* CodeList: those that have codes of it */
    GArray *columns;    /* Column */
    Sheet *sheet;
    GArray *pages; /* guint by field of type->row_fields: its page; 0: none */
} Export;

static char *field_title(const Field *field) {
    return g_strconcat(field->title.zh, field->unit ? "/" : NULL, field->unit, NULL);
}

static void write_head(const Export *export) {
    for (guint i = 0; i < export->columns->len; i++) {
        const Column *column = &g_array_index(export->columns, Column, i);
        g_autofree char *title =
            column->field ? field_title(column->field) : g_strdup(system_title(column->name));
        g_autofree char *label = g_strconcat(title, "（名称）", NULL);
        sheet_text(export->sheet, column->label ? label : title);
    }
    sheet_end_row(export->sheet);
}

/* --- codes of other systems --- */

static void add_systems(const Export *export, const CodeList *codes, GHashTable *systems) {
    for (guint i = 0; codes && i < codes->items->len; i++) {
        GHashTable *map = ((const CodeItem *)codes->items->pdata[i])->map;
        GHashTableIter iter;
        gpointer system;
        if (map == NULL)
            continue;
        if (g_hash_table_contains(map, export->codes))
            g_hash_table_add(export->mapped, (gpointer)codes);
        g_hash_table_iter_init(&iter, map);
        while (g_hash_table_iter_next(&iter, &system, NULL))
            g_hash_table_add(systems, system);
    }
}

static void add_systems_of(const Export *export, const RecordType *type, GHashTable *systems) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        add_systems(export, field->codes, systems);
        if (field->rows)
            add_systems_of(export, field->rows, systems);
    }
}

static gboolean find_mapped(const Export *export, GError **error) {
    if (export->codes == NULL)
        return TRUE;
    g_autoptr(GHashTable) systems = g_hash_table_new(g_str_hash, g_str_equal);
    add_systems_of(export, export->type, systems);
    if (g_hash_table_size(export->mapped) > 0)
        return TRUE;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(systems, NULL);
    g_autofree char *known = g_strjoinv(", ", (GStrv)names);
    return error_set(error, ERROR_REQUEST, "codes",
                     "no code list of this type has codes of that system",
                     *known ? known : "leave it out", NULL);
}

/* --- cells --- */

/* In a list that has codes of the system, a code without one is empty: ours would be taken for
 * theirs. */
static const char *code_shown(const Export *export, const CodeList *codes, const char *code) {
    const CodeItem *item = g_hash_table_lookup(codes->by_code, code);
    if (item && g_hash_table_contains(export->mapped, codes))
        return item->map ? g_hash_table_lookup(item->map, export->codes) : NULL;
    return item ? item->title.zh : code;
}

/* A cell of a row for people; NULL when it is empty. */
static char *cell_text(const Export *export, const Field *cell, json_t *json) {
    FieldValue value = {0};
    if (json == NULL || !field_value_from_json(cell, json, &value, NULL))
        return NULL;
    char *text = cell->codes && value.text ? g_strdup(code_shown(export, cell->codes, value.text))
                                           : field_value_to_text(cell, &value);
    field_value_clear(&value);
    return text;
}

static const char *text_title(const Export *export, const Column *column, const char *text) {
    const State *state = column->field == NULL && strcmp(column->name, "state") == 0
                             ? type_state(export->type, text)
                             : NULL;
    if (state)
        return state->title.zh;
    return column->field && column->field->codes ? code_shown(export, column->field->codes, text)
                                                 : text;
}

/* "产品: 乙醇; 数量: 3 | 产品: …" */
static void write_rows_text(const Export *export, const Field *field, json_t *rows) {
    GString *text = g_string_new(NULL);
    for (size_t n = 0; n < json_array_size(rows); n++) {
        const char *before = n ? " | " : "";
        for (guint i = 0; i < field->rows->fields->len; i++) {
            const Field *cell = field->rows->fields->pdata[i];
            g_autofree char *shown =
                cell_text(export, cell, json_object_get(json_array_get(rows, n), cell->name));
            if (shown)
                g_string_append_printf(text, "%s%s: %s", before, cell->title.zh, shown);
            before = shown ? "; " : before;
        }
    }
    sheet_text(export->sheet, text->str);
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

static void write_cell(const Export *export, const Column *column, json_t *value) {
    Sheet *sheet = export->sheet;
    if (json_is_string(value))
        sheet_text(sheet, column->label ? json_string_value(value)
                                        : text_title(export, column, json_string_value(value)));
    else if (json_is_integer(value))
        sheet_integer(sheet, json_integer_value(value));
    else if (json_is_real(value))
        sheet_number(sheet, json_real_value(value));
    else if (json_is_boolean(value))
        sheet_text(sheet, json_is_true(value) ? "是" : "否");
    else if (column->field && column->field->rows && value)
        write_rows_text(export, column->field, value);
    else if (value)
        write_compound(sheet, value);
    else
        sheet_text(sheet, NULL);
}

/* --- the rows inside records, each field on a page of its own --- */

static void add_pages(Export *export) {
    for (guint i = 0; i < export->type->row_fields->len; i++) {
        const Field *field = export->type->row_fields->pdata[i];
        g_autofree char *name = rows_page_name(export->type, field);
        guint page = 0;
        if (!sheet_add_page(export->sheet, name, &page))
            page = 0;
        g_array_append_val(export->pages, page);
        if (page == 0)
            continue;
        sheet_choose(export->sheet, page);
        sheet_text(export->sheet, ROWS_ID);
        for (guint j = 0; j < field->rows->fields->len; j++) {
            g_autofree char *title = field_title(field->rows->fields->pdata[j]);
            sheet_text(export->sheet, title);
        }
        sheet_end_row(export->sheet);
    }
    sheet_choose(export->sheet, 0);
}

static void write_page_row(const Export *export, const Field *field, json_t *record, json_t *row) {
    sheet_text(export->sheet, json_string_value(json_object_get(record, "id")));
    for (guint i = 0; i < field->rows->fields->len; i++) {
        const Field *cell = field->rows->fields->pdata[i];
        Column column = {cell->name, cell, FALSE};
        write_cell(export, &column, json_object_get(row, cell->name));
    }
    sheet_end_row(export->sheet);
}

/* FALSE: a page is full. */
static gboolean write_pages_of(const Export *export, json_t *record) {
    gboolean room = TRUE;
    for (guint i = 0; i < export->pages->len; i++) {
        const Field *field = export->type->row_fields->pdata[i];
        json_t *rows = json_object_get(record, field->name), *row;
        guint page = g_array_index(export->pages, guint, i);
        size_t n;
        if (page == 0 || json_array_size(rows) == 0)
            continue;
        room = sheet_choose(export->sheet, page) && room;
        json_array_foreach(rows, n, row) if (room) write_page_row(export, field, record, row);
    }
    sheet_choose(export->sheet, 0);
    return room;
}

static gboolean write_rows(const Export *export, json_t *items, GError **error) {
    size_t i;
    json_t *record;
    json_array_foreach(items, i, record) {
        json_t *labels = json_object_get(record, "_labels");
        for (guint j = 0; j < export->columns->len; j++) {
            const Column *column = &g_array_index(export->columns, Column, j);
            write_cell(export, column,
                       json_object_get(column->label ? labels : record, column->name));
        }
        sheet_end_row(export->sheet);
        if (!write_pages_of(export, record))
            return error_set(error, ERROR_REQUEST, NULL,
                             "too many rows inside records for one sheet",
                             "narrow the filter: at most 1,000,000 rows of each kind", NULL);
    }
    return TRUE;
}

/* --- pages --- */

static gboolean not_too_many(json_t *page, GError **error) {
    return json_integer_value(json_object_get(page, "count")) <= SHEET_ROWS_MAX ||
           error_set(error, ERROR_REQUEST, NULL, "too many records for one sheet",
                     "narrow the filter to at most 1,000,000 records", NULL);
}

static gboolean write_pages(const Export *export, const RecordQuery *asked, GError **error) {
    const Act *act = export->act;
    g_autofree char *cursor = NULL;
    RecordQuery query = *asked;
    query.limit = 500;
    query.labels = TRUE;
    query.facets = NULL;
    query.count = TRUE; /* on the first page */
    query.count_max = SHEET_ROWS_MAX + 1;
    write_head(export);
    do {
        query.cursor = cursor;
        json_t *page = record_list(act->sql, act->packs, act->actor, export->type->name, &query,
                                   act->now_ms, error);
        gboolean good = page && not_too_many(page, error) &&
                        write_rows(export, json_object_get(page, "items"), error);
        g_free(cursor);
        cursor = g_strdup(json_string_value(json_object_get(page, "next")));
        json_decref(page);
        if (!good)
            return FALSE;
        query.count = FALSE;
    } while (cursor);
    return TRUE;
}

static gboolean write_all(Export *export, const RecordQuery *query, GError **error) {
    export->mapped = g_hash_table_new(NULL, NULL);
    export->columns = columns_of(export->type);
    export->pages = g_array_new(FALSE, FALSE, sizeof(guint));
    gboolean good = find_mapped(export, error);
    if (good)
        add_pages(export);
    good = good && write_pages(export, query, error);
    g_hash_table_destroy(export->mapped);
    g_array_unref(export->columns);
    g_array_unref(export->pages);
    return good;
}

gboolean record_export(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                       const RecordQuery *query, const char *codes, SheetForm form, int fd,
                       const char *tmp_dir, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    Export export = {.act = &act, .type = find_type(packs, type_name, error), .codes = codes};
    export.sheet = export.type ? sheet_new(form, fd, tmp_dir, error) : NULL;
    if (export.sheet == NULL)
        return FALSE;
    gboolean written = write_all(&export, query, error);
    return sheet_close(export.sheet, written ? error : NULL) && written;
}
