/* Numbers in text as devices write them: [+-]digits[.digits][e[+-]digits], never by the process's
 * locale. Exact (correctly rounded): short numbers by one multiplication or division of exact
 * doubles, all others by strtod. Any thread. */
#pragma once
#include <glib.h>

/* The place after the number, or NULL when there is none at p. *integer: neither point nor
 * exponent. *value may be infinite. */
const char *float_read(const char *p, const char *end, double *value, gboolean *integer);
