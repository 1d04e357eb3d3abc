/* Hashes and random tokens: SM3 (GB/T 32905, by OpenSSL) for chains and ids, SHA-256 for tokens at
 * rest, and text forms of bytes. Running out of OpenSSL is a bug, not an error. Any thread. */
#pragma once
#include <glib.h>

enum { HASH_BYTES = 32, HASH_HEX = 65, ID_TEXT = 27 };

typedef struct HashState HashState;
HashState *hash_sm3_new(void);
void hash_add(HashState *state, const void *bytes, gsize n);
/* Adds text and its length in front, so that no two lists of texts collide; NULL differs from "".
 */
void hash_add_text(HashState *state, const char *text);
void hash_add_int(HashState *state, gint64 value);
void hash_end(HashState *state, guint8 out[static HASH_BYTES]); /* frees state */
/* Gives the hash and begins the next one: a state that is kept costs much less than a new one. */
void hash_take(HashState *state, guint8 out[static HASH_BYTES]);
void hash_state_free(HashState *state); /* may be NULL */

void hash_sha256(const void *bytes, gsize n, guint8 out[static HASH_BYTES]);
char *hex_encode(const guint8 *bytes, gsize n, char *out);   /* out: 2n+1 */
gboolean hex_decode(const char *text, guint8 *out, gsize n); /* exactly 2n digits */

/* A new id of 26 characters (Crockford base 32): 48 bits of time, 80 random bits; ids made later
 * sort later. */
char *id_new(gint64 now_ms, char out[static ID_TEXT]);
/* An id of 26 characters that is a function of 16 bytes (the first 16 of a hash). */
char *id_of_bytes(const guint8 bytes[static 16], char out[static ID_TEXT]);
/* 256 random bits as 43 characters of base64url; out holds 44 bytes. */
char *token_new(char out[static 44]);
