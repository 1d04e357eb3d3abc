/* Changes of packs that would lose data: each is refused with its command, which when tried touches
 * nothing, and when done leaves the journal, the rows and the packs in agreement; killed in the
 * middle it leaves before or after. */
#include "record/pack_change.h"
#include "record/record_fixture.h"
#include "record/stored_type.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>

/* core, hazard and tests/packs/kinds with some texts replaced, wherever they stand. */
static Packs *edited(const char *const *edits) {
    GError *error = NULL;
    g_autofree char *folder = g_dir_make_tmp("pack-XXXXXX", NULL);
    g_autofree char *kinds = g_build_filename(folder, "kinds", NULL);
    g_autofree char *survey = g_build_filename(kinds, "survey.yaml", NULL);
    g_autofree char *pack = g_build_filename(kinds, "pack.yaml", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents("tests/packs/kinds/survey.yaml", &text, NULL, NULL));
    GString *changed = g_string_new(text);
    for (; edits && edits[0]; edits += 2)
        g_assert_cmpuint(g_string_replace(changed, edits[0], edits[1], 0), >, 0);
    g_mkdir(kinds, 0700);
    link_into(folder, "packs/core");
    link_into(folder, "packs/hazard");
    link_into(kinds, "tests/packs/kinds/pack.yaml");
    g_assert_true(g_file_set_contents(survey, changed->str, -1, NULL));
    Packs *packs = packs_load(folder, &error);
    g_assert_no_error(error);
    g_unlink(survey);
    g_unlink(pack);
    g_rmdir(kinds);
    for (int i = 0; i < 2; i++) {
        g_autofree char *link = g_build_filename(folder, i ? "core" : "hazard", NULL);
        g_unlink(link);
    }
    g_rmdir(folder);
    g_string_free(changed, TRUE);
    return packs;
}

typedef struct {
    const char *path;
    const char *edits[7];
    const char *command; /* of the refusal; NULL: it is not refused (what is gone held nothing) */
    PackChangeKind kind;
    const char *asked;
    gint64 records, emptied;
    const char *title, *fields; /* the record of this title has these; null: has none */
} Case;

#define COST                                                                                       \
    "  - {name: cost,       kind: money, min: 0, max: 1000000, title: {zh: 费用, en: Cost}}\n"
#define ZONE "{name: zone,       kind: area,"
#define ITEMS_TOOK "      - {name: took,   kind: duration, title: {zh: 用时, en: Took}}\n"

