/* Figures of alarm systems on lists made by hand, and what differs between two lists. */
#include "signal/alarm_difference.h"
#include "signal/alarm_kpi.h"

#include <math.h>
#include <string.h>

static const gint64 T0 = 1700000000000;
enum { S = 1000, MIN_MS = 60 * S, HOUR = 60 * MIN_MS };

static const PackTable *targets(void) {
    static Packs *packs;
    g_autoptr(GError) error = NULL;
    if (packs == NULL)
        packs = packs_load("packs", &error);
    g_assert_no_error(error);
    return packs_table_named(packs, "alarm_kpi");
}

/* at and for: ms after T0, and how long (0: stands). */
static void add(AlarmSpans *spans, const char *point, const char *enterprise, gint64 at,
                gint64 lasts, guint8 priority) {
    AlarmSpan span = {.point = point,
                      .enterprise = enterprise,
                      .rule = "",
                      .condition = CONDITION_HIGH,
                      .level = ALARM_LEVEL_H,
                      .worst_level = ALARM_LEVEL_H,
                      .priority = priority,
                      .announced = TRUE,
                      .onset_ms = T0 + at,
                      .raised_ms = T0 + at,
                      .returned_ms = lasts ? T0 + at + lasts : 0};
    g_snprintf(span.id, sizeof span.id, "%u", spans->list->len);
    g_array_append_val(spans->list, span);
}

static AlarmKpis figures(const AlarmSpans *spans, guint positions, gint64 lasts) {
    return alarm_kpis(spans, targets(), positions, T0, T0 + lasts);
}

static void assert_kpi(AlarmKpis kpis, AlarmKpi kpi, double wanted) {
    if (fabs(kpis.value[kpi] - wanted) > 1e-9)
        g_error("%s is %g, not %g", alarm_kpi_name(kpi), kpis.value[kpi], wanted);
}

static void test_rates_are_per_position(void) {
    AlarmSpans *spans = alarm_spans_new();
    for (int i = 0; i < 24; i++)
        add(spans, i % 2 ? "A" : "B", i < 12 ? "E1" : "E2", (gint64)i * HOUR, MIN_MS * 5,
            1 + i % 4);
    AlarmKpis kpis = figures(spans, 2, 24 * HOUR);
    assert_kpi(kpis, KPI_PER_DAY, 12);
    assert_kpi(kpis, KPI_PER_HOUR, 0.5);
    assert_kpi(kpis, KPI_PER_10MIN, 0.5 / 6);
    assert_kpi(kpis, KPI_PRIORITY_1, 25);
    assert_kpi(kpis, KPI_SLOT_MAX, 1);
    assert_kpi(kpis, KPI_FLOOD_SHARE, 0);
    assert_kpi(kpis, KPI_CHATTERING, 0);
    assert_kpi(kpis, KPI_FLEETING, 0);
    alarm_spans_free(spans);
}

/* Eleven in ten minutes begin a flood, five go on with it, four end it. */
static void test_a_flood_lasts_until_it_is_calm(void) {
    static const int in_slot[] = {3, 11, 5, 4, 5, 0, 12};
    AlarmSpans *spans = alarm_spans_new();
    for (guint slot = 0; slot < G_N_ELEMENTS(in_slot); slot++)
        for (int i = 0; i < in_slot[slot]; i++)
            add(spans, "A", "E1", (gint64)slot * 10 * MIN_MS + i * 50 * S, 2 * HOUR, 2);
    AlarmKpis kpis = figures(spans, 1, 100 * MIN_MS);
    assert_kpi(kpis, KPI_FLOOD_SHARE, 30);
    assert_kpi(kpis, KPI_SLOTS_OVER, 20);
    assert_kpi(kpis, KPI_SLOT_MAX, 12);
    assert_kpi(kpis, KPI_HOURS_OVER, 0);
    for (int i = 0; i < 3; i++)
        add(spans, "B", "E1", 5 * MIN_MS + i, 2 * HOUR, 2);
    alarm_spans_clip(spans, T0, T0 + 100 * MIN_MS);
    assert_kpi(figures(spans, 1, 100 * MIN_MS), KPI_HOURS_OVER, 60); /* 31 in the first hour */
    alarm_spans_free(spans);
}

static void test_bad_actors(void) {
    static const char *const names[] = {"P0", "P1", "P2", "P3",  "P4",  "P5",  "P6",
                                        "P7", "P8", "P9", "P10", "P11", "P12", "P13"};
    AlarmSpans *spans = alarm_spans_new();
    for (int i = 0; i < 3; i++)
        add(spans, "CHATTERS", "E1", (gint64)i * 30 * S, 10 * S, 4);
    for (int i = 0; i < 3; i++)
        add(spans, "SLOW", "E1", HOUR + (gint64)i * 31 * S, 10 * S, 4);
    for (int i = 0; i < 14; i++)
        add(spans, names[i], "E1", 2 * HOUR + i, HOUR, 3);
    AlarmKpis kpis = figures(spans, 1, 24 * HOUR);
    assert_kpi(kpis, KPI_CHATTERING, 1);
    assert_kpi(kpis, KPI_FLEETING, 6);
    assert_kpi(kpis, KPI_TOP_SHARE, 14 * 100. / 20);
    json_t *worst = alarm_kpi_worst(spans, targets(), T0, T0 + 24 * HOUR, 2);
    g_assert_cmpuint(json_array_size(worst), ==, 2);
    g_assert_cmpstr(json_string_value(json_object_get(json_array_get(worst, 0), "point")), ==,
                    "CHATTERS");
    g_assert_true(json_is_true(json_object_get(json_array_get(worst, 0), "chattering")));
    g_assert_false(json_is_true(json_object_get(json_array_get(worst, 1), "chattering")));
    json_decref(worst);
    alarm_spans_free(spans);
}

