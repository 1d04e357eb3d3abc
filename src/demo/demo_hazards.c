#include "demo/demo_file.h"
#include "demo/demo_parts.h"
#include "demo/dice.h"

#include <math.h>
#include <string.h>

/* One hazard of one story at one plant. */
typedef struct {
    json_t *story, *subject; /* borrowed from the book */
    const PlanEnterprise *enterprise;
    gint64 shift_ms; /* so that hazards of one story do not come in the same second */
    char *id;        /* after its creation */
} Hazard;

typedef struct {
    gint64 at_ms;
    guint hazard;
    json_t *step; /* borrowed */
} Act;

struct HazardBook {
    const Build *build;
    json_t *root;
    GArray *hazards; /* Hazard */
    GArray *acts;    /* Act */
};

static void hazard_clear(gpointer data) { g_free(((Hazard *)data)->id); }

void hazard_book_free(HazardBook *book) {
    g_array_unref(book->hazards);
    g_array_unref(book->acts);
    json_decref(book->root);
    g_free(book);
}

static const char *text_at(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* Every third hazard at a showpiece, so that the demo logins have something to do; the rest
 * anywhere. */
static const PlanEnterprise *hazard_plant(const ProvincePlan *plan, guint serial, Dice *dice) {
    guint showpieces = plan->templates->showpieces->len;
    gboolean show = serial % 3 == 0 && showpieces > 0;
    return plan_enterprise(plan, dice_pick(dice, show ? showpieces : plan->enterprises->len));
}

static void hazard_add(HazardBook *book, json_t *story, json_t *subjects, Dice *dice) {
    Hazard h = {.story = story};
    h.subject = json_array_get(subjects, dice_pick(dice, (guint)json_array_size(subjects)));
    h.enterprise = hazard_plant(book->build->plan, book->hazards->len, dice);
    h.shift_ms = (gint64)dice_between(dice, 0, 2 * 3600e3);
    gsize i;
    json_t *step;
    json_array_foreach(json_object_get(story, "steps"), i, step) {
        double day = json_number_value(json_object_get(step, "day"));
        gint64 at_ms = book->build->now_ms + (gint64)(day * DAY_MS) - h.shift_ms;
        g_array_append_val(book->acts, ((Act){at_ms, book->hazards->len, step}));
    }
    g_array_append_val(book->hazards, h);
}

static gboolean story_good(json_t *story) {
    json_t *first = json_array_get(json_object_get(story, "steps"), 0);
    return text_at(story, "source") && first && g_strcmp0(text_at(first, "move"), "create") == 0;
}

static gboolean stories_read(HazardBook *book, const char *path, GError **error) {
    json_t *subjects = json_object_get(book->root, "subjects"), *story;
    if (!json_array_size(subjects))
        return demo_file_error(error, path, "there are no subjects");
    Dice dice = dice_new(dice_hash(book->build->plan->seed, 'h', 'z'));
    gsize i;
    json_array_foreach(json_object_get(book->root, "stories"), i, story) {
        if (!story_good(story))
            return demo_file_error(
                error, path, "story %d: needs a source and a first step `create`", (int)i + 1);
        json_int_t count = json_integer_value(json_object_get(story, "count"));
        for (json_int_t k = 0; k < MIN(count, 100); k++)
            hazard_add(book, story, subjects, &dice);
    }
    return TRUE;
}

HazardBook *hazard_book_read(const Build *build, GError **error) {
    g_autofree char *path = g_build_filename(build->demo_dir, "hazards.yaml", NULL);
    g_autoptr(HazardBook) book = g_new0(HazardBook, 1);
    book->build = build;
    book->hazards = g_array_new(FALSE, FALSE, sizeof(Hazard));
    book->acts = g_array_new(FALSE, FALSE, sizeof(Act));
    g_array_set_clear_func(book->hazards, hazard_clear);
    book->root = demo_yaml_read(path, error);
    return book->root && stories_read(book, path, error) ? g_steal_pointer(&book) : NULL;
}

/* --- playing --- */

/* Who finds a hazard depends on its source; the plant submits, the county does the rest. */
static gboolean by_plant(const Hazard *h, const char *move) {
    if (strcmp(move, "create") == 0)
        return strcmp(text_at(h->story, "source"), "selfcheck") == 0;
    return strcmp(move, "submit") == 0;
}

static void player_set(const Build *build, const Hazard *h, const char *move, Player *player) {
    gboolean plant = by_plant(h, move);
    player->actor = (Actor){.kind = ACTOR_PERSON, .id = player->login};
    player->actor.role = packs_role(build->packs, plant ? "enterprise_safety" : "county_inspector");
    player->actor.name = plant ? "企业安全员（演示）" : "县级监管员（演示）";
    if (plant)
        player->actor.enterprise = h->enterprise->code;
    else
        player->actor.region = h->enterprise->region->code;
    if (plant)
        person_safety(build->plan, h->enterprise, player->login);
    else
        person_inspector(build->plan, h->enterprise, player->login);
}

static json_t *create_fields(const HazardBook *book, const Hazard *h, const Act *act) {
    const char *grade = text_at(h->story, "grade");
    char found_at[TIME_TEXT];
    json_t *fields =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "title", text_at(h->subject, "title"),
                  "enterprise", h->enterprise->code, "source", text_at(h->story, "source"), "kind",
                  text_at(h->subject, "kind"), "place", text_at(h->subject, "place"), "grade",
                  grade ? grade : "general", "found_at",
                  time_format(act->at_ms - act->at_ms % 60000, found_at));
    json_object_set_new(fields, "description",
                        json_sprintf("%s：%s（演示数据）", text_at(h->subject, "place"),
                                     text_at(h->subject, "title")));
    if (grade && strcmp(grade, "major") == 0)
        json_object_set(fields, "criterion", json_object_get(book->root, "criterion"));
    return fields;
}

