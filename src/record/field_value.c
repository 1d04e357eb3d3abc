#include "record/field_value.h"
#include "base/area.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/hash.h"
#include "record/rows.h"

#include <math.h>
#include <string.h>

typedef gboolean (*Reader)(const Field *field, json_t *json, FieldValue *value, GError **error);

typedef enum { STORED_TEXT, STORED_INTEGER, STORED_REAL, STORED_POINT, STORED_AREA } Stored;

typedef struct {
    Stored stored;
    Reader read;
    const char *zh, *en; /* what the value should be, for FIELD_KIND */
} KindRow;

static const KindRow kinds[FIELD_KINDS];

static gboolean kind_refused(const Field *field, GError **error) {
    const KindRow *kind = &kinds[field->kind];
    return error_set(error, ERROR_FIELD_KIND, field->name, kind->zh, kind->en, NULL);
}

enum { LIMIT_TEXT = MAX(DURATION_TEXT, G_ASCII_DTOSTR_BUF_SIZE) };

static void limit_format(const Field *field, double limit, char buffer[static LIMIT_TEXT]) {
    if (field->kind == FIELD_DURATION)
        duration_format((gint64)limit, buffer);
    else
        g_ascii_formatd(buffer, LIMIT_TEXT, "%.15g", limit);
}

static gboolean range_refused(const Field *field, GError **error) {
    char low[LIMIT_TEXT] = "-∞", high[LIMIT_TEXT] = "∞";
    if (field->has_min)
        limit_format(field, field->min, low);
    if (field->has_max)
        limit_format(field, field->max, high);
    g_autofree char *range = g_strdup_printf("%s … %s", low, high);
    return error_set(error, ERROR_FIELD_RANGE, field->name, range, NULL);
}

static gboolean in_range(const Field *field, double number, GError **error) {
    if ((field->has_min && number < field->min) || (field->has_max && number > field->max))
        return range_refused(field, error);
    return TRUE;
}

static gboolean take_text(const Field *field, json_t *json, FieldValue *value, GError **error) {
    if (!json_is_string(json))
        return kind_refused(field, error);
    const char *text = json_string_value(json);
    value->present = *text != 0;
    if (value->present)
        value->text = g_strdup(text);
    return TRUE;
}

