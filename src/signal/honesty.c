#include "signal/honesty.h"

#include <math.h>
#include <string.h>

enum { HOUR_MS = 3600000, MINUTE_MS = 60000, PACES_APART = 3, STILL_LEAST = 12 };

const char *honesty_rule_code(HonestyRule rule) {
    static const char *const codes[HONESTY_RULES] = {
        [HONESTY_STUCK] = "stuck",
        [HONESTY_QUANTISED] = "quantised",
        [HONESTY_COPIED_POINT] = "copied_point",
        [HONESTY_COPIED_DAY] = "copied_day",
        [HONESTY_JUMP] = "jump",
        [HONESTY_LIMIT] = "limit_change",
        [HONESTY_BYPASS] = "bypass",
    };
    return codes[rule];
}

/* ---- former days ---- */

static guint known_days(const HonestyPoint *point) {
    guint n = 0;
    for (guint i = 0; i < HONESTY_DAYS; i++)
        n += point->former[i].usable > 0;
    return n;
}

typedef double (*Figure)(const PointDay *day);
static double longest_still(const PointDay *day) { return (double)day->still_ms; }
static double least_step(const PointDay *day) { return day->step_least; }
static double most_step(const PointDay *day) { return day->step_most; }

static double largest(const HonestyPoint *point, Figure figure) {
    double most = 0;
    for (guint i = 0; i < HONESTY_DAYS; i++)
        if (point->former[i].usable > 0)
            most = MAX(most, figure(&point->former[i]));
    return most;
}

/* The calmest hour of all former days; -1: none was measured. */
static double calmest(const HonestyPoint *point) {
    double calm = -1;
    for (guint i = 0; i < HONESTY_DAYS; i++)
        if (point->former[i].usable > 0 && point->former[i].calm >= 0)
            calm = calm < 0 ? point->former[i].calm : MIN(calm, point->former[i].calm);
    return calm;
}

/* ---- stuck ---- */

static gboolean is_rest(const HonestyPoint *point, double value) {
    static const double near = 0.01; /* of the range */
    double low = point->range_low, high = point->range_high;
    if (value == 0)
        return TRUE;
    if (!(high > low))
        return FALSE;
    return value <= low + (high - low) * near || value >= high - (high - low) * near;
}

static guint samples_between(const HonestyPoint *point, gint64 from_ms, gint64 to_ms) {
    guint n = 0;
    for (guint i = 0; i < point->n; i++)
        n += point->samples[i].time_ms >= from_ms && point->samples[i].time_ms <= to_ms;
    return n;
}

static void judge_still(const HonestyPoint *point, GArray *out) {
    const PointDay *day = &point->day;
    double before = largest(point, longest_still);
    if (!((double)day->still_ms >= point->limits.still_h * HOUR_MS) || known_days(point) == 0 ||
        !(calmest(point) >= point->limits.calm) || before * 3 > (double)day->still_ms ||
        is_rest(point, day->still_value))
        return;
    gint64 to_ms = day->still_from_ms + day->still_ms;
    guint n = samples_between(point, day->still_from_ms, to_ms);
    if (n < STILL_LEAST) /* silence is another matter */
        return;
    HonestyFinding finding = {.rule = HONESTY_STUCK,
                              .point = point->point,
                              .other = point->point,
                              .from_ms = day->still_from_ms,
                              .to_ms = to_ms,
                              .count = n,
                              .value = day->still_value,
                              .before = before / HOUR_MS};
    g_array_append_val(out, finding);
}

/* ---- quantised ---- */

/* Whether all moves of the day are whole multiples of its smallest. */
static gboolean on_a_grid(const HonestyPoint *point) {
    static const double slack = 0.02; /* of a step: values are rounded when they are written */
    double step = point->day.step_least;
    const HistorySample *last = NULL;
    for (guint i = 0; i < point->n; i++) {
        const HistorySample *sample = &point->samples[i];
        if (sample->quality == QUALITY_BAD)
            continue;
        double steps = last ? fabs(sample->value - last->value) / step : 0;
        if (fabs(steps - round(steps)) > slack)
            return FALSE;
        last = sample;
    }
    return TRUE;
}

