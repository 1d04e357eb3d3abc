/* While its values are changed a table goes by another name, so that no statement prepared for the
 * table as it is afterwards meets the one of before. */
#include "base/json_text.h"
#include "record/journal.h"
#include "record/pack_change.h"
#include "record/query.h"
#include "record/row.h"
#include "record/rows.h"
#include "record/schema.h"
#include "record/stored_type.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEW_COLUMN "_as"

typedef struct {
    Sql *sql;
    const Packs *packs;
    PackChange *change;
    gint64 now_ms;
    RecordType *stored;
    const Field *rows;        /* that holds it; or NULL */
    const RecordType *holder; /* `stored`, or that of the rows */
    const Field *from;        /* as it is stored */
    const Field *to;          /* retype: as the pack has it; else NULL */
    Field column;             /* `to` under the name of the new column */
} Work;

static gboolean run_text(Sql *sql, char *text_take, GError **error) {
    g_autofree char *text = text_take;
    return sql_define(sql, text, error);
}

/* --- one value --- */

static gboolean is_there(const Work *work, const Field *field, const char *id) {
    const char *name = field->kind == FIELD_REF ? field->ref_type : "region";
    gboolean itself = strcmp(name, work->change->type) == 0;
    gint64 there = 0;
    g_autofree char *text = g_strdup_printf("SELECT count(*) FROM r_%s WHERE _id = ?",
                                            itself ? work->stored->name : name);
    return sql_get_int(work->sql, NULL, &there, 0, text, "t", id) && there > 0;
}

static gboolean is_known(const Work *work, const FieldValue *value) {
    const Field *field = work->to;
    if (field->kind == FIELD_REF || field->kind == FIELD_REGION)
        return is_there(work, field, value->text);
    return field->kind != FIELD_ROLE || packs_role(work->packs, value->text) != NULL;
}

/* As JSON, else as text: 12 as "12", "12" as 12, 3.0 as 3. */
static gboolean convert(const Work *work, const FieldValue *old, FieldValue *value) {
    json_t *json = field_value_plain_json(work->from, old);
    double real = json_real_value(json);
    if (json_is_real(json) && work->to->kind == FIELD_INTEGER && fabs(real) < 1e15 &&
        real == floor(real)) {
        json_decref(json);
        json = json_integer((json_int_t)real);
    }
    gboolean good = field_value_from_json(work->to, json, value, NULL);
    if (!good && !json_is_object(json)) {
        char *dump = json_text(json, JSON_COMPACT | JSON_ENCODE_ANY);
        const char *text = json_is_string(json) ? json_string_value(json) : dump;
        good = field_value_from_text(work->to, text, value, NULL);
        free(dump);
    }
    json_decref(json);
    good = good && value->present && is_known(work, value);
    if (!good)
        field_value_clear(value);
    return good;
}

static void note_emptied(const Work *work, const Row *row, const FieldValue *old) {
    PackChange *change = work->change;
    g_autofree char *text = field_value_to_text(work->from, old);
    if (change->emptied++ == 0)
        change->example = g_strdup_printf("%s: %.60s", row->id, text);
}

/* `at`: the row in the field that holds it, or -1. */
static gboolean write_new(const Work *work, const Row *row, int at, const FieldValue *value,
                          GError **error) {
    GString *text = g_string_new(NULL);
    const char *const *suffix = field_columns_named(&work->column);
    g_string_append_printf(text, "UPDATE r_%s SET ", work->holder->name);
    for (guint i = 0; suffix[i]; i++)
        g_string_append_printf(text, "%s\"" NEW_COLUMN "%s\" = ?", i ? ", " : "", suffix[i]);
    g_string_append(text, at < 0 ? " WHERE _id = ?" : " WHERE _record = ? AND _ordinal = ?");
    SqlStatement *st = sql_prepare(work->sql, text->str, error);
    g_string_free(text, TRUE);
    if (st == NULL)
        return FALSE;
    int index = 1;
    field_value_bind(st, &index, &work->column, value);
    sql_bind_text(st, index, row->id);
    if (at >= 0)
        sql_bind_int(st, index + 1, at);
    return sql_send(st, error);
}

