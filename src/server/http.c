#include "server/http.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "server/gzip.h"
#include "server/slow_clients.h"
#include "store/file_store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PARTS_MAX = 4,
    CONNECTIONS_MAX = 15000,
    CONNECTION_MEMORY = 32 * 1024,
    WRITE_TIMEOUT_S = 60,
    STREAM_BLOCK = 16 * 1024,
    STREAM_SEND_BUFFER = 128 * 1024,
    BODY_FIRST = 64 * 1024,
    BODIES_MAX = 256 << 20, /* bytes of all bodies that are being read or wait; more: 503 */
};

struct Http {
    HttpConfig config;
    struct MHD_Daemon *daemon;
    SlowClients *slow;
    Mailbox *queue;
    pthread_t *workers;
    _Atomic guint64 requests, refused;
    _Atomic guint64 problems[ERROR_KINDS];
    _Atomic guint connections, pending; /* pending: handed to a worker and not answered yet */
    _Atomic gsize bodies;
};

typedef enum { BODY_NONE, BODY_JSON, BODY_OWNED, BODY_STATIC, BODY_FILE, BODY_STREAM } BodyKind;

struct Request {
    Http *http;
    struct MHD_Connection *connection;
    const Route *route; /* NULL: otherwise, or refused */
    char *method, *path;
    char *part[PARTS_MAX];
    char *cookie;
    char address[INET6_ADDRSTRLEN];
    gboolean local;
    GByteArray *body;
    gsize body_bytes; /* received */
    int spool;        /* the file of the body, or -1 */
    gsize spooled;
    GError *spool_error;
    gpointer worker;
    pthread_t worker_thread;
    gboolean refused; /* answered before the body was read */
    gboolean crowded; /* there was no room for the body */
    _Atomic gboolean answered;
    /* the answer */
    int status;
    BodyKind kind;
    const char *type;
    json_t *json;
    char *dumped; /* the text of json, or NULL: made when it is sent */
    gsize dumped_n;
    GString *text;
    const void *bytes;
    gsize size;
    int file; /* -1: none */
    Stream *stream;
    GPtrArray *headers; /* name, value, name, value */
};

struct Stream {
    struct MHD_Connection *connection;
    StreamRead read;
    void (*free)(gpointer);
    gpointer data;
};

/* ---- routes ---- */

static gboolean segment_matches(const char **pattern, const char **path, char **part) {
    gsize p = strcspn(*pattern, "/"), u = strcspn(*path, "/");
    gboolean braces = **pattern == '{';
    if (!braces && (p != u || memcmp(*pattern, *path, p) != 0))
        return FALSE;
    if (braces) {
        if (u == 0)
            return FALSE;
        *part = g_strndup(*path, u);
    }
    *pattern += p;
    *path += u;
    return TRUE;
}

static void parts_clear(char *parts[PARTS_MAX]) {
    for (int i = 0; i < PARTS_MAX; i++)
        g_clear_pointer(&parts[i], g_free);
}

static gboolean route_matches(const Route *route, const char *path, char *parts[PARTS_MAX]) {
    const char *pattern = route->path;
    int n = 0;
    while (*pattern && *path) {
        if (*pattern == '/' && *path == '/') {
            pattern++, path++;
            continue;
        }
        gboolean braces = *pattern == '{';
        if (*pattern == '/' || *path == '/' || !segment_matches(&pattern, &path, &parts[n]))
            break;
        n += braces;
    }
    if (*pattern == 0 && *path == 0)
        return TRUE;
    parts_clear(parts);
    return FALSE;
}

/* Finds the route, or says which methods the path would take. */
static const Route *route_find(Request *request, GString *allowed) {
    for (const Route *route = request->http->config.routes; route->method; route++) {
        if (!route_matches(route, request->path, request->part))
            continue;
        if (g_str_equal(route->method, request->method) ||
            (g_str_equal(request->method, "HEAD") && g_str_equal(route->method, "GET")))
            return route;
        parts_clear(request->part);
        g_string_append_printf(allowed, "%s%s", allowed->len ? ", " : "", route->method);
    }
    return NULL;
}

