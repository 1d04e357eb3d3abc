#include "command/command.h"

#include <stdio.h>

static gboolean all;
static int limit = 200;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "also closed ones", NULL},
    {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "at most N, newest first (default: 200)", "N"},
    G_OPTION_ENTRY_NULL,
};

static const char *text(json_t *alarm, const char *name) {
    const char *value = json_string_value(json_object_get(alarm, name));
    return value ? value : "-";
}

static void print_alarm(json_t *alarm) {
    printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", text(alarm, "id"), text(alarm, "onset"),
           text(alarm, "returned_at"), text(alarm, "state"), text(alarm, "priority"),
           text(alarm, "worst_level"), text(alarm, "point"), text(alarm, "point_name"));
}

static json_t *page(const Reader *reader, const char *cursor, int n, GError **error) {
    RecordQuery query = {
        .filter = all ? NULL : "state <> 'normal'", .sort = "-onset", .cursor = cursor, .limit = n};
    return record_list(reader->records, reader->packs, &actor_system, "alarm", &query,
                       clock_now(clock_real()), error);
}

static gboolean run(char **arguments, GError **error) {
    (void)arguments;
    Reader reader;
    if (!reader_open(&reader, error))
        return FALSE;
    gboolean good = print_pages(&reader, limit, page, print_alarm, error);
    reader_close(&reader);
    return good;
}

const Command command_alarms = {
    .name = "alarms",
    .arguments = "",
    .summary = "list alarms / 列出报警",
    .more = "Columns, separated by tabs: id, onset, returned, state, priority, worst level, point, "
            "name. May run beside a server.",
    .options = options,
    .run = run,
};