static json_t *move_fields(const HazardBook *book, const Hazard *h, const Act *act,
                           const char *move) {
    char due[TIME_TEXT];
    double due_day = json_number_value(json_object_get(act->step, "due"));
    if (strcmp(move, "assign") == 0)
        return json_pack("{s:s, s:s}", "owner", "安全科负责人（演示）", "due",
                         day_format(day_of(book->build->now_ms + (gint64)(due_day * DAY_MS)), due));
    if (strcmp(move, "submit") == 0)
        return json_pack("{s:s, s:s, s:f, s:s}", "rectified", text_at(h->subject, "rectified"),
                         "measure", text_at(h->subject, "measure"), "funds_wan",
                         1.5 + h->enterprise->employees / 100.0, "plan",
                         "整改期间加密巡检，备足应急器材");
    if (strcmp(move, "return") == 0)
        return json_pack("{s:s}", "opinion", "现场复查仍不符合要求，请继续整改");
    if (strcmp(move, "accept") == 0)
        return json_pack("{s:s}", "opinion", "现场复查，整改到位");
    if (strcmp(move, "dismiss") == 0)
        return json_pack("{s:s}", "dismissal", "经现场核实，不构成事故隐患");
    return json_object();
}

static gboolean act_play(gpointer data, guint index, gint64 at_ms, Sql *sql, GError **error) {
    HazardBook *book = data;
    const Act *act = &g_array_index(book->acts, Act, index);
    const Build *build = book->build;
    Hazard *h = &g_array_index(book->hazards, Hazard, act->hazard);
    const char *move = text_at(act->step, "move");
    gboolean create = strcmp(move, "create") == 0;
    Player player;
    player_set(build, h, move, &player);
    json_t *fields = create ? create_fields(book, h, act) : move_fields(book, h, act, move);
    json_t *record = create ? record_create(sql, build->packs, &player.actor, "hazard", fields,
                                            NULL, at_ms, error)
                            : record_move(sql, build->packs, &player.actor, "hazard", h->id, move,
                                          0, fields, NULL, at_ms, error);
    json_decref(fields);
    if (record && create)
        h->id = g_strdup(text_at(record, "id"));
    json_decref(record);
    return record != NULL;
}

void hazard_book_acts(HazardBook *book, GArray *acts) {
    for (guint i = 0; i < book->hazards->len; i++)
        g_clear_pointer(&g_array_index(book->hazards, Hazard, i).id, g_free);
    for (guint i = 0; i < book->acts->len; i++) {
        const Act *act = &g_array_index(book->acts, Act, i);
        g_array_append_val(acts, ((DemoAct){act->at_ms, acts->len, act_play, book, i}));
    }
}
