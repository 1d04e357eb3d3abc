#include "command/flow_draw.h"

#include <string.h>

typedef struct {
    const Packs *packs;
    const RecordType *type;
    Lang lang;
    GString *out;
} Draw;

static const char *say(const Draw *draw, const Title *title) {
    return draw->lang == LANG_EN ? title->en : title->zh;
}

static const char *words(const Draw *draw, const char *zh, const char *en) {
    return draw->lang == LANG_EN ? en : zh;
}

static guint64 bit(const State *state) { return (guint64)1 << state->index; }

/* Who makes a move: roles, and the machine. Caller frees. */
static char *makers(const Draw *draw, const Move *move) {
    g_autofree char *roles = roles_text(draw->packs, move->who, draw->lang);
    GString *out = g_string_new(roles);
    if (move->by & BY_CLOCK)
        g_string_append_printf(out, "%s%s", out->len ? "、" : "",
                               words(draw, "期限时钟", "legal clock"));
    if (move->by & BY_RECEIPT)
        g_string_append_printf(out, "%s%s", out->len ? "、" : "",
                               words(draw, "回执持有人", "holder of a receipt"));
    if (move->by & BY_ENGINE)
        g_string_append_printf(out, "%s%s", out->len ? "、" : "",
                               words(draw, "报警引擎", "alarm engine"));
    return g_string_free(out, FALSE);
}

/* ---- text ---- */

static void line(Draw *draw, const char *indent, const char *head, const char *text) {
    if (text && *text)
        g_string_append_printf(draw->out, "%s%s%s\n", indent, head, text);
}

static void text_targets(Draw *draw, const Move *move) {
    for (guint i = 0; i < move->to->len; i++) {
        const MoveTarget *target = &g_array_index(move->to, MoveTarget, i);
        g_string_append_printf(draw->out, "%s%s", i ? words(draw, "，否则 ", ", else ") : "",
                               target->state ? say(draw, &target->state->title)
                                             : words(draw, "原状态", "same state"));
        if (target->when)
            g_string_append_printf(draw->out, words(draw, "（当 %s）", " (when %s)"),
                                   condition_text(target->when));
    }
}

static char *field_titles(const Draw *draw, const GPtrArray *fields) {
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < fields->len; i++)
        g_string_append_printf(out, "%s%s", i ? "、" : "",
                               say(draw, &((const Field *)fields->pdata[i])->title));
    return g_string_free(out, FALSE);
}

static void text_effects(Draw *draw, const Move *move) {
    for (guint i = 0; i < move->effects->len; i++) {
        const Effect *effect = &g_array_index(move->effects, Effect, i);
        const RecordType *raised =
            effect->kind == EFFECT_RAISE ? packs_type(draw->packs, effect->type) : NULL;
        g_autofree char *who = roles_text(draw->packs, effect->who, draw->lang);
        if (raised)
            line(draw, "        ", words(draw, "生成：", "raises: "), say(draw, &raised->title));
        else if (effect->kind == EFFECT_NOTIFY)
            line(draw, "        ", words(draw, "通知：", "notifies: "), who);
        if (effect->when)
            line(draw, "            ", words(draw, "当：", "when: "), condition_text(effect->when));
    }
}

static void text_move(Draw *draw, const Move *move) {
    g_autofree char *who = makers(draw, move);
    g_autofree char *asked = field_titles(draw, move->require);
    g_autofree char *others = roles_text(draw->packs, move->approvers, draw->lang);
    g_string_append_printf(draw->out, "    %s → ", say(draw, &move->title));
    text_targets(draw, move);
    g_string_append_printf(draw->out, "  〔%s〕\n", who);
    line(draw, "        ", words(draw, "必填：", "needs: "), asked);
    for (const Guard *guard = move->guard; guard; guard = guard->next)
        line(draw, "        ", words(draw, "条件不满足时：", "else: "), say(draw, &guard->message));
    if (move->approvals) {
        g_autofree char *n = g_strdup_printf(
            words(draw, "须另 %d 人确认：", "confirmed by %d of: "), move->approvals);
        line(draw, "        ", n, others);
    }
    text_effects(draw, move);
}

/* A move that is open in every state but the final ones is told once. */
static gboolean is_general(const Draw *draw, const Move *move) {
    guint open = 0;
    for (guint i = 0; i < draw->type->states->len; i++) {
        const State *state = draw->type->states->pdata[i];
        open += !state->final;
        if (!state->final && !(move->from & bit(state)))
            return FALSE;
    }
    return open > 2;
}

