/* Who had a hand in an entry of the journal: separation of duties counts all of them. */
#include "record/act.h"

static void add(GPtrArray *hands, const char *login) {
    if (login)
        g_ptr_array_add(hands, g_strdup(login));
}

static json_t *note_of(json_t *diff, const char *name) {
    return json_array_get(json_object_get(diff, name), 1);
}

void hands_add(GPtrArray *hands, const char *actor, json_t *diff) {
    json_t *approved = note_of(diff, "_approved");
    add(hands, actor);
    add(hands, json_string_value(note_of(diff, "_for")));
    for (gsize i = 0; i < json_array_size(approved); i++)
        add(hands, json_string_value(json_array_get(approved, i)));
}

gboolean hands_have(const Act *act, const GPtrArray *hands) {
    for (guint i = 0; i < hands->len; i++)
        if (g_strcmp0(hands->pdata[i], act->actor->id) == 0 ||
            (act->for_id && g_strcmp0(hands->pdata[i], act->for_id) == 0))
            return TRUE;
    return FALSE;
}
