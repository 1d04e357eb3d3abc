#include "pack/condition.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/error.h"
#include "pack/condition_token.h"

#include <math.h>
#include <string.h>

/* ---- the parser and its next token ---- */

typedef struct {
    const char *text;
    const char *next; /* what follows `token` */
    Token token;      /* looked at, not yet taken */
    ConditionKind kind;
    gpointer data;
    int depth;
    GError **error;
} Parser;

/* Always false. `at` points into the text. */
static gboolean fail(Parser *parser, const char *at, const char *what) {
    g_autofree char *place = g_strdup_printf("%ld", g_utf8_pointer_to_offset(parser->text, at) + 1);
    return error_set(parser->error, ERROR_CONDITION, NULL, what, place, NULL);
}

static gboolean fail_here(Parser *parser, const char *what) {
    return fail(parser, parser->token.start, what);
}

/* Moves to the next token. */
static gboolean take(Parser *parser) {
    if (token_read(parser->next, &parser->token)) {
        parser->next = parser->token.start + parser->token.length;
        return TRUE;
    }
    char c = *parser->token.start;
    return fail_here(parser, c == '\'' || c == '"'
                                 ? "引号没有结束 / a quote does not end"
                                 : "无法识别的字符 / this character has no meaning here");
}

static gboolean is_word(const Parser *parser, const char *word) {
    return token_is_word(&parser->token, word);
}

/* Takes a keyword when it is there: 1 taken, 0 not there, -1 error. */
static int take_word(Parser *parser, const char *word) {
    if (!is_word(parser, word))
        return 0;
    return take(parser) ? 1 : -1;
}

static gboolean expect_word(Parser *parser, const char *word) {
    if (is_word(parser, word))
        return take(parser);
    g_autofree char *what = g_strdup_printf("此处应为 %s / %s is expected here", word, word);
    return fail_here(parser, what);
}

static gboolean expect(Parser *parser, TokenKind kind, const char *sign) {
    if (parser->token.kind == kind)
        return take(parser);
    g_autofree char *what = g_strdup_printf("此处应为 %s / %s is expected here", sign, sign);
    return fail_here(parser, what);
}

/* ---- nodes ---- */

static void operand_clear(gpointer operand) { g_free(((Operand *)operand)->text); }

static void node_free(gpointer data) {
    ConditionNode *node = data;
    if (node == NULL)
        return;
    g_clear_pointer(&node->children, g_ptr_array_unref);
    g_clear_pointer(&node->operands, g_array_unref);
    g_free(node->like);
    g_free(node);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConditionNode, node_free)

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

/* ---- operands ---- */

static gboolean read_number(Parser *parser, gboolean negative, Operand *out) {
    g_autofree char *text = g_strndup(parser->token.start, parser->token.length);
    double value = g_ascii_strtod(text, NULL);
    if (!isfinite(value))
        return fail_here(parser, "数值过大 / the number is too large");
    out->term = (Term){.kind = TERM_NUMBER, .number = negative ? -value : value};
    return take(parser);
}

static gboolean read_negative(Parser *parser, Operand *out) {
    if (*parser->token.start != '-')
        return fail_here(parser, "此处应为值 / a value is expected here");
    if (!take(parser))
        return FALSE;
    if (parser->token.kind != TOKEN_NUMBER)
        return fail_here(parser, "负号后应为数字 / a number must follow the minus sign");
    return read_number(parser, TRUE, out);
}

static gboolean read_text(Parser *parser, Operand *out) {
    out->text = token_unquoted(&parser->token);
    out->term = (Term){.kind = TERM_TEXT, .text = out->text};
    return take(parser);
}

static gboolean date_parse(const char *text, Operand *out) {
    gint64 day;
    out->term = (Term){.kind = TERM_DATE, .text = text};
    return day_parse(text, &day);
}

static gboolean timestamp_parse(const char *text, Operand *out) {
    out->term.kind = TERM_TIME;
    return time_parse(text, &out->term.time_ms);
}

static gboolean span_parse(const char *text, Operand *out) {
    out->term.kind = TERM_DURATION;
    return duration_parse(text, &out->term.time_ms);
}

