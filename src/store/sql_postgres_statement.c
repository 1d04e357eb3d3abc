/* Statements on PostgreSQL: parameters go with the type they are bound with (numbers and blobs in
 * binary), results come as text and are held whole, so that any number of statements of a
 * connection can be read side by side. */
#include "base/error.h"
#include "store/sql_postgres.h"

#include <stdlib.h>
#include <string.h>

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25, OID_FLOAT8 = 701 };

static PgStatement *pg_of(const SqlStatement *st) { return (PgStatement *)st; }

SqlStatement *pg_prepare(Sql *sql, const char *text, gboolean scan, GError **error) {
    (void)error;
    PgStatement *st = g_new0(PgStatement, 1);
    st->text = pg_translate(text, &st->n);
    if (scan) {
        g_autofree char *query = st->text;
        st->cursor = g_strdup_printf("scan%u", ++((PgSql *)sql)->names);
        st->text = g_strdup_printf("DECLARE %s NO SCROLL CURSOR FOR %s", st->cursor, query);
    }
    st->writes = pg_written_table(st->text);
    gsize n = (gsize)st->n + 1; /* never null */
    st->types = g_new0(Oid, n);
    st->prepared = g_new0(Oid, n);
    st->texts = g_new0(char *, n);
    st->words = g_new0(guint64, n);
    st->values = g_new0(const char *, n);
    st->lengths = g_new0(int, n);
    st->formats = g_new0(int, n);
    st->blobs = g_ptr_array_new_with_free_func(PQfreemem);
    return &st->base;
}

void pg_finalize(SqlStatement *base) {
    PgStatement *st = pg_of(base);
    PgSql *pg = (PgSql *)base->sql;
    pg_ahead_forget(pg, st);
    if (st->name && st->generation == pg->generation)
        g_ptr_array_add(pg->waiting, g_strdup_printf("DEALLOCATE %s", st->name));
    for (int i = 0; i < st->n; i++)
        g_free(st->texts[i]);
    gpointer parts[] = {st->text,     st->cursor, st->name,  st->writes,           st->types,
                        st->prepared, st->texts,  st->words, (gpointer)st->values, st->lengths,
                        st->formats};
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_free(parts[i]);
    g_ptr_array_free(st->blobs, TRUE);
    PQclear(st->result);
    g_free(st);
}

gboolean pg_busy(const SqlStatement *base) {
    PgStatement *st = pg_of(base);
    PgSql *pg = (PgSql *)base->sql;
    return st->result || st->open || g_ptr_array_find(pg->ahead, st, NULL);
}

static void cursor_close(PgStatement *st) {
    PgSql *pg = (PgSql *)st->base.sql;
    if (st->open && pg_in_transaction(st->base.sql) &&
        PQtransactionStatus(pg->conn) != PQTRANS_INERROR)
        g_ptr_array_add(pg->waiting, g_strconcat("CLOSE ", st->cursor, NULL));
    st->open = FALSE;
}

void pg_reset(SqlStatement *base) {
    PgStatement *st = pg_of(base);
    cursor_close(st);
    pg_ahead_forget((PgSql *)base->sql, st);
    PQclear(st->result);
    st->result = NULL;
    st->place = 0;
    g_ptr_array_set_size(st->blobs, 0);
}

void pg_clear(SqlStatement *base) {
    PgStatement *st = pg_of(base);
    pg_reset(base);
    for (int i = 0; i < st->n; i++)
        st->values[i] = NULL;
}

/* --- parameters; a null keeps the type its place had before --- */

static void set(PgStatement *st, int index, Oid type, const void *value, gsize n) {
    g_assert(index >= 1 && index <= st->n && n <= G_MAXINT);
    st->types[index - 1] = type;
    st->values[index - 1] = value;
    st->lengths[index - 1] = (int)n;
    st->formats[index - 1] = type != OID_TEXT;
}

void pg_bind_text(SqlStatement *base, int index, const char *value) {
    PgStatement *st = pg_of(base);
    g_assert(index >= 1 && index <= st->n);
    g_free(st->texts[index - 1]);
    st->texts[index - 1] = g_strdup(value);
    set(st, index, OID_TEXT, st->texts[index - 1], 0);
}

