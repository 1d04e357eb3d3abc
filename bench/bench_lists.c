/* How long lists take: bench_lists URI [ROWS [RUNS]] fills an empty database with hazards of a
 * whole province in all states and asks for lists as the web client does, by people of each level.
 * The rows are what the program itself leaves: each is written with its journal entry, number,
 * clocks and words by the one place that writes records (record/act.h, commit_row), only without
 * the checks and without walking through the states before its own. A database that is filled
 * already is used as it is. bench/run.py --only lists runs it on both back ends. */
#include "base/hash.h"
#include "record/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CITIES = 13, COUNTIES = 7, PER_JOB = 2000, PER_ENTERPRISE = 150, YEARS = 3 };

static const char near[] = "320412",
                  crowded[] = "320501"; /* an ordinary county, and one with a tenth of all */

typedef struct {
    Packs *packs;
    Sql *sql;
    gint64 now_ms;
    GRand *dice;
    guint rows, enterprises, runs;
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
    for (guint i = 0; i < bench->enterprises; i++) {
        char code[16], county[16];
        g_snprintf(code, sizeof code, "E%06u", i);
        county_code(i, county);
        g_autofree char *name = g_strdup_printf("测试化工企业%u", i);
        make(bench, "enterprise",
             json_pack("{s:s, s:s, s:s, s:s}", "code", code, "name", name, "region",
                       i % 10 == 9 ? crowded : county, "kind", "chemical"));
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
        if (i % PER_JOB == 0)
            sql_exec(bench->sql, i ? "COMMIT; BEGIN IMMEDIATE" : "BEGIN IMMEDIATE", &error);
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

static const struct {
    const char *name;
    RecordQuery query;
} cases[] = {
    {"all", {.filter = NULL}},
    {"state", {.filter = "state = 'rectifying'"}},
    {"rare state", {.filter = "state = 'to_announce'"}},
    {"code", {.filter = "grade = 'major'"}},
    {"two codes and state",
     {.filter = "state = 'reported' AND grade = 'major' AND source = 'report'"}},
    {"enterprise", {.filter = "enterprise = 'E000012'"}},
    {"overdue", {.filter = "due < $today AND state IN ('reported','rectifying','to_accept')"}},
    {"dates", {.filter = "due BETWEEN DATE('2026-01-01') AND DATE('2026-01-31')"}},
    {"nothing found", {.filter = "due = DATE('1999-01-01') AND grade = 'major'"}},
    {"by due", {.sort = "due"}},
    {"by due, last first", {.sort = "-due"}},
    {"by state", {.sort = "state"}},
    {"by grade", {.sort = "-grade"}},
    {"by change", {.sort = "-updated_at"}},
    {"by number", {.sort = "-number"}},
    {"state by due", {.filter = "state = 'rectifying'", .sort = "due"}},
    {"facets", {.facets = "state,grade,kind,source,enterprise"}},
    {"code with facets",
     {.filter = "grade = 'major'", .facets = "state,grade,kind,source,enterprise"}},
    {"search 粉尘", {.search = "粉尘"}},
    {"search 粉尘 锅炉", {.search = "粉尘 锅炉"}},
    {"search in a state", {.search = "粉尘", .filter = "state = 'rectifying'"}},
    {"search of every row", {.search = "整改"}},
    {"search of a number", {.search = "编号4711"}},
    {"search of nothing", {.search = "氯气"}},
};

static gint by_time(gconstpointer a, gconstpointer b) {
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return (left > right) - (left < right);
}

/* Median and 99th percentile in ms; gives how many were found. */
static gint64 ask(const Bench *bench, Sql *sql, const Actor *actor, const RecordQuery *asked,
                  double *median, double *high) {
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 found = 0;
    for (guint i = 0; i < bench->runs; i++) {
        GError *error = NULL;
        RecordQuery query = *asked;
        query.limit = 50;
        query.count = query.labels = TRUE;
        gint64 began = g_get_monotonic_time();
        json_t *page =
            record_list(sql, bench->packs, actor, "hazard", &query, bench->now_ms, &error);
        gint64 took = g_get_monotonic_time() - began;
        stop_on(error);
        found = json_integer_value(json_object_get(page, "count"));
        g_array_append_val(times, took);
        json_decref(page);
    }
    g_array_sort(times, by_time);
    *median = (double)g_array_index(times, gint64, times->len / 2) / 1e3;
    *high = (double)g_array_index(times, gint64, MIN(times->len - 1, times->len * 99 / 100)) / 1e3;
    return found;
}

static void ask_all(const Bench *bench, const char *uri) {
    GError *error = NULL;
    Sql *sql = sql_open(uri, SQL_READ, &error);
    stop_on(error);
    const Role *county = packs_role(bench->packs, "county_inspector"),
               *city = packs_role(bench->packs, "city_duty"),
               *province = packs_role(bench->packs, "province_duty"),
               *plant = packs_role(bench->packs, "enterprise_safety");
    const struct {
        const char *name;
        Actor actor;
    } people[] = {{"county", {ACTOR_PERSON, "a", "a", county, near, NULL, NULL, NULL}},
                  {"crowded county", {ACTOR_PERSON, "b", "b", county, crowded, NULL, NULL, NULL}},
                  {"enterprise", {ACTOR_PERSON, "c", "c", plant, NULL, "E000012", NULL, NULL}},
                  {"city", {ACTOR_PERSON, "d", "d", city, "3204", NULL, NULL, NULL}},
                  {"province", {ACTOR_PERSON, "e", "e", province, "32", NULL, NULL, NULL}}};
    printf("\n%s, %u hazards of %u enterprises; ms, median / 99 of 100, and how many are "
           "found\n\n| list |",
           sql_kind(sql) == SQL_SQLITE ? "SQLite" : "PostgreSQL", bench->rows, bench->enterprises);
    for (guint p = 0; p < G_N_ELEMENTS(people); p++)
        printf(" %s |", people[p].name);
    printf("\n|---|---|---|---|---|---|\n");
    for (guint c = 0; c < G_N_ELEMENTS(cases); c++) {
        printf("| %s |", cases[c].name);
        for (guint p = 0; p < G_N_ELEMENTS(people); p++) {
            double median, high;
            gint64 found = ask(bench, sql, &people[p].actor, &cases[c].query, &median, &high);
            printf(" %.1f / %.1f (%d) |", median, high, (int)found);
        }
        printf("\n");
        fflush(stdout);
    }
    sql_close(sql);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "bench_lists URI [ROWS [RUNS]]\n");
        return 2;
    }
    GError *error = NULL;
    Bench bench = {.rows = argc > 2 ? (guint)atoi(argv[2]) : 10000,
                   .runs = argc > 3 ? (guint)atoi(argv[3]) : 30};
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
    ask_all(&bench, argv[1]);
    sql_close(bench.sql);
    packs_free(bench.packs);
    g_rand_free(bench.dice);
    return 0;
}
