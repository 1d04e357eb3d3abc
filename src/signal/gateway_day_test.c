/* What a gateway's batches say of it: hearing, gaps, clock, backlog, and that a restart keeps it.
 */
#include "signal/gateways.h"

#include <glib/gstdio.h>
#include <string.h>

enum { MINUTE = 60000, HOUR = 3600000 };

static gint64 noon(void) { return day_start(20000) + 12 * HOUR; }

static Gateway fresh(gint64 now_ms) {
    Gateway gateway;
    gateway_init(&gateway, now_ms, now_ms);
    return gateway;
}

/* A batch each `step_ms` from `from` on, `n` of them, `offset_ms` away from their receipt. */
static gint64 send(Gateway *gateway, gint64 from_ms, gint64 step_ms, int n, gint64 offset_ms) {
    for (int i = 0; i < n; i++, from_ms += step_ms)
        gateway_heard(gateway, from_ms, from_ms + offset_ms, 10, 0, NULL);
    return from_ms;
}

static void heard_and_counted(const Gateway *gateway, const GatewaySlots *down, gint64 now_ms,
                              guint heard, guint counted) {
    guint is_heard, is_counted;
    gateway_day_online(&gateway->today, down, now_ms, &is_heard, &is_counted);
    g_assert_cmpuint(is_heard, ==, heard);
    g_assert_cmpuint(is_counted, ==, counted);
}

static void online_is_the_share_of_slots(void) {
    GatewaySlots down = {{0}};
    Gateway gateway = fresh(noon());
    gint64 now_ms = send(&gateway, noon(), MINUTE, 30, 0); /* six slots */
    heard_and_counted(&gateway, &down, now_ms, 6, 6);      /* the open one is not counted yet */
    now_ms += 30 * MINUTE;
    heard_and_counted(&gateway, &down, now_ms, 6, 12);
    for (guint slot = 150; slot < 153; slot++) /* the server was away for three of them */
        gateway_slot_set(&down, slot);
    heard_and_counted(&gateway, &down, now_ms, 6, 9);
    gateway_slot_set(&down, 145); /* heard all the same: after a restart within the slot */
    heard_and_counted(&gateway, &down, now_ms, 6, 9);
    heard_and_counted(&gateway, &down, day_start(20002), 6, 141);
}

static void gaps_are_silences_longer_than_a_slot(void) {
    Gateway gateway = fresh(noon());
    gint64 now_ms = send(&gateway, noon(), 5 * MINUTE, 4, 0); /* the slowest allowed pace */
    g_assert_cmpuint(gateway.today.gaps, ==, 0);
    now_ms = send(&gateway, now_ms + 20 * MINUTE, MINUTE, 2, 0);
    now_ms = send(&gateway, now_ms + 60 * MINUTE, MINUTE, 2, 0);
    g_assert_cmpuint(gateway.today.gaps, ==, 2);
    g_assert_cmpint(gateway.today.gaps_ms, ==, 25 * MINUTE + 61 * MINUTE);
    g_assert_cmpint(gateway.today.longest_gap_ms, ==, 61 * MINUTE);
    g_assert_cmpint(gateway.today.gap[0].from_ms, ==, noon() + 15 * MINUTE);
    gateway_resume(&gateway, now_ms, now_ms + 8 * HOUR); /* the server was away: nobody's silence */
    send(&gateway, now_ms + 8 * HOUR + MINUTE, MINUTE, 1, 0);
    g_assert_cmpuint(gateway.today.gaps, ==, 2);
}

static void a_gap_over_midnight_is_of_both_days(void) {
    GatewayDay past;
    gint64 midnight = day_start(20001);
    Gateway gateway = fresh(midnight - HOUR);
    send(&gateway, midnight - HOUR, MINUTE, 1, 0);
    g_assert_true(gateway_heard(&gateway, midnight + HOUR, midnight + HOUR, 1, 2, &past));
    g_assert_cmpint(past.day, ==, 20000);
    g_assert_cmpuint(past.gaps, ==, 1);
    g_assert_cmpint(past.gaps_ms, ==, HOUR);
    g_assert_cmpint(gateway.today.day, ==, 20001);
    g_assert_cmpint(gateway.today.gaps_ms, ==, HOUR);
    g_assert_cmpint(gateway.today.since_ms, ==, midnight);
    g_assert_cmpuint((guint)gateway.today.refused, ==, 2);
    g_assert_false(gateway_roll(&gateway, midnight + 2 * HOUR, &past));
    g_assert_true(gateway_roll(&gateway, midnight + 26 * HOUR, &past)); /* without a batch */
    g_assert_cmpint(past.gaps_ms, ==, 24 * HOUR);
}

