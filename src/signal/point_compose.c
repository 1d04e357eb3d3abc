#include "signal/point_compose.h"

#include "base/log.h"
#include "pack/pack_table.h"
#include "signal/point_rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Sql *records;
    const Packs *packs;
    json_t *point, *rules; /* rules: array */
} Compose;

static const char *text_of(json_t *record, const char *name) {
    return json_string_value(json_object_get(record, name));
}

/* Ids of a query with at most two text parameters. */
/* ---- rules that stand on the point itself ---- */

static void copy(json_t *rule, const char *to, json_t *from, const char *name) {
    json_t *value = json_object_get(from, name);
    if (value && !json_is_null(value))
        json_object_set(rule, to, value);
}

static json_t *rule_new(Compose *compose, const char *kind, const char *code) {
    json_t *rule = json_pack("{s:s}", "kind", kind);
    if (code[0])
        json_object_set_new(rule, "rule", json_string(code));
    copy(rule, "hysteresis", compose->point, "hysteresis");
    json_array_append_new(compose->rules, rule);
    return rule;
}

/* "a, b" as an array of texts or numbers. */
static json_t *split(const char *text, gboolean numbers) {
    json_t *list = json_array();
    g_auto(GStrv) parts = g_strsplit_set(text, ",，;； ", -1);
    for (guint i = 0; parts[i]; i++) {
        char *part = g_strstrip(parts[i]), *end = part;
        double value = g_ascii_strtod(part, &end);
        if (part[0] == 0)
            continue;
        if (!numbers)
            json_array_append_new(list, json_string(part));
        else if (end != part && *end == 0 && isfinite(value))
            json_array_append_new(list, json_real(value));
    }
    return list;
}

static void own_deviation(Compose *compose) {
    if (!json_is_number(json_object_get(compose->point, "deviation_limit")))
        return;
    json_t *rule = rule_new(compose, "deviation", "");
    const char *other = text_of(compose->point, "setpoint_point");
    copy(rule, "limit", compose->point, "deviation_limit");
    copy(rule, "setpoint", compose->point, "setpoint");
    copy(rule, "on_delay_s", compose->point, "on_delay_s");
    copy(rule, "off_delay_s", compose->point, "off_delay_s");
    if (other)
        json_object_set_new(rule, "points", json_pack("[s]", other));
}

static void own_discrete(Compose *compose) {
    const char *normal = text_of(compose->point, "normal_values");
    if (normal == NULL)
        return;
    json_t *rule = rule_new(compose, "discrete", "");
    json_object_set_new(rule, "normal", split(normal, TRUE));
    copy(rule, "on_delay_s", compose->point, "on_delay_s");
    copy(rule, "off_delay_s", compose->point, "off_delay_s");
}

/* On the side of H, and on that of L under a code of its own. */
static void own_sided(Compose *compose, const char *kind, const char *member, const char *from,
                      const char *points) {
    static const struct {
        const char *limit, *side, *code;
    } sides[] = {{"limit_high", "high", ""}, {"limit_low", "low", "low"}};
    if (!json_is_number(json_object_get(compose->point, from)))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
        if (!json_is_number(json_object_get(compose->point, sides[i].limit)))
            continue;
        json_t *rule = rule_new(compose, kind, sides[i].code);
        json_object_set_new(rule, "side", json_string(sides[i].side));
        copy(rule, "limit", compose->point, sides[i].limit);
        copy(rule, member, compose->point, from);
        copy(rule, "count", compose->point, "repeat_count");
        if (points)
            json_object_set_new(rule, "points", json_pack("[s]", points));
    }
}

static void own_rules(Compose *compose) {
    const char *device = text_of(compose->point, "device_alarm");
    own_deviation(compose);
    own_discrete(compose);
    if (json_is_integer(json_object_get(compose->point, "repeat_count")))
        own_sided(compose, "count", "within_s", "repeat_s", NULL);
    if (device == NULL)
        return;
    json_object_set_new(rule_new(compose, "device", ""), "points", json_pack("[s]", device));
    own_sided(compose, "underreport", "on_delay_s", "underreport_s", device);
}

