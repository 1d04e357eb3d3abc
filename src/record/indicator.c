#include "record/indicator.h"
#include "record/act.h"
#include "record/facets.h"
#include "record/rights.h"
#include "record/schema.h"

#include <math.h>
#include <string.h>

enum { COUNTY_DIGITS = 6, MONTH_CHARS = 7, GROUPS_MAX = 4000 };

typedef struct {
    gint64 records; /* counted */
    gint64 values;  /* of them with a value of the field */
    double sum;     /* money in fen: their sums are exact */
} Count;

typedef enum { BY_NOTHING, BY_REGION, BY_ENTERPRISE, BY_MONTH, BY_FIELD } Grouping;

/* One reckoning: an indicator in a place and, when it is dated, from one day to another. */
typedef struct {
    const Act *act;
    const RecordType *type;
    const Indicator *indicator;
    const char *region; /* whose parts a breakdown shows */
    const char *below;  /* the division that was asked for; "": all in sight */
    gint64 from, to;    /* days; used when the indicator has a time */
    Grouping grouping;
    const Field *field; /* BY_FIELD */
} Reckoning;

/* --- what is counted --- */

/* Of indicators with a time only. */
static gboolean time_is_date(const Reckoning *r) {
    const Field *field = type_field(r->type, r->indicator->time);
    return field && field->kind == FIELD_DATE;
}

static void add_window(const Reckoning *r, GString *filter) {
    char from[TIME_TEXT], to[TIME_TEXT];
    if (time_is_date(r))
        g_string_append_printf(filter, "%s >= DATE('%s') AND %s <= DATE('%s')", r->indicator->time,
                               day_format(r->from, from), r->indicator->time,
                               day_format(r->to, to));
    else
        g_string_append_printf(filter, "%s >= TIMESTAMP('%s') AND %s < TIMESTAMP('%s')",
                               r->indicator->time, time_format(day_start(r->from), from),
                               r->indicator->time, time_format(day_start(r->to + 1), to));
}

static void add_part(GString *filter, const Condition *condition) {
    if (condition)
        g_string_append_printf(filter, "%s(%s)", filter->len ? " AND " : "",
                               condition_text(condition));
}

/* The CQL2 text of what is counted; of a share `whole` is what it is a share of. */
static char *filter_text(const Reckoning *r, gboolean whole) {
    GString *filter = g_string_new(NULL);
    add_part(filter, r->indicator->of);
    if (!whole)
        add_part(filter, r->indicator->where);
    if (r->indicator->time) {
        if (filter->len)
            g_string_append(filter, " AND ");
        add_window(r, filter);
    }
    return g_string_free(filter, FALSE);
}

/* --- counting --- */

static void add_group(const Reckoning *r, Query *query) {
    const char *column =
        r->indicator->time ? schema_column((gpointer)r->type, r->indicator->time) : NULL;
    switch (r->grouping) {
    case BY_REGION:
        query_add_format(query, "substr(_region, 1, %d)", (int)strlen(r->region) + 2);
        break;
    case BY_ENTERPRISE:
        query_add(query, "_enterprise");
        break;
    case BY_MONTH:
        if (time_is_date(r))
            query_add_format(query, "substr(%s, 1, %d)", column, MONTH_CHARS);
        else /* the day; days become months below */
            query_add_format(query, "(%s + %d) / %d", column, CST_OFFSET_MS, DAY_MS);
        break;
    case BY_FIELD:
        query_add(query, schema_column((gpointer)r->type, r->field->name));
        break;
    default:
        query_add(query, "1");
    }
}

static char *group_key(const Reckoning *r, SqlStatement *st) {
    if (r->grouping == BY_NOTHING || sql_is_null(st, 0))
        return g_strdup("");
    if (r->grouping == BY_FIELD && r->field->kind == FIELD_BOOL)
        return g_strdup(sql_int(st, 0) ? "true" : "false");
    if (r->grouping != BY_MONTH || time_is_date(r))
        return g_strdup(sql_text(st, 0));
    char day[TIME_TEXT];
    day_format(sql_int(st, 0), day);
    day[MONTH_CHARS] = 0;
    return g_strdup(day);
}

static Count *count_of(GHashTable *counts, char *key) {
    Count *count = g_hash_table_lookup(counts, key);
    if (count) {
        g_free(key);
        return count;
    }
    count = g_new0(Count, 1);
    g_hash_table_insert(counts, key, count);
    return count;
}

