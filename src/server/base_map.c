#include "server/base_map.h"
#include "base/error.h"

#include <string.h>

enum { LAYERS_MAX = 4, ADDRESS_MAX = 1000 };

struct BaseMap {
    GPtrArray *urls;
    GString *sources;
    gboolean national;
};

static gboolean refuse(const char *address, const char *rule, GError **error) {
    g_autofree char *begun = g_utf8_substring(address, 0, MIN(40, g_utf8_strlen(address, -1)));
    return error_set(error, ERROR_REQUEST, "base-map", begun, rule, NULL);
}

/* What could end the address or the policy that names its host. */
static gboolean plain(const char *address) {
    for (const char *p = address; *p; p++)
        if (!g_ascii_isgraph(*p) || strchr(";,'\"\\<>", *p))
            return FALSE;
    return TRUE;
}

/* What a policy calls the host of an address, with any host for a range. NULL: a range that is not
 * the first part of the name. */
static char *source_of(const char *address) {
    const char *host = strstr(address, "://") + 3;
    gsize n = strcspn(host, "/");
    g_autofree char *scheme = g_strndup(address, (gsize)(host - address));
    g_autofree char *name = g_strndup(host, n);
    if (strchr(name, '{') == NULL)
        return g_strconcat(" ", scheme, name, NULL);
    const char *end = strchr(name, '}');
    const char *dot = end ? strchr(end, '.') : NULL;
    gboolean first = dot && memchr(name, '.', (gsize)(strchr(name, '{') - name)) == NULL;
    return first && !strchr(dot, '{') ? g_strconcat(" ", scheme, "*", dot, NULL) : NULL;
}

static gboolean add_url(BaseMap *map, const char *address, GError **error) {
    gboolean own = address[0] == '/' && address[1] != '/';
    gboolean outside =
        g_str_has_prefix(address, "https://") || g_str_has_prefix(address, "http://");
    if (map->urls->len == LAYERS_MAX)
        return refuse(address, "at most 4 addresses", error);
    if (!own && !outside)
        return refuse(address, "begin with https://, http:// or /", error);
    if (strlen(address) > ADDRESS_MAX || !plain(address))
        return refuse(address,
                      "at most 1000 characters, without blanks, quotes, commas or semicolons",
                      error);
    if (!strstr(address, "{z}") || !strstr(address, "{x}") || !strstr(address, "{y}"))
        return refuse(address, "name {z}, {x} and {y}", error);
    if (outside) {
        g_autofree char *source = source_of(address);
        if (source == NULL)
            return refuse(address, "a range of hosts stands in the first part: t{0-7}.example",
                          error);
        if (strstr(map->sources->str, source) == NULL)
            g_string_append(map->sources, source);
    }
    g_ptr_array_add(map->urls, g_strdup(address));
    return TRUE;
}

/* Tianditu's WMTS (tiles as OGC 07-057r7 key-value pairs; matrix set w is web mercator). */
static gboolean add_tianditu(BaseMap *map, const char *key, GError **error) {
    static const char *const layers[] = {"vec", "cva"};
    map->national = TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(layers); i++) {
        g_autofree char *url = g_strdup_printf(
            "https://t{0-7}.tianditu.gov.cn/%s_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
            "&LAYER=%s&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}"
            "&TILECOL={x}&tk=%s",
            layers[i], layers[i], key);
        if (!add_url(map, url, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add(BaseMap *map, const char *address, GError **error) {
    static const char national[] = "tianditu:";
    if (!g_utf8_validate(address, -1, NULL))
        return error_set(error, ERROR_REQUEST, "base-map", "not UTF-8", "write an address", NULL);
    if (!g_str_has_prefix(address, national))
        return add_url(map, address, error);
    const char *key = address + strlen(national);
    for (const char *p = key; *p; p++)
        if (!g_ascii_isalnum(*p))
            return refuse(address, "a key of letters and digits", error);
    return *key ? add_tianditu(map, key, error) : refuse(address, "tianditu:KEY", error);
}

BaseMap *base_map_new(const char *const *addresses, GError **error) {
    BaseMap *map = g_new0(BaseMap, 1);
    map->urls = g_ptr_array_new_with_free_func(g_free);
    map->sources = g_string_new(NULL);
    for (guint i = 0; addresses && addresses[i]; i++)
        if (!add(map, addresses[i], error)) {
            base_map_free(map);
            return NULL;
        }
    return map;
}

void base_map_free(BaseMap *map) {
    if (map == NULL)
        return;
    g_ptr_array_unref(map->urls);
    g_string_free(map->sources, TRUE);
    g_free(map);
}

json_t *base_map_json(const BaseMap *map) {
    json_t *layers = json_array();
    for (guint i = 0; i < map->urls->len; i++)
        json_array_append_new(layers, json_pack("{s:s}", "url", map->urls->pdata[i]));
    return json_pack("{s:o, s:s}", "layers", layers, "attribution",
                     map->national ? "天地图 (tianditu.gov.cn)" : "");
}

const char *base_map_sources(const BaseMap *map) { return map->sources->str; }
