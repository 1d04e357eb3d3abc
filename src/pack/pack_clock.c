/* The clocks of a type: when they run, their limits and steps. */
#include "pack/pack_key.h"

#include <string.h>

enum { CLOCKS_MAX = 32, STEPS_MAX = 16 };

static gboolean read_timer(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const CodeList *list = g_hash_table_lookup(loader->packs->codes_by_name, LEGAL_TIMERS);
    const char *name = node->kind == YAML_SCALAR ? node->text : "";
    const CodeItem *item = list ? g_hash_table_lookup(list->by_code, name) : NULL;
    *(const CodeItem **)place = item;
    if (item == NULL)
        return refuse(error, node,
                      "写在代码表 " LEGAL_TIMERS " 中 / add it to the codes " LEGAL_TIMERS,
                      "没有法定时限“%s” / there is no legal timer %s", name, name);
    return item->span.n > 0 || refuse(error, node, "给它写 span / give it a span",
                                      "“%s”不是时限 / %s stands for no span", name, name);
}

/* {timer: NAME} in the place of a span. */
static gboolean read_timer_map(Loader *loader, const YamlNode *node, const CodeItem **timer,
                               Span *span, GError **error) {
    static const KeyRow rows[] = {{"timer", TRUE, PASS_RULES, read_timer, 0}};
    gboolean good = keys_read(loader, node, rows, G_N_ELEMENTS(rows), (gpointer)timer, error);
    if (good)
        *span = (*timer)->span;
    return good;
}

gboolean read_span(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const CodeItem *timer = NULL;
    if (node->kind == YAML_MAP && loader->pass == PASS_RULES)
        return read_timer_map(loader, node, &timer, place, error);
    return (node->kind == YAML_SCALAR && span_parse(node->text, place)) ||
           refuse(error, node,
                  "写 15min、3h、10d、10wd、6m 或 1y / write 15min, 3h, 10d, 10wd, 6m or 1y",
                  "不是时限 / not a span of time");
}

static gboolean read_limit_field(Loader *loader, const YamlNode *node, gpointer place,
                                 GError **error) {
    const Field **field = place;
    if (!read_own_field(loader, node, field, error))
        return FALSE;
    return (*field)->kind == FIELD_DURATION ||
           ((*field)->kind == FIELD_CODE && (*field)->codes->has_spans) ||
           refuse(
               error, node,
               "使用 duration 字段，或代码都写有 span 的代码字段 / a duration, or a field of codes "
               "that all have a span",
               "字段 %s 不表示时限 / the field %s stands for no span", (*field)->name,
               (*field)->name);
}

/* A span, {field: F} or {timer: NAME}. */
static gboolean read_limit(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"field", TRUE, PASS_RULES, read_limit_field, offsetof(ClockType, limit_field)}};
    ClockType *clock = place;
    clock->has_limit = TRUE;
    if (node->kind == YAML_MAP && tree_get(node, "timer"))
        return read_timer_map(loader, node, &clock->timer, &clock->limit, error);
    if (node->kind == YAML_MAP)
        return keys_read(loader, node, rows, G_N_ELEMENTS(rows), clock, error);
    return read_span(loader, node, &clock->limit, error);
}

static gboolean is_date_or_time(const Field *field) {
    return field->kind == FIELD_DATE || field->kind == FIELD_TIME;
}

static gboolean read_start_field(Loader *loader, const YamlNode *node, gpointer place,
                                 GError **error) {
    const Field **field = place;
    if (!read_open_field(loader, node, field, error))
        return FALSE;
    return is_date_or_time(*field) ||
           refuse(error, node, "使用 date 或 time 字段 / use a date or time",
                  "start 字段 %s 不是日期或时间 / start: %s is no date or time", (*field)->name,
                  (*field)->name);
}

static gboolean read_start(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"state", FALSE, PASS_RULES, read_own_state, offsetof(ClockType, start)},
        {"field", FALSE, PASS_RULES, read_start_field, offsetof(ClockType, start_field)},
    };
    ClockType *clock = place;
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), clock, error))
        return FALSE;
    return (clock->start == NULL) != (clock->start_field == NULL) ||
           refuse(error, node, "写 {state: S} 或 {field: F} / write {state: S} or {field: F}",
                  "start 应有一个起点 / start has one beginning");
}

static gboolean read_stop(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"leave", FALSE, PASS_RULES, read_own_state, offsetof(ClockType, stop)},
        {"enter", FALSE, PASS_RULES, read_own_states, offsetof(ClockType, stop_enter)},
    };
    ClockType *clock = place;
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), clock, error))
        return FALSE;
    return (clock->stop == NULL) != (clock->stop_enter == 0) ||
           refuse(error, node, "写 {leave: S} 或 {enter: [S]} / write {leave: S} or {enter: [S]}",
                  "stop 应有一个终点 / stop has one end");
}

static gboolean read_until(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const Field **field = place;
    if (!read_open_field(loader, node, field, error))
        return FALSE;
    return is_date_or_time(*field) ||
           refuse(error, node, "使用 date 或 time 字段 / use a date or time",
                  "until 字段 %s 不是日期或时间 / until: %s is no date or time", (*field)->name,
                  (*field)->name);
}

static gboolean read_step_move(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    if (!is_text(node, error))
        return FALSE;
    const Move *move = type_move(loader->type, node->text);
    if (move == NULL)
        return refuse(error, node, "先在 moves 中定义 / define it under moves",
                      "没有操作“%s” / there is no move %s", node->text, node->text);
    *(const Move **)place = move;
    return (move->by & BY_CLOCK) ||
           refuse(error, node, "给该操作写 by: clock / write by: clock in the move",
                  "操作 %s 不能由时钟办理 / the clock may not make the move %s", move->name,
                  move->name);
}