static void set_word(PgStatement *st, int index, Oid type, guint64 bits) {
    g_assert(index >= 1 && index <= st->n);
    st->words[index - 1] = GUINT64_TO_BE(bits);
    set(st, index, type, &st->words[index - 1], sizeof bits);
}

void pg_bind_int(SqlStatement *st, int index, gint64 value) {
    set_word(pg_of(st), index, OID_INT8, (guint64)value);
}

void pg_bind_double(SqlStatement *st, int index, double value) {
    guint64 bits;
    memcpy(&bits, &value, sizeof bits);
    set_word(pg_of(st), index, OID_FLOAT8, bits);
}

void pg_bind_blob(SqlStatement *st, int index, const void *bytes, gsize n) {
    set(pg_of(st), index, OID_BYTEA, n ? bytes : "", n);
}

void pg_bind_null(SqlStatement *base, int index) {
    PgStatement *st = pg_of(base);
    g_assert(index >= 1 && index <= st->n);
    st->values[index - 1] = NULL;
}

/* --- rows --- */

enum { PORTION = 1000 }; /* rows of a scan that are held at a time */

static gboolean fetch(PgStatement *st, GError **error) {
    g_autofree char *text = g_strdup_printf("FETCH %d FROM %s", PORTION, st->cursor);
    PQclear(st->result);
    st->result = NULL;
    st->row = -1;
    return pg_run((PgSql *)st->base.sql, NULL, text, &st->result, error);
}

static gboolean start(PgStatement *st, GError **error) {
    PgSql *pg = (PgSql *)st->base.sql;
    const char *name;
    PgControl control = pg_control_of(st->text, &name);
    st->row = -1;
    if (control != PG_PLAIN)
        return pg_control(pg, control, name, error);
    if (st->cursor == NULL) {
        st->result = pg_ahead_take(pg, st);
        return st->result || pg_run(pg, st, NULL, &st->result, error);
    }
    st->open = pg_run(pg, st, NULL, NULL, error);
    return st->open && fetch(st, error);
}

static gboolean next_row(PgStatement *st) {
    return st->result && ++st->row < PQntuples(st->result);
}

static gboolean more_to_fetch(const PgStatement *st) {
    return st->open && PQntuples(st->result) == PORTION;
}

SqlStep pg_step(SqlStatement *base, GError **error) {
    PgStatement *st = pg_of(base);
    gboolean good = st->result != NULL || start(st, error);
    g_ptr_array_set_size(st->blobs, 0);
    if (good && next_row(st))
        return SQL_ROW;
    if (good && more_to_fetch(st)) {
        good = fetch(st, error);
        if (good && next_row(st))
            return SQL_ROW;
    }
    pg_reset(base);
    return good ? SQL_DONE : SQL_FAILED;
}

gboolean pg_send(SqlStatement *base, GError **error) {
    return pg_send_only((PgSql *)base->sql, pg_of(base)) || pg_step(base, error) == SQL_DONE;
}

gboolean pg_is_null(SqlStatement *st, int column) {
    return PQgetisnull(pg_of(st)->result, pg_of(st)->row, column);
}

const char *pg_text(SqlStatement *st, int column) {
    return pg_is_null(st, column) ? NULL : PQgetvalue(pg_of(st)->result, pg_of(st)->row, column);
}

gint64 pg_integer(SqlStatement *st, int column) {
    const char *text = pg_text(st, column);
    Oid type = PQftype(pg_of(st)->result, column);
    if (text == NULL)
        return 0;
    if (type == OID_BOOL)
        return *text == 't';
    return type == OID_FLOAT8 ? (gint64)g_ascii_strtod(text, NULL)
                              : g_ascii_strtoll(text, NULL, 10);
}

double pg_real(SqlStatement *st, int column) {
    const char *text = pg_text(st, column);
    return text ? g_ascii_strtod(text, NULL) : 0;
}

const void *pg_blob(SqlStatement *base, int column, gsize *n) {
    PgStatement *st = pg_of(base);
    *n = 0;
    const char *text = pg_text(base, column);
    if (text == NULL || PQftype(st->result, column) != OID_BYTEA) {
        *n = text ? strlen(text) : 0;
        return text;
    }
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, n);
    g_ptr_array_add(st->blobs, bytes);
    return bytes;
}
