/* The writer: what was told durable is there, what was told failed is not, and jobs do not hurt
 * each other. */
#include "base/error.h"
#include "store/test_database.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>

enum { JOBS_MAX = 2000 };

typedef struct {
    TestDatabase database;
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

/* What makes the disk full, and what gives it room again. PostgreSQL says "disk full" at the third
 * part of the rows, so that some of a group fail and others do not. */
static const char *const small_disk[] = {
    [SQL_SQLITE] = "PRAGMA max_page_count=300",
    [SQL_POSTGRES] =
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "disk_full; END $$;"
        "CREATE TRIGGER full_disk BEFORE INSERT ON t FOR EACH ROW WHEN "
        "(length(new.bytes) > 13000) EXECUTE FUNCTION full_disk()"};
static const char *const big_disk[] = {
    [SQL_SQLITE] = "PRAGMA max_page_count=100000", [SQL_POSTGRES] = "DROP TRIGGER full_disk ON t"};

typedef enum { AS_IS, FOREIGN_KEYS, SMALL_DISK } Setting;

static void setup(Fixture *f, gconstpointer data) {
    Setting setting = GPOINTER_TO_INT(data);
    g_autoptr(GError) error = NULL;
    test_database_new(&f->database, TRUE);
    Sql *sql = test_sql_open(&f->database, SQL_WRITE);
    sql_define(sql,
               "CREATE TABLE parent(id {key} PRIMARY KEY);"
               "CREATE TABLE t(id {key} PRIMARY KEY, bytes {blob}, parent {int} REFERENCES "
               "parent(id) DEFERRABLE INITIALLY DEFERRED)",
               &error);
    if (setting == FOREIGN_KEYS && !test_on_postgres())
        sql_exec(sql, "PRAGMA foreign_keys=ON", &error);
    if (setting == SMALL_DISK)
        sql_exec(sql, small_disk[sql_kind(sql)], &error);
    g_assert_no_error(error);
    f->writer = writer_new(sql, 64);
}

static void teardown(Fixture *f, gconstpointer data) {
    (void)data;
    writer_free(f->writer);
    test_database_free(&f->database);
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
    Sql *sql = test_sql_open(&f->database, SQL_WRITE);
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

/* A commit whose answer was lost may hold: what was told failed may be there, what was told durable
 * must be. */
static void assert_acknowledged_is_there(Fixture *f, const TestJob *jobs, guint n) {
    writer_free(f->writer);
    f->writer = NULL;
    Sql *sql = test_sql_open(&f->database, SQL_WRITE);
    for (guint i = 0; i < n; i++) {
        gint64 found;
        sql_get_int(sql, NULL, &found, -1, "SELECT count(*) FROM t WHERE id = ?", "i", jobs[i].id);
        g_assert_true(jobs[i].told == 2 || found == 1);
        g_assert_false(jobs[i].refuse && found);
    }
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
    return sql_exec(sql, big_disk[sql_kind(sql)], error);
}

static void a_disk_with_room_again_works_again(Fixture *f, gconstpointer data) {
    (void)data;
    TestJob jobs[] = {{.id = 1, .blob = 1500000}, {.id = 2, .blob = 1500000}};
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

/* A job that goes on after a statement of its own failed and calls itself good: on PostgreSQL its
 * savepoint is spoilt, so it is told so; the others hold on both. */
static gboolean hide_failure(Sql *sql, gpointer data, GError **error) {
    gboolean good = run_job(sql, data, error);
    sql_run(sql, NULL, "INSERT INTO t(id) VALUES (?)", "i", ((TestJob *)data)->id);
    return good;
}

static void a_job_that_hides_its_failure(Fixture *f, gconstpointer data) {
    (void)data;
    Gate gate;
    TestJob jobs[] = {{.id = 1}, {.id = 2}, {.id = 3}};
    gate_close(&gate, f->writer);
    writer_push(f->writer, run_job, job_told, &jobs[0]);
    writer_push(f->writer, hide_failure, job_told, &jobs[1]);
    writer_push(f->writer, run_job, job_told, &jobs[2]);
    gate_open(&gate);
    writer_run(f->writer, nothing, NULL, NULL);
    g_assert_cmpint(jobs[0].told, ==, 1);
    g_assert_cmpint(jobs[1].told, ==, test_on_postgres() ? 2 : 1);
    g_assert_cmpint(jobs[2].told, ==, 1);
    assert_told_is_true(f, jobs, 3);
    pthread_cond_destroy(&gate.opened);
    pthread_mutex_destroy(&gate.lock);
}

/* Ends the writer's connection in the middle of jobs, at rest and between, again and again. */
static void *kill_connections(void *data) {
    Fixture *f = data;
    g_autofree char *text = g_strdup_printf(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND "
        "l.granted AND (l.classid::bigint << 32) + l.objid::bigint = hashtextextended('anlan %s', "
        "0)",
        f->database.schema);
    for (int i = 0; i < 12; i++) {
        g_usleep(20000);
        test_server_run(text);
    }
    return NULL;
}

/* Its own connection ends inside the job: this one is lost for certain. */
static gboolean lose_connection(Sql *sql, gpointer data, GError **error) {
    (void)data;
    return sql_run(sql, error, "SELECT pg_terminate_backend(pg_backend_pid())", "") &&
           sql_run(sql, error, "SELECT 1", "");
}

static void a_lost_connection(Fixture *f, gconstpointer data) {
    (void)data;
    static TestJob jobs[JOBS_MAX];
    pthread_t killer;
    guint n = 0;
    pthread_create(&killer, NULL, kill_connections, f);
    gint64 until = g_get_monotonic_time() + 400000;
    for (; g_get_monotonic_time() < until && n + 11 < JOBS_MAX; n += 10) {
        for (guint i = n; i < n + 10; i++)
            jobs[i] = (TestJob){.id = i + 1, .blob = i % 100, .refuse = i % 7 == 0};
        run_together(f, jobs + n, 10);
        g_usleep(1000);
    }
    pthread_join(killer, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(f->writer, lose_connection, NULL, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_STORE);
    jobs[n] = (TestJob){.id = n + 1};
    run_together(f, &jobs[n], 1); /* and it works again */
    g_assert_cmpint(jobs[n].told, ==, 1);
    assert_acknowledged_is_there(f, jobs, n + 1);
}

#define ADD(name, func, setting)                                                                   \
    g_test_add("/writer/" name, Fixture, GINT_TO_POINTER(setting), setup, func, teardown)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("one-commit-serves-many-jobs-in-order", one_commit_serves_many_jobs_in_order, AS_IS);
    ADD("a-failing-job-undoes-only-itself", a_failing_job_undoes_only_itself, AS_IS);
    ADD("a-failed-commit-is-told-to-all", a_failed_commit_is_told_to_all, FOREIGN_KEYS);
    ADD("a-full-disk-loses-nothing-it-acknowledged", a_full_disk_loses_nothing_it_acknowledged,
        SMALL_DISK);
    ADD("a-disk-with-room-again-works-again", a_disk_with_room_again_works_again, SMALL_DISK);
    ADD("many-threads-wait-each-for-its-own", many_threads_wait_each_for_its_own, AS_IS);
    ADD("commits-are-announced-after-they-hold", commits_are_announced_after_they_hold,
        FOREIGN_KEYS);
    ADD("freeing-finishes-what-is-queued", freeing_finishes_what_is_queued, AS_IS);
    ADD("a-job-that-hides-its-failure-hurts-only-itself", a_job_that_hides_its_failure, AS_IS);
    if (test_on_postgres())
        ADD("a-lost-connection-loses-nothing-acknowledged", a_lost_connection, AS_IS);
    return g_test_run();
}
