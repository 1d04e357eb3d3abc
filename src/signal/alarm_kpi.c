#include "signal/alarm_kpi.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

enum { SLOT_MS = 600000, HOUR_MS = 3600000, SLOTS_PER_HOUR = 6, TOP = 10 };

static const struct {
    const char *name, *unit, *zh, *en;
} kinds[KPIS] = {
    [KPI_PER_DAY] = {"per_day", "", "每岗位每天报警数", "Alarms per position and day"},
    [KPI_PER_HOUR] = {"per_hour", "", "每岗位每小时报警数", "Alarms per position and hour"},
    [KPI_PER_10MIN] = {"per_10min", "", "每岗位每10分钟报警数", "Alarms per position and 10 min"},
    [KPI_HOURS_OVER] = {"hours_over_30", "%", "报警过多的小时占比", "Hours with too many alarms"},
    [KPI_SLOTS_OVER] = {"slots_over_10", "%", "报警过多的10分钟占比",
                        "10 min with too many alarms"},
    [KPI_SLOT_MAX] = {"slot_max", "", "10分钟最多报警数", "Most alarms in 10 min"},
    [KPI_FLOOD_SHARE] = {"flood_share", "%", "报警泛滥时间占比", "Time in flood"},
    [KPI_TOP_SHARE] = {"top10_share", "%", "前10位报警占比", "Share of the ten most frequent"},
    [KPI_CHATTERING] = {"chattering", "", "抖动报警数", "Chattering alarms"},
    [KPI_FLEETING] = {"fleeting", "", "瞬时报警次数", "Fleeting alarms"},
    [KPI_STALE] = {"stale", "", "长期存在的报警数", "Stale alarms"},
    [KPI_PRIORITY_1] = {"priority_1", "%", "紧急报警占比", "Urgent (priority 1)"},
    [KPI_PRIORITY_2] = {"priority_2", "%", "高优先级占比", "High (priority 2)"},
    [KPI_PRIORITY_3] = {"priority_3", "%", "中优先级占比", "Medium (priority 3)"},
    [KPI_PRIORITY_4] = {"priority_4", "%", "低优先级占比", "Low (priority 4)"},
};

const char *alarm_kpi_name(AlarmKpi kpi) { return kinds[kpi].name; }
const char *alarm_kpi_title(AlarmKpi kpi) { return kinds[kpi].en; }

/* ---- the table ---- */

static double cell(const PackTable *table, AlarmKpi kpi, const char *column) {
    Term key = {.kind = TERM_TEXT, .text = kinds[kpi].name};
    int at = table ? table_column(table, column) : -1;
    Term found = at >= 0 ? table_lookup(table, (guint)at, &key) : (Term){.kind = TERM_NONE};
    return found.kind == TERM_NUMBER ? found.number : NAN;
}

static double measure(const PackTable *table, AlarmKpi kpi, const char *column, double otherwise) {
    double value = cell(table, kpi, column);
    return isnan(value) ? otherwise : value;
}

const char *alarm_kpi_verdict(const PackTable *table, AlarmKpi kpi, double value) {
    double acceptable = cell(table, kpi, "acceptable");
    double manageable = measure(table, kpi, "manageable", acceptable);
    if (isnan(acceptable) || isnan(value))
        return NULL;
    return value <= acceptable ? "good" : value <= manageable ? "manageable" : "bad";
}

/* ---- grouping ---- */

static gboolean counts(const AlarmSpan *span, gint64 from_ms, gint64 to_ms) {
    return span->announced && span->raised_ms >= from_ms && span->raised_ms < to_ms;
}

static gint by_enterprise(gconstpointer a, gconstpointer b) {
    const AlarmSpan *x = *(AlarmSpan *const *)a, *y = *(AlarmSpan *const *)b;
    int order = strcmp(x->enterprise, y->enterprise);
    return order ? order : (x->raised_ms > y->raised_ms) - (x->raised_ms < y->raised_ms);
}

