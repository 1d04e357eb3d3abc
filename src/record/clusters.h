/* Places of many records gathered by the cells of a grid, so that a map of any number of them costs
 * a bounded answer: what lies in a cell is one mark with a count. Cells are centred on whole
 * multiples of their size, so they stay where they are while the map is moved. Scope and filter are
 * those of a list; any connection. */
#pragma once
#include "record/record.h"

typedef struct {
    GeoBox box;         /* degrees, CRS84 */
    double cell;        /* size of a cell in degrees, > 0 */
    const char *filter; /* CQL2, or NULL */
    const char *by; /* a field of kind code, bool, ref, region or role, or "state": counts by its
                       values too, or NULL */
} ClusterQuery;

enum { CLUSTERS_MAX = 4000 };

/* {"cell": degrees, "items": [{"lon", "lat" (mean of its places), "count", "by": {VALUE: n}}]}; a
 * mark of one record has its "id" and "label", the first 500 of them. Costs one walk over the
 * places in the box. A box of more than CLUSTERS_MAX cells is refused. New reference;
 * ERROR_TYPE_UNKNOWN, ERROR_REQUEST, errors of the filter. */
json_t *record_clusters(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                        const ClusterQuery *asked, gint64 now_ms, GError **error);
