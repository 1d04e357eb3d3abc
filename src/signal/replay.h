/* Alarms again, from what is stored: the same engine over the same samples, with the definitions of
 * today or with others. Reads only; any thread, with connections of its own.
 *
 * From the log (replay_log) a replay is exact: the rows, ticks and changes of definitions are those
 * that the engine saw, so ids, times, numbers and order of the events are those that it told. The
 * log is kept for an hour and more (PipelineConfig.keep_ms); `anchors`, checkpoints that are kept
 * as long, say where the engine stood when it begins.
 *
 * From history (replay_history) it reaches as far back as history does. What history keeps is exact
 * (times to the millisecond, values bit for bit, quality, and which samples came late: the engine
 * did not judge those, so the replay does not either). What it does not keep:
 *  - when a sample was received: the replay takes it as received within the second in which it was
 *    measured, and ticks once a second. So a backlog is judged as if it had come in time (its
 *    silence was no silence, delays end by ticks too), and no event is marked late;
 *  - the order between points of samples that came out of step: rules over several points see the
 *    order of the times. A late sample that followed a bad one was seen by rules, and is not now;
 *  - former definitions and modes of operation: those given hold all the time.
 * Events have the same ids, onsets, times, levels and values where these do not matter; their
 * numbers are new ones. The day before the period is judged first, so that what stands is known. */
#pragma once
#include "signal/alarm_span.h"
#include "signal/history.h"
#include "signal/point_table.h"

#include <stdatomic.h>

/* Points of a replay, with definitions of their own. */
typedef struct {
    PointTable *table;
    GArray *number; /* guint32: the number that the samples database has, by that of the table */
    guint8 *wanted; /* by the table's number: asked for (others are only looked at by rules) */
} ReplayPoints;

/* Copies the definitions of `numbers` (array of guint32; NULL: all) and of what their rules look
 * at. */
ReplayPoints *replay_points_new(const PointTable *table, const GArray *numbers);
void replay_points_free(ReplayPoints *points);
/* Gives a point other values of its fields: {"limit_high": 90, "limit_low": null ...}.
 * ERROR_REQUEST with the field for what cannot be changed or judged; ERROR_NOT_FOUND. */
gboolean replay_points_change(ReplayPoints *points, Sql *records, const Packs *packs,
                              const char *code, json_t *changes, GError **error);

typedef struct {
    gint64 from_ms, to_ms;
    guint64 samples_max;       /* ERROR_REQUEST beyond it; 0: any number */
    gint64 until_us;           /* monotonic; ERROR_BUSY after it; 0: any time */
    const atomic_bool *cancel; /* or NULL */
    /* What history cannot see yet of a point (number of the samples database): array of
     * HistorySample, taken; may be NULL. */
    GArray *(*unsaved)(gpointer data, guint32 number);
    gpointer data;
    gboolean contacts; /* silence by enterprise: only with all points of their enterprises */
} ReplayPlan;

/* The alarms of the wanted points that were there between the times. *samples: how many were
 * judged.
 */
AlarmSpans *replay_history(Sql *samples, const ReplayPoints *points, const ReplayPlan *plan,
                           guint64 *judged, GError **error);

/* What stands only in checkpoint and log: makes ReplayPlan.unsaved of a data directory. */
typedef struct ReplayUnsaved ReplayUnsaved;
ReplayUnsaved *replay_unsaved_new(Sql *samples, const PointTable *today, GError **error);
void replay_unsaved_free(ReplayUnsaved *unsaved);
GArray *replay_unsaved(gpointer unsaved, guint32 number);

/* From the log, with the definitions that held; `today` has those of now (point_table_read). NULL
 * with *covered FALSE and no error when the log does not reach back to `from_ms`. `events` (array
 * of AlarmEvent) takes all events since then, or NULL. Points that were loaded while the server was
 * stopped count as there from the beginning. */
AlarmSpans *replay_log(Sql *samples, const PointTable *today, gint64 from_ms, gint64 to_ms,
                       GArray *events, gboolean *covered, GError **error);
