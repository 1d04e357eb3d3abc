#include "server/openapi.h"

#include <string.h>

/* A route as it stands for one type and move; both NULL: with its braces. */
typedef struct {
    const Route *route;
    const RecordType *type;
    const Move *move;
} Operation;

static char *replaced(const char *text, const char *part, const char *with) {
    GString *copy = g_string_new(text);
    if (with)
        g_string_replace(copy, part, with, 0);
    return g_string_free(copy, FALSE);
}

static char *path_of(const Operation *operation) {
    g_autofree char *typed =
        replaced(operation->route->path, "{type}", operation->type ? operation->type->name : NULL);
    return replaced(typed, "{move}", operation->move ? operation->move->name : NULL);
}

/* "{type}.move" is hazard.move.assign, hazard.move or Record.move. */
static json_t *schema_ref(const Operation *operation, const char *name) {
    g_autofree char *typed =
        replaced(name, "{type}", operation->type ? operation->type->name : "Record");
    gboolean moved = operation->move && g_str_has_suffix(typed, ".move");
    g_autofree char *target = g_strconcat("#/components/schemas/", typed, moved ? "." : NULL,
                                          moved ? operation->move->name : NULL, NULL);
    return json_pack("{s:s}", "$ref", target);
}

/* {"application/json": {"schema": …}}; a name with a slash is a media type of text. */
static json_t *content_of(const Operation *operation, const char *name) {
    if (strchr(name, '/'))
        return json_pack("{s:{s:{s:s}}}", name, "schema", "type", "string");
    const char *media =
        operation->route->door == DOOR_MAP ? "application/geo+json" : "application/json";
    if (!g_str_has_prefix(name, "Feature"))
        media = "application/json";
    return json_pack("{s:{s:o}}", media, "schema", schema_ref(operation, name));
}

static void add_path_parameters(json_t *list, const char *path) {
    for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
        g_autofree char *name = g_strndup(p + 1, strcspn(p + 1, "}"));
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path",
                                        "required", TRUE, "schema", "type", "string"));
    }
}

static json_t *parameters_of(const Operation *operation, const char *path) {
    json_t *list = json_array();
    add_path_parameters(list, path);
    g_auto(GStrv) names =
        g_strsplit(operation->route->parameters ? operation->route->parameters : "", " ", -1);
    for (guint i = 0; names[i]; i++) {
        g_autofree char *target = g_strconcat("#/components/parameters/", names[i], NULL);
        json_array_append_new(list, json_pack("{s:s}", "$ref", target));
    }
    return list;
}

static json_t *responses_of(const Operation *operation) {
    const Route *route = operation->route;
    g_autofree char *status = g_strdup_printf("%d", route->status);
    json_t *good = json_pack("{s:s}", "description", route->summary);
    if (route->answer)
        json_object_set_new(good, "content", content_of(operation, route->answer));
    return json_pack("{s:o, s:{s:s}}", status, good, "default", "$ref",
                     "#/components/responses/Problem");
}

static json_t *security_of(Door door) {
    static const char *const texts[] = {
        [DOOR_USER] = "[{\"session\": []}, {\"cookie\": []}]",
        [DOOR_OPEN] = "[]",
        [DOOR_GUEST] = "[]",
        [DOOR_PHOTO] = "[]",
        [DOOR_CODE] = "[]",
        [DOOR_DEVICE] = "[{\"device\": []}]",
        [DOOR_MAP] = "[{\"session\": []}, {\"cookie\": []}, {\"password\": []}]",
    };
    return json_loads(texts[door], 0, NULL);
}

static void set_summary(json_t *json, const Operation *operation) {
    GString *text = g_string_new(operation->route->summary);
    if (operation->type)
        g_string_append_printf(text, ": %s", operation->type->title.en);
    if (operation->move)
        g_string_append_printf(text, ", %s", operation->move->title.en);
    json_object_set_new(json, "summary", json_string(text->str));
    g_string_free(text, TRUE);
}

static char *operation_id(const Operation *operation, const char *path) {
    g_autofree char *method = g_ascii_strdown(operation->route->method, -1);
    char *id = g_strconcat(method, path, NULL);
    for (char *p = id; *p; p++)
        if (!g_ascii_isalnum(*p) && *p != '.')
            *p = '_';
    return id;
}

static json_t *operation_json(const Operation *operation, const char *path) {
    const Route *route = operation->route;
    g_autofree char *id = operation_id(operation, path);
    json_t *json = json_pack("{s:s, s:o, s:o, s:o}", "operationId", id, "security",
                             security_of(route->door), "parameters", parameters_of(operation, path),
                             "responses", responses_of(operation));
    set_summary(json, operation);
    if (operation->type)
        json_object_set_new(json, "tags", json_pack("[s]", operation->type->name));
    if (route->body)
        json_object_set_new(json, "requestBody",
                            json_pack("{s:b, s:o}", "required", TRUE, "content",
                                      content_of(operation, route->body)));
    return json;
}

static void add_operation(json_t *paths, const Operation *operation) {
    g_autofree char *path = path_of(operation);
    g_autofree char *method = g_ascii_strdown(operation->route->method, -1);
    json_t *item = json_object_get(paths, path);
    if (item == NULL)
        json_object_set_new(paths, path, item = json_object());
    json_object_set_new(item, method, operation_json(operation, path));
}

static void add_typed(json_t *paths, const Route *route, const RecordType *type) {
    if (strstr(route->path, "{move}") == NULL) {
        add_operation(paths, &(Operation){route, type, NULL});
        return;
    }
    for (guint i = 0; i < type->moves->len; i++) {
        const Move *move = type->moves->pdata[i];
        if (move->who) /* else only the machine makes it */
            add_operation(paths, &(Operation){route, type, move});
    }
}

static gboolean per_type(const Route *route) {
    return g_str_has_prefix(route->path, "/api/") && strstr(route->path, "{type}");
}

static json_t *paths_of(const Packs *packs, const Route *routes) {
    json_t *paths = json_object();
    for (const Route *route = routes; route->method; route++) {
        add_operation(paths, &(Operation){route, NULL, NULL});
        for (guint i = 0; per_type(route) && i < packs->types->len; i++)
            add_typed(paths, route, packs->types->pdata[i]);
    }
    return paths;
}

static json_t *tags_of(const Packs *packs) {
    json_t *tags = json_array();
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        g_autofree char *text = g_strconcat(type->title.zh, " ", type->title.en, NULL);
        json_array_append_new(tags,
                              json_pack("{s:s, s:s}", "name", type->name, "description", text));
    }
    return tags;
}

json_t *openapi_document(const Packs *packs, const Route *routes) {
    json_t *components = openapi_parts();
    openapi_add_types(json_object_get(components, "schemas"), packs);
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:o, s:o}", "openapi", "3.1.0",
                     "info", "title", "安澜 Anlan", "version", ANLAN_VERSION, "description",
                     "Work-safety supervision and early warning. See docs/api.md.", "servers",
                     "url", "/", "tags", tags_of(packs), "paths", paths_of(packs, routes),
                     "components", components);
}
