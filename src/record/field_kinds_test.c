/* Kinds of fields through the doors, on the made-up type of tests/packs/kinds: what is taken, what
 * is refused with which error, what is found and in which order, and that the journal proves it. */
#include "record/indicator.h"
#include "record/record_fixture.h"

#include <stdlib.h>

static void open_kinds(World *world, gconstpointer data) {
    world_open_with(world, data, "tests/packs/kinds");
}

static json_t *survey(World *world, const char *rest) {
    GError *error = NULL;
    g_autofree char *text = g_strdup_printf("{'title':'a','enterprise':'E1'%s}", rest);
    return done(create(world, &actor_system, "survey", text, &error), error);
}

/* Values that are taken, and how they are given back. */
static void test_taken(World *world, gconstpointer data) {
    (void)data;
    static const char *const cases[][2] = {
        {"'cost':12.34", "'cost':12.34"},
        {"'cost':0", "'cost':0.0"},
        {"'cost':1000000", "'cost':1000000.0"},
        {"'cost':0.29", "'cost':0.29"},
        {"'balance':-9999999999999.99", "'balance':-9999999999999.99"},
        {"'span':'PT36H'", "'span':'P1DT12H'"},
        {"'span':'P1W'", "'span':'P7D'"},
        {"'span':''", "'cost':null"},
        {"'mark':99.99", "'mark':99.99"},
        {"'mark':0", "'mark':0.0"},
        {"'zone':{'type':'Polygon','coordinates':[[[119.9,31.8],[120,31.8],[120,31.9],[119.9,31.8]]"
         "]}",
         "'zone':{'type':'Polygon','coordinates':[[[119.9,31.8],[120.0,31.8],[120.0,31.9],[119.9,"
         "31.8]]]}"},
        {"'zone':null", "'zone':null"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *given = g_strconcat(",", cases[i][0], NULL);
        g_autofree char *text = g_strdup_printf("{%s}", cases[i][1]);
        json_t *record = survey(world, given), *wanted = fields_of(text), *value;
        GError *error = NULL;
        json_t *read = done(record_get(world->sql, world->packs, &actor_system, "survey",
                                       get(record, "id"), &error),
                            error);
        g_assert_true(json_equal(record, read));
        const char *name;
        json_object_foreach(wanted, name, value) {
            json_t *got = json_object_get(read, name);
            if (json_is_null(value) ? got != NULL : !json_equal(got, value))
                g_error("%s: %s", cases[i][0], json_dumps(read, 0));
        }
        json_decref(record);
        json_decref(wanted);
        json_decref(read);
    }
    verify_good(world);
}

static void test_refused(World *world, gconstpointer data) {
    (void)data;
    static const struct {
        const char *fields;
        ErrorKind kind;
        const char *field;
    } cases[] = {
        {"'cost':'12'", ERROR_FIELD_KIND, "cost"},
        {"'cost':true", ERROR_FIELD_KIND, "cost"},
        {"'cost':12.345", ERROR_FIELD_FORMAT, "cost"},
        {"'cost':0.30000000000000004", ERROR_FIELD_FORMAT, "cost"},
        {"'cost':-0.01", ERROR_FIELD_RANGE, "cost"},
        {"'cost':1000000.01", ERROR_FIELD_RANGE, "cost"},
        {"'balance':10000000000000", ERROR_FIELD_RANGE, "balance"},
        {"'balance':-1e300", ERROR_FIELD_RANGE, "balance"},
        {"'balance':9223372036854775807", ERROR_FIELD_RANGE, "balance"},
        {"'span':28800000", ERROR_FIELD_KIND, "span"},
        {"'span':'8h'", ERROR_FIELD_KIND, "span"},
        {"'span':'P1M'", ERROR_FIELD_KIND, "span"},
        {"'span':'PT29M'", ERROR_FIELD_RANGE, "span"},
        {"'span':'P8D'", ERROR_FIELD_RANGE, "span"},
        {"'span':'PT99999999999999999999H'", ERROR_FIELD_KIND, "span"},
        {"'mark':'9'", ERROR_FIELD_KIND, "mark"},
        {"'mark':-0.01", ERROR_FIELD_RANGE, "mark"},
        {"'mark':100.01", ERROR_FIELD_RANGE, "mark"},
        {"'mark':1.001", ERROR_FIELD_FORMAT, "mark"},
        {"'fine':1", ERROR_FIELD_NOT_SHOWN, "fine"},
        {"'outcome':'bad'", ERROR_FIELD_REQUIRED, "fine"},
        {"'zone':'POLYGON((0 0,1 0,1 1,0 0))'", ERROR_FIELD_KIND, "zone"},
        {"'zone':{'type':'Polygon','coordinates':[[[0,0],[1,0],[1,1]]]}", ERROR_FIELD_FORMAT,
         "zone"},
        {"'zone':{'type':'Polygon','coordinates':[[[0,0],[1,0],[1,91],[0,0]]]}", ERROR_FIELD_RANGE,
         "zone"},
        {"'items':{}", ERROR_FIELD_KIND, "items"},
        {"'items':'x'", ERROR_FIELD_KIND, "items"},
        {"'items':[1]", ERROR_FIELD_KIND, "items[0]"},
        {"'items':[{}]", ERROR_FIELD_KIND, "items[0]"},
        {"'items':[{'what':null}]", ERROR_FIELD_KIND, "items[0]"},
        {"'items':[{'what':'a'},{'what':'a','x':1}]", ERROR_FIELD_UNKNOWN, "items[1].x"},
        {"'items':[{'what':'a','items':[]}]", ERROR_FIELD_UNKNOWN, "items[0].items"},
        {"'items':[{'what':['a']}]", ERROR_FIELD_KIND, "items[0].what"},
        {"'items':[{'what':'a','amount':0.001}]", ERROR_FIELD_FORMAT, "items[0].amount"},
        {"'items':[{'what':'a','amount':-1}]", ERROR_FIELD_RANGE, "items[0].amount"},
        {"'items':[{'what':'a','plant':'E9'}]", ERROR_FIELD_REF, "items[0].plant"},
        {"'items':[{'what':'a','at':{'lon':200,'lat':0}}]", ERROR_FIELD_RANGE, "items[0].at"},
        {"'items':[{'amount':1}]", ERROR_FIELD_REQUIRED, "items[0].what"},
        {"'items':[{'what':'1'},{'what':'2'},{'what':'3'},{'what':'4'},{'what':'5'},{'what':'6'}]",
         ERROR_FIELD_RANGE, "items"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autofree char *text =
            g_strdup_printf("{'title':'a','enterprise':'E1',%s}", cases[i].fields);
        refused(create(world, &actor_system, "survey", text, &error), &error, cases[i].kind,
                cases[i].field);
    }
}

/* One desk for each enterprise, though the field has no column of its own. */
static void test_unique_scope(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *desk = done(create(world, &actor_system, "desk", "{'enterprise':'E1'}", &error), error);
    put(world, "desk", "{'enterprise':'E2'}");
    refused(create(world, &actor_system, "desk", "{'enterprise':'E1'}", &error), &error,
            ERROR_FIELD_UNIQUE, "enterprise");
    refused(edit(world, &actor_system, "desk", get(desk, "id"), 1, "{'enterprise':'E2'}", &error),
            &error, ERROR_FIELD_UNIQUE, "enterprise");
    json_decref(done(edit(world, &actor_system, "desk", get(desk, "id"), 1, "{'people':3}", &error),
                     error));
    g_assert_false(sql_exec(world->sql, "UPDATE r_desk SET _enterprise = 'E1'", NULL));
    json_decref(desk);
}

/* Sums of fen are exact, those of scores have two decimals. */
static void test_sums(World *world, gconstpointer data) {
    (void)data;
    static const struct {
        const char *name;
        double value;
    } figures[] = {{"balances", 0.6}, {"mean_balance", 0.2}, {"marks", 0.3}};
    json_decref(survey(world, ",'balance':0.1,'mark':0.1"));
    json_decref(survey(world, ",'balance':0.2,'mark':0.2"));
    json_decref(survey(world, ",'balance':0.3"));
    for (gsize i = 0; i < G_N_ELEMENTS(figures); i++) {
        GError *error = NULL;
        IndicatorQuery asked = {0};
        json_t *figure = done(indicator_json(world->sql, world->packs, &actor_system, "survey",
                                             figures[i].name, &asked, world->now_ms, &error),
                              error);
        g_assert_cmpfloat(json_number_value(json_object_get(figure, "value")), ==,
                          figures[i].value);
        json_decref(figure);
    }
}

/* --- found --- */

static char *found(World *world, const char *filter, const char *sort) {
    GError *error = NULL;
    GString *titles = g_string_new(NULL);
    g_autofree char *cursor = NULL;
    do {
        RecordQuery query = {.filter = filter, .sort = sort, .cursor = cursor, .limit = 2};
        json_t *page = done(record_list(world->sql, world->packs, &actor_system, "survey", &query,
                                        world->now_ms, &error),
                            error);
        size_t i;
        json_t *record;
        json_array_foreach(json_object_get(page, "items"), i, record)
            g_string_append(titles, get(record, "title"));
        g_free(cursor);
        cursor = g_strdup(get(page, "next"));
        json_decref(page);
    } while (cursor);
    return g_string_free(titles, FALSE);
}

static void test_found(World *world, gconstpointer data) {
    (void)data;
    static const char *const records[] = {
        "{'title':'a','enterprise':'E1','cost':0.29,'span':'PT1H','mark':3.5}",
        "{'title':'b','enterprise':'E1','cost':100,'span':'P1D','mark':100}",
        "{'title':'c','enterprise':'E1','cost':9.99,'span':'PT30M','mark':0}",
        "{'title':'d','enterprise':'E1','span':null}",
    };
    static const struct {
        const char *filter, *sort, *titles;
    } cases[] = {
        {"cost = 0.29", "title", "a"},
        {"cost > 0.29", "title", "bc"},
        {"cost BETWEEN 9.99 AND 100", "title", "bc"},
        {"cost IN (0.29, 100)", "title", "ab"},
        {"cost IS NULL", "title", "d"},
        {"span >= DURATION('PT60M')", "title", "ab"},
        {"span = DURATION('PT24H')", "title", "b"},
        {"NOT span > DURATION('PT30M')", "title", "c"},
        {"mark <> 0", "title", "ab"},
        {NULL, "cost", "dacb"},
        {NULL, "-cost", "bcad"},
        {NULL, "span", "dcab"},
        {NULL, "-span", "bacd"},
        {NULL, "-mark", "bacd"},
        {NULL, "mark,title", "dcab"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(records); i++)
        put(world, "survey", records[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *titles = found(world, cases[i].filter, cases[i].sort);
        if (strcmp(titles, cases[i].titles) != 0)
            g_error("%s by %s: %s", cases[i].filter, cases[i].sort, titles);
    }
    GError *error = NULL;
    RecordQuery query = {.filter = "span > 8", .limit = 5};
    refused(record_list(world->sql, world->packs, &actor_system, "survey", &query, world->now_ms,
                        &error),
            &error, ERROR_CONDITION, NULL);
}

/* --- rows --- */

static gint64 child_rows(World *world) {
    gint64 n;
    g_assert_true(
        sql_get_int(world->sql, NULL, &n, -1, "SELECT count(*) FROM r_survey__items", ""));
    return n;
}

static void test_rows(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record =
        survey(world, ",'items':[{'what':'a','amount':0.1,'at':{'lon':120.5,'lat':31}},"
                      "{'what':'b','count':null,'plant':'E1'}]");
    json_t *wanted = fields_of("[{'what':'a','amount':0.1,'count':1,'at':{'lon':120.5,'lat':31.0}},"
                               "{'what':'b','plant':'E1'}]");
    const char *id = get(record, "id");
    g_assert_true(json_equal(json_object_get(record, "items"), wanted));
    g_assert_cmpint(child_rows(world), ==, 2);
    json_t *same = done(edit(world, &actor_system, "survey", id, 1,
                             "{'items':[{'what':'a','amount':0.1,'at':{'lon':120.5,'lat':31}},"
                             "{'what':'b','count':null,'plant':'E1'}]}",
                             &error),
                        error);
    g_assert_cmpint(version_of(same), ==, 1); /* the same rows are no change */
    json_t *fewer = done(
        edit(world, &actor_system, "survey", id, 1, "{'items':[{'what':'c'}]}", &error), error);
    g_assert_cmpint(child_rows(world), ==, 1);
    json_t *entries = journal_of(world->sql, world->packs, "survey", id, &error);
    json_t *diff = json_object_get(json_array_get(entries, 1), "diff");
    json_t *pair = json_object_get(diff, "items");
    g_assert_true(json_equal(json_array_get(pair, 0), wanted));
    g_assert_true(json_equal(json_array_get(pair, 1), json_object_get(fewer, "items")));
    json_t *none = done(edit(world, &actor_system, "survey", id, 2, "{'items':[]}", &error), error);
    g_assert_null(json_object_get(none, "items"));
    g_assert_cmpint(child_rows(world), ==, 0);
    verify_good(world);
    json_decref(none);
    json_decref(entries);
    json_decref(fewer);
    json_decref(same);
    json_decref(wanted);
    json_decref(record);
}

/* A list gives each record its own rows and their labels, and words inside rows are found. */
static void test_rows_in_list(World *world, gconstpointer data) {
    (void)data;
    enum { RECORDS = 150 };
    for (int i = 0; i < RECORDS; i++) {
        g_autofree char *text =
            i % 3
                ? g_strdup_printf("{'title':'t','enterprise':'E1','outcome':'%d','items':[{'what':"
                                  "'甲醇%d','count':%d,'plant':'E%d'},{'what':'x'}]}",
                                  i, i, i, i % 3)
                : g_strdup_printf("{'title':'t','enterprise':'E1','outcome':'%d'}", i);
        put(world, "survey", text);
    }
    GError *error = NULL;
    RecordQuery query = {.limit = 500, .labels = TRUE};
    json_t *page = done(record_list(world->sql, world->packs, &actor_system, "survey", &query,
                                    world->now_ms, &error),
                        error);
    json_t *items = json_object_get(page, "items"), *record;
    size_t n;
    g_assert_cmpint(json_array_size(items), ==, RECORDS);
    json_array_foreach(items, n, record) {
        int i = atoi(get(record, "outcome"));
        json_t *rows = json_object_get(record, "items"), *first = json_array_get(rows, 0);
        g_assert_cmpint(json_array_size(rows), ==, i % 3 ? 2 : 0);
        if (i % 3 == 0)
            continue;
        g_assert_cmpint(json_integer_value(json_object_get(first, "count")), ==, i);
        json_t *labels = json_object_get(json_object_get(record, "_labels"), "items");
        g_assert_cmpstr(get(json_array_get(labels, 0), "plant"), ==,
                        i % 3 == 1 ? "武进化工" : "新北储运");
        g_assert_cmpint(json_object_size(json_array_get(labels, 1)), ==, 0);
    }
    json_decref(page);
    query = (RecordQuery){.limit = 5, .search = "甲醇149", .count = TRUE};
    page = done(record_list(world->sql, world->packs, &actor_system, "survey", &query,
                            world->now_ms, &error),
                error);
    g_assert_cmpint(json_integer_value(json_object_get(page, "count")), ==, 1);
    json_decref(page);
    verify_good(world);
}

/* Whoever changes rows behind the program's back is found out. */
static void test_rows_forged(World *world, gconstpointer data) {
    (void)data;
    static const char *const forgeries[] = {
        "UPDATE r_survey__items SET what = 'z' WHERE _ordinal = 0",
        "DELETE FROM r_survey__items WHERE _ordinal = 1",
        "UPDATE r_survey__items SET _ordinal = 7 WHERE _ordinal = 1",
        "INSERT INTO r_survey__items (_record, _ordinal, what) VALUES ('nobody', 0, 'x')",
        ("INSERT INTO r_survey__items (_record, _ordinal, what) SELECT _id, 0, 'x' FROM r_survey "
         "WHERE title = 'b'"),
        "UPDATE r_survey SET items = 3 WHERE title = 'a'",
        "UPDATE r_survey SET items = NULL WHERE title = 'a'",
    };
    json_decref(survey(world, ",'items':[{'what':'p'},{'what':'q'}]"));
    put(world, "survey", "{'title':'b','enterprise':'E1'}");
    verify_good(world);
    for (gsize i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        VerifyReport report;
        GError *error = NULL;
        g_assert_true(sql_exec(world->sql, "SAVEPOINT forge", NULL));
        g_assert_true(sql_exec(world->sql, forgeries[i], NULL));
        if (journal_verify(world->sql, world->packs, NULL, &report, &error))
            g_error("not found: %s", forgeries[i]);
        g_assert_error(error, ANLAN_ERROR, ERROR_VERIFY);
        g_clear_error(&error);
        sql_exec(world->sql, "ROLLBACK TO forge; RELEASE forge", NULL);
    }
    verify_good(world);
}

/* --- what a value becomes when its place is gone --- */

static void test_shown(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *record = survey(world, ",'outcome':'bad','fine':2000,'appeal':'x'");
    const char *id = get(record, "id");
    json_t *edited =
        done(edit(world, &actor_system, "survey", id, 1, "{'outcome':'good'}", &error), error);
    g_assert_null(json_object_get(edited, "fine"));
    g_assert_null(json_object_get(edited, "appeal")); /* hung on the fine */
    json_t *entries = journal_of(world->sql, world->packs, "survey", id, &error);
    json_t *diff = json_object_get(json_array_get(entries, 1), "diff");
    json_t *wanted =
        fields_of("{'outcome':['bad','good'],'fine':[2000.0,null],'appeal':['x',null]}");
    g_assert_true(json_equal(diff, wanted));
    refused(edit(world, &actor_system, "survey", id, 2, "{'appeal':'x'}", &error), &error,
            ERROR_FIELD_NOT_SHOWN, "appeal");
    json_decref(
        done(edit(world, &actor_system, "survey", id, 2, "{'appeal':null}", &error), error));
    json_decref(wanted);
    json_decref(entries);
    json_decref(edited);
    json_decref(record);
    verify_good(world);
}

static void test_types(World *world, gconstpointer data) {
    (void)data;
    static const char *const wanted[] = {
        "{'name':'cost','kind':'money','min':0.0,'max':1000000.0}",
        "{'name':'span','kind':'duration','min':'PT30M','max':'P7D','default':'PT8H'}",
        "{'name':'mark','kind':'score','min':0.0,'max':100.0}",
        "{'name':'fine','kind':'money','shown':'outcome = \\u0027bad\\u0027','required':true}",
        "{'name':'items','kind':'rows','min_rows':1,'max_rows':5}",
        "{'name':'reviewer','required':false,'required_states':['reviewed','closed']}",
    };
    json_t *types = record_types(world->packs, &actor_system), *list, *type, *field;
    list = json_object_get(types, "types");
    size_t i, j;
    guint seen = 0;
    json_array_foreach(list, i, type) {
        if (strcmp(get(type, "name"), "survey") != 0)
            continue;
        json_array_foreach(json_object_get(type, "fields"), j, field) {
            for (gsize k = 0; k < G_N_ELEMENTS(wanted); k++) {
                json_t *want = fields_of(wanted[k]), *member;
                const char *name;
                if (strcmp(get(want, "name"), get(field, "name")) == 0) {
                    seen++;
                    json_object_foreach(want, name, member)
                        g_assert_true(json_equal(member, json_object_get(field, name)));
                }
                json_decref(want);
            }
        }
    }
    g_assert_cmpuint(seen, ==, G_N_ELEMENTS(wanted));
    json_decref(types);
}

#define TEST(name, function)                                                                       \
    g_test_add("/kinds/" name, World, NULL, open_kinds, function, world_close)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    TEST("taken", test_taken);
    TEST("refused", test_refused);
    TEST("found", test_found);
    TEST("rows", test_rows);
    TEST("rows-in-list", test_rows_in_list);
    TEST("rows-forged", test_rows_forged);
    TEST("shown", test_shown);
    TEST("types", test_types);
    TEST("unique-scope", test_unique_scope);
    TEST("sums", test_sums);
    return g_test_run();
}
