/* States and moves of a type, and the check that every state can be reached and left. */
#include "pack/pack_key.h"

#include <string.h>

enum { STATES_MAX = 64, MOVES_MAX = 100, TODOS_MAX = 32, TARGETS_MAX = 32, NAMES_MAX = 200 };

static gboolean is_same(const YamlNode *node) {
    return node->kind == YAML_SCALAR && strcmp(node->text, "same") == 0;
}

/* ---- states ---- */

static gboolean read_state_name(Loader *loader, const YamlNode *node, gpointer place,
                                GError **error) {
    if (is_same(node))
        return refuse(error, node, "换一个名称 / use another name",
                      "状态名 same 是保留名 / the state name same is reserved");
    return read_name(loader, node, place, error);
}

static gboolean read_todo(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"who", TRUE, PASS_RULES, read_roles, offsetof(Todo, who)},
        {"when", FALSE, PASS_RULES, read_sql_condition, offsetof(Todo, when)},
    };
    static const ListShape shape = {"待办 / todo", TODOS_MAX, sizeof(Todo),
                                    NULL,          rows,      G_N_ELEMENTS(rows)};
    return array_read(loader, node, &shape, *(GArray **)place, error);
}

static const KeyRow state_rows[] = {
    {"name", TRUE, PASS_SHAPE, read_state_name, offsetof(State, name)},
    {"title", TRUE, PASS_SHAPE, read_title, offsetof(State, title)},
    {"final", FALSE, PASS_SHAPE, read_flag, offsetof(State, final)},
    {"locked", FALSE, PASS_SHAPE, read_flag, offsetof(State, locked)},
    {"aside", FALSE, PASS_SHAPE, read_flag, offsetof(State, aside)},
    {"todo", FALSE, PASS_RULES, read_todo, offsetof(State, todo)},
};

static void state_init(Loader *loader, gpointer item, guint index) {
    State *state = item;
    state->index = index;
    state->todo = packs_array(loader->packs, sizeof(Todo));
}

static gboolean read_states(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const ListShape shape = {"状态 / state", STATES_MAX, sizeof(State),
                                    state_init,     state_rows, G_N_ELEMENTS(state_rows)};
    RecordType *type = place;
    if (!items_read(loader, node, &shape, type->states, error))
        return FALSE;
    for (guint i = 0; i < type->states->len; i++) {
        State *state = type->states->pdata[i];
        state->locked |= state->final;
        if (state->final && state->todo->len > 0)
            return refuse(error, tree_at(node, i), "删除 todo 或 final / remove todo or final",
                          "终态 %s 不能有待办 / the final state %s cannot have a todo", state->name,
                          state->name);
    }
    return TRUE;
}

/* ---- moves ---- */

gboolean read_own_states(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    guint64 from = 0;
    if (!is_list(node, STATES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const State *state;
        if (!read_own_state(loader, tree_at(node, i), &state, error))
            return FALSE;
        if (from >> state->index & 1)
            return refuse(error, tree_at(node, i), "删除一个 / remove one",
                          "状态 %s 重复 / the state %s stands twice", state->name, state->name);
        from |= (guint64)1 << state->index;
    }
    *(guint64 *)place = from;
    return from != 0 || refuse(error, node, "写出状态 / name states",
                               "状态列表为空 / the list of states is empty");
}

static gboolean read_target_state(Loader *loader, const YamlNode *node, gpointer place,
                                  GError **error) {
    return is_same(node) || read_own_state(loader, node, place, error);
}

static gboolean targets_end(const YamlNode *node, const GArray *targets, GError **error) {
    for (guint i = 0; i < targets->len; i++) {
        gboolean always = g_array_index(targets, MoveTarget, i).when == NULL;
        gboolean last = i + 1 == targets->len;
        if (always != last)
            return refuse(
                error, tree_at(node, i), "只有最后一项不写 when / only the last one has no when",
                last ? "最后一个目标状态不能有 when / the last target has a when"
                     : "缺少 when，其后各项永远不会用到 / without when the rest is never used");
    }
    return targets->len > 0 ||
           refuse(error, node, "写出目标状态 / name the target", "to 为空 / to is empty");
}

/* A state, `same`, or a list of {when, state}. */
static gboolean read_to(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"when", FALSE, PASS_RULES, read_condition, offsetof(MoveTarget, when)},
        {"state", TRUE, PASS_RULES, read_target_state, offsetof(MoveTarget, state)},
    };
    static const ListShape shape = {"目标 / target",   TARGETS_MAX, sizeof(MoveTarget), NULL, rows,
                                    G_N_ELEMENTS(rows)};
    GArray *targets = *(GArray **)place;
    if (node->kind == YAML_LIST)
        return array_read(loader, node, &shape, targets, error) &&
               targets_end(node, targets, error);
    MoveTarget target = {0};
    if (!read_target_state(loader, node, &target.state, error))
        return FALSE;
    g_array_append_val(targets, target);
    return TRUE;
}

