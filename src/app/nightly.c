#include "app/nightly.h"

#include "base/bell.h"
#include "base/log.h"
#include "signal/night.h"

#include <sys/resource.h>
#include <unistd.h>

enum { LOOK_MS = 60000, NICE = 10 };

struct Nightly {
    NightlyConfig config;
    NightSource source;
    pthread_t thread;
    Bell bell;
};

static GArray *open_block(gpointer data, guint32 point) {
    return pipeline_open_block(((Nightly *)data)->config.pipeline, point);
}

typedef struct {
    const Nightly *nightly;
    const NightResult *result;
    gint64 day, now_ms;
} Job;

static gboolean write_job(Sql *sql, gpointer data, GError **error) {
    Job *job = data;
    return night_write(sql, job->nightly->config.packs, job->result, job->now_ms, error);
}

static gboolean keep_job(Sql *sql, gpointer data, GError **error) {
    return night_keep(sql, ((Job *)data)->result, error);
}

static gboolean done_job(Sql *sql, gpointer data, GError **error) {
    Job *job = data;
    return night_done(sql, job->day, job->now_ms, error);
}

static gboolean one_enterprise(Nightly *nightly, const char *enterprise, gint64 day,
                               GError **error) {
    gboolean judged;
    if (!night_judged(nightly->source.records, enterprise, day, &judged, error))
        return FALSE;
    if (judged)
        return TRUE;
    NightResult *result = night_judge(&nightly->source, enterprise, day, error);
    Job job = {nightly, result, day, clock_now(nightly->config.clock)};
    gboolean good = result && writer_run(nightly->config.records, write_job, &job, error) &&
                    writer_run(nightly->config.samples, keep_job, &job, error);
    night_free(result);
    return good;
}

/* What one enterprise's data or records make fail must not keep the others from their report; the
 * day is done all the same, and the log says whose is missing. A failing store is tried again. */
static gboolean one_day(Nightly *nightly, gint64 day, GError **error) {
    g_autoptr(GPtrArray) enterprises = night_enterprises(nightly->source.records, error);
    for (guint i = 0; enterprises && i < enterprises->len; i++) {
        g_autoptr(GError) failure = NULL;
        if (bell_stopped(&nightly->bell))
            return FALSE;
        if (one_enterprise(nightly, enterprises->pdata[i], day, &failure))
            continue;
        ErrorKind kind = error_kind(failure);
        if (kind == ERROR_STORE || kind == ERROR_DISK_FULL || kind == ERROR_BUSY) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        log_error("night", failure, enterprises->pdata[i]);
    }
    Job job = {nightly, NULL, day, clock_now(nightly->config.clock)};
    return enterprises && writer_run(nightly->config.records, done_job, &job, error);
}

static void look(Nightly *nightly) {
    g_autoptr(GError) error = NULL;
    const NightSource *source = &nightly->source;
    gint64 day;
    while ((day = night_next(source->records, source->samples, source->packs,
                             clock_now(nightly->config.clock), &error)) >= 0)
        if (!one_day(nightly, day, &error))
            break;
    if (error)
        log_error("night", error, "judging a day's data (tried again)");
}

static void *nightly_thread(void *data) {
    Nightly *nightly = data;
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* on Linux: this thread alone */
    do
        look(nightly);
    while (bell_wait(&nightly->bell, LOOK_MS) != BELL_STOPPED);
    return NULL;
}

static void nightly_free(Nightly *nightly) {
    sql_close(nightly->source.records);
    sql_close(nightly->source.samples);
    g_free(nightly);
}

Nightly *nightly_start(const NightlyConfig *config, GError **error) {
    if (!night_wanted(config->packs))
        return NULL;
    Nightly *nightly = g_new0(Nightly, 1);
    nightly->config = *config;
    nightly->source.packs = config->packs;
    nightly->source.open = open_block;
    nightly->source.data = nightly;
    nightly->source.records = sql_open(config->records_uri, SQL_READ, error);
    nightly->source.samples =
        nightly->source.records ? sql_open(config->samples_uri, SQL_READ, error) : NULL;
    if (nightly->source.samples == NULL) {
        nightly_free(nightly);
        return NULL;
    }
    bell_init(&nightly->bell);
    int code = pthread_create(&nightly->thread, NULL, nightly_thread, nightly);
    g_assert(code == 0);
    return nightly;
}

void nightly_stop(Nightly *nightly) {
    if (nightly == NULL)
        return;
    bell_stop(&nightly->bell);
    pthread_join(nightly->thread, NULL);
    bell_clear(&nightly->bell);
    nightly_free(nightly);
}
