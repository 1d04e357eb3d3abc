/* One SQL connection behind a small header. Today the URI is `sqlite:PATH` (or `sqlite::memory:`);
 * PostgreSQL comes behind the same header, so callers write portable SQL with `?` for parameters,
 * which are always bound.
 *
 * A connection belongs to one thread at a time. Exactly one connection of a file is opened
 * SQL_WRITE (the writer's, see writer.h: SQLite 3.40.1 has the WAL-reset bug); all others are
 * SQL_READ. Statements are prepared once per text and cached with the connection; the pointer is
 * valid until the same text is prepared again. Errors are ERROR_STORE or ERROR_DISK_FULL. */
#pragma once
#include <glib.h>

typedef struct Sql Sql;
typedef struct SqlStatement SqlStatement;
typedef enum { SQL_READ, SQL_WRITE } SqlMode;
typedef enum { SQL_ROW, SQL_DONE, SQL_FAILED } SqlStep;

Sql *sql_open(const char *uri, SqlMode mode, GError **error);
void sql_close(Sql *sql);

/* Runs statements without parameters or results, separated by `;`. */
gboolean sql_exec(Sql *sql, const char *text, GError **error);

/* Runs one statement with parameters given by `types`: t text (NULL = null), i gint64, d double, b
 * blob (pointer, gsize), n null. Rows are thrown away. Example: sql_run(sql, error, "DELETE FROM x
 * WHERE id = ?", "t", id). */
gboolean sql_run(Sql *sql, GError **error, const char *text, const char *types, ...);

/* Like sql_run but gives the statement before its first step, to be read with sql_step. NULL on
 * error. */
SqlStatement *sql_query(Sql *sql, GError **error, const char *text, const char *types, ...);

SqlStatement *sql_prepare(Sql *sql, const char *text,
                          GError **error); /* cached, reset, parameters cleared */
void sql_bind_text(SqlStatement *st, int index,
                   const char *value); /* 1-based; copied; NULL = null */
void sql_bind_int(SqlStatement *st, int index, gint64 value);
void sql_bind_double(SqlStatement *st, int index, double value);
void sql_bind_blob(SqlStatement *st, int index, const void *bytes,
                   gsize n); /* borrowed until the next step ends */
void sql_bind_null(SqlStatement *st, int index);
SqlStep sql_step(SqlStatement *st,
                 GError **error); /* after SQL_DONE or SQL_FAILED the statement is reset */
void sql_reset(SqlStatement *st); /* leave a query before its end */

/* Columns are 0-based; text and blobs are borrowed until the next step. */
gboolean sql_is_null(SqlStatement *st, int column);
const char *sql_text(SqlStatement *st, int column);
gint64 sql_int(SqlStatement *st, int column);
double sql_double(SqlStatement *st, int column);
const void *sql_blob(SqlStatement *st, int column, gsize *n);

/* The single integer of a query's first row; `otherwise` when there is no row or it is null. */
gboolean sql_get_int(Sql *sql, GError **error, gint64 *value, gint64 otherwise, const char *text,
                     const char *types, ...);
gboolean sql_in_transaction(Sql *sql);
gint64 sql_changes(Sql *sql); /* rows touched by the last statement */

/* Copies a whole live database file to PATH while others go on (SQLite online backup). */
gboolean sql_backup(Sql *sql, const char *path, GError **error);
/* Writes the WAL back into the file; only on the SQL_WRITE connection. */
gboolean sql_checkpoint(Sql *sql, gboolean truncate, GError **error);