/* Where records stand that were made before the type had a flow; the others are in `initial`. */
static gboolean read_adopt(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"when", TRUE, PASS_RULES, read_condition, offsetof(MoveTarget, when)},
        {"state", TRUE, PASS_RULES, read_own_state, offsetof(MoveTarget, state)},
    };
    static const ListShape shape = {"目标 / target",   TARGETS_MAX, sizeof(MoveTarget), NULL, rows,
                                    G_N_ELEMENTS(rows)};
    return array_read(loader, node, &shape, *(GArray **)place, error);
}

static gboolean machine_bit(const YamlNode *node, int *by, GError **error) {
    static const struct {
        const char *name;
        int bit;
    } machines[] = {{"engine", BY_ENGINE}, {"clock", BY_CLOCK}, {"receipt", BY_RECEIPT}};
    for (gsize i = 0; node->kind == YAML_SCALAR && i < G_N_ELEMENTS(machines); i++) {
        if (strcmp(node->text, machines[i].name) != 0)
            continue;
        *by |= machines[i].bit;
        return TRUE;
    }
    return refuse(error, node, "写 engine、clock 或 receipt / write engine, clock or receipt",
                  "by 只能是 engine、clock 或 receipt / by is engine, clock or receipt");
}

static gboolean read_by(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    (void)loader;
    if (node->kind != YAML_LIST)
        return machine_bit(node, place, error);
    for (guint i = 0; i < tree_count(node); i++)
        if (!machine_bit(tree_at(node, i), place, error))
            return FALSE;
    return TRUE;
}

static gboolean add_field(GPtrArray *fields, const Field *field, const YamlNode *node,
                          GError **error) {
    if (g_ptr_array_find(fields, field, NULL))
        return refuse(error, node, "删除一个 / remove one",
                      "字段 %s 重复 / the field %s stands twice", field->name, field->name);
    g_ptr_array_add(fields, (gpointer)field);
    return TRUE;
}

static gboolean read_accepts(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_list(node, NAMES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const Field *field;
        if (!read_own_field(loader, tree_at(node, i), &field, error))
            return FALSE;
        if (field == loader->type->key)
            return refuse(error, tree_at(node, i), "从 accepts 中删除 / take it out",
                          "key 字段 %s 不能修改 / the key %s cannot change", field->name,
                          field->name);
        if (field->computed)
            return refuse(error, tree_at(node, i), "从 accepts 中删除 / take it out",
                          "计算字段 %s 不能给出 / the computed field %s is not given", field->name,
                          field->name);
        if (!add_field(*(GPtrArray **)place, field, tree_at(node, i), error))
            return FALSE;
    }
    return TRUE;
}

/* Fields, or `comment`. */
static gboolean read_require(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Move *move = place;
    if (!is_list(node, NAMES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const YamlNode *name = tree_at(node, i);
        const Field *field;
        if (name->kind == YAML_SCALAR && strcmp(name->text, "comment") == 0)
            move->require_comment = TRUE;
        else if (!read_own_field(loader, name, &field, error) ||
                 !add_field(move->require, field, name, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_not(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    if (!is_list(node, MOVES_MAX, error))
        return FALSE;
    for (guint i = 0; i < tree_count(node); i++) {
        const YamlNode *name = tree_at(node, i);
        if (!is_text(name, error))
            return FALSE;
        const Move *move = type_move(loader->type, name->text);
        if (move == NULL)
            return refuse(error, name, "先在 moves 中定义 / define it under moves",
                          "没有操作“%s” / there is no move %s", name->text, name->text);
        g_ptr_array_add(*(GPtrArray **)place, move->name);
    }
    return TRUE;
}

/* ---- rules of who and when ---- */

static gboolean read_count(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    enum { APPROVALS_MAX = 20 };
    double number = 0;
    (void)loader;
    if (!tree_is_number(node, &number) || number < 1 || number > APPROVALS_MAX ||
        number != (int)number)
        return refuse(error, node, "写 1 到 20 / write 1 to 20",
                      "确认人数不对 / not a number of persons");
    *(int *)place = (int)number;
    return TRUE;
}

static gboolean read_approve(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"n", TRUE, PASS_RULES, read_count, offsetof(Move, approvals)},
        {"who", TRUE, PASS_RULES, read_roles, offsetof(Move, approvers)},
    };
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error);
}

/* The short form of approve with n: 1. */
static gboolean read_second(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    Move *move = place;
    if (move->approvals)
        return refuse(error, node, "删去一个 / remove one",
                      "second 与 approve 只写一个 / write second or approve");
    move->approvals = 1;
    return read_roles(loader, node, &move->approvers, error);
}

static gboolean read_before_clock(Loader *loader, const YamlNode *node, gpointer place,
                                  GError **error) {
    const GPtrArray *clocks = loader->type->clocks;
    for (guint i = 0; node->kind == YAML_SCALAR && i < clocks->len; i++) {
        if (strcmp(((const ClockType *)clocks->pdata[i])->name, node->text) != 0)
            continue;
        *(const ClockType **)place = clocks->pdata[i];
        return TRUE;
    }
    return refuse(error, node, "先在 clocks 中定义 / define it under clocks",
                  "没有这个时钟 / there is no such clock");
}

static gboolean read_before(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"clock", TRUE, PASS_RULES, read_before_clock, offsetof(Move, before_clock)},
        {"at_least", TRUE, PASS_RULES, read_span, offsetof(Move, before)},
    };
    return keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error);
}

