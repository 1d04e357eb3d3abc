/* What the parts of the nightly look share. Private to night*.c. */
#pragma once
#include "signal/gateways.h"
#include "signal/night.h"

/* A point of the enterprise. */
typedef struct {
    char *code, *measure;
    guint32 number;                       /* POINT_NONE: it never had one */
    double range_low, range_high;         /* NAN: none */
    gint64 stale_ms, period_ms, until_ms; /* 0: none */
    gint64 created_ms;
    gboolean derived, out; /* a formula; out of service */
    PointDay day;
} NightPoint;

typedef struct {
    guint32 number;
    PointDay day;
} NightKept;

/* One enterprise's day being judged. */
typedef struct {
    const NightSource *source;
    NightResult *result;
    gint64 from_ms, to_ms;
    GArray *points; /* NightPoint */
    GatewaySlots down, heard;
    gint64 gap_ms, stale_ms, window_ms;
} Night;

/* The samples of a point's day, ordered, without doubles; NULL on error. */
GArray *night_samples(const Night *night, guint32 number, gint64 from_ms, gint64 to_ms,
                      GError **error);
void night_add(Night *night, HonestyRule rule, const char *point, const char *other, gint64 from_ms,
               gint64 to_ms, char *evidence_take);
HonestyLimits night_limits(const Night *night, const char *measure);

/* night_quality.c */
void quality_point(Night *night, NightPoint *point, const GArray *samples, const PointDay *former);
gboolean quality_gateways(Night *night, GError **error);
/* night_journal.c */
gboolean journal_limits(Night *night, const NightPoint *point, const GArray *samples,
                        GError **error);
gboolean journal_bypass(Night *night, GError **error);
