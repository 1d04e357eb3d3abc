/* Finding records by what is written in them: an index of the words of all text fields and of the
 * number, kept in the same transaction as the record.
 *
 * On SQLite it is one FTS5 table without content (the texts stand in r_TYPE only); taking a row out
 * needs its former words, which are a function of the former row. A text's row number begins with
 * its type and county, so a county's people look through their county only, and the newest come
 * first without any sorting: the first page costs what it shows. search_page.[hc] asks so. On
 * PostgreSQL it is an index of pairs of characters (search_grams.[hc]). Fields that are added to a
 * type need nothing; a field that may no longer be searched makes the index anew. */
#pragma once
#include "record/query.h"
#include "record/row.h"

gboolean search_field(const Field *field); /* whether its texts are searched */
/* The text of a field, of rows all their texts with a mark between; NULL: none. Caller frees. */
char *search_text(const Row *row, const Field *field);
/* Makes the index, and fills it from the rows there are when it is new. Inside records_migrate. */
/* Throws the index away; search_migrate makes it anew. */
gboolean search_forget(Sql *sql, GError **error);
gboolean search_migrate(Sql *sql, const Packs *packs, GError **error);
/* `before` NULL: a new record. In the job that writes the row. */
gboolean search_put(Sql *sql, const Row *before, const Row *row, GError **error);
/* The rows of an enterprise that have their region from it come to another: before r_TYPE says so.
 */
gboolean search_follow(Sql *sql, const RecordType *type, const char *enterprise, const char *region,
                       GError **error);

/* --- without an order of its own: PostgreSQL --- */

/* Appends " AND ...": the rows of r_TYPE in which the text occurs. `actor` narrows the search to
 * what he may see, roughly: the scope is still to be asked; NULL: no narrowing. */
void search_sql(Query *query, Sql *sql, const Actor *actor, const RecordType *type,
                const char *text);

/* --- in order: SQLite --- */

gboolean search_has_order(const Sql *sql);
typedef struct {
    char *match;        /* in the language of FTS5 */
    gint64 first, last; /* places in the index */
} SearchAsked;
/* FALSE: nothing can be found. `actor` as in search_sql. */
gboolean search_ask(Sql *sql, const Actor *actor, const RecordType *type, const char *text,
                    SearchAsked *asked);
void search_asked_clear(SearchAsked *asked);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SearchAsked, search_asked_clear)
/* " FROM ... WHERE ...": the words joined with the rows; `search_index.rowid` is the place. */
void search_from(Query *query, const RecordType *type, const SearchAsked *asked);
gint64 search_serial(gint64 place);     /* grows with each new record of any type */
gint64 search_county_end(gint64 place); /* the last place in the county of this one */
