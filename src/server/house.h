/* What the handlers work with: everything app/ has joined, and what each worker thread owns.
 * Read-only while the server runs. */
#pragma once
#include "base/histogram.h"
#include "pack/pack.h"
#include "record/sealed.h"
#include "record/sheet.h"
#include "server/basic_cache.h"
#include "server/http.h"
#include "server/hub.h"
#include "server/login_guard.h"
#include "server/once.h"
#include "server/rate_limit.h"
#include "server/replay_desk.h"
#include "server/session.h"
#include "server/static_files.h"
#include "server/types_text.h"
#include "signal/gateways.h"
#include "signal/pipeline.h"
#include "store/writer.h"

enum { PHOTO_BYTES_MAX = 5 * 1000 * 1000 }; /* of a guest, as sent */

typedef struct {
    const Packs *packs;
    gint64 once_ms; /* how long answers are kept for those who ask again (once.h) */
    Clock *clock;
    const SealKey *seal;
    Writer *records;
    const char *records_uri, *samples_uri;
    Pipeline *pipeline;
    Gateways *gateways;
    PointTable *points;
    Hub *hub;
    LoginGuard *logins;
    RateLimit *rates;
    BasicCache *basic;
    ReplayDesk *replays;
    GString *openapi;                 /* the document, openapi.h */
    TypesText *types;                 /* the answers of /api/types */
    const char *data_dir;             /* for files that are sent once */
    const char *files_dir;            /* the files of records, file_store.h */
    _Atomic gsize pixels;             /* of pictures that are being drawn small now */
    _Atomic guint exports;            /* lists that are being written to files now */
    StaticFiles *files;               /* or NULL */
    json_t *demo_logins;              /* or NULL */
    _Atomic guint64 *samples_refused; /* lines and samples that a door did not take */
    _Atomic guint64 *sample_refusals; /* the same by ErrorKind, of a batch the first 1000 */
    Histogram read_time;              /* of a batch in a door */
    const char *metrics_token;        /* or NULL */
} House;

typedef struct {
    Sql *records, *samples;
    GHashTable *devices; /* token -> DeviceEntry: short-lived cache, see api_ingest.c */
} HouseWorker;

gpointer house_worker_new(gpointer house, GError **error);
void house_worker_free(gpointer worker);
extern const Route house_routes[];
gboolean house_admit(Request *request, const Route *route, GError **error); /* HttpConfig.admit */
void house_file(Request *request); /* GET of any other path: the web client */

static inline House *house_of(Request *request) { return request_context(request); }
static inline HouseWorker *worker_of(Request *request) { return request_worker(request); }
gint64 house_now(Request *request);
/* The user behind the request (cookie or bearer token), or NULL after answering 401. */
Identity *house_identity(Request *request);
/* The same for map programs, which also may send login and password (HTTP basic); its 401 asks for
 * them. */
Identity *house_map_identity(Request *request);
/* A time of the query: RFC 3339 or milliseconds. */
gboolean house_query_time(Request *request, const char *name, gint64 otherwise, gint64 *ms,
                          GError **error);
/* Answers with the JSON that `func` gives for the request's user, or with its error. */
typedef json_t *(*HouseRead)(Request *request, const Identity *identity, GError **error);
void house_read(Request *request, HouseRead func);
char *house_session_token(Request *request); /* as sent, or NULL; caller frees */

/* Runs `func` as a job of the records writer and answers when it is durable: with the JSON that
 * func put into *answer (NULL: 204) and `status`, or with its error as a problem whose further
 * members func may have put into *answer. `data` is freed with `free` after that. The Identity is
 * taken. */
typedef gboolean (*HouseJob)(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                             gpointer data, json_t **answer, GError **error);
void house_write(Request *request, Identity *identity_take, int status, HouseJob func,
                 gpointer data, void (*free)(gpointer data));
/* The same, but once per Idempotency-Key of the user (guests when the Identity is NULL); `body`
 * stands for what request_body does not give, or NULL. */
void house_write_once(Request *request, Identity *identity_take, const char *body, int status,
                      HouseJob func, gpointer data, void (*free)(gpointer data));

/* Handlers, one file per subject. */
void api_session_start(Request *request);
void api_session_get(Request *request);
void api_session_end(Request *request);
void api_types(Request *request);
void api_records_list(Request *request);
void api_records_export(Request *request, const Identity *identity, const RecordQuery *query,
                        const char *format);
/* Answers with the file that `fill` writes, named NAME-DAY.csv or .xlsx; `format` from outside. */
typedef gboolean (*SheetFill)(Request *request, const Identity *identity, gconstpointer query,
                              SheetForm form, int fd, GError **error);
void api_sheet(Request *request, const Identity *identity, const char *name, const char *format,
               SheetFill fill, gconstpointer query);
void api_records_create(Request *request);
void api_records_import(Request *request);
void api_records_template(Request *request);
void api_record_get(Request *request);
void api_record_edit(Request *request);
void api_record_move(Request *request);
void api_record_reveal(Request *request);
void api_record_journal(Request *request);
void api_views(Request *request);
void api_view_new(Request *request);
void api_view_edit(Request *request);
void api_view_drop(Request *request);
void api_receipt(Request *request);
void api_receipt_move(Request *request);
/* {"fields": {...}, "comment": "..."} of a move, borrowed from the body; *fields NULL: none. */
gboolean read_move(json_t *body, json_t **fields, const char **comment, GError **error);
void api_files_send(Request *request);
void api_record_documents(Request *request);
void api_record_related(Request *request);
void api_documents(Request *request);
void api_document_get(Request *request);
void api_document_preview(Request *request);
void api_file_get(Request *request);
void api_file_thumbnail(Request *request);
/* A stored file as a download that no browser runs; `policy` for caches. Takes fd. */
void respond_stored(Request *request, const char *media, const char *name, const char *policy,
                    int fd_take);
void api_todo(Request *request);
void api_notices(Request *request);
void api_clocks(Request *request);
void api_overview(Request *request);
void api_places(Request *request);
void api_alarm_kpis(Request *request);
void api_replay(Request *request);
void api_indicators(Request *request);
void api_indicator(Request *request);
void api_alarms(Request *request);
void api_points(Request *request);
void api_point_history(Request *request);
void api_gateways(Request *request);
void api_gateway(Request *request);
void api_write_line(Request *request);
void api_write_json(Request *request);
void api_password_change(Request *request);
void api_password_reset(Request *request);
void api_device_tokens(Request *request);
void api_device_token_new(Request *request);
void api_device_token_revoke(Request *request);
void api_journal(Request *request);
void api_system_state(Request *request);
void api_webhooks(Request *request);
void api_webhook_secret(Request *request);
void api_public_types(Request *request);
void api_public_list(Request *request);
void api_public_get(Request *request);
void api_public_create(Request *request);
void api_public_photo(Request *request);
void api_stream(Request *request);
void api_openapi(Request *request);
void api_healthz(Request *request);
void api_readyz(Request *request);
void api_metrics(Request *request);
void api_demo(Request *request);
void ogc_landing(Request *request);
void ogc_conformance(Request *request);
void ogc_collections(Request *request);
void ogc_collection(Request *request);
void ogc_queryables(Request *request);
void ogc_items(Request *request);
void ogc_item(Request *request);
