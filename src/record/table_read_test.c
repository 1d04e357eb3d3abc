#include "record/import_head.h"
#include "record/table_read.h"

#include <string.h>

static Table *read_text(const char *text, GError **error) {
    return table_read(text, strlen(text), error);
}

static const Cell *at(const Table *table, guint row, guint column) {
    const TableRow *found = table->rows->pdata[row];
    return &g_array_index(found->cells, Cell, column);
}

static void test_csv(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Table) table =
        read_text("\xEF\xBB\xBFtitle,due\r\n\"a,\"\"b\"\"\",\r\n,,\n'=1+1,'x\n", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(table->rows->len, ==, 3); /* the empty row is left out */
    g_assert_cmpstr(at(table, 1, 0)->text, ==, "a,\"b\"");
    g_assert_cmpint(at(table, 1, 1)->kind, ==, CELL_EMPTY);
    g_assert_cmpstr(at(table, 2, 0)->text, ==, "=1+1"); /* what an export guarded */
    g_assert_cmpstr(at(table, 2, 1)->text, ==, "'x");
    g_assert_cmpuint(((const TableRow *)table->rows->pdata[2])->number, ==, 4);
}

static void test_gb18030(void) {
    g_autoptr(GError) error = NULL;
    gsize n;
    g_autofree char *bytes = g_convert("名称\n法兰\n", -1, "GB18030", "UTF-8", NULL, &n, NULL);
    g_autoptr(Table) table = table_read(bytes, n, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(at(table, 1, 0)->text, ==, "法兰");
}

static void test_refused(void) {
    static const struct {
        const char *bytes;
        gsize n;
    } cases[] = {{"", 0},
                 {"\n\n", 2},
                 {",,\n", 3},
                 {"a\0b\n", 4},
                 {"\xff\xff", 2},
                 {"\"open\n", 6},
                 {"PK\3\4", 4},
                 {"PK\3\4xxxx", 8},
                 {"PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 30}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *bytes = g_memdup2(cases[i].bytes, cases[i].n + 1);
        Table *table = table_read(bytes, cases[i].n, &error);
        if (table || error_kind(error) != ERROR_SHEET)
            g_error("case %u is not refused", i);
    }
}

static void test_too_many_rows(void) {
    g_autoptr(GString) text = g_string_new("a\n");
    for (int i = 0; i < TABLE_ROWS_MAX; i++)
        g_string_append(text, "x\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(Table) most = read_text(text->str, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(most->rows->len, ==, TABLE_ROWS_MAX + 1);
    g_string_append(text, "x\n");
    g_assert_null(read_text(text->str, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_SHEET);
}

/* 1900 was no leap year, but day 60 of a spreadsheet is its 29 February. */
static void test_days(void) {
    g_assert_cmpfloat(table_day(1, FALSE), ==, -25567);
    g_assert_cmpfloat(table_day(59, FALSE), ==, -25509);
    g_assert_cmpfloat(table_day(61, FALSE), ==, -25508);
    g_assert_cmpfloat(table_day(46349, FALSE), ==, 20780);
    g_assert_cmpfloat(table_day(44887, TRUE), ==, 20780);
}

static void test_letters(void) {
    static const struct {
        guint column;
        const char *text;
    } cases[] = {{0, "A"}, {25, "Z"}, {26, "AA"}, {51, "AZ"}, {701, "ZZ"}, {702, "AAA"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = column_letters(cases[i].column);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/table/csv", test_csv);
    g_test_add_func("/table/gb18030", test_gb18030);
    g_test_add_func("/table/refused", test_refused);
    g_test_add_func("/table/rows", test_too_many_rows);
    g_test_add_func("/table/days", test_days);
    g_test_add_func("/table/letters", test_letters);
    return g_test_run();
}
