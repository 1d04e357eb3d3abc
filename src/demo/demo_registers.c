#include "demo/demo_parts.h"

#include <math.h>
#include <string.h>

static void set_number(json_t *fields, const char *name, double value) {
    if (!isnan(value))
        json_object_set_new(fields, name, json_real(value));
}

static void set_seconds(json_t *fields, const char *name, int seconds) {
    if (seconds > 0)
        json_object_set_new(fields, name, json_real(seconds));
}

static double rounded(double degrees) { return round(degrees * 1e5) / 1e5; }

static void regions_add(const ProvincePlan *plan, GArray *puts) {
    for (guint i = 0; i < plan->regions->len; i++) {
        const PlanRegion *r = g_ptr_array_index(plan->regions, i);
        json_t *fields = json_pack("{s:s, s:s, s:s, s:f, s:f}", "code", r->code, "name", r->name,
                                   "kind", r->kind, "lon", r->lon, "lat", r->lat);
        if (*r->parent)
            json_object_set_new(fields, "parent", json_string(r->parent));
        put_add(puts, "region", fields);
    }
}

static void organisations_add(const ProvincePlan *plan, GArray *puts) {
    for (guint i = 0; i < plan->regions->len; i++) {
        const PlanRegion *r = g_ptr_array_index(plan->regions, i);
        g_autofree char *code = g_strdup_printf("ORG-%s", r->code);
        g_autofree char *name =
            g_strdup_printf("%s应急管理%s（演示）", r->name, *r->parent ? "局" : "厅");
        put_add(puts, "organisation",
                json_pack("{s:s, s:s, s:s}", "code", code, "name", name, "region", r->code));
    }
}

static void enterprise_add(const PlanEnterprise *e, GArray *puts) {
    g_autofree char *summary = g_strdup_printf("虚构企业，仅供演示：%s，%u 个监测点。",
                                               e->template->title, e->points->len);
    put_add(puts, "enterprise",
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:f, s:f}, s:i, s:s}", "code", e->code,
                      "name", e->name, "uscc", e->uscc, "region", e->region->code, "kind",
                      e->template->kind, "address", e->address, "place", "lon", rounded(e->lon),
                      "lat", rounded(e->lat), "employees", e->employees, "summary", summary));
}

/* Only a unit with a grade is a major hazard installation. */
static void installations_add(const PlanEnterprise *e, GArray *puts) {
    for (guint i = 0; i < e->units->len; i++) {
        const PlanUnit *u = &g_array_index(e->units, PlanUnit, i);
        if (!u->grade)
            continue;
        json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:{s:f, s:f}}", "code", u->code,
                                   "name", u->name, "enterprise", e->code, "kind",
                                   u->template->kind, "grade", u->grade, "r_value", u->r_value,
                                   "place", "lon", rounded(u->lon), "lat", rounded(u->lat));
        if (u->substance)
            json_object_set_new(fields, "substance", json_string(u->substance));
        put_add(puts, "installation", fields);
    }
}

static void set_installation(json_t *fields, const PlanEnterprise *e, guint unit) {
    const PlanUnit *u = &g_array_index(e->units, PlanUnit, unit);
    if (u->grade)
        json_object_set_new(fields, "installation", json_string(u->code));
}

static void equipment_add(const PlanEnterprise *e, GArray *puts) {
    for (guint i = 0; i < e->equipment->len; i++) {
        const PlanEquipment *q = &g_array_index(e->equipment, PlanEquipment, i);
        json_t *fields = json_pack("{s:s, s:s, s:s, s:s}", "code", q->code, "name", q->name,
                                   "enterprise", e->code, "kind", q->template->kind);
        if (q->medium)
            json_object_set_new(fields, "medium", json_string(q->medium));
        set_installation(fields, e, q->unit);
        put_add(puts, "equipment", fields);
    }
}

static void set_limits(json_t *fields, const PointTemplate *t) {
    set_number(fields, "range_low", t->range_low);
    set_number(fields, "range_high", t->range_high);
    set_number(fields, "limit_low_low", t->limit_low_low);
    set_number(fields, "limit_low", t->limit_low);
    set_number(fields, "limit_high", t->limit_high);
    set_number(fields, "limit_high_high", t->limit_high_high);
    set_number(fields, "hysteresis", t->hysteresis);
    set_number(fields, "rate_limit", t->rate_limit > 0 ? t->rate_limit : NAN);
    set_seconds(fields, "on_delay_s", t->on_delay_s);
    set_seconds(fields, "off_delay_s", t->off_delay_s);
    set_seconds(fields, "stale_s", t->stale_s);
    set_seconds(fields, "stuck_s", t->stuck_s);
}

static void points_add(const PlanEnterprise *e, GArray *puts) {
    for (guint i = 0; i < e->points->len; i++) {
        const PlanPoint *p = &g_array_index(e->points, PlanPoint, i);
        const PlanEquipment *q = &g_array_index(e->equipment, PlanEquipment, p->equipment);
        char priority[] = {(char)('0' + CLAMP(p->template->priority, 1, 4)), '\0'};
        json_t *fields =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "code", p->code, "name", p->name,
                      "enterprise", e->code, "equipment", q->code, "measure", p->template->measure,
                      "unit", p->template->unit, "priority", priority, "service", "in_service");
        set_installation(fields, e, q->unit);
        set_limits(fields, p->template);
        put_add(puts, "point", fields);
    }
}

static void device_add(const PlanEnterprise *e, GArray *puts) {
    g_autofree char *name = g_strdup_printf("%s 数据网关", e->name);
    put_add(puts, "device",
            json_pack("{s:s, s:s, s:s, s:s}", "code", e->gateway, "name", name, "region",
                      e->region->code, "enterprise", e->code));
}

GArray *registers_puts(const Build *build) {
    static void (*const parts[])(const PlanEnterprise *, GArray *) = {
        enterprise_add, installations_add, equipment_add, points_add, device_add};
    GArray *puts = g_array_new(FALSE, FALSE, sizeof(Put));
    regions_add(build->plan, puts);
    organisations_add(build->plan, puts);
    for (guint i = 0; i < build->plan->enterprises->len; i++)
        for (gsize k = 0; k < G_N_ELEMENTS(parts); k++)
            parts[k](plan_enterprise(build->plan, i), puts);
    return puts;
}
