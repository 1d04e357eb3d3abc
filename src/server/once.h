/* What is asked twice is done once: the header Idempotency-Key.
 *
 * A client that has no answer asks again with the same key, and is given the answer of the first
 * time; nothing is done again. The answer is kept in the transaction of what was done, so there is
 * no moment at which one is durable without the other; what was refused is not kept. It is kept
 * for a time (House.once_ms, 24 h), per user, sealed with the key itself: the database holds hashes
 * of keys and cannot read the answers, which may hold a receipt. The functions with an Sql run in a
 * job of the records writer. */
#pragma once
#include "server/http.h"
#include "store/sql.h"

typedef struct Once Once;

gboolean once_migrate(Sql *sql, GError **error);
/* FALSE with ERROR_REQUEST when the key is not 16 … 200 visible ASCII characters; *once NULL
 * without error: no key was sent. `who`: login, "" for guests. What is asked is the request's
 * method, address and body; `body`: what stands for a body that request_body does not give, or
 * NULL. */
gboolean once_read(Request *request, const char *who, const char *body, Once **once,
                   GError **error);
void once_free(Once *once); /* may be NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Once, once_free)
/* *answer: that of the first time, or NULL: it is the first. ERROR_ONCE: the key was used for
 * something else. All do nothing with `once` NULL. */
gboolean once_find(Sql *sql, const Once *once, gint64 keep_ms, gint64 now_ms, json_t **answer,
                   GError **error);
gboolean once_keep(Sql *sql, const Once *once, json_t *answer, gint64 now_ms, GError **error);
/* Forgets what is older than keep_ms. */
gboolean once_sweep(Sql *sql, gint64 keep_ms, gint64 now_ms, GError **error);
/* Marks an answer that was given before. */
void once_say(Request *request);
