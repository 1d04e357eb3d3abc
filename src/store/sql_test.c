/* The SQL header against real files: values survive, mistakes are told, readers cannot write. */
#include "base/error.h"
#include "store/sql.h"

#include <glib/gstdio.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef struct {
    char *directory, *path, *uri;
    Sql *sql;
} Fixture;

static void setup(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    f->directory = g_dir_make_tmp("anlan-sql-XXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->directory, "test.db", NULL);
    f->uri = g_strconcat("sqlite:", f->path, NULL);
    f->sql = sql_open(f->uri, SQL_WRITE, &error);
    g_assert_no_error(error);
    sql_exec(f->sql, "CREATE TABLE t(a, b)", &error);
    g_assert_no_error(error);
}

static void teardown(Fixture *f, gconstpointer data) {
    (void)data;
    sql_close(f->sql);
    g_autoptr(GDir) dir = g_dir_open(f->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(f->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(f->directory);
    g_free(f->directory);
    g_free(f->path);
    g_free(f->uri);
}

static gint64 count(Sql *sql) {
    g_autoptr(GError) error = NULL;
    gint64 n;
    sql_get_int(sql, &error, &n, -1, "SELECT count(*) FROM t", "");
    g_assert_no_error(error);
    return n;
}

static void values_come_back_as_they_went(Fixture *f, gconstpointer data) {
    (void)data;
    static const guint8 blob[] = {0, 1, 255, 0};
    g_autoptr(GError) error = NULL;
    sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "tt", "安澜'; DROP TABLE t --", NULL);
    sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "ii", G_MININT64, G_MAXINT64);
    sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "dd", 0.1, -1e308);
    sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "bn", blob, sizeof blob);
    sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "bt", NULL, (gsize)0, "");
    g_assert_no_error(error);

    SqlStatement *st = sql_query(f->sql, &error, "SELECT a, b FROM t ORDER BY rowid", "");
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_cmpstr(sql_text(st, 0), ==, "安澜'; DROP TABLE t --");
    g_assert_true(sql_is_null(st, 1));
    g_assert_null(sql_text(st, 1));
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_cmpint(sql_int(st, 0), ==, G_MININT64);
    g_assert_cmpint(sql_int(st, 1), ==, G_MAXINT64);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_cmpfloat(sql_double(st, 0), ==, 0.1);
    g_assert_cmpfloat(sql_double(st, 1), ==, -1e308);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    gsize n;
    const void *bytes = sql_blob(st, 0, &n);
    g_assert_cmpmem(bytes, n, blob, sizeof blob);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_false(sql_is_null(st, 0)); /* an empty blob is not null */
    sql_blob(st, 0, &n);
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmpstr(sql_text(st, 1), ==, "");
    g_assert_cmpint(sql_step(st, &error), ==, SQL_DONE);
    g_assert_no_error(error);
}

static void a_prepared_statement_starts_clean(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "ii", (gint64)1, (gint64)2);
    sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "i",
            (gint64)3); /* second not given: null, not 2 */
    gint64 nulls, value;
    sql_get_int(f->sql, &error, &nulls, -1, "SELECT count(*) FROM t WHERE b IS NULL", "");
    g_assert_cmpint(nulls, ==, 1);
    sql_get_int(f->sql, &error, &value, 77, "SELECT a FROM t WHERE a = ?", "i", (gint64)99);
    g_assert_cmpint(value, ==, 77);
    g_assert_no_error(error);
}

