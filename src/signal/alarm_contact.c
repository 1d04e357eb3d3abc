/* Silence of points, seen by enterprise. One silent point is an alarm of its own (STALE). When half
 * of an enterprise's watched points, and at least CONTACT_LEAST, are silent, it is the contact that
 * is lost: one alarm of the enterprise that counts the points (condition `contact`), and those of
 * the points that were there before are suppressed by design. It returns when more than half speak
 * again; what is silent still is then announced point by point. Alarms of other conditions are not
 * touched: a lost contact hides no limit.
 *
 * The silent points of an enterprise are one row of the table alarm_contact (JSON: code -> [onset,
 * seq, whether it has a record of its own, whether it is suppressed by design]), so that 440,000
 * points falling silent at once are 7,000 small writes. The decision is made once per enterprise
 * and log row, after all its events, so that it is the same however a replay is cut. The two
 * numbers are a project choice. */
#include "signal/alarm_sink_part.h"

#include <math.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
    Sink sink;              /* of the enterprise's own alarm */
    const char *enterprise; /* code */
    json_t *silent;         /* code -> [onset, seq, own record, suppressed] */
    char alarm[27];         /* id of the standing alarm, or "" */
    gint64 seq;             /* of the last event applied */
    gint64 counted;         /* as the alarm says */
    guint watched;          /* points of the enterprise that can be silent */
} Contact;

gboolean contact_migrate(Sql *records, GError **error) {
    return sql_exec(records,
                    "CREATE TABLE IF NOT EXISTS alarm_contact (enterprise TEXT PRIMARY KEY, seq "
                    "BIGINT NOT NULL, alarm TEXT NOT NULL, counted BIGINT NOT NULL, silent TEXT "
                    "NOT NULL)",
                    error);
}

/* ---- the row ---- */

static gboolean contact_load(Contact *contact, GError **error) {
    SqlStatement *st =
        sql_query(contact->sink.records, error,
                  "SELECT seq, alarm, counted, silent FROM alarm_contact WHERE enterprise = ?", "t",
                  contact->enterprise);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    if (step == SQL_ROW) {
        contact->seq = sql_int(st, 0);
        g_strlcpy(contact->alarm, sql_text(st, 1), sizeof contact->alarm);
        contact->counted = sql_int(st, 2);
        contact->silent = json_loads(sql_text(st, 3), 0, NULL);
    }
    sql_reset(st);
    if (contact->silent == NULL)
        contact->silent = json_object();
    return step == SQL_ROW || step == SQL_DONE;
}

static gboolean contact_save(const Contact *contact, GError **error) {
    char *text = json_dumps(contact->silent, JSON_COMPACT | JSON_SORT_KEYS);
    gboolean good =
        sql_run(contact->sink.records, error,
                "INSERT INTO alarm_contact (enterprise, seq, alarm, counted, silent) VALUES (?, ?, "
                "?, ?, ?) ON CONFLICT (enterprise) DO UPDATE SET seq = excluded.seq, alarm = "
                "excluded.alarm, counted = excluded.counted, silent = excluded.silent",
                "titit", contact->enterprise, contact->seq, contact->alarm, contact->counted, text);
    free(text);
    return good;
}

/* ---- points of their own ---- */

static gboolean has_record(json_t *entry) { return json_is_true(json_array_get(entry, 2)); }
static gboolean is_suppressed(json_t *entry) { return json_is_true(json_array_get(entry, 3)); }

static AlarmEvent stale_event(const Contact *contact, guint32 point, json_t *entry,
                              AlarmEventKind kind) {
    const AlarmEvent *now = contact->sink.event;
    gint64 onset_ms = json_integer_value(json_array_get(entry, 0));
    return (AlarmEvent){.seq = kind == ALARM_RAISE ? json_integer_value(json_array_get(entry, 1))
                                                   : now->seq,
                        .point = point,
                        .condition = CONDITION_STALE,
                        .kind = kind,
                        .level = ALARM_LEVEL_F,
                        .rule = "",
                        .onset_ms = onset_ms,
                        .at_ms = kind == ALARM_RAISE ? onset_ms : now->at_ms,
                        .value = NAN,
                        .limit = NAN,
                        .worst = NAN,
                        .suppressed = is_suppressed(entry)};
}

