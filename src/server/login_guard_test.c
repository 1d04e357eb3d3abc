#include "server/login_guard.h"

static void fail(LoginGuard *guard, const char *login, const char *address, int times,
                 gint64 now_ms) {
    for (int i = 0; i < times; i++) {
        g_assert_true(login_guard_enter(guard, login, address, now_ms, NULL));
        login_guard_leave(guard, login, address, FALSE, now_ms);
    }
}

static void test_locks_after_failures_and_unlocks(void) {
    LoginGuard *guard = login_guard_new();
    g_autoptr(GError) error = NULL;
    fail(guard, "a", "1.1.1.1", LOGIN_FAILURES, 1000);
    g_assert_false(
        login_guard_enter(guard, "a", "2.2.2.2", 2000, &error)); /* the login, from anywhere */
    g_assert_error(error, ANLAN_ERROR, ERROR_LOCKED);
    g_clear_error(&error);
    g_assert_false(
        login_guard_enter(guard, "b", "1.1.1.1", 2000, &error)); /* the address, for anyone */
    g_assert_error(error, ANLAN_ERROR, ERROR_LOCKED);
    g_assert_true(login_guard_enter(guard, "b", "2.2.2.2", 2000, NULL));
    login_guard_leave(guard, "b", "2.2.2.2", TRUE, 2000);
    gint64 later = 1000 + LOGIN_LOCK_S * 1000 + 1;
    g_assert_true(login_guard_enter(guard, "a", "1.1.1.1", later, NULL));
    login_guard_leave(guard, "a", "1.1.1.1", FALSE, later);
    g_assert_true(
        login_guard_enter(guard, "a", "1.1.1.1", later, NULL)); /* one failure again, not six */
    login_guard_leave(guard, "a", "1.1.1.1", TRUE, later);
    login_guard_free(guard);
}

static void test_good_login_forgets_failures(void) {
    LoginGuard *guard = login_guard_new();
    fail(guard, "a", "1.1.1.1", LOGIN_FAILURES - 1, 1000);
    g_assert_true(login_guard_enter(guard, "a", "3.3.3.3", 1000, NULL));
    login_guard_leave(guard, "a", "3.3.3.3", TRUE, 1000);
    fail(guard, "a", "4.4.4.4", LOGIN_FAILURES - 1, 1000);
    login_guard_free(guard);
}

static void test_bounds_slow_checks(void) {
    LoginGuard *guard = login_guard_new();
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < LOGIN_CHECKS; i++)
        g_assert_true(login_guard_enter(guard, "a", "1.1.1.1", 0, NULL));
    g_assert_false(login_guard_enter(guard, "a", "1.1.1.1", 0, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_BUSY);
    for (int i = 0; i < LOGIN_CHECKS; i++)
        login_guard_leave(guard, "a", "1.1.1.1", TRUE, 0);
    login_guard_free(guard);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/login_guard/locks", test_locks_after_failures_and_unlocks);
    g_test_add_func("/login_guard/forgets", test_good_login_forgets_failures);
    g_test_add_func("/login_guard/bounds", test_bounds_slow_checks);
    return g_test_run();
}
