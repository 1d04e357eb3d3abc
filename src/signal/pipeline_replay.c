/* Replays of the log (replay.h): a pipeline without threads and doors reads the rows again. */
#include "signal/pipeline_state.h"
#include "signal/replay.h"

#include "base/log.h"

#include <string.h>

/* ---- what history cannot see yet ---- */

struct ReplayUnsaved {
    Pipeline shell;       /* engine, blocks, closed */
    GHashTable *by_point; /* number -> GPtrArray of HistoryChunk */
    gint64 least;         /* position of the slice that was saved first */
};

static void no_alarm(gpointer data, const AlarmEvent *event) { (void)data, (void)event; }

static void keep_history(gpointer data, guint32 point, gint64 time_ms, double value,
                         Quality quality, gboolean late) {
    Pipeline *shell = data;
    history_add(shell->blocks, point, time_ms, value, quality, late, shell->closed);
}

static void chunk_free(gpointer data) { history_chunk_free(data); }
static void array_unref(gpointer data) { g_ptr_array_unref(data); }

static void unsaved_checkpoint(gpointer data, guint32 slice, gint64 seq, const guint8 *bytes,
                               gsize n) {
    ReplayUnsaved *unsaved = data;
    Pipeline *shell = &unsaved->shell;
    if (slice >= engine_slices(shell->engine) ||
        !slice_restore(shell->engine, shell->blocks, slice, bytes, n))
        return;
    engine_set_position(shell->engine, slice, seq);
    unsaved->least = MIN(unsaved->least, seq);
}

/* Definitions and ticks change nothing of what is kept, but for derived points. */
static gboolean unsaved_row(gpointer data, const LogRow *row, GError **error) {
    Pipeline *shell = &((ReplayUnsaved *)data)->shell;
    Item item;
    (void)error;
    if (row->kind != LOG_SAMPLES || !item_of_row(row, &item))
        return TRUE;
    evaluate(shell, &item);
    item_end(&item);
    return TRUE;
}

static void group_chunks(ReplayUnsaved *unsaved) {
    GPtrArray *closed = unsaved->shell.closed;
    history_flush(unsaved->shell.blocks, closed);
    for (guint i = 0; i < closed->len; i++) {
        HistoryChunk *chunk = closed->pdata[i];
        GPtrArray *own = g_hash_table_lookup(unsaved->by_point, GUINT_TO_POINTER(chunk->point));
        if (own == NULL) {
            own = g_ptr_array_new();
            g_hash_table_insert(unsaved->by_point, GUINT_TO_POINTER(chunk->point), own);
        }
        g_ptr_array_add(own, chunk);
    }
}

ReplayUnsaved *replay_unsaved_new(Sql *samples, const PointTable *today, GError **error) {
    ReplayUnsaved *unsaved = g_new0(ReplayUnsaved, 1);
    Pipeline *shell = &unsaved->shell;
    shell->config.table = (PointTable *)today; /* only read: no changes are evaluated */
    shell->closed = g_ptr_array_new_with_free_func(chunk_free);
    shell->blocks = history_blocks_new(point_table_count(today));
    shell->engine = engine_new(
        today, (EngineOutput){.alarm = no_alarm, .history = keep_history, .data = shell});
    unsaved->by_point = g_hash_table_new_full(NULL, NULL, NULL, array_unref);
    unsaved->least = G_MAXINT64;
    gint64 saved;
    if (!checkpoint_each(samples, unsaved_checkpoint, unsaved, error) ||
        !sql_get_int(samples, error, &saved, 0, "SELECT COUNT(*) FROM checkpoint", "") ||
        !sample_log_each(samples, saved < engine_slices(shell->engine) ? 0 : MAX(unsaved->least, 0),
                         unsaved_row, unsaved, error)) {
        replay_unsaved_free(unsaved);
        return NULL;
    }
    group_chunks(unsaved);
    return unsaved;
}

void replay_unsaved_free(ReplayUnsaved *unsaved) {
    if (unsaved == NULL)
        return;
    g_hash_table_unref(unsaved->by_point);
    engine_free(unsaved->shell.engine);
    history_blocks_free(unsaved->shell.blocks);
    g_ptr_array_unref(unsaved->shell.closed);
    g_free(unsaved);
}

