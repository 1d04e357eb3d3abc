/* The whole demo, live: a real server in a temporary data directory, fed by the simulator over
 * HTTP. */
#include "demo/crew.h"
#include "demo/demo_province.h"
#include "demo/gateway.h"
#include "demo/simulator.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_S = 60 };

typedef struct {
    char *data_dir, *url;
    App *app;
    Simulator *simulator;
} Demo;

static void demo_start(Demo *d) {
    g_autoptr(GError) error = NULL;
    AppConfig config = {.data_dir = d->data_dir,
                        .packs_dir = "packs",
                        .host = "127.0.0.1",
                        .demo = TRUE,
                        .clock = clock_real()};
    json_t *logins = NULL;
    d->app = app_open(&config, &error);
    g_assert_no_error(error);
    demo_build(d->app, "demo", 2026, &logins, &error);
    g_assert_no_error(error);
    app_set_demo_logins(d->app, logins);
    app_start(d->app, &error);
    g_assert_no_error(error);
    d->url = g_strdup_printf("http://127.0.0.1:%u", app_port(d->app));
    SimulatorConfig simulator = {d->url, "demo", d->data_dir, 2026, clock_real()};
    d->simulator = simulator_start(&simulator, &error);
    g_assert_no_error(error);
}

static void demo_stop(Demo *d) {
    simulator_stop(d->simulator);
    app_close(d->app);
    g_clear_pointer(&d->url, g_free);
}

static void demo_remove(Demo *d) {
    g_autoptr(GDir) dir = g_dir_open(d->data_dir, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(d->data_dir, name, NULL);
        g_remove(path);
    }
    g_rmdir(d->data_dir);
    g_free(d->data_dir);
}

static gint64 alarms_count(const Demo *d, const char *filter) {
    g_autoptr(GError) error = NULL;
    Sql *sql = app_reader(d->app, &error);
    RecordQuery query = {.filter = filter, .limit = 1, .count = TRUE};
    json_t *list = record_list(sql, app_packs(d->app), &actor_system, "alarm", &query,
                               clock_now(clock_real()), &error);
    g_assert_no_error(error);
    gint64 n = json_integer_value(json_object_get(list, "count"));
    json_decref(list);
    sql_close(sql);
    return n;
}

static double until_live(Demo *d) {
    gint64 began = g_get_monotonic_time();
    while (!simulator_counts(d->simulator).live) {
        g_assert_cmpint(g_get_monotonic_time() - began, <, WAIT_S * G_USEC_PER_SEC);
        g_usleep(50000);
    }
    pipeline_settle(app_pipeline(d->app));
    return (double)(g_get_monotonic_time() - began) / 1e6;
}

/* Issue item 4: soon after the start there are two hours of history, alarms that returned and
 * alarms that stand, and nothing was lost or refused; a second start goes on where the first ended,
 * without a flood. */
static void test_live(void) {
    Demo d = {.data_dir = g_dir_make_tmp("anlan-live-XXXXXX", NULL)};
    demo_start(&d);
    double seconds = until_live(&d);
    SimulatorCounts counts = simulator_counts(d.simulator);
    PipelineCounts pipeline = pipeline_counts(app_pipeline(d.app));
    g_test_message("live after %.1f s: %d samples, %d alarms, %d active", seconds,
                   (int)pipeline.samples, (int)alarms_count(&d, NULL),
                   (int)alarms_count(&d, "active = TRUE"));
    g_assert_cmpuint(pipeline.samples, >=, 1000000);
    g_assert_cmpuint(pipeline.engine.duplicates + pipeline.engine.late, ==, 0);
    g_assert_cmpuint(counts.lost, ==, 0);
    g_assert_cmpint(alarms_count(&d, NULL), >=, 20);
    g_assert_cmpint(alarms_count(&d, NULL), <=, 150);
    g_assert_cmpint(alarms_count(&d, "active = TRUE"), >=, 3);
    g_assert_cmpint(alarms_count(&d, "active = TRUE"), <=, 30);
    demo_stop(&d);
    demo_start(&d);
    gint64 before = alarms_count(&d, NULL);
    until_live(&d);
    gint64 after = alarms_count(&d, NULL);
    g_test_message("second start: %d alarms, then %d", (int)before, (int)after);
    g_assert_cmpint(after - before, <=, 10);
    pipeline = pipeline_counts(app_pipeline(d.app));
    g_assert_cmpuint(pipeline.engine.samples, <, 100000); /* not the history again */
    demo_stop(&d);
    demo_remove(&d);
}

/* --- a server of one line of mind: answers each request with the next of its answers and keeps the
 * bodies --- */

typedef struct {
    int listener;
    const char *const *answers; /* closed by NULL */
    GPtrArray *bodies;
    pthread_t thread;
} OneServer;

/* Reads one request; its body, or NULL at the end of the connection. */
static char *request_body(int fd) {
    g_autoptr(GString) text = g_string_new(NULL);
    char bytes[4096];
    for (gssize n; (n = read(fd, bytes, sizeof bytes)) > 0;) {
        g_string_append_len(text, bytes, n);
        const char *end = strstr(text->str, "\r\n\r\n");
        const char *length = strstr(text->str, "Content-Length: ");
        if (end && length && strlen(end + 4) >= (gsize)atoi(length + strlen("Content-Length: ")))
            return g_strdup(end + 4);
    }
    return NULL;
}

