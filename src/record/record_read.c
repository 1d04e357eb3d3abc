#include "record/act.h"
#include "record/query.h"
#include "record/rights.h"
#include "record/schema.h"

#include <string.h>

typedef struct {
    const RecordType *type;
    const char *id;
} GetAsked;

static json_t *get_asked(const Act *act, gpointer data, GError **error) {
    const GetAsked *asked = data;
    g_autoptr(Row) row = load_seen(act, asked->type, asked->id, error);
    return row ? row_json(row) : NULL;
}

json_t *record_get(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                   const char *id, GError **error) {
    Act act = {sql, packs, actor, 0, NULL};
    GetAsked asked = {find_type(packs, type_name, error), id};
    return asked.type ? act_or_stand_in(&act, get_asked, &asked, error) : NULL;
}

static const char *own_text(json_t *record, const Field *field) {
    return field ? json_string_value(json_object_get(record, field->name)) : NULL;
}

/* Of types by assignment: by the row. */
static gboolean may_edit_row(Sql *sql, const Actor *actor, const RecordType *type, json_t *record) {
    const char *id = json_string_value(json_object_get(record, "id"));
    g_autoptr(Row) row = row_load(sql, type, id, NULL);
    return row && ((type->own && strcmp(row->created_by, actor->id) == 0) ||
                   rights_covers(actor, type, row->region, row_enterprise(row), row->sector));
}

/* The record was given to the actor, so he sees it; whether he may also change it differs only for
 * types by assignment and for those that everyone sees, whose scope fields stand in the record
 * itself. */
gboolean record_may_edit(Sql *sql, const Actor *actor, const RecordType *type, json_t *record) {
    const char *state = json_string_value(json_object_get(record, "state"));
    if (!rights_edit(actor, type) || (state && type_state(type, state)->locked))
        return FALSE;
    if (type->own || type->assigned->len)
        return may_edit_row(sql, actor, type, record);
    if (!(type->read & ROLE_EVERYONE))
        return TRUE;
    return rights_covers(actor, type, own_text(record, type->scope_region),
                         own_text(record, type->scope_enterprise),
                         type->has_sector ? own_text(record, type->scope_sector) : ANY_SECTOR);
}

/* --- labels --- */

char *label_of(Sql *sql, const RecordType *type, const char *id) {
    const char *column = type->label ? schema_column((gpointer)type, type->label->name) : NULL;
    if (column == NULL)
        return NULL;
    g_autofree char *text =
        g_strdup_printf("SELECT %s FROM r_%s WHERE _id = ?", column, type->name);
    SqlStatement *st = sql_query(sql, NULL, text, "t", id);
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return NULL;
    char *label = g_strdup(sql_text(st, 0));
    sql_reset(st);
    return label;
}

/* --- clocks of a record --- */

static void set_time(json_t *json, const char *name, SqlStatement *st, int column) {
    char text[TIME_TEXT];
    if (!sql_is_null(st, column))
        json_object_set_new(json, name, json_string(time_format(sql_int(st, column), text)));
}

static const ClockType *find_clock(const RecordType *type, const char *name) {
    for (guint i = 0; i < type->clocks->len; i++)
        if (strcmp(((const ClockType *)type->clocks->pdata[i])->name, name) == 0)
            return type->clocks->pdata[i];
    return NULL;
}

enum {
    CLOCK_NAME,
    CLOCK_STARTED,
    CLOCK_DUE,
    CLOCK_STEP,
    CLOCK_NEXT,
    CLOCK_FIRED,
    CLOCK_STOPPED,
    CLOCK_PAUSED
};

/* open: runs and has steps to come; paused: stands still; fired: runs on after its last step; done:
 * stopped. */
static const char *clock_state(SqlStatement *st) {
    if (!sql_is_null(st, CLOCK_STOPPED))
        return "done";
    if (!sql_is_null(st, CLOCK_PAUSED))
        return "paused";
    return sql_is_null(st, CLOCK_NEXT) && !sql_is_null(st, CLOCK_FIRED) ? "fired" : "open";
}

static void set_clock_words(json_t *json, const ClockType *clock) {
    json_object_set_new(json, "title", title_json(&clock->title));
    if (clock->basis == NULL)
        return;
    json_t *basis = json_array();
    for (guint i = 0; clock->basis[i]; i++)
        json_array_append_new(basis, json_string(clock->basis[i]));
    json_object_set_new(json, "basis", basis);
}

