/* Hands the engine what records say about points: used by doors after a commit, and by who follows
 * the journal for what clocks and effects change. */
#pragma once
#include "pack/pack.h"
#include "signal/pipeline.h"

/* The points that this record of `type` says something about are put together again
 * (point_compose) and, where the engine has them otherwise, pushed; waits until it has taken the
 * last. `records`: a read connection that sees the change. Types that say nothing are passed over.
 */
gboolean point_refresh(Pipeline *pipeline, const PointTable *table, Sql *records,
                       const Packs *packs, json_t *record, GError **error);
/* The same for everything in the journal after *seq, at most a thousand entries; sets *seq. */
gboolean point_refresh_journal(Pipeline *pipeline, const PointTable *table, Sql *records,
                               const Packs *packs, gint64 *seq, GError **error);
