#include "record/publish.h"
#include "record/act.h"
#include "record/query.h"
#include "record/row_values.h"
#include "record/schema.h"

#include <string.h>

static gboolean is_published(const RecordType *type, const char *name) {
    return g_ptr_array_find_with_equal_func(type->publish, name, g_str_equal, NULL);
}

/* A ConditionKind: what is not published cannot be asked about. */
static TermKind published_kind(gpointer data, const char *name) {
    const RecordType *type = data;
    return strcmp(name, "id") == 0 || is_published(type, name) ? type_term_kind(data, name)
                                                               : TERM_NONE;
}

static const RecordType *published_type(const Packs *packs, const char *name, GError **error) {
    const RecordType *type = packs_type(packs, name);
    if (type && type->publish)
        return type;
    error_set(error, ERROR_TYPE_UNKNOWN, NULL, name, NULL);
    return NULL;
}

static json_t *region_json(Sql *sql, const Packs *packs, const char *region) {
    const RecordType *type = packs_type(packs, "region");
    g_autofree char *name = type ? label_of(sql, type, region) : NULL;
    return json_pack("{s:s, s:s*}", "code", region, "name", name);
}

/* What published references are called, so that nobody reads a code for a name. */
static json_t *public_labels(const Act *act, const Row *row, json_t *record) {
    json_t *labels = json_object();
    for (guint i = 0; i < row->type->publish->len; i++) {
        const Field *field = type_field(row->type, row->type->publish->pdata[i]);
        const char *id = field ? json_string_value(json_object_get(record, field->name)) : NULL;
        const RecordType *target =
            id && field->kind == FIELD_REF ? packs_type(act->packs, field->ref_type) : NULL;
        g_autofree char *label = target ? label_of(act->sql, target, id) : NULL;
        if (label)
            json_object_set_new(labels, field->name, json_string(label));
    }
    return labels;
}

static json_t *public_json(const Act *act, const Row *row) {
    json_t *record = row_json(row), *json = json_pack("{s:s}", "id", row->id);
    json_t *labels = public_labels(act, row, record);
    for (guint i = 0; i < row->type->publish->len; i++) {
        const char *name = row->type->publish->pdata[i];
        json_t *value = json_object_get(record, name);
        if (value)
            json_object_set(json, name, value);
    }
    if (row->type->publish_region && *row->region)
        json_object_set_new(json, "region", region_json(act->sql, act->packs, row->region));
    if (json_object_size(labels))
        json_object_set(json, "_labels", labels);
    json_decref(labels);
    json_decref(record);
    return json;
}

static void add_condition(Query *query, const Act *act, const RecordType *type,
                          const Condition *condition) {
    query_add(query, " AND (");
    condition_sql(condition, schema_column, (gpointer)type, act->now_ms, act->actor->id,
                  query->text, query->terms);
    query_add(query, ")");
}

static GPtrArray *find_rows(const Act *act, const RecordType *type, const PublicQuery *asked,
                            const Condition *filter, GError **error) {
    g_autoptr(Query) query = query_new("SELECT ");
    row_select(type, query->text);
    query_add_format(query, " FROM r_%s WHERE 1 = 1", type->name);
    if (type->publish_when)
        add_condition(query, act, type, type->publish_when);
    if (filter)
        add_condition(query, act, type, filter);
    if (asked->cursor) {
        query_add(query, " AND _id < ?");
        query_param_text(query, asked->cursor);
    }
    query_add(query, " ORDER BY _id DESC LIMIT ?");
    query_param_int(query, asked->limit + 1);
    return rows_of_query(act->sql, type, query, error);
}

static gboolean read_filter(const RecordType *type, const char *text, Condition **filter,
                            GError **error) {
    const char *what = NULL;
    if (text == NULL || *text == 0)
        return TRUE;
    *filter = condition_parse(text, published_kind, (gpointer)type, error);
    if (*filter == NULL)
        return FALSE;
    return condition_fits_sql(*filter, &what) ||
           error_set(error, ERROR_CONDITION_MEMORY, NULL, what, NULL);
}

