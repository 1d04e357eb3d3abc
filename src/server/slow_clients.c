#include "server/slow_clients.h"
#include "base/bell.h"

#include <stdatomic.h>
#include <sys/socket.h>

enum { LOOK_MS = 250, HEADER_MS = 5000, IDLE_MS = 30000, BODY_MS = 10000, BODY_BYTES_PER_S = 4096 };

struct SlowClient {
    int fd;
    _Atomic gint64 deadline_ms; /* monotonic; 0: none */
    SlowClient *before, *after;
};

struct SlowClients {
    pthread_mutex_t lock;
    pthread_t thread;
    Bell bell;
    SlowClient *first;
};

static gint64 now_ms(void) { return g_get_monotonic_time() / 1000; }

static void look(SlowClients *clients) {
    gint64 now = now_ms();
    pthread_mutex_lock(&clients->lock);
    for (SlowClient *c = clients->first; c; c = c->after) {
        gint64 deadline = atomic_load(&c->deadline_ms);
        if (deadline && deadline < now) {
            shutdown(c->fd, SHUT_RDWR);
            atomic_store(&c->deadline_ms, 0);
        }
    }
    pthread_mutex_unlock(&clients->lock);
}

static void *look_thread(void *data) {
    SlowClients *clients = data;
    while (bell_wait(&clients->bell, LOOK_MS) != BELL_STOPPED)
        look(clients);
    return NULL;
}

SlowClients *slow_clients_new(void) {
    SlowClients *clients = g_new0(SlowClients, 1);
    pthread_mutex_init(&clients->lock, NULL);
    bell_init(&clients->bell);
    int code = pthread_create(&clients->thread, NULL, look_thread, clients);
    g_assert(code == 0);
    return clients;
}

void slow_clients_free(SlowClients *clients) {
    bell_stop(&clients->bell);
    pthread_join(clients->thread, NULL);
    g_assert(clients->first == NULL);
    bell_clear(&clients->bell);
    pthread_mutex_destroy(&clients->lock);
    g_free(clients);
}

SlowClient *slow_clients_add(SlowClients *clients, int fd) {
    SlowClient *client = g_new0(SlowClient, 1);
    client->fd = fd;
    atomic_init(&client->deadline_ms, now_ms() + HEADER_MS);
    pthread_mutex_lock(&clients->lock);
    client->after = clients->first;
    if (client->after)
        client->after->before = client;
    clients->first = client;
    pthread_mutex_unlock(&clients->lock);
    return client;
}

void slow_clients_remove(SlowClients *clients, SlowClient *client) {
    if (client == NULL)
        return;
    pthread_mutex_lock(&clients->lock);
    if (client->before)
        client->before->after = client->after;
    else
        clients->first = client->after;
    if (client->after)
        client->after->before = client->before;
    pthread_mutex_unlock(&clients->lock);
    g_free(client);
}

static void deadline_in(SlowClient *client, gint64 ms) {
    if (client)
        atomic_store(&client->deadline_ms, ms ? now_ms() + ms : 0);
}

void slow_client_body_begins(SlowClient *client) { deadline_in(client, BODY_MS); }

void slow_client_body(SlowClient *client, gsize bytes) {
    gint64 deadline = client ? atomic_load(&client->deadline_ms) : 0;
    if (deadline)
        atomic_store(&client->deadline_ms,
                     MIN(deadline + (gint64)(bytes * 1000 / BODY_BYTES_PER_S), now_ms() + BODY_MS));
}

void slow_client_answering(SlowClient *client) { deadline_in(client, 0); }

void slow_client_idle(SlowClient *client) { deadline_in(client, IDLE_MS); }
