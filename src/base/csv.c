#include "base/csv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ROW_MAX = 1 << 20, CELLS_MAX = 1000 };

struct CsvReader {
    FILE *file;
    char *path;
    char delimiter;
    guint line, row_line;
    GString *cell;
    GPtrArray *cells;
};

static CsvReader *csv_start(FILE *file, const char *path, char delimiter, GError **error) {
    if (file == NULL) {
        error_set(error, ERROR_FILE, NULL, path, g_strerror(errno), NULL);
        return NULL;
    }
    CsvReader *reader = g_new0(CsvReader, 1);
    reader->file = file;
    reader->path = g_strdup(path);
    reader->delimiter = delimiter;
    reader->cell = g_string_new(NULL);
    reader->cells = g_ptr_array_new_with_free_func(g_free);
    if (getc(file) != 0xEF || getc(file) != 0xBB || getc(file) != 0xBF)
        rewind(file);
    return reader;
}

CsvReader *csv_open(const char *path, char delimiter, GError **error) {
    return csv_start(fopen(path, "rb"), path, delimiter, error);
}

CsvReader *csv_open_memory(const char *bytes, gsize n, const char *name, char delimiter,
                           GError **error) {
    return csv_start(fmemopen((void *)bytes, n, "rb"), name, delimiter, error);
}

void csv_close(CsvReader *reader) {
    if (reader == NULL)
        return;
    fclose(reader->file);
    g_free(reader->path);
    g_string_free(reader->cell, TRUE);
    g_ptr_array_unref(reader->cells);
    g_free(reader);
}

static gboolean refuse(const CsvReader *reader, const char *what, GError **error) {
    g_autofree char *text = g_strdup_printf("line %u: %s", reader->row_line, what);
    return error_set(error, ERROR_FILE, NULL, reader->path, text, NULL);
}

static void end_cell(CsvReader *reader) {
    if (reader->delimiter != ' ' || reader->cell->len > 0)
        g_ptr_array_add(reader->cells, g_strndup(reader->cell->str, reader->cell->len));
    g_string_truncate(reader->cell, 0);
}

/* Inside quotes up to the closing one. */
static gboolean read_quoted(CsvReader *reader, GError **error) {
    for (int c; (c = getc(reader->file)) != EOF;) {
        if (c == '"') {
            c = getc(reader->file);
            if (c != '"') {
                ungetc(c, reader->file);
                return TRUE;
            }
        }
        reader->line += c == '\n';
        g_string_append_c(reader->cell, (char)c);
        if (reader->cell->len > ROW_MAX)
            return refuse(reader, "the row is over 1 MiB", error);
    }
    return refuse(reader, "a quote is not closed", error);
}

static gboolean is_delimiter(const CsvReader *reader, int c) {
    return reader->delimiter == ' ' ? c == ' ' || c == '\t' : c == reader->delimiter;
}

/* One row into `cells`; *more is false at the end of the file. */
static gboolean read_row(CsvReader *reader, gboolean *more, GError **error) {
    g_ptr_array_set_size(reader->cells, 0);
    g_string_truncate(reader->cell, 0);
    reader->row_line = reader->line + 1;
    gsize bytes = 0;
    int c;
    while ((c = getc(reader->file)) != EOF && c != '\n') {
        if (c == '"' && reader->delimiter != ' ' && reader->cell->len == 0) {
            if (!read_quoted(reader, error))
                return FALSE;
        } else if (is_delimiter(reader, c)) {
            end_cell(reader);
        } else if (c != '\r') {
            g_string_append_c(reader->cell, (char)c);
        }
        if (++bytes > ROW_MAX || reader->cells->len > CELLS_MAX)
            return refuse(reader, "the row is over 1 MiB or 1,000 cells", error);
    }
    if (c == EOF && ferror(reader->file)) /* such as a folder */
        return refuse(reader, g_strerror(errno), error);
    reader->line++;
    *more = c != EOF || reader->cells->len > 0 || reader->cell->len > 0;
    end_cell(reader);
    return TRUE;
}

static gboolean is_empty(const GPtrArray *cells) {
    return cells->len == 0 || (cells->len == 1 && *(const char *)cells->pdata[0] == 0);
}

GPtrArray *csv_next(CsvReader *reader, GError **error) {
    gboolean more = FALSE;
    do {
        if (!read_row(reader, &more, error) || !more)
            return NULL;
    } while (is_empty(reader->cells));
    for (guint i = 0; i < reader->cells->len; i++)
        if (!g_utf8_validate(reader->cells->pdata[i], -1, NULL)) {
            refuse(reader, "not UTF-8 text", error);
            return NULL;
        }
    return reader->cells;
}

guint csv_line(const CsvReader *reader) { return reader->row_line; }
