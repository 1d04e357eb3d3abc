/* Chooses the driver, keeps the cache of statements, binds lists of parameters; all else is passed
 * on. */
#include "base/error.h"
#include "store/sql_driver.h"

#include <stdarg.h>
#include <string.h>

static const struct {
    const char *prefix;
    const SqlDriver *driver;
} drivers[] = {
    {"sqlite:", &sql_sqlite},
    {"postgresql://", &sql_postgres},
    {"postgres://", &sql_postgres},
};

static const SqlDriver *driver_of(const char *uri) {
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++)
        if (g_str_has_prefix(uri, drivers[i].prefix))
            return drivers[i].driver;
    return NULL;
}

static void statement_free(gpointer data) {
    SqlStatement *st = data;
    st->sql->driver->finalize(st);
}

Sql *sql_open(const char *uri, SqlMode mode, GError **error) {
    const SqlDriver *driver = driver_of(uri);
    if (driver == NULL) {
        error_set(error, ERROR_CONFIG, "database", "unknown database URI",
                  "use sqlite:PATH or postgresql://…", NULL);
        return NULL;
    }
    Sql *sql = driver->open(uri, mode, error);
    if (sql == NULL)
        return NULL;
    sql->driver = driver;
    sql->mode = mode;
    sql->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, statement_free);
    return sql;
}

void sql_close(Sql *sql) {
    if (sql == NULL)
        return;
    g_hash_table_destroy(sql->statements);
    g_free(sql->files);
    sql->driver->close(sql);
}

void sql_set_files(Sql *sql, const char *folder) {
    g_free(sql->files);
    sql->files = g_strdup(folder);
}

const char *sql_files(const Sql *sql) { return sql->files; }

SqlKind sql_kind(const Sql *sql) { return sql->driver->kind; }

gboolean sql_exec(Sql *sql, const char *text, GError **error) {
    return sql->driver->exec(sql, text, error);
}

gboolean sql_define(Sql *sql, const char *text, GError **error) {
    static const char *const names[SQL_TYPES] = {[SQL_KEY] = "{key}",
                                                 [SQL_INT] = "{int}",
                                                 [SQL_REAL] = "{real}",
                                                 [SQL_TEXT] = "{text}",
                                                 [SQL_BLOB] = "{blob}"};
    GString *out = g_string_new(text);
    for (int i = 0; i < SQL_TYPES; i++)
        g_string_replace(out, names[i], sql->driver->types[i], 0);
    gboolean done = sql_exec(sql, out->str, error);
    g_string_free(out, TRUE);
    return done;
}

/* Texts come from code and packs; filters of users are few in form but many in number. What is
 * being stepped, or was asked for a moment ago, stays. */
enum { CACHED_MAX = 512, RECENT = 64 };

static gboolean is_idle(gpointer text, gpointer statement, gpointer data) {
    (void)text;
    const SqlStatement *st = statement;
    const Sql *sql = data;
    return !sql->driver->busy(st) && st->prepared + RECENT < sql->prepared;
}

/* A text may be asked for as a query and as a scan. */
static SqlStatement *prepare_new(Sql *sql, const char *text, gboolean scan, char *key_take,
                                 GError **error) {
    SqlStatement *st = sql->driver->prepare(sql, text, scan, error);
    if (st == NULL) {
        g_free(key_take);
        return NULL;
    }
    st->sql = sql;
    if (g_hash_table_size(sql->statements) >= CACHED_MAX)
        g_hash_table_foreach_remove(sql->statements, is_idle, sql);
    g_hash_table_insert(sql->statements, key_take, st);
    return st;
}

static SqlStatement *prepared(Sql *sql, SqlStatement *st) {
    if (st) {
        st->prepared = ++sql->prepared;
        sql->driver->clear(st);
    }
    return st;
}

SqlStatement *sql_prepare(Sql *sql, const char *text, GError **error) {
    SqlStatement *st = g_hash_table_lookup(sql->statements, text);
    return prepared(sql, st ? st : prepare_new(sql, text, FALSE, g_strdup(text), error));
}

static SqlStatement *prepare_scan(Sql *sql, const char *text, GError **error) {
    g_autofree char *key = g_strconcat("scan: ", text, NULL);
    SqlStatement *st = g_hash_table_lookup(sql->statements, key);
    return prepared(sql, st ? st : prepare_new(sql, text, TRUE, g_steal_pointer(&key), error));
}

static SqlStatement *prepare_ahead(Sql *sql, const char *text) {
    g_autofree char *key = g_strconcat("ahead: ", text, NULL);
    SqlStatement *st = g_hash_table_lookup(sql->statements, key);
    return prepared(sql, st ? st : prepare_new(sql, text, FALSE, g_steal_pointer(&key), NULL));
}

void sql_bind_text(SqlStatement *st, int index, const char *value) {
    st->sql->driver->bind_text(st, index, value);
}

