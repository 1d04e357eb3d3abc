#include "record/journal_file.h"
#include "record/receipt.h"
#include "record/record_fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

static const char hazard_text[] =
    "{'title':'举报：堵塞安全出口','enterprise':'E1','source':'other','grade':'general'}";

static void receipts_open(World *world, gconstpointer data) {
    world_open(world, data);
    RecordType *type = (RecordType *)packs_type(world->packs, "hazard");
    type->receipts = TRUE;
    g_ptr_array_add(type->receipt_shows, (gpointer)type_field(type, "title"));
}

static void seal(World *world) {
    GError *error = NULL;
    gint64 sealed;
    g_assert_true(journal_seal(world->sql, world->now_ms, &sealed, &error));
}

/* Files one, and gives its receipt, to be freed. */
static json_t *file_one(World *world) {
    GError *error = NULL;
    json_t *record = done(create(world, &actor_system, "hazard", hazard_text, &error), error);
    json_t *receipt = json_incref(json_object_get(record, "receipt"));
    g_assert_nonnull(receipt);
    json_decref(record);
    return receipt;
}

static json_t *found(World *world, const char *code) {
    GError *error = NULL;
    return done(receipt_find(world->sql, world->packs, code, &error), error);
}

/* Any single wrong character, and any two exchanged neighbours, are noticed at the door. */
static void test_codes(World *world, gconstpointer data) {
    (void)data;
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char read[RECEIPT_CHARS + 1], other[RECEIPT_CHARS + 1];
    json_t *receipt = file_one(world);
    const char *code = get(receipt, "code");
    g_assert_cmpuint(strlen(code), ==, RECEIPT_TEXT - 1);
    g_assert_true(receipt_code_read(code, read));
    g_autofree char *typed = g_ascii_strdown(read, -1);
    for (char *at = typed; *at; at++)
        *at = *at == '0' ? 'o' : *at == '1' ? 'l' : *at;
    g_assert_true(receipt_code_read(typed, other));
    g_assert_cmpstr(read, ==, other);
    for (int i = 0; i < RECEIPT_CHARS; i++) {
        for (int j = 0; digits[j]; j++) {
            g_autofree char *wrong = g_strdup(read);
            wrong[i] = digits[j];
            g_assert_cmpint(receipt_code_read(wrong, other), ==, digits[j] == read[i]);
        }
        if (i == 0 || read[i] == read[i - 1])
            continue;
        g_autofree char *swapped = g_strdup(read);
        swapped[i] = read[i - 1];
        swapped[i - 1] = read[i];
        g_assert_false(receipt_code_read(swapped, other));
    }
    static const char *const bad[] = {"", "1", "U", "00000-00000-00000-0000*"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(receipt_code_read(bad[i], other));
    json_decref(receipt);
}

static void test_unknown(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    static const char *const codes[] = {"00000-00000-00000-00000", "nonsense"};
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_assert_null(receipt_find(world->sql, world->packs, codes[i], &error));
        g_assert_cmpint(error_kind(error), ==, ERROR_RECEIPT);
        g_clear_error(&error);
    }
}

/* From filing over the seal to the check without a database, for every place in trees of many
 * sizes. */
static void test_proof(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    for (int n = 1; n <= 9; n++) {
        JournalHead head;
        GPtrArray *receipts = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
        for (int i = 0; i < n; i++)
            g_ptr_array_add(receipts, file_one(world));
        g_assert_false(receipt_check(receipts->pdata[0], &head, &error));
        g_assert_nonnull(strstr(error->message, "not sealed"));
        g_clear_error(&error);
        seal(world);
        for (int i = 0; i < n; i++) {
            json_t *given = receipts->pdata[i], *later = found(world, get(given, "code"));
            g_assert_null(json_object_get(later, "content"));
            json_object_set(later, "content", json_object_get(given, "content"));
            receipt_check(later, &head, &error);
            g_assert_no_error(error);
            g_assert_cmpint(head.number, ==, n);
            json_decref(later);
        }
        g_ptr_array_unref(receipts);
        VerifyReport report;
        journal_verify(world->sql, world->packs, &head, &report, &error);
        g_assert_no_error(error);
        g_autofree char *path = g_strdup_printf("%s/anlan-receipt-%d", g_get_tmp_dir(), getpid());
        gint64 entries;
        g_unlink(path);
        journal_file_write(world->sql, world->packs, path, TRUE, &entries, &error);
        g_assert_no_error(error);
        journal_file_verify(path, &head, &report, &error);
        g_assert_no_error(error);
        g_unlink(path);
    }
}

