/* What a move sets and causes: values, raised records, notices. */
#include "pack/pack_key.h"

#include <string.h>

enum { EFFECTS_MAX = 16 };

/* ---- templates of the type being read: {field}, {id}, {number}, {state}, and {code:title},
 * {ref:title}, {region:title}, {state:title} for what people call it ---- */

gboolean template_placeholder(const RecordType *type, const char *text) {
    static const char *const system[] = {"id", "number", "state", "state:title", NULL};
    static const guint titled = 1u << FIELD_CODE | 1u << FIELD_REF | 1u << FIELD_REGION;
    const char *colon = strchr(text, ':');
    g_autofree char *name = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    const Field *field = type_field(type, name);
    if (field == NULL)
        return g_strv_contains(system, text);
    if (field->secret)
        return FALSE;
    return colon == NULL || (strcmp(colon, ":title") == 0 && (titled >> field->kind & 1));
}

gboolean template_check(Loader *loader, const YamlNode *node, PlaceholderKnown known,
                        GError **error) {
    const char *open = node->text;
    while ((open = strchr(open, '{')) != NULL) {
        const char *close = strchr(open, '}');
        g_autofree char *text =
            close ? g_strndup(open + 1, (gsize)(close - open - 1)) : g_strdup(open + 1);
        if (close == NULL || !known(loader->type, text))
            return refuse(error, node,
                          "写 {字段名} 或 {代码字段:title} / write {field} or {code_field:title}",
                          "模板中 {%.64s} 无效 / {%.64s} means nothing in the template", text,
                          text);
        open = close + 1;
    }
    return TRUE;
}

/* ---- values ---- */

typedef struct {
    const char *name;
    ValueKind value;
} Variable;

static const Variable variables[] = {{"$now", VALUE_NOW},
                                     {"$today", VALUE_TODAY},
                                     {"$actor", VALUE_ACTOR},
                                     {"$id", VALUE_ID},
                                     {"$enterprise", VALUE_ENTERPRISE}};

static gboolean variable_read(Loader *loader, const YamlNode *node, Assignment *value,
                              GError **error) {
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        if (strcmp(variables[i].name, node->text) != 0)
            continue;
        value->kind = variables[i].value;
        return TRUE;
    }
    const Field *field = type_field(loader->type, node->text + 1);
    if (field == NULL)
        return refuse(error, node, "$now $today $actor $id $enterprise 或 $字段 / or $FIELD",
                      "没有“%s” / there is no %s", node->text, node->text);
    if (field->secret)
        return refuse(error, node, "不要复制密封字段 / do not copy a secret field",
                      "字段 %s 是密封的 / the field %s is secret", field->name, field->name);
    value->kind = VALUE_FIELD;
    value->text = field->name;
    return TRUE;
}

static gboolean value_read(Loader *loader, const YamlNode *node, gboolean templates,
                           Assignment *value, GError **error) {
    if (node->kind == YAML_SCALAR && *node->text == '$')
        return variable_read(loader, node, value, error);
    if (!literal_read(loader, node, value, error))
        return FALSE;
    if (value->kind != VALUE_TEXT || !templates || strchr(value->text, '{') == NULL)
        return TRUE;
    value->kind = VALUE_TEMPLATE;
    return template_check(loader, node, template_placeholder, error);
}

static gboolean is_ref_to(const Field *field, const char *type) {
    return field->kind == FIELD_REF && strcmp(field->ref_type, type) == 0;
}

static gboolean rows_fit(const RecordType *from, const RecordType *to) {
    for (guint i = 0; i < from->fields->len; i++) {
        const Field *cell = from->fields->pdata[i], *target = type_field(to, cell->name);
        if (target == NULL || !copy_fits(cell, target))
            return FALSE;
    }
    return TRUE;
}

