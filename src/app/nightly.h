/* The thread that looks at yesterday's data, enterprise by enterprise (signal/night.h): once a day,
 * made up after downtime, never twice. Reads with its own connections and writes one short job at a
 * time, so people and samples go first. */
#pragma once
#include "record/record.h"
#include "signal/pipeline.h"

typedef struct {
    const Packs *packs;
    Writer *records, *samples;
    const char *records_uri, *samples_uri;
    Pipeline *pipeline;
    Clock *clock;
} NightlyConfig;

typedef struct Nightly Nightly;
/* NULL without error: the packs do not ask for it. */
Nightly *nightly_start(const NightlyConfig *config, GError **error);
void nightly_stop(Nightly *nightly); /* after the enterprise at hand; before the pipeline stops */