/* ---- the answer ---- */

static void answer(Request *request, int status, BodyKind kind, const char *type) {
    gboolean before = atomic_exchange(&request->answered, TRUE);
    g_assert(!before);
    request->status = status;
    request->kind = kind;
    request->type = type;
    if (request->refused)
        return;
    Http *http = request->http;
    MHD_resume_connection(request->connection); /* the request may be gone from here on */
    atomic_fetch_sub(&http->pending, 1);
}

/* What is longer than a packet or so goes packed to who takes it so. */
static void pack_dumped(Request *request) {
    enum { WORTH_IT = 1400, QUICK = 3 };
    request->dumped_n = strlen(request->dumped);
    if (request->dumped_n < WORTH_IT || !gzip_accepted(request_header(request, "Accept-Encoding")))
        return;
    gsize n;
    char *gzip = gzip_bytes(request->dumped, request->dumped_n, QUICK, &n);
    if (gzip == NULL)
        return;
    free(request->dumped);
    request->dumped = gzip;
    request->dumped_n = n;
    request_add_header(request, "Content-Encoding", "gzip");
    request_add_header(request, "Vary", "Accept-Encoding");
}

/* Long lists come from workers and become text there, so that they hold up no library thread; the
 * writers' answers are short and their threads dear. */
void respond_json_as(Request *request, int status, const char *type, json_t *body_take) {
    g_assert(body_take != NULL);
    request->json = body_take;
    if (request->worker && pthread_equal(request->worker_thread, pthread_self())) {
        request->dumped = json_text(body_take, JSON_COMPACT);
        pack_dumped(request);
    }
    answer(request, status, BODY_JSON, type);
}

void respond_json(Request *request, int status, json_t *body_take) {
    respond_json_as(request, status,
                    status >= 400 ? "application/problem+json" : "application/json", body_take);
}

void respond_empty(Request *request, int status) { answer(request, status, BODY_NONE, NULL); }

void respond_text(Request *request, int status, const char *type, GString *text_take) {
    request->text = text_take;
    answer(request, status, BODY_OWNED, type);
}

void respond_static(Request *request, int status, const char *type, const void *bytes, gsize n) {
    request->bytes = bytes;
    request->size = n;
    answer(request, status, BODY_STATIC, type);
}

void respond_file(Request *request, const char *type, int fd_take) {
    struct stat about;
    request->file = fd_take;
    request->size = fstat(fd_take, &about) == 0 ? (gsize)about.st_size : 0;
    answer(request, 200, BODY_FILE, type);
}

static void set_text_take(json_t *object, const char *name, char *text_take) {
    json_object_set_new(object, name, json_string(text_take));
    g_free(text_take);
}

json_t *problem_json(const GError *error) {
    json_t *body = json_object();
    g_autofree char *type = g_strconcat("https://anlan.dev/errors/", error_id(error), NULL);
    json_object_set_new(body, "type", json_string(type));
    json_object_set_new(body, "id", json_string(error_id(error)));
    json_object_set_new(body, "status", json_integer(error_status(error)));
    set_text_take(body, "title", error_detail(error, LANG_ZH));
    set_text_take(body, "detail", error_detail(error, LANG_ZH));
    set_text_take(body, "detail_en", error_detail(error, LANG_EN));
    if (error_field(error))
        json_object_set_new(body, "field", json_string(error_field(error)));
    set_text_take(body, "hint", error_hint(error, LANG_ZH));
    set_text_take(body, "hint_en", error_hint(error, LANG_EN));
    return body;
}

/* The remedy of what is locked or too frequent names the seconds to wait. */
static void add_retry(Request *request, const GError *error) {
    g_autofree char *hint = error_hint(error, LANG_EN);
    const char *digits = error_status(error) == 429 ? strpbrk(hint, "0123456789") : NULL;
    g_autofree char *seconds = g_strndup(digits, digits ? strspn(digits, "0123456789") : 0);
    request_add_header(request, "Retry-After", digits ? seconds : "2");
}