gboolean copy_fits(const Field *from, const Field *to) {
    if (from->kind != to->kind)
        return (from->kind == FIELD_INTEGER && to->kind == FIELD_DECIMAL) ||
               (to->kind == FIELD_TEXT && from->kind != FIELD_FILE &&
                field_term_kind(from->kind) == TERM_TEXT);
    if (from->kind == FIELD_ROWS)
        return rows_fit(from->rows, to->rows);
    if (from->kind == FIELD_CODE)
        return from->codes == to->codes;
    return from->kind != FIELD_REF || is_ref_to(from, to->ref_type);
}

static gboolean variable_fits(const Loader *loader, const Field *field, const Assignment *value) {
    const RecordType *type = loader->type;
    switch (value->kind) {
    case VALUE_NOW:
        return field->kind == FIELD_TIME;
    case VALUE_TODAY:
        return field->kind == FIELD_DATE;
    case VALUE_ACTOR:
        return field->kind == FIELD_TEXT || is_ref_to(field, "user");
    case VALUE_ID:
        return field->kind == FIELD_TEXT || is_ref_to(field, type->name);
    case VALUE_ENTERPRISE:
        return type->scope_enterprise &&
               (field->kind == FIELD_TEXT || is_ref_to(field, "enterprise"));
    case VALUE_FIELD:
        return copy_fits(type_field(type, value->text), field);
    case VALUE_TEMPLATE:
        return field->kind == FIELD_TEXT;
    default:
        g_assert_not_reached();
    }
}

static gboolean is_literal(ValueKind kind) {
    return kind == VALUE_NULL || kind == VALUE_TEXT || kind == VALUE_BOOL || kind == VALUE_NUMBER;
}

static gboolean value_fits(Loader *loader, const Field *field, const Assignment *value,
                           const YamlNode *node, GError **error) {
    if (is_literal(value->kind))
        return literal_fits(loader, field, value, node, error);
    const char *kind = field_kind_name(field->kind);
    return variable_fits(loader, field, value) ||
           refuse(error, node, "改用同类型的值 / use a value of that kind",
                  "“%s”与字段 %s（%s）的类型不符 / it does not fit the field %s of kind %s",
                  node->text, field->name, kind, field->name, kind);
}

static gboolean assignment_read(Loader *loader, const YamlNode *key, const YamlNode *node,
                                const RecordType *target, gboolean templates, GArray *out,
                                GError **error) {
    const Field *field = type_field(target, key->text);
    if (field == NULL)
        return refuse(error, key, "检查拼写 / check the spelling",
                      "类型 %s 没有字段“%s” / the type %s has no field %s", target->name, key->text,
                      target->name, key->text);
    if (field->computed)
        return refuse(error, key, "删除 / remove it",
                      "计算字段 %s 不能赋值 / the computed field %s is not given", field->name,
                      field->name);
    Assignment value = {.field = field->name};
    gboolean read = node->kind == YAML_MAP ? read_calculated(loader, node, field, &value, error)
                                           : value_read(loader, node, templates, &value, error) &&
                                                 value_fits(loader, field, &value, node, error);
    if (!read)
        return FALSE;
    if (field->secret && value.kind != VALUE_NULL)
        return refuse(error, key, "由人填写，或写 null / let people give it, or write null",
                      "密封字段 %s 不能由规则填写 / no rule fills the secret field %s", field->name,
                      field->name);
    g_array_append_val(out, value);
    return TRUE;
}

/* A map FIELD: VALUE for the fields of `target`. */
static gboolean assignments_read(Loader *loader, const YamlNode *map, const RecordType *target,
                                 gboolean templates, GArray *out, GError **error) {
    if (!is_map(map, target->fields->len, error))
        return FALSE;
    for (guint i = 0; i < map->keys->len; i++)
        if (!assignment_read(loader, map->keys->pdata[i], tree_at(map, i), target, templates, out,
                             error))
            return FALSE;
    return TRUE;
}

gboolean read_set(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const Field *key = loader->type->key;
    const YamlNode *on_key = key ? tree_get(node, key->name) : NULL;
    if (on_key)
        return refuse(error, on_key, "删除 / remove it",
                      "key 字段 %s 不能修改 / the key %s cannot change", key->name, key->name);
    return assignments_read(loader, node, loader->type, FALSE, *(GArray **)place, error);
}

