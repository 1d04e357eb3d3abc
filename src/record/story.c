/* Telling a story: its world, its steps, its time. */
#include "record/story.h"
#include "record/files.h"
#include "record/journal.h"
#include "record/legal_clock.h"
#include "record/sealed.h"
#include "record/story_part.h"
#include "store/file_store.h"

#include <string.h>

enum { FIRINGS_MAX = 100000, FIRE_AT_ONCE = 100 };

gboolean story_failed(const YamlNode *node, const char *expected, const char *got, GError **error) {
    g_autofree char *place = g_strdup_printf("%s:%d", node->file, node->line);
    return error_set(error, ERROR_STORY, NULL, place, expected, got, NULL);
}

/* --- time --- */

static gboolean fire(Story *story, GError **error) {
    int fired;
    do {
        if (!clocks_fire(story->sql, story->packs, story->now_ms, FIRE_AT_ONCE, &fired, error))
            return FALSE;
    } while (fired);
    return TRUE;
}

/* Every clock fires at its own moment. */
static gboolean wake_until(Story *story, gint64 end_ms, GError **error) {
    gint64 next;
    for (int i = 0; i < FIRINGS_MAX && (next = clocks_next(story->sql, error)) <= end_ms; i++) {
        if (next < 0)
            return FALSE;
        story->now_ms = MAX(story->now_ms, next);
        if (!fire(story, error))
            return FALSE;
    }
    story->now_ms = end_ms;
    return TRUE;
}

static gboolean go_on(Story *story, const YamlNode *node, gboolean asleep, GError **error) {
    gint64 ms;
    if (!story_time(node, TRUE, &ms, error))
        return FALSE;
    if (ms < story->now_ms)
        return refuse(error, node, "按时间先后写 / write the steps in order of time",
                      "时间倒退 / this is before the former step");
    if (story->sql && !asleep)
        return wake_until(story, ms, error);
    story->now_ms = ms;
    return story->sql == NULL || fire(story, error);
}

static gboolean run_at(Story *story, const YamlNode *node, GError **error) {
    return go_on(story, node, FALSE, error);
}

/* The system was down until then: what came due meanwhile fires late. */
static gboolean run_asleep(Story *story, const YamlNode *node, GError **error) {
    return go_on(story, node, TRUE, error);
}

/* --- acts --- */

typedef struct {
    const char *verb;
    const YamlNode *node; /* what stands behind the verb */
    const StoryActor *actor;
    const RecordType *type;
    const char *id, *comment;
    gint64 version;
    json_t *fields;
} StoryAct;

/* As a job of the writer: all or nothing. */
static json_t *make_act(Story *story, const StoryAct *act, GError **error) {
    if (strcmp(act->verb, "create") == 0)
        return record_create(story->sql, story->packs, &act->actor->actor, act->type->name,
                             act->fields, act->comment, story->now_ms, error);
    if (strcmp(act->verb, "reveal") == 0)
        return record_reveal(story->sql, story->packs, story->seal, &act->actor->actor,
                             act->type->name, act->id, act->node->text, act->comment, story->now_ms,
                             error);
    if (act->actor->actor.kind == ACTOR_HOLDER)
        return story_holders_move(story, act->node, act->fields, act->comment, error);
    if (strcmp(act->verb, "edit") == 0)
        return record_edit(story->sql, story->packs, &act->actor->actor, act->type->name, act->id,
                           act->version, act->fields, story->now_ms, error);
    return record_move(story->sql, story->packs, &act->actor->actor, act->type->name, act->id,
                       act->node->text, act->version, act->fields, act->comment, story->now_ms,
                       error);
}

static json_t *act_whole(Story *story, const StoryAct *act, GError **error) {
    if (!sql_exec(story->sql, "SAVEPOINT story_act", error))
        return NULL;
    json_t *record = make_act(story, act, error);
    sql_exec(story->sql, record ? "RELEASE story_act" : "ROLLBACK TO story_act; RELEASE story_act",
             NULL);
    return record;
}

static char *said(const GError *error) {
    g_autofree char *detail = error_detail(error, LANG_ZH);
    const char *field = error_field(error);
    return g_strdup_printf("%s%s%s：%s", error_id(error), field ? " " : "", field ? field : "",
                           detail);
}