/* The value as it will be; json_null when it is emptied; NULL on error. */
static json_t *new_value(const Work *work, const Row *row, int at, const FieldValue *old,
                         GError **error) {
    FieldValue value = {0};
    json_t *json = NULL;
    if (work->to == NULL)
        return work->change->to ? field_value_proof(work->from, old) : json_null();
    if (!convert(work, old, &value)) {
        note_emptied(work, row, old);
        json = json_null();
    } else if (write_new(work, row, at, &value, error)) {
        json = field_value_proof(work->to, &value);
    }
    field_value_clear(&value);
    return json;
}

/* --- one record --- */

static void add_pair(json_t *diff, const char *name, json_t *old_take, json_t *new_take) {
    if (!json_equal(old_take, new_take))
        json_object_set_new(diff, name, json_pack("[O, O]", old_take, new_take));
    json_decref(old_take);
    json_decref(new_take);
}

static gboolean change_value(const Work *work, const Row *row, json_t *diff, GError **error) {
    const FieldValue *old = row_value(row, work->from);
    if (!old->present)
        return TRUE;
    json_t *value = new_value(work, row, -1, old, error);
    if (value == NULL)
        return FALSE;
    gboolean renamed = work->change->kind == CHANGE_RENAME;
    add_pair(diff, work->from->name, field_value_proof(work->from, old),
             renamed ? json_null() : json_incref(value));
    if (renamed)
        add_pair(diff, work->change->to, json_null(), json_incref(value));
    json_decref(value);
    return TRUE;
}

static gboolean change_cells(const Work *work, const Row *row, json_t *diff, GError **error) {
    const FieldValue *value = row_value(row, work->rows);
    if (!value->present)
        return TRUE;
    json_t *before = rows_to_json(work->rows, value->rows), *after = json_deep_copy(before);
    gboolean good = TRUE;
    for (guint n = 0; good && n < row_count(row, work->rows); n++) {
        const FieldValue *cell = row_cell(row, work->rows, n, work->from);
        json_t *object = json_array_get(after, n);
        json_t *now = cell->present ? new_value(work, row, (int)n, cell, error) : NULL;
        good = now || !cell->present;
        json_object_del(object, work->from->name);
        if (now && !json_is_null(now))
            json_object_set(object, work->change->to ? work->change->to : work->from->name, now);
        json_decref(now);
    }
    add_pair(diff, work->rows->name, before, after);
    return good;
}

static gboolean write_entry(const Work *work, const Row *row, json_t *diff, GError **error) {
    static const char *const actions[] = {[CHANGE_RENAME] = "pack:rename",
                                          [CHANGE_DROP] = "pack:drop",
                                          [CHANGE_RETYPE] = "pack:retype"};
    JournalEntry entry = {.time_ms = work->now_ms,
                          .actor = &actor_system,
                          .type = work->change->type,
                          .id = row->id,
                          .action = actions[work->change->kind],
                          .from = row_state(row),
                          .to = row_state(row),
                          .diff = diff,
                          .region = row->region,
                          .enterprise = row_enterprise(row),
                          .sector = row->sector};
    g_autofree char *text =
        g_strdup_printf("UPDATE r_%s SET _version = _version + 1, _updated_ms = ? WHERE _id = ?",
                        work->stored->name);
    work->change->records++;
    return sql_run(work->sql, error, text, "it", work->now_ms, row->id) &&
           journal_append(work->sql, &entry, error);
}

static gboolean change_row(const Work *work, const Row *row, GError **error) {
    json_t *diff = json_object();
    gboolean good =
        work->rows ? change_cells(work, row, diff, error) : change_value(work, row, diff, error);
    good = good && (json_object_size(diff) == 0 || write_entry(work, row, diff, error));
    json_decref(diff);
    return good;
}

