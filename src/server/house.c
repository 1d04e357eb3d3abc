#include "server/house.h"
#include "base/hash.h"

#include <string.h>

enum { SMALL = 0, FORM = 1 << 20, INGEST = 8 << 20, SHEET = 16 << 20 };

/* clang-format off */
const Route house_routes[] = {
    {"POST", "/api/session", api_session_start, 16 << 10, DOOR_OPEN, 201, "Log in", NULL, "Login", "Session"},
    {"GET", "/api/session", api_session_get, SMALL, DOOR_USER, 200, "Who am I", NULL, NULL, "User"},
    {"DELETE", "/api/session", api_session_end, SMALL, DOOR_USER, 204, "Log out", NULL, NULL, NULL},
    {"POST", "/api/session/password", api_password_change, 16 << 10, DOOR_USER, 201, "Change the own password; ends all other sessions and starts a new one", NULL, "PasswordChange", "Session"},
    {"POST", "/api/users/{login}/password", api_password_reset, SMALL + 1024, DOOR_USER, 201, "Give a user a password for one log-in, shown only now; ends his sessions; for admins", NULL, "Any", "OncePassword"},
    {"GET", "/api/devices/tokens", api_device_tokens, SMALL, DOOR_USER, 200, "How many tokens each gateway has; for admins", NULL, NULL, "DeviceTokens"},
    {"POST", "/api/devices/{code}/tokens", api_device_token_new, SMALL + 1024, DOOR_USER, 201, "Make a token for a gateway; shown only now; for admins", NULL, "Any", "Token"},
    {"DELETE", "/api/devices/{code}/tokens", api_device_token_revoke, SMALL, DOOR_USER, 204, "End all tokens of a gateway; for admins", NULL, NULL, NULL},
    {"GET", "/api/journal", api_journal, SMALL, DOOR_USER, 200, "Journal entries in the caller's sight, newest first", "enterprise type action people before limit", NULL, "JournalPage"},
    {"GET", "/api/system", api_system_state, SMALL, DOOR_USER, 200, "State of the installation: disk, seals, clocks, files; for admins", NULL, NULL, "SystemState"},
    {"GET", "/api/types", api_types, SMALL, DOOR_USER, 200, "Record types, code lists and roles, with the caller's rights", NULL, NULL, "Types"},
    {"GET", "/api/records/{type}", api_records_list, SMALL, DOOR_USER, 200, "List records in the caller's sight", "filter q bbox sort limit cursor count facets format codes", NULL, "{type}.list"},
    {"POST", "/api/records/{type}", api_records_create, FORM, DOOR_USER, 201, "Create a record", "Idempotency-Key", "{type}.create", "{type}"},
    {"POST", "/api/records/{type}/import", api_records_import, SHEET, DOOR_USER, 200, "Import records from a CSV or XLSX file, all or none", "dry_run mode again Idempotency-Key", "text/csv", "Import"},
    {"GET", "/api/records/{type}/template.xlsx", api_records_template, SMALL, DOOR_USER, 200, "A workbook to fill in for an import", NULL, NULL, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"GET", "/api/records/{type}/{id}", api_record_get, SMALL, DOOR_USER, 200, "Read a record with its moves, clocks and rights", NULL, NULL, "{type}"},
    {"PATCH", "/api/records/{type}/{id}", api_record_edit, FORM, DOOR_USER, 200, "Edit fields of a record", "If-Match", "{type}.edit", "{type}"},
    {"GET", "/api/records/{type}/{id}/journal", api_record_journal, SMALL, DOOR_USER, 200, "History of a record, oldest first", NULL, NULL, "Journal"},
    {"POST", "/api/records/{type}/{id}/moves/{move}", api_record_move, FORM, DOOR_USER, 200, "Make a move of the record's flow", "If-Match Idempotency-Key", "{type}.move", "{type}"},
    {"POST", "/api/records/{type}/{id}/reveal", api_record_reveal, 16 << 10, DOOR_USER, 200, "Open a sealed field, with a reason that is written down; for keepers of the type", NULL, "Reveal", "Revealed"},
    {"GET", "/api/records/{type}/{id}/documents", api_record_documents, SMALL, DOOR_USER, 200, "Documents that moves have made of a record, oldest first", NULL, NULL, "Documents"},
    {"GET", "/api/records/{type}/{id}/documents/{name}/preview", api_document_preview, SMALL, DOOR_USER, 200, "How a document would look now; not in force", NULL, NULL, "application/pdf"},
    {"GET", "/api/records/{type}/{id}/related", api_record_related, SMALL, DOOR_USER, 200, "How many records of each type name this one", NULL, NULL, "Related"},
    {"GET", "/api/documents", api_documents, SMALL, DOOR_USER, 200, "Documents of all records of an enterprise, newest first", "enterprise limit", NULL, "Documents"},
    {"GET", "/api/documents/{id}", api_document_get, SMALL, DOOR_USER, 200, "A document as PDF", NULL, NULL, "application/pdf"},
    {"GET", "/api/views", api_views, SMALL, DOOR_USER, 200, "Saved views: one's own and those shown to one's role", "type", NULL, "Views"},
    {"POST", "/api/views", api_view_new, 16 << 10, DOOR_USER, 201, "Save a view, for oneself or for a role within one's region", "Idempotency-Key", "ViewChange", "View"},
    {"PATCH", "/api/views/{id}", api_view_edit, 16 << 10, DOOR_USER, 200, "Change a view of one's own", NULL, "ViewChange", "View"},
    {"DELETE", "/api/views/{id}", api_view_drop, SMALL, DOOR_USER, 204, "Drop a view of one's own", NULL, NULL, NULL},
    {"GET", "/api/receipts/{code}", api_receipt, SMALL, DOOR_CODE, 200, "What the holder of a receipt may see and do, with its proof", NULL, NULL, "Receipt"},
    {"POST", "/api/receipts/{code}/moves/{move}", api_receipt_move, 64 << 10, DOOR_GUEST, 200, "Make a move as the holder of a receipt, without a log-in; no name is kept", "Idempotency-Key", "ReceiptMove", "Receipt"},
    {"POST", "/api/files", api_files_send, FILE_BYTES_MAX, DOOR_USER, 201, "Send a file, to be used in a record within a day", "X-File-Name Idempotency-Key", "application/octet-stream", "FileUse"},
    {"GET", "/api/files/{id}", api_file_get, SMALL, DOOR_USER, 200, "Fetch a file: its sender until it is used, then who may read a record that uses it", NULL, NULL, "application/octet-stream"},
    {"GET", "/api/files/{id}/thumbnail", api_file_thumbnail, SMALL, DOOR_USER, 200, "A small JPEG of a picture", "size", NULL, "image/jpeg"},
    {"GET", "/api/todo", api_todo, SMALL, DOOR_USER, 200, "Records whose turn it is for the caller", "limit", NULL, "Todo"},
    {"GET", "/api/clocks", api_clocks, SMALL, DOOR_USER, 200, "Legal clocks in the caller's sight: which run, which are overdue, how late they fired", "state type overdue region enterprise limit cursor summary format", NULL, "Clocks"},
    {"GET", "/api/notices", api_notices, SMALL, DOOR_USER, 200, "Notices to the caller, newest first", "after", NULL, "Notices"},
    {"GET", "/api/places/{type}", api_places, SMALL, DOOR_USER, 200, "Places of records gathered by the cells of a grid, for maps of any size", "bbox cell filter by", NULL, "Places"},
    {"GET", "/api/overview", api_overview, SMALL, DOOR_USER, 200, "Figures of a region and its parts", "region", NULL, "Overview"},
    {"GET", "/api/indicators", api_indicators, SMALL, DOOR_USER, 200, "Figures over records with target and former year", "region from to", NULL, "Indicators"},
    {"GET", "/api/indicators/{type}/{name}", api_indicator, SMALL, DOOR_USER, 200, "One figure, broken down", "region from to by", NULL, "Indicator"},
    {"GET", "/api/alarms", api_alarms, SMALL, DOOR_USER, 200, "The alarm desk", "state enterprise limit cursor", NULL, "AlarmDesk"},
    {"GET", "/api/alarm-kpis", api_alarm_kpis, SMALL, DOOR_USER, 200, "Figures of the alarm system over recorded alarms, by week, with their targets and the most frequent alarms", "enterprise region from to", NULL, "AlarmKpis"},
    {"POST", "/api/replay", api_replay, 16 << 10, DOOR_USER, 200, "What other limits of points would have given; changes nothing", NULL, "Replay", "Replayed"},
    {"GET", "/api/points", api_points, SMALL, DOOR_USER, 200, "Current values of an enterprise's points", "enterprise", NULL, "Points"},
    {"GET", "/api/points/{code}/history", api_point_history, SMALL, DOOR_USER, 200, "History of a point", "from to step", NULL, "History"},
    {"GET", "/api/gateways", api_gateways, SMALL, DOOR_USER, 200, "Gateways in the caller's sight: how they send today, their clocks and backlogs", "filter q limit cursor", NULL, "Gateways"},
    {"GET", "/api/gateways/{code}", api_gateway, SMALL, DOOR_USER, 200, "One gateway with its day in slots of five minutes", "day", NULL, "Gateway"},
    {"POST", "/write", api_write_line, INGEST, DOOR_DEVICE, 204, "Write samples as Influx line protocol; answered when they are durable", "db precision p", "text/plain", NULL},
    {"POST", "/api/v2/write", api_write_line, INGEST, DOOR_DEVICE, 204, "Write samples as Influx line protocol (version 2 clients)", "bucket precision", "text/plain", NULL},
    {"POST", "/api/samples", api_write_json, INGEST, DOOR_DEVICE, 204, "Write samples as JSON; answered when they are durable", NULL, "Samples", NULL},
    {"GET", "/api/stream", api_stream, SMALL, DOOR_USER, 200, "Live stream of journal entries in the caller's sight", "after Last-Event-ID", NULL, "text/event-stream"},
    {"GET", "/api/webhooks", api_webhooks, SMALL, DOOR_USER, 200, "How far the receivers of webhooks have come", NULL, NULL, "Webhooks"},
    {"POST", "/api/webhooks/{code}/secret", api_webhook_secret, SMALL + 1024, DOOR_USER, 201, "Make a new secret for a webhook; shown only now", NULL, "Any", "Secret"},
    {"GET", "/api/public/types", api_public_types, SMALL, DOOR_OPEN, 200, "What the public may read, and report", NULL, NULL, "PublicTypes"},
    {"GET", "/api/public/{type}", api_public_list, SMALL, DOOR_OPEN, 200, "Published records, newest ids first", "filter cursor limit", NULL, "PublicList"},
    {"GET", "/api/public/{type}/{id}", api_public_get, SMALL, DOOR_OPEN, 200, "One published record", NULL, NULL, "PublicRecord"},
    {"POST", "/api/public/files", api_public_photo, PHOTO_BYTES_MAX, DOOR_PHOTO, 201, "Send a photo for a report without a log-in; it is drawn anew, without its metadata", NULL, "application/octet-stream", "FileUse"},
    {"POST", "/api/public/{type}", api_public_create, 64 << 10, DOOR_GUEST, 201, "File a report without a log-in; no address is kept", "Idempotency-Key", "{type}.create", "Filed"},
    {"GET", "/api/openapi.json", api_openapi, SMALL, DOOR_OPEN, 200, "This document", NULL, NULL, "Any"},
    {"GET", "/ogc", ogc_landing, SMALL, DOOR_OPEN, 200, "OGC API - Features: where to go on", "f", NULL, "Any"},
    {"GET", "/ogc/", ogc_landing, SMALL, DOOR_OPEN, 200, "OGC API - Features: where to go on", "f", NULL, "Any"},
    {"GET", "/ogc/conformance", ogc_conformance, SMALL, DOOR_OPEN, 200, "What of OGC API - Features is served", "f", NULL, "Conformance"},
    {"GET", "/ogc/collections", ogc_collections, SMALL, DOOR_MAP, 200, "Record types with a place that the caller may read", "f", NULL, "Collections"},
    {"GET", "/ogc/collections/{type}", ogc_collection, SMALL, DOOR_MAP, 200, "One collection", "f", NULL, "Collection"},
    {"GET", "/ogc/collections/{type}/queryables", ogc_queryables, SMALL, DOOR_MAP, 200, "Properties that filters may name", "f", NULL, "Any"},
    {"GET", "/ogc/collections/{type}/items", ogc_items, SMALL, DOOR_MAP, 200, "Features in the caller's sight", "bbox bbox-crs crs limit cursor datetime filter filter-lang filter-crs q f", NULL, "FeatureCollection"},
    {"GET", "/ogc/collections/{type}/items/{id}", ogc_item, SMALL, DOOR_MAP, 200, "One feature", "crs f", NULL, "Feature"},
    {"GET", "/healthz", api_healthz, SMALL, DOOR_OPEN, 200, "The process lives", NULL, NULL, "Health"},
    {"GET", "/readyz", api_readyz, SMALL, DOOR_OPEN, 200, "Database and engine are ready", NULL, NULL, "Any"},
    {"GET", "/metrics", api_metrics, SMALL, DOOR_OPEN, 200, "Figures of the program for Prometheus; for this machine, with the metrics token, or for admins", NULL, NULL, "text/plain"},
    {"GET", "/api/demo", api_demo, SMALL, DOOR_OPEN, 200, "Log-ins of the demo, or 404", NULL, NULL, "Any"},
    {NULL, NULL, NULL, 0, DOOR_OPEN, 0, NULL, NULL, NULL, NULL},
};
/* clang-format on */

