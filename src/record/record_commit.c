#include "record/act.h"
#include "record/files.h"
#include "record/journal.h"
#include "record/query.h"
#include "record/search.h"

#include <string.h>

static gboolean append_entry(const Act *act, const Row *before, const Row *row, const char *action,
                             const char *comment, json_t *diff, GError **error) {
    JournalEntry entry = {.time_ms = act->now_ms,
                          .actor = act->actor,
                          .type = row->type->name,
                          .id = row->id,
                          .action = action,
                          .from = before ? row_state(before) : NULL,
                          .to = row_state(row),
                          .diff = diff,
                          .comment = comment,
                          .region = row->region,
                          .enterprise = row_enterprise(row),
                          .sector = row->sector};
    return journal_append(act->sql, &entry, error);
}

static void stamp(const Act *act, const Row *before, Row *row) {
    row->version++;
    row->updated_ms = act->now_ms;
    if (before == NULL) {
        row->created_ms = act->now_ms;
        row->created_by = g_strdup(act->actor->id);
    }
    if (before == NULL || before->state != row->state)
        row->state_ms = act->now_ms;
}

/* What has `column` from its owner and not from a field of its own. */
static gboolean move_rows(const Act *act, const RecordType *type, const Field *own,
                          const char *column, const char *value, const Row *owner, GError **error) {
    g_autoptr(Query) query = query_new("");
    query_add_format(query, "UPDATE r_%s SET %s = ? WHERE _enterprise = ?", type->name, column);
    query_param_text(query, value);
    query_param_text(query, owner->id);
    if (own)
        query_add_format(query, " AND \"%s\" IS NULL", own->name);
    SqlStatement *st = query_start(query, act->sql, error);
    return st && sql_step(st, error) == SQL_DONE;
}

/* Clocks and notices stand where their records stand. */
static gboolean move_with_rows(const Act *act, const char *table, const RecordType *type,
                               const char *where, const char *id, GError **error) {
    g_autofree char *text = g_strdup_printf(
        "UPDATE %s SET (_region, _enterprise, _sector) = (SELECT r._region, r._enterprise, "
        "r._sector FROM r_%s r WHERE r._id = %s.id) WHERE type = ? AND %s = ?",
        table, type->name, table, where);
    return sql_run(act->sql, error, text, "tt", type->name, id);
}

static gboolean move_marks(const Act *act, const RecordType *type, const char *where,
                           const char *id, GError **error) {
    return move_with_rows(act, "clocks", type, where, id, error) &&
           move_with_rows(act, "notices", type, where, id, error);
}

static gboolean depends_on(const RecordType *type, const RecordType *owner) {
    const Field *scope = type->scope_enterprise;
    return scope && scope != type->key && g_strcmp0(scope->ref_type, owner->name) == 0;
}

/* When an enterprise comes under another authority, what has its place from it goes with it. */
static gboolean move_dependents(const Act *act, const Row *owner, GError **error) {
    for (guint i = 0; i < act->packs->types->len; i++) {
        const RecordType *type = act->packs->types->pdata[i];
        if (!depends_on(type, owner->type))
            continue;
        if (!search_follow(act->sql, type, owner->id, owner->region, error) ||
            !move_rows(act, type, type->scope_region, "_region", owner->region, owner, error) ||
            (type->has_sector &&
             !move_rows(act, type, type->scope_sector, "_sector", owner->sector, owner, error)) ||
            !move_marks(act, type, "_enterprise", owner->id, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_owner(const RecordType *type) {
    return type->key && type->key == type->scope_enterprise;
}

static gboolean same_place(const Row *a, const Row *b) {
    return strcmp(a->region, b->region) == 0 && strcmp(a->sector, b->sector) == 0 &&
           g_strcmp0(row_enterprise(a), row_enterprise(b)) == 0;
}

static gboolean write_row(const Act *act, const Row *before, const Row *row, GError **error) {
    if (before == NULL)
        return row_insert(act->sql, row, error);
    if (!row_update(act->sql, before, row, error))
        return FALSE;
    if (same_place(before, row))
        return TRUE;
    return move_marks(act, row->type, "id", row->id, error) &&
           (!is_owner(row->type) || move_dependents(act, row, error));
}

void change_ahead(const Act *act, const RecordType *type, const char *id) {
    proposal_ahead(act, type, id);
    journal_ahead(act->sql, type->name, id);
    clocks_ahead(act, type, id);
}

json_t *commit_row(const Act *act, const Row *before, Row *row, const char *action,
                   const char *comment, json_t *note, GError **error) {
    if (!seal_row(act, row, error))
        return NULL;
    stamp(act, before, row);
    json_t *diff = row_diff(before, row);
    if (note)
        json_object_update(diff, note);
    if (act->for_id)
        json_object_set_new(diff, "_for", json_pack("[n, s]", act->for_id));
    json_t *record = NULL;
    if (write_row(act, before, row, error) && files_use(act, before, row, error) &&
        search_put(act->sql, before, row, error) &&
        append_entry(act, before, row, action, comment, diff, error)) {
        record = row_json(row);
        if (!clocks_update(act, before, row, error))
            g_clear_pointer(&record, json_decref);
    }
    json_decref(diff);
    return record;
}

gboolean act_failed(const GError *error) {
    ErrorKind kind = error_kind(error);
    return kind == ERROR_STORE || kind == ERROR_DISK_FULL || kind == ERROR_INTERNAL;
}

gboolean pass_over(const Act *act, const RecordType *type, const char *id, const char *action,
                   json_t *note, const GError *reason, GError **error) {
    g_autoptr(Row) row = row_load(act->sql, type, id, NULL);
    if (row == NULL)
        return TRUE; /* the record is gone: journal_verify will say so */
    g_autofree char *comment = error_detail(reason, LANG_ZH);
    JournalEntry entry = {.time_ms = act->now_ms,
                          .actor = act->actor,
                          .type = type->name,
                          .id = id,
                          .action = action,
                          .from = row_state(row),
                          .to = row_state(row),
                          .diff = note,
                          .comment = comment,
                          .region = row->region,
                          .enterprise = row_enterprise(row),
                          .sector = row->sector};
    return journal_append(act->sql, &entry, error);
}
