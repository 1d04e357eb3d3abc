/* /api/stream, /api/openapi.json, /healthz, /readyz, /api/demo. */
#include "server/house.h"

void api_stream(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    const char *text = request_header(request, "Last-Event-ID");
    if (text == NULL)
        text = request_query(request, "after");
    gint64 after;
    if (text == NULL || !g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &after, NULL))
        after = -1;
    g_autofree char *token = house_session_token(request);
    hub_listen(house_of(request)->hub, request, worker_of(request)->records, identity, token,
               after);
}

void api_openapi(Request *request) {
    const GString *text = house_of(request)->openapi;
    respond_static(request, 200, "application/json", text->str, text->len);
}

void api_healthz(Request *request) {
    respond_json(request, 200, json_pack("{s:s, s:s}", "status", "ok", "version", ANLAN_VERSION));
}

/* The server listens only after the engine has caught up; what is asked here is whether the
 * database answers. */
void api_readyz(Request *request) {
    g_autoptr(GError) error = NULL;
    gint64 one;
    if (sql_get_int(worker_of(request)->records, &error, &one, 0,
                    "SELECT COUNT(*) FROM (SELECT 1 FROM journal LIMIT 1) x", ""))
        respond_json(request, 200, json_pack("{s:s}", "status", "ready"));
    else
        respond_error(request, error);
}

/* Each with the level of its role, by which the log-in page groups them. */
static json_t *demo_logins(const House *house) {
    json_t *logins = json_deep_copy(house->demo_logins), *login;
    size_t i;
    json_array_foreach(logins, i, login) {
        const Role *role =
            packs_role(house->packs, json_string_value(json_object_get(login, "role")));
        if (role)
            json_object_set_new(login, "level", json_string(level_name(role->level)));
    }
    return logins;
}

void api_demo(Request *request) {
    House *house = house_of(request);
    if (house->demo_logins) {
        respond_json(request, 200, json_pack("{s:o}", "logins", demo_logins(house)));
        return;
    }
    g_autoptr(GError) error = NULL;
    error_set(&error, ERROR_ROUTE, NULL, "/api/demo", NULL);
    respond_error(request, error);
}
