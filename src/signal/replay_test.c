/* A replay of what is stored tells what was told: event by event from the log, alarm by alarm from
 * history. Points of all kinds of rules, late and bad samples, definitions that change on the way,
 * restarts, and a log whose beginning is gone. */
#include "signal/replay.h"

#include "signal/pipeline.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

enum { POINTS = 9, MEASURED = 6 };
static const gint64 T0 = 1700000000000;

static const char *const codes[POINTS] = {"A", "B", "C", "D", "E", "F", "SUM", "MIX", "LONE"};

/* ---- definitions ---- */

/* One rule of each kind, spread over the points. */
static json_t *rules_of(guint i) {
    static const char *const rules[POINTS] = {
        "[{'kind':'deviation','rule':'dev','setpoint':50,'limit':30,'on_delay_s':4},"
        "{'kind':'inhibit','rule':'inh','points':['F'],'limit':85,'conditions':['high']}]",
        "[{'kind':'discrete','rule':'dis','normal':[50,20,22,12],'off_delay_s':3}]",
        "[{'kind':'count','rule':'cnt','limit':80,'count':3,'within_s':60}]",
        "[{'kind':'device','rule':'own','points':['E']},"
        "{'kind':'underreport','rule':'under','limit':80,'points':['E'],'on_delay_s':5}]",
        "[{'kind':'vote','rule':'two','limit':80,'count':2,'points':['A','B','C']}]",
        "[{'kind':'formula','rule':'and','formula':'A > 50 AND B < 80','on_delay_s':2}]",
        NULL,
        "[{'kind':'deviation','rule':'pair','points':['A'],'limit':40}]",
        NULL};
    json_t *list = rules[i] ? json_loads("[]", 0, NULL) : NULL;
    if (rules[i]) {
        g_auto(GStrv) parts = g_strsplit(rules[i], "'", -1);
        g_autofree char *text = g_strjoinv("\"", parts);
        json_decref(list);
        list = json_loads(text, 0, NULL);
        g_assert_nonnull(list);
    }
    return list;
}

static json_t *record_of(guint i, double high) {
    json_t *record =
        json_pack("{s:s, s:s, s:f, s:f, s:f, s:i, s:i, s:i, s:i, s:i}", "code", codes[i],
                  "enterprise", i % 2 ? "E1" : "E2", "limit_high", high, "limit_high_high", 90.0,
                  "limit_low", 12.0, "hysteresis", (int)(i % 3) * 3, "on_delay_s", (int)(i % 4) * 3,
                  "off_delay_s", (int)(i % 3) * 4, "stale_s", 25, "stuck_s", i % 2 ? 15 : 0);
    json_t *extra = json_object(), *rules = rules_of(i);
    if (i == 2)
        json_object_set_new(record, "rate_limit", json_real(300));
    if (rules)
        json_object_set_new(extra, "rules", rules);
    if (strcmp(codes[i], "SUM") == 0)
        json_object_set_new(extra, "derive", json_string("A + C / 2"));
    json_object_set_new(record, "extra", extra);
    return record;
}

static PointDef def_of(guint i, double high) {
    PointDef def;
    json_t *record = record_of(i, high);
    point_def_read(&def, record);
    json_decref(record);
    return def;
}

static PointTable *table_new(void) {
    PointTable *table = point_table_new();
    for (guint i = 0; i < POINTS; i++) {
        PointDef def = def_of(i, 80);
        point_table_apply(table, i, &def);
    }
    return table;
}

static double any_value(void) {
    static const double levels[] = {5, 12, 20, 22, 50, 50, 50, 77, 80, 85, 90, 95, 33.25, 81.007};
    return levels[g_test_rand_int_range(0, G_N_ELEMENTS(levels))];
}

static const guint speakers[MEASURED + 1] = {0, 1, 2, 3, 4, 5, 7};

/* ---- from the log ---- */

typedef struct {
    char *dir, *uri;
    Clock *clock;
    PointTable *table;
    Writer *writer;
    Pipeline *pipeline;
    GString *story;
    GHashTable *told; /* point, condition, rule, onset -> seq: as a record's engine_seq */
    gint64 received_ms, keep_ms;
} House;

