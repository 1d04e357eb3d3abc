#include "signal/history_pack.h"

#include <zstd.h>

/* A block: kind, count (varint), for ZSTD the size of the stream (varint), stream. */
enum { KIND_PLAIN = 1, KIND_ZSTD = 2, ZSTD_WORTH = 512, LEVEL = 1 };
enum {
    TIME_CHANGED = 1,
    VALUE_SAME = 0,
    VALUE_DELTA = 1,
    VALUE_DECIMAL = 2,
    VALUE_XOR = 3,
    VALUE_SHIFT = 1,
    QUALITY_SHIFT = 3
};
enum { RAW_RETRY = 16 };

/* ---- one sample ---- */

static guint8 *put_xor(guint8 *p, guint64 bits) {
    guint leading = (guint)__builtin_clzll(bits) / 8, trailing = (guint)__builtin_ctzll(bits) / 8;
    *p++ = (guint8)(leading << 4 | trailing);
    bits >>= 8 * trailing;
    for (guint i = leading + trailing; i < 8; i++, bits >>= 8)
        *p++ = (guint8)bits;
    return p;
}

static guint8 *put_decimal(Packer *packer, guint8 *p, guint8 *control, guint exponent,
                           gint64 mantissa) {
    gboolean same = exponent == packer->exponent;
    *control |= (same ? VALUE_DELTA : VALUE_DECIMAL) << VALUE_SHIFT;
    if (!same)
        *p++ = (guint8)exponent;
    p = varint_put(p, zigzag(same ? mantissa - packer->mantissa : mantissa));
    packer->exponent = (guint8)exponent;
    packer->mantissa = mantissa;
    packer->raw = 0;
    return p;
}

/* A value that is no decimal is usually followed by others: the search for an exponent is then made
 * only now and then. */
static guint8 *put_value(Packer *packer, guint8 *p, guint8 *control, double value) {
    guint64 bits = double_bits(value) ^ double_bits(packer->value);
    if (bits == 0)
        return p;
    gint64 mantissa;
    packer->value = value;
    if (decimal_fits(value, packer->exponent, &mantissa))
        return put_decimal(packer, p, control, packer->exponent, mantissa);
    int exponent = packer->raw % RAW_RETRY == 0 ? decimal_find(value, &mantissa) : -1;
    if (exponent >= 0)
        return put_decimal(packer, p, control, (guint)exponent, mantissa);
    packer->raw = (guint8)(packer->raw % RAW_RETRY + 1);
    *control |= VALUE_XOR << VALUE_SHIFT;
    return put_xor(p, bits);
}

guint pack_put(Packer *packer, gint64 time_ms, double value, Quality quality, guint8 *out) {
    guint8 control = (guint8)(quality << QUALITY_SHIFT), *p = out + 1;
    gint64 step = wrap_sub(time_ms, packer->last_ms);
    if (step != packer->step_ms) {
        control |= TIME_CHANGED;
        p = varint_put(p, zigzag(wrap_sub(step, packer->step_ms)));
    }
    packer->step_ms = packer->count == 0 ? 0 : step;
    packer->last_ms = time_ms;
    p = put_value(packer, p, &control, value);
    out[0] = control;
    packer->count++;
    return (guint)(p - out);
}

static const guint8 *get_xor(Packer *packer, const guint8 *p, const guint8 *end) {
    if (p == end)
        return NULL;
    guint leading = *p >> 4, trailing = *p & 15, n = 8 - leading - trailing;
    if (leading + trailing > 7 || end - ++p < (gssize)n)
        return NULL;
    guint64 bits = 0;
    for (guint i = 0; i < n; i++)
        bits |= (guint64)p[i] << 8 * (trailing + i);
    packer->value = double_of_bits(double_bits(packer->value) ^ bits);
    return p + n;
}