gpointer house_worker_new(gpointer data, GError **error) {
    const House *house = data;
    HouseWorker *worker = g_new0(HouseWorker, 1);
    worker->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    worker->records = sql_open(house->records_uri, SQL_READ, error);
    worker->samples = worker->records ? sql_open(house->samples_uri, SQL_READ, error) : NULL;
    if (worker->samples) {
        sql_set_files(worker->records, house->files_dir);
        return worker;
    }
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

/* Programs on the machine itself are not held up, but as guests. */
gboolean house_admit(Request *request, const Route *route, GError **error) {
    static const RateClass classes[] = {
        [DOOR_USER] = RATE_WEB, [DOOR_OPEN] = RATE_WEB,    [DOOR_DEVICE] = RATE_DEVICE,
        [DOOR_MAP] = RATE_WEB,  [DOOR_GUEST] = RATE_GUEST, [DOOR_PHOTO] = RATE_PHOTO,
        [DOOR_CODE] = RATE_CODE};
    RateClass class = classes[route->door];
    gint64 wait_s;
    gboolean guest = class >= RATE_GUEST;
    if ((!guest && request_is_local(request)) ||
        rate_limit_take(house_of(request)->rates, class, request_address(request),
                        g_get_monotonic_time(), &wait_s))
        return TRUE;
    g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, wait_s);
    return error_set(error, ERROR_RATE, NULL, seconds, NULL);
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
    if (identity && identity->once && !g_str_has_prefix(request_path(request), "/api/session")) {
        identity_free(identity);
        identity = NULL;
        error_set(&error, ERROR_PASSWORD_ONCE, NULL, NULL);
    }
    if (identity == NULL)
        respond_error(request, error);
    return identity;
}

