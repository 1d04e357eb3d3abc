/* Events to spans: the sink's decisions (alarm_sink.c, alarm_contact.c) without records. */
#include "signal/alarm_sink_part.h"
#include "signal/alarm_span.h"

#include <string.h>

enum { NO_SPAN = -1 };

/* A silent point of an enterprise. */
typedef struct {
    guint32 point;
    gint64 onset_ms;
    gint span; /* place in the list; NO_SPAN: it has none of its own */
    gboolean suppressed;
} Silent;

typedef struct {
    const char *enterprise;
    GArray *silent; /* Silent, by point */
    gint span;      /* of the lost contact, or NO_SPAN */
    guint watched;
    gint64 at_ms; /* of the last event */
} Contact;

struct SpanFold {
    const PointTable *table;
    gboolean contacts;
    AlarmSpans *spans;
    GHashTable *open;       /* point, condition, rule -> place in the list + 1 */
    GHashTable *enterprise; /* code -> Contact */
    GPtrArray *touched;     /* Contact: had events of the row that is under way */
    gint64 row;
};

static void contact_free(gpointer data) {
    Contact *contact = data;
    g_array_unref(contact->silent);
    g_free(contact);
}

SpanFold *span_fold_new(const PointTable *table, gboolean contacts) {
    SpanFold *fold = g_new0(SpanFold, 1);
    fold->table = table;
    fold->contacts = contacts;
    fold->spans = alarm_spans_new();
    fold->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    fold->enterprise = g_hash_table_new_full(NULL, NULL, NULL, contact_free);
    fold->touched = g_ptr_array_new();
    return fold;
}

static AlarmSpan *span_at(const SpanFold *fold, gint place) {
    return &g_array_index(fold->spans->list, AlarmSpan, place);
}

/* ---- spans of points ---- */

static char *open_key(const AlarmEvent *event) {
    return g_strdup_printf("%u %d %s", event->point, (int)event->condition, event->rule);
}

static AlarmSpan *open_span(const SpanFold *fold, const AlarmEvent *event) {
    g_autofree char *key = open_key(event);
    gint place = GPOINTER_TO_INT(g_hash_table_lookup(fold->open, key)) - 1;
    return place >= 0 ? span_at(fold, place) : NULL;
}

static guint8 own_priority(const PointDef *def, const AlarmEvent *event) {
    if (event->level != ALARM_LEVEL_A || def->extra == NULL)
        return def->priority;
    json_t *extra = json_loads(def->extra, 0, NULL);
    PointRules *rules = point_rules_read(def->code, extra, NULL);
    const PointRule *rule = point_rules_find(rules, event->rule, event->condition);
    guint8 priority = rule && rule->priority ? rule->priority : def->priority;
    point_rules_free(rules);
    json_decref(extra);
    return priority;
}

static gint append(SpanFold *fold, AlarmSpan span) {
    span.point = g_string_chunk_insert_const(fold->spans->texts, span.point);
    span.enterprise = g_string_chunk_insert_const(fold->spans->texts, span.enterprise);
    g_array_append_val(fold->spans->list, span);
    return (gint)fold->spans->list->len - 1;
}

static gint raise_span(SpanFold *fold, const AlarmEvent *event, gint64 raised_ms) {
    const PointDef *def = point_table_def(fold->table, event->point);
    AlarmSpan span = {
        .point = def->code,
        .enterprise = def->enterprise,
        .rule = event->rule,
        .condition = event->condition,
        .level = event->level,
        .worst_level = event->level,
        .priority = (guint8)alarm_priority(own_priority(def, event), event->level),
        .announced = !event->suppressed,
        .onset_ms = event->onset_ms,
        .raised_ms = raised_ms,
    };
    alarm_id(def->code, event->rule, event->condition, event->onset_ms, span.id);
    return append(fold, span);
}

static void level_span(SpanFold *fold, AlarmSpan *span, const AlarmEvent *event) {
    const PointDef *def = point_table_def(fold->table, event->point);
    span->level = event->level;
    span->priority = (guint8)alarm_priority(def->priority, event->level);
    if (event->kind == ALARM_RISE)
        span->worst_level = event->level;
}

static void end_span(SpanFold *fold, AlarmSpan *span, const AlarmEvent *event) {
    g_autofree char *key = open_key(event);
    span->returned_ms = event->at_ms;
    g_hash_table_remove(fold->open, key);
}

static void plain_event(SpanFold *fold, const AlarmEvent *event) {
    if (event->kind == ALARM_RAISE) {
        gint place = raise_span(fold, event, event->at_ms);
        g_hash_table_replace(fold->open, open_key(event), GINT_TO_POINTER(place + 1));
        return;
    }
    AlarmSpan *span = event->kind == ALARM_IN ? NULL : open_span(fold, event);
    if (span == NULL)
        return;
    if (event->kind == ALARM_RETURN || event->kind == ALARM_OUT)
        end_span(fold, span, event);
    else if (event->kind == ALARM_UNSUPPRESS)
        span->announced = TRUE;
    else if (event->kind != ALARM_SUPPRESS)
        level_span(fold, span, event);
}

/* ---- silence by enterprise ---- */

