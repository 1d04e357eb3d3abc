#include "signal/engine.h"
#include "signal/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECOND_MS = 1000,
    WARM_MS = 86400000,
    WINDOW_MS = HISTORY_HOUR_MS,
    WINDOW_MANY_MS = HISTORY_HOUR_MS / 6, /* many points: less at a time */
    MANY = 50000,
    ASK_EACH = 4096 /* ticks between looks at the clock */
};

typedef struct {
    gint64 time_ms;
    double value;
    guint32 point;
    guint8 quality;
} ReplaySample;

typedef struct {
    Sql *samples;
    const ReplayPoints *points;
    const ReplayPlan *plan;
    Engine *engine;
    SpanFold *fold;
    GArray *all;        /* ReplaySample of the window */
    GArray **unsaved;   /* by point: HistorySample; NULL: none */
    gboolean *derived;  /* by point: made by the engine */
    guint8 *mute;       /* by point: silent since before its first sample */
    SampleBatch *batch; /* of one second */
    gint64 seq;
    guint64 judged;
    guint asked;
} Replay;

/* The silence of a point before its first sample is not judged: where history begins is no answer
 * to when the point should have begun to speak. */
static gboolean is_silent_before(Replay *replay, const AlarmEvent *event) {
    guint8 *mute = &replay->mute[event->point];
    if (event->condition != CONDITION_STALE || event->kind == ALARM_IN)
        return FALSE;
    if (event->kind == ALARM_RAISE)
        *mute = isnan(event->value);
    return *mute;
}

static void on_alarm(gpointer data, const AlarmEvent *event) {
    Replay *replay = data;
    if (!is_silent_before(replay, event))
        span_fold_event(replay->fold, event);
}

static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    (void)data, (void)point, (void)time_ms, (void)value, (void)quality, (void)late;
}

/* ---- the samples of a window ---- */