static gint by_alarm(gconstpointer a, gconstpointer b) {
    const AlarmSpan *x = *(AlarmSpan *const *)a, *y = *(AlarmSpan *const *)b;
    int order = strcmp(x->point, y->point);
    if (order == 0)
        order = strcmp(x->enterprise, y->enterprise);
    if (order == 0)
        order = (int)x->condition - (int)y->condition;
    if (order == 0)
        order = strcmp(x->rule, y->rule);
    return order ? order : (x->raised_ms > y->raised_ms) - (x->raised_ms < y->raised_ms);
}

static gboolean same_alarm(const AlarmSpan *x, const AlarmSpan *y) {
    return x->condition == y->condition && strcmp(x->point, y->point) == 0 &&
           strcmp(x->rule, y->rule) == 0 && strcmp(x->enterprise, y->enterprise) == 0;
}

/* Those of the period, in the order. */
static GPtrArray *sorted(const AlarmSpans *spans, gint64 from_ms, gint64 to_ms,
                         GCompareFunc order) {
    GPtrArray *list = g_ptr_array_new();
    for (guint i = 0; i < spans->list->len; i++) {
        const AlarmSpan *span = alarm_spans_at(spans, i);
        if (counts(span, from_ms, to_ms))
            g_ptr_array_add(list, (gpointer)span);
    }
    g_ptr_array_sort(list, order);
    return list;
}

/* ---- slots of time ---- */

typedef struct {
    guint hours_over, slots_over, slot_max, flood;
} Crowd;

/* One position's slots, in order; empty ones are not told. */
typedef struct {
    Crowd *crowd;
    guint over_hour, over_slot, flood_until;
    gint64 slot, hour;
    guint in_slot, in_hour;
    gint64 flood_slot; /* the last one of a flood; -1: none */
} Cut;

static void slot_ends(Cut *cut) {
    if (cut->in_slot == 0)
        return;
    gboolean over = cut->in_slot > cut->over_slot;
    gboolean lasts = cut->flood_slot >= 0 && cut->flood_slot == cut->slot - 1 &&
                     cut->in_slot >= cut->flood_until;
    cut->crowd->slots_over += over;
    cut->crowd->slot_max = MAX(cut->crowd->slot_max, cut->in_slot);
    if (over || lasts) {
        cut->crowd->flood++;
        cut->flood_slot = cut->slot;
    }
    cut->in_slot = 0;
}

static void hour_ends(Cut *cut) {
    cut->crowd->hours_over += cut->in_hour > cut->over_hour;
    cut->in_hour = 0;
}

static void cut_add(Cut *cut, gint64 since_ms) {
    if (since_ms / SLOT_MS != cut->slot)
        slot_ends(cut);
    if (since_ms / HOUR_MS != cut->hour)
        hour_ends(cut);
    cut->slot = since_ms / SLOT_MS;
    cut->hour = since_ms / HOUR_MS;
    cut->in_slot++;
    cut->in_hour++;
}

static Crowd crowd_of(const GPtrArray *list, const PackTable *table, gint64 from_ms) {
    Crowd crowd = {0};
    for (guint i = 0; i < list->len;) {
        const char *enterprise = ((const AlarmSpan *)list->pdata[i])->enterprise;
        Cut cut = {.crowd = &crowd,
                   .over_hour = (guint)measure(table, KPI_HOURS_OVER, "count", 30),
                   .over_slot = (guint)measure(table, KPI_SLOTS_OVER, "count", 10),
                   .flood_until = (guint)measure(table, KPI_FLOOD_SHARE, "until", 5),
                   .flood_slot = -1};
        for (; i < list->len; i++) {
            const AlarmSpan *span = list->pdata[i];
            if (strcmp(span->enterprise, enterprise) != 0)
                break;
            cut_add(&cut, span->raised_ms - from_ms);
        }
        slot_ends(&cut);
        hour_ends(&cut);
    }
    return crowd;
}

/* ---- alarms that come often ---- */

typedef struct {
    const AlarmSpan *first;
    guint alarms, fleeting;
    gboolean chatters;
} Often;

