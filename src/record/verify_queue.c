#include "record/verify_queue.h"
#include "base/mailbox.h"

#include <pthread.h>

enum { BATCHES = 4, BATCH_BYTES = 1 << 18 };

struct VerifyQueue {
    VerifyRun run;
    gpointer data;
    Mailbox *full, *empty;
    GByteArray *batch; /* being filled */
    GError *error;     /* the worker's until it has ended */
    pthread_t thread;
};

static void *work(void *data) {
    VerifyQueue *queue = data;
    gpointer item;
    gboolean good = TRUE;
    while (mailbox_take(queue->full, &item, 1, -1) == 1) {
        GByteArray *batch = item;
        if (good && !queue->run(queue->data, batch->data, batch->len, &queue->error)) {
            good = FALSE;
            mailbox_close(queue->full); /* tells who fills */
        }
        g_byte_array_set_size(batch, 0);
        mailbox_put(queue->empty, batch);
    }
    return NULL;
}

VerifyQueue *verify_queue_new(VerifyRun run, gpointer data) {
    VerifyQueue *queue = g_new0(VerifyQueue, 1);
    queue->run = run;
    queue->data = data;
    queue->full = mailbox_new(BATCHES);
    queue->empty = mailbox_new(BATCHES);
    for (int i = 1; i < BATCHES; i++)
        mailbox_put(queue->empty, g_byte_array_sized_new(BATCH_BYTES + BATCH_BYTES / 4));
    queue->batch = g_byte_array_sized_new(BATCH_BYTES + BATCH_BYTES / 4);
    g_assert(pthread_create(&queue->thread, NULL, work, queue) == 0);
    return queue;
}

GByteArray *verify_queue_batch(VerifyQueue *queue) { return queue->batch; }

static gboolean hand_over(VerifyQueue *queue) {
    gpointer empty;
    if (!mailbox_put(queue->full, queue->batch))
        return FALSE;
    g_assert(mailbox_take(queue->empty, &empty, 1, -1) == 1);
    queue->batch = empty;
    return TRUE;
}

gboolean verify_queue_next(VerifyQueue *queue) {
    return queue->batch->len < BATCH_BYTES || hand_over(queue);
}

gboolean verify_queue_end(VerifyQueue *queue, GError **error) {
    gpointer item;
    if (queue->batch->len > 0)
        hand_over(queue);
    mailbox_close(queue->full);
    pthread_join(queue->thread, NULL);
    mailbox_close(queue->empty);
    while (mailbox_take(queue->empty, &item, 1, 0) == 1)
        g_byte_array_unref(item);
    g_byte_array_unref(queue->batch);
    mailbox_free(queue->full);
    mailbox_free(queue->empty);
    gboolean good = queue->error == NULL;
    if (!good)
        g_propagate_error(error, queue->error);
    g_free(queue);
    return good;
}
