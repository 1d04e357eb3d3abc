/* What other limits change: two lists of alarms over the same time, compared by alarm (point,
 * condition, rule). Spans of one alarm that overlap in time are the same occurrence; one that
 * overlaps several is the first of them, and the others are new or gone. Pure. */
#pragma once
#include "signal/alarm_span.h"

typedef enum {
    DIFFERENCE_SAME,    /* raised and returned at the same times, to the same level */
    DIFFERENCE_GONE,    /* only formerly */
    DIFFERENCE_NEW,     /* only now */
    DIFFERENCE_EARLIER, /* raised earlier than formerly */
    DIFFERENCE_LATER,
    DIFFERENCE_HIGHER, /* raised at the same time, to a more severe level */
    DIFFERENCE_LOWER,
    DIFFERENCE_LENGTH, /* raised at the same time and level, returned at another */
    DIFFERENCES
} DifferenceKind;

typedef struct {
    DifferenceKind kind;
    const AlarmSpan *former, *now; /* NULL where there is none; live with their lists */
} Difference;

/* Array of Difference in the order of time. Both lists clipped to the same times
 * (alarm_spans_clip).
 */
GArray *alarm_difference(const AlarmSpans *former, const AlarmSpans *now);
const char *difference_code(DifferenceKind kind); /* "same", "gone" ... */
/* {"same": n, "gone": n, ...} */
json_t *alarm_difference_counts(const GArray *differences);
