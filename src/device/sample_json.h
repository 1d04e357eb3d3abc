/* JSON samples (docs/api.md POST /api/samples) -> samples. Read with jansson; the fast streaming
 * parser is a later issue's. */
#pragma once
#include "device/line_protocol.h"

/* False with ERROR_JSON or ERROR_FIELD_KIND when the whole body is unreadable; single bad samples
 * are refused through the door (`line` = index + 1). */
gboolean sample_json_read(const SampleDoor *door, const char *bytes, gsize n, SampleBatch *batch,
                          guint64 *refused, GError **error);
