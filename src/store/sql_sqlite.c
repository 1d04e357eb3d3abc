/* sql.h on an SQLite file: sqlite:PATH or sqlite::memory: */
#include "base/error.h"
#include "store/sql_driver.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

typedef struct {
    SqlStatement base;
    sqlite3_stmt *stmt;
} LiteStatement;

typedef struct {
    Sql base;
    sqlite3 *db;
} LiteSql;

static sqlite3 *db_of(Sql *sql) { return ((LiteSql *)sql)->db; }
static sqlite3_stmt *stmt_of(const SqlStatement *st) { return ((const LiteStatement *)st)->stmt; }

static gboolean is_no_room(int cause) {
    return cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
}

/* A disk without room shows as SQLITE_FULL, or as an I/O error of a file that could not grow (the
 * shared-memory index, a quota, a file limit). SQLite does not keep the cause of a COMMIT that
 * failed; errno, cleared before the statement, still has it. */
static gboolean is_full(sqlite3 *db) {
    int cause = errno, code = sqlite3_errcode(db) & 0xff;
    return code == SQLITE_FULL || sqlite3_extended_errcode(db) == SQLITE_IOERR_SHMSIZE ||
           (code == SQLITE_IOERR && (is_no_room(sqlite3_system_errno(db)) || is_no_room(cause)));
}

static gboolean failed(sqlite3 *db, GError **error) {
    if (is_full(db))
        return error_set(error, ERROR_DISK_FULL, NULL, NULL);
    return error_set(error, ERROR_STORE, NULL, sqlite3_errmsg(db), NULL);
}

/* WAL with a sync at every commit; the writer checkpoints at quiet moments, so SQLite's own is
 * switched off on its connection. LIKE heeds case, as in PostgreSQL. */
#define SETUP_ALL                                                                                  \
    "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0; PRAGMA case_sensitive_like=ON;"
static const char *const setup[] = {
    [SQL_READ] = "PRAGMA query_only=ON; PRAGMA cache_size=-16384;" SETUP_ALL,
    [SQL_WRITE] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF;"
                  "PRAGMA cache_size=-65536;" SETUP_ALL,
};

static void lite_close(Sql *sql) {
    int code = sqlite3_close(db_of(sql));
    g_assert(code == SQLITE_OK);
    g_free(sql);
}