static gboolean tell_point(const Contact *contact, const char *code, json_t *entry,
                           AlarmEventKind kind, GError **error) {
    Sink sink = contact->sink;
    guint32 point = point_table_find(sink.table, code, strlen(code));
    if (point == POINT_NONE)
        return TRUE;
    AlarmEvent event = stale_event(contact, point, entry, kind);
    sink.event = &event;
    return sink_event(&sink, error);
}

/* Those that have a record, and are not suppressed anyway. */
static gboolean tell_recorded(Contact *contact, AlarmEventKind kind, GError **error) {
    const char *code;
    json_t *entry;
    json_object_foreach(contact->silent, code, entry) {
        if (has_record(entry) && !is_suppressed(entry) &&
            !tell_point(contact, code, entry, kind, error))
            return FALSE;
    }
    return TRUE;
}

/* Those that have none. */
static gboolean raise_points(Contact *contact, GError **error) {
    const char *code;
    json_t *entry;
    json_object_foreach(contact->silent, code, entry) {
        if (has_record(entry))
            continue;
        if (!tell_point(contact, code, entry, ALARM_RAISE, error))
            return FALSE;
        json_array_set_new(entry, 2, json_true());
    }
    return TRUE;
}

/* ---- the enterprise's alarm ---- */

static guint silent_points(const Contact *contact) {
    return (guint)json_object_size(contact->silent);
}

static json_t *lost_fields(const Contact *contact) {
    const AlarmEvent *event = contact->sink.event;
    json_t *fields =
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:b, s:b, s:b, s:b, s:i, s:I}", "condition", "contact",
                  "level", "F", "worst_level", "F", "priority",
                  json_sprintf("%d", CONTACT_PRIORITY), "enterprise", contact->enterprise, "active",
                  TRUE, "acknowledged", FALSE, "announced", TRUE, "late", event->late,
                  "points_lost", (int)silent_points(contact), "engine_seq", (json_int_t)event->seq);
    sink_set_text(fields, "point_name", "企业通信中断");
    sink_set_time(fields, "onset", event->at_ms);
    sink_set_time(fields, "raised_at", event->at_ms);
    sink_set_time(fields, "level_at", event->at_ms);
    return fields;
}

static gboolean lose(Contact *contact, GError **error) {
    Sink *sink = &contact->sink;
    PointDef enterprise = {.enterprise = contact->enterprise, .code = (char *)""};
    alarm_id(contact->enterprise, "", CONDITION_CONTACT, sink->event->at_ms, contact->alarm);
    sink->id = contact->alarm;
    sink->def = &enterprise;
    contact->counted = silent_points(contact);
    json_t *record = sink_record(sink, NULL), *fields = lost_fields(contact);
    gboolean there = record != NULL;
    json_decref(record);
    if (there)
        json_decref(fields);
    gboolean good = there || (sink_flood(sink, fields, error) ? sink_create(sink, fields, error)
                                                              : (json_decref(fields), FALSE));
    sink->def = NULL;
    return good && tell_recorded(contact, ALARM_SUPPRESS, error);
}

