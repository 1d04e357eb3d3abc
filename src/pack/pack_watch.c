/* `watch`: what happens to records of one type makes records of another move, in the same
 * transaction. */
#include "pack/pack_key.h"

#include <string.h>

enum { WATCHES_MAX = 32, MATCHES_MAX = 4, EVENTS_MAX = 32 };

#define EVENT_CREATE "create"

static gboolean read_watched(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Watch *watch = place;
    if (!is_text(node, error))
        return FALSE;
    watch->of = g_hash_table_lookup(loader->packs->types_by_name, node->text);
    watch->type = loader->type;
    if (watch->of == NULL)
        return refuse(error, node, "先定义该类型 / define that type",
                      "没有类型“%s” / there is no type %s", node->text, node->text);
    return watch->of != loader->type || refuse(error, node, "写另一个类型 / name another type",
                                               "类型不能监视自己 / a type does not watch itself");
}

/* [create, MOVE, …] */
static gboolean read_events(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Watch *watch = place;
    if (!is_list(node, EVENTS_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const YamlNode *name = tree_at(node, i);
        if (!is_text(name, error))
            return FALSE;
        const Move *move = type_move(watch->of, name->text);
        if (strcmp(name->text, EVENT_CREATE) == 0)
            watch->created = TRUE;
        else if (move)
            g_ptr_array_add(watch->moves, (gpointer)move);
        else
            return refuse(error, name, "写 create 或该类型的动作 / create, or a move of that type",
                          "类型 %s 没有动作“%s” / the type %s has no move %s", watch->of->name,
                          name->text, watch->of->name, name->text);
    }
    (void)loader;
    return watch->created || watch->moves->len > 0 ||
           refuse(error, node, "至少一个 / one at least", "on 为空 / on is empty");
}

/* Reads something whose names are those of the watched type. */
static gboolean read_as_watched(Loader *loader, const Watch *watch, const YamlNode *node,
                                gboolean (*read)(Loader *, const YamlNode *, gpointer, GError **),
                                gpointer place, GError **error) {
    RecordType *own = loader->type;
    loader->type = (RecordType *)watch->of;
    gboolean good = read(loader, node, place, error);
    loader->type = own;
    return good;
}

static gboolean read_watch_when(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    Watch *watch = place;
    return read_as_watched(loader, watch, node, read_condition, &watch->when, error);
}

static gboolean match_field(Loader *loader, const YamlNode *key, const Field **field,
                            GError **error) {
    static const guint kinds = 1u << FIELD_REF | 1u << FIELD_CODE | 1u << FIELD_REGION;
    if (!read_open_field(loader, key, field, error))
        return FALSE;
    return (kinds >> (*field)->kind & 1) ||
           refuse(error, key, "使用 ref、code 或 region 字段 / use a ref, code or region",
                  "字段 %s 不能用来对应 / the field %s cannot be matched", (*field)->name,
                  (*field)->name);
}

/* `id` is the record itself: the one that a reference of the watched record names. */
static gboolean match_own(Loader *loader, const YamlNode *key, const Field **field,
                          GError **error) {
    return g_strcmp0(key->text, "id") == 0 || match_field(loader, key, field, error);
}

/* {OWN_FIELD: EXPRESSION over the watched record} */
static gboolean read_match(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Watch *watch = place;
    if (!is_map(node, MATCHES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        WatchMatch match = {0};
        const YamlNode *expression = tree_at(node, i);
        if (!match_own(loader, node->keys->pdata[i], &match.own, error) ||
            !read_as_watched(loader, watch, expression, read_expression, &match.value, error))
            return FALSE;
        if (expression_kind(match.value) != TERM_TEXT)
            return refuse(error, expression, "使用 ref 或代码 / use a reference or code",
                          "该表达式不是编号或代码 / it is no id or code");
        g_array_append_val(watch->match, match);
    }
    return watch->match->len > 0 ||
           refuse(error, node, "至少一个字段 / one field at least", "match 为空 / match is empty");
}

static gboolean read_watch_move(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    Watch *watch = place;
    if (!is_text(node, error))
        return FALSE;
    watch->move = type_move(loader->type, node->text);
    if (watch->move == NULL)
        return refuse(error, node, "检查拼写 / check the spelling",
                      "没有动作“%s” / there is no move %s", node->text, node->text);
    return (watch->move->by & BY_ENGINE) ||
           refuse(error, node, "给该动作写 by: engine / write by: engine in that move",
                  "动作 %s 不能由系统作出 / the machine may not make the move %s", node->text,
                  node->text);
}

static gboolean read_watch_link(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    Watch *watch = place;
    if (!read_own_field(loader, node, &watch->link, error))
        return FALSE;
    gboolean fits = watch->link->kind == FIELD_REF &&
                    strcmp(watch->link->ref_type, watch->of->name) == 0 &&
                    g_ptr_array_find(watch->move->accepts, watch->link, NULL);
    return fits || refuse(error, node,
                          "使用指向该类型、动作 accepts 中的 ref 字段 / use a ref to that type "
                          "that the move accepts",
                          "link 字段 %s 不合适 / the link %s does not fit", watch->link->name,
                          watch->link->name);
}

/* ---- no circles: what follows from an event ends ---- */

static gboolean reaches(const RecordType *from, const RecordType *to, GHashTable *seen);

static gboolean raised_reach(const Packs *packs, const Move *move, const RecordType *to,
                             GHashTable *seen) {
    for (guint i = 0; i < move->effects->len; i++) {
        const Effect *effect = &g_array_index(move->effects, Effect, i);
        const RecordType *raised =
            effect->kind == EFFECT_RAISE ? packs_type(packs, effect->type) : NULL;
        if (raised && reaches(raised, to, seen))
            return TRUE;
    }
    return FALSE;
}

/* Whether an event at `from` may in the end be one at `to`. */
static gboolean reaches(const RecordType *from, const RecordType *to, GHashTable *seen) {
    if (from == to)
        return TRUE;
    if (!g_hash_table_add(seen, (gpointer)from))
        return FALSE;
    for (guint i = 0; i < from->watchers->len; i++) {
        const Watch *watch = from->watchers->pdata[i];
        if (reaches(watch->type, to, seen) || raised_reach(watch->packs, watch->move, to, seen))
            return TRUE;
    }
    return FALSE;
}

static gboolean ends(const Watch *watch, const YamlNode *node, GError **error) {
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL),
                          raised = g_hash_table_new(NULL, NULL);
    gboolean circle = reaches(watch->type, watch->of, seen) ||
                      raised_reach(watch->packs, watch->move, watch->of, raised);
    return !circle || refuse(error, node, "去掉一个 watch / take one watch out",
                             "监视成了循环：%s 的变化最终又引起它自己 / a circle: what happens to "
                             "%s makes it happen again",
                             watch->of->name, watch->of->name);
}

/* ---- the list ---- */

static void watch_init(Loader *loader, gpointer item, guint index) {
    (void)index;
    Watch *watch = item;
    watch->packs = loader->packs;
    watch->moves = packs_pointers(loader->packs);
    watch->match = packs_array(loader->packs, sizeof(WatchMatch));
}

static const KeyRow watch_rows[] = {
    {"name", TRUE, PASS_SHAPE, read_name, offsetof(Watch, name)},
    {"title", TRUE, PASS_SHAPE, read_title, offsetof(Watch, title)},
    {"basis", FALSE, PASS_SHAPE, read_texts, offsetof(Watch, basis)},
    {"of", TRUE, PASS_RULES, read_watched, 0},
    {"on", TRUE, PASS_RULES, read_events, 0},
    {"when", FALSE, PASS_RULES, read_watch_when, 0},
    {"match", TRUE, PASS_RULES, read_match, 0},
    {"where", FALSE, PASS_RULES, read_sql_condition, offsetof(Watch, where)},
    {"move", TRUE, PASS_RULES, read_watch_move, 0},
    {"link", FALSE, PASS_RULES, read_watch_link, 0},
};

gboolean read_watches(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const ListShape shape = {"监视 / watch", WATCHES_MAX, sizeof(Watch),
                                    watch_init,     watch_rows,  G_N_ELEMENTS(watch_rows)};
    RecordType *type = place;
    if (!items_read(loader, node, &shape, type->watches, error))
        return FALSE;
    for (guint i = 0; loader->pass == PASS_RULES && i < type->watches->len; i++) {
        Watch *watch = type->watches->pdata[i];
        if (!ends(watch, tree_at(node, i), error))
            return FALSE;
        g_ptr_array_add(((RecordType *)watch->of)->watchers, watch);
    }
    return TRUE;
}
