/* How fast a journal is verified: seals what is not sealed in a database that bench_moves has
 * filled, verifies it ROUNDS times and prints the median. bench_verify URI [ROUNDS]; bench/verify
 * runs it on both back ends. */
#include "record/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static void stop_on(const GError *error) {
    if (error == NULL)
        return;
    fprintf(stderr, "bench_verify: %s\n", error->message);
    exit(1);
}

static void seal_all(const char *uri) {
    GError *error = NULL;
    gint64 sealed = 1;
    Sql *sql = sql_open(uri, SQL_WRITE, &error);
    while (error == NULL && sealed > 0)
        journal_seal(sql, g_get_real_time() / 1000, &sealed, &error);
    stop_on(error);
    sql_checkpoint(sql, TRUE, &error);
    stop_on(error);
    sql_close(sql);
}

static double cpu_seconds(const struct rusage *use) {
    return (double)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) +
           (double)(use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1e6;
}

static gint by_number(gconstpointer a, gconstpointer b) {
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(GArray *numbers) {
    g_array_sort(numbers, by_number);
    return g_array_index(numbers, double, numbers->len / 2);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "bench_verify URI [ROUNDS]\n");
        return 2;
    }
    GError *error = NULL;
    VerifyReport report = {0};
    struct rusage before, after;
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    GArray *seconds = g_array_new(FALSE, FALSE, sizeof(double)),
           *cpu = g_array_new(FALSE, FALSE, sizeof(double));
    Packs *packs = packs_load("packs", &error);
    stop_on(error);
    seal_all(argv[1]);
    for (int i = 0; i < rounds; i++) {
        gint64 began = g_get_monotonic_time();
        getrusage(RUSAGE_SELF, &before);
        Sql *sql = sql_open(argv[1], SQL_READ, &error);
        if (sql && sql_map(sql, &error))
            journal_verify(sql, packs, NULL, &report, &error);
        stop_on(error);
        sql_close(sql);
        getrusage(RUSAGE_SELF, &after);
        double wall = (double)(g_get_monotonic_time() - began) / 1e6,
               used = cpu_seconds(&after) - cpu_seconds(&before);
        g_array_append_val(seconds, wall);
        g_array_append_val(cpu, used);
    }
    double entries = (double)report.entries;
    printf("| %s | %.0f | %.2f | %.0f | %.2f | %.0f |\n",
           g_str_has_prefix(argv[1], "sqlite:") ? "SQLite" : "PostgreSQL", entries, median(seconds),
           entries / median(seconds), median(cpu) * 1e6 / entries, (double)after.ru_maxrss / 1024);
    g_array_unref(seconds);
    g_array_unref(cpu);
    packs_free(packs);
    return 0;
}
