#include "server/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void gives_the_bytes_back(void) {
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 5000; i++)
        g_string_append_printf(text, "{\"id\":%d}", i);
    gsize n;
    char *small = gzip_bytes(text->str, text->len, 3, &n);
    g_assert_nonnull(small);
    g_assert_cmpuint(n, <, text->len / 2);
    char *back = g_malloc(text->len + 1);
    z_stream z = {.next_in = (Bytef *)small,
                  .avail_in = (uInt)n,
                  .next_out = (Bytef *)back,
                  .avail_out = (uInt)text->len + 1};
    g_assert_cmpint(inflateInit2(&z, 15 + 16), ==, Z_OK);
    g_assert_cmpint(inflate(&z, Z_FINISH), ==, Z_STREAM_END);
    g_assert_cmpmem(back, z.total_out, text->str, text->len);
    inflateEnd(&z);
    g_free(back);
    free(small);
    g_string_free(text, TRUE);
}

static void leaves_alone_what_does_not_shrink(void) {
    guint8 noise[4096];
    for (gsize i = 0; i < sizeof noise; i++)
        noise[i] = (guint8)g_test_rand_int();
    gsize n;
    g_assert_null(gzip_bytes(noise, sizeof noise, 9, &n));
}

static void reads_what_is_accepted(void) {
    static const struct {
        const char *header;
        gboolean accepted;
    } rows[] = {{NULL, FALSE},
                {"", FALSE},
                {"br, deflate", FALSE},
                {"gzip", TRUE},
                {"gzip, deflate, br", TRUE},
                {"br;q=1.0, GZIP;q=0.8", TRUE},
                {"gzip;q=0", FALSE},
                {"gzip; q=0.000, *", FALSE},
                {"*", TRUE},
                {"*;q=0", FALSE},
                {"xgzip", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(gzip_accepted(rows[i].header), ==, rows[i].accepted);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gzip/back", gives_the_bytes_back);
    g_test_add_func("/gzip/noise", leaves_alone_what_does_not_shrink);
    g_test_add_func("/gzip/accepted", reads_what_is_accepted);
    return g_test_run();
}
