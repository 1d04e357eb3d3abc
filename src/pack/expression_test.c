/* Expressions over rows and tables: what a function makes of empty values, and the grading of major
 * hazard installations (GB 18218-2018) reckoned by a pack's own tables for every vector of
 * tests/data/gb18218_vectors.csv. */
#include "base/clock.h"
#include "base/csv.h"
#include "pack/pack.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- a record with rows of a substance and its quantity ---- */

typedef struct {
    char *name; /* NULL: empty */
    double q;   /* NAN: empty */
} Substance;

typedef struct {
    double population; /* NAN: empty */
    GArray *substances;
} Site;

typedef struct {
    Packs *packs;
    TypeNames names;
} Fixture;

static TermKind site_kind(gpointer data, const char *name) {
    (void)data;
    return strcmp(name, "population") == 0 ? TERM_NUMBER : TERM_NONE;
}

static TermKind row_kind(gpointer data, const char *rows, const char *name) {
    (void)data;
    if (strcmp(rows, "substances") != 0)
        return TERM_NONE;
    if (name == NULL)
        return TERM_BOOL;
    return strcmp(name, "name") == 0    ? TERM_TEXT
           : strcmp(name, "grade") == 0 ? TERM_TEXT
           : strcmp(name, "q") == 0     ? TERM_NUMBER
                                        : TERM_NONE;
}

static const CodeList *row_codes(gpointer data, const char *rows, const char *name) {
    const Fixture *f = data;
    return rows && strcmp(name, "grade") == 0
               ? g_hash_table_lookup(f->packs->codes_by_name, "accident_grade")
               : NULL;
}

static const PackTable *table_of(gpointer data, const char *name) {
    Fixture *f = data;
    ConditionScope scope = type_scope(&f->names);
    return scope.table(scope.data, name);
}

static ConditionScope site_scope(Fixture *f) {
    return (ConditionScope){.kind = site_kind,
                            .row_kind = row_kind,
                            .codes = row_codes,
                            .table = table_of,
                            .calendar = f->packs->calendar,
                            .data = f};
}

static Term number_or_empty(double number) {
    return (Term){.kind = isnan(number) ? TERM_NONE : TERM_NUMBER, .number = number};
}

static Term site_value(gpointer data, const char *name) {
    (void)name;
    return number_or_empty(((Site *)data)->population);
}

static guint row_count(gpointer data, const char *rows) {
    (void)rows;
    return ((Site *)data)->substances->len;
}

/* `grade` is the name, so that codes can stand in rows. */
static Term row_value(gpointer data, const char *rows, guint row, const char *name) {
    (void)rows;
    const Substance *substance = &g_array_index(((Site *)data)->substances, Substance, row);
    if (strcmp(name, "q") == 0)
        return number_or_empty(substance->q);
    return (Term){.kind = substance->name ? TERM_TEXT : TERM_NONE, .text = substance->name};
}

static Term value(Fixture *f, const Site *site, const char *text, GStringChunk *texts) {
    g_autoptr(GError) error = NULL;
    ConditionScope scope = site_scope(f);
    Expression *expression = expression_parse(text, &scope, &error);
    if (expression == NULL)
        g_error("%s: %s", text, error->message);
    ConditionEnv env = {.value = site_value,
                        .row_count = row_count,
                        .row_value = row_value,
                        .data = (gpointer)site};
    Term term = expression_value(expression, &env, texts);
    if (term.kind == TERM_TEXT)
        term.text = g_string_chunk_insert(texts, term.text);
    expression_free(expression);
    return term;
}

static double number(Fixture *f, const Site *site, const char *text) {
    GStringChunk *texts = g_string_chunk_new(64);
    Term term = value(f, site, text, texts);
    g_string_chunk_free(texts);
    return term.kind == TERM_NUMBER ? term.number : NAN;
}

static void substance_clear(gpointer substance) { g_free(((Substance *)substance)->name); }

static Site site_new(double population) {
    Site site = {population, g_array_new(FALSE, FALSE, sizeof(Substance))};
    g_array_set_clear_func(site.substances, substance_clear);
    return site;
}

static void site_add(Site *site, const char *name, double q) {
    Substance substance = {g_strdup(name), q};
    g_array_append_val(site->substances, substance);
}

