#include "record/watch.h"
#include "base/log.h"
#include "record/query.h"
#include "record/row_values.h"
#include "record/schema.h"

#include <string.h>

/* More open records than this on one place or device are no plant; the rest is said in the log. */
enum { WATCHERS_MOST = 500 };

/* ---- whom it concerns ---- */

/* What own field or id must be equal to; NULL: a value that the watched record does not have, or
 * that could not stand here. */
static gboolean matched(const Act *act, const Row *row, const WatchMatch *match, char **text,
                        GError **error) {
    g_autoptr(GError) refusal = NULL;
    FieldValue value = {0};
    if (match->own == NULL) {
        enum { CHUNK = 64 };
        GStringChunk *texts = g_string_chunk_new(CHUNK);
        Term term = act_term(act, row, match->value, texts);
        *text = term.kind == TERM_TEXT ? g_strdup(term.text) : NULL;
        g_string_chunk_free(texts);
        return TRUE;
    }
    if (!act_value(act, row, match->value, match->own, &value, &refusal) && act_failed(refusal)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FALSE;
    }
    *text = refusal || !value.present ? NULL : g_strdup(value.text);
    field_value_clear(&value);
    return TRUE;
}

static gboolean add_match(const Act *act, const Row *row, const Watch *watch,
                          const WatchMatch *match, Query *query, gboolean *none, GError **error) {
    g_autofree char *text = NULL;
    if (!matched(act, row, match, &text, error))
        return FALSE;
    *none = text == NULL;
    query_add_format(query, " AND %s = ?",
                     match->own ? schema_column((gpointer)watch->type, match->own->name) : "_id");
    query_param_text(query, text);
    return TRUE;
}

/* States from which the move goes. */
static void add_states(Query *query, const Watch *watch) {
    const char *before = "_state IN (";
    for (guint i = 0; i < watch->type->states->len; i++) {
        const State *state = watch->type->states->pdata[i];
        if ((watch->move->from >> state->index & 1) == 0)
            continue;
        query_add_format(query, "%s?", before);
        query_param_text(query, state->name);
        before = ", ";
    }
    query_add(query, ")");
}

/* Records that can make the move, of the same enterprise when the watched one has one, by the index
 * (enterprise, state); NULL on failure. */
static Query *whom(const Act *act, const Row *row, const Watch *watch, gboolean *none,
                   GError **error) {
    Query *query = query_new("");
    query_add_format(query, "SELECT _id FROM r_%s WHERE ", watch->type->name);
    if (row_enterprise(row)) {
        query_add(query, "_enterprise = ? AND ");
        query_param_text(query, row_enterprise(row));
    }
    add_states(query, watch);
    for (guint i = 0; !*none && i < watch->match->len; i++) {
        const WatchMatch *match = &g_array_index(watch->match, WatchMatch, i);
        if (!add_match(act, row, watch, match, query, none, error)) {
            query_free(query);
            return NULL;
        }
    }
    if (watch->where) {
        query_add(query, " AND (");
        condition_sql(watch->where, schema_column, (gpointer)watch->type, act->now_ms,
                      act->actor->id, query->text, query->terms);
        query_add(query, ")");
    }
    query_add_format(query, " ORDER BY _id LIMIT %d", WATCHERS_MOST + 1);
    return query;
}

static GPtrArray *watchers_of(const Act *act, const Row *row, const Watch *watch, GError **error) {
    gboolean none = FALSE;
    g_autoptr(Query) query = whom(act, row, watch, &none, error);
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    if (query == NULL)
        return NULL;
    SqlStatement *st = none ? NULL : query_start(query, act->sql, error);
    SqlStep step = none ? SQL_DONE : SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        g_ptr_array_add(ids, g_strdup(sql_text(st, 0)));
    return step == SQL_DONE ? g_steal_pointer(&ids) : NULL;
}

/* ---- what it does ---- */

static json_t *watch_note(const Row *row, const Watch *watch, const GError *reason) {
    json_t *note =
        json_pack("{s:s, s:s, s:s}", "name", watch->name, "type", row->type->name, "id", row->id);
    if (reason)
        json_object_set_new(note, "passed_over", json_string(error_id(reason)));
    return json_pack("{s:[n, o]}", "_watch", note);
}

static gboolean make(const Act *act, const Row *row, const Watch *watch, const char *id,
                     GError **error) {
    g_autofree char *label = row_label(row);
    g_autofree char *comment = g_strdup_printf("%s：%s", watch->title.zh, label);
    json_t *fields = watch->link ? json_pack("{s:s}", watch->link->name, row->id) : NULL;
    json_t *note = watch_note(row, watch, NULL);
    json_t *record = make_move(act, watch->type, id, watch->move, 0, fields, comment, note, error);
    json_decref(note);
    json_decref(fields);
    json_decref(record);
    return record != NULL;
}

/* In a savepoint of its own, as a step of a clock is. */
static gboolean make_or_pass_over(const Act *act, const Row *row, const Watch *watch,
                                  const char *id, GError **error) {
    g_autoptr(GError) reason = NULL;
    if (!sql_run(act->sql, error, "SAVEPOINT watch", ""))
        return FALSE;
    if (make(act, row, watch, id, &reason))
        return sql_run(act->sql, error, "RELEASE watch", "");
    if (act_failed(reason)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    g_autofree char *action = g_strdup_printf("watch:%s", watch->name);
    json_t *note = watch_note(row, watch, reason);
    gboolean done = sql_run(act->sql, error, "ROLLBACK TO watch", "") &&
                    sql_run(act->sql, error, "RELEASE watch", "") &&
                    pass_over(act, watch->type, id, action, note, reason, error);
    json_decref(note);
    return done;
}

static gboolean run(const Act *act, const Row *row, const Watch *watch, GError **error) {
    g_autoptr(GPtrArray) ids = watchers_of(act, row, watch, error);
    if (ids == NULL)
        return FALSE;
    if (ids->len > WATCHERS_MOST)
        log_warning("record", "watch %s of %s: more than %d records watch %s/%s; the rest is left",
                    watch->name, watch->type->name, WATCHERS_MOST, row->type->name, row->id);
    for (guint i = 0; i < ids->len && i < WATCHERS_MOST; i++)
        if (!make_or_pass_over(act, row, watch, ids->pdata[i], error))
            return FALSE;
    return TRUE;
}

static gboolean concerns(const Watch *watch, const Move *move) {
    return move ? g_ptr_array_find(watch->moves, move, NULL) : watch->created;
}

gboolean watches_run(const Act *act, const Row *row, const Move *move, GError **error) {
    const GPtrArray *watchers = row->type->watchers;
    Act engine = {act->sql, act->packs, &actor_engine, act->now_ms, NULL};
    for (guint i = 0; i < watchers->len; i++) {
        const Watch *watch = watchers->pdata[i];
        if (concerns(watch, move) && (!watch->when || act_holds(&engine, row, watch->when)) &&
            !run(&engine, row, watch, error))
            return FALSE;
    }
    return TRUE;
}
