#include "record/clock_list.h"
#include "record/act.h"
#include "record/legal_clock.h"
#include "record/query.h"
#include "record/rights.h"

#include <string.h>

enum { PAGE_MAX = 500 };

/* --- which --- */

#define STANDS                                                                                     \
    "EXISTS (SELECT 1 FROM clock_pauses p WHERE p.serial = clocks.serial AND p.resumed_ms IS "     \
    "NULL)"

/* `by_next`: in order of the next step, which the index clocks_next gives. */
static const struct {
    const char *name, *condition;
    gboolean by_next;
} states[] = {
    {"open", " AND next_ms IS NOT NULL", TRUE},
    {"paused", " AND stopped_ms IS NULL AND " STANDS, FALSE},
    {"fired", " AND fired_ms IS NOT NULL", FALSE},
    {"done", " AND stopped_ms IS NOT NULL", FALSE},
    {"all", "", FALSE},
};

static int find_state(const char *name, GError **error) {
    for (int i = 0; i < (int)G_N_ELEMENTS(states); i++)
        if (strcmp(states[i].name, name ? name : "open") == 0)
            return i;
    error_set(error, ERROR_REQUEST, "state", name, "open, paused, fired, done or all", NULL);
    return -1;
}

static void add_scope(Query *query, Sql *sql, const Actor *actor, const RecordType *type) {
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    rights_scope_sql(sql, actor, type, "id", query->text, texts);
    for (guint i = 0; i < texts->len; i++)
        query_param_text(query, texts->pdata[i]);
}

/* "… OR (type = ? AND scope)" for each type that the actor reads. */
static void add_sight_of(Query *query, const Act *act, const Actor *actor, const char *only) {
    const Packs *packs = act->packs;
    for (guint i = 0; i < packs->types->len; i++) {
        const RecordType *type = packs->types->pdata[i];
        if (type->clocks->len == 0 || !rights_read(actor, type) ||
            (only && strcmp(only, type->name) != 0))
            continue;
        query_add(query, " OR (type = ?");
        query_param_text(query, type->name);
        add_scope(query, act->sql, actor, type);
        query_add(query, ")");
    }
}

static void add_sight(Query *query, const Act *act, const char *only) {
    g_autoptr(GPtrArray) others = stand_ins(act);
    query_add(query, " WHERE (1 = 0");
    add_sight_of(query, act, act->actor, only);
    for (guint i = 0; i < others->len; i++)
        add_sight_of(query, act, &((const StandIn *)others->pdata[i])->actor, only);
    query_add(query, ")");
}

/* Division codes are nested by their beginning. */
static void add_region(Query *query, const char *region) {
    if (region == NULL)
        return;
    g_autofree char *end = g_strconcat(region, "\x7f", NULL);
    query_add(query, " AND _region >= ? AND _region < ?");
    query_param_text(query, region);
    query_param_text(query, end);
}

static void add_place(Query *query, const ClockQuery *asked) {
    add_region(query, asked->region);
    if (asked->enterprise == NULL)
        return;
    query_add(query, " AND _enterprise = ?");
    query_param_text(query, asked->enterprise);
}

static gboolean type_fits(const Packs *packs, const ClockQuery *asked, GError **error) {
    return asked->type == NULL || find_type(packs, asked->type, error) != NULL;
}

/* --- one page --- */

#define COLUMNS                                                                                    \
    "serial, type, id, name, started_ms, due_ms, step, next_ms, fired_ms, stopped_ms, (SELECT "    \
    "paused_ms FROM clock_pauses p WHERE p.serial = clocks.serial AND p.resumed_ms IS NULL), "     \
    "_region, _enterprise, late_ms"
enum {
    C_SERIAL,
    C_TYPE,
    C_ID,
    C_NAME,
    C_STARTED,
    C_DUE,
    C_STEP,
    C_NEXT,
    C_FIRED,
    C_STOPPED,
    C_PAUSED,
    C_REGION,
    C_ENTERPRISE,
    C_LATE
};

/* "NEXT_MS.SERIAL", or "0.SERIAL" in order of age. */
static gboolean cursor_parse(const char *text, gint64 *next_ms, gint64 *serial, GError **error) {
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);
    return (g_strv_length(parts) == 2 &&
            g_ascii_string_to_signed(parts[0], 10, G_MININT64, G_MAXINT64, next_ms, NULL) &&
            g_ascii_string_to_signed(parts[1], 10, 0, G_MAXINT64, serial, NULL)) ||
           error_set(error, ERROR_REQUEST, "cursor", "not a cursor",
                     "send the next of the former answer", NULL);
}

