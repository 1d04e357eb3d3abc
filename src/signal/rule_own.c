/* Rules that look at the point itself: deviation from a set point, off-normal, often beyond a
 * limit. */
#include "signal/engine_extra.h"

#include <math.h>
#include <string.h>

gboolean holds_deviation(const Extra *extra, const PointRule *rule, RuleState *state) {
    double other = rule->inputs ? input_value(extra, rule->input[0]) : rule->setpoint;
    state->value = input_value(extra, 0) - other;
    return rule_beyond(rule, fabs(state->value), 1, state->met);
}

gboolean holds_discrete(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = input_value(extra, 0);
    if (isnan(state->value))
        return FALSE;
    for (guint i = 0; i < rule->normals; i++)
        if (state->value == rule->normal[i])
            return FALSE;
    return TRUE;
}

gboolean holds_count(const Extra *extra, const PointRule *rule, RuleState *state) {
    gboolean now = rule_beyond(rule, input_value(extra, 0), rule->side, state->edge_met);
    if (now && !state->edge_met) {
        if (state->edges == RULE_COUNT_MAX)
            memmove(state->edge_ms, state->edge_ms + 1, --state->edges * sizeof state->edge_ms[0]);
        state->edge_ms[state->edges++] = extra->input[0].time_ms;
    }
    state->edge_met = (guint8)now;
    guint within = 0;
    for (guint i = 0; i < state->edges; i++)
        within += state->edge_ms[i] + rule->within_ms > extra->time_ms;
    state->value = within;
    return within >= rule->count;
}

gint64 rule_count_ends(const PointRule *rule, const RuleState *state) {
    return state->edge_ms[state->edges - rule->count] + rule->within_ms;
}

gboolean rule_count_met(const PointRule *rule, const RuleState *state) {
    return rule->kind == RULE_COUNT && state->met && state->edges >= rule->count;
}
