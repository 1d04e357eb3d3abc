/* GET /api/records/{type}: a list as JSON pages, or whole as a file (api_export.c). */
#include "server/house.h"

#include <string.h>

static gboolean read_query(Request *request, RecordQuery *query, GeoBox *box, GError **error) {
    const char *bbox = request_query(request, "bbox");
    gint64 limit = 50, count = 0;
    if (!request_number(request, "limit", 1, 500, &limit, error) ||
        !request_number(request, "count", 0, 1, &count, error) ||
        (bbox && !geo_box_parse(bbox, box, error)))
        return FALSE;
    *query = (RecordQuery){.filter = request_query(request, "filter"),
                           .search = request_query(request, "q"),
                           .sort = request_query(request, "sort"),
                           .cursor = request_query(request, "cursor"),
                           .limit = (int)limit,
                           .count = count == 1,
                           .labels = TRUE,
                           .facets = request_query(request, "facets"),
                           .box = bbox ? box : NULL};
    return TRUE;
}

static void answer_page(Request *request, const Identity *identity, const RecordQuery *query) {
    g_autoptr(GError) error = NULL;
    json_t *list =
        record_list(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                    request_part(request, 0), query, house_now(request), &error);
    if (list)
        respond_json(request, 200, list);
    else
        respond_error(request, error);
}

void api_records_list(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    GeoBox box;
    RecordQuery query;
    const char *format = request_query(request, "format");
    if (!read_query(request, &query, &box, &error))
        respond_error(request, error);
    else if (format && !g_str_equal(format, "json"))
        api_records_export(request, identity, &query, format);
    else
        answer_page(request, identity, &query);
    identity_free(identity);
}
