/* The memory of rules in a checkpoint: by codes, not by places, so that what a definition still has
 * finds its state again. Layout, per point: number of the point, times, flags; then inputs and
 * rules, each with its code. */
#include "signal/engine_state.h"

#include <string.h>

typedef struct {
    guint32 point;
    gint64 time_ms, received_ms;
    guint32 mask;
    guint8 pending, backlog, inputs, rules;
} Head;

static void put(GByteArray *out, const void *bytes, gsize n) {
    g_byte_array_append(out, bytes, (guint)n);
}

static void put_code(GByteArray *out, const char *code) { put(out, code, strlen(code) + 1); }

static void save_one(const Extra *extra, GByteArray *out) {
    Head head;
    memset(&head, 0, sizeof head); /* the padding too: equal states are equal bytes */
    head.point = extra->point;
    head.time_ms = extra->time_ms;
    head.received_ms = extra->received_ms;
    head.mask = extra->mask;
    head.pending = extra->pending;
    head.backlog = extra->backlog;
    head.inputs = (guint8)extra->rules->codes;
    head.rules = (guint8)extra->rules->n;
    put(out, &head, sizeof head);
    for (guint i = 0; i < extra->rules->codes; i++) {
        put_code(out, extra->rules->code[i]);
        put(out, &extra->input[i], sizeof extra->input[i]);
    }
    for (guint r = 0; r < extra->rules->n; r++) {
        guint8 kind = (guint8)extra->rules->rule[r].kind;
        put_code(out, extra->rules->rule[r].code);
        put(out, &kind, 1);
        put(out, &extra->state[r], sizeof extra->state[r]);
    }
}

void extras_save(const Slice *slice, GByteArray *out) {
    for (guint i = 0; slice->extras && i < slice->extras->len; i++)
        save_one(slice->extras->pdata[i], out);
}

typedef struct {
    const guint8 *at, *end;
} Reader;

static gboolean get(Reader *reader, void *into, gsize n) {
    if ((gsize)(reader->end - reader->at) < n)
        return FALSE;
    memcpy(into, reader->at, n);
    reader->at += n;
    return TRUE;
}

static const char *get_code(Reader *reader) {
    const guint8 *zero = memchr(reader->at, 0, (gsize)(reader->end - reader->at));
    if (zero == NULL)
        return NULL;
    const char *code = (const char *)reader->at;
    reader->at = zero + 1;
    return code;
}

static gboolean restore_input(Reader *reader, Extra *extra) {
    ExtraInput input;
    const char *code = get_code(reader);
    if (code == NULL || !get(reader, &input, sizeof input))
        return FALSE;
    for (guint i = 0; extra && i < extra->rules->codes; i++)
        if (strcmp(extra->rules->code[i], code) == 0)
            extra->input[i] = input;
    return TRUE;
}

static gboolean restore_rule(Reader *reader, Extra *extra) {
    RuleState state;
    guint8 kind;
    const char *code = get_code(reader);
    if (code == NULL || !get(reader, &kind, 1) || !get(reader, &state, sizeof state) ||
        state.edges > RULE_COUNT_MAX)
        return FALSE;
    for (guint r = 0; extra && r < extra->rules->n; r++)
        if (extra->rules->rule[r].kind == (RuleKind)kind &&
            strcmp(extra->rules->rule[r].code, code) == 0)
            extra->state[r] = state;
    return TRUE;
}

static gboolean restore_one(Reader *reader, Slice *slice) {
    Head head;
    if (!get(reader, &head, sizeof head))
        return FALSE;
    Extra *extra = extra_find(slice, head.point);
    if (extra) {
        extra->time_ms = head.time_ms;
        extra->received_ms = head.received_ms;
        extra->mask = head.mask;
        extra->pending = head.pending;
        extra->backlog = head.backlog;
    }
    for (guint i = 0; i < head.inputs; i++)
        if (!restore_input(reader, extra))
            return FALSE;
    for (guint r = 0; r < head.rules; r++)
        if (!restore_rule(reader, extra))
            return FALSE;
    return TRUE;
}

void extras_restore(Slice *slice, const guint8 *bytes, gsize n) {
    Reader reader = {bytes, bytes + n};
    while (reader.at < reader.end && restore_one(&reader, slice))
        ;
}
