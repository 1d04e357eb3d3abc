#include "demo/demo_parts.h"
#include "record/legal_clock.h"

static int acts_compare(gconstpointer a, gconstpointer b) {
    const DemoAct *one = a, *other = b;
    return one->at_ms != other->at_ms ? (one->at_ms > other->at_ms) - (one->at_ms < other->at_ms)
                                      : (int)one->order - (int)other->order;
}

static gboolean clocks_until(const Build *build, Sql *sql, gint64 now_ms, GError **error) {
    enum { AT_ONCE = 200 };
    int fired = AT_ONCE;
    while (fired == AT_ONCE)
        if (!clocks_fire(sql, build->packs, now_ms, AT_ONCE, &fired, error))
            return FALSE;
    return TRUE;
}

gboolean acts_play(const Build *build, GArray *acts, Sql *sql, GError **error) {
    g_array_sort(acts, acts_compare);
    for (guint i = 0; i < acts->len; i++) {
        const DemoAct *act = &g_array_index(acts, DemoAct, i);
        if (!clocks_until(build, sql, act->at_ms, error) ||
            !act->play(act->book, act->index, act->at_ms, sql, error))
            return FALSE;
    }
    return clocks_until(build, sql, build->now_ms, error);
}