static const Case cases[] = {
    {"drop",
     {COST, ""},
     "--drop survey.cost",
     CHANGE_DROP,
     "survey.cost",
     2,
     0,
     "a",
     "{'cost':null,'mark':50.5}"},
    {"rename",
     {"{name: cost,", "{name: price,"},
     "--rename survey.cost=NEW",
     CHANGE_RENAME,
     "survey.cost=price",
     2,
     0,
     "a",
     "{'cost':null,'price':12.5}"},
    {"rename-area",
     {ZONE, "{name: reach,      kind: area,"},
     "--rename survey.zone=NEW",
     CHANGE_RENAME,
     "survey.zone=reach",
     1,
     0,
     "a",
     "{'zone':null,'reach':{'type':'Polygon','coordinates':[[[0.0,0.0],[1.0,0.0],[1.0,1.0],[0.0,0."
     "0]]]}}"},
    {"drop-area",
     {"  - " ZONE " title: {zh: 范围, en: Zone}}\n", ""},
     "--drop survey.zone",
     CHANGE_DROP,
     "survey.zone",
     1,
     0,
     "a",
     "{'zone':null}"},
    {"rename-scope",
     {"{name: enterprise,", "{name: firm,", "{enterprise: enterprise}", "{enterprise: firm}"},
     "--rename survey.enterprise=firm",
     CHANGE_RENAME,
     "survey.enterprise=firm",
     3,
     0,
     "c",
     "{'enterprise':null,'firm':'E1'}"},
    {"money-to-text",
     {"{name: cost,       kind: money, min: 0, max: 1000000,", "{name: cost, kind: text,"},
     "--retype survey.cost",
     CHANGE_RETYPE,
     "survey.cost",
     2,
     0,
     "a",
     "{'cost':'12.5'}"},
    {"score-to-integer",
     {"kind: score, max: 100,", "kind: integer,", "mark: 100", "mark: 1"},
     "--retype survey.mark",
     CHANGE_RETYPE,
     "survey.mark",
     2,
     1,
     "b",
     "{'mark':60}"},
    {"text-to-time",
     {"{name: appeal,     kind: text, max: 80,", "{name: appeal, kind: time,"},
     "--retype survey.appeal",
     CHANGE_RETYPE,
     "survey.appeal",
     1,
     1,
     "b",
     "{'appeal':null}"},
    {"text-to-role",
     {"{name: reviewer,   kind: text, max: 20,", "{name: reviewer, kind: role,"},
     "--retype survey.reviewer",
     CHANGE_RETYPE,
     "survey.reviewer",
     1,
     1,
     "a",
     "{'reviewer':'admin'}"},
    {"drop-cell",
     {ITEMS_TOOK, ""},
     "--drop survey.items.took",
     CHANGE_DROP,
     "survey.items.took",
     2,
     0,
     "a",
     "{'items':[{'what':'x','count':2,'at':{'lon':1.0,'lat':2.0}},{'what':'y','count':1}]}"},
    {"rename-cell",
     {"{name: at,     kind", "{name: spot,   kind"},
     "--rename survey.items.at=NEW",
     CHANGE_RENAME,
     "survey.items.at=spot",
     1,
     0,
     "a",
     "{'items':[{'what':'x','count':2,'spot':{'lon':1.0,'lat':2.0},'took':'PT1H'},{'what':'y','"
     "count':1,"
     "'took':'PT2H'}]}"},
    {"retype-cell",
     {"{name: count,  kind: integer, default: 1,", "{name: count,  kind: text,"},
     "--retype survey.items.count",
     CHANGE_RETYPE,
     "survey.items.count",
     2,
     0,
     "b",
     "{'items':[{'what':'z','count':'7','took':'PT3H'}]}"},
    {"rename-rows",
     {"- name: items", "- name: parts", "appeal, items]", "appeal, parts]"},
     "--rename survey.items=NEW",
     CHANGE_RENAME,
     "survey.items=parts",
     2,
     0,
     "b",
     "{'items':null,'parts':[{'what':'z','count':7,'took':'PT3H'}]}"},
    {"state",
     {"reviewed", "checked"},
     "--map-state survey.reviewed=NEW",
     CHANGE_STATE,
     "survey.reviewed=checked",
     1,
     0,
     "b",
     "{'state':'checked'}"},
};

static void make(World *world, const char *text) { put(world, "survey", text); }

static void open_case(World *world, gconstpointer data) {
    GError *error = NULL;
    gint64 sealed;
    world_open_of(world, data, edited(NULL));
    make(world, "{'title':'a','enterprise':'E1','cost':12.5,'mark':50.5,'reviewer':'admin','zone':"
                "{'type':'Polygon','coordinates':[[[0,0],[1,0],[1,1],[0,0]]]},'items':[{'what':"
                "'x','count':2,'at':{'lon':1,'lat':2},'took':'PT1H'},{'what':'y','took':'PT2H'}]}");
    Actor county = person(world, "county_inspector", "i", "3204");
    json_t *b =
        done(create(world, &actor_system, "survey",
                    "{'title':'b','enterprise':'E1','cost':7,'mark':60,'outcome':'bad','fine':2000,"
                    "'appeal':'unfair','items':[{'what':'z','count':7,'took':'PT3H'}]}",
                    &error),
             error);
    json_decref(done(move(world, &county, "survey", get(b, "id"), "review", 1,
                          "{'reviewer':'no such role'}", &error),
                     error));
    json_decref(b);
    make(world, "{'title':'c','enterprise':'E1'}");
    g_assert_true(journal_seal(world->sql, world->now_ms, &sealed, &error));
}

