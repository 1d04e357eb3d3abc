/* What is counted about a record: in sight only, by type and field, open ones apart. */
#include "record/documents.h"
#include "record/record_fixture.h"
#include "record/related.h"

static json_t *use_of(json_t *related, const char *type, const char *field) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(related, "items"), i,
                       item) if (strcmp(get(item, "type"), type) == 0 &&
                                 strcmp(get(item, "field"), field) == 0) return item;
    return NULL;
}

static gint64 figure_of(json_t *use, const char *name) {
    return json_integer_value(json_object_get(use, name));
}

static void hazard(World *world, const char *title) {
    Actor county = person(world, "county_inspector", "county", "320412");
    g_autofree char *text = g_strdup_printf(
        "{'title':'%s','enterprise':'E1','source':'inspection','grade':'general'}", title);
    json_decref(create(world, &county, "hazard", text, NULL));
}

static json_t *related(World *world, const Actor *actor, const char *id, GError **error) {
    return related_counts(world->sql, world->packs, actor, "enterprise", id, world->now_ms, error);
}

static void counts_what_names_it(World *world, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    Actor county = person(world, "county_inspector", "county", "320412");
    json_t *before = related(world, &county, "E1", &error);
    g_assert_no_error(error);
    g_assert_null(use_of(before, "hazard", "enterprise"));
    hazard(world, "a");
    hazard(world, "b");
    json_t *after = related(world, &county, "E1", &error);
    g_assert_no_error(error);
    g_assert_cmpint(figure_of(use_of(after, "hazard", "enterprise"), "count"), ==, 2);
    g_assert_cmpint(figure_of(use_of(after, "hazard", "enterprise"), "open"), ==, 2);
    json_decref(before);
    json_decref(after);
}

static void tells_strangers_nothing(World *world, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    hazard(world, "a");
    Actor elsewhere = person(world, "county_inspector", "other", "320505");
    json_t *answer = related(world, &elsewhere, "E1", &error);
    /* the register of enterprises may be open to him; its hazards are not */
    if (answer)
        g_assert_null(use_of(answer, "hazard", "enterprise"));
    else
        g_assert_true(error_kind(error) == ERROR_NOT_FOUND);
    json_decref(answer);
    g_clear_error(&error);
    g_assert_null(related(world, &elsewhere, "NONE' OR '1'='1", &error));
    g_assert_true(error_kind(error) == ERROR_NOT_FOUND);
}

static void lists_the_papers_of_an_enterprise(World *world, gconstpointer data) {
    (void)data;
    g_autoptr(GError) error = NULL;
    Actor county = person(world, "county_inspector", "county", "320412");
    Actor other = person(world, "enterprise_safety", "other", "E2");
    json_t *record = create(world, &county, "hazard",
                            "{'title':'储罐液位计失准','enterprise':'E1','source':'inspection',"
                            "'grade':'general'}",
                            &error);
    g_assert_no_error(error);
    g_autofree char *id = g_strdup(get(record, "id"));
    json_decref(record);
    record = move(world, &county, "hazard", id, "assign", 1, "{'owner':'张三','due':'2026-12-31'}",
                  &error);
    g_assert_no_error(error);
    json_decref(record);
    json_t *papers =
        documents_of_enterprise(world->sql, world->packs, &county, "E1", world->now_ms, 50, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(papers), ==, 1);
    g_assert_cmpstr(get(json_array_get(papers, 0), "record"), ==, id);
    g_assert_cmpstr(get(json_array_get(papers, 0), "label"), ==, "储罐液位计失准");
    json_decref(papers);
    papers =
        documents_of_enterprise(world->sql, world->packs, &other, "E1", world->now_ms, 50, &error);
    g_assert_true(papers == NULL || json_array_size(papers) == 0);
    json_decref(papers);
}

static void filters_quote(void) {
    g_autofree char *filter = related_filter("enterprise", "O'Hara' OR 1=1");
    g_assert_cmpstr(filter, ==, "\"enterprise\" = 'O''Hara'' OR 1=1'");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/related/counts", World, NULL, world_open, counts_what_names_it, world_close);
    g_test_add("/related/sight", World, NULL, world_open, tells_strangers_nothing, world_close);
    g_test_add("/related/papers", World, NULL, world_open, lists_the_papers_of_an_enterprise,
               world_close);
    g_test_add_func("/related/quotes", filters_quote);
    return g_test_run();
}
