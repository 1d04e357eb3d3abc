/* The engine against a slow, obvious model, and against itself: however a stream is cut into rows,
 * saved, restored and replayed, it tells the same events. */
#include "signal/engine.h"

#include <math.h>
#include <string.h>

static const gint64 T0 = 1700000000000;

typedef struct {
    gboolean tick;
    guint32 point;
    gint64 time_ms, received_ms;
    double value;
    Quality quality;
} Step;

/* ---- running a stream ---- */

typedef struct {
    gint64 seq, from_seq; /* of the row; its slices' positions decide what is repeated */
    guint from, to;       /* steps */
} Row;

typedef struct {
    GHashTable *last; /* alarm id -> seq: what a sink remembers */
    GPtrArray *said;  /* GString by point */
    GHashTable *history;
    PointTable *table;
} Sink;

static void on_alarm(gpointer data, const AlarmEvent *e) {
    Sink *sink = data;
    char id[27];
    alarm_id(point_table_def(sink->table, e->point)->code, e->rule, e->condition, e->onset_ms, id);
    gint64 *before = g_hash_table_lookup(sink->last, id);
    if (before && e->seq <= *before)
        return;
    g_hash_table_insert(sink->last, g_strdup(id), g_memdup2(&e->seq, sizeof e->seq));
    g_string_append_printf(sink->said->pdata[e->point],
                           "%u %d %d %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                           " %.17g %.17g %.17g %d\n",
                           e->point, e->condition, e->kind, e->level, e->onset_ms - T0,
                           e->at_ms - T0, e->value, e->limit, e->worst, e->late);
}

/* A replay gives samples again, but never as something else: the set of what history was told is
 * compared. */
static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    Sink *sink = data;
    g_hash_table_add(sink->history, g_strdup_printf("%u %" G_GINT64_FORMAT " %.17g %d %d\n", point,
                                                    time_ms - T0, value, quality, late));
}

static void on_no_history(gpointer data, guint32 point, gint64 time_ms, double value,
                          Quality quality, gboolean late) {
    (void)data, (void)point, (void)time_ms, (void)value, (void)quality, (void)late;
}

static void string_free(gpointer string) { g_string_free(string, TRUE); }

static Sink sink_new(PointTable *table) {
    Sink sink = {
        .last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .said = g_ptr_array_new_with_free_func(string_free),
        .history = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .table = table,
    };
    for (guint i = 0; i < point_table_count(table); i++)
        g_ptr_array_add(sink.said, g_string_new(NULL));
    return sink;
}

static char *sink_take(Sink *sink) {
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < sink->said->len; i++)
        g_string_append(all, ((GString *)sink->said->pdata[i])->str);
    GList *history = g_list_sort(g_hash_table_get_keys(sink->history), (GCompareFunc)strcmp);
    for (GList *line = history; line; line = line->next)
        g_string_append(all, line->data);
    g_list_free(history);
    g_hash_table_unref(sink->last);
    g_hash_table_unref(sink->history);
    g_ptr_array_unref(sink->said);
    return g_string_free(all, FALSE);
}

static void evaluate(Engine *engine, const GArray *steps, const Row *row) {
    const Step *first = &g_array_index(steps, Step, row->from);
    if (first->tick) {
        engine_tick(engine, row->seq, first->received_ms);
        return;
    }
    SampleBatch *batch = sample_batch_new(row->to - row->from);
    batch->received_ms = first->received_ms;
    for (guint i = row->from; i < row->to; i++) {
        const Step *s = &g_array_index(steps, Step, i);
        sample_batch_add(batch, s->point, s->time_ms, s->value, s->quality);
    }
    engine_batch(engine, row->seq, batch);
    sample_batch_free(batch);
}

