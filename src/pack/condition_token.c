#include "pack/condition_token.h"

#include <string.h>

static const struct {
    const char *text;
    CompareOp op;
} compare_signs[] = {{"<=", COMPARE_LESS_EQUAL},    {"<>", COMPARE_NOT_EQUAL},
                     {">=", COMPARE_GREATER_EQUAL}, {"<", COMPARE_LESS},
                     {">", COMPARE_GREATER},        {"=", COMPARE_EQUAL}};

gboolean token_name_char(char c) { return g_ascii_isalnum(c) || c == '_'; }

/* A dot inside a name is followed by a letter. */
static gsize name_length(const char *p) {
    gsize n = 0;
    while (token_name_char(p[n]) || (n > 0 && p[n] == '.' && g_ascii_isalpha(p[n + 1])))
        n++;
    return n;
}

gsize token_digits(const char *p) {
    gsize n = 0;
    while (g_ascii_isdigit(p[n]))
        n++;
    return n;
}

/* Length of an unsigned number, 0 when there is none: digits [. digits] [e [sign] digits]. */
static gsize number_length(const char *p) {
    gsize n = token_digits(p);
    if (n == 0)
        return 0;
    if (p[n] == '.' && g_ascii_isdigit(p[n + 1]))
        n += 1 + token_digits(p + n + 1);
    if (p[n] == 'e' || p[n] == 'E') {
        gsize sign = p[n + 1] == '+' || p[n + 1] == '-';
        gsize exponent = token_digits(p + n + 1 + sign);
        n += exponent ? 1 + sign + exponent : 0;
    }
    return n;
}

/* Length of text between quotes, both included; a doubled quote stands for one. 0 when it does not
 * end. */
static gsize quoted_length(const char *p) {
    char quote = p[0];
    for (gsize n = 1; p[n]; n++) {
        if (p[n] != quote)
            continue;
        if (p[n + 1] != quote)
            return n + 1;
        n++;
    }
    return 0;
}

static gboolean compare_token(const char *p, Token *token) {
    for (gsize i = 0; i < G_N_ELEMENTS(compare_signs); i++) {
        if (!g_str_has_prefix(p, compare_signs[i].text))
            continue;
        token->kind = TOKEN_COMPARE;
        token->op = compare_signs[i].op;
        token->length = strlen(compare_signs[i].text);
        return TRUE;
    }
    return FALSE;
}

static gboolean single_token(char c, Token *token) {
    static const struct {
        char c;
        TokenKind kind;
    } singles[] = {{'(', TOKEN_OPEN}, {')', TOKEN_CLOSE},  {',', TOKEN_COMMA}, {'+', TOKEN_SIGN},
                   {'-', TOKEN_SIGN}, {'*', TOKEN_FACTOR}, {'/', TOKEN_FACTOR}};
    for (gsize i = 0; i < G_N_ELEMENTS(singles); i++) {
        if (singles[i].c != c)
            continue;
        token->kind = singles[i].kind;
        token->length = 1;
        return TRUE;
    }
    return FALSE;
}

gboolean token_read(const char *p, Token *token) {
    while (g_ascii_isspace(*p))
        p++;
    *token = (Token){.start = p};
    if (g_ascii_isalpha(*p) || *p == '_') {
        token->kind = TOKEN_WORD;
        token->length = name_length(p);
    } else if (*p == '\'' || *p == '"') {
        token->kind = *p == '"' ? TOKEN_QUOTED : TOKEN_TEXT;
        token->length = quoted_length(p);
    } else if (*p == '$') {
        token->kind = TOKEN_VARIABLE;
        token->length = 1 + name_length(p + 1);
    } else if (g_ascii_isdigit(*p)) {
        token->kind = TOKEN_NUMBER;
        token->length = number_length(p);
    } else if (*p == 0) {
        token->kind = TOKEN_END;
        return TRUE;
    } else if (!compare_token(p, token) && !single_token(*p, token)) {
        return FALSE;
    }
    return token->length > 0;
}

gboolean token_is_word(const Token *token, const char *word) {
    return token->kind == TOKEN_WORD && token->length == strlen(word) &&
           g_ascii_strncasecmp(token->start, word, token->length) == 0;
}

char *token_unquoted(const Token *token) {
    GString *out = g_string_new(NULL);
    for (gsize i = 1; i + 1 < token->length; i++) {
        g_string_append_c(out, token->start[i]);
        i += token->start[i] == token->start[0];
    }
    return g_string_free(out, FALSE);
}
