/* Who may replay now: each user one at a time, all users together a few, and nobody once the server
 * is ending. A replay runs on a thread of its own and asks the desk whether it shall go on. Any
 * thread. */
#pragma once
#include "base/error.h"

#include <stdatomic.h>

typedef struct ReplayDesk ReplayDesk;
ReplayDesk *replay_desk_new(guint together);
/* Nobody is let in any more, who is in is told to end, and this waits for them. */
void replay_desk_close(ReplayDesk *desk);
void replay_desk_free(ReplayDesk *desk); /* after replay_desk_close */
/* False with ERROR_BUSY; true: call the two below, the first with the same login. */
gboolean replay_desk_enter(ReplayDesk *desk, const char *login, GError **error);
void replay_desk_leave(ReplayDesk *desk, const char *login); /* the user may come again */
void replay_desk_answered(ReplayDesk *desk);                 /* the desk may close */
const atomic_bool *replay_desk_ending(const ReplayDesk *desk);
