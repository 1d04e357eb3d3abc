#include "server/basic_cache.h"
#include "base/hash.h"
#include "server/session.h"

#include <pthread.h>
#include <string.h>

enum { KNOWN_MAX = 10000, WAIT_MS = 50, WAITS = 20 };

struct BasicCache {
    pthread_mutex_t lock;
    GHashTable *known; /* digest -> gint64: believed until */
    char secret[44];
};

void basic_read(const char *header, char **login, char **password) {
    static const char basic[] = "Basic ";
    if (header == NULL || g_ascii_strncasecmp(header, basic, strlen(basic)) != 0)
        return;
    gsize n;
    g_autofree guchar *bytes = g_base64_decode(header + strlen(basic), &n);
    g_autofree char *text = g_strndup((const char *)bytes, n);
    char *colon = strchr(text, ':');
    if (colon == NULL || strlen(text) != n || !g_utf8_validate(text, -1, NULL))
        return;
    *login = g_strndup(text, (gsize)(colon - text));
    *password = g_strdup(colon + 1);
}

BasicCache *basic_cache_new(void) {
    BasicCache *cache = g_new0(BasicCache, 1);
    pthread_mutex_init(&cache->lock, NULL);
    cache->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    token_new(cache->secret);
    return cache;
}

void basic_cache_free(BasicCache *cache) {
    pthread_mutex_destroy(&cache->lock);
    g_hash_table_destroy(cache->known);
    g_free(cache);
}

static char *digest_of(const BasicCache *cache, const char *login, const char *password,
                       const char *stored) {
    guint8 digest[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add_text(state, cache->secret);
    hash_add_text(state, login);
    hash_add_text(state, password);
    hash_add_text(state, stored);
    hash_end(state, digest);
    return hex_encode(digest, HASH_BYTES, g_malloc(HASH_HEX));
}

static gboolean believed(BasicCache *cache, const char *digest, gint64 now_ms) {
    pthread_mutex_lock(&cache->lock);
    const gint64 *until = g_hash_table_lookup(cache->known, digest);
    gboolean good = until && *until > now_ms;
    pthread_mutex_unlock(&cache->lock);
    return good;
}

static void believe(BasicCache *cache, const char *digest, gint64 now_ms) {
    gint64 until = now_ms + BASIC_BELIEVED_S * 1000;
    pthread_mutex_lock(&cache->lock);
    if (g_hash_table_size(cache->known) >= KNOWN_MAX)
        g_hash_table_remove_all(cache->known);
    g_hash_table_replace(cache->known, g_strdup(digest), g_memdup2(&until, sizeof until));
    pthread_mutex_unlock(&cache->lock);
}

/* TRUE: the guard is entered, or meanwhile another request proved the same password. */
static gboolean enter(BasicCache *cache, LoginGuard *guard, const char *login, const char *address,
                      const char *digest, gint64 now_ms, gboolean *proved, GError **error) {
    for (int i = 0;; i++) {
        g_autoptr(GError) refusal = NULL;
        *proved = believed(cache, digest, now_ms);
        if (*proved || login_guard_enter(guard, login, address, now_ms, &refusal))
            return TRUE;
        if (error_kind(refusal) != ERROR_BUSY || i >= WAITS) {
            g_propagate_error(error, g_steal_pointer(&refusal));
            return FALSE;
        }
        g_usleep(WAIT_MS * 1000);
    }
}

gboolean basic_check(BasicCache *cache, LoginGuard *guard, Sql *sql, const char *login,
                     const char *password, const char *address, gint64 now_ms, GError **error) {
    g_autofree char *stored = password_stored(sql, login);
    g_autofree char *digest = digest_of(cache, login, password, stored);
    gboolean proved;
    if (!enter(cache, guard, login, address, digest, now_ms, &proved, error))
        return FALSE;
    if (proved)
        return TRUE;
    gboolean good = password_check(sql, login, password);
    login_guard_leave(guard, login, address, good, now_ms);
    if (good)
        believe(cache, digest, now_ms);
    return good || error_set(error, ERROR_LOGIN, NULL, NULL);
}
