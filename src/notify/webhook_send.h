/* One signed POST. The receiver checks `Anlan-Signature: t=MS,v1=HEX`, where HEX is HMAC-SHA256
 * with the webhook's secret over "MS.BODY", and refuses old MS; and may know a repeated delivery by
 * `Anlan-Delivery: CODE/FIRST-LAST`.
 *
 * Only http and https, no redirects, 10 s in all, answers of more than 1 MiB are cut off. A sender
 * belongs to one thread. */
#pragma once
#include "base/error.h"

typedef struct WebhookSender WebhookSender;
/* `stop`, set from any thread, ends a POST that is under way. */
WebhookSender *webhook_sender_new(const _Atomic gboolean *stop);
void webhook_sender_free(WebhookSender *sender);

/* The value of Anlan-Signature; caller frees. */
char *webhook_signature(const char *secret, gint64 now_ms, const char *body, gsize n);
/* True for 2xx. *status: the answer's, 0 without one; *problem, when false: for people, caller
 * frees. */
gboolean webhook_post(WebhookSender *sender, const char *url, const char *secret,
                      const char *delivery, const char *body, gsize n, gint64 now_ms, int *status,
                      char **problem);
