/* An exothermic semi-batch reactor: reagent is fed, reacts the faster the warmer it is, and a
 * controlled flow of coolant carries the heat away. With part of the cooling lost the temperature
 * climbs, slowly at first; the feed limits it and a trip stops the feed. */
#include "demo/dice.h"
#include "demo/plant_model.h"

#include <math.h>
#include <stddef.h>

typedef struct {
    double set_c, feed_s, heat_k, coolant_c; /* set point; time constant of the feed; rise if all
                                                fed reacts at once; coolant */
    double pressure, pressure_warm;          /* at the set point; more per degree above */
    double trip_c;
    double surge_per_day, surge; /* disturbances of the cooling: how often, and by how much of 20 */
} Parameters;

static const ModelParameter parameters_table[] = {
    {"set_c", offsetof(Parameters, set_c), 120, 40, 400},
    {"feed_s", offsetof(Parameters, feed_s), 600, 60, 7200},
    {"heat_k", offsetof(Parameters, heat_k), 60, 1, 200},
    {"coolant_c", offsetof(Parameters, coolant_c), 25, 0, 39},
    {"pressure", offsetof(Parameters, pressure), 0.35, 0, 100},
    {"pressure_warm", offsetof(Parameters, pressure_warm), 0.008, 0, 1},
    {"trip_c", offsetof(Parameters, trip_c), 141, 41, 500},
    {"surge_per_day", offsetof(Parameters, surge_per_day), 0.2, 0, 8},
    {"surge", offsetof(Parameters, surge), 12, 0, 15},
    {NULL, 0, 0, 0, 0}};

typedef struct {
    double temperature_c, pressure, coolant_m3h, level; /* outputs */
    double reagent;                                     /* not yet reacted; 1 = normal */
    double valve, integral;                             /* 0..1 */
    double feed_wander, level_wander;
    gboolean tripped;
} State;

static const ModelOutput outputs_table[] = {{"temperature", offsetof(State, temperature_c)},
                                            {"pressure", offsetof(State, pressure)},
                                            {"coolant", offsetof(State, coolant_m3h)},
                                            {"level", offsetof(State, level)},
                                            {NULL, 0}};

static void start(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    (void)seed, (void)input;
    const Parameters *p = parameters;
    *(State *)state = (State){.temperature_c = p->set_c,
                              .pressure = p->pressure,
                              .reagent = 1,
                              .valve = 0.5,
                              .coolant_m3h = 20,
                              .level = 60};
}

/* What is left of the cooling, 1 = all. */
static double cooling_left(const Parameters *p, guint64 seed, const ModelInput *input) {
    double lost = p->surge / 20 * model_disturbance(seed, input->now_ms, p->surge_per_day, 30);
    if (input->fault.kind == FAULT_COOLING && input->fault.progress < 0.65)
        lost = MAX(lost, 0.62);
    return 1 - MIN(lost, 0.9);
}

/* Half of the full valve carries away the heat of the normal feed at the set point. */
static void react(const Parameters *p, double cooling, double h, State *s) {
    double above = s->temperature_c - p->set_c;
    double rate = exp(0.035 * above) / p->feed_s;
    double feed = s->tripped ? 0 : (1 + s->feed_wander) / p->feed_s;
    double transfer = p->heat_k / p->feed_s / (0.5 * (p->set_c - p->coolant_c));
    s->integral = CLAMP(s->integral + 0.03 / 300 * above * h, -0.5, 0.5);
    s->valve = CLAMP(0.5 + 0.03 * above + s->integral, 0, 1);
    double reacted = MIN(rate * h, 0.9) * s->reagent;
    s->reagent = s->reagent + feed * h - reacted;
    s->temperature_c += p->heat_k * reacted;
    s->temperature_c -= transfer * s->valve * cooling * h * (s->temperature_c - p->coolant_c);
    s->tripped = s->tripped ? above > -2 : above > p->trip_c - p->set_c;
}

static void step(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    const Parameters *p = parameters;
    State *s = state;
    guint64 chance = dice_hash(seed, (guint64)input->now_ms, 'r');
    double cooling = cooling_left(p, seed, input);
    s->feed_wander = model_wander(s->feed_wander, 0.05, 900, input->dt_s, chance);
    s->level_wander =
        model_wander(s->level_wander, 4, 7200, input->dt_s, chance << 9 | chance >> 55);
    int n = (int)ceil(input->dt_s / 5); /* stable and alike for every dt */
    for (int i = 0; i < n; i++)
        react(p, cooling, input->dt_s / n, s);
    double settled = p->pressure + p->pressure_warm * (s->temperature_c - p->set_c);
    s->pressure += (settled - s->pressure) * (1 - exp(-input->dt_s / 60));
    s->coolant_m3h = 40 * s->valve * cooling;
    s->level = CLAMP(60 + s->level_wander, 0, 100);
}

const PlantModel reactor_model = {.name = "reactor",
                                  .parameters = parameters_table,
                                  .outputs = outputs_table,
                                  .parameters_size = sizeof(Parameters),
                                  .state_size = sizeof(State),
                                  .start = start,
                                  .step = step};
