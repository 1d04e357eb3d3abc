#include "base/csv.h"
#include "command/command.h"
#include "record/sheet.h"
#include "signal/alarm_difference.h"
#include "signal/alarm_kpi.h"
#include "signal/point_compose.h"
#include "signal/replay.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN = 50, RECORDED_MAX = 1000000, WORST = 10 };

static char *from_text, *to_text, *points_file, *enterprise, *former_packs, *source;
static gboolean as_json, as_csv;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"from", 'f', 0, G_OPTION_ARG_STRING, &from_text, "from this time or day on", "TIME"},
    {"to", 't', 0, G_OPTION_ARG_STRING, &to_text, "up to this time or day (default: now)", "TIME"},
    {"points", 0, 0, G_OPTION_ARG_FILENAME, &points_file,
     "other limits: CSV with `code` and fields of points; empty: as it is, `-`: none", "FILE"},
    {"former-packs", 0, 0, G_OPTION_ARG_FILENAME, &former_packs,
     "compare with a replay under these packs", "DIR"},
    {"enterprise", 'e', 0, G_OPTION_ARG_STRING, &enterprise, "only this enterprise", "CODE"},
    {"source", 0, 0, G_OPTION_ARG_STRING, &source,
     "log, history or auto: the log where it reaches back that far (default)", "SOURCE"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "figures and differences as JSON", NULL},
    {"csv", 0, 0, G_OPTION_ARG_NONE, &as_csv, "all alarms with their difference as CSV", NULL},
    G_OPTION_ENTRY_NULL,
};

typedef struct {
    Reader reader;
    Sql *samples;
    PointTable *today;
    ReplayUnsaved *unsaved;
    gint64 from_ms, to_ms;
    json_t *changes;   /* code -> {field: value}; or NULL */
    GArray *numbers;   /* points; NULL: all */
    guint positions;   /* enterprises */
    gboolean recorded; /* `former` is what was recorded */
    const char *used;  /* "log" or "history" */
    guint64 judged;    /* samples, from history */
    AlarmSpans *former, *now;
    AlarmKpis former_kpis, now_kpis;
    GArray *differences;
} Run;

/* ---- what is asked ---- */

static gboolean read_time(const char *name, const char *text, gint64 *ms, GError **error) {
    gint64 day;
    if (text && day_parse(text, &day)) {
        *ms = day_start(day);
        return TRUE;
    }
    return (text && time_parse(text, ms)) ||
           error_set(error, ERROR_USAGE, NULL,
                     g_str_equal(name, "from") ? "--from: a time (RFC 3339) or a day (YYYY-MM-DD)"
                                               : "--to: a time (RFC 3339) or a day (YYYY-MM-DD)",
                     NULL);
}

static gboolean read_options(Run *run, GError **error) {
    run->to_ms = clock_now(clock_real());
    if (!read_time("from", from_text, &run->from_ms, error) ||
        (to_text && !read_time("to", to_text, &run->to_ms, error)))
        return FALSE;
    if (run->from_ms >= run->to_ms)
        return error_set(error, ERROR_USAGE, NULL, "--from must be before --to", NULL);
    if (source && !g_str_equal(source, "log") && !g_str_equal(source, "history") &&
        !g_str_equal(source, "auto"))
        return error_set(error, ERROR_USAGE, NULL, "--source: log, history or auto", NULL);
    if (source && g_str_equal(source, "log") && (points_file || former_packs))
        return error_set(error, ERROR_USAGE, NULL,
                         "--source log: other limits are tried on history", NULL);
    return TRUE;
}

/* A cell of the CSV: NULL leaves the field as it is. */
static json_t *cell_value(const char *text) {
    char *end;
    if (text[0] == 0)
        return NULL;
    if (g_str_equal(text, "-"))
        return json_null();
    double value = g_ascii_strtod(text, &end);
    return *end == 0 && isfinite(value) ? json_real(value) : json_string(text);
}

static json_t *row_changes(const GStrv fields, const GPtrArray *cells, const char **code) {
    json_t *changes = json_object();
    for (guint i = 0; fields[i] && i < cells->len; i++) {
        const char *text = cells->pdata[i];
        if (g_str_equal(fields[i], "code"))
            *code = text;
        else
            json_object_set_new(changes, fields[i], cell_value(text));
    }
    return changes;
}

