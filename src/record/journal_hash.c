#include "record/journal_hash.h"

#include <string.h>

void entry_read(SqlStatement *st, EntryTexts *entry) {
    entry->seq = sql_int(st, 0);
    entry->time_ms = sql_int(st, 1);
    for (int i = 0; i < ENTRY_TEXTS; i++)
        entry->text[i] = sql_text(st, i + 2);
}

void entry_hash(const guint8 former[static HASH_BYTES], const EntryTexts *entry,
                guint8 out[static HASH_BYTES]) {
    HashState *state = hash_sm3_new();
    hash_add(state, former, HASH_BYTES);
    hash_add_int(state, entry->seq);
    hash_add_int(state, entry->time_ms);
    for (int i = 0; i < ENTRY_TEXTS; i++)
        hash_add_text(state, entry->text[i]);
    hash_end(state, out);
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

static void hash_node(const guint8 *left, const guint8 *right, guint8 *out) {
    HashState *state = hash_sm3_new();
    hash_add(state, "\1", 1);
    hash_add(state, left, HASH_BYTES);
    hash_add(state, right, HASH_BYTES);
    hash_end(state, out);
}

/* Like adding one to a binary number: full subtrees of equal size are joined on the way up. */
void merkle_add(Merkle *merkle, const guint8 leaf[static HASH_BYTES]) {
    guint8 carry[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add(state, "\0", 1);
    hash_add(state, leaf, HASH_BYTES);
    hash_end(state, carry);
    int level = 0;
    for (; merkle->leaves >> level & 1; level++)
        hash_node(merkle->node[level], carry, carry);
    memcpy(merkle->node[level], carry, HASH_BYTES);
    merkle->leaves++;
}

void merkle_root(const Merkle *merkle, guint8 out[static HASH_BYTES]) {
    gboolean first = TRUE;
    g_assert(merkle->leaves > 0);
    for (int level = 0; level < 64; level++) {
        if (!(merkle->leaves >> level & 1))
            continue;
        if (first)
            memcpy(out, merkle->node[level], HASH_BYTES);
        else
            hash_node(merkle->node[level], out, out);
        first = FALSE;
    }
}
