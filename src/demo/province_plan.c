#include "demo/province_plan.h"
#include "demo/demo_file.h"
#include "demo/demo_uscc.h"
#include "demo/dice.h"

#include <math.h>
#include <string.h>

static void region_free(gpointer data) {
    PlanRegion *r = data;
    g_free(r->code), g_free(r->name), g_free(r->parent), g_free(r->kind);
    g_free(r);
}

static void point_clear(gpointer data) {
    PlanPoint *p = data;
    g_free(p->code), g_free(p->name);
}

static void equipment_clear(gpointer data) {
    PlanEquipment *e = data;
    g_free(e->code), g_free(e->name);
}

static void unit_clear(gpointer data) {
    PlanUnit *u = data;
    g_free(u->code), g_free(u->name);
}

static void enterprise_free(gpointer data) {
    PlanEnterprise *e = data;
    g_free(e->code), g_free(e->name), g_free(e->uscc), g_free(e->address), g_free(e->gateway);
    g_array_unref(e->units);
    g_array_unref(e->equipment);
    g_array_unref(e->points);
    g_free(e);
}

void province_plan_free(ProvincePlan *plan) {
    g_ptr_array_unref(plan->enterprises);
    g_ptr_array_unref(plan->regions);
    if (plan->templates)
        plant_templates_free(plan->templates);
    g_free(plan);
}

const PlanRegion *plan_region(const ProvincePlan *plan, const char *code) {
    for (guint i = 0; i < plan->regions->len; i++) {
        const PlanRegion *r = g_ptr_array_index(plan->regions, i);
        if (strcmp(r->code, code) == 0)
            return r;
    }
    return NULL;
}

/* --- regions --- */

static double number_at(json_t *row, const char *name) {
    const char *text = json_string_value(json_object_get(row, name));
    char *end;
    double value = text ? g_ascii_strtod(text, &end) : NAN;
    return text && end != text && *end == '\0' ? value : NAN;
}

static gboolean region_add(ProvincePlan *plan, json_t *row, const char *path, GError **error) {
    const char *code, *name, *parent, *kind;
    json_error_t why;
    if (json_unpack_ex(row, &why, 0, "{s:s, s:s, s:s, s:s}", "code", &code, "name", &name, "parent",
                       &parent, "kind", &kind) != 0)
        return demo_file_error(error, path, "%s", why.text);
    PlanRegion *r = g_new0(PlanRegion, 1);
    g_ptr_array_add(plan->regions, r);
    r->code = g_strdup(code), r->name = g_strdup(name);
    r->parent = g_strdup(parent), r->kind = g_strdup(kind);
    r->lon = number_at(row, "lon"), r->lat = number_at(row, "lat");
    if (isnan(r->lon) || isnan(r->lat) || (*parent && !plan_region(plan, parent)))
        return demo_file_error(error, path, "%s: no place, or its parent does not stand before it",
                               code);
    return TRUE;
}

static gboolean county_set(ProvincePlan *plan, json_t *row, const char *path, GError **error) {
    const char *code = json_string_value(json_object_get(row, "code"));
    PlanRegion *r = code ? (PlanRegion *)plan_region(plan, code) : NULL;
    if (!r)
        return demo_file_error(error, path, "there is no region %s", code ? code : "");
    r->west = number_at(row, "west"), r->south = number_at(row, "south");
    r->east = number_at(row, "east"), r->north = number_at(row, "north");
    double weight = number_at(row, "weight");
    if (!(r->west < r->lon && r->lon < r->east && r->south < r->lat && r->lat < r->north &&
          weight >= 0 && weight <= 100))
        return demo_file_error(error, path,
                               "%s: the centre is not inside its extent, or a bad weight", code);
    r->weight = (guint)weight;
    return TRUE;
}

