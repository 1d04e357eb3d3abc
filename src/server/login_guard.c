#include "server/login_guard.h"

#include <pthread.h>

enum { REMEMBERED_MAX = 20000 };

typedef struct {
    guint failures;
    gint64 until_ms; /* forget, or unlock, then */
} Attempt;

struct LoginGuard {
    pthread_mutex_t lock;
    GHashTable *attempts; /* "l:login" or "a:address" */
    guint checking;
};

LoginGuard *login_guard_new(void) {
    LoginGuard *guard = g_new0(LoginGuard, 1);
    pthread_mutex_init(&guard->lock, NULL);
    guard->attempts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return guard;
}

void login_guard_free(LoginGuard *guard) {
    g_hash_table_destroy(guard->attempts);
    g_free(guard);
}

static gint64 locked_ms(LoginGuard *guard, const char *key, gint64 now_ms) {
    const Attempt *attempt = g_hash_table_lookup(guard->attempts, key);
    return attempt && attempt->failures >= LOGIN_FAILURES ? MAX(attempt->until_ms - now_ms, 0) : 0;
}

gboolean login_guard_enter(LoginGuard *guard, const char *login, const char *address, gint64 now_ms,
                           GError **error) {
    g_autofree char *by_login = g_strconcat("l:", login, NULL),
                    *by_address = g_strconcat("a:", address, NULL);
    pthread_mutex_lock(&guard->lock);
    gint64 locked = MAX(locked_ms(guard, by_login, now_ms), locked_ms(guard, by_address, now_ms));
    gboolean busy = guard->checking >= LOGIN_CHECKS;
    if (!locked && !busy)
        guard->checking++;
    pthread_mutex_unlock(&guard->lock);
    if (locked) {
        g_autofree char *seconds = g_strdup_printf("%d", (int)(locked / 1000 + 1));
        return error_set(error, ERROR_LOCKED, NULL, seconds, NULL);
    }
    return !busy || error_set(error, ERROR_BUSY, NULL, "too many log-ins at once", NULL);
}

static gboolean is_old(gpointer key, gpointer value, gpointer now) {
    (void)key;
    return ((Attempt *)value)->until_ms < *(gint64 *)now;
}

static void note_failure(LoginGuard *guard, const char *key, gint64 now_ms) {
    if (g_hash_table_size(guard->attempts) >= REMEMBERED_MAX)
        g_hash_table_foreach_remove(guard->attempts, is_old, &now_ms);
    Attempt *attempt = g_hash_table_lookup(guard->attempts, key);
    if (attempt == NULL) {
        if (g_hash_table_size(guard->attempts) >= REMEMBERED_MAX)
            return;
        attempt = g_new0(Attempt, 1);
        g_hash_table_insert(guard->attempts, g_strdup(key), attempt);
    }
    if (attempt->until_ms < now_ms)
        attempt->failures = 0;
    attempt->failures++;
    attempt->until_ms = now_ms + LOGIN_LOCK_S * 1000;
}

void login_guard_leave(LoginGuard *guard, const char *login, const char *address, gboolean good,
                       gint64 now_ms) {
    g_autofree char *by_login = g_strconcat("l:", login, NULL),
                    *by_address = g_strconcat("a:", address, NULL);
    pthread_mutex_lock(&guard->lock);
    guard->checking--;
    if (good) {
        g_hash_table_remove(guard->attempts, by_login);
    } else {
        note_failure(guard, by_login, now_ms);
        note_failure(guard, by_address, now_ms);
    }
    pthread_mutex_unlock(&guard->lock);
}
