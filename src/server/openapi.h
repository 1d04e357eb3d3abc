/* The document of the API (OpenAPI 3.1), made from the table of routes and the packs, so that it
 * cannot say anything else than they do. Each route's row says in one place what it takes and
 * answers; a route with {type} also stands once per record type with that type's own schemas, and
 * one with {move} once per move that people make. Pure; made once at start (a few ms) and served as
 * it is. */
#pragma once
#include "pack/pack.h"
#include "server/http.h"

/* New reference. */
json_t *openapi_document(const Packs *packs, const Route *routes);
/* The JSON schema of the value of one field, as records carry it. New reference. */
json_t *openapi_field(const Field *field);

/* --- between openapi.c, openapi_types.c and openapi_parts.c --- */

/* Adds hazard, hazard.list, hazard.create, hazard.edit, hazard.move.NAME, codes.NAME. */
void openapi_add_types(json_t *schemas, const Packs *packs);
/* {"schemas", "parameters", "responses", "securitySchemes"} as far as they do not depend on packs.
 */
json_t *openapi_parts(void);
