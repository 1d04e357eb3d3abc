/* What must be true after a step. */
#include "record/documents.h"
#include "record/journal.h"
#include "record/story_part.h"

#include <string.h>

/* --- texts for comparison --- */

static char *json_text(json_t *json) {
    if (json == NULL || json_is_null(json))
        return g_strdup("空 empty");
    if (json_is_string(json))
        return g_strdup(json_string_value(json));
    char *dumped = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    char *text = g_strdup(dumped);
    free(dumped);
    return text;
}

static gboolean same(json_t *a, json_t *b) {
    gboolean empty_a = a == NULL || json_is_null(a), empty_b = b == NULL || json_is_null(b);
    if (empty_a || empty_b)
        return empty_a && empty_b;
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

gboolean story_compare(const YamlNode *node, const char *name, json_t *wanted, json_t *got,
                       GError **error) {
    if (same(wanted, got))
        return TRUE;
    g_autofree char *want = json_text(wanted), *have = json_text(got);
    g_autofree char *full = g_strdup_printf("%s = %s", name, want);
    return story_failed(node, full, have, error);
}

static gboolean compare_text(const YamlNode *node, const char *name, const char *wanted,
                             const char *got, GError **error) {
    g_autofree char *full = g_strdup_printf("%s = %s", name, wanted);
    return g_strcmp0(wanted, got) == 0 || story_failed(node, full, got ? got : "空 empty", error);
}

/* --- expect: fields of the record --- */

static gboolean is_system_member(const char *name) {
    static const char *const names[] = {"id",         "state",      "version",    "number",
                                        "created_at", "created_by", "updated_at", NULL};
    return g_strv_contains(names, name);
}

static gboolean expect_field(Story *story, const RecordType *type, json_t *record,
                             const YamlNode *key, const YamlNode *node, GError **error) {
    const Field *field = type_field(type, key->text);
    if (field == NULL && !is_system_member(key->text))
        return refuse(error, key, "检查拼写 / check the spelling",
                      "类型 %s 没有字段“%s” / the type %s has no field %s", type->name, key->text,
                      type->name, key->text);
    if (strcmp(key->text, "state") == 0 &&
        (node->kind != YAML_SCALAR || !type_state(type, node->text)))
        return refuse(error, node, "检查拼写 / check the spelling", "没有这个状态 / no such state");
    json_t *wanted = story_value(story, field, node, error);
    gboolean good =
        wanted && (record == NULL || story_compare(key, key->text, wanted,
                                                   json_object_get(record, key->text), error));
    json_decref(wanted);
    return good;
}

gboolean expect_fields(Story *story, const YamlNode *node, GError **error) {
    const StoryRecord *at = story_at_hand(story, node, error);
    if (at == NULL || !story_is_map(node, error))
        return FALSE;
    json_t *record = story->sql ? record_get(story->sql, story->packs, &actor_system,
                                             at->type->name, at->id, error)
                                : NULL;
    gboolean good = story->sql == NULL || record;
    for (guint i = 0; good && i < tree_count(node); i++)
        good = expect_field(story, at->type, record, node->keys->pdata[i], tree_at(node, i), error);
    json_decref(record);
    return good;
}

/* --- times and spans --- */

static gboolean compare_time(const YamlNode *node, const char *name, const char *got,
                             GError **error) {
    gint64 wanted, have;
    char text[TIME_TEXT];
    if (!story_time(node, TRUE, &wanted, error))
        return FALSE;
    if (got && time_parse(got, &have) && have / 1000 == wanted / 1000)
        return TRUE;
    return compare_text(node, name, time_format(wanted, text), got, error);
}

/* "2d9h", "30min", "5s", "0". */
static gboolean span_ms(const YamlNode *node, gint64 *ms, GError **error) {
    static const struct {
        const char *suffix;
        gint64 ms;
    } units[] = {{"min", 60000}, {"d", DAY_MS}, {"h", 3600000}, {"s", 1000}, {"", 0}};
    const char *p = node->kind == YAML_SCALAR ? node->text : "";
    gboolean good = *p != 0;
    for (*ms = 0; good && *p;) {
        gsize digits = strspn(p, "0123456789"), i = 0;
        gint64 n = g_ascii_strtoll(p, NULL, 10);
        p += digits;
        while (!g_str_has_prefix(p, units[i].suffix))
            i++;
        good = digits > 0 && digits < 9 && (units[i].ms || n == 0);
        *ms += n * units[i].ms;
        p += strlen(units[i].suffix);
    }
    return good || refuse(error, node, "写 2d9h、30min 或 0 / write 2d9h, 30min or 0",
                          "不是时长 / not a span");
}

/* --- clocks --- */

static const ClockType *clock_of(const RecordType *type, const YamlNode *name, GError **error) {
    for (guint i = 0; name->kind == YAML_SCALAR && i < type->clocks->len; i++)
        if (strcmp(((const ClockType *)type->clocks->pdata[i])->name, name->text) == 0)
            return type->clocks->pdata[i];
    refuse(error, name, "检查拼写 / check the spelling", "没有这个时钟 / there is no such clock");
    return NULL;
}

static json_t *last_clock(json_t *clocks, const char *name) {
    json_t *found = NULL;
    for (gsize i = 0; i < json_array_size(clocks); i++) {
        json_t *clock = json_array_get(clocks, i);
        if (strcmp(json_string_value(json_object_get(clock, "name")), name) == 0)
            found = clock;
    }
    return found;
}

/* A state, or a map of state and times. */
static gboolean expect_clock_member(const YamlNode *key, const YamlNode *node, json_t *clock,
                                    gboolean told, GError **error) {
    static const struct {
        const char *key, *member;
    } times[] = {{"due", "due_at"},
                 {"started", "started_at"},
                 {"next", "next_at"},
                 {"fired", "fired_at"},
                 {"stopped", "stopped_at"}};
    if (strcmp(key->text, "state") == 0)
        return story_is_text(node, error) &&
               (!told || compare_text(key, "state", node->text,
                                      json_string_value(json_object_get(clock, "state")), error));
    if (strcmp(key->text, "overdue") == 0)
        return story_is_text(node, error) &&
               (!told ||
                compare_text(key, "overdue", node->text,
                             json_is_true(json_object_get(clock, "overdue")) ? "true" : "false",
                             error));
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        gint64 ms;
        if (strcmp(times[i].key, key->text) != 0)
            continue;
        const char *got = json_string_value(json_object_get(clock, times[i].member));
        if (tree_is_null(node))
            return !told || got == NULL || story_failed(node, "空 empty", got, error);
        return told ? compare_time(node, key->text, got, error)
                    : story_time(node, TRUE, &ms, error);
    }
    return refuse(error, key, "state overdue due started next fired stopped",
                  "没有键“%s” / unknown key %s", key->text, key->text);
}

