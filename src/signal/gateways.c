#include "signal/gateways.h"

#include "base/error.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Gateway gateway;
    gboolean changed; /* since it was saved */
} Entry;

/* A day that is over and not yet written. */
typedef struct {
    char *device;
    GatewayDay day;
} Past;

struct Gateways {
    pthread_mutex_t lock;
    GHashTable *entries; /* device -> Entry */
    GArray *past;        /* Past */
    guint written;       /* of them, by the save that is on its way */
    GatewayDay down;     /* `heard`: slots of its day in which the server did not listen */
    gint64 listening_ms; /* since */
};

static const char server[] = ""; /* the gateway whose slots say when the server did not listen */

static void past_clear(gpointer data) { g_free(((Past *)data)->device); }

gboolean gateways_migrate(Sql *samples, GError **error) {
    return sql_exec(samples,
                    "CREATE TABLE IF NOT EXISTS gateway (device TEXT PRIMARY KEY, saved_ms BIGINT "
                    "NOT NULL, state TEXT NOT NULL);"
                    "CREATE TABLE IF NOT EXISTS gateway_day (day BIGINT NOT NULL, device TEXT NOT "
                    "NULL, state TEXT NOT NULL, PRIMARY KEY (day, device))",
                    error);
}

/* ---- days ---- */

static void past_add(Gateways *gateways, const char *device, const GatewayDay *day) {
    Past past = {g_strdup(device), *day};
    g_array_append_val(gateways->past, past);
}

/* Marks the slots that [from, to) covers, wholly or in part. */
static void mark_down(Gateways *gateways, gint64 from_ms, gint64 to_ms) {
    for (gint64 ms = from_ms; ms < to_ms;
         ms += GATEWAY_SLOT_MS - (ms - day_start(day_of(ms))) % GATEWAY_SLOT_MS) {
        gint64 day = day_of(ms);
        if (day != gateways->down.day) {
            past_add(gateways, server, &gateways->down);
            gateways->down = (GatewayDay){.day = day, .since_ms = day_start(day)};
        }
        gateway_slot_set(&gateways->down.heard, (guint)((ms - day_start(day)) / GATEWAY_SLOT_MS));
    }
}

static void roll_down(Gateways *gateways, gint64 now_ms) {
    if (day_of(now_ms) <= gateways->down.day)
        return;
    past_add(gateways, server, &gateways->down);
    gateways->down = (GatewayDay){.day = day_of(now_ms), .since_ms = day_start(day_of(now_ms))};
}

static void roll(Gateways *gateways, const char *device, Entry *entry, gint64 now_ms) {
    GatewayDay past;
    if (gateway_roll(&entry->gateway, now_ms, &past)) {
        past_add(gateways, device, &past);
        entry->changed = TRUE;
    }
}

static void roll_all(Gateways *gateways, gint64 now_ms) {
    GHashTableIter iter;
    gpointer device, entry;
    roll_down(gateways, now_ms);
    g_hash_table_iter_init(&iter, gateways->entries);
    while (g_hash_table_iter_next(&iter, &device, &entry))
        roll(gateways, device, entry, now_ms);
}

/* ---- start ---- */

static Entry *entry_new(Gateways *gateways, const char *device, gint64 now_ms) {
    Entry *entry = g_new0(Entry, 1);
    gateway_init(&entry->gateway, now_ms, gateways->listening_ms);
    g_hash_table_insert(gateways->entries, g_strdup(device), entry);
    return entry;
}

static void take_saved(Gateways *gateways, const char *device, const char *text, gint64 saved_ms,
                       gint64 now_ms) {
    json_t *state = json_loads(text, 0, NULL);
    if (strcmp(device, server) == 0) {
        gateway_day_read(&gateways->down, state);
    } else if (g_hash_table_size(gateways->entries) < GATEWAYS_MAX) {
        Entry *entry = entry_new(gateways, device, now_ms);
        gateway_read(&entry->gateway, state);
        gateway_resume(&entry->gateway, saved_ms, now_ms);
    }
    json_decref(state);
}

