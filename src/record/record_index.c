#include "record/record_index.h"
#include "record/field_value.h"
#include "record/schema.h"

#include <string.h>

enum { SIGHT_FIELDS_MAX = 24 }; /* PostgreSQL ends at 32 columns */

static const gboolean counted[FIELD_KINDS] = {[FIELD_CODE] = TRUE,
                                              [FIELD_BOOL] = TRUE,
                                              [FIELD_REF] = TRUE,
                                              [FIELD_REGION] = TRUE,
                                              [FIELD_ROLE] = TRUE};
/* Small values; texts and places would make the index as large as the table. */
static const gboolean light[FIELD_KINDS] = {
    [FIELD_CODE] = TRUE, [FIELD_BOOL] = TRUE,  [FIELD_REF] = TRUE,      [FIELD_REGION] = TRUE,
    [FIELD_ROLE] = TRUE, [FIELD_DATE] = TRUE,  [FIELD_INTEGER] = TRUE,  [FIELD_DECIMAL] = TRUE,
    [FIELD_TIME] = TRUE, [FIELD_MONEY] = TRUE, [FIELD_DURATION] = TRUE, [FIELD_SCORE] = TRUE};

gboolean field_counted(const Field *field) { return counted[field->kind] && !field->secret; }

static gboolean in_index(const RecordType *type, const Field *field) {
    return g_ptr_array_find(type->indexed, field, NULL);
}

/* What people filter by comes first: a type with many fields loses the last of the others. */
static GPtrArray *sight_fields(const RecordType *type) {
    GPtrArray *fields = g_ptr_array_new();
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < type->fields->len; i++) {
            const Field *field = type->fields->pdata[i];
            if (schema_own_column(type, field) && light[field->kind] && !field->secret &&
                field_counted(field) == (pass == 0) && fields->len < SIGHT_FIELDS_MAX)
                g_ptr_array_add(fields, (gpointer)field);
        }
    return fields;
}

gboolean type_sight_has(const RecordType *type, const Field *field) {
    g_autoptr(GPtrArray) fields = sight_fields(type);
    return !schema_own_column(type, field) || g_ptr_array_find(fields, field, NULL);
}

gboolean type_sorts_by(const RecordType *type, const char *name) {
    const Field *field = type_field(type, name);
    if (field)
        return type_sight_has(type, field) || in_index(type, field);
    return g_str_equal(name, "created_at") || g_str_equal(name, "updated_at") ||
           g_str_equal(name, "id") || (g_str_equal(name, "state") && type->initial) ||
           (g_str_equal(name, "number") && type->number);
}

/* --- what there should be --- */

typedef struct {
    char *name, *text; /* "i_TYPE.NAME", the CREATE statement */
    const Field *unique;
} Index;

static void index_free(gpointer data) {
    Index *index = data;
    g_free(index->name);
    g_free(index->text);
    g_free(index);
}

static void want(GPtrArray *indexes, const RecordType *type, const char *name, const Field *unique,
                 const char *rest) {
    Index *index = g_new0(Index, 1);
    index->name = g_strdup_printf("i_%s.%s", type->name, name);
    index->text = g_strdup_printf("CREATE %sINDEX \"%s\" ON r_%s %s", unique ? "UNIQUE " : "",
                                  index->name, type->name, rest);
    index->unique = unique;
    g_ptr_array_add(indexes, index);
}

static void want_field(GPtrArray *indexes, const RecordType *type, const Field *field) {
    gboolean own = schema_own_column(type, field);
    if (field == type->key || !(own || field->unique))
        return;
    const char *column = own ? field->name : "_enterprise";
    g_autofree char *rest = g_strdup_printf("(\"%s\") WHERE \"%s\" IS NOT NULL", column, column);
    g_autofree char *unique = g_strdup_printf("unique.%s", field->name);
    g_autofree char *pair =
        g_strdup_printf("(\"%s_lon\", \"%s_lat\", _region)", field->name, field->name);
    g_autofree char *box = g_strdup_printf(
        "(\"%s_w\", \"%s_e\", \"%s_s\", \"%s_n\", _region) WHERE \"%s_w\" IS NOT NULL", field->name,
        field->name, field->name, field->name, field->name);
    if (field->unique)
        want(indexes, type, unique, field, rest);
    else if (field->kind == FIELD_POINT) /* boxes on the map, read with the scope */
        want(indexes, type, field->name, NULL, pair);
    else if (field->kind == FIELD_AREA)
        want(indexes, type, field->name, NULL, box);
    else if (field->kind == FIELD_REF)
        want(indexes, type, field->name, NULL, rest);
}

