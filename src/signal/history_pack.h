/* The packed form of samples, one after the other: a control byte, then what differs from the
 * sample before. Private to history_*.c.
 *
 *   bit 0     time: 0 = same step as before, 1 = zigzag varint of the change of the step (first
 * sample: of the time) bits 1-2  value: 0 = same, 1 = change of the scaled decimal, 2 = new
 * exponent byte and scaled decimal, 3 = XOR with the last value: byte (leading << 4 | trailing zero
 * bytes), then the bytes between bits 3-4  quality */
#pragma once
#include "signal/codec.h"
#include "signal/history.h"

enum { PACK_MAX = 1 + VARINT_MAX + 1 + VARINT_MAX };

typedef struct {
    gint64 last_ms, step_ms;
    gint64 mantissa;
    double value;
    guint8 exponent;
    guint8 raw; /* samples since the value was a decimal: how often to look for one */
    guint16 count;
} Packer;

/* Writes one sample to `out` (PACK_MAX bytes of room); how many bytes it took. */
guint pack_put(Packer *packer, gint64 time_ms, double value, Quality quality, guint8 *out);
/* Reads one; the place after it or NULL. */
const guint8 *pack_get(Packer *packer, const guint8 *p, const guint8 *end, HistorySample *sample);

/* The bytes of a chunk from a packed stream of n samples. */
GByteArray *pack_finish(const guint8 *stream, gsize size, guint32 n);
HistoryChunk *chunk_take_block(const HistorySample *samples, guint32 n, gboolean late,
                               GByteArray *block);
