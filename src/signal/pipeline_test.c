/* The sample path end to end, with crashes: what was acknowledged is never lost, and the same
 * samples give the same alarms. */
#include "signal/pipeline.h"

#include "base/log.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POINTS = 52 };
static const gint64 start_ms = 1700000000000, step_ms = 180000;

/* ---- a house with one pipeline ---- */

typedef struct {
    char *dir, *uri;
    Clock *clock;
    PointTable *table;
    Writer *writer;
    Pipeline *pipeline;
    FILE *story; /* what the sink made durable, one line per event */
    atomic_bool sink_fails;
    atomic_uint sink_calls;
} House;

/* The sink of these tests: a file that is appended to and synced, with the rule of alarm_sink (an
 * event not above the alarm's last is passed over) applied when it is read back. */
static gboolean sink_alarms(gpointer data, const AlarmEvent *events, guint n, GError **error) {
    House *house = data;
    atomic_fetch_add(&house->sink_calls, 1);
    if (atomic_load(&house->sink_fails))
        return error_set(error, ERROR_DISK_FULL, NULL, NULL);
    for (guint i = 0; i < n; i++) {
        char id[27];
        const AlarmEvent *e = &events[i];
        alarm_id(point_table_def(house->table, e->point)->code, e->rule, e->condition, e->onset_ms,
                 id);
        fprintf(house->story,
                "%s %" G_GINT64_FORMAT " %u %d %d %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                " %.17g %.17g %.17g\n",
                id, e->seq, e->point, e->condition, e->kind, e->level, e->onset_ms, e->at_ms,
                e->value, e->limit, e->worst);
    }
    fflush(house->story);
    return TRUE;
}

static json_t *point_record(guint i, double high) {
    g_autofree char *code = g_strdup_printf("TEP-%02u", i);
    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:i, s:i}", "code", code, "name",
                     "点", "enterprise", "E1", "unit", "℃", "limit_high", high, "limit_high_high",
                     high + 10, "limit_low", 10.0, "hysteresis", 0.5, "on_delay_s", 300,
                     "off_delay_s", 200);
}

static void make_points(House *house, Sql *samples, double third_high) {
    g_assert_true(point_table_migrate(samples, NULL));
    for (guint i = 0; i < POINTS; i++) {
        PointDef def;
        json_t *record = point_record(i, i == 3 ? third_high : 80);
        point_def_read(&def, record);
        json_decref(record);
        gint64 there;
        g_assert_true(sql_get_int(samples, NULL, &there, -1,
                                  "SELECT number FROM point WHERE code = ?", "t", def.code));
        if (there < 0)
            g_assert_true(sql_run(samples, NULL, "INSERT INTO point (number, code) VALUES (?, ?)",
                                  "it", (gint64)i, def.code));
        point_table_apply(house->table, i, &def);
    }
}

static gint64 used_seq; /* what the records of the next house know */

static House *house_open_with(const char *dir, double third_high) {
    g_autoptr(GError) error = NULL;
    House *house = g_new0(House, 1);
    house->dir = g_strdup(dir);
    house->uri = g_strdup_printf("sqlite:%s/samples.db", dir);
    house->clock = clock_virtual_new(start_ms + (gint64)100 * 86400000);
    house->table = point_table_new();
    g_autofree char *story = g_strdup_printf("%s/story", dir);
    house->story = fopen(story, "ae");
    g_assert_nonnull(house->story);
    Sql *samples = sql_open(house->uri, SQL_WRITE, &error);
    g_assert_no_error(error);
    g_assert_true(pipeline_migrate(samples, &error));
    make_points(house, samples, third_high);
    house->writer = writer_new(samples, 512);
    PipelineConfig config = {
        .samples_uri = house->uri,
        .clock = house->clock,
        .table = house->table,
        .writer = house->writer,
        .sink = {.alarms = sink_alarms, .data = house},
        .checkpoint_ms = 1,
        .used_seq = used_seq,
    };
    house->pipeline = pipeline_start(&config, &error);
    g_assert_no_error(error);
    return house;
}

static House *house_open(const char *dir) { return house_open_with(dir, 80); }

