/* POST /api/records/{type}/import: a sheet becomes records, in one job; GET …/template.xlsx: the
 * workbook to fill in. */
#include "record/import.h"
#include "server/house.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static gboolean read_flag(Request *request, const char *name, gboolean *flag, GError **error) {
    const char *text = request_query(request, name);
    *flag = text && g_str_equal(text, "true");
    return text == NULL || *flag || g_str_equal(text, "false") ||
           error_set(error, ERROR_REQUEST, name, name, "true or false", NULL);
}

static gboolean read_asked(Request *request, ImportAsked *asked, GError **error) {
    const char *mode = request_query(request, "mode");
    asked->type = request_part(request, 0);
    return read_flag(request, "dry_run", &asked->dry_run, error) &&
           read_flag(request, "again", &asked->again, error) &&
           (mode == NULL || import_mode_parse(mode, &asked->mode) ||
            error_set(error, ERROR_REQUEST, "mode", "mode", "upsert, create or update", NULL));
}

typedef struct {
    const House *house;
    const Identity *identity;
    const ImportAsked *asked;
    gint64 now_ms;
    Once *once; /* or NULL */
    gboolean replayed;
    json_t *answer;
} Job;

static gboolean run(Sql *sql, gpointer data, GError **error) {
    Job *job = data;
    if (!once_find(sql, job->once, job->house->once_ms, job->now_ms, &job->answer, error))
        return FALSE;
    job->replayed = job->answer != NULL;
    return job->replayed || (record_import(sql, job->house->packs, &job->identity->actor,
                                           job->asked, job->now_ms, &job->answer, error) &&
                             once_keep(sql, job->once, job->answer, job->now_ms, error));
}

/* Points are also known to the engine: it is told after the commit. */
static void tell_engine(const House *house, const GPtrArray *points) {
    for (guint i = 0; i < points->len; i++) {
        g_autoptr(GError) error = NULL;
        if (!pipeline_point_changed(house->pipeline, points->pdata[i], &error))
            g_warning("point change not taken by the engine: %s", error->message);
    }
}

static void import_table(Request *request, const Identity *identity, ImportAsked *asked) {
    const House *house = house_of(request);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) points = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    g_autoptr(Once) once = NULL;
    g_autofree char *what =
        g_strdup_printf("%s %d %d %d", asked->hash, asked->dry_run, asked->mode, asked->again);
    if (!once_read(request, identity->login, what, &once, &error)) {
        respond_error(request, error);
        return;
    }
    Job job = {house, identity, asked, house_now(request), once, FALSE, NULL};
    asked->saved = g_str_equal(asked->type, "point") ? points : NULL;
    if (!writer_run(house->records, run, &job, &error)) {
        respond_problem(request, error, job.answer);
        return;
    }
    if (job.replayed)
        once_say(request);
    if (!asked->dry_run)
        tell_engine(house, points);
    respond_json(request, 200, job.answer);
}

void api_records_import(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    gsize n;
    const char *bytes = request_body(request, &n);
    ImportAsked asked = {0};
    g_autoptr(Table) table =
        read_asked(request, &asked, &error) ? table_read(bytes, n, &error) : NULL;
    g_autoptr(GPtrArray) pages =
        table ? import_pages(house_of(request)->packs, asked.type, bytes, n, &error) : NULL;
    g_autofree char *hash = pages ? import_hash(bytes, n) : NULL;
    asked.table = table;
    asked.pages = pages;
    asked.hash = hash;
    if (pages)
        import_table(request, identity, &asked);
    else
        respond_error(request, error);
    identity_free(identity);
}

void api_records_template(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    const House *house = house_of(request);
    g_autoptr(GError) error = NULL;
    int fd = open(house->data_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set(&error, ERROR_FILE, NULL, house->data_dir, g_strerror(errno), NULL);
    } else if (record_template(house->packs, &identity->actor, request_part(request, 0), fd,
                               house->data_dir, &error)) {
        g_autofree char *name =
            g_strdup_printf("attachment; filename=\"%s-template.xlsx\"", request_part(request, 0));
        request_add_header(request, "Content-Disposition", name);
        respond_file(request, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                     fd);
        fd = -1;
    }
    if (error)
        respond_error(request, error);
    if (fd >= 0)
        close(fd);
    identity_free(identity);
}
