/* Stories: what people who know the law expect of a flow, told on a virtual clock and run against
 * the real doors (docs/stories.md).
 *
 * A story is a .yaml file in packs/NAME/stories. It is told in an empty database: actors
 * act through record_create, record_edit and record_move, time goes on by letting every legal clock
 * fire at its own moment, and each step says what must be true after it. Needs nothing but the
 * packs; any thread. Errors: ERROR_PACK when the file is not a story (file:line, rule), ERROR_STORY
 * when it does not come true (file:line, expected, got). */
#pragma once
#include "record/record.h"

/* Paths of all stories below a packs directory, sorted; `world.yaml` files are no stories. */
GPtrArray *story_files(const char *packs_directory, GError **error);
/* Reads a story without telling it: keys, actors, types, moves and names it uses. */
gboolean story_check(const Packs *packs, const char *path, GError **error);
/* What a story is about; free with story_facts_clear. */
typedef struct {
    char *title;
    GStrv basis;      /* laws and plan rows it shows; or NULL */
    GPtrArray *types; /* const RecordType* of which it creates records, each once */
} StoryFacts;
gboolean story_facts(const Packs *packs, const char *path, StoryFacts *facts, GError **error);
void story_facts_clear(StoryFacts *facts);
/* Tells it; *steps (may be NULL) says how many steps came true. `sql` NULL: in a database in
 * memory. Else a writer's connection to a database that has the tables and no records: the story is
 * told in one transaction, which is rolled back. */
gboolean story_tell(const Packs *packs, Sql *sql, const char *path, guint *steps, GError **error);
