#include "base/error.h"
#include "record/rights.h"
#include "signal/alarm_span.h"

#include <string.h>

static AlarmLevel level_of(const char *code) {
    AlarmLevel level = ALARM_LEVEL_NONE;
    while (level < ALARM_LEVEL_A && strcmp(alarm_level_code(level), code) != 0)
        level++;
    return level;
}

static const char *text_at(AlarmSpans *spans, SqlStatement *st, int column) {
    return sql_is_null(st, column)
               ? ""
               : g_string_chunk_insert_const(spans->texts, sql_text(st, column));
}

static const char columns[] =
    "SELECT _id, point, _enterprise, rule, condition, level, worst_level, priority, announced, "
    "onset, raised_at, returned_at FROM r_alarm WHERE raised_at < ? AND "
    "(returned_at IS NULL OR returned_at >= ?)";

static void add_row(AlarmSpans *spans, SqlStatement *st) {
    AlarmSpan span = {
        .point = text_at(spans, st, 1),
        .enterprise = text_at(spans, st, 2),
        .rule = text_at(spans, st, 3),
        .condition = alarm_condition_of(text_at(spans, st, 4)),
        .level = level_of(text_at(spans, st, 5)),
        .priority = (guint8)g_ascii_digit_value(text_at(spans, st, 7)[0]),
        .announced = sql_is_null(st, 8) || sql_int(st, 8) != 0,
        .onset_ms = sql_int(st, 9),
        .raised_ms = sql_int(st, 10),
        .returned_ms = sql_is_null(st, 11) ? 0 : sql_int(st, 11),
    };
    span.worst_level = sql_is_null(st, 6) ? span.level : level_of(text_at(spans, st, 6));
    g_strlcpy(span.id, sql_text(st, 0), sizeof span.id);
    if (span.condition < CONDITIONS)
        g_array_append_val(spans->list, span);
}

static void bind_texts(SqlStatement *st, int index, const GPtrArray *texts) {
    for (guint i = 0; i < texts->len; i++)
        sql_bind_text(st, index++, texts->pdata[i]);
}

static gboolean read_rows(AlarmSpans *spans, SqlStatement *st, guint limit, gboolean *truncated,
                          GError **error) {
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        if (spans->list->len == limit) {
            *truncated = TRUE;
            sql_reset(st);
            return TRUE;
        }
        add_row(spans, st);
    }
    return step == SQL_DONE;
}

AlarmSpans *alarm_spans_read(Sql *records, const Packs *packs, const Actor *actor,
                             const char *enterprise, const char *region, gint64 from_ms,
                             gint64 to_ms, guint limit, gboolean *truncated, GError **error) {
    const RecordType *type = packs_type(packs, "alarm");
    g_autoptr(GString) text = g_string_new(columns);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    *truncated = FALSE;
    if (enterprise) {
        g_string_append(text, " AND _enterprise = ?");
        g_ptr_array_add(texts, g_strdup(enterprise));
    }
    if (region && region[0]) {
        g_string_append(text, " AND _region >= ? AND _region < ?");
        g_ptr_array_add(texts, g_strdup(region));
        g_ptr_array_add(texts, rights_prefix_end(region));
    }
    rights_scope_sql(records, actor, type, "_id", text, texts);
    g_string_append(text, " ORDER BY raised_at, _id");
    SqlStatement *st = sql_prepare(records, text->str, error);
    if (st == NULL)
        return NULL;
    sql_bind_int(st, 1, to_ms);
    sql_bind_int(st, 2, from_ms);
    bind_texts(st, 3, texts);
    AlarmSpans *spans = alarm_spans_new();
    if (read_rows(spans, st, limit, truncated, error)) {
        alarm_spans_clip(spans, from_ms, to_ms);
        return spans;
    }
    alarm_spans_free(spans);
    return NULL;
}
