#include "document/thumbnail.h"
#include "base/error.h"
#include "base/media.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

static gboolean not_drawn(GError **error, const char *what) {
    return error_set(error, ERROR_FILE_KIND, NULL, what,
                     "下载原文件查看 (download the file itself)", NULL);
}

gsize thumbnail_cost(const guint8 *bytes, gsize n, GError **error) {
    guint width, height, scans;
    if (!media_size(bytes, n, &width, &height, &scans)) {
        not_drawn(error, "没有缩略图 (it has no thumbnail)");
        return 0;
    }
    if (scans <= THUMBNAIL_SCANS && (guint64)width * height <= THUMBNAIL_PIXELS)
        return (gsize)width * height;
    not_drawn(error, "图片过大，不生成缩略图 (too large for a thumbnail)");
    return 0;
}

/* The decoder makes it small at once where it can. */
static void fit(GdkPixbufLoader *loader, int width, int height, gpointer edge) {
    int longest = MAX(width, height), room = *(int *)edge;
    if (longest > room)
        gdk_pixbuf_loader_set_size(loader, MAX(1, (int)((gint64)width * room / longest)),
                                   MAX(1, (int)((gint64)height * room / longest)));
}

static GdkPixbuf *decode(const Media *media, const guint8 *bytes, gsize n, int edge) {
    g_autoptr(GdkPixbufLoader) loader = gdk_pixbuf_loader_new_with_mime_type(media->type, NULL);
    if (loader == NULL)
        return NULL;
    g_signal_connect(loader, "size-prepared", G_CALLBACK(fit), &edge);
    gboolean whole = gdk_pixbuf_loader_write(loader, bytes, n, NULL);
    whole = gdk_pixbuf_loader_close(loader, NULL) && whole;
    GdkPixbuf *picture = whole ? gdk_pixbuf_loader_get_pixbuf(loader) : NULL;
    return picture ? gdk_pixbuf_apply_embedded_orientation(picture) : NULL;
}

/* Transparent parts become white. */
static GdkPixbuf *on_paper(GdkPixbuf *picture) {
    const guint32 white = 0xFFFFFF;
    int width = gdk_pixbuf_get_width(picture), height = gdk_pixbuf_get_height(picture);
    if (!gdk_pixbuf_get_has_alpha(picture))
        return g_object_ref(picture);
    return gdk_pixbuf_composite_color_simple(picture, width, height, GDK_INTERP_NEAREST, 255, 16,
                                             white, white);
}

GString *thumbnail_make(const guint8 *bytes, gsize n, int edge, GError **error) {
    const Media *media = media_sniff(bytes, n, error);
    if (media == NULL || thumbnail_cost(bytes, n, error) == 0)
        return NULL;
    g_autoptr(GdkPixbuf) picture =
        decode(media, bytes, n, CLAMP(edge, THUMBNAIL_MIN, PHOTO_EDGE));
    g_autoptr(GdkPixbuf) paper = picture ? on_paper(picture) : NULL;
    g_autofree char *jpeg = NULL;
    gsize size;
    if (paper &&
        gdk_pixbuf_save_to_buffer(paper, &jpeg, &size, "jpeg", NULL, "quality", "80", NULL))
        return g_string_new_len(jpeg, (gssize)size);
    not_drawn(error, "图片无法解码 (the picture cannot be decoded)");
    return NULL;
}
