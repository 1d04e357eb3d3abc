#include "store/file_store.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024, SHELF = 2 /* digits of a hash that name its folder */ };

static gboolean failed(GError **error, const char *path) {
    if (errno == ENOSPC || errno == EDQUOT)
        return error_set(error, ERROR_DISK_FULL, NULL, NULL);
    return error_set(error, ERROR_FILE, NULL, path, g_strerror(errno), NULL);
}

static gboolean lost(GError **error, const char *hash, const char *what) {
    g_autofree char *text = g_strdup_printf("%s %s", hash, what);
    return error_set(error, ERROR_FILE_LOST, NULL, text, NULL);
}

static gboolean is_hash(const char *hash) {
    guint8 bytes[HASH_BYTES];
    return strlen(hash) == HASH_HEX - 1 && hex_decode(hash, bytes, HASH_BYTES);
}

static char *shelf_of(const char *store, const char *hash) {
    g_autofree char *shelf = g_strndup(hash, SHELF);
    return g_build_filename(store, shelf, NULL);
}

static gboolean sync_folder(const char *path, GError **error) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean good = fd >= 0 && fsync(fd) == 0;
    if (!good)
        failed(error, path);
    if (fd >= 0)
        close(fd);
    return good;
}

/* The folder of a hash; a new one is synced into the store. */
static gboolean make_shelf(const char *store, const char *shelf, GError **error) {
    if (mkdir(shelf, 0750) == 0)
        return sync_folder(store, error);
    return errno == EEXIST || failed(error, shelf);
}

int file_store_temporary(const char *store, GError **error) {
    int fd = g_mkdir_with_parents(store, 0750) == 0
                 ? open(store, O_TMPFILE | O_RDWR | O_CLOEXEC, 0440)
                 : -1;
    if (fd < 0)
        failed(error, store);
    return fd;
}

/* Hash and size of what can be read from the start. */
static gboolean hash_file(int fd, char hash[static HASH_HEX], gint64 *size) {
    g_autofree guint8 *block = g_malloc(BLOCK);
    guint8 sum[HASH_BYTES];
    HashState *state = hash_sm3_new();
    ssize_t n;
    *size = 0;
    while ((n = pread(fd, block, BLOCK, *size)) > 0) {
        hash_add(state, block, (gsize)n);
        *size += n;
    }
    hash_end(state, sum);
    hex_encode(sum, HASH_BYTES, hash);
    return n == 0;
}

gboolean file_store_seal(int fd, char hash[static HASH_HEX], gint64 *size, GError **error) {
    return (hash_file(fd, hash, size) && fsync(fd) == 0) || failed(error, "temporary");
}

gboolean file_store_keep(const char *store, int fd, const char *hash, GError **error) {
    g_autofree char *shelf = shelf_of(store, hash);
    g_autofree char *path = g_build_filename(shelf, hash, NULL);
    g_autofree char *own = g_strdup_printf("/proc/self/fd/%d", fd);
    g_assert(is_hash(hash));
    if (!make_shelf(store, shelf, error))
        return FALSE;
    if (linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return sync_folder(shelf, error);
    return errno == EEXIST || failed(error, path);
}

static gboolean write_all(int fd, const char *bytes, gsize n) {
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return FALSE;
        bytes += written;
        n -= (gsize)written;
    }
    return TRUE;
}

gboolean file_store_put(const char *store, const void *bytes, gsize n, char hash[static HASH_HEX],
                        GError **error) {
    gint64 size;
    int fd = file_store_temporary(store, error);
    if (fd < 0)
        return FALSE;
    gboolean good = (write_all(fd, bytes, n) || failed(error, store)) &&
                    file_store_seal(fd, hash, &size, error) &&
                    file_store_keep(store, fd, hash, error);
    close(fd);
    return good;
}

static char *path_of(const char *store, const char *hash) {
    g_autofree char *shelf = shelf_of(store, hash);
    return g_build_filename(shelf, hash, NULL);
}

int file_store_open(const char *store, const char *hash, GError **error) {
    if (!is_hash(hash)) {
        lost(error, hash, "is no hash");
        return -1;
    }
    g_autofree char *path = path_of(store, hash);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        lost(error, hash, g_strerror(errno));
    return fd;
}

