#include "command/command.h"
#include "record/journal_file.h"

#include <stdio.h>

static char *journal_path;
static gboolean no_rows;
static const GOptionEntry options[] = {DATA_OPTION_ENTRIES,
                                       {"journal", 0, 0, G_OPTION_ARG_FILENAME, &journal_path,
                                        "the file to write; it must not exist", "FILE"},
                                       {"no-rows", 0, 0, G_OPTION_ARG_NONE, &no_rows,
                                        "entries and seals without the records of now", NULL},
                                       G_OPTION_ENTRY_NULL};

static gboolean run(char **arguments, GError **error) {
    (void)arguments;
    Reader reader;
    gint64 entries;
    if (journal_path == NULL)
        return error_set(error, ERROR_USAGE, NULL, "expected: anlan export --journal FILE", NULL);
    if (!reader_open(&reader, error))
        return FALSE;
    gboolean done =
        sql_map(reader.records, error) &&
        journal_file_write(reader.records, reader.packs, journal_path, !no_rows, &entries, error);
    reader_close(&reader);
    if (done)
        printf("%" G_GINT64_FORMAT " entries in %s; check them with: anlan verify %s\n", entries,
               journal_path, journal_path);
    return done;
}

const Command command_export = {
    .name = "export",
    .arguments = "",
    .summary = "the whole journal as one file that proves itself / 导出可独立校验的日志",
    .more = "For whoever verifies without this installation (docs/verify.md). May run beside a "
            "server: the file is one moment.",
    .options = options,
    .run = run,
};
