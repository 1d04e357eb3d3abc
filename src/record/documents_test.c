/* Documents of moves: when they are made, their numbers, who reads them, what stays of a move that
 * fails, and their proof. */
#include "record/documents.h"
#include "record/files.h"
#include "record/record_fixture.h"

static json_t *hazard(World *world, const char *title, GError **error) {
    g_autofree char *text =
        g_strdup_printf("{'title':'%s','enterprise':'E1','source':'inspection','grade':'major',"
                        "'criterion':'判定标准第十一条','place':'罐区 T-101'}",
                        title);
    Actor county = person(world, "county_inspector", "county", "320412");
    return create(world, &county, "hazard", text, error);
}

static json_t *assign(World *world, json_t *record_take, GError **error) {
    Actor county = person(world, "county_inspector", "county", "320412");
    g_autofree char *id = g_strdup(get(record_take, "id"));
    json_decref(record_take);
    return move(world, &county, "hazard", id, "assign", 1, "{'owner':'张三','due':'2026-12-31'}",
                error);
}

/* Reads the PDF of a document of the record as text. */
static char *text_of(World *world, json_t *document) {
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    int status = -1;
    const char *hash = get(document, "hash");
    g_autofree char *shelf = g_strndup(hash, 2);
    g_autofree char *path = g_build_filename(sql_files(world->sql), shelf, hash, NULL);
    g_autofree char *line = g_strdup_printf("pdftotext -raw %s -", path);
    g_spawn_command_line_sync(line, &out, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    g_auto(GStrv) parts = g_strsplit_set(out, " \n\f", -1);
    return g_strjoinv("", parts);
}

static json_t *documents(World *world, const Actor *actor, json_t *record, GError **error) {
    return documents_of(world->sql, world->packs, actor, "hazard", get(record, "id"), error);
}

static gint64 count_of(World *world, const char *query) {
    gint64 n;
    g_assert_true(sql_get_int(world->sql, NULL, &n, 0, query, ""));
    return n;
}

static guint stored(World *world) {
    guint n = 0;
    g_autoptr(GDir) dir = g_dir_open(sql_files(world->sql), 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *shelf = g_build_filename(sql_files(world->sql), name, NULL);
        g_autoptr(GDir) inside = g_dir_open(shelf, 0, NULL);
        while (inside && g_dir_read_name(inside))
            n++;
    }
    return n;
}

static void test_made_by_a_move(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor safety = person(world, "enterprise_safety", "safety", "E1");
    Actor other = person(world, "enterprise_safety", "other", "E2");
    json_t *record = hazard(world, "储罐液位计失准", &error);
    record = assign(world, done(record, error), &error);
    g_assert_no_error(error);
    json_t *list = documents(world, &safety, record, &error);
    g_assert_cmpuint(json_array_size(list), ==, 1);
    json_t *order = json_array_get(list, 0);
    g_assert_cmpstr(get(order, "name"), ==, "order");
    g_assert_cmpstr(get(order, "number"), ==, "武进区应急责改〔2026〕1号");
    g_assert_cmpstr(get(order, "by"), ==, "county");
    g_autofree char *text = text_of(world, order);
    static const char *const parts[] = {"常州市武进区应急管理局",
                                        "责令限期整改指令书",
                                        "武进区应急责改〔2026〕1号",
                                        "武进化工：",
                                        "储罐液位计失准",
                                        "罐区T-101",
                                        "重大隐患",
                                        "张三",
                                        "二〇二六年十二月三十一日",
                                        "二〇二六年九月二十八日",
                                        "anlan:hazard/"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (strstr(text, parts[i]) == NULL)
            g_error("“%s” is not in %s", parts[i], text);
    json_t *journal = journal_of(world->sql, world->packs, "hazard", get(record, "id"), NULL);
    json_t *note =
        json_object_get(json_object_get(json_array_get(journal, 1), "diff"), "_documents");
    g_assert_cmpstr(get(json_array_get(json_array_get(note, 1), 0), "hash"), ==,
                    get(order, "hash"));
    json_t *got = document_get(world->sql, world->packs, &safety, get(order, "id"), NULL);
    g_assert_nonnull(got);
    g_assert_null(document_get(world->sql, world->packs, &other, get(order, "id"), NULL));
    refused(documents(world, &other, record, &error), &error, ERROR_NOT_FOUND, NULL);
    json_decref(got);
    json_decref(journal);
    json_decref(list);
    json_decref(record);
    verify_good(world);
}

/* Serials have no gap: a refused move gives its number back, and leaves at most a stray content. */
static void test_numbers(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    for (int i = 1; i <= 3; i++) {
        json_t *record = done(hazard(world, "渗漏", &error), error);
        g_assert_true(sql_exec(world->sql, "SAVEPOINT job", NULL));
        json_decref(assign(world, json_incref(record), &error));
        g_assert_no_error(error);
        if (i == 2) { /* the job fails after the paper was written */
            sql_exec(world->sql, "ROLLBACK TO job; RELEASE job", NULL);
            g_assert_cmpint(count_of(world, "SELECT count(*) FROM documents"), ==, 1);
            g_assert_cmpuint(stored(world), ==, 2);
            json_decref(assign(world, json_incref(record), &error));
            g_assert_no_error(error);
        } else {
            sql_exec(world->sql, "RELEASE job", NULL);
        }
        json_t *list = documents(world, &actor_system, record, &error);
        g_autofree char *number = g_strdup_printf("武进区应急责改〔2026〕%d号", i);
        g_assert_cmpstr(get(json_array_get(list, 0), "number"), ==, number);
        json_decref(list);
        json_decref(record);
    }
    gint64 checked;
    g_assert_true(files_verify(world->sql, world->packs, &checked, &error));
    g_assert_cmpint(checked, ==, 3);
    g_autoptr(GPtrArray) strays = files_strays(world->sql, (gint64)1 << 60, 10, NULL);
    g_assert_cmpuint(strays->len, ==, stored(world) - 3);
}

static void test_nowhere_to_put(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record = done(hazard(world, "渗漏", &error), error);
    g_autofree char *files = g_strdup(sql_files(world->sql));
    g_assert_true(sql_exec(world->sql, "SAVEPOINT job", NULL));
    sql_set_files(world->sql, "/proc/nowhere");
    refused(assign(world, json_incref(record), &error), &error, ERROR_FILE, NULL);
    sql_set_files(world->sql, NULL);
    refused(assign(world, json_incref(record), &error), &error, ERROR_CONFIG, "files");
    sql_exec(world->sql, "ROLLBACK TO job; RELEASE job", NULL);
    sql_set_files(world->sql, files);
    json_t *same =
        record_get(world->sql, world->packs, &actor_system, "hazard", get(record, "id"), NULL);
    g_assert_cmpint(version_of(same), ==, 1);
    json_decref(same);
    json_decref(record);
}

static void broken(World *world) {
    GError *error = NULL;
    gint64 checked;
    g_assert_false(files_verify(world->sql, world->packs, &checked, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_VERIFY);
    g_clear_error(&error);
}

static void test_proof(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    gint64 checked;
    char hash[HASH_HEX];
    json_decref(assign(world, hazard(world, "渗漏", &error), &error));
    g_assert_no_error(error);
    static const char *const forgeries[] = {
        "UPDATE documents SET number = 'x'",
        "DELETE FROM documents",
        ("INSERT INTO documents (id, type, record, name, number, hash, size, at_ms, by_id, "
         "version) "
         "SELECT 'X', type, record, name, number, hash, size, at_ms, by_id, version FROM "
         "documents"),
    };
    for (gsize i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        g_assert_true(sql_exec(world->sql, "SAVEPOINT forgery", NULL));
        g_assert_true(sql_exec(world->sql, forgeries[i], NULL));
        broken(world);
        sql_exec(world->sql, "ROLLBACK TO forgery; RELEASE forgery", NULL);
        g_assert_true(files_verify(world->sql, world->packs, &checked, NULL));
    }
    g_assert_true(file_store_put(sql_files(world->sql), "forged", 6, hash, NULL));
    g_assert_true(sql_run(world->sql, NULL, "UPDATE documents SET hash = ?", "t", hash));
    broken(world);
}

static void test_preview(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor county = person(world, "county_inspector", "county", "320412");
    Actor other = person(world, "county_inspector", "other", "320505");
    json_t *record = done(hazard(world, "渗漏", &error), error);
    const char *id = get(record, "id");
    GString *pdf = document_preview(world->sql, world->packs, &county, "hazard", id, "order",
                                    world->now_ms, &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(pdf->str, "%PDF-"));
    g_string_free(pdf, TRUE);
    g_assert_null(document_preview(world->sql, world->packs, &county, "hazard", id, "none",
                                   world->now_ms, NULL));
    g_assert_null(document_preview(world->sql, world->packs, &other, "hazard", id, "order",
                                   world->now_ms, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_cmpint(count_of(world, "SELECT count(*) FROM documents"), ==, 0);
    g_assert_cmpint(count_of(world, "SELECT count(*) FROM numbers WHERE type = 'hazard.order'"), ==,
                    0);
    g_assert_cmpuint(stored(world), ==, 0);
    json_decref(record);
}

/* Texts of people are texts in the paper, whatever they look like. */
static void test_hostile(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record = hazard(world, "{due}\\u202e{_number}<b>&amp;\\ud83d\\udd25\\u0007", &error);
    record = assign(world, done(record, error), &error);
    g_assert_no_error(error);
    json_t *list = documents(world, &actor_system, record, &error);
    g_autofree char *text = text_of(world, json_array_get(list, 0));
    g_assert_nonnull(strstr(text, "{due}{_number}<b>&amp;"));
    json_decref(list);
    json_decref(record);
}

#define ADD(name, func) g_test_add("/documents/" name, World, NULL, world_open, func, world_close)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("made-by-a-move", test_made_by_a_move);
    ADD("numbers", test_numbers);
    ADD("nowhere-to-put", test_nowhere_to_put);
    ADD("proof", test_proof);
    ADD("preview", test_preview);
    ADD("hostile", test_hostile);
    return g_test_run();
}
