#include "server/house.h"
#include "base/hash.h"

#include <string.h>

enum { SMALL = 0, FORM = 1 << 20, INGEST = 8 << 20 };

const Route house_routes[] = {
    {"POST", "/api/session", api_session_start, 16 << 10},
    {"GET", "/api/session", api_session_get, SMALL},
    {"DELETE", "/api/session", api_session_end, SMALL},
    {"GET", "/api/types", api_types, SMALL},
    {"GET", "/api/records/{type}", api_records_list, SMALL},
    {"POST", "/api/records/{type}", api_records_create, FORM},
    {"GET", "/api/records/{type}/{id}", api_record_get, SMALL},
    {"PATCH", "/api/records/{type}/{id}", api_record_edit, FORM},
    {"GET", "/api/records/{type}/{id}/journal", api_record_journal, SMALL},
    {"POST", "/api/records/{type}/{id}/moves/{move}", api_record_move, FORM},
    {"GET", "/api/todo", api_todo, SMALL},
    {"GET", "/api/notices", api_notices, SMALL},
    {"GET", "/api/overview", api_overview, SMALL},
    {"GET", "/api/alarms", api_alarms, SMALL},
    {"GET", "/api/points", api_points, SMALL},
    {"GET", "/api/points/{code}/history", api_point_history, SMALL},
    {"POST", "/write", api_write_line, INGEST},
    {"POST", "/api/v2/write", api_write_line, INGEST},
    {"POST", "/api/samples", api_write_json, INGEST},
    {"GET", "/api/stream", api_stream, SMALL},
    {"GET", "/healthz", api_healthz, SMALL},
    {"GET", "/readyz", api_readyz, SMALL},
    {"GET", "/metrics", api_metrics, SMALL},
    {"GET", "/api/demo", api_demo, SMALL},
    {NULL, NULL, NULL, 0},
};

gpointer house_worker_new(gpointer data, GError **error) {
    const House *house = data;
    HouseWorker *worker = g_new0(HouseWorker, 1);
    worker->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    worker->records = sql_open(house->records_uri, SQL_READ, error);
    worker->samples = worker->records ? sql_open(house->samples_uri, SQL_READ, error) : NULL;
    if (worker->samples)
        return worker;
    house_worker_free(worker);
    return NULL;
}

void house_worker_free(gpointer data) {
    HouseWorker *worker = data;
    sql_close(worker->records);
    sql_close(worker->samples);
    g_hash_table_destroy(worker->devices);
    g_free(worker);
}

gint64 house_now(Request *request) { return clock_now(house_of(request)->clock); }

char *house_session_token(Request *request) {
    static const char bearer[] = "Bearer ";
    const char *header = request_header(request, "Authorization");
    if (header && g_ascii_strncasecmp(header, bearer, strlen(bearer)) == 0)
        return g_strdup(header + strlen(bearer));
    return g_strdup(request_cookie(request, "anlan_session"));
}

Identity *house_identity(Request *request) {
    g_autoptr(GError) error = NULL;
    g_autofree char *token = house_session_token(request);
    Identity *identity = NULL;
    if (token)
        identity = session_find(worker_of(request)->records, house_of(request)->packs, token,
                                house_now(request), &error);
    else
        error_set(&error, ERROR_SESSION, NULL, NULL);
    if (identity == NULL)
        respond_error(request, error);
    return identity;
}

void house_read(Request *request, HouseRead func) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *body = func(request, identity, &error);
    if (body)
        respond_json(request, 200, body);
    else
        respond_error(request, error);
    identity_free(identity);
}

typedef struct {
    Request *request;
    const House *house;
    Identity *identity;
    int status;
    HouseJob func;
    gpointer data;
    void (*free)(gpointer);
    gint64 now_ms;
    json_t *answer;
} Write;

static gboolean write_run(Sql *sql, gpointer data, GError **error) {
    Write *write = data;
    return write->func(sql, write->house, write->identity, write->now_ms, write->data,
                       &write->answer, error);
}

static void write_done(gpointer data, const GError *error) {
    Write *write = data;
    if (error)
        respond_problem(write->request, error, write->answer);
    else if (write->answer)
        respond_json(write->request, write->status, write->answer);
    else
        respond_empty(write->request, 204);
    if (write->free)
        write->free(write->data);
    if (write->identity)
        identity_free(write->identity);
    g_free(write);
}

void house_write(Request *request, Identity *identity_take, int status, HouseJob func,
                 gpointer data, void (*free)(gpointer data)) {
    Write *write = g_new0(Write, 1);
    *write = (Write){request, house_of(request),  identity_take, status, func, data,
                     free,    house_now(request), NULL};
    writer_push(house_of(request)->records, write_run, write_done, write);
}

void house_file(Request *request) {
    const House *house = house_of(request);
    if (house->files && static_files_answer(house->files, request))
        return;
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_ROUTE, NULL, request_path(request), NULL);
    respond_error(request, error);
}
