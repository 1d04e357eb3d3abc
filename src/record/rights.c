#include "record/rights.h"
#include "record/query.h"
#include "record/schema.h"

#include <string.h>

const Actor actor_engine = {.kind = ACTOR_ENGINE, .id = "engine", .name = "监测引擎"};
const Actor actor_clock = {.kind = ACTOR_CLOCK, .id = "clock", .name = "法定时限"};
const Actor actor_system = {.kind = ACTOR_SYSTEM, .id = "system", .name = "系统"};

const Actor actor_guest = {.kind = ACTOR_GUEST, .id = "guest", .name = "公众"};
const Actor actor_holder = {.kind = ACTOR_HOLDER, .id = "receipt", .name = "回执持有人"};

static gboolean machine(const Actor *actor) {
    return actor->kind != ACTOR_PERSON && actor->kind != ACTOR_GUEST && actor->kind != ACTOR_HOLDER;
}

static gboolean person_in(const Actor *actor, RoleSet set) {
    return (set & ROLE_EVERYONE) || (actor->role && role_in(actor->role, set));
}

static gboolean may_change(const Actor *actor, RoleSet set) {
    switch (actor->kind) {
    case ACTOR_SYSTEM:
        return TRUE;
    case ACTOR_ENGINE:
        return (set & ROLE_ENGINE) != 0;
    case ACTOR_CLOCK:
    case ACTOR_HOLDER:
        return FALSE;
    case ACTOR_PERSON:
        return person_in(actor, set);
    case ACTOR_GUEST:
        return (set & ROLE_PUBLIC) != 0;
    }
    return FALSE;
}

gboolean rights_read(const Actor *actor, const RecordType *type) {
    return machine(actor) || person_in(actor, type->read);
}

gboolean rights_create(const Actor *actor, const RecordType *type) {
    return may_change(actor, type->create);
}

gboolean rights_edit(const Actor *actor, const RecordType *type) {
    return may_change(actor, type->edit);
}

gboolean rights_keeps(const Actor *actor, const RecordType *type) {
    return actor->kind == ACTOR_PERSON && actor->role && role_in(actor->role, type->keepers);
}

static gboolean names_sight(const RecordType *type) { return type->own || type->assigned->len; }

gboolean rights_all_rows(const Actor *actor, const RecordType *type) {
    return machine(actor) || (actor->role && actor->role->level == LEVEL_SYSTEM && !type->own) ||
           (type->scope_region == NULL && type->scope_enterprise == NULL && !names_sight(type));
}

/* Whether one of the codes, joined by commas, is this one. */
static gboolean among(const char *codes, const char *code) {
    gsize n = strlen(code);
    for (const char *p = codes; n && p && *p;) {
        gsize length = strcspn(p, ",");
        if (length == n && memcmp(p, code, n) == 0)
            return TRUE;
        p += length + (p[length] == ',');
    }
    return FALSE;
}

static gboolean sector_held(const Actor *actor, const char *sector) {
    return !actor->role->sector ||
           (sector && (strcmp(sector, ANY_SECTOR) == 0 || among(actor->sectors, sector)));
}

gboolean rights_covers(const Actor *actor, const RecordType *type, const char *region,
                       const char *enterprise, const char *sector) {
    if (rights_all_rows(actor, type))
        return TRUE;
    if (actor->role == NULL)
        return FALSE;
    if (actor->role->level == LEVEL_ENTERPRISE)
        return actor->enterprise && *actor->enterprise &&
               g_strcmp0(actor->enterprise, enterprise) == 0;
    return actor->region && *actor->region && region && g_str_has_prefix(region, actor->region) &&
           sector_held(actor, sector);
}

gboolean rights_in_scope(const Actor *actor, const RecordType *type, const char *region,
                         const char *enterprise, const char *sector) {
    return (type->read & ROLE_EVERYONE) || rights_covers(actor, type, region, enterprise, sector);
}

/* The smallest text above all texts that start with `prefix`: its last byte, one higher. Division
 * codes are ASCII. */
