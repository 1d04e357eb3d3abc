/* Assignment: every way in which a record names people, against the rule written out here. */
#include "record/clock_list.h"
#include "record/indicator.h"
#include "record/query.h"
#include "record/record_fixture.h"

enum { MATTERS = 60, ACTS = 400 };

static void open_world(World *world, gconstpointer data) {
    world_open_with(world, data, "tests/packs/assigned");
    put(world, "user", "{'login':'ann','name':'a','role':'expert','region':'3205'}");
    put(world, "user", "{'login':'bob','name':'b','role':'expert','region':'3205'}");
    put(world, "user", "{'login':'cat','name':'c','role':'county_inspector','region':'320411'}");
    put(world, "helper", "{'code':'H1','account':'ann'}");
    put(world, "helper", "{'code':'H2','account':'bob'}");
    put(world, "helper", "{'code':'H3'}");
}

typedef struct {
    const char *role, *login, *place;
} Person;
static const Person people[] = {
    {"expert", "ann", "3205"},
    {"expert", "bob", "3205"},
    {"county_inspector", "cat", "320411"},
    {"county_inspector", "dan", "320412"},
    {"enterprise_safety", "eve", "E2"},
    {"enterprise_safety", "fay", "E3"},
    {"admin", "root", NULL},
    {"province_inspector", "gil", "32"},
};

static Actor actor_of(World *world, const Person *who) {
    return person(world, who->role, who->login, who->place);
}

static const char *pick(const char *const *texts, int n) {
    return texts[g_test_rand_int_range(0, n)];
}

static char *random_fields(void) {
    static const char *const enterprises[] = {"E1", "E2", "E3"};
    static const char *const logins[] = {"ann", "bob", "cat", "dan", "eve"};
    static const char *const helpers[] = {"H1", "H2", "H3"};
    static const char *const roles[] = {"expert", "county_inspector", "enterprise_safety"};
    static const char *const regions[] = {"32", "3204", "3205", "320412"};
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "{'title':'事项','enterprise':'%s'", pick(enterprises, 3));
    if (g_test_rand_int_range(0, 6) == 0)
        g_string_append_printf(text, ",'expert':'%s'", pick(logins, 3));
    if (g_test_rand_int_range(0, 6) == 0)
        g_string_append_printf(text, ",'guardian':'%s'", pick(logins, 5));
    if (g_test_rand_int_range(0, 6) == 0)
        g_string_append_printf(text, ",'helper':'%s'", pick(helpers, 3));
    if (g_test_rand_int_range(0, 6) == 0)
        g_string_append_printf(text, ",'contractor':'%s'", pick(enterprises, 3));
    if (g_test_rand_int_range(0, 6) == 0)
        g_string_append_printf(text, ",'to_role':'%s'", pick(roles, 3));
    if (g_test_rand_bit())
        g_string_append_printf(text, ",'to_region':'%s'", pick(regions, 4));
    if (g_test_rand_int_range(0, 4) == 0)
        g_string_append_printf(text, ",'members':[{'helper':'%s'},{'login':'%s'}]",
                               pick(helpers, 3), pick(logins, 5));
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

static gboolean is(json_t *record, const char *field, const char *value) {
    return g_strcmp0(get(record, field), value) == 0;
}

static gboolean helps(World *world, const char *code, const char *login) {
    json_t *helper =
        code ? record_get(world->sql, world->packs, &actor_system, "helper", code, NULL) : NULL;
    gboolean found = helper && is(helper, "account", login);
    json_decref(helper);
    return found;
}

static const char *region_of(const char *enterprise) {
    return strcmp(enterprise, "E1") == 0   ? "320412"
           : strcmp(enterprise, "E2") == 0 ? "320411"
                                           : "320505";
}

static gboolean role_named(json_t *record, const Person *who, gboolean plant) {
    const char *within = get(record, "to_region");
    const char *home = plant ? region_of(who->place) : who->place ? who->place : "";
    return is(record, "to_role", who->role) && (!within || g_str_has_prefix(home, within));
}

