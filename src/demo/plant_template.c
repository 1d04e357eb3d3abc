#include "demo/plant_template.h"
#include "demo/demo_file.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *path;
    PlantTemplates *templates;
} Reading;

static void point_free(gpointer data) {
    PointTemplate *p = data;
    g_free(p->tag), g_free(p->name), g_free(p->measure), g_free(p->unit);
    g_free(p);
}

static void equipment_free(gpointer data) {
    EquipmentTemplate *e = data;
    g_free(e->name), g_free(e->kind), g_free(e->tag), g_free(e->title), g_free(e->parameters);
    g_ptr_array_unref(e->media);
    g_ptr_array_unref(e->points);
    g_free(e);
}

static void unit_free(gpointer data) {
    UnitTemplate *u = data;
    g_free(u->kind), g_free(u->name);
    g_ptr_array_unref(u->grades);
    g_array_unref(u->uses);
    g_free(u);
}

static void plant_free(gpointer data) {
    PlantTemplate *p = data;
    g_free(p->name), g_free(p->kind), g_free(p->title), g_free(p->suffix);
    g_ptr_array_unref(p->units);
    g_free(p);
}

static void showpiece_clear(gpointer data) { g_free(((Showpiece *)data)->county); }

void plant_templates_free(PlantTemplates *templates) {
    g_ptr_array_unref(templates->plants);
    g_ptr_array_unref(templates->equipment);
    g_array_unref(templates->showpieces);
    g_ptr_array_unref(templates->names_first);
    g_ptr_array_unref(templates->names_second);
    g_free(templates);
}

static gboolean refuse(const Reading *r, GError **error, const char *what,
                       const json_error_t *why) {
    return demo_file_error(error, r->path, "%s: %s", what, why->text);
}

/* Texts of a list (NULL: none). */
static gboolean texts_read(const Reading *r, json_t *list, GPtrArray *texts, GError **error) {
    gsize i;
    json_t *item;
    json_array_foreach(list, i, item) {
        if (!json_is_string(item))
            return demo_file_error(error, r->path, "a list holds something that is not text");
        g_ptr_array_add(texts, g_strdup(json_string_value(item)));
    }
    return TRUE;
}

static double limit_of(json_t *limits, gsize i) {
    json_t *limit = json_array_get(limits, i);
    return json_is_number(limit) ? json_number_value(limit) : NAN;
}

static gboolean limits_rise(const PointTemplate *p) {
    const double values[] = {p->range_low,  p->limit_low_low,   p->limit_low,
                             p->limit_high, p->limit_high_high, p->range_high};
    double last = -INFINITY;
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        if (isnan(values[i]))
            continue;
        if (values[i] <= last)
            return FALSE;
        last = values[i];
    }
    return TRUE;
}

static gboolean point_read(const Reading *r, EquipmentTemplate *equipment, json_t *item,
                           GError **error) {
    PointTemplate *p = g_new0(PointTemplate, 1);
    g_ptr_array_add(equipment->points, p);
    const char *tag, *name, *output, *measure, *unit;
    json_t *limits;
    json_error_t why;
    if (json_unpack_ex(
            item, &why, JSON_STRICT,
            "{s:s, s:s, s:s, s:s, s:s, s:[F,F!], s:o, s:F, s:i, s:i, s?i, s?i, s?F, s:i, s:F, s:F}",
            "tag", &tag, "name", &name, "output", &output, "measure", &measure, "unit", &unit,
            "range", &p->range_low, &p->range_high, "limits", &limits, "hysteresis", &p->hysteresis,
            "on_delay_s", &p->on_delay_s, "off_delay_s", &p->off_delay_s, "stale_s", &p->stale_s,
            "stuck_s", &p->stuck_s, "rate_limit", &p->rate_limit, "priority", &p->priority, "noise",
            &p->noise, "quantum", &p->quantum) != 0)
        return refuse(r, error, equipment->name, &why);
    p->tag = g_strdup(tag), p->name = g_strdup(name);
    p->measure = g_strdup(measure), p->unit = g_strdup(unit);
    p->output = plant_model_output(equipment->model, output);
    p->limit_low_low = limit_of(limits, 0), p->limit_low = limit_of(limits, 1);
    p->limit_high = limit_of(limits, 2), p->limit_high_high = limit_of(limits, 3);
    if (!p->output || json_array_size(limits) != 4 || !limits_rise(p) || p->quantum <= 0)
        return demo_file_error(error, r->path,
                               "%s %s: no such output, or limits that do not rise inside the range",
                               equipment->name, tag);
    return TRUE;
}

