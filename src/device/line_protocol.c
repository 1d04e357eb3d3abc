#include "device/line_protocol.h"

#include "device/float_text.h"
#include "device/sample_door.h"

#include <math.h>
#include <string.h>

enum { LINE_BYTES = 64 << 10, TAGS_MAX = 64, FIELDS_MAX = 256, CODE_MAX = 512 };

/* Where a name or value ends. */
enum { COMMA = 1, SPACE = 2, EQUAL = 4, BACKSLASH = 8 };
static const guint8 class_of[256] = {
    [','] = COMMA, [' '] = SPACE, ['='] = EQUAL, ['\\'] = BACKSLASH};

typedef struct {
    const char *text;
    gsize n;
    gboolean escaped; /* holds a backslash */
} Span;

typedef enum { VALUE_NUMBER, VALUE_TEXT, VALUE_NOT_FINITE } ValueKind;

typedef struct {
    Span key, raw;
    ValueKind kind;
    double value;
} LineField;

typedef struct {
    Span measurement, point; /* point.text NULL: no such tag */
    Span tag[TAGS_MAX];      /* keys */
    LineField field[FIELDS_MAX];
    guint tags, fields;
    gboolean has_time;
    gint64 time;
} Line;

/* ---- pieces ---- */

static gboolean span_is(const Span *span, const char *text, gsize n) {
    return span->n == n && memcmp(span->text, text, n) == 0;
}

static gboolean span_equal(const Span *a, const Span *b) { return span_is(a, b->text, b->n); }

/* Reads up to a character of `stop`; a backslash takes the next character with it. */
static inline const char *read_span(const char *p, const char *end, guint stop, Span *span) {
    span->text = p;
    span->escaped = FALSE;
    for (; p < end; p++) {
        guint class = class_of[(guchar)*p];
        if (class & stop)
            break;
        if (class == BACKSLASH && p + 1 < end) {
            span->escaped = TRUE;
            p++;
        }
    }
    span->n = (gsize)(p - span->text);
    return p;
}

/* The text without the backslashes that protect , = and space, in `out`; how long it is. */
static gsize unescape(const Span *span, char *out, gsize room) {
    gsize n = 0;
    for (gsize i = 0; i < span->n && n < room; i++) {
        if (span->text[i] == '\\' && i + 1 < span->n &&
            class_of[(guchar)span->text[i + 1]] & (COMMA | SPACE | EQUAL))
            i++;
        out[n++] = span->text[i];
    }
    return n;
}

/* ---- values ---- */

static gboolean word_is(const Span *span, const char *const *words) {
    for (; *words; words++)
        if (span_is(span, *words, strlen(*words)))
            return TRUE;
    return FALSE;
}

static gboolean read_word(const Span *raw, LineField *field) {
    static const char *const yes[] = {"t", "T", "true", "True", "TRUE", NULL};
    static const char *const no[] = {"f", "F", "false", "False", "FALSE", NULL};
    static const char *const infinite[] = {"nan", "inf", "infinity", NULL};
    field->kind = VALUE_NUMBER;
    field->value = word_is(raw, yes);
    if (field->value || word_is(raw, no))
        return TRUE;
    Span bare = *raw;
    if (bare.n > 0 && (*bare.text == '-' || *bare.text == '+')) {
        bare.text++;
        bare.n--;
    }
    for (const char *const *word = infinite; *word; word++)
        if (bare.n == strlen(*word) && g_ascii_strncasecmp(bare.text, *word, bare.n) == 0) {
            field->kind = VALUE_NOT_FINITE;
            return TRUE;
        }
    return FALSE;
}

/* 1.5, 1i, 1u, or a word. */
static gboolean read_value(const Span *raw, LineField *field) {
    const char *end = raw->text + raw->n;
    gboolean integer;
    const char *p = float_read(raw->text, end, &field->value, &integer);
    if (p == NULL)
        return read_word(raw, field);
    if (p < end && integer && (*p == 'i' || (*p == 'u' && *raw->text != '-')))
        p++;
    if (p != end)
        return FALSE;
    field->kind = isfinite(field->value) ? VALUE_NUMBER : VALUE_NOT_FINITE;
    return TRUE;
}

