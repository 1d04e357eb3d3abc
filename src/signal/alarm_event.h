/* What the engine concludes: alarm events, in the order of the log. They become moves of `alarm`
 * records (signal/alarm_sink). */
#pragma once
#include "signal/point_table.h"

typedef enum {
    CONDITION_HIGH,
    CONDITION_LOW,
    CONDITION_RATE,
    CONDITION_STALE,
    CONDITION_STUCK,
    CONDITION_BAD,
    CONDITIONS
} AlarmCondition;
typedef enum {
    ALARM_LEVEL_NONE,
    ALARM_LEVEL_H,
    ALARM_LEVEL_HH,
    ALARM_LEVEL_L,
    ALARM_LEVEL_LL,
    ALARM_LEVEL_R,
    ALARM_LEVEL_F
} AlarmLevel;
typedef enum {
    ALARM_RAISE,
    ALARM_RISE,
    ALARM_FALL,
    ALARM_RETURN
} AlarmEventKind; /* RISE: more severe; FALL: less severe, still active */

typedef struct {
    gint64 seq; /* log sequence << 20 | index inside: total order of a node's events */
    guint32 point;
    AlarmCondition condition;
    AlarmEventKind kind;
    AlarmLevel level;
    gint64 onset_ms; /* of the occurrence: identity */
    gint64 at_ms;    /* when this event holds, in the point's own time */
    double value, limit, worst;
    gboolean late; /* concluded from samples that came late */
} AlarmEvent;

/* The log sequence of the row whose evaluation gave the event. */
static inline gint64 alarm_event_row(gint64 event_seq) { return event_seq >> 20; }
const char *alarm_condition_code(AlarmCondition condition); /* "high" ... as in packs/core */
const char *alarm_level_code(AlarmLevel level);             /* "H" ... */
/* The 26-character id: function of point code, condition and onset only, equal on every node. */
char *alarm_id(const char *point_code, AlarmCondition condition, gint64 onset_ms,
               char out[static 27]);
