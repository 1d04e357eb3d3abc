/* sql.h on PostgreSQL: the connection, its transactions and its errors.
 *
 * A round trip costs more than most statements, so SAVEPOINT and RELEASE, which cannot fail in a
 * healthy transaction, wait and travel with the next statement (libpq's pipeline mode); what is
 * given to sql_send is sent at once, and its result is read with that of the next statement that
 * waits, which also carries what was announced by sql_ahead. */
#include "store/sql_postgres.h"
#include "base/error.h"

#include <string.h>

/* --- errors --- */

static gboolean lost(GError **error) {
    return error_set(error, ERROR_STORE, NULL, "the connection to PostgreSQL was lost", NULL);
}

static gboolean connection_failed(PGconn *conn, GError **error) {
    g_autofree char *text = g_strchomp(g_strdup(PQerrorMessage(conn)));
    return error_set(error, ERROR_STORE, NULL, *text ? text : "no connection to PostgreSQL", NULL);
}

static gboolean result_failed(PGconn *conn, const PGresult *result, GError **error) {
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (g_strcmp0(state, "53100") == 0)
        return error_set(error, ERROR_DISK_FULL, NULL, NULL);
    if (text == NULL || PQstatus(conn) == CONNECTION_BAD)
        return connection_failed(conn, error);
    return error_set(error, ERROR_STORE, NULL, text, NULL);
}

static gboolean is_good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* --- connecting --- */

/* Durable means durable whatever the server's default; a lock that another process holds is waited
 * for as long as a killed one may need to vanish. What readers ask depends on the values asked for
 * (a county or a province, a common or a rare word), so that no plan is made for all values. */
#define SETUP_ALL                                                                                  \
    "SET client_min_messages = warning; SET jit = off; SET TimeZone = 'UTC';"                      \
    "SET standard_conforming_strings = on; SET lock_timeout = 0;"
static const char *const setup[] = {
    [SQL_READ] = SETUP_ALL "SET plan_cache_mode = force_custom_plan;"
                           "SET default_transaction_read_only = on",
    [SQL_WRITE] =
        SETUP_ALL "SELECT set_config('synchronous_commit', 'on', false) "
                  "WHERE current_setting('synchronous_commit') = 'off';"
                  "SET lock_timeout = '5s';"
                  "SELECT pg_advisory_lock(hashtextextended('anlan ' || current_schema(), 0));"
                  "SET lock_timeout = 0",
};

static gboolean set_up(PGconn *conn, SqlMode mode, GError **error) {
    PGresult *result = PQexec(conn, setup[mode]);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    gboolean good = is_good(result);
    if (!good && g_strcmp0(state, "55P03") == 0)
        error_set(error, ERROR_CONFIG, "database", "another anlan process writes this database",
                  "stop it first, or give this one a database of its own", NULL);
    else if (!good)
        result_failed(conn, result, error);
    PQclear(result);
    return good;
}

static gboolean fits(PGconn *conn, GError **error) {
    const char *encoding = PQparameterStatus(conn, "server_encoding");
    if (PQserverVersion(conn) < 130000)
        return error_set(error, ERROR_CONFIG, "database", "PostgreSQL is older than version 13",
                         "use PostgreSQL 13 or newer", NULL);
    return g_strcmp0(encoding, "UTF8") == 0 ||
           error_set(error, ERROR_CONFIG, "database", "the database is not in UTF8",
                     "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", NULL);
}

static PGconn *connect_new(const char *uri, SqlMode mode, GError **error) {
    static const char *const names[] = {"connect_timeout", "fallback_application_name",
                                        "client_encoding", "dbname", NULL};
    const char *const values[] = {"10", "anlan", "UTF8", uri, NULL};
    PGconn *conn = PQconnectdbParams(names, values, 1);
    gboolean good = PQstatus(conn) == CONNECTION_OK || connection_failed(conn, error);
    if (good && fits(conn, error) && set_up(conn, mode, error))
        return conn;
    PQfinish(conn);
    return NULL;
}

