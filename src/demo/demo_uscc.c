#include "demo/demo_uscc.h"
#include "pack/pack.h"

#include <stdio.h>
#include <string.h>

char organisation_check_digit(const char *body) {
    static const int weights[] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum += weights[i] * (g_ascii_isdigit(body[i]) ? body[i] - '0' : body[i] - 'A' + 10);
    int check = 11 - sum % 11;
    return check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check);
}

char *uscc_made_up(const char *county, guint serial, char out[static USCC_TEXT]) {
    g_assert(strlen(county) == 6 && serial <= 9999);
    snprintf(out, USCC_TEXT, "91%sALAN%04u", county, serial % 10000);
    out[16] = organisation_check_digit(out + 8);
    out[17] = '\0';
    out[17] = uscc_check_character(out);
    out[18] = '\0';
    return out;
}
