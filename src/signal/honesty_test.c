/* Honest data is not called false, and data falsified in each way is found: made signals, and the
 * Tennessee Eastman runs (of $ANLAN_DATA/tep, or ../shared/data/tep; without them these tests
 * skip). With --verbose the tests say their counts. */
#include "signal/honesty.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { HOUR_MS = 3600000, PACE_MS = 180000, ROWS = 960, DAY_ROWS = 480, POINTS = 52, XMEAS = 41 };

/* As packs/monitor/honesty_limit.yaml has them (tested there against these names). */
static const HonestyLimits analog = {6, 0.1, 4, 0.5, 60, 60};
static const HonestyLimits swift = {6,   0.1, 4,
                                    NAN, 60,  60}; /* flow, pressure, power, composition */
static const HonestyLimits manual = {NAN, NAN, NAN, NAN, 60, 60}; /* valves */

/* ---- a point from values ---- */

static const gint64 day_ms = 1700006400000; /* 2023-11-15T08:00:00+08:00 */

static HistorySample *series(const double *value, guint n, gint64 start_ms, gint64 pace_ms) {
    HistorySample *samples = g_new0(HistorySample, n + 1);
    for (guint i = 0; i < n; i++)
        samples[i] = (HistorySample){.time_ms = start_ms + i * pace_ms, .value = value[i]};
    return samples;
}

typedef struct {
    HonestyPoint point;
    HistorySample *today, *yesterday;
} Case;

static Case case_of(const double *yesterday, const double *today, guint n, gint64 pace_ms,
                    HonestyLimits limits) {
    Case made = {.today = series(today, n, day_ms, pace_ms)};
    made.point = (HonestyPoint){
        .samples = made.today, .n = n, .range_low = NAN, .range_high = NAN, .limits = limits};
    gint64 end_ms = day_ms + DAY_MS;
    point_day_measure(&made.point.day, made.today, n, day_ms, end_ms, HOUR_MS);
    if (yesterday) {
        made.yesterday = series(yesterday, n, day_ms - DAY_MS, pace_ms);
        point_day_measure(&made.point.former[0], made.yesterday, n, day_ms - DAY_MS, day_ms,
                          HOUR_MS);
    }
    return made;
}

static void case_clear(Case *made) {
    g_free(made->today);
    g_free(made->yesterday);
}

/* How often each rule speaks of the case alone and of itself a day before. */
static guint judge(Case *made, guint found[HONESTY_RULES]) {
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(HonestyFinding));
    HonestyFinding finding;
    honesty_judge(&made->point, out);
    if (made->yesterday && point_day_shared(&made->point.day, &made->point.former[0]) &&
        honesty_copied(&made->point, 0, made->yesterday, made->point.n, FALSE, &finding))
        g_array_append_val(out, finding);
    for (guint i = 0; i < out->len; i++)
        found[g_array_index(out, HonestyFinding, i).rule]++;
    return out->len;
}

static guint rule_speaks(Case *made, HonestyRule rule) {
    guint found[HONESTY_RULES] = {0}, all = judge(made, found);
    g_assert_cmpuint(found[rule], ==, all);
    return found[rule];
}

/* ---- made signals ---- */

static double noise(guint *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(*seed >> 8) / (1 << 24) - 0.5;
}

enum { FIVE_S = 5000, N5 = 17280 };

static void wander(double *value, guint n, guint seed, double mean, double swing, double flicker,
                   double digit) {
    for (guint i = 0; i < n; i++) {
        double x = mean + swing * sin(i * 6.283 / n * 3 + seed) + flicker * noise(&seed);
        value[i] = digit > 0 ? round(x / digit) * digit : x;
    }
}

static void honest_constants_are_not_stuck(void) {
    static double live[N5], today[N5];
    guint n = N5;
    wander(live, n, 7, 50, 5, 0.5, 0.01);
    struct {
        double value, low, high;
    } rests[] = {{0, NAN, NAN}, {0, 0, 100}, {0.4, 0, 100}, {100, 0, 100}, {20, 20, 600}};
    for (gsize i = 0; i < G_N_ELEMENTS(rests); i++) { /* closed, empty, full, in clean air */
        wander(today, n, 8, 50, 5, 0.5, 0.01);
        for (guint k = 3000; k < 15000; k++)
            today[k] = rests[i].value;
        Case made = case_of(live, today, n, FIVE_S, swift);
        made.point.range_low = rests[i].low;
        made.point.range_high = rests[i].high;
        g_assert_cmpuint(rule_speaks(&made, HONESTY_STUCK), ==, 0);
        case_clear(&made);
    }
    for (guint i = 0; i < n; i++) { /* a tank that moves and stands, resolution above its noise */
        live[i] = 4 + (i > 6000 && i < 9000 ? (i - 6000) / 1000 * 0.5 : i >= 9000 ? 1.5 : 0);
        today[i] = 5.5;
    }
    Case made = case_of(live, today, n, FIVE_S, analog);
    g_assert_cmpuint(rule_speaks(&made, HONESTY_STUCK), ==, 0);
    case_clear(&made);
}

