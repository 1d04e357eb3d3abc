#include "device/sample_json.h"

#include <string.h>

static const gint64 now_ms = 1700000000000;

static void on_refused(gpointer data, const Refusal *refusal) {
    g_string_append_printf(data, " %u:%s", refusal->line, error_id(refusal->error));
}

static const struct {
    const char *text, *want;
} cases[] = {
    {"[]", ""},
    {"{\"samples\":[{\"point\":\"P1\",\"value\":1.5}]}", "0 1.5 0;"},
    {"[{\"point\":\"P1\",\"value\":2,\"time\":1700000000500,\"quality\":\"bad\"}]", "500 2 2;"},
    {"[{\"point\":\"P1\",\"value\":true,\"time\":\"2023-11-15T06:13:21+08:00\",\"quality\":"
     "\"uncertain\"}]",
     "1000 1 1;"},
    {"[{\"point\":\"P1\",\"value\":\"2\"},{\"point\":\"P1\",\"value\":3}]",
     "0 3 0; 1:sample.value"},
    {"[{\"point\":\"P2\",\"value\":2}]", " 1:point.unknown"},
    {"[{\"value\":2}]", " 1:field.kind"},
    {"[7]", " 1:field.kind"},
    {"[{\"point\":\"P1\",\"value\":2,\"qualty\":\"bad\"}]", " 1:field.unknown"},
    {"[{\"point\":\"P1\",\"value\":2,\"quality\":\"BAD\"}]", " 1:field.kind"},
    {"[{\"point\":\"P1\",\"value\":2,\"time\":\"yesterday\"}]", " 1:field.kind"},
    {"[{\"point\":\"P1\",\"value\":2,\"time\":5}]", " 1:sample.time"},
    {"[{\"point\":\"P1\",\"value\":2,\"time\":1.5}]", " 1:field.kind"},
    {"[{\"point\":\"P1\"}]", " 1:sample.value"},
    {"{", "json.invalid"},
    {"", "json.invalid"},
    {"{}", "field.kind"},
    {"7", "json.invalid"},
    {"{\"samples\":{}}", "field.kind"},
    {"[{\"point\":\"P1\",\"value\":1,\"value\":2}]", "json.invalid"},
    {"[{\"point\":\"P1\",\"value\":NaN}]", "json.invalid"},
    {"[{\"point\":\"P1\",\"value\":1e999}]", "json.invalid"},
};

static char *read_text(const PointTable *table, const char *text) {
    GString *out = g_string_new(NULL);
    g_autoptr(GString) refusals = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    SampleDoor door = {table, "E1", now_ms, 1, on_refused, refusals};
    SampleBatch *batch = sample_batch_new(4);
    guint64 refused = 0;
    if (!sample_json_read(&door, text, strlen(text), batch, &refused, &error))
        g_string_append(out, error_id(error));
    for (guint i = 0; i < batch->n; i++)
        g_string_append_printf(out, "%" G_GINT64_FORMAT " %g %d;", batch->time_ms[i] - now_ms,
                               batch->value[i], batch->quality[i]);
    g_string_append(out, refusals->str);
    sample_batch_free(batch);
    return g_string_free(out, FALSE);
}

static void test_table_of_cases(void) {
    PointTable *table = point_table_new();
    json_t *record = json_pack("{s:s, s:s}", "code", "P1", "enterprise", "E1");
    PointDef def;
    point_def_read(&def, record);
    json_decref(record);
    point_table_apply(table, 0, &def);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = read_text(table, cases[i].text);
        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(got, ==, cases[i].want);
    }
    point_table_free(table);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample-json/cases", test_table_of_cases);
    return g_test_run();
}
