/* The SQL header against real files: values survive, mistakes are told, readers cannot write. */
#include "base/error.h"
#include "store/test_database.h"

#include <glib/gstdio.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef struct {
    TestDatabase database;
    Sql *sql;
} Fixture;

static void setup(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    test_database_new(&f->database, TRUE);
    f->sql = test_sql_open(&f->database, SQL_WRITE);
    sql_define(f->sql,
               "CREATE TABLE t(a {int}, b {int});"
               "CREATE TABLE v(serial {key} PRIMARY KEY, t {text}, i {int}, d {real}, b {blob})",
               &error);
    g_assert_no_error(error);
}

static void teardown(Fixture *f, gconstpointer data) {
    (void)data;
    sql_close(f->sql);
    test_database_free(&f->database);
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
    static const char text[] = "INSERT INTO v VALUES (?, ?, ?, ?, ?)";
    g_autoptr(GError) error = NULL;
    sql_run(f->sql, &error, text, "itidb", (gint64)1, "安澜'; DROP TABLE v -- \\?", G_MININT64, 0.1,
            blob, sizeof blob);
    sql_run(f->sql, &error, text, "innnn", (gint64)2);
    sql_run(f->sql, &error, text, "itidb", (gint64)3, "", G_MAXINT64, -1e308, NULL, (gsize)0);
    sql_run(f->sql, &error, text, "itidn", (gint64)4, NULL, (gint64)0, 5e-324);
    g_assert_no_error(error);

    SqlStatement *st = sql_query(f->sql, &error, "SELECT t, i, d, b FROM v ORDER BY serial", "");
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_cmpstr(sql_text(st, 0), ==, "安澜'; DROP TABLE v -- \\?");
    g_assert_cmpint(sql_int(st, 1), ==, G_MININT64);
    g_assert_cmpfloat(sql_double(st, 2), ==, 0.1);
    gsize n;
    const void *bytes = sql_blob(st, 3, &n);
    g_assert_cmpmem(bytes, n, blob, sizeof blob);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    for (int i = 0; i < 4; i++)
        g_assert_true(sql_is_null(st, i));
    g_assert_null(sql_text(st, 0));
    g_assert_cmpint(sql_int(st, 1), ==, 0);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_cmpstr(sql_text(st, 0), ==, "");
    g_assert_cmpint(sql_int(st, 1), ==, G_MAXINT64);
    g_assert_cmpfloat(sql_double(st, 2), ==, -1e308);
    g_assert_false(sql_is_null(st, 3)); /* an empty blob is not null */
    sql_blob(st, 3, &n);
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_true(sql_is_null(st, 0));
    g_assert_cmpfloat(sql_double(st, 2), ==, 5e-324);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_DONE);
    g_assert_no_error(error);
}

/* What is no parameter stays as it is written. */
static void a_question_mark_in_quotes_is_text(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    SqlStatement *st = sql_query(f->sql, &error,
                                 "SELECT '?''?', ? /* ? */ + 1 AS \"a?\" -- ?\n"
                                 "FROM (SELECT 1 AS one) x WHERE one = ?",
                                 "ii", (gint64)41, (gint64)1);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_ROW);
    g_assert_no_error(error);
    g_assert_cmpstr(sql_text(st, 0), ==, "?'?");
    g_assert_cmpint(sql_int(st, 1), ==, 42);
    g_assert_cmpint(sql_step(st, &error), ==, SQL_DONE);
}

