/* The table of a type as it is, which need not be what the packs say: enough of a RecordType, made
 * from schema_fields, for row.h and rows.h to read its rows. Its fields are in order of their names
 * and have name, kind and `secret` only; its states are those that records stand in. Inside record/
 * only. */
#pragma once
#include "pack/pack.h"
#include "store/sql.h"

/* The kind of a stored field ("text", "secret code"), or of "_id" and "_enterprise" the name of the
 * field; NULL: there is none, or an error. Caller frees. */
char *stored_kind(Sql *sql, const char *type, const char *field, GError **error);
gboolean stored_kind_parse(const char *text, FieldKind *kind, gboolean *secret);
/* Of the table r_TABLE that holds the type `name`; NULL on error. */
RecordType *stored_type(Sql *sql, const char *name, const char *table, GError **error);
void stored_type_free(RecordType *type);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecordType, stored_type_free)
