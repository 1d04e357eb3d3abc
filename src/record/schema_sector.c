/* The columns `_sector`: added to tables from before there were sectors, and filled from where the
 * packs say. */
#include "record/query.h"
#include "record/rights.h"
#include "record/schema.h"

#include <string.h>

static gboolean add_column(Sql *sql, const char *table, GError **error) {
    return sql_add_column(sql, table, "_sector", "{text} NOT NULL DEFAULT ''", error);
}

static gboolean add_columns(Sql *sql, const Packs *packs, GError **error) {
    static const char *const common[] = {"journal", "clocks", "notices"};
    for (gsize i = 0; i < G_N_ELEMENTS(common); i++)
        if (!add_column(sql, common[i], error))
            return FALSE;
    for (guint i = 0; i < packs->types->len; i++) {
        g_autofree char *table =
            g_strconcat("r_", ((const RecordType *)packs->types->pdata[i])->name, NULL);
        if (!add_column(sql, table, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean owns_place(const RecordType *type) {
    return type->scope_enterprise == NULL || type->scope_enterprise == type->key;
}

/* What the table remembers: changes when the pack does. */
static char *source_of(const RecordType *type) {
    if (!type->has_sector)
        return g_strdup("none");
    return g_strconcat(type->scope_sector ? type->scope_sector->name : "",
                       owns_place(type) ? NULL : "<enterprise", NULL);
}

static void add_source(Query *query, const Packs *packs, const RecordType *type) {
    if (!type->has_sector) {
        query_add(query, "'" ANY_SECTOR "'");
        return;
    }
    query_add(query, "coalesce(");
    if (type->scope_sector)
        query_add_format(query, "%s, ", schema_column((gpointer)type, type->scope_sector->name));
    if (!owns_place(type))
        query_add_format(query, "(SELECT e._sector FROM r_%s e WHERE e._id = r_%s._enterprise), ",
                         packs_type(packs, type->scope_enterprise->ref_type)->name, type->name);
    query_add(query, "'')");
}

static gboolean fill_table(Sql *sql, const RecordType *type, const char *table, GError **error) {
    g_autofree char *text = g_strdup_printf(
        "UPDATE %s SET _sector = coalesce((SELECT r._sector FROM r_%s r WHERE r._id = %s.id), '') "
        "WHERE type = ?",
        table, type->name, table);
    return sql_run(sql, error, text, "t", type->name);
}

static gboolean fill(Sql *sql, const Packs *packs, const RecordType *type, GError **error) {
    g_autoptr(Query) query = query_new("");
    query_add_format(query, "UPDATE r_%s SET _sector = ", type->name);
    add_source(query, packs, type);
    return sql_exec(sql, query->text->str, error) && fill_table(sql, type, "clocks", error) &&
           fill_table(sql, type, "notices", error);
}

/* *known TRUE: the table is filled from this source already. */
static gboolean source_known(Sql *sql, const RecordType *type, const char *source, gint64 *known,
                             GError **error) {
    return sql_get_int(sql, error, known, 0,
                       "SELECT 1 FROM schema_fields WHERE type = ? AND field = '" SECTOR_SOURCE
                       "' AND kind = ?",
                       "tt", type->name, source);
}

static gboolean fit(Sql *sql, const Packs *packs, const RecordType *type, GError **error) {
    gint64 known;
    g_autofree char *source = source_of(type);
    if (!source_known(sql, type, source, &known, error))
        return FALSE;
    return known ||
           (fill(sql, packs, type, error) &&
            sql_run(sql, error,
                    "INSERT INTO schema_fields (type, field, kind) VALUES (?, ?, ?) ON CONFLICT "
                    "(type, field) DO UPDATE SET kind = excluded.kind",
                    "ttt", type->name, SECTOR_SOURCE, source));
}

/* Enterprises before what depends on them. */
gboolean schema_fit_sectors(Sql *sql, const Packs *packs, GError **error) {
    if (!add_columns(sql, packs, error))
        return FALSE;
    for (int dependents = 0; dependents < 2; dependents++)
        for (guint i = 0; i < packs->types->len; i++) {
            const RecordType *type = packs->types->pdata[i];
            if (owns_place(type) != dependents && !fit(sql, packs, type, error))
                return FALSE;
        }
    return TRUE;
}