static gboolean move_alarm(Contact *contact, const char *name, json_t *fields, GError **error) {
    g_autoptr(GError) refusal = NULL;
    contact->sink.id = contact->alarm;
    if (sink_move(&contact->sink, name, fields, &refusal) || error_status(refusal) < 500)
        return TRUE; /* the record may be gone: a backup was put back */
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

static gboolean more_lost(Contact *contact, GError **error) {
    contact->counted = silent_points(contact);
    json_t *fields = json_pack("{s:i}", "points_lost", (int)contact->counted);
    return move_alarm(contact, "raise_level", fields, error);
}

static gboolean regain(Contact *contact, GError **error) {
    json_t *fields = json_object();
    sink_set_time(fields, "returned_at", contact->sink.event->at_ms);
    gboolean good = move_alarm(contact, "return", fields, error);
    contact->alarm[0] = 0;
    contact->counted = 0;
    return good && tell_recorded(contact, ALARM_UNSUPPRESS, error) && raise_points(contact, error);
}

/* After all events of one log row. */
static gboolean decide(Contact *contact, GError **error) {
    guint silent = silent_points(contact);
    if (contact->alarm[0])
        return contact_is_back(silent, contact->watched) ? regain(contact, error)
               : silent > contact->counted               ? more_lost(contact, error)
                                                         : TRUE;
    if (contact_is_lost(silent, contact->watched))
        return lose(contact, error);
    return raise_points(contact, error);
}

/* ---- events ---- */

/* By design; while contact is lost its record is suppressed anyway. */
static gboolean suppress_point(const Contact *contact, const char *code, json_t *entry,
                               AlarmEventKind kind, GError **error) {
    if (json_array_size(entry) < 4) /* written before there was a fourth */
        json_array_append_new(entry, json_false());
    json_array_set_new(entry, 3, json_boolean(kind == ALARM_SUPPRESS));
    return !has_record(entry) || contact->alarm[0] || tell_point(contact, code, entry, kind, error);
}

static gboolean take_event(Contact *contact, const AlarmEvent *event, GError **error) {
    const PointDef *def = point_table_def(contact->sink.table, event->point);
    contact->sink.event = event;
    if (event->kind == ALARM_RAISE) {
        json_object_set_new(contact->silent, def->code,
                            json_pack("[I, I, b, b]", (json_int_t)event->onset_ms,
                                      (json_int_t)event->seq, FALSE, event->suppressed));
        return TRUE;
    }
    json_t *entry = json_object_get(contact->silent, def->code);
    if (event->kind == ALARM_SUPPRESS || event->kind == ALARM_UNSUPPRESS)
        return entry == NULL || suppress_point(contact, def->code, entry, event->kind, error);
    gboolean good = !has_record(entry) || tell_point(contact, def->code, entry, event->kind, error);
    json_object_del(contact->silent, def->code);
    return good;
}

static gint64 row_of(const AlarmEvent *event) { return alarm_event_row(event->seq); }

/* Events of one enterprise, in order. */
static gboolean contact_events(Contact *contact, const AlarmEvent *const *events, guint n,
                               GError **error) {
    gboolean changed = FALSE;
    for (guint i = 0; i < n; i++) {
        if (events[i]->seq <= contact->seq)
            continue; /* before a crash */
        if (!take_event(contact, events[i], error))
            return FALSE;
        changed = TRUE;
        contact->seq = events[i]->seq;
        gboolean ends = i + 1 == n || row_of(events[i + 1]) != row_of(events[i]);
        if (ends && !decide(contact, error))
            return FALSE;
    }
    return !changed || contact_save(contact, error);
}

/* Watched points of some enterprises: interned code -> number. */
static GHashTable *watched_points(const PointTable *table, GHashTable *wanted) {
    guint32 n = point_table_count(table);
    for (guint32 i = 0; i < n; i++) {
        gpointer count, code = (gpointer)point_table_enterprise(table, i);
        if (!g_hash_table_lookup_extended(wanted, code, NULL, &count))
            continue;
        const PointDef *def = point_table_def(table, i);
        if (def->stale_ms > 0 && def->in_service)
            g_hash_table_insert(wanted, code, GUINT_TO_POINTER(GPOINTER_TO_UINT(count) + 1));
    }
    return wanted;
}

static const char *enterprise_of(const Sink *sink, const AlarmEvent *event) {
    return point_table_enterprise(sink->table, event->point);
}

typedef struct {
    const char *enterprise;
    const AlarmEvent *event;
} Told;

static gint by_enterprise(gconstpointer a, gconstpointer b) {
    const Told *x = a, *y = b;
    int order = strcmp(x->enterprise, y->enterprise);
    return order ? order : (x->event->seq > y->event->seq) - (x->event->seq < y->event->seq);
}

static gboolean one_enterprise(const Sink *sink, const Told *told, guint n, guint watched,
                               GError **error) {
    g_autofree const AlarmEvent **events = g_new(const AlarmEvent *, n);
    for (guint i = 0; i < n; i++)
        events[i] = told[i].event;
    Contact contact = {.sink = *sink, .enterprise = told->enterprise, .watched = watched};
    gboolean good = contact_load(&contact, error) && contact_events(&contact, events, n, error);
    json_decref(contact.silent);
    return good;
}

gboolean contact_apply(const Sink *sink, const AlarmEvent *const *events, guint n, GError **error) {
    if (n == 0)
        return TRUE;
    g_autofree Told *told = g_new(Told, n);
    g_autoptr(GHashTable) watched = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < n; i++) {
        told[i] = (Told){enterprise_of(sink, events[i]), events[i]};
        g_hash_table_insert(watched, (gpointer)told[i].enterprise, NULL);
    }
    qsort(told, n, sizeof *told, by_enterprise);
    watched_points(sink->table, watched);
    for (guint from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && told[to].enterprise == told[from].enterprise; to++)
            ;
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(watched, told[from].enterprise));
        if (!one_enterprise(sink, &told[from], to - from, count, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- the check at start ---- */

static void forget_speaking(Contact *contact, GHashTable *silent) {
    const char *code;
    json_t *entry;
    void *next;
    json_object_foreach_safe(contact->silent, next, code, entry) {
        if (!g_hash_table_contains(silent, code))
            json_object_del(contact->silent, code);
    }
}

static void add_silent(Contact *contact, GHashTable *silent) {
    GHashTableIter iter;
    gpointer code, value;
    g_hash_table_iter_init(&iter, silent);
    while (g_hash_table_iter_next(&iter, &code, &value)) {
        const AlarmEvent *event = value;
        if (enterprise_of(&contact->sink, event) == contact->enterprise &&
            json_object_get(contact->silent, code) == NULL)
            json_object_set_new(contact->silent, code,
                                json_pack("[I, I, b, b]", (json_int_t)event->onset_ms,
                                          (json_int_t)0, FALSE, event->suppressed));
    }
}

static gboolean reconcile_one(const Sink *sink, const char *enterprise, guint watched,
                              GHashTable *silent, guint *mended, GError **error) {
    AlarmEvent now = {
        .condition = CONDITION_STALE, .kind = ALARM_RETURN, .rule = "", .at_ms = sink->now_ms};
    Contact contact = {.sink = *sink, .enterprise = enterprise, .watched = watched};
    contact.sink.event = &now;
    if (!contact_load(&contact, error))
        return FALSE;
    now.seq = contact.seq;
    json_t *before = json_deep_copy(contact.silent);
    forget_speaking(&contact, silent);
    add_silent(&contact, silent);
    gboolean same = json_equal(before, contact.silent);
    json_decref(before);
    *mended += !same;
    gboolean good = same || (decide(&contact, error) && contact_save(&contact, error));
    json_decref(contact.silent);
    return good;
}

static gboolean known_enterprises(const Sink *sink, GHashTable *wanted, GError **error) {
    SqlStatement *st = sql_query(sink->records, error, "SELECT enterprise FROM alarm_contact", "");
    if (st == NULL)
        return FALSE;
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        g_hash_table_insert(wanted, (gpointer)g_intern_string(sql_text(st, 0)), NULL);
    return step == SQL_DONE;
}

gboolean contact_reconcile(const Sink *sink, GHashTable *silent, guint *mended, GError **error) {
    g_autoptr(GHashTable) watched = g_hash_table_new(NULL, NULL);
    GHashTableIter iter;
    gpointer enterprise, value;
    if (!known_enterprises(sink, watched, error))
        return FALSE;
    g_hash_table_iter_init(&iter, silent);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_hash_table_insert(watched, (gpointer)enterprise_of(sink, value), NULL);
    watched_points(sink->table, watched);
    g_autoptr(GList) codes = g_list_sort(g_hash_table_get_keys(watched), (GCompareFunc)strcmp);
    for (GList *code = codes; code; code = code->next) {
        enterprise = code->data;
        if (!reconcile_one(sink, enterprise,
                           GPOINTER_TO_UINT(g_hash_table_lookup(watched, enterprise)), silent,
                           mended, error))
            return FALSE;
    }
    return TRUE;
}