static void a_frozen_instrument_is_found(void) {
    static double live[N5], today[N5];
    wander(live, N5, 7, 50, 5, 0.5, 0.01);
    wander(today, N5, 8, 50, 5, 0.5, 0.01);
    for (guint i = 3000; i < 3000 + 6 * 720 + 20; i++)
        today[i] = 51.37;
    Case made = case_of(live, today, N5, FIVE_S, analog);
    g_assert_cmpuint(rule_speaks(&made, HONESTY_STUCK), ==, 1);
    case_clear(&made);
    Case alone = case_of(NULL, today, N5, FIVE_S, analog); /* no former day: nothing is said */
    g_assert_cmpuint(rule_speaks(&alone, HONESTY_STUCK), ==, 0);
    case_clear(&alone);
}

static void a_coarser_grid_is_found(void) {
    static double live[N5], today[N5];
    wander(live, N5, 7, 50, 5, 0.5, 0.01);
    for (int coarse = 0; coarse < 2; coarse++) {
        wander(today, N5, 9, 50, 5, 0.5, coarse ? 0.1 : 0.01);
        Case made = case_of(live, today, N5, FIVE_S, analog);
        g_assert_cmpuint(rule_speaks(&made, HONESTY_QUANTISED), ==, coarse);
        case_clear(&made);
    }
}

/* A batch that repeats, a switch, a ramp: equal values are no copies. */
static void honest_cycles_are_not_copies(void) {
    static double saw[N5], day[N5], two[N5];
    for (guint i = 0; i < N5; i++) {
        saw[i] = i % 720 < 360 ? (i % 720) * 0.1 : (720 - i % 720) * 0.1;
        two[i] = i / 360 % 2;
        day[i] = saw[i];
    }
    Case made = case_of(saw, day, N5, FIVE_S, swift), other = case_of(two, two, N5, FIVE_S, swift);
    g_assert_cmpuint(rule_speaks(&made, HONESTY_COPIED_DAY), ==, 0);
    g_assert_cmpuint(rule_speaks(&other, HONESTY_COPIED_DAY), ==, 0);
    case_clear(&made);
    case_clear(&other);
}

static void copies_are_found_at_any_shift(void) {
    static double live[N5], today[N5];
    wander(live, N5, 7, 50, 5, 0.5, 0.01);
    wander(today, N5, 8, 50, 5, 0.5, 0.01);
    enum { FROM = 5003, TO = 1100, LENGTH = 4 * 720 }; /* four hours, from another hour */
    memcpy(today + TO, live + FROM, LENGTH * sizeof *live);
    Case made = case_of(live, today, N5, FIVE_S, analog);
    HonestyFinding finding;
    g_assert_cmpuint(point_day_shared(&made.point.day, &made.point.former[0]), >, 0);
    g_assert_true(honesty_copied(&made.point, 3, made.yesterday, N5, FALSE, &finding));
    g_assert_cmpint(finding.from_ms, <=, day_ms + TO * FIVE_S);
    g_assert_cmpint(finding.to_ms, >=, day_ms + (gint64)(TO + LENGTH - 1) * FIVE_S);
    g_assert_cmpuint(finding.count, <, LENGTH + 10);
    g_assert_cmpint(finding.other_from_ms - finding.from_ms, ==,
                    (gint64)(FROM - TO) * FIVE_S - DAY_MS);
    g_assert_cmpuint(finding.other, ==, 3);
    case_clear(&made);
}

static void jumps_are_told_from_trips(void) {
    static double live[N5], today[N5];
    wander(live, N5, 7, 50, 5, 0.5, 0.01);
    memcpy(today, live, sizeof live);
    for (guint i = 9000; i < N5; i++) /* the unit trips once: one change, and it stays */
        today[i] = 0.01 * (i % 3);
    Case trip = case_of(live, today, N5, FIVE_S, analog);
    trip.point.range_low = 0;
    trip.point.range_high = 100;
    guint found[HONESTY_RULES] = {0};
    judge(&trip, found);
    g_assert_cmpuint(found[HONESTY_JUMP], ==, 0);
    case_clear(&trip);
    wander(today, N5, 8, 50, 5, 0.5, 0.01);
    today[4000] = 120;
    Case jump = case_of(live, today, N5, FIVE_S, analog);
    jump.point.range_low = 0;
    jump.point.range_high = 100;
    g_assert_cmpuint(rule_speaks(&jump, HONESTY_JUMP), ==, 1);
    case_clear(&jump);
}

