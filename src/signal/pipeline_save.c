#include "signal/pipeline_state.h"
#include "signal/sample_log.h"

#include "base/log.h"

static void know_slices(Pipeline *pipeline) {
    guint32 n = engine_slices(pipeline->engine);
    pipeline->saved_seq = g_renew(gint64, pipeline->saved_seq, MAX(n, 1));
    for (; pipeline->saved_slices < n; pipeline->saved_slices++)
        pipeline->saved_seq[pipeline->saved_slices] = -1;
}

void save_restore(Pipeline *pipeline, guint32 slice, gint64 seq, const guint8 *bytes, gsize n) {
    know_slices(pipeline);
    if (slice >= pipeline->saved_slices)
        return;
    if (!slice_restore(pipeline->engine, pipeline->blocks, slice, bytes, n)) {
        log_warning("signal",
                    "checkpoint of slice %u is not readable: its points start anew from the log",
                    slice);
        return;
    }
    engine_set_position(pipeline->engine, slice, seq);
    pipeline->saved_seq[slice] = seq;
}

/* Every row up to this one is behind all checkpoints. 0 while a slice was never saved. */
gint64 saved_min(const Pipeline *pipeline) {
    gint64 least = pipeline->saved_slices ? G_MAXINT64 : 0;
    for (guint32 i = 0; i < pipeline->saved_slices; i++)
        least = MIN(least, MAX(pipeline->saved_seq[i], 0));
    return least;
}

/* ---- one save ---- */

static void saved_clear(gpointer data) {
    SavedSlice *saved = data;
    if (saved->bytes)
        g_byte_array_unref(saved->bytes);
}

static void chunk_free(gpointer data) { history_chunk_free(data); }

/* Takes the closed chunks with it. */
static Save *save_new(Pipeline *pipeline) {
    Save *save = g_new0(Save, 1);
    history_flush(pipeline->blocks, pipeline->closed);
    save->pipeline = pipeline;
    save->chunks = g_steal_pointer(&pipeline->closed);
    save->slices = g_array_new(FALSE, FALSE, sizeof(SavedSlice));
    g_array_set_clear_func(save->slices, saved_clear);
    pipeline->closed = g_ptr_array_new_with_free_func(chunk_free);
    return save;
}

static void save_free(Save *save) {
    g_ptr_array_unref(save->chunks);
    g_array_unref(save->slices);
    g_free(save);
}

static void save_add_slice(Save *save, guint32 slice) {
    Pipeline *pipeline = save->pipeline;
    if (pipeline->saved_seq[slice] == pipeline->seq)
        return;
    gboolean touched =
        engine_take_touched(pipeline->engine, slice) || pipeline->saved_seq[slice] < 0;
    SavedSlice saved = {slice, pipeline->seq,
                        touched ? slice_save(pipeline->engine, pipeline->blocks, slice) : NULL};
    g_array_append_val(save->slices, saved);
}

static gboolean save_run(Sql *samples, gpointer data, GError **error) {
    Save *save = data;
    gint64 gone = 0;
    /* history_write sorts, and the engine's thread may be reading save->chunks. */
    g_autoptr(GPtrArray) chunks = g_ptr_array_sized_new(save->chunks->len);
    for (guint i = 0; i < save->chunks->len; i++)
        g_ptr_array_add(chunks, save->chunks->pdata[i]);
    if (!history_write(samples, chunks, error))
        return FALSE;
    for (guint i = 0; i < save->slices->len; i++) {
        const SavedSlice *saved = &g_array_index(save->slices, SavedSlice, i);
        if (!checkpoint_write(samples, saved->slice, saved->seq, saved->bytes, error) ||
            !anchor_keep(samples, saved->slice, save->now_ms, save->anchor_ms, error))
            return FALSE;
    }
    save->days_wait = TRUE;
    for (guint i = 0; i < DAYS_PER_SAVE && save->days_wait; i++)
        if (!history_pack(samples, save->pack_hour, &save->days_wait, error))
            return FALSE;
    if (save->trim_hour > 0 && !history_trim(samples, save->trim_hour, TRIM_ROWS, &gone, error))
        return FALSE;
    return sample_log_trim(samples, save->trim_seq, save->trim_before_ms, TRIM_ROWS, &save->trimmed,
                           error);
}

static void save_done(gpointer data, const GError *error) {
    Save *save = data;
    if (error)
        log_error("signal", error, "saving history and checkpoints");
    Pipeline *pipeline = save->pipeline;
    pthread_mutex_lock(&pipeline->lock);
    save->over = TRUE;
    save->good = error == NULL;
    pthread_cond_broadcast(&pipeline->progress);
    pthread_mutex_unlock(&pipeline->lock);
}

static void save_push(Save *save) {
    Pipeline *pipeline = save->pipeline;
    gint64 now_ms = clock_now(pipeline->config.clock);
    save->over = save->good = FALSE;
    save->trim_seq = saved_min(pipeline);
    save->trim_before_ms = now_ms - pipeline->config.keep_ms;
    save->now_ms = now_ms;
    save->pack_hour = (now_ms - PACK_AFTER_MS) / HISTORY_HOUR_MS;
    save->anchor_ms = pipeline->config.keep_ms / 2;
    if (pipeline->config.retention_ms > 0)
        save->trim_hour = (now_ms - pipeline->config.retention_ms) / HISTORY_HOUR_MS;
    pipeline->last_save_ms = now_ms;
    writer_push(pipeline->config.writer, save_run, save_done, save);
}

