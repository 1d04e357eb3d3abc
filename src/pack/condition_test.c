#include "base/clock.h"
#include "base/duration.h"
#include "base/error.h"
#include "pack/condition.h"
#include "store/test_database.h"

#include <string.h>

/* ---- a record of twelve fields, two of each kind ---- */

typedef enum { A, B, N, M, F, G, D, E, T, U, S, R, FIELDS } FieldIndex;

static const struct {
    const char *name;
    TermKind kind;
    const char *column, *sql_type;
} fields[FIELDS] = {
    [A] = {"a", TERM_TEXT, "\"a\"", "{text}"},
    [B] = {"like", TERM_TEXT, "\"like\"", "{text}"},
    [N] = {"n", TERM_NUMBER, "\"n\"", "{real}"},
    [M] = {"m", TERM_NUMBER, "\"m\"", "{int}"},
    [F] = {"f", TERM_BOOL, "\"f\"", "{int}"},
    [G] = {"g", TERM_BOOL, "\"g\"", "{int}"},
    [D] = {"d", TERM_DATE, "\"d\"", "{text}"},
    [E] = {"date", TERM_DATE, "\"date\"", "{text}"},
    [T] = {"t", TERM_TIME, "\"t\"", "{int}"},
    [U] = {"u", TERM_TIME, "\"u\"", "{int}"},
    [S] = {"s", TERM_DURATION, "\"s\"", "{int}"},
    [R] = {"duration", TERM_DURATION, "\"duration\"", "{int}"},
};

typedef struct {
    Term terms[FIELDS];
} Row;

static int field_index(const char *name) {
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].name, name) == 0)
            return i;
    return -1;
}

static TermKind kind_of(gpointer data, const char *name) {
    (void)data;
    int i = field_index(name);
    return i < 0 ? TERM_NONE : fields[i].kind;
}

static Term value_of(gpointer data, const char *name) {
    return ((Row *)data)->terms[field_index(name)];
}

static const char *column_of(gpointer data, const char *name) {
    (void)data;
    return fields[field_index(name)].column;
}

/* 2026-03-05 12:00 +08:00 */
static gint64 noon(void) {
    gint64 ms;
    g_assert_true(time_parse("2026-03-05T12:00:00+08:00", &ms));
    return ms;
}

