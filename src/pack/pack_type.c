/* A record type but its fields, flow and clocks: key, label, scope, number, checks, rights. */
#include "pack/pack_key.h"

#include <string.h>

enum { KEY_CHARS = 120, CHECKS_MAX = 64, NUMBER_CHARS = 80, SERIAL_WIDTH = 12, INDEXES_MAX = 6 };

/* Key and scope say which record it is and where it stands: they cannot come and go. */
static gboolean always_there(const Field *field, const YamlNode *node, GError **error) {
    return field->shown_when == NULL ||
           refuse(error, node, "删除该字段的 shown / remove shown from the field",
                  "%s 不能有 shown / %s cannot have shown", field->name, field->name);
}

static gboolean read_key(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const Field **key = place;
    if (!read_open_field(loader, node, key, error) || !always_there(*key, node, error))
        return FALSE;
    if ((*key)->kind != FIELD_TEXT || !(*key)->required || (*key)->computed)
        return refuse(error, node, "改为 kind: text, required: true / make it so",
                      "key 字段 %s 必须是必填文字 / the key %s must be a required text",
                      (*key)->name, (*key)->name);
    return (*key)->max_chars <= KEY_CHARS ||
           refuse(error, node, "给该字段写 max / give the field a max",
                  "key 字段 %s 最多 120 字 / the key %s may have 120 characters at most",
                  (*key)->name, (*key)->name);
}

/* ---- scope ---- */

static gboolean is_key_of(Loader *loader, const Field *field, const char *type) {
    return strcmp(loader->type->name, type) == 0 && field == loader->type->key;
}

static gboolean read_scope_region(Loader *loader, const YamlNode *node, gpointer place,
                                  GError **error) {
    const Field **field = place;
    if (!read_open_field(loader, node, field, error) || !always_there(*field, node, error))
        return FALSE;
    return (*field)->kind == FIELD_REGION || is_key_of(loader, *field, "region") ||
           refuse(error, node, "使用 kind: region 的字段 / use a field of kind region",
                  "%s 不是区划字段 / %s holds no region", (*field)->name, (*field)->name);
}

static gboolean read_scope_enterprise(Loader *loader, const YamlNode *node, gpointer place,
                                      GError **error) {
    const Field **field = place;
    if (!read_open_field(loader, node, field, error) || !always_there(*field, node, error))
        return FALSE;
    gboolean ref = (*field)->kind == FIELD_REF && strcmp((*field)->ref_type, "enterprise") == 0;
    return ref || is_key_of(loader, *field, "enterprise") ||
           refuse(error, node, "使用 kind: ref, type: enterprise 的字段 / use a ref to enterprise",
                  "%s 不指向企业 / %s is no ref to an enterprise", (*field)->name, (*field)->name);
}

static gboolean read_scope_sector(Loader *loader, const YamlNode *node, gpointer place,
                                  GError **error) {
    const Field **field = place;
    if (!read_open_field(loader, node, field, error))
        return FALSE;
    return (*field)->kind == FIELD_CODE ||
           refuse(error, node, "使用 kind: code 的字段 / use a field of kind code",
                  "%s 不是代码字段 / %s is no code field", (*field)->name, (*field)->name);
}

static gboolean read_scope(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"region", FALSE, PASS_RULES, read_scope_region, offsetof(RecordType, scope_region)},
        {"enterprise", FALSE, PASS_RULES, read_scope_enterprise,
         offsetof(RecordType, scope_enterprise)},
        {"sector", FALSE, PASS_RULES, read_scope_sector, offsetof(RecordType, scope_sector)},
        {"assigned", FALSE, PASS_RULES, read_assigned, offsetof(RecordType, assigned)},
        {"own", FALSE, PASS_RULES, read_flag, offsetof(RecordType, own)},
    };
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error);
}

static gboolean finds_sector(const Packs *packs, const RecordType *type) {
    const Field *scope = type->scope_enterprise;
    const RecordType *owner =
        scope && scope->kind == FIELD_REF ? packs_type(packs, scope->ref_type) : NULL;
    return type->scope_sector || (owner && owner->scope_sector);
}

