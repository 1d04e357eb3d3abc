#include "demo/simulator.h"
#include "base/bell.h"
#include "base/log.h"
#include "demo/crew.h"
#include "demo/demo_file.h"
#include "demo/demo_key.h"
#include "demo/gateway.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum {
    WORKERS = 4,
    PERIOD_MS = 5000,         /* of live samples */
    SPREAD_MS = 2000,         /* inside one sampling of a plant */
    BEHIND_MS = 60000,        /* later than this is history, with longer steps */
    HISTORY_MS = 2 * 3600000, /* sent at the first start */
    HISTORY_STEP_MS = 30000,
    GAP_MAX_MS = 3 * 86400000, /* a longer pause is not filled in */
    GAP_STEP_MAX_MS = 100000,  /* shorter than the stale time of the points */
    SEND_BYTES = 256 << 10,
    REMEMBER_MS = 60000,
    LOOK_MS = 250
};

typedef struct {
    PlantSim *sim;
    Gateway *gateway;
    gint64 next_ms;
} Feed;

typedef struct {
    Simulator *simulator;
    pthread_t thread;
    GArray *feeds; /* Feed */
    GArray *active;
    DemoHttp *http;
    _Atomic guint64 samples, lost;
    _Atomic gsize waiting;
    _Atomic gboolean live;
    _Atomic gint64 fed_until_ms; /* every plant of this thread */
} Worker;

struct Simulator {
    ProvincePlan *plan;
    Script *script;
    Clock *clock;
    char *state_path;
    gint64 zero_ms;       /* of the script */
    gint64 step_ms;       /* while filling in history */
    gint64 remembered_ms; /* worker 0's */
    Worker workers[WORKERS];
    guint started;
    Crew *crew;
    Bell bell;
};

/* --- how far it had come --- */

static gint64 fed_until_read(const char *path) {
    json_t *root = json_load_file(path, 0, NULL);
    gint64 ms = json_integer_value(json_object_get(root, "fed_until_ms"));
    json_decref(root);
    return ms;
}

static void fed_until_write(Simulator *simulator, gint64 ms) {
    g_autofree char *text = g_strdup_printf("{\"fed_until_ms\": %" G_GINT64_FORMAT "}\n", ms);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents_full(simulator->state_path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                  0640, &error))
        log_warning("demo", "%s: %s", simulator->state_path, error->message);
}

/* Where to begin: where the last run ended, so that no point has a gap, or with two hours of
 * history. */
static gint64 begin_ms(Simulator *simulator) {
    gint64 now_ms = simulator->zero_ms, last_ms = fed_until_read(simulator->state_path);
    gboolean resume = last_ms > now_ms - GAP_MAX_MS && last_ms <= now_ms;
    gint64 begin = resume ? last_ms : now_ms - HISTORY_MS;
    simulator->step_ms =
        CLAMP((now_ms - begin) / 240 / PERIOD_MS * PERIOD_MS, HISTORY_STEP_MS, GAP_STEP_MAX_MS);
    return begin - begin % PERIOD_MS;
}

/* --- one plant --- */

static void sample_plant(Worker *worker, Feed *feed) {
    const GArray *points = plant_sim_plan(feed->sim)->points;
    for (guint i = 0; i < points->len; i++) {
        const PlanPoint *p = &g_array_index(points, PlanPoint, i);
        gint64 time_ms = feed->next_ms - (gint64)(p->seed % SPREAD_MS);
        gateway_add(feed->gateway, p->code, plant_sim_read(feed->sim, i, time_ms), time_ms);
    }
    atomic_fetch_add(&worker->samples, points->len);
}

static void step_plant(Worker *worker, Feed *feed, gint64 now_ms) {
    Simulator *simulator = worker->simulator;
    Weather weather = weather_at(simulator->plan->seed, feed->next_ms);
    script_at(simulator->script, simulator->zero_ms, feed->next_ms, worker->active);
    plant_sim_step(feed->sim, feed->next_ms, &weather, worker->active);
    sample_plant(worker, feed);
    feed->next_ms += now_ms - feed->next_ms > BEHIND_MS ? simulator->step_ms : PERIOD_MS;
}