/* ---- packs: the real core beside the made-up rules ---- */

static void link_into(const char *folder, const char *path, gboolean make) {
    g_autofree char *here = g_get_current_dir(), *name = g_path_get_basename(path);
    g_autofree char *target = g_build_filename(here, path, NULL);
    g_autofree char *place = g_build_filename(folder, name, NULL);
    g_assert_cmpint(make ? symlink(target, place) : g_remove(place), ==, 0);
}

static void set_up(Fixture *f, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_autofree char *folder = g_dir_make_tmp("rules-XXXXXX", NULL);
    link_into(folder, "packs/core", TRUE);
    link_into(folder, "packs/hazard", TRUE);
    link_into(folder, "tests/packs/rules", TRUE);
    f->packs = packs_load(folder, &error);
    g_assert_no_error(error);
    f->names = (TypeNames){.packs = f->packs};
    link_into(folder, "packs/core", FALSE);
    link_into(folder, "packs/hazard", FALSE);
    link_into(folder, "tests/packs/rules", FALSE);
    g_rmdir(folder);
}

static void tear_down(Fixture *f, gconstpointer data) {
    (void)data;
    packs_free(f->packs);
}

/* ---- rows ---- */

static void test_rows(Fixture *f, gconstpointer data) {
    (void)data;
    Site site = site_new(7);
    g_assert_cmpfloat(number(f, &site, "count(substances)"), ==, 0);
    g_assert_true(isnan(number(f, &site, "sum(substances.q)"))); /* nothing is not 0 */
    g_assert_cmpfloat(number(f, &site, "coalesce(sum(substances.q), 0)"), ==, 0);
    site_add(&site, "large", 2);
    site_add(&site, "ordinary", 3.5);
    g_assert_cmpfloat(number(f, &site, "sum(substances.q)"), ==, 5.5);
    g_assert_cmpfloat(number(f, &site, "avg(substances.q)"), ==, 2.75);
    g_assert_cmpfloat(number(f, &site, "max(substances.q) - min(substances.q)"), ==, 1.5);
    g_assert_cmpfloat(number(f, &site, "sum(substances, q * record.population)"), ==, 38.5);
    g_assert_cmpfloat(number(f, &site, "sum(substances, q * q) + population"), ==, 23.25);
    g_assert_cmpfloat(number(f, &site, "count(substances, q > 2 AND name LIKE 'o%')"), ==, 1);
    g_assert_cmpfloat(number(f, &site, "choose(worst(substances.grade) = 'large', 1, 2)"), ==, 1);
    site_add(&site, "major", NAN);
    g_assert_true(isnan(number(f, &site, "sum(substances.q)"))); /* one is unknown */
    g_assert_true(isnan(number(f, &site, "max(substances.q)")));
    g_assert_cmpfloat(number(f, &site, "sum(substances, coalesce(q, 0))"), ==, 5.5);
    g_assert_cmpfloat(number(f, &site, "count(substances, q IS NULL)"), ==, 1);
    g_assert_cmpfloat(number(f, &site, "choose(worst(substances.grade) = 'major', 1, 2)"), ==, 1);
    site_add(&site, NULL, 1);
    g_assert_true(isnan(number(f, &site, "choose(worst(substances.grade) = 'major', 1, 2)")));
    g_array_unref(site.substances);
}

