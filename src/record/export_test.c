#include "base/csv.h"
#include "record/export.h"
#include "record/import.h"
#include "record/record_fixture.h"

#include <fcntl.h>
#include <unistd.h>

static char *export_codes(World *world, const Actor *actor, const char *type,
                          const RecordQuery *query, const char *codes, SheetForm form) {
    GError *error = NULL;
    char *path = NULL;
    int fd = g_file_open_tmp("anlan-export-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    record_export(world->sql, world->packs, actor, type, query, codes, form, fd, g_get_tmp_dir(),
                  world->now_ms, &error);
    g_assert_no_error(error);
    close(fd);
    return path;
}

static char *export_file(World *world, const Actor *actor, const char *type,
                         const RecordQuery *query, SheetForm form) {
    return export_codes(world, actor, type, query, NULL, form);
}

static guint column_of(const GPtrArray *head, const char *title) {
    for (guint i = 0; i < head->len; i++)
        if (strcmp(head->pdata[i], title) == 0)
            return i;
    g_error("no column %s", title);
}

static const char *const hostile[] = {
    "=1+1", "+cmd|' /C calc'!A0", "-2",           "@SUM(A1)",  "\t=1", "＝1+1",
    "a,b",  "say \"x\"",          "two\r\nlines", "plain 粉尘"};

static void add_hazards(World *world) {
    GError *error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(hostile); i++) {
        json_t *fields =
            json_pack("{s:s, s:s, s:s, s:s, s:f}", "title", hostile[i], "enterprise", "E1",
                      "source", "inspection", "grade", "general", "funds_wan", 2.5);
        json_decref(done(record_create(world->sql, world->packs, &actor_system, "hazard", fields,
                                       NULL, world->now_ms, &error),
                         error));
        json_decref(fields);
    }
}

/* Nothing that a spreadsheet computes, and nothing lost: read back, the cell is the text, or the
 * text behind an apostrophe. */
static void test_csv(World *world, gconstpointer data) {
    (void)data;
    add_hazards(world);
    RecordQuery query = {.sort = "number"};
    g_autofree char *path = export_file(world, &actor_system, "hazard", &query, SHEET_CSV);
    GError *error = NULL;
    CsvReader *reader = csv_open(path, ',', &error);
    GPtrArray *row = csv_next(reader, &error);
    guint title = column_of(row, "隐患名称"), state = column_of(row, "状态"),
          name = column_of(row, "所属企业（名称）"), funds = column_of(row, "整改资金/万元"), n = 0;
    while ((row = csv_next(reader, &error))) {
        const char *cell = row->pdata[title];
        g_assert_null(strchr("=+-@\t\r", *cell));
        g_assert_cmpstr(cell + (*cell == '\''), ==, hostile[n]);
        g_assert_cmpstr(row->pdata[state], ==, "待核实");
        g_assert_cmpstr(row->pdata[name], ==, "武进化工");
        g_assert_cmpstr(row->pdata[funds], ==, "2.5");
        n++;
    }
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(hostile));
    csv_close(reader);
    g_remove(path);
}

static void test_scope_and_pages(World *world, gconstpointer data) {
    (void)data;
    for (int i = 0; i < 1203; i++) {
        g_autofree char *text =
            g_strdup_printf("{'code':'P-%d','name':'n','region':'%s','kind':'chemical'}", i,
                            i % 2 ? "320411" : "320412");
        put(world, "enterprise", text);
    }
    Actor county = person(world, "county_inspector", "w", "320411");
    RecordQuery query = {.filter = "kind = 'chemical'", .limit = 1, .cursor = "passed over"};
    g_autofree char *path = export_file(world, &county, "enterprise", &query, SHEET_CSV);
    GError *error = NULL;
    CsvReader *reader = csv_open(path, ',', &error);
    guint n = 0;
    while (csv_next(reader, &error))
        n++;
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, 1 + 601);
    csv_close(reader);
    g_remove(path);
}

static void test_xlsx(World *world, gconstpointer data) {
    (void)data;
    add_hazards(world);
    RecordQuery query = {.sort = "number"};
    g_autofree char *path = export_file(world, &actor_system, "hazard", &query, SHEET_XLSX);
    g_autofree char *bytes = NULL;
    gsize length = 0;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_cmpuint(length, >, 1000);
    g_assert_cmpmem(bytes, 4, "PK\3\4", 4);
    g_remove(path);
}

