/* Spans of legal time: `15min`, `3h`, `10d`, `10wd` (working days), `6m`, `1y`. Pure; any thread.
 */
#pragma once
#include "base/clock.h"
#include "pack/calendar.h"

typedef struct {
    int n;
    enum { SPAN_MINUTES, SPAN_HOURS, SPAN_DAYS, SPAN_WORKDAYS, SPAN_MONTHS, SPAN_YEARS } unit;
} Span;

gboolean span_parse(const char *text, Span *span); /* at most four digits */
char *span_text(const Span *span);                 /* "3wd"; caller frees */
gint64 span_minutes(const Span *span);             /* about; only to put spans in order */
/* `from_ms` and a span, which may be negative. Working days end at 24:00 +08:00 of the n-th one
 * after the start day; a month ends on its last day when the day does not exist there.
 * *missing_year (or NULL) is set as by calendar_add_workdays. */
gint64 span_add(const Calendar *calendar, gint64 from_ms, Span span, int *missing_year);
/* The same over days; spans of hours and minutes count whole days of 24. */
gint64 span_add_days(const Calendar *calendar, gint64 day, Span span);
/* The latest moment that leaves at least `span` until from_ms; n working days before a day: its
 * end. */
gint64 span_subtract(const Calendar *calendar, gint64 from_ms, Span span);
static inline gint64 day_end(gint64 day) { return day_start(day + 1) - 1; }
