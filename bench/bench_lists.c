/* How long lists take: bench_lists URI [ROWS [RUNS]] fills an empty database with hazards of a
 * whole province in all states and asks for lists as the web client does, by people of each level.
 * The rows are what the program itself leaves: each is written with its journal entry, number,
 * clocks and words by the one place that writes records (record/act.h, commit_row), only without
 * the checks and without walking through the states before its own. A database that is filled
 * already is used as it is. One line for each list and asker: rows, list, asker, how many are
 * found, then ms: median, 99th percentile, the same of processor time (of this process and of the
 * server's that serves it), and what took longest. bench/run.py lists makes tables of it. */
#include "bench_cpu.h"

#include "base/hash.h"
#include "record/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CITIES = 13,
    COUNTIES = 7,
    PER_JOB = 2000,
    PER_CHECKPOINT = 50000,
    PER_ENTERPRISE = 150,
    YEARS = 3
};

/* An ordinary county; one with a tenth of all; one with a tenth whose records are of its towns; one
 * of these. */
static const char near[] = "320412", crowded[] = "320501", parted[] = "320612",
                  town[] = "320612007";
enum { TOWNS = 15 };

typedef struct {
    Packs *packs;
    Sql *sql;
    gint64 now_ms;
    GRand *dice;
    guint rows, enterprises, runs;
    const char *who; /* only these people; NULL: all */
} Bench;

static void stop_on(const GError *error) {
    if (error == NULL)
        return;
    fprintf(stderr, "bench_lists: %s\n", error->message);
    exit(1);
}

/* --- filling --- */

static void make(const Bench *bench, const char *type, json_t *fields_take) {
    GError *error = NULL;
    json_t *record = record_create(bench->sql, bench->packs, &actor_system, type, fields_take, NULL,
                                   bench->now_ms, &error);
    stop_on(error);
    json_decref(record);
    json_decref(fields_take);
}

static void county_code(guint i, char code[16]) {
    g_snprintf(code, 16, "32%02u%02u", i / COUNTIES % CITIES + 1, 1 + (i % COUNTIES) * 11 / 6);
}

static void make_places(const Bench *bench) {
    make(bench, "region",
         json_pack("{s:s, s:s, s:s}", "code", "32", "name", "江苏省", "kind", "province"));
    for (guint i = 0; i < CITIES * COUNTIES; i++) {
        char city[16], county[16];
        county_code(i, county);
        g_snprintf(city, sizeof city, "%.4s", county);
        if (i % COUNTIES == 0)
            make(bench, "region",
                 json_pack("{s:s, s:s, s:s, s:s}", "code", city, "name", city, "kind", "city",
                           "parent", "32"));
        make(bench, "region",
             json_pack("{s:s, s:s, s:s, s:s}", "code", county, "name", county, "kind", "district",
                       "parent", city));
    }
    for (guint i = 1; i <= TOWNS; i++) {
        char code[16];
        g_snprintf(code, sizeof code, "%s%03u", parted, i);
        make(bench, "region",
             json_pack("{s:s, s:s, s:s, s:s}", "code", code, "name", code, "kind", "zone", "parent",
                       parted));
    }
    for (guint i = 0; i < bench->enterprises; i++) {
        char code[16], county[16];
        g_snprintf(code, sizeof code, "E%06u", i);
        county_code(i, county);
        g_autofree char *name = g_strdup_printf("测试化工企业%u", i);
        if (i % 10 == 9)
            g_strlcpy(county, crowded, sizeof county);
        else if (i % 10 == 8)
            g_snprintf(county, sizeof county, "%s%03u", parted, 1 + i / 10 % TOWNS);
        make(bench, "enterprise",
             json_pack("{s:s, s:s, s:s, s:s}", "code", code, "name", name, "region", county, "kind",
                       "chemical"));
    }
}

