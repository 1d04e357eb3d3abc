/* The alarm engine: log rows in, alarm events and history out. Deterministic: the same rows give
 * the same events.
 *
 * One fixed order per sample: order and duplicates -> quality -> limits -> delays -> commit of
 * severity -> publish. It reads no clock: time is the samples' own time, and the received_ms of log
 * rows and ticks. It is a plain object without threads or locks; one thread owns it
 * (signal/pipeline.h). Cost: 235 bytes of state a point and no allocation per sample.
 *
 * Rules
 *  - A sample not newer than the point's last one: same time and same value = duplicate, dropped
 * and counted; else late: to history only.
 *  - Bad quality: value is not judged; condition BAD rises after on_delay and returns with the next
 * good or uncertain one. It hides and clears nothing.
 *  - HIGH: level H from limit_high, HH from limit_high_high. A level is met from the first value >=
 * limit until the first value < limit - hysteresis; in between it stays as it was. LOW mirrors it
 * (<=, limit + hysteresis). A level that has been met for on_delay without break is committed, by a
 * later sample (before that sample is judged) or by a tick, at time first + on_delay; one that has
 *    been unmet for off_delay is given up likewise. One occurrence of HIGH has one identity: H ->
 * HH is ALARM_RISE of the same alarm. onset = time the first level was first met (before the
 * delay); a new occurrence never takes the onset of the one before it (+ 1 ms).
 *  - RATE: |dv/dt| between consecutive samples that are not bad, in unit/min, >= rate_limit;
 * returns with the first step below it. Subject to the same delays. value and worst are the rate,
 * with its sign.
 *  - STALE: no sample, good or bad, for more than stale_ms. By a tick when the last sample was
 * received longer ago, or by a gap between consecutive samples. onset = last time + stale_ms.
 * Returns with the next sample in order. A point that never had a sample is stale from the first
 * tick after stale_ms since the engine saw it (first tick or change).
 *  - STUCK: same value for stuck_ms while samples come (a gap that is stale starts it anew). onset
 * = time of the first equal sample + stuck_ms. Returns with another value.
 *  - A tick lets a point's own time run on: last time + (tick - received time of the last sample),
 * so a device whose clock is off is judged by its own delays. A point in backlog (last sample older
 * than its row's received_ms by more than 60 s) is not judged by ticks, except STALE. Events from
 * such samples are marked late.
 *  - Time during which the node itself was down (engine_resume) is nobody's silence: it counts for
 * neither STALE nor delays.
 *  - Out of service: no condition is judged; standing alarms leave with the point (OUT) and end
 * when it is in service again (IN). History goes on.
 *  - Suppressed by design: judged as ever, but said to be so. By the definition (mode of operation:
 * all conditions), or by an inhibiting rule while its cause holds.
 *  - Rules (signal/point_rule.h) belong to a point and look at values of points that are not bad,
 * each the last one in its own order. Time is that of the latest input. What one input alone
 * decides is judged with the sample; with several inputs the values of one moment are judged
 * together: by the next sample of a later time, or by the next tick. Delays as for levels. A count
 * ends when the oldest of the counted crossings leaves the span. Whether other points are in
 * service does not matter: a rule sees values.
 *  - What falls due at one moment is committed in the order of the times it fell due, then of
 * AlarmCondition.
 *
 * AlarmEvent.seq = (row's seq << 20) + 32 x place of the sample in the row (tick: 8 x point) +
 * number of the event, so that it is the same when only a part of a row is replayed. Rows hold at
 * most ENGINE_ROW samples, and the row after a tick has a seq above engine_tick_room.
 */
#pragma once
#include "signal/alarm_event.h"

typedef struct Engine Engine;

typedef struct {
    void (*alarm)(gpointer data, const AlarmEvent *event);
    /* An in-order or late sample for history. */
    void (*history)(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                    gboolean late);
    gpointer data;
    /* May be NULL: samples of this point come a little later; a place to prefetch memory, and
     * nothing else. */
    void (*soon)(gpointer data, guint32 point);
} EngineOutput;

Engine *engine_new(const PointTable *table, EngineOutput output);
void engine_free(Engine *engine);

enum { ENGINE_ROW = 32768 };
/* One row of the log, its points all in the table. `seq` rises by at least one per row. */
void engine_batch(Engine *engine, gint64 seq, const SampleBatch *batch);
void engine_tick(Engine *engine, gint64 seq, gint64 received_ms);
/* The node was down for so long: nobody could be heard, so silence and delays do not count it. */
void engine_resume(Engine *engine, gint64 seq, gint64 down_ms);
/* How many sequence numbers a tick needs for itself: 1 + points / 2^17. */
gint64 engine_tick_room(guint32 points);
/* The definition of a point changed (the table has the new one): re-judges with its last sample. */
void engine_point_changed(Engine *engine, gint64 seq, guint32 point, gint64 received_ms);

typedef struct {
    double value;
    gint64 time_ms, received_ms; /* 0: never */
    Quality quality;
    AlarmLevel high, low, rate; /* committed levels; NONE = normal */
    gboolean stale, stuck, bad;
    gboolean suppressed; /* by its definition */
    guint rules;         /* standing alarms of its rules */
} PointNow;
PointNow engine_now(const Engine *engine, guint32 point);

/* All standing alarms, as events of kind RAISE without seq; caller frees the array of AlarmEvent.
 */
GArray *engine_standing(const Engine *engine);

typedef struct {
    guint64 samples, duplicates, late, bad, events, ticks;
    guint32 points, active; /* active: standing alarms */
} EngineCounts;
EngineCounts engine_counts(const Engine *engine);

/* Checkpoint by slices of ENGINE_SLICE points, so that it never takes long: bytes of the state of
 * one slice, and back. Restore refuses bytes that are not of this version or slice (returns false;
 * the slice starts empty). */
enum { ENGINE_SLICE = 4096 };
guint32 engine_slices(const Engine *engine);
GByteArray *engine_save(const Engine *engine, guint32 slice);
gboolean engine_restore(Engine *engine, guint32 slice, const guint8 *bytes, gsize n);
/* Rows up to this sequence are ignored for the slice (it was saved after them). */
void engine_set_position(Engine *engine, guint32 slice, gint64 seq);
/* True once after a change of the slice's state since the last call: whether it is worth saving
 * again. */
gboolean engine_take_touched(Engine *engine, guint32 slice);
/* Numbers of the points whose definition is not the one they were saved under; caller frees the
 * array of guint32. After restore. */
GArray *engine_changed_points(const Engine *engine);
