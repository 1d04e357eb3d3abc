#include "signal/history_day.h"

#include "base/error.h"

#include <stdlib.h>

/* Days of fewer samples are quicker opened than their figures are worth keeping. */
enum { FIGURES_ABOVE = 720, FIGURES_MAX = HOURS_PER_DAY * (1 + 4 * VARINT_MAX + 4 * 8) + 8 };

gboolean history_day_migrate(Sql *samples, GError **error) {
    return sql_exec(
        samples,
        "CREATE TABLE IF NOT EXISTS history_day (point BIGINT NOT NULL, day BIGINT NOT NULL, late "
        "INTEGER NOT NULL, first_ms BIGINT NOT NULL, hours BLOB NOT NULL, block BLOB NOT NULL, "
        "PRIMARY KEY (point, day, late, first_ms));" /* with rowid: long rows fill their pages */
        "CREATE INDEX IF NOT EXISTS history_day_day ON history_day (day);"
        "CREATE TABLE IF NOT EXISTS history_mark (day BIGINT NOT NULL, points BIGINT NOT NULL, "
        "PRIMARY KEY (day, points)) WITHOUT ROWID;"
        /* hour rows that are older than the marks */
        "INSERT INTO history_mark SELECT DISTINCT hour / 24, point / 64 FROM history WHERE NOT "
        "EXISTS (SELECT 1 FROM history_mark) AND NOT EXISTS (SELECT 1 FROM history_day)",
        error);
}

gboolean history_mark(Sql *samples, gint64 day, gint64 group, GError **error) {
    return sql_run(samples, error,
                   "INSERT INTO history_mark (day, points) VALUES (?, ?) ON CONFLICT (day, points) "
                   "DO NOTHING",
                   "ii", day, group);
}

gboolean history_is_marked(Sql *samples, guint32 point, gint64 day, gboolean *marked,
                           GError **error) {
    gint64 n;
    if (!sql_get_int(samples, error, &n, 0,
                     "SELECT 1 FROM history_mark WHERE day = ? AND points = ?", "ii", day,
                     (gint64)(point / HISTORY_GROUP)))
        return FALSE;
    *marked = n != 0;
    return TRUE;
}

/* ---- figures of the hours ----
 * Per hour that has samples: its number (0..23), count, usable, first and last time in the hour
 * (varints), and when there are usable ones min, max, sum, last (8 bytes each). */

static guint8 *put_double(guint8 *p, double value) {
    guint64 bits = GUINT64_TO_LE(double_bits(value));
    memcpy(p, &bits, sizeof bits);
    return p + sizeof bits;
}

static const guint8 *get_double(const guint8 *p, const guint8 *end, double *value) {
    guint64 bits;
    if (p == NULL || end - p < (gssize)sizeof bits)
        return NULL;
    memcpy(&bits, p, sizeof bits);
    *value = double_of_bits(GUINT64_FROM_LE(bits));
    return p + sizeof bits;
}

static void figures_add(HourFigures *hour, const HistorySample *sample) {
    if (hour->count++ == 0)
        hour->first_ms = sample->time_ms;
    hour->last_ms = sample->time_ms;
    if (sample->quality == QUALITY_BAD)
        return;
    if (hour->usable++ == 0)
        hour->min = hour->max = sample->value;
    hour->min = MIN(hour->min, sample->value);
    hour->max = MAX(hour->max, sample->value);
    hour->sum += sample->value;
    hour->last = sample->value;
}

static guint8 *put_hour(guint8 *p, guint number, const HourFigures *hour) {
    *p++ = (guint8)number;
    p = varint_put(p, hour->count);
    p = varint_put(p, hour->usable);
    p = varint_put(p, (guint64)(hour->first_ms % HISTORY_HOUR_MS));
    p = varint_put(p, (guint64)(hour->last_ms % HISTORY_HOUR_MS));
    if (hour->usable == 0)
        return p;
    p = put_double(put_double(p, hour->min), hour->max);
    return put_double(put_double(p, hour->sum), hour->last);
}

static gsize figures_of(const HistorySample *samples, guint32 n, guint8 *out) {
    HourFigures hours[HOURS_PER_DAY] = {{0}};
    guint8 *p = out;
    for (guint32 i = 0; i < n; i++)
        figures_add(&hours[samples[i].time_ms / HISTORY_HOUR_MS % HOURS_PER_DAY], &samples[i]);
    for (guint i = 0; i < HOURS_PER_DAY; i++)
        if (hours[i].count > 0)
            p = put_hour(p, i, &hours[i]);
    return (gsize)(p - out);
}

