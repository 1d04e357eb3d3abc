/* A bounded queue of pointers between threads. Many may put, one takes. When it is full,
 * mailbox_put waits (that is the back-pressure) and mailbox_offer returns false at once. Closing
 * wakes everybody: puts fail, takes drain what is left and then return NULL. */
#pragma once
#include <glib.h>

typedef struct Mailbox Mailbox;
Mailbox *mailbox_new(guint capacity);
void mailbox_free(Mailbox *box);                     /* must be empty and nobody waiting */
gboolean mailbox_put(Mailbox *box, gpointer item);   /* false: closed, item stays the caller's */
gboolean mailbox_offer(Mailbox *box, gpointer item); /* false: full or closed */
/* Waits for at least one item, up to wait_ms (-1: for ever); fills at most n; returns how many. 0:
 * time is over, or closed and empty. */
guint mailbox_take(Mailbox *box, gpointer *items, guint n, int wait_ms);
void mailbox_close(Mailbox *box);
gboolean mailbox_closed(Mailbox *box);
guint mailbox_length(Mailbox *box);
