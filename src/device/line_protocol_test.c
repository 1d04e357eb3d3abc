#include "device/line_protocol.h"

#include "device/float_text.h"

#include <math.h>
#include <string.h>

static const gint64 now_ms = 1700000000000;

/* ---- a door with a few points ---- */

static const char *const codes[] = {"P1",    "P2",  "P1.flow", "P.x-y:z_1", "TT-101",
                                    "other", "a,b", "a b",     "a=b"};
enum { OTHER = 5 }; /* belongs to E2 */

static PointTable *table_new(void) {
    PointTable *table = point_table_new();
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        json_t *record =
            json_pack("{s:s, s:s}", "code", codes[i], "enterprise", i == OTHER ? "E2" : "E1");
        PointDef def;
        point_def_read(&def, record);
        json_decref(record);
        point_table_apply(table, i, &def);
    }
    return table;
}

static void on_refused(gpointer data, const Refusal *refusal) {
    g_string_append_printf(data, "%s%u:%s", ((GString *)data)->len ? " " : "", refusal->line,
                           error_id(refusal->error));
}

/* "P1 0 1.5 g; ..." then "| 2:line.invalid"; times from now. */
static char *read_text(const PointTable *table, const char *text, gsize n, gint64 unit_ns) {
    g_autoptr(GString) refusals = g_string_new(NULL);
    GString *out = g_string_new(NULL);
    SampleDoor door = {table, "E1", now_ms, unit_ns, on_refused, refusals};
    SampleBatch *batch = sample_batch_new(4);
    line_protocol_read(&door, text, n, batch);
    for (guint i = 0; i < batch->n; i++)
        g_string_append_printf(out, "%s%s %" G_GINT64_FORMAT " %.17g %d", i ? "; " : "",
                               codes[batch->point[i]], batch->time_ms[i] - now_ms, batch->value[i],
                               batch->quality[i]);
    if (refusals->len)
        g_string_append_printf(out, "%s| %s", out->len ? " " : "", refusals->str);
    sample_batch_free(batch);
    return g_string_free(out, FALSE);
}

