#include "store/sql.h"
#include "base/error.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

struct SqlStatement {
    sqlite3_stmt *stmt;
    Sql *sql;
    guint64 prepared; /* Sql.prepared when it was asked for last */
};

struct Sql {
    sqlite3 *db;
    GHashTable *statements; /* text -> SqlStatement */
    guint64 prepared;
    SqlMode mode;
};

/* A disk without room shows as SQLITE_FULL, or as an I/O error of a file that could not grow (the
 * shared-memory index, a file limit). */
static gboolean is_full(sqlite3 *db) {
    int code = sqlite3_errcode(db) & 0xff, cause = sqlite3_system_errno(db);
    return code == SQLITE_FULL || sqlite3_extended_errcode(db) == SQLITE_IOERR_SHMSIZE ||
           (code == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT || cause == EFBIG));
}

static gboolean failed(sqlite3 *db, GError **error) {
    if (is_full(db))
        return error_set(error, ERROR_DISK_FULL, NULL, NULL);
    return error_set(error, ERROR_STORE, NULL, sqlite3_errmsg(db), NULL);
}

static void statement_free(gpointer data) {
    SqlStatement *st = data;
    sqlite3_finalize(st->stmt);
    g_free(st);
}

/* WAL with a sync at every commit; the writer checkpoints at quiet moments, so SQLite's own is
 * switched off on its connection. */
static const char *const setup[] = {
    [SQL_READ] = "PRAGMA query_only=ON; PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;"
                 "PRAGMA wal_autocheckpoint=0;",
    [SQL_WRITE] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF;"
        "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;",
};

Sql *sql_open(const char *uri, SqlMode mode, GError **error) {
    static const char prefix[] = "sqlite:";
    if (!g_str_has_prefix(uri, prefix)) {
        error_set(error, ERROR_CONFIG, "database", "unknown database URI", "use sqlite:PATH", NULL);
        return NULL;
    }
    int flags =
        SQLITE_OPEN_NOMUTEX |
        (mode == SQL_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    Sql *sql = g_new0(Sql, 1);
    sql->mode = mode;
    sql->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, statement_free);
    if (sqlite3_open_v2(uri + strlen(prefix), &sql->db, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(sql->db, 10000) != SQLITE_OK ||
        sqlite3_exec(sql->db, setup[mode], NULL, NULL, NULL) != SQLITE_OK) {
        failed(sql->db, error);
        sql_close(sql);
        return NULL;
    }
    sqlite3_extended_result_codes(sql->db, 1);
    return sql;
}

void sql_close(Sql *sql) {
    if (sql == NULL)
        return;
    g_hash_table_destroy(sql->statements);
    int code = sqlite3_close(sql->db);
    g_assert(code == SQLITE_OK);
    g_free(sql);
}

gboolean sql_exec(Sql *sql, const char *text, GError **error) {
    return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK || failed(sql->db, error);
}

/* Texts come from code and packs; filters of users are few in form but many in number. What is
 * being stepped, or was asked for a moment ago, stays. */
enum { CACHED_MAX = 512, RECENT = 64 };

static gboolean is_idle(gpointer text, gpointer statement, gpointer data) {
    (void)text;
    const SqlStatement *st = statement;
    const Sql *sql = data;
    return !sqlite3_stmt_busy(st->stmt) && st->prepared + RECENT < sql->prepared;
}

static SqlStatement *prepare_new(Sql *sql, const char *text, GError **error) {
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
        SQLITE_OK) {
        failed(sql->db, error);
        return NULL;
    }
    if (g_hash_table_size(sql->statements) >= CACHED_MAX)
        g_hash_table_foreach_remove(sql->statements, is_idle, sql);
    SqlStatement *st = g_new0(SqlStatement, 1);
    st->stmt = stmt;
    st->sql = sql;
    g_hash_table_insert(sql->statements, g_strdup(text), st);
    return st;
}

SqlStatement *sql_prepare(Sql *sql, const char *text, GError **error) {
    SqlStatement *st = g_hash_table_lookup(sql->statements, text);
    if (st == NULL)
        st = prepare_new(sql, text, error);
    if (st == NULL)
        return NULL;
    st->prepared = ++sql->prepared;
    sqlite3_reset(st->stmt);
    sqlite3_clear_bindings(st->stmt);
    return st;
}

void sql_bind_text(SqlStatement *st, int index, const char *value) {
    sqlite3_bind_text(st->stmt, index, value, -1, SQLITE_TRANSIENT);
}

void sql_bind_int(SqlStatement *st, int index, gint64 value) {
    sqlite3_bind_int64(st->stmt, index, value);
}

void sql_bind_double(SqlStatement *st, int index, double value) {
    sqlite3_bind_double(st->stmt, index, value);
}

void sql_bind_blob(SqlStatement *st, int index, const void *bytes, gsize n) {
    sqlite3_bind_blob64(st->stmt, index, n ? bytes : "", n, SQLITE_STATIC);
}

