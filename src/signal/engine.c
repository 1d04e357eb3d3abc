#include "signal/engine.h"

#include "signal/engine_state.h"

#include <math.h>
#include <string.h>

enum { AHEAD = 12 }; /* samples between prefetch and use */

/* ---- life cycle ---- */

static double highest_quiet(const PointDef *def) {
    double h = isnan(def->limit_high) ? INFINITY : def->limit_high;
    return isnan(def->limit_high_high) ? h : MIN(h, def->limit_high_high);
}

static double lowest_quiet(const PointDef *def) {
    double l = isnan(def->limit_low) ? -INFINITY : def->limit_low;
    return isnan(def->limit_low_low) ? l : MAX(l, def->limit_low_low);
}

static gint32 watched_32(gint64 ms) { return ms > 0 && ms < NEVER_32 ? (gint32)ms : NEVER_32; }

void engine_derive(Hot *hot, const PointDef *def) {
    hot->quiet_low = lowest_quiet(def);
    hot->quiet_high = highest_quiet(def);
    hot->stale_ms = watched_32(def->stale_ms);
    hot->stuck_ms = watched_32(def->stuck_ms);
    hot->state &= (guint8) ~(POINT_OUT | POINT_RATE);
    if (!def->in_service)
        hot->state |= POINT_OUT;
    if (!isnan(def->rate_limit))
        hot->state |= POINT_RATE;
}

void engine_fresh(Slice *slice, guint32 i, const PointDef *def) {
    static const Cold none;
    slice->hot[i] = (Hot){.state = POINT_FRESH};
    if (memcmp(&slice->cold[i], &none, sizeof none) !=
        0) /* a page that is only read costs nothing */
        slice->cold[i] = none;
    slice->due_ms[i] = 0;
    engine_derive(&slice->hot[i], def);
    if (def->suppressed)
        slice->hot[i].state |= POINT_SUPPRESSED;
}

/* Room for all points of the table. */
static void engine_widen(Engine *engine) {
    guint32 known = engine->points, points = point_table_count(engine->table);
    guint32 slices = (points + ENGINE_SLICE - 1) / ENGINE_SLICE;
    if (slices > engine->slices)
        engine->slice = g_renew(Slice *, engine->slice, slices);
    for (; engine->slices < slices; engine->slices++) {
        engine->slice[engine->slices] = g_new0(Slice, 1);
        engine->slice[engine->slices]->touched = TRUE;
    }
    for (; engine->points < points; engine->points++) {
        Slice *slice = engine->slice[engine->points / ENGINE_SLICE];
        engine_fresh(slice, engine->points % ENGINE_SLICE,
                     point_table_def(engine->table, engine->points));
    }
    if (engine->points == known)
        return;
    for (guint32 i = known; i < engine->points; i++)
        if (point_table_def(engine->table, i)->extra)
            extra_install(engine, i);
    if (engine->unresolved)
        extras_resolve(engine);
}

Engine *engine_new(const PointTable *table, EngineOutput output) {
    Engine *engine = g_new0(Engine, 1);
    engine->table = table;
    engine->output = output;
    engine->max_position = G_MININT64;
    engine_widen(engine);
    return engine;
}

void engine_free(Engine *engine) {
    if (engine == NULL)
        return;
    for (guint32 i = 0; i < engine->slices; i++) {
        extras_free(engine->slice[i]);
        g_free(engine->slice[i]);
    }
    if (engine->feeds)
        g_hash_table_unref(engine->feeds);
    g_free(engine->feed_bits);
    g_free(engine->slice);
    g_free(engine);
}

Turn engine_turn(Engine *engine, guint32 point, gint64 seq) {
    Slice *slice = engine->slice[point / ENGINE_SLICE];
    guint32 i = point % ENGINE_SLICE;
    slice->touched = TRUE;
    return (Turn){
        .engine = engine,
        .def = point_table_def(engine->table, point),
        .hot = &slice->hot[i],
        .cold = &slice->cold[i],
        .extra = slice->hot[i].state & POINT_EXTRA ? extra_find(slice, point) : NULL,
        .due_ms = &slice->due_ms[i],
        .point = point,
        .seq = seq,
    };
}

/* ---- saying ---- */

