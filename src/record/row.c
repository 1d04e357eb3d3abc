#include "record/row.h"
#include "record/rights.h"
#include "record/rows.h"
#include "record/schema.h"

#include <string.h>

Row *row_new(const RecordType *type) {
    Row *row = g_new0(Row, 1);
    row->type = type;
    row->values = g_new0(FieldValue, type->fields->len);
    row->region = g_strdup("");
    row->sector = g_strdup(type->has_sector ? "" : ANY_SECTOR);
    return row;
}

Row *row_copy(const Row *row) {
    Row *copy = g_memdup2(row, sizeof *row);
    copy->id = g_strdup(row->id);
    copy->number = g_strdup(row->number);
    copy->created_by = g_strdup(row->created_by);
    copy->region = g_strdup(row->region);
    copy->sector = g_strdup(row->sector);
    copy->values = g_new0(FieldValue, row->type->fields->len);
    for (guint i = 0; i < row->type->fields->len; i++)
        field_value_copy(&row->values[i], &copy->values[i]);
    return copy;
}

void row_free(Row *row) {
    if (row == NULL)
        return;
    for (guint i = 0; i < row->type->fields->len; i++)
        field_value_clear(&row->values[i]);
    g_free(row->values);
    g_free(row->id);
    g_free(row->number);
    g_free(row->created_by);
    g_free(row->region);
    g_free(row->sector);
    g_free(row);
}

FieldValue *row_value(const Row *row, const Field *field) { return &row->values[field->index]; }

const char *row_text(const Row *row, const Field *field) {
    return field && row->values[field->index].present ? row->values[field->index].text : NULL;
}

const char *row_enterprise(const Row *row) { return row_text(row, row->type->scope_enterprise); }

const char *row_state(const Row *row) { return row->state ? row->state->name : NULL; }

static void set_text(json_t *json, const char *name, const char *text) {
    if (text)
        json_object_set_new_nocheck(json, name, json_string_nocheck(text));
}

static void set_time(json_t *json, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    set_text(json, name, time_format(ms, text));
}

json_t *row_json(const Row *row) {
    json_t *json = json_object();
    set_text(json, "id", row->id);
    set_text(json, "type", row->type->name);
    json_object_set_new(json, "version", json_integer(row->version));
    set_text(json, "state", row_state(row));
    set_text(json, "number", row->number);
    set_time(json, "created_at", row->created_ms);
    set_text(json, "created_by", row->created_by);
    set_time(json, "updated_at", row->updated_ms);
    for (guint i = 0; i < row->type->fields->len; i++)
        if (row->values[i].present) {
            const Field *field = row->type->fields->pdata[i];
            json_object_set_new_nocheck(json, field->name,
                                        field_value_to_json(field, &row->values[i]));
        }
    return json;
}

char *row_label(const Row *row) {
    const Field *label = row->type->label;
    if (label && row_value(row, label)->present)
        return field_value_to_text(label, row_value(row, label));
    return g_strdup(row->number ? row->number : row->id);
}

typedef enum {
    NAME_STATE,
    NAME_ID,
    NAME_NUMBER,
    NAME_CREATED_AT,
    NAME_UPDATED_AT,
    NAME_CREATED_BY
} SystemName;

static Term system_term(const Row *row, SystemName name) {
    const char *text = NULL;
    if (name == NAME_CREATED_AT || name == NAME_UPDATED_AT)
        return (Term){.kind = TERM_TIME,
                      .time_ms = name == NAME_CREATED_AT ? row->created_ms : row->updated_ms};
    if (name == NAME_STATE)
        text = row_state(row);
    else if (name == NAME_ID)
        text = row->id;
    else if (name == NAME_NUMBER)
        text = row->number;
    else
        text = row->created_by;
    return (Term){.kind = text ? TERM_TEXT : TERM_NONE, .text = text};
}

static const char *const system_names[] = {
    [NAME_STATE] = "state",           [NAME_ID] = "id",
    [NAME_NUMBER] = "number",         [NAME_CREATED_AT] = "created_at",
    [NAME_UPDATED_AT] = "updated_at", [NAME_CREATED_BY] = "created_by"};

Term row_term(gpointer data, const char *name) {
    const Row *row = data;
    const Field *field = type_field(row->type, name);
    if (field)
        return field_value_term(field, row_value(row, field));
    for (guint i = 0; i < G_N_ELEMENTS(system_names); i++)
        if (strcmp(name, system_names[i]) == 0)
            return system_term(row, (SystemName)i);
    return (Term){.kind = TERM_NONE};
}