static void text_state(Draw *draw, const State *state) {
    const char *mark = state == draw->type->initial ? "▶" : state->final ? "■" : "●";
    g_string_append_printf(draw->out, "\n%s %s (%s)", mark, say(draw, &state->title), state->name);
    RoleSet turn = 0;
    for (guint i = 0; i < state->todo->len; i++)
        turn |= g_array_index(state->todo, Todo, i).who;
    g_autofree char *who = roles_text(draw->packs, turn, draw->lang);
    if (turn)
        g_string_append_printf(draw->out, "%s%s", words(draw, "  待办：", "  turn of: "), who);
    g_string_append_c(draw->out, '\n');
    for (guint i = 0; i < draw->type->moves->len; i++) {
        const Move *move = draw->type->moves->pdata[i];
        if ((move->from & bit(state)) && !is_general(draw, move))
            text_move(draw, move);
    }
}

static void text_general(Draw *draw) {
    gboolean headed = FALSE;
    for (guint i = 0; i < draw->type->moves->len; i++) {
        if (!is_general(draw, draw->type->moves->pdata[i]))
            continue;
        if (!headed)
            g_string_append(draw->out, words(draw, "\n○ 任何未结状态\n", "\n○ any open state\n"));
        headed = TRUE;
        text_move(draw, draw->type->moves->pdata[i]);
    }
}

/* "3 个工作日", "3 working days" */
static char *span_said(const Draw *draw, const Span *span) {
    static const Title units[] = {
        [SPAN_HOURS] = {(char *)"小时", (char *)"hours"},
        [SPAN_DAYS] = {(char *)"天", (char *)"days"},
        [SPAN_WORKDAYS] = {(char *)"个工作日", (char *)"working days"},
        [SPAN_MONTHS] = {(char *)"个月", (char *)"months"},
        [SPAN_YEARS] = {(char *)"年", (char *)"years"},
    };
    return g_strdup_printf("%d %s", span->n, say(draw, &units[span->unit]));
}

static char *limit_text(const Draw *draw, const ClockType *clock) {
    GString *out = g_string_new(NULL);
    if (clock->until)
        g_string_append(out, say(draw, &clock->until->title));
    g_autofree char *span = span_said(draw, &clock->limit);
    if (clock->has_limit)
        g_string_append_printf(out, "%s%s", out->len ? words(draw, "，无则 ", ", else ") : "",
                               clock->limit_field ? say(draw, &clock->limit_field->title) : span);
    if (clock->timer)
        g_string_append_printf(out, " (%s)", clock->timer->code);
    return g_string_free(out, FALSE);
}

static void text_clock(Draw *draw, const ClockType *clock) {
    g_autofree char *limit = limit_text(draw, clock);
    const Title *from = clock->start ? &clock->start->title : &clock->start_field->title;
    g_string_append_printf(draw->out,
                           words(draw, "    %s：自“%s”起 %s\n", "    %s: from “%s”, %s\n"),
                           say(draw, &clock->title), say(draw, from), limit);
    for (guint i = 0; i < clock->steps->len; i++) {
        const ClockStep *step = &g_array_index(clock->steps, ClockStep, i);
        g_autofree char *after = span_said(draw, &step->after);
        g_string_append_printf(draw->out,
                               step->after.n
                                   ? words(draw, "        到期后 %s：", "        %s later: ")
                                   : words(draw, "        到期%.0s：", "        when due%.0s: "),
                               after);
        g_string_append_printf(draw->out, "%s\n", say(draw, &step->move->title));
    }
    g_autofree char *basis = clock->basis ? g_strjoinv("；", clock->basis) : NULL;
    line(draw, "        ", words(draw, "依据：", "basis: "), basis);
}

