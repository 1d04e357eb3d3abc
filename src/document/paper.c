#include "document/paper.h"
#include "base/clock.h"
#include "base/error.h"
#include "document/paper_page.h"

#include <cairo-pdf.h>
#include <qrencode.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED_FOR_LEAKS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WATCHED_FOR_LEAKS 1
#endif
#ifdef WATCHED_FOR_LEAKS
/* The font libraries keep what they have read until the process ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig\nleak:libcairo\nleak:libpango\n";
}
#endif

#define MM (72 / 25.4)
enum { QR_MM = 26, QUIET = 4 };

void paper_piece_free(gpointer data) {
    PaperPiece *piece = data;
    g_free(piece->text);
    g_free(piece->more);
    if (piece->cells)
        g_ptr_array_unref(piece->cells);
    g_free(piece);
}

/* ---- dates ---- */

static void chinese_number(GString *out, int n) {
    static const char *const digits[] = {"", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    if (n >= 20)
        g_string_append(out, digits[n / 10]);
    if (n >= 10)
        g_string_append(out, "十");
    g_string_append(out, digits[n % 10]);
}

char *paper_date(gint64 day, gboolean chinese) {
    static const char *const digits[] = {"〇", "一", "二", "三", "四",
                                         "五", "六", "七", "八", "九"};
    char text[TIME_TEXT];
    int year, month, date;
    day_format(day, text);
    g_assert(sscanf(text, "%d-%d-%d", &year, &month, &date) == 3);
    if (!chinese)
        return g_strdup_printf("%d年%d月%d日", year, month, date);
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p != '-'; p++)
        g_string_append(out, digits[*p - '0']);
    g_string_append(out, "年");
    chinese_number(out, month);
    g_string_append(out, "月");
    chinese_number(out, date);
    g_string_append(out, "日");
    return g_string_free(out, FALSE);
}

/* ---- pieces ---- */

static void set_red(Page *page) { cairo_set_source_rgb(page->cairo, 0.80, 0, 0); }
static void set_black(Page *page) { cairo_set_source_rgb(page->cairo, 0, 0, 0); }

/* In one line, made narrower until it fits. */
static void draw_letterhead(Page *page, const PaperPiece *piece) {
    const PaperStyle *style = page->style;
    double width = page->right - page->left, size = style->head_pt;
    TextForm form = {style->title_font, size, size * 1.4, TRUE, PANGO_ALIGN_CENTER, 0};
    PangoLayout *layout = text_layout(page, &form, piece->text, width);
    while (text_lines(layout) > 1 && size > style->body_pt) {
        g_object_unref(layout);
        form.size_pt = size -= 2;
        layout = text_layout(page, &form, piece->text, width);
    }
    g_object_unref(layout);
    set_red(page);
    page_text(page, &form, piece->text);
    set_black(page);
    page->y += style->line_pt / 2;
}

static void draw_number(Page *page, const PaperPiece *piece) {
    const PaperStyle *style = page->style;
    TextForm form = {
        style->body_font, style->body_pt, style->line_pt, FALSE, PANGO_ALIGN_CENTER, 0};
    page_text(page, &form, piece->text);
}

/* The red line, 4 mm below what stands over it. */
static void draw_red_line(Page *page) {
    page->y += 4 * MM;
    set_red(page);
    cairo_set_line_width(page->cairo, 1.5);
    cairo_move_to(page->cairo, page->left, page->y);
    cairo_line_to(page->cairo, page->right, page->y);
    cairo_stroke(page->cairo);
    set_black(page);
    page->y += page->style->line_pt;
}

static void draw_title(Page *page, const PaperPiece *piece) {
    const PaperStyle *style = page->style;
    TextForm form = {
        style->title_font, style->title_pt, style->title_pt * 1.5, TRUE, PANGO_ALIGN_CENTER, 0};
    page_text(page, &form, piece->text);
    page->y += style->line_pt;
}

static TextForm body_form(const Page *page, double indent_characters) {
    const PaperStyle *style = page->style;
    return (TextForm){style->body_font, style->body_pt,
                      style->line_pt,   FALSE,
                      PANGO_ALIGN_LEFT, indent_characters * style->body_pt};
}

static void draw_addressee(Page *page, const PaperPiece *piece) {
    TextForm form = body_form(page, 0);
    g_autofree char *text = g_strconcat(piece->text, "：", NULL);
    page_text(page, &form, text);
}

