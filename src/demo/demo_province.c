#include "demo/demo_province.h"
#include "base/log.h"
#include "demo/demo_parts.h"
#include "server/session.h"

#include <string.h>

enum { JOB_RECORDS = 500, REGISTERED_DAYS = 60 };

void put_add(GArray *puts, const char *type, json_t *fields_take) {
    g_assert(fields_take != NULL); /* NULL: text that is not UTF-8, which the readers refuse */
    g_array_append_val(puts, ((Put){type, fields_take}));
}

static void puts_free(GArray *puts) {
    for (guint i = 0; i < puts->len; i++)
        json_decref(g_array_index(puts, Put, i).fields);
    g_array_unref(puts);
}

typedef struct {
    const Build *build;
    const GArray *puts;
    guint first, n;
} PutJob;

static gboolean put_job(Sql *sql, gpointer data, GError **error) {
    const PutJob *job = data;
    for (guint i = job->first; i < job->first + job->n; i++) {
        const Put *put = &g_array_index(job->puts, Put, i);
        json_t *record = record_put(sql, job->build->packs, &actor_system, put->type, put->fields,
                                    job->build->registered_ms, NULL, error);
        if (!record)
            return FALSE;
        json_decref(record);
    }
    return TRUE;
}

static gboolean puts_write(const Build *build, GArray *puts_take, GError **error) {
    gboolean good = TRUE;
    for (guint first = 0; good && first < puts_take->len; first += JOB_RECORDS) {
        PutJob job = {build, puts_take, first, MIN(JOB_RECORDS, puts_take->len - first)};
        good = app_write(build->app, put_job, &job, error);
    }
    puts_free(puts_take);
    return good;
}

/* --- the last job: all of it, or the next start makes it again --- */

typedef struct {
    const Build *build;
    GArray *people;
    HazardBook *hazards;
    RecordBook *records;
    char *demo_hash, *crew_hash;
} LastJob;

static gboolean tokens_put(const Build *build, Sql *sql, GError **error) {
    char token[DEMO_TOKEN];
    for (guint i = 0; i < build->plan->enterprises->len; i++) {
        const char *gateway = plan_enterprise(build->plan, i)->gateway;
        if (!device_token_put(sql, gateway, demo_key_token(&build->key, gateway, token),
                              build->registered_ms, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean history_play(const LastJob *job, Sql *sql, GError **error) {
    g_autoptr(GArray) acts = g_array_new(FALSE, FALSE, sizeof(DemoAct));
    hazard_book_acts(job->hazards, acts);
    record_book_acts(job->records, acts);
    return acts_play(job->build, acts, sql, error);
}

static gboolean last_job(Sql *sql, gpointer data, GError **error) {
    LastJob *job = data;
    PutJob people = {job->build, job->people, 0, job->people->len};
    return put_job(sql, &people, error) &&
           people_set_hashes(job->build, sql, job->demo_hash, job->crew_hash, error) &&
           tokens_put(job->build, sql, error) && history_play(job, sql, error);
}

static gboolean finish(const Build *build, GError **error) {
    char crew[DEMO_TOKEN];
    g_autoptr(HazardBook) hazards = hazard_book_read(build, error);
    g_autoptr(RecordBook) records = hazards ? record_book_read(build, error) : NULL;
    g_autofree char *demo_hash = records ? password_hash(DEMO_PASSWORD, error) : NULL;
    g_autofree char *crew_hash =
        demo_hash ? password_hash(demo_key_token(&build->key, "crew", crew), error) : NULL;
    if (!crew_hash)
        return FALSE;
    LastJob job = {build, people_puts(build), hazards, records, demo_hash, crew_hash};
    gboolean good = app_write(build->app, last_job, &job, error);
    puts_free(job.people);
    return good;
}

/* --- whether --- */

static gboolean is_built(Sql *sql, const Packs *packs) {
    json_t *user = record_get(sql, packs, &actor_system, "user", "province", NULL);
    json_decref(user);
    return user != NULL;
}

static gboolean rekey_job(Sql *sql, gpointer data, GError **error) {
    return tokens_put(data, sql, error);
}

/* The key file is made before the province, so it is missing only when it was taken away: then the
 * gateways get new tokens. */
static gboolean key_prepare(Build *build, const char *data_dir, gboolean built, GError **error) {
    gboolean found;
    guint64 seed = build->plan->seed;
    if (!demo_key_read(data_dir, &build->key, &found, error))
        return FALSE;
    if (found && build->key.seed != seed)
        return error_set(error, ERROR_CONFIG, NULL,
                         "this data directory holds the demo province of another seed",
                         "give that seed, or another data directory", NULL);
    if (found)
        return TRUE;
    return demo_key_make(data_dir, seed, &build->key, error) &&
           (!built || app_write(build->app, rekey_job, build, error));
}

static gboolean build_all(Build *build, GError **error) {
    gint64 began = g_get_monotonic_time();
    if (!puts_write(build, registers_puts(build), error) || !finish(build, error))
        return FALSE;
    log_info("demo", "made a province of %u enterprises and %u points in %.1f s",
             build->plan->enterprises->len, build->plan->points,
             (double)(g_get_monotonic_time() - began) / 1e6);
    return TRUE;
}

gboolean demo_build(App *app, const char *demo_dir, guint64 seed, json_t **logins, GError **error) {
    g_autoptr(ProvincePlan) plan = province_plan_read(demo_dir, seed, error);
    Sql *sql = plan ? app_reader(app, error) : NULL;
    if (sql == NULL)
        return FALSE;
    gint64 now_ms = clock_now(app_clock(app));
    Build build = {.app = app,
                   .packs = app_packs(app),
                   .plan = plan,
                   .demo_dir = demo_dir,
                   .now_ms = now_ms,
                   .registered_ms = now_ms - REGISTERED_DAYS * (gint64)DAY_MS};
    gboolean built = is_built(sql, build.packs);
    sql_close(sql);
    if (!key_prepare(&build, app_data_dir(app), built, error) ||
        (!built && !build_all(&build, error)))
        return FALSE;
    *logins = people_logins(plan);
    return TRUE;
}
