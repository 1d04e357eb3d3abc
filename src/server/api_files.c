/* /api/files: sending and fetching the files of records. What is sent comes as the body, spooled to
 * a nameless file in the store while it is read; it is looked at through a mapping, so memory does
 * not grow with it. */
#include "base/media.h"
#include "document/thumbnail.h"
#include "record/files.h"
#include "server/house.h"
#include "store/file_store.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIXELS_AT_ONCE = 2 * THUMBNAIL_PIXELS };

/* ---- the bytes of a file ---- */

typedef struct {
    guint8 *bytes;
    gsize n;
} Mapped;

/* An empty file has no bytes. */
static gboolean map_file(int fd, Mapped *mapped, GError **error) {
    struct stat about;
    *mapped = (Mapped){0};
    if (fstat(fd, &about) != 0)
        return error_set(error, ERROR_FILE, NULL, "files", g_strerror(errno), NULL);
    if (about.st_size == 0)
        return TRUE;
    void *bytes = mmap(NULL, (gsize)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return error_set(error, ERROR_FILE, NULL, "files", g_strerror(errno), NULL);
    *mapped = (Mapped){bytes, (gsize)about.st_size};
    return TRUE;
}

static void unmap(Mapped *mapped) {
    if (mapped->bytes)
        munmap(mapped->bytes, mapped->n);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mapped, unmap)

/* ---- sending ---- */

typedef struct {
    FileContent content;
    char hash[HASH_HEX];
    char *name;
} Upload;

static void upload_free(gpointer data) {
    Upload *upload = data;
    g_free(upload->name);
    g_free(upload);
}

static gboolean upload_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                           gpointer data, json_t **answer, GError **error) {
    (void)house;
    const Upload *upload = data;
    *answer = file_register(sql, &identity->actor, &upload->content, now_ms, error);
    return *answer != NULL;
}

static char *given_name(Request *request) {
    const char *header = request_header(request, "X-File-Name");
    return header ? g_uri_unescape_string(header, NULL) : NULL;
}

static const Media *real_media(Request *request, int fd, const char *name, GError **error) {
    g_auto(Mapped) mapped = {0};
    if (!map_file(fd, &mapped, error))
        return NULL;
    const Media *media = media_sniff(mapped.bytes, mapped.n, error);
    const char *claim = request_header(request, "Content-Type");
    if (media == NULL)
        return NULL;
    if (media_agrees(media, claim))
        return media_named(media, name);
    g_autofree char *what = g_strdup_printf("声明为 %s，实为 %s (it says %s and is %s)", claim,
                                            media->type, claim, media->type);
    error_set(error, ERROR_FILE_KIND, NULL, what, "按实际类型发送 (send it as what it is)", NULL);
    return NULL;
}

static Upload *upload_read(Request *request, GError **error) {
    int fd = request_body_file(request);
    g_autofree char *name = given_name(request);
    if (fd < 0) {
        error_set(error, ERROR_FILE_KIND, NULL, "空文件 (an empty file)",
                  "把文件内容作为请求体 (send the file as the body)", NULL);
        return NULL;
    }
    const Media *media = real_media(request, fd, name, error);
    if (media == NULL)
        return NULL;
    Upload *upload = g_new0(Upload, 1);
    upload->name = media_name(media, name);
    upload->content = (FileContent){fd, upload->hash, media->type, upload->name, 0};
    if (file_store_seal(fd, upload->hash, &upload->content.size, error))
        return upload;
    upload_free(upload);
    return NULL;
}

void api_files_send(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    Upload *upload = upload_read(request, &error);
    if (upload) {
        g_autofree char *what = g_strdup_printf("%s %s", upload->hash, upload->name);
        house_write_once(request, identity, what, 201, upload_job, upload, upload_free);
        return;
    }
    respond_error(request, error);
    identity_free(identity);
}

/* ---- photos of guests ---- */

/* As many at once as their pixels allow. */
static GString *draw(House *house, const Mapped *mapped, int edge, GError **error) {
    gsize cost = thumbnail_cost(mapped->bytes, mapped->n, error);
    if (cost == 0)
        return NULL;
    GString *jpeg = NULL;
    if (atomic_fetch_add(&house->pixels, cost) + cost <= PIXELS_AT_ONCE)
        jpeg = thumbnail_make(mapped->bytes, mapped->n, edge, error);
    else
        error_set(error, ERROR_BUSY, NULL, "other pictures are being drawn", NULL);
    atomic_fetch_sub(&house->pixels, cost);
    return jpeg;
}

