/* Counts failed log-ins by login and by address and locks both for a while; bounds how many slow
 * password checks run at once. Any thread. */
#pragma once
#include "base/error.h"

typedef struct LoginGuard LoginGuard;
enum { LOGIN_FAILURES = 5, LOGIN_LOCK_S = 300, LOGIN_CHECKS = 2 };
LoginGuard *login_guard_new(void);
void login_guard_free(LoginGuard *guard);
/* False with ERROR_LOCKED or, when too many checks run, ERROR_BUSY. True: login_guard_leave must
 * follow. */
gboolean login_guard_enter(LoginGuard *guard, const char *login, const char *address, gint64 now_ms,
                           GError **error);
void login_guard_leave(LoginGuard *guard, const char *login, const char *address, gboolean good,
                       gint64 now_ms);
