#include "signal/alarm_sink_part.h"

#include "base/log.h"

#include <math.h>

static const char type[] = "alarm";

void sink_set_number(json_t *fields, const char *name, double value) {
    if (isfinite(value))
        json_object_set_new(fields, name, json_real(value));
}

void sink_set_time(json_t *fields, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    json_object_set_new(fields, name, json_string(time_format(ms, text)));
}

void sink_set_text(json_t *fields, const char *name, const char *text) {
    if (text && text[0])
        json_object_set_new(fields, name, json_string(text));
}

static void set_priority(json_t *fields, const Sink *sink, const PointRule *rule) {
    int own = rule && rule->priority ? rule->priority : sink->def->priority;
    json_object_set_new(fields, "priority",
                        json_sprintf("%d", alarm_priority(own, sink->event->level)));
}

static void set_level(json_t *fields, const Sink *sink) {
    const AlarmEvent *event = sink->event;
    json_object_set_new(fields, "level", json_string(alarm_level_code(event->level)));
    sink_set_number(fields, "worst_value", event->worst);
    sink_set_number(fields, "limit", event->limit);
    sink_set_time(fields, "level_at", event->at_ms);
}

static gboolean taken(json_t *record) {
    json_decref(record);
    return record != NULL;
}

gboolean sink_create(const Sink *sink, json_t *fields_take, GError **error) {
    json_t *record = record_create_with_id(sink->records, sink->packs, &actor_engine, type,
                                           sink->id, fields_take, sink->now_ms, error);
    json_decref(fields_take);
    return taken(record);
}

gboolean sink_move(const Sink *sink, const char *name, json_t *fields_take, GError **error) {
    json_object_set_new(fields_take, "engine_seq", json_integer(sink->event->seq));
    json_t *record = record_move(sink->records, sink->packs, &actor_engine, type, sink->id, name, 0,
                                 fields_take, NULL, sink->now_ms, error);
    json_decref(fields_take);
    return taken(record);
}

/* Rules of the point as it is now; NULL for what the point itself has. */
static PointRules *rules_of(const Sink *sink) {
    if (sink->event->level != ALARM_LEVEL_A || sink->def->extra == NULL)
        return NULL;
    json_t *extra = json_loads(sink->def->extra, 0, NULL);
    PointRules *rules = point_rules_read(sink->def->code, extra, NULL);
    json_decref(extra);
    return rules;
}

static void set_rule(json_t *fields, const Sink *sink) {
    PointRules *rules = rules_of(sink);
    const PointRule *rule = point_rules_find(rules, sink->event->rule, sink->event->condition);
    gboolean own = sink->event->rule[0] == 0;
    set_priority(fields, sink, rule);
    sink_set_text(fields, "rule", sink->event->rule);
    sink_set_text(fields, "rule_name", rule ? rule->name : "");
    json_object_set_new(fields, "latched",
                        json_boolean(own || !rule ? sink->def->latch : rule->latch));
    json_object_set_new(fields, "review",
                        json_boolean(own || !rule ? sink->def->review : rule->review));
    point_rules_free(rules);
}

static json_t *raised_fields(const Sink *sink) {
    const AlarmEvent *event = sink->event;
    json_t *fields = json_object();
    set_level(fields, sink);
    set_rule(fields, sink);
    json_object_set_new(fields, "point", json_string(sink->def->code));
    sink_set_text(fields, "point_name", sink->def->name);
    sink_set_text(fields, "enterprise", sink->def->enterprise);
    sink_set_text(fields, "unit", sink->def->unit);
    json_object_set_new(fields, "condition", json_string(alarm_condition_code(event->condition)));
    json_object_set_new(fields, "worst_level", json_string(alarm_level_code(event->level)));
    sink_set_number(fields, "value", event->value);
    sink_set_time(fields, "onset", event->onset_ms);
    sink_set_time(fields, "raised_at", event->at_ms);
    json_object_set_new(fields, "active", json_true());
    json_object_set_new(fields, "acknowledged", json_false());
    json_object_set_new(fields, "late", json_boolean(event->late));
    json_object_set_new(fields, "announced", json_boolean(!event->suppressed));
    json_object_set_new(fields, "engine_seq", json_integer(event->seq));
    return fields;
}

gboolean sink_raise(const Sink *sink, GError **error) {
    json_t *fields = raised_fields(sink);
    gboolean announced = !sink->event->suppressed;
    if (!sink_guide(sink, fields, error) || (announced && !sink_flood(sink, fields, error))) {
        json_decref(fields);
        return FALSE;
    }
    return sink_create(sink, fields, error) &&
           (announced || sink_move(sink, "suppress", json_object(), error));
}