void types_find_sectors(Packs *packs) {
    for (guint i = 0; i < packs->types->len; i++) {
        RecordType *type = packs->types->pdata[i];
        type->has_sector = finds_sector(packs, type);
    }
}

/* ---- number ---- */

static gboolean serial_formed(const char *part) {
    if (!g_str_has_prefix(part, "serial:"))
        return FALSE;
    const char *digits = part + strlen("serial:");
    char *end;
    guint64 width = g_ascii_strtoull(digits, &end, 10);
    return g_ascii_isdigit(*digits) && *end == 0 && width >= 1 && width <= SERIAL_WIDTH;
}

/* What stands between { and }; counts serials. */
static gboolean number_part(Loader *loader, const char *part, int *serials) {
    if (strcmp(part, "year") == 0)
        return TRUE;
    if (strcmp(part, "region") == 0)
        return loader->type->scope_region || loader->type->scope_enterprise;
    *serials += 1;
    return serial_formed(part);
}

static gboolean number_formed(Loader *loader, const char *pattern) {
    int serials = 0;
    const char *p = pattern;
    for (const char *open; (open = strpbrk(p, "{}")) != NULL;) {
        const char *close = strchr(open, '}');
        if (*open == '}' || close == NULL)
            return FALSE;
        g_autofree char *part = g_strndup(open + 1, (gsize)(close - open - 1));
        if (!number_part(loader, part, &serials))
            return FALSE;
        p = close + 1;
    }
    return serials == 1;
}

static gboolean read_number(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!read_text(loader, node, place, error))
        return FALSE;
    return (g_utf8_strlen(node->text, -1) <= NUMBER_CHARS && number_formed(loader, node->text)) ||
           refuse(error, node,
                  "文字和 {region}（须有 scope）、{year}、一个 {serial:6} / text, {region} "
                  "(needs scope), {year} and one {serial:6}",
                  "编号规则“%s”不合规则 / the number pattern is not well formed", node->text);
}

gboolean read_document_number(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    static const char *const names[] = {"{_region}", "{_region:city}", "{_region:province}",
                                        "{_office}"};
    if (!read_text(loader, node, place, error))
        return FALSE;
    GString *rest = g_string_new(node->text);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        g_string_replace(rest, names[i], "", 0);
    gboolean formed =
        g_utf8_strlen(node->text, -1) <= NUMBER_CHARS && number_formed(loader, rest->str);
    g_string_free(rest, TRUE);
    return formed ||
           refuse(error, node,
                  "文字、{_office}、{_region}、{year} 和一个 {serial:1} / text, {_office}, "
                  "{_region}, {year} "
                  "and one {serial:1}",
                  "文号规则“%s”不合规则 / the number pattern is not well formed", node->text);
}

/* ---- checks, rights ---- */

static gboolean read_checks(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    RecordType *type = place;
    if (!is_list(node, CHECKS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        Guard *guard;
        if (!read_guard(loader, tree_at(node, i), &guard, error))
            return FALSE;
        g_ptr_array_add(type->checks, guard);
    }
    return TRUE;
}

static gboolean read_index(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    RecordType *type = place;
    if (!is_list(node, INDEXES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const Field *field = NULL;
        if (!read_open_field(loader, tree_at(node, i), &field, error))
            return FALSE;
        if (field_term_kind(field->kind) == TERM_NONE || field == type->key)
            return refuse(error, tree_at(node, i), "从 index 中删除 / take it out",
                          "字段 %s 不能排序 / %s cannot be sorted by", field->name, field->name);
        if (g_ptr_array_find(type->indexed, field, NULL))
            return refuse(error, tree_at(node, i), "删除重复项 / leave one out",
                          "字段 %s 重复 / %s stands twice", field->name, field->name);
        g_ptr_array_add(type->indexed, (gpointer)field);
    }
    return TRUE;
}

static gboolean type_has_secrets(const RecordType *type) {
    for (guint i = 0; i < type->fields->len; i++)
        if (((const Field *)type->fields->pdata[i])->secret)
            return TRUE;
    return FALSE;
}

static gboolean read_type_rights(Loader *loader, const YamlNode *node, gpointer place,
                                 GError **error) {
    static const KeyRow rows[] = {
        {"read", TRUE, PASS_RULES, read_rights, offsetof(RecordType, read)},
        {"create", FALSE, PASS_RULES, read_rights, offsetof(RecordType, create)},
        {"edit", FALSE, PASS_RULES, read_rights, offsetof(RecordType, edit)},
        {"keepers", FALSE, PASS_RULES, read_roles, offsetof(RecordType, keepers)},
    };
    RecordType *type = place;
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), type, error))
        return FALSE;
    if (type->keepers && !type_has_secrets(type))
        return refuse(error, node,
                      "删除 keepers，或给字段写 secret: true / remove it, or seal a field",
                      "没有密封字段可供查看 / keepers without a secret field");
    return type->read != 0 || refuse(error, node, "在 read 中写出角色 / name roles under read",
                                     "没有人能查看 / nobody may read it");
}

