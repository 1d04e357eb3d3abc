/* HTTP basic for map programs, which send login and password with every request: a password that
 * was good is believed for a minute, so that argon2 runs once and not per map tile.
 *
 * Every check goes through the login guard. Kept is only a keyed digest over login, password and
 * the stored hash: a changed password misses at once, and whether the user is enabled is asked each
 * time by the caller. Bounded; any thread. */
#pragma once
#include "server/login_guard.h"
#include "store/sql.h"

/* Login and password of the header "Basic …", each once; left alone when it is something else. */
void basic_read(const char *header, char **login, char **password);

typedef struct BasicCache BasicCache;
enum { BASIC_BELIEVED_S = 60 };
BasicCache *basic_cache_new(void);
void basic_cache_free(BasicCache *cache);
/* False with ERROR_LOGIN, ERROR_LOCKED or ERROR_BUSY. Waits up to a second for its turn, because
 * map programs ask for several things at once. */
gboolean basic_check(BasicCache *cache, LoginGuard *guard, Sql *sql, const char *login,
                     const char *password, const char *address, gint64 now_ms, GError **error);
