#include "base/duration.h"
#include "base/media.h"
#include "record/act.h"
#include "record/record_index.h"
#include "record/rights.h"

#include <string.h>

static void set_text(json_t *json, const char *name, const char *text) {
    if (text)
        json_object_set_new(json, name, json_string(text));
}

/* As a value of the field is written. */
static json_t *limit_json(const Field *field, double limit) {
    char text[DURATION_TEXT];
    return field->kind == FIELD_DURATION ? json_string(duration_format((gint64)limit, text))
                                         : json_real(limit);
}

static json_t *state_names(const RecordType *type, guint64 states) {
    json_t *names = json_array();
    for (guint i = 0; i < type->states->len; i++)
        if (states >> i & 1)
            json_array_append_new(names,
                                  json_string(((const State *)type->states->pdata[i])->name));
    return names;
}

/* The media types that the field takes, as a web page's file chooser wants them. */
static json_t *accept_json(guint accept) {
    json_t *types = json_array();
    const Media *media;
    for (guint i = 0; (media = media_at(i)) != NULL; i++)
        if (accept & media->class)
            json_array_append_new(types, json_string(media->type));
    return types;
}
static json_t *fields_json(const RecordType *type);

json_t *field_json(const RecordType *type, const Field *field) {
    json_t *json = json_pack("{s:s, s:s, s:o}", "name", field->name, "kind",
                             field_kind_name(field->kind), "title", title_json(&field->title));
    json_object_set_new(json, "required",
                        field->required_when ? json_string(condition_text(field->required_when))
                                             : json_boolean(field->required));
    set_text(json, "codes", field->codes ? field->codes->name : NULL);
    set_text(json, "under", field->under);
    set_text(json, "format", field->format);
    set_text(json, "type", field->ref_type);
    set_text(json, "unit", field->unit);
    set_text(json, "default", field->default_value);
    if (field->required_states)
        json_object_set_new(json, "required_states", state_names(type, field->required_states));
    if (field->secret)
        json_object_set_new(json, "secret", json_true());
    if (field->by_move)
        json_object_set_new(json, "by_move", json_true());
    set_text(json, "shown", field->shown_when ? condition_text(field->shown_when) : NULL);
    if (field->rows) {
        json_object_set_new(json, "fields", fields_json(field->rows));
        json_object_set_new(json, "min_rows", json_integer(field->min_rows));
        json_object_set_new(json, "max_rows", json_integer(field->max_rows));
    }
    set_text(json, "compute", field->compute ? expression_text(field->compute) : NULL);
    if (field->kind == FIELD_FILE) {
        json_object_set_new(json, "accept", accept_json(field->accept));
        json_object_set_new(json, "max_files", json_integer(field->max_files));
        json_object_set_new(json, "max_size", json_integer(field->max_size));
    }
    if (field->has_min)
        json_object_set_new(json, "min", limit_json(field, field->min));
    if (field->kind == FIELD_TEXT && field->max_chars > 0)
        json_object_set_new(json, "max", json_integer(field->max_chars));
    else if (field->has_max)
        json_object_set_new(json, "max", limit_json(field, field->max));
    return json;
}

static json_t *fields_json(const RecordType *type) {
    json_t *fields = json_array();
    for (guint i = 0; i < type->fields->len; i++)
        json_array_append_new(fields, field_json(type, type->fields->pdata[i]));
    return fields;
}

json_t *states_json(const RecordType *type) {
    json_t *states = json_array();
    for (guint i = 0; i < type->states->len; i++) {
        const State *state = type->states->pdata[i];
        json_t *json = json_pack("{s:s, s:o, s:b}", "name", state->name, "title",
                                 title_json(&state->title), "final", state->final);
        if (state->aside)
            json_object_set_new(json, "aside", json_true());
        json_array_append_new(states, json);
    }
    return states;
}

/* What lists may ask of the fields. */
static void add_list_uses(const RecordType *type, json_t *fields) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (field_counted(field))
            json_object_set_new(json_array_get(fields, i), "facet", json_true());
        if (type_sorts_by(type, field->name))
            json_object_set_new(json_array_get(fields, i), "sort", json_true());
    }
}

/* What every record has and its lists are sorted by. */
static json_t *sorts_json(const RecordType *type) {
    static const char *const names[] = {"created_at", "updated_at", "state", "number", "id"};
    json_t *sorts = json_array();
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (type_sorts_by(type, names[i]))
            json_array_append_new(sorts, json_string(names[i]));
    return sorts;
}

static json_t *names_json(const GPtrArray *names) {
    json_t *json = json_array();
    for (guint i = 0; i < names->len; i++)
        json_array_append_new(json, json_string(names->pdata[i]));
    return json;
}

/* Names that stand in the journal, in words; a clock that changed over time stands there once. */
static void add_name(json_t *names, const char *name, const Title *title) {
    size_t i;
    json_t *other;
    json_array_foreach(names, i, other) {
        if (strcmp(json_string_value(json_object_get(other, "name")), name) == 0)
            return;
    }
    json_array_append_new(names, json_pack("{s:s, s:o}", "name", name, "title", title_json(title)));
}

