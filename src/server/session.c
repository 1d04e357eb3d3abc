#include "server/session.h"
#include "base/hash.h"

#include <sodium.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000 };

gboolean session_migrate(Sql *sql, GError **error) {
    return sql_define(
        sql,
        "CREATE TABLE IF NOT EXISTS credential (login {text} PRIMARY KEY, hash {text} NOT NULL);"
        "CREATE TABLE IF NOT EXISTS session (token {blob} PRIMARY KEY, login {text} NOT NULL, "
        "  started_ms {int} NOT NULL, expires_ms {int} NOT NULL);"
        "CREATE INDEX IF NOT EXISTS session_expires ON session (expires_ms);"
        "CREATE TABLE IF NOT EXISTS device_token (token {blob} PRIMARY KEY, device {text} NOT "
        "NULL, "
        "  created_ms {int} NOT NULL);"
        "CREATE TABLE IF NOT EXISTS password_once (login {text} PRIMARY KEY);"
        "CREATE INDEX IF NOT EXISTS device_token_device ON device_token (device);",
        error);
}

/* ---- passwords ---- */

char *password_hash(const char *password, GError **error) {
    gsize n = strlen(password);
    if (n < PASSWORD_MIN || n > PASSWORD_MAX) {
        error_set(error, ERROR_FIELD_RANGE, "password", "8..200", NULL);
        return NULL;
    }
    g_assert(sodium_init() >= 0);
    char hash[crypto_pwhash_STRBYTES];
    int code = crypto_pwhash_str(hash, password, n, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                 crypto_pwhash_MEMLIMIT_INTERACTIVE);
    g_assert(code == 0);
    return g_strdup(hash);
}

gboolean session_set_hash(Sql *sql, const char *login, const char *hash, GError **error) {
    return sql_run(sql, error,
                   "INSERT INTO credential (login, hash) VALUES (?, ?) "
                   "ON CONFLICT (login) DO UPDATE SET hash = excluded.hash",
                   "tt", login, hash) &&
           sql_run(sql, error, "DELETE FROM password_once WHERE login = ?", "t", login) &&
           sql_run(sql, error, "DELETE FROM session WHERE login = ?", "t", login);
}

gboolean session_set_once(Sql *sql, const char *login, const char *hash, GError **error) {
    return session_set_hash(sql, login, hash, error) &&
           sql_run(sql, error, "INSERT INTO password_once (login) VALUES (?)", "t", login);
}

gboolean password_fits(const char *login, const char *password, GError **error) {
    enum { DIFFERENT_MIN = 5 };
    g_autofree char *low = g_ascii_strdown(password, -1), *name = g_ascii_strdown(login, -1);
    gboolean seen[256] = {0};
    int different = 0;
    for (const guchar *p = (const guchar *)password; *p; p++) {
        different += !seen[*p];
        seen[*p] = TRUE;
    }
    if (different >= DIFFERENT_MIN && strstr(low, name) == NULL)
        return TRUE;
    return error_set(
        error, ERROR_FIELD_FORMAT, "password",
        "不含登录名，至少 5 个不同字符 (without the login, at least 5 different characters)", NULL);
}

char *password_stored(Sql *sql, const char *login) {
    SqlStatement *st =
        sql_query(sql, NULL, "SELECT hash FROM credential WHERE login = ?", "t", login);
    char *hash = NULL;
    if (st && sql_step(st, NULL) == SQL_ROW) {
        hash = g_strdup(sql_text(st, 0));
        sql_reset(st);
    }
    return hash;
}

/* The hash of nothing anybody knows: an unknown login costs the same time as a wrong password. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
                             "RdescudvJCsgt3ub+b/dWRWJTmaaJObGAAAAAAAAAAA";

gboolean password_check(Sql *sql, const char *login, const char *password) {
    g_assert(sodium_init() >= 0);
    g_autofree char *hash = password_stored(sql, login);
    gsize n = strlen(password);
    gboolean good =
        n <= PASSWORD_MAX && crypto_pwhash_str_verify(hash ? hash : nobody, password, n) == 0;
    return good && hash != NULL;
}

/* ---- sessions ---- */

static void token_digest(const char *token, guint8 digest[static HASH_BYTES]) {
    hash_sha256(token, strlen(token), digest);
}

gboolean session_start(Sql *sql, const char *login, const char *token, gint64 now_ms,
                       GError **error) {
    guint8 digest[HASH_BYTES];
    token_digest(token, digest);
    return sql_run(sql, error, "DELETE FROM session WHERE expires_ms < ?", "i", now_ms) &&
           sql_run(sql, error,
                   "INSERT INTO session (token, login, started_ms, expires_ms) VALUES (?, ?, ?, ?)",
                   "btii", digest, (gsize)HASH_BYTES, login, now_ms,
                   now_ms + (gint64)SESSION_HOURS * HOUR_MS);
}

gboolean session_end(Sql *sql, const char *token, GError **error) {
    guint8 digest[HASH_BYTES];
    token_digest(token, digest);
    return sql_run(sql, error, "DELETE FROM session WHERE token = ?", "b", digest,
                   (gsize)HASH_BYTES);
}