/* refused: ID, or {error: ID, field: F}. */
static gboolean refused_as(const YamlNode *node, const GError *refusal, GError **error) {
    const YamlNode *id = node->kind == YAML_MAP ? tree_get(node, "error") : node;
    const YamlNode *field = node->kind == YAML_MAP ? tree_get(node, "field") : NULL;
    if (id == NULL || id->kind != YAML_SCALAR)
        return refuse(error, node, "写 refused: move.guard / write refused: move.guard",
                      "缺少错误编号 / the id of the error is missing");
    if (refusal == NULL)
        return TRUE;
    if (strcmp(id->text, error_id(refusal)) == 0 &&
        (field == NULL || g_strcmp0(field->text, error_field(refusal)) == 0))
        return TRUE;
    g_autofree char *wanted =
        g_strdup_printf("被拒绝 refused: %s %s", id->text, field ? field->text : "");
    g_autofree char *got = said(refusal);
    return story_failed(node, wanted, got, error);
}

static gboolean act_done(Story *story, const StoryAct *act, json_t *record, GError **error) {
    const YamlNode *name = tree_get(story->step, "as"), *no = tree_get(story->step, "refused");
    if (no)
        return story_failed(no, "被拒绝 a refusal", "已办理 it was done", error);
    if (strcmp(act->verb, "create") == 0) {
        const char *id = json_string_value(json_object_get(record, "id"));
        const char *name_text = name ? name->text : "";
        story_name_record(story, name_text, act->type, id);
        story->record = g_hash_table_lookup(story->records, name_text);
    }
    story_take_receipt(story, record);
    return strcmp(act->verb, "reveal") != 0 || story_revealed(story, act->node, record, error);
}

static gboolean act_run(Story *story, const StoryAct *act, GError **error) {
    const YamlNode *no = tree_get(story->step, "refused");
    g_autoptr(GError) refusal = NULL;
    json_t *record = act_whole(story, act, &refusal);
    if (record) {
        gboolean good = act_done(story, act, record, error);
        json_decref(record);
        return good;
    }
    if (no)
        return refused_as(no, refusal, error);
    g_autofree char *got = said(refusal);
    return story_failed(act->node, "办理成功 done", got, error);
}

static gboolean find_act_type(Story *story, StoryAct *act, GError **error) {
    const YamlNode *name = act->node;
    if (strcmp(act->verb, "create") == 0) {
        act->type = packs_type(story->packs, name->text);
        return act->type || refuse(error, name, "检查拼写 / check the spelling",
                                   "没有类型“%s” / there is no type %s", name->text, name->text);
    }
    if (strcmp(act->verb, "edit") == 0)
        story->record = story_record(story, name, error);
    if (story->record == NULL && (error == NULL || *error == NULL))
        story_at_hand(story, name, error);
    if (story->record == NULL)
        return FALSE;
    act->type = story->record->type;
    act->id = story->record->id;
    return TRUE;
}

/* A move that does not exist is a slip of the pen, unless the story expects that refusal. */
static gboolean act_known(const Story *story, const StoryAct *act, GError **error) {
    if (strcmp(act->verb, "move") != 0 || tree_get(story->step, "refused") ||
        record_move_known(act->type, act->node->text))
        return TRUE;
    return refuse(error, act->node, "检查拼写 / check the spelling",
                  "类型 %s 没有操作“%s” / the type %s has no move %s", act->type->name,
                  act->node->text, act->type->name, act->node->text);
}

static gboolean read_act(Story *story, StoryAct *act, GError **error) {
    const YamlNode *by = tree_get(story->step, "by"), *version = tree_get(story->step, "version");
    const YamlNode *name = tree_get(story->step, "as");
    const YamlNode *with = tree_get(story->step, "with"),
                   *comment = tree_get(story->step, "comment");
    double number = 0;
    if (by == NULL)
        return refuse(error, act->node, "写 by: 人物 / write by: ACTOR",
                      "没有说明是谁 / nobody does it");
    if (!story_is_text(act->node, error) || (with && !story_is_map(with, error)) ||
        (name && !story_is_text(name, error)) || (comment && !story_is_text(comment, error)))
        return FALSE;
    if (version && !tree_is_number(version, &number))
        return refuse(error, version, "写版本号 / write a number", "不是版本号 / not a version");
    act->version = (gint64)number;
    act->comment = comment ? comment->text : NULL;
    act->actor = story_actor(story, by, error);
    return act->actor && find_act_type(story, act, error) && act_known(story, act, error) &&
           (act->fields = story_fields(story, act->type, with, error)) != NULL &&
           story_upload(story, &act->actor->actor, act->type, act->fields, act->node, error);
}

