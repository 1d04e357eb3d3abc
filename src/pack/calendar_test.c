#include "base/clock.h"
#include "pack/calendar.h"
#include "pack/pack.h"

static gint64 day(const char *text) {
    gint64 number;
    g_assert_true(day_parse(text, &number));
    return number;
}

/* The calendar of the core pack, as the program uses it. */
static Packs *core(void) {
    GError *error = NULL;
    Packs *packs = packs_load("packs", &error);
    g_assert_no_error(error);
    return packs;
}

/* Sums of working days published for these years. */
static void test_sums(void) {
    static const struct {
        int year, workdays;
        const char *first;
    } years[] = {{2024, 251, "2024-01-01"}, {2025, 248, "2025-01-01"}, {2026, 248, "2026-01-01"}};
    Packs *packs = core();
    for (gsize i = 0; i < G_N_ELEMENTS(years); i++) {
        int workdays = 0;
        g_assert_true(calendar_has_year(packs->calendar, years[i].year));
        for (gint64 d = day(years[i].first); day_year(d) == years[i].year; d++)
            workdays += calendar_is_workday(packs->calendar, d);
        g_assert_cmpint(workdays, ==, years[i].workdays);
    }
    packs_free(packs);
}

static void test_days(void) {
    static const struct {
        const char *day;
        gboolean workday;
    } days[] = {
        {"2025-01-26", TRUE},  /* Sunday, made up for the Spring Festival */
        {"2025-01-28", FALSE}, /* New Year's Eve, a holiday since 2025 */
        {"2025-09-28", TRUE},  /* Sunday */
        {"2025-09-30", TRUE},  {"2025-10-01", FALSE}, {"2025-10-08", FALSE},
        {"2025-10-09", TRUE},  {"2025-10-11", TRUE}, /* Saturday */
        {"2025-10-12", FALSE}, {"2026-02-14", TRUE},  {"2026-02-23", FALSE},
        {"2026-11-23", TRUE},  {"2026-11-22", FALSE},
    };
    Packs *packs = core();
    for (gsize i = 0; i < G_N_ELEMENTS(days); i++)
        if (calendar_is_workday(packs->calendar, day(days[i].day)) != days[i].workday)
            g_error("%s", days[i].day);
    packs_free(packs);
}

static void test_add(void) {
    static const struct {
        const char *from;
        int n;
        const char *to;
        int missing;
    } cases[] = {
        {"2025-09-30", 0, "2025-09-30", 0},
        {"2025-10-03", 0, "2025-10-03", 0},
        {"2025-09-30", 1, "2025-10-09", 0}, /* over National Day */
        {"2025-09-26", 2, "2025-09-29", 0}, /* Sunday 28 counts */
        {"2025-09-30", 3, "2025-10-11", 0}, /* Saturday 11 counts */
        {"2025-10-02", 1, "2025-10-09", 0}, /* started on a holiday */
        {"2025-12-31", 1, "2026-01-04", 0}, /* Sunday, made up */
        {"2026-12-30", 1, "2026-12-31", 0},
        {"2026-12-31", 1, "2027-01-01", 2027}, /* no entry: a Friday counts */
        {"2026-12-31", 2, "2027-01-04", 2027},
        {"2023-12-28", 2, "2024-01-02", 2023},
    };
    Packs *packs = core();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char buffer[TIME_TEXT];
        int missing = -1;
        gint64 to =
            calendar_add_workdays(packs->calendar, day(cases[i].from), cases[i].n, &missing);
        g_assert_cmpstr(day_format(to, buffer), ==, cases[i].to);
        g_assert_cmpint(missing, ==, cases[i].missing);
    }
    g_assert_cmpint(calendar_add_workdays(packs->calendar, day("2027-01-01"), 1, NULL), ==,
                    day("2027-01-04"));
    packs_free(packs);
}

/* The n-th working day is a working day, and n of them lie between. */
static void test_count(void) {
    Packs *packs = core();
    for (int round = 0; round < 500; round++) {
        gint64 from = day("2024-01-01") + g_test_rand_int_range(0, 700);
        int n = g_test_rand_int_range(1, 60), counted = 0;
        gint64 to = calendar_add_workdays(packs->calendar, from, n, NULL);
        for (gint64 d = from + 1; d <= to; d++)
            counted += calendar_is_workday(packs->calendar, d);
        g_assert_cmpint(counted, ==, n);
        g_assert_true(calendar_is_workday(packs->calendar, to));
        g_assert_cmpint(calendar_count_workdays(packs->calendar, from, to), ==, n);
        gint64 latest = calendar_subtract_workdays(packs->calendar, to, n);
        g_assert_cmpint(calendar_count_workdays(packs->calendar, latest, to), ==, n);
        g_assert_cmpint(latest, >=, from); /* the last such day */
    }
    packs_free(packs);
}

/* Which of this year and the next are missing. */
static void test_gaps(void) {
    Packs *packs = core();
    static const struct {
        const char *day;
        int years[3];
    } cases[] = {{"2024-05-01", {0}}, {"2025-12-31", {0}}, {"2999-01-01", {2999, 3000}}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        CalendarGaps gaps = calendar_gaps(packs->calendar, day(cases[i].day));
        for (int j = 0; j < 3; j++)
            g_assert_cmpint(gaps.year[j], ==, cases[i].years[j]);
    }
    packs_free(packs);
    Calendar *calendar = calendar_new();
    calendar_add_year(calendar, 2026);
    g_assert_cmpint(calendar_gaps(calendar, day("2026-11-23")).year[0], ==, 2027);
    g_assert_cmpint(calendar_gaps(calendar, day("2025-11-23")).year[0], ==, 2025);
    g_assert_cmpint(calendar_gaps(calendar, day("2025-11-23")).year[1], ==, 0);
    calendar_free(calendar);
}

/* Without entries only the weekday decides. */
static void test_empty(void) {
    Calendar *calendar = calendar_new();
    int missing = 0;
    g_assert_false(calendar_has_year(calendar, 2025));
    g_assert_true(calendar_is_workday(calendar, day("2025-10-01")));
    g_assert_false(calendar_is_workday(calendar, day("2025-10-04")));
    g_assert_cmpint(calendar_add_workdays(calendar, day("2025-10-01"), 5, &missing), ==,
                    day("2025-10-08"));
    g_assert_cmpint(missing, ==, 2025);
    calendar_free(calendar);
    calendar_free(NULL);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/calendar/sums", test_sums);
    g_test_add_func("/calendar/days", test_days);
    g_test_add_func("/calendar/add", test_add);
    g_test_add_func("/calendar/count", test_count);
    g_test_add_func("/calendar/gaps", test_gaps);
    g_test_add_func("/calendar/empty", test_empty);
    return g_test_run();
}
