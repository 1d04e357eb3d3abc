#include "device/sample_door.h"

#include "base/clock.h"

#include <string.h>

static const gint64 year_2000_ms = 946684800000, ahead_ms = 3600000;

DoorReading door_open(const SampleDoor *door, SampleBatch *batch) {
    return (DoorReading){
        .door = door,
        .batch = batch,
        .enterprise = door->enterprise ? g_intern_string(door->enterprise) : NULL,
        .near = POINT_NONE,
    };
}

void door_refuse(DoorReading *reading, ErrorKind kind, const char *field, const char *detail) {
    if (reading->refused++ >= REFUSALS_TOLD || reading->door->refused == NULL)
        return;
    g_autoptr(GError) error = NULL;
    error_set(&error, kind, field, detail, NULL);
    reading->at.error = error;
    reading->door->refused(reading->door->data, &reading->at);
    reading->at.error = NULL;
}

void door_refuse_text(DoorReading *reading, ErrorKind kind, const char *field, const char *text,
                      gsize n) {
    enum { SHOWN = 80 };
    char shown[SHOWN + 1];
    n = MIN(n, (gsize)SHOWN);
    memcpy(shown, text, n);
    shown[n] = 0;
    door_refuse(reading, kind, field, shown);
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

guint32 door_point(DoorReading *reading, const char *code, gsize n) {
    const PointTable *table = reading->door->table;
    guint32 point = point_table_find_near(table, reading->near, code, n);
    if (point != POINT_NONE && (reading->enterprise == NULL ||
                                point_table_enterprise(table, point) == reading->enterprise)) {
        reading->near = point;
        return point;
    }
    door_refuse_text(reading, ERROR_POINT_UNKNOWN, "point", code, n);
    return POINT_NONE;
}

gboolean door_add(DoorReading *reading, guint32 point, gint64 time_ms, double value,
                  Quality quality) {
    if (reading->batch->n < SAMPLE_BATCH_MAX) {
        sample_batch_add(reading->batch, point, time_ms, value, quality);
        return TRUE;
    }
    door_refuse(reading, ERROR_BUSY, NULL, "more samples than one batch may hold");
    return FALSE;
}
