#include "record/query.h"
#include "record/record_fixture.h"

/* The SQL condition and the test of one row agree, on every actor, type and place; and both agree
 * with the rule written out here. */
static gboolean sector_rule(const Actor *actor, const char *sector) {
    if (!actor->role->sector || strcmp(sector, "*") == 0)
        return TRUE;
    g_auto(GStrv) own = g_strsplit(actor->sectors ? actor->sectors : "", ",", -1);
    return *sector && g_strv_contains((const char *const *)own, sector);
}

static gboolean rule(const Actor *actor, gboolean everyone, const char *region,
                     const char *enterprise, const char *sector) {
    if (everyone || actor->kind != ACTOR_PERSON || actor->role->level == LEVEL_SYSTEM)
        return TRUE;
    if (actor->role->level == LEVEL_ENTERPRISE)
        return actor->enterprise && *actor->enterprise && enterprise &&
               strcmp(actor->enterprise, enterprise) == 0;
    gsize n = actor->region ? strlen(actor->region) : 0;
    return n > 0 && strncmp(region, actor->region, n) == 0 && sector_rule(actor, sector);
}

static const char *const regions[] = {
    "",       "3",       "32",        "33",     "320",    "3204",   "3205",
    "3209",   "320399",  "320400",    "320404", "320411", "320412", "320413",
    "320499", "3204121", "320412001", "3205",   "32041",  "31",     "320500"};
static const char *const enterprises[] = {NULL, "", "E1", "E10", "E", "e1", "E2"};
static const char *const sectors[] = {"", "*", "gas", "ga", "gasx", "chemical"};
static const char *const held[] = {NULL, "", "gas", "chemical,gas", ",gas,", "ga,chemical", "x,*"};

/* A row for each place, to be found by `key`. */
static char *place_key(const char *region, const char *enterprise, const char *sector) {
    return g_strconcat(region, "|", enterprise ? enterprise : "none", "|", sector, NULL);
}

static void add_places(World *world) {
    GError *error = NULL;
    sql_define(world->sql,
               "CREATE TABLE place (key {text}, _region {text}, _enterprise {text}, _sector "
               "{text})",
               &error);
    for (guint i = 0; i < G_N_ELEMENTS(regions); i++)
        for (guint j = 0; j < G_N_ELEMENTS(enterprises); j++)
            for (guint k = 0; k < G_N_ELEMENTS(sectors); k++) {
                g_autofree char *key = place_key(regions[i], enterprises[j], sectors[k]);
                sql_run(world->sql, &error, "DELETE FROM place WHERE key = ?", "t", key);
                sql_run(world->sql, &error, "INSERT INTO place VALUES (?, ?, ?, ?)", "tttt", key,
                        regions[i], enterprises[j], sectors[k]);
            }
    g_assert_no_error(error);
}

static gboolean in_sql(World *world, const Actor *actor, const RecordType *type, const char *key) {
    GError *error = NULL;
    gint64 count;
    g_autoptr(Query) query = query_new("SELECT count(*) FROM place WHERE key = ?");
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    query_param_text(query, key);
    rights_scope_sql(world->sql, actor, type, "key", query->text, texts);
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
                       own,
                       held[g_test_rand_int_range(0, G_N_ELEMENTS(held))],
                       NULL};
        const RecordType *type = packs_type(world->packs, g_test_rand_bit() ? "hazard" : "region");
        const char *region = regions[g_test_rand_int_range(0, G_N_ELEMENTS(regions))];
        const char *enterprise = enterprises[g_test_rand_int_range(0, G_N_ELEMENTS(enterprises))];
        const char *sector = sectors[g_test_rand_int_range(0, G_N_ELEMENTS(sectors))];
        g_autofree char *key = place_key(region, enterprise, sector);
        gboolean wanted =
            rule(&actor, (type->read & ROLE_EVERYONE) != 0, region, enterprise, sector);
        g_assert_cmpint(rights_in_scope(&actor, type, region, enterprise, sector), ==, wanted);
        g_assert_cmpint(in_sql(world, &actor, type, key), ==, wanted);
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

static gint64 seen_by(World *world, const Actor *actor, const char *type) {
    GError *error = NULL;
    RecordQuery all = {.limit = 100, .count = TRUE};
    json_t *page = done(record_list(world->sql, world->packs, actor, type, &all, 0, &error), error);
    gint64 count = json_integer_value(json_object_get(page, "count"));
    json_decref(page);
    return count;
}

