/* What is kept of a webhook beside its record: how far it has come. (Its secret is a sealed field.)
 *
 * The outbox is the journal: an entry stands in it in the same transaction as the change, and a
 * webhook is a cursor over it. So writing records costs nothing more, nothing is ever sent that was
 * not committed, and nothing is left out. The functions that write run in a job of the records
 * writer. */
#pragma once
#include "record/record.h"

typedef struct {
    gint64 cursor;            /* the last entry that the receiver has */
    gint64 attempts, next_ms; /* failures in a row; not before */
    gint64 sent_ms;           /* last success; 0: none */
    int status;               /* of the last answer; 0: no answer */
    char *problem;            /* of the last failure, or NULL */
} WebhookState;
void webhook_state_clear(WebhookState *state);

/* Secrets of older databases, which stood in the clear here, become sealed fields of the records.
 */
gboolean webhook_migrate(Sql *sql, const Packs *packs, gint64 now_ms, GError **error);
/* A webhook that was never sent to starts after the entry of its own creation. */
gboolean webhook_state_load(Sql *sql, const char *id, WebhookState *state, GError **error);
gboolean webhook_state_save(Sql *sql, const char *id, const WebhookState *state, GError **error);
/* Gives the record this secret, in the actor's name, and ends the waiting after failures. */
gboolean webhook_set_secret(Sql *sql, const Packs *packs, const Actor *actor, const char *id,
                            const char *secret, gint64 now_ms, GError **error);
/* {"code", "cursor", "behind", "attempts", "status", "problem", "next_at", "sent_at", "secret":
 * bool}. */
json_t *webhook_state_json(Sql *sql, json_t *record, GError **error);
/* How many journal entries the slowest of those in use has not sent; 0 when there are none. */
gboolean webhooks_behind(Sql *sql, gint64 *entries, GError **error);
/* When to try again after `attempts` failures in a row: 1 s, doubling, at most an hour. */
gint64 webhook_retry_ms(gint64 attempts);
