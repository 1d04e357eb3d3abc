#include "demo/demo_key.h"
#include "demo/demo_file.h"

#include <string.h>
#include <sys/random.h>

static char *key_path(const char *data_dir) {
    return g_build_filename(data_dir, "demo-key.json", NULL);
}

gboolean demo_key_read(const char *data_dir, DemoKey *key, gboolean *found, GError **error) {
    g_autofree char *path = key_path(data_dir);
    *found = g_file_test(path, G_FILE_TEST_EXISTS);
    if (!*found)
        return TRUE;
    json_error_t why;
    json_int_t seed;
    const char *secret;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    gboolean good =
        root &&
        json_unpack_ex(root, &why, 0, "{s:I, s:s}", "seed", &seed, "secret", &secret) == 0 &&
        hex_decode(secret, key->secret, HASH_BYTES);
    if (good)
        key->seed = (guint64)seed;
    json_decref(root);
    return good ||
           demo_file_error(error, path, "not the demo's key file; remove the data directory");
}

gboolean demo_key_make(const char *data_dir, guint64 seed, DemoKey *key, GError **error) {
    g_autofree char *path = key_path(data_dir);
    g_autoptr(GError) failure = NULL;
    char hex[HASH_HEX];
    key->seed = seed;
    if (getrandom(key->secret, HASH_BYTES, 0) != HASH_BYTES)
        return demo_file_error(error, path, "the system gives no random bytes");
    g_autofree char *text =
        g_strdup_printf("{\"seed\": %" G_GINT64_FORMAT ", \"secret\": \"%s\"}\n", (gint64)seed,
                        hex_encode(key->secret, HASH_BYTES, hex));
    if (!g_file_set_contents_full(path, text, -1,
                                  G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                  0600, &failure))
        return demo_file_error(error, path, "%s", failure->message);
    return TRUE;
}

char *demo_key_token(const DemoKey *key, const char *name, char out[static DEMO_TOKEN]) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 hash[HASH_BYTES];
    g_byte_array_append(bytes, key->secret, HASH_BYTES);
    g_byte_array_append(bytes, (const guint8 *)name, (guint)strlen(name));
    hash_sha256(bytes->data, bytes->len, hash);
    g_autofree char *text = g_base64_encode(hash, HASH_BYTES);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    memcpy(out, text, DEMO_TOKEN - 1);
    out[DEMO_TOKEN - 1] = '\0';
    return out;
}
