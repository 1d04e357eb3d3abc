/* How one point is judged: the rules of engine.h, in their fixed order. Nothing here knows of rows,
 * slices or files. */
#include "signal/engine_state.h"

#include <math.h>

enum {
    BIT_H = 1 << WATCH_H,
    BIT_HH = 1 << WATCH_HH,
    BIT_L = 1 << WATCH_L,
    BIT_LL = 1 << WATCH_LL,
    BIT_RATE = 1 << WATCH_RATE,
    BIT_BAD = 1 << WATCH_BAD,
    BIT_STALE = 1 << WATCH_STALE,
    BIT_STUCK = 1 << WATCH_STUCK,
    DELAYED_BITS = (1 << DELAYED) - 1
};

static const guint8 bits_of[POINT_CONDITIONS] = {BIT_H | BIT_HH, BIT_L | BIT_LL, BIT_RATE,
                                                 BIT_STALE,      BIT_STUCK,      BIT_BAD};
static const guint8 condition_of[WATCHES] = {CONDITION_HIGH,  CONDITION_HIGH, CONDITION_LOW,
                                             CONDITION_LOW,   CONDITION_RATE, CONDITION_BAD,
                                             CONDITION_STALE, CONDITION_STUCK};

AlarmLevel rules_level(guint8 active, AlarmCondition condition) {
    static const AlarmLevel severe[POINT_CONDITIONS] = {
        ALARM_LEVEL_HH, ALARM_LEVEL_LL, ALARM_LEVEL_R, ALARM_LEVEL_F, ALARM_LEVEL_F, ALARM_LEVEL_F};
    guint8 bits = active & bits_of[condition];
    if (bits == 0)
        return ALARM_LEVEL_NONE;
    if (bits == BIT_H)
        return ALARM_LEVEL_H;
    return bits == BIT_L ? ALARM_LEVEL_L : severe[condition];
}

static double limit_of(const PointDef *def, AlarmLevel level) {
    switch (level) {
    case ALARM_LEVEL_H:
        return def->limit_high;
    case ALARM_LEVEL_HH:
        return def->limit_high_high;
    case ALARM_LEVEL_L:
        return def->limit_low;
    case ALARM_LEVEL_LL:
        return def->limit_low_low;
    case ALARM_LEVEL_R:
        return def->rate_limit;
    default:
        return NAN;
    }
}

static gboolean has_good(const Hot *hot) { return hot->state & POINT_HAS_GOOD; }

static double good_value(const Turn *turn) {
    return turn->hot->quality == QUALITY_BAD ? turn->cold->good_value : turn->hot->value;
}

static gint64 good_time(const Turn *turn) {
    return turn->hot->quality == QUALITY_BAD ? turn->cold->good_ms : turn->hot->time_ms;
}

/* ---- publishing ---- */

static double value_now(const Turn *turn, AlarmCondition condition) {
    if (condition == CONDITION_RATE)
        return turn->cold->rate;
    if (condition == CONDITION_HIGH || condition == CONDITION_LOW)
        return has_good(turn->hot) ? good_value(turn) : NAN;
    return turn->hot->state & POINT_FRESH ? NAN : turn->hot->value;
}

static void emit(Turn *turn, AlarmCondition condition, AlarmEventKind kind, AlarmLevel level,
                 gint64 at_ms) {
    const Cold *cold = turn->cold;
    gboolean measured = (int)condition < MEASURED;
    double value = value_now(turn, condition);
    if (kind == ALARM_RAISE && measured)
        value = cold->first[condition];
    AlarmEvent event = {
        .seq = turn->seq++,
        .rule = "",
        .point = turn->point,
        .condition = condition,
        .kind = kind,
        .level = level,
        .onset_ms = cold->onset_ms[condition],
        .at_ms = MAX(at_ms, cold->onset_ms[condition]),
        .value = value,
        .limit = limit_of(turn->def, level),
        .worst = measured ? cold->worst[condition] : value,
        .late = turn->late,
        .suppressed = !!(rules_mask(turn) >> condition & 1),
    };
    engine_say(turn->engine, &event);
}

guint32 rules_mask(const Turn *turn) {
    guint32 mask = turn->extra ? turn->extra->mask : 0;
    return turn->hot->state & POINT_SUPPRESSED ? (1u << CONDITIONS) - 1 : mask;
}

