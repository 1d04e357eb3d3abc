#include "base/error.h"
#include "signal/history_day.h"

gboolean history_migrate(Sql *samples, GError **error) {
    return sql_exec(
               samples,
               "CREATE TABLE IF NOT EXISTS history (hour BIGINT NOT NULL, point BIGINT NOT NULL,"
               " first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, count INTEGER NOT NULL, usable "
               "INTEGER NOT NULL,"
               " min DOUBLE PRECISION, max DOUBLE PRECISION, sum DOUBLE PRECISION, first DOUBLE "
               "PRECISION,"
               " last DOUBLE PRECISION, late INTEGER NOT NULL, block BLOB NOT NULL,"
               " PRIMARY KEY (hour, point, first_ms, late))",
               error) &&
           history_day_migrate(samples, error);
}

static void bind_figure(SqlStatement *st, int index, double value) {
    if (isfinite(value))
        sql_bind_double(st, index, value);
    else
        sql_bind_null(st, index);
}

static gboolean run_row(Sql *samples, const char *text, const HistoryChunk *chunk, GError **error) {
    SqlStatement *st = sql_prepare(samples, text, error);
    if (st == NULL)
        return FALSE;
    const gint64 numbers[] = {chunk->hour,    chunk->point, chunk->first_ms,
                              chunk->last_ms, chunk->count, chunk->usable};
    const double figures[] = {chunk->min, chunk->max, chunk->sum, chunk->first, chunk->last};
    int index = 1;
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        sql_bind_int(st, index++, numbers[i]);
    for (guint i = 0; i < G_N_ELEMENTS(figures); i++)
        bind_figure(st, index++, figures[i]);
    sql_bind_int(st, index++, chunk->late);
    sql_bind_blob(st, index, chunk->block->data, chunk->block->len);
    return sql_step(st, error) == SQL_DONE;
}

static const char insert_row[] = "INSERT INTO history (hour, point, first_ms, last_ms, count, "
                                 "usable, min, max, sum, first, last, late, block)"
                                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
                                 "(hour, point, first_ms, late) DO NOTHING";
static const char replace_row[] = "INSERT INTO history (hour, point, first_ms, last_ms, count, "
                                  "usable, min, max, sum, first, last, late, block)"
                                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
                                  "(hour, point, first_ms, late) DO UPDATE SET"
                                  " last_ms = excluded.last_ms, count = excluded.count, usable = "
                                  "excluded.usable, min = excluded.min,"
                                  " max = excluded.max, sum = excluded.sum, first = "
                                  "excluded.first, last = excluded.last,"
                                  " block = excluded.block";

/* ---- a key that is taken ---- */

/* Both in one, in order; of equal times the first array's stays. */
static GArray *unite(GArray *first, const GArray *second) {
    g_array_append_vals(first, second->data, second->len);
    history_order(first);
    g_array_set_size(first, MIN(first->len, (guint)HISTORY_MAX));
    return first;
}

/* The chunk with what stands in the row, or NULL when the row needs no change. */
static HistoryChunk *united_chunk(const HistoryChunk *chunk, const guint8 *bytes, gsize n) {
    if (n == chunk->block->len && memcmp(bytes, chunk->block->data, n) == 0)
        return NULL;
    g_autoptr(GArray) former = history_decode(bytes, n),
                      fresh = history_decode(chunk->block->data, chunk->block->len);
    g_assert(fresh);
    guint before = former ? former->len : 0;
    GArray *all = former ? unite(former, fresh) : fresh;
    if (all->len == before)
        return NULL;
    HistorySample *samples = (HistorySample *)(void *)all->data;
    samples[0].point = chunk->point;
    return history_chunk_new(samples, all->len, chunk->late);
}

static gboolean write_taken(Sql *samples, const HistoryChunk *chunk, GError **error) {
    SqlStatement *st = sql_query(
        samples, error,
        "SELECT block FROM history WHERE hour = ? AND point = ? AND first_ms = ? AND late = ?",
        "iiii", chunk->hour, (gint64)chunk->point, chunk->first_ms, (gint64)chunk->late);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    if (step != SQL_ROW)
        return step == SQL_DONE &&
               error_set(error, ERROR_STORE, NULL, "history: a row vanished", NULL);
    gsize n;
    const guint8 *bytes = sql_blob(st, 0, &n);
    HistoryChunk *united = united_chunk(chunk, bytes, n);
    sql_reset(st);
    gboolean good = united == NULL || run_row(samples, replace_row, united, error);
    history_chunk_free(united);
    return good;
}

static int by_key(gconstpointer a, gconstpointer b) {
    const HistoryChunk *x = *(HistoryChunk *const *)a, *y = *(HistoryChunk *const *)b;
    if (x->hour != y->hour)
        return x->hour < y->hour ? -1 : 1;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    return x->first_ms < y->first_ms ? -1 : x->first_ms > y->first_ms;
}

gboolean history_write(Sql *samples, GPtrArray *chunks, GError **error) {
    gint64 day = -1, group = -1;
    g_ptr_array_sort(chunks, by_key); /* neighbours share pages */
    for (guint i = 0; i < chunks->len; i++) {
        const HistoryChunk *chunk = chunks->pdata[i];
        gboolean other =
            chunk->hour / HOURS_PER_DAY != day || chunk->point / HISTORY_GROUP != group;
        day = chunk->hour / HOURS_PER_DAY;
        group = chunk->point / HISTORY_GROUP;
        if (other && !history_mark(samples, day, group, error))
            return FALSE;
        if (!run_row(samples, insert_row, chunk, error))
            return FALSE;
        if (sql_changes(samples) == 0 && !write_taken(samples, chunk, error))
            return FALSE;
    }
    return TRUE;
}

gboolean history_trim(Sql *samples, gint64 hour, guint32 limit, gint64 *deleted, GError **error) {
    if (!sql_run(samples, error,
                 "DELETE FROM history WHERE (hour, point, first_ms, late) IN"
                 " (SELECT hour, point, first_ms, late FROM history WHERE hour < ? LIMIT ?)",
                 "ii", hour, (gint64)limit))
        return FALSE;
    *deleted = sql_changes(samples);
    if (*deleted >= limit)
        return TRUE;
    if (!sql_run(
            samples, error,
            "DELETE FROM history_day WHERE (point, day, late, first_ms) IN (SELECT point, day, "
            "late, first_ms FROM history_day WHERE day < ? LIMIT ?)",
            "ii", hour / HOURS_PER_DAY, (gint64)limit - *deleted))
        return FALSE;
    *deleted += sql_changes(samples);
    return TRUE;
}
