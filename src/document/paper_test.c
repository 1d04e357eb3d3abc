/* Pages as a reader of PDF finds them (pdftotext, pdfinfo of poppler-utils). */
#include "base/clock.h"
#include "base/error.h"
#include "document/paper.h"

#include <glib/gstdio.h>
#include <string.h>

static const PaperStyle style = {37,
                                 26,
                                 35,
                                 28,
                                 15.75,
                                 28.99,
                                 22,
                                 40,
                                 11,
                                 14,
                                 "Noto Serif CJK SC",
                                 "Noto Serif CJK SC",
                                 "Noto Serif CJK SC",
                                 TRUE};

static PaperPiece *add(GPtrArray *pieces, PieceKind kind, const char *text) {
    PaperPiece *piece = g_new0(PaperPiece, 1);
    piece->kind = kind;
    piece->text = g_strdup(text);
    piece->more = g_strdup("");
    piece->cells = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(pieces, piece);
    return piece;
}

static void cell(PaperPiece *piece, const char *text) {
    g_ptr_array_add(piece->cells, g_strdup(text));
}

static GPtrArray *new_pieces(void) { return g_ptr_array_new_with_free_func(paper_piece_free); }

static GString *draw(GPtrArray *pieces, GError **error) {
    Paper paper = {&style, "试件", 1795000000123, FALSE, pieces};
    return paper_pdf(&paper, error);
}

/* What a program of poppler-utils says of the PDF. */
static char *read_by(const GString *pdf, const char *line) {
    char *path = NULL, *out = NULL;
    int fd = g_file_open_tmp("anlan-XXXXXX.pdf", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, pdf->str, (gssize)pdf->len, NULL));
    g_autofree char *command = g_strdup_printf(line, path);
    int status = -1;
    g_autoptr(GError) error = NULL;
    g_spawn_command_line_sync(command, &out, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    g_unlink(path);
    g_free(path);
    return out;
}

static char *text_of(GPtrArray *pieces) {
    g_autoptr(GError) error = NULL;
    GString *pdf = draw(pieces, &error);
    g_assert_no_error(error);
    char *text = read_by(pdf, "pdftotext -raw %s -");
    g_string_free(pdf, TRUE);
    return text;
}

