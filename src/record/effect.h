/* What a move brings about by the pack: assignments (`set`), records raised, notices written; all
 * in the move's transaction.
 *
 * A raised record is created, and creating has no effects of its own: chains end after one link,
 * whatever a pack says. */
#pragma once
#include "record/act.h"

/* The value of an assignment for field `target`, seen from `row`. */
gboolean assignment_value(const Act *act, const Row *row, const Assignment *assignment,
                          const Field *target, FieldValue *value, GError **error);
gboolean assign_all(const Act *act, Row *row, const GArray *set, GError **error);
/* What stands for "{name}"; NULL: as in every template, which is template_text. Caller frees. */
typedef char *(*TemplateText)(const Act *act, const Row *row, const char *name, gpointer data);
char *template_text(const Act *act, const Row *row, const char *placeholder, Lang lang);
char *template_fill(const Act *act, const Row *row, const char *template, Lang lang,
                    TemplateText own, gpointer data);
/* "{field}", "{code_field:title}"; caller frees. */
char *template_expand(const Act *act, const Row *row, const char *template, Lang lang);

/* Records that will be raised: their fields and ids are fixed before the row is written, so that
 * the row's own link stands in the same version; they are created after it. */
typedef struct {
    const RecordType *type;
    char *id; /* NULL: the type has a key */
    json_t *fields;
} Raise;
void raise_free(gpointer raise);
/* Fills `raises` (of Raise*) and the link fields of the row. */
gboolean effects_prepare(const Act *act, Row *row, const Move *move, GPtrArray *raises,
                         GError **error);
gboolean effects_run(const Act *act, const Row *row, const Move *move, const GPtrArray *raises,
                     GError **error);
