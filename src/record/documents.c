#include "record/documents.h"
#include "base/hash.h"
#include "document/paper.h"
#include "record/effect.h"
#include "record/facets.h"
#include "record/journal.h"
#include "record/related.h"
#include "record/rights.h"
#include "record/row_values.h"
#include "store/file_store.h"

#include <string.h>

/* One document while it is made. */
typedef struct {
    const Act *act;
    const Row *row;
    const DocumentType *type;
    const char *number; /* "" when it has none */
    gboolean preview;
} Making;

/* ---- texts ---- */

enum { PROVINCE = 2, CITY = 4, WHOLE = 64 }; /* digits of a division code, GB/T 2260 */

/* The name of a division, or of one that encloses it. */
static char *region_name(const Act *act, const char *region, gsize digits) {
    const RecordType *regions = packs_type(act->packs, "region");
    g_autofree char *code = g_strndup(region, digits);
    char *name = regions && *code ? label_of(act->sql, regions, code) : NULL;
    return name ? name : g_strdup(code);
}

/* The division of the authority that acts; the record's, when it is the machine. */
static const char *office_of(const Act *act, const Row *row) {
    const char *region = act->actor->region;
    return region && *region ? region : row->region;
}

static char *own_region(const Making *m) { return region_name(m->act, m->row->region, WHOLE); }
static char *own_city(const Making *m) { return region_name(m->act, m->row->region, CITY); }
static char *own_province(const Making *m) { return region_name(m->act, m->row->region, PROVINCE); }
static char *own_office(const Making *m) {
    return region_name(m->act, office_of(m->act, m->row), WHOLE);
}

/* A county's with its city in front. */
static char *own_office_full(const Making *m) {
    const char *region = office_of(m->act, m->row);
    g_autofree char *own = own_office(m);
    g_autofree char *city =
        strlen(region) > CITY ? region_name(m->act, region, CITY) : g_strdup("");
    return g_strconcat(city, own, NULL);
}
static char *own_number(const Making *m) { return g_strdup(m->number); }
static char *own_title(const Making *m) { return g_strdup(m->type->title.zh); }
static char *own_actor(const Making *m) { return g_strdup(m->act->actor->name); }
static char *own_id(const Making *m) { return g_strdup(m->row->id); }
static char *own_today(const Making *m) {
    return paper_date(day_of(m->act->now_ms), m->type->style.chinese_date);
}

static const struct {
    const char *name;
    char *(*text)(const Making *);
} own_names[] = {{"_region", own_region},
                 {"_region:city", own_city},
                 {"_region:province", own_province},
                 {"_office", own_office},
                 {"_office:full", own_office_full},
                 {"_number", own_number},
                 {"_title", own_title},
                 {"_today", own_today},
                 {"_actor", own_actor},
                 {"_id", own_id}};

/* "2026-09-08 09:30" in +08:00 */
static char *minute_text(const FieldValue *value) {
    enum { MINUTE_MS = 60 * 1000, HOUR = 60 };
    char day[TIME_TEXT];
    gint64 of = day_of(value->integer);
    int minutes = (int)((value->integer - day_start(of)) / MINUTE_MS);
    return g_strdup_printf("%s %02d:%02d", day_format(of, day), minutes / HOUR, minutes % HOUR);
}

/* "{due:date}", "{start:time}"; empty without a value. */
static char *date_text(const Making *m, const Field *field, gboolean minute) {
    const FieldValue *value = row_value(m->row, field);
    gint64 day = 0;
    if (!value->present)
        return g_strdup("");
    if (minute)
        return minute_text(value);
    if (field->kind == FIELD_TIME)
        day = day_of(value->integer);
    else if (!day_parse(value->text, &day))
        return g_strdup(value->text);
    return paper_date(day, m->type->style.chinese_date);
}

static char *own_text(const Making *m, const char *name) {
    for (gsize i = 0; i < G_N_ELEMENTS(own_names); i++)
        if (strcmp(own_names[i].name, name) == 0)
            return own_names[i].text(m);
    gboolean minute = g_str_has_suffix(name, ":time");
    if (!minute && !g_str_has_suffix(name, ":date"))
        return NULL;
    g_autofree char *field_name = g_strndup(name, strlen(name) - strlen(":date"));
    const Field *field = type_field(m->row->type, field_name);
    return field ? date_text(m, field, minute) : NULL;
}

/* A preview shows where something is still to come. */
static char *placeholder_text(const Act *act, const Row *row, const char *name, gpointer data) {
    const Making *m = data;
    char *text = own_text(m, name);
    if (text == NULL)
        text = template_text(act, row, name, LANG_ZH);
    if (*text || !m->preview)
        return text;
    g_free(text);
    return g_strdup("＿＿＿");
}

