/* Values that are worked out: computed fields with their order, and what `set` and `raise` may work
 * out, ask of other records, or make rows of. */
#include "pack/pack_key.h"

#include <string.h>

/* Whether a value of this expression can stand in the field; text is checked when it is there. */
static gboolean expression_fits(const Expression *expression, const Field *field) {
    const CodeList *codes = expression_codes(expression);
    if (field->kind == FIELD_CODE && codes && codes != field->codes)
        return FALSE;
    return expression_kind(expression) == field_term_kind(field->kind);
}

static gboolean refuse_expression(const Field *field, const YamlNode *node, GError **error) {
    const char *kind = field_kind_name(field->kind);
    return refuse(error, node, "改用同类型的表达式 / use an expression of that kind",
                  "表达式与字段 %s（%s）的类型不符 / it does not fit the field %s of kind %s",
                  field->name, kind, field->name, kind);
}

/* ---- computed fields ---- */

gboolean read_compute(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Field *field = place;
    field->computed = TRUE;
    if (loader->pass == PASS_SHAPE) {
        if (field->by_move || field->default_value || field_term_kind(field->kind) == TERM_NONE)
            return refuse(error, node, "删除 by_move、default / remove by_move, default",
                          "字段 %s 不能计算 / the field %s cannot be computed", field->name,
                          field->name);
        return TRUE;
    }
    return read_expression(loader, node, &field->compute, error) &&
           (expression_fits(field->compute, field) || refuse_expression(field, node, error));
}

typedef struct {
    RecordType *type;
    guint8 *seen; /* by Field.index: 1 being placed, 2 placed */
    const Field *circle;
} ComputeOrder;

static void place_field(ComputeOrder *order, Field *field);

static void place_named(gpointer data, const char *name) {
    ComputeOrder *order = data;
    Field *field = g_hash_table_lookup(order->type->fields_by_name, name);
    if (field && field->computed)
        place_field(order, field);
}

static void place_field(ComputeOrder *order, Field *field) {
    if (order->seen[field->index] == 1)
        order->circle = field;
    if (order->seen[field->index])
        return;
    order->seen[field->index] = 1;
    expression_each_name(field->compute, place_named, order);
    order->seen[field->index] = 2;
    g_ptr_array_add(order->type->computed, field);
}

gboolean compute_order(RecordType *type, const YamlNode *fields, GError **error) {
    g_autofree guint8 *seen = g_new0(guint8, type->fields->len);
    ComputeOrder order = {type, seen, NULL};
    for (guint i = 0; i < type->fields->len && !order.circle; i++) {
        Field *field = type->fields->pdata[i];
        if (field->computed)
            place_field(&order, field);
    }
    return order.circle == NULL ||
           refuse(error, tree_at(fields, order.circle->index), "去掉一个引用 / take one name out",
                  "字段 %s 的 compute 循环 / the computed field %s needs itself",
                  order.circle->name, order.circle->name);
}

/* ---- questions to other records ---- */

static gboolean read_asked_type(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    const RecordType **type = place;
    if (!is_text(node, error))
        return FALSE;
    *type = packs_type(loader->packs, node->text);
    return *type || refuse(error, node, "先定义该类型 / define that type",
                           "没有类型“%s” / there is no type %s", node->text, node->text);
}

static gboolean read_asked_field(Loader *loader, const YamlNode *node, gpointer place,
                                 GError **error) {
    (void)loader;
    const YamlNode **kept = place;
    *kept = node;
    return is_text(node, error);
}

static gboolean field_of(const RecordType *type, const YamlNode *node, const Field **field,
                         GError **error) {
    *field = type_field(type, node->text);
    if (*field && (*field)->secret)
        return refuse(error, node, "使用不密封的字段 / use a field that is not secret",
                      "字段 %s 是密封的 / the field %s is secret", node->text, node->text);
    return *field || refuse(error, node, "检查拼写 / check the spelling",
                            "类型 %s 没有字段“%s” / the type %s has no field %s", type->name,
                            node->text, type->name, node->text);
}

/* A condition over `type` in which $record is the type being read. */
static gboolean read_where(Loader *loader, const YamlNode *node, const RecordType *type,
                           Condition **where, GError **error) {
    RecordType *own = loader->type;
    loader->record = own;
    loader->type = (RecordType *)type;
    gboolean read = read_sql_condition(loader, node, where, error);
    loader->type = own;
    loader->record = NULL;
    return read;
}

