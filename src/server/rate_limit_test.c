#include "server/rate_limit.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

static const Rate rates[RATES] = {{0, 0}, {10, 5}, {1, 2}};

/* A burst, then as often as the rate; the wait that is told is long enough and not too long. */
static void test_bucket(void) {
    RateLimit *limit = rate_limit_new(rates);
    gint64 wait = 0, now = 50 * SECOND;
    for (int i = 0; i < 1000; i++)
        g_assert_true(rate_limit_take(limit, RATE_WEB, "10.0.0.1", now, &wait)); /* no limit */
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", now, &wait));
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", now, &wait));
    g_assert_false(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", now, &wait));
    g_assert_cmpint(wait, ==, 1);
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "10.0.0.2", now, &wait)); /* another */
    g_assert_true(rate_limit_take(limit, RATE_DEVICE, "10.0.0.1", now, &wait));
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", now + wait * SECOND, &wait));
    g_assert_false(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", now + SECOND, &wait));
    now += 1000 * SECOND; /* never more than the burst */
    for (int i = 0; i < 2; i++)
        g_assert_true(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", now, &wait));
    g_assert_false(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", now, &wait));
    rate_limit_free(limit);
}

/* One IPv6 customer has a whole /64. */
static void test_networks(void) {
    RateLimit *limit = rate_limit_new(rates);
    gint64 wait;
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "2001:db8::1", 0, &wait));
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "2001:db8::2", 0, &wait));
    g_assert_false(rate_limit_take(limit, RATE_GUEST, "2001:db8::3", 0, &wait));
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "2001:db8:0:1::3", 0, &wait));
    rate_limit_free(limit);
}

/* A flood of addresses takes no more memory and does not free who is known; late comers share. */
static void test_bounded(void) {
    RateLimit *limit = rate_limit_new(rates);
    gint64 wait, taken = 0;
    for (int i = 0; i < 2; i++)
        rate_limit_take(limit, RATE_GUEST, "10.0.0.1", 0, &wait);
    for (int i = 0; i < 60000; i++) {
        g_autofree char *address = g_strdup_printf("11.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        taken += rate_limit_take(limit, RATE_GUEST, address, 0, &wait);
    }
    g_assert_cmpint(taken, >=, 19000);
    g_assert_cmpint(taken, <=, 20010);
    g_assert_false(rate_limit_take(limit, RATE_GUEST, "10.0.0.1", 0, &wait));
    g_assert_true(rate_limit_take(limit, RATE_GUEST, "12.0.0.1", 10 * SECOND, &wait));
    rate_limit_free(limit);
}

static void test_parse(void) {
    Rate read[RATES];
    static const char *const bad[] = {"",          "web",      "web=",      "web=1",
                                      "web=1/d",   "web=/s",   "web=0/s",   "web=-1/s",
                                      "other=1/s", "web=1/s:", "web=1/s:0", "web=1/s:2x",
                                      "web=1/ss",  "webb=1/s", "web=nan/s"};
    GError *error = NULL;
    g_assert_true(rate_parse("guest=30/h:10", read, &error));
    g_assert_cmpfloat(read[RATE_GUEST].per_second, ==, 30.0 / 3600);
    g_assert_cmpfloat(read[RATE_GUEST].burst, ==, 10);
    g_assert_true(rate_parse("web=60/m", read, &error));
    g_assert_cmpfloat(read[RATE_WEB].per_second, ==, 1);
    g_assert_cmpfloat(read[RATE_WEB].burst, ==, 60);
    g_assert_true(rate_parse("device=off", read, &error));
    g_assert_cmpfloat(read[RATE_DEVICE].per_second, ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (rate_parse(bad[i], read, &error))
            g_error("%s is taken", bad[i]);
        g_assert_cmpint(error_kind(error), ==, ERROR_CONFIG);
        g_clear_error(&error);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rate/bucket", test_bucket);
    g_test_add_func("/rate/networks", test_networks);
    g_test_add_func("/rate/bounded", test_bounded);
    g_test_add_func("/rate/parse", test_parse);
    return g_test_run();
}
