/* The writer: what was told durable is there, what was told failed is not, and jobs do not hurt
 * each other. */
#include "base/error.h"
#include "store/writer.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <stdatomic.h>

enum { JOBS_MAX = 2000 };

typedef struct {
    char *directory, *uri;
    Writer *writer;
} Fixture;

/* One job of a test: what it shall do, and what it was told. */
typedef struct {
    gint64 id;
    gsize blob;      /* bytes to write beside the id */
    gint64 parent;   /* >0: a deferred foreign key */
    gboolean refuse; /* writes, then fails */
    int told;        /* 0 not yet, 1 durable, 2 failed */
    ErrorKind kind;
    guint order;
    atomic_uint *orders;
} TestJob;

static Sql *open_sql(const char *uri) {
    g_autoptr(GError) error = NULL;
    Sql *sql = sql_open(uri, SQL_WRITE, &error);
    g_assert_no_error(error);
    return sql;
}

static void setup(Fixture *f, gconstpointer data) {
    const char *pragma = data;
    g_autoptr(GError) error = NULL;
    f->directory = g_dir_make_tmp("anlan-writer-XXXXXX", &error);
    f->uri = g_strconcat("sqlite:", f->directory, "/test.db", NULL);
    Sql *sql = open_sql(f->uri);
    sql_exec(sql,
             "CREATE TABLE parent(id INTEGER PRIMARY KEY);"
             "CREATE TABLE t(id INTEGER PRIMARY KEY, bytes BLOB, parent REFERENCES parent(id) "
             "DEFERRABLE INITIALLY DEFERRED)",
             &error);
    g_assert_no_error(error);
    if (pragma)
        sql_exec(sql, pragma, &error);
    g_assert_no_error(error);
    f->writer = writer_new(sql, 64);
}

