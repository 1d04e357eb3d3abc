/* What the journal says of a day: limits that were loosened around an alarm, points by-passed. */
#include "signal/night_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600000 };

/* ---- loosened limits ---- */

/* Bounds of a point; `up`: a larger value is looser, `level`: samples say whether it mattered. */
static const struct {
    const char *field, *title;
    gboolean up, level;
} bounds[] = {
    {"limit_high", "高报值", TRUE, TRUE},         {"limit_high_high", "高高报值", TRUE, TRUE},
    {"limit_low", "低报值", FALSE, TRUE},         {"limit_low_low", "低低报值", FALSE, TRUE},
    {"rate_limit", "变化速率限值", TRUE, FALSE},  {"on_delay_s", "报警延时", TRUE, FALSE},
    {"deviation_limit", "允许偏差", TRUE, FALSE}, {"stale_s", "中断判定时间", TRUE, FALSE},
    {"stuck_s", "不变判定时间", TRUE, FALSE},
};

static guint beyond(const Night *night, const GArray *samples, gint64 at_ms, double limit,
                    gboolean up) {
    guint n = 0;
    for (guint i = 0; i < samples->len; i++) {
        const HistorySample *sample = &g_array_index(samples, HistorySample, i);
        gboolean near = ABS(sample->time_ms - at_ms) <= night->window_ms;
        if (near && sample->quality != QUALITY_BAD)
            n += up ? sample->value >= limit : sample->value <= limit;
    }
    return n;
}

static gboolean alarms_near(const Night *night, const char *point, gint64 at_ms, gint64 *n,
                            GError **error) {
    return sql_get_int(night->source->records, error, n, 0,
                       "SELECT COUNT(*) FROM r_alarm WHERE point = ? AND onset BETWEEN ? AND ?",
                       "tii", point, at_ms - night->window_ms, at_ms + night->window_ms);
}

static char *number_text(json_t *value) {
    return json_is_number(value) ? g_strdup_printf("%g", json_number_value(value))
                                 : g_strdup("未设");
}

typedef struct {
    gint64 seq, at_ms;
    const char *actor;
    json_t *diff;
} Change;

static gboolean judge_bound(Night *night, const NightPoint *point, const GArray *samples,
                            const Change *change, gsize b, GError **error) {
    json_t *pair = json_object_get(change->diff, bounds[b].field);
    json_t *old = json_array_get(pair, 0), *new = json_array_get(pair, 1);
    if (!json_is_number(old))
        return TRUE;
    double was = json_number_value(old), is = json_number_value(new);
    if (json_is_number(new) && (bounds[b].up ? is <= was : is >= was))
        return TRUE;
    gint64 n;
    if (bounds[b].level)
        n = beyond(night, samples, change->at_ms, was, bounds[b].up);
    else if (!alarms_near(night, point->code, change->at_ms, &n, error))
        return FALSE;
    if (n == 0)
        return TRUE;
    char time[TIME_TEXT];
    g_autofree char *before = number_text(old), *after = number_text(new);
    night_add(night, HONESTY_LIMIT, point->code, NULL, change->at_ms - night->window_ms,
              change->at_ms + night->window_ms,
              g_strdup_printf("%s %s 将%s由 %s 改为 %s（日志 %" G_GINT64_FORMAT
                              "），前后 %d 分钟内有 %" G_GINT64_FORMAT " %s",
                              time_format(change->at_ms, time), change->actor, bounds[b].title,
                              before, after, change->seq, (int)(night->window_ms / 60000), n,
                              bounds[b].level ? "个数据超过原限值" : "条报警"));
    return TRUE;
}

static gboolean judge_change(Night *night, const NightPoint *point, const GArray *samples,
                             const Change *change, GError **error) {
    for (gsize b = 0; b < G_N_ELEMENTS(bounds); b++)
        if (!judge_bound(night, point, samples, change, b, error))
            return FALSE;
    return TRUE;
}

