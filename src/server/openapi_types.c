/* Schemas of the record types. A record as it is answered may carry more members (open for what
 * comes later); what is sent may not, because the doors refuse unknown fields. */
#include "base/duration.h"
#include "server/openapi.h"

#include <string.h>

/* What a kind is in JSON; a kind without a row may be anything. */
static const char *const kind_schemas[FIELD_KINDS] = {
    [FIELD_TEXT] = "{'type': 'string'}",
    [FIELD_INTEGER] = "{'type': 'integer'}",
    [FIELD_DECIMAL] = "{'type': 'number'}",
    [FIELD_BOOL] = "{'type': 'boolean'}",
    [FIELD_DATE] = "{'type': 'string', 'format': 'date'}",
    [FIELD_TIME] = "{'type': 'string', 'format': 'date-time'}",
    [FIELD_CODE] = "{}",
    [FIELD_REF] = "{'type': 'string', 'maxLength': 200}",
    [FIELD_REGION] = "{'type': 'string', 'maxLength': 200}",
    [FIELD_ROLE] = "{'type': 'string', 'maxLength': 200}",
    [FIELD_MONEY] = "{'type': 'number', 'minimum': -9999999999999.99, 'maximum': "
                    "9999999999999.99}",
    [FIELD_DURATION] =
        "{'type': 'string', 'format': 'duration', 'pattern': "
        "'^P(?:[0-9]+W)?(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:[.][0-9]{"
        "1,3})?S)?)?$'}",
    [FIELD_ROWS] = "{'type': 'array'}",
    [FIELD_SCORE] = "{'type': 'number'}",
    [FIELD_POINT] = "{'$ref': '#/components/schemas/Place'}",
    [FIELD_AREA] = "{'$ref': '#/components/schemas/Area'}",
    [FIELD_FILE] = "{'type': 'array', 'items': {'$ref': '#/components/schemas/FileUse'}}",
};

static void set_text(json_t *json, const char *name, const char *text) {
    json_object_set_new(json, name, json_string(text));
}

static json_t *ref_to(const char *name) {
    g_autofree char *target = g_strconcat("#/components/schemas/", name, NULL);
    return json_pack("{s:s}", "$ref", target);
}

static void set_numbers(json_t *schema, const Field *field) {
    if (field->kind == FIELD_DURATION)
        return; /* said in words */
    if (field->has_min)
        json_object_set_new(schema, "minimum", json_real(field->min));
    if (field->has_max)
        json_object_set_new(schema, "maximum", json_real(field->max));
}

static void set_form(json_t *schema, const Field *field) {
    enum { TEXT_MAX_CHARS = 4000 };
    json_object_set_new(schema, "maxLength",
                        json_integer(field->max_chars > 0 ? field->max_chars : TEXT_MAX_CHARS));
    if (field->pattern_text) {
        g_autofree char *anchored = g_strdup_printf("^(?:%s)$", field->pattern_text);
        set_text(schema, "pattern", anchored);
    }
}

static void describe_span(GString *text, const Field *field) {
    char span[DURATION_TEXT];
    if (field->has_min)
        g_string_append_printf(text, "; at least %s", duration_format((gint64)field->min, span));
    if (field->has_max)
        g_string_append_printf(text, "; at most %s", duration_format((gint64)field->max, span));
}

static void describe(json_t *schema, const Field *field) {
    GString *text = g_string_new(field->title.en);
    if (field->unit)
        g_string_append_printf(text, ", %s", field->unit);
    if (field->ref_type)
        g_string_append_printf(text, "; id of a record of type %s", field->ref_type);
    if (field->required_when)
        g_string_append_printf(text, "; required when %s", condition_text(field->required_when));
    if (field->shown_when)
        g_string_append_printf(text, "; only when %s", condition_text(field->shown_when));
    if (field->kind == FIELD_DURATION)
        describe_span(text, field);
    if (field->compute) {
        g_string_append_printf(text, "; worked out: %s", expression_text(field->compute));
        json_object_set_new(schema, "readOnly", json_true());
    }
    set_text(schema, "title", field->title.zh);
    set_text(schema, "description", text->str);
    g_string_free(text, TRUE);
}

