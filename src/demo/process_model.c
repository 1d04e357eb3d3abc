/* Any controlled process with three signals: the first wanders about its mean and has disturbances,
 * the second follows it, the third is a flow or load of its own with a daily swing. Columns,
 * compressors, pipelines, furnaces, filters and gas mains are made of it. */
#include "base/clock.h"
#include "demo/dice.h"
#include "demo/plant_model.h"

#include <math.h>
#include <stddef.h>

typedef struct {
    double mean, sigma, tau_s, daily;
    double second_mean, second_per_first;
    double third_mean, third_daily;
    double surge, surge_per_day, surge_min;
} Parameters;

static const ModelParameter parameters_table[] = {
    {"mean", offsetof(Parameters, mean), 50, -1e6, 1e6},
    {"sigma", offsetof(Parameters, sigma), 0.5, 0, 1e6},
    {"tau_s", offsetof(Parameters, tau_s), 900, 10, 86400},
    {"daily", offsetof(Parameters, daily), 0, 0, 1e6},
    {"second_mean", offsetof(Parameters, second_mean), 50, -1e6, 1e6},
    {"second_per_first", offsetof(Parameters, second_per_first), 0, -1e6, 1e6},
    {"third_mean", offsetof(Parameters, third_mean), 10, -1e6, 1e6},
    {"third_daily", offsetof(Parameters, third_daily), 0, 0, 1e6},
    {"surge", offsetof(Parameters, surge), 0, -1e6, 1e6},
    {"surge_per_day", offsetof(Parameters, surge_per_day), 0, 0, 8},
    {"surge_min", offsetof(Parameters, surge_min), 30, 1, 120},
    {NULL, 0, 0, 0, 0}};

typedef struct {
    double first, second, third; /* outputs */
    double first_wander, second_wander, third_wander;
} State;

static const ModelOutput outputs_table[] = {{"first", offsetof(State, first)},
                                            {"second", offsetof(State, second)},
                                            {"third", offsetof(State, third)},
                                            {NULL, 0}};

static double day_swing(gint64 now_ms) /* -1 about four at night, 1 about four in the afternoon */
{
    double day = (double)((now_ms + CST_OFFSET_MS) % DAY_MS) / DAY_MS;
    return sin(2 * G_PI * (day - 0.417));
}

static void render(const Parameters *p, guint64 seed, const ModelInput *input, State *s) {
    double surge = model_disturbance(seed, input->now_ms, p->surge_per_day, p->surge_min);
    if (input->fault.kind == FAULT_SURGE)
        surge = MAX(surge, 1.1 * input->fault.strength * model_bump(input->fault.progress));
    double swing = day_swing(input->now_ms);
    s->first = p->mean + p->daily * swing + s->first_wander + p->surge * surge;
    s->second = p->second_mean + p->second_per_first * (s->first - p->mean) + s->second_wander;
    s->third = p->third_mean + p->third_daily * swing + s->third_wander;
}

static void start(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    *(State *)state = (State){0};
    render(parameters, seed, input, state);
}

static void step(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    const Parameters *p = parameters;
    State *s = state;
    guint64 now = (guint64)input->now_ms;
    double dt = input->dt_s;
    s->first_wander =
        model_wander(s->first_wander, p->sigma, p->tau_s, dt, dice_hash(seed, now, '1'));
    s->second_wander = model_wander(s->second_wander, fabs(p->second_mean) * 0.01, p->tau_s, dt,
                                    dice_hash(seed, now, '2'));
    s->third_wander = model_wander(s->third_wander, fabs(p->third_mean) * 0.015, p->tau_s, dt,
                                   dice_hash(seed, now, '3'));
    render(p, seed, input, s);
}

const PlantModel process_model = {.name = "process",
                                  .parameters = parameters_table,
                                  .outputs = outputs_table,
                                  .parameters_size = sizeof(Parameters),
                                  .state_size = sizeof(State),
                                  .start = start,
                                  .step = step};
