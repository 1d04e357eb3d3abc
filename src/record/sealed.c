#include "record/sealed.h"
#include "base/hash.h"
#include "record/act.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_ID_BYTES = 8, BLOCK = 64, KEY_FILE_MAX = 4096 };
static const char file_head[] = "anlan-seal-key 1 ";

struct SealKey {
    unsigned char secret[crypto_box_SECRETKEYBYTES], public[crypto_box_PUBLICKEYBYTES];
    char id[KEY_ID_BYTES * 2 + 1];
};

/* --- the key --- */

static void find_id(const unsigned char public[static crypto_box_PUBLICKEYBYTES], char *id) {
    guint8 digest[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add(state, public, crypto_box_PUBLICKEYBYTES);
    hash_end(state, digest);
    hex_encode(digest, KEY_ID_BYTES, id);
}

static SealKey *key_alloc(void) {
    g_assert(sodium_init() >= 0);
    SealKey *key = sodium_malloc(sizeof *key);
    g_assert(key != NULL);
    return key;
}

SealKey *seal_key_new(void) {
    SealKey *key = key_alloc();
    crypto_box_keypair(key->public, key->secret);
    find_id(key->public, key->id);
    return key;
}

void seal_key_free(SealKey *key) { sodium_free(key); /* wipes it */ }

const char *seal_key_id(const SealKey *key) { return key->id; }

static gboolean bad_file(GError **error, const char *path, const char *what, const char *remedy) {
    g_autofree char *text = g_strdup_printf("%s: %s", path, what);
    return error_set(error, ERROR_CONFIG, "seal-key", text, remedy, NULL);
}

static gboolean file_is_private(int fd, const char *path, GError **error) {
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return bad_file(error, path, "密封密钥不是普通文件 / the seal key is no regular file",
                        "give the path of the file");
    return (about.st_mode & (S_IRWXG | S_IRWXO)) == 0 ||
           bad_file(error, path, "密封密钥可被他人读写 / others may read or write the seal key",
                    "chmod 600; when others may have read it: anlan keys rotate");
}

static gboolean key_parse(SealKey *key, const char *text) {
    gsize bytes = 0;
    if (!g_str_has_prefix(text, file_head) ||
        sodium_base642bin(key->secret, sizeof key->secret, text + strlen(file_head),
                          strcspn(text + strlen(file_head), "\n"), NULL, &bytes, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        bytes != sizeof key->secret)
        return FALSE;
    crypto_scalarmult_base(key->public, key->secret);
    find_id(key->public, key->id);
    return TRUE;
}

SealKey *seal_key_read(const char *path, GError **error) {
    char text[KEY_FILE_MAX + 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        bad_file(error, path, g_strerror(errno), "check --seal-key and the rights of the file");
        return NULL;
    }
    gboolean private = file_is_private(fd, path, error);
    gssize n = private ? read(fd, text, KEY_FILE_MAX) : -1;
    close(fd);
    if (!private)
        return NULL;
    SealKey *key = key_alloc();
    gboolean good = n > 0 && key_parse(key, text);
    sodium_memzero(text, sizeof text);
    if (!good) {
        g_clear_pointer(&key, seal_key_free);
        bad_file(error, path, "不是密封密钥 / this is no seal key", "restore it from its backup");
    }
    return key;
}

static gboolean sync_folder(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static gboolean write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return FALSE;
    gssize length = (gssize)strlen(text);
    gboolean done = write(fd, text, (gsize)length) == length && fsync(fd) == 0;
    return close(fd) == 0 && done;
}

gboolean seal_key_write(const SealKey *key, const char *path, GError **error) {
    char code[sodium_base64_ENCODED_LEN(crypto_box_SECRETKEYBYTES, sodium_base64_VARIANT_ORIGINAL)];
    char text[sizeof code + 512];
    g_autofree char *folder = g_path_get_dirname(path);
    sodium_bin2base64(code, sizeof code, key->secret, sizeof key->secret,
                      sodium_base64_VARIANT_ORIGINAL);
    g_snprintf(text, sizeof text,
               "%s%s\n# id %s\n# Opens the sealed fields of this installation. Keep a copy apart "
               "from the database and from its backups.\n",
               file_head, code, key->id);
    gboolean done =
        g_mkdir_with_parents(folder, 0700) == 0 && write_text(path, text) && sync_folder(folder);
    int code_of_error = errno;
    sodium_memzero(text, sizeof text);
    sodium_memzero(code, sizeof code);
    return done || bad_file(error, path, g_strerror(code_of_error),
                            "make the folder writable for the server");
}

/* --- which key is in use --- */

char *seal_key_active(Sql *sql, GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT id FROM seal_keys WHERE retired_ms IS NULL", "");
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    char *id = step == SQL_ROW ? g_strdup(sql_text(st, 0)) : NULL;
    if (step == SQL_ROW)
        sql_reset(st);
    return step == SQL_DONE ? g_strdup("") : id;
}

gboolean seal_key_activate(Sql *sql, const SealKey *key, gint64 now_ms, GError **error) {
    return sql_run(sql, error, "UPDATE seal_keys SET retired_ms = ? WHERE retired_ms IS NULL", "i",
                   now_ms) &&
           sql_run(sql, error, "INSERT INTO seal_keys (id, public, made_ms) VALUES (?, ?, ?)",
                   "tbi", key->id, key->public, sizeof key->public, now_ms);
}

typedef struct {
    unsigned char public[crypto_box_PUBLICKEYBYTES];
    char id[KEY_ID_BYTES * 2 + 1];
} PublicKey;

static gboolean public_key_load(Sql *sql, PublicKey *key, GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT id, public FROM seal_keys WHERE retired_ms IS NULL", "");
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE && error_set(error, ERROR_SEAL, NULL, "—", NULL);
    gsize n;
    const void *bytes = sql_blob(st, 1, &n);
    g_assert(n == sizeof key->public);
    memcpy(key->public, bytes, n);
    g_strlcpy(key->id, sql_text(st, 0), sizeof key->id);
    sql_reset(st);
    return TRUE;
}

/* --- one value --- */

/* type NUL id NUL field NUL json, padded */
static GByteArray *plain_of(const Row *row, const Field *field, const FieldValue *value) {
    json_t *json = field_value_plain_json(field, value);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *parts[] = {row->type->name, row->id, field->name, text};
    GByteArray *plain = g_byte_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        g_byte_array_append(plain, (const guint8 *)parts[i], (guint)strlen(parts[i]) + 1);
    sodium_memzero(text, strlen(text));
    free(text);
    json_decref(json);
    gsize padded, length = plain->len;
    g_byte_array_set_size(plain, (guint)length + BLOCK);
    g_assert(sodium_pad(&padded, plain->data, length, BLOCK, plain->len) == 0);
    g_byte_array_set_size(plain, (guint)padded);
    return plain;
}

static void value_clear_plain(FieldValue *value) {
    if (value->text)
        sodium_memzero(value->text, strlen(value->text));
    field_value_clear(value);
}

static void seal_value(const PublicKey *key, const Row *row, const Field *field,
                       FieldValue *value) {
    GByteArray *plain = plain_of(row, field, value);
    gsize n = plain->len + crypto_box_SEALBYTES;
    gsize room = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    g_autofree guint8 *box = g_malloc(n);
    g_autofree char *code = g_malloc(room);
    g_assert(crypto_box_seal(box, plain->data, plain->len, key->public) == 0);
    sodium_bin2base64(code, room, box, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(plain->data, plain->len);
    g_byte_array_unref(plain);
    value_clear_plain(value);
    *value = (FieldValue){.present = TRUE, .sealed = TRUE};
    value->text = g_strconcat("1.", key->id, ".", code, NULL);
}

gboolean seal_row(const Act *act, Row *row, GError **error) {
    PublicKey key;
    gboolean loaded = FALSE;
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        FieldValue *value = &row->values[i];
        if (!field->secret || !value->present || value->sealed)
            continue;
        if (!loaded && !public_key_load(act->sql, &key, error))
            return FALSE;
        loaded = TRUE;
        seal_value(&key, row, field, value);
    }
    return TRUE;
}

/* The JSON text behind the three names, when they are those of this place; else NULL. */
static const char *plain_json(const Row *row, const Field *field, const guint8 *plain, gsize n) {
    const char *names[] = {row->type->name, row->id, field->name};
    const char *at = (const char *)plain, *end = at + n;
    if (n == 0 || end[-1] != 0)
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (at >= end || strcmp(at, names[i]) != 0)
            return NULL;
        at += strlen(at) + 1;
    }
    return at < end ? at : NULL;
}

static json_t *open_box(const SealKey *key, const Row *row, const Field *field, const char *code) {
    gsize n = 0, length = 0, room = strlen(code);
    g_autofree guint8 *box = g_malloc(room + 1);
    g_autofree guint8 *plain = g_malloc0(room + 1);
    json_t *json = NULL;
    if (sodium_base642bin(box, room, code, room, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
        n > crypto_box_SEALBYTES &&
        crypto_box_seal_open(plain, box, n, key->public, key->secret) == 0 &&
        sodium_unpad(&length, plain, n - crypto_box_SEALBYTES, BLOCK) == 0) {
        const char *text = plain_json(row, field, plain, length);
        json = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    }
    sodium_memzero(plain, room + 1);
    return json;
}

json_t *seal_open(const SealKey *key, const Row *row, const Field *field, GError **error) {
    const char *text = row_text(row, field);
    g_auto(GStrv) parts = g_strsplit(text ? text : "", ".", 3);
    json_t *json = NULL;
    if (key && g_strv_length(parts) == 3 && strcmp(parts[0], "1") == 0 &&
        strcmp(parts[1], key->id) == 0)
        json = open_box(key, row, field, parts[2]);
    if (json == NULL)
        error_set(error, ERROR_SEAL, field->name, g_strv_length(parts) == 3 ? parts[1] : "—", NULL);
    return json;
}