static void add_below(Query *query, const char *region) {
    if (*region == 0)
        return;
    g_autofree char *end = rights_prefix_end(region);
    query_add(query, " AND _region >= ? AND _region < ?");
    query_param_text(query, region);
    query_param_text(query, end);
}

/* Key of the group -> Count; the one group of an ungrouped figure has the key "". */
static GHashTable *count_groups(const Reckoning *r, gboolean whole, GError **error) {
    const Field *field = r->indicator->sum ? r->indicator->sum : r->indicator->mean;
    gboolean money = field && field->kind == FIELD_MONEY;
    g_autofree char *quoted = money ? g_strdup_printf("\"%s\"", field->name) : NULL;
    const char *column = money   ? quoted
                         : field ? schema_column((gpointer)r->type, field->name)
                                 : "_version";
    g_autofree char *filter = filter_text(r, whole);
    RecordQuery asked = {.filter = filter};
    g_autoptr(Query) query = query_new("SELECT ");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    add_group(r, query);
    query_add_format(query, ", count(*), count(%s), sum(%s)", column, column);
    if (!list_where(query, r->act, r->type, &asked, LIST_COUNTS, conditions, error))
        return NULL;
    add_below(query, r->below);
    query_add_format(query, " GROUP BY 1 ORDER BY 2 DESC LIMIT %d", GROUPS_MAX);
    SqlStatement *st = query_start(query, r->act->sql, error);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        Count *count = count_of(counts, group_key(r, st));
        count->records += sql_int(st, 1);
        count->values += sql_int(st, 2);
        count->sum += sql_is_null(st, 3) ? 0 : sql_double(st, 3);
    }
    return step == SQL_DONE ? g_steal_pointer(&counts) : NULL;
}

/* --- figures --- */

/* Of amounts and scores in hundredths, which are whole numbers. */
static double sum_value(const Indicator *indicator, const Count *part, double *scale) {
    const Field *field = indicator->sum ? indicator->sum : indicator->mean;
    *scale = field->kind == FIELD_MONEY || field->kind == FIELD_SCORE ? 100 : 1;
    return field->kind == FIELD_SCORE ? round(part->sum * 100) : part->sum;
}

/* FALSE: nothing to divide by. */
static gboolean figure_value(const Indicator *indicator, const Count *part, const Count *whole,
                             double *value) {
    gint64 below = indicator->of ? whole->records : indicator->mean ? part->values : 1;
    double scale = 1;
    double above = indicator->of                       ? 100.0 * (double)part->records
                   : indicator->sum || indicator->mean ? sum_value(indicator, part, &scale)
                                                       : (double)part->records;
    *value = below ? above / (double)below / scale : 0;
    return below != 0;
}

static json_t *figure_json(const Indicator *indicator, const Count *part, const Count *whole) {
    double value;
    json_t *figure = json_pack("{s:I}", "part", (json_int_t)part->records);
    json_object_set_new(figure, "value",
                        figure_value(indicator, part, whole, &value) ? json_real(value)
                                                                     : json_null());
    if (indicator->of)
        json_object_set_new(figure, "whole", json_integer(whole->records));
    return figure;
}

static void add_target(const Indicator *indicator, json_t *figure) {
    json_t *value = json_object_get(figure, "value");
    gboolean most = indicator->aim == AIM_AT_MOST;
    if (indicator->aim == AIM_NONE)
        return;
    json_object_set_new(figure, "target",
                        json_pack("{s:f}", most ? "at_most" : "at_least", indicator->target));
    if (json_is_number(value))
        json_object_set_new(figure, "met",
                            json_boolean(most ? json_number_value(value) <= indicator->target
                                              : json_number_value(value) >= indicator->target));
}

static json_t *one_figure(const Reckoning *r, GError **error) {
    static const Count none = {0};
    Reckoning ungrouped = *r;
    ungrouped.grouping = BY_NOTHING;
    g_autoptr(GHashTable) part = count_groups(&ungrouped, FALSE, error);
    g_autoptr(GHashTable) whole =
        part && r->indicator->of ? count_groups(&ungrouped, TRUE, error) : NULL;
    if (part == NULL || (r->indicator->of && whole == NULL))
        return NULL;
    const Count *p = g_hash_table_lookup(part, ""), *w = whole ? g_hash_table_lookup(whole, "") : p;
    return figure_json(r->indicator, p ? p : &none, w ? w : &none);
}

