#include "record/list_sort.h"
#include "record/schema.h"

#include <string.h>

enum { SORT_KEYS_MAX = 8 };

static void key_clear(gpointer data) { g_free(((SortKey *)data)->name); }

void list_sort_free(ListSort *sort) {
    if (sort == NULL)
        return;
    g_free(sort->text);
    g_array_free(sort->keys, TRUE);
    json_decref(sort->after);
    g_free(sort);
}

static gboolean add_key(ListSort *sort, const RecordType *type, const char *item, GError **error) {
    gboolean descending = *item == '-';
    const char *name = item + descending;
    const char *column = schema_column((gpointer)type, name);
    if (column == NULL)
        return error_set(error, ERROR_FIELD_UNKNOWN, name,
                         "created_at, updated_at, state, number, id, …", NULL);
    const Field *field = type_field(type, name);
    if (field && field->secret)
        return error_set(error, ERROR_REQUEST, name, "sort: a sealed field",
                         "sort by a field that is not sealed", NULL);
    SortKey key = {column, g_strdup(name), descending, schema_column_nullable(type, name)};
    g_array_append_val(sort->keys, key);
    return TRUE;
}

static gboolean add_keys(ListSort *sort, const RecordType *type, GError **error) {
    g_auto(GStrv) items = g_strsplit(sort->text, ",", -1);
    if (g_strv_length(items) > SORT_KEYS_MAX)
        return error_set(error, ERROR_REQUEST, "sort", "sort: too many fields", "at most 8", NULL);
    for (guint i = 0; items[i]; i++)
        if (!add_key(sort, type, g_strstrip(items[i]), error))
            return FALSE;
    return TRUE;
}

/* --- cursor --- */

static char *to_base64url(const char *text) {
    char *code = g_base64_encode((const guchar *)text, strlen(text));
    g_strdelimit(code, "+", '-');
    g_strdelimit(code, "/", '_');
    *(strchr(code, '=') ? strchr(code, '=') : code + strlen(code)) = 0;
    return code;
}

char *list_cursor_write(json_t *cursor_take) {
    char *text = json_dumps(cursor_take, JSON_COMPACT);
    json_decref(cursor_take);
    char *code = to_base64url(text);
    free(text);
    return code;
}

json_t *list_cursor_read(const char *text) {
    enum { CURSOR_MAX = 8192 };
    if (strlen(text) > CURSOR_MAX)
        return NULL;
    GString *code = g_string_new(text);
    g_strdelimit(code->str, "-", '+');
    g_strdelimit(code->str, "_", '/');
    while (code->len % 4)
        g_string_append_c(code, '=');
    gsize n = 0;
    g_autofree guchar *bytes = g_base64_decode(code->str, &n);
    g_string_free(code, TRUE);
    return json_loadb((const char *)bytes, n, 0, NULL);
}

static gboolean scalar(json_t *value) {
    return value && !json_is_array(value) && !json_is_object(value);
}

static gboolean cursor_fits(const ListSort *sort, json_t *cursor, json_t *values) {
    if (g_strcmp0(json_string_value(json_object_get(cursor, "s")), sort->text) != 0)
        return FALSE;
    if (!json_is_array(values) || json_array_size(values) != sort->keys->len)
        return FALSE;
    for (guint i = 0; i < sort->keys->len; i++)
        if (!scalar(json_array_get(values, i)))
            return FALSE;
    return TRUE;
}

static gboolean read_cursor(ListSort *sort, const char *text, GError **error) {
    json_t *cursor = list_cursor_read(text);
    json_t *values = json_object_get(cursor, "v");
    gboolean good = cursor_fits(sort, cursor, values);
    if (good)
        sort->after = json_incref(values);
    json_decref(cursor);
    return good || error_set(error, ERROR_REQUEST, "cursor", "cursor",
                             "use `next` of the former answer with the same sort", NULL);
}

static gboolean sorts_by(const ListSort *sort, const char *column) {
    for (guint i = 0; i < sort->keys->len; i++)
        if (strcmp(g_array_index(sort->keys, SortKey, i).column, column) == 0)
            return TRUE;
    return FALSE;
}

/* Equals stand in order of creation, as in the indexes of fields. */
static void add_creation(ListSort *sort) {
    if (sorts_by(sort, "_created_ms") || sorts_by(sort, "_id"))
        return;
    SortKey key = {"_created_ms", g_strdup("created_at"),
                   g_array_index(sort->keys, SortKey, 0).descending, FALSE};
    g_array_append_val(sort->keys, key);
}

