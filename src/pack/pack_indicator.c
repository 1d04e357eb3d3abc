/* Indicators of a type: figures over its records, with the target that people are held to. */
#include "pack/pack_key.h"

#include <math.h>
#include <string.h>

enum { INDICATORS_MAX = 50, BY_MAX = 8 };

static gboolean summed(FieldKind kind) {
    static const guint kinds =
        1u << FIELD_INTEGER | 1u << FIELD_DECIMAL | 1u << FIELD_MONEY | 1u << FIELD_SCORE;
    return kinds >> kind & 1;
}

static gboolean read_summed(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!read_open_field(loader, node, place, error))
        return FALSE;
    const Field *field = *(const Field **)place;
    return summed(field->kind) ||
           refuse(error, node, "用数值字段 / name a field with a number",
                  "字段“%s”不能求和 / the field %s cannot be summed", field->name, field->name);
}

static gboolean read_dated(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!read_text(loader, node, place, error))
        return FALSE;
    const Field *field = type_field(loader->type, node->text);
    gboolean good = field ? field->kind == FIELD_DATE || field->kind == FIELD_TIME
                          : strcmp(node->text, "created_at") == 0;
    return good || refuse(error, node, "created_at 或日期、时间字段 / created_at, a date or a time",
                          "“%s”不是日期或时间 / %s is no date or time", node->text, node->text);
}

/* What a figure can be broken down by: values that are few and have titles. */
static gboolean read_by(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    GPtrArray *by = ((Indicator *)place)->by;
    if (!is_list(node, BY_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const Field *field;
        const YamlNode *name = tree_at(node, i);
        if (!read_open_field(loader, name, &field, error))
            return FALSE;
        if (field->kind != FIELD_CODE && field->kind != FIELD_BOOL && field->kind != FIELD_REF)
            return refuse(error, name, "用 code、bool 或 ref 字段 / name a code, bool or ref field",
                          "不能按“%s”分组 / figures cannot be grouped by %s", name->text,
                          name->text);
        if (g_ptr_array_find(by, field, NULL))
            return refuse(error, name, "删除一个 / remove one", "字段重复 / it stands twice");
        g_ptr_array_add(by, (gpointer)field);
    }
    return TRUE;
}

static gboolean read_figure(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    char *end = NULL;
    double value = node->kind == YAML_SCALAR && node->text ? g_ascii_strtod(node->text, &end) : 0;
    *(double *)place = value;
    return (end && end != node->text && *end == 0 && isfinite(value)) ||
           refuse(error, node, "写数值 / write a number", "目标不是数值 / the target is no number");
}

static gboolean read_target(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"at_most", FALSE, PASS_RULES, read_figure, offsetof(Indicator, target)},
        {"at_least", FALSE, PASS_RULES, read_figure, offsetof(Indicator, target)},
    };
    Indicator *indicator = place;
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), indicator, error))
        return FALSE;
    gboolean most = tree_get(node, "at_most") != NULL, least = tree_get(node, "at_least") != NULL;
    indicator->aim = most ? AIM_AT_MOST : AIM_AT_LEAST;
    return most != least ||
           refuse(error, node, "只写 at_most 或 at_least / write one of at_most and at_least",
                  "目标不明确 / the target is not clear");
}

static void indicator_init(Loader *loader, gpointer item, guint index) {
    (void)index;
    Indicator *indicator = item;
    indicator->by = packs_pointers(loader->packs);
}

static const KeyRow indicator_rows[] = {
    {"name", TRUE, PASS_SHAPE, read_name, offsetof(Indicator, name)},
    {"title", TRUE, PASS_SHAPE, read_title, offsetof(Indicator, title)},
    {"basis", FALSE, PASS_SHAPE, read_texts, offsetof(Indicator, basis)},
    {"where", FALSE, PASS_RULES, read_sql_condition, offsetof(Indicator, where)},
    {"of", FALSE, PASS_RULES, read_sql_condition, offsetof(Indicator, of)},
    {"sum", FALSE, PASS_RULES, read_summed, offsetof(Indicator, sum)},
    {"mean", FALSE, PASS_RULES, read_summed, offsetof(Indicator, mean)},
    {"time", FALSE, PASS_RULES, read_dated, offsetof(Indicator, time)},
    {"by", FALSE, PASS_RULES, read_by, 0},
    {"unit", FALSE, PASS_RULES, read_text, offsetof(Indicator, unit)},
    {"target", FALSE, PASS_RULES, read_target, 0},
};

static gboolean indicator_check(const YamlNode *node, const Indicator *indicator, GError **error) {
    int forms = (indicator->of != NULL) + (indicator->sum != NULL) + (indicator->mean != NULL);
    return (forms <= 1 && (!indicator->of || indicator->where)) ||
           refuse(
               error, node,
               "of（须有 where）、sum、mean 至多一个 / at most one of: of (with where), sum, mean",
               "指标 %s 的算法不明确 / how %s is computed is not clear", indicator->name,
               indicator->name);
}

gboolean read_indicators(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const ListShape shape = {"指标 / indicator", INDICATORS_MAX,
                                    sizeof(Indicator),  indicator_init,
                                    indicator_rows,     G_N_ELEMENTS(indicator_rows)};
    RecordType *type = place;
    if (!items_read(loader, node, &shape, type->indicators, error))
        return FALSE;
    for (guint i = 0; loader->pass == PASS_RULES && i < type->indicators->len; i++)
        if (!indicator_check(tree_at(node, i), type->indicators->pdata[i], error))
            return FALSE;
    return TRUE;
}
