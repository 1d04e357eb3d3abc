#include "server/hub.h"
#include "base/bell.h"
#include "base/json_text.h"
#include "base/log.h"
#include "record/delegation.h"
#include "record/journal.h"
#include "record/rights.h"

#include <string.h>

enum {
    RING = 4096,
    READ_MAX = 500,
    BACKLOG_MAX = 2000,
    BACKLOG_BYTES = 4 << 20,
    WAITING_KEPT = 64 << 10, /* room that a stream keeps after a backlog */
    LISTENERS_PER_LOGIN = 500,
    BEAT_MS = 15000,
    BEATS_PER_CHECK = 4
};

typedef struct {
    gint64 seq;
    const RecordType *type;
    char *region, *enterprise, *sector;
    GStrv assigned; /* logins of listeners to whom it is assigned, or somebody they stand in for */
    char *text;     /* the whole event as sent */
} Event;

typedef struct Listener Listener;
struct Listener {
    Hub *hub;
    Stream *stream;
    Identity *identity;
    GPtrArray *others; /* StandIn*: for whom he stands in now */
    char *token;
    gint64 cursor; /* highest sequence given or passed over */
    GString *waiting;
    gsize given; /* of waiting */
    gboolean sleeping, beat, ended;
    Listener *before, *after;
};

struct Hub {
    const Packs *packs;
    Clock *clock;
    Sql *sql; /* of the thread */
    pthread_mutex_t lock;
    Bell bell; /* of the thread: rung when there is work */
    pthread_t thread;
    gboolean stop;
    Event ring[RING];
    guint head, length;
    gint64 floor, last; /* all events with floor < seq <= last are in the ring */
    Listener *first;
    guint listeners;
    _Atomic gint64 poked_us; /* the first commit that is not published; 0: none */
    _Atomic guint64 resets;
    Histogram time;
};

static void event_clear(Event *event) {
    g_free(event->region);
    g_free(event->enterprise);
    g_free(event->sector);
    g_strfreev(event->assigned);
    g_free(event->text);
    memset(event, 0, sizeof *event);
}

static void append_event(GString *out, json_t *entry, json_t *record) {
    json_object_del(entry, "region");
    json_object_del(entry, "enterprise");
    json_object_del(entry, "sector");
    json_object_set(entry, "record", record);
    char *data = json_text(entry, JSON_COMPACT);
    g_string_append_printf(out, "id: %" G_GINT64_FORMAT "\nevent: %s\ndata: %s\n\n",
                           (gint64)json_integer_value(json_object_get(entry, "seq")),
                           json_string_value(json_object_get(entry, "type")), data);
    free(data);
}

static json_t *record_of(Sql *sql, const Packs *packs, const Actor *actor, json_t *entry) {
    json_t *record =
        record_get(sql, packs, actor, json_string_value(json_object_get(entry, "type")),
                   json_string_value(json_object_get(entry, "id")), NULL);
    if (record)
        record_add_labels(sql, packs, record);
    return record;
}

/* ---- the ring; the hub's lock is held ---- */

static void ring_add(Hub *hub, Event event) {
    if (hub->length == RING) {
        hub->floor = hub->ring[hub->head].seq;
        event_clear(&hub->ring[hub->head]);
        hub->head = (hub->head + 1) % RING;
        hub->length--;
    }
    hub->ring[(hub->head + hub->length++) % RING] = event;
    hub->last = event.seq;
}

static void ring_skip_to(Hub *hub, gint64 seq) {
    for (guint i = 0; i < RING; i++)
        event_clear(&hub->ring[i]);
    hub->head = hub->length = 0;
    hub->floor = hub->last = seq;
}

static const Event *ring_after(const Hub *hub, gint64 seq) {
    guint low = 0, high = hub->length;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (hub->ring[(hub->head + middle) % RING].seq > seq)
            high = middle;
        else
            low = middle + 1;
    }
    return low < hub->length ? &hub->ring[(hub->head + low) % RING] : NULL;
}

