/* The plant simulator: moves every plant of the demo province in step with the clock and sends what
 * its instruments say through the public door of the server, as a program of its own would: one
 * gateway per enterprise, with its token, over HTTP.
 *
 * Four threads share the plants; each point is sampled every five seconds, spread out. At the first
 * start two hours of history are sent first, as fast as the server takes them; after a pause of up
 * to three days the gap is filled. A fifth thread plays the shifts in the control rooms, who
 * acknowledge most alarms after a while (demo/crew.h). Together with the server about 3 % of a core
 * once it runs. */
#pragma once
#include "base/clock.h"
#include "base/error.h"

typedef struct {
    const char *url;      /* "http://127.0.0.1:8080" */
    const char *demo_dir; /* data files */
    const char *data_dir; /* where demo_build left its key */
    guint64 seed;
    Clock *clock;
} SimulatorConfig;

typedef struct Simulator Simulator;
/* After demo_build and app_start; returns at once. */
Simulator *simulator_start(const SimulatorConfig *config, GError **error);
/* Ends the threads; waits for the requests under way. NULL: nothing. */
void simulator_stop(Simulator *simulator);

typedef struct {
    guint64 samples; /* given to gateways */
    guint64 lost;    /* dropped by full gateways */
    gsize waiting;   /* bytes in gateways */
    gboolean live;   /* the history is filled in */
} SimulatorCounts;
SimulatorCounts simulator_counts(Simulator *simulator); /* any thread */
