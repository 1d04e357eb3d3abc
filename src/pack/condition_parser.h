/* The parser of conditions and expressions: where it stands, and its tools. condition.c reads what
 * is true or false, expression.c what has a value; each calls the other. Private to src/pack. */
#pragma once
#include "pack/condition_node.h"
#include "pack/condition_token.h"

typedef struct {
    const char *text;
    const char *next; /* what follows `token` */
    Token token;      /* looked at, not yet taken */
    const ConditionScope *scope;
    const char *rows; /* inside an aggregate: the name of its rows; else NULL */
    int depth;
    int calls; /* functions and signs of arithmetic so far */
    GError **error;
} Parser;

/* Both always false. `at` points into the text. */
gboolean parser_fail(Parser *parser, const char *at, const char *what);
gboolean parser_fail_here(Parser *parser, const char *what);
gboolean parser_take(Parser *parser); /* moves to the next token */
gboolean parser_is_word(const Parser *parser, const char *word);
gboolean parser_expect(Parser *parser, TokenKind kind, const char *sign);
/* One level deeper; refused beyond CONDITION_DEPTH. */
gboolean parser_enter(Parser *parser);
void parser_leave(Parser *parser);

ConditionNode *parse_or(Parser *parser);
/* Reads a value with + - * / into an empty operand. */
gboolean parse_value(Parser *parser, Operand *out);
/* Whether the bracket that is looked at holds a value, not a condition. */
gboolean bracket_is_value(const Parser *parser);
