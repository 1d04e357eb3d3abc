/* Errors: the table is sound, and one object gives body, line and log in two languages. */
#include "base/error.h"

#include <string.h>

#define ERROR_ROW(name, id, status, zh, en, hint_zh, hint_en) {id, status, zh, en},
static const struct {
    const char *id;
    int status;
    const char *zh, *en;
} table[] = {
#include "base/error_kinds.h"
};
#undef ERROR_ROW

static void ids_are_unique_and_statuses_are_errors(void) {
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_assert_true(g_hash_table_add(seen, (gpointer)table[i].id));
        g_assert_cmpint(table[i].status, >=, 400);
        g_assert_cmpint(table[i].status, <, 600);
        g_assert_true(*table[i].zh && *table[i].en);
    }
    g_assert_cmpint(ERROR_KINDS, ==, G_N_ELEMENTS(table));
}

static void arguments_and_field_are_filled_in(void) {
    g_autoptr(GError) error = NULL;
    g_assert_false(error_set(&error, ERROR_FIELD_CODE, "grade", "huge", "general, major", NULL));
    g_assert_error(error, ANLAN_ERROR, ERROR_FIELD_CODE);
    g_autofree char *zh = error_detail(error, LANG_ZH), *en = error_detail(error, LANG_EN);
    g_autofree char *hint = error_hint(error, LANG_EN);
    g_assert_cmpstr(zh, ==, "字段 grade 没有代码 huge");
    g_assert_cmpstr(en, ==, "grade has no code huge");
    g_assert_cmpstr(hint, ==, "One of: general, major");
    g_assert_cmpstr(error->message, ==, en);
    g_assert_cmpstr(error_field(error), ==, "grade");
    g_assert_cmpstr(error_id(error), ==, "field.code");
    g_assert_cmpint(error_status(error), ==, 422);
}

static void missing_arguments_are_empty(void) {
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_NOT_FOUND, NULL, "hazard", NULL);
    g_autofree char *en = error_detail(error, LANG_EN);
    g_assert_cmpstr(en, ==, "There is no hazard  in your sight");
    g_assert_null(error_field(error));
}

static void no_error_wanted_is_allowed(void) {
    g_assert_false(error_set(NULL, ERROR_BUSY, NULL, "x", NULL));
}

/* Arguments come from outside: they are not read as templates, and are bounded without cutting a
 * character in two. */
static void hostile_arguments_are_tamed(void) {
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_POINT_UNKNOWN, NULL, "{0}{field}{1}", NULL);
    g_autofree char *en = error_detail(error, LANG_EN);
    g_assert_nonnull(strstr(en, "{0}{field}{1}"));

    for (int shift = 0; shift < 3; shift++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int i = 0; i < shift; i++)
            g_string_append_c(text, 'a');
        while (text->len < 2000)
            g_string_append(text, "塔");
        g_autoptr(GError) full = NULL;
        error_set(&full, ERROR_POINT_UNKNOWN, NULL, text->str, NULL);
        g_autofree char *detail = error_detail(full, LANG_ZH);
        g_assert_true(g_utf8_validate(detail, -1, NULL));
        g_assert_null(strstr(detail, "\xef\xbf\xbd"));
        g_assert_cmpuint(strlen(detail), <, 500);
    }

    g_autoptr(GError) broken = NULL;
    error_set(&broken, ERROR_POINT_UNKNOWN, NULL, "\xff\xfe", NULL);
    g_assert_true(g_utf8_validate(broken->message, -1, NULL));
}

static void copies_keep_their_parts(void) {
    g_autoptr(GError) error = NULL, copy = NULL;
    error_set(&error, ERROR_FIELD_REQUIRED, "due", "整改期限", "Due", NULL);
    copy = g_error_copy(error);
    g_clear_error(&error);
    g_autofree char *en = error_detail(copy, LANG_EN);
    g_assert_cmpstr(en, ==, "Due is required");
    g_assert_cmpstr(error_field(copy), ==, "due");
}

static void foreign_errors_are_internal(void) {
    g_autoptr(GError) error = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "No such file");
    g_autofree char *en = error_detail(error, LANG_EN);
    g_assert_cmpint(error_kind(error), ==, ERROR_INTERNAL);
    g_assert_cmpstr(en, ==, "Internal error: No such file");
    g_assert_null(error_field(error));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/ids-are-unique-and-statuses-are-errors",
                    ids_are_unique_and_statuses_are_errors);
    g_test_add_func("/error/arguments-and-field-are-filled-in", arguments_and_field_are_filled_in);
    g_test_add_func("/error/missing-arguments-are-empty", missing_arguments_are_empty);
    g_test_add_func("/error/no-error-wanted-is-allowed", no_error_wanted_is_allowed);
    g_test_add_func("/error/hostile-arguments-are-tamed", hostile_arguments_are_tamed);
    g_test_add_func("/error/copies-keep-their-parts", copies_keep_their_parts);
    g_test_add_func("/error/foreign-errors-are-internal", foreign_errors_are_internal);
    return g_test_run();
}
