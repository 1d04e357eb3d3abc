#include "app/app.h"
#include "app/gateway_keeper.h"
#include "app/nightly.h"
#include "app/point_watch.h"
#include "app/scheduler.h"
#include "app/seal_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "notify/webhook_store.h"
#include "notify/webhooks.h"
#include "record/journal.h"
#include "record/pack_change.h"
#include "server/house.h"
#include "server/openapi.h"
#include "signal/alarm_sink.h"
#include "signal/night.h"
#include "signal/point_compose.h"
#include "store/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    RECORD_JOBS = 4096,
    SAMPLE_JOBS = 4096,
    HTTP_WORKERS = 6,
    HTTP_QUEUE = 4096,
    REPLAYS_TOGETHER = 2
};

struct App {
    AppConfig config;
    int lock_fd;
    char *data_dir, *records_uri, *samples_uri, *files_dir, *metrics_token;
    char *seal_path;
    SealKey *seal;
    Packs *packs;
    Writer *records, *samples;
    PointTable *points;
    Pipeline *pipeline;
    Gateways *gateways;
    GatewayKeeper *gateway_keeper;
    Nightly *nightly;
    PointWatch *point_watch;
    gint64 points_seq; /* of the journal, when the points were loaded */
    Hub *hub;
    LoginGuard *logins;
    RateLimit *rates;
    GPtrArray *proxies; /* NULL-ended */
    BasicCache *basic;
    ReplayDesk *replays;
    StaticFiles *files;
    GString *openapi;
    TypesText *types;
    Scheduler *scheduler;
    Webhooks *webhooks;
    json_t *demo_logins;
    _Atomic guint64 samples_refused, sample_refusals[ERROR_KINDS];
    House house;
    Http *http;
};

/* ---- opening ---- */

static gboolean lock_data_dir(App *app, GError **error) {
    if (g_mkdir_with_parents(app->data_dir, 0750) != 0)
        return error_set(error, ERROR_FILE, NULL, app->data_dir, g_strerror(errno), NULL);
    g_autofree char *path = g_build_filename(app->data_dir, "lock", NULL);
    app->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (app->lock_fd < 0)
        return error_set(error, ERROR_FILE, NULL, path, g_strerror(errno), NULL);
    return flock(app->lock_fd, LOCK_EX | LOCK_NB) == 0 ||
           error_set(error, ERROR_FILE, NULL, app->data_dir,
                     "another anlan process has this data directory open; stop it first", NULL);
}

/* What the packs seal and stood in the clear before. */
static gboolean seal_records(App *app, Sql *sql, gint64 now_ms, GError **error) {
    gint64 values = 0;
    app->seal = seal_file_open(app->seal_path, app->config.seal_key_lost, sql, now_ms, error);
    if (app->seal == NULL || !records_seal(sql, app->packs, now_ms, &values, error))
        return FALSE;
    if (values)
        log_warning("seal",
                    "%" G_GINT64_FORMAT
                    " values that stood in the clear were sealed; the journal and backups from "
                    "before still hold them",
                    values);
    return TRUE;
}

static gboolean adopt_records(App *app, Sql *sql, gint64 now_ms, GError **error) {
    gint64 adopted;
    if (!records_adopt(sql, app->packs, now_ms, &adopted, error))
        return FALSE;
    if (adopted)
        log_info("record", "%" G_GINT64_FORMAT " records from before their type had states got one",
                 adopted);
    return TRUE;
}

static gboolean migrate_records(App *app, Sql *sql, GError **error) {
    gint64 now_ms = clock_now(app->config.clock);
    return sql_exec(sql, "BEGIN IMMEDIATE", error) && records_migrate(sql, app->packs, error) &&
           alarm_sink_migrate(sql, error) && night_migrate_records(sql, error) &&
           session_migrate(sql, error) && once_migrate(sql, error) &&
           seal_records(app, sql, now_ms, error) && adopt_records(app, sql, now_ms, error) &&
           webhook_migrate(sql, app->packs, now_ms, error) && sql_exec(sql, "COMMIT", error);
}

