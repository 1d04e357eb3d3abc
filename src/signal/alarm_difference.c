#include "signal/alarm_difference.h"

#include <string.h>

const char *difference_code(DifferenceKind kind) {
    static const char *const codes[DIFFERENCES] = {"same",  "gone",   "new",   "earlier",
                                                   "later", "higher", "lower", "length"};
    return codes[kind];
}

static char *alarm_key(const AlarmSpan *span) {
    return g_strdup_printf("%s\n%s\n%d\n%s", span->enterprise, span->point, (int)span->condition,
                           span->rule);
}

static void array_unref(gpointer array) { g_ptr_array_unref(array); }

/* Alarm -> its spans in the order of time. */
static GHashTable *by_alarm(const AlarmSpans *spans) {
    GHashTable *groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, array_unref);
    for (guint i = 0; i < spans->list->len; i++) {
        const AlarmSpan *span = alarm_spans_at(spans, i);
        char *key = alarm_key(span);
        GPtrArray *group = g_hash_table_lookup(groups, key);
        if (group == NULL) {
            group = g_ptr_array_new();
            g_hash_table_insert(groups, g_strdup(key), group);
        }
        g_ptr_array_add(group, (gpointer)span);
        g_free(key);
    }
    return groups;
}

static gboolean ends_before(const AlarmSpan *a, const AlarmSpan *b) {
    return a->returned_ms && a->returned_ms < b->raised_ms;
}

/* Levels of one condition rise in the order of the enumeration. */
static DifferenceKind compare(const AlarmSpan *former, const AlarmSpan *now) {
    if (now->raised_ms != former->raised_ms)
        return now->raised_ms < former->raised_ms ? DIFFERENCE_EARLIER : DIFFERENCE_LATER;
    if (now->worst_level != former->worst_level)
        return now->worst_level > former->worst_level ? DIFFERENCE_HIGHER : DIFFERENCE_LOWER;
    return now->returned_ms == former->returned_ms ? DIFFERENCE_SAME : DIFFERENCE_LENGTH;
}

static void add(GArray *out, DifferenceKind kind, const AlarmSpan *former, const AlarmSpan *now) {
    Difference difference = {kind, former, now};
    g_array_append_val(out, difference);
}

/* Two lists of one alarm's occurrences, each without overlaps of its own. */
static void compare_lists(GArray *out, const GPtrArray *former, const GPtrArray *now) {
    guint f = 0, n = 0, formers = former ? former->len : 0, nows = now ? now->len : 0;
    while (f < formers || n < nows) {
        const AlarmSpan *a = f < formers ? former->pdata[f] : NULL;
        const AlarmSpan *b = n < nows ? now->pdata[n] : NULL;
        if (b == NULL || (a && ends_before(a, b))) {
            add(out, DIFFERENCE_GONE, a, NULL);
            f++;
        } else if (a == NULL || ends_before(b, a)) {
            add(out, DIFFERENCE_NEW, NULL, b);
            n++;
        } else {
            add(out, compare(a, b), a, b);
            f++;
            n++;
        }
    }
}

static const AlarmSpan *either(const Difference *difference) {
    return difference->now ? difference->now : difference->former;
}

static gint by_time(gconstpointer a, gconstpointer b) {
    const AlarmSpan *x = either(a), *y = either(b);
    if (x->raised_ms != y->raised_ms)
        return x->raised_ms < y->raised_ms ? -1 : 1;
    int order = strcmp(x->point, y->point);
    if (order == 0)
        order = (int)x->condition - (int)y->condition;
    return order ? order : strcmp(x->id, y->id);
}

GArray *alarm_difference(const AlarmSpans *former, const AlarmSpans *now) {
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Difference));
    g_autoptr(GHashTable) before = by_alarm(former), after = by_alarm(now);
    GHashTableIter iter;
    gpointer key, group;
    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &key, &group))
        compare_lists(out, group, g_hash_table_lookup(after, key));
    g_hash_table_iter_init(&iter, after);
    while (g_hash_table_iter_next(&iter, &key, &group))
        if (!g_hash_table_contains(before, key))
            compare_lists(out, NULL, group);
    g_array_sort(out, by_time);
    return out;
}

json_t *alarm_difference_counts(const GArray *differences) {
    guint counts[DIFFERENCES] = {0};
    for (guint i = 0; i < differences->len; i++)
        counts[g_array_index(differences, Difference, i).kind]++;
    json_t *json = json_object();
    for (DifferenceKind kind = 0; kind < DIFFERENCES; kind++)
        json_object_set_new(json, difference_code(kind), json_integer(counts[kind]));
    return json;
}
