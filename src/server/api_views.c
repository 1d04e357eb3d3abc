/* /api/views: lists that people want again, as records of the type `view` (packs/core): one's own,
 * and those shown to one's role. What it adds to the doors of records: the query as JSON, the
 * region of who shares, and that only kept ones are listed. */
#include "record/rights.h"
#include "server/house.h"

#include <string.h>

enum { VIEWS_MAX = 200 }; /* of one person; project choice */

static const char *member(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static json_t *view_json(json_t *record, const Actor *actor) {
    json_t *query = json_loads(member(record, "query") ? member(record, "query") : "{}", 0, NULL);
    return json_pack("{s:s, s:s, s:s, s:o, s:s*, s:s*, s:b}", "id", member(record, "id"), "type",
                     member(record, "of_type"), "name", member(record, "name"), "query",
                     query ? query : json_object(), "role", member(record, "role"), "region",
                     member(record, "region"), "own",
                     g_strcmp0(member(record, "created_by"), actor->id) == 0);
}

/* ---- listing ---- */

static gboolean is_name(const char *text) {
    return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static json_t *list(Request *request, const Identity *identity, GError **error) {
    const char *type = request_query(request, "type");
    if (type && !is_name(type)) {
        error_set(error, ERROR_TYPE_UNKNOWN, NULL, type, NULL);
        return NULL;
    }
    g_autofree char *filter = type ? g_strdup_printf("state = 'kept' AND of_type = '%s'", type)
                                   : g_strdup("state = 'kept'");
    RecordQuery query = {.filter = filter, .sort = "name", .limit = 500};
    json_t *page = record_list(worker_of(request)->records, house_of(request)->packs,
                               &identity->actor, "view", &query, house_now(request), error);
    json_t *items = json_array(), *record;
    size_t i;
    json_array_foreach(json_object_get(page, "items"), i, record)
        json_array_append_new(items, view_json(record, &identity->actor));
    json_decref(page);
    if (page)
        return json_pack("{s:o}", "items", items);
    json_decref(items);
    return NULL;
}

void api_views(Request *request) { house_read(request, list); }

/* ---- changes ---- */

typedef struct {
    char *id; /* NULL: a new one */
    json_t *fields;
} ViewChange;

static void change_free(gpointer data) {
    ViewChange *change = data;
    g_free(change->id);
    json_decref(change->fields);
    g_free(change);
}

/* `type`, `name`, `query`, `role` of the body as fields of the record. */
static gboolean put_member(json_t *fields, const char *name, json_t *value, GError **error) {
    static const char known[] = "type, name, query {}, role";
    if (strcmp(name, "query") == 0 && json_is_object(value)) {
        char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
        json_object_set_new(fields, "query", json_string(text));
        free(text);
        return TRUE;
    }
    gboolean text = json_is_string(value) || json_is_null(value);
    if (strcmp(name, "type") == 0 && text)
        json_object_set(fields, "of_type", value);
    else if ((strcmp(name, "name") == 0 || strcmp(name, "role") == 0) && text)
        json_object_set(fields, name, value);
    else
        return error_set(error, ERROR_FIELD_UNKNOWN, name, known, NULL);
    return TRUE;
}

/* Shown within the region of who shares; taken back, it is nobody's region. */
static void put_region(json_t *fields, const Actor *actor) {
    json_t *role = json_object_get(fields, "role");
    if (role)
        json_object_set_new(fields, "region",
                            json_is_string(role) && actor->region && *actor->region
                                ? json_string(actor->region)
                                : json_null());
}

static gboolean type_read(const Packs *packs, const Actor *actor, json_t *fields, GError **error) {
    const char *name = member(fields, "of_type");
    const RecordType *type = name ? packs_type(packs, name) : NULL;
    return name == NULL || (type && rights_read(actor, type)) ||
           error_set(error, ERROR_TYPE_UNKNOWN, "type", name, NULL);
}

static json_t *read_fields(Request *request, const Identity *identity, GError **error) {
    json_t *body = request_json(request, error), *fields = json_object(), *value;
    const char *name;
    gboolean good = body != NULL;
    json_object_foreach(body, name, value) good = good && put_member(fields, name, value, error);
    json_decref(body);
    if (good && type_read(house_of(request)->packs, &identity->actor, fields, error)) {
        put_region(fields, &identity->actor);
        return fields;
    }
    json_decref(fields);
    return NULL;
}

static gboolean has_room(Sql *sql, const Actor *actor, GError **error) {
    gint64 n;
    return sql_get_int(sql, error, &n, 0,
                       "SELECT count(*) FROM r_view WHERE _created_by = ? AND _state = 'kept'", "t",
                       actor->id) &&
           (n < VIEWS_MAX || error_set(error, ERROR_REQUEST, NULL, "视图过多 (too many views)",
                                       "先删除一些 (drop some first)", NULL));
}

static gboolean save_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                         gpointer data, json_t **answer, GError **error) {
    const ViewChange *change = data;
    const Actor *actor = &identity->actor;
    json_t *record =
        change->id ? record_edit(sql, house->packs, actor, "view", change->id, 0, change->fields,
                                 now_ms, error)
        : has_room(sql, actor, error)
            ? record_create(sql, house->packs, actor, "view", change->fields, NULL, now_ms, error)
            : NULL;
    *answer = record ? view_json(record, actor) : NULL;
    json_decref(record);
    return *answer != NULL;
}

static gboolean drop_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                         gpointer data, json_t **answer, GError **error) {
    const ViewChange *change = data;
    (void)answer;
    json_t *record = record_move(sql, house->packs, &identity->actor, "view", change->id, "drop", 0,
                                 change->fields, NULL, now_ms, error);
    json_decref(record);
    return record != NULL;
}

static void save(Request *request, const char *id, int status) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *fields = read_fields(request, identity, &error);
    if (fields == NULL) {
        respond_error(request, error);
        identity_free(identity);
        return;
    }
    ViewChange *change = g_new0(ViewChange, 1);
    *change = (ViewChange){g_strdup(id), fields};
    if (id)
        house_write(request, identity, status, save_job, change, change_free);
    else
        house_write_once(request, identity, NULL, status, save_job, change, change_free);
}

void api_view_new(Request *request) { save(request, NULL, 201); }

void api_view_edit(Request *request) { save(request, request_part(request, 0), 200); }

void api_view_drop(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    ViewChange *change = g_new0(ViewChange, 1);
    *change = (ViewChange){g_strdup(request_part(request, 0)), json_object()};
    house_write(request, identity, 204, drop_job, change, change_free);
}
