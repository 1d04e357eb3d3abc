#include "device/sample_json.h"

#include "base/clock.h"
#include "device/sample_door.h"

#include <math.h>
#include <string.h>

static gboolean only_known(DoorReading *reading, json_t *sample) {
    static const char *const known[] = {"point", "time", "value", "quality", NULL};
    const char *name;
    json_t *value;
    json_object_foreach(sample, name, value) {
        if (!g_strv_contains(known, name)) {
            door_refuse(reading, ERROR_FIELD_UNKNOWN, name, "point, time, value, quality");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_time(DoorReading *reading, json_t *time, gint64 *time_ms) {
    *time_ms = reading->door->now_ms;
    if (time == NULL)
        return TRUE;
    if (json_is_integer(time))
        *time_ms = json_integer_value(time);
    else if (!json_is_string(time) || !time_parse(json_string_value(time), time_ms)) {
        door_refuse(reading, ERROR_FIELD_KIND, "time", "RFC 3339 / ms");
        return FALSE;
    }
    return door_time(reading, *time_ms);
}

static gboolean read_value(DoorReading *reading, json_t *value, double *number) {
    if (json_is_number(value) || json_is_boolean(value)) {
        *number = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
        if (isfinite(*number))
            return TRUE;
    }
    g_autofree char *text =
        value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : g_strdup("none");
    door_refuse_text(reading, ERROR_SAMPLE_VALUE, "value", text, strlen(text));
    return FALSE;
}

static gboolean read_quality(DoorReading *reading, json_t *quality, Quality *out) {
    static const char *const names[] = {"good", "uncertain", "bad"};
    *out = QUALITY_GOOD;
    if (quality == NULL)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_strcmp0(json_string_value(quality), names[i]) == 0) {
            *out = (Quality)i;
            return TRUE;
        }
    door_refuse(reading, ERROR_FIELD_KIND, "quality", "good | uncertain | bad");
    return FALSE;
}

static void one_sample(DoorReading *reading, json_t *sample) {
    gint64 time_ms;
    double value;
    Quality quality;
    json_t *code = json_object_get(sample, "point");
    if (!json_is_object(sample) || !json_is_string(code)) {
        door_refuse(reading, ERROR_FIELD_KIND, "point", "text");
        return;
    }
    if (!only_known(reading, sample) ||
        !read_value(reading, json_object_get(sample, "value"), &value) ||
        !read_quality(reading, json_object_get(sample, "quality"), &quality) ||
        !read_time(reading, json_object_get(sample, "time"), &time_ms))
        return;
    door_add(reading, json_string_value(code), json_string_length(code), time_ms, value, quality);
}

gboolean sample_json_read(const SampleDoor *door, const char *bytes, gsize n, SampleBatch *batch,
                          guint64 *refused, GError **error) {
    json_error_t where;
    json_t *body = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &where);
    if (body == NULL) {
        char line[24];
        g_snprintf(line, sizeof line, "%d", where.line);
        return error_set(error, ERROR_JSON, NULL, where.text, line, NULL);
    }
    json_t *samples = json_is_array(body) ? body : json_object_get(body, "samples");
    if (!json_is_array(samples)) {
        json_decref(body);
        return error_set(error, ERROR_FIELD_KIND, "samples", "array", NULL);
    }
    DoorReading reading;
    door_open(&reading, door, batch);
    for (gsize i = 0; i < json_array_size(samples); i++) {
        reading.at.line = (guint32)i + 1;
        one_sample(&reading, json_array_get(samples, i));
    }
    *refused = door_close(&reading);
    json_decref(body);
    return TRUE;
}
