/* Tables: reading them from YAML and CSV, and looking into them. */
#include "pack/pack_table.h"
#include "base/clock.h"
#include "base/csv.h"
#include "pack/pack_key.h"

#include <math.h>
#include <string.h>

enum { ROWS_MAX = 20000, COLUMNS_MAX = 40, KEYS_MAX = 8, TABLES_MAX = 500 };

/* ---- validity, also of codes and rules ---- */

gboolean validity_holds(const Validity *valid, gint64 day) {
    return day >= valid->from && (valid->to == 0 || day <= valid->to);
}

gboolean validity_overlap(const Validity *a, const Validity *b) {
    return (a->to == 0 || b->from <= a->to) && (b->to == 0 || a->from <= b->to);
}

static gboolean read_day(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    return (node->kind == YAML_SCALAR && day_parse(node->text, place)) ||
           refuse(error, node, "写成 2026-10-01 / write it like 2026-10-01",
                  "不是日期 / not a date");
}

gboolean read_validity(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"from", FALSE, PASS_ALL, read_day, offsetof(Validity, from)},
        {"to", FALSE, PASS_ALL, read_day, offsetof(Validity, to)},
    };
    Validity *valid = place;
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), valid, error))
        return FALSE;
    return ((valid->from || valid->to) && (valid->to == 0 || valid->from <= valid->to)) ||
           refuse(error, node, "写 {from: 日期, to: 日期} / write {from: DATE, to: DATE}",
                  "有效期为空或颠倒 / the validity is empty");
}

/* ---- looking ---- */

const PackTable *packs_table_named(const Packs *packs, const char *name) {
    for (guint i = 0; i < packs->tables->len; i++) {
        const PackTable *table = packs->tables->pdata[i];
        if (strcmp(table->name, name) == 0)
            return table;
    }
    return NULL;
}

static const TableColumn *column_at(const PackTable *table, guint i) {
    return &g_array_index(table->columns, TableColumn, i);
}

int table_column(const PackTable *table, const char *name) {
    for (guint i = 0; i < table->columns->len; i++)
        if (strcmp(column_at(table, i)->name, name) == 0)
            return (int)i;
    return -1;
}

const PackTable *table_on(const PackTable *table, gint64 day) {
    while (table && !validity_holds(&table->valid, day))
        table = table->next;
    return table;
}

static char *keys_text(const Term *keys, guint n) {
    GString *text = g_string_new(NULL);
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    for (guint i = 0; i < n; i++) {
        const char *key = keys[i].kind == TERM_NUMBER
                              ? g_ascii_formatd(buffer, sizeof buffer, "%.12g", keys[i].number)
                              : keys[i].text;
        g_string_append(text, i ? "\x1f" : "");
        g_string_append(text, key);
    }
    return g_string_free(text, FALSE);
}

Term table_lookup(const PackTable *table, guint column, const Term *keys) {
    for (guint i = 0; i < table->key_count; i++)
        if (keys[i].kind == TERM_NONE)
            return (Term){.kind = TERM_NONE};
    g_autofree char *text = keys_text(keys, table->key_count);
    const Term *row = g_hash_table_lookup(table->by_keys, text);
    return row ? row[column] : (Term){.kind = TERM_NONE};
}

static gboolean in_band(const Term *row, double number) {
    return (row[0].kind == TERM_NONE || number >= row[0].number) &&
           (row[1].kind == TERM_NONE || number < row[1].number);
}

Term table_band(const PackTable *table, guint column, double number) {
    for (guint i = 0; i < table->rows->len; i++) {
        const Term *row = table->rows->pdata[i];
        if (in_band(row, number))
            return row[column];
    }
    return (Term){.kind = TERM_NONE};
}

/* ---- reading ---- */

/* A table as it is read: cells as text until the kinds of the columns are known. */
typedef struct {
    PackTable *table;
    const YamlNode *rows, *csv, *keys, *columns;
    GPtrArray *cells;             /* GPtrArray* of char*, one per row; "" is empty */
    GArray *lines;                /* int: where the row stands */
    gboolean forced[COLUMNS_MAX]; /* text, since a cell was quoted */
} TableRead;

static gboolean read_column_codes(Loader *loader, const YamlNode *node, gpointer place,
                                  GError **error) {
    if (!is_text(node, error))
        return FALSE;
    CodeList *list = g_hash_table_lookup(loader->packs->codes_by_name, node->text);
    *(const CodeList **)place = list;
    return list || refuse(error, node, "先在 codes 中定义 / define it under codes",
                          "没有代码表“%s” / there is no code list %s", node->text, node->text);
}

