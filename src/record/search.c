#include "record/search.h"
#include "record/rights.h"
#include "record/rows.h"
#include "record/search_grams.h"
#include "record/search_words.h"

#include <string.h>

/* Stands between two fields, so that no phrase reaches from one into the next. */
static const char gap[] = " 0gap0";

gboolean search_field(const Field *field) {
    for (guint i = 0; field->rows && i < field->rows->fields->len; i++)
        if (search_field(field->rows->fields->pdata[i]))
            return TRUE;
    return field->kind == FIELD_TEXT && !field->secret;
}

static void add_words(GString *words, const char *text) {
    if (text == NULL)
        return;
    if (words->len)
        g_string_append(words, gap);
    search_words(text, words);
}

static int by_name(gconstpointer a, gconstpointer b) {
    const Field *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* By name, so that fields added later do not change the order of the others. */
static GPtrArray *searched_fields(const RecordType *type) {
    GPtrArray *fields = g_ptr_array_new();
    for (guint i = 0; i < type->fields->len; i++)
        if (search_field(type->fields->pdata[i]))
            g_ptr_array_add(fields, type->fields->pdata[i]);
    g_ptr_array_sort(fields, by_name);
    return fields;
}

static void add_row_words(GString *words, const Row *row, const Field *field) {
    g_autoptr(GPtrArray) cells = searched_fields(field->rows);
    guint n = row_count(row, field);
    for (guint i = 0; i < n; i++)
        for (guint j = 0; j < cells->len; j++) {
            const FieldValue *value = row_cell(row, field, i, cells->pdata[j]);
            add_words(words, value->present ? value->text : NULL);
        }
}

static char *words_of(const Row *row) {
    GString *words = g_string_new(NULL);
    g_autoptr(GPtrArray) fields = searched_fields(row->type);
    add_words(words, row->number);
    for (guint i = 0; i < fields->len; i++) {
        const Field *field = fields->pdata[i];
        if (field->rows)
            add_row_words(words, row, field);
        else
            add_words(words, row_text(row, field));
    }
    return g_string_free(words, FALSE);
}

char *search_text(const Row *row, const Field *field) {
    if (field->rows == NULL)
        return g_strdup(row_text(row, field));
    g_autoptr(GPtrArray) cells = searched_fields(field->rows);
    GString *text = g_string_new(NULL);
    guint n = row_count(row, field);
    for (guint i = 0; i < n; i++)
        for (guint j = 0; j < cells->len; j++) {
            const FieldValue *value = row_cell(row, field, i, cells->pdata[j]);
            if (value->present && value->text)
                g_string_append_printf(text, "%s%s ", text->len ? gap + 1 : "", value->text);
        }
    return g_string_free(text, text->len == 0);
}

/* The enterprise as words: an enterprise's people look through its own records only. */
static char *owner_of(const char *enterprise) {
    GString *words = g_string_new(NULL);
    if (enterprise)
        search_words(enterprise, words);
    return g_string_free(words, FALSE);
}

/* --- the place of a record in the index: SQLite ---
 *
 * The row number of a text is type (11 bits), county (20 bits), serial (32 bits): the texts of one
 * county stand together, the newest last, so that FTS5 itself passes over all others and gives the
 * newest first. */

enum { COUNTY_DIGITS = 6, COUNTY_SHIFT = 32, TYPE_SHIFT = 52, TYPES_MAX = 2047 };
static const gint64 serial_mask = ((gint64)1 << COUNTY_SHIFT) - 1;

/* The counties of a code or of what it begins: "3204" is 320400 to 320499. */
static void county_range(const char *region, gint64 *first, gint64 *last) {
    gint64 number = 0, width = 1;
    int digits = 0;
    for (; digits < COUNTY_DIGITS && g_ascii_isdigit(region[digits]); digits++)
        number = number * 10 + g_ascii_digit_value(region[digits]);
    for (; digits < COUNTY_DIGITS; digits++) {
        number *= 10;
        width *= 10;
    }
    *first = number;
    *last = number + width - 1;
}

static gint64 place_of(gint64 type_number, gint64 county, gint64 serial) {
    return type_number << TYPE_SHIFT | county << COUNTY_SHIFT | serial;
}

gint64 search_serial(gint64 place) { return place & serial_mask; }
gint64 search_county_end(gint64 place) { return place | serial_mask; }

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS search_types (type TEXT PRIMARY KEY, number INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS search_next (one INTEGER PRIMARY KEY, serial INTEGER NOT NULL);"
    "INSERT INTO search_next (one, serial) VALUES (1, 0) ON CONFLICT DO NOTHING;"
    "CREATE TABLE IF NOT EXISTS search_places (_place INTEGER PRIMARY KEY, _type TEXT NOT NULL, "
    "_record TEXT NOT NULL, UNIQUE (_type, _record));"
    "CREATE TABLE IF NOT EXISTS search_fields (type TEXT NOT NULL, field TEXT NOT NULL, PRIMARY "
    "KEY (type, field));"
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_index USING fts5 (_owner, _words, content = '', "
    "tokenize = 'unicode61 remove_diacritics 2')";
static const char no_tables[] =
    "DROP TABLE IF EXISTS search_text; DROP TABLE IF EXISTS search_ids; DROP TABLE IF EXISTS "
    "search_index; DROP TABLE IF EXISTS search_places; DROP TABLE IF EXISTS search_fields; DROP "
    "TABLE IF EXISTS search_types; DROP TABLE IF EXISTS search_next";

static gboolean type_number(Sql *sql, const RecordType *type, gint64 *number, GError **error) {
    return sql_get_int(sql, error, number, 0, "SELECT number FROM search_types WHERE type = ?", "t",
                       type->name);
}

static gboolean index_add(Sql *sql, gint64 place, const Row *row, const char *words,
                          GError **error) {
    g_autofree char *owner = owner_of(row_enterprise(row));
    return sql_run(sql, error, "INSERT INTO search_index (rowid, _owner, _words) VALUES (?, ?, ?)",
                   "itt", place, owner, words);
}

static gboolean index_remove(Sql *sql, gint64 place, const Row *row, const char *words,
                             GError **error) {
    g_autofree char *owner = owner_of(row_enterprise(row));
    return sql_run(sql, error,
                   "INSERT INTO search_index (search_index, rowid, _owner, _words) VALUES "
                   "('delete', ?, ?, ?)",
                   "itt", place, owner, words);
}

static gboolean put_new(Sql *sql, const Row *row, GError **error) {
    g_autofree char *words = words_of(row);
    gint64 number, serial, county, last;
    county_range(row->region, &county, &last);
    if (!type_number(sql, row->type, &number, error) ||
        !sql_get_int(sql, error, &serial, 0,
                     "UPDATE search_next SET serial = serial + 1 WHERE one = 1 RETURNING serial",
                     ""))
        return FALSE;
    gint64 place = place_of(number, county, serial);
    return sql_run(sql, error,
                   "INSERT INTO search_places (_place, _type, _record) VALUES (?, ?, ?)", "itt",
                   place, row->type->name, row->id) &&
           index_add(sql, place, row, words, error);
}

static gboolean same_county(const Row *before, const Row *row) {
    gint64 old_county, county, last;
    county_range(before->region, &old_county, &last);
    county_range(row->region, &county, &last);
    return old_county == county;
}

/* The place after the row has come to another county; it keeps its serial. */
static gboolean move_place(Sql *sql, const Row *before, const Row *row, gint64 *place,
                           GError **error) {
    if (same_county(before, row))
        return TRUE;
    gint64 county, last, former = *place;
    county_range(row->region, &county, &last);
    *place = place_of(former >> TYPE_SHIFT, county, search_serial(former));
    return sql_run(sql, error, "UPDATE search_places SET _place = ? WHERE _place = ?", "ii", *place,
                   former);
}

static gboolean put_changed(Sql *sql, const Row *before, const Row *row, GError **error) {
    g_autofree char *old = words_of(before), *words = words_of(row);
    if (strcmp(old, words) == 0 && same_county(before, row) &&
        g_strcmp0(row_enterprise(before), row_enterprise(row)) == 0)
        return TRUE;
    gint64 place;
    return sql_get_int(sql, error, &place, 0,
                       "SELECT _place FROM search_places WHERE _type = ? AND _record = ?", "tt",
                       row->type->name, row->id) &&
           index_remove(sql, place, before, old, error) &&
           move_place(sql, before, row, &place, error) && index_add(sql, place, row, words, error);
}

/* --- asked: SQLite --- */

static gboolean sees_all(const Actor *actor, const RecordType *type) {
    return (type->read & ROLE_EVERYONE) || rights_all_rows(actor, type);
}

/* The region of all rows of an enterprise; NULL when they may have regions of their own. */
static char *home_of(Sql *sql, const RecordType *type, const char *enterprise) {
    if (type->scope_region || type->scope_enterprise == NULL || enterprise == NULL)
        return NULL;
    g_autofree char *text =
        g_strdup_printf("SELECT _region FROM r_%s WHERE _enterprise = ? LIMIT 1", type->name);
    SqlStatement *st = sql_query(sql, NULL, text, "t", enterprise);
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return NULL;
    char *region = g_strdup(sql_text(st, 0));
    sql_reset(st);
    return region;
}

gboolean search_ask(Sql *sql, const Actor *actor, const RecordType *type, const char *text,
                    SearchAsked *asked) {
    gint64 number, first = 0, last = ((gint64)1 << (TYPE_SHIFT - COUNTY_SHIFT)) - 1;
    gboolean all = actor == NULL || sees_all(actor, type);
    gboolean own = !all && actor->role && actor->role->level == LEVEL_ENTERPRISE;
    g_autofree char *phrases = search_phrases(text);
    g_autofree char *owner = own ? owner_of(actor->enterprise) : NULL;
    *asked = (SearchAsked){0};
    if (phrases == NULL || !type_number(sql, type, &number, NULL) || number == 0)
        return FALSE;
    g_autofree char *home = own ? home_of(sql, type, actor->enterprise) : NULL;
    const char *region = own ? home : actor ? actor->region : NULL;
    if (!all && (region || !own))
        county_range(region ? region : "", &first, &last);
    asked->first = place_of(number, first, 0);
    asked->last = place_of(number, last, serial_mask);
    asked->match = owner && *owner
                       ? g_strdup_printf("_owner : \"%s\" AND _words : (%s)", owner + 1, phrases)
                       : g_strdup_printf("_words : (%s)", phrases);
    return TRUE;
}

void search_asked_clear(SearchAsked *asked) { g_clear_pointer(&asked->match, g_free); }

/* CROSS JOIN: from the words to the rows. The other way round SQLite walks all rows of the type,
 * which is 100 times slower. */
void search_from(Query *query, const RecordType *type, const SearchAsked *asked) {
    query_add_format(query,
                     " FROM search_index CROSS JOIN search_places ON _place = search_index.rowid "
                     "CROSS JOIN r_%s ON _id = _record WHERE search_index MATCH ? AND "
                     "search_index.rowid >= ? AND search_index.rowid <= ?",
                     type->name);
    query_param_text(query, asked->match);
    query_param_int(query, asked->first);
    query_param_int(query, asked->last);
}

gboolean search_has_order(const Sql *sql) { return sql_kind(sql) == SQL_SQLITE; }

void search_sql(Query *query, Sql *sql, const Actor *actor, const RecordType *type,
                const char *text) {
    search_gram_sql(query, sql, actor, type, text);
}

/* --- kept up to date --- */

gboolean search_put(Sql *sql, const Row *before, const Row *row, GError **error) {
    if (!search_has_order(sql))
        return search_gram_put(sql, before, row, error);
    return before ? put_changed(sql, before, row, error) : put_new(sql, row, error);
}

/* A page of the rows of an enterprise that have their region from it. */
static GPtrArray *owned_rows(Sql *sql, const RecordType *type, const char *enterprise,
                             const char *after, GError **error) {
    enum { PAGE = 500 };
    g_autoptr(Query) query = query_new("SELECT ");
    row_select(type, query->text);
    query_add_format(query, " FROM r_%s WHERE _enterprise = ? AND _id > ?", type->name);
    if (type->scope_region)
        query_add_format(query, " AND \"%s\" IS NULL", type->scope_region->name);
    query_add_format(query, " ORDER BY _id LIMIT %d", PAGE);
    query_param_text(query, enterprise);
    query_param_text(query, after);
    return rows_of_query(sql, type, query, error);
}

static gboolean follow_row(Sql *sql, const Row *before, const char *region, GError **error) {
    g_autoptr(Row) row = row_copy(before);
    g_free(row->region);
    row->region = g_strdup(region);
    return search_put(sql, before, row, error);
}

gboolean search_follow(Sql *sql, const RecordType *type, const char *enterprise, const char *region,
                       GError **error) {
    g_autofree char *after = g_strdup("");
    for (;;) {
        g_autoptr(GPtrArray) rows = owned_rows(sql, type, enterprise, after, error);
        if (rows == NULL || rows->len == 0)
            return rows != NULL;
        for (guint i = 0; i < rows->len; i++)
            if (!follow_row(sql, rows->pdata[i], region, error))
                return FALSE;
        g_free(after);
        after = g_strdup(((const Row *)rows->pdata[rows->len - 1])->id);
    }
}

/* --- made --- */

static gboolean is_search_field(const Packs *packs, const char *type_name, const char *field_name) {
    const RecordType *type = packs_type(packs, type_name);
    const Field *field = type ? type_field(type, field_name) : NULL;
    return field && search_field(field);
}

/* Whether the index holds fields that it should not. */
static gboolean is_stale(Sql *sql, const Packs *packs, gboolean *stale, GError **error) {
    SqlStatement *st = sql_query(sql, error, "SELECT type, field FROM search_fields", "");
    SqlStep step = SQL_FAILED;
    *stale = FALSE;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        *stale |= !is_search_field(packs, sql_text(st, 0), sql_text(st, 1));
    return step == SQL_DONE;
}

static gboolean remember_fields(Sql *sql, const Packs *packs, GError **error) {
    gboolean done = TRUE;
    for (guint i = 0; done && i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        g_autoptr(GPtrArray) fields = searched_fields(type);
        for (guint j = 0; done && j < fields->len; j++)
            done = sql_run(sql, error,
                           "INSERT INTO search_fields (type, field) VALUES (?, ?) ON CONFLICT DO "
                           "NOTHING",
                           "tt", type->name, ((const Field *)fields->pdata[j])->name);
    }
    return done;
}

static gboolean number_types(Sql *sql, const Packs *packs, GError **error) {
    gint64 next;
    gboolean done = sql_get_int(sql, error, &next, 0, "SELECT max(number) FROM search_types", "");
    for (guint i = 0; done && i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        gint64 number;
        done = type_number(sql, type, &number, error);
        if (done && number == 0)
            done = (next < TYPES_MAX ||
                    error_set(error, ERROR_PACK, NULL, type->name, "too many types for the search",
                              "at most 2047", NULL)) &&
                   sql_run(sql, error, "INSERT INTO search_types (type, number) VALUES (?, ?)",
                           "ti", type->name, ++next);
    }
    return done;
}

/* Rows that are not in the index, a page at a time and oldest first: reading and writing one table
 * at once is asking for trouble. */
static GPtrArray *missing_rows(Sql *sql, const RecordType *type, const Row *after, GError **error) {
    enum { PAGE = 500 };
    g_autoptr(Query) query = query_new("SELECT ");
    row_select(type, query->text);
    query_add_format(query,
                     " FROM r_%s WHERE (_created_ms, _id) > (?, ?) AND NOT EXISTS (SELECT 1 FROM "
                     "%s) ORDER BY _created_ms, _id LIMIT %d",
                     type->name,
                     search_has_order(sql) ? "search_places WHERE _type = ? AND _record = _id"
                                           : "search_grams g WHERE g.type = ? AND g.record = _id",
                     PAGE);
    query_param_int(query, after ? after->created_ms : -1);
    query_param_text(query, after ? after->id : "");
    query_param_text(query, type->name);
    return rows_of_query(sql, type, query, error);
}

static gboolean fill_type(Sql *sql, const RecordType *type, GError **error) {
    g_autoptr(Row) after = NULL;
    for (;;) {
        g_autoptr(GPtrArray) rows = missing_rows(sql, type, after, error);
        if (rows == NULL || rows->len == 0)
            return rows != NULL;
        for (guint i = 0; i < rows->len; i++)
            if (!search_put(sql, NULL, rows->pdata[i], error))
                return FALSE;
        row_free(after);
        after = row_copy(rows->pdata[rows->len - 1]);
    }
}

static gboolean make_tables(Sql *sql, GError **error) {
    return search_has_order(sql) ? sql_exec(sql, tables, error) : search_gram_tables(sql, error);
}

static gboolean drop_tables(Sql *sql, GError **error) {
    return sql_exec(sql, search_has_order(sql) ? no_tables : search_gram_no_tables, error);
}

gboolean search_forget(Sql *sql, GError **error) { return drop_tables(sql, error); }

gboolean search_migrate(Sql *sql, const Packs *packs, GError **error) {
    gboolean stale;
    if (!make_tables(sql, error) || !is_stale(sql, packs, &stale, error))
        return FALSE;
    if (stale && (!drop_tables(sql, error) || !make_tables(sql, error)))
        return FALSE;
    if (search_has_order(sql) && !number_types(sql, packs, error))
        return FALSE;
    for (guint i = 0; i < packs->types->len; i++)
        if (!fill_type(sql, packs->types->pdata[i], error))
            return FALSE;
    return remember_fields(sql, packs, error);
}