static void wake(Listener *listener) {
    if (!listener->sleeping)
        return;
    listener->sleeping = FALSE;
    stream_wake(listener->stream);
}

static void wake_all(Hub *hub) {
    for (Listener *l = hub->first; l; l = l->after)
        wake(l);
}

/* ---- a listener ---- */

static gboolean may_see(const Actor *actor, const Event *event) {
    return rights_read(actor, event->type) &&
           rights_in_scope(actor, event->type, event->region, event->enterprise, event->sector);
}

static gboolean listener_sees(const Listener *listener, const Event *event) {
    gboolean seen = may_see(&listener->identity->actor, event) ||
                    (event->assigned && g_strv_contains((const char *const *)event->assigned,
                                                        listener->identity->login));
    for (guint i = 0; !seen && i < listener->others->len; i++)
        seen = may_see(&((const StandIn *)listener->others->pdata[i])->actor, event);
    return seen;
}

/* The hub's lock is held. */
static void find_others(Listener *listener, Sql *records) {
    Hub *hub = listener->hub;
    g_ptr_array_unref(listener->others);
    listener->others = delegation_stand_ins(records, hub->packs, &listener->identity->actor,
                                            clock_now(hub->clock));
}

/* Fills `waiting` with the next thing to send; false when there is none. */
static gboolean next_text(Listener *listener) {
    Hub *hub = listener->hub;
    if (listener->waiting->allocated_len > WAITING_KEPT) {
        g_string_free(listener->waiting, TRUE);
        listener->waiting = g_string_new(NULL);
    }
    g_string_truncate(listener->waiting, 0);
    listener->given = 0;
    if (listener->cursor < hub->floor) {
        g_string_append_printf(listener->waiting,
                               "id: %" G_GINT64_FORMAT "\nevent: reset\ndata: {}\n\n", hub->last);
        listener->cursor = hub->last;
        atomic_fetch_add(&hub->resets, 1);
        return TRUE;
    }
    for (const Event *event; (event = ring_after(hub, listener->cursor));) {
        listener->cursor = event->seq;
        if (listener_sees(listener, event)) {
            g_string_append(listener->waiting, event->text);
            return TRUE;
        }
    }
    if (!listener->beat)
        return FALSE;
    listener->beat = FALSE;
    g_string_append(listener->waiting, ": beat\n\n");
    return TRUE;
}

static gssize listener_read(gpointer data, Stream *stream, char *bytes, gsize n) {
    Listener *listener = data;
    Hub *hub = listener->hub;
    pthread_mutex_lock(&hub->lock);
    listener->stream = stream;
    gssize got = 0;
    if (hub->stop || listener->ended) {
        got = -1;
    } else if (listener->given < listener->waiting->len || next_text(listener)) {
        got = (gssize)MIN(n, listener->waiting->len - listener->given);
        memcpy(bytes, listener->waiting->str + listener->given, (gsize)got);
        listener->given += (gsize)got;
    } else {
        listener->sleeping = TRUE;
        stream_sleep(stream);
    }
    pthread_mutex_unlock(&hub->lock);
    return got;
}

static void listener_free(gpointer data) {
    Listener *listener = data;
    Hub *hub = listener->hub;
    pthread_mutex_lock(&hub->lock);
    if (listener->before)
        listener->before->after = listener->after;
    else
        hub->first = listener->after;
    if (listener->after)
        listener->after->before = listener->before;
    hub->listeners--;
    pthread_mutex_unlock(&hub->lock);
    g_ptr_array_unref(listener->others);
    identity_free(listener->identity);
    g_free(listener->token);
    g_string_free(listener->waiting, TRUE);
    g_free(listener);
}

