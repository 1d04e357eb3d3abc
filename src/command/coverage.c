/* anlan coverage: which row of the plan is carried by which types, stories and pages, as a Markdown
 * page. The rows stand in a CSV file (docs/plan.csv: id, name, name_en, section, pages, note);
 * types and stories name the rows they serve under `basis`. A story also serves the rows of the
 * types it creates. `pages` are hand-made pages and engine parts that no type names; `note` says
 * why a row is not software. */
#include "base/csv.h"
#include "command/command.h"
#include "record/story.h"

#include <stdio.h>
#include <string.h>

static char *plan_path;

static const GOptionEntry options[] = {{"plan", 0, 0, G_OPTION_ARG_FILENAME, &plan_path,
                                        "rows of the plan (default: docs/plan.csv)", "FILE"},
                                       G_OPTION_ENTRY_NULL};

enum { COLUMNS = 6 };
typedef struct {
    char *cells[COLUMNS]; /* id, name, name_en, section, pages, note */
    GPtrArray *types;     /* const RecordType* */
    GPtrArray *stories;   /* char*: titles */
} PlanRow;

typedef struct {
    const Packs *packs;
    GPtrArray *rows; /* PlanRow* */
    GHashTable *by_id;
} Coverage;

static void plan_row_free(gpointer data) {
    PlanRow *row = data;
    for (int i = 0; i < COLUMNS; i++)
        g_free(row->cells[i]);
    g_ptr_array_unref(row->types);
    g_ptr_array_unref(row->stories);
    g_free(row);
}

static gboolean row_add(Coverage *coverage, const GPtrArray *cells, guint line, GError **error) {
    g_autofree char *place = g_strdup_printf("%s:%u", plan_path, line);
    if (cells->len != COLUMNS)
        return error_set(error, ERROR_FILE, NULL, place, "six columns are expected", NULL);
    if (g_hash_table_contains(coverage->by_id, cells->pdata[0]))
        return error_set(error, ERROR_FILE, NULL, place, "the row stands twice", NULL);
    PlanRow *row = g_new0(PlanRow, 1);
    for (int i = 0; i < COLUMNS; i++)
        row->cells[i] = g_strdup(cells->pdata[i]);
    row->types = g_ptr_array_new();
    row->stories = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(coverage->rows, row);
    g_hash_table_insert(coverage->by_id, row->cells[0], row);
    return TRUE;
}

static gboolean plan_read(Coverage *coverage, GError **error) {
    g_autoptr(CsvReader) reader = csv_open(plan_path, ',', error);
    GError *cause = NULL;
    const GPtrArray *cells = reader ? csv_next(reader, &cause) : NULL; /* the head */
    while (cells && (cells = csv_next(reader, &cause)) != NULL)
        if (!row_add(coverage, cells, csv_line(reader), &cause))
            break;
    if (cause)
        g_propagate_error(error, cause);
    return reader && cause == NULL;
}

static void type_serves(Coverage *coverage, const RecordType *type, GStrv basis) {
    for (guint i = 0; basis && basis[i]; i++) {
        PlanRow *row = g_hash_table_lookup(coverage->by_id, basis[i]);
        if (row && !g_ptr_array_find(row->types, type, NULL))
            g_ptr_array_add(row->types, (gpointer)type);
    }
}

static void types_serve(Coverage *coverage) {
    for (guint i = 0; i < coverage->packs->types->len; i++) {
        const RecordType *type = coverage->packs->types->pdata[i];
        type_serves(coverage, type, type->basis);
        for (guint j = 0; j < type->clocks->len; j++)
            type_serves(coverage, type, ((const ClockType *)type->clocks->pdata[j])->basis);
        for (guint j = 0; j < type->indicators->len; j++)
            type_serves(coverage, type, ((const Indicator *)type->indicators->pdata[j])->basis);
    }
}

static gboolean story_serves(const PlanRow *row, const StoryFacts *facts) {
    for (guint i = 0; facts->basis && facts->basis[i]; i++)
        if (strcmp(facts->basis[i], row->cells[0]) == 0)
            return TRUE;
    for (guint i = 0; i < facts->types->len; i++)
        if (g_ptr_array_find(row->types, facts->types->pdata[i], NULL))
            return TRUE;
    return FALSE;
}