gboolean file_store_check(const char *store, const char *hash, GError **error) {
    char found[HASH_HEX];
    gint64 size;
    int fd = file_store_open(store, hash, error);
    if (fd < 0)
        return FALSE;
    gboolean same = hash_file(fd, found, &size) && strcmp(found, hash) == 0;
    close(fd);
    return same || lost(error, hash, "内容与哈希不符 its content has another hash");
}

gboolean file_store_remove(const char *store, const char *hash, GError **error) {
    g_autofree char *path = path_of(store, hash);
    g_assert(is_hash(hash));
    return unlink(path) == 0 || errno == ENOENT || failed(error, path);
}

/* ---- all of them ---- */

typedef struct {
    const char *store;
    gint64 older_ms;
    FileVisit visit;
    gpointer data;
} Walk;

static gboolean visit_shelf(const Walk *walk, const char *name, GError **error) {
    g_autofree char *shelf = g_build_filename(walk->store, name, NULL);
    g_autoptr(GDir) dir = g_dir_open(shelf, 0, NULL);
    gboolean good = TRUE;
    for (const char *hash; good && dir && (hash = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(shelf, hash, NULL);
        struct stat about;
        if (is_hash(hash) && lstat(path, &about) == 0 && S_ISREG(about.st_mode) &&
            (gint64)about.st_mtime * 1000 < walk->older_ms)
            good = walk->visit(walk->data, hash, error);
    }
    return good;
}

gboolean file_store_each(const char *store, gint64 older_ms, FileVisit visit, gpointer data,
                         GError **error) {
    Walk walk = {store, older_ms, visit, data};
    g_autoptr(GDir) dir = g_dir_open(store, 0, NULL); /* no folder: nothing was stored yet */
    gboolean good = TRUE;
    for (const char *name; good && dir && (name = g_dir_read_name(dir)) != NULL;)
        if (strlen(name) == SHELF)
            good = visit_shelf(&walk, name, error);
    return good;
}

static gboolean erase_one(gpointer store, const char *hash, GError **error) {
    return file_store_remove(store, hash, error);
}

void file_store_erase(const char *store) {
    file_store_each(store, G_MAXINT64, erase_one, (gpointer)store, NULL);
    g_autoptr(GDir) dir = g_dir_open(store, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *shelf = g_build_filename(store, name, NULL);
        rmdir(shelf);
    }
    rmdir(store);
}

typedef struct {
    const char *store, *to;
    guint copied;
} Copy;

static gboolean copy_bytes(int from, int to, const char *path, GError **error) {
    g_autofree char *block = g_malloc(BLOCK);
    ssize_t n;
    while ((n = read(from, block, BLOCK)) > 0)
        if (!write_all(to, block, (gsize)n))
            return failed(error, path);
    return n == 0 || failed(error, path);
}

static gboolean copy_content(const Copy *copy, int from, const char *hash, GError **error) {
    char found[HASH_HEX];
    gint64 size;
    int to = file_store_temporary(copy->to, error);
    if (to < 0)
        return FALSE;
    gboolean good = copy_bytes(from, to, copy->to, error) &&
                    file_store_seal(to, found, &size, error) &&
                    (strcmp(found, hash) == 0 ||
                     lost(error, hash, "内容与哈希不符 its content has another hash")) &&
                    file_store_keep(copy->to, to, hash, error);
    close(to);
    return good;
}

static gboolean copy_one(gpointer data, const char *hash, GError **error) {
    Copy *copy = data;
    g_autofree char *there = path_of(copy->to, hash);
    if (g_file_test(there, G_FILE_TEST_EXISTS))
        return TRUE;
    int from = file_store_open(copy->store, hash, NULL);
    if (from < 0)
        return TRUE; /* never used, and removed a moment ago */
    gboolean good = copy_content(copy, from, hash, error);
    close(from);
    copy->copied++;
    return good;
}

gboolean file_store_copy(const char *store, const char *to, guint *copied, GError **error) {
    Copy copy = {store, to, 0};
    gboolean good = file_store_each(store, G_MAXINT64, copy_one, &copy, error);
    if (copied)
        *copied = copy.copied;
    return good;
}
