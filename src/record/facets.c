#include "record/facets.h"
#include "record/schema.h"

#include <string.h>

enum { FACETS_MAX = 8, VALUES_MAX = 100 };

static const gboolean counted[FIELD_KINDS] = {[FIELD_CODE] = TRUE,
                                              [FIELD_BOOL] = TRUE,
                                              [FIELD_REF] = TRUE,
                                              [FIELD_REGION] = TRUE,
                                              [FIELD_ROLE] = TRUE};

static const char *facet_column(const RecordType *type, const char *name, GError **error) {
    const Field *field = type_field(type, name);
    if (field ? counted[field->kind] && !field->secret : g_str_equal(name, "state"))
        return schema_column((gpointer)type, name);
    if (field)
        error_set(error, ERROR_REQUEST, name, "facets: not counted",
                  "state, or a field of kind code, bool, ref, region or role", NULL);
    else
        error_set(error, ERROR_FIELD_UNKNOWN, name, "state, …", NULL);
    return NULL;
}

static json_t *value_json(const RecordType *type, const char *name, SqlStatement *st) {
    const Field *field = type_field(type, name);
    if (sql_is_null(st, 0))
        return json_null();
    return field && field->kind == FIELD_BOOL ? json_boolean(sql_int(st, 0))
                                              : json_string(sql_text(st, 0));
}

static json_t *read_values(const RecordType *type, const char *name, SqlStatement *st,
                           GError **error) {
    json_t *values = json_array();
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        json_array_append_new(values, json_pack("{s:o, s:I}", "value", value_json(type, name, st),
                                                "count", (json_int_t)sql_int(st, 1)));
    if (step == SQL_FAILED)
        g_clear_pointer(&values, json_decref);
    return values;
}

static json_t *one_facet(const Act *act, const RecordType *type, const RecordQuery *asked,
                         const char *name, GError **error) {
    const char *column = facet_column(type, name, error);
    if (column == NULL)
        return NULL;
    g_autoptr(Query) query = query_new("SELECT ");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    query_add_format(query, "%s, count(*)", column);
    if (!list_where(query, act, type, asked, conditions, error))
        return NULL;
    query_add_format(query, " GROUP BY %s ORDER BY count(*) DESC, %s LIMIT %d", column, column,
                     VALUES_MAX);
    SqlStatement *st = query_start(query, act->sql, error);
    return st ? read_values(type, name, st, error) : NULL;
}

json_t *facets_json(const Act *act, const RecordType *type, const RecordQuery *asked,
                    GError **error) {
    g_auto(GStrv) names = g_strsplit(asked->facets, ",", FACETS_MAX + 1);
    json_t *facets = json_object();
    if (g_strv_length(names) > FACETS_MAX) {
        error_set(error, ERROR_REQUEST, "facets", "facets: too many", "at most 8", NULL);
        g_clear_pointer(&facets, json_decref);
    }
    for (guint i = 0; facets && names[i]; i++) {
        const char *name = g_strstrip(names[i]);
        json_t *values = one_facet(act, type, asked, name, error);
        if (values)
            json_object_set_new(facets, name, values);
        else
            g_clear_pointer(&facets, json_decref);
    }
    return facets;
}
