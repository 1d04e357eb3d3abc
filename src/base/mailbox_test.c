/* The mailbox: order, bounds, closing, and many putters against one taker. */
#include "base/mailbox.h"

#include <pthread.h>

static char marks[7]; /* their addresses are the items */

static void items_come_out_in_order(void) {
    Mailbox *box = mailbox_new(8);
    gpointer items[8];
    /* several rounds, so that the ring wraps at every place */
    for (guint round = 1; round < 50; round++) {
        guint n = round % 8 + 1;
        for (guint i = 0; i < n; i++)
            g_assert_true(mailbox_put(box, GUINT_TO_POINTER(round * 100 + i)));
        g_assert_cmpuint(mailbox_length(box), ==, n);
        g_assert_cmpuint(mailbox_take(box, items, 8, 0), ==, n);
        for (guint i = 0; i < n; i++)
            g_assert_cmpuint(GPOINTER_TO_UINT(items[i]), ==, round * 100 + i);
    }
    mailbox_free(box);
}

static void a_full_box_refuses_an_offer(void) {
    Mailbox *box = mailbox_new(2);
    gpointer items[2];
    g_assert_true(mailbox_offer(box, &marks[0]));
    g_assert_true(mailbox_offer(box, &marks[1]));
    g_assert_false(mailbox_offer(box, &marks[2]));
    g_assert_cmpuint(mailbox_take(box, items, 1, 0), ==, 1);
    g_assert_true(mailbox_offer(box, &marks[3]));
    g_assert_cmpuint(mailbox_take(box, items, 2, 0), ==, 2);
    g_assert_true(items[1] == &marks[3]);
    mailbox_free(box);
}

static void an_empty_box_gives_up_in_time(void) {
    Mailbox *box = mailbox_new(1);
    gpointer item;
    gint64 start = g_get_monotonic_time();
    g_assert_cmpuint(mailbox_take(box, &item, 1, 50), ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 49000);
    mailbox_free(box);
}

static void *put_one(void *data) { return GINT_TO_POINTER(mailbox_put(data, &marks[5])); }

static void a_waiting_put_goes_on_when_there_is_room(void) {
    Mailbox *box = mailbox_new(1);
    gpointer item;
    pthread_t thread;
    void *put;
    mailbox_put(box, &marks[6]);
    pthread_create(&thread, NULL, put_one, box);
    g_assert_cmpuint(mailbox_take(box, &item, 1, -1), ==, 1);
    pthread_join(thread, &put);
    g_assert_true(GPOINTER_TO_INT(put));
    g_assert_cmpuint(mailbox_take(box, &item, 1, -1), ==, 1);
    g_assert_true(item == &marks[5]);
    mailbox_free(box);
}

static void closing_wakes_a_waiting_put_and_keeps_what_is_in(void) {
    Mailbox *box = mailbox_new(1);
    gpointer item;
    pthread_t thread;
    void *put;
    mailbox_put(box, &marks[6]);
    pthread_create(&thread, NULL, put_one, box);
    g_usleep(20000);
    mailbox_close(box);
    pthread_join(thread, &put);
    g_assert_false(GPOINTER_TO_INT(put));
    g_assert_false(mailbox_offer(box, &marks[4]));
    g_assert_cmpuint(mailbox_take(box, &item, 1, -1), ==, 1);
    g_assert_true(item == &marks[6]);
    g_assert_cmpuint(mailbox_take(box, &item, 1, -1), ==, 0);
    g_assert_true(mailbox_closed(box));
    mailbox_free(box);
}

static void *take_one(void *data) {
    gpointer item;
    return GUINT_TO_POINTER(mailbox_take(data, &item, 1, -1));
}

static void closing_wakes_a_waiting_take(void) {
    Mailbox *box = mailbox_new(1);
    pthread_t thread;
    void *taken;
    pthread_create(&thread, NULL, take_one, box);
    g_usleep(20000);
    mailbox_close(box);
    pthread_join(thread, &taken);
    g_assert_cmpuint(GPOINTER_TO_UINT(taken), ==, 0);
    mailbox_free(box);
}

enum { PUTTERS = 4, EACH = 20000 };

typedef struct {
    Mailbox *box;
    guint putter;
} Putter;

static void *put_many(void *data) {
    Putter *putter = data;
    for (guint i = 1; i <= EACH; i++)
        g_assert_true(mailbox_put(putter->box, GUINT_TO_POINTER(putter->putter << 24 | i)));
    return NULL;
}

static void nothing_is_lost_doubled_or_reordered_between_threads(void) {
    Mailbox *box = mailbox_new(16);
    pthread_t threads[PUTTERS];
    Putter putters[PUTTERS];
    guint last[PUTTERS] = {0};
    for (guint i = 0; i < PUTTERS; i++) {
        putters[i] = (Putter){box, i};
        pthread_create(&threads[i], NULL, put_many, &putters[i]);
    }
    for (guint total = 0; total < PUTTERS * EACH;) {
        gpointer items[7];
        guint n = mailbox_take(box, items, 7, -1);
        for (guint i = 0; i < n; i++) {
            guint value = GPOINTER_TO_UINT(items[i]), putter = value >> 24;
            g_assert_cmpuint(value & 0xffffff, ==, ++last[putter]);
        }
        total += n;
    }
    for (guint i = 0; i < PUTTERS; i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpuint(mailbox_length(box), ==, 0);
    mailbox_free(box);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mailbox/items-come-out-in-order", items_come_out_in_order);
    g_test_add_func("/mailbox/a-full-box-refuses-an-offer", a_full_box_refuses_an_offer);
    g_test_add_func("/mailbox/an-empty-box-gives-up-in-time", an_empty_box_gives_up_in_time);
    g_test_add_func("/mailbox/a-waiting-put-goes-on-when-there-is-room",
                    a_waiting_put_goes_on_when_there_is_room);
    g_test_add_func("/mailbox/closing-wakes-a-waiting-put-and-keeps-what-is-in",
                    closing_wakes_a_waiting_put_and_keeps_what_is_in);
    g_test_add_func("/mailbox/closing-wakes-a-waiting-take", closing_wakes_a_waiting_take);
    g_test_add_func("/mailbox/nothing-is-lost-doubled-or-reordered-between-threads",
                    nothing_is_lost_doubled_or_reordered_between_threads);
    return g_test_run();
}
