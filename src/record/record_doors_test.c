/* Every door at random: people with and without the right, who stand in for one another, create,
 * edit, propose, confirm, turn down and move; the engine and the clocks do what they do; time
 * jumps. The rules are read from the type itself, not written out again: no record ever stands in a
 * state, holds a value or has taken a step that its type forbids, and the journal proves it. */
#include "record/record_fixture.h"
#include "record/row.h"

enum { PEOPLE = 14, STEPS = 4000, STEPS_MAX = 200000, CHECK_EVERY = 250, KEPT = 12 };

static const struct {
    const char *role, *region, *enterprise;
} posts[PEOPLE] = {
    {"county_inspector", "320412", NULL}, {"county_inspector", "320412", NULL},
    {"county_inspector", "320411", NULL}, {"county_inspector", "320411", NULL},
    {"city_duty", "3204", NULL},          {"city_duty", "3204", NULL},
    {"city_duty", "3205", NULL},          {"province_duty", "32", NULL},
    {"province_duty", "32", NULL},        {"enterprise_safety", NULL, "E1"},
    {"enterprise_safety", NULL, "E1"},    {"enterprise_safety", NULL, "E2"},
    {"enterprise_operator", NULL, "E1"},  {"admin", NULL, NULL},
};

static const char *const types[] = {"paper", "paper", "hazard", "alarm", "delegation"};

typedef struct {
    World world;
    Actor people[PEOPLE];
    char logins[PEOPLE][8];
    GPtrArray *ids[G_N_ELEMENTS(types)];
    guint taken;
} Doors;

static int roll(int n) { return g_test_rand_int_range(0, n); }

/* --- the world --- */

static void make_people(Doors *doors) {
    for (int i = 0; i < PEOPLE; i++) {
        World *world = &doors->world;
        g_snprintf(doors->logins[i], sizeof doors->logins[i], "p%d", i);
        doors->people[i] = person(world, posts[i].role, doors->logins[i],
                                  posts[i].enterprise ? posts[i].enterprise : posts[i].region);
        json_t *fields = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "login", doors->logins[i], "name",
                                   doors->logins[i], "role", posts[i].role, "region",
                                   posts[i].region, "enterprise", posts[i].enterprise);
        GError *error = NULL;
        json_decref(done(record_create(world->sql, world->packs, &actor_system, "user", fields,
                                       NULL, world->now_ms, &error),
                         error));
        json_decref(fields);
    }
}

static void setup(Doors *doors, gconstpointer data) {
    world_open_with(&doors->world, data, "tests/packs/flow");
    make_people(doors);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        doors->ids[i] = g_ptr_array_new_with_free_func(g_free);
}

static void teardown(Doors *doors, gconstpointer data) {
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        g_ptr_array_unref(doors->ids[i]);
    world_close(&doors->world, data);
}

/* --- values that may fit, and some that do not --- */

static json_t *day_json(gint64 now_ms, gboolean time) {
    char text[TIME_TEXT];
    gint64 ms = now_ms + (roll(40) - 8) * (gint64)DAY_MS;
    return json_string(time ? time_format(ms, text) : day_format(day_of(ms), text));
}

static json_t *text_json(const Doors *doors, const Field *field) {
    if (g_str_has_suffix(field->name, "_user"))
        return json_string(doors->logins[roll(PEOPLE)]);
    return json_string(roll(9) ? "x" : "");
}

static json_t *code_json(const Field *field) {
    const CodeItem *item = field->codes->items->pdata[roll((int)field->codes->items->len)];
    return json_string(item->code);
}

