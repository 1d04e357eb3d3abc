#include "base/error.h"
#include "base/media.h"

#include <string.h>

/* ---- small whole files ---- */

static GString *png(guint width, guint height) {
    GString *out = g_string_new_len("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
    for (int shift = 24; shift >= 0; shift -= 8)
        g_string_append_c(out, (char)(width >> shift));
    for (int shift = 24; shift >= 0; shift -= 8)
        g_string_append_c(out, (char)(height >> shift));
    g_string_append_len(out, "\x08\x02\0\0\0CRC.\0\0\0\0IENDCRC.", 21);
    return out;
}

static GString *jpeg(void) {
    return g_string_new_len("\xFF\xD8\xFF\xE0\0\4JF"
                            "\xFF\xC0\0\x0b\x08\0\x30\0\x40\1\1\x11\0"
                            "\xFF\xDA\0\2\x12\xFF\0\x34\xFF\xD0\x56\xFF\xD9",
                            6 + 2 + 13 + 13);
}

static void zip_int(GString *out, guint32 value, int bytes) {
    for (int i = 0; i < bytes; i++)
        g_string_append_c(out, (char)(value >> (8 * i)));
}

static void zip_entry(GString *out, GString *list, const char *name, const char *text) {
    guint32 at = (guint32)out->len, size = (guint32)strlen(text);
    g_string_append(out, "PK\3\4");
    g_string_append_len(out, "\24\0\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    zip_int(out, size, 4);
    zip_int(out, size, 4);
    zip_int(out, (guint32)strlen(name), 4);
    g_string_append(out, name);
    g_string_append(out, text);
    g_string_append(list, "PK\1\2");
    g_string_append_len(list, "\24\0\24\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    zip_int(list, size, 4);
    zip_int(list, size, 4);
    zip_int(list, (guint32)strlen(name), 2);
    g_string_append_len(list, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    zip_int(list, at, 4);
    g_string_append(list, name);
}

/* Names by space; the text of an entry is its name, but "mimetype" holds what stands behind `=`. */
static GString *zip(const char *names) {
    GString *out = g_string_new(NULL), *list = g_string_new(NULL);
    g_auto(GStrv) entries = g_strsplit(names, " ", -1);
    for (guint i = 0; entries[i]; i++) {
        char *text = strchr(entries[i], '=');
        if (text)
            *text++ = 0;
        zip_entry(out, list, entries[i], text ? text : entries[i]);
    }
    guint32 at = (guint32)out->len, size = (guint32)list->len, n = g_strv_length(entries);
    g_string_append_len(out, list->str, (gssize)list->len);
    g_string_append_len(out, "PK\5\6\0\0\0\0", 8);
    zip_int(out, n, 2);
    zip_int(out, n, 2);
    zip_int(out, size, 4);
    zip_int(out, at, 4);
    zip_int(out, 0, 2);
    g_string_free(list, TRUE);
    return out;
}

static GString *boxes(const char *brand, const char *second) {
    GString *out = g_string_new_len("\0\0\0\x10"
                                    "ftyp",
                                    8);
    g_string_append(out, brand);
    g_string_append_len(out, "\0\0\0\0\0\0\0\x0c", 8);
    g_string_append(out, second);
    g_string_append(out, "data");
    return out;
}

static GString *webp(void) {
    GString *out = g_string_new_len("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\0\0\x3f\0\0", 30);
    return out;
}

/* ---- helpers ---- */

static const char *type_of(GString *file_take) {
    g_autoptr(GError) error = NULL;
    const Media *media = media_sniff((const guint8 *)file_take->str, file_take->len, &error);
    g_string_free(file_take, TRUE);
    g_assert_true((media == NULL) == (error != NULL));
    g_assert_true(error == NULL || error_kind(error) == ERROR_FILE_KIND);
    return media ? media->type : NULL;
}

static GString *with(GString *file, const char *more) { return g_string_append(file, more); }
static GString *cut(GString *file) { return g_string_truncate(file, file->len - 1); }
static GString *text(const char *what) { return g_string_new(what); }

/* ---- tests ---- */

static void test_known(void) {
    g_assert_cmpstr(type_of(png(10, 10)), ==, "image/png");
    g_assert_cmpstr(type_of(jpeg()), ==, "image/jpeg");
    g_assert_cmpstr(type_of(webp()), ==, "image/webp");
    g_assert_cmpstr(type_of(boxes("isom", "moov")), ==, "video/mp4");
    g_assert_cmpstr(type_of(boxes("heic", "meta")), ==, "image/heic");
    g_assert_cmpstr(type_of(text("%PDF-1.7\n…\n%%EOF\n")), ==, "application/pdf");
    g_assert_cmpstr(type_of(text("隐患,等级\n储罐,重大\n")), ==, "text/plain");
    g_assert_true(
        g_str_has_suffix(type_of(zip("[Content_Types].xml word/document.xml")), "document"));
    g_assert_true(g_str_has_suffix(type_of(zip("[Content_Types].xml xl/workbook.xml")), "sheet"));
    g_assert_cmpstr(type_of(zip("mimetype=application/vnd.oasis.opendocument.text content.xml")),
                    ==, "application/vnd.oasis.opendocument.text");
}

/* What is cut off, or goes on behind its end, is refused. */
static void test_whole(void) {
    g_assert_null(type_of(cut(png(10, 10))));
    g_assert_null(type_of(with(png(10, 10), "<script>")));
    g_assert_null(type_of(cut(jpeg())));
    g_assert_null(type_of(with(jpeg(), "<html>")));
    g_assert_null(type_of(cut(webp())));
    g_assert_null(type_of(with(webp(), "x")));
    g_assert_null(type_of(cut(boxes("isom", "moov"))));
    g_assert_null(type_of(boxes("isom", "free")));
    g_assert_null(type_of(cut(zip("[Content_Types].xml word/document.xml"))));
    g_assert_null(type_of(text("%PDF-1.7\n")));
    g_assert_null(type_of(text("")));
}

/* Every start of a good file is a refusal, never a crash. */
static void test_every_start(void) {
    GString *files[] = {png(3, 3), jpeg(), webp(), boxes("isom", "moov"),
                        zip("[Content_Types].xml word/document.xml")};
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        for (gsize n = 0; n < files[i]->len; n++) {
            g_autofree guint8 *bytes = g_memdup2(files[i]->str, n);
            const Media *media = media_sniff(bytes, n, NULL); /* "PK" alone is a text */
            g_assert_true(media == NULL || (n < 12 && media->class == MEDIA_TEXT));
        }
        g_string_free(files[i], TRUE);
    }
}

static void test_refused(void) {
    GString *both = jpeg(), *archive = zip("a.txt");
    g_string_append_len(both, archive->str, (gssize)archive->len);
    g_assert_null(type_of(both)); /* a picture and a ZIP */
    g_assert_null(type_of(archive));
    g_assert_null(type_of(zip("[Content_Types].xml word/document.xml word/vbaProject.bin")));
    g_assert_null(type_of(zip("[Content_Types].xml word/document.xml ../../etc/passwd")));
    g_assert_null(type_of(g_string_new_len("MZ\x90\0\3", 5)));
    g_assert_null(type_of(g_string_new_len("\x7f"
                                           "ELF\2\1\1\0",
                                           8)));
    g_assert_null(type_of(g_string_new_len("GIF89a\1\0\1\0", 10)));
    g_assert_null(type_of(g_string_new_len("\xd2\xfe\xbb\xbc", 4))); /* text, but not in UTF-8 */
    g_assert_null(type_of(png(0, 10)));
    GString *second = jpeg();
    g_string_insert_len(second, 8, "\xFF\xFE\0\x0d%PDF-1.4\n//", 15);
    g_assert_null(type_of(second)); /* a picture and a PDF */
}

static void test_size(void) {
    guint width, height, scans;
    GString *file = png(50000, 60000), *photo = jpeg();
    g_assert_true(media_size((guint8 *)file->str, file->len, &width, &height, &scans));
    g_assert_cmpuint(width, ==, 50000);
    g_assert_cmpuint(height, ==, 60000);
    g_assert_true(media_size((guint8 *)photo->str, photo->len, &width, &height, &scans));
    g_assert_cmpuint(width, ==, 64);
    g_assert_cmpuint(height, ==, 48);
    g_assert_cmpuint(scans, ==, 1);
    g_assert_false(media_size((const guint8 *)"text", 4, &width, &height, &scans));
    g_string_free(file, TRUE);
    g_string_free(photo, TRUE);
}

static void test_claims(void) {
    const Media *photo = media_find("image/jpeg"), *plain = media_find("text/plain");
    g_assert_true(media_agrees(photo, NULL));
    g_assert_true(media_agrees(photo, "IMAGE/JPEG; q=1"));
    g_assert_true(media_agrees(photo, "application/octet-stream"));
    g_assert_false(media_agrees(photo, "text/html"));
    g_assert_false(media_agrees(photo, "image/png"));
    g_assert_true(media_agrees(plain, "text/csv; charset=utf-8"));
    g_assert_false(media_agrees(plain, "text/html"));
    g_assert_cmpstr(media_named(plain, "表.CSV")->type, ==, "text/csv");
    g_assert_cmpuint(media_class("image"), ==, MEDIA_IMAGE);
    g_assert_cmpuint(media_class("exe"), ==, 0);
}

static void test_names(void) {
    static const struct {
        const char *type, *given, *kept;
    } rows[] = {
        {"image/jpeg", "罐区.JPG", "罐区.JPG"},
        {"image/jpeg", "../../etc/passwd", "passwd.jpg"},
        {"image/jpeg", "C:\\fakepath\\a.jpeg", "a.jpeg"},
        {"image/jpeg", "a.html", "a.html.jpg"},
        {"image/jpeg", "a\r\nSet-Cookie: x.jpg", "aSet-Cookie x.jpg"},
        {"image/png",
         "gpj.\xE2\x80\xAE"
         "exe.png",
         "gpj.exe.png"},
        {"text/plain", "page.html", "page.html.txt"},
        {"text/plain", NULL, "file.txt"},
        {"text/plain", "...", "file.txt"},
        {"text/plain", "\xff\xfe", "file.txt"},
        {"application/pdf", ".htaccess", "htaccess.pdf"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = media_name(media_find(rows[i].type), rows[i].given);
        g_assert_cmpstr(name, ==, rows[i].kept);
    }
    g_autofree char *longest = g_strnfill(5000, 'x');
    g_autofree char *name = media_name(media_find("image/png"), longest);
    g_assert_cmpuint(strlen(name), ==, 120);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/media/known", test_known);
    g_test_add_func("/media/whole", test_whole);
    g_test_add_func("/media/every-start", test_every_start);
    g_test_add_func("/media/refused", test_refused);
    g_test_add_func("/media/size", test_size);
    g_test_add_func("/media/claims", test_claims);
    g_test_add_func("/media/names", test_names);
    return g_test_run();
}
