#include "record/rights.h"

#include <string.h>

const Actor actor_engine = {.kind = ACTOR_ENGINE, .id = "engine", .name = "监测引擎"};
const Actor actor_clock = {.kind = ACTOR_CLOCK, .id = "clock", .name = "法定时限"};
const Actor actor_system = {.kind = ACTOR_SYSTEM, .id = "system", .name = "系统"};

const Actor actor_guest = {.kind = ACTOR_GUEST, .id = "guest", .name = "公众"};

static gboolean machine(const Actor *actor) {
    return actor->kind != ACTOR_PERSON && actor->kind != ACTOR_GUEST;
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

gboolean rights_all_rows(const Actor *actor, const RecordType *type) {
    return machine(actor) || (actor->role && actor->role->level == LEVEL_SYSTEM) ||
           (type->scope_region == NULL && type->scope_enterprise == NULL);
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

void rights_scope_sql(const Actor *actor, const RecordType *type, GString *sql,
                      GPtrArray *parameters) {
    if (!(type->read & ROLE_EVERYONE) && !rights_all_rows(actor, type))
        rights_scope_add(actor, sql, parameters);
}