void respond_problem(Request *request, const GError *error, json_t *more_take) {
    int status = error_status(error);
    json_t *body = problem_json(error);
    atomic_fetch_add(&request->http->problems[error_kind(error)], 1);
    if (more_take) {
        json_object_update(body, more_take);
        json_decref(more_take);
    }
    if (status == 429 || status == 503)
        add_retry(request, error);
    if (status >= 500 && error_kind(error) != ERROR_BUSY) /* that is counted: a flood of requests
                                                             must not become one of log lines */
        log_error("server", error, request->path);
    respond_json(request, status, body);
}

void respond_error(Request *request, const GError *error) { respond_problem(request, error, NULL); }

static gssize stream_read(void *cls, uint64_t position, char *bytes, size_t n) {
    (void)position;
    Stream *stream = cls;
    gssize got = stream->read(stream->data, stream, bytes, n);
    return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : got;
}

static void stream_free(void *cls) {
    Stream *stream = cls;
    stream->free(stream->data);
    g_free(stream);
}

void respond_stream(Request *request, const char *type, StreamRead read,
                    void (*free)(gpointer data), gpointer data) {
    request->stream = g_new(Stream, 1);
    *request->stream = (Stream){request->connection, read, free, data};
    answer(request, 200, BODY_STREAM, type);
}

void stream_sleep(Stream *stream) { MHD_suspend_connection(stream->connection); }

void stream_wake(Stream *stream) { MHD_resume_connection(stream->connection); }

static int connection_fd(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static struct MHD_Response *response_of(Request *request) {
    switch (request->kind) {
    case BODY_JSON: {
        gboolean dumped = request->dumped != NULL;
        char *text =
            dumped ? g_steal_pointer(&request->dumped) : json_text(request->json, JSON_COMPACT);
        g_assert(text != NULL);
        return MHD_create_response_from_buffer(dumped ? request->dumped_n : strlen(text), text,
                                               MHD_RESPMEM_MUST_FREE);
    }
    case BODY_OWNED:
        return MHD_create_response_from_buffer(request->text->len, request->text->str,
                                               MHD_RESPMEM_MUST_COPY);
    case BODY_STATIC:
        return MHD_create_response_from_buffer(request->size, (void *)request->bytes,
                                               MHD_RESPMEM_PERSISTENT);
    case BODY_FILE: {
        int fd = request->file;
        request->file = -1; /* the library closes it */
        return MHD_create_response_from_fd64(request->size, fd);
    }
    case BODY_STREAM: {
        int bytes = STREAM_SEND_BUFFER;
        setsockopt(connection_fd(request->connection), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        Stream *stream = g_steal_pointer(&request->stream);
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
                                                 stream, stream_free);
    }
    case BODY_NONE:
        break;
    }
    return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result queue_answer(Request *request) {
    struct MHD_Response *response = response_of(request);
    if (request->type)
        MHD_add_response_header(response, "Content-Type", request->type);
    if (request->kind == BODY_JSON) /* what one user may see is nobody else's, also later */
        MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (guint i = 0; i + 1 < request->headers->len; i += 2)
        MHD_add_response_header(response, request->headers->pdata[i],
                                request->headers->pdata[i + 1]);
    enum MHD_Result result =
        MHD_queue_response(request->connection, (unsigned)request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- reading a request ---- */

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

typedef struct {
    int length, encoding, host;
} Framing;

static enum MHD_Result count_framing(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value) {
    (void)kind;
    (void)value;
    Framing *framing = cls;
    framing->length += g_ascii_strcasecmp(name, "Content-Length") == 0;
    framing->encoding += g_ascii_strcasecmp(name, "Transfer-Encoding") == 0;
    framing->host += g_ascii_strcasecmp(name, "Host") == 0;
    return MHD_YES;
}

static gboolean framing_is_clear(Request *request, GError **error) {
    Framing framing = {0};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_framing, &framing);
    const char *encoding = header(request->connection, "Transfer-Encoding");
    if (framing.length > 1 || framing.encoding > 1 || framing.host > 1 ||
        (framing.length && framing.encoding))
        return error_set(error, ERROR_REQUEST, NULL, "ambiguous framing",
                         "send one Host and one of Content-Length or Transfer-Encoding", NULL);
    if (encoding && g_ascii_strcasecmp(encoding, "chunked") != 0)
        return error_set(error, ERROR_REQUEST, NULL, "unknown Transfer-Encoding",
                         "use chunked or Content-Length", NULL);
    return TRUE;
}

static gsize body_max(const Request *request) {
    return request->route ? request->route->body_max : 0;
}

static gboolean body_fits(Request *request, GError **error) {
    const char *length = header(request->connection, "Content-Length");
    guint64 bytes = length ? g_ascii_strtoull(length, NULL, 10) : 0;
    if (bytes <= body_max(request))
        return TRUE;
    g_autofree char *limit = g_strdup_printf("%" G_GSIZE_FORMAT, body_max(request));
    return error_set(error, ERROR_BODY_TOO_LARGE, NULL, limit, NULL);
}

static gboolean find_handler(Request *request, GError **error) {
    g_autoptr(GString) allowed = g_string_new(NULL);
    request->route = route_find(request, allowed);
    if (request->route)
        return TRUE;
    if (allowed->len)
        return error_set(error, ERROR_METHOD, NULL, request->method, allowed->str, NULL);
    gboolean read = g_str_equal(request->method, "GET") || g_str_equal(request->method, "HEAD");
    return (read && request->http->config.otherwise) ||
           error_set(error, ERROR_ROUTE, NULL, request->path, NULL);
}

static void peer_address(struct MHD_Connection *connection, char out[static INET6_ADDRSTRLEN]) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    out[0] = 0;
    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out, INET6_ADDRSTRLEN);
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, out,
                  INET6_ADDRSTRLEN);
}