static const char *one_of(const Bench *bench, const char *const *texts, guint n) {
    return texts[g_rand_int_range(bench->dice, 0, (gint32)n)];
}
#define ONE_OF(bench, texts) one_of(bench, texts, G_N_ELEMENTS(texts))

static const char *any_code(const Bench *bench, const Field *field) {
    const GPtrArray *items = field->codes->items;
    guint at = (guint)(g_rand_double(bench->dice) * g_rand_double(bench->dice) * items->len);
    return ((const CodeItem *)items->pdata[at])->code; /* the first ones oftener */
}

static json_t *hazard_fields(const Bench *bench, const RecordType *type, gint64 created_ms) {
    static const char *const places[] = {"一号罐区", "装卸台", "配电室",
                                         "除尘间",   "锅炉房", "危废库"},
                             *const things[] = {"法兰渗漏", "粉尘堆积",   "报警器失效", "未接地",
                                                "通道堵塞", "安全阀超期", "护栏缺失"};
    char enterprise[16], day[TIME_TEXT];
    g_snprintf(enterprise, sizeof enterprise, "E%06d",
               g_rand_int_range(bench->dice, 0, (gint32)bench->enterprises));
    const char *place = ONE_OF(bench, places), *thing = ONE_OF(bench, things);
    g_autofree char *title = g_strconcat(place, thing, NULL);
    g_autofree char *text = g_strdup_printf("检查发现%s%s，编号%d，须限期整改并复查", place, thing,
                                            g_rand_int_range(bench->dice, 0, 100000));
    json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:s}", "title", title, "description", text,
                               "enterprise", enterprise, "place", place, "owner", "李工");
    static const char *const coded[] = {"source", "kind", "grade"};
    for (guint i = 0; i < G_N_ELEMENTS(coded); i++)
        json_object_set_new(fields, coded[i],
                            json_string(any_code(bench, type_field(type, coded[i]))));
    char found[TIME_TEXT];
    if (g_rand_int_range(bench->dice, 0, 2))
        json_object_set_new(
            fields, "found_at",
            json_string(
                time_format(created_ms - g_rand_int_range(bench->dice, 0, (gint32)DAY_MS), found)));
    if (g_rand_int_range(bench->dice, 0, 4))
        json_object_set_new(fields, "due",
                            json_string(day_format(
                                day_of(created_ms) + g_rand_int_range(bench->dice, 3, 60), day)));
    return fields;
}

/* Most are closed; of those that are not, most are being rectified. */
static const State *any_state(const Bench *bench, const RecordType *type) {
    static const struct {
        int below;
        const char *name;
    } shares[] = {{800, "closed"},    {840, "dismissed"}, {930, "rectifying"},  {960, "reported"},
                  {985, "to_accept"}, {999, "accepted"},  {1000, "to_announce"}};
    int at = g_rand_int_range(bench->dice, 0, 1000);
    for (guint i = 0; i < G_N_ELEMENTS(shares); i++)
        if (at < shares[i].below)
            return type_state(type, shares[i].name);
    return NULL;
}

static gboolean write_hazard(const Bench *bench, const RecordType *type, gint64 created_ms,
                             GError **error) {
    Act act = {bench->sql, bench->packs, &actor_system, created_ms, NULL};
    char id[ID_TEXT];
    g_autoptr(Row) row = row_new(type);
    json_t *fields = hazard_fields(bench, type, created_ms);
    row->state = any_state(bench, type);
    row->id = g_strdup(id_new(created_ms, id));
    gboolean done = check_given(row, fields, NULL, error) && check_place(&act, NULL, row, error) &&
                    (row->number = number_next(&act, row, error)) != NULL;
    json_t *record = done ? commit_row(&act, NULL, row, "create", NULL, NULL, error) : NULL;
    json_decref(record);
    json_decref(fields);
    return record != NULL;
}