static const struct {
    const char *text, *want;
} cases[] = {
    {"P1 value=1.5", "P1 0 1.5 0"},
    {"P1 value=1.5 1700000001000", "P1 1000 1.5 0"},
    {"P1,host=a value=1.5\nP2 value=2\n", "P1 0 1.5 0; P2 0 2 0"},
    {"P1 value=1\r\n\r\n  \n# note\n  # note\nP2 value=2\r\n", "P1 0 1 0; P2 0 2 0"},
    {"   P1 value=1", "P1 0 1 0"},
    {"P1   value=1   1700000000000  ", "P1 0 1 0"},
    /* points by tag, fields by name */
    {"temp,point=P1 value=1", "P1 0 1 0"},
    {"temp,point=P1,host=a value=1,flow=2", "P1 0 1 0; P1.flow 0 2 0"},
    {"P1 flow=2", "P1.flow 0 2 0"},
    {"P.x-y:z_1 value=1", "P.x-y:z_1 0 1 0"},
    {"P1 gas=2,value=1", "P1 0 1 0 | 1:point.unknown"},
    {"nope value=1\nP1 value=2", "P1 0 2 0 | 1:point.unknown"},
    {"other value=1", "| 1:point.unknown"},
    /* quality */
    {"P1 value=1,quality=2", "P1 0 1 2"},
    {"P1 quality=1i,value=1,flow=3", "P1 0 1 1; P1.flow 0 3 1"},
    {"P1 value=1,quality=3", "| 1:sample.value"},
    {"P1 value=1,quality=0.5", "| 1:sample.value"},
    {"P1 value=1,quality=\"good\"", "| 1:sample.value"},
    {"P1 quality=1", "| 1:line.invalid"},
    /* values */
    {"P1 value=1i", "P1 0 1 0"},
    {"P1 value=-1i", "P1 0 -1 0"},
    {"P1 value=1u", "P1 0 1 0"},
    {"P1 value=-1u", "| 1:line.invalid"},
    {"P1 value=1.5i", "| 1:line.invalid"},
    {"P1 value=+1.5e-3", "P1 0 0.0015 0"},
    {"P1 value=-1.5E+3", "P1 0 -1500 0"},
    {"P1 value=.5", "P1 0 0.5 0"},
    {"P1 value=5.", "P1 0 5 0"},
    {"P1 value=.", "| 1:line.invalid"},
    {"P1 value=1e", "| 1:line.invalid"},
    {"P1 value=1,5", "| 1:line.invalid"},
    {"P1 value=0x10", "| 1:line.invalid"},
    {"P1 value=--1", "| 1:line.invalid"},
    {"P1 value=1e999", "| 1:sample.value"},
    {"P1 value=NaN", "| 1:sample.value"},
    {"P1 value=-Inf,flow=1", "P1.flow 0 1 0 | 1:sample.value"},
    {"P1 value=true", "P1 0 1 0"},
    {"P1 value=F", "P1 0 0 0"},
    {"P1 value=tRUE", "| 1:line.invalid"},
    {"P1 value=abc", "| 1:line.invalid"},
    {"P1 value=", "| 1:line.invalid"},
    {"P1 value=0.1,flow=123456789012345678901234567890",
     "P1 0 0.10000000000000001 0; P1.flow 0 1.2345678901234568e+29 0"},
    {"P1 value=-0.0", "P1 0 -0 0"},
    /* texts */
    {"P1 value=\"text\"", "| 1:sample.value"},
    {"P1 value=\"a,b =c\\\"d\",flow=1 1700000000000", "P1.flow 0 1 0 | 1:sample.value"},
    {"P1 value=\"open", "| 1:line.invalid"},
    {"P1 value=\"a\"x", "| 1:line.invalid"},
    {"P1 value=\"a\",flow=1", "P1.flow 0 1 0 | 1:sample.value"},
    /* escapes */
    {"a\\,b value=1", "a,b 0 1 0"},
    {"a\\ b value=1", "a b 0 1 0"},
    {"a\\=b value=1", "a=b 0 1 0"},
    {"a=b value=1", "a=b 0 1 0"},
    {"m,point=a\\,b value=1", "a,b 0 1 0"},
    {"m,po\\int=P1 value=1", "| 1:point.unknown"},
    {"P1,a\\ b=c\\ d value=1", "P1 0 1 0"},
    {"P1 value=1\\", "| 1:line.invalid"},
    /* grammar */
    {"P1", "| 1:line.invalid"},
    {"P1 ", "| 1:line.invalid"},
    {"P1,value=1", "| 1:line.invalid"},
    {",a=b value=1", "| 1:line.invalid"},
    {"P1, value=1", "| 1:line.invalid"},
    {"P1,a value=1", "| 1:line.invalid"},
    {"P1,a= value=1", "| 1:line.invalid"},
    {"P1,=b value=1", "| 1:line.invalid"},
    {"P1,a=b=c value=1", "| 1:line.invalid"},
    {"P1,a=b,a=c value=1", "| 1:line.invalid"},
    {"P1 value=1,value=2", "| 1:line.invalid"},
    {"P1 value=1,", "| 1:line.invalid"},
    {"P1 ,value=1", "| 1:line.invalid"},
    {"P1 =1", "| 1:line.invalid"},
    {"P1 value=1 x", "| 1:line.invalid"},
    {"P1 value=1 1700000000000x", "| 1:line.invalid"},
    {"P1 value=1 1700000000000 2", "| 1:line.invalid"},
    {"P1 value=1 -", "| 1:line.invalid"},
    /* times */
    {"P1 value=1 946684800000", "P1 -753315200000 1 0"},
    {"P1 value=1 946684799999", "| 1:sample.time"},
    {"P1 value=1 1700003600000", "P1 3600000 1 0"},
    {"P1 value=1 1700003600001", "| 1:sample.time"},
    {"P1 value=1 -5", "| 1:sample.time"},
    {"P1 value=1 9223372036854775807", "| 1:sample.time"},
    {"P1 value=1 92233720368547758070", "| 1:line.invalid"},
};

static void test_table_of_cases(void) {
    PointTable *table = table_new();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = read_text(table, cases[i].text, strlen(cases[i].text), 1000000);
        if (strcmp(got, cases[i].want) != 0)
            g_test_message("case: %s", cases[i].text);
        g_assert_cmpstr(got, ==, cases[i].want);
    }
    point_table_free(table);
}

static void test_precision(void) {
    static const struct {
        const char *text;
        gint64 unit_ns;
    } times[] = {{"P1 value=1 1700000001", 1000000000},
                 {"P1 value=1 1700000001000", 1000000},
                 {"P1 value=1 1700000001000999", 1000},
                 {"P1 value=1 1700000001000999999", 1}};
    PointTable *table = table_new();
    for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autofree char *got =
            read_text(table, times[i].text, strlen(times[i].text), times[i].unit_ns);
        g_assert_cmpstr(got, ==, "P1 1000 1 0");
    }
    g_autofree char *absurd = read_text(table, "P1 value=1 9223372036854775807", 30, 1000000000);
    g_assert_cmpstr(absurd, ==, "| 1:sample.time");
    point_table_free(table);
}