static gboolean reconnect(PgSql *pg, GError **error) {
    PGconn *conn;
    PQfinish(pg->conn); /* gives the writer's lock back before it is asked for again */
    pg->conn = NULL;
    pg->owed = 0;
    g_ptr_array_set_size(pg->waiting, 0);
    pg_ahead_forget_all(pg);
    conn = connect_new(pg->uri, pg->base.mode, error);
    if (conn == NULL)
        return FALSE;
    pg->conn = conn;
    pg->generation++;
    return TRUE;
}

static gboolean connected(const PgSql *pg) {
    return pg->conn && PQstatus(pg->conn) == CONNECTION_OK;
}

static void pg_close(Sql *sql) {
    PgSql *pg = (PgSql *)sql;
    PQfinish(pg->conn);
    g_free(pg->uri);
    g_ptr_array_free(pg->savepoints, TRUE);
    g_ptr_array_free(pg->waiting, TRUE);
    g_ptr_array_free(pg->ahead, TRUE);
    g_clear_error(&pg->cause);
    g_free(pg);
}

static Sql *pg_open(const char *uri, SqlMode mode, GError **error) {
    PGconn *conn = connect_new(uri, mode, error);
    if (conn == NULL)
        return NULL;
    PgSql *pg = g_new0(PgSql, 1);
    pg->uri = g_strdup(uri);
    pg->conn = conn;
    pg->generation = 1;
    pg->savepoints = g_ptr_array_new_with_free_func(g_free);
    pg->waiting = g_ptr_array_new_with_free_func(g_free);
    pg->ahead = g_ptr_array_new();
    return &pg->base;
}

/* --- one round trip --- */

static gboolean is_prepared(const PgSql *pg, const PgStatement *st) {
    return st->name && st->generation == pg->generation &&
           memcmp(st->types, st->prepared, sizeof(Oid) * (gsize)st->n) == 0;
}

static gboolean send_text(PgSql *pg, const char *text) {
    return PQsendQueryParams(pg->conn, text, 0, NULL, NULL, NULL, NULL, 0);
}

static gboolean send_waiting(PgSql *pg) {
    gboolean sent = TRUE;
    for (guint i = 0; i < pg->waiting->len; i++)
        sent = sent && send_text(pg, pg->waiting->pdata[i]);
    return sent;
}

static gboolean send_statement(PgSql *pg, const PgStatement *st) {
    return PQsendQueryPrepared(pg->conn, st->name, st->n, st->values, st->lengths, st->formats, 0);
}

gboolean pg_send_prepared(PgSql *pg, PgStatement *st, guint *results) {
    gboolean fresh = !is_prepared(pg, st);
    if (fresh) {
        g_free(st->name);
        st->name = g_strdup_printf("s%u", ++pg->names);
        st->generation = 0;
    }
    *results += fresh + 1u;
    return (!fresh || PQsendPrepare(pg->conn, st->name, st->text, st->n, st->types)) &&
           send_statement(pg, st);
}

void pg_prepared_well(PgSql *pg, PgStatement *st) {
    st->generation = pg->generation;
    memcpy(st->prepared, st->types, sizeof(Oid) * (gsize)st->n);
}

/* One result for each text sent, then the sync. The last one is kept, or the first error; *good is
 * how many went well. Answers to what was asked ahead go where they belong. */
static PGresult *collect(PgSql *pg, guint *good) {
    PGconn *conn = pg->conn;
    PGresult *kept = NULL;
    for (gboolean again = TRUE; again || PQstatus(conn) == CONNECTION_OK;) {
        PGresult *result = PQgetResult(conn);
        ExecStatusType status = PQresultStatus(result);
        if (result == NULL && !again)
            break; /* two in a row: nothing more will come */
        again = result != NULL;
        if (result == NULL)
            continue;
        if (status == PGRES_PIPELINE_ABORTED || status == PGRES_PIPELINE_SYNC ||
            (kept && !is_good(kept))) {
            PQclear(result);
            if (status == PGRES_PIPELINE_SYNC)
                break;
            continue;
        }
        *good += is_good(result);
        if (is_good(result) && pg_ahead_answer(pg, *good, result))
            continue;
        PQclear(kept);
        kept = result;
    }
    return kept;
}

