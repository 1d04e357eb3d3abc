/* Moves that take effect when others have confirmed them: two-person acts and n-of-m approval.
 *
 * The first call of such a move writes it down as proposed ("propose:NAME"), with everything
 * checked as if it took effect; each call by another person confirms it ("confirm:NAME"); the last
 * one makes it. The table `proposals` only points to the journal entry: what was proposed and who
 * confirmed is read from the journal, which nobody can change unseen. */
#include "record/act.h"
#include "record/journal.h"
#include "record/rights.h"

#include <string.h>

static gboolean type_proposes(const RecordType *type) {
    for (guint i = 0; i < type->moves->len; i++)
        if (((const Move *)type->moves->pdata[i])->approvals)
            return TRUE;
    return FALSE;
}

void proposal_clear(Proposal *proposal) {
    g_clear_pointer(&proposal->fields, json_decref);
    g_clear_pointer(&proposal->comment, g_free);
    g_clear_pointer(&proposal->hands, g_ptr_array_unref);
}

/* --- reading --- */

static const char seq_text[] = "SELECT seq FROM proposals WHERE type = ? AND id = ?";

static gboolean proposal_seq(const Act *act, const Row *row, gint64 *seq, GError **error) {
    *seq = 0;
    return !type_proposes(row->type) ||
           sql_get_int(act->sql, error, seq, 0, seq_text, "tt", row->type->name, row->id);
}

void proposal_ahead(const Act *act, const RecordType *type, const char *id) {
    if (type_proposes(type) && act->actor->kind == ACTOR_PERSON)
        sql_ahead(act->sql, seq_text, "tt", type->name, id);
}

/* One entry from the proposal on: its own, or that of a confirmation. */
static void entry_read_on(const Row *row, SqlStatement *st, Proposal *proposal) {
    const char *action = sql_text(st, 0);
    json_t *diff = json_loads(sql_text(st, 2), 0, NULL);
    if (g_str_has_prefix(action, "propose:")) {
        proposal->move = type_move(row->type, action + strlen("propose:"));
        proposal->comment = g_strdup(sql_is_null(st, 3) ? NULL : sql_text(st, 3));
        proposal->fields = json_incref(json_array_get(json_object_get(diff, "_proposal"), 1));
        hands_add(proposal->hands, sql_text(st, 1), diff);
    } else if (g_str_has_prefix(action, "confirm:")) {
        proposal->confirmed++;
        hands_add(proposal->hands, sql_text(st, 1), diff);
    }
    json_decref(diff);
}

gboolean proposal_load(const Act *act, const Row *row, Proposal *proposal, GError **error) {
    gint64 seq;
    *proposal = (Proposal){0};
    if (!proposal_seq(act, row, &seq, error))
        return FALSE;
    if (seq == 0)
        return TRUE;
    proposal->hands = g_ptr_array_new_with_free_func(g_free);
    SqlStatement *st = sql_query(act->sql, error,
                                 "SELECT action, actor, diff, comment FROM journal WHERE type = ? "
                                 "AND id = ? AND seq >= ? ORDER BY seq",
                                 "tti", row->type->name, row->id, seq);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        entry_read_on(row, st, proposal);
    return step == SQL_DONE;
}

gboolean proposal_none(const Act *act, const Row *row, GError **error) {
    g_auto(Proposal) proposal = {0};
    if (act->actor->kind != ACTOR_PERSON)
        return TRUE;
    if (!proposal_load(act, row, &proposal, error))
        return FALSE;
    return proposal.move == NULL ||
           error_set(error, ERROR_MOVE_PENDING, NULL, proposal.move->title.zh,
                     proposal.move->title.en, NULL);
}

/* --- who may --- */

static gboolean is_approver(const Act *act, const Row *row, const Move *move) {
    return act->actor->role && role_in(act->actor->role, move->approvers) &&
           (rights_covers(act->actor, row->type, row->region, row_enterprise(row), row->sector) ||
            rights_assigned(act->sql, act->actor, row->type, row->id));
}