/* As a start with these packs does. */
static gboolean start(World *world, GError **error) {
    return records_migrate(world->sql, world->packs, error);
}

static gboolean apply(World *world, const Packs *packs, PackChange **change, gboolean keep,
                      GPtrArray *changes, GError **error) {
    g_assert_true(sql_exec(world->sql, "BEGIN IMMEDIATE", error));
    gboolean good = pack_changes_apply(world->sql, packs, changes, world->now_ms, error);
    g_assert_true(sql_exec(world->sql, good && keep ? "COMMIT" : "ROLLBACK", NULL));
    *change = changes->pdata[0];
    return good;
}

static void reopen(World *world) {
    sql_close(world->sql);
    for (int tries = 0; tries < 200; tries++) {
        world->sql = sql_open(world->database.uri, SQL_WRITE, NULL);
        if (world->sql)
            return;
        g_usleep(50000);
    }
    g_error("the database cannot be opened again");
}

static void take_packs(World *world, Packs *packs_take) {
    packs_free(world->packs);
    world->packs = packs_take;
}

static json_t *titled(World *world, const char *title) {
    GError *error = NULL;
    g_autofree char *filter = g_strdup_printf("title = '%s'", title);
    RecordQuery query = {.filter = filter, .limit = 2};
    json_t *page = done(record_list(world->sql, world->packs, &actor_system, "survey", &query,
                                    world->now_ms, &error),
                        error);
    json_t *record = json_incref(json_array_get(json_object_get(page, "items"), 0));
    json_decref(page);
    g_assert_nonnull(record);
    return record;
}

static void has_fields(World *world, const Case *this) {
    json_t *record = titled(world, this->title), *wanted = fields_of(this->fields), *value;
    const char *name;
    json_object_foreach(wanted, name, value) {
        json_t *got = json_object_get(record, name);
        if (json_is_null(value) ? got != NULL : !json_equal(got, value))
            g_error("%s: %s", this->path, json_dumps(record, 0));
    }
    json_decref(record);
    json_decref(wanted);
}

static gint64 count(World *world, const char *text) {
    gint64 n;
    g_assert_true(sql_get_int(world->sql, NULL, &n, -1, text, ""));
    return n;
}

static void test_case(World *world, gconstpointer data) {
    const Case *this = data;
    g_autoptr(GError) error = NULL;
    PackChange *change;
    Packs *before = world->packs, *after = edited(this->edits);
    g_autoptr(GPtrArray) looked = pack_changes_new(), changes = pack_changes_new();
    g_assert_true(pack_changes_add(looked, this->kind, this->asked, &error));
    g_assert_true(pack_changes_add(changes, this->kind, this->asked, &error));

    world->packs = after;
    g_assert_false(start(world, &error));
    g_assert_error(error, ANLAN_ERROR, ERROR_PACK);
    g_autofree char *hint = error_hint(error, LANG_EN);
    if (strstr(hint, this->command) == NULL)
        g_error("%s: %s", this->path, hint);
    g_clear_error(&error);
    world->packs = before;
    verify_good(world);

    gint64 entries = count(world, "SELECT count(*) FROM journal");
    reopen(world); /* it is the first thing that a connection does */
    if (!apply(world, after, &change, FALSE, looked, &error))
        g_error("%s: %s", this->path, error->message);
    g_assert_cmpint(change->records, ==, this->records);
    g_assert_cmpint(change->emptied, ==, this->emptied);
    reopen(world);
    g_assert_cmpint(count(world, "SELECT count(*) FROM journal"), ==, entries);
    verify_good(world);
    g_assert_true(start(world, &error));

    reopen(world);
    if (!apply(world, after, &change, TRUE, changes, &error))
        g_error("%s: %s", this->path, error->message);
    g_assert_cmpint(change->records, ==, this->records);
    take_packs(world, after);
    verify_good(world);
    has_fields(world, this);
    g_assert_cmpint(count(world, "SELECT count(*) FROM journal WHERE action LIKE 'pack:%'"), ==,
                    this->records);
    g_assert_true(start(world, &error));
    verify_good(world);
    make(world, strstr(this->path, "scope") ? "{'title':'d','firm':'E1'}"
                                            : "{'title':'d','enterprise':'E1'}");
    RecordQuery query = {.search = "unfair", .limit = 5};
    json_t *page = done(record_list(world->sql, world->packs, &actor_system, "survey", &query,
                                    world->now_ms, &error),
                        error);
    g_assert_cmpuint(json_array_size(json_object_get(page, "items")), ==,
                     strcmp(this->path, "text-to-time") != 0);
    json_decref(page);
}

