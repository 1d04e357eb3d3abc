#include "command/command.h"
#include "record/clock_list.h"

#include <stdio.h>
#include <unistd.h>

static char *state, *type, *region;
static gboolean overdue, csv;
static int limit = 200;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"state", 's', 0, G_OPTION_ARG_STRING, &state,
     "open, paused, fired, done or all (default: open)", "STATE"},
    {"type", 't', 0, G_OPTION_ARG_STRING, &type, "only of records of this type", "TYPE"},
    {"region", 'r', 0, G_OPTION_ARG_STRING, &region, "only of this division and below", "CODE"},
    {"overdue", 'o', 0, G_OPTION_ARG_NONE, &overdue, "only those past their due time", NULL},
    {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "at most N (default: 200)", "N"},
    {"csv", 0, 0, G_OPTION_ARG_NONE, &csv, "all of them as CSV, without the summary", NULL},
    G_OPTION_ENTRY_NULL,
};

static const char *text(json_t *clock, const char *name) {
    const char *value = json_string_value(json_object_get(clock, name));
    return value ? value : "-";
}

static void print_number(json_t *number, const char *unit) {
    if (json_is_number(number))
        printf("%.3f%s", json_number_value(number), unit);
    else
        printf("-");
}

static void print_clock(json_t *clock) {
    printf("%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%" JSON_INTEGER_FORMAT "\t", text(clock, "type"),
           text(clock, "id"), text(clock, "label"), text(clock, "name"), text(clock, "state"),
           (int)json_integer_value(json_object_get(clock, "step")), text(clock, "due_at"),
           text(clock, "next_at"), text(clock, "fired_at"),
           json_integer_value(json_object_get(clock, "overdue_s")));
    print_number(json_object_get(clock, "late_s"), "");
    printf("\t%s\n", text(json_object_get(clock, "title"), "zh"));
}

static ClockQuery asked(void) {
    return (ClockQuery){.state = state, .type = type, .region = region, .overdue = overdue};
}

static json_t *page(const Reader *reader, const char *cursor, int n, GError **error) {
    ClockQuery query = asked();
    query.cursor = cursor;
    query.limit = n;
    return clock_list(reader->records, reader->packs, &actor_system, &query,
                      clock_now(clock_real()), error);
}

static gboolean print_summary(const Reader *reader, gint64 now_ms, GError **error) {
    static const char *const counts[] = {"open", "overdue", "paused", "fired"};
    static const char *const lates[] = {"late_p50", "late_p99", "late_max"};
    ClockQuery query = asked();
    json_t *sums =
        clock_summary(reader->records, reader->packs, &actor_system, &query, now_ms, error);
    if (sums == NULL)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
        printf("%s%s %" JSON_INTEGER_FORMAT, i ? ", " : "", counts[i],
               json_integer_value(json_object_get(sums, counts[i])));
    for (gsize i = 0; i < G_N_ELEMENTS(lates); i++) {
        printf(", %s ", lates[i]);
        print_number(json_object_get(sums, lates[i]), " s");
    }
    printf("\n");
    json_decref(sums);
    return TRUE;
}

static gboolean print_table(const Reader *reader, gint64 now_ms, GError **error) {
    ClockQuery query = asked();
    return clock_export(reader->records, reader->packs, &actor_system, &query, SHEET_CSV,
                        STDOUT_FILENO, g_get_tmp_dir(), now_ms, error);
}

static gboolean run(char **arguments, GError **error) {
    (void)arguments;
    Reader reader;
    gint64 now_ms = clock_now(clock_real());
    if (!reader_open(&reader, error))
        return FALSE;
    gboolean good = csv ? print_table(&reader, now_ms, error)
                        : print_pages(&reader, limit, page, print_clock, error) &&
                              print_summary(&reader, now_ms, error);
    reader_close(&reader);
    return good;
}

const Command command_clocks = {
    .name = "clocks",
    .arguments = "",
    .summary = "list legal clocks and how late they fired / 列出法定时限及触发延迟",
    .more =
        "Columns, separated by tabs: type, id, label, clock, state, steps fired, due, next step, "
        "fired, seconds overdue, seconds late when it fired, title; the last line sums up. May "
        "run beside a server.",
    .options = options,
    .run = run,
};