/* ---- receipts ---- */

static gboolean read_shows(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    enum { SHOWN_MAX = 64 };
    RecordType *type = place;
    if (!is_list(node, SHOWN_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const Field *field;
        if (!read_open_field(loader, tree_at(node, i), &field, error))
            return FALSE;
        if (g_ptr_array_find(type->receipt_shows, field, NULL))
            return refuse(error, tree_at(node, i), "删除一个 / remove one",
                          "字段 %s 重复 / the field %s stands twice", field->name, field->name);
        g_ptr_array_add(type->receipt_shows, (gpointer)field);
    }
    return TRUE;
}

static gboolean read_receipt(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {{"shows", TRUE, PASS_RULES, read_shows, 0}};
    RecordType *type = place;
    return (type_gives_receipts(type) ||
            refuse(error, node, "写 receipts: true / write receipts: true",
                   "没有回执 / this type gives no receipts")) &&
           keys_read(loader, node, rows, G_N_ELEMENTS(rows), type, error);
}

/* ---- what the public sees ---- */

static gboolean publish_name(Loader *loader, const YamlNode *node, GError **error) {
    static const char *const system[] = {"number", "state", "created_at", "updated_at", NULL};
    const Field *field;
    GPtrArray *names = loader->type->publish;
    if (!is_text(node, error) ||
        (!g_strv_contains(system, node->text) && !read_open_field(loader, node, &field, error)))
        return FALSE;
    if (g_ptr_array_find_with_equal_func(names, node->text, g_str_equal, NULL))
        return refuse(error, node, "删除一个 / remove one", "字段重复 / the field stands twice");
    g_ptr_array_add(names, packs_text(loader->packs, node->text));
    return TRUE;
}

static gboolean read_publish_fields(Loader *loader, const YamlNode *node, gpointer place,
                                    GError **error) {
    (void)place;
    if (!is_list(node, KEY_CHARS, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!publish_name(loader, tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

static gboolean read_publish(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"when", FALSE, PASS_RULES, read_sql_condition, offsetof(RecordType, publish_when)},
        {"fields", TRUE, PASS_RULES, read_publish_fields, 0},
        {"region", FALSE, PASS_RULES, read_flag, offsetof(RecordType, publish_region)},
    };
    RecordType *type = place;
    type->publish = packs_pointers(loader->packs);
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), type, error))
        return FALSE;
    gboolean twice = type->publish_region &&
                     g_ptr_array_find_with_equal_func(type->publish, "region", g_str_equal, NULL);
    return !twice || refuse(error, node, "删除其一 / remove one",
                            "region 与字段 region 冲突 / region: true and a field region");
}

/* `public` may read what is published, and only then; it never edits. */
static gboolean public_fits(const YamlNode *file, const RecordType *type, GError **error) {
    const YamlNode *rights = tree_get(file, "rights");
    if (type->edit & ROLE_PUBLIC)
        return refuse(error, rights, "从 edit 中删除 / take it out of edit",
                      "公众不能修改 / the public does not edit");
    if ((type->read & ROLE_PUBLIC) && type->publish == NULL)
        return refuse(error, rights, "写 publish: {fields: [...]} / write it",
                      "公众能查看什么，须写 publish / what the public reads needs publish");
    return type->publish == NULL || (type->read & ROLE_PUBLIC) ||
           refuse(error, tree_get(file, "publish"), "在 read 中写 public / name public under read",
                  "publish 之外没有公众权限 / publish without public under read");
}