static gboolean equipment_read(const Reading *r, json_t *item, GError **error) {
    const char *name, *kind, *tag, *title, *title_en, *model;
    json_t *media = NULL, *parameters, *points;
    json_error_t why;
    if (json_unpack_ex(item, &why, JSON_STRICT, "{s:s, s:s, s:s, s:{s:s, s:s}, s:s, s?o, s:o, s:o}",
                       "name", &name, "kind", &kind, "tag", &tag, "title", "zh", &title, "en",
                       &title_en, "model", &model, "media", &media, "parameters", &parameters,
                       "points", &points) != 0)
        return refuse(r, error, "equipment", &why);
    EquipmentTemplate *e = g_new0(EquipmentTemplate, 1);
    g_ptr_array_add(r->templates->equipment, e);
    e->name = g_strdup(name), e->kind = g_strdup(kind), e->tag = g_strdup(tag);
    e->title = g_strdup(title);
    e->media = g_ptr_array_new_with_free_func(g_free);
    e->points = g_ptr_array_new_with_free_func(point_free);
    e->model = plant_model_find(model);
    if (!e->model)
        return demo_file_error(error, r->path, "%s: there is no model %s", name, model);
    e->parameters = plant_model_parameters(e->model, parameters, r->path, error);
    if (!e->parameters || !texts_read(r, media, e->media, error))
        return FALSE;
    gsize i;
    json_t *point;
    json_array_foreach(points, i, point) if (!point_read(r, e, point, error)) return FALSE;
    return TRUE;
}

static const EquipmentTemplate *equipment_find(const PlantTemplates *t, const char *name) {
    for (guint i = 0; i < t->equipment->len; i++) {
        const EquipmentTemplate *e = g_ptr_array_index(t->equipment, i);
        if (strcmp(e->name, name) == 0)
            return e;
    }
    return NULL;
}

static gboolean use_read(const Reading *r, UnitTemplate *unit, json_t *item, GError **error) {
    const char *name;
    int count;
    json_error_t why;
    if (json_unpack_ex(item, &why, JSON_STRICT, "{s:s, s:i}", "use", &name, "count", &count) != 0)
        return refuse(r, error, unit->name, &why);
    EquipmentUse use = {equipment_find(r->templates, name), (guint)count};
    if (!use.equipment || count < 1 || count > 100)
        return demo_file_error(error, r->path, "%s: no equipment %s, or a count outside 1..100",
                               unit->name, name);
    g_array_append_val(unit->uses, use);
    return TRUE;
}

static gboolean unit_read(const Reading *r, PlantTemplate *plant, json_t *item, GError **error) {
    const char *kind, *name;
    json_t *grades = NULL, *equipment;
    json_error_t why;
    if (json_unpack_ex(item, &why, JSON_STRICT, "{s:s, s:s, s?o, s:o}", "kind", &kind, "name",
                       &name, "grades", &grades, "equipment", &equipment) != 0)
        return refuse(r, error, plant->name, &why);
    UnitTemplate *u = g_new0(UnitTemplate, 1);
    g_ptr_array_add(plant->units, u);
    u->kind = g_strdup(kind), u->name = g_strdup(name);
    u->grades = g_ptr_array_new_with_free_func(g_free);
    u->uses = g_array_new(FALSE, FALSE, sizeof(EquipmentUse));
    if (!texts_read(r, grades, u->grades, error))
        return FALSE;
    gsize i;
    json_t *use;
    json_array_foreach(equipment, i, use) if (!use_read(r, u, use, error)) return FALSE;
    return TRUE;
}

