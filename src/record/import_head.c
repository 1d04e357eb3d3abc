#include "record/import_head.h"

#include <string.h>

char *column_letters(guint column) {
    GString *text = g_string_new(NULL);
    for (guint n = column + 1; n > 0; n = (n - 1) / 26)
        g_string_prepend_c(text, (char)('A' + (n - 1) % 26));
    return g_string_free(text, FALSE);
}

/* Full-width signs plain, small letters, without spaces and without the star of a template. */
static char *plain_title(const char *text) {
    g_autofree char *normal = g_utf8_normalize(text ? text : "", -1, G_NORMALIZE_ALL_COMPOSE);
    g_autofree char *lower = g_utf8_strdown(normal ? normal : "", -1);
    GString *out = g_string_new(NULL);
    for (const char *p = lower; *p; p = g_utf8_next_char(p))
        if (!g_unichar_isspace(g_utf8_get_char(p)) && *p != '*')
            g_string_append_unichar(out, g_utf8_get_char(p));
    return g_string_free(out, FALSE);
}

/* `after`: what follows the title, as in "整改资金/万元" or "位置(经度)". */
static gboolean same_title(const char *title, const char *after, const char *wanted) {
    g_autofree char *whole = g_strconcat(title ? title : "", after, NULL);
    g_autofree char *text = plain_title(whole);
    return title && strcmp(text, wanted) == 0;
}

static gboolean names_field(const Field *field, const char *after, const char *wanted) {
    return same_title(field->title.zh, after, wanted) || same_title(field->title.en, after, wanted);
}

static gboolean is_field(const Field *field, const char *wanted) {
    g_autofree char *unit = g_strconcat("/", field->unit, NULL);
    return same_title(field->name, "", wanted) || names_field(field, "", wanted) ||
           (field->unit && names_field(field, unit, wanted));
}

static ColumnKind half_of(const Field *field, const char *wanted) {
    if (field->kind != FIELD_POINT)
        return COLUMN_NOTHING;
    if (same_title(field->name, "_lon", wanted) || names_field(field, "（经度）", wanted))
        return COLUMN_LON;
    if (same_title(field->name, "_lat", wanted) || names_field(field, "（纬度）", wanted))
        return COLUMN_LAT;
    return COLUMN_NOTHING;
}

/* What exports have beside the fields (record/export.c). */
static gboolean passed_over(const RecordType *type, const char *wanted) {
    static const char *const names[] = {"number",     "编号",      "state",      "状态",
                                        "created_at", "建立时间",  "updated_at", "更新时间",
                                        "version",    "created_by"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], wanted) == 0)
            return TRUE;
    for (guint i = 0; i < type->fields->len; i++)
        if (names_field(type->fields->pdata[i], "（名称）", wanted))
            return TRUE;
    return FALSE;
}

gboolean import_takes(const Field *field) {
    return field->kind != FIELD_ROWS && field->kind != FIELD_FILE;
}

static gboolean find_column(const RecordType *type, const char *wanted, ImportColumn *column) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        ColumnKind half = half_of(field, wanted);
        if (half == COLUMN_NOTHING && !is_field(field, wanted))
            continue;
        if (import_takes(field)) {
            column->kind = half == COLUMN_NOTHING ? COLUMN_FIELD : half;
            column->field = field;
        }
        return TRUE;
    }
    if (type->key == NULL && (strcmp(wanted, "id") == 0 || strcmp(wanted, "标识") == 0)) {
        column->kind = COLUMN_ID;
        return TRUE;
    }
    return passed_over(type, wanted);
}

static gboolean refused(guint at, const char *title, const char *why, const char *remedy,
                        GError **error) {
    g_autofree char *letters = column_letters(at);
    g_autofree char *what = g_strdup_printf("column %s “%s” %s", letters, title, why);
    return error_set(error, ERROR_SHEET, NULL, what, remedy, NULL);
}

static gboolean stands_twice(const GArray *columns, const ImportColumn *column) {
    for (guint i = 0; i < columns->len; i++) {
        const ImportColumn *other = &g_array_index(columns, ImportColumn, i);
        if (column->kind != COLUMN_NOTHING && other->kind == column->kind &&
            other->field == column->field)
            return TRUE;
    }
    return FALSE;
}

static char *titles_text(const RecordType *type) {
    GString *text = g_string_new("columns: ");
    for (guint i = 0; i < type->fields->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               ((const Field *)type->fields->pdata[i])->title.zh);
    return g_string_free(text, FALSE);
}

static gboolean add_column(GArray *columns, const RecordType *type, const Cell *cell,
                           GError **error) {
    ImportColumn column = {COLUMN_NOTHING, NULL, cell->text ? cell->text : ""};
    if (cell->kind != CELL_EMPTY) {
        g_autofree char *wanted = plain_title(cell->text);
        g_autofree char *titles = titles_text(type);
        if (!find_column(type, wanted, &column))
            return refused(columns->len, column.title, "is no field of this type", titles, error);
        if (stands_twice(columns, &column))
            return refused(columns->len, column.title, "stands twice", "delete one", error);
    }
    g_array_append_val(columns, column);
    return TRUE;
}

GArray *import_head(const RecordType *type, const TableRow *head, GError **error) {
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(ImportColumn));
    for (guint i = 0; i < head->cells->len; i++)
        if (!add_column(columns, type, &g_array_index(head->cells, Cell, i), error))
            return NULL;
    return g_steal_pointer(&columns);
}