GArray *replay_unsaved(gpointer data, guint32 number) {
    ReplayUnsaved *unsaved = data;
    GArray *out = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    const GPtrArray *closed = g_hash_table_lookup(unsaved->by_point, GUINT_TO_POINTER(number));
    for (guint i = 0; closed && i < closed->len; i++)
        history_chunk_append(closed->pdata[i], out);
    g_autoptr(GArray) open = history_open(unsaved->shell.blocks, number);
    g_array_append_vals(out, open->data, open->len);
    return out;
}

/* ---- the log again ---- */

typedef struct {
    Pipeline shell; /* table and engine */
    const PointTable *today;
    gint64 *position; /* by slice: of its anchor; 0: from the first row; -1: not covered */
    guint32 slices;
    GHashTable *old;       /* point -> json of the definition it had at its slice's position */
    guint32 first_created; /* points from this number on came later */
    SpanFold *fold;
    GArray *events; /* or NULL */
} LogReplay;

static void on_alarm(gpointer data, const AlarmEvent *event) {
    LogReplay *replay = data;
    span_fold_event(replay->fold, event);
    if (replay->events)
        g_array_append_vals(replay->events, event, 1);
}

static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    (void)data, (void)point, (void)time_ms, (void)value, (void)quality, (void)late;
}

static void note_anchor(gpointer data, guint32 slice, gint64 seq, const guint8 *bytes, gsize n) {
    LogReplay *replay = data;
    (void)bytes, (void)n;
    if (slice < replay->slices)
        replay->position[slice] = seq;
}

static void restore_anchor(gpointer data, guint32 slice, gint64 seq, const guint8 *bytes, gsize n) {
    LogReplay *replay = data;
    Pipeline *shell = &replay->shell;
    if (slice < engine_slices(shell->engine) &&
        slice_restore(shell->engine, shell->blocks, slice, bytes, n))
        engine_set_position(shell->engine, slice, seq);
    else if (slice < replay->slices)
        replay->position[slice] = -1; /* of another version */
}

/* The newest come first, so that the oldest one's former definition stays. */
static gboolean note_change(gpointer data, const LogRow *row, GError **error) {
    LogReplay *replay = data;
    guint32 point;
    json_t *old, *new;
    (void)error;
    if (!change_decode(row->bytes, row->n, &point, &old, &new))
        return TRUE;
    json_decref(new);
    gboolean after =
        point / ENGINE_SLICE < replay->slices && row->seq > replay->position[point / ENGINE_SLICE];
    if (after && old)
        g_hash_table_replace(replay->old, GUINT_TO_POINTER(point), json_incref(old));
    else if (after)
        replay->first_created = MIN(replay->first_created, point);
    json_decref(old);
    return TRUE;
}

static gint64 least_position(const LogReplay *replay) {
    gint64 least = replay->slices ? G_MAXINT64 : 0;
    for (guint32 i = 0; i < replay->slices; i++)
        least = MIN(least, MAX(replay->position[i], 0));
    return least;
}

/* The points up to `count` are in the table, as they were at the beginning. */
static void extend(LogReplay *replay, guint32 count) {
    PointTable *table = replay->shell.config.table;
    for (guint32 i = point_table_count(table); i < count; i++) {
        PointDef def;
        json_t *old = g_hash_table_lookup(replay->old, GUINT_TO_POINTER(i));
        if (old)
            point_def_read(&def, old);
        else
            point_def_copy(&def, point_table_def(replay->today, i));
        point_table_apply(table, i, &def);
    }
}

/* Points that the log has samples of and no row for: they came while the server was stopped. */
static void extend_for(LogReplay *replay, const Item *item) {
    guint32 known = point_table_count(replay->shell.config.table), most = known;
    for (guint32 i = 0; item->batch && i < item->batch->n; i++)
        most = MAX(most, item->batch->point[i] + 1);
    if (item->kind == ITEM_CHANGE)
        most = MAX(most, item->point);
    extend(replay, MIN(most, point_table_count(replay->today)));
}

