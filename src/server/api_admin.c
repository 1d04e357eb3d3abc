/* What only admins do, beside editing records: passwords for one log-in, tokens of gateways, the
 * state of the installation. Each act is written to the journal of the user or gateway. Also
 * GET /api/journal, which is for everybody within his sight. */
#include "base/hash.h"
#include "record/files.h"
#include "record/journal.h"
#include "server/house.h"

#include <string.h>
#include <sys/statvfs.h>

/* ---- passwords and tokens ---- */

typedef struct {
    char *id, *hash;
    char text[44]; /* what is shown once */
} Grant;

static void grant_free(gpointer data) {
    Grant *grant = data;
    g_free(grant->id);
    g_free(grant->hash);
    g_free(grant);
}

static Grant *grant_new(Request *request) {
    Grant *grant = g_new0(Grant, 1);
    grant->id = g_strdup(request_part(request, 0));
    token_new(grant->text);
    return grant;
}

static gboolean password_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                             gpointer data, json_t **answer, GError **error) {
    const Grant *grant = data;
    if (!journal_note(sql, house->packs, &identity->actor, "user", grant->id, "key:password",
                      now_ms, error) ||
        !session_set_once(sql, grant->id, grant->hash, error))
        return FALSE;
    *answer = json_pack("{s:s}", "password", grant->text);
    return TRUE;
}

static gboolean token_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                          gpointer data, json_t **answer, GError **error) {
    const Grant *grant = data;
    if (!journal_note(sql, house->packs, &identity->actor, "device", grant->id, "key:token", now_ms,
                      error) ||
        !device_token_put(sql, grant->id, grant->text, now_ms, error))
        return FALSE;
    *answer = json_pack("{s:s}", "token", grant->text);
    return TRUE;
}

static gboolean revoke_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                           gpointer data, json_t **answer, GError **error) {
    (void)answer;
    const Grant *grant = data;
    return journal_note(sql, house->packs, &identity->actor, "device", grant->id, "key:revoke",
                        now_ms, error) &&
           device_token_revoke(sql, grant->id, error);
}

static gboolean is_admin(const Identity *identity, GError **error) {
    return identity->actor.role->level == LEVEL_SYSTEM ||
           error_set(error, ERROR_FORBIDDEN, NULL, "管理系统", "administer the system",
                     "系统管理员 (system administrator)", NULL);
}

/* An admin with a body that no form of another site may send; NULL after answering. */
static Identity *admin_of(Request *request, gboolean with_body) {
    Identity *identity = house_identity(request);
    g_autoptr(GError) error = NULL;
    json_t *body = NULL;
    if (identity && is_admin(identity, &error) &&
        (!with_body || (body = request_json(request, &error)))) {
        json_decref(body);
        return identity;
    }
    if (identity) {
        respond_error(request, error);
        identity_free(identity);
    }
    return NULL;
}

/* The hash is slow, so it is made here and not in the job. 16 characters of the token: 96 bits. */
void api_password_reset(Request *request) {
    enum { LENGTH = 16 };
    Identity *identity = admin_of(request, TRUE);
    if (identity == NULL)
        return;
    Grant *grant = grant_new(request);
    grant->text[LENGTH] = 0;
    g_autoptr(GError) error = NULL;
    grant->hash = password_hash(grant->text, &error);
    house_write(request, identity, 201, password_job, grant, grant_free);
}

void api_device_token_new(Request *request) {
    Identity *identity = admin_of(request, TRUE);
    if (identity)
        house_write(request, identity, 201, token_job, grant_new(request), grant_free);
}

void api_device_token_revoke(Request *request) {
    Identity *identity = admin_of(request, FALSE);
    if (identity)
        house_write(request, identity, 204, revoke_job, grant_new(request), grant_free);
}

static json_t *tokens(Request *request, const Identity *identity, GError **error) {
    if (!is_admin(identity, error))
        return NULL;
    SqlStatement *st = sql_query(worker_of(request)->records, error,
                                 "SELECT device, COUNT(*), MAX(created_ms) FROM device_token GROUP "
                                 "BY device ORDER BY device",
                                 "");
    json_t *items = json_array();
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        char time[TIME_TEXT];
        json_array_append_new(items, json_pack("{s:s, s:I, s:s}", "device", sql_text(st, 0),
                                               "tokens", (json_int_t)sql_int(st, 1), "newest",
                                               time_format(sql_int(st, 2), time)));
    }
    if (step != SQL_FAILED)
        return json_pack("{s:o}", "items", items);
    json_decref(items);
    return NULL;
}

