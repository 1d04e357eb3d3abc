#include "record/schema.h"
#include "record/field_value.h"
#include "record/files.h"
#include "record/query.h"
#include "record/receipt.h"
#include "record/record.h"
#include "record/record_index.h"
#include "record/search.h"

#include <string.h>

gboolean schema_own_column(const RecordType *type, const Field *field) {
    return field != type->key && field != type->scope_enterprise;
}

static const struct {
    const char *name, *column;
    gboolean nullable;
} system_columns[] = {{"state", "_state", TRUE},
                      {"id", "_id", FALSE},
                      {"number", "_number", TRUE},
                      {"created_at", "_created_ms", FALSE},
                      {"updated_at", "_updated_ms", FALSE},
                      {"created_by", "_created_by", FALSE}};

/* Fen as yuan, the very double that the value has in memory. */
static const char yuan_before[] = "(CAST(", yuan_behind[] = " AS DOUBLE PRECISION) / 100)";

static const char *field_column(const RecordType *type, const Field *field) {
    if (field == type->key)
        return "_id";
    if (field == type->scope_enterprise)
        return "_enterprise";
    if (field->kind == FIELD_POINT || field->kind == FIELD_AREA)
        return NULL;
    gboolean money = field->kind == FIELD_MONEY;
    g_autofree char *quoted = g_strconcat(money ? yuan_before : "", "\"", field->name, "\"",
                                          money ? yuan_behind : "", NULL);
    return g_intern_string(quoted);
}

const char *schema_column(gpointer data, const char *name) {
    const RecordType *type = data;
    const Field *field = type_field(type, name);
    if (field)
        return field_column(type, field);
    for (guint i = 0; i < G_N_ELEMENTS(system_columns); i++)
        if (strcmp(name, system_columns[i].name) == 0)
            return system_columns[i].column;
    return NULL;
}

gboolean schema_column_nullable(const RecordType *type, const char *name) {
    const Field *field = type_field(type, name);
    if (field)
        return field != type->key;
    for (guint i = 0; i < G_N_ELEMENTS(system_columns); i++)
        if (strcmp(name, system_columns[i].name) == 0)
            return system_columns[i].nullable;
    return TRUE;
}

/* journal_record serves the history of one record and, with hash, the append; clocks_next the
 * scheduler; clocks_enterprise what is overdue on an enterprise's page. */
