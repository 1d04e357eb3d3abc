/* The documents that moves have made, and how one would look. */
#include "record/documents.h"
#include "server/house.h"
#include "store/file_store.h"

#include <string.h>

static json_t *list(Request *request, const Identity *identity, GError **error) {
    json_t *items =
        documents_of(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                     request_part(request, 0), request_part(request, 1), error);
    return items ? json_pack("{s:o}", "items", items) : NULL;
}

void api_record_documents(Request *request) { house_read(request, list); }

static json_t *of_enterprise(Request *request, const Identity *identity, GError **error) {
    gint64 limit = 50;
    const char *enterprise = request_query(request, "enterprise");
    if (!request_number(request, "limit", 1, 500, &limit, error))
        return NULL;
    if (enterprise == NULL) {
        error_set(error, ERROR_REQUEST, "enterprise", "not given", "name an enterprise", NULL);
        return NULL;
    }
    json_t *items = documents_of_enterprise(worker_of(request)->records, house_of(request)->packs,
                                            &identity->actor, enterprise, house_now(request),
                                            (int)limit, error);
    return items ? json_pack("{s:o}", "items", items) : NULL;
}

void api_documents(Request *request) { house_read(request, of_enterprise); }

void api_document_get(Request *request) {
    g_autoptr(GError) error = NULL;
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    Sql *sql = worker_of(request)->records;
    json_t *document = document_get(sql, house_of(request)->packs, &identity->actor,
                                    request_part(request, 0), &error);
    identity_free(identity);
    const char *hash = json_string_value(json_object_get(document, "hash"));
    int fd = document ? file_store_open(sql_files(sql), hash, &error) : -1;
    if (fd >= 0) {
        const char *title =
            json_string_value(json_object_get(json_object_get(document, "title"), "zh"));
        g_autofree char *name =
            g_strdup_printf("%s %s.pdf", title ? title : "",
                            json_string_value(json_object_get(document, "number")));
        respond_stored(request, "application/pdf", g_strstrip(name), "no-store", fd);
    } else {
        respond_error(request, error);
    }
    json_decref(document);
}

void api_document_preview(Request *request) {
    g_autoptr(GError) error = NULL;
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    GString *pdf =
        document_preview(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                         request_part(request, 0), request_part(request, 1),
                         request_part(request, 2), house_now(request), &error);
    identity_free(identity);
    if (pdf == NULL) {
        respond_error(request, error);
        return;
    }
    request_add_header(request, "Cache-Control", "no-store");
    request_add_header(request, "Content-Disposition", "inline; filename=\"preview.pdf\"");
    respond_text(request, 200, "application/pdf", pdf);
}