static gboolean expect_clock(const StoryRecord *at, const YamlNode *name, const YamlNode *node,
                             json_t *clocks, GError **error) {
    const ClockType *type = clock_of(at->type, name, error);
    json_t *clock = type && clocks ? last_clock(clocks, type->name) : NULL;
    if (type == NULL)
        return FALSE;
    if (node->kind == YAML_SCALAR) {
        const char *state = clock ? json_string_value(json_object_get(clock, "state")) : "none";
        return clocks == NULL || compare_text(node, type->name, node->text, state, error);
    }
    if (!story_is_map(node, error))
        return FALSE;
    if (clocks && clock == NULL)
        return story_failed(name, "时钟在走 the clock has run", "从未启动 it never started", error);
    for (guint i = 0; i < tree_count(node); i++)
        if (!expect_clock_member(node->keys->pdata[i], tree_at(node, i), clock, clocks != NULL,
                                 error))
            return FALSE;
    return TRUE;
}

gboolean expect_clocks(Story *story, const YamlNode *node, GError **error) {
    const StoryRecord *at = story_at_hand(story, node, error);
    if (at == NULL || !story_is_map(node, error))
        return FALSE;
    json_t *clocks = story->sql ? record_clocks(story->sql, story->packs, at->type->name, at->id,
                                                story->now_ms, error)
                                : NULL;
    gboolean good = story->sql == NULL || clocks;
    for (guint i = 0; good && i < tree_count(node); i++)
        good = expect_clock(at, node->keys->pdata[i], tree_at(node, i), clocks, error);
    json_decref(clocks);
    return good;
}

