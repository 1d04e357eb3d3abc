/* The records of a judged day. */
#include "signal/night_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_LISTED = 50, MONTH_DAYS = 30 };

typedef struct {
    Sql *records;
    const Packs *packs;
    const NightResult *result;
    gint64 now_ms;
    char day[TIME_TEXT], *id;
} Write;

static gboolean create(const Write *write, const char *type, const char *id, json_t *fields_take,
                       GError **error) {
    json_t *record = record_create_with_id(write->records, write->packs, &actor_engine, type, id,
                                           fields_take, write->now_ms, error);
    json_decref(fields_take);
    json_decref(record);
    return record != NULL;
}

/* ---- the report ---- */

static double rounded(double value) { return round(value * 100) / 100; }

static void set_share(json_t *fields, const char *name, double part, double whole) {
    if (whole > 0)
        json_object_set_new(fields, name, json_real(rounded(part / whole * 100)));
}

static gboolean write_report(const Write *write, GError **error) {
    const NightQuality *q = &write->result->quality;
    json_t *fields = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:I, s:I, s:i, s:f, s:i, s:I, s:I}", "enterprise",
        write->result->enterprise, "day", write->day, "points", (int)q->points, "points_silent",
        (int)q->silent, "points_stale", (int)q->stale, "received", (json_int_t)q->received,
        "expected", (json_int_t)llround(q->expected), "gaps", (int)q->gaps, "gap_hours",
        rounded(q->gaps_ms / 3600000), "gateways", (int)q->gateways, "refused",
        (json_int_t)q->refused, "backlog", (json_int_t)q->backlog);
    if (!isnan(q->online)) {
        set_share(fields, "online_rate", q->online, 1);
        json_object_set_new(fields, "online_by",
                            json_string(q->by_gateway ? "gateway" : "samples"));
    }
    set_share(fields, "completeness", q->expected - q->missing, q->expected);
    set_share(fields, "late_share", (double)q->late, (double)q->received);
    set_share(fields, "bad_share", (double)q->bad, (double)q->received);
    if (q->skew_known)
        json_object_set_new(fields, "skew_s", json_real(rounded(q->skew_ms / 1000)));
    return create(write, "data_quality", write->id, fields, error);
}

/* ---- findings ---- */

static const char *text(const char *value) { return value ? value : ""; }

/* The newest finding of the same rule and points: id, state, days, and when it came to its state;
 * empty when there is none. */
static GPtrArray *former_finding(const Write *write, const NightFinding *finding, GError **error) {
    return sql_texts(write->records, error, 4,
                     "SELECT _id, _state, CAST(days AS TEXT), CAST(_state_ms AS TEXT) FROM "
                     "r_honesty_finding WHERE _enterprise = ? AND rule = ? AND coalesce(point, '') "
                     "= ? AND coalesce(other, '') = ? ORDER BY _created_ms DESC, _id DESC LIMIT 1",
                     "tttt", write->result->enterprise, honesty_rule_code(finding->rule),
                     text(finding->point), text(finding->other));
}

static void set_time(json_t *fields, const char *name, gint64 ms) {
    char buffer[TIME_TEXT];
    json_object_set_new(fields, name, json_string(time_format(ms, buffer)));
}

static json_t *finding_fields(const Write *write, const NightFinding *finding) {
    json_t *fields = json_pack("{s:s, s:s, s:s, s:s}", "enterprise", write->result->enterprise,
                               "rule", honesty_rule_code(finding->rule), "day", write->day,
                               "evidence", finding->evidence);
    if (finding->point)
        json_object_set_new(fields, "point", json_string(finding->point));
    if (finding->other)
        json_object_set_new(fields, "other", json_string(finding->other));
    set_time(fields, "from", finding->from_ms);
    set_time(fields, "until", finding->to_ms);
    return fields;
}

static gboolean see_again(const Write *write, const NightFinding *finding, const char *id,
                          gint64 days, GError **error) {
    json_t *fields = json_pack("{s:s, s:I, s:s}", "day", write->day, "days", (json_int_t)(days + 1),
                               "evidence", finding->evidence);
    set_time(fields, "until", finding->to_ms);
    json_t *record = record_move(write->records, write->packs, &actor_engine, "honesty_finding", id,
                                 "again", 0, fields, NULL, write->now_ms, error);
    json_decref(fields);
    json_decref(record);
    return record != NULL;
}

