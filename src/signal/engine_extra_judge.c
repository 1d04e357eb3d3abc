/* What the rules of a point say: alarms, suppression, delays, and all of them judged at a moment.
 */
#include "signal/engine_extra.h"

#include <math.h>

/* ---- saying ---- */

static AlarmEvent rule_event(const Turn *turn, guint r, AlarmEventKind kind, gint64 at_ms) {
    const Extra *extra = turn->extra;
    const PointRule *rule = &extra->rules->rule[r];
    const RuleState *state = &extra->state[r];
    AlarmCondition condition = point_rule_condition(rule);
    return (AlarmEvent){
        .seq = turn->seq,
        .point = turn->point,
        .condition = condition,
        .kind = kind,
        .level = ALARM_LEVEL_A,
        .rule = rule->code,
        .onset_ms = state->onset_ms,
        .at_ms = MAX(at_ms, state->onset_ms),
        .value = kind == ALARM_RAISE ? state->first : state->value,
        .limit = rule->limit,
        .worst = state->worst,
        .late = extra->backlog,
        .suppressed = !!(rules_mask(turn) >> condition & 1),
    };
}

void extra_say(Turn *turn, guint r, AlarmEventKind kind, gint64 at_ms) {
    AlarmEvent event = rule_event(turn, r, kind, at_ms);
    turn->seq++;
    engine_say(turn->engine, &event);
}

guint32 extra_active(const Extra *extra) {
    guint32 active = 0;
    for (guint r = 0; extra && r < extra->rules->n; r++)
        active += extra->state[r].active && extra->rules->rule[r].kind != RULE_INHIBIT;
    return active;
}

void extra_standing(const Turn *turn, GArray *events) {
    for (guint r = 0; turn->extra && r < turn->extra->rules->n; r++) {
        if (!turn->extra->state[r].active || turn->extra->rules->rule[r].kind == RULE_INHIBIT)
            continue;
        AlarmEvent event = rule_event(turn, r, ALARM_RAISE, turn->extra->state[r].onset_ms);
        event.seq = 0;
        g_array_append_val(events, event);
    }
}

static guint32 inhibited(const Extra *extra) {
    guint32 mask = 0;
    for (guint r = 0; r < extra->rules->n; r++)
        if (extra->rules->rule[r].kind == RULE_INHIBIT && extra->state[r].active)
            mask |= extra->rules->rule[r].mask;
    return mask;
}

void extra_suppress(Turn *turn, gint64 at_ms) {
    Extra *extra = turn->extra;
    guint32 before = rules_mask(turn);
    extra->mask = inhibited(extra);
    guint32 after = rules_mask(turn);
    rules_suppress(turn, before, after, at_ms);
    for (guint r = 0; r < extra->rules->n; r++) {
        const PointRule *rule = &extra->rules->rule[r];
        if (rule->kind == RULE_INHIBIT || !extra->state[r].active ||
            !((before ^ after) >> point_rule_condition(rule) & 1))
            continue;
        extra_say(turn, r,
                  after >> point_rule_condition(rule) & 1 ? ALARM_SUPPRESS : ALARM_UNSUPPRESS,
                  at_ms);
    }
}

/* ---- delays ---- */

static void set_met(RuleState *state, gboolean met, gint64 at_ms) {
    if (state->met == met)
        return;
    state->met = (guint8)met;
    state->since_ms = at_ms;
}

static void commit(Turn *turn, guint r, gint64 at_ms) {
    RuleState *state = &turn->extra->state[r];
    state->active = state->met;
    if (state->active) /* every occurrence is one of its own */
        state->onset_ms =
            state->since_ms == state->onset_ms ? state->onset_ms + 1 : state->since_ms;
    if (turn->extra->rules->rule[r].kind == RULE_INHIBIT)
        extra_suppress(turn, at_ms);
    else
        extra_say(turn, r, state->active ? ALARM_RAISE : ALARM_RETURN, at_ms);
}

typedef struct {
    gint64 at_ms;
    guint rule;
    gboolean count;
} Due;

static Due next_due(const Extra *extra) {
    Due next = {G_MAXINT64, 0, FALSE};
    for (guint r = 0; r < extra->rules->n; r++) {
        const PointRule *rule = &extra->rules->rule[r];
        const RuleState *state = &extra->state[r];
        gint64 due = state->since_ms + (state->met ? rule->on_delay_ms : rule->off_delay_ms);
        if (state->met != state->active && due < next.at_ms)
            next = (Due){due, r, FALSE};
        if (rule_count_met(rule, state) && rule_count_ends(rule, state) < next.at_ms)
            next = (Due){rule_count_ends(rule, state), r, TRUE};
    }
    return next;
}

void extra_advance(Turn *turn, gint64 until) {
    for (;;) {
        Due due = next_due(turn->extra);
        if (due.at_ms > until)
            return;
        if (due.count)
            set_met(&turn->extra->state[due.rule], FALSE, due.at_ms);
        else
            commit(turn, due.rule, due.at_ms);
    }
}

/* ---- judging ---- */

static const RuleHolds holds[RULE_KINDS] = {
    [RULE_DEVIATION] = holds_deviation,
    [RULE_DISCRETE] = holds_discrete,
    [RULE_COUNT] = holds_count,
    [RULE_DEVICE] = holds_device,
    [RULE_UNDERREPORT] = holds_underreport,
    [RULE_VOTE] = holds_vote,
    [RULE_FORMULA] = holds_formula,
    [RULE_INHIBIT] = holds_inhibit,
};

static double weight(const PointRule *rule, double value) {
    return rule->kind == RULE_DEVIATION ? fabs(value) : value * rule->side;
}

void extra_judge_now(Turn *turn) {
    Extra *extra = turn->extra;
    if (extra->rules->derive)
        extra_derive(turn);
    for (guint r = 0; r < extra->rules->n; r++) {
        const PointRule *rule = &extra->rules->rule[r];
        RuleState *state = &extra->state[r];
        gboolean idle = !state->met && !state->active;
        set_met(state, holds[rule->kind](extra, rule, state), extra->time_ms);
        if (idle && state->met)
            state->first = state->worst = state->value;
        else if (!idle && weight(rule, state->value) > weight(rule, state->worst))
            state->worst = state->value;
    }
    extra->pending = FALSE;
    extra_advance(turn, extra->time_ms);
}
