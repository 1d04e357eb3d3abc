#include "signal/alarm_sink.h"

#include "base/log.h"

#include <math.h>

static const char type[] = "alarm";

/* The job that an alarm belongs to. */
typedef struct {
    Sql *records;
    const Packs *packs;
    const PointDef *def;
    const AlarmEvent *event;
    const char *id;
    gint64 now_ms;
} Sink;

static void set_number(json_t *fields, const char *name, double value) {
    if (isfinite(value))
        json_object_set_new(fields, name, json_real(value));
}

static void set_time(json_t *fields, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    json_object_set_new(fields, name, json_string(time_format(ms, text)));
}

static void set_text(json_t *fields, const char *name, const char *text) {
    if (text[0])
        json_object_set_new(fields, name, json_string(text));
}

/* ISA-18.2 has three or four priorities, 1 the most urgent: LL and HH are one above the point's
 * own; faults of the signal are 4. */
static void set_priority(json_t *fields, const PointDef *def, const AlarmEvent *event) {
    int priority = def->priority;
    if (event->level == ALARM_LEVEL_HH || event->level == ALARM_LEVEL_LL)
        priority = MAX(priority - 1, 1);
    else if (event->level == ALARM_LEVEL_F)
        priority = 4;
    json_object_set_new(fields, "priority", json_sprintf("%d", priority));
}

static void set_level(json_t *fields, const Sink *sink) {
    const AlarmEvent *event = sink->event;
    json_object_set_new(fields, "level", json_string(alarm_level_code(event->level)));
    set_priority(fields, sink->def, event);
    set_number(fields, "worst_value", event->worst);
    set_number(fields, "limit", event->limit);
    set_time(fields, "level_at", event->at_ms);
}

static gboolean taken(json_t *record) {
    json_decref(record);
    return record != NULL;
}

static gboolean make(const Sink *sink, GError **error) {
    const AlarmEvent *event = sink->event;
    json_t *fields = json_object();
    set_level(fields, sink);
    json_object_set_new(fields, "point", json_string(sink->def->code));
    set_text(fields, "point_name", sink->def->name);
    set_text(fields, "enterprise", sink->def->enterprise);
    set_text(fields, "unit", sink->def->unit);
    json_object_set_new(fields, "condition", json_string(alarm_condition_code(event->condition)));
    json_object_set_new(fields, "worst_level", json_string(alarm_level_code(event->level)));
    set_number(fields, "value", event->value);
    set_time(fields, "onset", event->onset_ms);
    json_object_set_new(fields, "active", json_true());
    json_object_set_new(fields, "acknowledged", json_false());
    json_object_set_new(fields, "latched", json_boolean(sink->def->latch));
    json_object_set_new(fields, "late", json_boolean(event->late));
    json_object_set_new(fields, "engine_seq", json_integer(event->seq));
    json_t *record = record_create_with_id(sink->records, sink->packs, &actor_engine, type,
                                           sink->id, fields, sink->now_ms, error);
    json_decref(fields);
    return taken(record);
}

static gboolean move(const Sink *sink, const char *name, json_t *fields, GError **error) {
    json_object_set_new(fields, "engine_seq", json_integer(sink->event->seq));
    json_t *record = record_move(sink->records, sink->packs, &actor_engine, type, sink->id, name, 0,
                                 fields, NULL, sink->now_ms, error);
    json_decref(fields);
    return taken(record);
}

/* A rise after acknowledgement re-alarms; a fall does not take the acknowledgement away. */
static gboolean change_level(const Sink *sink, GError **error) {
    json_t *fields = json_object();
    set_level(fields, sink);
    if (sink->event->kind == ALARM_RISE) {
        json_object_set_new(fields, "worst_level",
                            json_string(alarm_level_code(sink->event->level)));
        json_object_set_new(fields, "acknowledged", json_false());
    }
    return move(sink, "raise_level", fields, error);
}

static gboolean go_back(const Sink *sink, GError **error) {
    json_t *fields = json_object();
    set_time(fields, "returned_at", sink->event->at_ms);
    set_number(fields, "worst_value", sink->event->worst);
    return move(sink, "return", fields, error);
}

/* An event that does not fit the record cannot be mended by trying again, so it must not stop the
 * engine; it is said loudly. It comes only when the records database was changed behind the
 * engine's back (a restored backup). */
static gboolean strange(const Sink *sink, const char *what) {
    log_warning("signal", "alarm %s of point %s: %s; event %" G_GINT64_FORMAT " was passed over",
                sink->id, sink->def->code, what, sink->event->seq);
    return TRUE;
}

static gboolean apply_to(const Sink *sink, json_t *record, GError **error) {
    if (sink->event->seq <= json_integer_value(json_object_get(record, "engine_seq")))
        return TRUE; /* before a crash */
    if (sink->event->kind == ALARM_RAISE)
        return strange(sink, "raised twice");
    if (!json_is_true(json_object_get(record, "active")))
        return strange(sink, "has returned already");
    return sink->event->kind == ALARM_RETURN ? go_back(sink, error) : change_level(sink, error);
}

static gboolean apply_event(const Sink *sink, GError **error) {
    g_autoptr(GError) missing = NULL;
    json_t *record =
        record_get(sink->records, sink->packs, &actor_engine, type, sink->id, &missing);
    if (record) {
        gboolean good = apply_to(sink, record, error);
        json_decref(record);
        return good;
    }
    if (error_kind(missing) != ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return FALSE;
    }
    return sink->event->kind == ALARM_RAISE ? make(sink, error) : strange(sink, "is not known");
}

gboolean alarm_sink_apply(Sql *records, const Packs *packs, const PointTable *table,
                          const AlarmEvent *events, guint n, gint64 now_ms, GError **error) {
    for (guint i = 0; i < n; i++) {
        char id[27];
        const PointDef *def = point_table_def(table, events[i].point);
        Sink sink = {
            records,
            packs,
            def,
            &events[i],
            alarm_id(def->code, events[i].rule, events[i].condition, events[i].onset_ms, id),
            now_ms};
        g_autoptr(GError) refusal = NULL;
        if (apply_event(&sink, &refusal))
            continue;
        if (error_status(refusal) >= 500) { /* a failure: undone and tried again by the caller */
            g_propagate_error(error, g_steal_pointer(&refusal));
            return FALSE;
        }
        /* A refusal would come again for ever and keep all other alarms back. */
        log_error("signal", refusal, "an alarm was refused by its own record type");
        strange(&sink, "refused");
    }
    return TRUE;
}
