/* A whole list as a sheet for people: titles in the head row, codes and states by their titles, a
 * column with the name beside each reference. Reads page by page, so memory does not grow with the
 * list. Scope, filter and search are those of record_list. */
#pragma once
#include "record/record.h"
#include "record/sheet.h"

/* Writes all records that `query` finds (its limit and cursor are passed over) into `fd`; XLSX has
 * a page for each field of kind rows, whose first column is the record's id. `codes`: a system
 * whose codes stand in place of titles where a code list has some of it; NULL: none. ERROR_REQUEST
 * when they are more than SHEET_ROWS_MAX. */
gboolean record_export(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                       const RecordQuery *query, const char *codes, SheetForm form, int fd,
                       const char *tmp_dir, gint64 now_ms, GError **error);