static gboolean send_plant(Worker *worker, Feed *feed, gint64 now_ms) {
    return plant_sim_cut_off(feed->sim) || gateway_send(feed->gateway, worker->http, now_ms);
}

/* Up to now, in time order; stops at a full buffer that the server does not take, so that history
 * is never dropped. */
static void feed_plant(Worker *worker, Feed *feed, gint64 now_ms) {
    while (feed->next_ms <= now_ms && !bell_stopped(&worker->simulator->bell)) {
        if (gateway_waiting(feed->gateway) > SEND_BYTES && now_ms - feed->next_ms > BEHIND_MS &&
            !send_plant(worker, feed, now_ms))
            return;
        step_plant(worker, feed, now_ms);
    }
    send_plant(worker, feed, now_ms);
}

/* --- one thread --- */

static Feed *feed_at(Worker *worker, guint i) { return &g_array_index(worker->feeds, Feed, i); }

static void count(Worker *worker, gint64 now_ms) {
    guint64 lost = 0;
    gsize waiting = 0;
    gboolean live = TRUE;
    gint64 until_ms = now_ms;
    for (guint i = 0; i < worker->feeds->len; i++) {
        until_ms = MIN(until_ms, feed_at(worker, i)->next_ms - PERIOD_MS);
        lost += gateway_lost(feed_at(worker, i)->gateway);
        waiting += gateway_waiting(feed_at(worker, i)->gateway);
        live = live && feed_at(worker, i)->next_ms > now_ms - BEHIND_MS;
    }
    atomic_store(&worker->lost, lost);
    atomic_store(&worker->waiting, waiting);
    atomic_store(&worker->live, live);
    atomic_store(&worker->fed_until_ms, until_ms);
}

/* So that a kill loses a minute at most. */
static void remember(Simulator *simulator) {
    gint64 until_ms = G_MAXINT64;
    for (guint i = 0; i < WORKERS; i++)
        until_ms = MIN(until_ms, atomic_load(&simulator->workers[i].fed_until_ms));
    fed_until_write(simulator, until_ms);
}

static void remember_now_and_then(Worker *worker, gint64 now_ms) {
    Simulator *simulator = worker->simulator;
    if (worker != simulator->workers || now_ms - simulator->remembered_ms < REMEMBER_MS)
        return;
    simulator->remembered_ms = now_ms;
    remember(simulator);
}

static void *worker_run(void *data) {
    Worker *worker = data;
    while (!bell_stopped(&worker->simulator->bell)) {
        for (guint i = 0; i < worker->feeds->len; i++)
            feed_plant(worker, feed_at(worker, i), clock_now(worker->simulator->clock));
        gint64 now_ms = clock_now(worker->simulator->clock);
        count(worker, now_ms);
        remember_now_and_then(worker, now_ms);
        bell_wait(&worker->simulator->bell, LOOK_MS);
    }
    return NULL;
}

static void worker_init(Worker *worker, Simulator *simulator, const char *url) {
    worker->simulator = simulator;
    worker->feeds = g_array_new(FALSE, FALSE, sizeof(Feed));
    worker->active = g_array_new(FALSE, FALSE, sizeof(ActiveEpisode));
    worker->http = demo_http_new(url);
}

static void worker_clear(Worker *worker) {
    if (!worker->feeds)
        return;
    for (guint i = 0; i < worker->feeds->len; i++) {
        plant_sim_free(feed_at(worker, i)->sim);
        gateway_free(feed_at(worker, i)->gateway);
    }
    g_array_unref(worker->feeds);
    g_array_unref(worker->active);
    demo_http_free(worker->http);
}

/* --- all --- */

