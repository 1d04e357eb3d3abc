/* One act of one actor: on which connection, by whom, when. What the parts of a create, edit or
 * move are given instead of four arguments; lives on the stack of the door function. Inside record/
 * only. */
#pragma once
#include "record/delegation.h"
#include "record/row.h"
#include "record/sealed.h"

typedef struct {
    Sql *sql;
    const Packs *packs;
    const Actor *actor;
    gint64 now_ms;
    const char *for_id; /* login of the person he stands in for (delegation); or NULL */
} Act;

/* --- record_check.c: what must be true of a record, one rule per function; each refuses with its
 * own error kind --- */

gboolean check_comment(const char *comment, GError **error);
/* Puts the given fields into the row. `accepts` (of Field*) NULL: every field of the type, but the
 * key of an existing row stays. */
gboolean check_given(Row *row, json_t *fields, const GPtrArray *accepts, GError **error);
/* Refs, regions, roles exist and unique values are unused, where the row differs from `before`
 * (NULL: everywhere). */
gboolean check_references(const Act *act, const Row *before, const Row *row, GError **error);
/* Empties what the record has no place for (`shown`), and refuses it when it is among `fields`,
 * those that were given now (may be NULL). */
gboolean check_shown(const Act *act, Row *row, json_t *fields, GError **error);
/* Computes what is computed and empties what has no place, until both fit. */
gboolean row_settle(const Act *act, Row *row, json_t *fields, GError **error);
/* What must have a value in the state that the record now stands in (`required: {states}`). */
gboolean check_state_required(const Act *act, const Row *row, GError **error);
gboolean check_required(const Act *act, const Row *row, GError **error);
gboolean check_has_value(const Row *row, const Field *field, GError **error);
/* The same, unless the record has no place for it now. */
gboolean check_wanted(const Act *act, const Row *row, const Field *field, GError **error);
gboolean check_rules(const Act *act, const Row *row, GError **error);
/* Region and sector of the row: those of its scope fields, else of its enterprise; caller frees. */
gboolean row_find_place(Sql *sql, const Packs *packs, const Row *row, char **region, char **sector,
                        GError **error);
/* Fills row->region and row->sector when the scope fields differ from those of `before`. */
gboolean check_place(const Act *act, const Row *before, Row *row, GError **error);

/* --- record_commit.c: the one place where a change of a record is written --- */

/* Row, journal entry, clocks; gives the record. `before` NULL: a new record. `note`: members for
 * the diff that are no fields ("_clock"), or NULL. */
/* Says that this record will be changed soon: what that asks of the database is announced
 * (sql_ahead). */
void change_ahead(const Act *act, const RecordType *type, const char *id);
json_t *commit_row(const Act *act, const Row *before, Row *row, const char *action,
                   const char *comment, json_t *note, GError **error);
/* An entry that a move by a rule was refused for `reason` and passed over; it changes nothing.
 * `action`: "clock:NAME", "watch:NAME". */
gboolean pass_over(const Act *act, const RecordType *type, const char *id, const char *action,
                   json_t *note, const GError *reason, GError **error);
/* Whether an act failed, where others are refused. */
gboolean act_failed(const GError *error);

/* --- sealed.c --- */

/* Seals the values of the row that are not sealed yet; the row has its id. */
gboolean seal_row(const Act *act, Row *row, GError **error);
/* The value as it was given; NULL with ERROR_SEAL when this key does not open it. */
json_t *seal_open(const SealKey *key, const Row *row, const Field *field, GError **error);

/* --- clock_update.c: called after the row is written --- */

/* Starts, stops, re-dates, pauses and resumes the clocks of a record. */
void clocks_ahead(const Act *act, const RecordType *type, const char *id);
gboolean clocks_update(const Act *act, const Row *before, const Row *row, GError **error);
/* Due time of the clock of this name that is running; G_MAXINT64 when none. */
gboolean clock_running_due(const Act *act, const Row *row, const ClockType *clock, gint64 *due_ms,
                           GError **error);

/* --- proposal.c: moves that others must confirm --- */

