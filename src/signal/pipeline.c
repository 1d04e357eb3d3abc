#include "signal/pipeline.h"

#include "signal/pipeline_state.h"
#include "signal/sample_log.h"

#include "base/log.h"

enum { KEEP_MS = 3600000, CHECKPOINT_MS = 30000, TICK_MS = 1000, ADMIT_WAIT_US = 2000 };

gboolean pipeline_migrate(Sql *samples, GError **error) {
    return sample_log_migrate(samples, error) && history_migrate(samples, error);
}

void item_free(Item *item) {
    sample_batch_free(item->batch);
    if (item->rows)
        g_ptr_array_unref(item->rows);
    if (item->kind == ITEM_CHANGE)
        point_def_clear(&item->def);
    g_free(item);
}

/* ---- the door ---- */

/* Counts the item in, or says that there is no room. The room is given back by the engine when it
 * has evaluated the item. A backlog fills only a part, so that live data finds room and little
 * before it. */
static gboolean admit(Pipeline *pipeline, guint samples, gboolean backlog) {
    guint items_max = backlog ? ITEMS_MAX / BACKLOG_PART : ITEMS_MAX,
          samples_max = backlog ? SAMPLES_MAX / BACKLOG_PART : SAMPLES_MAX;
    guint items = atomic_fetch_add(&pipeline->items, 1);
    guint waiting = atomic_fetch_add(&pipeline->samples_waiting, samples);
    if (items < items_max && (waiting == 0 || waiting + samples <= samples_max))
        return TRUE;
    atomic_fetch_sub(&pipeline->samples_waiting, samples);
    atomic_fetch_sub(&pipeline->items, 1);
    return FALSE;
}

static void admit_undo(Pipeline *pipeline, guint samples) {
    atomic_fetch_sub(&pipeline->samples_waiting, samples);
    atomic_fetch_sub(&pipeline->items, 1);
}

/* From here until logging_end the pipeline cannot end. False: it is ending. */
static gboolean logging_begin(Pipeline *pipeline) {
    pthread_mutex_lock(&pipeline->lock);
    gboolean open = !atomic_load(&pipeline->stopping);
    pipeline->logging += open;
    pthread_mutex_unlock(&pipeline->lock);
    return open;
}

static void logging_end(Pipeline *pipeline) {
    pthread_mutex_lock(&pipeline->lock);
    pipeline->logging--;
    pthread_cond_broadcast(&pipeline->progress);
    pthread_mutex_unlock(&pipeline->lock);
}