static guint count_watched(const PointTable *table, const char *enterprise) {
    g_autoptr(GArray) points = point_table_of_enterprise(table, enterprise);
    guint watched = 0;
    for (guint i = 0; i < points->len; i++) {
        const PointDef *def = point_table_def(table, g_array_index(points, guint32, i));
        watched += def->stale_ms > 0 && def->in_service;
    }
    return watched;
}

static Contact *contact_of(SpanFold *fold, const char *enterprise) {
    Contact *contact = g_hash_table_lookup(fold->enterprise, enterprise);
    if (contact)
        return contact;
    contact = g_new0(Contact, 1);
    contact->enterprise = enterprise;
    contact->silent = g_array_new(FALSE, FALSE, sizeof(Silent));
    contact->span = NO_SPAN;
    g_hash_table_insert(fold->enterprise, (gpointer)enterprise, contact);
    return contact;
}

static Silent *silent_at(const Contact *contact, guint i) {
    return &g_array_index(contact->silent, Silent, i);
}

/* The place of the point, or where it would be. */
static guint silent_place(const Contact *contact, guint32 point) {
    guint low = 0, high = contact->silent->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (silent_at(contact, middle)->point < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void raise_silent(SpanFold *fold, Contact *contact) {
    for (guint i = 0; i < contact->silent->len; i++) {
        Silent *silent = silent_at(contact, i);
        AlarmEvent event = {.point = silent->point,
                            .condition = CONDITION_STALE,
                            .level = ALARM_LEVEL_F,
                            .rule = "",
                            .onset_ms = silent->onset_ms,
                            .suppressed = silent->suppressed};
        if (silent->span == NO_SPAN)
            silent->span = raise_span(fold, &event, silent->onset_ms);
    }
}

static void lose(SpanFold *fold, Contact *contact) {
    AlarmSpan span = {.point = "",
                      .enterprise = contact->enterprise,
                      .rule = "",
                      .condition = CONDITION_CONTACT,
                      .level = ALARM_LEVEL_F,
                      .worst_level = ALARM_LEVEL_F,
                      .priority = CONTACT_PRIORITY,
                      .announced = TRUE,
                      .onset_ms = contact->at_ms,
                      .raised_ms = contact->at_ms};
    alarm_id(contact->enterprise, "", CONDITION_CONTACT, contact->at_ms, span.id);
    contact->span = append(fold, span);
}

/* After all events of one row, as alarm_contact does. */
static void decide(SpanFold *fold, Contact *contact) {
    contact->watched = count_watched(fold->table, contact->enterprise);
    if (contact->span == NO_SPAN) {
        if (contact_is_lost(contact->silent->len, contact->watched))
            lose(fold, contact);
        else
            raise_silent(fold, contact);
    } else if (contact_is_back(contact->silent->len, contact->watched)) {
        span_at(fold, contact->span)->returned_ms = contact->at_ms;
        contact->span = NO_SPAN;
        raise_silent(fold, contact);
    }
}

static void end_row(SpanFold *fold) {
    for (guint i = 0; i < fold->touched->len; i++)
        decide(fold, fold->touched->pdata[i]);
    g_ptr_array_set_size(fold->touched, 0);
}

static void silence_event(SpanFold *fold, const AlarmEvent *event) {
    Contact *contact = contact_of(fold, point_table_enterprise(fold->table, event->point));
    guint place = silent_place(contact, event->point);
    gboolean there =
        place < contact->silent->len && silent_at(contact, place)->point == event->point;
    contact->at_ms = event->at_ms;
    if (!g_ptr_array_find(fold->touched, contact, NULL))
        g_ptr_array_add(fold->touched, contact);
    if (event->kind == ALARM_RAISE) {
        Silent silent = {event->point, event->onset_ms, NO_SPAN, event->suppressed};
        if (!there)
            g_array_insert_val(contact->silent, place, silent);
    } else if (there) {
        Silent *silent = silent_at(contact, place);
        gboolean ends = event->kind == ALARM_RETURN || event->kind == ALARM_OUT;
        silent->suppressed = event->kind == ALARM_SUPPRESS;
        if (silent->span != NO_SPAN && ends)
            span_at(fold, silent->span)->returned_ms = event->at_ms;
        if (silent->span != NO_SPAN && event->kind == ALARM_UNSUPPRESS && contact->span == NO_SPAN)
            span_at(fold, silent->span)->announced = TRUE;
        if (ends)
            g_array_remove_index(contact->silent, place);
    }
}

void span_fold_event(SpanFold *fold, const AlarmEvent *event) {
    if (alarm_event_row(event->seq) != fold->row)
        end_row(fold);
    fold->row = alarm_event_row(event->seq);
    if (fold->contacts && event->condition == CONDITION_STALE && event->kind != ALARM_IN)
        silence_event(fold, event);
    else
        plain_event(fold, event);
}

AlarmSpans *span_fold_end(SpanFold *fold) {
    AlarmSpans *spans = fold->spans;
    end_row(fold);
    g_hash_table_unref(fold->open);
    g_hash_table_unref(fold->enterprise);
    g_ptr_array_unref(fold->touched);
    g_free(fold);
    return spans;
}
