/* Sealed fields (`secret: true`): values that a copy of the database does not give away.
 *
 * A value is sealed to the public half of a key pair (libsodium sealed box: a new pair for each
 * value, so equal values differ) and can be opened with the secret half alone. The secret half is a
 * file outside the database; the public half stands in table `seal_keys`, so who only writes needs
 * no secret. What is sealed also names type, record and field, so that a value moved elsewhere does
 * not open, and is padded to blocks of 64 bytes, so that its length tells little. The column holds
 * "1.KEY.BOX"; the journal holds only the SM3 of that text: the fold over the entries still proves
 * the row, and a key that is lost or given away later opens nothing of the past. */
#pragma once
#include "record/record.h"

typedef struct SealKey SealKey; /* the secret half; in locked memory; read-only, any thread */

SealKey *seal_key_new(void);
/* ERROR_CONFIG when the file is no seal key, or when others than its owner may read or write it. */
SealKey *seal_key_read(const char *path, GError **error);
/* Makes the file with mode 0600, its folder with 0700, and syncs both; never overwrites. */
gboolean seal_key_write(const SealKey *key, const char *path, GError **error);
void seal_key_free(SealKey *key);
const char *seal_key_id(const SealKey *key); /* 16 hex digits of the SM3 of the public half */

/* --- in a writer's job, or at start --- */

/* Id of the key to which new values are sealed, or "" when there is none yet; caller frees. */
char *seal_key_active(Sql *sql, GError **error);
/* From now on new values are sealed to this key; the former is retired. */
gboolean seal_key_activate(Sql *sql, const SealKey *key, gint64 now_ms, GError **error);

/* Seals what stood in the clear before the pack made its field secret. Once at start, after
 * records_migrate and with a key. *values: how many. Earlier journal entries keep what they had. */
gboolean records_seal(Sql *sql, const Packs *packs, gint64 now_ms, gint64 *values, GError **error);
/* Opens every value with `old`, seals it to `key`, and makes that the active one; each record gets
 * an entry `reseal`. In one job. */
gboolean records_reseal(Sql *sql, const Packs *packs, const SealKey *old, const SealKey *key,
                        gint64 now_ms, gint64 *values, GError **error);

/* --- opening --- */

/* {"field", "value"} for a keeper of the type, once the entry `reveal:FIELD` with his reason is
 * written. In a writer's job. */
json_t *record_reveal(Sql *sql, const Packs *packs, const SealKey *key, const Actor *actor,
                      const char *type, const char *id, const char *field, const char *reason,
                      gint64 now_ms, GError **error);
/* For the program itself (secrets of webhooks): not written down. NULL when empty, or with error;
 * caller frees. */
char *seal_text_of(Sql *sql, const Packs *packs, const SealKey *key, const char *type,
                   const char *id, const char *field, GError **error);
