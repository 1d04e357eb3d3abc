/* Influx line protocol -> samples (docs/api.md "Points and samples"). Pure: bytes in, samples and
 * refusals out; no allocation per line. Hostile input is expected: every line is bounded, a bad
 * line is refused and the rest goes on. */
#pragma once
#include "signal/point_table.h"

typedef struct {
    guint32 line;        /* 1-based */
    const GError *error; /* borrowed */
    const char *text;    /* start of the line, not terminated */
    gsize n;
} Refusal;

/* What a door needs to turn names into points and to report. Shared by all sample formats. */
typedef struct {
    const PointTable *table;
    const char *enterprise; /* the device may write only to points of this enterprise; NULL: all */
    gint64 now_ms;
    gint64 unit_ns; /* of the timestamps: 1, 1000, 1000000, 1000000000 */
    void (*refused)(gpointer data, const Refusal *refusal);
    gpointer data;
} SampleDoor;

/* Appends good samples to `batch`. Returns how many lines or samples were refused; `refused` is
 * called for the first 1000 of them.
 *
 * A line that breaks the grammar, has a bad time or quality, or a field twice is refused whole; an
 * unknown point, a text field or a number that is not finite costs only its own sample. Lines end
 * with LF or CRLF, also inside quotes, and have at most 64 KiB; a batch that is full refuses the
 * rest. */
guint64 line_protocol_read(const SampleDoor *door, const char *bytes, gsize n, SampleBatch *batch);
