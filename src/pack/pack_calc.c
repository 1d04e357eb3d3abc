/* Values that are worked out: computed fields with their order, and what `set` and `raise` may work
 * out or ask of other records. */
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
    value->kind = VALUE_RECORDS;
    value->records = packs_own(loader->packs, g_new0(RecordsAsked, 1), g_free);
    return asked_read(loader, node, value->records, error) &&
           (asked_fits(value->records, field) || refuse_expression(field, node, error));
}
