#include "signal/point_table.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static PointDef def_of(const char *code, double high) {
    json_t *record = json_pack("{s:s, s:s, s:s, s:f}", "code", code, "name", code, "enterprise",
                               "E1", "limit_high", high);
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    return def;
}

static void add(PointTable *table, guint32 point, double high) {
    g_autofree char *code = g_strdup_printf("C-%u", point);
    PointDef def = def_of(code, high);
    point_table_apply(table, point, &def);
}

static guint32 find(const PointTable *table, const char *code) {
    return point_table_find(table, code, strlen(code));
}

static void test_found_by_code_only(void) {
    PointTable *table = point_table_new();
    for (guint32 i = 0; i < 20000; i++)
        add(table, i, 80);
    for (guint32 i = 0; i < 20000; i += 7) {
        g_autofree char *code = g_strdup_printf("C-%u", i), *other = g_strdup_printf("C-%u ", i);
        g_assert_cmpuint(find(table, code), ==, i);
        g_assert_cmpuint(find(table, other), ==, POINT_NONE);
        g_assert_true(point_table_is(table, i, code, strlen(code)));
        g_assert_false(point_table_is(table, i + 1, code, strlen(code)));
    }
    g_assert_cmpuint(point_table_find(table, "C-1\0xxxxxxxxxxxxxxxx", 20), ==, POINT_NONE);
    g_assert_cmpuint(find(table, ""), ==, POINT_NONE);
    g_assert_cmpstr(point_table_def(table, 999999999)->code, ==, "");
    point_table_free(table);
}

static void test_records_become_definitions_and_back(void) {
    json_t *record = json_loads("{\"code\":\"P\",\"name\":\"n\",\"enterprise\":\"E\",\"unit\":"
                                "\"m\",\"measure\":\"level\",\"limit_low\":1.5,"
                                "\"hysteresis\":-1,\"on_delay_s\":1.5,\"stale_s\":60,\"priority\":"
                                "\"9\",\"service\":\"out_of_service\"}",
                                0, NULL);
    PointDef def, again;
    point_def_read(&def, record);
    g_assert_true(def.limit_low == 1.5 && isnan(def.limit_high) && def.hysteresis == 0 &&
                  def.on_delay_ms == 1500);
    g_assert_true(def.stale_ms == 60000 && def.priority == 2 && !def.in_service && !def.latch);
    json_t *written = point_def_write(&def);
    point_def_read(&again, written);
    g_assert_cmpuint(point_def_hash(&def), ==, point_def_hash(&again));
    again.limit_low = 2;
    g_assert_cmpuint(point_def_hash(&def), !=, point_def_hash(&again));
    json_decref(record);
    json_decref(written);
    point_def_clear(&def);
    point_def_clear(&again);
}

/* ---- readers beside the one that applies ---- */

typedef struct {
    PointTable *table;
    atomic_bool stop;
    atomic_uint looked;
} Shared;

static void *reader(void *data) {
    Shared *shared = data;
    for (guint32 i = 0; !atomic_load(&shared->stop); i = i * 5 + 1) {
        guint32 n = point_table_count(shared->table), point = n ? i % n : 0;
        const PointDef *def = point_table_def(shared->table, point);
        if (n > 0) {
            g_assert_cmpuint(find(shared->table, def->code), ==, point);
            g_assert_true(def->limit_high >= 80 && strcmp(def->name, def->code) == 0);
            g_assert_cmpstr(point_table_enterprise(shared->table, point), ==, "E1");
        }
        atomic_fetch_add(&shared->looked, 1);
    }
    return NULL;
}

static void test_readers_beside_the_writer(void) {
    Shared shared = {.table = point_table_new()};
    pthread_t threads[2];
    for (guint i = 0; i < 2; i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, reader, &shared), ==, 0);
    for (guint32 i = 0; i < 9000; i++) {
        add(shared.table, i, 80);
        add(shared.table, i / 2, 80 + i % 10);
    }
    while (atomic_load(&shared.looked) < 1000)
        g_usleep(100);
    atomic_store(&shared.stop, TRUE);
    for (guint i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    point_table_free(shared.table);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/point-table/find", test_found_by_code_only);
    g_test_add_func("/point-table/definitions", test_records_become_definitions_and_back);
    g_test_add_func("/point-table/readers", test_readers_beside_the_writer);
    return g_test_run();
}
