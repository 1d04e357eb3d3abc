#include "signal/night.h"
#include "pack/pack_table.h"
#include "signal/night_part.h"
#include "signal/point_table.h"

#include <math.h>
#include <string.h>

enum { KEPT_VERSION = 1, VERIFY_MAX = 200, HOUR_MS = 3600000, SECOND_MS = 1000 };

/* ---- settings ---- */

gboolean night_wanted(const Packs *packs) {
    return packs_type(packs, "data_quality") && packs_type(packs, "honesty_finding") &&
           packs_type(packs, "honesty_score") && packs_table_named(packs, "monitor_setting") &&
           packs_table_named(packs, "honesty_limit");
}

static double table_number(const Packs *packs, gint64 day, const char *name, const char *key,
                           const char *column) {
    const PackTable *named = packs_table_named(packs, name);
    const PackTable *table = named ? table_on(named, day) : NULL;
    int at = table ? table_column(table, column) : -1;
    Term keys[] = {{.kind = TERM_TEXT, .text = key}};
    Term cell = at >= 0 && table->key_count == 1 ? table_lookup(table, (guint)at, keys)
                                                 : (Term){.kind = TERM_NONE};
    return cell.kind == TERM_NUMBER ? cell.number : NAN;
}

double night_setting(const Packs *packs, gint64 day, const char *name, double otherwise) {
    double value = table_number(packs, day, "monitor_setting", name, "value");
    return isnan(value) ? otherwise : value;
}

HonestyLimits night_limits(const Night *night, const char *measure) {
    const Packs *packs = night->source->packs;
    gint64 day = night->result->day;
    HonestyLimits limits;
    const struct {
        const char *column;
        double *value;
    } columns[] = {{"still_h", &limits.still_h}, {"calm", &limits.calm},
                   {"grid", &limits.grid},       {"jump", &limits.jump},
                   {"copy_n", &limits.copy_n},   {"copy_min", &limits.copy_min}};
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
        *columns[i].value = table_number(packs, day, "honesty_limit", measure, columns[i].column);
    return limits;
}

/* ---- tables ---- */

gboolean night_migrate_records(Sql *records, GError **error) {
    return sql_define(records,
                      "CREATE TABLE IF NOT EXISTS night (day {int} PRIMARY KEY, done_ms {int} NOT "
                      "NULL)",
                      error);
}

gboolean night_migrate_samples(Sql *samples, GError **error) {
    return sql_exec(samples,
                    "CREATE TABLE IF NOT EXISTS point_day (day BIGINT NOT NULL, point BIGINT NOT "
                    "NULL, version INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (day, "
                    "point))",
                    error);
}

GPtrArray *night_enterprises(Sql *records, GError **error) {
    return sql_texts(records, error, 1,
                     "SELECT DISTINCT _enterprise FROM r_point WHERE _enterprise IS NOT NULL ORDER "
                     "BY _enterprise",
                     "");
}

gint64 night_next(Sql *records, Sql *samples, const Packs *packs, gint64 now_ms, GError **error) {
    gint64 today = day_of(now_ms), first_hour, last_hour, done;
    gint64 hour = (gint64)night_setting(packs, today, "hour", 1),
           back = (gint64)night_setting(packs, today, "catch_up_days", HONESTY_DAYS);
    gint64 last = day_of(now_ms - hour * HOUR_MS) - 1;
    if (!history_bounds(samples, &first_hour, &last_hour, error) ||
        !sql_get_int(records, error, &done, -1, "SELECT MAX(day) FROM night", "") ||
        first_hour > last_hour)
        return -1;
    gint64 next = MAX(MAX(done + 1, last - back + 1), day_of(first_hour * HISTORY_HOUR_MS));
    return next <= last ? next : -1;
}

static char *id_of(const char *enterprise, gint64 day) {
    char text[TIME_TEXT];
    return g_strdup_printf("%s.%s", enterprise, day_format(day, text));
}

gboolean night_judged(Sql *records, const char *enterprise, gint64 day, gboolean *judged,
                      GError **error) {
    g_autofree char *id = id_of(enterprise, day);
    gint64 there;
    gboolean good = sql_get_int(records, error, &there, 0,
                                "SELECT 1 FROM r_data_quality WHERE _id = ?", "t", id);
    *judged = good && there;
    return good;
}

