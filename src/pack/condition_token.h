/* The words of a condition. Private to src/pack. */
#pragma once
#include "pack/condition_node.h"

typedef enum {
    TOKEN_END,
    TOKEN_WORD,     /* name, name.name or keyword */
    TOKEN_QUOTED,   /* "name" */
    TOKEN_TEXT,     /* 'text' */
    TOKEN_NUMBER,   /* without sign */
    TOKEN_VARIABLE, /* $now, $record.name */
    TOKEN_COMPARE,  /* op */
    TOKEN_SIGN,     /* + or - */
    TOKEN_FACTOR,   /* * or / */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA
} TokenKind;

typedef struct {
    TokenKind kind;
    const char *start; /* borrowed from the condition's text */
    gsize length;
    CompareOp op;
} Token;

/* Reads the token at `p` or behind the space there. False when there is none: token->start then
 * says where. */
gboolean token_read(const char *p, Token *token);
gboolean token_is_word(const Token *token, const char *word); /* in any case */
char *token_unquoted(
    const Token *token); /* TOKEN_TEXT, TOKEN_QUOTED: what the quotes hold; caller frees */
gsize token_digits(const char *p); /* how many decimal digits stand at p */
gboolean token_name_char(char c);