/* ---- rules that are records ---- */

static json_t *rule_of_record(json_t *record) {
    static const char *const plain[] = {
        "kind",     "name",       "formula",    "limit", "side",        "setpoint", "count",
        "within_s", "hysteresis", "on_delay_s", "latch", "off_delay_s", "review"};
    static const struct {
        const char *name;
        gboolean numbers;
    } lists[] = {{"points", FALSE}, {"normal", TRUE}, {"conditions", FALSE}};
    json_t *rule = json_object();
    copy(rule, "rule", record, "code");
    for (guint i = 0; i < G_N_ELEMENTS(plain); i++)
        copy(rule, plain[i], record, plain[i]);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        const char *text = text_of(record, lists[i].name);
        if (text)
            json_object_set_new(rule, lists[i].name, split(text, lists[i].numbers));
    }
    const char *priority = text_of(record, "priority");
    if (priority)
        json_object_set_new(rule, "priority", json_integer(priority[0] - '0'));
    return rule;
}

static gboolean record_rules(Compose *compose, const char *code, GError **error) {
    g_autoptr(GPtrArray) ids =
        sql_texts(compose->records, error, 1,
                  "SELECT _id FROM r_alarm_rule WHERE point = ? ORDER BY _id", "t", code);
    if (ids == NULL)
        return FALSE;
    for (guint i = 0; i < ids->len; i++) {
        json_t *record = record_get(compose->records, compose->packs, &actor_system, "alarm_rule",
                                    ids->pdata[i], error);
        if (record == NULL)
            return FALSE;
        if (g_strcmp0(text_of(record, "service"), "out_of_service") != 0)
            json_array_append_new(compose->rules, rule_of_record(record));
        json_decref(record);
    }
    return TRUE;
}

static json_t *extra_of(const Compose *compose) {
    json_t *extra = json_object();
    const char *formula = text_of(compose->point, "formula");
    if (json_array_size(compose->rules) > 0)
        json_object_set(extra, "rules", compose->rules);
    if (formula)
        json_object_set_new(extra, "derive", json_string(formula));
    return extra;
}

/* What it looks at must be there, and measured. */
static gboolean check_points(Compose *compose, const PointRules *rules, GError **error) {
    for (guint i = 1; i < rules->codes; i++) {
        g_autoptr(GPtrArray) ids = sql_texts(
            compose->records, error, 1, "SELECT _id FROM r_point WHERE _id = ? AND formula IS NULL",
            "t", rules->code[i]);
        if (ids == NULL)
            return FALSE;
        if (ids->len == 0)
            return error_set(error, ERROR_REQUEST, "points", rules->code[i],
                             "应为已有的实测监测点（不是派生点） / must be a measured point that "
                             "exists (not a derived one)",
                             NULL);
    }
    return TRUE;
}

/* What cannot be read is refused; not `strict`: rules are left out until the rest can be. */
static gboolean check_rules(Compose *compose, const char *code, gboolean strict, GError **error) {
    for (;;) {
        g_autoptr(GError) refusal = NULL;
        json_t *extra = extra_of(compose);
        PointRules *rules = point_rules_read(code, extra, &refusal);
        json_decref(extra);
        gboolean good = rules && (!strict || check_points(compose, rules, &refusal));
        point_rules_free(rules);
        size_t n = json_array_size(compose->rules);
        if (good)
            return TRUE;
        if (strict || n == 0) {
            g_propagate_error(error, g_steal_pointer(&refusal));
            return FALSE;
        }
        log_error("signal", refusal, "a rule of a point is left out");
        json_array_remove(compose->rules, n - 1);
    }
}

/* ---- defaults ---- */

static const char *const limits[] = {"limit_low_low", "limit_low", "limit_high", "limit_high_high"};

