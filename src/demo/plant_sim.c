#include "demo/plant_sim.h"
#include "demo/dice.h"

#include <math.h>

enum { STEP_MAX_MS = 600 * 1000 };

typedef struct {
    FaultKind fault; /* NONE, STUCK or BAD */
    double last;     /* what it said before the fault */
    guint8 decimals;
} Instrument;

struct PlantSim {
    const PlanEnterprise *plan;
    guint enterprise;
    guint64 seed;
    gint64 now_ms;
    gpointer *states; /* per equipment */
    Fault *faults;    /* per equipment, for the models */
    Instrument *instruments;
    gboolean cut_off;
};

static const PlanEquipment *equipment_at(const PlantSim *sim, guint i) {
    return &g_array_index(sim->plan->equipment, PlanEquipment, i);
}

static const PlanPoint *point_at(const PlantSim *sim, guint i) {
    return &g_array_index(sim->plan->points, PlanPoint, i);
}

static guint8 decimals_of(double quantum) {
    guint8 n = 0;
    while (n < 6 && fabs(quantum - round(quantum)) > 1e-9)
        quantum *= 10, n++;
    return n;
}

static double quantised(const PointTemplate *t, double value) {
    value = round(value / t->quantum) * t->quantum;
    return CLAMP(value, t->range_low, t->range_high);
}

static double true_value(const PlantSim *sim, const PlanPoint *point) {
    return model_output_value(point->template->output, sim->states[point->equipment]);
}

PlantSim *plant_sim_new(const ProvincePlan *plan, guint enterprise, gint64 now_ms) {
    PlantSim *sim = g_new0(PlantSim, 1);
    sim->plan = plan_enterprise(plan, enterprise);
    sim->enterprise = enterprise, sim->seed = plan->seed, sim->now_ms = now_ms;
    guint n = sim->plan->equipment->len;
    sim->states = g_new0(gpointer, n);
    sim->faults = g_new0(Fault, n);
    sim->instruments = g_new0(Instrument, sim->plan->points->len);
    ModelInput input = {.now_ms = now_ms, .dt_s = 1, .weather = weather_at(plan->seed, now_ms)};
    for (guint i = 0; i < n; i++) {
        const PlanEquipment *e = equipment_at(sim, i);
        sim->states[i] = g_malloc0(e->template->model->state_size);
        e->template->model->start(e->template->parameters, e->seed, &input, sim->states[i]);
    }
    for (guint i = 0; i < sim->plan->points->len; i++) {
        const PlanPoint *p = point_at(sim, i);
        sim->instruments[i].decimals = decimals_of(p->template->quantum);
        sim->instruments[i].last = quantised(p->template, true_value(sim, p));
    }
    return sim;
}

void plant_sim_free(PlantSim *sim) {
    for (guint i = 0; i < sim->plan->equipment->len; i++)
        g_free(sim->states[i]);
    g_free(sim->states);
    g_free(sim->faults);
    g_free(sim->instruments);
    g_free(sim);
}

const PlanEnterprise *plant_sim_plan(const PlantSim *sim) { return sim->plan; }
gboolean plant_sim_cut_off(const PlantSim *sim) { return sim->cut_off; }

/* The leak is four metres up the wind of the detector it was written for; the others of that kind
 * in the unit get their share. */
static void leak_set(PlantSim *sim, const ActiveEpisode *a, const Fault *fault) {
    const PlanEquipment *target = equipment_at(sim, a->equipment);
    double to = weather_at(sim->seed, a->start_ms).wind_to_rad;
    double east = target->east_m - 4 * cos(to), north = target->north_m - 4 * sin(to);
    for (guint i = 0; i < sim->plan->equipment->len; i++) {
        const PlanEquipment *e = equipment_at(sim, i);
        if (e->unit != target->unit || e->template != target->template)
            continue;
        sim->faults[i] = *fault;
        sim->faults[i].east_m = e->east_m - east;
        sim->faults[i].north_m = e->north_m - north;
    }
}

/* Only the first instrument of the equipment fails: that is what happens. */
static void instrument_set(PlantSim *sim, const ActiveEpisode *a) {
    for (guint i = 0; i < sim->plan->points->len; i++)
        if (point_at(sim, i)->equipment == a->equipment) {
            sim->instruments[i].fault = a->kind;
            return;
        }
}

static void fault_set(PlantSim *sim, const ActiveEpisode *a) {
    Fault fault = {.kind = a->kind,
                   .progress = a->progress,
                   .duration_s = a->duration_s,
                   .strength = a->strength};
    if (a->kind == FAULT_GATEWAY)
        sim->cut_off = TRUE;
    else if (a->kind == FAULT_LEAK)
        leak_set(sim, a, &fault);
    else if (a->kind == FAULT_STUCK || a->kind == FAULT_BAD)
        instrument_set(sim, a);
    else
        sim->faults[a->equipment] = fault;
}

static void faults_set(PlantSim *sim, const GArray *active) {
    for (guint i = 0; i < sim->plan->equipment->len; i++)
        sim->faults[i].kind = FAULT_NONE;
    for (guint i = 0; i < sim->plan->points->len; i++)
        sim->instruments[i].fault = FAULT_NONE;
    sim->cut_off = FALSE;
    for (guint i = 0; i < active->len; i++) {
        const ActiveEpisode *a = &g_array_index(active, ActiveEpisode, i);
        if (a->enterprise == sim->enterprise)
            fault_set(sim, a);
    }
}

void plant_sim_step(PlantSim *sim, gint64 now_ms, const Weather *weather, const GArray *active) {
    g_assert(now_ms > sim->now_ms && now_ms - sim->now_ms <= STEP_MAX_MS);
    faults_set(sim, active);
    ModelInput input = {now_ms, (double)(now_ms - sim->now_ms) / 1000, *weather, {0}};
    for (guint i = 0; i < sim->plan->equipment->len; i++) {
        const PlanEquipment *e = equipment_at(sim, i);
        input.fault = sim->faults[i];
        e->template->model->step(e->template->parameters, e->seed, &input, sim->states[i]);
    }
    sim->now_ms = now_ms;
}

Reading plant_sim_read(PlantSim *sim, guint point, gint64 time_ms) {
    const PlanPoint *p = point_at(sim, point);
    Instrument *instrument = &sim->instruments[point];
    guint8 quality = instrument->fault == FAULT_BAD ? 2 : 0;
    if (instrument->fault == FAULT_NONE) {
        double noise =
            p->template->noise * dice_normal_of(dice_hash(p->seed, (guint64)time_ms, 'n'));
        instrument->last = quantised(p->template, true_value(sim, p) + noise);
    }
    return (Reading){instrument->last, quality, instrument->decimals};
}
