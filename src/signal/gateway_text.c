/* A gateway's state as JSON and back. */
#include "signal/gateway_day.h"

#include <string.h>

char *gateway_slots_text(const GatewaySlots *slots) {
    GString *text = g_string_sized_new(sizeof slots->bits * 2);
    for (gsize i = 0; i < sizeof slots->bits; i++)
        g_string_append_printf(text, "%02x", slots->bits[i]);
    return g_string_free(text, FALSE);
}

void gateway_slots_read(GatewaySlots *slots, const char *text) {
    memset(slots, 0, sizeof *slots);
    gsize n = text ? strlen(text) / 2 : 0;
    for (gsize i = 0; i < MIN(n, sizeof slots->bits); i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);
        slots->bits[i] = high < 0 || low < 0 ? 0 : (guint8)(high << 4 | low);
    }
}

static gint64 number(json_t *json, const char *name) {
    return json_integer_value(json_object_get(json, name));
}

static guint64 count(json_t *json, const char *name) { return (guint64)MAX(number(json, name), 0); }

json_t *gateway_day_write(const GatewayDay *day) {
    g_autofree char *heard = gateway_slots_text(&day->heard);
    json_t *gaps = json_array();
    guint kept = MIN(day->gaps, (guint)GATEWAY_GAPS);
    for (guint i = day->gaps - kept; i < day->gaps; i++) {
        const GatewayGap *gap = &day->gap[i % GATEWAY_GAPS];
        json_array_append_new(
            gaps, json_pack("[I, I]", (json_int_t)gap->from_ms, (json_int_t)gap->to_ms));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:o, s:I, s:b}",
                     "day", (json_int_t)day->day, "since", (json_int_t)day->since_ms, "batches",
                     (json_int_t)day->batches, "samples", (json_int_t)day->samples, "refused",
                     (json_int_t)day->refused, "backlog_batches", (json_int_t)day->backlog_batches,
                     "backlog_samples", (json_int_t)day->backlog_samples, "heard", heard, "gaps",
                     (json_int_t)day->gaps, "gaps_ms", (json_int_t)day->gaps_ms, "longest_gap_ms",
                     (json_int_t)day->longest_gap_ms, "gap", gaps, "skew_ms",
                     (json_int_t)day->skew_ms, "skew_known", day->skew_known);
}

void gateway_day_read(GatewayDay *day, json_t *json) {
    *day = (GatewayDay){.day = number(json, "day"),
                        .since_ms = number(json, "since"),
                        .batches = count(json, "batches"),
                        .samples = count(json, "samples"),
                        .refused = count(json, "refused"),
                        .backlog_batches = count(json, "backlog_batches"),
                        .backlog_samples = count(json, "backlog_samples"),
                        .gaps = (guint)MIN(count(json, "gaps"), (guint64)G_MAXINT),
                        .gaps_ms = number(json, "gaps_ms"),
                        .longest_gap_ms = number(json, "longest_gap_ms"),
                        .skew_ms = number(json, "skew_ms"),
                        .skew_known = json_is_true(json_object_get(json, "skew_known"))};
    gateway_slots_read(&day->heard, json_string_value(json_object_get(json, "heard")));
    json_t *gaps = json_object_get(json, "gap");
    guint kept = (guint)MIN(json_array_size(gaps), (size_t)MIN(day->gaps, (guint)GATEWAY_GAPS));
    day->gaps = kept < MIN(day->gaps, (guint)GATEWAY_GAPS) ? kept : day->gaps;
    for (guint i = 0; i < kept; i++) {
        json_t *gap = json_array_get(gaps, i);
        day->gap[(day->gaps - kept + i) % GATEWAY_GAPS] = (GatewayGap){
            json_integer_value(json_array_get(gap, 0)), json_integer_value(json_array_get(gap, 1))};
    }
}

static json_t *offsets_write(const GatewayOffsets *offsets) {
    json_t *json = json_array();
    for (guint i = 0; i < offsets->n; i++) {
        guint at = (offsets->next + GATEWAY_OFFSETS - offsets->n + i) % GATEWAY_OFFSETS;
        json_array_append_new(json, json_integer(offsets->ms[at]));
    }
    return json;
}

static void offsets_read(GatewayOffsets *offsets, json_t *json) {
    guint n = (guint)MIN(json_array_size(json), (size_t)GATEWAY_OFFSETS);
    *offsets = (GatewayOffsets){.n = n, .next = n % GATEWAY_OFFSETS};
    for (guint i = 0; i < n; i++)
        offsets->ms[i] = (gint32)json_integer_value(json_array_get(json, i));
}

static json_t *hours_write(const Gateway *gateway) {
    json_t *json = json_array();
    for (guint i = 0; i < gateway->hours; i++) {
        guint at = (gateway->hour_next + GATEWAY_HOURS - gateway->hours + i) % GATEWAY_HOURS;
        json_array_append_new(json, json_pack("[I, i]", (json_int_t)gateway->hourly[at].hour,
                                              (int)gateway->hourly[at].ms));
    }
    return json;
}

static void hours_read(Gateway *gateway, json_t *json) {
    gateway->hours = (guint)MIN(json_array_size(json), (size_t)GATEWAY_HOURS);
    gateway->hour_next = gateway->hours % GATEWAY_HOURS;
    for (guint i = 0; i < gateway->hours; i++) {
        json_t *hour = json_array_get(json, i);
        gateway->hourly[i].hour = json_integer_value(json_array_get(hour, 0));
        gateway->hourly[i].ms = (gint32)json_integer_value(json_array_get(hour, 1));
    }
}

/* The members that are one number each. */
static const struct {
    const char *name;
    gsize offset;
} numbers[] = {
    {"last_ms", offsetof(Gateway, last_ms)},
    {"newest_ms", offsetof(Gateway, newest_ms)},
    {"baseline_ms", offsetof(Gateway, baseline_ms)},
    {"skew_ms", offsetof(Gateway, skew_ms)},
    {"hour", offsetof(Gateway, hour)},
    {"backlog_began_ms", offsetof(Gateway, backlog_began_ms)},
    {"backlog_last_ms", offsetof(Gateway, backlog_last_ms)},
    {"backlog_first_ms", offsetof(Gateway, backlog_first_ms)},
    {"backlog_reached_ms", offsetof(Gateway, backlog_reached_ms)},
};

json_t *gateway_write(const Gateway *gateway) {
    json_t *json = json_pack("{s:o, s:o, s:o, s:b}", "today", gateway_day_write(&gateway->today),
                             "live", offsets_write(&gateway->live), "hourly", hours_write(gateway),
                             "skew_known", gateway->skew_known);
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        gint64 value;
        memcpy(&value, (const char *)gateway + numbers[i].offset, sizeof value);
        json_object_set_new(json, numbers[i].name, json_integer(value));
    }
    return json;
}

void gateway_read(Gateway *gateway, json_t *json) {
    *gateway = (Gateway){.skew_known = json_is_true(json_object_get(json, "skew_known"))};
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        gint64 value = number(json, numbers[i].name);
        memcpy((char *)gateway + numbers[i].offset, &value, sizeof value);
    }
    gateway_day_read(&gateway->today, json_object_get(json, "today"));
    offsets_read(&gateway->live, json_object_get(json, "live"));
    hours_read(gateway, json_object_get(json, "hourly"));
}
