#include "pack/pack_key.h"

#include <string.h>

enum { NAME_CHARS = 48, TEXT_CHARS = 400, TITLE_CHARS = 200, LIST_MAX = 200 };

gboolean is_map(const YamlNode *node, guint max, GError **error) {
    if (node->kind != YAML_MAP)
        return refuse(error, node, "参见 docs/packs.md / see docs/packs.md",
                      "此处应为“键: 值” / key: value is expected here");
    if (tree_count(node) > max)
        return refuse(error, node, "拆分 / split it", "超过 %u 项 / more than %u entries", max,
                      max);
    return TRUE;
}

gboolean is_list(const YamlNode *node, guint max, GError **error) {
    if (node->kind != YAML_LIST)
        return refuse(error, node, "写成 [a, b] 或每行一个“- ” / write [a, b] or lines with “- ”",
                      "此处应为列表 / a list is expected here");
    if (tree_count(node) > max)
        return refuse(error, node, "减少 / take some away", "超过 %u 项 / more than %u items", max,
                      max);
    return TRUE;
}

gboolean is_text(const YamlNode *node, GError **error) {
    if (node->kind != YAML_SCALAR || tree_is_null(node))
        return refuse(error, node, "写一个值 / write one value",
                      "此处应为文字 / text is expected here");
    return TRUE;
}

gboolean is_new(Loader *loader, const char *kind, const YamlNode *name, GError **error) {
    char *key = g_strdup_printf("%s %s", kind, name->text);
    const YamlNode *first = g_hash_table_lookup(loader->first_place, key);
    if (first == NULL) {
        g_hash_table_insert(loader->first_place, key, (gpointer)name);
        return TRUE;
    }
    g_free(key);
    return refuse(error, name, "换一个名称 / use another name",
                  "%s“%s”已在 %s:%d 定义 / is defined already", kind, name->text, first->file,
                  first->line);
}

/* ---- maps by tables of keys ---- */

static const KeyRow *row_of(const KeyRow *rows, gsize n, const char *key) {
    for (gsize i = 0; i < n; i++)
        if (strcmp(rows[i].key, key) == 0)
            return &rows[i];
    return NULL;
}

/* In {en: Closed, late} the comma ends the text, and `late` becomes a key without value. */
static gboolean key_unknown(const YamlNode *map, const YamlNode *key, const KeyRow *rows, gsize n,
                            GError **error) {
    g_autoptr(GString) remedy = g_string_new("可用 / known:");
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(remedy, " %s", rows[i].key);
    if (tree_is_null(tree_get(map, key->text)))
        g_string_append(remedy, "；含逗号的文字要加引号 / quote text that has a comma");
    return refuse(error, key, remedy->str, "没有键“%s” / unknown key “%s”", key->text, key->text);
}

static gboolean keys_known(const YamlNode *map, const KeyRow *rows, gsize n, GError **error) {
    for (guint i = 0; i < map->keys->len; i++) {
        const YamlNode *key = map->keys->pdata[i];
        if (row_of(rows, n, key->text) == NULL)
            return key_unknown(map, key, rows, n, error);
    }
    return TRUE;
}

static gboolean key_read(Loader *loader, const YamlNode *map, const KeyRow *row, gpointer target,
                         GError **error) {
    const YamlNode *value = tree_get(map, row->key);
    if (value == NULL && row->required)
        return refuse(error, map, "加上该键 / add it", "缺少“%s” / %s is missing", row->key,
                      row->key);
    if (value == NULL || !(row->passes & (int)loader->pass))
        return TRUE;
    return row->read(loader, value, (char *)target + row->offset, error);
}

gboolean keys_read(Loader *loader, const YamlNode *map, const KeyRow *rows, gsize n,
                   gpointer target, GError **error) {
    if (!is_map(map, YAML_NODES, error) || !keys_known(map, rows, n, error))
        return FALSE;
    for (gsize i = 0; i < n; i++)
        if (!key_read(loader, map, &rows[i], target, error))
            return FALSE;
    return TRUE;
}

