/* Who looks at whom: the points whose rules a sample of a point concerns, and the numbers of the
 * points that rules name. */
#include "signal/engine_extra.h"

#include <string.h>

static void feed_bit_set(Engine *engine, guint32 point) {
    if (point / 64 >= engine->feed_words) {
        guint32 words = MAX(point / 64 + 1, engine->points / 64 + 1);
        engine->feed_bits = g_renew(guint64, engine->feed_bits, words);
        memset(engine->feed_bits + engine->feed_words, 0,
               (words - engine->feed_words) * sizeof *engine->feed_bits);
        engine->feed_words = words;
    }
    engine->feed_bits[point / 64] |= (guint64)1 << point % 64;
}

static void free_array(gpointer array) { g_array_unref(array); }

static void subscribe(Engine *engine, guint32 point, guint32 owner) {
    if (engine->feeds == NULL)
        engine->feeds = g_hash_table_new_full(NULL, NULL, NULL, free_array);
    GArray *owners = g_hash_table_lookup(engine->feeds, GUINT_TO_POINTER(point));
    if (owners == NULL) {
        owners = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_hash_table_insert(engine->feeds, GUINT_TO_POINTER(point), owners);
    }
    guint at = 0; /* ascending, so that the order is the same after every restart */
    while (at < owners->len && g_array_index(owners, guint32, at) < owner)
        at++;
    if (at == owners->len || g_array_index(owners, guint32, at) != owner)
        g_array_insert_val(owners, at, owner);
    feed_bit_set(engine, point);
}

void extra_unsubscribe(Engine *engine, guint32 point, guint32 owner) {
    GArray *owners = engine->feeds && point != POINT_NONE
                         ? g_hash_table_lookup(engine->feeds, GUINT_TO_POINTER(point))
                         : NULL;
    for (guint i = 0; owners && i < owners->len; i++)
        if (g_array_index(owners, guint32, i) == owner)
            g_array_remove_index(owners, i--);
    if (owners && owners->len == 0) {
        g_hash_table_remove(engine->feeds, GUINT_TO_POINTER(point));
        engine->feed_bits[point / 64] &= ~((guint64)1 << point % 64);
    }
}

void extra_resolve(Engine *engine, Extra *extra) {
    for (guint i = 0; i < extra->rules->codes; i++) {
        if (extra->number[i] != POINT_NONE)
            continue;
        const char *code = extra->rules->code[i];
        guint32 point = point_table_find(engine->table, code, strlen(code));
        if (point == POINT_NONE) {
            engine->unresolved = TRUE;
            continue;
        }
        extra->number[i] = point;
        subscribe(engine, point, extra->point);
    }
}

void extras_resolve(Engine *engine) {
    engine->unresolved = FALSE;
    for (guint32 s = 0; s < engine->slices; s++) {
        GPtrArray *extras = engine->slice[s]->extras;
        for (guint i = 0; extras && i < extras->len; i++)
            extra_resolve(engine, extras->pdata[i]);
    }
}
