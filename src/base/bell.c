#include "base/bell.h"

#include <time.h>

void wait_init(pthread_cond_t *cond) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct timespec wait_end(gint64 ms) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += (long)(ms % 1000) * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    return end;
}

void bell_init(Bell *bell) {
    pthread_mutex_init(&bell->lock, NULL);
    wait_init(&bell->changed);
    bell->rung = bell->stopped = FALSE;
}

void bell_clear(Bell *bell) {
    pthread_mutex_destroy(&bell->lock);
    pthread_cond_destroy(&bell->changed);
}

BellCall bell_wait(Bell *bell, gint64 ms) {
    struct timespec until = wait_end(MAX(ms, 0));
    int code = 0;
    pthread_mutex_lock(&bell->lock);
    while (!bell->rung && !bell->stopped && code == 0)
        code = pthread_cond_timedwait(&bell->changed, &bell->lock, &until);
    BellCall call = bell->stopped ? BELL_STOPPED : bell->rung ? BELL_RUNG : BELL_TIME;
    bell->rung = FALSE;
    pthread_mutex_unlock(&bell->lock);
    return call;
}

void bell_ring(Bell *bell) {
    pthread_mutex_lock(&bell->lock);
    bell->rung = TRUE;
    pthread_cond_signal(&bell->changed);
    pthread_mutex_unlock(&bell->lock);
}

void bell_stop(Bell *bell) {
    pthread_mutex_lock(&bell->lock);
    bell->stopped = TRUE;
    pthread_cond_broadcast(&bell->changed);
    pthread_mutex_unlock(&bell->lock);
}

gboolean bell_stopped(Bell *bell) {
    pthread_mutex_lock(&bell->lock);
    gboolean stopped = bell->stopped;
    pthread_mutex_unlock(&bell->lock);
    return stopped;
}
