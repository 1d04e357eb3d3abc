/* Files in records: who may use and read them, what the journal keeps, what lapses, what is proved.
 */
#include "record/files.h"
#include "record/record_fixture.h"
#include "store/file_store.h"

#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    World world;
    const char *store;
} Shelf;

static void shelf_open(Shelf *shelf, gconstpointer data) {
    world_open(&shelf->world, data);
    shelf->store = sql_files(shelf->world.sql);
}

static void shelf_close(Shelf *shelf, gconstpointer data) { world_close(&shelf->world, data); }

/* Sends a text as a file of any media type, and gives its id. */
static char *send_as(Shelf *shelf, const Actor *actor, const char *text, const char *media,
                     GError **error) {
    char hash[HASH_HEX];
    gint64 size;
    int fd = file_store_temporary(shelf->store, NULL);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
    g_assert_true(file_store_seal(fd, hash, &size, NULL));
    FileContent content = {fd, hash, media, "罐区.jpg", size};
    json_t *file = file_register(shelf->world.sql, actor, &content, shelf->world.now_ms, error);
    close(fd);
    char *id = g_strdup(json_string_value(json_object_get(file, "file")));
    json_decref(file);
    return id;
}

static char *send_file(Shelf *shelf, const Actor *actor, const char *text) {
    GError *error = NULL;
    char *id = send_as(shelf, actor, text, "image/jpeg", &error);
    g_assert_no_error(error);
    return id;
}

static json_t *report(Shelf *shelf, const Actor *actor, const char *photos, GError **error) {
    g_autofree char *text = g_strdup_printf(
        "{'title':'阀门渗漏','enterprise':'E1','source':'inspection','grade':'general',"
        "'photos':%s}",
        photos);
    return create(&shelf->world, actor, "hazard", text, error);
}

static gboolean readable(Shelf *shelf, const Actor *actor, const char *id) {
    json_t *file = file_get(shelf->world.sql, shelf->world.packs, actor, id, NULL);
    json_decref(file);
    return file != NULL;
}

static gint64 count_of(Shelf *shelf, const char *query) {
    gint64 n;
    g_assert_true(sql_get_int(shelf->world.sql, NULL, &n, 0, query, ""));
    return n;
}

/* Its sender until it is used; then who may read the record. Ids give no rights. */
static void test_who_reads(Shelf *shelf, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor worker = person(&shelf->world, "enterprise_safety", "worker", "E1");
    Actor chief = person(&shelf->world, "enterprise_head", "chief", "E1");
    Actor other = person(&shelf->world, "enterprise_safety", "other", "E2");
    Actor county = person(&shelf->world, "county_inspector", "county", "320412");
    g_autofree char *id = send_file(shelf, &worker, "photo");
    g_assert_true(readable(shelf, &worker, id));
    g_assert_false(readable(shelf, &chief, id) || readable(shelf, &county, id));
    g_autofree char *photos = g_strdup_printf("[{'file':'%s'}]", id);
    refused(report(shelf, &chief, photos, &error), &error, ERROR_FIELD_REF, "photos");
    json_decref(done(report(shelf, &worker, photos, &error), error));
    g_assert_true(readable(shelf, &worker, id) && readable(shelf, &chief, id) &&
                  readable(shelf, &county, id));
    g_assert_false(readable(shelf, &other, id));
    g_assert_false(readable(shelf, &worker, "00000000000000000000000000"));
    /* who may read it may use it again, nobody else */
    json_decref(done(report(shelf, &chief, photos, &error), error));
}