static gboolean open_records(App *app, GError **error) {
    Sql *sql = sql_open(app->records_uri, SQL_WRITE, error);
    if (sql && migrate_records(app, sql, error)) {
        sql_set_files(sql, app->files_dir);
        app->records = writer_new(sql, RECORD_JOBS);
        return TRUE;
    }
    sql_close(sql);
    return FALSE;
}

static gboolean open_samples(App *app, GError **error) {
    Sql *sql = sql_open(app->samples_uri, SQL_WRITE, error);
    /* its rows are written once, neighbours together: a large cache would only hold memory */
    if (sql && sql_exec(sql, "PRAGMA cache_size = -8192", error) &&
        point_table_migrate(sql, error) && pipeline_migrate(sql, error) &&
        gateways_migrate(sql, error) && night_migrate_samples(sql, error)) {
        app->samples = writer_new(sql, SAMPLE_JOBS);
        return TRUE;
    }
    sql_close(sql);
    return FALSE;
}

static char *database_uri(const char *data_dir, const char *file) {
    g_autofree char *path = g_build_filename(data_dir, file, NULL);
    return g_strconcat("sqlite:", path, NULL);
}

static App *app_new(const AppConfig *config) {
    App *app = g_new0(App, 1);
    app->config = *config;
    app->lock_fd = -1;
    app->data_dir = g_strdup(config->data_dir);
    app->records_uri = config->records_uri ? g_strdup(config->records_uri)
                                           : database_uri(app->data_dir, "records.db");
    app->samples_uri = database_uri(app->data_dir, "samples.db");
    app->seal_path = config->seal_key ? g_strdup(config->seal_key)
                                      : g_build_filename(app->data_dir, "keys", "seal.key", NULL);
    app->files_dir = g_build_filename(app->data_dir, "files", NULL);
    return app;
}

App *app_open(const AppConfig *config, GError **error) {
    App *app = app_new(config);
    app->packs = packs_load(config->packs_dir, error);
    if (app->packs && lock_data_dir(app, error) && open_records(app, error) &&
        open_samples(app, error)) {
        for (guint i = 0; i < app->packs->warnings->len; i++)
            log_warning("pack", "%s", (const char *)app->packs->warnings->pdata[i]);
        return app;
    }
    app_close(app);
    return NULL;
}

/* ---- starting ---- */

typedef struct {
    App *app;
    const AlarmEvent *events;
    guint n;
    gint64 now_ms;
} Alarms;

static gboolean alarms_run(Sql *sql, gpointer data, GError **error) {
    Alarms *alarms = data;
    App *app = alarms->app;
    return alarm_sink_apply(sql, app->packs, app->points, alarms->events, alarms->n, alarms->now_ms,
                            error);
}

static gboolean write_alarms(gpointer data, const AlarmEvent *events, guint n, GError **error) {
    App *app = data;
    Alarms alarms = {app, events, n, clock_now(app->config.clock)};
    return writer_run(app->records, alarms_run, &alarms, error);
}

typedef struct {
    App *app;
    const GArray *standing;
    guint mended;
} Reconcile;

static gboolean reconcile_run(Sql *sql, gpointer data, GError **error) {
    Reconcile *reconcile = data;
    App *app = reconcile->app;
    return alarm_sink_reconcile(sql, app->packs, app->points, reconcile->standing,
                                clock_now(app->config.clock), &reconcile->mended, error);
}

static gboolean reconcile_alarms(gpointer data, const GArray *standing, GError **error) {
    Reconcile reconcile = {data, standing, 0};
    App *app = data;
    if (!writer_run(app->records, reconcile_run, &reconcile, error))
        return FALSE;
    if (reconcile.mended > 0)
        log_warning("signal", "%u alarms of the records did not match the engine and were mended",
                    reconcile.mended);
    return TRUE;
}

typedef struct {
    App *app;
    Sql *records;
} Load;

static gboolean load_points(Sql *samples, gpointer data, GError **error) {
    Load *load = data;
    return point_table_load(load->app->points, samples, load->records, error);
}