static gboolean read_points(Run *run, GError **error) {
    g_autoptr(CsvReader) csv = csv_open(points_file, ',', error);
    GPtrArray *cells = csv ? csv_next(csv, error) : NULL;
    if (cells == NULL)
        return *error == NULL && error_set(error, ERROR_FILE, NULL, points_file, "is empty", NULL);
    g_auto(GStrv) fields = g_new0(char *, cells->len + 1);
    for (guint i = 0; i < cells->len; i++)
        fields[i] = g_strdup(cells->pdata[i]);
    run->changes = json_object();
    while ((cells = csv_next(csv, error))) {
        const char *code = "";
        json_t *changes = row_changes(fields, cells, &code);
        json_object_set_new(run->changes, code, changes);
    }
    return *error == NULL;
}

/* ---- points ---- */

static PointTable *table_with(const Run *run, const Packs *packs, GError **error) {
    PointTable *table = point_table_new();
    if (point_table_read(table, run->samples, run->reader.records, error) &&
        point_compose_all(table, run->reader.records, packs, error))
        return table;
    point_table_free(table);
    return NULL;
}

static void add_enterprise(Run *run, const char *code) {
    g_autoptr(GArray) points = point_table_of_enterprise(run->today, code);
    g_array_append_vals(run->numbers, points->data, points->len);
    run->positions++;
}

/* The whole enterprises of the points that change. */
static gboolean select_changed(Run *run, GError **error) {
    const char *code;
    json_t *changes;
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    json_object_foreach(run->changes, code, changes) {
        guint32 point = point_table_find(run->today, code, strlen(code));
        if (point == POINT_NONE)
            return error_set(error, ERROR_NOT_FOUND, "code", "point", code, NULL);
        const char *owner = point_table_enterprise(run->today, point);
        if (g_hash_table_add(seen, (gpointer)owner))
            add_enterprise(run, owner);
    }
    return TRUE;
}

static guint count_enterprises(const PointTable *table) {
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (guint32 i = 0; i < point_table_count(table); i++)
        g_hash_table_add(seen, (gpointer)point_table_enterprise(table, i));
    return g_hash_table_size(seen);
}

static gboolean select_points(Run *run, GError **error) {
    if (enterprise == NULL && run->changes == NULL) {
        run->positions = MAX(count_enterprises(run->today), 1);
        return TRUE;
    }
    run->numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (enterprise)
        add_enterprise(run, enterprise);
    else if (!select_changed(run, error))
        return FALSE;
    return run->numbers->len > 0 || error_set(error, ERROR_NOT_FOUND, "enterprise", "enterprise",
                                              enterprise ? enterprise : "", NULL);
}

/* ---- the alarms ---- */

static gboolean change_points(Run *run, ReplayPoints *points, GError **error) {
    const char *code;
    json_t *changes;
    json_object_foreach(run->changes, code,
                        changes) if (!replay_points_change(points, run->reader.records,
                                                           run->reader.packs, code, changes,
                                                           error)) return FALSE;
    return TRUE;
}

static AlarmSpans *from_history(Run *run, const PointTable *table, gboolean changed,
                                GError **error) {
    ReplayPoints *points = replay_points_new(table, run->numbers);
    ReplayPlan plan = {.from_ms = run->from_ms,
                       .to_ms = run->to_ms,
                       .unsaved = replay_unsaved,
                       .data = run->unsaved,
                       .contacts = TRUE};
    AlarmSpans *spans = changed && !change_points(run, points, error)
                            ? NULL
                            : replay_history(run->samples, points, &plan, &run->judged, error);
    replay_points_free(points);
    return spans;
}

static void only_enterprise(AlarmSpans *spans) {
    for (guint i = spans->list->len; enterprise && i-- > 0;)
        if (!g_str_equal(alarm_spans_at(spans, i)->enterprise, enterprise))
            g_array_remove_index(spans->list, i);
}

static gboolean replay_now(Run *run, GError **error) {
    gboolean covered = FALSE;
    if (run->recorded && g_strcmp0(source, "history") != 0) {
        run->now =
            replay_log(run->samples, run->today, run->from_ms, run->to_ms, NULL, &covered, error);
        if (run->now)
            only_enterprise(run->now);
        else if (covered || *error)
            return FALSE;
        else if (g_strcmp0(source, "log") == 0)
            return error_set(error, ERROR_REQUEST, "from",
                             "日志未保留到该时间 / the log does not reach back to this time",
                             "改用 --source history / use --source history", NULL);
    }
    run->used = run->now ? "log" : "history";
    if (run->now)
        return TRUE;
    run->unsaved = replay_unsaved_new(run->samples, run->today, error);
    run->now = run->unsaved ? from_history(run, run->today, TRUE, error) : NULL;
    return run->now != NULL;
}