static void tell(GString *story, const PointTable *table, const AlarmEvent *e) {
    char id[27];
    const char *code = point_table_def(table, e->point)->code;
    alarm_id(code, e->rule, e->condition, e->onset_ms, id);
    g_string_append_printf(
        story,
        "%" G_GINT64_FORMAT " %s %s/%s %s kind=%d level=%d onset=%" G_GINT64_FORMAT
        " at=%" G_GINT64_FORMAT " %.17g %.17g %.17g late=%d suppressed=%d\n",
        e->seq, id, code, e->rule, alarm_condition_code(e->condition), e->kind, e->level,
        e->onset_ms - T0, e->at_ms - T0, e->value, e->limit, e->worst, e->late, e->suppressed);
}

static gboolean on_alarms(gpointer data, const AlarmEvent *events, guint n, GError **error) {
    House *house = data;
    (void)error;
    for (guint i = 0; i < n; i++) {
        const AlarmEvent *e = &events[i];
        char *key = g_strdup_printf("%u %d %s %" G_GINT64_FORMAT, e->point, (int)e->condition,
                                    e->rule, e->onset_ms);
        gint64 *before = g_hash_table_lookup(house->told, key);
        gboolean again = before && e->seq <= *before;
        if (!again)
            tell(house->story, house->table, e);
        g_hash_table_replace(house->told, key, g_memdup2(&e->seq, sizeof e->seq));
    }
    return TRUE;
}

static void house_start(House *house) {
    g_autoptr(GError) error = NULL;
    Sql *samples = sql_open(house->uri, SQL_WRITE, &error);
    g_assert_no_error(error);
    g_assert_true(point_table_migrate(samples, &error) && pipeline_migrate(samples, &error));
    for (guint i = 0; i < POINTS; i++)
        g_assert_true(sql_run(samples, &error,
                              "INSERT INTO point (number, code) VALUES (?, ?) ON CONFLICT (number) "
                              "DO NOTHING",
                              "it", (gint64)i, codes[i]));
    house->writer = writer_new(samples, 512);
    PipelineConfig config = {.samples_uri = house->uri,
                             .clock = house->clock,
                             .table = house->table,
                             .writer = house->writer,
                             .sink = {.alarms = on_alarms, .data = house},
                             .keep_ms = house->keep_ms,
                             .checkpoint_ms = 1000};
    house->pipeline = pipeline_start(&config, &error);
    g_assert_no_error(error);
}

static void house_stop(House *house) {
    pipeline_stop(house->pipeline);
    writer_free(house->writer);
}

static House *house_new(gint64 keep_ms) {
    House *house = g_new0(House, 1);
    house->dir = g_dir_make_tmp("anlan-replay-XXXXXX", NULL);
    house->uri = g_strdup_printf("sqlite:%s/samples.db", house->dir);
    house->clock = clock_virtual_new(T0);
    house->table = table_new();
    house->story = g_string_new(NULL);
    house->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    house->keep_ms = keep_ms;
    house_start(house);
    return house;
}

static void house_free(House *house) {
    GDir *list = g_dir_open(house->dir, 0, NULL);
    for (const char *name; (name = g_dir_read_name(list));) {
        g_autofree char *path = g_build_filename(house->dir, name, NULL);
        g_unlink(path);
    }
    g_dir_close(list);
    g_rmdir(house->dir);
    point_table_free(house->table);
    clock_virtual_free(house->clock);
    g_string_free(house->story, TRUE);
    g_hash_table_unref(house->told);
    g_free(house->uri);
    g_free(house->dir);
    g_free(house);
}

/* A second in the life of the plant: samples that are good, bad, late, doubled, from the past; now
 * and then a changed limit. */
static void live_second(House *house) {
    gint64 now_ms = clock_now(house->clock) + 1000;
    clock_virtual_set(house->clock, now_ms);
    SampleBatch *batch = sample_batch_new(16);
    batch->received_ms = now_ms;
    for (gint32 n = g_test_rand_int_range(0, 6); n > 0; n--) {
        gint64 behind = g_test_rand_int_range(0, 12) == 0 ? g_test_rand_int_range(0, 200000)
                                                          : g_test_rand_int_range(0, 1500);
        sample_batch_add(batch, speakers[g_test_rand_int_range(0, MEASURED + 1)], now_ms - behind,
                         any_value(),
                         g_test_rand_int_range(0, 10) == 0 ? QUALITY_BAD : QUALITY_GOOD);
    }
    g_assert_true(pipeline_put(house->pipeline, batch, NULL));
    if (g_test_rand_int_range(0, 40) == 0) {
        guint i = (guint)g_test_rand_int_range(0, POINTS);
        json_t *record = record_of(i, 70 + g_test_rand_int_range(0, 15));
        if (g_test_rand_int_range(0, 4) == 0)
            json_object_set_new(record, "service", json_string("out_of_service"));
        g_assert_true(pipeline_point_changed(house->pipeline, record, NULL));
        json_decref(record);
    }
    pipeline_tick(house->pipeline);
}

