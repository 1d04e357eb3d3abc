#include "record/act.h"

#include <stdlib.h>
#include <string.h>

static const char serial_mark[] = "{serial:";

/* The pattern with everything but the serial filled in: the serial counts per this text. */
static char *expand_place(const Act *act, const Row *row, const char *pattern) {
    GString *text = g_string_new(pattern);
    g_autofree char *year = g_strdup_printf("%d", day_year(day_of(act->now_ms)));
    g_string_replace(text, "{region}", row->region, 0);
    g_string_replace(text, "{year}", year, 0);
    return g_string_free(text, FALSE);
}

/* Inside the transaction of the record: a job that fails gives its serial back, so there are no
 * gaps. */
static gboolean next_serial(const Act *act, const char *type, const char *prefix, gint64 *serial,
                            GError **error) {
    return sql_get_int(
        act->sql, error, serial, 0,
        "INSERT INTO numbers (type, prefix, serial) VALUES (?, ?, 1) "
        "ON CONFLICT (type, prefix) DO UPDATE SET serial = numbers.serial + 1 RETURNING serial",
        "tt", type, prefix);
}

char *number_of(const Act *act, const Row *row, const char *owner, const char *pattern,
                GError **error) {
    g_autofree char *prefix = expand_place(act, row, pattern);
    char *mark = strstr(prefix, serial_mark);
    if (mark == NULL)
        return g_steal_pointer(&prefix);
    gint64 serial;
    if (!next_serial(act, owner, prefix, &serial, error))
        return NULL;
    int width = CLAMP(atoi(mark + strlen(serial_mark)), 1, 18);
    const char *rest = strchr(mark, '}');
    *mark = 0;
    return g_strdup_printf("%s%0*" G_GINT64_FORMAT "%s", prefix, width, serial,
                           rest ? rest + 1 : "");
}

char *number_next(const Act *act, const Row *row, GError **error) {
    return number_of(act, row, row->type->name, row->type->number, error);
}
