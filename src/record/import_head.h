/* The head row of a sheet: which column is which field. */
#pragma once
#include "pack/pack.h"
#include "record/table_read.h"

typedef enum { COLUMN_NOTHING, COLUMN_FIELD, COLUMN_LON, COLUMN_LAT, COLUMN_ID } ColumnKind;
typedef struct {
    ColumnKind kind;
    const Field *field; /* COLUMN_FIELD, COLUMN_LON, COLUMN_LAT */
    const char *title;  /* as it stands in the sheet; borrowed from the table */
} ImportColumn;

/* Rows and files are not written into one cell: their columns are passed over. */
gboolean import_takes(const Field *field);
/* GArray of ImportColumn; NULL with ERROR_SHEET. */
GArray *import_head(const RecordType *type, const TableRow *head, GError **error);
/* "A", "AB"; caller frees. */
char *column_letters(guint column);
