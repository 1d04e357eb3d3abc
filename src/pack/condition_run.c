/* A condition at work in memory, with the logic of SQL. What condition_sql.c writes must agree
 * (condition_test.c). */
#include "base/clock.h"
#include "pack/condition_node.h"

#include <math.h>
#include <string.h>

static Truth truth_of(gboolean truth) { return truth ? TRUTH_TRUE : TRUTH_FALSE; }

char *today_format(const Operand *operand, gint64 now_ms, char *buffer) {
    return day_format(day_of(now_ms) + operand->offset_ms / DAY_MS, buffer);
}

char *run_text(Run *run, const char *text) {
    enum { CHUNK = 256 };
    if (run->texts == NULL)
        run->texts = g_string_chunk_new(CHUNK);
    return g_string_chunk_insert(run->texts, text);
}

static Term today_term(Run *run, const Operand *operand) {
    char buffer[TIME_TEXT];
    return (Term){.kind = TERM_DATE,
                  .text = run_text(run, today_format(operand, run->env->now_ms, buffer))};
}

static Term any_term(Run *run, const Operand *operand) {
    const ConditionEnv *env = run->env;
    switch (operand->kind) {
    case OPERAND_LITERAL:
        return operand->term;
    case OPERAND_NAME:
        return env->value(env->data, operand->text);
    case OPERAND_ROW_NAME:
        return env->row_value(env->data, run->rows, run->row, operand->text);
    case OPERAND_RECORD:
        return env->record_value(env->data, operand->text);
    case OPERAND_NOW:
        return (Term){.kind = TERM_TIME, .time_ms = env->now_ms + operand->offset_ms};
    case OPERAND_TODAY:
        return today_term(run, operand);
    case OPERAND_ACTOR:
        return (Term){.kind = env->actor ? TERM_TEXT : TERM_NONE, .text = env->actor};
    case OPERAND_CALL:
        return call_term(run, operand);
    }
    g_assert_not_reached();
}

Term operand_term(Run *run, const Operand *operand) {
    Term term = any_term(run, operand);
    if (term.kind != operand->term.kind || (term.kind == TERM_NUMBER && isnan(term.number)))
        term.kind = TERM_NONE;
    return term;
}

