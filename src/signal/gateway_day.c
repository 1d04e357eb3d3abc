#include "signal/gateway_day.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOW_MS = 600000, /* old data at one offset for so long is a slow clock */
    SLOW_BATCHES = 20,
    SLOW_SPREAD_MS = 20000,
    KNOWN_FROM = 5, /* offsets that make a median */
    HOUR_MS = 3600000
};

/* ---- slots ---- */

void gateway_slot_set(GatewaySlots *slots, guint slot) {
    if (slot < GATEWAY_SLOTS)
        slots->bits[slot / 8] |= (guint8)(1 << slot % 8);
}

gboolean gateway_slot_has(const GatewaySlots *slots, guint slot) {
    return slot < GATEWAY_SLOTS && (slots->bits[slot / 8] >> slot % 8 & 1);
}

static guint slot_of(gint64 day, gint64 ms) {
    gint64 slot = (ms - day_start(day)) / GATEWAY_SLOT_MS;
    return (guint)CLAMP(slot, 0, GATEWAY_SLOTS);
}

void gateway_day_online(const GatewayDay *day, const GatewaySlots *down, gint64 now_ms,
                        guint *heard, guint *counted) {
    guint first = slot_of(day->day, day->since_ms), end = slot_of(day->day, now_ms);
    *heard = *counted = 0;
    for (guint slot = first; slot <= end && slot < GATEWAY_SLOTS; slot++) {
        gboolean spoke = gateway_slot_has(&day->heard, slot);
        gboolean missed = slot < end && !gateway_slot_has(down, slot);
        *heard += spoke;
        *counted += spoke || missed;
    }
}

/* ---- offsets ---- */

static void offset_add(GatewayOffsets *offsets, gint64 ms) {
    offsets->ms[offsets->next] = (gint32)CLAMP(ms, G_MININT32, G_MAXINT32);
    offsets->next = (offsets->next + 1) % GATEWAY_OFFSETS;
    offsets->n = MIN(offsets->n + 1, (guint)GATEWAY_OFFSETS);
}

static int compare_int(const void *a, const void *b) {
    gint32 x = *(const gint32 *)a, y = *(const gint32 *)b;
    return (x > y) - (x < y);
}

static gint32 offset_median(const GatewayOffsets *offsets) {
    gint32 sorted[GATEWAY_OFFSETS];
    memcpy(sorted, offsets->ms, sizeof sorted);
    qsort(sorted, offsets->n, sizeof *sorted, compare_int);
    return sorted[offsets->n / 2];
}

static gint64 offset_spread(const GatewayOffsets *offsets) {
    gint64 low = offsets->ms[0], high = low;
    for (guint i = 1; i < offsets->n; i++) {
        low = MIN(low, offsets->ms[i]);
        high = MAX(high, offsets->ms[i]);
    }
    return high - low;
}

/* ---- skew ---- */

static void hour_end(Gateway *gateway) {
    if (gateway->hour > 0 && gateway->skew_known) {
        gateway->hourly[gateway->hour_next].hour = gateway->hour;
        gateway->hourly[gateway->hour_next].ms = (gint32)gateway->skew_ms;
        gateway->hour_next = (gateway->hour_next + 1) % GATEWAY_HOURS;
        gateway->hours = MIN(gateway->hours + 1, (guint)GATEWAY_HOURS);
    }
}

static void skew_measure(Gateway *gateway, gint64 received_ms) {
    gint64 hour = received_ms / HOUR_MS;
    if (hour != gateway->hour)
        hour_end(gateway);
    gateway->hour = hour;
    if (gateway->live.n < KNOWN_FROM)
        return;
    gateway->skew_ms = offset_median(&gateway->live);
    gateway->skew_known = TRUE;
    gateway->today.skew_ms = gateway->skew_ms;
    gateway->today.skew_known = TRUE;
}

gboolean gateway_is_backlog(const Gateway *gateway, gint64 received_ms, gint64 newest_ms) {
    gint64 base = gateway->skew_known ? MIN(gateway->skew_ms, 0) : 0;
    return newest_ms - received_ms < base - GATEWAY_LATE_MS;
}

static void old_begin(Gateway *gateway, gint64 received_ms) {
    gateway->old = (GatewayOffsets){.n = 0};
    gateway->old_since_ms = received_ms;
    gateway->old_batches = 0;
}

/* TRUE: all old data of late stood at one offset, so the clock is slow; it is the skew now. */
static gboolean is_slow_clock(Gateway *gateway, gint64 received_ms, gint64 offset_ms) {
    if (gateway->old_batches == 0)
        old_begin(gateway, received_ms);
    offset_add(&gateway->old, offset_ms);
    gateway->old_batches++;
    if (offset_spread(&gateway->old) > SLOW_SPREAD_MS) {
        old_begin(gateway, received_ms);
        return FALSE;
    }
    if (gateway->old_batches < SLOW_BATCHES || received_ms - gateway->old_since_ms < SLOW_MS)
        return FALSE;
    gateway->live = gateway->old;
    gateway->backlog_last_ms = 0;
    old_begin(gateway, received_ms);
    return TRUE;
}