static gint64 notices_of(World *world, const Actor *actor) {
    GError *error = NULL;
    json_t *notices = done(record_notices(world->sql, world->packs, actor, 0, 100, &error), error);
    gint64 n = (gint64)json_array_size(notices);
    json_decref(notices);
    return n;
}

static void make_notice(World *world, const char *enterprise, const char *region,
                        const char *sector) {
    GError *error = NULL;
    sql_run(world->sql, &error,
            "INSERT INTO notices (seq, time_ms, role, title_zh, title_en, type, id, _region, "
            "_enterprise, _sector) VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM notices), 0, "
            "'city_sector', 'a', 'a', 'point', ?, ?, ?, ?)",
            "tttt", strcmp(enterprise, "E1") == 0 ? "P1" : "P3", region, enterprise, sector);
    g_assert_no_error(error);
}

/* E1 makes chemicals in 320412, E2 stores in 320411, E3 sells gas in Suzhou: the authority of the
 * place and that of the sector see the same record, and nothing but what is theirs; a plant that
 * changes its trade goes over with all it has. */
static void test_sectors(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor city = person(world, "city_duty", "c", "3204"), chemical = city, gas = city, both = city,
          none = city, province = city;
    chemical.role = gas.role = both.role = none.role = packs_role(world->packs, "city_sector");
    gas.sectors = "gas";
    both.sectors = "storage,chemical";
    none.sectors = NULL;
    province.role = packs_role(world->packs, "province_sector");
    province.region = "32";
    province.sectors = "gas,chemical";
    make_notice(world, "E1", "320412", "chemical");
    static const char *const type = "enterprise";
    g_assert_cmpint(seen_by(world, &city, type), ==, 2);
    g_assert_cmpint(seen_by(world, &chemical, type), ==, 1);
    g_assert_cmpint(seen_by(world, &both, type), ==, 2);
    g_assert_cmpint(seen_by(world, &gas, type), ==, 0);
    g_assert_cmpint(seen_by(world, &none, type), ==, 0);
    g_assert_cmpint(seen_by(world, &province, type), ==, 2);
    g_assert_cmpint(seen_by(world, &chemical, "point"), ==, 1);
    g_assert_cmpint(seen_by(world, &none, "region"), ==, 6); /* for everyone */
    g_assert_cmpint(notices_of(world, &chemical), ==, 1);
    g_assert_cmpint(notices_of(world, &gas), ==, 0);
    json_decref(done(edit(world, &actor_system, type, "E1", 0, "{'kind':'gas'}", &error), error));
    g_assert_cmpint(seen_by(world, &chemical, type) + seen_by(world, &chemical, "point"), ==, 0);
    g_assert_cmpint(seen_by(world, &gas, type), ==, 1);
    g_assert_cmpint(seen_by(world, &gas, "point"), ==, 1);
    g_assert_cmpint(notices_of(world, &gas), ==, 1);
    g_assert_cmpint(notices_of(world, &chemical), ==, 0);
    verify_good(world);
}

/* A database from before there were sectors is given them at the start. */
static void test_sectors_are_filled(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    Actor gas = person(world, "province_sector", "p", "32");
    gas.sectors = "gas";
    sql_exec(world->sql,
             "UPDATE r_point SET _sector = ''; UPDATE r_enterprise SET _sector = ''; DELETE FROM "
             "schema_fields WHERE field = '_sector'",
             &error);
    g_assert_no_error(error);
    g_assert_cmpint(seen_by(world, &gas, "point"), ==, 0);
    records_migrate(world->sql, world->packs, &error);
    g_assert_no_error(error);
    g_assert_cmpint(seen_by(world, &gas, "enterprise"), ==, 1);
    g_assert_cmpint(seen_by(world, &gas, "point"), ==, 1);
    verify_good(world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rights/agree", World, NULL, world_open, test_agree, world_close);
    g_test_add("/rights/list-is-get", World, NULL, world_open, test_list_is_get, world_close);
    g_test_add("/rights/sectors", World, NULL, world_open, test_sectors, world_close);
    g_test_add("/rights/sectors-filled", World, NULL, world_open, test_sectors_are_filled,
               world_close);
    return g_test_run();
}
