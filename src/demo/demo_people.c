/* Who may log in to the demo, and the people behind its records. Names are posts, nobody is real.
 */
#include "demo/demo_parts.h"
#include "demo/demo_province.h"
#include "server/session.h"

#include <stdio.h>
#include <string.h>

typedef enum { AT_SYSTEM, AT_PROVINCE, AT_CITY, AT_COUNTY, AT_ENTERPRISE } Seat;

typedef struct {
    const char *login, *role, *title;
    Seat seat;
    guint enterprise; /* showpiece that decides the place */
} DemoLogin;

/* Showpieces 0 and 2 of plants.yaml stand in different cities and have episodes. */
static const DemoLogin logins[] = {
    {"province", "province_duty", "省级值班员", AT_PROVINCE, 0},
    {"city", "city_duty", "市级值班员", AT_CITY, 0},
    {"county", "county_inspector", "县级监管员", AT_COUNTY, 0},
    {"safety", "enterprise_safety", "企业安全员", AT_ENTERPRISE, 0},
    {"operator", "enterprise_operator", "企业中控操作员", AT_ENTERPRISE, 0},
    {"head", "enterprise_head", "企业主要负责人", AT_ENTERPRISE, 0},
    {"admin", "admin", "系统管理员", AT_SYSTEM, 0},
    {"manager", "enterprise_manager", "企业车间负责人", AT_ENTERPRISE, 0},
    {"worker", "enterprise_worker", "企业作业人员", AT_ENTERPRISE, 0},
    {"duty", "county_duty", "县级值班员", AT_COUNTY, 0},
    {"officer", "county_officer", "县级执法人员", AT_COUNTY, 0},
    {"officer2", "county_officer", "县级执法人员", AT_COUNTY, 0},
    {"legal", "county_legal", "县级法制审核人员", AT_COUNTY, 0},
    {"leader", "county_leader", "县级部门负责人", AT_COUNTY, 0},
    {"committee", "county_committee", "县级安委会办公室", AT_COUNTY, 0},
    {"citycommittee", "city_committee", "市级安委会办公室", AT_CITY, 0},
    {"sector", "county_sector", "县级行业主管部门", AT_COUNTY, 0},
    {"tips", "county_tips", "县级举报受理员", AT_COUNTY, 0},
    {"town", "town_safety", "乡镇街道安监员", AT_COUNTY, 0},
    {"grid", "grid_worker", "网格员", AT_COUNTY, 0},
    {"expert", "expert", "专家", AT_CITY, 0},
    {"rescue", "rescue_team", "应急救援队伍", AT_COUNTY, 0},
    {"city2", "city_duty", "市级值班员", AT_CITY, 2},
    {"county2", "county_inspector", "县级监管员", AT_COUNTY, 2},
    {"safety2", "enterprise_safety", "企业安全员", AT_ENTERPRISE, 2},
    {"operator2", "enterprise_operator", "企业中控操作员", AT_ENTERPRISE, 2},
    {"head2", "enterprise_head", "企业主要负责人", AT_ENTERPRISE, 2}};

static const PlanEnterprise *login_enterprise(const ProvincePlan *plan, const DemoLogin *l) {
    return plan_enterprise(plan, MIN(l->enterprise, plan->enterprises->len - 1));
}

static const PlanRegion *login_region(const ProvincePlan *plan, const DemoLogin *l) {
    const PlanRegion *county = login_enterprise(plan, l)->region;
    switch (l->seat) {
    case AT_PROVINCE:
        return g_ptr_array_index(plan->regions, 0);
    case AT_CITY:
        return plan_region(plan, county->parent);
    case AT_COUNTY:
        return county;
    default:
        return NULL;
    }
}

/* The demo's own login for a post, so that what happened at a showpiece was done by who logs in
 * there; or NULL. */
static const char *login_of(const ProvincePlan *plan, const char *role, const PlanRegion *region,
                            const PlanEnterprise *e) {
    for (gsize i = 0; i < G_N_ELEMENTS(logins); i++) {
        const DemoLogin *l = &logins[i];
        gboolean here = e ? l->seat == AT_ENTERPRISE && login_enterprise(plan, l) == e
                          : l->seat != AT_ENTERPRISE && login_region(plan, l) == region;
        if (here && strcmp(l->role, role) == 0)
            return l->login;
    }
    return NULL;
}

static char *login_or(const char *login, const char *prefix, const char *code,
                      char out[static PERSON_MAX]) {
    if (login)
        g_strlcpy(out, login, PERSON_MAX);
    else
        snprintf(out, PERSON_MAX, "%s-%s", prefix, code);
    return out;
}

char *person_inspector(const ProvincePlan *plan, const PlanEnterprise *e,
                       char out[static PERSON_MAX]) {
    return login_or(login_of(plan, "county_inspector", e->region, NULL), "county", e->region->code,
                    out);
}

char *person_safety(const ProvincePlan *plan, const PlanEnterprise *e,
                    char out[static PERSON_MAX]) {
    return login_or(login_of(plan, "enterprise_safety", NULL, e), "safety", e->code, out);
}

char *person_operator(const ProvincePlan *plan, const PlanEnterprise *e,
                      char out[static PERSON_MAX]) {
    (void)plan;
    return login_or(NULL, "operator", e->code, out);
}

static const DemoLogin *login_row(const char *login) {
    for (gsize i = 0; i < G_N_ELEMENTS(logins); i++)
        if (strcmp(logins[i].login, login) == 0)
            return &logins[i];
    return NULL;
}

