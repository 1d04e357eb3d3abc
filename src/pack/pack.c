#include "pack/pack.h"
#include "pack/pack_key.h"

#include <math.h>
#include <string.h>

/* ---- memory: all that a Packs points to is in one list, so that a half-read one can be freed too
 * ---- */

typedef struct {
    gpointer thing;
    GDestroyNotify destroy;
} Owned;

typedef struct {
    Packs packs; /* first: the caller's view */
    GStringChunk *texts;
    GArray *owned; /* Owned */
} PacksMemory;

gpointer packs_own(Packs *packs, gpointer thing, GDestroyNotify destroy) {
    Owned owned = {thing, destroy};
    g_array_append_val(((PacksMemory *)packs)->owned, owned);
    return thing;
}

char *packs_text(Packs *packs, const char *text) {
    return g_string_chunk_insert_const(((PacksMemory *)packs)->texts, text);
}

GPtrArray *packs_pointers(Packs *packs) {
    return packs_own(packs, g_ptr_array_new(), (GDestroyNotify)g_ptr_array_unref);
}

GArray *packs_array(Packs *packs, gsize element) {
    return packs_own(packs, g_array_new(FALSE, TRUE, (guint)element),
                     (GDestroyNotify)g_array_unref);
}

GHashTable *packs_table(Packs *packs) {
    return packs_own(packs, g_hash_table_new(g_str_hash, g_str_equal),
                     (GDestroyNotify)g_hash_table_unref);
}

Packs *packs_new(void) {
    PacksMemory *memory = g_new0(PacksMemory, 1);
    Packs *packs = &memory->packs;
    memory->texts = g_string_chunk_new(4096);
    memory->owned = g_array_new(FALSE, FALSE, sizeof(Owned));
    packs->infos = packs_pointers(packs);
    packs->types = packs_pointers(packs);
    packs->types_by_name = packs_table(packs);
    packs->codes = packs_pointers(packs);
    packs->codes_by_name = packs_table(packs);
    packs->roles = packs_pointers(packs);
    packs->roles_by_name = packs_table(packs);
    packs->tables = packs_pointers(packs);
    packs->role_groups = packs_table(packs);
    packs->warnings = packs_pointers(packs);
    packs->calendar = packs_own(packs, calendar_new(), (GDestroyNotify)calendar_free);
    return packs;
}

void packs_free(Packs *packs) {
    if (packs == NULL)
        return;
    PacksMemory *memory = (PacksMemory *)packs;
    for (guint i = memory->owned->len; i-- > 0;) {
        Owned *owned = &g_array_index(memory->owned, Owned, i);
        owned->destroy(owned->thing);
    }
    g_array_unref(memory->owned);
    g_string_chunk_free(memory->texts);
    g_free(memory);
}

/* ---- field kinds ---- */

static const struct {
    const char *name;
    TermKind term;
} field_kinds[FIELD_KINDS] = {
    [FIELD_TEXT] = {"text", TERM_TEXT},
    [FIELD_INTEGER] = {"integer", TERM_NUMBER},
    [FIELD_DECIMAL] = {"decimal", TERM_NUMBER},
    [FIELD_BOOL] = {"bool", TERM_BOOL},
    [FIELD_DATE] = {"date", TERM_DATE},
    [FIELD_TIME] = {"time", TERM_TIME},
    [FIELD_CODE] = {"code", TERM_TEXT},
    [FIELD_REF] = {"ref", TERM_TEXT},
    [FIELD_REGION] = {"region", TERM_TEXT},
    [FIELD_ROLE] = {"role", TERM_TEXT},
    [FIELD_POINT] = {"point", TERM_NONE},
    [FIELD_MONEY] = {"money", TERM_NUMBER},
    [FIELD_DURATION] = {"duration", TERM_DURATION},
    [FIELD_SCORE] = {"score", TERM_NUMBER},
    [FIELD_ROWS] = {"rows", TERM_NONE},
    [FIELD_FILE] = {"file", TERM_TEXT},
    [FIELD_AREA] = {"area", TERM_NONE},
};