static const guint8 *get_hour(const guint8 *p, const guint8 *end, gint64 day, HistoryDay *row) {
    guint64 number[4];
    guint at = *p++;
    if (at >= HOURS_PER_DAY)
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(number) && p; i++)
        p = varint_get(p, end, &number[i]);
    if (p == NULL || number[2] >= HISTORY_HOUR_MS || number[3] >= HISTORY_HOUR_MS)
        return NULL;
    gint64 start_ms = (day * HOURS_PER_DAY + at) * HISTORY_HOUR_MS;
    HourFigures *hour = &row->hour[at];
    *hour = (HourFigures){.count = (guint32)number[0],
                          .usable = (guint32)number[1],
                          .first_ms = start_ms + (gint64)number[2],
                          .last_ms = start_ms + (gint64)number[3]};
    if (hour->usable == 0)
        return p;
    p = get_double(get_double(p, end, &hour->min), end, &hour->max);
    return get_double(get_double(p, end, &hour->sum), end, &hour->last);
}

/* ---- reading ---- */

static void row_clear(gpointer data) {
    HistoryDay *row = data;
    g_clear_pointer(&row->samples, g_array_unref);
}

static gboolean read_row(SqlStatement *st, gint64 day, HistoryDay *row, GError **error) {
    gsize n;
    const guint8 *p = sql_blob(st, 2, &n), *end = p + n;
    *row =
        (HistoryDay){.late = sql_int(st, 0) != 0, .first_ms = sql_int(st, 1), .has_figures = n > 0};
    while (p && p < end)
        p = get_hour(p, end, day, row);
    return p == end ||
           error_set(error, ERROR_STORE, NULL, "a day of history is not readable", NULL);
}

/* The figures of a row that has none: from its samples. */
static gboolean make_figures(Sql *samples, guint32 point, gint64 day, HistoryDay *row,
                             GError **error) {
    if (!history_day_open(samples, point, day, row, error))
        return FALSE;
    for (guint i = 0; i < row->samples->len; i++) {
        const HistorySample *sample = &g_array_index(row->samples, HistorySample, i);
        figures_add(&row->hour[sample->time_ms / HISTORY_HOUR_MS % HOURS_PER_DAY], sample);
    }
    return TRUE;
}

static gboolean make_all_figures(Sql *samples, guint32 point, gint64 day, GArray *rows,
                                 GError **error) {
    for (guint i = 0; i < rows->len; i++) {
        HistoryDay *row = &g_array_index(rows, HistoryDay, i);
        if (!row->has_figures && !make_figures(samples, point, day, row, error))
            return FALSE;
    }
    return TRUE;
}

GArray *history_day_rows(Sql *samples, guint32 point, gint64 day, GError **error) {
    SqlStatement *st = sql_query(samples, error,
                                 "SELECT late, first_ms, hours FROM history_day WHERE point = ? "
                                 "AND day = ? ORDER BY late, first_ms",
                                 "ii", (gint64)point, day);
    if (st == NULL)
        return NULL;
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(HistoryDay));
    g_array_set_clear_func(rows, row_clear);
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        HistoryDay row;
        if (!read_row(st, day, &row, error)) {
            sql_reset(st);
            step = SQL_FAILED;
            break;
        }
        g_array_append_val(rows, row);
    }
    if (step == SQL_DONE && make_all_figures(samples, point, day, rows, error))
        return rows;
    g_array_unref(rows);
    return NULL;
}

gboolean history_day_open(Sql *samples, guint32 point, gint64 day, HistoryDay *row,
                          GError **error) {
    if (row->samples)
        return TRUE;
    SqlStatement *st = sql_query(samples, error,
                                 "SELECT block FROM history_day WHERE point = ? AND day = ? AND "
                                 "late = ? AND first_ms = ?",
                                 "iiii", (gint64)point, day, (gint64)row->late, row->first_ms);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    if (step == SQL_ROW) {
        gsize n;
        const guint8 *bytes = sql_blob(st, 0, &n);
        row->samples = history_decode(bytes, n);
    }
    sql_reset(st);
    for (guint i = 0; row->samples && i < row->samples->len; i++) {
        HistorySample *sample = &g_array_index(row->samples, HistorySample, i);
        sample->point = point;
        sample->late = row->late != 0;
    }
    return row->samples != NULL ||
           (step != SQL_FAILED &&
            error_set(error, ERROR_STORE, NULL, "a day of history is not readable", NULL));
}

/* ---- packing ---- */

/* What a group's day holds, per point and whether late. */
typedef struct {
    gint64 day;
    guint32 first_point;
    GArray *samples[HISTORY_GROUP][2]; /* HistorySample; NULL: none */
} GroupDay;

static GArray *samples_of(GroupDay *group, guint32 point, gboolean late) {
    GArray **own = &group->samples[point - group->first_point][late != 0];
    if (*own == NULL)
        *own = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    return *own;
}

