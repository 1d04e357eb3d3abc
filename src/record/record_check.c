#include "record/act.h"
#include "record/rights.h"
#include "record/row_values.h"
#include "record/schema.h"

#include <string.h>

gboolean check_comment(const char *comment, GError **error) {
    enum { COMMENT_MAX_CHARS = 2000 };
    if (comment == NULL || g_utf8_strlen(comment, -1) <= COMMENT_MAX_CHARS)
        return TRUE;
    return error_set(error, ERROR_FIELD_RANGE, "comment", "≤ 2000 字 (characters)", NULL);
}

static char *field_names(const GPtrArray *fields) { /* NULL: none to name */
    GString *names = g_string_new(NULL);
    for (guint i = 0; fields && i < fields->len; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               ((const Field *)fields->pdata[i])->name);
    return g_string_free(names, FALSE);
}

static gboolean unknown_refused(const RecordType *type, const char *name, GError **error) {
    g_autofree char *names = field_names(type->fields);
    return error_set(error, ERROR_FIELD_UNKNOWN, name, names, NULL);
}

static gboolean not_accepted(const char *name, const GPtrArray *accepts, GError **error) {
    g_autofree char *names = field_names(accepts);
    return error_set(error, ERROR_FIELD_NOT_ACCEPTED, name, *names ? names : "—", NULL);
}

static gboolean accepted(const Field *field, const GPtrArray *accepts) {
    return accepts == NULL || g_ptr_array_find((GPtrArray *)accepts, field, NULL);
}

/* An existing record keeps its key: giving the same one again is no change. */
static gboolean key_kept(const Row *row, json_t *value, GError **error) {
    return row->id == NULL || g_strcmp0(json_string_value(value), row->id) == 0 ||
           error_set(error, ERROR_FIELD_NOT_ACCEPTED, row->type->key->name,
                     "除编码外的字段 (all fields but the key)", NULL);
}

/* A client that sends back what it was shown changes nothing. */
static gboolean sealed_kept(const Row *row, const Field *field, json_t *value) {
    return field->secret && row_value(row, field)->sealed && json_object_size(value) == 1 &&
           json_is_true(json_object_get(value, "sealed"));
}

gboolean check_given(Row *row, json_t *fields, const GPtrArray *accepts, GError **error) {
    const char *name;
    json_t *value;
    json_object_foreach(fields, name, value) {
        const Field *field = type_field(row->type, name);
        if (field == NULL)
            return unknown_refused(row->type, name, error);
        if (field->computed || !accepted(field, accepts))
            return not_accepted(name, accepts, error);
        if (field == row->type->key && !key_kept(row, value, error))
            return FALSE;
        if (!sealed_kept(row, field, value) &&
            !field_value_from_json(field, value, row_value(row, field), error))
            return FALSE;
    }
    return TRUE;
}

/* What a person may not see does not exist for him, also as the target of a reference. */
static gboolean row_seen(const Act *act, const RecordType *type, const char *id, SqlStatement *st) {
    return (act->actor->kind != ACTOR_PERSON && act->actor->kind != ACTOR_GUEST &&
            act->actor->kind != ACTOR_HOLDER) ||
           (rights_read(act->actor, type) &&
            rights_sees(act->sql, act->actor, type, id, sql_text(st, 0), sql_text(st, 1),
                        sql_text(st, 2)));
}

static gboolean row_exists(const Act *act, const RecordType *type, const char *id, gboolean any,
                           gboolean *exists, GError **error) {
    g_autofree char *text =
        g_strdup_printf("SELECT _region, _enterprise, _sector FROM r_%s WHERE _id = ?", type->name);
    SqlStatement *st = sql_query(act->sql, error, text, "t", id);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    *exists = step == SQL_ROW && (any || row_seen(act, type, id, st));
    if (step == SQL_ROW)
        sql_reset(st);
    return step != SQL_FAILED;
}

/* People name whoever they assign a record to, though nobody reads the register of users. */
static gboolean names_person(const RecordType *type, const Field *field) {
    for (guint i = 0; i < type->assigned->len; i++) {
        const Assigned *assigned = &g_array_index(type->assigned, Assigned, i);
        if (assigned->field == field && assigned->via == NULL)
            return TRUE;
    }
    return FALSE;
}

/* The fields of the scope themselves are judged by in_actors_place, with an error of its own. */
static gboolean ref_exists(const Act *act, const RecordType *type, const Field *field,
                           const char *type_name, const char *id, GError **error) {
    const RecordType *target = packs_type(act->packs, type_name);
    gboolean any =
        field == type->scope_enterprise || field == type->scope_region || names_person(type, field);
    gboolean exists = FALSE;
    if (target && !row_exists(act, target, id, any, &exists, error))
        return FALSE;
    return exists || error_set(error, ERROR_FIELD_REF, field->name,
                               target ? target->title.zh : type_name, id, NULL);
}

static gboolean is_target(const Field *field) {
    return field->kind == FIELD_REF || field->kind == FIELD_REGION || field->kind == FIELD_ROLE;
}

