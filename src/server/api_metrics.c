/* GET /metrics: the figures of the program for Prometheus (docs/operations.md says what to watch).
 * They tell of load and size, so they are for this machine, for who has the token, and for
 * administrators. */
#include "notify/webhook_store.h"
#include "server/house.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

/* ---- who may ---- */

static gboolean has_token(Request *request) {
    static const char bearer[] = "Bearer ";
    const char *wanted = house_of(request)->metrics_token,
               *header = request_header(request, "Authorization");
    if (wanted == NULL || header == NULL ||
        g_ascii_strncasecmp(header, bearer, strlen(bearer)) != 0)
        return FALSE;
    const char *given = header + strlen(bearer);
    gsize n = strlen(wanted);
    return strlen(given) == n && sodium_memcmp(given, wanted, n) == 0;
}

static gboolean is_administrator(Request *request) {
    g_autofree char *token = house_session_token(request);
    Identity *identity = token ? session_find(worker_of(request)->records, house_of(request)->packs,
                                              token, house_now(request), NULL)
                               : NULL;
    gboolean good = identity && !identity->once && identity->actor.role->level == LEVEL_SYSTEM;
    if (identity)
        identity_free(identity);
    return good;
}

/* ---- the text ---- */

typedef struct {
    const char *name, *type, *help;
    double value;
} Metric;

/* A figure of several things that are told apart by one label. */
typedef struct {
    const char *label;
    double value;
} Part;

static void append_head(GString *out, const char *name, const char *type, const char *help) {
    g_string_append_printf(out, "# HELP anlan_%s %s\n# TYPE anlan_%s %s\n", name, help, name, type);
}

static void append_metrics(GString *out, const Metric *metrics, gsize n) {
    for (gsize i = 0; i < n; i++) {
        append_head(out, metrics[i].name, metrics[i].type, metrics[i].help);
        g_string_append_printf(out, "anlan_%s %.17g\n", metrics[i].name, metrics[i].value);
    }
}

static void append_parts(GString *out, const char *name, const char *type, const char *help,
                         const char *label, const Part *parts, gsize n) {
    append_head(out, name, type, help);
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(out, "anlan_%s{%s=\"%s\"} %.17g\n", name, label, parts[i].label,
                               parts[i].value);
}

static void append_kinds(GString *out, const char *name, const char *help,
                         _Atomic guint64 *by_kind) {
    append_head(out, name, "counter", help);
    for (int kind = 0; kind < ERROR_KINDS; kind++) {
        guint64 value = atomic_load(&by_kind[kind]);
        if (value)
            g_string_append_printf(out, "anlan_%s{kind=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
                                   error_kind_id((ErrorKind)kind), value);
    }
}

static void append_histogram(GString *out, const char *stage, Histogram *histogram) {
    HistogramCounts counts = histogram_counts(histogram);
    for (guint i = 0; i < HISTOGRAM_BOUNDS; i++)
        g_string_append_printf(
            out, "anlan_stage_seconds_bucket{stage=\"%s\",le=\"%g\"} %" G_GUINT64_FORMAT "\n",
            stage, (double)histogram_bound_us[i] / 1e6, counts.at_most[i]);
    g_string_append_printf(out,
                           "anlan_stage_seconds_bucket{stage=\"%s\",le=\"+Inf\"} %" G_GUINT64_FORMAT
                           "\nanlan_stage_seconds_sum{stage=\"%s\"} %.17g"
                           "\nanlan_stage_seconds_count{stage=\"%s\"} %" G_GUINT64_FORMAT "\n",
                           stage, counts.count, stage, (double)counts.sum_us / 1e6, stage,
                           counts.count);
}

/* ---- the figures ---- */

static void append_stages(GString *out, House *house) {
    PipelineTimes *times = pipeline_times(house->pipeline);
    append_head(
        out, "stage_seconds", "histogram",
        "time in each stage: read (a batch in a door), durable (from the door to its commit), "
        "evaluated (from the commit to the engine's verdict), committed (from the verdict to "
        "the durable alarm), published (from a commit of records to the live stream)");
    append_histogram(out, "read", &house->read_time);
    append_histogram(out, "durable", &times->durable);
    append_histogram(out, "evaluated", &times->evaluated);
    append_histogram(out, "committed", &times->committed);
    append_histogram(out, "published", hub_time(house->hub));
}

static void append_queues(GString *out, const House *house, const PipelineCounts *p,
                          const HttpCounts *h) {
    const Part length[] = {
        {"http", h->queued},
        {"engine", p->queued_rows},
        {"engine_samples", p->queued_samples},
        {"history_chunks", p->chunks_waiting},
        {"history_late", p->late_waiting},
        {"samples_writer", p->writer.queued},
        {"records_writer", writer_queued(house->records)},
    };
    const Part capacity[] = {
        {"http", h->queue_max},
        {"engine", p->queue_max},
        {"engine_samples", p->queue_samples_max},
        {"history_chunks", p->chunks_max},
        {"history_late", p->late_max},
        {"samples_writer", p->writer.capacity},
        {"records_writer", writer_counts(house->records).capacity},
    };
    append_parts(out, "queue_length", "gauge", "what waits in each queue", "queue", length,
                 G_N_ELEMENTS(length));
    append_parts(out, "queue_capacity", "gauge",
                 "what each queue may hold; beyond that doors refuse or callers wait", "queue",
                 capacity, G_N_ELEMENTS(capacity));
}