static json_t *value_json(const Doors *doors, const Field *field) {
    static const char *const enterprises[] = {"E1", "E2", "E3", "E9"};
    static const char *const regions[] = {"320412", "320411", "32", "99"};
    if (roll(40) == 0)
        return json_integer(roll(5) - 2);
    switch (field->kind) {
    case FIELD_TEXT:
        return text_json(doors, field);
    case FIELD_INTEGER:
        return json_integer(roll(12) - 1);
    case FIELD_DECIMAL:
        return json_real((roll(12) - 1) * 0.5);
    case FIELD_BOOL:
        return json_boolean(roll(2));
    case FIELD_DATE:
    case FIELD_TIME:
        return day_json(doors->world.now_ms, field->kind == FIELD_TIME);
    case FIELD_CODE:
        return code_json(field);
    case FIELD_REF:
        return json_string(g_strcmp0(field->ref_type, "point") == 0 ? "P1" : enterprises[roll(4)]);
    case FIELD_REGION:
        return json_string(regions[roll(4)]);
    default:
        return json_null();
    }
}

static json_t *fields_json(const Doors *doors, const RecordType *type, const Move *move) {
    json_t *fields = json_object();
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        gboolean asked = move ? g_ptr_array_find(move->accepts, field, NULL)
                              : field->required && !field->by_move;
        if (asked ? roll(15) > 0 : roll(60) == 0)
            json_object_set_new(fields, field->name, value_json(doors, field));
    }
    return fields;
}

/* --- steps --- */

static const Actor *anybody(const Doors *doors) {
    static const Actor *const machines[] = {&actor_system, &actor_engine, &actor_clock};
    return roll(12) ? &doors->people[roll(PEOPLE)] : machines[roll(3)];
}

static void settled(Doors *doors, json_t *record, GError *error) {
    g_assert_true((record == NULL) == (error != NULL));
    if (error)
        g_assert_cmpint(error_status(error), <, 500);
    doors->taken += record != NULL;
    json_decref(record);
    g_clear_error(&error);
}

static void create_one(Doors *doors, gsize t) {
    World *world = &doors->world;
    GError *error = NULL;
    const RecordType *type = packs_type(world->packs, types[t]);
    gboolean delegation = g_str_equal(types[t], "delegation");
    const Actor *actor = delegation || roll(2) ? anybody(doors) : &actor_system;
    json_t *fields = fields_json(doors, type, NULL);
    if (delegation && actor->kind == ACTOR_PERSON)
        json_object_set_new(fields, "from_user", json_string(actor->id));
    json_t *record = record_create(world->sql, world->packs, actor, type->name, fields, NULL,
                                   world->now_ms, &error);
    if (record) {
        g_ptr_array_add(doors->ids[t], g_strdup(get(record, "id")));
        if (doors->ids[t]->len > KEPT)
            g_ptr_array_remove_index(doors->ids[t], 0);
    }
    json_decref(fields);
    if (record && delegation && roll(4)) /* most who write one down begin it */
        json_decref(move(world, actor, "delegation", get(record, "id"), "begin", 0, "{}", NULL));
    settled(doors, record, error);
}

static void edit_one(Doors *doors, const RecordType *type, const char *id) {
    World *world = &doors->world;
    GError *error = NULL;
    json_t *fields = json_object();
    const Field *field = type->fields->pdata[roll((int)type->fields->len)];
    json_object_set_new(fields, field->name, value_json(doors, field));
    json_t *record = record_edit(world->sql, world->packs, anybody(doors), type->name, id, 0,
                                 fields, world->now_ms, &error);
    json_decref(fields);
    settled(doors, record, error);
}

/* One of the moves, most often one that starts where the record stands. */
static const Move *choose_move(const RecordType *type, json_t *record) {
    const State *state = type_state(type, get(record, "state"));
    for (int i = 0; i < 30; i++) {
        const Move *move = type->moves->pdata[roll((int)type->moves->len)];
        if (state && (move->from >> state->index & 1))
            return move;
    }
    return type->moves->pdata[roll((int)type->moves->len)];
}

