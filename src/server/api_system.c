/* /api/stream, /api/openapi.json, /healthz, /readyz, /metrics, /api/demo. */
#include "server/house.h"

#include <stdatomic.h>

void api_stream(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    const char *text = request_header(request, "Last-Event-ID");
    if (text == NULL)
        text = request_query(request, "after");
    gint64 after;
    if (text == NULL || !g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &after, NULL))
        after = -1;
    g_autofree char *token = house_session_token(request);
    hub_listen(house_of(request)->hub, request, worker_of(request)->records, identity, token,
               after);
}

void api_openapi(Request *request) {
    const GString *text = house_of(request)->openapi;
    respond_static(request, 200, "application/json", text->str, text->len);
}

void api_healthz(Request *request) {
    respond_json(request, 200, json_pack("{s:s, s:s}", "status", "ok", "version", ANLAN_VERSION));
}

/* The server listens only after the engine has caught up; what is asked here is whether the
 * database answers. */
void api_readyz(Request *request) {
    g_autoptr(GError) error = NULL;
    gint64 one;
    if (sql_get_int(worker_of(request)->records, &error, &one, 0,
                    "SELECT COUNT(*) FROM (SELECT 1 FROM journal LIMIT 1) x", ""))
        respond_json(request, 200, json_pack("{s:s}", "status", "ready"));
    else
        respond_error(request, error);
}

typedef struct {
    const char *name, *type, *help;
    double value;
} Metric;

static void append_metrics(GString *out, const Metric *metrics, gsize n) {
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(out, "# HELP anlan_%s %s\n# TYPE anlan_%s %s\nanlan_%s %.17g\n",
                               metrics[i].name, metrics[i].help, metrics[i].name, metrics[i].type,
                               metrics[i].name, metrics[i].value);
}

void api_metrics(Request *request) {
    House *house = house_of(request);
    CalendarGaps gaps = calendar_gaps(house->packs->calendar, day_of(house_now(request)));
    PipelineCounts p = pipeline_counts(house->pipeline);
    WriterCounts w = writer_counts(house->records);
    HttpCounts h = http_counts(request);
    const Metric metrics[] = {
        {"points", "gauge", "points defined", p.engine.points},
        {"alarms_active", "gauge", "conditions present in the engine", p.engine.active},
        {"samples_total", "counter", "samples made durable since start", (double)p.samples},
        {"samples_evaluated_total", "counter", "samples evaluated since start",
         (double)p.engine.samples},
        {"samples_duplicate_total", "counter", "samples dropped as duplicates",
         (double)p.engine.duplicates},
        {"samples_late_total", "counter", "samples that came late, to history only",
         (double)p.engine.late},
        {"samples_bad_total", "counter", "samples of bad quality", (double)p.engine.bad},
        {"samples_refused_total", "counter", "lines and samples refused as unreadable or unknown",
         (double)atomic_load(house->samples_refused)},
        {"alarm_events_total", "counter", "alarm events since start", (double)p.engine.events},
        {"log_sequence", "counter", "last durable row of the sample log", (double)p.log_seq},
        {"engine_sequence", "counter", "last evaluated row of the sample log",
         (double)p.engine_seq},
        {"log_rows_kept", "gauge", "rows in the sample log", (double)p.log_rows_kept},
        {"batches_refused_total", "counter", "batches refused because the queue was full",
         (double)p.refused},
        {"engine_queue", "gauge", "rows waiting for the engine", p.queued_rows},
        {"samples_commits_total", "counter", "commits of the samples database",
         (double)p.writer.commits},
        {"records_commits_total", "counter", "commits of the records database", (double)w.commits},
        {"records_jobs_total", "counter", "jobs of the records database", (double)w.jobs},
        {"records_jobs_failed_total", "counter", "jobs refused or failed", (double)w.failed},
        {"records_queue", "gauge", "jobs waiting for the records database",
         writer_queued(house->records)},
        {"http_requests_total", "counter", "requests", (double)h.requests},
        {"http_refused_total", "counter", "requests refused before a handler", (double)h.refused},
        {"http_connections", "gauge", "open connections", h.connections},
        {"http_queue", "gauge", "requests waiting for a worker", h.queued},
        {"calendar_years_missing", "gauge",
         "of this year and the next, those whose holidays the packs do not know",
         (gaps.year[0] != 0) + (gaps.year[1] != 0)},
        {"stream_listeners", "gauge", "live streams", hub_listeners(house->hub)},
    };
    GString *out = g_string_new(NULL);
    append_metrics(out, metrics, G_N_ELEMENTS(metrics));
    respond_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", out);
}

/* Each with the level of its role, by which the log-in page groups them. */
static json_t *demo_logins(const House *house) {
    json_t *logins = json_deep_copy(house->demo_logins), *login;
    size_t i;
    json_array_foreach(logins, i, login) {
        const Role *role =
            packs_role(house->packs, json_string_value(json_object_get(login, "role")));
        if (role)
            json_object_set_new(login, "level", json_string(level_name(role->level)));
    }
    return logins;
}

void api_demo(Request *request) {
    House *house = house_of(request);
    if (house->demo_logins) {
        respond_json(request, 200, json_pack("{s:o}", "logins", demo_logins(house)));
        return;
    }
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_ROUTE, NULL, "/api/demo", NULL);
    respond_error(request, error);
}
