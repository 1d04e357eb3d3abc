/* /api/session: log in, who am I, log out. */
#include "base/hash.h"
#include "server/house.h"

#include <string.h>

static const char *label_of(Sql *sql, const Packs *packs, const char *type, const char *id,
                            json_t **keep) {
    json_t *record = id ? record_get(sql, packs, &actor_system, type, id, NULL) : NULL;
    *keep = record;
    return json_string_value(json_object_get(record, "name"));
}

static json_t *user_json(Sql *sql, const Packs *packs, const Identity *identity) {
    const Role *role = identity->actor.role;
    json_t *region = NULL, *enterprise = NULL;
    const char *region_name = label_of(sql, packs, "region", identity->region, &region);
    const char *enterprise_name =
        label_of(sql, packs, "enterprise", identity->enterprise, &enterprise);
    json_t *user = json_pack("{s:s, s:s*, s:s, s:{s:s, s:s}, s:s, s:s*, s:s*, s:s*, s:s*, s:s*}",
                             "login", identity->login, "name", identity->name, "role", role->name,
                             "role_title", "zh", role->title.zh, "en", role->title.en, "level",
                             level_name(role->level), "region", identity->region, "region_name",
                             region_name, "enterprise", identity->enterprise, "enterprise_name",
                             enterprise_name, "sectors", role->sector ? identity->sectors : NULL);
    if (identity->once)
        json_object_set_new(user, "password_once", json_true());
    json_decref(region);
    json_decref(enterprise);
    return user;
}

typedef struct {
    char *login;
    char token[44];
    char *hash; /* of a new password, or NULL */
} LogIn;

static void log_in_free(gpointer data) {
    LogIn *log_in = data;
    g_free(log_in->login);
    g_free(log_in->hash);
    g_free(log_in);
}

static gboolean log_in_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                           gpointer data, json_t **answer, GError **error) {
    (void)identity;
    LogIn *log_in = data;
    if (log_in->hash && !session_set_hash(sql, log_in->login, log_in->hash, error))
        return FALSE;
    if (!session_start(sql, log_in->login, log_in->token, now_ms, error))
        return FALSE;
    Identity *user = session_find(sql, house->packs, log_in->token, now_ms, error);
    if (user == NULL)
        return FALSE;
    *answer =
        json_pack("{s:s, s:o}", "token", log_in->token, "user", user_json(sql, house->packs, user));
    identity_free(user);
    return TRUE;
}

static gboolean is_enabled(Request *request, const char *login) {
    json_t *user = record_get(worker_of(request)->records, house_of(request)->packs, &actor_system,
                              "user", login, NULL);
    gboolean enabled = user && !json_is_true(json_object_get(user, "disabled"));
    json_decref(user);
    return enabled;
}

/* A disabled user is answered like a wrong password: nobody learns that it was the right one. */
static gboolean check_log_in(Request *request, const char *login, const char *password,
                             GError **error) {
    House *house = house_of(request);
    gint64 now_ms = house_now(request);
    const char *address = request_address(request);
    if (!login_guard_enter(house->logins, login, address, now_ms, error))
        return FALSE;
    gboolean good =
        password_check(worker_of(request)->records, login, password) && is_enabled(request, login);
    login_guard_leave(house->logins, login, address, good, now_ms);
    return good || error_set(error, ERROR_LOGIN, NULL, NULL);
}

static void start_session(Request *request, const char *login, char *hash_take) {
    LogIn *log_in = g_new0(LogIn, 1);
    log_in->login = g_strdup(login);
    log_in->hash = hash_take;
    token_new(log_in->token);
    const char *proto = request_header(request, "X-Forwarded-Proto");
    g_autofree char *cookie = g_strdup_printf(
        "anlan_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", log_in->token,
        SESSION_HOURS * 3600, proto && g_str_equal(proto, "https") ? "; Secure" : "");
    request_add_header(request, "Set-Cookie", cookie);
    house_write(request, NULL, 201, log_in_job, log_in, log_in_free);
}

void api_session_start(Request *request) {
    g_autoptr(GError) error = NULL;
    json_t *body = request_json(request, &error);
    const char *login = json_string_value(json_object_get(body, "login"));
    const char *password = json_string_value(json_object_get(body, "password"));
    if (body && (!login || !password))
        error_set(&error, ERROR_FIELD_REQUIRED, login ? "password" : "login",
                  login ? "密码" : "登录名", login ? "password" : "login", NULL);
    if (error || !check_log_in(request, login, password, &error)) {
        respond_error(request, error);
    } else {
        start_session(request, login, NULL);
    }
    json_decref(body);
}

/* The hash of the new password once the old one has been shown to be known. */
static char *changed_hash(Request *request, const char *login, json_t *body, GError **error) {
    const char *old = json_string_value(json_object_get(body, "old"));
    const char *password = json_string_value(json_object_get(body, "password"));
    if (!old || !password) {
        error_set(error, ERROR_FIELD_REQUIRED, old ? "password" : "old", old ? "新密码" : "原密码",
                  old ? "new password" : "old password", NULL);
        return NULL;
    }
    if (!password_fits(login, password, error) || !check_log_in(request, login, old, error))
        return NULL;
    return password_hash(password, error);
}

/* A wrong old password is no end of the session: 422 at its field. */
static void old_is_wrong(GError **error) {
    if (!g_error_matches(*error, ANLAN_ERROR, ERROR_LOGIN))
        return;
    g_clear_error(error);
    error_set(error, ERROR_FIELD_FORMAT, "old", "原密码不正确 (not the old password)", NULL);
}

void api_password_change(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *body = request_json(request, &error);
    char *hash = body ? changed_hash(request, identity->login, body, &error) : NULL;
    if (hash) {
        start_session(request, identity->login, hash);
    } else {
        old_is_wrong(&error);
        respond_error(request, error);
    }
    json_decref(body);
    identity_free(identity);
}

static json_t *who(Request *request, const Identity *identity, GError **error) {
    (void)error;
    return user_json(worker_of(request)->records, house_of(request)->packs, identity);
}

void api_session_get(Request *request) { house_read(request, who); }

static gboolean log_out_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                            gpointer token, json_t **answer, GError **error) {
    (void)identity, (void)now_ms, (void)answer;
    if (!session_end(sql, token, error))
        return FALSE;
    hub_end_session(house->hub, token);
    return TRUE;
}

void api_session_end(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    request_add_header(request, "Set-Cookie",
                       "anlan_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    house_write(request, identity, 204, log_out_job, house_session_token(request), g_free);
}