static gboolean pipeline_open(PgSql *pg) {
    return PQpipelineStatus(pg->conn) == PQ_PIPELINE_ON || PQenterPipelineMode(pg->conn);
}

/* The first error of what was sent since the pipeline was opened, or the last result. */
static PGresult *pipeline_end(PgSql *pg, guint *good) {
    PGresult *result = PQpipelineSync(pg->conn) ? collect(pg, good) : NULL;
    PQexitPipelineMode(pg->conn);
    pg_ahead_settle(pg);
    pg->owed = 0;
    return result;
}

static PGresult *pipeline(PgSql *pg, PgStatement *st, const char *text) {
    gboolean fresh = st && !is_prepared(pg, st);
    guint good = 0, results = pg->owed + pg->waiting->len;
    gboolean sent = pipeline_open(pg) && send_waiting(pg) && pg_ahead_send(pg, &results);
    guint before = results + 1;
    sent = sent && (st ? pg_send_prepared(pg, st, &results) : send_text(pg, text));
    PGresult *result = pipeline_end(pg, &good);
    if (!sent)
        g_clear_pointer(&result, PQclear);
    g_ptr_array_set_size(pg->waiting, 0);
    if (fresh && good >= before)
        pg_prepared_well(pg, st);
    else if (fresh)
        g_clear_pointer(&st->name, g_free);
    return result;
}

static PGresult *round_trip(PgSql *pg, PgStatement *st, const char *text) {
    if (st && is_prepared(pg, st) && pg->waiting->len == 0 && pg->owed == 0 &&
        !pg_ahead_pending(pg))
        return PQexecPrepared(pg->conn, st->name, st->n, st->values, st->lengths, st->formats, 0);
    if (st && st->name && st->generation == pg->generation && !is_prepared(pg, st))
        g_ptr_array_add(pg->waiting, g_strdup_printf("DEALLOCATE %s", st->name));
    return pipeline(pg, st, text);
}

gboolean pg_in_transaction(Sql *sql) {
    const PgSql *pg = (PgSql *)sql;
    return connected(pg) && (pg->owed > 0 || PQtransactionStatus(pg->conn) == PQTRANS_INTRANS ||
                             PQtransactionStatus(pg->conn) == PQTRANS_INERROR);
}

static void forget_transaction(PgSql *pg) {
    g_ptr_array_set_size(pg->savepoints, 0);
    pg->own_begin = FALSE;
}

/* A connection that is found dead before anything was done on it is replaced; `harmless` may be
 * asked twice. */
static gboolean run_again(PgSql *pg, gboolean inside, gboolean harmless) {
    if (connected(pg))
        return FALSE;
    pg->broken = inside;
    forget_transaction(pg);
    return !inside && harmless;
}

/* What a transaction failed of first stays the reason until it is undone, also when whoever asked
 * then did not want to know. */
static gboolean run_failed(PgSql *pg, const PGresult *result, GError **error) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (pg->cause == NULL || g_strcmp0(state, "25P02") != 0) {
        g_clear_error(&pg->cause);
        result_failed(pg->conn, result, &pg->cause);
    }
    g_propagate_error(error, g_error_copy(pg->cause));
    return FALSE;
}

gboolean pg_run(PgSql *pg, PgStatement *st, const char *text, PGresult **result, GError **error) {
    gboolean inside = pg_in_transaction(&pg->base);
    gboolean harmless = pg->base.mode == SQL_READ || (text && g_str_has_prefix(text, "BEGIN"));
    if (pg->broken)
        return lost(error);
    if (st && st->writes)
        pg_ahead_written(pg, st->writes);
    if (!connected(pg) && !reconnect(pg, error))
        return FALSE;
    PGresult *got = round_trip(pg, st, text);
    if (run_again(pg, inside, harmless)) {
        PQclear(got);
        if (!reconnect(pg, error))
            return FALSE;
        got = round_trip(pg, st, text);
    }
    gboolean good = is_good(got) || run_failed(pg, got, error);
    if (good) {
        g_clear_error(&pg->cause);
        pg->changes = g_ascii_strtoll(PQcmdTuples(got), NULL, 10);
    }
    if (good && result)
        *result = g_steal_pointer(&got);
    PQclear(got);
    return good;
}