static void test_value(Shelf *shelf, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor worker = person(&shelf->world, "enterprise_safety", "worker", "E1");
    Actor county = person(&shelf->world, "county_inspector", "county", "320412");
    g_autofree char *a = send_file(shelf, &worker, "one"), *b = send_file(shelf, &worker, "two");
    g_autofree char *both = g_strdup_printf("[{'file':'%s'},{'file':'%s','name':'x'}]", a, b);
    g_autofree char *first = g_strdup_printf("{'photos':[{'file':'%s'}]}", a);
    g_autofree char *same = g_strdup_printf("{'photos':%s}", both);
    json_t *record = done(report(shelf, &worker, both, &error), error);
    json_t *photos = json_object_get(record, "photos");
    g_assert_cmpuint(json_array_size(photos), ==, 2);
    g_assert_cmpstr(get(json_array_get(photos, 1), "name"), ==, "罐区.jpg");
    g_assert_cmpuint(strlen(get(json_array_get(photos, 0), "hash")), ==, 64);
    g_autofree char *id = g_strdup(get(record, "id"));
    json_decref(record);
    record = done(edit(&shelf->world, &county, "hazard", id, 1, same, &error), error);
    g_assert_cmpint(version_of(record), ==, 1); /* the same files are no change */
    json_decref(record);
    record = done(edit(&shelf->world, &county, "hazard", id, 1, first, &error), error);
    g_assert_cmpint(version_of(record), ==, 2);
    json_decref(record);
    json_t *entries = journal_of(shelf->world.sql, shelf->world.packs, "hazard", id, NULL);
    json_t *change = json_object_get(json_object_get(json_array_get(entries, 1), "diff"), "photos");
    g_assert_cmpuint(json_array_size(json_array_get(change, 0)), ==, 2);
    g_assert_cmpuint(json_array_size(json_array_get(change, 1)), ==, 1);
    json_decref(entries);
    g_assert_true(readable(shelf, &worker, b)); /* what stood in a record stays its history */
    verify_good(&shelf->world);
    gint64 checked;
    g_assert_true(files_verify(shelf->world.sql, shelf->world.packs, &checked, NULL));
    g_assert_cmpint(checked, ==, 2);
}