/* Few entries, so their texts are copied and the query is left before others begin. */
gboolean journal_limits(Night *night, const NightPoint *point, const GArray *samples,
                        GError **error) {
    g_autoptr(GPtrArray) rows =
        sql_texts(night->source->records, error, 4,
                  "SELECT CAST(seq AS TEXT), CAST(time_ms AS TEXT), actor, diff FROM journal WHERE "
                  "type = 'point' AND id = ? AND action <> 'create' AND time_ms >= ? AND time_ms < "
                  "? ORDER BY seq",
                  "tii", point->code, night->from_ms, night->to_ms);
    gboolean good = rows != NULL;
    for (guint i = 0; good && i + 3 < rows->len; i += 4) {
        json_t *diff = json_loads(rows->pdata[i + 3], 0, NULL);
        Change change = {g_ascii_strtoll(rows->pdata[i], NULL, 10),
                         g_ascii_strtoll(rows->pdata[i + 1], NULL, 10), rows->pdata[i + 2], diff};
        good = judge_change(night, point, samples, &change, error);
        json_decref(diff);
    }
    return good;
}

/* ---- by-passed points ---- */

static double setting(const Night *night, const char *name, double otherwise) {
    return night_setting(night->source->packs, night->result->day, name, otherwise);
}

static void overdue_points(Night *night) {
    double hours = setting(night, "bypass_h", 8);
    for (guint i = 0; i < night->points->len; i++) {
        const NightPoint *point = &g_array_index(night->points, NightPoint, i);
        double beyond_h = (double)(night->to_ms - point->until_ms) / HOUR_MS;
        if (!point->out || point->until_ms == 0 || beyond_h < hours)
            continue;
        char until[TIME_TEXT];
        night_add(night, HONESTY_BYPASS, point->code, NULL, point->until_ms, night->to_ms,
                  g_strdup_printf("停用批准至 %s，已超过 %.0f 小时仍未恢复",
                                  time_format(point->until_ms, until), beyond_h));
    }
}

/* Points in service whose alarm is shelved, or suppressed by design. */
static gboolean muted_points(const Night *night, const char *state, gint64 *n, GError **error) {
    return sql_get_int(night->source->records, error, n, 0,
                       "SELECT COUNT(DISTINCT a.point) FROM r_alarm a JOIN r_point p ON p._id = "
                       "a.point WHERE a._enterprise = ? AND a._state = ? AND (p.service IS NULL OR "
                       "p.service <> 'out_of_service')",
                       "tt", night->result->enterprise, state);
}

static gboolean share_of_points(Night *night, GError **error) {
    guint out = 0, all = night->points->len;
    gint64 shelved, suppressed;
    for (guint i = 0; i < all; i++)
        out += g_array_index(night->points, NightPoint, i).out;
    if (!muted_points(night, "shelved", &shelved, error) ||
        !muted_points(night, "suppressed", &suppressed, error))
        return FALSE;
    double by_passed = (double)(out + shelved + suppressed);
    if (by_passed == 0 || by_passed * 100 < setting(night, "bypass_share", 10) * all)
        return TRUE;
    night_add(night, HONESTY_BYPASS, NULL, NULL, night->from_ms, night->to_ms,
              g_strdup_printf("%u 个点位中 %u 个停用，%" G_GINT64_FORMAT
                              " 个报警被搁置，%" G_GINT64_FORMAT " 个报警被抑制",
                              all, out, shelved, suppressed));
    return TRUE;
}

static gboolean shelved_often(Night *night, GError **error) {
    gint64 least = (gint64)setting(night, "shelve_times", 3);
    g_autoptr(GPtrArray) rows = sql_texts(
        night->source->records, error, 2,
        "SELECT r.point, CAST(COUNT(*) AS TEXT) FROM r_alarm r JOIN journal j ON j.type = 'alarm' "
        "AND j.id = r._id WHERE r._enterprise = ? AND r._updated_ms >= ? AND j.action = "
        "'move:shelve' AND j.time_ms >= ? AND j.time_ms < ? AND r.point IS NOT NULL GROUP BY "
        "r.point HAVING COUNT(*) >= ? ORDER BY r.point",
        "tiiii", night->result->enterprise, night->from_ms, night->from_ms, night->to_ms, least);
    for (guint i = 0; rows && i + 1 < rows->len; i += 2)
        night_add(night, HONESTY_BYPASS, rows->pdata[i], NULL, night->from_ms, night->to_ms,
                  g_strdup_printf("当日报警被搁置 %s 次", (const char *)rows->pdata[i + 1]));
    return rows != NULL;
}

gboolean journal_bypass(Night *night, GError **error) {
    overdue_points(night);
    return share_of_points(night, error) && shelved_often(night, error);
}