void sql_bind_null(SqlStatement *st, int index) { sqlite3_bind_null(st->stmt, index); }

SqlStep sql_step(SqlStatement *st, GError **error) {
    int code = sqlite3_step(st->stmt);
    if (code == SQLITE_ROW)
        return SQL_ROW;
    if (code != SQLITE_DONE)
        failed(st->sql->db, error);
    sqlite3_reset(st->stmt);
    return code == SQLITE_DONE ? SQL_DONE : SQL_FAILED;
}

void sql_reset(SqlStatement *st) { sqlite3_reset(st->stmt); }

gboolean sql_is_null(SqlStatement *st, int column) {
    return sqlite3_column_type(st->stmt, column) == SQLITE_NULL;
}

const char *sql_text(SqlStatement *st, int column) {
    return (const char *)sqlite3_column_text(st->stmt, column);
}

gint64 sql_int(SqlStatement *st, int column) { return sqlite3_column_int64(st->stmt, column); }

double sql_double(SqlStatement *st, int column) { return sqlite3_column_double(st->stmt, column); }

const void *sql_blob(SqlStatement *st, int column, gsize *n) {
    const void *bytes = sqlite3_column_blob(st->stmt, column);
    *n = (gsize)sqlite3_column_bytes(st->stmt, column);
    return bytes;
}

static SqlStatement *prepare_list(Sql *sql, GError **error, const char *text, const char *types,
                                  va_list list) {
    SqlStatement *st = sql_prepare(sql, text, error);
    if (st == NULL)
        return NULL;
    for (int i = 0; types[i]; i++) {
        switch (types[i]) {
        case 't':
            sql_bind_text(st, i + 1, va_arg(list, const char *));
            break;
        case 'i':
            sql_bind_int(st, i + 1, va_arg(list, gint64));
            break;
        case 'd':
            sql_bind_double(st, i + 1, va_arg(list, double));
            break;
        case 'b': {
            const void *bytes = va_arg(list, const void *);
            sql_bind_blob(st, i + 1, bytes, va_arg(list, gsize));
            break;
        }
        case 'n':
            sql_bind_null(st, i + 1);
            break;
        default:
            g_assert_not_reached();
        }
    }
    return st;
}

SqlStatement *sql_query(Sql *sql, GError **error, const char *text, const char *types, ...) {
    va_list list;
    va_start(list, types);
    SqlStatement *st = prepare_list(sql, error, text, types, list);
    va_end(list);
    return st;
}

gboolean sql_run(Sql *sql, GError **error, const char *text, const char *types, ...) {
    va_list list;
    va_start(list, types);
    SqlStatement *st = prepare_list(sql, error, text, types, list);
    va_end(list);
    if (st == NULL)
        return FALSE;
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        ;
    return step == SQL_DONE;
}

gboolean sql_get_int(Sql *sql, GError **error, gint64 *value, gint64 otherwise, const char *text,
                     const char *types, ...) {
    va_list list;
    va_start(list, types);
    SqlStatement *st = prepare_list(sql, error, text, types, list);
    va_end(list);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    *value = step == SQL_ROW && !sql_is_null(st, 0) ? sql_int(st, 0) : otherwise;
    if (step == SQL_ROW)
        sql_reset(st);
    return step != SQL_FAILED;
}

gboolean sql_in_transaction(Sql *sql) { return !sqlite3_get_autocommit(sql->db); }

gint64 sql_changes(Sql *sql) { return sqlite3_changes64(sql->db); }

gboolean sql_backup(Sql *sql, const char *path, GError **error) {
    sqlite3 *target = NULL;
    gboolean done = FALSE;
    if (sqlite3_open(path, &target) == SQLITE_OK) {
        sqlite3_backup *backup = sqlite3_backup_init(target, "main", sql->db, "main");
        if (backup != NULL) {
            int step;
            do {
                /* all pages at once, so from one snapshot: between steps a commit of the writer
                   would start the copy anew, and on a busy server it would never end */
                step = sqlite3_backup_step(backup, -1);
                if (step == SQLITE_BUSY || step == SQLITE_LOCKED)
                    sqlite3_sleep(20);
            } while (step == SQLITE_OK || step == SQLITE_BUSY || step == SQLITE_LOCKED);
            done = sqlite3_backup_finish(backup) == SQLITE_OK;
        }
    }
    if (!done)
        error_set(error, ERROR_FILE, NULL, path, target ? sqlite3_errmsg(target) : "out of memory",
                  NULL);
    sqlite3_close(target);
    return done;
}

gboolean sql_checkpoint(Sql *sql, gboolean truncate, GError **error) {
    g_assert(sql->mode == SQL_WRITE);
    int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    return sqlite3_wal_checkpoint_v2(sql->db, NULL, mode, NULL, NULL) == SQLITE_OK ||
           failed(sql->db, error);
}