static void test_long_lines_cost_only_themselves(void) {
    PointTable *table = table_new();
    g_autofree char *tag = g_strnfill(70000, 'x');
    g_autofree char *text = g_strdup_printf("P1,a=%s value=1\nP2 value=2", tag);
    g_autofree char *got = read_text(table, text, strlen(text), 1);
    g_assert_cmpstr(got, ==, "P2 0 2 0 | 1:line.invalid");
    tag[60000] = 0;
    g_autofree char *shorter = g_strdup_printf("P1,a=%s value=1\n%s value=1", tag, tag);
    g_autofree char *fits = read_text(table, shorter, strlen(shorter), 1);
    g_assert_cmpstr(fits, ==, "P1 0 1 0 | 2:point.unknown");
    point_table_free(table);
}

static void test_refusals_are_counted_beyond_those_told(void) {
    PointTable *table = table_new();
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 5000; i++)
        g_string_append(text, "bad\n");
    SampleDoor door = {table, NULL, now_ms, 1, NULL, NULL};
    SampleBatch *batch = sample_batch_new(4);
    g_assert_cmpuint(line_protocol_read(&door, text->str, text->len, batch), ==, 5000);
    sample_batch_free(batch);
    point_table_free(table);
}

/* ---- numbers ---- */

static void test_numbers_are_those_of_strtod(void) {
    for (guint i = 0; i < 200000; i++) {
        char text[64];
        switch (g_test_rand_int_range(0, 4)) {
        case 0:
            g_snprintf(text, sizeof text, "%d.%02d", g_test_rand_int_range(-5000, 5000),
                       g_test_rand_int_range(0, 100));
            break;
        case 1:
            g_snprintf(text, sizeof text, "%.17ge%d", g_test_rand_double_range(-10, 10),
                       g_test_rand_int_range(-330, 330));
            break;
        case 2:
            g_snprintf(text, sizeof text, "%u%u%u.%u", g_test_rand_int(), g_test_rand_int(),
                       g_test_rand_int(), g_test_rand_int());
            break;
        default:
            g_snprintf(text, sizeof text, "0.000%ue%d", g_test_rand_int(),
                       g_test_rand_int_range(-30, 30));
            break;
        }
        double value, want = g_ascii_strtod(text, NULL);
        gboolean integer;
        const char *e = strchr(text, 'e');
        const char *end = text + strlen(text);
        if (e && strchr(e + 1, 'e')) /* %.17g made an exponent of its own */
            continue;
        g_assert_true(float_read(text, end, &value, &integer) == end);
        g_assert_true(memcmp(&value, &want, sizeof value) == 0);
    }
}

/* ---- against a parser that takes its time ---- */

/* Splits at unescaped characters of `stop`, outside quotes when `quotes`. */
static GPtrArray *split(const char *text, char stop, gboolean quotes) {
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    gboolean inside = FALSE;
    const char *from = text, *p = text;
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (quotes && *p == '"')
            inside = !inside;
        else if (*p == stop && !inside) {
            g_ptr_array_add(parts, g_strndup(from, (gsize)(p - from)));
            from = p + 1;
        }
    }
    g_ptr_array_add(parts, g_strndup(from, (gsize)(p - from)));
    return parts;
}

/* Only lines of this kind are given to both: measurement[,tag=v..] value=N[,flow=N] time, any part
 * of which may be damaged. The slow one says whether the line is good at all and what its first
 * sample is. */
static char *slow_line(const char *line) {
    g_autoptr(GRegex) form =
        g_regex_new("^((?:[^,\\ \\\\]|\\\\.)+)((?:,(?:[^,\\ =\\\\]|\\\\.)+=(?:[^,\\ "
                    "=\\\\]|\\\\.)+)*) +value=([^,\\ \\\\]+)"
                    "(?: +(-?[0-9]+))? *$",
                    G_REGEX_RAW | G_REGEX_DOLLAR_ENDONLY | G_REGEX_DOTALL, 0, NULL);
    g_autoptr(GRegex) number = g_regex_new(
        "^(?:[-+]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+i|\\+?[0-9]+u)$",
        G_REGEX_RAW | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!g_regex_match(form, line, 0, &match))
        return g_strdup("bad");
    g_autofree char *point = g_match_info_fetch(match, 1), *tags = g_match_info_fetch(match, 2),
                    *value = g_match_info_fetch(match, 3), *time = g_match_info_fetch(match, 4);
    g_autoptr(GPtrArray) list = split(tags, ',', FALSE);
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 1; i < list->len; i++) {
        g_autoptr(GPtrArray) pair = split(list->pdata[i], '=', FALSE);
        if (!g_hash_table_add(keys, g_strdup(pair->pdata[0])))
            return g_strdup("bad");
        if (strcmp(pair->pdata[0], "point") == 0) {
            g_free(point);
            point = g_strdup(pair->pdata[1]);
        }
    }
    if (!g_regex_match(number, value, 0, NULL) || strlen(time) > 18)
        return g_strdup("bad");
    gint64 t = time[0] ? g_ascii_strtoll(time, NULL, 10) : now_ms;
    if (t < 946684800000 || t > now_ms + 3600000)
        return g_strdup("bad");
    double v = g_ascii_strtod(value, NULL);
    for (guint i = 0; isfinite(v) && i < G_N_ELEMENTS(codes); i++)
        if (i != OTHER && strcmp(codes[i], point) == 0)
            return g_strdup_printf("%s %" G_GINT64_FORMAT " %.17g 0", codes[i], t - now_ms, v);
    return g_strdup("bad");
}