static void the_clock_is_measured(void) {
    Gateway gateway = fresh(noon());
    double drift;
    g_assert_false(gateway.skew_known);
    gint64 now_ms = noon();
    for (int i = 0; i < 24 * 60; i++, now_ms += MINUTE) { /* 1 s a day behind, one batch odd */
        gint64 offset = -3000 - (now_ms - noon()) / 86400;
        gateway_heard(&gateway, now_ms, now_ms + (i % 10 == 3 ? offset - 30000 : offset), 5, 0,
                      NULL);
    }
    g_assert_true(gateway.skew_known);
    g_assert_cmpint(ABS(gateway.skew_ms + 4000), <, 100);
    g_assert_true(gateway_drift(&gateway, &drift));
    g_assert_cmpfloat(ABS(drift + 1000), <, 50);
    g_assert_cmpuint((guint)gateway.today.backlog_batches, ==, 0);
}

/* Half a day of old data at sixty times its pace, live data between it. */
static void a_backlog_is_no_skew(void) {
    Gateway gateway = fresh(noon());
    gint64 now_ms = send(&gateway, noon(), 10000, 20, -500), old_ms = now_ms - 12 * HOUR;
    for (int i = 0; i < 60; i++, now_ms += 5000, old_ms += 10 * MINUTE) {
        g_assert_true(gateway_is_backlog(&gateway, now_ms, old_ms));
        gateway_heard(&gateway, now_ms, old_ms, 100, 0, NULL);
        g_assert_false(gateway_is_backlog(&gateway, now_ms, now_ms - 500));
        if (i % 2)
            gateway_heard(&gateway, now_ms, now_ms - 500, 10, 0, NULL);
    }
    g_assert_true(gateway_backlog_now(&gateway, now_ms));
    g_assert_cmpint(gateway.skew_ms, ==, -500);
    g_assert_cmpuint((guint)gateway.today.backlog_batches, ==, 60);
    g_assert_cmpuint((guint)gateway.today.backlog_samples, ==, 6000);
    g_assert_cmpint(gateway.backlog_reached_ms - gateway.backlog_first_ms, ==, 59 * 10 * MINUTE);
    g_assert_false(gateway_backlog_now(&gateway, now_ms + 2 * MINUTE));
}

/* Only old data, oldest first: at no time taken for a slow clock. */
static void a_backlog_alone_is_no_slow_clock(void) {
    Gateway gateway = fresh(noon());
    gint64 now_ms = noon(), old_ms = now_ms - 40 * HOUR;
    for (int i = 0; i < 400; i++, now_ms += 5000, old_ms += MINUTE)
        gateway_heard(&gateway, now_ms, old_ms, 100, 0, NULL);
    g_assert_cmpuint((guint)gateway.today.backlog_batches, ==, 400);
    g_assert_false(gateway.skew_known);
}

static void a_slow_clock_is_found(void) {
    Gateway gateway = fresh(noon());
    gint64 now_ms = send(&gateway, noon(), 30000, 40, -7 * MINUTE);
    g_assert_true(gateway.skew_known);
    g_assert_cmpint(gateway.skew_ms, ==, -7 * MINUTE);
    g_assert_false(gateway_is_backlog(&gateway, now_ms, now_ms - 7 * MINUTE));
    g_assert_true(gateway_is_backlog(&gateway, now_ms, now_ms - 10 * MINUTE));
    now_ms = send(&gateway, now_ms, 30000, GATEWAY_OFFSETS, 0); /* it is set right */
    g_assert_cmpint(gateway.skew_ms, ==, 0);
    now_ms = send(&gateway, now_ms, 30000, GATEWAY_OFFSETS, 20 * MINUTE); /* and too far */
    g_assert_cmpint(gateway.skew_ms, ==, 20 * MINUTE);
    g_assert_false(gateway_is_backlog(&gateway, now_ms, now_ms));
}

static void json_round(Gateway *gateway) {
    Gateway again;
    json_t *first = gateway_write(gateway);
    gateway_read(&again, first);
    json_t *second = gateway_write(&again);
    g_assert_true(json_equal(first, second));
    json_decref(first);
    json_decref(second);
}

static void state_survives_as_text(void) {
    Gateway gateway = fresh(noon());
    json_round(&gateway);
    gint64 now_ms = noon();
    for (int i = 0; i < 200; i++) { /* every ring has gone round */
        now_ms = send(&gateway, now_ms + 20 * MINUTE, 1000, 3, -i);
        json_round(&gateway);
    }
    g_assert_cmpuint(gateway.hours, ==, GATEWAY_HOURS);
}