/* A rise after acknowledgement re-alarms; a fall does not take the acknowledgement away. */
static gboolean change_level(const Sink *sink, GError **error) {
    json_t *fields = json_object();
    set_level(fields, sink);
    set_priority(fields, sink, NULL);
    if (sink->event->kind == ALARM_RISE) {
        json_object_set_new(fields, "worst_level",
                            json_string(alarm_level_code(sink->event->level)));
        json_object_set_new(fields, "acknowledged", json_false());
    }
    return sink_move(sink, "raise_level", fields, error);
}

static gboolean go_back(const Sink *sink, const char *how, GError **error) {
    json_t *fields = json_object();
    sink_set_time(fields, "returned_at", sink->event->at_ms);
    sink_set_number(fields, "worst_value", sink->event->worst);
    return sink_move(sink, how, fields, error);
}

/* An event that does not fit the record cannot be mended by trying again, so it must not stop the
 * engine; it is said loudly. It comes only when the records database was changed behind the
 * engine's back (a restored backup). */
static gboolean strange(const Sink *sink, const char *what) {
    log_warning("signal", "alarm %s of point %s: %s; event %" G_GINT64_FORMAT " was passed over",
                sink->id, sink->def->code, what, sink->event->seq);
    return TRUE;
}

static gboolean is_in(json_t *record, const char *state) {
    return g_strcmp0(json_string_value(json_object_get(record, "state")), state) == 0;
}

static gboolean apply_to(const Sink *sink, json_t *record, GError **error) {
    if (sink->event->seq <= json_integer_value(json_object_get(record, "engine_seq")))
        return TRUE; /* before a crash */
    if (sink->event->kind == ALARM_RAISE)
        return strange(sink, "raised twice");
    if (!json_is_true(json_object_get(record, "active")))
        return strange(sink, "has returned already");
    switch (sink->event->kind) {
    case ALARM_RETURN:
        return go_back(sink, "return", error);
    case ALARM_OUT:
        return go_back(sink, "take_out", error);
    case ALARM_SUPPRESS:
        return is_in(record, "suppressed") || sink_move(sink, "suppress", json_object(), error);
    case ALARM_UNSUPPRESS:
        return !is_in(record, "suppressed") || sink_move(sink, "unsuppress", json_object(), error);
    default:
        return change_level(sink, error);
    }
}

json_t *sink_record(const Sink *sink, GError **error) {
    g_autoptr(GError) missing = NULL;
    json_t *record =
        record_get(sink->records, sink->packs, &actor_engine, type, sink->id, &missing);
    if (record == NULL && error_kind(missing) != ERROR_NOT_FOUND)
        g_propagate_error(error, g_steal_pointer(&missing));
    return record;
}

static gboolean apply_event(const Sink *sink, GError **error) {
    g_autoptr(GError) failure = NULL;
    json_t *record = sink_record(sink, &failure);
    if (record) {
        gboolean good = apply_to(sink, record, error);
        json_decref(record);
        return good;
    }
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    return sink->event->kind == ALARM_RAISE ? sink_raise(sink, error)
                                            : strange(sink, "is not known");
}

/* ---- points that are in service again ---- */

/* Ids of alarms by state and point. */
static GPtrArray *alarms_in(Sql *records, const char *state, const char *point, GError **error) {
    return sql_texts(
        records, error, 1,
        "SELECT _id FROM r_alarm WHERE _state = ? AND (? = '' OR point = ?) ORDER BY _id", "ttt",
        state, point, point);
}

static gboolean put_back(Sink *sink, GError **error) {
    g_autoptr(GPtrArray) ids = alarms_in(sink->records, "out_of_service", sink->def->code, error);
    for (guint i = 0; ids && i < ids->len; i++) {
        sink->id = ids->pdata[i];
        if (!sink_move(sink, "put_back", json_object(), error))
            return FALSE;
    }
    return ids != NULL;
}

/* ---- events ---- */

gboolean sink_event(Sink *sink, GError **error) {
    char id[27];
    const AlarmEvent *event = sink->event;
    g_autoptr(GError) refusal = NULL;
    sink->def = point_table_def(sink->table, event->point);
    sink->id = alarm_id(sink->def->code, event->rule, event->condition, event->onset_ms, id);
    if (event->kind == ALARM_IN ? put_back(sink, &refusal) : apply_event(sink, &refusal))
        return TRUE;
    if (error_status(refusal) >= 500) { /* a failure: undone and tried again by the caller */
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FALSE;
    }
    /* A refusal would come again for ever and keep all other alarms back. */
    log_error("signal", refusal, "an alarm was refused by its own record type");
    return strange(sink, "refused");
}