static gboolean change_rows(const Work *work, GError **error) {
    enum { PAGE = 500 };
    g_autofree char *after = g_strdup("");
    for (;;) {
        g_autoptr(Query) query = query_new("SELECT ");
        row_select(work->stored, query->text);
        query_add_format(query, " FROM r_%s WHERE _id > ? ORDER BY _id LIMIT %d",
                         work->stored->name, PAGE);
        query_param_text(query, after);
        g_autoptr(GPtrArray) rows = rows_of_query(work->sql, work->stored, query, error);
        if (rows == NULL || rows->len == 0)
            return rows != NULL;
        for (guint i = 0; i < rows->len; i++)
            if (!change_row(work, rows->pdata[i], error))
                return FALSE;
        g_free(after);
        after = g_strdup(((const Row *)rows->pdata[rows->len - 1])->id);
    }
}

/* --- the columns --- */

static gboolean each_column(const Work *work, const Field *field, const char *form,
                            const char *name, const char *to, GError **error) {
    gboolean done = TRUE;
    for (const char *const *suffix = field_columns_named(field); done && *suffix; suffix++) {
        GString *text = g_string_new(NULL);
        g_string_printf(text, "ALTER TABLE r_%s %s \"%s%s\"", work->holder->name, form, name,
                        *suffix);
        if (to)
            g_string_append_printf(text, " TO \"%s%s\"", to, *suffix);
        done = sql_exec(work->sql, text->str, error);
        g_string_free(text, TRUE);
    }
    return done;
}

static gboolean add_columns(const Work *work, GError **error) {
    const char *const *suffix = field_columns_named(&work->column);
    gboolean done = TRUE;
    for (int i = 0; done && suffix[i]; i++)
        done = run_text(work->sql,
                        g_strdup_printf("ALTER TABLE r_%s ADD COLUMN \"" NEW_COLUMN "%s\" %s",
                                        work->holder->name, suffix[i],
                                        field_column_type(&work->column, i)),
                        error);
    return done;
}

static gboolean finish_columns(const Work *work, GError **error) {
    const Field *from = work->from;
    const char *name = from->name, *to = work->change->to;
    if (!schema_own_column(work->holder, from))
        return TRUE;
    if (to)
        return each_column(work, from, "RENAME COLUMN", name, to, error);
    return each_column(work, from, "DROP COLUMN", name, NULL, error) &&
           (work->to == NULL ||
            each_column(work, &work->column, "RENAME COLUMN", NEW_COLUMN, name, error));
}

/* --- what is remembered --- */

static char *type_key(const PackChange *change) {
    return change->rows ? g_strdup_printf("%s__%s", change->type, change->rows)
                        : g_strdup(change->type);
}

static gboolean forget(const Work *work, const char *type, GError **error) {
    g_autofree char *rows = g_strdup_printf("%s__%s", type, work->from->name);
    return sql_run(work->sql, error, "DELETE FROM schema_fields WHERE type = ? AND field = ?", "tt",
                   type, work->from->name) &&
           sql_run(work->sql, error, "DELETE FROM schema_fields WHERE type = ?", "t", rows);
}

static gboolean remember_name(const Work *work, const char *type, GError **error) {
    const char *name = work->from->name, *to = work->change->to;
    g_autofree char *rows = g_strdup_printf("%s__%s", type, name);
    g_autofree char *rows_to = g_strdup_printf("%s__%s", type, to);
    return sql_run(work->sql, error,
                   "UPDATE schema_fields SET field = ? WHERE type = ? AND field = ?", "ttt", to,
                   type, name) &&
           sql_run(work->sql, error,
                   "UPDATE schema_fields SET kind = ? WHERE type = ? AND kind = ? AND field IN "
                   "('_id', '_enterprise')",
                   "ttt", to, type, name) &&
           sql_run(work->sql, error, "UPDATE schema_fields SET type = ? WHERE type = ?", "tt",
                   rows_to, rows) &&
           sql_run(work->sql, error, "UPDATE file_uses SET field = ? WHERE type = ? AND field = ?",
                   "ttt", to, type, name);
}

static gboolean remember(const Work *work, GError **error) {
    g_autofree char *type = type_key(work->change);
    if (work->change->kind == CHANGE_DROP)
        return forget(work, type, error);
    if (work->change->kind == CHANGE_RENAME)
        return remember_name(work, type, error);
    return sql_run(work->sql, error,
                   "UPDATE schema_fields SET kind = ? WHERE type = ? AND field = ?", "ttt",
                   field_kind_name(work->to->kind), type, work->from->name);
}

