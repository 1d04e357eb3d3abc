/* Random moves by random people on hazards and alarms, against a model written out from the packs'
 * text. Whatever is asked for, a record stands in a state the model allows, a refusal changes
 * nothing, and the journal proves it all. */
#include "record/record_fixture.h"

typedef struct {
    const char *type, *move;
    const char *from; /* states, each followed by a blank */
    const char *to;   /* states it may lead to */
    const char *who;  /* roles by hand */
} Allowed;

static const Allowed allowed[] = {
    {"hazard", "assign", "reported ", "rectifying ", "county_inspector city_duty "},
    {"hazard", "dismiss", "reported ", "dismissed ", "county_inspector "},
    {"hazard", "submit", "rectifying ", "to_accept ", "enterprise_safety enterprise_head "},
    {"hazard", "return", "to_accept ", "rectifying ", "county_inspector city_duty province_duty "},
    {"hazard", "accept", "to_accept ", "accepted ", "county_inspector city_duty province_duty "},
    {"hazard", "close", "accepted ", "closed ", "county_inspector city_duty province_duty "},
    {"hazard", "escalate_county", "", "", ""},
    {"hazard", "escalate_province", "", "", ""},
    {"alarm", "acknowledge", "unacknowledged returned latched ",
     "acknowledged normal latched_acknowledged ",
     "enterprise_operator enterprise_safety county_inspector city_duty province_duty admin "},
    {"alarm", "reset", "latched_acknowledged ", "normal ",
     "enterprise_operator enterprise_safety "},
    {"alarm", "shelve", "unacknowledged acknowledged ", "shelved ", "enterprise_safety admin "},
    {"alarm", "unshelve", "shelved ",
     "acknowledged unacknowledged latched latched_acknowledged normal returned ",
     "enterprise_safety enterprise_operator admin "},
    {"alarm", "raise_level", "", "", ""},
    {"alarm", "return", "", "", ""},
};

static gboolean listed(const char *list, const char *word) {
    g_autofree char *blank_list = g_strconcat(" ", list, NULL);
    g_autofree char *blank_word = g_strconcat(" ", word, " ", NULL);
    return strstr(blank_list, blank_word) != NULL;
}

static const char *const enterprises[] = {"E1", "E2", "E3"};
static const char *const counties[] = {"320412", "320411", "320505"};

static gboolean covers(const Actor *actor, int home) {
    if (actor->role->level == LEVEL_SYSTEM)
        return TRUE;
    if (actor->role->level == LEVEL_ENTERPRISE)
        return strcmp(actor->enterprise, enterprises[home]) == 0;
    return g_str_has_prefix(counties[home], actor->region);
}

enum { RECORDS = 24, PEOPLE = 30, STEPS = 6000 };

typedef struct {
    char *id, *state, *submitter;
    const char *type;
    int home;
    gint64 version;
} Model;

static Actor people[PEOPLE];
static char names[PEOPLE][8];

static void make_people(World *world) {
    static const char *const places[] = {"32", "3204", "3205", "320412", "320411", "320505"};
    for (int i = 0; i < PEOPLE; i++) {
        const Role *role =
            world->packs->roles->pdata[g_test_rand_int_range(0, (gint32)world->packs->roles->len)];
        g_snprintf(names[i], sizeof names[i], "p%d", i % 12); /* some people have several posts */
        people[i] =
            person(world, role->name, names[i],
                   role->level == LEVEL_ENTERPRISE ? enterprises[g_test_rand_int_range(0, 3)]
                                                   : places[g_test_rand_int_range(0, 6)]);
    }
}

