/* For the tests of this folder: an empty database with the real packs, a small world, and people.
 */
#pragma once
#include "record/journal.h"
#include "record/legal_clock.h"
#include "record/rights.h"
#include "store/file_store.h"
#include "store/test_database.h"

#include <string.h>

typedef struct {
    Packs *packs;
    Sql *sql;
    gint64 now_ms;
    TestDatabase database;
    char *files; /* folder of its files */
} World;

G_GNUC_UNUSED static gint64 at(const char *text) {
    gint64 ms;
    g_assert_true(time_parse(text, &ms));
    return ms;
}

/* A JSON text with ' for ". */
G_GNUC_UNUSED static json_t *fields_of(const char *text) {
    g_autofree char *copy = g_strdelimit(g_strdup(text), "'", '"');
    json_error_t problem;
    json_t *json = json_loads(copy, 0, &problem);
    if (json == NULL)
        g_error("%s: %s", problem.text, copy);
    return json;
}

G_GNUC_UNUSED static const char *get(json_t *record, const char *name) {
    return json_string_value(json_object_get(record, name));
}

G_GNUC_UNUSED static gint64 version_of(json_t *record) {
    return json_integer_value(json_object_get(record, "version"));
}

G_GNUC_UNUSED static Actor person(const World *world, const char *role, const char *id,
                                  const char *place) {
    const Role *found = packs_role(world->packs, role);
    g_assert_nonnull(found);
    gboolean enterprise = found->level == LEVEL_ENTERPRISE;
    return (Actor){.kind = ACTOR_PERSON,
                   .id = id,
                   .name = id,
                   .role = found,
                   .region = enterprise ? NULL : place,
                   .enterprise = enterprise ? place : NULL,
                   .sectors = "chemical"};
}

G_GNUC_UNUSED static json_t *create(World *world, const Actor *actor, const char *type,
                                    const char *text, GError **error) {
    json_t *fields = fields_of(text);
    json_t *record =
        record_create(world->sql, world->packs, actor, type, fields, NULL, world->now_ms, error);
    json_decref(fields);
    return record;
}

G_GNUC_UNUSED static json_t *move(World *world, const Actor *actor, const char *type,
                                  const char *id, const char *name, gint64 version,
                                  const char *text, GError **error) {
    json_t *fields = fields_of(text);
    json_t *record = record_move(world->sql, world->packs, actor, type, id, name, version, fields,
                                 NULL, world->now_ms, error);
    json_decref(fields);
    return record;
}

G_GNUC_UNUSED static json_t *edit(World *world, const Actor *actor, const char *type,
                                  const char *id, gint64 version, const char *text,
                                  GError **error) {
    json_t *fields = fields_of(text);
    json_t *record = record_edit(world->sql, world->packs, actor, type, id, version, fields,
                                 world->now_ms, error);
    json_decref(fields);
    return record;
}

/* The call must be refused with this kind and field (NULL: any). */
G_GNUC_UNUSED static void refused(json_t *record, GError **error, ErrorKind kind,
                                  const char *field) {
    g_assert_null(record);
    g_assert_nonnull(*error);
    if (error_kind(*error) != kind)
        g_error("wanted kind %d, got %s: %s", (int)kind, error_id(*error), (*error)->message);
    if (field)
        g_assert_cmpstr(error_field(*error), ==, field);
    g_clear_error(error);
}

G_GNUC_UNUSED static json_t *done(json_t *record, GError *error) {
    g_assert_no_error(error);
    g_assert_nonnull(record);
    return record;
}

/* Makes one record and forgets it. */
G_GNUC_UNUSED static void put(World *world, const char *type, const char *text) {
    GError *error = NULL;
    json_decref(done(create(world, &actor_system, type, text, &error), error));
}

G_GNUC_UNUSED static void verify_good(World *world) {
    VerifyReport report;
    GError *error = NULL;
    journal_verify(world->sql, world->packs, NULL, &report, &error);
    g_assert_no_error(error);
}

G_GNUC_UNUSED static void link_into(const char *folder, const char *path) {
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *target = g_canonicalize_filename(path, NULL);
    g_autofree char *place = g_build_filename(folder, name, NULL);
    g_assert_cmpint(symlink(target, place), ==, 0);
}

/* The packs core and hazard, and one more (NULL: all of packs/). */
G_GNUC_UNUSED static Packs *packs_with(const char *pack) {
    const char *const all[] = {"packs/core", "packs/hazard", pack};
    GError *error = NULL;
    g_autofree char *folder = pack ? g_dir_make_tmp("packs-XXXXXX", NULL) : NULL;
    for (gsize i = 0; folder && i < G_N_ELEMENTS(all); i++)
        link_into(folder, all[i]);
    Packs *packs = packs_load(folder ? folder : "packs", &error);
    g_assert_no_error(error);
    for (gsize i = 0; folder && i < G_N_ELEMENTS(all); i++) {
        g_autofree char *name = g_path_get_basename(all[i]);
        g_autofree char *place = g_build_filename(folder, name, NULL);
        g_unlink(place);
    }
    if (folder)
        g_rmdir(folder);
    return packs;
}

/* Jiangsu 32, Changzhou 3204 with 320411 and 320412, Suzhou 3205 with 320505; one enterprise in
 * each county. With `data` more than one connection may open the database. */
G_GNUC_UNUSED static void world_open_of(World *world, gconstpointer data, Packs *packs_take) {
    GError *error = NULL;
    world->now_ms = at("2026-09-28T09:00:00+08:00"); /* Monday before National Day */
    world->packs = packs_take;
    test_database_new(&world->database, data != NULL);
    world->sql = test_sql_open(&world->database, SQL_WRITE);
    records_migrate(world->sql, world->packs, &error);
    g_assert_no_error(error);
    world->files = g_dir_make_tmp("anlan-files-XXXXXX", NULL);
    sql_set_files(world->sql, world->files);
    put(world, "region", "{'code':'32','name':'江苏省','kind':'province'}");
    put(world, "region", "{'code':'3204','name':'常州市','kind':'city','parent':'32'}");
    put(world, "region", "{'code':'3205','name':'苏州市','kind':'city','parent':'32'}");
    put(world, "region", "{'code':'320411','name':'新北区','kind':'district','parent':'3204'}");
    put(world, "region", "{'code':'320412','name':'武进区','kind':'district','parent':'3204'}");
    put(world, "region", "{'code':'320505','name':'虎丘区','kind':'district','parent':'3205'}");
    put(world, "enterprise", "{'code':'E1','name':'武进化工','region':'320412','kind':'chemical'}");
    put(world, "enterprise", "{'code':'E2','name':'新北储运','region':'320411','kind':'storage'}");
    put(world, "enterprise", "{'code':'E3','name':'虎丘燃气','region':'320505','kind':'gas'}");
    put(world, "point",
        "{'code':'P1','name':'储罐液位','enterprise':'E1','measure':'level','unit':'m'}");
    put(world, "point",
        "{'code':'P3','name':'管网压力','enterprise':'E3','measure':'pressure','unit':'MPa'}");
}

/* `pack`: beside core and hazard. */
G_GNUC_UNUSED static void world_open_with(World *world, gconstpointer data, const char *pack) {
    world_open_of(world, data, packs_with(pack));
}

G_GNUC_UNUSED static void world_open(World *world, gconstpointer data) {
    world_open_of(world, data, packs_with(NULL));
}

G_GNUC_UNUSED static void world_close(World *world, gconstpointer data) {
    (void)data;
    sql_close(world->sql);
    file_store_erase(world->files);
    g_free(world->files);
    test_database_free(&world->database);
    packs_free(world->packs);
}
