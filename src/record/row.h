/* One record in memory: the row of table r_TYPE, its values by place of the field. Inside record/
 * only; outside, a record is JSON.
 *
 * The columns (also for whoever reads the tables by SQL): `_id _version _state _number _created_ms
 * _created_by _updated_ms _state_ms _region _enterprise _sector`, then one column per field under
 * the field's own name, always quoted. Three fields have no column of their own: the key is `_id`,
 * the field that holds the enterprise is `_enterprise`; a point has two, NAME_lon and NAME_lat; an
 * area has the box around it beside its text, NAME_w, NAME_s, NAME_e and NAME_n. A field of kind
 * rows has the number of rows in its column; the rows are in r_TYPE__FIELD (rows.h).
 * `_region` and `_sector` are '' when there is none, and
 * `_sector` is '*' where the type has no sectors; `_state_ms` is the time of entering the state. */
#pragma once
#include "record/field_value.h"
#include "record/query.h"
#include "record/record.h"

typedef struct Row {
    const RecordType *type;
    char *id, *number, *created_by;
    char *region; /* never NULL */
    char *sector; /* never NULL; "*" for a type without sectors */
    const State *state;
    gint64 version, created_ms, updated_ms, state_ms;
    FieldValue *values;      /* by Field.index */
    const struct Row *owner; /* row_view: the record that holds it; else NULL */
} Row;

Row *row_new(const RecordType *type);
Row *row_copy(const Row *row);
void row_free(Row *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Row, row_free)

FieldValue *row_value(const Row *row, const Field *field);
/* A field of kind rows: how many rows it has, one cell of row `n` (from 0), and that cell to be
 * changed (copies of the record keep the old one). `cell` is a field of field->rows. */
guint row_count(const Row *row, const Field *field);
const FieldValue *row_cell(const Row *row, const Field *field, guint n, const Field *cell);
FieldValue *row_cell_edit(Row *row, const Field *field, guint n, const Field *cell);
/* Row `n` as a record of the type field->rows, for row_term and row_holds; it borrows everything
 * and is not freed. */
Row row_view(const Row *row, const Field *field, guint n);
const char *
row_text(const Row *row,
         const Field *field); /* text of a field, NULL when empty or when field is NULL */
const char *row_enterprise(const Row *row); /* or NULL */
const char *row_state(const Row *row);      /* name, or NULL */
json_t *row_json(const Row *row);
char *row_label(const Row *row); /* the label field, else the number, else the id; caller frees */

/* ConditionValue of a row, for the names of type_term_kind. */
Term row_term(gpointer row, const char *name);

/* NULL without error when there is no such record. */
Row *row_load(Sql *sql, const RecordType *type, const char *id, GError **error);
/* The columns of a SELECT that row_read understands, and one row of it. */
void row_select(const RecordType *type, GString *text);
/* ,"a","b": the columns of the fields alone. */
void row_field_columns(const RecordType *type, GString *text);
int row_columns(const RecordType *type); /* how many they are */
/* Without its rows (rows_fill). */
Row *row_read(const RecordType *type, SqlStatement *st);
/* All rows (Row *) of a query over the columns of row_select, with their rows; NULL on error. */
GPtrArray *rows_of_query(Sql *sql, const RecordType *type, const Query *query, GError **error);
gboolean row_insert(Sql *sql, const Row *row, GError **error);
/* Writes what differs from `before`. */
gboolean row_update(Sql *sql, const Row *before, const Row *row, GError **error);
/* {field: [old, new]}; `before` NULL: a new record. */
json_t *row_diff(const Row *before, const Row *row);