/* p stands on the first quote; the place after the last one, or NULL. */
static const char *read_quoted(const char *p, const char *end, LineField *field) {
    field->kind = VALUE_TEXT;
    field->raw.text = p;
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    if (p >= end)
        return NULL;
    field->raw.n = (gsize)(++p - field->raw.text);
    return p;
}

/* ---- the line ---- each reader gives the place after what it read, or NULL and *why */

static const char *bad(const char **why, const char *text) {
    *why = text;
    return NULL;
}

static const char *read_tag(const char *p, const char *end, Line *line, const char **why) {
    Span value;
    if (line->tags == TAGS_MAX)
        return bad(why, "more than 64 tags");
    Span *key = &line->tag[line->tags];
    p = read_span(p, end, COMMA | SPACE | EQUAL, key);
    if (key->n == 0 || p == end || *p != '=')
        return bad(why, "a tag without name or value");
    p = read_span(p + 1, end, COMMA | SPACE | EQUAL, &value);
    if (value.n == 0 || (p < end && *p == '='))
        return bad(why, "a tag with an empty value or a bare =");
    for (guint i = 0; i < line->tags; i++)
        if (span_equal(&line->tag[i], key))
            return bad(why, "the same tag twice");
    line->tags++;
    if (span_is(key, "point", 5))
        line->point = value;
    return p;
}

static const char *read_field(const char *p, const char *end, Line *line, const char **why) {
    if (line->fields == FIELDS_MAX)
        return bad(why, "more than 256 fields");
    LineField *field = &line->field[line->fields];
    p = read_span(p, end, COMMA | SPACE | EQUAL, &field->key);
    if (field->key.n == 0 || p == end || *p != '=')
        return bad(why, "a field without name or value");
    for (guint i = 0; i < line->fields; i++)
        if (span_equal(&line->field[i].key, &field->key))
            return bad(why, "the same field twice");
    line->fields++;
    if (++p < end && *p == '"') {
        p = read_quoted(p, end, field);
        return p ? p : bad(why, "a text without closing quote");
    }
    p = read_span(p, end, COMMA | SPACE, &field->raw);
    return read_value(&field->raw, field) ? p : bad(why, "a field value that is no number");
}

static const char *skip_spaces(const char *p, const char *end) {
    while (p < end && *p == ' ')
        p++;
    return p;
}

static const char *read_time(const char *p, const char *end, Line *line, const char **why) {
    gboolean negative = p < end && *p == '-';
    guint64 value = 0;
    const char *first = p += negative;
    for (; p < end && g_ascii_isdigit(*p); p++) {
        guint64 digit = (guint64)(*p - '0');
        if (value > (G_MAXINT64 - digit) / 10)
            return bad(why, "a timestamp with too many digits");
        value = value * 10 + digit;
    }
    if (p == first)
        return bad(why, "a timestamp that is no integer");
    line->has_time = TRUE;
    line->time = negative ? -(gint64)value : (gint64)value;
    return p;
}

static const char *read_list(const char *p, const char *end, Line *line, const char **why) {
    p = read_span(p, end, COMMA | SPACE, &line->measurement);
    if (line->measurement.n == 0)
        return bad(why, "no measurement");
    while (p && p < end && *p == ',')
        p = read_tag(p + 1, end, line, why);
    if (p == NULL)
        return NULL;
    p = read_field(skip_spaces(p, end), end, line, why);
    while (p && p < end && *p == ',')
        p = read_field(p + 1, end, line, why);
    return p;
}

static gboolean read_line(const char *p, const char *end, Line *line, const char **why) {
    line->tags = line->fields = 0;
    line->has_time = FALSE;
    line->point.text = NULL;
    if ((p = read_list(p, end, line, why)) == NULL)
        return FALSE;
    if (p < end && *p != ' ')
        return bad(why, "text after a closing quote") != NULL;
    p = skip_spaces(p, end);
    if (p < end && (p = read_time(p, end, line, why)) == NULL)
        return FALSE;
    if (skip_spaces(p, end) != end)
        return bad(why, "text after the timestamp") != NULL;
    return TRUE;
}