static const guint8 *get_decimal(Packer *packer, const guint8 *p, const guint8 *end,
                                 gboolean same) {
    guint64 raw;
    if (!same) {
        if (p == end || *p >= DECIMAL_EXPONENTS)
            return NULL;
        packer->exponent = *p++;
        packer->mantissa = 0;
    }
    if ((p = varint_get(p, end, &raw)) == NULL)
        return NULL;
    packer->mantissa = wrap_add(packer->mantissa, unzigzag(raw));
    packer->value = decimal_value(packer->mantissa, packer->exponent);
    return p;
}

static const guint8 *get_value(Packer *packer, guint kind, const guint8 *p, const guint8 *end) {
    switch (kind) {
    case VALUE_SAME:
        return p;
    case VALUE_XOR:
        return get_xor(packer, p, end);
    default:
        return get_decimal(packer, p, end, kind == VALUE_DELTA);
    }
}

const guint8 *pack_get(Packer *packer, const guint8 *p, const guint8 *end, HistorySample *sample) {
    if (p >= end || *p >> QUALITY_SHIFT > QUALITY_BAD)
        return NULL;
    guint8 control = *p++;
    guint64 change = 0;
    if (control & TIME_CHANGED && (p = varint_get(p, end, &change)) == NULL)
        return NULL;
    gint64 step = wrap_add(packer->step_ms, unzigzag(change));
    packer->last_ms = wrap_add(packer->last_ms, step);
    packer->step_ms = packer->count++ == 0 ? 0 : step;
    p = get_value(packer, control >> VALUE_SHIFT & 3, p, end);
    if (p == NULL || !isfinite(packer->value))
        return NULL;
    *sample = (HistorySample){
        .time_ms = packer->last_ms, .value = packer->value, .quality = control >> QUALITY_SHIFT};
    return p;
}

/* ---- a block ---- */

static GByteArray *finish_zstd(const guint8 *stream, gsize size, guint32 n) {
    gsize bound = ZSTD_compressBound(size);
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, (guint)(1 + 2 * VARINT_MAX + bound));
    guint8 *p = out->data;
    *p++ = KIND_ZSTD;
    p = varint_put(p, n);
    p = varint_put(p, size);
    gsize packed = ZSTD_compress(p, bound, stream, size, LEVEL);
    g_assert(!ZSTD_isError(packed));
    g_byte_array_set_size(out, (guint)((gsize)(p - out->data) + packed));
    return out;
}

static GByteArray *finish_plain(const guint8 *stream, gsize size, guint32 n) {
    guint8 head[1 + VARINT_MAX] = {KIND_PLAIN};
    guint head_n = (guint)(varint_put(head + 1, n) - head);
    GByteArray *out = g_byte_array_sized_new(head_n + (guint)size);
    g_byte_array_append(out, head, head_n);
    return g_byte_array_append(out, stream, (guint)size);
}

GByteArray *pack_finish(const guint8 *stream, gsize size, guint32 n) {
    if (size < ZSTD_WORTH)
        return finish_plain(stream, size, n);
    GByteArray *packed = finish_zstd(stream, size, n);
    if (packed->len < size)
        return packed;
    g_byte_array_unref(packed);
    return finish_plain(stream, size, n);
}

GByteArray *history_encode(const HistorySample *samples, guint32 n) {
    g_assert(n >= 1 && n <= HISTORY_MAX);
    g_autofree guint8 *stream = g_malloc((gsize)n * PACK_MAX);
    Packer packer = {0};
    gsize size = 0;
    for (guint32 i = 0; i < n; i++) {
        size += pack_put(&packer, samples[i].time_ms, samples[i].value, samples[i].quality,
                         stream + size);
        packer.count = 1; /* only "first or not" matters, and it must not wrap */
    }
    return pack_finish(stream, size, n);
}

static GArray *decode_stream(const guint8 *p, const guint8 *end, guint32 n) {
    Packer packer = {0};
    GArray *samples = g_array_sized_new(FALSE, FALSE, sizeof(HistorySample), n);
    for (guint32 i = 0; i < n && p; i++) {
        HistorySample sample;
        if ((p = pack_get(&packer, p, end, &sample)))
            g_array_append_val(samples, sample);
        packer.count = 1;
    }
    if (p == end)
        return samples;
    g_array_unref(samples);
    return NULL;
}