/* The same days a year before. */
static gboolean add_former(const Reckoning *r, json_t *figure, GError **error) {
    if (r->indicator->time == NULL)
        return TRUE;
    Reckoning before = *r;
    before.from = day_add_months(r->from, -12);
    before.to = day_add_months(r->to, -12);
    json_t *former = one_figure(&before, error);
    if (former == NULL)
        return FALSE;
    json_object_set(figure, "former", json_object_get(former, "value"));
    json_decref(former);
    return TRUE;
}

static void add_words(const Reckoning *r, json_t *figure) {
    const Indicator *indicator = r->indicator;
    g_autofree char *filter = filter_text(r, FALSE);
    json_t *basis = json_array();
    for (guint i = 0; indicator->basis && indicator->basis[i]; i++)
        json_array_append_new(basis, json_string(indicator->basis[i]));
    json_t *by = json_array();
    for (guint i = 0; i < indicator->by->len; i++)
        json_array_append_new(by, json_string(((const Field *)indicator->by->pdata[i])->name));
    json_object_update_new(figure, json_pack("{s:s, s:s, s:o, s:o, s:o, s:s*, s:s}", "type",
                                             r->type->name, "name", indicator->name, "title",
                                             title_json(&indicator->title), "basis", basis, "by",
                                             by, "unit", indicator->of ? "%" : indicator->unit,
                                             "filter", filter));
    if (indicator->time == NULL)
        return;
    char from[TIME_TEXT], to[TIME_TEXT];
    json_object_set_new(figure, "from", json_string(day_format(r->from, from)));
    json_object_set_new(figure, "to", json_string(day_format(r->to, to)));
}

static json_t *whole_figure(const Reckoning *r, GError **error) {
    json_t *figure = one_figure(r, error);
    if (figure == NULL)
        return NULL;
    add_target(r->indicator, figure);
    add_words(r, figure);
    if (!add_former(r, figure, error))
        g_clear_pointer(&figure, json_decref);
    return figure;
}

/* --- breakdown --- */

/* Title of a code, label of a record, or the key itself. */
static json_t *key_title(const Reckoning *r, const char *key) {
    const Packs *packs = r->act->packs;
    const char *type = r->grouping == BY_REGION       ? "region"
                       : r->grouping == BY_ENTERPRISE ? "enterprise"
                       : r->field                     ? r->field->ref_type
                                                      : NULL;
    if (r->field && r->field->kind == FIELD_CODE) {
        const CodeItem *item = g_hash_table_lookup(r->field->codes->by_code, key);
        return item ? title_json(&item->title) : json_pack("{s:s, s:s}", "zh", key, "en", key);
    }
    const RecordType *target = type ? packs_type(packs, type) : NULL;
    g_autofree char *label = target ? label_of(r->act->sql, target, key) : NULL;
    const char *text = label ? label : key;
    return json_pack("{s:s, s:s}", "zh", text, "en", text);
}

typedef struct {
    const char *key;
    const Count *part, *whole;
} Group;

static int by_key(gconstpointer a, gconstpointer b) {
    return strcmp(((const Group *)a)->key, ((const Group *)b)->key);
}

static int by_size(gconstpointer a, gconstpointer b) {
    const Group *x = a, *y = b;
    gint64 m = x->whole->records, n = y->whole->records;
    return m != n ? (m < n ? 1 : -1) : by_key(a, b);
}

static GArray *groups_join(const Reckoning *r, GHashTable *part, GHashTable *whole) {
    static const Count none = {0};
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(Group));
    GHashTableIter iter;
    gpointer key, count;
    g_hash_table_iter_init(&iter, whole ? whole : part);
    while (g_hash_table_iter_next(&iter, &key, &count)) {
        const Count *p = g_hash_table_lookup(part, key);
        Group group = {key, p ? p : &none, count};
        g_array_append_val(groups, group);
    }
    g_array_sort(groups, r->grouping == BY_FIELD ? by_size : by_key);
    return groups;
}