static Model new_record(World *world, int i) {
    GError *error = NULL;
    Model model = {.type = i % 2 ? "alarm" : "hazard", .home = i / 2 % 3};
    if (i % 2 && model.home == 1)
        model.home = 0; /* E2 has no point */
    g_autofree char *text =
        i % 2
            ? g_strdup_printf(
                  "{'point':'P%d','enterprise':'%s','condition':'high','level':'H','priority':'2',"
                  "'onset':'2026-09-28T08:00:00+08:00','active':true,'latched':%s}",
                  model.home + 1, enterprises[model.home], i % 4 == 1 ? "true" : "false")
            : g_strdup_printf("{'title':'a','enterprise':'%s','source':'other','grade':'general'}",
                              enterprises[model.home]);
    json_t *record =
        done(create(world, i % 2 ? &actor_engine : &actor_system, model.type, text, &error), error);
    model.id = g_strdup(get(record, "id"));
    model.state = g_strdup(get(record, "state"));
    model.version = version_of(record);
    json_decref(record);
    return model;
}

static gboolean may(const Model *model, const Allowed *rule, const Actor *actor) {
    if (!covers(actor, model->home) || !listed(rule->who, actor->role->name) ||
        !listed(rule->from, model->state))
        return FALSE;
    return strcmp(rule->move, "accept") != 0 || g_strcmp0(model->submitter, actor->id) != 0;
}

static const char *fields_for(const char *move) {
    static const char *const fields[][2] = {{"assign", "{'owner':'x','due':'2026-12-31'}"},
                                            {"dismiss", "{'dismissal':'x'}"},
                                            {"submit", "{'rectified':'x'}"},
                                            {"return", "{'opinion':'x'}"},
                                            {"accept", "{'opinion':'x'}"}};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        if (strcmp(fields[i][0], move) == 0)
            return fields[i][1];
    return "{}";
}

static json_t *try_move(World *world, const Model *model, const Allowed *rule, const Actor *actor) {
    if (strcmp(rule->move, "shelve") != 0)
        return move(world, actor, model->type, model->id, rule->move, 0, fields_for(rule->move),
                    NULL);
    char until[TIME_TEXT];
    g_autofree char *text = g_strdup_printf("{'shelved_until':'%s','shelve_reason':'x'}",
                                            time_format(world->now_ms + 3600000, until));
    return move(world, actor, model->type, model->id, rule->move, 0, text, NULL);
}

/* The engine, too, does what it likes with alarms. */
static void engine_step(World *world, Model *model) {
    if (strcmp(model->type, "alarm") != 0)
        return;
    json_t *record = g_test_rand_bit()
                         ? move(world, &actor_engine, "alarm", model->id, "return", 0, "{}", NULL)
                         : move(world, &actor_engine, "alarm", model->id, "raise_level", 0,
                                "{'level':'HH','acknowledged':false}", NULL);
    if (record == NULL)
        return;
    g_free(model->state);
    model->state = g_strdup(get(record, "state"));
    model->version = version_of(record);
    json_decref(record);
}

static void person_step(World *world, Model *model) {
    const Allowed *rule = &allowed[g_test_rand_int_range(0, G_N_ELEMENTS(allowed))];
    const Actor *actor = &people[g_test_rand_int_range(0, PEOPLE)];
    if (strcmp(rule->type, model->type) != 0)
        return;
    gboolean wanted = may(model, rule, actor);
    json_t *record = try_move(world, model, rule, actor);
    if (wanted != (record != NULL))
        g_error("%s %s by %s in %s: %s", rule->move, model->id, actor->role->name, model->state,
                wanted ? "should go" : "should be refused");
    if (record == NULL)
        return;
    g_assert_true(listed(rule->to, get(record, "state")));
    g_assert_cmpint(version_of(record), ==, model->version + 1);
    g_free(model->state);
    model->state = g_strdup(get(record, "state"));
    model->version++;
    if (strcmp(rule->move, "submit") == 0) {
        g_free(model->submitter);
        model->submitter = g_strdup(actor->id);
    }
    json_decref(record);
}

static void unchanged(World *world, const Model *model) {
    GError *error = NULL;
    json_t *record = done(
        record_get(world->sql, world->packs, &actor_system, model->type, model->id, &error), error);
    g_assert_cmpstr(get(record, "state"), ==, model->state);
    g_assert_cmpint(version_of(record), ==, model->version);
    json_decref(record);
}