/* Whatever text or number of the receipt is changed, the check says no. */
static void spoil(json_t *whole, json_t *part, const char *path) {
    static const char *const free_texts[] = {"filed_at", "time", "title", "state", "shows"};
    GError *error = NULL;
    JournalHead head;
    const char *name;
    void *next;
    json_t *value;
    json_object_foreach_safe(part, next, name, value) {
        g_autofree char *place = g_strdup_printf("%s.%s", path, name);
        json_t *kept = json_deep_copy(value);
        if (g_strv_contains((const gchar *const[]){free_texts[0], free_texts[1], free_texts[2],
                                                   free_texts[3], free_texts[4], NULL},
                            name)) {
            json_decref(kept);
            continue;
        }
        if (json_is_object(value)) {
            spoil(whole, value, place);
            json_decref(kept);
            continue;
        }
        if (json_is_string(value)) {
            g_autofree char *text = g_strdup(json_string_value(value));
            text[0] = text[0] == 'a' ? 'b' : 'a';
            json_object_set_new(part, name, json_string(text));
        } else if (json_is_integer(value)) {
            json_object_set_new(part, name, json_integer(json_integer_value(value) + 1));
        } else {
            json_object_set_new(part, name, json_array());
        }
        if (receipt_check(whole, &head, &error))
            g_error("%s was changed and not noticed", place);
        g_assert_cmpint(error_kind(error), ==, ERROR_VERIFY);
        g_clear_error(&error);
        json_object_set_new(part, name, kept);
    }
}

static void test_forged(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    JournalHead head;
    json_t *given = file_one(world);
    json_decref(file_one(world));
    seal(world);
    json_t *receipt = found(world, get(given, "code"));
    json_object_set(receipt, "content", json_object_get(given, "content"));
    g_assert_true(receipt_check(receipt, &head, &error));
    spoil(receipt, receipt, "");
    g_assert_true(receipt_check(receipt, &head, &error));
    json_decref(receipt);
    json_decref(given);
}

/* The code shows the state and the named fields; the database has no code, and nothing of the
 * receipt names the one who filed. */
static void test_secrets(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    gint64 n;
    Actor wang = person(world, "county_inspector", "wang", "320412");
    json_t *record = done(create(world, &wang, "hazard", hazard_text, &error), error);
    json_t *given = json_object_get(record, "receipt"), *later = found(world, get(given, "code"));
    g_assert_cmpstr(get(json_object_get(later, "shows"), "title"), ==, "举报：堵塞安全出口");
    g_assert_cmpuint(json_object_size(json_object_get(later, "shows")), ==, 1);
    g_assert_nonnull(json_object_get(json_object_get(later, "state"), "zh"));
    char *text = json_dumps(later, 0), *given_text = json_dumps(given, 0);
    g_assert_null(strstr(text, "wang"));
    g_assert_null(strstr(given_text, "wang"));
    g_assert_null(strstr(text, get(record, "id")));
    char code[RECEIPT_CHARS + 1];
    receipt_code_read(get(given, "code"), code);
    g_assert_true(
        sql_get_int(world->sql, &error, &n, 0,
                    "SELECT (SELECT count(*) FROM receipts WHERE code_hash = ?) + (SELECT "
                    "count(*) FROM journal WHERE type = '_receipt' AND (id = ? OR actor = "
                    "'wang'))",
                    "tt", code, code));
    g_assert_cmpint(n, ==, 0);
    free(text);
    free(given_text);
    json_decref(later);
    json_decref(record);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/receipt/" path, World, NULL, receipts_open, func, world_close)
    TEST("codes", test_codes);
    TEST("unknown", test_unknown);
    TEST("proof", test_proof);
    TEST("forged", test_forged);
    TEST("secrets", test_secrets);
    return g_test_run();
}
