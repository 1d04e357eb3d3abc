/* A reader of CSV files (RFC 4180): quoted cells with doubled quotes and line breaks, CRLF or LF,
 * an optional byte-order mark. Streams: memory is that of one row, whatever the file's size.
 * Refused: text that is not UTF-8, NUL, an open quote, rows over 1 MiB or 1,000 cells. Not shared
 * between threads. */
#pragma once
#include "base/error.h"

typedef struct CsvReader CsvReader;
/* `delimiter` ',' or another ASCII character; ' ' means any run of white space and no quotes. */
CsvReader *csv_open(const char *path, char delimiter, GError **error);
/* The same of bytes that stay where they are; `name` is for messages. */
CsvReader *csv_open_memory(const char *bytes, gsize n, const char *name, char delimiter,
                           GError **error);
void csv_close(CsvReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsvReader, csv_close)

/* The next row that is not empty: char* cells, valid until the next call. NULL at the end (no
 * error) or on error. */
GPtrArray *csv_next(CsvReader *reader, GError **error);
guint csv_line(const CsvReader *reader); /* where the last row began, 1-based */
