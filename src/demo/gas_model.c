/* A gas detector: background that drifts, rare whiffs, and the plume of a leak near it, seen
 * through the lag of the sensor. The plume is a demo's: it falls with distance, is wide, and is
 * stronger down the wind; src/consequence holds the real ones. */
#include "demo/dice.h"
#include "demo/plant_model.h"

#include <math.h>
#include <stddef.h>

typedef struct {
    double background, drift; /* level at rest and how far it wanders */
    double leak_peak;         /* at the leak itself, added to the background; negative for oxygen */
    double lag_s;             /* time constant of the sensor */
    double surge, surge_per_day, surge_min; /* whiffs */
} Parameters;

static const ModelParameter parameters_table[] = {
    {"background", offsetof(Parameters, background), 0, -100, 10000},
    {"drift", offsetof(Parameters, drift), 0, 0, 1000},
    {"leak_peak", offsetof(Parameters, leak_peak), 100, -100, 10000},
    {"lag_s", offsetof(Parameters, lag_s), 12, 1, 600},
    {"surge", offsetof(Parameters, surge), 0, -100, 10000},
    {"surge_per_day", offsetof(Parameters, surge_per_day), 0, 0, 8},
    {"surge_min", offsetof(Parameters, surge_min), 4, 1, 120},
    {NULL, 0, 0, 0, 0}};

typedef struct {
    double concentration; /* output */
    double wander;
} State;

static const ModelOutput outputs_table[] = {{"concentration", offsetof(State, concentration)},
                                            {NULL, 0}};

/* Share of the source's strength at a place: 0.65 four metres down the wind, a third of that up the
 * wind. */
static double plume_share(const Fault *fault, const Weather *weather) {
    double distance = hypot(fault->east_m, fault->north_m);
    double angle = atan2(fault->north_m, fault->east_m) - weather->wind_to_rad;
    double across = remainder(angle, 2 * G_PI) / 0.9;
    return pow(12 / (distance + 12), 1.5) * (0.3 + 0.7 * exp(-across * across));
}

static double leak_shape(double progress) {
    return progress < 0.15 ? progress / 0.15 : progress < 0.7 ? 1 : MAX(0, (1 - progress) / 0.3);
}

static double outside(const Parameters *p, guint64 seed, const ModelInput *input) {
    double value =
        p->surge * model_disturbance(seed, input->now_ms, p->surge_per_day, p->surge_min);
    if (input->fault.kind == FAULT_LEAK)
        value += p->leak_peak * input->fault.strength *
                 plume_share(&input->fault, &input->weather) * leak_shape(input->fault.progress);
    return value;
}

static void start(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    (void)seed, (void)input;
    *(State *)state = (State){.concentration = ((const Parameters *)parameters)->background};
}

static void step(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    const Parameters *p = parameters;
    State *s = state;
    s->wander = model_wander(s->wander, p->drift, 5400, input->dt_s,
                             dice_hash(seed, (guint64)input->now_ms, 'g'));
    double there = p->background + s->wander + outside(p, seed, input);
    s->concentration += (there - s->concentration) * (1 - exp(-input->dt_s / p->lag_s));
}

const PlantModel gas_model = {.name = "gas",
                              .parameters = parameters_table,
                              .outputs = outputs_table,
                              .parameters_size = sizeof(Parameters),
                              .state_size = sizeof(State),
                              .start = start,
                              .step = step};