/* Counted at the ends of days, when an alarm has stood for more than a day. */
static void test_stale_alarms(void) {
    AlarmSpans *spans = alarm_spans_new();
    add(spans, "A", "E1", -30 * HOUR, 31 * HOUR, 2); /* gone before the first day ends */
    add(spans, "B", "E1", HOUR, 46 * HOUR, 2);       /* 23 h at one end, gone at the next */
    add(spans, "C", "E1", HOUR, 60 * HOUR, 2);       /* stale at the end of day 2 */
    add(spans, "D", "E1", 20 * HOUR, 0, 2);          /* of days 2 (28 h) and 3 */
    assert_kpi(figures(spans, 1, 72 * HOUR), KPI_STALE, 2);
    assert_kpi(figures(spans, 1, 24 * HOUR), KPI_STALE, 0);
    alarm_spans_free(spans);
}

static void test_what_was_not_announced_does_not_count(void) {
    AlarmSpans *spans = alarm_spans_new();
    add(spans, "A", "E1", 0, 5 * S, 2);
    g_array_index(spans->list, AlarmSpan, 0).announced = FALSE;
    AlarmKpis kpis = figures(spans, 1, HOUR);
    g_assert_cmpuint(kpis.alarms, ==, 0);
    g_assert_true(isnan(kpis.value[KPI_TOP_SHARE]));
    g_assert_null(alarm_kpi_verdict(targets(), KPI_PRIORITY_1, kpis.value[KPI_PRIORITY_1]));
    alarm_spans_free(spans);
}

static void test_verdicts(void) {
    g_assert_cmpstr(alarm_kpi_verdict(targets(), KPI_PER_HOUR, 6), ==, "good");
    g_assert_cmpstr(alarm_kpi_verdict(targets(), KPI_PER_HOUR, 12), ==, "manageable");
    g_assert_cmpstr(alarm_kpi_verdict(targets(), KPI_PER_HOUR, 12.1), ==, "bad");
    g_assert_cmpstr(alarm_kpi_verdict(targets(), KPI_STALE, 4), ==, "good");
    g_assert_cmpstr(alarm_kpi_verdict(targets(), KPI_STALE, 5), ==, "bad");
    g_assert_null(alarm_kpi_verdict(targets(), KPI_PRIORITY_4, 80));
}

/* ---- differences ---- */

static char *kinds_of(const AlarmSpans *former, const AlarmSpans *now) {
    g_autoptr(GArray) list = alarm_difference(former, now);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const Difference *one = &g_array_index(list, Difference, i);
        g_string_append_printf(out, "%s%s %s", i ? ", " : "",
                               one->now ? one->now->point : one->former->point,
                               difference_code(one->kind));
    }
    return g_string_free(out, FALSE);
}

static void test_differences(void) {
    AlarmSpans *former = alarm_spans_new(), *now = alarm_spans_new();
    add(former, "SAME", "E1", 0, HOUR, 2);
    add(now, "SAME", "E1", 0, HOUR, 2);
    add(former, "GONE", "E1", 1, HOUR, 2);
    add(now, "NEW", "E1", 2, HOUR, 2);
    add(former, "EARLY", "E1", 10 * S, HOUR, 2);
    add(now, "EARLY", "E1", 3 * S, HOUR, 2);
    add(former, "LATE", "E1", 4 * S, HOUR, 2);
    add(now, "LATE", "E1", 11 * S, HOUR, 2);
    add(former, "HIGHER", "E1", 12 * S, HOUR, 2);
    add(now, "HIGHER", "E1", 12 * S, HOUR, 2);
    g_array_index(now->list, AlarmSpan, now->list->len - 1).worst_level = ALARM_LEVEL_HH;
    add(former, "LONGER", "E1", 13 * S, HOUR, 2);
    add(now, "LONGER", "E1", 13 * S, 0, 2);
    /* one that becomes two, and two that become one */
    add(former, "SPLIT", "E1", 20 * S, HOUR, 2);
    add(now, "SPLIT", "E1", 20 * S, MIN_MS, 2);
    add(now, "SPLIT", "E1", 20 * S + 2 * MIN_MS, MIN_MS, 2);
    add(former, "JOINED", "E1", 30 * S, MIN_MS, 2);
    add(former, "JOINED", "E1", 30 * S + 2 * MIN_MS, MIN_MS, 2);
    add(now, "JOINED", "E1", 30 * S, HOUR, 2);
    g_autofree char *kinds = kinds_of(former, now);
    g_assert_cmpstr(kinds, ==,
                    "SAME same, GONE gone, NEW new, EARLY earlier, LATE later, HIGHER higher, "
                    "LONGER length, SPLIT length, JOINED length, SPLIT new, JOINED gone");
    alarm_spans_free(former);
    alarm_spans_free(now);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kpi/rates", test_rates_are_per_position);
    g_test_add_func("/kpi/flood", test_a_flood_lasts_until_it_is_calm);
    g_test_add_func("/kpi/bad-actors", test_bad_actors);
    g_test_add_func("/kpi/stale", test_stale_alarms);
    g_test_add_func("/kpi/announced", test_what_was_not_announced_does_not_count);
    g_test_add_func("/kpi/verdicts", test_verdicts);
    g_test_add_func("/difference/kinds", test_differences);
    return g_test_run();
}