static gboolean replay_former(Run *run, GError **error) {
    gboolean truncated;
    if (run->recorded) {
        run->former =
            alarm_spans_read(run->reader.records, run->reader.packs, &actor_system, enterprise,
                             NULL, run->from_ms, run->to_ms, RECORDED_MAX, &truncated, error);
        return run->former != NULL;
    }
    Packs *packs = former_packs ? packs_load(former_packs, error) : NULL;
    PointTable *table = packs ? table_with(run, packs, error) : NULL;
    if (former_packs == NULL || table)
        run->former = from_history(run, table ? table : run->today, FALSE, error);
    if (table)
        point_table_free(table);
    if (packs)
        packs_free(packs);
    return run->former != NULL;
}

/* What was raised before the period on both sides is left out: it says nothing of the period. */
static void compare(Run *run) {
    const PackTable *table = packs_table_named(run->reader.packs, "alarm_kpi");
    run->differences = alarm_difference(run->former, run->now);
    for (guint i = run->differences->len; i-- > 0;) {
        const Difference *one = &g_array_index(run->differences, Difference, i);
        if ((one->former == NULL || one->former->raised_ms < run->from_ms) &&
            (one->now == NULL || one->now->raised_ms < run->from_ms))
            g_array_remove_index(run->differences, i);
    }
    run->former_kpis = alarm_kpis(run->former, table, run->positions, run->from_ms, run->to_ms);
    run->now_kpis = alarm_kpis(run->now, table, run->positions, run->from_ms, run->to_ms);
}

/* ---- saying it ---- */

static const char *time_or_dash(gint64 ms, char text[static TIME_TEXT]) {
    return ms ? time_format(ms, text) : "-";
}

static void print_figure(double value) {
    if (isfinite(value))
        printf("%12.2f", value);
    else
        printf("%12s", "-");
}

static void print_kpis(const Run *run) {
    const PackTable *table = packs_table_named(run->reader.packs, "alarm_kpi");
    printf("%-32s%12s%12s  %s\n", "", run->recorded ? "recorded" : "former", "replay", "verdict");
    for (AlarmKpi kpi = 0; kpi < KPIS; kpi++) {
        const char *verdict = alarm_kpi_verdict(table, kpi, run->now_kpis.value[kpi]);
        printf("%-32s", alarm_kpi_title(kpi));
        print_figure(run->former_kpis.value[kpi]);
        print_figure(run->now_kpis.value[kpi]);
        printf("  %s\n", verdict ? verdict : "");
    }
}

static void print_difference(const Difference *one) {
    char a[TIME_TEXT], b[TIME_TEXT], c[TIME_TEXT], d[TIME_TEXT];
    const AlarmSpan *any = one->now ? one->now : one->former, *former = one->former,
                    *now = one->now;
    printf("%s\t%s\t%s%s%s\t%s\t%s\t%s\t%s\t%s\t%s\n", difference_code(one->kind),
           any->point[0] ? any->point : any->enterprise, alarm_condition_code(any->condition),
           any->rule[0] ? "/" : "", any->rule, former ? alarm_level_code(former->worst_level) : "-",
           now ? alarm_level_code(now->worst_level) : "-",
           time_or_dash(former ? former->raised_ms : 0, a),
           time_or_dash(former ? former->returned_ms : 0, b),
           time_or_dash(now ? now->raised_ms : 0, c), time_or_dash(now ? now->returned_ms : 0, d));
}

static void print_table(const Run *run) {
    json_t *counts = alarm_difference_counts(run->differences), *count;
    const char *kind;
    guint shown = 0;
    printf("source %s, %u enterprises\n", run->used, run->positions);
    print_kpis(run);
    printf("\n");
    json_object_foreach(counts, kind, count)
        printf("%s %" JSON_INTEGER_FORMAT "  ", kind, json_integer_value(count));
    printf("\n");
    json_decref(counts);
    for (guint i = 0; i < run->differences->len && shown < SHOWN; i++) {
        const Difference *one = &g_array_index(run->differences, Difference, i);
        if (one->kind != DIFFERENCE_SAME && ++shown)
            print_difference(one);
    }
    if (shown == SHOWN)
        printf("... (--csv gives all)\n");
}

static json_t *difference_json(const Difference *one) {
    json_t *json = json_pack("{s:s}", "difference", difference_code(one->kind));
    if (one->former)
        json_object_set_new(json, "former", alarm_span_json(one->former));
    if (one->now)
        json_object_set_new(json, "now", alarm_span_json(one->now));
    return json;
}

