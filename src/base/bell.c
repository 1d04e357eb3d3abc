#include "base/bell.h"

#include <time.h>

void bell_init(Bell *bell) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&bell->lock, NULL);
    pthread_cond_init(&bell->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    bell->rung = bell->stopped = FALSE;
}

void bell_clear(Bell *bell) {
    pthread_mutex_destroy(&bell->lock);
    pthread_cond_destroy(&bell->changed);
}

static struct timespec time_in(gint64 ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return until;
}

BellCall bell_wait(Bell *bell, gint64 ms) {
    struct timespec until = time_in(MAX(ms, 0));
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