static enum MHD_Result keep_last(void *cls, enum MHD_ValueKind kind, const char *name,
                                 const char *value) {
    (void)kind;
    if (g_ascii_strcasecmp(name, "X-Forwarded-For") == 0)
        *(const char **)cls = value;
    return MHD_YES;
}

static gboolean is_loopback(const char *address) {
    return g_str_has_prefix(address, "127.") || g_str_equal(address, "::1");
}

static gboolean is_proxy(const HttpConfig *config, const char *address) {
    return config->proxies && g_strv_contains(config->proxies, address);
}

/* A trusted proxy says for whom it asks, or five wrong passwords of one client would lock out all.
 * Each appends what it saw, so the list is believed from its end as long as proxies wrote it. */
static void forwarded_address(const HttpConfig *config, struct MHD_Connection *connection,
                              char address[static INET6_ADDRSTRLEN]) {
    const char *list = NULL;
    guint8 bytes[sizeof(struct in6_addr)];
    if (!is_proxy(config, address))
        return;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_last, &list);
    g_auto(GStrv) hops = g_strsplit(list ? list : "", ",", -1);
    for (guint i = g_strv_length(hops); i > 0 && is_proxy(config, address); i--) {
        const char *hop = g_strstrip(hops[i - 1]);
        if (inet_pton(AF_INET, hop, bytes) != 1 && inet_pton(AF_INET6, hop, bytes) != 1)
            return;
        g_strlcpy(address, hop, INET6_ADDRSTRLEN);
    }
}

static Request *request_new(Http *http, struct MHD_Connection *connection, const char *url,
                            const char *method) {
    Request *request = g_new0(Request, 1);
    request->http = http;
    request->connection = connection;
    request->file = request->spool = -1;
    request->method = g_strdup(method);
    request->path = g_strdup(url);
    request->headers = g_ptr_array_new_with_free_func(g_free);
    peer_address(connection, request->address);
    request->local = is_loopback(request->address) && header(connection, "X-Forwarded-For") == NULL;
    forwarded_address(&http->config, connection, request->address);
    atomic_fetch_add(&http->requests, 1);
    return request;
}