/* --- what may not be --- */

static void test_texts(World *world, gconstpointer data) {
    (void)data;
    static const struct {
        PackChangeKind kind;
        const char *text;
    } bad[] = {{CHANGE_DROP, ""},
               {CHANGE_DROP, "survey.cost=x"},
               {CHANGE_DROP, "a.b.c.d"},
               {CHANGE_DROP, "survey.\"; DROP TABLE journal"},
               {CHANGE_DROP, "survey.Cost"},
               {CHANGE_DROP, "survey__items"},
               {CHANGE_DROP, "survey._id"},
               {CHANGE_RENAME, "survey.cost"},
               {CHANGE_RENAME, "survey=x"},
               {CHANGE_RENAME, "survey.cost="},
               {CHANGE_RENAME, "survey.cost=a=b"},
               {CHANGE_RETYPE, "survey"},
               {CHANGE_STATE, "survey.items.a=b"}};
    (void)world;
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) changes = pack_changes_new();
        g_assert_false(pack_changes_add(changes, bad[i].kind, bad[i].text, &error));
        g_assert_error(error, ANLAN_ERROR, ERROR_CONFIG);
    }
}

static void test_refused(World *world, gconstpointer data) {
    (void)data;
    static const struct {
        const char *edits[5];
        PackChangeKind kind;
        const char *asked, *says;
    } refusals[] = {
        {{NULL}, CHANGE_DROP, "survey.cost", "still stands in the pack"},
        {{NULL}, CHANGE_DROP, "survey.nothing", "no such field"},
        {{NULL}, CHANGE_DROP, "nothing.cost", "no such type"},
        {{NULL}, CHANGE_DROP, "survey", "still stands in a pack"},
        {{NULL}, CHANGE_DROP, "nothing", "no such type"},
        {{NULL}, CHANGE_RENAME, "survey.cost=price", "still stands in the pack"},
        {{COST, ""}, CHANGE_RENAME, "survey.cost=price", "no field of the new name"},
        {{COST, ""}, CHANGE_RENAME, "survey.cost=balance", "of the new name already"},
        {{NULL}, CHANGE_RETYPE, "survey.cost", "stored as the pack says"},
        {{NULL}, CHANGE_RETYPE, "survey.enterprise", "which record it is, or whose"},
        {{COST, ""}, CHANGE_RETYPE, "survey.cost", "the pack has no such field"},
        {{"{name: cost,       kind: money, min: 0, max: 1000000,", "{name: cost, kind: file,"},
         CHANGE_RETYPE,
         "survey.cost",
         "secrets, rows and files"},
        {{"{name: cost,", "{name: price,", "kind: money, min: 0, max",
          "kind: decimal, min: 0, max"},
         CHANGE_RENAME,
         "survey.cost=price",
         "is stored as money, the pack says decimal"},
        {{NULL}, CHANGE_STATE, "survey.open=closed", "still has this state"},
        {{"reviewed", "checked"}, CHANGE_STATE, "survey.reviewed=lost", "no state of the new name"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) changes = pack_changes_new();
        PackChange *change;
        Packs *packs = edited(refusals[i].edits);
        g_assert_true(pack_changes_add(changes, refusals[i].kind, refusals[i].asked, &error));
        g_assert_false(apply(world, packs, &change, TRUE, changes, &error));
        g_assert_error(error, ANLAN_ERROR, ERROR_PACK);
        if (strstr(error->message, refusals[i].says) == NULL)
            g_error("%s: %s", refusals[i].asked, error->message);
        packs_free(packs);
        verify_good(world);
    }
}