static Listener *listener_add(Hub *hub, Sql *records, Identity *identity_take, const char *token) {
    Listener *listener = g_new0(Listener, 1);
    listener->hub = hub;
    listener->identity = identity_take;
    listener->token = g_strdup(token);
    listener->others = g_ptr_array_new();
    listener->waiting = g_string_new("retry: 2000\n\n");
    pthread_mutex_lock(&hub->lock);
    listener->cursor = hub->last;
    listener->after = hub->first;
    if (listener->after)
        listener->after->before = listener;
    hub->first = listener;
    hub->listeners++;
    find_others(listener, records); /* once in the list: no later change is missed */
    pthread_mutex_unlock(&hub->lock);
    return listener;
}

/* A program that connects again and again must not take everybody's connections: one that has gone
 * is noticed only at the next beat. */
static gboolean has_room(Hub *hub, const char *login) {
    guint n = 0;
    pthread_mutex_lock(&hub->lock);
    for (Listener *l = hub->first; l; l = l->after)
        n += g_str_equal(l->identity->login, login);
    pthread_mutex_unlock(&hub->lock);
    return n < LISTENERS_PER_LOGIN;
}

/* Appends what the listener missed in (after, cursor]; false when it is too much. */
static gboolean append_missed(Hub *hub, Listener *listener, Sql *records, gint64 after) {
    const Actor *actor = &listener->identity->actor;
    g_autoptr(GPtrArray) others =
        delegation_stand_ins(records, hub->packs, actor, clock_now(hub->clock));
    gint64 end = listener->cursor;
    for (int seen = 0; after < end;) {
        gint64 last = after;
        json_t *entries =
            journal_after(records, hub->packs, actor, others, after, READ_MAX, &last, NULL);
        if (entries == NULL)
            return FALSE;
        size_t i;
        json_t *entry;
        json_array_foreach(entries, i, entry) {
            json_t *record = record_of(records, hub->packs, actor, entry);
            if (record && json_integer_value(json_object_get(entry, "seq")) <= end)
                append_event(listener->waiting, entry, record);
            json_decref(record);
        }
        seen += (int)json_array_size(entries);
        json_decref(entries);
        if (last <= after)
            return TRUE;
        after = last;
        if (seen > BACKLOG_MAX || listener->waiting->len > BACKLOG_BYTES)
            return FALSE;
    }
    return TRUE;
}

void hub_listen(Hub *hub, Request *request, Sql *records, Identity *identity_take,
                const char *token, gint64 after) {
    if (!has_room(hub, identity_take->login)) {
        g_autoptr(GError) error = NULL;
        error_set(&error, ERROR_BUSY, NULL, "too many streams of this login", NULL);
        identity_free(identity_take);
        respond_error(request, error);
        return;
    }
    Listener *listener = listener_add(hub, records, identity_take, token);
    gsize start = listener->waiting->len;
    if (after < 0) /* the ring may be behind the journal for a moment */
        listener->cursor = MAX(listener->cursor, journal_last(records, NULL));
    gboolean whole = after < 0 || append_missed(hub, listener, records, after);
    if (!whole)
        g_string_truncate(listener->waiting, start);
    g_string_append_printf(listener->waiting, "id: %" G_GINT64_FORMAT "\nevent: %s\ndata: {}\n\n",
                           listener->cursor, whole ? "hello" : "reset");
    request_add_header(request, "Cache-Control", "no-store");
    request_add_header(request, "X-Accel-Buffering", "no");
    respond_stream(request, "text/event-stream", listener_read, listener_free, listener);
}

void hub_end_session(Hub *hub, const char *token) {
    pthread_mutex_lock(&hub->lock);
    for (Listener *l = hub->first; l; l = l->after)
        if (g_str_equal(l->token, token)) {
            l->ended = TRUE;
            wake(l);
        }
    pthread_mutex_unlock(&hub->lock);
}

/* ---- the thread ---- */