/* The rule that scopes and cursors stand on: order, ranges and LIKE go by bytes. */
static void text_is_compared_by_its_bytes(Fixture *f, gconstpointer data) {
    (void)data;
    static const char *const texts[] = {"B",  "a", "3204", "32",  "安",
                                        "ab", "A", "3205", "32-", "阿"};
    g_autoptr(GError) error = NULL;
    g_autofree char *former = g_strdup("");
    gint64 n;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        sql_run(f->sql, &error, "INSERT INTO v(serial, t) VALUES (?, ?)", "it", (gint64)i,
                texts[i]);
    SqlStatement *st = sql_query(f->sql, &error, "SELECT t FROM v ORDER BY t", "");
    while (sql_step(st, &error) == SQL_ROW) {
        g_assert_cmpint(strcmp(former, sql_text(st, 0)), <, 0);
        g_free(former);
        former = g_strdup(sql_text(st, 0));
    }
    sql_get_int(f->sql, &error, &n, -1, "SELECT count(*) FROM v WHERE t >= ? AND t < ?", "tt", "32",
                "33");
    g_assert_cmpint(n, ==, 4);
    sql_get_int(f->sql, &error, &n, -1, "SELECT count(*) FROM v WHERE t LIKE ? ESCAPE '\\'", "t",
                "a%");
    g_assert_cmpint(n, ==, 2);
    g_assert_no_error(error);
}

/* A reader sees one moment from its savepoint to its release. */
static void a_savepoint_alone_is_a_transaction(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    Sql *reader = test_sql_open(&f->database, SQL_READ);
    sql_run(reader, &error, "SAVEPOINT moment", "");
    g_assert_cmpint(count(reader), ==, 0);
    sql_exec(f->sql, "SAVEPOINT wide; INSERT INTO t VALUES (1, 1); SAVEPOINT narrow", &error);
    sql_exec(f->sql, "INSERT INTO t VALUES (2, 2); ROLLBACK TO narrow; RELEASE narrow", &error);
    g_assert_true(sql_in_transaction(f->sql));
    sql_exec(f->sql, "RELEASE wide", &error);
    g_assert_false(sql_in_transaction(f->sql));
    g_assert_cmpint(count(reader), ==, 0);
    sql_run(reader, &error, "RELEASE moment", "");
    g_assert_no_error(error);
    g_assert_cmpint(count(reader), ==, 1);
    sql_close(reader);
}

/* A failed statement undoes itself or spoils its savepoint; what is outside stays. */
static void a_savepoint_saves_what_stands_before_it(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    sql_exec(f->sql, "CREATE UNIQUE INDEX ta ON t(a)", &error);
    sql_exec(f->sql, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1, 1); SAVEPOINT job", &error);
    g_assert_no_error(error);
    g_assert_false(
        sql_run(f->sql, NULL, "INSERT INTO t VALUES (?, ?)", "ii", (gint64)1, (gint64)1));
    g_assert_true(sql_in_transaction(f->sql));
    sql_exec(f->sql, "ROLLBACK TO job; RELEASE job; INSERT INTO t VALUES (2, 2); COMMIT", &error);
    g_assert_no_error(error);
    g_assert_cmpint(count(f->sql), ==, 2);
}

/* Scans side by side, with writes and queries between, left early and begun again. */
static void scans_give_every_row(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    sql_exec(f->sql, "BEGIN IMMEDIATE", &error);
    for (gint64 i = 0; i < 3000; i++)
        sql_run(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "ii", i, i % 3);
    g_assert_no_error(error);
    for (int round = 0; round < 2; round++) {
        gint64 seen = 0;
        SqlStatement *all = sql_scan(f->sql, &error, "SELECT a FROM t ORDER BY a", "");
        SqlStatement *some =
            sql_scan(f->sql, &error, "SELECT a FROM t WHERE b = ? ORDER BY a", "i", (gint64)1);
        for (; sql_step(all, &error) == SQL_ROW; seen++) {
            g_assert_cmpint(sql_int(all, 0), ==, seen);
            if (seen % 3 == 1 && seen < 2000) {
                g_assert_cmpint(sql_step(some, &error), ==, SQL_ROW);
                g_assert_cmpint(sql_int(some, 0), ==, seen);
            }
            if (seen % 1000 == 7)
                g_assert_cmpint(count(f->sql), ==, 3000);
        }
        g_assert_cmpint(seen, ==, 3000);
        sql_reset(some);
    }
    sql_exec(f->sql, "COMMIT", &error);
    g_assert_no_error(error);
}