void sql_bind_int(SqlStatement *st, int index, gint64 value) {
    st->sql->driver->bind_int(st, index, value);
}

void sql_bind_double(SqlStatement *st, int index, double value) {
    st->sql->driver->bind_double(st, index, value);
}

void sql_bind_blob(SqlStatement *st, int index, const void *bytes, gsize n) {
    st->sql->driver->bind_blob(st, index, bytes, n);
}

void sql_bind_null(SqlStatement *st, int index) { st->sql->driver->bind_null(st, index); }

SqlStep sql_step(SqlStatement *st, GError **error) { return st->sql->driver->step(st, error); }

void sql_reset(SqlStatement *st) { st->sql->driver->reset(st); }

gboolean sql_send(SqlStatement *st, GError **error) { return st->sql->driver->send(st, error); }

gboolean sql_is_null(SqlStatement *st, int column) { return st->sql->driver->is_null(st, column); }

const char *sql_text(SqlStatement *st, int column) { return st->sql->driver->text(st, column); }

gint64 sql_int(SqlStatement *st, int column) { return st->sql->driver->integer(st, column); }

double sql_double(SqlStatement *st, int column) { return st->sql->driver->real(st, column); }

const void *sql_blob(SqlStatement *st, int column, gsize *n) {
    return st->sql->driver->blob(st, column, n);
}

static SqlStatement *bind_list(SqlStatement *st, const char *types, va_list list) {
    for (int i = 0; st && types[i]; i++) {
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
    SqlStatement *st = bind_list(sql_prepare(sql, text, error), types, list);
    va_end(list);
    return st;
}

SqlStatement *sql_scan(Sql *sql, GError **error, const char *text, const char *types, ...) {
    va_list list;
    va_start(list, types);
    SqlStatement *st = bind_list(prepare_scan(sql, text, error), types, list);
    va_end(list);
    return st;
}

SqlStatement *sql_ahead(Sql *sql, const char *text, const char *types, ...) {
    va_list list;
    if (sql->driver->ahead == NULL || sql->mode != SQL_WRITE)
        return NULL;
    va_start(list, types);
    SqlStatement *st = bind_list(prepare_ahead(sql, text), types, list);
    va_end(list);
    if (st)
        sql->driver->ahead(st);
    return st;
}

gboolean sql_run_later(Sql *sql, GError **error, const char *text, const char *types, ...) {
    va_list list;
    va_start(list, types);
    SqlStatement *st = bind_list(sql_prepare(sql, text, error), types, list);
    va_end(list);
    return st && sql_send(st, error);
}

gboolean sql_run(Sql *sql, GError **error, const char *text, const char *types, ...) {
    va_list list;
    va_start(list, types);
    SqlStatement *st = bind_list(sql_prepare(sql, text, error), types, list);
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
    SqlStatement *st = bind_list(sql_prepare(sql, text, error), types, list);
    va_end(list);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    *value = step == SQL_ROW && !sql_is_null(st, 0) ? sql_int(st, 0) : otherwise;
    if (step == SQL_ROW)
        sql_reset(st);
    return step != SQL_FAILED;
}

GPtrArray *sql_texts(Sql *sql, GError **error, int columns, const char *text, const char *types,
                     ...) {
    va_list list;
    va_start(list, types);
    SqlStatement *st = bind_list(sql_prepare(sql, text, error), types, list);
    va_end(list);
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        for (int column = 0; column < columns; column++)
            g_ptr_array_add(texts, g_strdup(sql_text(st, column)));
    if (step == SQL_FAILED)
        g_clear_pointer(&texts, g_ptr_array_unref);
    return texts;
}

gboolean sql_add_column(Sql *sql, const char *table, const char *column, const char *definition,
                        GError **error) {
    const char *look =
        sql->driver->kind == SQL_SQLITE
            ? "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?"
            : "SELECT count(*) FROM information_schema.columns WHERE table_name = ? AND "
              "column_name = ? AND table_schema = current_schema()";
    gint64 there;
    if (!sql_get_int(sql, error, &there, 0, look, "tt", table, column))
        return FALSE;
    g_autofree char *text =
        g_strdup_printf("ALTER TABLE %s ADD COLUMN %s %s", table, column, definition);
    return there > 0 || sql_define(sql, text, error);
}

gboolean sql_in_transaction(Sql *sql) { return sql->driver->in_transaction(sql); }

gint64 sql_changes(Sql *sql) { return sql->driver->changes(sql); }

gboolean sql_backup(Sql *sql, const char *path, GError **error) {
    return sql->driver->backup(sql, path, error);
}

gboolean sql_checkpoint(Sql *sql, gboolean truncate, GError **error) {
    g_assert(sql->mode == SQL_WRITE);
    return sql->driver->checkpoint(sql, truncate, error);
}

gboolean sql_map(Sql *sql, GError **error) {
    return sql->driver->kind != SQL_SQLITE ||
           sql_exec(sql, "PRAGMA mmap_size = 1099511627776", error);
}
