/* Records: what people keep. One door for all: create, edit, move, read.
 *
 * The functions that change something run inside a job of the records writer (store/writer.h): they
 * check rights, fields, guards and version, write the row, the journal entry, the clocks and the
 * effects, and either all of it or nothing stays. They are given the connection and `now`; they
 * read no time and keep no state. A record is passed as a JSON object as in docs/api.md (system
 * members id, type, version, state, number, created_at, created_by, updated_at, then the fields
 * that have a value), new reference to the caller. */
#pragma once
#include "base/area.h"
#include "base/clock.h"
#include "pack/pack.h"
#include "store/sql.h"
#include <jansson.h>

typedef enum {
    ACTOR_PERSON,
    ACTOR_ENGINE,
    ACTOR_CLOCK,
    ACTOR_SYSTEM,
    ACTOR_GUEST,
    ACTOR_HOLDER
} ActorKind;

/* Who acts. For people: role, and region or enterprise by the level of the role. The machine has no
 * role. ACTOR_SYSTEM is the operator of the program itself (command line, load, demo): it has every
 * right but no guard is waived. */
typedef struct {
    ActorKind kind;
    const char *id; /* login, "engine", "clock", "system" */
    const char *name;
    const Role *role;   /* NULL for the machine */
    const char *region; /* division code, prefix of what he may see; NULL or "" for enterprise and
                           system level */
    const char *enterprise; /* code, for the enterprise level */
    const char *sectors;    /* codes joined by commas, for a role with scope: sector */
    const char *assigned;   /* login whose assignments count; NULL: `id`, "": nobody's */
} Actor;
/* ACTOR_GUEST is anybody without a log-in: he may file what the pack lets the public create, and
 * nothing is kept of who he is. ACTOR_HOLDER is whoever holds a receipt (record/receipt.h): he
 * makes the moves `by: receipt` of that one record. */
extern const Actor actor_engine, actor_clock, actor_system, actor_guest, actor_holder;

/* Tables of all types, journal, seals, clocks, notices, numbers: made or widened to fit the packs.
 * A change that would lose data is refused (ERROR_PACK). Run once at start on the SQL_WRITE
 * connection. */
gboolean records_migrate(Sql *sql, const Packs *packs, GError **error);

/* Records that were made before their type had a flow get a state (`adopt` of the flow, else
 * `initial`), by an entry `adopt` of the system; *adopted of them. At start, after records_migrate
 * and records_seal. */
gboolean records_adopt(Sql *sql, const Packs *packs, gint64 now_ms, gint64 *adopted,
                       GError **error);

json_t *record_create(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                      json_t *fields, const char *comment, gint64 now_ms, GError **error);
/* Like record_create with the id given (alarms: id is a function of the alarm); for types with a
 * key, id must be NULL. */
json_t *record_create_with_id(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                              const char *id, json_t *fields, gint64 now_ms, GError **error);
/* `version` 0: no check (the machine, the command line). Fields with JSON null are emptied. No
 * change: no entry, same version. */
json_t *record_edit(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                    const char *id, gint64 version, json_t *fields, gint64 now_ms, GError **error);
json_t *record_move(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                    const char *id, const char *move, gint64 version, json_t *fields,
                    const char *comment, gint64 now_ms, GError **error);
/* Creates, or edits the record with the same key; for loading. *created may be NULL. */
json_t *record_put(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                   json_t *fields, gint64 now_ms, gboolean *created, GError **error);

/* Reading: any connection. What the actor may not see does not exist for him (ERROR_NOT_FOUND). */
json_t *record_get(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                   const char *id, GError **error);

/* "west,south,east,north", or six numbers with heights, which are passed over. ERROR_REQUEST. */
gboolean geo_box_parse(const char *text, GeoBox *box, GError **error);

typedef struct {
    const char *filter; /* CQL2-text or NULL */
    const char *search; /* words that its texts must contain (record/search.h), or NULL */
    const char *sort;   /* "-created_at,name" or NULL */
    const char *cursor; /* from a former answer, or NULL */
    int limit;          /* 1..500 */
    gboolean count;
    gint64 count_max; /* count no further than this; 0: LIST_COUNT_MAX (record/facets.h) */
    gboolean labels;  /* add _labels of refs, regions */
    const char *also; /* a second CQL2-text that must hold too, or NULL */
    const GeoBox
        *box; /* records with a place inside it, or NULL; ERROR_REQUEST for types without */
    const char
        *facets; /* "state,grade": count the values of these too, or NULL (record/facets.h) */
} RecordQuery;
/* {"items": [...], "next": cursor or null, "count": n, "facets": {...}}; "count_more": true when
 * there are more than counted, "facets_more" when only the newest were counted. Scope is part of
 * the SQL. */
json_t *record_list(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                    const RecordQuery *query, gint64 now_ms, GError **error);
/* "_labels": {field: text}; of a field of kind rows an array, {cell: text} by row. */
void record_add_labels(Sql *sql, const Packs *packs, json_t *record);
/* The same for a list of them, with few queries. */
void records_add_labels(Sql *sql, const Packs *packs, json_t *records);

/* Where a record stands: by an area or a point of its own, else by the point of its enterprise
 * (record/place.h). */
gboolean record_has_place(const Packs *packs, const Actor *actor, const RecordType *type);
/* As GeoJSON; NULL when it has no place. */
json_t *record_geometry(Sql *sql, const Packs *packs, const Actor *actor, json_t *record);

/* Moves the actor may make now on this record:
 * [{"name","title":{zh,en},"accepts":[..],"require":[..]}] */
json_t *record_moves(Sql *sql, const Packs *packs, const Actor *actor, json_t *record,
                     gint64 now_ms);
/* Whether the type has a move of this name, or it is one that every type has. */
gboolean record_move_known(const RecordType *type, const char *name);
gboolean record_may_edit(Sql *sql, const Actor *actor, const RecordType *type, json_t *record);
json_t *record_clocks(Sql *sql, const Packs *packs, const char *type, const char *id, gint64 now_ms,
                      GError **error);
/* Whose turn it is: docs/api.md /api/todo. */
json_t *record_todo(Sql *sql, const Packs *packs, const Actor *actor, gint64 now_ms, int limit,
                    GError **error);
json_t *record_notices(Sql *sql, const Packs *packs, const Actor *actor, gint64 after_seq,
                       int limit, GError **error);
/* The types as docs/api.md /api/types shows them to this actor. */
json_t *record_types(const Packs *packs, const Actor *actor);
