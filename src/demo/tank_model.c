/* A tank: filled and emptied by turns, with pauses. Level from the flows; gas pressure from flow
 * and warmth; temperature follows the outside slowly. Now and then the filling stops late, above
 * the high limit. An overfill fills on past HH, then pumps down. */
#include "demo/dice.h"
#include "demo/plant_model.h"

#include <math.h>
#include <stddef.h>

typedef struct {
    double height_m, area_m2, pump_m3h;
    double fill_stop, drain_stop; /* of the height */
    double hold_min;              /* mean pause */
    double late;                  /* chance that a filling stops late */
    double overfill_m;            /* how far an overfill goes; above HH */
    double pressure;              /* at rest and 15 degrees */
    double pressure_flow;         /* more while filling at full rate, less while emptying */
    double pressure_warm;         /* more per degree over 15 */
    double pressure_sigma;
} Parameters;

static const ModelParameter parameters_table[] = {
    {"height_m", offsetof(Parameters, height_m), 12, 0.5, 60},
    {"area_m2", offsetof(Parameters, area_m2), 100, 0.5, 10000},
    {"pump_m3h", offsetof(Parameters, pump_m3h), 300, 0.1, 20000},
    {"fill_stop", offsetof(Parameters, fill_stop), 0.78, 0.1, 0.95},
    {"drain_stop", offsetof(Parameters, drain_stop), 0.3, 0.02, 0.9},
    {"hold_min", offsetof(Parameters, hold_min), 45, 1, 1440},
    {"late", offsetof(Parameters, late), 0.01, 0, 1},
    {"overfill_m", offsetof(Parameters, overfill_m), 11, 0.1, 60},
    {"pressure", offsetof(Parameters, pressure), 1, 0, 10000},
    {"pressure_flow", offsetof(Parameters, pressure_flow), 0, 0, 1000},
    {"pressure_warm", offsetof(Parameters, pressure_warm), 0, 0, 1000},
    {"pressure_sigma", offsetof(Parameters, pressure_sigma), 0.01, 0, 1000},
    {NULL, 0, 0, 0, 0}};

typedef enum { FILL, FULL, DRAIN, EMPTY, PHASES } Phase;

typedef struct {
    double level_m, temperature_c, pressure, inflow_m3h, outflow_m3h; /* outputs */
    double wander;
    Phase phase;
    guint turn; /* phases since the start */
    double pause_s;
} State;

static const ModelOutput outputs_table[] = {
    {"level", offsetof(State, level_m)},       {"temperature", offsetof(State, temperature_c)},
    {"pressure", offsetof(State, pressure)},   {"inflow", offsetof(State, inflow_m3h)},
    {"outflow", offsetof(State, outflow_m3h)}, {NULL, 0}};

static double pump_of(const Parameters *p, guint64 seed) {
    return p->pump_m3h * (0.8 + 0.4 * dice_unit_of(dice_hash(seed, 1, 'p')));
}

static double pause_of(const Parameters *p, guint64 seed, guint turn) {
    return p->hold_min * 60 * (0.3 + 1.4 * dice_unit_of(dice_hash(seed, turn, 'h')));
}

static double stop_of(const Parameters *p, guint64 seed, const State *s) {
    guint64 chance = dice_hash(seed, s->turn, 's');
    double share = s->phase == FILL ? p->fill_stop : p->drain_stop;
    if (s->phase == FILL && dice_unit_of(dice_hash(seed, s->turn, 'l')) < p->late)
        return p->overfill_m * (0.935 + 0.01 * dice_unit_of(chance));
    return p->height_m * (share + 0.05 * (dice_unit_of(chance) - 0.5));
}

static void phase_next(const Parameters *p, guint64 seed, State *s) {
    s->phase = (s->phase + 1) % PHASES;
    s->turn++;
    s->pause_s = pause_of(p, seed, s->turn);
}

static void flows_normal(const Parameters *p, guint64 seed, double dt_s, State *s) {
    double pump = pump_of(p, seed), stop = stop_of(p, seed, s);
    s->inflow_m3h = s->phase == FILL ? pump : 0;
    s->outflow_m3h = s->phase == DRAIN ? pump * 0.7 : 0;
    s->pause_s -= dt_s;
    gboolean ended = s->phase == FILL    ? s->level_m >= stop
                     : s->phase == DRAIN ? s->level_m <= stop
                                         : s->pause_s <= 0;
    if (ended)
        phase_next(p, seed, s);
}

/* Quickly to just under the high limit (0.4 of the time), on past HH (till 0.6), a while there,
 * then pumped down. */
static void flows_overfill(const Parameters *p, guint64 seed, const ModelInput *input, State *s) {
    double progress = input->fault.progress, pump = pump_of(p, seed);
    double until = progress < 0.4 ? 0.4 : 0.6;
    double target = p->overfill_m * (progress < 0.4 ? 0.87 : 0.87 + 0.13 * input->fault.strength);
    double left_h = MAX((until - progress) * input->fault.duration_s, input->dt_s) / 3600;
    double need = (target - s->level_m) * p->area_m2 / left_h;
    s->inflow_m3h = progress < 0.6 ? CLAMP(need, 0, 8 * pump) : 0;
    s->outflow_m3h = progress > 0.68 ? 1.5 * pump : progress < 0.4 ? CLAMP(-need, 0, 8 * pump) : 0;
    s->phase = DRAIN;
}

static void gas_space(const Parameters *p, guint64 seed, const ModelInput *input, State *s) {
    double warmer = input->weather.outdoor_c - s->temperature_c;
    s->temperature_c += warmer * (1 - exp(-input->dt_s / (6 * 3600.0)));
    s->wander = model_wander(s->wander, p->pressure_sigma, 600, input->dt_s,
                             dice_hash(seed, (guint64)input->now_ms, 'P'));
    double flow = CLAMP((s->inflow_m3h - s->outflow_m3h) / p->pump_m3h, -1.5, 1.5);
    double settled = p->pressure + p->pressure_warm * (s->temperature_c - 15) +
                     p->pressure_flow * flow + s->wander;
    s->pressure += (settled - s->pressure) * (1 - exp(-input->dt_s / 120));
}

static void start(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    const Parameters *p = parameters;
    State *s = state;
    Dice dice = dice_new(dice_hash(seed, 0, 't'));
    *s = (State){.phase = (Phase)dice_pick(&dice, PHASES), .turn = dice_pick(&dice, 1 << 20)};
    double share = dice_between(&dice, p->drain_stop + 0.03, p->fill_stop - 0.03);
    s->level_m = p->height_m * share;
    s->temperature_c = input->weather.outdoor_c;
    s->pressure = p->pressure + p->pressure_warm * (s->temperature_c - 15);
    s->pause_s = pause_of(p, seed, s->turn);
}

static void step(const void *parameters, guint64 seed, const ModelInput *input, void *state) {
    const Parameters *p = parameters;
    State *s = state;
    if (input->fault.kind == FAULT_OVERFILL)
        flows_overfill(p, seed, input, s);
    else
        flows_normal(p, seed, input->dt_s, s);
    double net = s->inflow_m3h - s->outflow_m3h;
    s->level_m = CLAMP(s->level_m + net / p->area_m2 * input->dt_s / 3600, 0, p->height_m);
    gas_space(p, seed, input, s);
}

const PlantModel tank_model = {.name = "tank",
                               .parameters = parameters_table,
                               .outputs = outputs_table,
                               .parameters_size = sizeof(Parameters),
                               .state_size = sizeof(State),
                               .start = start,
                               .step = step};
