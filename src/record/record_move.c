#include "record/act.h"
#include "record/documents.h"
#include "record/effect.h"
#include "record/files.h"
#include "record/legal_clock.h"
#include "record/rights.h"
#include "record/row_values.h"
#include "record/watch.h"

#include <string.h>

/* --- the tests before anything is changed --- */

static gboolean state_allows(const Row *row, const Move *move, GError **error) {
    if (row->state && (move->from >> row->state->index & 1))
        return TRUE;
    const State *state = row->state;
    return error_set(error, ERROR_MOVE_STATE, NULL, state ? state->title.zh : "—", move->title.zh,
                     state ? state->title.en : "—", NULL);
}

static gboolean actor_allowed(const Actor *actor, const Move *move) {
    switch (actor->kind) {
    case ACTOR_SYSTEM:
        return TRUE;
    case ACTOR_ENGINE:
        return (move->by & BY_ENGINE) != 0;
    case ACTOR_CLOCK:
        return (move->by & BY_CLOCK) != 0;
    case ACTOR_PERSON:
        return actor->role && role_in(actor->role, move->who);
    case ACTOR_GUEST:
        return FALSE;
    case ACTOR_HOLDER:
        return (move->by & BY_RECEIPT) != 0;
    }
    return FALSE;
}

/* Asked before the move, and after it: accepted scope fields may not carry the record out of the
 * mover's place. */
static gboolean in_place(const Act *act, const Row *row, GError **error) {
    return act->actor->kind == ACTOR_HOLDER ||
           rights_covers(act->actor, row->type, row->region, row_enterprise(row), row->sector) ||
           rights_assigned(act->sql, act->actor, row->type, row->id) ||
           error_set(error, ERROR_SCOPE, NULL, NULL);
}

/* Whoever it was assigned to leaves it where it stands. */
static gboolean stays_in_place(const Act *act, const Row *before, const Row *row, GError **error) {
    return (strcmp(before->region, row->region) == 0 && strcmp(before->sector, row->sector) == 0 &&
            g_strcmp0(row_enterprise(before), row_enterprise(row)) == 0) ||
           rights_covers(act->actor, row->type, row->region, row_enterprise(row), row->sector) ||
           error_set(error, ERROR_SCOPE, NULL, NULL);
}

static gboolean may_move(const Act *act, const Row *row, const Move *move, GError **error) {
    if (!actor_allowed(act->actor, move)) {
        g_autofree char *zh = g_strdup_printf("办理“%s”", move->title.zh);
        g_autofree char *en = g_strdup_printf("make the move “%s”", move->title.en);
        return right_refused(act, move->who, zh, en, error);
    }
    return in_place(act, row, error);
}

static RoleSet roles_of_level(const Packs *packs, RoleSet set, const char *level) {
    RoleSet found = 0;
    for (guint i = 0; i < packs->roles->len; i++) {
        const Role *role = packs->roles->pdata[i];
        if (role_in(role, set) && strcmp(level_name(role->level), level) == 0)
            found |= (RoleSet)1 << role->index;
    }
    return found;
}

/* The authority of the level that a field names, when it names one. */
static gboolean level_fits(const Act *act, const Row *row, const Move *move, GError **error) {
    const char *level = row_text(row, move->level);
    const Role *role = act->actor->role;
    if (level == NULL || act->actor->kind != ACTOR_PERSON ||
        (role && strcmp(level_name(role->level), level) == 0))
        return TRUE;
    g_autofree char *zh = g_strdup_printf("办理由其他层级负责的“%s”", move->title.zh);
    g_autofree char *en =
        g_strdup_printf("make the move “%s”, which is for the level %s", move->title.en, level);
    return right_refused(act, roles_of_level(act->packs, move->who, level), zh, en, error);
}

static gboolean has_not_by(const Act *act, const Move *move) {
    return act->actor->kind == ACTOR_PERSON && move->not_by && move->not_by->len > 0;
}

