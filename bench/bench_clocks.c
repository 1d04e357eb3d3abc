/* How late legal clocks fire beside OPEN others that are open: in a steady stream, many in one
 * second, and after a downtime while people go on moving records. Lateness is from the moment a
 * step is due until its commit is on disk. bench_clocks URI [OPEN [BURST [MISSED]]]; the database
 * must be empty. The open clocks and their hazards are copies of one, made by SQL: the journal of
 * copies does not verify, all else is real. bench/clocks runs it on both back ends. */
#include "app/scheduler.h"
#include "base/error.h"
#include "record/row.h"
#include "server/once.h"
#include "store/writer.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEADY_S = 20, STEADY_PER_S = 100, PORTION = 50000, PEOPLE = 8 };

typedef struct {
    gint64 at_ms, seq;
} Commit;

typedef struct {
    Packs *packs;
    Writer *writer;
    Sql *reader, *hook_reader;
    const char *uri;
    char *files;         /* an empty directory: nothing is uploaded */
    gint64 copied, open; /* copies made, wanted */
    gint64 used;         /* of the copies, whose clocks have been set to fire */
    GArray *commits;     /* Commit; the writer's thread */
    char *person_id;
    gboolean moving;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    guint running;
    GArray *waits; /* µs, of people's moves; the writer's thread */
} Bench;

static void stop_on(const GError *error) {
    if (error == NULL)
        return;
    fprintf(stderr, "bench_clocks: %s\n", error->message);
    exit(1);
}

static gint64 now_ms(void) { return clock_now(clock_real()); }

/* --- the world --- */

static gboolean make_world(Sql *sql, gpointer data, GError **error) {
    static const char *const records[][2] = {
        {"region", "{\"code\":\"320412\",\"name\":\"武进区\",\"kind\":\"district\"}"},
        {"enterprise", "{\"code\":\"E1\",\"name\":\"武进化工\",\"region\":\"320412\","
                       "\"kind\":\"chemical\"}"},
        {"hazard", "{\"title\":\"法兰渗漏\",\"enterprise\":\"E1\",\"source\":\"inspection\","
                   "\"grade\":\"general\"}"}};
    Bench *bench = data;
    for (guint i = 0; i < G_N_ELEMENTS(records); i++) {
        json_t *fields = json_loads(records[i][1], 0, NULL);
        json_t *record = record_create(sql, bench->packs, &actor_system, records[i][0], fields,
                                       NULL, now_ms(), error);
        json_decref(fields);
        if (record == NULL)
            return FALSE;
        g_free(bench->person_id);
        bench->person_id = g_strdup(json_string_value(json_object_get(record, "id")));
        json_decref(record);
    }
    return sql_run(sql, error, "UPDATE clocks SET next_ms = ?", "i",
                   now_ms() + (gint64)365 * DAY_MS);
}

#define NUMBERS "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) "

/* A portion of copies, hazard "Bi" with clock serial i + 1. */
static gboolean copy_some(Sql *sql, gpointer data, GError **error) {
    Bench *bench = data;
    gint64 first = bench->copied + 1, last = MIN(bench->copied + PORTION, bench->open);
    g_autoptr(GString) columns = g_string_new(NULL);
    row_select(packs_type(bench->packs, "hazard"), columns);
    const char *others = strchr(columns->str, ',');
    g_autofree char *rows = g_strdup_printf("INSERT INTO r_hazard (_id%s) " NUMBERS
                                            "SELECT 'B' || i%s FROM n, r_hazard WHERE _id = ?",
                                            others, others);
    bench->copied = last;
    return sql_run(sql, error, rows, "iit", first, last, bench->person_id) &&
           sql_run(sql, error,
                   "INSERT INTO clocks (serial, type, id, name, started_ms, due_ms, step, next_ms, "
                   "_region, _enterprise, _sector) " NUMBERS
                   "SELECT i + 1, type, 'B' || i, name, started_ms, due_ms, step, next_ms + i, "
                   "_region, _enterprise, _sector FROM n, clocks WHERE id = ?",
                   "iit", first, last, bench->person_id);
}

/* --- clocks that will fire --- */

typedef struct {
    Bench *bench;
    gint64 n, from_ms, apart_ms;
} Due;

