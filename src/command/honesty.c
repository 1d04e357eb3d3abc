#include "command/command.h"
#include "signal/night.h"

#include <math.h>
#include <stdio.h>

static char *day_text, *enterprise;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"day", 0, 0, G_OPTION_ARG_STRING, &day_text, "the day to judge (default: yesterday)",
     "YYYY-MM-DD"},
    {"enterprise", 'e', 0, G_OPTION_ARG_STRING, &enterprise, "only this enterprise", "CODE"},
    G_OPTION_ENTRY_NULL,
};

static void print_finding(const NightResult *result, const NightFinding *finding) {
    char from[TIME_TEXT], to[TIME_TEXT];
    printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", result->enterprise,
           finding->point ? finding->point : "-", honesty_rule_code(finding->rule),
           finding->other ? finding->other : "-", time_format(finding->from_ms, from),
           time_format(finding->to_ms, to), finding->evidence);
}

static double percent(double part, double whole) { return whole > 0 ? part / whole * 100 : NAN; }

static void print_result(const NightResult *result) {
    const NightQuality *q = &result->quality;
    for (guint i = 0; i < result->findings->len; i++)
        print_finding(result, &g_array_index(result->findings, NightFinding, i));
    printf("# %s: %u points, %u silent, %u stale, online %.2f %%, complete %.2f %%, late %.2f %%, "
           "bad %.2f %%, %u findings\n",
           result->enterprise, q->points, q->silent, q->stale, q->online * 100,
           percent(q->expected - q->missing, q->expected),
           percent((double)q->late, (double)q->received),
           percent((double)q->bad, (double)q->received), result->findings->len);
}

static gboolean judge_all(const NightSource *source, gint64 day, GError **error) {
    g_autoptr(GPtrArray) all = night_enterprises(source->records, error);
    gboolean found = FALSE;
    for (guint i = 0; all && i < all->len; i++) {
        if (enterprise && !g_str_equal(enterprise, all->pdata[i]))
            continue;
        NightResult *result = night_judge(source, all->pdata[i], day, error);
        if (result == NULL)
            return FALSE;
        found = TRUE;
        print_result(result);
        night_free(result);
    }
    return all && (found || enterprise == NULL ||
                   error_set(error, ERROR_NOT_FOUND, NULL, "enterprise", enterprise, NULL));
}

static gboolean run(char **arguments, GError **error) {
    (void)arguments;
    Reader reader;
    gint64 day = day_of(clock_now(clock_real())) - 1;
    if (day_text && !day_parse(day_text, &day))
        return error_set(error, ERROR_FIELD_KIND, "day", "日期", "a day, 2026-11-23", NULL);
    if (!reader_open(&reader, error))
        return FALSE;
    g_autofree char *path = g_build_filename(command_config().data_dir, "samples.db", NULL),
                    *uri = g_strconcat("sqlite:", path, NULL);
    Sql *samples = sql_open(uri, SQL_READ, error);
    NightSource source = {.records = reader.records, .samples = samples, .packs = reader.packs};
    gboolean good = samples && judge_all(&source, day, error);
    sql_close(samples);
    reader_close(&reader);
    return good;
}

const Command command_honesty = {
    .name = "honesty",
    .arguments = "",
    .summary = "judge a day's data: its quality, and what in it is doubtful / 数据质量与诚信核查",
    .more = "A line for each doubt, columns separated by tabs: enterprise, point, rule, the point "
            "it equals, from, to, evidence; then a line # for each enterprise. Writes nothing; the "
            "server makes the records by itself each night. May run beside a server, but then the "
            "last minutes of each point may not be on disk yet.",
    .options = options,
    .run = run,
};
