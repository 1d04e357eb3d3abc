#include "record/pack_change.h"
#include "record/act.h"
#include "record/journal.h"
#include "record/query.h"
#include "record/schema.h"
#include "record/search.h"
#include "record/stored_type.h"
#include "record/verify_part.h"

#include <string.h>

static const struct {
    const char *option;
    gboolean renames; /* has =NEW */
} kinds[CHANGES] = {[CHANGE_RENAME] = {"rename", TRUE},
                    [CHANGE_DROP] = {"drop", FALSE},
                    [CHANGE_RETYPE] = {"retype", FALSE},
                    [CHANGE_STATE] = {"map-state", TRUE}};

static void change_free(gpointer data) {
    PackChange *change = data;
    g_free(change->type);
    g_free(change->rows);
    g_free(change->name);
    g_free(change->to);
    g_free(change->example);
    g_free(change);
}

GPtrArray *pack_changes_new(void) { return g_ptr_array_new_with_free_func(change_free); }

/* --- what is asked --- */

static gboolean is_name(const char *text) {
    gsize n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return g_ascii_islower(*text) && n == strlen(text) && n <= 63;
}

static gboolean names_good(const GStrv names) {
    for (guint i = 0; names[i]; i++)
        if (!is_name(names[i]) || strstr(names[i], "__"))
            return FALSE;
    return TRUE;
}

static gboolean text_refused(PackChangeKind kind, const char *text, GError **error) {
    const char *form = kinds[kind].renames ? "TYPE.OLD=NEW" : "TYPE.FIELD";
    g_autofree char *what = g_strdup_printf("“%s” is not of the form %s", text, form);
    return error_set(error, ERROR_CONFIG, kinds[kind].option, what,
                     "as the refusal of the packs has it", NULL);
}

gboolean pack_changes_add(GPtrArray *changes, PackChangeKind kind, const char *text,
                          GError **error) {
    g_auto(GStrv) sides = g_strsplit(text, "=", 2);
    gboolean whole = g_strv_length(sides) == (kinds[kind].renames ? 2 : 1);
    g_auto(GStrv) names = g_strsplit(whole ? sides[0] : "", ".", 4);
    guint n = g_strv_length(names);
    guint least = kind == CHANGE_DROP ? 1 : 2, most = kind == CHANGE_STATE ? 2 : 3;
    if (!whole || n < least || n > most || !names_good(names) || (sides[1] && !is_name(sides[1])))
        return text_refused(kind, text, error);
    PackChange *change = g_new0(PackChange, 1);
    change->kind = kind;
    change->type = g_strdup(names[0]);
    change->rows = n == 3 ? g_strdup(names[1]) : NULL;
    change->name = n > 1 ? g_strdup(names[n - 1]) : NULL;
    change->to = g_strdup(sides[1]);
    g_ptr_array_add(changes, change);
    return TRUE;
}

static char *place_of(const PackChange *change) {
    GString *text = g_string_new(change->type);
    if (change->rows)
        g_string_append_printf(text, ".%s", change->rows);
    if (change->name)
        g_string_append_printf(text, ".%s", change->name);
    return g_string_free(text, FALSE);
}

char *pack_change_text(const PackChange *change) {
    g_autofree char *place = place_of(change);
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%s %s%s%s: %" G_GINT64_FORMAT " records", kinds[change->kind].option,
                    place, change->to ? "=" : "", change->to ? change->to : "", change->records);
    if (change->emptied)
        g_string_append_printf(text,
                               ", %" G_GINT64_FORMAT
                               " values cannot be read as the new kind and are emptied (%s)",
                               change->emptied, change->example);
    return g_string_free(text, FALSE);
}

/* --- what may not be --- */

static gboolean refused(const PackChange *change, GError **error, const char *rule,
                        const char *remedy) {
    g_autofree char *place = place_of(change);
    return error_set(error, ERROR_PACK, NULL, place, rule, remedy, NULL);
}

/* The type of the packs whose fields are meant: that of the records or that of the rows in them. */
static const RecordType *type_meant(const Packs *packs, const PackChange *change) {
    const RecordType *type = packs_type(packs, change->type);
    if (type == NULL || change->rows == NULL)
        return type;
    const Field *rows = type_field(type, change->rows);
    return rows ? rows->rows : NULL;
}

static char *stored_name(const PackChange *change) {
    return change->rows ? g_strdup_printf("%s__%s", change->type, change->rows)
                        : g_strdup(change->type);
}

