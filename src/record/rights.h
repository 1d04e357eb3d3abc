/* Rights: role x level x (scope or assignment), as an SQL condition over the scope columns and as a
 * test of one row; the two agree.
 *
 * Every record table and the journal carry `_region` (division code), `_enterprise` and `_sector`.
 * Government levels see rows whose _region starts with their own code, as an indexed range, never
 * by a join; a role with `scope: sector` of those only rows whose _sector is one of its user's, or
 * ANY_SECTOR; enterprise level sees rows of its _enterprise; system level sees all. Types that
 * everyone may read, and types without any scope, are seen whole. Somebody whose level needs a
 * place but who has none sees nothing.
 *
 * A type may also say that a record names those who see it wherever they are (`scope: {assigned,
 * own}`, docs/packs.md). Whom it names is not copied anywhere: it is asked of the record's own
 * columns, by their indexes, so it ends when the name is taken out. Whoever has no such record of
 * a type, as nearly everybody, is given the plain scope, which keeps the indexes of lists usable.
 */
#pragma once
#include "record/record.h"

#define ANY_SECTOR "*" /* _sector of types that have none */

gboolean rights_read(const Actor *actor, const RecordType *type); /* may he read the type at all */
gboolean rights_create(const Actor *actor, const RecordType *type);
gboolean rights_edit(const Actor *actor, const RecordType *type);
/* May he open what is sealed; never the machine. */
gboolean rights_keeps(const Actor *actor, const RecordType *type);
/* May he see a row of this place. */
gboolean rights_in_scope(const Actor *actor, const RecordType *type, const char *region,
                         const char *enterprise, const char *sector);
/* The same, or it is assigned to him. */
gboolean rights_sees(Sql *sql, const Actor *actor, const RecordType *type, const char *id,
                     const char *region, const char *enterprise, const char *sector);
/* Appends " AND ..." (or nothing) and its text parameters, copied: make the array with
 * g_ptr_array_new_with_free_func(g_free). `id`: the column with the id of the type's record, "_id"
 * or that of a table with _region, _enterprise and _sector of its own. */
void rights_scope_sql(Sql *sql, const Actor *actor, const RecordType *type, const char *id,
                      GString *text, GPtrArray *parameters);
/* Whether records of the type are assigned to him: any, and this one. */
gboolean rights_any_assigned(Sql *sql, const Actor *actor, const RecordType *type);
gboolean rights_assigned(Sql *sql, const Actor *actor, const RecordType *type, const char *id);
/* Appends "ID IN (…)", the records assigned to him; FALSE, and nothing, when there are none. */
gboolean rights_assigned_sql(Sql *sql, const Actor *actor, const RecordType *type, const char *id,
                             GString *text, GPtrArray *parameters);

/* May he change a row of this place: as rights_in_scope, but `everyone` gives sight only. */
gboolean rights_covers(const Actor *actor, const RecordType *type, const char *region,
                       const char *enterprise, const char *sector);
/* The smallest text above all that start with `prefix` (not empty, ASCII); caller frees. */
char *rights_prefix_end(const char *prefix);
/* No scope at all: the machine, system level, types without scope. */
gboolean rights_all_rows(const Actor *actor, const RecordType *type);
/* The scope condition of a person below system level, whatever the type. */
void rights_scope_add(const Actor *actor, GString *sql, GPtrArray *parameters);
