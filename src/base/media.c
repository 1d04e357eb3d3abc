#include "base/media.h"
#include "base/error.h"

#include <string.h>

enum { BOXES_MAX = 100000, NAME_CHARS = 120, ZIP_TAIL = 22 + 65535, ENTRIES_MAX = 20000 };

typedef struct {
    const guint8 *bytes;
    gsize n;
} Bytes;

enum { JPEG, PNG, WEBP, HEIC, PDF, DOCX, XLSX, PPTX, ODT, ODS, CSV, TEXT, MP4 };
static const Media medias[] = {
    [JPEG] = {"image/jpeg", MEDIA_IMAGE, ".jpg.jpeg.", TRUE},
    [PNG] = {"image/png", MEDIA_IMAGE, ".png.", TRUE},
    [WEBP] = {"image/webp", MEDIA_IMAGE, ".webp.", TRUE},
    [HEIC] = {"image/heic", MEDIA_IMAGE, ".heic.heif.", FALSE},
    [PDF] = {"application/pdf", MEDIA_PDF, ".pdf.", FALSE},
    [DOCX] = {"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
              MEDIA_OFFICE, ".docx.", FALSE},
    [XLSX] = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", MEDIA_OFFICE,
              ".xlsx.", FALSE},
    [PPTX] = {"application/vnd.openxmlformats-officedocument.presentationml.presentation",
              MEDIA_OFFICE, ".pptx.", FALSE},
    [ODT] = {"application/vnd.oasis.opendocument.text", MEDIA_OFFICE, ".odt.", FALSE},
    [ODS] = {"application/vnd.oasis.opendocument.spreadsheet", MEDIA_OFFICE, ".ods.", FALSE},
    [CSV] = {"text/csv", MEDIA_TEXT, ".csv.", FALSE},
    [TEXT] = {"text/plain", MEDIA_TEXT, ".txt.csv.log.md.", FALSE},
    [MP4] = {"video/mp4", MEDIA_VIDEO, ".mp4.m4v.", FALSE},
};

static const struct {
    const char *name;
    guint bits;
} classes[] = {{"image", MEDIA_IMAGE}, {"pdf", MEDIA_PDF},     {"office", MEDIA_OFFICE},
               {"text", MEDIA_TEXT},   {"video", MEDIA_VIDEO}, {"any", MEDIA_ANY}};

guint media_class(const char *name) {
    for (gsize i = 0; i < G_N_ELEMENTS(classes); i++)
        if (strcmp(classes[i].name, name) == 0)
            return classes[i].bits;
    return 0;
}

const Media *media_at(guint i) { return i < G_N_ELEMENTS(medias) ? &medias[i] : NULL; }

const Media *media_find(const char *type) {
    for (gsize i = 0; i < G_N_ELEMENTS(medias); i++)
        if (strcmp(medias[i].type, type) == 0)
            return &medias[i];
    return NULL;
}

static const Media *wrong(GError **error, const char *what, const char *remedy) {
    error_set(error, ERROR_FILE_KIND, NULL, what, remedy, NULL);
    return NULL;
}

static const Media *cut_off(GError **error) {
    return wrong(error, "文件不完整或末尾有多余内容 (cut off, or with more behind its end)",
                 "重新导出后上传 (export it again and send that)");
}

static gboolean starts(Bytes b, const char *text, gsize n) {
    return b.n >= n && memcmp(b.bytes, text, n) == 0;
}
#define STARTS(b, literal) starts(b, literal, sizeof(literal) - 1)

static Bytes from(Bytes b, gsize offset) {
    offset = MIN(offset, b.n);
    return (Bytes){b.bytes + offset, b.n - offset};
}

static guint big16(const guint8 *p) { return (guint)p[0] << 8 | p[1]; }
static guint32 big32(const guint8 *p) { return (guint32)big16(p) << 16 | big16(p + 2); }
static guint little16(const guint8 *p) { return (guint)p[1] << 8 | p[0]; }
static guint32 little32(const guint8 *p) { return (guint32)little16(p + 2) << 16 | little16(p); }

