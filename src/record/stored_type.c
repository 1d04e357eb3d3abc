#include "record/stored_type.h"
#include "record/schema.h"

#include <string.h>

char *stored_kind(Sql *sql, const char *type, const char *field, GError **error) {
    g_autoptr(GPtrArray) kinds =
        sql_texts(sql, error, 1, "SELECT kind FROM schema_fields WHERE type = ? AND field = ?",
                  "tt", type, field);
    return kinds && kinds->len ? g_strdup(kinds->pdata[0]) : NULL;
}

gboolean stored_kind_parse(const char *text, FieldKind *kind, gboolean *secret) {
    *secret = g_str_has_prefix(text, SECRET_KIND);
    text += *secret ? strlen(SECRET_KIND) : 0;
    for (*kind = 0; *kind < FIELD_KINDS; ++*kind)
        if (strcmp(field_kind_name(*kind), text) == 0)
            return TRUE;
    return FALSE;
}

static void field_free(gpointer data) {
    Field *field = data;
    g_free(field->name);
    if (field->rows)
        stored_type_free(field->rows);
    g_free(field);
}

static void state_free(gpointer data) {
    State *state = data;
    g_free(state->name);
    g_free(state);
}

void stored_type_free(RecordType *type) {
    g_ptr_array_unref(type->fields);
    g_ptr_array_unref(type->row_fields);
    g_ptr_array_unref(type->states);
    g_free(type->name);
    g_free(type);
}

static const Field *field_named(const RecordType *type, const char *name) {
    for (guint i = 0; i < type->fields->len; i++)
        if (strcmp(((const Field *)type->fields->pdata[i])->name, name) == 0)
            return type->fields->pdata[i];
    return NULL;
}

static gboolean add_field(Sql *sql, RecordType *type, const char *name, const char *table,
                          const char *field_name, const char *kind, GError **error) {
    Field *field = g_new0(Field, 1);
    field->name = g_strdup(field_name);
    field->index = type->fields->len;
    g_ptr_array_add(type->fields, field);
    if (!stored_kind_parse(kind, &field->kind, &field->secret))
        return error_set(error, ERROR_PACK, NULL, field_name, "is stored as an unknown kind", kind,
                         NULL);
    if (field->kind != FIELD_ROWS)
        return TRUE;
    g_autofree char *rows_name = g_strdup_printf("%s__%s", name, field_name);
    g_autofree char *rows_table = g_strdup_printf("%s__%s", table, field_name);
    field->rows = stored_type(sql, rows_name, rows_table, error);
    g_ptr_array_add(type->row_fields, field);
    return field->rows != NULL;
}

static gboolean add_states(Sql *sql, RecordType *type, GError **error) {
    g_autofree char *text = g_strdup_printf(
        "SELECT DISTINCT _state FROM r_%s WHERE _state IS NOT NULL ORDER BY _state", type->name);
    g_autoptr(GPtrArray) names = sql_texts(sql, error, 1, text, "");
    for (guint i = 0; names && i < names->len; i++) {
        State *state = g_new0(State, 1);
        state->name = g_strdup(names->pdata[i]);
        state->index = i;
        g_ptr_array_add(type->states, state);
    }
    return names != NULL;
}

static gboolean read_fields(Sql *sql, RecordType *type, const char *name, GError **error) {
    g_autoptr(GPtrArray) rows =
        sql_texts(sql, error, 2,
                  "SELECT field, kind FROM schema_fields WHERE type = ? ORDER BY field", "t", name);
    for (guint i = 0; rows && i + 1 < rows->len; i += 2) {
        const char *field = rows->pdata[i];
        if (*field != '_' &&
            !add_field(sql, type, name, type->name, field, rows->pdata[i + 1], error))
            return FALSE;
    }
    for (guint i = 0; rows && i + 1 < rows->len; i += 2) {
        if (strcmp(rows->pdata[i], "_id") == 0)
            type->key = field_named(type, rows->pdata[i + 1]);
        else if (strcmp(rows->pdata[i], "_enterprise") == 0)
            type->scope_enterprise = field_named(type, rows->pdata[i + 1]);
    }
    return rows != NULL;
}

RecordType *stored_type(Sql *sql, const char *name, const char *table, GError **error) {
    RecordType *type = g_new0(RecordType, 1);
    type->name = g_strdup(table);
    type->fields = g_ptr_array_new_with_free_func(field_free);
    type->row_fields = g_ptr_array_new();
    type->states = g_ptr_array_new_with_free_func(state_free);
    gboolean of_rows = strstr(name, "__") != NULL;
    if (read_fields(sql, type, name, error) && (of_rows || add_states(sql, type, error)))
        return type;
    stored_type_free(type);
    return NULL;
}