void rules_suppress(Turn *turn, guint32 before, guint32 after, gint64 at_ms) {
    for (AlarmCondition condition = 0; condition < POINT_CONDITIONS; condition++) {
        AlarmLevel level = rules_level(turn->hot->active, condition);
        if (level == ALARM_LEVEL_NONE || !((before ^ after) >> condition & 1))
            continue;
        emit(turn, condition, after >> condition & 1 ? ALARM_SUPPRESS : ALARM_UNSUPPRESS, level,
             at_ms);
    }
}

void rules_standing(const Turn *turn, GArray *events) {
    for (AlarmCondition condition = 0; condition < POINT_CONDITIONS; condition++) {
        AlarmLevel level = rules_level(turn->hot->active, condition);
        if (level == ALARM_LEVEL_NONE)
            continue;
        const Cold *cold = turn->cold;
        gboolean measured = (int)condition < MEASURED;
        AlarmEvent event = {
            .point = turn->point,
            .condition = condition,
            .kind = ALARM_RAISE,
            .level = level,
            .rule = "",
            .onset_ms = cold->onset_ms[condition],
            .at_ms = cold->onset_ms[condition],
            .value = measured ? cold->first[condition] : value_now(turn, condition),
            .limit = limit_of(turn->def, level),
            .worst = measured ? cold->worst[condition] : value_now(turn, condition),
            .suppressed = !!(rules_mask(turn) >> condition & 1),
        };
        g_array_append_val(events, event);
    }
}

/* Every occurrence is one of its own, also when a definition was changed back and forth over the
 * same sample. */
static void set_onset(Cold *cold, AlarmCondition condition, gint64 onset_ms) {
    gint64 former = cold->onset_ms[condition];
    cold->onset_ms[condition] = onset_ms == former ? former + 1 : onset_ms;
}

static gboolean more_severe(AlarmLevel a, AlarmLevel b) /* of one condition: H < HH, L < LL */
{
    return a > b;
}

/* The active bits of a condition become `bits`; says what that means. */
static void commit(Turn *turn, AlarmCondition condition, guint8 bits, gint64 onset_ms,
                   gint64 at_ms) {
    Hot *hot = turn->hot;
    AlarmLevel before = rules_level(hot->active, condition);
    hot->active = (guint8)((hot->active & ~bits_of[condition]) | bits);
    AlarmLevel after = rules_level(hot->active, condition);
    if (before == after)
        return;
    if (before == ALARM_LEVEL_NONE) {
        set_onset(turn->cold, condition, onset_ms);
        emit(turn, condition, ALARM_RAISE, after, at_ms);
    } else if (after == ALARM_LEVEL_NONE) {
        emit(turn, condition, ALARM_RETURN, before, at_ms);
    } else {
        emit(turn, condition, more_severe(after, before) ? ALARM_RISE : ALARM_FALL, after, at_ms);
    }
}

/* ---- delays ---- */

static gint64 due_of(const Turn *turn, guint watch) {
    gboolean met = turn->hot->met >> watch & 1;
    gint32 off = watch == WATCH_BAD ? 0 : turn->def->off_delay_ms;
    return turn->cold->since_ms[watch] + (met ? turn->def->on_delay_ms : off);
}

/* All levels of the condition that fall due at this moment, together. */
static void commit_delayed(Turn *turn, AlarmCondition condition, gint64 due_ms) {
    const Hot *hot = turn->hot;
    guint8 pending = (hot->met ^ hot->active) & bits_of[condition],
           bits = hot->active & bits_of[condition];
    gint64 onset_ms = G_MAXINT64;
    for (guint watch = 0; watch < DELAYED; watch++) {
        if (!(pending >> watch & 1) || due_of(turn, watch) != due_ms)
            continue;
        bits ^= (guint8)(1u << watch);
        if (hot->met >> watch & 1)
            onset_ms = MIN(onset_ms, turn->cold->since_ms[watch]);
    }
    commit(turn, condition, bits, onset_ms, due_ms);
}

typedef struct {
    gint64 due_ms;
    AlarmCondition condition;
} Due;

static void due_offer(Due *due, gint64 due_ms, AlarmCondition condition) {
    if (due_ms < due->due_ms || (due_ms == due->due_ms && condition < due->condition))
        *due = (Due){due_ms, condition};
}

/* The next of the delayed changes. */
static Due due_next(const Turn *turn) {
    Due due = {G_MAXINT64, POINT_CONDITIONS};
    guint8 pending = (turn->hot->met ^ turn->hot->active) & DELAYED_BITS;
    for (guint watch = 0; pending; watch++, pending >>= 1)
        if (pending & 1)
            due_offer(&due, due_of(turn, watch), condition_of[watch]);
    return due;
}

enum { NOT_DUE = -1 };