/* Only what is prepared already: whether preparing went well is not known before the answer. */
gboolean pg_send_only(PgSql *pg, PgStatement *st) {
    if (!pg_in_transaction(&pg->base) || PQtransactionStatus(pg->conn) == PQTRANS_INERROR ||
        !is_prepared(pg, st) || !pipeline_open(pg) || !send_waiting(pg) || !send_statement(pg, st))
        return FALSE;
    pg->owed += pg->waiting->len + 1;
    g_ptr_array_set_size(pg->waiting, 0);
    if (st->writes)
        pg_ahead_written(pg, st->writes);
    return TRUE;
}

/* Reads what is owed; whoever asks is about to undo it, so its errors say nothing new. */
static void settle(PgSql *pg) {
    guint good = 0;
    if (pg->owed > 0)
        PQclear(pipeline_end(pg, &good));
}

/* --- transactions --- */

static gboolean begin(PgSql *pg, const char *text, GError **error) {
    pg->broken = FALSE;
    forget_transaction(pg);
    return pg_run(pg, NULL, text, NULL, error);
}

/* COMMIT of a spoilt transaction rolls back and calls that a success. */
static gboolean commit(PgSql *pg, GError **error) {
    PGresult *result = NULL;
    gboolean held = pg->broken || pg_in_transaction(&pg->base);
    gboolean good = pg_run(pg, NULL, "COMMIT", &result, error);
    if (good && (!held || g_strcmp0(PQcmdStatus(result), "COMMIT") != 0))
        good = error_set(error, ERROR_STORE, NULL, "the transaction was rolled back", NULL);
    PQclear(result);
    forget_transaction(pg);
    return good;
}

static gboolean rollback(PgSql *pg, GError **error) {
    gboolean gone = pg->broken;
    pg->broken = FALSE;
    forget_transaction(pg);
    g_ptr_array_set_size(pg->waiting, 0);
    settle(pg);
    return gone || pg_run(pg, NULL, "ROLLBACK", NULL, error);
}

/* The place of the innermost savepoint of this name, plus one; 0 when there is none. */
static guint savepoint_find(const PgSql *pg, const char *name) {
    guint i = pg->savepoints->len;
    while (i > 0 && !g_str_equal(pg->savepoints->pdata[i - 1], name))
        i--;
    return i;
}

static gboolean unhealthy(PgSql *pg, GError **error) {
    if (pg->owed > 0 || PQtransactionStatus(pg->conn) == PQTRANS_INTRANS)
        return FALSE;
    error_set(error, ERROR_STORE, NULL, "the transaction is spoilt by a former error", NULL);
    return TRUE;
}

static gboolean savepoint(PgSql *pg, const char *name, GError **error) {
    gboolean outermost = !pg->broken && !pg_in_transaction(&pg->base);
    if (outermost &&
        !begin(pg, pg->base.mode == SQL_READ ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN",
               error))
        return FALSE;
    if (pg->broken)
        return lost(error);
    if (unhealthy(pg, error))
        return FALSE;
    pg->own_begin |= outermost;
    g_ptr_array_add(pg->savepoints, g_strdup(name));
    g_ptr_array_add(pg->waiting, g_strconcat("SAVEPOINT ", name, NULL));
    return TRUE;
}

/* With results owed the outermost one waits for them: what it has passed, holds. */
static gboolean release_sent(PgSql *pg, const char *name, gboolean outermost, GError **error) {
    g_autofree char *text = g_strconcat("RELEASE ", name, NULL);
    if (pg->owed > 0 && outermost)
        return pg_run(pg, NULL, text, NULL, error);
    g_ptr_array_add(pg->waiting, g_steal_pointer(&text));
    return TRUE;
}

