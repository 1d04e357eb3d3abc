/* History: what a point measured, from the open block in memory down to compressed chunks on disk.
 *
 * When a day is over, its chunks become one row of the point and day (signal/history_day.h).
 *
 * Each point has one small open block (at most 256 bytes of packed samples); when it is full or its
 * hour ends it becomes a chunk row keyed (hour, point, first time, late) in the samples database:
 * count, min, max, mean, first, last and the packed samples. Late samples make rows of their own.
 * The same log gives the same rows, so a replay writes them again unchanged; where a key is taken
 * by other bytes, the row becomes the union of both (what stood there first wins), so that nothing
 * written is lost. HistoryBlocks belongs to the engine's thread; history_query reads with any
 * connection and is given a copy of the open block. */
#pragma once
#include "signal/sample.h"
#include "store/sql.h"
#include <jansson.h>

typedef struct {
    guint32 point;
    gint64 time_ms;
    double value;
    guint8 quality;
    guint8 late; /* came out of order: gives way to one that came in order with the same time */
} HistorySample;

typedef struct {
    gint64 hour; /* time_ms / 3600000 of its samples */
    guint32 point, count;
    gint64 first_ms, last_ms;
    double min, max, sum, first,
        last;       /* of good and uncertain samples; NAN when there is none (sum 0) */
    guint32 usable; /* how many samples those are */
    gboolean late;
    GByteArray *block;
} HistoryChunk;
void history_chunk_free(HistoryChunk *chunk);

enum { HISTORY_MAX = 65536, HISTORY_HOUR_MS = 3600000 };
/* A chunk of samples of one point and hour. */
HistoryChunk *history_chunk_new(const HistorySample *samples, guint32 n, gboolean late);
/* Appends its samples to an array of HistorySample. */
void history_chunk_append(const HistoryChunk *chunk, GArray *out);

/* The codec: times as delta-of-delta varints, values as scaled decimals when exact else XOR bytes,
 * zstd when it helps. Pure and fuzzed. */
GByteArray *history_encode(const HistorySample *samples, guint32 n);
/* n from 1 to 65536; smaller times may follow larger ones.
 * Array of HistorySample (point not set), or NULL for bytes it did not make; at most 65536 samples.
 */
GArray *history_decode(const guint8 *bytes, gsize n);

typedef struct HistoryBlocks HistoryBlocks;
HistoryBlocks *history_blocks_new(guint32 points);
void history_blocks_free(HistoryBlocks *blocks);
void history_blocks_resize(HistoryBlocks *blocks, guint32 points);
/* Adds a sample; a chunk that it closes is appended to `closed` (array of HistoryChunk*). */
void history_add(HistoryBlocks *blocks, guint32 point, gint64 time_ms, double value,
                 Quality quality, gboolean late, GPtrArray *closed);
void history_flush(HistoryBlocks *blocks,
                   GPtrArray *closed); /* late samples collected since the last flush */
/* Copy of the open block as HistorySample, and of the late samples that are not flushed. Out of the
 * engine's own range: empty. */
GArray *history_open(const HistoryBlocks *blocks, guint32 point);
guint32 history_late(const HistoryBlocks *blocks); /* late samples that wait for history_flush */
/* Samples of this point come a little later: prefetches. */
void history_soon(HistoryBlocks *blocks, guint32 point);
/* State of the open blocks of a range of points for the checkpoint, and back. */
void history_save(const HistoryBlocks *blocks, guint32 first, guint32 n, GByteArray *out);
gboolean history_restore(HistoryBlocks *blocks, guint32 first, guint32 n, const guint8 *bytes,
                         gsize size);

gboolean history_migrate(Sql *samples, GError **error);
/* In a writer's job. Sorts `chunks`. */
gboolean history_write(Sql *samples, GPtrArray *chunks, GError **error);
/* Packs the hour rows of one day and a few points, the oldest that are before `before_hour`, into
 * rows of the day (history_day.h). *packed: whether there were any. In a writer's job. */
gboolean history_pack(Sql *samples, gint64 before_hour, gboolean *packed, GError **error);
/* Deletes rows of hours before `hour`, at most `limit` of them: true and *deleted when it worked.
 */
gboolean history_trim(Sql *samples, gint64 hour, guint32 limit, gint64 *deleted, GError **error);

/* Appends the samples (HistorySample) of a point in [from, to), each once per chunk that has it, in
 * the order of chunks; see history_order. */
gboolean history_read(Sql *samples, guint32 point, gint64 from_ms, gint64 to_ms, GArray *out,
                      GError **error);
/* Orders samples of one point by time; of equal times the one that stood first stays. */
void history_order(GArray *samples);
/* The hours between which history has anything; G_MAXINT64 and G_MININT64 when it has nothing. */
gboolean history_bounds(Sql *samples, gint64 *first_hour, gint64 *last_hour, GError **error);

/* min/mean/max per step over [from, to): JSON rows [t, count, min, mean, max, last]; step 0: raw
 * [t, value, quality], at most `limit` rows. Step k covers [from + k step, from + (k + 1) step).
 * Bad samples are not counted in the figures. `open` may be NULL and must be taken before the call.
 * Duplicate times: the first written wins. *truncated: more than `limit` rows. NULL on error. */
json_t *history_query(Sql *samples, guint32 point, GArray *open, gint64 from_ms, gint64 to_ms,
                      gint64 step_ms, guint32 limit, gboolean *truncated, GError **error);
