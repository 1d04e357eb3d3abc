/* The workbook that people fill in for an import. */
#include "record/act.h"
#include "record/import.h"
#include "record/import_head.h"
#include "record/rights.h"
#include "record/rows.h"

#include <errno.h>
#include <string.h>
#include <xlsxwriter.h>

enum { ROWS = TABLE_ROWS_MAX };

typedef struct {
    lxw_workbook *book;
    lxw_worksheet *page, *lists, *explained;
    lxw_format *head, *required;
    lxw_col_t column; /* of the page */
    guint16 list;     /* column of `lists` */
    lxw_row_t line;   /* of `explained` */
} Template;

/* Drop-down lists stand on a sheet of their own: a list inside the rule may have 255 characters. */
static void add_list(Template *t, const CodeList *codes) {
    for (guint i = 0; i < codes->items->len; i++)
        worksheet_write_string(t->lists, i, t->list,
                               ((const CodeItem *)codes->items->pdata[i])->title.zh, NULL);
    char from[LXW_MAX_CELL_NAME_LENGTH], to[LXW_MAX_CELL_NAME_LENGTH];
    lxw_rowcol_to_cell_abs(from, 0, t->list, 1, 1);
    lxw_rowcol_to_cell_abs(to, codes->items->len - 1, t->list, 1, 1);
    g_autofree char *range = g_strdup_printf("='代码'!%s:%s", from, to);
    lxw_data_validation rule = {.validate = LXW_VALIDATION_TYPE_LIST_FORMULA,
                                .value_formula = range,
                                .ignore_blank = LXW_VALIDATION_ON,
                                .error_type = LXW_VALIDATION_ERROR_TYPE_WARNING};
    worksheet_data_validation_range(t->page, 1, t->column, ROWS, t->column, &rule);
    t->list++;
}

static void add_truth(Template *t) {
    char *words[] = {(char *)"是", (char *)"否", NULL};
    lxw_data_validation rule = {.validate = LXW_VALIDATION_TYPE_LIST,
                                .value_list = words,
                                .ignore_blank = LXW_VALIDATION_ON,
                                .error_type = LXW_VALIDATION_ERROR_TYPE_WARNING};
    worksheet_data_validation_range(t->page, 1, t->column, ROWS, t->column, &rule);
}

static const char *form_of(const Field *field) {
    static const char *const forms[FIELD_KINDS] = {
        [FIELD_TEXT] = "文本",
        [FIELD_INTEGER] = "整数",
        [FIELD_MONEY] = "金额（元），最多两位小数",
        [FIELD_DURATION] = "时长，如 PT8H30M、P3D",
        [FIELD_SCORE] = "分数",
        [FIELD_DECIMAL] = "数值",
        [FIELD_BOOL] = "是 / 否",
        [FIELD_DATE] = "日期，如 2026-11-23、2026/11/23、2026年11月23日",
        [FIELD_TIME] = "时间，如 2026-11-23 08:30（北京时间）",
        [FIELD_CODE] = "从下拉列表选择，或填代码",
        [FIELD_REF] = "编码或名称；名称不唯一时填编码",
        [FIELD_REGION] = "区划代码或名称，如 320412 或 江苏省常州市武进区",
        [FIELD_ROLE] = "角色名称",
        [FIELD_POINT] = "经度, 纬度，如 119.97, 31.72",
        [FIELD_AREA] =
            "WKT 或 GeoJSON 多边形，如 POLYGON ((119.9 31.8, 120 31.8, 120 31.9, 119.9 31.8))"};
    return forms[field->kind] ? forms[field->kind] : "见类型定义";
}

static void explain(Template *t, const char *a, const char *b, const char *c, const char *d,
                    const char *e) {
    const char *const texts[] = {a, b, c, d, e};
    for (lxw_col_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i])
            worksheet_write_string(t->explained, t->line, i, texts[i], t->line ? NULL : t->head);
    t->line++;
}

static char *codes_of(const Field *field) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; field->codes && i < field->codes->items->len && text->len < 2000; i++) {
        const CodeItem *item = field->codes->items->pdata[i];
        g_string_append_printf(text, "%s%s=%s", i ? "；" : "", item->code, item->title.zh);
    }
    return g_string_free(text, FALSE);
}

