/* Records from a sheet, all or none: every row goes through the same door as a record made by hand,
 * with the rights of who imports; one job of at most TABLE_ROWS_MAX rows, so that nothing is ever
 * half done. What is wrong is told by row and column, the first IMPORT_ERRORS_MAX of them and how
 * many there are.
 *
 * The head row names fields by name or title (Chinese, English, with the unit after a slash as in
 * exports); columns that exports have beside the fields (number, state, times, names of refs) are
 * passed over, the id of a type without key is not. Cells: record/import_cell.h. Empty cells change
 * nothing; what a record holds already is not given again. A file that was imported before is
 * refused unless `again` says so. A record that has rows on a further sheet of a workbook gets them
 * as its whole list; one that has none there keeps those it has. */
#pragma once
#include "record/record.h"
#include "record/table_read.h"

enum { IMPORT_ERRORS_MAX = 100 };

typedef enum { IMPORT_UPSERT, IMPORT_CREATE, IMPORT_UPDATE } ImportMode;
gboolean import_mode_parse(const char *text, ImportMode *mode); /* "upsert", "create", "update" */

/* A sheet of the workbook with the rows of one field, under the name and with the first column of
 * exports: the record's id, which the first sheet has too. */
typedef struct {
    const Field *field;
    char *name;
    Table *table;
} ImportPage;
/* Of ImportPage; NULL on error. */
GPtrArray *import_pages(const Packs *packs, const char *type, const char *bytes, gsize n,
                        GError **error);

typedef struct {
    const char *type;
    const Table *table;
    const GPtrArray *pages; /* of ImportPage, or NULL */
    const char *hash;       /* of the file, or NULL: not remembered */
    ImportMode mode;
    gboolean dry_run; /* check every row as if it were saved, save nothing */
    gboolean again;
    GPtrArray *saved; /* takes the records made and changed (json_t*), or NULL */
} ImportAsked;

/* In a job of the records writer. {"rows","created","updated","unchanged","refused","dry_run",
 * "columns":[{"column":"A","title","field" or
 * null}],"errors":[{"row","column","title","field","id",
 * "detail","detail_en","hint","hint_en","sheet" (of rows)}],"imported_before":{"time","actor"}}.
 * Refused rows: a dry run answers them; else *answer has them and the result is FALSE with
 * ERROR_IMPORT. Other errors: ERROR_SHEET (head row), ERROR_IMPORT_AGAIN, ERROR_TYPE_UNKNOWN, the
 * store's. */
gboolean record_import(Sql *sql, const Packs *packs, const Actor *actor, const ImportAsked *asked,
                       gint64 now_ms, json_t **answer, GError **error);
/* SM3 of a file as text, for ImportAsked.hash; caller frees. */
char *import_hash(const char *bytes, gsize n);

/* A workbook to be filled in: head row with titles, required ones starred, drop-down lists of
 * codes, and a sheet that explains each column. ERROR_FILE, ERROR_DISK_FULL, ERROR_TYPE_UNKNOWN. */
gboolean record_template(const Packs *packs, const Actor *actor, const char *type, int fd,
                         const char *tmp_dir, GError **error);
