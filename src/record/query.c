#include "record/query.h"

Query *query_new(const char *text) {
    Query *query = g_new(Query, 1);
    query->text = g_string_new(text);
    query->terms = g_array_new(FALSE, FALSE, sizeof(Term));
    query->texts = g_ptr_array_new_with_free_func(g_free);
    return query;
}

void query_free(Query *query) {
    g_string_free(query->text, TRUE);
    g_array_free(query->terms, TRUE);
    g_ptr_array_free(query->texts, TRUE);
    g_free(query);
}

void query_add(Query *query, const char *text) { g_string_append(query->text, text); }

void query_add_format(Query *query, const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_string_append_vprintf(query->text, format, list);
    va_end(list);
}

void query_param_text(Query *query, const char *value) {
    Term term = {.kind = TERM_NONE};
    if (value) {
        term = (Term){.kind = TERM_TEXT, .text = g_strdup(value)};
        g_ptr_array_add(query->texts, (gpointer)term.text);
    }
    g_array_append_val(query->terms, term);
}

void query_param_int(Query *query, gint64 value) {
    Term term = {.kind = TERM_TIME, .time_ms = value};
    g_array_append_val(query->terms, term);
}

void query_param_double(Query *query, double value) {
    Term term = {.kind = TERM_NUMBER, .number = value};
    g_array_append_val(query->terms, term);
}

static void bind_term(SqlStatement *st, int index, const Term *term) {
    switch (term->kind) {
    case TERM_NONE:
    case TERM_SEALED:
        sql_bind_null(st, index);
        break;
    case TERM_TEXT:
    case TERM_DATE:
        sql_bind_text(st, index, term->text);
        break;
    case TERM_NUMBER:
        sql_bind_double(st, index, term->number);
        break;
    case TERM_TIME:
    case TERM_DURATION:
        sql_bind_int(st, index, term->time_ms);
        break;
    case TERM_BOOL:
        sql_bind_int(st, index, term->truth);
        break;
    }
}

SqlStatement *query_start(const Query *query, Sql *sql, GError **error) {
    SqlStatement *st = sql_prepare(sql, query->text->str, error);
    for (guint i = 0; st && i < query->terms->len; i++)
        bind_term(st, (int)i + 1, &g_array_index(query->terms, Term, i));
    return st;
}

gboolean query_int(const Query *query, Sql *sql, gint64 *value, GError **error) {
    *value = 0;
    SqlStatement *st = query_start(query, sql, error);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_ROW) {
        *value = sql_int(st, 0);
        sql_reset(st);
    }
    return step != SQL_FAILED;
}
