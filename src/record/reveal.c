/* Opening sealed values: for keepers, with a reason that stays in the journal; and what is done to
 * all of them at once, sealing what stood in the clear and sealing anew to another key. */
#include "record/act.h"
#include "record/journal.h"
#include "record/query.h"
#include "record/rights.h"
#include "record/schema.h"

#include <string.h>

/* --- one value, for a keeper --- */

typedef struct {
    const RecordType *type;
    const SealKey *key;
    const char *id, *field, *reason;
} RevealAsked;

static gboolean is_keeper(const Act *act, const Row *row, GError **error) {
    RoleSet keepers = row->type->keepers;
    if (!rights_keeps(act->actor, row->type))
        return right_refused(act, keepers, "查看密封内容", "open what is sealed", error);
    return rights_covers(act->actor, row->type, row->region, row_enterprise(row), row->sector) ||
           error_set(error, ERROR_SCOPE, NULL, NULL);
}

static const Field *sealed_field(const Row *row, const char *name, GError **error) {
    const Field *field = type_field(row->type, name);
    if (field && field->secret && row_value(row, field)->present)
        return field;
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *one = row->type->fields->pdata[i];
        if (one->secret && row->values[i].present)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", one->name);
    }
    error_set(error, ERROR_FIELD_UNKNOWN, name, names->len ? names->str : "—", NULL);
    g_string_free(names, TRUE);
    return NULL;
}

static gboolean has_reason(const char *reason, GError **error) {
    g_autofree char *bare = g_strstrip(g_strdup(reason ? reason : ""));
    if (*bare == 0)
        return error_set(error, ERROR_FIELD_REQUIRED, "reason", "查看理由", "A reason", NULL);
    return check_comment(reason, error);
}

/* Changes nothing of the record: left out of the fold, like a clock's step passed over. */
static gboolean write_entry(const Act *act, const Row *row, const char *field, const char *reason,
                            GError **error) {
    g_autofree char *action = g_strdup_printf("reveal:%s", field);
    json_t *diff = json_object();
    if (act->for_id)
        json_object_set_new(diff, "_for", json_pack("[n, s]", act->for_id));
    JournalEntry entry = {.time_ms = act->now_ms,
                          .actor = act->actor,
                          .type = row->type->name,
                          .id = row->id,
                          .action = action,
                          .from = row_state(row),
                          .to = row_state(row),
                          .diff = diff,
                          .comment = reason,
                          .region = row->region,
                          .enterprise = row_enterprise(row),
                          .sector = row->sector};
    gboolean done = journal_append(act->sql, &entry, error);
    json_decref(diff);
    return done;
}

static json_t *reveal_asked(const Act *act, gpointer data, GError **error) {
    const RevealAsked *asked = data;
    g_autoptr(Row) row = load_seen(act, asked->type, asked->id, error);
    if (row == NULL || !is_keeper(act, row, error) || !has_reason(asked->reason, error))
        return NULL;
    const Field *field = sealed_field(row, asked->field, error);
    json_t *value = field ? seal_open(asked->key, row, field, error) : NULL;
    if (value && write_entry(act, row, field->name, asked->reason, error))
        return json_pack("{s:s, s:o}", "field", field->name, "value", value);
    json_decref(value);
    return NULL;
}

json_t *record_reveal(Sql *sql, const Packs *packs, const SealKey *key, const Actor *actor,
                      const char *type, const char *id, const char *field, const char *reason,
                      gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    RevealAsked asked = {find_type(packs, type, error), key, id, field, reason};
    return asked.type ? act_or_stand_in(&act, reveal_asked, &asked, error) : NULL;
}

char *seal_text_of(Sql *sql, const Packs *packs, const SealKey *key, const char *type_name,
                   const char *id, const char *name, GError **error) {
    const RecordType *type = packs_type(packs, type_name);
    const Field *field = type ? type_field(type, name) : NULL;
    g_autoptr(Row) row = field ? row_load(sql, type, id, error) : NULL;
    if (row == NULL || !row_value(row, field)->present)
        return NULL;
    json_t *value = seal_open(key, row, field, error);
    char *text = g_strdup(json_string_value(value));
    json_decref(value);
    return text;
}

