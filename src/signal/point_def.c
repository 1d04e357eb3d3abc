#include "signal/point_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of a definition, by the names they have in packs/core/point.yaml. */
typedef enum { NUMBER, MILLISECONDS_32, MILLISECONDS_64 } NumberKind;
static const struct {
    const char *field;
    NumberKind kind;
    gsize offset;
} numbers[] = {
    {"range_low", NUMBER, offsetof(PointDef, range_low)},
    {"range_high", NUMBER, offsetof(PointDef, range_high)},
    {"limit_low_low", NUMBER, offsetof(PointDef, limit_low_low)},
    {"limit_low", NUMBER, offsetof(PointDef, limit_low)},
    {"limit_high", NUMBER, offsetof(PointDef, limit_high)},
    {"limit_high_high", NUMBER, offsetof(PointDef, limit_high_high)},
    {"hysteresis", NUMBER, offsetof(PointDef, hysteresis)},
    {"rate_limit", NUMBER, offsetof(PointDef, rate_limit)},
    {"on_delay_s", MILLISECONDS_32, offsetof(PointDef, on_delay_ms)},
    {"off_delay_s", MILLISECONDS_32, offsetof(PointDef, off_delay_ms)},
    {"stale_s", MILLISECONDS_64, offsetof(PointDef, stale_ms)},
    {"stuck_s", MILLISECONDS_64, offsetof(PointDef, stuck_ms)},
};

static gint64 milliseconds(double seconds) {
    return isfinite(seconds) && seconds > 0 ? (gint64)llrint(MIN(seconds, 1e6) * 1000) : 0;
}

static void number_set(PointDef *def, guint i, double value) {
    void *member = (char *)def + numbers[i].offset;
    if (numbers[i].kind == NUMBER)
        *(double *)member = isfinite(value) ? value : NAN;
    else if (numbers[i].kind == MILLISECONDS_32)
        *(gint32 *)member = (gint32)milliseconds(value);
    else
        *(gint64 *)member = milliseconds(value);
}

static double number_get(const PointDef *def, guint i) {
    const void *member = (const char *)def + numbers[i].offset;
    if (numbers[i].kind == NUMBER)
        return *(const double *)member;
    gint64 ms =
        numbers[i].kind == MILLISECONDS_32 ? *(const gint32 *)member : *(const gint64 *)member;
    return ms > 0 ? (double)ms / 1000 : NAN;
}

static const char *text_of(json_t *record, const char *field) {
    const char *text = json_string_value(json_object_get(record, field));
    return text ? text : "";
}

/* Interned: few points have one, and many of them the same. */
static const char *extra_text(json_t *extra) {
    if (json_object_size(extra) == 0)
        return NULL;
    char *text = json_dumps(extra, JSON_COMPACT | JSON_SORT_KEYS);
    const char *interned = g_intern_string(text);
    free(text);
    return interned;
}

static void tidy(PointDef *def) {
    if (!(def->hysteresis >= 0))
        def->hysteresis = 0;
    if (!(def->rate_limit > 0))
        def->rate_limit = NAN;
    if (def->priority < 1 || def->priority > 4)
        def->priority = 2;
}

void point_def_read(PointDef *def, json_t *record) {
    memset(def, 0, sizeof *def);
    def->code = g_strdup(text_of(record, "code"));
    def->name = g_strdup(text_of(record, "name"));
    def->unit = g_intern_string(text_of(record, "unit"));
    def->enterprise = g_intern_string(text_of(record, "enterprise"));
    def->measure = g_intern_string(text_of(record, "measure"));
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_t *value = json_object_get(record, numbers[i].field);
        number_set(def, i, json_is_number(value) ? json_number_value(value) : NAN);
    }
    json_t *priority = json_object_get(record, "priority");
    def->priority = (guint8)(json_is_integer(priority) ? CLAMP(json_integer_value(priority), 0, 9)
                                                       : text_of(record, "priority")[0] - '0');
    def->latch = json_is_true(json_object_get(record, "latch"));
    def->review = json_is_true(json_object_get(record, "review"));
    def->in_service = strcmp(text_of(record, "service"), "out_of_service") != 0;
    def->suppressed = json_is_true(json_object_get(record, "suppressed"));
    def->extra = extra_text(json_object_get(record, "extra"));
    tidy(def);
}

