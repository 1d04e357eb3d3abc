/* An SQL text that is put together with its parameters, in order. For statements whose form depends
 * on types, filters and scopes; fixed statements use sql_query directly. */
#pragma once
#include "pack/condition.h"
#include "store/sql.h"

typedef struct {
    GString *text;
    GArray *terms;    /* Term, in the order of the `?` */
    GPtrArray *texts; /* texts the terms point to */
} Query;

Query *query_new(const char *text);
void query_free(Query *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Query, query_free)

void query_add(Query *query, const char *text);
void query_add_format(Query *query, const char *format, ...) G_GNUC_PRINTF(2, 3);
void query_param_text(Query *query, const char *value); /* copied; NULL = null */
void query_param_int(Query *query, gint64 value);
void query_param_double(Query *query, double value);
/* Prepares and binds; NULL on error. */
SqlStatement *query_start(const Query *query, Sql *sql, GError **error);
/* The single integer of the first row, 0 when there is none. */
gboolean query_int(const Query *query, Sql *sql, gint64 *value, GError **error);
