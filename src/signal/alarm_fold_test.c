/* The fold: two nodes that saw the same samples and merge what their people did agree, in whatever
 * order they hear of it; and the fold is the same machine as the moves of packs/core/alarm.yaml. */
#include "record/record_fixture.h"
#include "signal/alarm_fold.h"
#include "signal/alarm_sink.h"
#include "signal/engine.h"

#include <math.h>

static const gint64 T0 = 1790557200000; /* 2026-09-28T09:00 +08:00 */
enum { S = 1000 };

/* ---- two nodes ---- */

/* Alarm id -> AlarmFold. */
typedef struct {
    PointTable *table;
    GHashTable *folds;
} Node;

static void free_fold(gpointer fold) { alarm_fold_free(fold); }

static AlarmFold *fold_of(Node *node, const char *id) {
    AlarmFold *fold = g_hash_table_lookup(node->folds, id);
    if (fold == NULL) {
        fold = alarm_fold_new();
        g_hash_table_insert(node->folds, g_strdup(id), fold);
    }
    return fold;
}

static void on_alarm(gpointer data, const AlarmEvent *e) {
    Node *node = data;
    char id[27];
    const PointDef *def = point_table_def(node->table, e->point);
    alarm_id(def->code, e->rule, e->condition, e->onset_ms, id);
    FoldEvent event = fold_event_of(e, def->latch);
    alarm_fold_add(fold_of(node, id), &event);
}

static void on_history(gpointer data, guint32 point, gint64 time_ms, double value, Quality quality,
                       gboolean late) {
    (void)data, (void)point, (void)time_ms, (void)value, (void)quality, (void)late;
}

static PointTable *table_new(void) {
    PointTable *table = point_table_new();
    for (guint i = 0; i < 4; i++) {
        json_t *record = json_pack("{s:s, s:s, s:f, s:f, s:b}", "code",
                                   ((const char *[]){"A", "B", "C", "D"})[i], "enterprise", "E1",
                                   "limit_high", 80.0, "limit_high_high", 90.0, "latch", i % 2);
        PointDef def;
        point_def_read(&def, record);
        json_decref(record);
        point_table_apply(table, i, &def);
    }
    return table;
}

typedef struct {
    guint32 point;
    double value;
} Said;

/* The node's engine sees the samples in rows of its own length. */
static Node node_new(const Said *said, guint n, guint row) {
    Node node = {table_new(), g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_fold)};
    Engine *engine = engine_new(node.table, (EngineOutput){on_alarm, on_history, &node, NULL});
    for (guint from = 0; from < n; from += row) {
        SampleBatch *batch = sample_batch_new(row);
        for (guint i = from; i < MIN(from + row, n); i++)
            sample_batch_add(batch, said[i].point, T0 + i * S, said[i].value, QUALITY_GOOD);
        batch->received_ms = T0 + MIN(from + row, n) * S;
        engine_batch(engine, 1 + from, batch);
        sample_batch_free(batch);
    }
    engine_free(engine);
    return node;
}

static void node_clear(Node *node) {
    g_hash_table_unref(node->folds);
    point_table_free(node->table);
}

/* What people do there, whatever the state is. */
static void act(Node *node, const char *by, guint span_s) {
    static const FoldKind kinds[] = {FOLD_ACKNOWLEDGE, FOLD_ACKNOWLEDGE, FOLD_RESET, FOLD_SHELVE,
                                     FOLD_UNSHELVE};
    GHashTableIter iter;
    gpointer fold;
    g_hash_table_iter_init(&iter, node->folds);
    while (g_hash_table_iter_next(&iter, NULL, &fold))
        for (gint32 n = g_test_rand_int_range(0, 4); n > 0; n--) {
            gint64 at_ms = T0 + g_test_rand_int_range(0, (gint32)span_s) * S;
            FoldEvent event = {.at_ms = at_ms,
                               .kind = kinds[g_test_rand_int_range(0, G_N_ELEMENTS(kinds))],
                               .seq = n,
                               .by = g_intern_string(by),
                               .until_ms = at_ms + g_test_rand_int_range(1, 60) * S};
            alarm_fold_add(fold, &event);
        }
}