ListSort *list_sort_new(const RecordType *type, const char *sort_text, const char *cursor,
                        GError **error) {
    ListSort *sort = g_new0(ListSort, 1);
    sort->text = g_strdup(sort_text && *sort_text ? sort_text : "-created_at");
    sort->keys = g_array_new(FALSE, FALSE, sizeof(SortKey));
    g_array_set_clear_func(sort->keys, key_clear);
    gboolean good = add_keys(sort, type, error);
    if (good) {
        add_creation(sort);
        SortKey id = {"_id", g_strdup("id"), g_array_index(sort->keys, SortKey, 0).descending,
                      FALSE};
        g_array_append_val(sort->keys, id);
        good = cursor == NULL || *cursor == 0 || read_cursor(sort, cursor, error);
    }
    if (!good)
        g_clear_pointer(&sort, list_sort_free);
    return sort;
}

static json_t *term_json(Term term) {
    switch (term.kind) {
    case TERM_TEXT:
    case TERM_DATE:
        return json_string(term.text);
    case TERM_NUMBER:
        return json_real(term.number);
    case TERM_TIME:
    case TERM_DURATION:
        return json_integer(term.time_ms);
    case TERM_BOOL:
        return json_integer(term.truth);
    case TERM_NONE:
    case TERM_SEALED:
        break;
    }
    return json_null();
}

char *list_sort_cursor(const ListSort *sort, const Row *last) {
    json_t *values = json_array();
    for (guint i = 0; i < sort->keys->len; i++)
        json_array_append_new(
            values,
            term_json(row_term((gpointer)last, g_array_index(sort->keys, SortKey, i).name)));
    return list_cursor_write(json_pack("{s:s, s:o}", "s", sort->text, "v", values));
}

/* --- SQL --- */

static void add_value(Query *query, json_t *value) {
    if (json_is_string(value))
        query_param_text(query, json_string_value(value));
    else if (json_is_integer(value))
        query_param_int(query, json_integer_value(value));
    else
        query_param_double(query, json_number_value(value));
}

static void add_equal(Query *query, const SortKey *key, json_t *value) {
    query_add_format(query, json_is_null(value) ? "%s IS NULL" : "%s = ?", key->column);
    if (!json_is_null(value))
        add_value(query, value);
}

/* "comes after": empty values stand before all others. */
static void add_beyond(Query *query, const SortKey *key, json_t *value) {
    if (json_is_null(value)) {
        query_add_format(query, key->descending ? "1 = 0" : "%s IS NOT NULL", key->column);
        return;
    }
    query_add_format(query,
                     key->descending && key->nullable ? "(%s < ? OR %s IS NULL)"
                     : key->descending                ? "%s < ?"
                                                      : "%s > ?",
                     key->column, key->column);
    add_value(query, value);
}

/* k1 beyond v1 OR (k1 = v1 AND k2 beyond v2) OR ...; with a bound on k1 in front, which an index
 * can use. */
void list_sort_where(const ListSort *sort, Query *query) {
    if (sort->after == NULL)
        return;
    const SortKey *first = &g_array_index(sort->keys, SortKey, 0);
    json_t *bound = json_array_get(sort->after, 0);
    if (!json_is_null(bound) && (!first->nullable || !first->descending)) {
        query_add_format(query, first->descending ? " AND %s <= ?" : " AND %s >= ?", first->column);
        add_value(query, bound);
    }
    query_add(query, " AND (");
    for (guint i = 0; i < sort->keys->len; i++) {
        query_add(query, i ? " OR (" : "(");
        for (guint j = 0; j < i; j++) {
            add_equal(query, &g_array_index(sort->keys, SortKey, j),
                      json_array_get(sort->after, j));
            query_add(query, " AND ");
        }
        add_beyond(query, &g_array_index(sort->keys, SortKey, i), json_array_get(sort->after, i));
        query_add(query, ")");
    }
    query_add(query, ")");
}

void list_sort_order(const ListSort *sort, Query *query) {
    query_add(query, " ORDER BY ");
    for (guint i = 0; i < sort->keys->len; i++) {
        const SortKey *key = &g_array_index(sort->keys, SortKey, i);
        query_add_format(query, "%s%s%s", i ? ", " : "", key->column,
                         key->descending ? " DESC" : "");
        if (key->nullable)
            query_add(query, key->descending ? " NULLS LAST" : " NULLS FIRST");
    }
}
