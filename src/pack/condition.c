/* What is true or false: comparisons, AND, OR, NOT; and the doors of the parser. */
#include "base/error.h"
#include "pack/condition_parser.h"

#include <string.h>

/* ---- the parser and its next token ---- */

gboolean parser_fail(Parser *parser, const char *at, const char *what) {
    g_autofree char *place = g_strdup_printf("%ld", g_utf8_pointer_to_offset(parser->text, at) + 1);
    return error_set(parser->error, ERROR_CONDITION, NULL, what, place, NULL);
}

gboolean parser_fail_here(Parser *parser, const char *what) {
    return parser_fail(parser, parser->token.start, what);
}

gboolean parser_take(Parser *parser) {
    if (token_read(parser->next, &parser->token)) {
        parser->next = parser->token.start + parser->token.length;
        return TRUE;
    }
    char c = *parser->token.start;
    return parser_fail_here(parser, c == '\'' || c == '"'
                                        ? "引号没有结束 / a quote does not end"
                                        : "无法识别的字符 / this character has no meaning here");
}

gboolean parser_is_word(const Parser *parser, const char *word) {
    return token_is_word(&parser->token, word);
}

gboolean parser_enter(Parser *parser) {
    if (parser->depth == CONDITION_DEPTH)
        return parser_fail_here(parser,
                                "嵌套过深，最多 32 层 / nested too deep, 32 levels at most");
    parser->depth++;
    return TRUE;
}

void parser_leave(Parser *parser) { parser->depth--; }

/* Takes a keyword when it is there: 1 taken, 0 not there, -1 error. */
static int take_word(Parser *parser, const char *word) {
    if (!parser_is_word(parser, word))
        return 0;
    return parser_take(parser) ? 1 : -1;
}

static gboolean expect_word(Parser *parser, const char *word) {
    if (parser_is_word(parser, word))
        return parser_take(parser);
    g_autofree char *what = g_strdup_printf("此处应为 %s / %s is expected here", word, word);
    return parser_fail_here(parser, what);
}

gboolean parser_expect(Parser *parser, TokenKind kind, const char *sign) {
    if (parser->token.kind == kind)
        return parser_take(parser);
    g_autofree char *what = g_strdup_printf("此处应为 %s / %s is expected here", sign, sign);
    return parser_fail_here(parser, what);
}

/* ---- nodes ---- */

void operand_clear(gpointer data) {
    Operand *operand = data;
    g_free(operand->text);
    g_free(operand->rows);
    g_clear_pointer(&operand->arguments, g_array_unref);
    node_free(operand->condition);
}

void node_free(gpointer data) {
    ConditionNode *node = data;
    if (node == NULL)
        return;
    g_clear_pointer(&node->children, g_ptr_array_unref);
    g_clear_pointer(&node->operands, g_array_unref);
    g_free(node->like);
    g_free(node);
}

static ConditionNode *leaf_new(NodeKind kind) {
    ConditionNode *node = g_new0(ConditionNode, 1);
    node->kind = kind;
    node->operands = g_array_new(FALSE, TRUE, sizeof(Operand));
    g_array_set_clear_func(node->operands, operand_clear);
    return node;
}

static ConditionNode *branch_new(NodeKind kind) {
    ConditionNode *node = g_new0(ConditionNode, 1);
    node->kind = kind;
    node->children = g_ptr_array_new_with_free_func(node_free);
    return node;
}

static void branch_take(ConditionNode *node, ConditionNode *child) {
    g_ptr_array_add(node->children, child);
    node->depth = MAX(node->depth, child->depth + 1);
}

static ConditionNode *not_take(ConditionNode *child) {
    ConditionNode *node = branch_new(NODE_NOT);
    branch_take(node, child);
    return node;
}

static Operand *leaf_operand(ConditionNode *node, guint i) {
    return &g_array_index(node->operands, Operand, i);
}

