/* The thread that tells the engine what clocks and effects change about points (modes of operation
 * that begin and end, rules, service): it follows the journal. Doors tell the engine themselves and
 * wait for it; what the engine has already is not told twice. */
#pragma once
#include "signal/point_refresh.h"

typedef struct PointWatch PointWatch;
/* `from_seq`: the last journal entry that the engine knew when its points were loaded. */
PointWatch *point_watch_start(Pipeline *pipeline, const PointTable *table, const Packs *packs,
                              const char *records_uri, gint64 from_seq, GError **error);
void point_watch_stop(PointWatch *watch); /* NULL is allowed */
