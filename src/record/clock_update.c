/* Start, stop, re-date, pause and resume of a record's clocks, as its flow and fields change. */
#include "record/legal_clock.h"
#include "record/row_values.h"

#include <string.h>

/* One clock of one change. */
typedef struct {
    const Act *act;
    const Row *row;
    const ClockType *clock;
    gboolean entered, left; /* the state changed into clock->start, out of clock->stop */
} Change;

/* The last run of the clock, if any. */
typedef struct {
    gboolean found, running;
    gint64 serial, started_ms, due_ms;
    guint step;
} Run;

/* The last pause of a run, if any. */
typedef struct {
    gboolean found, open;
    gint64 number, base_ms, paused_ms;
} Pause;

/* The last runs of all clocks of a record, by place of the clock in its type. Only the newest rows
 * are read; a clock that is not among them is asked for by itself. */
typedef struct {
    const RecordType *type;
    Run *run;
    gboolean *seen;
    gboolean whole;
} Runs;

enum { RUNS_READ = 64 };

/* --- times --- */

/* A date counts as its last second. G_MININT64: no value. */
static gint64 field_ms(const Row *row, const Field *field) {
    const FieldValue *value = field ? row_value(row, field) : NULL;
    gint64 day;
    if (value == NULL || !value->present)
        return G_MININT64;
    if (field->kind == FIELD_TIME)
        return value->integer;
    return day_parse(value->text, &day) ? day_end(day) : G_MININT64;
}

/* The span of the clock for this record; n 0 when it has none or a duration. */
static Span limit_of(const Change *change) {
    const Field *field = change->clock->limit_field;
    const char *code = field && field->codes ? row_text(change->row, field) : NULL;
    const CodeItem *item = code ? g_hash_table_lookup(field->codes->by_code, code) : NULL;
    return field == NULL ? change->clock->limit : item ? item->span : (Span){0};
}

static gint64 base_due(const Change *change, gint64 started_ms) {
    Span limit = limit_of(change);
    gint64 until = field_ms(change->row, change->clock->until);
    const Field *field = change->clock->limit_field;
    const FieldValue *span = field ? row_value(change->row, field) : NULL;
    if (until == G_MININT64 && span && span->present && field->kind == FIELD_DURATION)
        return started_ms + span->integer;
    if (until == G_MININT64 && change->clock->has_limit && limit.n == 0 &&
        change->clock->limit_field)
        return G_MAXINT64;
    return clock_due(change->clock, &limit, change->act->packs->calendar, started_ms, until, NULL);
}

/* The time it stood still does not count: working days that were left are left again; otherwise
 * the due time moves on by as much, by whole days when it is the end of a day. What was overdue
 * stays overdue. */
static gint64 shifted_due(const Change *change, gint64 due_ms, gint64 paused_ms) {
    const ClockType *clock = change->clock;
    const Calendar *calendar = change->act->packs->calendar;
    gint64 now = change->act->now_ms, from = day_of(paused_ms), to = day_of(now);
    gboolean by_limit = field_ms(change->row, clock->until) == G_MININT64;
    if (due_ms <= paused_ms)
        return due_ms;
    if (by_limit && limit_of(change).unit == SPAN_WORKDAYS) {
        int left = calendar_count_workdays(calendar, from, day_of(due_ms));
        return day_end(calendar_add_workdays(calendar, to, left, NULL));
    }
    return due_ms + (due_ms == day_end(day_of(due_ms)) ? (to - from) * DAY_MS : now - paused_ms);
}

/* --- runs --- */

#define RUN_COLUMNS "serial, started_ms, due_ms, step, stopped_ms"

static Run read_run(SqlStatement *st) {
    return (Run){TRUE,           sql_is_null(st, 4), sql_int(st, 0),
                 sql_int(st, 1), sql_int(st, 2),     (guint)sql_int(st, 3)};
}