static gboolean holds(const char *text, const Row *row, const char *actor) {
    GError *error = NULL;
    Condition *condition = condition_parse(text, kind_of, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(condition_text(condition), ==, text);
    gboolean truth = condition_holds(condition, value_of, (gpointer)row, noon(), actor);
    condition_free(condition);
    return truth;
}

/* ---- what is true ---- */

static void test_truth(void) {
    static const Row row = {.terms = {[A] = {.kind = TERM_TEXT, .text = "Ab_%'酒精"},
                                      [N] = {.kind = TERM_NUMBER, .number = 2.5},
                                      [F] = {.kind = TERM_BOOL, .truth = TRUE},
                                      [D] = {.kind = TERM_DATE, .text = "2026-03-05"},
                                      [T] = {.kind = TERM_TIME, .time_ms = 1000},
                                      [S] = {.kind = TERM_DURATION, .time_ms = 30600000}}};
    static const struct {
        const char *text;
        gboolean truth;
    } cases[] = {
        {"a = 'Ab_%''酒精'", TRUE},
        {"a <> 'x'", TRUE},
        {"'x' <> a", TRUE},
        {"a < 'B' AND a > 'A'", TRUE},
        {"n BETWEEN 2 AND 3", TRUE},
        {"n NOT BETWEEN 2 AND 3", FALSE},
        {"n between 2.6 and 3", FALSE},
        {"n IN (1, 2.5)", TRUE},
        {"n not in (1, 2)", TRUE},
        {"n >= -25e-1 AND n<=25E-1", TRUE},
        {"f = TRUE", TRUE},
        {"f <> FALSE", TRUE},
        {"g = TRUE", FALSE},
        {"NOT g = TRUE", FALSE}, /* unknown stays unknown */
        {"g = TRUE OR f = TRUE", TRUE},
        {"NOT (g = TRUE AND f = FALSE)", TRUE},
        {"g IS NULL", TRUE},
        {"g IS NOT NULL", FALSE},
        {"\"like\" IS NULL AND date IS NULL", TRUE},
        {"d = $today", TRUE},
        {"d < $today + 1d AND d > $today - 1d", TRUE},
        {"d = DATE('2026-03-05')", TRUE},
        {"t < $now", TRUE},
        {"t = TIMESTAMP('1970-01-01T00:00:01Z')", TRUE},
        {"t > $now - 3h", FALSE},
        {"s > DURATION('PT8H') AND s <= DURATION('PT510M')", TRUE},
        {"s in (DURATION('PT8H'), duration('PT8H30M'))", TRUE},
        {"duration IS NULL", TRUE},
        {"$now < $now + 1h AND $now+1d > $now +23h", TRUE},
        {"a = $actor", FALSE},
        {"a IN ('x', $actor)", FALSE},
        {"NOT a IN ('x', $actor)", FALSE}, /* nobody: unknown */
        {"a LIKE 'Ab%'", TRUE},
        {"a LIKE 'ab%'", FALSE}, /* LIKE heeds case */
        {"a LIKE '__\\_\\%_酒_'", TRUE},
        {"a LIKE '%酒'", FALSE},
        {"a NOT LIKE '%酒'", TRUE},
        {"a LIKE '%%%精'", TRUE},
        {"a LIKE ''", FALSE},
        {"\"like\" LIKE '%'", FALSE},
        {"TRUE", TRUE},
        {"FALSE OR NOT FALSE", TRUE},
        {"1 = 1 AND 'a' < 'b'", TRUE},
        {"f = TRUE OR f = FALSE AND n = 0", TRUE}, /* AND binds closer */
        {"(f = TRUE OR f = FALSE) AND n = 0", FALSE},
        {"n * 2 + 1 = 6", TRUE},
        {"1 + n * 2 = 6 AND (1 + n) * 2 = 7", TRUE},
        {"10 - 2 - 3 = 5 AND 8 / 4 / 2 = 1", TRUE},
        {"-n + 2.5 = 0 AND -(n - 1) = -1.5", TRUE},
        {"(n) = 2.5 AND (n + 1) BETWEEN 3 AND 4 AND (n) IS NOT NULL", TRUE},
        {"n / 0 = 1", FALSE},
        {"NOT n / 0 = 1", FALSE}, /* no value, so unknown */
        {"n / 0 IS NULL", TRUE},
        {"m + 1 IS NULL AND m * 0 IS NULL", TRUE}, /* unknown is not 0 */
        {"round(2.675, 2) = 2.68 AND round(2.5) = 3 AND round(-2.5) = -3", TRUE},
        {"round(1.005, 2) = 1.01 AND round(0.285, 2) = 0.29", TRUE},
        {"least(n, 7, 3) = 2.5 AND greatest(n, 7, 3) = 7", TRUE},
        {"least(n, m) IS NULL AND greatest(m, n) IS NULL", TRUE},
        {"coalesce(m, n, 1) = 2.5", TRUE},
        {"choose(n > 1, 'big', 'small') = 'big'", TRUE},
        {"choose(n > 3, 'big', 'small') = 'small'", TRUE},
        {"choose(m > 3, 'big', 'small') IS NULL", TRUE}, /* unknown chooses nothing */
        {"choose(m IS NOT NULL AND m > 3, 1, 0) = 0", TRUE},
        {"days(DATE('2026-02-27'), d) = 6 AND days(d, DATE('2024-02-29')) = -735", TRUE},
        {"days(d, $now) = 0 AND days(TIMESTAMP('2026-03-04T15:59:59Z'), d) = 1", TRUE},
        {"days(TIMESTAMP('2026-03-04T16:00:00Z'), d) = 0", TRUE}, /* 00:00 +08:00 */
        {"age(DATE('2000-03-05'), d) = 26 AND age(DATE('2000-03-06'), d) = 25", TRUE},
        {"year($today) = 2026 AND year(TIMESTAMP('2025-12-31T16:00:00Z')) = 2026", TRUE},
        {"add(d, '3d') = DATE('2026-03-08') AND add(d, '1m') = DATE('2026-04-05')", TRUE},
        {"add(DATE('2024-02-29'), '1y') = DATE('2025-02-28')", TRUE},
        {"add($now, '3h') = $now + 3h", TRUE},
        {"add(d, '-60d') = DATE('2026-01-04') AND add(d, '-1m') = DATE('2026-02-05')", TRUE},
        {"add(DATE('2024-02-29'), '-1y') = DATE('2023-02-28')", TRUE},
        {"add(d, '-9999y') IS NULL AND add(d, '9999y') IS NULL", TRUE}, /* no such years */
        {"concat('a', n, d) = 'a2.52026-03-05' AND concat('a', m) IS NULL", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (holds(cases[i].text, &row, NULL) != cases[i].truth)
            g_error("%s", cases[i].text);
    }
    g_assert_true(holds("'ann' = $actor", &row, "ann"));
    g_assert_true(holds("NOT 'x' IN ('y', $actor)", &row, "ann"));
}

/* ---- what is refused, and where ---- */

static void test_errors(void) {
    static const struct {
        const char *text, *place, *words;
    } cases[] = {
        {"", "1", "值或字段"},
        {"nothing = 1", "1", "no field nothing"},
        {"N = 1", "1", "no field N"},
        {"a = 1", "5", "'...'"},
        {"酒 = 1", "1", "无法识别"},
        {"a = '酒' AND n = 'x'", "17", "123"},
        {"d > '2026-01-01'", "5", "DATE("},
        {"t > $today", "5", "TIMESTAMP("},
        {"d = DATE('2026-02-30')", "10", "日期或时间"},
        {"t = TIMESTAMP('2026-02-03')", "15", "日期或时间"},
        {"s > 8", "5", "DURATION("},
        {"s > DURATION('8h')", "14", "date, time or duration"},
        {"s > DURATION('P1M')", "14", "date, time or duration"},
        {"a = 'x", "5", "does not end"},
        {"a", "2", "比较"},
        {"f", "2", "比较"},
        {"a =", "4", "值或字段"},
        {"a = b c", "5", "no field b"},
        {"a = 'x' a", "9", "should end here"},
        {"(a = 'x'", "9", ") is expected"},
        {"a = 'x')", "8", "should end here"},
        {"a IN ()", "7", "值或字段"},
        {"a IN ('x',)", "11", "值或字段"},
        {"a IN 'x'", "6", "( is expected"},
        {"n BETWEEN 1", "12", "AND is expected"},
        {"f > TRUE", "3", "booleans"},
        {"f BETWEEN TRUE AND TRUE", "11", "booleans"},
        {"n LIKE 'x'", "8", "text only"},
        {"a LIKE a", "8", "must follow LIKE"},
        {"a IS 'x'", "6", "NULL is expected"},
        {"$now IS NULL", "9", "fields only"},
        {"a NOT = 'x'", "7", "must follow NOT"},
        {"$then = 'x'", "1", "$now, $today"},
        {"t > $now + 1w", "12", "span"},
        {"t > $now + 1", "12", "span"},
        {"t > $now + 1234567d", "12", "span"},
        {"t > $now + 1days", "12", "span"},
        {"d > $today + 3h", "14", "days"},
        {"a = $actor + 1d", "5", "a number"},
        {"n = 1e999", "5", "too large"},
        {"n = -a", "5", "a number"},
        {"n = + 1", "5", "value is expected"},
        {"n == 1", "4", "值或字段"},
        {"a = 'x' OR OR a = 'x'", "12", "keyword"},
        {"a = NULL", "5", "keyword"},
        {"a; DROP TABLE t", "2", "无法识别"},
        {"\"a\"\"\" = 'x'", "1", "no field"},
        {"\"a = 'x'", "1", "does not end"},
        {"n = 1 -- x", "10", "no field x"},
        {"a = '\xff'", "1", "UTF-8"},
        {"n + a > 1", "5", "“+” needs here a number"},
        {"a * 2 > 1", "1", "“*” needs here a number"},
        {"n > nothing(1)", "5", "no function nothing"},
        {"n = round()", "11", "1–2 values"},
        {"n = round(1, 2, 3)", "11", "1–2 values"},
        {"n = round(n, m)", "11", "decimals"},
        {"n = round(n, 7)", "11", "decimals"},
        {"n = least(n)", "11", "2–16 values"},
        {"n = least(n, t)", "14", "one kind"},
        {"n = coalesce(n, 'x')", "17", "one kind"},
        {"n = choose(n, 1, 2)", "13", "比较"},
        {"n = choose(n > 1, 1, 'x')", "22", "one kind"},
        {"n = choose(n > 1, 1)", "19", "2 values"},
        {"n = days(d)", "10", "2 values"},
        {"n = days(n, d)", "10", "a date or time"},
        {"n = age(t, d)", "9", "a date or time"},
        {"d = add(d, '3')", "12", "'10wd'"},
        {"d = add(d, '--3d')", "12", "'10wd'"},
        {"d = add(d, '3h')", "12", "hours"},
        {"d = add(d, a)", "12", "a code that stands for a span"},
        {"n = sum(rows.x)", "9", "no field of rows rows"},
        {"n = count(n)", "11", "no field of rows n"},
        {"a = worst(a, a)", "11", "one code list"},
        {"a = lookup('x', 'y', 1)", "12", "no table x"},
        {"n = band(n, 1)", "10", "the name of a table"},
        {"a UNDER 'x'", "9", "codes only"},
        {"n = 1e16 + n", "5", "1e15"},
        {"n = n / 1e-16", "9", "1e15"},
        {"a.b = 1", "1", "no field a.b"},
        {"a = $record.b", "5", "no field b"},
        {"(n + 1 > 2", "11", ") is expected"},
        {"(n + 1) * = 2", "11", "值或字段"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        if (condition_parse(cases[i].text, kind_of, NULL, &error))
            g_error("accepted: %s", cases[i].text);
        g_assert_cmpint(error_kind(error), ==, ERROR_CONDITION);
        g_autofree char *detail = error_detail(error, LANG_EN), *hint = error_hint(error, LANG_EN);
        g_autofree char *place = g_strdup_printf("At character %s;", cases[i].place);
        if (!strstr(detail, cases[i].words) || !g_str_has_prefix(hint, place))
            g_error("%s: %s (%s)", cases[i].text, detail, hint);
        g_error_free(error);
    }
}

static void refused(const char *text) {
    GError *error = NULL;
    g_assert_null(condition_parse(text, kind_of, NULL, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_CONDITION);
    g_error_free(error);
}

/* ---- literals compared with names ---- */

static gboolean note_literal(gpointer data, const char *name, const Term *literal) {
    g_string_append_printf(data, "%s:%s ", name, literal->text ? literal->text : "-");
    return strcmp(name, "n") != 0;
}

static void test_literals(void) {
    g_autoptr(GString) seen = g_string_new(NULL);
    Condition *condition = condition_parse(
        "a = 'x' AND ('y' <> a OR NOT a IN ('p', $actor, 'q')) AND n = 1 AND a = 'no'", kind_of,
        NULL, NULL);
    g_assert_false(condition_each_literal(condition, note_literal, seen));
    g_assert_cmpstr(seen->str, ==, "a:x a:y a:p a:q n:- ");
    condition_free(condition);
}

/* ---- what may still become true ---- */

static gboolean is_n(gpointer data, const char *name) {
    (void)data;
    return strcmp(name, "n") == 0;
}

static gboolean possible(const char *text, const Row *row) {
    Condition *condition = condition_parse(text, kind_of, NULL, NULL);
    ConditionEnv env = {.value = value_of, .data = (gpointer)row, .now_ms = noon()};
    gboolean truth = condition_possible(condition, &env, is_n, NULL);
    condition_free(condition);
    return truth;
}

/* n may still change, a may not. */
static void test_possible(void) {
    Row row = {0};
    row.terms[field_index("a")] = (Term){.kind = TERM_TEXT, .text = "x"};
    g_assert_true(possible("n = 1", &row));
    g_assert_true(possible("a = 'x' AND n = 1", &row));
    g_assert_false(possible("a = 'y' AND n = 1", &row));
    g_assert_false(possible("a IS NULL", &row));
    g_assert_true(possible("a = 'y' OR n = 1", &row));
    g_assert_false(possible("n IS NULL AND NOT a = 'x'", &row));
}

/* ---- agreement with SQL ---- */

static void bind(SqlStatement *statement, int i, const Term *term) {
    switch (term->kind) {
    case TERM_NONE:
    case TERM_SEALED:
        sql_bind_null(statement, i);
        break;
    case TERM_TEXT:
    case TERM_DATE:
        sql_bind_text(statement, i, term->text);
        break;
    case TERM_NUMBER:
        sql_bind_double(statement, i, term->number);
        break;
    case TERM_BOOL:
        sql_bind_int(statement, i, term->truth);
        break;
    case TERM_TIME:
    case TERM_DURATION:
        sql_bind_int(statement, i, term->time_ms);
        break;
    }
}

static SqlStatement *compiled(Sql *db, const Condition *condition, const char *actor) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) sql = g_string_new("SELECT k FROM t WHERE (1 = 1) AND ");
    g_autoptr(GArray) parameters = g_array_new(FALSE, FALSE, sizeof(Term));
    condition_sql(condition, column_of, NULL, noon(), actor, sql, parameters);
    g_string_append(sql, " ORDER BY k");
    SqlStatement *statement = sql_prepare(db, sql->str, &error);
    if (statement == NULL)
        g_error("%s: %s", error->message, sql->str);
    for (guint i = 0; i < parameters->len; i++)
        bind(statement, (int)i + 1, &g_array_index(parameters, Term, i));
    return statement;
}

static gboolean step(SqlStatement *statement, const char *text) {
    g_autoptr(GError) error = NULL;
    SqlStep step = sql_step(statement, &error);
    if (step == SQL_FAILED)
        g_error("%s: %s", text, error->message);
    return step == SQL_ROW;
}

enum { ROWS = 60 };

static void insert_row(Sql *db, int k, const Row *row) {
    SqlStatement *statement =
        sql_prepare(db, "INSERT INTO t VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", NULL);
    sql_bind_int(statement, 1, k);
    for (int i = 0; i < FIELDS; i++)
        if (i == M && row->terms[i].kind)
            sql_bind_int(statement, i + 2, (gint64)row->terms[i].number);
        else
            bind(statement, i + 2, &row->terms[i]);
    g_assert_false(step(statement, "insert"));
}

static Sql *database(TestDatabase *test, const Row *rows, int n) {
    g_autoptr(GString) text = g_string_new("CREATE TABLE t (k {int}");
    for (int i = 0; i < FIELDS; i++)
        g_string_append_printf(text, ", %s %s", fields[i].column, fields[i].sql_type);
    g_string_append_c(text, ')');
    test_database_new(test, FALSE);
    Sql *db = test_sql_open(test, SQL_WRITE);
    g_assert_true(sql_define(db, text->str, NULL));
    for (int i = 0; i < n; i++)
        insert_row(db, i, &rows[i]);
    return db;
}

/* Values from small sets, so that comparisons are often equal. */
static const char *const texts[] = {"", "a", "A", "aB", "b_", "50%", "*", "[x]", "酒", "酒a", "\\"};
static const char *const patterns[] = {"%",    "a%",  "%B",  "_",    "__",  "%\\%",
                                       "\\_%", "*",   "[x]", "[%",   "酒_", "%酒%",
                                       "\\",   "a\\", "?",   "\\\\", "",    "%_%a%"};
static const char *const dates[] = {"2026-03-04", "2026-03-05", "2026-03-06", "1999-12-31"};

#define PICK(rand, list) (list)[g_rand_int_range(rand, 0, G_N_ELEMENTS(list))]

static Term random_term(GRand *rand, TermKind kind) {
    Term term = {.kind = g_rand_int_range(rand, 0, 4) ? kind : TERM_NONE};
    term.text = kind == TERM_DATE ? PICK(rand, dates) : PICK(rand, texts);
    term.number = g_rand_int_range(rand, -2, 3) * 0.5;
    term.time_ms = kind == TERM_DURATION ? g_rand_int_range(rand, 0, 4) * 1800000
                                         : noon() + g_rand_int_range(rand, -2, 3) * 3600000;
    term.truth = g_rand_boolean(rand);
    return term;
}

static Row random_row(GRand *rand) {
    Row row;
    for (int i = 0; i < FIELDS; i++)
        row.terms[i] = random_term(rand, fields[i].kind);
    row.terms[M].number *= 2; /* an integer column */
    return row;
}

static void add_quoted(GString *out, const char *text) {
    g_auto(GStrv) parts = g_strsplit(text, "'", -1);
    g_autofree char *doubled = g_strjoinv("''", parts);
    g_string_append_printf(out, "'%s'", doubled);
}

static void add_literal(GRand *rand, GString *out, TermKind kind) {
    static const char *const nows[] = {"$now", "$now + 1h", "$now - 2h", "$now + 1d"};
    static const char *const todays[] = {"$today", "$today + 1d", "$today - 1d"};
    char buffer[MAX((int)TIME_TEXT, (int)DURATION_TEXT)];
    Term term = random_term(rand, kind);
    switch (kind) {
    case TERM_TEXT:
        if (g_rand_int_range(rand, 0, 5) == 0)
            g_string_append(out, "$actor");
        else
            add_quoted(out, term.text);
        break;
    case TERM_NUMBER:
        g_string_append_printf(out, "%.1f", term.number);
        break;
    case TERM_BOOL:
        g_string_append(out, term.truth ? "TRUE" : "false");
        break;
    case TERM_DATE:
        if (g_rand_boolean(rand))
            g_string_append(out, PICK(rand, todays));
        else
            g_string_append_printf(out, "DATE('%s')", term.text);
        break;
    case TERM_TIME:
        if (g_rand_boolean(rand))
            g_string_append(out, PICK(rand, nows));
        else
            g_string_append_printf(out, "TIMESTAMP('%s')", time_format(term.time_ms, buffer));
        break;
    case TERM_DURATION:
        g_string_append_printf(out, "DURATION('%s')", duration_format(term.time_ms, buffer));
        break;
    case TERM_NONE:
    case TERM_SEALED:
        g_assert_not_reached();
    }
}

static void add_name(GRand *rand, GString *out, TermKind kind) {
    FieldIndex first = A;
    while (fields[first].kind != kind)
        first++;
    FieldIndex chosen = first + (FieldIndex)g_rand_int_range(rand, 0, 2);
    g_string_append_printf(out, chosen == B ? "\"%s\"" : "%s", fields[chosen].name);
}

static void add_condition(GRand *rand, GString *out, int depth);
static void add_value(GRand *rand, GString *out, TermKind kind, int depth);

static void add_call(GRand *rand, GString *out, const char *name, const TermKind *kinds, int n,
                     int depth) {
    g_string_append_printf(out, "%s(", name);
    for (int i = 0; i < n; i++) {
        g_string_append(out, i ? ", " : "");
        add_value(rand, out, kinds[i], depth);
    }
    g_string_append_c(out, ')');
}

/* A function that gives any kind. */
static void add_any_call(GRand *rand, GString *out, TermKind kind, int depth) {
    static const char *const names[] = {"coalesce", "least", "greatest"};
    gboolean ordered = kind == TERM_NUMBER || kind == TERM_DATE || kind == TERM_TIME;
    TermKind kinds[] = {kind, kind, kind};
    if (g_rand_boolean(rand)) {
        g_string_append(out, "choose(");
        add_condition(rand, out, 0);
        g_string_append(out, ", ");
        add_value(rand, out, kind, depth);
        g_string_append(out, ", ");
        add_value(rand, out, kind, depth);
        g_string_append_c(out, ')');
    } else {
        add_call(rand, out, names[ordered ? g_rand_int_range(rand, 0, 3) : 0], kinds,
                 g_rand_int_range(rand, 2, 4), depth);
    }
}

static void add_number_call(GRand *rand, GString *out, int depth) {
    static const TermKind instants[] = {TERM_DATE, TERM_TIME};
    TermKind pair[] = {PICK(rand, instants), PICK(rand, instants)};
    TermKind dates_only[] = {TERM_DATE, TERM_DATE}, number[] = {TERM_NUMBER};
    static const char *const signs[] = {" + ", " - ", "*", " / "};
    switch (g_rand_int_range(rand, 0, 6)) {
    case 0:
        add_call(rand, out, "days", pair, 2, depth);
        break;
    case 1:
        add_call(rand, out, "age", dates_only, 2, depth);
        break;
    case 2:
        add_call(rand, out, "year", dates_only, 1, depth);
        break;
    case 3:
        add_call(rand, out, "round", number, 1, depth);
        break;
    case 4:
        g_string_append(out, "-(");
        add_value(rand, out, TERM_NUMBER, depth);
        g_string_append_c(out, ')');
        break;
    default:
        g_string_append_c(out, '(');
        add_value(rand, out, TERM_NUMBER, depth);
        g_string_append(out, PICK(rand, signs));
        add_value(rand, out, TERM_NUMBER, depth);
        g_string_append_c(out, ')');
    }
}

static void add_value(GRand *rand, GString *out, TermKind kind, int depth) {
    int choice = g_rand_int_range(rand, 0, depth > 0 ? 6 : 3);
    if (choice == 0)
        add_literal(rand, out, kind);
    else if (choice < 3)
        add_name(rand, out, kind);
    else if (choice < 5 && kind == TERM_NUMBER)
        add_number_call(rand, out, depth - 1);
    else
        add_any_call(rand, out, kind, depth - 1);
}

static void add_operand(GRand *rand, GString *out, TermKind kind) {
    if (g_rand_int_range(rand, 0, 3) == 0)
        add_value(rand, out, kind, 2);
    else if (g_rand_boolean(rand))
        add_literal(rand, out, kind);
    else
        add_name(rand, out, kind);
}

static void add_list(GRand *rand, GString *out, TermKind kind) {
    int n = g_rand_int_range(rand, 1, 4);
    g_string_append(out, g_rand_boolean(rand) ? " IN (" : " NOT IN (");
    for (int i = 0; i < n; i++) {
        g_string_append(out, i ? "," : "");
        add_operand(rand, out, kind);
    }
    g_string_append_c(out, ')');
}

static void add_comparison(GRand *rand, GString *out, TermKind kind) {
    static const char *const signs[] = {" = ", " <> ", "<", " <= ", ">", " >="};
    int n = kind == TERM_BOOL ? 2 : (int)G_N_ELEMENTS(signs);
    g_string_append(out, signs[g_rand_int_range(rand, 0, n)]);
    add_operand(rand, out, kind);
}

static void add_between(GRand *rand, GString *out, TermKind kind) {
    g_string_append(out, g_rand_boolean(rand) ? " BETWEEN " : " NOT BETWEEN ");
    add_operand(rand, out, kind);
    g_string_append(out, " AND ");
    add_operand(rand, out, kind);
}

static void add_like(GRand *rand, GString *out, TermKind kind) {
    (void)kind;
    g_string_append(out, g_rand_boolean(rand) ? " LIKE " : " NOT LIKE ");
    add_quoted(out, PICK(rand, patterns));
}

static void add_null(GRand *rand, GString *out, TermKind kind) {
    (void)kind;
    g_string_append(out, g_rand_boolean(rand) ? " IS NULL" : " IS NOT NULL");
}

static void add_predicate(GRand *rand, GString *out) {
    static void (*const tails[])(GRand *, GString *, TermKind) = {
        add_comparison, add_comparison, add_list, add_null, add_between, add_like};
    TermKind kind = (TermKind)g_rand_int_range(rand, TERM_TEXT, TERM_DURATION + 1);
    int n = kind == TERM_TEXT ? 6 : kind == TERM_BOOL ? 4 : 5;
    int tail = g_rand_int_range(rand, 0, n);
    if (tails[tail] != add_null && g_rand_int_range(rand, 0, 4) == 0)
        add_literal(rand, out, kind);
    else if (g_rand_int_range(rand, 0, 3) == 0)
        add_any_call(rand, out, kind, 1);
    else
        add_name(rand, out, kind);
    tails[tail](rand, out, kind);
}

static void add_condition(GRand *rand, GString *out, int depth) {
    int choice = g_rand_int_range(rand, 0, depth > 0 ? 8 : 2);
    if (choice < 2) {
        add_predicate(rand, out);
    } else if (choice < 4) {
        g_string_append(out, "NOT (");
        add_condition(rand, out, depth - 1);
        g_string_append_c(out, ')');
    } else {
        g_string_append_c(out, '(');
        add_condition(rand, out, depth - 1);
        g_string_append(out, choice < 6 ? ") AND " : ") or ");
        add_condition(rand, out, depth - 1);
    }
}

static gboolean agrees(Sql *db, const Condition *condition, const Row *rows, const char *actor,
                       int *some) {
    const char *text = condition_text(condition);
    SqlStatement *statement = compiled(db, condition, actor);
    gboolean more = step(statement, text);
    for (int i = 0; i < ROWS; i++) {
        gboolean in_sql = more && sql_int(statement, 0) == i;
        if (condition_holds(condition, value_of, (gpointer)&rows[i], noon(), actor) != in_sql)
            g_error("row %d: memory and SQL differ: %s", i, text);
        *some += in_sql;
        if (in_sql)
            more = step(statement, text);
    }
    return TRUE;
}

/* The rule: in memory and in SQL a condition says the same of every record. */
static void test_agreement(void) {
    TestDatabase test;
    GRand *rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    Row rows[ROWS];
    for (int i = 0; i < ROWS; i++)
        rows[i] = random_row(rand);
    Sql *db = database(&test, rows, ROWS);
    int rounds = g_test_slow() ? 50000 : 3000, some = 0, fitting = 0;
    for (int round = 0; round < rounds; round++) {
        GError *error = NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        add_condition(rand, text, 3);
        Condition *condition = condition_parse(text->str, kind_of, NULL, &error);
        if (condition == NULL)
            g_error("%s: %s", text->str, error->message);
        if (condition_fits_sql(condition, NULL))
            fitting += agrees(db, condition, rows, round % 2 ? "aB" : NULL, &some);
        condition_free(condition);
    }
    g_assert_cmpint(fitting, >, rounds / 2);
    g_assert_cmpint(some, >, rounds); /* the test says something */
    g_assert_cmpint(some, <, rounds * ROWS);
    sql_close(db);
    test_database_free(&test);
    g_rand_free(rand);
}

/* ---- bounds: what is accepted must also fit SQLite's parser ---- */

static char *repeated(const char *open, int n, const char *middle, const char *close) {
    g_autoptr(GString) out = g_string_new(NULL);
    for (int i = 0; i < n; i++)
        g_string_append(out, open);
    g_string_append(out, middle);
    for (int i = 0; i < n; i++)
        g_string_append(out, close);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void test_bounds(void) {
    static const struct {
        const char *open, *close;
        int nested; /* levels of nesting it makes */
    } shapes[] = {{"(", ")", 1},
                  {"NOT ", "", 1},
                  {"n=1 OR n=2 AND (", ")", 1},
                  {"n=1 AND (n=2 OR ", ")", 1},
                  {"NOT (n=1 OR n=2 AND ", ")", 2},
                  {"(n=1 OR ", ") AND n=1", 1},
                  {"n=1 AND ", "", 0},
                  {"n=1 OR ", "", 0},
                  {"n=1 OR n=2 AND ", "", 0}};
    TestDatabase test;
    Sql *db = database(&test, NULL, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        int most =
            shapes[i].nested ? 32 / shapes[i].nested : (4000 - 10) / (int)strlen(shapes[i].open);
        g_autofree char *fits = repeated(shapes[i].open, most, "n=1", shapes[i].close);
        g_autofree char *too_much = repeated(shapes[i].open, most + 10, "n=1", shapes[i].close);
        GError *error = NULL;
        Condition *condition = condition_parse(fits, kind_of, NULL, &error);
        g_assert_no_error(error);
        g_assert_false(step(compiled(db, condition, NULL), fits));
        condition_free(condition);
        refused(too_much);
    }
    sql_close(db);
    test_database_free(&test);
}

/* What fits SQL also fits SQLite's parser, however deep the conditions around it and the
 * expression itself; what does not is told. */
static void test_sql_bounds(void) {
    static const struct {
        const char *open, *close;
    } shapes[] = {{"(n + ", ")"},
                  {"(n - 1 * ", ")"},
                  {"-(", ")"},
                  {"round(", ")"},
                  {"least(n, ", ")"},
                  {"choose(n > 1 AND m > 2, 1, ", ")"},
                  {"choose((n > 1 OR m > 2) AND (n = 1 OR 1 = ", "), 1, 2)"},
                  {"coalesce(", ", days(d, t))"}};
    TestDatabase test;
    Sql *db = database(&test, NULL, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        gboolean fits = TRUE;
        int most = 0;
        for (int n = 1; n < 15; n++) {
            g_autofree char *inner = repeated(shapes[i].open, n, "n", shapes[i].close);
            g_autofree char *value = g_strdup_printf("m = 1 OR n > 1 AND %s = 1", inner);
            g_autofree char *text = repeated("NOT (n = 1 OR m = 2 AND (", 4, value, "))");
            Condition *condition = condition_parse(text, kind_of, NULL, NULL);
            gboolean before = fits;
            fits = condition && condition_fits_sql(condition, NULL);
            g_assert_true(before || !fits); /* more never fits again */
            if (fits)
                g_assert_false(step(compiled(db, condition, NULL), text));
            most = fits ? n : most;
            condition_free(condition);
        }
        g_assert_cmpint(most, >=, 2);
        g_assert_false(fits);
    }
    sql_close(db);
    test_database_free(&test);
}

/* A pattern of many % must not take time without bound. */
static void test_like_time(void) {
    g_autofree char *text = repeated("a", 3000, "", "");
    g_autofree char *pattern = repeated("%a", 1000, "%b", "");
    g_autofree char *condition = g_strdup_printf("a LIKE '%s'", pattern);
    Row row = {.terms = {[A] = {.kind = TERM_TEXT, .text = text}}};
    gint64 before = g_get_monotonic_time();
    g_assert_false(holds(condition, &row, NULL));
    g_assert_cmpint(g_get_monotonic_time() - before, <, 2 * G_TIME_SPAN_SECOND);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/condition/possible", test_possible);
    g_test_add_func("/condition/truth", test_truth);
    g_test_add_func("/condition/errors", test_errors);
    g_test_add_func("/condition/literals", test_literals);
    g_test_add_func("/condition/agrees-with-sql", test_agreement);
    g_test_add_func("/condition/bounds", test_bounds);
    g_test_add_func("/condition/sql-bounds", test_sql_bounds);
    g_test_add_func("/condition/like-time", test_like_time);
    return g_test_run();
}
