/* The values of a row for conditions and expressions of packs: its own fields, one step to the
 * records it refers to, and what it computes. Inside record/ only. */
#pragma once
#include "record/act.h"

/* The day whose law applies to the record: that of its making, for a new one today (+08:00). */
gint64 act_law_day(const Act *act, const Row *row);
/* A rule of that law: not one that came later, or had gone. */
gboolean act_in_force(const Act *act, const Row *row, const Validity *valid);
gboolean act_holds(const Act *act, const Row *row, const Condition *condition);
/* condition_possible on the row's values. */
gboolean act_may_hold(const Act *act, const Row *row, const Condition *condition,
                      ConditionOpen open, gpointer open_data);
/* The value of an expression, for field `target`; cleared when there is none. Errors: the field's
 * own, when the value is not one of it. */
gboolean act_value(const Act *act, const Row *row, const Expression *expression,
                   const Field *target, FieldValue *value, GError **error);
/* The same as it comes, its texts in `texts`; empty: TERM_NONE. */
Term act_term(const Act *act, const Row *row, const Expression *expression, GStringChunk *texts);
/* Makes all computed fields anew. */
gboolean act_compute(const Act *act, Row *row, GError **error);
/* The answer to a question to other records, as they stand in this transaction. */
gboolean act_records(const Act *act, const Row *row, const RecordsAsked *asked, const Field *target,
                     FieldValue *value, GError **error);
/* Rows made of other records or picked from own ones. Errors: ERROR_FIELD_RANGE when they are more
 * than the field takes, those of the cells. */
gboolean act_rows(const Act *act, const Row *row, const RowsMade *made, const Field *target,
                  FieldValue *value, GError **error);
/* FROM and WHERE of the records for which `where` holds (NULL: all), asked for `row`. */
void act_asked_where(const Act *act, const Row *row, const RecordType *type, const Condition *where,
                     Query *query);