/* --- fired: what the clocks did in this step --- */

static json_t *clock_note(json_t *entry) {
    return json_array_get(json_object_get(json_object_get(entry, "diff"), "_clock"), 1);
}

/* Entries of this step about this record that a clock made. */
static GPtrArray *firings(const Story *story, const StoryRecord *at, json_t *entries) {
    GPtrArray *found = g_ptr_array_new();
    for (gsize i = 0; at && i < json_array_size(entries); i++) {
        json_t *entry = json_array_get(entries, i);
        if (json_integer_value(json_object_get(entry, "seq")) > story->seq && clock_note(entry))
            g_ptr_array_add(found, entry);
    }
    return found;
}

static char *firings_text(const GPtrArray *entries) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        json_t *entry = entries->pdata[i], *note = clock_note(entry);
        g_string_append_printf(text, "%s%s %s %s", i ? "; " : "",
                               json_string_value(json_object_get(note, "name")),
                               json_string_value(json_object_get(entry, "action")),
                               json_string_value(json_object_get(note, "step_at")));
    }
    return g_string_free(text, FALSE);
}

static gboolean firing_action(const YamlNode *node, json_t *entry, GError **error) {
    const char *action = json_string_value(json_object_get(entry, "action"));
    const char *made =
        action && g_str_has_prefix(action, "move:") ? action + strlen("move:") : "passed_over";
    return story_is_text(node, error) &&
           (entry == NULL || compare_text(node, "move", node->text, made, error));
}

static gboolean firing_late(const YamlNode *node, json_t *note, GError **error) {
    gint64 wanted;
    if (!span_ms(node, &wanted, error))
        return FALSE;
    gint64 late = json_integer_value(json_object_get(note, "late_ms"));
    g_autofree char *got = g_strdup_printf("%" G_GINT64_FORMAT " ms", late);
    return note == NULL || late / 1000 == wanted / 1000 ||
           story_failed(node, node->text, got, error);
}

static gboolean firing_time(const YamlNode *node, const char *name, const char *got, gboolean told,
                            GError **error) {
    gint64 ms;
    return told ? compare_time(node, name, got, error) : story_time(node, TRUE, &ms, error);
}

static gboolean firing_member(const StoryRecord *at, const YamlNode *key, const YamlNode *node,
                              json_t *entry, GError **error) {
    json_t *note = entry ? clock_note(entry) : NULL;
    if (strcmp(key->text, "clock") == 0)
        return clock_of(at->type, node, error) &&
               (note == NULL ||
                compare_text(node, "clock", node->text,
                             json_string_value(json_object_get(note, "name")), error));
    if (strcmp(key->text, "move") == 0)
        return firing_action(node, entry, error);
    if (strcmp(key->text, "late") == 0)
        return firing_late(node, note, error);
    if (strcmp(key->text, "due") == 0)
        return firing_time(node, "due", json_string_value(json_object_get(note, "step_at")),
                           note != NULL, error);
    if (strcmp(key->text, "at") == 0)
        return firing_time(node, "at", json_string_value(json_object_get(entry, "time")),
                           note != NULL, error);
    return refuse(error, key, "clock move due at late", "没有键“%s” / unknown key %s", key->text,
                  key->text);
}

