/* One replay a user, a few together, none while ending. */
#include "server/replay_desk.h"

#include <pthread.h>

static void test_one_each_and_few_together(void) {
    ReplayDesk *desk = replay_desk_new(2);
    g_assert_true(replay_desk_enter(desk, "a", NULL));
    g_autoptr(GError) again = NULL, full = NULL;
    g_assert_false(replay_desk_enter(desk, "a", &again));
    g_assert_cmpint(error_kind(again), ==, ERROR_BUSY);
    g_assert_true(replay_desk_enter(desk, "b", NULL));
    g_assert_false(replay_desk_enter(desk, "c", &full));
    g_assert_cmpint(error_kind(full), ==, ERROR_BUSY);
    replay_desk_leave(desk, "a");
    g_assert_true(replay_desk_enter(desk, "c", NULL));
    replay_desk_leave(desk, "b");
    replay_desk_leave(desk, "c");
    for (guint i = 0; i < 3; i++)
        replay_desk_answered(desk);
    replay_desk_close(desk);
    g_assert_false(replay_desk_enter(desk, "a", NULL));
    replay_desk_free(desk);
}

static void *leave_when_told(void *data) {
    ReplayDesk *desk = data;
    while (!atomic_load(replay_desk_ending(desk)))
        g_usleep(100);
    replay_desk_leave(desk, "a");
    replay_desk_answered(desk);
    return NULL;
}

static void test_closing_waits(void) {
    pthread_t thread;
    ReplayDesk *desk = replay_desk_new(1);
    g_assert_true(replay_desk_enter(desk, "a", NULL));
    g_assert_cmpint(pthread_create(&thread, NULL, leave_when_told, desk), ==, 0);
    replay_desk_close(desk);
    pthread_join(thread, NULL);
    replay_desk_free(desk);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replay-desk/bounds", test_one_each_and_few_together);
    g_test_add_func("/replay-desk/closing", test_closing_waits);
    return g_test_run();
}