static void add_field(Template *t, const Field *field) {
    gboolean must = field->required || field->required_when;
    g_autofree char *unit = field->unit ? g_strconcat("/", field->unit, NULL) : NULL;
    g_autofree char *title =
        g_strconcat(field->title.zh, unit ? unit : "", field->required ? "*" : "", NULL);
    worksheet_write_string(t->page, 0, t->column, title, field->required ? t->required : t->head);
    worksheet_set_column(t->page, t->column, t->column, 18, NULL);
    if (field->codes && field->codes->items->len)
        add_list(t, field->codes);
    else if (field->kind == FIELD_BOOL)
        add_truth(t);
    g_autofree char *codes = codes_of(field);
    explain(t, title, field->title.en,
            field->required ? "必填"
            : must          ? "按条件必填"
                            : "",
            form_of(field), codes);
    t->column++;
}

/* The rows inside records: a page for each field. */
static void add_rows(Template *t, const RecordType *type, const Field *field) {
    g_autofree char *name = rows_page_name(type, field);
    lxw_worksheet *page = workbook_add_worksheet(t->book, name);
    if (page == NULL)
        return;
    t->page = page;
    t->column = 1;
    worksheet_write_string(page, 0, 0, ROWS_ID, t->required);
    worksheet_freeze_panes(page, 1, 0);
    explain(t, NULL, NULL, NULL, NULL, NULL);
    explain(t, name, field->title.en, "工作表",
            "首列为数据表中记录的标识（编码）；CSV 文件不含此表", NULL);
    for (guint i = 0; i < field->rows->given->len; i++)
        if (import_takes(field->rows->given->pdata[i]))
            add_field(t, field->rows->given->pdata[i]);
}

static void fill(Template *t, const RecordType *type) {
    explain(t, "列", "Column", "要求", "填写方式", "代码");
    for (guint i = 0; i < type->given->len; i++)
        if (import_takes(type->given->pdata[i]))
            add_field(t, type->given->pdata[i]);
    explain(t, NULL, NULL, NULL, NULL, NULL);
    explain(t,
            "带 * 的列必填；空单元格不改变已有值；整个文件要么全部导入，要么一行也不导入；最多 "
            "10000 行。",
            NULL, NULL, NULL, NULL);
    worksheet_set_column(t->explained, 0, 1, 22, NULL);
    worksheet_set_column(t->explained, 2, 2, 12, NULL);
    worksheet_set_column(t->explained, 3, 4, 60, NULL);
    worksheet_freeze_panes(t->page, 1, 0);
    for (guint i = 0; i < type->row_fields->len; i++)
        if (g_ptr_array_find(type->given, type->row_fields->pdata[i], NULL))
            add_rows(t, type, type->row_fields->pdata[i]);
    worksheet_hide(t->lists);
}

gboolean record_template(const Packs *packs, const Actor *actor, const char *type_name, int fd,
                         const char *tmp_dir, GError **error) {
    const RecordType *type = find_type(packs, type_name, error);
    if (type == NULL)
        return FALSE;
    if (!rights_read(actor, type) && !rights_create(actor, type))
        return error_set(error, ERROR_TYPE_UNKNOWN, NULL, type_name, NULL);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *directory = g_strdup(tmp_dir);
    lxw_workbook_options options = {.tmpdir = directory};
    Template t = {.book = workbook_new_opt(path, &options)};
    t.page = workbook_add_worksheet(t.book, "数据");
    t.explained = workbook_add_worksheet(t.book, "填表说明");
    t.lists = workbook_add_worksheet(t.book, "代码");
    t.head = workbook_add_format(t.book);
    t.required = workbook_add_format(t.book);
    format_set_bold(t.head);
    format_set_bold(t.required);
    format_set_font_color(t.required, 0xC00000);
    fill(&t, type);
    errno = 0;
    lxw_error code = workbook_close(t.book);
    if (code == LXW_NO_ERROR)
        return TRUE;
    if (errno == ENOSPC || errno == EDQUOT)
        return error_set(error, ERROR_DISK_FULL, NULL, NULL);
    return error_set(error, ERROR_FILE, NULL, "template", lxw_strerror(code), NULL);
}
