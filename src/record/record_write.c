#include "base/hash.h"
#include "record/act.h"
#include "record/files.h"
#include "record/receipt.h"
#include "record/rights.h"
#include "record/row_values.h"
#include "record/watch.h"

#include <string.h>

const RecordType *find_type(const Packs *packs, const char *name, GError **error) {
    const RecordType *type = packs_type(packs, name);
    if (type == NULL)
        error_set(error, ERROR_TYPE_UNKNOWN, NULL, name, NULL);
    return type;
}

Row *load_seen(const Act *act, const RecordType *type, const char *id, GError **error) {
    GError *failure = NULL;
    gboolean holder = act->actor->kind == ACTOR_HOLDER; /* has the record by his code */
    Row *row =
        holder || rights_read(act->actor, type) ? row_load(act->sql, type, id, &failure) : NULL;
    if (holder && row)
        return row;
    if (row &&
        rights_sees(act->sql, act->actor, type, id, row->region, row_enterprise(row), row->sector))
        return row;
    row_free(row);
    if (failure)
        g_propagate_error(error, failure);
    else
        error_set(error, ERROR_NOT_FOUND, NULL, type->title.zh, id, NULL);
    return NULL;
}

gboolean version_fits(const Row *row, gint64 version, GError **error) {
    if (version == 0 || version == row->version)
        return TRUE;
    char now[24];
    g_snprintf(now, sizeof now, "%" G_GINT64_FORMAT, row->version);
    return error_set(error, ERROR_VERSION, NULL, now, NULL);
}

gboolean right_refused(const Act *act, RoleSet set, const char *zh, const char *en,
                       GError **error) {
    g_autofree char *roles = roles_text(act->packs, set, LANG_ZH);
    return error_set(error, ERROR_FORBIDDEN, NULL, zh, en,
                     *roles ? roles : "系统 (the system itself)", NULL);
}

/* What is made for himself stands nowhere. */
static gboolean is_own(const Act *act, const Row *row) {
    const RecordType *type = row->type;
    if (!type->own)
        return FALSE;
    return row->created_by ? strcmp(row->created_by, act->actor->id) == 0
                           : !type->scope_region && !type->scope_enterprise;
}

/* A guest reports from anywhere. */
static gboolean in_actors_place(const Act *act, const Row *row, GError **error) {
    return act->actor->kind == ACTOR_GUEST || is_own(act, row) ||
           rights_covers(act->actor, row->type, row->region, row_enterprise(row), row->sector) ||
           error_set(error, ERROR_SCOPE, NULL, NULL);
}

