#include "signal/alarm_event.h"

#include "base/hash.h"

const char *alarm_condition_code(AlarmCondition condition) {
    static const char *const codes[CONDITIONS] = {"high", "low", "rate", "stale", "stuck", "bad"};
    g_assert(condition < CONDITIONS);
    return codes[condition];
}

const char *alarm_level_code(AlarmLevel level) {
    static const char *const codes[] = {"normal", "H", "HH", "L", "LL", "R", "F"};
    g_assert(level <= ALARM_LEVEL_F);
    return codes[level];
}

char *alarm_id(const char *point_code, AlarmCondition condition, gint64 onset_ms,
               char out[static 27]) {
    guint8 hash[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add_text(state, point_code);
    hash_add_text(state, alarm_condition_code(condition));
    hash_add_int(state, onset_ms);
    hash_end(state, hash);
    return id_of_bytes(hash, out);
}
