/* What all sample formats do alike: judge a time, find the point, refuse with a reason. Private to
 * device/. */
#pragma once
#include "device/line_protocol.h"

enum { REFUSALS_TOLD = 1000 };

/* One body being read. */
typedef struct {
    const SampleDoor *door;
    SampleBatch *batch;
    const char *enterprise; /* interned, or NULL */
    guint32 near;           /* the last point found */
    guint64 refused;
    Refusal at; /* line and text of what is being read */
} DoorReading;

DoorReading door_open(const SampleDoor *door, SampleBatch *batch);
/* Counts a refusal and tells it. `field` and `detail` may be NULL. */
void door_refuse(DoorReading *reading, ErrorKind kind, const char *field, const char *detail);
void door_refuse_text(DoorReading *reading, ErrorKind kind, const char *field, const char *text,
                      gsize n);
/* False and refused when the time is absurd. */
gboolean door_time(DoorReading *reading, gint64 time_ms);
/* The point's number; POINT_NONE, refused, when it is not one of the enterprise's. */
guint32 door_point(DoorReading *reading, const char *code, gsize n);
gboolean door_add(DoorReading *reading, guint32 point, gint64 time_ms, double value,
                  Quality quality);
