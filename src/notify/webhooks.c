#include "notify/webhooks.h"
#include "base/bell.h"
#include "base/json_text.h"
#include "base/log.h"
#include "notify/webhook_send.h"
#include "notify/webhook_store.h"
#include "record/journal.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 500, BATCH = 100, SKIP_SAVED = 1000 };

struct Webhooks {
    const Packs *packs;
    const SealKey *key; /* opens the secrets */
    Writer *records;
    Sql *sql;
    Clock *clock;
    WebhookSender *sender;
    GHashTable *passed; /* id -> gint64: looked at and not for it, beyond the saved cursor */
    pthread_t thread;
    Bell bell;
    _Atomic gboolean stop; /* also looked at while a POST is under way */
};

/* ---- what one webhook is to be told ---- */

typedef struct {
    const char *id, *url;
    GStrv types; /* empty: all */
    Actor actor;
} Webhook;

static const char *member(json_t *record, const char *name) {
    return json_string_value(json_object_get(record, name));
}

static Webhook webhook_of(const Packs *packs, json_t *record) {
    const char *types = member(record, "types"), *role = member(record, "role");
    Webhook webhook = {
        member(record, "id"), member(record, "url"), g_strsplit(types ? types : "", ",", -1), {0}};
    webhook.actor = (Actor){ACTOR_PERSON,
                            webhook.id,
                            webhook.id,
                            role ? packs_role(packs, role) : NULL,
                            member(record, "region"),
                            member(record, "enterprise"),
                            member(record, "sectors"),
                            ""};
    return webhook;
}

static gboolean wants(const Webhook *webhook, json_t *entry) {
    return *webhook->types == NULL ||
           g_strv_contains((const char *const *)webhook->types, member(entry, "type"));
}

static json_t *event_of(Webhooks *w, const Webhook *webhook, json_t *entry) {
    json_t *event = json_copy(entry);
    json_object_del(event, "region");
    json_object_del(event, "enterprise");
    json_object_del(event, "sector");
    json_t *record = record_get(w->sql, w->packs, &webhook->actor, member(entry, "type"),
                                member(entry, "id"), NULL);
    if (record)
        json_object_set_new(event, "record", record);
    return event;
}

/* The next entries for it, and *last, up to which it then has everything. */
static json_t *events_after(Webhooks *w, const Webhook *webhook, gint64 cursor, gint64 *last,
                            GError **error) {
    json_t *entries =
        journal_after(w->sql, w->packs, &webhook->actor, NULL, cursor, BATCH, last, error);
    if (entries == NULL)
        return NULL;
    json_t *events = json_array(), *entry;
    size_t i;
    json_array_foreach(entries, i, entry) if (wants(webhook, entry))
        json_array_append_new(events, event_of(w, webhook, entry));
    json_decref(entries);
    return events;
}

/* ---- state ---- */

typedef struct {
    const char *id;
    const WebhookState *state;
} Save;

static gboolean save_job(Sql *sql, gpointer data, GError **error) {
    Save *save = data;
    return webhook_state_save(sql, save->id, save->state, error);
}

static gboolean save_state(Webhooks *w, const char *id, const WebhookState *state) {
    g_autoptr(GError) error = NULL;
    Save save = {id, state};
    g_hash_table_remove(w->passed, id);
    if (writer_run(w->records, save_job, &save, &error))
        return TRUE;
    log_error("webhook", error, id);
    return FALSE;
}

static gint64 standing_at(Webhooks *w, const char *id, gint64 cursor) {
    const gint64 *passed = g_hash_table_lookup(w->passed, id);
    return passed ? MAX(*passed, cursor) : cursor;
}

/* Entries that are not for it are passed over in memory, and saved now and then. */
static void pass_over(Webhooks *w, const char *id, WebhookState *state, gint64 last) {
    if (last - state->cursor >= SKIP_SAVED) {
        state->cursor = last;
        save_state(w, id, state);
        return;
    }
    g_hash_table_replace(w->passed, g_strdup(id), g_memdup2(&last, sizeof last));
}

/* ---- sending ---- */

