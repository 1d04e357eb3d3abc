/* Bytes as a chunk of history, as a checkpoint of open blocks, and as samples to be stored. */
#include "signal/history.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void assert_same(const HistorySample *a, const HistorySample *b, guint n) {
    for (guint i = 0; i < n; i++)
        g_assert(a[i].time_ms == b[i].time_ms && a[i].quality == b[i].quality &&
                 memcmp(&a[i].value, &b[i].value, 8) == 0);
}

static void round_trip(const HistorySample *samples, guint n) {
    g_autoptr(GByteArray) bytes = history_encode(samples, n);
    g_autoptr(GArray) again = history_decode(bytes->data, bytes->len);
    g_assert(again && again->len == n);
    assert_same(samples, (const HistorySample *)(const void *)again->data, n);
}

static void as_chunk(const guint8 *data, gsize size) {
    g_autoptr(GArray) samples = history_decode(data, size);
    if (samples)
        round_trip((const HistorySample *)(const void *)samples->data, samples->len);
}

static void as_samples(const guint8 *data, gsize size) {
    HistorySample samples[64];
    guint n = 0;
    for (; n < 64 && size >= 17; n++, data += 17, size -= 17) {
        samples[n] = (HistorySample){.quality = data[16] % 3};
        memcpy(&samples[n].time_ms, data, 8);
        memcpy(&samples[n].value, data + 8, 8);
        if (!isfinite(samples[n].value))
            samples[n].value = -0.0;
    }
    if (n > 0)
        round_trip(samples, n);
}

static void as_checkpoint(const guint8 *data, gsize size) {
    HistoryBlocks *blocks = history_blocks_new(8);
    history_restore(blocks, 0, 8, data, size);
    for (guint32 i = 0; i < 8; i++)
        g_array_unref(history_open(blocks, i));
    history_blocks_free(blocks);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
    if (size < 1)
        return 0;
    static void (*const ways[])(const guint8 *, gsize) = {as_chunk, as_samples, as_checkpoint};
    ways[data[0] % G_N_ELEMENTS(ways)](data + 1, size - 1);
    return 0;
}
