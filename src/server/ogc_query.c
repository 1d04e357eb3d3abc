#include "server/ogc.h"

#include <math.h>
#include <string.h>

enum { LIMIT_MAX = 500, LIMIT_USUAL = 100, ALSO_MAX = 3500 };

static gboolean bad(GError **error, const char *name, const char *text, const char *remedy) {
    return error_set(error, ERROR_REQUEST, name, text, remedy, NULL);
}

/* --- parameters with one permitted meaning --- */

static gboolean is_crs84(const char *value) {
    return g_str_equal(value, OGC_CRS84) || g_str_equal(value, "[OGC:CRS84]") ||
           g_str_equal(value, "OGC:CRS84");
}

typedef gboolean (*Permitted)(const char *value);
static gboolean is_json(const char *value) {
    return g_str_equal(value, "json") || g_str_equal(value, "geojson");
}
static gboolean is_cql2(const char *value) { return g_str_equal(value, "cql2-text"); }
static gboolean is_any(const char *value) { return value != NULL; }

/* `items`: only of the items of a collection. */
static const struct {
    const char *name;
    gboolean items;
    Permitted permitted;
    const char *remedy;
} known[] = {
    {"f", FALSE, is_json, "f=json"},
    {"crs", FALSE, is_crs84, "crs=" OGC_CRS84},
    {"bbox-crs", TRUE, is_crs84, "bbox-crs=" OGC_CRS84},
    {"filter-crs", TRUE, is_crs84, "filter-crs=" OGC_CRS84},
    {"filter-lang", TRUE, is_cql2, "filter-lang=cql2-text"},
    {"bbox", TRUE, is_any, NULL},
    {"limit", TRUE, is_any, NULL},
    {"cursor", TRUE, is_any, NULL},
    {"datetime", TRUE, is_any, NULL},
    {"filter", TRUE, is_any, NULL},
    {"q", TRUE, is_any, NULL},
};

static gboolean check_known(const char *name, const char *value, gboolean items, gboolean *found,
                            GError **error) {
    *found = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if ((known[i].items && !items) || !g_str_equal(known[i].name, name))
            continue;
        *found = TRUE;
        return known[i].permitted(value) || bad(error, name, name, known[i].remedy);
    }
    return TRUE;
}

/* --- properties: kind=chemical&state=reported --- */

typedef struct {
    const RecordType *type; /* NULL: no properties, only what every address takes */
    GString *also;
    GError **error;
} Reading;

static void add_quoted(GString *out, const char *value) {
    g_auto(GStrv) parts = g_strsplit(value, "'", -1);
    g_autofree char *doubled = g_strjoinv("''", parts);
    g_string_append_printf(out, "'%s'", doubled);
}

static gboolean add_number(GString *out, const char *value) {
    char *end, text[G_ASCII_DTOSTR_BUF_SIZE];
    double number = g_ascii_strtod(value, &end);
    if (end == value || *end || !isfinite(number))
        return FALSE;
    g_string_append(out, g_ascii_formatd(text, sizeof text, "%.17g", number));
    return TRUE;
}

static gboolean add_literal(GString *out, TermKind kind, const char *value) {
    switch (kind) {
    case TERM_TEXT:
        add_quoted(out, value);
        return TRUE;
    case TERM_NUMBER:
        return add_number(out, value);
    case TERM_BOOL:
        g_string_append(out, value);
        return g_str_equal(value, "true") || g_str_equal(value, "false");
    case TERM_DATE:
    case TERM_TIME:
    case TERM_DURATION:
        g_string_append(out, kind == TERM_DATE   ? "DATE("
                             : kind == TERM_TIME ? "TIMESTAMP("
                                                 : "DURATION(");
        add_quoted(out, value);
        g_string_append_c(out, ')');
        return TRUE;
    case TERM_NONE:
    case TERM_SEALED:
        break;
    }
    return FALSE;
}

static void add_and(GString *out) { g_string_append(out, out->len ? " AND " : ""); }

static gboolean add_property(Reading *reading, const char *name, const char *value) {
    TermKind kind = reading->type ? type_term_kind((gpointer)reading->type, name) : TERM_NONE;
    if (kind == TERM_NONE)
        return bad(reading->error, name, "unknown parameter",
                   "see /api/openapi.json and queryables");
    add_and(reading->also);
    g_string_append_printf(reading->also, "\"%s\" = ", name);
    return (add_literal(reading->also, kind, value) && reading->also->len <= ALSO_MAX) ||
           bad(reading->error, name, name, "give one value of the property's kind");
}

static gboolean read_parameter(gpointer data, const char *name, const char *value) {
    Reading *reading = data;
    gboolean found;
    if (!check_known(name, value, reading->type != NULL, &found, reading->error))
        return FALSE;
    return found || add_property(reading, name, value);
}

gboolean ogc_plain_query(Request *request, GError **error) {
    Reading reading = {NULL, NULL, error};
    return request_each_query(request, read_parameter, &reading);
}

/* --- datetime: an instant, or start/end with .. or nothing for open --- */

static gboolean add_time(GString *also, const char *comparison, const char *text) {
    gint64 ms;
    char form[TIME_TEXT];
    if (*text == 0 || g_str_equal(text, ".."))
        return TRUE;
    if (!time_parse(text, &ms))
        return FALSE;
    add_and(also);
    g_string_append_printf(also, "created_at %s TIMESTAMP('%s')", comparison,
                           time_format(ms, form));
    return TRUE;
}

static gboolean read_datetime(const char *text, GString *also, GError **error) {
    if (text == NULL)
        return TRUE;
    g_auto(GStrv) ends = g_strsplit(text, "/", 3);
    guint n = g_strv_length(ends);
    gboolean good = n == 1   ? *ends[0] != '.' && *ends[0] && add_time(also, "=", ends[0])
                    : n == 2 ? add_time(also, ">=", ends[0]) && add_time(also, "<=", ends[1])
                             : FALSE;
    return good || bad(error, "datetime", "datetime",
                       "datetime=2026-11-23T00:00:00Z or datetime=2026-11-01T00:00:00Z/..");
}

static gboolean read_limit(const char *text, int *limit, GError **error) {
    gint64 value = LIMIT_USUAL;
    if (text && (!g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, &value, NULL)))
        return bad(error, "limit", "limit", "a whole number from 1; at most 500 are given at once");
    *limit = (int)MIN(value, LIMIT_MAX);
    return TRUE;
}

gboolean ogc_query_read(Request *request, const RecordType *type, OgcQuery *query, GError **error) {
    const char *bbox = request_query(request, "bbox");
    GString *also = g_string_new(NULL);
    Reading reading = {type, also, error};
    *query = (OgcQuery){.list = {.filter = request_query(request, "filter"),
                                 .search = request_query(request, "q"),
                                 .cursor = request_query(request, "cursor"),
                                 .labels = TRUE}};
    gboolean good = request_each_query(request, read_parameter, &reading) &&
                    read_datetime(request_query(request, "datetime"), also, error) &&
                    read_limit(request_query(request, "limit"), &query->list.limit, error) &&
                    (bbox == NULL || geo_box_parse(bbox, &query->box, error));
    query->also = g_string_free(also, !good);
    query->list.also = query->also;
    query->list.box = bbox ? &query->box : NULL;
    query->list.count = query->list.cursor == NULL; /* once, on the first page */
    return good;
}

void ogc_query_clear(OgcQuery *query) { g_free(query->also); }