static void test_model(World *world, gconstpointer data) {
    (void)data;
    Model models[RECORDS];
    make_people(world);
    for (int i = 0; i < RECORDS; i++)
        models[i] = new_record(world, i);
    for (int step = 0; step < STEPS; step++) {
        Model *model = &models[g_test_rand_int_range(0, RECORDS)];
        world->now_ms += 1000;
        if (g_test_rand_int_range(0, 20) == 0)
            engine_step(world, model);
        else
            person_step(world, model);
        unchanged(world, model);
        if (g_test_rand_int_range(0, 100) == 0 &&
            listed("closed dismissed normal ", model->state)) {
            int i = (int)(model - models);
            g_free(model->id);
            g_free(model->state);
            g_free(model->submitter);
            models[i] = new_record(world, i);
        }
    }
    for (int i = 0; i < RECORDS; i++) {
        g_free(models[i].id);
        g_free(models[i].state);
        g_free(models[i].submitter);
    }
    verify_good(world);
}

/* --- whatever the JSON --- */

static json_t *random_json(int depth) {
    static const char *const texts[] = {"",
                                        "E1",
                                        "P1",
                                        "320412",
                                        "32",
                                        "general",
                                        "major",
                                        "2026-10-01",
                                        "2026-10-01T00:00:00+08:00",
                                        "admin",
                                        "x'); DROP TABLE journal; --",
                                        "长",
                                        "{\"a\"}",
                                        "%_\\",
                                        "level",
                                        "1"};
    switch (g_test_rand_int_range(0, depth > 1 ? 7 : 9)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(g_test_rand_bit());
    case 2:
        return json_integer(g_test_rand_bit() ? g_test_rand_int() : G_MININT64);
    case 3:
        return json_real(g_test_rand_double_range(-1e3, 1e3));
    case 7:
        return json_pack("[o, o]", random_json(depth + 1), random_json(depth + 1));
    case 8:
        return json_pack("{s:o, s:o}", "lon", random_json(depth + 1), "lat",
                         random_json(depth + 1));
    default:
        return json_string(texts[g_test_rand_int_range(0, G_N_ELEMENTS(texts))]);
    }
}

static json_t *random_fields(const RecordType *type) {
    json_t *fields = json_object();
    for (guint i = 0; i < type->fields->len; i++)
        if (g_test_rand_int_range(0, 3))
            json_object_set_new(fields, ((const Field *)type->fields->pdata[i])->name,
                                random_json(0));
    if (g_test_rand_int_range(0, 50) == 0)
        json_object_set_new(fields, "version", json_integer(1));
    return fields;
}

/* Any JSON is either taken or refused with a reason; what is refused leaves nothing behind. */
static void test_any_json(World *world, gconstpointer data) {
    (void)data;
    int taken = 0;
    for (int i = 0; i < 20000 || (taken == 0 && i < 400000); i++) { /* few fit many types */
        GError *error = NULL;
        /* every fourth of a type with few required fields, so that some are taken */
        const RecordType *type =
            i % 4 == 0 ? packs_type(world->packs, "region")
                       : world->packs->types
                             ->pdata[g_test_rand_int_range(0, (gint32)world->packs->types->len)];
        json_t *fields = random_fields(type);
        json_t *record = record_put(world->sql, world->packs, &actor_system, type->name, fields,
                                    world->now_ms, NULL, &error);
        g_assert_true((record == NULL) == (error != NULL));
        if (error)
            g_assert_cmpint(error_status(error), <, 500);
        taken += record != NULL;
        json_decref(record);
        json_decref(fields);
        g_clear_error(&error);
    }
    g_assert_cmpint(taken, >, 0);
    verify_good(world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/record/model", World, NULL, world_open, test_model, world_close);
    g_test_add("/record/any-json", World, NULL, world_open, test_any_json, world_close);
    return g_test_run();
}