void engine_say(Engine *engine, const AlarmEvent *event) {
    EngineCounts *counts = &engine->counts;
    counts->events++;
    counts->active += event->kind == ALARM_RAISE;
    counts->active -= event->kind == ALARM_RETURN || event->kind == ALARM_OUT;
    engine->output.alarm(engine->output.data, event);
}

/* ---- samples ---- */

static void publish(Engine *engine, guint32 point, const Judged *sample, gboolean late) {
    engine->output.history(engine->output.data, point, sample->time_ms, sample->value,
                           sample->quality, late);
}

/* Not newer than the last one. */
static void out_of_order(Engine *engine, guint32 point, const Hot *hot, const Judged *sample) {
    if (sample->time_ms == hot->time_ms && sample->value == hot->value) {
        engine->counts.duplicates++;
        return;
    }
    engine->counts.late++;
    publish(engine, point, sample, TRUE);
}

/* Whether nothing but the last value has to change; then it is done. The common case, so it knows
 * only the first half of the state. */
static inline gboolean quiet_sample(Hot *hot, const Judged *sample) {
    gint64 gap = sample->time_ms - hot->time_ms;
    if ((hot->met | hot->active | (hot->state & POINT_SLOW)) || sample->quality == QUALITY_BAD ||
        sample->value <= hot->quiet_low || sample->value >= hot->quiet_high ||
        gap > hot->stale_ms || sample->received_ms < hot->received_ms)
        return FALSE;
    if (sample->value != hot->value)
        hot->same_since_ms = sample->time_ms;
    else if (sample->time_ms - hot->same_since_ms >= hot->stuck_ms)
        return FALSE;
    hot->time_ms = sample->time_ms;
    hot->received_ms = sample->received_ms;
    hot->value = sample->value;
    hot->quality = (guint8)sample->quality;
    gboolean backlog = sample->received_ms - sample->time_ms > BACKLOG_MS;
    hot->state = (guint8)((hot->state & ~POINT_BACKLOG) | (backlog ? POINT_BACKLOG : 0));
    return TRUE;
}

static inline void one_sample(Engine *engine, guint32 point, const Judged *sample,
                              gint64 event_seq) {
    Slice *slice = engine->slice[point / ENGINE_SLICE];
    Hot *hot = &slice->hot[point % ENGINE_SLICE];
    if (sample->time_ms <= hot->time_ms && !(hot->state & POINT_FRESH)) {
        out_of_order(engine, point, hot, sample);
        return;
    }
    slice->touched = TRUE;
    if (!quiet_sample(hot, sample)) {
        Turn turn = engine_turn(engine, point, event_seq);
        rules_sample(&turn, sample);
    }
    publish(engine, point, sample, FALSE);
}

void engine_sample(Engine *engine, guint32 point, const Judged *sample, gint64 event_seq) {
    one_sample(engine, point, sample, event_seq);
}

static inline void prefetch(const Engine *engine, guint32 point) {
    if (point >= engine->points)
        return;
    __builtin_prefetch(&engine->slice[point / ENGINE_SLICE]->hot[point % ENGINE_SLICE], 1);
    if (engine->output.soon)
        engine->output.soon(engine->output.data, point);
}

static inline gboolean is_fed(const Engine *engine, guint32 point) {
    return point / 64 < engine->feed_words && engine->feed_bits[point / 64] >> point % 64 & 1;
}

void engine_batch(Engine *engine, gint64 seq, const SampleBatch *batch) {
    gboolean check = seq <= engine->max_position;
    engine_widen(engine);
    for (guint32 i = 0; i < MIN(batch->n, (guint32)AHEAD); i++)
        prefetch(engine, batch->point[i]);
    for (guint32 i = 0; i < batch->n; i++) {
        guint32 point = batch->point[i];
        if (i + AHEAD < batch->n)
            prefetch(engine, batch->point[i + AHEAD]);
        if (point >= engine->points)
            continue;
        Judged sample = {batch->time_ms[i], batch->received_ms, batch->value[i], batch->quality[i]};
        if (!check || seq > engine->slice[point / ENGINE_SLICE]->position) {
            engine->counts.samples++;
            engine->counts.bad += batch->quality[i] == QUALITY_BAD;
            one_sample(engine, point, &sample, (seq << 20) + (gint64)i * 32);
        }
        if (engine->feeds && is_fed(engine, point))
            extras_feed(engine, seq, i, point, &sample);
    }
}

/* ---- ticks and changes ---- */

gint64 engine_tick_room(guint32 points) { return 1 + (gint64)(points >> 17); }

