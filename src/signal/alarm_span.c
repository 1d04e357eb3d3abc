#include "signal/alarm_span.h"

#include "signal/alarm_sink_part.h"

#include <string.h>

AlarmSpans *alarm_spans_new(void) {
    AlarmSpans *spans = g_new(AlarmSpans, 1);
    spans->list = g_array_new(FALSE, TRUE, sizeof(AlarmSpan));
    spans->texts = g_string_chunk_new(1024);
    return spans;
}

void alarm_spans_free(AlarmSpans *spans) {
    if (spans == NULL)
        return;
    g_array_unref(spans->list);
    g_string_chunk_free(spans->texts);
    g_free(spans);
}

static gint by_time(gconstpointer a, gconstpointer b) {
    const AlarmSpan *x = a, *y = b;
    if (x->raised_ms != y->raised_ms)
        return x->raised_ms < y->raised_ms ? -1 : 1;
    int order = strcmp(x->point, y->point);
    if (order == 0)
        order = (int)x->condition - (int)y->condition;
    if (order == 0)
        order = strcmp(x->rule, y->rule);
    return order ? order : strcmp(x->id, y->id);
}

void alarm_spans_clip(AlarmSpans *spans, gint64 from_ms, gint64 to_ms) {
    AlarmSpan *all = (AlarmSpan *)(void *)spans->list->data;
    guint kept = 0;
    for (guint i = 0; i < spans->list->len; i++) {
        if (all[i].raised_ms >= to_ms || (all[i].returned_ms && all[i].returned_ms < from_ms))
            continue;
        all[kept] = all[i];
        if (all[kept].returned_ms >= to_ms)
            all[kept].returned_ms = 0;
        kept++;
    }
    g_array_set_size(spans->list, kept);
    g_array_sort(spans->list, by_time);
}

json_t *alarm_span_json(const AlarmSpan *span) {
    json_t *json =
        json_pack("{s:s, s:s}", "id", span->id, "condition", alarm_condition_code(span->condition));
    sink_set_text(json, "point", span->point);
    sink_set_text(json, "enterprise", span->enterprise);
    sink_set_text(json, "rule", span->rule);
    sink_set_text(json, "level", alarm_level_code(span->level));
    sink_set_text(json, "worst_level", alarm_level_code(span->worst_level));
    json_object_set_new(json, "priority", json_integer(span->priority));
    json_object_set_new(json, "announced", json_boolean(span->announced));
    sink_set_time(json, "onset", span->onset_ms);
    sink_set_time(json, "raised_at", span->raised_ms);
    if (span->returned_ms)
        sink_set_time(json, "returned_at", span->returned_ms);
    return json;
}