static gboolean set_due(Sql *sql, gpointer data, GError **error) {
    const Due *due = data;
    gint64 first = due->bench->used + 2;
    due->bench->used += due->n;
    return sql_run(
        sql, error,
        "UPDATE clocks SET due_ms = ? + (serial - ?) * ?, next_ms = ? + (serial - ?) * ? "
        "WHERE serial >= ? AND serial < ?",
        "iiiiiiii", due->from_ms, first, due->apart_ms, due->from_ms, first, due->apart_ms, first,
        first + due->n);
}

/* --- people --- */

typedef struct {
    Bench *bench;
    gint64 asked_us;
} Person;

static gboolean edit_job(Sql *sql, gpointer data, GError **error) {
    Bench *bench = ((Person *)data)->bench;
    json_t *fields = json_pack("{s:o}", "place", json_sprintf("%u", bench->waits->len));
    json_t *record = record_edit(sql, bench->packs, &actor_system, "hazard", bench->person_id, 0,
                                 fields, now_ms(), error);
    json_decref(fields);
    json_decref(record);
    return record != NULL;
}

static void person_next(Person *person);

static void person_told(gpointer data, const GError *error) {
    Person *person = data;
    Bench *bench = person->bench;
    guint wait = (guint)(g_get_monotonic_time() - person->asked_us);
    stop_on(error);
    g_array_append_val(bench->waits, wait);
    pthread_mutex_lock(&bench->lock);
    gboolean more = bench->moving;
    if (!more && --bench->running == 0)
        pthread_cond_signal(&bench->ended);
    pthread_mutex_unlock(&bench->lock);
    if (more)
        person_next(person);
}

static void person_next(Person *person) {
    person->asked_us = g_get_monotonic_time();
    writer_push(person->bench->writer, edit_job, person_told, person);
}

static void people_start(Bench *bench, Person *people) {
    g_array_set_size(bench->waits, 0);
    bench->moving = TRUE;
    bench->running = PEOPLE;
    for (int i = 0; i < PEOPLE; i++) {
        people[i] = (Person){bench, 0};
        person_next(&people[i]);
    }
}

static void people_stop(Bench *bench) {
    pthread_mutex_lock(&bench->lock);
    bench->moving = FALSE;
    while (bench->running > 0)
        pthread_cond_wait(&bench->ended, &bench->lock);
    pthread_mutex_unlock(&bench->lock);
}

/* --- measuring --- */

static void on_commit(gpointer data) {
    Bench *bench = data;
    Commit commit = {now_ms(), 0};
    if (sql_get_int(bench->hook_reader, NULL, &commit.seq, 0, "SELECT max(seq) FROM journal", ""))
        g_array_append_val(bench->commits, commit);
}

