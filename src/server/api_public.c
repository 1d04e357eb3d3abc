/* /api/public: what anybody may read and report, without a log-in. */
#include "record/publish.h"
#include "server/house.h"

enum { PHOTOS_MAX = 3 }; /* of one report */

static void answer(Request *request, json_t *body_take, const GError *error) {
    if (body_take)
        respond_json(request, 200, body_take);
    else
        respond_error(request, error);
}

void api_public_types(Request *request) {
    respond_json(request, 200, public_types(house_of(request)->packs));
}

void api_public_list(Request *request) {
    g_autoptr(GError) error = NULL;
    gint64 limit = 50;
    json_t *list = NULL;
    if (request_number(request, "limit", 1, 100, &limit, &error)) {
        PublicQuery query = {request_query(request, "filter"), request_query(request, "cursor"),
                             (int)limit};
        list = public_list(worker_of(request)->records, house_of(request)->packs,
                           request_part(request, 0), &query, house_now(request), &error);
    }
    answer(request, list, error);
}

void api_public_get(Request *request) {
    g_autoptr(GError) error = NULL;
    json_t *record =
        public_get(worker_of(request)->records, house_of(request)->packs, request_part(request, 0),
                   request_part(request, 1), house_now(request), &error);
    answer(request, record, error);
}

typedef struct {
    char *type;
    json_t *fields;
} Filing;

static void filing_free(gpointer data) {
    Filing *filing = data;
    g_free(filing->type);
    json_decref(filing->fields);
    g_free(filing);
}

/* Who has reported is told the number and the receipt; the record itself is not his to read. */
static gboolean file_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                         gpointer data, json_t **answered, GError **error) {
    static const char *const told[] = {"type", "number", "receipt"};
    const Filing *filing = data;
    (void)identity;
    json_t *record = record_create(sql, house->packs, &actor_guest, filing->type, filing->fields,
                                   NULL, now_ms, error);
    if (record == NULL)
        return FALSE;
    *answered = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(told); i++)
        if (json_object_get(record, told[i]))
            json_object_set(*answered, told[i], json_object_get(record, told[i]));
    json_decref(record);
    return TRUE;
}

/* A type that takes no reports does not exist for guests. */
static gboolean takes_reports(const Packs *packs, const char *name, GError **error) {
    const RecordType *type = packs_type(packs, name);
    return (type && (type->create & ROLE_PUBLIC)) ||
           error_set(error, ERROR_TYPE_UNKNOWN, NULL, name, NULL);
}

/* Of all file fields together. */
static gboolean few_photos(const RecordType *type, json_t *fields, GError **error) {
    gsize n = 0;
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        if (field->kind == FIELD_FILE)
            n += json_array_size(json_object_get(fields, field->name));
        if (n > PHOTOS_MAX)
            return error_set(error, ERROR_FIELD_RANGE, field->name, "0..3", NULL);
    }
    return TRUE;
}

void api_public_create(Request *request) {
    g_autoptr(GError) error = NULL;
    const char *type = request_part(request, 0);
    json_t *fields = takes_reports(house_of(request)->packs, type, &error)
                         ? request_json(request, &error)
                         : NULL;
    if (fields == NULL || !few_photos(packs_type(house_of(request)->packs, type), fields, &error)) {
        json_decref(fields);
        respond_error(request, error);
        return;
    }
    Filing *filing = g_new0(Filing, 1);
    *filing = (Filing){g_strdup(type), fields};
    house_write_once(request, NULL, NULL, 201, file_job, filing, filing_free);
}
