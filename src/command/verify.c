#include "command/command.h"
#include "record/files.h"
#include "record/journal_file.h"

#include <stdio.h>

static char *head_text;
static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"head", 0, 0, G_OPTION_ARG_STRING, &head_text,
     "a head that an earlier verify has printed: it must still be part of the history", "HEAD"},
    G_OPTION_ENTRY_NULL};

static gboolean verify_database(const JournalHead *kept, VerifyReport *report, GError **error) {
    Reader reader;
    if (!reader_open(&reader, error))
        return FALSE;
    gint64 contents;
    gboolean good = sql_map(reader.records, error) &&
                    journal_verify(reader.records, reader.packs, kept, report, error) &&
                    files_verify(reader.records, reader.packs, &contents, error);
    if (good)
        printf("files: %" G_GINT64_FORMAT " files whole\n", contents);
    reader_close(&reader);
    return good;
}

static void print_report(const VerifyReport *report) {
    printf("clean: %" G_GINT64_FORMAT " entries, %" G_GINT64_FORMAT " seals, %" G_GINT64_FORMAT
           " records agree; %" G_GINT64_FORMAT " entries not sealed yet\n",
           report->entries, report->seals, report->records, report->unsealed);
    if (report->head.number == 0)
        return;
    g_autofree char *head = journal_head_text(&report->head);
    printf("head: %s\n", head);
}

static gboolean run(char **arguments, GError **error) {
    JournalHead kept;
    VerifyReport report;
    if (head_text && !journal_head_parse(head_text, &kept))
        return error_set(error, ERROR_USAGE, NULL, "--head is NUMBER:HASH as verify prints it",
                         NULL);
    const JournalHead *head = head_text ? &kept : NULL;
    gboolean good = arguments[0] ? journal_file_verify(arguments[0], head, &report, error)
                                 : verify_database(head, &report, error);
    if (good)
        print_report(&report);
    return good;
}

const Command command_verify = {
    .name = "verify",
    .arguments = "[FILE]",
    .summary = "recompute the journal's hash chains and seals / 校验日志链与封存",
    .more =
        "Compares every record with the fold of its entries, and every file and document that they "
        "name with its hash. May run beside a server. With FILE, "
        "of `anlan export --journal`, it needs neither database nor packs. Keep the head it "
        "prints somewhere else: with --head it shows whether history was rewritten since.",
    .options = options,
    .arguments_max = 1,
    .run = run,
};
