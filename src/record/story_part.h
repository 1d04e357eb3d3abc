/* The parts of a story that is being read and told. Private to story*.c. */
#pragma once
#include "pack/yaml_node.h"
#include "record/sealed.h"
#include "record/story.h"

typedef struct {
    char *login, *name, *region, *enterprise, *sectors;
    Actor actor;
} StoryActor;

/* A record that the story has given a name. */
typedef struct {
    const RecordType *type;
    char *id;   /* NULL while the story is only checked */
    char *code; /* of the last receipt, or NULL */
} StoryRecord;

typedef struct {
    const Packs *packs;
    YamlNode *shared; /* world.yaml beside the story, or NULL */
    YamlNode *root;
    GHashTable *actors;  /* name -> StoryActor */
    GHashTable *records; /* name -> StoryRecord */
    Sql *sql;            /* NULL: the story is only checked */
    gint64 now_ms;
    SealKey *seal; /* NULL: the story is only checked */
    /* of the step at hand */
    const YamlNode *step;
    const StoryRecord *record; /* or NULL */
    gint64 seq, notice;        /* last journal entry and notice before the step */
} Story;

/* story_read.c */
Story *story_open(const Packs *packs, const char *path, GError **error);
void story_free(Story *story);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Story, story_free)
void story_name_record(Story *story, const char *name, const RecordType *type, const char *id);
const StoryActor *story_actor(const Story *story, const YamlNode *name, GError **error);
const StoryRecord *story_record(const Story *story, const YamlNode *name, GError **error);
/* The record the step is about; refused when it names none. */
const StoryRecord *story_at_hand(const Story *story, const YamlNode *node, GError **error);
/* "2026-09-30 18:00", seconds allowed, +08:00; `end_of_day`: "2026-09-30" is its last moment. */
gboolean story_time(const YamlNode *node, gboolean end_of_day, gint64 *ms, GError **error);
/* A value for a field (NULL: unknown) as the doors take it; "$name" is the id of a record. */
json_t *story_value(const Story *story, const Field *field, const YamlNode *node, GError **error);
json_t *story_fields(const Story *story, const RecordType *type, const YamlNode *map,
                     GError **error);
gboolean story_is_map(const YamlNode *node, GError **error);
gboolean story_is_list(const YamlNode *node, GError **error);
gboolean story_is_text(const YamlNode *node, GError **error);

/* story_expect.c: each reads its part of a step and, when the story is told, compares. */
gboolean expect_fields(Story *story, const YamlNode *node, GError **error);
gboolean expect_clocks(Story *story, const YamlNode *node, GError **error);
gboolean expect_fired(Story *story, const YamlNode *node, GError **error);
gboolean expect_todo(Story *story, const YamlNode *node, GError **error);
gboolean expect_notices(Story *story, const YamlNode *node, GError **error);
gboolean expect_documents(Story *story, const YamlNode *node, GError **error);
gboolean expect_seen(Story *story, const YamlNode *node, GError **error);
gboolean expect_indicators(Story *story, const YamlNode *node, GError **error);
gboolean expect_may(Story *story, const YamlNode *node, GError **error);
gboolean expect_entry(Story *story, const YamlNode *node, GError **error);
gboolean expect_receipt(Story *story, const YamlNode *node, GError **error);
/* Fails the story when they differ; NULL and null are empty. */
gboolean story_compare(const YamlNode *node, const char *name, json_t *wanted, json_t *got,
                       GError **error);

/* story_hand.c */
/* Sends the files that fields of kind file name, and puts what the door takes in their place. */
gboolean story_upload(Story *story, const Actor *actor, const RecordType *type, json_t *fields,
                      const YamlNode *node, GError **error);
/* Keeps the receipt of an answer, for the record at hand. */
void story_take_receipt(Story *story, json_t *record);
json_t *story_holders_move(Story *story, const YamlNode *move, json_t *fields, const char *comment,
                           GError **error);
gboolean story_revealed(Story *story, const YamlNode *field_name, json_t *answer, GError **error);

/* ERROR_STORY at this place. Always FALSE. */
gboolean story_failed(const YamlNode *node, const char *expected, const char *got, GError **error);
