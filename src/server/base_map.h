/* The base map that a deployment shows under its own data: addresses of picture tiles in web
 * mercator (EPSG:3857), as `--base-map` names them, in the order in which they lie. Without any the
 * client draws the outlines it carries itself; so it does where tiles do not come.
 *
 * An address holds {z}, {x} and {y}, and may hold a range of hosts: https://t{0-7}.example/…; it
 * begins with https://, http:// or, for tiles that the same host serves, with /. `tianditu:KEY`
 * stands for the vector map of the national platform with its Chinese names (services vec_w and
 * cva_w; the key is one for browsers, which everybody sees who opens the map). */
#pragma once
#include <glib.h>
#include <jansson.h>

typedef struct BaseMap BaseMap;
/* NULL with ERROR_REQUEST when an address is none; `addresses` NULL: no base map. */
BaseMap *base_map_new(const char *const *addresses, GError **error);
void base_map_free(BaseMap *map);
/* {"layers": [{"url"}], "attribution"}; new reference. */
json_t *base_map_json(const BaseMap *map);
/* What an img-src of a Content-Security-Policy must allow for it: "" or a blank and hosts. */
const char *base_map_sources(const BaseMap *map);