static const char *item_name(gconstpointer item) { return *(char *const *)item; }

static gboolean names_differ(const YamlNode *node, const char *what, const GPtrArray *items,
                             guint last, GError **error) {
    const char *name = item_name(items->pdata[last]);
    for (guint i = 0; name && i < last; i++)
        if (strcmp(item_name(items->pdata[i]), name) == 0)
            return refuse(error, node, "换一个名称 / use another name",
                          "%s“%s”重复 / %s stands twice", what, name, name);
    return TRUE;
}

static gpointer item_at(Loader *loader, const ListShape *shape, GPtrArray *items, guint i) {
    if (i < items->len)
        return items->pdata[i];
    gpointer item = packs_own(loader->packs, g_malloc0(shape->size), g_free);
    if (shape->init)
        shape->init(loader, item, i);
    g_ptr_array_add(items, item);
    return item;
}

gboolean items_read(Loader *loader, const YamlNode *list, const ListShape *shape, GPtrArray *items,
                    GError **error) {
    if (!is_list(list, shape->max, error))
        return FALSE;
    for (guint i = 0; i < tree_count(list); i++) {
        gpointer item = item_at(loader, shape, items, i);
        if (!keys_read(loader, tree_at(list, i), shape->rows, shape->row_count, item, error) ||
            (shape->what && !names_differ(tree_at(list, i), shape->what, items, i, error)))
            return FALSE;
    }
    return TRUE;
}

gboolean array_read(Loader *loader, const YamlNode *list, const ListShape *shape, GArray *array,
                    GError **error) {
    if (!is_list(list, shape->max, error))
        return FALSE;
    g_autofree gpointer item = g_malloc0(shape->size);
    for (guint i = 0; i < tree_count(list); i++) {
        memset(item, 0, shape->size);
        if (shape->init)
            shape->init(loader, item, i);
        if (!keys_read(loader, tree_at(list, i), shape->rows, shape->row_count, item, error))
            return FALSE;
        g_array_append_vals(array, item, 1);
    }
    return TRUE;
}

/* ---- plain members ---- */

static gboolean name_formed(const char *text) {
    gsize n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return g_ascii_islower(text[0]) && text[n] == 0 && n <= NAME_CHARS;
}

gboolean read_name(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_text(node, error))
        return FALSE;
    if (!name_formed(node->text))
        return refuse(error, node,
                      "小写字母开头，只含 a-z 0-9 _，最多 48 个 / a-z, 0-9, _; a letter "
                      "first; 48 at most",
                      "名称“%.60s”不合规则 / not a name: %.60s", node->text, node->text);
    *(char **)place = packs_text(loader->packs, node->text);
    return TRUE;
}

static gboolean read_bounded(Loader *loader, const YamlNode *node, long max, char **place,
                             GError **error) {
    if (!is_text(node, error))
        return FALSE;
    if (*node->text == 0 || g_utf8_strlen(node->text, -1) > max)
        return refuse(error, node, "改写 / rewrite it",
                      "文字为空或超过 %ld 字 / empty, or longer than %ld characters", max, max);
    *place = packs_text(loader->packs, node->text);
    return TRUE;
}

gboolean read_text(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    return read_bounded(loader, node, TEXT_CHARS, place, error);
}

static gboolean read_title_text(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    return read_bounded(loader, node, TITLE_CHARS, place, error);
}

gboolean read_title(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"zh", TRUE, PASS_ALL, read_title_text, offsetof(Title, zh)},
        {"en", TRUE, PASS_ALL, read_title_text, offsetof(Title, en)},
    };
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error);
}

gboolean read_flag(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    gboolean truth = FALSE;
    if (!tree_is_bool(node, &truth))
        return refuse(error, node, "写 true 或 false / write true or false",
                      "此处应为 true 或 false / true or false is expected here");
    *(gboolean *)place = truth;
    return TRUE;
}