static void move_one(Doors *doors, const RecordType *type, const char *id) {
    World *world = &doors->world;
    GError *error = NULL;
    json_t *record =
        done(record_get(world->sql, world->packs, &actor_system, type->name, id, &error), error);
    const Move *move = choose_move(type, record);
    json_t *fields = fields_json(doors, type, move);
    const Actor *actor = anybody(doors);
    gint64 version = roll(20) ? version_of(record) : 1;
    for (int tries = 0;
         tries < 12 && actor->kind == ACTOR_PERSON &&
         !role_in(actor->role, move->approvals ? move->who | move->approvers : move->who);
         tries++)
        actor = anybody(doors);
    json_decref(record);
    record = record_move(world->sql, world->packs, actor, type->name, id,
                         roll(8) ? move->name : MOVE_TURN_DOWN, version, fields, "x", world->now_ms,
                         &error);
    json_decref(fields);
    settled(doors, record, error);
}

/* Whoever is refused leaves nothing behind: the caller's savepoint is what a writer's job has. */
static void step(Doors *doors) {
    World *world = &doors->world;
    guint before = doors->taken;
    gsize t = (gsize)roll(G_N_ELEMENTS(types));
    const RecordType *type = packs_type(world->packs, types[t]);
    const char *id =
        doors->ids[t]->len ? doors->ids[t]->pdata[roll((int)doors->ids[t]->len)] : NULL;
    world->now_ms += roll(150) ? roll(600) * 1000 : roll(6) * DAY_MS;
    g_assert_true(sql_exec(world->sql, "SAVEPOINT step", NULL));
    if (id == NULL || roll(8) == 0)
        create_one(doors, t);
    else if (roll(10) == 0)
        edit_one(doors, type, id);
    else
        move_one(doors, type, id);
    g_assert_true(
        sql_exec(world->sql,
                 doors->taken > before ? "RELEASE step" : "ROLLBACK TO step; RELEASE step", NULL));
}

static void fire_due(World *world) {
    GError *error = NULL;
    int fired;
    g_assert_true(sql_exec(world->sql, "SAVEPOINT fire", NULL));
    clocks_fire(world->sql, world->packs, world->now_ms, 50, &fired, &error);
    g_assert_no_error(error);
    g_assert_true(sql_exec(world->sql, "RELEASE fire", NULL));
}

/* --- what must hold of the rows --- */

static void check_values(const RecordType *type, json_t *record) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        json_t *json = json_object_get(record, field->name);
        GError *error = NULL;
        FieldValue value = {0};
        if (json == NULL && field->required)
            g_error("%s %s: %s is empty", type->name, get(record, "id"), field->name);
        if (json && !field_value_from_json(field, json, &value, &error))
            g_error("%s %s: %s", type->name, get(record, "id"), error->message);
        field_value_clear(&value);
    }
}

/* --- and of every step that was ever taken --- */

