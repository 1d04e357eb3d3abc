/* Conditions: a subset of CQL2-text (OGC 21-065) in one parser, evaluated in memory or compiled to
 * SQL; total, without loops.
 *
 * condition_parse names unknown fields and mismatched kinds at once. A Condition is read-only and
 * may be shared. Three-valued logic as in SQL: a comparison with a missing value is unknown, and
 * only TRUE counts. */
#pragma once
#include <glib.h>

/* What a name in a condition is, so that literals are checked and compared rightly. */
typedef enum {
    TERM_NONE,
    TERM_TEXT,
    TERM_NUMBER,
    TERM_BOOL,
    TERM_DATE,
    TERM_TIME,
    TERM_DURATION
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

typedef struct Condition Condition;

/* `text` is at most 4000 bytes and nests at most 32 deep (NOT and parentheses). Errors:
 * ERROR_CONDITION with the character's place. Keywords in any case; a quote inside '...' is
 * doubled; a field whose name is a keyword stands in "...". LIKE heeds case; % is any text, _ one
 * character, \ takes the next sign as it is. */
Condition *condition_parse(const char *text, ConditionKind kind, gpointer data, GError **error);
void condition_free(Condition *condition);
const char *condition_text(const Condition *condition);

/* `actor` may be NULL; $today is the day of now_ms in +08:00. */
gboolean condition_holds(const Condition *condition, ConditionValue value, gpointer data,
                         gint64 now_ms, const char *actor);

/* Whether the condition may become true when the names for which `open` says so get other values:
 * each part of a chain of AND that names none of them must hold now. */
typedef gboolean (*ConditionOpen)(gpointer data, const char *name);
gboolean condition_possible(const Condition *condition, ConditionValue value, gpointer data,
                            gint64 now_ms, const char *actor, ConditionOpen open,
                            gpointer open_data);

/* Appends an SQL expression with `?` parameters to `sql` and the parameters to `parameters` (array
 * of Term; text is borrowed from the condition or from `actor`). $today is written out as
 * '2026-11-23'. The expression stands in parentheses. Columns: text, date as text, time as integer
 * ms, bool as 0/1, duration as integer ms. */
void condition_sql(const Condition *condition, ConditionColumn column, gpointer data, gint64 now_ms,
                   const char *actor, GString *sql, GArray *parameters);

/* Calls `visit` for each literal that is compared with a name (comparison operators and IN), until
 * it returns false; returns that. */
typedef gboolean (*ConditionVisit)(gpointer data, const char *name, const Term *literal);
gboolean condition_each_literal(const Condition *condition, ConditionVisit visit, gpointer data);