static gboolean text_form(const Field *field, const char *text, GError **error) {
    enum { TEXT_MAX_CHARS = 4000 };
    static const char login[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-";
    int max = field->max_chars > 0 ? field->max_chars : TEXT_MAX_CHARS;
    if (strlen(text) > (gsize)max && g_utf8_strlen(text, -1) > max) {
        g_autofree char *range = g_strdup_printf("≤ %d 字 (characters)", max);
        return error_set(error, ERROR_FIELD_RANGE, field->name, range, NULL);
    }
    if (field->pattern && !g_regex_match(field->pattern, text, 0, NULL))
        return error_set(error, ERROR_FIELD_FORMAT, field->name, field->pattern_text, NULL);
    if (field->format && strcmp(field->format, "uscc") == 0 && !uscc_valid(text))
        return error_set(error, ERROR_FIELD_FORMAT, field->name, "GB 32100", NULL);
    if (field->format && strcmp(field->format, "login") == 0 && strspn(text, login) != strlen(text))
        return error_set(error, ERROR_FIELD_FORMAT, field->name, "A-Z a-z 0-9 . _ -", NULL);
    return TRUE;
}

static gboolean read_text(const Field *field, json_t *json, FieldValue *value, GError **error) {
    return take_text(field, json, value, error) &&
           (!value->present || text_form(field, value->text, error));
}

static gboolean read_integer(const Field *field, json_t *json, FieldValue *value, GError **error) {
    if (!json_is_integer(json))
        return kind_refused(field, error);
    value->present = TRUE;
    value->integer = json_integer_value(json);
    return in_range(field, (double)value->integer, error);
}

static gboolean read_decimal(const Field *field, json_t *json, FieldValue *value, GError **error) {
    if (!json_is_number(json) || !isfinite(json_number_value(json)))
        return kind_refused(field, error);
    value->present = TRUE;
    value->number = json_number_value(json);
    return in_range(field, value->number, error);
}

/* A number of at most two decimals. */
static gboolean take_hundredths(const Field *field, json_t *json, gint64 *hundredths,
                                GError **error) {
    if (!json_is_number(json) || !isfinite(json_number_value(json)))
        return kind_refused(field, error);
    double number = json_number_value(json);
    if (hundredths_of(number, hundredths))
        return in_range(field, number, error);
    if (fabs(number) >= 1e13)
        return error_set(error, ERROR_FIELD_RANGE, field->name, "±9999999999999.99", NULL);
    return error_set(error, ERROR_FIELD_FORMAT, field->name, "最多两位小数 (at most two decimals)",
                     NULL);
}

static gboolean read_money(const Field *field, json_t *json, FieldValue *value, GError **error) {
    value->present = TRUE;
    return take_hundredths(field, json, &value->integer, error);
}

static gboolean read_score(const Field *field, json_t *json, FieldValue *value, GError **error) {
    gint64 hundredths;
    value->present = TRUE;
    value->number = json_number_value(json);
    return take_hundredths(field, json, &hundredths, error);
}

static gboolean read_duration(const Field *field, json_t *json, FieldValue *value, GError **error) {
    const char *text = json_string_value(json);
    if (text == NULL)
        return kind_refused(field, error);
    value->present = *text != 0;
    if (!value->present)
        return TRUE;
    return duration_parse(text, &value->integer) ? in_range(field, (double)value->integer, error)
                                                 : kind_refused(field, error);
}

static gboolean read_bool(const Field *field, json_t *json, FieldValue *value, GError **error) {
    if (!json_is_boolean(json))
        return kind_refused(field, error);
    value->present = TRUE;
    value->integer = json_is_true(json);
    return TRUE;
}

static gboolean read_date(const Field *field, json_t *json, FieldValue *value, GError **error) {
    gint64 day;
    if (!take_text(field, json, value, error))
        return FALSE;
    return !value->present || day_parse(value->text, &day) || kind_refused(field, error);
}

static gboolean read_time(const Field *field, json_t *json, FieldValue *value, GError **error) {
    const char *text = json_string_value(json);
    if (text == NULL)
        return kind_refused(field, error);
    value->present = *text != 0;
    return !value->present || time_parse(text, &value->integer) || kind_refused(field, error);
}

static char *codes_text(const CodeList *codes) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < codes->items->len; i++) {
        const CodeItem *item = codes->items->pdata[i];
        g_string_append_printf(text, "%s%s", i ? ", " : "", item->code);
    }
    return g_string_free(text, FALSE);
}

static gboolean read_code(const Field *field, json_t *json, FieldValue *value, GError **error) {
    if (!take_text(field, json, value, error))
        return FALSE;
    if (!value->present || g_hash_table_contains(field->codes->by_code, value->text))
        return TRUE;
    g_autofree char *codes = codes_text(field->codes);
    return error_set(error, ERROR_FIELD_CODE, field->name, field->secret ? "•••" : value->text,
                     codes, NULL);
}

static gboolean read_point(const Field *field, json_t *json, FieldValue *value, GError **error) {
    json_t *lon = json_object_get(json, "lon"), *lat = json_object_get(json, "lat");
    if (!json_is_number(lon) || !json_is_number(lat) || json_object_size(json) != 2)
        return kind_refused(field, error);
    value->present = TRUE;
    value->number = json_number_value(lon);
    value->latitude = json_number_value(lat);
    if (fabs(value->number) <= 180 && fabs(value->latitude) <= 90)
        return TRUE;
    return error_set(error, ERROR_FIELD_RANGE, field->name, "lon ±180, lat ±90", NULL);
}

static gboolean read_area(const Field *field, json_t *json, FieldValue *value, GError **error) {
    value->text = area_from_json(json, field->name, error);
    value->present = value->text != NULL;
    return value->present;
}