static GString *drawn_anew(Request *request, GError **error) {
    g_auto(Mapped) mapped = {0};
    int fd = request_body_file(request);
    if (fd >= 0 && !map_file(fd, &mapped, error))
        return NULL;
    if (mapped.n)
        return draw(house_of(request), &mapped, PHOTO_EDGE, error);
    error_set(error, ERROR_FILE_KIND, NULL, "空文件 (an empty file)",
              "把照片内容作为请求体 (send the photo as the body)", NULL);
    return NULL;
}

typedef struct {
    GString *jpeg;
    int fd;
    char hash[HASH_HEX];
    gint64 size;
} Photo;

static void photo_free(gpointer data) {
    Photo *photo = data;
    if (photo->fd >= 0)
        close(photo->fd);
    g_string_free(photo->jpeg, TRUE);
    g_free(photo);
}

static gboolean photo_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                          gpointer data, json_t **answer, GError **error) {
    (void)house, (void)identity;
    const Photo *photo = data;
    FileContent content = {photo->fd, photo->hash, "image/jpeg", "photo.jpg", photo->size};
    *answer = file_register(sql, &actor_guest, &content, now_ms, error);
    return *answer != NULL;
}

static gboolean photo_spool(Photo *photo, const char *store, GError **error) {
    photo->fd = file_store_temporary(store, error);
    gsize n = photo->jpeg->len;
    if (photo->fd < 0)
        return FALSE;
    if (write(photo->fd, photo->jpeg->str, n) != (gssize)n)
        return error_set(error, ERROR_FILE, NULL, "files", g_strerror(errno), NULL);
    return file_store_seal(photo->fd, photo->hash, &photo->size, error);
}

/* Only what the picture shows is kept: no metadata, no place, not the name of the file. */
void api_public_photo(Request *request) {
    g_autoptr(GError) error = NULL;
    GString *jpeg = drawn_anew(request, &error);
    if (jpeg == NULL) {
        respond_error(request, error);
        return;
    }
    Photo *photo = g_new0(Photo, 1);
    *photo = (Photo){.jpeg = jpeg, .fd = -1};
    if (photo_spool(photo, house_of(request)->files_dir, &error)) {
        house_write(request, NULL, 201, photo_job, photo, photo_free);
        return;
    }
    photo_free(photo);
    respond_error(request, error);
}

/* ---- fetching ---- */

static const char *text_of(json_t *file, const char *name) {
    return json_string_value(json_object_get(file, name));
}

void respond_stored(Request *request, const char *media, const char *name, const char *policy,
                    int fd_take) {
    g_autofree char *plain = g_strdup(name), *full = g_uri_escape_string(name, NULL, FALSE);
    for (char *p = plain; *p; p++)
        if (!g_ascii_isalnum(*p) && strchr(".-_", *p) == NULL)
            *p = '_';
    g_autofree char *disposition =
        g_strdup_printf("attachment; filename=\"%s\"; filename*=UTF-8''%s", plain, full);
    request_add_header(request, "Content-Disposition", disposition);
    request_add_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
    request_add_header(request, "Cross-Origin-Resource-Policy", "same-origin");
    request_add_header(request, "Cache-Control", policy);
    respond_file(request, g_str_has_prefix(media, "text/") ? "text/plain; charset=utf-8" : media,
                 fd_take);
}

/* The file that the caller may read, open; NULL after answering. */
static json_t *open_file(Request *request, int *fd) {
    g_autoptr(GError) error = NULL;
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return NULL;
    Sql *sql = worker_of(request)->records;
    json_t *file =
        file_get(sql, house_of(request)->packs, &identity->actor, request_part(request, 0), &error);
    identity_free(identity);
    *fd = file ? file_store_open(sql_files(sql), text_of(file, "hash"), &error) : -1;
    if (*fd >= 0)
        return file;
    json_decref(file);
    respond_error(request, error);
    return NULL;
}

void api_file_get(Request *request) {
    int fd;
    json_t *file = open_file(request, &fd);
    if (file == NULL)
        return;
    respond_stored(request, media_find(text_of(file, "media"))->type, text_of(file, "name"),
                   "no-store", fd);
    json_decref(file);
}

void api_file_thumbnail(Request *request) {
    g_autoptr(GError) error = NULL;
    g_auto(Mapped) mapped = {0};
    gint64 edge = 240;
    int fd;
    json_t *file = open_file(request, &fd);
    if (file == NULL)
        return;
    json_decref(file);
    GString *jpeg = NULL;
    if (request_number(request, "size", THUMBNAIL_MIN, THUMBNAIL_MAX, &edge, &error) &&
        map_file(fd, &mapped, &error))
        jpeg = draw(house_of(request), &mapped, (int)edge, &error);
    close(fd);
    if (jpeg == NULL) {
        respond_error(request, error);
        return;
    }
    request_add_header(request, "Cache-Control", "private, max-age=3600");
    request_add_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
    respond_text(request, 200, "image/jpeg", jpeg);
}