char *rights_prefix_end(const char *prefix) {
    char *end = g_strdup(prefix);
    end[strlen(end) - 1]++;
    return end;
}

static void sectors_add(const Actor *actor, GString *sql, GPtrArray *parameters) {
    g_auto(GStrv) codes = g_strsplit(actor->sectors ? actor->sectors : "", ",", -1);
    g_string_append(sql, " AND _sector IN (?");
    g_ptr_array_add(parameters, g_strdup(ANY_SECTOR));
    for (guint i = 0; codes[i]; i++)
        if (*codes[i]) {
            g_string_append(sql, ", ?");
            g_ptr_array_add(parameters, g_strdup(codes[i]));
        }
    g_string_append(sql, ")");
}

void rights_scope_add(const Actor *actor, GString *sql, GPtrArray *parameters) {
    if (actor->role && actor->role->level == LEVEL_ENTERPRISE && actor->enterprise &&
        *actor->enterprise) {
        g_string_append(sql, " AND _enterprise = ?");
        g_ptr_array_add(parameters, g_strdup(actor->enterprise));
    } else if (actor->role && actor->role->level != LEVEL_ENTERPRISE && actor->region &&
               *actor->region) {
        g_string_append(sql, " AND _region >= ? AND _region < ?");
        g_ptr_array_add(parameters, g_strdup(actor->region));
        g_ptr_array_add(parameters, rights_prefix_end(actor->region));
        if (actor->role->sector)
            sectors_add(actor, sql, parameters);
    } else {
        g_string_append(sql, " AND 1 = 0"); /* somebody without a place sees nothing */
    }
}

/* --- assignment --- */

/* PostgreSQL reads no index for `x IN (SELECT …)` under an OR, but does for an array. */
static const struct {
    const char *open, *close;
} among_those[] = {[SQL_SQLITE] = {" IN (", ")"}, [SQL_POSTGRES] = {" = ANY(ARRAY(", "))"}};

static const char *login_of(const Actor *actor) {
    return actor->assigned ? actor->assigned : actor->id;
}

static const char *enterprise_of(const Actor *actor) {
    return actor->role && actor->role->level == LEVEL_ENTERPRISE && actor->enterprise
               ? actor->enterprise
               : "";
}

static void add_parameter(GPtrArray *parameters, const char *value) {
    g_ptr_array_add(parameters, g_strdup(value));
}

/* The role, and a region that holds him. */
static void add_role(const Actor *actor, const Assigned *assigned, GString *text,
                     GPtrArray *parameters) {
    g_string_append_printf(text, "\"%s\" = ?", assigned->field->name);
    add_parameter(parameters, actor->role ? actor->role->name : "");
    if (assigned->within == NULL)
        return;
    gboolean of_enterprise = *enterprise_of(actor) != 0;
    const char *name = assigned->within->name;
    g_string_append_printf(
        text, " AND (\"%s\" IS NULL OR substr(%s, 1, length(\"%s\")) = \"%s\")", name,
        of_enterprise ? "(SELECT _region FROM r_enterprise WHERE _id = ?)" : "CAST(? AS TEXT)",
        name, name);
    add_parameter(parameters, of_enterprise   ? actor->enterprise
                              : actor->region ? actor->region
                                              : "");
}

/* SELECT of the ids that one way gives. */
static void add_way(SqlKind kind, const Actor *actor, const RecordType *type,
                    const Assigned *assigned, GString *text, GPtrArray *parameters) {
    const char *who = assigned->by == ASSIGNED_ENTERPRISE ? enterprise_of(actor) : login_of(actor);
    const RecordType *holder = assigned->rows ? assigned->rows->rows : type;
    const char *column = schema_column((gpointer)holder, assigned->field->name);
    g_string_append_printf(text, "SELECT %s FROM r_%s WHERE ",
                           assigned->rows ? "_record AS _id" : "_id", holder->name);
    if (assigned->by == ASSIGNED_ROLE) {
        add_role(actor, assigned, text, parameters);
        return;
    }
    if (assigned->via)
        g_string_append_printf(text, "%s%sSELECT _id FROM r_%s WHERE %s = ?%s", column,
                               among_those[kind].open, assigned->via->name,
                               schema_column((gpointer)assigned->via, assigned->via_field->name),
                               among_those[kind].close);
    else
        g_string_append_printf(text, "%s = ?", column);
    add_parameter(parameters, who);
}