/* Defaults for what was not given; an explicit null stays empty. */
static gboolean put_defaults(Row *row, json_t *fields, GError **error) {
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (field->default_value && !json_object_get(fields, field->name) &&
            !field_value_from_text(field, field->default_value, &row->values[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean name_row(const Act *act, Row *row, const char *id, GError **error) {
    char made[ID_TEXT];
    const Field *key = row->type->key;
    if (key && !check_has_value(row, key, error))
        return FALSE;
    g_assert(key == NULL || id == NULL);
    row->id = g_strdup(key ? row_value(row, key)->text : id ? id : id_new(act->now_ms, made));
    if (key == NULL && id == NULL)
        return TRUE;
    gint64 taken;
    g_autofree char *text = g_strdup_printf("SELECT 1 FROM r_%s WHERE _id = ?", row->type->name);
    if (!sql_get_int(act->sql, error, &taken, 0, text, "t", row->id))
        return FALSE;
    return !taken || error_set(error, ERROR_EXISTS, key ? key->name : NULL, row->type->title.zh,
                               row->id, NULL);
}

static gboolean may_create(const Act *act, const RecordType *type, GError **error) {
    if (rights_create(act->actor, type))
        return TRUE;
    g_autofree char *zh = g_strdup_printf("新建%s", type->title.zh);
    g_autofree char *en = g_strdup_printf("create a %s", type->title.en);
    return right_refused(act, type->create, zh, en, error);
}

static gboolean number_row(const Act *act, Row *row, GError **error) {
    if (row->type->number)
        row->number = number_next(act, row, error);
    return row->type->number == NULL || row->number != NULL;
}

/* What the actor may give outside of moves; NULL: every field. */
static const GPtrArray *givable(const Act *act, const RecordType *type) {
    return act->actor->kind == ACTOR_PERSON || act->actor->kind == ACTOR_GUEST ? type->given : NULL;
}

/* Raised records have nobody to give a receipt to. */
json_t *add_receipt(const Act *act, const Row *row, json_t *record_take, GError **error) {
    json_t *receipt = receipt_give(act->sql, row, act->now_ms, error);
    if (receipt) {
        json_object_set_new(record_take, "receipt", receipt);
        return record_take;
    }
    json_decref(record_take);
    return NULL;
}

json_t *create_row(const Act *act, const RecordType *type, const char *id, json_t *fields,
                   const char *comment, gboolean by_rule, GError **error) {
    if ((!by_rule && !may_create(act, type, error)) || !check_comment(comment, error))
        return NULL;
    g_autoptr(Row) row = row_new(type);
    row->state = type->initial;
    row->created_ms = act->now_ms;
    if (!check_given(row, fields, by_rule ? NULL : givable(act, type), error) ||
        !files_resolve(act, NULL, row, error) || !put_defaults(row, fields, error) ||
        !name_row(act, row, id, error) || !row_settle(act, row, fields, error) ||
        !check_required(act, row, error) || !check_state_required(act, row, error) ||
        !check_references(act, NULL, row, error) || !check_place(act, NULL, row, error) ||
        (!by_rule && !in_actors_place(act, row, error)) || !check_rules(act, row, error) ||
        !number_row(act, row, error))
        return NULL;
    json_t *record =
        commit_row(act, NULL, row, "create", comment && *comment ? comment : NULL, NULL, error);
    if (record && !watches_run(act, row, NULL, error))
        g_clear_pointer(&record, json_decref);
    return record && type->receipts && !by_rule ? add_receipt(act, row, record, error) : record;
}

typedef struct {
    const RecordType *type;
    const char *id;
    json_t *fields;
    const char *comment;
} CreateAsked;

static json_t *create_asked(const Act *act, gpointer data, GError **error) {
    const CreateAsked *asked = data;
    return create_row(act, asked->type, asked->id, asked->fields, asked->comment, FALSE, error);
}

static json_t *create(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                      const char *id, json_t *fields, const char *comment, gint64 now_ms,
                      GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    CreateAsked asked = {find_type(packs, type_name, error), id, fields, comment};
    return asked.type ? act_or_stand_in(&act, create_asked, &asked, error) : NULL;
}

json_t *record_create(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                      json_t *fields, const char *comment, gint64 now_ms, GError **error) {
    return create(sql, packs, actor, type, NULL, fields, comment, now_ms, error);
}

json_t *record_create_with_id(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                              const char *id, json_t *fields, gint64 now_ms, GError **error) {
    return create(sql, packs, actor, type, id, fields, NULL, now_ms, error);
}

/* What is closed or locked stays as it is: people change it by a move or not at all. */
static gboolean is_open(const Act *act, const Row *row, GError **error) {
    if (act->actor->kind != ACTOR_PERSON || row->state == NULL || !row->state->locked)
        return TRUE;
    return error_set(error, ERROR_MOVE_STATE, NULL, row->state->title.zh, "修改",
                     row->state->title.en, NULL);
}

static gboolean may_edit(const Act *act, const Row *row, GError **error) {
    if (rights_edit(act->actor, row->type))
        return in_actors_place(act, row, error);
    g_autofree char *zh = g_strdup_printf("修改%s", row->type->title.zh);
    g_autofree char *en = g_strdup_printf("edit a %s", row->type->title.en);
    return right_refused(act, row->type->edit, zh, en, error);
}

static gboolean same_values(const Row *a, const Row *b) {
    for (guint i = 0; i < a->type->fields->len; i++)
        if (!field_value_equal(&a->values[i], &b->values[i]))
            return FALSE;
    return TRUE;
}

static json_t *edit_row(const Act *act, const Row *before, gint64 version, json_t *fields,
                        GError **error) {
    if (!version_fits(before, version, error) || !may_edit(act, before, error) ||
        !is_open(act, before, error) || !proposal_none(act, before, error))
        return NULL;
    g_autoptr(Row) row = row_copy(before);
    if (!check_given(row, fields, givable(act, row->type), error) ||
        !files_resolve(act, before, row, error) || !row_settle(act, row, fields, error))
        return NULL;
    if (same_values(before, row))
        return row_json(before);
    if (!check_required(act, row, error) || !check_state_required(act, row, error) ||
        !check_references(act, before, row, error) || !check_place(act, before, row, error) ||
        !in_actors_place(act, row, error) || !check_rules(act, row, error))
        return NULL;
    return commit_row(act, before, row, "edit", NULL, NULL, error);
}

typedef struct {
    const RecordType *type;
    const char *id;
    gint64 version;
    json_t *fields;
} EditAsked;

static json_t *edit_asked(const Act *act, gpointer data, GError **error) {
    const EditAsked *asked = data;
    change_ahead(act, asked->type, asked->id);
    g_autoptr(Row) before = load_seen(act, asked->type, asked->id, error);
    return before ? edit_row(act, before, asked->version, asked->fields, error) : NULL;
}

json_t *record_edit(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                    const char *id, gint64 version, json_t *fields, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    EditAsked asked = {find_type(packs, type_name, error), id, version, fields};
    return asked.type ? act_or_stand_in(&act, edit_asked, &asked, error) : NULL;
}

/* The record that carries the key given in `fields`. NULL without error: there is none yet. */
static Row *load_by_key(const Act *act, const RecordType *type, json_t *fields, GError **error) {
    const char *key =
        type->key ? json_string_value(json_object_get(fields, type->key->name)) : NULL;
    return key ? row_load(act->sql, type, key, error) : NULL;
}

json_t *record_put(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                   json_t *fields, gint64 now_ms, gboolean *created, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    const RecordType *type = find_type(packs, type_name, error);
    if (type == NULL)
        return NULL;
    GError *failure = NULL;
    g_autoptr(Row) before = load_by_key(&act, type, fields, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    if (created)
        *created = before == NULL;
    return before ? edit_row(&act, before, 0, fields, error)
                  : create_row(&act, type, NULL, fields, NULL, FALSE, error);
}