static gboolean run_act(Story *story, const char *verb, const YamlNode *node, GError **error) {
    StoryAct act = {.verb = verb, .node = node};
    const YamlNode *name = tree_get(story->step, "as"), *no = tree_get(story->step, "refused");
    gboolean good = read_act(story, &act, error) && (no == NULL || refused_as(no, NULL, error));
    if (good && story->sql)
        good = act_run(story, &act, error);
    else if (good && strcmp(verb, "create") == 0 && no == NULL) {
        story_name_record(story, name ? name->text : "", act.type, NULL);
        story->record = g_hash_table_lookup(story->records, name ? name->text : "");
    }
    json_decref(act.fields);
    return good;
}

static gboolean run_create(Story *story, const YamlNode *node, GError **error) {
    return run_act(story, "create", node, error);
}

static gboolean run_edit(Story *story, const YamlNode *node, GError **error) {
    return run_act(story, "edit", node, error);
}

static gboolean run_move(Story *story, const YamlNode *node, GError **error) {
    return run_act(story, "move", node, error);
}

static gboolean run_reveal(Story *story, const YamlNode *node, GError **error) {
    return run_act(story, "reveal", node, error);
}

static gboolean run_of(Story *story, const YamlNode *node, GError **error) {
    story->record = story_record(story, node, error);
    return story->record != NULL;
}

/* meet: {NAME: FIELD} names the record that a field of the one at hand refers to. */
static gboolean meet_one(Story *story, const YamlNode *name, const YamlNode *field_name,
                         GError **error) {
    const StoryRecord *record = story_at_hand(story, name, error);
    const Field *field = record && field_name->kind == YAML_SCALAR
                             ? type_field(record->type, field_name->text)
                             : NULL;
    const RecordType *type =
        field && field->kind == FIELD_REF ? packs_type(story->packs, field->ref_type) : NULL;
    if (record == NULL)
        return FALSE;
    if (type == NULL)
        return refuse(error, field_name, "写 ref 字段 / name a ref field",
                      "不是引用字段 / not a ref field");
    if (story->sql == NULL) {
        story_name_record(story, name->text, type, NULL);
        return TRUE;
    }
    json_t *json =
        record_get(story->sql, story->packs, &actor_system, record->type->name, record->id, error);
    const char *id = json ? json_string_value(json_object_get(json, field->name)) : NULL;
    if (id)
        story_name_record(story, name->text, type, id);
    else if (json)
        story_failed(field_name, "有值 a value", "空 empty", error);
    json_decref(json);
    return id != NULL;
}