static const char common_tables[] =
    "CREATE TABLE IF NOT EXISTS documents (id {text} PRIMARY KEY, type {text} NOT NULL, record "
    "{text} NOT NULL, name {text} NOT NULL, number {text}, hash {text} NOT NULL, size {int} NOT "
    "NULL, at_ms {int} NOT NULL, by_id {text} NOT NULL, by_name {text}, version {int} NOT NULL);"
    "CREATE INDEX IF NOT EXISTS documents_record ON documents (type, record, id);"
    "CREATE INDEX IF NOT EXISTS documents_hash ON documents (hash);"
    "CREATE TABLE IF NOT EXISTS schema_fields (type {text} NOT NULL, field {text} NOT NULL, kind "
    "{text} "
    "NOT NULL,"
    " PRIMARY KEY (type, field));"
    "CREATE TABLE IF NOT EXISTS schema_indexes (name {text} PRIMARY KEY, type {text} NOT NULL, "
    "definition {text} NOT NULL);"
    "CREATE TABLE IF NOT EXISTS imports (type {text} NOT NULL, hash {text} NOT NULL, time_ms {int} "
    "NOT NULL, actor {text} NOT NULL, PRIMARY KEY (type, hash));"
    "CREATE TABLE IF NOT EXISTS journal (seq {key} PRIMARY KEY, time_ms {int} NOT NULL, actor "
    "{text} NOT NULL,"
    " actor_name {text}, role {text}, type {text} NOT NULL, id {text} NOT NULL, action {text} NOT "
    "NULL, "
    "from_state {text},"
    " to_state {text}, diff {text} NOT NULL, comment {text}, _region {text} NOT NULL, _enterprise "
    "{text}, "
    "hash {blob} NOT NULL);"
    "CREATE INDEX IF NOT EXISTS journal_record ON journal (type, id, seq);"
    "CREATE INDEX IF NOT EXISTS journal_enterprise ON journal (_enterprise, seq) WHERE _enterprise "
    "IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS seals (number {key} PRIMARY KEY, time_ms {int} NOT NULL, "
    "first_seq {int} NOT NULL,"
    " last_seq {int} NOT NULL, root {blob} NOT NULL, hash {blob} NOT NULL);"
    "CREATE TABLE IF NOT EXISTS clocks (serial {key} PRIMARY KEY, type {text} NOT NULL, id {text} "
    "NOT NULL,"
    " name {text} NOT NULL, started_ms {int} NOT NULL, due_ms {int} NOT NULL, step {int} NOT "
    "NULL, next_ms {int},"
    " fired_ms {int}, stopped_ms {int}, _region {text} NOT NULL, _enterprise {text});"
    "CREATE INDEX IF NOT EXISTS clocks_next ON clocks (next_ms, serial) WHERE next_ms IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS clocks_record ON clocks (type, id, serial);"
    "CREATE INDEX IF NOT EXISTS clocks_enterprise ON clocks (_enterprise, due_ms) WHERE stopped_ms "
    "IS NULL AND _enterprise IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS clock_pauses (serial {int} NOT NULL, number {int} NOT NULL, "
    "base_ms {int} NOT NULL, paused_ms {int} NOT NULL, resumed_ms {int}, PRIMARY KEY (serial, "
    "number));"
    "CREATE TABLE IF NOT EXISTS proposals (type {text} NOT NULL, id {text} NOT NULL, seq {int} NOT "
    "NULL, move {text} NOT NULL, PRIMARY KEY (type, id));"
    "CREATE TABLE IF NOT EXISTS notices (seq {key} PRIMARY KEY, time_ms {int} NOT NULL, role "
    "{text} NOT NULL,"
    " title_zh {text} NOT NULL, title_en {text} NOT NULL, type {text} NOT NULL, id {text} NOT "
    "NULL, "
    "_region {text} NOT NULL,"
    " _enterprise {text});"
    "CREATE INDEX IF NOT EXISTS notices_role ON notices (role, _enterprise, seq);"
    "CREATE INDEX IF NOT EXISTS notices_region ON notices (role, seq, _region);"
    "CREATE TABLE IF NOT EXISTS seal_keys (id {text} PRIMARY KEY, public {blob} NOT NULL, made_ms "
    "{int} NOT NULL, retired_ms {int});"
    "CREATE TABLE IF NOT EXISTS numbers (type {text} NOT NULL, prefix {text} NOT NULL, serial "
    "{int} "
    "NOT NULL,"
    " PRIMARY KEY (type, prefix))";

static void add_column(GString *text, const Field *field, const char *before) {
    const char *const *suffixes = field_columns_named(field);
    for (int i = 0; suffixes[i]; i++)
        g_string_append_printf(text, "%s\"%s%s\" %s", before, field->name, suffixes[i],
                               field_column_type(field, i));
}

static const char rows_table[] = "CREATE TABLE r_%s (_record {text} NOT NULL, _ordinal {int} NOT "
                                 "NULL";

static const char record_table[] =
    "CREATE TABLE r_%s (_id {text} PRIMARY KEY, _version {int} NOT NULL, _state {text}, "
    "_number {text}, _created_ms {int} NOT NULL, _created_by {text} NOT NULL, "
    "_updated_ms {int} NOT NULL, _state_ms {int} NOT NULL, _region {text} NOT NULL, "
    "_enterprise {text}, _sector {text} NOT NULL DEFAULT ''";

