/* The first sheet of an XLSX workbook, or one by its name (ECMA-376): libarchive unpacks, expat
 * reads. */
#include "record/table_read.h"

#include <archive.h>
#include <archive_entry.h>
#include <expat.h>
#include <math.h>
#include <string.h>

enum { PARTS_MAX = 2000, STRINGS_MAX = 1000000, STYLES_MAX = 65536, TEXT_MAX = 32767 * 4 };

typedef struct {
    const char *bytes;
    gsize n;
    gboolean from_1904;
    const char *wanted;          /* the name of the sheet; NULL: the first that is seen */
    char *sheet_id, *sheet_path; /* its r:id, then its part */
    GHashTable *date_formats;    /* number of a format of one's own -> is a date */
    GArray *style_is_date;       /* gboolean by style */
    GPtrArray *strings;          /* char* */
    Table *table;
    /* while a part is read */
    XML_Parser parser;
    const char *problem;
    GString *text;
    gboolean in_cell_formats, in_text, in_phonetic;
    gsize kept; /* bytes of all cells: one shared text may be named by every cell */
    TableRow *row;
    guint row_number, column;
    int style;
    char type[12];
} Book;

static gboolean refused(GError **error, const char *what, const char *remedy) {
    return error_set(error, ERROR_SHEET, NULL, what, remedy, NULL);
}

/* --- parts of the archive --- */

static GByteArray *unpack(struct archive *archive, GError **error) {
    GByteArray *part = g_byte_array_new();
    guint8 buffer[65536];
    la_ssize_t n;
    while ((n = archive_read_data(archive, buffer, sizeof buffer)) > 0) {
        if (part->len + (gsize)n > TABLE_PART_MAX) {
            refused(error, "a part of the workbook is larger than 64 MiB", "split the file");
            break;
        }
        g_byte_array_append(part, buffer, (guint)n);
    }
    if (n == 0)
        return part;
    if (n < 0)
        refused(error, "the archive is damaged", "save it again");
    g_byte_array_unref(part);
    return NULL;
}