gboolean proposal_may_confirm(const Act *act, const Row *row, const Proposal *proposal,
                              GError **error) {
    const Move *move = proposal->move;
    if (!is_approver(act, row, move)) {
        g_autofree char *zh = g_strdup_printf("确认“%s”", move->title.zh);
        g_autofree char *en = g_strdup_printf("confirm “%s”", move->title.en);
        return right_refused(act, move->approvers, zh, en, error);
    }
    return !hands_have(act, proposal->hands) ||
           error_set(error, ERROR_SEPARATION, NULL, move->title.zh, NULL);
}

gboolean proposal_may_turn_down(const Act *act, const Row *row, const Proposal *proposal) {
    return hands_have(act, proposal->hands) || is_approver(act, row, proposal->move);
}

/* --- writing --- */

gboolean proposal_drop(const Act *act, const Row *row, GError **error) {
    return !type_proposes(row->type) ||
           sql_run_later(act->sql, error, "DELETE FROM proposals WHERE type = ? AND id = ?", "tt",
                         row->type->name, row->id);
}

/* An entry that changes nothing but the version. */
static json_t *write_entry(const Act *act, const Row *before, const char *verb, const Move *move,
                           const char *comment, json_t *note, GError **error) {
    g_autoptr(Row) row = row_copy(before);
    g_autofree char *action = g_strdup_printf("%s:%s", verb, move->name);
    return commit_row(act, before, row, action, comment, note, error);
}

static gboolean remember(const Act *act, const Row *row, const Move *move, GError **error) {
    gint64 seq = journal_last(act->sql, error);
    return seq > 0 && proposal_drop(act, row, error) &&
           sql_run(act->sql, error,
                   "INSERT INTO proposals (type, id, seq, move) VALUES (?, ?, ?, ?)", "ttit",
                   row->type->name, row->id, seq, move->name);
}

static gboolean tell_approvers(const Act *act, const Row *row, const Move *move, GError **error) {
    g_autofree char *label = row_label(row);
    g_autofree char *zh = g_strdup_printf("待确认“%s”：%s", move->title.zh, label);
    g_autofree char *en = g_strdup_printf("To confirm, %s: %s", move->title.en, label);
    return notices_write(act, row, move->approvers, zh, en, error);
}

json_t *proposal_write(const Act *act, const Row *before, const Move *move, json_t *fields,
                       const char *comment, GError **error) {
    json_t *note = json_pack("{s:[n, O?]}", "_proposal", fields ? fields : json_null());
    json_t *record = write_entry(act, before, "propose", move, comment, note, error);
    json_decref(note);
    if (record && !(remember(act, before, move, error) && tell_approvers(act, before, move, error)))
        g_clear_pointer(&record, json_decref);
    return record;
}

json_t *proposal_confirm(const Act *act, const Row *before, const Proposal *proposal,
                         const char *comment, GError **error) {
    return write_entry(act, before, "confirm", proposal->move, comment, NULL, error);
}

json_t *proposal_note(const Proposal *proposal) {
    json_t *logins = json_array();
    for (guint i = 0; i < proposal->hands->len; i++)
        json_array_append_new(logins, json_string(proposal->hands->pdata[i]));
    return json_pack("{s:[n, o]}", "_approved", logins);
}

/* Who turns another's proposal down says why. */
json_t *proposal_turn_down(const Act *act, const Row *before, const char *comment, GError **error) {
    g_auto(Proposal) proposal = {0};
    if (!proposal_load(act, before, &proposal, error))
        return NULL;
    const char *zh = before->state ? before->state->title.zh : "—";
    const char *en = before->state ? before->state->title.en : "—";
    if (proposal.move == NULL)
        error_set(error, ERROR_MOVE_STATE, NULL, zh, "撤销提请", en, NULL);
    else if (!proposal_may_turn_down(act, before, &proposal))
        right_refused(act, proposal.move->approvers, "撤销提请", "turn the proposal down", error);
    else if (!hands_have(act, proposal.hands) && (comment == NULL || *comment == 0))
        error_set(error, ERROR_FIELD_REQUIRED, "comment", "备注", "A comment", NULL);
    else if (check_comment(comment, error) && proposal_drop(act, before, error))
        return write_entry(act, before, "turn_down", proposal.move, comment, NULL, error);
    return NULL;
}