static gboolean create_table(Sql *sql, const RecordType *type, GError **error) {
    g_autoptr(Query) query = query_new("");
    if (type->owner)
        query_add_format(query, rows_table, type->name);
    else
        query_add_format(query, record_table, type->name);
    for (guint i = 0; i < type->fields->len; i++)
        if (schema_own_column(type, type->fields->pdata[i]))
            add_column(query->text, type->fields->pdata[i], ", ");
    query_add(query, type->owner ? ", PRIMARY KEY (_record, _ordinal))" : ")");
    return sql_define(sql, query->text->str, error);
}

/* One statement per column: ALTER TABLE adds one. */
static gboolean widen_table(Sql *sql, const RecordType *type, const Field *field, GError **error) {
    g_autofree char *before = g_strdup_printf("; ALTER TABLE r_%s ADD COLUMN ", type->name);
    GString *text = g_string_new(NULL);
    add_column(text, field, before);
    gboolean done = sql_define(sql, text->str + 2, error);
    g_string_free(text, TRUE);
    return done;
}

static gboolean refused(GError **error, const char *type, const char *field, const char *rule,
                        const char *remedy) {
    g_autofree char *place = g_strdup_printf("r_%s.%s", type, field);
    return error_set(error, ERROR_PACK, NULL, place, rule, remedy, NULL);
}

/* "hazard.due" of a table's field; of rows "hazard.items.amount". */
static char *place_of(const RecordType *type, const char *field) {
    g_auto(GStrv) names = g_strsplit(type->name, "__", 2);
    g_autofree char *table = g_strjoinv(".", names);
    return g_strdup_printf("%s.%s", table, field);
}

/* Key and scope: "_id" and "_enterprise" of schema_fields. */
static gboolean system_refused(const RecordType *type, const char *name, const char *stored,
                               const char *now, GError **error) {
    g_autofree char *rule =
        g_strdup_printf("%s is taken from %s, the pack says %s",
                        strcmp(name, "_id") == 0 ? "the key" : "the enterprise", stored, now);
    g_autofree char *remedy = g_strdup_printf(
        "put it back as it was, or, when it is the same field under another name: anlan pack apply "
        "--rename %s.%s=%s",
        type->name, stored, now);
    return refused(error, type->name, name, rule, remedy);
}

static gboolean drop_refused(const RecordType *type, const char *name, GError **error) {
    g_autofree char *place = place_of(type, name);
    g_autofree char *remedy = g_strdup_printf(
        "put it back, or: anlan pack apply --rename %s=NEW when it is another field of the pack "
        "now, anlan pack apply --drop %s to lose its values",
        place, place);
    return refused(error, type->name, name,
                   "the pack has dropped this field, but the database holds it", remedy);
}

static gboolean retype_refused(const RecordType *type, const char *name, const char *stored,
                               const char *now, GError **error) {
    g_autofree char *place = place_of(type, name);
    g_autofree char *rule = g_strdup_printf("is stored as %s, the pack says %s", stored, now);
    g_autofree char *remedy = g_strdup_printf(
        "put it back as it was, or: anlan pack apply --retype %s, which counts what cannot be read "
        "as the new kind before it does anything",
        place);
    return refused(error, type->name, name, rule, remedy);
}

/* field -> kind of what the tables hold for a type. The key counts as field "_id", the enterprise
 * as "_enterprise": they decide where these fields are stored. */
static GHashTable *stored_fields(Sql *sql, const char *type, GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT field, kind FROM schema_fields WHERE type = ?", "t", type);
    if (st == NULL)
        return NULL;
    GHashTable *fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW)
        g_hash_table_insert(fields, g_strdup(sql_text(st, 0)), g_strdup(sql_text(st, 1)));
    if (step == SQL_DONE)
        return fields;
    g_hash_table_destroy(fields);
    return NULL;
}

static GHashTable *wanted_fields(const RecordType *type) {
    GHashTable *fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        g_hash_table_insert(
            fields, g_strdup(field->name),
            g_strconcat(field->secret ? SECRET_KIND : "", field_kind_name(field->kind), NULL));
    }
    if (type->owner)
        return fields;
    g_hash_table_insert(fields, g_strdup("_id"), g_strdup(type->key ? type->key->name : "made"));
    g_hash_table_insert(fields, g_strdup("_enterprise"),
                        g_strdup(type->scope_enterprise ? type->scope_enterprise->name : "none"));
    return fields;
}