static Event event_of(Hub *hub, json_t *entry) {
    json_t *record = record_of(hub->sql, hub->packs, &actor_system, entry);
    Event event = {.seq = json_integer_value(json_object_get(entry, "seq")),
                   .type =
                       packs_type(hub->packs, json_string_value(json_object_get(entry, "type"))),
                   .region = g_strdup(json_string_value(json_object_get(entry, "region"))),
                   .enterprise = g_strdup(json_string_value(json_object_get(entry, "enterprise"))),
                   .sector = g_strdup(json_string_value(json_object_get(entry, "sector")))};
    g_autoptr(GString) text = g_string_new(NULL);
    append_event(text, entry, record);
    json_decref(record);
    event.text = g_strdup(text->str);
    return event;
}

static gboolean same_rights(const Identity *a, const Identity *b) {
    return a->actor.role == b->actor.role && g_strcmp0(a->region, b->region) == 0 &&
           g_strcmp0(a->enterprise, b->enterprise) == 0 && g_strcmp0(a->sectors, b->sectors) == 0;
}

/* Ends the streams of `login` (NULL: of all) whose session is over or whose user has other rights
 * now; a browser comes back by itself and is given what it may see. The lock is held. */
static void check_listeners(Hub *hub, const char *login) {
    for (Listener *l = hub->first; l; l = l->after) {
        if (login && !g_str_equal(l->identity->login, login))
            continue;
        Identity *now = session_find(hub->sql, hub->packs, l->token, clock_now(hub->clock), NULL);
        if (now == NULL || !same_rights(now, l->identity))
            l->ended = TRUE;
        if (now)
            identity_free(now);
    }
}

/* Who stands in for whom has changed; the lock is held. */
static void check_others(Hub *hub) {
    for (Listener *l = hub->first; l; l = l->after)
        find_others(l, hub->sql);
}

/* Entries after which streams may show more or less; the lock is held. */
static void rights_changed(Hub *hub, const RecordType *type, json_t *entry) {
    gboolean user = g_str_equal(type->name, "user");
    if (user)
        check_listeners(hub, json_string_value(json_object_get(entry, "id")));
    if (user || g_str_equal(type->name, "delegation"))
        check_others(hub);
}

static gboolean is_assigned(Hub *hub, const Actor *actor, const RecordType *type, const char *id) {
    return rights_read(actor, type) && rights_assigned(hub->sql, actor, type, id);
}

/* Who listens now and has the record by assignment: asked once, when the event comes. Whoever
 * begins to listen later begins behind it. The lock is held. */
static GStrv assigned_listeners(Hub *hub, const RecordType *type, const char *id) {
    if (type->assigned->len == 0 && !type->own)
        return NULL;
    g_autoptr(GStrvBuilder) logins = g_strv_builder_new();
    for (Listener *l = hub->first; l; l = l->after) {
        gboolean found = is_assigned(hub, &l->identity->actor, type, id);
        for (guint i = 0; !found && i < l->others->len; i++)
            found = is_assigned(hub, &((const StandIn *)l->others->pdata[i])->actor, type, id);
        if (found)
            g_strv_builder_add(logins, l->identity->login);
    }
    return g_strv_builder_end(logins);
}

/* Reads one portion of new entries; true when there may be more. */
static gboolean read_journal(Hub *hub) {
    g_autoptr(GError) error = NULL;
    gint64 last = hub->last;
    json_t *entries = journal_after(hub->sql, hub->packs, &actor_system, NULL, hub->last, READ_MAX,
                                    &last, &error);
    if (entries == NULL) {
        log_error("hub", error, "reading the journal");
        return FALSE;
    }
    size_t i, n = json_array_size(entries);
    json_t *entry;
    json_array_foreach(entries, i, entry) {
        Event event = event_of(hub, entry);
        pthread_mutex_lock(&hub->lock);
        if (event.type) {
            rights_changed(hub, event.type, entry);
            event.assigned = assigned_listeners(hub, event.type,
                                                json_string_value(json_object_get(entry, "id")));
            ring_add(hub, event);
        }
        pthread_mutex_unlock(&hub->lock);
    }
    json_decref(entries);
    pthread_mutex_lock(&hub->lock);
    hub->last = MAX(hub->last, last);
    wake_all(hub);
    pthread_mutex_unlock(&hub->lock);
    return n == READ_MAX;
}