static gboolean add_after(Query *query, const char *cursor, gboolean by_next, GError **error) {
    gint64 next_ms, serial;
    if (cursor == NULL)
        return TRUE;
    if (!cursor_parse(cursor, &next_ms, &serial, error))
        return FALSE;
    query_add(query, by_next ? " AND (next_ms, serial) > (?, ?)" : " AND serial > ?");
    if (by_next)
        query_param_int(query, next_ms);
    query_param_int(query, serial);
    return TRUE;
}

static Query *page_query(const Act *act, const ClockQuery *asked, GError **error) {
    int state = find_state(asked->state, error);
    if (state < 0 || !type_fits(act->packs, asked, error))
        return NULL;
    g_autoptr(Query) query = query_new("SELECT " COLUMNS " FROM clocks");
    add_sight(query, act, asked->type);
    add_place(query, asked);
    query_add(query, states[state].condition);
    if (asked->overdue) {
        query_add(query, " AND stopped_ms IS NULL AND due_ms < ?");
        query_param_int(query, act->now_ms);
    }
    if (!add_after(query, asked->cursor, states[state].by_next, error))
        return NULL;
    query_add_format(query, " ORDER BY %s LIMIT %d",
                     states[state].by_next ? "next_ms, serial" : "serial", asked->limit + 1);
    return g_steal_pointer(&query);
}

/* --- one clock --- */

static const ClockType *clock_of(const RecordType *type, const char *name) {
    for (guint i = 0; type && i < type->clocks->len; i++)
        if (strcmp(((const ClockType *)type->clocks->pdata[i])->name, name) == 0)
            return type->clocks->pdata[i];
    return NULL;
}

static void set_time(json_t *json, const char *name, SqlStatement *st, int column) {
    char text[TIME_TEXT];
    json_object_set_new(json, name,
                        sql_is_null(st, column)
                            ? json_null()
                            : json_string(time_format(sql_int(st, column), text)));
}

static void set_text(json_t *json, const char *name, const char *text) {
    json_object_set_new(json, name, text ? json_string(text) : json_null());
}

static void set_clock_type(json_t *json, const ClockType *clock) {
    json_t *basis = json_array();
    for (guint i = 0; clock && clock->basis && clock->basis[i]; i++)
        json_array_append_new(basis, json_string(clock->basis[i]));
    json_object_set_new(json, "basis", basis);
    if (clock)
        json_object_set_new(json, "title", title_json(&clock->title));
}

static const char *state_name(SqlStatement *st) {
    if (!sql_is_null(st, C_STOPPED))
        return "done";
    if (!sql_is_null(st, C_PAUSED))
        return "paused";
    return sql_is_null(st, C_NEXT) ? "fired" : "open";
}

static void set_times(json_t *json, const Act *act, SqlStatement *st) {
    static const struct {
        const char *name;
        int column;
    } times[] = {{"started_at", C_STARTED}, {"due_at", C_DUE},         {"next_at", C_NEXT},
                 {"fired_at", C_FIRED},     {"stopped_at", C_STOPPED}, {"paused_at", C_PAUSED}};
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++)
        set_time(json, times[i].name, st, times[i].column);
    gint64 until = !sql_is_null(st, C_STOPPED)  ? sql_int(st, C_STOPPED)
                   : !sql_is_null(st, C_PAUSED) ? sql_int(st, C_PAUSED)
                                                : act->now_ms;
    gint64 over = until - sql_int(st, C_DUE);
    json_object_set_new(json, "overdue", json_boolean(over > 0));
    json_object_set_new(json, "overdue_s", json_integer(MAX(over, 0) / 1000));
    json_object_set_new(json, "late_s",
                        sql_is_null(st, C_LATE) ? json_null()
                                                : json_real(sql_double(st, C_LATE) / 1000));
}

static json_t *item_json(const Act *act, SqlStatement *st) {
    const RecordType *type = packs_type(act->packs, sql_text(st, C_TYPE));
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:I}", "type", sql_text(st, C_TYPE), "id",
                             sql_text(st, C_ID), "name", sql_text(st, C_NAME), "state",
                             state_name(st), "step", (json_int_t)sql_int(st, C_STEP));
    set_clock_type(json, clock_of(type, sql_text(st, C_NAME)));
    set_times(json, act, st);
    set_text(json, "region", sql_text(st, C_REGION));
    set_text(json, "enterprise", sql_text(st, C_ENTERPRISE));
    return json;
}

