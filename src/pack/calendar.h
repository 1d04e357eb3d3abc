/* The work calendar: which days are working days in China, by the State Council's yearly notice,
 * and legal time limits over it. Days are day numbers of base/clock.h (+08:00). Read-only after
 * load; any thread. */
#pragma once
#include <glib.h>

typedef struct Calendar Calendar;
Calendar *calendar_new(void);
void calendar_free(Calendar *calendar);
void calendar_add_year(Calendar *calendar, int year);
void calendar_add_holiday(Calendar *calendar, gint64 day);
void calendar_add_workday(Calendar *calendar, gint64 day); /* a make-up day on a weekend */
gboolean calendar_has_year(const Calendar *calendar, int year);
/* Of the year of `day` and the next one, those without entry: limits in working days that reach
 * into them count weekends only. Ascending; 0 ends the list. */
typedef struct {
    int year[3];
} CalendarGaps;
CalendarGaps calendar_gaps(const Calendar *calendar, gint64 day);
gboolean calendar_is_workday(const Calendar *calendar,
                             gint64 day); /* weekday rule when the year is missing */
/* The n-th working day after `day` (n >= 0; 0 gives the day itself). *missing_year is set to a year
 * without entry that was touched, else 0. */
gint64 calendar_add_workdays(const Calendar *calendar, gint64 day, int n, int *missing_year);
/* The last day from which n working days remain until `day`, `day` itself counted. */
gint64 calendar_subtract_workdays(const Calendar *calendar, gint64 day, int n);
/* Working days after `from`, up to and with `to`; 0 when `to` is not later. */
int calendar_count_workdays(const Calendar *calendar, gint64 from, gint64 to);
