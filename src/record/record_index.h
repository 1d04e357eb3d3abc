/* The indexes of the record tables: which there are follows from the type, and which columns a list
 * reads without touching a row.
 *
 * Every type has one wide index, `sight`: region, creation, id, then the light columns (state,
 * codes, refs, dates, numbers, number). A list within one county, whatever it filters and sorts by,
 * walks the county's part of it and reads rows only for its page; counts and facets read no row at
 * all. A move changes one entry of it, in place. `index: [FIELD…]` of a pack adds (region, FIELD,
 * creation, id): sorted and narrowed by that field without looking at the rest of the county.
 *
 * Definitions are remembered in schema_indexes, so that a pack that changes changes them. */
#pragma once
#include "pack/pack.h"
#include "store/sql.h"

/* Makes, alters and drops what is needed. Inside records_migrate, after the table fits. */
gboolean record_indexes_fit(Sql *sql, const Packs *packs, const RecordType *type, GError **error);

/* Fields whose values are few enough to count: code, bool, ref, region, role. */
gboolean field_counted(const Field *field);
/* Whether lists of the type may be sorted by this name without reading rows: `created_at`,
 * `updated_at`, `state`, `number`, `id`, a light field, a field of `index`. Others sort too, but
 * slowly; the client does not offer them. */
gboolean type_sorts_by(const RecordType *type, const char *name);
/* Whether `sight` holds the field. */
gboolean type_sight_has(const RecordType *type, const Field *field);