static void take_old(Gateway *gateway, gint64 received_ms, gint64 newest_ms, guint samples) {
    if (received_ms - gateway->backlog_last_ms > GATEWAY_LATE_MS) {
        gateway->backlog_began_ms = received_ms;
        gateway->backlog_first_ms = newest_ms;
    }
    gateway->backlog_last_ms = received_ms;
    gateway->backlog_reached_ms = newest_ms;
    gateway->today.backlog_batches++;
    gateway->today.backlog_samples += samples;
}

static void take_samples(Gateway *gateway, gint64 received_ms, gint64 newest_ms, guint samples) {
    gint64 offset_ms = newest_ms - received_ms;
    gboolean old = gateway_is_backlog(gateway, received_ms, newest_ms);
    gateway->newest_ms = MAX(gateway->newest_ms, newest_ms);
    gateway->today.samples += samples;
    if (old && !is_slow_clock(gateway, received_ms, offset_ms)) {
        take_old(gateway, received_ms, newest_ms, samples);
        return;
    }
    if (!old) {
        offset_add(&gateway->live, offset_ms);
        gateway->old_batches = 0;
    }
    skew_measure(gateway, received_ms);
}

gboolean gateway_backlog_now(const Gateway *gateway, gint64 now_ms) {
    return gateway->backlog_last_ms > 0 && now_ms - gateway->backlog_last_ms <= GATEWAY_LATE_MS;
}

static int compare_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

gboolean gateway_drift(const Gateway *gateway, double *ms_per_day) {
    double slope[GATEWAY_HOURS * (GATEWAY_HOURS - 1) / 2];
    guint n = 0;
    for (guint i = 0; i < gateway->hours; i++)
        for (guint k = 0; k < i; k++) {
            gint64 hours = gateway->hourly[i].hour - gateway->hourly[k].hour;
            double ms = (double)gateway->hourly[i].ms - gateway->hourly[k].ms;
            if (hours != 0)
                slope[n++] = ms / (double)hours * 24;
        }
    if (gateway->hours < 3 || n == 0)
        return FALSE;
    qsort(slope, n, sizeof *slope, compare_double);
    *ms_per_day = n % 2 ? slope[n / 2] : (slope[n / 2 - 1] + slope[n / 2]) / 2;
    return TRUE;
}

/* ---- the day ---- */

static void gap_add(GatewayDay *day, gint64 from_ms, gint64 to_ms) {
    from_ms = MAX(from_ms, day_start(day->day));
    to_ms = MIN(to_ms, day_start(day->day + 1));
    if (to_ms - from_ms <= GATEWAY_SLOT_MS)
        return;
    day->gap[day->gaps % GATEWAY_GAPS] = (GatewayGap){from_ms, to_ms};
    day->gaps++;
    day->gaps_ms += to_ms - from_ms;
    day->longest_gap_ms = MAX(day->longest_gap_ms, to_ms - from_ms);
}

static void day_begin(GatewayDay *day, gint64 number, gint64 since_ms) {
    *day = (GatewayDay){.day = number, .since_ms = MAX(since_ms, day_start(number))};
}

void gateway_init(Gateway *gateway, gint64 now_ms, gint64 listening_ms) {
    *gateway = (Gateway){.baseline_ms = MAX(now_ms, listening_ms)};
    day_begin(&gateway->today, day_of(now_ms), now_ms);
}

void gateway_resume(Gateway *gateway, gint64 down_ms, gint64 now_ms) {
    gap_add(&gateway->today, gateway->baseline_ms, down_ms);
    gateway->baseline_ms = now_ms;
}

gboolean gateway_roll(Gateway *gateway, gint64 now_ms, GatewayDay *past) {
    gint64 day = day_of(now_ms);
    if (day <= gateway->today.day)
        return FALSE;
    gap_add(&gateway->today, gateway->baseline_ms, day_start(gateway->today.day + 1));
    if (past)
        *past = gateway->today;
    day_begin(&gateway->today, day, 0);
    return TRUE;
}

gboolean gateway_heard(Gateway *gateway, gint64 received_ms, gint64 newest_ms, guint samples,
                       guint refused, GatewayDay *past) {
    received_ms = MAX(received_ms, gateway->last_ms);
    gboolean rolled = gateway_roll(gateway, received_ms, past);
    GatewayDay *today = &gateway->today;
    today->refused += refused;
    if (samples == 0)
        return rolled;
    gap_add(today, gateway->baseline_ms, received_ms);
    gateway->last_ms = gateway->baseline_ms = received_ms;
    today->batches++;
    gateway_slot_set(&today->heard, slot_of(today->day, received_ms));
    take_samples(gateway, received_ms, newest_ms, samples);
    return rolled;
}
