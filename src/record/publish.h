/* What the public sees: of types with `publish`, the records for which its condition holds, and of
 * those the named fields and nothing else. Any reading connection. */
#pragma once
#include "record/record.h"

typedef struct {
    const char *filter; /* CQL2 over `id` and the published names, or NULL */
    const char *cursor; /* the id that the former page ended with, or NULL */
    int limit;          /* 1..100 */
} PublicQuery;

/* {"items": [{"id", ...}], "next"}: the newest ids first. Types that publish nothing do not exist
 * (ERROR_TYPE_UNKNOWN). */
json_t *public_list(Sql *sql, const Packs *packs, const char *type, const PublicQuery *query,
                    gint64 now_ms, GError **error);
json_t *public_get(Sql *sql, const Packs *packs, const char *type, const char *id, gint64 now_ms,
                   GError **error);
/* {"types": [{"name", "title", "published": [field], "region", "given": [field]}], "codes"}:
 * `published` when the type is read, `given` when reports may be filed. */
json_t *public_types(const Packs *packs);
