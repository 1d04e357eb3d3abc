/* Where records stand on the map: by the point field of their type, else by that of their
 * enterprise.
 *
 * A box compiles to ranges over the two columns of the point, which are indexed. Pure but for
 * record_place, which may look up the enterprise; any connection. Coordinates are WGS 84 degrees,
 * longitude first (CRS84). */
#pragma once
#include "record/query.h"
#include "record/record.h"

typedef struct {
    const RecordType *holder; /* the type itself or that of its enterprise; NULL: no place */
    const Field *point;
} TypePlace;

/* As this actor may see it: the place of the enterprise only when he reads enterprises and the type
 * is not one that everyone sees. */
TypePlace place_of_type(const Packs *packs, const Actor *actor, const RecordType *type);
/* Appends " AND ..." with its parameters. */
void place_box_sql(Query *query, const TypePlace *place, const RecordType *type, const GeoBox *box);
