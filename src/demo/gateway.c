#include "demo/gateway.h"
#include "base/log.h"

#include <string.h>

enum { BUFFER_MAX = 2 << 20, LOST_AT_ONCE = 64 << 10, POST_MAX = 512 << 10, WAIT_MAX_MS = 30000 };

struct Gateway {
    char *name, *authorization;
    GString *lines;
    guint64 lost;
    gint64 not_before_ms;
    int wait_ms; /* of the next failure */
    gboolean failing;
};

Gateway *gateway_new(const char *name, const char *token) {
    Gateway *gateway = g_new0(Gateway, 1);
    gateway->name = g_strdup(name);
    gateway->authorization = g_strconcat("Token ", token, NULL);
    gateway->lines = g_string_new(NULL);
    return gateway;
}

void gateway_free(Gateway *gateway) {
    g_free(gateway->name);
    g_free(gateway->authorization);
    g_string_free(gateway->lines, TRUE);
    g_free(gateway);
}

gsize gateway_waiting(const Gateway *gateway) { return gateway->lines->len; }
guint64 gateway_lost(const Gateway *gateway) { return gateway->lost; }

/* The end of the last whole line within n bytes. */
static gsize whole_lines(const GString *lines, gsize n) {
    const char *end = memrchr(lines->str, '\n', MIN(n, lines->len));
    return end ? (gsize)(end - lines->str) + 1 : 0;
}

static void lose_oldest(Gateway *gateway) {
    gsize n = whole_lines(gateway->lines, LOST_AT_ONCE);
    for (gsize i = 0; i < n; i++)
        gateway->lost += gateway->lines->str[i] == '\n';
    g_string_erase(gateway->lines, 0, (gssize)n);
}

void gateway_add(Gateway *gateway, const char *point, Reading reading, gint64 time_ms) {
    if (gateway->lines->len > BUFFER_MAX)
        lose_oldest(gateway);
    g_string_append_printf(gateway->lines, "%s value=%.*f%s %" G_GINT64_FORMAT "\n", point,
                           reading.decimals, reading.value,
                           reading.quality == 2 ? ",quality=2" : "", time_ms);
}

static void put_off(Gateway *gateway, int status, int retry_after_s, gint64 now_ms) {
    gateway->wait_ms = CLAMP(gateway->wait_ms * 2, 1000, WAIT_MAX_MS);
    gateway->not_before_ms =
        now_ms + (retry_after_s > 0 ? MIN(retry_after_s * 1000, WAIT_MAX_MS) : gateway->wait_ms);
    if (!gateway->failing && status != 429 && status != 503)
        log_warning("demo", "%s: the server answers %d; keeping the readings", gateway->name,
                    status);
    gateway->failing = TRUE;
}

static gboolean refused_for_good(int status) {
    return status == 400 || status == 413 || status == 422;
}

gboolean gateway_send(Gateway *gateway, DemoHttp *http, gint64 now_ms) {
    while (gateway->lines->len > 0 && now_ms >= gateway->not_before_ms) {
        DemoRequest request = {.method = "POST",
                               .path = "/write?db=demo&precision=ms",
                               .authorization = gateway->authorization,
                               .content_type = "text/plain; charset=utf-8",
                               .body = gateway->lines->str,
                               .n = whole_lines(gateway->lines, POST_MAX)};
        int status = demo_http_send(http, &request);
        gboolean sent = status >= 200 && status < 300;
        if (!sent && !refused_for_good(status)) {
            put_off(gateway, status, demo_http_retry_after_s(http), now_ms);
            return FALSE;
        }
        if (!sent)
            log_warning("demo", "%s: refused: %.300s", gateway->name, demo_http_body(http));
        g_string_erase(gateway->lines, 0, (gssize)request.n);
        gateway->wait_ms = 0, gateway->failing = FALSE;
    }
    return gateway->lines->len == 0;
}
