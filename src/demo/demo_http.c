#include "demo/demo_http.h"

#include <curl/curl.h>
#include <string.h>

enum { CONNECT_MS = 2000, TOTAL_MS = 15000, ANSWER_MAX = 1 << 20 };

struct DemoHttp {
    CURL *curl;
    char *base_url;
    GString *body;
    int retry_after_s;
};

static size_t take(char *bytes, size_t size, size_t n, void *data) {
    GString *body = data;
    if (body->len + size * n > ANSWER_MAX)
        return 0; /* ends the transfer */
    g_string_append_len(body, bytes, (gssize)(size * n));
    return size * n;
}

DemoHttp *demo_http_new(const char *base_url) {
    DemoHttp *http = g_new0(DemoHttp, 1);
    http->base_url = g_strdup(base_url);
    http->body = g_string_new(NULL);
    http->curl = curl_easy_init();
    g_assert(http->curl != NULL);
    return http;
}

void demo_http_free(DemoHttp *http) {
    curl_easy_cleanup(http->curl);
    g_string_free(http->body, TRUE);
    g_free(http->base_url);
    g_free(http);
}

static struct curl_slist *header_add(struct curl_slist *list, const char *name, const char *value) {
    if (!value)
        return list;
    g_autofree char *line = g_strdup_printf("%s: %s", name, value);
    return curl_slist_append(list, line);
}

static void options_set(DemoHttp *http, const char *url, struct curl_slist *headers,
                        const DemoRequest *request) {
    CURL *curl = http->curl;
    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, http->body);
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

int demo_http_send(DemoHttp *http, const DemoRequest *request) {
    g_autofree char *url = g_strconcat(http->base_url, request->path, NULL);
    struct curl_slist *headers = header_add(NULL, "Authorization", request->authorization);
    headers = header_add(headers, "If-Match", request->if_match);
    headers = header_add(headers, "Content-Type", request->content_type);
    headers = curl_slist_append(headers, "Expect:");
    g_string_truncate(http->body, 0);
    options_set(http, url, headers, request);
    long status = 0;
    curl_off_t retry_after = 0;
    if (curl_easy_perform(http->curl) == CURLE_OK) {
        curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &retry_after);
    }
    http->retry_after_s = (int)CLAMP(retry_after, 0, 3600);
    curl_slist_free_all(headers);
    return (int)status;
}

const char *demo_http_body(const DemoHttp *http) { return http->body->str; }
int demo_http_retry_after_s(const DemoHttp *http) { return http->retry_after_s; }
