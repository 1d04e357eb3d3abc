/* Roles, code lists and the work calendar: all that stands on its own and is read in the first
 * pass. */
#include "base/clock.h"
#include "pack/pack_key.h"

#include <math.h>
#include <string.h>

enum { ROLES_MAX = 56, LISTS_MAX = 1000, CODES_MAX = 5000, YEARS_MAX = 200, DAYS_MAX = 100 };

/* ---- roles ---- */

static gboolean read_level(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    return (node->kind == YAML_SCALAR && level_parse(node->text, place)) ||
           refuse(error, node, "system、province、city、county、town 或 enterprise / one of these",
                  "没有这一层级 / there is no such level");
}

static gboolean read_role_name(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    static const char *const reserved[] = {"everyone", "engine", "public", NULL};
    if (!read_name(loader, node, place, error) || !is_new(loader, "role", node, error))
        return FALSE;
    RoleSet group;
    return (!g_strv_contains(reserved, node->text) &&
            !packs_role_group(loader->packs, node->text, &group)) ||
           refuse(error, node, "换一个名称 / use another name",
                  "角色名 %s 是保留名 / the role name %s is reserved", node->text, node->text);
}

static gboolean read_role_scope(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    (void)loader;
    *(gboolean *)place = TRUE;
    return (node->kind == YAML_SCALAR && strcmp(node->text, "sector") == 0) ||
           refuse(error, node, "写 sector，或删除该键 / write sector, or remove the key",
                  "角色的 scope 只有 sector / the scope of a role can only be sector");
}

static gboolean role_fits(const Role *role, const YamlNode *node, GError **error) {
    gboolean territorial = role->level != LEVEL_SYSTEM && role->level != LEVEL_ENTERPRISE;
    return !role->sector || territorial ||
           refuse(error, node, "province、city、county 或 town / one of these",
                  "行业角色须有属地层级 / a role of a sector has the level of a territory");
}

/* `place` is the role, whose index stands already. A name is that of a group or of a role, never of
 * both, because lists of roles name either. */
static gboolean read_role_groups(Loader *loader, const YamlNode *node, gpointer place,
                                 GError **error) {
    Packs *packs = loader->packs;
    const Role *role = place;
    if (!is_list(node, ROLES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        char *name = NULL;
        const YamlNode *item = tree_at(node, i);
        if (!read_name(loader, item, &name, error))
            return FALSE;
        if (packs_role(packs, name) || strcmp(name, role->name) == 0)
            return refuse(error, item, "换一个名称 / use another name",
                          "%s 已是角色名 / %s is the name of a role", name, name);
        RoleSet *set = g_hash_table_lookup(packs->role_groups, name);
        if (!set) {
            set = packs_own(packs, g_new0(RoleSet, 1), g_free);
            g_hash_table_insert(packs->role_groups, name, set);
        }
        *set |= (RoleSet)1 << role->index;
    }
    return TRUE;
}

static gboolean role_read(Loader *loader, const YamlNode *node, GError **error) {
    static const KeyRow rows[] = {
        {"name", TRUE, PASS_NAMES, read_role_name, offsetof(Role, name)},
        {"level", TRUE, PASS_NAMES, read_level, offsetof(Role, level)},
        {"scope", FALSE, PASS_NAMES, read_role_scope, offsetof(Role, sector)},
        {"title", TRUE, PASS_NAMES, read_title, offsetof(Role, title)},
        {"groups", FALSE, PASS_NAMES, read_role_groups, 0},
    };
    Packs *packs = loader->packs;
    Role *role = packs_own(packs, g_new0(Role, 1), g_free);
    role->index = packs->roles->len;
    if (role->index == ROLES_MAX)
        return refuse(error, node, "合并角色 / merge some", "超过 56 个角色 / more than 56 roles");
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), role, error) ||
        !role_fits(role, node, error))
        return FALSE;
    g_ptr_array_add(packs->roles, role);
    g_hash_table_insert(packs->roles_by_name, role->name, role);
    return TRUE;
}