static gboolean release(PgSql *pg, const char *name, GError **error) {
    guint place = savepoint_find(pg, name);
    if (pg->broken || place == 0)
        return pg->broken ? lost(error)
                          : error_set(error, ERROR_STORE, NULL, "no such savepoint", NULL);
    if (unhealthy(pg, error) || !release_sent(pg, name, place == 1, error))
        return FALSE;
    g_ptr_array_set_size(pg->savepoints, (int)place - 1);
    return place > 1 || !pg->own_begin || commit(pg, error);
}

static gboolean rollback_to(PgSql *pg, const char *name, GError **error) {
    guint place = savepoint_find(pg, name);
    g_autofree char *text = g_strconcat("ROLLBACK TO ", name, NULL);
    if (place > 0)
        g_ptr_array_set_size(pg->savepoints, (int)place);
    settle(pg);
    return pg_run(pg, NULL, text, NULL, error);
}

gboolean pg_control(PgSql *pg, PgControl control, const char *name, GError **error) {
    pg_ahead_forget_all(pg);
    switch (control) {
    case PG_BEGIN:
        return begin(pg, "BEGIN", error);
    case PG_COMMIT:
        return commit(pg, error);
    case PG_ROLLBACK:
        return rollback(pg, error);
    case PG_SAVEPOINT:
        return savepoint(pg, name, error);
    case PG_RELEASE:
        return release(pg, name, error);
    case PG_ROLLBACK_TO:
        return rollback_to(pg, name, error);
    case PG_PLAIN:
        break;
    }
    g_assert_not_reached();
}

/* --- lists of statements --- */

static gboolean exec_one(PgSql *pg, const char *text, GError **error) {
    const char *name;
    PgControl control = pg_control_of(text, &name);
    return control == PG_PLAIN ? pg_run(pg, NULL, text, NULL, error)
                               : pg_control(pg, control, name, error);
}

static gboolean pg_exec(Sql *sql, const char *text, GError **error) {
    for (gboolean more = TRUE; more;) {
        gsize n = pg_statement_length(text);
        g_autofree char *one = g_strstrip(g_strndup(text, n));
        if (*one && !exec_one((PgSql *)sql, one, error))
            return FALSE;
        more = text[n] != 0;
        text += n + more;
    }
    return TRUE;
}

static gint64 pg_changes(Sql *sql) { return ((PgSql *)sql)->changes; }

static gboolean pg_backup(Sql *sql, const char *path, GError **error) {
    (void)sql, (void)path;
    return error_set(error, ERROR_CONFIG, "database", "PostgreSQL is saved by its own tools",
                     "pg_dump --format=custom --file=FILE URI; see docs/postgresql.md", NULL);
}

static gboolean pg_checkpoint(Sql *sql, gboolean truncate, GError **error) {
    (void)sql, (void)truncate, (void)error;
    return TRUE;
}

const SqlDriver sql_postgres = {
    .kind = SQL_POSTGRES,
    .types = {[SQL_KEY] = "BIGINT",
              [SQL_INT] = "BIGINT",
              [SQL_REAL] = "DOUBLE PRECISION",
              [SQL_TEXT] = "TEXT COLLATE \"C\"",
              [SQL_BLOB] = "BYTEA"},
    .open = pg_open,
    .close = pg_close,
    .exec = pg_exec,
    .prepare = pg_prepare,
    .finalize = pg_finalize,
    .busy = pg_busy,
    .clear = pg_clear,
    .bind_text = pg_bind_text,
    .bind_int = pg_bind_int,
    .bind_double = pg_bind_double,
    .bind_blob = pg_bind_blob,
    .bind_null = pg_bind_null,
    .step = pg_step,
    .reset = pg_reset,
    .send = pg_send,
    .ahead = pg_ahead,
    .is_null = pg_is_null,
    .text = pg_text,
    .integer = pg_integer,
    .real = pg_real,
    .blob = pg_blob,
    .in_transaction = pg_in_transaction,
    .changes = pg_changes,
    .backup = pg_backup,
    .checkpoint = pg_checkpoint,
};
