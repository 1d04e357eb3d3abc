/* What is kept of a webhook beside its record: its secret and how far it has come.
 *
 * The outbox is the journal: an entry stands in it in the same transaction as the change, and a
 * webhook is a cursor over it. So writing records costs nothing more, nothing is ever sent that was
 * not committed, and nothing is left out. The functions that write run in a job of the records
 * writer. */
#pragma once
#include "pack/pack.h"
#include "store/sql.h"
#include <jansson.h>

typedef struct {
    char *secret;             /* NULL: none made yet, so nothing is sent */
    gint64 cursor;            /* the last entry that the receiver has */
    gint64 attempts, next_ms; /* failures in a row; not before */
    gint64 sent_ms;           /* last success; 0: none */
    int status;               /* of the last answer; 0: no answer */
    char *problem;            /* of the last failure, or NULL */
} WebhookState;
void webhook_state_clear(WebhookState *state);

gboolean webhook_migrate(Sql *sql, GError **error);
/* A webhook that was never sent to starts after the entry of its own creation. */
gboolean webhook_state_load(Sql *sql, const char *id, WebhookState *state, GError **error);
/* Cursor and last attempt; not the secret. */
gboolean webhook_state_save(Sql *sql, const char *id, const WebhookState *state, GError **error);
gboolean webhook_set_secret(Sql *sql, const char *id, const char *secret, GError **error);
/* {"code", "cursor", "behind", "attempts", "status", "problem", "next_at", "sent_at", "secret":
 * bool}. */
json_t *webhook_state_json(Sql *sql, const char *id, GError **error);
/* When to try again after `attempts` failures in a row: 1 s, doubling, at most an hour. */
gint64 webhook_retry_ms(gint64 attempts);
