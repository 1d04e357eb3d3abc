/* A load generator for one server on this machine: `bench_load ingest ...` sends batches of line
 * protocol, `bench_load moves ...` drives hazards through their flow. Blocking sockets with
 * keep-alive, one thread per connection, so that it costs little of the machine that it shares with
 * the server. Prints one line of JSON with CLOCK_MONOTONIC times, which bench/run.py reads.
 * Loopback only. */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int port, connections = 4, points = 440000, batch_lines = 1000, rounds = 10, hazards = 100,
                 step_ms = 1000;
static double rate; /* samples a second over all connections; 0: as fast as it goes */
static char *token, *token_enterprise, *due;

static const GOptionEntry options[] = {
    {"port", 0, 0, G_OPTION_ARG_INT, &port, "port on 127.0.0.1", "N"},
    {"connections", 0, 0, G_OPTION_ARG_INT, &connections, "connections, one thread each", "N"},
    {"token", 0, 0, G_OPTION_ARG_STRING, &token,
     "ingest: device token; moves: the county's session", "T"},
    {"points", 0, 0, G_OPTION_ARG_INT, &points, "ingest: points BENCH.000000 ...", "N"},
    {"batch", 0, 0, G_OPTION_ARG_INT, &batch_lines, "ingest: lines in a batch", "N"},
    {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "ingest: samples of each point", "N"},
    {"step-ms", 0, 0, G_OPTION_ARG_INT, &step_ms,
     "ingest: time between samples of a point; the last ones are now", "N"},
    {"rate", 0, 0, G_OPTION_ARG_DOUBLE, &rate, "ingest: samples a second; 0 = no limit", "R"},
    {"token-enterprise", 0, 0, G_OPTION_ARG_STRING, &token_enterprise,
     "moves: the enterprise's session", "T"},
    {"hazards", 0, 0, G_OPTION_ARG_INT, &hazards, "moves: hazards of each connection", "N"},
    {"due", 0, 0, G_OPTION_ARG_STRING, &due, "moves: date until when", "DATE"},
    G_OPTION_ENTRY_NULL,
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static G_GNUC_NORETURN void fail(const char *what, const char *more) {
    fprintf(stderr, "bench_load: %s: %s\n", what, more);
    exit(1);
}

static int connect_server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect", g_strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void send_all(int fd, const char *head, gsize head_n, const char *body, gsize body_n) {
    struct iovec parts[] = {{(void *)head, head_n}, {(void *)body, body_n}};
    struct iovec *at = parts;
    for (int left = 2; left > 0;) {
        ssize_t n = writev(fd, at, left);
        if (n < 0)
            fail("send", g_strerror(errno));
        for (; left > 0 && (gsize)n >= at->iov_len; at++, left--)
            n -= (ssize_t)at->iov_len;
        if (left > 0) {
            at->iov_base = (char *)at->iov_base + n;
            at->iov_len -= (gsize)n;
        }
    }
}

/* Reads one answer with Content-Length or none; the body stays in `buffer`, ended by 0. Returns the
 * status. */