/* Commits all that fell due up to `until`, in the order of time. stale_due and stuck_due: when
 * those two become true, or NOT_DUE. */
static void commit_due(Turn *turn, gint64 until, gint64 stale_due, gint64 stuck_due) {
    for (;;) {
        Due due = due_next(turn);
        if (stale_due != NOT_DUE)
            due_offer(&due, stale_due, CONDITION_STALE);
        if (stuck_due != NOT_DUE)
            due_offer(&due, stuck_due, CONDITION_STUCK);
        if (due.due_ms > until || due.condition == POINT_CONDITIONS)
            return;
        if (due.condition == CONDITION_STALE) {
            stale_due = NOT_DUE;
            commit(turn, CONDITION_STALE, BIT_STALE, due.due_ms, due.due_ms);
        } else if (due.condition == CONDITION_STUCK) {
            stuck_due = NOT_DUE;
            commit(turn, CONDITION_STUCK, BIT_STUCK, due.due_ms, due.due_ms);
        } else {
            commit_delayed(turn, due.condition, due.due_ms);
        }
    }
}

/* ---- limits ---- */

static void set_met(Turn *turn, guint watch, gboolean met, gint64 time_ms) {
    guint8 bit = (guint8)(1u << watch);
    if (!!(turn->hot->met & bit) == met)
        return;
    turn->hot->met ^= bit;
    turn->cold->since_ms[watch] = time_ms;
}

/* A level with its hysteresis; `side` is +1 for high, -1 for low. A limit that is not set (NAN) is
 * never met. */
static void judge_level(Turn *turn, guint watch, double limit, double side, double value,
                        gint64 time_ms) {
    gboolean met = turn->hot->met >> watch & 1;
    if (isnan(limit))
        met = FALSE;
    else if (value * side >= limit * side)
        met = TRUE;
    else if (value * side < limit * side - turn->def->hysteresis)
        met = FALSE;
    set_met(turn, watch, met, time_ms);
}

/* The farthest value of the occurrence: it starts with what meets it first and lasts until it is
 * neither met nor active. */
static void follow_worst(Turn *turn, AlarmCondition condition, gboolean was_idle, double value,
                         double weight) {
    Cold *cold = turn->cold;
    if (was_idle)
        cold->first[condition] = cold->worst[condition] = value;
    else if (value * weight > cold->worst[condition] * weight)
        cold->worst[condition] = value;
}

static gboolean idle(const Hot *hot, AlarmCondition condition) {
    return ((hot->met | hot->active) & bits_of[condition]) == 0;
}

static void judge_limits(Turn *turn, double value, gint64 time_ms) {
    const PointDef *def = turn->def;
    gboolean high_idle = idle(turn->hot, CONDITION_HIGH), low_idle = idle(turn->hot, CONDITION_LOW);
    judge_level(turn, WATCH_H, def->limit_high, 1, value, time_ms);
    judge_level(turn, WATCH_HH, def->limit_high_high, 1, value, time_ms);
    judge_level(turn, WATCH_L, def->limit_low, -1, value, time_ms);
    judge_level(turn, WATCH_LL, def->limit_low_low, -1, value, time_ms);
    if (!idle(turn->hot, CONDITION_HIGH))
        follow_worst(turn, CONDITION_HIGH, high_idle, value, 1);
    if (!idle(turn->hot, CONDITION_LOW))
        follow_worst(turn, CONDITION_LOW, low_idle, value, -1);
}

static void judge_rate(Turn *turn, const Judged *sample) {
    if (isnan(turn->def->rate_limit) || !has_good(turn->hot))
        return;
    double minutes = (double)(sample->time_ms - good_time(turn)) / 60000;
    double rate = (sample->value - good_value(turn)) / minutes;
    gboolean was_idle = idle(turn->hot, CONDITION_RATE);
    turn->cold->rate = rate;
    set_met(turn, WATCH_RATE, fabs(rate) >= turn->def->rate_limit, sample->time_ms);
    if (idle(turn->hot, CONDITION_RATE))
        return;
    if (was_idle || fabs(rate) > fabs(turn->cold->worst[CONDITION_RATE]))
        turn->cold->worst[CONDITION_RATE] = rate;
    if (was_idle)
        turn->cold->first[CONDITION_RATE] = rate;
}

/* ---- a sample ---- */

