#include "server/rate_limit.h"

#include <arpa/inet.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

enum { ADDRESSES_MAX = 20000 };

const Rate rate_defaults[RATES] = {
    [RATE_WEB] = {100, 400},          [RATE_DEVICE] = {5000, 10000},
    [RATE_GUEST] = {30.0 / 3600, 10}, [RATE_PHOTO] = {60.0 / 3600, 12},
    [RATE_CODE] = {600.0 / 3600, 60},
};

static const char *const class_names[RATES] = {"web", "device", "guest", "photo", "receipt"};

/* --- configuration --- */

static double span_seconds(char unit) { return unit == 's' ? 1 : unit == 'm' ? 60 : 3600; }

static gboolean parse_value(const char *text, Rate *rate) {
    char *end;
    if (strcmp(text, "off") == 0) {
        *rate = (Rate){0};
        return TRUE;
    }
    double count = g_ascii_strtod(text, &end);
    if (end == text || end[0] != '/' || end[1] == 0 || strchr("smh", end[1]) == NULL)
        return FALSE;
    rate->per_second = count / span_seconds(end[1]);
    rate->burst = MAX(count, 1);
    if (end[2] == ':') {
        const char *burst = end + 3;
        rate->burst = g_ascii_strtod(burst, &end);
        return end != burst && *end == 0 && rate->per_second > 0 && rate->burst >= 1 &&
               rate->burst < 1e9;
    }
    return end[2] == 0 && rate->per_second > 0 && rate->burst < 1e9;
}

gboolean rate_parse(const char *text, Rate rates[static RATES], GError **error) {
    const char *equals = strchr(text, '=');
    for (int i = 0; equals && i < RATES; i++)
        if (strlen(class_names[i]) == (gsize)(equals - text) &&
            strncmp(text, class_names[i], (gsize)(equals - text)) == 0 &&
            parse_value(equals + 1, &rates[i]))
            return TRUE;
    return error_set(error, ERROR_CONFIG, "rate", text,
                     "write web=100/s:400, device=5000/s:10000, guest=30/h:10, photo=60/h:12, "
                     "receipt=600/h:60 or NAME=off",
                     NULL);
}

/* --- buckets --- */

typedef struct {
    double tokens;
    gint64 at_us;
} Bucket;

struct RateLimit {
    pthread_mutex_t lock;
    Rate rates[RATES];
    GHashTable *buckets[RATES]; /* address -> Bucket; "" is shared by whom there was no room for */
};

RateLimit *rate_limit_new(const Rate rates[static RATES]) {
    RateLimit *limit = g_new0(RateLimit, 1);
    pthread_mutex_init(&limit->lock, NULL);
    for (int i = 0; i < RATES; i++) {
        limit->rates[i] = rates[i];
        limit->buckets[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    }
    return limit;
}

void rate_limit_free(RateLimit *limit) {
    if (limit == NULL)
        return;
    for (int i = 0; i < RATES; i++)
        g_hash_table_destroy(limit->buckets[i]);
    pthread_mutex_destroy(&limit->lock);
    g_free(limit);
}

static char *client_of(const char *address) {
    struct in6_addr v6;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, address, &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6))
        return g_strdup(address);
    memset(v6.s6_addr + 8, 0, 8);
    return g_strdup(inet_ntop(AF_INET6, &v6, text, sizeof text));
}

static void refill(const Rate *rate, Bucket *bucket, gint64 now_us) {
    double passed = (double)MAX(now_us - bucket->at_us, 0) / G_USEC_PER_SEC;
    bucket->tokens = MIN(rate->burst, bucket->tokens + passed * rate->per_second);
    bucket->at_us = now_us;
}

typedef struct {
    const Rate *rate;
    gint64 now_us;
} Sweep;

static gboolean is_full(gpointer key, gpointer value, gpointer data) {
    (void)key;
    const Sweep *sweep = data;
    refill(sweep->rate, value, sweep->now_us);
    return ((Bucket *)value)->tokens >= sweep->rate->burst;
}

/* A new address begins with a full bucket. */
static Bucket *bucket_of(GHashTable *buckets, const Rate *rate, const char *client, gint64 now_us) {
    Bucket *bucket = g_hash_table_lookup(buckets, client);
    Sweep sweep = {rate, now_us};
    if (bucket)
        return bucket;
    if (g_hash_table_size(buckets) >= ADDRESSES_MAX)
        g_hash_table_foreach_remove(buckets, is_full, &sweep);
    if (g_hash_table_size(buckets) >= ADDRESSES_MAX && *client)
        return bucket_of(buckets, rate, "", now_us);
    bucket = g_new0(Bucket, 1);
    *bucket = (Bucket){rate->burst, now_us};
    g_hash_table_insert(buckets, g_strdup(client), bucket);
    return bucket;
}

gboolean rate_limit_take(RateLimit *limit, RateClass class, const char *address, gint64 now_us,
                         gint64 *wait_s) {
    const Rate *rate = &limit->rates[class];
    if (rate->per_second <= 0)
        return TRUE;
    g_autofree char *client = client_of(address);
    pthread_mutex_lock(&limit->lock);
    Bucket *bucket = bucket_of(limit->buckets[class], rate, client, now_us);
    refill(rate, bucket, now_us);
    gboolean taken = bucket->tokens >= 1;
    if (taken)
        bucket->tokens -= 1;
    else
        *wait_s = MAX((gint64)ceil((1 - bucket->tokens) / rate->per_second), 1);
    pthread_mutex_unlock(&limit->lock);
    return taken;
}
