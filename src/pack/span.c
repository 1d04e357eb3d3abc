#include "pack/span.h"

#include <string.h>

enum { SPAN_DIGITS = 4 };

static const struct {
    const char *suffix;
    int unit;
    gint64 minutes; /* about */
} units[] = {
    {"min", SPAN_MINUTES, 1},    {"h", SPAN_HOURS, 60},     {"d", SPAN_DAYS, 1440},
    {"wd", SPAN_WORKDAYS, 1440}, {"m", SPAN_MONTHS, 43200}, {"y", SPAN_YEARS, 525600},
};

gint64 span_minutes(const Span *span) {
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (units[i].unit == (int)span->unit)
            return span->n * units[i].minutes;
    g_assert_not_reached();
}

char *span_text(const Span *span) {
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (units[i].unit == (int)span->unit)
            return g_strdup_printf("%d%s", span->n, units[i].suffix);
    g_assert_not_reached();
}

gboolean span_parse(const char *text, Span *span) {
    gsize n = strspn(text, "0123456789");
    if (n == 0 || n > SPAN_DIGITS)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(units[i].suffix, text + n) != 0)
            continue;
        span->n = (int)g_ascii_strtoll(text, NULL, 10);
        span->unit = units[i].unit;
        return TRUE;
    }
    return FALSE;
}

gint64 span_add(const Calendar *calendar, gint64 from_ms, Span span, int *missing_year) {
    enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };
    int touched = 0;
    gint64 day = day_of(from_ms), in_day = from_ms - day_start(day), due = from_ms;
    switch (span.unit) {
    case SPAN_MINUTES:
        due = from_ms + (gint64)span.n * MINUTE_MS;
        break;
    case SPAN_HOURS:
        due = from_ms + (gint64)span.n * HOUR_MS;
        break;
    case SPAN_DAYS:
        due = from_ms + (gint64)span.n * DAY_MS;
        break;
    case SPAN_WORKDAYS:
        due = day_end(span.n < 0 ? calendar_subtract_workdays(calendar, day, -span.n)
                                 : calendar_add_workdays(calendar, day, span.n, &touched));
        break;
    case SPAN_MONTHS:
    case SPAN_YEARS:
        due =
            day_start(day_add_months(day, span.unit == SPAN_YEARS ? 12 * span.n : span.n)) + in_day;
        break;
    }
    if (missing_year)
        *missing_year = touched;
    return due;
}

gint64 span_subtract(const Calendar *calendar, gint64 from_ms, Span span) {
    return span_add(calendar, from_ms, (Span){-span.n, span.unit}, NULL);
}

gint64 span_add_days(const Calendar *calendar, gint64 day, Span span) {
    return day_of(span_add(calendar, day_start(day), span, NULL));
}
