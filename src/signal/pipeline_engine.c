#include "signal/pipeline_state.h"

#include "base/log.h"

#include <string.h>

enum { TAKE = 64, IDLE_MS = 100 };

/* ---- what the engine says ---- */

static void on_alarm(gpointer data, const AlarmEvent *event) {
    Pipeline *pipeline = data;
    g_array_append_vals(pipeline->events, event, 1);
}

static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    Pipeline *pipeline = data;
    history_add(pipeline->blocks, point, time_ms, value, quality, late, pipeline->closed);
}

static void on_soon(gpointer data, guint32 point) {
    history_soon(((Pipeline *)data)->blocks, point);
}

void engine_open(Pipeline *pipeline) {
    EngineOutput output = {
        .alarm = on_alarm, .history = on_history, .data = pipeline, .soon = on_soon};
    pipeline->engine = engine_new(pipeline->config.table, output);
    pipeline->blocks = history_blocks_new(point_table_count(pipeline->config.table));
}

/* ---- one item ---- */

/* A batch larger than a row of the log is as many rows, each judged under its own sequence number.
 */
static void evaluate_samples(Pipeline *pipeline, const Item *item) {
    const SampleBatch *all = item->batch;
    gint64 seq = item->seq;
    for (guint32 at = 0; at < all->n; at += ENGINE_ROW, seq++) {
        SampleBatch row = {
            .received_ms = all->received_ms,
            .n = MIN(all->n - at, (guint32)ENGINE_ROW),
            .point = all->point + at,
            .time_ms = all->time_ms + at,
            .value = all->value + at,
            .quality = all->quality + at,
        };
        engine_batch(pipeline->engine, seq, &row);
    }
}

void evaluate(Pipeline *pipeline, Item *item) {
    switch (item->kind) {
    case ITEM_SAMPLES:
        evaluate_samples(pipeline, item);
        break;
    case ITEM_TICK:
        engine_tick(pipeline->engine, item->seq, item->received_ms);
        break;
    case ITEM_CHANGE:
        point_table_apply(pipeline->config.table, item->point, &item->def);
        engine_point_changed(pipeline->engine, item->seq, item->point, item->received_ms);
        break;
    case ITEM_RESUME:
        engine_resume(pipeline->engine, item->seq, item->down_ms);
        break;
    case ITEM_WAKE:
        return;
    }
    pipeline->seq = item->last_seq;
}

/* ---- giving events to the sink ---- */

static const AlarmEvent *event_at(const Pipeline *pipeline, guint i) {
    return &g_array_index(pipeline->events, AlarmEvent, i);
}

static const char *enterprise_at(const Pipeline *pipeline, guint i) {
    return point_table_enterprise(pipeline->config.table, event_at(pipeline, i)->point);
}

static gboolean same_row(const Pipeline *pipeline, guint a, guint b) {
    return alarm_event_row(event_at(pipeline, a)->seq) ==
           alarm_event_row(event_at(pipeline, b)->seq);
}

