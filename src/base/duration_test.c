#include "base/duration.h"

static void test_read(void) {
    static const struct {
        const char *text;
        gint64 ms; /* -1: refused */
        const char *shown;
    } cases[] = {
        {"PT8H", 28800000, "PT8H"},
        {"PT8H30M", 30600000, "PT8H30M"},
        {"P3D", 259200000, "P3D"},
        {"PT36H", 129600000, "P1DT12H"},
        {"P1W", 604800000, "P7D"},
        {"P1W2DT3H4M5.006S", 788645006, "P9DT3H4M5.006S"},
        {"PT0.5S", 500, "PT0.5S"},
        {"PT0.050S", 50, "PT0.05S"},
        {"PT0S", 0, "PT0S"},
        {"P0D", 0, "PT0S"},
        {"PT90M", 5400000, "PT1H30M"},
        {"P36525D", 3155760000000, "P36525D"},
        {"P36525DT1S", -1, NULL},
        {"P5218W", -1, NULL},
        {"PT999999999999H", -1, NULL},
        {"PT9999999999999S", -1, NULL},
        {"P", -1, NULL},
        {"PT", -1, NULL},
        {"P1DT", -1, NULL},
        {"P1Y", -1, NULL},
        {"P1M", -1, NULL},
        {"P1H", -1, NULL},
        {"PT1D", -1, NULL},
        {"PT1M1H", -1, NULL},
        {"PT1H1H", -1, NULL},
        {"PT1HT1M", -1, NULL},
        {"PT1.5H", -1, NULL},
        {"PT1.S", -1, NULL},
        {"PT1.0001S", -1, NULL},
        {"PT.5S", -1, NULL},
        {"PT1", -1, NULL},
        {"-PT1H", -1, NULL},
        {"PT-1H", -1, NULL},
        {"pt1h", -1, NULL},
        {"PT1H ", -1, NULL},
        {" PT1H", -1, NULL},
        {"8h", -1, NULL},
        {"", -1, NULL},
    };
    char text[DURATION_TEXT];
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 ms = -1;
        if (duration_parse(cases[i].text, &ms) != (cases[i].ms >= 0))
            g_error("%s", cases[i].text);
        if (cases[i].ms < 0)
            continue;
        g_assert_cmpint(ms, ==, cases[i].ms);
        g_assert_cmpstr(duration_format(ms, text), ==, cases[i].shown);
    }
}

/* What is shown is read again as the same span. */
static void test_round(void) {
    char text[DURATION_TEXT];
    g_autofree char *words = duration_words(129600000), *none = duration_words(0);
    g_autofree char *all = duration_words(90061500);
    g_assert_cmpstr(words, ==, "1天12小时");
    g_assert_cmpstr(none, ==, "0秒");
    g_assert_cmpstr(all, ==, "1天1小时1分1.5秒");
    for (int i = 0; i < 20000; i++) {
        gint64 span = (gint64)g_test_rand_double_range(0, (double)DURATION_MAX_MS), ms;
        span = i % 3 ? span / 1000 * 1000 : span;
        span = i % 2 ? span % 86400000 : span;
        if (!duration_parse(duration_format(span, text), &ms) || ms != span)
            g_error("%" G_GINT64_FORMAT ": %s", span, text);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/duration/read", test_read);
    g_test_add_func("/duration/round", test_round);
    return g_test_run();
}
