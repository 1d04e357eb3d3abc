#include "server/once.h"
#include "base/error.h"
#include "base/hash.h"

#include <sodium.h>
#include <string.h>

enum { KEY_MIN = 16, KEY_MAX = 200 };

struct Once {
    char *who;
    char id[HASH_HEX], asked[HASH_HEX];
    guint8 secret[HASH_BYTES]; /* seals the answer; only who has the key can make it */
};
G_STATIC_ASSERT(HASH_BYTES == crypto_secretbox_KEYBYTES);

gboolean once_migrate(Sql *sql, GError **error) {
    return sql_define(sql,
                      "CREATE TABLE IF NOT EXISTS once_keys (who {text} NOT NULL, id {text} NOT "
                      "NULL, asked {text} NOT NULL, answer {blob} NOT NULL, at_ms {int} NOT NULL, "
                      "PRIMARY KEY (who, id));"
                      "CREATE INDEX IF NOT EXISTS once_keys_at ON once_keys (at_ms);",
                      error);
}

/* ---- the key ---- */

static void hash_of(const char *purpose, const char *key, guint8 out[static HASH_BYTES]) {
    HashState *state = hash_sm3_new();
    hash_add_text(state, purpose);
    hash_add_text(state, key);
    hash_end(state, out);
}

static gboolean key_formed(const char *key) {
    gsize n = 0;
    for (; key[n]; n++)
        if (!g_ascii_isgraph(key[n]))
            return FALSE;
    return n >= KEY_MIN && n <= KEY_MAX;
}

static void hash_asked(Request *request, const char *body, char out[static HASH_HEX]) {
    gsize n = 0;
    const char *bytes = body ? body : request_body(request, &n);
    guint8 hash[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add_text(state, request_method(request));
    hash_add_text(state, request_path(request));
    hash_add(state, bytes, body ? strlen(body) : n);
    hash_end(state, hash);
    hex_encode(hash, HASH_BYTES, out);
}

gboolean once_read(Request *request, const char *who, const char *body, Once **once,
                   GError **error) {
    const char *key = request_header(request, "Idempotency-Key");
    *once = NULL;
    if (key == NULL)
        return TRUE;
    if (!key_formed(key))
        return error_set(error, ERROR_REQUEST, "Idempotency-Key", "Idempotency-Key",
                         "16 … 200 个可见字符，每份表单随机生成一次 (16 … 200 visible characters, "
                         "random, one per form)",
                         NULL);
    guint8 id[HASH_BYTES];
    *once = g_new0(Once, 1);
    (*once)->who = g_strdup(who);
    hash_of("anlan-once-id", key, id);
    hex_encode(id, HASH_BYTES, (*once)->id);
    hash_of("anlan-once-secret", key, (*once)->secret);
    hash_asked(request, body, (*once)->asked);
    return TRUE;
}

void once_free(Once *once) {
    if (once == NULL)
        return;
    sodium_memzero(once->secret, sizeof once->secret);
    g_free(once->who);
    g_free(once);
}

/* ---- the answer, sealed: nonce and box ---- */

static GByteArray *seal(const Once *once, const char *text) {
    gsize n = strlen(text);
    GByteArray *box = g_byte_array_new();
    g_byte_array_set_size(box,
                          (guint)(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + n));
    randombytes_buf(box->data, crypto_secretbox_NONCEBYTES);
    int code = crypto_secretbox_easy(box->data + crypto_secretbox_NONCEBYTES, (const guint8 *)text,
                                     n, box->data, once->secret);
    g_assert(code == 0);
    return box;
}

/* NULL when it is none of this key's. */
static json_t *unseal(const Once *once, const guint8 *box, gsize n) {
    gsize head = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    if (box == NULL || n < head)
        return NULL;
    g_autofree char *text = g_malloc0(n - head + 1);
    if (crypto_secretbox_open_easy((guint8 *)text, box + crypto_secretbox_NONCEBYTES,
                                   n - crypto_secretbox_NONCEBYTES, box, once->secret) != 0)
        return NULL;
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

gboolean once_find(Sql *sql, const Once *once, gint64 keep_ms, gint64 now_ms, json_t **answer,
                   GError **error) {
    *answer = NULL;
    if (once == NULL)
        return TRUE;
    SqlStatement *st = sql_query(
        sql, error, "SELECT asked, answer FROM once_keys WHERE who = ? AND id = ? AND at_ms > ?",
        "tti", once->who, once->id, now_ms - keep_ms);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    gsize n;
    const guint8 *box = sql_blob(st, 1, &n);
    gboolean same = strcmp(sql_text(st, 0), once->asked) == 0;
    *answer = same ? unseal(once, box, n) : NULL;
    sql_reset(st);
    return *answer || error_set(error, ERROR_ONCE, "Idempotency-Key", NULL);
}

gboolean once_keep(Sql *sql, const Once *once, json_t *answer, gint64 now_ms, GError **error) {
    if (once == NULL)
        return TRUE;
    char *text = json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
    g_autoptr(GByteArray) box = seal(once, text);
    free(text);
    return sql_run(sql, error,
                   "INSERT INTO once_keys (who, id, asked, answer, at_ms) VALUES (?, ?, ?, ?, ?) "
                   "ON CONFLICT (who, id) DO UPDATE SET asked = excluded.asked, answer = "
                   "excluded.answer, at_ms = excluded.at_ms",
                   "tttbi", once->who, once->id, once->asked, box->data, (gsize)box->len, now_ms);
}

gboolean once_sweep(Sql *sql, gint64 keep_ms, gint64 now_ms, GError **error) {
    return sql_run(sql, error, "DELETE FROM once_keys WHERE at_ms <= ?", "i", now_ms - keep_ms);
}

void once_say(Request *request) { request_add_header(request, "Idempotency-Replayed", "true"); }
