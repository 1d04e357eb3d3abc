#include "record/journal_hash.h"

#include <string.h>

void entry_read(SqlStatement *st, EntryTexts *entry) {
    entry->seq = sql_int(st, 0);
    entry->time_ms = sql_int(st, 1);
    for (int i = 0; i < ENTRY_TEXTS; i++)
        entry->text[i] = sql_text(st, i + 2);
}

static guint8 *put_int(guint8 *at, gint64 value) {
    guint64 word = GUINT64_TO_BE((guint64)value);
    memcpy(at, &word, sizeof word);
    return at + sizeof word;
}

void entry_write(const EntryTexts *entry, GByteArray *bytes) {
    enum { WORD = sizeof(gint64) };
    gsize length[ENTRY_TEXTS], all = (2 + ENTRY_TEXTS) * WORD;
    for (int i = 0; i < ENTRY_TEXTS; i++)
        all += length[i] = entry->text[i] ? strlen(entry->text[i]) : 0;
    guint start = bytes->len;
    g_byte_array_set_size(bytes, start + (guint)all);
    guint8 *at = put_int(put_int(bytes->data + start, entry->seq), entry->time_ms);
    for (int i = 0; i < ENTRY_TEXTS; i++) {
        at = put_int(at, entry->text[i] ? (gint64)length[i] : -1);
        memcpy(at, entry->text[i] ? entry->text[i] : "", length[i]);
        at += length[i];
    }
}

void entry_hash(const guint8 former[static HASH_BYTES], const EntryTexts *entry,
                guint8 out[static HASH_BYTES]) {
    GByteArray *bytes = g_byte_array_sized_new(1024);
    entry_write(entry, bytes);
    HashState *state = hash_sm3_new();
    hash_add(state, former, HASH_BYTES);
    hash_add(state, bytes->data, bytes->len);
    hash_end(state, out);
    g_byte_array_unref(bytes);
}

void seal_hash(const guint8 former[static HASH_BYTES], const Seal *seal,
               guint8 out[static HASH_BYTES]) {
    HashState *state = hash_sm3_new();
    hash_add(state, former, HASH_BYTES);
    hash_add_int(state, seal->number);
    hash_add_int(state, seal->time_ms);
    hash_add_int(state, seal->first_seq);
    hash_add_int(state, seal->last_seq);
    hash_add(state, seal->root, HASH_BYTES);
    hash_end(state, out);
}

void merkle_join(HashState *state, const guint8 left[static HASH_BYTES],
                 const guint8 right[static HASH_BYTES], guint8 out[static HASH_BYTES]) {
    guint8 bytes[1 + 2 * HASH_BYTES] = {1};
    memcpy(bytes + 1, left, HASH_BYTES);
    memcpy(bytes + 1 + HASH_BYTES, right, HASH_BYTES);
    hash_add(state, bytes, sizeof bytes);
    hash_take(state, out);
}

void merkle_leaf(HashState *state, const guint8 hash[static HASH_BYTES],
                 guint8 out[static HASH_BYTES]) {
    guint8 bytes[1 + HASH_BYTES] = {0};
    memcpy(bytes + 1, hash, HASH_BYTES);
    hash_add(state, bytes, sizeof bytes);
    hash_take(state, out);
}

/* Like adding one to a binary number: full subtrees of equal size are joined on the way up. */
void merkle_add(Merkle *merkle, const guint8 leaf[static HASH_BYTES]) {
    guint8 carry[HASH_BYTES];
    if (merkle->state == NULL)
        merkle->state = hash_sm3_new();
    merkle_leaf(merkle->state, leaf, carry);
    int level = 0;
    for (; merkle->leaves >> level & 1; level++)
        merkle_join(merkle->state, merkle->node[level], carry, carry);
    memcpy(merkle->node[level], carry, HASH_BYTES);
    merkle->leaves++;
}

void merkle_clear(Merkle *merkle) { g_clear_pointer(&merkle->state, hash_state_free); }

void merkle_root(const Merkle *merkle, guint8 out[static HASH_BYTES]) {
    gboolean first = TRUE;
    g_assert(merkle->leaves > 0);
    for (int level = 0; level < 64; level++) {
        if (!(merkle->leaves >> level & 1))
            continue;
        if (first)
            memcpy(out, merkle->node[level], HASH_BYTES);
        else
            merkle_join(merkle->state, merkle->node[level], out, out);
        first = FALSE;
    }
}