gboolean alarm_sink_migrate(Sql *records, GError **error) {
    return contact_migrate(records, error) &&
           sql_exec(records,
                    "CREATE INDEX IF NOT EXISTS alarm_raised ON r_alarm (_enterprise, raised_at)",
                    error) &&
           sql_exec(records, "CREATE INDEX IF NOT EXISTS alarm_time ON r_alarm (raised_at)",
                    error) &&
           sql_exec(records, "CREATE INDEX IF NOT EXISTS alarm_point ON r_alarm (point, _state)",
                    error);
}

gboolean alarm_sink_apply(Sql *records, const Packs *packs, const PointTable *table,
                          const AlarmEvent *events, guint n, gint64 now_ms, GError **error) {
    Sink sink = {.records = records, .packs = packs, .table = table, .now_ms = now_ms};
    g_autoptr(GPtrArray) silence = g_ptr_array_new();
    for (guint i = 0; i < n; i++) {
        sink.event = &events[i];
        if (events[i].condition == CONDITION_STALE && events[i].kind != ALARM_IN)
            g_ptr_array_add(silence, (gpointer)&events[i]);
        else if (!sink_event(&sink, error))
            return FALSE;
    }
    return contact_apply(&sink, (const AlarmEvent *const *)silence->pdata, silence->len, error);
}

/* ---- the check at start ---- */

static gboolean end_orphan(Sink *sink, GError **error) {
    json_t *fields = json_pack("{s:b}", "orphaned", TRUE);
    sink_set_time(fields, "returned_at", sink->now_ms);
    json_t *record =
        record_move(sink->records, sink->packs, &actor_engine, type, sink->id, "return", 0, fields,
                    "启动核对：引擎中已无此报警 / Check at start: the engine does not "
                    "have this alarm",
                    sink->now_ms, error);
    json_decref(fields);
    return taken(record);
}

static gboolean end_orphans(Sink *sink, GHashTable *ids, guint *mended, GError **error) {
    static const char *const states[] = {"unacknowledged", "acknowledged", "shelved", "suppressed"};
    for (guint s = 0; s < G_N_ELEMENTS(states); s++) {
        g_autoptr(GPtrArray) active = alarms_in(sink->records, states[s], "", error);
        if (active == NULL)
            return FALSE;
        for (guint i = 0; i < active->len; i++) {
            sink->id = active->pdata[i];
            json_t *record = sink_record(sink, error);
            gboolean orphan =
                record && json_is_true(json_object_get(record, "active")) &&
                !g_hash_table_contains(ids, sink->id) &&
                g_strcmp0(json_string_value(json_object_get(record, "condition")), "contact") != 0;
            json_decref(record);
            if (orphan && !end_orphan(sink, error))
                return FALSE;
            *mended += orphan;
        }
    }
    return TRUE;
}

static gboolean make_missing(Sink *sink, guint *mended, GError **error) {
    g_autoptr(GError) failure = NULL;
    json_t *record = sink_record(sink, &failure);
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    gboolean missing = record == NULL;
    json_decref(record);
    *mended += missing;
    return !missing || sink_event(sink, error);
}

gboolean alarm_sink_reconcile(Sql *records, const Packs *packs, const PointTable *table,
                              const GArray *standing, gint64 now_ms, guint *mended,
                              GError **error) {
    Sink sink = {.records = records, .packs = packs, .table = table, .now_ms = now_ms};
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) silent = g_hash_table_new(g_str_hash, g_str_equal);
    *mended = 0;
    for (guint i = 0; i < standing->len; i++) {
        char id[27];
        sink.event = &g_array_index(standing, AlarmEvent, i);
        sink.def = point_table_def(table, sink.event->point);
        sink.id = alarm_id(sink.def->code, sink.event->rule, sink.event->condition,
                           sink.event->onset_ms, id);
        g_hash_table_add(ids, g_strdup(id));
        if (sink.event->condition == CONDITION_STALE)
            g_hash_table_insert(silent, sink.def->code, (gpointer)sink.event);
        else if (!make_missing(&sink, mended, error))
            return FALSE;
    }
    return end_orphans(&sink, ids, mended, error) &&
           contact_reconcile(&sink, silent, mended, error);
}