static gboolean asked_fits(const RecordsAsked *asked, const Field *field) {
    if (asked->what == RECORDS_LATEST)
        return field->kind == asked->field->kind &&
               (field->kind != FIELD_CODE || field->codes == asked->field->codes);
    return field_term_kind(field->kind) == TERM_NUMBER &&
           (asked->what == RECORDS_COUNT || field_term_kind(asked->field->kind) == TERM_NUMBER);
}

static gboolean is_by(const Field *field) {
    return field->kind == FIELD_DATE || field->kind == FIELD_TIME;
}

typedef struct {
    const RecordType *count, *of;
    const YamlNode *sum, *latest, *by, *where;
} AskedRead;

static gboolean asked_shape(const AskedRead *read, const YamlNode *node, GError **error) {
    int kinds = (read->count != NULL) + (read->sum != NULL) + (read->latest != NULL);
    return (kinds == 1 && (read->of != NULL) == (read->count == NULL) &&
            (read->by == NULL || read->latest)) ||
           refuse(
               error, node,
               "{count: 类型, where} 或 {sum: 字段, of: 类型, where} 或 {latest: 字段, of: 类型, "
               "where, by: 时间字段} / one of these",
               "不完整的查询 / not a question to records");
}

static gboolean asked_read(Loader *loader, const YamlNode *node, RecordsAsked *asked,
                           GError **error) {
    static const KeyRow rows[] = {
        {"count", FALSE, PASS_RULES, read_asked_type, offsetof(AskedRead, count)},
        {"sum", FALSE, PASS_RULES, read_asked_field, offsetof(AskedRead, sum)},
        {"latest", FALSE, PASS_RULES, read_asked_field, offsetof(AskedRead, latest)},
        {"of", FALSE, PASS_RULES, read_asked_type, offsetof(AskedRead, of)},
        {"by", FALSE, PASS_RULES, read_asked_field, offsetof(AskedRead, by)},
        {"where", FALSE, PASS_RULES, read_asked_field, offsetof(AskedRead, where)},
    };
    AskedRead read = {0};
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), &read, error) ||
        !asked_shape(&read, node, error))
        return FALSE;
    asked->what = read.count ? RECORDS_COUNT : read.sum ? RECORDS_SUM : RECORDS_LATEST;
    asked->type = read.count ? read.count : read.of;
    const YamlNode *name = read.sum ? read.sum : read.latest;
    if ((name && !field_of(asked->type, name, &asked->field, error)) ||
        (read.by && !field_of(asked->type, read.by, &asked->by, error)))
        return FALSE;
    if (asked->by && !is_by(asked->by))
        return refuse(error, read.by, "使用 date 或 time 字段 / use a date or time",
                      "by 字段不是日期或时间 / by: no date or time");
    return read.where == NULL || read_where(loader, read.where, asked->type, &asked->where, error);
}

/* ---- rows that are made ---- */

static gboolean read_kept(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader, (void)error;
    *(const YamlNode **)place = node;
    return TRUE;
}

/* An expression over `type`, of the kind of `field` when there is one. */
static gboolean read_over(Loader *loader, const YamlNode *node, const RecordType *type,
                          const Field *field, Expression **expression, GError **error) {
    RecordType *own = loader->type;
    loader->type = (RecordType *)type;
    gboolean read = read_expression(loader, node, expression, error);
    loader->type = own;
    return read && (field == NULL || expression_fits(*expression, field) ||
                    refuse_expression(field, node, error));
}

static gboolean read_cells(Loader *loader, const YamlNode *map, const Field *field, RowsMade *made,
                           GError **error) {
    if (!is_map(map, field->rows->fields->len, error))
        return FALSE;
    made->cells = packs_array(loader->packs, sizeof(RowCell));
    for (guint i = 0; i < tree_count(map); i++) {
        const YamlNode *name = map->keys->pdata[i];
        RowCell cell = {.cell = type_field(field->rows, name->text)};
        if (cell.cell == NULL || cell.cell->computed)
            return refuse(error, name, "检查拼写 / check the spelling",
                          "%s 的行没有可赋值的字段“%s” / the rows of %s have no field %s to be set",
                          field->name, name->text, field->name, name->text);
        if (!read_over(loader, tree_at(map, i), made->type, cell.cell, &cell.value, error))
            return FALSE;
        g_array_append_val(made->cells, cell);
    }
    return TRUE;
}

