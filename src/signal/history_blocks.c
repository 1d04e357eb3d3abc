#include "signal/history_pack.h"

#include <stdlib.h>

/* An open block is a chain of segments from one pool, so memory is what the blocks hold and nothing
 * is copied when they grow. */
enum {
    SEGMENT = 64,
    SEGMENT_DATA = SEGMENT - sizeof(guint32),
    BLOCK_SEGMENTS = 4,
    BLOCK_BYTES = SEGMENT_DATA * BLOCK_SEGMENTS
};
enum { POOL_PAGE = 4096 /* segments */, SOON = 6 };

typedef struct {
    guint32 next; /* segment number + 1; 0: none */
    guint8 data[SEGMENT_DATA];
} Segment;
G_STATIC_ASSERT(sizeof(Segment) == SEGMENT);

typedef struct {
    Packer packer;       /* count 0: no block */
    guint32 first, last; /* segment number + 1 */
    guint16 used;
} Head;

struct HistoryBlocks {
    Head *head;
    guint32 points, room;
    Segment **page;
    guint32 pages, free; /* first free segment + 1 */
    GArray *late;        /* HistorySample */
    guint32 soon[SOON], soon_next;
};

HistoryBlocks *history_blocks_new(guint32 points) {
    HistoryBlocks *blocks = g_new0(HistoryBlocks, 1);
    blocks->late = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    history_blocks_resize(blocks, points);
    return blocks;
}

void history_blocks_free(HistoryBlocks *blocks) {
    if (blocks == NULL)
        return;
    for (guint32 i = 0; i < blocks->pages; i++)
        g_free(blocks->page[i]);
    g_free(blocks->page);
    g_free(blocks->head);
    g_array_unref(blocks->late);
    g_free(blocks);
}

void history_blocks_resize(HistoryBlocks *blocks, guint32 points) {
    if (points > blocks->room) {
        blocks->room = MAX(points, blocks->room + blocks->room / 4 + 64);
        blocks->head = g_renew(Head, blocks->head, blocks->room);
    }
    if (points > blocks->points) {
        memset(blocks->head + blocks->points, 0, (gsize)(points - blocks->points) * sizeof(Head));
        blocks->points = points;
    }
}

/* ---- segments ---- */

static inline Segment *segment_at(const HistoryBlocks *blocks, guint32 number) {
    return &blocks->page[(number - 1) / POOL_PAGE][(number - 1) % POOL_PAGE];
}

static void pool_grow(HistoryBlocks *blocks) {
    blocks->page = g_renew(Segment *, blocks->page, blocks->pages + 1);
    blocks->page[blocks->pages] = g_new(Segment, POOL_PAGE);
    guint32 base = blocks->pages++ * POOL_PAGE;
    for (guint32 i = POOL_PAGE; i >= 1; i--) {
        segment_at(blocks, base + i)->next = blocks->free;
        blocks->free = base + i;
    }
}

static guint32 segment_take(HistoryBlocks *blocks) {
    if (blocks->free == 0)
        pool_grow(blocks);
    guint32 number = blocks->free;
    Segment *segment = segment_at(blocks, number);
    blocks->free = segment->next;
    segment->next = 0;
    return number;
}

/* Gives the whole chain back. */
static void segments_return(HistoryBlocks *blocks, Head *head) {
    if (head->first == 0)
        return;
    segment_at(blocks, head->last)->next = blocks->free;
    blocks->free = head->first;
}

static void append(HistoryBlocks *blocks, Head *head, const guint8 *bytes, guint n) {
    while (n > 0) {
        guint place = head->used % SEGMENT_DATA, part = MIN(n, (guint)SEGMENT_DATA - place);
        if (place == 0) {
            guint32 number = segment_take(blocks);
            if (head->first)
                segment_at(blocks, head->last)->next = number;
            else
                head->first = number;
            head->last = number;
        }
        memcpy(segment_at(blocks, head->last)->data + place, bytes, part);
        head->used = (guint16)(head->used + part);
        bytes += part;
        n -= part;
    }
}

