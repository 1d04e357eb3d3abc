/* Files that records use: who sent them, who may read them, which record uses them.
 *
 * An upload makes a row of `files` (a name for a content, see store/file_store.h). It becomes part
 * of the record when a field of kind `file` names its id: then a row of `file_uses` is written, and
 * the field's value, so also the journal, carries id, name, size, media type and hash. A use is
 * never taken back: what stood in a record stays its history. A file is readable by who sent it
 * until it is used, then by whoever may read a record that uses it; ids give no rights. Unused
 * files lapse after FILE_UNUSED_MS. The functions that write run in a job of the records writer;
 * the folder is that of the connection (sql_set_files). */
#pragma once
#include "record/act.h"

enum { FILE_UNUSED_MS = 24 * 3600 * 1000, FILES_UNUSED_MAX = 1000 };
#define FILES_UNUSED_BYTES ((gint64)2000 * 1000 * 1000)

extern const char file_tables[]; /* for sql_define */

/* Registers the content of a nameless, sealed file and links it. {"file","name","size","media",
 * "hash"}. ERROR_FILE_QUOTA when the actor has too many unused ones. */
typedef struct {
    int fd;
    const char *hash, *media, *name;
    gint64 size;
} FileContent;
json_t *file_register(Sql *sql, const Actor *actor, const FileContent *content, gint64 now_ms,
                      GError **error);
/* The same object, when the actor may read it; else ERROR_NOT_FOUND. */
json_t *file_get(Sql *sql, const Packs *packs, const Actor *actor, const char *id, GError **error);

/* The ids in the row's file fields become whole values: each exists, the actor sent it or may read
 * it, and it fits the field; what stood in `before` (or NULL) stays as it was. Called when given
 * fields have been put into the row. */
gboolean files_resolve(const Act *act, const Row *before, Row *row, GError **error);
/* Notes the uses of a row that is being written. */
gboolean files_use(const Act *act, const Row *before, const Row *row, GError **error);

/* Removes at most `max` uploads that lapsed without use, and their contents when nothing else names
 * them. */
gboolean files_sweep(Sql *sql, gint64 now_ms, int max, int *removed, GError **error);
/* Contents without a row, from a crash between file and commit: found by any connection (hashes,
 * at most `max`), removed in a job, which looks again. */
GPtrArray *files_strays(Sql *sql, gint64 now_ms, guint max, GError **error);
gboolean files_drop(Sql *sql, const GPtrArray *hashes, GError **error);

/* Every file that the journal names, and every document, is in the store with its hash, and the
 * rows agree. *checked contents. ERROR_VERIFY. */
gboolean files_verify(Sql *sql, const Packs *packs, gint64 *checked, GError **error);
