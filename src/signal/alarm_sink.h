/* Alarm events become moves of `alarm` records through the one door of record/. Runs inside a job
 * of the records writer.
 *
 * RAISE creates the record (id by alarm_id) with the guidance that holds for it, RISE and FALL make
 * `raise_level`, RETURN `return`, SUPPRESS and UNSUPPRESS the moves of that name, OUT `take_out`;
 * IN makes `put_back` for all that left service with the point. An event whose seq is not above the
 * record's engine_seq was applied before a crash and is passed over. Priority: that of the rule or
 * point for L, H and rules; one more urgent for LL and HH; 4 for stale, stuck and bad.
 *
 * STALE goes through signal/alarm_contact: an enterprise that falls silent is one alarm. More than
 * ten alarms of an enterprise in ten minutes are grouped in an `alarm_flood` (ISA-18.2); none is
 * left out. */
#pragma once
#include "record/record.h"
#include "signal/alarm_event.h"

/* What the sink needs beside the records' own tables. At start, after records_migrate. */
gboolean alarm_sink_migrate(Sql *records, GError **error);

/* Applies the events in order. Those of one log row and enterprise must come in one call. */
gboolean alarm_sink_apply(Sql *records, const Packs *packs, const PointTable *table,
                          const AlarmEvent *events, guint n, gint64 now_ms, GError **error);

/* At start, when the engine has caught up: `standing` is what stands in it (engine_standing).
 * Alarms that are active in the records only (a backup was put back) return with a reason; those
 * that only the engine has are made. *mended says how many. */
gboolean alarm_sink_reconcile(Sql *records, const Packs *packs, const PointTable *table,
                              const GArray *standing, gint64 now_ms, guint *mended, GError **error);
