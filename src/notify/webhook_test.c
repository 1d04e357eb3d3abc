#include "notify/webhook_send.h"
#include "notify/webhook_store.h"
#include "record/record.h"

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

/* A receiver begins after the entry of its own creation; a new secret keeps its place and ends the
 * waiting. */
static void test_state(void) {
    g_autoptr(GError) error = NULL;
    Packs *packs = packs_load("packs", &error);
    g_assert_no_error(error);
    Sql *sql = sql_open("sqlite::memory:", SQL_WRITE, &error);
    g_assert_true(records_migrate(sql, packs, &error) && webhook_migrate(sql, &error));
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
    g_assert_null(state.secret);
    g_assert_true(webhook_set_secret(sql, "b", "s1", &error));
    WebhookState later = {NULL, 3, 4, 99999, 5, 500, (char *)"HTTP 500"};
    g_assert_true(webhook_state_save(sql, "b", &later, &error));
    g_assert_true(webhook_set_secret(sql, "b", "s2", &error));
    g_assert_true(webhook_state_load(sql, "b", &state, &error));
    g_assert_cmpstr(state.secret, ==, "s2");
    g_assert_cmpint(state.cursor, ==, 3);
    g_assert_cmpint(state.attempts + state.next_ms, ==, 0);
    webhook_state_clear(&state);
    json_decref(fields);
    sql_close(sql);
    packs_free(packs);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/webhook/signature", test_signature);
    g_test_add_func("/webhook/retries", test_retries_become_rare);
    g_test_add_func("/webhook/state", test_state);
    return g_test_run();
}
