#include "record/search_grams.h"
#include "record/rights.h"
#include "record/search.h"
#include "record/search_words.h"

#include <string.h>

/* A small list of waiting entries: reading looks through all of it. */
static const char tables[] =
    "CREATE TABLE IF NOT EXISTS search_fields (type {text} NOT NULL, field {text} NOT NULL, "
    "PRIMARY KEY (type, field));"
    "CREATE TABLE IF NOT EXISTS search_grams (type {text} NOT NULL, record {text} NOT NULL, field "
    "{text} NOT NULL, words {text} NOT NULL, grams tsvector NOT NULL, PRIMARY KEY (type, record, "
    "field));"
    "CREATE INDEX IF NOT EXISTS search_grams_gin ON search_grams USING gin (grams) WITH "
    "(gin_pending_list_limit = 512)";
const char search_gram_no_tables[] =
    "DROP TABLE IF EXISTS search_grams; DROP TABLE IF EXISTS search_fields";

gboolean search_gram_tables(Sql *sql, GError **error) { return sql_define(sql, tables, error); }

/* --- words and pairs --- */

/* Small letters without marks, as FTS5 compares them on the other back end. */
static char *plain_words(const char *text) {
    GString *words = g_string_new(NULL);
    search_words(text, words);
    g_autofree char *lower = g_utf8_strdown(words->str, -1);
    g_autofree char *parts = g_utf8_normalize(lower, -1, G_NORMALIZE_ALL);
    g_string_truncate(words, 0);
    for (const char *p = parts; p && *p; p = g_utf8_next_char(p))
        if (!g_unichar_ismark(g_utf8_get_char(p)))
            g_string_append_unichar(words, g_utf8_get_char(p));
    g_autofree char *plain = g_utf8_normalize(words->str, -1, G_NORMALIZE_ALL_COMPOSE);
    g_string_free(words, TRUE);
    return g_strconcat(plain ? plain : "", " ", NULL);
}

/* A lexeme in quotes; quotes and backslashes are doubled. */
static void add_lexeme(GString *out, const char *before, const char *a, const char *b) {
    enum { LEXEME_MAX = 1000 }; /* PostgreSQL takes 2046 bytes */
    g_autofree char *text = g_strndup(a, LEXEME_MAX);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_string_append_printf(out, "%s'", out->len ? before : "");
    for (int part = 0; part < 2; part++)
        for (const char *p = part ? b : valid; *p; p++) {
            if (*p == '\'' || *p == '\\')
                g_string_append_c(out, *p);
            g_string_append_c(out, *p);
        }
    g_string_append_c(out, '\'');
}

/* Every two single signs side by side; every other word alone, and the last sign of a run. */
static void add_grams(GString *out, const char *words) {
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    for (guint i = 0; list[i]; i++)
        if (*list[i])
            add_lexeme(out, " ", list[i],
                       search_sign(list[i]) && search_sign(list[i + 1]) ? list[i + 1] : "");
}

/* "/hazard/320412" and "/hazard@E1": no word begins with a slash. */
static char *county_lexeme(const RecordType *type, const char *region) {
    enum { COUNTY_DIGITS = 6 };
    return g_strdup_printf("/%s/%.*s", type->name, COUNTY_DIGITS, region);
}

static char *owner_lexeme(const RecordType *type, const char *enterprise) {
    return g_strdup_printf("/%s@%s", type->name, enterprise);
}

static char *grams_of(const Row *row, const char *words) {
    GString *out = g_string_new(NULL);
    g_autofree char *county = county_lexeme(row->type, row->region);
    add_lexeme(out, " ", county, "");
    if (row_enterprise(row)) {
        g_autofree char *owner = owner_lexeme(row->type, row_enterprise(row));
        add_lexeme(out, " ", owner, "");
    }
    add_grams(out, words);
    return g_string_free(out, FALSE);
}

/* --- asked --- */

/* The pairs of one part between spaces; NULL when there is no word in it. */
static char *part_grams(const char *words, gboolean begun) {
    GString *out = g_string_new(NULL);
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    for (guint i = 0; list[i]; i++) {
        if (*list[i] == 0)
            continue;
        gboolean last = list[i + 1] == NULL || *list[i + 1] == 0, sign = search_sign(list[i]);
        if (sign && !last && search_sign(list[i + 1])) {
            add_lexeme(out, " & ", list[i], list[i + 1]);
        } else if (!(sign && i > 0 && search_sign(list[i - 1]))) {
            add_lexeme(out, " & ", list[i], "");
            g_string_append(out, sign || (last && begun) ? ":*" : "");
        }
    }
    return g_string_free(out, out->len == 0);
}

