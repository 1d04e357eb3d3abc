/* The items of a journal file (docs/verify.md): what the writer and the reader agree on. Inside of
 * journal_file_write.c and journal_file_verify.c only. */
#pragma once
#include "record/verify_part.h"

#define JOURNAL_FILE_MAGIC "anlan-journal-1\n"
enum {
    ITEM_TYPE = 'T',
    ITEM_ENTRY = 'E',
    ITEM_ROW = 'R',
    ITEM_SEAL = 'S',
    ITEM_END = 'Z',
    ITEM_HEAD = 9,             /* tag and length in front of each */
    ITEM_BYTES_MAX = 64 << 20, /* no item is longer */
};

/* The texts of a type; NULL: it has none. */
enum { TYPE_NAME, TYPE_KEY, TYPE_REGION, TYPE_ENTERPRISE, TYPE_OWNER, TYPE_SECTOR, TYPE_TEXTS };
/* The texts and numbers of a row. */
enum {
    ROW_STATE,
    ROW_CREATED_BY,
    ROW_REGION,
    ROW_ENTERPRISE,
    ROW_SECTOR,
    ROW_FIELDS, /* compact JSON object of its values and its number */
    ROW_TEXTS
};
enum { ROW_VERSION, ROW_CREATED, ROW_UPDATED, ROW_STATE_TIME, ROW_INTS };
