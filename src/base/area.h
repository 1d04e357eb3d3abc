/* Areas: GeoJSON polygons (RFC 7946) in degrees, longitude first, CGCS2000 or WGS 84.
 *
 * What is taken: a Polygon or MultiPolygon of at most AREA_CORNERS_MAX positions of two numbers
 * within ±180 and ±90; rings of at least four positions whose last one is the first, in either
 * direction; valid by the rules of OGC Simple Features as GEOS checks them (no ring crosses itself,
 * holes lie inside, parts do not overlap). Coordinates are rounded to seven decimals, a centimetre
 * (project choice), before they are checked. Pure functions; any thread. */
#pragma once
#include "base/error.h"
#include <jansson.h>

enum { AREA_CORNERS_MAX = 10000 }; /* over all rings, closing positions too */

/* A box on the map in degrees (CRS84); west > east: over the date line. */
typedef struct {
    double west, south, east, north;
} GeoBox;

/* The one text of an area: {"coordinates":…,"type":…}; caller frees. NULL with FIELD_KIND,
 * FIELD_FORMAT or FIELD_RANGE, which name the defect and where it is. */
char *area_from_json(json_t *json, const char *field, GError **error);
/* GeoJSON or WKT ("POLYGON ((…))", "MULTIPOLYGON (…)") as JSON for area_from_json; NULL when the
 * text is neither. */
json_t *area_from_text(const char *text);
/* Of a text that area_from_json made: the box around it (west <= east), and how many corners it
 * has, closing positions not counted. FALSE when the text is no such thing. */
gboolean area_box(const char *text, GeoBox *box, guint *corners);