gboolean night_done(Sql *records, gint64 day, gint64 now_ms, GError **error) {
    return sql_run(records, error,
                   "INSERT INTO night (day, done_ms) VALUES (?, ?) ON CONFLICT (day) DO NOTHING",
                   "ii", day, now_ms);
}

/* ---- reading ---- */

GArray *night_samples(const Night *night, guint32 number, gint64 from_ms, gint64 to_ms,
                      GError **error) {
    const NightSource *source = night->source;
    GArray *samples = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    gboolean judged = from_ms == night->from_ms; /* former days are on the disk */
    g_autoptr(GArray) open = source->open && judged ? source->open(source->data, number) : NULL;
    if (!history_read(source->samples, number, from_ms, to_ms, samples, error)) {
        g_array_unref(samples);
        return NULL;
    }
    for (guint i = 0; open && i < open->len; i++) {
        const HistorySample *sample = &g_array_index(open, HistorySample, i);
        if (sample->time_ms >= from_ms && sample->time_ms < to_ms)
            g_array_append_vals(samples, sample, 1);
    }
    history_order(samples);
    return samples;
}

static const HistorySample *first_of(const GArray *samples) {
    return (const HistorySample *)(const void *)samples->data;
}

static gboolean kept_day(const Night *night, guint32 number, gint64 day, PointDay *out,
                         gboolean *there, GError **error) {
    SqlStatement *st =
        sql_query(night->source->samples, error,
                  "SELECT bytes FROM point_day WHERE day = ? AND point = ? AND version = ?", "iii",
                  day, (gint64)number, (gint64)KEPT_VERSION);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *there = FALSE;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    gsize n;
    const void *bytes = sql_blob(st, 0, &n);
    *there = n == sizeof *out;
    if (*there)
        memcpy(out, bytes, n);
    sql_reset(st);
    return TRUE;
}

/* The seven days before, from what was kept, else, to `measure` them, from history. */
static gboolean read_former(const Night *night, guint32 number, gboolean measure,
                            PointDay former[HONESTY_DAYS], GError **error) {
    for (guint i = 0; i < HONESTY_DAYS; i++) {
        gboolean there;
        gint64 day = night->result->day - 1 - i;
        if (!kept_day(night, number, day, &former[i], &there, error))
            return FALSE;
        if (there || !measure)
            continue;
        g_autoptr(GArray) samples =
            night_samples(night, number, day_start(day), day_start(day + 1), error);
        if (samples == NULL)
            return FALSE;
        point_day_measure(&former[i], first_of(samples), samples->len, day_start(day),
                          day_start(day + 1), night->gap_ms);
    }
    return TRUE;
}

/* ---- findings ---- */

static void finding_clear(gpointer data) {
    NightFinding *finding = data;
    g_free(finding->point);
    g_free(finding->other);
    g_free(finding->evidence);
}

void night_add(Night *night, HonestyRule rule, const char *point, const char *other, gint64 from_ms,
               gint64 to_ms, char *evidence_take) {
    NightFinding finding = {rule, g_strdup(point), g_strdup(other), from_ms, to_ms, evidence_take};
    g_array_append_val(night->result->findings, finding);
}

static char *evidence_of(const HonestyFinding *finding) {
    char time[TIME_TEXT];
    double hours = (double)(finding->to_ms - finding->from_ms) / HOUR_MS;
    switch (finding->rule) {
    case HONESTY_STUCK:
        return g_strdup_printf("数值 %g 保持 %.1f 小时（%u 个数据），此前 %d 天最长 %.1f 小时",
                               finding->value, hours, finding->count, HONESTY_DAYS,
                               finding->before);
    case HONESTY_QUANTISED:
        return g_strdup_printf("全天 %u 次变化均为 %g 的整数倍，此前 %d 天最小变化 %g",
                               finding->count, finding->value, HONESTY_DAYS, finding->before);
    case HONESTY_JUMP:
        return g_strdup_printf("%u 次跳变，最大 %g，此前 %d 天最大 %g", finding->count,
                               finding->value, HONESTY_DAYS, finding->before);
    default:
        return g_strdup_printf("连续 %u 个数值（%.1f 小时）与 %s 起的数据逐个相同", finding->count,
                               hours, time_format(finding->other_from_ms, time));
    }
}

static void take_findings(Night *night, const NightPoint *point, const char *other,
                          const GArray *found) {
    for (guint i = 0; i < found->len; i++) {
        const HonestyFinding *finding = &g_array_index(found, HonestyFinding, i);
        night_add(night, finding->rule, point->code, other, finding->from_ms, finding->to_ms,
                  evidence_of(finding));
    }
}

