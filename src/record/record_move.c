#include "record/act.h"
#include "record/effect.h"
#include "record/rights.h"

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
    }
    return FALSE;
}

/* Asked before the move, and after it: accepted scope fields may not carry the record out of the
 * mover's place. */
static gboolean in_place(const Act *act, const Row *row, GError **error) {
    return rights_covers(act->actor, row->type, row->region, row_enterprise(row)) ||
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

/* Who made the last of the moves in `not`, from the journal; *actor NULL: nobody yet. */
static gboolean last_mover(const Act *act, const Row *row, const Move *move, char **actor,
                           char **made, GError **error) {
    GString *text =
        g_string_new("SELECT actor, action FROM journal WHERE type = ? AND id = ? AND action IN (");
    for (guint i = 0; i < move->not_by->len; i++)
        g_string_append(text, i ? ", ?" : "?");
    g_string_append(text, ") ORDER BY seq DESC LIMIT 1");
    SqlStatement *st = sql_query(act->sql, error, text->str, "tt", row->type->name, row->id);
    g_string_free(text, TRUE);
    for (guint i = 0; st && i < move->not_by->len; i++) {
        g_autofree char *action = g_strdup_printf("move:%s", (const char *)move->not_by->pdata[i]);
        sql_bind_text(st, (int)i + 3, action);
    }
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_ROW) {
        *actor = g_strdup(sql_text(st, 0));
        *made = g_strdup(sql_text(st, 1) + strlen("move:"));
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

static gboolean separate(const Act *act, const Row *row, const Move *move, GError **error) {
    if (act->actor->kind != ACTOR_PERSON || move->not_by == NULL || move->not_by->len == 0)
        return TRUE;
    g_autofree char *actor = NULL, *made = NULL;
    if (!last_mover(act, row, move, &actor, &made, error))
        return FALSE;
    if (g_strcmp0(actor, act->actor->id) != 0)
        return TRUE;
    const Move *former = type_move(row->type, made);
    return error_set(error, ERROR_SEPARATION, NULL, former ? former->title.zh : made, NULL);
}

static gboolean move_open(const Act *act, const Row *row, const Move *move, GError **error) {
    return state_allows(row, move, error) && may_move(act, row, move, error) &&
           separate(act, row, move, error);
}

static gboolean guard_holds(const Act *act, const Row *row, const Move *move, GError **error) {
    const Guard *guard = move->guard;
    if (guard == NULL || row_holds(row, guard->when, act->now_ms, act->actor))
        return TRUE;
    return error_set(error, ERROR_MOVE_GUARD, guard->field, guard->message.zh, guard->message.en,
                     NULL);
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
        if (!check_has_value(row, move->require->pdata[i], error))
            return FALSE;
    return comment_given(move, comment, error) && (!changed || check_required(act, row, error));
}

/* --- the change --- */

static const State *target_state(const Act *act, const Row *row, const Move *move) {
    for (guint i = 0; i < move->to->len; i++) {
        const MoveTarget *target = &g_array_index(move->to, MoveTarget, i);
        if (target->when == NULL || row_holds(row, target->when, act->now_ms, act->actor))
            return target->state ? target->state : row->state;
    }
    return row->state;
}

static gboolean change_row(const Act *act, const Row *before, Row *row, const Move *move,
                           json_t *fields, const char *comment, GError **error) {
    if (!check_given(row, fields, move->accepts, error) ||
        !check_references(act, before, row, error) ||
        !required_given(act, row, move, json_object_size(fields) > 0, comment, error) ||
        !guard_holds(act, row, move, error) || !assign_all(act, row, move->set, error))
        return FALSE;
    row->state = target_state(act, row, move);
    return check_place(act, before, row, error) && in_place(act, row, error) &&
           check_rules(act, row, error);
}

static json_t *commit_move(const Act *act, const Row *before, Row *row, const Move *move,
                           const char *comment, json_t *note, GError **error) {
    g_autoptr(GPtrArray) raises = g_ptr_array_new_with_free_func(raise_free);
    g_autofree char *action = g_strdup_printf("move:%s", move->name);
    if (!effects_prepare(act, row, move, raises, error))
        return NULL;
    json_t *record = commit_row(act, before, row, action, comment, note, error);
    if (record && !effects_run(act, row, move, raises, error))
        g_clear_pointer(&record, json_decref);
    return record;
}

json_t *make_move(const Act *act, const RecordType *type, const char *id, const Move *move,
                  gint64 version, json_t *fields, const char *comment, json_t *note,
                  GError **error) {
    g_autoptr(Row) before = load_seen(act, type, id, error);
    if (before == NULL || !version_fits(before, version, error) ||
        !move_open(act, before, move, error))
        return NULL;
    g_autoptr(Row) row = row_copy(before);
    if (!change_row(act, before, row, move, fields, comment, error))
        return NULL;
    return commit_move(act, before, row, move, comment && *comment ? comment : NULL, note, error);
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

json_t *record_move(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                    const char *id, const char *move_name, gint64 version, json_t *fields,
                    const char *comment, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms};
    const RecordType *type = find_type(packs, type_name, error);
    const Move *move = type ? find_move(type, move_name, error) : NULL;
    return move ? make_move(&act, type, id, move, version, fields, comment, NULL, error) : NULL;
}

gboolean record_move_known(const RecordType *type, const char *name) {
    return type_move(type, name) != NULL;
}

/* --- which moves are open --- */

json_t *title_json(const Title *title) {
    return json_pack("{s:s, s:s}", "zh", title->zh, "en", title->en);
}

json_t *move_json(const Move *move) {
    json_t *accepts = json_array(), *require = json_array();
    for (guint i = 0; i < move->accepts->len; i++)
        json_array_append_new(accepts, json_string(((const Field *)move->accepts->pdata[i])->name));
    for (guint i = 0; i < move->require->len; i++)
        json_array_append_new(require, json_string(((const Field *)move->require->pdata[i])->name));
    if (move->require_comment)
        json_array_append_new(require, json_string("comment"));
    return json_pack("{s:s, s:o, s:o, s:o}", "name", move->name, "title", title_json(&move->title),
                     "accepts", accepts, "require", require);
}

/* A guard over fields that the mover still has to give cannot be known yet: such a move is offered.
 */
static gboolean offered(const Act *act, const Row *row, const Move *move) {
    return move_open(act, row, move, NULL) &&
           (move->accepts->len > 0 || guard_holds(act, row, move, NULL));
}

json_t *record_moves(Sql *sql, const Packs *packs, const Actor *actor, json_t *record,
                     gint64 now_ms) {
    Act act = {sql, packs, actor, now_ms};
    json_t *moves = json_array();
    const char *type_name = json_string_value(json_object_get(record, "type"));
    const char *id = json_string_value(json_object_get(record, "id"));
    const RecordType *type = type_name ? packs_type(packs, type_name) : NULL;
    g_autoptr(Row) row = type && id ? load_seen(&act, type, id, NULL) : NULL;
    for (guint i = 0; row && i < type->moves->len; i++)
        if (offered(&act, row, type->moves->pdata[i]))
            json_array_append_new(moves, move_json(type->moves->pdata[i]));
    return moves;
}
