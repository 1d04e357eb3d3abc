#include "command/command.h"

#include <stdio.h>

static gboolean lost;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"lost", 0, 0, G_OPTION_ARG_NONE, &lost,
     "the key file is lost: make a new one; values sealed with the former stay shut", NULL},
    G_OPTION_ENTRY_NULL,
};

static gboolean show(App *app, GError **error) {
    (void)error;
    printf("%s\t%s\n", app_seal_key_id(app), app_seal_key_path(app));
    return TRUE;
}

static gboolean rotate(App *app, GError **error) {
    gint64 values = 0;
    if (!lost && !app_rotate_seal_key(app, &values, error))
        return FALSE;
    printf("new seal key %s in %s, %" G_GINT64_FORMAT " values sealed anew; back the file up apart "
           "from the database\n",
           app_seal_key_id(app), app_seal_key_path(app), values);
    return TRUE;
}

static gboolean run(char **arguments, GError **error) {
    gboolean rotating = g_str_equal(arguments[0], "rotate");
    if ((!rotating && !g_str_equal(arguments[0], "show")) || (lost && !rotating))
        return error_set(error, ERROR_USAGE, NULL, "expected: anlan keys show|rotate [--lost]",
                         NULL);
    AppConfig config = command_config();
    config.seal_key_lost = lost;
    App *app = app_open(&config, error);
    gboolean good = app && (rotating ? rotate(app, error) : show(app, error));
    app_close(app);
    return good;
}

const Command command_keys = {
    .name = "keys",
    .arguments = "show | rotate",
    .summary = "the key of sealed fields / 密封密钥",
    .more = "`show` prints the id and the file of the key; `rotate` makes a new one, seals every "
            "value anew in one transaction and replaces the file: back it up again.\n"
            "The server must be stopped, since only one process may write.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
