#include "server/basic_cache.h"
#include "server/session.h"

static Sql *fresh(void) {
    Sql *sql = sql_open("sqlite::memory:", SQL_WRITE, NULL);
    g_autofree char *hash = password_hash("correct horse", NULL);
    g_assert_true(session_migrate(sql, NULL));
    g_assert_true(session_set_hash(sql, "a", hash, NULL));
    return sql;
}

static gboolean check(BasicCache *cache, LoginGuard *guard, Sql *sql, const char *password,
                      gint64 now_ms, ErrorKind refusal) {
    g_autoptr(GError) error = NULL;
    gboolean good = basic_check(cache, guard, sql, "a", password, "1.1.1.1", now_ms, &error);
    if (!good)
        g_assert_error(error, ANLAN_ERROR, (gint)refusal);
    return good;
}

static void test_believes_for_a_while(void) {
    Sql *sql = fresh();
    LoginGuard *guard = login_guard_new();
    BasicCache *cache = basic_cache_new();
    g_assert_true(check(cache, guard, sql, "correct horse", 1000, 0));
    for (int i = 0; i < LOGIN_FAILURES; i++)
        g_assert_false(check(cache, guard, sql, "wrong", 1000, ERROR_LOGIN));
    g_assert_false(check(cache, guard, sql, "wrong", 1000, ERROR_LOCKED));
    g_assert_true(check(cache, guard, sql, "correct horse", 1000, 0)); /* proved before */
    gint64 later = 1000 + BASIC_BELIEVED_S * 1000;
    g_assert_false(check(cache, guard, sql, "correct horse", later, ERROR_LOCKED));
    basic_cache_free(cache);
    login_guard_free(guard);
    sql_close(sql);
}

static void test_a_changed_password_ends_it_at_once(void) {
    Sql *sql = fresh();
    LoginGuard *guard = login_guard_new();
    BasicCache *cache = basic_cache_new();
    g_assert_true(check(cache, guard, sql, "correct horse", 1000, 0));
    g_autofree char *hash = password_hash("another horse", NULL);
    g_assert_true(session_set_hash(sql, "a", hash, NULL));
    g_assert_false(check(cache, guard, sql, "correct horse", 1000, ERROR_LOGIN));
    g_assert_true(check(cache, guard, sql, "another horse", 1000, 0));
    basic_cache_free(cache);
    login_guard_free(guard);
    sql_close(sql);
}

static void test_reads_the_header(void) {
    static const struct {
        const char *header, *login, *password;
    } rows[] = {{"Basic YTpi", "a", "b"},   {"basic YTpiOmM=", "a", "b:c"},
                {"Basic YWI=", NULL, NULL}, {"Basic YTpiAGM=", NULL, NULL},
                {"Basic /zpi", NULL, NULL}, {"Bearer YTpi", NULL, NULL},
                {"Basic !!", NULL, NULL},   {NULL, NULL, NULL}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *login = NULL, *password = NULL;
        basic_read(rows[i].header, &login, &password);
        g_assert_cmpstr(login, ==, rows[i].login);
        g_assert_cmpstr(password, ==, rows[i].password);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/basic/believes", test_believes_for_a_while);
    g_test_add_func("/basic/changed", test_a_changed_password_ends_it_at_once);
    g_test_add_func("/basic/reads-the-header", test_reads_the_header);
    return g_test_run();
}