static char *session_login(Sql *sql, const char *token, gint64 now_ms, gboolean *once,
                           GError **error) {
    guint8 digest[HASH_BYTES];
    token_digest(token, digest);
    SqlStatement *st =
        sql_query(sql, error,
                  "SELECT login, (SELECT COUNT(*) FROM password_once o WHERE o.login = s.login) "
                  "FROM session s WHERE token = ? AND expires_ms >= ?",
                  "bi", digest, (gsize)HASH_BYTES, now_ms);
    if (st == NULL)
        return NULL;
    SqlStep step = sql_step(st, error);
    char *login = step == SQL_ROW ? g_strdup(sql_text(st, 0)) : NULL;
    *once = step == SQL_ROW && sql_int(st, 1) > 0;
    if (step == SQL_ROW)
        sql_reset(st);
    else if (step == SQL_DONE)
        error_set(error, ERROR_SESSION, NULL, NULL);
    return login;
}

static char *member(json_t *record, const char *name) {
    return g_strdup(json_string_value(json_object_get(record, name)));
}

static Identity *identity_of(const Packs *packs, json_t *user) {
    const char *role = json_string_value(json_object_get(user, "role"));
    Identity *identity = g_new0(Identity, 1);
    identity->login = member(user, "login");
    identity->name = member(user, "name");
    identity->region = member(user, "region");
    identity->enterprise = member(user, "enterprise");
    identity->sectors = member(user, "sectors");
    identity->actor = (Actor){ACTOR_PERSON,      identity->login,
                              identity->name,    role ? packs_role(packs, role) : NULL,
                              identity->region,  identity->enterprise,
                              identity->sectors, NULL};
    return identity;
}

Identity *identity_find(Sql *sql, const Packs *packs, const char *login, GError **error) {
    json_t *user = record_get(sql, packs, &actor_system, "user", login, NULL);
    Identity *identity =
        user && !json_is_true(json_object_get(user, "disabled")) ? identity_of(packs, user) : NULL;
    json_decref(user);
    if (identity && identity->actor.role)
        return identity;
    if (identity)
        identity_free(identity);
    error_set(error, ERROR_SESSION, NULL, NULL);
    return NULL;
}

Identity *session_find(Sql *sql, const Packs *packs, const char *token, gint64 now_ms,
                       GError **error) {
    gboolean once;
    g_autofree char *login = session_login(sql, token, now_ms, &once, error);
    Identity *identity = login ? identity_find(sql, packs, login, error) : NULL;
    if (identity)
        identity->once = once;
    return identity;
}

void identity_free(Identity *identity) {
    g_free(identity->login);
    g_free(identity->name);
    g_free(identity->region);
    g_free(identity->enterprise);
    g_free(identity->sectors);
    g_free(identity);
}

/* ---- device tokens ---- */

gboolean device_token_put(Sql *sql, const char *device, const char *token, gint64 now_ms,
                          GError **error) {
    guint8 digest[HASH_BYTES];
    token_digest(token, digest);
    return sql_run(
        sql, error,
        "INSERT INTO device_token (token, device, created_ms) VALUES (?, ?, ?) ON CONFLICT (token) "
        "DO UPDATE SET device = excluded.device, created_ms = excluded.created_ms",
        "bti", digest, (gsize)HASH_BYTES, device, now_ms);
}

char *device_token_new(Sql *sql, const char *device, gint64 now_ms, GError **error) {
    char token[44];
    token_new(token);
    return device_token_put(sql, device, token, now_ms, error) ? g_strdup(token) : NULL;
}

gboolean device_token_revoke(Sql *sql, const char *device, GError **error) {
    return sql_run(sql, error, "DELETE FROM device_token WHERE device = ?", "t", device);
}

static char *token_device(Sql *sql, const char *token, GError **error) {
    guint8 digest[HASH_BYTES];
    token_digest(token, digest);
    SqlStatement *st = sql_query(sql, error, "SELECT device FROM device_token WHERE token = ?", "b",
                                 digest, (gsize)HASH_BYTES);
    if (st == NULL)
        return NULL;
    SqlStep step = sql_step(st, error);
    char *device = step == SQL_ROW ? g_strdup(sql_text(st, 0)) : NULL;
    if (step == SQL_ROW)
        sql_reset(st);
    else if (step == SQL_DONE)
        error_set(error, ERROR_TOKEN, NULL, NULL);
    return device;
}

gboolean device_token_find(Sql *sql, const Packs *packs, const char *token, char **device,
                           char **enterprise, GError **error) {
    g_autofree char *code = token_device(sql, token, error);
    if (code == NULL)
        return FALSE;
    json_t *record = record_get(sql, packs, &actor_system, "device", code, NULL);
    gboolean good = record && !json_is_true(json_object_get(record, "disabled"));
    if (good) {
        *device = g_steal_pointer(&code);
        *enterprise = member(record, "enterprise");
    }
    json_decref(record);
    return good || error_set(error, ERROR_TOKEN, NULL, NULL);
}
