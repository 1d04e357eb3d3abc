/* Samples in columns: what devices say, as it travels from a door to the log, the engine and
 * history. Plain memory, no locks. */
#pragma once
#include <glib.h>

typedef enum { QUALITY_GOOD, QUALITY_UNCERTAIN, QUALITY_BAD } Quality;

/* A batch as received: n samples in columns. `point` is the number the point table gave (stable for
 * the life of a data directory). */
typedef struct {
    gint64 received_ms;
    gboolean backlog; /* old data that a gateway sends later; it makes way for live data */
    guint32 n, capacity;
    guint32 *point;
    gint64 *time_ms; /* when it was measured, ms since 1970 UTC */
    double *value;   /* always finite */
    guint8 *quality; /* Quality */
} SampleBatch;

SampleBatch *sample_batch_new(guint32 capacity);
void sample_batch_free(SampleBatch *batch);
/* Grows as needed; a batch holds at most SAMPLE_BATCH_MAX. */
enum { SAMPLE_BATCH_MAX = 1 << 20 };
void sample_batch_add(SampleBatch *batch, guint32 point, gint64 time_ms, double value,
                      Quality quality);

/* The latest time in it; G_MININT64 when it is empty. */
gint64 sample_batch_newest(const SampleBatch *batch);

/* Columns -> bytes and back: points and times as zigzag deltas in varints, values and qualities as
 * columns, LZ4 over the whole. sample_batch_decode bounds everything (n <= SAMPLE_BATCH_MAX) and
 * returns NULL for bytes it did not make. */
GByteArray *sample_batch_encode(const SampleBatch *batch);
SampleBatch *sample_batch_decode(const guint8 *bytes, gsize n);
