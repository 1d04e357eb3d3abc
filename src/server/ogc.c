#include "server/ogc.h"
#include "record/rights.h"

#include <string.h>

#define GEOJSON "application/geo+json"
#define JSON "application/json"
#define OPENAPI "application/vnd.oai.openapi+json;version=3.1"

static const char *const conforms_to[] = {
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
};

static void render(Request *request, const char *media, json_t *body_take, const GError *error) {
    if (body_take)
        respond_json_as(request, 200, media, body_take);
    else
        respond_error(request, error);
}

static json_t *link_below(const char *base, const char *path, const char *rel, const char *media) {
    g_autofree char *href = g_strconcat(base, path, NULL);
    return ogc_link(href, rel, media, NULL);
}

void ogc_landing(Request *request) {
    g_autoptr(GError) error = NULL;
    g_autofree char *base = ogc_base(request);
    json_t *body = NULL;
    if (ogc_plain_query(request, &error))
        body = json_pack("{s:s, s:s, s:[o, o, o, o]}", "title", "安澜 Anlan", "description",
                         "Records with a place, in the sight of the caller", "links",
                         link_below(base, "/ogc/", "self", JSON),
                         link_below(base, "/api/openapi.json", "service-desc", OPENAPI),
                         link_below(base, "/ogc/conformance", "conformance", JSON),
                         link_below(base, "/ogc/collections", "data", JSON));
    render(request, JSON, body, error);
}

void ogc_conformance(Request *request) {
    g_autoptr(GError) error = NULL;
    json_t *body = NULL;
    if (ogc_plain_query(request, &error)) {
        json_t *list = json_array();
        for (gsize i = 0; i < G_N_ELEMENTS(conforms_to); i++)
            json_array_append_new(list, json_string(conforms_to[i]));
        body = json_pack("{s:o}", "conformsTo", list);
    }
    render(request, JSON, body, error);
}

/* ---- collections: the types that he reads and that have a place ---- */

static gboolean is_collection(Request *request, const Identity *identity, const RecordType *type) {
    return rights_read(&identity->actor, type) &&
           record_has_place(house_of(request)->packs, &identity->actor, type);
}

static const RecordType *find_collection(Request *request, const Identity *identity,
                                         GError **error) {
    const char *name = request_part(request, 0);
    const RecordType *type = packs_type(house_of(request)->packs, name);
    if (type && is_collection(request, identity, type))
        return type;
    error_set(error, ERROR_TYPE_UNKNOWN, NULL, name, NULL);
    return NULL;
}

static json_t *collections_json(Request *request, const Identity *identity) {
    g_autofree char *base = ogc_base(request), *self = ogc_self(request, NULL);
    const Packs *packs = house_of(request)->packs;
    json_t *list = json_array();
    for (guint i = 0; i < packs->types->len; i++)
        if (is_collection(request, identity, packs->types->pdata[i]))
            json_array_append_new(list, ogc_collection_json(base, packs->types->pdata[i]));
    return json_pack("{s:[o], s:o}", "links", ogc_link(self, "self", JSON, NULL), "collections",
                     list);
}

void ogc_collections(Request *request) {
    Identity *identity = house_map_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *body = ogc_plain_query(request, &error) ? collections_json(request, identity) : NULL;
    render(request, JSON, body, error);
    identity_free(identity);
}

typedef json_t *(*OfType)(const char *base, const RecordType *type);

static void answer_of_type(Request *request, const char *media, OfType func) {
    Identity *identity = house_map_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    g_autofree char *base = ogc_base(request);
    const RecordType *type = find_collection(request, identity, &error);
    json_t *body = type && ogc_plain_query(request, &error) ? func(base, type) : NULL;
    render(request, media, body, error);
    identity_free(identity);
}

void ogc_collection(Request *request) { answer_of_type(request, JSON, ogc_collection_json); }

void ogc_queryables(Request *request) {
    answer_of_type(request, "application/schema+json", ogc_queryables_json);
}

/* ---- features ---- */

static json_t *features_of(Request *request, const Identity *identity, json_t *items) {
    json_t *features = json_array(), *record;
    size_t i;
    json_array_foreach(items, i, record) json_array_append_new(
        features, ogc_feature_json(worker_of(request)->records, house_of(request)->packs,
                                   &identity->actor, json_incref(record)));
    return features;
}

static json_t *page_links(Request *request, const char *next) {
    g_autofree char *self = ogc_self(request, NULL);
    g_autofree char *href = next ? ogc_self(request, next) : NULL;
    json_t *links = json_pack("[o]", ogc_link(self, "self", GEOJSON, NULL));
    if (href)
        json_array_append_new(links, ogc_link(href, "next", GEOJSON, NULL));
    return links;
}

static json_t *page_json(Request *request, const Identity *identity, json_t *list) {
    char time[TIME_TEXT];
    json_t *features = features_of(request, identity, json_object_get(list, "items"));
    json_t *links = page_links(request, json_string_value(json_object_get(list, "next")));
    json_t *page =
        json_pack("{s:s, s:s, s:I, s:o, s:o}", "type", "FeatureCollection", "timeStamp",
                  time_format(house_now(request), time), "numberReturned",
                  (json_int_t)json_array_size(features), "links", links, "features", features);
    json_t *count = json_object_get(list, "count");
    if (count && !json_object_get(list, "count_more")) /* unknown is left out */
        json_object_set(page, "numberMatched", count);
    return page;
}

static json_t *items_json(Request *request, const Identity *identity, GError **error) {
    const RecordType *type = find_collection(request, identity, error);
    OgcQuery query = {0};
    json_t *list = NULL;
    if (type && ogc_query_read(request, type, &query, error))
        list = record_list(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                           type->name, &query.list, house_now(request), error);
    json_t *page = list ? page_json(request, identity, list) : NULL;
    json_decref(list);
    ogc_query_clear(&query);
    return page;
}

void ogc_items(Request *request) {
    Identity *identity = house_map_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *body = items_json(request, identity, &error);
    render(request, GEOJSON, body, error);
    identity_free(identity);
}

static json_t *item_json(Request *request, const Identity *identity, GError **error) {
    Sql *sql = worker_of(request)->records;
    const Packs *packs = house_of(request)->packs;
    const RecordType *type = find_collection(request, identity, error);
    json_t *record =
        type && ogc_plain_query(request, error)
            ? record_get(sql, packs, &identity->actor, type->name, request_part(request, 1), error)
            : NULL;
    if (record == NULL)
        return NULL;
    record_add_labels(sql, packs, record);
    json_t *feature = ogc_feature_json(sql, packs, &identity->actor, record);
    g_autofree char *self = ogc_self(request, NULL), *base = ogc_base(request);
    g_autofree char *collection = g_strconcat(base, "/ogc/collections/", type->name, NULL);
    json_object_set_new(feature, "links",
                        json_pack("[o, o]", ogc_link(self, "self", GEOJSON, NULL),
                                  ogc_link(collection, "collection", JSON, NULL)));
    return feature;
}

void ogc_item(Request *request) {
    Identity *identity = house_map_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *body = item_json(request, identity, &error);
    render(request, GEOJSON, body, error);
    identity_free(identity);
}
