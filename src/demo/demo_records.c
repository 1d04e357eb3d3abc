/* The files of demo/records: what people keep, told in steps (demo/README.md). A file is told once
 * for each showpiece it names; all files, and the hazards, are played together in order of time.
 */
#include "demo/demo_file.h"
#include "demo/demo_parts.h"

#include <math.h>
#include <string.h>

/* One file told at one plant. */
typedef struct {
    const PlanEnterprise *enterprise;
    GHashTable *ids;   /* name -> id of the record it stands for */
    GHashTable *types; /* name -> its type, borrowed */
} Telling;

typedef struct {
    guint telling;
    const char *file; /* for errors */
    json_t *step;     /* borrowed from its root */
} Step;

struct RecordBook {
    const Build *build;
    GPtrArray *roots; /* json_t* */
    GPtrArray *files; /* char* */
    GArray *tellings; /* Telling */
    GArray *steps;    /* Step */
};

static void telling_clear(gpointer data) {
    g_hash_table_unref(((Telling *)data)->ids);
    g_hash_table_unref(((Telling *)data)->types);
}

static void root_free(gpointer root) { json_decref(root); }

void record_book_free(RecordBook *book) {
    g_array_unref(book->steps);
    g_array_unref(book->tellings);
    g_ptr_array_unref(book->roots);
    g_ptr_array_unref(book->files);
    g_free(book);
}

static const char *text_at(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* --- reading --- */

static gboolean step_good(const Packs *packs, json_t *step, const char *file, guint n,
                          GError **error) {
    const char *by = text_at(step, "by"), *create = text_at(step, "create"),
               *move = text_at(step, "move"), *of = text_at(step, "of");
    const char *problem = NULL;
    if (!json_is_number(json_object_get(step, "day")))
        problem = "day (a number) is missing";
    else if (by == NULL || (strcmp(by, "system") != 0 && !person_known(by)))
        problem = "by names no demo login";
    else if (create ? !packs_type(packs, create) : !of || (!move && !json_object_get(step, "edit")))
        problem = "needs create: TYPE, or of: NAME with move: or edit: true";
    return problem == NULL || demo_file_error(error, file, "step %u: %s", n + 1, problem);
}

static gboolean telling_add(RecordBook *book, json_t *root, const char *file, guint showpiece,
                            GError **error) {
    const ProvincePlan *plan = book->build->plan;
    if (showpiece >= plan->enterprises->len)
        return demo_file_error(error, file, "for: there is no showpiece %u", showpiece);
    Telling telling = {plan_enterprise(plan, showpiece),
                       g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free),
                       g_hash_table_new(g_str_hash, g_str_equal)};
    g_array_append_val(book->tellings, telling);
    gsize i;
    json_t *step;
    json_array_foreach(json_object_get(root, "steps"), i, step) {
        Step one = {book->tellings->len - 1, file, step};
        if (!step_good(book->build->packs, step, file, (guint)i, error))
            return FALSE;
        g_array_append_val(book->steps, one);
    }
    return TRUE;
}

static gboolean file_add(RecordBook *book, const char *path, GError **error) {
    json_t *root = demo_yaml_read(path, error);
    if (root == NULL)
        return FALSE;
    g_ptr_array_add(book->roots, root);
    char *file = g_strdup(path);
    g_ptr_array_add(book->files, file);
    json_t *plants = json_object_get(root, "for");
    if (!json_array_size(json_object_get(root, "steps")))
        return demo_file_error(error, path, "there are no steps");
    gboolean good = TRUE;
    for (gsize i = 0; good && i < MAX(json_array_size(plants), 1); i++) {
        json_t *plant = json_array_get(plants, i);
        good = telling_add(book, root, file, plant ? (guint)json_integer_value(plant) : 0, error);
    }
    return good;
}

static gint compare_paths(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *paths_sorted(const char *folder) {
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL); /* none: a demo without records */
    for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;)
        if (*name != '.' && g_str_has_suffix(name, ".yaml"))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

RecordBook *record_book_read(const Build *build, GError **error) {
    g_autofree char *folder = g_build_filename(build->demo_dir, "records", NULL);
    g_autoptr(GPtrArray) paths = paths_sorted(folder);
    g_autoptr(RecordBook) book = g_new0(RecordBook, 1);
    book->build = build;
    book->roots = g_ptr_array_new_with_free_func(root_free);
    book->files = g_ptr_array_new_with_free_func(g_free);
    book->tellings = g_array_new(FALSE, FALSE, sizeof(Telling));
    book->steps = g_array_new(FALSE, FALSE, sizeof(Step));
    g_array_set_clear_func(book->tellings, telling_clear);
    for (guint i = 0; i < paths->len; i++)
        if (!file_add(book, paths->pdata[i], error))
            return NULL;
    return g_steal_pointer(&book);
}

/* --- values: "$enterprise", "$region", "$city", "$NAME", {day: n}, {time: n} --- */

static gint64 moment(const RecordBook *book, double days) {
    gint64 ms = book->build->now_ms + (gint64)llround(days * DAY_MS);
    return ms - ms % 60000;
}

