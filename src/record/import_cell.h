/* A cell of a sheet as the value of a field, in the forms that people write: codes, references,
 * regions and roles by code or by title; dates as 2026-11-23, 2026/11/23, 2026年11月23日, 20261123
 * or a spreadsheet's day; times with or without seconds, in +08:00; 是 and 否; numbers with
 * separators; a place as "120.1, 31.9". What is ambiguous is refused, never guessed. */
#pragma once
#include "record/act.h"
#include "record/table_read.h"

typedef struct ImportNames ImportNames; /* what titles stand for; looked up once per file */
ImportNames *import_names_new(const Act *act);
void import_names_free(ImportNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportNames, import_names_free)

/* New reference. A text that is no value of the field's kind comes out as it is, for the record's
 * own checks to refuse; ERROR_CELL, ERROR_CELL_AMBIGUOUS. The cell is not empty. */
json_t *import_value(ImportNames *names, const Field *field, const Cell *cell, GError **error);
/* The text of a cell as people see it; caller frees. */
char *import_text(const Cell *cell);
