/* The sample path in one place: doors -> log (durable) -> engine -> alarms, history, checkpoints;
 * and back up after a crash.
 *
 *   pipeline_push (any thread) -> writer of the samples database: log row -> commit -> done() to
 * the door, row to the engine's mailbox engine thread: rows in log order -> alarm events -> sink
 * (records writer), closed chunks -> samples writer, one checkpoint slice now and then ticker
 * thread: a tick row each second, so that time itself is in the log
 *
 * The engine's state is saved slice by slice, each with its position in the log; a restart restores
 * the slices and replays the rows after them. Alarm events are committed by the sink before the
 * checkpoint that covers them, and the sink passes over events it has already (engine_seq), so a
 * crash at any moment repeats work but never loses or doubles an alarm. Log rows are kept until
 * every slice is saved beyond them and `keep_ms` has passed. */
#pragma once
#include "base/clock.h"
#include "base/histogram.h"
#include "signal/engine.h"
#include "signal/history.h"
#include "store/writer.h"

typedef struct Pipeline Pipeline;

typedef struct {
    /* Makes the events durable as moves of alarm records, in order; called on the engine thread,
     * waits for the commit. */
    gboolean (*alarms)(gpointer data, const AlarmEvent *events, guint n, GError **error);
    gpointer data;
    /* Once at start, when the log is replayed and its alarms are delivered: `standing` (AlarmEvent)
     * is what stands in the engine. May be NULL. */
    gboolean (*reconcile)(gpointer data, const GArray *standing, GError **error);
} PipelineSink;

typedef struct {
    const char *samples_uri;
    Clock *clock;
    PointTable *table; /* loaded */
    Writer *writer;    /* of the samples database */
    PipelineSink sink;
    /* Sequences up to this one are used up: the records know events of them. After a backup was put
     * back the log may be older than the records; new events must still be newer. */
    gint64 used_seq;
    gint64 keep_ms;       /* of log rows; default 3600000 */
    gint64 checkpoint_ms; /* each slice at least this often; default 30000 */
    gint64 retention_ms;  /* of history; 0: for ever. Default 0; 40号令 asks for >= 30 days */
} PipelineConfig;

/* Tables of log, checkpoints and history (the table `point` is point_table_migrate's). */
gboolean pipeline_migrate(Sql *samples, GError **error);
/* Restores the last checkpoint, replays the log after it and starts the threads. Returns when the
 * engine has caught up. */
Pipeline *pipeline_start(const PipelineConfig *config, GError **error);
void pipeline_stop(Pipeline *pipeline); /* drains, saves all slices, ends the threads, frees */

/* Takes the batch; `done` is called once, on the writer's thread, after the commit (error NULL) or
 * a failure. When the queue is full it refuses at once with ERROR_BUSY (returns false, error set,
 * done not called, batch freed). To a batch marked as backlog it is full at an eighth (project
 * choice): a gateway that sends hours of old data at full speed is held up, live data is not, and
 * has at most an eighth of the queue of old data before it. */
typedef void (*PipelineDone)(gpointer data, const GError *error);
gboolean pipeline_push(Pipeline *pipeline, SampleBatch *batch_take, PipelineDone done,
                       gpointer data, GError **error);
/* Convenience: waits. */
gboolean pipeline_put(Pipeline *pipeline, SampleBatch *batch_take, GError **error);

/* A point was created or edited; called after the record's commit. Gives a new code its number,
 * puts the change into the log as a row of its own (so that a replay judges every sample by the
 * definition it had) and waits until the engine has taken it. Not on a writer's thread. */
gboolean pipeline_point_changed(Pipeline *pipeline, json_t *point_record, GError **error);
/* Several, in order (JSON array); waits for the last. */
gboolean pipeline_points_changed(Pipeline *pipeline, json_t *point_records, GError **error);

/* Asked on any thread, answered by the engine's thread between two rows. `now` has room for n. */
void pipeline_now(Pipeline *pipeline, const guint32 *points, guint n, PointNow *now);
/* HistorySample: what history_query cannot see yet: the open block, late samples and closed chunks
 * on their way to the disk. */
GArray *pipeline_open_block(Pipeline *pipeline, guint32 point);

typedef struct {
    EngineCounts engine;
    gint64 log_seq, engine_seq;     /* last durable row, last evaluated row */
    guint64 rows, samples, refused; /* since start; refused = busy */
    guint64 refused_backlog;        /* of them: backlogs that made way */
    guint queued_rows;              /* batches that were let in and are not evaluated yet */
    guint queued_samples;           /* samples in them */
    guint queue_max, queue_samples_max;
    guint chunks_waiting, chunks_max; /* of history, on their way to the disk */
    guint late_waiting, late_max;     /* samples that came late, likewise */
    gint64 lag_us;                    /* age of the oldest durable row that is not evaluated */
    gint64 log_rows_kept;
    WriterCounts writer;
} PipelineCounts;
PipelineCounts pipeline_counts(Pipeline *pipeline);

/* How long things take; a batch each, of `committed` an alarm event each. */
typedef struct {
    Histogram durable;   /* from pipeline_push to the commit */
    Histogram evaluated; /* from there to the engine's verdict */
    Histogram committed; /* from there until the sink has made its alarms durable */
} PipelineTimes;
PipelineTimes *pipeline_times(Pipeline *pipeline);
/* A tick at the clock's time, as the ticker thread makes one each second; waits until it is
 * evaluated. For stories on a virtual clock. */
void pipeline_tick(Pipeline *pipeline);
/* Saves all slices now, whatever is due; waits. False when the database failed. */
gboolean pipeline_checkpoint(Pipeline *pipeline, GError **error);
/* Waits until every row that is durable now is evaluated and its alarms are durable. For tests,
 * bench and backup. */
void pipeline_settle(Pipeline *pipeline);
