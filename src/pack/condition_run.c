/* A condition at work: evaluated in memory with the logic of SQL, and compiled to SQL. Both must
 * agree (condition_test.c). */
#include "base/clock.h"
#include "pack/condition.h"
#include "pack/condition_node.h"

#include <math.h>
#include <string.h>

typedef enum { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE } Truth;

typedef struct {
    ConditionValue value;
    gpointer data;
    gint64 now_ms;
    const char *actor;
} Run;

static Truth truth_of(gboolean truth) { return truth ? TRUTH_TRUE : TRUTH_FALSE; }

static const Operand *operand_at(const ConditionNode *node, guint i) {
    return &g_array_index(node->operands, Operand, i);
}

static char *today_format(const Operand *operand, gint64 now_ms, char buffer[static TIME_TEXT]) {
    return day_format(day_of(now_ms) + operand->offset_ms / DAY_MS, buffer);
}

/* `buffer` keeps the text of $today. */
static Term operand_term(const Run *run, const Operand *operand, char buffer[static TIME_TEXT]) {
    switch (operand->kind) {
    case OPERAND_LITERAL:
        return operand->term;
    case OPERAND_NAME:
        return run->value(run->data, operand->text);
    case OPERAND_NOW:
        return (Term){.kind = TERM_TIME, .time_ms = run->now_ms + operand->offset_ms};
    case OPERAND_TODAY:
        return (Term){.kind = TERM_DATE, .text = today_format(operand, run->now_ms, buffer)};
    case OPERAND_ACTOR:
        return (Term){.kind = run->actor ? TERM_TEXT : TERM_NONE, .text = run->actor};
    }
    g_assert_not_reached();
}

static gboolean term_missing(const Term *term, TermKind wanted) {
    return term->kind != wanted || (term->kind == TERM_NUMBER && isnan(term->number));
}

