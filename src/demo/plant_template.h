/* What plants are made of: demo/plants.yaml read and checked into tables. Read-only after reading;
 * free with plant_templates_free. */
#pragma once
#include "demo/plant_model.h"

typedef struct {
    char *tag, *name, *measure, *unit;
    const ModelOutput *output;
    double range_low, range_high;
    double limit_low_low, limit_low, limit_high, limit_high_high; /* NAN: not watched */
    double hysteresis, rate_limit;                                /* rate 0: not watched */
    double noise, quantum;                                        /* of the instrument */
    int on_delay_s, off_delay_s, stale_s, stuck_s;                /* 0: not watched */
    int priority;
} PointTemplate;

typedef struct {
    char *name, *kind, *tag;
    char *title;
    const PlantModel *model;
    gpointer parameters;
    GPtrArray *media;  /* char*; may be empty */
    GPtrArray *points; /* PointTemplate* */
} EquipmentTemplate;

typedef struct {
    const EquipmentTemplate *equipment;
    guint count;
} EquipmentUse;

typedef struct {
    char *kind, *name;
    GPtrArray *grades; /* char*; empty: not a major hazard installation */
    GArray *uses;      /* EquipmentUse */
} UnitTemplate;

typedef struct {
    char *name, *kind, *title, *suffix;
    guint count;
    int employees_low, employees_high;
    GPtrArray *units; /* UnitTemplate* */
} PlantTemplate;

typedef struct {
    char *county;
    const PlantTemplate *plant;
} Showpiece;

typedef struct {
    GPtrArray *equipment;                  /* EquipmentTemplate* */
    GPtrArray *plants;                     /* PlantTemplate* */
    GArray *showpieces;                    /* Showpiece */
    GPtrArray *names_first, *names_second; /* char* */
} PlantTemplates;

PlantTemplates *plant_templates_read(const char *path, GError **error);
void plant_templates_free(PlantTemplates *templates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlantTemplates, plant_templates_free)
