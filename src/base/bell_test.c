/* The bell: what wakes a sleeper, and what is remembered for the next one. */
#include "base/bell.h"

enum { LONG_MS = 3600 * 1000 }; /* a test that sleeps this long has failed by its time limit */

static void time_passes(void) {
    Bell bell;
    bell_init(&bell);
    gint64 began = g_get_monotonic_time();
    g_assert_cmpint(bell_wait(&bell, 20), ==, BELL_TIME);
    g_assert_cmpint(g_get_monotonic_time() - began, >=, 20 * 1000); /* never too early */
    g_assert_cmpint(bell_wait(&bell, 0), ==, BELL_TIME);
    g_assert_cmpint(bell_wait(&bell, -5), ==, BELL_TIME);
    bell_clear(&bell);
}

static void a_ring_is_kept_once(void) {
    Bell bell;
    bell_init(&bell);
    bell_ring(&bell);
    bell_ring(&bell);
    g_assert_cmpint(bell_wait(&bell, LONG_MS), ==, BELL_RUNG);
    g_assert_cmpint(bell_wait(&bell, 0), ==, BELL_TIME);
    bell_clear(&bell);
}

static void a_stopped_bell_stays_so(void) {
    Bell bell;
    bell_init(&bell);
    g_assert_false(bell_stopped(&bell));
    bell_stop(&bell);
    bell_ring(&bell);
    for (int i = 0; i < 3; i++)
        g_assert_cmpint(bell_wait(&bell, LONG_MS), ==, BELL_STOPPED);
    g_assert_true(bell_stopped(&bell));
    bell_clear(&bell);
}

static void *sleeper(void *data) {
    Bell *bell = data;
    int rings = 0;
    while (bell_wait(bell, LONG_MS) != BELL_STOPPED)
        rings++;
    return GINT_TO_POINTER(rings);
}

static void sleepers_wake(void) {
    enum { SLEEPERS = 4, RINGS = 100 };
    Bell bell;
    pthread_t threads[SLEEPERS];
    int rings = 0;
    bell_init(&bell);
    for (int i = 0; i < SLEEPERS; i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, sleeper, &bell), ==, 0);
    for (int i = 0; i < RINGS; i++)
        bell_ring(&bell);
    bell_stop(&bell);
    for (int i = 0; i < SLEEPERS; i++) {
        void *heard;
        pthread_join(threads[i], &heard);
        rings += GPOINTER_TO_INT(heard);
    }
    g_assert_cmpint(rings, <=, RINGS);
    bell_clear(&bell);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bell/time-passes", time_passes);
    g_test_add_func("/bell/a-ring-is-kept-once", a_ring_is_kept_once);
    g_test_add_func("/bell/a-stopped-bell-stays-so", a_stopped_bell_stays_so);
    g_test_add_func("/bell/sleepers-wake", sleepers_wake);
    return g_test_run();
}