static gboolean rule_assigned(World *world, json_t *record, const Person *who) {
    gboolean plant = g_str_has_prefix(who->role, "enterprise_");
    gboolean found = is(record, "expert", who->login) || is(record, "guardian", who->login) ||
                     helps(world, get(record, "helper"), who->login) ||
                     (plant && is(record, "contractor", who->place)) ||
                     role_named(record, who, plant);
    size_t i;
    json_t *member;
    json_array_foreach(json_object_get(record, "members"), i, member) found =
        found || is(member, "login", who->login) || helps(world, get(member, "helper"), who->login);
    return found;
}

static gboolean rule_place(json_t *record, const Person *who) {
    const char *enterprise = get(record, "enterprise");
    if (strcmp(who->role, "admin") == 0)
        return TRUE;
    return g_str_has_prefix(who->role, "enterprise_")
               ? strcmp(enterprise, who->place) == 0
               : g_str_has_prefix(region_of(enterprise), who->place);
}

static gboolean has_id(json_t *items, const char *id) {
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) if (is(item, "id", id)) return TRUE;
    return FALSE;
}

static json_t *items_of(json_t *page_take) {
    json_t *items = json_incref(json_object_get(page_take, "items"));
    json_decref(page_take);
    return items;
}

static json_t *listed(World *world, const Actor *actor, const RecordQuery *asked) {
    GError *error = NULL;
    return items_of(
        done(record_list(world->sql, world->packs, actor, "matter", asked, world->now_ms, &error),
             error));
}

/* What one person finds behind each door that shows several records. */
typedef struct {
    const char *name;
    json_t *items;
} Door;
enum { DOORS = 8 };

static void open_doors(World *world, const Actor *actor, Door *doors) {
    GError *error = NULL;
    RecordQuery all = {.limit = 500}, sorted = {.limit = 500, .sort = "enterprise"},
                found = {.limit = 500, .search = "事项"},
                counted = {.limit = 500, .search = "事项", .sort = "enterprise"},
                states = {.limit = 500, .filter = "state = 'open'"};
    gint64 last;
    ClockQuery clocks = {.state = "all", .type = "matter", .limit = 500};
    JournalQuery journal = {.type = "matter", .limit = 500};
    doors[0] = (Door){"list", listed(world, actor, &all)};
    doors[1] = (Door){"sorted", listed(world, actor, &sorted)};
    doors[2] = (Door){"search", listed(world, actor, &found)};
    doors[3] = (Door){"sorted search", listed(world, actor, &counted)};
    doors[4] = (Door){"state", listed(world, actor, &states)};
    doors[5] = (Door){"clocks", items_of(done(clock_list(world->sql, world->packs, actor, &clocks,
                                                         world->now_ms, &error),
                                              error))};
    doors[6] = (Door){
        "journal",
        items_of(done(journal_page(world->sql, world->packs, actor, &journal, &error), error))};
    doors[7] = (Door){
        "stream",
        done(journal_after(world->sql, world->packs, actor, NULL, 0, 5000, &last, &error), error)};
}

static gint64 figure(World *world, const Actor *actor) {
    GError *error = NULL;
    IndicatorQuery asked = {0};
    json_t *json = done(indicator_json(world->sql, world->packs, actor, "matter", "open", &asked,
                                       world->now_ms, &error),
                        error);
    gint64 value = (gint64)json_number_value(json_object_get(json, "value"));
    json_decref(json);
    return value;
}

static gint64 of_facets(World *world, const Actor *actor) {
    GError *error = NULL;
    RecordQuery asked = {.limit = 1, .count = TRUE, .facets = "state"};
    json_t *page =
        done(record_list(world->sql, world->packs, actor, "matter", &asked, world->now_ms, &error),
             error);
    json_t *counts = json_object_get(json_object_get(page, "facets"), "state");
    gint64 sum = 0;
    size_t i;
    json_t *one;
    json_array_foreach(counts, i, one) sum += json_integer_value(json_object_get(one, "count"));
    g_assert_cmpint(sum, ==, json_integer_value(json_object_get(page, "count")));
    json_decref(page);
    return sum;
}

