/* The tables behind the records: one per type, made and widened from the packs, and the common ones
 * (journal, seals, clocks, notices, numbers). What stands in schema_fields is what the tables hold;
 * a pack that no longer fits it is refused. */
#pragma once
#include "pack/pack.h"

/* FALSE for the key (stored as _id) and the enterprise of the scope (stored as _enterprise). */
gboolean schema_own_column(const RecordType *type, const Field *field);
/* The SQL column of a field (of money: an expression in yuan) or of state, id, number, created_at,
 * updated_at, created_by; NULL when there is none (points). Interned; a ConditionColumn over a
 * RecordType. */
const char *schema_column(gpointer type, const char *name);
gboolean schema_column_nullable(const RecordType *type, const char *name);
