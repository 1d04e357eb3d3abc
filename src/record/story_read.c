/* Reading a story: its world, its actors, its values. */
#include "base/duration.h"
#include "record/story_part.h"

#include <string.h>

/* --- kinds of nodes --- */

gboolean story_is_map(const YamlNode *node, GError **error) {
    return node->kind == YAML_MAP ||
           refuse(error, node, "参见 docs/stories.md / see docs/stories.md",
                  "此处应为“键: 值” / key: value is expected here");
}

gboolean story_is_list(const YamlNode *node, GError **error) {
    return node->kind == YAML_LIST || refuse(error, node, "写成 [a, b] / write [a, b]",
                                             "此处应为列表 / a list is expected here");
}

gboolean story_is_text(const YamlNode *node, GError **error) {
    return (node->kind == YAML_SCALAR && !tree_is_null(node)) ||
           refuse(error, node, "写一个值 / write one value",
                  "此处应为文字 / text is expected here");
}

/* --- names --- */

static void record_free(gpointer data) {
    StoryRecord *record = data;
    g_free(record->id);
    g_free(record->code);
    g_free(record);
}

void story_name_record(Story *story, const char *name, const RecordType *type, const char *id) {
    StoryRecord *record = g_new0(StoryRecord, 1);
    *record = (StoryRecord){.type = type, .id = g_strdup(id)};
    g_hash_table_replace(story->records, g_strdup(name), record);
}

const StoryRecord *story_record(const Story *story, const YamlNode *name, GError **error) {
    if (!story_is_text(name, error))
        return NULL;
    const char *text = name->text + (*name->text == '$');
    const StoryRecord *record = g_hash_table_lookup(story->records, text);
    if (record == NULL)
        refuse(error, name, "先用 as 命名 / name it with `as` first",
               "没有名为“%s”的记录 / no record is named %s", text, text);
    return record;
}

const StoryRecord *story_at_hand(const Story *story, const YamlNode *node, GError **error) {
    if (story->record == NULL)
        refuse(error, node, "写 of: 名称 / write of: NAME",
               "这一步没有说明是哪条记录 / the step does not say which record");
    return story->record;
}

const StoryActor *story_actor(const Story *story, const YamlNode *name, GError **error) {
    if (!story_is_text(name, error))
        return NULL;
    const StoryActor *actor = g_hash_table_lookup(story->actors, name->text);
    if (actor == NULL)
        refuse(error, name, "写在 actors 中 / name him under actors",
               "没有人物“%s” / there is no actor %s", name->text, name->text);
    return actor;
}

/* --- values --- */

static gboolean time_of_text(const char *text, gboolean end_of_day, gint64 *ms) {
    static const char *const ends[] = {"", ":00", ":00:00"};
    gint64 day;
    if (day_parse(text, &day)) {
        *ms = day_start(day + 1) - 1;
        return end_of_day;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *full = g_strdup_printf("%s%s%s", text, ends[i], i < 2 ? "+08:00" : "");
        if (time_parse(full, ms))
            return TRUE;
    }
    return time_parse(text, ms);
}

gboolean story_time(const YamlNode *node, gboolean end_of_day, gint64 *ms, GError **error) {
    return (node->kind == YAML_SCALAR && time_of_text(node->text, end_of_day, ms)) ||
           refuse(error, node, "写 2026-09-30 18:00 / write 2026-09-30 18:00",
                  "不是时间 / not a time");
}

static json_t *number_value(const Field *field, double number) {
    return field && field->kind == FIELD_INTEGER ? json_integer((json_int_t)number)
                                                 : json_real(number);
}

/* `type`: of the row, or NULL. */
static json_t *map_value(const Story *story, const RecordType *type, const YamlNode *node,
                         GError **error) {
    json_t *json = json_object();
    for (guint i = 0; i < tree_count(node); i++) {
        const char *name = ((const YamlNode *)node->keys->pdata[i])->text;
        const Field *field = type ? type_field(type, name) : NULL;
        json_t *value = story_value(story, field, tree_at(node, i), error);
        if (value == NULL) {
            json_decref(json);
            return NULL;
        }
        json_object_set_new(json, name, value);
    }
    return json;
}

