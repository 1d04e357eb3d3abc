/* GET /api/clocks: legal clocks of all records, as JSON pages or whole as a file. */
#include "record/clock_list.h"
#include "server/house.h"

static gboolean read_query(Request *request, ClockQuery *query, gint64 *summary, GError **error) {
    gint64 limit = 50, overdue = 0;
    if (!request_number(request, "limit", 1, 500, &limit, error) ||
        !request_number(request, "overdue", 0, 1, &overdue, error) ||
        !request_number(request, "summary", 0, 1, summary, error))
        return FALSE;
    *query = (ClockQuery){.state = request_query(request, "state"),
                          .type = request_query(request, "type"),
                          .region = request_query(request, "region"),
                          .enterprise = request_query(request, "enterprise"),
                          .cursor = request_query(request, "cursor"),
                          .overdue = overdue == 1,
                          .limit = (int)limit};
    return TRUE;
}

static gboolean fill_clocks(Request *request, const Identity *identity, gconstpointer query,
                            SheetForm form, int fd, GError **error) {
    const House *house = house_of(request);
    return clock_export(worker_of(request)->records, house->packs, &identity->actor, query, form,
                        fd, house->data_dir, house_now(request), error);
}

/* Years whose holidays are not known yet, though limits may reach into them. */
static json_t *calendar_json(const House *house, gint64 now_ms) {
    CalendarGaps gaps = calendar_gaps(house->packs->calendar, day_of(now_ms));
    json_t *years = json_array();
    for (int i = 0; gaps.year[i]; i++)
        json_array_append_new(years, json_integer(gaps.year[i]));
    return years;
}

static json_t *page(Request *request, const Identity *identity, const ClockQuery *query,
                    gboolean summary, GError **error) {
    const House *house = house_of(request);
    Sql *sql = worker_of(request)->records;
    gint64 now_ms = house_now(request);
    json_t *list = clock_list(sql, house->packs, &identity->actor, query, now_ms, error);
    json_t *sums = list && summary
                       ? clock_summary(sql, house->packs, &identity->actor, query, now_ms, error)
                       : NULL;
    if (list)
        json_object_set_new(list, "calendar_missing", calendar_json(house, now_ms));
    if (sums)
        json_object_set_new(list, "summary", sums);
    else if (summary)
        g_clear_pointer(&list, json_decref);
    return list;
}

void api_clocks(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    ClockQuery query;
    gint64 summary = 0;
    const char *format = request_query(request, "format");
    gboolean good = read_query(request, &query, &summary, &error);
    if (good && format && !g_str_equal(format, "json")) {
        api_sheet(request, identity, "clocks", format, fill_clocks, &query);
    } else {
        json_t *list = good ? page(request, identity, &query, summary == 1, &error) : NULL;
        if (list)
            respond_json(request, 200, list);
        else
            respond_error(request, error);
    }
    identity_free(identity);
}
