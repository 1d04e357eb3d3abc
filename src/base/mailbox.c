#include "base/mailbox.h"

#include "base/bell.h"

#include <errno.h>

struct Mailbox {
    pthread_mutex_t lock;
    pthread_cond_t filled, drained;
    gpointer *items;
    guint capacity, head, length;
    gboolean closed;
};

Mailbox *mailbox_new(guint capacity) {
    Mailbox *box = g_new0(Mailbox, 1);
    pthread_mutex_init(&box->lock, NULL);
    wait_init(&box->filled);
    wait_init(&box->drained);
    box->items = g_new(gpointer, capacity);
    box->capacity = capacity;
    return box;
}

void mailbox_free(Mailbox *box) {
    if (box == NULL)
        return;
    g_assert(box->length == 0);
    pthread_mutex_destroy(&box->lock);
    pthread_cond_destroy(&box->filled);
    pthread_cond_destroy(&box->drained);
    g_free(box->items);
    g_free(box);
}

static gboolean append(Mailbox *box, gpointer item) {
    if (box->closed || box->length == box->capacity)
        return FALSE;
    box->items[(box->head + box->length++) % box->capacity] = item;
    if (box->length == 1)
        pthread_cond_signal(&box->filled);
    return TRUE;
}

gboolean mailbox_put(Mailbox *box, gpointer item) {
    pthread_mutex_lock(&box->lock);
    while (!box->closed && box->length == box->capacity)
        pthread_cond_wait(&box->drained, &box->lock);
    gboolean done = append(box, item);
    pthread_mutex_unlock(&box->lock);
    return done;
}

gboolean mailbox_offer(Mailbox *box, gpointer item) {
    pthread_mutex_lock(&box->lock);
    gboolean done = append(box, item);
    pthread_mutex_unlock(&box->lock);
    return done;
}

static void wait_filled(Mailbox *box, int wait_ms) {
    struct timespec until = wait_end(MAX(wait_ms, 0));
    while (box->length == 0 && !box->closed) {
        if (wait_ms < 0)
            pthread_cond_wait(&box->filled, &box->lock);
        else if (pthread_cond_timedwait(&box->filled, &box->lock, &until) == ETIMEDOUT)
            break;
    }
}

guint mailbox_take(Mailbox *box, gpointer *items, guint n, int wait_ms) {
    pthread_mutex_lock(&box->lock);
    wait_filled(box, wait_ms);
    guint taken = 0;
    for (; taken < n && box->length > 0; taken++, box->length--) {
        items[taken] = box->items[box->head];
        box->head = (box->head + 1) % box->capacity;
    }
    if (taken > 0)
        pthread_cond_broadcast(&box->drained);
    pthread_mutex_unlock(&box->lock);
    return taken;
}

void mailbox_close(Mailbox *box) {
    pthread_mutex_lock(&box->lock);
    box->closed = TRUE;
    pthread_cond_broadcast(&box->filled);
    pthread_cond_broadcast(&box->drained);
    pthread_mutex_unlock(&box->lock);
}

gboolean mailbox_closed(Mailbox *box) {
    pthread_mutex_lock(&box->lock);
    gboolean closed = box->closed;
    pthread_mutex_unlock(&box->lock);
    return closed;
}

guint mailbox_length(Mailbox *box) {
    pthread_mutex_lock(&box->lock);
    guint length = box->length;
    pthread_mutex_unlock(&box->lock);
    return length;
}
