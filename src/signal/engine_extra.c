/* The rules of the few points that have some: what they look at, when they are judged, what they
 * say. Like engine_rules.c it knows nothing of rows or files. */
#include "signal/engine_state.h"

#include <math.h>
#include <string.h>

/* Of the 32 numbers of a sample: those after its own events, and how many a derived sample takes.
 */
enum { SEQ_AFTER_SAMPLE = 16, SEQ_DERIVED = 8 };

void engine_say(Engine *engine, const AlarmEvent *event) {
    EngineCounts *counts = &engine->counts;
    counts->events++;
    counts->active += event->kind == ALARM_RAISE;
    counts->active -= event->kind == ALARM_RETURN || event->kind == ALARM_OUT;
    engine->output.alarm(engine->output.data, event);
}

/* ---- who looks at whom ---- */

static void feed_bit_set(Engine *engine, guint32 point) {
    if (point / 64 >= engine->feed_words) {
        guint32 words = MAX(point / 64 + 1, engine->points / 64 + 1);
        engine->feed_bits = g_renew(guint64, engine->feed_bits, words);
        memset(engine->feed_bits + engine->feed_words, 0,
               (words - engine->feed_words) * sizeof *engine->feed_bits);
        engine->feed_words = words;
    }
    engine->feed_bits[point / 64] |= (guint64)1 << point % 64;
}

static void free_array(gpointer array) { g_array_unref(array); }

static void subscribe(Engine *engine, guint32 point, guint32 owner) {
    if (engine->feeds == NULL)
        engine->feeds = g_hash_table_new_full(NULL, NULL, NULL, free_array);
    GArray *owners = g_hash_table_lookup(engine->feeds, GUINT_TO_POINTER(point));
    if (owners == NULL) {
        owners = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_hash_table_insert(engine->feeds, GUINT_TO_POINTER(point), owners);
    }
    guint at = 0; /* ascending, so that the order is the same after every restart */
    while (at < owners->len && g_array_index(owners, guint32, at) < owner)
        at++;
    if (at == owners->len || g_array_index(owners, guint32, at) != owner)
        g_array_insert_val(owners, at, owner);
    feed_bit_set(engine, point);
}

static void unsubscribe(Engine *engine, guint32 point, guint32 owner) {
    GArray *owners = engine->feeds && point != POINT_NONE
                         ? g_hash_table_lookup(engine->feeds, GUINT_TO_POINTER(point))
                         : NULL;
    for (guint i = 0; owners && i < owners->len; i++)
        if (g_array_index(owners, guint32, i) == owner)
            g_array_remove_index(owners, i--);
    if (owners && owners->len == 0) {
        g_hash_table_remove(engine->feeds, GUINT_TO_POINTER(point));
        engine->feed_bits[point / 64] &= ~((guint64)1 << point % 64);
    }
}

static void resolve(Engine *engine, Extra *extra) {
    for (guint i = 0; i < extra->rules->codes; i++) {
        if (extra->number[i] != POINT_NONE)
            continue;
        const char *code = extra->rules->code[i];
        guint32 point = point_table_find(engine->table, code, strlen(code));
        if (point == POINT_NONE) {
            engine->unresolved = TRUE;
            continue;
        }
        extra->number[i] = point;
        subscribe(engine, point, extra->point);
    }
}

void extras_resolve(Engine *engine) {
    engine->unresolved = FALSE;
    for (guint32 s = 0; s < engine->slices; s++) {
        GPtrArray *extras = engine->slice[s]->extras;
        for (guint i = 0; extras && i < extras->len; i++)
            resolve(engine, extras->pdata[i]);
    }
}

/* ---- life ---- */