static gboolean read_column_kind(Loader *loader, const YamlNode *node, gpointer place,
                                 GError **error) {
    (void)loader;
    *(TermKind *)place = TERM_TEXT;
    return (node->kind == YAML_SCALAR && strcmp(node->text, "text") == 0) ||
           refuse(error, node, "只能写 text / only text can be written",
                  "列的 kind 不对 / not a kind of a column");
}

/* NAME, or {name, codes} or {name, kind: text}. */
static gboolean column_read(Loader *loader, const YamlNode *node, GArray *columns, GError **error) {
    static const KeyRow rows[] = {
        {"name", TRUE, PASS_SHAPE, read_name, offsetof(TableColumn, name)},
        {"codes", FALSE, PASS_SHAPE, read_column_codes, offsetof(TableColumn, codes)},
        {"kind", FALSE, PASS_SHAPE, read_column_kind, offsetof(TableColumn, kind)},
    };
    TableColumn column = {0};
    gboolean read = node->kind == YAML_MAP
                        ? keys_read(loader, node, rows, G_N_ELEMENTS(rows), &column, error)
                        : read_name(loader, node, &column.name, error);
    if (!read)
        return FALSE;
    if (column.codes)
        column.kind = TERM_TEXT;
    for (guint i = 0; i < columns->len; i++)
        if (strcmp(g_array_index(columns, TableColumn, i).name, column.name) == 0)
            return refuse(error, node, "换一个名称 / use another name",
                          "列 %s 重复 / the column %s stands twice", column.name, column.name);
    g_array_append_val(columns, column);
    return TRUE;
}

static gboolean columns_read(Loader *loader, const YamlNode *list, guint max, GArray *columns,
                             GError **error) {
    if (!is_list(list, max, error))
        return FALSE;
    for (guint i = 0; i < tree_count(list); i++)
        if (!column_read(loader, tree_at(list, i), columns, error))
            return FALSE;
    return tree_count(list) > 0 ||
           refuse(error, list, "至少一列 / one at least", "没有列 / there is no column");
}

static gboolean shape_read(Loader *loader, TableRead *read, GError **error) {
    PackTable *table = read->table;
    if (!columns_read(loader, read->keys, KEYS_MAX, table->columns, error))
        return FALSE;
    table->key_count = table->columns->len;
    table->range = table->key_count == 2 && table_column(table, "from") == 0 &&
                   table_column(table, "below") == 1;
    return columns_read(loader, read->columns, COLUMNS_MAX - KEYS_MAX, table->columns, error);
}