static void missing_samples_are_counted(void) {
    static double value[DAY_ROWS];
    guint8 down[36] = {0};
    double expected, missing;
    g_autofree HistorySample *all = series(value, DAY_ROWS, day_ms, PACE_MS);
    gint64 end_ms = day_ms + DAY_MS;
    point_day_missing(all, DAY_ROWS, day_ms, end_ms, PACE_MS, NULL, &expected, &missing);
    g_assert_cmpfloat(expected, ==, DAY_ROWS);
    g_assert_cmpfloat(missing, ==, 0);
    memmove(all + 100, all + 140, (DAY_ROWS - 140) * sizeof *all); /* two hours are not there */
    point_day_missing(all, DAY_ROWS - 40, day_ms, end_ms, PACE_MS, NULL, &expected, &missing);
    g_assert_cmpfloat(missing, ==, 40);
    for (guint slot = 60; slot < 84; slot++) /* and these hours nobody listened */
        down[slot / 8] |= (guint8)(1 << slot % 8);
    point_day_missing(all, DAY_ROWS - 40, day_ms, end_ms, PACE_MS, down, &expected, &missing);
    g_assert_cmpfloat(expected, ==, DAY_ROWS - 40);
    g_assert_cmpfloat(missing, ==, 0);
    point_day_missing(all, 0, day_ms, end_ms, PACE_MS, NULL, &expected, &missing);
    g_assert_cmpfloat(missing, ==, expected);
}

/* ---- the Tennessee Eastman runs ---- */

typedef struct {
    double value[POINTS][ROWS];
} Run;

static gboolean run_read(const char *name, Run *run) {
    const char *data = g_getenv("ANLAN_DATA");
    g_autofree char *path = g_build_filename(data ? data : "../shared/data", "tep", name, NULL);
    gzFile file = gzopen(path, "rb");
    if (file == NULL)
        return FALSE;
    static char line[4096];
    guint row = 0;
    while (row < ROWS && gzgets(file, line, sizeof line)) {
        char *at = line;
        for (guint i = 0; i < POINTS; i++)
            run->value[i][row] = g_ascii_strtod(at, &at);
        row++;
    }
    gzclose(file);
    return row == ROWS;
}

static HonestyLimits limits_of(guint i) {
    static const guint8 slow[] = {8, 9, 11, 12, 15, 18, 21, 22}; /* temperatures and levels */
    if (i >= XMEAS)
        return manual;
    for (gsize k = 0; k < G_N_ELEMENTS(slow); k++)
        if (slow[k] == i + 1)
            return analog;
    return swift;
}

static Case tep_case(const Run *run, guint i, const double *today) {
    Case made = case_of(run->value[i], today ? today : run->value[i] + DAY_ROWS, DAY_ROWS, PACE_MS,
                        limits_of(i));
    made.point.point = i;
    return made;
}

static guint copies_between(Case cases[static POINTS]) {
    guint found = 0;
    HonestyFinding finding;
    for (guint i = 0; i < POINTS; i++)
        for (guint k = 0; k < i; k++)
            found += point_day_shared(&cases[i].point.day, &cases[k].point.day) &&
                     honesty_copied(&cases[i].point, k, cases[k].today, DAY_ROWS, TRUE, &finding);
    return found;
}

static void the_honest_plant_is_not_accused(void) {
    static const char *const names[] = {"d00_te.dat.gz", "d01_te.dat.gz", "d02_te.dat.gz",
                                        "d05_te.dat.gz", "d06_te.dat.gz", "d13_te.dat.gz"};
    static Run run;
    guint found[HONESTY_RULES] = {0}, all = 0;
    for (gsize r = 0; r < G_N_ELEMENTS(names); r++) {
        Case cases[POINTS];
        if (!run_read(names[r], &run)) {
            g_test_skip("the Tennessee Eastman data is not there (ANLAN_DATA)");
            return;
        }
        for (guint i = 0; i < POINTS; i++) {
            cases[i] = tep_case(&run, i, NULL);
            guint n = judge(&cases[i], found);
            if (n)
                g_test_message("%s XMEAS/XMV %u: %u findings", names[r], i + 1, n);
            all += n;
        }
        found[HONESTY_COPIED_POINT] += copies_between(cases);
        for (guint i = 0; i < POINTS; i++)
            case_clear(&cases[i]);
    }
    for (guint rule = 0; rule <= HONESTY_JUMP; rule++)
        g_test_message("honest data, 312 point-days: %s %u", honesty_rule_code((HonestyRule)rule),
                       found[rule]);
    g_assert_cmpuint(all + found[HONESTY_COPIED_POINT], ==, 0);
}

