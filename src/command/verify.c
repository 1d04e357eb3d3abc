#include "command/command.h"
#include "record/journal.h"

#include <stdio.h>

static const GOptionEntry options[] = {DATA_OPTION_ENTRIES, G_OPTION_ENTRY_NULL};

static gboolean run(char **arguments, GError **error) {
    (void)arguments;
    Reader reader;
    if (!reader_open(&reader, error))
        return FALSE;
    VerifyReport report;
    gboolean good = sql_map(reader.records, error) &&
                    journal_verify(reader.records, reader.packs, &report, error);
    if (good)
        printf("clean: %" G_GINT64_FORMAT " entries, %" G_GINT64_FORMAT " seals, %" G_GINT64_FORMAT
               " records agree; %" G_GINT64_FORMAT " entries not sealed yet\n",
               report.entries, report.seals, report.records, report.unsealed);
    reader_close(&reader);
    return good;
}

const Command command_verify = {
    .name = "verify",
    .arguments = "",
    .summary = "recompute the journal's hash chains and seals / 校验日志链与封存",
    .more = "Compares every record with the fold of its entries. May run beside a server.",
    .options = options,
    .run = run,
};
