/* Any bytes as a condition: parsing ends with a tree or an error, and the tree says the same in
 * memory as SQLite does, where that can say it; else it is only evaluated. */
#include "base/clock.h"
#include "pack/condition.h"

#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct {
    const char *name;
    Term term;
} fields[] = {
    {"a", {.kind = TERM_TEXT, .text = "a%_\\*酒"}},
    {"b", {.kind = TERM_NONE}}, /* a text without value */
    {"n", {.kind = TERM_NUMBER, .number = 2.5}},
    {"f", {.kind = TERM_BOOL, .truth = TRUE}},
    {"d", {.kind = TERM_DATE, .text = "2026-03-05"}},
    {"t", {.kind = TERM_TIME, .time_ms = 1000}},
};

static TermKind kind_of(gpointer data, const char *name) {
    (void)data;
    if (strcmp(name, "b") == 0)
        return TERM_TEXT;
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].term.kind;
    return TERM_NONE;
}

static Term value_of(gpointer data, const char *name) {
    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].term;
    g_assert_not_reached();
}

static const char *column_of(gpointer data, const char *name) {
    (void)data;
    return g_intern_string(name);
}

static void bind(sqlite3_stmt *statement, int i, const Term *term) {
    if (term->kind == TERM_TEXT || term->kind == TERM_DATE)
        sqlite3_bind_text(statement, i, term->text, -1, SQLITE_STATIC);
    else if (term->kind == TERM_NUMBER)
        sqlite3_bind_double(statement, i, term->number);
    else if (term->kind == TERM_TIME)
        sqlite3_bind_int64(statement, i, term->time_ms);
    else if (term->kind == TERM_BOOL)
        sqlite3_bind_int(statement, i, term->truth);
}

static sqlite3 *database(void) {
    static sqlite3 *db;
    if (db == NULL) {
        g_assert(sqlite3_open(":memory:", &db) == SQLITE_OK);
        g_assert(
            sqlite3_exec(db,
                         "CREATE TABLE r (a TEXT, b TEXT, n REAL, f INTEGER, d TEXT, t INTEGER);"
                         "INSERT INTO r VALUES ('a%_\\*酒', NULL, 2.5, 1, '2026-03-05', 1000);",
                         NULL, NULL, NULL) == SQLITE_OK);
    }
    return db;
}

static gboolean holds_in_sql(const Condition *condition, gint64 now_ms, const char *actor) {
    g_autoptr(GString) sql = g_string_new("SELECT 1 FROM r WHERE ");
    g_autoptr(GArray) parameters = g_array_new(FALSE, FALSE, sizeof(Term));
    sqlite3_stmt *statement = NULL;
    condition_sql(condition, column_of, NULL, now_ms, actor, sql, parameters);
    g_assert(sqlite3_prepare_v2(database(), sql->str, -1, &statement, NULL) == SQLITE_OK);
    for (guint i = 0; i < parameters->len; i++)
        bind(statement, (int)i + 1, &g_array_index(parameters, Term, i));
    gboolean holds = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return holds;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    const gint64 now_ms = 1772683200000; /* 2026-03-05 12:00 +08:00 */
    g_autofree char *text = g_strndup((const char *)bytes, size);
    const char *actor = size % 2 ? "a" : NULL;
    GError *error = NULL;
    Condition *condition = condition_parse(text, kind_of, NULL, &error);
    g_assert((condition == NULL) == (error != NULL));
    g_clear_error(&error);
    if (condition && condition_fits_sql(condition, NULL))
        g_assert(condition_holds(condition, value_of, NULL, now_ms, actor) ==
                 holds_in_sql(condition, now_ms, actor));
    else if (condition)
        condition_holds(condition, value_of, NULL, now_ms, actor);
    condition_free(condition);
    return 0;
}
