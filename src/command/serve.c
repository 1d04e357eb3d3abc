#include "command/serve.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

ServeOptions serve_options = {.port = 8080};

AppConfig serve_config(void) {
    AppConfig config = command_config();
    gboolean built = g_file_test("web/dist/index.html", G_FILE_TEST_EXISTS);
    config.host = serve_options.host ? serve_options.host : "127.0.0.1";
    config.port = (guint)serve_options.port;
    config.metrics_token = serve_options.metrics_token;
    config.once_hours = (guint)CLAMP(serve_options.once_hours, 0, 24 * 365);
    config.rates = (const char *const *)serve_options.rates;
    config.proxies = (const char *const *)serve_options.proxies;
    config.web_dir = serve_options.web_dir ? serve_options.web_dir : built ? "web/dist" : NULL;
    return config;
}

static sigset_t stop_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

/* SIGXFSZ would end the process when a file limit is met; without it the write fails like a full
 * disk, which is handled. */
void serve_block_signals(void) {
    sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* The usual soft limit of 1024 files is less than the connections that the server takes. */
/* Few heaps for many threads: each keeps what was once needed at a moment of much work, and batches
 * are made on one thread and freed on another. 30 MiB less after 44 M samples at full speed. */
void serve_limit_heaps(void) { mallopt(M_ARENA_MAX, 2); }

void serve_raise_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

void serve_wait(void) {
    sigset_t set = stop_signals();
    int signal_number;
    sigwait(&set, &signal_number);
}

static const GOptionEntry options[] = {DATA_OPTION_ENTRIES, SERVE_OPTION_ENTRIES,
                                       G_OPTION_ENTRY_NULL};

static gboolean serve(char **arguments, GError **error) {
    (void)arguments;
    serve_block_signals();
    serve_limit_heaps();
    serve_raise_file_limit();
    AppConfig config = serve_config();
    App *app = app_open(&config, error);
    gboolean started = app && app_start(app, error);
    if (started) {
        malloc_trim(0); /* what loading needed */
        printf("listening on http://%s:%u\n", config.host, app_port(app));
        fflush(stdout);
        serve_wait();
    }
    app_close(app);
    return started;
}

const Command command_serve = {
    .name = "serve",
    .arguments = "",
    .summary = "start the server / 启动服务",
    .more = "Prints `listening on http://ADDRESS:PORT` when it is ready. SIGINT or SIGTERM stop "
            "it; what was acknowledged is kept.\n"
            "Listen on 127.0.0.1 and put a TLS proxy in front, or on 0.0.0.0 inside a protected "
            "network.",
    .options = options,
    .run = serve,
};
