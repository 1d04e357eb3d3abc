/* One SQL connection behind a small header, on SQLite (`sqlite:PATH`, `sqlite::memory:`) or
 * PostgreSQL 13+ (`postgresql://…`, as libpq reads it; database in UTF8). Callers write SQL that
 * both understand, with `?` for parameters, which are always bound.
 *
 * A connection belongs to one thread at a time. Exactly one connection of a database is opened
 * SQL_WRITE (the writer's, see writer.h: SQLite 3.40.1 has the WAL-reset bug; on PostgreSQL an
 * advisory lock of the schema refuses a second one, also of another machine); all others are
 * SQL_READ. Statements are prepared once per text and cached with the connection; the pointer is
 * valid until the same text is prepared again. Errors are ERROR_STORE or ERROR_DISK_FULL.
 *
 * What both back ends agree on:
 * - Text in columns is compared by its bytes, and what is no column by COLLATE BINARY; LIKE heeds
 *   case, and its ESCAPE is always written.
 * - BEGIN IMMEDIATE starts a writing transaction; a SAVEPOINT outside a transaction starts one that
 *   its RELEASE commits, and a reader sees one moment until then.
 * - A statement that failed inside a transaction may have spoilt it (PostgreSQL): nothing but
 *   ROLLBACK TO a savepoint, or ROLLBACK, may follow.
 * - A truth value is not a number: SUM(CASE WHEN … THEN 1 ELSE 0 END), not SUM(…).
 * - A parameter has the type it is bound with; a bare column name or a cast decides where that is
 *   not enough.
 *
 * A lost PostgreSQL connection fails what runs with ERROR_STORE; a reader's single query is asked
 * again on a new connection, a transaction never is: the next one finds a new connection. */
#pragma once
#include <glib.h>

typedef struct Sql Sql;
typedef struct SqlStatement SqlStatement;
typedef enum { SQL_READ, SQL_WRITE } SqlMode;
typedef enum { SQL_SQLITE, SQL_POSTGRES } SqlKind;
typedef enum { SQL_ROW, SQL_DONE, SQL_FAILED } SqlStep;

Sql *sql_open(const char *uri, SqlMode mode, GError **error);
void sql_close(Sql *sql);
/* The folder of the files that belong to this database (file_store.h); copied. NULL, as at first:
 * there is none. Whoever opens the database says where it is. */
void sql_set_files(Sql *sql, const char *folder);
const char *sql_files(const Sql *sql);
/* For messages and tests; SQL itself does not depend on it. */
SqlKind sql_kind(const Sql *sql);

/* Runs statements without parameters or results, separated by `;`. */
gboolean sql_exec(Sql *sql, const char *text, GError **error);

/* sql_exec for CREATE and ALTER: {key} (a row's own number, as PRIMARY KEY), {int} (64 bits),
 * {real} (double), {text} and {blob} stand for the back end's column types. */
gboolean sql_define(Sql *sql, const char *text, GError **error);

/* Adds a column to a table that was made without it; `definition` as in sql_define. TRUE when it is
 * there already. */
gboolean sql_add_column(Sql *sql, const char *table, const char *column, const char *definition,
                        GError **error);

/* Runs one statement with parameters given by `types`: t text (NULL = null), i gint64, d double, b
 * blob (pointer, gsize), n null. Rows are thrown away. Example: sql_run(sql, error, "DELETE FROM x
 * WHERE id = ?", "t", id). */
gboolean sql_run(Sql *sql, GError **error, const char *text, const char *types, ...);

/* sql_run of a statement without rows whose effect is not asked about at once (sql_send). */
gboolean sql_run_later(Sql *sql, GError **error, const char *text, const char *types, ...);

/* Like sql_run but gives the statement before its first step, to be read with sql_step. NULL on
 * error. */
SqlStatement *sql_query(Sql *sql, GError **error, const char *text, const char *types, ...);

/* sql_query for results of any size: PostgreSQL, which holds the rows of a query in memory, gives
 * these in portions through a cursor. Inside a transaction only (a SAVEPOINT outside one will do),
 * and left by SQL_DONE or sql_reset before that ends. */
SqlStatement *sql_scan(Sql *sql, GError **error, const char *text, const char *types, ...);

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
/* Runs a statement without rows whose effect is not asked about at once. In a transaction on
 * PostgreSQL it is sent but not waited for: a failure is told by a later statement, at the latest
 * by the RELEASE of the outermost savepoint or COMMIT. Elsewhere it is one sql_step. */
gboolean sql_send(SqlStatement *st, GError **error);

/* Announces a query of the writer that will be asked soon, with the same text and parameters: in a
 * transaction on PostgreSQL it travels with the next statement that waits (and fails that one when
 * it fails), and its rows are kept for sql_query. They are forgotten, and asked for again, when a
 * table that the text names has been written or a savepoint was made or left meanwhile. Elsewhere
 * it is nothing. Gives the statement for more parameters, or NULL. */
SqlStatement *sql_ahead(Sql *sql, const char *text, const char *types, ...);

/* Columns are 0-based; text and blobs are borrowed until the next step. */
gboolean sql_is_null(SqlStatement *st, int column);
const char *sql_text(SqlStatement *st, int column);
gint64 sql_int(SqlStatement *st, int column);
double sql_double(SqlStatement *st, int column);
const void *sql_blob(SqlStatement *st, int column, gsize *n);

/* The single integer of a query's first row; `otherwise` when there is no row or it is null. */
gboolean sql_get_int(Sql *sql, GError **error, gint64 *value, gint64 otherwise, const char *text,
                     const char *types, ...);
/* The texts of a query of `columns` columns, row by row; NULL entries for nulls, NULL on error. For
 * short results. */
GPtrArray *sql_texts(Sql *sql, GError **error, int columns, const char *text, const char *types,
                     ...);
gboolean sql_in_transaction(Sql *sql);
gint64 sql_changes(Sql *sql); /* rows touched by the last statement */

/* Copies a whole live database file to PATH while others go on (SQLite online backup). Refused on
 * PostgreSQL, which has pg_dump and pg_basebackup. */
gboolean sql_backup(Sql *sql, const char *path, GError **error);
/* Writes the WAL back into the file; only on the SQL_WRITE connection. Nothing on PostgreSQL, which
 * does it by itself. */
gboolean sql_checkpoint(Sql *sql, gboolean truncate, GError **error);
/* Before reading most of the database once: SQLite maps the file instead of copying its pages, a
 * third of the work. For programs that only read: a disk error then ends the process (SIGBUS)
 * instead of failing a statement. Nothing on PostgreSQL. */
gboolean sql_map(Sql *sql, GError **error);
