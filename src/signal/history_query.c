#include "signal/history_day.h"

/* A query walks the days of its range, and the hours of each. The pieces of an hour (what the
 * packed day has of it, hour rows, open samples) come ordered by their first time; those that
 * overlap no other piece and lie inside one step are taken by their figures, the rest are opened,
 * ordered and freed of doubles first. Samples thus come in order of time, one hour after the other,
 * and go to the open step. */
typedef struct {
    Sql *samples;
    guint32 point;
    const GArray *open;             /* or NULL */
    gint64 from_ms, to_ms, step_ms; /* step 0: raw */
    guint32 limit;
    json_t *rows;
    gboolean truncated;
    /* the open step */
    gint64 step_start;
    guint64 count;
    double min, max, sum, last;
} Walk;

static json_t *figure(double value) { return json_real(value); }

static void row_add(Walk *walk, json_t *row) {
    if (json_array_size(walk->rows) < walk->limit) {
        json_array_append_new(walk->rows, row);
        return;
    }
    json_decref(row);
    walk->truncated = TRUE;
}

static void step_end(Walk *walk) {
    if (walk->count == 0)
        return;
    double mean = walk->sum / (double)walk->count;
    json_t *row = json_array();
    json_array_append_new(row, json_integer(walk->step_start));
    json_array_append_new(row, json_integer((json_int_t)walk->count));
    json_array_append_new(row, figure(walk->min));
    json_array_append_new(row, figure(isfinite(mean) ? mean : walk->last));
    json_array_append_new(row, figure(walk->max));
    json_array_append_new(row, figure(walk->last));
    row_add(walk, row);
    walk->count = 0;
}

static gint64 step_of(const Walk *walk, gint64 time_ms) {
    return walk->from_ms + (time_ms - walk->from_ms) / walk->step_ms * walk->step_ms;
}

static void step_add(Walk *walk, gint64 time_ms, guint64 count, double min, double max, double sum,
                     double last) {
    gint64 start = step_of(walk, time_ms);
    if (start != walk->step_start || walk->count == 0) {
        step_end(walk);
        walk->step_start = start;
        walk->min = min;
        walk->max = max;
        walk->sum = 0;
    }
    walk->count += count;
    walk->min = MIN(walk->min, min);
    walk->max = MAX(walk->max, max);
    walk->sum += sum;
    walk->last = last;
}

static void raw_add(Walk *walk, const HistorySample *sample) {
    json_t *row = json_array();
    json_array_append_new(row, json_integer(sample->time_ms));
    json_array_append_new(row, figure(sample->value));
    json_array_append_new(row, json_integer(sample->quality));
    row_add(walk, row);
}

static void sample_add(Walk *walk, const HistorySample *sample) {
    if (sample->time_ms < walk->from_ms || sample->time_ms >= walk->to_ms)
        return;
    if (walk->step_ms == 0)
        raw_add(walk, sample);
    else if (sample->quality != QUALITY_BAD)
        step_add(walk, sample->time_ms, 1, sample->value, sample->value, sample->value,
                 sample->value);
}

/* ---- one hour ---- */

/* What a packed day has of the hour, a chunk of the hour, or the open samples in it. */
typedef struct {
    gint64 first_ms, last_ms;
    guint32 usable;
    double min, max, sum, last;
    gboolean late;
    HistoryDay *day; /* borrowed */
    GBytes *block;   /* chunk */
    GArray *samples; /* open samples */
} Piece;

static void piece_clear(gpointer data) {
    Piece *piece = data;
    g_clear_pointer(&piece->block, g_bytes_unref);
    g_clear_pointer(&piece->samples, g_array_unref);
}

