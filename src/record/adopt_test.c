/* A type that gets a flow: records from before stand in a state after the next start, and live. */
#include "record/record_fixture.h"

#include <glib/gstdio.h>

static const char head[] =
    "type: valve\n"
    "title: {zh: 阀, en: Valve}\n"
    "key: code\n"
    "scope: {enterprise: enterprise}\n"
    "fields:\n"
    "  - {name: code, kind: text, max: 40, required: true, title: {zh: 码, en: C}}\n"
    "  - {name: enterprise, kind: ref, type: enterprise, required: true, "
    "title: {zh: 企业, en: E}}\n"
    "  - {name: shut, kind: bool, title: {zh: 关, en: Shut}}\n"
    "rights:\n"
    "  read: [admin]\n"
    "  create: [admin]\n"
    "  edit: [admin]\n";
static const char flow[] =
    "flow:\n"
    "  initial: open\n"
    "  adopt: [{when: \"shut = TRUE\", state: closed}]\n"
    "  states:\n"
    "    - {name: open, title: {zh: 开, en: Open}}\n"
    "    - {name: closed, title: {zh: 关, en: Closed}}\n"
    "  moves:\n"
    "    - {name: close, title: {zh: 关, en: Close}, who: [admin], from: [open], to: closed}\n"
    "    - {name: open, title: {zh: 开, en: Open}, who: [admin], by: clock, from: [closed], to: "
    "open}\n"
    "clocks:\n"
    "  - {name: term, title: {zh: 期, en: Term}, start: {state: closed}, stop: {leave: closed}, "
    "limit: 1d, steps: [{after: 0h, move: open}]}\n";

static void write_file(const char *folder, const char *name, const char *a, const char *b) {
    g_autofree char *path = g_build_filename(folder, name, NULL), *text = g_strconcat(a, b, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void clear_folder(const char *folder) {
    static const char *const names[] = {"pack.yaml", "valve.yaml"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

static Packs *packs_of_day(const char *rest) {
    g_autofree char *outer = g_dir_make_tmp("adopt-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(outer, "valves", NULL);
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    write_file(folder, "pack.yaml", "pack: valves\ntitle: {zh: 阀, en: Valves}\nversion: 1\n", "");
    write_file(folder, "valve.yaml", head, rest);
    Packs *packs = packs_with(folder);
    clear_folder(folder);
    g_rmdir(outer);
    return packs;
}

static void check_state(World *world, const char *id, const char *state, int version) {
    GError *error = NULL;
    json_t *valve =
        done(record_get(world->sql, world->packs, &actor_system, "valve", id, &error), error);
    g_assert_cmpstr(get(valve, "state"), ==, state);
    g_assert_cmpint(version_of(valve), ==, version);
    json_decref(valve);
}

static void adopt(World *world, gint64 expected) {
    GError *error = NULL;
    gint64 adopted = -1;
    g_assert_true(records_adopt(world->sql, world->packs, world->now_ms, &adopted, &error));
    g_assert_no_error(error);
    g_assert_cmpint(adopted, ==, expected);
}

static void old_records_get_a_state(void) {
    World world;
    GError *error = NULL;
    int fired;
    world_open_of(&world, NULL, packs_of_day(""));
    put(&world, "valve", "{'code':'V1','enterprise':'E1'}");
    put(&world, "valve", "{'code':'V2','enterprise':'E1','shut':true}");
    adopt(&world, 0); /* no flow, nothing to do */
    packs_free(world.packs);

    world.packs = packs_of_day(flow);
    g_assert_true(records_migrate(world.sql, world.packs, &error));
    adopt(&world, 2);
    adopt(&world, 0);
    check_state(&world, "V1", "open", 2);
    check_state(&world, "V2", "closed", 2);
    verify_good(&world);

    world.now_ms += 2 * DAY_MS; /* the clock of its state has started with the state */
    g_assert_true(clocks_fire(world.sql, world.packs, world.now_ms, 100, &fired, &error));
    check_state(&world, "V2", "open", 3);
    json_decref(done(move(&world, &actor_system, "valve", "V1", "close", 0, "{}", &error), error));
    check_state(&world, "V1", "closed", 3);
    verify_good(&world);
    world_close(&world, NULL);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/adopt/old-records", old_records_get_a_state);
    return g_test_run();
}
