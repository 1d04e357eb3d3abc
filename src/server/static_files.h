/* The web client's files, read into memory once at start (with a gzip twin when that is smaller). A
 * path is a key of a table, never a file name, so no request can leave the folder. Unknown paths
 * without a dot get index.html: the client routes them itself. */
#pragma once
#include "server/http.h"

typedef struct StaticFiles StaticFiles;
/* `images`: what may be shown from elsewhere, as it stands in an img-src after 'self' (base_map.h).
 */
StaticFiles *static_files_load(const char *directory, const char *images, GError **error);
void static_files_free(StaticFiles *files);
gboolean static_files_answer(StaticFiles *files,
                             Request *request); /* false: no such file, nothing answered */
