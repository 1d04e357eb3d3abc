/* The memory of the points that have rules: how it comes and goes, and what samples, ticks and
 * changes of the definition do to it. Like engine_rules.c it knows nothing of rows or files. What
 * rules say is engine_extra_judge.c, what each kind holds at rule_*.c. */
#include "signal/engine_extra.h"

#include <string.h>

/* Of the 32 numbers of a sample: those after its own events. */
enum { SEQ_AFTER_SAMPLE = 16 };

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
            extra_unsubscribe(engine, former->number[i], point);
        guint at = extra_place(slice->extras, point);
        g_ptr_array_steal_index(slice->extras, at);
    }
    hot->state &= (guint8)~POINT_EXTRA;
    if (extra_take) {
        if (slice->extras == NULL)
            slice->extras = g_ptr_array_new_with_free_func(extra_free);
        g_ptr_array_insert(slice->extras, (gint)extra_place(slice->extras, point), extra_take);
        hot->state |= POINT_EXTRA;
        extra_resolve(engine, extra_take);
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
            extra_judge_now(turn);
        extra_advance(turn, sample->time_ms);
    }
    remember(extra, place, sample);
    if (extra->rules->codes == 1)
        extra_judge_now(turn);
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
        extra_judge_now(turn);
    if (!extra->backlog)
        extra_advance(turn, own_now(extra, received_ms));
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
        extra_say(turn, f, ALARM_RETURN, own);
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
        extra_suppress(turn, own);
    else
        rules_suppress(turn, before, rules_mask(turn), own);
    extra_free(former);
}

void extra_leave_service(Turn *turn, gint64 received_ms) {
    Extra *extra = turn->extra;
    for (guint r = 0; extra && r < extra->rules->n; r++) {
        RuleState *state = &extra->state[r];
        if (state->active && extra->rules->rule[r].kind != RULE_INHIBIT)
            extra_say(turn, r, ALARM_OUT, own_now(extra, received_ms));
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
    extra_judge_now(turn);
}
