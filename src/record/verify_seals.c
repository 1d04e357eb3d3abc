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
    if (check->kept && check->kept->number == seal->number &&
        memcmp(check->kept->hash, hash, HASH_BYTES) != 0)
        return verify_broken(error,
                             "封条 seal " I64
                             ": 与留存的封条不同，历史已被改写 not the one that was kept: "
                             "history has been rewritten",
                             seal->number);
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
    if (check->open)
        return missing(check, error);
    return check->kept == NULL || check->kept->number <= check->seal.number ||
           verify_broken(error,
                         "封条 seal " I64
                         ": 留存的封条已不存在，历史已被改写 the kept one is gone: history has "
                         "been rewritten",
                         check->kept->number);
}

void seal_check_report(const SealCheck *check, VerifyReport *report) {
    report->entries = check->entries;
    report->seals = check->seals;
    report->unsealed = check->unsealed;
    report->head.number = check->seal.number;
    memcpy(report->head.hash, check->former, HASH_BYTES);
}

void seal_check_clear(SealCheck *check) { merkle_clear(&check->merkle); }

char *journal_head_text(const JournalHead *head) {
    char hex[HASH_HEX];
    return g_strdup_printf(I64 ":%s", head->number, hex_encode(head->hash, HASH_BYTES, hex));
}

gboolean journal_head_parse(const char *text, JournalHead *head) {
    char *end;
    head->number = g_ascii_strtoll(text, &end, 10);
    return end > text && *end == ':' && head->number > 0 &&
           hex_decode(end + 1, head->hash, HASH_BYTES);
}
