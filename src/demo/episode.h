/* The script of the demo: demo/episodes.yaml read against a plan, and asked what goes on at a
 * moment.
 *
 * An episode comes again and again, each time at another plant and with some jitter, all by the
 * seed; the answer is a function of the time since the script's zero (the moment the province was
 * brought up), so nothing is remembered and any moment can be asked. Read-only after reading. */
#pragma once
#include "demo/province_plan.h"

enum { EPISODE_WHOLE = G_MAXUINT };

typedef struct {
    const char *name; /* of the episode */
    FaultKind kind;
    guint enterprise, equipment; /* indexes in the plan; equipment EPISODE_WHOLE for gateway */
    gint64 start_ms;
    double duration_s, progress; /* 0..1 */
    double strength;             /* 0.3..1 */
} ActiveEpisode;

typedef struct Script Script;
/* Borrows the plan. An episode that no plant of the plan fits is refused. */
Script *script_read(const char *path, const ProvincePlan *plan, GError **error);
void script_free(Script *script);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Script, script_free)

/* Empties `active` (of ActiveEpisode) and fills it with what goes on at now_ms when the script's
 * zero is zero_ms. */
void script_at(const Script *script, gint64 zero_ms, gint64 now_ms, GArray *active);
guint script_length(const Script *script);