static char *expand(const Making *m, const char *template) {
    return template_fill(m->act, m->row, template, LANG_ZH, placeholder_text, (gpointer)m);
}

/* ---- pieces ---- */

static void add_cell(PaperPiece *piece, char *text_take) {
    g_ptr_array_add(piece->cells, text_take);
}

static void fill_form(const Making *m, const DocumentPiece *from, PaperPiece *to) {
    for (guint i = 0; i + 1 < from->cells->len; i += 2) {
        char *value = expand(m, from->cells->pdata[i + 1]);
        add_cell(to, g_strdup(from->cells->pdata[i]));
        add_cell(to, *value ? value : g_strdup("／")); /* struck through: nothing was left out */
        if (*value == 0)
            g_free(value);
    }
}

static void fill_list(const Making *m, const DocumentPiece *from, PaperPiece *to) {
    for (guint i = 0; i < from->cells->len; i++) {
        char *text = expand(m, from->cells->pdata[i]);
        if (*text)
            add_cell(to, text);
        else
            g_free(text);
    }
}

static char *json_text(json_t *value) {
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    char *dumped = value && !json_is_null(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    char *text = g_strdup(dumped ? dumped : "");
    free(dumped);
    return text;
}

static void fill_files(const Field *field, const Making *m, const DocumentPiece *from,
                       PaperPiece *to) {
    json_t *rows = field_value_to_json(field, row_value(m->row, field)), *row;
    size_t n;
    json_array_foreach(rows, n, row) for (guint i = 0; i < to->columns; i++)
        add_cell(to, json_text(json_object_get(row, from->cells->pdata[i])));
    json_decref(rows);
}

/* A cell as people read it: titles for codes and references, times to the minute. */
static char *cell_text(const Making *m, const Row *view, const char *column) {
    static const guint titled = 1u << FIELD_CODE | 1u << FIELD_REF | 1u << FIELD_REGION;
    const Field *cell = type_field(view->type, column);
    const FieldValue *value = row_value(view, cell);
    if (cell->kind == FIELD_TIME && value->present)
        return minute_text(value);
    g_autofree char *name = g_strconcat(column, titled >> cell->kind & 1 ? ":title" : "", NULL);
    return template_text(m->act, view, name, LANG_ZH);
}

static void fill_rows(const Field *field, const Making *m, const DocumentPiece *from,
                      PaperPiece *to) {
    for (guint n = 0; n < row_count(m->row, field); n++) {
        Row view = row_view(m->row, field, n);
        for (guint i = 0; i < to->columns; i++)
            add_cell(to, cell_text(m, &view, from->cells->pdata[i]));
    }
}

static void fill_table(const Making *m, const DocumentPiece *from, PaperPiece *to) {
    const Field *field = type_field(m->row->type, from->rows);
    to->columns = from->cells->len;
    for (guint i = 0; i < to->columns; i++)
        add_cell(to, g_strdup(field_column_title(field, from->cells->pdata[i])->zh));
    (field->kind == FIELD_ROWS ? fill_rows : fill_files)(field, m, from, to);
}

static void fill_signature(const Making *m, const DocumentPiece *from, PaperPiece *to) {
    (void)from;
    to->more = own_today(m);
}

/* What the code says: the record, its number of versions and the last entry before this one, which
 * `anlan verify` and the journal can be asked for. */
static char *check_text(const Making *m) {
    g_autofree char *hash = journal_record_hash(m->act->sql, m->row->type->name, m->row->id);
    return g_strdup_printf("anlan:%s/%s?v=%" G_GINT64_FORMAT "&after=%.32s", m->row->type->name,
                           m->row->id, m->row->version + 1, hash ? hash : "");
}

static void fill_check(const Making *m, const DocumentPiece *from, PaperPiece *to) {
    (void)from;
    to->more = check_text(m);
}

static void (*const fills[PIECE_KINDS])(const Making *, const DocumentPiece *, PaperPiece *) = {
    [PIECE_FORM] = fill_form,           [PIECE_TABLE] = fill_table, [PIECE_ATTACHMENTS] = fill_list,
    [PIECE_SIGNATURE] = fill_signature, [PIECE_CHECK] = fill_check,
};

static PaperPiece *make_piece(const Making *m, const DocumentPiece *from) {
    PaperPiece *piece = g_new0(PaperPiece, 1);
    piece->kind = from->kind;
    piece->text = from->text ? expand(m, from->text) : g_strdup("");
    piece->cells = g_ptr_array_new_with_free_func(g_free);
    if (fills[from->kind])
        fills[from->kind](m, from, piece);
    if (piece->more == NULL)
        piece->more = g_strdup("");
    return piece;
}

static GString *render(const Making *m, GError **error) {
    const DocumentType *type = m->type;
    g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(paper_piece_free);
    for (guint i = 0; i < type->pieces->len; i++) {
        const DocumentPiece *piece = type->pieces->pdata[i];
        if (piece->when == NULL || act_holds(m->act, m->row, piece->when))
            g_ptr_array_add(pieces, make_piece(m, piece));
    }
    Paper paper = {&type->style, type->title.zh, m->act->now_ms, m->preview, pieces};
    return paper_pdf(&paper, error);
}

/* ---- making ---- */

static char *take_number(const Act *act, const Row *row, const DocumentType *type, GError **error) {
    static const struct {
        const char *mark;
        gsize digits;
    } marks[] = {{"{_office}", 0},
                 {"{_region:city}", CITY},
                 {"{_region:province}", PROVINCE},
                 {"{_region}", WHOLE}};
    if (type->number == NULL)
        return g_strdup("");
    GString *pattern = g_string_new(type->number);
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        g_autofree char *name = marks[i].digits ? region_name(act, row->region, marks[i].digits)
                                                : region_name(act, office_of(act, row), WHOLE);
        g_strdelimit(name, "{}", ' ');
        g_string_replace(pattern, marks[i].mark, name, 0);
    }
    g_autofree char *owner = g_strdup_printf("%s.%s", row->type->name, type->name);
    char *number = number_of(act, row, owner, pattern->str, error);
    g_string_free(pattern, TRUE);
    return number;
}

