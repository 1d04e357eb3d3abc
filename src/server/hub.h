/* The live stream: journal entries pushed to browsers as server-sent events, each only what its
 * user may see.
 *
 * One thread reads the journal after every commit and keeps the newest events in a ring; every
 * listener has a place in it and is read by the HTTP library at its own pace, so a slow or dead
 * browser costs nothing and one that falls out of the ring is told to reload (`event: reset`).
 * Nobody listens: nothing is built. A listener that comes back with the last id it saw is first
 * given what it missed from the journal itself. */
#pragma once
#include "base/clock.h"
#include "base/histogram.h"
#include "server/http.h"
#include "server/session.h"

typedef struct Hub Hub;
Hub *hub_start(const Packs *packs, const char *records_uri, Clock *clock, GError **error);
void hub_stop(
    Hub *hub); /* ends all streams and the thread; the hub stays readable until hub_free */
void hub_free(Hub *hub);
void hub_poke(gpointer hub); /* something was committed; any thread, cheap */
guint hub_listeners(Hub *hub);
guint64 hub_resets(Hub *hub);  /* streams that fell out of the ring */
Histogram *hub_time(Hub *hub); /* from a commit until its entries are in the ring */
void hub_end_session(Hub *hub, const char *token); /* who logged out hears no more */

/* Answers the request with a stream. `after` < 0: from now on. Takes the identity; `token` ends the
 * stream when its session ends. */
void hub_listen(Hub *hub, Request *request, Sql *records, Identity *identity_take,
                const char *token, gint64 after);
