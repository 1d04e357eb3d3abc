/* /api/points, /api/points/{code}/history, /api/overview, /api/alarms: what is measured, and the
 * duty views. */
#include "record/rights.h"
#include "risk/overview.h"
#include "server/house.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 10000, RAW_MAX = 100000, DAYS_MAX = 3660 };

static json_t *look_over(Request *request, const Identity *identity, GError **error) {
    return overview(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                    request_query(request, "region"), house_now(request), error);
}

void api_overview(Request *request) { house_read(request, look_over); }

/* ---- the alarm desk ---- */

static const struct {
    const char *name, *filter;
} desk_states[] = {
    {"open", "state IN ('unacknowledged', 'acknowledged', 'returned', 'latched', "
             "'latched_acknowledged')"},
    {"shelved", "state = 'shelved'"},
    {"suppressed", "state = 'suppressed'"},
    {"out_of_service", "state = 'out_of_service'"},
    {"closing", "state IN ('to_close', 'to_review')"},
    {"all", "state IS NOT NULL"},
};

/* A code as CQL2 text. */
static char *quoted(const char *text) {
    g_auto(GStrv) parts = g_strsplit(text, "'", -1);
    g_autofree char *inner = g_strjoinv("''", parts);
    return g_strdup_printf("'%s'", inner);
}

static char *desk_filter(const char *state, const char *enterprise, GError **error) {
    for (gsize i = 0; i < G_N_ELEMENTS(desk_states); i++) {
        if (!g_str_equal(desk_states[i].name, state))
            continue;
        if (enterprise == NULL)
            return g_strdup(desk_states[i].filter);
        g_autofree char *literal = quoted(enterprise);
        return g_strdup_printf("%s AND enterprise = %s", desk_states[i].filter, literal);
    }
    error_set(error, ERROR_REQUEST, "state", "unknown state of the desk",
              "open, shelved, suppressed, out_of_service, closing or all", NULL);
    return NULL;
}

/* Unacknowledged first, then the more urgent, then the newer. */
static int desk_rank(json_t *alarm) {
    const char *state = json_string_value(json_object_get(alarm, "state"));
    gboolean waiting = g_str_equal(state, "unacknowledged") || g_str_equal(state, "returned") ||
                       g_str_equal(state, "latched");
    const char *priority = json_string_value(json_object_get(alarm, "priority"));
    return (waiting ? 0 : 10) + (priority ? atoi(priority) : 9);
}

static int compare_alarms(const void *a, const void *b) {
    json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
    int rank = desk_rank(left) - desk_rank(right);
    return rank ? rank
                : strcmp(json_string_value(json_object_get(right, "onset")),
                         json_string_value(json_object_get(left, "onset")));
}

static json_t *sorted_alarms(json_t *items) {
    size_t n = json_array_size(items);
    g_autofree json_t **order = g_new(json_t *, n + 1);
    for (size_t i = 0; i < n; i++)
        order[i] = json_array_get(items, i);
    qsort(order, n, sizeof *order, compare_alarms);
    json_t *sorted = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append(sorted, order[i]);
    return sorted;
}

/* Urgent ones first in the query too, so that a limit never cuts them. */
static json_t *desk(Request *request, const Identity *identity, GError **error) {
    Sql *sql = worker_of(request)->records;
    const Packs *packs = house_of(request)->packs;
    const char *state = request_query(request, "state");
    gint64 limit = 200;
    if (!request_number(request, "limit", 1, 500, &limit, error))
        return NULL;
    g_autofree char *filter =
        desk_filter(state ? state : "open", request_query(request, "enterprise"), error);
    if (filter == NULL)
        return NULL;
    gboolean all = state && g_str_equal(state, "all");
    RecordQuery query = {.filter = filter,
                         .sort = all ? "-onset" : "acknowledged,priority,-onset",
                         .limit = (int)limit,
                         .cursor = request_query(request, "cursor"),
                         .labels = TRUE};
    json_t *list =
        record_list(sql, packs, &identity->actor, "alarm", &query, house_now(request), error);
    json_t *counts = list ? overview_alarm_counts(sql, packs, &identity->actor, error) : NULL;
    json_t *items = json_object_get(list, "items");
    json_t *body = counts ? json_pack("{s:o, s:O, s:o}", "items",
                                      all ? json_incref(items) : sorted_alarms(items), "next",
                                      json_object_get(list, "next"), "counts", counts)
                          : NULL;
    json_decref(list);
    return body;
}

void api_alarms(Request *request) { house_read(request, desk); }

/* ---- current values ---- */

static const char *state_of(const PointNow *now) {
    if (now->stale || now->bad || now->stuck)
        return now->high == ALARM_LEVEL_NONE && now->low == ALARM_LEVEL_NONE
                   ? alarm_level_code(ALARM_LEVEL_F)
                   : alarm_level_code(now->high ? now->high : now->low);
    if (now->high)
        return alarm_level_code(now->high);
    if (now->low)
        return alarm_level_code(now->low);
    return now->rate ? alarm_level_code(now->rate) : "normal";
}