static void live(House *house, guint seconds) {
    for (guint i = 0; i < seconds; i++)
        live_second(house);
}

static char *replayed_story(House *house, gint64 from_ms, gboolean *covered) {
    g_autoptr(GError) error = NULL;
    Sql *samples = sql_open(house->uri, SQL_READ, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(AlarmEvent));
    AlarmSpans *spans = replay_log(samples, house->table, from_ms, T0 + (gint64)1 * DAY_MS, events,
                                   covered, &error);
    g_assert_no_error(error);
    GString *story = g_string_new(NULL);
    for (guint i = 0; i < events->len; i++)
        tell(story, house->table, &g_array_index(events, AlarmEvent, i));
    alarm_spans_free(spans);
    sql_close(samples);
    return g_string_free(story, FALSE);
}

static void test_the_whole_log_tells_the_same_events(void) {
    House *house = house_new((gint64)DAY_MS);
    for (guint start = 0; start < 3; start++) {
        live(house, 150);
        gboolean covered;
        house_stop(house);
        g_autofree char *story = replayed_story(house, T0, &covered);
        g_assert_true(covered);
        g_assert_cmpstr(story, ==, house->story->str);
        clock_virtual_set(house->clock, clock_now(house->clock) + 20000); /* nobody's silence */
        house_start(house);
    }
    house_stop(house);
    g_assert_cmpuint(house->story->len, >, 5000);
    house_free(house);
}

/* What the engine said of a time is the end of what it said. */
static void test_a_log_without_its_beginning_tells_the_rest(void) {
    House *house = house_new(200000);
    live(house, 700);
    gint64 from_ms = clock_now(house->clock) - 90000;
    gboolean covered;
    house_stop(house);
    g_autofree char *story = replayed_story(house, from_ms, &covered);
    g_assert_true(covered);
    g_assert_true(g_str_has_suffix(house->story->str, story));
    g_assert_cmpuint(strlen(story), >, 500);
    g_assert_cmpuint(strlen(story), <, house->story->len);
    g_free(replayed_story(house, T0, &covered));
    g_assert_false(covered);
    house_free(house);
}

/* ---- from history ---- */

typedef struct {
    PointTable *table;
    Engine *engine;
    HistoryBlocks *blocks;
    GPtrArray *closed;
    SpanFold *fold;
    gint64 seq;
} Plant;

static void plant_alarm(gpointer data, const AlarmEvent *event) {
    span_fold_event(((Plant *)data)->fold, event);
}

static void plant_history(gpointer data, guint32 point, gint64 time_ms, double value,
                          Quality quality, gboolean late) {
    Plant *plant = data;
    history_add(plant->blocks, point, time_ms, value, quality, late, plant->closed);
}

static void chunk_free(gpointer data) { history_chunk_free(data); }

static Plant plant_new(PointTable *table) {
    return (Plant){.table = table,
                   .blocks = history_blocks_new(POINTS),
                   .closed = g_ptr_array_new_with_free_func(chunk_free),
                   .fold = span_fold_new(table, FALSE),
                   .seq = 1};
}

/* Samples that come within their second, in the order of their times; one in ten comes again later
 * with an older time. Gaps, so that points are silent. */
static void plant_second(Plant *plant, gint64 tick_ms, gint64 *last, gboolean quiet) {
    SampleBatch *batch = sample_batch_new(16);
    batch->received_ms = tick_ms;
    for (guint i = 0; i <= MEASURED && !quiet; i++) {
        guint32 point = speakers[i];
        if (g_test_rand_int_range(0, 4) != 0)
            continue;
        last[i] = tick_ms - 1000 + (gint64)i * 100 + g_test_rand_int_range(0, 100);
        sample_batch_add(batch, point, last[i], any_value(), QUALITY_GOOD);
        if (g_test_rand_int_range(0, 10) == 0)
            sample_batch_add(batch, point, last[i] - 7000, any_value(), QUALITY_GOOD);
    }
    engine_batch(plant->engine, plant->seq++, batch);
    sample_batch_free(batch);
    engine_tick(plant->engine, plant->seq, tick_ms);
    plant->seq += engine_tick_room(POINTS);
}