static char *movers_text(const Move *move) {
    GString *text = g_string_new(
        "SELECT actor, action, diff FROM journal WHERE type = ? AND id = ? AND action IN (");
    for (guint i = 0; i < move->not_by->len; i++)
        g_string_append(text, i ? ", ?" : "?");
    g_string_append(text, ") ORDER BY seq DESC LIMIT 1");
    return g_string_free(text, FALSE);
}

static void bind_not_by(SqlStatement *st, const Move *move) {
    for (guint i = 0; st && i < move->not_by->len; i++) {
        g_autofree char *action = g_strdup_printf("move:%s", (const char *)move->not_by->pdata[i]);
        sql_bind_text(st, (int)i + 3, action);
    }
}

/* What most moves ask of the record besides its row, in the same round trip. */
static void move_ahead(const Act *act, const RecordType *type, const char *id, const Move *move) {
    change_ahead(act, type, id);
    if (has_not_by(act, move)) {
        g_autofree char *text = movers_text(move);
        bind_not_by(sql_ahead(act->sql, text, "tt", type->name, id), move);
    }
}

/* Who had a hand in the last of the moves in `not`, from the journal; *made NULL: nobody yet. */
static gboolean last_movers(const Act *act, const Row *row, const Move *move, GPtrArray *hands,
                            char **made, GError **error) {
    g_autofree char *text = movers_text(move);
    SqlStatement *st = sql_query(act->sql, error, text, "tt", row->type->name, row->id);
    bind_not_by(st, move);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_ROW) {
        json_t *diff = json_loads(sql_text(st, 2), 0, NULL);
        hands_add(hands, sql_text(st, 0), diff);
        *made = g_strdup(sql_text(st, 1) + strlen("move:"));
        json_decref(diff);
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

static gboolean separate(const Act *act, const Row *row, const Move *move, GError **error) {
    if (!has_not_by(act, move))
        return TRUE;
    g_autoptr(GPtrArray) hands = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *made = NULL;
    if (!last_movers(act, row, move, hands, &made, error))
        return FALSE;
    if (!hands_have(act, hands))
        return TRUE;
    const Move *former = type_move(row->type, made);
    return error_set(error, ERROR_SEPARATION, NULL, former ? former->title.zh : made, NULL);
}

static gboolean is_among(const GPtrArray *names, const char *name) {
    for (guint i = 0; i < names->len; i++)
        if (strcmp(names->pdata[i], name) == 0)
            return TRUE;
    return FALSE;
}

/* A move that takes another back: the last act of any person was one of these moves, and his own.
 * What clocks and the engine did since does not count. */
static gboolean may_withdraw(const Act *act, const Row *row, const Move *move, GError **error) {
    if (move->withdraws->len == 0 || act->actor->kind != ACTOR_PERSON)
        return TRUE;
    SqlStatement *st = sql_query(act->sql, error,
                                 "SELECT actor, action, diff FROM journal WHERE type = ? AND id = "
                                 "? AND actor NOT IN ('clock', 'engine') AND action NOT LIKE "
                                 "'reveal:%' AND action NOT LIKE 'key:%' ORDER BY seq DESC LIMIT 1",
                                 "tt", row->type->name, row->id);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE && error_set(error, ERROR_MOVE_WITHDRAW, NULL, NULL);
    g_autoptr(GPtrArray) hands = g_ptr_array_new_with_free_func(g_free);
    json_t *diff = json_loads(sql_text(st, 2), 0, NULL);
    const char *action = sql_text(st, 1);
    gboolean one =
        g_str_has_prefix(action, "move:") && is_among(move->withdraws, action + strlen("move:"));
    hands_add(hands, sql_text(st, 0), diff);
    json_decref(diff);
    sql_reset(st);
    return (one && hands_have(act, hands)) || error_set(error, ERROR_MOVE_WITHDRAW, NULL, NULL);
}

static char *span_words(Span span) {
    static const char *const units[] = {
        [SPAN_MINUTES] = "分钟 (min)",     [SPAN_HOURS] = "小时 (h)",  [SPAN_DAYS] = "天 (d)",
        [SPAN_WORKDAYS] = "个工作日 (wd)", [SPAN_MONTHS] = "个月 (m)", [SPAN_YEARS] = "年 (y)"};
    return g_strdup_printf("%d %s", span.n, units[span.unit]);
}

/* In time before a clock ends; when it does not run, nothing is too late. */
static gboolean early_enough(const Act *act, const Row *row, const Move *move, GError **error) {
    gint64 due;
    char day[TIME_TEXT];
    if (move->before_clock == NULL || act->actor->kind != ACTOR_PERSON)
        return TRUE;
    if (!clock_running_due(act, row, move->before_clock, &due, error))
        return FALSE;
    if (due == G_MAXINT64)
        return TRUE;
    gint64 latest = span_subtract(act->packs->calendar, due, move->before);
    g_autofree char *span = span_words(move->before);
    return act->now_ms <= latest ||
           error_set(error, ERROR_MOVE_LATE, NULL, move->before_clock->title.zh, span,
                     day_format(day_of(latest), day), NULL);
}

static gboolean move_open(const Act *act, const Row *row, const Move *move, GError **error) {
    return state_allows(row, move, error) && may_move(act, row, move, error) &&
           level_fits(act, row, move, error) && separate(act, row, move, error) &&
           may_withdraw(act, row, move, error) && early_enough(act, row, move, error);
}

static gboolean guard_holds(const Act *act, const Row *row, const Move *move, GError **error) {
    for (const Guard *guard = move->guard; guard; guard = guard->next)
        if (act_in_force(act, row, &guard->valid) && !act_holds(act, row, guard->when))
            return error_set(error, ERROR_MOVE_GUARD, guard->field, guard->message.zh,
                             guard->message.en, NULL);
    return TRUE;
}

static gboolean comment_given(const Move *move, const char *comment, GError **error) {
    if (move->require_comment && (comment == NULL || *comment == 0))
        return error_set(error, ERROR_FIELD_REQUIRED, "comment", "备注", "A comment", NULL);
    return check_comment(comment, error);
}

/* What the move asks for; and, when it was given fields, what the type asks for (`required: {when}`
 * may hang on them). A move without fields, such as an escalation, is not stopped by a gap it did
 * not make. */
static gboolean required_given(const Act *act, const Row *row, const Move *move, gboolean changed,
                               const char *comment, GError **error) {
    for (guint i = 0; i < move->require->len; i++)
        if (!check_wanted(act, row, move->require->pdata[i], error))
            return FALSE;
    return comment_given(move, comment, error) && (!changed || check_required(act, row, error));
}

/* --- the change --- */

static const State *target_state(const Act *act, const Row *row, const Move *move) {
    for (guint i = 0; i < move->to->len; i++) {
        const MoveTarget *target = &g_array_index(move->to, MoveTarget, i);
        if (target->when == NULL || act_holds(act, row, target->when))
            return target->state ? target->state : row->state;
    }
    return row->state;
}

static gboolean change_row(const Act *act, const Row *before, Row *row, const Move *move,
                           json_t *fields, const char *comment, GError **error) {
    gboolean changed = json_object_size(fields) > 0;
    if (!check_given(row, fields, move->accepts, error) ||
        !files_resolve(act, before, row, error) || !act_compute(act, row, error) ||
        !check_references(act, before, row, error) ||
        !required_given(act, row, move, changed, comment, error) ||
        !guard_holds(act, row, move, error) || !assign_all(act, row, move->set, error) ||
        !act_compute(act, row, error))
        return FALSE;
    row->state = target_state(act, row, move);
    return row_settle(act, row, fields, error) &&
           (!(changed || row->state != before->state) || check_state_required(act, row, error)) &&
           check_place(act, before, row, error) && stays_in_place(act, before, row, error) &&
           check_rules(act, row, error);
}

/* The entry also says which documents the move made. */
static json_t *note_with(json_t *note, json_t *documents) {
    json_t *both = note ? json_copy(note) : json_object();
    if (json_array_size(documents))
        json_object_set_new(both, "_documents", json_pack("[n, O]", documents));
    return both;
}

static json_t *commit_move(const Act *act, const Row *before, Row *row, const Move *move,
                           const char *comment, json_t *note, GError **error) {
    g_autoptr(GPtrArray) raises = g_ptr_array_new_with_free_func(raise_free);
    g_autofree char *action = g_strdup_printf("move:%s", move->name);
    json_t *documents = NULL, *record = NULL;
    if (effects_prepare(act, row, move, raises, error) &&
        documents_prepare(act, row, move, &documents, error)) {
        json_t *both = note_with(note, documents);
        record = commit_row(act, before, row, action, comment, both, error);
        json_decref(both);
    }
    gboolean lapses = before->state != row->state && act->actor->kind != ACTOR_PERSON;
    if (record &&
        !((!lapses || proposal_drop(act, row, error)) && /* people left none */
          documents_write(act, row, documents, error) &&
          effects_run(act, row, move, raises, error) && watches_run(act, row, move, error)))
        g_clear_pointer(&record, json_decref);
    json_decref(documents);
    if (record && move->receipt && act->actor->kind == ACTOR_PERSON)
        return add_receipt(act, row, record, error);
    return record;
}

/* Checked as if it took effect, and written down. */
static json_t *propose(const Act *act, const Row *before, const Move *move, json_t *fields,
                       const char *comment, GError **error) {
    g_autoptr(Row) row = row_copy(before);
    if (!move_open(act, before, move, error) ||
        !change_row(act, before, row, move, fields, comment, error) ||
        !files_use(act, before, row, error)) /* who confirms may read what is proposed */
        return NULL;
    return proposal_write(act, before, move, fields, comment, error);
}

/* The last confirmation makes the move, with what was proposed. */
static json_t *confirm(const Act *act, const Row *before, const Proposal *proposal, json_t *fields,
                       const char *comment, GError **error) {
    const Move *move = proposal->move;
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    g_autoptr(Row) row = row_copy(before);
    if (!proposal_may_confirm(act, before, proposal, error) ||
        !separate(act, before, move, error) || !check_given(row, fields, nothing, error) ||
        !check_comment(comment, error))
        return NULL;
    if (proposal->confirmed + 1 < move->approvals)
        return proposal_confirm(act, before, proposal, comment, error);
    if (!state_allows(before, move, error) ||
        !change_row(act, before, row, move, proposal->fields, proposal->comment, error) ||
        !proposal_drop(act, before, error))
        return NULL;
    json_t *note = proposal_note(proposal);
    json_t *record =
        commit_move(act, before, row, move, comment ? comment : proposal->comment, note, error);
    json_decref(note);
    return record;
}

static json_t *make_move_of_many(const Act *act, const Row *before, const Move *move,
                                 json_t *fields, const char *comment, GError **error) {
    g_auto(Proposal) proposal = {0};
    if (!proposal_load(act, before, &proposal, error))
        return NULL;
    if (proposal.move == NULL)
        return propose(act, before, move, fields, comment, error);
    if (proposal.move == move)
        return confirm(act, before, &proposal, fields, comment, error);
    proposal_none(act, before, error);
    return NULL;
}

json_t *make_move(const Act *act, const RecordType *type, const char *id, const Move *move,
                  gint64 version, json_t *fields, const char *comment, json_t *note,
                  GError **error) {
    move_ahead(act, type, id, move);
    g_autoptr(Row) before = load_seen(act, type, id, error);
    const char *said = comment && *comment ? comment : NULL;
    if (before == NULL || !version_fits(before, version, error))
        return NULL;
    if (move->approvals && act->actor->kind == ACTOR_PERSON)
        return make_move_of_many(act, before, move, fields, said, error);
    if (!move_open(act, before, move, error) || !proposal_none(act, before, error))
        return NULL;
    g_autoptr(Row) row = row_copy(before);
    if (!change_row(act, before, row, move, fields, comment, error))
        return NULL;
    return commit_move(act, before, row, move, said, note, error);
}

static const Move *find_move(const RecordType *type, const char *name, GError **error) {
    const Move *move = type_move(type, name);
    if (move)
        return move;
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < type->moves->len; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               ((const Move *)type->moves->pdata[i])->name);
    error_set(error, ERROR_MOVE_UNKNOWN, NULL, name, names->str, NULL);
    g_string_free(names, TRUE);
    return NULL;
}