/* Ways to falsify the second day of a point. */
static void freeze(const Run *run, guint i, double *today) {
    (void)run;
    (void)i;
    for (guint k = 101; k < 101 + 130; k++) /* six hours and a half */
        today[k] = today[100];
}
static void coarsen(const Run *run, guint i, double *today) {
    (void)run;
    (void)i;
    double spread = 0;
    for (guint k = 1; k < DAY_ROWS; k++)
        spread += fabs(today[k] - today[k - 1]) / DAY_ROWS;
    for (guint k = 0; k < DAY_ROWS; k++) /* to its own mean step, or to nothing */
        today[k] = round(today[k] / spread) * spread;
}
static void take_yesterday(const Run *run, guint i, double *today) {
    memcpy(today + 200, run->value[i] + 60, 160 * sizeof *today); /* eight hours, shifted */
}
static void take_neighbour(const Run *run, guint i, double *today) {
    memcpy(today + 200, run->value[(i + 7) % XMEAS] + DAY_ROWS + 200, 160 * sizeof *today);
}
static void leap(const Run *run, guint i, double *today) {
    double low = INFINITY, high = -INFINITY;
    for (guint k = 0; k < DAY_ROWS; k++) {
        low = MIN(low, run->value[i][k]);
        high = MAX(high, run->value[i][k]);
    }
    today[250] += 8 * (high - low);
}

static gboolean is_found(const Run *run, guint i, const double *today, HonestyRule rule) {
    guint found[HONESTY_RULES] = {0};
    HonestyFinding finding;
    guint other = (i + 7) % XMEAS;
    Case made = tep_case(run, i, today), neighbour = tep_case(run, other, NULL);
    judge(&made, found);
    found[HONESTY_COPIED_POINT] +=
        point_day_shared(&made.point.day, &neighbour.point.day) &&
        honesty_copied(&made.point, other, neighbour.today, DAY_ROWS, TRUE, &finding);
    case_clear(&made);
    case_clear(&neighbour);
    return found[rule] > 0;
}

static void falsified_data_is_found(void) {
    static const struct {
        const char *how;
        void (*act)(const Run *run, guint i, double *today);
        HonestyRule rule;
        gboolean slow_only; /* where the rule holds: temperatures and levels */
        guint least;        /* in per cent */
    } ways[] = {
        {"frozen for 6.5 h", freeze, HONESTY_STUCK, FALSE, 85},
        {"rounded to the mean step", coarsen, HONESTY_QUANTISED, FALSE, 85},
        {"8 h of yesterday, shifted", take_yesterday, HONESTY_COPIED_DAY, FALSE, 85},
        {"8 h of another point", take_neighbour, HONESTY_COPIED_POINT, FALSE, 85},
        {"a leap of eight times its spread", leap, HONESTY_JUMP, TRUE, 100},
    };
    static Run run;
    double today[DAY_ROWS];
    if (!run_read("d00_te.dat.gz", &run)) {
        g_test_skip("the Tennessee Eastman data is not there (ANLAN_DATA)");
        return;
    }
    for (gsize way = 0; way < G_N_ELEMENTS(ways); way++) {
        guint tried = 0, hits = 0;
        for (guint i = 0; i < XMEAS; i++) {
            if (ways[way].slow_only && isnan(limits_of(i).jump))
                continue;
            memcpy(today, run.value[i] + DAY_ROWS, sizeof today);
            ways[way].act(&run, i, today);
            gboolean hit = is_found(&run, i, today, ways[way].rule);
            if (!hit)
                g_test_message("%s: XMEAS %u is missed", ways[way].how, i + 1);
            hits += hit;
            tried++;
        }
        g_test_message("%s: found %u of %u", ways[way].how, hits, tried);
        g_assert_cmpuint(hits * 100, >=, tried * ways[way].least);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/honesty/constants", honest_constants_are_not_stuck);
    g_test_add_func("/honesty/frozen", a_frozen_instrument_is_found);
    g_test_add_func("/honesty/grid", a_coarser_grid_is_found);
    g_test_add_func("/honesty/cycles", honest_cycles_are_not_copies);
    g_test_add_func("/honesty/copies", copies_are_found_at_any_shift);
    g_test_add_func("/honesty/jumps", jumps_are_told_from_trips);
    g_test_add_func("/honesty/missing", missing_samples_are_counted);
    g_test_add_func("/honesty/tep-honest", the_honest_plant_is_not_accused);
    g_test_add_func("/honesty/tep-falsified", falsified_data_is_found);
    return g_test_run();
}
