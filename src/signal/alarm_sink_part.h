/* What the parts of the sink share. Private to alarm_*.c. */
#pragma once
#include "signal/alarm_sink.h"
#include "signal/point_rule.h"

/* The job that an alarm belongs to. */
typedef struct {
    Sql *records;
    const Packs *packs;
    const PointTable *table;
    const PointDef *def;
    const AlarmEvent *event;
    const char *id;
    gint64 now_ms;
} Sink;

void sink_set_number(json_t *fields, const char *name, double value);
void sink_set_time(json_t *fields, const char *name, gint64 ms);
void sink_set_text(json_t *fields, const char *name, const char *text);
/* A move of the alarm by the engine; takes the fields. */
gboolean sink_move(const Sink *sink, const char *name, json_t *fields_take, GError **error);
/* Creates the record; takes the fields. */
gboolean sink_create(const Sink *sink, json_t *fields_take, GError **error);
/* Makes the record of a raised alarm of a point. */
gboolean sink_raise(const Sink *sink, GError **error);
/* Applies an event of a point to its record, which may have it already. */
gboolean sink_event(Sink *sink, GError **error);
/* The record or NULL; only a failure sets *error. */
json_t *sink_record(const Sink *sink, GError **error);

/* alarm_guidance.c: what to do, from the most specific guidance that says it. */
gboolean sink_guide(const Sink *sink, json_t *fields, GError **error);
/* alarm_flood.c: the flood that an alarm raised now belongs to. Call before its record is made. */
gboolean sink_flood(const Sink *sink, json_t *fields, GError **error);

/* ISA-18.2 has three or four priorities, 1 the most urgent: LL and HH are one above the point's or
 * rule's own; faults of the signal are 4. */
static inline int alarm_priority(int own, AlarmLevel level) {
    if (level == ALARM_LEVEL_HH || level == ALARM_LEVEL_LL)
        return MAX(own - 1, 1);
    return level == ALARM_LEVEL_F ? 4 : own;
}

/* Project choice: when silence of points is the enterprise's lost contact, and when it is no
 * longer.
 */
enum { CONTACT_LEAST = 5, CONTACT_PRIORITY = 2 };
static inline gboolean contact_is_lost(guint silent, guint watched) {
    return silent >= CONTACT_LEAST && silent * 2 >= watched;
}
static inline gboolean contact_is_back(guint silent, guint watched) {
    return silent * 2 < watched || silent == 0;
}

/* alarm_contact.c: STALE events of one or several enterprises, in order. */
gboolean contact_migrate(Sql *records, GError **error);
gboolean contact_apply(const Sink *sink, const AlarmEvent *const *events, guint n, GError **error);
/* What is silent is `standing` and nothing else (hash set of point codes). */
gboolean contact_reconcile(const Sink *sink, GHashTable *silent, guint *mended, GError **error);