static json_t *properties_of(const GPtrArray *fields, gboolean may_empty);
static json_t *closed_object(json_t *properties, json_t *required);

static void set_rows(json_t *schema, const Field *field) {
    json_t *required = json_array();
    for (guint i = 0; i < field->rows->fields->len; i++) {
        const Field *cell = field->rows->fields->pdata[i];
        if (cell->required && !cell->shown_when && !cell->default_value)
            json_array_append_new(required, json_string(cell->name));
    }
    json_t *row = closed_object(properties_of(field->rows->fields, FALSE), required);
    json_object_set_new(row, "minProperties", json_integer(1));
    json_object_set_new(schema, "items", row);
    json_object_set_new(schema, "maxItems", json_integer(field->max_rows));
}

/* As it is answered: a sealed value is only told to be there. */
static json_t *answered_field(const Field *field) {
    json_t *schema = field->secret ? ref_to("Sealed") : NULL;
    if (schema == NULL)
        return openapi_field(field);
    describe(schema, field);
    return schema;
}

json_t *openapi_field(const Field *field) {
    const char *kind = kind_schemas[field->kind];
    g_autofree char *text = g_strdelimit(g_strdup(kind ? kind : "{}"), "'", '"');
    json_t *schema = json_loads(text, 0, NULL);
    g_assert(schema != NULL);
    if (field->codes) {
        g_autofree char *codes = g_strconcat("codes.", field->codes->name, NULL);
        json_object_update_new(schema, ref_to(codes));
    }
    if (field->rows)
        set_rows(schema, field);
    if (field->kind == FIELD_TEXT)
        set_form(schema, field);
    else
        set_numbers(schema, field);
    describe(schema, field);
    return schema;
}

/* What JSON Schema has no word for. */
static void describe_code(json_t *choice, const CodeItem *item) {
    char day[TIME_TEXT];
    if (item->parent_code)
        json_object_set_new(choice, "x-parent", json_string(item->parent_code));
    if (item->valid.from)
        json_object_set_new(choice, "x-valid-from", json_string(day_format(item->valid.from, day)));
    if (item->valid.to)
        json_object_set_new(choice, "x-valid-to", json_string(day_format(item->valid.to, day)));
    g_autofree char *span = item->span.n ? span_text(&item->span) : NULL;
    if (span)
        json_object_set_new(choice, "x-span", json_string(span));
}

static json_t *codes_schema(const CodeList *list) {
    json_t *choices = json_array();
    for (guint i = 0; i < list->items->len; i++) {
        const CodeItem *item = list->items->pdata[i];
        json_t *choice = json_pack("{s:s, s:s, s:s}", "const", item->code, "title", item->title.zh,
                                   "description", item->title.en);
        describe_code(choice, item);
        json_array_append_new(choices, choice);
    }
    return json_pack("{s:s, s:s, s:o}", "type", "string", "title", list->title.zh, "oneOf",
                     choices);
}

static json_t *answered_properties(const GPtrArray *fields) {
    json_t *properties = json_object();
    for (guint i = 0; i < fields->len; i++) {
        const Field *field = fields->pdata[i];
        json_object_set_new(properties, field->name, answered_field(field));
    }
    return properties;
}

static json_t *properties_of(const GPtrArray *fields, gboolean may_empty) {
    json_t *properties = json_object();
    for (guint i = 0; i < fields->len; i++) {
        const Field *field = fields->pdata[i];
        json_t *schema = openapi_field(field);
        if (may_empty)
            schema = json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
        json_object_set_new(properties, field->name, schema);
    }
    return properties;
}

static json_t *closed_object(json_t *properties, json_t *required) {
    json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                               "additionalProperties", FALSE);
    if (json_array_size(required) > 0)
        json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}

/* Of every new record. */
static gboolean is_demanded(const RecordType *type, const Field *field) {
    gboolean at_start = type->initial && (field->required_states >> type->initial->index & 1);
    return (field->required || at_start) && !field->shown_when && !field->default_value;
}

