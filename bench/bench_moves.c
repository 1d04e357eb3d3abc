/* Durable moves per second of one records writer, without documents: hazards go through assign,
 * submit, accept and close with their rights, guards, journal and clocks, while `clients` jobs are
 * in flight; each is counted when its commit is on disk. bench_moves URI [CLIENTS [MOVES]]; what
 * the database holds already stays, so it also measures beside the records of bench_lists.
 * Processor time is that of this process and of the server's that serves the writer. bench/moves
 * runs it on both back ends. */
#include "bench_cpu.h"

#include "base/error.h"
#include "record/record.h"
#include "store/file_store.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOVES = 4, MADE_PER_JOB = 500 };

typedef struct {
    Packs *packs;
    Writer *writer;
    char *files; /* folder of the documents that moves make */
    gint64 now_ms;
    Actor inspector, safety;
    char **ids; /* of the hazards */
    guint hazards, made;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    guint running;
} Bench;

/* Drives its own share of the hazards, one move at a time. */
typedef struct {
    Bench *bench;
    guint first, n, done; /* hazards; moves done */
    gint64 asked_us;
    GArray *waits; /* µs */
} Client;

static const struct {
    const char *move, *fields;
    gboolean by_safety;
} moves[MOVES] = {{"assign", "{\"owner\":\"李工\",\"due\":\"2099-12-31\"}", FALSE},
                  {"submit", "{\"rectified\":\"已更换垫片并复测\"}", TRUE},
                  {"accept", "{\"opinion\":\"合格\"}", FALSE},
                  {"close", NULL, FALSE}};

static void stop_on(const GError *error) {
    if (error == NULL)
        return;
    fprintf(stderr, "bench_moves: %s\n", error->message);
    exit(1);
}

static json_t *create(Sql *sql, const Bench *bench, const char *type, const char *text,
                      GError **error) {
    json_t *fields = json_loads(text, 0, NULL);
    json_t *record =
        record_create(sql, bench->packs, &actor_system, type, fields, NULL, bench->now_ms, error);
    json_decref(fields);
    return record;
}

static gboolean make_world(Sql *sql, gpointer data, GError **error) {
    static const char *const records[][2] = {
        {"region", "{\"code\":\"32\",\"name\":\"江苏省\",\"kind\":\"province\"}"},
        {"region", "{\"code\":\"3204\",\"name\":\"常州市\",\"kind\":\"city\",\"parent\":\"32\"}"},
        {"region",
         "{\"code\":\"320499\",\"name\":\"测试区\",\"kind\":\"district\",\"parent\":\"3204\"}"},
        {"enterprise", "{\"code\":\"E1\",\"name\":\"测试化工\",\"region\":\"320499\","
                       "\"kind\":\"chemical\"}"}};
    static const char *const ids[G_N_ELEMENTS(records)] = {"32", "3204", "320499", "E1"};
    for (guint i = 0; i < G_N_ELEMENTS(records); i++) {
        gint64 there;
        g_autofree char *count =
            g_strdup_printf("SELECT count(*) FROM r_%s WHERE _id = ?", records[i][0]);
        if (!sql_get_int(sql, error, &there, 0, count, "t", ids[i]))
            return FALSE;
        if (there)
            continue;
        json_t *record = create(sql, data, records[i][0], records[i][1], error);
        if (record == NULL)
            return FALSE;
        json_decref(record);
    }
    return TRUE;
}

static gboolean make_hazards(Sql *sql, gpointer data, GError **error) {
    Bench *bench = data;
    guint end = MIN(bench->hazards, bench->made + MADE_PER_JOB);
    for (; bench->made < end; bench->made++) {
        json_t *record =
            create(sql, bench, "hazard",
                   "{\"title\":\"法兰渗漏\",\"enterprise\":\"E1\",\"source\":\"selfcheck\","
                   "\"grade\":\"general\",\"description\":\"二号罐区法兰处有渗漏\"}",
                   error);
        if (record == NULL)
            return FALSE;
        bench->ids[bench->made] = g_strdup(json_string_value(json_object_get(record, "id")));
        json_decref(record);
    }
    return TRUE;
}

static gboolean move_job(Sql *sql, gpointer data, GError **error) {
    const Client *client = data;
    const Bench *bench = client->bench;
    guint step = client->done % MOVES;
    json_t *fields = moves[step].fields ? json_loads(moves[step].fields, 0, NULL) : json_object();
    json_t *record =
        record_move(sql, bench->packs, moves[step].by_safety ? &bench->safety : &bench->inspector,
                    "hazard", bench->ids[client->first + client->done / MOVES], moves[step].move,
                    (gint64)step + 1, fields, NULL, bench->now_ms, error);
    json_decref(fields);
    json_decref(record);
    return record != NULL;
}

static void client_next(Client *client);

static void client_told(gpointer data, const GError *error) {
    Client *client = data;
    guint wait = (guint)(g_get_monotonic_time() - client->asked_us);
    stop_on(error);
    g_array_append_val(client->waits, wait);
    client->done++;
    client_next(client);
}

