#include "signal/sample_log.h"

#include "base/error.h"

enum { PORTION = 64 };

gboolean sample_log_migrate(Sql *samples, GError **error) {
    return sql_exec(
        samples,
        "CREATE TABLE IF NOT EXISTS sample_log (seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
        " received_ms BIGINT NOT NULL, bytes BLOB);"
        "CREATE INDEX IF NOT EXISTS sample_log_change ON sample_log (seq) WHERE kind = 2;"
        "CREATE TABLE IF NOT EXISTS checkpoint (slice INTEGER PRIMARY KEY, seq BIGINT NOT NULL,"
        " bytes BLOB NOT NULL);"
        "CREATE TABLE IF NOT EXISTS checkpoint_anchor (slice INTEGER NOT NULL, seq BIGINT NOT NULL,"
        " at_ms BIGINT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (slice, seq));"
        /* one row: the log is whole above `seq`; a log that is older than this table has none */
        "CREATE TABLE IF NOT EXISTS sample_log_start (one INTEGER PRIMARY KEY, seq BIGINT NOT "
        "NULL);"
        "INSERT INTO sample_log_start SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM sample_log) AND "
        "NOT EXISTS (SELECT 1 FROM checkpoint) ON CONFLICT (one) DO NOTHING",
        error);
}

gboolean sample_log_append(Sql *samples, gint64 seq, LogKind kind, gint64 received_ms,
                           const GByteArray *bytes, GError **error) {
    SqlStatement *st = sql_prepare(
        samples, "INSERT INTO sample_log (seq, kind, received_ms, bytes) VALUES (?, ?, ?, ?)",
        error);
    if (st == NULL)
        return FALSE;
    sql_bind_int(st, 1, seq);
    sql_bind_int(st, 2, kind);
    sql_bind_int(st, 3, received_ms);
    if (bytes)
        sql_bind_blob(st, 4, bytes->data, bytes->len);
    else
        sql_bind_null(st, 4);
    return sql_step(st, error) == SQL_DONE;
}

/* After rows were deleted. Numbers that were never a row count as deleted: an anchor less. */
static gboolean log_begins(Sql *samples, GError **error) {
    return sql_run(
               samples, error,
               "INSERT INTO sample_log_start SELECT 1, COALESCE((SELECT MIN(seq) - 1 FROM "
               "sample_log), (SELECT MAX(seq) FROM checkpoint), 0) WHERE TRUE ON CONFLICT (one) "
               "DO UPDATE SET seq = excluded.seq",
               "") &&
           sql_run(samples, error,
                   "DELETE FROM checkpoint_anchor WHERE seq < (SELECT seq FROM sample_log_start)",
                   "");
}

gboolean sample_log_trim(Sql *samples, gint64 seq, gint64 before_ms, guint limit, gint64 *deleted,
                         GError **error) {
    if (!sql_run(samples, error,
                 "DELETE FROM sample_log WHERE seq IN (SELECT seq FROM sample_log WHERE seq <= ? "
                 "ORDER BY seq LIMIT ?)"
                 " AND received_ms < ?",
                 "iii", seq, (gint64)limit, before_ms))
        return FALSE;
    *deleted = sql_changes(samples);
    return *deleted == 0 || log_begins(samples, error);
}

gboolean sample_log_last(Sql *samples, gint64 *seq, gint64 *rows, GError **error) {
    gint64 log, checkpoint;
    if (!sql_get_int(samples, error, &log, 0, "SELECT MAX(seq) FROM sample_log", "") ||
        !sql_get_int(samples, error, &checkpoint, 0, "SELECT MAX(seq) FROM checkpoint", "") ||
        !sql_get_int(samples, error, rows, 0, "SELECT COUNT(*) FROM sample_log", ""))
        return FALSE;
    *seq = MAX(log, checkpoint);
    return TRUE;
}

gboolean sample_log_last_received(Sql *samples, gint64 *received_ms, GError **error) {
    return sql_get_int(samples, error, received_ms, 0,
                       "SELECT received_ms FROM sample_log ORDER BY seq DESC LIMIT 1", "");
}

/* ---- reading ---- */

typedef struct {
    LogRow row;
    GBytes *bytes;
} Kept;

static void kept_clear(gpointer data) { g_bytes_unref(((Kept *)data)->bytes); }

static GArray *read_rows(Sql *samples, const char *text, gint64 seq, gint64 limit, GError **error) {
    SqlStatement *st = sql_query(samples, error, text, "ii", seq, limit);
    if (st == NULL)
        return NULL;
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(Kept));
    g_array_set_clear_func(rows, kept_clear);
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        gsize n;
        const void *bytes = sql_blob(st, 3, &n);
        Kept kept = {.bytes = g_bytes_new(bytes, n)};
        kept.row = (LogRow){sql_int(st, 0), (LogKind)sql_int(st, 1), sql_int(st, 2), NULL, 0};
        kept.row.bytes = g_bytes_get_data(kept.bytes, &kept.row.n);
        g_array_append_val(rows, kept);
    }
    if (step == SQL_DONE)
        return rows;
    g_array_unref(rows);
    return NULL;
}