static json_t *clock_json(const RecordType *type, SqlStatement *st, gint64 now_ms) {
    const ClockType *clock = find_clock(type, sql_text(st, CLOCK_NAME));
    gint64 until = !sql_is_null(st, CLOCK_STOPPED)  ? sql_int(st, CLOCK_STOPPED)
                   : !sql_is_null(st, CLOCK_PAUSED) ? sql_int(st, CLOCK_PAUSED)
                                                    : now_ms;
    json_t *json = json_pack("{s:s, s:s, s:I, s:b}", "name", sql_text(st, CLOCK_NAME), "state",
                             clock_state(st), "step", (json_int_t)sql_int(st, CLOCK_STEP),
                             "overdue", until > sql_int(st, CLOCK_DUE));
    if (clock)
        set_clock_words(json, clock);
    set_time(json, "started_at", st, CLOCK_STARTED);
    set_time(json, "due_at", st, CLOCK_DUE);
    set_time(json, "next_at", st, CLOCK_NEXT);
    set_time(json, "fired_at", st, CLOCK_FIRED);
    set_time(json, "stopped_at", st, CLOCK_STOPPED);
    set_time(json, "paused_at", st, CLOCK_PAUSED);
    return json;
}

json_t *record_clocks(Sql *sql, const Packs *packs, const char *type_name, const char *id,
                      gint64 now_ms, GError **error) {
    const RecordType *type = find_type(packs, type_name, error);
    SqlStatement *st = type ? sql_query(sql, error,
                                        "SELECT name, started_ms, due_ms, step, next_ms, fired_ms, "
                                        "stopped_ms, (SELECT paused_ms FROM clock_pauses p WHERE "
                                        "p.serial = clocks.serial AND resumed_ms IS NULL) FROM "
                                        "clocks "
                                        "WHERE type = ? AND id = ? ORDER BY serial",
                                        "tt", type_name, id)
                            : NULL;
    if (st == NULL)
        return NULL;
    json_t *clocks = json_array();
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        json_array_append_new(clocks, clock_json(type, st, now_ms));
    if (step == SQL_FAILED)
        g_clear_pointer(&clocks, json_decref);
    return clocks;
}

/* --- notices --- */

static void add_scope(Query *query, const Actor *actor) {
    if ((actor->kind != ACTOR_PERSON && actor->kind != ACTOR_GUEST &&
         actor->kind != ACTOR_HOLDER) ||
        (actor->role && actor->role->level == LEVEL_SYSTEM))
        return;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    rights_scope_add(actor, query->text, texts);
    for (guint i = 0; i < texts->len; i++)
        query_param_text(query, texts->pdata[i]);
}

/* What is assigned to him, wherever it stands. */
static void add_assigned(Query *query, const Act *act, const Actor *actor) {
    for (guint i = 0; i < act->packs->types->len; i++) {
        const RecordType *type = act->packs->types->pdata[i];
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
        if (!rights_read(actor, type) ||
            !rights_assigned_sql(act->sql, actor, type, "id", text, texts))
            continue;
        query_add(query, " OR (role = ? AND type = ? AND ");
        query_param_text(query, actor->role->name);
        query_param_text(query, type->name);
        query_add_format(query, "%s)", text->str);
        for (guint j = 0; j < texts->len; j++)
            query_param_text(query, texts->pdata[j]);
    }
}

/* Notices to the actor's role, in his place or of what is assigned to him. */
static void add_told(Query *query, const Act *act, const Actor *actor) {
    query_add(query, "(role = ?");
    query_param_text(query, actor->role ? actor->role->name : "");
    add_scope(query, actor);
    query_add(query, ")");
    add_assigned(query, act, actor);
}

static json_t *notice_json(SqlStatement *st) {
    json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s}", "seq", (json_int_t)sql_int(st, 0),
                             "title", sql_text(st, 2), "title_en", sql_text(st, 3), "type",
                             sql_text(st, 4), "id", sql_text(st, 5));
    set_time(json, "time", st, 1);
    return json;
}

json_t *record_notices(Sql *sql, const Packs *packs, const Actor *actor, gint64 after_seq,
                       int limit, GError **error) {
    Act act = {sql, packs, actor, 0, NULL};
    g_autoptr(GPtrArray) others = stand_ins(&act);
    g_autoptr(Query) query = query_new("SELECT seq, time_ms, title_zh, title_en, type, id FROM "
                                       "notices WHERE seq > ? AND (");
    query_param_int(query, after_seq);
    add_told(query, &act, actor);
    for (guint i = 0; i < others->len; i++) {
        query_add(query, " OR ");
        add_told(query, &act, &((const StandIn *)others->pdata[i])->actor);
    }
    query_add(query, ") ORDER BY seq DESC LIMIT ?");
    query_param_int(query, limit);
    SqlStatement *st = query_start(query, sql, error);
    if (st == NULL)
        return NULL;
    json_t *items = json_array();
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        json_array_append_new(items, notice_json(st));
    if (step == SQL_FAILED)
        g_clear_pointer(&items, json_decref);
    return items;
}