static json_t *list_value(const Story *story, const Field *field, const YamlNode *node,
                          GError **error) {
    json_t *json = json_array();
    for (guint i = 0; i < tree_count(node); i++) {
        json_t *value = story_value(story, field, tree_at(node, i), error);
        if (value == NULL) {
            json_decref(json);
            return NULL;
        }
        json_array_append_new(json, value);
    }
    return json;
}

static gboolean takes_number(const Field *field) {
    return field == NULL || field_term_kind(field->kind) == TERM_NUMBER;
}

static json_t *time_value(const Field *field, const char *text) {
    gint64 ms;
    char full[MAX((int)TIME_TEXT, (int)DURATION_TEXT)];
    if (field && field->kind == FIELD_TIME && time_of_text(text, FALSE, &ms))
        return json_string(time_format(ms, full));
    if (field && field->kind == FIELD_DURATION && duration_parse(text, &ms))
        return json_string(duration_format(ms, full));
    return json_string(text);
}

/* "$name": the login of an actor, or the id of a record. */
static json_t *named_value(const Story *story, const YamlNode *node, GError **error) {
    const StoryActor *actor = g_hash_table_lookup(story->actors, node->text + 1);
    if (actor)
        return json_string(actor->actor.id);
    const StoryRecord *record = story_record(story, node, error);
    return record ? json_string(record->id ? record->id : "") : NULL;
}

json_t *story_value(const Story *story, const Field *field, const YamlNode *node, GError **error) {
    gboolean truth;
    double number;
    if (node->kind != YAML_SCALAR)
        return node->kind == YAML_MAP ? map_value(story, field ? field->rows : NULL, node, error)
                                      : list_value(story, field, node, error);
    if (tree_is_null(node))
        return json_null();
    if (*node->text == '$')
        return named_value(story, node, error);
    if (tree_is_bool(node, &truth))
        return json_boolean(truth);
    if (takes_number(field) && tree_is_number(node, &number))
        return number_value(field, number);
    return time_value(field, node->text);
}

json_t *story_fields(const Story *story, const RecordType *type, const YamlNode *map,
                     GError **error) {
    json_t *json = json_object();
    for (guint i = 0; map && i < tree_count(map); i++) {
        const YamlNode *key = map->keys->pdata[i];
        json_t *value = story_value(story, type_field(type, key->text), tree_at(map, i), error);
        if (value == NULL) {
            json_decref(json);
            return NULL;
        }
        json_object_set_new(json, key->text, value);
    }
    return json;
}

/* --- actors --- */

static void actor_free(gpointer data) {
    StoryActor *actor = data;
    g_free(actor->login);
    g_free(actor->name);
    g_free(actor->region);
    g_free(actor->enterprise);
    g_free(actor->sectors);
    g_free(actor);
}

/* Names are in any script, logins in ASCII: one is made unless the name can be it. */
static StoryActor *actor_new(Story *story, const char *name) {
    StoryActor *actor = g_new0(StoryActor, 1);
    actor->login = g_str_is_ascii(name) ? g_strdup(name)
                                        : g_strdup_printf("p%u", g_hash_table_size(story->actors));
    g_hash_table_replace(story->actors, g_strdup(name), actor);
    return actor;
}

static void add_machine(Story *story, const Actor *machine) {
    actor_new(story, machine->id)->actor = *machine;
}

static const char *member(const YamlNode *map, const char *key) {
    const YamlNode *node = tree_get(map, key);
    return node && node->kind == YAML_SCALAR ? node->text : NULL;
}

static gboolean keys_among(const YamlNode *map, const char *const *known, GError **error) {
    for (guint i = 0; i < map->keys->len; i++) {
        const YamlNode *key = map->keys->pdata[i];
        g_autofree char *names = g_strjoinv(" ", (GStrv)known);
        if (!g_strv_contains(known, key->text))
            return refuse(error, key, names, "没有键“%s” / unknown key %s", key->text, key->text);
    }
    return TRUE;
}