static json_t *text_value(const RecordBook *book, const Telling *telling, const char *text) {
    const PlanEnterprise *e = telling->enterprise;
    const char *name = text + 1, *id = g_hash_table_lookup(telling->ids, name);
    if (*text != '$')
        return json_string(text);
    if (strcmp(name, "enterprise") == 0)
        return json_string(e->code);
    if (strcmp(name, "region") == 0)
        return json_string(e->region->code);
    if (strcmp(name, "city") == 0)
        return json_string(plan_region(book->build->plan, e->region->parent)->code);
    return id ? json_string(id) : NULL;
}

static json_t *value_of(const RecordBook *book, const Telling *telling, json_t *value);

static json_t *object_value(const RecordBook *book, const Telling *telling, json_t *object) {
    char text[TIME_TEXT];
    json_t *day = json_object_get(object, "day"), *time = json_object_get(object, "time");
    if (json_object_size(object) == 1 && json_is_number(day))
        return json_string(day_format(day_of(moment(book, json_number_value(day))), text));
    if (json_object_size(object) == 1 && json_is_number(time))
        return json_string(time_format(moment(book, json_number_value(time)), text));
    json_t *out = json_object();
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        json_t *made = value_of(book, telling, member);
        if (made)
            json_object_set_new(out, key, made);
        else
            g_clear_pointer(&out, json_decref);
        if (out == NULL)
            break;
    }
    return out;
}

/* NULL: it names a record that is not made yet. */
static json_t *value_of(const RecordBook *book, const Telling *telling, json_t *value) {
    if (json_is_string(value))
        return text_value(book, telling, json_string_value(value));
    if (json_is_object(value))
        return object_value(book, telling, value);
    if (!json_is_array(value))
        return json_incref(value);
    json_t *out = json_array();
    for (gsize i = 0; out && i < json_array_size(value); i++) {
        json_t *made = value_of(book, telling, json_array_get(value, i));
        if (made)
            json_array_append_new(out, made);
        else
            g_clear_pointer(&out, json_decref);
    }
    return out;
}

/* --- playing --- */

static json_t *step_do(const RecordBook *book, const Telling *telling, const Step *step, Sql *sql,
                       json_t *fields, gint64 at_ms, GError **error) {
    const Packs *packs = book->build->packs;
    const char *create = text_at(step->step, "create"), *of = text_at(step->step, "of"),
               *move = text_at(step->step, "move"), *comment = text_at(step->step, "comment");
    const char *type = of ? g_hash_table_lookup(telling->types, of) : create;
    const char *id = of ? g_hash_table_lookup(telling->ids, of) : NULL;
    Player player;
    person_player(book->build, text_at(step->step, "by"), telling->enterprise, &player);
    if (create)
        return record_create(sql, packs, &player.actor, type, fields, comment, at_ms, error);
    if (move)
        return record_move(sql, packs, &player.actor, type, id, move, 0, fields, comment, at_ms,
                           error);
    return record_edit(sql, packs, &player.actor, type, id, 0, fields, at_ms, error);
}

static void remember(Telling *telling, const Step *step, json_t *record) {
    const char *name = text_at(step->step, "as");
    if (name == NULL)
        return;
    g_hash_table_insert(telling->ids, (gpointer)name, g_strdup(text_at(record, "id")));
    g_hash_table_insert(telling->types, (gpointer)name, (gpointer)text_at(step->step, "create"));
}

/* A refusal names the file and the step. */
static gboolean refused(const Step *step, const GError *cause, GError **error) {
    const char *create = text_at(step->step, "create"), *of = text_at(step->step, "of"),
               *move = text_at(step->step, "move");
    return demo_file_error(error, step->file, "%s %s on day %g: %s", create ? create : of,
                           create ? "create"
                           : move ? move
                                  : "edit",
                           json_number_value(json_object_get(step->step, "day")), cause->message);
}

static gboolean step_play(gpointer data, guint index, gint64 at_ms, Sql *sql, GError **error) {
    RecordBook *book = data;
    const Step *step = &g_array_index(book->steps, Step, index);
    Telling *telling = &g_array_index(book->tellings, Telling, step->telling);
    const char *of = text_at(step->step, "of");
    json_t *with = json_object_get(step->step, "with");
    json_t *fields = with ? value_of(book, telling, with) : json_object();
    if (fields == NULL || (of && !g_hash_table_contains(telling->ids, of))) {
        json_decref(fields);
        return demo_file_error(error, step->file, "%s: names a record that is not made before",
                               of ? of : text_at(step->step, "create"));
    }
    g_autoptr(GError) cause = NULL;
    json_t *record = step_do(book, telling, step, sql, fields, at_ms, &cause);
    json_decref(fields);
    if (record == NULL)
        return refused(step, cause, error);
    remember(telling, step, record);
    json_decref(record);
    return TRUE;
}

void record_book_acts(RecordBook *book, GArray *acts) {
    for (guint i = 0; i < book->tellings->len; i++)
        g_hash_table_remove_all(g_array_index(book->tellings, Telling, i).ids);
    for (guint i = 0; i < book->steps->len; i++) {
        json_t *day = json_object_get(g_array_index(book->steps, Step, i).step, "day");
        DemoAct act = {moment(book, json_number_value(day)), acts->len, step_play, book, i};
        g_array_append_val(acts, act);
    }
}
