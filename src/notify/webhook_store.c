#include "notify/webhook_store.h"
#include "base/clock.h"
#include "record/journal.h"

void webhook_state_clear(WebhookState *state) {
    g_free(state->secret);
    g_free(state->problem);
    *state = (WebhookState){0};
}

gboolean webhook_migrate(Sql *sql, GError **error) {
    return sql_define(
        sql,
        "CREATE TABLE IF NOT EXISTS webhook_state (id {text} PRIMARY KEY, secret {text}, "
        "cursor {int} NOT NULL, attempts {int} NOT NULL DEFAULT 0, next_ms {int} NOT "
        "NULL DEFAULT 0, sent_ms {int} NOT NULL DEFAULT 0, status {int} NOT NULL "
        "DEFAULT 0, problem {text})",
        error);
}

/* 0 when there is no such record. */
static gboolean created_at(Sql *sql, const char *id, gint64 *seq, GError **error) {
    return sql_get_int(sql, error, seq, 0,
                       "SELECT MIN(seq) FROM journal WHERE type = 'webhook' AND id = ?", "t", id);
}

gboolean webhook_state_load(Sql *sql, const char *id, WebhookState *state, GError **error) {
    *state = (WebhookState){0};
    SqlStatement *st =
        sql_query(sql, error,
                  "SELECT secret, cursor, attempts, next_ms, sent_ms, status, problem "
                  "FROM webhook_state WHERE id = ?",
                  "t", id);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_DONE)
        return created_at(sql, id, &state->cursor, error);
    if (step == SQL_FAILED)
        return FALSE;
    *state = (WebhookState){g_strdup(sql_text(st, 0)),
                            sql_int(st, 1),
                            sql_int(st, 2),
                            sql_int(st, 3),
                            sql_int(st, 4),
                            (int)sql_int(st, 5),
                            g_strdup(sql_text(st, 6))};
    sql_reset(st);
    return TRUE;
}

gboolean webhook_state_save(Sql *sql, const char *id, const WebhookState *state, GError **error) {
    return sql_run(sql, error,
                   "UPDATE webhook_state SET cursor = ?, attempts = ?, next_ms = ?, sent_ms = ?, "
                   "status = ?, problem = ? WHERE id = ?",
                   "iiiiitt", state->cursor, state->attempts, state->next_ms, state->sent_ms,
                   (gint64)state->status, state->problem, id);
}

gboolean webhook_set_secret(Sql *sql, const char *id, const char *secret, GError **error) {
    gint64 cursor;
    return created_at(sql, id, &cursor, error) &&
           sql_run(
               sql, error,
               "INSERT INTO webhook_state (id, secret, cursor) VALUES (?, ?, ?) ON CONFLICT (id) "
               "DO UPDATE SET secret = excluded.secret, attempts = 0, next_ms = 0",
               "tti", id, secret, cursor);
}

static void set_time(json_t *json, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    if (ms)
        json_object_set_new(json, name, json_string(time_format(ms, text)));
}

json_t *webhook_state_json(Sql *sql, const char *id, GError **error) {
    WebhookState state;
    gint64 last = journal_last(sql, error);
    if (last < 0 || !webhook_state_load(sql, id, &state, error))
        return NULL;
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:i, s:s*, s:b}", "code", id, "cursor",
                             (json_int_t)state.cursor, "behind", (json_int_t)(last - state.cursor),
                             "attempts", (json_int_t)state.attempts, "status", state.status,
                             "problem", state.problem, "secret", state.secret != NULL);
    set_time(json, "next_at", state.attempts ? state.next_ms : 0);
    set_time(json, "sent_at", state.sent_ms);
    webhook_state_clear(&state);
    return json;
}

gint64 webhook_retry_ms(gint64 attempts) {
    enum { FIRST_MS = 1000, MOST_MS = 3600 * 1000, DOUBLINGS = 12 };
    return MIN((gint64)FIRST_MS << CLAMP(attempts - 1, 0, DOUBLINGS), MOST_MS);
}