/* Appends one operand to the leaf; NULL kind check for the first, else it must be of the kind of
 * the first. */
static gboolean read_operand(Parser *parser, ConditionNode *node) {
    static const char *const hints[] = {[TERM_NONE] = "",
                                        [TERM_TEXT] = "'...'",
                                        [TERM_NUMBER] = "123",
                                        [TERM_BOOL] = "TRUE",
                                        [TERM_DATE] = "DATE('2026-11-23')",
                                        [TERM_TIME] = "TIMESTAMP('2026-11-23T00:00:00Z')",
                                        [TERM_DURATION] = "DURATION('PT8H')",

                                        [TERM_SEALED] = "IS NULL"};
    const char *start = parser->token.start;
    g_array_set_size(node->operands, node->operands->len + 1);
    Operand *operand = leaf_operand(node, node->operands->len - 1);
    if (!parse_value(parser, operand))
        return FALSE;
    TermKind wanted = leaf_operand(node, 0)->term.kind;
    if (operand->term.kind == wanted)
        return TRUE;
    g_autofree char *what =
        g_strdup_printf("类型不一致，应像 %s / the kinds differ, expected something like %s",
                        hints[wanted], hints[wanted]);
    return parser_fail(parser, start, what);
}

/* ---- predicates: the first operand stands in node, and the parser behind it ---- */

static gboolean parse_compare(Parser *parser, ConditionNode *node) {
    node->kind = NODE_COMPARE;
    node->op = parser->token.op;
    if (leaf_operand(node, 0)->term.kind == TERM_BOOL && node->op > COMPARE_NOT_EQUAL)
        return parser_fail_here(parser, "布尔值只能用 = 或 <> / only = and <> compare booleans");
    return parser_take(parser) && read_operand(parser, node);
}

static gboolean parse_in(Parser *parser, ConditionNode *node) {
    node->kind = NODE_IN;
    if (!parser_expect(parser, TOKEN_OPEN, "(") || !read_operand(parser, node))
        return FALSE;
    while (parser->token.kind == TOKEN_COMMA)
        if (!parser_take(parser) || !read_operand(parser, node))
            return FALSE;
    return parser_expect(parser, TOKEN_CLOSE, ")");
}

static gboolean parse_between(Parser *parser, ConditionNode *node) {
    node->kind = NODE_BETWEEN;
    if (leaf_operand(node, 0)->term.kind == TERM_BOOL)
        return parser_fail_here(parser, "布尔值不能用 BETWEEN / BETWEEN does not take booleans");
    return read_operand(parser, node) && expect_word(parser, "AND") && read_operand(parser, node);
}

/* A sign of escape at the end stands for itself; PostgreSQL wants it doubled. */
static char *like_for_sql(const char *pattern) {
    gboolean open = FALSE;
    for (const char *p = pattern; *p; p++)
        open = *p == '\\' && !open;
    return g_strconcat(pattern, open ? "\\" : NULL, NULL);
}

static gboolean parse_like(Parser *parser, ConditionNode *node) {
    node->kind = NODE_LIKE;
    if (leaf_operand(node, 0)->term.kind != TERM_TEXT)
        return parser_fail_here(parser, "LIKE 只用于文字 / LIKE is for text only");
    if (parser->token.kind != TOKEN_TEXT)
        return parser_fail_here(parser, "LIKE 之后应为 '...' / text in '...' must follow LIKE");
    if (!read_operand(parser, node))
        return FALSE;
    node->like = like_for_sql(leaf_operand(node, 1)->text);
    return TRUE;
}

static gboolean is_under(const CodeItem *item, const CodeItem *top) {
    while (item && item != top)
        item = item->parent;
    return item != NULL;
}

static void add_code(ConditionNode *node, const char *code) {
    g_array_set_size(node->operands, node->operands->len + 1);
    Operand *operand = leaf_operand(node, node->operands->len - 1);
    operand->text = g_strdup(code);
    operand->term = (Term){.kind = TERM_TEXT, .text = operand->text};
}