/* DATE('...'), TIMESTAMP('...') and DURATION('...'); the word was looked at. */
static gboolean read_instant(Parser *parser, gboolean (*parse)(const char *, Operand *),
                             Operand *out) {
    if (!take(parser) || !expect(parser, TOKEN_OPEN, "("))
        return FALSE;
    if (parser->token.kind != TOKEN_TEXT)
        return fail_here(parser, "此处应为 '...' / text in '...' is expected here");
    out->text = token_unquoted(&parser->token);
    if (!parse(out->text, out))
        return fail_here(parser, "日期、时间或时长格式不对，应为 DATE('2026-11-23')、"
                                 "TIMESTAMP('2026-11-23T00:00:00Z') 或 DURATION('PT8H') / not a "
                                 "date, time or duration");
    return take(parser) && expect(parser, TOKEN_CLOSE, ")");
}

static gboolean read_name_term(Parser *parser, char *name, Operand *out) {
    out->kind = OPERAND_NAME;
    out->text = name;
    out->term.kind = parser->kind ? parser->kind(parser->data, name) : TERM_NONE;
    if (out->term.kind == TERM_NONE) {
        g_autofree char *what =
            g_strdup_printf("没有字段 %.64s / there is no field %.64s", name, name);
        return fail_here(parser, what);
    }
    return take(parser);
}

static gboolean followed_by_open(const Parser *parser) {
    const char *p = parser->next;
    while (g_ascii_isspace(*p))
        p++;
    return *p == '(';
}

static gboolean is_keyword(const Parser *parser) {
    static const char *const keywords[] = {"and",  "or",      "not", "in",
                                           "like", "between", "is",  "null"};
    for (gsize i = 0; i < G_N_ELEMENTS(keywords); i++)
        if (is_word(parser, keywords[i]))
            return TRUE;
    return FALSE;
}

static gboolean read_word(Parser *parser, Operand *out) {
    if (is_word(parser, "true") || is_word(parser, "false")) {
        out->term = (Term){.kind = TERM_BOOL, .truth = is_word(parser, "true")};
        return take(parser);
    }
    if (is_word(parser, "date") && followed_by_open(parser))
        return read_instant(parser, date_parse, out);
    if (is_word(parser, "timestamp") && followed_by_open(parser))
        return read_instant(parser, timestamp_parse, out);
    if (is_word(parser, "duration") && followed_by_open(parser))
        return read_instant(parser, span_parse, out);
    if (is_keyword(parser))
        return fail_here(parser,
                         "此处应为值或字段，不是关键字 / a value or field is expected here, "
                         "not a keyword");
    return read_name_term(parser, g_strndup(parser->token.start, parser->token.length), out);
}

static gboolean read_quoted_name(Parser *parser, Operand *out) {
    return read_name_term(parser, token_unquoted(&parser->token), out);
}

/* The `1d` or `3h` after $now or $today. */
static gboolean read_offset(Parser *parser, Operand *out) {
    enum { OFFSET_DIGITS = 6 };
    gboolean negative = *parser->token.start == '-';
    if (!take(parser))
        return FALSE;
    const char *start = parser->token.start;
    gsize n = token_digits(start);
    gboolean days = start[n] == 'd' || start[n] == 'D', hours = start[n] == 'h' || start[n] == 'H';
    if (n == 0 || n > OFFSET_DIGITS || !(days || hours) || token_name_char(start[n + 1]))
        return fail_here(parser,
                         "此处应为 3h 或 1d 这样的时长 / a span like 3h or 1d is expected here");
    if (hours && out->kind == OPERAND_TODAY)
        return fail_here(parser, "$today 只能加减天数 / only days can be added to $today");
    gint64 amount = g_ascii_strtoll(start, NULL, 10) * (days ? DAY_MS : DAY_MS / 24);
    out->offset_ms = negative ? -amount : amount;
    parser->next = start + n + 1;
    return take(parser);
}