static void tick_slice(Engine *engine, guint32 number, gint64 seq, gint64 received_ms) {
    Slice *slice = engine->slice[number];
    guint32 first = number * ENGINE_SLICE, n = MIN(engine->points - first, (guint32)ENGINE_SLICE);
    if (seq <= slice->position)
        return;
    for (guint32 i = 0; i < n; i++) {
        if (slice->due_ms[i] > received_ms)
            continue;
        Turn turn = engine_turn(engine, first + i, (seq << 20) + (gint64)(first + i) * 8);
        if (turn.extra)
            extra_tick(&turn, received_ms);
        rules_tick(&turn, received_ms);
        if (turn.extra)
            slice->due_ms[i] = 0; /* its rules are looked at by every tick */
    }
}

void engine_tick(Engine *engine, gint64 seq, gint64 received_ms) {
    engine_widen(engine);
    engine->counts.ticks++;
    for (guint32 i = 0; i < engine->slices; i++)
        tick_slice(engine, i, seq, received_ms);
}

static void resume_slice(Slice *slice, gint64 down_ms) {
    for (guint32 i = 0; i < ENGINE_SLICE; i++)
        if (slice->hot[i].received_ms)
            slice->hot[i].received_ms += down_ms;
    for (guint i = 0; slice->extras && i < slice->extras->len; i++) {
        Extra *extra = slice->extras->pdata[i];
        if (extra->time_ms)
            extra->received_ms += down_ms;
    }
    slice->touched = TRUE;
}

void engine_resume(Engine *engine, gint64 seq, gint64 down_ms) {
    engine_widen(engine);
    for (guint32 i = 0; i < engine->slices; i++)
        if (seq > engine->slice[i]->position)
            resume_slice(engine->slice[i], down_ms);
}

void engine_point_changed(Engine *engine, gint64 seq, guint32 point, gint64 received_ms) {
    engine_widen(engine);
    g_assert(point < engine->points);
    if (seq <= engine->slice[point / ENGINE_SLICE]->position)
        return;
    Turn turn = engine_turn(engine, point, seq << 20);
    rules_changed(&turn, received_ms);
}

/* ---- reading ---- */

PointNow engine_now(const Engine *engine, guint32 point) {
    PointNow now = {.value = NAN};
    if (point >= engine->points)
        return now;
    const Hot *hot = &engine->slice[point / ENGINE_SLICE]->hot[point % ENGINE_SLICE];
    if (!(hot->state & POINT_FRESH)) {
        now.value = hot->value;
        now.time_ms = hot->time_ms;
        now.received_ms = hot->received_ms;
        now.quality = hot->quality;
    }
    now.high = rules_level(hot->active, CONDITION_HIGH);
    now.low = rules_level(hot->active, CONDITION_LOW);
    now.rate = rules_level(hot->active, CONDITION_RATE);
    now.stale = rules_level(hot->active, CONDITION_STALE) != ALARM_LEVEL_NONE;
    now.stuck = rules_level(hot->active, CONDITION_STUCK) != ALARM_LEVEL_NONE;
    now.bad = rules_level(hot->active, CONDITION_BAD) != ALARM_LEVEL_NONE;
    now.suppressed = !!(hot->state & POINT_SUPPRESSED);
    if (hot->state & POINT_EXTRA)
        now.rules = extra_active(extra_find(engine->slice[point / ENGINE_SLICE], point));
    return now;
}

GArray *engine_standing(const Engine *engine) {
    GArray *events = g_array_new(FALSE, FALSE, sizeof(AlarmEvent));
    for (guint32 i = 0; i < engine->points; i++) {
        Slice *slice = engine->slice[i / ENGINE_SLICE];
        Hot *hot = &slice->hot[i % ENGINE_SLICE];
        if (!hot->active && !(hot->state & POINT_EXTRA))
            continue;
        Turn turn = {.def = point_table_def(engine->table, i),
                     .hot = hot,
                     .cold = &slice->cold[i % ENGINE_SLICE],
                     .extra = hot->state & POINT_EXTRA ? extra_find(slice, i) : NULL,
                     .point = i};
        rules_standing(&turn, events);
        extra_standing(&turn, events);
    }
    return events;
}

EngineCounts engine_counts(const Engine *engine) {
    EngineCounts counts = engine->counts;
    counts.points = engine->points;
    return counts;
}