static void remember(Turn *turn, const Judged *sample) {
    Hot *hot = turn->hot;
    if (sample->quality == QUALITY_BAD && hot->quality != QUALITY_BAD && has_good(hot)) {
        turn->cold->good_ms = hot->time_ms;
        turn->cold->good_value = hot->value;
    }
    if (sample->received_ms < hot->received_ms) /* the wall clock was set back */
        *turn->due_ms = 0;
    hot->time_ms = sample->time_ms;
    hot->received_ms = sample->received_ms;
    hot->value = sample->value;
    hot->quality = (guint8)sample->quality;
    hot->state = (guint8)(hot->state & ~(POINT_FRESH | POINT_BACKLOG));
    if (sample->quality != QUALITY_BAD)
        hot->state |= POINT_HAS_GOOD;
    if (sample->received_ms - sample->time_ms > BACKLOG_MS)
        hot->state |= POINT_BACKLOG;
}

/* When the sample's gap from the last one became stale, or NOT_DUE. */
static gint64 gap_due(const Hot *hot, const Judged *sample) {
    if (hot->state & POINT_FRESH || hot->active & BIT_STALE || hot->stale_ms == NEVER_32)
        return NOT_DUE;
    return sample->time_ms - hot->time_ms > hot->stale_ms ? hot->time_ms + hot->stale_ms : NOT_DUE;
}

/* When the run of equal values that this sample goes on with became too long, or NOT_DUE. Starts a
 * new run where there is none. */
static gint64 stuck_due(Turn *turn, const Judged *sample, gboolean gap) {
    Hot *hot = turn->hot;
    if (sample->quality == QUALITY_BAD)
        return NOT_DUE;
    if (!has_good(hot) || sample->value != good_value(turn) || gap) {
        hot->same_since_ms = sample->time_ms;
        return NOT_DUE;
    }
    if (hot->stuck_ms == NEVER_32 || hot->active & BIT_STUCK ||
        sample->time_ms - hot->same_since_ms < hot->stuck_ms)
        return NOT_DUE;
    return hot->same_since_ms + hot->stuck_ms;
}

/* Changes that wait for their delay are judged by ticks only while the point is live. */
static gboolean delays_run(const Hot *hot) { return !(hot->state & (POINT_BACKLOG | POINT_FRESH)); }

/* The next tick that matters comes no later than the next of the point's delays or its becoming
 * stale. */
static void tick_no_later(Turn *turn) {
    const Hot *hot = turn->hot;
    Due due = due_next(turn);
    if (due.condition != POINT_CONDITIONS && delays_run(hot))
        *turn->due_ms = MIN(*turn->due_ms, hot->received_ms + (due.due_ms - hot->time_ms));
    if (hot->stale_ms != NEVER_32 && !(hot->active & BIT_STALE))
        *turn->due_ms = MIN(*turn->due_ms, hot->received_ms + hot->stale_ms + 1);
}

static void judge_sample(Turn *turn, const Judged *sample) {
    Hot *hot = turn->hot;
    gint64 stale = gap_due(hot, sample);
    gboolean gap = stale != NOT_DUE || hot->active & BIT_STALE;
    gint64 stuck = stuck_due(turn, sample, gap);
    commit_due(turn, sample->time_ms, stale, stuck);
    gboolean other =
        sample->quality != QUALITY_BAD && has_good(hot) && sample->value != good_value(turn);
    if (sample->quality != QUALITY_BAD)
        judge_rate(turn, sample);
    remember(turn, sample);
    set_met(turn, WATCH_BAD, sample->quality == QUALITY_BAD, sample->time_ms);
    if (sample->quality != QUALITY_BAD)
        judge_limits(turn, sample->value, sample->time_ms);
    if (hot->active & BIT_STALE)
        commit(turn, CONDITION_STALE, 0, 0, sample->time_ms);
    if (hot->active & BIT_STUCK && (other || gap))
        commit(turn, CONDITION_STUCK, 0, 0, sample->time_ms);
    commit_due(turn, sample->time_ms, NOT_DUE, NOT_DUE);
    tick_no_later(turn);
}

void rules_sample(Turn *turn, const Judged *sample) {
    turn->late = sample->received_ms - sample->time_ms > BACKLOG_MS;
    if (!(turn->hot->state & POINT_OUT)) {
        judge_sample(turn, sample);
        return;
    }
    stuck_due(turn, sample, FALSE);
    remember(turn, sample);
}

/* ---- a tick ---- */

/* Since when the point has been silent, in its own time, plus stale_ms; NOT_DUE while it is not
 * longer than that. */
static gint64 silence_due(const Hot *hot, gint64 received_ms) {
    if (hot->stale_ms == NEVER_32 || hot->active & BIT_STALE ||
        received_ms - hot->received_ms <= hot->stale_ms)
        return NOT_DUE;
    return (hot->state & POINT_FRESH ? hot->received_ms : hot->time_ms) + hot->stale_ms;
}

