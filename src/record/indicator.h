/* Indicators: figures over the records in somebody's sight, with target, former period and
 * breakdown. What each counts stands in its type (docs/packs.md, Indicators).
 *
 * Reading only, any connection. Whole days in +08:00. */
#pragma once
#include "record/record.h"

typedef struct {
    const char *region;    /* division code below which to count; NULL: all in sight */
    const char *from, *to; /* "2026-01-01", both days included, for indicators with a time; NULL:
                              from 1 January, until today */
    const char *by; /* "region", "month" or a field of the indicator's `by`; NULL: one figure */
} IndicatorQuery;

/* {"items": [FIGURE]} of all types the actor may read. FIGURE: {"type", "name", "title", "basis",
 * "unit", "value": number or null (nothing to divide by), "part", "whole" (records counted; whole
 * only for shares), "from", "to", "former": the same days a year before, "target": {"at_most": x},
 * "met": bool, "filter": the CQL2 text that lists the records counted}. ERROR_REQUEST. */
json_t *indicators_json(Sql *sql, const Packs *packs, const Actor *actor,
                        const IndicatorQuery *asked, gint64 now_ms, GError **error);
/* One FIGURE, with "by" also "items": [{"key", "title": {zh, en}, "value", "part", "whole"}], parts
 * of the region (below a county: enterprises), months in order, or values of the field, largest
 * first. ERROR_TYPE_UNKNOWN, ERROR_REQUEST. */
json_t *indicator_json(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                       const char *name, const IndicatorQuery *asked, gint64 now_ms,
                       GError **error);