static gboolean rows_each(ProvincePlan *plan, const char *demo_dir, const char *file,
                          gboolean (*take)(ProvincePlan *, json_t *, const char *, GError **),
                          GError **error) {
    g_autofree char *path = g_build_filename(demo_dir, file, NULL);
    json_t *rows = demo_csv_read(path, error);
    gboolean good = rows != NULL;
    for (gsize i = 0; good && i < json_array_size(rows); i++)
        good = take(plan, json_array_get(rows, i), path, error);
    json_decref(rows);
    return good;
}

/* --- enterprises --- */

typedef struct {
    ProvincePlan *plan;
    PlanEnterprise *enterprise;
    Dice *dice;
    GHashTable *numbers; /* equipment tag -> how many so far in this enterprise */
    guint detectors;
} Building;

static const double degree_m = 111320;

static const char *pick(Dice *dice, const GPtrArray *texts) {
    return texts->len ? g_ptr_array_index(texts, dice_pick(dice, texts->len)) : NULL;
}

/* An R value inside the grade (GB 18218-2018 table 6: 1 >= 100, 2 50-100, 3 10-50, 4 < 10). */
static double r_value_of(const char *grade, Dice *dice) {
    static const double low[] = {100, 50, 10, 1}, high[] = {260, 100, 50, 10};
    int i = CLAMP(grade[0] - '1', 0, 3);
    return floor(dice_between(dice, low[i], high[i]) * 10) / 10;
}

static void points_add(Building *b, const PlanEquipment *e, guint number) {
    GArray *points = b->enterprise->points;
    for (guint i = 0; i < e->template->points->len; i++) {
        const PointTemplate *t = g_ptr_array_index(e->template->points, i);
        PlanPoint p = {.template = t, .equipment = b->enterprise->equipment->len - 1};
        p.code =
            g_strdup_printf("%s-%s%u-%s", b->enterprise->code, e->template->tag, number, t->tag);
        p.name = g_strdup_printf("%s %s", e->name, t->name);
        p.seed = dice_hash_text(b->plan->seed, p.code);
        g_array_append_val(points, p);
        b->plan->points++;
    }
}

/* Detectors stand in rows of four, 8 m apart; the rest stands anywhere in the unit. */
static void place_in_unit(Building *b, PlanEquipment *e) {
    gboolean detector = strcmp(e->template->kind, "detector") == 0;
    e->east_m = detector ? 8.0 * (b->detectors % 4) : dice_between(b->dice, 0, 60);
    e->north_m = detector ? 8.0 * (b->detectors / 4) : dice_between(b->dice, 0, 40);
    b->detectors += detector;
}

static void equipment_add(Building *b, const EquipmentTemplate *template, const PlanUnit *unit) {
    PlanEnterprise *enterprise = b->enterprise;
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(b->numbers, template->tag));
    number = number ? number + 1 : 101;
    g_hash_table_insert(b->numbers, template->tag, GUINT_TO_POINTER(number));
    PlanEquipment e = {.template = template, .unit = enterprise->units->len - 1};
    e.code = g_strdup_printf("%s%s%04u", unit->code, template->tag,
                             number); /* 17 characters as in Jiangsu's interface */
    e.medium = pick(b->dice, template->media);
    e.name = g_strdup_printf("%s%s %s-%u", e.medium ? e.medium : "", template->title, template->tag,
                             number);
    e.seed = dice_hash_text(b->plan->seed, e.code);
    place_in_unit(b, &e);
    g_array_append_val(enterprise->equipment, e);
    points_add(b, &e, number);
}