void rules_tick(Turn *turn, gint64 received_ms) {
    Hot *hot = turn->hot;
    *turn->due_ms = G_MAXINT64;
    if (hot->state & POINT_OUT)
        return;
    if (hot->state & POINT_FRESH && hot->received_ms == 0)
        hot->received_ms = received_ms;
    turn->late = !!(hot->state & POINT_BACKLOG);
    gint64 stale = silence_due(hot, received_ms);
    if (delays_run(hot))
        commit_due(turn, hot->time_ms + (received_ms - hot->received_ms), stale, NOT_DUE);
    else if (stale != NOT_DUE)
        commit(turn, CONDITION_STALE, BIT_STALE, stale, stale);
    tick_no_later(turn);
}

/* ---- a changed definition ---- */

static gint64 own_now(const Hot *hot, gint64 received_ms) {
    if (hot->state & POINT_FRESH)
        return received_ms;
    return hot->state & POINT_BACKLOG ? hot->time_ms
                                      : hot->time_ms + MAX(received_ms - hot->received_ms, 0);
}

static void leave_service(Turn *turn, gint64 own) {
    for (AlarmCondition condition = 0; condition < POINT_CONDITIONS; condition++) {
        AlarmLevel level = rules_level(turn->hot->active, condition);
        turn->hot->active &= (guint8)~bits_of[condition];
        if (level != ALARM_LEVEL_NONE)
            emit(turn, condition, ALARM_OUT, level, own);
    }
    turn->hot->met = 0;
}

/* Of no condition: all alarms that the point took with it out of service are over. */
static void return_to_service(Turn *turn, gint64 own) {
    AlarmEvent event = {.seq = turn->seq++,
                        .point = turn->point,
                        .kind = ALARM_IN,
                        .rule = "",
                        .at_ms = own,
                        .value = NAN,
                        .limit = NAN,
                        .worst = NAN};
    engine_say(turn->engine, &event);
}

static void suppress_by_definition(Turn *turn, gint64 own) {
    guint32 before = rules_mask(turn);
    turn->hot->state &= (guint8)~POINT_SUPPRESSED;
    if (turn->def->suppressed)
        turn->hot->state |= POINT_SUPPRESSED;
    rules_suppress(turn, before, rules_mask(turn), own);
}

/* What is no longer watched ends at once, without off-delay. */
static void drop_unwatched(Turn *turn, gint64 own) {
    const PointDef *def = turn->def;
    guint8 gone =
        (guint8)((isnan(def->limit_high) ? BIT_H : 0) | (isnan(def->limit_high_high) ? BIT_HH : 0) |
                 (isnan(def->limit_low) ? BIT_L : 0) | (isnan(def->limit_low_low) ? BIT_LL : 0) |
                 (isnan(def->rate_limit) ? BIT_RATE : 0) | (def->stale_ms == 0 ? BIT_STALE : 0) |
                 (def->stuck_ms == 0 ? BIT_STUCK : 0));
    turn->hot->met &= (guint8)~gone;
    for (AlarmCondition condition = 0; condition < POINT_CONDITIONS; condition++)
        if (turn->hot->active & gone & bits_of[condition])
            commit(turn, condition, turn->hot->active & bits_of[condition] & (guint8)~gone, 0, own);
}

void rules_changed(Turn *turn, gint64 received_ms) {
    Hot *hot = turn->hot;
    gboolean was_out = !!(hot->state & POINT_OUT);
    if (hot->state & POINT_FRESH && hot->received_ms == 0)
        hot->received_ms = received_ms;
    gint64 own = own_now(hot, received_ms);
    turn->late = !!(hot->state & POINT_BACKLOG);
    engine_derive(hot, turn->def);
    *turn->due_ms = 0;
    extra_changed(turn, received_ms);
    suppress_by_definition(turn, own);
    if (hot->state & POINT_OUT) {
        leave_service(turn, own);
        extra_leave_service(turn, received_ms);
        return;
    }
    if (was_out)
        return_to_service(turn, own);
    drop_unwatched(turn, own);
    if (has_good(hot))
        judge_limits(turn, good_value(turn), own);
    set_met(turn, WATCH_BAD, !(hot->state & POINT_FRESH) && hot->quality == QUALITY_BAD, own);
    commit_due(turn, own, NOT_DUE, NOT_DUE);
    extra_judge(turn, received_ms);
}