static void test_refused(Shelf *shelf, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor worker = person(&shelf->world, "enterprise_safety", "worker", "E1");
    g_autofree char *id = send_file(shelf, &worker, "photo");
    g_autofree char *paper = send_as(shelf, &worker, "%PDF", "application/pdf", NULL);
    g_autofree char *twice = g_strdup_printf("[{'file':'%s'},{'file':'%s'}]", id, id);
    g_autofree char *wrong = g_strdup_printf("[{'file':'%s'}]", paper);
    static const char *const bad[] = {
        "'x'", "[{}]", "['x']", "[{'file':7}]", "[{'file':'../../x'}]", "{'file':'x'}"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        refused(report(shelf, &worker, bad[i], &error), &error, ERROR_FIELD_KIND, "photos");
    refused(report(shelf, &worker, twice, &error), &error, ERROR_FIELD_KIND, "photos");
    refused(report(shelf, &worker, wrong, &error), &error, ERROR_FIELD_FORMAT, "photos");
    refused(report(shelf, &worker, "[{'file':'00000000000000000000000000'}]", &error), &error,
            ERROR_FIELD_REF, "photos");
    GString *many = g_string_new("[");
    for (int i = 0; i < 11; i++)
        g_string_append_printf(many, "%s{'file':'%026d'}", i ? "," : "", i);
    g_string_append_c(many, ']');
    refused(report(shelf, &worker, many->str, &error), &error, ERROR_FIELD_RANGE, "photos");
    g_string_free(many, TRUE);
    json_t *none = done(report(shelf, &worker, "[]", &error), error);
    g_assert_null(json_object_get(none, "photos"));
    json_decref(none);
    g_assert_cmpint(count_of(shelf, "SELECT count(*) FROM file_uses"), ==, 0);
}

static void test_quota(Shelf *shelf, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor worker = person(&shelf->world, "enterprise_safety", "worker", "E1");
    Actor other = person(&shelf->world, "enterprise_safety", "other", "E2");
    for (int i = 0; i < FILES_UNUSED_MAX; i++)
        g_free(send_file(shelf, &worker, "the same content"));
    g_autofree char *more = send_as(shelf, &worker, "more", "image/jpeg", &error);
    g_assert_null(more);
    g_assert_cmpint(error_kind(error), ==, ERROR_FILE_QUOTA);
    g_clear_error(&error);
    g_free(send_file(shelf, &other, "the same content"));
}

/* Unused uploads lapse; a content goes with the last row that names it. */
static void test_lapse(Shelf *shelf, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    int removed;
    Actor worker = person(&shelf->world, "enterprise_safety", "worker", "E1");
    g_autofree char *used = send_file(shelf, &worker, "used"),
                    *shared = send_file(shelf, &worker, "used"),
                    *idle = send_file(shelf, &worker, "idle");
    g_autofree char *photos = g_strdup_printf("[{'file':'%s'}]", used);
    json_decref(done(report(shelf, &worker, photos, &error), error));
    g_assert_true(
        files_sweep(shelf->world.sql, shelf->world.now_ms + FILE_UNUSED_MS, 100, &removed, NULL));
    g_assert_cmpint(removed, ==, 0);
    gint64 later = shelf->world.now_ms + FILE_UNUSED_MS + 1;
    g_assert_true(files_sweep(shelf->world.sql, later, 1, &removed, NULL));
    g_assert_true(files_sweep(shelf->world.sql, later, 100, &removed, NULL));
    g_assert_cmpint(removed, ==, 1);
    g_assert_true(readable(shelf, &worker, used));
    g_assert_false(readable(shelf, &worker, shared) || readable(shelf, &worker, idle));
    gint64 checked;
    g_assert_true(files_verify(shelf->world.sql, shelf->world.packs, &checked, NULL));
    g_assert_cmpint(checked, ==, 1);
}

/* What a crash left between file and commit. */
static void test_strays(Shelf *shelf, gconstpointer data) {
    (void)data;
    char hash[HASH_HEX];
    const gint64 far = (gint64)1 << 60;
    Actor worker = person(&shelf->world, "enterprise_safety", "worker", "E1");
    g_free(send_file(shelf, &worker, "named"));
    g_assert_true(file_store_put(shelf->store, "stray", 5, hash, NULL));
    g_autoptr(GPtrArray) none = files_strays(shelf->world.sql, 0, 10, NULL);
    g_assert_cmpuint(none->len, ==, 0); /* too young */
    g_autoptr(GPtrArray) found = files_strays(shelf->world.sql, far, 10, NULL);
    g_assert_cmpuint(found->len, ==, 1);
    g_assert_cmpstr(found->pdata[0], ==, hash);
    g_assert_true(files_drop(shelf->world.sql, found, NULL));
    g_assert_cmpint(file_store_open(shelf->store, hash, NULL), ==, -1);
}

static void broken(Shelf *shelf) {
    gint64 checked;
    GError *error = NULL;
    g_assert_false(files_verify(shelf->world.sql, shelf->world.packs, &checked, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_VERIFY);
    g_clear_error(&error);
}

static void test_proof(Shelf *shelf, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    char other[HASH_HEX];
    Actor worker = person(&shelf->world, "enterprise_safety", "worker", "E1");
    g_autofree char *id = send_file(shelf, &worker, "proof");
    g_autofree char *photos = g_strdup_printf("[{'file':'%s'}]", id);
    json_t *record = done(report(shelf, &worker, photos, &error), error);
    json_t *file = json_array_get(json_object_get(record, "photos"), 0);
    g_autofree char *hash = g_strdup(get(file, "hash"));
    json_decref(record);
    /* the row is turned to another content that is whole: the journal knows better */
    g_assert_true(file_store_put(shelf->store, "forged", 6, other, NULL));
    g_assert_true(sql_run(shelf->world.sql, NULL, "UPDATE files SET hash = ?", "t", other));
    broken(shelf);
    g_assert_true(sql_run(shelf->world.sql, NULL, "UPDATE files SET hash = ?", "t", hash));
    g_autofree char *shelf_name = g_strndup(hash, 2);
    g_autofree char *path = g_build_filename(shelf->store, shelf_name, hash, NULL);
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    g_assert_true(g_file_set_contents(path, "forged", 6, NULL));
    broken(shelf);
    g_assert_cmpint(unlink(path), ==, 0);
    broken(shelf);
    g_assert_true(file_store_put(shelf->store, "proof", 5, other, NULL));
    gint64 checked;
    g_assert_true(files_verify(shelf->world.sql, shelf->world.packs, &checked, NULL));
    g_assert_true(sql_run(shelf->world.sql, NULL, "DELETE FROM files", ""));
    broken(shelf);
}

#define ADD(name, func) g_test_add("/files/" name, Shelf, NULL, shelf_open, func, shelf_close)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("who-reads", test_who_reads);
    ADD("value", test_value);
    ADD("refused", test_refused);
    ADD("quota", test_quota);
    ADD("lapse", test_lapse);
    ADD("strays", test_strays);
    ADD("proof", test_proof);
    return g_test_run();
}
