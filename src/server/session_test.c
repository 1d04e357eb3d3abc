#include "record/record.h"
#include "server/session.h"
#include "store/test_database.h"

static Packs *packs;
static TestDatabase database;

static Sql *fresh(void) {
    test_database_new(&database, FALSE);
    Sql *sql = test_sql_open(&database, SQL_WRITE);
    g_assert_true(records_migrate(sql, packs, NULL));
    g_assert_true(session_migrate(sql, NULL));
    return sql;
}

static void done(Sql *sql) {
    sql_close(sql);
    test_database_free(&database);
}

static void put(Sql *sql, const char *type, json_t *fields) {
    g_autoptr(GError) error = NULL;
    json_t *record = record_put(sql, packs, &actor_system, type, fields, 1000, NULL, &error);
    g_assert_no_error(error);
    json_decref(record);
    json_decref(fields);
}

static void add_user(Sql *sql, const char *login) {
    g_autofree char *hash = password_hash("correct horse", NULL);
    put(sql, "user", json_pack("{s:s, s:s, s:s}", "login", login, "name", "Post", "role", "admin"));
    g_assert_true(session_set_hash(sql, login, hash, NULL));
}

static void test_password(void) {
    Sql *sql = fresh();
    add_user(sql, "a");
    g_assert_true(password_check(sql, "a", "correct horse"));
    g_assert_false(password_check(sql, "a", "correct hors"));
    g_assert_false(password_check(sql, "a", ""));
    g_assert_false(password_check(sql, "nobody", "correct horse"));
    g_autoptr(GError) error = NULL;
    g_assert_null(password_hash("short", &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_FIELD_RANGE);
    done(sql);
}

static void assert_no_session(Sql *sql, const char *token, gint64 now_ms) {
    g_autoptr(GError) error = NULL;
    g_assert_null(session_find(sql, packs, token, now_ms, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_SESSION);
}

static void test_session_ends(void) {
    Sql *sql = fresh();
    add_user(sql, "a");
    gint64 end_ms = 1000 + (gint64)SESSION_HOURS * 3600000;
    g_assert_true(session_start(sql, "a", "token-1", 1000, NULL));
    Identity *identity = session_find(sql, packs, "token-1", end_ms, NULL);
    g_assert_cmpstr(identity->actor.role->name, ==, "admin");
    identity_free(identity);
    assert_no_session(sql, "token-1", end_ms + 1);
    assert_no_session(sql, "token-2", 1000);
    g_assert_true(session_end(sql, "token-1", NULL));
    assert_no_session(sql, "token-1", 1000);
    done(sql);
}

static void test_disabled_user_and_new_password_end_sessions(void) {
    Sql *sql = fresh();
    add_user(sql, "a");
    g_assert_true(session_start(sql, "a", "token-1", 1000, NULL));
    put(sql, "user", json_pack("{s:s, s:b}", "login", "a", "disabled", 1));
    assert_no_session(sql, "token-1", 1000);
    put(sql, "user", json_pack("{s:s, s:b}", "login", "a", "disabled", 0));
    g_autofree char *hash = password_hash("another password", NULL);
    g_assert_true(session_set_hash(sql, "a", hash, NULL));
    assert_no_session(sql, "token-1", 1000);
    done(sql);
}

static void test_device_token(void) {
    Sql *sql = fresh();
    g_autoptr(GError) error = NULL;
    g_autofree char *device = NULL, *enterprise = NULL;
    put(sql, "device", json_pack("{s:s, s:s}", "code", "GW-1", "name", "Gateway"));
    g_autofree char *token = device_token_new(sql, "GW-1", 1000, NULL);
    g_assert_true(device_token_find(sql, packs, token, &device, &enterprise, NULL));
    g_assert_cmpstr(device, ==, "GW-1");
    g_assert_null(enterprise);
    g_assert_false(device_token_find(sql, packs, "guess", &device, &enterprise, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_TOKEN);
    g_clear_error(&error);
    put(sql, "device", json_pack("{s:s, s:b}", "code", "GW-1", "disabled", 1));
    g_assert_false(device_token_find(sql, packs, token, &device, &enterprise, &error));
    g_clear_error(&error);
    put(sql, "device", json_pack("{s:s, s:b}", "code", "GW-1", "disabled", 0));
    g_assert_true(device_token_revoke(sql, "GW-1", NULL));
    g_assert_false(device_token_find(sql, packs, token, &device, &enterprise, &error));
    done(sql);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    packs = packs_load("packs", NULL);
    g_assert_nonnull(packs);
    g_test_add_func("/session/password", test_password);
    g_test_add_func("/session/ends", test_session_ends);
    g_test_add_func("/session/revoked", test_disabled_user_and_new_password_end_sessions);
    g_test_add_func("/session/device_token", test_device_token);
    int code = g_test_run();
    packs_free(packs);
    return code;
}
