#include "store/writer.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    GROUP_MAX = 512,          /* jobs that share a commit */
    CHECKPOINT_COMMITS = 500, /* under load */
    QUIET_MS = 500,           /* without jobs: checkpoint what is left */
};

typedef struct {
    WriterFunc func;
    WriterDone done;
    gpointer data;
    GError *error;
} Job;

struct Writer {
    Sql *sql;
    Mailbox *box;
    guint capacity;
    pthread_t thread;
    void (*on_commit)(gpointer);
    gpointer on_commit_data;
    guint since_checkpoint;
    _Atomic guint64 commits, jobs, failed;
};

/* On a full disk SQLite may roll the whole transaction back by itself, and a connection to
 * PostgreSQL may be lost; a savepoint begun then would commit alone, so the rest of the group is
 * not run, and its commit fails. A job that calls itself good after a statement of its own has
 * spoilt the transaction (PostgreSQL) is undone when its savepoint cannot be released. */
static gboolean run_in_savepoint(Sql *sql, Job *job) {
    if (!sql_in_transaction(sql) || !sql_exec(sql, "SAVEPOINT job", &job->error))
        return FALSE;
    gboolean good = job->func(sql, job->data, &job->error);
    g_assert(good || job->error != NULL);
    if (good && sql_in_transaction(sql) && sql_exec(sql, "RELEASE job", &job->error))
        return TRUE;
    if (sql_in_transaction(sql))
        sql_exec(sql, "ROLLBACK TO job; RELEASE job", NULL);
    return FALSE;
}

static gboolean run_group(Writer *writer, Job **jobs, guint n, GError **error) {
    if (!sql_exec(writer->sql, "BEGIN IMMEDIATE", error))
        return FALSE;
    for (guint i = 0; i < n; i++)
        run_in_savepoint(writer->sql, jobs[i]);
    if (sql_exec(writer->sql, "COMMIT", error))
        return TRUE;
    if (sql_in_transaction(writer->sql))
        sql_exec(writer->sql, "ROLLBACK", NULL);
    return FALSE;
}

static void finish_group(Writer *writer, Job **jobs, guint n, GError *commit_error) {
    for (guint i = 0; i < n; i++) {
        Job *job = jobs[i];
        const GError *error = job->error ? job->error : commit_error;
        if (error)
            atomic_fetch_add(&writer->failed, 1);
        atomic_fetch_add(&writer->jobs, 1); /* whoever is told finds himself counted */
        job->done(job->data, error);
        g_clear_error(&job->error);
        g_free(job);
    }
}

static void checkpoint(Writer *writer) {
    g_autoptr(GError) error = NULL;
    writer->since_checkpoint = 0;
    if (!sql_checkpoint(writer->sql, FALSE, &error))
        log_error("store", error, "checkpoint");
}

static void commit_group(Writer *writer, Job **jobs, guint n) {
    g_autoptr(GError) error = NULL;
    gboolean good = run_group(writer, jobs, n, &error);
    atomic_fetch_add(&writer->commits, 1);
    finish_group(writer, jobs, n, error);
    if (good && writer->on_commit)
        writer->on_commit(writer->on_commit_data);
    if (++writer->since_checkpoint >= CHECKPOINT_COMMITS)
        checkpoint(writer);
}

static void *writer_thread(void *data) {
    Writer *writer = data;
    Job *jobs[GROUP_MAX];
    for (;;) {
        guint n = mailbox_take(writer->box, (gpointer *)jobs, GROUP_MAX, QUIET_MS);
        if (n > 0)
            commit_group(writer, jobs, n);
        else if (mailbox_closed(writer->box))
            return NULL;
        else if (writer->since_checkpoint > 0)
            checkpoint(writer);
    }
}

Writer *writer_new(Sql *sql_take, guint capacity) {
    Writer *writer = g_new0(Writer, 1);
    writer->sql = sql_take;
    writer->box = mailbox_new(capacity);
    writer->capacity = capacity;
    int code = pthread_create(&writer->thread, NULL, writer_thread, writer);
    g_assert(code == 0);
    return writer;
}

void writer_free(Writer *writer) {
    if (writer == NULL)
        return;
    mailbox_close(writer->box);
    pthread_join(writer->thread, NULL);
    mailbox_free(writer->box);
    sql_checkpoint(writer->sql, TRUE, NULL);
    sql_close(writer->sql);
    g_free(writer);
}

void writer_push(Writer *writer, WriterFunc func, WriterDone done, gpointer data) {
    Job *job = g_new0(Job, 1);
    *job = (Job){func, done, data, NULL};
    if (mailbox_put(writer->box, job))
        return;
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_BUSY, NULL, "shutting down", NULL);
    done(data, error);
    g_free(job);
}

/* A job whose caller sleeps until it is durable. */
typedef struct {
    WriterFunc func;
    gpointer data;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    gboolean over;
    GError *error;
} Waiting;

static gboolean waiting_run(Sql *sql, gpointer data, GError **error) {
    Waiting *waiting = data;
    return waiting->func(sql, waiting->data, error);
}

static void waiting_done(gpointer data, const GError *error) {
    Waiting *waiting = data;
    pthread_mutex_lock(&waiting->lock);
    waiting->error = error ? g_error_copy(error) : NULL;
    waiting->over = TRUE;
    pthread_cond_signal(&waiting->ended);
    pthread_mutex_unlock(&waiting->lock);
}

gboolean writer_run(Writer *writer, WriterFunc func, gpointer data, GError **error) {
    Waiting waiting = {.func = func, .data = data, .over = FALSE};
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_cond_init(&waiting.ended, NULL);
    writer_push(writer, waiting_run, waiting_done, &waiting);
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.over)
        pthread_cond_wait(&waiting.ended, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    pthread_cond_destroy(&waiting.ended);
    pthread_mutex_destroy(&waiting.lock);
    if (waiting.error == NULL)
        return TRUE;
    g_propagate_error(error, waiting.error);
    return FALSE;
}

/* The hook belongs to the writer's thread: it is set there, in a job. */
typedef struct {
    Writer *writer;
    void (*func)(gpointer data);
    gpointer data;
} Hook;

static gboolean set_hook(Sql *sql, gpointer data, GError **error) {
    (void)sql, (void)error;
    const Hook *hook = data;
    hook->writer->on_commit = hook->func;
    hook->writer->on_commit_data = hook->data;
    return TRUE;
}

void writer_on_commit(Writer *writer, void (*func)(gpointer data), gpointer data) {
    Hook hook = {writer, func, data};
    writer_run(writer, set_hook, &hook, NULL);
}

guint writer_queued(Writer *writer) { return mailbox_length(writer->box); }

WriterCounts writer_counts(Writer *writer) {
    return (WriterCounts){.commits = atomic_load(&writer->commits),
                          .jobs = atomic_load(&writer->jobs),
                          .failed = atomic_load(&writer->failed),
                          .queued = mailbox_length(writer->box),
                          .capacity = writer->capacity};
}