static gboolean last_run(const Act *act, const Row *row, const ClockType *clock, Run *run,
                         GError **error) {
    SqlStatement *st = sql_query(act->sql, error,
                                 "SELECT " RUN_COLUMNS " FROM clocks "
                                 "WHERE type = ? AND id = ? AND name = ? ORDER BY serial DESC "
                                 "LIMIT 1",
                                 "ttt", row->type->name, row->id, clock->name);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *run = (Run){0};
    if (step == SQL_ROW) {
        *run = read_run(st);
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

static const char runs_text[] = "SELECT " RUN_COLUMNS ", name FROM clocks WHERE type = ? AND id = "
                                "? ORDER BY serial DESC LIMIT 64";
G_STATIC_ASSERT(RUNS_READ == 64);

void clocks_ahead(const Act *act, const RecordType *type, const char *id) {
    if (type->clocks->len > 0)
        sql_ahead(act->sql, runs_text, "tt", type->name, id);
}

static void keep_run(Runs *runs, SqlStatement *st) {
    for (guint i = 0; i < runs->type->clocks->len; i++) {
        const ClockType *clock = runs->type->clocks->pdata[i];
        if (!runs->seen[i] && strcmp(clock->name, sql_text(st, 5)) == 0) {
            runs->run[i] = read_run(st);
            runs->seen[i] = TRUE;
        }
    }
}

static gboolean runs_load(const Act *act, const Row *row, Runs *runs, GError **error) {
    SqlStatement *st = sql_query(act->sql, error, runs_text, "tt", row->type->name, row->id);
    SqlStep step = SQL_FAILED;
    int rows = 0;
    runs->type = row->type;
    runs->run = g_new0(Run, row->type->clocks->len);
    runs->seen = g_new0(gboolean, row->type->clocks->len);
    for (; st && (step = sql_step(st, error)) == SQL_ROW; rows++)
        keep_run(runs, st);
    runs->whole = rows < RUNS_READ;
    return step == SQL_DONE;
}

static void runs_clear(Runs *runs) {
    g_free(runs->run);
    g_free(runs->seen);
}

static gboolean runs_get(const Act *act, const Row *row, const Runs *runs, guint i, Run *run,
                         GError **error) {
    *run = runs->run[i];
    return runs->seen[i] || runs->whole ||
           last_run(act, row, row->type->clocks->pdata[i], run, error);
}

gboolean clock_running_due(const Act *act, const Row *row, const ClockType *clock, gint64 *due_ms,
                           GError **error) {
    Run run;
    if (!last_run(act, row, clock, &run, error))
        return FALSE;
    *due_ms = run.running ? run.due_ms : G_MAXINT64;
    return TRUE;
}

/* The run is read back only when it stands still from its start: pause_update then needs it. */
static gboolean run_start(const Change *change, gint64 start_ms, Run *run, GError **error) {
    const Act *act = change->act;
    const Row *row = change->row;
    gint64 due = base_due(change, start_ms);
    *run = (Run){0};
    if (due == G_MAXINT64)
        return TRUE;
    SqlStatement *st = sql_query(act->sql, error,
                                 "INSERT INTO clocks (serial, type, id, name, started_ms, due_ms, "
                                 "step, _region, _enterprise, "
                                 "_sector, next_ms) VALUES ((SELECT coalesce(max(serial), 0) + 1 "
                                 "FROM clocks), ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
                                 "tttiittt", row->type->name, row->id, change->clock->name,
                                 start_ms, due, row->region, row_enterprise(row), row->sector);
    if (st == NULL)
        return FALSE;
    clock_bind_next(st, 9, clock_step_time(change->clock, act->packs->calendar, due, 0));
    gboolean stands = change->clock->pause && act_holds(act, row, change->clock->pause);
    return sql_send(st, error) && (!stands || last_run(act, row, change->clock, run, error));
}

static gboolean run_stop(const Change *change, Run *run, GError **error) {
    run->running = FALSE;
    return sql_run_later(change->act->sql, error,
                         "UPDATE clocks SET stopped_ms = ?, next_ms = NULL WHERE serial = ?", "ii",
                         change->act->now_ms, run->serial) &&
           (change->clock->pause == NULL ||
            sql_run(change->act->sql, error,
                    "UPDATE clock_pauses SET resumed_ms = ? WHERE serial = ? AND resumed_ms IS "
                    "NULL",
                    "ii", change->act->now_ms, run->serial));
}

/* Gives the run a due time, a step, and the time of that step (G_MAXINT64: it stands still). */
static gboolean run_set(const Change *change, Run *run, gint64 due_ms, guint step, gint64 next_ms,
                        GError **error) {
    SqlStatement *st =
        sql_query(change->act->sql, error,
                  "UPDATE clocks SET due_ms = ?, step = ?, next_ms = ? WHERE serial = ?", "iin",
                  due_ms, (gint64)step);
    if (st == NULL)
        return FALSE;
    clock_bind_next(st, 3, next_ms);
    sql_bind_int(st, 4, run->serial);
    run->due_ms = due_ms;
    run->step = step;
    return sql_send(st, error);
}

/* --- pauses --- */

static gboolean last_pause(const Change *change, const Run *run, Pause *pause, GError **error) {
    *pause = (Pause){0};
    if (change->clock->pause == NULL)
        return TRUE;
    SqlStatement *st = sql_query(change->act->sql, error,
                                 "SELECT number, base_ms, paused_ms, resumed_ms FROM clock_pauses "
                                 "WHERE serial = ? ORDER BY number DESC LIMIT 1",
                                 "i", run->serial);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_ROW) {
        *pause = (Pause){TRUE, sql_is_null(st, 3), sql_int(st, 0), sql_int(st, 1), sql_int(st, 2)};
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

static gboolean pause_begin(const Change *change, Run *run, const Pause *last, GError **error) {
    return sql_run(change->act->sql, error,
                   "INSERT INTO clock_pauses (serial, number, base_ms, paused_ms) VALUES (?, ?, "
                   "?, ?)",
                   "iiii", run->serial, last->number + 1, base_due(change, run->started_ms),
                   change->act->now_ms) &&
           run_set(change, run, run->due_ms, run->step, G_MAXINT64, error);
}

static gboolean pause_end(const Change *change, Run *run, const Pause *pause, GError **error) {
    const Calendar *calendar = change->act->packs->calendar;
    gint64 due = shifted_due(change, run->due_ms, pause->paused_ms);
    return sql_run(change->act->sql, error,
                   "UPDATE clock_pauses SET resumed_ms = ? WHERE serial = ? AND number = ?", "iii",
                   change->act->now_ms, run->serial, pause->number) &&
           run_set(change, run, due, run->step,
                   clock_step_time(change->clock, calendar, due, run->step), error);
}

static gboolean pause_update(const Change *change, Run *run, GError **error) {
    Pause pause;
    const Act *act = change->act;
    if (change->clock->pause == NULL || !run->running)
        return TRUE;
    if (!last_pause(change, run, &pause, error))
        return FALSE;
    gboolean holds = act_holds(act, change->row, change->clock->pause);
    if (holds && !pause.open)
        return pause_begin(change, run, &pause, error);
    return holds || !pause.open || pause_end(change, run, &pause, error);
}

/* --- a new date --- */

/* A date set after or during a pause was set knowing of it: it counts as it stands from now. */
static gboolean pause_rebase(const Change *change, const Run *run, const Pause *pause, gint64 base,
                             GError **error) {
    return !pause->found ||
           sql_run(change->act->sql, error,
                   "UPDATE clock_pauses SET base_ms = ?, paused_ms = ? WHERE serial = ? AND "
                   "number = ?",
                   "iiii", base, pause->open ? change->act->now_ms : pause->paused_ms, run->serial,
                   pause->number);
}

/* A new date is a new term: steps that have fired fire again when their new time is still to come.
 */
static gboolean run_redate(const Change *change, Run *run, GError **error) {
    Pause pause;
    const Calendar *calendar = change->act->packs->calendar;
    if (change->clock->until == NULL && change->clock->limit_field == NULL)
        return TRUE;
    if (!last_pause(change, run, &pause, error))
        return FALSE;
    gint64 due = base_due(change, run->started_ms);
    if (due == G_MAXINT64 || due == (pause.found ? pause.base_ms : run->due_ms))
        return TRUE;
    guint step = 0;
    while (step < run->step &&
           clock_step_time(change->clock, calendar, due, step) <= change->act->now_ms)
        step++;
    gint64 next = clock_step_time(change->clock, calendar, due, step);
    return pause_rebase(change, run, &pause, due, error) &&
           run_set(change, run, due, step, pause.open ? G_MAXINT64 : next, error);
}

/* --- one change --- */

static gboolean in_states(const State *state, guint64 states) {
    return state && (states >> state->index & 1);
}

/* While its condition holds. Final: nothing is due any more, but what starts there. */
static gboolean may_run(const Change *change) {
    const State *state = change->row->state;
    const Condition *when = change->clock->when;
    if (when && !act_holds(change->act, change->row, when))
        return FALSE;
    return !in_states(state, change->clock->stop_enter) &&
           !(state && state->final && state != change->clock->start);
}

static gboolean ends(const Change *change, const Run *run) {
    const Field *from = change->clock->start_field;
    return change->left || !may_run(change) ||
           (from && field_ms(change->row, from) != run->started_ms);
}

static gboolean starts(const Change *change, const Run *run) {
    const Field *from = change->clock->start_field;
    if (run->running)
        return FALSE;
    if (from == NULL)
        return change->entered && may_run(change);
    gint64 start = field_ms(change->row, from);
    return start != G_MININT64 && may_run(change) && !(run->found && run->started_ms == start);
}

static gint64 start_ms(const Change *change) {
    const Field *from = change->clock->start_field;
    return from ? field_ms(change->row, from) : change->act->now_ms;
}

/* Most clocks have nothing to do with most changes, and need no look into the table. */
static gboolean concerned(const Change *change, const Row *before) {
    const ClockType *clock = change->clock;
    if (change->entered || change->left)
        return TRUE;
    if (clock->start_field)
        return field_ms(change->row, clock->start_field) != G_MININT64 ||
               (before && field_ms(before, clock->start_field) != G_MININT64);
    return before && (clock->until || clock->limit_field || clock->pause || !may_run(change));
}

/* Of several clocks of one name, the one of the record's law. */
static gboolean in_force(const Change *change, const Run *run) {
    gint64 start = run->running ? run->started_ms : start_ms(change);
    return clock_in_force(change->clock, act_law_day(change->act, change->row),
                          day_of(start == G_MININT64 ? change->act->now_ms : start));
}

static gboolean clock_update(const Change *change, const Runs *runs, guint i, GError **error) {
    Run run;
    if (!runs_get(change->act, change->row, runs, i, &run, error))
        return FALSE;
    if (!in_force(change, &run))
        return TRUE;
    if (run.running && ends(change, &run) && !run_stop(change, &run, error))
        return FALSE;
    if (starts(change, &run)) {
        if (!run_start(change, start_ms(change), &run, error))
            return FALSE;
    } else if (run.running && !run_redate(change, &run, error)) {
        return FALSE;
    }
    return pause_update(change, &run, error);
}

/* In its state already, the condition of the clock has become true: as good as entering it now. */
static gboolean begins_to_hold(const Change *change, const Row *before) {
    const ClockType *clock = change->clock;
    return before && clock->when && clock->start && clock->start == change->row->state &&
           !act_holds(change->act, before, clock->when) && may_run(change);
}

gboolean clocks_update(const Act *act, const Row *before, const Row *row, GError **error) {
    const State *from = before ? before->state : NULL;
    gboolean moved = from != row->state, good = TRUE;
    Runs runs = {0};
    for (guint i = 0; good && i < row->type->clocks->len; i++) {
        const ClockType *clock = row->type->clocks->pdata[i];
        Change change = {act, row, clock, moved && clock->start && clock->start == row->state,
                         moved && from && clock->stop == from};
        change.entered = change.entered || begins_to_hold(&change, before);
        if (concerned(&change, before))
            good = (runs.type || runs_load(act, row, &runs, error)) &&
                   clock_update(&change, &runs, i, error);
    }
    runs_clear(&runs);
    return good;
}
