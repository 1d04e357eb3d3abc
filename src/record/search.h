/* Finding records by what is written in them: an index of the words of all text fields and of the
 * number, kept in the same transaction as the record.
 *
 * On SQLite it is one FTS5 table without content (the texts stand in r_TYPE only) beside a table
 * that numbers the records; taking a row out needs its former words, which are a function of the
 * former row. Everything about the back end is in search.c: PostgreSQL
 * has no index yet and looks through the texts. Fields
 * that are added to a type need nothing; a field that may no longer be searched makes the index
 * anew. */
#pragma once
#include "record/query.h"
#include "record/row.h"

/* Makes the index, and fills it from the rows there are when it is new. Inside records_migrate. */
gboolean search_migrate(Sql *sql, const Packs *packs, GError **error);
/* `before` NULL: a new record. In the job that writes the row. */
gboolean search_put(Sql *sql, const Row *before, const Row *row, GError **error);
/* Appends " AND ...": the rows of r_TYPE in which the text occurs. */
void search_sql(Query *query, const Sql *sql, const RecordType *type, const char *text);
