/* Cuts clients that are slow on purpose (slowloris). Every socket has a deadline for what it is
 * doing: the header within 5 s of connecting or within 30 s of the last answer, the body at 4 KiB/s
 * after the first 10 s (what came faster earns no longer pause than these); none while an answer is
 * made or sent (libmicrohttpd's own time-out watches that). One thread looks every 250 ms and shuts
 * down late sockets. Any thread may call. */
#pragma once
#include <glib.h>

typedef struct SlowClients SlowClients;
typedef struct SlowClient SlowClient;
SlowClients *slow_clients_new(void);
void slow_clients_free(SlowClients *clients);
SlowClient *slow_clients_add(SlowClients *clients, int fd);
void slow_clients_remove(SlowClients *clients, SlowClient *client);
void slow_client_body_begins(SlowClient *client);
void slow_client_body(SlowClient *client, gsize bytes);
void slow_client_answering(SlowClient *client);
void slow_client_idle(SlowClient *client);