static void draw_text(Page *page, const PaperPiece *piece) {
    TextForm form = body_form(page, 2);
    page_text(page, &form, piece->text);
}

static void draw_form(Page *page, const PaperPiece *piece) {
    static const double parts[] = {1, 3.6};
    page_table(page, piece->cells, G_N_ELEMENTS(parts), parts, FALSE);
}

static void draw_table(Page *page, const PaperPiece *piece) {
    g_autofree double *parts = g_new(double, piece->columns);
    for (guint i = 0; i < piece->columns; i++) { /* by the longest cell, within reason */
        glong longest = 0;
        for (guint j = i; j < piece->cells->len; j += piece->columns)
            longest = MAX(longest, g_utf8_strlen(piece->cells->pdata[j], -1));
        parts[i] = (double)CLAMP(longest, 4, 16);
    }
    page_table(page, piece->cells, piece->columns, parts, TRUE);
}

static void draw_attachments(Page *page, const PaperPiece *piece) {
    TextForm form = body_form(page, -3);
    page->y += page->style->line_pt / 2;
    for (guint i = 0; i < piece->cells->len; i++) {
        g_autofree char *text = g_strdup_printf("%s%u. %s", i ? "　　　" : "附件：", i + 1,
                                                (const char *)piece->cells->pdata[i]);
        page_text(page, &form, text);
    }
}

/* The issuing body and the date, each in the middle of the right part of the page; between them
 * the place of the seal. The block stays together. */
static void draw_signature(Page *page, const PaperPiece *piece) {
    const PaperStyle *style = page->style;
    TextForm form = body_form(page, 0), seal = form;
    double width = (page->right - page->left) * 0.62;
    form.align = seal.align = PANGO_ALIGN_CENTER;
    seal.size_pt = style->table_pt;
    g_autoptr(PangoLayout) name = text_layout(page, &form, piece->text, width);
    g_autoptr(PangoLayout) date = text_layout(page, &form, piece->more, width);
    g_autoptr(PangoLayout) place = text_layout(page, &seal, "（印章）", width);
    page->y += 2 * style->line_pt;
    page_room(page, (text_lines(name) + 2) * style->line_pt);
    PangoLayout *const parts[] = {name, place, date};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i] == place)
            cairo_set_source_rgb(page->cairo, 0.55, 0.55, 0.55);
        for (int line = 0; line < text_lines(parts[i]) && page->pages <= PAPER_PAGES_MAX; line++) {
            page_room(page, style->line_pt);
            text_line(page, parts[i], line, page->right - width, page->y, style->line_pt);
            page->y += style->line_pt;
        }
        set_black(page);
    }
}

static void rule(Page *page) {
    cairo_set_line_width(page->cairo, 0.5);
    cairo_move_to(page->cairo, page->left, page->y);
    cairo_line_to(page->cairo, page->right, page->y);
    cairo_stroke(page->cairo);
}

static void draw_copy(Page *page, const PaperPiece *piece) {
    TextForm form = body_form(page, -3);
    form.size_pt = page->style->table_pt + 1;
    g_autofree char *text = g_strconcat("抄送：", piece->text, NULL);
    page->y += page->style->line_pt;
    page_room(page, 2 * page->style->line_pt);
    rule(page);
    page_text(page, &form, text);
    rule(page);
}

static void draw_code(Page *page, const QRcode *code) {
    double module = QR_MM * MM / (code->width + 2 * QUIET);
    for (int i = 0; i < code->width * code->width; i++)
        if (code->data[i] & 1)
            cairo_rectangle(page->cairo, page->left + (i % code->width + QUIET) * module,
                            page->y + ((double)(i / code->width) + QUIET) * module, module, module);
    cairo_fill(page->cairo);
}

static void draw_check(Page *page, const PaperPiece *piece) {
    QRcode *code = QRcode_encodeString8bit(piece->more, 0, QR_ECLEVEL_M);
    double left = page->left;
    if (code == NULL)
        return; /* paper_pdf has looked */
    page->y += page->style->line_pt;
    page_room(page, QR_MM * MM);
    draw_code(page, code);
    QRcode_free(code);
    TextForm form = {page->style->body_font,
                     page->style->table_pt,
                     page->style->table_pt * 1.5,
                     FALSE,
                     PANGO_ALIGN_LEFT,
                     0};
    g_autofree char *text = g_strconcat(piece->text, "\n", piece->more, NULL);
    g_autoptr(PangoLayout) layout =
        text_layout(page, &form, text, page->right - left - (QR_MM + 4) * MM);
    int lines = MIN(text_lines(layout), 4);
    for (int i = 0; i < lines; i++)
        text_line(page, layout, i, left + (QR_MM + 4) * MM,
                  page->y + QR_MM * MM / 2 + (i - lines / 2.0) * form.pitch_pt, form.pitch_pt);
    page->y += QR_MM * MM;
}

