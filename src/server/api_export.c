/* A list as a file: written to a nameless file in the data directory, then sent from there, so that
 * memory does not grow with it. A few at a time: each holds a worker as long as it takes. */
#include "record/export.h"
#include "server/house.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { EXPORTS_MAX = 2 };

static const struct {
    const char *name, *media;
    SheetForm form;
} forms[] = {
    {"csv", "text/csv; charset=utf-8", SHEET_CSV},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", SHEET_XLSX},
};

static int find_form(const char *name, GError **error) {
    for (int i = 0; i < (int)G_N_ELEMENTS(forms); i++)
        if (g_str_equal(forms[i].name, name))
            return i;
    error_set(error, ERROR_REQUEST, "format", "format", "csv, xlsx or json", NULL);
    return -1;
}

static int temporary_file(const House *house, GError **error) {
    int fd = open(house->data_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        error_set(error, ERROR_FILE, NULL, house->data_dir, g_strerror(errno), NULL);
    return fd;
}

/* The file, or -1. */
static int write_file(Request *request, const Identity *identity, SheetFill fill,
                      gconstpointer query, SheetForm form, GError **error) {
    int fd = temporary_file(house_of(request), error);
    if (fd >= 0 && fill(request, identity, query, form, fd, error))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int write_in_turn(Request *request, const Identity *identity, SheetFill fill,
                         gconstpointer query, SheetForm form, GError **error) {
    House *house = house_of(request);
    int fd = -1;
    if (atomic_fetch_add(&house->exports, 1) < EXPORTS_MAX)
        fd = write_file(request, identity, fill, query, form, error);
    else
        error_set(error, ERROR_BUSY, NULL, "other lists are being exported", NULL);
    atomic_fetch_sub(&house->exports, 1);
    return fd;
}

static void name_file(Request *request, const char *name, const char *suffix) {
    char day[TIME_TEXT];
    g_autofree char *text = g_strdup_printf("attachment; filename=\"%s-%s.%s\"", name,
                                            day_format(day_of(house_now(request)), day), suffix);
    request_add_header(request, "Content-Disposition", text);
}

void api_sheet(Request *request, const Identity *identity, const char *name, const char *format,
               SheetFill fill, gconstpointer query) {
    g_autoptr(GError) error = NULL;
    int form = find_form(format, &error);
    int fd =
        form >= 0 ? write_in_turn(request, identity, fill, query, forms[form].form, &error) : -1;
    if (fd < 0) {
        respond_error(request, error);
        return;
    }
    name_file(request, name, forms[form].name);
    respond_file(request, forms[form].media, fd);
}

static gboolean fill_records(Request *request, const Identity *identity, gconstpointer query,
                             SheetForm form, int fd, GError **error) {
    const House *house = house_of(request);
    return record_export(worker_of(request)->records, house->packs, &identity->actor,
                         request_part(request, 0), query, request_query(request, "codes"), form, fd,
                         house->data_dir, house_now(request), error);
}

void api_records_export(Request *request, const Identity *identity, const RecordQuery *query,
                        const char *format) {
    api_sheet(request, identity, request_part(request, 0), format, fill_records, query);
}