/* A row is a tick, or samples received at one time; cut shorter at random. */
static GArray *cut(const GArray *steps, guint longest) {
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(Row));
    gint64 seq = 0;
    for (guint from = 0, to; from < steps->len; from = to) {
        const Step *first = &g_array_index(steps, Step, from);
        guint most = first->tick ? 1 : (guint)g_test_rand_int_range(1, (gint32)longest + 1);
        for (to = from + 1; to < steps->len && to - from < most; to++) {
            const Step *s = &g_array_index(steps, Step, to);
            if (s->tick || s->received_ms != first->received_ms)
                break;
        }
        seq += g_test_rand_int_range(1, 4);
        Row row = {.seq = seq, .from = from, .to = to};
        g_array_append_val(rows, row);
    }
    return rows;
}

static char *run_plain(PointTable *table, const GArray *steps, guint longest) {
    Sink sink = sink_new(table);
    Engine *engine = engine_new(table, (EngineOutput){on_alarm, on_history, &sink, NULL});
    g_autoptr(GArray) rows = cut(steps, longest);
    for (guint i = 0; i < rows->len; i++)
        evaluate(engine, steps, &g_array_index(rows, Row, i));
    engine_free(engine);
    return sink_take(&sink);
}

typedef struct {
    gint64 seq;
    GByteArray *bytes; /* NULL: never saved */
} Saved;

/* The engine dies and comes back from slices saved at different rows; what follows them is
 * replayed. Gives the row to go on from. */
static guint come_back(Engine **engine, PointTable *table, Sink *sink, const GArray *rows,
                       const Saved *saved) {
    engine_free(*engine);
    *engine = engine_new(table, (EngineOutput){on_alarm, on_history, sink, NULL});
    gint64 least = G_MAXINT64;
    for (guint32 i = 0; i < engine_slices(*engine); i++) {
        if (saved[i].bytes) {
            g_assert_true(engine_restore(*engine, i, saved[i].bytes->data, saved[i].bytes->len));
            engine_set_position(*engine, i, saved[i].seq);
        }
        least = MIN(least, saved[i].bytes ? saved[i].seq : 0);
    }
    for (guint i = 0; i < rows->len; i++)
        if (g_array_index(rows, Row, i).seq > least)
            return i;
    return rows->len;
}

static char *run_with_crashes(PointTable *table, const GArray *steps, guint longest) {
    Sink sink = sink_new(table);
    Engine *engine = engine_new(table, (EngineOutput){on_alarm, on_history, &sink, NULL});
    g_autoptr(GArray) rows = cut(steps, longest);
    g_autofree Saved *saved = g_new0(Saved, engine_slices(engine));
    guint slices = engine_slices(engine);
    for (guint i = 0, crashes = 0; i < rows->len;) {
        const Row *row = &g_array_index(rows, Row, i++);
        evaluate(engine, steps, row);
        if (g_test_rand_int_range(0, 10) == 0) {
            guint slice = (guint)g_test_rand_int_range(0, (gint32)slices);
            if (saved[slice].seq >= row->seq) /* a replayed row that the slice is beyond */
                continue;
            if (saved[slice].bytes)
                g_byte_array_unref(saved[slice].bytes);
            saved[slice] = (Saved){row->seq, engine_save(engine, slice)};
        }
        if (crashes < 8 && g_test_rand_int_range(0, 40) == 0) {
            i = come_back(&engine, table, &sink, rows, saved);
            crashes++;
        }
    }
    for (guint i = 0; i < slices; i++)
        if (saved[i].bytes)
            g_byte_array_unref(saved[i].bytes);
    engine_free(engine);
    return sink_take(&sink);
}

/* ---- random definitions and streams ---- */

static gint64 pick_ms(void) { return g_test_rand_int_range(0, 6) * 5000; }

static PointDef random_def(guint number) {
    g_autofree char *code = g_strdup_printf("P%u", number);
    json_t *record = json_pack("{s:s}", "code", code);
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    if (g_test_rand_bit())
        def.limit_high = 80;
    if (g_test_rand_bit())
        def.limit_high_high = 90;
    if (g_test_rand_bit())
        def.limit_low = 20;
    if (g_test_rand_bit())
        def.limit_low_low = 10;
    def.hysteresis = g_test_rand_int_range(0, 3) * 3;
    def.on_delay_ms = (gint32)pick_ms();
    def.off_delay_ms = (gint32)pick_ms();
    if (g_test_rand_bit())
        def.stale_ms = 20000 + pick_ms();
    if (g_test_rand_bit())
        def.stuck_ms = 10000 + pick_ms();
    if (g_test_rand_bit())
        def.rate_limit = 100;
    def.suppressed = g_test_rand_int_range(0, 8) == 0;
    return def;
}