static void house_free(House *house) {
    pipeline_stop(house->pipeline);
    writer_free(house->writer);
    point_table_free(house->table);
    clock_virtual_free(house->clock);
    fclose(house->story);
    g_free(house->uri);
    g_free(house->dir);
    g_free(house);
}

static char *new_dir(void) {
    char *dir = g_dir_make_tmp("anlan-pipeline-XXXXXX", NULL);
    g_assert_nonnull(dir);
    return dir;
}

static void remove_dir(char *dir) {
    GDir *list = g_dir_open(dir, 0, NULL);
    for (const char *name; (name = g_dir_read_name(list));) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_unlink(path);
    }
    g_dir_close(list);
    g_rmdir(dir);
    g_free(dir);
}

/* ---- the load ---- */

/* A plant that wanders over its limits now and then: a function of point and step only. */
static double plant_value(guint point, guint step) {
    guint32 noise = (point * 2654435761u) ^ (step * 40503u);
    noise = (noise ^ noise >> 15) * 2246822519u;
    double wave = 45 + 42 * sin((double)step / (7 + point % 13) + point);
    return round((wave + (double)(noise >> 20) / 4096 * 4) * 100) / 100;
}

static SampleBatch *plant_batch(const House *house, guint from, guint to) {
    SampleBatch *batch = sample_batch_new((to - from) * POINTS);
    batch->received_ms = clock_now(house->clock);
    for (guint step = from; step < to; step++)
        for (guint point = 0; point < POINTS; point++)
            sample_batch_add(batch, point, start_ms + step * step_ms, plant_value(point, step),
                             QUALITY_GOOD);
    return batch;
}

/* The clock moves a little with each row, so that checkpoints come due. */
static void feed(House *house, guint from, guint to, guint portion) {
    for (guint step = from; step < to; step += portion) {
        g_autoptr(GError) error = NULL;
        SampleBatch *batch = plant_batch(house, step, MIN(step + portion, to));
        g_assert_true(pipeline_put(house->pipeline, batch, &error));
        g_assert_no_error(error);
        clock_virtual_set(house->clock, clock_now(house->clock) + 1);
    }
}

/* The story as the records would hold it: per alarm the events in order, those of a repeated replay
 * passed over; without `seq`. */
static char *read_story(const char *dir) {
    g_autofree char *path = g_build_filename(dir, "story", NULL), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; lines[i] && lines[i][0]; i++) {
        char id[32];
        gint64 seq;
        int rest = 0;
        g_assert_cmpint(sscanf(lines[i], "%31s %" G_GINT64_FORMAT " %n", id, &seq, &rest), ==, 2);
        gint64 *before = g_hash_table_lookup(last, id);
        if (before && seq <= *before)
            continue;
        g_hash_table_insert(last, g_strdup(id), g_memdup2(&seq, sizeof seq));
        g_ptr_array_add(kept, g_strdup_printf("%s %s", id, lines[i] + rest));
    }
    g_ptr_array_add(kept, NULL);
    char *story = g_strjoinv("\n", (char **)kept->pdata);
    g_ptr_array_unref(kept);
    return story;
}

static char *quiet_run(guint steps, guint portion) {
    char *dir = new_dir();
    House *house = house_open(dir);
    feed(house, 0, steps, portion);
    pipeline_settle(house->pipeline);
    house_free(house);
    char *story = read_story(dir);
    remove_dir(dir);
    return story;
}

/* ---- tests ---- */

static void test_same_alarms_however_cut(void) {
    g_autofree char *whole = quiet_run(300, 300), *single = quiet_run(300, 1),
                    *odd = quiet_run(300, 7);
    g_assert_cmpuint(strlen(whole), >, 1000);
    g_assert_cmpstr(single, ==, whole);
    g_assert_cmpstr(odd, ==, whole);
}

