/* Rules that look at the device's own alarm: that it says one, and that it says none where the
 * platform sees one. */
#include "signal/engine_extra.h"

gboolean holds_device(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = input_value(extra, 0);
    return input_known(extra, rule->input[0]) && extra->input[rule->input[0]].value != 0;
}

gboolean holds_underreport(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = input_value(extra, 0);
    state->edge_met = (guint8)rule_beyond(rule, state->value, rule->side, state->edge_met);
    return state->edge_met && input_value(extra, rule->input[0]) == 0;
}
