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
    POINT_CONDITIONS, /* every point may have those above; those below come from its rules */
    CONDITION_DEVIATION = POINT_CONDITIONS,
    CONDITION_DISCRETE,
    CONDITION_COUNT,
    CONDITION_DEVICE,
    CONDITION_UNDERREPORT,
    CONDITION_VOTE,
    CONDITION_FORMULA,
    CONDITION_CONTACT, /* of an enterprise, made by the sink (signal/alarm_contact) */
    CONDITIONS
} AlarmCondition;
typedef enum {
    ALARM_LEVEL_NONE,
    ALARM_LEVEL_H,
    ALARM_LEVEL_HH,
    ALARM_LEVEL_L,
    ALARM_LEVEL_LL,
    ALARM_LEVEL_R,
    ALARM_LEVEL_F,
    ALARM_LEVEL_A
} AlarmLevel;
typedef enum {
    ALARM_RAISE,
    ALARM_RISE,
    ALARM_FALL,
    ALARM_RETURN,
    ALARM_SUPPRESS,
    ALARM_UNSUPPRESS,
    ALARM_OUT,
    ALARM_IN
} AlarmEventKind; /* RISE: more severe; FALL: less severe, still active; SUPPRESS: by design (H),
                     still judged; OUT: the point left service while it stood (I), judged no more;
                     IN: the point is in service again, of all conditions at once */

typedef struct {
    gint64 seq; /* log sequence << 20 | index inside: total order of a node's events */
    guint32 point;
    AlarmCondition condition;
    AlarmEventKind kind;
    AlarmLevel level;
    const char *rule; /* interned code of the rule; "" for what the point itself has */
    gint64 onset_ms;  /* of the occurrence: identity */
    gint64 at_ms;     /* when this event holds, in the point's own time */
    double value, limit, worst;
    gboolean late;       /* concluded from samples that came late */
    gboolean suppressed; /* by design, at the time of the event */
} AlarmEvent;

/* The log sequence of the row whose evaluation gave the event. */
static inline gint64 alarm_event_row(gint64 event_seq) { return event_seq >> 20; }
const char *alarm_condition_code(AlarmCondition condition); /* "high" ... as in packs/core */
const char *alarm_level_code(AlarmLevel level);             /* "H" ... */
/* CONDITIONS for what is no code. */
AlarmCondition alarm_condition_of(const char *code);
/* The 26-character id: function of point code, rule, condition and onset only, equal on every node.
 */
char *alarm_id(const char *point_code, const char *rule, AlarmCondition condition, gint64 onset_ms,
               char out[static 27]);
