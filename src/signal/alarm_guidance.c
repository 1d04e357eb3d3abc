/* The guidance of an alarm (type alarm_guidance): each answer from the most specific record that
 * has it. */
#include "signal/alarm_sink_part.h"

#include <string.h>

enum { ANSWERS = 3 };
static const char *const answers[ANSWERS] = {"likely_cause", "consequence", "action"};

typedef struct {
    char *text[ANSWERS];
    int score[ANSWERS], respond_score;
    gint64 respond_min;
} Found;

/* Of the columns point, equipment, installation, condition, measure: whether they fit, and how
 * specific they are; -1: they do not fit. An empty one fits everything. */
static int score_of(SqlStatement *st, const char *const *own) {
    static const int weight[] = {32, 16, 8, 4, 2};
    int score = 1;
    for (int i = 0; i < (int)G_N_ELEMENTS(weight); i++) {
        if (sql_is_null(st, i))
            continue;
        if (own[i] == NULL || strcmp(sql_text(st, i), own[i]) != 0)
            return -1;
        score += weight[i];
    }
    return score;
}

static void take(Found *found, SqlStatement *st, int score) {
    enum { FIRST = 5 };
    for (int i = 0; i < ANSWERS; i++) {
        if (sql_is_null(st, FIRST + i) || score <= found->score[i])
            continue;
        g_free(found->text[i]);
        found->text[i] = g_strdup(sql_text(st, FIRST + i));
        found->score[i] = score;
    }
    if (!sql_is_null(st, FIRST + ANSWERS) && score > found->respond_score) {
        found->respond_min = sql_int(st, FIRST + ANSWERS);
        found->respond_score = score;
    }
}

static void give(const Sink *sink, Found *found, json_t *fields) {
    for (int i = 0; i < ANSWERS; i++) {
        sink_set_text(fields, answers[i], found->text[i]);
        g_free(found->text[i]);
    }
    if (found->respond_score > 0)
        sink_set_time(fields, "respond_by", sink->event->at_ms + found->respond_min * 60000);
}

static gboolean look(const Sink *sink, const char *const *own, json_t *fields, GError **error) {
    SqlStatement *st =
        sql_query(sink->records, error,
                  "SELECT point, equipment, installation, condition, measure, likely_cause, "
                  "consequence, action, respond_min FROM r_alarm_guidance WHERE _enterprise = ? "
                  "ORDER BY _id",
                  "t", sink->def->enterprise);
    if (st == NULL)
        return FALSE;
    Found found = {.respond_score = 0};
    SqlStep step;
    while ((step = sql_step(st, error)) == SQL_ROW) {
        int score = score_of(st, own);
        if (score > 0)
            take(&found, st, score);
    }
    give(sink, &found, fields);
    return step == SQL_DONE;
}

gboolean sink_guide(const Sink *sink, json_t *fields, GError **error) {
    SqlStatement *st =
        sql_query(sink->records, error, "SELECT equipment, installation FROM r_point WHERE _id = ?",
                  "t", sink->def->code);
    if (st == NULL)
        return FALSE;
    SqlStep step = sql_step(st, error);
    g_autofree char *equipment =
        step == SQL_ROW && !sql_is_null(st, 0) ? g_strdup(sql_text(st, 0)) : NULL;
    g_autofree char *installation =
        step == SQL_ROW && !sql_is_null(st, 1) ? g_strdup(sql_text(st, 1)) : NULL;
    sql_reset(st);
    const char *own[] = {sink->def->code, equipment, installation,
                         alarm_condition_code(sink->event->condition), sink->def->measure};
    return (step == SQL_ROW || step == SQL_DONE) && look(sink, own, fields, error);
}