static gboolean read_variable(Parser *parser, Operand *out) {
    static const struct {
        const char *name;
        OperandKind kind;
        TermKind term;
    } variables[] = {{"$now", OPERAND_NOW, TERM_TIME},
                     {"$today", OPERAND_TODAY, TERM_DATE},
                     {"$actor", OPERAND_ACTOR, TERM_TEXT}};
    const Token *token = &parser->token;
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        if (strlen(variables[i].name) != token->length ||
            strncmp(token->start, variables[i].name, token->length) != 0)
            continue;
        out->kind = variables[i].kind;
        out->term.kind = variables[i].term;
        if (!take(parser))
            return FALSE;
        gboolean offset = parser->token.kind == TOKEN_SIGN && out->kind != OPERAND_ACTOR;
        return offset ? read_offset(parser, out) : TRUE;
    }
    return fail_here(parser, "只有 $now、$today、$actor / only $now, $today and $actor exist");
}

static gboolean read_operand_at(Parser *parser, Operand *out) {
    switch (parser->token.kind) {
    case TOKEN_WORD:
        return read_word(parser, out);
    case TOKEN_QUOTED:
        return read_quoted_name(parser, out);
    case TOKEN_TEXT:
        return read_text(parser, out);
    case TOKEN_NUMBER:
        return read_number(parser, FALSE, out);
    case TOKEN_SIGN:
        return read_negative(parser, out);
    case TOKEN_VARIABLE:
        return read_variable(parser, out);
    default:
        return fail_here(parser, "此处应为值或字段 / a value or field is expected here");
    }
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
                                        [TERM_DURATION] = "DURATION('PT8H')"};
    const char *start = parser->token.start;
    g_array_set_size(node->operands, node->operands->len + 1);
    Operand *operand = leaf_operand(node, node->operands->len - 1);
    if (!read_operand_at(parser, operand))
        return FALSE;
    TermKind wanted = leaf_operand(node, 0)->term.kind;
    if (operand->term.kind == wanted)
        return TRUE;
    g_autofree char *what =
        g_strdup_printf("类型不一致，应像 %s / the kinds differ, expected something like %s",
                        hints[wanted], hints[wanted]);
    return fail(parser, start, what);
}

/* ---- predicates: the first operand stands in node, and the parser behind it ---- */

static gboolean parse_compare(Parser *parser, ConditionNode *node) {
    node->kind = NODE_COMPARE;
    node->op = parser->token.op;
    if (leaf_operand(node, 0)->term.kind == TERM_BOOL && node->op > COMPARE_NOT_EQUAL)
        return fail_here(parser, "布尔值只能用 = 或 <> / only = and <> compare booleans");
    return take(parser) && read_operand(parser, node);
}

static gboolean parse_in(Parser *parser, ConditionNode *node) {
    node->kind = NODE_IN;
    if (!expect(parser, TOKEN_OPEN, "(") || !read_operand(parser, node))
        return FALSE;
    while (parser->token.kind == TOKEN_COMMA)
        if (!take(parser) || !read_operand(parser, node))
            return FALSE;
    return expect(parser, TOKEN_CLOSE, ")");
}

static gboolean parse_between(Parser *parser, ConditionNode *node) {
    node->kind = NODE_BETWEEN;
    if (leaf_operand(node, 0)->term.kind == TERM_BOOL)
        return fail_here(parser, "布尔值不能用 BETWEEN / BETWEEN does not take booleans");
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
        return fail_here(parser, "LIKE 只用于文字 / LIKE is for text only");
    if (parser->token.kind != TOKEN_TEXT)
        return fail_here(parser, "LIKE 之后应为 '...' / text in '...' must follow LIKE");
    if (!read_operand(parser, node))
        return FALSE;
    node->like = like_for_sql(leaf_operand(node, 1)->text);
    return TRUE;
}

/* IS NULL, IS NOT NULL; the IS was taken. */
static gboolean parse_is(Parser *parser, ConditionNode *node, gboolean *negated) {
    node->kind = NODE_IS_NULL;
    int negation = take_word(parser, "NOT");
    if (negation < 0)
        return FALSE;
    *negated = negation;
    if (leaf_operand(node, 0)->kind != OPERAND_NAME)
        return fail_here(parser, "IS NULL 只用于字段 / IS NULL is for fields only");
    return expect_word(parser, "NULL");
}

