/* Rules and derived points over values of several points: votes, formulas, causes that inhibit. */
#include "signal/engine_extra.h"

#include <math.h>
#include <string.h>

/* How many of the numbers of a sample a derived one takes. */
enum { SEQ_DERIVED = 8 };

gboolean holds_vote(const Extra *extra, const PointRule *rule, RuleState *state) {
    guint votes = 0;
    for (guint i = 0; i < rule->inputs; i++)
        votes += input_known(extra, rule->input[i]) &&
                 rule_beyond(rule, extra->input[rule->input[i]].value, rule->side, state->met);
    state->value = votes;
    return votes >= rule->count;
}

static Term input_term(gpointer data, const char *name) {
    const Extra *extra = data;
    for (guint i = 0; i < extra->rules->codes; i++)
        if (strcmp(extra->rules->code[i], name) == 0 && input_known(extra, i))
            return (Term){.kind = TERM_NUMBER, .number = extra->input[i].value};
    return (Term){.kind = TERM_NONE};
}

gboolean holds_formula(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = input_value(extra, 0);
    return condition_holds(rule->formula, input_term, (gpointer)extra, extra->time_ms, NULL);
}

gboolean holds_inhibit(const Extra *extra, const PointRule *rule, RuleState *state) {
    if (rule->formula)
        return holds_formula(extra, rule, state);
    if (!input_known(extra, rule->input[0]))
        return FALSE;
    state->value = extra->input[rule->input[0]].value;
    return isnan(rule->limit) ? state->value != 0
                              : rule_beyond(rule, state->value, rule->side, state->met);
}

/* ---- derived points ---- */

void extra_derive(Turn *turn) {
    Extra *extra = turn->extra;
    ConditionEnv env = {.value = input_term, .data = extra, .now_ms = extra->time_ms};
    g_autoptr(GStringChunk) texts = g_string_chunk_new(16);
    Term term = expression_value(extra->rules->derive, &env, texts);
    if (term.kind != TERM_NUMBER || !isfinite(term.number))
        return;
    Judged sample = {extra->time_ms, extra->received_ms, term.number, QUALITY_GOOD};
    extra->input[0] = (ExtraInput){sample.value, sample.time_ms};
    engine_sample(turn->engine, turn->point, &sample, turn->seq);
    turn->seq += SEQ_DERIVED;
}
