/* Standing in: while a record of type `delegation` is active, one user (to_user) may act with the
 * role and the place of another (from_user), and sees and is told what the other is. It is not
 * handed on. A clock ends it; reads without a `now` trust the state. */
#pragma once
#include "record/record.h"

/* Somebody who has delegated to an actor, as the actor acts for him. */
typedef struct {
    Actor actor; /* id and name are the delegate's, borrowed; role and place the delegator's */
    char *for_id, *region, *enterprise, *sectors;
} StandIn;

/* Of StandIn*, caller frees; empty for the machine. Borrows id and name of the actor. */
GPtrArray *delegation_stand_ins(Sql *sql, const Packs *packs, const Actor *actor, gint64 now_ms);
