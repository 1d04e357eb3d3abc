/* For tests: an empty database of the back end under test, SQLite unless ANLAN_TEST_DATABASE is the
 * URI of a PostgreSQL database (tests/postgres sets it), where it is a schema of its own. */
#pragma once
#include "store/sql.h"

#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <unistd.h>

typedef struct {
    char *uri;
    char *directory; /* SQLite on disk */
    char *schema;    /* PostgreSQL */
} TestDatabase;

G_GNUC_UNUSED static gboolean test_on_postgres(void) {
    return g_getenv("ANLAN_TEST_DATABASE") != NULL;
}

G_GNUC_UNUSED static void test_server_run(const char *text) {
    PGconn *conn = PQconnectdb(g_getenv("ANLAN_TEST_DATABASE"));
    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    PGresult *result = PQexec(conn, text);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        g_error("%s: %s", text, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

G_GNUC_UNUSED static void test_schema_new(TestDatabase *database) {
    static guint made;
    database->schema = g_strdup_printf("t%d_%u", (int)getpid(), ++made);
    g_autofree char *text = g_strdup_printf("CREATE SCHEMA %s", database->schema);
    test_server_run(text);
    database->uri = g_strdup_printf("%s&options=-csearch_path%%3D%s",
                                    g_getenv("ANLAN_TEST_DATABASE"), database->schema);
}

/* `shared`: more than one connection will open it. */
G_GNUC_UNUSED static void test_database_new(TestDatabase *database, gboolean shared) {
    *database = (TestDatabase){0};
    if (test_on_postgres()) {
        test_schema_new(database);
    } else if (shared) {
        database->directory = g_dir_make_tmp("anlan-test-XXXXXX", NULL);
        database->uri = g_strconcat("sqlite:", database->directory, "/test.db", NULL);
    } else {
        database->uri = g_strdup("sqlite::memory:");
    }
}

G_GNUC_UNUSED static void test_directory_free(char *directory) {
    GDir *dir = g_dir_open(directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_dir_close(dir);
    g_rmdir(directory);
    g_free(directory);
}

G_GNUC_UNUSED static void test_database_free(TestDatabase *database) {
    if (database->schema) {
        g_autofree char *text = g_strdup_printf("DROP SCHEMA %s CASCADE", database->schema);
        test_server_run(text);
    }
    if (database->directory)
        test_directory_free(database->directory);
    g_free(database->schema);
    g_free(database->uri);
}

G_GNUC_UNUSED static Sql *test_sql_open(const TestDatabase *database, SqlMode mode) {
    g_autoptr(GError) error = NULL;
    Sql *sql = sql_open(database->uri, mode, &error);
    g_assert_no_error(error);
    return sql;
}