/* Columns: point, late, block. */
static gboolean collect(GroupDay *group, SqlStatement *st, GError **error) {
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        gsize n;
        const guint8 *bytes = sql_blob(st, 2, &n);
        g_autoptr(GArray) opened = history_decode(bytes, n);
        if (opened)
            g_array_append_vals(samples_of(group, (guint32)sql_int(st, 0), sql_int(st, 1) != 0),
                                opened->data, opened->len);
    }
    return step == SQL_DONE;
}

static gboolean collect_days(Sql *samples, GroupDay *group, gint64 first, gint64 end,
                             GError **error) {
    return collect(group,
                   sql_query(samples, error,
                             "SELECT point, late, block FROM history_day WHERE point >= ? AND "
                             "point < ? AND day = ? ORDER BY point, late, first_ms",
                             "iii", first, end, group->day),
                   error);
}

static gboolean collect_hours(Sql *samples, GroupDay *group, gint64 first, gint64 end,
                              GError **error) {
    for (gint64 hour = group->day * HOURS_PER_DAY; hour < (group->day + 1) * HOURS_PER_DAY; hour++)
        if (!collect(group,
                     sql_query(samples, error,
                               "SELECT point, late, block FROM history WHERE hour = ? AND point >= "
                               "? AND point < ? ORDER BY point, first_ms, late",
                               "iii", hour, first, end),
                     error))
            return FALSE;
    return TRUE;
}

static gboolean write_row(Sql *samples, gint64 point, gint64 day, gboolean late,
                          const HistorySample *first, guint32 n, GError **error) {
    guint8 figures[FIGURES_MAX];
    gsize size = n > FIGURES_ABOVE ? figures_of(first, n, figures) : 0;
    g_autoptr(GByteArray) block = history_encode(first, n);
    return sql_run(samples, error,
                   "INSERT INTO history_day (point, day, late, first_ms, hours, block) VALUES (?, "
                   "?, ?, ?, ?, ?)",
                   "iiiibb", point, day, (gint64)(late != 0), first->time_ms, figures, size,
                   block->data, (gsize)block->len);
}

static gboolean write_group(Sql *samples, GroupDay *group, GError **error) {
    for (guint i = 0; i < HISTORY_GROUP; i++)
        for (gboolean late = FALSE; late <= TRUE; late++) {
            GArray *own = group->samples[i][late];
            if (own)
                history_order(own);
            for (guint from = 0; own && from < own->len; from += HISTORY_MAX)
                if (!write_row(samples, group->first_point + i, group->day, late,
                               &g_array_index(own, HistorySample, from),
                               MIN(own->len - from, (guint)HISTORY_MAX), error))
                    return FALSE;
        }
    return TRUE;
}

static gboolean remove_parts(Sql *samples, gint64 day, gint64 group, gint64 first, gint64 end,
                             GError **error) {
    for (gint64 hour = day * HOURS_PER_DAY; hour < (day + 1) * HOURS_PER_DAY; hour++)
        if (!sql_run(samples, error,
                     "DELETE FROM history WHERE hour = ? AND point >= ? AND point < ?", "iii", hour,
                     first, end))
            return FALSE;
    return sql_run(samples, error,
                   "DELETE FROM history_day WHERE point >= ? AND point < ? AND day = ?", "iii",
                   first, end, day) &&
           sql_run(samples, error, "DELETE FROM history_mark WHERE day = ? AND points = ?", "ii",
                   day, group);
}

static gboolean pack_group(Sql *samples, gint64 day, gint64 number, GError **error) {
    gint64 first = number * HISTORY_GROUP, end = first + HISTORY_GROUP;
    GroupDay group = {.day = day, .first_point = (guint32)first};
    gboolean good = collect_days(samples, &group, first, end, error) &&
                    collect_hours(samples, &group, first, end, error) &&
                    remove_parts(samples, day, number, first, end, error) &&
                    write_group(samples, &group, error);
    for (guint i = 0; i < HISTORY_GROUP; i++)
        for (guint late = 0; late < 2; late++)
            g_clear_pointer(&group.samples[i][late], g_array_unref);
    return good;
}

gboolean history_pack(Sql *samples, gint64 before_hour, gboolean *packed, GError **error) {
    *packed = FALSE;
    SqlStatement *st =
        sql_query(samples, error,
                  "SELECT day, points FROM history_mark WHERE day < ? ORDER BY day, points LIMIT 1",
                  "i", before_hour / HOURS_PER_DAY);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    gint64 day = step == SQL_ROW ? sql_int(st, 0) : 0;
    gint64 group = step == SQL_ROW ? sql_int(st, 1) : 0;
    sql_reset(st);
    *packed = step == SQL_ROW;
    return step == SQL_DONE || (step == SQL_ROW && pack_group(samples, day, group, error));
}
