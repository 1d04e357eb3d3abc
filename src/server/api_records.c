/* /api/types, /api/records, /api/todo, /api/notices, /api/alarms: the record kernel over HTTP.
 * Parse, call, render. */
#include "record/journal.h"
#include "record/related.h"
#include "server/gzip.h"
#include "server/house.h"
#include "signal/point_compose.h"
#include "signal/point_refresh.h"

#include <stdlib.h>
#include <string.h>

/* Who takes no gzip gets the same made anew, without an ETag. */
static void answer_types(Request *request, const Identity *identity) {
    House *house = house_of(request);
    const TypesAnswer *answer = types_text_of(house->types, &identity->actor);
    if (answer->gzip == NULL || !gzip_accepted(request_header(request, "Accept-Encoding"))) {
        respond_json(request, 200, record_types(house->packs, &identity->actor));
        return;
    }
    const char *known = request_header(request, "If-None-Match");
    request_add_header(request, "ETag", answer->etag);
    request_add_header(request, "Cache-Control", "private, no-cache");
    request_add_header(request, "Vary", "Accept-Encoding");
    if (known && strstr(known, answer->etag)) {
        respond_empty(request, 304);
        return;
    }
    request_add_header(request, "Content-Encoding", "gzip");
    respond_static(request, 200, "application/json", answer->gzip, answer->gzip_n);
}

void api_types(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    answer_types(request, identity);
    identity_free(identity);
}

static json_t *related(Request *request, const Identity *identity, GError **error) {
    return related_counts(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                          request_part(request, 0), request_part(request, 1), house_now(request),
                          error);
}

void api_record_related(Request *request) { house_read(request, related); }

static void add_etag(Request *request, json_t *record) {
    g_autofree char *etag =
        g_strdup_printf("\"%d\"", (int)json_integer_value(json_object_get(record, "version")));
    request_add_header(request, "ETag", etag);
}

/* What the record page needs beside the fields: labels, moves, clocks, rights. */
static void complete(Sql *sql, const Packs *packs, const Actor *actor, json_t *record,
                     gint64 now_ms) {
    const char *type = json_string_value(json_object_get(record, "type"));
    const char *id = json_string_value(json_object_get(record, "id"));
    record_add_labels(sql, packs, record);
    json_object_set_new(record, "moves", record_moves(sql, packs, actor, record, now_ms));
    json_object_set_new(record, "clocks", record_clocks(sql, packs, type, id, now_ms, NULL));
    json_object_set_new(
        record, "rights",
        json_pack("{s:b}", "edit", record_may_edit(sql, actor, packs_type(packs, type), record)));
}

static json_t *get(Request *request, const Identity *identity, GError **error) {
    Sql *sql = worker_of(request)->records;
    const Packs *packs = house_of(request)->packs;
    json_t *record = record_get(sql, packs, &identity->actor, request_part(request, 0),
                                request_part(request, 1), error);
    if (record) {
        complete(sql, packs, &identity->actor, record, house_now(request));
        add_etag(request, record);
    }
    return record;
}

void api_record_get(Request *request) { house_read(request, get); }

static json_t *journal(Request *request, const Identity *identity, GError **error) {
    Sql *sql = worker_of(request)->records;
    const Packs *packs = house_of(request)->packs;
    const char *type = request_part(request, 0), *id = request_part(request, 1);
    json_t *record = record_get(sql, packs, &identity->actor, type, id, error);
    json_t *items = record ? journal_of(sql, packs, type, id, error) : NULL;
    json_decref(record);
    return items ? json_pack("{s:o}", "items", items) : NULL;
}

void api_record_journal(Request *request) { house_read(request, journal); }

/* ---- changes ---- */

typedef struct {
    char *type, *id, *move, *comment;
    gint64 version;
    json_t *fields;
} Change;

static void change_free(gpointer data) {
    Change *change = data;
    g_free(change->type);
    g_free(change->id);
    g_free(change->move);
    g_free(change->comment);
    json_decref(change->fields);
    g_free(change);
}

static gboolean read_version(Request *request, gint64 *version, GError **error) {
    const char *text = request_header(request, "If-Match");
    if (text == NULL)
        return error_set(error, ERROR_VERSION_MISSING, NULL, NULL);
    g_autofree char *number = g_strdup(text);
    g_strdelimit(number, "\"W/", ' ');
    return g_ascii_string_to_signed(g_strstrip(number), 10, 1, G_MAXINT64, version, NULL) ||
           error_set(error, ERROR_REQUEST, "If-Match", "not a version",
                     "send the ETag you read, as \"3\"", NULL);
}