static void mistakes_are_told(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) syntax = NULL, missing = NULL, unique = NULL, uri = NULL, path = NULL;
    g_assert_false(sql_exec(f->sql, "SELEC 1", &syntax));
    g_assert_error(syntax, ANLAN_ERROR, ERROR_STORE);
    g_assert_false(sql_run(f->sql, &missing, "SELECT * FROM nowhere", ""));
    g_assert_error(missing, ANLAN_ERROR, ERROR_STORE);
    g_assert_nonnull(strstr(missing->message, "nowhere"));

    sql_exec(f->sql, "CREATE UNIQUE INDEX ta ON t(a)", NULL);
    g_assert_true(sql_run(f->sql, NULL, "INSERT INTO t(a) VALUES (?)", "i", (gint64)1));
    g_assert_false(sql_run(f->sql, &unique, "INSERT INTO t(a) VALUES (?)", "i", (gint64)1));
    g_assert_error(unique, ANLAN_ERROR, ERROR_STORE);
    g_assert_true(
        sql_run(f->sql, NULL, "INSERT INTO t(a) VALUES (?)", "i", (gint64)2)); /* usable after */

    g_assert_null(sql_open("mysql:x", SQL_WRITE, &uri));
    g_assert_error(uri, ANLAN_ERROR, ERROR_CONFIG);
    g_assert_null(sql_open("sqlite:/nonexistent/x.db", SQL_WRITE, &path));
    g_assert_error(path, ANLAN_ERROR, ERROR_STORE);
}

static void a_reader_reads_and_never_writes(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL, refused = NULL;
    Sql *reader = sql_open(f->uri, SQL_READ, &error);
    g_assert_no_error(error);
    sql_exec(f->sql, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1, 1)", &error);
    g_assert_true(sql_in_transaction(f->sql));
    g_assert_cmpint(count(reader), ==, 0); /* not committed: not seen, and no waiting */
    sql_exec(f->sql, "COMMIT", &error);
    g_assert_no_error(error);
    g_assert_false(sql_in_transaction(f->sql));
    g_assert_cmpint(count(reader), ==, 1);
    g_assert_false(sql_exec(reader, "INSERT INTO t VALUES (2, 2)", &refused));
    g_assert_error(refused, ANLAN_ERROR, ERROR_STORE);
    sql_close(reader);
}

static void a_full_disk_has_its_own_error(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_true(sql_run(f->sql, &error, "PRAGMA max_page_count=8", ""));
    g_autofree guint8 *big = g_malloc0(100000);
    g_assert_false(sql_run(f->sql, &error, "INSERT INTO t(a) VALUES (?)", "b", big, (gsize)100000));
    g_assert_error(error, ANLAN_ERROR, ERROR_DISK_FULL);
    g_assert_cmpint(count(f->sql), ==, 0);
    g_assert_true(sql_run(f->sql, NULL, "INSERT INTO t(a) VALUES (?)", "i",
                          (gint64)1)); /* small still fits */
}

static void many_texts_do_not_fill_memory_or_break(Fixture *f, gconstpointer data) {
    (void)data;
    for (gint64 i = 0; i < 2000; i++) {
        g_autofree char *text = g_strdup_printf("SELECT ? + %" G_GINT64_FORMAT, i);
        gint64 sum;
        g_assert_true(sql_get_int(f->sql, NULL, &sum, -1, text, "i", (gint64)1));
        g_assert_cmpint(sum, ==, i + 1);
    }
}

static void a_backup_of_a_live_file_is_whole(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL, failed = NULL;
    for (gint64 i = 0; i < 100; i++)
        sql_run(f->sql, &error, "INSERT INTO t(a) VALUES (?)", "i", i);
    g_autofree char *copy = g_build_filename(f->directory, "copy.db", NULL);
    g_autofree char *copy_uri = g_strconcat("sqlite:", copy, NULL);
    g_assert_true(sql_backup(f->sql, copy, &error));
    g_assert_no_error(error);
    Sql *restored = sql_open(copy_uri, SQL_WRITE, &error);
    g_assert_no_error(error);
    g_assert_cmpint(count(restored), ==, 100);
    sql_close(restored);
    g_assert_false(sql_backup(f->sql, "/nonexistent/copy.db", &failed));
    g_assert_error(failed, ANLAN_ERROR, ERROR_FILE);
}

