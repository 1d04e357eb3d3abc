/* A condition as SQL that SQLite and PostgreSQL both understand, and that says what
 * condition_run.c says in memory (condition_test.c, fuzz_condition.c). */
#include "base/clock.h"
#include "pack/condition_node.h"

#include <math.h>
#include <string.h>

typedef struct {
    const ConditionSql *how;
    GString *sql;
    GArray *parameters;
} Compiler;

static void parameter(Compiler *compiler, Term term) {
    g_string_append_c(compiler->sql, '?');
    g_array_append_val(compiler->parameters, term);
}

static void put(Compiler *compiler, const char *text) { g_string_append(compiler->sql, text); }

/* $today is written out: its ten characters are ours, and no one would own the text of a parameter.
 */
static void today_sql(Compiler *compiler, const Operand *operand) {
    char buffer[TIME_TEXT];
    g_string_append_printf(compiler->sql, "'%s'",
                           today_format(operand, compiler->how->now_ms, buffer));
}

/* An empty value has a type too: a statement is prepared once for its text. */
static void outer_sql(Compiler *compiler, TermKind kind, Term term) {
    static const char *const empty[] = {[TERM_TEXT] = "CAST(NULL AS TEXT)",
                                        [TERM_DATE] = "CAST(NULL AS TEXT)",
                                        [TERM_NUMBER] = "CAST(NULL AS DOUBLE PRECISION)",
                                        [TERM_BOOL] = "CAST(NULL AS BIGINT)",
                                        [TERM_TIME] = "CAST(NULL AS BIGINT)",
                                        [TERM_DURATION] = "CAST(NULL AS BIGINT)",
                                        [TERM_SEALED] = "CAST(NULL AS TEXT)"};
    if (term.kind == TERM_NONE)
        put(compiler, empty[kind]);
    else if (kind == TERM_SEALED)
        put(compiler, "'sealed'");
    else
        parameter(compiler, term);
}

static void call_sql(Compiler *compiler, const Operand *call);

static void operand_sql(Compiler *compiler, const Operand *operand) {
    const ConditionSql *how = compiler->how;
    switch (operand->kind) {
    case OPERAND_LITERAL:
        parameter(compiler, operand->term);
        break;
    case OPERAND_NAME:
        put(compiler, how->column(how->data, operand->text));
        break;
    case OPERAND_RECORD:
        outer_sql(compiler, operand->term.kind, how->record(how->record_data, operand->text));
        break;
    case OPERAND_NOW:
        parameter(compiler, (Term){.kind = TERM_TIME, .time_ms = how->now_ms + operand->offset_ms});
        break;
    case OPERAND_TODAY:
        today_sql(compiler, operand);
        break;
    case OPERAND_ACTOR:
        outer_sql(compiler, TERM_TEXT,
                  (Term){.kind = how->actor ? TERM_TEXT : TERM_NONE, .text = how->actor});
        break;
    case OPERAND_CALL:
        call_sql(compiler, operand);
        break;
    case OPERAND_ROW_NAME:
        g_assert_not_reached(); /* condition_fits_sql */
    }
}

/* The first operand of what puts text in order, which PostgreSQL does by bytes only when told. */
static void ordered_sql(Compiler *compiler, const ConditionNode *node) {
    const Operand *first = operand_at(node->operands, 0);
    operand_sql(compiler, first);
    if (first->term.kind == TERM_TEXT)
        put(compiler, " COLLATE BINARY");
}

static void compare_sql(Compiler *compiler, const ConditionNode *node) {
    static const char *const signs[COMPARES] = {
        [COMPARE_EQUAL] = " = ",   [COMPARE_NOT_EQUAL] = " <> ",
        [COMPARE_LESS] = " < ",    [COMPARE_LESS_EQUAL] = " <= ",
        [COMPARE_GREATER] = " > ", [COMPARE_GREATER_EQUAL] = " >= "};
    if (node->op <= COMPARE_NOT_EQUAL)
        operand_sql(compiler, operand_at(node->operands, 0));
    else
        ordered_sql(compiler, node);
    g_string_append(compiler->sql, signs[node->op]);
    operand_sql(compiler, operand_at(node->operands, 1));
}