static gboolean plant_read(const Reading *r, json_t *item, GError **error) {
    const char *name, *kind, *title, *suffix;
    json_t *units;
    PlantTemplate *p = g_new0(PlantTemplate, 1);
    g_ptr_array_add(r->templates->plants, p);
    p->units = g_ptr_array_new_with_free_func(unit_free);
    int count;
    json_error_t why;
    if (json_unpack_ex(item, &why, JSON_STRICT, "{s:s, s:s, s:i, s:s, s:s, s:[i,i!], s:o}", "name",
                       &name, "kind", &kind, "count", &count, "title", &title, "suffix", &suffix,
                       "employees", &p->employees_low, &p->employees_high, "units", &units) != 0)
        return refuse(r, error, "plants", &why);
    p->name = g_strdup(name), p->kind = g_strdup(kind);
    p->title = g_strdup(title), p->suffix = g_strdup(suffix);
    if (count < 0 || count > 10000 || p->employees_low > p->employees_high)
        return demo_file_error(error, r->path, "%s: count or employees out of bounds", name);
    p->count = (guint)count;
    gsize i;
    json_t *unit;
    json_array_foreach(units, i, unit) if (!unit_read(r, p, unit, error)) return FALSE;
    return TRUE;
}

static gboolean showpiece_read(const Reading *r, json_t *item, GError **error) {
    const char *county, *plant;
    json_error_t why;
    if (json_unpack_ex(item, &why, 0, "[s,s!]", &county, &plant) != 0)
        return refuse(r, error, "showpieces", &why);
    for (guint i = 0; i < r->templates->plants->len; i++) {
        const PlantTemplate *p = g_ptr_array_index(r->templates->plants, i);
        if (strcmp(p->name, plant) != 0)
            continue;
        Showpiece showpiece = {g_strdup(county), p};
        g_array_append_val(r->templates->showpieces, showpiece);
        return TRUE;
    }
    return demo_file_error(error, r->path, "showpieces: there is no plant %s", plant);
}

static gboolean each(const Reading *r, json_t *list,
                     gboolean (*read)(const Reading *, json_t *, GError **), GError **error) {
    gsize i;
    json_t *item;
    json_array_foreach(list, i, item) if (!read(r, item, error)) return FALSE;
    return TRUE;
}

static gboolean templates_read(const Reading *r, json_t *root, GError **error) {
    json_t *equipment, *plants, *showpieces, *first, *second;
    json_error_t why;
    if (json_unpack_ex(root, &why, JSON_STRICT, "{s:o, s:o, s:o, s:{s:o, s:o}}", "equipment",
                       &equipment, "plants", &plants, "showpieces", &showpieces, "names", "first",
                       &first, "second", &second) != 0)
        return refuse(r, error, "file", &why);
    return each(r, equipment, equipment_read, error) && each(r, plants, plant_read, error) &&
           each(r, showpieces, showpiece_read, error) &&
           texts_read(r, first, r->templates->names_first, error) &&
           texts_read(r, second, r->templates->names_second, error);
}

PlantTemplates *plant_templates_read(const char *path, GError **error) {
    json_t *root = demo_yaml_read(path, error);
    if (!root)
        return NULL;
    g_autoptr(PlantTemplates) t = g_new0(PlantTemplates, 1);
    t->equipment = g_ptr_array_new_with_free_func(equipment_free);
    t->plants = g_ptr_array_new_with_free_func(plant_free);
    t->showpieces = g_array_new(FALSE, FALSE, sizeof(Showpiece));
    g_array_set_clear_func(t->showpieces, showpiece_clear);
    t->names_first = g_ptr_array_new_with_free_func(g_free);
    t->names_second = g_ptr_array_new_with_free_func(g_free);
    gboolean good = templates_read(&(Reading){path, t}, root, error);
    json_decref(root);
    return good ? g_steal_pointer(&t) : NULL;
}