/* What a file is called, without more: record/files.c finds the rest. */
static gboolean read_file(const Field *field, json_t *json, FieldValue *value, GError **error) {
    g_autofree char *range = g_strdup_printf("≤ %d 个文件 (files)", field->max_files);
    json_t *entry, *ids = json_array();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i;
    gboolean good = json_is_array(json);
    if (json_array_size(json) > (gsize)field->max_files) {
        json_decref(ids);
        return error_set(error, ERROR_FIELD_RANGE, field->name, range, NULL);
    }
    json_array_foreach(json, i, entry) {
        const char *id = json_string_value(json_object_get(entry, "file"));
        good = good && id && strlen(id) == ID_TEXT - 1 && g_hash_table_add(seen, (gpointer)id);
        if (good)
            json_array_append_new(ids, json_pack("{s:s}", "file", id));
    }
    value->present = good && json_array_size(ids) > 0;
    char *text = json_dumps(ids, JSON_COMPACT);
    if (value->present)
        value->text = g_strdup(text);
    free(text);
    json_decref(ids);
    return good || kind_refused(field, error);
}

static const KindRow kinds[FIELD_KINDS] = {
    [FIELD_TEXT] = {STORED_TEXT, read_text, "文本", "a text"},
    [FIELD_INTEGER] = {STORED_INTEGER, read_integer, "整数", "a whole number"},
    [FIELD_DECIMAL] = {STORED_REAL, read_decimal, "数值", "a finite number"},
    [FIELD_BOOL] = {STORED_INTEGER, read_bool, "true 或 false", "true or false"},
    [FIELD_DATE] = {STORED_TEXT, read_date, "日期，如 2026-11-23", "a date like 2026-11-23"},
    [FIELD_TIME] = {STORED_INTEGER, read_time, "时间，如 2026-11-23T08:00:00+08:00",
                    "a time like 2026-11-23T08:00:00+08:00"},
    [FIELD_CODE] = {STORED_TEXT, read_code, "代码（文本）", "a code (text)"},
    [FIELD_REF] = {STORED_TEXT, take_text, "记录编号（文本）", "the id of a record (text)"},
    [FIELD_REGION] = {STORED_TEXT, take_text, "区划代码（文本）", "a division code (text)"},
    [FIELD_ROLE] = {STORED_TEXT, take_text, "角色名（文本）", "the name of a role (text)"},
    [FIELD_POINT] = {STORED_POINT, read_point, "{\"lon\": 经度, \"lat\": 纬度}",
                     "{\"lon\": degrees, \"lat\": degrees}"},
    [FIELD_MONEY] = {STORED_INTEGER, read_money, "金额（元，数值）",
                     "an amount in yuan (a number)"},
    [FIELD_DURATION] = {STORED_INTEGER, read_duration, "时长，如 PT8H30M、P3D",
                        "a duration like PT8H30M or P3D"},
    [FIELD_ROWS] = {STORED_INTEGER, rows_from_json, "对象的数组", "an array of objects"},
    [FIELD_SCORE] = {STORED_REAL, read_score, "分值（数值）", "a score (a number)"},
    [FIELD_FILE] = {STORED_TEXT, read_file, "文件列表 [{\"file\": 编号}]，不重复",
                    "a list [{\"file\": ID}], each once"},
    [FIELD_AREA] = {STORED_AREA, read_area, "GeoJSON 的 Polygon 或 MultiPolygon",
                    "a GeoJSON Polygon or MultiPolygon"},
};

void field_value_clear(FieldValue *value) {
    g_free(value->text);
    rows_unref(value->rows);
    *value = (FieldValue){0};
}

gboolean field_value_from_json(const Field *field, json_t *json, FieldValue *value,
                               GError **error) {
    field_value_clear(value);
    if (json_is_null(json) || kinds[field->kind].read(field, json, value, error))
        return TRUE;
    field_value_clear(value);
    return FALSE;
}

static json_t *number_json(const Field *field, const char *text) {
    char *end;
    if (field->kind == FIELD_INTEGER) {
        gint64 integer = g_ascii_strtoll(text, &end, 10);
        return *end || end == text ? json_string(text) : json_integer(integer);
    }
    double number = g_ascii_strtod(text, &end);
    return *end || end == text || !isfinite(number) ? json_string(text) : json_real(number);
}

gboolean field_value_from_text(const Field *field, const char *text, FieldValue *value,
                               GError **error) {
    json_t *json;
    if (field_term_kind(field->kind) == TERM_NUMBER)
        json = number_json(field, text);
    else if (field->kind == FIELD_BOOL && (g_str_equal(text, "true") || g_str_equal(text, "false")))
        json = json_boolean(g_str_equal(text, "true"));
    else
        json = json_string(text);
    gboolean done = field_value_from_json(field, json, value, error);
    json_decref(json);
    return done;
}

