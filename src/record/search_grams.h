/* The index of texts on PostgreSQL: one row per text field with its words and a tsvector of pairs
 * of neighbouring characters (GIN), made here and not by a dictionary of the server, so that no
 * extension and no language setting is needed. The vector also holds the type with the county and
 * with the enterprise, so that the index itself narrows to what the asker may see. A change writes
 * the rows of the fields that it touches only. What the pairs find is looked at once more: the
 * words must stand side by side. */
#pragma once
#include "record/query.h"
#include "record/row.h"

gboolean search_gram_tables(Sql *sql, GError **error);
extern const char search_gram_no_tables[];
gboolean search_gram_put(Sql *sql, const Row *before, const Row *row, GError **error);
/* " AND ...": as search_sql (search.h); asks the server how common the words are. */
void search_gram_sql(Query *query, Sql *sql, const Actor *actor, const RecordType *type,
                     const char *text);
/* Whether every part of it stands in so many texts that the newest are found sooner by looking at
 * one record after the other (search_walk.h). */
gboolean search_gram_common(Sql *sql, const Actor *actor, const RecordType *type, const char *text);
/* " AND ...": whether it stands in the texts of the record `_id`. */
void search_gram_look(Query *query, const RecordType *type, const char *text);