static Identity *find_map_user(Request *request, GError **error) {
    House *house = house_of(request);
    Sql *sql = worker_of(request)->records;
    g_autofree char *login = NULL, *password = NULL, *token = NULL;
    basic_read(request_header(request, "Authorization"), &login, &password);
    if (login) {
        gboolean good = basic_check(house->basic, house->logins, sql, login, password,
                                    request_address(request), house_now(request), error);
        return good ? identity_find(sql, house->packs, login, error) : NULL;
    }
    token = house_session_token(request);
    if (token)
        return session_find(sql, house->packs, token, house_now(request), error);
    error_set(error, ERROR_SESSION, NULL, NULL);
    return NULL;
}

Identity *house_map_identity(Request *request) {
    g_autoptr(GError) error = NULL;
    Identity *identity = find_map_user(request, &error);
    if (identity)
        return identity;
    if (error_status(error) == 401)
        request_add_header(request, "WWW-Authenticate", "Basic realm=\"Anlan\", charset=\"UTF-8\"");
    respond_error(request, error);
    return NULL;
}

gboolean house_query_time(Request *request, const char *name, gint64 otherwise, gint64 *ms,
                          GError **error) {
    const char *text = request_query(request, name);
    *ms = otherwise;
    if (text == NULL || time_parse(text, ms) ||
        g_ascii_string_to_signed(text, 10, 0, G_MAXINT64 / 2, ms, NULL))
        return TRUE;
    return error_set(error, ERROR_FIELD_KIND, name, "时间", "a time (RFC 3339 or milliseconds)",
                     NULL);
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
    Once *once; /* or NULL */
    gboolean replayed;
} Write;

