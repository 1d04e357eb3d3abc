#include "record/record_fixture.h"

static void check_time(gint64 ms, const char *wanted) {
    char text[TIME_TEXT];
    g_assert_cmpstr(time_format(ms, text), ==, wanted);
}

/* 2026: Sep 28-30 are working days, Oct 1-7 National Day, Saturday Oct 10 is worked. */
static void test_spans(World *world, gconstpointer data) {
    (void)data;
    static const struct {
        const char *from;
        Span span;
        const char *wanted;
    } cases[] = {
        {"2026-09-30T17:00:00+08:00", {1, SPAN_WORKDAYS}, "2026-10-08T23:59:59.999+08:00"},
        {"2026-09-30T23:59:59.999+08:00", {1, SPAN_WORKDAYS}, "2026-10-08T23:59:59.999+08:00"},
        {"2026-09-30T00:00:00+08:00", {3, SPAN_WORKDAYS}, "2026-10-10T23:59:59.999+08:00"},
        {"2026-09-30T00:00:00+08:00", {4, SPAN_WORKDAYS}, "2026-10-12T23:59:59.999+08:00"},
        {"2026-10-03T12:00:00+08:00", {1, SPAN_WORKDAYS}, "2026-10-08T23:59:59.999+08:00"},
        {"2026-10-08T23:59:59.999+08:00", {1, SPAN_WORKDAYS}, "2026-10-09T23:59:59.999+08:00"},
        {"2026-10-08T12:00:00+08:00", {0, SPAN_WORKDAYS}, "2026-10-08T23:59:59.999+08:00"},
        {"2026-12-31T23:50:00+08:00", {15, SPAN_MINUTES}, "2027-01-01T00:05:00+08:00"},
        {"2026-10-08T12:00:00+08:00", {0, SPAN_HOURS}, "2026-10-08T12:00:00+08:00"},
        {"2026-12-31T23:00:00+08:00", {3, SPAN_HOURS}, "2027-01-01T02:00:00+08:00"},
        {"2026-09-28T09:30:00+08:00", {10, SPAN_DAYS}, "2026-10-08T09:30:00+08:00"},
        {"2026-08-31T09:30:00+08:00", {1, SPAN_MONTHS}, "2026-09-30T09:30:00+08:00"},
        {"2026-08-31T09:30:00+08:00", {6, SPAN_MONTHS}, "2027-02-28T09:30:00+08:00"},
        {"2028-02-29T00:00:00+08:00", {1, SPAN_YEARS}, "2029-02-28T00:00:00+08:00"},
        {"2026-10-08T12:00:00+08:00", {-2, SPAN_WORKDAYS}, "2026-09-29T23:59:59.999+08:00"},
        {"2026-10-08T09:30:00+08:00", {-10, SPAN_DAYS}, "2026-09-28T09:30:00+08:00"},
        {"2026-08-31T09:30:00+08:00", {-6, SPAN_MONTHS}, "2026-02-28T09:30:00+08:00"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_time(span_add(world->packs->calendar, at(cases[i].from), cases[i].span, NULL),
                   cases[i].wanted);
    int missing;
    span_add(world->packs->calendar, at("2026-12-31T12:00:00+08:00"), (Span){1, SPAN_WORKDAYS},
             &missing);
    g_assert_cmpint(missing, ==, 2027);
    span_add(world->packs->calendar, at("2026-12-30T12:00:00+08:00"), (Span){1, SPAN_WORKDAYS},
             &missing);
    g_assert_cmpint(missing, ==, 0);
}

static int fire(World *world, const char *time) {
    GError *error = NULL;
    int fired, all = 0;
    world->now_ms = at(time);
    do {
        g_assert_true(clocks_fire(world->sql, world->packs, world->now_ms, 3, &fired, &error));
        g_assert_no_error(error);
        all += fired;
    } while (fired);
    return all;
}

static void next_is(World *world, const char *wanted) {
    GError *error = NULL;
    gint64 next = clocks_next(world->sql, &error);
    g_assert_no_error(error);
    if (wanted)
        check_time(next, wanted);
    else
        g_assert_cmpint(next, ==, G_MAXINT64);
}

static char *new_hazard(World *world, const char *time) {
    GError *error = NULL;
    world->now_ms = at(time);
    json_t *hazard =
        done(create(world, &actor_system, "hazard",
                    "{'title':'a','enterprise':'E1','source':'other','grade':'general'}", &error),
             error);
    char *id = g_strdup(get(hazard, "id"));
    json_decref(hazard);
    return id;
}

static void field_is(World *world, const char *id, const char *field, const char *wanted) {
    GError *error = NULL;
    json_t *hazard =
        done(record_get(world->sql, world->packs, &actor_system, "hazard", id, &error), error);
    g_assert_cmpstr(get(hazard, field), ==, wanted);
    json_decref(hazard);
}

static void make(World *world, const char *id, const char *name, const char *fields) {
    GError *error = NULL;
    json_decref(done(move(world, &actor_system, "hazard", id, name, 0, fields, &error), error));
}

static json_t *clock_at(World *world, const char *id, gsize i, gsize count) {
    GError *error = NULL;
    json_t *clocks = record_clocks(world->sql, world->packs, "hazard", id, world->now_ms, &error);
    g_assert_cmpuint(json_array_size(clocks), ==, count);
    json_t *clock = json_incref(json_array_get(clocks, i));
    json_decref(clocks);
    return clock;
}

/* One working day over National Day; escalation to county, city, province; nothing early, nothing
 * twice. */
static void test_escalation(World *world, gconstpointer data) {
    (void)data;
    g_autofree char *id = new_hazard(world, "2026-09-30T17:00:00+08:00");
    next_is(world, "2026-10-08T23:59:59.999+08:00");
    g_assert_cmpint(fire(world, "2026-10-08T23:59:59.998+08:00"), ==, 0);
    g_assert_cmpint(fire(world, "2026-10-08T23:59:59.999+08:00"), ==, 1);
    field_is(world, id, "escalation", "1");
    g_assert_cmpint(fire(world, "2026-10-09T12:00:00+08:00"), ==, 0);
    g_assert_cmpint(fire(world, "2026-10-10T00:00:00+08:00"), ==, 1);
    field_is(world, id, "escalation", "2");
    next_is(world, "2026-10-12T23:59:59.999+08:00"); /* three working days after the 8th: 9, 10
                                                        (Saturday), 12 */
    g_assert_cmpint(fire(world, "2026-10-13T00:00:00+08:00"), ==, 1);
    field_is(world, id, "escalation", "3");
    next_is(world, NULL);
    json_t *clock = clock_at(world, id, 0, 1);
    g_assert_cmpstr(get(clock, "state"), ==, "fired");
    g_assert_true(json_is_true(json_object_get(clock, "overdue")));
    json_decref(clock);
    verify_good(world);
}

/* After a fortnight without power every step fires once, in order, with its own due time on record.
 */
static void test_catch_up(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_autofree char *first = new_hazard(world, "2026-09-28T09:00:00+08:00");
    g_autofree char *second = new_hazard(world, "2026-09-30T09:00:00+08:00");
    g_assert_cmpint(fire(world, "2026-10-20T08:00:00+08:00"), ==, 6);
    g_assert_cmpint(fire(world, "2026-10-20T08:00:00+08:00"), ==, 0);
    json_t *entries = journal_of(world->sql, world->packs, "hazard", first, &error);
    g_assert_cmpuint(json_array_size(entries), ==, 4);
    static const char *const actions[] = {"create", "move:escalate_county", "move:escalate_city",
                                          "move:escalate_province"};
    static const char *const times[] = {NULL, "2026-09-29T23:59:59.999+08:00",
                                        "2026-09-30T23:59:59.999+08:00",
                                        "2026-10-09T23:59:59.999+08:00"};
    for (gsize i = 0; i < 4; i++) {
        json_t *entry = json_array_get(entries, i);
        json_t *note = json_array_get(json_object_get(json_object_get(entry, "diff"), "_clock"), 1);
        g_assert_cmpstr(get(entry, "action"), ==, actions[i]);
        g_assert_cmpstr(get(note, "step_at"), ==, times[i]);
        if (i)
            g_assert_cmpint(json_integer_value(json_object_get(note, "late_ms")), ==,
                            world->now_ms - at(times[i]));
    }
    json_decref(entries);
    field_is(world, second, "escalation", "3");
    verify_good(world);
}

/* The date of the order counts; a new date by a move or an edit re-dates the clock; leaving the
 * state stops it. */
static void test_until(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_autofree char *id = new_hazard(world, "2026-09-28T09:00:00+08:00");
    make(world, id, "assign", "{'owner':'x','due':'2026-10-11'}");
    json_t *clock = clock_at(world, id, 0, 2);
    g_assert_cmpstr(get(clock, "state"), ==, "done");
    json_decref(clock);
    next_is(world, "2026-10-11T23:59:59.999+08:00");
    g_assert_cmpint(fire(world, "2026-10-12T00:00:00+08:00"), ==, 1);
    field_is(world, id, "escalation", "1");
    json_decref(
        done(edit(world, &actor_system, "hazard", id, 0, "{'due':'2026-10-30'}", &error), error));
    next_is(world,
            "2026-10-30T23:59:59.999+08:00"); /* a new term: its first step is to come again */
    json_decref(done(edit(world, &actor_system, "hazard", id, 0, "{'place':'x'}", &error), error));
    next_is(world, "2026-10-30T23:59:59.999+08:00");
    json_decref(
        done(edit(world, &actor_system, "hazard", id, 0, "{'due':'2026-10-12'}", &error), error));
    next_is(world, "2026-10-12T23:59:59.999+08:00");
    make(world, id, "submit", "{'rectified':'x'}");
    next_is(world,
            "2026-10-26T23:59:59.999+08:00"); /* the check: ten working days after the 12th */
    make(world, id, "return", "{'opinion':'x','due':'2026-11-20'}");
    next_is(world, "2026-11-20T23:59:59.999+08:00");
    make(world, id, "submit", "{'rectified':'x'}");
    make(world, id, "accept", "{'opinion':'x'}");
    next_is(world, NULL);
    clock = clock_at(world, id, 4, 5);
    g_assert_cmpstr(get(clock, "state"), ==, "done");
    json_decref(clock);
    verify_good(world);
}

/* A step that is not possible any more is journaled and holds nothing up. */
static void test_passed_over(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_autofree char *id = new_hazard(world, "2026-09-28T09:00:00+08:00"),
                    *other = new_hazard(world, "2026-09-28T09:00:00+08:00");
    make(world, id, "dismiss", "{'dismissal':'x'}");
    sql_run(world->sql, &error, "UPDATE clocks SET stopped_ms = NULL, next_ms = ? WHERE id = ?",
            "it", at("2026-09-29T00:00:00+08:00"), id);
    g_assert_no_error(error);
    g_assert_cmpint(fire(world, "2026-10-20T00:00:00+08:00"), ==, 6);
    field_is(world, other, "escalation", "3");
    field_is(world, id, "escalation", "0");
    json_t *entries = journal_of(world->sql, world->packs, "hazard", id, &error),
           *entry = json_array_get(entries, 2);
    g_assert_cmpuint(json_array_size(entries), ==, 5);
    g_assert_cmpstr(get(entry, "action"), ==, "clock:verify");
    json_t *note = json_array_get(json_object_get(json_object_get(entry, "diff"), "_clock"), 1);
    g_assert_cmpstr(get(note, "passed_over"), ==, "move.state");
    json_decref(entries);
    verify_good(world);
}

/* Shelving ends by itself; an alarm whose condition is over goes on to the state it belongs in. */
static void test_shelf(World *world, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    json_t *fields =
        fields_of("{'point':'P1','enterprise':'E1','condition':'high','level':'H','priority':'2',"
                  "'onset':'2026-09-28T08:30:00+08:00','active':true}");
    json_decref(done(record_create_with_id(world->sql, world->packs, &actor_engine, "alarm", "A1",
                                           fields, world->now_ms, &error),
                     error));
    json_decref(fields);
    Actor safety = person(world, "enterprise_safety", "li", "E1");
    refused(move(world, &safety, "alarm", "A1", "shelve", 0,
                 "{'shelved_until':'2026-09-29T09:00:01+08:00','shelve_reason':'x'}", &error),
            &error, ERROR_MOVE_GUARD, "shelved_until");
    json_decref(
        done(move(world, &safety, "alarm", "A1", "shelve", 0,
                  "{'shelved_until':'2026-09-28T12:00:00+08:00','shelve_reason':'x'}", &error),
             error));
    g_assert_cmpint(fire(world, "2026-09-28T11:59:59+08:00"), ==, 0);
    g_assert_cmpint(fire(world, "2026-09-28T12:00:00+08:00"), ==, 1);
    json_t *alarm =
        done(record_get(world->sql, world->packs, &actor_system, "alarm", "A1", &error), error);
    g_assert_cmpstr(get(alarm, "state"), ==, "unacknowledged");
    g_assert_null(get(alarm, "shelve_reason"));
    json_decref(alarm);
    verify_good(world);
}

static char *step_at(const char *diff) {
    json_t *json = json_loads(diff, 0, NULL);
    char *text = g_strdup(get(json_array_get(json_object_get(json, "_clock"), 1), "step_at"));
    json_decref(json);
    return text;
}

/* None fired before one that was due earlier, entry by entry. */
static void assert_fired_in_order(World *world) {
    GError *error = NULL;
    gint64 seq = 0;
    g_autofree char *former = NULL;
    SqlStatement *st = sql_query(
        world->sql, &error, "SELECT seq, diff FROM journal WHERE actor = 'clock' ORDER BY seq", "");
    while (sql_step(st, &error) == SQL_ROW) {
        g_autofree char *step = step_at(sql_text(st, 1));
        if (sql_int(st, 0) == seq + 1)
            g_assert_cmpstr(former, <=, step);
        seq = sql_int(st, 0);
        g_free(former);
        former = g_steal_pointer(&step);
    }
    g_assert_no_error(error);
}

static gint by_text(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the clocks of a world did: "title action step_at" per firing. */
static GPtrArray *firings(World *world) {
    GError *error = NULL;
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    SqlStatement *st = sql_query(world->sql, &error,
                                 "SELECT h.title, j.action, j.diff FROM journal j JOIN r_hazard h "
                                 "ON h._id = j.id WHERE j.actor = 'clock'",
                                 "");
    while (sql_step(st, &error) == SQL_ROW) {
        g_autofree char *step = step_at(sql_text(st, 2));
        g_ptr_array_add(lines, g_strjoin(" ", sql_text(st, 0), sql_text(st, 1), step, NULL));
    }
    g_ptr_array_sort(lines, by_text);
    g_assert_no_error(error);
    return lines;
}

static void seed_year(World *world) {
    for (int day = 0; day < 365; day += 5) {
        char text[128];
        world->now_ms = at("2026-01-01T08:00:00+08:00") + day * (gint64)DAY_MS + day * 61000;
        g_snprintf(text, sizeof text,
                   "{'title':'%03d','enterprise':'E1','source':'other','grade':'general'}", day);
        put(world, "hazard", text);
    }
}

/* A year hour by hour, and the same year slept through: the same steps, each once, each with the
 * same due time. */
static void test_year(World *world, gconstpointer data) {
    GError *error = NULL;
    World asleep;
    world_open(&asleep, data);
    seed_year(world);
    seed_year(&asleep);
    gint64 start = at("2026-01-01T00:00:00+08:00");
    for (int hour = 0; hour < 24 * 400; hour++) {
        int fired;
        g_assert_true(clocks_fire(world->sql, world->packs, start + hour * (gint64)3600000, 1000,
                                  &fired, &error));
    }
    fire(&asleep, "2027-03-01T00:00:00+08:00");
    g_autoptr(GPtrArray) a = firings(world);
    g_autoptr(GPtrArray) b = firings(&asleep);
    g_assert_cmpuint(a->len, ==, 73 * 3);
    g_assert_cmpuint(b->len, ==, a->len);
    for (guint i = 0; i < a->len; i++)
        g_assert_cmpstr(a->pdata[i], ==, b->pdata[i]);
    assert_fired_in_order(&asleep);
    verify_good(world);
    world_close(&asleep, data);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define TEST(path, func) g_test_add("/clock/" path, World, NULL, world_open, func, world_close)
    TEST("spans", test_spans);
    TEST("escalation", test_escalation);
    TEST("catch-up", test_catch_up);
    TEST("until", test_until);
    TEST("passed-over", test_passed_over);
    TEST("shelf", test_shelf);
    TEST("year", test_year);
    return g_test_run();
}