static gint by_time(gconstpointer a, gconstpointer b) {
    const ReplaySample *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

static void drop_late(GArray *samples) {
    HistorySample *all = (HistorySample *)(void *)samples->data;
    guint kept = 0;
    for (guint i = 0; i < samples->len; i++)
        if (!all[i].late)
            all[kept++] = all[i];
    g_array_set_size(samples, kept);
}

static void add_unsaved(const GArray *unsaved, gint64 from_ms, gint64 to_ms, GArray *out) {
    for (guint i = 0; unsaved && i < unsaved->len; i++) {
        const HistorySample *sample = &g_array_index(unsaved, HistorySample, i);
        if (sample->time_ms >= from_ms && sample->time_ms < to_ms)
            g_array_append_vals(out, sample, 1);
    }
}

static gboolean load_point(Replay *replay, guint32 point, gint64 from_ms, gint64 to_ms,
                           GError **error) {
    g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    guint32 number = g_array_index(replay->points->number, guint32, point);
    if (!history_read(replay->samples, number, from_ms, to_ms, own, error))
        return FALSE;
    add_unsaved(replay->unsaved[point], from_ms, to_ms, own);
    drop_late(own);
    history_order(own);
    for (guint i = 0; i < own->len; i++) {
        const HistorySample *sample = &g_array_index(own, HistorySample, i);
        ReplaySample one = {sample->time_ms, sample->value, point, sample->quality};
        g_array_append_val(replay->all, one);
    }
    return TRUE;
}

static gboolean within_bounds(const Replay *replay, GError **error) {
    const ReplayPlan *plan = replay->plan;
    if (plan->samples_max && replay->judged + replay->all->len > plan->samples_max)
        return error_set(error, ERROR_REQUEST, "from", "样本过多 / too many samples",
                         "缩短时段或减少监测点 / a shorter time or fewer points", NULL);
    if (plan->until_us && g_get_monotonic_time() > plan->until_us)
        return error_set(error, ERROR_REQUEST, "from", "计算时间过长 / this takes too long",
                         "缩短时段或减少监测点 / a shorter time or fewer points", NULL);
    return plan->cancel == NULL || !atomic_load(plan->cancel) ||
           error_set(error, ERROR_BUSY, NULL, "shutting down", NULL);
}

static gboolean load_window(Replay *replay, gint64 from_ms, gint64 to_ms, GError **error) {
    g_array_set_size(replay->all, 0);
    for (guint32 i = 0; i < replay->points->number->len; i++) {
        if (replay->derived[i])
            continue;
        if (!load_point(replay, i, from_ms, to_ms, error) || !within_bounds(replay, error))
            return FALSE;
    }
    g_array_sort(replay->all, by_time);
    return TRUE;
}

/* ---- judging ---- */

static void judge_batch(Replay *replay) {
    if (replay->batch->n == 0)
        return;
    engine_batch(replay->engine, replay->seq++, replay->batch);
    replay->judged += replay->batch->n;
    replay->batch->n = 0;
}

/* What was measured in the second before `tick_ms`, then the tick. */
static void judge_second(Replay *replay, guint *at, gint64 tick_ms) {
    replay->batch->received_ms = tick_ms;
    for (; *at < replay->all->len; ++*at) {
        const ReplaySample *sample = &g_array_index(replay->all, ReplaySample, *at);
        if (sample->time_ms >= tick_ms)
            break;
        if (replay->batch->n == ENGINE_ROW)
            judge_batch(replay);
        sample_batch_add(replay->batch, sample->point, sample->time_ms, sample->value,
                         sample->quality);
    }
    judge_batch(replay);
    engine_tick(replay->engine, replay->seq, tick_ms);
    replay->seq += engine_tick_room(replay->points->number->len);
}

static gboolean judge_window(Replay *replay, gint64 from_ms, gint64 to_ms, GError **error) {
    guint at = 0;
    if (!load_window(replay, from_ms, to_ms, error))
        return FALSE;
    for (gint64 tick_ms = from_ms + SECOND_MS; tick_ms <= to_ms; tick_ms += SECOND_MS) {
        judge_second(replay, &at, tick_ms);
        if (++replay->asked % ASK_EACH == 0 && !within_bounds(replay, error))
            return FALSE;
    }
    return TRUE;
}

/* Time begins with history: what was before it is nobody's silence. */
static gboolean first_time(Replay *replay, gint64 *from_ms, GError **error) {
    gint64 first_hour, last_hour;
    if (!history_bounds(replay->samples, &first_hour, &last_hour, error))
        return FALSE;
    gint64 first_ms = first_hour == G_MAXINT64 ? G_MAXINT64 : first_hour * HISTORY_HOUR_MS;
    for (guint32 i = 0; i < replay->points->number->len; i++)
        for (guint k = 0; replay->unsaved[i] && k < replay->unsaved[i]->len; k++)
            first_ms = MIN(first_ms, g_array_index(replay->unsaved[i], HistorySample, k).time_ms);
    first_ms -= first_ms % SECOND_MS;
    *from_ms = MAX(*from_ms, first_ms);
    return TRUE;
}

static gboolean judge_all(Replay *replay, GError **error) {
    gint64 window = replay->points->number->len > MANY ? WINDOW_MANY_MS : WINDOW_MS;
    gint64 from_ms = MAX(replay->plan->from_ms - WARM_MS, 0), to_ms = replay->plan->to_ms;
    from_ms -= from_ms % SECOND_MS;
    if (!first_time(replay, &from_ms, error))
        return FALSE;
    while (from_ms < to_ms) {
        gint64 next = MIN(from_ms - from_ms % window + window, to_ms);
        next += (SECOND_MS - next % SECOND_MS) % SECOND_MS;
        if (!judge_window(replay, from_ms, next, error))
            return FALSE;
        from_ms = next;
    }
    return TRUE;
}

/* ---- life ---- */

static void prepare(Replay *replay) {
    guint n = replay->points->number->len;
    replay->derived = g_new0(gboolean, n + 1);
    replay->mute = g_new0(guint8, n + 1);
    replay->unsaved = g_new0(GArray *, n + 1);
    for (guint i = 0; i < n; i++) {
        const PointDef *def = point_table_def(replay->points->table, i);
        json_t *extra = def->extra ? json_loads(def->extra, 0, NULL) : NULL;
        replay->derived[i] = json_object_get(extra, "derive") != NULL;
        json_decref(extra);
        if (replay->plan->unsaved && !replay->derived[i])
            replay->unsaved[i] = replay->plan->unsaved(
                replay->plan->data, g_array_index(replay->points->number, guint32, i));
    }
    replay->all = g_array_new(FALSE, FALSE, sizeof(ReplaySample));
    replay->batch = sample_batch_new(1024);
    replay->seq = 1;
    replay->fold = span_fold_new(replay->points->table, replay->plan->contacts);
    replay->engine =
        engine_new(replay->points->table,
                   (EngineOutput){.alarm = on_alarm, .history = on_history, .data = replay});
}

static void finish(Replay *replay) {
    for (guint i = 0; i < replay->points->number->len; i++)
        g_clear_pointer(&replay->unsaved[i], g_array_unref);
    g_free(replay->unsaved);
    g_free(replay->derived);
    g_free(replay->mute);
    g_array_unref(replay->all);
    sample_batch_free(replay->batch);
    engine_free(replay->engine);
}

static void keep_wanted(AlarmSpans *spans, const ReplayPoints *points) {
    for (guint i = spans->list->len; i-- > 0;) {
        const AlarmSpan *span = alarm_spans_at(spans, i);
        guint32 point = point_table_find(points->table, span->point, strlen(span->point));
        if (point != POINT_NONE && !points->wanted[point])
            g_array_remove_index(spans->list, i);
    }
}

AlarmSpans *replay_history(Sql *samples, const ReplayPoints *points, const ReplayPlan *plan,
                           guint64 *judged, GError **error) {
    Replay replay = {.samples = samples, .points = points, .plan = plan};
    prepare(&replay);
    gboolean good = judge_all(&replay, error);
    AlarmSpans *spans = span_fold_end(replay.fold);
    finish(&replay);
    *judged = replay.judged;
    if (good) {
        keep_wanted(spans, points);
        alarm_spans_clip(spans, plan->from_ms, plan->to_ms);
        return spans;
    }
    alarm_spans_free(spans);
    return NULL;
}