static void add_fields(GString *text, const GPtrArray *fields, gboolean few) {
    for (guint i = 0; i < fields->len; i++) {
        const Field *field = fields->pdata[i];
        if (field_counted(field) == few)
            g_string_append_printf(text, ", \"%s\"", field->name);
    }
}

/* What lists are narrowed by stands first: reading an entry costs what stands before it. */
static char *sight_columns(const RecordType *type) {
    GString *text = g_string_new("(_region, _created_ms, _id");
    g_autoptr(GPtrArray) fields = sight_fields(type);
    if (type->initial)
        g_string_append(text, ", _state");
    add_fields(text, fields, TRUE);
    if (type->scope_enterprise)
        g_string_append(text, ", _enterprise");
    if (type->has_sector)
        g_string_append(text, ", _sector");
    add_fields(text, fields, FALSE);
    g_string_append(text, ", _updated_ms");
    if (type->number)
        g_string_append(text, ", _number");
    g_string_append_c(text, ')');
    return g_string_free(text, FALSE);
}

/* Empty values first, as lists sort them: SQLite's own order, and it refuses to be told. */
static void want_indexed(GPtrArray *indexes, SqlKind kind, const RecordType *type,
                         const Field *field) {
    g_autofree char *name = g_strdup_printf("by.%s", field->name);
    g_autofree char *rest = g_strdup_printf("(_region, %s%s, _created_ms, _id)",
                                            schema_column((gpointer)type, field->name),
                                            kind == SQL_POSTGRES ? " NULLS FIRST" : "");
    want(indexes, type, name, NULL, rest);
}

/* What assignment looks for (rights.c), where a ref or a unique field has no index already. */
static void want_assigned(GPtrArray *indexes, const RecordType *holder, const Field *field) {
    if (!schema_own_column(holder, field) ||
        (!holder->owner && (field->kind == FIELD_REF || field->unique)))
        return;
    g_autofree char *name = g_strdup_printf("assigned.%s", field->name);
    g_autofree char *rest =
        g_strdup_printf("(\"%s\") WHERE \"%s\" IS NOT NULL", field->name, field->name);
    g_autofree char *whole = g_strdup_printf("i_%s.%s", holder->name, name);
    for (guint i = 0; i < indexes->len; i++)
        if (strcmp(((const Index *)indexes->pdata[i])->name, whole) == 0)
            return;
    want(indexes, holder, name, NULL, rest);
}

/* Whom the records of the type name, and by what others name people through it. */
static void want_assignments(GPtrArray *indexes, const Packs *packs, const RecordType *type) {
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *other = packs->types->pdata[i];
        for (guint j = 0; j < other->assigned->len; j++) {
            const Assigned *assigned = &g_array_index(other->assigned, Assigned, j);
            if (other == type)
                want_assigned(indexes, assigned->rows ? assigned->rows->rows : type,
                              assigned->field);
            if (assigned->via == type)
                want_assigned(indexes, type, assigned->via_field);
        }
    }
    if (type->own)
        want(indexes, type, "own", NULL, "(_created_by)");
}

static gboolean has_sector_roles(const Packs *packs) {
    for (guint i = 0; i < packs->roles->len; i++)
        if (((const Role *)packs->roles->pdata[i])->sector)
            return TRUE;
    return FALSE;
}

static void want_sector(GPtrArray *indexes, const Packs *packs, const RecordType *type) {
    if (type->has_sector && has_sector_roles(packs))
        want(indexes, type, "sector", NULL, "(_sector, _region, _created_ms, _id)");
}

/* By enterprise, and by its state. A change of a row writes every index of it anew on PostgreSQL,
 * which looks at the state inside the index of the enterprise; SQLite writes only those whose
 * columns change, and has one for each. */
