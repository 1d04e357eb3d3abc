/* The one thread that writes a database: group commit.
 *
 * A job runs inside its own savepoint on the writer's connection; many jobs share one commit, which
 * is synced to disk before any of them is told. A job that returns false undoes only itself. If the
 * commit fails, every job of the group is told so. Callers from any thread; jobs of one caller run
 * in the order given. When the queue is full, callers wait. The writer also checkpoints the WAL. */
#pragma once
#include "store/sql.h"

typedef struct Writer Writer;
typedef gboolean (*WriterFunc)(Sql *sql, gpointer data, GError **error);
typedef void (*WriterDone)(
    gpointer data,
    const GError *error); /* on the writer's thread, after the commit; error NULL = durable */

/* Takes the SQL_WRITE connection. `capacity` jobs may wait. */
Writer *writer_new(Sql *sql_take, guint capacity);
void writer_free(Writer *writer); /* finishes what is queued, then closes the connection */

/* Runs the job and waits for its commit. Not from the writer's own thread. */
gboolean writer_run(Writer *writer, WriterFunc func, gpointer data, GError **error);
/* Hands over the job; `done` is always called exactly once, also when the writer is closed (then
 * with ERROR_BUSY, on this thread). */
void writer_push(Writer *writer, WriterFunc func, WriterDone done, gpointer data);

/* From now on `func` is called on the writer's thread after each group of jobs. Waits; not from the
 * writer's own thread. */
void writer_on_commit(Writer *writer, void (*func)(gpointer data), gpointer data);
guint writer_queued(Writer *writer);
typedef struct {
    guint64 commits, jobs, failed;
    guint queued, capacity;
} WriterCounts;
WriterCounts writer_counts(Writer *writer); /* any thread */
