/* The province in a data directory: complete, made once, valid for the doors that made it, with
 * hazards in every state and people who can log in. */
#include "demo/demo_key.h"
#include "demo/demo_province.h"
#include "server/session.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *data_dir;
    App *app;
    Sql *sql;
    json_t *logins;
} Demo;

static App *open_app(const char *data_dir) {
    g_autoptr(GError) error = NULL;
    AppConfig config = {.data_dir = data_dir,
                        .packs_dir = "packs",
                        .host = "127.0.0.1",
                        .demo = TRUE,
                        .clock = clock_real()};
    App *app = app_open(&config, &error);
    g_assert_no_error(error);
    return app;
}

static Demo demo_new(void) {
    g_autoptr(GError) error = NULL;
    Demo d = {.data_dir = g_dir_make_tmp("anlan-demo-XXXXXX", NULL)};
    d.app = open_app(d.data_dir);
    demo_build(d.app, "demo", 2026, &d.logins, &error);
    g_assert_no_error(error);
    d.sql = app_reader(d.app, &error);
    g_assert_no_error(error);
    return d;
}

static void directory_remove(const char *path) {
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_remove(file);
    }
    g_rmdir(path);
}

static void demo_clear(Demo *d) {
    sql_close(d->sql);
    app_close(d->app);
    json_decref(d->logins);
    directory_remove(d->data_dir);
    g_free(d->data_dir);
}

static gint64 count_of(const Demo *d, const Actor *actor, const char *type, const char *filter) {
    g_autoptr(GError) error = NULL;
    RecordQuery query = {.filter = filter, .limit = 1, .count = TRUE};
    json_t *list = record_list(d->sql, app_packs(d->app), actor, type, &query,
                               clock_now(clock_real()), &error);
    g_assert_no_error(error);
    gint64 n = json_integer_value(json_object_get(list, "count"));
    json_decref(list);
    return n;
}

static void test_registers(Demo *d) {
    static const struct {
        const char *type;
        gint64 least;
    } cases[] = {{"region", 118},       {"organisation", 118}, {"enterprise", 300},
                 {"installation", 250}, {"equipment", 1500},   {"point", 3000},
                 {"device", 300},       {"user", 600}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 n = count_of(d, &actor_system, cases[i].type, NULL);
        g_test_message("%s: %" G_GINT64_FORMAT, cases[i].type, n);
        g_assert_cmpint(n, >=, cases[i].least);
    }
}

/* Issue item 4: hazards in each state, some overdue and escalated to every level. */
static void test_hazards(Demo *d) {
    static const char *const filters[] = {"state = 'reported'",
                                          "state = 'rectifying'",
                                          "state = 'to_accept'",
                                          "state = 'accepted'",
                                          "state = 'closed'",
                                          "state = 'dismissed'",
                                          "escalation = '1'",
                                          "escalation = '2'",
                                          "escalation = '3'",
                                          "grade = 'major'",
                                          "state = 'rectifying' AND due < $today",
                                          "state = 'rectifying' AND escalation = '0'"};
    for (gsize i = 0; i < G_N_ELEMENTS(filters); i++) {
        gint64 n = count_of(d, &actor_system, "hazard", filters[i]);
        g_test_message("%s: %" G_GINT64_FORMAT, filters[i], n);
        g_assert_cmpint(n, >=, 1);
    }
    gint64 open = count_of(d, &actor_system, "hazard", "NOT state IN ('closed','dismissed')");
    gint64 escalated = count_of(d, &actor_system, "hazard",
                                "NOT state IN ('closed','dismissed') AND escalation <> '0'");
    g_assert_cmpint(escalated * 2, <, open); /* not everything red */
    g_assert_cmpint(count_of(d, &actor_system, "delegation", "state = 'active'"), ==, 1);
}

