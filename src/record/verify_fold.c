/* The fold keeps the JSON text of each value as it stands in the diff and compares it with the text
 * of the row's value: the same program wrote both, so equal values are equal bytes. Only where the
 * bytes differ are both read and compared as values. */
#include "record/verify_part.h"

#include <string.h>

typedef struct {
    GString *name, *value;
    gboolean present, met;
} Member;

struct Fold {
    GString *type, *id, *created_by, *state, *text;
    gboolean has_state;
    gint64 version, created_ms, updated_ms, state_ms, last_seq;
    GPtrArray *members; /* Member, kept from record to record */
    guint used;         /* how many belong to this one */
    guint present, met;
    guint next; /* where the next name is likely to be found: both sides keep their order */
};

Fold *fold_new(void) {
    Fold *fold = g_new0(Fold, 1);
    fold->type = g_string_new(NULL);
    fold->id = g_string_new(NULL);
    fold->created_by = g_string_new(NULL);
    fold->state = g_string_new(NULL);
    fold->text = g_string_new(NULL);
    fold->members = g_ptr_array_new();
    return fold;
}

void fold_free(Fold *fold) {
    if (fold == NULL)
        return;
    for (guint i = 0; i < fold->members->len; i++) {
        Member *member = fold->members->pdata[i];
        g_string_free(member->name, TRUE);
        g_string_free(member->value, TRUE);
        g_free(member);
    }
    g_ptr_array_unref(fold->members);
    GString *texts[] = {fold->type, fold->id, fold->created_by, fold->state, fold->text};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_string_free(texts[i], TRUE);
    g_free(fold);
}

void fold_begin(Fold *fold, const char *type, const char *id) {
    g_string_assign(fold->type, type);
    g_string_assign(fold->id, id);
    fold->version = fold->used = fold->present = fold->met = fold->next = 0;
}

gboolean fold_is_of(const Fold *fold, const char *type, const char *id) {
    return strcmp(fold->id->str, id) == 0 && strcmp(fold->type->str, type) == 0;
}

const char *fold_id(const Fold *fold) { return fold->id->str; }

const char *fold_type(const Fold *fold) { return fold->type->str; }

gboolean fold_broken(const Fold *fold, const char *what, GError **error) {
    return verify_broken(error, "%s %s (seq " I64 "): %s", fold->type->str, fold->id->str,
                         fold->last_seq, what);
}

/* --- JSON text --- */

