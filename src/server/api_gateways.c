/* GET /api/gateways, /api/gateways/{code}: which gateways are heard, what was missing today, how
 * their clocks stand, and what they still send of the past. Who may read a gateway's record sees
 * it. */
#include "server/house.h"

#include <math.h>
#include <string.h>

static void set_time(json_t *json, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    json_object_set_new(json, name, ms > 0 ? json_string(time_format(ms, text)) : json_null());
}

static json_t *share(guint part, guint whole) {
    return whole ? json_real((double)part / whole) : json_null();
}

static json_t *seconds(gint64 ms) { return json_real((double)ms / 1000); }

static json_t *day_json(const GatewayDay *day, const GatewaySlots *down, gint64 now_ms) {
    char text[TIME_TEXT];
    guint heard, counted;
    gateway_day_online(day, down, now_ms, &heard, &counted);
    json_t *json =
        json_pack("{s:s, s:o, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:{s:i, s:o, s:o}}", "day",
                  day_format(day->day, text), "online_rate", share(heard, counted), "slots_heard",
                  (int)heard, "slots", (int)counted, "batches", (json_int_t)day->batches, "samples",
                  (json_int_t)day->samples, "refused", (json_int_t)day->refused, "backlog_batches",
                  (json_int_t)day->backlog_batches, "backlog_samples",
                  (json_int_t)day->backlog_samples, "gaps", "count", (int)day->gaps, "seconds",
                  seconds(day->gaps_ms), "longest_seconds", seconds(day->longest_gap_ms));
    set_time(json, "counted_from", day->since_ms);
    return json;
}

static json_t *clock_json(const Gateway *gateway) {
    double drift;
    if (!gateway->skew_known)
        return json_null();
    json_t *json = json_pack("{s:o}", "seconds", seconds(gateway->skew_ms));
    json_object_set_new(json, "drift_seconds_per_day",
                        gateway_drift(gateway, &drift) ? json_real(drift / 1000) : json_null());
    return json;
}

/* How much faster than it was measured the past comes in; unknown in the first second. */
static json_t *backlog_json(const Gateway *gateway, gint64 now_ms) {
    if (!gateway_backlog_now(gateway, now_ms))
        return json_null();
    gint64 sent_ms = gateway->backlog_reached_ms - gateway->backlog_first_ms,
           took_ms = gateway->backlog_last_ms - gateway->backlog_began_ms;
    json_t *json = json_object();
    set_time(json, "began", gateway->backlog_began_ms);
    set_time(json, "reached", gateway->backlog_reached_ms);
    json_object_set_new(json, "behind_seconds",
                        seconds(gateway->backlog_last_ms - gateway->backlog_reached_ms));
    json_object_set_new(json, "speed",
                        took_ms >= 1000 ? json_real((double)sent_ms / (double)took_ms)
                                        : json_null());
    return json;
}

static const char *state_of(const Gateway *gateway, gboolean disabled, gint64 now_ms) {
    if (disabled)
        return "disabled";
    if (gateway->last_ms == 0)
        return "never";
    if (now_ms - gateway->last_ms > GATEWAY_SLOT_MS)
        return "silent";
    return gateway_backlog_now(gateway, now_ms) ? "backlog" : "online";
}

/* A gateway that was never heard counts from the day's start or from when it was made. */
static Gateway look_up(Request *request, json_t *record, gint64 now_ms) {
    Gateway gateway;
    gint64 made_ms = 0;
    const char *code = json_string_value(json_object_get(record, "code"));
    const char *created = json_string_value(json_object_get(record, "created_at"));
    time_parse(created ? created : "", &made_ms);
    if (gateways_find(house_of(request)->gateways, code, now_ms, &gateway))
        return gateway;
    gateway_init(&gateway, now_ms, 0);
    gateway.today.since_ms = MAX(day_start(day_of(now_ms)), made_ms);
    return gateway;
}

static json_t *gateway_json(Request *request, json_t *record, const GatewaySlots *down,
                            gint64 now_ms, Gateway *gateway) {
    static const char *const members[] = {"code", "name", "enterprise", "region", "_labels"};
    *gateway = look_up(request, record, now_ms);
    gboolean disabled = json_is_true(json_object_get(record, "disabled"));
    json_t *json = json_pack("{s:s, s:o, s:o, s:o}", "state", state_of(gateway, disabled, now_ms),
                             "today", day_json(&gateway->today, down, now_ms), "clock",
                             clock_json(gateway), "backlog", backlog_json(gateway, now_ms));
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
        if (json_object_get(record, members[i]))
            json_object_set(json, members[i], json_object_get(record, members[i]));
    set_time(json, "last_seen", gateway->last_ms);
    return json;
}

/* ---- the list ---- */