static const char *pick_side(void) { return g_test_rand_bit() ? "high" : "low"; }

/* Any kind of rule, over points of both slices. */
static json_t *random_rule(guint number, const char *const *codes) {
    static const char *const kinds[] = {"deviation",   "discrete", "count",   "device",
                                        "underreport", "vote",     "formula", "inhibit"};
    guint kind = (guint)g_test_rand_int_range(0, G_N_ELEMENTS(kinds));
    const char *a = codes[g_test_rand_int_range(0, 3)], *b = codes[g_test_rand_int_range(3, 6)];
    g_autofree char *code = g_strdup_printf("R%u", number);
    json_t *rule =
        json_pack("{s:s, s:s, s:i, s:s, s:i, s:i, s:i, s:i}", "rule", code, "kind", kinds[kind],
                  "limit", g_test_rand_int_range(1, 9) * 10, "side", pick_side(), "hysteresis",
                  g_test_rand_int_range(0, 3) * 3, "count", g_test_rand_int_range(1, 3), "within_s",
                  g_test_rand_int_range(5, 60), "setpoint", 50);
    json_object_set_new(rule, "on_delay_s", json_integer(pick_ms() / 1000));
    json_object_set_new(rule, "off_delay_s", json_integer(pick_ms() / 1000));
    json_object_set_new(rule, "normal", json_pack("[i, i]", 50, 77));
    if (kind == 3 || kind == 4 || kind == 7 || (kind == 0 && g_test_rand_bit()))
        json_object_set_new(rule, "points", json_pack("[s]", a));
    if (kind == 5)
        json_object_set_new(rule, "points", json_pack("[s, s]", a, b));
    g_autofree char *formula = g_strdup_printf("%s > 50 AND %s < 80", a, b);
    if (kind == 6)
        json_object_set_new(rule, "formula", json_string(formula));
    return rule;
}

static const char *random_extra(const char *const *codes, gboolean derived) {
    json_t *rules = json_array();
    for (gint32 n = g_test_rand_int_range(1, 4), i = 0; i < n; i++)
        json_array_append_new(rules, random_rule((guint)i, codes));
    json_t *record = json_pack("{s:{s:o}}", "extra", "rules", rules);
    g_autofree char *formula = g_strdup_printf("%s + %s / 2", codes[g_test_rand_int_range(0, 3)],
                                               codes[g_test_rand_int_range(3, 6)]);
    if (derived)
        json_object_set_new(json_object_get(record, "extra"), "derive", json_string(formula));
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    const char *extra = def.extra;
    point_def_clear(&def);
    return extra;
}

/* Two slices, with a few points in each that speak. */
enum { SPEAKERS = 6, POINTS = ENGINE_SLICE + SPEAKERS };

static guint32 speaker(gint32 i) {
    return i < SPEAKERS / 2 ? (guint32)i : ENGINE_SLICE + (guint32)i;
}

static const char *const speaker_codes[SPEAKERS] = {"P0", "P1", "P2", "P4099", "P4100", "P4101"};

static PointTable *random_table(void) {
    PointTable *table = point_table_new();
    for (guint i = 0; i < POINTS; i++) {
        gboolean speaks = i < SPEAKERS || i >= ENGINE_SLICE;
        PointDef def = random_def(i);
        if (!speaks)
            def.stale_ms = 0;
        if (speaks && g_test_rand_bit())
            def.extra = random_extra(speaker_codes, FALSE);
        if (i == SPEAKERS || i == ENGINE_SLICE + 1) /* one in each slice; nobody speaks for them */
            def.extra = random_extra(speaker_codes, TRUE);
        point_table_apply(table, i, &def);
    }
    return table;
}

