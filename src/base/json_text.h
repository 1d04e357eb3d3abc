/* JSON as text with numbers as people write them: 0.1, where jansson writes 0.10000000000000001.
 *
 * Of all decimals that read back as the same double the one with the fewest digits. Pure; any
 * thread. What is hashed or compared byte by byte (the journal) keeps jansson's own form. */
#pragma once
#include <glib.h>
#include <jansson.h>

enum { NUMBER_TEXT = G_ASCII_DTOSTR_BUF_SIZE };

/* "0.1", "1e+300", "12"; of a finite number. buffer must hold NUMBER_TEXT bytes; returns it. */
char *number_text(double number, char buffer[static NUMBER_TEXT]);
/* json_dumps, to be freed with free(). Reals stay reals: 12.0. */
char *json_text(const json_t *json, size_t flags);