/* Days and hours are those of +08:00; a make-up Saturday and a holiday are in the calendar. */
static void test_day_and_hour(Fixture *f, gconstpointer data) {
    (void)data;
    Site site = site_new(NAN);
    g_assert_cmpfloat(number(f, &site, "hour(TIMESTAMP('2026-09-30T14:30:00Z'))"), ==, 22.5);
    g_assert_cmpfloat(number(f, &site, "hour(TIMESTAMP('2026-09-30T16:00:00Z'))"), ==, 0);
    static const struct {
        const char *day;
        double workday;
    } days[] = {{"DATE('2026-09-30')", 1},
                {"DATE('2026-10-01')", 0},
                {"TIMESTAMP('2026-09-30T16:00:00Z')", 0}, /* October the first in +08:00 */
                {"DATE('2026-10-10')", 1},                /* a Saturday, worked */
                {"DATE('2026-10-11')", 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(days); i++) {
        g_autofree char *text = g_strdup_printf("choose(workday(%s) = TRUE, 1, 0)", days[i].day);
        g_assert_cmpfloat(number(f, &site, text), ==, days[i].workday);
    }
    g_array_unref(site.substances);
}

static void test_rows_refused(Fixture *f, gconstpointer data) {
    static const char *const texts[] = {"sum(substances)",
                                        "sum(substances.name)",
                                        "sum(substances.nothing)",
                                        "sum(nothing.q)",
                                        "sum(substances, sum(substances.q))",
                                        "sum(substances, population)",
                                        "worst(substances.name)",
                                        "count(substances.q)",
                                        "substances.q + 1",
                                        "substances + 1"};
    (void)data;
    ConditionScope scope = site_scope(f);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        GError *error = NULL;
        if (expression_parse(texts[i], &scope, &error))
            g_error("accepted: %s", texts[i]);
        g_assert_error(error, ANLAN_ERROR, ERROR_CONDITION);
        g_error_free(error);
    }
}

/* ---- GB 18218 ---- */

#define Q_OF                                                                                       \
    "coalesce(lookup('gb18218_substance', 'q_t', name), lookup('gb18218_class', 'q_t', name))"
#define BETA_OF                                                                                    \
    "coalesce(lookup('gb18218_substance', 'beta', name), lookup('gb18218_class', 'beta', name))"
#define S "sum(substances, q / " Q_OF ")"
#define R "band('gb18218_alpha', population) * sum(substances, " BETA_OF " * q / " Q_OF ")"
#define GRADE "choose(" S " >= 1, band('gb18218_grade', round(" R ", 6)), 0)"

static void add_all(Site *site, const char *text) {
    g_auto(GStrv) items = g_strsplit(text, ";", -1);
    for (guint i = 0; items[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(items[i], ":", 2);
        site_add(site, parts[0], g_ascii_strtod(parts[1], NULL));
    }
}

static void test_gb18218(Fixture *f, gconstpointer data) {
    enum { ID, SUBSTANCES, POPULATION, SUM, RESULT, GRADED, COLUMNS };
    (void)data;
    const double near = 1e-9;
    int vectors = 0;
    g_autoptr(CsvReader) reader = csv_open("tests/data/gb18218_vectors.csv", ',', NULL);
    GPtrArray *cells = csv_next(reader, NULL);
    while ((cells = csv_next(reader, NULL)) != NULL) {
        g_assert_cmpuint(cells->len, ==, COLUMNS);
        Site site = site_new(g_ascii_strtod(cells->pdata[POPULATION], NULL));
        add_all(&site, cells->pdata[SUBSTANCES]);
        double s = number(f, &site, S), r = number(f, &site, R), grade = number(f, &site, GRADE);
        if (!(fabs(s - g_ascii_strtod(cells->pdata[SUM], NULL)) < near) ||
            !(fabs(r - g_ascii_strtod(cells->pdata[RESULT], NULL)) < near) ||
            grade != g_ascii_strtod(cells->pdata[GRADED], NULL))
            g_error("%s: S %g, R %g, grade %g", (char *)cells->pdata[ID], s, r, grade);
        g_array_unref(site.substances);
        vectors++;
    }
    g_assert_cmpint(vectors, ==, 15);
}

/* A substance that no table has, or people nobody has counted, leave the grade open. */
static void test_gb18218_unknown(Fixture *f, gconstpointer data) {
    (void)data;
    Site site = site_new(NAN);
    site_add(&site, "氯", 10);
    g_assert_cmpfloat(number(f, &site, S), ==, 2);
    g_assert_true(isnan(number(f, &site, R)) && isnan(number(f, &site, GRADE)));
    site.population = 0;
    g_assert_cmpfloat(number(f, &site, GRADE), ==, 4);
    site_add(&site, "无名物质", 1);
    g_assert_true(isnan(number(f, &site, S)) && isnan(number(f, &site, GRADE)));
    g_array_unref(site.substances);
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("/expression/rows", test_rows);
    ADD("/expression/day-and-hour", test_day_and_hour);
    ADD("/expression/rows-refused", test_rows_refused);
    ADD("/expression/gb18218", test_gb18218);
    ADD("/expression/gb18218-unknown", test_gb18218_unknown);
    return g_test_run();
}