static gboolean contains(Bytes b, const char *text) {
    return b.n && memmem(b.bytes, b.n, text, strlen(text)) != NULL;
}

/* ---- ZIP: the list of its entries, at its end ---- */

/* The end record, which must be the last thing in the file; NULL when it is none. */
static const guint8 *zip_end(Bytes b) {
    gsize tail = MIN(b.n, (gsize)ZIP_TAIL);
    for (gsize back = 22; back <= tail; back++) {
        const guint8 *end = b.bytes + b.n - back;
        if (memcmp(end, "PK\5\6", 4) == 0 && little16(end + 20) == back - 22)
            return end;
    }
    return NULL;
}

typedef enum {
    ZIP_WORD = 1,
    ZIP_EXCEL = 2,
    ZIP_SLIDES = 4,
    ZIP_TYPES = 8,
    ZIP_PROGRAM = 16,
    ZIP_BROKEN = 32
} ZipHas;

static ZipHas zip_name(Bytes name) {
    static const struct {
        const char *name;
        ZipHas has;
    } names[] = {{"[Content_Types].xml", ZIP_TYPES},
                 {"word/document.xml", ZIP_WORD},
                 {"xl/workbook.xml", ZIP_EXCEL},
                 {"ppt/presentation.xml", ZIP_SLIDES}};
    if (contains(name, "vbaProject") || contains(name, "Scripts/") || contains(name, "Basic/") ||
        contains(name, "..") || contains(name, "\\"))
        return ZIP_PROGRAM;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (name.n == strlen(names[i].name) && memcmp(name.bytes, names[i].name, name.n) == 0)
            return names[i].has;
    return 0;
}

static guint zip_has(Bytes b) {
    const guint8 *end = zip_end(b);
    guint has = 0, entries = end ? little16(end + 10) : 0;
    if (end == NULL || entries == 0 || entries > ENTRIES_MAX ||
        (guint64)little32(end + 16) + little32(end + 12) != (guint64)(end - b.bytes))
        return ZIP_BROKEN;
    Bytes list = {b.bytes + little32(end + 16), little32(end + 12)};
    for (guint i = 0; i < entries; i++) {
        if (list.n < 46 || !STARTS(list, "PK\1\2"))
            return ZIP_BROKEN;
        gsize name = little16(list.bytes + 28);
        gsize all = 46 + name + little16(list.bytes + 30) + little16(list.bytes + 32);
        if (list.n < all)
            return ZIP_BROKEN;
        has |= zip_name((Bytes){list.bytes + 46, name});
        list = from(list, all);
    }
    return list.n ? ZIP_BROKEN : has;
}

/* OpenDocument: the first entry is named "mimetype", stored, and says what the file is. */
static const Media *open_document(Bytes b) {
    static const int kinds[] = {ODT, ODS};
    if (b.n < 38 || memcmp(b.bytes + 30, "mimetype", 8) != 0 || little16(b.bytes + 8) != 0)
        return NULL;
    Bytes text = from(b, 30 + little16(b.bytes + 26) + little16(b.bytes + 28));
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const Media *media = &medias[kinds[i]];
        if (little32(b.bytes + 18) == strlen(media->type) &&
            starts(text, media->type, strlen(media->type)))
            return media;
    }
    return NULL;
}

static const Media *read_zip(Bytes b, GError **error) {
    guint has = zip_has(b);
    const Media *open = open_document(b);
    if (has & ZIP_BROKEN)
        return cut_off(error);
    if (has & ZIP_PROGRAM)
        return wrong(error, "文档含有宏或可疑路径 (macros or odd paths inside)",
                     "另存为不含宏的文档 (save it without macros)");
    if (open)
        return open;
    if ((has & (ZIP_TYPES | ZIP_WORD)) == (ZIP_TYPES | ZIP_WORD))
        return &medias[DOCX];
    if ((has & (ZIP_TYPES | ZIP_EXCEL)) == (ZIP_TYPES | ZIP_EXCEL))
        return &medias[XLSX];
    if ((has & (ZIP_TYPES | ZIP_SLIDES)) == (ZIP_TYPES | ZIP_SLIDES))
        return &medias[PPTX];
    return wrong(error, "压缩包 (an archive)", "逐个上传其中的文件 (send what is in it)");
}

