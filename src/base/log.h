/* One line per event on standard error: time, level, area, text. Any thread. Secrets and personal
 * data never go here. */
#pragma once
#include <glib.h>

void log_info(const char *area, const char *format, ...) G_GNUC_PRINTF(2, 3);
void log_warning(const char *area, const char *format, ...) G_GNUC_PRINTF(2, 3);
void log_error(const char *area, const GError *error,
               const char *doing); /* "doing: detail (hint) [id]" */
void log_quiet(gboolean quiet);    /* tests: only warnings and errors */
