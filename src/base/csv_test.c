#include "base/csv.h"

#include <glib/gstdio.h>
#include <string.h>

static char *path;

static GString *read_all(const char *text, char delimiter, GError **error) {
    g_file_set_contents(path, text, -1, NULL);
    g_autoptr(CsvReader) reader = csv_open(path, delimiter, NULL);
    GString *out = g_string_new(NULL);
    for (GPtrArray *row; (row = csv_next(reader, error));) {
        g_string_append_printf(out, "%u:", csv_line(reader));
        for (guint i = 0; i < row->len; i++)
            g_string_append_printf(out, "[%s]", (char *)row->pdata[i]);
        g_string_append_c(out, ' ');
    }
    return out;
}

static const struct {
    const char *name, *text, *rows;
    char delimiter;
} cases[] = {
    {"plain", "a,b\n1,2\n", "1:[a][b] 2:[1][2] ", ','},
    {"no last line break", "a,b\n1,2", "1:[a][b] 2:[1][2] ", ','},
    {"crlf and mark",
     "\xEF\xBB\xBF"
     "a,b\r\n1,2\r\n",
     "1:[a][b] 2:[1][2] ", ','},
    {"quotes", "\"a,\"\"x\"\"\",b\n", "1:[a,\"x\"][b] ", ','},
    {"line break in quotes", "\"a\nb\",c\nd,e\n", "1:[a\nb][c] 3:[d][e] ", ','},
    {"empty rows and cells", "a,,c\n\n,,\n", "1:[a][][c] 3:[][][] ", ','},
    {"white space", "  1.0   2.0\t3\n", "1:[1.0][2.0][3] ", ' '},
};

static void test_cases(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) got = read_all(cases[i].text, cases[i].delimiter, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(got->str, ==, cases[i].rows);
    }
}

static void test_refusals_name_the_line(void) {
    static const char *const bad[] = {"a\n\"open\n", "a\n\xff\xfe\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) G_GNUC_UNUSED got = read_all(bad[i], ',', &error);
        g_assert_error(error, ANLAN_ERROR, ERROR_FILE);
        g_assert_nonnull(strstr(error->message, "line 2"));
    }
}

static void test_a_folder_is_no_file(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(CsvReader) reader = csv_open(g_get_tmp_dir(), ',', NULL);
    g_assert_null(csv_next(reader, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_FILE);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_autofree char *dir = g_dir_make_tmp("csv-XXXXXX", NULL);
    path = g_build_filename(dir, "x.csv", NULL);
    g_test_add_func("/csv/cases", test_cases);
    g_test_add_func("/csv/refusals", test_refusals_name_the_line);
    g_test_add_func("/csv/folder", test_a_folder_is_no_file);
    int code = g_test_run();
    g_remove(path);
    g_rmdir(dir);
    g_free(path);
    return code;
}