gboolean person_known(const char *login) { return login_row(login) != NULL; }

/* The division below which somebody of this seat works; NULL for enterprises and the system. */
static const PlanRegion *seat_region(const ProvincePlan *plan, Seat seat, const PlanEnterprise *e) {
    return seat == AT_PROVINCE ? g_ptr_array_index(plan->regions, 0)
           : seat == AT_CITY   ? plan_region(plan, e->region->parent)
           : seat == AT_COUNTY ? e->region
                               : NULL;
}

void person_player(const Build *build, const char *login, const PlanEnterprise *e, Player *player) {
    const DemoLogin *row = login_row(login);
    if (row == NULL) {
        player->actor = actor_system;
        return;
    }
    const PlanRegion *region = seat_region(build->plan, row->seat, e);
    gboolean plant = row->seat == AT_ENTERPRISE;
    gboolean home =
        plant ? login_enterprise(build->plan, row) == e : login_region(build->plan, row) == region;
    login_or(home ? login : login_of(build->plan, row->role, region, plant ? e : NULL), row->role,
             plant    ? e->code
             : region ? region->code
                      : "system",
             player->login);
    player->actor = (Actor){.kind = ACTOR_PERSON,
                            .id = player->login,
                            .name = row->title,
                            .role = packs_role(build->packs, row->role),
                            .region = region ? region->code : NULL,
                            .enterprise = plant ? e->code : NULL};
}

gboolean person_visits(const ProvincePlan *plan, const PlanEnterprise *e) {
    return login_of(plan, "enterprise_safety", NULL, e) != NULL;
}

static void user_add(GArray *puts, const char *login, const char *role, const char *post,
                     const PlanRegion *region, const PlanEnterprise *e) {
    g_autofree char *name = g_strdup_printf("%s（演示）", post);
    json_t *fields = json_pack("{s:s, s:s, s:s}", "login", login, "name", name, "role", role);
    if (region) {
        g_autofree char *organisation = g_strdup_printf("ORG-%s", region->code);
        json_object_set_new(fields, "region", json_string(region->code));
        json_object_set_new(fields, "organisation", json_string(organisation));
    }
    if (e)
        json_object_set_new(fields, "enterprise", json_string(e->code));
    put_add(puts, "user", fields);
}

static void officials_add(const ProvincePlan *plan, GArray *puts) {
    for (guint i = 0; i < plan->regions->len; i++) {
        const PlanRegion *r = g_ptr_array_index(plan->regions, i);
        gboolean city = strcmp(r->kind, "city") == 0;
        const char *role = city ? "city_duty" : "county_inspector",
                   *prefix = city ? "city" : "county";
        if ((!city && !r->weight) || login_of(plan, role, r, NULL))
            continue;
        char login[PERSON_MAX];
        user_add(puts, login_or(NULL, prefix, r->code, login), role,
                 city ? "市级值班员" : "县级监管员", r, NULL);
    }
}

static void staff_add(const ProvincePlan *plan, GArray *puts) {
    char login[PERSON_MAX];
    for (guint i = 0; i < plan->enterprises->len; i++) {
        const PlanEnterprise *e = plan_enterprise(plan, i);
        user_add(puts, person_operator(plan, e, login), "enterprise_operator", "中控班组", NULL, e);
        if (!login_of(plan, "enterprise_safety", NULL, e))
            user_add(puts, person_safety(plan, e, login), "enterprise_safety", "企业安全员", NULL,
                     e);
    }
}

GArray *people_puts(const Build *build) {
    GArray *puts = g_array_new(FALSE, FALSE, sizeof(Put));
    officials_add(build->plan, puts);
    staff_add(build->plan, puts);
    for (gsize i = 0; i < G_N_ELEMENTS(logins); i++) {
        const DemoLogin *l = &logins[i];
        user_add(puts, l->login, l->role, l->title, login_region(build->plan, l),
                 l->seat == AT_ENTERPRISE ? login_enterprise(build->plan, l) : NULL);
    }
    return puts;
}

json_t *people_logins(const ProvincePlan *plan) {
    json_t *list = json_array();
    for (gsize i = 0; i < G_N_ELEMENTS(logins); i++) {
        const DemoLogin *l = &logins[i];
        const PlanRegion *region = login_region(plan, l);
        const PlanEnterprise *e = l->seat == AT_ENTERPRISE ? login_enterprise(plan, l) : NULL;
        const char *where = region ? region->name : e ? e->name : NULL;
        g_autofree char *title =
            where ? g_strdup_printf("%s · %s", l->title, where) : g_strdup(l->title);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s*}", "login", l->login,
                                              "password", DEMO_PASSWORD, "title", title, "role",
                                              l->role, "enterprise", e ? e->code : NULL));
    }
    return list;
}

gboolean people_set_hashes(const Build *build, Sql *sql, const char *demo_hash,
                           const char *crew_hash, GError **error) {
    char login[PERSON_MAX];
    for (gsize i = 0; i < G_N_ELEMENTS(logins); i++)
        if (!session_set_hash(sql, logins[i].login, demo_hash, error))
            return FALSE;
    for (guint i = 0; i < build->plan->enterprises->len; i++)
        if (!session_set_hash(sql,
                              person_operator(build->plan, plan_enterprise(build->plan, i), login),
                              crew_hash, error))
            return FALSE;
    return TRUE;
}
