#include "record/import_cell.h"
#include "record/rights.h"
#include "record/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct ImportNames {
    const Act *act;
    GHashTable *refs;    /* "type\ntitle" -> id, "" when several have it */
    GHashTable *regions; /* name or path -> code, "" when several have it; NULL: not read yet */
};

ImportNames *import_names_new(const Act *act) {
    ImportNames *names = g_new0(ImportNames, 1);
    names->act = act;
    names->refs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return names;
}

void import_names_free(ImportNames *names) {
    g_hash_table_destroy(names->refs);
    if (names->regions)
        g_hash_table_destroy(names->regions);
    g_free(names);
}

/* --- text --- */

static char *day_text(double days) {
    char text[TIME_TEXT];
    return g_strdup(day_format((gint64)floor(days), text));
}

char *import_text(const Cell *cell) {
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    switch (cell->kind) {
    case CELL_TEXT:
    case CELL_ERROR:
        return g_strdup(cell->text);
    case CELL_NUMBER:
        return g_strdup(g_ascii_formatd(number, sizeof number, "%.15g", cell->number));
    case CELL_BOOL:
        return g_strdup(cell->number != 0 ? "是" : "否");
    case CELL_DATE:
        return day_text(cell->number);
    case CELL_EMPTY:
        break;
    }
    return g_strdup("");
}

/* Full-width signs made plain, no space around. */
static char *plain(const Cell *cell) {
    g_autofree char *text = import_text(cell);
    char *out = g_utf8_normalize(text, -1, G_NORMALIZE_ALL_COMPOSE);
    return out ? g_strstrip(out) : g_strdup("");
}

static gboolean no_value(const Cell *cell, const char *zh, const char *en, const char *form,
                         GError **error) {
    g_autofree char *text = import_text(cell);
    return error_set(error, ERROR_CELL, NULL, text, zh, en, form, NULL);
}

static gboolean ambiguous(const char *text, const char *why, GError **error) {
    return error_set(error, ERROR_CELL_AMBIGUOUS, NULL, text, why, NULL);
}

/* --- dates and times --- */

static gboolean in_calendar(int year, int month, int day, char out[static TIME_TEXT]) {
    gint64 days;
    g_snprintf(out, TIME_TEXT, "%04d-%02d-%02d", year, month, day);
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
           day_parse(out, &days);
}

/* A date at the start of the text; *rest: what follows it. */
static gboolean read_day(const char *text, char out[static TIME_TEXT], const char **rest) {
    static const char *const forms[] = {"%4d-%2d-%2d%n", "%4d/%2d/%2d%n", "%4d.%2d.%2d%n",
                                        "%4d年%2d月%2d日%n", "%4d%2d%2d%n"};
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        int year, month, day, n = 0;
        gboolean packed = i + 1 == G_N_ELEMENTS(forms);
        if (packed && strspn(text, "0123456789") != 8)
            continue;
        if (g_ascii_isdigit(*text) && sscanf(text, forms[i], &year, &month, &day, &n) == 3 &&
            n > 0 && in_calendar(year, month, day, out)) {
            *rest = text + n;
            return TRUE;
        }
    }
    return FALSE;
}

/* A day of a spreadsheet that came as a plain number, as in CSV: 1954 to 2119. */
static gboolean serial_day(const char *text, double *days) {
    char *end;
    double serial = g_ascii_strtod(text, &end);
    *days = table_day(serial, FALSE);
    return *end == 0 && end != text && serial >= 20000 && serial < 80000;
}

static json_t *date_value(const Cell *cell, GError **error) {
    char day[TIME_TEXT];
    const char *rest;
    double days = cell->number;
    g_autofree char *text = plain(cell);
    if (cell->kind == CELL_DATE || serial_day(text, &days)) {
        g_autofree char *found = day_text(days);
        return json_string(found);
    }
    if (read_day(text, day, &rest)) {
        gint64 ms;
        if (*rest == 0 || strspn(rest, " 0:") == strlen(rest))
            return json_string(day);
        if (time_parse(text, &ms))
            return json_string(day_format(day_of(ms), day));
    }
    no_value(cell, "日期", "a date", "2026-11-23", error);
    return NULL;
}

