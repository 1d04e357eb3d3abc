/* Documents: the papers that moves produce (docs/packs.md, Documents), and their proof.
 *
 * A move that a document hangs on renders it inside its own job: number without gap, PDF into the
 * store of files, name and hash into the move's journal entry (`_documents`), a row of `documents`.
 * All of it or nothing stays; a crash leaves at most a content without a row, which the scheduler
 * removes. The texts are those of the record as it stands after the move. */
#pragma once
#include "record/act.h"

/* Renders what the move produces of the row, which is about to be written. *made: [{name, number,
 * hash, size, id}] (new reference; empty: nothing), for the journal and documents_write. */
gboolean documents_prepare(const Act *act, const Row *row, const Move *move, json_t **made,
                           GError **error);
/* After the entry stands in the journal. */
gboolean documents_write(const Act *act, const Row *row, const json_t *made, GError **error);

/* [{"id","name","title","number","hash","size","at","by","by_name"}], oldest first; for who may
 * read the record. */
json_t *documents_of(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                     const char *id, GError **error);
/* Those of all records of an enterprise in the actor's sight, newest first, at most `limit`, each
 * also with "type", "record" and the record's "label". ERROR_NOT_FOUND when he does not see the
 * enterprise. */
json_t *documents_of_enterprise(Sql *sql, const Packs *packs, const Actor *actor,
                                const char *enterprise, gint64 now_ms, int limit, GError **error);
/* One of them, when the actor may read its record; else ERROR_NOT_FOUND. */
json_t *document_get(Sql *sql, const Packs *packs, const Actor *actor, const char *id,
                     GError **error);
/* How the document would look of the record as it is now, marked as not in force; nothing is kept
 * and no number is taken. ERROR_NOT_FOUND. */
GString *document_preview(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                          const char *id, const char *name, gint64 now_ms, GError **error);