static gboolean run_meet(Story *story, const YamlNode *node, GError **error) {
    if (!story_is_map(node, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!meet_one(story, node->keys->pdata[i], tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

/* --- steps --- */

/* In this order, whatever the order in the file. NULL: read by another key. */
static const struct {
    const char *key;
    gboolean (*run)(Story *story, const YamlNode *node, GError **error);
} step_keys[] = {
    {"at", run_at},
    {"asleep_until", run_asleep},
    {"say", NULL},
    {"by", NULL},
    {"of", run_of},
    {"create", run_create},
    {"edit", run_edit},
    {"move", run_move},
    {"reveal", run_reveal},
    {"value", NULL},
    {"with", NULL},
    {"comment", NULL},
    {"version", NULL},
    {"as", NULL},
    {"refused", NULL},
    {"expect", expect_fields},
    {"fired", expect_fired},
    {"clocks", expect_clocks},
    {"todo", expect_todo},
    {"notices", expect_notices},
    {"may", expect_may},
    {"seen", expect_seen},
    {"documents", expect_documents},
    {"indicators", expect_indicators},
    {"entry", expect_entry},
    {"receipt", expect_receipt},
    {"meet", run_meet},
};

static gboolean step_keys_known(const YamlNode *step, GError **error) {
    for (guint i = 0; i < step->keys->len; i++) {
        const YamlNode *key = step->keys->pdata[i];
        gboolean known = FALSE;
        for (gsize j = 0; j < G_N_ELEMENTS(step_keys); j++)
            known |= strcmp(step_keys[j].key, key->text) == 0;
        if (!known)
            return refuse(error, key, "参见 docs/stories.md / see docs/stories.md",
                          "没有键“%s” / unknown key %s", key->text, key->text);
    }
    return TRUE;
}

static gboolean marks_set(Story *story, GError **error) {
    if (story->sql == NULL)
        return TRUE;
    story->seq = journal_last(story->sql, error);
    return story->seq >= 0 &&
           sql_get_int(story->sql, error, &story->notice, 0, "SELECT max(seq) FROM notices", "");
}

static gboolean step_run(Story *story, const YamlNode *step, GError **error) {
    story->step = step;
    if (!story_is_map(step, error) || !step_keys_known(step, error) || !marks_set(story, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(step_keys); i++) {
        const YamlNode *node = tree_get(step, step_keys[i].key);
        if (node && step_keys[i].run && !step_keys[i].run(story, node, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean steps_run(Story *story, guint *steps, GError **error) {
    const YamlNode *list = tree_get(story->root, "steps");
    for (*steps = 0; *steps < tree_count(list); (*steps)++)
        if (!step_run(story, tree_at(list, *steps), error))
            return FALSE;
    return TRUE;
}

/* --- the world before --- */

static gboolean world_record(Story *story, const YamlNode *key, const YamlNode *map,
                             GError **error) {
    const RecordType *type = packs_type(story->packs, key->text);
    if (type == NULL)
        return refuse(error, key, "检查拼写 / check the spelling",
                      "没有类型“%s” / there is no type %s", key->text, key->text);
    json_t *fields = story_is_map(map, error) ? story_fields(story, type, map, error) : NULL;
    json_t *record = fields && story->sql
                         ? record_create(story->sql, story->packs, &actor_system, type->name,
                                         fields, NULL, story->now_ms, error)
                         : json_incref(fields);
    const char *id =
        type->key && record ? json_string_value(json_object_get(record, type->key->name)) : NULL;
    if (id)
        story_name_record(story, id, type, id);
    json_decref(fields);
    json_decref(record);
    return record != NULL;
}

/* What the door refused in the world has no line of its own yet. */
static gboolean world_refused(const YamlNode *node, GError *refusal, GError **error) {
    if (error_kind(refusal) == ERROR_PACK) {
        g_propagate_error(error, refusal);
        return FALSE;
    }
    g_autofree char *got = said(refusal);
    g_error_free(refusal);
    return story_failed(node, "建立成功 done", got, error);
}

static gboolean world_run(Story *story, const YamlNode *root, GError **error) {
    const YamlNode *world = root ? tree_get(root, "world") : NULL;
    if (world && !story_is_list(world, error))
        return FALSE;
    for (guint i = 0; world && i < tree_count(world); i++) {
        const YamlNode *item = tree_at(world, i);
        GError *refusal = NULL;
        if (!story_is_map(item, error) || tree_count(item) != 1)
            return (error && *error) ? FALSE
                                     : refuse(error, item, "写 - 类型: {…} / write - TYPE: {…}",
                                              "一项一条记录 / one record per item");
        if (!world_record(story, item->keys->pdata[0], tree_at(item, 0), &refusal))
            return world_refused(item, refusal, error);
    }
    return TRUE;
}

/* Actors are users, so that delegations and references find them. */
static gboolean users_make(Story *story, GError **error) {
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, story->actors);
    while (packs_type(story->packs, "user") && g_hash_table_iter_next(&iter, &name, &value)) {
        const StoryActor *actor = value;
        if (actor->actor.kind != ACTOR_PERSON)
            continue;
        json_t *fields = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "login", actor->login, "name",
                                   actor->actor.name, "role", actor->actor.role->name, "region",
                                   actor->region, "enterprise", actor->enterprise);
        json_t *user = record_create(story->sql, story->packs, &actor_system, "user", fields, NULL,
                                     story->now_ms, error);
        json_decref(fields);
        json_decref(user);
        if (user == NULL)
            return FALSE;
    }
    return TRUE;
}

static gboolean world_make(Story *story, GError **error) {
    return world_run(story, story->shared, error) && world_run(story, story->root, error) &&
           (story->sql == NULL || users_make(story, error));
}

/* Whatever a story does, the journal must still prove itself. */
static gboolean journal_good(Story *story, GError **error) {
    VerifyReport report;
    gint64 sealed, checked;
    return journal_seal(story->sql, story->now_ms, &sealed, error) &&
           journal_verify(story->sql, story->packs, NULL, &report, error) &&
           files_verify(story->sql, story->packs, &checked, error);
}

/* --- the doors --- */

gboolean story_check(const Packs *packs, const char *path, GError **error) {
    guint steps;
    g_autoptr(Story) story = story_open(packs, path, error);
    return story && world_make(story, error) && steps_run(story, &steps, error);
}

/* Secret fields need a key to be sealed to. */
static gboolean make_seal_key(Story *story, GError **error) {
    story->seal = seal_key_new();
    return seal_key_activate(story->sql, story->seal, 0, error);
}

/* With a place of its own for files. */
static gboolean tell(Story *story, guint *told, GError **error) {
    g_autofree char *files = g_dir_make_tmp("anlan-story-XXXXXX", error);
    if (files == NULL)
        return FALSE;
    sql_set_files(story->sql, files);
    gboolean good = make_seal_key(story, error) && world_make(story, error) &&
                    steps_run(story, told, error) && journal_good(story, error);
    g_clear_pointer(&story->seal, seal_key_free);
    sql_set_files(story->sql, NULL);
    file_store_erase(files);
    return good;
}

static gboolean tell_in_memory(Story *story, guint *told, GError **error) {
    story->sql = sql_open("sqlite::memory:", SQL_WRITE, error);
    gboolean good =
        story->sql && records_migrate(story->sql, story->packs, error) && tell(story, told, error);
    sql_close(story->sql);
    return good;
}

static gboolean tell_and_forget(Story *story, Sql *sql, guint *told, GError **error) {
    story->sql = sql;
    if (!sql_exec(sql, "BEGIN IMMEDIATE", error))
        return FALSE;
    gboolean good = tell(story, told, error);
    return sql_exec(sql, "ROLLBACK", good ? error : NULL) && good;
}

gboolean story_tell(const Packs *packs, Sql *sql, const char *path, guint *steps, GError **error) {
    guint told = 0;
    g_autoptr(Story) story =
        story_check(packs, path, error) ? story_open(packs, path, error) : NULL;
    if (story == NULL)
        return FALSE;
    gboolean good =
        sql ? tell_and_forget(story, sql, &told, error) : tell_in_memory(story, &told, error);
    story->sql = NULL;
    if (steps)
        *steps = told;
    return good;
}

/* --- what it is about --- */

static void add_types(const Story *story, GPtrArray *types) {
    const YamlNode *steps = tree_get(story->root, "steps");
    for (guint i = 0; i < tree_count(steps); i++) {
        const YamlNode *name = tree_get(tree_at(steps, i), "create");
        const RecordType *type = name && name->text ? packs_type(story->packs, name->text) : NULL;
        if (type && !g_ptr_array_find(types, type, NULL))
            g_ptr_array_add(types, (gpointer)type);
    }
}

gboolean story_facts(const Packs *packs, const char *path, StoryFacts *facts, GError **error) {
    g_autoptr(Story) story = story_open(packs, path, error);
    if (story == NULL)
        return FALSE;
    const YamlNode *basis = tree_get(story->root, "basis");
    GStrvBuilder *builder = g_strv_builder_new();
    for (guint i = 0; basis && i < tree_count(basis); i++)
        g_strv_builder_add(builder, tree_at(basis, i)->text ? tree_at(basis, i)->text : "");
    *facts = (StoryFacts){g_strdup(tree_get(story->root, "story")->text),
                          g_strv_builder_end(builder), g_ptr_array_new()};
    g_strv_builder_unref(builder);
    add_types(story, facts->types);
    return TRUE;
}

void story_facts_clear(StoryFacts *facts) {
    g_clear_pointer(&facts->title, g_free);
    g_clear_pointer(&facts->basis, g_strfreev);
    g_clear_pointer(&facts->types, g_ptr_array_unref);
}

/* --- finding them --- */

static gint compare_texts(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_stories(GPtrArray *files, const char *folder) {
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;)
        if (*name != '.' && g_str_has_suffix(name, ".yaml") && strcmp(name, "world.yaml") != 0)
            g_ptr_array_add(files, g_build_filename(folder, name, NULL));
}

GPtrArray *story_files(const char *packs_directory, GError **error) {
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(packs_directory, 0, &cause);
    if (dir == NULL) {
        error_set(error, ERROR_FILE, NULL, packs_directory, cause->message, NULL);
        return NULL;
    }
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *folder = g_build_filename(packs_directory, name, "stories", NULL);
        if (*name != '.')
            add_stories(files, folder);
    }
    g_ptr_array_sort(files, compare_texts);
    return files;
}
