/* Figures over records, with target and breakdown: docs/api.md, Indicators. */
#include "record/indicator.h"
#include "server/house.h"

static IndicatorQuery asked_of(Request *request) {
    return (IndicatorQuery){.region = request_query(request, "region"),
                            .from = request_query(request, "from"),
                            .to = request_query(request, "to"),
                            .by = request_query(request, "by")};
}

static json_t *read_all(Request *request, const Identity *identity, GError **error) {
    IndicatorQuery asked = asked_of(request);
    return indicators_json(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                           &asked, house_now(request), error);
}

static json_t *read_one(Request *request, const Identity *identity, GError **error) {
    IndicatorQuery asked = asked_of(request);
    return indicator_json(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                          request_part(request, 0), request_part(request, 1), &asked,
                          house_now(request), error);
}

void api_indicators(Request *request) { house_read(request, read_all); }

void api_indicator(Request *request) { house_read(request, read_one); }