/* -1, 0, 1; both terms have a value of the same kind. */
int terms_order(const Term *a, const Term *b) {
    switch (a->kind) {
    case TERM_NUMBER:
        return (a->number > b->number) - (a->number < b->number);
    case TERM_TIME:
    case TERM_DURATION:
        return (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
    case TERM_BOOL:
        return !!a->truth - !!b->truth;
    default: {
        int order = strcmp(a->text, b->text); /* bytes of UTF-8, as SQLite's BINARY */
        return (order > 0) - (order < 0);
    }
    }
}

static Truth order_fits(CompareOp op, int order) {
    static const gboolean fits[COMPARES][3] = {
        /* order:                  -1    0     1 */
        [COMPARE_EQUAL] = {FALSE, TRUE, FALSE},   [COMPARE_NOT_EQUAL] = {TRUE, FALSE, TRUE},
        [COMPARE_LESS] = {TRUE, FALSE, FALSE},    [COMPARE_LESS_EQUAL] = {TRUE, TRUE, FALSE},
        [COMPARE_GREATER] = {FALSE, FALSE, TRUE}, [COMPARE_GREATER_EQUAL] = {FALSE, TRUE, TRUE},
    };
    return truth_of(fits[op][order + 1]);
}

static Truth compare(Run *run, const ConditionNode *node, CompareOp op, guint other) {
    Term a = operand_term(run, operand_at(node->operands, 0));
    Term b = operand_term(run, operand_at(node->operands, other));
    if (a.kind == TERM_NONE || b.kind == TERM_NONE)
        return TRUTH_UNKNOWN;
    return order_fits(op, terms_order(&a, &b));
}

static Truth in_list(Run *run, const ConditionNode *node) {
    Truth truth = TRUTH_FALSE;
    for (guint i = 1; i < node->operands->len; i++)
        truth = MAX(truth, compare(run, node, COMPARE_EQUAL, i));
    return truth;
}

static Truth between(Run *run, const ConditionNode *node) {
    return MIN(compare(run, node, COMPARE_GREATER_EQUAL, 1),
               compare(run, node, COMPARE_LESS_EQUAL, 2));
}

/* One step of a pattern: its length in bytes, and whether it matches the character at `text`. */
static gboolean like_step(const char *pattern, const char *text, gsize *length) {
    gboolean escaped = *pattern == '\\' && pattern[1] != 0;
    const char *p = pattern + escaped;
    gsize bytes = (gsize)(g_utf8_next_char(p) - p);
    *length = escaped + bytes;
    return (*p == '_' && !escaped) || strncmp(p, text, bytes) == 0;
}

/* Goes back to the last % only, so the time is at most length × length. */
static gboolean like(const char *pattern, const char *text) {
    const char *after_percent = NULL, *retry = NULL;
    gsize length;
    while (*text) {
        if (*pattern == '%') {
            after_percent = ++pattern;
            retry = text;
        } else if (*pattern && like_step(pattern, text, &length)) {
            pattern += length;
            text = g_utf8_next_char(text);
        } else if (after_percent) {
            pattern = after_percent;
            text = retry = g_utf8_next_char(retry);
        } else {
            return FALSE;
        }
    }
    while (*pattern == '%')
        pattern++;
    return *pattern == 0;
}

static Truth like_truth(Run *run, const ConditionNode *node) {
    Term a = operand_term(run, operand_at(node->operands, 0));
    return a.kind == TERM_NONE ? TRUTH_UNKNOWN
                               : truth_of(like(operand_at(node->operands, 1)->text, a.text));
}

static Truth is_null(Run *run, const ConditionNode *node) {
    return truth_of(operand_term(run, operand_at(node->operands, 0)).kind == TERM_NONE);
}

/* AND is the least, OR the greatest of its children. */
static Truth chain(Run *run, const ConditionNode *node, Truth start, Truth end) {
    Truth truth = start;
    for (guint i = 0; i < node->children->len && truth != end; i++) {
        Truth child = node_truth(run, node->children->pdata[i]);
        truth = end == TRUTH_TRUE ? MAX(truth, child) : MIN(truth, child);
    }
    return truth;
}

Truth node_truth(Run *run, const ConditionNode *node) {
    switch (node->kind) {
    case NODE_AND:
        return chain(run, node, TRUTH_TRUE, TRUTH_FALSE);
    case NODE_OR:
        return chain(run, node, TRUTH_FALSE, TRUTH_TRUE);
    case NODE_NOT:
        return TRUTH_TRUE - node_truth(run, node->children->pdata[0]);
    case NODE_TRUTH:
        return truth_of(node->truth);
    case NODE_COMPARE:
        return compare(run, node, node->op, 1);
    case NODE_IN:
        return in_list(run, node);
    case NODE_BETWEEN:
        return between(run, node);
    case NODE_LIKE:
        return like_truth(run, node);
    case NODE_IS_NULL:
        return is_null(run, node);
    }
    g_assert_not_reached();
}

static void run_end(Run *run) {
    if (run->texts)
        g_string_chunk_free(run->texts);
}

static gboolean part_holds(const ConditionNode *node, const ConditionEnv *env) {
    Run run = {.env = env};
    gboolean holds = node_truth(&run, node) == TRUTH_TRUE;
    run_end(&run);
    return holds;
}

gboolean condition_holds_in(const Condition *condition, const ConditionEnv *env) {
    return part_holds(condition->root, env);
}

gboolean condition_holds(const Condition *condition, ConditionValue value, gpointer data,
                         gint64 now_ms, const char *actor) {
    ConditionEnv env = {
        .value = value, .data = data, .now_ms = now_ms, .law_day = day_of(now_ms), .actor = actor};
    return condition_holds_in(condition, &env);
}

Term expression_value(const Expression *expression, const ConditionEnv *env, GStringChunk *texts) {
    Run run = {.env = env, .texts = texts};
    return operand_term(&run, &expression->root);
}

/* ---- what may still become true ---- */

typedef struct {
    ConditionOpen open;
    gpointer data;
} OpenNames;

static gboolean is_open_name(gpointer data, const Operand *operand) {
    const OpenNames *names = data;
    if (operand->kind == OPERAND_NAME)
        return names->open(names->data, operand->text);
    return operand->rows && names->open(names->data, operand->rows);
}

gboolean condition_possible(const Condition *condition, const ConditionEnv *env, ConditionOpen open,
                            gpointer open_data) {
    OpenNames names = {open, open_data};
    const ConditionNode *root = condition->root;
    if (root->kind != NODE_AND)
        return node_any(root, is_open_name, &names) || part_holds(root, env);
    for (guint i = 0; i < root->children->len; i++) {
        const ConditionNode *part = root->children->pdata[i];
        if (!node_any(part, is_open_name, &names) && !part_holds(part, env))
            return FALSE;
    }
    return TRUE;
}
