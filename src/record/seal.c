#include "record/journal.h"
#include "record/journal_hash.h"

#include <string.h>

/* The seal after the last one; its number, first entry and *former hash are set. */
static gboolean seal_begin(Sql *sql, Seal *seal, guint8 former[static HASH_BYTES], GError **error) {
    memset(former, 0, HASH_BYTES);
    SqlStatement *st = sql_query(
        sql, error, "SELECT number, last_seq, hash FROM seals ORDER BY number DESC LIMIT 1", "");
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *seal = (Seal){.number = 1, .first_seq = 1};
    if (step == SQL_ROW) {
        gsize n;
        seal->number = sql_int(st, 0) + 1;
        seal->first_seq = sql_int(st, 1) + 1;
        const void *hash = sql_blob(st, 2, &n);
        memcpy(former, hash, MIN(n, HASH_BYTES));
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

static gboolean add_leaves(Sql *sql, Seal *seal, Merkle *merkle, GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT seq, hash FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?",
                  "ii", seal->first_seq, (gint64)SEAL_ENTRIES_MAX);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        gsize n;
        guint8 leaf[HASH_BYTES] = {0};
        const void *hash = sql_blob(st, 1, &n);
        memcpy(leaf, hash, MIN(n, HASH_BYTES));
        merkle_add(merkle, leaf);
        seal->last_seq = sql_int(st, 0);
    }
    return step == SQL_DONE;
}

gboolean journal_seal(Sql *sql, gint64 now_ms, gint64 *sealed, GError **error) {
    Seal seal;
    guint8 former[HASH_BYTES];
    Merkle merkle = {0};
    *sealed = 0;
    gboolean good = seal_begin(sql, &seal, former, error) && add_leaves(sql, &seal, &merkle, error);
    if (good && merkle.leaves > 0)
        merkle_root(&merkle, seal.root);
    merkle_clear(&merkle);
    if (!good || merkle.leaves == 0)
        return good;
    seal.time_ms = now_ms;
    seal_hash(former, &seal, seal.hash);
    *sealed = (gint64)merkle.leaves;
    return sql_run(sql, error,
                   "INSERT INTO seals (number, time_ms, first_seq, last_seq, root, hash) VALUES "
                   "(?, ?, ?, ?, ?, ?)",
                   "iiiibb", seal.number, seal.time_ms, seal.first_seq, seal.last_seq, seal.root,
                   sizeof seal.root, seal.hash, sizeof seal.hash);
}
