/* The `anlan` program: a table of subcommands, one file each. Every command takes --help, prints
 * results on standard output and errors on standard error ("anlan load: row 3: ... (remedy) [id]")
 * and ends with 0 (done), 1 (refused or failed) or 2 (wrong usage). */
#pragma once
#include "app/app.h"

int command_main(int argc, char **argv);

typedef struct {
    const char *name, *arguments, *summary;
    const char *more; /* printed by --help below the options; may be NULL */
    const GOptionEntry *options;
    int arguments_min, arguments_max; /* without options; -1: any number */
    /* `arguments` without the options, NULL-ended. False with *error: exit 1; ERROR_USAGE: exit 2.
     */
    gboolean (*run)(char **arguments, GError **error);
} Command;

extern const Command command_serve, command_demo, command_pack, command_load, command_import,
    command_ingest, command_alarms, command_clocks, command_honesty, command_verify, command_user,
    command_backup, command_export, command_coverage, command_receipt, command_keys, command_draw,
    command_replay;

/* Options shared by the commands that open a data directory. */
typedef struct {
    char *data_dir, *packs_dir, *database, *seal_key;
} DataOptions;
extern DataOptions data_options;
#define DATA_OPTION_ENTRIES                                                                        \
    {"database",                                                                                   \
     0,                                                                                            \
     0,                                                                                            \
     G_OPTION_ARG_STRING,                                                                          \
     &data_options.database,                                                                       \
     "records database, postgresql://… (default: records.db in the data directory)",               \
     "URI"},                                                                                       \
        {"seal-key",                                                                               \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_FILENAME,                                                                    \
         &data_options.seal_key,                                                                   \
         "key file of sealed fields (default: keys/seal.key in the data directory)",               \
         "FILE"},                                                                                  \
        {"data",                                                                                   \
         'd',                                                                                      \
         0,                                                                                        \
         G_OPTION_ARG_FILENAME,                                                                    \
         &data_options.data_dir,                                                                   \
         "data directory (default: data)",                                                         \
         "DIR"},                                                                                   \
    {                                                                                              \
        "packs", 'p', 0, G_OPTION_ARG_FILENAME, &data_options.packs_dir,                           \
            "packs directory (default: packs)", "DIR"                                              \
    }
AppConfig command_config(void); /* from data_options, real clock, no server */

/* Reading without the lock: also while a server runs. NULL with error when there is no database
 * yet. */
typedef struct {
    Packs *packs;
    Sql *records;
} Reader;
gboolean reader_open(Reader *reader, GError **error);
void reader_close(Reader *reader);

/* Prints at most `limit` items of a list that comes in pages {items, next}, asked from `cursor`
 * (NULL: the first) with at most `n` items. */
typedef json_t *(*PageAsk)(const Reader *reader, const char *cursor, int n, GError **error);
gboolean print_pages(const Reader *reader, int limit, PageAsk ask, void (*print)(json_t *item),
                     GError **error);
