#include "signal/point_rule.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

/* What a kind needs; who gives a member it does not need is not refused. */
typedef struct {
    const char *name;
    AlarmCondition condition;
    guint min_points, max_points;
    gboolean limit, count, formula; /* needed */
} Kind;

static const Kind kinds[RULE_KINDS] = {
    [RULE_DEVIATION] = {"deviation", CONDITION_DEVIATION, 0, 1, TRUE, FALSE, FALSE},
    [RULE_DISCRETE] = {"discrete", CONDITION_DISCRETE, 0, 0, FALSE, FALSE, FALSE},
    [RULE_COUNT] = {"count", CONDITION_COUNT, 0, 0, TRUE, TRUE, FALSE},
    [RULE_DEVICE] = {"device", CONDITION_DEVICE, 1, 1, FALSE, FALSE, FALSE},
    [RULE_UNDERREPORT] = {"underreport", CONDITION_UNDERREPORT, 1, 1, TRUE, FALSE, FALSE},
    [RULE_VOTE] = {"vote", CONDITION_VOTE, 2, RULE_INPUTS_MAX - 1, TRUE, TRUE, FALSE},
    [RULE_FORMULA] = {"formula", CONDITION_FORMULA, 0, 0, FALSE, FALSE, TRUE},
    [RULE_INHIBIT] = {"inhibit", CONDITIONS, 0, 1, FALSE, FALSE, FALSE},
};

typedef struct {
    PointRules *rules;
    PointRule *rule;
    json_t *json;
    gboolean full; /* more points than there is room for */
} Reading;

static gboolean refuse(GError **error, const char *field, const char *what, const char *remedy) {
    return error_set(error, ERROR_REQUEST, field, what, remedy, NULL);
}

static double number(json_t *json, const char *name) {
    json_t *value = json_object_get(json, name);
    double found = json_is_number(value) ? json_number_value(value) : NAN;
    return isfinite(found) ? found : NAN;
}

static gint32 milliseconds(json_t *json, const char *name) {
    double seconds = number(json, name);
    return seconds > 0 ? (gint32)llrint(MIN(seconds, 1e6) * 1000) : 0;
}

/* The place of a code among the points looked at; RULE_INPUTS_MAX when there are too many. */
static guint place_of(PointRules *rules, const char *code) {
    guint i = 0;
    while (i < rules->codes && strcmp(rules->code[i], code) != 0)
        i++;
    if (i == rules->codes && i < RULE_INPUTS_MAX)
        rules->code[rules->codes++] = g_intern_string(code);
    return i;
}

static gboolean add_input(Reading *reading, const char *code) {
    guint place = place_of(reading->rules, code);
    if (place >= RULE_INPUTS_MAX || reading->rule->inputs >= RULE_INPUTS_MAX)
        return !(reading->full = TRUE);
    reading->rule->input[reading->rule->inputs++] = (guint8)place;
    return TRUE;
}

static gboolean read_points(Reading *reading, const Kind *kind, GError **error) {
    json_t *points = json_object_get(reading->json, "points"), *code;
    size_t i;
    json_array_foreach(points, i, code) {
        const char *text = json_string_value(code);
        if (text == NULL || text[0] == 0)
            return refuse(error, "points", "不是点位编码 / not a point code",
                          "填写监测点编码 / give codes of points");
        if (!add_input(reading, text))
            break;
    }
    guint n = reading->rule->inputs;
    if (reading->full || n > kind->max_points)
        return refuse(error, "points", "点位过多 / too many points",
                      "每个监测点的规则最多涉及 15 个其他点位 / at most 15 other points per point");
    if (n < kind->min_points)
        return refuse(error, "points", "缺少点位 / points are missing",
                      "填写规则所涉及的监测点 / name the points the rule looks at");
    return TRUE;
}

/* Every name of a formula is a point whose value is a number. */
static TermKind formula_name(gpointer data, const char *name) {
    Reading *reading = data;
    if (place_of(reading->rules, name) >= RULE_INPUTS_MAX)
        reading->full = TRUE;
    return TERM_NUMBER;
}

static gboolean read_formula(Reading *reading, GError **error) {
    const char *text = json_string_value(json_object_get(reading->json, "formula"));
    if (text == NULL)
        return TRUE;
    reading->rule->formula = condition_parse(text, formula_name, reading, error);
    if (reading->rule->formula == NULL)
        return FALSE;
    return !reading->full ||
           refuse(error, "formula", "点位过多 / too many points",
                  "每个监测点的规则最多涉及 15 个其他点位 / at most 15 other points per point");
}

static gboolean read_derive(PointRules *rules, json_t *extra, GError **error) {
    const char *text = json_string_value(json_object_get(extra, "derive"));
    if (text == NULL)
        return TRUE;
    Reading reading = {.rules = rules};
    ConditionScope scope = {.kind = formula_name, .data = &reading};
    rules->derive = expression_parse(text, &scope, error);
    if (rules->derive == NULL)
        return FALSE;
    if (expression_kind(rules->derive) != TERM_NUMBER || rules->codes < 2 || reading.full)
        return refuse(
            error, "formula", "应为其他监测点的数值算式 / not a figure over other points",
            "如 \"FT-1\" + \"FT-2\"，最多 15 个点 / as \"FT-1\" + \"FT-2\", 15 points at most");
    return TRUE;
}

static void read_normal(PointRule *rule, json_t *normal) {
    size_t i;
    json_t *value;
    json_array_foreach(normal, i,
                       value) if (json_is_number(value) && rule->normals < RULE_NORMAL_MAX)
        rule->normal[rule->normals++] = json_number_value(value);
}