static Change *change_new(Request *request, json_t *fields_take, const char *id, const char *move,
                          const char *comment) {
    Change *change = g_new0(Change, 1);
    change->type = g_strdup(request_part(request, 0));
    change->id = g_strdup(id);
    change->move = g_strdup(move);
    change->comment = g_strdup(comment);
    change->fields = fields_take;
    return change;
}

/* Entries that tell of a record without changing it: a clock's step passed over, a look at a sealed
 * field. */
static gboolean keeps_version(json_t *entry) {
    const char *action = json_string_value(json_object_get(entry, "action"));
    return g_str_has_prefix(action, "clock:") || g_str_has_prefix(action, "reveal:");
}

/* The entries that led from `version` to the record as it is: by whom and which fields, old and
 * new. */
static json_t *entries_since(json_t *journal, gint64 version) {
    json_t *changed = json_array(), *entry;
    gint64 at = 0;
    size_t i;
    json_array_foreach(journal, i, entry) {
        at += !keeps_version(entry);
        if (at > version)
            json_array_append(changed, entry);
    }
    return changed;
}

/* A refusal for a stale version carries the record as it is now, in the caller's sight, and what
 * others have changed meanwhile. */
static void add_current(Sql *sql, const House *house, const Identity *identity,
                        const Change *change, const GError *error, json_t **answer) {
    if (error == NULL || error_kind(error) != ERROR_VERSION)
        return;
    json_t *record =
        record_get(sql, house->packs, &identity->actor, change->type, change->id, NULL);
    json_t *journal = record ? journal_of(sql, house->packs, change->type, change->id, NULL) : NULL;
    if (record)
        *answer = json_pack("{s:o, s:o}", "current", record, "changed",
                            entries_since(journal, change->version));
    json_decref(journal);
}

static gboolean finish_change(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                              const Change *change, json_t *record, json_t **answer,
                              GError **error) {
    if (record) {
        complete(sql, house->packs, &identity->actor, record, now_ms);
        *answer = record;
    } else {
        add_current(sql, house, identity, change, error ? *error : NULL, answer);
    }
    return record != NULL;
}

static gboolean create_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                           gpointer data, json_t **answer, GError **error) {
    Change *c = data;
    json_t *record = record_create(sql, house->packs, &identity->actor, c->type, c->fields,
                                   c->comment, now_ms, error);
    return finish_change(sql, house, identity, now_ms, c, record, answer, error);
}

static gboolean edit_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                         gpointer data, json_t **answer, GError **error) {
    Change *c = data;
    json_t *record = record_edit(sql, house->packs, &identity->actor, c->type, c->id, c->version,
                                 c->fields, now_ms, error);
    return finish_change(sql, house, identity, now_ms, c, record, answer, error);
}

static gboolean move_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                         gpointer data, json_t **answer, GError **error) {
    Change *c = data;
    json_t *record = record_move(sql, house->packs, &identity->actor, c->type, c->id, c->move,
                                 c->version, c->fields, c->comment, now_ms, error);
    return finish_change(sql, house, identity, now_ms, c, record, answer, error);
}

/* Points, their rules and modes are also known to the engine: their changes pass through the
 * pipeline after the commit. What fails here is told again by who follows the journal. */
static void tell_engine(Request *request, const House *house, json_t *record) {
    g_autoptr(GError) error = NULL;
    if (!point_refresh(house->pipeline, house->points, worker_of(request)->records, house->packs,
                       record, &error))
        g_warning("point change not taken by the engine: %s", error->message);
}

/* A change of a point is made and handed to the engine on the worker's thread, so that the answer
 * says that both are done. */
typedef struct {
    const House *house;
    Identity *identity;
    gint64 now_ms;
    HouseJob func;
    Change *change;
    Once *once; /* or NULL */
    gboolean replayed;
    json_t *answer;
} PointWrite;