static gboolean is_scope(Sql *sql, const PackChange *change, const char *system) {
    g_autofree char *name = change->rows ? NULL : stored_kind(sql, change->type, system, NULL);
    return g_strcmp0(name, change->name) == 0;
}

static gboolean drop_fits(Sql *sql, const RecordType *type, const PackChange *change,
                          GError **error) {
    if (type_field(type, change->name))
        return refused(change, error, "still stands in the pack",
                       "take it out of the pack first, or leave --drop away");
    if (is_scope(sql, change, "_id") || is_scope(sql, change, "_enterprise"))
        return refused(change, error, "says which record it is, or whose",
                       "it may be renamed, not dropped");
    return TRUE;
}

static gboolean rename_fits(Sql *sql, const RecordType *type, const PackChange *change,
                            const char *kind, GError **error) {
    g_autofree char *name = stored_name(change);
    g_autofree char *there = stored_kind(sql, name, change->to, NULL);
    if (type_field(type, change->name))
        return refused(change, error, "still stands in the pack",
                       "take it out of the pack first, or leave --rename away");
    if (!type_field(type, change->to))
        return refused(change, error, "the pack has no field of the new name",
                       "check the spelling");
    if (there)
        return refused(change, error, "the database holds a field of the new name already",
                       "drop one of them, or give the new field another name");
    if (g_str_has_prefix(kind, SECRET_KIND))
        return refused(change, error, "sealed values carry the name of their field",
                       "keep the name; its title may change");
    return TRUE;
}

/* Kinds whose values stand elsewhere or cannot be read without a key. */
static gboolean has_no_plain_values(const char *kind) {
    return g_str_has_prefix(kind, SECRET_KIND) || g_str_equal(kind, "rows") ||
           g_str_equal(kind, "file");
}

static gboolean retype_fits(Sql *sql, const RecordType *type, const PackChange *change,
                            const char *kind, GError **error) {
    const Field *field = type_field(type, change->name);
    if (field == NULL)
        return refused(change, error, "the pack has no such field", "drop or rename it");
    if (is_scope(sql, change, "_id") || is_scope(sql, change, "_enterprise"))
        return refused(change, error, "says which record it is, or whose",
                       "it keeps its kind; put it back as it was");
    if (field->secret || has_no_plain_values(kind) ||
        has_no_plain_values(field_kind_name(field->kind)))
        return refused(change, error,
                       "values cannot be turned into or out of secrets, rows and files",
                       "give the new field another name, and drop the old one");
    if (strcmp(kind, field_kind_name(field->kind)) == 0)
        return refused(change, error, "is stored as the pack says", "leave --retype away");
    return TRUE;
}

static gboolean state_fits(const RecordType *type, const PackChange *change, GError **error) {
    if (type_state(type, change->name))
        return refused(change, error, "the pack still has this state",
                       "records leave it by a move; leave --map-state away");
    return type_state(type, change->to) != NULL ||
           refused(change, error, "the pack has no state of the new name", "check the spelling");
}

static gboolean field_fits(Sql *sql, const Packs *packs, const PackChange *change, GError **error) {
    const RecordType *type = type_meant(packs, change);
    g_autofree char *name = stored_name(change);
    g_autofree char *kind = stored_kind(sql, name, change->name, error);
    if (type == NULL)
        return refused(change, error, "the packs have no such type", "check the spelling");
    if (kind == NULL)
        return refused(change, error, "the database holds no such field", "check the spelling");
    return change->kind == CHANGE_DROP     ? drop_fits(sql, type, change, error)
           : change->kind == CHANGE_RENAME ? rename_fits(sql, type, change, kind, error)
                                           : retype_fits(sql, type, change, kind, error);
}

/* --- a type without records --- */

static gboolean empty_type(Sql *sql, const Packs *packs, const PackChange *change, GError **error) {
    gint64 n;
    g_autofree char *key = stored_kind(sql, change->type, "_id", error);
    g_autofree char *text = g_strdup_printf("SELECT count(*) FROM r_%s", change->type);
    if (packs_type(packs, change->type))
        return refused(change, error, "still stands in a pack", "take it out first");
    if (key == NULL)
        return refused(change, error, "the database holds no such type", "check the spelling");
    if (!sql_get_int(sql, error, &n, 0, text, ""))
        return FALSE;
    g_autofree char *rule =
        g_strdup_printf("has %" G_GINT64_FORMAT " records, whose history would not be proved", n);
    return n == 0 || refused(change, error, rule,
                             "put the pack back; `rights` may keep the type out of sight");
}

