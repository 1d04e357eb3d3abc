/* What is known of one gateway's sending: how much of the day it was heard, its gaps, its clock,
 * and whether it is sending a backlog. A plain object of bounded size (about 1.2 KiB), fed with one
 * batch at a time in the order of receipt; no clock, no locks (signal/gateways.h has them).
 *
 * Heard: the day (+08:00) has 288 slots of five minutes, the slowest pace that an interface in use
 * asks for (Hebei dust interface V1.1: "at least every 5 min"); a slot with a durable batch is
 * heard. A gap is a silence longer than a slot.
 *
 * Clock: the offset of a batch is the time of its newest sample minus its receipt. The skew is the
 * median of the last 61 offsets of live batches, so it is the error of the device's clock and what
 * the samples wait before they arrive; its drift is the slope (Theil-Sen) through the medians of
 * the last 48 hours.
 *
 * Backlog: a batch more than a minute older than the skew (or than now, when the clock is ahead) is
 * old data. Old data whose offset stays within 20 s for ten minutes and 20 batches, with nothing
 * newer beside it, is no backlog but a clock that is slow: the skew follows it. These numbers are a
 * project choice. */
#pragma once
#include "base/clock.h"
#include <jansson.h>

enum {
    GATEWAY_SLOT_MS = 300000,
    GATEWAY_SLOTS = 288,
    GATEWAY_OFFSETS = 61,
    GATEWAY_GAPS = 16,
    GATEWAY_HOURS = 48,
    GATEWAY_LATE_MS = 60000
};

typedef struct {
    guint8 bits[GATEWAY_SLOTS / 8];
} GatewaySlots;
void gateway_slot_set(GatewaySlots *slots, guint slot);
gboolean gateway_slot_has(const GatewaySlots *slots, guint slot);

typedef struct {
    gint64 from_ms, to_ms;
} GatewayGap;

/* One day's counts. */
typedef struct {
    gint64 day;      /* day_of */
    gint64 since_ms; /* counted from: the start of the day, or later when the gateway is new */
    guint64 batches, samples, refused, backlog_batches, backlog_samples;
    GatewaySlots heard;
    guint gaps; /* those that have ended, clipped to the day */
    gint64 gaps_ms, longest_gap_ms;
    GatewayGap gap[GATEWAY_GAPS]; /* the last of them, in a ring */
    gint64 skew_ms;               /* of the last live batch */
    gboolean skew_known;
} GatewayDay;

typedef struct {
    gint32 ms[GATEWAY_OFFSETS];
    guint n, next;
} GatewayOffsets;

typedef struct {
    GatewayDay today;
    gint64 last_ms;     /* receipt of the last batch; 0: never */
    gint64 newest_ms;   /* the newest sample ever */
    gint64 baseline_ms; /* silence is counted from here: the last batch, or when listening began */
    GatewayOffsets live;
    gint64 skew_ms;
    gboolean skew_known;
    /* old data that may be a slow clock */
    GatewayOffsets old;
    gint64 old_since_ms;
    guint old_batches;
    /* hourly medians of the skew */
    struct {
        gint64 hour;
        gint32 ms;
    } hourly[GATEWAY_HOURS];
    guint hours, hour_next;
    gint64 hour; /* being measured */
    /* the backlog that is being sent, or was */
    gint64 backlog_began_ms, backlog_last_ms, backlog_first_ms, backlog_reached_ms;
} Gateway;

/* A gateway first known at `now_ms`; the server listens since `listening_ms`. */
void gateway_init(Gateway *gateway, gint64 now_ms, gint64 listening_ms);

/* Whether a batch whose newest sample is `newest_ms` is old data. Changes nothing. */
gboolean gateway_is_backlog(const Gateway *gateway, gint64 received_ms, gint64 newest_ms);

/* A durable batch, or one of which nothing was taken (samples 0: `newest_ms` is not looked at).
 * Receipts that go back in time count as the last one. `past` (may be NULL) is given the day that
 * has ended with it: TRUE when there is one. */
gboolean gateway_heard(Gateway *gateway, gint64 received_ms, gint64 newest_ms, guint samples,
                       guint refused, GatewayDay *past);
/* The day may have ended without a batch; as gateway_heard. */
gboolean gateway_roll(Gateway *gateway, gint64 now_ms, GatewayDay *past);
/* Nobody listened from `down_ms` until now: silence until then was one, and is counted anew. */
void gateway_resume(Gateway *gateway, gint64 down_ms, gint64 now_ms);

/* Slots of the day from `since_ms` until `now_ms` (at most the day's end) that count, and how many
 * of them were heard: a slot counts when it is over or heard, and the server listened in it (`down`
 * has those in which it did not) or it was heard all the same. */
void gateway_day_online(const GatewayDay *day, const GatewaySlots *down, gint64 now_ms,
                        guint *heard, guint *counted);
/* ms a day; FALSE: fewer than three hours are known. */
gboolean gateway_drift(const Gateway *gateway, double *ms_per_day);
gboolean gateway_backlog_now(const Gateway *gateway, gint64 now_ms);

/* JSON and back; reading takes what is there and bounds everything. */
json_t *gateway_day_write(const GatewayDay *day);
void gateway_day_read(GatewayDay *day, json_t *json);
json_t *gateway_write(const Gateway *gateway);
void gateway_read(Gateway *gateway, json_t *json);
char *gateway_slots_text(const GatewaySlots *slots); /* hexadecimal; caller frees */
void gateway_slots_read(GatewaySlots *slots, const char *text);