static void client_next(Client *client) {
    Bench *bench = client->bench;
    client->asked_us = g_get_monotonic_time();
    if (client->done < client->n * MOVES) {
        writer_push(bench->writer, move_job, client_told, client);
        return;
    }
    pthread_mutex_lock(&bench->lock);
    if (--bench->running == 0)
        pthread_cond_signal(&bench->ended);
    pthread_mutex_unlock(&bench->lock);
}

static double run(Bench *bench, Client *clients, guint n) {
    gint64 began = g_get_monotonic_time();
    bench->running = n;
    for (guint i = 0; i < n; i++)
        client_next(&clients[i]);
    pthread_mutex_lock(&bench->lock);
    while (bench->running > 0)
        pthread_cond_wait(&bench->ended, &bench->lock);
    pthread_mutex_unlock(&bench->lock);
    return (double)(g_get_monotonic_time() - began) / 1e6;
}

static gint by_number(gconstpointer a, gconstpointer b) {
    return (*(const guint *)a > *(const guint *)b) - (*(const guint *)a < *(const guint *)b);
}

static gboolean backend_of(Sql *sql, gpointer data, GError **error) {
    return sql_kind(sql) == SQL_SQLITE ||
           sql_get_int(sql, error, data, 0, "SELECT pg_backend_pid()", "");
}

static void print_row(const char *uri, guint clients, GArray *waits, double seconds,
                      guint64 commits, double cpu_us) {
    g_array_sort(waits, by_number);
    guint median = g_array_index(waits, guint, waits->len / 2),
          high = g_array_index(waits, guint, waits->len * 99 / 100);
    printf("| %s | %u | %u | %.0f | %.1f | %.1f | %.1f | %.0f |\n",
           g_str_has_prefix(uri, "sqlite:") ? "SQLite" : "PostgreSQL", clients, waits->len,
           waits->len / seconds, (double)waits->len / (double)commits, median / 1e3, high / 1e3,
           cpu_us / waits->len);
}

static void bench_open(Bench *bench, const char *uri, guint hazards) {
    GError *error = NULL;
    bench->now_ms = g_get_real_time() / 1000;
    bench->packs = packs_load("packs", &error);
    stop_on(error);
    Sql *sql = sql_open(uri, SQL_WRITE, &error);
    if (sql)
        records_migrate(sql, bench->packs, &error);
    stop_on(error);
    bench->files = g_dir_make_tmp("anlan-bench-XXXXXX", &error);
    stop_on(error);
    sql_set_files(sql, bench->files);
    bench->inspector = (Actor){.kind = ACTOR_PERSON,
                               .id = "wang",
                               .name = "王",
                               .role = packs_role(bench->packs, "county_inspector"),
                               .region = "320499"};
    bench->safety = (Actor){.kind = ACTOR_PERSON,
                            .id = "li",
                            .name = "李",
                            .role = packs_role(bench->packs, "enterprise_safety"),
                            .enterprise = "E1"};
    bench->ids = g_new0(char *, hazards + 1);
    bench->hazards = hazards;
    bench->writer = writer_new(sql, 4096);
    writer_run(bench->writer, make_world, bench, &error);
    while (error == NULL && bench->made < hazards)
        writer_run(bench->writer, make_hazards, bench, &error);
    stop_on(error);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "bench_moves URI [CLIENTS [MOVES]]\n");
        return 2;
    }
    guint n = argc > 2 ? (guint)atoi(argv[2]) : 64, total = argc > 3 ? (guint)atoi(argv[3]) : 40000;
    guint share = MAX(1, total / MOVES / n);
    Bench bench = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    bench_open(&bench, argv[1], share * n);
    Client *clients = g_new0(Client, n);
    for (guint i = 0; i < n; i++)
        clients[i] = (Client){.bench = &bench,
                              .first = i * share,
                              .n = share,
                              .waits = g_array_new(FALSE, FALSE, sizeof(guint))};
    gint64 backend = 0;
    writer_run(bench.writer, backend_of, &backend, NULL);
    guint64 before = writer_counts(bench.writer).commits;
    gint64 used = bench_cpu_us(backend);
    double seconds = run(&bench, clients, n);
    used = bench_cpu_us(backend) - used;
    guint64 commits = writer_counts(bench.writer).commits - before;
    GArray *waits = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < n; i++)
        g_array_append_vals(waits, clients[i].waits->data, clients[i].waits->len);
    print_row(argv[1], n, waits, seconds, commits, (double)used);
    for (guint i = 0; i < n; i++)
        g_array_unref(clients[i].waits);
    g_array_unref(waits);
    g_free(clients);
    writer_free(bench.writer);
    file_store_erase(bench.files);
    g_free(bench.files);
    for (guint i = 0; i < bench.hazards; i++)
        g_free(bench.ids[i]);
    g_free(bench.ids);
    packs_free(bench.packs);
    return 0;
}