/* A new value is a code that is valid on the day of the act; old ones stay. */
static gboolean code_in_force(const Act *act, const Field *field, const char *code,
                              GError **error) {
    const CodeItem *item = g_hash_table_lookup(field->codes->by_code, code);
    return item == NULL || validity_holds(&item->valid, day_of(act->now_ms)) ||
           error_set(error, ERROR_FIELD_CODE, field->name, code, field->codes->name, NULL);
}

static gboolean check_target(const Act *act, const Row *row, const Field *field, GError **error) {
    const char *text = row_text(row, field);
    switch (field->kind) {
    case FIELD_REF:
        return ref_exists(act, row->type, field, field->ref_type, text, error);
    case FIELD_REGION:
        return ref_exists(act, row->type, field, "region", text, error);
    case FIELD_CODE:
        return code_in_force(act, field, text, error);
    case FIELD_ROLE:
        return packs_role(act->packs, text) ||
               error_set(error, ERROR_FIELD_REF, field->name, "role", text, NULL);
    default:
        return TRUE;
    }
}

static gboolean check_unique(const Act *act, const Row *row, const Field *field, GError **error) {
    if (!field->unique || field == row->type->key || !row_value(row, field)->present)
        return TRUE;
    gboolean own = schema_own_column(row->type, field); /* else it is the enterprise */
    g_autofree char *text = g_strdup_printf("SELECT 1 FROM r_%s WHERE \"%s\" = ? AND _id <> ?",
                                            row->type->name, own ? field->name : "_enterprise");
    SqlStatement *st = sql_prepare(act->sql, text, error);
    if (st == NULL)
        return FALSE;
    int index = 1;
    field_value_bind(st, &index, field, row_value(row, field));
    sql_bind_text(st, index, row->id ? row->id : "");
    SqlStep step = sql_step(st, error);
    if (step != SQL_ROW)
        return step == SQL_DONE;
    sql_reset(st);
    g_autofree char *value = field_value_to_text(field, row_value(row, field));
    return error_set(error, ERROR_FIELD_UNIQUE, field->name, value, NULL);
}

static gboolean is_shown(const Act *act, const Row *row, const Field *field) {
    return field->shown_when == NULL || act_holds(act, row, field->shown_when);
}

static gboolean not_shown(const Field *field, GError **error) {
    return error_set(error, ERROR_FIELD_NOT_SHOWN, field->name, field->title.zh, field->title.en,
                     condition_text(field->shown_when), NULL);
}

/* A value that was asked for, and not one that stood before and lost its place. */
static gboolean is_given(json_t *fields, const Field *field) {
    json_t *given = json_object_get(fields, field->name);
    return given && !json_is_null(given);
}

gboolean check_shown(const Act *act, Row *row, json_t *fields, GError **error) {
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (!row->values[i].present || is_shown(act, row, field))
            continue;
        if (is_given(fields, field))
            return not_shown(field, error);
        field_value_clear(&row->values[i]);
        return check_shown(act, row, fields, error); /* others may hang on what is gone */
    }
    return TRUE;
}

static gboolean is_required(const Act *act, const Row *row, const Field *field) {
    return field->required || (field->required_when && act_holds(act, row, field->required_when));
}

/* One row of a field of kind rows: the given array is new as a whole, so each of its rules is
 * asked.
 */