static gboolean point_run(Sql *sql, gpointer data, GError **error) {
    PointWrite *w = data;
    if (!once_find(sql, w->once, w->house->once_ms, w->now_ms, &w->answer, error))
        return FALSE;
    w->replayed = w->answer != NULL;
    if (w->replayed)
        return TRUE;
    if (!w->func(sql, w->house, w->identity, w->now_ms, w->change, &w->answer, error))
        return FALSE;
    if (point_compose_check(sql, w->house->packs, w->answer, error) &&
        once_keep(sql, w->once, w->answer, w->now_ms, error))
        return TRUE;
    json_decref(w->answer);
    w->answer = NULL;
    return FALSE;
}

static void write_point(Request *request, Identity *identity, int status, HouseJob func,
                        Change *change) {
    g_autoptr(GError) error = NULL;
    PointWrite write = {.house = house_of(request),
                        .identity = identity,
                        .now_ms = house_now(request),
                        .func = func,
                        .change = change};
    if (once_read(request, identity->login, NULL, &write.once, &error) &&
        writer_run(write.house->records, point_run, &write, &error)) {
        if (write.replayed)
            once_say(request);
        tell_engine(request, write.house, write.answer);
        respond_json(request, status, write.answer);
    } else {
        respond_problem(request, error, write.answer);
    }
    once_free(write.once);
    identity_free(identity);
    change_free(change);
}

static void start_change(Request *request, Identity *identity_take, int status, HouseJob func,
                         Change *change_take) {
    if (point_compose_reads(change_take->type)) {
        write_point(request, identity_take, status, func, change_take);
        return;
    }
    if (func == create_job || func == move_job)
        house_write_once(request, identity_take, NULL, status, func, change_take, change_free);
    else
        house_write(request, identity_take, status, func, change_take, change_free);
}

void api_records_create(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    json_t *fields = request_json(request, &error);
    if (fields) {
        start_change(request, identity, 201, create_job,
                     change_new(request, fields, NULL, NULL, NULL));
        return;
    }
    respond_error(request, error);
    identity_free(identity);
}

void api_record_edit(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    gint64 version;
    json_t *fields = read_version(request, &version, &error) ? request_json(request, &error) : NULL;
    if (fields) {
        Change *change = change_new(request, fields, request_part(request, 1), NULL, NULL);
        change->version = version;
        start_change(request, identity, 200, edit_job, change);
        return;
    }
    respond_error(request, error);
    identity_free(identity);
}

/* {"fields": {...}, "comment": "..."}; nothing else. */
gboolean read_move(json_t *body, json_t **fields, const char **comment, GError **error) {
    const char *name;
    json_t *value;
    *fields = NULL;
    *comment = NULL;
    json_object_foreach(body, name, value) {
        if (g_str_equal(name, "fields") && json_is_object(value))
            *fields = value;
        else if (g_str_equal(name, "comment") && json_is_string(value))
            *comment = json_string_value(value);
        else if (!json_is_null(value))
            return error_set(error, ERROR_FIELD_UNKNOWN, name, "fields {}, comment \"\"", NULL);
    }
    return TRUE;
}

void api_record_move(Request *request) {
    Identity *identity = house_identity(request);
    if (identity == NULL)
        return;
    g_autoptr(GError) error = NULL;
    gint64 version;
    json_t *fields;
    const char *comment;
    json_t *body = read_version(request, &version, &error) ? request_json(request, &error) : NULL;
    if (body && read_move(body, &fields, &comment, &error)) {
        fields = fields ? json_incref(fields) : json_object();
        Change *change = change_new(request, fields, request_part(request, 1),
                                    request_part(request, 2), comment);
        change->version = version;
        start_change(request, identity, 200, move_job, change);
    } else {
        respond_error(request, error);
        identity_free(identity);
    }
    json_decref(body);
}

/* ---- views ---- */

static json_t *todo(Request *request, const Identity *identity, GError **error) {
    gint64 limit = 100;
    if (!request_number(request, "limit", 1, 500, &limit, error))
        return NULL;
    return record_todo(worker_of(request)->records, house_of(request)->packs, &identity->actor,
                       house_now(request), (int)limit, error);
}

void api_todo(Request *request) { house_read(request, todo); }

static json_t *notices(Request *request, const Identity *identity, GError **error) {
    gint64 after = 0;
    if (!request_number(request, "after", 0, G_MAXINT64, &after, error))
        return NULL;
    json_t *items = record_notices(worker_of(request)->records, house_of(request)->packs,
                                   &identity->actor, after, 100, error);
    return items ? json_pack("{s:o}", "items", items) : NULL;
}

void api_notices(Request *request) { house_read(request, notices); }
