#include "pack/calendar.h"
#include "base/clock.h"

struct Calendar {
    GHashTable *years; /* set of year */
    GHashTable *days;  /* gint64 day -> DayKind */
};

typedef enum { DAY_ORDINARY, DAY_HOLIDAY, DAY_WORKDAY } DayKind;

Calendar *calendar_new(void) {
    Calendar *calendar = g_new0(Calendar, 1);
    calendar->years = g_hash_table_new(NULL, NULL);
    calendar->days = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return calendar;
}

void calendar_free(Calendar *calendar) {
    if (calendar == NULL)
        return;
    g_hash_table_unref(calendar->years);
    g_hash_table_unref(calendar->days);
    g_free(calendar);
}

void calendar_add_year(Calendar *calendar, int year) {
    g_hash_table_add(calendar->years, GINT_TO_POINTER(year));
}

static void set_day(Calendar *calendar, gint64 day, DayKind kind) {
    g_hash_table_replace(calendar->days, g_memdup2(&day, sizeof day), GINT_TO_POINTER((int)kind));
}

void calendar_add_holiday(Calendar *calendar, gint64 day) { set_day(calendar, day, DAY_HOLIDAY); }

void calendar_add_workday(Calendar *calendar, gint64 day) { set_day(calendar, day, DAY_WORKDAY); }

gboolean calendar_has_year(const Calendar *calendar, int year) {
    return g_hash_table_contains(calendar->years, GINT_TO_POINTER(year));
}

CalendarGaps calendar_gaps(const Calendar *calendar, gint64 day) {
    CalendarGaps gaps = {0};
    int n = 0, year = day_year(day);
    for (int i = 0; i < 2; i++)
        if (!calendar_has_year(calendar, year + i))
            gaps.year[n++] = year + i;
    return gaps;
}

gboolean calendar_is_workday(const Calendar *calendar, gint64 day) {
    DayKind kind = (DayKind)GPOINTER_TO_INT(g_hash_table_lookup(calendar->days, &day));
    return kind == DAY_ORDINARY ? day_weekday(day) <= 5 : kind == DAY_WORKDAY;
}

gint64 calendar_add_workdays(const Calendar *calendar, gint64 day, int n, int *missing_year) {
    int missing = 0;
    while (n > 0) {
        day++;
        int year = day_year(day);
        if (missing == 0 && !calendar_has_year(calendar, year))
            missing = year;
        n -= calendar_is_workday(calendar, day);
    }
    if (missing_year)
        *missing_year = missing;
    return day;
}

gint64 calendar_subtract_workdays(const Calendar *calendar, gint64 day, int n) {
    while (n > 0)
        n -= calendar_is_workday(calendar, day--);
    return day;
}

int calendar_count_workdays(const Calendar *calendar, gint64 from, gint64 to) {
    int n = 0;
    while (from < to)
        n += calendar_is_workday(calendar, ++from);
    return n;
}
