/* The thread that tells other systems: for every record of type `webhook` it reads the journal from
 * where that receiver stands, in the sight of the webhook's role and place, and posts what it
 * finds, up to 100 entries at once, in order. Only a 2xx moves the cursor on, so every entry
 * arrives at least once; failures are tried again with back-off, for ever, until the webhook is
 * disabled.
 *
 * It never blocks records: it reads on a connection of its own and writes one small job per
 * delivery. Receivers are served one after the other; a dead one costs 10 s per try, and the tries
 * become rare. */
#pragma once
#include "base/clock.h"
#include "pack/pack.h"
#include "record/sealed.h"
#include "store/writer.h"

typedef struct Webhooks Webhooks;
Webhooks *webhooks_start(const Packs *packs, Writer *records, const char *records_uri,
                         const SealKey *key, Clock *clock, GError **error);
void webhooks_stop(Webhooks *webhooks); /* NULL is allowed */
