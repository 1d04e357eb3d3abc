/* The log of all that the engine sees, and the checkpoints into it: tables `sample_log` and
 * `checkpoint` of the samples database.
 *
 * A row is a batch of samples (sample_batch_encode), a tick, the change of a point's definition, or
 * a start after the node was down (bytes: for how many ms, 8 bytes, big-endian); its sequence
 * number is its place. Rows are only added and, when every checkpoint is beyond them, deleted.
 * Writing belongs into jobs of the samples writer. */
#pragma once
#include "store/sql.h"

typedef enum { LOG_SAMPLES, LOG_TICK, LOG_CHANGE, LOG_RESUME } LogKind;

gboolean sample_log_migrate(Sql *samples, GError **error);
gboolean sample_log_append(Sql *samples, gint64 seq, LogKind kind, gint64 received_ms,
                           const GByteArray *bytes, GError **error);
/* Deletes at most `limit` of the oldest rows that are received before `before_ms` and not above
 * `seq`, and the anchors that need them. */
gboolean sample_log_trim(Sql *samples, gint64 seq, gint64 before_ms, guint limit, gint64 *deleted,
                         GError **error);
/* The highest sequence that log or checkpoints know, 0 when there is none; and how many rows there
 * are. */
gboolean sample_log_last(Sql *samples, gint64 *seq, gint64 *rows, GError **error);
/* When the last row was received; 0 when there is none. */
gboolean sample_log_last_received(Sql *samples, gint64 *received_ms, GError **error);

typedef struct {
    gint64 seq;
    LogKind kind;
    gint64 received_ms;
    const guint8 *bytes; /* borrowed */
    gsize n;
} LogRow;
typedef gboolean (*LogFunc)(gpointer data, const LogRow *row, GError **error);
/* Each row above `seq`, in order. Reads in portions, so that `func` may take its time and other
 * work may write meanwhile. */
gboolean sample_log_each(Sql *samples, gint64 seq, LogFunc func, gpointer data, GError **error);
/* Each LOG_CHANGE row above `seq`, the newest first. */
gboolean sample_log_changes(Sql *samples, gint64 seq, LogFunc func, gpointer data, GError **error);

/* A slice as of `seq`; bytes NULL: as it was, but known to hold at `seq` too. */
gboolean checkpoint_write(Sql *samples, guint32 slice, gint64 seq, const GByteArray *bytes,
                          GError **error);
typedef void (*CheckpointFunc)(gpointer data, guint32 slice, gint64 seq, const guint8 *bytes,
                               gsize n);
gboolean checkpoint_each(Sql *samples, CheckpointFunc func, gpointer data, GError **error);

/* ---- replay ---- */

/* Keeps a copy of the slice's checkpoint, as an anchor from which the log can be replayed, unless
 * the last such copy is younger than `every_ms`. After checkpoint_write. */
gboolean anchor_keep(Sql *samples, guint32 slice, gint64 now_ms, gint64 every_ms, GError **error);
/* For each slice that has one, the newest anchor of `before_ms` or earlier from which on the log is
 * whole. */
gboolean anchor_each(Sql *samples, gint64 before_ms, CheckpointFunc func, gpointer data,
                     GError **error);
/* Whether no row was ever deleted. */
gboolean sample_log_is_whole(Sql *samples, gboolean *whole, GError **error);