typedef struct {
    const RecordType *rows;
    const Field *pick;
    const YamlNode *where, *fields, *by, *count;
} MadeRead;

static gboolean made_shape(const MadeRead *read, const Field *field, const YamlNode *node,
                           GError **error) {
    gboolean of_records = read->rows && read->fields && !read->pick && !read->by && !read->count;
    gboolean picked = read->pick && read->by && read->count && !read->rows && !read->where &&
                      !read->fields && read->pick->kind == FIELD_ROWS;
    return (field->kind == FIELD_ROWS &&
            (of_records || (picked && copy_fits(read->pick, field)))) ||
           refuse(error, node,
                  "{rows: 类型, where, fields: {列: 表达式}} 或 {pick: 行字段, by: 表达式, count: "
                  "表达式} / one of these, for a field of kind rows with these fields",
                  "字段 %s 不能这样填写 / the field %s cannot be made so", field->name,
                  field->name);
}

static gboolean is_orderly(const Expression *by) {
    TermKind kind = expression_kind(by);
    return kind == TERM_TEXT || kind == TERM_NUMBER || kind == TERM_DATE || kind == TERM_TIME;
}

static gboolean pick_read(Loader *loader, const MadeRead *read, RowsMade *made, GError **error) {
    return read_over(loader, read->by, made->pick->rows, NULL, &made->by, error) &&
           read_expression(loader, read->count, &made->count, error) &&
           ((is_orderly(made->by) && expression_kind(made->count) == TERM_NUMBER) ||
            refuse(error, read->by,
                   "by: 文本、数、日期或时间；count: 数 / by: text, number, date or time; count: a "
                   "number",
                   "不能据此挑选 / nothing to pick by"));
}

static gboolean made_read(Loader *loader, const YamlNode *node, const Field *field,
                          Assignment *value, GError **error) {
    static const KeyRow rows[] = {
        {"rows", FALSE, PASS_RULES, read_asked_type, offsetof(MadeRead, rows)},
        {"pick", FALSE, PASS_RULES, read_open_field, offsetof(MadeRead, pick)},
        {"where", FALSE, PASS_RULES, read_kept, offsetof(MadeRead, where)},
        {"fields", FALSE, PASS_RULES, read_kept, offsetof(MadeRead, fields)},
        {"by", FALSE, PASS_RULES, read_kept, offsetof(MadeRead, by)},
        {"count", FALSE, PASS_RULES, read_kept, offsetof(MadeRead, count)},
    };
    MadeRead read = {0};
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), &read, error) ||
        !made_shape(&read, field, node, error))
        return FALSE;
    RowsMade *made = packs_own(loader->packs, g_new0(RowsMade, 1), g_free);
    *made = (RowsMade){.type = read.rows, .pick = read.pick};
    value->kind = VALUE_ROWS;
    value->rows = made;
    if (made->pick)
        return pick_read(loader, &read, made, error);
    return (read.where == NULL ||
            read_where(loader, read.where, made->type, &made->where, error)) &&
           read_cells(loader, read.fields, field, made, error);
}

/* ---- values of set and raise ---- */

static gboolean calc_read(Loader *loader, const YamlNode *node, const Field *field,
                          Assignment *value, GError **error) {
    static const KeyRow rows[] = {
        {"calc", TRUE, PASS_RULES, read_expression, offsetof(Assignment, calc)}};
    value->kind = VALUE_CALC;
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), value, error) &&
           (expression_fits(value->calc, field) || refuse_expression(field, node, error));
}

gboolean read_calculated(Loader *loader, const YamlNode *node, const Field *field,
                         Assignment *value, GError **error) {
    if (tree_get(node, "calc"))
        return calc_read(loader, node, field, value, error);
    if (tree_get(node, "rows") || tree_get(node, "pick"))
        return made_read(loader, node, field, value, error);
    value->kind = VALUE_RECORDS;
    value->records = packs_own(loader->packs, g_new0(RecordsAsked, 1), g_free);
    return asked_read(loader, node, value->records, error) &&
           (asked_fits(value->records, field) || refuse_expression(field, node, error));
}
