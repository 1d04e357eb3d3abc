#include "record/delegation.h"
#include "record/act.h"

static void stand_in_free(gpointer data) {
    StandIn *stand_in = data;
    g_free(stand_in->for_id);
    g_free(stand_in->region);
    g_free(stand_in->enterprise);
    g_free(stand_in->sectors);
    g_free(stand_in);
}

static char *member(json_t *record, const char *name) {
    return g_strdup(json_string_value(json_object_get(record, name)));
}

static void add_stand_in(const Act *act, const char *for_id, GPtrArray *found) {
    json_t *user = record_get(act->sql, act->packs, &actor_system, "user", for_id, NULL);
    const char *role_name = json_string_value(json_object_get(user, "role"));
    const Role *role = role_name ? packs_role(act->packs, role_name) : NULL;
    if (role && !json_is_true(json_object_get(user, "disabled"))) {
        StandIn *stand_in = g_new0(StandIn, 1);
        stand_in->for_id = g_strdup(for_id);
        stand_in->region = member(user, "region");
        stand_in->enterprise = member(user, "enterprise");
        stand_in->sectors = member(user, "sectors");
        stand_in->actor = (Actor){.kind = ACTOR_PERSON,
                                  .id = act->actor->id,
                                  .name = act->actor->name,
                                  .role = role,
                                  .region = stand_in->region,
                                  .enterprise = stand_in->enterprise,
                                  .sectors = stand_in->sectors,
                                  .assigned = stand_in->for_id};
        g_ptr_array_add(found, stand_in);
    }
    json_decref(user);
}

/* Logins of those who have delegated to the actor. Reads without a `now` trust the state, which a
 * clock ends in time. */
static GPtrArray *delegators(const Act *act) {
    GPtrArray *logins = g_ptr_array_new_with_free_func(g_free);
    SqlStatement *st = sql_query(act->sql, NULL,
                                 "SELECT DISTINCT from_user FROM r_delegation WHERE to_user = ? "
                                 "AND _state = 'active' AND until > ? ORDER BY from_user",
                                 "ti", act->actor->id, act->now_ms);
    while (st && sql_step(st, NULL) == SQL_ROW)
        if (!sql_is_null(st, 0))
            g_ptr_array_add(logins, g_strdup(sql_text(st, 0)));
    return logins;
}

GPtrArray *stand_ins(const Act *act) {
    GPtrArray *found = g_ptr_array_new_with_free_func(stand_in_free);
    if (act->actor->kind != ACTOR_PERSON || act->for_id || !packs_type(act->packs, "delegation"))
        return found;
    g_autoptr(GPtrArray) logins = delegators(act);
    for (guint i = 0; i < logins->len; i++)
        add_stand_in(act, logins->pdata[i], found);
    return found;
}

GPtrArray *delegation_stand_ins(Sql *sql, const Packs *packs, const Actor *actor, gint64 now_ms) {
    Act act = {sql, packs, actor, now_ms, NULL};
    return stand_ins(&act);
}

static gboolean other_may_help(const GError *refusal) {
    ErrorKind kind = error_kind(refusal);
    return kind == ERROR_FORBIDDEN || kind == ERROR_SCOPE || kind == ERROR_NOT_FOUND;
}

json_t *act_or_stand_in(const Act *act, ActFunction function, gpointer data, GError **error) {
    GError *refusal = NULL;
    json_t *record = function(act, data, &refusal);
    if (record == NULL && other_may_help(refusal)) {
        g_autoptr(GPtrArray) others = stand_ins(act);
        for (guint i = 0; record == NULL && other_may_help(refusal) && i < others->len; i++) {
            const StandIn *other = others->pdata[i];
            Act as = {act->sql, act->packs, &other->actor, act->now_ms, other->for_id};
            g_clear_error(&refusal);
            record = function(&as, data, &refusal);
        }
    }
    if (record == NULL)
        g_propagate_error(error, refusal);
    else
        g_clear_error(&refusal);
    return record;
}