static void test_refused(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    RecordQuery bad = {.filter = "colour = 1"}, plain = {0};
    Actor operator= person(world, "enterprise_operator", "o", "E1");
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600), full = open("/dev/full", O_RDWR);
    static const SheetForm forms[] = {SHEET_CSV, SHEET_XLSX};
    for (guint i = 0; i < 2; i++) {
        g_assert_false(record_export(world->sql, world->packs, &actor_system, "hazard", &bad, NULL,
                                     forms[i], fd, "/tmp", 0, &error));
        g_assert_error(error, ANLAN_ERROR, ERROR_CONDITION);
        g_clear_error(&error);
        g_assert_false(record_export(world->sql, world->packs, &operator, "hazard", &plain, NULL,
                                     forms[i], fd, "/tmp", 0, &error));
        g_assert_error(error, ANLAN_ERROR, ERROR_TYPE_UNKNOWN);
        g_clear_error(&error);
    }
    g_assert_false(record_export(world->sql, world->packs, &actor_system, "region", &plain, NULL,
                                 SHEET_CSV, full, "/tmp", 0, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_DISK_FULL);
    g_clear_error(&error);
    close(fd);
    close(full);
}

/* --- rows on a page of their own, there and back --- */

static void open_kinds(World *world, gconstpointer data) {
    world_open_with(world, data, "tests/packs/kinds");
}

typedef struct {
    Table *table;
    GPtrArray *pages;
} Book;

static Book survey_book(World *world, SheetForm form) {
    GError *error = NULL;
    RecordQuery query = {.sort = "title"};
    g_autofree char *path = export_file(world, &actor_system, "survey", &query, form),
                    *bytes = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    g_remove(path);
    Book book = {table_read(bytes, n, &error), NULL};
    g_assert_no_error(error);
    book.pages = import_pages(world->packs, "survey", bytes, n, &error);
    g_assert_no_error(error);
    return book;
}

static void book_free(Book *book) {
    table_free(book->table);
    g_ptr_array_unref(book->pages);
}

static json_t *import_book(World *world, const Book *book, GError **error) {
    json_t *answer = NULL;
    ImportAsked asked = {.type = "survey", .table = book->table, .pages = book->pages};
    record_import(world->sql, world->packs, &actor_system, &asked, world->now_ms, &answer, error);
    return answer;
}

static int number_of(json_t *answer, const char *name) {
    return (int)json_integer_value(json_object_get(answer, name));
}

static Cell *page_cell(const Book *book, guint row, guint column) {
    const ImportPage *page = book->pages->pdata[0];
    return &g_array_index(((TableRow *)page->table->rows->pdata[row])->cells, Cell, column);
}

static void set_cell(Cell *cell, const char *text) {
    g_free(cell->text);
    *cell = (Cell){CELL_TEXT, g_strdup(text), 0};
}

