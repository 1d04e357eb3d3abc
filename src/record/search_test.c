#include "record/record_fixture.h"
#include "record/search_walk.h"
#include "record/search_words.h"

static void test_words(void) {
    static const struct {
        const char *text, *words;
    } cases[] = {{"", ""},
                 {"  ,.;\t", ""},
                 {"粉尘爆炸", " 粉 尘 爆 炸"},
                 {"3号泵P-101A漏油", " 3 号 泵 P 101A 漏 油"},
                 {"ＡＢ１２　罐", " AB12 罐"},
                 {"Überdruck naïve", " Überdruck naïve"},
                 {"ポンプ안전", " ポ ン プ 안 전"},
                 {"\"x\" OR * NEAR(", " x OR NEAR"},
                 {"\xF0\xAC\xB1\xB8", " u2cc78"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *out = g_string_new(NULL);
        search_words(cases[i].text, out);
        g_assert_cmpstr(out->str, ==, cases[i].words);
        g_string_free(out, TRUE);
    }
}

static void test_phrases(void) {
    static const struct {
        const char *text, *query;
    } cases[] = {{"粉尘", "\"粉 尘\""},
                 {"粉尘 pump", "\"粉 尘\" AND \"pump\" *"},
                 {"P-101", "\"P 101\" *"},
                 {"\" OR \"1\"=\"1", "\"OR\" * AND \"1 1\" *"},
                 {"type:user", "\"type user\" *"},
                 {"*", NULL},
                 {"", NULL},
                 {"%_'\"", NULL}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *query = search_phrases(cases[i].text);
        g_assert_cmpstr(query, ==, cases[i].query);
    }
    g_autofree char *long_text = g_strnfill(20000, 'x');
    g_autofree char *long_query = search_phrases(long_text);
    g_assert_nonnull(long_query);
    g_autoptr(GString) many = g_string_new(NULL);
    for (int i = 0; i < 5000; i++)
        g_string_append(many, "粉 ");
    g_autofree char *few = search_phrases(many->str);
    g_assert_cmpuint(strlen(few), <, 300);
}

/* --- in the database --- */

static gint64 found(World *world, const Actor *actor, const char *type, const char *text) {
    GError *error = NULL;
    RecordQuery query = {.search = text, .limit = 5, .count = TRUE};
    json_t *page = done(
        record_list(world->sql, world->packs, actor, type, &query, world->now_ms, &error), error);
    gint64 n = json_integer_value(json_object_get(page, "count"));
    json_decref(page);
    return n;
}

static char *hazard(World *world, const char *title, const char *description) {
    GError *error = NULL;
    json_t *fields = fields_of("{'enterprise':'E1','source':'other','grade':'general'}");
    json_object_set_new(fields, "title", json_string(title));
    json_object_set_new(fields, "description", json_string(description));
    json_t *record = done(record_create(world->sql, world->packs, &actor_system, "hazard", fields,
                                        NULL, world->now_ms, &error),
                          error);
    char *id = g_strdup(get(record, "id"));
    json_decref(fields);
    json_decref(record);
    return id;
}

static void test_finds(World *world, gconstpointer data) {
    (void)data;
    g_free(hazard(world, "3号除尘器粉尘堆积", "Dust collector DC-301, 未接地"));
    g_free(hazard(world, "罐区可燃气体报警器失效", "粉碎机"));
    static const struct {
        const char *text;
        int n;
    } cases[] = {
        {"粉尘", 1},     {"尘", 1},        {"粉", 2},        {"尘粉", 0},
        {"dust", 1},     {"DUST col", 1},  {"ust", 0},       {"dc-301", 1},
        {"ＤＣ 301", 1}, {"粉尘 接地", 1}, {"粉尘 报警", 0}, {"堆积 Dust", 1},
        {"积Dust", 0}, /* not over the gap between two fields */
        {"YH320412", 2}, {"hazard", 0},    {"\"", 0},        {"粉尘\" OR \"报警", 0},
        {"NOT 粉尘", 0}, {"words:粉", 0},  {"粉*", 2},       {"'; DROP TABLE search_text; --", 0}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 n = found(world, &actor_system, "hazard", cases[i].text);
        if (n != cases[i].n)
            g_error("%s: %d, wanted %d", cases[i].text, (int)n, cases[i].n);
    }
    Actor near = person(world, "county_inspector", "n", "320412"),
          far = person(world, "county_inspector", "f", "320411");
    g_assert_cmpint(found(world, &near, "hazard", "粉尘"), ==, 1);
    g_assert_cmpint(found(world, &far, "hazard", "粉尘"), ==, 0);
    g_assert_cmpint(found(world, &actor_system, "enterprise", "化工"), ==, 1);
    g_assert_cmpint(found(world, &actor_system, "enterprise", "E3"), ==, 1); /* by its key */
    g_assert_cmpint(found(world, &actor_system, "enterprise", "粉尘"), ==, 0);
}

/* What a transaction takes back is not found; what an edit takes out neither. */
static void test_follows_the_record(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_autofree char *id = hazard(world, "粉尘", "甲");
    json_decref(
        done(edit(world, &actor_system, "hazard", id, 0, "{'title':'油雾'}", &error), error));
    g_assert_cmpint(found(world, &actor_system, "hazard", "粉尘"), ==, 0);
    g_assert_cmpint(found(world, &actor_system, "hazard", "油雾 甲"), ==, 1);
    g_assert_true(sql_exec(world->sql, "SAVEPOINT x", NULL));
    g_free(hazard(world, "氯气", "乙"));
    json_decref(
        done(edit(world, &actor_system, "hazard", id, 0, "{'title':'氢气'}", &error), error));
    g_assert_cmpint(found(world, &actor_system, "hazard", "氯气"), ==, 1);
    g_assert_true(sql_exec(world->sql, "ROLLBACK TO x; RELEASE x", NULL));
    g_assert_cmpint(found(world, &actor_system, "hazard", "氯气"), ==, 0);
    g_assert_cmpint(found(world, &actor_system, "hazard", "氢气"), ==, 0);
    g_assert_cmpint(found(world, &actor_system, "hazard", "油雾"), ==, 1);
}

static char *random_text(void) {
    static const char *const pieces[] = {"粉", "尘", "罐", "泵", " ",  "a",
                                         "b",  "1",  "-",  "\"", "，", "é"};
    GString *text = g_string_new(NULL);
    for (int n = g_test_rand_int_range(0, 12); n > 0; n--)
        g_string_append(text, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
    return g_string_free(text, FALSE);
}

/* Words in a row, the last one only begun when it is no single character. */
static gboolean occurs(const char *text, const char *part) {
    g_autoptr(GString) words = g_string_new(NULL);
    g_autoptr(GString) wanted = g_string_new(NULL);
    search_words(text, words);
    search_words(part, wanted);
    return strstr(words->str, wanted->str) != NULL;
}

/* Random edits; every query finds just those whose own words contain it; the same after the index
 * was made anew. */
static void test_model(World *world, gconstpointer data) {
    (void)data;
    enum { N = 40, EDITS = 200, QUERIES = 200 };
    GError *error = NULL;
    char *ids[N], *titles[N];
    for (int i = 0; i < N; i++) {
        titles[i] = g_strdup("粉尘");
        ids[i] = hazard(world, titles[i], "");
    }
    for (int i = 0; i < EDITS; i++) {
        int k = g_test_rand_int_range(0, N);
        g_autofree char *text = random_text();
        char *title = g_strconcat("x ", text, NULL);
        json_t *fields = json_pack("{s:s}", "title", title);
        json_decref(done(record_edit(world->sql, world->packs, &actor_system, "hazard", ids[k], 0,
                                     fields, world->now_ms, &error),
                         error));
        json_decref(fields);
        g_free(titles[k]);
        titles[k] = title;
    }
    for (int i = 0; i < QUERIES; i++) {
        if (i == QUERIES / 2) {
            g_assert_true(sql_exec(world->sql,
                                   sql_kind(world->sql) == SQL_SQLITE
                                       ? "DROP TABLE search_index; DROP TABLE search_places"
                                       : "DROP TABLE search_grams",
                                   NULL));
            g_assert_true(records_migrate(world->sql, world->packs, &error));
        }
        g_autofree char *text = random_text();
        g_strdelimit(text, " ", '-'); /* one part */
        g_autofree char *query = search_phrases(text);
        gint64 wanted = 0;
        for (int k = 0; query && k < N; k++)
            wanted += occurs(titles[k], text);
        gint64 n = *text ? found(world, &actor_system, "hazard", text) : wanted;
        if (n != wanted)
            g_error("«%s» as %s: %d, wanted %d", text, query, (int)n, (int)wanted);
    }
    for (int i = 0; i < N; i++) {
        g_free(ids[i]);
        g_free(titles[i]);
    }
}

/* Each record once, newest first over several counties, page by page; an enterprise that comes
 * under another county takes its records along. */
static void test_pages(World *world, gconstpointer data) {
    (void)data;
    enum { N = 60, PAGE = 7 };
    GError *error = NULL;
    char *ids[N];
    for (int i = 0; i < N; i++) {
        json_t *fields = fields_of("{'source':'other','grade':'general','title':'粉尘'}");
        json_object_set_new(fields, "enterprise", json_sprintf("E%d", g_test_rand_int_range(1, 4)));
        world->now_ms++;
        json_t *record = done(record_create(world->sql, world->packs, &actor_system, "hazard",
                                            fields, NULL, world->now_ms, &error),
                              error);
        ids[i] = g_strdup(get(record, "id"));
        json_decref(fields);
        json_decref(record);
    }
    Actor province = person(world, "province_duty", "p", "32");
    g_autofree char *cursor = NULL;
    int seen = 0;
    do {
        RecordQuery query = {.search = "粉尘", .cursor = cursor, .limit = PAGE};
        json_t *page = done(record_list(world->sql, world->packs, &province, "hazard", &query,
                                        world->now_ms, &error),
                            error);
        json_t *items = json_object_get(page, "items");
        for (gsize i = 0; i < json_array_size(items); i++)
            g_assert_cmpstr(get(json_array_get(items, i), "id"), ==, ids[N - 1 - seen++]);
        g_free(cursor);
        cursor = g_strdup(get(page, "next"));
        json_decref(page);
    } while (cursor);
    g_assert_cmpint(seen, ==, N);
    Actor suzhou = person(world, "county_inspector", "s", "320505"),
          xinbei = person(world, "county_inspector", "x", "320411");
    gint64 theirs = found(world, &suzhou, "hazard", "粉尘"),
           ours = found(world, &xinbei, "hazard", "粉尘");
    json_decref(done(
        edit(world, &actor_system, "enterprise", "E3", 0, "{'region':'320411'}", &error), error));
    g_assert_cmpint(found(world, &suzhou, "hazard", "粉尘"), ==, 0);
    g_assert_cmpint(found(world, &xinbei, "hazard", "粉尘"), ==, ours + theirs);
    g_assert_cmpint(found(world, &xinbei, "enterprise", "虎丘"), ==, 1);
    RecordQuery bad = {.search = "粉尘", .cursor = "eyJzIjoieCJ9", .limit = 5};
    refused(record_list(world->sql, world->packs, &province, "hazard", &bad, world->now_ms, &error),
            &error, ERROR_REQUEST, "cursor");
    for (int i = 0; i < N; i++)
        g_free(ids[i]);
}

/* However little is looked at for an answer, the answers together are the list. */
static void test_walk(World *world, gconstpointer data) {
    (void)data;
    enum { N = 50 };
    GError *error = NULL;
    if (sql_kind(world->sql) != SQL_POSTGRES)
        return;
    GString *wanted = g_string_new(NULL), *got = g_string_new(NULL);
    for (int i = 0; i < N; i++) {
        gboolean with = g_test_rand_int_range(0, 3) > 0;
        world->now_ms += g_test_rand_int_range(0, 2); /* some at one moment */
        g_autofree char *id = hazard(world, with ? "粉尘 堆积" : "粉碎 除尘", "锅炉");
        (void)id;
    }
    Actor county = person(world, "county_inspector", "c", "320412");
    Act act = {world->sql, world->packs, &county, world->now_ms, NULL};
    const RecordType *type = packs_type(world->packs, "hazard");
    RecordQuery all = {.search = "粉尘 锅炉", .filter = "state = 'reported'", .limit = 500};
    json_t *page =
        done(record_list(world->sql, world->packs, &county, "hazard", &all, world->now_ms, &error),
             error);
    json_t *items = json_object_get(page, "items");
    for (gsize i = 0; i < json_array_size(items); i++)
        g_string_append_printf(wanted, "%s ", get(json_array_get(items, i), "id"));
    g_assert_cmpuint(wanted->len, >, 0);
    gint64 counted = 0;
    for (g_autofree char *cursor = g_strdup(""); cursor;) {
        g_auto(SearchWalk) walk = {0};
        g_auto(ListFigures) figures = {0};
        RecordQuery part = {.search = all.search,
                            .filter = all.filter,
                            .cursor = cursor,
                            .count = TRUE,
                            .facets = "state"};
        guint limit = (guint)g_test_rand_int_range(1, 8),
              looks = (guint)g_test_rand_int_range(1, 9);
        if (!search_walk(&act, type, &part, limit, looks, &walk, &figures, &error))
            g_error("%s", error->message);
        for (guint i = 0; i < walk.ids->len; i++)
            g_string_append_printf(got, "%s ", (const char *)walk.ids->pdata[i]);
        g_assert_cmpuint(walk.ids->len, <=, limit);
        g_assert_cmpint(figures.count, >=, walk.ids->len);
        g_assert_true(figures.more || walk.next == NULL || figures.count > limit);
        counted += walk.ids->len;
        g_free(cursor);
        cursor = g_steal_pointer(&walk.next);
    }
    g_assert_cmpstr(got->str, ==, wanted->str);
    g_assert_cmpint(counted, ==, (gint64)json_array_size(items));
    json_decref(page);
    g_string_free(wanted, TRUE);
    g_string_free(got, TRUE);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/search/words", test_words);
    g_test_add_func("/search/phrases", test_phrases);
#define TEST(path, func) g_test_add("/search/" path, World, NULL, world_open, func, world_close)
    TEST("finds", test_finds);
    TEST("follows", test_follows_the_record);
    TEST("pages", test_pages);
    TEST("walk", test_walk);
    TEST("model", test_model);
    return g_test_run();
}