/* code UNDER 'x': x or what stands below it, written out as a list. */
static gboolean parse_under(Parser *parser, ConditionNode *node) {
    node->kind = NODE_IN;
    const CodeList *codes = leaf_operand(node, 0)->codes;
    if (codes == NULL)
        return parser_fail_here(parser, "UNDER 只用于代码字段 / UNDER is for codes only");
    g_autofree char *code =
        parser->token.kind == TOKEN_TEXT ? token_unquoted(&parser->token) : g_strdup("");
    const CodeItem *top = g_hash_table_lookup(codes->by_code, code);
    if (top == NULL)
        return parser_fail_here(parser,
                                "UNDER 之后应为代码表中的代码 / a code of the list in '...' "
                                "must follow UNDER");
    for (guint i = 0; i < codes->items->len; i++)
        if (is_under(codes->items->pdata[i], top))
            add_code(node, ((const CodeItem *)codes->items->pdata[i])->code);
    return parser_take(parser);
}

/* IS NULL, IS NOT NULL; the IS was taken. */
static gboolean parse_is(Parser *parser, ConditionNode *node, gboolean *negated) {
    node->kind = NODE_IS_NULL;
    int negation = take_word(parser, "NOT");
    if (negation < 0)
        return FALSE;
    *negated = negation;
    OperandKind kind = leaf_operand(node, 0)->kind;
    if (kind == OPERAND_LITERAL || (kind >= OPERAND_RECORD && kind != OPERAND_CALL))
        return parser_fail_here(parser, "IS NULL 只用于字段 / IS NULL is for fields only");
    return expect_word(parser, "NULL");
}

/* A lone TRUE or FALSE. */
static gboolean parse_truth(Parser *parser, ConditionNode *node) {
    const Operand *operand = leaf_operand(node, 0);
    if (operand->kind != OPERAND_LITERAL || operand->term.kind != TERM_BOOL)
        return parser_fail_here(parser,
                                "此处应为比较 / a comparison is expected here: = <> < <= > >= IN "
                                "LIKE BETWEEN IS NULL");
    node->kind = NODE_TRUTH;
    node->truth = operand->term.truth;
    return TRUE;
}

static gboolean parse_tail(Parser *parser, ConditionNode *node, gboolean *negated) {
    static const struct {
        const char *word;
        gboolean (*parse)(Parser *, ConditionNode *);
    } tails[] = {
        {"IN", parse_in}, {"BETWEEN", parse_between}, {"LIKE", parse_like}, {"UNDER", parse_under}};
    if (parser->token.kind == TOKEN_COMPARE)
        return parse_compare(parser, node);
    int is = take_word(parser, "IS");
    if (is)
        return is > 0 && parse_is(parser, node, negated);
    int negation = take_word(parser, "NOT");
    if (negation < 0)
        return FALSE;
    *negated = negation;
    for (gsize i = 0; i < G_N_ELEMENTS(tails); i++) {
        int taken = take_word(parser, tails[i].word);
        if (taken)
            return taken > 0 && tails[i].parse(parser, node);
    }
    if (negation)
        return parser_fail_here(
            parser,
            "NOT 之后应为 IN、LIKE、BETWEEN 或 UNDER / IN, LIKE, BETWEEN or UNDER must follow NOT");
    return parse_truth(parser, node);
}

static ConditionNode *parse_predicate(Parser *parser) {
    g_autoptr(ConditionNode) node = leaf_new(NODE_TRUTH);
    gboolean negated = FALSE;
    if (!read_operand(parser, node) || !parse_tail(parser, node, &negated))
        return NULL;
    return negated ? not_take(g_steal_pointer(&node)) : g_steal_pointer(&node);
}

/* ---- AND, OR, NOT, parentheses ---- */

