#include "app/point_watch.h"

#include "base/bell.h"
#include "base/log.h"

enum { LOOK_MS = 500 };

struct PointWatch {
    Pipeline *pipeline;
    const PointTable *table;
    const Packs *packs;
    Sql *records;
    gint64 seq;
    pthread_t thread;
    Bell bell;
};

static void look(PointWatch *watch) {
    gint64 before;
    do {
        g_autoptr(GError) error = NULL;
        before = watch->seq;
        if (!point_refresh_journal(watch->pipeline, watch->table, watch->records, watch->packs,
                                   &watch->seq, &error))
            log_error("signal", error, "telling the engine of changed points (tried again)");
    } while (watch->seq > before);
}

static void *watch_thread(void *data) {
    PointWatch *watch = data;
    do
        look(watch);
    while (bell_wait(&watch->bell, LOOK_MS) != BELL_STOPPED);
    return NULL;
}

PointWatch *point_watch_start(Pipeline *pipeline, const PointTable *table, const Packs *packs,
                              const char *records_uri, gint64 from_seq, GError **error) {
    Sql *records = sql_open(records_uri, SQL_READ, error);
    if (records == NULL)
        return NULL;
    PointWatch *watch = g_new0(PointWatch, 1);
    *watch = (PointWatch){
        .pipeline = pipeline, .table = table, .packs = packs, .records = records, .seq = from_seq};
    bell_init(&watch->bell);
    int code = pthread_create(&watch->thread, NULL, watch_thread, watch);
    g_assert(code == 0);
    return watch;
}

void point_watch_stop(PointWatch *watch) {
    if (watch == NULL)
        return;
    bell_stop(&watch->bell);
    pthread_join(watch->thread, NULL);
    bell_clear(&watch->bell);
    sql_close(watch->records);
    g_free(watch);
}