static Sql *plant_live(Plant *plant, gint64 *end_ms) {
    gint64 last[MEASURED + 1] = {0}, tick_ms = T0;
    plant->engine =
        engine_new(plant->table,
                   (EngineOutput){.alarm = plant_alarm, .history = plant_history, .data = plant});
    for (guint i = 0; i < 9000; i++) {
        tick_ms += 1000;
        plant_second(plant, tick_ms, last, i % 700 > 660);
    }
    history_flush(plant->blocks, plant->closed);
    Sql *samples = sql_open("sqlite::memory:", SQL_WRITE, NULL);
    g_assert_true(history_migrate(samples, NULL));
    g_assert_true(history_write(samples, plant->closed, NULL));
    *end_ms = tick_ms;
    return samples;
}

static GArray *plant_unsaved(gpointer data, guint32 number) {
    return history_open(((Plant *)data)->blocks, number);
}

static char *lines_of(const AlarmSpans *spans) {
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < spans->list->len; i++) {
        json_t *json = alarm_span_json(alarm_spans_at(spans, i));
        char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
        g_string_append_printf(out, "%s\n", text);
        free(text);
        json_decref(json);
    }
    return g_string_free(out, FALSE);
}

/* LONE never speaks: a replay of history does not know since when it should have. */
static void drop_lone(AlarmSpans *spans) {
    for (guint i = spans->list->len; i-- > 0;)
        if (strcmp(alarm_spans_at(spans, i)->point, "LONE") == 0)
            g_array_remove_index(spans->list, i);
}

static void test_history_tells_the_same_alarms(void) {
    for (guint round = 0; round < 3; round++) {
        Plant plant = plant_new(table_new());
        gint64 end_ms;
        Sql *samples = plant_live(&plant, &end_ms);
        AlarmSpans *told = span_fold_end(plant.fold);
        alarm_spans_clip(told, T0, end_ms);
        drop_lone(told);
        ReplayPoints *points = replay_points_new(plant.table, NULL);
        ReplayPlan plan = {
            .from_ms = T0, .to_ms = end_ms, .unsaved = plant_unsaved, .data = &plant};
        guint64 judged;
        g_autoptr(GError) error = NULL;
        AlarmSpans *again = replay_history(samples, points, &plan, &judged, &error);
        g_assert_no_error(error);
        g_autofree char *wanted = lines_of(told), *got = lines_of(again);

        g_assert_cmpstr(got, ==, wanted);
        g_assert_cmpuint(told->list->len, >, 200);
        alarm_spans_free(told);
        alarm_spans_free(again);
        replay_points_free(points);
        sql_close(samples);
        engine_free(plant.engine);
        history_blocks_free(plant.blocks);
        g_ptr_array_unref(plant.closed);
        point_table_free(plant.table);
    }
}

static void test_a_replay_is_bounded(void) {
    Plant plant = plant_new(table_new());
    gint64 end_ms;
    guint64 judged;
    Sql *samples = plant_live(&plant, &end_ms);
    ReplayPoints *points = replay_points_new(plant.table, NULL);
    ReplayPlan plan = {.from_ms = T0, .to_ms = end_ms, .samples_max = 100};
    g_autoptr(GError) many = NULL, slow = NULL, ending = NULL;
    g_assert_null(replay_history(samples, points, &plan, &judged, &many));
    g_assert_cmpint(error_kind(many), ==, ERROR_REQUEST);
    plan.samples_max = 0;
    plan.until_us = g_get_monotonic_time() - 1;
    g_assert_null(replay_history(samples, points, &plan, &judged, &slow));
    atomic_bool cancel = TRUE;
    plan.until_us = 0;
    plan.cancel = &cancel;
    g_assert_null(replay_history(samples, points, &plan, &judged, &ending));
    g_assert_cmpint(error_kind(ending), ==, ERROR_BUSY);
    alarm_spans_free(span_fold_end(plant.fold));
    replay_points_free(points);
    sql_close(samples);
    engine_free(plant.engine);
    history_blocks_free(plant.blocks);
    g_ptr_array_unref(plant.closed);
    point_table_free(plant.table);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replay/whole-log", test_the_whole_log_tells_the_same_events);
    g_test_add_func("/replay/trimmed-log", test_a_log_without_its_beginning_tells_the_rest);
    g_test_add_func("/replay/history", test_history_tells_the_same_alarms);
    g_test_add_func("/replay/bounds", test_a_replay_is_bounded);
    return g_test_run();
}