/* ---- pictures ---- */

typedef struct {
    guint width, height, scans;
    gboolean ended; /* the format's own end is the last byte */
} Picture;

/* Skips the coded bytes of a scan; gives what begins with the next marker. */
static Bytes jpeg_scan(Bytes b) {
    for (gsize i = 0; i + 1 < b.n; i++) {
        const guint8 *mark = memchr(b.bytes + i, 0xFF, b.n - 1 - i);
        if (mark == NULL)
            break;
        i = (gsize)(mark - b.bytes);
        if (mark[1] != 0 && mark[1] != 0xFF && (mark[1] < 0xD0 || mark[1] > 0xD7))
            return from(b, i);
    }
    return from(b, b.n);
}

static gboolean is_frame(guint8 marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/* Behind the end of its first picture a JPEG may carry more pictures (previews of cameras), so what
 * follows must begin as one. */
static gboolean jpeg_read(Bytes b, Picture *picture) {
    if (!STARTS(b, "\xFF\xD8\xFF"))
        return FALSE;
    b = from(b, 2);
    while (b.n >= 4 && b.bytes[0] == 0xFF && b.bytes[1] != 0xD9) {
        guint8 marker = b.bytes[1];
        gsize length = big16(b.bytes + 2);
        if (marker == 0xFF) {
            b = from(b, 1);
            continue;
        }
        if (length < 2 || b.n < length + 2)
            return TRUE;
        if (is_frame(marker) && length >= 8 && picture->width == 0) {
            picture->height = big16(b.bytes + 5);
            picture->width = big16(b.bytes + 7);
        }
        picture->scans += marker == 0xDA;
        b = from(b, length + 2);
        if (marker == 0xDA)
            b = jpeg_scan(b);
    }
    picture->ended = STARTS(b, "\xFF\xD9") && (b.n == 2 || STARTS(from(b, 2), "\xFF\xD8\xFF"));
    return TRUE;
}

static gboolean png_read(Bytes b, Picture *picture) {
    if (!STARTS(b, "\x89PNG\r\n\x1a\n"))
        return FALSE;
    b = from(b, 8);
    picture->scans = 1;
    for (guint chunks = 0; b.n >= 12 && chunks < BOXES_MAX; chunks++) {
        guint32 length = big32(b.bytes);
        if (length > b.n - 12)
            return TRUE;
        if (chunks == 0 && length == 13 && memcmp(b.bytes + 4, "IHDR", 4) == 0) {
            picture->width = big32(b.bytes + 8);
            picture->height = big32(b.bytes + 12);
        }
        gboolean last = memcmp(b.bytes + 4, "IEND", 4) == 0;
        b = from(b, (gsize)length + 12);
        if (last) {
            picture->ended = b.n == 0;
            return TRUE;
        }
    }
    return TRUE;
}

static guint little24(const guint8 *p) { return (guint)p[2] << 16 | little16(p); }

static gboolean webp_read(Bytes b, Picture *picture) {
    if (b.n < 30 || !STARTS(b, "RIFF") || memcmp(b.bytes + 8, "WEBP", 4) != 0)
        return FALSE;
    picture->scans = 1;
    picture->ended = (guint64)little32(b.bytes + 4) + 8 == b.n;
    const guint8 *body = b.bytes + 20;
    if (memcmp(b.bytes + 12, "VP8X", 4) == 0) {
        picture->width = little24(body + 4) + 1;
        picture->height = little24(body + 7) + 1;
    } else if (memcmp(b.bytes + 12, "VP8L", 4) == 0 && body[0] == 0x2F) {
        guint32 bits = little32(body + 1);
        picture->width = (bits & 0x3FFF) + 1;
        picture->height = (bits >> 14 & 0x3FFF) + 1;
    } else if (memcmp(b.bytes + 12, "VP8 ", 4) == 0 && memcmp(body + 3, "\x9d\x01\x2a", 3) == 0) {
        picture->width = little16(body + 6) & 0x3FFF;
        picture->height = little16(body + 8) & 0x3FFF;
    }
    return TRUE;
}

static const struct {
    gboolean (*read)(Bytes b, Picture *picture);
    int media;
} pictures[] = {{jpeg_read, JPEG}, {png_read, PNG}, {webp_read, WEBP}};

static const Media *picture_of(Bytes b, Picture *picture) {
    for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++)
        if (pictures[i].read(b, picture))
            return &medias[pictures[i].media];
    return NULL;
}