void point_def_clear(PointDef *def) {
    g_free(def->code);
    g_free(def->name);
    memset(def, 0, sizeof *def);
}

void point_def_copy(PointDef *def, const PointDef *from) {
    *def = *from;
    def->code = g_strdup(from->code);
    def->name = g_strdup(from->name);
}

json_t *point_def_write(const PointDef *def) {
    json_t *record = json_object();
    json_object_set_new(record, "code", json_string(def->code));
    json_object_set_new(record, "name", json_string(def->name));
    json_object_set_new(record, "unit", json_string(def->unit));
    json_object_set_new(record, "enterprise", json_string(def->enterprise));
    json_object_set_new(record, "measure", json_string(def->measure));
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (!isnan(number_get(def, i)))
            json_object_set_new(record, numbers[i].field, json_real(number_get(def, i)));
    json_object_set_new(record, "priority", json_integer(def->priority));
    json_object_set_new(record, "latch", json_boolean(def->latch));
    json_object_set_new(record, "service",
                        json_string(def->in_service ? "in_service" : "out_of_service"));
    if (def->review)
        json_object_set_new(record, "review", json_true());
    if (def->suppressed)
        json_object_set_new(record, "suppressed", json_true());
    if (def->extra)
        json_object_set_new(record, "extra", json_loads(def->extra, 0, NULL));
    return record;
}

/* FNV-1a over the bytes of each number; all NANs count as one. */
guint32 point_def_hash(const PointDef *def) {
    guint32 hash = 2166136261u ^ (guint32)(def->in_service != 0) ^ (guint32)(def->suppressed << 1);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        double value = number_get(def, i);
        guint8 bytes[sizeof value] = {0};
        if (!isnan(value))
            memcpy(bytes, &value, sizeof value);
        for (gsize k = 0; k < sizeof bytes; k++)
            hash = (hash ^ bytes[k]) * 16777619u;
        hash = (hash ^ (guint32)isnan(value)) * 16777619u;
    }
    for (const char *c = def->extra; c && *c; c++)
        hash = (hash ^ (guint8)*c) * 16777619u;
    return hash;
}

static const char *column_text(SqlStatement *st, int column) {
    const char *text = sql_is_null(st, column) ? NULL : sql_text(st, column);
    return text ? text : "";
}

/* The columns, in this order: _id, name, unit, _enterprise, measure, priority, latch, service, then
 * `numbers`. */
static const char select_points[] = "SELECT _id, name, unit, _enterprise, measure, priority, "
                                    "latch, service, range_low, range_high, limit_low_low,"
                                    " limit_low, limit_high, limit_high_high, hysteresis, "
                                    "rate_limit, on_delay_s, off_delay_s, stale_s, stuck_s"
                                    " FROM r_point";

SqlStatement *point_def_select(Sql *records, GError **error) {
    return sql_scan(records, error, select_points, "");
}

/* Texts are borrowed from the row. */
void point_def_row(PointDef *def, SqlStatement *st) {
    enum { FIRST_NUMBER = 8 };
    memset(def, 0, sizeof *def);
    def->code = (char *)column_text(st, 0);
    def->name = (char *)column_text(st, 1);
    def->unit = g_intern_string(column_text(st, 2));
    def->enterprise = g_intern_string(column_text(st, 3));
    def->measure = g_intern_string(column_text(st, 4));
    def->priority = (guint8)(column_text(st, 5)[0] - '0');
    def->latch = sql_int(st, 6) != 0;
    def->in_service = strcmp(column_text(st, 7), "out_of_service") != 0;
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        int column = FIRST_NUMBER + (int)i;
        number_set(def, i, sql_is_null(st, column) ? NAN : sql_double(st, column));
    }
    tidy(def);
}
