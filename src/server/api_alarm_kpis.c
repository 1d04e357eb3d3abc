/* GET /api/alarm-kpis: figures of the alarm system over recorded alarms in the caller's sight, for
 * a period and its weeks, with the most frequent alarms. */
#include "record/rights.h"
#include "server/house.h"
#include "signal/alarm_kpi.h"

#include <string.h>

enum { DAYS_MAX = 370, ALARMS_MAX = 200000, WORST = 10, WEEK = 7 };

typedef struct {
    const char *enterprise, *region;
    gint64 from_ms, to_ms;
} Asked;

static gboolean read_asked(Request *request, Asked *asked, GError **error) {
    asked->enterprise = request_query(request, "enterprise");
    asked->region = request_query(request, "region");
    if (!house_query_time(request, "to", house_now(request), &asked->to_ms, error) ||
        !house_query_time(request, "from", asked->to_ms - (gint64)4 * WEEK * DAY_MS,
                          &asked->from_ms, error))
        return FALSE;
    if (asked->from_ms >= asked->to_ms || asked->to_ms - asked->from_ms > (gint64)DAYS_MAX * DAY_MS)
        return error_set(error, ERROR_FIELD_RANGE, "from", "from < to, at most 370 days", NULL);
    return TRUE;
}

/* Enterprises with points in sight: each is an operator position. */
static gboolean count_positions(Sql *records, const Packs *packs, const Actor *actor,
                                const Asked *asked, gint64 *positions, GError **error) {
    g_autoptr(GString) text = g_string_new(
        "SELECT COUNT(DISTINCT _enterprise) FROM r_point WHERE _enterprise IS NOT NULL");
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    if (asked->enterprise) {
        g_string_append(text, " AND _enterprise = ?");
        g_ptr_array_add(texts, g_strdup(asked->enterprise));
    }
    if (asked->region && asked->region[0]) {
        g_string_append(text, " AND _region >= ? AND _region < ?");
        g_ptr_array_add(texts, g_strdup(asked->region));
        g_ptr_array_add(texts, rights_prefix_end(asked->region));
    }
    rights_scope_sql(records, actor, packs_type(packs, "point"), "_id", text, texts);
    SqlStatement *st = sql_prepare(records, text->str, error);
    if (st == NULL)
        return FALSE;
    for (guint i = 0; i < texts->len; i++)
        sql_bind_text(st, (int)i + 1, texts->pdata[i]);
    SqlStep step = sql_step(st, error);
    if (step == SQL_ROW)
        *positions = sql_int(st, 0);
    sql_reset(st);
    return step == SQL_ROW;
}

/* Weeks from Monday, the first and last cut by the period. */
static json_t *weeks(const AlarmSpans *spans, const PackTable *table, guint positions,
                     const Asked *asked) {
    json_t *list = json_array();
    for (gint64 from_ms = asked->from_ms; from_ms < asked->to_ms;) {
        gint64 day = day_of(from_ms);
        gint64 end_ms = MIN(day_start(day - day_weekday(day) + 1 + WEEK), asked->to_ms);
        AlarmKpis kpis = alarm_kpis(spans, table, positions, from_ms, end_ms);
        json_array_append_new(list, alarm_kpis_json(&kpis, table));
        from_ms = end_ms;
    }
    return list;
}

static json_t *worst(const House *house, const AlarmSpans *spans, const PackTable *table,
                     const Asked *asked) {
    json_t *list = alarm_kpi_worst(spans, table, asked->from_ms, asked->to_ms, WORST), *one;
    size_t i;
    json_array_foreach(list, i, one) {
        const char *code = json_string_value(json_object_get(one, "point"));
        guint32 number = point_table_find(house->points, code, strlen(code));
        if (number != POINT_NONE)
            json_object_set_new(one, "name",
                                json_string(point_table_def(house->points, number)->name));
    }
    return list;
}

static json_t *answer(const House *house, const AlarmSpans *spans, guint positions,
                      const Asked *asked, gboolean truncated) {
    const PackTable *table = packs_table_named(house->packs, "alarm_kpi");
    AlarmKpis kpis = alarm_kpis(spans, table, positions, asked->from_ms, asked->to_ms);
    return json_pack("{s:o, s:o, s:o, s:b}", "total", alarm_kpis_json(&kpis, table), "weeks",
                     weeks(spans, table, positions, asked), "worst",
                     worst(house, spans, table, asked), "truncated", truncated);
}

static json_t *figures(Request *request, const Identity *identity, GError **error) {
    const House *house = house_of(request);
    Sql *records = worker_of(request)->records;
    Asked asked;
    gint64 positions = 0;
    gboolean truncated = FALSE;
    if (!read_asked(request, &asked, error) ||
        !count_positions(records, house->packs, &identity->actor, &asked, &positions, error))
        return NULL;
    AlarmSpans *spans =
        alarm_spans_read(records, house->packs, &identity->actor, asked.enterprise, asked.region,
                         asked.from_ms, asked.to_ms, ALARMS_MAX, &truncated, error);
    if (spans == NULL)
        return NULL;
    json_t *body = answer(house, spans, (guint)MAX(positions, 1), &asked, truncated);
    alarm_spans_free(spans);
    return body;
}

void api_alarm_kpis(Request *request) { house_read(request, figures); }
