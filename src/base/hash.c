#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

struct HashState {
    EVP_MD_CTX *context;
};

HashState *hash_sm3_new(void) {
    HashState *state = g_new(HashState, 1);
    state->context = EVP_MD_CTX_new();
    g_assert(EVP_DigestInit_ex(state->context, EVP_sm3(), NULL) == 1);
    return state;
}

void hash_add(HashState *state, const void *bytes, gsize n) {
    g_assert(EVP_DigestUpdate(state->context, bytes, n) == 1);
}

void hash_add_int(HashState *state, gint64 value) {
    guint8 bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (guint8)((guint64)value >> (56 - 8 * i));
    hash_add(state, bytes, sizeof bytes);
}

void hash_add_text(HashState *state, const char *text) {
    hash_add_int(state, text ? (gint64)strlen(text) : -1);
    if (text)
        hash_add(state, text, strlen(text));
}

void hash_take(HashState *state, guint8 out[static HASH_BYTES]) {
    g_assert(EVP_DigestFinal_ex(state->context, out, NULL) == 1);
    g_assert(EVP_DigestInit_ex(state->context, NULL, NULL) == 1);
}

void hash_state_free(HashState *state) {
    if (state == NULL)
        return;
    EVP_MD_CTX_free(state->context);
    g_free(state);
}

void hash_end(HashState *state, guint8 out[static HASH_BYTES]) {
    g_assert(EVP_DigestFinal_ex(state->context, out, NULL) == 1);
    hash_state_free(state);
}

void hash_sha256(const void *bytes, gsize n, guint8 out[static HASH_BYTES]) {
    g_assert(EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL) == 1);
}

char *hex_encode(const guint8 *bytes, gsize n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (gsize i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = 0;
    return out;
}

gboolean hex_decode(const char *text, guint8 *out, gsize n) {
    if (strlen(text) != 2 * n)
        return FALSE;
    for (gsize i = 0; i < n; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        out[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}

char *id_of_bytes(const guint8 bytes[static 16], char out[static ID_TEXT]) {
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    /* 128 bits as 26 digits of 5 bits: two zero bits in front. */
    for (int digit = 0; digit < 26; digit++) {
        int value = 0;
        for (int bit = digit * 5 - 2; bit < digit * 5 + 3; bit++)
            value = value << 1 | (bit < 0 ? 0 : bytes[bit / 8] >> (7 - bit % 8) & 1);
        out[digit] = digits[value];
    }
    out[26] = 0;
    return out;
}

char *id_new(gint64 now_ms, char out[static ID_TEXT]) {
    guint8 bytes[16];
    for (int i = 0; i < 6; i++)
        bytes[i] = (guint8)((guint64)now_ms >> (40 - 8 * i));
    g_assert(RAND_bytes(bytes + 6, 10) == 1);
    return id_of_bytes(bytes, out);
}

char *token_new(char out[static 44]) {
    guint8 bytes[32];
    g_assert(RAND_bytes(bytes, sizeof bytes) == 1);
    g_autofree char *text = g_base64_encode(bytes, sizeof bytes);
    for (int i = 0; i < 43; i++)
        out[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    out[43] = 0;
    return out;
}