static void damaged_text_is_bounded(void) {
    Gateway gateway;
    static const char *const texts[] = {
        "{}", "[]", "7", "{\"today\":{\"gaps\":99999999999,\"gap\":[[1,2]],\"heard\":\"zz\"}}",
        "{\"live\":[1,2,\"x\"],\"hourly\":[3,[4]],\"today\":{\"gaps\":-4,\"gap\":[[]]}}"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        gateway_read(&gateway, json);
        send(&gateway, noon(), MINUTE, 100, 0);
        json_round(&gateway);
        json_decref(json);
    }
}

/* ---- the table ---- */

typedef struct {
    char *path;
    Sql *sql;
} Store;

static Store store_open(void) {
    GError *error = NULL;
    g_autofree char *dir = g_dir_make_tmp("gateways-XXXXXX", NULL);
    Store store = {.path = g_build_filename(dir, "samples.db", NULL)};
    g_autofree char *uri = g_strconcat("sqlite:", store.path, NULL);
    store.sql = sql_open(uri, SQL_WRITE, &error);
    g_assert_true(gateways_migrate(store.sql, &error));
    return store;
}

static void store_close(Store *store) {
    g_autofree char *dir = g_path_get_dirname(store->path);
    sql_close(store->sql);
    g_unlink(store->path);
    g_rmdir(dir);
    g_free(store->path);
}

static void save(Gateways *gateways, Sql *sql, gint64 now_ms, gboolean good) {
    GError *error = NULL;
    g_assert_true(sql_exec(sql, "BEGIN IMMEDIATE", &error));
    g_assert_true(gateways_save(gateways, sql, now_ms, &error));
    g_assert_true(sql_exec(sql, good ? "COMMIT" : "ROLLBACK", &error));
    gateways_saved(gateways, good);
}

static Gateways *open_at(Sql *sql, gint64 now_ms) {
    GError *error = NULL;
    Gateways *gateways = gateways_new(sql, now_ms, &error);
    g_assert_no_error(error);
    return gateways;
}

static void a_restart_keeps_the_counts(void) {
    Store store = store_open();
    GError *error = NULL;
    Gateway gateway;
    GatewayDay day;
    gint64 now_ms = noon();
    Gateways *gateways = open_at(store.sql, now_ms);
    for (int i = 0; i < 60; i++, now_ms += MINUTE)
        gateways_heard(gateways, "GW-1", now_ms, now_ms, 10, 1);
    save(gateways, store.sql, now_ms, FALSE); /* a disk that was full loses nothing */
    save(gateways, store.sql, now_ms, TRUE);
    gateways_free(gateways);

    now_ms += 30 * MINUTE;
    gateways = open_at(store.sql, now_ms);
    g_assert_true(gateways_find(gateways, "GW-1", now_ms, &gateway));
    g_assert_false(gateways_find(gateways, "GW-2", now_ms, &gateway));
    GatewaySlots down = gateways_down(gateways, now_ms);
    heard_and_counted(&gateway, &down, now_ms, 12, 12); /* the half hour is nobody's */
    g_assert_cmpuint((guint)gateway.today.refused, ==, 60);
    g_assert_cmpuint(gateway.today.gaps, ==, 0);

    now_ms = day_start(20001) + HOUR; /* the day ends, and is kept */
    save(gateways, store.sql, now_ms, FALSE);
    save(gateways, store.sql, now_ms, TRUE);
    g_assert_true(gateway_day_load(store.sql, "GW-1", 20000, &day, &error));
    g_assert_cmpuint((guint)day.samples, ==, 600);
    g_assert_cmpuint(day.gaps, ==, 1);
    g_assert_true(gateway_down_load(store.sql, 20000, &down, &error));
    g_assert_true(gateway_slot_has(&down, 160));
    g_assert_false(gateway_day_load(store.sql, "GW-1", 19999, &day, &error));
    g_assert_no_error(error);
    save(gateways, store.sql, day_start(20000 + GATEWAY_DAYS + 2), TRUE); /* not for ever */
    g_assert_false(gateway_day_load(store.sql, "GW-1", 20000, &day, &error));
    gateways_free(gateways);
    store_close(&store);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gateway/online", online_is_the_share_of_slots);
    g_test_add_func("/gateway/gaps", gaps_are_silences_longer_than_a_slot);
    g_test_add_func("/gateway/midnight", a_gap_over_midnight_is_of_both_days);
    g_test_add_func("/gateway/clock", the_clock_is_measured);
    g_test_add_func("/gateway/backlog", a_backlog_is_no_skew);
    g_test_add_func("/gateway/backlog-alone", a_backlog_alone_is_no_slow_clock);
    g_test_add_func("/gateway/slow-clock", a_slow_clock_is_found);
    g_test_add_func("/gateway/text", state_survives_as_text);
    g_test_add_func("/gateway/damaged", damaged_text_is_bounded);
    g_test_add_func("/gateway/restart", a_restart_keeps_the_counts);
    return g_test_run();
}
