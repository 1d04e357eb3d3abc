/* GB 32100-2015, unified social credit code: the weight of place i is 3^i mod 31, and the last
 * character makes the sum a multiple of 31. */
#include "pack/pack.h"

#include <string.h>

enum { LENGTH = 18, MODULUS = 31 };

char uscc_check_character(const char *text) {
    static const char characters[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int sum = 0, weight = 1;
    for (int i = 0; i < LENGTH - 1; i++, weight = weight * 3 % MODULUS) {
        const char *c = text[i] ? strchr(characters, text[i]) : NULL;
        if (c == NULL)
            return 0;
        sum += (int)(c - characters) * weight;
    }
    return characters[(MODULUS - sum % MODULUS) % MODULUS];
}

gboolean uscc_valid(const char *text) {
    return strlen(text) == LENGTH && uscc_check_character(text) == text[LENGTH - 1];
}
