/* Spans of time as ISO 8601 text: weeks, days, hours, minutes and seconds, so that a span always is
 * the same number of milliseconds. Years and months, whose length depends on the calendar, are
 * refused. Pure functions. */
#pragma once
#include <glib.h>

/* 100 years of 365.25 days; what is longer is a mistake. */
#define DURATION_MAX_MS G_GINT64_CONSTANT(3155760000000)

enum { DURATION_TEXT = 48 };

/* Reads "PT8H30M", "P3D", "P1W2DT0.5S": upper case, each part at most once and in this order, at
 * least one; only seconds may have a fraction, of at most three digits. FALSE when it is not one or
 * is longer than DURATION_MAX_MS. */
gboolean duration_parse(const char *text, gint64 *ms);
/* The one way it is shown: days, then what is left, "P1DT12H", "PT0S"; of 0..DURATION_MAX_MS.
 * buffer must hold DURATION_TEXT bytes; returns it. */
char *duration_format(gint64 ms, char buffer[static DURATION_TEXT]);
/* For people: "1天12小时"; caller frees. */
char *duration_words(gint64 ms);
