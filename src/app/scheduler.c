#include "app/scheduler.h"
#include "base/log.h"
#include "record/files.h"
#include "record/journal.h"
#include "record/legal_clock.h"

#include <pthread.h>
#include <time.h>

enum { LOOK_MS = 500, SEAL_MS = 60000, FIRE_MAX = 200, SWEEP_MS = 3600 * 1000, SWEEP_MAX = 200 };

struct Scheduler {
    const Packs *packs;
    Writer *records;
    Sql *sql;
    Clock *clock;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopping;
    gboolean stop;
};

typedef struct {
    Scheduler *scheduler;
    gint64 now_ms;
    int fired;
} Firing;

static gboolean fire_job(Sql *sql, gpointer data, GError **error) {
    Firing *firing = data;
    return clocks_fire(sql, firing->scheduler->packs, firing->now_ms, FIRE_MAX, &firing->fired,
                       error);
}

static gboolean stopping(Scheduler *scheduler) {
    pthread_mutex_lock(&scheduler->lock);
    gboolean stop = scheduler->stop;
    pthread_mutex_unlock(&scheduler->lock);
    return stop;
}

static void fire(Scheduler *scheduler, gint64 now_ms) {
    g_autoptr(GError) error = NULL;
    Firing firing = {scheduler, now_ms, 0};
    do {
        firing.fired = 0;
        if (!writer_run(scheduler->records, fire_job, &firing, &error)) {
            log_error("clocks", error, "firing");
            return;
        }
    } while (firing.fired == FIRE_MAX && !stopping(scheduler));
}

static gboolean seal_job(Sql *sql, gpointer data, GError **error) {
    gint64 sealed;
    return journal_seal(sql, *(gint64 *)data, &sealed, error);
}

static void seal(Scheduler *scheduler, gint64 now_ms) {
    g_autoptr(GError) error = NULL;
    if (!writer_run(scheduler->records, seal_job, &now_ms, &error))
        log_error("journal", error, "sealing");
}

typedef struct {
    gint64 now_ms;
    int removed;
    GPtrArray *strays;
} Sweep;

static gboolean sweep_job(Sql *sql, gpointer data, GError **error) {
    Sweep *sweep = data;
    return files_sweep(sql, sweep->now_ms, SWEEP_MAX, &sweep->removed, error);
}

static gboolean strays_job(Sql *sql, gpointer data, GError **error) {
    return files_drop(sql, ((Sweep *)data)->strays, error);
}

/* Uploads that nobody used within a day, and contents that a crash left without a row. */
static void sweep(Scheduler *scheduler, gint64 now_ms) {
    g_autoptr(GError) error = NULL;
    Sweep work = {.now_ms = now_ms};
    gboolean good;
    do
        good = writer_run(scheduler->records, sweep_job, &work, &error);
    while (good && work.removed == SWEEP_MAX && !stopping(scheduler));
    work.strays = good ? files_strays(scheduler->sql, now_ms, SWEEP_MAX, &error) : NULL;
    if (work.strays == NULL ||
        (work.strays->len && !writer_run(scheduler->records, strays_job, &work, &error)))
        log_error("files", error, "sweeping");
    g_clear_pointer(&work.strays, g_ptr_array_unref);
}

static gboolean wait_look(Scheduler *scheduler) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&scheduler->lock);
    if (!scheduler->stop)
        pthread_cond_timedwait(&scheduler->stopping, &scheduler->lock, &until);
    gboolean go_on = !scheduler->stop;
    pthread_mutex_unlock(&scheduler->lock);
    return go_on;
}

static void *scheduler_thread(void *data) {
    Scheduler *scheduler = data;
    gint64 sealed_ms = 0, swept_ms = 0;
    do {
        gint64 now_ms = clock_now(scheduler->clock);
        gint64 next_ms = clocks_next(scheduler->sql, NULL);
        if (next_ms >= 0 && next_ms <= now_ms)
            fire(scheduler, now_ms);
        if (now_ms - sealed_ms >= SEAL_MS) {
            seal(scheduler, now_ms);
            sealed_ms = now_ms;
        }
        if (now_ms - swept_ms >= SWEEP_MS) {
            sweep(scheduler, now_ms);
            swept_ms = now_ms;
        }
    } while (wait_look(scheduler));
    seal(scheduler, clock_now(scheduler->clock));
    return NULL;
}

Scheduler *scheduler_start(const Packs *packs, Writer *records, const char *records_uri,
                           const char *files_dir, Clock *clock, GError **error) {
    Sql *sql = sql_open(records_uri, SQL_READ, error);
    if (sql == NULL)
        return NULL;
    sql_set_files(sql, files_dir);
    Scheduler *scheduler = g_new0(Scheduler, 1);
    scheduler->packs = packs;
    scheduler->records = records;
    scheduler->sql = sql;
    scheduler->clock = clock;
    pthread_mutex_init(&scheduler->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&scheduler->stopping, &attributes);
    pthread_condattr_destroy(&attributes);
    int code = pthread_create(&scheduler->thread, NULL, scheduler_thread, scheduler);
    g_assert(code == 0);
    return scheduler;
}

void scheduler_stop(Scheduler *scheduler) {
    if (scheduler == NULL)
        return;
    pthread_mutex_lock(&scheduler->lock);
    scheduler->stop = TRUE;
    pthread_cond_signal(&scheduler->stopping);
    pthread_mutex_unlock(&scheduler->lock);
    pthread_join(scheduler->thread, NULL);
    sql_close(scheduler->sql);
    g_free(scheduler);
}
