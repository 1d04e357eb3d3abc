/* What the parts of the engine that judge rules share (signal/point_rule.h). Private to
 * engine_extra*.c, engine_feeds.c and rule_*.c. */
#pragma once
#include "signal/engine_state.h"

#include <math.h>

/* engine_feeds.c */
void extra_resolve(Engine *engine, Extra *extra); /* numbers of its points, as far as known */
void extra_unsubscribe(Engine *engine, guint32 point, guint32 owner);

/* engine_extra_judge.c */
void extra_say(Turn *turn, guint r, AlarmEventKind kind, gint64 at_ms);
/* After an inhibiting rule changed: what stands and is touched by it is told. */
void extra_suppress(Turn *turn, gint64 at_ms);
/* All that falls due up to `until`, in the order of time, then of the rules. */
void extra_advance(Turn *turn, gint64 until);
/* All rules at the time of the latest input. */
void extra_judge_now(Turn *turn);

/* rule_*.c: whether the rule holds with the values known now; sets state->value. */
typedef gboolean (*RuleHolds)(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_deviation(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_discrete(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_count(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_device(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_underreport(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_vote(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_formula(const Extra *extra, const PointRule *rule, RuleState *state);
gboolean holds_inhibit(const Extra *extra, const PointRule *rule, RuleState *state);

/* A count that is met, and when it is met no longer because the span has gone on. */
gboolean rule_count_met(const PointRule *rule, const RuleState *state);
gint64 rule_count_ends(const PointRule *rule, const RuleState *state);
/* The value of a point that is not measured: a sample of its own at this moment. */
void extra_derive(Turn *turn);

static inline gboolean input_known(const Extra *extra, guint place) {
    return extra->input[place].time_ms != 0;
}

static inline double input_value(const Extra *extra, guint place) {
    return input_known(extra, place) ? extra->input[place].value : NAN;
}

/* With the hysteresis of a level: in between it stays as it was. An unknown value changes nothing.
 */
static inline gboolean rule_beyond(const PointRule *rule, double value, double side, gboolean was) {
    if (value * side >= rule->limit * side)
        return TRUE;
    return value * side < rule->limit * side - rule->hysteresis ? FALSE : was;
}