static gboolean inline_rows(TableRead *read, GError **error) {
    guint columns = read->table->columns->len;
    if (!is_list(read->rows, ROWS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(read->rows); i++) {
        const YamlNode *row = tree_at(read->rows, i);
        if (!is_list(row, COLUMNS_MAX, error))
            return FALSE;
        if (tree_count(row) != columns)
            return refuse(error, row, "键在前，各列在后 / keys first, then the columns",
                          "此行有 %u 格，应为 %u 格 / the row has %u cells, not %u",
                          tree_count(row), columns, tree_count(row), columns);
        GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(read->cells, cells);
        g_array_append_val(read->lines, row->line);
        for (guint j = 0; j < columns; j++) {
            const YamlNode *cell = tree_at(row, j);
            if (cell->kind != YAML_SCALAR)
                return refuse(error, cell, "写一个值 / write one value",
                              "此处应为一个值 / one value is expected here");
            read->forced[j] = read->forced[j] || (!cell->plain && *cell->text);
            g_ptr_array_add(cells, g_strdup(tree_is_null(cell) ? "" : cell->text));
        }
    }
    return TRUE;
}

static gboolean csv_refused(const TableRead *read, guint line, const char *what, GError **error) {
    g_autofree char *remedy = g_strdup_printf("检查 CSV 第 %u 行 / look at line %u", line, line);
    return refuse(error, read->csv, remedy, "%s", what);
}

/* Where each column of the table stands in the file. */
static gboolean csv_header(const TableRead *read, const GPtrArray *header, guint *places,
                           GError **error) {
    for (guint i = 0; i < read->table->columns->len; i++) {
        const char *name = column_at(read->table, i)->name;
        guint at = 0;
        while (at < header->len && strcmp(header->pdata[at], name) != 0)
            at++;
        if (at == header->len)
            return refuse(error, read->csv, "首行写列名 / the first line holds the names",
                          "CSV 没有列“%s” / the CSV has no column %s", name, name);
        places[i] = at;
    }
    return TRUE;
}

static gboolean csv_cells(TableRead *read, CsvReader *reader, const guint *places, GError **error) {
    GPtrArray *row;
    while ((row = csv_next(reader, error)) != NULL) {
        int line = (int)csv_line(reader);
        if (read->cells->len == ROWS_MAX)
            return csv_refused(read, csv_line(reader), "超过 20000 行 / more than 20000 rows",
                               error);
        GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(read->cells, cells);
        g_array_append_val(read->lines, line);
        for (guint i = 0; i < read->table->columns->len; i++)
            g_ptr_array_add(cells,
                            g_strdup(places[i] < row->len ? (char *)row->pdata[places[i]] : ""));
    }
    return error == NULL || *error == NULL;
}

/* A file beside the table's. */
static gboolean csv_rows(TableRead *read, GError **error) {
    guint places[COLUMNS_MAX];
    if (!is_text(read->csv, error))
        return FALSE;
    if (strchr(read->csv->text, '/') || !g_str_has_suffix(read->csv->text, ".csv"))
        return refuse(error, read->csv,
                      "写同一文件夹中的 NAME.csv / write NAME.csv, beside this file",
                      "不是 CSV 文件名 / not the name of a CSV file");
    g_autofree char *folder = g_path_get_dirname(read->csv->file);
    g_autofree char *path = g_build_filename(folder, read->csv->text, NULL);
    GError *cause = NULL;
    g_autoptr(CsvReader) reader = csv_open(path, ',', &cause);
    GPtrArray *header = reader ? csv_next(reader, &cause) : NULL;
    gboolean done = header && csv_header(read, header, places, error) &&
                    csv_cells(read, reader, places, &cause);
    if (cause) {
        g_autofree char *zh = error_detail(cause, LANG_ZH), *en = error_detail(cause, LANG_EN);
        refuse(error, read->csv, path, "%s / %s", zh, en);
        g_error_free(cause);
        return FALSE;
    }
    return header ? done : csv_refused(read, 1, "CSV 为空 / the CSV is empty", error);
}

static gboolean cell_number(const char *text, double *number) {
    char *end;
    *number = g_ascii_strtod(text, &end);
    return end != text && *end == 0 && isfinite(*number);
}

static void kinds_find(TableRead *read) {
    for (guint i = 0; i < read->table->columns->len; i++) {
        TableColumn *column = &g_array_index(read->table->columns, TableColumn, i);
        gboolean numbers = !read->forced[i] && column->kind != TERM_TEXT;
        double number;
        for (guint j = 0; numbers && j < read->cells->len; j++) {
            const char *cell = ((GPtrArray *)read->cells->pdata[j])->pdata[i];
            numbers = *cell == 0 || cell_number(cell, &number);
        }
        column->kind = numbers ? TERM_NUMBER : TERM_TEXT;
    }
}

static gboolean cell_read(Loader *loader, const TableColumn *column, const char *cell, Term *term) {
    if (*cell == 0)
        return TRUE;
    term->kind = column->kind;
    if (column->kind == TERM_NUMBER)
        return cell_number(cell, &term->number);
    term->text = packs_text(loader->packs, cell);
    return column->codes == NULL || g_hash_table_contains(column->codes->by_code, cell);
}

static gboolean refuse_row(const TableRead *read, guint i, const char *what, GError **error) {
    int line = g_array_index(read->lines, int, i);
    const YamlNode *at = read->csv ? read->csv : tree_at(read->rows, i);
    g_autofree char *remedy = g_strdup_printf("检查第 %d 行 / look at line %d", line, line);
    return refuse(error, at, remedy, "%s", what);
}

static gboolean row_fits(PackTable *table, const Term *row) {
    for (guint i = 0; !table->range && i < table->key_count; i++)
        if (row[i].kind == TERM_NONE)
            return FALSE;
    return !table->range || row[0].kind == TERM_NONE || row[1].kind == TERM_NONE ||
           row[0].number < row[1].number;
}

static gboolean bands_meet(const Term *a, const Term *b) {
    return (a[1].kind == TERM_NONE || b[0].kind == TERM_NONE || b[0].number < a[1].number) &&
           (b[1].kind == TERM_NONE || a[0].kind == TERM_NONE || a[0].number < b[1].number);
}

static gboolean row_is_new(PackTable *table, Term *row) {
    if (!table->range)
        return g_hash_table_insert(table->by_keys, keys_text(row, table->key_count), row);
    for (guint i = 0; i < table->rows->len; i++)
        if (bands_meet(table->rows->pdata[i], row))
            return FALSE;
    return TRUE;
}

static gboolean rows_take(Loader *loader, TableRead *read, GError **error) {
    PackTable *table = read->table;
    kinds_find(read);
    if (table->range &&
        (column_at(table, 0)->kind != TERM_NUMBER || column_at(table, 1)->kind != TERM_NUMBER))
        return refuse(error, read->keys, "写数 / write numbers",
                      "from 和 below 应为数 / from and below are numbers");
    for (guint i = 0; i < read->cells->len; i++) {
        const GPtrArray *cells = read->cells->pdata[i];
        Term *row = packs_own(loader->packs, g_new0(Term, table->columns->len), g_free);
        for (guint j = 0; j < cells->len; j++)
            if (!cell_read(loader, column_at(table, j), cells->pdata[j], &row[j]))
                return refuse_row(read, i, "代码不在代码表中 / a code that the list does not have",
                                  error);
        if (!row_fits(table, row))
            return refuse_row(read, i,
                              "键为空，或 from 不小于 below / a key is empty, or from is "
                              "not below",
                              error);
        if (!row_is_new(table, row))
            return refuse_row(read, i, "键重复或区间重叠 / the keys stand twice, or bands overlap",
                              error);
        g_ptr_array_add(table->rows, row);
    }
    return table->rows->len > 0 || refuse(error, read->rows ? read->rows : read->csv,
                                          "至少一行 / one at least", "表为空 / the table is empty");
}

/* ---- versions ---- */

static gboolean same_shape(const PackTable *a, const PackTable *b) {
    gboolean same = a->columns->len == b->columns->len && a->key_count == b->key_count;
    for (guint i = 0; same && i < a->columns->len; i++)
        same = strcmp(column_at(a, i)->name, column_at(b, i)->name) == 0 &&
               column_at(a, i)->kind == column_at(b, i)->kind &&
               column_at(a, i)->codes == column_at(b, i)->codes;
    return same;
}

static gboolean table_add(Loader *loader, const YamlNode *file, PackTable *table, GError **error) {
    PackTable *other = (PackTable *)packs_table_named(loader->packs, table->name);
    for (; other; other = other->next) {
        if (validity_overlap(&other->valid, &table->valid))
            return refuse(error, file,
                          "给各表写不重叠的 valid / give them valid that do not overlap",
                          "表“%s”在同一时期有两份 / the table %s stands twice for one time",
                          table->name, table->name);
        if (!same_shape(other, table))
            return refuse(error, file, "列名、列序和类型相同 / the same columns and kinds",
                          "表“%s”各版本的列不同 / the versions of the table %s differ in columns",
                          table->name, table->name);
        if (other->next == NULL) {
            other->next = table;
            return TRUE;
        }
    }
    if (loader->packs->tables->len == TABLES_MAX)
        return refuse(error, file, "合并 / merge some", "超过 500 个表 / more than 500 tables");
    g_ptr_array_add(loader->packs->tables, table);
    return TRUE;
}

static PackTable *table_new(Packs *packs) {
    PackTable *table = packs_own(packs, g_new0(PackTable, 1), g_free);
    table->columns = packs_array(packs, sizeof(TableColumn));
    table->rows = packs_pointers(packs);
    table->by_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    packs_own(packs, table->by_keys, (GDestroyNotify)g_hash_table_unref);
    return table;
}

static gboolean table_read(Loader *loader, const YamlNode *file, TableRead *read, GError **error) {
    static const KeyRow head[] = {
        {"table", TRUE, PASS_SHAPE, read_name, offsetof(PackTable, name)},
        {"title", TRUE, PASS_SHAPE, read_title, offsetof(PackTable, title)},
        {"basis", FALSE, PASS_SHAPE, read_texts, offsetof(PackTable, basis)},
        {"source", TRUE, PASS_SHAPE, read_text, offsetof(PackTable, source)},
        {"valid", FALSE, PASS_SHAPE, read_validity, offsetof(PackTable, valid)},
        {"keys", TRUE, 0, NULL, 0},
        {"columns", TRUE, 0, NULL, 0},
        {"rows", FALSE, 0, NULL, 0},
        {"csv", FALSE, 0, NULL, 0},
    };
    if (!keys_read(loader, file, head, G_N_ELEMENTS(head), read->table, error))
        return FALSE;
    read->keys = tree_get(file, "keys");
    read->columns = tree_get(file, "columns");
    read->rows = tree_get(file, "rows");
    read->csv = tree_get(file, "csv");
    if ((read->rows == NULL) == (read->csv == NULL))
        return refuse(error, file, "写 rows 或 csv / write rows or csv",
                      "表应有 rows 或 csv 之一 / a table has either rows or csv");
    return shape_read(loader, read, error) &&
           (read->rows ? inline_rows(read, error) : csv_rows(read, error)) &&
           rows_take(loader, read, error) && table_add(loader, file, read->table, error);
}

gboolean read_table_file(Loader *loader, const YamlNode *file, GError **error) {
    TableRead read = {.table = table_new(loader->packs)};
    read.cells = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    read.lines = g_array_new(FALSE, FALSE, sizeof(int));
    gboolean done = table_read(loader, file, &read, error);
    g_ptr_array_unref(read.cells);
    g_array_unref(read.lines);
    return done;
}
