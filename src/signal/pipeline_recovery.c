/* Back up after a stop or a crash. The table holds the definitions of today; the rows to be
 * replayed may be older. So the changes after each slice's position are first taken back, then the
 * slices are restored, then all rows are replayed, which makes the changes again. */
#include "signal/pipeline_state.h"

#include "base/log.h"

#include <string.h>

enum { REPLAY_CHUNKS = 2048 };

GByteArray *change_encode(guint32 point, const PointDef *old, const PointDef *new) {
    json_t *row = json_pack("{s:I, s:o, s:o}", "point", (json_int_t)point, "old",
                            old ? point_def_write(old) : json_null(), "new", point_def_write(new));
    char *text = json_dumps(row, JSON_COMPACT);
    json_decref(row);
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
    free(text);
    return bytes;
}

gboolean change_decode(const guint8 *bytes, gsize n, guint32 *point, json_t **old, json_t **new) {
    json_t *row = json_loadb((const char *)bytes, n, 0, NULL);
    json_t *number = json_object_get(row, "point"), *after = json_object_get(row, "new");
    gboolean good = json_is_integer(number) && json_is_object(after);
    if (good) {
        json_t *before = json_object_get(row, "old");
        *point = (guint32)json_integer_value(number);
        *old = json_is_object(before) ? json_incref(before) : NULL;
        *new = json_incref(after);
    }
    json_decref(row);
    return good;
}

typedef struct {
    Pipeline *pipeline;
    GHashTable *positions; /* slice -> seq */
    GHashTable *today;     /* point -> json of the definition that the records have now */
    gint64 min_seq;
    guint64 rows, bad_rows;
} Recovery;

/* ---- taking changes back ---- */

static void note_position(gpointer data, guint32 slice, gint64 seq, const guint8 *bytes, gsize n) {
    (void)bytes;
    (void)n;
    Recovery *recovery = data;
    g_hash_table_insert(recovery->positions, GUINT_TO_POINTER(slice), g_memdup2(&seq, sizeof seq));
}

static gint64 position_of(const Recovery *recovery, guint32 slice) {
    const gint64 *seq = g_hash_table_lookup(recovery->positions, GUINT_TO_POINTER(slice));
    return seq ? *seq : 0;
}

static void apply(Pipeline *pipeline, guint32 point, json_t *record) {
    PointDef def;
    point_def_read(&def, record);
    point_table_apply(pipeline->config.table, point, &def);
}

static void take_back(Recovery *recovery, gint64 seq, guint32 point, json_t *old) {
    PointTable *table = recovery->pipeline->config.table;
    if (point >= point_table_count(table) || seq <= position_of(recovery, point / ENGINE_SLICE))
        return;
    if (!g_hash_table_contains(recovery->today, GUINT_TO_POINTER(point)))
        g_hash_table_insert(recovery->today, GUINT_TO_POINTER(point),
                            point_def_write(point_table_def(table, point)));
    if (old)
        apply(recovery->pipeline, point, old);
}

static gboolean on_old_change(gpointer data, const LogRow *row, GError **error) {
    (void)error;
    guint32 point;
    json_t *old, *new;
    if (!change_decode(row->bytes, row->n, &point, &old, &new))
        return TRUE; /* said when it is replayed */
    take_back(data, row->seq, point, old);
    json_decref(old);
    json_decref(new);
    return TRUE;
}

static gint64 least_position(const Recovery *recovery) {
    guint32 slices =
        (point_table_count(recovery->pipeline->config.table) + ENGINE_SLICE - 1) / ENGINE_SLICE;
    gint64 least = slices ? G_MAXINT64 : 0;
    for (guint32 i = 0; i < slices; i++)
        least = MIN(least, position_of(recovery, i));
    return least;
}

/* ---- replay ---- */

static void on_checkpoint(gpointer data, guint32 slice, gint64 seq, const guint8 *bytes, gsize n) {
    save_restore(((Recovery *)data)->pipeline, slice, seq, bytes, n);
}

static gboolean resume_decode(const guint8 *bytes, gsize n, gint64 *down_ms) {
    if (n != sizeof *down_ms)
        return FALSE;
    memcpy(down_ms, bytes, n);
    *down_ms = GINT64_FROM_BE(*down_ms);
    return *down_ms > 0;
}

gboolean item_of_row(const LogRow *row, Item *item) {
    json_t *old, *new;
    *item = (Item){.seq = row->seq, .last_seq = row->seq, .received_ms = row->received_ms};
    switch (row->kind) {
    case LOG_TICK:
        item->kind = ITEM_TICK;
        return TRUE;
    case LOG_SAMPLES:
        item->kind = ITEM_SAMPLES;
        return (item->batch = sample_batch_decode(row->bytes, row->n)) != NULL;
    case LOG_RESUME:
        item->kind = ITEM_RESUME;
        return resume_decode(row->bytes, row->n, &item->down_ms);
    case LOG_CHANGE:
        if (!change_decode(row->bytes, row->n, &item->point, &old, &new))
            return FALSE;
        item->kind = ITEM_CHANGE;
        point_def_read(&item->def, new);
        json_decref(old);
        json_decref(new);
        return TRUE;
    }
    return FALSE;
}