static const char *store_of(const Act *act, GError **error) {
    const char *store = sql_files(act->sql);
    if (store == NULL)
        error_set(error, ERROR_CONFIG, "files", "the database was opened without a folder of files",
                  "open it through the program's data directory", NULL);
    return store;
}

static json_t *make(const Act *act, const Row *row, const DocumentType *type, GError **error) {
    const char *store = store_of(act, error);
    g_autofree char *number = store ? take_number(act, row, type, error) : NULL;
    Making making = {act, row, type, number, FALSE};
    GString *pdf = number ? render(&making, error) : NULL;
    char hash[HASH_HEX], id[ID_TEXT];
    if (pdf == NULL)
        return NULL;
    gsize size = pdf->len;
    gboolean kept = file_store_put(store, pdf->str, size, hash, error);
    g_string_free(pdf, TRUE);
    return kept ? json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", id_new(act->now_ms, id), "name",
                            type->name, "number", number, "hash", hash, "size", (json_int_t)size)
                : NULL;
}

static gboolean is_due(const Act *act, const Row *row, const DocumentType *type, const Move *move) {
    return g_ptr_array_find(type->moves, move, NULL) &&
           (type->when == NULL || act_holds(act, row, type->when));
}

gboolean documents_prepare(const Act *act, const Row *row, const Move *move, json_t **made,
                           GError **error) {
    *made = json_array();
    for (guint i = 0; i < row->type->documents->len; i++) {
        const DocumentType *type = row->type->documents->pdata[i];
        if (!is_due(act, row, type, move))
            continue;
        json_t *document = make(act, row, type, error);
        if (document == NULL)
            return FALSE;
        json_array_append_new(*made, document);
    }
    return TRUE;
}

static const char *text_of(const json_t *json, const char *name) {
    return json_string_value(json_object_get(json, name));
}

gboolean documents_write(const Act *act, const Row *row, const json_t *made, GError **error) {
    size_t i;
    json_t *document;
    json_array_foreach((json_t *)made, i, document) {
        gint64 size = json_integer_value(json_object_get(document, "size"));
        if (!sql_run(act->sql, error,
                     "INSERT INTO documents (id, type, record, name, number, hash, size, at_ms, "
                     "by_id, by_name, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     "ttttttiitti", text_of(document, "id"), row->type->name, row->id,
                     text_of(document, "name"), text_of(document, "number"),
                     text_of(document, "hash"), size, act->now_ms, act->actor->id, act->actor->name,
                     row->version))
            return FALSE;
    }
    return TRUE;
}

/* ---- reading ---- */

#define COLUMNS "id, type, name, number, hash, size, at_ms, by_id, by_name, version, record"

static const DocumentType *find_document(const RecordType *type, const char *name) {
    for (guint i = 0; type && i < type->documents->len; i++)
        if (strcmp(((const DocumentType *)type->documents->pdata[i])->name, name) == 0)
            return type->documents->pdata[i];
    return NULL;
}

static json_t *row_of(const Packs *packs, SqlStatement *st) {
    char at[TIME_TEXT];
    const DocumentType *type = find_document(packs_type(packs, sql_text(st, 1)), sql_text(st, 2));
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s?, s:I, s:s, s:s}", "id", sql_text(st, 0),
                  "name", sql_text(st, 2), "number", sql_text(st, 3), "hash", sql_text(st, 4),
                  "size", (json_int_t)sql_int(st, 5), "at", time_format(sql_int(st, 6), at), "by",
                  sql_text(st, 7), "by_name", sql_text(st, 8), "version",
                  (json_int_t)sql_int(st, 9), "type", sql_text(st, 1), "record", sql_text(st, 10));
    json_object_set_new(json, "title",
                        type ? title_json(&type->title) : json_string(sql_text(st, 2)));
    return json;
}

