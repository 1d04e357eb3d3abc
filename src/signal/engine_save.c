/* The state of one slice as bytes and back. The layout is that of the machine and of this version:
 * a checkpoint is a short cut through the log of the same data directory, never an exchange format.
 */
#include "signal/engine_state.h"

#include <string.h>

typedef struct {
    char magic[4];
    guint32 layout; /* a number of the sizes below */
    guint32 slice, n;
} Header;

static const Header model = {{'A', 'E', 'S', '1'}, sizeof(Hot) << 16 | sizeof(Cold), 0, 0};

static guint32 slice_points(const Engine *engine, guint32 slice) {
    return MIN(engine->points - slice * ENGINE_SLICE, (guint32)ENGINE_SLICE);
}

guint32 engine_slices(const Engine *engine) { return engine->slices; }

GByteArray *engine_save(const Engine *engine, guint32 slice) {
    g_assert(slice < engine->slices);
    const Slice *s = engine->slice[slice];
    Header header = model;
    header.slice = slice;
    header.n = slice_points(engine, slice);
    GByteArray *out = g_byte_array_sized_new(
        (guint)(sizeof header + header.n * (sizeof(Hot) + sizeof(Cold) + 4)));
    g_byte_array_append(out, (const guint8 *)&header, sizeof header);
    g_byte_array_append(out, (const guint8 *)s->hot, header.n * (guint)sizeof(Hot));
    g_byte_array_append(out, (const guint8 *)s->cold, header.n * (guint)sizeof(Cold));
    for (guint32 i = 0; i < header.n; i++) {
        guint32 hash = point_def_hash(point_table_def(engine->table, slice * ENGINE_SLICE + i));
        g_byte_array_append(out, (const guint8 *)&hash, sizeof hash);
    }
    extras_save(s, out);
    return out;
}

static guint32 count_active(const Slice *slice, guint32 n) {
    guint32 active = 0;
    for (guint32 i = 0; i < n; i++)
        for (AlarmCondition condition = 0; condition < POINT_CONDITIONS; condition++)
            active += rules_level(slice->hot[i].active, condition) != ALARM_LEVEL_NONE;
    for (guint i = 0; slice->extras && i < slice->extras->len; i++)
        active += extra_active(slice->extras->pdata[i]);
    return active;
}

static gsize plain_size(guint32 n) { return (gsize)n * (sizeof(Hot) + sizeof(Cold) + 4); }

static void restore_points(Engine *engine, guint32 slice, guint32 n, const guint8 *bytes) {
    Slice *s = engine->slice[slice];
    const guint8 *cold = bytes + n * sizeof(Hot), *hashes = cold + n * sizeof(Cold);
    for (guint32 i = 0; i < n; i++) {
        guint8 extra = s->hot[i].state & POINT_EXTRA; /* as today's definition has it */
        memcpy(&s->hot[i], bytes + i * sizeof(Hot), sizeof(Hot));
        s->hot[i].state = (guint8)((s->hot[i].state & ~POINT_EXTRA) | extra);
    }
    for (guint32 i = 0; i < n;
         i++) /* most are as they were: zero, in memory that is not there yet */
        if (memcmp(&s->cold[i], cold + i * sizeof(Cold), sizeof(Cold)) != 0)
            memcpy(&s->cold[i], cold + i * sizeof(Cold), sizeof(Cold));
    for (guint32 i = 0; i < n; i++) {
        const PointDef *def = point_table_def(engine->table, slice * ENGINE_SLICE + i);
        guint32 hash;
        memcpy(&hash, hashes + i * sizeof hash, sizeof hash);
        if (hash != point_def_hash(def))
            s->changed[i / 8] |= (guint8)(1u << i % 8);
        engine_derive(&s->hot[i], def);
        s->due_ms[i] = 0;
    }
}

gboolean engine_restore(Engine *engine, guint32 slice, const guint8 *bytes, gsize n) {
    Header header;
    if (slice >= engine->slices || n < sizeof header)
        return FALSE;
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.magic, model.magic, sizeof model.magic) != 0 ||
        header.layout != model.layout || header.slice != slice ||
        header.n > slice_points(engine, slice) || n < sizeof header + plain_size(header.n))
        return FALSE;
    engine->counts.active -= count_active(engine->slice[slice], header.n);
    restore_points(engine, slice, header.n, bytes + sizeof header);
    gsize plain = sizeof header + plain_size(header.n);
    extras_restore(engine->slice[slice], bytes + plain, n - plain);
    engine->counts.active += count_active(engine->slice[slice], header.n);
    engine->slice[slice]->touched = FALSE;
    return TRUE;
}

void engine_set_position(Engine *engine, guint32 slice, gint64 seq) {
    engine->slice[slice]->position = seq;
    engine->max_position = MAX(engine->max_position, seq);
}

gboolean engine_take_touched(Engine *engine, guint32 slice) {
    gboolean touched = engine->slice[slice]->touched;
    engine->slice[slice]->touched = FALSE;
    return touched;
}

GArray *engine_changed_points(const Engine *engine) {
    GArray *points = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < engine->points; i++)
        if (engine->slice[i / ENGINE_SLICE]->changed[i % ENGINE_SLICE / 8] >> i % 8 & 1)
            g_array_append_val(points, i);
    return points;
}