/* A child feeds and says how far it was acknowledged; it is killed at a random moment. */
static guint feed_and_be_killed(const char *dir, guint from, guint steps, guint delay_us) {
    int said[2];
    g_assert_cmpint(pipe(said), ==, 0);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        House *house = house_open(dir);
        for (guint step = from; step < steps; step++) {
            feed(house, step, step + 1, 1);
            if (write(said[1], &step, sizeof step) != sizeof step)
                _exit(1);
        }
        for (;;)
            pause();
    }
    close(said[1]);
    guint step, next = from;
    for (gboolean first = TRUE; read(said[0], &step, sizeof step) == sizeof step; first = FALSE) {
        next = step + 1;
        if (first)
            g_usleep(delay_us);
        if (first || next == steps)
            kill(child, SIGKILL);
    }
    close(said[0]);
    waitpid(child, NULL, 0);
    return next;
}

static GArray *stored_samples(House *house, guint32 point) {
    g_autoptr(GArray) open = pipeline_open_block(house->pipeline, point);
    Sql *sql = sql_open(house->uri, SQL_READ, NULL);
    gboolean truncated;
    json_t *rows = history_query(sql, point, open, 0, start_ms * 2, 0, 1000000, &truncated, NULL);
    g_assert_nonnull(rows);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(HistorySample));
    for (gsize i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        HistorySample sample = {point, json_integer_value(json_array_get(row, 0)),
                                json_real_value(json_array_get(row, 1)), 0, 0};
        g_array_append_val(out, sample);
    }
    json_decref(rows);
    sql_close(sql);
    return out;
}

/* The next feeder starts one step early, as a gateway that did not see its last acknowledgement
 * does. */
static void test_killed_feeders_lose_and_double_nothing(void) {
    enum { STEPS = 400 };
    g_autofree char *expected = quiet_run(STEPS, 1);
    char *dir = new_dir();
    guint next = 0, kills = 0;
    while (next < STEPS && kills < 40) {
        next = feed_and_be_killed(dir, next > 0 ? next - 1 : 0, STEPS,
                                  (guint)g_test_rand_int_range(0, 15000));
        kills++;
    }
    House *house = house_open(dir);
    feed(house, next > 0 ? next - 1 : 0, STEPS, 1);
    pipeline_settle(house->pipeline);
    for (guint32 point = 0; point < POINTS; point += 17) {
        g_autoptr(GArray) samples = stored_samples(house, point);
        g_assert_cmpuint(samples->len, ==, STEPS);
        for (guint i = 0; i < STEPS; i++) {
            const HistorySample *sample = &g_array_index(samples, HistorySample, i);
            g_assert_cmpint(sample->time_ms, ==, start_ms + i * step_ms);
            g_assert_true(sample->value == plant_value(point, i));
        }
    }
    house_free(house);
    g_autofree char *story = read_story(dir);
    g_test_message("%u kills", kills);
    g_assert_cmpstr(story, ==, expected);
    remove_dir(dir);
}

static void test_failing_sink_is_asked_again_and_doors_refuse(void) {
    g_autofree char *expected = quiet_run(100, 1);
    char *dir = new_dir();
    House *house = house_open(dir);
    atomic_store(&house->sink_fails, TRUE);
    guint refused = 0, from = 0;
    for (; from < 100; from++)
        feed(house, from, from + 1, 1);
    while (atomic_load(&house->sink_calls) < 3)
        g_usleep(10000);
    for (guint i = 0; i < 4096; i++) {
        SampleBatch *again = plant_batch(house, 99, 100); /* duplicates */
        g_autoptr(GError) error = NULL;
        if (pipeline_push(house->pipeline, again, NULL, NULL, &error))
            continue;
        g_assert_error(error, ANLAN_ERROR, ERROR_BUSY);
        refused++;
        break;
    }
    g_assert_cmpuint(refused, ==, 1);
    atomic_store(&house->sink_fails, FALSE);
    pipeline_settle(house->pipeline);
    PipelineCounts counts = pipeline_counts(house->pipeline);
    g_assert_cmpuint(counts.refused, ==, 1);
    house_free(house);
    g_autofree char *story = read_story(dir);
    g_assert_cmpstr(story, ==, expected);
    remove_dir(dir);
}

/* While the engine stands still, old data fills its part of the queue and is refused; live data
 * that comes after it is let in, and all that was let in is evaluated. */