static void text_watch(Draw *draw, const Watch *watch) {
    GString *events = g_string_new(watch->created ? words(draw, "新建", "creation") : "");
    for (guint i = 0; i < watch->moves->len; i++)
        g_string_append_printf(events, "%s%s", events->len ? "、" : "",
                               say(draw, &((const Move *)watch->moves->pdata[i])->title));
    g_string_append_printf(draw->out,
                           words(draw, "    %s：“%s”%s时 %s\n", "    %s: on “%s”, %s: %s\n"),
                           say(draw, &watch->title), say(draw, &watch->of->title), events->str,
                           say(draw, &watch->move->title));
    if (watch->when)
        line(draw, "        ", words(draw, "当：", "when: "), condition_text(watch->when));
    if (watch->where)
        line(draw, "        ", words(draw, "本记录：", "of records where: "),
             condition_text(watch->where));
    g_autofree char *basis = watch->basis ? g_strjoinv("；", watch->basis) : NULL;
    line(draw, "        ", words(draw, "依据：", "basis: "), basis);
    g_string_free(events, TRUE);
}

char *flow_text(const Packs *packs, const RecordType *type, Lang lang) {
    Draw draw = {packs, type, lang, g_string_new(NULL)};
    g_string_append_printf(draw.out, "%s (%s)\n", say(&draw, &type->title), type->name);
    if (type->initial == NULL)
        line(&draw, "", "", words(&draw, "没有流程", "has no flow"));
    for (guint i = 0; i < type->states->len; i++)
        text_state(&draw, type->states->pdata[i]);
    text_general(&draw);
    if (type->clocks->len)
        g_string_append(draw.out, words(&draw, "\n⏲ 期限\n", "\n⏲ clocks\n"));
    for (guint i = 0; i < type->clocks->len; i++)
        text_clock(&draw, type->clocks->pdata[i]);
    if (type->watches->len)
        g_string_append(draw.out, words(&draw, "\n◉ 监视\n", "\n◉ watches\n"));
    for (guint i = 0; i < type->watches->len; i++)
        text_watch(&draw, type->watches->pdata[i]);
    return g_string_free(draw.out, FALSE);
}

/* ---- DOT ---- */