static gboolean has_limit(json_t *point) {
    for (guint i = 0; i < G_N_ELEMENTS(limits); i++)
        if (json_is_number(json_object_get(point, limits[i])))
            return TRUE;
    return FALSE;
}

/* A point without any limit of its own takes those of its kind (table point_default). */
static void apply_defaults(Compose *compose) {
    const PackTable *table = packs_table_named(compose->packs, "point_default");
    const char *measure = text_of(compose->point, "measure"),
               *unit = text_of(compose->point, "unit");
    if (table == NULL || !measure || !unit || has_limit(compose->point) ||
        !json_is_true(json_object_get(compose->point, "defaults")))
        return;
    Term keys[] = {{.kind = TERM_TEXT, .text = measure}, {.kind = TERM_TEXT, .text = unit}};
    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        int column = table_column(table, limits[i]);
        Term cell =
            column >= 0 ? table_lookup(table, (guint)column, keys) : (Term){.kind = TERM_NONE};
        if (cell.kind == TERM_NUMBER)
            json_object_set_new(compose->point, limits[i], json_real(cell.number));
    }
}

/* ---- mode of operation ---- */

static gboolean mode_of(Compose *compose, char **mode, GError **error) {
    static const char query[] =
        "SELECT mode FROM r_operating_mode WHERE _state = 'active' AND _enterprise = ? AND "
        "(installation IS NULL OR installation = ?) "
        "ORDER BY CASE WHEN installation IS NULL THEN 1 ELSE 0 END, _state_ms DESC, _id";
    const char *enterprise = text_of(compose->point, "enterprise");
    const char *installation = text_of(compose->point, "installation");
    g_autoptr(GPtrArray) modes =
        sql_texts(compose->records, error, 1, query, "tt", enterprise ? enterprise : "",
                  installation ? installation : "");
    if (modes == NULL)
        return FALSE;
    *mode = modes->len ? g_strdup(modes->pdata[0]) : NULL;
    return TRUE;
}

static void overlay(Compose *compose, json_t *setting) {
    if (json_is_true(json_object_get(setting, "suppress"))) {
        json_object_set_new(compose->point, "suppressed", json_true());
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        json_object_del(compose->point, limits[i]);
        copy(compose->point, limits[i], setting, limits[i]);
    }
}

static gboolean apply_mode(Compose *compose, const char *code, GError **error) {
    g_autofree char *mode = NULL;
    if (!mode_of(compose, &mode, error))
        return FALSE;
    if (mode == NULL)
        return TRUE;
    g_autoptr(GPtrArray) ids = sql_texts(
        compose->records, error, 1,
        "SELECT _id FROM r_point_mode WHERE point = ? AND mode = ? ORDER BY _id", "tt", code, mode);
    if (ids == NULL)
        return FALSE;
    if (ids->len == 0)
        return TRUE;
    json_t *setting = record_get(compose->records, compose->packs, &actor_system, "point_mode",
                                 ids->pdata[ids->len - 1], error);
    if (setting)
        overlay(compose, setting);
    json_decref(setting);
    return setting != NULL;
}

/* ---- all of it ---- */

json_t *point_compose(Sql *records, const Packs *packs, const char *code, gboolean strict,
                      GError **error) {
    return point_compose_changed(records, packs, code, NULL, strict, error);
}

json_t *point_compose_changed(Sql *records, const Packs *packs, const char *code, json_t *changes,
                              gboolean strict, GError **error) {
    json_t *point = record_get(records, packs, &actor_system, "point", code, error);
    if (point == NULL)
        return NULL;
    json_object_update(point, changes);
    Compose compose = {records, packs, point, json_array()};
    apply_defaults(&compose);
    gboolean good = apply_mode(&compose, code, error);
    if (good)
        own_rules(&compose);
    good =
        good && record_rules(&compose, code, error) && check_rules(&compose, code, strict, error);
    if (good)
        json_object_set_new(point, "extra", extra_of(&compose));
    json_decref(compose.rules);
    if (good)
        return point;
    json_decref(point);
    return NULL;
}