/* ---- the type ---- */

static gboolean read_type_name(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    RecordType *type = place;
    if (!read_name(loader, node, &type->name, error) || !is_new(loader, "type", node, error))
        return FALSE;
    if (strstr(type->name, "__"))
        return refuse(error, node, "换一个名称 / use another name",
                      "类型名不能含 __ / the name of a type has no __");
    g_ptr_array_add(loader->packs->types, type);
    g_hash_table_insert(loader->packs->types_by_name, type->name, type);
    return TRUE;
}

static const KeyRow type_rows[] = {
    {"type", TRUE, PASS_NAMES, read_type_name, 0},
    {"title", TRUE, PASS_SHAPE, read_title, offsetof(RecordType, title)},
    {"basis", FALSE, PASS_SHAPE, read_texts, offsetof(RecordType, basis)},
    {"fields", TRUE, PASS_SHAPE | PASS_RULES, read_fields, 0},
    {"key", FALSE, PASS_RULES, read_key, offsetof(RecordType, key)},
    {"label", FALSE, PASS_RULES, read_open_field, offsetof(RecordType, label)},
    {"scope", FALSE, PASS_RULES, read_scope, 0},
    {"number", FALSE, PASS_RULES, read_number, offsetof(RecordType, number)},
    {"index", FALSE, PASS_RULES, read_index, 0},
    {"checks", FALSE, PASS_RULES, read_checks, 0},
    {"flow", FALSE, PASS_SHAPE | PASS_RULES, read_flow, 0},
    {"clocks", FALSE, PASS_SHAPE | PASS_RULES, read_clocks, 0},
    {"documents", FALSE, PASS_RULES, read_documents, 0},
    {"watch", FALSE, PASS_SHAPE | PASS_RULES, read_watches, 0},
    {"rights", TRUE, PASS_RULES, read_type_rights, 0},
    {"receipts", FALSE, PASS_SHAPE, read_flag, offsetof(RecordType, receipts)},
    {"receipt", FALSE, PASS_RULES, read_receipt, 0},
    {"publish", FALSE, PASS_RULES, read_publish, 0},
    {"indicators", FALSE, PASS_SHAPE | PASS_RULES, read_indicators, 0},
};

RecordType *type_new(Packs *packs) {
    RecordType *type = packs_own(packs, g_new0(RecordType, 1), g_free);
    type->fields = packs_pointers(packs);
    type->given = packs_pointers(packs);
    type->row_fields = packs_pointers(packs);
    type->receipt_shows = packs_pointers(packs);
    type->computed = packs_pointers(packs);
    type->fields_by_name = packs_table(packs);
    type->checks = packs_pointers(packs);
    type->indexed = packs_pointers(packs);
    type->assigned = packs_array(packs, sizeof(Assigned));
    type->states = packs_pointers(packs);
    type->adopt = packs_array(packs, sizeof(MoveTarget));
    type->moves = packs_pointers(packs);
    type->clocks = packs_pointers(packs);
    type->documents = packs_pointers(packs);
    type->watches = packs_pointers(packs);
    type->watchers = packs_pointers(packs);
    type->indicators = packs_pointers(packs);
    return type;
}

gboolean read_type_file(Loader *loader, const YamlNode *file, GError **error) {
    const YamlNode *name = tree_get(file, "type");
    if (loader->pass == PASS_NAMES)
        loader->type = type_new(loader->packs);
    else
        loader->type = g_hash_table_lookup(loader->packs->types_by_name, name->text);
    return keys_read(loader, file, type_rows, G_N_ELEMENTS(type_rows), loader->type, error) &&
           (loader->pass != PASS_RULES || public_fits(file, loader->type, error));
}