static gboolean each(Sql *samples, const char *text, gint64 seq, LogFunc func, gpointer data,
                     GError **error) {
    for (;;) {
        g_autoptr(GArray) rows = read_rows(samples, text, seq, PORTION, error);
        if (rows == NULL)
            return FALSE;
        for (guint i = 0; i < rows->len; i++) {
            const LogRow *row = &g_array_index(rows, Kept, i).row;
            seq = row->seq;
            if (!func(data, row, error))
                return FALSE;
        }
        if (rows->len < PORTION)
            return TRUE;
    }
}

gboolean sample_log_each(Sql *samples, gint64 seq, LogFunc func, gpointer data, GError **error) {
    return each(
        samples,
        "SELECT seq, kind, received_ms, bytes FROM sample_log WHERE seq > ? ORDER BY seq LIMIT ?",
        seq, func, data, error);
}

gboolean sample_log_changes(Sql *samples, gint64 seq, LogFunc func, gpointer data, GError **error) {
    g_autoptr(GArray) rows =
        read_rows(samples,
                  "SELECT seq, kind, received_ms, bytes FROM sample_log WHERE kind = 2 AND seq > ?"
                  " ORDER BY seq DESC LIMIT ?",
                  seq, G_MAXINT64, error);
    for (guint i = 0; rows && i < rows->len; i++)
        if (!func(data, &g_array_index(rows, Kept, i).row, error))
            return FALSE;
    return rows != NULL;
}

/* ---- checkpoints ---- */

gboolean checkpoint_write(Sql *samples, guint32 slice, gint64 seq, const GByteArray *bytes,
                          GError **error) {
    if (bytes == NULL)
        return sql_run(samples, error, "UPDATE checkpoint SET seq = ? WHERE slice = ?", "ii", seq,
                       (gint64)slice);
    return sql_run(samples, error,
                   "INSERT INTO checkpoint (slice, seq, bytes) VALUES (?, ?, ?) ON CONFLICT "
                   "(slice) DO UPDATE SET"
                   " seq = excluded.seq, bytes = excluded.bytes",
                   "iib", (gint64)slice, seq, bytes->data, (gsize)bytes->len);
}

gboolean checkpoint_each(Sql *samples, CheckpointFunc func, gpointer data, GError **error) {
    SqlStatement *st =
        sql_query(samples, error, "SELECT slice, seq, bytes FROM checkpoint ORDER BY slice", "");
    if (st == NULL)
        return FALSE;
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        gsize n;
        const guint8 *bytes = sql_blob(st, 2, &n);
        func(data, (guint32)sql_int(st, 0), sql_int(st, 1), bytes, n);
    }
    return step == SQL_DONE;
}

/* ---- replay ---- */

gboolean anchor_keep(Sql *samples, guint32 slice, gint64 now_ms, gint64 every_ms, GError **error) {
    return sql_run(samples, error,
                   "INSERT INTO checkpoint_anchor (slice, seq, at_ms, bytes) SELECT slice, seq, ?, "
                   "bytes FROM checkpoint WHERE slice = ? AND NOT EXISTS (SELECT 1 FROM "
                   "checkpoint_anchor a WHERE a.slice = checkpoint.slice AND a.at_ms > ? AND "
                   "a.at_ms <= ?) ON CONFLICT (slice, seq) DO NOTHING",
                   "iiii", now_ms, (gint64)slice, now_ms - every_ms, now_ms);
}

gboolean anchor_each(Sql *samples, gint64 before_ms, CheckpointFunc func, gpointer data,
                     GError **error) {
    SqlStatement *st =
        sql_query(samples, error,
                  "SELECT slice, seq, bytes FROM checkpoint_anchor a WHERE seq = "
                  "(SELECT MAX(seq) FROM checkpoint_anchor b WHERE b.slice = a.slice "
                  "AND b.at_ms <= ?) ORDER BY slice",
                  "i", before_ms);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        gsize n;
        const guint8 *bytes = sql_blob(st, 2, &n);
        func(data, (guint32)sql_int(st, 0), sql_int(st, 1), bytes, n);
    }
    return step == SQL_DONE;
}

gboolean sample_log_is_whole(Sql *samples, gboolean *whole, GError **error) {
    gint64 start;
    if (!sql_get_int(samples, error, &start, -1, "SELECT seq FROM sample_log_start", ""))
        return FALSE;
    *whole = start == 0;
    return TRUE;
}