/* The chain as one piece; `out` holds BLOCK_BYTES. */
static void gather(const HistoryBlocks *blocks, const Head *head, guint8 *out) {
    guint left = head->used;
    for (guint32 number = head->first; left > 0; number = segment_at(blocks, number)->next) {
        guint part = MIN(left, (guint)SEGMENT_DATA);
        memcpy(out, segment_at(blocks, number)->data, part);
        out += part;
        left -= part;
    }
}

/* ---- samples ---- */

/* At most BLOCK_BYTES samples, as each takes a byte. */
static guint32 unpack(const guint8 *stream, const Head *head, guint32 point, HistorySample *out) {
    Packer packer = {0};
    const guint8 *p = stream, *end = stream + head->used;
    guint32 n = 0;
    while (n < head->packer.count && p && (p = pack_get(&packer, p, end, &out[n])))
        out[n++].point = point;
    return n;
}

static void close_block(HistoryBlocks *blocks, guint32 point, GPtrArray *closed) {
    Head *head = &blocks->head[point];
    guint8 stream[BLOCK_BYTES];
    HistorySample samples[BLOCK_BYTES];
    gather(blocks, head, stream);
    guint32 n = unpack(stream, head, point, samples);
    if (n > 0)
        g_ptr_array_add(closed,
                        chunk_take_block(samples, n, FALSE, pack_finish(stream, head->used, n)));
    segments_return(blocks, head);
    *head = (Head){.used = 0};
}

static void add_in_order(HistoryBlocks *blocks, guint32 point, gint64 time_ms, double value,
                         Quality quality, GPtrArray *closed) {
    Head *head = &blocks->head[point];
    guint8 bytes[PACK_MAX];
    if (head->packer.count && head->packer.last_ms / HISTORY_HOUR_MS != time_ms / HISTORY_HOUR_MS)
        close_block(blocks, point, closed);
    Packer next = head->packer;
    guint n = pack_put(&next, time_ms, value, quality, bytes);
    if (head->used + n > BLOCK_BYTES) {
        close_block(blocks, point, closed);
        next = head->packer;
        n = pack_put(&next, time_ms, value, quality, bytes);
    }
    head->packer = next;
    append(blocks, head, bytes, n);
}

void history_add(HistoryBlocks *blocks, guint32 point, gint64 time_ms, double value,
                 Quality quality, gboolean late, GPtrArray *closed) {
    if (point >= blocks->points)
        history_blocks_resize(blocks, point + 1);
    if (!late) {
        add_in_order(blocks, point, time_ms, value, quality, closed);
        return;
    }
    HistorySample sample = {point, time_ms, value, (guint8)quality, (guint8)late};
    g_array_append_val(blocks->late, sample);
}

/* First the head, and some calls later, when it is there, what it points to. */
void history_soon(HistoryBlocks *blocks, guint32 point) {
    if (point >= blocks->points)
        return;
    const Head *earlier = &blocks->head[blocks->soon[blocks->soon_next]];
    __builtin_prefetch(&blocks->head[point], 1);
    blocks->soon[blocks->soon_next] = point;
    blocks->soon_next = (blocks->soon_next + 1) % SOON;
    if (earlier->last)
        __builtin_prefetch(segment_at(blocks, earlier->last), 1);
}

guint32 history_late(const HistoryBlocks *blocks) { return blocks->late->len; }

/* Stable, so that of equal times the one that came first stays first. */
static int by_place(gconstpointer a, gconstpointer b) {
    const HistorySample *x = a, *y = b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    return x->time_ms < y->time_ms ? -1 : x->time_ms > y->time_ms;
}

static gboolean same_chunk(const HistorySample *a, const HistorySample *b) {
    return a->point == b->point && a->time_ms / HISTORY_HOUR_MS == b->time_ms / HISTORY_HOUR_MS;
}

/* Of samples with the same point and time only the first stays. */
static guint32 drop_doubles(HistorySample *samples, guint32 n) {
    guint32 kept = 0;
    for (guint32 i = 0; i < n; i++)
        if (kept == 0 || by_place(&samples[kept - 1], &samples[i]) != 0)
            samples[kept++] = samples[i];
    return kept;
}

