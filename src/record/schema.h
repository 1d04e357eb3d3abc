/* The tables behind the records: one per type, made and widened from the packs, and the common ones
 * (journal, seals, clocks, notices, numbers). What stands in schema_fields is what the tables hold;
 * a pack that no longer fits it is refused. */
#pragma once
#include "pack/pack.h"
#include "store/sql.h"

/* FALSE for the key (stored as _id) and the enterprise of the scope (stored as _enterprise). */
gboolean schema_own_column(const RecordType *type, const Field *field);
/* The SQL column of a field (of money: an expression in yuan) or of state, id, number, created_at,
 * updated_at, created_by; NULL when there is none (points). Interned; a ConditionColumn over a
 * RecordType. */
const char *schema_column(gpointer type, const char *name);
gboolean schema_column_nullable(const RecordType *type, const char *name);

/* Makes and widens the tables and remembers their fields; the first part of records_migrate.
 * ERROR_PACK names the command that does knowingly what would lose data (pack_change.h). */
gboolean schema_fit_tables(Sql *sql, const Packs *packs, GError **error);

/* The row of schema_fields that says where `_sector` of a type comes from. */
#define SECTOR_SOURCE "_sector"
/* Adds and fills the columns `_sector`, and fills them anew when the pack takes it from elsewhere.
 * Entries of the journal from before have none, so roles of a sector are not told of them. */
gboolean schema_fit_sectors(Sql *sql, const Packs *packs, GError **error);

/* Before the kind of a field in schema_fields: its column holds sealed values. */
#define SECRET_KIND "secret "
/* Fields (const Field *) of the type that are secret in the pack, but whose column is not sealed
 * yet; and that it is now. */
GPtrArray *schema_unsealed(Sql *sql, const RecordType *type, GError **error);
gboolean schema_sealed(Sql *sql, const RecordType *type, const GPtrArray *fields, GError **error);