static const char *string_end(const char *at, const char *end) {
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

const char *json_text_end(const char *at, const char *end) {
    int depth = 0;
    const char *start = at;
    while (at && at < end) {
        if (*at == '"') {
            at = string_end(at, end);
        } else if (*at == '[' || *at == '{') {
            depth++;
            at++;
        } else if (*at == ']' || *at == '}') {
            if (depth == 0)
                break;
            depth--;
            at++;
        } else if (depth == 0 && *at == ',') {
            break;
        } else {
            at++;
            continue; /* inside of a number or a word, or between values */
        }
        if (depth == 0)
            break;
    }
    return at && at > start && depth == 0 ? at : NULL;
}

gboolean json_text_members(const char *text, JsonTextMember member, gpointer data) {
    const char *end = text + strlen(text), *at = text + 1;
    if (*text != '{' || end - text < 2)
        return FALSE;
    while (*at == '"') {
        const char *name = at + 1, *name_end = string_end(at, end);
        if (name_end == NULL || *name_end != ':')
            return FALSE;
        const char *value = name_end + 1, *value_end = json_text_end(value, end);
        if (value_end == NULL ||
            !member(data, name, (gsize)(name_end - 1 - name), value, (gsize)(value_end - value)))
            return FALSE;
        at = value_end;
        if (*at == ',' && at[1] == '"')
            at++;
        else if (*at != '}')
            return FALSE;
    }
    return *at == '}' && at + 1 == end;
}

/* --- folding --- */

static gboolean has_name(const Member *member, const char *name, gsize n) {
    return member->name->len == n && memcmp(member->name->str, name, n) == 0;
}

static Member *find(Fold *fold, const char *name, gsize n) {
    for (guint i = 0, at = fold->next; i < fold->used; i++, at++) {
        if (at >= fold->used)
            at = 0;
        if (has_name(fold->members->pdata[at], name, n)) {
            fold->next = at + 1;
            return fold->members->pdata[at];
        }
    }
    return NULL;
}

static Member *add(Fold *fold, const char *name, gsize n) {
    if (fold->used == fold->members->len) {
        Member *fresh = g_new0(Member, 1);
        fresh->name = g_string_new(NULL);
        fresh->value = g_string_new(NULL);
        g_ptr_array_add(fold->members, fresh);
    }
    Member *member = fold->members->pdata[fold->used++];
    member->present = member->met = FALSE;
    g_string_truncate(member->name, 0);
    g_string_append_len(member->name, name, (gssize)n);
    return member;
}

static void set_present(Fold *fold, Member *member, gboolean present) {
    fold->present += present - member->present;
    member->present = present;
}

/* [old, new] of a field; names that start with _ are notes. */
static gboolean fold_pair(gpointer data, const char *name, gsize name_n, const char *pair,
                          gsize pair_n) {
    Fold *fold = data;
    const char *end = pair + pair_n;
    if (name_n > 0 && *name == '_')
        return TRUE;
    const char *old_end = *pair == '[' ? json_text_end(pair + 1, end) : NULL;
    if (old_end == NULL || *old_end != ',')
        return FALSE;
    const char *value = old_end + 1, *value_end = json_text_end(value, end);
    if (value_end == NULL || *value_end != ']')
        return FALSE;
    gsize n = (gsize)(value_end - value);
    Member *member = find(fold, name, name_n);
    if (member == NULL)
        member = add(fold, name, name_n);
    set_present(fold, member, !(n == 4 && memcmp(value, "null", 4) == 0));
    g_string_truncate(member->value, 0);
    g_string_append_len(member->value, value, (gssize)n);
    return TRUE;
}

/* "clock:NAME" and "watch:NAME" entries say what was passed over, "reveal:FIELD" who looked,
 * "key:NAME" that a password or token was given or ended; they change nothing. */
static gboolean changes_record(const EntryTexts *entry) {
    static const char *const idle[] = {"clock:", "watch:", "reveal:", "key:"};
    for (gsize i = 0; i < G_N_ELEMENTS(idle); i++)
        if (g_str_has_prefix(entry->text[ENTRY_ACTION], idle[i]))
            return FALSE;
    return TRUE;
}

static void set_text(GString *to, const char *text) { g_string_assign(to, text ? text : ""); }

gboolean fold_entry(Fold *fold, const EntryTexts *entry, GError **error) {
    fold->last_seq = entry->seq;
    if (!changes_record(entry))
        return TRUE;
    if (!json_text_members(entry->text[ENTRY_DIFF], fold_pair, fold))
        return verify_broken(error, "seq " I64 ": 内容无法解析 diff cannot be read", entry->seq);
    if (fold->version++ == 0) {
        fold->created_ms = entry->time_ms;
        set_text(fold->created_by, entry->text[ENTRY_ACTOR]);
    }
    fold->updated_ms = entry->time_ms;
    fold->has_state = entry->text[ENTRY_TO] != NULL;
    set_text(fold->state, entry->text[ENTRY_TO]);
    if (fold->version == 1 || g_strcmp0(entry->text[ENTRY_FROM], entry->text[ENTRY_TO]) != 0)
        fold->state_ms = entry->time_ms;
    return TRUE;
}

/* --- comparing --- */

static gboolean differs(const Fold *fold, const char *name, GError **error) {
    g_autofree char *what =
        g_strdup_printf("字段 %s 与日志不符 differs from the journal in %s", name, name);
    return fold_broken(fold, what, error);
}

gboolean fold_fits_facts(Fold *fold, const RowFacts *facts, GError **error) {
    const struct {
        const char *name;
        gboolean fits;
    } facts_fit[] = {
        {"version", facts->version == fold->version},
        {"state", g_strcmp0(facts->state, fold->has_state ? fold->state->str : NULL) == 0},
        {"created_by", g_strcmp0(facts->created_by, fold->created_by->str) == 0},
        {"created_at", facts->created_ms == fold->created_ms},
        {"updated_at", facts->updated_ms == fold->updated_ms},
        {"_state_ms", facts->state_ms == fold->state_ms},
    };
    for (guint i = 0; i < G_N_ELEMENTS(facts_fit); i++)
        if (!facts_fit[i].fits)
            return differs(fold, facts_fit[i].name, error);
    fold->next = 0;
    return TRUE;
}

static gboolean equal_values(const GString *a, const char *b, gsize n) {
    if (a->len == n && memcmp(a->str, b, n) == 0)
        return TRUE;
    json_t *one = json_loadb(a->str, a->len, JSON_DECODE_ANY, NULL),
           *other = json_loadb(b, n, JSON_DECODE_ANY, NULL);
    gboolean equal = one && other && json_equal(one, other);
    json_decref(one);
    json_decref(other);
    return equal;
}

gboolean fold_fits_value(Fold *fold, const char *name, const char *json, gsize n, GError **error) {
    Member *member = find(fold, name, strlen(name));
    if (member == NULL || !member->present || member->met || !equal_values(member->value, json, n))
        return differs(fold, name, error);
    member->met = TRUE;
    fold->met++;
    return TRUE;
}

gboolean fold_fits_all(const Fold *fold, GError **error) {
    for (guint i = 0; fold->met < fold->present && i < fold->used; i++) {
        const Member *member = fold->members->pdata[i];
        if (member->present && !member->met)
            return differs(fold, member->name->str, error);
    }
    return TRUE;
}

/* The text of a value whose JSON is that text in quotes as it stands; else NULL. */
static const char *plain_text(const Field *field, const FieldValue *value) {
    static const gboolean is_text[FIELD_KINDS] = {
        [FIELD_TEXT] = TRUE, [FIELD_DATE] = TRUE,   [FIELD_CODE] = TRUE,
        [FIELD_REF] = TRUE,  [FIELD_REGION] = TRUE, [FIELD_ROLE] = TRUE};
    if (!is_text[field->kind] || field->secret)
        return NULL;
    for (const char *at = value->text; *at; at++)
        if ((guchar)*at < ' ' || *at == '"' || *at == '\\')
            return NULL;
    return value->text;
}

static void append_value(GString *text, const Field *field, const FieldValue *value) {
    const char *plain = plain_text(field, value);
    if (plain) {
        g_string_append_c(text, '"');
        g_string_append(text, plain);
        g_string_append_c(text, '"');
        return;
    }
    json_t *json = field_value_proof(field, value);
    char *dump = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    g_string_append(text, dump);
    free(dump);
    json_decref(json);
}

static gboolean number_fits(Fold *fold, const Row *row, GError **error) {
    if (row->number == NULL)
        return TRUE;
    g_string_printf(fold->text, "\"%s\"", row->number);
    return fold_fits_value(fold, "number", fold->text->str, fold->text->len, error);
}

gboolean fold_fits_row(Fold *fold, const Row *row, GError **error) {
    RowFacts facts = {.state = row_state(row),
                      .created_by = row->created_by,
                      .version = row->version,
                      .created_ms = row->created_ms,
                      .updated_ms = row->updated_ms,
                      .state_ms = row->state_ms};
    if (!fold_fits_facts(fold, &facts, error) || !number_fits(fold, row, error))
        return FALSE;
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (!row->values[i].present)
            continue;
        g_string_truncate(fold->text, 0);
        append_value(fold->text, field, &row->values[i]);
        if (!fold_fits_value(fold, field->name, fold->text->str, fold->text->len, error))
            return FALSE;
    }
    return fold_fits_all(fold, error);
}

/* The number stands among the fields, as it does in the diff of a new record. */
void row_values_text(const Row *row, GString *text) {
    const char *before = "{";
    if (row->number) {
        g_string_append_printf(text, "{\"number\":\"%s\"", row->number);
        before = ",";
    }
    for (guint i = 0; i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (!row->values[i].present)
            continue;
        g_string_append_printf(text, "%s\"%s\":", before, field->name);
        append_value(text, field, &row->values[i]);
        before = ",";
    }
    g_string_append(text, *before == '{' ? "{}" : "}");
}
