/* Models of the plant simulator: what moves a tank, a reactor, a gas detector or any other signal.
 *
 * A model is a table (PlantModel) of named parameters, named outputs and two pure functions:
 * `start` fills a state, `step` moves it by dt. State, parameters and input are plain structs;
 * there is no clock, no chance but that of the seed, no memory. So one seed and one sequence of
 * times give the same values. Values are the true ones; instrument.h makes them what a device says.
 * Costs about 50 ns a step. Adding a model: one file with its table, one row in plant_model.c, its
 * name in demo/plants.yaml. */
#pragma once
#include "base/error.h"
#include <jansson.h>

/* What can go wrong. The first four act on models, the next two on instruments, the last on the
 * gateway. */
typedef enum {
    FAULT_NONE,
    FAULT_OVERFILL,
    FAULT_LEAK,
    FAULT_COOLING,
    FAULT_SURGE,
    FAULT_STUCK,
    FAULT_BAD,
    FAULT_GATEWAY,
    FAULTS
} FaultKind;
const char *fault_name(FaultKind kind);
FaultKind fault_find(const char *name); /* FAULTS when unknown */

typedef struct {
    FaultKind kind;
    double progress;   /* 0 when it begins .. 1 when it ends */
    double duration_s; /* of the whole */
    double strength;   /* leak, overfill, surge: 1 reaches the outer limit where there is one */
    double east_m, north_m; /* leak: where the detector is, seen from the leak */
} Fault;

/* One weather over the province; a pure function of time. */
typedef struct {
    double outdoor_c;
    double wind_mps, wind_to_rad; /* direction it blows to, from east, counter-clockwise */
} Weather;
Weather weather_at(guint64 seed, gint64 now_ms);

typedef struct {
    gint64 now_ms; /* at the end of the step */
    double dt_s;   /* > 0 */
    Weather weather;
    Fault fault;
} ModelInput;

typedef struct {
    const char *name; /* NULL closes the table */
    gsize offset;     /* of a double */
    double otherwise, min, max;
} ModelParameter;

typedef struct {
    const char *name; /* NULL closes the table */
    gsize offset;     /* of a double in the state */
} ModelOutput;

typedef struct {
    const char *name;
    const ModelParameter *parameters;
    const ModelOutput *outputs;
    gsize parameters_size, state_size;
    void (*start)(const void *parameters, guint64 seed, const ModelInput *input, void *state);
    void (*step)(const void *parameters, guint64 seed, const ModelInput *input, void *state);
} PlantModel;

const PlantModel *plant_model_find(const char *name); /* or NULL */
/* Parameters from {name: number} with the defaults of the table; g_free. Unknown names and values
 * outside the table are refused. */
gpointer plant_model_parameters(const PlantModel *model, json_t *values, const char *path,
                                GError **error);
const ModelOutput *plant_model_output(const PlantModel *model, const char *name); /* or NULL */
static inline double model_output_value(const ModelOutput *output, const void *state) {
    return *(const double *)((const char *)state + output->offset);
}

/* For models. A value that wanders about 0 with deviation sigma and time constant tau_s, moved by
 * dt_s (Ornstein-Uhlenbeck, exact). */
double model_wander(double value, double sigma, double tau_s, double dt_s, guint64 chance);
/* 0 .. about 1.15: a disturbance that comes per_day times a day at a time of its own and lasts
 * about so many minutes. */
double model_disturbance(guint64 seed, gint64 now_ms, double per_day, double minutes);
/* 0 outside 0..1, rises to 1, stays, falls: the shape of a disturbance. */
double model_bump(double progress);

extern const PlantModel tank_model, reactor_model, gas_model, process_model;
