#include "demo/plant_model.h"
#include "base/clock.h"
#include "demo/demo_file.h"
#include "demo/dice.h"

#include <math.h>
#include <string.h>

static const char *const fault_names[FAULTS] = {"none",  "overfill", "leak", "cooling",
                                                "surge", "stuck",    "bad",  "gateway"};

const char *fault_name(FaultKind kind) { return fault_names[kind]; }

FaultKind fault_find(const char *name) {
    FaultKind kind = FAULT_NONE;
    while (kind < FAULTS && strcmp(fault_names[kind], name) != 0)
        kind++;
    return kind;
}

static const PlantModel *const models[] = {&tank_model, &reactor_model, &gas_model, &process_model};

const PlantModel *plant_model_find(const char *name) {
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++)
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    return NULL;
}

const ModelOutput *plant_model_output(const PlantModel *model, const char *name) {
    const ModelOutput *output = model->outputs;
    while (output->name && strcmp(output->name, name) != 0)
        output++;
    return output->name ? output : NULL;
}

static const ModelParameter *parameter_find(const PlantModel *model, const char *name) {
    const ModelParameter *p = model->parameters;
    while (p->name && strcmp(p->name, name) != 0)
        p++;
    return p->name ? p : NULL;
}

gpointer plant_model_parameters(const PlantModel *model, json_t *values, const char *path,
                                GError **error) {
    g_autofree char *parameters = g_malloc0(model->parameters_size);
    for (const ModelParameter *p = model->parameters; p->name; p++)
        *(double *)(parameters + p->offset) = p->otherwise;
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value) {
        const ModelParameter *p = parameter_find(model, name);
        double number = json_number_value(value);
        if (!p || !json_is_number(value) || !(number >= p->min && number <= p->max)) {
            demo_file_error(error, path, "model %s: parameter %s is unknown or out of its bounds",
                            model->name, name);
            return NULL;
        }
        *(double *)(parameters + p->offset) = number;
    }
    return g_steal_pointer(&parameters);
}

/* Wind turns and freshens from hour to hour; the temperature is that of the lower Yangtze: 16 +- 11
 * over the year, +- 4 over the day. */
Weather weather_at(guint64 seed, gint64 now_ms) {
    enum { HOUR_MS = 3600 * 1000 };
    gint64 hour = now_ms / HOUR_MS;
    double part = (double)(now_ms % HOUR_MS) / HOUR_MS;
    guint64 before = dice_hash(seed, (guint64)hour, 'w');
    guint64 after = dice_hash(seed, (guint64)hour + 1, 'w');
    double turn = dice_unit_of(before) * (1 - part) + dice_unit_of(after) * part;
    double gust = dice_unit_of(before << 7) * (1 - part) + dice_unit_of(after << 7) * part;
    double day = (double)(now_ms + CST_OFFSET_MS) / DAY_MS;
    double year = sin(2 * G_PI * (day - 110) / 365.25); /* warmest near the 20th of July */
    double clock = sin(2 * G_PI * (day - floor(day) - 0.375));
    return (Weather){.outdoor_c = 16 + 11 * year + 4 * clock,
                     .wind_mps = 1 + 4 * gust,
                     .wind_to_rad = 2 * G_PI * turn};
}

double model_wander(double value, double sigma, double tau_s, double dt_s, guint64 chance) {
    double keep = exp(-dt_s / tau_s);
    return value * keep + sigma * sqrt(1 - keep * keep) * dice_normal_of(chance);
}

static double smooth(double x) { return x <= 0 ? 0 : x >= 1 ? 1 : x * x * (3 - 2 * x); }

double model_bump(double progress) {
    return smooth(progress / 0.3) - smooth((progress - 0.65) / 0.35);
}

double model_disturbance(guint64 seed, gint64 now_ms, double per_day, double minutes) {
    enum { SLOT_MS = 3 * 3600 * 1000 };
    gint64 slot = now_ms / SLOT_MS;
    guint64 chance = dice_hash(seed, (guint64)slot, 'd');
    if (dice_unit_of(chance) >= per_day * SLOT_MS / DAY_MS)
        return 0;
    Dice dice = dice_new(chance);
    double length = MIN(minutes * 60e3 * dice_between(&dice, 0.7, 1.3), SLOT_MS);
    double begin = dice_between(&dice, 0, SLOT_MS - length);
    return model_bump(((double)(now_ms % SLOT_MS) - begin) / length) *
           dice_between(&dice, 0.85, 1.15);
}
