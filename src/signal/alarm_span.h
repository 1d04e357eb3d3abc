/* Alarms as spans of time: what figures (alarm_kpi.h) and comparisons (alarm_difference.h) look at,
 * whether they come from the records or from a replay.
 *
 * A fold makes them from the engine's events as the sink makes records of them (alarm_sink.h): the
 * same ids, times, levels and priorities, and one alarm of an enterprise that fell silent instead
 * of one per point. Plain objects of one thread. */
#pragma once
#include "record/record.h"
#include "signal/alarm_event.h"

typedef struct {
    char id[27];
    const char *point;      /* code; "" when it is the enterprise's lost contact */
    const char *enterprise; /* code */
    const char *rule;       /* code of the alarm_rule; "" */
    AlarmCondition condition;
    AlarmLevel level, worst_level;
    guint8 priority, announced;
    gint64 onset_ms, raised_ms, returned_ms; /* returned 0: it stands */
} AlarmSpan;

/* In the order in which they were raised; texts live with the list. */
typedef struct {
    GArray *list; /* AlarmSpan */
    GStringChunk *texts;
} AlarmSpans;

AlarmSpans *alarm_spans_new(void);
void alarm_spans_free(AlarmSpans *spans);
static inline const AlarmSpan *alarm_spans_at(const AlarmSpans *spans, guint i) {
    return &g_array_index(spans->list, AlarmSpan, i);
}
/* Leaves those that were there between the times; what returned later stands. Orders by time
 * raised, point, condition, rule. */
void alarm_spans_clip(AlarmSpans *spans, gint64 from_ms, gint64 to_ms);
/* {id, point, enterprise, rule, condition, level, worst_level, priority, announced, onset,
 * raised_at, returned_at}; texts that are empty and times that are not yet are left out. */
json_t *alarm_span_json(const AlarmSpan *span);

/* ---- from the engine ---- */

typedef struct SpanFold SpanFold;
/* `contacts`: whether silence is seen by enterprise. Then the table must have all points of the
 * enterprises that it has points of. */
SpanFold *span_fold_new(const PointTable *table, gboolean contacts);
/* In order. A fold of many calls may be given other tables with the same points in between. */
void span_fold_event(SpanFold *fold, const AlarmEvent *event);
AlarmSpans *span_fold_end(SpanFold *fold); /* frees the fold */

/* ---- from the records ---- */

/* Alarms that were there between the times, in the actor's sight, of one enterprise or of a region;
 * both may be NULL. At most `limit`: then *truncated. */
AlarmSpans *alarm_spans_read(Sql *records, const Packs *packs, const Actor *actor,
                             const char *enterprise, const char *region, gint64 from_ms,
                             gint64 to_ms, guint limit, gboolean *truncated, GError **error);