static gboolean load(Gateways *gateways, Sql *samples, gint64 now_ms, GError **error) {
    gint64 saved_ms = 0;
    SqlStatement *st = sql_query(samples, error,
                                 "SELECT device, saved_ms, state FROM gateway ORDER BY device", "");
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        saved_ms = MAX(saved_ms, sql_int(st, 1)); /* that of the server comes first */
        take_saved(gateways, sql_text(st, 0), sql_text(st, 2), saved_ms, now_ms);
    }
    if (step == SQL_DONE) { /* a server that never ran did not miss anything */
        gint64 oldest_ms = day_start(day_of(now_ms) - GATEWAY_DAYS);
        if (saved_ms > 0)
            mark_down(gateways, MAX(saved_ms, oldest_ms), now_ms);
        else
            mark_down(gateways, day_start(day_of(now_ms)), now_ms);
        roll_all(gateways, now_ms);
    }
    return step == SQL_DONE;
}

Gateways *gateways_new(Sql *samples, gint64 now_ms, GError **error) {
    Gateways *gateways = g_new0(Gateways, 1);
    pthread_mutex_init(&gateways->lock, NULL);
    gateways->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    gateways->past = g_array_new(FALSE, FALSE, sizeof(Past));
    g_array_set_clear_func(gateways->past, past_clear);
    gateways->listening_ms = now_ms;
    gateways->down = (GatewayDay){.day = day_of(now_ms), .since_ms = day_start(day_of(now_ms))};
    if (load(gateways, samples, now_ms, error))
        return gateways;
    gateways_free(gateways);
    return NULL;
}

void gateways_free(Gateways *gateways) {
    if (gateways == NULL)
        return;
    g_hash_table_unref(gateways->entries);
    g_array_unref(gateways->past);
    pthread_mutex_destroy(&gateways->lock);
    g_free(gateways);
}

/* ---- the doors and the pages ---- */

gboolean gateways_is_backlog(Gateways *gateways, const char *device, gint64 received_ms,
                             gint64 newest_ms) {
    static const Gateway unknown;
    pthread_mutex_lock(&gateways->lock);
    const Entry *entry = g_hash_table_lookup(gateways->entries, device);
    gboolean old = gateway_is_backlog(entry ? &entry->gateway : &unknown, received_ms, newest_ms);
    pthread_mutex_unlock(&gateways->lock);
    return old;
}

void gateways_heard(Gateways *gateways, const char *device, gint64 received_ms, gint64 newest_ms,
                    guint samples, guint refused) {
    GatewayDay past;
    pthread_mutex_lock(&gateways->lock);
    Entry *entry = g_hash_table_lookup(gateways->entries, device);
    if (entry == NULL && g_hash_table_size(gateways->entries) < GATEWAYS_MAX)
        entry = entry_new(gateways, device, received_ms);
    if (entry) {
        if (gateway_heard(&entry->gateway, received_ms, newest_ms, samples, refused, &past))
            past_add(gateways, device, &past);
        entry->changed = TRUE;
    }
    pthread_mutex_unlock(&gateways->lock);
}

gboolean gateways_find(Gateways *gateways, const char *device, gint64 now_ms, Gateway *gateway) {
    pthread_mutex_lock(&gateways->lock);
    Entry *entry = g_hash_table_lookup(gateways->entries, device);
    if (entry) {
        roll(gateways, device, entry, now_ms);
        *gateway = entry->gateway;
    }
    pthread_mutex_unlock(&gateways->lock);
    return entry != NULL;
}

GatewaySlots gateways_down(Gateways *gateways, gint64 now_ms) {
    pthread_mutex_lock(&gateways->lock);
    roll_down(gateways, now_ms);
    GatewaySlots down = gateways->down.heard;
    pthread_mutex_unlock(&gateways->lock);
    return down;
}

guint gateways_count(Gateways *gateways) {
    pthread_mutex_lock(&gateways->lock);
    guint n = g_hash_table_size(gateways->entries);
    pthread_mutex_unlock(&gateways->lock);
    return n;
}

/* ---- saving ---- */