static gboolean send_row(Sql *sql, gint64 a, GError **error) {
    SqlStatement *st = sql_query(sql, error, "INSERT INTO t VALUES (?, ?)", "ii", a, a);
    return st && sql_send(st, error);
}

/* Sent statements count as done only when the savepoint is released; a failed one is told by then.
 */
static void what_was_sent_is_told_at_release(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    sql_exec(f->sql, "CREATE UNIQUE INDEX ta ON t(a)", &error);
    g_assert_true(send_row(f->sql, 1, &error)); /* outside: at once */
    g_assert_false(send_row(f->sql, 1, NULL));
    sql_exec(f->sql, "BEGIN IMMEDIATE; SAVEPOINT job", &error);
    for (gint64 a = 2; a < 300; a++)
        g_assert_true(send_row(f->sql, a, &error));
    g_assert_true(sql_in_transaction(f->sql));
    g_assert_cmpint(count(f->sql), ==, 299);
    g_assert_true(send_row(f->sql, 300, &error));
    sql_exec(f->sql, "RELEASE job; SAVEPOINT job", &error);
    g_assert_no_error(error);
    gboolean good = send_row(f->sql, 301, NULL) && send_row(f->sql, 7, NULL) &&
                    send_row(f->sql, 302, NULL) && sql_exec(f->sql, "RELEASE job", NULL);
    g_assert_false(good);
    g_assert_true(sql_in_transaction(f->sql));
    sql_exec(f->sql, "ROLLBACK TO job; RELEASE job", &error);
    g_assert_true(send_row(f->sql, 303, &error));
    sql_exec(f->sql, "COMMIT", &error);
    g_assert_no_error(error);
    g_assert_cmpint(count(f->sql), ==, 301);
    sql_exec(f->sql, "BEGIN IMMEDIATE", &error);
    good = send_row(f->sql, 400, NULL) && send_row(f->sql, 7, NULL) &&
           sql_exec(f->sql, "COMMIT", NULL);
    g_assert_false(good);
    sql_exec(f->sql, "ROLLBACK", &error);
    g_assert_no_error(error);
    g_assert_cmpint(count(f->sql), ==, 301);
}