static json_t *moment(double days) {
    char text[TIME_TEXT];
    gint64 ms = llround(days * 86400) * 1000 - CST_OFFSET_MS;
    return json_string(time_format(ms, text));
}

/* What follows the date: nothing, or hours and minutes, perhaps seconds. */
static gboolean read_clock(const char *text, int *seconds) {
    int hour = 0, minute = 0, second = 0, n = 0;
    text += *text == 'T' || *text == ' ';
    while (*text == ' ')
        text++;
    *seconds = 0;
    if (*text == 0)
        return TRUE;
    int got = sscanf(text, "%2d:%2d%n:%2d%n", &hour, &minute, &n, &second, &n);
    *seconds = hour * 3600 + minute * 60 + second;
    return got >= 2 && text[n] == 0 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
           second >= 0 && second < 60;
}

static json_t *time_value(const Cell *cell, GError **error) {
    char day[TIME_TEXT];
    const char *rest;
    double days = cell->number;
    gint64 ms, number;
    int seconds;
    g_autofree char *text = plain(cell);
    if (cell->kind == CELL_DATE || serial_day(text, &days))
        return moment(days);
    if (time_parse(text, &ms))
        return json_string(text);
    if (read_day(text, day, &rest) && read_clock(rest, &seconds) && day_parse(day, &number))
        return json_string(time_format(day_start(number) + (gint64)seconds * 1000, day));
    no_value(cell, "时间", "a time", "2026-11-23 08:30", error);
    return NULL;
}

/* --- numbers, truth, places --- */

static json_t *number_value(const Field *field, const Cell *cell, GError **error) {
    g_autofree char *text = plain(cell);
    GString *digits = g_string_new(NULL);
    for (const char *p = text; *p; p++)
        if (*p != ',' && *p != ' ')
            g_string_append_c(digits, *p);
    char *end;
    gint64 integer;
    double number = g_ascii_strtod(digits->str, &end);
    gboolean good = cell->kind != CELL_DATE && digits->len > 0 && *end == 0 && isfinite(number);
    gboolean whole =
        g_ascii_string_to_signed(digits->str, 10, G_MININT64, G_MAXINT64, &integer, NULL);
    g_string_free(digits, TRUE);
    if (good && field->kind == FIELD_INTEGER)
        return whole ? json_integer(integer) : json_real(number);
    if (good)
        return json_real(number);
    no_value(cell, "数值", "a number", "1234.5", error);
    return NULL;
}

static json_t *bool_value(const Cell *cell, GError **error) {
    static const struct {
        const char *text;
        gboolean truth;
    } words[] = {{"是", TRUE},  {"true", TRUE}, {"1", TRUE},   {"yes", TRUE},    {"y", TRUE},
                 {"√", TRUE},   {"有", TRUE},   {"否", FALSE}, {"false", FALSE}, {"0", FALSE},
                 {"no", FALSE}, {"n", FALSE},   {"×", FALSE},  {"无", FALSE}};
    g_autofree char *text = plain(cell);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(words[i].text, text) == 0)
            return json_boolean(words[i].truth);
    no_value(cell, "是或否", "yes or no", "是", error);
    return NULL;
}

static json_t *point_value(const Cell *cell, GError **error) {
    g_autofree char *text = plain(cell);
    char *end;
    double lon = g_ascii_strtod(text, &end), lat;
    gboolean good = end != text;
    end += strspn(end, " ");
    good = good && (*end == ',' || *end == ';');
    const char *second = good ? end + 1 : "";
    lat = g_ascii_strtod(second, &end);
    if (good && end != second && end[strspn(end, " ")] == 0)
        return json_pack("{s:f, s:f}", "lon", lon, "lat", lat);
    no_value(cell, "经度, 纬度", "longitude, latitude", "120.1, 31.9", error);
    return NULL;
}