/* A text that becomes secret is sealed by records_seal; other kinds would need another column. */
static gboolean to_be_sealed(const Field *field, const char *stored, const char *wanted) {
    return field && field->secret && strcmp(wanted + strlen(SECRET_KIND), stored) == 0 &&
           (field->kind == FIELD_TEXT || field->kind == FIELD_CODE || field->kind == FIELD_DATE);
}

GPtrArray *schema_unsealed(Sql *sql, const RecordType *type, GError **error) {
    GHashTable *stored = stored_fields(sql, type->name, error);
    if (stored == NULL)
        return NULL;
    GPtrArray *fields = g_ptr_array_new();
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        const char *kind = g_hash_table_lookup(stored, field->name);
        if (field->secret && kind && !g_str_has_prefix(kind, SECRET_KIND))
            g_ptr_array_add(fields, (gpointer)field);
    }
    g_hash_table_destroy(stored);
    return fields;
}

gboolean schema_sealed(Sql *sql, const RecordType *type, const GPtrArray *fields, GError **error) {
    gboolean done = TRUE;
    for (guint i = 0; done && i < fields->len; i++) {
        const Field *field = fields->pdata[i];
        g_autofree char *kind = g_strconcat(SECRET_KIND, field_kind_name(field->kind), NULL);
        done = sql_run(sql, error, "UPDATE schema_fields SET kind = ? WHERE type = ? AND field = ?",
                       "ttt", kind, type->name, field->name);
    }
    return done;
}

static gboolean nothing_lost(const RecordType *type, GHashTable *stored, GHashTable *wanted,
                             GError **error) {
    /* key and scope, whose names begin with '_', before the fields that they name */
    g_autoptr(GList) names =
        g_list_sort(g_hash_table_get_keys(stored), (GCompareFunc)(void (*)(void))strcmp);
    for (const GList *at = names; at; at = at->next) {
        const char *name = at->data, *kind = g_hash_table_lookup(stored, name);
        if (strcmp(name, SECTOR_SOURCE) == 0) /* schema_sector.c */
            continue;
        const char *now = g_hash_table_lookup(wanted, name);
        if (now == NULL)
            return drop_refused(type, name, error);
        if (strcmp(now, kind) == 0 || to_be_sealed(type_field(type, name), kind, now))
            continue;
        return *name == '_' ? system_refused(type, name, kind, now, error)
                            : retype_refused(type, name, kind, now, error);
    }
    return TRUE;
}

static gboolean remember(Sql *sql, const RecordType *type, const char *field, const char *kind,
                         GError **error) {
    return sql_run(sql, error, "INSERT INTO schema_fields (type, field, kind) VALUES (?, ?, ?)",
                   "ttt", type->name, field, kind);
}

static gboolean add_fields(Sql *sql, const RecordType *type, GHashTable *stored, GHashTable *wanted,
                           GError **error) {
    gboolean fresh = g_hash_table_size(stored) == 0;
    if (fresh && !create_table(sql, type, error))
        return FALSE;
    for (guint i = 0; !fresh && i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (!g_hash_table_contains(stored, field->name) && schema_own_column(type, field) &&
            !widen_table(sql, type, field, error))
            return FALSE;
    }
    GHashTableIter iter;
    gpointer name, kind;
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &name, &kind))
        if (!g_hash_table_contains(stored, name) && !remember(sql, type, name, kind, error))
            return FALSE;
    return TRUE;
}

static gboolean fit_fields(Sql *sql, const RecordType *type, GError **error) {
    GHashTable *stored = stored_fields(sql, type->name, error);
    if (stored == NULL)
        return FALSE;
    GHashTable *wanted = wanted_fields(type);
    gboolean done =
        nothing_lost(type, stored, wanted, error) && add_fields(sql, type, stored, wanted, error);
    g_hash_table_destroy(stored);
    g_hash_table_destroy(wanted);
    return done;
}

