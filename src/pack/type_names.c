/* The names that a condition or expression over a record type may use. */
#include "pack/pack_table.h"

#include <string.h>

TermKind type_term_kind(gpointer type, const char *name) {
    static const struct {
        const char *name;
        TermKind kind;
    } system[] = {{"id", TERM_TEXT},         {"state", TERM_TEXT},      {"number", TERM_TEXT},
                  {"created_at", TERM_TIME}, {"updated_at", TERM_TIME}, {"created_by", TERM_TEXT}};
    const Field *field = type_field(type, name);
    if (field)
        return field->secret ? TERM_SEALED : field_term_kind(field->kind);
    for (gsize i = 0; i < G_N_ELEMENTS(system); i++)
        if (strcmp(system[i].name, name) == 0)
            return system[i].kind;
    return TERM_NONE;
}

const RecordType *type_of_ref(const Packs *packs, const RecordType *type, const char *name,
                              const Field **ref, const char **rest) {
    const char *dot = strchr(name, '.');
    g_autofree char *head = dot ? g_strndup(name, (gsize)(dot - name)) : NULL;
    *ref = head ? type_field(type, head) : NULL;
    if (*ref == NULL || ((*ref)->kind != FIELD_REF && (*ref)->kind != FIELD_REGION))
        return NULL;
    *rest = dot + 1;
    return packs_type(packs, (*ref)->kind == FIELD_REF ? (*ref)->ref_type : "region");
}

const char *name_of_owner(const RecordType *type, const char *name) {
    static const char prefix[] = "record.";
    return type->owner && g_str_has_prefix(name, prefix) ? name + strlen(prefix) : NULL;
}

/* Rows are worked out before their record, so they cannot read what is computed there. */
static TermKind owner_kind(const RecordType *owner, const char *name) {
    const Field *field = type_field(owner, name);
    return field && field->computed ? TERM_NONE : type_term_kind((gpointer)owner, name);
}

static TermKind name_kind(const TypeNames *names, const RecordType *type, const char *name) {
    const Field *ref;
    const char *rest = name_of_owner(type, name);
    if (rest)
        return owner_kind(type->owner, rest);
    if (strchr(name, '.') == NULL)
        return type_term_kind((gpointer)type, name);
    const RecordType *target = type_of_ref(names->packs, type, name, &ref, &rest);
    return target && strchr(rest, '.') == NULL ? type_term_kind((gpointer)target, rest) : TERM_NONE;
}

static TermKind scope_kind(gpointer data, const char *name) {
    const TypeNames *names = data;
    return name_kind(names, names->type, name);
}

static const RecordType *rows_named(const TypeNames *names, const char *rows) {
    const Field *field = type_field(names->type, rows);
    return field ? field->rows : NULL;
}

static TermKind scope_row_kind(gpointer data, const char *rows, const char *name) {
    const TypeNames *names = data;
    const RecordType *type = rows_named(names, rows);
    if (type == NULL)
        return TERM_NONE;
    return name ? name_kind(names, type, name) : TERM_BOOL;
}

static TermKind scope_record_kind(gpointer data, const char *name) {
    const TypeNames *names = data;
    return names->record ? name_kind(names, names->record, name) : TERM_NONE;
}

static const CodeList *scope_codes(gpointer data, const char *rows, const char *name) {
    const TypeNames *names = data;
    const RecordType *type = rows ? rows_named(names, rows) : names->type;
    const Field *ref;
    const char *rest = name;
    if (name_of_owner(type, name)) {
        rest = name_of_owner(type, name);
        type = type->owner;
    } else if (strchr(name, '.'))
        type = type_of_ref(names->packs, type, name, &ref, &rest);
    const Field *field = type ? type_field(type, rest) : NULL;
    return field ? field->codes : NULL;
}

static const PackTable *scope_table(gpointer data, const char *name) {
    const TypeNames *names = data;
    return packs_table_named(names->packs, name);
}

ConditionScope type_scope(TypeNames *names) {
    return (ConditionScope){.kind = scope_kind,
                            .row_kind = scope_row_kind,
                            .codes = scope_codes,
                            .record_kind = scope_record_kind,
                            .table = scope_table,
                            .calendar = names->packs->calendar,
                            .data = names};
}