static void in_sql(Compiler *compiler, const ConditionNode *node) {
    operand_sql(compiler, operand_at(node->operands, 0));
    for (guint i = 1; i < node->operands->len; i++) {
        g_string_append(compiler->sql, i == 1 ? " IN (" : ", ");
        operand_sql(compiler, operand_at(node->operands, i));
    }
    g_string_append_c(compiler->sql, ')');
}

static void between_sql(Compiler *compiler, const ConditionNode *node) {
    ordered_sql(compiler, node);
    g_string_append(compiler->sql, " BETWEEN ");
    operand_sql(compiler, operand_at(node->operands, 1));
    g_string_append(compiler->sql, " AND ");
    operand_sql(compiler, operand_at(node->operands, 2));
}

static void like_sql(Compiler *compiler, const ConditionNode *node) {
    operand_sql(compiler, operand_at(node->operands, 0));
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
        put(compiler, node->truth ? "1 = 1" : "1 = 0");
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
        operand_sql(compiler, operand_at(node->operands, 0));
        g_string_append(compiler->sql, " IS NULL");
        break;
    }
}

/* ---- calls ---- */

/* A value inside a call: numbers as doubles of bounded size (EXPRESSION_LARGEST), so that nothing
 * overflows on PostgreSQL. */
static void argument_sql(Compiler *compiler, const Operand *argument) {
    if (argument->term.kind != TERM_NUMBER || argument->kind == OPERAND_CALL ||
        argument->kind == OPERAND_LITERAL) {
        operand_sql(compiler, argument);
        return;
    }
    put(compiler, "CASE WHEN abs(");
    operand_sql(compiler, argument);
    put(compiler, ") < 1e-15 THEN 0.0 WHEN abs(");
    operand_sql(compiler, argument);
    put(compiler, ") <= 1e15 THEN CAST(");
    operand_sql(compiler, argument);
    put(compiler, " AS DOUBLE PRECISION) END");
}

static void nth_sql(Compiler *compiler, const Operand *call, guint i) {
    argument_sql(compiler, operand_at(call->arguments, i));
}

/* A pattern where $1 to $9 stand for the arguments and $? for the condition. */
static void pattern_sql(Compiler *compiler, const Operand *call, const char *pattern) {
    for (const char *p = pattern; *p; p++) {
        if (*p != '$') {
            g_string_append_c(compiler->sql, *p);
        } else if (*++p == '?') {
            node_sql(compiler, call->condition);
        } else {
            nth_sql(compiler, call, (guint)(*p - '1'));
        }
    }
}

static void round_sql(Compiler *compiler, const Operand *call) {
    double places = call->arguments->len > 1 ? operand_at(call->arguments, 1)->term.number : 0;
    double scale = pow(10, places);
    g_autofree char *text =
        g_strdup_printf("CASE WHEN $1 < 0 THEN -(floor(-($1) * %.1f + 0.500000001) / %.1f) "
                        "ELSE floor(($1) * %.1f + 0.500000001) / %.1f END",
                        scale, scale, scale, scale);
    pattern_sql(compiler, call, text);
}

static void list_sql(Compiler *compiler, const Operand *call, const char *between) {
    for (guint i = 0; i < call->arguments->len; i++) {
        put(compiler, i ? between : "");
        nth_sql(compiler, call, i);
    }
}

/* With an empty value among them there is none: neither back end's own function says so. */
static void extreme_sql(Compiler *compiler, const Operand *call) {
    const char *sign = call->function == FUNCTION_LEAST ? " <= " : " >= ";
    guint n = call->arguments->len;
    put(compiler, "CASE WHEN ");
    list_sql(compiler, call, " IS NULL OR ");
    put(compiler, " IS NULL THEN NULL");
    for (guint i = 0; i + 1 < n; i++) {
        for (guint j = i + 1; j < n; j++) {
            put(compiler, j == i + 1 ? " WHEN " : " AND ");
            nth_sql(compiler, call, i);
            put(compiler, sign);
            nth_sql(compiler, call, j);
        }
        put(compiler, " THEN ");
        nth_sql(compiler, call, i);
    }
    put(compiler, " ELSE ");
    nth_sql(compiler, call, n - 1);
    put(compiler, " END");
}

