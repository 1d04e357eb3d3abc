/* The only objects that read time. Code below app/ is given a Clock or a `now`; a story runs on a
 * virtual one. Times are int64 milliseconds since 1970 UTC, named `_ms`. The legal calendar is
 * China Standard Time, +08:00 without summer time since 1992. */
#pragma once
#include <glib.h>

typedef struct Clock Clock;
struct Clock {
    gint64 (*now)(Clock *clock);
};

Clock *clock_real(void); /* shared, never freed */

/* A clock that stands still until it is set; atomic, any thread. */
Clock *clock_virtual_new(gint64 now_ms);
void clock_virtual_set(Clock *clock, gint64 now_ms);
void clock_virtual_free(Clock *clock);

static inline gint64 clock_now(Clock *clock) { return clock->now(clock); }

enum { CST_OFFSET_MS = 8 * 3600 * 1000, DAY_MS = 86400 * 1000 };

/* RFC 3339 with milliseconds when they are not zero: "2026-11-23T08:00:00+08:00". buffer must hold
 * TIME_TEXT bytes; returns it. */
enum { TIME_TEXT = 40 };
char *time_format(gint64 ms, char buffer[static TIME_TEXT]);
/* Reads RFC 3339 ("T" or space, zone required: Z or ±hh:mm) of years 1970..9999. */
gboolean time_parse(const char *text, gint64 *ms);

/* Days: number of days since 1970-01-01 in +08:00. */
gint64 day_of(gint64 ms);                                    /* the day that contains ms */
gint64 day_start(gint64 day);                                /* ms of its 00:00 +08:00 */
char *day_format(gint64 day, char buffer[static TIME_TEXT]); /* "2026-11-23" */
gboolean day_parse(const char *text, gint64 *day);           /* strict YYYY-MM-DD */
int day_weekday(gint64 day);                                 /* 1 Monday .. 7 Sunday */
int day_year(gint64 day);
/* The day n months later; the last day of the month when the day does not exist there. */
gint64 day_add_months(gint64 day, int months);
