#include "command/serve.h"
#include "demo/demo_province.h"
#include "demo/simulator.h"

#include <stdio.h>

static char *demo_dir;
static gint64 seed = 2026;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    SERVE_OPTION_ENTRIES,
    {"demo", 0, 0, G_OPTION_ARG_FILENAME, &demo_dir, "the demo's data files (default: demo)",
     "DIR"},
    {"seed", 's', 0, G_OPTION_ARG_INT64, &seed,
     "the same seed makes the same province (default: 2026)", "N"},
    G_OPTION_ENTRY_NULL,
};

static void print_logins(json_t *logins) {
    size_t i;
    json_t *login;
    printf("\n  %-10s %-14s %s\n", "login", "password", "role");
    json_array_foreach(logins, i, login)
        printf("  %-10s %-14s %s\n", json_string_value(json_object_get(login, "login")),
               json_string_value(json_object_get(login, "password")),
               json_string_value(json_object_get(login, "title")));
}

static Simulator *start_simulator(App *app, const AppConfig *config, GError **error) {
    g_autofree char *url = g_strdup_printf("http://%s:%u", config->host, app_port(app));
    SimulatorConfig simulator = {.url = url,
                                 .demo_dir = demo_dir,
                                 .data_dir = config->data_dir,
                                 .seed = (guint64)seed,
                                 .clock = config->clock};
    return simulator_start(&simulator, error);
}

static gboolean live(App *app, const AppConfig *config, GError **error) {
    Simulator *simulator = start_simulator(app, config, error);
    if (simulator == NULL)
        return FALSE;
    printf("listening on http://%s:%u\n", config->host, app_port(app));
    printf("Everything in this province is made up; only the regions are real. Ctrl-C stops it, "
           "the next start goes on.\n");
    fflush(stdout);
    serve_wait();
    simulator_stop(simulator);
    return TRUE;
}

static gboolean run(char **arguments, GError **error) {
    (void)arguments;
    serve_block_signals();
    serve_raise_file_limit();
    AppConfig config = serve_config();
    config.data_dir = data_options.data_dir ? data_options.data_dir : "data/demo";
    config.demo = TRUE;
    demo_dir = demo_dir ? demo_dir : g_strdup("demo");
    App *app = app_open(&config, error);
    json_t *logins = NULL;
    gboolean good = app && demo_build(app, demo_dir, (guint64)seed, &logins, error);
    if (good) {
        print_logins(logins);
        app_set_demo_logins(app, logins);
        good = app_start(app, error) && live(app, &config, error);
    }
    app_close(app);
    return good;
}

const Command command_demo = {
    .name = "demo",
    .arguments = "",
    .summary = "a made-up living province, to look around / 演示省",
    .more = "Makes about 300 enterprises in data/demo at the first start and feeds their points "
            "with a plant simulator through the public\n"
            "doors. The logins it prints are for this demo only.",
    .options = options,
    .run = run,
};
