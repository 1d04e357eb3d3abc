#include "server/replay_desk.h"

#include <pthread.h>

struct ReplayDesk {
    pthread_mutex_t lock;
    pthread_cond_t left;
    GHashTable *inside; /* logins */
    guint together, unanswered;
    atomic_bool ending;
};

ReplayDesk *replay_desk_new(guint together) {
    ReplayDesk *desk = g_new0(ReplayDesk, 1);
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->left, NULL);
    desk->inside = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    desk->together = together;
    return desk;
}

void replay_desk_close(ReplayDesk *desk) {
    if (desk == NULL)
        return;
    pthread_mutex_lock(&desk->lock);
    atomic_store(&desk->ending, TRUE);
    while (desk->unanswered > 0)
        pthread_cond_wait(&desk->left, &desk->lock);
    pthread_mutex_unlock(&desk->lock);
}

void replay_desk_free(ReplayDesk *desk) {
    if (desk == NULL)
        return;
    g_hash_table_unref(desk->inside);
    pthread_mutex_destroy(&desk->lock);
    pthread_cond_destroy(&desk->left);
    g_free(desk);
}

gboolean replay_desk_enter(ReplayDesk *desk, const char *login, GError **error) {
    pthread_mutex_lock(&desk->lock);
    const char *why = atomic_load(&desk->ending)                   ? "shutting down"
                      : g_hash_table_contains(desk->inside, login) ? "your last replay still runs"
                      : g_hash_table_size(desk->inside) >= desk->together ? "others replay"
                                                                          : NULL;
    if (why == NULL) {
        g_hash_table_add(desk->inside, g_strdup(login));
        desk->unanswered++;
    }
    pthread_mutex_unlock(&desk->lock);
    return why == NULL || error_set(error, ERROR_BUSY, NULL, why, NULL);
}

void replay_desk_leave(ReplayDesk *desk, const char *login) {
    pthread_mutex_lock(&desk->lock);
    g_hash_table_remove(desk->inside, login);
    pthread_mutex_unlock(&desk->lock);
}

void replay_desk_answered(ReplayDesk *desk) {
    pthread_mutex_lock(&desk->lock);
    desk->unanswered--;
    pthread_cond_broadcast(&desk->left);
    pthread_mutex_unlock(&desk->lock);
}

const atomic_bool *replay_desk_ending(const ReplayDesk *desk) { return &desk->ending; }
