/* Small pictures of pictures, by gdk-pixbuf.
 *
 * The decoder is chosen by what base/media.h found, never by the library's own guess; what claims
 * more than THUMBNAIL_PIXELS or more than THUMBNAIL_SCANS passes is refused before it is decoded,
 * so one call takes at most 4 bytes a pixel and a time that is bounded with it (callers bound how
 * many run at once). The picture is turned as its EXIF says; the result is a JPEG that carries
 * nothing of the original but its look: no EXIF, no place, no profile. Any thread. */
#pragma once
#include <glib.h>

enum {
    THUMBNAIL_PIXELS = 64 << 20,
    THUMBNAIL_SCANS = 100,
    THUMBNAIL_MIN = 16,
    THUMBNAIL_MAX = 1024,
    PHOTO_EDGE = 2048 /* of photos that are drawn anew to be kept */
};

/* Pixels that decoding will take; 0 with ERROR_FILE_KIND when it is not a picture that can be
 * drawn, or one too large. */
gsize thumbnail_cost(const guint8 *bytes, gsize n, GError **error);
/* A JPEG that fits into a square of `edge` pixels, never larger than the picture itself. NULL with
 * ERROR_FILE_KIND. */
GString *thumbnail_make(const guint8 *bytes, gsize n, int edge, GError **error);