static GArray *random_steps(guint n) {
    static const double levels[] = {5, 10, 12, 20, 22, 50, 50, 50, 77, 80, 85, 88, 90, 95};
    GArray *steps = g_array_new(FALSE, FALSE, sizeof(Step));
    gint64 now[POINTS] = {0}, received = T0;
    gboolean backlog = FALSE;
    for (guint i = 0; i < n; i++) {
        Step step = {.received_ms = received};
        if (g_test_rand_int_range(0, 8) == 0) {
            received += g_test_rand_int_range(0, 8) * 1000;
            step = (Step){.tick = TRUE, .received_ms = received};
            if (g_test_rand_int_range(0, 20) == 0)
                backlog = !backlog;
            g_array_append_val(steps, step);
            continue;
        }
        step.point = speaker(g_test_rand_int_range(0, SPEAKERS));
        gint64 *own = &now[step.point];
        *own = MAX(*own + g_test_rand_int_range(0, 5) * 1000,
                   backlog ? received - 300000 : received - 3000);
        step.time_ms = *own - (g_test_rand_int_range(0, 20) == 0 ? 4000 : 0);
        step.value = levels[g_test_rand_int_range(0, G_N_ELEMENTS(levels))];
        step.quality = g_test_rand_int_range(0, 12) == 0 ? QUALITY_BAD : QUALITY_GOOD;
        g_array_append_val(steps, step);
    }
    return steps;
}

static void test_cuts_and_crashes_change_nothing(void) {
    for (guint round = 0; round < 12; round++) {
        PointTable *table = random_table();
        g_autoptr(GArray) steps = random_steps(600);
        g_autofree char *single = run_plain(table, steps, 1);
        g_autofree char *large = run_plain(table, steps, 100);
        g_assert_cmpstr(large, ==, single);
        g_assert_cmpuint(strlen(single), >, 200);
        for (guint again = 0; again < 3; again++) {
            g_autofree char *crashed = run_with_crashes(table, steps, 1 + again * 5);
            g_assert_cmpstr(crashed, ==, single);
        }
        point_table_free(table);
    }
}

/* ---- the model: each level looks at the whole of its past ---- */

typedef struct {
    gint64 at, onset;
    gint64 order; /* at * 2, + 1 when a sample itself did it: what fell due at its time comes before
                     it */
    gboolean on;
} Toggle;

/* When a level becomes and stops being active, from runs of "met" that lasted long enough. */
static GArray *model_toggles(const GArray *samples, const PointDef *def, double limit,
                             double side) {
    GArray *toggles = g_array_new(FALSE, FALSE, sizeof(Toggle));
    gboolean met = FALSE, active = FALSE;
    gint64 since = 0;
    for (guint i = 0; i < samples->len && !isnan(limit); i++) {
        const Step *s = &g_array_index(samples, Step, i);
        gint64 due = since + (met ? def->on_delay_ms : def->off_delay_ms);
        if (met != active && s->time_ms >= due) { /* the run lasted until this sample at least */
            Toggle toggle = {due, since, due * 2, met};
            g_array_append_val(toggles, toggle);
            active = met;
        }
        double v = s->value * side, l = limit * side;
        gboolean now = v >= l ? TRUE : v < l - def->hysteresis ? FALSE : met;
        if (now != met)
            since = s->time_ms;
        met = now;
        gint32 delay = met ? def->on_delay_ms : def->off_delay_ms;
        if (met != active && delay == 0) {
            Toggle toggle = {since, since, since * 2 + 1, met};
            g_array_append_val(toggles, toggle);
            active = met;
        }
    }
    return toggles;
}