static json_t *clock_names(const RecordType *type) {
    json_t *names = json_array();
    for (guint i = 0; i < type->clocks->len; i++) {
        const ClockType *clock = type->clocks->pdata[i];
        add_name(names, clock->name, &clock->title);
    }
    return names;
}

static json_t *watch_names(const RecordType *type) {
    json_t *names = json_array();
    for (guint i = 0; i < type->watches->len; i++) {
        const Watch *watch = type->watches->pdata[i];
        add_name(names, watch->name, &watch->title);
    }
    return names;
}

/* The papers that moves produce. */
static json_t *document_names(const RecordType *type) {
    json_t *names = json_array();
    for (guint i = 0; i < type->documents->len; i++) {
        const DocumentType *document = type->documents->pdata[i];
        add_name(names, document->name, &document->title);
    }
    return names;
}

static json_t *type_json(const Actor *actor, const RecordType *type) {
    json_t *fields = fields_json(type), *moves = json_array();
    for (guint i = 0; i < type->moves->len; i++)
        json_array_append_new(moves, move_json(type->moves->pdata[i]));
    json_t *json =
        json_pack("{s:s, s:o, s:b, s:o, s:o, s:o, s:{s:b, s:b}}", "name", type->name, "title",
                  title_json(&type->title), "has_flow", type->initial != NULL, "fields", fields,
                  "states", states_json(type), "moves", moves, "rights", "create",
                  rights_create(actor, type), "reveal", rights_keeps(actor, type));
    set_text(json, "pack", type->pack);
    if (type->documents->len)
        json_object_set_new(json, "documents", document_names(type));
    add_list_uses(type, fields);
    json_object_set_new(json, "sorts", sorts_json(type));
    json_object_set_new(json, "clocks", clock_names(type));
    json_object_set_new(json, "watches", watch_names(type));
    set_text(json, "key", type->key ? type->key->name : NULL);
    set_text(json, "label", type->label ? type->label->name : NULL);
    set_text(json, "sector", type->scope_sector ? type->scope_sector->name : NULL);
    if (type->publish)
        json_object_set_new(json, "published", names_json(type->publish));
    return json;
}

static void set_day(json_t *json, const char *name, gint64 day) {
    char buffer[TIME_TEXT];
    if (day)
        json_object_set_new(json, name, json_string(day_format(day, buffer)));
}

static json_t *code_json(const CodeItem *item) {
    json_t *json = json_pack("{s:s, s:o}", "code", item->code, "title", title_json(&item->title));
    set_text(json, "parent", item->parent_code);
    set_day(json, "valid_from", item->valid.from);
    set_day(json, "valid_to", item->valid.to);
    if (item->span.n) {
        g_autofree char *span = span_text(&item->span);
        set_text(json, "span", span);
    }
    if (item->map == NULL)
        return json;
    json_t *map = json_object();
    GHashTableIter iter;
    gpointer system, code;
    g_hash_table_iter_init(&iter, item->map);
    while (g_hash_table_iter_next(&iter, &system, &code))
        set_text(map, system, code);
    json_object_set_new(json, "map", map);
    return json;
}

json_t *codes_json(const CodeList *codes) {
    json_t *items = json_array();
    for (guint i = 0; i < codes->items->len; i++) {
        const CodeItem *item = codes->items->pdata[i];
        json_array_append_new(items, code_json(item));
    }
    return json_pack("{s:o, s:o}", "title", title_json(&codes->title), "items", items);
}

static json_t *role_json(const Role *role) {
    return json_pack("{s:s, s:s, s:s*, s:o}", "name", role->name, "level", level_name(role->level),
                     "scope", role->sector ? "sector" : NULL, "title", title_json(&role->title));
}

json_t *record_types(const Packs *packs, const Actor *actor) {
    json_t *types = json_array(), *codes = json_object(), *roles = json_array(),
           *infos = json_array();
    for (guint i = 0; i < packs->types->len; i++)
        if (rights_read(actor, packs->types->pdata[i]))
            json_array_append_new(types, type_json(actor, packs->types->pdata[i]));
    for (guint i = 0; i < packs->codes->len; i++) {
        const CodeList *list = packs->codes->pdata[i];
        json_object_set_new(codes, list->name, codes_json(list));
    }
    for (guint i = 0; i < packs->roles->len; i++)
        json_array_append_new(roles, role_json(packs->roles->pdata[i]));
    for (guint i = 0; i < packs->infos->len; i++) {
        const PackInfo *info = packs->infos->pdata[i];
        json_array_append_new(infos, json_pack("{s:s, s:o, s:i}", "pack", info->name, "title",
                                               title_json(&info->title), "version", info->version));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "types", types, "codes", codes, "roles", roles,
                     "packs", infos);
}
