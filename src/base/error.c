#include "base/error.h"

#include <string.h>

enum { ARGUMENTS = 3, ARGUMENT_BYTES = 400 };

typedef struct {
    char *field;
    char *argument[ARGUMENTS];
} AnlanErrorPrivate;

static void anlan_error_private_init(AnlanErrorPrivate *p) { memset(p, 0, sizeof *p); }

static void anlan_error_private_copy(const AnlanErrorPrivate *from, AnlanErrorPrivate *to) {
    to->field = g_strdup(from->field);
    for (int i = 0; i < ARGUMENTS; i++)
        to->argument[i] = g_strdup(from->argument[i]);
}

static void anlan_error_private_clear(AnlanErrorPrivate *p) {
    g_free(p->field);
    for (int i = 0; i < ARGUMENTS; i++)
        g_free(p->argument[i]);
}

G_DEFINE_EXTENDED_ERROR(AnlanError, anlan_error)

typedef struct {
    const char *id;
    int status;
    const char *text[2]; /* by Lang */
    const char *hint[2];
} ErrorRow;

#define ERROR_ROW(name, id, status, zh, en, hint_zh, hint_en)                                      \
    {id, status, {zh, en}, {hint_zh, hint_en}},
static const ErrorRow rows[] = {
#include "base/error_kinds.h"
};
#undef ERROR_ROW

/* Cuts at `bytes` without splitting a UTF-8 character; bytes that are not UTF-8 become '?'. */
static char *text_bounded(const char *text, gsize bytes) {
    g_autofree char *cut = g_strndup(text, MIN(strlen(text), bytes));
    const char *end;
    if (!g_utf8_validate(cut, -1, &end) && strlen(text) > bytes)
        cut[end - cut] = 0;
    return g_utf8_make_valid(cut, -1);
}

static char *expand(const char *template, const char *field, char *const *arguments) {
    GString *out = g_string_new(NULL);
    for (const char *p = template; *p; p++) {
        if (g_str_has_prefix(p, "{field}")) {
            g_string_append(out, field ? field : "");
            p += strlen("{field}") - 1;
        } else if (p[0] == '{' && p[1] >= '0' && p[1] < '0' + ARGUMENTS && p[2] == '}') {
            const char *argument = arguments ? arguments[p[1] - '0'] : NULL;
            g_string_append(out, argument ? argument : "");
            p += 2;
        } else {
            g_string_append_c(out, *p);
        }
    }
    return g_string_free(out, FALSE);
}

gboolean error_set(GError **error, ErrorKind kind, const char *field, ...) {
    g_assert(kind < ERROR_KINDS);
    if (error == NULL)
        return FALSE;
    char *arguments[ARGUMENTS] = {NULL};
    va_list list;
    va_start(list, field);
    for (int i = 0; i < ARGUMENTS; i++) {
        const char *argument = va_arg(list, const char *);
        if (argument == NULL)
            break;
        arguments[i] = text_bounded(argument, ARGUMENT_BYTES);
    }
    va_end(list);
    g_autofree char *message = expand(rows[kind].text[LANG_EN], field, arguments);
    g_set_error_literal(error, ANLAN_ERROR, (int)kind, message);
    AnlanErrorPrivate *p = anlan_error_get_private(*error);
    p->field = g_strdup(field);
    memcpy(p->argument, arguments, sizeof arguments);
    return FALSE;
}

const char *error_kind_id(ErrorKind kind) { return rows[kind].id; }

ErrorKind error_kind(const GError *error) {
    return error->domain == ANLAN_ERROR ? (ErrorKind)error->code : ERROR_INTERNAL;
}

const char *error_id(const GError *error) { return rows[error_kind(error)].id; }

int error_status(const GError *error) { return rows[error_kind(error)].status; }

const char *error_field(const GError *error) {
    return error->domain == ANLAN_ERROR ? anlan_error_get_private(error)->field : NULL;
}

static char *error_text(const GError *error, const char *template) {
    if (error->domain == ANLAN_ERROR) {
        const AnlanErrorPrivate *p = anlan_error_get_private(error);
        return expand(template, p->field, p->argument);
    }
    char *const foreign[ARGUMENTS] = {error->message};
    return expand(template, NULL, foreign);
}

char *error_detail(const GError *error, Lang lang) {
    return error_text(error, rows[error_kind(error)].text[lang]);
}

char *error_hint(const GError *error, Lang lang) {
    return error_text(error, rows[error_kind(error)].hint[lang]);
}
