#include "app/scheduler.h"
#include "base/bell.h"
#include "base/log.h"
#include "record/files.h"
#include "record/journal.h"
#include "record/legal_clock.h"
#include "server/once.h"

/* A job fires at most FIRE_MAX steps, and the next one stands behind what people have asked for
 * meanwhile: a flood of due clocks delays a person's move by one job, not by all of them. */
enum { LOOK_MS = 500, SEAL_MS = 60000, FIRE_MAX = 100, SWEEP_MS = 3600 * 1000, SWEEP_MAX = 200 };

struct Scheduler {
    const Packs *packs;
    Writer *records;
    Sql *sql;
    gint64 once_ms; /* after which answers for those who ask again are forgotten */
    Clock *clock;
    pthread_t thread;
    Bell bell;
};

static gboolean fire_job(Sql *sql, gpointer data, GError **error) {
    Scheduler *scheduler = data;
    int fired;
    return clocks_fire(sql, scheduler->packs, clock_now(scheduler->clock), FIRE_MAX, &fired, error);
}

/* One job; false when it failed. */
static gboolean fire(Scheduler *scheduler) {
    g_autoptr(GError) error = NULL;
    if (writer_run(scheduler->records, fire_job, scheduler, &error))
        return TRUE;
    log_error("clocks", error, "firing");
    return FALSE;
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

static gboolean forget_job(Sql *sql, gpointer data, GError **error) {
    Scheduler *scheduler = data;
    return once_sweep(sql, scheduler->once_ms, clock_now(scheduler->clock), error);
}

static void forget_answers(Scheduler *scheduler) {
    g_autoptr(GError) error = NULL;
    if (!writer_run(scheduler->records, forget_job, scheduler, &error))
        log_error("once", error, "sweeping");
}

/* Uploads that nobody used within a day, and contents that a crash left without a row. */
static void sweep(Scheduler *scheduler, gint64 now_ms) {
    g_autoptr(GError) error = NULL;
    Sweep work = {.now_ms = now_ms};
    gboolean good;
    do
        good = writer_run(scheduler->records, sweep_job, &work, &error);
    while (good && work.removed == SWEEP_MAX && !bell_stopped(&scheduler->bell));
    work.strays = good ? files_strays(scheduler->sql, now_ms, SWEEP_MAX, &error) : NULL;
    if (work.strays == NULL ||
        (work.strays->len && !writer_run(scheduler->records, strays_job, &work, &error)))
        log_error("files", error, "sweeping");
    g_clear_pointer(&work.strays, g_ptr_array_unref);
}

/* Until the next clock is due, not longer than LOOK_MS: it may be a new one, and a virtual clock
 * may jump. After a failure LOOK_MS. */
static gint64 fire_due(Scheduler *scheduler) {
    gint64 next_ms = clocks_next(scheduler->sql, NULL);
    gboolean due = next_ms >= 0 && next_ms <= clock_now(scheduler->clock);
    if (due && !fire(scheduler))
        return LOOK_MS;
    if (due)
        next_ms = clocks_next(scheduler->sql, NULL);
    return next_ms < 0 ? LOOK_MS : CLAMP(next_ms - clock_now(scheduler->clock), 0, LOOK_MS);
}

static void *scheduler_thread(void *data) {
    Scheduler *scheduler = data;
    gint64 sealed_ms = 0, swept_ms = 0, wait_ms = 0;
    while (bell_wait(&scheduler->bell, wait_ms) != BELL_STOPPED) {
        gint64 now_ms = clock_now(scheduler->clock);
        wait_ms = fire_due(scheduler);
        if (now_ms - sealed_ms >= SEAL_MS) {
            seal(scheduler, now_ms);
            sealed_ms = now_ms;
        }
        if (now_ms - swept_ms >= SWEEP_MS) {
            sweep(scheduler, now_ms);
            forget_answers(scheduler);
            swept_ms = now_ms;
        }
    }
    seal(scheduler, clock_now(scheduler->clock));
    return NULL;
}

Scheduler *scheduler_start(const Packs *packs, Writer *records, const char *records_uri,
                           const char *files_dir, gint64 once_ms, Clock *clock, GError **error) {
    Sql *sql = sql_open(records_uri, SQL_READ, error);
    if (sql == NULL)
        return NULL;
    sql_set_files(sql, files_dir);
    Scheduler *scheduler = g_new0(Scheduler, 1);
    scheduler->packs = packs;
    scheduler->records = records;
    scheduler->sql = sql;
    scheduler->clock = clock;
    scheduler->once_ms = once_ms;
    bell_init(&scheduler->bell);
    int code = pthread_create(&scheduler->thread, NULL, scheduler_thread, scheduler);
    g_assert(code == 0);
    return scheduler;
}

void scheduler_stop(Scheduler *scheduler) {
    if (scheduler == NULL)
        return;
    bell_stop(&scheduler->bell);
    pthread_join(scheduler->thread, NULL);
    bell_clear(&scheduler->bell);
    sql_close(scheduler->sql);
    g_free(scheduler);
}
