/* Legal clocks: started, stopped and re-dated by the flow of a type, fired by a scheduler, each
 * firing journaled.
 *
 * A clock row is one running of one ClockType for one record. It has a due time and a list of
 * steps; when the time of the next step has come the step's move is made by actor_clock. After
 * downtime every missed step fires once, in order, with its own due time on record. A clock that
 * stands still has an open row in clock_pauses and no next step. */
#pragma once
#include "record/record.h"

/* Due time of a clock that starts at start_ms and has this limit, if it has any. `until` is the
 * field's value as ms (end of day for dates) or G_MININT64 when empty. */
gint64 clock_due(const ClockType *type, const Span *limit, const Calendar *calendar,
                 gint64 start_ms, gint64 until_ms, int *missing_year);
/* When step `step` comes; G_MAXINT64 after the last. */
gint64 clock_step_time(const ClockType *type, const Calendar *calendar, gint64 due_ms, guint step);
void clock_bind_next(SqlStatement *st, int index, gint64 next_ms); /* G_MAXINT64: null */

/* Fires what has come due by now_ms, at most `limit` steps; *fired says how many. In a writer's
 * job. A step that fails is journaled as passed over with the reason and never stops the others. */
gboolean clocks_fire(Sql *sql, const Packs *packs, gint64 now_ms, int limit, int *fired,
                     GError **error);
/* When the next step is due; G_MAXINT64 when none. -1 on error. */
gint64 clocks_next(Sql *sql, GError **error);
