/* How well an alarm system serves who must answer it: the figures of ISA-18.2 / IEC 62682 over
 * spans of alarms, with the targets and measures of the table `alarm_kpi` (packs/core). Pure.
 *
 * Counted are alarms that were announced; a rise in severity is no new one. An enterprise is one
 * operator position (project choice); figures of several are per position. Time is cut into slots
 * of ten minutes and hours from the beginning of the period. A flood begins with a slot of more
 * than `count` alarms and lasts until one with fewer than `until`. */
#pragma once
#include "pack/pack_table.h"
#include "signal/alarm_span.h"

typedef enum {
    KPI_PER_DAY,
    KPI_PER_HOUR,
    KPI_PER_10MIN,
    KPI_HOURS_OVER,  /* % of hours with more than `count` alarms */
    KPI_SLOTS_OVER,  /* % of ten minutes with more than `count` */
    KPI_SLOT_MAX,    /* most alarms of one position in ten minutes */
    KPI_FLOOD_SHARE, /* % of time */
    KPI_TOP_SHARE,  /* % of alarms that come from the ten most frequent ones, if there are others */
    KPI_CHATTERING, /* alarms that came `count` times within `within_s` */
    KPI_FLEETING,   /* occurrences that ended within `within_s` */
    KPI_STALE, /* standing longer than `within_s`: the most at the end of a day, per position */
    KPI_PRIORITY_1, /* % of alarms */
    KPI_PRIORITY_2,
    KPI_PRIORITY_3,
    KPI_PRIORITY_4,
    KPIS
} AlarmKpi;

typedef struct {
    gint64 from_ms, to_ms;
    guint positions, alarms;
    double value[KPIS]; /* NAN: none (a share of nothing) */
} AlarmKpis;

/* Over the spans that were raised between the times; `positions` at least 1. */
AlarmKpis alarm_kpis(const AlarmSpans *spans, const PackTable *table, guint positions,
                     gint64 from_ms, gint64 to_ms);
const char *alarm_kpi_name(AlarmKpi kpi);
const char *alarm_kpi_title(AlarmKpi kpi); /* English */
/* "good", "manageable", "bad", or NULL when there is no target or no value. */
const char *alarm_kpi_verdict(const PackTable *table, AlarmKpi kpi, double value);
/* {from, to, positions, alarms, figures: [{kpi, title, unit, value, acceptable, manageable, target,
 * verdict}]}; numbers that are not set are left out. */
json_t *alarm_kpis_json(const AlarmKpis *kpis, const PackTable *table);
/* The most frequent alarms of the period: [{point, enterprise, condition, rule, alarms, share,
 * fleeting}], at most `limit`. */
json_t *alarm_kpi_worst(const AlarmSpans *spans, const PackTable *table, gint64 from_ms,
                        gint64 to_ms, guint limit);