static ConditionNode *parse_nested(Parser *parser) {
    g_autoptr(ConditionNode) node = NULL;
    if (parser_take(parser))
        node = parse_or(parser);
    if (node == NULL || !parser_expect(parser, TOKEN_CLOSE, ")"))
        return NULL;
    return g_steal_pointer(&node);
}

static ConditionNode *parse_unary(Parser *parser);

static ConditionNode *parse_not(Parser *parser) {
    ConditionNode *node = parser_take(parser) ? parse_unary(parser) : NULL;
    return node ? not_take(node) : NULL;
}

static ConditionNode *parse_unary(Parser *parser) {
    gboolean not = parser_is_word(parser, "NOT");
    if (!not &&(parser->token.kind != TOKEN_OPEN || bracket_is_value(parser)))
        return parse_predicate(parser);
    if (!parser_enter(parser))
        return NULL;
    ConditionNode *node = not ? parse_not(parser) : parse_nested(parser);
    parser_leave(parser);
    return node;
}

/* item { word item } */
static ConditionNode *parse_chain(Parser *parser, NodeKind kind, const char *word,
                                  ConditionNode *(*item)(Parser *)) {
    ConditionNode *first = item(parser);
    if (first == NULL || !parser_is_word(parser, word))
        return first;
    g_autoptr(ConditionNode) node = branch_new(kind);
    branch_take(node, first);
    while (parser_is_word(parser, word)) {
        ConditionNode *next = parser_take(parser) ? item(parser) : NULL;
        if (next == NULL)
            return NULL;
        branch_take(node, next);
    }
    return g_steal_pointer(&node);
}

static ConditionNode *parse_and(Parser *parser) {
    return parse_chain(parser, NODE_AND, "AND", parse_unary);
}

ConditionNode *parse_or(Parser *parser) { return parse_chain(parser, NODE_OR, "OR", parse_and); }

static gboolean text_checked(Parser *parser) {
    const char *end;
    if (!g_utf8_validate(parser->text, -1, &end))
        return parser_fail(parser, parser->text, "不是 UTF-8 文字 / not UTF-8 text");
    if (strlen(parser->text) > CONDITION_BYTES)
        return parser_fail(parser, parser->text, "超过 4000 字节 / longer than 4000 bytes");
    return TRUE;
}

static gboolean parser_begin(Parser *parser) { return text_checked(parser) && parser_take(parser); }

static gboolean parser_end(Parser *parser) {
    return parser->token.kind == TOKEN_END ||
           parser_fail_here(parser, "多余的内容 / the text should end here");
}

Condition *condition_parse_in(const char *text, const ConditionScope *scope, GError **error) {
    Parser parser = {.text = text, .next = text, .scope = scope, .error = error};
    g_autoptr(ConditionNode) root = parser_begin(&parser) ? parse_or(&parser) : NULL;
    if (root == NULL || !parser_end(&parser))
        return NULL;
    Condition *condition = g_new0(Condition, 1);
    condition->text = g_strdup(text);
    condition->root = g_steal_pointer(&root);
    return condition;
}

Condition *condition_parse(const char *text, ConditionKind kind, gpointer data, GError **error) {
    ConditionScope scope = {.kind = kind, .data = data};
    return condition_parse_in(text, &scope, error);
}

Expression *expression_parse(const char *text, const ConditionScope *scope, GError **error) {
    Parser parser = {.text = text, .next = text, .scope = scope, .error = error};
    Expression *expression = g_new0(Expression, 1);
    expression->text = g_strdup(text);
    if (parser_begin(&parser) && parse_value(&parser, &expression->root) && parser_end(&parser))
        return expression;
    expression_free(expression);
    return NULL;
}

void expression_free(Expression *expression) {
    if (expression == NULL)
        return;
    operand_clear(&expression->root);
    g_free(expression->text);
    g_free(expression);
}

