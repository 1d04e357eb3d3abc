/* The state of one alarm as a fold over a set of events, by ISA-18.2 / IEC 62682. Two nodes that
 * know the same events agree, in whatever order they heard of them and however often: merging is
 * the union of the sets. What the engine says is the same event on every node that saw the same
 * samples; what people do carries who and where. packs/core/alarm.yaml is the same machine as moves
 * of a record; alarm_fold_test.c holds the two together. Plain memory, no locks. */
#pragma once
#include "signal/alarm_event.h"

typedef enum {
    FOLD_RAISE,
    FOLD_RISE,
    FOLD_FALL,
    FOLD_RETURN,
    FOLD_SUPPRESS,
    FOLD_UNSUPPRESS,
    FOLD_OUT,
    FOLD_IN,
    FOLD_ACKNOWLEDGE,
    FOLD_RESET,
    FOLD_SHELVE,
    FOLD_UNSHELVE,
    FOLD_KINDS
} FoldKind; /* in the order in which events of one moment count */

typedef struct {
    gint64 at_ms;
    FoldKind kind;
    gint64 seq;                 /* order of one node within a moment; of an engine's event: 0 */
    gint64 until_ms;            /* SHELVE: its end */
    const char *by;             /* interned "node/login"; "" for the engine */
    gboolean suppressed, latch; /* RAISE */
} FoldEvent;

/* An engine's event, the same on every node. `latch` as the point's definition says. */
FoldEvent fold_event_of(const AlarmEvent *event, gboolean latch);

typedef enum {
    ISA_NONE, /* no RAISE is known yet */
    ISA_A,    /* normal */
    ISA_B,    /* unacknowledged */
    ISA_C,    /* acknowledged */
    ISA_D,    /* returned, unacknowledged */
    ISA_E,    /* latched, unacknowledged */
    ISA_F,    /* latched, acknowledged */
    ISA_G,    /* shelved */
    ISA_H,    /* suppressed by design */
    ISA_I     /* out of service */
} IsaState;

typedef struct AlarmFold AlarmFold;
AlarmFold *alarm_fold_new(void);
void alarm_fold_free(AlarmFold *fold);
gboolean alarm_fold_add(AlarmFold *fold, const FoldEvent *event); /* FALSE: known already */
void alarm_fold_merge(AlarmFold *fold, const AlarmFold *other);
IsaState alarm_fold_state(const AlarmFold *fold, gint64 now_ms);
