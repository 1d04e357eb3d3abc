/* The journal as one file that proves itself: every entry, every seal, and (unless left away) every
 * row with what the fold of its entries needs of its type, so that it is verified without database
 * and packs. Form and proof: docs/verify.md.
 *
 * Reading it is bounded in memory whatever the file says: one item at a time, and 32 bytes per
 * entry in a temporary file. */
#pragma once
#include "record/journal.h"

/* One moment of the database; *entries how many. The file must not exist; it is readable by its
 * owner only, and what is half-written is removed again. */
gboolean journal_file_write(Sql *sql, const Packs *packs, const char *path, gboolean rows,
                            gint64 *entries, GError **error);
/* As journal_verify. ERROR_VERIFY names the first break; ERROR_FILE: it cannot be read at all. */
gboolean journal_file_verify(const char *path, const JournalHead *kept, VerifyReport *report,
                             GError **error);