gboolean read_texts(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    char *text = NULL;
    if (node->kind == YAML_SCALAR) {
        if (!read_text(loader, node, &text, error))
            return FALSE;
        g_strv_builder_add(builder, text);
    } else if (!is_list(node, LIST_MAX, error)) {
        return FALSE;
    }
    for (guint i = 0; i < tree_count(node); i++) {
        if (!read_text(loader, tree_at(node, i), &text, error))
            return FALSE;
        g_strv_builder_add(builder, text);
    }
    *(GStrv *)place =
        packs_own(loader->packs, g_strv_builder_end(builder), (GDestroyNotify)g_strfreev);
    return TRUE;
}

/* ---- members that name something ---- */

gboolean read_own_field(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_text(node, error))
        return FALSE;
    const Field *field = type_field(loader->type, node->text);
    *(const Field **)place = field;
    return field || refuse(error, node, "先在 fields 中定义 / define it under fields",
                           "没有字段“%s” / there is no field %s", node->text, node->text);
}

gboolean read_open_field(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const Field **field = place;
    if (!read_own_field(loader, node, field, error))
        return FALSE;
    return !(*field)->secret ||
           refuse(error, node, "使用不密封的字段 / use a field that is not secret",
                  "字段 %s 是密封的 / the field %s is secret", (*field)->name, (*field)->name);
}

gboolean read_own_state(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_text(node, error))
        return FALSE;
    const State *state = type_state(loader->type, node->text);
    *(const State **)place = state;
    return state || refuse(error, node, "先在 states 中定义 / define it under states",
                           "没有状态“%s” / there is no state %s", node->text, node->text);
}

/* The bit of one name; the special names only where rights are given. */
static gboolean role_bit(Loader *loader, const YamlNode *name, gboolean special, RoleSet *set,
                         GError **error) {
    if (!is_text(name, error))
        return FALSE;
    const Role *role = packs_role(loader->packs, name->text);
    RoleSet group;
    if (role)
        *set |= (RoleSet)1 << role->index;
    else if (packs_role_group(loader->packs, name->text, &group))
        *set |= group;
    else if (special && strcmp(name->text, "everyone") == 0)
        *set |= ROLE_EVERYONE;
    else if (special && strcmp(name->text, "engine") == 0)
        *set |= ROLE_ENGINE;
    else if (special && strcmp(name->text, "public") == 0)
        *set |= ROLE_PUBLIC;
    else
        return refuse(error, name, "先在 roles 中定义 / define it under roles",
                      "没有角色“%s” / there is no role %s", name->text, name->text);
    return TRUE;
}

static gboolean roles_read(Loader *loader, const YamlNode *node, gboolean special, RoleSet *out,
                           GError **error) {
    RoleSet set = 0;
    if (!is_list(node, LIST_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        RoleSet before = set;
        if (!role_bit(loader, tree_at(node, i), special, &set, error))
            return FALSE;
        if (set == before)
            return refuse(error, tree_at(node, i), "删除一个 / remove one",
                          "角色重复 / the role stands twice");
    }
    *out = set;
    return TRUE;
}

gboolean read_roles(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    return roles_read(loader, node, FALSE, place, error);
}

gboolean read_rights(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    return roles_read(loader, node, TRUE, place, error);
}

static gboolean guard_read(Loader *loader, const YamlNode *node, Guard **place, GError **error) {
    typedef struct {
        Guard guard;
        const Field *field;
    } GuardRead;
    static const KeyRow rows[] = {
        {"when", TRUE, PASS_RULES, read_condition, offsetof(GuardRead, guard.when)},
        {"message", TRUE, PASS_RULES, read_title, offsetof(GuardRead, guard.message)},
        {"field", FALSE, PASS_RULES, read_own_field, offsetof(GuardRead, field)},
        {"valid", FALSE, PASS_RULES, read_validity, offsetof(GuardRead, guard.valid)},
    };
    GuardRead read = {0};
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), &read, error))
        return FALSE;
    read.guard.field = read.field ? read.field->name : NULL;
    *place = packs_own(loader->packs, g_memdup2(&read.guard, sizeof read.guard), g_free);
    return TRUE;
}

