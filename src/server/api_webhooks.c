/* /api/webhooks: how far each receiver has come, and new secrets. The records are edited as all
 * others. */
#include "base/hash.h"
#include "notify/webhook_store.h"
#include "server/house.h"

static json_t *states_json(Request *request, const Identity *identity, GError **error) {
    Sql *sql = worker_of(request)->records;
    RecordQuery query = {.limit = 500, .sort = "id"};
    json_t *page = record_list(sql, house_of(request)->packs, &identity->actor, "webhook", &query,
                               house_now(request), error);
    if (page == NULL)
        return NULL;
    json_t *states = json_array(), *record;
    size_t i;
    json_array_foreach(json_object_get(page, "items"), i, record) {
        json_t *state = webhook_state_json(sql, record, error);
        if (state == NULL) {
            g_clear_pointer(&states, json_decref);
            break;
        }
        json_array_append_new(states, state);
    }
    json_decref(page);
    return states ? json_pack("{s:o}", "items", states) : NULL;
}

void api_webhooks(Request *request) { house_read(request, states_json); }

static gboolean secret_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                           gpointer id, json_t **answer, GError **error) {
    char secret[44];
    token_new(secret);
    if (!webhook_set_secret(sql, house->packs, &identity->actor, id, secret, now_ms, error))
        return FALSE;
    *answer = json_pack("{s:s}", "secret", secret);
    return TRUE;
}

void api_webhook_secret(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *body = request_json(request, &error); /* nothing in it, but no form may post it */
    json_decref(body);
    if (body) {
        house_write(request, identity, 201, secret_job, g_strdup(request_part(request, 0)), g_free);
        return;
    }
    respond_error(request, error);
    identity_free(identity);
}
