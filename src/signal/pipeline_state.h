/* What the parts of the pipeline share. Private to pipeline*.c. Who may touch what is said at each
 * member: (start) set before the threads run, (engine) engine's thread only, (writer) samples
 * writer's thread only, (lock) under `lock`. */
#pragma once
#include "base/bell.h"
#include "base/mailbox.h"
#include "signal/pipeline.h"
#include "signal/sample_log.h"
#include "signal/slice_bytes.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    ITEMS_MAX = 2048,      /* batches, ticks and changes between the door and the engine */
    SAMPLES_MAX = 1 << 20, /* samples in them: 21 MiB */
    BACKLOG_PART = 8,      /* a backlog may fill one part of so many of both */
    EVENTS_PER_SINK = 512,
    SILENCE_PER_SINK = 16384,
    CHUNKS_PER_SAVE = 1024, /* a save is made when so many wait, or after SAVE_MS */
    CHUNKS_MAX = 16384,     /* the engine waits for the disk before it makes more */
    LATE_MAX = 65536,
    SAVE_MS = 2000,
    RETRY_MS = 500,
    SLICES_PER_SAVE = 16,
    CHECKPOINT_SAMPLES = 12000000, /* all slices are saved while so many come: 2 s of replay */
    TRIM_ROWS = 4096,
    DAYS_PER_SAVE = 2,           /* groups of points whose day is packed: 10 ms each at most */
    PACK_AFTER_MS = 2 * 3600000, /* of the end of a day */
};

typedef enum { ITEM_SAMPLES, ITEM_TICK, ITEM_CHANGE, ITEM_RESUME, ITEM_WAKE } ItemKind;

/* What travels from the door over the log to the engine. */
typedef struct {
    ItemKind kind;
    Pipeline *pipeline;
    gint64 seq, last_seq; /* of its rows; set on the writer's thread */
    gint64 received_ms;
    gint64 pushed_us, durable_us; /* monotonic */
    /* samples */
    SampleBatch *batch;
    GPtrArray *rows; /* GByteArray: the batch in portions of ENGINE_ROW */
    PipelineDone done;
    gpointer data;
    /* change */
    guint32 point;
    PointDef def; /* taken by the table */
    /* resume */
    gint64 down_ms;
} Item;

/* A question from another thread; lives on its stack. */
typedef struct Request Request;
struct Request {
    Request *next;
    const guint32 *points; /* now */
    guint n;
    PointNow *now;
    guint32 point; /* open block, when now is NULL */
    GArray *open;
    gboolean checkpoint, good; /* save all slices */
    gboolean over;
};

/* One job of the samples writer: closed chunks, slices saved after them, and trimming. */
typedef struct {
    Pipeline *pipeline;
    GPtrArray *chunks;
    GArray *slices; /* SavedSlice */
    gint64 trim_seq, trim_before_ms, trim_hour, now_ms, anchor_ms, pack_hour;
    gint64 trimmed;
    gboolean days_wait;  /* there may be more to pack */
    gboolean over, good; /* lock */
} Save;

typedef struct {
    guint32 slice;
    gint64 seq;
    GByteArray *bytes; /* NULL: unchanged since its last save */
} SavedSlice;

struct Pipeline {
    PipelineConfig config; /* start */
    char *uri;
    Mailbox *box;
    pthread_t engine_thread, ticker_thread;
    pthread_mutex_t lock;
    pthread_cond_t progress; /* any change of what is under the lock */
    Bell ticker;             /* stopped: the ticker ends */

    /* engine */
    Engine *engine;
    HistoryBlocks *blocks;
    GArray *events;    /* AlarmEvent, not yet given to the sink */
    gint64 events_us;  /* since when the first of them waits */
    GPtrArray *closed; /* HistoryChunk, not yet in a save */
    Save *save;        /* on its way, or NULL */
    gint64 seq;        /* last row evaluated */
    gint64 *saved_seq; /* by slice: durable position; -1: never saved */
    guint32 saved_slices, next_slice;
    gint64 last_slice_ms, last_save_ms;
    guint64 last_slice_samples;
    gboolean days_wait;
    gboolean broken; /* a sink failed while stopping: nothing more is saved */

    Request *checkpoints; /* asked for, to be made when no alarm waits */

    gint64 next_seq; /* writer */

    /* lock */
    gint64 evaluated_seq, applied_seq; /* its alarms are durable; taken by the engine */
    EngineCounts counts;
    Request *requests;
    guint logging; /* items given to the writer, not yet durable */
    gboolean ended;

    gint64 last_received_ms; /* start: of the log as it was found */

    atomic_bool stopping, asked;
    atomic_uint items, samples_waiting;
    _Atomic gint64 log_seq, log_rows;
    _Atomic guint64 rows, samples, refused, refused_backlog;
    _Atomic gint64 durable_us; /* of the row that is evaluated next or now; 0: none waits */
    atomic_uint chunks_waiting, late_waiting;
    PipelineTimes times;
    Item wake; /* an item without content */
};

/* pipeline.c */
void item_free(Item *item);
/* The row of a change: {"point", "old", "new"}. */
GByteArray *change_encode(guint32 point, const PointDef *old, const PointDef *new);
gboolean change_decode(const guint8 *bytes, gsize n, guint32 *point, json_t **old, json_t **new);

/* pipeline_engine.c */
void *engine_thread(void *data);
void engine_open(Pipeline *pipeline); /* makes engine and blocks for the table as it is */
void evaluate(Pipeline *pipeline, Item *item);
gboolean deliver(Pipeline *pipeline, GError **error);
void serve_requests(Pipeline *pipeline);

/* pipeline_save.c */
void save_now_and_then(Pipeline *pipeline);
gboolean save_all(Pipeline *pipeline, GError **error);    /* waits */
gboolean save_chunks(Pipeline *pipeline, GError **error); /* waits; only chunks */
void save_restore(Pipeline *pipeline, guint32 slice, gint64 seq, const guint8 *bytes, gsize n);
gint64 saved_min(const Pipeline *pipeline);

/* pipeline_recovery.c */
/* What the row says; false when it cannot be read. item_end frees what it holds. */
gboolean item_of_row(const LogRow *row, Item *item);
void item_end(Item *item);
/* Everything up to the end of the log is evaluated, its alarms delivered. `changes` gets the
 * records (json_t) of points whose definition changed without the log knowing: they are pushed as
 * changes once the threads run. */
gboolean pipeline_recover(Pipeline *pipeline, GPtrArray *changes, GError **error);
