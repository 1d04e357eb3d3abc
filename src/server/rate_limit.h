/* How often one client may ask: a token bucket per address and class of door. An IPv6 client counts
 * by its /64. Memory is bounded: when the table of a class is full, addresses whose bucket is full
 * again are forgotten, and if there is none, new ones share a bucket. Any thread. */
#pragma once
#include "base/error.h"

typedef enum { RATE_WEB, RATE_DEVICE, RATE_GUEST, RATE_PHOTO, RATE_CODE, RATES } RateClass;
typedef struct {
    double per_second; /* 0: no limit */
    double burst;
} Rate;

/* Defaults (project choice): people, programs and maps 100 a second after a burst of 400; devices
 * 5,000 after 10,000; reports of
 * guests 30 an hour after 10, their photos 60 after 12, looks at receipts 600 after 60, so that
 * codes are not to be guessed. */
extern const Rate rate_defaults[RATES];
/* "web=100/s:400", "guest=30/h:10", "device=off": changes one of the rates. ERROR_CONFIG. */
gboolean rate_parse(const char *text, Rate rates[static RATES], GError **error);

typedef struct RateLimit RateLimit;
RateLimit *rate_limit_new(const Rate rates[static RATES]);
void rate_limit_free(RateLimit *limit);
/* FALSE: not now; *wait_s, at least 1, until there is a token again. `now_us` only grows. */
gboolean rate_limit_take(RateLimit *limit, RateClass class, const char *address, gint64 now_us,
                         gint64 *wait_s);
