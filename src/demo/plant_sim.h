/* One enterprise in motion: its equipment's models, the faults that the script puts on it, and its
 * instruments with noise, steps and ranges.
 *
 * Pure but for its own memory: time, weather and script come in, readings go out. One thread owns
 * an object. About 150 bytes a point. */
#pragma once
#include "demo/episode.h"

typedef struct {
    double value;    /* inside the range, a whole number of quanta */
    guint8 quality;  /* 0 good, 2 bad */
    guint8 decimals; /* enough to write the quantum */
} Reading;

typedef struct PlantSim PlantSim;
/* Borrows the plan. */
PlantSim *plant_sim_new(const ProvincePlan *plan, guint enterprise, gint64 now_ms);
void plant_sim_free(PlantSim *sim);

/* Moves everything to now_ms (later than before; at most 10 minutes). `active` is what script_at
 * says for that time, for all plants. */
void plant_sim_step(PlantSim *sim, gint64 now_ms, const Weather *weather, const GArray *active);
/* What the instrument says at time_ms (noise depends on it), after the last step. */
Reading plant_sim_read(PlantSim *sim, guint point, gint64 time_ms);
gboolean plant_sim_cut_off(const PlantSim *sim); /* its gateway has lost the line */
const PlanEnterprise *plant_sim_plan(const PlantSim *sim);
