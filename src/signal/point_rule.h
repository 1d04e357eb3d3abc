/* What a few points have beyond limits: rules over their own and other points' values, read from
 * the `extra` of a definition. Read-only once made; any thread.
 *
 * extra = {"derive": FORMULA, "rules": [RULE...]}, both optional. With `derive` the point is not
 * measured: its value is that of the formula (pack/condition.h, expressions) over other points,
 * made for each moment at which one of them spoke, once all of that moment are in; unknown or not a
 * number gives none. Rules see it as the value of `self`.
 *
 * RULE = {"kind": .., "rule": code of the alarm_rule record or absent
 * for what stands on the point itself, and the members below}. `self` is the point that has the
 * rule.
 *
 *  kind         holds when                                          members
 *  deviation    |self - setpoint| or |self - points[0]| >= limit    limit, setpoint | points
 *  discrete     self is none of the normal values                   normal: [numbers]
 *  count        self went beyond the limit `count` times within     limit, side, count, within_s
 *  device       points[0] is not 0: the device's own alarm          points
 *  underreport  self is beyond the limit and points[0] is 0         limit, side, points
 *  vote         at least `count` of `points` are beyond the limit   limit, side, count, points
 *  formula      the condition is true                               formula
 *  inhibit      as formula, or points[0] is beyond the limit, or not 0 when there is no limit
 *
 * inhibit gives no alarm: while it is active the conditions in `conditions` (all when absent) of
 * `self` are suppressed by design. `side` is "high" (default) or "low"; `hysteresis`, `on_delay_s`,
 * `off_delay_s`, `priority`, `latch`, `review`, `name` as for points. A formula is a condition
 * (pack/condition.h) over values; names are point codes, in "..." where they have other signs than
 * letters, digits and _; an unknown value makes nothing true. */
#pragma once
#include "pack/condition.h"
#include "signal/alarm_event.h"

enum { RULES_MAX = 16, RULE_INPUTS_MAX = 16, RULE_COUNT_MAX = 16, RULE_NORMAL_MAX = 8 };

typedef enum {
    RULE_DEVIATION,
    RULE_DISCRETE,
    RULE_COUNT,
    RULE_DEVICE,
    RULE_UNDERREPORT,
    RULE_VOTE,
    RULE_FORMULA,
    RULE_INHIBIT,
    RULE_KINDS
} RuleKind;

typedef struct {
    RuleKind kind;
    const char *code;                         /* interned; "" for the point's own */
    char *name;                               /* may be empty */
    double limit, hysteresis, setpoint, side; /* NAN: none; side +1 or -1 */
    guint count, normals;
    double normal[RULE_NORMAL_MAX];
    gint32 on_delay_ms, off_delay_ms, within_ms;
    guint32 mask; /* inhibit: 1 << AlarmCondition */
    guint8 priority, latch, review;
    guint8 inputs, input[RULE_INPUTS_MAX]; /* places in PointRules.code; without self */
    Condition *formula;
} PointRule;

typedef struct {
    guint n, codes;
    PointRule *rule;
    const char *code[RULE_INPUTS_MAX]; /* interned: the points looked at; [0] is self */
    Expression *derive;                /* or NULL */
} PointRules;

/* NULL with ERROR_REQUEST (field of the rule, what is wrong, what to do); for doors. */
PointRules *point_rules_read(const char *self, json_t *extra, GError **error);
void point_rules_free(PointRules *rules);
AlarmCondition point_rule_condition(const PointRule *rule); /* CONDITIONS for inhibit */
/* The rule of this code and condition, or NULL. */
const PointRule *point_rules_find(const PointRules *rules, const char *code,
                                  AlarmCondition condition);
