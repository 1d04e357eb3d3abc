#include "record/verify_part.h"

#include <stdarg.h>
#include <string.h>

gboolean verify_broken(GError **error, const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    return error_set(error, ERROR_VERIFY, NULL, text, NULL);
}

static gboolean missing(const SealCheck *check, GError **error) {
    return verify_broken(error, "seq " I64 ": 条目缺失 entry is missing (seal " I64 ")",
                         check->last_seq + 1, check->seal.number);
}

gboolean seal_check_seal(SealCheck *check, const Seal *seal, GError **error) {
    guint8 hash[HASH_BYTES];
    if (check->open)
        return missing(check, error);
    if (seal->number != check->seal.number + 1 || seal->first_seq != check->seal.last_seq + 1 ||
        seal->last_seq < seal->first_seq)
        return verify_broken(error, "封条 seal " I64 ": 序号不连续 does not follow the former one",
                             seal->number);
    seal_hash(check->former, seal, hash);
    if (memcmp(hash, seal->hash, HASH_BYTES) != 0)
        return verify_broken(error, "封条 seal " I64 ": 哈希不符 hash differs", seal->number);
    memcpy(check->former, hash, HASH_BYTES);
    check->seal = *seal;
    check->merkle.leaves = 0;
    check->open = TRUE;
    check->seals++;
    return TRUE;
}

static gboolean root_fits(SealCheck *check, GError **error) {
    guint8 root[HASH_BYTES];
    const Seal *seal = &check->seal;
    check->open = FALSE;
    merkle_root(&check->merkle, root);
    return memcmp(root, seal->root, HASH_BYTES) == 0 ||
           verify_broken(error,
                         "封条 seal " I64 " (seq " I64 "–" I64
                         "): 根不符，其中有条目被改动 root differs, an entry in it was changed",
                         seal->number, seal->first_seq, seal->last_seq);
}

gboolean seal_check_entry(SealCheck *check, gint64 seq, const guint8 hash[static HASH_BYTES],
                          GError **error) {
    if (seq != check->last_seq + 1)
        return verify_broken(error, "seq " I64 ": 条目缺失 entry is missing", check->last_seq + 1);
    check->last_seq = seq;
    check->entries++;
    if (!check->open) {
        check->unsealed++;
        return TRUE;
    }
    merkle_add(&check->merkle, hash);
    return seq < check->seal.last_seq || root_fits(check, error);
}

gboolean seal_check_end(SealCheck *check, GError **error) {
    return !check->open || missing(check, error);
}

void seal_check_clear(SealCheck *check) { merkle_clear(&check->merkle); }
