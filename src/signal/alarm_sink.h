/* Alarm events become moves of `alarm` records through the one door of record/. Runs inside a job
 * of the records writer. */
#pragma once
#include "record/record.h"
#include "signal/alarm_event.h"

/* Applies the events in order: RAISE creates the record (id by alarm_id), RISE and FALL make
 * `raise_level`, RETURN makes `return`. An event whose seq is not above the record's engine_seq was
 * applied before a crash and is passed over. Priority: the point's for L and H; one more urgent for
 * LL and HH; 4 for stale, stuck and bad. */
gboolean alarm_sink_apply(Sql *records, const Packs *packs, const PointTable *table,
                          const AlarmEvent *events, guint n, gint64 now_ms, GError **error);
