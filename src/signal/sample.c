#include "signal/sample.h"

#include "signal/codec.h"

#include <lz4.h>

/* Encoded batch: FORMAT, received_ms, n, raw size (varints), then LZ4 of the columns:
 *   points    n zigzag varints, each the difference from the one before
 *   times     likewise
 *   exponents n bytes: 0..9 = the value is an exact decimal of so many places, RAW = 8 bytes
 *   values    a zigzag varint or 8 little-endian bytes each
 *   quality   n bytes, left out when all are good (the flag in front of the columns says so) */
enum { FORMAT = 1, RAW_VALUE = 0xff, HAS_QUALITY = 1, BYTES_PER_SAMPLE = VARINT_MAX * 3 + 2 };

SampleBatch *sample_batch_new(guint32 capacity) {
    SampleBatch *batch = g_new0(SampleBatch, 1);
    batch->capacity = CLAMP(capacity, 16, SAMPLE_BATCH_MAX);
    batch->point = g_new(guint32, batch->capacity);
    batch->time_ms = g_new(gint64, batch->capacity);
    batch->value = g_new(double, batch->capacity);
    batch->quality = g_new(guint8, batch->capacity);
    return batch;
}

void sample_batch_free(SampleBatch *batch) {
    if (batch == NULL)
        return;
    g_free(batch->point);
    g_free(batch->time_ms);
    g_free(batch->value);
    g_free(batch->quality);
    g_free(batch);
}

static void grow(SampleBatch *batch) {
    g_assert(batch->capacity < SAMPLE_BATCH_MAX);
    batch->capacity = MIN(batch->capacity * 2, (guint32)SAMPLE_BATCH_MAX);
    batch->point = g_renew(guint32, batch->point, batch->capacity);
    batch->time_ms = g_renew(gint64, batch->time_ms, batch->capacity);
    batch->value = g_renew(double, batch->value, batch->capacity);
    batch->quality = g_renew(guint8, batch->quality, batch->capacity);
}

gint64 sample_batch_newest(const SampleBatch *batch) {
    gint64 newest = G_MININT64;
    for (guint32 i = 0; i < batch->n; i++)
        newest = MAX(newest, batch->time_ms[i]);
    return newest;
}

void sample_batch_add(SampleBatch *batch, guint32 point, gint64 time_ms, double value,
                      Quality quality) {
    if (batch->n == batch->capacity)
        grow(batch);
    guint32 i = batch->n++;
    batch->point[i] = point;
    batch->time_ms[i] = time_ms;
    batch->value[i] = value;
    batch->quality[i] = (guint8)quality;
}

static gboolean all_good(const SampleBatch *batch) {
    guint8 any = 0;
    for (guint32 i = 0; i < batch->n; i++)
        any |= batch->quality[i];
    return any == 0;
}

static guint8 *put_value(guint8 *p, guint8 *exponent, double value, int *last_exponent) {
    gint64 mantissa;
    int e = *last_exponent;
    if (e < 0 || !decimal_fits(value, (guint)e, &mantissa))
        e = decimal_find(value, &mantissa);
    *exponent = e < 0 ? RAW_VALUE : (guint8)e;
    *last_exponent = e;
    if (e >= 0)
        return varint_put(p, zigzag(mantissa));
    guint64 bits = GUINT64_TO_LE(double_bits(value));
    memcpy(p, &bits, sizeof bits);
    return p + sizeof bits;
}

static guint8 *put_columns(guint8 *p, const SampleBatch *batch) {
    gint64 last = 0;
    *p++ = all_good(batch) ? 0 : HAS_QUALITY;
    gboolean quality = p[-1] & HAS_QUALITY;
    for (guint32 i = 0; i < batch->n; last = batch->point[i++])
        p = varint_put(p, zigzag((gint64)batch->point[i] - last));
    last = 0;
    for (guint32 i = 0; i < batch->n; last = batch->time_ms[i++])
        p = varint_put(p, zigzag(wrap_sub(batch->time_ms[i], last)));
    guint8 *exponents = p;
    int exponent = 0;
    p += batch->n;
    for (guint32 i = 0; i < batch->n; i++)
        p = put_value(p, &exponents[i], batch->value[i], &exponent);
    if (!quality)
        return p;
    memcpy(p, batch->quality, batch->n);
    return p + batch->n;
}

