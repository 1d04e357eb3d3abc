/* Legal clocks of all records, for whoever has to see that limits are kept: which run, which come
 * next, which are overdue, which have fired and how late that was. In the sight of the actor and of
 * those he stands in for, as rows of `clocks` carry the place of their record. */
#pragma once
#include "record/record.h"
#include "record/sheet.h"

typedef struct {
    const char *state;  /* "open" (a step is to come), "paused", "fired" (at least once), "done", or
                           "all"; NULL: open */
    const char *type;   /* or NULL */
    const char *region; /* its records and those below it, or NULL */
    const char *enterprise; /* or NULL */
    gboolean overdue;       /* only those past their due time */
    const char *cursor;     /* from a former answer, or NULL */
    int limit;              /* 1..500 */
} ClockQuery;

/* {"items": [CLOCK], "next": cursor or null}: open ones by the time of their next step, others by
 * age. ERROR_REQUEST, ERROR_TYPE_UNKNOWN. */
json_t *clock_list(Sql *sql, const Packs *packs, const Actor *actor, const ClockQuery *query,
                   gint64 now_ms, GError **error);
/* {"open", "overdue", "paused", "fired", "late_p50", "late_p99", "late_max"} of what type, region
 * and enterprise name, whatever the state. `late`: seconds from the time of the last step that
 * fired to its firing; null when none has. Reads all that have fired. */
json_t *clock_summary(Sql *sql, const Packs *packs, const Actor *actor, const ClockQuery *query,
                      gint64 now_ms, GError **error);
/* The whole list as a table; arguments as record_export's (export.h). */
gboolean clock_export(Sql *sql, const Packs *packs, const Actor *actor, const ClockQuery *query,
                      SheetForm form, int fd, const char *tmp_dir, gint64 now_ms, GError **error);