static gboolean expect_firing(const StoryRecord *at, const YamlNode *node, json_t *entry,
                              GError **error) {
    if (!story_is_map(node, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!firing_member(at, node->keys->pdata[i], tree_at(node, i), entry, error))
            return FALSE;
    return TRUE;
}

gboolean expect_fired(Story *story, const YamlNode *node, GError **error) {
    const StoryRecord *at = story_at_hand(story, node, error);
    if (at == NULL || !story_is_list(node, error))
        return FALSE;
    json_t *entries =
        story->sql ? journal_of(story->sql, story->packs, at->type->name, at->id, error) : NULL;
    g_autoptr(GPtrArray) fired = firings(story, at, entries);
    gboolean good = story->sql == NULL || entries;
    for (guint i = 0; good && i < tree_count(node); i++)
        good = expect_firing(at, tree_at(node, i), i < fired->len ? fired->pdata[i] : NULL, error);
    if (good && story->sql && fired->len != tree_count(node)) {
        g_autofree char *wanted = g_strdup_printf("%u 次 firings", tree_count(node));
        g_autofree char *text = firings_text(fired);
        g_autofree char *got = g_strdup_printf("%u：%s", fired->len, text);
        good = story_failed(node, wanted, got, error);
    }
    json_decref(entries);
    return good;
}

/* --- todo, notices, may --- */

static gboolean in_list(json_t *items, const char *id) {
    for (gsize i = 0; i < json_array_size(items); i++)
        if (g_strcmp0(json_string_value(json_object_get(json_array_get(items, i), "id")), id) == 0)
            return TRUE;
    return FALSE;
}

/* The records that a list shows to an actor: {"items": [{"id"}]}. */
typedef json_t *(*ListFunction)(Story *story, const Actor *actor, GError **error);

static json_t *todo_list(Story *story, const Actor *actor, GError **error) {
    enum { TODO_MAX = 500 };
    return record_todo(story->sql, story->packs, actor, story->now_ms, TODO_MAX, error);
}

/* A type that he may not read is an empty list. */
static json_t *seen_list(Story *story, const Actor *actor, GError **error) {
    RecordQuery query = {.limit = 500};
    GError *refusal = NULL;
    json_t *list = record_list(story->sql, story->packs, actor, story->record->type->name, &query,
                               story->now_ms, &refusal);
    if (list == NULL && error_kind(refusal) != ERROR_TYPE_UNKNOWN) {
        g_propagate_error(error, refusal);
        return NULL;
    }
    g_clear_error(&refusal);
    return list ? list : json_object();
}

static gboolean list_has(Story *story, const YamlNode *name, const YamlNode *node,
                         ListFunction function, GError **error) {
    gboolean wanted = FALSE;
    const StoryActor *actor = story_actor(story, name, error);
    if (actor == NULL)
        return FALSE;
    if (!tree_is_bool(node, &wanted))
        return refuse(error, node, "写 true 或 false / write true or false",
                      "此处写 true 或 false / true or false is expected here");
    json_t *list = story->sql ? function(story, &actor->actor, error) : NULL;
    if (list == NULL)
        return story->sql == NULL;
    gboolean got = in_list(json_object_get(list, "items"), story->record->id);
    json_decref(list);
    return got == wanted ||
           story_failed(name, wanted ? "在列 it is there" : "不在列 it is not there",
                        got ? "在列 it is" : "不在列 it is not", error);
}

static gboolean lists_have(Story *story, const YamlNode *node, ListFunction function,
                           GError **error) {
    if (story_at_hand(story, node, error) == NULL || !story_is_map(node, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!list_has(story, node->keys->pdata[i], tree_at(node, i), function, error))
            return FALSE;
    return TRUE;
}

gboolean expect_todo(Story *story, const YamlNode *node, GError **error) {
    return lists_have(story, node, todo_list, error);
}

gboolean expect_seen(Story *story, const YamlNode *node, GError **error) {
    return lists_have(story, node, seen_list, error);
}

/* A list of texts against a JSON list of objects, by one member. */
static gboolean compare_lists(const YamlNode *node, json_t *items, const char *member,
                              gboolean backwards, GError **error) {
    gsize n = json_array_size(items);
    gboolean good = n == tree_count(node);
    GString *got = g_string_new(NULL), *wanted = g_string_new(NULL);
    for (gsize i = 0; i < n; i++) {
        json_t *item = json_array_get(items, backwards ? n - 1 - i : i);
        const char *text = json_string_value(json_object_get(item, member));
        g_string_append_printf(got, "%s%s", i ? "; " : "", text);
        good = good && strcmp(tree_at(node, (guint)i)->text, text) == 0;
    }
    for (guint i = 0; i < tree_count(node); i++)
        g_string_append_printf(wanted, "%s%s", i ? "; " : "", tree_at(node, i)->text);
    if (!good)
        story_failed(node, wanted->len ? wanted->str : "无 none", got->len ? got->str : "无 none",
                     error);
    g_string_free(got, TRUE);
    g_string_free(wanted, TRUE);
    return good;
}

static gboolean is_list_of_texts(const YamlNode *node, GError **error) {
    if (!story_is_list(node, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!story_is_text(tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

/* The names of all documents of the record at hand, in order, or their numbers. */
gboolean expect_documents(Story *story, const YamlNode *node, GError **error) {
    const StoryRecord *at = story_at_hand(story, node, error);
    if (at == NULL || !is_list_of_texts(node, error))
        return FALSE;
    if (story->sql == NULL)
        return TRUE;
    json_t *items =
        documents_of(story->sql, story->packs, &actor_system, at->type->name, at->id, error);
    /* names are ASCII */
    gboolean numbers = tree_count(node) && !g_str_is_ascii(tree_at(node, 0)->text);
    gboolean good = items && compare_lists(node, items, numbers ? "number" : "name", FALSE, error);
    json_decref(items);
    return good;
}

static gboolean notices_of(Story *story, const YamlNode *name, const YamlNode *node,
                           GError **error) {
    enum { NOTICES_MAX = 200 };
    const StoryActor *actor = story_actor(story, name, error);
    if (actor == NULL || !is_list_of_texts(node, error))
        return FALSE;
    if (story->sql == NULL)
        return TRUE;
    json_t *items =
        record_notices(story->sql, story->packs, &actor->actor, story->notice, NOTICES_MAX, error);
    gboolean good = items && compare_lists(node, items, "title", TRUE, error);
    json_decref(items);
    return good;
}

gboolean expect_notices(Story *story, const YamlNode *node, GError **error) {
    if (!story_is_map(node, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!notices_of(story, node->keys->pdata[i], tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

static gboolean moves_known(const RecordType *type, const YamlNode *list, GError **error) {
    if (!is_list_of_texts(list, error))
        return FALSE;
    for (guint i = 0; i < tree_count(list); i++) {
        const YamlNode *name = tree_at(list, i);
        if (!record_move_known(type, name->text))
            return refuse(error, name, "检查拼写 / check the spelling",
                          "没有操作“%s” / there is no move %s", name->text, name->text);
    }
    return TRUE;
}

static gboolean moves_of(Story *story, const YamlNode *name, const YamlNode *node, GError **error) {
    const StoryActor *actor = story_actor(story, name, error);
    const StoryRecord *at = story->record;
    if (actor == NULL || !moves_known(at->type, node, error))
        return FALSE;
    if (story->sql == NULL)
        return TRUE;
    json_t *record =
        record_get(story->sql, story->packs, &actor->actor, at->type->name, at->id, NULL);
    json_t *moves =
        record ? record_moves(story->sql, story->packs, &actor->actor, record, story->now_ms)
               : json_array();
    gboolean good = compare_lists(node, moves, "name", FALSE, error);
    json_decref(record);
    json_decref(moves);
    return good;
}

gboolean expect_may(Story *story, const YamlNode *node, GError **error) {
    if (story_at_hand(story, node, error) == NULL || !story_is_map(node, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++)
        if (!moves_of(story, node->keys->pdata[i], tree_at(node, i), error))
            return FALSE;
    return TRUE;
}

/* --- entry: the last journal entry of the record --- */

/* What stands behind `_for` and other notes of an entry. */
static json_t *entry_member(json_t *entry, const char *name) {
    g_autofree char *note = g_strdup_printf("_%s", name);
    json_t *member = json_object_get(entry, name);
    return member ? member
                  : json_array_get(json_object_get(json_object_get(entry, "diff"), note), 1);
}

gboolean expect_entry(Story *story, const YamlNode *node, GError **error) {
    const StoryRecord *at = story_at_hand(story, node, error);
    if (at == NULL || !story_is_map(node, error))
        return FALSE;
    if (story->sql == NULL)
        return TRUE;
    json_t *entries = journal_of(story->sql, story->packs, at->type->name, at->id, error);
    json_t *last = json_array_get(entries, json_array_size(entries) - 1);
    gboolean good = entries != NULL;
    for (guint i = 0; good && i < tree_count(node); i++) {
        const YamlNode *key = node->keys->pdata[i];
        json_t *wanted = story_value(story, NULL, tree_at(node, i), error);
        good =
            wanted && story_compare(key, key->text, wanted, entry_member(last, key->text), error);
        json_decref(wanted);
    }
    json_decref(entries);
    return good;
}
