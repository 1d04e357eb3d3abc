#include "record/record_fixture.h"
#include "record/story.h"

static void write_file(const char *folder, const char *name, const char *text) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void nothing_is_left(Sql *sql) {
    gint64 entries;
    g_assert_true(sql_get_int(sql, NULL, &entries, -1, "SELECT count(*) FROM journal", ""));
    g_assert_cmpint(entries, ==, 0);
}

/* All stories of a directory with `part` in their path come true; those that fail are named. */
static void tell_all(const Packs *packs, const char *directory, const char *part) {
    GError *error = NULL;
    g_autoptr(GPtrArray) files = story_files(directory, &error);
    g_assert_no_error(error);
    guint told = 0;
    TestDatabase database;
    test_database_new(&database, FALSE);
    Sql *sql = test_sql_open(&database, SQL_WRITE);
    records_migrate(sql, packs, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < files->len; i++) {
        guint steps = 0;
        if (!strstr(files->pdata[i], part))
            continue;
        if (!story_tell(packs, sql, files->pdata[i], &steps, &error)) {
            g_test_message("%s", error->message);
            g_test_fail();
        }
        g_clear_error(&error);
        g_test_message("%s: %u steps", (char *)files->pdata[i], steps);
        told++;
    }
    g_assert_cmpuint(told, >, 0);
    nothing_is_left(sql);
    sql_close(sql);
    test_database_free(&database);
}

static void test_packs(void) {
    Packs *packs = packs_load("packs", NULL);
    tell_all(packs, "packs", "");
    packs_free(packs);
}

/* The made-up types of a folder of tests/packs. */
static void test_made_up(gconstpointer data) {
    const char *name = data;
    g_autofree char *pack = g_strconcat("tests/packs/", name, NULL);
    g_autofree char *part = g_strconcat("/", name, "/stories/", NULL);
    Packs *packs = packs_with(pack);
    tell_all(packs, "tests/packs", part);
    packs_free(packs);
}

static const char head[] =
    "story: 试验\nstart: 2026-09-28 09:00\n"
    "actors: {li: {role: county_inspector, region: '320412'}, bo: {role: enterprise_safety, "
    "enterprise: E1}}\n"
    "world:\n"
    "  - region: {code: '320412', name: 武进区, kind: district}\n"
    "  - enterprise: {code: E1, name: 化工, region: '320412', kind: chemical}\n"
    "steps:\n" /* line 7 */
    "  - {by: li, create: hazard, as: h, with: {title: a, enterprise: E1, source: other, grade: "
    "general}}\n";

typedef struct {
    const char *steps;
    ErrorKind kind;
    int line;
    const char *words;
} Case;

/* What a story says wrongly is named with its line, and what does not come true with both sides. */
static const Case cases[] = {
    {"  - {of: h, expect: {state: reported, title: a, place: null}}\n", ERROR_KINDS, 0, ""},
    {"  - {of: h, clocks: {verify: {state: open, due: 2026-09-29}, rectify: none}}\n", ERROR_KINDS,
     0, ""},
    {"  - {of: h, todo: {li: true, bo: false}}\n", ERROR_KINDS, 0, ""},
    {"  - {of: h, expect: {state: closed}}\n", ERROR_STORY, 9, "reported"},
    {"  - {of: h, expect: {state: shut}}\n", ERROR_PACK, 9, "no such state"},
    {"  - {of: h, expect: {title: b}}\n", ERROR_STORY, 9, "title = b"},
    {"  - {of: h, expect: {titel: b}}\n", ERROR_PACK, 9, "titel"},
    {"  - {of: x, expect: {title: b}}\n", ERROR_PACK, 9, "no record is named x"},
    {"  - {by: xi, of: h, move: assign}\n", ERROR_PACK, 9, "no actor xi"},
    {"  - {by: li, of: h, move: asign}\n", ERROR_PACK, 9, "no move asign"},
    {"  - {by: li, of: h, move: assign}\n", ERROR_STORY, 9, "field.required"},
    {"  - {by: li, of: h, move: assign, refused: {error: field.required, field: owner}}\n",
     ERROR_KINDS, 0, ""},
    {"  - {by: li, of: h, move: assign, refused: {error: field.required, field: due}}\n",
     ERROR_STORY, 9, "owner"},
    {"  - {by: li, of: h, move: assign, refused: move.guard}\n", ERROR_STORY, 9, "field.required"},
    {"  - {by: li, of: h, move: assign, with: {owner: b, due: 2026-10-09}, refused: move.guard}\n",
     ERROR_STORY, 9, "it was done"},
    {"  - {at: 2026-09-27 09:00}\n", ERROR_PACK, 9, "before the former"},
    {"  - {at: soon}\n", ERROR_PACK, 9, "not a time"},
    {"  - {att: 2026-09-29 09:00}\n", ERROR_PACK, 9, "unknown key att"},
    {"  - {of: h, at: 2026-09-30 09:00, fired: [{clock: verify, move: escalate_county, due: "
     "2026-09-29, late: 0}]}\n",
     ERROR_KINDS, 0, ""},
    {"  - {of: h, at: 2026-09-30 09:00, fired: []}\n", ERROR_STORY, 9, "escalate_county"},
    {"  - {of: h, asleep_until: 2026-09-30 08:59:59, fired: [{clock: verify, late: 8h59min59s}]}\n",
     ERROR_KINDS, 0, ""},
    {"  - {by: guest, create: hazard, with: {title: a}, refused: right.missing}\n", ERROR_KINDS, 0,
     ""},
    {"  - {of: h, receipt: {state: reported}}\n", ERROR_PACK, 9, "nobody has a receipt"},
    {"  - {by: receipt, of: h, move: assign}\n", ERROR_STORY, 9, "nobody has a receipt"},
    {"  - {by: li, create: hazard, with: {title: a, enterprise: E1, source: other, grade: general, "
     "photos: [a.jpg, b.png]}}\n",
     ERROR_KINDS, 0, ""},
    {"  - {by: li, create: hazard, with: {title: a, photos: [a]}}\n", ERROR_PACK, 9,
     "not the name of a file"},
    {"  - {by: li, of: h, reveal: title, comment: x, refused: right.missing}\n", ERROR_KINDS, 0,
     ""},
    {"  - {of: h, todo: {li: false}}\n", ERROR_STORY, 9, "it is"},
    {"  - {of: h, notices: {li: [x]}}\n", ERROR_STORY, 9, "none"},
    {"  - {of: h, clocks: {rectify: open}}\n", ERROR_STORY, 9, "none"},
    {"  - {of: h, meet: {a: title}}\n", ERROR_PACK, 9, "not a ref field"},
    {"  - {of: h, meet: {a: alarm}}\n", ERROR_STORY, 9, "empty"},
    {"  - {meet: {e: enterprise}, seen: {bo: true}}\n", ERROR_KINDS, 0, ""},
    {"  - {by: li, as: [x], create: hazard}\n", ERROR_PACK, 9, "text is expected"},
    {"  - {of: h, clocks: {rectfy: open}}\n", ERROR_PACK, 9, "no such clock"},
    {"  - {of: h, may: {bo: []}, entry: {actor: li, action: create}}\n", ERROR_KINDS, 0, ""},
};

