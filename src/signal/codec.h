/* The small change of the sample log and history: variable-length integers and exact scaled
 * decimals. Inline, no allocation, any thread. Readers never step over `end` and say so; writers
 * need room for VARINT_MAX bytes. */
#pragma once
#include <glib.h>
#include <math.h>
#include <string.h>

enum { VARINT_MAX = 10, DECIMAL_EXPONENTS = 10 };

static inline guint64 zigzag(gint64 value) {
    return ((guint64)value << 1) ^ (guint64)(value >> 63);
}

static inline gint64 unzigzag(guint64 value) { return (gint64)(value >> 1) ^ -(gint64)(value & 1); }

/* a - b and a + b that wrap: what one writes, the other reads back, whatever the bytes say. */
static inline gint64 wrap_sub(gint64 a, gint64 b) { return (gint64)((guint64)a - (guint64)b); }
static inline gint64 wrap_add(gint64 a, gint64 b) { return (gint64)((guint64)a + (guint64)b); }

static inline guint8 *varint_put(guint8 *p, guint64 value) {
    for (; value >= 0x80; value >>= 7)
        *p++ = (guint8)(value | 0x80);
    *p++ = (guint8)value;
    return p;
}

/* The place after the varint; NULL when it does not end before `end` or is longer than 64 bits. */
static inline const guint8 *varint_get(const guint8 *p, const guint8 *end, guint64 *value) {
    guint64 sum = 0;
    for (guint shift = 0; shift < 70 && p < end; shift += 7) {
        guint8 byte = *p++;
        if (shift == 63 && byte > 1)
            return NULL;
        sum |= (guint64)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = sum;
            return p;
        }
    }
    return NULL;
}

static inline guint64 double_bits(double value) {
    guint64 bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double double_of_bits(guint64 bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* m / 10^e is correctly rounded for |m| < 2^53 and e <= 22, so a decimal from outside comes back
 * bit for bit. */
static inline double decimal_value(gint64 mantissa, guint exponent) {
    static const double power[DECIMAL_EXPONENTS] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    return (double)mantissa / power[exponent];
}

/* True when value = *mantissa / 10^exponent exactly, to the sign of zero. */
static inline gboolean decimal_fits(double value, guint exponent, gint64 *mantissa) {
    static const double power[DECIMAL_EXPONENTS] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    double scaled = value * power[exponent];
    if (!(fabs(scaled) < 9007199254740992.0)) /* 2^53 */
        return FALSE;
    /* Adding and taking away 1.5 x 2^52 rounds to an integer; above 2^51 llrint has to do it. */
    gint64 m = fabs(scaled) < 2251799813685248.0
                   ? (gint64)(scaled + 6755399441055744.0 - 6755399441055744.0)
                   : llrint(scaled);
    if (double_bits(decimal_value(m, exponent)) != double_bits(value))
        return FALSE;
    *mantissa = m;
    return TRUE;
}

/* The least exponent that fits, or -1. */
static inline int decimal_find(double value, gint64 *mantissa) {
    for (guint e = 0; e < DECIMAL_EXPONENTS; e++)
        if (decimal_fits(value, e, mantissa))
            return (int)e;
    return -1;
}
