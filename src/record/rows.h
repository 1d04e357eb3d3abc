/* Values of kind rows: a small table inside a record, written whole. In memory it is shared by the
 * copies of a record and never changed but through rows_cell_edit; in the database it is the child
 * table r_TYPE__FIELD (_record, _ordinal from 0, a column per field), beside the number of rows in
 * the record's own row. Inside record/ only. */
#pragma once
#include "record/row.h"

struct Rows {
    int refs; /* one thread at a time */
    guint n, width;
    FieldValue *cells; /* n times width, row by row */
};

Rows *rows_new(guint width, guint n); /* empty cells */
Rows *rows_ref(Rows *rows);
void rows_unref(Rows *rows);
gboolean rows_equal(const Rows *a, const Rows *b);
/* The cell of a value that is not shared by others; what was shared is copied first. */
FieldValue *rows_cell_edit(FieldValue *value, guint n, const Field *cell);

/* What the page of the rows is called in workbooks: the title, or the name where two have one
 * title; caller frees. The first column of it is the record's id, ROWS_ID. */
#define ROWS_ID "标识"
char *rows_page_name(const RecordType *type, const Field *field);

/* An array of objects, for field_value_from_json. Errors name "items[0].amount". */
gboolean rows_from_json(const Field *field, json_t *json, FieldValue *value, GError **error);
json_t *rows_to_json(const Field *field, const Rows *rows);
/* "产品: 乙醇; 数量: 3 | …", with the titles of the fields; caller frees. */
char *rows_to_text(const Field *field, const Rows *rows);

/* Reads the rows of records that were read with row_read: one query for up to 64 records and field,
 * none for those without rows. */
gboolean rows_fill(Sql *sql, const RecordType *type, Row *const *rows, guint n, GError **error);
/* Writes those that differ from `before` (NULL: a new record). */
gboolean rows_write(Sql *sql, const Row *before, const Row *row, GError **error);
/* What is in the table has the number of rows that the record says. */
gboolean rows_complete(const Row *row);
/* A reader's record and its rows must be of one moment: around both; nothing for types without. */
gboolean rows_begin(Sql *sql, const RecordType *type, GError **error);
void rows_end(Sql *sql, const RecordType *type);