static gboolean write_run(Sql *sql, gpointer data, GError **error) {
    Write *write = data;
    gint64 keep_ms = write->house->once_ms;
    if (!once_find(sql, write->once, keep_ms, write->now_ms, &write->answer, error))
        return FALSE;
    write->replayed = write->answer != NULL;
    return write->replayed || (write->func(sql, write->house, write->identity, write->now_ms,
                                           write->data, &write->answer, error) &&
                               once_keep(sql, write->once, write->answer, write->now_ms, error));
}

static void write_done(gpointer data, const GError *error) {
    Write *write = data;
    if (write->replayed)
        once_say(write->request);
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
    once_free(write->once);
    g_free(write);
}

static Write *write_new(Request *request, Identity *identity_take, int status, HouseJob func,
                        gpointer data, void (*free)(gpointer data)) {
    Write *write = g_new0(Write, 1);
    *write = (Write){.request = request,
                     .house = house_of(request),
                     .identity = identity_take,
                     .status = status,
                     .func = func,
                     .data = data,
                     .free = free,
                     .now_ms = house_now(request)};
    return write;
}

void house_write(Request *request, Identity *identity_take, int status, HouseJob func,
                 gpointer data, void (*free)(gpointer data)) {
    writer_push(house_of(request)->records, write_run, write_done,
                write_new(request, identity_take, status, func, data, free));
}

void house_write_once(Request *request, Identity *identity_take, const char *body, int status,
                      HouseJob func, gpointer data, void (*free)(gpointer data)) {
    g_autoptr(GError) error = NULL;
    Write *write = write_new(request, identity_take, status, func, data, free);
    if (once_read(request, identity_take ? identity_take->login : "", body, &write->once, &error))
        writer_push(house_of(request)->records, write_run, write_done, write);
    else
        write_done(write, error);
}

void house_file(Request *request) {
    const House *house = house_of(request);
    if (house->files && static_files_answer(house->files, request))
        return;
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_ROUTE, NULL, request_path(request), NULL);
    respond_error(request, error);
}
