/* The thread that makes time pass for records: fires legal clocks when they are due and seals the
 * journal every minute. After downtime it catches up. */
#pragma once
#include "base/clock.h"
#include "pack/pack.h"
#include "store/writer.h"

typedef struct Scheduler Scheduler;
Scheduler *scheduler_start(const Packs *packs, Writer *records, const char *records_uri,
                           const char *files_dir, gint64 once_ms, Clock *clock, GError **error);
void scheduler_stop(Scheduler *scheduler); /* NULL is allowed; seals once more */
