#include "notify/webhook_store.h"
#include "base/clock.h"
#include "record/journal.h"

void webhook_state_clear(WebhookState *state) {
    g_free(state->problem);
    *state = (WebhookState){0};
}

static GPtrArray *clear_secrets(Sql *sql, GError **error) {
    return sql_texts(sql, error, 2, "SELECT id, secret FROM webhook_state WHERE secret IS NOT NULL",
                     "");
}

/* The column `secret` is that of databases from before secrets were fields; it stays empty. */
gboolean webhook_migrate(Sql *sql, const Packs *packs, gint64 now_ms, GError **error) {
    if (!sql_define(
            sql,
            "CREATE TABLE IF NOT EXISTS webhook_state (id {text} PRIMARY KEY, secret {text}, "
            "cursor {int} NOT NULL, attempts {int} NOT NULL DEFAULT 0, next_ms {int} NOT "
            "NULL DEFAULT 0, sent_ms {int} NOT NULL DEFAULT 0, status {int} NOT NULL "
            "DEFAULT 0, problem {text})",
            error))
        return FALSE;
    g_autoptr(GPtrArray) texts = clear_secrets(sql, error);
    for (guint i = 0; texts && i < texts->len; i += 2)
        if (!webhook_set_secret(sql, packs, &actor_system, texts->pdata[i], texts->pdata[i + 1],
                                now_ms, error))
            return FALSE;
    return texts && sql_run(sql, error, "UPDATE webhook_state SET secret = NULL", "");
}

/* 0 when there is no such record. */
static gboolean created_at(Sql *sql, const char *id, gint64 *seq, GError **error) {
    return sql_get_int(sql, error, seq, 0,
                       "SELECT MIN(seq) FROM journal WHERE type = 'webhook' AND id = ?", "t", id);
}

gboolean webhook_state_load(Sql *sql, const char *id, WebhookState *state, GError **error) {
    *state = (WebhookState){0};
    SqlStatement *st = sql_query(sql, error,
                                 "SELECT cursor, attempts, next_ms, sent_ms, status, problem "
                                 "FROM webhook_state WHERE id = ?",
                                 "t", id);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_DONE)
        return created_at(sql, id, &state->cursor, error);
    if (step == SQL_FAILED)
        return FALSE;
    *state = (WebhookState){sql_int(st, 0), sql_int(st, 1),      sql_int(st, 2),
                            sql_int(st, 3), (int)sql_int(st, 4), g_strdup(sql_text(st, 5))};
    sql_reset(st);
    return TRUE;
}

gboolean webhook_state_save(Sql *sql, const char *id, const WebhookState *state, GError **error) {
    return sql_run(
        sql, error,
        "INSERT INTO webhook_state (cursor, attempts, next_ms, sent_ms, status, problem, "
        "id) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET cursor = "
        "excluded.cursor, attempts = excluded.attempts, next_ms = excluded.next_ms, "
        "sent_ms = excluded.sent_ms, status = excluded.status, problem = "
        "excluded.problem",
        "iiiiitt", state->cursor, state->attempts, state->next_ms, state->sent_ms,
        (gint64)state->status, state->problem, id);
}

gboolean webhook_set_secret(Sql *sql, const Packs *packs, const Actor *actor, const char *id,
                            const char *secret, gint64 now_ms, GError **error) {
    json_t *fields = json_pack("{s:s}", "secret", secret);
    json_t *record = record_edit(sql, packs, actor, "webhook", id, 0, fields, now_ms, error);
    gboolean done = record != NULL;
    json_decref(fields);
    json_decref(record);
    return done &&
           sql_run(sql, error, "UPDATE webhook_state SET attempts = 0, next_ms = 0 WHERE id = ?",
                   "t", id);
}

static void set_time(json_t *json, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    if (ms)
        json_object_set_new(json, name, json_string(time_format(ms, text)));
}

json_t *webhook_state_json(Sql *sql, json_t *record, GError **error) {
    const char *id = json_string_value(json_object_get(record, "id"));
    WebhookState state;
    gint64 last = journal_last(sql, error);
    if (last < 0 || !webhook_state_load(sql, id, &state, error))
        return NULL;
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:i, s:s*, s:b}", "code", id, "cursor",
                  (json_int_t)state.cursor, "behind", (json_int_t)(last - state.cursor), "attempts",
                  (json_int_t)state.attempts, "status", state.status, "problem", state.problem,
                  "secret", json_object_get(record, "secret") != NULL);
    set_time(json, "next_at", state.attempts ? state.next_ms : 0);
    set_time(json, "sent_at", state.sent_ms);
    webhook_state_clear(&state);
    return json;
}

gboolean webhooks_behind(Sql *sql, gint64 *entries, GError **error) {
    return sql_get_int(sql, error, entries, 0,
                       "SELECT (SELECT MAX(seq) FROM journal) - MIN(s.cursor) FROM webhook_state s "
                       "JOIN r_webhook w ON w._id = s.id WHERE coalesce(w.disabled, 0) = 0",
                       "");
}

gint64 webhook_retry_ms(gint64 attempts) {
    enum { FIRST_MS = 1000, MOST_MS = 3600 * 1000, DOUBLINGS = 12 };
    return MIN((gint64)FIRST_MS << CLAMP(attempts - 1, 0, DOUBLINGS), MOST_MS);
}