/* Tables of the engine from the records; *used_seq: the newest event that the alarms know. */
static gboolean load_engine(App *app, gint64 *used_seq, GError **error) {
    Load load = {app, app_reader(app, error)};
    gint64 newest = 0;
    gboolean good =
        load.records && (app->points_seq = journal_last(load.records, error)) >= 0 &&
        writer_run(app->samples, load_points, &load, error) &&
        point_compose_all(app->points, load.records, app->packs, error) &&
        sql_get_int(load.records, error, &newest, 0, "SELECT MAX(engine_seq) FROM r_alarm", "");
    sql_close(load.records);
    *used_seq = alarm_event_row(newest);
    return good;
}

static gboolean start_pipeline(App *app, GError **error) {
    gint64 used_seq;
    app->points = point_table_new();
    gboolean loaded = load_engine(app, &used_seq, error);
    PipelineConfig config = {.samples_uri = app->samples_uri,
                             .clock = app->config.clock,
                             .table = app->points,
                             .writer = app->samples,
                             .sink = {write_alarms, app, reconcile_alarms},
                             .used_seq = used_seq};
    app->pipeline = loaded ? pipeline_start(&config, error) : NULL;
    if (app->pipeline)
        app->point_watch = point_watch_start(app->pipeline, app->points, app->packs,
                                             app->records_uri, app->points_seq, error);
    return app->point_watch != NULL;
}

static gboolean start_gateways(App *app, GError **error) {
    Sql *samples = sql_open(app->samples_uri, SQL_READ, error);
    app->gateways = samples ? gateways_new(samples, clock_now(app->config.clock), error) : NULL;
    sql_close(samples);
    if (app->gateways)
        app->gateway_keeper = gateway_keeper_start(app->gateways, app->samples, app->config.clock);
    return app->gateways != NULL;
}

static gboolean start_nightly(App *app, GError **error) {
    NightlyConfig config = {.packs = app->packs,
                            .records = app->records,
                            .samples = app->samples,
                            .records_uri = app->records_uri,
                            .samples_uri = app->samples_uri,
                            .pipeline = app->pipeline,
                            .clock = app->config.clock};
    app->nightly = nightly_start(&config, error);
    return app->nightly || !night_wanted(app->packs);
}

/* The hub hears of each commit. */
static gboolean start_hub(App *app, GError **error) {
    app->hub = hub_start(app->packs, app->records_uri, app->config.clock, error);
    if (app->hub == NULL)
        return FALSE;
    writer_on_commit(app->records, hub_poke, app->hub);
    return TRUE;
}

static GString *describe_api(const Packs *packs) {
    json_t *document = openapi_document(packs, house_routes);
    char *text = json_text(document, JSON_COMPACT);
    GString *copy = g_string_new(text);
    free(text);
    json_decref(document);
    return copy;
}

static gboolean make_rates(App *app, GError **error) {
    Rate rates[RATES];
    memcpy(rates, rate_defaults, sizeof rates);
    for (guint i = 0; app->config.rates && app->config.rates[i]; i++)
        if (!rate_parse(app->config.rates[i], rates, error))
            return FALSE;
    app->rates = rate_limit_new(rates);
    return TRUE;
}

static void name_proxies(App *app) {
    static const char *const own[] = {"127.0.0.1", "::1", NULL};
    const char *const *named = app->config.proxies;
    app->proxies = g_ptr_array_new();
    for (guint i = 0; !(named && g_strv_contains(named, "none")) && own[i]; i++)
        g_ptr_array_add(app->proxies, (gpointer)own[i]);
    for (guint i = 0; named && named[i]; i++)
        g_ptr_array_add(app->proxies, (gpointer)named[i]);
    g_ptr_array_add(app->proxies, NULL);
}

/* A token of at least 16 printable characters in a file of one line. */
static gboolean read_metrics_token(App *app, GError **error) {
    enum { TOKEN_MIN = 16, TOKEN_MAX = 512 };
    const char *path = app->config.metrics_token;
    g_autoptr(GError) failure = NULL;
    if (path == NULL)
        return TRUE;
    if (!g_file_get_contents(path, &app->metrics_token, NULL, &failure))
        return error_set(error, ERROR_FILE, NULL, path, failure->message, NULL);
    g_strstrip(app->metrics_token);
    gsize n = strlen(app->metrics_token);
    gboolean good = n >= TOKEN_MIN && n <= TOKEN_MAX;
    for (gsize i = 0; good && i < n; i++)
        good = g_ascii_isgraph(app->metrics_token[i]);
    return good ||
           error_set(error, ERROR_CONFIG, "metrics-token",
                     "metrics-token: not a token of 16 to 512 visible characters in one line",
                     "make one: openssl rand -hex 32 > FILE", NULL);
}

