/* What a back end of sql.h does; included by sql.c and the drivers only. A driver's connection and
 * statement begin with the structs below; sql.c keeps the cache of statements and calls the rest
 * through the table. */
#pragma once
#include "store/sql.h"

typedef struct SqlDriver SqlDriver;

struct Sql {
    const SqlDriver *driver;
    SqlMode mode;
    GHashTable *statements; /* text -> SqlStatement */
    guint64 prepared;       /* how often sql_prepare was called */
    char *files;            /* folder, or NULL */
};

struct SqlStatement {
    Sql *sql;
    guint64 prepared; /* Sql.prepared when it was asked for last */
};

/* What stands for {key}, {int}, {real}, {text} and {blob} in sql_define. */
typedef enum { SQL_KEY, SQL_INT, SQL_REAL, SQL_TEXT, SQL_BLOB, SQL_TYPES } SqlType;

struct SqlDriver {
    SqlKind kind;
    const char *types[SQL_TYPES];
    Sql *(*open)(const char *uri, SqlMode mode, GError **error);
    void (*close)(Sql *sql); /* statements are gone already */
    gboolean (*exec)(Sql *sql, const char *text, GError **error);

    SqlStatement *(*prepare)(Sql *sql, const char *text, gboolean scan, GError **error);
    void (*finalize)(SqlStatement *st);
    gboolean (*busy)(const SqlStatement *st); /* between its first step and its end */
    void (*clear)(SqlStatement *st);          /* reset, all parameters null */
    void (*bind_text)(SqlStatement *st, int index, const char *value);
    void (*bind_int)(SqlStatement *st, int index, gint64 value);
    void (*bind_double)(SqlStatement *st, int index, double value);
    void (*bind_blob)(SqlStatement *st, int index, const void *bytes, gsize n);
    void (*bind_null)(SqlStatement *st, int index);
    SqlStep (*step)(SqlStatement *st, GError **error);
    void (*reset)(SqlStatement *st);
    gboolean (*send)(SqlStatement *st, GError **error);
    void (*ahead)(SqlStatement *st); /* NULL: a query costs no round trip */

    gboolean (*is_null)(SqlStatement *st, int column);
    const char *(*text)(SqlStatement *st, int column);
    gint64 (*integer)(SqlStatement *st, int column);
    double (*real)(SqlStatement *st, int column);
    const void *(*blob)(SqlStatement *st, int column, gsize *n);

    gboolean (*in_transaction)(Sql *sql);
    gint64 (*changes)(Sql *sql);
    gboolean (*backup)(Sql *sql, const char *path, GError **error);
    gboolean (*checkpoint)(Sql *sql, gboolean truncate, GError **error);
};

extern const SqlDriver sql_sqlite, sql_postgres;