static json_t *gateways(Request *request, const Identity *identity, GError **error) {
    gint64 limit = 50, now_ms = house_now(request);
    const char *filter = request_query(request, "filter");
    if (!request_number(request, "limit", 1, 500, &limit, error))
        return NULL;
    RecordQuery query = {.filter = filter,
                         .search = request_query(request, "q"),
                         .sort = "code",
                         .limit = (int)limit,
                         .cursor = request_query(request, "cursor"),
                         .labels = TRUE};
    json_t *list = record_list(worker_of(request)->records, house_of(request)->packs,
                               &identity->actor, "device", &query, now_ms, error);
    if (list == NULL)
        return NULL;
    GatewaySlots down = gateways_down(house_of(request)->gateways, now_ms);
    json_t *items = json_array(), *record;
    size_t i;
    json_array_foreach(json_object_get(list, "items"), i, record) {
        Gateway gateway;
        json_array_append_new(items, gateway_json(request, record, &down, now_ms, &gateway));
    }
    json_t *body = json_pack("{s:o, s:O}", "items", items, "next", json_object_get(list, "next"));
    json_decref(list);
    return body;
}

void api_gateways(Request *request) { house_read(request, gateways); }

/* ---- one ---- */

/* One letter a slot: h heard, m missed, d the server did not listen, . not yet or before it was
 * known. */
static json_t *strip_json(const GatewayDay *day, const GatewaySlots *down, gint64 now_ms) {
    char strip[GATEWAY_SLOTS + 1];
    gint64 start_ms = day_start(day->day);
    for (guint slot = 0; slot < GATEWAY_SLOTS; slot++) {
        gint64 end_ms = start_ms + (gint64)(slot + 1) * GATEWAY_SLOT_MS;
        gboolean open = end_ms > now_ms || end_ms <= day->since_ms;
        strip[slot] = gateway_slot_has(&day->heard, slot) ? 'h'
                      : gateway_slot_has(down, slot)      ? 'd'
                      : open                              ? '.'
                                                          : 'm';
    }
    strip[GATEWAY_SLOTS] = 0;
    return json_string(strip);
}

static json_t *gaps_json(const GatewayDay *day) {
    json_t *gaps = json_array();
    guint kept = MIN(day->gaps, (guint)GATEWAY_GAPS);
    for (guint i = day->gaps - kept; i < day->gaps; i++) {
        json_t *gap = json_object();
        set_time(gap, "from", day->gap[i % GATEWAY_GAPS].from_ms);
        set_time(gap, "to", day->gap[i % GATEWAY_GAPS].to_ms);
        json_array_append_new(gaps, gap);
    }
    return gaps;
}

static json_t *hours_json(const Gateway *gateway) {
    json_t *hours = json_array();
    for (guint i = 0; i < gateway->hours; i++) {
        guint at = (gateway->hour_next + GATEWAY_HOURS - gateway->hours + i) % GATEWAY_HOURS;
        json_t *hour = json_pack("{s:o}", "seconds", seconds(gateway->hourly[at].ms));
        set_time(hour, "time", gateway->hourly[at].hour * 3600000);
        json_array_append_new(hours, hour);
    }
    return hours;
}

/* The day that `day` names: today's counts, or those that were kept; NULL with ERROR_NOT_FOUND. */
static gboolean find_day(Request *request, const char *code, const Gateway *gateway,
                         GatewayDay *day, GatewaySlots *down, GError **error) {
    const char *text = request_query(request, "day");
    gint64 now_ms = house_now(request), wanted;
    *day = gateway->today;
    *down = gateways_down(house_of(request)->gateways, now_ms);
    if (text == NULL)
        return TRUE;
    if (!day_parse(text, &wanted))
        return error_set(error, ERROR_FIELD_KIND, "day", "日期", "a day, 2026-11-23", NULL);
    if (wanted == day_of(now_ms))
        return TRUE;
    g_autoptr(GError) failure = NULL;
    Sql *samples = worker_of(request)->samples;
    if (gateway_day_load(samples, code, wanted, day, &failure))
        return gateway_down_load(samples, wanted, down, error);
    if (failure == NULL)
        return error_set(error, ERROR_NOT_FOUND, NULL, "day", text, NULL);
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

static json_t *one(Request *request, const Identity *identity, GError **error) {
    const char *code = request_part(request, 0);
    gint64 now_ms = house_now(request);
    json_t *record = record_get(worker_of(request)->records, house_of(request)->packs,
                                &identity->actor, "device", code, error);
    if (record == NULL)
        return NULL;
    record_add_labels(worker_of(request)->records, house_of(request)->packs, record);
    Gateway gateway;
    GatewayDay day;
    GatewaySlots down = gateways_down(house_of(request)->gateways, now_ms);
    json_t *body = gateway_json(request, record, &down, now_ms, &gateway);
    json_decref(record);
    if (!find_day(request, code, &gateway, &day, &down, error)) {
        json_decref(body);
        return NULL;
    }
    json_object_set_new(body, "shown", day_json(&day, &down, now_ms));
    json_object_set_new(body, "strip", strip_json(&day, &down, now_ms));
    json_object_set_new(body, "gaps", gaps_json(&day));
    json_object_set_new(body, "clock_hours", hours_json(&gateway));
    return body;
}

void api_gateway(Request *request) { house_read(request, one); }