/* A code field whose codes are names of levels. */
static gboolean read_level(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    const Field **field = place;
    if (!read_open_field(loader, node, field, error))
        return FALSE;
    Level level;
    gboolean good = (*field)->kind == FIELD_CODE;
    for (guint i = 0; good && i < (*field)->codes->items->len; i++)
        good = level_parse(((const CodeItem *)(*field)->codes->items->pdata[i])->code, &level);
    return good || refuse(error, node,
                          "代码只能是 county、city、province … / its codes are county, city, "
                          "province …",
                          "字段 %s 的代码不是层级 / the codes of %s are no levels", (*field)->name,
                          (*field)->name);
}

/* Every type has it: the answer to a proposal. */
static gboolean read_move_name(Loader *loader, const YamlNode *node, gpointer place,
                               GError **error) {
    if (node->kind == YAML_SCALAR && strcmp(node->text, MOVE_TURN_DOWN) == 0)
        return refuse(error, node, "换一个名称 / use another name",
                      "操作名 %s 是保留名 / the move name %s is reserved", MOVE_TURN_DOWN,
                      MOVE_TURN_DOWN);
    return read_name(loader, node, place, error);
}

static const KeyRow move_rows[] = {
    {"name", TRUE, PASS_SHAPE, read_move_name, offsetof(Move, name)},
    {"title", TRUE, PASS_SHAPE, read_title, offsetof(Move, title)},
    {"from", TRUE, PASS_RULES, read_own_states, offsetof(Move, from)},
    {"to", TRUE, PASS_RULES, read_to, offsetof(Move, to)},
    {"who", FALSE, PASS_RULES, read_roles, offsetof(Move, who)},
    {"by", FALSE, PASS_RULES, read_by, offsetof(Move, by)},
    {"accepts", FALSE, PASS_RULES, read_accepts, offsetof(Move, accepts)},
    {"require", FALSE, PASS_RULES, read_require, 0},
    {"guard", FALSE, PASS_RULES, read_guard, offsetof(Move, guard)},
    {"not", FALSE, PASS_RULES, read_not, offsetof(Move, not_by)},
    {"withdraws", FALSE, PASS_RULES, read_not, offsetof(Move, withdraws)},
    {"approve", FALSE, PASS_RULES, read_approve, 0},
    {"second", FALSE, PASS_RULES, read_second, 0},
    {"before", FALSE, PASS_RULES, read_before, 0},
    {"level", FALSE, PASS_RULES, read_level, offsetof(Move, level)},
    {"set", FALSE, PASS_RULES, read_set, offsetof(Move, set)},
    {"receipt", FALSE, PASS_SHAPE, read_flag, offsetof(Move, receipt)},
    {"effects", FALSE, PASS_RULES, read_effects, offsetof(Move, effects)},
};

static void move_init(Loader *loader, gpointer item, guint index) {
    (void)index;
    Move *move = item;
    move->to = packs_array(loader->packs, sizeof(MoveTarget));
    move->accepts = packs_pointers(loader->packs);
    move->require = packs_pointers(loader->packs);
    move->not_by = packs_pointers(loader->packs);
    move->withdraws = packs_pointers(loader->packs);
    move->set = packs_array(loader->packs, sizeof(Assignment));
    move->effects = packs_array(loader->packs, sizeof(Effect));
}