static guint count(const char *text, const char *what) {
    guint n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

static void has(const char *text, const char *what) {
    if (strstr(text, what) == NULL)
        g_error("“%s” is not in: %.800s", what, text);
}

/* Spaces and line ends taken out. */
static char *squeezed(const char *text) {
    GString *out = g_string_new(NULL);
    for (; *text; text++)
        if (!g_ascii_isspace(*text))
            g_string_append_c(out, *text);
    return g_string_free(out, FALSE);
}

static void test_dates(void) {
    static const struct {
        const char *day, *chinese, *arabic;
    } rows[] = {{"2026-11-23", "二〇二六年十一月二十三日", "2026年11月23日"},
                {"2030-01-01", "二〇三〇年一月一日", "2030年1月1日"},
                {"2026-10-10", "二〇二六年十月十日", "2026年10月10日"},
                {"2026-12-20", "二〇二六年十二月二十日", "2026年12月20日"}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 day;
        g_assert_true(day_parse(rows[i].day, &day));
        g_autofree char *chinese = paper_date(day, TRUE), *arabic = paper_date(day, FALSE);
        g_assert_cmpstr(chinese, ==, rows[i].chinese);
        g_assert_cmpstr(arabic, ==, rows[i].arabic);
    }
}

static GPtrArray *whole(void) {
    GPtrArray *pieces = new_pieces();
    add(pieces, PIECE_LETTERHEAD, "常州市武进区应急管理局");
    add(pieces, PIECE_NUMBER, "武进应急责改〔2026〕1号");
    add(pieces, PIECE_TITLE, "责令限期整改指令书");
    add(pieces, PIECE_ADDRESSEE, "武进化工有限公司");
    add(pieces, PIECE_TEXT, "现责令你单位整改。");
    PaperPiece *form = add(pieces, PIECE_FORM, "");
    cell(form, "隐患名称"), cell(form, "储罐液位计失准");
    PaperPiece *list = add(pieces, PIECE_ATTACHMENTS, "");
    cell(list, "现场照片.jpg"), cell(list, "检查记录.pdf");
    PaperPiece *end = add(pieces, PIECE_SIGNATURE, "常州市武进区应急管理局");
    g_free(end->more);
    end->more = g_strdup("二〇二六年十一月二十三日");
    add(pieces, PIECE_COPY, "常州市应急管理局");
    PaperPiece *check = add(pieces, PIECE_CHECK, "扫码核对");
    g_free(check->more);
    check->more = g_strdup("anlan:hazard/X?v=2");
    return pieces;
}

static void test_round_trip(void) {
    g_autoptr(GPtrArray) pieces = whole();
    g_autofree char *text = text_of(pieces);
    static const char *const parts[] = {
        "常州市武进区应急管理局", "武进应急责改〔2026〕1号", "责令限期整改指令书",
        "武进化工有限公司：",     "现责令你单位整改。",      "储罐液位计失准",
        "附件：1. 现场照片.jpg",  "2. 检查记录.pdf",         "二〇二六年十一月二十三日",
        "抄送：常州市应急管理局", "anlan:hazard/X?v=2",      "— 1 —"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        has(text, parts[i]);
}

static void test_paper_and_fonts(void) {
    g_autoptr(GPtrArray) pieces = whole();
    g_autoptr(GString) pdf = draw(pieces, NULL);
    g_autofree char *info = read_by(pdf, "pdfinfo -isodates %s"),
                    *fonts = read_by(pdf, "pdffonts %s");
    has(info, "(A4)");
    has(info, "Title:           试件");
    has(info, "CreationDate:    2026-11-18");
    has(fonts, "NotoSerifCJK");
    g_assert_cmpuint(count(fonts, "NotoSerifCJK"), ==, 2);
    g_assert_cmpuint(count(fonts, "yes yes yes"), ==,
                     2); /* embedded, only what is used, with text */
}

static void test_same_bytes(void) {
    g_autoptr(GPtrArray) a = whole(), b = whole();
    g_autoptr(GString) first = draw(a, NULL), second = draw(b, NULL);
    g_assert_true(g_string_equal(first, second));
    add(b, PIECE_TEXT, "。");
    g_autoptr(GString) other = draw(b, NULL);
    g_assert_false(g_string_equal(first, other));
}

/* A table over pages: each row once, the head on each page, nothing below the margin. */
static void test_long_table(void) {
    g_autoptr(GPtrArray) pieces = new_pieces();
    PaperPiece *table = add(pieces, PIECE_TABLE, "");
    table->columns = 3;
    cell(table, "序号栏"), cell(table, "检查项目"), cell(table, "结果");
    for (int i = 1; i <= 150; i++) {
        g_autofree char *number = g_strdup_printf("R%03d", i);
        cell(table, number), cell(table, "可燃气体探测器在检定有效期内，报警值符合要求"),
            cell(table, "");
    }
    g_autofree char *text = text_of(pieces);
    guint pages = count(text, "\f");
    g_assert_cmpuint(pages, >, 2);
    g_assert_cmpuint(count(text, "序号栏"), ==, pages);
    for (int i = 1; i <= 150; i++) {
        g_autofree char *number = g_strdup_printf("R%03d", i);
        g_assert_cmpuint(count(text, number), ==, 1);
    }
}

/* A cell higher than a page is parted and loses nothing. */
static void test_high_row(void) {
    g_autoptr(GPtrArray) pieces = new_pieces();
    GString *lines = g_string_new(NULL);
    for (int i = 1; i <= 200; i++)
        g_string_append_printf(lines, "L%03d\n", i);
    PaperPiece *form = add(pieces, PIECE_FORM, "");
    cell(form, "描述"), cell(form, lines->str);
    g_autofree char *text = text_of(pieces);
    for (int i = 1; i <= 200; i++) {
        g_autofree char *number = g_strdup_printf("L%03d", i);
        g_assert_cmpuint(count(text, number), ==, 1);
    }
    g_assert_cmpuint(count(text, "\f"), >, 2);
    g_string_free(lines, TRUE);
}

static void test_hostile(void) {
    g_autoptr(GPtrArray) pieces = new_pieces();
    add(pieces, PIECE_TEXT,
        "甲\x01\x1b[31m乙\xE2\x80\xAE"
        "丙\xE2\x81\xA6丁 \xF0\xA0\xAE\xB7 \xF0\x9F\x94\xA5 &<b>{x}</b>");
    add(pieces, PIECE_TEXT, "مرحبا עברית");
    add(pieces, PIECE_TEXT, "\xff\xfe坏字节");
    add(pieces, PIECE_TEXT, "");
    add(pieces, PIECE_FORM, "");
    add(pieces, PIECE_SIGNATURE, "");
    g_autofree char *endless = g_strnfill(5000, 'W');
    add(pieces, PIECE_LETTERHEAD, endless);
    add(pieces, PIECE_TITLE, endless);
    g_autofree char *raw = text_of(pieces), *text = squeezed(raw);
    has(text, "甲[31m乙丙丁");
    has(text, "&<b>{x}</b>"); /* text, no markup */
    has(text, "坏字节");
    g_assert_null(strchr(text, '\x1b'));
    g_assert_cmpuint(count(text, "W"), ==, 10000);
}

static void test_missing(void) {
    g_autoptr(GPtrArray) pieces = new_pieces();
    PaperPiece *form = add(pieces, PIECE_FORM, "");
    cell(form, "部位"), cell(form, "");
    PaperPiece *table = add(pieces, PIECE_TABLE, "");
    table->columns = 2;
    cell(table, "甲"), cell(table, "乙"); /* no rows */
    add(pieces, PIECE_ATTACHMENTS, "");
    g_autofree char *text = text_of(pieces);
    has(text, "部位");
    g_assert_null(strstr(text, "附件"));
}

static void refused(GPtrArray *pieces) {
    g_autoptr(GError) error = NULL;
    g_assert_null(draw(pieces, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_DOCUMENT);
}

static void test_too_long(void) {
    g_autoptr(GPtrArray) pieces = new_pieces(), code = new_pieces();
    g_autofree char *lines = g_strnfill(22 * PAPER_PAGES_MAX + 2, '\n');
    for (char *p = lines; *p; p += 2)
        *p = 'x';
    for (int i = 0; i < 3; i++)
        add(pieces, PIECE_TEXT, lines);
    refused(pieces);
    PaperPiece *check = add(code, PIECE_CHECK, "");
    g_free(check->more);
    check->more = g_strnfill(5000, 'x');
    refused(code);
}

static void test_preview(void) {
    g_autoptr(GPtrArray) pieces = whole();
    Paper paper = {&style, "试件", 0, TRUE, pieces};
    g_autoptr(GString) pdf = paper_pdf(&paper, NULL);
    g_autofree char *raw = read_by(pdf, "pdftotext -raw %s -"), *text = squeezed(raw);
    has(text, "未生效");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/paper/dates", test_dates);
    g_test_add_func("/paper/round-trip", test_round_trip);
    g_test_add_func("/paper/paper-and-fonts", test_paper_and_fonts);
    g_test_add_func("/paper/same-bytes", test_same_bytes);
    g_test_add_func("/paper/long-table", test_long_table);
    g_test_add_func("/paper/high-row", test_high_row);
    g_test_add_func("/paper/hostile", test_hostile);
    g_test_add_func("/paper/missing", test_missing);
    g_test_add_func("/paper/too-long", test_too_long);
    g_test_add_func("/paper/preview", test_preview);
    return g_test_run();
}