static void test_live_data_does_not_wait_behind_a_backlog(void) {
    char *dir = new_dir();
    House *house = house_open(dir);
    g_autoptr(GError) error = NULL;
    guint taken = 0, live = 0;
    atomic_store(&house->sink_fails, TRUE);
    feed(house, 0, 60, 60); /* with an alarm */
    while (atomic_load(&house->sink_calls) == 0)
        g_usleep(1000);
    for (;; taken++) {
        SampleBatch *old = plant_batch(house, 0, 1);
        old->backlog = TRUE;
        if (!pipeline_push(house->pipeline, old, NULL, NULL, &error))
            break;
    }
    g_assert_error(error, ANLAN_ERROR, ERROR_BUSY);
    for (; live < 4 * taken; live++)
        g_assert_true(pipeline_push(house->pipeline, plant_batch(house, 60 + live, 61 + live), NULL,
                                    NULL, NULL));
    SampleBatch *old = plant_batch(house, 0, 1);
    old->backlog = TRUE;
    g_assert_false(pipeline_push(house->pipeline, old, NULL, NULL, NULL));
    atomic_store(&house->sink_fails, FALSE);
    feed(house, 60 + live, 61 + live, 1); /* behind all of them */
    pipeline_settle(house->pipeline);
    PipelineCounts counts = pipeline_counts(house->pipeline);
    g_assert_cmpuint((guint)counts.engine.late, ==, taken * POINTS);
    g_assert_cmpuint((guint)counts.samples, ==, (61 + taken + live) * POINTS);
    g_assert_cmpuint((guint)counts.refused_backlog, ==, 2);
    PointNow now;
    guint32 point = 0;
    pipeline_now(house->pipeline, &point, 1, &now);
    g_assert_cmpint(now.time_ms, ==, start_ms + (60 + live) * step_ms);
    house_free(house);
    remove_dir(dir);
}

/* A limit is changed between samples; then the program dies. The replay must judge the older
 * samples by the older limit, although the records already hold the newer one. */