static Sql *lite_open(const char *uri, SqlMode mode, GError **error) {
    int flags =
        SQLITE_OPEN_NOMUTEX |
        (mode == SQL_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    LiteSql *sql = g_new0(LiteSql, 1);
    if (sqlite3_open_v2(uri + strlen("sqlite:"), &sql->db, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(sql->db, 10000) != SQLITE_OK ||
        sqlite3_exec(sql->db, setup[mode], NULL, NULL, NULL) != SQLITE_OK) {
        failed(sql->db, error);
        lite_close(&sql->base);
        return NULL;
    }
    sqlite3_extended_result_codes(sql->db, 1);
    return &sql->base;
}

static gboolean lite_exec(Sql *sql, const char *text, GError **error) {
    errno = 0;
    return sqlite3_exec(db_of(sql), text, NULL, NULL, NULL) == SQLITE_OK ||
           failed(db_of(sql), error);
}

static SqlStatement *lite_prepare(Sql *sql, const char *text, gboolean scan, GError **error) {
    (void)scan;
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v3(db_of(sql), text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
        SQLITE_OK) {
        failed(db_of(sql), error);
        return NULL;
    }
    LiteStatement *st = g_new0(LiteStatement, 1);
    st->stmt = stmt;
    return &st->base;
}

static void lite_finalize(SqlStatement *st) {
    sqlite3_finalize(stmt_of(st));
    g_free(st);
}

static gboolean lite_busy(const SqlStatement *st) { return sqlite3_stmt_busy(stmt_of(st)) != 0; }

static void lite_clear(SqlStatement *st) {
    sqlite3_reset(stmt_of(st));
    sqlite3_clear_bindings(stmt_of(st));
}

static void lite_bind_text(SqlStatement *st, int index, const char *value) {
    sqlite3_bind_text(stmt_of(st), index, value, -1, SQLITE_TRANSIENT);
}

static void lite_bind_int(SqlStatement *st, int index, gint64 value) {
    sqlite3_bind_int64(stmt_of(st), index, value);
}

static void lite_bind_double(SqlStatement *st, int index, double value) {
    sqlite3_bind_double(stmt_of(st), index, value);
}

static void lite_bind_blob(SqlStatement *st, int index, const void *bytes, gsize n) {
    sqlite3_bind_blob64(stmt_of(st), index, n ? bytes : "", n, SQLITE_STATIC);
}

static void lite_bind_null(SqlStatement *st, int index) { sqlite3_bind_null(stmt_of(st), index); }

static SqlStep lite_step(SqlStatement *st, GError **error) {
    errno = 0;
    int code = sqlite3_step(stmt_of(st));
    if (code == SQLITE_ROW)
        return SQL_ROW;
    if (code != SQLITE_DONE)
        failed(db_of(st->sql), error);
    sqlite3_reset(stmt_of(st));
    return code == SQLITE_DONE ? SQL_DONE : SQL_FAILED;
}

static void lite_reset(SqlStatement *st) { sqlite3_reset(stmt_of(st)); }

static gboolean lite_send(SqlStatement *st, GError **error) {
    return lite_step(st, error) == SQL_DONE;
}

static gboolean lite_is_null(SqlStatement *st, int column) {
    return sqlite3_column_type(stmt_of(st), column) == SQLITE_NULL;
}

static const char *lite_text(SqlStatement *st, int column) {
    return (const char *)sqlite3_column_text(stmt_of(st), column);
}

static gint64 lite_integer(SqlStatement *st, int column) {
    return sqlite3_column_int64(stmt_of(st), column);
}

static double lite_real(SqlStatement *st, int column) {
    return sqlite3_column_double(stmt_of(st), column);
}

static const void *lite_blob(SqlStatement *st, int column, gsize *n) {
    const void *bytes = sqlite3_column_blob(stmt_of(st), column);
    *n = (gsize)sqlite3_column_bytes(stmt_of(st), column);
    return bytes;
}

static gboolean lite_in_transaction(Sql *sql) { return !sqlite3_get_autocommit(db_of(sql)); }

static gint64 lite_changes(Sql *sql) { return sqlite3_changes64(db_of(sql)); }

static gboolean copy_all(sqlite3 *from, sqlite3 *target) {
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", from, "main");
    if (backup == NULL)
        return FALSE;
    int step;
    do {
        /* all pages at once, so from one snapshot: between steps a commit of the writer would start
         * the copy anew, and on a busy server it would never end */
        step = sqlite3_backup_step(backup, -1);
        if (step == SQLITE_BUSY || step == SQLITE_LOCKED)
            sqlite3_sleep(20);
    } while (step == SQLITE_OK || step == SQLITE_BUSY || step == SQLITE_LOCKED);
    return sqlite3_backup_finish(backup) == SQLITE_OK;
}

static gboolean lite_backup(Sql *sql, const char *path, GError **error) {
    sqlite3 *target = NULL;
    gboolean done = sqlite3_open(path, &target) == SQLITE_OK && copy_all(db_of(sql), target);
    if (!done)
        error_set(error, ERROR_FILE, NULL, path, target ? sqlite3_errmsg(target) : "out of memory",
                  NULL);
    sqlite3_close(target);
    return done;
}

static gboolean lite_checkpoint(Sql *sql, gboolean truncate, GError **error) {
    int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    return sqlite3_wal_checkpoint_v2(db_of(sql), NULL, mode, NULL, NULL) == SQLITE_OK ||
           failed(db_of(sql), error);
}

/* INTEGER PRIMARY KEY is the row's own number; any other spelling would cost an index. */
const SqlDriver sql_sqlite = {
    .kind = SQL_SQLITE,
    .types = {[SQL_KEY] = "INTEGER",
              [SQL_INT] = "BIGINT",
              [SQL_REAL] = "DOUBLE PRECISION",
              [SQL_TEXT] = "TEXT",
              [SQL_BLOB] = "BLOB"},
    .open = lite_open,
    .close = lite_close,
    .exec = lite_exec,
    .prepare = lite_prepare,
    .finalize = lite_finalize,
    .busy = lite_busy,
    .clear = lite_clear,
    .bind_text = lite_bind_text,
    .bind_int = lite_bind_int,
    .bind_double = lite_bind_double,
    .bind_blob = lite_bind_blob,
    .bind_null = lite_bind_null,
    .step = lite_step,
    .reset = lite_reset,
    .send = lite_send,
    .is_null = lite_is_null,
    .text = lite_text,
    .integer = lite_integer,
    .real = lite_real,
    .blob = lite_blob,
    .in_transaction = lite_in_transaction,
    .changes = lite_changes,
    .backup = lite_backup,
    .checkpoint = lite_checkpoint,
};
