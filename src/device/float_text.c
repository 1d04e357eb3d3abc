#include "device/float_text.h"

#include <math.h>
#include <string.h>

enum { DIGITS_EXACT = 19, POWERS = 23, TEXT_MAX = 400, EXPONENT_MAX = 100000 };

typedef struct {
    guint64 mantissa;
    int digits;   /* significant digits read into mantissa */
    int exponent; /* power of ten to go with it */
    gboolean any, integer, negative;
} Reading;

static inline gboolean is_digit(char c) { return (guchar)(c - '0') < 10; }

static inline const char *read_digits(const char *p, const char *end, Reading *r,
                                      int exponent_step) {
    for (; p < end && is_digit(*p); p++) {
        r->any = TRUE;
        r->exponent -= exponent_step;
        if (r->digits == 0 && *p == '0')
            continue;
        if (++r->digits <= DIGITS_EXACT)
            r->mantissa = r->mantissa * 10 + (guint64)(*p - '0');
    }
    return p;
}

/* p stands after 'e'. NULL: no digits. */
static const char *read_exponent(const char *p, const char *end, Reading *r) {
    gboolean negative = p < end && *p == '-';
    int value = 0;
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || !is_digit(*p))
        return NULL;
    for (; p < end && is_digit(*p); p++)
        value = MIN(value * 10 + (*p - '0'), EXPONENT_MAX);
    r->exponent += negative ? -value : value;
    return p;
}

static gboolean exact(const Reading *r, double *value) {
    static const double power[POWERS] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (r->digits > DIGITS_EXACT || r->mantissa > (guint64)1 << 53 || r->exponent <= -POWERS ||
        r->exponent >= POWERS)
        return FALSE;
    double m = (double)r->mantissa;
    *value = r->exponent < 0 ? m / power[-r->exponent] : m * power[r->exponent];
    return TRUE;
}

static gboolean slow(const char *p, const char *end, double *value) {
    char text[TEXT_MAX + 1];
    gsize n = (gsize)(end - p);
    if (n > TEXT_MAX)
        return FALSE;
    memcpy(text, p, n);
    text[n] = 0;
    *value = g_ascii_strtod(text, NULL);
    return TRUE;
}

const char *float_read(const char *p, const char *end, double *value, gboolean *integer) {
    Reading r = {.integer = TRUE};
    if (p < end && (*p == '-' || *p == '+'))
        r.negative = *p++ == '-';
    const char *start = p;
    p = read_digits(p, end, &r, 0);
    if (p < end && *p == '.') {
        r.integer = FALSE;
        p = read_digits(p + 1, end, &r, 1);
    }
    if (!r.any)
        return NULL;
    if (p < end && (*p == 'e' || *p == 'E')) {
        r.integer = FALSE;
        if ((p = read_exponent(p + 1, end, &r)) == NULL)
            return NULL;
    }
    if (!exact(&r, value) && !slow(start, p, value))
        return NULL;
    if (r.negative)
        *value = -*value;
    *integer = r.integer;
    return p;
}