/* A lone TRUE or FALSE. */
static gboolean parse_truth(Parser *parser, ConditionNode *node) {
    const Operand *operand = leaf_operand(node, 0);
    if (operand->kind != OPERAND_LITERAL || operand->term.kind != TERM_BOOL)
        return fail_here(parser, "此处应为比较 / a comparison is expected here: = <> < <= > >= IN "
                                 "LIKE BETWEEN IS NULL");
    node->kind = NODE_TRUTH;
    node->truth = operand->term.truth;
    return TRUE;
}

static gboolean parse_tail(Parser *parser, ConditionNode *node, gboolean *negated) {
    static const struct {
        const char *word;
        gboolean (*parse)(Parser *, ConditionNode *);
    } tails[] = {{"IN", parse_in}, {"BETWEEN", parse_between}, {"LIKE", parse_like}};
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
        return fail_here(parser,
                         "NOT 之后应为 IN、LIKE 或 BETWEEN / IN, LIKE or BETWEEN must follow NOT");
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

static ConditionNode *parse_or(Parser *parser);

static ConditionNode *parse_nested(Parser *parser) {
    g_autoptr(ConditionNode) node = NULL;
    if (take(parser))
        node = parse_or(parser);
    if (node == NULL || !expect(parser, TOKEN_CLOSE, ")"))
        return NULL;
    return g_steal_pointer(&node);
}

static ConditionNode *parse_unary(Parser *parser);

static ConditionNode *parse_not(Parser *parser) {
    ConditionNode *node = take(parser) ? parse_unary(parser) : NULL;
    return node ? not_take(node) : NULL;
}

static ConditionNode *parse_unary(Parser *parser) {
    gboolean not = is_word(parser, "NOT");
    if (!not &&parser->token.kind != TOKEN_OPEN)
        return parse_predicate(parser);
    if (parser->depth == CONDITION_DEPTH) {
        fail_here(parser, "嵌套过深，最多 32 层 / nested too deep, 32 levels at most");
        return NULL;
    }
    parser->depth++;
    ConditionNode *node = not ? parse_not(parser) : parse_nested(parser);
    parser->depth--;
    return node;
}

/* item { word item } */
static ConditionNode *parse_chain(Parser *parser, NodeKind kind, const char *word,
                                  ConditionNode *(*item)(Parser *)) {
    ConditionNode *first = item(parser);
    if (first == NULL || !is_word(parser, word))
        return first;
    g_autoptr(ConditionNode) node = branch_new(kind);
    branch_take(node, first);
    while (is_word(parser, word)) {
        ConditionNode *next = take(parser) ? item(parser) : NULL;
        if (next == NULL)
            return NULL;
        branch_take(node, next);
    }
    return g_steal_pointer(&node);
}

static ConditionNode *parse_and(Parser *parser) {
    return parse_chain(parser, NODE_AND, "AND", parse_unary);
}

static ConditionNode *parse_or(Parser *parser) {
    return parse_chain(parser, NODE_OR, "OR", parse_and);
}

static gboolean text_checked(Parser *parser) {
    const char *end;
    if (!g_utf8_validate(parser->text, -1, &end))
        return fail(parser, parser->text, "不是 UTF-8 文字 / not UTF-8 text");
    if (strlen(parser->text) > CONDITION_BYTES)
        return fail(parser, parser->text, "超过 4000 字节 / longer than 4000 bytes");
    return TRUE;
}

Condition *condition_parse(const char *text, ConditionKind kind, gpointer data, GError **error) {
    Parser parser = {.text = text, .next = text, .kind = kind, .data = data, .error = error};
    if (!text_checked(&parser) || !take(&parser))
        return NULL;
    g_autoptr(ConditionNode) root = parse_or(&parser);
    if (root == NULL)
        return NULL;
    if (parser.token.kind != TOKEN_END) {
        fail_here(&parser, "多余的内容 / the condition should end here");
        return NULL;
    }
    Condition *condition = g_new0(Condition, 1);
    condition->text = g_strdup(text);
    condition->root = g_steal_pointer(&root);
    return condition;
}

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

static gboolean node_each_literal(ConditionNode *node, ConditionVisit visit, gpointer data) {
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