/* What a save writes, taken under the lock and written without it. */
typedef struct {
    char *device, *state;
    gint64 day; /* -1: what is known now */
} Saved;

static void saved_clear(gpointer data) {
    Saved *saved = data;
    g_free(saved->device);
    free(saved->state);
}

static void saved_add(GArray *rows, const char *device, gint64 day, json_t *state_take) {
    Saved saved = {g_strdup(device), json_dumps(state_take, JSON_COMPACT), day};
    json_decref(state_take);
    g_array_append_val(rows, saved);
}

static GArray *collect(Gateways *gateways, gint64 now_ms) {
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(Saved));
    g_array_set_clear_func(rows, saved_clear);
    GHashTableIter iter;
    gpointer device, value;
    pthread_mutex_lock(&gateways->lock);
    roll_all(gateways, now_ms);
    for (guint i = 0; i < gateways->past->len; i++) {
        const Past *past = &g_array_index(gateways->past, Past, i);
        saved_add(rows, past->device, past->day.day, gateway_day_write(&past->day));
    }
    gateways->written = gateways->past->len;
    saved_add(rows, server, -1, gateway_day_write(&gateways->down));
    g_hash_table_iter_init(&iter, gateways->entries);
    while (g_hash_table_iter_next(&iter, &device, &value)) {
        Entry *entry = value;
        if (entry->changed)
            saved_add(rows, device, -1, gateway_write(&entry->gateway));
        entry->changed = FALSE;
    }
    pthread_mutex_unlock(&gateways->lock);
    return rows;
}

static gboolean write_row(Sql *samples, const Saved *saved, gint64 now_ms, GError **error) {
    if (saved->day < 0)
        return sql_run(samples, error,
                       "INSERT INTO gateway (device, saved_ms, state) VALUES (?, ?, ?) ON CONFLICT "
                       "(device) DO UPDATE SET saved_ms = excluded.saved_ms, state = "
                       "excluded.state",
                       "tit", saved->device, now_ms, saved->state);
    return sql_run(
        samples, error,
        "INSERT INTO gateway_day (day, device, state) VALUES (?, ?, ?) ON CONFLICT (day, "
        "device) DO UPDATE SET state = excluded.state",
        "itt", saved->day, saved->device, saved->state);
}

gboolean gateways_save(Gateways *gateways, Sql *samples, gint64 now_ms, GError **error) {
    g_autoptr(GArray) rows = collect(gateways, now_ms);
    gboolean good = TRUE;
    for (guint i = 0; good && i < rows->len; i++)
        good = write_row(samples, &g_array_index(rows, Saved, i), now_ms, error);
    return good && sql_run(samples, error, "DELETE FROM gateway_day WHERE day < ?", "i",
                           day_of(now_ms) - GATEWAY_DAYS);
}

static void change_all(Gateways *gateways) {
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, gateways->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((Entry *)value)->changed = TRUE;
}

void gateways_saved(Gateways *gateways, gboolean good) {
    pthread_mutex_lock(&gateways->lock);
    if (good)
        g_array_remove_range(gateways->past, 0, gateways->written);
    else
        change_all(gateways);
    gateways->written = 0;
    pthread_mutex_unlock(&gateways->lock);
}

/* ---- days that are over ---- */

gboolean gateway_day_load(Sql *samples, const char *device, gint64 day, GatewayDay *out,
                          GError **error) {
    SqlStatement *st =
        sql_query(samples, error, "SELECT state FROM gateway_day WHERE day = ? AND device = ?",
                  "it", day, device);
    if (st == NULL || sql_step(st, error) != SQL_ROW)
        return FALSE;
    json_t *state = json_loads(sql_text(st, 0), 0, NULL);
    sql_reset(st);
    gateway_day_read(out, state);
    json_decref(state);
    return TRUE;
}

gboolean gateway_down_load(Sql *samples, gint64 day, GatewaySlots *out, GError **error) {
    g_autoptr(GError) failure = NULL;
    GatewayDay down;
    memset(out, 0, sizeof *out);
    if (gateway_day_load(samples, server, day, &down, &failure))
        *out = down.heard;
    if (failure == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}