static const char system_columns[] =
    "_id,_version,_state,_number,_created_ms,_created_by,_updated_ms,_state_ms,_region,_enterprise,"
    "_sector";
enum { SYSTEM_COLUMNS = 11 };

/* Plain appends: these texts are built for every statement. */
static void add_column(GString *text, const char *name, const char *suffix) {
    g_string_append(text, ",\"");
    g_string_append(text, name);
    g_string_append(text, suffix);
    g_string_append_c(text, '"');
}

void row_field_columns(const RecordType *type, GString *text) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (!schema_own_column(type, field))
            continue;
        for (const char *const *suffix = field_columns_named(field); *suffix; suffix++)
            add_column(text, field->name, *suffix);
    }
}

void row_select(const RecordType *type, GString *text) {
    g_string_append(text, system_columns);
    row_field_columns(type, text);
}

int row_columns(const RecordType *type) {
    int columns = SYSTEM_COLUMNS;
    for (guint i = 0; i < type->fields->len; i++)
        if (schema_own_column(type, type->fields->pdata[i]))
            columns += field_columns(type->fields->pdata[i]);
    return columns;
}

static void value_set_text(FieldValue *value, const char *text) {
    field_value_clear(value);
    value->present = text != NULL;
    value->text = g_strdup(text);
}

Row *row_read(const RecordType *type, SqlStatement *st) {
    Row *row = row_new(type);
    row->id = g_strdup(sql_text(st, 0));
    row->version = sql_int(st, 1);
    row->state = sql_is_null(st, 2) ? NULL : type_state(type, sql_text(st, 2));
    row->number = g_strdup(sql_text(st, 3));
    row->created_ms = sql_int(st, 4);
    row->created_by = g_strdup(sql_text(st, 5));
    row->updated_ms = sql_int(st, 6);
    row->state_ms = sql_int(st, 7);
    g_free(row->region);
    row->region = g_strdup(sql_text(st, 8));
    g_free(row->sector);
    row->sector = g_strdup(sql_text(st, 10));
    if (type->scope_enterprise)
        value_set_text(row_value(row, type->scope_enterprise), sql_text(st, 9));
    if (type->key)
        value_set_text(row_value(row, type->key), row->id);
    int column = SYSTEM_COLUMNS;
    for (guint i = 0; i < type->fields->len; i++)
        if (schema_own_column(type, type->fields->pdata[i]))
            field_value_read(st, &column, type->fields->pdata[i], &row->values[i]);
    return row;
}

static Row *load_alone(Sql *sql, const RecordType *type, const char *id, GError **error) {
    GString *text = g_string_sized_new(512);
    g_string_append(text, "SELECT ");
    row_select(type, text);
    g_string_append_printf(text, " FROM r_%s WHERE _id = ?", type->name);
    SqlStatement *st = sql_query(sql, error, text->str, "t", id);
    g_string_free(text, TRUE);
    if (st == NULL || sql_step(st, error) != SQL_ROW)
        return NULL;
    Row *row = row_read(type, st);
    sql_reset(st);
    return row;
}

Row *row_load(Sql *sql, const RecordType *type, const char *id, GError **error) {
    if (!rows_begin(sql, type, error))
        return NULL;
    Row *row = load_alone(sql, type, id, error);
    if (row && !rows_fill(sql, type, &row, 1, error))
        g_clear_pointer(&row, row_free);
    rows_end(sql, type);
    return row;
}

static GPtrArray *read_all(Sql *sql, const RecordType *type, const Query *query, GError **error) {
    SqlStatement *st = query_start(query, sql, error);
    if (st == NULL)
        return NULL;
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        g_ptr_array_add(rows, row_read(type, st));
    if (step == SQL_FAILED || !rows_fill(sql, type, (Row *const *)rows->pdata, rows->len, error))
        g_clear_pointer(&rows, g_ptr_array_unref);
    return rows;
}

GPtrArray *rows_of_query(Sql *sql, const RecordType *type, const Query *query, GError **error) {
    if (!rows_begin(sql, type, error))
        return NULL;
    GPtrArray *rows = read_all(sql, type, query, error);
    rows_end(sql, type);
    return rows;
}

static void bind_system(SqlStatement *st, const Row *row) {
    sql_bind_text(st, 1, row->id);
    sql_bind_int(st, 2, row->version);
    sql_bind_text(st, 3, row_state(row));
    sql_bind_text(st, 4, row->number);
    sql_bind_int(st, 5, row->created_ms);
    sql_bind_text(st, 6, row->created_by);
    sql_bind_int(st, 7, row->updated_ms);
    sql_bind_int(st, 8, row->state_ms);
    sql_bind_text(st, 9, row->region);
    sql_bind_text(st, 10, row_enterprise(row));
    sql_bind_text(st, 11, row->sector);
}

