/* Who is asking: passwords, sessions and device tokens.
 *
 * Passwords are argon2id hashes (libsodium) in table `credential`; session and device tokens are
 * 256 random bits of which only the SHA-256 is stored. None of them is a record, so none enters the
 * journal. The functions that write run in a job of the records writer. */
#pragma once
#include "record/record.h"

gboolean session_migrate(Sql *sql, GError **error);

enum { PASSWORD_MIN = 8, PASSWORD_MAX = 200 };
/* Hash for session_set_hash; slow on purpose (do it outside of a writer's job). NULL when the
 * password is too short or long. Caller frees. */
char *password_hash(const char *password, GError **error);
gboolean session_set_hash(Sql *sql, const char *login, const char *hash, GError **error);

/* The same for a password that its user must change at once. */
gboolean session_set_once(Sql *sql, const char *login, const char *hash, GError **error);
/* A password that people choose: does not hold the login, has 5 different characters (project
 * choice; length: password_hash). ERROR_FIELD_FORMAT. */
gboolean password_fits(const char *login, const char *password, GError **error);

/* A new token for a device record; the only time it is seen. Caller frees. Earlier tokens of the
 * device stay valid until revoked. */
char *device_token_new(Sql *sql, const char *device, gint64 now_ms, GError **error);
/* Stores a token that was made elsewhere (demo, restore). */
gboolean device_token_put(Sql *sql, const char *device, const char *token, gint64 now_ms,
                          GError **error);
gboolean device_token_revoke(Sql *sql, const char *device, GError **error);
/* The device and its enterprise for a token; false with ERROR_TOKEN. *enterprise NULL: all points.
 * Caller frees both. */
gboolean device_token_find(Sql *sql, const Packs *packs, const char *token, char **device,
                           char **enterprise, GError **error);

/* What a request knows of its user; owns its texts. */
typedef struct {
    Actor actor; /* points into this struct */
    char *login, *name, *region, *enterprise, *sectors;
    gboolean once; /* has a password for one log-in and must choose his own first */
} Identity;
void identity_free(Identity *identity);

/* True when login and password match; the user may be disabled. Spends the same time on unknown
 * logins. */
gboolean password_check(Sql *sql, const char *login, const char *password);
/* The stored hash of a login, or NULL; caller frees. To notice that a password was changed. */
char *password_stored(Sql *sql, const char *login);
/* The enabled user with this login, or ERROR_SESSION. */
Identity *identity_find(Sql *sql, const Packs *packs, const char *login, GError **error);
/* Starts a session; *token has 43 characters. In a writer's job. */
gboolean session_start(Sql *sql, const char *login, const char *token, gint64 now_ms,
                       GError **error);
gboolean session_end(Sql *sql, const char *token, GError **error);
/* The user of a session token, or ERROR_SESSION (unknown, expired, user disabled). */
Identity *session_find(Sql *sql, const Packs *packs, const char *token, gint64 now_ms,
                       GError **error);
enum { SESSION_HOURS = 12 };