const char *expression_text(const Expression *expression) { return expression->text; }
TermKind expression_kind(const Expression *expression) { return expression->root.term.kind; }
const CodeList *expression_codes(const Expression *expression) { return expression->root.codes; }

void condition_free(Condition *condition) {
    if (condition == NULL)
        return;
    node_free(condition->root);
    g_free(condition->text);
    g_free(condition);
}

const char *condition_text(const Condition *condition) { return condition->text; }

/* ---- literals ---- */

static gboolean leaf_each_literal(ConditionNode *node, ConditionVisit visit, gpointer data) {
    const Operand *name = leaf_operand(node, 0);
    gboolean equality = node->kind == NODE_IN || node->kind == NODE_COMPARE;
    if (!equality)
        return TRUE;
    for (guint i = 1; i < node->operands->len; i++) {
        const Operand *left = name, *right = leaf_operand(node, i);
        if (left->kind == OPERAND_LITERAL && node->kind == NODE_COMPARE) {
            left = right;
            right = name;
        }
        if (left->kind == OPERAND_NAME && right->kind == OPERAND_LITERAL &&
            !visit(data, left->text, &right->term))
            return FALSE;
    }
    return TRUE;
}

static gboolean node_each_literal(ConditionNode *node, ConditionVisit visit, gpointer data);

/* The conditions inside a value. */
static gboolean operand_each_literal(const Operand *operand, ConditionVisit visit, gpointer data) {
    if (operand->condition && !operand->rows && !node_each_literal(operand->condition, visit, data))
        return FALSE;
    for (guint i = 0; operand->arguments && !operand->rows && i < operand->arguments->len; i++)
        if (!operand_each_literal(operand_at(operand->arguments, i), visit, data))
            return FALSE;
    return TRUE;
}

static gboolean node_each_literal(ConditionNode *node, ConditionVisit visit, gpointer data) {
    for (guint i = 0; node->operands && i < node->operands->len; i++)
        if (!operand_each_literal(leaf_operand(node, i), visit, data))
            return FALSE;
    if (node->children == NULL)
        return leaf_each_literal(node, visit, data);
    for (guint i = 0; i < node->children->len; i++)
        if (!node_each_literal(node->children->pdata[i], visit, data))
            return FALSE;
    return TRUE;
}

gboolean condition_each_literal(const Condition *condition, ConditionVisit visit, gpointer data) {
    return node_each_literal(condition->root, visit, data);
}

gboolean expression_each_literal(const Expression *expression, ConditionVisit visit,
                                 gpointer data) {
    return operand_each_literal(&expression->root, visit, data);
}

/* ---- walking ---- */

gboolean node_any(const ConditionNode *node, OperandVisit visit, gpointer data) {
    for (guint i = 0; node && node->children && i < node->children->len; i++)
        if (node_any(node->children->pdata[i], visit, data))
            return TRUE;
    for (guint i = 0; node && node->operands && i < node->operands->len; i++)
        if (operand_any(operand_at(node->operands, i), visit, data))
            return TRUE;
    return FALSE;
}

gboolean operand_any(const Operand *operand, OperandVisit visit, gpointer data) {
    if (visit(data, operand) || node_any(operand->condition, visit, data))
        return TRUE;
    for (guint i = 0; operand->arguments && i < operand->arguments->len; i++)
        if (operand_any(operand_at(operand->arguments, i), visit, data))
            return TRUE;
    return FALSE;
}

typedef struct {
    NameVisit visit;
    gpointer data;
} NameWalk;

static gboolean tell_name(gpointer data, const Operand *operand) {
    const NameWalk *walk = data;
    if (operand->kind == OPERAND_NAME)
        walk->visit(walk->data, operand->text);
    else if (operand->rows)
        walk->visit(walk->data, operand->rows);
    return FALSE;
}

void expression_each_name(const Expression *expression, NameVisit visit, gpointer data) {
    NameWalk walk = {visit, data};
    operand_any(&expression->root, tell_name, &walk);
}