static GArray *decode_zstd(const guint8 *p, const guint8 *end, guint32 n) {
    guint64 size;
    p = varint_get(p, end, &size);
    if (p == NULL || size > (guint64)n * PACK_MAX || size < n)
        return NULL;
    g_autofree guint8 *stream = g_malloc(size);
    gsize got = ZSTD_decompress(stream, size, p, (gsize)(end - p));
    if (ZSTD_isError(got) || got != size)
        return NULL;
    return decode_stream(stream, stream + size, n);
}

GArray *history_decode(const guint8 *bytes, gsize size) {
    const guint8 *end = bytes + size;
    guint64 n;
    if (size < 2)
        return NULL;
    const guint8 *p = varint_get(bytes + 1, end, &n);
    if (p == NULL || n < 1 || n > HISTORY_MAX)
        return NULL;
    if (bytes[0] == KIND_ZSTD)
        return decode_zstd(p, end, (guint32)n);
    /* Every sample takes a byte at least. */
    return bytes[0] == KIND_PLAIN && n <= (guint64)(end - p) ? decode_stream(p, end, (guint32)n)
                                                             : NULL;
}

/* ---- a chunk ---- */

void history_chunk_free(HistoryChunk *chunk) {
    if (chunk == NULL)
        return;
    if (chunk->block)
        g_byte_array_unref(chunk->block);
    g_free(chunk);
}

static void chunk_add(HistoryChunk *chunk, const HistorySample *sample) {
    if (sample->quality == QUALITY_BAD)
        return;
    if (chunk->usable++ == 0)
        chunk->min = chunk->max = chunk->first = sample->value;
    chunk->min = MIN(chunk->min, sample->value);
    chunk->max = MAX(chunk->max, sample->value);
    chunk->sum += sample->value;
    chunk->last = sample->value;
}

HistoryChunk *chunk_take_block(const HistorySample *samples, guint32 n, gboolean late,
                               GByteArray *block) {
    HistoryChunk *chunk = g_new(HistoryChunk, 1);
    *chunk = (HistoryChunk){
        .hour = samples[0].time_ms / HISTORY_HOUR_MS,
        .point = samples[0].point,
        .count = n,
        .first_ms = samples[0].time_ms,
        .last_ms = samples[n - 1].time_ms,
        .min = NAN,
        .max = NAN,
        .first = NAN,
        .last = NAN,
        .late = late,
        .block = block,
    };
    for (guint32 i = 0; i < n; i++)
        chunk_add(chunk, &samples[i]);
    return chunk;
}

HistoryChunk *history_chunk_new(const HistorySample *samples, guint32 n, gboolean late) {
    return chunk_take_block(samples, n, late, history_encode(samples, n));
}

void history_chunk_append(const HistoryChunk *chunk, GArray *out) {
    g_autoptr(GArray) samples = history_decode(chunk->block->data, chunk->block->len);
    g_assert(samples != NULL);
    for (guint i = 0; i < samples->len; i++) {
        HistorySample *sample = &g_array_index(samples, HistorySample, i);
        sample->late = chunk->late != 0;
    }
    g_array_append_vals(out, samples->data, samples->len);
}

static int by_time(gconstpointer a, gconstpointer b) {
    const HistorySample *x = a, *y = b;
    return x->time_ms < y->time_ms ? -1 : x->time_ms > y->time_ms;
}

void history_order(GArray *samples) {
    g_array_sort(samples, by_time); /* GLib's is stable */
    HistorySample *all = (HistorySample *)(void *)samples->data;
    guint kept = 0;
    for (guint i = 0; i < samples->len; i++)
        if (kept == 0 || all[kept - 1].time_ms != all[i].time_ms)
            all[kept++] = all[i];
    g_array_set_size(samples, kept);
}