gboolean media_size(const guint8 *bytes, gsize n, guint *width, guint *height, guint *scans) {
    Picture picture = {0};
    if (picture_of((Bytes){bytes, n}, &picture) == NULL)
        return FALSE;
    *width = picture.width;
    *height = picture.height;
    *scans = picture.scans;
    return picture.width > 0 && picture.height > 0;
}

/* ---- boxes: MP4 and HEIC ---- */

static gboolean box_next(Bytes *b, Bytes *box) {
    if (b->n < 8)
        return FALSE;
    guint64 size = big32(b->bytes);
    if (size == 1 && b->n >= 16)
        size = (guint64)big32(b->bytes + 8) << 32 | big32(b->bytes + 12);
    if (size == 0)
        size = b->n;
    if (size < 8 || size > b->n)
        return FALSE;
    *box = (Bytes){b->bytes, (gsize)size};
    *b = from(*b, (gsize)size);
    return TRUE;
}

static const Media *brand_of(const guint8 *brand) {
    static const char *const heic[] = {"heic", "heix", "mif1", "heim", "heis", NULL};
    static const char *const mp4[] = {"isom", "iso2", "iso4", "iso5", "iso6", "mp41",
                                      "mp42", "avc1", "M4V ", "MSNV", NULL};
    g_autofree char *text = g_strndup((const char *)brand, 4);
    if (g_strv_contains(heic, text))
        return &medias[HEIC];
    return g_strv_contains(mp4, text) ? &medias[MP4] : NULL;
}

static const Media *read_boxes(Bytes b, GError **error) {
    const Media *media = b.n >= 12 ? brand_of(b.bytes + 8) : NULL;
    const char *needed = media == &medias[MP4] ? "moov" : "meta";
    gboolean found = FALSE;
    Bytes box;
    for (guint i = 0; i < BOXES_MAX && box_next(&b, &box); i++)
        found |= memcmp(box.bytes + 4, needed, 4) == 0;
    if (media == NULL)
        return wrong(error, "不支持的视频或图片格式 (an unknown kind of video or picture)",
                     "转换为 MP4、JPEG 或 PNG (convert it to MP4, JPEG or PNG)");
    return found && b.n == 0 ? media : cut_off(error);
}

/* ---- PDF, text ---- */

static const Media *read_pdf(Bytes b, GError **error) {
    gsize tail = MIN(b.n, (gsize)2048);
    return contains(from(b, b.n - tail), "%%EOF") ? &medias[PDF] : cut_off(error);
}

static const Media *read_text(Bytes b, GError **error) {
    static const char remedy[] =
        "允许：JPEG、PNG、WebP、HEIC、PDF、DOCX、XLSX、PPTX、ODT、ODS、MP4、"
        "UTF-8 文本 (allowed: these; text in UTF-8)";
    if (b.n == 0)
        return wrong(error, "空文件 (an empty file)", remedy);
    for (gsize i = 0; i < b.n; i++) {
        guint8 c = b.bytes[i];
        if ((c < 32 && c != '\n' && c != '\r' && c != '\t') || c == 127)
            return wrong(error, "不支持的文件类型 (an unknown kind of file)", remedy);
    }
    if (!g_utf8_validate_len((const char *)b.bytes, b.n, NULL))
        return wrong(error, "不支持的文件类型，或文本不是 UTF-8 (unknown, or text not in UTF-8)",
                     remedy);
    return &medias[TEXT];
}

/* ---- the whole ---- */