/* What a person has asked for, until it is known in whose name it is done. */
typedef struct {
    const RecordType *type;
    const char *id;
    const Move *move; /* NULL: turn the proposal down */
    gint64 version;
    json_t *fields;
    const char *comment;
} MoveAsked;

static json_t *turn_down(const Act *act, const MoveAsked *asked, GError **error) {
    g_autoptr(Row) before = load_seen(act, asked->type, asked->id, error);
    if (before == NULL || !version_fits(before, asked->version, error))
        return NULL;
    return proposal_turn_down(act, before, asked->comment, error);
}

static json_t *move_asked(const Act *act, gpointer data, GError **error) {
    const MoveAsked *asked = data;
    if (asked->move == NULL)
        return turn_down(act, asked, error);
    return make_move(act, asked->type, asked->id, asked->move, asked->version, asked->fields,
                     asked->comment, NULL, error);
}

json_t *record_move(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                    const char *id, const char *move_name, gint64 version, json_t *fields,
                    const char *comment, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    MoveAsked asked = {.id = id, .version = version, .fields = fields, .comment = comment};
    gboolean down = strcmp(move_name, MOVE_TURN_DOWN) == 0;
    asked.type = find_type(packs, type_name, error);
    if (asked.type == NULL || (!down && !(asked.move = find_move(asked.type, move_name, error))))
        return NULL;
    return act_or_stand_in(&act, move_asked, &asked, error);
}

