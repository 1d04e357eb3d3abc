/* The plan of the demo province: every region, enterprise, unit, piece of equipment and point, made
 * from the data files and a seed.
 *
 * It is plain data without any database: the province builder writes it into records, the simulator
 * moves it, and both see the same because the same files and seed give the same plan. Read-only
 * after province_plan_read; any thread. About 2 MiB. */
#pragma once
#include "demo/plant_template.h"

typedef struct {
    char *code, *name, *parent, *kind; /* parent "" for the province */
    double lon, lat;
    double west, south, east, north; /* counties with known extent */
    guint weight;                    /* share of the enterprises; 0: none */
} PlanRegion;

typedef struct {
    const PointTemplate *template;
    char *code, *name;
    guint equipment; /* index in the enterprise */
    guint64 seed;
} PlanPoint;

typedef struct {
    const EquipmentTemplate *template;
    char *code, *name;
    const char *medium;     /* or NULL */
    guint unit;             /* index in the enterprise */
    double east_m, north_m; /* inside the unit */
    guint64 seed;
} PlanEquipment;

typedef struct {
    const UnitTemplate *template;
    char *code, *name;
    const char *grade, *substance; /* or NULL */
    double r_value;                /* GB 18218, inside its grade; 0 without grade */
    double lon, lat;
} PlanUnit;

typedef struct {
    const PlantTemplate *template;
    const PlanRegion *region;
    char *code, *name, *uscc, *address, *gateway;
    double lon, lat;
    int employees;
    GArray *units, *equipment, *points; /* PlanUnit, PlanEquipment, PlanPoint */
} PlanEnterprise;

typedef struct {
    guint64 seed;
    PlantTemplates *templates;
    GPtrArray *regions;     /* PlanRegion*, parents first */
    GPtrArray *enterprises; /* PlanEnterprise*, the showpieces first */
    guint points;
} ProvincePlan;

/* Reads regions.csv, counties.csv and plants.yaml of the directory. */
ProvincePlan *province_plan_read(const char *demo_dir, guint64 seed, GError **error);
void province_plan_free(ProvincePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvincePlan, province_plan_free)
const PlanRegion *plan_region(const ProvincePlan *plan, const char *code); /* or NULL */
static inline const PlanEnterprise *plan_enterprise(const ProvincePlan *plan, guint i) {
    return (const PlanEnterprise *)g_ptr_array_index(plan->enterprises, i);
}