static int by_number(gconstpointer a, gconstpointer b) {
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

static int by_wait(gconstpointer a, gconstpointer b) {
    guint x = *(const guint *)a, y = *(const guint *)b;
    return (x > y) - (x < y);
}

static gint64 commit_of(const Bench *bench, gint64 seq) {
    guint low = 0, high = bench->commits->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (g_array_index(bench->commits, Commit, middle).seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < bench->commits->len ? g_array_index(bench->commits, Commit, low).at_ms : now_ms();
}

static GArray *lateness(Bench *bench, gint64 after_seq) {
    GError *error = NULL;
    GArray *late = g_array_new(FALSE, FALSE, sizeof(gint64));
    SqlStatement *st = sql_query(bench->reader, &error,
                                 "SELECT seq, diff FROM journal WHERE seq > ? AND actor = 'clock' "
                                 "ORDER BY seq",
                                 "i", after_seq);
    while (st && sql_step(st, &error) == SQL_ROW) {
        json_t *diff = json_loads(sql_text(st, 1), 0, NULL);
        json_t *note = json_array_get(json_object_get(diff, "_clock"), 1);
        gint64 step_ms, ms;
        if (time_parse(json_string_value(json_object_get(note, "step_at")), &step_ms)) {
            ms = commit_of(bench, sql_int(st, 0)) - step_ms;
            g_array_append_val(late, ms);
        }
        json_decref(diff);
    }
    stop_on(error);
    g_array_sort(late, by_number);
    return late;
}

static gint64 number(Bench *bench, const char *text) {
    GError *error = NULL;
    gint64 value;
    sql_get_int(bench->reader, &error, &value, 0, text, "");
    stop_on(error);
    return value;
}

/* Sets clocks due, lets the scheduler fire them, prints a row. */
static void phase(Bench *bench, const char *name, gint64 n, gint64 in_ms, gint64 apart_ms,
                  gboolean with_people) {
    GError *error = NULL;
    Person people[PEOPLE];
    gint64 before = number(bench, "SELECT max(seq) FROM journal"), began = now_ms();
    Due due = {bench, n, began + in_ms, apart_ms};
    writer_run(bench->writer, set_due, &due, &error);
    stop_on(error);
    gint64 end = due.from_ms + n * apart_ms;
    if (with_people)
        people_start(bench, people);
    gint64 started = now_ms();
    Scheduler *scheduler = scheduler_start(bench->packs, bench->writer, bench->uri, bench->files,
                                           24 * 3600 * 1000, clock_real(), &error);
    stop_on(error);
    while (now_ms() < end ||
           number(bench, "SELECT count(*) FROM journal WHERE actor = 'clock'") < bench->used)
        g_usleep(50000);
    double seconds = (double)(now_ms() - started) / 1000;
    scheduler_stop(scheduler);
    if (with_people)
        people_stop(bench);
    GArray *late = lateness(bench, before);
    g_assert(late->len == n);
    printf("| %s | %s | %" G_GINT64_FORMAT " | %.1f | %" G_GINT64_FORMAT " | %" G_GINT64_FORMAT
           " | %" G_GINT64_FORMAT " |",
           g_str_has_prefix(bench->uri, "sqlite:") ? "SQLite" : "PostgreSQL", name, n, seconds,
           g_array_index(late, gint64, n / 2), g_array_index(late, gint64, n * 99 / 100),
           g_array_index(late, gint64, n - 1));
    if (with_people) {
        g_array_sort(bench->waits, by_wait);
        printf(" %u, p50 %.1f, p99 %.1f |\n", bench->waits->len,
               g_array_index(bench->waits, guint, bench->waits->len / 2) / 1e3,
               g_array_index(bench->waits, guint, bench->waits->len * 99 / 100) / 1e3);
    } else {
        printf(" |\n");
    }
    fflush(stdout);
    g_array_unref(late);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "bench_clocks URI [OPEN [BURST [MISSED]]]\n");
        return 2;
    }
    GError *error = NULL;
    gint64 burst = argc > 3 ? atoll(argv[3]) : 1000, missed = argc > 4 ? atoll(argv[4]) : 10000;
    Bench bench = {.uri = argv[1],
                   .lock = PTHREAD_MUTEX_INITIALIZER,
                   .ended = PTHREAD_COND_INITIALIZER,
                   .commits = g_array_new(FALSE, FALSE, sizeof(Commit)),
                   .waits = g_array_new(FALSE, FALSE, sizeof(guint))};
    bench.open = (argc > 2 ? atoll(argv[2]) : 1000000) + STEADY_S * STEADY_PER_S + burst + missed;
    bench.packs = packs_load("packs", &error);
    bench.files = g_dir_make_tmp("anlan-bench-XXXXXX", &error);
    stop_on(error);
    Sql *sql = sql_open(bench.uri, SQL_WRITE, &error);
    if (sql)
        (void)(records_migrate(sql, bench.packs, &error) && once_migrate(sql, &error));
    stop_on(error);
    bench.writer = writer_new(sql, 4096);
    writer_run(bench.writer, make_world, &bench, &error);
    while (error == NULL && bench.copied < bench.open)
        writer_run(bench.writer, copy_some, &bench, &error);
    stop_on(error);
    bench.reader = sql_open(bench.uri, SQL_READ, &error);
    bench.hook_reader = bench.reader ? sql_open(bench.uri, SQL_READ, &error) : NULL;
    stop_on(error);
    writer_on_commit(bench.writer, on_commit, &bench);
    phase(&bench, "steady, 100/s", STEADY_S * STEADY_PER_S, 2000, 1000 / STEADY_PER_S, FALSE);
    phase(&bench, "all in one second", burst, 2000, 0, FALSE);
    phase(&bench, "missed for an hour", missed, -3600 * 1000, 0, TRUE);
    writer_free(bench.writer);
    sql_close(bench.reader);
    sql_close(bench.hook_reader);
    g_array_unref(bench.commits);
    g_array_unref(bench.waits);
    g_rmdir(bench.files);
    g_free(bench.files);
    g_free(bench.person_id);
    packs_free(bench.packs);
    return 0;
}