gboolean record_move_known(const RecordType *type, const char *name) {
    return type_move(type, name) != NULL || strcmp(name, MOVE_TURN_DOWN) == 0;
}

/* --- which moves are open --- */

json_t *title_json(const Title *title) {
    return json_pack("{s:s, s:s}", "zh", title->zh, "en", title->en);
}

/* Names of the states it may lead to; none when the record stays where it is. */
static json_t *targets_json(const Move *move) {
    json_t *names = json_array();
    for (guint i = 0; i < move->to->len; i++) {
        const State *state = g_array_index(move->to, MoveTarget, i).state;
        if (state)
            json_array_append_new(names, json_string(state->name));
    }
    return names;
}

json_t *move_json(const Move *move) {
    json_t *accepts = json_array(), *require = json_array();
    for (guint i = 0; i < move->accepts->len; i++)
        json_array_append_new(accepts, json_string(((const Field *)move->accepts->pdata[i])->name));
    for (guint i = 0; i < move->require->len; i++)
        json_array_append_new(require, json_string(((const Field *)move->require->pdata[i])->name));
    if (move->require_comment)
        json_array_append_new(require, json_string("comment"));
    json_t *json = json_pack("{s:s, s:o, s:o, s:o}", "name", move->name, "title",
                             title_json(&move->title), "accepts", accepts, "require", require);
    if (move->approvals)
        json_object_set_new(json, "approvals", json_integer(move->approvals));
    json_object_set_new(json, "to", targets_json(move));
    return json;
}