static gboolean read_steps(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"after", TRUE, PASS_RULES, read_span, offsetof(ClockStep, after)},
        {"move", TRUE, PASS_RULES, read_step_move, offsetof(ClockStep, move)},
    };
    static const ListShape shape = {"步骤 / step", STEPS_MAX, sizeof(ClockStep),
                                    NULL,          rows,      G_N_ELEMENTS(rows)};
    GArray *steps = *(GArray **)place;
    if (!array_read(loader, node, &shape, steps, error))
        return FALSE;
    for (guint i = 1; i < steps->len; i++)
        if (span_minutes(&g_array_index(steps, ClockStep, i - 1).after) >
            span_minutes(&g_array_index(steps, ClockStep, i).after))
            return refuse(error, tree_at(node, i), "按 after 排序 / put them in order",
                          "步骤未按 after 排序 / the steps are not in order of after");
    return steps->len > 0 ||
           refuse(error, node, "至少一步 / one at least", "steps 为空 / there are no steps");
}

static gboolean read_law_day(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    *(gboolean *)place = TRUE;
    return (node->kind == YAML_SCALAR && strcmp(node->text, "now") == 0) ||
           refuse(error, node, "写 by: now，或不写 / write by: now, or leave it out",
                  "by 只能是 now / by is now");
}

gboolean clock_in_force(const ClockType *clock, gint64 law_day, gint64 start_day) {
    return validity_holds(&clock->valid, clock->by_now ? start_day : law_day);
}

/* Clocks of one name are one over time, and of one mind about whose time. */
static gboolean times_apart(const YamlNode *node, const GPtrArray *clocks, guint last,
                            GError **error) {
    const ClockType *clock = clocks->pdata[last];
    for (guint i = 0; i < last; i++) {
        const ClockType *other = clocks->pdata[i];
        if (strcmp(other->name, clock->name) != 0)
            continue;
        if (other->by_now != clock->by_now || validity_overlap(&other->valid, &clock->valid))
            return refuse(
                error, node,
                "换名，或写不重叠的 valid 和相同的 by / another name, or valid that do not "
                "overlap and the same by",
                "时钟“%s”重复 / the clock %s stands twice", clock->name, clock->name);
    }
    return TRUE;
}

static const KeyRow clock_rows[] = {
    {"name", TRUE, PASS_SHAPE, read_name, offsetof(ClockType, name)},
    {"title", TRUE, PASS_RULES, read_title, offsetof(ClockType, title)},
    {"basis", FALSE, PASS_RULES, read_texts, offsetof(ClockType, basis)},
    {"start", TRUE, PASS_RULES, read_start, 0},
    {"stop", FALSE, PASS_RULES, read_stop, 0},
    {"when", FALSE, PASS_RULES, read_condition, offsetof(ClockType, when)},
    {"pause", FALSE, PASS_RULES, read_condition, offsetof(ClockType, pause)},
    {"valid", FALSE, PASS_RULES, read_validity, offsetof(ClockType, valid)},
    {"by", FALSE, PASS_RULES, read_law_day, offsetof(ClockType, by_now)},
    {"until", FALSE, PASS_RULES, read_until, offsetof(ClockType, until)},
    {"limit", FALSE, PASS_RULES, read_limit, 0},
    {"steps", FALSE, PASS_RULES, read_steps, offsetof(ClockType, steps)},
};

static void clock_init(Loader *loader, gpointer item, guint index) {
    (void)index;
    ClockType *clock = item;
    clock->steps = packs_array(loader->packs, sizeof(ClockStep));
}

/* A clock that runs in one state only can make no move that does not start there. */
static gboolean clock_check(const YamlNode *node, const ClockType *clock, GError **error) {
    if (clock->steps->len == 0)
        return refuse(
            error, node,
            "加上 steps，如 [{after: 0h, move: remind}]；只显示期限则用日期字段 / add steps, "
            "like [{after: 0h, move: remind}]; a term that is only shown is a date field",
            "时钟 %s 没有 steps，到期什么也不做 / the clock %s has no steps: it would do "
            "nothing when due",
            clock->name, clock->name);
    if (!clock->has_limit && !clock->until)
        return refuse(error, node, "写 limit 或 until / write limit or until",
                      "时钟 %s 没有时限 / the clock %s has no limit", clock->name, clock->name);
    if (clock->start && !clock->stop && !clock->stop_enter && !clock->when)
        return refuse(error, node, "写 stop 或 when / write stop or when",
                      "时钟 %s 没有 stop / the clock %s has no stop", clock->name, clock->name);
    for (guint i = 0; clock->start && clock->start == clock->stop && i < clock->steps->len; i++) {
        const Move *move = g_array_index(clock->steps, ClockStep, i).move;
        if (!(move->from >> clock->start->index & 1))
            return refuse(error, tree_at(tree_get(node, "steps"), i),
                          "把该状态加入操作的 from / add the state to its from",
                          "操作 %s 在状态 %s 永远不能办理 / the move %s is never open in state %s",
                          move->name, clock->start->name, move->name, clock->start->name);
    }
    return TRUE;
}

gboolean read_clocks(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const ListShape shape = {NULL,       CLOCKS_MAX, sizeof(ClockType),
                                    clock_init, clock_rows, G_N_ELEMENTS(clock_rows)};
    RecordType *type = place;
    if (!items_read(loader, node, &shape, type->clocks, error))
        return FALSE;
    for (guint i = 0; loader->pass == PASS_RULES && i < type->clocks->len; i++)
        if (!times_apart(tree_at(node, i), type->clocks, i, error) ||
            !clock_check(tree_at(node, i), type->clocks->pdata[i], error))
            return FALSE;
    return TRUE;
}