static gboolean on_row(gpointer data, const LogRow *row, GError **error) {
    LogReplay *replay = data;
    Item item;
    (void)error;
    if (!item_of_row(row, &item)) {
        log_warning("signal", "row %" G_GINT64_FORMAT " of the sample log is not readable",
                    row->seq);
        return TRUE;
    }
    extend_for(replay, &item);
    guint32 slice = item.point / ENGINE_SLICE;
    gboolean behind = item.kind == ITEM_CHANGE &&
                      (slice >= replay->slices || item.seq <= replay->position[slice] ||
                       item.point > point_table_count(replay->shell.config.table));
    if (!behind)
        evaluate(&replay->shell, &item);
    item_end(&item);
    return TRUE;
}

/* Where each slice begins; false when the log does not reach back that far. */
static gboolean find_positions(LogReplay *replay, Sql *samples, gint64 from_ms, gboolean *covered,
                               GError **error) {
    gboolean whole;
    if (!sample_log_is_whole(samples, &whole, error))
        return FALSE;
    for (guint32 i = 0; i < replay->slices; i++)
        replay->position[i] = whole ? 0 : -1;
    if ((!whole && !anchor_each(samples, from_ms, note_anchor, replay, error)) ||
        !sample_log_changes(samples, least_position(replay), note_change, replay, error))
        return FALSE;
    *covered = TRUE;
    for (guint32 i = 0; i < replay->slices; i++)
        *covered &= replay->position[i] >= 0 || i * ENGINE_SLICE >= replay->first_created;
    return TRUE;
}

/* The engine as it was at the anchors, and what stood then. */
static gboolean open_engine(LogReplay *replay, Sql *samples, gint64 from_ms, GError **error) {
    Pipeline *shell = &replay->shell;
    extend(replay, MIN(replay->first_created, point_table_count(replay->today)));
    shell->blocks = history_blocks_new(point_table_count(shell->config.table));
    shell->engine =
        engine_new(shell->config.table,
                   (EngineOutput){.alarm = on_alarm, .history = on_history, .data = replay});
    replay->fold = span_fold_new(shell->config.table, TRUE);
    if (replay->slices && least_position(replay) > 0 &&
        !anchor_each(samples, from_ms, restore_anchor, replay, error))
        return FALSE;
    g_autoptr(GArray) standing = engine_standing(shell->engine);
    for (guint i = 0; i < standing->len; i++)
        span_fold_event(replay->fold, &g_array_index(standing, AlarmEvent, i));
    return TRUE;
}

static gboolean run(LogReplay *replay, Sql *samples, gint64 from_ms, gboolean *covered,
                    GError **error) {
    if (!find_positions(replay, samples, from_ms, covered, error) ||
        (*covered && !open_engine(replay, samples, from_ms, error)))
        return FALSE;
    for (guint32 i = 0; i < replay->slices; i++)
        *covered &= replay->position[i] >= 0 || i * ENGINE_SLICE >= replay->first_created;
    return !*covered || sample_log_each(samples, least_position(replay), on_row, replay, error);
}

AlarmSpans *replay_log(Sql *samples, const PointTable *today, gint64 from_ms, gint64 to_ms,
                       GArray *events, gboolean *covered, GError **error) {
    LogReplay replay = {.today = today, .events = events, .first_created = G_MAXUINT32};
    replay.slices = (point_table_count(today) + ENGINE_SLICE - 1) / ENGINE_SLICE;
    replay.position = g_new0(gint64, MAX(replay.slices, 1));
    replay.old = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)json_decref);
    replay.shell.config.table = point_table_new();
    *covered = FALSE;
    gboolean good = run(&replay, samples, from_ms, covered, error);
    AlarmSpans *spans = replay.fold ? span_fold_end(replay.fold) : NULL;
    engine_free(replay.shell.engine);
    history_blocks_free(replay.shell.blocks);
    point_table_free(replay.shell.config.table);
    g_hash_table_unref(replay.old);
    g_free(replay.position);
    if (good && *covered) {
        alarm_spans_clip(spans, from_ms, to_ms);
        return spans;
    }
    alarm_spans_free(spans);
    return NULL;
}
