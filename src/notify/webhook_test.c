#include "notify/webhook_send.h"
#include "notify/webhook_store.h"
#include "record/sealed.h"

/* RFC 4231 gives no vector with our prefix; this one was made with Python's hmac. */
static void test_signature(void) {
    g_autofree char *signature = webhook_signature("secret", 1000, "{\"a\":1}", 7);
    g_assert_cmpstr(signature, ==,
                    "t=1000,v1=79735020b7448fd0956ae8a025e12d8e8e654b3b2d7757e722076546bb0f8e3b");
}

static void test_retries_become_rare(void) {
    g_assert_cmpint(webhook_retry_ms(1), ==, 1000);
    g_assert_cmpint(webhook_retry_ms(2), ==, 2000);
    g_assert_cmpint(webhook_retry_ms(11), ==, 1024000);
    g_assert_cmpint(webhook_retry_ms(13), ==, 3600000);
    g_assert_cmpint(webhook_retry_ms(G_MAXINT64), ==, 3600000);
}

/* Secrets that stood in the clear in webhook_state become sealed fields. */
static void test_old_secrets(void) {
    g_autoptr(GError) error = NULL;
    Packs *packs = packs_load("packs", &error);
    Sql *sql = sql_open("sqlite::memory:", SQL_WRITE, &error);
    SealKey *key = seal_key_new();
    gint64 left;
    g_assert_true(records_migrate(sql, packs, &error) && seal_key_activate(sql, key, 0, &error) &&
                  webhook_migrate(sql, packs, 0, &error));
    json_t *fields = json_pack("{s:s, s:s, s:s, s:s}", "code", "a", "name", "A", "url", "http://x/",
                               "role", "admin");
    json_decref(record_create(sql, packs, &actor_system, "webhook", fields, NULL, 0, &error));
    g_assert_true(sql_run(sql, &error,
                          "INSERT INTO webhook_state (id, secret, cursor) VALUES ('a', "
                          "'in-the-clear-so-far', 7)",
                          ""));
    g_assert_true(webhook_migrate(sql, packs, 0, &error));
    g_autofree char *secret = seal_text_of(sql, packs, key, "webhook", "a", "secret", &error);
    g_assert_cmpstr(secret, ==, "in-the-clear-so-far");
    g_assert_true(sql_get_int(sql, &error, &left, -1,
                              "SELECT count(secret) FROM webhook_state WHERE cursor = 7", ""));
    g_assert_cmpint(left, ==, 0);
    json_decref(fields);
    seal_key_free(key);
    sql_close(sql);
    packs_free(packs);
}

/* A receiver begins after the entry of its own creation; a new secret keeps its place and ends the
 * waiting. */
static void test_state(void) {
    g_autoptr(GError) error = NULL;
    Packs *packs = packs_load("packs", &error);
    g_assert_no_error(error);
    Sql *sql = sql_open("sqlite::memory:", SQL_WRITE, &error);
    SealKey *key = seal_key_new();
    g_assert_true(records_migrate(sql, packs, &error) && webhook_migrate(sql, packs, 0, &error));
    json_t *fields = json_pack("{s:s, s:s, s:s, s:s}", "code", "a", "name", "A", "url", "http://x/",
                               "role", "admin");
    for (int i = 0; i < 3; i++) {
        g_autofree char *code = g_strdup_printf("%c", 'c' - i);
        json_object_set_new(fields, "code", json_string(code));
        json_decref(record_create(sql, packs, &actor_system, "webhook", fields, NULL, 0, &error));
        g_assert_no_error(error);
    }
    WebhookState state;
    g_assert_true(webhook_state_load(sql, "b", &state, &error));
    g_assert_cmpint(state.cursor, ==, 2);
    g_assert_true(seal_key_activate(sql, key, 0, &error));
    g_assert_true(
        webhook_set_secret(sql, packs, &actor_system, "b", "secret-number-one", 0, &error));
    WebhookState later = {3, 4, 99999, 5, 500, (char *)"HTTP 500"};
    g_assert_true(webhook_state_save(sql, "b", &later, &error));
    g_assert_true(
        webhook_set_secret(sql, packs, &actor_system, "b", "secret-number-two", 0, &error));
    g_assert_true(webhook_state_load(sql, "b", &state, &error));
    g_autofree char *secret = seal_text_of(sql, packs, key, "webhook", "b", "secret", &error);
    g_assert_cmpstr(secret, ==, "secret-number-two");
    g_assert_cmpint(state.cursor, ==, 3);
    g_assert_cmpint(state.attempts + state.next_ms, ==, 0);
    webhook_state_clear(&state);
    seal_key_free(key);
    json_decref(fields);
    sql_close(sql);
    packs_free(packs);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/webhook/signature", test_signature);
    g_test_add_func("/webhook/retries", test_retries_become_rare);
    g_test_add_func("/webhook/state", test_state);
    g_test_add_func("/webhook/old-secrets", test_old_secrets);
    return g_test_run();
}
