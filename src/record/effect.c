#include "record/effect.h"
#include "base/hash.h"
#include "record/row_values.h"

#include <string.h>

/* --- templates --- */

static char *code_title(const Field *field, const char *code, Lang lang) {
    const CodeItem *item = g_hash_table_lookup(field->codes->by_code, code);
    return g_strdup(item == NULL ? code : lang == LANG_EN ? item->title.en : item->title.zh);
}

static char *ref_label(const Act *act, const Field *field, const char *id) {
    const RecordType *type =
        packs_type(act->packs, field->kind == FIELD_REGION ? "region" : field->ref_type);
    g_autoptr(Row) target = type ? row_load(act->sql, type, id, NULL) : NULL;
    return target ? row_label(target) : g_strdup(id);
}

static char *field_title(const Act *act, const Row *row, const Field *field, Lang lang) {
    const char *text = row_text(row, field);
    if (text && field->kind == FIELD_CODE)
        return code_title(field, text, lang);
    if (text && (field->kind == FIELD_REF || field->kind == FIELD_REGION))
        return ref_label(act, field, text);
    return field_value_to_text(field, row_value(row, field));
}

static char *name_text(const Act *act, const Row *row, const char *name, gboolean title,
                       Lang lang) {
    const Field *field = type_field(row->type, name);
    if (field)
        return title ? field_title(act, row, field, lang)
                     : field_value_to_text(field, row_value(row, field));
    if (title && row->state && strcmp(name, "state") == 0)
        return g_strdup(lang == LANG_EN ? row->state->title.en : row->state->title.zh);
    Term term = row_term((gpointer)row, name);
    return g_strdup(term.kind == TERM_TEXT ? term.text : "");
}

char *template_text(const Act *act, const Row *row, const char *placeholder, Lang lang) {
    g_autofree char *name = g_strdup(placeholder);
    char *colon = strchr(name, ':');
    if (colon)
        *colon = 0;
    return name_text(act, row, name, colon != NULL, lang);
}

char *template_fill(const Act *act, const Row *row, const char *template, Lang lang,
                    TemplateText own, gpointer data) {
    GString *out = g_string_new(NULL);
    for (const char *p = template; *p;) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        if (end == NULL) {
            g_string_append_c(out, *p++);
            continue;
        }
        g_autofree char *name = g_strndup(p + 1, (gsize)(end - p - 1));
        char *text = own ? own(act, row, name, data) : NULL;
        if (text == NULL)
            text = template_text(act, row, name, lang);
        g_string_append(out, text);
        g_free(text);
        p = end + 1;
    }
    return g_string_free(out, FALSE);
}

char *template_expand(const Act *act, const Row *row, const char *template, Lang lang) {
    return template_fill(act, row, template, lang, NULL, NULL);
}

/* --- assignments --- */

static gboolean copy_value(const Row *row, const char *name, const Field *target, FieldValue *value,
                           GError **error) {
    const Field *source = type_field(row->type, name);
    if (source == NULL) {
        Term term = row_term((gpointer)row, name);
        return term.kind != TERM_TEXT || field_value_from_text(target, term.text, value, error);
    }
    json_t *json = field_value_to_json(source, row_value(row, source));
    gboolean done = field_value_from_json(target, json, value, error);
    json_decref(json);
    return done;
}

/* A template's text is cut to fit: a long name must not forbid a move. */
static gboolean template_value(const Act *act, const Row *row, const char *template,
                               const Field *target, FieldValue *value, GError **error) {
    g_autofree char *text = template_expand(act, row, template, LANG_ZH);
    if (target->kind == FIELD_TEXT && target->max_chars > 0 &&
        g_utf8_strlen(text, -1) > target->max_chars)
        *g_utf8_offset_to_pointer(text, target->max_chars) = 0;
    return field_value_from_text(target, text, value, error);
}

static gboolean time_value(const Field *target, gint64 ms, gboolean day, FieldValue *value,
                           GError **error) {
    char text[TIME_TEXT];
    if (day || target->kind == FIELD_DATE)
        day_format(day_of(ms), text);
    else
        time_format(ms, text);
    return field_value_from_text(target, text, value, error);
}

static gboolean literal_value(const Assignment *assignment, const Field *target, FieldValue *value,
                              GError **error) {
    json_t *json;
    if (assignment->kind == VALUE_BOOL)
        json = json_boolean(assignment->number != 0);
    else if (target->kind == FIELD_INTEGER)
        json = json_integer((json_int_t)assignment->number);
    else
        json = json_real(assignment->number);
    gboolean done = field_value_from_json(target, json, value, error);
    json_decref(json);
    return done;
}

gboolean assignment_value(const Act *act, const Row *row, const Assignment *assignment,
                          const Field *target, FieldValue *value, GError **error) {
    field_value_clear(value);
    switch (assignment->kind) {
    case VALUE_NULL:
        return TRUE;
    case VALUE_TEXT:
        return field_value_from_text(target, assignment->text, value, error);
    case VALUE_TEMPLATE:
        return template_value(act, row, assignment->text, target, value, error);
    case VALUE_NOW:
    case VALUE_TODAY:
        return time_value(target, act->now_ms, assignment->kind == VALUE_TODAY, value, error);
    case VALUE_ACTOR:
        return field_value_from_text(target, act->actor->id, value, error);
    case VALUE_FIELD:
        return copy_value(row, assignment->text, target, value, error);
    case VALUE_ID:
        return field_value_from_text(target, row->id, value, error);
    case VALUE_ENTERPRISE:
        return row_enterprise(row) == NULL ||
               field_value_from_text(target, row_enterprise(row), value, error);
    case VALUE_BOOL:
    case VALUE_NUMBER:
        return literal_value(assignment, target, value, error);
    case VALUE_CALC:
        return act_value(act, row, assignment->calc, target, value, error);
    case VALUE_RECORDS:
        return act_records(act, row, assignment->records, target, value, error);
    case VALUE_ROWS:
        return act_rows(act, row, assignment->rows, target, value, error);
    }
    return FALSE;
}