static Piece read_piece(SqlStatement *st) {
    gsize n;
    const void *bytes = sql_blob(st, 8, &n);
    return (Piece){
        .first_ms = sql_int(st, 0),
        .last_ms = sql_int(st, 1),
        .usable = (guint32)sql_int(st, 2),
        .min = sql_double(st, 3),
        .max = sql_double(st, 4),
        .sum = sql_double(st, 5),
        .last = sql_double(st, 6),
        .late = sql_int(st, 7) != 0,
        .block = g_bytes_new(bytes, n),
    };
}

static gboolean by_figures(const Walk *walk, const Piece *piece) {
    return (piece->block || piece->day) && walk->step_ms > 0 && piece->first_ms >= walk->from_ms &&
           piece->last_ms < walk->to_ms &&
           step_of(walk, piece->first_ms) == step_of(walk, piece->last_ms);
}

static gboolean collect_day(const Walk *walk, GArray *out, const Piece *piece, GError **error) {
    gint64 hour = piece->first_ms / HISTORY_HOUR_MS;
    if (!history_day_open(walk->samples, walk->point, hour / HOURS_PER_DAY, piece->day, error))
        return FALSE;
    const GArray *all = piece->day->samples;
    for (guint i = 0; i < all->len; i++) {
        const HistorySample *sample = &g_array_index(all, HistorySample, i);
        if (sample->time_ms / HISTORY_HOUR_MS == hour)
            g_array_append_vals(out, sample, 1);
    }
    return TRUE;
}

static gboolean collect(const Walk *walk, GArray *out, const Piece *piece, GError **error) {
    g_autoptr(GArray) opened = NULL;
    const GArray *samples = piece->samples;
    if (piece->day)
        return collect_day(walk, out, piece, error);
    if (piece->block) {
        gsize n;
        const guint8 *bytes = g_bytes_get_data(piece->block, &n);
        samples = opened = history_decode(bytes, n);
    }
    if (samples)
        g_array_append_vals(out, samples->data, samples->len);
    return TRUE;
}

/* In the order written: chunks and the open block, then late ones. The sort is stable, so the first
 * of equal times stays. */
static gboolean add_opened(Walk *walk, const Piece *pieces, guint n, GError **error) {
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    for (gboolean late = FALSE; late <= TRUE; late++)
        for (guint i = 0; i < n; i++)
            if (pieces[i].late == late && !collect(walk, out, &pieces[i], error))
                return FALSE;
    history_order(out);
    for (guint i = 0; i < out->len; i++)
        sample_add(walk, &g_array_index(out, HistorySample, i));
    return TRUE;
}

static gboolean add_group(Walk *walk, const Piece *pieces, guint n, GError **error) {
    const Piece *p = pieces;
    if (n > 1 || !by_figures(walk, p))
        return add_opened(walk, pieces, n, error);
    if (p->usable > 0)
        step_add(walk, p->first_ms, p->usable, p->min, p->max, p->sum, p->last);
    return TRUE;
}

/* Pieces are ordered by first time; each run of pieces that overlap is one group. */
static gboolean add_pieces(Walk *walk, const GArray *pieces, GError **error) {
    const Piece *all = (const Piece *)(const void *)pieces->data;
    for (guint from = 0, to; from < pieces->len; from = to) {
        gint64 last = all[from].last_ms;
        for (to = from + 1; to < pieces->len && all[to].first_ms <= last; to++)
            last = MAX(last, all[to].last_ms);
        if (!add_group(walk, all + from, to - from, error))
            return FALSE;
    }
    return TRUE;
}

static void insert_piece(GArray *pieces, Piece piece) {
    guint at = 0;
    while (at < pieces->len && g_array_index(pieces, Piece, at).first_ms <= piece.first_ms)
        at++;
    g_array_insert_val(pieces, at, piece);
}

