/* Rows that a move makes: a frozen list of other records, or those of its own rows that come first
 * by an expression. A random selection that anybody can check again is both: a list, and the first
 * of it by the hash of a published seed and each key. */
#include "record/row_values.h"
#include "record/rows.h"

static json_t *row_of(const Act *act, const Row *source, const RowsMade *made, GError **error) {
    json_t *cells = json_object();
    for (guint i = 0; i < made->cells->len; i++) {
        const RowCell *cell = &g_array_index(made->cells, RowCell, i);
        FieldValue value = {0};
        if (!act_value(act, source, cell->value, cell->cell, &value, error)) {
            json_decref(cells);
            return NULL;
        }
        json_object_set_new(cells, cell->cell->name, field_value_to_json(cell->cell, &value));
        field_value_clear(&value);
    }
    return cells;
}

static json_t *rows_of_records(const Act *act, const Row *row, const RowsMade *made,
                               const Field *target, GError **error) {
    g_autoptr(Query) query = query_new("SELECT ");
    row_select(made->type, query->text);
    act_asked_where(act, row, made->type, made->where, query);
    query_add_format(query, " ORDER BY _id LIMIT %u", target->max_rows + 1); /* one over: refused */
    g_autoptr(GPtrArray) sources = rows_of_query(act->sql, made->type, query, error);
    json_t *rows = sources ? json_array() : NULL;
    for (guint i = 0; rows && i < sources->len; i++) {
        json_t *cells = row_of(act, sources->pdata[i], made, error);
        if (cells == NULL)
            g_clear_pointer(&rows, json_decref);
        else
            json_array_append_new(rows, cells);
    }
    return rows;
}

typedef struct {
    Term by;
    guint n;
} Candidate;

static gint compare_candidates(gconstpointer a, gconstpointer b) {
    const Candidate *one = a, *other = b;
    int order = terms_order(&one->by, &other->by);
    return order ? order : one->n < other->n ? -1 : one->n > other->n;
}

static json_t *rows_picked(const Act *act, const Row *row, const RowsMade *made) {
    enum { CHUNK = 4096 };
    GStringChunk *texts = g_string_chunk_new(CHUNK);
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    for (guint n = 0; n < row_count(row, made->pick); n++) {
        Row view = row_view(row, made->pick, n);
        Candidate candidate = {act_term(act, &view, made->by, texts), n};
        if (candidate.by.kind != TERM_NONE)
            g_array_append_val(candidates, candidate);
    }
    g_array_sort(candidates, compare_candidates);
    Term count = act_term(act, row, made->count, texts);
    json_t *all = field_value_to_json(made->pick, row_value(row, made->pick)), *rows = json_array();
    for (guint i = 0; i < candidates->len && count.kind && i + 1 <= count.number; i++)
        json_array_append(rows, json_array_get(all, g_array_index(candidates, Candidate, i).n));
    json_decref(all);
    g_string_chunk_free(texts);
    return rows;
}

gboolean act_rows(const Act *act, const Row *row, const RowsMade *made, const Field *target,
                  FieldValue *value, GError **error) {
    field_value_clear(value);
    json_t *rows =
        made->pick ? rows_picked(act, row, made) : rows_of_records(act, row, made, target, error);
    gboolean done = rows && field_value_from_json(target, rows, value, error);
    json_decref(rows);
    return done;
}