static gboolean assign(const Act *act, Row *row, const Assignment *assignment, GError **error) {
    const Field *target = type_field(row->type, assignment->field);
    FieldValue value = {0};
    if (!assignment_value(act, row, assignment, target, &value, error))
        return FALSE;
    field_value_clear(row_value(row, target));
    *row_value(row, target) = value;
    return TRUE;
}

gboolean assign_all(const Act *act, Row *row, const GArray *set, GError **error) {
    for (guint i = 0; set && i < set->len; i++)
        if (!assign(act, row, &g_array_index(set, Assignment, i), error))
            return FALSE;
    return TRUE;
}

/* --- raise --- */

void raise_free(gpointer data) {
    Raise *raise = data;
    g_free(raise->id);
    json_decref(raise->fields);
    g_free(raise);
}

static json_t *raised_fields(const Act *act, const Row *row, const Effect *effect,
                             const RecordType *type, GError **error) {
    json_t *fields = json_object();
    for (guint i = 0; i < effect->fields->len; i++) {
        const Assignment *assignment = &g_array_index(effect->fields, Assignment, i);
        const Field *target = type_field(type, assignment->field);
        FieldValue value = {0};
        if (!assignment_value(act, row, assignment, target, &value, error)) {
            json_decref(fields);
            return NULL;
        }
        json_object_set_new(fields, target->name, field_value_to_json(target, &value));
        field_value_clear(&value);
    }
    return fields;
}

static gboolean link_row(Row *row, const Effect *effect, const char *id, GError **error) {
    const Field *link = effect->link ? type_field(row->type, effect->link) : NULL;
    return link == NULL || id == NULL ||
           field_value_from_text(link, id, row_value(row, link), error);
}

static gboolean prepare_raise(const Act *act, Row *row, const Effect *effect, GPtrArray *raises,
                              GError **error) {
    const RecordType *type = packs_type(act->packs, effect->type);
    json_t *fields = raised_fields(act, row, effect, type, error);
    if (fields == NULL)
        return FALSE;
    Raise *raise = g_new0(Raise, 1);
    *raise = (Raise){.type = type, .fields = fields};
    g_ptr_array_add(raises, raise);
    if (type->key)
        return link_row(row, effect, json_string_value(json_object_get(fields, type->key->name)),
                        error);
    char id[ID_TEXT];
    raise->id = g_strdup(id_new(act->now_ms, id));
    return link_row(row, effect, id, error);
}

static gboolean happens(const Act *act, const Row *row, const Effect *effect, EffectKind kind) {
    return effect->kind == kind && (effect->when == NULL || act_holds(act, row, effect->when));
}

gboolean effects_prepare(const Act *act, Row *row, const Move *move, GPtrArray *raises,
                         GError **error) {
    for (guint i = 0; move->effects && i < move->effects->len; i++) {
        const Effect *effect = &g_array_index(move->effects, Effect, i);
        if (happens(act, row, effect, EFFECT_RAISE) &&
            !prepare_raise(act, row, effect, raises, error))
            return FALSE;
    }
    return TRUE;
}

/* --- notify --- */

static gboolean write_notice(const Act *act, const Row *row, const char *role, const char *zh,
                             const char *en, GError **error) {
    SqlStatement *st = sql_query(
        act->sql, error,
        "INSERT INTO notices (seq, time_ms, role, title_zh, title_en, type, id, _region, "
        "_enterprise, _sector) "
        "VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM notices), ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "itttttttt", act->now_ms, role, zh, en, row->type->name, row->id, row->region,
        row_enterprise(row), row->sector);
    return st && sql_send(st, error);
}

gboolean notices_write(const Act *act, const Row *row, RoleSet who, const char *zh, const char *en,
                       GError **error) {
    for (guint i = 0; i < act->packs->roles->len; i++) {
        const Role *role = act->packs->roles->pdata[i];
        if (role_in(role, who) && !write_notice(act, row, role->name, zh, en, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean notify(const Act *act, const Row *row, const Effect *effect, GError **error) {
    g_autofree char *zh = template_expand(act, row, effect->title.zh, LANG_ZH);
    g_autofree char *en = template_expand(act, row, effect->title.en, LANG_EN);
    return notices_write(act, row, effect->who, zh, en, error);
}

static gboolean run_raise(const Act *act, const Raise *raise, GError **error) {
    json_t *record = create_row(act, raise->type, raise->id, raise->fields, NULL, TRUE, error);
    json_decref(record);
    return record != NULL;
}

gboolean effects_run(const Act *act, const Row *row, const Move *move, const GPtrArray *raises,
                     GError **error) {
    for (guint i = 0; i < raises->len; i++)
        if (!run_raise(act, raises->pdata[i], error))
            return FALSE;
    for (guint i = 0; move->effects && i < move->effects->len; i++) {
        const Effect *effect = &g_array_index(move->effects, Effect, i);
        if (happens(act, row, effect, EFFECT_NOTIFY) && !notify(act, row, effect, error))
            return FALSE;
    }
    return TRUE;
}