void item_end(Item *item) {
    sample_batch_free(item->batch);
    point_def_clear(&item->def);
}

/* Changes that the slice has already are in the table; making one again would be an older
 * definition's return. */
static gboolean is_behind(Recovery *recovery, const Item *item) {
    return item->kind == ITEM_CHANGE &&
           (item->seq <= position_of(recovery, item->point / ENGINE_SLICE) ||
            item->point > point_table_count(recovery->pipeline->config.table));
}

static gboolean on_row(gpointer data, const LogRow *row, GError **error) {
    Recovery *recovery = data;
    Pipeline *pipeline = recovery->pipeline;
    Item item;
    if (!item_of_row(row, &item)) {
        log_warning("signal",
                    "row %" G_GINT64_FORMAT
                    " of the sample log is not readable and was passed over",
                    row->seq);
        recovery->bad_rows++;
        return TRUE;
    }
    recovery->rows++;
    if (!is_behind(recovery, &item))
        evaluate(pipeline, &item);
    item_end(&item);
    pipeline->seq = row->seq;
    if (pipeline->events->len >= EVENTS_PER_SINK && !deliver(pipeline, error))
        return FALSE;
    return pipeline->closed->len < REPLAY_CHUNKS || save_chunks(pipeline, error);
}

static gboolean replay(Recovery *recovery, Sql *samples, GError **error) {
    Pipeline *pipeline = recovery->pipeline;
    gint64 last, rows;
    if (!sample_log_last(samples, &last, &rows, error) ||
        !sample_log_last_received(samples, &pipeline->last_received_ms, error))
        return FALSE;
    pipeline->seq = saved_min(pipeline);
    if (!sample_log_each(samples, saved_min(pipeline), on_row, recovery, error) ||
        !deliver(pipeline, error))
        return FALSE;
    /* A tick has numbers above its own, which must not be given again. */
    last = MAX(MAX(last, pipeline->seq), pipeline->config.used_seq) +
           engine_tick_room(point_table_count(pipeline->config.table) + ITEMS_MAX);
    pipeline->seq = last;
    pipeline->next_seq = last + 1;
    pipeline->evaluated_seq = pipeline->applied_seq = last;
    pipeline->counts = engine_counts(pipeline->engine);
    atomic_store(&pipeline->log_seq, last);
    atomic_store(&pipeline->log_rows, rows);
    if (recovery->rows > 0)
        log_info("signal", "replayed %" G_GUINT64_FORMAT " rows of the sample log", recovery->rows);
    return TRUE;
}

/* ---- definitions that changed unseen ---- */

static void changes_since(Recovery *recovery, GPtrArray *changes) {
    const PointTable *table = recovery->pipeline->config.table;
    GHashTableIter iter;
    gpointer point, record;
    g_hash_table_iter_init(&iter, recovery->today);
    while (g_hash_table_iter_next(&iter, &point, &record)) {
        json_t *replayed = point_def_write(point_table_def(table, GPOINTER_TO_UINT(point)));
        if (!json_equal(replayed, record))
            g_ptr_array_add(changes, json_incref(record));
        json_decref(replayed);
    }
    g_autoptr(GArray) points = engine_changed_points(recovery->pipeline->engine);
    for (guint i = 0; i < points->len; i++) {
        guint32 number = g_array_index(points, guint32, i);
        if (!g_hash_table_contains(recovery->today, GUINT_TO_POINTER(number)))
            g_ptr_array_add(changes, point_def_write(point_table_def(table, number)));
    }
}

static gboolean reconcile(Pipeline *pipeline, GError **error) {
    const PipelineSink *sink = &pipeline->config.sink;
    if (sink->reconcile == NULL)
        return TRUE;
    g_autoptr(GArray) standing = engine_standing(pipeline->engine);
    return sink->reconcile(sink->data, standing, error);
}

static gboolean recover(Recovery *recovery, Sql *samples, GPtrArray *changes, GError **error) {
    if (!checkpoint_each(samples, note_position, recovery, error) ||
        !sample_log_changes(samples, least_position(recovery), on_old_change, recovery, error))
        return FALSE;
    engine_open(recovery->pipeline);
    if (!checkpoint_each(samples, on_checkpoint, recovery, error) ||
        !replay(recovery, samples, error))
        return FALSE;
    changes_since(recovery, changes);
    return reconcile(recovery->pipeline, error);
}

gboolean pipeline_recover(Pipeline *pipeline, GPtrArray *changes, GError **error) {
    Sql *samples = sql_open(pipeline->uri, SQL_READ, error);
    if (samples == NULL)
        return FALSE;
    Recovery recovery = {
        .pipeline = pipeline,
        .positions = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .today = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)json_decref),
    };
    gboolean good = recover(&recovery, samples, changes, error);
    g_hash_table_unref(recovery.positions);
    g_hash_table_unref(recovery.today);
    sql_close(samples);
    return good;
}