static char *damaged_line(void) {
    static const char *const points[] = {"P1", "P2", "TT-101", "other", "nope", "a=b"};
    static const char *const tags[] = {"",         "",         ",host=a",      ",point=P2",
                                       ",a=b,c=d", ",a=b,a=c", ",x\\ y=z\\,w", ",a"};
    static const char *const values[] = {"1",  "1.5", "-2.25", "1e3",   "1i",
                                         "2u", "x",   "1.5.5", "1e400", "+.5"};
    static const char *const times[] = {"",   " 1700000000500",     "  1600000000000 ",
                                        " 5", " 99999999999999999", " 17x"};
    static const char damage[] = ",= \\.x1e-+i";
    char *line = g_strconcat(points[g_test_rand_int_range(0, 6)], tags[g_test_rand_int_range(0, 8)],
                             " value=", values[g_test_rand_int_range(0, 10)],
                             times[g_test_rand_int_range(0, 6)], NULL);
    if (g_test_rand_bit())
        line[g_test_rand_int_range(0, (gint32)strlen(line))] =
            damage[g_test_rand_int_range(0, sizeof damage - 1)];
    return line;
}

static void test_against_a_slow_parser(void) {
    PointTable *table = table_new();
    guint good = 0;
    for (guint i = 0; i < 60000; i++) {
        g_autofree char *line = damaged_line();
        if (line[0] == ' ' || strstr(line, "=t ") || strstr(line, "\\=") || strstr(line, "\\,") ||
            strstr(line, "\\ "))
            continue; /* leading spaces, escapes: in the table of cases */
        g_autofree char *slow = slow_line(line),
                        *fast = read_text(table, line, strlen(line), 1000000);
        gboolean bad = fast[0] == 0 || strchr(fast, '|');
        if (strcmp(slow, "bad") == 0 ? !bad : strcmp(slow, fast) != 0) {
            g_test_message("line: %s", line);
            g_assert_cmpstr(fast, ==, slow);
        }
        good += !bad;
    }
    g_assert_cmpuint(good, >, 500);
    point_table_free(table);
}

/* A batch gives what its lines give one by one. */
static void test_lines_do_not_know_each_other(void) {
    PointTable *table = table_new();
    for (guint round = 0; round < 300; round++) {
        g_autoptr(GString) text = g_string_new(NULL), single = g_string_new(NULL);
        for (guint i = 0; i < 60; i++) {
            g_autofree char *line = damaged_line(),
                            *one = read_text(table, line, strlen(line), 1000000);
            char *bar = strchr(one, '|');
            if (bar)
                *(bar > one ? bar - 1 : bar) = 0;
            g_string_append_printf(text, "%s\n", line);
            if (one[0])
                g_string_append_printf(single, "%s%s", single->len ? "; " : "", one);
        }
        g_autofree char *all = read_text(table, text->str, text->len, 1000000);
        char *bar = strchr(all, '|');
        if (bar)
            *(bar > all ? bar - 1 : bar) = 0;
        g_assert_cmpstr(all, ==, single->str);
    }
    point_table_free(table);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/line-protocol/cases", test_table_of_cases);
    g_test_add_func("/line-protocol/precision", test_precision);
    g_test_add_func("/line-protocol/long-lines", test_long_lines_cost_only_themselves);
    g_test_add_func("/line-protocol/refusals", test_refusals_are_counted_beyond_those_told);
    g_test_add_func("/line-protocol/numbers", test_numbers_are_those_of_strtod);
    g_test_add_func("/line-protocol/slow-parser", test_against_a_slow_parser);
    g_test_add_func("/line-protocol/independent-lines", test_lines_do_not_know_each_other);
    return g_test_run();
}