/* Two levels make one condition: at each time its toggles are taken together. */
static void model_condition(GString *out, GArray *low, GArray *high, AlarmCondition condition,
                            AlarmLevel level) {
    guint l = 0, h = 0;
    gboolean on[2] = {FALSE, FALSE};
    gint64 onset = 0;
    while (l < low->len || h < high->len) {
        Toggle *a = l < low->len ? &g_array_index(low, Toggle, l) : NULL;
        Toggle *b = h < high->len ? &g_array_index(high, Toggle, h) : NULL;
        gint64 order = MIN(a ? a->order : G_MAXINT64, b ? b->order : G_MAXINT64), at = order / 2,
               started = G_MAXINT64;
        guint before = on[1] ? 2 : on[0];
        if (a && a->order == order) {
            on[0] = a->on;
            started = a->on ? a->onset : started;
            l++;
        }
        if (b && b->order == order) {
            on[1] = b->on;
            started = b->on ? MIN(b->onset, started) : started;
            h++;
        }
        guint after = on[1] ? 2 : on[0];
        if (before == after)
            continue;
        onset = before == 0 ? started : onset;
        AlarmEventKind kind = before == 0      ? ALARM_RAISE
                              : after == 0     ? ALARM_RETURN
                              : after > before ? ALARM_RISE
                                               : ALARM_FALL;
        guint shown = after ? after : before;
        g_string_append_printf(out, "%d %d %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                               condition, kind, level + shown - 1, onset - T0, at - T0);
    }
}

static char *model(const GArray *samples, const PointDef *def) {
    GString *out = g_string_new(NULL);
    g_autoptr(GArray) h = model_toggles(samples, def, def->limit_high, 1);
    g_autoptr(GArray) hh = model_toggles(samples, def, def->limit_high_high, 1);
    g_autoptr(GArray) l = model_toggles(samples, def, def->limit_low, -1);
    g_autoptr(GArray) ll = model_toggles(samples, def, def->limit_low_low, -1);
    model_condition(out, h, hh, CONDITION_HIGH, ALARM_LEVEL_H);
    model_condition(out, l, ll, CONDITION_LOW, ALARM_LEVEL_L);
    return g_string_free(out, FALSE);
}

static void on_model_alarm(gpointer data, const AlarmEvent *e) {
    GString **by_condition = data;
    g_string_append_printf(by_condition[e->condition],
                           "%d %d %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", e->condition,
                           e->kind, e->level, e->onset_ms - T0, e->at_ms - T0);
}

static void test_limits_against_the_model(void) {
    guint events = 0;
    for (guint round = 0; round < 400; round++) {
        PointTable *table = point_table_new();
        PointDef def = random_def(0);
        def.rate_limit = NAN;
        def.stale_ms = def.stuck_ms = 0;
        point_table_apply(table, 0, &def);
        GString *said[CONDITIONS];
        for (guint i = 0; i < CONDITIONS; i++)
            said[i] = g_string_new(NULL);
        g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(Step));
        gint64 time_ms = T0;
        for (guint i = 0; i < 120; i++) {
            static const double levels[] = {5, 12, 22, 50, 77, 81, 85, 88, 95};
            time_ms += g_test_rand_int_range(1, 5) * 2500;
            Step s = {.point = 0,
                      .time_ms = time_ms,
                      .received_ms = time_ms,
                      .value = levels[g_test_rand_int_range(0, G_N_ELEMENTS(levels))]};
            g_array_append_val(samples, s);
        }
        Engine *engine =
            engine_new(table, (EngineOutput){on_model_alarm, on_no_history, said, NULL});
        for (guint i = 0; i < samples->len; i++)
            evaluate(engine, samples, &(Row){.seq = i + 1, .from = i, .to = i + 1});
        events += (guint)engine_counts(engine).events;
        engine_free(engine);
        g_autofree char *wanted = model(samples, point_table_def(table, 0));
        g_autofree char *got =
            g_strconcat(said[CONDITION_HIGH]->str, said[CONDITION_LOW]->str, NULL);
        g_assert_cmpstr(got, ==, wanted);
        for (guint i = 0; i < CONDITIONS; i++)
            g_string_free(said[i], TRUE);
        point_table_free(table);
    }
    g_assert_cmpuint(events, >, 1000);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/cuts-and-crashes", test_cuts_and_crashes_change_nothing);
    g_test_add_func("/engine/model", test_limits_against_the_model);
    return g_test_run();
}