typedef struct {
    const RecordType *type;
    const Move *move;
} MoveFields;

/* Also what is computed from what the mover gives, and a field of a record that he names. */
static gboolean is_accepted(gpointer data, const char *name) {
    const MoveFields *fields = data;
    const GPtrArray *accepts = fields->move->accepts;
    gsize length = strcspn(name, ".");
    const Field *named = type_field(fields->type, name);
    if (named && named->computed)
        return accepts->len > 0;
    for (guint i = 0; i < accepts->len; i++) {
        const char *accepted = ((const Field *)accepts->pdata[i])->name;
        if (strlen(accepted) == length && strncmp(accepted, name, length) == 0)
            return TRUE;
    }
    return FALSE;
}

/* What a guard says of fields that the mover still has to give cannot be known yet. */
static gboolean offered(const Act *act, const Row *row, const Move *move) {
    MoveFields fields = {row->type, move};
    if (!move_open(act, row, move, NULL))
        return FALSE;
    for (const Guard *guard = move->guard; guard; guard = guard->next)
        if (act_in_force(act, row, &guard->valid) &&
            !act_may_hold(act, row, guard->when, is_accepted, &fields))
            return FALSE;
    return TRUE;
}

static gboolean offered_to_any(const Act *act, const GPtrArray *others, const Row *row,
                               const Move *move) {
    gboolean found = offered(act, row, move);
    for (guint i = 0; !found && i < others->len; i++) {
        const StandIn *other = others->pdata[i];
        Act as = {act->sql, act->packs, &other->actor, act->now_ms, other->for_id};
        found = offered(&as, row, move);
    }
    return found;
}