static json_t *create_schema(const RecordType *type) {
    json_t *required = json_array();
    for (guint i = 0; i < type->given->len; i++) {
        const Field *field = type->given->pdata[i];
        if (is_demanded(type, field))
            json_array_append_new(required, json_string(field->name));
    }
    return closed_object(properties_of(type->given, FALSE), required);
}

static json_t *states_schema(const RecordType *type) {
    json_t *choices = json_array();
    for (guint i = 0; i < type->states->len; i++) {
        const State *state = type->states->pdata[i];
        json_array_append_new(choices, json_pack("{s:s, s:s, s:s}", "const", state->name, "title",
                                                 state->title.zh, "description", state->title.en));
    }
    return json_pack("{s:o}", "oneOf", choices);
}

/* Everything of a Record, and the type's own fields. */
static json_t *record_schema(const RecordType *type) {
    json_t *properties = answered_properties(type->fields);
    json_object_set_new(properties, "type", json_pack("{s:s}", "const", type->name));
    if (type->states->len)
        json_object_set_new(properties, "state", states_schema(type));
    return json_pack("{s:s, s:s, s:[o, {s:o}]}", "title", type->title.zh, "description",
                     type->title.en, "allOf", ref_to("Record"), "properties", properties);
}

static json_t *list_schema(const RecordType *type) {
    return json_pack("{s:[o, {s:{s:{s:o}}}]}", "allOf", ref_to("Record.list"), "properties",
                     "items", "items", ref_to(type->name));
}

/* A required field may stand in the record already, so it is named and not demanded of the body. */
static json_t *move_schema(const Packs *packs, const Move *move) {
    GString *text = g_string_new(move->title.en);
    g_autofree char *who = roles_text(packs, move->who, LANG_EN);
    g_string_append_printf(text, ". By: %s. Must have a value after it:", who);
    json_t *require = json_array();
    for (guint i = 0; i < move->require->len; i++) {
        const Field *field = move->require->pdata[i];
        g_string_append_printf(text, "%s %s", i ? "," : "", field->name);
        json_array_append_new(require, json_string(field->name));
    }
    json_t *fields = closed_object(properties_of(move->accepts, TRUE), json_array());
    json_object_set_new(fields, "x-require", require);
    json_t *comment = json_pack("{s:s, s:i}", "type", "string", "maxLength", 4000);
    json_t *schema =
        closed_object(json_pack("{s:o, s:o}", "fields", fields, "comment", comment),
                      move->require_comment ? json_pack("[s]", "comment") : json_array());
    set_text(schema, "title", move->title.zh);
    set_text(schema, "description", text->str);
    g_string_free(text, TRUE);
    return schema;
}

static void set_schema(json_t *schemas, const RecordType *type, const char *suffix,
                       json_t *schema_take) {
    g_autofree char *name = g_strconcat(type->name, suffix, NULL);
    json_object_set_new(schemas, name, schema_take);
}

static void add_type(json_t *schemas, const Packs *packs, const RecordType *type) {
    set_schema(schemas, type, "", record_schema(type));
    set_schema(schemas, type, ".list", list_schema(type));
    set_schema(schemas, type, ".create", create_schema(type));
    set_schema(schemas, type, ".edit",
               closed_object(properties_of(type->given, TRUE), json_array()));
    for (guint i = 0; i < type->moves->len; i++) {
        const Move *move = type->moves->pdata[i];
        g_autofree char *suffix = g_strconcat(".move.", move->name, NULL);
        if (move->who)
            set_schema(schemas, type, suffix, move_schema(packs, move));
    }
}

void openapi_add_types(json_t *schemas, const Packs *packs) {
    for (guint i = 0; i < packs->codes->len; i++) {
        const CodeList *list = packs->codes->pdata[i];
        g_autofree char *name = g_strconcat("codes.", list->name, NULL);
        json_object_set_new(schemas, name, codes_schema(list));
    }
    for (guint i = 0; i < packs->types->len; i++)
        add_type(schemas, packs, packs->types->pdata[i]);
}