gboolean row_insert(Sql *sql, const Row *row, GError **error) {
    const RecordType *type = row->type;
    GString *text = g_string_sized_new(512);
    g_string_append_printf(text, "INSERT INTO r_%s (", type->name);
    row_select(type, text);
    g_string_append(text, ") VALUES (?,?,?,?,?,?,?,?,?,?,?");
    for (guint i = 0; i < type->fields->len; i++)
        if (schema_own_column(type, type->fields->pdata[i]))
            for (int j = 0; j < field_columns(type->fields->pdata[i]); j++)
                g_string_append(text, ",?");
    g_string_append_c(text, ')');
    SqlStatement *st = sql_prepare(sql, text->str, error);
    g_string_free(text, TRUE);
    if (st == NULL)
        return FALSE;
    bind_system(st, row);
    int index = SYSTEM_COLUMNS + 1;
    for (guint i = 0; i < type->fields->len; i++)
        if (schema_own_column(type, type->fields->pdata[i]))
            field_value_bind(st, &index, type->fields->pdata[i], &row->values[i]);
    return sql_send(st, error) && rows_write(sql, NULL, row, error);
}

/* Which columns an update writes: only changed ones, because SQLite rewrites every index whose
 * columns are named. */
typedef struct {
    const Row *before, *row;
    gboolean state, region, enterprise, sector;
} Change;

static gboolean field_changed(const Change *change, guint i) {
    return schema_own_column(change->row->type, change->row->type->fields->pdata[i]) &&
           !field_value_equal(&change->before->values[i], &change->row->values[i]);
}

static char *update_text(const Change *change) {
    const RecordType *type = change->row->type;
    GString *text = g_string_sized_new(256);
    g_string_append_printf(
        text, "UPDATE r_%s SET _version=?,_updated_ms=?%s%s%s%s", type->name,
        change->state ? ",_state=?,_state_ms=?" : "", change->region ? ",_region=?" : "",
        change->enterprise ? ",_enterprise=?" : "", change->sector ? ",_sector=?" : "");
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (!field_changed(change, i))
            continue;
        for (const char *const *suffix = field_columns_named(field); *suffix; suffix++)
            g_string_append_printf(text, ",\"%s%s\"=?", field->name, *suffix);
    }
    g_string_append(text, " WHERE _id=?");
    return g_string_free(text, FALSE);
}

gboolean row_update(Sql *sql, const Row *before, const Row *row, GError **error) {
    Change change = {before,
                     row,
                     before->state != row->state,
                     strcmp(before->region, row->region) != 0,
                     g_strcmp0(row_enterprise(before), row_enterprise(row)) != 0,
                     strcmp(before->sector, row->sector) != 0};
    g_autofree char *text = update_text(&change);
    SqlStatement *st = sql_prepare(sql, text, error);
    if (st == NULL)
        return FALSE;
    int index = 1;
    sql_bind_int(st, index++, row->version);
    sql_bind_int(st, index++, row->updated_ms);
    if (change.state) {
        sql_bind_text(st, index++, row_state(row));
        sql_bind_int(st, index++, row->state_ms);
    }
    if (change.region)
        sql_bind_text(st, index++, row->region);
    if (change.enterprise)
        sql_bind_text(st, index++, row_enterprise(row));
    if (change.sector)
        sql_bind_text(st, index++, row->sector);
    for (guint i = 0; i < row->type->fields->len; i++)
        if (field_changed(&change, i))
            field_value_bind(st, &index, row->type->fields->pdata[i], &row->values[i]);
    sql_bind_text(st, index, row->id);
    return sql_send(st, error) && rows_write(sql, before, row, error);
}

static json_t *pair(json_t *from, json_t *to) {
    json_t *array = json_array();
    json_array_append_new(array, from);
    json_array_append_new(array, to);
    return array;
}

json_t *row_diff(const Row *before, const Row *row) {
    static const FieldValue empty = {0};
    json_t *diff = json_object();
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        const FieldValue *old = before ? &before->values[i] : &empty;
        if (!field_value_equal(old, &row->values[i]))
            json_object_set_new_nocheck(
                diff, field->name,
                pair(field_value_proof(field, old), field_value_proof(field, &row->values[i])));
    }
    if (before == NULL && row->number)
        json_object_set_new(diff, "number", pair(json_null(), json_string(row->number)));
    return diff;
}