static gboolean read_role_list(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    (void)place;
    if (!is_list(node, ROLES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!role_read(loader, tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

gboolean read_role_file(Loader *loader, const YamlNode *file, GError **error) {
    static const KeyRow rows[] = {{"roles", TRUE, PASS_NAMES, read_role_list, 0}};
    return keys_read(loader, file, rows, G_N_ELEMENTS(rows), loader->packs, error);
}

/* ---- code lists ---- */

/* {system: code}: what other systems call it. */
static gboolean read_code_map(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    enum { SYSTEMS_MAX = 32 };
    GHashTable *map = packs_table(loader->packs);
    *(GHashTable **)place = map;
    if (!is_map(node, SYSTEMS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        char *system, *code;
        if (!read_name(loader, node->keys->pdata[i], &system, error) ||
            !read_text(loader, tree_at(node, i), &code, error))
            return FALSE;
        g_hash_table_insert(map, system, code);
    }
    return TRUE;
}

static const KeyRow code_rows[] = {
    {"code", TRUE, PASS_NAMES, read_text, offsetof(CodeItem, code)},
    {"title", TRUE, PASS_NAMES, read_title, offsetof(CodeItem, title)},
    {"parent", FALSE, PASS_NAMES, read_text, offsetof(CodeItem, parent_code)},
    {"valid", FALSE, PASS_NAMES, read_validity, offsetof(CodeItem, valid)},
    {"span", FALSE, PASS_NAMES, read_span, offsetof(CodeItem, span)},
    {"basis", FALSE, PASS_NAMES, read_text, offsetof(CodeItem, basis)},
    {"mark", FALSE, PASS_NAMES, read_text, offsetof(CodeItem, mark)},
    {"note", FALSE, PASS_NAMES, read_text, offsetof(CodeItem, note)},
    {"map", FALSE, PASS_NAMES, read_code_map, offsetof(CodeItem, map)},
};

static gboolean parent_found(CodeList *list, CodeItem *item, const YamlNode *node, GError **error) {
    if (item->parent_code == NULL)
        return TRUE;
    item->parent = g_hash_table_lookup(list->by_code, item->parent_code);
    if (item->parent == NULL)
        return refuse(error, node, "写本代码表中的代码 / write a code of this list",
                      "上级代码“%s”不存在 / there is no code %s above it", item->parent_code,
                      item->parent_code);
    const CodeItem *above = item->parent;
    while (above && above != item)
        above = above->parent;
    return above == NULL ||
           refuse(error, node, "改正 parent / correct the parent",
                  "代码 %s 的上级循环 / the code %s stands above itself", item->code, item->code);
}

/* What can be said when all codes are there. */
static gboolean codes_end(CodeList *list, const YamlNode *node, GError **error) {
    list->has_spans = list->items->len > 0;
    for (guint i = 0; i < list->items->len; i++) {
        CodeItem *item = list->items->pdata[i];
        item->index = i;
        list->has_spans = list->has_spans && item->span.n > 0;
        if (!parent_found(list, item, tree_at(node, i), error))
            return FALSE;
    }
    return list->items->len > 0 ||
           refuse(error, node, "至少一个代码 / one at least", "代码表为空 / the list is empty");
}

static gboolean read_worst(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    gboolean last = node->kind == YAML_SCALAR && strcmp(node->text, "last") == 0;
    *(gboolean *)place = last;
    return last || (node->kind == YAML_SCALAR && strcmp(node->text, "first") == 0) ||
           refuse(error, node, "写 first 或 last / write first or last",
                  "worst 只能是 first 或 last / worst is first or last");
}

static gboolean read_code_items(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    CodeList *list = place;
    if (!is_list(node, CODES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        CodeItem *item = packs_own(loader->packs, g_new0(CodeItem, 1), g_free);
        if (!keys_read(loader, tree_at(node, i), code_rows, G_N_ELEMENTS(code_rows), item, error))
            return FALSE;
        if (!g_hash_table_insert(list->by_code, item->code, item))
            return refuse(error, tree_at(node, i), "换一个代码 / use another code",
                          "代码“%s”重复 / the code %s stands twice", item->code, item->code);
        g_ptr_array_add(list->items, item);
    }
    return codes_end(list, node, error);
}

static gboolean code_list_read(Loader *loader, const YamlNode *name, const YamlNode *node,
                               GError **error) {
    static const KeyRow rows[] = {
        {"title", TRUE, PASS_NAMES, read_title, offsetof(CodeList, title)},
        {"worst", FALSE, PASS_NAMES, read_worst, offsetof(CodeList, worst_last)},
        {"items", TRUE, PASS_NAMES, read_code_items, 0},
    };
    Packs *packs = loader->packs;
    CodeList *list = packs_own(packs, g_new0(CodeList, 1), g_free);
    list->items = packs_pointers(packs);
    list->by_code = packs_table(packs);
    if (!read_name(loader, name, &list->name, error) || !is_new(loader, "codes", name, error) ||
        !keys_read(loader, node, rows, G_N_ELEMENTS(rows), list, error))
        return FALSE;
    g_ptr_array_add(packs->codes, list);
    g_hash_table_insert(packs->codes_by_name, list->name, list);
    return TRUE;
}

static gboolean read_code_lists(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    (void)place;
    if (!is_map(node, LISTS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!code_list_read(loader, node->keys->pdata[i], tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

gboolean read_code_file(Loader *loader, const YamlNode *file, GError **error) {
    static const KeyRow rows[] = {{"codes", TRUE, PASS_NAMES, read_code_lists, 0}};
    return keys_read(loader, file, rows, G_N_ELEMENTS(rows), loader->packs, error);
}

/* ---- the calendar ---- */

typedef struct {
    int year;
    char *source;
    GHashTable *seen; /* dates of this year */
} YearRead;

static gboolean day_read(const YamlNode *node, YearRead *year, gint64 *day, GError **error) {
    if (!is_text(node, error))
        return FALSE;
    if (!day_parse(node->text, day) || day_year(*day) != year->year)
        return refuse(error, node, "写成该年的 2026-10-01 / write it like 2026-10-01, in that year",
                      "“%.32s”不是 %d 年的日期 / not a date of %d", node->text, year->year,
                      year->year);
    return g_hash_table_add(year->seen, node->text) ||
           refuse(error, node, "删除一个 / remove one", "日期 %s 重复 / %s stands twice",
                  node->text, node->text);
}

static gboolean read_holidays(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    if (!is_list(node, DAYS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        gint64 day;
        if (!day_read(tree_at(node, i), place, &day, error))
            return FALSE;
        calendar_add_holiday(loader->packs->calendar, day);
    }
    return TRUE;
}

static gboolean read_workdays(Loader *loader, const YamlNode *node, gpointer place,
                              GError **error) {
    if (!is_list(node, DAYS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        gint64 day;
        if (!day_read(tree_at(node, i), place, &day, error))
            return FALSE;
        if (day_weekday(day) <= 5)
            return refuse(error, tree_at(node, i),
                          "只写周六、周日的调休上班日 / only Saturdays and Sundays",
                          "%s 本来就是工作日 / %s is a weekday already", tree_at(node, i)->text,
                          tree_at(node, i)->text);
        calendar_add_workday(loader->packs->calendar, day);
    }
    return TRUE;
}

static gboolean year_number(const YamlNode *node, int *year, GError **error) {
    double number = strlen(node->text) == 4 ? g_ascii_strtod(node->text, NULL) : 0;
    *year = (int)number;
    return (strspn(node->text, "0123456789") == 4 && *year >= 1970) ||
           refuse(error, node, "写成 2026 / write it like 2026", "不是年份 / not a year");
}

static gboolean year_read(Loader *loader, const YamlNode *key, const YamlNode *node,
                          GError **error) {
    static const KeyRow rows[] = {
        {"source", TRUE, PASS_NAMES, read_text, offsetof(YearRead, source)},
        {"holidays", TRUE, PASS_NAMES, read_holidays, 0},
        {"workdays", TRUE, PASS_NAMES, read_workdays, 0},
    };
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    YearRead year = {.seen = seen};
    if (!year_number(key, &year.year, error) || !is_new(loader, "calendar", key, error) ||
        !keys_read(loader, node, rows, G_N_ELEMENTS(rows), &year, error))
        return FALSE;
    calendar_add_year(loader->packs->calendar, year.year);
    return TRUE;
}

static gboolean read_years(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)place;
    if (!is_map(node, YEARS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!year_read(loader, node->keys->pdata[i], tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

gboolean read_calendar_file(Loader *loader, const YamlNode *file, GError **error) {
    static const KeyRow rows[] = {{"calendar", TRUE, PASS_NAMES, read_years, 0}};
    return keys_read(loader, file, rows, G_N_ELEMENTS(rows), loader->packs, error);
}
