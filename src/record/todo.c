#include "record/act.h"
#include "record/query.h"
#include "record/rights.h"
#include "record/schema.h"

#include <string.h>

/* One line of the to-do list before it is sorted in among those of other types. */
typedef struct {
    json_t *json;
    gint64 due_ms; /* G_MAXINT64: none */
    char *priority;
    gint64 since_ms;
} Item;

static void item_free(gpointer data) {
    Item *item = data;
    json_decref(item->json);
    g_free(item->priority);
    g_free(item);
}

/* Earliest due first; then by priority (1 is the most urgent); then who has waited longest. */
static int item_compare(gconstpointer a, gconstpointer b) {
    const Item *x = *(Item *const *)a, *y = *(Item *const *)b;
    if (x->due_ms != y->due_ms)
        return x->due_ms < y->due_ms ? -1 : 1;
    int priority = g_strcmp0(x->priority ? x->priority : "~", y->priority ? y->priority : "~");
    if (priority)
        return priority;
    return x->since_ms < y->since_ms ? -1 : x->since_ms > y->since_ms;
}

/* Appends the condition "it is this actor's turn": states whose todo names his role, each with its
 * own condition, or a proposal that he may confirm. FALSE: never his turn. */
static gboolean add_turn(Query *query, const Act *act, const RecordType *type) {
    gboolean any = FALSE;
    for (guint i = 0; i < type->states->len; i++) {
        const State *state = type->states->pdata[i];
        for (guint j = 0; state->todo && j < state->todo->len; j++) {
            const Todo *todo = &g_array_index(state->todo, Todo, j);
            if (!role_in(act->actor->role, todo->who))
                continue;
            query_add(query, any ? " OR (_state = ?" : " AND ((_state = ?");
            query_param_text(query, state->name);
            if (todo->when) {
                query_add(query, " AND (");
                condition_sql(todo->when, schema_column, (gpointer)type, act->now_ms,
                              act->actor->id, query->text, query->terms);
                query_add(query, ")");
            }
            query_add(query, ")");
            any = TRUE;
        }
    }
    for (guint i = 0; i < type->moves->len; i++) {
        const Move *move = type->moves->pdata[i];
        if (!move->approvals || !role_in(act->actor->role, move->approvers))
            continue;
        query_add(query, any ? " OR " : " AND (");
        query_add(query, "EXISTS (SELECT 1 FROM proposals p WHERE p.type = ? AND p.id = r._id AND "
                         "p.move = ?)");
        query_param_text(query, type->name);
        query_param_text(query, move->name);
        any = TRUE;
    }
    query_add(query, any ? ")" : "");
    return any;
}

static void add_scope(Query *query, const Act *act, const RecordType *type) {
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    rights_scope_sql(act->sql, act->actor, type, "_id", query->text, texts);
    for (guint i = 0; i < texts->len; i++)
        query_param_text(query, texts->pdata[i]);
}

static const Field *text_field(const RecordType *type, const char *name) {
    const Field *field = type_field(type, name);
    return field && !field->secret && (field->kind == FIELD_CODE || field->kind == FIELD_TEXT)
               ? field
               : NULL;
}

/* Clocks of the row that run; those that stand still press nobody. */
#define RUNNING_CLOCKS                                                                             \
    "clocks c WHERE c.type = ? AND c.id = r._id AND stopped_ms IS NULL AND NOT EXISTS (SELECT 1 "  \
    "FROM clock_pauses p WHERE p.serial = c.serial AND p.resumed_ms IS NULL)"

/* The row, then due_ms and name of the running clock that is due first. */
static void add_columns(Query *query, const RecordType *type) {
    query_add(query, "SELECT ");
    row_select(type, query->text);
    query_add(query, ", (SELECT min(due_ms) FROM " RUNNING_CLOCKS
                     ") AS _due, (SELECT name FROM " RUNNING_CLOCKS " ORDER BY due_ms LIMIT 1)");
    query_param_text(query, type->name);
    query_param_text(query, type->name);
    query_add_format(query, " FROM r_%s r WHERE 1 = 1", type->name);
}

static void set_text(json_t *json, const char *name, const char *text) {
    json_object_set_new(json, name, text ? json_string(text) : json_null());
}

static void set_time(json_t *json, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    set_text(json, name, ms == G_MAXINT64 ? NULL : time_format(ms, text));
}

static json_t *clock_title(const RecordType *type, const char *name) {
    for (guint i = 0; name && i < type->clocks->len; i++) {
        const ClockType *clock = type->clocks->pdata[i];
        if (strcmp(clock->name, name) == 0)
            return title_json(&clock->title);
    }
    return json_null();
}