static void make_hazards(const Bench *bench) {
    GError *error = NULL;
    const RecordType *type = packs_type(bench->packs, "hazard");
    gint64 span_ms = (gint64)YEARS * 365 * DAY_MS;
    for (guint i = 0; i < bench->rows; i++) {
        if (i % PER_JOB == 0 && i)
            sql_exec(bench->sql, "COMMIT", &error);
        if (i % PER_CHECKPOINT == 0 && error == NULL)
            sql_checkpoint(bench->sql, FALSE, &error);
        if (i % PER_JOB == 0 && error == NULL)
            sql_exec(bench->sql, "BEGIN IMMEDIATE", &error);
        gint64 created_ms = bench->now_ms - span_ms + span_ms / bench->rows * i;
        if (error == NULL)
            write_hazard(bench, type, created_ms, &error);
        stop_on(error);
    }
    sql_exec(bench->sql, "COMMIT", &error);
    stop_on(error);
}

static void fill(const Bench *bench) {
    gint64 there, began = g_get_monotonic_time();
    sql_get_int(bench->sql, NULL, &there, 0, "SELECT count(*) FROM r_hazard", "");
    if (there > 0)
        return;
    GError *error = NULL;
    sql_exec(bench->sql, "BEGIN IMMEDIATE", &error);
    stop_on(error);
    make_places(bench);
    sql_exec(bench->sql, "COMMIT", &error);
    stop_on(error);
    make_hazards(bench);
    double seconds = (double)(g_get_monotonic_time() - began) / 1e6;
    fprintf(stderr, "filled %u hazards of %u enterprises in %.0f s\n", bench->rows,
            bench->enterprises, seconds);
    if (sql_kind(bench->sql) == SQL_POSTGRES) /* what autovacuum does by itself in a minute */
        sql_exec(bench->sql, "VACUUM ANALYZE", &error);
    else
        sql_checkpoint(bench->sql, TRUE, &error);
    stop_on(error);
}

/* --- asking --- */

/* What the web client asks beside a list of hazards: count, and the counts of its selects. */
static const char facets[] = "state,source,kind,grade,stop_work,listed_level,escalation";

static const struct {
    const char *name;
    RecordQuery query;
} cases[] = {
    {"all, newest first", {.filter = NULL}},
    {"one state", {.filter = "state = 'rectifying'"}},
    {"a rare state", {.filter = "state = 'to_announce'"}},
    {"one code", {.filter = "grade = 'major'"}},
    {"two codes and a state",
     {.filter = "state = 'reported' AND grade = 'major' AND source = 'report'"}},
    {"an enterprise", {.filter = "enterprise = 'E000012'"}},
    {"overdue", {.filter = "due < $today AND state IN ('reported','rectifying','to_accept')"}},
    {"due in a month", {.filter = "due BETWEEN DATE('2026-01-01') AND DATE('2026-01-31')"}},
    {"nothing found", {.filter = "listed_level = 'city' AND grade = 'major'"}},
    {"by due", {.sort = "due"}},
    {"by due, last first", {.sort = "-due"}},
    {"by grade", {.sort = "-grade"}},
    {"by enterprise", {.sort = "enterprise"}},
    {"by change", {.sort = "-updated_at"}},
    {"one state by due", {.filter = "state = 'rectifying'", .sort = "due"}},
    {"search 粉尘 (one in seven)", {.search = "粉尘"}},
    {"search 粉尘 锅炉", {.search = "粉尘 锅炉"}},
    {"search in a state", {.search = "粉尘", .filter = "state = 'rectifying'"}},
    {"search of every row", {.search = "整改"}},
    {"search of a number", {.search = "编号4711"}},
    {"search of nothing", {.search = "氯气"}},
};

typedef struct {
    GArray *wall, *cpu; /* µs */
    gint64 found, worst;
    char *slowest; /* what was asked when it took longest */
} Times;

static gint by_time(gconstpointer a, gconstpointer b) {
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return (left > right) - (left < right);
}

