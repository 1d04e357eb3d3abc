/* The canonical form of journal entries and seals, and their hashes; described for verifiers of
 * other makes in README.md. */
#pragma once
#include <jansson.h>
#include "base/hash.h"
#include "store/sql.h"

/* The texts of an entry in the order they are hashed; also the order of journal_columns after seq
 * and time_ms. */
enum {
    ENTRY_ACTOR,
    ENTRY_ACTOR_NAME,
    ENTRY_ROLE,
    ENTRY_TYPE,
    ENTRY_ID,
    ENTRY_ACTION,
    ENTRY_FROM,
    ENTRY_TO,
    ENTRY_DIFF,
    ENTRY_COMMENT,
    ENTRY_REGION,
    ENTRY_ENTERPRISE,
    ENTRY_TEXTS
};
typedef struct {
    gint64 seq, time_ms;
    const char *text[ENTRY_TEXTS]; /* NULL: none */
} EntryTexts;
#define JOURNAL_COLUMNS                                                                            \
    "seq, time_ms, actor, actor_name, role, type, id, action, from_state, to_state, diff, "        \
    "comment, _region, _enterprise, hash, _sector"
/* _sector only says who is told of the entry; it is not hashed: the record's fields tell it. */
enum { JOURNAL_HASH_COLUMN = 2 + ENTRY_TEXTS, JOURNAL_SECTOR_COLUMN };

json_t *journal_entry_json(SqlStatement *st);         /* as docs/api.md ENTRY; in journal.c */
void entry_read(SqlStatement *st, EntryTexts *entry); /* borrows from the statement */
/* Appends the canonical form: what is hashed after the former hash, and what an export holds. */
void entry_write(const EntryTexts *entry, GByteArray *bytes);
/* `former`: hash of the former entry of the same record, 32 zeros for the first. */
void entry_hash(const guint8 former[static HASH_BYTES], const EntryTexts *entry,
                guint8 out[static HASH_BYTES]);

typedef struct {
    gint64 number, time_ms, first_seq, last_seq;
    guint8 root[HASH_BYTES], hash[HASH_BYTES];
} Seal;
void seal_hash(const guint8 former[static HASH_BYTES], const Seal *seal,
               guint8 out[static HASH_BYTES]);

/* The Merkle tree hash of RFC 6962 (2.1) with SM3, fed leaf by leaf; keeps one node per level.
 * Begins as {0}; setting `leaves` to 0 begins the next tree. */
typedef struct {
    HashState *state;
    guint64 leaves;
    guint8 node[64][HASH_BYTES];
} Merkle;
void merkle_add(Merkle *merkle, const guint8 leaf[static HASH_BYTES]);
void merkle_root(const Merkle *merkle, guint8 out[static HASH_BYTES]); /* at least one leaf */
/* hash(00 ‖ hash) and hash(01 ‖ left ‖ right); the state is kept. */
void merkle_leaf(HashState *state, const guint8 hash[static HASH_BYTES],
                 guint8 out[static HASH_BYTES]);
void merkle_join(HashState *state, const guint8 left[static HASH_BYTES],
                 const guint8 right[static HASH_BYTES], guint8 out[static HASH_BYTES]);
void merkle_clear(Merkle *merkle);
