/* History alone: bytes a sample, and questions over a year and a day of one point.
 *
 * bench_history [POINTS [DAYS]]: that many points for that many days, a sample every 47.5 s with
 * two decimals, wandering; written as the pipeline does, days packed; then 50 points' years at
 * 1,000 steps and days at 1,440, each first with no page in the process's cache (a new connection).
 * bench_history tep DIR: bytes a stored sample of the Tennessee Eastman runs in DIR (d*_te.dat.gz).
 */
#include "base/clock.h"
#include "signal/history.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { STEP_MS = 47500, ASKED = 50 };
static const gint64 T0 = 1700006400000; /* the begin of a UTC day */

typedef struct {
    char *dir, *uri, *path;
    Sql *sql;
    HistoryBlocks *blocks;
    GPtrArray *closed;
    guint64 samples;
} Store;

static void chunk_free(gpointer data) { history_chunk_free(data); }

static void must(gboolean good, GError *error) {
    if (!good) {
        fprintf(stderr, "%s\n", error ? error->message : "failed");
        exit(1);
    }
}

static Store store_open(void) {
    GError *error = NULL;
    Store store = {.dir = g_dir_make_tmp("anlan-history-XXXXXX", &error)};
    must(store.dir != NULL, error);
    store.path = g_build_filename(store.dir, "samples.db", NULL);
    store.uri = g_strconcat("sqlite:", store.path, NULL);
    store.sql = sql_open(store.uri, SQL_WRITE, &error);
    must(store.sql && sql_exec(store.sql, "PRAGMA synchronous = OFF", &error) &&
             history_migrate(store.sql, &error),
         error);
    store.blocks = history_blocks_new(1);
    store.closed = g_ptr_array_new_with_free_func(chunk_free);
    return store;
}

static void store_write(Store *store, gint64 pack_before_ms) {
    GError *error = NULL;
    gboolean packed = TRUE;
    must(sql_exec(store->sql, "BEGIN", &error) && history_write(store->sql, store->closed, &error),
         error);
    while (packed)
        must(history_pack(store->sql, pack_before_ms / HISTORY_HOUR_MS, &packed, &error), error);
    must(sql_exec(store->sql, "COMMIT", &error) && sql_checkpoint(store->sql, TRUE, &error), error);
    g_ptr_array_set_size(store->closed, 0);
}

/* All open blocks become chunks: a sample a year later closes them. */
static void store_end(Store *store, guint points, gint64 end_ms) {
    for (guint i = 0; i < points; i++)
        history_add(store->blocks, i, end_ms + (gint64)400 * DAY_MS, 0, QUALITY_GOOD, FALSE,
                    store->closed);
    store_write(store, end_ms + (gint64)2 * DAY_MS);
}

static void store_close(Store *store) {
    static const char *const tails[] = {"", "-wal", "-shm"};
    sql_close(store->sql);
    for (guint i = 0; i < G_N_ELEMENTS(tails); i++) {
        g_autofree char *path = g_strconcat(store->path, tails[i], NULL);
        g_unlink(path);
    }
    g_rmdir(store->dir);
}

/* Of pages in use: those that packing has freed are used again. */
static void print_size(const Store *store) {
    gint64 pages = 0, unused = 0, size = 0;
    GError *error = NULL;
    must(sql_get_int(store->sql, &error, &pages, 0, "PRAGMA page_count", "") &&
             sql_get_int(store->sql, &error, &unused, 0, "PRAGMA freelist_count", "") &&
             sql_get_int(store->sql, &error, &size, 0, "PRAGMA page_size", ""),
         error);
    double bytes = (double)(pages - unused) * (double)size;
    printf("%" G_GUINT64_FORMAT " samples, %.1f MiB, %.2f bytes a stored sample\n", store->samples,
           bytes / 1048576, bytes / (double)store->samples);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double cpu_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

static void ask(const Store *store, guint points, const char *what, gint64 from_ms, gint64 to_ms,
                gint64 step_ms) {
    double ms[ASKED], cpu[ASKED];
    gsize rows = 0;
    for (guint i = 0; i < ASKED; i++) {
        GError *error = NULL;
        Sql *sql = sql_open(store->uri, SQL_READ, &error);
        double spent = cpu_ms();
        gint64 began = g_get_monotonic_time();
        json_t *got = history_query(sql, (i * 7919) % points, NULL, from_ms, to_ms, step_ms, 100000,
                                    NULL, &error);
        ms[i] = (double)(g_get_monotonic_time() - began) / 1000;
        cpu[i] = cpu_ms() - spent;
        must(got != NULL, error);
        rows = json_array_size(got);
        json_decref(got);
        sql_close(sql);
    }
    qsort(ms, ASKED, sizeof ms[0], by_value);
    qsort(cpu, ASKED, sizeof cpu[0], by_value);
    printf("%s, %zu steps: median %.2f ms, worst %.2f ms; processor %.2f ms\n", what, rows,
           ms[ASKED / 2], ms[ASKED - 1], cpu[ASKED / 2]);
}

static void plant(guint points, guint days) {
    Store store = store_open();
    g_autofree double *value = g_new0(double, points);
    gint64 t = T0, end_ms = T0 + (gint64)days * DAY_MS;
    for (gint64 day_ms = T0; day_ms < end_ms; day_ms += DAY_MS) {
        for (; t < day_ms + DAY_MS; t += STEP_MS)
            for (guint i = 0; i < points; i++) {
                value[i] += g_random_double_range(-0.5, 0.5);
                history_add(store.blocks, i, t + i % 40 * 1000, round(value[i] * 100) / 100,
                            QUALITY_GOOD, FALSE, store.closed);
                store.samples++;
            }
        store_write(&store, day_ms);
    }
    store_end(&store, points, end_ms);
    print_size(&store);
    gint64 span = end_ms - T0;
    ask(&store, points, "all of it at 1,000 steps", T0, end_ms, MAX(span / 1000, 1));
    ask(&store, points, "a day by minutes", T0 + (gint64)(days / 2) * DAY_MS,
        T0 + (gint64)(days / 2 + 1) * DAY_MS, 60000);
    ask(&store, points, "a day, raw", T0 + (gint64)(days / 2) * DAY_MS,
        T0 + (gint64)(days / 2 + 1) * DAY_MS, 0);
    store_close(&store);
}

/* ---- the Tennessee Eastman runs ---- */

static void tep(const char *dir) {
    enum { COLUMNS = 52, TEP_STEP_MS = 180000 };
    static const char *const runs[] = {"00", "01", "02", "05", "06", "13"};
    Store store = store_open();
    gint64 t = T0;
    for (guint r = 0; r < G_N_ELEMENTS(runs); r++) {
        g_autofree char *name = g_strdup_printf("%s/d%s_te.dat.gz", dir, runs[r]);
        gzFile file = gzopen(name, "rb");
        char line[4096];
        must(file != NULL, NULL);
        while (gzgets(file, line, sizeof line)) {
            char *p = line;
            for (guint i = 0; i < COLUMNS; i++, store.samples++)
                history_add(store.blocks, i, t, g_ascii_strtod(p, &p), QUALITY_GOOD, FALSE,
                            store.closed);
            t += TEP_STEP_MS;
        }
        gzclose(file);
    }
    store_end(&store, COLUMNS, t);
    print_size(&store);
    store_close(&store);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "tep") == 0) {
        tep(argv[2]);
        return 0;
    }
    plant(argc > 1 ? (guint)strtoul(argv[1], NULL, 10) : 200,
          argc > 2 ? (guint)strtoul(argv[2], NULL, 10) : 365);
    return 0;
}