/* ---- from a line to samples ---- */

static gboolean time_of(DoorReading *reading, const Line *line, gint64 *time_ms) {
    gint64 unit_ns = reading->door->unit_ns, per_ms = 1000000;
    *time_ms = reading->door->now_ms;
    if (!line->has_time)
        return TRUE;
    if (unit_ns <= per_ms)
        *time_ms = line->time / (per_ms / unit_ns);
    else if (line->time > -(G_MAXINT64 / 1000) && line->time < G_MAXINT64 / 1000)
        *time_ms = line->time * (unit_ns / per_ms);
    else
        *time_ms = G_MAXINT64;
    return door_time(reading, *time_ms);
}

static gboolean quality_of(DoorReading *reading, const Line *line, Quality *quality) {
    *quality = QUALITY_GOOD;
    for (guint i = 0; i < line->fields; i++) {
        const LineField *field = &line->field[i];
        if (!span_is(&field->key, "quality", 7))
            continue;
        if (field->kind != VALUE_NUMBER ||
            (field->value != 0 && field->value != 1 && field->value != 2)) {
            door_refuse(reading, ERROR_SAMPLE_VALUE, "quality", "quality must be 0, 1 or 2");
            return FALSE;
        }
        *quality = (Quality)field->value;
    }
    return TRUE;
}

/* "POINT" for the field `value`, else "POINT.field". Plain names are looked up where they stand. */
static void take_field(DoorReading *reading, const Line *line, const LineField *field,
                       gint64 time_ms, Quality quality) {
    const Span *point = line->point.text ? &line->point : &line->measurement;
    gboolean value = span_is(&field->key, "value", 5);
    if (field->kind != VALUE_NUMBER) {
        door_refuse_text(reading, ERROR_SAMPLE_VALUE, NULL, field->raw.text, field->raw.n);
        return;
    }
    if (value && !point->escaped) {
        door_add(reading, point->text, point->n, time_ms, field->value, quality);
        return;
    }
    char code[CODE_MAX];
    gsize n = unescape(point, code, CODE_MAX);
    if (!value && n < CODE_MAX) {
        code[n++] = '.';
        n += unescape(&field->key, code + n, CODE_MAX - n);
    }
    door_add_now(reading, code, n, time_ms, field->value, quality);
}

static void take_line(DoorReading *reading, const Line *line) {
    gint64 time_ms;
    Quality quality;
    guint values = 0;
    if (!time_of(reading, line, &time_ms) || !quality_of(reading, line, &quality))
        return;
    for (guint i = 0; i < line->fields; i++) {
        if (span_is(&line->field[i].key, "quality", 7))
            continue;
        take_field(reading, line, &line->field[i], time_ms, quality);
        values++;
    }
    if (values == 0)
        door_refuse(reading, ERROR_LINE, NULL, "no field but quality");
}

static void one_line(DoorReading *reading, Line *line, const char *p, const char *end) {
    const char *why = NULL;
    if (end > p && end[-1] == '\r')
        end--;
    reading->at.text = p;
    reading->at.n = (gsize)(end - p);
    p = skip_spaces(p, end);
    if (p == end || *p == '#')
        return;
    if (end - p > LINE_BYTES)
        door_refuse(reading, ERROR_LINE, NULL, "a line of more than 64 KiB");
    else if (read_line(p, end, line, &why))
        take_line(reading, line);
    else
        door_refuse(reading, ERROR_LINE, NULL, why);
}

guint64 line_protocol_read(const SampleDoor *door, const char *bytes, gsize n, SampleBatch *batch) {
    DoorReading reading;
    Line line;
    door_open(&reading, door, batch);
    const char *p = bytes, *end = bytes + n;
    while (p < end) {
        const char *stop = memchr(p, '\n', (gsize)(end - p));
        if (stop == NULL)
            stop = end;
        reading.at.line++;
        one_line(&reading, &line, p, stop);
        p = stop + 1;
    }
    return door_close(&reading);
}
