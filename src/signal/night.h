/* The nightly look at one enterprise's day: how good its data was (record `data_quality`), what in
 * it is doubtful (records `honesty_finding`, rules in signal/honesty.h and below), and its honesty
 * score (record `honesty_score`, whose formula stands in packs/monitor). Point by point, so that
 * memory is bounded by one point's day and the figures of the others; a day of 5,000 points at 5 s
 * is read in portions of 17,280 samples.
 *
 * Figures of data_quality
 *  - points: in service at the end of the day, without derived ones.
 *  - silent: no sample with a time of that day; stale: silent longer than stale_s (of the point,
 *    else of monitor_setting).
 *  - online_rate: share of the day's slots of five minutes, in which this server listened, in which
 *    a gateway of the enterprise was heard; when no gateway of it is known, in which a sample that
 *    came in order was measured.
 *  - expected: the day, without slots in which the server did not listen, over period_s of the
 *    point, else over the median time between its samples (of the last day that had one); a point
 *    of which neither is known counts as silent only.
 *  - completeness: 1 - missing / expected: each silence of k periods lacks k - 1 samples, so that
 *    samples sent too often make up for nothing.
 *  - late, bad: shares of what was received; late: after a newer sample of its point.
 *  - gaps: silences of a point longer than monitor_setting.gap_s.
 *  - skew, refused, backlog: the largest by size, and the sums, over the gateways, by receipt.
 *
 * Rules beyond signal/honesty.h
 *  - limit_change: a limit of the point was loosened or emptied within window_min of samples beyond
 *    what it was; or a delay, a rate or another bound within window_min of an alarm of the point.
 *  - bypass: out of service bypass_h beyond the approved end; or alarms of a point shelved
 *    shelve_times in the day; or bypass_share per cent of the enterprise's points out of service,
 *    shelved or suppressed when the night looks.
 *
 * Settings are the tables monitor_setting, honesty_limit and honesty_weight. Without the pack
 * `monitor` there is nothing to do (night_wanted). */
#pragma once
#include "record/record.h"
#include "signal/honesty.h"

typedef struct {
    Sql *records, *samples; /* to read */
    const Packs *packs;
    /* What is not on disk yet of a point's history (pipeline_open_block), or NULL. */
    GArray *(*open)(gpointer data, guint32 point);
    gpointer data;
} NightSource;

typedef struct {
    guint points, silent, stale, gaps, gateways;
    guint64 received, late, bad, refused, backlog;
    double expected, missing, gaps_ms, skew_ms, online; /* online: 0..1; NAN: unknown */
    gboolean by_gateway, skew_known;
} NightQuality;

typedef struct {
    HonestyRule rule;
    char *point, *other; /* codes; NULL: none */
    gint64 from_ms, to_ms;
    char *evidence;
} NightFinding;

typedef struct {
    gint64 day;
    char *enterprise;
    NightQuality quality;
    GArray *findings; /* NightFinding */
    GArray *kept;     /* NightKept: for the days to come */
} NightResult;

gboolean night_wanted(const Packs *packs);
double night_setting(const Packs *packs, gint64 day, const char *name, double otherwise);
gboolean night_migrate_records(Sql *records, GError **error);
gboolean night_migrate_samples(Sql *samples, GError **error);

/* Codes of the enterprises that have points; caller frees. */
GPtrArray *night_enterprises(Sql *records, GError **error);
/* The next day to judge at `now_ms`, or -1: none is due, or there is no history of it. */
gint64 night_next(Sql *records, Sql *samples, const Packs *packs, gint64 now_ms, GError **error);
/* Whether the enterprise's day was judged before; *judged. */
gboolean night_judged(Sql *records, const char *enterprise, gint64 day, gboolean *judged,
                      GError **error);

/* Reads and judges; NULL on error. */
NightResult *night_judge(const NightSource *source, const char *enterprise, gint64 day,
                         GError **error);
void night_free(NightResult *result);
/* In a job of the records writer: report, findings, score; nothing when it was judged before. */
gboolean night_write(Sql *records, const Packs *packs, const NightResult *result, gint64 now_ms,
                     GError **error);
/* In a job of the samples writer: figures that later days are held against; forgets old ones. */
gboolean night_keep(Sql *samples, const NightResult *result, GError **error);
/* In a job of the records writer, when all enterprises are judged. */
gboolean night_done(Sql *records, gint64 day, gint64 now_ms, GError **error);
