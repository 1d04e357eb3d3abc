#include "record/legal_clock.h"
#include "record/act.h"
#include "record/journal.h"

#include <string.h>

/* --- due times --- */

gint64 clock_due(const ClockType *type, const Span *limit, const Calendar *calendar,
                 gint64 start_ms, gint64 until_ms, int *missing_year) {
    if (missing_year)
        *missing_year = 0;
    if (until_ms != G_MININT64)
        return until_ms;
    return type->has_limit ? span_add(calendar, start_ms, *limit, missing_year) : G_MAXINT64;
}

gint64 clock_step_time(const ClockType *type, const Calendar *calendar, gint64 due_ms, guint step) {
    if (step >= type->steps->len)
        return G_MAXINT64;
    return span_add(calendar, due_ms, g_array_index(type->steps, ClockStep, step).after, NULL);
}

void clock_bind_next(SqlStatement *st, int index, gint64 next_ms) {
    if (next_ms != G_MAXINT64)
        sql_bind_int(st, index, next_ms);
}

/* --- firing --- */

typedef struct {
    gint64 serial, due_ms, next_ms, started_ms;
    guint step;
    char *type, *id, *name;
} Due;

static void due_clear(Due *due) {
    g_free(due->type);
    g_free(due->id);
    g_free(due->name);
}

static gboolean next_due(Sql *sql, gint64 now_ms, Due *due, gboolean *found, GError **error) {
    SqlStatement *st = sql_query(sql, error,
                                 "SELECT serial, due_ms, next_ms, started_ms, step, type, id, name "
                                 "FROM clocks WHERE next_ms <= ? "
                                 "ORDER BY next_ms, serial LIMIT 1",
                                 "i", now_ms);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *found = step == SQL_ROW;
    if (*found) {
        *due = (Due){sql_int(st, 0),
                     sql_int(st, 1),
                     sql_int(st, 2),
                     sql_int(st, 3),
                     (guint)sql_int(st, 4),
                     g_strdup(sql_text(st, 5)),
                     g_strdup(sql_text(st, 6)),
                     g_strdup(sql_text(st, 7))};
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

static gboolean is_dated(const ClockType *clock) { return clock->valid.from || clock->valid.to; }

/* The clock that runs: of several of one name, the one in force for the record and run. */
static const ClockType *clock_type(const Act *act, const RecordType *type, const Due *due) {
    for (guint i = 0; type && i < type->clocks->len; i++) {
        const ClockType *clock = type->clocks->pdata[i];
        gint64 created = 0;
        if (strcmp(clock->name, due->name) != 0)
            continue;
        g_autofree char *text =
            g_strdup_printf("SELECT _created_ms FROM r_%s WHERE _id = ?", type->name);
        if (!is_dated(clock) || (sql_get_int(act->sql, NULL, &created, 0, text, "t", due->id) &&
                                 clock_in_force(clock, day_of(created), day_of(due->started_ms))))
            return clock;
    }
    return NULL;
}

/* The row goes on to its next step before the move is made, so that the move finds the clock as it
 * will stay. */
static gboolean advance(const Act *act, const Due *due, const ClockType *clock, GError **error) {
    SqlStatement *st = sql_query(
        act->sql, error,
        "UPDATE clocks SET step = ?, fired_ms = ?, late_ms = ?, next_ms = ? WHERE serial = ?",
        "iiin", (gint64)due->step + 1, act->now_ms, act->now_ms - due->next_ms);
    if (st == NULL)
        return FALSE;
    if (clock)
        clock_bind_next(st, 4,
                        clock_step_time(clock, act->packs->calendar, due->due_ms, due->step + 1));
    sql_bind_int(st, 5, due->serial);
    return sql_send(st, error);
}

/* The journal's proof that a legal limit was kept: which clock and step, when it was due and how
 * late it was done. */
static json_t *clock_note(const Act *act, const Due *due, const char *passed_over) {
    char due_at[TIME_TEXT], step_at[TIME_TEXT];
    json_t *note =
        json_pack("{s:s, s:i, s:s, s:s, s:I}", "name", due->name, "step", (int)due->step, "due_at",
                  time_format(due->due_ms, due_at), "step_at", time_format(due->next_ms, step_at),
                  "late_ms", (json_int_t)(act->now_ms - due->next_ms));
    if (passed_over)
        json_object_set_new(note, "passed_over", json_string(passed_over));
    return json_pack("{s:[n, o]}", "_clock", note);
}

static char *clock_comment(const ClockType *clock, const Due *due) {
    char time[TIME_TEXT];
    return g_strdup_printf("“%s”到期：%s", clock->title.zh, time_format(due->next_ms, time));
}

static gboolean fire(const Act *act, const Due *due, const RecordType *type, const ClockType *clock,
                     GError **error) {
    const Move *move = g_array_index(clock->steps, ClockStep, due->step).move;
    g_autofree char *comment = clock_comment(clock, due);
    json_t *note = clock_note(act, due, NULL);
    json_t *record = make_move(act, type, due->id, move, 0, NULL, comment, note, error);
    json_decref(note);
    json_decref(record);
    return record != NULL;
}

static gboolean step_over(const Act *act, const Due *due, const RecordType *type,
                          const GError *reason, GError **error) {
    g_autofree char *action = g_strdup_printf("clock:%s", due->name);
    json_t *note = clock_note(act, due, error_id(reason));
    gboolean done = pass_over(act, type, due->id, action, note, reason, error);
    json_decref(note);
    return done;
}

/* One step in its own savepoint: a refused move leaves nothing behind but the entry that it was
 * passed over. */
static gboolean run_step(const Act *act, const Due *due, GError **error) {
    const RecordType *type = packs_type(act->packs, due->type);
    const ClockType *clock = clock_type(act, type, due);
    if (clock == NULL || due->step >= clock->steps->len) /* the pack has dropped it since */
        return advance(act, due, NULL, error);
    GError *reason = NULL;
    if (!sql_run(act->sql, error, "SAVEPOINT clock_step", "") || !advance(act, due, clock, error))
        return FALSE;
    if (fire(act, due, type, clock, &reason))
        return sql_run(act->sql, error, "RELEASE clock_step", "");
    if (act_failed(reason)) {
        g_propagate_error(error, reason);
        return FALSE;
    }
    gboolean done = sql_run(act->sql, error, "ROLLBACK TO clock_step", "") &&
                    sql_run(act->sql, error, "RELEASE clock_step", "") &&
                    advance(act, due, clock, error) && step_over(act, due, type, reason, error);
    g_error_free(reason);
    return done;
}

gboolean clocks_fire(Sql *sql, const Packs *packs, gint64 now_ms, int limit, int *fired,
                     GError **error) {
    Act act = {sql, packs, &actor_clock, now_ms, NULL};
    for (*fired = 0; *fired < limit; (*fired)++) {
        Due due;
        gboolean found;
        if (!next_due(sql, now_ms, &due, &found, error))
            return FALSE;
        if (!found)
            return TRUE;
        gboolean done = run_step(&act, &due, error);
        due_clear(&due);
        if (!done)
            return FALSE;
    }
    return TRUE;
}

gint64 clocks_next(Sql *sql, GError **error) {
    gint64 next;
    return sql_get_int(sql, error, &next, G_MAXINT64,
                       "SELECT min(next_ms) FROM clocks WHERE next_ms IS NOT NULL", "")
               ? next
               : -1;
}