static gboolean check_row(const Act *act, const Row *view, const Field *field, guint n,
                          GError **error) {
    for (guint i = 0; i < view->type->fields->len; i++) {
        const Field *cell = view->type->fields->pdata[i];
        gboolean present = view->values[i].present, shown = is_shown(act, view, cell);
        gboolean missing = !present && shown && is_required(act, view, cell);
        if (!missing && !(present && !shown) && !(present && is_target(cell)))
            continue;
        g_autofree char *name = g_strdup_printf("%s[%u].%s", field->name, n, cell->name);
        Field named = *cell;
        named.name = name;
        if (missing)
            return check_has_value(view, &named, error);
        if (!shown)
            return not_shown(&named, error);
        if (!check_target(act, view, &named, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_rows(const Act *act, const Row *row, const Field *field, GError **error) {
    guint n = row_count(row, field);
    for (guint i = 0; i < n; i++) {
        Row view = row_view(row, field, i);
        if (!check_row(act, &view, field, i, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean same_in(const Row *before, const Row *row, const Field *field) {
    return before && field_value_equal(row_value(before, field), row_value(row, field));
}

/* Whoever gives a record to a role gives it within his own region; people of enterprises and
 * sectors have none to give. */
static gboolean gives_within(const Act *act, const Row *before, const Row *row,
                             const Assigned *assigned, GError **error) {
    const Actor *actor = act->actor;
    const char *within = row_text(row, assigned->within);
    if (actor->kind != ACTOR_PERSON || actor->role->level == LEVEL_SYSTEM ||
        row_text(row, assigned->field) == NULL ||
        (same_in(before, row, assigned->field) &&
         (!assigned->within || same_in(before, row, assigned->within))))
        return TRUE;
    return (actor->role->level != LEVEL_ENTERPRISE && actor->region && *actor->region && within &&
            g_str_has_prefix(within, actor->region)) ||
           error_set(error, ERROR_SCOPE,
                     (assigned->within ? assigned->within : assigned->field)->name, NULL);
}

static gboolean check_given_roles(const Act *act, const Row *before, const Row *row,
                                  GError **error) {
    for (guint i = 0; i < row->type->assigned->len; i++) {
        const Assigned *assigned = &g_array_index(row->type->assigned, Assigned, i);
        if (assigned->by == ASSIGNED_ROLE && !gives_within(act, before, row, assigned, error))
            return FALSE;
    }
    return TRUE;
}

gboolean check_references(const Act *act, const Row *before, const Row *row, GError **error) {
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (!row->values[i].present ||
            (before && field_value_equal(&before->values[i], &row->values[i])))
            continue;
        if (!check_target(act, row, field, error) || !check_unique(act, row, field, error) ||
            (field->rows && !check_rows(act, row, field, error)))
            return FALSE;
    }
    return check_given_roles(act, before, row, error);
}

gboolean row_settle(const Act *act, Row *row, json_t *fields, GError **error) {
    for (int round = 0; round < 2;
         round++) /* what is emptied may be computed with, and the other way round */
        if (!act_compute(act, row, error) || !check_shown(act, row, fields, error))
            return FALSE;
    return TRUE;
}

gboolean check_has_value(const Row *row, const Field *field, GError **error) {
    return row_value(row, field)->present || error_set(error, ERROR_FIELD_REQUIRED, field->name,
                                                       field->title.zh, field->title.en, NULL);
}

gboolean check_wanted(const Act *act, const Row *row, const Field *field, GError **error) {
    return !is_shown(act, row, field) || check_has_value(row, field, error);
}

static gboolean in_required_state(const Row *row, const Field *field) {
    return row->state && (field->required_states >> row->state->index & 1);
}

gboolean check_state_required(const Act *act, const Row *row, GError **error) {
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (in_required_state(row, field) && !check_wanted(act, row, field, error))
            return FALSE;
    }
    return TRUE;
}

gboolean check_required(const Act *act, const Row *row, GError **error) {
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (!row->values[i].present && is_required(act, row, field) &&
            !check_wanted(act, row, field, error))
            return FALSE;
    }
    return TRUE;
}

gboolean check_rules(const Act *act, const Row *row, GError **error) {
    for (guint i = 0; i < row->type->checks->len; i++) {
        const Guard *check = row->type->checks->pdata[i];
        if (act_in_force(act, row, &check->valid) && act_holds(act, row, check->when))
            return error_set(error, ERROR_CHECK, check->field, check->message.zh, check->message.en,
                             NULL);
    }
    return TRUE;
}

/* What a record has from its enterprise: column 0 the region, 1 the sector. */
static gboolean enterprise_place(Sql *sql, const Packs *packs, const Row *row, char *place[2],
                                 GError **error) {
    const Field *scope = row->type->scope_enterprise;
    const char *enterprise = row_enterprise(row);
    const RecordType *owner =
        enterprise && scope->kind == FIELD_REF ? packs_type(packs, scope->ref_type) : NULL;
    if (owner == NULL)
        return TRUE;
    g_autofree char *text =
        g_strdup_printf("SELECT _region, _sector FROM r_%s WHERE _id = ?", owner->name);
    SqlStatement *st = sql_query(sql, error, text, "t", enterprise);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    for (int i = 0; i < 2; i++)
        place[i] = g_strdup(sql_text(st, i));
    sql_reset(st);
    return TRUE;
}

static char *own_or(const char *own, char **other) {
    return own ? g_strdup(own) : *other ? g_steal_pointer(other) : g_strdup("");
}

gboolean row_find_place(Sql *sql, const Packs *packs, const Row *row, char **region, char **sector,
                        GError **error) {
    const RecordType *type = row->type;
    const char *own_region = row_text(row, type->scope_region),
               *own_sector = type->has_sector ? row_text(row, type->scope_sector) : ANY_SECTOR;
    char *place[2] = {NULL, NULL};
    if ((own_region == NULL || own_sector == NULL) &&
        !enterprise_place(sql, packs, row, place, error))
        return FALSE;
    *region = own_or(own_region, &place[0]);
    *sector = own_or(own_sector, &place[1]);
    g_free(place[0]);
    g_free(place[1]);
    return TRUE;
}

static gboolean text_changed(const Row *before, const Row *row, const Field *field) {
    return g_strcmp0(row_text(before, field), row_text(row, field)) != 0;
}

static gboolean place_changed(const Row *before, const Row *row) {
    const RecordType *type = row->type;
    return before == NULL || text_changed(before, row, type->scope_enterprise) ||
           text_changed(before, row, type->scope_region) ||
           text_changed(before, row, type->scope_sector);
}

gboolean check_place(const Act *act, const Row *before, Row *row, GError **error) {
    char *region, *sector;
    if (!place_changed(before, row))
        return TRUE;
    if (!row_find_place(act->sql, act->packs, row, &region, &sector, error))
        return FALSE;
    g_free(row->region);
    g_free(row->sector);
    row->region = region;
    row->sector = sector;
    return TRUE;
}