static void check_case(const Packs *packs, const char *folder, const Case *c) {
    GError *error = NULL;
    g_autofree char *text = g_strconcat(head, c->steps, NULL);
    g_autofree char *path = g_build_filename(folder, "story.yaml", NULL);
    write_file(folder, "story.yaml", text);
    gboolean good = story_tell(packs, NULL, path, NULL, &error);
    if (c->kind == ERROR_KINDS) {
        g_assert_no_error(error);
        g_assert_true(good);
        return;
    }
    g_assert_false(good);
    g_autofree char *place = g_strdup_printf("story.yaml:%d", c->line);
    if (error_kind(error) != c->kind || !strstr(error->message, place) ||
        !strstr(error->message, c->words))
        g_error("%s: %s", c->steps, error->message);
    g_clear_error(&error);
}

static void test_cases(void) {
    GError *error = NULL;
    Packs *packs = packs_load("packs", &error);
    g_assert_no_error(error);
    g_autofree char *folder = g_dir_make_tmp("story-XXXXXX", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check_case(packs, folder, &cases[i]);
    g_autofree char *path = g_build_filename(folder, "story.yaml", NULL);
    g_remove(path);
    g_rmdir(folder);
    packs_free(packs);
}

/* A spoilt story is refused or told, never worse. */
static void test_spoilt(void) {
    static const char signs[] = "{}[]:,-'$ \n\t0a";
    enum { ROUNDS = 400 };
    g_autofree char *folder = g_dir_make_tmp("story-XXXXXX", NULL), *text = NULL, *world = NULL;
    g_autofree char *path = g_build_filename(folder, "story.yaml", NULL);
    g_autofree char *beside = g_build_filename(folder, "world.yaml", NULL);
    gsize length;
    Packs *packs = packs_load("packs", NULL);
    g_assert_true(g_file_get_contents("packs/hazard/stories/world.yaml", &world, NULL, NULL));
    g_assert_true(g_file_get_contents("packs/hazard/stories/05-major-five-implements.yaml", &text,
                                      &length, NULL));
    write_file(folder, "world.yaml", world);
    for (int i = 0; i < ROUNDS; i++) {
        g_autofree char *spoilt = g_memdup2(text, length + 1);
        spoilt[g_test_rand_int_range(0, (gint32)length)] =
            signs[g_test_rand_int_range(0, (gint32)sizeof signs - 1)];
        write_file(folder, "story.yaml", spoilt);
        g_autoptr(GError) error = NULL;
        g_assert_true(story_check(packs, path, &error) || error != NULL);
    }
    g_remove(path);
    g_remove(beside);
    g_rmdir(folder);
    packs_free(packs);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/story/packs", test_packs);
    g_test_add_data_func("/story/flow", "flow", test_made_up);
    g_test_add_data_func("/story/kinds", "kinds", test_made_up);
    g_test_add_data_func("/story/watch", "watch", test_made_up);
    g_test_add_data_func("/story/rules", "rules", test_made_up);
    if (!test_on_postgres()) { /* these are told in memory */
        g_test_add_func("/story/cases", test_cases);
        g_test_add_func("/story/spoilt", test_spoilt);
    }
    return g_test_run();
}