/* --- all values --- */

/* What is done to one value of a row that is to be written anew; FALSE: an error. */
typedef gboolean (*ValueChange)(Row *before, Row *row, const Field *field, gpointer data,
                                GError **error);

static GPtrArray *rows_page(Sql *sql, const RecordType *type, const char *after, GError **error) {
    enum { PAGE = 500 };
    g_autoptr(Query) query = query_new("SELECT ");
    row_select(type, query->text);
    query_add_format(query, " FROM r_%s WHERE _id > ? ORDER BY _id LIMIT %d", type->name, PAGE);
    query_param_text(query, after);
    return rows_of_query(sql, type, query, error);
}

typedef struct {
    const Act *act;
    const GPtrArray *fields; /* Field* of the type at hand */
    ValueChange change;
    gpointer data;
    const char *action;
    gint64 values;
} Sweep;

static gboolean sweep_row(Sweep *sweep, Row *before, GError **error) {
    g_autoptr(Row) row = row_copy(before);
    gint64 changed = 0;
    for (guint i = 0; i < sweep->fields->len; i++) {
        const Field *field = sweep->fields->pdata[i];
        if (!row_value(row, field)->present)
            continue;
        if (!sweep->change(before, row, field, sweep->data, error))
            return FALSE;
        changed++;
    }
    json_t *record =
        changed ? commit_row(sweep->act, before, row, sweep->action, NULL, NULL, error) : NULL;
    json_decref(record);
    sweep->values += changed;
    return changed == 0 || record != NULL;
}

static gboolean sweep_type(Sweep *sweep, const RecordType *type, GError **error) {
    g_autofree char *after = g_strdup("");
    for (;;) {
        g_autoptr(GPtrArray) rows = rows_page(sweep->act->sql, type, after, error);
        if (rows == NULL || rows->len == 0)
            return rows != NULL;
        for (guint i = 0; i < rows->len; i++)
            if (!sweep_row(sweep, rows->pdata[i], error))
                return FALSE;
        g_free(after);
        after = g_strdup(((const Row *)rows->pdata[rows->len - 1])->id);
    }
}

/* A column that is not sealed yet was read as if it were: what stands there is the text itself. */
static gboolean seal_plain(Row *before, Row *row, const Field *field, gpointer data,
                           GError **error) {
    (void)data, (void)error;
    row_value(row, field)->sealed = FALSE;
    field_value_clear(row_value(before, field)); /* the entry must not tell it */
    return TRUE;
}

gboolean records_seal(Sql *sql, const Packs *packs, gint64 now_ms, gint64 *values, GError **error) {
    Act act = {sql, packs, &actor_system, now_ms, NULL};
    *values = 0;
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        g_autoptr(GPtrArray) fields = schema_unsealed(sql, type, error);
        Sweep sweep = {&act, fields, seal_plain, NULL, "seal", 0};
        if (fields == NULL || (fields->len && (!sweep_type(&sweep, type, error) ||
                                               !schema_sealed(sql, type, fields, error))))
            return FALSE;
        *values += sweep.values;
    }
    return TRUE;
}

static gboolean reopen(Row *before, Row *row, const Field *field, gpointer old, GError **error) {
    json_t *json = seal_open(old, before, field, error);
    gboolean done = json && field_value_from_json(field, json, row_value(row, field), error);
    json_decref(json);
    return done;
}

gboolean records_reseal(Sql *sql, const Packs *packs, const SealKey *old, const SealKey *key,
                        gint64 now_ms, gint64 *values, GError **error) {
    Act act = {sql, packs, &actor_system, now_ms, NULL};
    *values = 0;
    if (!seal_key_activate(sql, key, now_ms, error))
        return FALSE;
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        g_autoptr(GPtrArray) fields = g_ptr_array_new();
        for (guint f = 0; f < type->fields->len; f++)
            if (((const Field *)type->fields->pdata[f])->secret)
                g_ptr_array_add(fields, type->fields->pdata[f]);
        Sweep sweep = {&act, fields, reopen, (gpointer)old, "reseal", 0};
        if (fields->len && !sweep_type(&sweep, type, error))
            return FALSE;
        *values += sweep.values;
    }
    return TRUE;
}