static void add_narrowing(GString *grams, const Actor *actor, const RecordType *type) {
    g_autofree char *lexeme = NULL;
    if (actor == NULL || (type->read & ROLE_EVERYONE) || rights_all_rows(actor, type))
        return;
    gboolean own = actor->role && actor->role->level == LEVEL_ENTERPRISE;
    if (own && actor->enterprise)
        lexeme = owner_lexeme(type, actor->enterprise);
    else if (!own && actor->region && strlen(actor->region) >= 4)
        lexeme = county_lexeme(type, actor->region);
    if (lexeme)
        add_lexeme(grams, " & ", lexeme, "");
    if (lexeme && !own && strlen(actor->region) < 6)
        g_string_append(grams, ":*");
}

/* The words side by side, at the end perhaps only begun. */
static char *beside_pattern(const char *words, gboolean begun) {
    g_autofree char *whole = g_strndup(words, strlen(words) - (begun ? 1 : 0));
    return g_strconcat("%", whole, "%", NULL);
}

/* One word, or words side by side, of what is asked. */
typedef struct {
    char *grams, *anywhere, *beside; /* tsquery, also without the asker's place; LIKE pattern */
} Part;

static void part_clear(gpointer data) {
    Part *part = data;
    g_free(part->grams);
    g_free(part->anywhere);
    g_free(part->beside);
}

static void add_part(GArray *parts, const Actor *actor, const RecordType *type, const char *text) {
    g_autofree char *words = plain_words(text);
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    guint n = g_strv_length(list);
    gboolean begun = n >= 2 && !search_sign(list[n - 2]);
    g_autofree char *grams = part_grams(words, begun);
    if (grams == NULL)
        return;
    GString *asked = g_string_new(grams);
    add_narrowing(asked, actor, type);
    Part part = {g_string_free(asked, FALSE), g_strdup(grams), beside_pattern(words, begun)};
    g_array_append_val(parts, part);
}

/* NULL: nothing that could be written in a record. */
static GArray *parts_of(const Actor *actor, const RecordType *type, const char *text) {
    enum { PARTS_MAX = 16, PART_CHARS = 64 };
    g_autofree char *plain = g_utf8_normalize(text, -1, G_NORMALIZE_ALL_COMPOSE);
    g_auto(GStrv) list = g_strsplit_set(plain ? plain : "", " \t\r\n", -1);
    g_autofree char *phrases = search_phrases(text);
    if (phrases == NULL)
        return NULL;
    GArray *parts = g_array_new(FALSE, FALSE, sizeof(Part));
    g_array_set_clear_func(parts, part_clear);
    for (guint i = 0, n = 0; list[i] && n < PARTS_MAX; i++) {
        if (*list[i] == 0)
            continue;
        g_autofree char *part =
            g_utf8_substring(list[i], 0, MIN(PART_CHARS, g_utf8_strlen(list[i], -1)));
        add_part(parts, actor, type, part);
        n++;
    }
    return parts;
}

/* --- rare or common ---
 *
 * The planner cannot be left alone with this: hoping for an early end of the page it walks all
 * records when nothing is found. What it knows of the spread of the pairs is good, so it is asked
 * for that. */

static gint64 planned_rows(Sql *sql, const RecordType *type, const char *grams) {
    SqlStatement *st = sql_query(sql, NULL,
                                 "EXPLAIN SELECT 1 FROM search_grams WHERE grams @@ CAST(? AS "
                                 "tsquery) AND type = ?",
                                 "tt", grams, type->name);
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return 0;
    const char *rows = strstr(sql_text(st, 0), "rows=");
    gint64 n = rows ? g_ascii_strtoll(rows + strlen("rows="), NULL, 10) : 0;
    sql_reset(st);
    return n;
}

/* Few are fetched through the index: not more than some, or than one text in a thousand, below
 * which the server keeps no count of its own. Narrowing to a place reads all pairs of the words and
 * of the place first, so it is only done for words that are neither rare nor common. */
static const char *rare_grams(Sql *sql, const RecordType *type, const Part *part, gint64 few) {
    enum { PAIRS_PER_TEXT = 20 };
    gint64 n = planned_rows(sql, type, part->anywhere);
    if (n <= few)
        return part->anywhere;
    return n <= few * PAIRS_PER_TEXT && planned_rows(sql, type, part->grams) <= few ? part->grams
                                                                                    : NULL;
}

static gint64 few_texts(Sql *sql) {
    enum { FEW = 2000, SHARE = 1000 };
    gint64 texts;
    if (!sql_get_int(sql, NULL, &texts, 0,
                     "SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = "
                     "to_regclass('search_grams')",
                     ""))
        return FEW;
    return MAX(FEW, texts / SHARE);
}

