#include "signal/slice_bytes.h"

#include <lz4.h>
#include <string.h>

/* A slice as bytes: raw size, size of the engine's part (guint32 each), LZ4 of the engine's part
 * and the open blocks. */
typedef struct {
    guint32 raw, engine;
} BlobHead;

GByteArray *slice_save(const Engine *engine, const HistoryBlocks *blocks, guint32 slice) {
    g_autoptr(GByteArray) raw = engine_save(engine, slice);
    BlobHead head = {0, raw->len};
    history_save(blocks, slice * ENGINE_SLICE, ENGINE_SLICE, raw);
    head.raw = raw->len;
    int bound = LZ4_compressBound((int)raw->len);
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, (guint)(sizeof head + (gsize)bound));
    memcpy(out->data, &head, sizeof head);
    int n = LZ4_compress_default((const char *)raw->data, (char *)out->data + sizeof head,
                                 (int)raw->len, bound);
    g_assert(n > 0);
    g_byte_array_set_size(out, (guint)(sizeof head + (gsize)n));
    return out;
}

enum { RAW_MAX = ENGINE_SLICE * 16384 };

gboolean slice_restore(Engine *engine, HistoryBlocks *blocks, guint32 slice, const guint8 *bytes,
                       gsize n) {
    BlobHead head;
    if (n < sizeof head)
        return FALSE;
    memcpy(&head, bytes, sizeof head);
    if (head.raw > RAW_MAX || head.engine > head.raw)
        return FALSE;
    g_autofree guint8 *raw = g_malloc(head.raw);
    if (LZ4_decompress_safe((const char *)bytes + sizeof head, (char *)raw, (int)(n - sizeof head),
                            (int)head.raw) != (int)head.raw)
        return FALSE;
    return engine_restore(engine, slice, raw, head.engine) &&
           history_restore(blocks, slice * ENGINE_SLICE, ENGINE_SLICE, raw + head.engine,
                           head.raw - head.engine);
}
