#include "record/row_values.h"
#include "base/duration.h"
#include "record/query.h"
#include "record/schema.h"

#include <math.h>
#include <string.h>

/* What one evaluation has seen. */
typedef struct {
    const Act *act;
    const Row *row;
    GHashTable *refs; /* "TYPE/ID" -> Row*, NULL when there is none; made when needed */
} RowValues;

static void values_end(RowValues *values) { g_clear_pointer(&values->refs, g_hash_table_unref); }

static void free_row(gpointer row) { row_free(row); }

/* The record that a ref names. Whoever wrote the rule may read it, whoever it runs for. */
static Row *ref_row(RowValues *values, const char *id, const RecordType *type) {
    gpointer row = NULL;
    g_autofree char *key = g_strdup_printf("%s/%s", type->name, id);
    if (values->refs == NULL)
        values->refs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_row);
    if (g_hash_table_lookup_extended(values->refs, key, NULL, &row))
        return row;
    row = row_load(values->act->sql, type, id, NULL);
    g_hash_table_insert(values->refs, g_steal_pointer(&key), row);
    return row;
}

/* Of the record itself or of one of its rows. */
static Term name_value(RowValues *values, const Row *row, const char *name) {
    const Field *ref;
    const char *rest = name_of_owner(row->type, name);
    if (rest)
        return row->owner ? row_term((gpointer)row->owner, rest) : (Term){.kind = TERM_NONE};
    if (strchr(name, '.') == NULL)
        return row_term((gpointer)row, name);
    const RecordType *type = type_of_ref(values->act->packs, row->type, name, &ref, &rest);
    const char *id = type ? row_text(row, ref) : NULL;
    Row *target = id ? ref_row(values, id, type) : NULL;
    return target ? row_term(target, rest) : (Term){.kind = TERM_NONE};
}

static Term value_of(gpointer data, const char *name) {
    RowValues *values = data;
    return name_value(values, values->row, name);
}

static guint rows_count(gpointer data, const char *rows) {
    const RowValues *values = data;
    return row_count(values->row, type_field(values->row->type, rows));
}

static Term cell_value(gpointer data, const char *rows, guint n, const char *name) {
    RowValues *values = data;
    Row view = row_view(values->row, type_field(values->row->type, rows), n);
    return name_value(values, &view, name);
}

gint64 act_law_day(const Act *act, const Row *row) {
    return day_of(row->created_ms ? row->created_ms : act->now_ms);
}

gboolean act_in_force(const Act *act, const Row *row, const Validity *valid) {
    return validity_holds(valid, act_law_day(act, row));
}

static ConditionEnv env_of(RowValues *values) {
    const Act *act = values->act;
    const Row *record = values->row->owner ? values->row->owner : values->row;
    return (ConditionEnv){.value = value_of,
                          .row_count = rows_count,
                          .row_value = cell_value,
                          .data = values,
                          .now_ms = act->now_ms,
                          .law_day = act_law_day(act, record),
                          .actor = act->actor ? act->actor->id : NULL};
}

gboolean act_holds(const Act *act, const Row *row, const Condition *condition) {
    RowValues values = {act, row, NULL};
    ConditionEnv env = env_of(&values);
    gboolean holds = condition_holds_in(condition, &env);
    values_end(&values);
    return holds;
}

gboolean act_may_hold(const Act *act, const Row *row, const Condition *condition,
                      ConditionOpen open, gpointer open_data) {
    RowValues values = {act, row, NULL};
    ConditionEnv env = env_of(&values);
    gboolean may = condition_possible(condition, &env, open, open_data);
    values_end(&values);
    return may;
}

/* ---- expressions ---- */

/* Numbers are rounded to what the field can hold. */
static json_t *term_json(const Field *field, const Term *term) {
    char time[TIME_TEXT], span[DURATION_TEXT];
    switch (term->kind) {
    case TERM_NUMBER:
        if (field->kind == FIELD_MONEY || field->kind == FIELD_SCORE)
            return json_real(round(term->number * 100) / 100);
        if (field->kind == FIELD_INTEGER)
            return json_integer((json_int_t)CLAMP(floor(term->number + 0.5), -9e15, 9e15));
        return json_real(term->number);
    case TERM_BOOL:
        return json_boolean(term->truth);
    case TERM_TIME:
        return json_string(time_format(term->time_ms, time));
    case TERM_DURATION:
        return json_string(duration_format(term->time_ms, span));
    case TERM_TEXT:
    case TERM_DATE:
        return json_string(term->text);
    case TERM_NONE:
    case TERM_SEALED: /* never a value of an expression */
        return json_null();
    }
    g_assert_not_reached();
}

Term act_term(const Act *act, const Row *row, const Expression *expression, GStringChunk *texts) {
    RowValues values = {act, row, NULL};
    ConditionEnv env = env_of(&values);
    Term term = expression_value(expression, &env, texts);
    if (term.text) /* it may stand in a record that `values` read */
        term.text = g_string_chunk_insert(texts, term.text);
    values_end(&values);
    return term;
}