static gboolean stories_serve(Coverage *coverage, const char *directory, GError **error) {
    g_autoptr(GPtrArray) files = story_files(directory, error);
    for (guint i = 0; files && i < files->len; i++) {
        StoryFacts facts;
        if (!story_facts(coverage->packs, files->pdata[i], &facts, error))
            return FALSE;
        for (guint j = 0; j < coverage->rows->len; j++) {
            PlanRow *row = coverage->rows->pdata[j];
            if (story_serves(row, &facts))
                g_ptr_array_add(row->stories, g_strdup(facts.title));
        }
        story_facts_clear(&facts);
    }
    return files != NULL;
}

/* --- the page --- */

typedef enum { CARRIED, NO_STORY, NO_SOFTWARE, NOTHING, STATES } RowState;
static const char *const state_titles[STATES] = {"carried and told", "carried, not told",
                                                 "not software", "nothing yet"};

static RowState row_state(const PlanRow *row) {
    gboolean page = *row->cells[4] != 0;
    if (row->types->len || page)
        return row->stories->len || page ? CARRIED : NO_STORY;
    return *row->cells[5] ? NO_SOFTWARE : NOTHING;
}

static char *group_of(const PlanRow *row) {
    return g_strndup(row->cells[0], strcspn(row->cells[0], "-"));
}

static void print_summary(const Coverage *coverage) {
    guint counts[STATES] = {0};
    for (guint i = 0; i < coverage->rows->len; i++)
        counts[row_state(coverage->rows->pdata[i])]++;
    printf(
        "# What carries each row of the plan\n\nMade by `anlan coverage > docs/coverage.md` from "
        "`basis` of types, clocks, indicators and stories and from docs/plan.csv.\nA row is told "
        "when a story names it or creates one of its types, or a hand-made page shows it.\n\n"
        "| rows | |\n|---|---|\n");
    for (int i = 0; i < STATES; i++)
        printf("| %u | %s |\n", counts[i], state_titles[i]);
}

static void print_types(const PlanRow *row) {
    for (guint i = 0; i < row->types->len; i++) {
        const RecordType *type = row->types->pdata[i];
        printf("%s%s `%s`", i ? ", " : "", type->title.zh, type->name);
    }
}

static void print_row(const PlanRow *row) {
    printf("| %s | %s / %s | ", row->cells[0], row->cells[1], row->cells[2]);
    print_types(row);
    printf(" | ");
    if (row->stories->len)
        printf("%u: %s%s", row->stories->len, (const char *)row->stories->pdata[0],
               row->stories->len > 1 ? " …" : "");
    printf(" | %s%s%s | %s |\n", row->cells[4], *row->cells[4] && *row->cells[5] ? "; " : "",
           row->cells[5], state_titles[row_state(row)]);
}

static void print_page(const Coverage *coverage) {
    g_autofree char *former = NULL;
    print_summary(coverage);
    for (guint i = 0; i < coverage->rows->len; i++) {
        const PlanRow *row = coverage->rows->pdata[i];
        char *group = group_of(row);
        if (g_strcmp0(group, former) != 0)
            printf("\n## %s — %s\n| row | | types | stories | pages, notes | |\n"
                   "|---|---|---|---|---|---|\n",
                   group, row->cells[3]);
        g_free(former);
        former = group;
        print_row(row);
    }
}

static gboolean run(char **arguments, GError **error) {
    const char *directory = arguments[0] ? arguments[0] : "packs";
    if (plan_path == NULL)
        plan_path = g_strdup("docs/plan.csv");
    Packs *packs = packs_load(directory, error);
    if (packs == NULL)
        return FALSE;
    Coverage coverage = {packs, g_ptr_array_new_with_free_func(plan_row_free),
                         g_hash_table_new(g_str_hash, g_str_equal)};
    gboolean good = plan_read(&coverage, error);
    if (good) {
        types_serve(&coverage);
        good = stories_serve(&coverage, directory, error);
    }
    if (good)
        print_page(&coverage);
    g_hash_table_unref(coverage.by_id);
    g_ptr_array_unref(coverage.rows);
    packs_free(packs);
    return good;
}

const Command command_coverage = {
    .name = "coverage",
    .arguments = "[DIR]",
    .summary = "what carries each row of the plan / 规划条目的落实情况",
    .options = options,
    .arguments_min = 0,
    .arguments_max = 1,
    .run = run,
};