static gboolean fit_rows(Sql *sql, const RecordType *type, GError **error) {
    for (guint i = 0; i < type->row_fields->len; i++)
        if (!fit_fields(sql, ((const Field *)type->row_fields->pdata[i])->rows, error))
            return FALSE;
    return TRUE;
}

static gboolean states_known(Sql *sql, const RecordType *type, GError **error) {
    g_autoptr(Query) query = query_new("");
    query_add_format(query, "SELECT _state FROM r_%s WHERE _state IS NOT NULL", type->name);
    for (guint i = 0; i < type->states->len; i++) {
        query_add(query, i ? ", ?" : " AND _state NOT IN (?");
        query_param_text(query, ((const State *)type->states->pdata[i])->name);
    }
    query_add(query, type->states->len ? ") LIMIT 1" : " LIMIT 1");
    SqlStatement *st = query_start(query, sql, error);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    g_autofree char *rule =
        g_strdup_printf("the pack has dropped state %s, but records stand in it", sql_text(st, 0));
    g_autofree char *remedy =
        g_strdup_printf("put the state back into the pack and move the records on first, or: anlan "
                        "pack apply --map-state %s.%s=NEW",
                        type->name, sql_text(st, 0));
    sql_reset(st);
    return refused(error, type->name, "_state", rule, remedy);
}

/* TYPE, or TYPE__FIELD of a field of kind rows; that the field is still there, its type says. */
static gboolean is_known(const Packs *packs, const char *name) {
    const char *field = strstr(name, "__");
    g_autofree char *type = field ? g_strndup(name, (gsize)(field - name)) : g_strdup(name);
    return packs_type(packs, type) != NULL;
}

/* A type with rows that no pack knows any more would lose its records from sight. */
static gboolean types_known(Sql *sql, const Packs *packs, GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT DISTINCT type FROM schema_fields ORDER BY type", "");
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        if (is_known(packs, sql_text(st, 0)))
            continue;
        g_autofree char *name = g_strdup(sql_text(st, 0));
        g_autofree char *remedy = g_strdup_printf(
            "put the pack back, or, when there are no records of it: anlan pack apply --drop %s",
            name);
        sql_reset(st);
        return refused(error, name, "*",
                       "no pack has this type any more, but the database holds its records",
                       remedy);
    }
    return step == SQL_DONE;
}

gboolean schema_fit_tables(Sql *sql, const Packs *packs, GError **error) {
    if (!sql_define(sql, common_tables, error) || !sql_define(sql, file_tables, error) ||
        !sql_add_column(sql, "clocks", "late_ms", "{int}", error) || /* newer than the table */
        !types_known(sql, packs, error))
        return FALSE;
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        if (!fit_fields(sql, type, error) || !fit_rows(sql, type, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean migrate(Sql *sql, const Packs *packs, GError **error) {
    if (!schema_fit_tables(sql, packs, error))
        return FALSE;
    for (guint i = 0; i < packs->types->len; i++)
        if (!states_known(sql, packs->types->pdata[i], error))
            return FALSE;
    if (!schema_fit_sectors(sql, packs, error))
        return FALSE;
    for (guint i = 0; i < packs->types->len; i++)
        if (!record_indexes_fit(sql, packs, packs->types->pdata[i], error))
            return FALSE;
    return receipt_migrate(sql, error) && search_migrate(sql, packs, error);
}

gboolean records_migrate(Sql *sql, const Packs *packs, GError **error) {
    if (!sql_exec(sql, "SAVEPOINT records_migrate", error))
        return FALSE;
    if (migrate(sql, packs, error))
        return sql_exec(sql, "RELEASE records_migrate", error);
    sql_exec(sql, "ROLLBACK TO records_migrate; RELEASE records_migrate", NULL);
    return FALSE;
}