/* Which points a record of a type is about. */
static const struct {
    const char *type, *field, *query; /* a field of the record, or a query by enterprise */
} sources[] = {
    {"point", "code", NULL},
    {"alarm_rule", "point", NULL},
    {"point_mode", "point", NULL},
    {"operating_mode", NULL, "SELECT _id FROM r_point WHERE _enterprise = ? ORDER BY _id"},
};

gboolean point_compose_reads(const char *type) {
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++)
        if (strcmp(sources[i].type, type) == 0)
            return TRUE;
    return FALSE;
}

GPtrArray *point_compose_touched(Sql *records, const char *type, json_t *record, GError **error) {
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (strcmp(sources[i].type, type) != 0)
            continue;
        if (sources[i].query)
            return sql_texts(records, error, 1, sources[i].query, "t",
                             text_of(record, "enterprise"));
        GPtrArray *codes = g_ptr_array_new_with_free_func(g_free);
        if (text_of(record, sources[i].field))
            g_ptr_array_add(codes, g_strdup(text_of(record, sources[i].field)));
        return codes;
    }
    return g_ptr_array_new_with_free_func(g_free);
}

gboolean point_compose_check(Sql *records, const Packs *packs, json_t *record, GError **error) {
    const char *type = text_of(record, "type");
    if (strcmp(type, "alarm_rule") != 0 && strcmp(type, "point") != 0)
        return TRUE;
    const char *code = text_of(record, type[0] == 'p' ? "code" : "point");
    json_t *point = point_compose(records, packs, code, TRUE, error);
    json_decref(point);
    return point != NULL;
}

static gboolean take_over(PointTable *table, Sql *records, const Packs *packs, const char *code,
                          GError **error) {
    guint32 point = point_table_find(table, code, strlen(code));
    json_t *record = point_compose(records, packs, code, FALSE, error);
    if (record == NULL)
        return FALSE;
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    if (point != POINT_NONE)
        point_table_apply(table, point, &def);
    else
        point_def_clear(&def);
    return TRUE;
}

static gboolean take_over_all(PointTable *table, Sql *records, const Packs *packs,
                              const GPtrArray *codes, GError **error) {
    for (guint i = 0; codes && i < codes->len; i++)
        if (!take_over(table, records, packs, codes->pdata[i], error))
            return FALSE;
    return codes != NULL;
}

/* Points that live by the defaults of their kind. */
static gboolean take_defaults(PointTable *table, Sql *records, const Packs *packs, GError **error) {
    const PackTable *defaults = packs_table_named(packs, "point_default");
    for (guint i = 0; defaults && i < defaults->rows->len; i++) {
        const Term *row = defaults->rows->pdata[i];
        g_autoptr(GPtrArray) codes =
            sql_texts(records, error, 1,
                      "SELECT _id FROM r_point WHERE defaults = 1 AND limit_low_low IS NULL AND "
                      "limit_low IS NULL AND limit_high IS NULL AND limit_high_high IS NULL AND "
                      "measure = ? AND unit = ?",
                      "tt", row[0].text, row[1].text);
        if (!take_over_all(table, records, packs, codes, error))
            return FALSE;
    }
    return TRUE;
}

gboolean point_compose_all(PointTable *table, Sql *records, const Packs *packs, GError **error) {
    static const char query[] =
        "SELECT _id FROM r_point WHERE deviation_limit IS NOT NULL OR normal_values IS NOT NULL OR "
        "repeat_count IS NOT NULL OR device_alarm IS NOT NULL OR formula IS NOT NULL UNION SELECT "
        "point FROM r_alarm_rule UNION SELECT m.point FROM r_point_mode m JOIN r_operating_mode o "
        "ON o._enterprise = m._enterprise WHERE o._state = 'active'";
    g_autoptr(GPtrArray) codes = sql_texts(records, error, 1, query, "");
    return take_over_all(table, records, packs, codes, error) &&
           take_defaults(table, records, packs, error);
}