static void *one_server_run(void *data) {
    OneServer *server = data;
    int fd = accept(server->listener, NULL, NULL);
    for (const char *const *answer = server->answers; *answer; answer++) {
        char *body = request_body(fd);
        g_assert_nonnull(body);
        g_ptr_array_add(server->bodies, body);
        g_autofree char *text =
            g_strdup_printf("HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", *answer);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
    }
    close(fd);
    return NULL;
}

static char *one_server_start(OneServer *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->listener, (struct sockaddr *)&address, n), ==, 0);
    g_assert_cmpint(listen(server->listener, 1), ==, 0);
    g_assert_cmpint(getsockname(server->listener, (struct sockaddr *)&address, &n), ==, 0);
    server->bodies = g_ptr_array_new_with_free_func(g_free);
    g_assert_cmpint(pthread_create(&server->thread, NULL, one_server_run, server), ==, 0);
    return g_strdup_printf("http://127.0.0.1:%u", ntohs(address.sin_port));
}

static void one_server_stop(OneServer *server) {
    close(server->listener);
    g_ptr_array_unref(server->bodies);
}

/* 503 and 429: the same lines again, not before the time that was given, and what came meanwhile
 * after them. 400: those lines are dropped, the next are sent. */
static void test_store_and_forward(void) {
    static const char *const answers[] = {"503 Busy\r\nRetry-After: 5",
                                          "429 Slow down",
                                          "204 No Content",
                                          "400 Bad",
                                          "204 No Content",
                                          NULL};
    OneServer server = {.answers = answers};
    g_autofree char *url = one_server_start(&server);
    DemoHttp *http = demo_http_new(url);
    Gateway *gateway = gateway_new("GW-x", "t");
    gateway_add(gateway, "p", (Reading){1, 0, 0}, 1);
    g_assert_false(gateway_send(gateway, http, 0));
    g_assert_false(gateway_send(gateway, http, 4999)); /* silent: five seconds were asked for */
    gateway_add(gateway, "p", (Reading){2, 0, 0}, 2);
    g_assert_false(gateway_send(gateway, http, 5000));
    g_assert_false(gateway_send(gateway, http, 6900)); /* silent: two seconds of its own */
    g_assert_true(gateway_send(gateway, http, 7000));
    gateway_add(gateway, "q", (Reading){3, 0, 0}, 3);
    g_assert_true(gateway_send(gateway, http, 7001));
    gateway_add(gateway, "p", (Reading){4, 0, 0}, 4);
    g_assert_true(gateway_send(gateway, http, 7002));
    static const char *const bodies[] = {"p value=1 1\n", "p value=1 1\np value=2 2\n",
                                         "p value=1 1\np value=2 2\n", "q value=3 3\n",
                                         "p value=4 4\n"};
    gateway_free(gateway);
    demo_http_free(http);
    pthread_join(server.thread, NULL);
    g_assert_cmpuint(server.bodies->len, ==, G_N_ELEMENTS(bodies));
    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++)
        g_assert_cmpstr(server.bodies->pdata[i], ==, bodies[i]);
    one_server_stop(&server);
}

/* A gateway keeps what it cannot send, in order and bounded, and waits longer each time; bytes that
 * no server took are never dropped before. */
static void test_gateway(void) {
    Gateway *gateway = gateway_new("GW-x", "t");
    DemoHttp *http = demo_http_new("http://127.0.0.1:1"); /* nobody there */
    gateway_add(gateway, "p-1", (Reading){1.25, 0, 2}, 1000);
    gateway_add(gateway, "p-1", (Reading){1.5, 2, 1}, 2000);
    g_assert_cmpuint(gateway_waiting(gateway), ==,
                     strlen("p-1 value=1.25 1000\np-1 value=1.5,quality=2 2000\n"));
    g_assert_false(gateway_send(gateway, http, 0));
    g_assert_cmpuint(gateway_lost(gateway), ==, 0);
    gsize line = strlen("p-1 value=1.25 1000\n");
    for (int i = 0; i < 200000; i++)
        gateway_add(gateway, "p-1", (Reading){1.25, 0, 2}, 1000);
    g_assert_cmpuint(gateway_waiting(gateway), <=, (2 << 20) + line);
    g_assert_cmpuint(gateway_waiting(gateway), >, 2 << 19);
    g_assert_cmpuint(gateway_lost(gateway), ==, 200002 - gateway_waiting(gateway) / line);
    demo_http_free(http);
    gateway_free(gateway);
}

/* Most alarms are seen to in a quarter of an hour, a tenth stays for hours, and the visitor's own
 * wait for him. */
static void test_patience(void) {
    int quick = 0, long_left = 0;
    for (int i = 0; i < 1000; i++) {
        g_autofree char *id = g_strdup_printf("ALARM%d", i);
        gint64 patience = crew_patience_ms(id, FALSE);
        g_assert_true(patience >= 60000 && patience == crew_patience_ms(id, FALSE));
        quick += patience <= 15 * 60000, long_left += patience > 120 * 60000;
        g_assert_cmpint(crew_patience_ms(id, TRUE), >=, 60 * 60000);
    }
    g_test_message("%d of 1000 within a quarter, %d left for hours", quick, long_left);
    g_assert_true(quick > 650 && quick < 900 && long_left > 50 && long_left < 160);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/simulator/gateway", test_gateway);
    g_test_add_func("/simulator/store_and_forward", test_store_and_forward);
    g_test_add_func("/simulator/patience", test_patience);
    g_test_add_func("/simulator/live", test_live);
    return g_test_run();
}
