/* The journal: the one ordered story of the system, and its proof.
 *
 * Every change of a record appends one entry in the same transaction. An entry's hash is SM3 over
 * its members and the hash of the former entry of the same record; so each record's history is a
 * chain. Every minute a seal takes the Merkle root (SM3) over the entries since the last seal and
 * is chained to it. journal_verify recomputes all of it, and compares each row with the fold of its
 * entries. */
#pragma once
#include "record/record.h"

typedef struct {
    gint64 seq; /* filled by journal_append */
    gint64 time_ms;
    const Actor *actor;
    const char *type, *id, *action; /* "create", "edit", "move:NAME", "clock:NAME", "watch:NAME" */
    const char *from, *to;          /* states or NULL */
    json_t *diff;                   /* {field: [old, new]}; borrowed */
    const char *comment;            /* or NULL */
    const char *region, *enterprise, *sector; /* sector NULL: none */
} JournalEntry;

/* Says that an entry of this record will be appended soon (sql_ahead). */
void journal_ahead(Sql *sql, const char *type, const char *id);
gboolean journal_append(Sql *sql, JournalEntry *entry, GError **error);
/* Seals what is not sealed yet, at most SEAL_ENTRIES_MAX at a time so that other jobs go on;
 * *sealed entries (0: nothing to do). In a writer's job. */
enum { SEAL_ENTRIES_MAX = 100000 };
gboolean journal_seal(Sql *sql, gint64 now_ms, gint64 *sealed, GError **error);
/* Entries of one record, oldest first, as in docs/api.md ENTRY; rights are the caller's business
 * (record_get first). */
json_t *journal_of(Sql *sql, const Packs *packs, const char *type, const char *id, GError **error);
/* Entries after `seq` in the sight of the actor or of one of `others` (of StandIn*; or NULL), at
 * most `limit`, each
 * {"seq","time","type","id","action","from","to","region","enterprise","sector"}; *last is the
 * highest seq looked at, seen or not. For the live stream. */
json_t *journal_after(Sql *sql, const Packs *packs, const Actor *actor, const GPtrArray *others,
                      gint64 seq, int limit, gint64 *last, GError **error);
typedef struct {
    const char *enterprise, *type; /* or NULL */
    const char *action; /* "reveal": what begins with it and a colon, or is it; or NULL */
    gboolean people;    /* only what people did, not the machine */
    gint64 before;      /* only lower sequence numbers; 0: from the newest */
    int limit;
} JournalQuery;
/* Entries in the actor's sight, newest first, each as in journal_of with the record's "label" of
 * now: {"items": [...], "next": `before` of the next page or null}. A page of somebody who sees
 * little may hold few entries and still have a next one. */
json_t *journal_page(Sql *sql, const Packs *packs, const Actor *actor, const JournalQuery *asked,
                     GError **error);
/* An entry that says something was done about a record and changes nothing of it; `action` such as
 * "key:password". The actor may edit the record, or ERROR_FORBIDDEN, ERROR_SCOPE, ERROR_NOT_FOUND.
 * In a writer's job. */
gboolean journal_note(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                      const char *id, const char *action, gint64 now_ms, GError **error);
/* Hexadecimal hash of the record's last entry, or NULL; caller frees. */
char *journal_record_hash(Sql *sql, const char *type, const char *id);
gint64 journal_last(Sql *sql, GError **error); /* -1 on error */

/* The last seal, as an outside party keeps it: whoever has it can tell a rewritten history. */
typedef struct {
    gint64 number; /* 0: nothing is sealed */
    guint8 hash[32];
} JournalHead;
char *journal_head_text(const JournalHead *head); /* "NUMBER:HASH"; caller frees */
gboolean journal_head_parse(const char *text, JournalHead *head);

typedef struct {
    gint64 entries, seals, records, unsealed;
    JournalHead head;
} VerifyReport;
/* True when everything holds. ERROR_VERIFY names the first break: sequence, record and what
 * differs. `kept`: a head of former times that must still be part of it, or NULL. */
gboolean journal_verify(Sql *sql, const Packs *packs, const JournalHead *kept, VerifyReport *report,
                        GError **error);