/* ---- raise ---- */

static gboolean read_raise_type(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    Effect *effect = place;
    if (!is_text(node, error))
        return FALSE;
    effect->type = packs_text(loader->packs, node->text);
    return packs_type(loader->packs, node->text) ||
           refuse(error, node, "先定义该类型 / define that type",
                  "没有类型“%s” / there is no type %s", node->text, node->text);
}

static gboolean read_raise_link(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    Effect *effect = place;
    const Field *field;
    if (!read_own_field(loader, node, &field, error))
        return FALSE;
    effect->link = field->name;
    return is_ref_to(field, effect->type) ||
           refuse(error, node, "使用指向该类型的 ref 字段 / use a ref to that type",
                  "link 字段 %s 不指向 %s / the link %s is no ref to %s", field->name, effect->type,
                  field->name, effect->type);
}

static gboolean read_raise_fields(Loader *loader, const YamlNode *node, gpointer place,
                                  GError **error) {
    Effect *effect = place;
    return assignments_read(loader, node, packs_type(loader->packs, effect->type), TRUE,
                            effect->fields, error);
}

static gboolean raise_complete(Loader *loader, const YamlNode *node, const Effect *effect,
                               GError **error) {
    const RecordType *target = packs_type(loader->packs, effect->type);
    const YamlNode *given = tree_get(node, "fields");
    for (guint i = 0; i < target->fields->len; i++) {
        const Field *field = target->fields->pdata[i];
        if (field->required && !field->computed && !field->default_value &&
            !tree_get(given, field->name))
            return refuse(error, given, "在 fields 中给出 / give it under fields",
                          "缺少 %s 的必填字段 %s / the required field %s of %s is not given",
                          effect->type, field->name, field->name, effect->type);
    }
    return TRUE;
}

static gboolean read_raise(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"type", TRUE, PASS_RULES, read_raise_type, 0},
        {"link", FALSE, PASS_RULES, read_raise_link, 0},
        {"fields", TRUE, PASS_RULES, read_raise_fields, 0},
    };
    Effect *effect = place;
    effect->kind = EFFECT_RAISE;
    effect->fields = packs_array(loader->packs, sizeof(Assignment));
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), effect, error) &&
           raise_complete(loader, node, effect, error);
}

/* ---- notify ---- */

static gboolean read_template_title(Loader *loader, const YamlNode *node, gpointer place,
                                    GError **error) {
    return read_title(loader, node, place, error) &&
           template_check(loader, tree_get(node, "zh"), template_placeholder, error) &&
           template_check(loader, tree_get(node, "en"), template_placeholder, error);
}

static gboolean read_notify(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"who", TRUE, PASS_RULES, read_roles, offsetof(Effect, who)},
        {"title", TRUE, PASS_RULES, read_template_title, offsetof(Effect, title)},
    };
    Effect *effect = place;
    effect->kind = EFFECT_NOTIFY;
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), effect, error))
        return FALSE;
    return effect->who || refuse(error, node, "写出角色 / name a role", "who 为空 / who is empty");
}

static gboolean effect_read(Loader *loader, const YamlNode *node, GArray *effects, GError **error) {
    static const KeyRow rows[] = {
        {"when", FALSE, PASS_RULES, read_condition, offsetof(Effect, when)},
        {"raise", FALSE, PASS_RULES, read_raise, 0},
        {"notify", FALSE, PASS_RULES, read_notify, 0},
    };
    Effect effect = {0};
    if (node->kind == YAML_MAP && tree_count(node) != 1 + (tree_get(node, "when") != NULL))
        return refuse(error, node,
                      "每项一个 raise 或 notify，可加 when / one raise or notify per item, with "
                      "or without when",
                      "一项应只有一个效果 / an item holds one effect");
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), &effect, error))
        return FALSE;
    g_array_append_val(effects, effect);
    return TRUE;
}

gboolean read_effects(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_list(node, EFFECTS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!effect_read(loader, tree_at(node, i), *(GArray **)place, error))
            return FALSE;
    return TRUE;
}