static const char *text_at(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* Every printed login works, and those below the province see something to do, but not everything.
 */
static void test_logins(Demo *d) {
    gsize i;
    json_t *login;
    g_assert_cmpuint(json_array_size(d->logins), >=, 7);
    json_array_foreach(d->logins, i, login) {
        g_assert_true(password_check(d->sql, text_at(login, "login"), text_at(login, "password")));
        g_assert_nonnull(packs_role(app_packs(d->app), text_at(login, "role")));
        g_assert_nonnull(text_at(login, "title"));
    }
    g_assert_false(password_check(d->sql, "operator-320412001", DEMO_PASSWORD));
    const Actor county = {.kind = ACTOR_PERSON,
                          .id = "county",
                          .name = "x",
                          .role = packs_role(app_packs(d->app), "county_inspector"),
                          .region = "320412"};
    const Actor safety = {.kind = ACTOR_PERSON,
                          .id = "safety",
                          .name = "x",
                          .role = packs_role(app_packs(d->app), "enterprise_safety"),
                          .enterprise = "320412001"};
    gint64 of_county = count_of(d, &county, "hazard", NULL),
           of_plant = count_of(d, &safety, "hazard", NULL);
    g_test_message("hazards: %d of the county, %d of the plant", (int)of_county, (int)of_plant);
    g_assert_cmpint(of_plant, >=, 1);
    g_assert_cmpint(of_county, >=, of_plant);
    g_assert_cmpint(of_county, <, count_of(d, &actor_system, "hazard", NULL));
}

/* Each gateway's token opens its own enterprise; the key is for the owner only. */
static void test_gateways(Demo *d) {
    g_autoptr(GError) error = NULL;
    DemoKey key;
    gboolean found;
    g_assert_true(demo_key_read(d->data_dir, &key, &found, &error));
    g_assert_true(found && key.seed == 2026);
    char token[DEMO_TOKEN];
    g_autofree char *device = NULL, *enterprise = NULL;
    g_assert_true(device_token_find(d->sql, app_packs(d->app),
                                    demo_key_token(&key, "GW-320412001", token), &device,
                                    &enterprise, &error));
    g_assert_cmpstr(enterprise, ==, "320412001");
    g_autofree char *path = g_build_filename(d->data_dir, "demo-key.json", NULL);
    struct stat state;
    g_assert_cmpint(stat(path, &state), ==, 0);
    g_assert_cmpint(state.st_mode & 0777, ==, 0600);
}

/* A second time: nothing new, the same logins, quick; another seed is refused. */
static void test_again(Demo *d) {
    g_autoptr(GError) error = NULL;
    gint64 hazards = count_of(d, &actor_system, "hazard", NULL),
           users = count_of(d, &actor_system, "user", NULL);
    json_t *logins = NULL;
    gint64 began = g_get_monotonic_time();
    g_assert_true(demo_build(d->app, "demo", 2026, &logins, &error));
    g_test_message("second time: %.0f ms", (double)(g_get_monotonic_time() - began) / 1000);
    g_assert_true(json_equal(logins, d->logins));
    json_decref(logins);
    g_assert_cmpint(count_of(d, &actor_system, "hazard", NULL), ==, hazards);
    g_assert_cmpint(count_of(d, &actor_system, "user", NULL), ==, users);
    logins = NULL;
    g_assert_false(demo_build(d->app, "demo", 1, &logins, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_CONFIG);
    g_assert_null(logins);
}

/* The key taken away: new tokens, registered, and the old ones do not matter. */
static void test_lost_key(Demo *d) {
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(d->data_dir, "demo-key.json", NULL);
    g_assert_cmpint(g_remove(path), ==, 0);
    json_t *logins = NULL;
    g_assert_true(demo_build(d->app, "demo", 2026, &logins, &error));
    json_decref(logins);
    test_gateways(d);
}

/* Broken off after the registers (here: by a bad file): the next start completes it. */
static void test_broken_off(void) {
    static const char *const files[] = {"regions.csv", "counties.csv", "plants.yaml"};
    g_autoptr(GError) error = NULL;
    g_autofree char *here = g_canonicalize_filename("demo", NULL);
    g_autofree char *bad_dir = g_dir_make_tmp("anlan-demo-XXXXXX", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *from = g_canonicalize_filename(files[i], here);
        g_autofree char *to = g_build_filename(bad_dir, files[i], NULL);
        g_assert_cmpint(symlink(from, to), ==, 0);
    }
    Demo d = {.data_dir = g_dir_make_tmp("anlan-demo-XXXXXX", NULL)};
    d.app = open_app(d.data_dir);
    g_assert_false(demo_build(d.app, bad_dir, 2026, &d.logins, &error));
    g_assert_cmpint(error_kind(error), ==, ERROR_FILE);
    g_clear_error(&error);
    d.sql = app_reader(d.app, &error);
    g_assert_cmpint(count_of(&d, &actor_system, "enterprise", NULL), ==, 300);
    g_assert_cmpint(count_of(&d, &actor_system, "hazard", NULL), ==, 0);
    g_assert_true(demo_build(d.app, "demo", 2026, &d.logins, &error));
    test_registers(&d);
    test_hazards(&d);
    test_logins(&d);
    demo_clear(&d);
    directory_remove(bad_dir);
}

static void test_all(void) {
    Demo d = demo_new();
    test_registers(&d);
    test_hazards(&d);
    test_logins(&d);
    test_gateways(&d);
    test_again(&d);
    test_lost_key(&d);
    demo_clear(&d);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/demo_province/all", test_all);
    g_test_add_func("/demo_province/broken_off", test_broken_off);
    return g_test_run();
}
