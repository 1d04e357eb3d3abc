/* Running a server until a signal says stop; shared by `serve` and `demo`. */
#pragma once
#include "command/command.h"

typedef struct {
    char *host, *web_dir;
    int port;
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
    {                                                                                              \
        "web", 'w', 0, G_OPTION_ARG_FILENAME, &serve_options.web_dir,                              \
            "web client (default: web/dist if it is there)", "DIR"                                 \
    }
AppConfig serve_config(void);
void serve_block_signals(void); /* before the first thread */
void serve_raise_file_limit(void);
void serve_wait(void); /* until SIGINT or SIGTERM */