static void teardown(Fixture *f, gconstpointer data) {
    (void)data;
    writer_free(f->writer);
    g_autoptr(GDir) dir = g_dir_open(f->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(f->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(f->directory);
    g_free(f->directory);
    g_free(f->uri);
}

static gboolean run_job(Sql *sql, gpointer data, GError **error) {
    TestJob *job = data;
    g_autofree guint8 *bytes = g_malloc0(job->blob + 1);
    const char *text =
        job->parent ? "INSERT INTO t VALUES (?, ?, ?)" : "INSERT INTO t(id, bytes) VALUES (?, ?)";
    if (!sql_run(sql, error, text, job->parent ? "ibi" : "ib", job->id, bytes, job->blob,
                 job->parent))
        return FALSE;
    return !job->refuse || error_set(error, ERROR_CHECK, NULL, "否", "no", NULL);
}

static void job_told(gpointer data, const GError *error) {
    TestJob *job = data;
    g_assert_cmpint(job->told, ==, 0); /* exactly once */
    job->told = error ? 2 : 1;
    job->kind = error ? error_kind(error) : 0;
    if (job->orders)
        job->order = atomic_fetch_add(job->orders, 1) + 1;
}

/* Holds the writer until opened, so that what is pushed meanwhile shares one commit. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    gboolean open, reached;
} Gate;

static gboolean wait_gate(Sql *sql, gpointer data, GError **error) {
    (void)sql, (void)error;
    Gate *gate = data;
    pthread_mutex_lock(&gate->lock);
    gate->reached = TRUE;
    pthread_cond_broadcast(&gate->opened);
    while (!gate->open)
        pthread_cond_wait(&gate->opened, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return TRUE;
}

static void ignore(gpointer data, const GError *error) { (void)data, (void)error; }

static void gate_close(Gate *gate, Writer *writer) {
    *gate = (Gate){.open = FALSE, .reached = FALSE};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->opened, NULL);
    writer_push(writer, wait_gate, ignore, gate);
    pthread_mutex_lock(&gate->lock);
    while (!gate->reached)
        pthread_cond_wait(&gate->opened, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void gate_open(Gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->open = TRUE;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

static gboolean nothing(Sql *sql, gpointer data, GError **error) {
    (void)sql, (void)data, (void)error;
    return TRUE;
}

/* Pushes the jobs as one group and waits until all were told. */
static void run_together(Fixture *f, TestJob *jobs, guint n) {
    Gate gate;
    gate_close(&gate, f->writer);
    for (guint i = 0; i < n; i++)
        writer_push(f->writer, run_job, job_told, &jobs[i]);
    gate_open(&gate);
    writer_run(f->writer, nothing, NULL, NULL);
    pthread_cond_destroy(&gate.opened);
    pthread_mutex_destroy(&gate.lock);
}

/* Closes the writer and looks at the file as the next start would. */
static void assert_told_is_true(Fixture *f, const TestJob *jobs, guint n) {
    writer_free(f->writer);
    f->writer = NULL;
    Sql *sql = open_sql(f->uri);
    gint64 durable = 0, rows;
    for (guint i = 0; i < n; i++) {
        gint64 found;
        sql_get_int(sql, NULL, &found, -1, "SELECT count(*) FROM t WHERE id = ?", "i", jobs[i].id);
        g_assert_cmpint(jobs[i].told, !=, 0);
        g_assert_cmpint(found, ==, jobs[i].told == 1);
        durable += jobs[i].told == 1;
    }
    sql_get_int(sql, NULL, &rows, -1, "SELECT count(*) FROM t", "");
    g_assert_cmpint(rows, ==, durable);
    sql_close(sql);
}

static void one_commit_serves_many_jobs_in_order(Fixture *f, gconstpointer data) {
    (void)data;
    TestJob jobs[50] = {0};
    atomic_uint orders = 0;
    for (guint i = 0; i < 50; i++)
        jobs[i] = (TestJob){.id = i + 1, .orders = &orders};
    guint64 before = writer_counts(f->writer).commits;
    run_together(f, jobs, 50);
    WriterCounts counts = writer_counts(f->writer);
    g_assert_cmpuint(counts.commits - before, <=, 3); /* the gate, the group, the empty job */
    g_assert_cmpuint(counts.failed, ==, 0);
    for (guint i = 0; i < 50; i++) {
        g_assert_cmpint(jobs[i].told, ==, 1);
        g_assert_cmpuint(jobs[i].order, ==, i + 1);
    }
    assert_told_is_true(f, jobs, 50);
}

static void a_failing_job_undoes_only_itself(Fixture *f, gconstpointer data) {
    (void)data;
    TestJob jobs[] = {{.id = 1}, {.id = 2, .refuse = TRUE}, {.id = 3}, {.id = 3}, {.id = 4}};
    run_together(f, jobs, 5);
    g_assert_cmpint(jobs[0].told, ==, 1);
    g_assert_cmpint(jobs[1].told, ==, 2);
    g_assert_cmpint(jobs[1].kind, ==, ERROR_CHECK);
    g_assert_cmpint(jobs[2].told, ==, 1);
    g_assert_cmpint(jobs[3].told, ==, 2); /* the key is taken */
    g_assert_cmpint(jobs[3].kind, ==, ERROR_STORE);
    g_assert_cmpint(jobs[4].told, ==, 1);
    g_assert_cmpuint(writer_counts(f->writer).failed, ==, 2);
    jobs[3].id = 1000; /* its id exists by the former job */
    assert_told_is_true(f, jobs, 5);
}

/* The commit itself fails (a deferred foreign key): nobody may be told that he is durable, and the
 * next group works. */
static void a_failed_commit_is_told_to_all(Fixture *f, gconstpointer data) {
    (void)data;
    TestJob jobs[] = {
        {.id = 1}, {.id = 2, .parent = 99}, {.id = 3, .refuse = TRUE}, {.id = 4}, {.id = 5}};
    run_together(f, jobs, 4);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpint(jobs[i].told, ==, 2);
    g_assert_cmpint(jobs[2].kind, ==, ERROR_CHECK); /* its own reason, not the group's */
    run_together(f, jobs + 4, 1);
    g_assert_cmpint(jobs[4].told, ==, 1);
    assert_told_is_true(f, jobs, 5);
}

static void a_full_disk_loses_nothing_it_acknowledged(Fixture *f, gconstpointer data) {
    (void)data;
    static TestJob jobs[JOBS_MAX];
    guint n = 0, durable = 0, full = 0;
    for (gint64 round = 0; round < 20; round++) {
        guint first = n;
        for (int i = 0; i < 20; i++, n++)
            jobs[n] = (TestJob){
                .id = n + 1, .blob = (gsize)g_test_rand_int_range(0, 20000), .refuse = i == 7};
        run_together(f, jobs + first, n - first);
    }
    for (guint i = 0; i < n; i++) {
        durable += jobs[i].told == 1;
        full += jobs[i].told == 2 && jobs[i].kind == ERROR_DISK_FULL;
    }
    g_assert_cmpuint(durable, >, 0);
    g_assert_cmpuint(full, >, 0);
    assert_told_is_true(f, jobs, n);
}

static gboolean give_room(Sql *sql, gpointer data, GError **error) {
    (void)data;
    return sql_run(sql, error, "PRAGMA max_page_count=100000", "");
}

static void a_disk_with_room_again_works_again(Fixture *f, gconstpointer data) {
    (void)data;
    TestJob jobs[] = {{.id = 1, .blob = 1000000}, {.id = 2, .blob = 1000000}};
    run_together(f, jobs, 1);
    g_assert_cmpint(jobs[0].told, ==, 2);
    g_assert_cmpint(jobs[0].kind, ==, ERROR_DISK_FULL);
    g_assert_true(writer_run(f->writer, give_room, NULL, NULL));
    run_together(f, jobs + 1, 1);
    g_assert_cmpint(jobs[1].told, ==, 1);
    assert_told_is_true(f, jobs, 2);
}

typedef struct {
    Fixture *fixture;
    TestJob *jobs;
    guint n;
} Caller;

static void *call_many(void *data) {
    Caller *caller = data;
    for (guint i = 0; i < caller->n; i++) {
        g_autoptr(GError) error = NULL;
        TestJob *job = &caller->jobs[i];
        job->told = writer_run(caller->fixture->writer, run_job, job, &error) ? 1 : 2;
        g_assert_cmpint(job->told == 2, ==, job->refuse);
        g_assert_cmpint(job->told == 2, ==, error != NULL);
    }
    return NULL;
}

static void many_threads_wait_each_for_its_own(Fixture *f, gconstpointer data) {
    (void)data;
    enum { CALLERS = 8, EACH = 100 };
    static TestJob jobs[CALLERS * EACH];
    pthread_t threads[CALLERS];
    Caller callers[CALLERS];
    for (guint i = 0; i < CALLERS * EACH; i++)
        jobs[i] = (TestJob){.id = i + 1, .blob = i % 100, .refuse = i % 9 == 0};
    for (guint i = 0; i < CALLERS; i++) {
        callers[i] = (Caller){f, jobs + i * EACH, EACH};
        pthread_create(&threads[i], NULL, call_many, &callers[i]);
    }
    for (guint i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    assert_told_is_true(f, jobs, CALLERS * EACH);
}

static void count_commit(gpointer data) { atomic_fetch_add((atomic_uint *)data, 1); }

static void commits_are_announced_after_they_hold(Fixture *f, gconstpointer data) {
    (void)data;
    atomic_uint announced = 0;
    TestJob good = {.id = 1}, broken = {.id = 2, .parent = 99};
    writer_on_commit(f->writer, count_commit, &announced);
    run_together(f, &good, 1);
    guint after = atomic_load(&announced);
    g_assert_cmpuint(after, >, 0);
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(f->writer, run_job, &broken, &error));
    g_assert_cmpuint(atomic_load(&announced), <=,
                     after + 1); /* the empty job of run_together, not the failed commit */
}

static void freeing_finishes_what_is_queued(Fixture *f, gconstpointer data) {
    (void)data;
    TestJob jobs[40] = {0};
    for (guint i = 0; i < 40; i++) {
        jobs[i] = (TestJob){.id = i + 1};
        writer_push(f->writer, run_job, job_told, &jobs[i]);
    }
    assert_told_is_true(f, jobs, 40); /* frees the writer first */
    for (guint i = 0; i < 40; i++)
        g_assert_cmpint(jobs[i].told, ==, 1);
}

#define ADD(name, func, pragma) g_test_add("/writer/" name, Fixture, pragma, setup, func, teardown)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("one-commit-serves-many-jobs-in-order", one_commit_serves_many_jobs_in_order, NULL);
    ADD("a-failing-job-undoes-only-itself", a_failing_job_undoes_only_itself, NULL);
    ADD("a-failed-commit-is-told-to-all", a_failed_commit_is_told_to_all, "PRAGMA foreign_keys=ON");
    ADD("a-full-disk-loses-nothing-it-acknowledged", a_full_disk_loses_nothing_it_acknowledged,
        "PRAGMA max_page_count=300");
    ADD("a-disk-with-room-again-works-again", a_disk_with_room_again_works_again,
        "PRAGMA max_page_count=100");
    ADD("many-threads-wait-each-for-its-own", many_threads_wait_each_for_its_own, NULL);
    ADD("commits-are-announced-after-they-hold", commits_are_announced_after_they_hold,
        "PRAGMA foreign_keys=ON");
    ADD("freeing-finishes-what-is-queued", freeing_finishes_what_is_queued, NULL);
    return g_test_run();
}
