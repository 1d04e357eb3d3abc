/* Conditions and expressions: a subset of CQL2-text (OGC 21-065) with arithmetic and the functions
 * of docs/packs.md, in one parser, evaluated in memory or compiled to SQL; total, without loops.
 *
 * Parsing names unknown fields, functions, tables and mismatched kinds at once. A Condition or
 * Expression is read-only and may be shared. Three-valued logic as in SQL: a comparison with a
 * missing value is unknown, and only TRUE counts. An expression with a missing value has none
 * (unknown is not 0), and so has a division by zero. */
#pragma once
#include "pack/calendar.h"

typedef struct CodeList CodeList;   /* pack.h */
typedef struct PackTable PackTable; /* pack_table.h */

/* What a name in a condition is, so that literals are checked and compared rightly. */
/* TERM_SEALED: a value that is there and cannot be looked at; it takes IS NULL only. */
typedef enum {
    TERM_NONE,
    TERM_TEXT,
    TERM_NUMBER,
    TERM_BOOL,
    TERM_DATE,
    TERM_TIME,
    TERM_DURATION,
    TERM_SEALED
} TermKind;

typedef struct {
    TermKind kind;    /* TERM_NONE: no value */
    const char *text; /* TERM_TEXT, TERM_DATE ("2026-11-23") */
    double number;    /* TERM_NUMBER */
    gint64 time_ms;   /* TERM_TIME; length of a TERM_DURATION */
    gboolean truth;   /* TERM_BOOL */
} Term;

/* Says the kind of a name, TERM_NONE when there is no such name. Code, ref, region and role fields
 * are TERM_TEXT. */
typedef TermKind (*ConditionKind)(gpointer data, const char *name);
/* Gives the value of a name; text must live until condition_holds returns. */
typedef Term (*ConditionValue)(gpointer data, const char *name);
/* Gives the SQL column of a name (a static or interned string). */
typedef const char *(*ConditionColumn)(gpointer data, const char *name);

/* What the names in a text may be. `kind` is needed; what else is NULL does not exist there. `rows`
 * is the name of a field of rows, NULL for the record itself. */
typedef struct {
    ConditionKind kind;
    /* Of a name in these rows; of the rows themselves (anything but TERM_NONE) when name is NULL.
     */
    TermKind (*row_kind)(gpointer data, const char *rows, const char *name);
    /* The codes of a name; NULL when it is no code. */
    const CodeList *(*codes)(gpointer data, const char *rows, const char *name);
    ConditionKind record_kind; /* of $record.NAME */
    const PackTable *(*table)(gpointer data, const char *name);
    const Calendar *calendar; /* for add() with working days */
    gpointer data;
} ConditionScope;

/* Where the values come from. `value` is needed; `now_ms`, `actor` (may be NULL) and `law_day` (the
 * day whose law applies to dated tables) are plain values. */
typedef struct {
    ConditionValue value;
    guint (*row_count)(gpointer data, const char *rows);
    Term (*row_value)(gpointer data, const char *rows, guint row, const char *name);
    ConditionValue record_value; /* of $record.NAME */
    gpointer data;
    gint64 now_ms, law_day;
    const char *actor;
} ConditionEnv;

typedef struct Condition Condition;
typedef struct Expression Expression;

/* `text` is at most 4000 bytes and nests at most 32 deep (NOT and parentheses). Errors:
 * ERROR_CONDITION with the character's place. Keywords in any case; a quote inside '...' is
 * doubled; a field whose name is a keyword stands in "...". LIKE heeds case; % is any text, _ one
 * character, \ takes the next sign as it is. */
Condition *condition_parse(const char *text, ConditionKind kind, gpointer data, GError **error);
Condition *condition_parse_in(const char *text, const ConditionScope *scope, GError **error);
void condition_free(Condition *condition);
const char *condition_text(const Condition *condition);

/* `actor` may be NULL; $today is the day of now_ms in +08:00. */
gboolean condition_holds(const Condition *condition, ConditionValue value, gpointer data,
                         gint64 now_ms, const char *actor);
gboolean condition_holds_in(const Condition *condition, const ConditionEnv *env);

/* Whether the condition may become true when the names for which `open` says so get other values:
 * each part of a chain of AND that names none of them must hold now. */
typedef gboolean (*ConditionOpen)(gpointer data, const char *name);
gboolean condition_possible(const Condition *condition, const ConditionEnv *env, ConditionOpen open,
                            gpointer open_data);

/* Whether SQL can say it: fields of referenced records, rows and tables it cannot. `what`: the name
 * or function at fault, borrowed; or NULL. */
gboolean condition_fits_sql(const Condition *condition, const char **what);

/* Appends an SQL expression with `?` parameters to `sql` and the parameters to `parameters` (array
 * of Term; text is borrowed from the condition, from `actor` or from the values of `record`).
 * $today is written out as '2026-11-23'. The expression stands in parentheses. Columns: text, date
 * as text, time and duration as integer ms, bool as 0/1. The condition must fit SQL. */
typedef struct {
    ConditionColumn column;
    gpointer data;
    ConditionValue record; /* of $record.NAME; or NULL */
    gpointer record_data;
    gint64 now_ms;
    const char *actor;
} ConditionSql;
void condition_sql_in(const Condition *condition, const ConditionSql *how, GString *sql,
                      GArray *parameters);
void condition_sql(const Condition *condition, ConditionColumn column, gpointer data, gint64 now_ms,
                   const char *actor, GString *sql, GArray *parameters);

/* Calls `visit` for each literal that is compared with a name (comparison operators and IN), until
 * it returns false; returns that. Names inside an aggregate are left out. */
typedef gboolean (*ConditionVisit)(gpointer data, const char *name, const Term *literal);
gboolean condition_each_literal(const Condition *condition, ConditionVisit visit, gpointer data);

/* --- expressions: the same language, with a value instead of a truth --- */

/* Bounds and errors as for conditions. */
Expression *expression_parse(const char *text, const ConditionScope *scope, GError **error);
void expression_free(Expression *expression);
const char *expression_text(const Expression *expression);
/* As condition_each_literal, for the conditions inside. */
gboolean expression_each_literal(const Expression *expression, ConditionVisit visit, gpointer data);
TermKind expression_kind(const Expression *expression);
const CodeList *expression_codes(const Expression *expression); /* or NULL: no codes for sure */
/* TERM_NONE when it has no value. A made text is put into `texts`. */
Term expression_value(const Expression *expression, const ConditionEnv *env, GStringChunk *texts);
int terms_order(const Term *a, const Term *b); /* -1, 0, 1; of one kind, both with a value */

/* Calls `visit` for each name of the record that is read; for names in rows, with the rows' name.
 */
typedef void (*NameVisit)(gpointer data, const char *name);
void expression_each_name(const Expression *expression, NameVisit visit, gpointer data);