/* One process writes: a second SQL_WRITE connection of the same database is refused. */
static void one_connection_writes(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_null(sql_open(f->database.uri, SQL_WRITE, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_CONFIG);
    TestDatabase other;
    test_database_new(&other, TRUE);
    sql_close(test_sql_open(&other, SQL_WRITE));
    test_database_free(&other);
}

static void changes_are_counted(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    sql_exec(f->sql, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)", &error);
    sql_run(f->sql, &error, "UPDATE t SET b = ? WHERE a > ?", "ii", (gint64)9, (gint64)1);
    g_assert_cmpint(sql_changes(f->sql), ==, 2);
    sql_run(f->sql, &error, "DELETE FROM t WHERE a = ?", "i", (gint64)77);
    g_assert_cmpint(sql_changes(f->sql), ==, 0);
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
    Sql *reader = test_sql_open(&f->database, SQL_READ);
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

/* A real small file on SQLite; on PostgreSQL the server's code for a full disk. */
static void a_full_disk_has_its_own_error(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_true(sql_exec(
        f->sql,
        test_on_postgres() ? "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ "
                             "BEGIN RAISE disk_full; END $$;"
                             "CREATE TRIGGER full_disk BEFORE INSERT ON v FOR EACH ROW WHEN "
                             "(length(new.b) > 9999) EXECUTE FUNCTION full_disk()"
                           : "PRAGMA max_page_count=8",
        &error));
    g_autofree guint8 *big = g_malloc0(100000);
    g_assert_false(
        sql_run(f->sql, &error, "INSERT INTO v(serial, b) VALUES (1, ?)", "b", big, (gsize)100000));
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
    if (test_on_postgres()) {
        g_assert_false(sql_backup(f->sql, "/tmp/copy.db", &failed));
        g_assert_error(failed, ANLAN_ERROR, ERROR_CONFIG);
        return;
    }
    g_autofree char *copy = g_build_filename(f->database.directory, "copy.db", NULL);
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
    if (test_on_postgres()) {
        g_assert_true(sql_checkpoint(f->sql, TRUE, &error)); /* nothing to do */
        return;
    }
    g_autofree char *wal = g_strconcat(f->database.directory, "/test.db-wal", NULL);
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
    Sql *reader = sql_open(f->database.uri, SQL_READ, &error);
    g_autofree char *copy = g_build_filename(f->database.directory, "busy.db", NULL);
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

/* What was announced is never older than what is asked: the same question in other words, which
 * nobody announced, has the same answer after any mixture of writes and savepoints. */
static void announced_answers_are_never_stale(Fixture *f, gconstpointer data) {
    (void)data;
    enum { STEPS = 1500 };
    static const char asked[] = "SELECT count(*), max(b) FROM t WHERE a = ?";
    static const char other[] = "SELECT count(*), max(b)  FROM t WHERE a = ?";
    g_autoptr(GError) error = NULL;
    int depth = 0;
    sql_exec(f->sql, "BEGIN IMMEDIATE", &error);
    for (int i = 0; i < STEPS; i++) {
        gint64 a = g_test_rand_int_range(0, 3), b = g_test_rand_int_range(0, 1000);
        switch (g_test_rand_int_range(0, 10)) {
        case 0:
            g_assert_true(sql_run_later(f->sql, &error, "INSERT INTO t VALUES (?, ?)", "ii", a, b));
            break;
        case 1:
            g_assert_true(sql_run(f->sql, &error, "UPDATE t SET b = ? WHERE a = ?", "ii", b, a));
            break;
        case 2:
            g_assert_true(sql_run_later(f->sql, &error, "DELETE FROM t WHERE b < ?", "i", b / 4));
            break;
        case 3:
            g_assert_true(sql_exec(f->sql, "SAVEPOINT s", &error));
            depth++;
            break;
        case 4:
            if (depth > 0)
                g_assert_true(sql_exec(f->sql, "ROLLBACK TO s; RELEASE s", &error));
            depth -= depth > 0;
            break;
        case 5:
            g_assert_true(
                sql_run_later(f->sql, &error, "INSERT INTO v (serial) VALUES (?)", "i", (gint64)i));
            break;
        default:
            sql_ahead(f->sql, asked, "i", a);
            break;
        }
        a = g_test_rand_int_range(0, 3);
        SqlStatement *one = sql_query(f->sql, &error, asked, "i", a);
        g_assert_cmpint(sql_step(one, &error), ==, SQL_ROW);
        SqlStatement *two = sql_query(f->sql, &error, other, "i", a);
        g_assert_cmpint(sql_step(two, &error), ==, SQL_ROW);
        g_assert_cmpint(sql_int(one, 0), ==, sql_int(two, 0));
        g_assert_cmpint(sql_int(one, 1), ==, sql_int(two, 1));
        sql_reset(one);
        sql_reset(two);
    }
    g_assert_true(sql_exec(f->sql, "COMMIT", &error));
    g_assert_no_error(error);
}

/* An announced query that fails is told where it is asked, and a good one beside it is answered. */
static void announced_questions_may_fail(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_true(sql_exec(f->sql, "BEGIN IMMEDIATE; SAVEPOINT s", &error));
    sql_ahead(f->sql, "SELECT a / 0 FROM nowhere WHERE a = ?", "i", (gint64)1);
    if (sql_kind(f->sql) == SQL_POSTGRES) {
        g_assert_false(sql_run(f->sql, &error, "SELECT count(*) FROM t", ""));
        g_clear_error(&error);
    }
    g_assert_true(sql_exec(f->sql, "ROLLBACK TO s", &error));
    sql_ahead(f->sql, "SELECT count(*) FROM t WHERE a > ?", "i", (gint64)0);
    gint64 n = -1;
    g_assert_true(
        sql_get_int(f->sql, &error, &n, -1, "SELECT count(*) FROM t WHERE a > ?", "i", (gint64)0));
    g_assert_cmpint(n, ==, 0);
    g_assert_true(sql_exec(f->sql, "COMMIT", &error));
    g_assert_no_error(error);
}

static void texts_of_short_results(Fixture *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    sql_run(f->sql, &error, "INSERT INTO v (serial, t) VALUES (1, 'a'), (2, NULL)", "");
    g_autoptr(GPtrArray) texts =
        sql_texts(f->sql, &error, 2, "SELECT t, serial FROM v WHERE serial < ? ORDER BY serial",
                  "i", (gint64)9);
    g_assert_no_error(error);
    g_assert_cmpuint(texts->len, ==, 4);
    g_assert_cmpstr(texts->pdata[0], ==, "a");
    g_assert_cmpstr(texts->pdata[1], ==, "1");
    g_assert_null(texts->pdata[2]);
    g_assert_cmpstr(texts->pdata[3], ==, "2");
    g_assert_null(sql_texts(f->sql, &error, 1, "SELECT none FROM v", ""));
    g_assert_error(error, ANLAN_ERROR, ERROR_STORE);
}

#define ADD(name, func) g_test_add("/sql/" name, Fixture, NULL, setup, func, teardown)

/* The cache of statements is bounded, but what is in use stays valid. */
static void test_cache_keeps_what_is_in_use(Fixture *f, gconstpointer data) {
    (void)data;
    Sql *sql = f->sql;
    SqlStatement *outer = sql_query(sql, NULL, "SELECT 1 UNION SELECT 2 ORDER BY 1", "");
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
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("announced-answers-are-never-stale", announced_answers_are_never_stale);
    ADD("announced-questions-may-fail", announced_questions_may_fail);
    ADD("texts-of-short-results", texts_of_short_results);
    ADD("values-come-back-as-they-went", values_come_back_as_they_went);
    ADD("a-prepared-statement-starts-clean", a_prepared_statement_starts_clean);
    ADD("mistakes-are-told", mistakes_are_told);
    ADD("a-reader-reads-and-never-writes", a_reader_reads_and_never_writes);
    ADD("a-full-disk-has-its-own-error", a_full_disk_has_its_own_error);
    ADD("many-texts-do-not-fill-memory-or-break", many_texts_do_not_fill_memory_or_break);
    ADD("a-backup-of-a-live-file-is-whole", a_backup_of_a_live_file_is_whole);
    if (!test_on_postgres())
        ADD("a-backup-ends-while-others-write", a_backup_ends_while_others_write);
    ADD("a-checkpoint-empties-the-wal", a_checkpoint_empties_the_wal);
    ADD("cache", test_cache_keeps_what_is_in_use);
    ADD("a-question-mark-in-quotes-is-text", a_question_mark_in_quotes_is_text);
    ADD("text-is-compared-by-its-bytes", text_is_compared_by_its_bytes);
    ADD("a-savepoint-alone-is-a-transaction", a_savepoint_alone_is_a_transaction);
    ADD("a-savepoint-saves-what-stands-before-it", a_savepoint_saves_what_stands_before_it);
    ADD("what-was-sent-is-told-at-release", what_was_sent_is_told_at_release);
    ADD("scans-give-every-row", scans_give_every_row);
    ADD("changes-are-counted", changes_are_counted);
    if (test_on_postgres())
        ADD("one-connection-writes", one_connection_writes);
    return g_test_run();
}
