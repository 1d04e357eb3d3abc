/* The data files of the demo as JSON values: YAML (plain scalars become null, booleans, numbers or
 * text; quoted ones text) and CSV with a head line (an array of objects, every value text). Errors
 * are ERROR_FILE, or ERROR_PACK with the line for YAML that does not parse. YAML is read as in
 * packs (pack/yaml_node.h: its limits hold here). */
#pragma once
#include "base/error.h"
#include <jansson.h>

json_t *demo_yaml_read(const char *path, GError **error);
json_t *demo_csv_read(const char *path, GError **error);

/* Refusals about what a file says, in one form: returns false. */
gboolean demo_file_error(GError **error, const char *path, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