static gint64 once_ms(const App *app) {
    enum { HOURS = 24 }; /* project choice */
    return (gint64)(app->config.once_hours ? app->config.once_hours : HOURS) * 3600 * 1000;
}

static gboolean start_http(App *app, GError **error) {
    if (!make_rates(app, error) || !read_metrics_token(app, error))
        return FALSE;
    name_proxies(app);
    app->logins = login_guard_new();
    app->basic = basic_cache_new();
    app->replays = replay_desk_new(REPLAYS_TOGETHER);
    app->openapi = describe_api(app->packs);
    app->types = types_text_new(app->packs);
    if (app->config.web_dir) {
        app->files = static_files_load(app->config.web_dir, error);
        if (app->files == NULL)
            return FALSE;
    }
    app->house = (House){.packs = app->packs,
                         .once_ms = once_ms(app),
                         .clock = app->config.clock,
                         .seal = app->seal,
                         .records = app->records,
                         .records_uri = app->records_uri,
                         .samples_uri = app->samples_uri,
                         .data_dir = app->data_dir,
                         .files_dir = app->files_dir,
                         .pipeline = app->pipeline,
                         .gateways = app->gateways,
                         .points = app->points,
                         .hub = app->hub,
                         .logins = app->logins,
                         .rates = app->rates,
                         .basic = app->basic,
                         .replays = app->replays,
                         .files = app->files,
                         .demo_logins = app->config.demo ? app->demo_logins : NULL,
                         .openapi = app->openapi,
                         .types = app->types,
                         .samples_refused = &app->samples_refused,
                         .sample_refusals = app->sample_refusals,
                         .metrics_token = app->metrics_token};
    HttpConfig http = {.host = app->config.host,
                       .port = app->config.port,
                       .routes = house_routes,
                       .otherwise = house_file,
                       .context = &app->house,
                       .admit = house_admit,
                       .proxies = (const char *const *)app->proxies->pdata,
                       .worker_new = house_worker_new,
                       .worker_free = house_worker_free,
                       .workers = HTTP_WORKERS,
                       .queue = HTTP_QUEUE,
                       .spool = app->files_dir};
    app->http = http_start(&http, error);
    return app->http != NULL;
}

gboolean app_start(App *app, GError **error) {
    if (!start_hub(app, error) || !start_pipeline(app, error) || !start_gateways(app, error) ||
        !start_nightly(app, error))
        return FALSE;
    app->scheduler = scheduler_start(app->packs, app->records, app->records_uri, app->files_dir,
                                     once_ms(app), app->config.clock, error);
    app->webhooks = app->scheduler ? webhooks_start(app->packs, app->records, app->records_uri,
                                                    app->seal, app->config.clock, error)
                                   : NULL;
    return app->webhooks && start_http(app, error);
}

/* Reverse order: first nobody asks any more, then nothing happens by itself, then what is queued is
 * written. */
void app_close(App *app) {
    if (app == NULL)
        return;
    if (app->hub)
        hub_stop(app->hub);
    replay_desk_close(app->replays);
    http_stop(app->http);
    webhooks_stop(app->webhooks);
    scheduler_stop(app->scheduler);
    nightly_stop(app->nightly);
    point_watch_stop(app->point_watch);
    if (app->pipeline)
        pipeline_stop(app->pipeline);
    gateway_keeper_stop(app->gateway_keeper);
    gateways_free(app->gateways);
    writer_free(app->samples);
    writer_free(app->records);
    hub_free(app->hub);
    if (app->logins)
        login_guard_free(app->logins);
    if (app->basic)
        basic_cache_free(app->basic);
    replay_desk_free(app->replays);
    rate_limit_free(app->rates);
    g_clear_pointer(&app->proxies, g_ptr_array_unref);
    static_files_free(app->files);
    if (app->openapi)
        g_string_free(app->openapi, TRUE);
    types_text_free(app->types);
    if (app->points)
        point_table_free(app->points);
    if (app->packs)
        packs_free(app->packs);
    json_decref(app->demo_logins);
    seal_key_free(app->seal);
    if (app->lock_fd >= 0)
        close(app->lock_fd);
    g_free(app->data_dir);
    g_free(app->seal_path);
    g_free(app->records_uri);
    g_free(app->samples_uri);
    g_free(app->files_dir);
    g_free(app->metrics_token);
    g_free(app);
}