/* Text inside "...". */
static char *quoted(const char *text) {
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

/* The first two roles of many. */
static char *few_makers(const Draw *draw, const Move *move) {
    enum { SHOWN = 2 };
    g_autofree char *all = makers(draw, move);
    g_auto(GStrv) parts = g_strsplit(all, "、", -1);
    guint n = g_strv_length(parts);
    if (n <= SHOWN)
        return g_strdup(all);
    return g_strdup_printf(words(draw, "%s、%s 等 %u 类", "%s, %s and %u more"), parts[0], parts[1],
                           draw->lang == LANG_EN ? n - SHOWN : n);
}

static gboolean stays(const Move *move) {
    for (guint i = 0; i < move->to->len; i++)
        if (g_array_index(move->to, MoveTarget, i).state)
            return FALSE;
    return TRUE;
}

static void dot_state(Draw *draw, const State *state) {
    g_autofree char *title = quoted(say(draw, &state->title));
    g_string_append_printf(draw->out, "  \"%s\" [label=\"%s\\n", state->name, title);
    for (guint i = 0; i < draw->type->moves->len; i++) {
        const Move *move = draw->type->moves->pdata[i];
        if (!stays(move) || !(move->from & bit(state)) || is_general(draw, move))
            continue;
        g_autofree char *name = quoted(say(draw, &move->title));
        g_string_append_printf(draw->out, "· %s%s\\l", name,
                               move->who ? "" : words(draw, "（自动）", " (by itself)"));
    }
    g_string_append_printf(draw->out, "\"%s%s];\n",
                           state->final ? ", peripheries=2, fillcolor=\"#e8f3ea\"" : "",
                           state == draw->type->initial ? ", penwidth=2.5" : "");
}

/* All moves from one state to another are one arrow, so that the drawing stays calm. */
static void dot_arrow(Draw *draw, const State *from, const State *to) {
    g_autoptr(GString) label = g_string_new(NULL);
    gboolean by_hand = FALSE;
    for (guint i = 0; i < draw->type->moves->len; i++) {
        const Move *move = draw->type->moves->pdata[i];
        gboolean leads = FALSE;
        for (guint j = 0; j < move->to->len; j++)
            leads = leads || g_array_index(move->to, MoveTarget, j).state == to;
        if (!leads || !(move->from & bit(from)) || is_general(draw, move))
            continue;
        g_autofree char *name = quoted(say(draw, &move->title));
        g_autofree char *who = few_makers(draw, move);
        g_autofree char *who_quoted = quoted(who);
        g_string_append_printf(label, "%s%s\\n(%s)", label->len ? "\\n" : "", name, who_quoted);
        by_hand = by_hand || move->who;
    }
    if (label->len)
        g_string_append_printf(draw->out, "  \"%s\" -> \"%s\" [label=\"%s\"%s];\n", from->name,
                               to->name, label->str,
                               by_hand ? "" : ", style=dashed, color=\"#b45309\"");
}

/* Moves of any state, and clocks, stand in a note. */
static void dot_note(Draw *draw) {
    g_autoptr(GString) note = g_string_new(NULL);
    for (guint i = 0; i < draw->type->moves->len; i++) {
        const Move *move = draw->type->moves->pdata[i];
        if (!is_general(draw, move))
            continue;
        g_autofree char *who = few_makers(draw, move);
        g_string_append_printf(note, words(draw, "任何未结状态：%s", "any open state: %s"),
                               say(draw, &move->title));
        if (!stays(move))
            g_string_append_printf(
                note, " → %s",
                say(draw, &g_array_index(move->to, MoveTarget, move->to->len - 1).state->title));
        g_string_append_printf(note, " (%s)\n", who);
    }
    for (guint i = 0; i < draw->type->clocks->len; i++) {
        const ClockType *clock = draw->type->clocks->pdata[i];
        g_autofree char *limit = limit_text(draw, clock);
        g_string_append_printf(note, "%s：%s\n", say(draw, &clock->title), limit);
    }
    g_auto(GStrv) lines = g_strsplit(note->str, "\n", -1);
    g_autofree char *joined = g_strjoinv("\x1f", lines);
    g_autofree char *text = quoted(joined);
    g_auto(GStrv) parts = g_strsplit(text, "\x1f", -1);
    g_autofree char *label = g_strjoinv("\\l", parts);
    if (note->len)
        g_string_append_printf(
            draw->out, "  note [shape=note, fillcolor=\"#fffbe6\", label=\"%s\"];\n", label);
}

char *flow_dot(const Packs *packs, const RecordType *type, Lang lang) {
    Draw draw = {packs, type, lang, g_string_new("digraph flow {\n")};
    g_autofree char *title = quoted(say(&draw, &type->title));
    g_string_append_printf(
        draw.out,
        "  label=\"%s\"; labelloc=t; fontsize=20; fontname=\"Noto Sans CJK SC\"; nodesep=0.5; "
        "ranksep=0.6;\n"
        "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef4fb\", fontsize=14, "
        "fontname=\"Noto Sans CJK SC\"];\n"
        "  edge [fontsize=11, fontname=\"Noto Sans CJK SC\"];\n",
        title);
    for (guint i = 0; i < type->states->len; i++)
        dot_state(&draw, type->states->pdata[i]);
    for (guint i = 0; i < type->states->len; i++)
        for (guint j = 0; j < type->states->len; j++)
            dot_arrow(&draw, type->states->pdata[i], type->states->pdata[j]);
    dot_note(&draw);
    g_string_append(draw.out, "}\n");
    return g_string_free(draw.out, FALSE);
}

/* ---- the legal timers ---- */

static char *users_of(const Packs *packs, const CodeItem *timer) {
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        for (guint j = 0; j < type->clocks->len; j++) {
            const ClockType *clock = type->clocks->pdata[j];
            if (clock->timer == timer)
                g_string_append_printf(out, "%s%s.%s", out->len ? ", " : "", type->name,
                                       clock->name);
        }
    }
    return g_string_free(out, FALSE);
}

char *timers_text(const Packs *packs, Lang lang) {
    GString *out = g_string_new(NULL);
    const Draw draw = {.packs = packs, .lang = lang};
    const CodeList *list = g_hash_table_lookup(packs->codes_by_name, LEGAL_TIMERS);
    for (guint i = 0; list && i < list->items->len; i++) {
        const CodeItem *item = list->items->pdata[i];
        g_autofree char *span = item->span.n ? span_said(&draw, &item->span) : g_strdup("-");
        g_autofree char *users = users_of(packs, item);
        g_string_append_printf(out, "%s\t%s\t%s\t[%s]\t%s%s%s\t%s\n", item->code, span,
                               say(&draw, &item->title), item->mark ? item->mark : "",
                               item->basis ? item->basis : "", item->note ? "; " : "",
                               item->note ? item->note : "", users);
    }
    return g_string_free(out, FALSE);
}
