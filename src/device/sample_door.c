#include "device/sample_door.h"

#include "base/clock.h"

#include <string.h>

static const gint64 year_2000_ms = 946684800000, ahead_ms = 3600000;

void door_open(DoorReading *reading, const SampleDoor *door, SampleBatch *batch) {
    reading->door = door;
    reading->batch = batch;
    reading->enterprise = door->enterprise ? g_intern_string(door->enterprise) : NULL;
    reading->near = POINT_NONE;
    reading->in_order = TRUE;
    reading->refused = 0;
    reading->at = (Refusal){.line = 0};
    reading->waiting = 0;
}

static void refuse(DoorReading *reading, const Refusal *at, ErrorKind kind, const char *field,
                   const char *detail) {
    if (reading->refused++ >= REFUSALS_TOLD || reading->door->refused == NULL)
        return;
    g_autoptr(GError) error = NULL;
    error_set(&error, kind, field, detail, NULL);
    Refusal refusal = *at;
    refusal.error = error;
    reading->door->refused(reading->door->data, &refusal);
}

static void refuse_text(DoorReading *reading, const Refusal *at, ErrorKind kind, const char *field,
                        const char *text, gsize n) {
    enum { SHOWN = 80 };
    char shown[SHOWN + 1];
    n = MIN(n, (gsize)SHOWN);
    memcpy(shown, text, n);
    shown[n] = 0;
    refuse(reading, at, kind, field, shown);
}

/* ---- points ---- */

static void accept(DoorReading *reading, const DoorSample *sample, guint32 point) {
    reading->near = point;
    if (reading->batch->n < SAMPLE_BATCH_MAX)
        sample_batch_add(reading->batch, point, sample->time_ms, sample->value, sample->quality);
    else
        refuse(reading, &sample->at, ERROR_BUSY, NULL, "more samples than one batch may hold");
}

static gboolean is_own(const DoorReading *reading, guint32 point) {
    return reading->enterprise == NULL ||
           point_table_enterprise(reading->door->table, point) == reading->enterprise;
}

static void settle(DoorReading *reading, const DoorSample *sample) {
    guint32 point =
        point_table_find_hashed(reading->door->table, sample->hash, sample->code, sample->n);
    if (point == POINT_NONE || !is_own(reading, point)) {
        refuse_text(reading, &sample->at, ERROR_POINT_UNKNOWN, "point", sample->code, sample->n);
        return;
    }
    reading->in_order = point == reading->near + 1;
    accept(reading, sample, point);
}

static void settle_group(DoorReading *reading) {
    const PointTable *table = reading->door->table;
    DoorSample *group = reading->group;
    guint n = reading->waiting;
    for (guint i = 0; i < n; i++)
        group[i].guess = point_table_guess(table, group[i].hash);
    for (guint i = 0; i < n; i++)
        point_table_look(table, group[i].guess);
    for (guint i = 0; i < n; i++)
        settle(reading, &group[i]);
    reading->waiting = 0;
}

/* The point after the last one, without any hash. */
static gboolean quick(DoorReading *reading, const DoorSample *sample) {
    guint32 next = reading->near + 1; /* POINT_NONE + 1 = 0 */
    if (reading->waiting > 0 || !reading->in_order)
        return FALSE;
    if (!point_table_is(reading->door->table, next, sample->code, sample->n) ||
        !is_own(reading, next))
        return FALSE;
    accept(reading, sample, next);
    return TRUE;
}

void door_add(DoorReading *reading, const char *code, gsize n, gint64 time_ms, double value,
              Quality quality) {
    DoorSample *sample = &reading->group[reading->waiting];
    *sample = (DoorSample){code, n, 0, POINT_NONE, quality, time_ms, value, reading->at};
    if (quick(reading, sample))
        return;
    sample->hash = point_table_hash(reading->door->table, code, n);
    if (++reading->waiting == DOOR_GROUP)
        settle_group(reading);
}

void door_add_now(DoorReading *reading, const char *code, gsize n, gint64 time_ms, double value,
                  Quality quality) {
    door_add(reading, code, n, time_ms, value, quality);
    settle_group(reading);
}

guint64 door_close(DoorReading *reading) {
    settle_group(reading);
    return reading->refused;
}

/* ---- refusals and times ---- */

void door_refuse(DoorReading *reading, ErrorKind kind, const char *field, const char *detail) {
    settle_group(reading);
    refuse(reading, &reading->at, kind, field, detail);
}

void door_refuse_text(DoorReading *reading, ErrorKind kind, const char *field, const char *text,
                      gsize n) {
    settle_group(reading);
    refuse_text(reading, &reading->at, kind, field, text, n);
}

gboolean door_time(DoorReading *reading, gint64 time_ms) {
    if (time_ms >= year_2000_ms && time_ms <= reading->door->now_ms + ahead_ms)
        return TRUE;
    char text[TIME_TEXT];
    gboolean shows = time_ms >= 0 && time_ms < G_GINT64_CONSTANT(253402300800000); /* year 10000 */
    door_refuse(reading, ERROR_SAMPLE_TIME, "time",
                shows ? time_format(time_ms, text) : "out of range");
    return FALSE;
}
