#include "record/search_words.h"

#include <string.h>

enum { PARTS_MAX = 16, WORDS_MAX = 64, TOKENIZER_KNOWS = 0x2B81D };

static gboolean stands_alone(gunichar c) {
    switch (g_unichar_get_script(c)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_HANGUL:
    case G_UNICODE_SCRIPT_BOPOMOFO:
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean search_sign(const char *word) {
    return word && *word && stands_alone(g_utf8_get_char(word));
}

static void add_character(GString *out, gunichar c) {
    if (c > TOKENIZER_KNOWS) /* rare characters that SQLite's Unicode 6.1 takes for separators */
        g_string_append_printf(out, "u%x", c);
    else
        g_string_append_unichar(out, c);
}

void search_words(const char *text, GString *out) {
    g_autofree char *plain = g_utf8_normalize(text, -1, G_NORMALIZE_ALL_COMPOSE);
    gboolean inside = FALSE; /* a word of letters and digits */
    for (const char *p = plain; p && *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gboolean letter = g_unichar_isalnum(c) || (inside && g_unichar_ismark(c));
        gboolean alone = letter && stands_alone(c);
        if (letter && (alone || !inside))
            g_string_append_c(out, ' ');
        if (letter)
            add_character(out, c);
        inside = letter && !alone;
    }
}

/* The words of one part, at most WORDS_MAX. */
static void bound_words(GString *words) {
    guint n = 0;
    for (gsize i = 0; i < words->len; i++)
        if (words->str[i] == ' ' && n++ == WORDS_MAX) {
            g_string_truncate(words, i);
            return;
        }
}

static gboolean ends_in_word(const GString *words) {
    const char *last = g_utf8_find_prev_char(words->str, words->str + words->len);
    return last && !stands_alone(g_utf8_get_char(last));
}

static gboolean add_phrase(GString *query, const char *part) {
    GString *words = g_string_new(NULL);
    search_words(part, words);
    bound_words(words);
    gboolean any = words->len > 0;
    if (any)
        g_string_append_printf(query, "%s\"%s\"%s", query->len ? " AND " : "", words->str + 1,
                               ends_in_word(words) ? " *" : "");
    g_string_free(words, TRUE);
    return any;
}

char *search_phrases(const char *text) {
    GString *query = g_string_new(NULL);
    g_autofree char *plain = g_utf8_normalize(text, -1, G_NORMALIZE_ALL_COMPOSE);
    g_auto(GStrv) parts = g_strsplit_set(plain ? plain : "", " \t\r\n", -1);
    guint n = 0;
    for (guint i = 0; parts[i] && n < PARTS_MAX; i++)
        n += add_phrase(query, parts[i]);
    return g_string_free(query, n == 0);
}