static void want_owned(GPtrArray *indexes, SqlKind kind, const RecordType *type) {
    gboolean both = kind == SQL_POSTGRES && type->initial;
    if (type->scope_enterprise && type->scope_enterprise != type->key)
        want(indexes, type, "enterprise", NULL,
             both ? "(_enterprise, _created_ms, _id, _state)" : "(_enterprise, _created_ms, _id)");
    if (type->initial && !both)
        want(indexes, type, "own_state", NULL, "(_enterprise, _state)");
}

/* Lists over several regions in order of creation carry the scope so that rows out of sight are
 * passed over inside the index; flows are looked up by state. */
static GPtrArray *wanted_indexes(SqlKind kind, const Packs *packs, const RecordType *type) {
    GPtrArray *indexes = g_ptr_array_new_with_free_func(index_free);
    g_autofree char *sight = sight_columns(type);
    want(indexes, type, "created", NULL, "(_created_ms, _id, _region)");
    if (type->scope_region || type->scope_enterprise)
        want(indexes, type, "sight", NULL, sight);
    want_owned(indexes, kind, type);
    if (kind == SQL_SQLITE) /* PostgreSQL finds the sector in `sight` */
        want_sector(indexes, packs, type);
    if (type->initial)
        want(indexes, type, "state", NULL, "(_state, _region, _created_ms, _id)");
    if (type->number)
        want(indexes, type, "number", NULL, "(_number)");
    for (guint i = 0; i < type->indexed->len; i++)
        want_indexed(indexes, kind, type, type->indexed->pdata[i]);
    for (guint i = 0; i < type->fields->len; i++)
        want_field(indexes, type, type->fields->pdata[i]);
    want_assignments(indexes, packs, type);
    return indexes;
}

/* --- made so --- */

static GHashTable *known_indexes(Sql *sql, const RecordType *type, GError **error) {
    SqlStatement *st = sql_query(
        sql, error, "SELECT name, definition FROM schema_indexes WHERE type = ?", "t", type->name);
    if (st == NULL)
        return NULL;
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        g_hash_table_insert(known, g_strdup(sql_text(st, 0)), g_strdup(sql_text(st, 1)));
    if (step == SQL_DONE)
        return known;
    g_hash_table_destroy(known);
    return NULL;
}

static gboolean drop_index(Sql *sql, const char *name, GError **error) {
    g_autofree char *text = g_strdup_printf("DROP INDEX IF EXISTS \"%s\"", name);
    return sql_exec(sql, text, error) &&
           sql_run(sql, error, "DELETE FROM schema_indexes WHERE name = ?", "t", name);
}

static gboolean duplicates_refused(const RecordType *type, const Field *field, GError **error) {
    g_autofree char *place = g_strdup_printf("r_%s.%s", type->name, field->name);
    return error_set(error, ERROR_PACK, NULL, place,
                     "is unique in the pack, but values stand more than once",
                     "correct the records that share a value first", NULL);
}

static gboolean make_index(Sql *sql, const RecordType *type, const Index *index, GError **error) {
    if (!drop_index(sql, index->name, error))
        return FALSE;
    if (!sql_exec(sql, index->text, index->unique ? NULL : error))
        return index->unique && duplicates_refused(type, index->unique, error);
    return sql_run(sql, error,
                   "INSERT INTO schema_indexes (name, type, definition) VALUES (?, ?, ?)", "ttt",
                   index->name, type->name, index->text);
}

gboolean record_indexes_fit(Sql *sql, const Packs *packs, const RecordType *type, GError **error) {
    g_autoptr(GPtrArray) wanted = wanted_indexes(sql_kind(sql), packs, type);
    g_autoptr(GHashTable) known = known_indexes(sql, type, error);
    gboolean done = known != NULL;
    if (done && g_hash_table_size(known) == 0) { /* made before definitions were remembered */
        g_autofree char *former = g_strdup_printf("i_%s.region", type->name);
        done = drop_index(sql, former, error);
    }
    for (guint i = 0; done && i < wanted->len; i++) {
        const Index *index = wanted->pdata[i];
        if (g_strcmp0(g_hash_table_lookup(known, index->name), index->text) != 0)
            done = make_index(sql, type, index, error);
        g_hash_table_remove(known, index->name);
    }
    GHashTableIter iter;
    gpointer name;
    if (done)
        g_hash_table_iter_init(&iter, known);
    while (done && g_hash_table_iter_next(&iter, &name, NULL))
        done = drop_index(sql, name, error);
    return done;
}
