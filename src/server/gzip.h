/* Bytes made smaller for the way to a browser. */
#pragma once
#include <glib.h>

/* `n` bytes as gzip (RFC 1952) at `level` 1 (quick) … 9 (small), *gzip_n of them, from malloc; NULL
 * when that saves less than a sixteenth. */
char *gzip_bytes(const void *bytes, gsize n, int level, gsize *gzip_n);
/* Whether an Accept-Encoding header (RFC 9110 12.5.3; may be NULL) takes gzip: names it, or all,
 * and not with q=0. */
gboolean gzip_accepted(const char *header);
