#include "risk/overview.h"
#include "record/rights.h"

#include <string.h>

typedef struct {
    gint64 enterprises, points, alarms_active, alarms_unacked, worst_priority, hazards_open,
        hazards_overdue, points_bad;
} Counters;

typedef enum { BY_REGION, BY_ENTERPRISE } Group;

/* What is counted: `columns` gives the figures of one group of rows, which `add` puts into the
 * group's counters. */
typedef struct {
    const char *type, *table, *columns, *where;
    void (*add)(Counters *counters, SqlStatement *st); /* column 0 is the group */
} Count;

static void add_enterprises(Counters *c, SqlStatement *st) { c->enterprises += sql_int(st, 1); }
static void add_points(Counters *c, SqlStatement *st) { c->points += sql_int(st, 1); }

static void add_alarms(Counters *c, SqlStatement *st) {
    c->alarms_active += sql_int(st, 1);
    c->alarms_unacked += sql_int(st, 2);
    c->points_bad += sql_int(st, 3);
    gint64 worst = sql_int(st, 4);
    if (worst && (c->worst_priority == 0 || worst < c->worst_priority))
        c->worst_priority = worst;
}

static void add_hazards(Counters *c, SqlStatement *st) {
    c->hazards_open += sql_int(st, 1);
    c->hazards_overdue += sql_int(st, 2);
}

static const Count counts[] = {
    {"enterprise", "r_enterprise", "COUNT(*)", "1=1", add_enterprises},
    {"point", "r_point", "COUNT(*)", "1=1", add_points},
    {"alarm", "r_alarm",
     "COUNT(CASE WHEN active = 1 THEN 1 END), "
     "COUNT(CASE WHEN _state IN ('unacknowledged', 'returned', 'latched') THEN 1 END), "
     "COUNT(CASE WHEN active = 1 AND condition IN ('stale', 'stuck', 'bad') THEN 1 END) + "
     "COALESCE(SUM(CASE WHEN active = 1 AND condition = 'contact' THEN points_lost END), 0), "
     "MIN(CAST(priority AS INTEGER))",
     "_state IN ('unacknowledged', 'acknowledged', 'returned', 'latched', 'latched_acknowledged')",
     add_alarms},
    {"hazard", "r_hazard",
     "COUNT(*), COUNT(CASE WHEN EXISTS (SELECT 1 FROM clocks c WHERE c.type = 'hazard' AND c.id = "
     "r_hazard._id AND c.stopped_ms IS NULL AND c.due_ms < ? AND NOT EXISTS (SELECT 1 FROM "
     "clock_pauses p WHERE p.serial = c.serial AND p.resumed_ms IS NULL)) THEN 1 END)",
     "_state IN ('reported', 'rectifying', 'to_accept', 'accepted')", add_hazards},
};

static Counters *counters_of(GHashTable *groups, const char *key) {
    Counters *c = g_hash_table_lookup(groups, key);
    if (c == NULL) {
        c = g_new0(Counters, 1);
        g_hash_table_insert(groups, g_strdup(key), c);
    }
    return c;
}

/* Characters of a division code by level: province 2, city 4, county 6. */
static int child_digits(const char *region) { return (int)strlen(region) + 2; }

static char *count_text(Sql *sql, const Count *count, const RecordType *type, const Actor *actor,
                        const char *region, Group group, GPtrArray *parameters) {
    g_autoptr(GString) scope = g_string_new(NULL);
    rights_scope_sql(sql, actor, type, "_id", scope, parameters);
    g_autofree char *key = group == BY_REGION
                               ? g_strdup_printf("SUBSTR(_region, 1, %d)", child_digits(region))
                               : g_strdup("_enterprise");
    return g_strdup_printf(
        "SELECT %s, %s FROM %s WHERE %s AND _region >= ? AND _region < ?%s GROUP BY 1", key,
        count->columns, count->table, count->where, scope->str);
}

static gboolean run_count(Sql *sql, const Count *count, const RecordType *type, const Actor *actor,
                          const char *region, Group group, gint64 now_ms, GHashTable *groups,
                          GError **error) {
    g_autoptr(GPtrArray) parameters = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = count_text(sql, count, type, actor, region, group, parameters);
    g_autofree char *end = g_strconcat(region, "~", NULL);
    SqlStatement *st = sql_prepare(sql, text, error);
    if (st == NULL)
        return FALSE;
    int index = 1;
    if (strchr(count->columns, '?'))
        sql_bind_int(st, index++, now_ms);
    sql_bind_text(st, index++, region);
    sql_bind_text(st, index++, end);
    for (guint i = 0; i < parameters->len; i++)
        sql_bind_text(st, index++, parameters->pdata[i]);
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        if (sql_text(st, 0))
            count->add(counters_of(groups, sql_text(st, 0)), st);
    return step == SQL_DONE;
}