static gboolean leads_to(const Move *move, const char *from, const char *to) {
    for (guint i = 0; i < move->to->len; i++) {
        const MoveTarget *target = &g_array_index(move->to, MoveTarget, i);
        if (g_strcmp0(target->state ? target->state->name : from, to) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean made_by(const Doors *doors, const Move *move, json_t *entry) {
    const char *actor = get(entry, "actor"), *role_name = get(entry, "role");
    const Role *role = role_name ? packs_role(doors->world.packs, role_name) : NULL;
    if (g_str_equal(actor, "system"))
        return TRUE;
    if (g_str_equal(actor, "clock") || g_str_equal(actor, "engine"))
        return (move->by & (*actor == 'c' ? BY_CLOCK : BY_ENGINE)) != 0;
    return role && role_in(role, move->approvals ? move->approvers : move->who);
}

/* A move of many was proposed by one and confirmed by so many others. */
static void check_hands(const Move *move, json_t *entry) {
    json_t *note = json_object_get(json_object_get(entry, "diff"), "_approved");
    json_t *hands = json_array_get(note, 1), *hand;
    g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i;
    json_array_foreach(hands, i, hand) g_hash_table_add(all, (gpointer)json_string_value(hand));
    gboolean last_is_new = g_hash_table_add(all, (gpointer)get(entry, "actor"));
    g_assert_true(last_is_new);
    g_assert_cmpuint(g_hash_table_size(all), >=, (guint)move->approvals + 1);
}

static void check_entry(const Doors *doors, const RecordType *type, json_t *entry,
                        const char *state) {
    const char *action = get(entry, "action"), *from = get(entry, "from"), *to = get(entry, "to");
    gboolean person = !g_strv_contains((const char *const[]){"system", "clock", "engine", NULL},
                                       get(entry, "actor"));
    if (g_str_equal(action, "create")) {
        g_assert_cmpstr(to, ==, type->initial ? type->initial->name : NULL);
        return;
    }
    g_assert_cmpstr(from, ==, state); /* each begins where the former has ended */
    if (!g_str_has_prefix(action, "move:")) {
        g_assert_cmpstr(from, ==, to);
        return;
    }
    const Move *move = type_move(type, action + strlen("move:"));
    g_assert_nonnull(move);
    g_assert_true(move->from >> type_state(type, from)->index & 1);
    if (!leads_to(move, from, to))
        g_error("%s: %s leads from %s to %s", type->name, move->name, from, to);
    if (!made_by(doors, move, entry))
        g_error("%s: %s by %s (%s)", type->name, move->name, get(entry, "actor"),
                get(entry, "role"));
    if (move->approvals && person)
        check_hands(move, entry);
}

static void check_record(Doors *doors, const RecordType *type, const char *id) {
    World *world = &doors->world;
    GError *error = NULL;
    json_t *record =
        done(record_get(world->sql, world->packs, &actor_system, type->name, id, &error), error);
    json_t *journal = done(journal_of(world->sql, world->packs, type->name, id, &error), error);
    const char *state = NULL;
    size_t i;
    json_t *entry;
    g_assert_true(type->initial == NULL || type_state(type, get(record, "state")) != NULL);
    check_values(type, record);
    json_array_foreach(journal, i, entry) {
        check_entry(doors, type, entry, state);
        state = get(entry, "to");
    }
    g_assert_cmpstr(state, ==, get(record, "state"));
    json_decref(journal);
    json_decref(record);
}

static void check_all(Doors *doors) {
    for (gsize t = 0; t < G_N_ELEMENTS(types); t++)
        for (guint i = 0; i < doors->ids[t]->len; i++)
            check_record(doors, packs_type(doors->world.packs, types[t]), doors->ids[t]->pdata[i]);
}

/* What has not happened yet, or NULL; a test without it would say nothing of it. */
static const char *missing(const Doors *doors) {
    static const char *const wanted[][2] = {
        {"action", "create"},     {"action", "edit"},        {"action", "propose:%"},
        {"action", "confirm:%"},  {"action", "turn_down:%"}, {"action", "move:annul"},
        {"action", "move:begin"}, {"action", "move:remind"}, {"diff", "%\"_for\"%"}};
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        gint64 n;
        g_autofree char *text = g_strdup_printf(
            "SELECT count(*) FROM journal WHERE %s LIKE ? ESCAPE '\\'", wanted[i][0]);
        g_assert_true(sql_get_int(doors->world.sql, NULL, &n, 0, text, "t", wanted[i][1]));
        if (n == 0)
            return wanted[i][1];
    }
    return NULL;
}

static void test_doors(Doors *doors, gconstpointer data) {
    (void)data;
    for (int i = 1; i <= STEPS_MAX; i++) {
        step(doors);
        if (roll(10) == 0)
            fire_due(&doors->world);
        if (i % CHECK_EVERY == 0)
            check_all(doors);
        if (i >= STEPS && i % CHECK_EVERY == 0 && missing(doors) == NULL)
            break;
    }
    g_assert_cmpstr(missing(doors), ==, NULL);
    verify_good(&doors->world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/record/doors", Doors, NULL, setup, test_doors, teardown);
    return g_test_run();
}