static double yuan_of(const FieldValue *value) { return (double)value->integer / 100; }

json_t *field_value_to_json(const Field *field, const FieldValue *value) {
    if (field->secret && value->present)
        return json_pack("{s:b}", "sealed", TRUE);
    return field_value_plain_json(field, value);
}

json_t *field_value_proof(const Field *field, const FieldValue *value) {
    guint8 digest[HASH_BYTES];
    char hex[HASH_HEX];
    if (!field->secret || !value->present)
        return field_value_to_json(field, value);
    g_assert(value->sealed);
    HashState *state = hash_sm3_new();
    hash_add(state, value->text, strlen(value->text));
    hash_end(state, digest);
    return json_pack("{s:s}", "sealed", hex_encode(digest, HASH_BYTES, hex));
}

json_t *field_value_plain_json(const Field *field, const FieldValue *value) {
    char time[TIME_TEXT], span[DURATION_TEXT];
    if (!value->present)
        return json_null();
    switch (field->kind) {
    case FIELD_INTEGER:
        return json_integer(value->integer);
    case FIELD_DECIMAL:
    case FIELD_SCORE:
        return json_real(value->number);
    case FIELD_MONEY:
        return json_real(yuan_of(value));
    case FIELD_ROWS:
        return rows_to_json(field, value->rows);
    case FIELD_DURATION:
        return json_string(duration_format(value->integer, span));
    case FIELD_BOOL:
        return json_boolean(value->integer);
    case FIELD_TIME:
        return json_string(time_format(value->integer, time));
    case FIELD_POINT:
        return json_pack("{s:f, s:f}", "lon", value->number, "lat", value->latitude);
    case FIELD_AREA:
    case FIELD_FILE: {
        json_t *list = json_loads(value->text, 0, NULL);
        return list ? list : json_null();
    }
    default:
        return json_string(value->text);
    }
}

static char *file_names(const char *text) {
    GString *names = g_string_new(NULL);
    json_t *entry, *list = json_loads(text, 0, NULL);
    size_t i;
    json_array_foreach(list, i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        g_string_append_printf(names, "%s%s", i ? "、" : "", name ? name : "");
    }
    json_decref(list);
    return g_string_free(names, FALSE);
}

static char *area_words(const char *text) {
    GeoBox box;
    guint corners;
    return area_box(text, &box, &corners) ? g_strdup_printf("区域（%u 个顶点）", corners)
                                          : g_strdup("");
}

char *field_value_to_text(const Field *field, const FieldValue *value) {
    char buffer[MAX(TIME_TEXT, G_ASCII_DTOSTR_BUF_SIZE)];
    if (!value->present)
        return g_strdup("");
    if (field->secret)
        return g_strdup("•••");
    switch (field->kind) {
    case FIELD_INTEGER:
        return g_strdup_printf("%" G_GINT64_FORMAT, value->integer);
    case FIELD_MONEY:
        return g_strdup(g_ascii_formatd(buffer, sizeof buffer, "%.2f", yuan_of(value)));
    case FIELD_ROWS:
        return rows_to_text(field, value->rows);
    case FIELD_DURATION:
        return duration_words(value->integer);
    case FIELD_DECIMAL:
    case FIELD_SCORE:
        return g_strdup(g_ascii_formatd(buffer, sizeof buffer, "%.10g", value->number));
    case FIELD_BOOL:
        return g_strdup(value->integer ? "是" : "否");
    case FIELD_TIME:
        return g_strdup(time_format(value->integer, buffer));
    case FIELD_POINT:
        return g_strdup_printf("%.6f, %.6f", value->number, value->latitude);
    case FIELD_FILE:
        return file_names(value->text);
    case FIELD_AREA:
        return area_words(value->text);
    default:
        return g_strdup(value->text);
    }
}

