#include "notify/webhook_send.h"
#include "base/hash.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdatomic.h>
#include <string.h>

enum { TIMEOUT_S = 10, CONNECT_S = 5, ANSWER_MAX = 1 << 20 };

struct WebhookSender {
    CURL *curl;
    const _Atomic gboolean *stop;
    gsize answered;
};

static size_t drop_answer(char *bytes, size_t size, size_t n, void *data) {
    (void)bytes;
    WebhookSender *sender = data;
    sender->answered += size * n;
    return sender->answered <= ANSWER_MAX ? size * n : 0;
}

static int look_for_stop(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(((WebhookSender *)data)->stop) ? 1 : 0;
}

WebhookSender *webhook_sender_new(const _Atomic gboolean *stop) {
    WebhookSender *sender = g_new0(WebhookSender, 1);
    sender->curl = curl_easy_init();
    g_assert(sender->curl != NULL);
    sender->stop = stop;
    return sender;
}

void webhook_sender_free(WebhookSender *sender) {
    curl_easy_cleanup(sender->curl);
    g_free(sender);
}

char *webhook_signature(const char *secret, gint64 now_ms, const char *body, gsize n) {
    guint8 mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%" G_GINT64_FORMAT ".", now_ms);
    g_string_append_len(text, body, (gssize)n);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const guint8 *)text->str, text->len, mac,
         &length);
    g_assert(length == HASH_BYTES);
    char hex[HASH_HEX];
    return g_strdup_printf("t=%" G_GINT64_FORMAT ",v1=%s", now_ms,
                           hex_encode(mac, HASH_BYTES, hex));
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value) {
    g_autofree char *line = g_strconcat(name, ": ", value, NULL);
    return curl_slist_append(list, line);
}

static struct curl_slist *headers_of(const char *signature, const char *delivery) {
    struct curl_slist *list = add_header(NULL, "Content-Type", "application/json");
    list = add_header(list, "Anlan-Signature", signature);
    list = add_header(list, "Anlan-Delivery", delivery);
    return curl_slist_append(list, "Expect:");
}

static void prepare(WebhookSender *sender, const char *url, struct curl_slist *headers,
                    const char *body, gsize n) {
    CURL *curl = sender->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "anlan/" ANLAN_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sender);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, sender);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

gboolean webhook_post(WebhookSender *sender, const char *url, const char *secret,
                      const char *delivery, const char *body, gsize n, gint64 now_ms, int *status,
                      char **problem) {
    g_autofree char *signature = webhook_signature(secret, now_ms, body, n);
    struct curl_slist *headers = headers_of(signature, delivery);
    long code = 0;
    sender->answered = 0;
    prepare(sender, url, headers, body, n);
    CURLcode result = curl_easy_perform(sender->curl);
    if (result == CURLE_OK)
        curl_easy_getinfo(sender->curl, CURLINFO_RESPONSE_CODE, &code);
    curl_slist_free_all(headers);
    *status = (int)code;
    gboolean good = result == CURLE_OK && code >= 200 && code < 300;
    if (!good)
        *problem = result == CURLE_OK ? g_strdup_printf("HTTP %ld", code)
                                      : g_strdup(curl_easy_strerror(result));
    return good;
}