static json_t *bare_move_json(const char *name, const char *zh, const char *en) {
    return json_pack("{s:s, s:{s:s, s:s}, s:[], s:[]}", "name", name, "title", "zh", zh, "en", en,
                     "accepts", "require");
}

/* While a proposal waits: confirm it, or turn it down. */
static void add_answers(const Act *act, const Row *row, const Proposal *proposal, json_t *moves) {
    const Move *move = proposal->move;
    g_autofree char *zh = g_strdup_printf("确认：%s", move->title.zh);
    g_autofree char *en = g_strdup_printf("Confirm: %s", move->title.en);
    if (proposal_may_confirm(act, row, proposal, NULL) && separate(act, row, move, NULL))
        json_array_append_new(moves, bare_move_json(move->name, zh, en));
    if (proposal_may_turn_down(act, row, proposal))
        json_array_append_new(moves, bare_move_json(MOVE_TURN_DOWN, "撤销提请", "Turn it down"));
}

static void add_moves(const Act *act, const Row *row, json_t *moves) {
    g_autoptr(GPtrArray) others = stand_ins(act);
    g_auto(Proposal) proposal = {0};
    proposal_load(act, row, &proposal, NULL);
    if (proposal.move) {
        add_answers(act, row, &proposal, moves);
        for (guint i = 0; json_array_size(moves) == 0 && i < others->len; i++) {
            const StandIn *other = others->pdata[i];
            Act as = {act->sql, act->packs, &other->actor, act->now_ms, other->for_id};
            add_answers(&as, row, &proposal, moves);
        }
        return;
    }
    for (guint i = 0; i < row->type->moves->len; i++)
        if (offered_to_any(act, others, row, row->type->moves->pdata[i]))
            json_array_append_new(moves, move_json(row->type->moves->pdata[i]));
}

json_t *record_moves(Sql *sql, const Packs *packs, const Actor *actor, json_t *record,
                     gint64 now_ms) {
    Act act = {sql, packs, actor, now_ms, NULL};
    json_t *moves = json_array();
    const char *type_name = json_string_value(json_object_get(record, "type"));
    const char *id = json_string_value(json_object_get(record, "id"));
    const RecordType *type = type_name ? packs_type(packs, type_name) : NULL;
    g_autoptr(Row) row = type && id ? row_load(sql, type, id, NULL) : NULL;
    if (row)
        add_moves(&act, row, moves);
    return moves;
}