static Item *item_new(const Act *act, const RecordType *type, const Row *row, gint64 due_ms,
                      const char *clock) {
    g_autofree char *label = row_label(row);
    const char *priority = row_text(row, text_field(type, "priority"));
    Item *item = g_new0(Item, 1);
    item->json =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:b, s:o}", "type", type->name, "type_title",
                  title_json(&type->title), "id", row->id, "title", label, "state",
                  row->state->name, "state_title", title_json(&row->state->title), "overdue",
                  act->now_ms > due_ms, "clock_title", clock_title(type, clock));
    set_text(item->json, "enterprise", row_enterprise(row));
    set_text(item->json, "number", row->number);
    set_text(item->json, "priority", priority);
    set_time(item->json, "due_at", due_ms);
    set_time(item->json, "since", row->state_ms);
    item->due_ms = due_ms;
    item->priority = g_strdup(priority);
    item->since_ms = row->state_ms;
    return item;
}

static Item *item_read(const Act *act, const RecordType *type, SqlStatement *st) {
    g_autoptr(Row) row = row_read(type, st);
    int due = row_columns(type);
    return item_new(act, type, row, sql_is_null(st, due) ? G_MAXINT64 : sql_int(st, due),
                    sql_text(st, due + 1));
}

static gboolean collect(const Act *act, const RecordType *type, const Query *query,
                        GPtrArray *items, GError **error) {
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        g_ptr_array_add(items, item_read(act, type, st));
    return step == SQL_DONE;
}

static gboolean find_items(const Act *act, const RecordType *type, int limit, GPtrArray *items,
                           GError **error) {
    g_autoptr(Query) query = query_new("");
    const Field *priority = text_field(type, "priority");
    add_columns(query, type);
    add_turn(query, act, type);
    add_scope(query, act, type);
    query_add(query, " ORDER BY _due NULLS LAST");
    if (priority)
        query_add_format(query, ", \"%s\" NULLS LAST", priority->name);
    query_add(query, ", _state_ms LIMIT ?");
    query_param_int(query, limit);
    return collect(act, type, query, items, error);
}

/* *count 0 also when it is never this role's turn. */
static gboolean count_items(const Act *act, const RecordType *type, gint64 *count, GError **error) {
    g_autoptr(Query) query = query_new("");
    query_add_format(query, "SELECT count(*) FROM r_%s r WHERE 1 = 1", type->name);
    *count = 0;
    if (!add_turn(query, act, type))
        return TRUE;
    add_scope(query, act, type);
    return query_int(query, act->sql, count, error);
}

static void name_enterprise(const Act *act, json_t *item) {
    const char *type_name = json_string_value(json_object_get(item, "type"));
    const char *id = json_string_value(json_object_get(item, "enterprise"));
    const Field *scope = packs_type(act->packs, type_name)->scope_enterprise;
    const RecordType *owner =
        scope && scope->kind == FIELD_REF ? packs_type(act->packs, scope->ref_type) : NULL;
    g_autofree char *name = id && owner ? label_of(act->sql, owner, id) : NULL;
    set_text(item, "enterprise_name", name);
}

static gboolean find_all(const Act *act, int limit, GPtrArray *items, gint64 *count,
                         GError **error) {
    for (guint i = 0; i < act->packs->types->len; i++) {
        const RecordType *type = act->packs->types->pdata[i];
        gint64 of_type;
        if (!rights_read(act->actor, type))
            continue;
        if (!count_items(act, type, &of_type, error) ||
            (of_type && !find_items(act, type, limit, items, error)))
            return FALSE;
        *count += of_type;
    }
    return TRUE;
}

static const char *id_of(const Item *item) {
    return json_string_value(json_object_get(item->json, "id"));
}

/* What is the turn of more than one of those he acts for stands there once. */
static void drop_doubles(GPtrArray *items, gint64 *count) {
    for (guint i = items->len; i-- > 1;)
        for (guint j = 0; j < i; j++)
            if (g_strcmp0(id_of(items->pdata[i]), id_of(items->pdata[j])) == 0) {
                g_ptr_array_remove_index(items, i);
                *count -= 1;
                break;
            }
}

static gboolean find_for_others(const Act *act, int limit, GPtrArray *items, gint64 *count,
                                GError **error) {
    g_autoptr(GPtrArray) others = stand_ins(act);
    for (guint i = 0; i < others->len; i++) {
        const StandIn *other = others->pdata[i];
        Act as = {act->sql, act->packs, &other->actor, act->now_ms, other->for_id};
        if (!find_all(&as, limit, items, count, error))
            return FALSE;
    }
    if (others->len)
        drop_doubles(items, count);
    return TRUE;
}

json_t *record_todo(Sql *sql, const Packs *packs, const Actor *actor, gint64 now_ms, int limit,
                    GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(item_free);
    gint64 count = 0;
    if (actor->role && (!find_all(&act, limit, items, &count, error) ||
                        !find_for_others(&act, limit, items, &count, error)))
        return NULL;
    g_ptr_array_sort(items, item_compare);
    json_t *list = json_array();
    for (guint i = 0; i < MIN(items->len, (guint)MAX(limit, 0)); i++) {
        json_t *item = ((Item *)items->pdata[i])->json;
        name_enterprise(&act, item);
        json_array_append(list, item);
    }
    return json_pack("{s:o, s:I}", "items", list, "count", (json_int_t)count);
}
