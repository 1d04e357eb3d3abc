/* Files beside a database: each content once, under its SM3 (GB/T 32905), never overwritten.
 *
 * A store is a folder; the content with hash H stands in `H[0..1]/H`, mode 0440. It is written to a
 * nameless file (O_TMPFILE), synced, and only then linked to its name, so that what has a name is
 * whole, whatever happens; the folder is synced before the call returns. Content that is there
 * already is kept as it is. Rows that name a hash are the business of record/files.h; linking and
 * removing happen on the writer's thread only, so that nobody removes what another has just linked.
 * Errors: ERROR_FILE, ERROR_DISK_FULL, ERROR_FILE_LOST. */
#pragma once
#include "base/hash.h"

/* A new nameless file in `store` (made when missing), or -1. Private to this user. */
int file_store_temporary(const char *store, GError **error);
/* Syncs a nameless file and gives the hash and size of its content. Slow for large ones; any
 * thread. */
gboolean file_store_seal(int fd, char hash[static HASH_HEX], gint64 *size, GError **error);
/* Links it to its name. Twice is once. */
gboolean file_store_keep(const char *store, int fd, const char *hash, GError **error);
/* All three for bytes in memory. */
gboolean file_store_put(const char *store, const void *bytes, gsize n, char hash[static HASH_HEX],
                        GError **error);

/* For reading; -1 with ERROR_FILE_LOST when there is none. `hash` from a row, checked for form. */
int file_store_open(const char *store, const char *hash, GError **error);
/* Reads it all and compares; ERROR_FILE_LOST says what is wrong. */
gboolean file_store_check(const char *store, const char *hash, GError **error);
/* True also when it is gone already. */
gboolean file_store_remove(const char *store, const char *hash, GError **error);

/* Calls `visit` for the hash of each content older than `older_ms` (by the file's own time), in no
 * order, until it returns false; returns that. */
typedef gboolean (*FileVisit)(gpointer data, const char *hash, GError **error);
gboolean file_store_each(const char *store, gint64 older_ms, FileVisit visit, gpointer data,
                         GError **error);
/* Removes a store of tests and stories, whole. */
void file_store_erase(const char *store);
/* Copies every content that `to` has not yet; checks each on the way. *copied may be NULL. */
gboolean file_store_copy(const char *store, const char *to, guint *copied, GError **error);