static void check_person(World *world, json_t *matters, const Person *who) {
    Actor actor = actor_of(world, who);
    Door doors[DOORS];
    gint64 seen = 0;
    size_t i;
    json_t *record;
    open_doors(world, &actor, doors);
    json_array_foreach(matters, i, record) {
        const char *id = get(record, "id");
        gboolean place = rule_place(record, who);
        gboolean wanted = place || rule_assigned(world, record, who);
        json_t *one = record_get(world->sql, world->packs, &actor, "matter", id, NULL);
        g_assert_cmpint(one != NULL, ==, wanted);
        if (one) {
            gboolean may = place && (strcmp(who->role, "expert") == 0 ||
                                     strcmp(who->role, "county_inspector") == 0 ||
                                     strcmp(who->role, "admin") == 0);
            g_assert_cmpint(
                record_may_edit(world->sql, &actor, packs_type(world->packs, "matter"), one), ==,
                may);
        }
        json_decref(one);
        for (int d = 0; d < DOORS; d++)
            if (has_id(doors[d].items, id) != wanted)
                g_error("%s of %s: %s is %s", doors[d].name, who->login, id,
                        wanted ? "missing" : "shown");
        seen += wanted;
    }
    g_assert_cmpint(figure(world, &actor), ==, seen);
    g_assert_cmpint(of_facets(world, &actor), ==, seen);
    for (int d = 0; d < DOORS; d++)
        json_decref(doors[d].items);
}

static json_t *matters_made(World *world) {
    GError *error = NULL;
    json_t *matters = json_array();
    for (int i = 0; i < MATTERS; i++) {
        g_autofree char *text = random_fields();
        json_array_append_new(matters,
                              done(create(world, &actor_system, "matter", text, &error), error));
    }
    return matters;
}

static void test_rule(World *world, gconstpointer data) {
    (void)data;
    json_t *matters = matters_made(world);
    for (guint i = 0; i < G_N_ELEMENTS(people); i++)
        check_person(world, matters, &people[i]);
    /* Who is behind a name changes: what it opened changes with it. */
    GError *error = NULL;
    json_decref(
        done(edit(world, &actor_system, "helper", "H1", 0, "{'account':'bob'}", &error), error));
    json_decref(
        done(edit(world, &actor_system, "helper", "H2", 0, "{'account':null}", &error), error));
    for (guint i = 0; i < G_N_ELEMENTS(people); i++)
        check_person(world, matters, &people[i]);
    json_decref(matters);
    verify_good(world);
}

/* Ann of Suzhou is expert for a plant in Changzhou: she moves, is told and is named, but neither
 * edits nor carries the record elsewhere; her stand-in does the same; a stranger nothing. */
static void test_moves(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor ann = actor_of(world, &people[0]), bob = actor_of(world, &people[1]),
          dan = actor_of(world, &people[3]);
    json_t *record = done(
        create(world, &dan, "matter", "{'title':'t','enterprise':'E1','expert':'ann'}", &error),
        error);
    g_autofree char *id = g_strdup(get(record, "id"));
    json_decref(record);
    refused(create(world, &dan, "matter", "{'title':'t','enterprise':'E1','expert':'zoe'}", &error),
            &error, ERROR_FIELD_REF, "expert");
    refused(move(world, &bob, "matter", id, "rate", 0, "{'grade':1}", &error), &error,
            ERROR_NOT_FOUND, NULL);
    json_decref(done(move(world, &ann, "matter", id, "rate", 0, "{'grade':5}", &error), error));
    refused(edit(world, &ann, "matter", id, 0, "{'title':'x'}", &error), &error, ERROR_SCOPE, NULL);
    refused(move(world, &ann, "matter", id, "give_over", 0, "{'enterprise':'E2'}", &error), &error,
            ERROR_SCOPE, NULL);
    json_t *notices = done(record_notices(world->sql, world->packs, &ann, 0, 10, &error), error);
    g_assert_cmpuint(json_array_size(notices), ==, 1);
    json_decref(notices);
    json_t *todo =
        done(record_todo(world->sql, world->packs, &ann, world->now_ms, 10, &error), error);
    g_assert_cmpint(json_integer_value(json_object_get(todo, "count")), ==, 1);
    json_decref(todo);
    put(world, "delegation",
        "{'from_user':'ann','to_user':'bob','until':'2026-12-01T00:00:00Z',"
        "'reason':'r'}");
    RecordQuery all = {.limit = 1};
    json_t *delegations = items_of(
        done(record_list(world->sql, world->packs, &ann, "delegation", &all, 0, &error), error));
    json_decref(done(move(world, &ann, "delegation", get(json_array_get(delegations, 0), "id"),
                          "begin", 0, "{}", &error),
                     error));
    json_decref(delegations);
    json_decref(done(move(world, &bob, "matter", id, "rate", 0, "{'grade':4}", &error), error));
    json_decref(done(edit(world, &dan, "matter", id, 0, "{'expert':null}", &error), error));
    refused(move(world, &ann, "matter", id, "rate", 0, "{'grade':1}", &error), &error,
            ERROR_NOT_FOUND, NULL);
    refused(move(world, &bob, "matter", id, "rate", 0, "{'grade':1}", &error), &error,
            ERROR_NOT_FOUND, NULL);
}