static void request_free(Request *request) {
    parts_clear(request->part);
    g_free(request->method);
    g_free(request->path);
    g_free(request->cookie);
    atomic_fetch_sub(&request->http->bodies,
                     request->spooled + (request->body ? request->body->len : 0));
    if (request->spool >= 0)
        close(request->spool);
    g_clear_error(&request->spool_error);
    free(request->dumped);
    if (request->body)
        g_byte_array_unref(request->body);
    json_decref(request->json);
    if (request->text)
        g_string_free(request->text, TRUE);
    if (request->file >= 0)
        close(request->file);
    if (request->stream)
        stream_free(request->stream);
    g_ptr_array_unref(request->headers);
    g_free(request);
}

static gboolean let_in(Request *request, GError **error) {
    const HttpConfig *config = &request->http->config;
    return config->admit == NULL || request->route == NULL ||
           config->admit(request, request->route, error);
}

static enum MHD_Result admit(Request *request) {
    g_autoptr(GError) error = NULL;
    if (!g_utf8_validate(request->path, -1, NULL))
        error_set(&error, ERROR_REQUEST, NULL, "the path is not UTF-8", "percent-encode UTF-8",
                  NULL);
    if (!error && framing_is_clear(request, &error) && find_handler(request, &error) &&
        body_fits(request, &error) && let_in(request, &error))
        return MHD_YES;
    atomic_fetch_add(&request->http->refused, 1);
    request->refused = TRUE;
    request_add_header(request, "Connection", "close");
    respond_error(request, error);
    return queue_answer(request);
}

static gboolean is_spooled(const Request *request) {
    return request->route && request->route->body &&
           g_str_equal(request->route->body, "application/octet-stream");
}

/* Into the page cache, so the library's thread does not wait for the disk. What fails is told when
 * the body has been read. */
static void spool(Request *request, const char *bytes, gsize n) {
    GError **error = &request->spool_error;
    request->spooled += n;
    if (request->spool < 0 && *error == NULL)
        request->spool = file_store_temporary(request->http->config.spool, error);
    while (n > 0 && *error == NULL) {
        ssize_t written = write(request->spool, bytes, n);
        if (written > 0) {
            bytes += written;
            n -= (gsize)written;
        } else if (errno != EINTR) {
            error_set(error, errno == ENOSPC ? ERROR_DISK_FULL : ERROR_FILE, NULL, "spool",
                      g_strerror(errno), NULL);
        }
    }
}

static enum MHD_Result take_body(Request *request, const char *bytes, gsize n) {
    if (request->refused)
        return MHD_YES;
    request->body_bytes += n;
    if (request->body_bytes > body_max(request))
        return MHD_NO; /* chunked and over the limit: nothing but closing is possible now */
    if (request->crowded)
        return MHD_YES;
    if (atomic_fetch_add(&request->http->bodies, n) + n > BODIES_MAX) {
        atomic_fetch_sub(&request->http->bodies, n);
        request->crowded = TRUE; /* read to its end and thrown away: only then can 503 be said */
        return MHD_YES;
    }
    if (is_spooled(request)) {
        spool(request, bytes, n);
        return MHD_YES;
    }
    if (request->body == NULL)
        request->body = g_byte_array_sized_new(BODY_FIRST);
    g_byte_array_append(request->body, (const guint8 *)bytes, (guint)n);
    return MHD_YES;
}

static void hand_to_worker(Request *request) {
    MHD_suspend_connection(request->connection);
    atomic_fetch_add(&request->http->pending, 1);
    if (request->spool_error) {
        respond_error(request, request->spool_error);
        return;
    }
    if (!request->crowded && mailbox_offer(request->http->queue, request))
        return;
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_BUSY, NULL,
              request->crowded ? "too many large bodies at once" : "all workers are busy", NULL);
    atomic_fetch_add(&request->http->refused, 1);
    respond_error(request, error);
}