static void hear(Node *node, const Node *other) {
    GHashTableIter iter;
    gpointer id, fold;
    g_hash_table_iter_init(&iter, other->folds);
    while (g_hash_table_iter_next(&iter, &id, &fold))
        alarm_fold_merge(fold_of(node, id), fold);
}

static guint agree(const Node *a, const Node *b, gint64 now_ms) {
    GHashTableIter iter;
    gpointer id, fold;
    guint seen = 0;
    g_assert_cmpuint(g_hash_table_size(a->folds), ==, g_hash_table_size(b->folds));
    g_hash_table_iter_init(&iter, a->folds);
    while (g_hash_table_iter_next(&iter, &id, &fold)) {
        const AlarmFold *other = g_hash_table_lookup(b->folds, id);
        g_assert_nonnull(other);
        IsaState state = alarm_fold_state(fold, now_ms);
        g_assert_cmpint(state, ==, alarm_fold_state(other, now_ms));
        seen |= 1u << state;
    }
    return seen;
}

static void test_crossed_acts_end_in_the_same_states(void) {
    enum { N = 120 };
    guint seen = 0;
    for (guint round = 0; round < 60; round++) {
        Said said[N];
        static const double values[] = {50, 50, 82, 85, 95};
        for (guint i = 0; i < N; i++)
            said[i] = (Said){(guint32)g_test_rand_int_range(0, 4),
                             values[g_test_rand_int_range(0, G_N_ELEMENTS(values))]};
        Node a = node_new(said, N, 1), b = node_new(said, N, 17);
        agree(&a, &b, T0 + N * S); /* the engines alone */
        act(&a, "plant/op", N);
        act(&b, "city/duty", N);
        Node third = node_new(said, N, 5);
        hear(&third, &b);
        hear(&third, &a);
        hear(&a, &b);
        hear(&b, &a);
        hear(&b, &third);
        for (gint64 s = 0; s <= N + 60; s += 20) {
            seen |= agree(&a, &b, T0 + s * S);
            agree(&a, &third, T0 + s * S);
        }
        node_clear(&a);
        node_clear(&b);
        node_clear(&third);
    }
    for (IsaState state = ISA_NONE; state <= ISA_G; state++)
        g_assert_true(seen >> state & 1);
}

/* ---- the fold and the record ---- */

static const char *state_name(IsaState state) {
    static const char *const names[] = {
        "",           "normal",        "unacknowledged",       "acknowledged",
        "returned",   "latched",       "latched_acknowledged", "shelved",
        "suppressed", "out_of_service"};
    return names[state];
}

typedef struct {
    World world;
    PointTable *table;
    AlarmFold *fold;
    char id[27];
    gint64 seq;
    gboolean stands;
} House;

static void house_open(House *house, gconstpointer data) {
    world_open(&house->world, data);
    g_assert_true(alarm_sink_migrate(house->world.sql, NULL));
}

static void house_close(House *house, gconstpointer data) { world_close(&house->world, data); }

static void engine_says(House *house, AlarmEventKind kind, gint64 at_ms) {
    AlarmEvent event = {.seq = ++house->seq << 20,
                        .condition = CONDITION_HIGH,
                        .kind = kind,
                        .rule = "",
                        .level = ALARM_LEVEL_H,
                        .onset_ms = T0,
                        .at_ms = at_ms,
                        .value = NAN,
                        .limit = NAN,
                        .worst = NAN,
                        .suppressed = kind == ALARM_RAISE && g_test_rand_bit()};
    GError *error = NULL;
    alarm_sink_apply(house->world.sql, house->world.packs, house->table, &event, 1, at_ms, &error);
    g_assert_no_error(error);
    FoldEvent folded = fold_event_of(&event, point_table_def(house->table, 0)->latch);
    alarm_fold_add(house->fold, &folded);
}