static json_t *area_value(const Cell *cell, GError **error) {
    g_autofree char *text = import_text(cell);
    json_t *area = area_from_text(text);
    if (area == NULL)
        no_value(cell, "WKT 或 GeoJSON 多边形", "a polygon as WKT or GeoJSON",
                 "POLYGON ((119.9 31.8, 120 31.8, 120 31.9, 119.9 31.8))", error);
    return area;
}

/* --- titles --- */

static gboolean is_title(const Title *title, const char *text) {
    return g_strcmp0(title->zh, text) == 0 ||
           (title->en && g_ascii_strcasecmp(title->en, text) == 0);
}

static json_t *code_value(const CodeList *codes, const Cell *cell, GError **error) {
    g_autofree char *text = plain(cell);
    const char *found = NULL;
    if (g_hash_table_contains(codes->by_code, text))
        return json_string(text);
    for (guint i = 0; i < codes->items->len; i++) {
        const CodeItem *item = codes->items->pdata[i];
        if (!is_title(&item->title, text))
            continue;
        if (found) {
            g_autofree char *both = g_strdup_printf("%s, %s", found, item->code);
            ambiguous(text, both, error);
            return NULL;
        }
        found = item->code;
    }
    return json_string(found ? found : text);
}

static json_t *role_value(const Packs *packs, const Cell *cell) {
    g_autofree char *text = plain(cell);
    for (guint i = 0; i < packs->roles->len; i++) {
        const Role *role = packs->roles->pdata[i];
        if (is_title(&role->title, text))
            return json_string(role->name);
    }
    return json_string(text);
}

static gboolean has_record(Sql *sql, const RecordType *type, const char *id) {
    gint64 there = 0;
    g_autofree char *text = g_strdup_printf("SELECT 1 FROM r_%s WHERE _id = ?", type->name);
    sql_get_int(sql, NULL, &there, 0, text, "t", id);
    return there;
}

/* The only record in the actor's sight with this label; "" when there are several, NULL: none. */
static char *by_label(const Act *act, const RecordType *type, const char *label) {
    if (type->label == NULL || !rights_read(act->actor, type))
        return NULL;
    g_autofree char *text = g_strdup_printf(
        "SELECT _id, _region, _enterprise, _sector FROM r_%s WHERE %s = ? LIMIT 1000", type->name,
        schema_column((gpointer)type, type->label->name));
    SqlStatement *st = sql_query(act->sql, NULL, text, "t", label);
    char *found = NULL;
    while (st && sql_step(st, NULL) == SQL_ROW) {
        if (!rights_sees(act->sql, act->actor, type, sql_text(st, 0), sql_text(st, 1),
                         sql_text(st, 2), sql_text(st, 3)))
            continue;
        char *id = g_strdup(found ? "" : sql_text(st, 0));
        g_free(found);
        found = id;
    }
    return found;
}

static json_t *ref_value(ImportNames *names, const Field *field, const Cell *cell, GError **error) {
    const RecordType *type = packs_type(names->act->packs, field->ref_type);
    g_autofree char *text = plain(cell);
    g_autofree char *key = g_strdup_printf("%s\n%s", field->ref_type, text);
    char *id = g_hash_table_lookup(names->refs, key);
    if (id == NULL) {
        id = has_record(names->act->sql, type, text) ? g_strdup(text)
                                                     : by_label(names->act, type, text);
        if (id) /* none yet: it may stand further down in this file */
            g_hash_table_insert(names->refs, g_steal_pointer(&key), id);
    }
    if (id && *id == 0) {
        ambiguous(text, "several records are called so", error);
        return NULL;
    }
    return json_string(id ? id : text);
}