static gboolean item_log_samples(Item *item, Sql *samples, GError **error) {
    for (guint i = 0; i < item->rows->len; i++)
        if (!sample_log_append(samples, item->seq + i, LOG_SAMPLES, item->received_ms,
                               item->rows->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* The number of the code; a new one when it has none. */
static gboolean number_of(Sql *samples, const char *code, guint32 *point, GError **error) {
    gint64 number, next;
    if (!sql_get_int(samples, error, &number, -1, "SELECT number FROM point WHERE code = ?", "t",
                     code) ||
        !sql_get_int(samples, error, &next, 0, "SELECT MAX(number) + 1 FROM point", ""))
        return FALSE;
    *point = (guint32)(number >= 0 ? number : next);
    return number >= 0 || sql_run(samples, error, "INSERT INTO point (number, code) VALUES (?, ?)",
                                  "it", next, code);
}

static gboolean item_log_change(Item *item, Sql *samples, GError **error) {
    const PointTable *table = item->pipeline->config.table;
    if (!number_of(samples, item->def.code, &item->point, error))
        return FALSE;
    gboolean known = item->point < point_table_count(table);
    g_autoptr(GByteArray) bytes =
        change_encode(item->point, known ? point_table_def(table, item->point) : NULL, &item->def);
    return sample_log_append(samples, item->seq, LOG_CHANGE, item->received_ms, bytes, error);
}

static gboolean item_log_resume(Item *item, Sql *samples, GError **error) {
    gint64 down = GINT64_TO_BE(item->down_ms);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)&down, sizeof down);
    return sample_log_append(samples, item->seq, LOG_RESUME, item->received_ms, bytes, error);
}

/* Sequence numbers are given here, on the writer's thread, so their order is that of the log. A job
 * that fails leaves a gap. */
static gboolean item_log(Sql *samples, gpointer data, GError **error) {
    Item *item = data;
    Pipeline *pipeline = item->pipeline;
    gint64 rows = item->rows ? (gint64)item->rows->len : 1;
    if (item->kind == ITEM_TICK)
        rows = engine_tick_room(point_table_count(pipeline->config.table) + ITEMS_MAX);
    item->seq = pipeline->next_seq;
    item->last_seq = pipeline->next_seq + MAX(rows, 1) - 1;
    pipeline->next_seq = item->last_seq + 1;
    if (item->kind == ITEM_SAMPLES)
        return item_log_samples(item, samples, error);
    if (item->kind == ITEM_CHANGE)
        return item_log_change(item, samples, error);
    if (item->kind == ITEM_RESUME)
        return item_log_resume(item, samples, error);
    return sample_log_append(samples, item->seq, LOG_TICK, item->received_ms, NULL, error);
}

static void item_logged(gpointer data, const GError *error) {
    Item *item = data;
    Pipeline *pipeline = item->pipeline;
    PipelineDone done = item->done;
    gpointer done_data = item->data;
    if (error) {
        admit_undo(pipeline, item->batch ? item->batch->n : 0);
        item_free(item);
    } else {
        item->durable_us = g_get_monotonic_time();
        if (item->kind == ITEM_SAMPLES)
            histogram_add(&pipeline->times.durable, item->durable_us - item->pushed_us, 1);
        atomic_fetch_add(&pipeline->rows, 1);
        atomic_fetch_add(&pipeline->samples, item->batch ? item->batch->n : 0);
        atomic_fetch_add(&pipeline->log_rows, item->rows ? item->rows->len : 1);
        g_clear_pointer(&item->rows, g_ptr_array_unref); /* the log has them */
        atomic_store(&pipeline->log_seq, item->last_seq);
        gboolean put = mailbox_offer(pipeline->box, item); /* room was kept for it */
        g_assert(put);
    }
    if (done)
        done(done_data, error);
    logging_end(pipeline);
}

static Item *item_new(Pipeline *pipeline, ItemKind kind, gint64 received_ms) {
    Item *item = g_new0(Item, 1);
    item->kind = kind;
    item->pipeline = pipeline;
    item->received_ms = received_ms;
    item->pushed_us = g_get_monotonic_time();
    return item;
}

static void bytes_unref(gpointer bytes) { g_byte_array_unref(bytes); }

/* The batch as rows of the log. Done by the caller's thread: the writer has enough to do. */
static GPtrArray *encode_rows(const SampleBatch *all) {
    GPtrArray *rows = g_ptr_array_new_with_free_func(bytes_unref);
    for (guint32 at = 0; at < all->n; at += ENGINE_ROW) {
        SampleBatch row = *all;
        row.n = MIN(all->n - at, (guint32)ENGINE_ROW);
        row.point += at;
        row.time_ms += at;
        row.value += at;
        row.quality += at;
        g_ptr_array_add(rows, sample_batch_encode(&row));
    }
    return rows;
}

static gboolean refuse(Pipeline *pipeline, const char *why, GError **error) {
    atomic_fetch_add(&pipeline->refused, 1);
    return error_set(error, ERROR_BUSY, NULL, why, NULL);
}

gboolean pipeline_push(Pipeline *pipeline, SampleBatch *batch_take, PipelineDone done,
                       gpointer data, GError **error) {
    guint n = batch_take->n;
    if (!logging_begin(pipeline)) {
        sample_batch_free(batch_take);
        return refuse(pipeline, "shutting down", error);
    }
    if (!admit(pipeline, n, batch_take->backlog)) {
        atomic_fetch_add(&pipeline->refused_backlog, batch_take->backlog != FALSE);
        sample_batch_free(batch_take);
        logging_end(pipeline);
        return refuse(pipeline, "the engine is behind", error);
    }
    Item *item = item_new(pipeline, ITEM_SAMPLES, batch_take->received_ms);
    item->batch = batch_take;
    item->rows = encode_rows(batch_take);
    item->done = done;
    item->data = data;
    writer_push(pipeline->config.writer, item_log, item_logged, item);
    return TRUE;
}

/* ---- waiting ---- */

typedef struct {
    Pipeline *pipeline;
    GError *error;
    gboolean over;
} Waiting;

static void waiting_done(gpointer data, const GError *error) {
    Waiting *waiting = data;
    Pipeline *pipeline = waiting->pipeline;
    pthread_mutex_lock(&pipeline->lock);
    waiting->error = error ? g_error_copy(error) : NULL;
    waiting->over = TRUE;
    pthread_cond_broadcast(&pipeline->progress);
    pthread_mutex_unlock(&pipeline->lock);
}

static gboolean wait_done(Waiting *waiting, GError **error) {
    Pipeline *pipeline = waiting->pipeline;
    pthread_mutex_lock(&pipeline->lock);
    while (!waiting->over)
        pthread_cond_wait(&pipeline->progress, &pipeline->lock);
    pthread_mutex_unlock(&pipeline->lock);
    if (waiting->error == NULL)
        return TRUE;
    g_propagate_error(error, waiting->error);
    return FALSE;
}

gboolean pipeline_put(Pipeline *pipeline, SampleBatch *batch_take, GError **error) {
    Waiting waiting = {.pipeline = pipeline};
    return pipeline_push(pipeline, batch_take, waiting_done, &waiting, error) &&
           wait_done(&waiting, error);
}

static void wait_for(Pipeline *pipeline, const gint64 *progress, gint64 seq) {
    pthread_mutex_lock(&pipeline->lock);
    while (*progress < seq && !pipeline->ended)
        pthread_cond_wait(&pipeline->progress, &pipeline->lock);
    pthread_mutex_unlock(&pipeline->lock);
}

void pipeline_settle(Pipeline *pipeline) {
    wait_for(pipeline, &pipeline->evaluated_seq, atomic_load(&pipeline->log_seq));
}

/* ---- changes and ticks ---- */

/* The record is already committed, so a change is not refused: it waits for room. */
static gboolean change_push(Pipeline *pipeline, json_t *record, PipelineDone done, gpointer data,
                            GError **error) {
    if (!logging_begin(pipeline))
        return refuse(pipeline, "shutting down", error);
    while (!admit(pipeline, 0, FALSE))
        g_usleep(ADMIT_WAIT_US);
    Item *item = item_new(pipeline, ITEM_CHANGE, clock_now(pipeline->config.clock));
    point_def_read(&item->def, record);
    item->done = done;
    item->data = data;
    writer_push(pipeline->config.writer, item_log, item_logged, item);
    return TRUE;
}

gboolean pipeline_point_changed(Pipeline *pipeline, json_t *point_record, GError **error) {
    Waiting waiting = {.pipeline = pipeline};
    if (!change_push(pipeline, point_record, waiting_done, &waiting, error) ||
        !wait_done(&waiting, error))
        return FALSE;
    wait_for(pipeline, &pipeline->applied_seq, atomic_load(&pipeline->log_seq));
    return TRUE;
}

gboolean pipeline_points_changed(Pipeline *pipeline, json_t *point_records, GError **error) {
    size_t n = json_array_size(point_records);
    for (size_t i = 0; i + 1 < n; i++)
        if (!change_push(pipeline, json_array_get(point_records, i), NULL, NULL, error))
            return FALSE;
    return n == 0 || pipeline_point_changed(pipeline, json_array_get(point_records, n - 1), error);
}

/* False when there is no room: time then goes on with the next one. */
static gboolean tick_push(Pipeline *pipeline, gint64 now_ms, PipelineDone done, gpointer data) {
    if (!logging_begin(pipeline))
        return FALSE;
    if (!admit(pipeline, 0, FALSE)) {
        logging_end(pipeline);
        return FALSE;
    }
    Item *item = item_new(pipeline, ITEM_TICK, now_ms);
    item->done = done;
    item->data = data;
    writer_push(pipeline->config.writer, item_log, item_logged, item);
    return TRUE;
}

void pipeline_tick(Pipeline *pipeline) {
    Waiting waiting = {.pipeline = pipeline};
    g_autoptr(GError) error = NULL;
    if (tick_push(pipeline, clock_now(pipeline->config.clock), waiting_done, &waiting) &&
        wait_done(&waiting, &error))
        pipeline_settle(pipeline);
}

static void *ticker_thread(void *data) {
    Pipeline *pipeline = data;
    gint64 last_ms = 0;
    do {
        gint64 now_ms = clock_now(pipeline->config.clock);
        if (now_ms != last_ms &&
            tick_push(pipeline, now_ms, NULL, NULL)) /* a virtual clock may stand still */
            last_ms = now_ms;
    } while (bell_wait(&pipeline->ticker, TICK_MS) != BELL_STOPPED);
    return NULL;
}

/* ---- questions ---- */

static void ask(Pipeline *pipeline, Request *request) {
    pthread_mutex_lock(&pipeline->lock);
    request->next = pipeline->requests;
    pipeline->requests = request;
    atomic_store(&pipeline->asked, TRUE);
    if (mailbox_length(pipeline->box) ==
        0) /* otherwise the engine is awake, and looks after each item */
        mailbox_offer(pipeline->box, &pipeline->wake);
    while (!request->over && !pipeline->ended)
        pthread_cond_wait(&pipeline->progress, &pipeline->lock);
    pthread_mutex_unlock(&pipeline->lock);
}

void pipeline_now(Pipeline *pipeline, const guint32 *points, guint n, PointNow *now) {
    Request request = {.points = points, .n = n, .now = now};
    ask(pipeline, &request);
}

GArray *pipeline_open_block(Pipeline *pipeline, guint32 point) {
    Request request = {.point = point};
    ask(pipeline, &request);
    return request.open ? request.open : g_array_new(FALSE, FALSE, sizeof(HistorySample));
}

gboolean pipeline_checkpoint(Pipeline *pipeline, GError **error) {
    Request request = {.checkpoint = TRUE};
    ask(pipeline, &request);
    return request.over && request.good ? TRUE
                                        : error_set(error, ERROR_STORE, NULL, "checkpoint", NULL);
}

PipelineTimes *pipeline_times(Pipeline *pipeline) { return &pipeline->times; }

PipelineCounts pipeline_counts(Pipeline *pipeline) {
    gint64 waits_us = atomic_load(&pipeline->durable_us);
    PipelineCounts counts = {
        .log_seq = atomic_load(&pipeline->log_seq),
        .rows = atomic_load(&pipeline->rows),
        .samples = atomic_load(&pipeline->samples),
        .refused = atomic_load(&pipeline->refused),
        .refused_backlog = atomic_load(&pipeline->refused_backlog),
        .queued_rows = atomic_load(&pipeline->items),
        .queued_samples = atomic_load(&pipeline->samples_waiting),
        .queue_max = ITEMS_MAX,
        .queue_samples_max = SAMPLES_MAX,
        .chunks_waiting = atomic_load(&pipeline->chunks_waiting),
        .chunks_max = CHUNKS_MAX,
        .late_waiting = atomic_load(&pipeline->late_waiting),
        .late_max = LATE_MAX,
        .lag_us = waits_us ? MAX(g_get_monotonic_time() - waits_us, 0) : 0,
        .log_rows_kept = atomic_load(&pipeline->log_rows),
        .writer = writer_counts(pipeline->config.writer),
    };
    pthread_mutex_lock(&pipeline->lock);
    counts.engine = pipeline->counts;
    counts.engine_seq = pipeline->evaluated_seq;
    pthread_mutex_unlock(&pipeline->lock);
    return counts;
}

/* ---- start and stop ---- */

static void chunk_free(gpointer data) { history_chunk_free(data); }

static Pipeline *pipeline_new(const PipelineConfig *config) {
    Pipeline *pipeline = g_new0(Pipeline, 1);
    pipeline->config = *config;
    pipeline->uri = g_strdup(config->samples_uri);
    pipeline->config.samples_uri = pipeline->uri;
    if (pipeline->config.keep_ms <= 0)
        pipeline->config.keep_ms = KEEP_MS;
    if (pipeline->config.checkpoint_ms <= 0)
        pipeline->config.checkpoint_ms = CHECKPOINT_MS;
    pthread_mutex_init(&pipeline->lock, NULL);
    pthread_cond_init(&pipeline->progress, NULL);
    bell_init(&pipeline->ticker);
    pipeline->wake.kind = ITEM_WAKE;
    pipeline->box = mailbox_new(ITEMS_MAX + 64);
    pipeline->events = g_array_new(FALSE, FALSE, sizeof(AlarmEvent));
    pipeline->closed = g_ptr_array_new_with_free_func(chunk_free);
    return pipeline;
}

static void pipeline_free(Pipeline *pipeline) {
    engine_free(pipeline->engine);
    history_blocks_free(pipeline->blocks);
    g_array_unref(pipeline->events);
    g_ptr_array_unref(pipeline->closed);
    g_free(pipeline->saved_seq);
    mailbox_free(pipeline->box);
    pthread_mutex_destroy(&pipeline->lock);
    pthread_cond_destroy(&pipeline->progress);
    bell_clear(&pipeline->ticker);
    g_free(pipeline->uri);
    g_free(pipeline);
}

/* Before the first tick: says for how long nobody could be heard. */
static void resume_push(Pipeline *pipeline) {
    gint64 now_ms = clock_now(pipeline->config.clock);
    if (pipeline->last_received_ms == 0 || now_ms <= pipeline->last_received_ms ||
        !logging_begin(pipeline))
        return;
    while (!admit(pipeline, 0, FALSE))
        g_usleep(ADMIT_WAIT_US);
    Item *item = item_new(pipeline, ITEM_RESUME, now_ms);
    item->down_ms = now_ms - pipeline->last_received_ms;
    writer_push(pipeline->config.writer, item_log, item_logged, item);
}

Pipeline *pipeline_start(const PipelineConfig *config, GError **error) {
    Pipeline *pipeline = pipeline_new(config);
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    if (!pipeline_recover(pipeline, changes, error)) {
        pipeline_free(pipeline);
        return NULL;
    }
    int code = pthread_create(&pipeline->engine_thread, NULL, engine_thread, pipeline);
    g_assert(code == 0);
    resume_push(pipeline);
    for (guint i = 0; i < changes->len; i++)
        change_push(pipeline, changes->pdata[i], NULL, NULL, NULL);
    code = pthread_create(&pipeline->ticker_thread, NULL, ticker_thread, pipeline);
    g_assert(code == 0);
    return pipeline;
}

void pipeline_stop(Pipeline *pipeline) {
    if (pipeline == NULL)
        return;
    bell_stop(&pipeline->ticker);
    pthread_join(pipeline->ticker_thread, NULL);
    pthread_mutex_lock(&pipeline->lock);
    atomic_store(&pipeline->stopping, TRUE);
    while (pipeline->logging > 0)
        pthread_cond_wait(&pipeline->progress, &pipeline->lock);
    pthread_mutex_unlock(&pipeline->lock);
    mailbox_close(pipeline->box);
    pthread_join(pipeline->engine_thread, NULL);
    pipeline_free(pipeline);
}
