/* Changes of packs that records_migrate refuses because something that is stored would be lost, and
 * that somebody wants knowingly (anlan pack apply):
 *
 *   drop TYPE.FIELD, TYPE.ROWS.FIELD   the field and its values; or TYPE, which must have no
 * records rename TYPE.OLD=NEW                the same values under another name retype TYPE.FIELD
 * values as the kind that the pack says; what cannot be read as that is emptied, and counted
 *   map_state TYPE.OLD=NEW             records of a state that is gone stand in another one
 *
 * Each record that is touched gets a new version and an entry of the journal, `pack:drop` …, by the
 * system, with old and new values: what was dropped is still known there, and verify holds. */
#pragma once
#include "record/record.h"

typedef enum { CHANGE_RENAME, CHANGE_DROP, CHANGE_RETYPE, CHANGE_STATE, CHANGES } PackChangeKind;

typedef struct {
    PackChangeKind kind;
    char *type;
    char *rows;     /* field of kind rows that holds the field; or NULL */
    char *name;     /* field, or state; NULL: the type itself is dropped */
    char *to;       /* new name, or state; or NULL */
    gint64 records; /* touched */
    gint64 emptied; /* values that retype could not read */
    char *example;  /* one of them: "ID: VALUE"; or NULL */
} PackChange;

GPtrArray *pack_changes_new(void); /* of PackChange */
/* Reads "TYPE.FIELD" or "TYPE.OLD=NEW". ERROR_CONFIG. */
gboolean pack_changes_add(GPtrArray *changes, PackChangeKind kind, const char *text,
                          GError **error);
/* What was done, as a line for people; caller frees. */
char *pack_change_text(const PackChange *change);
/* Makes the changes, then migrates (records_migrate): inside a transaction of the writer that the
 * caller commits, or rolls back after a failure or to have only looked; on a connection that has
 * not read records yet, because PostgreSQL keeps the kinds of its columns with what it has
 * prepared. ERROR_PACK when a change does not fit what is stored and what the packs say. */
gboolean pack_changes_apply(Sql *sql, const Packs *packs, GPtrArray *changes, gint64 now_ms,
                            GError **error);

/* --- between pack_change.c and pack_change_field.c --- */
/* The values of one field; `number` differs for every change of a connection. */
gboolean pack_change_field(Sql *sql, const Packs *packs, PackChange *change, guint number,
                           gint64 now_ms, GError **error);