static gboolean read_actor(Story *story, const YamlNode *name, const YamlNode *map,
                           GError **error) {
    static const char *const keys[] = {"role", "name", "region", "enterprise", "sectors", NULL};
    if (!story_is_map(map, error) || !keys_among(map, keys, error))
        return FALSE;
    const char *role = member(map, "role");
    const Role *found = role ? packs_role(story->packs, role) : NULL;
    if (found == NULL)
        return refuse(error, map, "写 role: 角色 / write role: ROLE", "没有角色“%s” / no role %s",
                      role ? role : "", role ? role : "");
    StoryActor *actor = actor_new(story, name->text);
    actor->name = g_strdup(member(map, "name"));
    actor->region = g_strdup(member(map, "region"));
    actor->enterprise = g_strdup(member(map, "enterprise"));
    actor->sectors = g_strdup(member(map, "sectors"));
    actor->actor = (Actor){.kind = ACTOR_PERSON,
                           .id = actor->login,
                           .name = actor->name ? actor->name : actor->login,
                           .role = found,
                           .region = actor->region,
                           .enterprise = actor->enterprise,
                           .sectors = actor->sectors};
    return TRUE;
}

static gboolean read_actors(Story *story, const YamlNode *root, GError **error) {
    const YamlNode *actors = root ? tree_get(root, "actors") : NULL;
    if (actors && !story_is_map(actors, error))
        return FALSE;
    for (guint i = 0; actors && i < tree_count(actors); i++)
        if (!read_actor(story, actors->keys->pdata[i], tree_at(actors, i), error))
            return FALSE;
    return TRUE;
}

/* --- the file --- */

static gboolean read_files(Story *story, const char *path, GError **error) {
    static const char *const keys[] = {"story", "basis", "start", "actors", "world", "steps", NULL};
    static const char *const shared_keys[] = {"actors", "world", NULL};
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *shared = g_build_filename(folder, "world.yaml", NULL);
    story->root = tree_read(path, g_intern_string(path), error);
    if (story->root == NULL || !story_is_map(story->root, error) ||
        !keys_among(story->root, keys, error))
        return FALSE;
    if (!g_file_test(shared, G_FILE_TEST_EXISTS))
        return TRUE;
    story->shared = tree_read(shared, g_intern_string(shared), error);
    return story->shared && story_is_map(story->shared, error) &&
           keys_among(story->shared, shared_keys, error);
}

static gboolean read_head(Story *story, GError **error) {
    static const char *const wanted[] = {"story", "start", "steps"};
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
        if (tree_get(story->root, wanted[i]) == NULL)
            return refuse(error, story->root, "加上该键 / add it", "缺少“%s” / %s is missing",
                          wanted[i], wanted[i]);
    add_machine(story, &actor_engine);
    add_machine(story, &actor_system);
    add_machine(story, &actor_guest);
    add_machine(story, &actor_holder);
    return story_time(tree_get(story->root, "start"), FALSE, &story->now_ms, error) &&
           story_is_list(tree_get(story->root, "steps"), error) &&
           read_actors(story, story->shared, error) && read_actors(story, story->root, error);
}

Story *story_open(const Packs *packs, const char *path, GError **error) {
    g_autoptr(Story) story = g_new0(Story, 1);
    story->packs = packs;
    story->actors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, actor_free);
    story->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, record_free);
    return read_files(story, path, error) && read_head(story, error) ? g_steal_pointer(&story)
                                                                     : NULL;
}

void story_free(Story *story) {
    if (story == NULL)
        return;
    g_clear_pointer(&story->sql, sql_close);
    g_clear_pointer(&story->root, tree_free);
    g_clear_pointer(&story->shared, tree_free);
    g_hash_table_unref(story->actors);
    g_hash_table_unref(story->records);
    g_free(story);
}