static void unit_add(Building *b, const UnitTemplate *template) {
    PlanEnterprise *enterprise = b->enterprise;
    PlanUnit u = {.template = template, .name = g_strdup(template->name)};
    u.code =
        g_strdup_printf("%s%03u", enterprise->code, enterprise->units->len + 1); /* 12 digits */
    u.grade = pick(b->dice, template->grades);
    u.r_value = u.grade ? r_value_of(u.grade, b->dice) : 0;
    u.lon = enterprise->lon +
            dice_between(b->dice, -150, 150) / degree_m / cos(enterprise->lat * G_PI / 180);
    u.lat = enterprise->lat + dice_between(b->dice, -150, 150) / degree_m;
    g_array_append_val(enterprise->units, u);
    b->detectors = 0;
    guint first = enterprise->equipment->len;
    for (guint i = 0; i < template->uses->len; i++) {
        const EquipmentUse *use = &g_array_index(template->uses, EquipmentUse, i);
        for (guint k = 0; k < use->count; k++)
            equipment_add(b, use->equipment, &u);
    }
    PlanUnit *stored = &g_array_index(enterprise->units, PlanUnit, enterprise->units->len - 1);
    stored->substance = g_array_index(enterprise->equipment, PlanEquipment, first).medium;
}

/* Near the county's centre: within a fifth of its extent, which keeps out of the sea and the
 * neighbours in all but odd shapes. */
static void place_in_county(PlanEnterprise *e, Dice *dice) {
    const PlanRegion *r = e->region;
    double east = 0.16 * MIN(r->east - r->lon, r->lon - r->west);
    double north = 0.16 * MIN(r->north - r->lat, r->lat - r->south);
    e->lon = r->lon + CLAMP(dice_normal(dice), -2, 2) * east;
    e->lat = r->lat + CLAMP(dice_normal(dice), -2, 2) * north;
}

static char *name_of(const ProvincePlan *plan, const PlantTemplate *template, guint serial) {
    const GPtrArray *first = plan->templates->names_first, *second = plan->templates->names_second;
    guint at = serial * 7 % (first->len * second->len); /* 7 is prime to it: no name twice */
    return g_strdup_printf("安澜示范%s%s%s（虚构）",
                           (char *)g_ptr_array_index(first, at % first->len),
                           (char *)g_ptr_array_index(second, at / first->len), template->suffix);
}

static void enterprise_add(ProvincePlan *plan, const PlantTemplate *template,
                           const PlanRegion *region, GHashTable *serials) {
    guint total = plan->enterprises->len + 1;
    guint serial = GPOINTER_TO_UINT(g_hash_table_lookup(serials, region)) + 1;
    g_hash_table_insert(serials, (gpointer)region, GUINT_TO_POINTER(serial));
    char uscc[USCC_TEXT];
    PlanEnterprise *e = g_new0(PlanEnterprise, 1);
    g_ptr_array_add(plan->enterprises, e);
    e->template = template, e->region = region;
    e->code = g_strdup_printf("%s%03u", region->code,
                              serial); /* 6 digits of the county and 3 of its own */
    e->name = name_of(plan, template, total);
    e->uscc = g_strdup(uscc_made_up(region->code, total, uscc));
    e->address = g_strdup_printf("%s示范园区%u号（虚构）", region->name, serial);
    e->gateway = g_strdup_printf("GW-%s", e->code);
    e->units = g_array_new(FALSE, FALSE, sizeof(PlanUnit));
    e->equipment = g_array_new(FALSE, FALSE, sizeof(PlanEquipment));
    e->points = g_array_new(FALSE, FALSE, sizeof(PlanPoint));
    g_array_set_clear_func(e->units, unit_clear);
    g_array_set_clear_func(e->equipment, equipment_clear);
    g_array_set_clear_func(e->points, point_clear);
    Dice dice = dice_new(dice_hash_text(plan->seed, e->code));
    place_in_county(e, &dice);
    e->employees = (int)dice_between(&dice, template->employees_low, template->employees_high + 1);
    g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
    Building b = {plan, e, &dice, numbers, 0};
    for (guint i = 0; i < template->units->len; i++)
        unit_add(&b, g_ptr_array_index(template->units, i));
}

/* A county for each enterprise: by weight, but the first round gives one to every county, so that
 * no county is empty. */
static const PlanRegion *county_pick(const ProvincePlan *plan, const GPtrArray *tickets,
                                     guint serial, Dice *dice) {
    guint counties = 0;
    for (guint i = 0; i < plan->regions->len; i++) {
        const PlanRegion *r = g_ptr_array_index(plan->regions, i);
        if (r->weight && counties++ == serial)
            return r;
    }
    return g_ptr_array_index(tickets, dice_pick(dice, tickets->len));
}