/* "SELECT … UNION SELECT …"; FALSE when nothing can be assigned to him. */
static gboolean add_ways(SqlKind kind, const Actor *actor, const RecordType *type, GString *text,
                         GPtrArray *parameters) {
    if (actor->kind != ACTOR_PERSON || !names_sight(type) || *login_of(actor) == 0)
        return FALSE;
    for (guint i = 0; i < type->assigned->len; i++) {
        g_string_append(text, i ? " UNION " : "");
        add_way(kind, actor, type, &g_array_index(type->assigned, Assigned, i), text, parameters);
    }
    if (type->own) {
        g_string_append_printf(text, "%sSELECT _id FROM r_%s WHERE _created_by = ?",
                               type->assigned->len ? " UNION " : "", type->name);
        add_parameter(parameters, actor->id); /* what is his own is nobody's to stand in for */
    }
    return TRUE;
}

static gboolean any_found(Sql *sql, const char *text, const GPtrArray *parameters) {
    SqlStatement *st = sql_prepare(sql, text, NULL);
    for (guint i = 0; st && i < parameters->len; i++)
        sql_bind_text(st, (int)i + 1, parameters->pdata[i]);
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return FALSE;
    sql_reset(st);
    return TRUE;
}

/* `id` NULL: any record. */
static gboolean find_assigned(Sql *sql, const Actor *actor, const RecordType *type,
                              const char *id) {
    g_autoptr(GString) text = g_string_new("SELECT 1 FROM (");
    g_autoptr(GPtrArray) parameters = g_ptr_array_new_with_free_func(g_free);
    if (!add_ways(sql_kind(sql), actor, type, text, parameters))
        return FALSE;
    g_string_append(text, id ? ") AS ways WHERE _id = ?" : ") AS ways LIMIT 1");
    if (id)
        add_parameter(parameters, id);
    return any_found(sql, text->str, parameters);
}

gboolean rights_any_assigned(Sql *sql, const Actor *actor, const RecordType *type) {
    return find_assigned(sql, actor, type, NULL);
}

gboolean rights_assigned(Sql *sql, const Actor *actor, const RecordType *type, const char *id) {
    return find_assigned(sql, actor, type, id);
}

gboolean rights_assigned_sql(Sql *sql, const Actor *actor, const RecordType *type, const char *id,
                             GString *text, GPtrArray *parameters) {
    SqlKind kind = sql_kind(sql);
    if (!rights_any_assigned(sql, actor, type))
        return FALSE;
    g_string_append_printf(text, "%s%s", id, among_those[kind].open);
    add_ways(kind, actor, type, text, parameters);
    g_string_append(text, among_those[kind].close);
    return TRUE;
}

gboolean rights_sees(Sql *sql, const Actor *actor, const RecordType *type, const char *id,
                     const char *region, const char *enterprise, const char *sector) {
    return rights_in_scope(actor, type, region, enterprise, sector) ||
           rights_assigned(sql, actor, type, id);
}

/* --- as a condition --- */

void rights_scope_sql(Sql *sql, const Actor *actor, const RecordType *type, const char *id,
                      GString *text, GPtrArray *parameters) {
    if ((type->read & ROLE_EVERYONE) || rights_all_rows(actor, type))
        return;
    g_autoptr(GString) assigned = g_string_new(NULL);
    g_autoptr(GPtrArray) further = g_ptr_array_new();
    if (!rights_assigned_sql(sql, actor, type, id, assigned, further)) {
        rights_scope_add(actor, text, parameters);
        return;
    }
    g_string_append(text, " AND ((1 = 1");
    rights_scope_add(actor, text, parameters);
    g_string_append_printf(text, ") OR %s)", assigned->str);
    for (guint i = 0; i < further->len; i++)
        g_ptr_array_add(parameters, further->pdata[i]);
}