static void coalesce_sql(Compiler *compiler, const Operand *call) {
    put(compiler, "coalesce(");
    list_sql(compiler, call, ", ");
    put(compiler, ")");
}

/* The number of a day: Gregorian, by whole divisions that both back ends cut towards zero. */
static void day_sql(Compiler *compiler, const Operand *argument) {
    static const char *const parts[] = {"(1461 * (",
                                        "Y",
                                        " + 4800 + (",
                                        "M",
                                        " - 14) / 12)) / 4 + (367 * (",
                                        "M",
                                        " - 2 - 12 * ((",
                                        "M",
                                        " - 14) / 12))) / 12 - (3 * ((",
                                        "Y",
                                        " + 4900 + (",
                                        "M",
                                        " - 14) / 12) / 100)) / 4 + ",
                                        "D"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        const char *place = *parts[i] == 'Y'   ? ", 1, 4) AS INTEGER)"
                            : *parts[i] == 'M' ? ", 6, 2) AS INTEGER)"
                            : *parts[i] == 'D' ? ", 9, 2) AS INTEGER)"
                                               : NULL;
        put(compiler, place ? "CAST(substr(" : parts[i]);
        if (place) {
            operand_sql(compiler, argument);
            put(compiler, place);
        }
    }
}

static void any_day_sql(Compiler *compiler, const Operand *argument) {
    put(compiler, "(");
    if (argument->term.kind == TERM_DATE) {
        day_sql(compiler, argument);
    } else {
        put(compiler, "2472663 + floor((");
        operand_sql(compiler, argument);
        put(compiler, " + 28800000) / 86400000.0)");
    }
    put(compiler, ")");
}

static void days_sql(Compiler *compiler, const Operand *call) {
    put(compiler, "CAST(");
    any_day_sql(compiler, operand_at(call->arguments, 1));
    put(compiler, " - ");
    any_day_sql(compiler, operand_at(call->arguments, 0));
    put(compiler, " AS DOUBLE PRECISION)");
}

/* Weight: how much longer the SQL is than its arguments together; 0: only in memory. */
static const struct {
    int weight;
    const char *pattern;
    void (*write)(Compiler *compiler, const Operand *call);
} calls[FUNCTIONS] = {
    [FUNCTION_PLUS] = {1, "$1 + $2", NULL},
    [FUNCTION_MINUS] = {1, "$1 - $2", NULL},
    [FUNCTION_TIMES] = {1, "$1 * $2", NULL},
    [FUNCTION_DIVIDE] = {1, "$1 / nullif($2, 0)", NULL},
    [FUNCTION_NEGATE] = {1, "-$1", NULL},
    [FUNCTION_ROUND] = {3, NULL, round_sql},
    [FUNCTION_LEAST] = {ARGUMENTS_MAX + 2, NULL, extreme_sql},
    [FUNCTION_GREATEST] = {ARGUMENTS_MAX + 2, NULL, extreme_sql},
    [FUNCTION_COALESCE] = {1, NULL, coalesce_sql},
    [FUNCTION_CHOOSE] = {2, "CASE WHEN $? THEN $1 WHEN NOT ($?) THEN $2 END", NULL},
    [FUNCTION_DAYS] = {8, NULL, days_sql},
    [FUNCTION_AGE] = {2,
                      "CAST(CAST(substr($2, 1, 4) AS INTEGER) - CAST(substr($1, 1, 4) AS INTEGER) "
                      "- CASE WHEN substr($2, 6, 5) < substr($1, 6, 5) THEN 1 ELSE 0 END AS "
                      "DOUBLE PRECISION)",
                      NULL},
    [FUNCTION_YEAR] = {1, "CAST(CAST(substr($1, 1, 4) AS INTEGER) AS DOUBLE PRECISION)", NULL},
};