/* ---- for the commands ---- */

static gboolean change_packs(App *app, Sql *sql, GPtrArray *changes, gboolean keep,
                             GError **error) {
    if (!sql_exec(sql, "BEGIN IMMEDIATE", error))
        return FALSE;
    gboolean good =
        pack_changes_apply(sql, app->packs, changes, clock_now(app->config.clock), error);
    return sql_exec(sql, good && keep ? "COMMIT" : "ROLLBACK", good ? error : NULL) && good;
}

gboolean app_change_packs(const AppConfig *config, GPtrArray *changes, gboolean keep,
                          GError **error) {
    App *app = app_new(config);
    Sql *sql = NULL;
    app->packs = packs_load(config->packs_dir, error);
    if (app->packs && lock_data_dir(app, error))
        sql = sql_open(app->records_uri, SQL_WRITE, error);
    gboolean good = sql && change_packs(app, sql, changes, keep, error);
    sql_close(sql);
    app_close(app);
    return good;
}

guint app_port(App *app) { return http_port(app->http); }
const Packs *app_packs(App *app) { return app->packs; }
Clock *app_clock(App *app) { return app->config.clock; }
const char *app_data_dir(App *app) { return app->data_dir; }
Pipeline *app_pipeline(App *app) { return app->pipeline; }

const char *app_seal_key_path(App *app) { return app->seal_path; }
const char *app_seal_key_id(App *app) { return seal_key_id(app->seal); }

gboolean app_rotate_seal_key(App *app, gint64 *values, GError **error) {
    if (!seal_file_rotate(app->seal_path, app->seal, app->records, app->packs,
                          clock_now(app->config.clock), values, error))
        return FALSE;
    SealKey *key = seal_key_read(app->seal_path, error);
    if (key == NULL)
        return FALSE;
    seal_key_free(app->seal);
    app->seal = key;
    return TRUE;
}

gboolean app_write(App *app, WriterFunc func, gpointer data, GError **error) {
    return writer_run(app->records, func, data, error);
}

Sql *app_reader(App *app, GError **error) {
    Sql *sql = sql_open(app->records_uri, SQL_READ, error);
    if (sql)
        sql_set_files(sql, app->files_dir);
    return sql;
}

void app_set_demo_logins(App *app, json_t *logins_take) {
    json_decref(app->demo_logins);
    app->demo_logins = logins_take;
}

static gboolean backup_file(const char *uri, const char *directory, const char *name,
                            GError **error) {
    g_autofree char *path = g_build_filename(directory, name, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return error_set(error, ERROR_FILE, NULL, path, "exists already", NULL);
    Sql *sql = sql_open(uri, SQL_READ, error);
    gboolean done = sql && sql_backup(sql, path, error);
    sql_close(sql);
    return done;
}

/* Samples first: records may be newer than samples, so the replay after a restore finds its alarms
 * there already. Files last: what a row names was there before the row. */
gboolean app_backup(const AppConfig *config, const char *directory, GError **error) {
    g_autofree char *samples = database_uri(config->data_dir, "samples.db"),
                    *records = config->records_uri ? g_strdup(config->records_uri)
                                                   : database_uri(config->data_dir, "records.db");
    if (g_mkdir_with_parents(directory, 0750) != 0)
        return error_set(error, ERROR_FILE, NULL, directory, g_strerror(errno), NULL);
    g_autofree char *files = g_build_filename(config->data_dir, "files", NULL),
                    *copies = g_build_filename(directory, "files", NULL);
    if (!backup_file(samples, directory, "samples.db", error))
        return FALSE;
    if (g_str_has_prefix(records, "sqlite:"))
        return backup_file(records, directory, "records.db", error) &&
               file_store_copy(files, copies, NULL, error);
    return file_store_copy(files, copies, NULL, error) &&
           backup_file(records, directory, "records.db", error);
}
