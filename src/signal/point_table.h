/* All points in memory: code -> number, definition by number. Read by every door and by the engine.
 *
 * Numbers are given once and kept in the samples database (table `point`), so a log written last
 * year still means the same points. Look-up takes no lock and may be made on any thread;
 * point_table_apply publishes one definition atomically and is called by one thread only (the
 * engine's, see pipeline.h). A replaced definition stays readable for the next 4096 applies, its
 * strings for the life of the table. Cost: about 240 bytes a point. */
#pragma once
#include "base/error.h"
#include "signal/sample.h"
#include "store/sql.h"
#include <jansson.h>

#define POINT_NONE G_MAXUINT32

typedef struct {
    char *code, *name;
    const char *unit;                                             /* interned */
    const char *enterprise;                                       /* interned code */
    const char *measure;                                          /* interned */
    double range_low, range_high;                                 /* NAN: none */
    double limit_low_low, limit_low, limit_high, limit_high_high; /* NAN: not watched */
    double hysteresis;                                            /* >= 0, in unit */
    double rate_limit; /* unit per minute; NAN: not watched */
    gint32 on_delay_ms, off_delay_ms;
    gint64 stale_ms, stuck_ms; /* 0: not watched */
    const char *extra;         /* what only few points have: canonical JSON of their rules
                                  (signal/point_rule.h), interned; NULL: nothing */
    guint8 priority;           /* 1..4; default 2 */
    guint8 latch, in_service;  /* truth values */
    guint8 suppressed;         /* by design: judged, but not announced (mode of operation) */
    guint8 review;             /* its alarms are closed with cause, handling and a review */
} PointDef;

typedef struct PointTable PointTable;
PointTable *point_table_new(void);
void point_table_free(PointTable *table);
/* Makes the tables of the samples database that hold the numbers. On its SQL_WRITE connection, at
 * start. */
gboolean point_table_migrate(Sql *samples, GError **error);
/* Loads numbers, gives new ones to codes that have none (written through `samples`, SQL_WRITE), and
 * sets all definitions from the records database's point table (`records`, any connection; table
 * r_point, see record/). At start. */
gboolean point_table_load(PointTable *table, Sql *samples, Sql *records, GError **error);
/* The same for who only reads: points without a number, which have never said anything, are left
 * out. Both connections SQL_READ. */
gboolean point_table_read(PointTable *table, Sql *samples, Sql *records, GError **error);
/* The definition of a point record (JSON as in docs/api.md) as the engine needs it. Caller frees
 * with point_def_clear. */
void point_def_read(PointDef *def, json_t *record);
void point_def_clear(PointDef *def);
void point_def_copy(PointDef *def, const PointDef *from); /* cleared with point_def_clear */
json_t *point_def_write(const PointDef *def); /* the record again, as far as the engine knows it */
/* A number of what the engine judges by (limits, delays, service): equal definitions have equal
 * numbers. */
guint32 point_def_hash(const PointDef *def);

guint32 point_table_count(const PointTable *table);
/* POINT_NONE when unknown. `code` need not be terminated. */
guint32 point_table_find(const PointTable *table, const char *code, gsize n);
/* Whether the number has this code; false for numbers not in use. */
gboolean point_table_is(const PointTable *table, guint32 point, const char *code, gsize n);

/* The look-up in steps, for many codes at once: each step waits for memory that the step before it
 * (over all codes) has asked for. hash -> guess (or POINT_NONE when there is surely none) -> look
 * at the guess -> the answer, as point_table_find gives it. */
guint64 point_table_hash(const PointTable *table, const char *code, gsize n);
guint32 point_table_guess(const PointTable *table, guint64 hash);
void point_table_look(const PointTable *table, guint32 guess);
guint32 point_table_find_hashed(const PointTable *table, guint64 hash, const char *code, gsize n);

/* Borrowed; never NULL: a blank one for numbers not in use. */
const PointDef *point_table_def(const PointTable *table, guint32 point);
/* The same as its definition's `enterprise`, without touching the definition. */
const char *point_table_enterprise(const PointTable *table, guint32 point);
/* Numbers of an enterprise's points, ascending; caller frees the array of guint32. Looks through
 * all points (0.4 ms for 440,000). */
GArray *point_table_of_enterprise(const PointTable *table, const char *enterprise);
/* Adds or replaces one definition (def is taken over). A new code must already have its number in
 * the samples database. */
void point_table_apply(PointTable *table, guint32 point, PointDef *def_take);