/* Something that is a second thing for a reader that starts elsewhere. */
static gboolean is_polyglot(Bytes b, const Media *media) {
    Bytes head = {b.bytes, MIN(b.n, (gsize)1024)};
    if (media->class != MEDIA_OFFICE && media->class != MEDIA_TEXT && zip_end(b))
        return TRUE;
    return media->class != MEDIA_PDF && media->class != MEDIA_TEXT && contains(head, "%PDF-");
}

static const Media *sniff(Bytes b, GError **error) {
    Picture picture = {0};
    const Media *media = picture_of(b, &picture);
    if (media)
        return picture.ended && picture.width && picture.height && picture.scans ? media
                                                                                 : cut_off(error);
    if (STARTS(b, "%PDF-"))
        return read_pdf(b, error);
    if (STARTS(b, "PK\3\4"))
        return read_zip(b, error);
    if (b.n > 12 && memcmp(b.bytes + 4, "ftyp", 4) == 0)
        return read_boxes(b, error);
    return read_text(b, error);
}

const Media *media_sniff(const guint8 *bytes, gsize n, GError **error) {
    Bytes b = {bytes, n};
    const Media *media = sniff(b, error);
    if (media && is_polyglot(b, media))
        return wrong(error, "文件同时是另一种格式 (it is also a file of another kind)",
                     "重新导出后上传 (export it again and send that)");
    return media;
}

gboolean media_agrees(const Media *media, const char *content_type) {
    if (content_type == NULL)
        return TRUE;
    g_autofree char *type = g_ascii_strdown(content_type, -1);
    type[strcspn(type, ";")] = 0;
    g_strstrip(type);
    if (*type == 0 || strcmp(type, "application/octet-stream") == 0 ||
        strcmp(type, media->type) == 0)
        return TRUE;
    if (media->class == MEDIA_TEXT)
        return strcmp(type, "text/plain") == 0 || strcmp(type, "text/csv") == 0;
    return (media == &medias[HEIC] && strcmp(type, "image/heif") == 0) ||
           (media == &medias[JPEG] && strcmp(type, "image/jpg") == 0);
}

const Media *media_named(const Media *media, const char *name) {
    g_autofree char *lower = g_ascii_strdown(name ? name : "", -1);
    return media == &medias[TEXT] && g_str_has_suffix(lower, ".csv") ? &medias[CSV] : media;
}

/* Characters that hide or turn around what a name says. */
static gboolean is_harmful(gunichar c) {
    return g_unichar_iscntrl(c) || g_unichar_type(c) == G_UNICODE_FORMAT || c == 0x2028 ||
           c == 0x2029 || strchr("<>:\"|?*", (int)MIN(c, 127)) != NULL;
}

static gboolean ending_fits(const Media *media, const char *name) {
    const char *dot = strrchr(name, '.');
    g_autofree char *lower = dot ? g_ascii_strdown(dot, -1) : NULL;
    g_autofree char *ending = lower ? g_strconcat(lower, ".", NULL) : NULL;
    const char *endings = media->class == MEDIA_TEXT ? medias[TEXT].endings : media->endings;
    return ending && strstr(endings, ending) != NULL;
}

char *media_name(const Media *media, const char *name) {
    GString *clean = g_string_new(NULL);
    if (name == NULL || !g_utf8_validate(name, -1, NULL))
        name = "";
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '/' || c == '\\')
            g_string_truncate(clean, 0);
        else if (!is_harmful(c))
            g_string_append_unichar(clean, c);
    }
    g_autofree char *stem = g_strstrip(g_string_free(clean, FALSE));
    gsize hidden = strspn(stem, ". ");
    memmove(stem, stem + hidden, strlen(stem) - hidden + 1);
    g_autofree char *first = g_strndup(media->endings, strcspn(media->endings + 1, ".") + 1);
    gboolean fits = ending_fits(media, stem);
    glong room = NAME_CHARS - (glong)strlen(first);
    g_autofree char *ending = fits ? g_strdup(strrchr(stem, '.')) : g_strdup(first);
    if (fits)
        *strrchr(stem, '.') = 0;
    if (g_utf8_strlen(stem, -1) > room)
        *g_utf8_offset_to_pointer(stem, room) = 0;
    return g_strconcat(*stem ? stem : "file", ending, NULL);
}