static double part_of(GArray *times, guint percent) {
    g_array_sort(times, by_time);
    return (double)g_array_index(times, gint64, MIN(times->len - 1, times->len * percent / 100)) /
           1e3;
}

/* The server's process that serves this connection. */
static gint64 backend(Sql *sql) {
    gint64 pid = 0;
    if (sql_kind(sql) == SQL_POSTGRES)
        sql_get_int(sql, NULL, &pid, 0, "SELECT pg_backend_pid()", "");
    return pid;
}

/* One list as the client asks for it; gives its cursor for the next page, or NULL. */
static char *ask_once(const Bench *bench, Sql *sql, const Actor *actor, const RecordQuery *asked,
                      Times *times) {
    GError *error = NULL;
    RecordQuery query = *asked;
    query.limit = 50;
    query.labels = TRUE;
    query.count = asked->cursor == NULL;
    query.facets = query.count ? facets : NULL;
    gint64 pid = backend(sql), used = bench_cpu_us(pid), began = g_get_monotonic_time();
    json_t *page = record_list(sql, bench->packs, actor, "hazard", &query, bench->now_ms, &error);
    gint64 took = g_get_monotonic_time() - began;
    stop_on(error);
    used = bench_cpu_us(pid) - used;
    g_array_append_val(times->wall, took);
    g_array_append_val(times->cpu, used);
    if (took > times->worst) {
        times->worst = took;
        g_free(times->slowest);
        times->slowest =
            g_strdup_printf("%s; by %s%s%s", asked->filter ? asked->filter : "all",
                            asked->sort ? asked->sort : "-created_at", asked->search ? "; " : "",
                            asked->search ? asked->search : "");
    }
    if (query.count)
        times->found = json_integer_value(json_object_get(page, "count"));
    char *next = g_strdup(json_string_value(json_object_get(page, "next")));
    json_decref(page);
    return next;
}

static void times_print(const Bench *bench, const char *list, const char *who, Times *times) {
    printf("%u\t%s\t%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%s\n", bench->rows, list, who,
           (int)times->found, part_of(times->wall, 50), part_of(times->wall, 99),
           part_of(times->cpu, 50), part_of(times->cpu, 99), times->slowest);
    fflush(stdout);
    g_array_unref(times->wall);
    g_array_unref(times->cpu);
    g_free(times->slowest);
}

static Times times_new(void) {
    return (Times){g_array_new(FALSE, FALSE, sizeof(gint64)),
                   g_array_new(FALSE, FALSE, sizeof(gint64)), 0, 0, NULL};
}

/* As often as asked for, but not longer than a while. */
static void ask_case(const Bench *bench, Sql *sql, const char *who, const Actor *actor, guint c) {
    enum { WHILE_US = 250000, LEAST = 5 };
    Times times = times_new();
    gint64 end = g_get_monotonic_time() + WHILE_US;
    for (guint i = 0; i < bench->runs && (i < LEAST || g_get_monotonic_time() < end); i++)
        g_free(ask_once(bench, sql, actor, &cases[c].query, &times));
    times_print(bench, cases[c].name, who, &times);
}

/* Any of the client's selects with any of their values, and any column to sort by. */
static void any_query(const Bench *bench, const RecordType *type, GString *filter, GString *sort) {
    static const char *const sorts[] = {"created_at", "due",      "grade",  "enterprise", "source",
                                        "kind",       "found_at", "number", "updated_at", "state"};
    g_auto(GStrv) names = g_strsplit(facets, ",", -1);
    g_string_truncate(filter, 0);
    for (guint i = 0; names[i]; i++) {
        const Field *field = type_field(type, names[i]);
        const char *and = filter->len ? " AND " : "";
        if (g_rand_int_range(bench->dice, 0, 4))
            continue;
        if (field == NULL) {
            guint at = (guint)g_rand_int_range(bench->dice, 0, (gint32)type->states->len);
            g_string_append_printf(filter, "%sstate = '%s'", and,
                                   ((const State *)type->states->pdata[at])->name);
        } else if (g_rand_int_range(bench->dice, 0, 5)) {
            g_string_append_printf(filter, "%s%s = '%s'", and, names[i], any_code(bench, field));
        } else {
            g_string_append_printf(filter, "%s%s IS NULL", and, names[i]);
        }
    }
    g_string_printf(sort, "%s%s", g_rand_int_range(bench->dice, 0, 2) ? "-" : "",
                    ONE_OF(bench, sorts));
}