static void (*const draws[PIECE_KINDS])(Page *, const PaperPiece *) = {
    [PIECE_LETTERHEAD] = draw_letterhead,
    [PIECE_NUMBER] = draw_number,
    [PIECE_TITLE] = draw_title,
    [PIECE_ADDRESSEE] = draw_addressee,
    [PIECE_TEXT] = draw_text,
    [PIECE_FORM] = draw_form,
    [PIECE_TABLE] = draw_table,
    [PIECE_ATTACHMENTS] = draw_attachments,
    [PIECE_SIGNATURE] = draw_signature,
    [PIECE_COPY] = draw_copy,
    [PIECE_CHECK] = draw_check,
};

/* ---- the whole ---- */

static cairo_status_t keep(void *text, const unsigned char *bytes, unsigned n) {
    g_string_append_len(text, (const char *)bytes, n);
    return CAIRO_STATUS_SUCCESS;
}

static gboolean refused(GError **error, const char *zh, const char *en) {
    return error_set(error, ERROR_DOCUMENT, NULL, zh, en, NULL);
}

static gboolean codes_fit(const Paper *paper, GError **error) {
    for (guint i = 0; i < paper->pieces->len; i++) {
        const PaperPiece *piece = paper->pieces->pdata[i];
        QRcode *code = piece->kind == PIECE_CHECK && *piece->more
                           ? QRcode_encodeString8bit(piece->more, 0, QR_ECLEVEL_M)
                           : NULL;
        if (piece->kind == PIECE_CHECK && code == NULL)
            return refused(error, "核验地址无法生成二维码", "the address fits no QR code");
        QRcode_free(code);
    }
    return TRUE;
}

static cairo_surface_t *new_file(const Paper *paper, GString *out) {
    char time[TIME_TEXT];
    g_autofree char *title = text_clean(paper->title);
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(keep, out, 210 * MM, 297 * MM);
    time_format(paper->time_ms - paper->time_ms % 1000, time);
    cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_5);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Anlan");
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, time);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, time);
    return surface;
}

static PangoContext *new_context(cairo_t *cairo) {
    PangoContext *context = pango_cairo_create_context(cairo);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_language(context, pango_language_from_string("zh-cn"));
    pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
    return context;
}

static void draw_pieces(Page *page, const Paper *paper) {
    gboolean head = FALSE; /* a letterhead whose red line is still to come */
    page_new(page);
    for (guint i = 0; i < paper->pieces->len && page->pages <= PAPER_PAGES_MAX; i++) {
        const PaperPiece *piece = paper->pieces->pdata[i];
        if (head && piece->kind != PIECE_NUMBER) {
            draw_red_line(page);
            head = FALSE;
        }
        draws[piece->kind](page, piece);
        head |= piece->kind == PIECE_LETTERHEAD;
    }
}

GString *paper_pdf(const Paper *paper, GError **error) {
    const PaperStyle *style = paper->style;
    if (!codes_fit(paper, error))
        return NULL;
    GString *out = g_string_new(NULL);
    cairo_surface_t *surface = new_file(paper, out);
    cairo_t *cairo = cairo_create(surface);
    Page page = {.cairo = cairo,
                 .context = new_context(cairo),
                 .style = style,
                 .preview = paper->preview,
                 .left = style->left * MM,
                 .right = (210 - style->right) * MM,
                 .top = style->top * MM,
                 .bottom = (297 - style->bottom) * MM};
    draw_pieces(&page, paper);
    g_object_unref(page.context);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (page.pages <= PAPER_PAGES_MAX && status == CAIRO_STATUS_SUCCESS)
        return out;
    g_string_free(out, TRUE);
    if (status != CAIRO_STATUS_SUCCESS)
        refused(error, cairo_status_to_string(status), cairo_status_to_string(status));
    else
        refused(error, "超过 200 页", "more than 200 pages");
    return NULL;
}