static void set_now(json_t *item, const PointNow *now) {
    static const char *const qualities[] = {"good", "uncertain", "bad"};
    char time[TIME_TEXT];
    json_object_set_new(item, "state",
                        json_string(now->time_ms ? state_of(now)
                                    : now->stale ? "F"
                                                 : "normal"));
    json_object_set_new(item, "quality",
                        json_string(now->time_ms ? qualities[now->quality] : "none"));
    if (now->time_ms == 0)
        return;
    json_object_set_new(item, "value", json_real(now->value));
    json_object_set_new(item, "time", json_string(time_format(now->time_ms, time)));
    json_object_set_new(item, "stale", json_boolean(now->stale));
}

static json_t *point_items(Request *request, json_t *records) {
    static const char *const members[] = {
        "code",       "name",          "measure",   "unit",       "equipment",       "range_low",
        "range_high", "limit_low_low", "limit_low", "limit_high", "limit_high_high", "service"};
    House *house = house_of(request);
    guint n = (guint)json_array_size(records);
    g_autofree guint32 *numbers = g_new(guint32, n + 1);
    g_autofree PointNow *now = g_new0(PointNow, n + 1);
    json_t *items = json_array();
    for (guint i = 0; i < n; i++) {
        json_t *record = json_array_get(records, i), *item = json_object();
        for (gsize m = 0; m < G_N_ELEMENTS(members); m++)
            if (json_object_get(record, members[m]))
                json_object_set(item, members[m], json_object_get(record, members[m]));
        const char *code = json_string_value(json_object_get(record, "code"));
        numbers[i] = point_table_find(house->points, code, strlen(code));
        json_array_append_new(items, item);
    }
    pipeline_now(house->pipeline, numbers, n, now);
    for (guint i = 0; i < n; i++)
        set_now(json_array_get(items, i), &now[i]);
    return items;
}

static json_t *points(Request *request, const Identity *identity, GError **error) {
    const char *enterprise = request_query(request, "enterprise");
    if (enterprise == NULL) {
        error_set(error, ERROR_FIELD_REQUIRED, "enterprise", "企业", "enterprise", NULL);
        return NULL;
    }
    g_autofree char *literal = quoted(enterprise);
    g_autofree char *filter = g_strconcat("enterprise = ", literal, NULL);
    RecordQuery query = {
        .filter = filter, .sort = "code", .limit = 500, .cursor = request_query(request, "cursor")};
    json_t *list = record_list(worker_of(request)->records, house_of(request)->packs,
                               &identity->actor, "point", &query, house_now(request), error);
    if (list == NULL)
        return NULL;
    json_t *body =
        json_pack("{s:o, s:O}", "items", point_items(request, json_object_get(list, "items")),
                  "next", json_object_get(list, "next"));
    json_decref(list);
    return body;
}

void api_points(Request *request) { house_read(request, points); }

/* ---- history ---- */

typedef struct {
    gint64 from_ms, to_ms, step_ms;
} Range;

static gboolean read_range(Request *request, Range *range, GError **error) {
    gint64 now_ms = house_now(request);
    if (!house_query_time(request, "to", now_ms, &range->to_ms, error) ||
        !house_query_time(request, "from", range->to_ms - 3600000, &range->from_ms, error))
        return FALSE;
    const char *step = request_query(request, "step");
    gint64 seconds = 60;
    if (step && !g_ascii_string_to_signed(step, 10, 0, 366 * 86400, &seconds, NULL))
        return error_set(error, ERROR_FIELD_RANGE, "step", "0..31622400 s", NULL);
    range->step_ms = seconds * 1000;
    if (range->to_ms <= range->from_ms || range->to_ms - range->from_ms > (gint64)DAYS_MAX * DAY_MS)
        return error_set(error, ERROR_FIELD_RANGE, "from", "from < to, at most ten years", NULL);
    if (seconds > 0 && (range->to_ms - range->from_ms) / range->step_ms > STEPS_MAX)
        return error_set(error, ERROR_FIELD_RANGE, "step", "at most 10000 steps", NULL);
    return TRUE;
}

static json_t *history(Request *request, json_t *point, GError **error) {
    House *house = house_of(request);
    const char *code = json_string_value(json_object_get(point, "code"));
    guint32 number = point_table_find(house->points, code, strlen(code));
    Range range;
    if (!read_range(request, &range, error))
        return NULL;
    gboolean truncated = FALSE;
    json_t *items;
    if (number == POINT_NONE) {
        items = json_array();
    } else {
        g_autoptr(GArray) open = pipeline_open_block(house->pipeline, number);
        items = history_query(worker_of(request)->samples, number, open, range.from_ms, range.to_ms,
                              range.step_ms, RAW_MAX, &truncated, error);
    }
    if (items == NULL)
        return NULL;
    char from[TIME_TEXT], to[TIME_TEXT];
    return json_pack("{s:s, s:O?, s:I, s:s, s:s, s:b, s:o}", "code", code, "unit",
                     json_object_get(point, "unit"), "step", (json_int_t)(range.step_ms / 1000),
                     "from", time_format(range.from_ms, from), "to", time_format(range.to_ms, to),
                     "truncated", truncated, "items", items);
}

static json_t *point_history(Request *request, const Identity *identity, GError **error) {
    json_t *point = record_get(worker_of(request)->records, house_of(request)->packs,
                               &identity->actor, "point", request_part(request, 0), error);
    json_t *body = point ? history(request, point, error) : NULL;
    json_decref(point);
    return body;
}

void api_point_history(Request *request) { house_read(request, point_history); }