/* What the record lets people do, the fold does too. */
static void person_does(House *house, FoldKind kind, gint64 at_ms) {
    static const char *const names[FOLD_KINDS] = {[FOLD_ACKNOWLEDGE] = "acknowledge",
                                                  [FOLD_RESET] = "reset",
                                                  [FOLD_SHELVE] = "shelve",
                                                  [FOLD_UNSHELVE] = "unshelve"};
    char until[TIME_TEXT];
    gint64 until_ms = at_ms + 3600 * S;
    g_autofree char *fields = kind == FOLD_SHELVE
                                  ? g_strdup_printf("{'shelved_until':'%s','shelve_reason':'x'}",
                                                    time_format(until_ms, until))
                                  : g_strdup("{}");
    g_autoptr(GError) refusal = NULL;
    house->world.now_ms = at_ms;
    json_t *record =
        move(&house->world, &actor_system, "alarm", house->id, names[kind], 0, fields, &refusal);
    if (record == NULL)
        return;
    json_decref(record);
    FoldEvent event = {.at_ms = at_ms, .kind = kind, .by = "op", .until_ms = until_ms};
    alarm_fold_add(house->fold, &event);
}

/* One thing that may happen next. */
static void happen(House *house, gint64 at_ms) {
    static const AlarmEventKind standing[] = {ALARM_RISE,       ALARM_FALL,   ALARM_SUPPRESS,
                                              ALARM_UNSUPPRESS, ALARM_RETURN, ALARM_OUT};
    gint32 pick = g_test_rand_int_range(0, 11);
    if (pick < 7) {
        person_does(house, FOLD_ACKNOWLEDGE + (FoldKind)g_test_rand_int_range(0, 4), at_ms);
        return;
    }
    if (!house->stands) {
        engine_says(house, ALARM_IN, at_ms);
        return;
    }
    AlarmEventKind kind = standing[g_test_rand_int_range(0, G_N_ELEMENTS(standing))];
    engine_says(house, kind, at_ms);
    house->stands = kind != ALARM_RETURN && kind != ALARM_OUT;
}

static void expect_same(House *house, gint64 now_ms) {
    json_t *record =
        record_get(house->world.sql, house->world.packs, &actor_system, "alarm", house->id, NULL);
    g_assert_cmpstr(get(record, "state"), ==, state_name(alarm_fold_state(house->fold, now_ms)));
    json_decref(record);
}

static void test_the_record_is_the_same_machine(House *house, gconstpointer data) {
    (void)data;
    for (guint round = 0; round < 150; round++) {
        char code[16];
        g_snprintf(code, sizeof code, "F-%u", round);
        g_autofree char *fields = g_strdup_printf(
            "{'code':'%s','name':'x','enterprise':'E1','measure':'level','limit_high':8,"
            "'latch':%s}",
            code, g_test_rand_bit() ? "true" : "false");
        put(&house->world, "point", fields);
        json_t *record = fields_of(fields);
        PointDef def;
        point_def_read(&def, record);
        json_decref(record);
        house->table = point_table_new();
        house->fold = alarm_fold_new();
        house->stands = TRUE;
        point_table_apply(house->table, 0, &def);
        alarm_id(code, "", CONDITION_HIGH, T0, house->id);
        engine_says(house, ALARM_RAISE, T0);
        for (gint64 i = 1; i < 12; i++) {
            expect_same(house, T0 + (i - 1) * S);
            happen(house, T0 + i * S);
        }
        expect_same(house, T0 + 11 * S);
        alarm_fold_free(house->fold);
        point_table_free(house->table);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fold/two-nodes", test_crossed_acts_end_in_the_same_states);
    g_test_add("/fold/record", House, NULL, house_open, test_the_record_is_the_same_machine,
               house_close);
    return g_test_run();
}
