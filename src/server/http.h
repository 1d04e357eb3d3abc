/* HTTP on libmicrohttpd, made safe and small: a table of routes, a bounded pool of workers, answers
 * now or later.
 *
 * The library's epoll threads read a request whole (bounded by its route), then a worker thread
 * calls the route's handler, which must see to it that exactly one respond_* function is called for
 * the request: at once, or later from any thread (a commit, the engine). Refused before any
 * handler: bodies over the limit (413), Content-Length with Transfer-Encoding and repeated ones
 * (request smuggling), slow clients (5 s for the header, body at 4 KiB/s after 10 s), too many
 * connections; a full pool, or 256 MiB of bodies at once, answers 503 with Retry-After. */
#pragma once
#include "base/clock.h"
#include "base/error.h"
#include <jansson.h>

typedef struct Http Http;
typedef struct Request Request;
typedef void (*Handler)(Request *request);

/* Who may call a route; the handler sees to it, the document of the API says it. */
typedef enum {
    DOOR_USER,
    DOOR_OPEN,
    DOOR_DEVICE,
    DOOR_MAP,
    DOOR_GUEST,
    DOOR_PHOTO,
    DOOR_CODE
} Door;

typedef struct {
    const char *method;
    const char *path; /* "/api/records/{type}/{id}": a part in braces matches one segment */
    Handler handler;
    gsize body_max;
    /* For the document of the API (openapi.h). Names of schemas and parameters are those of
     * openapi_parts.c; "{type}" in one is the type's name; with a slash it is a media type. */
    Door door;
    int status; /* of the good answer */
    const char *summary;
    const char *parameters; /* separated by spaces, or NULL */
    const char *body, *answer;
} Route;

typedef struct {
    const char *host;
    guint port;
    const Route *routes; /* ends with method NULL */
    Handler otherwise;   /* GET of any other path, or NULL */
    gpointer context;
    /* May this client ask now; called before the body is read, on a library thread. FALSE with
     * ERROR_RATE. NULL: always. */
    gboolean (*admit)(Request *request, const Route *route, GError **error);
    const char *const *proxies; /* addresses that may name others in X-Forwarded-For; or NULL */
    gpointer (*worker_new)(gpointer context, GError **error); /* what each worker thread owns */
    void (*worker_free)(gpointer worker);
    guint workers, queue;
    const char *spool; /* folder for bodies that are kept in files, or NULL: no route has any */
} HttpConfig;

Http *http_start(const HttpConfig *config, GError **error);
guint http_port(const Http *http);
void http_stop(Http *http); /* after everything that may still answer has ended or will be answered
                               by nobody */
typedef struct {
    guint64 requests, refused;
    guint connections, queued, queue_max;
    _Atomic guint64 *problems; /* answers that were a problem, by ErrorKind */
} HttpCounts;
HttpCounts http_counts(Request *request); /* of the server that reads the request */

/* In a handler. Texts are borrowed and live as long as the request. */
gpointer request_context(Request *request);
gpointer request_worker(Request *request); /* only until the handler returns */
const char *request_method(Request *request);
const char *request_path(Request *request);
const char *request_part(Request *request, guint n); /* n-th {part} of the path, percent-decoded */
const char *request_query(Request *request, const char *name); /* or NULL */
/* Calls `visit` for each query parameter whose name and value are UTF-8 (others: as if absent), in
 * order, until it returns false; returns that. A parameter without value has "". */
typedef gboolean (*QueryVisit)(gpointer data, const char *name, const char *value);
gboolean request_each_query(Request *request, QueryVisit visit, gpointer data);
/* A whole number of the query between low and high; *value stays as it was when it is not given. */
gboolean request_number(Request *request, const char *name, gint64 low, gint64 high, gint64 *value,
                        GError **error);
const char *request_header(Request *request, const char *name); /* or NULL */
const char *request_body(Request *request, gsize *n);
/* The body of a route that takes application/octet-stream: an open nameless file in the
 * configuration's `spool`, which lives as long as the request; -1: the body is empty. */
int request_body_file(Request *request);
/* Of the client, without port: the peer, or, when that is one of `proxies`, the last address in
 * X-Forwarded-For that is not. */
const char *request_address(Request *request);
gboolean request_is_local(Request *request);                    /* from this machine, for itself */
const char *request_cookie(Request *request, const char *name); /* or NULL */

void request_add_header(Request *request, const char *name, const char *value); /* of the answer */
void respond_json(Request *request, int status, json_t *body_take);
void respond_json_as(Request *request, int status, const char *type, json_t *body_take);
void respond_error(Request *request, const GError *error);
/* The problem of `error` with more members ("accepted", "current"); takes `more`. */
void respond_problem(Request *request, const GError *error, json_t *more_take);
void respond_empty(Request *request, int status);
void respond_text(Request *request, int status, const char *type, GString *text_take);
/* `bytes` must stay unchanged while the server runs. */
void respond_static(Request *request, int status, const char *type, const void *bytes, gsize n);

/* The whole of an open file; takes and closes it. */
void respond_file(Request *request, const char *type, int fd_take);

/* A stream without end. `read` is called on a library thread: it fills at most `n` bytes and
 * returns how many; 0 = nothing now, and then the stream sleeps until stream_wake; -1 = end.
 * `sleep` is called with nothing to send, and says under the owner's own lock whether the stream
 * may sleep. */
typedef struct Stream Stream;
typedef gssize (*StreamRead)(gpointer data, Stream *stream, char *bytes, gsize n);
void respond_stream(Request *request, const char *type, StreamRead read,
                    void (*free)(gpointer data), gpointer data);
/* Inside `read`, before it returns 0: puts the stream to sleep. Hold the lock under which wakers
 * look for sleepers. */
void stream_sleep(Stream *stream);
void stream_wake(Stream *stream); /* any thread; only a stream that sleeps */

/* The JSON object in the body (ERROR_JSON, ERROR_CONTENT_TYPE); an empty body is an empty object.
 * New reference. */
json_t *request_json(Request *request, GError **error);
json_t *problem_json(const GError *error);
