/* Queries that are announced before they are asked (sql_ahead): they travel with the next statement
 * that waits, and their rows are kept until the query itself comes, which then costs no round trip.
 *
 * An answer is thrown away when a table that its text names is written, and at every savepoint,
 * RELEASE, ROLLBACK and end of a transaction; the query then asks for itself. */
#include "store/sql_postgres.h"

#include <string.h>

static PgStatement *nth(const PgSql *pg, guint i) { return pg->ahead->pdata[i]; }

void pg_ahead(SqlStatement *base) {
    PgStatement *st = (PgStatement *)base;
    PgSql *pg = (PgSql *)base->sql;
    if (!pg_in_transaction(base->sql))
        return;
    st->place = 0;
    g_ptr_array_add(pg->ahead, st);
}

void pg_ahead_forget(PgSql *pg, PgStatement *st) { g_ptr_array_remove_fast(pg->ahead, st); }

void pg_ahead_forget_all(PgSql *pg) {
    while (pg->ahead->len > 0)
        pg_reset(&nth(pg, pg->ahead->len - 1)->base);
}

/* The first word after `words`, when the text begins with them. */
static char *word_after(const char *text, const char *words) {
    if (!g_str_has_prefix(text, words))
        return NULL;
    text += strlen(words);
    return g_strndup(text, strcspn(text, " ("));
}

char *pg_written_table(const char *text) {
    static const char *const writes[] = {"INSERT INTO ", "UPDATE ", "DELETE FROM "};
    if (g_str_has_prefix(text, "SELECT ") || g_str_has_prefix(text, "DECLARE "))
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(writes); i++) {
        char *table = word_after(text, writes[i]);
        if (table)
            return table;
    }
    return g_strdup(""); /* who knows: all of them */
}

/* A name that is part of another is only one answer more that is asked for again. */
void pg_ahead_written(PgSql *pg, const char *table) {
    for (guint i = pg->ahead->len; i-- > 0;) {
        PgStatement *st = nth(pg, i);
        if (strstr(st->text, table))
            pg_reset(&st->base);
    }
}

/* --- sent and answered --- */

gboolean pg_ahead_pending(const PgSql *pg) {
    for (guint i = 0; i < pg->ahead->len; i++)
        if (nth(pg, i)->place == 0)
            return TRUE;
    return FALSE;
}

gboolean pg_ahead_send(PgSql *pg, guint *place) {
    gboolean sent = TRUE;
    for (guint i = 0; sent && i < pg->ahead->len; i++) {
        PgStatement *st = nth(pg, i);
        if (st->place == 0) {
            sent = pg_send_prepared(pg, st, place);
            st->place = *place;
        }
    }
    return sent;
}

gboolean pg_ahead_answer(PgSql *pg, guint place, PGresult *result) {
    for (guint i = 0; i < pg->ahead->len; i++) {
        PgStatement *st = nth(pg, i);
        if (st->place == place && st->result == NULL) {
            st->result = result;
            st->row = -1;
            pg_prepared_well(pg, st);
            return TRUE;
        }
    }
    return FALSE;
}

void pg_ahead_settle(PgSql *pg) {
    for (guint i = pg->ahead->len; i-- > 0;)
        if (nth(pg, i)->place && nth(pg, i)->result == NULL)
            pg_reset(&nth(pg, i)->base);
}

/* --- asked --- */

static gboolean same_value(const PgStatement *a, const PgStatement *b, int i) {
    if (a->values[i] == NULL || b->values[i] == NULL)
        return a->values[i] == b->values[i];
    if (a->types[i] != b->types[i] || a->formats[i] != b->formats[i])
        return FALSE;
    if (a->formats[i] == 0)
        return strcmp(a->values[i], b->values[i]) == 0;
    return a->lengths[i] == b->lengths[i] &&
           memcmp(a->values[i], b->values[i], (gsize)a->lengths[i]) == 0;
}

static gboolean same_question(const PgStatement *a, const PgStatement *b) {
    gboolean same = a->n == b->n && strcmp(a->text, b->text) == 0;
    for (int i = 0; same && i < a->n; i++)
        same = same_value(a, b, i);
    return same;
}

PGresult *pg_ahead_take(PgSql *pg, const PgStatement *asked) {
    for (guint i = 0; i < pg->ahead->len; i++) {
        PgStatement *st = nth(pg, i);
        if (!same_question(st, asked))
            continue;
        PGresult *result = g_steal_pointer(&st->result);
        pg_reset(&st->base);
        return result;
    }
    return NULL;
}
