/* POST /api/replay: what other limits of a few points would have given. On a thread of its own with
 * connections of its own and a low priority, bounded in points, days, samples and seconds; the
 * worker goes on at once. Changes nothing. */
#include "record/record.h"
#include "server/house.h"
#include "signal/alarm_difference.h"
#include "signal/alarm_kpi.h"
#include "signal/replay.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    POINTS_MAX = 20,
    DAYS_MAX = 92,
    SAMPLES_MAX = 20000000,
    SECONDS_MAX = 20,
    ROWS_MAX = 2000,
    LOW_PRIORITY = 10
};

typedef struct {
    Request *request;
    House *house;
    Identity *identity;
    json_t *body;
    gint64 from_ms, to_ms, until_us;
    Sql *records, *samples;
    ReplayPoints *points;
    guint positions;
    guint64 judged;
} Job;

/* ---- the question ---- */

static gboolean read_time(json_t *body, const char *name, gint64 *ms, GError **error) {
    json_t *value = json_object_get(body, name);
    if (json_is_integer(value) && json_integer_value(value) > 0 &&
        json_integer_value(value) < G_MAXINT64 / 4) {
        *ms = json_integer_value(value);
        return TRUE;
    }
    return (json_is_string(value) && time_parse(json_string_value(value), ms)) ||
           error_set(error, ERROR_FIELD_KIND, name, "时间", "a time (RFC 3339 or milliseconds)",
                     NULL);
}

static gboolean read_question(Job *job, GError **error) {
    json_t *points = json_object_get(job->body, "points"), *point;
    size_t i;
    if (!read_time(job->body, "from", &job->from_ms, error) ||
        !read_time(job->body, "to", &job->to_ms, error))
        return FALSE;
    if (job->from_ms >= job->to_ms || job->to_ms - job->from_ms > (gint64)DAYS_MAX * DAY_MS)
        return error_set(error, ERROR_FIELD_RANGE, "from", "from < to, at most 92 days", NULL);
    if (json_array_size(points) < 1 || json_array_size(points) > POINTS_MAX)
        return error_set(error, ERROR_FIELD_RANGE, "points", "1..20", NULL);
    json_array_foreach(points, i, point) if (!json_is_string(json_object_get(
                                                 point,
                                                 "point"))) return error_set(error,
                                                                             ERROR_FIELD_REQUIRED,
                                                                             "point", "监测点",
                                                                             "point", NULL);
    return TRUE;
}

/* ---- on its thread ---- */

static const char *code_of(json_t *point) {
    return json_string_value(json_object_get(point, "point"));
}

/* Numbers of the points, all of which the user may read. */
static gboolean find_points(Job *job, GArray *numbers, GError **error) {
    size_t i;
    json_t *point;
    g_autoptr(GHashTable) owners = g_hash_table_new(NULL, NULL);
    json_array_foreach(json_object_get(job->body, "points"), i, point) {
        const char *code = code_of(point);
        json_t *record = record_get(job->records, job->house->packs, &job->identity->actor, "point",
                                    code, error);
        if (record == NULL)
            return FALSE;
        json_decref(record);
        guint32 number = point_table_find(job->house->points, code, strlen(code));
        if (number == POINT_NONE)
            return error_set(error, ERROR_NOT_FOUND, "point", "point", code, NULL);
        g_array_append_val(numbers, number);
        g_hash_table_add(owners, (gpointer)point_table_enterprise(job->house->points, number));
    }
    job->positions = g_hash_table_size(owners);
    return TRUE;
}