static void add_open(GArray *pieces, const GArray *open, gint64 hour, gboolean late) {
    Piece piece = {.first_ms = G_MAXINT64, .last_ms = G_MININT64, .late = late};
    for (guint i = 0; open && i < open->len; i++) {
        HistorySample sample = g_array_index(open, HistorySample, i);
        if (sample.time_ms / HISTORY_HOUR_MS != hour || sample.late != late)
            continue;
        if (piece.samples == NULL)
            piece.samples = g_array_new(FALSE, FALSE, sizeof(HistorySample));
        g_array_append_val(piece.samples, sample);
        piece.first_ms = MIN(piece.first_ms, sample.time_ms);
        piece.last_ms = MAX(piece.last_ms, sample.time_ms);
    }
    if (piece.samples)
        insert_piece(pieces, piece);
}

static void add_day_hour(GArray *pieces, GArray *rows, gint64 hour) {
    for (guint i = 0; i < rows->len; i++) {
        HistoryDay *row = &g_array_index(rows, HistoryDay, i);
        const HourFigures *figures = &row->hour[hour % HOURS_PER_DAY];
        if (figures->count == 0)
            continue;
        insert_piece(pieces, (Piece){.first_ms = figures->first_ms,
                                     .last_ms = figures->last_ms,
                                     .usable = figures->usable,
                                     .min = figures->min,
                                     .max = figures->max,
                                     .sum = figures->sum,
                                     .last = figures->last,
                                     .late = row->late,
                                     .day = row});
    }
}

static gboolean add_chunks(const Walk *walk, GArray *pieces, gint64 hour, GError **error) {
    SqlStatement *st =
        sql_query(walk->samples, error,
                  "SELECT first_ms, last_ms, usable, min, max, sum, last, late, block FROM history"
                  " WHERE hour = ? AND point = ? ORDER BY first_ms",
                  "ii", hour, (gint64)walk->point);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW)
        insert_piece(pieces, read_piece(st));
    return step == SQL_DONE;
}

static gboolean add_hour(Walk *walk, GArray *rows, gboolean marked, gint64 hour, GError **error) {
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    g_array_set_clear_func(pieces, piece_clear);
    add_day_hour(pieces, rows, hour);
    if (marked && !add_chunks(walk, pieces, hour, error))
        return FALSE;
    add_open(pieces, walk->open, hour, FALSE);
    add_open(pieces, walk->open, hour, TRUE);
    return add_pieces(walk, pieces, error);
}

/* Its hours from `first` to `last`. */
static gboolean add_day(Walk *walk, gint64 first, gint64 last, GError **error) {
    gboolean marked;
    gint64 day = first / HOURS_PER_DAY;
    g_autoptr(GArray) rows = history_day_rows(walk->samples, walk->point, day, error);
    if (rows == NULL || !history_is_marked(walk->samples, walk->point, day, &marked, error))
        return FALSE;
    if (rows->len == 0 && !marked && (walk->open == NULL || walk->open->len == 0))
        return TRUE;
    for (gint64 hour = first; hour <= last && !walk->truncated; hour++)
        if (!add_hour(walk, rows, marked, hour, error))
            return FALSE;
    return TRUE;
}

gboolean history_bounds(Sql *samples, gint64 *first_hour, gint64 *last_hour, GError **error) {
    gint64 first_day, last_day;
    if (!sql_get_int(samples, error, first_hour, G_MAXINT64, "SELECT MIN(hour) FROM history", "") ||
        !sql_get_int(samples, error, last_hour, G_MININT64, "SELECT MAX(hour) FROM history", "") ||
        !sql_get_int(samples, error, &first_day, -1, "SELECT MIN(day) FROM history_day", "") ||
        !sql_get_int(samples, error, &last_day, -1, "SELECT MAX(day) FROM history_day", ""))
        return FALSE;
    if (first_day >= 0) {
        *first_hour = MIN(*first_hour, first_day * HOURS_PER_DAY);
        *last_hour = MAX(*last_hour, last_day * HOURS_PER_DAY + HOURS_PER_DAY - 1);
    }
    return TRUE;
}