static void call_sql(Compiler *compiler, const Operand *call) {
    put(compiler, "(");
    if (calls[call->function].write)
        calls[call->function].write(compiler, call);
    else
        pattern_sql(compiler, call, calls[call->function].pattern);
    put(compiler, ")");
}

/* ---- what fits ---- */

enum { SQL_WEIGHT = 2000, SQL_NESTING = 5, SQL_PRODUCTS = 8, SQL_LEVELS = 16 };

typedef struct {
    double weight; /* leaves of the SQL, about */
    int levels, products;
    const char *unfit;
} Fit;

static void node_fit(const ConditionNode *node, Fit *fit);

static void operand_fit(const Operand *operand, Fit *fit) {
    Fit inner = {0};
    gboolean time_year = operand->kind == OPERAND_CALL && operand->function == FUNCTION_YEAR &&
                         operand_at(operand->arguments, 0)->term.kind == TERM_TIME;
    if (operand->kind == OPERAND_NAME && strchr(operand->text, '.'))
        fit->unfit = operand->text;
    if (operand->kind == OPERAND_ROW_NAME ||
        (operand->kind == OPERAND_CALL && (calls[operand->function].weight == 0 || time_year)))
        fit->unfit =
            operand->kind == OPERAND_CALL ? function_name(operand->function) : operand->text;
    fit->weight += 1;
    if (operand->kind != OPERAND_CALL || fit->unfit)
        return;
    for (guint i = 0; i < operand->arguments->len; i++)
        operand_fit(operand_at(operand->arguments, i), &inner);
    if (operand->condition)
        node_fit(operand->condition, &inner);
    FunctionId id = operand->function;
    fit->weight += (inner.weight + 2) * calls[id].weight;
    fit->levels = MAX(fit->levels, inner.levels + 1);
    fit->products += inner.products + (id == FUNCTION_TIMES || id == FUNCTION_DIVIDE);
    fit->unfit = inner.unfit;
}

static void node_fit(const ConditionNode *node, Fit *fit) {
    for (guint i = 0; node->children && i < node->children->len && !fit->unfit; i++)
        node_fit(node->children->pdata[i], fit);
    Fit leaf = {0};
    for (guint i = 0; node->operands && i < node->operands->len && !fit->unfit; i++)
        operand_fit(operand_at(node->operands, i), &leaf);
    if (leaf.levels > 0 &&
        (leaf.weight > SQL_WEIGHT || leaf.levels > SQL_NESTING || leaf.products > SQL_PRODUCTS))
        leaf.unfit = "…";
    fit->weight += leaf.weight;
    fit->levels = MAX(fit->levels, leaf.levels);
    fit->products = MAX(fit->products, leaf.products);
    if (leaf.unfit)
        fit->unfit = leaf.unfit;
}

gboolean condition_fits_sql(const Condition *condition, const char **what) {
    Fit fit = {0};
    node_fit(condition->root, &fit);
    if (!fit.unfit && fit.levels > 0 && condition->root->depth > SQL_LEVELS)
        fit.unfit = "…";
    if (what)
        *what = fit.unfit;
    return fit.unfit == NULL;
}

void condition_sql_in(const Condition *condition, const ConditionSql *how, GString *sql,
                      GArray *parameters) {
    Compiler compiler = {how, sql, parameters};
    g_string_append_c(sql, '(');
    node_sql(&compiler, condition->root);
    g_string_append_c(sql, ')');
}

void condition_sql(const Condition *condition, ConditionColumn column, gpointer data, gint64 now_ms,
                   const char *actor, GString *sql, GArray *parameters) {
    ConditionSql how = {.column = column, .data = data, .now_ms = now_ms, .actor = actor};
    condition_sql_in(condition, &how, sql, parameters);
}