gboolean read_guard(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Guard **next = place;
    if (node->kind != YAML_LIST)
        return guard_read(loader, node, next, error);
    if (!is_list(node, LIST_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++, next = &(*next)->next)
        if (!guard_read(loader, tree_at(node, i), next, error))
            return FALSE;
    return TRUE;
}

/* ---- conditions ---- */

typedef struct {
    Loader *loader;
    const char *name, *text; /* what was not found */
} LiteralCheck;

static gboolean literal_known(Loader *loader, const char *name, const char *text) {
    const RecordType *type = loader->type;
    const Field *ref;
    if (name_of_owner(type, name)) {
        name = name_of_owner(type, name);
        type = type->owner;
    } else if (strchr(name, '.'))
        type = type_of_ref(loader->packs, type, name, &ref, &name);
    if (type == NULL)
        return TRUE;
    if (strcmp(name, "state") == 0)
        return type_state(type, text) != NULL;
    const Field *field = type_field(type, name);
    if (field && field->kind == FIELD_CODE && field->codes)
        return g_hash_table_contains(field->codes->by_code, text);
    if (field && field->kind == FIELD_ROLE)
        return packs_role(loader->packs, text) != NULL;
    return TRUE;
}

static gboolean literal_check(gpointer data, const char *name, const Term *literal) {
    LiteralCheck *check = data;
    if (literal->kind != TERM_TEXT || literal_known(check->loader, name, literal->text))
        return TRUE;
    check->name = name;
    check->text = literal->text;
    return FALSE;
}

static gboolean refuse_condition(GError **error, const YamlNode *node, const GError *cause) {
    g_autofree char *what = error_detail(cause, LANG_ZH);
    g_autofree char *hint_zh = error_hint(cause, LANG_ZH), *hint_en = error_hint(cause, LANG_EN);
    g_autofree char *remedy = g_strdup_printf("%s / %s", hint_zh, hint_en);
    return refuse(error, node, remedy, "%s", what);
}

static gboolean refuse_literal(const LiteralCheck *check, const YamlNode *node, GError **error) {
    return refuse(error, node,
                  "使用已定义的状态、代码或角色 / use a state, code or role that is defined",
                  "条件中 %s 没有值“%s” / %s can never be “%s”", check->name, check->text,
                  check->name, check->text);
}

/* The names of the type being read. */
static TypeNames own_names(const Loader *loader) {
    return (TypeNames){.packs = loader->packs, .type = loader->type, .record = loader->record};
}

gboolean read_condition(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    g_autoptr(GError) cause = NULL;
    if (!is_text(node, error))
        return FALSE;
    TypeNames names = own_names(loader);
    ConditionScope scope = type_scope(&names);
    Condition *condition = condition_parse_in(node->text, &scope, &cause);
    if (condition == NULL)
        return refuse_condition(error, node, cause);
    *(Condition **)place = packs_own(loader->packs, condition, (GDestroyNotify)condition_free);
    LiteralCheck check = {.loader = loader};
    return condition_each_literal(condition, literal_check, &check) ||
           refuse_literal(&check, node, error);
}

gboolean read_sql_condition(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const char *what = NULL;
    if (!read_condition(loader, node, place, error))
        return FALSE;
    return condition_fits_sql(*(Condition **)place, &what) ||
           refuse(error, node, "用 compute 字段存下该值 / keep the value in a compute field",
                  "此处的条件要在数据库中求值，不能用 %s / this condition is asked of the database "
                  "and cannot use %s",
                  what, what);
}

gboolean read_expression(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    g_autoptr(GError) cause = NULL;
    if (!is_text(node, error))
        return FALSE;
    TypeNames names = own_names(loader);
    ConditionScope scope = type_scope(&names);
    Expression *expression = expression_parse(node->text, &scope, &cause);
    if (expression == NULL)
        return refuse_condition(error, node, cause);
    *(Expression **)place = packs_own(loader->packs, expression, (GDestroyNotify)expression_free);
    LiteralCheck check = {.loader = loader};
    return expression_each_literal(expression, literal_check, &check) ||
           refuse_literal(&check, node, error);
}