/* ---- one point ---- */

static gboolean judge_former_copies(Night *night, const HonestyPoint *judged, GArray *found,
                                    GError **error) {
    for (guint i = 0; i < HONESTY_DAYS; i++) {
        HonestyFinding finding;
        gint64 day = night->result->day - 1 - i;
        if (point_day_shared(&judged->day, &judged->former[i]) == 0)
            continue;
        g_autoptr(GArray) samples =
            night_samples(night, judged->point, day_start(day), day_start(day + 1), error);
        if (samples == NULL)
            return FALSE;
        if (honesty_copied(judged, judged->point, first_of(samples), samples->len, FALSE,
                           &finding)) {
            g_array_append_val(found, finding);
            return TRUE;
        }
    }
    return TRUE;
}

static HonestyPoint honesty_point(const Night *night, const NightPoint *point,
                                  const GArray *samples) {
    return (HonestyPoint){.point = point->number,
                          .samples = first_of(samples),
                          .n = samples->len,
                          .day = point->day,
                          .range_low = point->range_low,
                          .range_high = point->range_high,
                          .limits = night_limits(night, point->measure)};
}

static gboolean judge_point(Night *night, NightPoint *point, GError **error) {
    if (point->derived)
        return TRUE;
    g_autoptr(GArray) samples =
        night_samples(night, point->number, night->from_ms, night->to_ms, error);
    if (samples == NULL)
        return FALSE;
    if (samples->len == 0 && point->created_ms >= night->to_ms)
        return TRUE; /* it was not there yet */
    point_day_measure(&point->day, first_of(samples), samples->len, night->from_ms, night->to_ms,
                      night->gap_ms);
    NightKept kept = {point->number, point->day};
    g_array_append_val(night->result->kept, kept);
    HonestyPoint judged = honesty_point(night, point, samples);
    if (!read_former(night, point->number, samples->len > 0, judged.former, error))
        return FALSE;
    if (!point->out)
        quality_point(night, point, samples, judged.former);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(HonestyFinding));
    honesty_judge(&judged, found);
    if (!judge_former_copies(night, &judged, found, error))
        return FALSE;
    take_findings(night, point, NULL, found);
    return journal_limits(night, point, samples, error);
}

/* ---- copies between points ---- */

/* Points whose days share hashes, as candidates: each point with the first before it. */
static gboolean verify_pair(Night *night, const NightPoint *point, const NightPoint *other,
                            gboolean *same, GError **error) {
    HonestyFinding finding;
    g_autoptr(GArray) own =
        night_samples(night, point->number, night->from_ms, night->to_ms, error);
    g_autoptr(GArray) its =
        own ? night_samples(night, other->number, night->from_ms, night->to_ms, error) : NULL;
    if (its == NULL)
        return FALSE;
    HonestyPoint judged = honesty_point(night, point, own);
    *same = honesty_copied(&judged, other->number, first_of(its), its->len, TRUE, &finding);
    if (*same) {
        g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof finding);
        g_array_append_val(found, finding);
        take_findings(night, point, other->code, found);
    }
    return TRUE;
}

/* At most VERIFY_MAX pairs are read again in a night; each point is found once. */
static gboolean judge_copies(Night *night, GError **error) {
    g_autoptr(GHashTable) owner = g_hash_table_new(g_int64_hash, g_int64_equal);
    guint verified = 0;
    for (guint i = 0; i < night->points->len; i++) {
        NightPoint *point = &g_array_index(night->points, NightPoint, i);
        gboolean same = FALSE;
        for (guint k = 0; k < point->day.hashes; k++) {
            guint64 *hash = &point->day.hash[k];
            NightPoint *other = g_hash_table_lookup(owner, hash);
            if (other == NULL) {
                g_hash_table_insert(owner, hash, point);
            } else if (!same && other != point && verified < VERIFY_MAX) {
                verified++;
                if (!verify_pair(night, point, other, &same, error))
                    return FALSE;
            }
        }
    }
    return TRUE;
}

/* ---- the enterprise ---- */

static void point_clear(gpointer data) {
    NightPoint *point = data;
    g_free(point->code);
    g_free(point->measure);
}

static double number_at(SqlStatement *st, int column) {
    return sql_is_null(st, column) ? NAN : sql_double(st, column);
}