json_t *documents_of(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                     const char *id, GError **error) {
    json_t *record = record_get(sql, packs, actor, type, id, error);
    if (record == NULL)
        return NULL;
    json_decref(record);
    SqlStatement *st = sql_query(
        sql, error,
        "SELECT " COLUMNS " FROM documents WHERE type = ? AND record = ? ORDER BY version, name",
        "tt", type, id);
    json_t *items = json_array();
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        json_array_append_new(items, row_of(packs, st));
    if (step == SQL_FAILED)
        g_clear_pointer(&items, json_decref);
    return items;
}

/* Appends what the records of one type have, to be sorted with the others'. */
static gboolean add_of_type(const Act *act, const RecordType *type, const char *enterprise,
                            int limit, GPtrArray *found, GError **error) {
    g_autofree char *filter = related_filter(type->scope_enterprise->name, enterprise);
    RecordQuery asked = {.filter = filter, .limit = 1};
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    g_autoptr(Query) query =
        query_new("SELECT " COLUMNS " FROM documents WHERE type = ? AND record IN (SELECT _id");
    query_param_text(query, type->name);
    if (!list_where(query, act, type, &asked, LIST_COUNTS, conditions, error))
        return FALSE;
    query_add(query, ") ORDER BY at_ms DESC, id DESC LIMIT ?");
    query_param_int(query, limit);
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        g_ptr_array_add(found, row_of(act->packs, st));
    return step == SQL_DONE;
}

/* Times are written alike, so that their texts sort as they do. */
static gint newest_first(gconstpointer a, gconstpointer b) {
    return strcmp(text_of(*(json_t *const *)b, "at"), text_of(*(json_t *const *)a, "at"));
}

static json_t *labelled(const Act *act, json_t *document) {
    g_autofree char *label = label_of(act->sql, packs_type(act->packs, text_of(document, "type")),
                                      text_of(document, "record"));
    json_object_set_new(document, "label", label ? json_string(label) : json_null());
    return document;
}

json_t *documents_of_enterprise(Sql *sql, const Packs *packs, const Actor *actor,
                                const char *enterprise, gint64 now_ms, int limit, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    json_t *seen = record_get(sql, packs, actor, "enterprise", enterprise, error);
    if (seen == NULL)
        return NULL;
    json_decref(seen);
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        if (type->documents->len && type->scope_enterprise && rights_read(actor, type) &&
            !add_of_type(&act, type, enterprise, limit, found, error))
            return NULL;
    }
    g_ptr_array_sort(found, newest_first);
    json_t *items = json_array();
    for (guint i = 0; i < MIN(found->len, (guint)limit); i++)
        json_array_append(items, labelled(&act, found->pdata[i]));
    return items;
}

json_t *document_get(Sql *sql, const Packs *packs, const Actor *actor, const char *id,
                     GError **error) {
    SqlStatement *st =
        sql_query(sql, error, "SELECT " COLUMNS " FROM documents WHERE id = ?", "t", id);
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step == SQL_FAILED)
        return NULL;
    json_t *document = step == SQL_ROW ? row_of(packs, st) : NULL;
    if (document)
        sql_reset(st);
    json_t *record = document ? record_get(sql, packs, actor, text_of(document, "type"),
                                           text_of(document, "record"), NULL)
                              : NULL;
    if (record == NULL) {
        json_decref(document);
        error_set(error, ERROR_NOT_FOUND, NULL, "文书", id, NULL);
        return NULL;
    }
    json_decref(record);
    return document;
}

typedef struct {
    const RecordType *type;
    const char *id, *name;
    GString *pdf;
} PreviewAsked;

static json_t *preview_asked(const Act *act, gpointer data, GError **error) {
    PreviewAsked *asked = data;
    const DocumentType *type = find_document(asked->type, asked->name);
    g_autoptr(Row) row = load_seen(act, asked->type, asked->id, error);
    if (row == NULL)
        return NULL;
    if (type == NULL) {
        error_set(error, ERROR_NOT_FOUND, NULL, "文书", asked->name, NULL);
        return NULL;
    }
    Making making = {act, row, type, type->number ? "（文号待定）" : "", TRUE};
    asked->pdf = render(&making, error);
    return asked->pdf ? json_true() : NULL;
}

GString *document_preview(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                          const char *id, const char *name, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    PreviewAsked asked = {find_type(packs, type, error), id, name, NULL};
    if (asked.type)
        json_decref(act_or_stand_in(&act, preview_asked, &asked, error));
    return asked.pdf;
}
