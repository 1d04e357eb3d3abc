/* What the holder of a receipt does: the moves `by: receipt` of the record his code stands for. */
#include "record/act.h"
#include "record/receipt.h"
#include "record/receipt_part.h"

#include <string.h>

/* NULL, as for a code that was never given, when the pack has the type no more. */
static const RecordType *found_type(const Packs *packs, const ReceiptFound *found, GError **error) {
    const RecordType *type = packs_type(packs, found->type);
    if (type == NULL)
        error_set(error, ERROR_RECEIPT, NULL, NULL);
    return type;
}

/* --- which --- */

static json_t *fields_json(const RecordType *type, const Move *move) {
    json_t *fields = json_array();
    for (guint i = 0; i < move->accepts->len; i++)
        json_array_append_new(fields, field_json(type, move->accepts->pdata[i]));
    return fields;
}

json_t *receipt_moves(Sql *sql, const Packs *packs, const char *typed, gint64 now_ms,
                      GError **error) {
    g_auto(ReceiptFound) found = {0};
    const RecordType *type =
        receipt_load(sql, typed, &found, error) ? found_type(packs, &found, error) : NULL;
    if (type == NULL)
        return NULL;
    json_t *record = json_pack("{s:s, s:s}", "type", found.type, "id", found.id), *move;
    json_t *moves = record_moves(sql, packs, &actor_holder, record, now_ms);
    size_t i;
    json_array_foreach(moves, i, move) {
        const Move *known = type_move(type, json_string_value(json_object_get(move, "name")));
        json_object_set_new(move, "fields", known ? fields_json(type, known) : json_array());
    }
    json_decref(record);
    return moves;
}

/* --- made --- */

/* Whoever adds a photo does not know, and does not take away, what is there. */
static json_t *with_former(const Row *row, const Field *field, json_t *given) {
    json_t *former = field_value_to_json(field, row_value(row, field)), *all = json_array(), *file;
    size_t i;
    json_array_foreach(former, i, file)
        json_array_append_new(all, json_pack("{s:O}", "file", json_object_get(file, "file")));
    json_array_extend(all, given);
    json_decref(former);
    return all;
}

static json_t *added_fields(const Row *row, json_t *fields) {
    json_t *all = json_object(), *value;
    const char *name;
    json_object_foreach(fields, name, value) {
        const Field *field = type_field(row->type, name);
        if (field && field->kind == FIELD_FILE && json_is_array(value) &&
            row_value(row, field)->present)
            json_object_set_new(all, name, with_former(row, field, value));
        else
            json_object_set(all, name, value);
    }
    return all;
}

static const Move *holders_move(const RecordType *type, const char *name, GError **error) {
    const Move *move = type_move(type, name);
    if (move && (move->by & BY_RECEIPT))
        return move;
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < type->moves->len; i++)
        if (((const Move *)type->moves->pdata[i])->by & BY_RECEIPT)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   ((const Move *)type->moves->pdata[i])->name);
    error_set(error, ERROR_MOVE_UNKNOWN, NULL, name, names->str, NULL);
    g_string_free(names, TRUE);
    return NULL;
}

json_t *receipt_move(Sql *sql, const Packs *packs, const char *typed, const char *name,
                     json_t *fields, const char *comment, gint64 now_ms, GError **error) {
    g_auto(ReceiptFound) found = {0};
    const RecordType *type =
        receipt_load(sql, typed, &found, error) ? found_type(packs, &found, error) : NULL;
    const Move *move = type ? holders_move(type, name, error) : NULL;
    g_autoptr(Row) row = move ? row_load(sql, type, found.id, error) : NULL;
    if (row == NULL) {
        if (move && (error == NULL || *error == NULL))
            error_set(error, ERROR_RECEIPT, NULL, NULL);
        return NULL;
    }
    json_t *added = added_fields(row, fields);
    json_t *record = record_move(sql, packs, &actor_holder, type->name, row->id, move->name, 0,
                                 added, comment, now_ms, error);
    json_decref(added);
    json_t *receipt = record ? receipt_find(sql, packs, typed, error) : NULL;
    json_decref(record);
    return receipt;
}
