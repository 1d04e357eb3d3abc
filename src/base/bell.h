/* What a thread sleeps by that has something to do now and then: it wakes when the time is over,
 * when somebody rings, or when the bell is stopped, which it then stays. A ring that comes while
 * nobody sleeps wakes the next sleeper at once; several rings are one. The time is monotonic: a
 * clock that is set does not shorten or prolong a sleep. One thread or several may sleep (a ring
 * wakes one of them, a stop all); any thread may ring. */
#pragma once
#include <glib.h>
#include <pthread.h>
#include <time.h>

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    gboolean rung, stopped;
} Bell;

typedef enum { BELL_TIME, BELL_RUNG, BELL_STOPPED } BellCall;

void bell_init(Bell *bell);
void bell_clear(Bell *bell); /* nobody sleeps any more */
/* Sleeps for at most `ms`. */
BellCall bell_wait(Bell *bell, gint64 ms);
void bell_ring(Bell *bell);
void bell_stop(Bell *bell);
gboolean bell_stopped(Bell *bell);

/* For what waits under a lock of its own (mailbox.c): a condition that is waited for by monotonic
 * time, and the moment `ms` from now for pthread_cond_timedwait. */
void wait_init(pthread_cond_t *cond);
struct timespec wait_end(gint64 ms);