static gboolean chatters(const GPtrArray *list, guint from, guint to, guint count, gint64 within) {
    for (guint i = from; i + count <= to; i++) {
        const AlarmSpan *a = list->pdata[i], *b = list->pdata[i + count - 1];
        if (b->raised_ms - a->raised_ms <= within)
            return TRUE;
    }
    return FALSE;
}

static gint most_first(gconstpointer a, gconstpointer b) {
    const Often *x = a, *y = b;
    if (x->alarms != y->alarms)
        return x->alarms > y->alarms ? -1 : 1;
    int order = strcmp(x->first->point, y->first->point);
    return order ? order : (int)x->first->condition - (int)y->first->condition;
}

/* Array of Often, the most frequent first. */
static GArray *often_of(const AlarmSpans *spans, const PackTable *table, gint64 from_ms,
                        gint64 to_ms) {
    gint64 fleeting_ms = (gint64)(measure(table, KPI_FLEETING, "within_s", 60) * 1000);
    guint count = MAX((guint)measure(table, KPI_CHATTERING, "count", 3), 2);
    gint64 within = (gint64)(measure(table, KPI_CHATTERING, "within_s", 60) * 1000);
    g_autoptr(GPtrArray) list = sorted(spans, from_ms, to_ms, by_alarm);
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Often));
    for (guint from = 0, to; from < list->len; from = to) {
        Often often = {.first = list->pdata[from]};
        for (to = from; to < list->len && same_alarm(often.first, list->pdata[to]); to++) {
            const AlarmSpan *span = list->pdata[to];
            often.fleeting +=
                span->returned_ms && span->returned_ms - span->raised_ms <= fleeting_ms;
        }
        often.alarms = to - from;
        often.chatters = chatters(list, from, to, count, within);
        g_array_append_val(all, often);
    }
    g_array_sort(all, most_first);
    return all;
}

/* ---- alarms that stand long ---- */

/* The most that had been standing for so long at the end of a day of the period. */
static guint stale_most(const AlarmSpans *spans, gint64 long_ms, gint64 from_ms, gint64 to_ms) {
    guint days = (guint)((to_ms - from_ms + DAY_MS - 1) / DAY_MS), most = 0;
    g_autofree gint *change = g_new0(gint, days + 2);
    for (guint i = 0; i < spans->list->len; i++) {
        const AlarmSpan *span = alarm_spans_at(spans, i);
        gint64 old_ms = MAX(span->raised_ms + long_ms, from_ms) - from_ms;
        gint64 first = old_ms / DAY_MS + 1; /* days are told by their end */
        gint64 last = span->returned_ms ? (span->returned_ms - from_ms) / DAY_MS : days;
        if (!span->announced || span->raised_ms + long_ms >= to_ms || first > last)
            continue;
        change[MIN(first, (gint64)days)]++;
        change[MIN(last, (gint64)days) + 1]--;
    }
    gint standing = 0;
    for (guint day = 1; day <= days; day++) {
        standing += change[day];
        most = MAX(most, (guint)MAX(standing, 0));
    }
    return most;
}

/* ---- all of it ---- */

static double share(double part, double whole) { return whole > 0 ? part / whole * 100 : NAN; }

static void count_priorities(AlarmKpis *kpis, const GPtrArray *list) {
    guint by[4] = {0};
    for (guint i = 0; i < list->len; i++) {
        const AlarmSpan *span = list->pdata[i];
        if (span->priority >= 1 && span->priority <= 4)
            by[span->priority - 1]++;
    }
    for (guint i = 0; i < 4; i++)
        kpis->value[KPI_PRIORITY_1 + i] = share(by[i], list->len);
}

