/* The duty map's figures: how many enterprises, points, alarms and hazards a region or enterprise
 * has, rolled up over the region tree. Read-only, within the actor's scope; a few grouped queries
 * over indexed scope columns. Live risk with weights comes with its own issue. */
#pragma once
#include "record/record.h"

/* docs/api.md /api/overview. `region` NULL: the actor's own region (the province for the system
 * level). ERROR_SCOPE outside his sight. */
json_t *overview(Sql *sql, const Packs *packs, const Actor *actor, const char *region,
                 gint64 now_ms, GError **error);

/* {"1": n, "2": n, "3": n, "4": n, "unacknowledged": n, "shelved": n} of standing alarms in the
 * actor's scope. */
json_t *overview_alarm_counts(Sql *sql, const Packs *packs, const Actor *actor, GError **error);
