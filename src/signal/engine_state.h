/* The engine's memory of a point, in two parts: what every sample needs (one cache line) and what
 * only a point near or in an alarm needs. Private to engine*.c. */
#pragma once
#include "signal/engine.h"
#include "signal/point_rule.h"

/* What can be met and, after its delay, active. The first four are the levels of HIGH and LOW.
 * STALE and STUCK have no delay, so only their active bit is used. */
enum {
    WATCH_H,
    WATCH_HH,
    WATCH_L,
    WATCH_LL,
    WATCH_RATE,
    WATCH_BAD,
    WATCH_STALE,
    WATCH_STUCK,
    WATCHES,
    DELAYED = WATCH_STALE
};

enum {
    POINT_FRESH =
        1, /* never had a sample; `received_ms` is when the engine first saw it, 0 = not yet */
    POINT_OUT = 2,      /* out of service */
    POINT_RATE = 4,     /* has a rate limit */
    POINT_HAS_GOOD = 8, /* had a sample that was not bad */
    POINT_BACKLOG = 16,
    POINT_SUPPRESSED = 32, /* by its definition */
    POINT_EXTRA = 64,      /* has rules */
    POINT_SLOW = POINT_FRESH | POINT_OUT | POINT_RATE,
};

enum { BACKLOG_MS = 60000, NEVER_32 = G_MAXINT32 };

typedef struct {
    gint64 time_ms, received_ms; /* of the last sample in order */
    double value;
    gint64 same_since_ms;         /* the first sample of the run of equal values */
    double quiet_low, quiet_high; /* values between them meet no level (from the definition) */
    gint32 stale_ms, stuck_ms;    /* from the definition; NEVER_32: not watched */
    guint8 met, active;           /* bits of WATCH_ */
    guint8 state;                 /* bits of POINT_ */
    guint8 quality;
    guint32 reserved;
} Hot;
G_STATIC_ASSERT(sizeof(Hot) == 64);

/* Per condition HIGH, LOW, RATE. */
enum { MEASURED = 3 };
typedef struct {
    gint64 since_ms[DELAYED]; /* when the met bit last changed */
    gint64 onset_ms[POINT_CONDITIONS];
    double first[MEASURED],
        worst[MEASURED]; /* of the occurrence: value that met it first, farthest value */
    double good_value, rate;
    gint64
        good_ms; /* with good_value: the last sample that was not bad, when the last one is bad */
} Cold;

/* The memory of a point that has rules: its own copy of what they look at, so that it can be saved
 * and replayed with its slice, whatever the slices of the other points are at. */
typedef struct {
    double value;
    gint64 time_ms; /* 0: none yet */
} ExtraInput;

typedef struct {
    gint64 since_ms, onset_ms;
    double first, worst, value;
    gint64 edge_ms[RULE_COUNT_MAX]; /* count: the last times the limit was passed */
    guint8 edges, edge_met, met, active;
} RuleState;

typedef struct {
    guint32 point;
    const char *text; /* the definition's `extra`, interned */
    PointRules *rules;
    RuleState *state;
    ExtraInput *input;
    guint32 *number;             /* of the points looked at; POINT_NONE: not in the table yet */
    gint64 time_ms, received_ms; /* of the latest input; 0: none yet */
    guint32 mask;                /* conditions that its inhibiting rules suppress */
    guint8 pending;              /* inputs came that are not judged yet */
    guint8 backlog;
} Extra;

typedef struct {
    GPtrArray *extras; /* Extra, by point; NULL while there is none */
    Hot hot[ENGINE_SLICE];
    Cold cold[ENGINE_SLICE];
    /* A tick with received_ms >= due looks at the point; never later than the point needs, often
     * earlier. */
    gint64 due_ms[ENGINE_SLICE];
    gint64 position;
    gboolean touched;
    guint8 changed[ENGINE_SLICE / 8]; /* bits: definition differs from the one it was saved under */
} Slice;

struct Engine {
    const PointTable *table;
    EngineOutput output;
    Slice **slice;
    guint32 points, slices;
    gint64 max_position; /* of all slices: rows above it need no look at positions */
    EngineCounts counts;
    GHashTable *feeds;  /* point -> GArray of the points whose rules look at it; NULL: none */
    guint64 *feed_bits; /* the keys of feeds */
    guint32 feed_words;
    gboolean unresolved; /* some rule looks at a point that is not in the table yet */
};

typedef struct {
    gint64 time_ms, received_ms;
    double value;
    Quality quality;
} Judged;

/* One look at one point: by a sample, a tick or a change. */
typedef struct {
    Engine *engine;
    const PointDef *def;
    Hot *hot;
    Cold *cold;
    Extra *extra; /* or NULL */
    gint64 *due_ms;
    guint32 point;
    gint64 seq; /* of its next event */
    gboolean late;
} Turn;

Turn engine_turn(Engine *engine, guint32 point, gint64 seq);
void engine_derive(Hot *hot, const PointDef *def); /* the members that come from the definition */
void engine_fresh(Slice *slice, guint32 i, const PointDef *def);

/* A sample of a point through all of the engine: order, rules, history. */
void engine_sample(Engine *engine, guint32 point, const Judged *sample, gint64 event_seq);

/* engine_rules.c */
void rules_sample(Turn *turn, const Judged *sample); /* in order */
void rules_tick(Turn *turn, gint64 received_ms);     /* sets *due_ms */
void rules_changed(Turn *turn, gint64 received_ms);
AlarmLevel rules_level(guint8 active, AlarmCondition condition);
/* Says which standing conditions are suppressed from now on, or no longer; masks of 1 <<
 * AlarmCondition. */
void rules_suppress(Turn *turn, guint32 before, guint32 after, gint64 at_ms);
guint32 rules_mask(const Turn *turn); /* what is suppressed now */
void rules_standing(const Turn *turn, GArray *events);

/* engine.c */
void engine_say(Engine *engine, const AlarmEvent *event);

/* engine_extra*.c, engine_feeds.c */
Extra *extra_find(const Slice *slice, guint32 point);
/* Gives the point the rules of its definition, as new. */
void extra_install(Engine *engine, guint32 point);
void extras_free(Slice *slice);
void extras_resolve(Engine *engine); /* points that are in the table by now */
/* A sample of `point` for all rules that look at it. */
void extras_feed(Engine *engine, gint64 seq, guint32 place, guint32 point, const Judged *sample);
void extra_tick(Turn *turn, gint64 received_ms);
/* The definition changed: rules that stay keep their state, the alarms of others return. */
void extra_changed(Turn *turn, gint64 received_ms);
void extra_leave_service(Turn *turn, gint64 received_ms);
void extra_judge(Turn *turn, gint64 received_ms); /* at once, with what is known */
guint32 extra_active(const Extra *extra);
void extra_standing(const Turn *turn, GArray *events);

/* engine_extra_save.c */
void extras_save(const Slice *slice, GByteArray *out);
/* Bytes that do not fit leave the rules as new. */
void extras_restore(Slice *slice, const guint8 *bytes, gsize n);