Term field_value_term(const Field *field, const FieldValue *value) {
    if (!value->present)
        return (Term){.kind = TERM_NONE};
    if (field->secret)
        return (Term){.kind = TERM_SEALED};
    Term term = {.kind = field_term_kind(field->kind), .text = value->text};
    if (field->kind == FIELD_MONEY)
        term.number = yuan_of(value);
    else if (term.kind == TERM_NUMBER)
        term.number = field->kind == FIELD_INTEGER ? (double)value->integer : value->number;
    else if (term.kind == TERM_TIME || term.kind == TERM_DURATION)
        term.time_ms = value->integer;
    else if (term.kind == TERM_BOOL)
        term.truth = value->integer != 0;
    return term;
}

gboolean field_value_equal(const FieldValue *a, const FieldValue *b) {
    if (!a->present || !b->present)
        return a->present == b->present;
    return a->integer == b->integer && a->number == b->number && a->latitude == b->latitude &&
           g_strcmp0(a->text, b->text) == 0 && rows_equal(a->rows, b->rows);
}

void field_value_copy(const FieldValue *from, FieldValue *to) {
    FieldValue copy = *from;
    copy.text = g_strdup(from->text);
    copy.rows = rows_ref(from->rows);
    field_value_clear(to);
    *to = copy;
}

/* What is sealed is text, whatever the kind. */
static Stored stored_as(const Field *field) {
    return field->secret ? STORED_TEXT : kinds[field->kind].stored;
}

/* What the columns of a field are called behind its name; the first holds what the kind says, those
 * of a place are reals. */
static const char *const suffixes[][6] = {[STORED_TEXT] = {""},
                                          [STORED_INTEGER] = {""},
                                          [STORED_REAL] = {""},
                                          [STORED_POINT] = {"_lon", "_lat"},
                                          [STORED_AREA] = {"", "_w", "_s", "_e", "_n"}};

const char *const *field_columns_named(const Field *field) { return suffixes[stored_as(field)]; }

const char *field_column_type(const Field *field, int column) {
    static const char *const types[] = {[STORED_TEXT] = "{text}",
                                        [STORED_INTEGER] = "{int}",
                                        [STORED_REAL] = "{real}",
                                        [STORED_POINT] = "{real}",
                                        [STORED_AREA] = "{text}"};
    return column ? "{real}" : types[stored_as(field)];
}

int field_columns(const Field *field) {
    int n = 0;
    while (suffixes[stored_as(field)][n])
        n++;
    return n;
}

static void bind_area(SqlStatement *st, int first, const char *text) {
    GeoBox box;
    guint corners;
    sql_bind_text(st, first, text);
    if (!area_box(text, &box, &corners))
        return;
    sql_bind_double(st, first + 1, box.west);
    sql_bind_double(st, first + 2, box.south);
    sql_bind_double(st, first + 3, box.east);
    sql_bind_double(st, first + 4, box.north);
}

void field_value_bind(SqlStatement *st, int *index, const Field *field, const FieldValue *value) {
    int first = *index;
    *index += field_columns(field);
    if (!value->present)
        return; /* unbound parameters are null */
    switch (stored_as(field)) {
    case STORED_TEXT:
        sql_bind_text(st, first, value->text);
        break;
    case STORED_INTEGER:
        sql_bind_int(st, first, value->integer);
        break;
    case STORED_POINT:
        sql_bind_double(st, first + 1, value->latitude);
        G_GNUC_FALLTHROUGH;
    case STORED_REAL:
        sql_bind_double(st, first, value->number);
        break;
    case STORED_AREA:
        bind_area(st, first, value->text);
        break;
    }
}

void field_value_read(SqlStatement *st, int *column, const Field *field, FieldValue *value) {
    int first = *column;
    *column += field_columns(field);
    field_value_clear(value);
    if (sql_is_null(st, first))
        return;
    value->present = TRUE;
    value->sealed = field->secret;
    switch (stored_as(field)) {
    case STORED_TEXT:
    case STORED_AREA:
        value->text = g_strdup(sql_text(st, first));
        break;
    case STORED_INTEGER:
        value->integer = sql_int(st, first);
        break;
    case STORED_POINT:
        value->latitude = sql_double(st, first + 1);
        G_GNUC_FALLTHROUGH;
    case STORED_REAL:
        value->number = sql_double(st, first);
        break;
    }
}
