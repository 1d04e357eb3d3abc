/* The figures of data_quality. */
#include "signal/night_part.h"

#include <math.h>
#include <string.h>

/* By its definition, else by what it does, today or on the last day it did anything. */
static gint64 pace_of(const NightPoint *point, const PointDay *former) {
    gint64 pace_ms = point->period_ms > 0 ? point->period_ms : point->day.pace_ms;
    for (guint i = 0; i < HONESTY_DAYS && pace_ms == 0; i++)
        pace_ms = former[i].pace_ms;
    return pace_ms;
}

static void mark_heard(Night *night, const GArray *samples) {
    for (guint i = 0; i < samples->len; i++) {
        const HistorySample *sample = &g_array_index(samples, HistorySample, i);
        if (!sample->late)
            gateway_slot_set(&night->heard,
                             (guint)((sample->time_ms - night->from_ms) / GATEWAY_SLOT_MS));
    }
}

void quality_point(Night *night, NightPoint *point, const GArray *samples, const PointDay *former) {
    NightQuality *quality = &night->result->quality;
    const PointDay *day = &point->day;
    gint64 pace_ms = pace_of(point, former);
    gint64 stale_ms = point->stale_ms > 0 ? point->stale_ms : night->stale_ms;
    double expected, missing;
    quality->points++;
    quality->silent += day->count == 0;
    quality->stale += day->silent_ms > stale_ms;
    quality->received += day->count;
    quality->late += day->late;
    quality->bad += day->bad;
    quality->gaps += day->gaps;
    quality->gaps_ms += (double)day->gaps_ms;
    mark_heard(night, samples);
    if (pace_ms <= 0)
        return;
    point_day_missing((const HistorySample *)(const void *)samples->data, samples->len,
                      night->from_ms, night->to_ms, pace_ms, night->down.bits, &expected, &missing);
    quality->expected += expected;
    quality->missing += missing;
}

static void take_gateway(NightQuality *quality, GatewayDay *all, const GatewayDay *day) {
    for (gsize i = 0; i < sizeof all->heard.bits; i++)
        all->heard.bits[i] |= day->heard.bits[i];
    all->since_ms = all->since_ms ? MIN(all->since_ms, day->since_ms) : day->since_ms;
    quality->refused += day->refused;
    quality->backlog += day->backlog_samples;
    if (day->skew_known && fabs((double)day->skew_ms) >= fabs(quality->skew_ms)) {
        quality->skew_ms = (double)day->skew_ms;
        quality->skew_known = TRUE;
    }
}

static gboolean each_gateway(Night *night, GatewayDay *all, GError **error) {
    NightQuality *quality = &night->result->quality;
    g_autoptr(GPtrArray) devices =
        sql_texts(night->source->records, error, 1,
                  "SELECT _id FROM r_device WHERE _enterprise = ? ORDER BY _id", "t",
                  night->result->enterprise);
    for (guint i = 0; devices && i < devices->len; i++) {
        g_autoptr(GError) failure = NULL;
        GatewayDay day;
        if (gateway_day_load(night->source->samples, devices->pdata[i], night->result->day, &day,
                             &failure)) {
            take_gateway(quality, all, &day);
            quality->gateways++;
        } else if (failure) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
    }
    return devices != NULL;
}

gboolean quality_gateways(Night *night, GError **error) {
    NightQuality *quality = &night->result->quality;
    GatewayDay all = {.day = night->result->day};
    guint heard, counted;
    if (!each_gateway(night, &all, error))
        return FALSE;
    quality->by_gateway = quality->gateways > 0;
    if (!quality->by_gateway)
        all = (GatewayDay){
            .day = night->result->day, .since_ms = night->from_ms, .heard = night->heard};
    gateway_day_online(&all, &night->down, night->to_ms, &heard, &counted);
    quality->online = counted ? (double)heard / counted : NAN;
    return TRUE;
}