/* The place of the point among the slice's, or where it would be. */
static guint extra_place(const GPtrArray *extras, guint32 point) {
    guint low = 0, high = extras->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (((const Extra *)extras->pdata[middle])->point < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Extra *extra_find(const Slice *slice, guint32 point) {
    if (slice->extras == NULL)
        return NULL;
    guint at = extra_place(slice->extras, point);
    Extra *extra = at < slice->extras->len ? slice->extras->pdata[at] : NULL;
    return extra && extra->point == point ? extra : NULL;
}

static void extra_free(gpointer data) {
    Extra *extra = data;
    if (extra == NULL)
        return;
    point_rules_free(extra->rules);
    g_free(extra->state);
    g_free(extra->input);
    g_free(extra->number);
    g_free(extra);
}

/* NULL when the definition has no rules that can be read. */
static Extra *extra_new(const PointDef *def, guint32 point) {
    json_t *json = def->extra ? json_loads(def->extra, 0, NULL) : NULL;
    PointRules *rules = json ? point_rules_read(def->code, json, NULL) : NULL;
    json_decref(json);
    if (rules == NULL)
        return NULL;
    Extra *extra = g_new0(Extra, 1);
    extra->point = point;
    extra->text = def->extra;
    extra->rules = rules;
    extra->state = g_new0(RuleState, MAX(rules->n, 1));
    extra->input = g_new0(ExtraInput, rules->codes);
    extra->number = g_new(guint32, rules->codes);
    for (guint i = 0; i < rules->codes; i++)
        extra->number[i] = POINT_NONE;
    return extra;
}

/* In the place of the one that is there, which the caller owns then. */
static Extra *extra_swap(Engine *engine, guint32 point, Extra *extra_take) {
    Slice *slice = engine->slice[point / ENGINE_SLICE];
    Hot *hot = &slice->hot[point % ENGINE_SLICE];
    Extra *former = extra_find(slice, point);
    if (former) {
        for (guint i = 0; i < former->rules->codes; i++)
            unsubscribe(engine, former->number[i], point);
        guint at = extra_place(slice->extras, point);
        g_ptr_array_steal_index(slice->extras, at);
    }
    hot->state &= (guint8)~POINT_EXTRA;
    if (extra_take) {
        if (slice->extras == NULL)
            slice->extras = g_ptr_array_new_with_free_func(extra_free);
        g_ptr_array_insert(slice->extras, (gint)extra_place(slice->extras, point), extra_take);
        hot->state |= POINT_EXTRA;
        resolve(engine, extra_take);
    }
    return former;
}

void extra_install(Engine *engine, guint32 point) {
    extra_free(extra_swap(engine, point, extra_new(point_table_def(engine->table, point), point)));
}

void extras_free(Slice *slice) {
    if (slice->extras)
        g_ptr_array_unref(slice->extras);
}

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

static void say(Turn *turn, guint r, AlarmEventKind kind, gint64 at_ms) {
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

/* After an inhibiting rule changed: what stands and is touched by it is told. */
static void suppress(Turn *turn, gint64 at_ms) {
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
        say(turn, r, after >> point_rule_condition(rule) & 1 ? ALARM_SUPPRESS : ALARM_UNSUPPRESS,
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
        suppress(turn, at_ms);
    else
        say(turn, r, state->active ? ALARM_RAISE : ALARM_RETURN, at_ms);
}

/* When a count that is met is met no longer because the span has gone on. */
static gint64 count_ends(const PointRule *rule, const RuleState *state) {
    return state->edge_ms[state->edges - rule->count] + rule->within_ms;
}

static gboolean count_met(const PointRule *rule, const RuleState *state) {
    return rule->kind == RULE_COUNT && state->met && state->edges >= rule->count;
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
        if (count_met(rule, state) && count_ends(rule, state) < next.at_ms)
            next = (Due){count_ends(rule, state), r, TRUE};
    }
    return next;
}

/* All that falls due up to `until`, in the order of time, then of the rules. */
static void advance(Turn *turn, gint64 until) {
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

/* ---- what holds ---- */

static gboolean known(const Extra *extra, guint place) { return extra->input[place].time_ms != 0; }

static double value_at(const Extra *extra, guint place) {
    return known(extra, place) ? extra->input[place].value : NAN;
}

/* With the hysteresis of a level: in between it stays as it was. An unknown value changes nothing.
 */
static gboolean beyond(const PointRule *rule, double value, double side, gboolean was) {
    if (value * side >= rule->limit * side)
        return TRUE;
    return value * side < rule->limit * side - rule->hysteresis ? FALSE : was;
}

static gboolean holds_deviation(const Extra *extra, const PointRule *rule, RuleState *state) {
    double other = rule->inputs ? value_at(extra, rule->input[0]) : rule->setpoint;
    state->value = value_at(extra, 0) - other;
    return beyond(rule, fabs(state->value), 1, state->met);
}

static gboolean holds_discrete(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = value_at(extra, 0);
    if (isnan(state->value))
        return FALSE;
    for (guint i = 0; i < rule->normals; i++)
        if (state->value == rule->normal[i])
            return FALSE;
    return TRUE;
}

static gboolean holds_count(const Extra *extra, const PointRule *rule, RuleState *state) {
    gboolean now = beyond(rule, value_at(extra, 0), rule->side, state->edge_met);
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

static gboolean holds_device(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = value_at(extra, 0);
    return known(extra, rule->input[0]) && extra->input[rule->input[0]].value != 0;
}

static gboolean holds_underreport(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = value_at(extra, 0);
    state->edge_met = (guint8)beyond(rule, state->value, rule->side, state->edge_met);
    return state->edge_met && value_at(extra, rule->input[0]) == 0;
}

static gboolean holds_vote(const Extra *extra, const PointRule *rule, RuleState *state) {
    guint votes = 0;
    for (guint i = 0; i < rule->inputs; i++)
        votes += known(extra, rule->input[i]) &&
                 beyond(rule, extra->input[rule->input[i]].value, rule->side, state->met);
    state->value = votes;
    return votes >= rule->count;
}

static Term formula_value(gpointer data, const char *name) {
    const Extra *extra = data;
    for (guint i = 0; i < extra->rules->codes; i++)
        if (strcmp(extra->rules->code[i], name) == 0 && known(extra, i))
            return (Term){.kind = TERM_NUMBER, .number = extra->input[i].value};
    return (Term){.kind = TERM_NONE};
}

static gboolean holds_formula(const Extra *extra, const PointRule *rule, RuleState *state) {
    state->value = value_at(extra, 0);
    return condition_holds(rule->formula, formula_value, (gpointer)extra, extra->time_ms, NULL);
}

static gboolean holds_inhibit(const Extra *extra, const PointRule *rule, RuleState *state) {
    if (rule->formula)
        return holds_formula(extra, rule, state);
    if (!known(extra, rule->input[0]))
        return FALSE;
    state->value = extra->input[rule->input[0]].value;
    return isnan(rule->limit) ? state->value != 0
                              : beyond(rule, state->value, rule->side, state->met);
}

static gboolean (*const holds[RULE_KINDS])(const Extra *, const PointRule *, RuleState *) = {
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

/* The value of a point that is not measured: a sample of its own at this moment. */
static void derive(Turn *turn) {
    Extra *extra = turn->extra;
    ConditionEnv env = {.value = formula_value, .data = extra, .now_ms = extra->time_ms};
    g_autoptr(GStringChunk) texts = g_string_chunk_new(16);
    Term term = expression_value(extra->rules->derive, &env, texts);
    if (term.kind != TERM_NUMBER || !isfinite(term.number))
        return;
    Judged sample = {extra->time_ms, extra->received_ms, term.number, QUALITY_GOOD};
    extra->input[0] = (ExtraInput){sample.value, sample.time_ms};
    engine_sample(turn->engine, turn->point, &sample, turn->seq);
    turn->seq += SEQ_DERIVED;
}

/* All rules at the time of the latest input. */
static void judge(Turn *turn) {
    Extra *extra = turn->extra;
    if (extra->rules->derive)
        derive(turn);
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
    advance(turn, extra->time_ms);
}

/* ---- samples ---- */

static void remember(Extra *extra, guint place, const Judged *sample) {
    extra->input[place] = (ExtraInput){sample->value, sample->time_ms};
    extra->time_ms = MAX(extra->time_ms, sample->time_ms);
    extra->received_ms = sample->received_ms;
    extra->backlog = sample->received_ms - extra->time_ms > BACKLOG_MS;
}

static void take(Turn *turn, guint place, const Judged *sample) {
    Extra *extra = turn->extra;
    if (turn->hot->state & POINT_OUT) {
        remember(extra, place, sample);
        return;
    }
    if (sample->time_ms > extra->time_ms && extra->time_ms) {
        if (extra->pending)
            judge(turn);
        advance(turn, sample->time_ms);
    }
    remember(extra, place, sample);
    if (extra->rules->codes == 1)
        judge(turn);
    else
        extra->pending = TRUE;
}

static void feed_one(Engine *engine, guint32 owner, guint32 point, gint64 seq,
                     const Judged *sample) {
    Turn turn = engine_turn(engine, owner, seq);
    Extra *extra = turn.extra;
    for (guint i = 0; extra && i < extra->rules->codes; i++)
        if (extra->number[i] == point && sample->time_ms > extra->input[i].time_ms)
            take(&turn, i, sample);
}

void extras_feed(Engine *engine, gint64 seq, guint32 place, guint32 point, const Judged *sample) {
    const GArray *owners = g_hash_table_lookup(engine->feeds, GUINT_TO_POINTER(point));
    if (sample->quality == QUALITY_BAD || sample->time_ms <= 0)
        return;
    for (guint i = 0; owners && i < owners->len; i++) {
        guint32 owner = g_array_index(owners, guint32, i);
        if (seq > engine->slice[owner / ENGINE_SLICE]->position)
            feed_one(engine, owner, point, (seq << 20) + (gint64)place * 32 + SEQ_AFTER_SAMPLE,
                     sample);
    }
}

/* ---- time and changes ---- */

static gint64 own_now(const Extra *extra, gint64 received_ms) {
    if (extra->time_ms == 0)
        return received_ms;
    return extra->backlog ? extra->time_ms
                          : extra->time_ms + MAX(received_ms - extra->received_ms, 0);
}

void extra_tick(Turn *turn, gint64 received_ms) {
    Extra *extra = turn->extra;
    if (extra->time_ms == 0 || turn->hot->state & POINT_OUT)
        return;
    if (extra->pending)
        judge(turn);
    if (!extra->backlog)
        advance(turn, own_now(extra, received_ms));
}

static void carry_state(Extra *extra, const Extra *former) {
    for (guint r = 0; r < extra->rules->n; r++)
        for (guint f = 0; f < former->rules->n; f++) {
            const PointRule *rule = &extra->rules->rule[r], *old = &former->rules->rule[f];
            if (rule->kind == old->kind && rule->code == old->code) {
                extra->state[r] = former->state[f];
                break;
            }
        }
    for (guint i = 0; i < extra->rules->codes; i++)
        for (guint f = 0; f < former->rules->codes; f++)
            if (extra->rules->code[i] == former->rules->code[f])
                extra->input[i] = former->input[f];
    extra->time_ms = former->time_ms;
    extra->received_ms = former->received_ms;
    extra->backlog = former->backlog;
    extra->mask = former->mask;
}

/* Rules that are gone: their alarms return. */
static void end_missing(Turn *turn, Extra *former, gint64 own) {
    const Extra *extra = turn->extra;
    turn->extra = former;
    for (guint f = 0; f < former->rules->n; f++) {
        const PointRule *old = &former->rules->rule[f];
        gboolean stays = FALSE;
        for (guint r = 0; extra && r < extra->rules->n; r++)
            stays |=
                extra->rules->rule[r].kind == old->kind && extra->rules->rule[r].code == old->code;
        if (stays || !former->state[f].active || old->kind == RULE_INHIBIT)
            continue;
        former->state[f].active = FALSE;
        say(turn, f, ALARM_RETURN, own);
    }
    turn->extra = (Extra *)extra;
}

void extra_changed(Turn *turn, gint64 received_ms) {
    Extra *former = turn->extra;
    if ((former ? former->text : NULL) == turn->def->extra)
        return;
    guint32 before = rules_mask(turn);
    Extra *extra = extra_new(turn->def, turn->point);
    if (extra && former)
        carry_state(extra, former);
    former = extra_swap(turn->engine, turn->point, extra);
    turn->extra = extra;
    gint64 own = former ? own_now(former, received_ms) : received_ms;
    if (former)
        end_missing(turn, former, own);
    if (extra)
        suppress(turn, own);
    else
        rules_suppress(turn, before, rules_mask(turn), own);
    extra_free(former);
}

void extra_leave_service(Turn *turn, gint64 received_ms) {
    Extra *extra = turn->extra;
    for (guint r = 0; extra && r < extra->rules->n; r++) {
        RuleState *state = &extra->state[r];
        if (state->active && extra->rules->rule[r].kind != RULE_INHIBIT)
            say(turn, r, ALARM_OUT, own_now(extra, received_ms));
        state->met = state->active = state->edge_met = state->edges = 0;
    }
    if (extra)
        extra->mask = extra->pending = 0;
}

void extra_judge(Turn *turn, gint64 received_ms) {
    Extra *extra = turn->extra;
    if (extra == NULL || extra->time_ms == 0)
        return;
    extra->time_ms = own_now(extra, received_ms);
    extra->received_ms = MAX(extra->received_ms, received_ms);
    judge(turn);
}