static void add_labels(const Act *act, json_t *items) {
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        const RecordType *type =
            packs_type(act->packs, json_string_value(json_object_get(item, "type")));
        g_autofree char *label =
            label_of(act->sql, type, json_string_value(json_object_get(item, "id")));
        set_text(item, "label", label);
    }
}

static json_t *read_page(const Act *act, SqlStatement *st, int limit, GError **error) {
    g_autofree char *next = NULL;
    gint64 next_ms = 0, serial = 0;
    json_t *items = json_array();
    SqlStep step = SQL_DONE;
    for (int n = 0; n < limit && (step = sql_step(st, error)) == SQL_ROW; n++) {
        json_array_append_new(items, item_json(act, st));
        next_ms = sql_is_null(st, C_NEXT) ? 0 : sql_int(st, C_NEXT);
        serial = sql_int(st, C_SERIAL);
    }
    if (step == SQL_ROW && (step = sql_step(st, error)) == SQL_ROW) {
        next = g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, next_ms, serial);
        sql_reset(st);
    }
    if (step == SQL_FAILED) {
        json_decref(items);
        return NULL;
    }
    add_labels(act, items);
    return json_pack("{s:o, s:s?}", "items", items, "next", next);
}

json_t *clock_list(Sql *sql, const Packs *packs, const Actor *actor, const ClockQuery *asked,
                   gint64 now_ms, GError **error) {
    g_assert(asked->limit >= 1 && asked->limit <= PAGE_MAX);
    Act act = {sql, packs, actor, now_ms, NULL};
    g_autoptr(Query) query = page_query(&act, asked, error);
    SqlStatement *st = query ? query_start(query, sql, error) : NULL;
    return st ? read_page(&act, st, asked->limit, error) : NULL;
}

/* --- the summary --- */

