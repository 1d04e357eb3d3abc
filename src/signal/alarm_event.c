#include "signal/alarm_event.h"

#include "base/hash.h"

#include <string.h>

static const char *const codes[CONDITIONS] = {
    "high",     "low",   "rate",   "stale",       "stuck", "bad",     "deviation",
    "discrete", "count", "device", "underreport", "vote",  "formula", "contact"};

const char *alarm_condition_code(AlarmCondition condition) {
    g_assert(condition < CONDITIONS);
    return codes[condition];
}

AlarmCondition alarm_condition_of(const char *code) {
    AlarmCondition condition = 0;
    while (condition < CONDITIONS && strcmp(codes[condition], code) != 0)
        condition++;
    return condition;
}

const char *alarm_level_code(AlarmLevel level) {
    static const char *const levels[] = {"normal", "H", "HH", "L", "LL", "R", "F", "A"};
    g_assert(level <= ALARM_LEVEL_A);
    return levels[level];
}

char *alarm_id(const char *point_code, const char *rule, AlarmCondition condition, gint64 onset_ms,
               char out[static 27]) {
    guint8 hash[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add_text(state, point_code);
    if (rule[0])
        hash_add_text(state, rule);
    hash_add_text(state, alarm_condition_code(condition));
    hash_add_int(state, onset_ms);
    hash_end(state, hash);
    return id_of_bytes(hash, out);
}
