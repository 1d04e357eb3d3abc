#include "signal/point_day.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_MS = 3 * 3600000,
    BLOCKS = 9,
    STEPS_LEAST = 10,
    PACES = 4096,
    SLOT_MS = 300000,
    DAY_SLOTS = 288
};

static gboolean usable(const HistorySample *sample) { return sample->quality != QUALITY_BAD; }

/* ---- silence ---- */

static void silence(PointDay *day, gint64 ms, gint64 gap_ms) {
    day->silent_ms = MAX(day->silent_ms, ms);
    if (gap_ms > 0 && ms > gap_ms) {
        day->gaps++;
        day->gaps_ms += ms;
    }
}

static int compare_gint64(const void *a, const void *b) {
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

/* The median of at most PACES steps of time, taken evenly over the day. */
static gint64 median_pace(const HistorySample *samples, guint n) {
    gint64 step[PACES];
    guint count = 0, stride = n / PACES + 1;
    for (guint i = 1; i < n && count < PACES; i += stride)
        if (samples[i].time_ms > samples[i - 1].time_ms)
            step[count++] = samples[i].time_ms - samples[i - 1].time_ms;
    if (count < STEPS_LEAST)
        return 0;
    qsort(step, count, sizeof *step, compare_gint64);
    return step[count / 2];
}

static void measure_time(PointDay *day, const HistorySample *samples, guint n, gint64 from_ms,
                         gint64 to_ms, gint64 gap_ms) {
    gint64 last_ms = from_ms;
    for (guint i = 0; i < n; i++) {
        silence(day, samples[i].time_ms - last_ms, gap_ms);
        last_ms = samples[i].time_ms;
        day->bad += !usable(&samples[i]);
        day->late += samples[i].late;
    }
    silence(day, to_ms - last_ms, gap_ms);
    day->count = n;
    day->usable = n - day->bad;
    day->first_ms = n ? samples[0].time_ms : 0;
    day->last_ms = n ? samples[n - 1].time_ms : 0;
    day->pace_ms = median_pace(samples, n);
}

static gboolean is_down(const guint8 *down, gint64 from_ms, gint64 ms) {
    gint64 slot = (ms - from_ms) / SLOT_MS;
    return down && slot >= 0 && slot < DAY_SLOTS && (down[slot / 8] >> slot % 8 & 1);
}

/* Of [a, b) what nobody could hear. */
static gint64 down_between(const guint8 *down, gint64 from_ms, gint64 a, gint64 b) {
    gint64 ms = 0;
    for (gint64 at = a; down && at < b;) {
        gint64 next = MIN(b, from_ms + ((at - from_ms) / SLOT_MS + 1) * SLOT_MS);
        ms += is_down(down, from_ms, at) ? next - at : 0;
        at = next;
    }
    return ms;
}

void point_day_missing(const HistorySample *samples, guint n, gint64 from_ms, gint64 to_ms,
                       gint64 pace_ms, const guint8 *down, double *expected, double *missing) {
    gint64 last_ms = from_ms - pace_ms;
    *expected =
        (double)(to_ms - from_ms - down_between(down, from_ms, from_ms, to_ms)) / (double)pace_ms;
    *missing = 0;
    for (guint i = 0; i <= n; i++) {
        gint64 now_ms = i < n ? samples[i].time_ms : to_ms;
        gint64 quiet_ms = now_ms - last_ms;
        if (quiet_ms > pace_ms) {
            quiet_ms -= down_between(down, from_ms, MAX(last_ms, from_ms), now_ms);
            *missing += MAX(floor((double)quiet_ms / (double)pace_ms + 0.5) - 1, 0);
        }
        last_ms = now_ms;
    }
    *missing = MIN(*missing, *expected);
}

/* ---- movement ---- */

typedef struct {
    guint steps[BLOCKS], moves[BLOCKS], turns[BLOCKS];
    double last_move;
    gint64 from_ms;
} Turns;

static void turn(Turns *turns, gint64 time_ms, double step) {
    gint64 block = (time_ms - turns->from_ms) / BLOCK_MS;
    if (block < 0 || block >= BLOCKS)
        return;
    turns->steps[block]++;
    if (step == 0)
        return;
    turns->moves[block]++;
    turns->turns[block] += step * turns->last_move < 0;
    turns->last_move = step;
}

static double calmest(const Turns *turns) {
    double calm = -1;
    for (guint i = 0; i < BLOCKS; i++) {
        if (turns->steps[i] < STEPS_LEAST)
            continue;
        double share = turns->moves[i] ? (double)turns->turns[i] / turns->moves[i] : 0;
        calm = calm < 0 ? share : MIN(calm, share);
    }
    return calm;
}

static void still(PointDay *day, const HistorySample *from, const HistorySample *to) {
    if (to->time_ms - from->time_ms <= day->still_ms)
        return;
    day->still_ms = to->time_ms - from->time_ms;
    day->still_from_ms = from->time_ms;
    day->still_value = from->value;
}

static void take_step(PointDay *day, double size) {
    day->steps++;
    if (size == 0)
        return;
    day->moves++;
    day->step_least = day->step_least == 0 ? size : MIN(day->step_least, size);
    day->step_most = MAX(day->step_most, size);
}

static void measure_movement(PointDay *day, const HistorySample *samples, guint n, gint64 from_ms) {
    Turns turns = {.from_ms = from_ms};
    const HistorySample *last = NULL, *since = NULL;
    for (guint i = 0; i < n; i++) {
        const HistorySample *sample = &samples[i];
        if (!usable(sample))
            continue;
        day->min = last ? MIN(day->min, sample->value) : sample->value;
        day->max = last ? MAX(day->max, sample->value) : sample->value;
        if (last) {
            take_step(day, fabs(sample->value - last->value));
            turn(&turns, sample->time_ms, sample->value - last->value);
        }
        if (since == NULL || sample->value != since->value)
            since = sample;
        still(day, since, sample);
        last = sample;
    }
    day->calm = calmest(&turns);
}

/* ---- the sketch ---- */

static guint64 mix(guint64 x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static guint64 bits_of(double value) {
    guint64 bits;
    value += 0.0; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Whether the steps of a window have enough different values. Values written with few digits differ
 * by rounding only: steps are compared to nine digits of the window's own size. */
static gboolean is_varied(const double *value, guint n) {
    double different[POINT_VARIETY], size = 0;
    guint count = 0;
    for (guint i = 0; i < n; i++)
        size = MAX(size, fabs(value[i]));
    for (guint i = 1; i < n && count < POINT_VARIETY; i++) {
        double step = value[i] - value[i - 1];
        guint k = 0;
        while (k < count && fabs(different[k] - step) > size * 1e-9)
            k++;
        if (k == count)
            different[count++] = step;
    }
    return count >= POINT_VARIETY;
}

static guint64 hash_window(const double *value) {
    guint64 hash = POINT_WINDOW;
    for (guint i = 0; i < POINT_WINDOW; i++)
        hash = mix(hash + bits_of(value[i])) * 0x9e3779b97f4a7c15u;
    return mix(hash);
}

static void keep_hash(PointDay *day, guint64 hash) {
    guint at = day->hashes;
    if (at == POINT_SKETCH && hash >= day->hash[at - 1])
        return;
    while (at > 0 && day->hash[at - 1] > hash)
        at--;
    if (at > 0 && day->hash[at - 1] == hash)
        return;
    if (day->hashes < POINT_SKETCH)
        day->hashes++;
    memmove(&day->hash[at + 1], &day->hash[at], (day->hashes - 1 - at) * sizeof hash);
    day->hash[at] = hash;
}

/* Windows begin where the hash of their first values says so, the same in every copy: a quarter of
 * them, so that a day costs little. */
static void sketch(PointDay *day, const HistorySample *samples, guint n) {
    double ring[2 * POINT_WINDOW];
    guint held = 0;
    for (guint i = 0; i < n; i++) {
        if (!usable(&samples[i]))
            continue;
        if (held == G_N_ELEMENTS(ring)) {
            memmove(ring, ring + POINT_WINDOW, POINT_WINDOW * sizeof *ring);
            held = POINT_WINDOW;
        }
        ring[held++] = samples[i].value;
        if (held < POINT_WINDOW)
            continue;
        const double *window = ring + held - POINT_WINDOW;
        if (mix(bits_of(window[0]) ^ bits_of(window[1])) % 4 == 0 &&
            is_varied(window, POINT_WINDOW))
            keep_hash(day, hash_window(window));
    }
}

void point_day_measure(PointDay *day, const HistorySample *samples, guint n, gint64 from_ms,
                       gint64 to_ms, gint64 gap_ms) {
    *day = (PointDay){.calm = -1};
    measure_time(day, samples, n, from_ms, to_ms, gap_ms);
    measure_movement(day, samples, n, from_ms);
    sketch(day, samples, n);
}

guint point_day_shared(const PointDay *a, const PointDay *b) {
    guint shared = 0;
    for (guint i = 0, k = 0; i < a->hashes && k < b->hashes;) {
        shared += a->hash[i] == b->hash[k];
        if (a->hash[i] <= b->hash[k])
            i++;
        else
            k++;
    }
    return shared;
}

/* ---- stretches that are the same ---- */

typedef struct {
    double *value;
    guint *place; /* in the samples */
    guint n;
} Values;

static Values values_of(const HistorySample *samples, guint n) {
    Values values = {g_new(double, n + 1), g_new(guint, n + 1), 0};
    for (guint i = 0; i < n; i++)
        if (usable(&samples[i])) {
            values.value[values.n] = samples[i].value;
            values.place[values.n++] = i;
        }
    return values;
}

static void values_clear(Values *values) {
    g_free(values->value);
    g_free(values->place);
}

static gboolean window_at(const Values *values, guint i) {
    return i + POINT_WINDOW <= values->n && is_varied(values->value + i, POINT_WINDOW);
}

static guint run_from(const Values *a, guint i, const Values *b, guint k) {
    guint n = 0;
    while (i + n < a->n && k + n < b->n && a->value[i + n] == b->value[k + n])
        n++;
    return n;
}

/* From each varied window of `b` that has an equal one in `a` the stretch is followed to both ends.
 */
SameRun same_run(const HistorySample *a, guint n_a, const HistorySample *b, guint n_b) {
    Values x = values_of(a, n_a), y = values_of(b, n_b);
    g_autoptr(GHashTable) windows =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    SameRun best = {0, 0, 0};
    for (guint i = 0; i + POINT_WINDOW <= x.n; i++) {
        guint64 hash = window_at(&x, i) ? hash_window(x.value + i) : 0;
        if (hash && !g_hash_table_contains(windows, &hash))
            g_hash_table_insert(windows, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(i));
    }
    for (guint k = 0; k + POINT_WINDOW <= y.n; k++) {
        guint64 hash = window_at(&y, k) ? hash_window(y.value + k) : 0;
        gpointer place;
        if (hash == 0 || !g_hash_table_lookup_extended(windows, &hash, NULL, &place))
            continue;
        guint i = GPOINTER_TO_UINT(place), start = k;
        guint n = run_from(&x, i, &y, k);
        while (n && i > 0 && start > 0 && x.value[i - 1] == y.value[start - 1]) {
            i--;
            start--;
            n++;
        }
        if (n > best.n)
            best = (SameRun){x.place[i], y.place[start], n};
        k = MAX(k, start + n - 1);
    }
    values_clear(&x);
    values_clear(&y);
    return best;
}
