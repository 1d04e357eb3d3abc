#include "server/ogc.h"
#include "server/openapi.h"

#include <string.h>

#define GEOJSON "application/geo+json"
#define JSON "application/json"

/* --- addresses --- */

static gboolean host_is_plain(const char *host) {
    gsize n = strlen(host);
    return n > 0 && n <= 255 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == n;
}

char *ogc_base(Request *request) {
    const char *host = request_header(request, "Host");
    const char *proto = request_header(request, "X-Forwarded-Proto");
    gboolean secure = proto && g_ascii_strcasecmp(proto, "https") == 0;
    if (host == NULL || !host_is_plain(host))
        return g_strdup(""); /* then links are relative */
    return g_strconcat(secure ? "https://" : "http://", host, NULL);
}

static void add_parameter(GString *out, const char *name, const char *value) {
    g_string_append_c(out, strchr(out->str, '?') ? '&' : '?');
    g_string_append_uri_escaped(out, name, NULL, FALSE);
    g_string_append_c(out, '=');
    g_string_append_uri_escaped(out, value, NULL, FALSE);
}

typedef struct {
    GString *out;
    gboolean drop_cursor;
} Rebuild;

static gboolean add_query(gpointer data, const char *name, const char *value) {
    Rebuild *rebuild = data;
    if (!rebuild->drop_cursor || !g_str_equal(name, "cursor"))
        add_parameter(rebuild->out, name, value);
    return TRUE;
}

char *ogc_self(Request *request, const char *cursor) {
    g_autofree char *base = ogc_base(request);
    GString *out = g_string_new(base);
    g_string_append_uri_escaped(out, request_path(request), "/", FALSE);
    Rebuild rebuild = {out, cursor != NULL};
    request_each_query(request, add_query, &rebuild);
    if (cursor)
        add_parameter(out, "cursor", cursor);
    return g_string_free(out, FALSE);
}

json_t *ogc_link(const char *href, const char *rel, const char *media, const char *title) {
    return json_pack("{s:s, s:s, s:s, s:s*}", "href", href, "rel", rel, "type", media, "title",
                     title);
}

/* --- collections --- */

json_t *ogc_collection_json(const char *base, const RecordType *type) {
    g_autofree char *self = g_strconcat(base, "/ogc/collections/", type->name, NULL);
    g_autofree char *items = g_strconcat(self, "/items", NULL);
    g_autofree char *queryables = g_strconcat(self, "/queryables", NULL);
    json_t *links =
        json_pack("[o, o, o]", ogc_link(self, "self", JSON, NULL),
                  ogc_link(items, "items", GEOJSON, type->title.zh),
                  ogc_link(queryables, "http://www.opengis.net/def/rel/ogc/1.0/queryables",
                           "application/schema+json", NULL));
    return json_pack("{s:s, s:s, s:s, s:s, s:[s], s:s, s:o}", "id", type->name, "title",
                     type->title.zh, "description", type->title.en, "itemType", "feature", "crs",
                     OGC_CRS84, "storageCrs", OGC_CRS84, "links", links);
}

static json_t *queryable(const Field *field) {
    json_t *schema = openapi_field(field);
    if (json_object_get(schema, "$ref")) { /* into /api/openapi.json: code lists */
        json_object_del(schema, "$ref");
        json_object_set_new(schema, "type", json_string("string"));
    }
    return schema;
}

json_t *ogc_queryables_json(const char *base, const RecordType *type) {
    g_autofree char *id = g_strconcat(base, "/ogc/collections/", type->name, "/queryables", NULL);
    json_t *properties = json_object();
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (!field->secret && field_term_kind(field->kind) != TERM_NONE)
            json_object_set_new(properties, field->name, queryable(field));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "$schema",
                     "https://json-schema.org/draft/2020-12/schema", "$id", id, "type", "object",
                     "title", type->title.zh, "properties", properties);
}

/* --- features --- */

/* "enterprise": "PLANT-A" gets "enterprise_label": "甲化工厂" beside it. */
static void add_labels(json_t *properties, json_t *labels) {
    const char *name;
    json_t *label;
    json_object_foreach(labels, name, label) {
        g_autofree char *beside = g_strconcat(name, "_label", NULL);
        if (json_is_string(label) && json_object_get(properties, beside) == NULL)
            json_object_set(properties, beside, label);
    }
}

/* Map programs want flat properties: points and lists are left out. */
static json_t *properties_json(json_t *record) {
    json_t *properties = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(record, name, value) {
        gboolean own = g_str_equal(name, "id") || g_str_equal(name, "type");
        if (!own && !json_is_object(value) && !json_is_array(value))
            json_object_set(properties, name, value);
    }
    add_labels(properties, json_object_get(record, "_labels"));
    return properties;
}

json_t *ogc_feature_json(Sql *sql, const Packs *packs, const Actor *actor, json_t *record_take) {
    json_t *place = record_geometry(sql, packs, actor, record_take);
    json_t *geometry = place ? place : json_null();
    json_t *feature = json_pack("{s:s, s:O, s:o, s:o}", "type", "Feature", "id",
                                json_object_get(record_take, "id"), "geometry", geometry,
                                "properties", properties_json(record_take));
    json_decref(record_take);
    return feature;
}