/* --- the tables --- */

static gboolean drop_indexes(Sql *sql, const char *type, GError **error) {
    g_autoptr(GPtrArray) names =
        sql_texts(sql, error, 1, "SELECT name FROM schema_indexes WHERE type = ?", "t", type);
    for (guint i = 0; names && i < names->len; i++)
        if (!run_text(sql, g_strdup_printf("DROP INDEX IF EXISTS \"%s\"", (char *)names->pdata[i]),
                      error))
            return FALSE;
    return names && sql_run(sql, error, "DELETE FROM schema_indexes WHERE type = ?", "t", type);
}

static gboolean rename_table(Sql *sql, const char *from, const char *to, GError **error) {
    return run_text(sql, g_strdup_printf("ALTER TABLE r_%s RENAME TO r_%s", from, to), error);
}

/* The table and those of its rows. `to`: from the names of the packs to the other, else back. */
static gboolean rename_tables(Sql *sql, const char *type, const char *other, gboolean to,
                              GError **error) {
    g_autoptr(GPtrArray) rows =
        sql_texts(sql, error, 1, "SELECT field FROM schema_fields WHERE type = ? AND kind = 'rows'",
                  "t", type);
    gboolean done = rows && rename_table(sql, to ? type : other, to ? other : type, error);
    for (guint i = 0; done && i < rows->len; i++) {
        g_autofree char *own = g_strdup_printf("%s__%s", type, (char *)rows->pdata[i]);
        g_autofree char *its = g_strdup_printf("%s__%s", other, (char *)rows->pdata[i]);
        done = rename_table(sql, to ? own : its, to ? its : own, error);
    }
    return done;
}

/* The table of the rows goes with its field. */
static gboolean finish_rows(const Work *work, GError **error) {
    g_autofree char *table = g_strdup_printf("%s__%s", work->stored->name, work->from->name);
    g_autofree char *to = g_strdup_printf("%s__%s", work->stored->name, work->change->to);
    if (work->from->kind != FIELD_ROWS)
        return TRUE;
    return work->change->to ? rename_table(work->sql, table, to, error)
                            : run_text(work->sql, g_strdup_printf("DROP TABLE r_%s", table), error);
}

/* --- all of it --- */

static const Field *field_of(const RecordType *type, const char *name) {
    for (guint i = 0; name && i < type->fields->len; i++)
        if (strcmp(((const Field *)type->fields->pdata[i])->name, name) == 0)
            return type->fields->pdata[i];
    return NULL;
}

static const Field *wanted_field(const Packs *packs, const PackChange *change) {
    const RecordType *type = packs_type(packs, change->type);
    const Field *rows = change->rows ? type_field(type, change->rows) : NULL;
    return change->kind == CHANGE_RETYPE ? type_field(rows ? rows->rows : type, change->name)
                                         : NULL;
}

static gboolean do_work(Work *work, GError **error) {
    PackChange *change = work->change;
    work->rows = field_of(work->stored, change->rows);
    work->holder = work->rows ? work->rows->rows : work->stored;
    work->from = field_of(work->holder, change->name);
    work->to = wanted_field(work->packs, change);
    g_assert(work->from && (change->rows == NULL || work->rows));
    if (work->to) {
        work->column = *work->to;
        work->column.name = (char *)NEW_COLUMN;
    }
    return (work->to == NULL || add_columns(work, error)) && change_rows(work, error) &&
           finish_columns(work, error) && finish_rows(work, error) && remember(work, error);
}

gboolean pack_change_field(Sql *sql, const Packs *packs, PackChange *change, guint number,
                           gint64 now_ms, GError **error) {
    g_autofree char *other = g_strdup_printf("_%u", number);
    Work work = {.sql = sql, .packs = packs, .change = change, .now_ms = now_ms};
    if (!drop_indexes(sql, change->type, error) ||
        !rename_tables(sql, change->type, other, TRUE, error))
        return FALSE;
    g_autoptr(RecordType) stored = stored_type(sql, change->type, other, error);
    work.stored = stored;
    return stored && do_work(&work, error) && rename_tables(sql, change->type, other, FALSE, error);
}