/* A quiet day's smallest move may be several digits; the day is held against the worst of them. */
static void judge_grid(const HonestyPoint *point, GArray *out) {
    const PointDay *day = &point->day;
    double before = largest(point, least_step);
    if (before <= 0 || day->moves < GRID_MOVES ||
        !(day->step_least >= before * point->limits.grid) || !on_a_grid(point))
        return;
    HonestyFinding finding = {.rule = HONESTY_QUANTISED,
                              .point = point->point,
                              .other = point->point,
                              .from_ms = day->first_ms,
                              .to_ms = day->last_ms,
                              .count = day->moves,
                              .value = day->step_least,
                              .before = before};
    g_array_append_val(out, finding);
}

/* ---- jumps ---- */

static double span_of(const HonestyPoint *point) {
    if (point->range_high > point->range_low)
        return point->range_high - point->range_low;
    double low = INFINITY, high = -INFINITY;
    for (guint i = 0; i < HONESTY_DAYS; i++)
        if (point->former[i].usable > 0) {
            low = MIN(low, point->former[i].min);
            high = MAX(high, point->former[i].max);
        }
    return high > low ? 2 * (high - low) : NAN;
}

static void judge_jumps(const HonestyPoint *point, GArray *out) {
    double span = span_of(point), before = largest(point, most_step);
    gint64 apart_ms = point->day.pace_ms * PACES_APART;
    HonestyFinding finding = {
        .rule = HONESTY_JUMP, .point = point->point, .other = point->point, .before = before};
    const HistorySample *last = NULL;
    for (guint i = 0; i < point->n; i++) {
        const HistorySample *sample = &point->samples[i];
        if (sample->quality != QUALITY_GOOD)
            continue;
        gint64 dt_ms = last ? sample->time_ms - last->time_ms : 0;
        double size = last ? fabs(sample->value - last->value) : 0;
        double allowed = span * point->limits.jump * (double)MAX(dt_ms, MINUTE_MS) / MINUTE_MS;
        if (dt_ms > 0 && dt_ms <= apart_ms && size > allowed && size > 5 * before) {
            finding.from_ms = finding.count ? finding.from_ms : last->time_ms;
            finding.to_ms = sample->time_ms;
            finding.value = MAX(finding.value, size);
            finding.count++;
        }
        last = sample;
    }
    if (finding.count >= 2)
        g_array_append_val(out, finding);
}

void honesty_judge(const HonestyPoint *point, GArray *out) {
    if (!isnan(point->limits.still_h))
        judge_still(point, out);
    if (!isnan(point->limits.grid))
        judge_grid(point, out);
    if (!isnan(point->limits.jump))
        judge_jumps(point, out);
}

/* ---- copies ---- */

gboolean honesty_copied(const HonestyPoint *point, guint32 other, const HistorySample *samples,
                        guint n, gboolean same_day, HonestyFinding *finding) {
    SameRun run = same_run(samples, n, point->samples, point->n);
    if (!(run.n >= point->limits.copy_n))
        return FALSE;
    guint last = run.b;
    for (guint left = run.n - 1; left > 0; last++) /* the last usable one of the stretch */
        left -= point->samples[last + 1].quality != QUALITY_BAD;
    *finding = (HonestyFinding){.rule = same_day ? HONESTY_COPIED_POINT : HONESTY_COPIED_DAY,
                                .point = point->point,
                                .other = other,
                                .from_ms = point->samples[run.b].time_ms,
                                .to_ms = point->samples[last].time_ms,
                                .other_from_ms = samples[run.a].time_ms,
                                .count = run.n};
    return (double)(finding->to_ms - finding->from_ms) >= point->limits.copy_min * MINUTE_MS;
}
