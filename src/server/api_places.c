/* GET /api/places/{type}: places of any number of records as marks with counts (record/clusters.h).
 */
#include "record/clusters.h"
#include "server/house.h"

static gboolean read_cell(Request *request, double *cell, GError **error) {
    const char *text = request_query(request, "cell");
    char *end = NULL;
    *cell = text ? g_ascii_strtod(text, &end) : 0;
    return (end && end != text && *end == 0 && *cell > 0) ||
           error_set(error, ERROR_REQUEST, "cell", "cell",
                     "the size of a cell in degrees, as cell=0.1", NULL);
}

static json_t *gather(Request *request, const Identity *identity, GError **error) {
    const char *bbox = request_query(request, "bbox");
    ClusterQuery asked = {.filter = request_query(request, "filter"),
                          .by = request_query(request, "by")};
    if (!geo_box_parse(bbox ? bbox : "", &asked.box, error) ||
        !read_cell(request, &asked.cell, error))
        return NULL;
    return record_clusters(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                           request_part(request, 0), &asked, house_now(request), error);
}

void api_places(Request *request) { house_read(request, gather); }

void api_base_map(Request *request) {
    respond_json(request, 200, base_map_json(house_of(request)->base_map));
}