static void test_rows(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    put(world, "survey",
        "{'title':'a','enterprise':'E1','items':[{'what':'x','amount':1.5,'took':"
        "'PT1H','at':{'lon':1,'lat':2}},{'what':'y','plant':'E2'}]}");
    put(world, "survey", "{'title':'b','enterprise':'E1','items':[{'what':'=z','count':3}]}");
    put(world, "survey", "{'title':'c','enterprise':'E1'}");

    Book csv = survey_book(world, SHEET_CSV), book = survey_book(world, SHEET_XLSX);
    g_assert_cmpuint(csv.pages->len, ==, 0);
    g_assert_cmpuint(book.pages->len, ==, 1);
    const ImportPage *page = book.pages->pdata[0];
    g_assert_cmpstr(page->name, ==, "清单");
    g_assert_cmpuint(page->table->rows->len, ==, 1 + 3);
    json_t *answer = done(import_book(world, &book, &error), error);
    g_assert_cmpint(number_of(answer, "unchanged"), ==, 3);
    g_assert_cmpint(number_of(answer, "refused"), ==, 0);
    json_decref(answer);

    set_cell(page_cell(&book, 2, 1), "改");
    answer = done(import_book(world, &book, &error), error);
    g_assert_cmpint(number_of(answer, "updated"), ==, 1);
    json_decref(answer);
    RecordQuery query = {.filter = "title = 'a'", .limit = 1};
    json_t *list = done(record_list(world->sql, world->packs, &actor_system, "survey", &query,
                                    world->now_ms, &error),
                        error);
    json_t *wanted = fields_of("{'items':[{'what':'x','amount':1.5,'count':1,'took':'PT1H','at':{"
                               "'lon':1.0,'lat':2.0}},{'what':'改','count':1,'plant':'E2'}]}");
    g_assert_true(
        json_equal(json_object_get(json_array_get(json_object_get(list, "items"), 0), "items"),
                   json_object_get(wanted, "items")));
    json_decref(list);
    json_decref(wanted);

    set_cell(page_cell(&book, 1, 0), "nobody");
    set_cell(page_cell(&book, 3, 2), "much");
    answer = import_book(world, &book, &error);
    g_assert_error(error, ANLAN_ERROR, ERROR_IMPORT);
    g_clear_error(&error);
    json_t *errors = json_object_get(answer, "errors"), *fault;
    g_assert_cmpuint(json_array_size(errors), ==, 2);
    size_t i;
    json_array_foreach(errors, i, fault) {
        g_assert_cmpstr(get(fault, "id"), ==, "cell.value");
        g_assert_cmpstr(get(fault, "sheet"), ==, "清单");
    }
    g_assert_cmpstr(get(json_array_get(errors, 0), "field"), ==, "items.amount");
    g_assert_cmpint(number_of(json_array_get(errors, 0), "row"), ==, 4);
    json_decref(answer);
    verify_good(world);
    book_free(&csv);
    book_free(&book);
}

/* --- codes of other systems --- */

static char *made(World *world, const char *type, const char *text) {
    GError *error = NULL;
    json_t *record = done(create(world, &actor_system, type, text, &error), error);
    char *id = g_strdup(get(record, "id"));
    json_decref(record);
    return id;
}

static char *made_of(World *world, const char *type, const char *form, const char *id) {
    g_autofree char *text = g_strdup_printf(form, id);
    return made(world, type, text);
}

/* The mapped list has their codes, the others keep titles. */
static void test_codes(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_autofree char *object = made(world, "risk_object",
                                   "{'name':'罐区','enterprise':'E1','kind':'storage','department':"
                                   "'储运','head':'李'}");
    g_autofree char *unit = made_of(
        world, "risk_unit", "{'name':'罐','enterprise':'E1','object':'%s','head':'李'}", object);
    g_autofree char *event = made_of(
        world, "risk_event",
        "{'name':'坠落','enterprise':'E1','unit':'%s','method':'mes','m':3,'e':2,'s':8}", unit);
    g_free(made_of(world, "risk_measure",
                   "{'name':'护栏','enterprise':'E1','event':'%s','class':'1-4','check':'看'}",
                   event));
    static const struct {
        const char *codes, *source;
    } cases[] = {{NULL, "隐患排查"}, {"exchange", "2"}};
    RecordQuery query = {0};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            export_codes(world, &actor_system, "risk_measure", &query, cases[i].codes, SHEET_CSV);
        CsvReader *reader = csv_open(path, ',', &error);
        GPtrArray *row = csv_next(reader, &error);
        guint source = column_of(row, "管控方式"), class = column_of(row, "措施分类");
        row = csv_next(reader, &error);
        g_assert_cmpstr(row->pdata[source], ==, cases[i].source);
        g_assert_cmpstr(row->pdata[class], ==, "安全仪表");
        csv_close(reader);
        g_remove(path);
    }
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    g_assert_false(record_export(world->sql, world->packs, &actor_system, "risk_measure", &query,
                                 "no_such_system", SHEET_CSV, fd, "/tmp", 0, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_REQUEST);
    g_assert_cmpstr(error_field(error), ==, "codes");
    g_clear_error(&error);
    close(fd);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/export/" path, World, NULL, world_open, func, world_close)
    TEST("csv", test_csv);
    TEST("scope_and_pages", test_scope_and_pages);
    TEST("xlsx", test_xlsx);
    TEST("refused", test_refused);
    TEST("codes", test_codes);
    g_test_add("/export/rows", World, NULL, open_kinds, test_rows, world_close);
    return g_test_run();
}
