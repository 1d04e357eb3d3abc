#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static gint64 real_now(Clock *clock) {
    (void)clock;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (gint64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

Clock *clock_real(void) {
    static Clock real = {real_now};
    return &real;
}

typedef struct {
    Clock clock;
    _Atomic gint64 now_ms;
} VirtualClock;

static gint64 virtual_now(Clock *clock) { return atomic_load(&((VirtualClock *)clock)->now_ms); }

Clock *clock_virtual_new(gint64 now_ms) {
    VirtualClock *virtual = g_new0(VirtualClock, 1);
    virtual->clock.now = virtual_now;
    atomic_init(&virtual->now_ms, now_ms);
    return &virtual->clock;
}

void clock_virtual_set(Clock *clock, gint64 now_ms) {
    atomic_store(&((VirtualClock *)clock)->now_ms, now_ms);
}

void clock_virtual_free(Clock *clock) { g_free(clock); }

/* Civil calendar from day number and back (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */
typedef struct {
    int year, month, day;
} Civil;

static gint64 days_from_civil(Civil c) {
    gint64 y = c.year - (c.month <= 2);
    gint64 era = (y >= 0 ? y : y - 399) / 400;
    gint64 yoe = y - era * 400;
    gint64 doy = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static Civil civil_from_days(gint64 z) {
    z += 719468;
    gint64 era = (z >= 0 ? z : z - 146096) / 146097;
    gint64 doe = z - era * 146097;
    gint64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    gint64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    gint64 mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (Civil){(int)(yoe + era * 400 + (month <= 2)), month,
                   (int)(doy - (153 * mp + 2) / 5 + 1)};
}

static gint64 floor_div(gint64 a, gint64 b) { return a / b - (a % b < 0); }

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

char *time_format(gint64 ms, char buffer[static TIME_TEXT]) {
    gint64 local = ms + CST_OFFSET_MS;
    gint64 day = floor_div(local, DAY_MS);
    int in_day = (int)(local - day * DAY_MS), seconds = in_day / 1000, millis = in_day % 1000;
    Civil c = civil_from_days(day);
    int n = snprintf(buffer, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day,
                     seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (millis)
        n += snprintf(buffer + n, TIME_TEXT - (size_t)n, ".%03d", millis);
    snprintf(buffer + n, TIME_TEXT - (size_t)n, "+08:00");
    return buffer;
}

/* Reads exactly `digits` decimal digits; -1 when there are fewer. */
static int read_digits(const char **p, int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (!g_ascii_isdigit(**p))
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static gboolean read_char(const char **p, char c) {
    if (**p != c)
        return FALSE;
    (*p)++;
    return TRUE;
}

static gboolean read_date(const char **p, Civil *c) {
    c->year = read_digits(p, 4);
    if (c->year < 1970 || !read_char(p, '-'))
        return FALSE;
    c->month = read_digits(p, 2);
    if (c->month < 1 || c->month > 12 || !read_char(p, '-'))
        return FALSE;
    c->day = read_digits(p, 2);
    return c->day >= 1 && c->day <= month_days(c->year, c->month);
}

static int read_fraction_ms(const char **p) {
    if (!read_char(p, '.'))
        return 0;
    int value = 0, digits = 0;
    for (; g_ascii_isdigit(**p); (*p)++, digits++)
        if (digits < 3)
            value = value * 10 + (**p - '0');
    for (int i = digits; i < 3; i++)
        value *= 10;
    return digits ? value : -1;
}

static gboolean read_zone_ms(const char **p, gint64 *zone_ms) {
    *zone_ms = 0;
    if (read_char(p, 'Z') || read_char(p, 'z'))
        return TRUE;
    int sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
    if (sign == 0)
        return FALSE;
    (*p)++;
    int hours = read_digits(p, 2);
    if (hours < 0 || hours > 23 || !read_char(p, ':'))
        return FALSE;
    int minutes = read_digits(p, 2);
    if (minutes < 0 || minutes > 59)
        return FALSE;
    *zone_ms = sign * (gint64)(hours * 60 + minutes) * 60000;
    return TRUE;
}

gboolean time_parse(const char *text, gint64 *ms) {
    Civil c;
    const char *p = text;
    if (!read_date(&p, &c) || !(read_char(&p, 'T') || read_char(&p, 't') || read_char(&p, ' ')))
        return FALSE;
    int hour = read_digits(&p, 2);
    if (hour < 0 || hour > 23 || !read_char(&p, ':'))
        return FALSE;
    int minute = read_digits(&p, 2);
    if (minute < 0 || minute > 59 || !read_char(&p, ':'))
        return FALSE;
    int second = read_digits(&p, 2);
    int fraction = second < 0 ? -1 : read_fraction_ms(&p);
    gint64 zone_ms;
    if (second > 59 || fraction < 0 || !read_zone_ms(&p, &zone_ms) || *p)
        return FALSE;
    *ms = days_from_civil(c) * DAY_MS + ((gint64)(hour * 60 + minute) * 60 + second) * 1000 +
          fraction - zone_ms;
    return TRUE;
}

gint64 day_of(gint64 ms) { return floor_div(ms + CST_OFFSET_MS, DAY_MS); }

gint64 day_start(gint64 day) { return day * DAY_MS - CST_OFFSET_MS; }

char *day_format(gint64 day, char buffer[static TIME_TEXT]) {
    Civil c = civil_from_days(day);
    snprintf(buffer, TIME_TEXT, "%04d-%02d-%02d", c.year, c.month, c.day);
    return buffer;
}

gboolean day_parse(const char *text, gint64 *day) {
    Civil c;
    const char *p = text;
    if (!read_date(&p, &c) || *p)
        return FALSE;
    *day = days_from_civil(c);
    return TRUE;
}

int day_weekday(gint64 day) { return (int)((day + 3) - floor_div(day + 3, 7) * 7) + 1; }

int day_year(gint64 day) { return civil_from_days(day).year; }

gint64 day_add_months(gint64 day, int months) {
    Civil c = civil_from_days(day);
    int total = c.year * 12 + c.month - 1 + months;
    c.year = (int)floor_div(total, 12);
    c.month = total - 12 * c.year + 1;
    c.day = MIN(c.day, month_days(c.year, c.month));
    return days_from_civil(c);
}