AlarmKpis alarm_kpis(const AlarmSpans *spans, const PackTable *table, guint positions,
                     gint64 from_ms, gint64 to_ms) {
    g_autoptr(GPtrArray) list = sorted(spans, from_ms, to_ms, by_enterprise);
    g_autoptr(GArray) often = often_of(spans, table, from_ms, to_ms);
    AlarmKpis kpis = {
        .from_ms = from_ms, .to_ms = to_ms, .positions = positions, .alarms = list->len};
    double span_ms = (double)MAX(to_ms - from_ms, 1) * MAX(positions, 1), top = 0;
    Crowd crowd = crowd_of(list, table, from_ms);
    kpis.value[KPI_PER_DAY] = list->len / (span_ms / DAY_MS);
    kpis.value[KPI_PER_HOUR] = list->len / (span_ms / HOUR_MS);
    kpis.value[KPI_PER_10MIN] = list->len / (span_ms / SLOT_MS);
    kpis.value[KPI_HOURS_OVER] = MIN(share(crowd.hours_over, span_ms / HOUR_MS), 100);
    kpis.value[KPI_SLOTS_OVER] = MIN(share(crowd.slots_over, span_ms / SLOT_MS), 100);
    kpis.value[KPI_SLOT_MAX] = crowd.slot_max;
    kpis.value[KPI_FLOOD_SHARE] = MIN(share(crowd.flood, span_ms / SLOT_MS), 100);
    for (guint i = 0; i < often->len; i++) {
        const Often *one = &g_array_index(often, Often, i);
        top += i < TOP ? one->alarms : 0;
        kpis.value[KPI_CHATTERING] += one->chatters;
        kpis.value[KPI_FLEETING] += one->fleeting;
    }
    /* of ten kinds of alarm it is always all */
    kpis.value[KPI_TOP_SHARE] = often->len > TOP ? share(top, list->len) : NAN;
    gint64 long_ms = (gint64)(measure(table, KPI_STALE, "within_s", 86400) * 1000);
    kpis.value[KPI_STALE] = (double)stale_most(spans, long_ms, from_ms, to_ms) / MAX(positions, 1);
    count_priorities(&kpis, list);
    return kpis;
}

static void set_figure(json_t *json, const char *name, double value) {
    if (isfinite(value))
        json_object_set_new(json, name, json_real(value));
}

static void set_time(json_t *json, const char *name, gint64 ms) {
    char text[TIME_TEXT];
    json_object_set_new(json, name, json_string(time_format(ms, text)));
}

json_t *alarm_kpis_json(const AlarmKpis *kpis, const PackTable *table) {
    json_t *figures = json_array();
    for (AlarmKpi kpi = 0; kpi < KPIS; kpi++) {
        static const char *const bounds[] = {"acceptable", "manageable", "target"};
        json_t *figure =
            json_pack("{s:s, s:s, s:{s:s, s:s}}", "kpi", kinds[kpi].name, "unit", kinds[kpi].unit,
                      "title", "zh", kinds[kpi].zh, "en", kinds[kpi].en);
        const char *verdict = alarm_kpi_verdict(table, kpi, kpis->value[kpi]);
        set_figure(figure, "value", kpis->value[kpi]);
        for (guint i = 0; i < G_N_ELEMENTS(bounds); i++)
            set_figure(figure, bounds[i], cell(table, kpi, bounds[i]));
        if (verdict)
            json_object_set_new(figure, "verdict", json_string(verdict));
        json_array_append_new(figures, figure);
    }
    json_t *json = json_pack("{s:i, s:i, s:o}", "positions", (int)kpis->positions, "alarms",
                             (int)kpis->alarms, "figures", figures);
    set_time(json, "from", kpis->from_ms);
    set_time(json, "to", kpis->to_ms);
    return json;
}

json_t *alarm_kpi_worst(const AlarmSpans *spans, const PackTable *table, gint64 from_ms,
                        gint64 to_ms, guint limit) {
    g_autoptr(GArray) often = often_of(spans, table, from_ms, to_ms);
    json_t *list = json_array();
    guint total = 0;
    for (guint i = 0; i < often->len; i++)
        total += g_array_index(often, Often, i).alarms;
    for (guint i = 0; i < MIN(often->len, limit); i++) {
        const Often *one = &g_array_index(often, Often, i);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:i, s:f, s:i, s:b}", "point", one->first->point,
                            "enterprise", one->first->enterprise, "condition",
                            alarm_condition_code(one->first->condition), "rule", one->first->rule,
                            "alarms", (int)one->alarms, "share", share(one->alarms, total),
                            "fleeting", (int)one->fleeting, "chattering", (int)one->chatters));
    }
    return list;
}
