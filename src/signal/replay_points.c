#include "signal/point_compose.h"
#include "signal/point_rule.h"
#include "signal/replay.h"

#include <math.h>
#include <string.h>

/* ---- which ---- */

static gint by_number(gconstpointer a, gconstpointer b) {
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
    return (x > y) - (x < y);
}

static void add_inputs(const PointTable *table, guint32 number, GHashTable *all) {
    const PointDef *def = point_table_def(table, number);
    json_t *extra = def->extra ? json_loads(def->extra, 0, NULL) : NULL;
    PointRules *rules = extra ? point_rules_read(def->code, extra, NULL) : NULL;
    for (guint i = 0; rules && i < rules->codes; i++) {
        guint32 input = point_table_find(table, rules->code[i], strlen(rules->code[i]));
        if (input != POINT_NONE)
            g_hash_table_add(all, GUINT_TO_POINTER(input));
    }
    point_rules_free(rules);
    json_decref(extra);
}

/* Ascending, as the engine's order among points is that of their numbers. */
static GArray *with_inputs(const PointTable *table, const GArray *wanted) {
    g_autoptr(GHashTable) all = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < wanted->len; i++) {
        guint32 number = g_array_index(wanted, guint32, i);
        g_hash_table_add(all, GUINT_TO_POINTER(number));
        add_inputs(table, number, all);
    }
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        guint32 number = GPOINTER_TO_UINT(key);
        g_array_append_val(numbers, number);
    }
    g_array_sort(numbers, by_number);
    return numbers;
}

static GArray *every_number(const PointTable *table) {
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < point_table_count(table); i++)
        g_array_append_val(numbers, i);
    return numbers;
}

static guint32 place_of(const ReplayPoints *points, guint32 number) {
    guint at;
    return g_array_binary_search(points->number, &number, by_number, &at) ? at : POINT_NONE;
}

ReplayPoints *replay_points_new(const PointTable *table, const GArray *numbers) {
    ReplayPoints *points = g_new0(ReplayPoints, 1);
    points->table = point_table_new();
    points->number = numbers ? with_inputs(table, numbers) : every_number(table);
    points->wanted = g_malloc(MAX(points->number->len, 1));
    memset(points->wanted, numbers == NULL, points->number->len);
    for (guint i = 0; numbers && i < numbers->len; i++)
        points->wanted[place_of(points, g_array_index(numbers, guint32, i))] = TRUE;
    for (guint i = 0; i < points->number->len; i++) {
        PointDef def;
        point_def_copy(&def, point_table_def(table, g_array_index(points->number, guint32, i)));
        point_table_apply(points->table, i, &def);
    }
    return points;
}

void replay_points_free(ReplayPoints *points) {
    if (points == NULL)
        return;
    point_table_free(points->table);
    g_array_unref(points->number);
    g_free(points->wanted);
    g_free(points);
}

/* ---- other limits ---- */

static const struct {
    const char *field;
    double least, most;
} changeable[] = {
    {"limit_low_low", -INFINITY, INFINITY},
    {"limit_low", -INFINITY, INFINITY},
    {"limit_high", -INFINITY, INFINITY},
    {"limit_high_high", -INFINITY, INFINITY},
    {"hysteresis", 0, INFINITY},
    {"on_delay_s", 0, 86400},
    {"off_delay_s", 0, 86400},
    {"rate_limit", 0, INFINITY},
    {"stale_s", 0, 604800},
    {"stuck_s", 0, 604800},
    {"setpoint", -INFINITY, INFINITY},
    {"deviation_limit", 0, INFINITY},
    {"repeat_count", 2, 16},
    {"repeat_s", 1, 604800},
    {"underreport_s", 0, 86400},
};

static gboolean refuse(GError **error, const char *field, const char *what, const char *remedy) {
    return error_set(error, ERROR_REQUEST, field, what, remedy, NULL);
}

static gboolean check_change(const char *field, json_t *value, GError **error) {
    for (guint i = 0; i < G_N_ELEMENTS(changeable); i++) {
        if (strcmp(changeable[i].field, field) != 0)
            continue;
        double number = json_number_value(value);
        if (json_is_null(value) || (json_is_number(value) && number >= changeable[i].least &&
                                    number <= changeable[i].most))
            return TRUE;
        return refuse(error, field, "数值无效 / not a number in its range",
                      "填写允许范围内的数值，或留空 / give a number in range, or nothing");
    }
    return refuse(error, field, "此项不能试算 / this cannot be tried",
                  "可试算：限值、回差、延时、速率、中断与不变判定 / limits, hysteresis, delays, "
                  "rate, stale and stuck times");
}

static gboolean check_order(json_t *point, GError **error) {
    double last = -INFINITY;
    for (guint i = 0; i < 4; i++) {
        json_t *limit = json_object_get(point, changeable[i].field);
        if (!json_is_number(limit))
            continue;
        if (json_number_value(limit) <= last)
            return refuse(error, changeable[i].field,
                          "限值须依次增大 / limits must rise from LL to HH",
                          "按低低报、低报、高报、高高报由小到大填写 / order LL < L < H < HH");
        last = json_number_value(limit);
    }
    return TRUE;
}

gboolean replay_points_change(ReplayPoints *points, Sql *records, const Packs *packs,
                              const char *code, json_t *changes, GError **error) {
    const char *field;
    json_t *value;
    guint32 place = point_table_find(points->table, code, strlen(code));
    if (place == POINT_NONE || !points->wanted[place])
        return error_set(error, ERROR_NOT_FOUND, "point", "point", code, NULL);
    json_object_foreach(changes, field, value) if (!check_change(field, value, error)) return FALSE;
    json_t *point = point_compose_changed(records, packs, code, changes, TRUE, error);
    if (point == NULL)
        return FALSE;
    gboolean good = check_order(point, error);
    if (good) {
        PointDef def;
        point_def_read(&def, point);
        point_table_apply(points->table, place, &def);
    }
    json_decref(point);
    return good;
}
