/* Reading SQL texts just far enough: where quotes and comments end, where parameters and statements
 * stand, and which texts control the transaction. */
#include "store/sql_postgres.h"

#include <string.h>

static const char *after(const char *p, const char *end) {
    const char *found = strstr(p, end);
    return found ? found + strlen(end) : p + strlen(p);
}

/* The end of the quoted text, name or comment that starts at p; p itself when none does. A doubled
 * quote is the end of one and the start of the next. */
static const char *skip_quoted(const char *p) {
    if (*p == '\'' || *p == '"')
        return after(p + 1, *p == '"' ? "\"" : "'");
    if (p[0] == '-' && p[1] == '-')
        return after(p, "\n");
    if (p[0] == '/' && p[1] == '*')
        return after(p + 2, "*/");
    if (p[0] == '$' && p[1] == '$')
        return after(p + 2, "$$");
    return p;
}

static const char by_bytes[] = "COLLATE BINARY"; /* SQLite's word */

char *pg_translate(const char *text, int *n) {
    GString *out = g_string_sized_new(strlen(text) + 32);
    *n = 0;
    while (*text) {
        const char *end = skip_quoted(text);
        if (end > text) {
            g_string_append_len(out, text, end - text);
            text = end;
        } else if (*text == '?') {
            g_string_append_printf(out, "$%d", ++*n);
            text++;
        } else if (g_str_has_prefix(text, by_bytes)) {
            g_string_append(out, "COLLATE \"C\"");
            text += strlen(by_bytes);
        } else {
            g_string_append_c(out, *text++);
        }
    }
    return g_string_free(out, FALSE);
}

gsize pg_statement_length(const char *text) {
    const char *p = text;
    while (*p && *p != ';') {
        const char *end = skip_quoted(p);
        p = end > p ? end : p + 1;
    }
    return (gsize)(p - text);
}

PgControl pg_control_of(const char *text, const char **name) {
    static const struct {
        const char *words;
        PgControl control;
    } controls[] = {
        {"BEGIN", PG_BEGIN},       {"COMMIT", PG_COMMIT},        {"ROLLBACK TO ", PG_ROLLBACK_TO},
        {"ROLLBACK", PG_ROLLBACK}, {"SAVEPOINT ", PG_SAVEPOINT}, {"RELEASE ", PG_RELEASE}};
    for (guint i = 0; i < G_N_ELEMENTS(controls); i++)
        if (g_str_has_prefix(text, controls[i].words)) {
            *name = text + strlen(controls[i].words);
            return controls[i].control;
        }
    return PG_PLAIN;
}