/* NULL without error: there is no such part. */
static GByteArray *find_part(const Book *book, const char *path, GError **error) {
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    GByteArray *part = NULL;
    archive_read_support_format_zip(archive);
    int code = archive_read_open_memory(archive, book->bytes, book->n);
    guint n = 0;
    while (code == ARCHIVE_OK && (code = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        const char *name = archive_entry_pathname(entry);
        if (++n > PARTS_MAX) {
            refused(error, "the archive has more than 2,000 parts", "save it again");
            break;
        }
        if (name && g_ascii_strcasecmp(name, path) == 0) {
            part = unpack(archive, error);
            break;
        }
    }
    if (code != ARCHIVE_OK && code != ARCHIVE_EOF)
        refused(error, "the archive is damaged", "save it again");
    archive_read_free(archive);
    return part;
}

/* --- reading XML --- */

static const char *local(const char *name) {
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static const char *attribute(const char **attributes, const char *name) {
    for (int i = 0; attributes[i]; i += 2)
        if (strcmp(local(attributes[i]), name) == 0)
            return attributes[i + 1];
    return NULL;
}

static void stop(Book *book, const char *problem) {
    if (book->problem == NULL)
        book->problem = problem;
    XML_StopParser(book->parser, XML_FALSE);
}

static void XMLCALL no_doctype(void *data, const char *name, const char *system, const char *public,
                               int internal) {
    (void)name, (void)system, (void)public, (void)internal;
    stop(data, "its XML has a document type");
}

static void XMLCALL take_text(void *data, const char *text, int n) {
    Book *book = data;
    if (!book->in_text || book->in_phonetic)
        return;
    if (book->text->len + (gsize)n > TEXT_MAX)
        stop(book, "a cell is too long");
    else
        g_string_append_len(book->text, text, n);
}

/* `optional`: a part that need not be there. */
static gboolean read_part(Book *book, const char *path, gboolean optional,
                          XML_StartElementHandler start, XML_EndElementHandler end,
                          GError **error) {
    GError *failure = NULL;
    g_autoptr(GByteArray) part = find_part(book, path, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (part == NULL)
        return optional || refused(error, "it is no XLSX workbook", "a part of it is missing");
    book->parser = XML_ParserCreate(NULL);
    book->problem = NULL;
    book->in_text = book->in_phonetic = FALSE;
    g_string_truncate(book->text, 0);
    XML_SetUserData(book->parser, book);
    XML_SetElementHandler(book->parser, start, end);
    XML_SetCharacterDataHandler(book->parser, take_text);
    XML_SetStartDoctypeDeclHandler(book->parser, no_doctype);
    gboolean good = XML_Parse(book->parser, (const char *)part->data, (int)part->len, XML_TRUE) ==
                    XML_STATUS_OK;
    XML_ParserFree(book->parser);
    return good ||
           refused(error, book->problem ? book->problem : "its XML is damaged", "save it again");
}

static void XMLCALL end_nothing(void *data, const char *name) { (void)data, (void)name; }

/* --- workbook and its relations --- */

static void XMLCALL start_workbook(void *data, const char *name, const char **attributes) {
    Book *book = data;
    if (strcmp(local(name), "workbookPr") == 0) {
        const char *from = attribute(attributes, "date1904");
        book->from_1904 = from && (strcmp(from, "1") == 0 || strcmp(from, "true") == 0);
    } else if (strcmp(local(name), "sheet") == 0 && book->sheet_id == NULL) {
        const char *state = attribute(attributes, "state");
        if (book->wanted ? g_strcmp0(attribute(attributes, "name"), book->wanted) == 0
                         : state == NULL || strcmp(state, "visible") == 0)
            book->sheet_id = g_strdup(attribute(attributes, "id"));
    }
}

static void XMLCALL start_relations(void *data, const char *name, const char **attributes) {
    Book *book = data;
    const char *target = attribute(attributes, "Target");
    if (strcmp(local(name), "Relationship") != 0 || book->sheet_path || target == NULL ||
        g_strcmp0(attribute(attributes, "Id"), book->sheet_id) != 0)
        return;
    book->sheet_path = *target == '/' ? g_strdup(target + 1) : g_strconcat("xl/", target, NULL);
}

/* --- styles: which numbers are dates --- */

static gboolean known_date_format(long id) {
    return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) ||
           (id >= 50 && id <= 58);
}

/* y, d, h, s, 年, 日 or 时 outside of quotes, brackets and escapes; m alone may mean minutes. */
static gboolean looks_like_date(const char *format) {
    for (const char *p = format; *p; p++) {
        const char *end = *p == '"' ? strchr(p + 1, '"') : *p == '[' ? strchr(p, ']') : NULL;
        if (end)
            p = end;
        else if (*p == '\\' && p[1])
            p++;
        else if (strchr("yYdDhHsS", *p))
            return TRUE;
    }
    return FALSE;
}

static void XMLCALL start_styles(void *data, const char *name, const char **attributes) {
    Book *book = data;
    const char *id = attribute(attributes, "numFmtId"), *code = attribute(attributes, "formatCode");
    if (strcmp(local(name), "cellXfs") == 0)
        book->in_cell_formats = TRUE;
    else if (strcmp(local(name), "numFmt") == 0 && id && code)
        g_hash_table_insert(book->date_formats, GINT_TO_POINTER(atoi(id)),
                            GINT_TO_POINTER(looks_like_date(code) ? 1 : 2));
    else if (book->in_cell_formats && strcmp(local(name), "xf") == 0 &&
             book->style_is_date->len < STYLES_MAX) {
        int number = id ? atoi(id) : 0;
        gpointer own = g_hash_table_lookup(book->date_formats, GINT_TO_POINTER(number));
        gboolean date = own ? own == GINT_TO_POINTER(1) : known_date_format(number);
        g_array_append_val(book->style_is_date, date);
    }
}

static void XMLCALL end_styles(void *data, const char *name) {
    if (strcmp(local(name), "cellXfs") == 0)
        ((Book *)data)->in_cell_formats = FALSE;
}

/* --- shared texts; readings (rPh) are no part of them --- */

static void start_text(Book *book, const char *name) {
    if (strcmp(name, "rPh") == 0)
        book->in_phonetic = TRUE;
    if (strcmp(name, "t") == 0)
        book->in_text = TRUE;
}

static void end_text(Book *book, const char *name) {
    if (strcmp(name, "rPh") == 0)
        book->in_phonetic = FALSE;
    if (strcmp(name, "t") == 0)
        book->in_text = FALSE;
}

static void XMLCALL start_strings(void *data, const char *name, const char **attributes) {
    Book *book = data;
    (void)attributes;
    if (strcmp(local(name), "si") == 0)
        g_string_truncate(book->text, 0);
    start_text(book, local(name));
}

static void XMLCALL end_strings(void *data, const char *name) {
    Book *book = data;
    end_text(book, local(name));
    if (strcmp(local(name), "si") != 0)
        return;
    if (book->strings->len >= STRINGS_MAX)
        stop(book, "it has more than 1,000,000 texts");
    else
        g_ptr_array_add(book->strings, g_strdup(book->text->str));
}

/* --- cells --- */

/* "AB12" -> 27; the column after the last cell when there is no reference. */
static guint column_of(const char *reference, guint otherwise) {
    guint column = 0;
    if (reference == NULL)
        return otherwise;
    for (; g_ascii_isalpha(*reference) && column < 100000; reference++)
        column = column * 26 + (guint)(g_ascii_toupper(*reference) - 'A' + 1);
    return column ? column - 1 : otherwise;
}

/* A sign written as _x000D_ (ST_Xstring); 0: none stands here. */
static gunichar escaped_sign(const char *p) {
    enum { FORM = 7 }; /* "_xHHHH_" */
    gunichar sign = 0;
    if (strnlen(p, FORM) < FORM || p[0] != '_' || p[1] != 'x' || p[FORM - 1] != '_')
        return 0;
    for (int i = 2; i < FORM - 1; i++) {
        if (!g_ascii_isxdigit(p[i]))
            return 0;
        sign = sign * 16 + (gunichar)g_ascii_xdigit_value(p[i]);
    }
    return g_unichar_validate(sign) ? sign : 0;
}

static Cell text_cell(const char *text) {
    if (*text == 0)
        return (Cell){0};
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar sign = *p == '_' ? escaped_sign(p) : 0;
        g_string_append_unichar(out, sign ? sign : g_utf8_get_char(p));
        p += sign ? strlen("x000D_") : 0;
    }
    return (Cell){CELL_TEXT, g_string_free(out, FALSE), 0};
}

static Cell shared_cell(Book *book, const char *text) {
    char *end;
    guint64 index = g_ascii_strtoull(text, &end, 10);
    if (*end == 0 && end != text && index < book->strings->len)
        return text_cell(book->strings->pdata[index]);
    stop(book, "a cell names a text that is not there");
    return (Cell){0};
}

static Cell number_cell(Book *book, const char *text) {
    char *end;
    double number = g_ascii_strtod(text, &end);
    if (end == text || *end || !isfinite(number)) {
        stop(book, "a number cannot be read");
        return (Cell){0};
    }
    gboolean date = book->style >= 0 && (guint)book->style < book->style_is_date->len &&
                    g_array_index(book->style_is_date, gboolean, book->style);
    if (date && number >= 0 && number < 2958466)
        return (Cell){CELL_DATE, NULL, table_day(number, book->from_1904)};
    return (Cell){CELL_NUMBER, NULL, number};
}

static Cell read_cell(Book *book) {
    const char *text = book->text->str;
    if (strcmp(book->type, "inlineStr") == 0 || strcmp(book->type, "str") == 0)
        return text_cell(text);
    if (*text == 0)
        return (Cell){0};
    if (strcmp(book->type, "s") == 0)
        return shared_cell(book, text);
    if (strcmp(book->type, "b") == 0)
        return (Cell){CELL_BOOL, NULL, *text == '1'};
    if (strcmp(book->type, "e") == 0)
        return (Cell){CELL_ERROR, g_strdup(text), 0};
    if (strcmp(book->type, "d") == 0)
        return text_cell(text);
    return number_cell(book, text);
}

static void start_row(Book *book, const char **attributes) {
    const char *number = attribute(attributes, "r");
    book->row_number = number ? (guint)g_ascii_strtoull(number, NULL, 10) : book->row_number + 1;
    book->column = 0;
    book->row = table_add_row(book->table, book->row_number);
    if (book->row == NULL)
        stop(book, "more than 10,000 rows");
}

static void start_cell(Book *book, const char **attributes) {
    const char *type = attribute(attributes, "t"), *style = attribute(attributes, "s");
    book->column = column_of(attribute(attributes, "r"), book->column);
    book->style = style ? atoi(style) : 0;
    g_strlcpy(book->type, type ? type : "n", sizeof book->type);
    g_string_truncate(book->text, 0);
}

static void XMLCALL start_sheet(void *data, const char *name, const char **attributes) {
    Book *book = data;
    name = local(name);
    if (strcmp(name, "row") == 0)
        start_row(book, attributes);
    else if (strcmp(name, "c") == 0)
        start_cell(book, attributes);
    else if (strcmp(name, "v") == 0)
        book->in_text = TRUE;
    else
        start_text(book, name);
}

static void end_cell(Book *book) {
    Cell cell = read_cell(book);
    book->kept += cell.text ? strlen(cell.text) : 0;
    if (book->kept > TABLE_PART_MAX)
        stop(book, "its cells hold more than 64 MiB");
    if (cell.kind != CELL_EMPTY && book->column >= TABLE_COLUMNS_MAX)
        stop(book, "more than 200 columns");
    if (cell.kind != CELL_EMPTY && book->column < TABLE_COLUMNS_MAX && book->row)
        table_set_cell(book->row, book->column, cell);
    else
        g_free(cell.text);
    book->column++;
}

static void XMLCALL end_sheet(void *data, const char *name) {
    Book *book = data;
    name = local(name);
    end_text(book, name);
    if (strcmp(name, "v") == 0)
        book->in_text = FALSE;
    else if (strcmp(name, "c") == 0)
        end_cell(book);
    else if (strcmp(name, "row") == 0 && book->row && table_row_empty(book->row))
        g_ptr_array_set_size(book->table->rows, (int)book->table->rows->len - 1);
    if (strcmp(name, "row") == 0)
        book->row = NULL;
}

static gboolean read_book(Book *book, GError **error) {
    if (!read_part(book, "xl/workbook.xml", FALSE, start_workbook, end_nothing, error) ||
        !read_part(book, "xl/_rels/workbook.xml.rels", FALSE, start_relations, end_nothing, error))
        return FALSE;
    if (book->sheet_path == NULL && book->wanted) { /* there is none of this name */
        g_clear_pointer(&book->table, table_free);
        return TRUE;
    }
    if (book->sheet_path == NULL)
        return refused(error, "it has no sheet", "put the rows on the first sheet");
    return read_part(book, "xl/styles.xml", TRUE, start_styles, end_styles, error) &&
           read_part(book, "xl/sharedStrings.xml", TRUE, start_strings, end_strings, error) &&
           read_part(book, book->sheet_path, FALSE, start_sheet, end_sheet, error);
}

Table *workbook_read(const char *bytes, gsize n, const char *name, GError **error) {
    Book book = {.bytes = bytes,
                 .n = n,
                 .wanted = name,
                 .date_formats = g_hash_table_new(NULL, NULL),
                 .style_is_date = g_array_new(FALSE, FALSE, sizeof(gboolean)),
                 .strings = g_ptr_array_new_with_free_func(g_free),
                 .table = table_new(),
                 .text = g_string_new(NULL)};
    if (!read_book(&book, error))
        g_clear_pointer(&book.table, table_free);
    g_hash_table_destroy(book.date_formats);
    g_array_unref(book.style_is_date);
    g_ptr_array_unref(book.strings);
    g_string_free(book.text, TRUE);
    g_free(book.sheet_id);
    g_free(book.sheet_path);
    return book.table;
}