/* A move that somebody has made and that waits for others; from the journal. */
typedef struct {
    const Move *move; /* NULL: nothing is proposed */
    json_t *fields;
    char *comment;
    GPtrArray *hands; /* char*: who proposed, confirmed, and whom they stood in for */
    int confirmed;
} Proposal;
void proposal_ahead(const Act *act, const RecordType *type, const char *id);
gboolean proposal_load(const Act *act, const Row *row, Proposal *proposal, GError **error);
void proposal_clear(Proposal *proposal);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Proposal, proposal_clear)
/* Writes that the move is proposed; the row has only its version changed. */
json_t *proposal_write(const Act *act, const Row *before, const Move *move, json_t *fields,
                       const char *comment, GError **error);
json_t *proposal_confirm(const Act *act, const Row *before, const Proposal *proposal,
                         const char *comment, GError **error);
json_t *proposal_turn_down(const Act *act, const Row *before, const char *comment, GError **error);
/* What it needs of who confirms: role, place, and another person. */
gboolean proposal_may_confirm(const Act *act, const Row *row, const Proposal *proposal,
                              GError **error);
gboolean proposal_may_turn_down(const Act *act, const Row *row, const Proposal *proposal);
/* Nothing may be changed by people while a proposal waits. */
gboolean proposal_none(const Act *act, const Row *row, GError **error);
gboolean proposal_drop(const Act *act, const Row *row, GError **error);
/* {"_approved": [null, [logins]]} for the entry of the move. */
json_t *proposal_note(const Proposal *proposal);

/* --- delegation.c: people who stand in for others --- */

/* Makes an act in the actor's own name and, when he has not the right or not the sight, in the
 * name of each person who has delegated to him. */
typedef json_t *(*ActFunction)(const Act *act, gpointer data, GError **error);
json_t *act_or_stand_in(const Act *act, ActFunction function, gpointer data, GError **error);
/* delegation_stand_ins; empty when he already acts for another. */
GPtrArray *stand_ins(const Act *act);

/* --- hands.c: who had a hand in what --- */

/* Adds the actor of an entry, whom he stood in for, and who proposed and confirmed. */
void hands_add(GPtrArray *hands, const char *actor, json_t *diff);
/* Whether the actor, or whom he stands in for, is among them. */
gboolean hands_have(const Act *act, const GPtrArray *hands);

/* --- effect.c --- */
gboolean notices_write(const Act *act, const Row *row, RoleSet who, const char *zh, const char *en,
                       GError **error);

/* --- record_write.c, record_move.c: the doors, with what only the machine may say --- */

/* `by_rule`: raised by an effect, so in the mover's name but without his rights. */
json_t *create_row(const Act *act, const RecordType *type, const char *id, json_t *fields,
                   const char *comment, gboolean by_rule, GError **error);
/* Puts a receipt of the row into the answer; NULL, and the record freed, with error. */
json_t *add_receipt(const Act *act, const Row *row, json_t *record_take, GError **error);
/* The record when the actor may see it; else NULL with ERROR_NOT_FOUND. */
Row *load_seen(const Act *act, const RecordType *type, const char *id, GError **error);
const RecordType *find_type(const Packs *packs, const char *name, GError **error);
/* FORBIDDEN: what he may not do, in both languages, and who may. Always FALSE. */
gboolean right_refused(const Act *act, RoleSet set, const char *zh, const char *en, GError **error);
gboolean version_fits(const Row *row, gint64 version, GError **error);
json_t *make_move(const Act *act, const RecordType *type, const char *id, const Move *move,
                  gint64 version, json_t *fields, const char *comment, json_t *note,
                  GError **error);

/* --- record_move.c: also for the list of types --- */
json_t *title_json(const Title *title); /* {"zh","en"} */
json_t *move_json(const Move *move);    /* {"name","title","accepts","require"} */

/* --- record_types.c --- */
json_t *field_json(const RecordType *type, const Field *field);
json_t *states_json(const RecordType *type);
json_t *codes_json(const CodeList *codes);

/* --- record_read.c --- */
char *label_of(Sql *sql, const RecordType *type,
               const char *id); /* the label of a record, or NULL; caller frees */

/* --- number.c --- */

/* The next document number of the type for this row; NULL with error. */
char *number_next(const Act *act, const Row *row, GError **error);
/* The next number by a pattern of its own; serials count per `owner` ("hazard.order") and expanded
 * pattern. */
char *number_of(const Act *act, const Row *row, const char *owner, const char *pattern,
                GError **error);
