#include "record/act.h"
#include "record/journal.h"
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
                          .enterprise = row_enterprise(row)};
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

static gboolean move_rows(const Act *act, const RecordType *type, const Row *owner,
                          GError **error) {
    const Field *own = type->scope_region;
    if (!search_follow(act->sql, type, owner->id, owner->region, error))
        return FALSE;
    g_autofree char *text =
        g_strdup_printf("UPDATE r_%s SET _region = ? WHERE _enterprise = ?%s%s%s", type->name,
                        own ? " AND \"" : "", own ? own->name : "", own ? "\" IS NULL" : "");
    return sql_run(act->sql, error, text, "tt", owner->region, owner->id);
}

/* When an enterprise comes under another authority, what has its region from it goes with it. */
static gboolean move_dependents(const Act *act, const Row *owner, GError **error) {
    for (guint i = 0; i < act->packs->types->len; i++) {
        const RecordType *type = act->packs->types->pdata[i];
        const Field *scope = type->scope_enterprise;
        if (scope && scope != type->key && g_strcmp0(scope->ref_type, owner->type->name) == 0 &&
            !move_rows(act, type, owner, error))
            return FALSE;
    }
    return sql_run(act->sql, error, "UPDATE clocks SET _region = ? WHERE _enterprise = ?", "tt",
                   owner->region, owner->id) &&
           sql_run(act->sql, error, "UPDATE notices SET _region = ? WHERE _enterprise = ?", "tt",
                   owner->region, owner->id);
}

static gboolean is_owner(const RecordType *type) {
    return type->key && type->key == type->scope_enterprise;
}

static gboolean write_row(const Act *act, const Row *before, const Row *row, GError **error) {
    if (before == NULL)
        return row_insert(act->sql, row, error);
    if (!row_update(act->sql, before, row, error))
        return FALSE;
    return !is_owner(row->type) || strcmp(before->region, row->region) == 0 ||
           move_dependents(act, row, error);
}

json_t *commit_row(const Act *act, const Row *before, Row *row, const char *action,
                   const char *comment, json_t *note, GError **error) {
    stamp(act, before, row);
    json_t *diff = row_diff(before, row);
    if (note)
        json_object_update(diff, note);
    if (act->for_id)
        json_object_set_new(diff, "_for", json_pack("[n, s]", act->for_id));
    json_t *record = NULL;
    if (write_row(act, before, row, error) && search_put(act->sql, before, row, error) &&
        append_entry(act, before, row, action, comment, diff, error)) {
        record = row_json(row);
        if (!clocks_update(act, before, row, error))
            g_clear_pointer(&record, json_decref);
    }
    json_decref(diff);
    return record;
}
