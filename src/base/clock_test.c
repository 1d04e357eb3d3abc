/* Time and the legal calendar: checked against GDateTime, which was written by others. */
#include "base/clock.h"

#include <string.h>

static void texts_round_trip(void) {
    static const struct {
        gint64 ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T08:00:00+08:00"},
        {1, "1970-01-01T08:00:00.001+08:00"},
        {-1, "1970-01-01T07:59:59.999+08:00"},
        {951753600000, "2000-02-29T00:00:00+08:00"},
        {1795363199999, "2026-11-22T23:59:59.999+08:00"},
        {253402271999999, "9999-12-31T23:59:59.999+08:00"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char text[TIME_TEXT];
        gint64 ms;
        g_assert_cmpstr(time_format(cases[i].ms, text), ==, cases[i].text);
        g_assert_true(time_parse(cases[i].text, &ms));
        g_assert_cmpint(ms, ==, cases[i].ms);
    }
}

static void every_moment_agrees_with_gdatetime(void) {
    g_autoptr(GTimeZone) zone = g_time_zone_new_offset(CST_OFFSET_MS / 1000);
    for (int i = 0; i < 20000; i++) {
        gint64 seconds = g_test_rand_int_range(0, G_MAXINT32) * (gint64)8;
        char text[TIME_TEXT], day_text[TIME_TEXT];
        gint64 back, day;
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(seconds);
        g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
        g_autofree char *expected = g_date_time_format(local, "%FT%T+08:00");
        g_assert_cmpstr(time_format(seconds * 1000, text), ==, expected);
        g_assert_true(time_parse(text, &back));
        g_assert_cmpint(back, ==, seconds * 1000);
        day = day_of(back);
        g_assert_cmpint(day_weekday(day), ==, g_date_time_get_day_of_week(local));
        g_assert_cmpint(day_year(day), ==, g_date_time_get_year(local));
        expected[10] = 0;
        g_assert_cmpstr(day_format(day, day_text), ==, expected);
        g_assert_true(day_parse(day_text, &back));
        g_assert_cmpint(back, ==, day);
    }
}

static void other_forms_of_rfc3339_are_read(void) {
    static const struct {
        const char *text;
        gint64 ms;
    } cases[] = {
        {"2026-11-23T00:00:00Z", 1795392000000},
        {"2026-11-23t00:00:00z", 1795392000000},
        {"2026-11-23 08:00:00+08:00", 1795392000000},
        {"2026-11-22T19:30:00-04:30", 1795392000000},
        {"2026-11-23T00:00:00.5Z", 1795392000500},
        {"2026-11-23T00:00:00.123456789Z", 1795392000123},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 ms = 0;
        g_assert_true(time_parse(cases[i].text, &ms));
        g_assert_cmpint(ms, ==, cases[i].ms);
    }
}

static void what_is_no_time_is_refused(void) {
    static const char *const cases[] = {
        "",
        "2026",
        "2026-11-23",
        "2026-11-23T08:00:00",
        "2026-11-23T08:00+08:00",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T00:60:00Z",
        "2026-11-23T00:00:60Z",
        "2026-11-23T00:00:00.Z",
        "2026-11-23T00:00:00+0800",
        "2026-11-23T00:00:00+24:00",
        "2026-11-23T00:00:00Z ",
        " 2026-11-23T00:00:00Z",
        "2026-11-23T00:00:00ZZ",
        "+2026-11-23T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2026-1-2T00:00:00Z",
        "２０２６-11-23T00:00:00Z",
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 ms;
        g_assert_false(time_parse(cases[i], &ms));
    }
}

static void what_is_no_day_is_refused(void) {
    static const char *const cases[] = {"",           "2026-2-3",    "2026-02-29",
                                        "1900-01-01", "2026-02-03 ", "2026-02-03T00:00:00Z",
                                        "2026/02/03", "2100-02-29"};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 day;
        g_assert_false(day_parse(cases[i], &day));
    }
}

static void a_day_begins_at_midnight_in_china(void) {
    gint64 ms;
    g_assert_true(time_parse("2026-11-23T00:00:00+08:00", &ms));
    gint64 day = day_of(ms);
    g_assert_cmpint(day_start(day), ==, ms);
    g_assert_cmpint(day_of(ms - 1), ==, day - 1);
    g_assert_cmpint(day_of(ms + DAY_MS - 1), ==, day);
    g_assert_cmpint(day_of(-CST_OFFSET_MS), ==, 0);
    g_assert_cmpint(day_of(-CST_OFFSET_MS - 1), ==, -1);
    g_assert_cmpint(day_weekday(day), ==, 1); /* a Monday */
    g_assert_cmpint(day_weekday(-4), ==, 7);
}

static void months_keep_the_day_or_end_the_month(void) {
    static const struct {
        const char *from;
        int months;
        const char *to;
    } cases[] = {
        {"2024-01-31", 1, "2024-02-29"},  {"2023-01-31", 1, "2023-02-28"},
        {"2024-02-29", 12, "2025-02-28"}, {"2024-02-29", 48, "2028-02-29"},
        {"2026-11-30", 3, "2027-02-28"},  {"2026-12-15", 1, "2027-01-15"},
        {"2026-03-31", -1, "2026-02-28"}, {"2026-01-15", -1, "2025-12-15"},
        {"2026-11-23", 0, "2026-11-23"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 day;
        char text[TIME_TEXT];
        g_assert_true(day_parse(cases[i].from, &day));
        g_assert_cmpstr(day_format(day_add_months(day, cases[i].months), text), ==, cases[i].to);
    }
    gint64 day = day_of(0); /* before the year 0: no date, but no trap either */
    g_assert_cmpint(day_add_months(day_add_months(day, -30000), 30000), ==, day);
}

static void a_virtual_clock_stands_still(void) {
    Clock *clock = clock_virtual_new(1000);
    g_assert_cmpint(clock_now(clock), ==, 1000);
    g_assert_cmpint(clock_now(clock), ==, 1000);
    clock_virtual_set(clock, 500);
    g_assert_cmpint(clock_now(clock), ==, 500);
    clock_virtual_free(clock);
}

static void the_real_clock_is_the_systems(void) {
    g_assert_cmpint(ABS(clock_now(clock_real()) - g_get_real_time() / 1000), <, 1000);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/texts-round-trip", texts_round_trip);
    g_test_add_func("/clock/every-moment-agrees-with-gdatetime",
                    every_moment_agrees_with_gdatetime);
    g_test_add_func("/clock/other-forms-of-rfc3339-are-read", other_forms_of_rfc3339_are_read);
    g_test_add_func("/clock/what-is-no-time-is-refused", what_is_no_time_is_refused);
    g_test_add_func("/clock/what-is-no-day-is-refused", what_is_no_day_is_refused);
    g_test_add_func("/clock/a-day-begins-at-midnight-in-china", a_day_begins_at_midnight_in_china);
    g_test_add_func("/clock/months-keep-the-day-or-end-the-month",
                    months_keep_the_day_or_end_the_month);
    g_test_add_func("/clock/a-virtual-clock-stands-still", a_virtual_clock_stands_still);
    g_test_add_func("/clock/the-real-clock-is-the-systems", the_real_clock_is_the_systems);
    return g_test_run();
}