const char *field_kind_name(FieldKind kind) {
    g_assert(kind < FIELD_KINDS);
    return field_kinds[kind].name;
}

TermKind field_term_kind(FieldKind kind) {
    g_assert(kind < FIELD_KINDS);
    return field_kinds[kind].term;
}

/* Up to here no two amounts are the same double. */
#define HUNDREDTHS_MAX G_GINT64_CONSTANT(999999999999999)

gboolean hundredths_of(double number, gint64 *hundredths) {
    if (!(fabs(number) <= (double)HUNDREDTHS_MAX / 100))
        return FALSE;
    *hundredths = llround(number * 100);
    return (double)*hundredths / 100 == number;
}

/* ---- look-ups ---- */

const RecordType *packs_type(const Packs *packs, const char *name) {
    return g_hash_table_lookup(packs->types_by_name, name);
}

const Role *packs_role(const Packs *packs, const char *name) {
    return g_hash_table_lookup(packs->roles_by_name, name);
}

const Field *type_field(const RecordType *type, const char *name) {
    return g_hash_table_lookup(type->fields_by_name, name);
}

const State *type_state(const RecordType *type, const char *name) {
    for (guint i = 0; i < type->states->len; i++) {
        const State *state = type->states->pdata[i];
        if (strcmp(state->name, name) == 0)
            return state;
    }
    return NULL;
}

const Move *type_move(const RecordType *type, const char *name) {
    for (guint i = 0; i < type->moves->len; i++) {
        const Move *move = type->moves->pdata[i];
        if (strcmp(move->name, name) == 0)
            return move;
    }
    return NULL;
}

gboolean type_gives_receipts(const RecordType *type) {
    gboolean gives = type->receipts;
    for (guint i = 0; i < type->moves->len; i++)
        gives = gives || ((const Move *)type->moves->pdata[i])->receipt;
    return gives;
}

const Indicator *type_indicator(const RecordType *type, const char *name) {
    for (guint i = 0; i < type->indicators->len; i++) {
        const Indicator *indicator = type->indicators->pdata[i];
        if (strcmp(indicator->name, name) == 0)
            return indicator;
    }
    return NULL;
}

/* ---- roles ---- */

gboolean packs_role_group(const Packs *packs, const char *name, RoleSet *out) {
    const RoleSet *set = g_hash_table_lookup(packs->role_groups, name);
    *out = set ? *set : 0;
    return set != NULL;
}

gboolean role_in(const Role *role, RoleSet set) {
    return (set & ROLE_EVERYONE) != 0 || (role && (set >> role->index & 1));
}

static const char *const level_names[] = {
    [LEVEL_SYSTEM] = "system", [LEVEL_PROVINCE] = "province", [LEVEL_CITY] = "city",
    [LEVEL_COUNTY] = "county", [LEVEL_TOWN] = "town",         [LEVEL_ENTERPRISE] = "enterprise",
};

const char *level_name(Level level) { return level_names[level]; }

gboolean level_parse(const char *text, Level *level) {
    for (gsize i = 0; i < G_N_ELEMENTS(level_names); i++) {
        if (strcmp(level_names[i], text) != 0)
            continue;
        *level = (Level)i;
        return TRUE;
    }
    return FALSE;
}

static void append_title(GString *out, const Title *title, Lang lang) {
    g_string_append(out, out->len ? "、" : "");
    g_string_append(out, lang == LANG_ZH ? title->zh : title->en);
}

char *roles_text(const Packs *packs, RoleSet set, Lang lang) {
    static const struct {
        RoleSet bit;
        Title title;
    } special[] = {{ROLE_EVERYONE, {(char *)"所有人", (char *)"Everyone"}},
                   {ROLE_PUBLIC, {(char *)"公众", (char *)"The public"}},
                   {ROLE_ENGINE, {(char *)"报警引擎", (char *)"Alarm engine"}}};
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < packs->roles->len; i++) {
        const Role *role = packs->roles->pdata[i];
        if (set >> role->index & 1)
            append_title(out, &role->title, lang);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(special); i++)
        if (set & special[i].bit)
            append_title(out, &special[i].title, lang);
    return g_string_free(out, FALSE);
}
