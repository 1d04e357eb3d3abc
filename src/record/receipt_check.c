/* Checking a receipt with nothing but itself. */
#include "record/receipt.h"
#include "record/receipt_part.h"
#include "record/verify_part.h"

#include <string.h>

static gboolean unfit(GError **error, const char *what) { return verify_broken(error, "%s", what); }

static gboolean get_hash(json_t *json, const char *name, guint8 hash[static HASH_BYTES],
                         GError **error) {
    const char *hex = json_string_value(json_object_get(json, name));
    return (hex && hex_decode(hex, hash, HASH_BYTES)) ||
           verify_broken(error, "%s: 缺失或格式不符 is missing or not 32 bytes in hex", name);
}

static gboolean get_int(json_t *json, const char *name, gint64 *value, GError **error) {
    json_t *member = json_object_get(json, name);
    *value = json_integer_value(member);
    return json_is_integer(member) ||
           verify_broken(error, "%s: 缺失 is missing or no whole number", name);
}

/* The code gives the id and the salt; who has no code still proves entry and seal. */
static gboolean code_fits(json_t *receipt, GError **error) {
    char code[RECEIPT_CHARS + 1], hex[HASH_HEX];
    const char *typed = json_string_value(json_object_get(receipt, "code")),
               *salt = json_string_value(json_object_get(receipt, "salt")),
               *id = json_string_value(json_object_get(json_object_get(receipt, "entry"), "id"));
    if (typed == NULL)
        return TRUE;
    if (!receipt_code_read(typed, code))
        return unfit(error, "code: 校验位不符 the check character does not fit");
    if (g_strcmp0(id, receipt_hash("anlan-receipt-id", code, hex)) != 0 ||
        g_strcmp0(salt, receipt_hash("anlan-receipt-salt", code, hex)) != 0)
        return unfit(error, "code: 与条目不符 the entry is not that of this code");
    return TRUE;
}

/* What was filed, when the receipt has it. */
static gboolean content_fits(json_t *receipt, GError **error) {
    char hex[HASH_HEX];
    const char *content = json_string_value(json_object_get(receipt, "content")),
               *type = json_string_value(json_object_get(receipt, "type")),
               *salt = json_string_value(json_object_get(receipt, "salt")),
               *commitment = json_string_value(json_object_get(receipt, "commitment"));
    if (content == NULL)
        return TRUE;
    return (type && salt && commitment &&
            strcmp(commitment, receipt_commitment(salt, type, content, hex)) == 0) ||
           unfit(error, "content: 与回执不符 is not what this receipt was given for");
}

static gboolean find_entry_hash(json_t *receipt, guint8 out[static HASH_BYTES], GError **error) {
    static const guint8 none[HASH_BYTES];
    json_t *place = json_object_get(receipt, "entry");
    const char *commitment = json_string_value(json_object_get(receipt, "commitment")),
               *id = json_string_value(json_object_get(place, "id"));
    gint64 seq, time_ms;
    EntryTexts entry;
    if (id == NULL || commitment == NULL)
        return unfit(error, "entry, commitment: 缺失 are missing");
    if (!get_int(place, "seq", &seq, error) || !get_int(place, "time_ms", &time_ms, error))
        return FALSE;
    json_t *diff = json_pack("{s:[n, s]}", "commitment", commitment);
    char *text = json_dumps(diff, JSON_COMPACT | JSON_SORT_KEYS);
    receipt_entry(id, seq, time_ms, text, &entry);
    entry_hash(none, &entry, out);
    free(text);
    json_decref(diff);
    return TRUE;
}

/* Each step joins the hash so far with that of the other half. */
static gboolean climb(json_t *path, guint8 hash[static HASH_BYTES], GError **error) {
    HashState *state = hash_sm3_new();
    gboolean good = json_is_array(path) && json_array_size(path) < 64;
    merkle_leaf(state, hash, hash);
    for (size_t i = 0; good && i < json_array_size(path); i++) {
        guint8 other[HASH_BYTES];
        json_t *step = json_array_get(path, i);
        const char *side = json_string_value(json_object_get(step, "side"));
        good = side && get_hash(step, "hash", other, NULL);
        if (good && strcmp(side, "left") == 0)
            merkle_join(state, other, hash, hash);
        else if (good)
            merkle_join(state, hash, other, hash);
    }
    hash_state_free(state);
    return good || unfit(error, "path: 缺失或格式不符 is missing or not well formed");
}

static gboolean read_seal(json_t *json, Seal *seal, guint8 former[static HASH_BYTES],
                          GError **error) {
    return get_int(json, "number", &seal->number, error) &&
           get_int(json, "time_ms", &seal->time_ms, error) &&
           get_int(json, "first_seq", &seal->first_seq, error) &&
           get_int(json, "last_seq", &seal->last_seq, error) &&
           get_hash(json, "root", seal->root, error) && get_hash(json, "hash", seal->hash, error) &&
           get_hash(json, "former", former, error);
}

gboolean receipt_check(json_t *receipt, JournalHead *head, GError **error) {
    guint8 hash[HASH_BYTES], former[HASH_BYTES], sealed[HASH_BYTES];
    json_t *json = json_object_get(receipt, "seal");
    Seal seal;
    if (!code_fits(receipt, error) || !content_fits(receipt, error) ||
        !find_entry_hash(receipt, hash, error))
        return FALSE;
    if (json == NULL)
        return unfit(error, "尚未封存，请一分钟后再查询 not sealed yet: ask again in a minute");
    if (!read_seal(json, &seal, former, error) ||
        !climb(json_object_get(receipt, "path"), hash, error))
        return FALSE;
    if (memcmp(hash, seal.root, HASH_BYTES) != 0)
        return unfit(error, "条目不在封条之内 the path does not lead to the root of the seal");
    seal_hash(former, &seal, sealed);
    if (memcmp(sealed, seal.hash, HASH_BYTES) != 0)
        return unfit(error, "封条哈希不符 the hash of the seal differs");
    head->number = seal.number;
    memcpy(head->hash, seal.hash, HASH_BYTES);
    return TRUE;
}
