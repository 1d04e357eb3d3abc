/* The value of one field in its three forms: JSON (API and journal), the column(s) of its table,
 * and a Term of a condition.
 *
 * One row of a table per field kind says how it is read, stored and compared; adding a kind is one
 * row there. Pure functions; field_value_from_json checks everything that can be checked without
 * the database (kind, range, form, code). */
#pragma once
#include "pack/pack.h"
#include "store/sql.h"
#include <jansson.h>

typedef struct Rows Rows; /* record/rows.h */

typedef struct {
    gboolean present; /* FALSE: empty, the other members mean nothing */
    gboolean sealed;  /* of a secret field: `text` is what record/sealed.h made of the value */
    char *text;       /* text, code, ref, region, role, date; JSON of files and areas; owned */
    gint64 integer;   /* integer; time and duration in ms; bool 0 or 1; money in fen */
    double number;    /* decimal, score; longitude of a point */
    double latitude;
    Rows *rows; /* rows; a reference. `integer` is their number as the database has it */
} FieldValue;

/* Replaces *value. JSON null and "" give an empty value. Errors: FIELD_KIND, FIELD_RANGE,
 * FIELD_FORMAT, FIELD_CODE; *value is then empty. */
gboolean field_value_from_json(const Field *field, json_t *json, FieldValue *value, GError **error);
/* The same from text as packs write it: "0.5", "true", "2026-11-23". */
gboolean field_value_from_text(const Field *field, const char *text, FieldValue *value,
                               GError **error);
/* json_null when empty; {"sealed": true} for a secret field. */
json_t *field_value_to_json(const Field *field, const FieldValue *value);
/* As the journal has it: {"sealed": SM3 of the sealed text} for a secret field. */
json_t *field_value_proof(const Field *field, const FieldValue *value);
/* The value as it was given, also of a secret field that is not sealed yet: for sealing it. */
json_t *field_value_plain_json(const Field *field, const FieldValue *value);
char *field_value_to_text(const Field *field,
                          const FieldValue *value);                 /* for people; caller frees */
Term field_value_term(const Field *field, const FieldValue *value); /* borrows text */
gboolean field_value_equal(const FieldValue *a, const FieldValue *b);
void field_value_copy(const FieldValue *from, FieldValue *to);
void field_value_clear(FieldValue *value);

/* The columns of a field: how many, what stands behind the field's name in each ("" or "_lon";
 * ended by NULL), and their types as in sql_define. */
int field_columns(const Field *field);
const char *const *field_columns_named(const Field *field);
const char *field_column_type(const Field *field, int column);
/* Bind to, and read from, consecutive parameters or columns; *index moves on. */
void field_value_bind(SqlStatement *st, int *index, const Field *field, const FieldValue *value);
void field_value_read(SqlStatement *st, int *column, const Field *field, FieldValue *value);
