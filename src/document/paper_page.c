#include "document/paper_page.h"

#include <math.h>
#include <string.h>

#define MM (72 / 25.4)

/* ---- text ---- */

static gboolean is_shown(gunichar c) {
    if (c == '\n' || c == 0x200D)
        return TRUE;
    return !g_unichar_iscntrl(c) && g_unichar_type(c) != G_UNICODE_FORMAT && c != 0x2028 &&
           c != 0x2029 && g_unichar_type(c) != G_UNICODE_PRIVATE_USE;
}

char *text_clean(const char *text) {
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    GString *clean = g_string_new(NULL);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\t')
            g_string_append_c(clean, ' ');
        else if (is_shown(c))
            g_string_append_unichar(clean, c);
    }
    return g_strchomp(g_string_free(clean, FALSE));
}

PangoLayout *text_layout(const Page *page, const TextForm *form, const char *text, double width) {
    g_autofree char *clean = text_clean(text);
    PangoLayout *layout = pango_layout_new(page->context);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, form->font);
    pango_font_description_set_absolute_size(font, form->size_pt * PANGO_SCALE);
    pango_font_description_set_weight(font, form->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_auto_dir(layout, FALSE);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(layout, form->align);
    pango_layout_set_indent(layout, (int)(form->indent_pt * PANGO_SCALE));
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_text(layout, clean, -1);
    return layout;
}

int text_lines(PangoLayout *layout) { return pango_layout_get_line_count(layout); }

/* Where a line begins: by alignment, indent and the width of the layout. */
static double line_x(PangoLayout *layout, PangoLayoutLine *line) {
    PangoRectangle logical;
    pango_layout_line_get_extents(line, NULL, &logical);
    double slack = (pango_layout_get_width(layout) - logical.width) / (double)PANGO_SCALE;
    double indent = pango_layout_get_indent(layout) / (double)PANGO_SCALE;
    switch (pango_layout_get_alignment(layout)) {
    case PANGO_ALIGN_CENTER:
        return slack / 2;
    case PANGO_ALIGN_RIGHT:
        return slack;
    default:
        if (indent > 0)
            return line->is_paragraph_start ? indent : 0;
        return line->is_paragraph_start ? 0 : -indent;
    }
}

void text_line(Page *page, PangoLayout *layout, int i, double x, double y, double pitch) {
    PangoLayoutLine *line = pango_layout_get_line_readonly(layout, i);
    PangoRectangle logical;
    pango_layout_line_get_extents(line, NULL, &logical);
    double height = logical.height / (double)PANGO_SCALE;
    double baseline = y + (pitch - height) / 2 + PANGO_ASCENT(logical) / (double)PANGO_SCALE;
    cairo_move_to(page->cairo, x + line_x(layout, line), baseline);
    pango_cairo_show_layout_line(page->cairo, line);
}

/* ---- pages ---- */

static void draw_watermark(Page *page) {
    TextForm form = {page->style->foot_font, 64, 80, TRUE, PANGO_ALIGN_LEFT, 0};
    g_autoptr(PangoLayout) layout = text_layout(page, &form, "预览 · 未生效", 900);
    PangoRectangle logical;
    pango_layout_get_extents(layout, NULL, &logical);
    cairo_save(page->cairo);
    cairo_set_source_rgb(page->cairo, 0.88, 0.88, 0.88);
    cairo_translate(page->cairo, 105 * MM, 150 * MM);
    cairo_rotate(page->cairo, -G_PI / 4);
    text_line(page, layout, 0, -logical.width / 2.0 / PANGO_SCALE, -40, 80);
    cairo_restore(page->cairo);
}

/* "— 1 —", 7 mm below the text; odd pages at the right, even at the left, one character in. */
static void draw_number(Page *page) {
    const PaperStyle *style = page->style;
    g_autofree char *text = g_strdup_printf("— %d —", page->pages);
    gboolean odd = page->pages % 2 == 1;
    TextForm form = {style->foot_font,
                     style->foot_pt,
                     style->foot_pt,
                     FALSE,
                     odd ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT,
                     0};
    double width = page->right - page->left - 2 * style->foot_pt;
    g_autoptr(PangoLayout) layout = text_layout(page, &form, text, width);
    text_line(page, layout, 0, page->left + style->foot_pt,
              page->bottom + 7 * MM - style->foot_pt / 2, style->foot_pt);
}

void page_new(Page *page) {
    if (page->pages > 0)
        cairo_show_page(page->cairo);
    page->pages++;
    page->y = page->top;
    if (page->pages > PAPER_PAGES_MAX)
        return;
    if (page->preview)
        draw_watermark(page);
    cairo_set_source_rgb(page->cairo, 0, 0, 0);
    draw_number(page);
}

void page_room(Page *page, double height) {
    const double hair = 0.01;
    if (page->y + height > page->bottom + hair)
        page_new(page);
}

void page_text(Page *page, const TextForm *form, const char *text) {
    g_autoptr(PangoLayout) layout = text_layout(page, form, text, page->right - page->left);
    for (int i = 0; i < text_lines(layout) && page->pages <= PAPER_PAGES_MAX; i++) {
        page_room(page, form->pitch_pt);
        text_line(page, layout, i, page->left, page->y, form->pitch_pt);
        page->y += form->pitch_pt;
    }
}
