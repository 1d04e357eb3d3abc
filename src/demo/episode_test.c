/* The script: repeats with its period and within its jitter, at changing plants, and answers for
 * any moment without remembering. */
#include "demo/episode.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static const gint64 zero_ms = 1795017600000;
enum { MINUTE_MS = 60000 };

typedef struct {
    ProvincePlan *plan;
    Script *script;
    GArray *active;
} Stage;

static Script *script_of(const ProvincePlan *plan, const char *text, GError **error) {
    g_autofree char *path = g_strdup_printf("%s/anlan-episodes-%d.yaml", g_get_tmp_dir(),
                                            (int)g_random_int_range(0, G_MAXINT));
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    Script *script = script_read(path, plan, error);
    g_remove(path);
    return script;
}

static Stage stage_new(const char *text) {
    g_autoptr(GError) error = NULL;
    Stage s = {.plan = province_plan_read("demo", 1, &error)};
    g_assert_no_error(error);
    s.script = script_of(s.plan, text, &error);
    g_assert_no_error(error);
    s.active = g_array_new(FALSE, FALSE, sizeof(ActiveEpisode));
    return s;
}

static void stage_clear(Stage *s) {
    g_array_unref(s->active);
    script_free(s->script);
    province_plan_free(s->plan);
}

static void test_repeats(void) {
    Stage s = stage_new("episodes:\n"
                        "  - {name: x, fault: leak, first: 5, every: 30, jitter: 4, duration: 10, "
                        "at: {equipment: toxic}}\n");
    g_autoptr(GHashTable) starts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GHashTable) places = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (gint64 t = zero_ms; t < zero_ms + 3000 * MINUTE_MS; t += MINUTE_MS / 2) {
        script_at(s.script, zero_ms, t, s.active);
        g_assert_cmpuint(s.active->len, <=, 1);
        if (!s.active->len)
            continue;
        ActiveEpisode a = g_array_index(s.active, ActiveEpisode, 0);
        double nth = (double)(a.start_ms - zero_ms - 5 * MINUTE_MS) / (30 * MINUTE_MS);
        g_assert_true(fabs(nth - round(nth)) * 30 <= 4);
        g_assert_true(a.progress >= 0 && a.progress < 1 && a.start_ms <= t);
        g_hash_table_add(starts, g_memdup2(&a.start_ms, sizeof a.start_ms));
        g_hash_table_add(places, GUINT_TO_POINTER(a.enterprise * 100 + a.equipment));
    }
    g_assert_cmpuint(g_hash_table_size(starts), ==, 100);
    g_assert_cmpuint(g_hash_table_size(places), >, 60);
    stage_clear(&s);
}

/* Once means once; before its time and after it there is nothing; it may begin before the zero. */
static void test_once(void) {
    Stage s = stage_new("episodes:\n"
                        "  - {name: x, fault: gateway, first: -3, every: 0, duration: 10, at: "
                        "{county: '320412', plant: town_gas}}\n");
    static const struct {
        double minute;
        guint n;
    } cases[] = {{-3.1, 0}, {-3, 1}, {0, 1}, {6.9, 1}, {7, 0}, {600, 0}, {-600, 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        script_at(s.script, zero_ms, zero_ms + (gint64)(cases[i].minute * MINUTE_MS), s.active);
        g_assert_cmpuint(s.active->len, ==, cases[i].n);
    }
    script_at(s.script, zero_ms, zero_ms, s.active);
    ActiveEpisode a = g_array_index(s.active, ActiveEpisode, 0);
    g_assert_cmpuint(a.equipment, ==, EPISODE_WHOLE);
    g_assert_cmpstr(plan_enterprise(s.plan, a.enterprise)->region->code, ==, "320412");
    stage_clear(&s);
}

static void test_refusals(void) {
    static const char *const items[] = {
        "fault: fire, first: 0, every: 0, duration: 1, at: {}",
        "fault: leak, first: 0, every: 0, duration: 0, at: {}",
        "fault: leak, first: 0, every: 5, jitter: 3, duration: 1, at: {}",
        "fault: leak, first: 0, every: 0, duration: 1, at: {equipment: x}",
        "fault: leak, first: 0, every: 0, duration: 1, at: {town: x}",
        "fault: leak, first: 0, every: 0, duration: 1, strength: 2, at: {}",
        "fault: leak, first: 0, every: 0, duration: 1"};
    Stage s = stage_new("episodes: []");
    for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strdup_printf("episodes: [{name: x, %s}]", items[i]);
        g_assert_null(script_of(s.plan, text, &error));
        g_assert_cmpint(error_kind(error), ==, ERROR_FILE);
    }
    stage_clear(&s);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/episode/repeats", test_repeats);
    g_test_add_func("/episode/once", test_once);
    g_test_add_func("/episode/refusals", test_refusals);
    return g_test_run();
}