/* After it is durable. */
static void save_settled(Save *save) {
    Pipeline *pipeline = save->pipeline;
    for (guint i = 0; i < save->slices->len; i++) {
        const SavedSlice *saved = &g_array_index(save->slices, SavedSlice, i);
        pipeline->saved_seq[saved->slice] = saved->seq;
    }
    atomic_fetch_sub(&pipeline->log_rows, save->trimmed);
    pipeline->days_wait = save->days_wait;
    save_free(save);
    pipeline->save = NULL;
}

/* Waits for the one on its way, trying again when it failed; false: it failed and `tries` are used
 * up. */
static gboolean save_wait(Pipeline *pipeline, int tries) {
    Save *save = pipeline->save;
    while (save) {
        pthread_mutex_lock(&pipeline->lock);
        while (!save->over)
            pthread_cond_wait(&pipeline->progress, &pipeline->lock);
        gboolean good = save->good;
        pthread_mutex_unlock(&pipeline->lock);
        serve_requests(pipeline);
        if (good) {
            save_settled(save);
            return TRUE;
        }
        if (--tries <= 0)
            return FALSE;
        g_usleep(RETRY_MS * 1000);
        save_push(save);
    }
    return TRUE;
}

/* ---- when ---- */

static guint at_once(const Pipeline *pipeline, gint64 due) {
    return (guint)MIN(due, MIN((gint64)SLICES_PER_SAVE, (gint64)pipeline->saved_slices));
}

/* Those without which a replay of many samples would take long. What one save has no room for stays
 * due. */
static guint slices_due_by_samples(Pipeline *pipeline) {
    guint64 samples = engine_counts(pipeline->engine).samples - pipeline->last_slice_samples;
    guint64 each = MAX(CHECKPOINT_SAMPLES / pipeline->saved_slices, 1);
    guint due = at_once(pipeline, (gint64)(samples / each));
    pipeline->last_slice_samples += due * each;
    return due;
}

/* Slices that are due, so many per save that each comes round in checkpoint_ms, and sooner when
 * many samples come. */
static guint slices_due(Pipeline *pipeline, gint64 now_ms) {
    know_slices(pipeline);
    if (pipeline->saved_slices == 0)
        return 0;
    gint64 each_ms = MAX(pipeline->config.checkpoint_ms / pipeline->saved_slices, 1);
    if (pipeline->last_slice_ms == 0 || now_ms < pipeline->last_slice_ms)
        pipeline->last_slice_ms = now_ms;
    gint64 due = (now_ms - pipeline->last_slice_ms) / each_ms;
    pipeline->last_slice_ms += due * each_ms;
    guint by_time = at_once(pipeline, due), by_samples = slices_due_by_samples(pipeline);
    return MAX(by_time, by_samples);
}

static gboolean still_running(Pipeline *pipeline) {
    if (pipeline->save == NULL)
        return FALSE;
    pthread_mutex_lock(&pipeline->lock);
    gboolean over = pipeline->save->over;
    pthread_mutex_unlock(&pipeline->lock);
    gboolean crowded =
        pipeline->closed->len >= CHUNKS_MAX || history_late(pipeline->blocks) >= LATE_MAX;
    if (over || crowded)
        save_wait(pipeline, atomic_load(&pipeline->stopping) ? 1 : G_MAXINT);
    return pipeline->save != NULL;
}

void save_now_and_then(Pipeline *pipeline) {
    if (pipeline->broken || still_running(pipeline))
        return;
    gint64 now_ms = clock_now(pipeline->config.clock);
    guint waiting = pipeline->closed->len + history_late(pipeline->blocks) / 16;
    guint slices = slices_due(pipeline, now_ms);
    gboolean long_ago =
        now_ms - pipeline->last_save_ms >= SAVE_MS || now_ms < pipeline->last_save_ms;
    if (slices == 0 && waiting < CHUNKS_PER_SAVE &&
        !(long_ago && (waiting > 0 || pipeline->days_wait)))
        return;
    pipeline->save = save_new(pipeline);
    for (guint i = 0; i < slices; i++) {
        save_add_slice(pipeline->save, pipeline->next_slice);
        pipeline->next_slice = (pipeline->next_slice + 1) % pipeline->saved_slices;
    }
    save_push(pipeline->save);
}

static gboolean save_and_wait(Pipeline *pipeline, gboolean slices, GError **error) {
    if (!save_wait(pipeline, 2))
        return error_set(error, ERROR_STORE, NULL, "history and checkpoints could not be saved",
                         NULL);
    know_slices(pipeline);
    pipeline->save = save_new(pipeline);
    for (guint32 i = 0; slices && i < pipeline->saved_slices; i++)
        save_add_slice(pipeline->save, i);
    save_push(pipeline->save);
    return save_wait(pipeline, 2) ||
           error_set(error, ERROR_STORE, NULL, "history and checkpoints could not be saved", NULL);
}

gboolean save_all(Pipeline *pipeline, GError **error) {
    return save_and_wait(pipeline, TRUE, error);
}
gboolean save_chunks(Pipeline *pipeline, GError **error) {
    return save_and_wait(pipeline, FALSE, error);
}