static void ask_any(const Bench *bench, Sql *sql, const char *who, const Actor *actor) {
    enum { DRAWS = 200, WHILE_US = 6000000 };
    const RecordType *type = packs_type(bench->packs, "hazard");
    GString *filter = g_string_new(NULL), *sort = g_string_new(NULL);
    Times times = times_new();
    gint64 end = g_get_monotonic_time() + WHILE_US;
    for (guint i = 0; i < DRAWS && g_get_monotonic_time() < end; i++) {
        any_query(bench, type, filter, sort);
        RecordQuery query = {.filter = filter->len ? filter->str : NULL, .sort = sort->str};
        g_autofree char *next = ask_once(bench, sql, actor, &query, &times);
        query.cursor = next;
        if (next)
            g_free(ask_once(bench, sql, actor, &query, &times));
    }
    times_print(bench, "any filter, any sort, and the next page", who, &times);
    g_string_free(filter, TRUE);
    g_string_free(sort, TRUE);
}

static void ask_all(const Bench *bench, const char *uri) {
    GError *error = NULL;
    Sql *sql = sql_open(uri, SQL_READ, &error);
    stop_on(error);
    const Role *county = packs_role(bench->packs, "county_inspector");
    const struct {
        const char *name;
        Actor actor;
    } people[] = {
        {"county", {.role = county, .region = near}},
        {"crowded county", {.role = county, .region = crowded}},
        {"county of towns", {.role = county, .region = parted}},
        {"town", {.role = packs_role(bench->packs, "town_safety"), .region = town}},
        {"enterprise",
         {.role = packs_role(bench->packs, "enterprise_safety"), .enterprise = "E000012"}},
        {"city", {.role = packs_role(bench->packs, "city_duty"), .region = "3204"}},
        {"province", {.role = packs_role(bench->packs, "province_duty"), .region = "32"}}};
    for (guint p = 0; p < G_N_ELEMENTS(people); p++) {
        if (bench->who && strcmp(bench->who, people[p].name) != 0)
            continue;
        Actor actor = people[p].actor;
        actor.kind = ACTOR_PERSON;
        actor.id = actor.name = people[p].name;
        for (guint c = 0; c < G_N_ELEMENTS(cases); c++)
            ask_case(bench, sql, people[p].name, &actor, c);
        ask_any(bench, sql, people[p].name, &actor);
    }
    sql_close(sql);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "bench_lists URI ROWS [RUNS [WHO]]\n");
        return 2;
    }
    GError *error = NULL;
    Bench bench = {.rows = (guint)atoi(argv[2]),
                   .runs = argc > 3 ? (guint)atoi(argv[3]) : 30,
                   .who = argc > 4 ? argv[4] : NULL};
    time_parse("2026-11-23T09:00:00+08:00", &bench.now_ms);
    bench.enterprises = MAX(50, bench.rows / PER_ENTERPRISE);
    bench.dice = g_rand_new_with_seed(20261123);
    bench.packs = packs_load("packs", &error);
    stop_on(error);
    bench.sql = sql_open(argv[1], SQL_WRITE, &error);
    if (bench.sql)
        records_migrate(bench.sql, bench.packs, &error);
    stop_on(error);
    fill(&bench);
    if (bench.runs > 0)
        ask_all(&bench, argv[1]);
    sql_close(bench.sql);
    packs_free(bench.packs);
    g_rand_free(bench.dice);
    return 0;
}
