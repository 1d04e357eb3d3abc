/* What a file really is, told by its bytes: the kinds of files that people may keep.
 *
 * Only these are known; everything else is refused. A claim (Content-Type, ending of the name) is
 * compared, never believed. A file is walked from its first to its last byte as its format says, so
 * what is cut off, carries something behind its end, or is at the same time a ZIP or a PDF (a
 * polyglot) is refused; nothing is decompressed and no picture is decoded here. Pure functions on
 * bytes of any size, also mapped ones; the cost is one pass without allocation. */
#pragma once
#include <glib.h>

typedef enum {
    MEDIA_IMAGE = 1,
    MEDIA_PDF = 2,
    MEDIA_OFFICE = 4,
    MEDIA_TEXT = 8,
    MEDIA_VIDEO = 16,
    MEDIA_ANY = 31
} MediaClass;

typedef struct {
    const char *type; /* "image/jpeg" */
    MediaClass class;
    const char *endings; /* of file names, ".jpg.jpeg." ; the first is given to names without one */
    gboolean drawn;      /* thumbnails can be made of it */
} Media;

/* What the bytes are. NULL with ERROR_FILE_KIND, which says what is wrong with them. */
const Media *media_sniff(const guint8 *bytes, gsize n, GError **error);
/* Whether a Content-Type (with or without parameters) says the same; NULL and
 * application/octet-stream claim nothing. CSV and plain text may stand for each other. */
gboolean media_agrees(const Media *media, const char *content_type);
/* Plain text whose name ends in .csv is CSV; everything else is what it was. */
const Media *media_named(const Media *media, const char *name);
const Media *media_find(const char *type); /* or NULL */
const Media *media_at(guint i);            /* all of them; NULL behind the last */
/* By its name in packs: image, pdf, office, text, video, any; 0: none. */
guint media_class(const char *name);

/* A name that is safe to show and to store under: the last part of a path, without control and
 * direction characters, at most 120 characters, with an ending that fits. Never empty; caller
 * frees. `name` NULL or not UTF-8: as if it were empty. */
char *media_name(const Media *media, const char *name);

/* Width and height of a JPEG, PNG or WebP, as its header claims, and the scans of a JPEG (others:
 * 1). False: it has none. */
gboolean media_size(const guint8 *bytes, gsize n, guint *width, guint *height, guint *scans);
