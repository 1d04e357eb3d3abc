/* Alarm floods of an enterprise (ISA-18.2 / IEC 62682): more than 10 alarms in 10 minutes open one,
 * fewer than 5 in 10 minutes end it. The end is a clock of the record: it is known in advance, and
 * each further alarm puts it off. */
#include "signal/alarm_sink_part.h"

enum { WINDOW_MS = 600000, OPENS_ABOVE = 10, ENDS_BELOW = 5 };

/* When the window will hold fewer than ENDS_BELOW if nothing else comes: the one that must leave it
 * is the fourth before the alarm that is being raised. */
static gboolean quiet_at(const Sink *sink, gint64 *at_ms, GError **error) {
    gint64 leaving;
    if (!sql_get_int(sink->records, error, &leaving, sink->event->at_ms,
                     "SELECT raised_at FROM r_alarm WHERE _enterprise = ? AND announced = 1 AND "
                     "raised_at <= ? ORDER BY raised_at DESC LIMIT 1 OFFSET ?",
                     "tii", sink->def->enterprise, sink->event->at_ms, (gint64)ENDS_BELOW - 2))
        return FALSE;
    *at_ms = leaving + WINDOW_MS;
    return TRUE;
}

static gboolean count_window(const Sink *sink, gint64 *alarms, GError **error) {
    return sql_get_int(sink->records, error, alarms, 0,
                       "SELECT COUNT(*) FROM r_alarm WHERE _enterprise = ? AND announced = 1 AND "
                       "raised_at > ? AND raised_at <= ?",
                       "tii", sink->def->enterprise, sink->event->at_ms - WINDOW_MS,
                       sink->event->at_ms);
}

static gboolean linked(json_t *flood, json_t *fields) {
    if (flood)
        json_object_set(fields, "flood", json_object_get(flood, "id"));
    json_decref(flood);
    return flood != NULL;
}

static gboolean open_flood(const Sink *sink, gint64 alarms, gint64 quiet_ms, json_t *fields,
                           GError **error) {
    json_t *flood =
        json_pack("{s:s, s:I}", "enterprise", sink->def->enterprise, "alarms", (json_int_t)alarms);
    sink_set_time(flood, "began_at", sink->event->at_ms);
    sink_set_time(flood, "quiet_at", quiet_ms);
    json_t *record = record_create(sink->records, sink->packs, &actor_engine, "alarm_flood", flood,
                                   NULL, sink->now_ms, error);
    json_decref(flood);
    return linked(record, fields);
}

static gboolean grow(const Sink *sink, const char *id, gint64 alarms, gint64 quiet_ms,
                     json_t *fields, GError **error) {
    json_t *change = json_pack("{s:I}", "alarms", (json_int_t)alarms + 1);
    sink_set_time(change, "quiet_at", quiet_ms);
    json_t *record = record_move(sink->records, sink->packs, &actor_engine, "alarm_flood", id,
                                 "grow", 0, change, NULL, sink->now_ms, error);
    json_decref(change);
    return linked(record, fields);
}

static gboolean find_open(const Sink *sink, char **id, gint64 *alarms, GError **error) {
    SqlStatement *st =
        sql_query(sink->records, error,
                  "SELECT _id, alarms FROM r_alarm_flood WHERE _enterprise = ? AND _state = 'open' "
                  "ORDER BY _id DESC LIMIT 1",
                  "t", sink->def->enterprise);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    if (step == SQL_ROW) {
        *id = g_strdup(sql_text(st, 0));
        *alarms = sql_int(st, 1);
    }
    sql_reset(st);
    return step == SQL_ROW || step == SQL_DONE;
}

gboolean sink_flood(const Sink *sink, json_t *fields, GError **error) {
    g_autofree char *open = NULL;
    gint64 in_flood = 0, before = 0, quiet_ms = 0;
    if (sink->event->late)
        return TRUE; /* of the past: nobody is flooded by it now */
    if (!find_open(sink, &open, &in_flood, error) ||
        (open == NULL && !count_window(sink, &before, error)))
        return FALSE;
    if (open == NULL && before + 1 <= OPENS_ABOVE)
        return TRUE;
    if (!quiet_at(sink, &quiet_ms, error))
        return FALSE;
    return open ? grow(sink, open, in_flood, quiet_ms, fields, error)
                : open_flood(sink, before + 1, quiet_ms, fields, error);
}
