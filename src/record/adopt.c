#include "record/act.h"
#include "record/query.h"
#include "record/row_values.h"

enum { PAGE = 256 };

/* Ids of records that stand in no state although their type has a flow. */
static GPtrArray *stateless(Sql *sql, const RecordType *type, GError **error) {
    g_autoptr(Query) query = query_new("");
    query_add_format(query, "SELECT _id FROM r_%s WHERE _state IS NULL ORDER BY _id LIMIT %d",
                     type->name, PAGE);
    SqlStatement *st = query_start(query, sql, error);
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        g_ptr_array_add(ids, g_strdup(sql_text(st, 0)));
    if (step == SQL_FAILED)
        g_clear_pointer(&ids, g_ptr_array_unref);
    return ids;
}

static const State *adopted_state(const Act *act, const Row *row) {
    const RecordType *type = row->type;
    for (guint i = 0; i < type->adopt->len; i++) {
        const MoveTarget *target = &g_array_index(type->adopt, MoveTarget, i);
        if (act_holds(act, row, target->when))
            return target->state;
    }
    return type->initial;
}

static gboolean adopt(const Act *act, const RecordType *type, const char *id, GError **error) {
    g_autoptr(Row) before = row_load(act->sql, type, id, error);
    if (before == NULL)
        return FALSE;
    g_autoptr(Row) row = row_copy(before);
    row->state = adopted_state(act, row);
    json_t *record = commit_row(act, before, row, "adopt", NULL, NULL, error);
    json_decref(record);
    return record != NULL;
}

static gboolean adopt_type(const Act *act, const RecordType *type, gint64 *adopted,
                           GError **error) {
    guint n;
    do {
        g_autoptr(GPtrArray) ids = stateless(act->sql, type, error);
        if (ids == NULL)
            return FALSE;
        n = ids->len;
        for (guint i = 0; i < n; i++)
            if (!adopt(act, type, ids->pdata[i], error))
                return FALSE;
        *adopted += n;
    } while (n == PAGE);
    return TRUE;
}

gboolean records_adopt(Sql *sql, const Packs *packs, gint64 now_ms, gint64 *adopted,
                       GError **error) {
    Act act = {sql, packs, &actor_system, now_ms, NULL};
    *adopted = 0;
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        if (type->initial && !adopt_type(&act, type, adopted, error))
            return FALSE;
    }
    return TRUE;
}
