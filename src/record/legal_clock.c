#include "record/legal_clock.h"
#include "record/act.h"
#include "record/journal.h"

#include <string.h>

/* --- due times --- */

static gint64 end_of_day(gint64 day) { return day_start(day + 1) - 1; }

gint64 span_add(const Calendar *calendar, gint64 from_ms, Span span, int *missing_year) {
    enum { HOUR_MS = 3600 * 1000 };
    int touched = 0;
    gint64 day = day_of(from_ms), in_day = from_ms - day_start(day), due = from_ms;
    switch (span.unit) {
    case SPAN_HOURS:
        due = from_ms + (gint64)span.n * HOUR_MS;
        break;
    case SPAN_DAYS:
        due = from_ms + (gint64)span.n * DAY_MS;
        break;
    case SPAN_WORKDAYS:
        due = end_of_day(calendar_add_workdays(calendar, day, span.n, &touched));
        break;
    case SPAN_MONTHS:
    case SPAN_YEARS:
        due =
            day_start(day_add_months(day, span.unit == SPAN_YEARS ? 12 * span.n : span.n)) + in_day;
        break;
    }
    if (missing_year)
        *missing_year = touched;
    return due;
}

gint64 clock_due(const ClockType *type, const Calendar *calendar, gint64 start_ms, gint64 until_ms,
                 int *missing_year) {
    if (missing_year)
        *missing_year = 0;
    if (until_ms != G_MININT64)
        return until_ms;
    return type->has_limit ? span_add(calendar, start_ms, type->limit, missing_year) : G_MAXINT64;
}

static gint64 until_of(const ClockType *type, json_t *record) {
    const char *text =
        type->until ? json_string_value(json_object_get(record, type->until->name)) : NULL;
    gint64 value;
    if (text == NULL)
        return G_MININT64;
    if (type->until->kind == FIELD_DATE)
        return day_parse(text, &value) ? end_of_day(value) : G_MININT64;
    return time_parse(text, &value) ? value : G_MININT64;
}

/* When step `step` comes; G_MAXINT64 after the last. */
static gint64 step_time(const ClockType *type, const Calendar *calendar, gint64 due_ms,
                        guint step) {
    if (step >= type->steps->len)
        return G_MAXINT64;
    return span_add(calendar, due_ms, g_array_index(type->steps, ClockStep, step).after, NULL);
}

/* --- start, stop, re-date --- */

typedef struct {
    Sql *sql;
    const Packs *packs;
    const RecordType *type;
    const char *id;
    json_t *record;
    const char *region, *enterprise;
    gint64 now_ms;
} Change;

static void bind_next(SqlStatement *st, int index, gint64 next_ms) {
    if (next_ms != G_MAXINT64)
        sql_bind_int(st, index, next_ms);
}

static gboolean clock_start(const Change *change, const ClockType *clock, GError **error) {
    const Calendar *calendar = change->packs->calendar;
    gint64 due = clock_due(clock, calendar, change->now_ms, until_of(clock, change->record), NULL);
    if (due == G_MAXINT64)
        return TRUE;
    SqlStatement *st = sql_query(change->sql, error,
                                 "INSERT INTO clocks (serial, type, id, name, started_ms, due_ms, "
                                 "step, _region, _enterprise, "
                                 "next_ms) VALUES ((SELECT coalesce(max(serial), 0) + 1 FROM "
                                 "clocks), ?, ?, ?, ?, ?, 0, ?, ?, ?)",
                                 "tttiitt", change->type->name, change->id, clock->name,
                                 change->now_ms, due, change->region, change->enterprise);
    if (st == NULL)
        return FALSE;
    bind_next(st, 8, step_time(clock, calendar, due, 0));
    return sql_send(st, error);
}

static gboolean clock_stop(const Change *change, const ClockType *clock, GError **error) {
    SqlStatement *st =
        sql_query(change->sql, error,
                  "UPDATE clocks SET stopped_ms = ?, next_ms = NULL WHERE type = ? "
                  "AND id = ? AND name = ? AND stopped_ms IS NULL",
                  "ittt", change->now_ms, change->type->name, change->id, clock->name);
    return st && sql_send(st, error);
}

typedef struct {
    gint64 serial, started_ms, due_ms;
    guint step;
} Running;

