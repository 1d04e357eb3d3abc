/* Rights: role x level x scope, as an SQL condition over the two scope columns and as a test of one
 * row; the two agree.
 *
 * Every record table and the journal carry `_region` (division code), `_enterprise` and `_sector`.
 * Government levels see rows whose _region starts with their own code, as an indexed range, never
 * by a join; a role with `scope: sector` of those only rows whose _sector is one of its user's, or
 * ANY_SECTOR; enterprise level sees rows of its _enterprise; system level sees all. Types that
 * everyone may read, and types without any scope, are seen whole. Somebody whose level needs a
 * place but who has none sees nothing. */
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
/* Appends " AND ..." (or nothing) and its text parameters, copied: make the array with
 * g_ptr_array_new_with_free_func(g_free). */
void rights_scope_sql(const Actor *actor, const RecordType *type, GString *sql,
                      GPtrArray *parameters);

/* May he change a row of this place: as rights_in_scope, but `everyone` gives sight only. */
gboolean rights_covers(const Actor *actor, const RecordType *type, const char *region,
                       const char *enterprise, const char *sector);
/* The smallest text above all that start with `prefix` (not empty, ASCII); caller frees. */
char *rights_prefix_end(const char *prefix);
/* No scope at all: the machine, system level, types without scope. */
gboolean rights_all_rows(const Actor *actor, const RecordType *type);
/* The scope condition of a person below system level, whatever the type. */
void rights_scope_add(const Actor *actor, GString *sql, GPtrArray *parameters);