static gint64 seconds_at(SqlStatement *st, int column) {
    return sql_is_null(st, column) ? 0 : (gint64)(sql_double(st, column) * SECOND_MS);
}

static gboolean read_points(Night *night, GError **error) {
    SqlStatement *st =
        sql_query(night->source->records, error,
                  "SELECT _id, measure, range_low, range_high, stale_s, period_s, out_until, "
                  "formula, service, _created_ms FROM r_point WHERE _enterprise = ? ORDER BY _id",
                  "t", night->result->enterprise);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        NightPoint point = {.code = g_strdup(sql_text(st, 0)),
                            .measure = g_strdup(sql_is_null(st, 1) ? "other" : sql_text(st, 1)),
                            .number = POINT_NONE,
                            .range_low = number_at(st, 2),
                            .range_high = number_at(st, 3),
                            .stale_ms = seconds_at(st, 4),
                            .period_ms = seconds_at(st, 5),
                            .until_ms = sql_is_null(st, 6) ? 0 : sql_int(st, 6),
                            .derived = !sql_is_null(st, 7),
                            .out = g_strcmp0(sql_text(st, 8), "out_of_service") == 0,
                            .created_ms = sql_int(st, 9)};
        g_array_append_val(night->points, point);
    }
    return step == SQL_DONE;
}

static gboolean find_numbers(Night *night, GError **error) {
    for (guint i = 0; i < night->points->len; i++) {
        NightPoint *point = &g_array_index(night->points, NightPoint, i);
        gint64 number;
        if (!sql_get_int(night->source->samples, error, &number, POINT_NONE,
                         "SELECT number FROM point WHERE code = ?", "t", point->code))
            return FALSE;
        point->number = (guint32)number;
    }
    return TRUE;
}

static gboolean judge_points(Night *night, GError **error) {
    for (guint i = 0; i < night->points->len; i++)
        if (!judge_point(night, &g_array_index(night->points, NightPoint, i), error))
            return FALSE;
    return TRUE;
}

NightResult *night_judge(const NightSource *source, const char *enterprise, gint64 day,
                         GError **error) {
    NightResult *result = g_new0(NightResult, 1);
    result->day = day;
    result->enterprise = g_strdup(enterprise);
    result->findings = g_array_new(FALSE, FALSE, sizeof(NightFinding));
    g_array_set_clear_func(result->findings, finding_clear);
    result->kept = g_array_new(FALSE, FALSE, sizeof(NightKept));
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(NightPoint));
    g_array_set_clear_func(points, point_clear);
    Night night = {
        .source = source,
        .result = result,
        .from_ms = day_start(day),
        .to_ms = day_start(day + 1),
        .points = points,
        .gap_ms = (gint64)(night_setting(source->packs, day, "gap_s", 300) * SECOND_MS),
        .stale_ms = (gint64)(night_setting(source->packs, day, "stale_s", 3600) * SECOND_MS),
        .window_ms = (gint64)(night_setting(source->packs, day, "window_min", 60) * 60000),
    };
    if (read_points(&night, error) && find_numbers(&night, error) &&
        gateway_down_load(source->samples, day, &night.down, error) &&
        judge_points(&night, error) && judge_copies(&night, error) &&
        journal_bypass(&night, error) && quality_gateways(&night, error))
        return result;
    night_free(result);
    return NULL;
}

void night_free(NightResult *result) {
    if (result == NULL)
        return;
    g_array_unref(result->findings);
    g_array_unref(result->kept);
    g_free(result->enterprise);
    g_free(result);
}

gboolean night_keep(Sql *samples, const NightResult *result, GError **error) {
    for (guint i = 0; i < result->kept->len; i++) {
        const NightKept *kept = &g_array_index(result->kept, NightKept, i);
        if (!sql_run(samples, error,
                     "INSERT INTO point_day (day, point, version, bytes) VALUES (?, ?, ?, ?) ON "
                     "CONFLICT (day, point) DO UPDATE SET version = excluded.version, bytes = "
                     "excluded.bytes",
                     "iiib", result->day, (gint64)kept->number, (gint64)KEPT_VERSION, &kept->day,
                     sizeof kept->day))
            return FALSE;
    }
    return sql_run(samples, error, "DELETE FROM point_day WHERE day < ?", "i",
                   result->day - HONESTY_DAYS);
}