static int by_size(gconstpointer a, gconstpointer b) {
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

/* The smallest value that `share` of them do not exceed; nearest rank. */
static json_t *percentile(const GArray *sorted, double share) {
    if (sorted->len == 0)
        return json_null();
    guint rank = (guint)(share * sorted->len + 0.999999);
    return json_real((double)g_array_index(sorted, gint64, CLAMP(rank, 1, sorted->len) - 1) / 1000);
}

/* A page at a time, by age; sorted at the end. */
static GArray *read_late(const Act *act, const ClockQuery *asked, GError **error) {
    g_autoptr(Query) query = query_new("SELECT serial, late_ms FROM clocks");
    add_sight(query, act, asked->type);
    add_place(query, asked);
    query_add(query, " AND late_ms IS NOT NULL AND serial > ? ORDER BY serial LIMIT 10000");
    query_param_int(query, -1);
    gint64 *after = &g_array_index(query->terms, Term, query->terms->len - 1).time_ms;
    g_autoptr(GArray) late = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (gboolean more = TRUE; more;) {
        SqlStatement *st = query_start(query, act->sql, error);
        SqlStep step = SQL_FAILED;
        for (more = FALSE; st && (step = sql_step(st, error)) == SQL_ROW; more = TRUE) {
            gint64 ms = sql_int(st, 1);
            *after = sql_int(st, 0);
            g_array_append_val(late, ms);
        }
        if (step == SQL_FAILED)
            return NULL;
    }
    g_array_sort(late, by_size);
    return g_steal_pointer(&late);
}

#define COUNT(condition) "coalesce(sum(CASE WHEN " condition " THEN 1 ELSE 0 END), 0)"

static const char counts[] = "SELECT " COUNT("next_ms IS NOT NULL") ", " COUNT(
    "next_ms IS NOT NULL AND due_ms < ?") ", " COUNT("stopped_ms IS NULL AND next_ms IS NULL "
                                                     "AND " STANDS) ", " COUNT("fired_ms IS NOT "
                                                                               "NULL") " FROM "
                                                                                       "clocks";

static json_t *counts_json(const Act *act, const ClockQuery *asked, GError **error) {
    g_autoptr(Query) query = query_new(counts);
    query_param_int(query, act->now_ms);
    add_sight(query, act, asked->type);
    add_place(query, asked);
    SqlStatement *st = query_start(query, act->sql, error);
    if (st == NULL || sql_step(st, error) != SQL_ROW)
        return NULL;
    json_t *json = json_pack("{s:I, s:I, s:I, s:I}", "open", (json_int_t)sql_int(st, 0), "overdue",
                             (json_int_t)sql_int(st, 1), "paused", (json_int_t)sql_int(st, 2),
                             "fired", (json_int_t)sql_int(st, 3));
    sql_reset(st);
    return json;
}

json_t *clock_summary(Sql *sql, const Packs *packs, const Actor *actor, const ClockQuery *asked,
                      gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    json_t *json = type_fits(packs, asked, error) ? counts_json(&act, asked, error) : NULL;
    GArray *late = json ? read_late(&act, asked, error) : NULL;
    if (late == NULL) {
        json_decref(json);
        return NULL;
    }
    json_object_set_new(json, "late_p50", percentile(late, 0.5));
    json_object_set_new(json, "late_p99", percentile(late, 0.99));
    json_object_set_new(json, "late_max", percentile(late, 1));
    g_array_unref(late);
    return json;
}

/* --- as a table --- */

static const struct {
    const char *name, *title;
} columns[] = {{"type", "类型"},       {"id", "标识"},          {"label", "记录"},
               {"name", "时钟"},       {"title", "时限"},       {"basis", "依据"},
               {"state", "状态"},      {"step", "已触发步骤"},  {"started_at", "起算"},
               {"due_at", "到期"},     {"next_at", "下一步"},   {"fired_at", "最近触发"},
               {"stopped_at", "停止"}, {"overdue_s", "逾期/s"}, {"late_s", "触发延迟/s"},
               {"region", "区划"},     {"enterprise", "企业"}};

static void write_basis(Sheet *sheet, json_t *basis) {
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;
    json_t *one;
    json_array_foreach(basis, i, one)
        g_string_append_printf(text, "%s%s", i ? "; " : "", json_string_value(one));
    sheet_text(sheet, text->str);
}

static void write_cell(Sheet *sheet, json_t *value) {
    if (json_is_array(value))
        write_basis(sheet, value);
    else if (json_is_object(value))
        sheet_text(sheet, json_string_value(json_object_get(value, "zh")));
    else if (json_is_integer(value))
        sheet_integer(sheet, json_integer_value(value));
    else if (json_is_real(value))
        sheet_number(sheet, json_real_value(value));
    else
        sheet_text(sheet, json_string_value(value));
}

static void write_items(Sheet *sheet, json_t *items) {
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        for (gsize c = 0; c < G_N_ELEMENTS(columns); c++)
            write_cell(sheet, json_object_get(item, columns[c].name));
        sheet_end_row(sheet);
    }
}

static gboolean write_pages(const Act *act, const ClockQuery *asked, Sheet *sheet, GError **error) {
    g_autofree char *cursor = g_strdup(asked->cursor);
    ClockQuery query = *asked;
    query.limit = PAGE_MAX;
    for (int rows = 0; rows < SHEET_ROWS_MAX; rows += PAGE_MAX) {
        query.cursor = cursor;
        json_t *page = clock_list(act->sql, act->packs, act->actor, &query, act->now_ms, error);
        if (page == NULL)
            return FALSE;
        write_items(sheet, json_object_get(page, "items"));
        g_free(cursor);
        cursor = g_strdup(json_string_value(json_object_get(page, "next")));
        json_decref(page);
        if (cursor == NULL)
            return TRUE;
    }
    return error_set(error, ERROR_REQUEST, NULL, "too many clocks for one sheet",
                     "narrow the filter to at most 1,000,000 clocks", NULL);
}

gboolean clock_export(Sql *sql, const Packs *packs, const Actor *actor, const ClockQuery *query,
                      SheetForm form, int fd, const char *tmp_dir, gint64 now_ms, GError **error) {
    Act act = {sql, packs, actor, now_ms, NULL};
    Sheet *sheet = sheet_new(form, fd, tmp_dir, error);
    if (sheet == NULL)
        return FALSE;
    for (gsize c = 0; c < G_N_ELEMENTS(columns); c++)
        sheet_text(sheet, columns[c].title);
    sheet_end_row(sheet);
    gboolean written = write_pages(&act, query, sheet, error);
    return sheet_close(sheet, written ? error : NULL) && written;
}
