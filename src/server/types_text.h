/* The answer of /api/types, which is the same for all who have one role and long: made once for
 * each role, packed small, and told apart by an ETag, so that a browser that has it asks only
 * whether it still holds. Any thread. */
#pragma once
#include "record/record.h"

typedef struct TypesText TypesText;
typedef struct {
    char *etag; /* with quotes */
    char *gzip; /* stays as long as the TypesText; NULL: so short that it does not help */
    gsize gzip_n;
} TypesAnswer;

TypesText *types_text_new(const Packs *packs); /* packs is kept */
void types_text_free(TypesText *types);
const TypesAnswer *types_text_of(TypesText *types, const Actor *person);