static void catch_up(Hub *hub) {
    gint64 newest = journal_last(hub->sql, NULL);
    pthread_mutex_lock(&hub->lock);
    gboolean skip = hub->first == NULL || newest - hub->last > RING;
    if (skip && newest > hub->last) {
        ring_skip_to(hub, newest);
        check_others(hub);
        wake_all(hub);
    }
    pthread_mutex_unlock(&hub->lock);
    while (!skip && read_journal(hub))
        ;
}

static void beat(Hub *hub, gboolean check) {
    pthread_mutex_lock(&hub->lock);
    for (Listener *l = hub->first; l; l = l->after)
        l->beat = TRUE;
    if (check) {
        check_listeners(hub, NULL);
        check_others(hub);
    }
    wake_all(hub);
    pthread_mutex_unlock(&hub->lock);
}

static gint64 monotonic_ms(void) { return g_get_monotonic_time() / 1000; }

static void publish(Hub *hub) {
    gint64 poked_us = atomic_exchange(&hub->poked_us, 0);
    catch_up(hub);
    if (poked_us > 0)
        histogram_add(&hub->time, g_get_monotonic_time() - poked_us, 1);
}

static void *hub_thread(void *data) {
    Hub *hub = data;
    gint64 beat_at = monotonic_ms() + BEAT_MS;
    guint beats = 0;
    BellCall call;
    while ((call = bell_wait(&hub->bell, beat_at - monotonic_ms())) != BELL_STOPPED) {
        if (call == BELL_RUNG)
            publish(hub);
        if (monotonic_ms() >= beat_at) {
            beat(hub, ++beats % BEATS_PER_CHECK == 0);
            beat_at = monotonic_ms() + BEAT_MS;
        }
    }
    return NULL;
}

Hub *hub_start(const Packs *packs, const char *records_uri, Clock *clock, GError **error) {
    Sql *sql = sql_open(records_uri, SQL_READ, error);
    if (sql == NULL)
        return NULL;
    Hub *hub = g_new0(Hub, 1);
    hub->packs = packs;
    hub->clock = clock;
    hub->sql = sql;
    hub->floor = hub->last = MAX(journal_last(sql, NULL), 0);
    pthread_mutex_init(&hub->lock, NULL);
    bell_init(&hub->bell);
    int code = pthread_create(&hub->thread, NULL, hub_thread, hub);
    g_assert(code == 0);
    return hub;
}

void hub_poke(gpointer data) {
    Hub *hub = data;
    gint64 none = 0;
    atomic_compare_exchange_strong(&hub->poked_us, &none, g_get_monotonic_time());
    bell_ring(&hub->bell);
}

guint64 hub_resets(Hub *hub) { return atomic_load(&hub->resets); }

Histogram *hub_time(Hub *hub) { return &hub->time; }

guint hub_listeners(Hub *hub) {
    pthread_mutex_lock(&hub->lock);
    guint n = hub->listeners;
    pthread_mutex_unlock(&hub->lock);
    return n;
}

void hub_stop(Hub *hub) {
    pthread_mutex_lock(&hub->lock);
    hub->stop = TRUE;
    wake_all(hub);
    pthread_mutex_unlock(&hub->lock);
    bell_stop(&hub->bell);
    pthread_join(hub->thread, NULL);
}

void hub_free(Hub *hub) {
    if (hub == NULL)
        return;
    g_assert(hub->first == NULL);
    for (guint i = 0; i < RING; i++)
        event_clear(&hub->ring[i]);
    bell_clear(&hub->bell);
    pthread_mutex_destroy(&hub->lock);
    sql_close(hub->sql);
    g_free(hub);
}