/* The hours that hold anything, so that a wide range over little history is cheap. */
static gboolean bounds(Sql *samples, const GArray *open, gint64 *first, gint64 *last,
                       GError **error) {
    gint64 low, high;
    if (!history_bounds(samples, &low, &high, error))
        return FALSE;
    for (guint i = 0; open && i < open->len; i++) {
        gint64 hour = g_array_index(open, HistorySample, i).time_ms / HISTORY_HOUR_MS;
        low = MIN(low, hour);
        high = MAX(high, hour);
    }
    *first = MAX(*first, low);
    *last = MIN(*last, high);
    return TRUE;
}

static gboolean read_hour(Sql *samples, guint32 point, gint64 hour, GArray *out, GError **error) {
    SqlStatement *st = sql_query(samples, error,
                                 "SELECT late, block FROM history WHERE hour = ? AND point = ? "
                                 "ORDER BY late, first_ms",
                                 "ii", hour, (gint64)point);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        gsize n;
        const guint8 *bytes = sql_blob(st, 1, &n);
        g_autoptr(GArray) opened = history_decode(bytes, n);
        for (guint i = 0; opened && i < opened->len; i++) {
            HistorySample *sample = &g_array_index(opened, HistorySample, i);
            sample->point = point;
            sample->late = sql_int(st, 0) != 0;
        }
        if (opened)
            g_array_append_vals(out, opened->data, opened->len);
    }
    return step == SQL_DONE;
}

static gboolean read_day(Sql *samples, guint32 point, gint64 first, gint64 last, GArray *out,
                         GError **error) {
    gboolean marked;
    gint64 day = first / HOURS_PER_DAY;
    g_autoptr(GArray) rows = history_day_rows(samples, point, day, error);
    if (rows == NULL || !history_is_marked(samples, point, day, &marked, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        HistoryDay *row = &g_array_index(rows, HistoryDay, i);
        if (!history_day_open(samples, point, day, row, error))
            return FALSE;
        g_array_append_vals(out, row->samples->data, row->samples->len);
    }
    for (gint64 hour = first; marked && hour <= last; hour++)
        if (!read_hour(samples, point, hour, out, error))
            return FALSE;
    return TRUE;
}

static gint64 day_end(gint64 hour) { return hour - hour % HOURS_PER_DAY + HOURS_PER_DAY - 1; }

gboolean history_read(Sql *samples, guint32 point, gint64 from_ms, gint64 to_ms, GArray *out,
                      GError **error) {
    guint kept = out->len;
    gint64 hour = from_ms / HISTORY_HOUR_MS, last = (to_ms - 1) / HISTORY_HOUR_MS;
    for (; hour <= last; hour = day_end(hour) + 1)
        if (!read_day(samples, point, hour, MIN(day_end(hour), last), out, error))
            return FALSE;
    HistorySample *all = (HistorySample *)(void *)out->data;
    for (guint i = kept; i < out->len; i++)
        if (all[i].time_ms >= from_ms && all[i].time_ms < to_ms)
            all[kept++] = all[i];
    g_array_set_size(out, kept);
    return TRUE;
}

json_t *history_query(Sql *samples, guint32 point, GArray *open, gint64 from_ms, gint64 to_ms,
                      gint64 step_ms, guint32 limit, gboolean *truncated, GError **error) {
    Walk walk = {.samples = samples,
                 .point = point,
                 .open = open,
                 .from_ms = from_ms,
                 .to_ms = to_ms,
                 .step_ms = MAX(step_ms, 0),
                 .limit = limit,
                 .rows = json_array()};
    gint64 hour = from_ms / HISTORY_HOUR_MS, last = (to_ms - 1) / HISTORY_HOUR_MS;
    gboolean good = bounds(samples, open, &hour, &last, error);
    for (; good && hour <= last && !walk.truncated; hour = day_end(hour) + 1)
        good = add_day(&walk, hour, MIN(day_end(hour), last), error);
    step_end(&walk);
    if (truncated)
        *truncated = walk.truncated;
    if (good)
        return walk.rows;
    json_decref(walk.rows);
    return NULL;
}