/* A type goes only without records. */
static void test_types(World *world, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    Packs *without = packs_with("tests/packs/watch"), *with = world->packs;
    g_autoptr(GPtrArray) changes = pack_changes_new();
    PackChange *change;
    g_assert_true(pack_changes_add(changes, CHANGE_DROP, "survey", &error));
    g_assert_false(apply(world, without, &change, TRUE, changes, &error));
    g_assert_nonnull(strstr(error->message, "has 3 records"));
    g_clear_error(&error);
    world_close(world, NULL);
    world_open_of(world, data, edited(NULL));
    with = world->packs;
    world->packs = without;
    g_assert_false(start(world, &error));
    g_autofree char *hint = error_hint(error, LANG_EN);
    g_assert_nonnull(strstr(hint, "anlan pack apply --drop survey"));
    g_clear_error(&error);
    world->packs = with;
    g_assert_true(apply(world, without, &change, TRUE, changes, &error));
    take_packs(world, without);
    g_assert_true(start(world, &error));
    verify_good(world);
}

/* --- killed --- */

static void child(World *world, const Packs *packs, const char *asked) {
    GError *error = NULL;
    PackChange *change;
    GPtrArray *changes = pack_changes_new();
    world->sql = test_sql_open(&world->database, SQL_WRITE);
    pack_changes_add(changes, CHANGE_RENAME, asked, &error);
    _exit(apply(world, packs, &change, TRUE, changes, &error) ? 0 : 1);
}

static gboolean is_stored(World *world, const char *field) {
    g_autofree char *kind = stored_kind(world->sql, "survey", field, NULL);
    return kind != NULL;
}

static void test_killed(World *world, gconstpointer data) {
    (void)data;
    enum { KILLS = 10, MANY = 150 };
    const char *const edits[] = {"{name: cost,", "{name: price,", NULL};
    Packs *packs[] = {world->packs, edited(edits)};
    for (int i = 0; i < MANY; i++)
        make(world, "{'title':'m','enterprise':'E1','cost':3.5}");
    int now = 0;
    for (int round = 0; round < KILLS; round++) {
        sql_close(world->sql);
        world->sql = NULL;
        pid_t pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0)
            child(world, packs[!now], now ? "survey.price=cost" : "survey.cost=price");
        g_usleep((gulong)g_test_rand_int_range(0, 400000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        reopen(world);
        gboolean old = is_stored(world, "cost"), fresh = is_stored(world, "price");
        g_assert_true(old != fresh);
        now = fresh;
        world->packs = packs[now];
        g_autoptr(GError) error = NULL;
        g_assert_true(start(world, &error));
        verify_good(world);
        json_t *record = titled(world, "m");
        g_assert_cmpfloat(json_number_value(json_object_get(record, now ? "price" : "cost")), ==,
                          3.5);
        json_decref(record);
    }
    packs_free(packs[!now]);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/pack-change/", cases[i].path, NULL);
        g_test_add(path, World, &cases[i], open_case, test_case, world_close);
    }
    g_test_add("/pack-change/texts", World, cases, open_case, test_texts, world_close);
    g_test_add("/pack-change/refused", World, cases, open_case, test_refused, world_close);
    g_test_add("/pack-change/types", World, cases, open_case, test_types, world_close);
    g_test_add("/pack-change/killed", World, cases, open_case, test_killed, world_close);
    return g_test_run();
}