static gint by_enterprise(gconstpointer a, gconstpointer b, gpointer data) {
    const PointTable *table = ((Pipeline *)data)->config.table;
    const AlarmEvent *x = a, *y = b;
    int order =
        strcmp(point_table_enterprise(table, x->point), point_table_enterprise(table, y->point));
    return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

/* A row that says much (a tick after which many points are silent) is put in the order of
 * enterprises: what one enterprise has to say can then be given in one call. The order of one
 * point's events stays. */
static void sort_large_rows(Pipeline *pipeline) {
    GArray *events = pipeline->events;
    for (guint from = 0, to; from < events->len; from = to) {
        for (to = from + 1; to < events->len && same_row(pipeline, from, to); to++)
            ;
        if (to - from > EVENTS_PER_SINK)
            g_qsort_with_data(events->data + (gsize)from * sizeof(AlarmEvent), (gint)(to - from),
                              sizeof(AlarmEvent), by_enterprise, pipeline);
    }
}

/* How many events from `from` make one call: a bounded number, and never a part of what a row says
 * of one enterprise. Silence is cheap (signal/alarm_contact), so that much of it goes together. */
static guint portion(const Pipeline *pipeline, guint from) {
    guint dear = 0, to = from;
    for (; to < pipeline->events->len; to++) {
        gboolean full = dear >= EVENTS_PER_SINK || to - from >= SILENCE_PER_SINK;
        if (full && !(same_row(pipeline, to, to - 1) &&
                      enterprise_at(pipeline, to) == enterprise_at(pipeline, to - 1)))
            break;
        dear += event_at(pipeline, to)->condition != CONDITION_STALE;
    }
    return to - from;
}

/* Gives all events to the sink, which makes them durable. */
gboolean deliver(Pipeline *pipeline, GError **error) {
    const PipelineSink *sink = &pipeline->config.sink;
    guint done = 0;
    gboolean good = TRUE;
    sort_large_rows(pipeline);
    while (good && done < pipeline->events->len) {
        guint n = portion(pipeline, done);
        good = sink->alarms == NULL || sink->alarms(sink->data, event_at(pipeline, done), n, error);
        done += good ? n : 0;
        serve_requests(pipeline);
    }
    g_array_remove_range(pipeline->events, 0, done);
    return good;
}

/* A sink that fails is asked again until it works: no alarm is passed over, and the doors refuse
 * meanwhile. When the pipeline is being stopped it gives up, and the log has the rest for the next
 * start. */
static void deliver_surely(Pipeline *pipeline) {
    guint n = pipeline->events->len;
    for (int tries = 0; !pipeline->broken; tries++) {
        g_autoptr(GError) error = NULL;
        if (deliver(pipeline, &error)) {
            if (n > 0)
                histogram_add(&pipeline->times.committed,
                              g_get_monotonic_time() - pipeline->events_us, n);
            return;
        }
        log_error("signal", error, "storing alarms (will be tried again)");
        if (atomic_load(&pipeline->stopping) && tries > 0)
            pipeline->broken = TRUE;
        for (int i = 0; i < 10 && !pipeline->broken; i++) {
            g_usleep(RETRY_MS * 100);
            serve_requests(pipeline);
        }
    }
}

/* ---- questions ---- */

static void add_waiting(const GPtrArray *chunks, guint32 point, GArray *out) {
    for (guint i = 0; i < chunks->len; i++) {
        const HistoryChunk *chunk = chunks->pdata[i];
        if (chunk->point == point)
            history_chunk_append(chunk, out);
    }
}

static GArray *open_samples(const Pipeline *pipeline, guint32 point) {
    GArray *out = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    if (pipeline->save)
        add_waiting(pipeline->save->chunks, point, out);
    add_waiting(pipeline->closed, point, out);
    g_autoptr(GArray) open = history_open(pipeline->blocks, point);
    g_array_append_vals(out, open->data, open->len);
    return out;
}

static void answer(Pipeline *pipeline, Request *request) {
    if (request->now == NULL)
        request->open = open_samples(pipeline, request->point);
    for (guint i = 0; request->now && i < request->n; i++)
        request->now[i] = engine_now(pipeline->engine, request->points[i]);
    request->over = TRUE;
}

static void take_request(Pipeline *pipeline) {
    Request *request = pipeline->requests;
    pipeline->requests = request->next;
    if (!request->checkpoint) {
        answer(pipeline, request);
        return;
    }
    request->next = pipeline->checkpoints;
    pipeline->checkpoints = request;
}

void serve_requests(Pipeline *pipeline) {
    if (!atomic_exchange(&pipeline->asked, FALSE))
        return;
    pthread_mutex_lock(&pipeline->lock);
    while (pipeline->requests)
        take_request(pipeline);
    pthread_cond_broadcast(&pipeline->progress);
    pthread_mutex_unlock(&pipeline->lock);
}

static void serve_checkpoints(Pipeline *pipeline) {
    if (pipeline->checkpoints == NULL)
        return;
    gboolean good = !pipeline->broken && save_all(pipeline, NULL);
    pthread_mutex_lock(&pipeline->lock);
    for (Request *request = pipeline->checkpoints; request;) {
        Request *next = request->next; /* the asker may leave once it is over */
        request->good = good;
        request->over = TRUE;
        request = next;
    }
    pipeline->checkpoints = NULL;
    pthread_cond_broadcast(&pipeline->progress);
    pthread_mutex_unlock(&pipeline->lock);
}

/* ---- the thread ---- */

static void publish_progress(Pipeline *pipeline, gboolean alarms_too) {
    pthread_mutex_lock(&pipeline->lock);
    pipeline->applied_seq = pipeline->seq;
    if (alarms_too && !pipeline->broken)
        pipeline->evaluated_seq = pipeline->seq;
    pipeline->counts = engine_counts(pipeline->engine);
    atomic_store(&pipeline->chunks_waiting,
                 pipeline->closed->len + (pipeline->save ? pipeline->save->chunks->len : 0));
    atomic_store(&pipeline->late_waiting, history_late(pipeline->blocks));
    pthread_cond_broadcast(&pipeline->progress);
    pthread_mutex_unlock(&pipeline->lock);
}

static void release(Pipeline *pipeline, Item *item) {
    if (item->kind == ITEM_WAKE)
        return;
    guint n = item->batch ? item->batch->n : 0;
    item_free(item);
    atomic_fetch_sub(&pipeline->samples_waiting, n);
    atomic_fetch_sub(&pipeline->items, 1);
}

static void take_item(Pipeline *pipeline, Item *item) {
    gboolean change = item->kind == ITEM_CHANGE;
    if (item->kind != ITEM_WAKE)
        atomic_store(&pipeline->durable_us, item->durable_us);
    guint before = pipeline->events->len;
    if (!pipeline->broken)
        evaluate(pipeline, item);
    gint64 now_us = g_get_monotonic_time();
    if (item->kind == ITEM_SAMPLES)
        histogram_add(&pipeline->times.evaluated, now_us - item->durable_us, 1);
    if (before == 0 && pipeline->events->len > 0)
        pipeline->events_us = now_us;
    if (change)
        publish_progress(pipeline, FALSE);
    gboolean many_chunks = pipeline->closed->len >= CHUNKS_PER_SAVE;
    if (many_chunks || pipeline->events->len >= EVENTS_PER_SINK)
        deliver_surely(pipeline);
    if (many_chunks) /* what is saved must not be ahead of the alarms */
        save_now_and_then(pipeline);
    release(pipeline, item);
    serve_requests(pipeline);
}

static void end(Pipeline *pipeline) {
    g_autoptr(GError) error = NULL;
    if (!pipeline->broken && !save_all(pipeline, &error))
        log_error("signal", error, "last checkpoint (the log will be replayed)");
    pthread_mutex_lock(&pipeline->lock);
    pipeline->ended = TRUE; /* whoever still asks stops waiting */
    pthread_cond_broadcast(&pipeline->progress);
    pthread_mutex_unlock(&pipeline->lock);
}

void *engine_thread(void *data) {
    Pipeline *pipeline = data;
    gpointer items[TAKE];
    for (;;) {
        guint n = mailbox_take(pipeline->box, items, TAKE, IDLE_MS);
        for (guint i = 0; i < n; i++)
            take_item(pipeline, items[i]);
        if (n > 0) {
            deliver_surely(pipeline);
            publish_progress(pipeline, TRUE);
            atomic_store(&pipeline->durable_us, 0);
        }
        serve_requests(pipeline);
        serve_checkpoints(pipeline);
        save_now_and_then(pipeline);
        if (n == 0 && mailbox_closed(pipeline->box) && mailbox_length(pipeline->box) == 0)
            break;
    }
    end(pipeline);
    return NULL;
}