static void change_limit_and_end(const char *dir, gboolean die) {
    pid_t child = fork();
    if (child == 0) {
        House *house = house_open(dir);
        feed(house, 0, 60, 60);
        json_t *record = point_record(3, 60);
        g_assert_true(pipeline_point_changed(house->pipeline, record, NULL));
        json_decref(record);
        feed(house, 60, 61, 1);
        pipeline_settle(house->pipeline);
        if (die)
            kill(getpid(), SIGKILL);
        house_free(house);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* `after`: the limit in the records at the next start. The sink's story is thrown away at the
 * crash, so that the replay has to tell it. */
static char *story_with_change(gboolean die, double after) {
    char *dir = new_dir();
    change_limit_and_end(dir, die);
    if (die) {
        g_autofree char *path = g_build_filename(dir, "story", NULL),
                        *uri = g_strdup_printf("sqlite:%s/samples.db", dir);
        g_unlink(path);
        Sql *sql = sql_open(uri, SQL_WRITE, NULL);
        g_assert_true(sql_exec(sql, "DELETE FROM checkpoint", NULL));
        sql_close(sql);
    }
    House *house = house_open_with(dir, after);
    feed(house, 61, 120, 1);
    pipeline_settle(house->pipeline);
    house_free(house);
    char *story = read_story(dir);
    remove_dir(dir);
    return story;
}

static void test_changes_are_replayed_where_they_were_made(void) {
    static const double after[] = {
        60, 80, 70}; /* as changed; changed back or further while the program was down */
    for (guint i = 0; i < G_N_ELEMENTS(after); i++) {
        g_autofree char *clean = story_with_change(FALSE, after[i]),
                        *killed = story_with_change(TRUE, after[i]);
        g_assert_cmpuint(strlen(clean), >, 1000);
        g_assert_cmpstr(killed, ==, clean);
    }
}

static void test_new_point_gets_a_number_and_is_known_at_once(void) {
    char *dir = new_dir();
    House *house = house_open(dir);
    json_t *record = point_record(POINTS + 5, 80);
    g_assert_true(pipeline_point_changed(house->pipeline, record, NULL));
    json_decref(record);
    g_assert_cmpuint(point_table_find(house->table, "TEP-57", 6), ==, POINTS);
    guint32 number = POINTS;
    SampleBatch *batch = sample_batch_new(1);
    batch->received_ms = clock_now(house->clock);
    sample_batch_add(batch, number, batch->received_ms, 12.5, QUALITY_GOOD);
    g_assert_true(pipeline_put(house->pipeline, batch, NULL));
    pipeline_settle(house->pipeline);
    PointNow now;
    pipeline_now(house->pipeline, &number, 1, &now);
    g_assert_true(now.value == 12.5);
    house_free(house);
    remove_dir(dir);
}

/* Without a delay being over by samples, time itself raises the alarm: a tick. */
static void test_tick_commits_a_delay(void) {
    char *dir = new_dir();
    House *house = house_open(dir);
    gint64 now_ms = clock_now(house->clock);
    SampleBatch *batch = sample_batch_new(1);
    batch->received_ms = now_ms;
    sample_batch_add(batch, 0, now_ms, 85, QUALITY_GOOD);
    g_assert_true(pipeline_put(house->pipeline, batch, NULL));
    clock_virtual_set(house->clock, now_ms + 299999);
    pipeline_tick(house->pipeline);
    g_assert_cmpuint(pipeline_counts(house->pipeline).engine.active, ==, 0);
    clock_virtual_set(house->clock, now_ms + 300000);
    pipeline_tick(house->pipeline);
    g_assert_cmpuint(pipeline_counts(house->pipeline).engine.active, ==, 1);
    house_free(house);
    remove_dir(dir);
}

static void test_log_is_trimmed_behind_the_checkpoints(void) {
    char *dir = new_dir();
    House *house = house_open(dir);
    feed(house, 0, 50, 1);
    g_assert_true(pipeline_checkpoint(house->pipeline, NULL));
    g_assert_cmpint(pipeline_counts(house->pipeline).log_rows_kept, >=,
                    50); /* keep_ms has not passed */
    clock_virtual_set(house->clock, clock_now(house->clock) + 2 * 3600000);
    g_assert_true(pipeline_checkpoint(house->pipeline, NULL));
    pipeline_tick(house->pipeline);
    g_assert_true(pipeline_checkpoint(house->pipeline, NULL));
    g_assert_cmpint(pipeline_counts(house->pipeline).log_rows_kept, <=, 3);
    house_free(house);
    house = house_open(dir);
    g_autoptr(GArray) samples = stored_samples(house, 7);
    g_assert_cmpuint(samples->len, ==, 50);
    house_free(house);
    remove_dir(dir);
}

/* A log that is older than the records (a backup was put back) goes on above what they know. */
static void test_new_rows_are_above_the_sequences_that_are_used(void) {
    char *dir = g_dir_make_tmp("anlan-pipeline-XXXXXX", NULL);
    used_seq = 1000;
    House *house = house_open(dir);
    used_seq = 0;
    pipeline_tick(house->pipeline);
    g_assert_cmpint(pipeline_counts(house->pipeline).log_seq, >, 1000);
    house_free(house);
    remove_dir(dir);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    log_quiet(TRUE);
    g_test_add_func("/pipeline/same-alarms-however-cut", test_same_alarms_however_cut);
    g_test_add_func("/pipeline/new-point", test_new_point_gets_a_number_and_is_known_at_once);
    g_test_add_func("/pipeline/tick-commits-a-delay", test_tick_commits_a_delay);
    g_test_add_func("/pipeline/log-is-trimmed", test_log_is_trimmed_behind_the_checkpoints);
    g_test_add_func("/pipeline/changes-are-replayed",
                    test_changes_are_replayed_where_they_were_made);
    g_test_add_func("/pipeline/failing-sink", test_failing_sink_is_asked_again_and_doors_refuse);
    g_test_add_func("/pipeline/backlog", test_live_data_does_not_wait_behind_a_backlog);
    g_test_add_func("/pipeline/killed-feeders", test_killed_feeders_lose_and_double_nothing);
    g_test_add_func("/pipeline/used-seq", test_new_rows_are_above_the_sequences_that_are_used);
    return g_test_run();
}
