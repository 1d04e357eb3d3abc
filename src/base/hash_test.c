/* Hashes against published vectors; ids and tokens against what they promise. */
#include "base/hash.h"

#include <string.h>

static char *sm3(const char *text, char out[static HASH_HEX]) {
    guint8 bytes[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add(state, text, strlen(text));
    hash_end(state, bytes);
    return hex_encode(bytes, HASH_BYTES, out);
}

/* GB/T 32905-2016 annex A, examples 1 and 2. */
static void sm3_gives_the_standards_vectors(void) {
    char hex[HASH_HEX];
    g_assert_cmpstr(sm3("abc", hex), ==,
                    "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    char blocks[65] = "";
    for (int i = 0; i < 16; i++)
        strcat(blocks, "abcd");
    g_assert_cmpstr(sm3(blocks, hex), ==,
                    "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
}

/* FIPS 180-4. */
static void sha256_gives_the_standards_vector(void) {
    guint8 bytes[HASH_BYTES];
    char hex[HASH_HEX];
    hash_sha256("abc", 3, bytes);
    g_assert_cmpstr(hex_encode(bytes, HASH_BYTES, hex), ==,
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static char *sm3_of_list(const char *const *texts, guint n, char out[static HASH_HEX]) {
    guint8 bytes[HASH_BYTES];
    HashState *state = hash_sm3_new();
    for (guint i = 0; i < n; i++)
        hash_add_text(state, texts[i]);
    hash_end(state, bytes);
    return hex_encode(bytes, HASH_BYTES, out);
}

/* A chain is worth nothing when two lists of fields give the same bytes. */
static void lists_of_texts_do_not_collide(void) {
    static const char *const lists[][3] = {{"ab", "c", ""}, {"a", "bc", ""},   {"abc", "", ""},
                                           {"", "abc", ""}, {"abc", NULL, ""}, {"abc", "", NULL}};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        char hex[HASH_HEX];
        g_assert_true(g_hash_table_add(seen, g_strdup(sm3_of_list(lists[i], 3, hex))));
    }
}

static void hex_is_exact(void) {
    guint8 bytes[4];
    char text[9];
    g_assert_true(hex_decode("00fFaB12", bytes, 4));
    g_assert_cmpstr(hex_encode(bytes, 4, text), ==, "00ffab12");
    g_assert_false(hex_decode("00ffab1", bytes, 4));
    g_assert_false(hex_decode("00ffab123", bytes, 4));
    g_assert_false(hex_decode("00ffab1g", bytes, 4));
    g_assert_false(hex_decode("", bytes, 4));
}

static void ids_made_later_sort_later(void) {
    char before[ID_TEXT], after[ID_TEXT];
    id_new(0, before);
    static const gint64 steps[] = {
        1, 2, 31, 32, 1023, 1024, 1700000000000, 1700000000001, 253402271999999};
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        id_new(steps[i], after);
        g_assert_cmpuint(strlen(after), ==, 26);
        g_assert_cmpuint(strspn(after, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), ==, 26);
        g_assert_cmpint(strcmp(before, after), <, 0);
        strcpy(before, after);
    }
}

static void ids_of_one_moment_differ(void) {
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int i = 0; i < 10000; i++) {
        char id[ID_TEXT];
        g_assert_true(g_hash_table_add(seen, g_strdup(id_new(1700000000000, id))));
    }
}

static void an_id_of_bytes_is_their_function(void) {
    guint8 zero[16] = {0}, ones[16], low[16] = {0};
    char id[ID_TEXT];
    memset(ones, 0xff, sizeof ones);
    low[15] = 33;
    g_assert_cmpstr(id_of_bytes(zero, id), ==, "00000000000000000000000000");
    g_assert_cmpstr(id_of_bytes(ones, id), ==, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    g_assert_cmpstr(id_of_bytes(low, id), ==, "00000000000000000000000011");
}

static void tokens_are_long_and_differ(void) {
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int i = 0; i < 1000; i++) {
        char token[44];
        token_new(token);
        g_assert_cmpuint(strlen(token), ==, 43);
        for (const char *p = token; *p; p++)
            g_assert_true(g_ascii_isalnum(*p) || *p == '-' || *p == '_');
        g_assert_true(g_hash_table_add(seen, g_strdup(token)));
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hash/sm3-gives-the-standards-vectors", sm3_gives_the_standards_vectors);
    g_test_add_func("/hash/sha256-gives-the-standards-vector", sha256_gives_the_standards_vector);
    g_test_add_func("/hash/lists-of-texts-do-not-collide", lists_of_texts_do_not_collide);
    g_test_add_func("/hash/hex-is-exact", hex_is_exact);
    g_test_add_func("/hash/ids-made-later-sort-later", ids_made_later_sort_later);
    g_test_add_func("/hash/ids-of-one-moment-differ", ids_of_one_moment_differ);
    g_test_add_func("/hash/an-id-of-bytes-is-their-function", an_id_of_bytes_is_their_function);
    g_test_add_func("/hash/tokens-are-long-and-differ", tokens_are_long_and_differ);
    return g_test_run();
}
