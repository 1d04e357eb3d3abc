/* One point's day in figures: what came and what was missing, and how the signal moves, so that the
 * next days can be held against it (signal/honesty.h). Pure: samples in order of time in, a struct
 * of fixed size out; no clock, no allocation.
 *
 * How it moves. A step is the change between two usable samples that follow one another, a move a
 * step that is not 0. An instrument on a living process flickers: a move against the one before it
 * is a turn. `calm` is the share of turns among the moves in the three hours of the day that had
 * the smallest (0 when nothing moved), so it says whether the signal flickers even when the process
 * stands still: 0 for a valve, a switch, a signal whose noise is below its last digit.
 *
 * The sketch. Each window of POINT_WINDOW samples whose steps have at least POINT_VARIETY
 * different values is hashed by its values alone; the smallest POINT_SKETCH hashes of the day are
 * kept. Two days share hashes only when they share stretches of samples, whatever the shift between
 * them; ramps, constants and short cycles have no hashes. */
#pragma once
#include "base/clock.h"
#include "signal/history.h"

enum { POINT_WINDOW = 24, POINT_VARIETY = 8, POINT_SKETCH = 32 };

typedef struct {
    guint32 count, usable, bad, late;
    gint64 first_ms, last_ms; /* of any sample; 0: none */
    gint64 pace_ms;           /* median time between samples; 0: unknown */
    double min, max;          /* of usable samples */
    /* silence */
    gint64 silent_ms; /* the longest, also from the day's start and to its end */
    guint32 gaps;     /* silences longer than the caller's bound */
    gint64 gaps_ms;
    /* movement */
    guint32 steps, moves; /* pairs of usable samples; those that differ */
    double step_least;    /* smallest move; 0: none */
    double step_most;     /* largest move */
    double calm;          /* 0..1; -1: too few samples to say */
    gint64 still_ms;      /* the longest stretch of one value */
    gint64 still_from_ms;
    double still_value;
    guint32 hashes;
    guint64 hash[POINT_SKETCH]; /* ascending */
} PointDay;

/* `samples` (HistorySample, ordered) of [from, to); silences longer than `gap_ms` are gaps. */
void point_day_measure(PointDay *day, const HistorySample *samples, guint n, gint64 from_ms,
                       gint64 to_ms, gint64 gap_ms);
/* How many samples of a pace the times between from and to should hold, and how many of these are
 * missing: each silence of k paces lacks k - 1. `down` marks the slots of five minutes since `from`
 * in which nobody listened (may be NULL): silence in them lacks nothing. */
void point_day_missing(const HistorySample *samples, guint n, gint64 from_ms, gint64 to_ms,
                       gint64 pace_ms, const guint8 *down, double *expected, double *missing);
/* How many hashes two days share. */
guint point_day_shared(const PointDay *a, const PointDay *b);
/* The longest stretch of samples with equal values in both, values alone: where it begins in each,
 * and how many. Only stretches whose steps have POINT_VARIETY different values count. */
typedef struct {
    guint a, b, n;
} SameRun;
SameRun same_run(const HistorySample *a, guint n_a, const HistorySample *b, guint n_b);
