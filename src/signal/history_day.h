/* Days of history: when a day is over, the hour rows of a point become one row of table
 * `history_day`, with the figures of its hours beside the packed samples. That is a tenth of the
 * rows, and a year of a point stands together. Private to history_*.c.
 *
 * Table `history_mark` says of which day and group of HISTORY_GROUP points there are hour rows;
 * they come with every chunk that is written and go when the group's day is packed. A day that gets
 * late samples afterwards is marked again, and packed again with them. Late samples keep rows of
 * their own, and so does what has no room in one block, so a day may have several. Days are those
 * of UTC.
 */
#pragma once
#include "signal/history_pack.h"

enum { HISTORY_GROUP = 64, HOURS_PER_DAY = 24 };

gboolean history_day_migrate(Sql *samples, GError **error);
gboolean history_mark(Sql *samples, gint64 day, gint64 group, GError **error);

/* Of one hour of a day: usable and all samples; figures as in HistoryChunk. */
typedef struct {
    guint32 count, usable;
    gint64 first_ms, last_ms;
    double min, max, sum, last;
} HourFigures;

/* A row; `late` ones and those of days with several rows have no use for their figures. */
typedef struct {
    gboolean late, has_figures;      /* beside its samples */
    HourFigures hour[HOURS_PER_DAY]; /* count 0: none */
    gint64 first_ms;                 /* part of its key */
    GArray *samples;                 /* HistorySample, once history_day_open was called */
} HistoryDay;

/* The rows of a point's day, without their samples: array of HistoryDay, freed with g_array_unref.
 */
GArray *history_day_rows(Sql *samples, guint32 point, gint64 day, GError **error);
/* Its samples, in order; kept by the row. */
gboolean history_day_open(Sql *samples, guint32 point, gint64 day, HistoryDay *row, GError **error);
/* Whether the point's group has hour rows of the day. */
gboolean history_is_marked(Sql *samples, guint32 point, gint64 day, gboolean *marked,
                           GError **error);
