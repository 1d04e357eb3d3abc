/* POST /api/records/{type}/{id}/reveal: one sealed value, once it is written down who asked and
 * why. */
#include "server/house.h"

#include <string.h>

typedef struct {
    char *type, *id;
    json_t *body;
} Reveal;

static void reveal_free(gpointer data) {
    Reveal *reveal = data;
    g_free(reveal->type);
    g_free(reveal->id);
    json_decref(reveal->body);
    g_free(reveal);
}

static const char *member(const Reveal *reveal, const char *name) {
    return json_string_value(json_object_get(reveal->body, name));
}

static gboolean reveal_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                           gpointer data, json_t **answer, GError **error) {
    const Reveal *reveal = data;
    *answer =
        record_reveal(sql, house->packs, house->seal, &identity->actor, reveal->type, reveal->id,
                      member(reveal, "field"), member(reveal, "reason"), now_ms, error);
    return *answer != NULL;
}

/* {"field": "...", "reason": "..."}; nothing else. */
static gboolean body_fits(json_t *body, GError **error) {
    static const char known[] = "field \"\", reason \"\"";
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value) {
        gboolean one = g_str_equal(name, "field") || g_str_equal(name, "reason");
        if (!one || !json_is_string(value))
            return error_set(error, ERROR_FIELD_UNKNOWN, name, known, NULL);
    }
    return json_object_get(body, "field") ||
           error_set(error, ERROR_FIELD_REQUIRED, "field", "字段", "A field", NULL);
}

void api_record_reveal(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *body = request_json(request, &error);
    if (body && body_fits(body, &error)) {
        Reveal *reveal = g_new0(Reveal, 1);
        *reveal =
            (Reveal){g_strdup(request_part(request, 0)), g_strdup(request_part(request, 1)), body};
        house_write(request, identity, 200, reveal_job, reveal, reveal_free);
        return;
    }
    json_decref(body);
    respond_error(request, error);
    identity_free(identity);
}