static json_t *items_json(const Reckoning *r, GError **error) {
    g_autoptr(GHashTable) part = count_groups(r, FALSE, error);
    g_autoptr(GHashTable) whole = part && r->indicator->of ? count_groups(r, TRUE, error) : NULL;
    if (part == NULL || (r->indicator->of && whole == NULL))
        return NULL;
    g_autoptr(GArray) groups = groups_join(r, part, whole);
    json_t *items = json_array();
    for (guint i = 0; i < groups->len; i++) {
        const Group *group = &g_array_index(groups, Group, i);
        json_t *item = figure_json(r->indicator, group->part, group->whole);
        json_object_set_new(item, "key", json_string(group->key));
        json_object_set_new(item, "title", key_title(r, group->key));
        json_array_append_new(items, item);
    }
    return items;
}

/* --- what is asked --- */

static gboolean set_window(Reckoning *r, const IndicatorQuery *asked, GError **error) {
    gint64 today = day_of(r->act->now_ms);
    char first[TIME_TEXT];
    day_format(today, first);
    strcpy(first + 5, "01-01");
    r->to = today;
    day_parse(first, &r->from);
    gboolean good = (!asked->from || day_parse(asked->from, &r->from)) &&
                    (!asked->to || day_parse(asked->to, &r->to)) && r->from <= r->to;
    return good || error_set(error, ERROR_REQUEST, "from", "from, to: days, from <= to",
                             "from=2026-01-01&to=2026-12-31", NULL);
}

static gboolean set_grouping(Reckoning *r, const char *by, GError **error) {
    const Field *field = by ? type_field(r->type, by) : NULL;
    if (by == NULL) {
        r->grouping = BY_NOTHING;
    } else if (field && g_ptr_array_find(r->indicator->by, field, NULL)) {
        r->grouping = BY_FIELD;
        r->field = field;
    } else if (strcmp(by, "region") == 0) {
        r->grouping = strlen(r->region) < COUNTY_DIGITS ? BY_REGION : BY_ENTERPRISE;
    } else if (strcmp(by, "month") == 0 && r->indicator->time) {
        r->grouping = BY_MONTH;
    } else {
        return error_set(error, ERROR_REQUEST, "by", "by: not offered",
                         "region, month (dated indicators) or a field under by", NULL);
    }
    return TRUE;
}

static gboolean reckoning_init(Reckoning *r, const Act *act, const IndicatorQuery *asked,
                               GError **error) {
    const char *own = act->actor->region;
    *r = (Reckoning){.act = act,
                     .region = asked->region ? asked->region
                               : own         ? own
                                             : "",
                     .below = asked->region ? asked->region : ""};
    if (strspn(r->region, "0123456789") != strlen(r->region) || strlen(r->region) > 12)
        return error_set(error, ERROR_REQUEST, "region", "region: no division code", "region=3204",
                         NULL);
    return set_window(r, asked, error);
}

json_t *indicators_json(Sql *sql, const Packs *packs, const Actor *actor,
                        const IndicatorQuery *asked, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    Reckoning r;
    if (!reckoning_init(&r, &act, asked, error))
        return NULL;
    json_t *items = json_array();
    for (guint i = 0; items && i < packs->types->len; i++) {
        r.type = packs->types->pdata[i];
        for (guint j = 0; items && rights_read(actor, r.type) && j < r.type->indicators->len; j++) {
            r.indicator = r.type->indicators->pdata[j];
            json_t *figure = whole_figure(&r, error);
            if (figure)
                json_array_append_new(items, figure);
            else
                g_clear_pointer(&items, json_decref);
        }
    }
    return items ? json_pack("{s:o}", "items", items) : NULL;
}

json_t *indicator_json(Sql *sql, const Packs *packs, const Actor *actor, const char *type,
                       const char *name, const IndicatorQuery *asked, gint64 now_ms,
                       GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    Reckoning r;
    if (!reckoning_init(&r, &act, asked, error))
        return NULL;
    r.type = packs_type(packs, type);
    r.indicator = r.type && rights_read(actor, r.type) ? type_indicator(r.type, name) : NULL;
    if (r.indicator == NULL) {
        g_autofree char *full = g_strdup_printf("%s.%s", type, name);
        error_set(error, ERROR_TYPE_UNKNOWN, NULL, full, NULL);
        return NULL;
    }
    if (!set_grouping(&r, asked->by, error))
        return NULL;
    json_t *figure = whole_figure(&r, error);
    json_t *items = figure && r.grouping != BY_NOTHING ? items_json(&r, error) : NULL;
    if (items)
        json_object_set_new(figure, "items", items);
    else if (r.grouping != BY_NOTHING)
        g_clear_pointer(&figure, json_decref);
    return figure;
}
