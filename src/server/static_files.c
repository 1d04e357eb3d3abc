#include "server/static_files.h"
#include "server/gzip.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *bytes, *gzip; /* gzip: NULL when it does not help */
    gsize n, gzip_n;
    const char *type;
    gboolean immutable; /* its name holds a hash of its content */
} File;

struct StaticFiles {
    GHashTable *files; /* "/assets/x.js" -> File */
    char *policy;      /* Content-Security-Policy */
};

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".geojson", "application/geo+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".map", "application/json"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
};

static const char *type_of(const char *path) {
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_suffix(path, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

static void file_free(gpointer data) {
    File *file = data;
    g_free(file->bytes);
    free(file->gzip);
    g_free(file);
}

static gboolean load_file(StaticFiles *files, const char *path, const char *key, GError **error) {
    File *file = g_new0(File, 1);
    if (!g_file_get_contents(path, &file->bytes, &file->n, error)) {
        file_free(file);
        return FALSE;
    }
    file->type = type_of(key);
    file->immutable = g_str_has_prefix(key, "/assets/");
    file->gzip = gzip_bytes(file->bytes, file->n, 9, &file->gzip_n);
    g_hash_table_insert(files->files, g_strdup(key), file);
    return TRUE;
}

static gboolean load_folder(StaticFiles *files, const char *path, const char *key, GError **error) {
    g_autoptr(GDir) dir = g_dir_open(path, 0, error);
    gboolean good = dir != NULL;
    for (const char *name; good && (name = g_dir_read_name(dir));) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        g_autofree char *below_key = g_strconcat(key, "/", name, NULL);
        good = g_file_test(below, G_FILE_TEST_IS_DIR) ? load_folder(files, below, below_key, error)
                                                      : load_file(files, below, below_key, error);
    }
    return good;
}

StaticFiles *static_files_load(const char *directory, const char *images, GError **error) {
    StaticFiles *files = g_new0(StaticFiles, 1);
    files->policy = g_strdup_printf(
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:%s; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        images);
    files->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, file_free);
    g_autoptr(GError) cause = NULL;
    if (load_folder(files, directory, "", &cause))
        return files;
    error_set(error, ERROR_FILE, NULL, directory, cause->message, NULL);
    static_files_free(files);
    return NULL;
}

void static_files_free(StaticFiles *files) {
    if (files == NULL)
        return;
    g_hash_table_destroy(files->files);
    g_free(files->policy);
    g_free(files);
}

static const File *find(StaticFiles *files, const char *path) {
    const File *file = g_hash_table_lookup(files->files, path);
    gboolean page = strchr(path, '.') == NULL && !g_str_has_prefix(path, "/api/");
    return file || !page ? file : g_hash_table_lookup(files->files, "/index.html");
}

gboolean static_files_answer(StaticFiles *files, Request *request) {
    const File *file = find(files, request_path(request));
    if (file == NULL)
        return FALSE;
    gboolean gzip = file->gzip && gzip_accepted(request_header(request, "Accept-Encoding"));
    request_add_header(request, "Cache-Control",
                       file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    request_add_header(request, "Content-Security-Policy", files->policy);
    request_add_header(request, "Referrer-Policy", "no-referrer");
    request_add_header(request, "Vary", "Accept-Encoding");
    if (gzip)
        request_add_header(request, "Content-Encoding", "gzip");
    respond_static(request, 200, file->type, gzip ? file->gzip : file->bytes,
                   gzip ? file->gzip_n : file->n);
    return TRUE;
}