static void print_json(const Run *run) {
    const PackTable *table = packs_table_named(run->reader.packs, "alarm_kpi");
    json_t *rows = json_array();
    for (guint i = 0; i < run->differences->len; i++)
        json_array_append_new(rows,
                              difference_json(&g_array_index(run->differences, Difference, i)));
    json_t *all = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "source", run->used, "compared_with",
        run->recorded ? "recorded" : "replay", "former", alarm_kpis_json(&run->former_kpis, table),
        "now", alarm_kpis_json(&run->now_kpis, table), "worst",
        alarm_kpi_worst(run->now, table, run->from_ms, run->to_ms, WORST), "counts",
        alarm_difference_counts(run->differences), "differences", rows);
    json_dumpf(all, stdout, JSON_INDENT(1));
    printf("\n");
    json_decref(all);
}

static void sheet_span(Sheet *sheet, const AlarmSpan *span) {
    char raised[TIME_TEXT], returned[TIME_TEXT];
    sheet_text(sheet, span ? span->id : NULL);
    sheet_text(sheet, span ? alarm_level_code(span->worst_level) : NULL);
    sheet_text(sheet, span ? time_format(span->raised_ms, raised) : NULL);
    sheet_text(sheet, span && span->returned_ms ? time_format(span->returned_ms, returned) : NULL);
}

static gboolean print_csv(const Run *run, GError **error) {
    static const char *const header[] = {
        "difference", "enterprise",   "point",         "condition",       "rule",
        "former_id",  "former_level", "former_raised", "former_returned", "id",
        "level",      "raised",       "returned"};
    Sheet *sheet = sheet_new(SHEET_CSV, STDOUT_FILENO, g_get_tmp_dir(), error);
    if (sheet == NULL)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(header); i++)
        sheet_text(sheet, header[i]);
    sheet_end_row(sheet);
    for (guint i = 0; i < run->differences->len; i++) {
        const Difference *one = &g_array_index(run->differences, Difference, i);
        const AlarmSpan *any = one->now ? one->now : one->former;
        sheet_text(sheet, difference_code(one->kind));
        sheet_text(sheet, any->enterprise);
        sheet_text(sheet, any->point);
        sheet_text(sheet, alarm_condition_code(any->condition));
        sheet_text(sheet, any->rule);
        sheet_span(sheet, one->former);
        sheet_span(sheet, one->now);
        sheet_end_row(sheet);
    }
    return sheet_close(sheet, error);
}

/* ---- run ---- */

static gboolean open_samples(Run *run, GError **error) {
    g_autofree char *path = g_build_filename(command_config().data_dir, "samples.db", NULL);
    g_autofree char *uri = g_strconcat("sqlite:", path, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return error_set(error, ERROR_FILE, NULL, path, "there is no such database", NULL);
    run->samples = sql_open(uri, SQL_READ, error);
    /* one moment of both, also while a server writes */
    return run->samples && sql_exec(run->samples, "SAVEPOINT replay", error) &&
           sql_exec(run->reader.records, "SAVEPOINT replay", error) &&
           (run->today = table_with(run, run->reader.packs, error)) != NULL;
}

static void run_end(Run *run) {
    if (run->differences)
        g_array_unref(run->differences);
    alarm_spans_free(run->former);
    alarm_spans_free(run->now);
    replay_unsaved_free(run->unsaved);
    if (run->numbers)
        g_array_unref(run->numbers);
    if (run->today)
        point_table_free(run->today);
    json_decref(run->changes);
    sql_close(run->samples);
    reader_close(&run->reader);
}

static gboolean run_all(Run *run, GError **error) {
    run->recorded = points_file == NULL && former_packs == NULL;
    if (!reader_open(&run->reader, error) || !open_samples(run, error) ||
        (points_file && !read_points(run, error)) || !select_points(run, error) ||
        !replay_now(run, error) || !replay_former(run, error))
        return FALSE;
    compare(run);
    if (as_csv)
        return print_csv(run, error);
    if (as_json)
        print_json(run);
    else
        print_table(run);
    return TRUE;
}

static gboolean run_replay(char **arguments, GError **error) {
    Run run = {0};
    g_autoptr(GError) failure = NULL;
    (void)arguments;
    if (!read_options(&run, error))
        return FALSE;
    gboolean good = run_all(&run, &failure);
    run_end(&run);
    if (!good)
        g_propagate_error(error, g_steal_pointer(&failure));
    return good;
}

const Command command_replay = {
    .name = "replay",
    .arguments = "",
    .summary = "alarms again from what is stored, or under other limits / 报警回放与限值试算",
    .more = "Compares the replay with the recorded alarms; with --points or --former-packs with a "
            "replay of the former settings. --packs are those of the replay. Says the figures of "
            "ISA-18.2 and each alarm that differs: difference, point, condition, former and new "
            "level, former raised and returned, new raised and returned. What a replay can know "
            "is told in docs/alarms.md. Reads only; may run beside a server.",
    .options = options,
    .run = run_replay,
};
