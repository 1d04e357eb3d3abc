#include "base/error.h"
#include "base/media.h"
#include "document/thumbnail.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>

static GdkPixbuf *picture(int width, int height) {
    GdkPixbuf *made = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height);
    gdk_pixbuf_fill(made, 0xCC2222FF);
    return made;
}

static GString *encoded(GdkPixbuf *source_take, const char *kind) {
    g_autofree char *bytes = NULL;
    gsize n;
    g_assert_true(gdk_pixbuf_save_to_buffer(source_take, &bytes, &n, kind, NULL, NULL));
    g_object_unref(source_take);
    return g_string_new_len(bytes, (gssize)n);
}

static GString *make(const GString *file, int edge, GError **error) {
    return thumbnail_make((const guint8 *)file->str, file->len, edge, error);
}

static void has_size(GString *jpeg_take, guint width, guint height) {
    guint w, h, scans;
    g_assert_nonnull(jpeg_take);
    g_assert_true(media_size((guint8 *)jpeg_take->str, jpeg_take->len, &w, &h, &scans));
    g_assert_cmpuint(w, ==, width);
    g_assert_cmpuint(h, ==, height);
    g_string_free(jpeg_take, TRUE);
}

static void test_fits(void) {
    g_autoptr(GString) wide = encoded(picture(800, 400), "jpeg");
    g_autoptr(GString) tall = encoded(picture(30, 60), "png");
    has_size(make(wide, 240, NULL), 240, 120);
    has_size(make(tall, 240, NULL), 30, 60); /* never larger than the picture */
    has_size(make(wide, 100000, NULL), 800, 400);
}

/* An EXIF block that turns the picture by 90° and says where it was taken. */
static void test_exif(void) {
    static const char exif[] = "\xFF\xE1\0\x36"
                               "Exif\0\0II*\0\x08\0\0\0\2\0"
                               "\x12\1\3\0\1\0\0\0\6\0\0\0"
                               "\x25\x88\4\0\1\0\0\0\x26\0\0\0\0\0\0\0"
                               "GPS-31.77N..";
    g_autoptr(GString) photo = encoded(picture(80, 40), "jpeg");
    g_string_insert_len(photo, 2, exif, 4 + 52);
    g_autoptr(GString) small = make(photo, 240, NULL);
    g_assert_nonnull(small);
    g_assert_null(memmem(small->str, small->len, "Exif", 4));
    g_assert_null(memmem(small->str, small->len, "GPS", 3));
    has_size(g_steal_pointer(&small), 40, 80);
}

static void test_transparent(void) {
    GdkPixbuf *clear = gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, 20, 20);
    gdk_pixbuf_fill(clear, 0);
    g_autoptr(GString) file = encoded(clear, "png");
    g_autoptr(GString) small = make(file, 64, NULL);
    g_autoptr(GdkPixbufLoader) loader = gdk_pixbuf_loader_new();
    g_assert_true(gdk_pixbuf_loader_write(loader, (guint8 *)small->str, small->len, NULL));
    g_assert_true(gdk_pixbuf_loader_close(loader, NULL));
    const guint8 *pixel = gdk_pixbuf_get_pixels(gdk_pixbuf_loader_get_pixbuf(loader));
    g_assert_cmpuint(pixel[0], >, 250);
}

static void refused(const GString *file) {
    g_autoptr(GError) error = NULL;
    g_assert_null(make(file, 240, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_FILE_KIND);
}

/* A picture of a few bytes that claims ten thousand million pixels is refused before decoding. */
static void test_bombs(void) {
    g_autoptr(GString) bomb = encoded(picture(10, 10), "png");
    memcpy(bomb->str + 16, "\0\1\x86\xA0\0\1\x86\xA0", 8);
    refused(bomb);
    g_autoptr(GString) scans = encoded(picture(16, 16), "jpeg");
    g_autoptr(GString) many = g_string_new(NULL);
    for (int i = 0; i <= THUMBNAIL_SCANS; i++)
        g_string_append_len(many, "\xFF\xDA\0\2\x11", 5);
    g_string_insert_len(scans, (gssize)scans->len - 2, many->str, (gssize)many->len);
    refused(scans);
}

static void test_damaged(void) {
    g_autoptr(GString) text = g_string_new("not a picture");
    g_autoptr(GString) half = encoded(picture(200, 200), "jpeg");
    g_string_truncate(half, half->len / 2);
    refused(text);
    refused(half);
    g_autoptr(GString) inside = encoded(picture(64, 64), "png");
    memset(inside->str + 45, 0x55, 20);
    refused(inside);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/thumbnail/fits", test_fits);
    g_test_add_func("/thumbnail/exif", test_exif);
    g_test_add_func("/thumbnail/transparent", test_transparent);
    g_test_add_func("/thumbnail/bombs", test_bombs);
    g_test_add_func("/thumbnail/damaged", test_damaged);
    return g_test_run();
}
