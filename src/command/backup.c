#include "command/command.h"

#include <stdio.h>

static const GOptionEntry options[] = {DATA_OPTION_ENTRIES, G_OPTION_ENTRY_NULL};

static gboolean run(char **arguments, GError **error) {
    AppConfig config = command_config();
    if (!app_backup(&config, arguments[0], error))
        return FALSE;
    printf("saved %s to %s; start with --data %s to use it\n", config.data_dir, arguments[0],
           arguments[0]);
    printf("the seal key is not in it: keep a copy of its file apart (anlan keys show) and name it "
           "with --seal-key\n");
    return TRUE;
}

const Command command_backup = {
    .name = "backup",
    .arguments = "DIR",
    .summary = "copy the databases into a new folder / 备份",
    .more = "May run beside a server: the copy is one consistent moment of each database.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
