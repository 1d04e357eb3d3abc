/* Numbers in JSON: the shortest text that reads back, everything else as jansson has it. */
#include "base/json_text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_texts(void) {
    static const char *const cases[][2] = {
        {"[0.1,0.2,12.34,119.95,1e-9,0.0,-0.5,100.0]", NULL},
        {"[0.10000000000000001,0.29999999999999999,-119.95000000000000]", "[0.1,0.3,-119.95]"},
        {"{\"0.10000000000000001\":\"0.10000000000000001\",\"a\\\"0.10000000000000001\":0.1}",
         NULL},
        {"[123456789012345678,-9007199254740993,true,null]", NULL},
        {"[0.30000000000000004,1.7976931348623157e308,5e-324]", NULL},
        {"[[],{},\"\\\\\",\"\\\"\",{\"x\":[{\"y\":0.7}]}]", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *json = json_loads(cases[i][0], 0, NULL), *again;
        g_assert_nonnull(json);
        char *text = json_text(json, JSON_COMPACT);
        if (cases[i][1])
            g_assert_cmpstr(text, ==, cases[i][1]);
        again = json_loads(text, 0, NULL);
        g_assert_true(json_equal(json, again));
        if (i == 0)
            g_assert_cmpstr(text, ==, "[0.1,0.2,12.34,119.95,1e-09,0.0,-0.5,100.0]");
        free(text);
        json_decref(json);
        json_decref(again);
    }
}

static double any_double(void) {
    guint64 bits = (guint64)g_test_rand_int() << 32 | (guint32)g_test_rand_int();
    double number;
    memcpy(&number, &bits, sizeof number);
    return isfinite(number) ? number : 0.1;
}

/* Any double comes back as it was, and no decimal of up to 15 digits grows. */
static void test_random(void) {
    char buffer[NUMBER_TEXT];
    for (int i = 0; i < 20000; i++) {
        double number = i % 2 ? any_double() : g_test_rand_int_range(-1000000, 1000000) / 100.0;
        json_t *json = json_pack("{s:f, s:s}", "n", number, "t", "0.10000000000000001");
        char *text = json_text(json, JSON_INDENT(2));
        json_t *again = json_loads(text, 0, NULL);
        g_assert_true(json_equal(json, again));
        g_assert_cmpfloat(g_ascii_strtod(number_text(number, buffer), NULL), ==, number);
        g_assert_true(i % 2 || strlen(buffer) <= 9);
        free(text);
        json_decref(json);
        json_decref(again);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json-text/texts", test_texts);
    g_test_add_func("/json-text/random", test_random);
    return g_test_run();
}
