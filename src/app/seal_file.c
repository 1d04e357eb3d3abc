#include "app/seal_file.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *path_of_new(const char *path) { return g_strconcat(path, ".new", NULL); }

static gboolean put_in_place(const char *from, const char *path, GError **error) {
    return rename(from, path) == 0 ||
           error_set(error, ERROR_FILE, NULL, path, g_strerror(errno), NULL);
}

/* A rotation that ended between the commit and the renaming is finished. */
static SealKey *finish_rotation(const char *path, const char *active) {
    g_autofree char *other = path_of_new(path);
    SealKey *key = g_file_test(other, G_FILE_TEST_EXISTS) ? seal_key_read(other, NULL) : NULL;
    if (key && strcmp(seal_key_id(key), active) == 0 && put_in_place(other, path, NULL))
        return key;
    g_clear_pointer(&key, seal_key_free);
    return NULL;
}

static void refuse(GError **error, const char *path, const char *found, const char *active) {
    g_autofree char *what = g_strdup_printf(
        "%s: 与数据库的密封密钥不符 / is not the seal key of this database: %s, wanted %s", path,
        found, active);
    error_set(error, ERROR_CONFIG, "seal-key", what,
              "restore the right file or name it with --seal-key; when it is lost for good: anlan "
              "keys rotate --lost",
              NULL);
}

static SealKey *make_file(const char *path, Sql *sql, gint64 now_ms, GError **error) {
    SealKey *key = seal_key_new();
    if (!seal_key_write(key, path, error) || !seal_key_activate(sql, key, now_ms, error))
        g_clear_pointer(&key, seal_key_free);
    else
        log_warning(
            "seal",
            "已生成密封密钥 made the seal key %s (id %s): 请与数据库备份分开保存副本 keep a "
            "copy apart from the backups; without it sealed values cannot be opened",
            path, seal_key_id(key));
    return key;
}

static SealKey *use_file(const char *path, const char *active, Sql *sql, gint64 now_ms,
                         GError **error) {
    SealKey *key = seal_key_read(path, error);
    if (key == NULL || strcmp(seal_key_id(key), active) == 0 ||
        (*active == 0 && seal_key_activate(sql, key, now_ms, error)))
        return key;
    SealKey *other = finish_rotation(path, active);
    if (other == NULL && error && *error == NULL)
        refuse(error, path, seal_key_id(key), active);
    seal_key_free(key);
    return other;
}

SealKey *seal_file_open(const char *path, gboolean lost, Sql *sql, gint64 now_ms, GError **error) {
    g_autofree char *active = seal_key_active(sql, error);
    if (active == NULL)
        return NULL;
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return use_file(path, active, sql, now_ms, error);
    SealKey *key = *active ? finish_rotation(path, active) : NULL;
    if (key)
        return key;
    if (*active == 0 || lost)
        return make_file(path, sql, now_ms, error);
    refuse(error, path, "no file / 没有文件", active);
    return NULL;
}

typedef struct {
    const Packs *packs;
    const SealKey *old, *key;
    gint64 now_ms, values;
} Rotation;

static gboolean rotate_job(Sql *sql, gpointer data, GError **error) {
    Rotation *r = data;
    return records_reseal(sql, r->packs, r->old, r->key, r->now_ms, &r->values, error);
}

gboolean seal_file_rotate(const char *path, const SealKey *old, Writer *records, const Packs *packs,
                          gint64 now_ms, gint64 *values, GError **error) {
    g_autofree char *other = path_of_new(path);
    SealKey *key = seal_key_new();
    Rotation rotation = {packs, old, key, now_ms, 0};
    unlink(other); /* of a rotation that did not come to its commit: the old key is in use */
    gboolean done = seal_key_write(key, other, error) &&
                    writer_run(records, rotate_job, &rotation, error) &&
                    put_in_place(other, path, error);
    seal_key_free(key);
    *values = rotation.values;
    return done;
}
