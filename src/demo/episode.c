#include "demo/episode.h"
#include "demo/demo_file.h"
#include "demo/dice.h"

#include <math.h>
#include <string.h>

typedef struct {
    guint enterprise, equipment;
} Target;

typedef struct {
    char *name;
    FaultKind kind;
    double first_ms, every_ms, jitter_ms, duration_ms, strength;
    guint64 seed;
    GArray *targets; /* Target */
} Episode;

struct Script {
    GArray *episodes;
};

static void episode_clear(gpointer data) {
    Episode *e = data;
    g_free(e->name);
    g_array_unref(e->targets);
}

void script_free(Script *script) {
    g_array_unref(script->episodes);
    g_free(script);
}

guint script_length(const Script *script) { return script->episodes->len; }

/* A key of `at`: missing = all, a text, or a list of texts. */
static gboolean fits(json_t *wanted, const char *text) {
    if (!json_is_array(wanted))
        return !wanted || g_strcmp0(json_string_value(wanted), text) == 0;
    gsize i;
    json_t *item;
    json_array_foreach(wanted, i,
                       item) if (g_strcmp0(json_string_value(item), text) == 0) return TRUE;
    return FALSE;
}

static void equipment_targets(const PlanEnterprise *e, guint at, json_t *wanted, GArray *targets) {
    for (guint i = 0; i < e->equipment->len; i++)
        if (fits(wanted, g_array_index(e->equipment, PlanEquipment, i).template->name))
            g_array_append_val(targets, ((Target){at, i}));
}

static GArray *targets_of(const ProvincePlan *plan, FaultKind kind, json_t *at) {
    GArray *targets = g_array_new(FALSE, FALSE, sizeof(Target));
    for (guint i = 0; i < plan->enterprises->len; i++) {
        const PlanEnterprise *e = plan_enterprise(plan, i);
        if (!fits(json_object_get(at, "county"), e->region->code) ||
            !fits(json_object_get(at, "plant"), e->template->name))
            continue;
        if (kind == FAULT_GATEWAY)
            g_array_append_val(targets, ((Target){i, EPISODE_WHOLE}));
        else
            equipment_targets(e, i, json_object_get(at, "equipment"), targets);
    }
    return targets;
}

static gboolean at_known(json_t *at) {
    const char *key;
    json_t *value;
    json_object_foreach(at, key, value) if (strcmp(key, "county") != 0 &&
                                            strcmp(key, "plant") != 0 &&
                                            strcmp(key, "equipment") != 0) return FALSE;
    return TRUE;
}

static gboolean times_good(const Episode *e) {
    return e->duration_ms > 0 && e->strength >= 0.3 && e->strength <= 1 && e->jitter_ms >= 0 &&
           (e->every_ms == 0 || e->every_ms > 2 * e->jitter_ms);
}

static gboolean episode_read(Script *script, const ProvincePlan *plan, json_t *item,
                             const char *path, GError **error) {
    const char *name, *fault;
    double first, every, jitter = 0, duration, strength = 1;
    json_t *at;
    json_error_t why;
    if (json_unpack_ex(item, &why, JSON_STRICT, "{s:s, s:s, s:F, s:F, s?F, s:F, s?F, s:o}", "name",
                       &name, "fault", &fault, "first", &first, "every", &every, "jitter", &jitter,
                       "duration", &duration, "strength", &strength, "at", &at) != 0)
        return demo_file_error(error, path, "episodes: %s", why.text);
    Episode e = {.name = g_strdup(name), .kind = fault_find(fault)};
    e.first_ms = first * 60e3, e.every_ms = every * 60e3;
    e.jitter_ms = jitter * 60e3, e.duration_ms = duration * 60e3;
    e.strength = strength;
    e.seed = dice_hash_text(plan->seed, name);
    e.targets = targets_of(plan, e.kind, at);
    g_array_append_val(script->episodes, e);
    if (e.kind == FAULT_NONE || e.kind == FAULTS || !at_known(at) || !times_good(&e))
        return demo_file_error(error, path, "%s: unknown fault or key of at, or impossible times",
                               name);
    if (!e.targets->len)
        return demo_file_error(error, path, "%s: no plant of the province fits", name);
    return TRUE;
}

Script *script_read(const char *path, const ProvincePlan *plan, GError **error) {
    json_t *root = demo_yaml_read(path, error);
    if (!root)
        return NULL;
    g_autoptr(Script) script = g_new0(Script, 1);
    script->episodes = g_array_new(FALSE, FALSE, sizeof(Episode));
    g_array_set_clear_func(script->episodes, episode_clear);
    json_t *list = json_object_get(root, "episodes");
    gboolean good =
        json_is_array(list) || demo_file_error(error, path, "there is no list `episodes`");
    for (gsize i = 0; good && i < json_array_size(list); i++)
        good = episode_read(script, plan, json_array_get(list, i), path, error);
    json_decref(root);
    return good ? g_steal_pointer(&script) : NULL;
}

static gint64 begin_of(const Episode *e, gint64 zero_ms, gint64 n) {
    double jitter =
        n == 0 ? 0 : e->jitter_ms * (2 * dice_unit_of(dice_hash(e->seed, (guint64)n, 'j')) - 1);
    return zero_ms + (gint64)(e->first_ms + (double)n * e->every_ms + jitter);
}

static void add_if_active(const Episode *e, gint64 zero_ms, gint64 now_ms, gint64 n,
                          GArray *active) {
    gint64 begin = begin_of(e, zero_ms, n);
    double progress = (double)(now_ms - begin) / e->duration_ms;
    if (progress < 0 || progress >= 1)
        return;
    guint pick = (guint)(dice_hash(e->seed, (guint64)n, 'w') % e->targets->len);
    const Target *target = &g_array_index(e->targets, Target, pick);
    ActiveEpisode a = {e->name,           e->kind,    target->enterprise,
                       target->equipment, begin,      e->duration_ms / 1000,
                       progress,          e->strength};
    g_array_append_val(active, a);
}

static void episode_at(const Episode *e, gint64 zero_ms, gint64 now_ms, GArray *active) {
    if (e->every_ms == 0) {
        add_if_active(e, zero_ms, now_ms, 0, active);
        return;
    }
    double since = (double)(now_ms - zero_ms) - e->first_ms;
    gint64 last = (gint64)floor((since + e->jitter_ms) / e->every_ms);
    gint64 first = (gint64)ceil((since - e->duration_ms - e->jitter_ms) / e->every_ms);
    for (gint64 n = first; n <= last; n++)
        add_if_active(e, zero_ms, now_ms, n, active);
}

void script_at(const Script *script, gint64 zero_ms, gint64 now_ms, GArray *active) {
    g_array_set_size(active, 0);
    for (guint i = 0; i < script->episodes->len; i++)
        episode_at(&g_array_index(script->episodes, Episode, i), zero_ms, now_ms, active);
}