static SlowClient *slow_client(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state) {
    (void)version;
    Request *request = *state;
    if (request == NULL) {
        *state = request = request_new(cls, connection, url, method);
        slow_client_body_begins(slow_client(connection));
        return admit(request);
    }
    if (*upload_size > 0) {
        slow_client_body(slow_client(connection), *upload_size);
        enum MHD_Result result = take_body(request, upload, *upload_size);
        *upload_size = 0;
        return result;
    }
    slow_client_answering(slow_client(connection));
    if (atomic_load(&request->answered))
        return request->refused ? MHD_YES : queue_answer(request);
    hand_to_worker(request);
    return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code) {
    (void)cls;
    (void)code;
    if (*state)
        request_free(*state);
    *state = NULL;
    slow_client_idle(slow_client(connection));
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    Http *http = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = slow_clients_add(http->slow, connection_fd(connection));
        atomic_fetch_add(&http->connections, 1);
    } else {
        slow_clients_remove(http->slow, *socket_context);
        *socket_context = NULL;
        atomic_fetch_sub(&http->connections, 1);
    }
}

/* Percent-decoding is MHD's, but for text with %00, which would end it: that stays as it is and so
 * names nothing. */
static size_t unescape(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

/* ---- workers and life ---- */

typedef struct {
    Http *http;
    gpointer worker;
} WorkerStart;

static void *worker_thread(void *data) {
    WorkerStart *start = data;
    Http *http = start->http;
    gpointer item;
    while (mailbox_take(http->queue, &item, 1, -1) == 1) {
        Request *request = item;
        Handler handler = request->route ? request->route->handler : http->config.otherwise;
        request->worker = start->worker;
        request->worker_thread = pthread_self();
        handler(request); /* the request may be gone when this returns */
    }
    http->config.worker_free(start->worker);
    g_free(start);
    return NULL;
}

static gboolean start_workers(Http *http, GError **error) {
    http->queue = mailbox_new(http->config.queue);
    http->workers = g_new0(pthread_t, http->config.workers);
    for (guint i = 0; i < http->config.workers; i++) {
        gpointer worker = http->config.worker_new(http->config.context, error);
        if (worker == NULL) {
            http->config.workers = i;
            return FALSE;
        }
        WorkerStart *start = g_new(WorkerStart, 1);
        *start = (WorkerStart){http, worker};
        int code = pthread_create(&http->workers[i], NULL, worker_thread, start);
        g_assert(code == 0);
    }
    return TRUE;
}

static gboolean listen_address(const HttpConfig *config, struct sockaddr_storage *out,
                               GError **error) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, config->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((guint16)config->port);
        return TRUE;
    }
    if (inet_pton(AF_INET6, config->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((guint16)config->port);
        return TRUE;
    }
    return error_set(error, ERROR_CONFIG, "host", "not a numeric address",
                     "use 127.0.0.1, 0.0.0.0, ::1 or ::", NULL);
}

/* MHD_OPTION_LISTENING_ADDRESS_REUSE is left alone: by default a restart may take its port again
 * (SO_REUSEADDR); with it two servers would share one (SO_REUSEPORT). */
static gboolean start_daemon(Http *http, GError **error) {
    struct sockaddr_storage address;
    if (!listen_address(&http->config, &address, error))
        return FALSE;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)WRITE_TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u, MHD_OPTION_END);
    if (http->daemon)
        return TRUE;
    g_autofree char *place =
        g_strdup_printf("%s port %u: %s", http->config.host, http->config.port, g_strerror(errno));
    return error_set(error, ERROR_CONFIG, "port", place,
                     "is another server using it? choose one with --port", NULL);
}

Http *http_start(const HttpConfig *config, GError **error) {
    Http *http = g_new0(Http, 1);
    http->config = *config;
    http->slow = slow_clients_new();
    if (!start_workers(http, error) || !start_daemon(http, error)) {
        http_stop(http);
        return NULL;
    }
    return http;
}

guint http_port(const Http *http) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info->port;
}

/* Requests that wait are answered first, by the workers or by the writers; streams are ended by
 * their owner before. */
