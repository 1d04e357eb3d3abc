/* Kinds of fields through the doors, on the made-up type of tests/packs/kinds: what is taken, what
 * is refused with which error, what is found and in which order, and that the journal proves it. */
#include "record/record_fixture.h"

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
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autofree char *text =
            g_strdup_printf("{'title':'a','enterprise':'E1',%s}", cases[i].fields);
        refused(create(world, &actor_system, "survey", text, &error), &error, cases[i].kind,
                cases[i].field);
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
    TEST("shown", test_shown);
    TEST("types", test_types);
    return g_test_run();
}