static gboolean drop_type(Sql *sql, const Packs *packs, const PackChange *change, GError **error) {
    if (!empty_type(sql, packs, change, error))
        return FALSE;
    g_autofree char *rows = g_strconcat(change->type, "__", NULL);
    g_autoptr(GPtrArray) tables = sql_texts(
        sql, error, 1,
        "SELECT DISTINCT type FROM schema_fields WHERE type = ? OR substr(type, 1, length(?)) = ?",
        "ttt", change->type, rows, rows);
    for (guint i = 0; tables && i < tables->len; i++) {
        g_autofree char *text = g_strdup_printf("DROP TABLE r_%s", (char *)tables->pdata[i]);
        if (!sql_exec(sql, text, error) ||
            !sql_run(sql, error, "DELETE FROM schema_fields WHERE type = ?", "t",
                     tables->pdata[i]) ||
            !sql_run(sql, error, "DELETE FROM schema_indexes WHERE type = ?", "t",
                     tables->pdata[i]))
            return FALSE;
    }
    return tables != NULL;
}

/* --- states --- */

static gboolean map_record(const Act *act, const RecordType *type, PackChange *change,
                           const char *id, GError **error) {
    State gone = {.name = change->name, .index = 63, .title = {change->name, change->name}};
    g_autoptr(Row) before = row_load(act->sql, type, id, error);
    if (before == NULL)
        return FALSE;
    g_autoptr(Row) row = row_copy(before);
    before->state = &gone;
    row->state = type_state(type, change->to);
    json_t *record = commit_row(act, before, row, "pack:map_state", NULL, NULL, error);
    json_decref(record);
    change->records++;
    return record != NULL;
}

static gboolean map_state(const Act *act, PackChange *change, GError **error) {
    const RecordType *type = packs_type(act->packs, change->type);
    if (type == NULL)
        return refused(change, error, "the packs have no such type", "check the spelling");
    if (!state_fits(type, change, error))
        return FALSE;
    g_autofree char *text =
        g_strdup_printf("SELECT _id FROM r_%s WHERE _state = ? ORDER BY _id", type->name);
    g_autoptr(GPtrArray) ids = sql_texts(act->sql, error, 1, text, "t", change->name);
    for (guint i = 0; ids && i < ids->len; i++)
        if (!map_record(act, type, change, ids->pdata[i], error))
            return FALSE;
    return ids != NULL;
}

/* --- all of them --- */

/* Whose records they are must not hang on what was changed. */
static gboolean places_good(Sql *sql, const Packs *packs, const GPtrArray *changes,
                            GError **error) {
    for (guint i = 0; i < changes->len; i++) {
        const PackChange *change = changes->pdata[i];
        const RecordType *type = packs_type(packs, change->type);
        g_autoptr(GError) cause = NULL;
        if (type && !verify_places(sql, packs, type, &cause))
            return refused(change, error,
                           "records would come under another region, enterprise or sector",
                           "keep the field that gives `scope`, or rename it");
    }
    return TRUE;
}

static gboolean change_fields(Sql *sql, const Packs *packs, GPtrArray *changes, gint64 now_ms,
                              gboolean *changed, GError **error) {
    gint64 last = journal_last(sql, error);
    if (last < 0)
        return FALSE;
    for (PackChangeKind kind = 0; kind < CHANGE_STATE; kind++)
        for (guint i = 0; i < changes->len; i++) {
            PackChange *change = changes->pdata[i];
            if (change->kind != kind)
                continue;
            *changed = TRUE;
            if (change->name == NULL
                    ? !drop_type(sql, packs, change, error)
                    : !field_fits(sql, packs, change, error) ||
                          !pack_change_field(sql, packs, change, (guint)last + i, now_ms, error))
                return FALSE;
        }
    return TRUE;
}

gboolean pack_changes_apply(Sql *sql, const Packs *packs, GPtrArray *changes, gint64 now_ms,
                            GError **error) {
    Act act = {sql, packs, &actor_system, now_ms, NULL};
    gboolean changed = FALSE;
    if (!change_fields(sql, packs, changes, now_ms, &changed, error) ||
        !schema_fit_tables(sql, packs, error))
        return FALSE;
    for (guint i = 0; i < changes->len; i++) {
        PackChange *change = changes->pdata[i];
        if (change->kind == CHANGE_STATE && !map_state(&act, change, error))
            return FALSE;
    }
    return (!changed || search_forget(sql, error)) && records_migrate(sql, packs, error) &&
           places_good(sql, packs, changes, error);
}
