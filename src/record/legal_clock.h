/* Legal clocks: started, stopped and re-dated by the flow of a type, fired by a scheduler, each
 * firing journaled.
 *
 * A clock row is one running of one ClockType for one record. It has a due time and a list of
 * steps; when the time of the next step has come the step's move is made by actor_clock. After
 * downtime every missed step fires once, in order, with its own due time on record. */
#pragma once
#include "record/record.h"

/* Due time of a clock that starts at start_ms. `until` is the field's value as ms (end of day for
 * dates) or G_MININT64 when empty. */
gint64 clock_due(const ClockType *type, const Calendar *calendar, gint64 start_ms, gint64 until_ms,
                 int *missing_year);
gint64 span_add(const Calendar *calendar, gint64 from_ms, Span span, int *missing_year);

/* Called by record_create/edit/move after the row is written: starts, stops and re-dates clocks.
 * `from` and `to` are states or NULL. */
gboolean clocks_update(Sql *sql, const Packs *packs, const RecordType *type, const char *id,
                       const char *from, const char *to, json_t *record, const char *region,
                       const char *enterprise, gint64 now_ms, GError **error);

/* Fires what has come due by now_ms, at most `limit` steps; *fired says how many. In a writer's
 * job. A step that fails is journaled as passed over with the reason and never stops the others. */
gboolean clocks_fire(Sql *sql, const Packs *packs, gint64 now_ms, int limit, int *fired,
                     GError **error);
/* When the next step is due; G_MAXINT64 when none. -1 on error. */
gint64 clocks_next(Sql *sql, GError **error);