void api_device_tokens(Request *request) { house_read(request, tokens); }

/* ---- the journal, within the caller's sight ---- */

static json_t *journal(Request *request, const Identity *identity, GError **error) {
    gint64 limit = 50, before = 0, people = 0;
    if (!request_number(request, "limit", 1, 200, &limit, error) ||
        !request_number(request, "people", 0, 1, &people, error) ||
        !request_number(request, "before", 1, G_MAXINT64, &before, error))
        return NULL;
    JournalQuery asked = {.enterprise = request_query(request, "enterprise"),
                          .type = request_query(request, "type"),
                          .action = request_query(request, "action"),
                          .people = people == 1,
                          .before = before,
                          .limit = (int)limit};
    return journal_page(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                        &asked, error);
}

void api_journal(Request *request) { house_read(request, journal); }

/* ---- state ---- */

typedef struct {
    const char *name, *text;
    gboolean since; /* has the time of now as its parameter */
} Count;

static const Count counts[] = {
    {"entries", "SELECT MAX(seq) FROM journal", FALSE},
    {"unsealed",
     "SELECT COUNT(*) FROM journal WHERE seq > (SELECT COALESCE(MAX(last_seq), 0) FROM seals)",
     FALSE},
    {"clocks_waiting", "SELECT COUNT(*) FROM clocks WHERE next_ms IS NOT NULL", FALSE},
    {"clocks_late", "SELECT COUNT(*) FROM clocks WHERE next_ms < ? - 60000", TRUE},
    {"sessions", "SELECT COUNT(*) FROM session WHERE expires_ms >= ?", TRUE},
    {"files", "SELECT COUNT(*) FROM files", FALSE},
    {"files_unused",
     "SELECT COUNT(*) FROM files f WHERE NOT EXISTS (SELECT 1 FROM file_uses u WHERE u.file = "
     "f.id)",
     FALSE},
};

static gboolean add_counts(Sql *sql, gint64 now_ms, json_t *state, GError **error) {
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        const Count *count = &counts[i];
        gint64 n;
        gboolean read = count->since ? sql_get_int(sql, error, &n, 0, count->text, "i", now_ms)
                                     : sql_get_int(sql, error, &n, 0, count->text, "");
        if (!read)
            return FALSE;
        json_object_set_new(state, count->name, json_integer(n));
    }
    return TRUE;
}

static gboolean add_seal(Sql *sql, json_t *state, GError **error) {
    SqlStatement *st = sql_query(
        sql, error, "SELECT number, time_ms, hash FROM seals ORDER BY number DESC LIMIT 1", "");
    SqlStep step = st ? sql_step(st, error) : SQL_FAILED;
    if (step != SQL_ROW)
        return step == SQL_DONE;
    char time[TIME_TEXT];
    gsize n;
    JournalHead head = {.number = sql_int(st, 0)};
    const void *hash = sql_blob(st, 2, &n);
    if (n == sizeof head.hash)
        memcpy(head.hash, hash, n);
    json_object_set_new(state, "sealed_at", json_string(time_format(sql_int(st, 1), time)));
    sql_reset(st);
    g_autofree char *text = journal_head_text(&head);
    json_object_set_new(state, "seal", json_string(text));
    return TRUE;
}

static json_t *state_json(Request *request, const Identity *identity, GError **error) {
    House *house = house_of(request);
    Sql *sql = worker_of(request)->records;
    struct statvfs disk = {0};
    if (!is_admin(identity, error))
        return NULL;
    statvfs(house->data_dir, &disk);
    json_t *state = json_pack("{s:s, s:s, s:I, s:I}", "version", ANLAN_VERSION, "database",
                              sql_kind(sql) == SQL_POSTGRES ? "postgresql" : "sqlite", "disk_free",
                              (json_int_t)(disk.f_bavail * disk.f_frsize), "disk_size",
                              (json_int_t)(disk.f_blocks * disk.f_frsize));
    if (add_counts(sql, house_now(request), state, error) && add_seal(sql, state, error))
        return state;
    json_decref(state);
    return NULL;
}

void api_system_state(Request *request) { house_read(request, state_json); }