/* What each part is fetched by; NULL for those that are common. */
static const char **rare_parts(Sql *sql, const RecordType *type, const GArray *parts,
                               gboolean *any) {
    gint64 few = few_texts(sql);
    const char **rare = g_new0(const char *, parts->len + 1);
    *any = FALSE;
    for (guint i = 0; i < parts->len; i++) {
        rare[i] = rare_grams(sql, type, &g_array_index(parts, Part, i), few);
        *any |= rare[i] != NULL;
    }
    return rare;
}

gboolean search_gram_common(Sql *sql, const Actor *actor, const RecordType *type,
                            const char *text) {
    g_autoptr(GArray) parts = parts_of(actor, type, text);
    gboolean any = TRUE;
    if (parts && parts->len)
        g_free(rare_parts(sql, type, parts, &any));
    return !any;
}

/* --- as SQL --- */

#define TEXTS_OF_PART                                                                              \
    "SELECT record FROM search_grams WHERE grams @@ CAST(? AS tsquery) AND type = ? AND words "    \
    "LIKE ? ESCAPE '\\'"

static void add_texts(Query *query, const RecordType *type, const char *grams, const Part *part,
                      const char *before, const char *behind) {
    query_add_format(query, "%s" TEXTS_OF_PART "%s", before, behind);
    query_param_text(query, grams);
    query_param_text(query, type->name);
    query_param_text(query, part->beside);
}

/* Looked for in the texts of one record: never by a plan of its own. */
static void add_look(Query *query, const RecordType *type, const Part *part) {
    query_add(query, " AND (SELECT TRUE FROM search_grams g WHERE g.type = ? AND g.record = _id "
                     "AND g.words LIKE ? ESCAPE '\\' LIMIT 1)");
    query_param_text(query, type->name);
    query_param_text(query, part->beside);
}

void search_gram_sql(Query *query, Sql *sql, const Actor *actor, const RecordType *type,
                     const char *text) {
    g_autoptr(GArray) parts = parts_of(actor, type, text);
    gboolean any;
    if (parts == NULL) {
        query_add(query, " AND 1 = 0");
        return;
    }
    g_autofree const char **rare = rare_parts(sql, type, parts, &any);
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = &g_array_index(parts, Part, i);
        if (rare[i])
            add_texts(query, type, rare[i], part, " AND _id = ANY (ARRAY(", "))");
        else if (any)
            add_look(query, type, part);
        else
            add_texts(query, type, part->grams, part, " AND _id IN (", ")");
    }
}

void search_gram_look(Query *query, const RecordType *type, const char *text) {
    g_autoptr(GArray) parts = parts_of(NULL, type, text);
    for (guint i = 0; parts && i < parts->len; i++)
        add_look(query, type, &g_array_index(parts, Part, i));
}

/* --- kept up to date --- */

static gboolean put_text(Sql *sql, const Row *row, const char *field, const char *text,
                         gboolean fresh, GError **error) {
    if (text == NULL)
        return fresh ||
               sql_run(sql, error,
                       "DELETE FROM search_grams WHERE type = ? AND record = ? AND field = ?",
                       "ttt", row->type->name, row->id, field);
    g_autofree char *words = plain_words(text), *grams = grams_of(row, words);
    SqlStatement *st =
        sql_prepare(sql,
                    "INSERT INTO search_grams (type, record, field, words, grams) VALUES (?, ?, ?, "
                    "?, CAST(? AS tsvector)) ON CONFLICT (type, record, field) DO UPDATE SET words "
                    "= excluded.words, grams = excluded.grams",
                    error);
    if (st == NULL)
        return FALSE;
    const char *values[] = {row->type->name, row->id, field, words, grams};
    for (guint i = 0; i < G_N_ELEMENTS(values); i++)
        sql_bind_text(st, (int)i + 1, values[i]);
    return sql_send(st, error);
}

gboolean search_gram_put(Sql *sql, const Row *before, const Row *row, GError **error) {
    gboolean moved = before && (strcmp(before->region, row->region) != 0 ||
                                g_strcmp0(row_enterprise(before), row_enterprise(row)) != 0);
    gboolean done = TRUE;
    /* also a record without any text is known to the index */
    if (before == NULL || moved || g_strcmp0(before->number, row->number) != 0)
        done = put_text(sql, row, "number", row->number ? row->number : "", before == NULL, error);
    for (guint i = 0; done && i < row->type->fields->len; i++) {
        const Field *field = row->type->fields->pdata[i];
        if (!search_field(field))
            continue;
        g_autofree char *text = search_text(row, field);
        g_autofree char *former = before ? search_text(before, field) : NULL;
        if (moved || g_strcmp0(text, former) != 0)
            done = put_text(sql, row, field->name, text, before == NULL, error);
    }
    return done;
}
