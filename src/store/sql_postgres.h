/* Inside of the PostgreSQL driver: the connection (sql_postgres.c), its statements
 * (sql_postgres_statement.c) and what is asked ahead (sql_postgres_ahead.c). */
#pragma once
#include "store/sql_driver.h"

#include <libpq-fe.h>

typedef struct {
    Sql base;
    char *uri;
    PGconn *conn;
    guint generation;      /* of the connection: what was prepared on a former one is gone */
    guint names;           /* of statements, so far */
    GError *cause;         /* why the transaction that is to be undone failed, or NULL */
    gboolean broken;       /* lost inside a transaction: nothing runs until the next one begins */
    gboolean own_begin;    /* the outermost savepoint began the transaction and will end it */
    GPtrArray *savepoints; /* names, innermost last */
    GPtrArray *waiting;    /* SAVEPOINT, RELEASE, DEALLOCATE that travel with the next statement */
    GPtrArray *ahead;      /* PgStatement*, announced: not sent, sent, or answered */
    guint owed;            /* results of what was sent and not waited for; a pipeline is open */
    gint64 changes;
} PgSql;

typedef struct {
    SqlStatement base;
    char *text;       /* with $1, $2, … */
    char *name;       /* on the server; NULL: not prepared */
    guint generation; /* of the connection it is prepared on */
    char *writes;     /* the table that it writes, "": any; NULL: none */
    guint place;      /* of the answer in the pipeline, when it was sent ahead; else 0 */
    int n;            /* parameters; the arrays below have one element for each */
    Oid *types, *prepared;
    char **texts; /* owned */
    guint64 *words;
    const char **values;
    int *lengths, *formats;
    char *cursor;     /* of a scan; NULL: a query */
    gboolean open;    /* the cursor is */
    PGresult *result; /* NULL: before the first step */
    int row;
    GPtrArray *blobs; /* decoded bytes of the row */
} PgStatement;

/* What a text does to the transaction. */
typedef enum {
    PG_PLAIN,
    PG_BEGIN,
    PG_COMMIT,
    PG_ROLLBACK,
    PG_SAVEPOINT,
    PG_RELEASE,
    PG_ROLLBACK_TO
} PgControl;
PgControl pg_control_of(const char *text, const char **name);

gboolean pg_in_transaction(Sql *sql);
/* Runs a text (st NULL) or a prepared statement in one round trip, with what waits. The caller owns
 * *result when it is given. */
gboolean pg_run(PgSql *pg, PgStatement *st, const char *text, PGresult **result, GError **error);
/* Sends a prepared statement without waiting; FALSE when that is not possible now. */
gboolean pg_send_only(PgSql *pg, PgStatement *st);
/* Sends one in the open pipeline, after preparing it when it has to be; *results grows by what will
 * come back. pg_prepared_well when its answer has come. */
gboolean pg_send_prepared(PgSql *pg, PgStatement *st, guint *results);
void pg_prepared_well(PgSql *pg, PgStatement *st);
/* Runs a text that controls the transaction. */
gboolean pg_control(PgSql *pg, PgControl control, const char *name, GError **error);

/* --- sql_postgres_ahead.c --- */
void pg_ahead(SqlStatement *st);
void pg_ahead_forget(PgSql *pg, PgStatement *st);
void pg_ahead_forget_all(PgSql *pg);
/* The table that a text writes, "" when that cannot be told, NULL when none; caller frees. */
char *pg_written_table(const char *text);
void pg_ahead_written(PgSql *pg, const char *table);
gboolean pg_ahead_pending(const PgSql *pg); /* something is announced and not sent */
/* Sends what has been announced; *results grows as in pg_send_prepared. */
gboolean pg_ahead_send(PgSql *pg, guint *results);
/* Takes the result when it is the answer at this place of the pipeline. */
gboolean pg_ahead_answer(PgSql *pg, guint place, PGresult *result);
void pg_ahead_settle(PgSql *pg); /* after the sync: what was sent and not answered is forgotten */
PGresult *pg_ahead_take(PgSql *pg, const PgStatement *asked); /* NULL: ask the server */

/* `?` outside of quotes and comments becomes $1, $2, …; *n is how many. */
char *pg_translate(const char *text, int *n);
/* The length of the first statement of a list separated by `;`. */
gsize pg_statement_length(const char *text);

SqlStatement *pg_prepare(Sql *sql, const char *text, gboolean scan, GError **error);
void pg_finalize(SqlStatement *st);
gboolean pg_busy(const SqlStatement *st);
void pg_clear(SqlStatement *st);
void pg_bind_text(SqlStatement *st, int index, const char *value);
void pg_bind_int(SqlStatement *st, int index, gint64 value);
void pg_bind_double(SqlStatement *st, int index, double value);
void pg_bind_blob(SqlStatement *st, int index, const void *bytes, gsize n);
void pg_bind_null(SqlStatement *st, int index);
SqlStep pg_step(SqlStatement *st, GError **error);
void pg_reset(SqlStatement *st);
gboolean pg_send(SqlStatement *st, GError **error);
gboolean pg_is_null(SqlStatement *st, int column);
const char *pg_text(SqlStatement *st, int column);
gint64 pg_integer(SqlStatement *st, int column);
double pg_real(SqlStatement *st, int column);
const void *pg_blob(SqlStatement *st, int column, gsize *n);