static gboolean post(Webhooks *w, const Webhook *webhook, json_t *events, WebhookState *state) {
    json_t *body = json_pack("{s:s, s:O}", "webhook", webhook->id, "events", events);
    char *text = json_text(body, JSON_COMPACT);
    json_t *first = json_array_get(events, 0),
           *final = json_array_get(events, json_array_size(events) - 1);
    g_autofree char *delivery =
        g_strdup_printf("%s/%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, webhook->id,
                        (gint64)json_integer_value(json_object_get(first, "seq")),
                        (gint64)json_integer_value(json_object_get(final, "seq")));
    g_clear_pointer(&state->problem, g_free);
    state->status = 0;
    g_autoptr(GError) error = NULL;
    char *secret = seal_text_of(w->sql, w->packs, w->key, "webhook", webhook->id, "secret", &error);
    gboolean good =
        secret && webhook_post(w->sender, webhook->url, secret, delivery, text, strlen(text),
                               clock_now(w->clock), &state->status, &state->problem);
    if (secret == NULL)
        state->problem = g_strdup(error ? error_id(error) : "no secret");
    else
        sodium_memzero(secret, strlen(secret));
    g_free(secret);
    free(text);
    json_decref(body);
    return good;
}

/* TRUE when something arrived, so that there may be more. */
static gboolean deliver(Webhooks *w, const Webhook *webhook, json_t *events, gint64 last,
                        WebhookState *state) {
    gboolean good = post(w, webhook, events, state);
    gint64 now_ms = clock_now(w->clock);
    if (atomic_load(&w->stop) && !good)
        return FALSE; /* cut off by us: no failure of theirs */
    if (good) {
        state->cursor = last;
        state->attempts = 0;
        state->sent_ms = now_ms;
    } else {
        state->attempts++;
        state->next_ms = now_ms + webhook_retry_ms(state->attempts);
        log_warning("webhook", "%s: %s, try %d", webhook->id, state->problem, (int)state->attempts);
    }
    return save_state(w, webhook->id, state) && good;
}

static gboolean serve_from(Webhooks *w, const Webhook *webhook, WebhookState *state) {
    g_autoptr(GError) error = NULL;
    gint64 from = standing_at(w, webhook->id, state->cursor), last;
    json_t *events = events_after(w, webhook, from, &last, &error);
    gboolean more = FALSE;
    if (events == NULL)
        log_error("webhook", error, webhook->id);
    else if (json_array_size(events) > 0)
        more = deliver(w, webhook, events, last, state);
    else if (last > from)
        pass_over(w, webhook->id, state, last);
    json_decref(events);
    return more;
}

static gboolean serve_one(Webhooks *w, json_t *record) {
    WebhookState state;
    Webhook webhook = webhook_of(w->packs, record);
    gboolean more = FALSE;
    if (webhook.actor.role && webhook_state_load(w->sql, webhook.id, &state, NULL)) {
        gboolean due = state.attempts == 0 || state.next_ms <= clock_now(w->clock);
        more = json_object_get(record, "secret") && due && serve_from(w, &webhook, &state);
        webhook_state_clear(&state);
    }
    g_strfreev(webhook.types);
    return more;
}

static gboolean serve_all(Webhooks *w) {
    g_autoptr(GError) error = NULL;
    RecordQuery query = {.limit = 500, .sort = "id"};
    json_t *page = record_list(w->sql, w->packs, &actor_system, "webhook", &query,
                               clock_now(w->clock), &error);
    json_t *items = json_object_get(page, "items"), *record;
    gboolean more = FALSE;
    size_t i;
    if (page == NULL)
        log_error("webhook", error, "list");
    json_array_foreach(items, i, record) if (!json_is_true(json_object_get(record, "disabled")) &&
                                             !atomic_load(&w->stop)) more |= serve_one(w, record);
    json_decref(page);
    return more;
}

/* ---- life ---- */

static void *webhooks_thread(void *data) {
    Webhooks *w = data;
    while (!atomic_load(&w->stop))
        if (!serve_all(w))
            bell_wait(&w->bell, LOOK_MS);
    return NULL;
}

Webhooks *webhooks_start(const Packs *packs, Writer *records, const char *records_uri,
                         const SealKey *key, Clock *clock, GError **error) {
    Sql *sql = sql_open(records_uri, SQL_READ, error);
    if (sql == NULL)
        return NULL;
    Webhooks *w = g_new0(Webhooks, 1);
    w->packs = packs;
    w->key = key;
    w->records = records;
    w->sql = sql;
    w->clock = clock;
    w->passed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    w->sender = webhook_sender_new(&w->stop);
    bell_init(&w->bell);
    atomic_store(&w->stop, packs_type(packs, "webhook") == NULL); /* packs without: nothing to do */
    int code = pthread_create(&w->thread, NULL, webhooks_thread, w);
    g_assert(code == 0);
    return w;
}

void webhooks_stop(Webhooks *w) {
    if (w == NULL)
        return;
    atomic_store(&w->stop, TRUE);
    bell_stop(&w->bell);
    pthread_join(w->thread, NULL);
    webhook_sender_free(w->sender);
    g_hash_table_destroy(w->passed);
    bell_clear(&w->bell);
    sql_close(w->sql);
    g_free(w);
}
