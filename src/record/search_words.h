/* Text as words for the index of texts: Chinese is written without spaces, so every Han, kana and
 * hangul character becomes a word of its own and a query for two of them a phrase; letters and
 * digits of other scripts stay words. Full-width and compatibility forms are made plain (NFKC); all
 * else separates. The same for what is stored and what is asked. Pure. */
#pragma once
#include <glib.h>

/* Appends the words of `text` (UTF-8), each with a space in front. */
void search_words(const char *text, GString *out);
/* Whether a word is one of the characters that stand alone. */
gboolean search_sign(const char *word);
/* The query for `text` in the language of FTS5: every part between spaces is a phrase, all must
 * occur; the last word of a part also matches the words it begins. NULL when there is no word in
 * it. At most 16 parts of 64 words are heeded. Only words stand in it, so nothing can be injected.
 * Caller frees. */
char *search_phrases(const char *text);
