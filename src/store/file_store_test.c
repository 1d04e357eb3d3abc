#include "base/error.h"
#include "store/file_store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *top, *store;
} Folder;

static void open_folder(Folder *f, gconstpointer data) {
    (void)data;
    f->top = g_dir_make_tmp("anlan-files-XXXXXX", NULL);
    f->store = g_build_filename(f->top, "files", NULL);
}

static void close_folder(Folder *f, gconstpointer data) {
    (void)data;
    file_store_erase(f->store);
    g_assert_cmpint(rmdir(f->top), ==, 0);
    g_free(f->store);
    g_free(f->top);
}

static void put(Folder *f, const char *text, char hash[static HASH_HEX]) {
    g_autoptr(GError) error = NULL;
    file_store_put(f->store, text, strlen(text), hash, &error);
    g_assert_no_error(error);
}

static char *content(const char *store, const char *hash) {
    char text[64] = "";
    int fd = file_store_open(store, hash, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(read(fd, text, sizeof text - 1), >=, 0);
    close(fd);
    return g_strdup(text);
}

static gboolean count_one(gpointer count, const char *hash, GError **error) {
    (void)hash;
    (void)error;
    ++*(guint *)count;
    return TRUE;
}

static guint count(const char *store, gint64 older_ms) {
    guint n = 0;
    g_assert_true(file_store_each(store, older_ms, count_one, &n, NULL));
    return n;
}

/* SM3("abc") of GB/T 32905-2016, example 1. */
static void test_put(Folder *f, gconstpointer data) {
    (void)data;
    char hash[HASH_HEX], again[HASH_HEX];
    put(f, "abc", hash);
    g_assert_cmpstr(hash, ==, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    g_autofree char *text = content(f->store, hash);
    g_assert_cmpstr(text, ==, "abc");
    put(f, "abc", again);
    g_assert_cmpuint(count(f->store, G_MAXINT64), ==, 1);
    g_assert_cmpuint(count(f->store, 0), ==, 0); /* none is older than 1970 */
    g_assert_true(file_store_check(f->store, hash, NULL));
    g_assert_true(file_store_remove(f->store, hash, NULL));
    g_assert_true(file_store_remove(f->store, hash, NULL));
    g_assert_cmpint(file_store_open(f->store, hash, NULL), ==, -1);
}

static char *path_of(const char *store, const char *hash) {
    g_autofree char *shelf = g_strndup(hash, 2);
    return g_build_filename(store, shelf, hash, NULL);
}

/* What is there is not written again, even when it was damaged: the damage is told. */
static void test_never_overwrites(Folder *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    char hash[HASH_HEX];
    put(f, "abc", hash);
    g_autofree char *path = path_of(f->store, hash);
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    g_assert_true(g_file_set_contents(path, "abd", 3, NULL));
    put(f, "abc", hash);
    g_autofree char *text = content(f->store, hash);
    g_assert_cmpstr(text, ==, "abd");
    g_assert_false(file_store_check(f->store, hash, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_FILE_LOST);
}

/* Nothing but a hash names a file. */
static void test_names(Folder *f, gconstpointer data) {
    (void)data;
    static const char *const bad[] = {"", "..", "../../etc/passwd", "zz", "66c7"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(file_store_open(f->store, bad[i], NULL), ==, -1);
}

/* A file that is given up, as by a crash, leaves no trace. */
static void test_nameless(Folder *f, gconstpointer data) {
    (void)data;
    char hash[HASH_HEX];
    gint64 size;
    int fd = file_store_temporary(f->store, NULL);
    g_assert_cmpint(write(fd, "half", 4), ==, 4);
    g_assert_true(file_store_seal(fd, hash, &size, NULL));
    g_assert_cmpint(size, ==, 4);
    close(fd);
    g_assert_cmpuint(count(f->store, G_MAXINT64), ==, 0);
}

static void test_copy(Folder *f, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    char a[HASH_HEX], b[HASH_HEX];
    guint copied;
    g_autofree char *to = g_build_filename(f->top, "copy", NULL);
    put(f, "abc", a);
    put(f, "", b);
    g_assert_true(file_store_copy(f->store, to, &copied, NULL));
    g_assert_cmpuint(copied, ==, 2);
    g_assert_true(file_store_check(to, a, NULL) && file_store_check(to, b, NULL));
    g_assert_true(file_store_copy(f->store, to, &copied, NULL));
    g_assert_cmpuint(copied, ==, 0);
    file_store_remove(to, a, NULL);
    g_autofree char *path = path_of(f->store, a);
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    g_assert_true(g_file_set_contents(path, "abd", 3, NULL));
    g_assert_false(file_store_copy(f->store, to, NULL, &error)); /* no damage is copied */
    g_assert_cmpint(error_kind(error), ==, ERROR_FILE_LOST);
    file_store_erase(to);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/file-store/put", Folder, NULL, open_folder, test_put, close_folder);
    g_test_add("/file-store/never-overwrites", Folder, NULL, open_folder, test_never_overwrites,
               close_folder);
    g_test_add("/file-store/names", Folder, NULL, open_folder, test_names, close_folder);
    g_test_add("/file-store/nameless", Folder, NULL, open_folder, test_nameless, close_folder);
    g_test_add("/file-store/copy", Folder, NULL, open_folder, test_copy, close_folder);
    return g_test_run();
}
