/* GB 32100-2015, unified social credit code: the weight of place i is 3^i mod 31, and the last
 * character makes the sum a multiple of 31. */
#include "pack/pack.h"

#include <string.h>

gboolean uscc_valid(const char *text) {
    enum { LENGTH = 18, MODULUS = 31 };
    static const char characters[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int sum = 0, weight = 1;
    if (strlen(text) != LENGTH)
        return FALSE;
    for (int i = 0; i < LENGTH - 1; i++, weight = weight * 3 % MODULUS) {
        const char *c = strchr(characters, text[i]);
        if (c == NULL)
            return FALSE;
        sum += (int)(c - characters) * weight;
    }
    return characters[(MODULUS - sum % MODULUS) % MODULUS] == text[LENGTH - 1];
}
