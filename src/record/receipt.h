/* Receipts: proof for whoever filed something that it was filed, when, and with what content,
 * without a name.
 *
 * A type with `receipts` gives one for each record that is created, a move with `receipt` one for
 * the record as it then stands. The receipt's code is a secret
 * of its holder: 95 random bits as 19 characters of Crockford's base 32 and a check character, in
 * groups of five. The database keeps the hash of the code only. In the same transaction the journal
 * takes an entry of its own, of type `_receipt`, by nobody, with a commitment to the content; so
 * the proof (entry, path in the Merkle tree, seal) needs neither the record's entry nor its actor.
 * Canonical forms: docs/verify.md. */
#pragma once
#include "record/journal.h"
#include "record/row.h"

#define RECEIPT_TYPE "_receipt"
enum { RECEIPT_CHARS = 20, RECEIPT_TEXT = RECEIPT_CHARS + 4 };

/* What somebody typed (case, hyphens, spaces, O for 0, I and L for 1 do not matter) as 20
 * characters. FALSE: not a code, or its check character does not fit. */
gboolean receipt_code_read(const char *typed, char code[static RECEIPT_CHARS + 1]);

gboolean receipt_migrate(Sql *sql, GError **error);
/* The receipt of a new row, in the transaction that creates it; with `content`, the text that is
 * committed to. NULL with error. */
json_t *receipt_give(Sql *sql, const Row *row, gint64 now_ms, GError **error);
/* What the holder of a code may see: {"code", "type", "title", "filed_at", "state": {zh, en},
 * "shows": {field: value}, "entry", "commitment", "salt", and once it is sealed "seal", "path"}.
 * ERROR_RECEIPT for what is not a code and for codes that were never given, alike. */
json_t *receipt_find(Sql *sql, const Packs *packs, const char *typed, GError **error);

/* What its holder may do now: [{"name", "title", "accepts", "require", "fields": [FIELD]}], the
 * moves `by: receipt`. In `fields` those that are accepted, as /api/types shows them. */
json_t *receipt_moves(Sql *sql, const Packs *packs, const char *typed, gint64 now_ms,
                      GError **error);
/* Makes one of them; the journal says "receipt" and nobody's name. Files given are added to those
 * that stand there. In a job of the records writer. Gives what receipt_find does. */
json_t *receipt_move(Sql *sql, const Packs *packs, const char *typed, const char *move,
                     json_t *fields, const char *comment, gint64 now_ms, GError **error);

/* Checks a receipt without any database; *head is the seal it leads to. ERROR_VERIFY says what does
 * not fit, also when it is not sealed yet. */
gboolean receipt_check(json_t *receipt, JournalHead *head, GError **error);