GByteArray *sample_batch_encode(const SampleBatch *batch) {
    gsize room = (gsize)batch->n * BYTES_PER_SAMPLE + 1;
    g_autofree guint8 *raw = g_malloc(room);
    gsize raw_n = (gsize)(put_columns(raw, batch) - raw);
    int bound = LZ4_compressBound((int)raw_n);
    GByteArray *out = g_byte_array_sized_new((guint)bound + 1 + 3 * VARINT_MAX);
    g_byte_array_set_size(out, (guint)bound + 1 + 3 * VARINT_MAX);
    guint8 *p = out->data;
    *p++ = FORMAT;
    p = varint_put(p, zigzag(batch->received_ms));
    p = varint_put(p, batch->n);
    p = varint_put(p, raw_n);
    int n = LZ4_compress_default((const char *)raw, (char *)p, (int)raw_n, bound);
    g_assert(n > 0);
    g_byte_array_set_size(out, (guint)(p - out->data) + (guint)n);
    return out;
}

static const guint8 *get_deltas(const guint8 *p, const guint8 *end, guint32 n, gint64 *out) {
    gint64 last = 0;
    for (guint32 i = 0; i < n && p; i++) {
        guint64 raw;
        if ((p = varint_get(p, end, &raw)))
            out[i] = last = wrap_add(last, unzigzag(raw));
    }
    return p;
}

static gboolean points_of(SampleBatch *batch, const gint64 *numbers) {
    for (guint32 i = 0; i < batch->n; i++) {
        if (numbers[i] < 0 || numbers[i] >= G_MAXUINT32)
            return FALSE;
        batch->point[i] = (guint32)numbers[i];
    }
    return TRUE;
}

static const guint8 *get_value(const guint8 *p, const guint8 *end, guint8 exponent, double *value) {
    guint64 raw;
    if (exponent < DECIMAL_EXPONENTS) {
        if ((p = varint_get(p, end, &raw)))
            *value = decimal_value(unzigzag(raw), exponent);
        return p;
    }
    if (exponent != RAW_VALUE || end - p < (gssize)sizeof raw)
        return NULL;
    memcpy(&raw, p, sizeof raw);
    *value = double_of_bits(GUINT64_FROM_LE(raw));
    return p + sizeof raw;
}

static const guint8 *get_values(const guint8 *p, const guint8 *end, SampleBatch *batch) {
    const guint8 *exponents = p;
    if (end - p < (gssize)batch->n)
        return NULL;
    p += batch->n;
    for (guint32 i = 0; i < batch->n && p; i++) {
        p = get_value(p, end, exponents[i], &batch->value[i]);
        if (p && !isfinite(batch->value[i]))
            return NULL;
    }
    return p;
}

static gboolean get_quality(const guint8 *p, const guint8 *end, gboolean has, SampleBatch *batch) {
    if (end - p != (has ? (gssize)batch->n : 0))
        return FALSE;
    if (has)
        memcpy(batch->quality, p, batch->n);
    else
        memset(batch->quality, QUALITY_GOOD, batch->n);
    for (guint32 i = 0; i < batch->n; i++)
        if (batch->quality[i] > QUALITY_BAD)
            return FALSE;
    return TRUE;
}

static gboolean get_columns(const guint8 *p, const guint8 *end, SampleBatch *batch) {
    if (p == end || *p > HAS_QUALITY)
        return FALSE;
    gboolean quality = *p++ & HAS_QUALITY;
    /* The points pass through the time column, which is as wide as they are before they are
     * checked. */
    p = get_deltas(p, end, batch->n, batch->time_ms);
    if (p == NULL || !points_of(batch, batch->time_ms))
        return FALSE;
    p = get_deltas(p, end, batch->n, batch->time_ms);
    if (p == NULL || (p = get_values(p, end, batch)) == NULL)
        return FALSE;
    return get_quality(p, end, quality, batch);
}

SampleBatch *sample_batch_decode(const guint8 *bytes, gsize n) {
    const guint8 *p = bytes, *end = bytes + n;
    guint64 received, count, raw_n;
    if (n == 0 || *p++ != FORMAT || !(p = varint_get(p, end, &received)) ||
        !(p = varint_get(p, end, &count)) || !(p = varint_get(p, end, &raw_n)))
        return NULL;
    /* LZ4 makes at most 255 bytes of one. */
    if (count > SAMPLE_BATCH_MAX || raw_n > count * BYTES_PER_SAMPLE + 1 ||
        raw_n > (guint64)(end - p) * 255 + 64 || raw_n < 3 * count)
        return NULL;
    g_autofree guint8 *raw = g_malloc(raw_n + 1);
    if (LZ4_decompress_safe((const char *)p, (char *)raw, (int)(end - p), (int)raw_n) != (int)raw_n)
        return NULL;
    SampleBatch *batch = sample_batch_new((guint32)count);
    batch->n = (guint32)count;
    batch->received_ms = unzigzag(received);
    if (get_columns(raw, raw + raw_n, batch))
        return batch;
    sample_batch_free(batch);
    return NULL;
}
