/* All gateways that were heard (signal/gateway_day.h), by their device code. Any thread; one lock,
 * held for a few hundred nanoseconds per batch. Bounded: GATEWAYS_MAX gateways of about 1.2 KiB;
 * later ones are served like all others, and not measured.
 *
 * Kept in the samples database: `gateway` (what is known now) and `gateway_day` (one row per
 * gateway and day that is over, for GATEWAY_DAYS days). Saved every half minute and at the end, so
 * that after a crash at most that much of a day's counts is missing. Slots in which the server
 * itself did not listen are kept as those of the gateway '' and counted against nobody. */
#pragma once
#include "signal/gateway_day.h"
#include "store/sql.h"

enum { GATEWAYS_MAX = 50000, GATEWAY_DAYS = 40 };

typedef struct Gateways Gateways;
gboolean gateways_migrate(Sql *samples, GError **error);
/* What was saved; the time since then was nobody's silence. */
Gateways *gateways_new(Sql *samples, gint64 now_ms, GError **error);
void gateways_free(Gateways *gateways);

gboolean gateways_is_backlog(Gateways *gateways, const char *device, gint64 received_ms,
                             gint64 newest_ms);
void gateways_heard(Gateways *gateways, const char *device, gint64 received_ms, gint64 newest_ms,
                    guint samples, guint refused);
/* A copy; FALSE: never heard. */
gboolean gateways_find(Gateways *gateways, const char *device, gint64 now_ms, Gateway *gateway);
/* Slots of today in which the server did not listen. */
GatewaySlots gateways_down(Gateways *gateways, gint64 now_ms);
guint gateways_count(Gateways *gateways);

/* In a job of the samples writer: what changed since the last save, days that are over; rows that
 * are too old are deleted. One at a time; gateways_saved is told how its commit went, and when it
 * failed the next save writes all anew. */
gboolean gateways_save(Gateways *gateways, Sql *samples, gint64 now_ms, GError **error);
void gateways_saved(Gateways *gateways, gboolean good);

/* A day that is over, or is kept; FALSE without error: nothing is known of it. On any connection.
 */
gboolean gateway_day_load(Sql *samples, const char *device, gint64 day, GatewayDay *out,
                          GError **error);
/* Slots of that day in which the server did not listen. */
gboolean gateway_down_load(Sql *samples, gint64 day, GatewaySlots *out, GError **error);
