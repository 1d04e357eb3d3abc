/* Errors that help.
 *
 * A failure or refusal is a GError of domain ANLAN_ERROR whose code is an ErrorKind. Every kind has
 * one row in error_kinds.h: a stable id, the HTTP status it becomes, and a sentence and a remedy in
 * Chinese and in English with the arguments {0} {1} {2} filled in and {field} for the field. The
 * same object becomes the HTTP body, the line on the terminal and the log record. Bugs are not
 * errors: they stop the process (g_assert). Any thread may call these functions. */
#pragma once
#include <glib.h>

#define ANLAN_ERROR (anlan_error_quark())
GQuark anlan_error_quark(void);

#define ERROR_ROW(name, id, status, zh, en, hint_zh, hint_en) ERROR_##name,
typedef enum {
#include "base/error_kinds.h"
    ERROR_KINDS
} ErrorKind;
#undef ERROR_ROW

typedef enum { LANG_ZH, LANG_EN } Lang;

/* Sets *error (when error is not NULL) to `kind`. `field` may be NULL. At most three string
 * arguments follow, ended by NULL; they are copied, and cut at 400 bytes. Always returns false, so
 * that a refusal is one line: `return error_set(error, ERROR_X, "due", NULL);` */
gboolean error_set(GError **error, ErrorKind kind, const char *field, ...) G_GNUC_NULL_TERMINATED;

/* The parts of an error. For a GError of a foreign domain: kind ERROR_INTERNAL, no field, its own
 * message. */
ErrorKind error_kind(const GError *error);
const char *error_kind_id(ErrorKind kind);
const char *error_id(const GError *error);
int error_status(const GError *error);
const char *error_field(const GError *error);       /* borrowed, or NULL */
char *error_detail(const GError *error, Lang lang); /* sentence; caller frees */
char *error_hint(const GError *error, Lang lang);   /* remedy; caller frees */
