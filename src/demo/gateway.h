/* A data gateway as it stands in a plant: it buffers readings as line protocol and sends the oldest
 * first; what could not be sent stays, up to 2 MiB (some hours), then the oldest lines are lost and
 * counted. One thread owns an object. */
#pragma once
#include "demo/demo_http.h"
#include "demo/plant_sim.h"

typedef struct Gateway Gateway;
Gateway *gateway_new(const char *name, const char *token);
void gateway_free(Gateway *gateway);

void gateway_add(Gateway *gateway, const char *point, Reading reading, gint64 time_ms);
gsize gateway_waiting(const Gateway *gateway); /* bytes */
guint64 gateway_lost(const Gateway *gateway);  /* lines */

/* Sends until the buffer is empty or the server wants it later; then nothing is sent before the
 * time it gave (or 1, 2, 4 .. 30 s). What the server refuses for good is dropped. True when the
 * buffer is empty. */
gboolean gateway_send(Gateway *gateway, DemoHttp *http, gint64 now_ms);
