/* Data honesty: does what a point sends look like what an instrument on a process sends? Pure rules
 * over a day and the days before it (signal/point_day.h). What they say is a finding for people to
 * look into, never a verdict.
 *
 *  - stuck: one value for longer than `still_h`, while samples came, of a signal that on no former
 *    day was still for a third as long and that flickers even in its calmest hours (`calm`). At
 * rest (0, an end of the range, or beyond) a constant is honest: a closed valve, an empty tank, a
 *    detector in clean air.
 *  - quantised: every move is a whole multiple of a step at least `grid` times the smallest move of
 *    every former day, over at least GRID_MOVES moves.
 *  - copied: a stretch of at least `copy_n` samples and `copy_min` minutes has exactly the values
 * of another point of the enterprise (copied_point), or of its own of one of the seven days before
 *    (copied_day).
 *  - jump: at least twice a change larger than the process can make: more than `jump` of the range
 *    in a minute and (when former days are known) five times their largest step, between samples
 *    not further apart than three paces.
 *
 * Limits are by measure, from the pack table honesty_limit; an empty one turns the rule off for
 * that measure. Nothing is said of a point without former days, but copies and jumps. */
#pragma once
#include "signal/point_day.h"

enum { HONESTY_DAYS = 7, GRID_MOVES = 100 };

typedef struct {
    double still_h, calm, grid, jump, copy_n, copy_min; /* NAN: not judged */
} HonestyLimits;

typedef enum {
    HONESTY_STUCK,
    HONESTY_QUANTISED,
    HONESTY_COPIED_POINT,
    HONESTY_COPIED_DAY,
    HONESTY_JUMP,
    HONESTY_LIMIT,
    HONESTY_BYPASS,
    HONESTY_RULES
} HonestyRule;
const char *honesty_rule_code(HonestyRule rule);

typedef struct {
    HonestyRule rule;
    guint32 point, other; /* other: the original of a copy; else = point */
    gint64 from_ms, to_ms;
    gint64 other_from_ms; /* of a copy: where the original begins */
    guint count;          /* samples of the stretch, jumps */
    double value, before; /* still value; step now and before; largest jump and largest before */
} HonestyFinding;

typedef struct {
    guint32 point;
    const HistorySample *samples;
    guint n;
    PointDay day;
    PointDay former[HONESTY_DAYS]; /* yesterday first; count 0: nothing is known */
    double range_low, range_high;  /* NAN: none */
    HonestyLimits limits;
} HonestyPoint;

/* The rules that look at one point alone; appended to `out` (HonestyFinding). */
void honesty_judge(const HonestyPoint *point, GArray *out);
/* A stretch of `point`'s day that stands in `samples` of `other` too; FALSE: none that is long
 * enough. `same_day`: it is the same day, so `other` is another point. */
gboolean honesty_copied(const HonestyPoint *point, guint32 other, const HistorySample *samples,
                        guint n, gboolean same_day, HonestyFinding *finding);