/* An open one is seen again; what people have decided of late is not asked anew. */
static gboolean write_finding(const Write *write, const NightFinding *finding, GError **error) {
    double quiet = night_setting(write->packs, write->result->day, "quiet_days", MONTH_DAYS);
    g_autoptr(GPtrArray) former = former_finding(write, finding, error);
    if (former == NULL)
        return FALSE;
    if (former->len == 4 && g_str_equal(former->pdata[1], "open"))
        return see_again(write, finding, former->pdata[0],
                         g_ascii_strtoll(former->pdata[2], NULL, 10), error);
    if (former->len == 4 &&
        (double)(write->now_ms - g_ascii_strtoll(former->pdata[3], NULL, 10)) < quiet * DAY_MS)
        return TRUE;
    return create(write, "honesty_finding", NULL, finding_fields(write, finding), error);
}

/* ---- the score ---- */

static const char counted[] =
    " FROM r_honesty_finding WHERE _enterprise = ? AND _state <> 'dismissed' AND day > ?";

static json_t *contributors(const Write *write, const char *since, GError **error) {
    g_autofree char *query = g_strconcat("SELECT rule, CAST(COUNT(*) AS TEXT)", counted,
                                         " GROUP BY rule ORDER BY rule", NULL);
    g_autoptr(GPtrArray) rows =
        sql_texts(write->records, error, 2, query, "tt", write->result->enterprise, since);
    json_t *list = rows ? json_array() : NULL;
    for (guint i = 0; rows && i + 1 < rows->len; i += 2)
        json_array_append_new(
            list, json_pack("{s:s, s:I}", "rule", (const char *)rows->pdata[i], "findings",
                            (json_int_t)g_ascii_strtoll(rows->pdata[i + 1], NULL, 10)));
    return list;
}

static void point_row(json_t *list, const char *point, GString *rules, double weight) {
    if (point && json_array_size(list) < POINTS_LISTED)
        json_array_append_new(list, json_pack("{s:s, s:s, s:f}", "point", point, "rules",
                                              rules->str, "weight", weight));
    g_string_truncate(rules, 0);
}

static const char *rule_title(const Packs *packs, const char *rule) {
    const Field *field = type_field(packs_type(packs, "honesty_finding"), "rule");
    const CodeItem *item =
        field && field->codes ? g_hash_table_lookup(field->codes->by_code, rule) : NULL;
    return item ? item->title.zh : rule;
}

/* One row a point, its findings together. */
static json_t *points(const Write *write, const char *since, GError **error) {
    g_autofree char *query =
        g_strconcat("SELECT point, rule, CAST(SUM(coalesce(weight, 0)) AS TEXT)", counted,
                    " AND point IS NOT NULL GROUP BY point, rule ORDER BY point, rule", NULL);
    g_autoptr(GPtrArray) rows =
        sql_texts(write->records, error, 3, query, "tt", write->result->enterprise, since);
    json_t *list = rows ? json_array() : NULL;
    GString *rules = g_string_new(NULL);
    const char *point = NULL;
    double weight = 0;
    for (guint i = 0; rows && i + 2 < rows->len; i += 3) {
        if (g_strcmp0(point, rows->pdata[i]) != 0) {
            point_row(list, point, rules, weight);
            point = rows->pdata[i];
            weight = 0;
        }
        g_string_append_printf(rules, "%s%s", rules->len ? "、" : "",
                               rule_title(write->packs, rows->pdata[i + 1]));
        weight += g_ascii_strtod(rows->pdata[i + 2], NULL);
    }
    if (list)
        point_row(list, point, rules, weight);
    g_string_free(rules, TRUE);
    return list;
}

static gboolean write_score(const Write *write, GError **error) {
    char since[TIME_TEXT];
    gint64 days = (gint64)night_setting(write->packs, write->result->day, "score_days", MONTH_DAYS);
    day_format(write->result->day - days, since);
    json_t *why = contributors(write, since, error),
           *who = why ? points(write, since, error) : NULL;
    if (who == NULL) {
        json_decref(why);
        return FALSE;
    }
    return create(write, "honesty_score", write->id,
                  json_pack("{s:s, s:s, s:i, s:o, s:o}", "enterprise", write->result->enterprise,
                            "day", write->day, "points_judged", (int)write->result->kept->len,
                            "contributors", why, "points", who),
                  error);
}

/* ---- all of it ---- */

gboolean night_write(Sql *records, const Packs *packs, const NightResult *result, gint64 now_ms,
                     GError **error) {
    gboolean judged;
    if (!night_judged(records, result->enterprise, result->day, &judged, error))
        return FALSE;
    if (judged)
        return TRUE;
    Write write = {records, packs, result, now_ms, "", NULL};
    day_format(result->day, write.day);
    write.id = g_strdup_printf("%s.%s", result->enterprise, write.day);
    gboolean good = write_report(&write, error);
    for (guint i = 0; good && i < result->findings->len; i++)
        good = write_finding(&write, &g_array_index(result->findings, NightFinding, i), error);
    good = good && write_score(&write, error);
    g_free(write.id);
    return good;
}