static gboolean clock_running(const Change *change, const ClockType *clock, Running *running,
                              gboolean *found, GError **error) {
    SqlStatement *st = sql_query(change->sql, error,
                                 "SELECT serial, started_ms, due_ms, step FROM clocks WHERE type = "
                                 "? AND id = ? AND name = ? "
                                 "AND stopped_ms IS NULL ORDER BY serial DESC LIMIT 1",
                                 "ttt", change->type->name, change->id, clock->name);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *found = step == SQL_ROW;
    if (*found) {
        *running = (Running){sql_int(st, 0), sql_int(st, 1), sql_int(st, 2), (guint)sql_int(st, 3)};
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

/* A new date is a new term: steps that have fired fire again when their new time is still to come.
 */
static gboolean clock_redate(const Change *change, const ClockType *clock, GError **error) {
    Running running = {0};
    gboolean found;
    const Calendar *calendar = change->packs->calendar;
    if (!clock_running(change, clock, &running, &found, error))
        return FALSE;
    gint64 due = found ? clock_due(clock, calendar, running.started_ms,
                                   until_of(clock, change->record), NULL)
                       : G_MAXINT64;
    if (!found || due == G_MAXINT64 || due == running.due_ms)
        return TRUE;
    guint step = 0;
    while (step < running.step && step_time(clock, calendar, due, step) <= change->now_ms)
        step++;
    SqlStatement *st = sql_query(
        change->sql, error, "UPDATE clocks SET due_ms = ?, step = ?, next_ms = ? WHERE serial = ?",
        "iin", due, (gint64)step);
    if (st == NULL)
        return FALSE;
    bind_next(st, 3, step_time(clock, calendar, due, step));
    sql_bind_int(st, 4, running.serial);
    return sql_send(st, error);
}

static gboolean is_state(const State *state, const char *name) {
    return state && name && strcmp(state->name, name) == 0;
}

static gboolean clock_update(const Change *change, const ClockType *clock, const char *from,
                             const char *to, GError **error) {
    gboolean moved = g_strcmp0(from, to) != 0;
    if (moved && is_state(clock->stop, from) && !clock_stop(change, clock, error))
        return FALSE;
    if (moved && is_state(clock->start, to))
        return clock_start(change, clock, error);
    return clock->until == NULL || from == NULL || clock_redate(change, clock, error);
}

gboolean clocks_update(Sql *sql, const Packs *packs, const RecordType *type, const char *id,
                       const char *from, const char *to, json_t *record, const char *region,
                       const char *enterprise, gint64 now_ms, GError **error) {
    Change change = {sql, packs, type, id, record, region, enterprise, now_ms};
    for (guint i = 0; i < type->clocks->len; i++)
        if (!clock_update(&change, type->clocks->pdata[i], from, to, error))
            return FALSE;
    return TRUE;
}

/* --- firing --- */

typedef struct {
    gint64 serial, due_ms, next_ms;
    guint step;
    char *type, *id, *name;
} Due;

static void due_clear(Due *due) {
    g_free(due->type);
    g_free(due->id);
    g_free(due->name);
}

static gboolean next_due(Sql *sql, gint64 now_ms, Due *due, gboolean *found, GError **error) {
    SqlStatement *st = sql_query(
        sql, error,
        "SELECT serial, due_ms, next_ms, step, type, id, name FROM clocks WHERE next_ms <= ? "
        "ORDER BY next_ms, serial LIMIT 1",
        "i", now_ms);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *found = step == SQL_ROW;
    if (*found) {
        *due = (Due){sql_int(st, 0),
                     sql_int(st, 1),
                     sql_int(st, 2),
                     (guint)sql_int(st, 3),
                     g_strdup(sql_text(st, 4)),
                     g_strdup(sql_text(st, 5)),
                     g_strdup(sql_text(st, 6))};
        sql_reset(st);
    }
    return step != SQL_FAILED;
}

static const ClockType *clock_type(const RecordType *type, const char *name) {
    for (guint i = 0; type && i < type->clocks->len; i++) {
        const ClockType *clock = type->clocks->pdata[i];
        if (strcmp(clock->name, name) == 0)
            return clock;
    }
    return NULL;
}

/* The row goes on to its next step before the move is made, so that the move finds the clock as it
 * will stay. */
static gboolean advance(const Act *act, const Due *due, const ClockType *clock, GError **error) {
    SqlStatement *st = sql_query(
        act->sql, error, "UPDATE clocks SET step = ?, fired_ms = ?, next_ms = ? WHERE serial = ?",
        "iin", (gint64)due->step + 1, act->now_ms);
    if (st == NULL)
        return FALSE;
    if (clock)
        bind_next(st, 3, step_time(clock, act->packs->calendar, due->due_ms, due->step + 1));
    sql_bind_int(st, 4, due->serial);
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

static gboolean pass_over(const Act *act, const Due *due, const RecordType *type,
                          const GError *reason, GError **error) {
    g_autoptr(Row) row = row_load(act->sql, type, due->id, NULL);
    if (row == NULL)
        return TRUE; /* the record is gone: journal_verify will say so */
    g_autofree char *action = g_strdup_printf("clock:%s", due->name);
    g_autofree char *comment = error_detail(reason, LANG_ZH);
    json_t *note = clock_note(act, due, error_id(reason));
    JournalEntry entry = {.time_ms = act->now_ms,
                          .actor = act->actor,
                          .type = type->name,
                          .id = due->id,
                          .action = action,
                          .from = row_state(row),
                          .to = row_state(row),
                          .diff = note,
                          .comment = comment,
                          .region = row->region,
                          .enterprise = row_enterprise(row)};
    gboolean done = journal_append(act->sql, &entry, error);
    json_decref(note);
    return done;
}

static gboolean store_failed(const GError *error) {
    ErrorKind kind = error_kind(error);
    return kind == ERROR_STORE || kind == ERROR_DISK_FULL || kind == ERROR_INTERNAL;
}

/* One step in its own savepoint: a refused move leaves nothing behind but the entry that it was
 * passed over. */
static gboolean run_step(const Act *act, const Due *due, GError **error) {
    const RecordType *type = packs_type(act->packs, due->type);
    const ClockType *clock = clock_type(type, due->name);
    if (clock == NULL || due->step >= clock->steps->len) /* the pack has dropped it since */
        return advance(act, due, NULL, error);
    GError *reason = NULL;
    if (!sql_run(act->sql, error, "SAVEPOINT clock_step", "") || !advance(act, due, clock, error))
        return FALSE;
    if (fire(act, due, type, clock, &reason))
        return sql_run(act->sql, error, "RELEASE clock_step", "");
    if (store_failed(reason)) {
        g_propagate_error(error, reason);
        return FALSE;
    }
    gboolean done = sql_run(act->sql, error, "ROLLBACK TO clock_step", "") &&
                    sql_run(act->sql, error, "RELEASE clock_step", "") &&
                    advance(act, due, clock, error) && pass_over(act, due, type, reason, error);
    g_error_free(reason);
    return done;
}

gboolean clocks_fire(Sql *sql, const Packs *packs, gint64 now_ms, int limit, int *fired,
                     GError **error) {
    Act act = {sql, packs, &actor_clock, now_ms};
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