static void feeds_share(Simulator *simulator, const DemoKey *key) {
    gint64 begin = begin_ms(simulator);
    char token[DEMO_TOKEN];
    for (guint i = 0; i < simulator->plan->enterprises->len; i++) {
        const PlanEnterprise *e = plan_enterprise(simulator->plan, i);
        gint64 phase_ms = 1 + i * PERIOD_MS / simulator->plan->enterprises->len;
        Feed feed = {plant_sim_new(simulator->plan, i, begin),
                     gateway_new(e->gateway, demo_key_token(key, e->gateway, token)),
                     begin + phase_ms};
        g_array_append_val(simulator->workers[i % WORKERS].feeds, feed);
    }
    for (guint i = 0; i < WORKERS; i++)
        atomic_store(&simulator->workers[i].fed_until_ms, begin);
}

static gboolean prepare(Simulator *simulator, const SimulatorConfig *config, DemoKey *key,
                        GError **error) {
    gboolean found;
    g_autofree char *episodes = g_build_filename(config->demo_dir, "episodes.yaml", NULL);
    simulator->clock = config->clock;
    simulator->zero_ms = simulator->remembered_ms = clock_now(config->clock);
    simulator->state_path = g_build_filename(config->data_dir, "demo-simulator.json", NULL);
    simulator->plan = province_plan_read(config->demo_dir, config->seed, error);
    simulator->script = simulator->plan ? script_read(episodes, simulator->plan, error) : NULL;
    if (!simulator->script || !demo_key_read(config->data_dir, key, &found, error))
        return FALSE;
    return found || demo_file_error(error, config->data_dir,
                                    "there is no demo province here; make it first");
}

static gboolean threads_start(Simulator *simulator, GError **error) {
    for (guint i = 0; i < WORKERS; i++, simulator->started++) {
        int failure =
            pthread_create(&simulator->workers[i].thread, NULL, worker_run, &simulator->workers[i]);
        if (failure)
            return error_set(error, ERROR_INTERNAL, NULL, g_strerror(failure), NULL);
    }
    return TRUE;
}

Simulator *simulator_start(const SimulatorConfig *config, GError **error) {
    Simulator *simulator = g_new0(Simulator, 1);
    DemoKey key;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bell_init(&simulator->bell);
    gboolean good = prepare(simulator, config, &key, error);
    if (good) {
        for (guint i = 0; i < WORKERS; i++)
            worker_init(&simulator->workers[i], simulator, config->url);
        feeds_share(simulator, &key);
        good = threads_start(simulator, error);
    }
    if (good)
        simulator->crew = crew_start(config->url, simulator->plan, &key, config->clock, error);
    if (good && simulator->crew)
        return simulator;
    simulator_stop(simulator);
    return NULL;
}

SimulatorCounts simulator_counts(Simulator *simulator) {
    SimulatorCounts counts = {.live = TRUE};
    for (guint i = 0; i < WORKERS; i++) {
        Worker *worker = &simulator->workers[i];
        counts.samples += atomic_load(&worker->samples);
        counts.lost += atomic_load(&worker->lost);
        counts.waiting += atomic_load(&worker->waiting);
        counts.live = counts.live && atomic_load(&worker->live);
    }
    return counts;
}

void simulator_stop(Simulator *simulator) {
    if (!simulator)
        return;
    bell_stop(&simulator->bell);
    for (guint i = 0; i < simulator->started; i++)
        pthread_join(simulator->workers[i].thread, NULL);
    crew_stop(simulator->crew);
    if (simulator->started == WORKERS)
        remember(simulator);
    for (guint i = 0; i < WORKERS; i++)
        worker_clear(&simulator->workers[i]);
    g_clear_pointer(&simulator->script, script_free);
    g_clear_pointer(&simulator->plan, province_plan_free);
    g_free(simulator->state_path);
    bell_clear(&simulator->bell);
    g_free(simulator);
}
