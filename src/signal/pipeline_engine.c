#include "signal/pipeline_state.h"

#include "base/log.h"

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

/* Gives all events to the sink, which makes them durable. */
gboolean deliver(Pipeline *pipeline, GError **error) {
    GArray *events = pipeline->events;
    const PipelineSink *sink = &pipeline->config.sink;
    guint done = 0;
    gboolean good = TRUE;
    while (good && done < events->len) {
        guint n = MIN(events->len - done, (guint)EVENTS_PER_SINK);
        const AlarmEvent *first = &g_array_index(events, AlarmEvent, done);
        good = sink->alarms == NULL || sink->alarms(sink->data, first, n, error);
        done += good ? n : 0;
        serve_requests(pipeline);
    }
    g_array_remove_range(events, 0, done);
    return good;
}

/* A sink that fails is asked again until it works: no alarm is passed over, and the doors refuse
 * meanwhile. When the pipeline is being stopped it gives up, and the log has the rest for the next
 * start. */
static void deliver_surely(Pipeline *pipeline) {
    for (int tries = 0; !pipeline->broken; tries++) {
        g_autoptr(GError) error = NULL;
        if (deliver(pipeline, &error))
            return;
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
    if (!pipeline->broken)
        evaluate(pipeline, item);
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