/* -1, 0, 1; both terms have a value of the same kind. */
static int terms_order(const Term *a, const Term *b) {
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

static Truth compare(const Run *run, const ConditionNode *node, CompareOp op, guint other) {
    char buffers[2][TIME_TEXT];
    TermKind kind = operand_at(node, 0)->term.kind;
    Term a = operand_term(run, operand_at(node, 0), buffers[0]);
    Term b = operand_term(run, operand_at(node, other), buffers[1]);
    if (term_missing(&a, kind) || term_missing(&b, kind))
        return TRUTH_UNKNOWN;
    return order_fits(op, terms_order(&a, &b));
}

static Truth in_list(const Run *run, const ConditionNode *node) {
    Truth truth = TRUTH_FALSE;
    for (guint i = 1; i < node->operands->len; i++)
        truth = MAX(truth, compare(run, node, COMPARE_EQUAL, i));
    return truth;
}

static Truth between(const Run *run, const ConditionNode *node) {
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

static Truth like_truth(const Run *run, const ConditionNode *node) {
    char buffer[TIME_TEXT];
    Term a = operand_term(run, operand_at(node, 0), buffer);
    return term_missing(&a, TERM_TEXT) ? TRUTH_UNKNOWN
                                       : truth_of(like(operand_at(node, 1)->text, a.text));
}

static Truth is_null(const Run *run, const ConditionNode *node) {
    char buffer[TIME_TEXT];
    Term a = operand_term(run, operand_at(node, 0), buffer);
    return truth_of(term_missing(&a, operand_at(node, 0)->term.kind));
}

static Truth node_truth(const Run *run, const ConditionNode *node);

/* AND is the least, OR the greatest of its children. */
static Truth chain(const Run *run, const ConditionNode *node, Truth start, Truth end) {
    Truth truth = start;
    for (guint i = 0; i < node->children->len && truth != end; i++) {
        Truth child = node_truth(run, node->children->pdata[i]);
        truth = end == TRUTH_TRUE ? MAX(truth, child) : MIN(truth, child);
    }
    return truth;
}

static Truth node_truth(const Run *run, const ConditionNode *node) {
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

gboolean condition_holds(const Condition *condition, ConditionValue value, gpointer data,
                         gint64 now_ms, const char *actor) {
    Run run = {value, data, now_ms, actor};
    return node_truth(&run, condition->root) == TRUTH_TRUE;
}

/* ---- what may still become true ---- */

static gboolean names_any(const ConditionNode *node, ConditionOpen open, gpointer data) {
    for (guint i = 0; node->children && i < node->children->len; i++)
        if (names_any(node->children->pdata[i], open, data))
            return TRUE;
    for (guint i = 0; node->operands && i < node->operands->len; i++) {
        const Operand *operand = operand_at(node, i);
        if (operand->kind == OPERAND_NAME && open(data, operand->text))
            return TRUE;
    }
    return FALSE;
}

gboolean condition_possible(const Condition *condition, ConditionValue value, gpointer data,
                            gint64 now_ms, const char *actor, ConditionOpen open,
                            gpointer open_data) {
    Run run = {value, data, now_ms, actor};
    const ConditionNode *root = condition->root;
    if (root->kind != NODE_AND)
        return names_any(root, open, open_data) || node_truth(&run, root) == TRUTH_TRUE;
    for (guint i = 0; i < root->children->len; i++) {
        const ConditionNode *part = root->children->pdata[i];
        if (!names_any(part, open, open_data) && node_truth(&run, part) != TRUTH_TRUE)
            return FALSE;
    }
    return TRUE;
}

/* ---- SQL ---- */

typedef struct {
    ConditionColumn column;
    gpointer data;
    gint64 now_ms;
    const char *actor;
    GString *sql;
    GArray *parameters;
} Compiler;

static void parameter(Compiler *compiler, Term term) {
    g_string_append_c(compiler->sql, '?');
    g_array_append_val(compiler->parameters, term);
}

/* $today is written out: its ten characters are ours, and no one would own the text of a parameter.
 */
static void today_sql(Compiler *compiler, const Operand *operand) {
    char buffer[TIME_TEXT];
    g_string_append_printf(compiler->sql, "'%s'", today_format(operand, compiler->now_ms, buffer));
}

static void operand_sql(Compiler *compiler, const Operand *operand) {
    switch (operand->kind) {
    case OPERAND_LITERAL:
        parameter(compiler, operand->term);
        break;
    case OPERAND_NAME:
        g_string_append(compiler->sql, compiler->column(compiler->data, operand->text));
        break;
    case OPERAND_NOW:
        parameter(compiler,
                  (Term){.kind = TERM_TIME, .time_ms = compiler->now_ms + operand->offset_ms});
        break;
    case OPERAND_TODAY:
        today_sql(compiler, operand);
        break;
    case OPERAND_ACTOR:
        if (compiler->actor)
            parameter(compiler, (Term){.kind = TERM_TEXT, .text = compiler->actor});
        else /* a parameter that is null would have no type */
            g_string_append(compiler->sql, "CAST(NULL AS TEXT)");
        break;
    }
}

static void compare_sql(Compiler *compiler, const ConditionNode *node) {
    static const char *const signs[COMPARES] = {
        [COMPARE_EQUAL] = " = ",   [COMPARE_NOT_EQUAL] = " <> ",
        [COMPARE_LESS] = " < ",    [COMPARE_LESS_EQUAL] = " <= ",
        [COMPARE_GREATER] = " > ", [COMPARE_GREATER_EQUAL] = " >= "};
    operand_sql(compiler, operand_at(node, 0));
    g_string_append(compiler->sql, signs[node->op]);
    operand_sql(compiler, operand_at(node, 1));
}

static void in_sql(Compiler *compiler, const ConditionNode *node) {
    operand_sql(compiler, operand_at(node, 0));
    for (guint i = 1; i < node->operands->len; i++) {
        g_string_append(compiler->sql, i == 1 ? " IN (" : ", ");
        operand_sql(compiler, operand_at(node, i));
    }
    g_string_append_c(compiler->sql, ')');
}

static void between_sql(Compiler *compiler, const ConditionNode *node) {
    operand_sql(compiler, operand_at(node, 0));
    g_string_append(compiler->sql, " BETWEEN ");
    operand_sql(compiler, operand_at(node, 1));
    g_string_append(compiler->sql, " AND ");
    operand_sql(compiler, operand_at(node, 2));
}

static void like_sql(Compiler *compiler, const ConditionNode *node) {
    operand_sql(compiler, operand_at(node, 0));
    g_string_append(compiler->sql, " LIKE ");
    parameter(compiler, (Term){.kind = TERM_TEXT, .text = node->like});
    g_string_append(compiler->sql, " ESCAPE '\\'");
}

static void node_sql(Compiler *compiler, const ConditionNode *node);

static void child_sql(Compiler *compiler, const ConditionNode *child, gboolean bracket) {
    if (bracket)
        g_string_append_c(compiler->sql, '(');
    node_sql(compiler, child);
    if (bracket)
        g_string_append_c(compiler->sql, ')');
}

static gint deeper_first(gconstpointer a, gconstpointer b) {
    const ConditionNode *left = *(ConditionNode *const *)a, *right = *(ConditionNode *const *)b;
    return right->depth - left->depth;
}

/* The deepest child stands first: SQLite's parser has a stack of 100 symbols, and what stands open
 * before a bracket stays on it. */
static void chain_sql(Compiler *compiler, const ConditionNode *node, const char *word) {
    g_autoptr(GPtrArray) children = g_ptr_array_copy(node->children, NULL, NULL);
    g_ptr_array_set_free_func(children, NULL);
    g_ptr_array_sort(children, deeper_first);
    for (guint i = 0; i < children->len; i++) {
        const ConditionNode *child = children->pdata[i];
        if (i > 0)
            g_string_append(compiler->sql, word);
        child_sql(compiler, child, node->kind == NODE_AND && child->kind == NODE_OR);
    }
}

static void not_sql(Compiler *compiler, const ConditionNode *node) {
    g_string_append(compiler->sql, "NOT ");
    child_sql(compiler, node->children->pdata[0], TRUE);
}

static void node_sql(Compiler *compiler, const ConditionNode *node) {
    switch (node->kind) {
    case NODE_AND:
        chain_sql(compiler, node, " AND ");
        break;
    case NODE_OR:
        chain_sql(compiler, node, " OR ");
        break;
    case NODE_NOT:
        not_sql(compiler, node);
        break;
    case NODE_TRUTH:
        g_string_append(compiler->sql, node->truth ? "1 = 1" : "1 = 0");
        break;
    case NODE_COMPARE:
        compare_sql(compiler, node);
        break;
    case NODE_IN:
        in_sql(compiler, node);
        break;
    case NODE_BETWEEN:
        between_sql(compiler, node);
        break;
    case NODE_LIKE:
        like_sql(compiler, node);
        break;
    case NODE_IS_NULL:
        operand_sql(compiler, operand_at(node, 0));
        g_string_append(compiler->sql, " IS NULL");
        break;
    }
}

void condition_sql(const Condition *condition, ConditionColumn column, gpointer data, gint64 now_ms,
                   const char *actor, GString *sql, GArray *parameters) {
    Compiler compiler = {column, data, now_ms, actor, sql, parameters};
    g_string_append_c(sql, '(');
    node_sql(&compiler, condition->root);
    g_string_append_c(sql, ')');
}