gboolean act_value(const Act *act, const Row *row, const Expression *expression,
                   const Field *target, FieldValue *value, GError **error) {
    enum { CHUNK = 256 };
    GStringChunk *texts = g_string_chunk_new(CHUNK);
    Term term = act_term(act, row, expression, texts);
    json_t *json = term_json(target, &term);
    gboolean done = field_value_from_json(target, json, value, error);
    json_decref(json);
    g_string_chunk_free(texts);
    return done;
}

/* Row by row: what the cells of one row are computed from stands in it and in the record. */
static gboolean compute_rows(const Act *act, Row *row, const Field *field, GError **error) {
    const GPtrArray *computed = field->rows->computed;
    for (guint n = 0; computed->len > 0 && n < row_count(row, field); n++)
        for (guint i = 0; i < computed->len; i++) {
            const Field *cell = computed->pdata[i];
            FieldValue *value = row_cell_edit(row, field, n, cell);
            Row view = row_view(row, field, n);
            if (!act_value(act, &view, cell->compute, cell, value, error))
                return FALSE;
        }
    return TRUE;
}

gboolean act_compute(const Act *act, Row *row, GError **error) {
    for (guint i = 0; i < row->type->row_fields->len; i++)
        if (!compute_rows(act, row, row->type->row_fields->pdata[i], error))
            return FALSE;
    for (guint i = 0; i < row->type->computed->len; i++) {
        const Field *field = row->type->computed->pdata[i];
        if (!act_value(act, row, field->compute, field, row_value(row, field), error))
            return FALSE;
    }
    return TRUE;
}

/* ---- questions to other records ---- */

static void asked_column(GString *sql, const RecordsAsked *asked) {
    const char *column =
        schema_column((gpointer)asked->type, asked->field ? asked->field->name : "id");
    if (asked->what == RECORDS_COUNT)
        g_string_append(sql, "count(*)");
    else if (asked->what == RECORDS_LATEST)
        g_string_append(sql, column);
    else
        g_string_append_printf(
            sql, "CASE WHEN count(*) = count(%s) THEN CAST(sum(%s) AS DOUBLE PRECISION) END",
            column, column);
}

static void asked_order(GString *sql, const RecordsAsked *asked) {
    const char *by =
        asked->by ? schema_column((gpointer)asked->type, asked->by->name) : "_created_ms";
    if (asked->what == RECORDS_LATEST)
        g_string_append_printf(sql, " AND %s IS NOT NULL ORDER BY %s DESC, _id DESC LIMIT 1", by,
                               by);
}

static gboolean take_answer(SqlStatement *st, const RecordsAsked *asked, const Field *target,
                            FieldValue *value, GError **error) {
    int column = 0;
    if (asked->what == RECORDS_LATEST) {
        field_value_read(st, &column, target, value);
        return TRUE;
    }
    Term term = {.kind = sql_is_null(st, 0) ? TERM_NONE : TERM_NUMBER, .number = sql_double(st, 0)};
    json_t *json = term_json(target, &term);
    gboolean done = field_value_from_json(target, json, value, error);
    json_decref(json);
    return done;
}

/* The terms outlive what they were read from. */
static void keep_texts(Query *query) {
    for (guint i = 0; i < query->terms->len; i++) {
        Term *term = &g_array_index(query->terms, Term, i);
        if (term->text == NULL)
            continue;
        term->text = g_strdup(term->text);
        g_ptr_array_add(query->texts, (char *)term->text);
    }
}

void act_asked_where(const Act *act, const Row *row, const RecordType *type, const Condition *where,
                     Query *query) {
    RowValues values = {act, row, NULL};
    ConditionSql how = {.column = schema_column,
                        .data = (gpointer)type,
                        .record = value_of,
                        .record_data = &values,
                        .now_ms = act->now_ms,
                        .actor = act->actor ? act->actor->id : NULL};
    query_add_format(query, " FROM r_%s WHERE ", type->name);
    if (where)
        condition_sql_in(where, &how, query->text, query->terms);
    else
        query_add(query, "1 = 1");
    if (values.refs)
        keep_texts(query);
    values_end(&values);
}

gboolean act_records(const Act *act, const Row *row, const RecordsAsked *asked, const Field *target,
                     FieldValue *value, GError **error) {
    g_autoptr(Query) query = query_new("SELECT ");
    asked_column(query->text, asked);
    act_asked_where(act, row, asked->type, asked->where, query);
    asked_order(query->text, asked);
    field_value_clear(value);
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    gboolean done =
        step == SQL_DONE || (step == SQL_ROW && take_answer(st, asked, target, value, error));
    if (step == SQL_ROW)
        sql_reset(st);
    return done;
}
