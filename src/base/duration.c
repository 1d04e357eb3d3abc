#include "base/duration.h"

#include <string.h>

enum { SECOND_MS = 1000, DIGITS_MAX = 12, FRACTION_DIGITS = 3 };

static const struct {
    char letter;
    gboolean of_time; /* stands behind the T */
    gint64 ms;
} parts[] = {{'W', FALSE, 7 * 86400 * (gint64)SECOND_MS},
             {'D', FALSE, 86400 * (gint64)SECOND_MS},
             {'H', TRUE, 3600 * (gint64)SECOND_MS},
             {'M', TRUE, 60 * (gint64)SECOND_MS},
             {'S', TRUE, SECOND_MS}};

/* Reads digits and, when there is one, the fraction in thousandths; moves *text behind them. */
static gboolean read_amount(const char **text, gint64 *whole, gint64 *thousandths,
                            gboolean *fraction) {
    gsize digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > DIGITS_MAX)
        return FALSE;
    *whole = g_ascii_strtoll(*text, NULL, 10);
    *text += digits;
    *thousandths = 0;
    *fraction = **text == '.';
    if (!*fraction)
        return TRUE;
    digits = strspn(++*text, "0123456789");
    if (digits == 0 || digits > FRACTION_DIGITS)
        return FALSE;
    gint64 unit = SECOND_MS;
    for (gsize i = 0; i < digits; i++)
        *thousandths += ((*text)[i] - '0') * (unit /= 10);
    *text += digits;
    return TRUE;
}

/* One part; `next` is the first of `parts` that may still come. */
static gboolean read_part(const char **text, gboolean of_time, gsize *next, gint64 *ms) {
    gint64 whole, thousandths;
    gboolean fraction;
    if (!read_amount(text, &whole, &thousandths, &fraction))
        return FALSE;
    for (gsize i = *next; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].letter != **text || parts[i].of_time != of_time)
            continue;
        if (whole > DURATION_MAX_MS / parts[i].ms || (fraction && parts[i].letter != 'S'))
            return FALSE;
        *ms += whole * parts[i].ms + thousandths;
        *next = i + 1;
        *text += 1;
        return *ms <= DURATION_MAX_MS;
    }
    return FALSE;
}

gboolean duration_parse(const char *text, gint64 *ms) {
    gsize next = 0;
    gboolean of_time = FALSE;
    *ms = 0;
    if (*text++ != 'P' || *text == 0)
        return FALSE;
    while (*text) {
        if (*text == 'T' && !of_time) {
            of_time = TRUE;
            text++;
        }
        if (!read_part(&text, of_time, &next, ms))
            return FALSE;
    }
    return TRUE;
}

static void add_seconds(GString *text, gint64 ms, const char *unit) {
    g_string_append_printf(text, "%" G_GINT64_FORMAT, ms / SECOND_MS);
    if (ms % SECOND_MS) {
        g_string_append_printf(text, ".%03d", (int)(ms % SECOND_MS));
        while (text->str[text->len - 1] == '0')
            g_string_truncate(text, text->len - 1);
    }
    g_string_append(text, unit);
}

/* Days, hours, minutes and seconds that are not zero, each with its unit; "0" seconds when all are.
 * `before_time` stands before the first of a day's parts. */
static char *written(gint64 ms, const char *start, const char *before_time,
                     const char *const units[4]) {
    GString *text = g_string_new(start);
    gint64 rest = ms;
    for (gsize i = 1; i < G_N_ELEMENTS(parts) - 1; i++) { /* weeks are written as days */
        gint64 amount = rest / parts[i].ms;
        rest %= parts[i].ms;
        if (amount)
            g_string_append_printf(text, "%" G_GINT64_FORMAT "%s", amount, units[i - 1]);
        if (!parts[i].of_time && (rest || ms == 0))
            g_string_append(text, before_time);
    }
    if (rest || ms == 0)
        add_seconds(text, rest, units[3]);
    return g_string_free(text, FALSE);
}

char *duration_words(gint64 ms) {
    static const char *const units[] = {"天", "小时", "分", "秒"};
    return written(ms, "", "", units);
}

char *duration_format(gint64 ms, char buffer[static DURATION_TEXT]) {
    static const char *const units[] = {"D", "H", "M", "S"};
    g_autofree char *text = written(ms, "P", "T", units);
    g_strlcpy(buffer, text, DURATION_TEXT);
    return buffer;
}