static int receive(int fd, char *buffer, gsize room, char **body) {
    gsize n = 0;
    char *end = NULL;
    gsize length = 0;
    for (;;) {
        ssize_t got = recv(fd, buffer + n, room - 1 - n, 0);
        if (got <= 0)
            fail("receive", got ? g_strerror(errno) : "the server closed the connection");
        n += (gsize)got;
        buffer[n] = 0;
        if (end == NULL && (end = strstr(buffer, "\r\n\r\n")) != NULL) {
            end += 4;
            const char *header = strcasestr(buffer, "\r\nContent-Length:");
            length = header && header < end ? strtoul(header + 17, NULL, 10) : 0;
            if ((gsize)(end - buffer) + length >= room)
                fail("receive", "answer too large");
        }
        if (end && n >= (gsize)(end - buffer) + length)
            break;
    }
    *body = end;
    return atoi(buffer + strlen("HTTP/1.1 "));
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(double *sorted, gsize n, double q) {
    return n ? sorted[MIN(n - 1, (gsize)((double)n * q))] * 1000 : 0;
}

typedef struct {
    pthread_t thread;
    int number, fd;
    guint64 done, busy;
    GArray *times; /* double: seconds of each request */
    char buffer[1 << 16];
    double first_start;
} Connection;

static pthread_barrier_t start_line;

/* ---- ingest ---- */

enum {
    LINE = sizeof "BENCH.000000 value=50.0 1700000000000\n" - 1,
    VALUE_AT = sizeof "BENCH.000000 value=" - 1,
    TIME_AT = sizeof "BENCH.000000 value=50.0 " - 1
};

/* Batches are rendered once; each round only the digits of value and time are written again. */
static char *render(int first, int n) {
    char *text = g_malloc((gsize)n * LINE + 1);
    for (int i = 0; i < n; i++)
        snprintf(text + i * LINE, LINE + 1, "BENCH.%06d value=50.0 1700000000000\n", first + i);
    return text;
}

static void write_digits(char *text, int digits, gint64 value) {
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        text[i] = (char)('0' + value % 10);
}

static void set_round(char *text, int n, int first, int round, gint64 time_ms) {
    char digits[13];
    write_digits(digits, 13, time_ms);
    for (int i = 0; i < n; i++) {
        guint32 noise =
            ((guint32)(first + i) * 2654435761u ^ (guint32)round * 40503u) * 2246822519u;
        int value = 400 + (first + i) % 250 +
                    (int)(noise >> 28); /* 40.0 .. 66.4, moving by 1.5: inside the limits */
        char *line = text + i * LINE;
        write_digits(line + VALUE_AT, 2, value / 10);
        line[VALUE_AT + 3] = (char)('0' + value % 10);
        memcpy(line + TIME_AT, digits, 13);
    }
}

static void send_batch(Connection *c, const char *text, int n) {
    char head[512];
    int head_n = snprintf(head, sizeof head,
                          "POST /write?precision=ms HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                          "Token %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
                          token, n * LINE);
    for (;;) {
        double start = now();
        char *body;
        send_all(c->fd, head, (gsize)head_n, text, (gsize)n * LINE);
        int status = receive(c->fd, c->buffer, sizeof c->buffer, &body);
        double seconds = now() - start;
        if (status == 204) {
            g_array_append_val(c->times, seconds);
            c->done += (guint64)n;
            return;
        }
        if (status != 503 && status != 429)
            fail("refused", body);
        c->busy++;
        g_usleep(5000);
    }
}

static void *ingest(void *data) {
    Connection *c = data;
    int batches = (points + batch_lines - 1) / batch_lines;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (int b = c->number; b < batches; b += connections)
        g_ptr_array_add(texts, render(b * batch_lines, MIN(batch_lines, points - b * batch_lines)));
    gint64 base_ms = g_get_real_time() / 1000 - (gint64)rounds * step_ms;
    pthread_barrier_wait(&start_line);
    c->first_start = now();
    for (int round = 0; round < rounds; round++) {
        guint i = 0;
        for (int b = c->number; b < batches; b += connections, i++) {
            int first = b * batch_lines, n = MIN(batch_lines, points - first);
            gint64 time_ms =
                rate > 0 ? g_get_real_time() / 1000 : base_ms + (gint64)round * step_ms;
            set_round(texts->pdata[i], n, first, round, time_ms);
            send_batch(c, texts->pdata[i], n);
            double ahead =
                rate > 0 ? c->first_start + (double)c->done * connections / rate - now() : 0;
            if (ahead > 0)
                g_usleep((gulong)(ahead * 1e6));
        }
    }
    return NULL;
}

/* ---- moves ---- */

typedef struct {
    char id[64];
    int version;
} Hazard;

static int post_json(Connection *c, const char *session, const char *path, int version,
                     const char *json, char **body) {
    char head[512], match[40] = "";
    if (version > 0)
        snprintf(match, sizeof match, "If-Match: \"%d\"\r\n", version);
    int n = snprintf(head, sizeof head,
                     "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                     "%s\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                     path, session, match, strlen(json));
    send_all(c->fd, head, (gsize)n, json, strlen(json));
    return receive(c->fd, c->buffer, sizeof c->buffer, body);
}

static Hazard create(Connection *c, int i) {
    char json[256], *body;
    Hazard hazard = {.version = 1};
    snprintf(json, sizeof json,
             "{\"title\":\"%d-%d\",\"enterprise\":\"BENCH\",\"source\":\"selfcheck\",\"grade\":"
             "\"general\"}",
             c->number, i);
    if (post_json(c, token, "/api/records/hazard", 0, json, &body) != 201)
        fail("create", body);
    json_t *record = json_loads(body, 0, NULL);
    g_strlcpy(hazard.id, json_string_value(json_object_get(record, "id")), sizeof hazard.id);
    hazard.version = (int)json_integer_value(json_object_get(record, "version"));
    json_decref(record);
    return hazard;
}

static void move(Connection *c, Hazard *hazard, const char *session, const char *name,
                 const char *json) {
    char path[128], *body;
    double start = now();
    snprintf(path, sizeof path, "/api/records/hazard/%s/moves/%s", hazard->id, name);
    if (post_json(c, session, path, hazard->version, json, &body) != 200)
        fail(name, body);
    double seconds = now() - start;
    g_array_append_val(c->times, seconds);
    hazard->version++;
    c->done++;
}

static void *drive(void *data) {
    Connection *c = data;
    g_autofree Hazard *list = g_new0(Hazard, hazards);
    g_autofree char *assign = g_strdup_printf("{\"fields\":{\"owner\":\"w\",\"due\":\"%s\"}}", due);
    for (int i = 0; i < hazards; i++)
        list[i] = create(c, i);
    pthread_barrier_wait(&start_line);
    c->first_start = now();
    for (int i = 0; i < hazards; i++) {
        move(c, &list[i], token, "assign", assign);
        move(c, &list[i], token_enterprise, "submit", "{\"fields\":{\"rectified\":\"done\"}}");
        move(c, &list[i], token, "accept", "{\"fields\":{\"opinion\":\"good\"}}");
        move(c, &list[i], token, "close", "{}");
    }
    return NULL;
}

int main(int argc, char **argv) {
    g_autoptr(GOptionContext) context = g_option_context_new("ingest|moves");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 || port == 0 ||
        token == NULL)
        fail("usage", error ? error->message : "see --help");
    gboolean moves = g_str_equal(argv[1], "moves");
    if (moves && (due == NULL || token_enterprise == NULL))
        fail("usage", "moves needs --due and --token-enterprise");
    Connection *all = g_new0(Connection, connections);
    pthread_barrier_init(&start_line, NULL, (unsigned)connections);
    for (int i = 0; i < connections; i++) {
        all[i].number = i;
        all[i].fd = connect_server();
        all[i].times = g_array_new(FALSE, FALSE, sizeof(double));
        pthread_create(&all[i].thread, NULL, moves ? drive : ingest, &all[i]);
    }
    guint64 done = 0, busy = 0;
    double first = G_MAXDOUBLE;
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    for (int i = 0; i < connections; i++) {
        pthread_join(all[i].thread, NULL);
        close(all[i].fd);
        done += all[i].done;
        busy += all[i].busy;
        first = MIN(first, all[i].first_start);
        g_array_append_vals(times, all[i].times->data, all[i].times->len);
        g_array_unref(all[i].times);
    }
    double end = now(), *sorted = (double *)(void *)times->data;
    qsort(sorted, times->len, sizeof(double), compare_doubles);
    printf("{\"done\": %" G_GUINT64_FORMAT ", \"busy\": %" G_GUINT64_FORMAT
           ", \"start\": %.6f, \"end\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
           done, busy, first, end, quantile_ms(sorted, times->len, 0.5),
           quantile_ms(sorted, times->len, 0.99));
    g_free(all);
    return 0;
}
