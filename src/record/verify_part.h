/* What verifying a database (verify.c) and verifying an export (journal_file.c) have in common:
 * seals over the entries in order of seq, the chain of each record, and the fold of its entries
 * against its row. Each check is fed piece by piece and keeps no more than the record at hand.
 * Inside record/ only. */
#pragma once
#include "record/journal.h"
#include "record/journal_hash.h"
#include "record/record.h"
#include "record/row.h"

/* ERROR_VERIFY with what is broken; always FALSE. */
gboolean verify_broken(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
#define I64 "%" G_GINT64_FORMAT

/* --- verify.c: what is read in both --- */

/* Types of the machine's own entries: begin with _, and have no rows. */
extern const char *const rowless_types[1];

/* Where a type has its enterprise from, or NULL. */
const RecordType *type_owner(const Packs *packs, const RecordType *type);
/* In order of id; entries of a record in order of seq. */
SqlStatement *row_scan(Sql *sql, const RecordType *type, GError **error);
SqlStatement *journal_scan_type(Sql *sql, const char *type, GError **error);

/* --- verify_seals.c: no gap in seq, and every seal fits --- */

typedef struct {
    Seal seal;     /* the last one given */
    gboolean open; /* some of its entries have not been given */
    guint8 former[HASH_BYTES];
    Merkle merkle;
    gint64 last_seq; /* last entry given */
    gint64 entries, seals, unsealed;
    const JournalHead *kept; /* must be met; or NULL */
} SealCheck;                 /* begins as {0} */
/* A seal is given before the first entry it covers. */
gboolean seal_check_seal(SealCheck *check, const Seal *seal, GError **error);
gboolean seal_check_entry(SealCheck *check, gint64 seq, const guint8 hash[static HASH_BYTES],
                          GError **error);
gboolean seal_check_end(SealCheck *check, GError **error);
/* Counts and head. */
void seal_check_report(const SealCheck *check, VerifyReport *report);
void seal_check_clear(SealCheck *check);

/* --- verify_fold.c: what the entries of one record make of it --- */

typedef struct Fold Fold;
Fold *fold_new(void);
void fold_free(Fold *fold);
/* The next record; both texts are copied. */
void fold_begin(Fold *fold, const char *type, const char *id);
gboolean fold_is_of(const Fold *fold, const char *type, const char *id);
const char *fold_id(const Fold *fold);
const char *fold_type(const Fold *fold);
gboolean fold_entry(Fold *fold, const EntryTexts *entry, GError **error);

/* The members of a row that are not fields. */
typedef struct {
    const char *state, *created_by; /* or NULL */
    gint64 version, created_ms, updated_ms, state_ms;
} RowFacts;
/* In this order: the facts, each value that is not empty, and that these were all. */
gboolean fold_fits_facts(Fold *fold, const RowFacts *facts, GError **error);
/* `json`: compact; n its bytes. */
gboolean fold_fits_value(Fold *fold, const char *name, const char *json, gsize n, GError **error);
gboolean fold_fits_all(const Fold *fold, GError **error);
/* The values of a row that are not empty, as the members of one compact JSON object: what
 * the reader of an export gives to fold_fits_value. */
void row_values_text(const Row *row, GString *text);
/* The same for a row in memory. */
gboolean fold_fits_row(Fold *fold, const Row *row, GError **error);
/* "TYPE ID (seq N): WHAT"; always FALSE. */
gboolean fold_broken(const Fold *fold, const char *what, GError **error);

/* --- one JSON text, read without building it --- */

/* The end of the value that starts at `at`, or NULL. */
const char *json_text_end(const char *at, const char *end);
/* Called for each member of the object; FALSE ends it. */
typedef gboolean (*JsonTextMember)(gpointer data, const char *name, gsize name_n, const char *value,
                                   gsize value_n);
/* FALSE: not one compact object, or `member` has ended it. */
gboolean json_text_members(const char *text, JsonTextMember member, gpointer data);

/* --- a database --- */

/* Region, enterprise and sector of every row are what its fields and its enterprise say. */
gboolean verify_places(Sql *sql, const Packs *packs, const RecordType *type, GError **error);