/* --- regions: 320412, 武进区, 江苏省常州市武进区, 江苏省/常州市/武进区 --- */

static void add_region_name(GHashTable *regions, const char *name, const char *code) {
    const char *former = g_hash_table_lookup(regions, name);
    g_hash_table_insert(regions, g_strdup(name),
                        g_strdup(former && strcmp(former, code) != 0 ? "" : code));
}

static void add_region_paths(GHashTable *regions, GHashTable *labels, GHashTable *parents,
                             const char *code) {
    enum { DEPTH_MAX = 8 };
    GString *path = g_string_new(g_hash_table_lookup(labels, code));
    const char *above = g_hash_table_lookup(parents, code);
    add_region_name(regions, path->str, code);
    for (int depth = 0; above && depth < DEPTH_MAX; depth++) {
        const char *label = g_hash_table_lookup(labels, above);
        g_string_prepend(path, label ? label : "");
        add_region_name(regions, path->str, code);
        above = g_hash_table_lookup(parents, above);
    }
    g_string_free(path, TRUE);
}

static GHashTable *read_regions(Sql *sql) {
    enum { REGIONS_MAX = 100000 };
    g_autoptr(GHashTable) labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                          parents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTable *regions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *text = g_strdup_printf(
        "SELECT _id, name, parent FROM r_region ORDER BY _id LIMIT %d", REGIONS_MAX);
    SqlStatement *st = sql_query(sql, NULL, text, "");
    while (st && sql_step(st, NULL) == SQL_ROW) {
        g_hash_table_insert(labels, g_strdup(sql_text(st, 0)), g_strdup(sql_text(st, 1)));
        if (!sql_is_null(st, 2))
            g_hash_table_insert(parents, g_strdup(sql_text(st, 0)), g_strdup(sql_text(st, 2)));
    }
    GHashTableIter iter;
    gpointer code;
    g_hash_table_iter_init(&iter, labels);
    while (g_hash_table_iter_next(&iter, &code, NULL))
        add_region_paths(regions, labels, parents, code);
    return regions;
}

static json_t *region_value(ImportNames *names, const Cell *cell, GError **error) {
    g_autofree char *text = plain(cell);
    if (g_ascii_isdigit(*text))
        return json_string(text);
    if (packs_type(names->act->packs, "region") == NULL)
        return json_string(text);
    if (names->regions == NULL)
        names->regions = read_regions(names->act->sql);
    g_auto(GStrv) parts = g_strsplit_set(text, "/ >-", -1);
    g_autofree char *path = g_strjoinv("", parts);
    const char *code = g_hash_table_lookup(names->regions, path);
    if (code && *code == 0) {
        ambiguous(text, "several regions are called so: write the full path", error);
        return NULL;
    }
    return json_string(code ? code : text);
}

/* --- one cell --- */

static json_t *text_value(const Cell *cell) {
    g_autofree char *text = import_text(cell);
    return json_string(g_strstrip(text));
}

json_t *import_value(ImportNames *names, const Field *field, const Cell *cell, GError **error) {
    if (cell->kind == CELL_ERROR) {
        no_value(cell, "值（公式出错）", "a value: the formula has an error", "…", error);
        return NULL;
    }
    switch (field->kind) {
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_SCORE:
        return number_value(field, cell, error);
    case FIELD_BOOL:
        return bool_value(cell, error);
    case FIELD_DATE:
        return date_value(cell, error);
    case FIELD_TIME:
        return time_value(cell, error);
    case FIELD_CODE:
        return code_value(field->codes, cell, error);
    case FIELD_REF:
        return ref_value(names, field, cell, error);
    case FIELD_REGION:
        return region_value(names, cell, error);
    case FIELD_ROLE:
        return role_value(names->act->packs, cell);
    case FIELD_POINT:
        return point_value(cell, error);
    case FIELD_AREA:
        return area_value(cell, error);
    default:
        return text_value(cell);
    }
}
