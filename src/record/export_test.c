#include "base/csv.h"
#include "record/export.h"
#include "record/record_fixture.h"

#include <fcntl.h>
#include <unistd.h>

static char *export_file(World *world, const Actor *actor, const char *type,
                         const RecordQuery *query, SheetForm form) {
    GError *error = NULL;
    char *path = NULL;
    int fd = g_file_open_tmp("anlan-export-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    record_export(world->sql, world->packs, actor, type, query, form, fd, g_get_tmp_dir(),
                  world->now_ms, &error);
    g_assert_no_error(error);
    close(fd);
    return path;
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
        g_assert_false(record_export(world->sql, world->packs, &actor_system, "hazard", &bad,
                                     forms[i], fd, "/tmp", 0, &error));
        g_assert_error(error, ANLAN_ERROR, ERROR_CONDITION);
        g_clear_error(&error);
        g_assert_false(record_export(world->sql, world->packs, &operator, "hazard", &plain,
                                     forms[i], fd, "/tmp", 0, &error));
        g_assert_error(error, ANLAN_ERROR, ERROR_TYPE_UNKNOWN);
        g_clear_error(&error);
    }
    g_assert_false(record_export(world->sql, world->packs, &actor_system, "region", &plain,
                                 SHEET_CSV, full, "/tmp", 0, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_DISK_FULL);
    g_clear_error(&error);
    close(fd);
    close(full);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/export/" path, World, NULL, world_open, func, world_close)
    TEST("csv", test_csv);
    TEST("scope_and_pages", test_scope_and_pages);
    TEST("xlsx", test_xlsx);
    TEST("refused", test_refused);
    return g_test_run();
}