static GHashTable *count_groups(Sql *sql, const Packs *packs, const Actor *actor,
                                const char *region, Group group, gint64 now_ms, GError **error) {
    GHashTable *groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        const RecordType *type = packs_type(packs, counts[i].type);
        if (type && rights_read(actor, type) &&
            !run_count(sql, &counts[i], type, actor, region, group, now_ms, groups, error)) {
            g_hash_table_unref(groups);
            return NULL;
        }
    }
    return groups;
}

static void set_counters(json_t *out, const Counters *c) {
    static const Counters none;
    c = c ? c : &none;
    json_t *worst = c->worst_priority ? json_integer(c->worst_priority) : json_null();
    json_t *figures = json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I}", "enterprises", (json_int_t)c->enterprises,
        "points", (json_int_t)c->points, "alarms_active", (json_int_t)c->alarms_active,
        "alarms_unacked", (json_int_t)c->alarms_unacked, "worst_priority", worst, "hazards_open",
        (json_int_t)c->hazards_open, "hazards_overdue", (json_int_t)c->hazards_overdue,
        "points_bad", (json_int_t)c->points_bad);
    json_object_update(out, figures);
    json_decref(figures);
}

static void sum_counters(GHashTable *groups, Counters *total) {
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, groups);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Counters *c = value;
        total->enterprises += c->enterprises;
        total->points += c->points;
        total->alarms_active += c->alarms_active;
        total->alarms_unacked += c->alarms_unacked;
        total->hazards_open += c->hazards_open;
        total->hazards_overdue += c->hazards_overdue;
        total->points_bad += c->points_bad;
        if (c->worst_priority &&
            (total->worst_priority == 0 || c->worst_priority < total->worst_priority))
            total->worst_priority = c->worst_priority;
    }
}

static void set_place(json_t *child, SqlStatement *st, int column) {
    if (sql_is_null(st, column))
        return;
    json_object_set_new(child, "lon", json_real(sql_double(st, column)));
    json_object_set_new(child, "lat", json_real(sql_double(st, column + 1)));
}

/* Rows of (code, name, kind, lon, lat) with their counters. */
static json_t *places(SqlStatement *st, GHashTable *groups, GError **error) {
    json_t *list = json_array();
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        json_t *child = json_pack("{s:s, s:s*, s:s*}", "code", sql_text(st, 0), "name",
                                  sql_text(st, 1), "kind", sql_text(st, 2));
        set_place(child, st, 3);
        set_counters(child, g_hash_table_lookup(groups, sql_text(st, 0)));
        json_array_append_new(list, child);
    }
    if (step == SQL_DONE)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *child_regions(Sql *sql, const char *region, GHashTable *groups, GError **error) {
    return places(
        sql_query(sql, error,
                  "SELECT _id, name, kind, lon, lat FROM r_region WHERE parent = ? ORDER BY _id",
                  "t", region),
        groups, error);
}

static json_t *enterprises(Sql *sql, const Packs *packs, const Actor *actor, const char *region,
                           GHashTable *groups, GError **error) {
    g_autoptr(GPtrArray) parameters = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) text =
        g_string_new("SELECT _id, name, kind, place_lon, place_lat FROM r_enterprise "
                     "WHERE _region >= ? AND _region < ?");
    rights_scope_sql(sql, actor, packs_type(packs, "enterprise"), "_id", text, parameters);
    g_string_append(text, " ORDER BY _id LIMIT 5000");
    SqlStatement *st = sql_prepare(sql, text->str, error);
    if (st == NULL)
        return NULL;
    g_autofree char *end = g_strconcat(region, "~", NULL);
    sql_bind_text(st, 1, region);
    sql_bind_text(st, 2, end);
    for (guint i = 0; i < parameters->len; i++)
        sql_bind_text(st, (int)i + 3, parameters->pdata[i]);
    return places(st, groups, error);
}

