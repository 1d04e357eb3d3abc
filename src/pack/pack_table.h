/* Tables of packs: figures of a standard or law, looked up by their keys (`lookup`) or by the range
 * a number falls into (`band`). Several tables of one name whose validity does not overlap are one
 * table over time. Read-only after load; any thread. */
#pragma once
#include "pack/pack.h"

typedef struct {
    char *name;
    TermKind kind;         /* TERM_TEXT or TERM_NUMBER: all its cells are of it */
    const CodeList *codes; /* its cells are codes; or NULL */
} TableColumn;

struct PackTable {
    char *name;
    Title title;
    GStrv basis; /* or NULL */
    char *source;
    Validity valid;
    GArray *columns; /* TableColumn */
    guint key_count; /* the first columns are keys; in a range table they are `from` and `below` */
    gboolean range;
    GPtrArray *rows;     /* Term*: one per column, TERM_NONE for an empty cell */
    GHashTable *by_keys; /* text of the keys -> Term* */
    PackTable *next;     /* of the same name, for other times; or NULL */
};

/* The table of this name; the first of its versions, which all have the same columns. */
const PackTable *packs_table_named(const Packs *packs, const char *name);
int table_column(const PackTable *table, const char *name); /* -1: there is none */
/* The version that is in force on a day; NULL when none is. */
const PackTable *table_on(const PackTable *table, gint64 day);
/* The cell of the row with these keys (key_count of them); TERM_NONE when there is no such row or
 * a key is empty. */
Term table_lookup(const PackTable *table, guint column, const Term *keys);
/* The cell of the row with from <= number < below; an empty bound is open. */
Term table_band(const PackTable *table, guint column, double number);
