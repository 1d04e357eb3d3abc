#include "base/json_text.h"

#include <string.h>

/* Up to 15 digits every decimal survives; beyond 17 none is needed. */
enum { DIGITS_SAFE = 15, DIGITS_FULL = 17 };

char *number_text(double number, char buffer[static NUMBER_TEXT]) {
    static const char *const forms[] = {"%.15g", "%.16g", "%.17g"};
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_ascii_formatd(buffer, NUMBER_TEXT, forms[i], number);
        if (g_ascii_strtod(buffer, NULL) == number)
            break;
    }
    return buffer;
}

/* The end of the string that begins at `at`. */
static char *string_end(char *at) {
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

static gboolean in_number(char c) {
    return g_ascii_isdigit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Writes the number at `from`, of `n` bytes, to `to`; as it is unless it is a real that has more
 * digits than it may need. */
static char *copy_number(char *to, const char *from, gsize n) {
    char whole[NUMBER_TEXT], shorter[NUMBER_TEXT];
    gboolean real = memchr(from, '.', n) || memchr(from, 'e', n);
    if (real && n > DIGITS_SAFE && n < sizeof whole) {
        memcpy(whole, from, n);
        whole[n] = 0;
        number_text(g_ascii_strtod(whole, NULL), shorter);
        gsize m = strlen(shorter);
        if (m < n && strpbrk(shorter, ".e")) {
            memcpy(to, shorter, m);
            return to + m;
        }
    }
    memmove(to, from, n);
    return to + n;
}

char *json_text(const json_t *json, size_t flags) {
    char *text = json_dumps(json, flags), *to = text;
    for (char *from = text; from && *from;) {
        char *end = from + 1;
        if (*from == '"') {
            end = string_end(from);
        } else if (g_ascii_isdigit(*from) || *from == '-') {
            while (in_number(*end))
                end++;
            to = copy_number(to, from, (gsize)(end - from));
            from = end;
            continue;
        }
        if (to != from)
            memmove(to, from, (gsize)(end - from));
        to += end - from;
        from = end;
    }
    if (text)
        *to = 0;
    return text;
}