json_t *public_list(Sql *sql, const Packs *packs, const char *type_name, const PublicQuery *asked,
                    gint64 now_ms, GError **error) {
    Act act = {sql, packs, &actor_guest, now_ms, NULL};
    const RecordType *type = published_type(packs, type_name, error);
    Condition *filter = NULL;
    if (type == NULL)
        return NULL;
    if (!read_filter(type, asked->filter, &filter, error)) {
        condition_free(filter);
        return NULL;
    }
    g_autoptr(GPtrArray) rows = find_rows(&act, type, asked, filter, error);
    condition_free(filter);
    if (rows == NULL)
        return NULL;
    json_t *items = json_array(), *next = json_null();
    for (guint i = 0; i < rows->len && i < (guint)asked->limit; i++)
        json_array_append_new(items, public_json(&act, rows->pdata[i]));
    if (rows->len > (guint)asked->limit)
        next = json_string(((const Row *)rows->pdata[asked->limit - 1])->id);
    return json_pack("{s:o, s:o}", "items", items, "next", next);
}

json_t *public_get(Sql *sql, const Packs *packs, const char *type_name, const char *id,
                   gint64 now_ms, GError **error) {
    Act act = {sql, packs, &actor_guest, now_ms, NULL};
    const RecordType *type = published_type(packs, type_name, error);
    GError *failure = NULL;
    g_autoptr(Row) row = type ? row_load(sql, type, id, &failure) : NULL;
    if (row && (type->publish_when == NULL || act_holds(&act, row, type->publish_when)))
        return public_json(&act, row);
    if (failure)
        g_propagate_error(error, failure);
    else if (type)
        error_set(error, ERROR_NOT_FOUND, NULL, type->title.zh, id, NULL);
    return NULL;
}

/* --- types --- */

static void add_codes(const Packs *packs, const Field *field, json_t *codes) {
    (void)packs;
    if (field->codes && !json_object_get(codes, field->codes->name))
        json_object_set_new(codes, field->codes->name, codes_json(field->codes));
}

static json_t *published_fields(const Packs *packs, const RecordType *type, json_t *codes) {
    json_t *fields = json_array();
    for (guint i = 0; i < type->publish->len; i++) {
        const Field *field = type_field(type, type->publish->pdata[i]);
        json_array_append_new(fields, field ? field_json(type, field)
                                            : json_pack("{s:s}", "name", type->publish->pdata[i]));
        if (field)
            add_codes(packs, field, codes);
    }
    return fields;
}

static json_t *fields_of(const Packs *packs, const RecordType *type, const GPtrArray *list,
                         json_t *codes) {
    json_t *fields = json_array();
    for (guint i = 0; i < list->len; i++) {
        json_array_append_new(fields, field_json(type, list->pdata[i]));
        add_codes(packs, list->pdata[i], codes);
    }
    return fields;
}

json_t *public_types(const Packs *packs) {
    json_t *types = json_array(), *codes = json_object();
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        gboolean files = (type->create & ROLE_PUBLIC) != 0;
        if (type->publish == NULL && !files)
            continue;
        json_t *json =
            json_pack("{s:s, s:o}", "name", type->name, "title", title_json(&type->title));
        if (type->publish) {
            json_object_set_new(json, "published", published_fields(packs, type, codes));
            json_object_set_new(json, "states", states_json(type));
            json_object_set_new(json, "region", json_boolean(type->publish_region));
        }
        if (files)
            json_object_set_new(json, "given", fields_of(packs, type, type->given, codes));
        if (files && type->receipt_shows->len > 0)
            json_object_set_new(json, "shows", fields_of(packs, type, type->receipt_shows, codes));
        for (guint j = 0; j < type->moves->len; j++) {
            const Move *move = type->moves->pdata[j];
            if (move->by & BY_RECEIPT) /* the forms of their holders need the codes */
                json_decref(fields_of(packs, type, move->accepts, codes));
        }
        json_array_append_new(types, json);
    }
    return json_pack("{s:o, s:o}", "types", types, "codes", codes);
}