static char *region_name(Sql *sql, const char *region) {
    SqlStatement *st = sql_query(sql, NULL, "SELECT name FROM r_region WHERE _id = ?", "t", region);
    char *name = NULL;
    if (st && sql_step(st, NULL) == SQL_ROW) {
        name = g_strdup(sql_text(st, 0));
        sql_reset(st);
    }
    return name;
}

/* Sees the region when it lies under the actor's own, or above it on the way up (then his scope
 * thins the figures). */
static gboolean may_look(const Actor *actor, const char *region) {
    const char *own = actor->region;
    return own == NULL || *own == 0 || g_str_has_prefix(region, own) ||
           g_str_has_prefix(own, region);
}

static const char *start_region(Sql *sql, const Actor *actor, char **keep) {
    if (actor->region && *actor->region)
        return actor->region;
    SqlStatement *st = sql_query(
        sql, NULL, "SELECT _id FROM r_region WHERE parent IS NULL ORDER BY _id LIMIT 1", "");
    if (st && sql_step(st, NULL) == SQL_ROW) {
        *keep = g_strdup(sql_text(st, 0));
        sql_reset(st);
    }
    return *keep ? *keep : "32";
}

json_t *overview(Sql *sql, const Packs *packs, const Actor *actor, const char *region,
                 gint64 now_ms, GError **error) {
    g_autofree char *keep = NULL;
    if (region == NULL)
        region = start_region(sql, actor, &keep);
    g_autofree char *name = region_name(sql, region);
    if (name == NULL || !may_look(actor, region)) {
        error_set(error, name ? ERROR_SCOPE : ERROR_NOT_FOUND, "region", "region", region, NULL);
        return NULL;
    }
    gboolean county = strlen(region) >= 6;
    GHashTable *groups =
        count_groups(sql, packs, actor, region, county ? BY_ENTERPRISE : BY_REGION, now_ms, error);
    if (groups == NULL)
        return NULL;
    json_t *list = county ? enterprises(sql, packs, actor, region, groups, error)
                          : child_regions(sql, region, groups, error);
    Counters total = {0};
    sum_counters(groups, &total);
    g_hash_table_unref(groups);
    if (list == NULL)
        return NULL;
    json_t *totals = json_object();
    set_counters(totals, &total);
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "region", region, "name", name, "total", totals,
                     "children", county ? json_array() : list, "enterprises",
                     county ? list : json_array());
}

json_t *overview_alarm_counts(Sql *sql, const Packs *packs, const Actor *actor, GError **error) {
    g_autoptr(GPtrArray) parameters = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) text =
        g_string_new("SELECT priority, _state, COUNT(*) FROM r_alarm WHERE _state <> 'normal'");
    const RecordType *type = packs_type(packs, "alarm");
    if (!rights_read(actor, type))
        return json_object();
    rights_scope_sql(sql, actor, type, "_id", text, parameters);
    g_string_append(text, " GROUP BY 1, 2");
    SqlStatement *st = sql_prepare(sql, text->str, error);
    if (st == NULL)
        return NULL;
    for (guint i = 0; i < parameters->len; i++)
        sql_bind_text(st, (int)i + 1, parameters->pdata[i]);
    gint64 by_priority[5] = {0}, unacknowledged = 0, shelved = 0, suppressed = 0,
           out_of_service = 0, closing = 0;
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        const char *state = sql_text(st, 1);
        gint64 n = sql_int(st, 2), priority = sql_int(st, 0);
        if (g_str_equal(state, "shelved"))
            shelved += n;
        else if (g_str_equal(state, "suppressed"))
            suppressed += n;
        else if (g_str_equal(state, "out_of_service"))
            out_of_service += n;
        else if (g_str_equal(state, "to_close") || g_str_equal(state, "to_review"))
            closing += n;
        else
            by_priority[CLAMP(priority, 0, 4)] += n;
        if (g_str_equal(state, "unacknowledged") || g_str_equal(state, "returned") ||
            g_str_equal(state, "latched"))
            unacknowledged += n;
    }
    if (step == SQL_FAILED)
        return NULL;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "1",
                     (json_int_t)by_priority[1], "2", (json_int_t)by_priority[2], "3",
                     (json_int_t)by_priority[3], "4", (json_int_t)by_priority[4], "unacknowledged",
                     (json_int_t)unacknowledged, "shelved", (json_int_t)shelved, "suppressed",
                     (json_int_t)suppressed, "out_of_service", (json_int_t)out_of_service,
                     "closing", (json_int_t)closing);
}
