/* What all sample formats do alike: judge a time, find the point, refuse with a reason. Private to
 * device/. */
#pragma once
#include "device/line_protocol.h"

enum { REFUSALS_TOLD = 1000, DOOR_GROUP = 16 };

/* A sample whose point is not looked up yet. */
typedef struct {
    const char *code; /* in the body */
    gsize n;
    guint64 hash;
    guint32 guess;
    Quality quality;
    gint64 time_ms;
    double value;
    Refusal at;
} DoorSample;

/* One body being read. */
typedef struct {
    const SampleDoor *door;
    SampleBatch *batch;
    const char *enterprise; /* interned, or NULL */
    guint32 near;           /* the last point found */
    gboolean in_order; /* points come in the order of their numbers, as gateways often send them */
    guint64 refused;
    Refusal at; /* line and text of what is being read */
    guint waiting;
    /* Looked up together: in a large table each look-up alone waits for memory four times. */
    DoorSample group[DOOR_GROUP];
} DoorReading;

void door_open(DoorReading *reading, const SampleDoor *door, SampleBatch *batch);
guint64 door_close(DoorReading *reading); /* how many were refused */
/* Counts a refusal and tells it. `field` and `detail` may be NULL. */
void door_refuse(DoorReading *reading, ErrorKind kind, const char *field, const char *detail);
void door_refuse_text(DoorReading *reading, ErrorKind kind, const char *field, const char *text,
                      gsize n);
/* False and refused when the time is absurd. */
gboolean door_time(DoorReading *reading, gint64 time_ms);
/* Adds the sample, or refuses it when the code is not one of the enterprise's points. `code` must
 * stay readable until door_close. Samples and refusals keep their order. */
void door_add(DoorReading *reading, const char *code, gsize n, gint64 time_ms, double value,
              Quality quality);
/* The same; `code` is needed only until this returns. */
void door_add_now(DoorReading *reading, const char *code, gsize n, gint64 time_ms, double value,
                  Quality quality);
