/* OGC API - Features, Part 1 (core, GeoJSON) and the filters of Part 3 in CQL2-text: each record
 * type with a place, its own or its enterprise's, is a collection that QGIS, GDAL and other map
 * programs read. Rights and scope are those of the lists; what the caller may not read is 404.
 *
 * Coordinates are CRS84 (WGS 84, longitude first). Links are absolute: Host of the request, and
 * https when a proxy says X-Forwarded-Proto: https. Pages follow each other by `cursor` in the next
 * link. */
#pragma once
#include "server/house.h"

#define OGC_CRS84 "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

/* --- ogc_query.c: what a request for items asks --- */

typedef struct {
    RecordQuery list; /* its texts live as long as the request and this struct */
    GeoBox box;
    char *also;
} OgcQuery;
/* ERROR_REQUEST for parameters that are unknown or unreadable (400, as the standard wants it). */
gboolean ogc_query_read(Request *request, const RecordType *type, OgcQuery *query, GError **error);
void ogc_query_clear(OgcQuery *query);
/* Only f=json and, where it applies, crs=CRS84. */
gboolean ogc_plain_query(Request *request, GError **error);

/* --- ogc_json.c: what is answered --- */

char *ogc_base(Request *request); /* "https://host:port"; caller frees */
/* The address of this request with `cursor` in place of its own; NULL: as it was asked. Caller
 * frees. */
char *ogc_self(Request *request, const char *cursor);
/* A link to base + path; takes nothing. */
json_t *ogc_link(const char *href, const char *rel, const char *media, const char *title);
json_t *ogc_collection_json(const char *base, const RecordType *type);
json_t *ogc_queryables_json(const char *base, const RecordType *type);
/* Takes the record (docs/api.md RECORD with _labels). */
json_t *ogc_feature_json(Sql *sql, const Packs *packs, const Actor *actor, json_t *record_take);
