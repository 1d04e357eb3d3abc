#include "signal/alarm_fold.h"

#include <string.h>

struct AlarmFold {
    GArray *events; /* FoldEvent in their order, each once */
};

/* What the events so far amount to. */
typedef struct {
    gboolean raised, active, acknowledged, announced, latch, suppressed, out, shelved, closed;
    gint64 shelved_until;
} Fold;

FoldEvent fold_event_of(const AlarmEvent *event, gboolean latch) {
    static const FoldKind kinds[] = {
        [ALARM_RAISE] = FOLD_RAISE,       [ALARM_RISE] = FOLD_RISE,
        [ALARM_FALL] = FOLD_FALL,         [ALARM_RETURN] = FOLD_RETURN,
        [ALARM_SUPPRESS] = FOLD_SUPPRESS, [ALARM_UNSUPPRESS] = FOLD_UNSUPPRESS,
        [ALARM_OUT] = FOLD_OUT,           [ALARM_IN] = FOLD_IN};
    return (FoldEvent){.at_ms = event->at_ms,
                       .kind = kinds[event->kind],
                       .by = "",
                       .suppressed = event->suppressed,
                       .latch = latch};
}

AlarmFold *alarm_fold_new(void) {
    AlarmFold *fold = g_new0(AlarmFold, 1);
    fold->events = g_array_new(FALSE, FALSE, sizeof(FoldEvent));
    return fold;
}

void alarm_fold_free(AlarmFold *fold) {
    if (fold)
        g_array_unref(fold->events);
    g_free(fold);
}

static int compare_int(gint64 a, gint64 b) { return (a > b) - (a < b); }

static int compare(const FoldEvent *a, const FoldEvent *b) {
    int order = compare_int(a->at_ms, b->at_ms);
    order = order ? order : (int)a->kind - (int)b->kind;
    order = order ? order : strcmp(a->by, b->by);
    order = order ? order : compare_int(a->seq, b->seq);
    return order ? order : compare_int(a->until_ms, b->until_ms);
}

gboolean alarm_fold_add(AlarmFold *fold, const FoldEvent *event) {
    guint at = fold->events->len;
    while (at > 0) {
        int order = compare(event, &g_array_index(fold->events, FoldEvent, at - 1));
        if (order == 0)
            return FALSE;
        if (order > 0)
            break;
        at--;
    }
    g_array_insert_vals(fold->events, at, event, 1);
    return TRUE;
}

void alarm_fold_merge(AlarmFold *fold, const AlarmFold *other) {
    for (guint i = 0; i < other->events->len; i++)
        alarm_fold_add(fold, &g_array_index(other->events, FoldEvent, i));
}

static void begin(Fold *f, const FoldEvent *event) {
    if (f->raised)
        return;
    *f = (Fold){.raised = TRUE,
                .active = TRUE,
                .announced = !event->suppressed,
                .suppressed = event->suppressed,
                .latch = event->latch};
}

/* What was never announced needs nobody. */
static void come_back(Fold *f) {
    f->active = FALSE;
    f->closed |= f->suppressed && !f->announced;
    f->suppressed = FALSE;
}

static void suppress(Fold *f) {
    f->suppressed = f->active;
    f->shelved = FALSE;
}

static void leave(Fold *f) {
    f->active = f->suppressed = f->shelved = FALSE;
    f->out = TRUE;
}

static void shelve(Fold *f, const FoldEvent *event) {
    if (!f->active || f->suppressed || f->out)
        return;
    f->shelved = TRUE;
    f->shelved_until = event->until_ms;
}

static void expire(Fold *f, gint64 now_ms) {
    if (f->shelved && f->shelved_until <= now_ms)
        f->shelved = FALSE;
}

static void apply(Fold *f, const FoldEvent *event) {
    expire(f, event->at_ms);
    if (!f->raised && event->kind != FOLD_RAISE)
        return;
    switch (event->kind) {
    case FOLD_RAISE:
        begin(f, event);
        break;
    case FOLD_RISE: /* re-alarms */
        f->acknowledged = f->acknowledged && !f->active;
        break;
    case FOLD_RETURN:
        come_back(f);
        break;
    case FOLD_SUPPRESS:
        suppress(f);
        break;
    case FOLD_UNSUPPRESS:
        f->announced |= f->suppressed;
        f->suppressed = FALSE;
        break;
    case FOLD_OUT:
        leave(f);
        break;
    case FOLD_IN:
        f->closed |= f->out;
        break;
    case FOLD_ACKNOWLEDGE:
        f->acknowledged = TRUE;
        break;
    case FOLD_RESET:
        f->closed |= f->latch && f->acknowledged && !f->active;
        break;
    case FOLD_SHELVE:
        shelve(f, event);
        break;
    case FOLD_UNSHELVE:
        f->shelved = FALSE;
        break;
    case FOLD_FALL:
    case FOLD_KINDS:
        break;
    }
}

static IsaState state_of(const Fold *f) {
    if (!f->raised)
        return ISA_NONE;
    if (f->closed)
        return ISA_A;
    if (f->out)
        return ISA_I;
    if (f->suppressed)
        return ISA_H;
    if (f->shelved)
        return ISA_G;
    if (f->active)
        return f->acknowledged ? ISA_C : ISA_B;
    if (f->latch)
        return f->acknowledged ? ISA_F : ISA_E;
    return f->acknowledged ? ISA_A : ISA_D;
}

IsaState alarm_fold_state(const AlarmFold *fold, gint64 now_ms) {
    Fold f = {.raised = FALSE};
    for (guint i = 0; i < fold->events->len; i++) {
        const FoldEvent *event = &g_array_index(fold->events, FoldEvent, i);
        if (event->at_ms > now_ms)
            break;
        apply(&f, event);
    }
    expire(&f, now_ms);
    return state_of(&f);
}
