/* Where records stand on the map: by the area or the point field of their type (the first of each),
 * else by the point of their enterprise.
 *
 * A box compiles to ranges over indexed columns: those of a point, and of the box around an area,
 * so that an area may be found by a box that only touches the box around it. Pure but for
 * record_geometry, which may look up the enterprise; any connection. Coordinates are WGS 84
 * degrees, longitude first (CRS84). */
#pragma once
#include "record/query.h"
#include "record/record.h"

typedef struct {
    const RecordType *holder; /* the type itself or that of its enterprise; NULL: no place */
    const Field *point;       /* or NULL */
    const Field *area;        /* of the type itself; or NULL */
} TypePlace;

/* As this actor may see it: the place of the enterprise only when he reads enterprises and the type
 * is not one that everyone sees. */
TypePlace place_of_type(const Packs *packs, const Actor *actor, const RecordType *type);
/* Appends " AND ..." with its parameters. */
void place_box_sql(Query *query, const TypePlace *place, const RecordType *type, const GeoBox *box);
/* The longitude or latitude of a row of r_TYPE as an SQL expression: of its point, else the middle
 * of the box around its area. */
void place_coordinate_sql(Query *query, const TypePlace *place, const RecordType *type,
                          gboolean latitude);