static gsize notes_of(World *world, const Actor *actor) {
    GError *error = NULL;
    RecordQuery all = {.limit = 100};
    json_t *items = items_of(
        done(record_list(world->sql, world->packs, actor, "note", &all, 0, &error), error));
    gsize n = json_array_size(items);
    json_decref(items);
    return n;
}

static void test_own(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor cat = actor_of(world, &people[2]), dan = actor_of(world, &people[3]),
          root = actor_of(world, &people[6]);
    json_t *note =
        done(create(world, &cat, "note", "{'text':'a','shown_to':'dan'}", &error), error);
    const char *id = get(note, "id");
    json_decref(done(create(world, &dan, "note", "{'text':'b'}", &error), error));
    g_assert_cmpuint(notes_of(world, &cat), ==, 1);
    g_assert_cmpuint(notes_of(world, &dan), ==, 2);
    g_assert_cmpuint(notes_of(world, &root), ==, 0);
    g_assert_cmpuint(notes_of(world, &actor_system), ==, 2);
    refused(edit(world, &dan, "note", id, 0, "{'text':'x'}", &error), &error, ERROR_SCOPE, NULL);
    refused(edit(world, &root, "note", id, 0, "{'text':'x'}", &error), &error, ERROR_NOT_FOUND,
            NULL);
    json_decref(done(edit(world, &cat, "note", id, 0, "{'shown_to':null}", &error), error));
    g_assert_cmpuint(notes_of(world, &dan), ==, 1);
    json_decref(note);
    verify_good(world);
}

/* No way walks a whole table. */
static void test_plan(World *world, gconstpointer data) {
    (void)data;
    if (sql_kind(world->sql) != SQL_SQLITE)
        return g_test_skip("reads the plan of SQLite");
    json_t *matters = matters_made(world);
    for (guint i = 0; i < G_N_ELEMENTS(people); i++) {
        Actor actor = actor_of(world, &people[i]);
        const RecordType *type = packs_type(world->packs, "matter");
        g_autoptr(Query) query =
            query_new("EXPLAIN QUERY PLAN SELECT _id FROM r_matter WHERE 1 = 1");
        g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
        GError *error = NULL;
        if (rights_all_rows(&actor, type))
            continue;
        rights_scope_sql(world->sql, &actor, type, "_id", query->text, texts);
        for (guint j = 0; j < texts->len; j++)
            query_param_text(query, texts->pdata[j]);
        SqlStatement *st = query_start(query, world->sql, &error);
        while (st && sql_step(st, &error) == SQL_ROW)
            if (g_str_has_prefix(sql_text(st, 3), "SCAN r_"))
                g_error("%s: %s", people[i].login, sql_text(st, 3));
        g_assert_no_error(error);
    }
    json_decref(matters);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/assigned/rule", World, NULL, open_world, test_rule, world_close);
    g_test_add("/assigned/moves", World, NULL, open_world, test_moves, world_close);
    g_test_add("/assigned/own", World, NULL, open_world, test_own, world_close);
    g_test_add("/assigned/plan", World, NULL, open_world, test_plan, world_close);
    return g_test_run();
}
