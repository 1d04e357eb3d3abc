#include "record/query.h"
#include "record/record_fixture.h"

/* The SQL condition and the test of one row agree, on every actor, type and place; and both agree
 * with the rule written out here. */
static gboolean rule(const Actor *actor, gboolean everyone, const char *region,
                     const char *enterprise) {
    if (everyone || actor->kind != ACTOR_PERSON || actor->role->level == LEVEL_SYSTEM)
        return TRUE;
    if (actor->role->level == LEVEL_ENTERPRISE)
        return actor->enterprise && *actor->enterprise && enterprise &&
               strcmp(actor->enterprise, enterprise) == 0;
    gsize n = actor->region ? strlen(actor->region) : 0;
    return n > 0 && strncmp(region, actor->region, n) == 0;
}

static const char *const regions[] = {
    "",       "3",       "32",        "33",     "320",    "3204",   "3205",
    "3209",   "320399",  "320400",    "320404", "320411", "320412", "320413",
    "320499", "3204121", "320412001", "3205",   "32041",  "31",     "320500"};
static const char *const enterprises[] = {NULL, "", "E1", "E10", "E", "e1", "E2"};

/* A row for each place, to be found by `key`. */
static char *place_key(const char *region, const char *enterprise) {
    return g_strconcat(region, "|", enterprise ? enterprise : "none", NULL);
}

static void add_places(World *world) {
    GError *error = NULL;
    sql_define(world->sql, "CREATE TABLE place (key {text}, _region {text}, _enterprise {text})",
               &error);
    for (guint i = 0; i < G_N_ELEMENTS(regions); i++)
        for (guint j = 0; j < G_N_ELEMENTS(enterprises); j++) {
            g_autofree char *key = place_key(regions[i], enterprises[j]);
            sql_run(world->sql, &error, "DELETE FROM place WHERE key = ?", "t", key);
            sql_run(world->sql, &error, "INSERT INTO place VALUES (?, ?, ?)", "ttt", key,
                    regions[i], enterprises[j]);
        }
    g_assert_no_error(error);
}

static gboolean in_sql(World *world, const Actor *actor, const RecordType *type, const char *region,
                       const char *enterprise) {
    GError *error = NULL;
    gint64 count;
    g_autofree char *key = place_key(region, enterprise);
    g_autoptr(Query) query = query_new("SELECT count(*) FROM place WHERE key = ?");
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    query_param_text(query, key);
    rights_scope_sql(actor, type, query->text, texts);
    for (guint i = 0; i < texts->len; i++)
        query_param_text(query, texts->pdata[i]);
    g_assert_true(query_int(query, world->sql, &count, &error));
    return count == 1;
}

static void test_agree(World *world, gconstpointer data) {
    (void)data;
    add_places(world);
    for (int i = 0; i < 20000; i++) {
        const Role *role =
            world->packs->roles->pdata[g_test_rand_int_range(0, (gint32)world->packs->roles->len)];
        const char *home = regions[g_test_rand_int_range(0, G_N_ELEMENTS(regions))];
        const char *own = enterprises[g_test_rand_int_range(0, G_N_ELEMENTS(enterprises))];
        Actor actor = {g_test_rand_bit() || g_test_rand_bit() ? ACTOR_PERSON : ACTOR_ENGINE,
                       "a",
                       "a",
                       role,
                       home,
                       own};
        const RecordType *type = packs_type(world->packs, g_test_rand_bit() ? "hazard" : "region");
        const char *region = regions[g_test_rand_int_range(0, G_N_ELEMENTS(regions))];
        const char *enterprise = enterprises[g_test_rand_int_range(0, G_N_ELEMENTS(enterprises))];
        gboolean wanted = rule(&actor, (type->read & ROLE_EVERYONE) != 0, region, enterprise);
        g_assert_cmpint(rights_in_scope(&actor, type, region, enterprise), ==, wanted);
        g_assert_cmpint(in_sql(world, &actor, type, region, enterprise), ==, wanted);
    }
}

/* What a list shows is what can be opened, for every role. */
static void test_list_is_get(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    static const char *const types[] = {"enterprise", "point", "region"};
    static const char *const places[] = {"32", "3204", "320412", "3205", "320505",
                                         "33", "E1",   "E2",     "E3"};
    RecordQuery all = {.limit = 100};
    for (guint i = 0; i < world->packs->roles->len * G_N_ELEMENTS(places) * G_N_ELEMENTS(types);
         i++) {
        const Role *role = world->packs->roles->pdata[i % world->packs->roles->len];
        const char *place = places[i / world->packs->roles->len % G_N_ELEMENTS(places)];
        const char *type = types[i / world->packs->roles->len / G_N_ELEMENTS(places)];
        Actor actor = person(world, role->name, "x", place);
        if (!rights_read(&actor, packs_type(world->packs, type))) {
            g_assert_null(record_list(world->sql, world->packs, &actor, type, &all, 0, &error));
            g_assert_error(error, ANLAN_ERROR, ERROR_TYPE_UNKNOWN);
            g_clear_error(&error);
            continue;
        }
        json_t *seen =
            done(record_list(world->sql, world->packs, &actor, type, &all, 0, &error), error);
        json_t *whole = done(
            record_list(world->sql, world->packs, &actor_system, type, &all, 0, &error), error);
        gsize found = 0;
        for (gsize j = 0; j < json_array_size(json_object_get(whole, "items")); j++) {
            const char *id = get(json_array_get(json_object_get(whole, "items"), j), "id");
            json_t *record = record_get(world->sql, world->packs, &actor, type, id, NULL);
            found += record != NULL;
            json_decref(record);
        }
        g_assert_cmpuint(found, ==, json_array_size(json_object_get(seen, "items")));
        json_decref(seen);
        json_decref(whole);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rights/agree", World, NULL, world_open, test_agree, world_close);
    g_test_add("/rights/list-is-get", World, NULL, world_open, test_list_is_get, world_close);
    return g_test_run();
}