/* A move by receipt needs somebody who has one; who confirms another's proposal has filed nothing.
 */
static gboolean receipts_fit(const YamlNode *node, const RecordType *type, const Move *move,
                             GError **error) {
    if (move->receipt && move->approvals)
        return refuse(error, node, "删除 receipt / remove receipt",
                      "需确认的操作 %s 不给回执 / the move %s is confirmed by others and gives no "
                      "receipt",
                      move->name, move->name);
    return !(move->by & BY_RECEIPT) || type_gives_receipts(type) ||
           refuse(error, node, "写 receipts: true / write receipts: true",
                  "没有回执，无人能办理 %s / without receipts nobody makes %s", move->name,
                  move->name);
}

static gboolean move_has_maker(const YamlNode *node, const Move *move, GError **error) {
    if (move->approvals && (move->by || !move->who || !move->approvers))
        return refuse(error, node, "写 who，不写 by / write who and not by",
                      "需确认的操作 %s 由人提请、由人确认 / %s is proposed and confirmed by people",
                      move->name, move->name);
    for (guint i = 0; move->approvals && i < move->accepts->len; i++) {
        const Field *field = move->accepts->pdata[i];
        if (field->secret)
            return refuse(error, node, "用另一操作填写 / take it in another move",
                          "需确认的操作 %s 不能接受密封字段 %s / the move %s waits for others and "
                          "cannot take the secret field %s",
                          move->name, field->name, move->name, field->name);
    }
    return move->who || move->by ||
           refuse(error, node, "写 who 或 by / write who or by",
                  "操作 %s 没有人能办理 / nobody can make the move %s", move->name, move->name);
}

static gboolean read_moves(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const ListShape shape = {"操作 / move", MOVES_MAX, sizeof(Move),
                                    move_init,     move_rows, G_N_ELEMENTS(move_rows)};
    RecordType *type = place;
    if (!items_read(loader, node, &shape, type->moves, error))
        return FALSE;
    for (guint i = 0; loader->pass == PASS_RULES && i < type->moves->len; i++)
        if (!move_has_maker(tree_at(node, i), type->moves->pdata[i], error) ||
            !receipts_fit(tree_at(node, i), type, type->moves->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* ---- the whole ---- */

static guint64 bit_of(const State *state) { return (guint64)1 << state->index; }

/* States one move away from `state`, other than itself. */
static guint64 next_states(const RecordType *type, const State *state) {
    guint64 next = 0;
    for (guint i = 0; i < type->moves->len; i++) {
        const Move *move = type->moves->pdata[i];
        for (guint j = 0; (move->from & bit_of(state)) && j < move->to->len; j++) {
            const State *target = g_array_index(move->to, MoveTarget, j).state;
            next |= target ? bit_of(target) : 0;
        }
    }
    return next & ~bit_of(state);
}

static guint64 reachable(const RecordType *type) {
    guint64 seen = bit_of(type->initial), before = 0;
    while (seen != before) {
        before = seen;
        for (guint i = 0; i < type->states->len; i++)
            seen |= before >> i & 1 ? next_states(type, type->states->pdata[i]) : 0;
    }
    return seen;
}

static gboolean states_connected(const RecordType *type, const YamlNode *states, GError **error) {
    guint64 seen = reachable(type);
    for (guint i = 0; i < type->states->len; i++) {
        const State *state = type->states->pdata[i];
        if (!(seen & bit_of(state)))
            return refuse(
                error, tree_at(states, i), "加上到它的操作或删除它 / add a move to it or remove it",
                "状态 %s 无法到达 / the state %s cannot be reached", state->name, state->name);
        if (!state->final && next_states(type, state) == 0)
            return refuse(error, tree_at(states, i),
                          "写 final: true 或加上操作 / write final: true or add a move",
                          "状态 %s 没有出口 / no move leaves the state %s", state->name,
                          state->name);
    }
    return TRUE;
}

gboolean read_flow(Loader *loader, const YamlNode *node, gpointer place, GError **error) {
    static const KeyRow rows[] = {
        {"states", TRUE, PASS_SHAPE | PASS_RULES, read_states, 0},
        {"initial", TRUE, PASS_RULES, read_own_state, offsetof(RecordType, initial)},
        {"adopt", FALSE, PASS_RULES, read_adopt, offsetof(RecordType, adopt)},
        {"moves", TRUE, PASS_SHAPE | PASS_RULES, read_moves, 0},
    };
    if (!keys_read(loader, node, rows, G_N_ELEMENTS(rows), place, error))
        return FALSE;
    return loader->pass != PASS_RULES || states_connected(place, tree_get(node, "states"), error);
}
