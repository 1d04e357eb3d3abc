#include "server/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

char *gzip_bytes(const void *bytes, gsize n, int level, gsize *gzip_n) {
    enum { GZIP = 15 + 16 };
    z_stream z = {0};
    int code = deflateInit2(&z, level, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY);
    g_assert(code == Z_OK);
    gsize room = deflateBound(&z, (uLong)n);
    char *out = malloc(room);
    g_assert(out != NULL);
    z.next_in = (Bytef *)bytes;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    code = deflate(&z, Z_FINISH);
    g_assert(code == Z_STREAM_END);
    *gzip_n = z.total_out;
    deflateEnd(&z);
    if (*gzip_n + *gzip_n / 16 < n)
        return out;
    free(out);
    return NULL;
}

/* "q=0", "q=0.0" … after the coding's name. */
static gboolean refused(const char *parameters) {
    const char *q = parameters ? strstr(parameters, "q=") : NULL;
    return q && g_ascii_strtod(q + 2, NULL) <= 0;
}

gboolean gzip_accepted(const char *header) {
    g_auto(GStrv) codings = g_strsplit(header ? header : "", ",", 32);
    gboolean any = FALSE;
    for (guint i = 0; codings[i]; i++) {
        char *parameters = strchr(codings[i], ';');
        gboolean taken = !refused(parameters);
        if (parameters)
            *parameters = 0;
        const char *name = g_strstrip(codings[i]);
        if (g_ascii_strcasecmp(name, "gzip") == 0)
            return taken;
        any |= taken && g_str_equal(name, "*");
    }
    return any;
}