void http_stop(Http *http) {
    if (http == NULL)
        return;
    int listening = http->daemon ? MHD_quiesce_daemon(http->daemon) : -1;
    mailbox_close(http->queue);
    for (guint i = 0; i < http->config.workers; i++)
        pthread_join(http->workers[i], NULL);
    while (atomic_load(&http->pending) > 0)
        g_usleep(1000);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    if (listening >= 0)
        close(listening);
    slow_clients_free(http->slow);
    mailbox_free(http->queue);
    g_free(http->workers);
    g_free(http);
}

HttpCounts http_counts(Request *request) {
    Http *http = request->http;
    return (HttpCounts){.requests = atomic_load(&http->requests),
                        .refused = atomic_load(&http->refused),
                        .connections = atomic_load(&http->connections),
                        .queued = mailbox_length(http->queue),
                        .queue_max = http->config.queue,
                        .problems = http->problems};
}

/* ---- what handlers ask ---- */

gpointer request_context(Request *request) { return request->http->config.context; }
gpointer request_worker(Request *request) { return request->worker; }
const char *request_method(Request *request) { return request->method; }
const char *request_path(Request *request) { return request->path; }
const char *request_address(Request *request) { return request->address; }
gboolean request_is_local(Request *request) { return request->local; }
const char *request_header(Request *request, const char *name) {
    return header(request->connection, name);
}

const char *request_part(Request *request, guint n) {
    g_assert(n < PARTS_MAX);
    return request->part[n];
}

const char *request_query(Request *request, const char *name) {
    const char *value =
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    return value && g_utf8_validate(value, -1, NULL) ? value : NULL;
}

typedef struct {
    QueryVisit visit;
    gpointer data;
    gboolean going;
} QueryWalk;

static enum MHD_Result visit_query(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value) {
    (void)kind;
    QueryWalk *walk = cls;
    if (g_utf8_validate(name, -1, NULL) && (value == NULL || g_utf8_validate(value, -1, NULL)))
        walk->going = walk->visit(walk->data, name, value ? value : "");
    return walk->going ? MHD_YES : MHD_NO;
}

gboolean request_each_query(Request *request, QueryVisit visit, gpointer data) {
    QueryWalk walk = {visit, data, TRUE};
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, visit_query, &walk);
    return walk.going;
}

gboolean request_number(Request *request, const char *name, gint64 low, gint64 high, gint64 *value,
                        GError **error) {
    const char *text = request_query(request, name);
    if (text == NULL || g_ascii_string_to_signed(text, 10, low, high, value, NULL))
        return TRUE;
    g_autofree char *range = g_strdup_printf("%" G_GINT64_FORMAT "..%" G_GINT64_FORMAT, low, high);
    return error_set(error, ERROR_FIELD_RANGE, name, range, NULL);
}

const char *request_cookie(Request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
}

const char *request_body(Request *request, gsize *n) {
    *n = request->body ? request->body->len : 0;
    return request->body ? (const char *)request->body->data : "";
}

int request_body_file(Request *request) { return request->spool; }

void request_add_header(Request *request, const char *name, const char *value) {
    g_ptr_array_add(request->headers, g_strdup(name));
    g_ptr_array_add(request->headers, g_strdup(value));
}

json_t *request_json(Request *request, GError **error) {
    gsize n;
    const char *body = request_body(request, &n);
    const char *type = request_header(request, "Content-Type");
    if (!type || g_ascii_strncasecmp(type, "application/json", strlen("application/json")) != 0) {
        error_set(error, ERROR_CONTENT_TYPE, NULL, "application/json", NULL);
        return NULL;
    }
    if (n == 0)
        return json_object();
    json_error_t where;
    json_t *value = json_loadb(body, n, JSON_REJECT_DUPLICATES, &where);
    if (json_is_object(value))
        return value;
    g_autofree char *line = g_strdup_printf("%d", value ? 1 : where.line);
    error_set(error, ERROR_JSON, NULL, value ? "an object is expected" : where.text, line, NULL);
    json_decref(value);
    return NULL;
}
