/* What there is about a record: how many records of each type name it. One question for a page that
 * shows an enterprise's whole file, whatever the packs hold. */
#pragma once
#include "record/act.h"

/* {"items": [{"type", "field", "count", "open"}]} in the order of the packs: for each ref field of
 * a type that points to `type`, how many records in the actor's sight hold `id` in it, and how many
 * of these are not in a final state (only for types with a flow); at most 1,000 are counted, then
 * "count_more" is true. Fields without any are left out, and sealed ones. ERROR_NOT_FOUND when the
 * actor may not see the record itself; ERROR_TYPE_UNKNOWN. */
json_t *related_counts(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                       const char *id, gint64 now_ms, GError **error);
/* A filter for lists (CQL2-text): the records of whose `field` the value is `id`; caller frees. */
char *related_filter(const char *field, const char *id);
