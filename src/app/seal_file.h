/* The file with the seal key of a data directory (record/sealed.h): found, made at the first start,
 * compared with the database, changed. */
#pragma once
#include "record/sealed.h"
#include "store/writer.h"

/* The key that the database was sealed with. A database without one takes that of the file, which
 * is made when there is none; a wrong or missing file is refused (ERROR_CONFIG) with both ids.
 * `lost`: makes a new file in place of a missing one; what the former key sealed stays shut. */
SealKey *seal_file_open(const char *path, gboolean lost, Sql *sql, gint64 now_ms, GError **error);
/* Seals all anew with a new key and puts its file in the place of the old one. The new file stands
 * beside it (PATH.new) before the database changes, and seal_file_open finds it there, so no moment
 * of a crash leaves the values without their key. */
gboolean seal_file_rotate(const char *path, const SealKey *old, Writer *records, const Packs *packs,
                          gint64 now_ms, gint64 *values, GError **error);