static guint32 read_mask(json_t *conditions) {
    guint32 mask = 0;
    size_t i;
    json_t *code;
    json_array_foreach(conditions, i, code) {
        const char *text = json_string_value(code);
        AlarmCondition condition = text ? alarm_condition_of(text) : CONDITIONS;
        mask |= condition < CONDITIONS ? 1u << condition : 0;
    }
    return mask ? mask : (1u << CONDITIONS) - 1;
}

static void read_plain(PointRule *rule, json_t *json) {
    const char *code = json_string_value(json_object_get(json, "rule"));
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *side = json_string_value(json_object_get(json, "side"));
    double hysteresis = number(json, "hysteresis"), count = number(json, "count");
    double priority = number(json, "priority");
    rule->code = g_intern_string(code ? code : "");
    rule->name = g_strdup(name ? name : "");
    rule->limit = number(json, "limit");
    rule->setpoint = number(json, "setpoint");
    rule->hysteresis = hysteresis > 0 ? hysteresis : 0;
    rule->side = g_strcmp0(side, "low") == 0 ? -1 : 1;
    rule->count = count >= 1 && count <= RULE_COUNT_MAX ? (guint)count : 0;
    rule->on_delay_ms = milliseconds(json, "on_delay_s");
    rule->off_delay_ms = milliseconds(json, "off_delay_s");
    rule->within_ms = milliseconds(json, "within_s");
    rule->priority = priority >= 1 && priority <= 4 ? (guint8)priority : 0;
    rule->latch = json_is_true(json_object_get(json, "latch"));
    rule->review = json_is_true(json_object_get(json, "review"));
    read_normal(rule, json_object_get(json, "normal"));
    rule->mask = read_mask(json_object_get(json, "conditions"));
}

static gboolean check(const PointRule *rule, const Kind *kind, GError **error) {
    if (kind->limit && isnan(rule->limit))
        return refuse(error, "limit", "缺少限值 / the limit is missing", "填写限值 / give a limit");
    if (kind->count && rule->count == 0)
        return refuse(error, "count", "次数应为 1 至 16 / the count must be 1 to 16",
                      "填写次数 / give a count");
    if (rule->kind == RULE_COUNT && rule->within_ms == 0)
        return refuse(error, "within_s", "缺少统计时长 / the span is missing",
                      "填写秒数 / give seconds");
    if (rule->kind == RULE_VOTE && rule->count > rule->inputs)
        return refuse(error, "count", "表决数大于点位数 / more votes than points",
                      "减小次数或增加点位 / lower the count or add points");
    if (rule->kind == RULE_DEVIATION && isnan(rule->setpoint) && rule->inputs == 0)
        return refuse(error, "setpoint", "缺少设定值 / there is no set point",
                      "填写设定值或对照点位 / give a set point or a point to compare with");
    if (rule->kind == RULE_DISCRETE && rule->normals == 0)
        return refuse(error, "normal", "缺少正常值 / the normal values are missing",
                      "填写正常状态值 / give the values of the normal state");
    if (kind->formula && rule->formula == NULL)
        return refuse(error, "formula", "缺少表达式 / the formula is missing",
                      "填写条件表达式 / give a condition");
    if (rule->kind == RULE_INHIBIT && rule->formula == NULL && rule->inputs == 0)
        return refuse(error, "points", "缺少抑制原因 / the cause is missing",
                      "填写原因点位或表达式 / give the causing point or a formula");
    return TRUE;
}

static gboolean read_rule(Reading *reading, GError **error) {
    const char *kind = json_string_value(json_object_get(reading->json, "kind"));
    PointRule *rule = reading->rule;
    while (rule->kind < RULE_KINDS && g_strcmp0(kinds[rule->kind].name, kind) != 0)
        rule->kind++;
    if (rule->kind == RULE_KINDS)
        return refuse(error, "kind", "未知的规则类别 / unknown kind of rule",
                      "参见 docs/alarms.md / see docs/alarms.md");
    read_plain(rule, reading->json);
    return read_points(reading, &kinds[rule->kind], error) && read_formula(reading, error) &&
           check(rule, &kinds[rule->kind], error);
}

PointRules *point_rules_read(const char *self, json_t *extra, GError **error) {
    PointRules *rules = g_new0(PointRules, 1);
    json_t *list = json_object_get(extra, "rules"), *json;
    rules->rule = g_new0(PointRule, MIN(json_array_size(list), (size_t)RULES_MAX));
    place_of(rules, self);
    if (!read_derive(rules, extra, error)) {
        point_rules_free(rules);
        return NULL;
    }
    size_t i;
    json_array_foreach(list, i, json) {
        if (rules->n == RULES_MAX) {
            refuse(error, "point", "规则过多 / too many rules",
                   "每个监测点最多 16 条规则 / at most 16 rules a point");
            point_rules_free(rules);
            return NULL;
        }
        Reading reading = {rules, &rules->rule[rules->n++], json, FALSE};
        if (!read_rule(&reading, error)) {
            point_rules_free(rules);
            return NULL;
        }
    }
    return rules;
}

void point_rules_free(PointRules *rules) {
    if (rules == NULL)
        return;
    for (guint i = 0; i < rules->n; i++) {
        g_free(rules->rule[i].name);
        condition_free(rules->rule[i].formula);
    }
    expression_free(rules->derive);
    g_free(rules->rule);
    g_free(rules);
}

AlarmCondition point_rule_condition(const PointRule *rule) { return kinds[rule->kind].condition; }

const PointRule *point_rules_find(const PointRules *rules, const char *code,
                                  AlarmCondition condition) {
    for (guint i = 0; rules && i < rules->n; i++)
        if (point_rule_condition(&rules->rule[i]) == condition &&
            strcmp(rules->rule[i].code, code) == 0)
            return &rules->rule[i];
    return NULL;
}