static GPtrArray *tickets_of(const ProvincePlan *plan) {
    GPtrArray *tickets = g_ptr_array_new();
    for (guint i = 0; i < plan->regions->len; i++) {
        PlanRegion *r = g_ptr_array_index(plan->regions, i);
        for (guint k = 0; k < r->weight; k++)
            g_ptr_array_add(tickets, r);
    }
    return tickets;
}

/* The kinds of plants still to be placed, shuffled. */
static GPtrArray *deck_of(const ProvincePlan *plan, guint *placed, Dice *dice) {
    GPtrArray *deck = g_ptr_array_new();
    for (guint i = 0; i < plan->templates->plants->len; i++) {
        PlantTemplate *t = g_ptr_array_index(plan->templates->plants, i);
        for (guint k = placed[i]; k < t->count; k++)
            g_ptr_array_add(deck, t);
    }
    for (guint i = deck->len; i > 1; i--) {
        guint k = dice_pick(dice, i);
        gpointer swap = deck->pdata[i - 1];
        deck->pdata[i - 1] = deck->pdata[k], deck->pdata[k] = swap;
    }
    return deck;
}

static gboolean showpieces_add(ProvincePlan *plan, GHashTable *serials, guint *placed,
                               GError **error) {
    const GArray *showpieces = plan->templates->showpieces;
    for (guint i = 0; i < showpieces->len; i++) {
        const Showpiece *s = &g_array_index(showpieces, Showpiece, i);
        const PlanRegion *region = plan_region(plan, s->county);
        guint kind;
        g_ptr_array_find(plan->templates->plants, s->plant, &kind);
        if (!region || !region->weight)
            return demo_file_error(error, "plants.yaml", "showpieces: no county %s with extent",
                                   s->county);
        enterprise_add(plan, s->plant, region, serials);
        placed[kind]++;
    }
    return TRUE;
}

static gboolean enterprises_add(ProvincePlan *plan, GError **error) {
    g_autofree guint *placed = g_new0(guint, plan->templates->plants->len + 1);
    g_autoptr(GHashTable) serials = g_hash_table_new(g_direct_hash, g_direct_equal);
    if (!plan->templates->names_first->len || !plan->templates->names_second->len)
        return demo_file_error(error, "plants.yaml", "names: nothing to make names of");
    if (!showpieces_add(plan, serials, placed, error))
        return FALSE;
    Dice dice = dice_new(dice_hash(plan->seed, 'p', 'r'));
    g_autoptr(GPtrArray) deck = deck_of(plan, placed, &dice);
    g_autoptr(GPtrArray) tickets = tickets_of(plan);
    if (!tickets->len)
        return demo_file_error(error, "counties.csv", "no county has a weight");
    for (guint i = 0; i < deck->len; i++)
        enterprise_add(plan, g_ptr_array_index(deck, i), county_pick(plan, tickets, i, &dice),
                       serials);
    return TRUE;
}

ProvincePlan *province_plan_read(const char *demo_dir, guint64 seed, GError **error) {
    g_autofree char *plants = g_build_filename(demo_dir, "plants.yaml", NULL);
    g_autoptr(ProvincePlan) plan = g_new0(ProvincePlan, 1);
    plan->seed = seed;
    plan->regions = g_ptr_array_new_with_free_func(region_free);
    plan->enterprises = g_ptr_array_new_with_free_func(enterprise_free);
    plan->templates = plant_templates_read(plants, error);
    gboolean good = plan->templates &&
                    rows_each(plan, demo_dir, "regions.csv", region_add, error) &&
                    rows_each(plan, demo_dir, "counties.csv", county_set, error) &&
                    enterprises_add(plan, error);
    return good ? g_steal_pointer(&plan) : NULL;
}