static gboolean change_points(Job *job, GError **error) {
    size_t i;
    json_t *point;
    json_array_foreach(json_object_get(job->body, "points"), i, point) {
        json_t *changes = json_copy(point);
        json_object_del(changes, "point");
        gboolean good = replay_points_change(job->points, job->records, job->house->packs,
                                             code_of(point), changes, error);
        json_decref(changes);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static GArray *unsaved(gpointer pipeline, guint32 number) {
    return pipeline_open_block(pipeline, number);
}

static AlarmSpans *judge(Job *job, GError **error) {
    ReplayPlan plan = {.from_ms = job->from_ms,
                       .to_ms = job->to_ms,
                       .samples_max = SAMPLES_MAX,
                       .until_us = job->until_us,
                       .cancel = replay_desk_ending(job->house->replays),
                       .unsaved = unsaved,
                       .data = job->house->pipeline};
    return replay_history(job->samples, job->points, &plan, &job->judged, error);
}

static json_t *rows_of(const GArray *differences) {
    json_t *rows = json_array();
    for (guint i = 0; i < MIN(differences->len, (guint)ROWS_MAX); i++) {
        const Difference *one = &g_array_index(differences, Difference, i);
        json_t *row = json_pack("{s:s}", "difference", difference_code(one->kind));
        if (one->former)
            json_object_set_new(row, "former", alarm_span_json(one->former));
        if (one->now)
            json_object_set_new(row, "now", alarm_span_json(one->now));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *answer_json(const Job *job, const AlarmSpans *former, const AlarmSpans *now) {
    const PackTable *table = packs_table_named(job->house->packs, "alarm_kpi");
    g_autoptr(GArray) differences = alarm_difference(former, now);
    AlarmKpis before = alarm_kpis(former, table, job->positions, job->from_ms, job->to_ms);
    AlarmKpis after = alarm_kpis(now, table, job->positions, job->from_ms, job->to_ms);
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:I}", "former", alarm_kpis_json(&before, table),
                     "now", alarm_kpis_json(&after, table), "counts",
                     alarm_difference_counts(differences), "differences", rows_of(differences),
                     "truncated", differences->len > ROWS_MAX, "samples", (json_int_t)job->judged);
}

static gboolean open_databases(Job *job, GError **error) {
    job->records = sql_open(job->house->records_uri, SQL_READ, error);
    job->samples = job->records ? sql_open(job->house->samples_uri, SQL_READ, error) : NULL;
    return job->samples != NULL;
}

static json_t *answer(Job *job, GError **error) {
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (!open_databases(job, error) || !find_points(job, numbers, error))
        return NULL;
    job->points = replay_points_new(job->house->points, numbers);
    AlarmSpans *former = judge(job, error);
    AlarmSpans *now = former && change_points(job, error) ? judge(job, error) : NULL;
    json_t *json = now ? answer_json(job, former, now) : NULL;
    alarm_spans_free(former);
    alarm_spans_free(now);
    return json;
}

static void job_free(Job *job) {
    replay_points_free(job->points);
    sql_close(job->records);
    sql_close(job->samples);
    identity_free(job->identity);
    json_decref(job->body);
    g_free(job);
}

static void *run(void *data) {
    Job *job = data;
    ReplayDesk *desk = job->house->replays;
    g_autofree char *login = g_strdup(job->identity->login);
    g_autoptr(GError) error = NULL;
    setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY); /* of this thread */
    json_t *json = answer(job, &error);
    Request *request = job->request;
    job_free(job);
    replay_desk_leave(desk, login);
    if (json)
        respond_json(request, 200, json);
    else
        respond_error(request, error);
    replay_desk_answered(desk);
    return NULL;
}

/* ---- the door ---- */

static gboolean start(Job *job, GError **error) {
    pthread_t thread;
    House *house = job->house;
    job->body = request_json(job->request, error);
    if (job->body == NULL || !read_question(job, error) ||
        !replay_desk_enter(house->replays, job->identity->login, error))
        return FALSE;
    job->until_us = g_get_monotonic_time() + (gint64)SECONDS_MAX * G_USEC_PER_SEC;
    if (pthread_create(&thread, NULL, run, job) != 0) {
        replay_desk_leave(house->replays, job->identity->login);
        replay_desk_answered(house->replays);
        return error_set(error, ERROR_BUSY, NULL, "no more threads", NULL);
    }
    pthread_detach(thread);
    return TRUE;
}

void api_replay(Request *request) {
    g_autoptr(GError) error = NULL;
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    Job *job = g_new0(Job, 1);
    *job = (Job){.request = request, .house = house_of(request), .identity = identity};
    if (start(job, &error))
        return;
    job_free(job);
    respond_error(request, error);
}
