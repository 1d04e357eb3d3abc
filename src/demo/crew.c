#include "demo/crew.h"
#include "base/bell.h"
#include "base/log.h"
#include "demo/demo_http.h"
#include "demo/demo_parts.h"
#include "demo/demo_province.h"
#include "demo/dice.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { LOOK_S = 10, FAILURES_MAX = 3 };

struct Crew {
    const ProvincePlan *plan;
    DemoKey key;
    Clock *clock;
    DemoHttp *http;
    char *desk_token; /* of the session that looks at the desk; NULL: none */
    guint failures;   /* log-ins refused, one after the other */
    pthread_t thread;
    Bell bell;
};

gint64 crew_patience_ms(const char *alarm_id, gboolean visitors_plant) {
    Dice dice = dice_new(dice_hash_text(0, alarm_id));
    double lot = dice_between(&dice, 0, 1), minutes = dice_between(&dice, 1, 12);
    if (visitors_plant)
        return (gint64)((60 + minutes) * 60e3);
    if (lot < 0.1)
        return (gint64)(180 + 10 * minutes) * 60000; /* the next shift */
    return (gint64)((lot < 0.3 ? 4 * minutes : minutes) * 60e3);
}

/* --- sessions --- */

static char *log_in(Crew *crew, const char *login, const char *password) {
    g_autofree char *body =
        g_strdup_printf("{\"login\": \"%s\", \"password\": \"%s\"}", login, password);
    DemoRequest request = {.method = "POST",
                           .path = "/api/session",
                           .content_type = "application/json",
                           .body = body,
                           .n = strlen(body)};
    int status = demo_http_send(crew->http, &request);
    if (status != 201) {
        crew->failures += status == 401;
        if (crew->failures == FAILURES_MAX)
            log_warning("demo", "the shifts cannot log in any more; nobody acknowledges for them");
        return NULL;
    }
    crew->failures = 0;
    json_t *root = json_loads(demo_http_body(crew->http), 0, NULL);
    const char *token = json_string_value(json_object_get(root, "token"));
    char *authorization = token ? g_strconcat("Bearer ", token, NULL) : NULL;
    json_decref(root);
    return authorization;
}

static void log_out(Crew *crew, const char *authorization) {
    DemoRequest request = {.method = "DELETE",
                           .path = "/api/session",
                           .authorization = authorization,
                           .content_type = "application/json"};
    demo_http_send(crew->http, &request);
}

/* --- the desk --- */

static const PlanEnterprise *enterprise_find(const Crew *crew, const char *code) {
    for (guint i = 0; code && i < crew->plan->enterprises->len; i++)
        if (strcmp(plan_enterprise(crew->plan, i)->code, code) == 0)
            return plan_enterprise(crew->plan, i);
    return NULL;
}

static void acknowledge(Crew *crew, const PlanEnterprise *e, json_t *alarm) {
    static const char body[] = "{\"comment\": \"中控班组已到现场确认（演示）\"}";
    char login[PERSON_MAX], password[DEMO_TOKEN];
    g_autofree char *authorization = log_in(crew, person_operator(crew->plan, e, login),
                                            demo_key_token(&crew->key, "crew", password));
    if (!authorization)
        return;
    g_autofree char *path = g_strdup_printf("/api/records/alarm/%s/moves/acknowledge",
                                            json_string_value(json_object_get(alarm, "id")));
    g_autofree char *version = g_strdup_printf(
        "\"%" G_GINT64_FORMAT "\"", (gint64)json_integer_value(json_object_get(alarm, "version")));
    DemoRequest request = {.method = "POST",
                           .path = path,
                           .authorization = authorization,
                           .if_match = version,
                           .content_type = "application/json",
                           .body = body,
                           .n = sizeof body - 1};
    int status = demo_http_send(crew->http, &request);
    if (status != 200 && status != 412 && status != 409) /* somebody was quicker */
        log_warning("demo", "acknowledging: %d %.200s", status, demo_http_body(crew->http));
    log_out(crew, authorization);
}

static gboolean waits_for_crew(json_t *alarm) {
    const char *state = json_string_value(json_object_get(alarm, "state"));
    return json_is_string(json_object_get(alarm, "id")) && state &&
           (strcmp(state, "unacknowledged") == 0 || strcmp(state, "returned") == 0);
}

/* True when it was this alarm's turn. */
static gboolean alarm_look(Crew *crew, json_t *alarm) {
    gint64 since_ms;
    const char *onset = json_string_value(json_object_get(alarm, "onset"));
    const PlanEnterprise *e =
        enterprise_find(crew, json_string_value(json_object_get(alarm, "enterprise")));
    if (!e || !waits_for_crew(alarm) || !onset || !time_parse(onset, &since_ms))
        return FALSE;
    gint64 patience = crew_patience_ms(json_string_value(json_object_get(alarm, "id")),
                                       person_visits(crew->plan, e));
    if (clock_now(crew->clock) - since_ms < patience)
        return FALSE;
    acknowledge(crew, e, alarm);
    return TRUE;
}

static json_t *desk_read(Crew *crew) {
    if (!crew->desk_token)
        crew->desk_token = log_in(crew, "province", DEMO_PASSWORD);
    if (!crew->desk_token)
        return NULL;
    DemoRequest request = {.method = "GET",
                           .path = "/api/alarms?state=open&limit=500",
                           .authorization = crew->desk_token};
    int status = demo_http_send(crew->http, &request);
    if (status == 401)
        g_clear_pointer(&crew->desk_token, g_free);
    return status == 200 ? json_loads(demo_http_body(crew->http), 0, NULL) : NULL;
}

/* At most a few at a time: people have two hands, and each log-in costs a password hash. */
static void *crew_run(void *data) {
    enum { HANDS = 8 };
    Crew *crew = data;
    while (bell_wait(&crew->bell, LOOK_S * 1000) != BELL_STOPPED && crew->failures < FAILURES_MAX) {
        json_t *desk = desk_read(crew), *alarm;
        gsize i;
        int hands = HANDS;
        json_array_foreach(json_object_get(desk, "items"), i,
                           alarm) if (hands > 0 && crew->failures < FAILURES_MAX) hands -=
            alarm_look(crew, alarm);
        json_decref(desk);
    }
    return NULL;
}

Crew *crew_start(const char *url, const ProvincePlan *plan, const DemoKey *key, Clock *clock,
                 GError **error) {
    Crew *crew = g_new0(Crew, 1);
    crew->plan = plan, crew->key = *key, crew->clock = clock;
    crew->http = demo_http_new(url);
    bell_init(&crew->bell);
    int failure = pthread_create(&crew->thread, NULL, crew_run, crew);
    if (!failure)
        return crew;
    error_set(error, ERROR_INTERNAL, NULL, g_strerror(failure), NULL);
    demo_http_free(crew->http);
    g_free(crew);
    return NULL;
}

void crew_stop(Crew *crew) {
    if (!crew)
        return;
    bell_stop(&crew->bell);
    pthread_join(crew->thread, NULL);
    demo_http_free(crew->http);
    g_free(crew->desk_token);
    bell_clear(&crew->bell);
    g_free(crew);
}