static void a_checkpoint_empties_the_wal(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    sql_run(f->sql, &error, "INSERT INTO t(a) VALUES (1)", "");
    g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);
    GStatBuf status;
    g_assert_cmpint(g_stat(wal, &status), ==, 0);
    g_assert_cmpint(status.st_size, >, 0);
    g_assert_true(sql_checkpoint(f->sql, TRUE, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_stat(wal, &status), ==, 0);
    g_assert_cmpint(status.st_size, ==, 0);
}

typedef struct {
    Sql *sql;
    _Atomic gboolean stop, given_up;
} Busy;

static void *commit_on_and_on(void *data) {
    Busy *busy = data;
    gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (!atomic_load(&busy->stop) && g_get_monotonic_time() < end)
        sql_run(busy->sql, NULL, "INSERT INTO t VALUES (?, ?)", "ii", (gint64)0, (gint64)0);
    atomic_store(&busy->given_up, !atomic_load(&busy->stop));
    return NULL;
}

/* A copy made in portions begins anew at every commit, so on a busy server it never ends. */
static void a_backup_ends_while_others_write(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_true(sql_exec(f->sql,
                           "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                           "FROM n WHERE i < 64) SELECT i, zeroblob(1000000) FROM n;"
                           "PRAGMA synchronous=OFF",
                           &error));
    g_assert_true(sql_checkpoint(f->sql, TRUE, &error));
    Busy busy = {.sql = f->sql};
    Sql *reader = sql_open(f->uri, SQL_READ, &error);
    g_autofree char *copy = g_build_filename(f->directory, "busy.db", NULL);
    pthread_t writer;
    pthread_create(&writer, NULL, commit_on_and_on, &busy);
    gboolean done = sql_backup(reader, copy, &error);
    atomic_store(&busy.stop, TRUE);
    pthread_join(writer, NULL);
    g_assert_no_error(error);
    g_assert_true(done);
    g_assert_false(atomic_load(&busy.given_up));
    sql_close(reader);
}

#define ADD(name, func) g_test_add("/sql/" name, Fixture, NULL, setup, func, teardown)

/* The cache of statements is bounded, but what is in use stays valid. */
static void test_cache_keeps_what_is_in_use(void) {
    Sql *sql = sql_open("sqlite::memory:", SQL_WRITE, NULL);
    SqlStatement *outer = sql_query(sql, NULL, "SELECT 1 UNION SELECT 2", "");
    g_assert_cmpint(sql_step(outer, NULL), ==, SQL_ROW);
    for (int i = 0; i < 2000; i++) {
        g_autofree char *text = g_strdup_printf("SELECT %d", i + 10);
        gint64 value;
        g_assert_true(sql_get_int(sql, NULL, &value, 0, text, ""));
        g_assert_cmpint(value, ==, i + 10);
    }
    g_assert_cmpint(sql_step(outer, NULL), ==, SQL_ROW);
    g_assert_cmpint(sql_int(outer, 0), ==, 2);
    g_assert_cmpint(sql_step(outer, NULL), ==, SQL_DONE);
    sql_close(sql);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("values-come-back-as-they-went", values_come_back_as_they_went);
    ADD("a-prepared-statement-starts-clean", a_prepared_statement_starts_clean);
    ADD("mistakes-are-told", mistakes_are_told);
    ADD("a-reader-reads-and-never-writes", a_reader_reads_and_never_writes);
    ADD("a-full-disk-has-its-own-error", a_full_disk_has_its_own_error);
    ADD("many-texts-do-not-fill-memory-or-break", many_texts_do_not_fill_memory_or_break);
    ADD("a-backup-of-a-live-file-is-whole", a_backup_of_a_live_file_is_whole);
    ADD("a-backup-ends-while-others-write", a_backup_ends_while_others_write);
    ADD("a-checkpoint-empties-the-wal", a_checkpoint_empties_the_wal);
    g_test_add_func("/sql/cache", test_cache_keeps_what_is_in_use);
    return g_test_run();
}
