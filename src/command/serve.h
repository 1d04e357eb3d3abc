/* Running a server until a signal says stop; shared by `serve` and `demo`. */
#pragma once
#include "command/command.h"

typedef struct {
    char *host, *web_dir;
    char *metrics_token;
    char **rates, **proxies;
    int port, once_hours;
} ServeOptions;
extern ServeOptions serve_options;
#define SERVE_OPTION_ENTRIES                                                                       \
    {"host",                                                                                       \
     'H',                                                                                          \
     0,                                                                                            \
     G_OPTION_ARG_STRING,                                                                          \
     &serve_options.host,                                                                          \
     "address to listen on (default: 127.0.0.1)",                                                  \
     "ADDRESS"},                                                                                   \
        {"port",                                                                                   \
         'P',                                                                                      \
         0,                                                                                        \
         G_OPTION_ARG_INT,                                                                         \
         &serve_options.port,                                                                      \
         "port (default: 8080; 0: any free one)",                                                  \
         "N"},                                                                                     \
        {"rate",                                                                                   \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_STRING_ARRAY,                                                                \
         &serve_options.rates,                                                                     \
         "requests of one address (default: web=100/s:400 device=5000/s:10000 guest=30/h:10 "      \
         "photo=60/h:12)",                                                                         \
         "CLASS=N/s|m|h[:BURST]|off"},                                                             \
        {"metrics-token",                                                                          \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_FILENAME,                                                                    \
         &serve_options.metrics_token,                                                             \
         "file with the token that opens /metrics to other machines (default: they may not)",      \
         "FILE"},                                                                                  \
        {"once-hours",                                                                             \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_INT,                                                                         \
         &serve_options.once_hours,                                                                \
         "how long an Idempotency-Key holds (default: 24)",                                        \
         "N"},                                                                                     \
        {"proxy",                                                                                  \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_STRING_ARRAY,                                                                \
         &serve_options.proxies,                                                                   \
         "address whose X-Forwarded-For is believed, beside 127.0.0.1 and ::1; none: nobody's",    \
         "ADDRESS"},                                                                               \
    {                                                                                              \
        "web", 'w', 0, G_OPTION_ARG_FILENAME, &serve_options.web_dir,                              \
            "web client (default: web/dist if it is there)", "DIR"                                 \
    }
AppConfig serve_config(void);
void serve_block_signals(void); /* before the first thread */
void serve_raise_file_limit(void);
void serve_limit_heaps(void);
void serve_wait(void); /* until SIGINT or SIGTERM */
