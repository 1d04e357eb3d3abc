/* `scope: {assigned: [...]}`: who sees a record wherever it stands. An item is a path of names,
 * [ROWS.]FIELD[.FIELD of what it refers to], or {role: FIELD, within: FIELD}. */
#include "pack/pack_key.h"

#include <string.h>

enum { ASSIGNED_MAX = 8, STEPS_MAX = 3 };

static gboolean refers_to(const Field *field, const char *type) {
    return field->kind == FIELD_REF && strcmp(field->ref_type, type) == 0;
}

/* What the last name of a path must be. */
static gboolean names_people(const Field *field, Assigned *assigned) {
    assigned->by = refers_to(field, "enterprise") ? ASSIGNED_ENTERPRISE : ASSIGNED_LOGIN;
    return field->kind == FIELD_TEXT || refers_to(field, "user") || refers_to(field, "enterprise");
}

static const Field *open_field(const RecordType *type, const char *name) {
    const Field *field = type ? type_field(type, name) : NULL;
    return field && !field->secret ? field : NULL;
}

/* Walks the names; FALSE when one is unknown or there are too few or too many. */
static gboolean walk(Loader *loader, char **names, Assigned *assigned) {
    assigned->field = open_field(loader->type, *names);
    if (assigned->field && assigned->field->kind == FIELD_ROWS && names[1]) {
        assigned->rows = assigned->field;
        assigned->field = open_field(assigned->rows->rows, *++names);
    }
    if (assigned->field == NULL)
        return FALSE;
    if (names[1] == NULL)
        return names_people(assigned->field, assigned);
    if (assigned->field->kind != FIELD_REF || names[2])
        return FALSE;
    assigned->via = packs_type(loader->packs, assigned->field->ref_type);
    assigned->via_field = open_field(assigned->via, names[1]);
    return assigned->via_field && names_people(assigned->via_field, assigned);
}

static gboolean read_path(Loader *loader, const YamlNode *node, Assigned *assigned,
                          GError **error) {
    if (!is_text(node, error))
        return FALSE;
    g_auto(GStrv) names = g_strsplit(node->text, ".", STEPS_MAX + 1);
    return walk(loader, names, assigned) ||
           refuse(
               error, node,
               "写 [明细.]字段[.所指记录的字段]，末尾是登录名文字或指向 user、enterprise 的 ref / "
               "[ROWS.]FIELD[.FIELD of the record it refers to]; the last is a text with a login "
               "or a ref to user or enterprise",
               "“%s”不指明人员 / it names no people", node->text);
}

static gboolean read_role_field(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    const Field **field = place;
    return read_open_field(loader, node, field, error) &&
           ((*field)->kind == FIELD_ROLE ||
            refuse(error, node, "使用 kind: role 的字段 / use a field of kind role",
                   "%s 不是角色字段 / %s holds no role", (*field)->name, (*field)->name));
}

static gboolean read_within(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const Field **field = place;
    return read_open_field(loader, node, field, error) &&
           ((*field)->kind == FIELD_REGION ||
            refuse(error, node, "使用 kind: region 的字段 / use a field of kind region",
                   "%s 不是区划字段 / %s holds no region", (*field)->name, (*field)->name));
}

static gboolean read_one(Loader *loader, const YamlNode *node, Assigned *assigned, GError **error) {
    static const KeyRow rows[] = {
        {"role", TRUE, PASS_RULES, read_role_field, offsetof(Assigned, field)},
        {"within", FALSE, PASS_RULES, read_within, offsetof(Assigned, within)},
    };
    if (node->kind != YAML_MAP)
        return read_path(loader, node, assigned, error);
    assigned->by = ASSIGNED_ROLE;
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), assigned, error);
}

gboolean read_assigned(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    GArray *list = *(GArray **)place;
    if (!is_list(node, ASSIGNED_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        Assigned assigned = {0};
        if (!read_one(loader, tree_at(node, i), &assigned, error))
            return FALSE;
        g_array_append_val(list, assigned);
    }
    return TRUE;
}
