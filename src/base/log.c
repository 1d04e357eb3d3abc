#include "base/log.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdatomic.h>
#include <stdio.h>

static atomic_bool quiet_now;

void log_quiet(gboolean quiet) { atomic_store(&quiet_now, quiet); }

static void line(const char *level, const char *area, const char *text) {
    char time[TIME_TEXT];
    fprintf(stderr, "%s %s %s: %s\n", time_format(clock_now(clock_real()), time), level, area,
            text);
}

void log_info(const char *area, const char *format, ...) {
    if (atomic_load(&quiet_now))
        return;
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    line("info", area, text);
}

void log_warning(const char *area, const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    line("warning", area, text);
}

void log_error(const char *area, const GError *error, const char *doing) {
    g_autofree char *detail = error_detail(error, LANG_EN), *hint = error_hint(error, LANG_EN);
    g_autofree char *text =
        g_strdup_printf("%s: %s (%s) [%s]", doing, detail, hint, error_id(error));
    line("error", area, text);
}