void history_flush(HistoryBlocks *blocks, GPtrArray *closed) {
    GArray *late = blocks->late;
    g_array_sort(late, by_place); /* GLib's is stable */
    HistorySample *samples = (HistorySample *)(void *)late->data;
    guint32 n = drop_doubles(samples, late->len);
    for (guint32 from = 0, to; from < n; from = to) {
        for (to = from + 1;
             to < n && to - from < HISTORY_MAX && same_chunk(&samples[from], &samples[to]);)
            to++;
        g_ptr_array_add(closed, history_chunk_new(samples + from, to - from, TRUE));
    }
    g_array_set_size(late, 0);
}

GArray *history_open(const HistoryBlocks *blocks, guint32 point) {
    GArray *out = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    if (point < blocks->points && blocks->head[point].packer.count > 0) {
        guint8 stream[BLOCK_BYTES];
        HistorySample samples[BLOCK_BYTES];
        gather(blocks, &blocks->head[point], stream);
        g_array_append_vals(out, samples, unpack(stream, &blocks->head[point], point, samples));
    }
    for (guint32 i = 0; i < blocks->late->len; i++) {
        HistorySample *sample = &g_array_index(blocks->late, HistorySample, i);
        if (sample->point == point)
            g_array_append_val(out, *sample);
    }
    return out;
}

/* ---- checkpoint ----
 * Per point with an open block: its place in the range + 1 (guint32), the packer, used (guint16),
 * bytes; 0 ends. */

static const guint32 layout = sizeof(Packer) << 8 | 1;

void history_save(const HistoryBlocks *blocks, guint32 first, guint32 n, GByteArray *out) {
    static const guint32 end = 0;
    g_byte_array_append(out, (const guint8 *)&layout, sizeof layout);
    for (guint32 i = 0; i < n && first + i < blocks->points; i++) {
        const Head *head = &blocks->head[first + i];
        guint32 mark = i + 1;
        guint8 stream[BLOCK_BYTES];
        if (head->packer.count == 0)
            continue;
        gather(blocks, head, stream);
        g_byte_array_append(out, (const guint8 *)&mark, sizeof mark);
        g_byte_array_append(out, (const guint8 *)&head->packer, sizeof head->packer);
        g_byte_array_append(out, (const guint8 *)&head->used, sizeof head->used);
        g_byte_array_append(out, stream, head->used);
    }
    g_byte_array_append(out, (const guint8 *)&end, sizeof end);
}

typedef struct {
    const guint8 *p, *end;
} Reader;

static gboolean read_bytes(Reader *reader, void *out, gsize n) {
    if ((gsize)(reader->end - reader->p) < n)
        return FALSE;
    memcpy(out, reader->p, n);
    reader->p += n;
    return TRUE;
}

/* A block is taken only if its bytes give the packer that stands beside them. */
static gboolean restore_block(HistoryBlocks *blocks, guint32 point, Reader *reader) {
    Head saved = {.used = 0};
    guint8 stream[BLOCK_BYTES];
    HistorySample samples[BLOCK_BYTES];
    if (!read_bytes(reader, &saved.packer, sizeof saved.packer) ||
        !read_bytes(reader, &saved.used, sizeof saved.used) || saved.used > BLOCK_BYTES ||
        saved.packer.count == 0 || saved.packer.count > saved.used ||
        saved.packer.exponent >= DECIMAL_EXPONENTS || !read_bytes(reader, stream, saved.used) ||
        unpack(stream, &saved, point, samples) != saved.packer.count ||
        samples[saved.packer.count - 1].time_ms != saved.packer.last_ms)
        return FALSE;
    Head *head = &blocks->head[point];
    segments_return(blocks, head);
    *head = (Head){.packer = saved.packer};
    append(blocks, head, stream, saved.used);
    return TRUE;
}

gboolean history_restore(HistoryBlocks *blocks, guint32 first, guint32 n, const guint8 *bytes,
                         gsize size) {
    Reader reader = {bytes, bytes + size};
    guint32 mark;
    if (!read_bytes(&reader, &mark, sizeof mark) || mark != layout)
        return FALSE;
    for (;;) {
        if (!read_bytes(&reader, &mark, sizeof mark))
            return FALSE;
        if (mark == 0)
            return reader.p == reader.end;
        if (mark > n || first + mark > blocks->points ||
            !restore_block(blocks, first + mark - 1, &reader))
            return FALSE;
    }
}
