#include "app/point_watch.h"

#include "base/log.h"

#include <pthread.h>
#include <time.h>

enum { LOOK_MS = 500 };

struct PointWatch {
    Pipeline *pipeline;
    const PointTable *table;
    const Packs *packs;
    Sql *records;
    gint64 seq;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopping;
    gboolean stop;
};

static gboolean wait_look(PointWatch *watch) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&watch->lock);
    if (!watch->stop)
        pthread_cond_timedwait(&watch->stopping, &watch->lock, &until);
    gboolean go_on = !watch->stop;
    pthread_mutex_unlock(&watch->lock);
    return go_on;
}

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
    while (wait_look(watch));
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
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->stopping, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int code = pthread_create(&watch->thread, NULL, watch_thread, watch);
    g_assert(code == 0);
    return watch;
}

void point_watch_stop(PointWatch *watch) {
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stop = TRUE;
    pthread_cond_signal(&watch->stopping);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_mutex_destroy(&watch->lock);
    pthread_cond_destroy(&watch->stopping);
    sql_close(watch->records);
    g_free(watch);
}