static void append_samples(GString *out, House *house, const PipelineCounts *p) {
    const Metric metrics[] = {
        {"points", "gauge", "points defined", p->engine.points},
        {"alarms_active", "gauge", "conditions present in the engine", p->engine.active},
        {"samples_total", "counter", "samples made durable since start", (double)p->samples},
        {"samples_evaluated_total", "counter", "samples evaluated since start",
         (double)p->engine.samples},
        {"samples_duplicate_total", "counter", "samples dropped as duplicates",
         (double)p->engine.duplicates},
        {"samples_late_total", "counter", "samples that came late, to history only",
         (double)p->engine.late},
        {"samples_bad_total", "counter", "samples of bad quality", (double)p->engine.bad},
        {"samples_refused_total", "counter", "lines and samples refused as unreadable or unknown",
         (double)atomic_load(house->samples_refused)},
        {"alarm_events_total", "counter", "alarm events since start", (double)p->engine.events},
        {"log_sequence", "counter", "last durable row of the sample log", (double)p->log_seq},
        {"engine_sequence", "counter", "last evaluated row of the sample log",
         (double)p->engine_seq},
        {"engine_lag_seconds", "gauge", "age of the oldest durable row that is not evaluated",
         (double)p->lag_us / 1e6},
        {"log_rows_kept", "gauge", "rows in the sample log", (double)p->log_rows_kept},
        {"batches_refused_total", "counter", "batches refused because the queue was full",
         (double)p->refused},
        {"batches_refused_backlog_total", "counter",
         "of them, batches of old data that made way for live data", (double)p->refused_backlog},
        {"gateways", "gauge", "gateways ever heard", gateways_count(house->gateways)},
    };
    append_metrics(out, metrics, G_N_ELEMENTS(metrics));
    append_kinds(out, "sample_refusals_total",
                 "lines and samples refused, by kind (of a batch the first 1000)",
                 house->sample_refusals);
}

static void append_records(GString *out, House *house, const PipelineCounts *p,
                           const WriterCounts *w) {
    const Metric metrics[] = {
        {"samples_commits_total", "counter", "commits of the samples database",
         (double)p->writer.commits},
        {"samples_jobs_failed_total", "counter", "jobs of the samples database that failed",
         (double)p->writer.failed},
        {"records_commits_total", "counter", "commits of the records database", (double)w->commits},
        {"records_jobs_total", "counter", "jobs of the records database", (double)w->jobs},
        {"records_jobs_failed_total", "counter", "jobs refused or failed", (double)w->failed},
        {"stream_listeners", "gauge", "live streams", hub_listeners(house->hub)},
        {"stream_resets_total", "counter", "streams that fell behind and were told to reload",
         (double)hub_resets(house->hub)},
        {"exports_running", "gauge", "lists that are being written to files",
         atomic_load(&house->exports)},
    };
    append_metrics(out, metrics, G_N_ELEMENTS(metrics));
}

static void append_http(GString *out, Request *request, const HttpCounts *h) {
    CalendarGaps gaps =
        calendar_gaps(house_of(request)->packs->calendar, day_of(house_now(request)));
    const Metric metrics[] = {
        {"http_requests_total", "counter", "requests", (double)h->requests},
        {"http_refused_total", "counter", "requests refused before a handler", (double)h->refused},
        {"http_connections", "gauge", "open connections", h->connections},
        {"calendar_years_missing", "gauge",
         "of this year and the next, those whose holidays the packs do not know",
         (gaps.year[0] != 0) + (gaps.year[1] != 0)},
    };
    append_metrics(out, metrics, G_N_ELEMENTS(metrics));
    append_kinds(out, "http_problems_total", "answers that were a problem, by kind", h->problems);
}

/* How late the oldest step that is due is, and how far the slowest webhook is behind; a database
 * that does not answer leaves them out. */
static void append_lags(GString *out, Request *request) {
    Sql *sql = worker_of(request)->records;
    gint64 next_ms, now_ms = house_now(request), behind;
    if (!sql_get_int(sql, NULL, &next_ms, now_ms,
                     "SELECT MIN(next_ms) FROM clocks WHERE next_ms IS NOT NULL", "") ||
        !webhooks_behind(sql, &behind, NULL))
        return;
    const Metric metrics[] = {
        {"clocks_lag_seconds", "gauge", "how long the oldest legal clock is due and has not fired",
         (double)MAX(now_ms - next_ms, 0) / 1000},
        {"webhooks_behind", "gauge", "journal entries that the slowest webhook has not sent",
         (double)MAX(behind, 0)},
    };
    append_metrics(out, metrics, G_N_ELEMENTS(metrics));
}

static void write_all(Request *request) {
    House *house = house_of(request);
    PipelineCounts p = pipeline_counts(house->pipeline);
    WriterCounts w = writer_counts(house->records);
    HttpCounts h = http_counts(request);
    GString *out = g_string_new(NULL);
    append_samples(out, house, &p);
    append_records(out, house, &p, &w);
    append_http(out, request, &h);
    append_queues(out, house, &p, &h);
    append_stages(out, house);
    append_lags(out, request);
    respond_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", out);
}

void api_metrics(Request *request) {
    if (request_is_local(request) || has_token(request) || is_administrator(request)) {
        write_all(request);
        return;
    }
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_FORBIDDEN, NULL, "查看运行指标", "read the metrics",
              "本机、--metrics-token 或系统管理员 (this machine, --metrics-token or an "
              "administrator)",
              NULL);
    respond_error(request, error);
}
