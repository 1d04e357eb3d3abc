#include "command/command.h"
#include "command/flow_draw.h"
#include "record/pack_change.h"
#include "record/story.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *svg_path;
static gboolean in_english, yes;
static GStrv asked[CHANGES];

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"drop", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked[CHANGE_DROP],
     "apply: lose the values of a field, or a type without records", "TYPE.FIELD"},
    {"rename", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked[CHANGE_RENAME],
     "apply: a field has another name now", "TYPE.OLD=NEW"},
    {"retype", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked[CHANGE_RETYPE],
     "apply: a field has another kind now", "TYPE.FIELD"},
    {"map-state", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked[CHANGE_STATE],
     "apply: records of a state that is gone stand in another one", "TYPE.OLD=NEW"},
    {"yes", 0, 0, G_OPTION_ARG_NONE, &yes, "apply: do it, not only count", NULL},
    {"svg", 0, 0, G_OPTION_ARG_FILENAME, &svg_path,
     "show: draw the flow into this file (needs dot, of the Debian package graphviz)", "FILE"},
    {"en", 0, 0, G_OPTION_ARG_NONE, &in_english, "show: in English", NULL},
    G_OPTION_ENTRY_NULL,
};

/* Stories are read, not told. */
static gboolean check_stories(const Packs *packs, const char *directory, GError **error) {
    g_autoptr(GPtrArray) files = story_files(directory, error);
    for (guint i = 0; files && i < files->len; i++)
        if (!story_check(packs, files->pdata[i], error))
            return FALSE;
    if (files)
        printf("%u stories can be told (anlan pack test)\n", files->len);
    return files != NULL;
}

static gboolean check(const char *directory, GError **error) {
    Packs *packs = packs_load(directory, error);
    if (packs == NULL)
        return FALSE;
    for (guint i = 0; i < packs->warnings->len; i++)
        printf("warning: %s\n", (const char *)packs->warnings->pdata[i]);
    printf("%s: %u packs, %u types, %u code lists, %u roles: good\n", directory, packs->infos->len,
           packs->types->len, packs->codes->len, packs->roles->len);
    gboolean good = check_stories(packs, directory, error);
    packs_free(packs);
    return good;
}

/* Tells every story; each that fails is named, and they are counted at the end. */
static gboolean tell_all(const Packs *packs, Sql *sql, const GPtrArray *files, GError **error) {
    guint failed = 0;
    for (guint i = 0; i < files->len; i++) {
        guint steps = 0;
        g_autoptr(GError) cause = NULL;
        gboolean good = story_tell(packs, sql, files->pdata[i], &steps, &cause);
        printf("%s %s (%u)%s%s\n", good ? "good" : "FAIL", (char *)files->pdata[i], steps,
               good ? "" : "\n     ", good ? "" : cause->message);
        failed += !good;
    }
    g_autofree char *all = g_strdup_printf("%u good", files->len);
    g_autofree char *bad = g_strdup_printf("%u failed", failed);
    if (failed)
        return error_set(error, ERROR_STORY, NULL, "packs", all, bad, NULL);
    printf("%u stories: good\n", files->len);
    return TRUE;
}

/* The URI with a search path of only this schema, which need not be there yet. */
static char *schema_uri(const char *schema) {
    return g_strdup_printf("%s%soptions=-csearch_path%%3D%s", data_options.database,
                           strchr(data_options.database, '?') ? "&" : "?", schema);
}

static gboolean tell_all_in_schema(const Packs *packs, const GPtrArray *files, GError **error) {
    g_autofree char *schema = g_strdup_printf("anlan_story_%d_%08x", (int)getpid(), g_random_int());
    g_autofree char *uri = schema_uri(schema);
    g_autofree char *make = g_strconcat("CREATE SCHEMA ", schema, NULL);
    g_autofree char *drop = g_strdup_printf("DROP SCHEMA %s CASCADE", schema);
    if (!g_str_has_prefix(uri, "postgres"))
        return error_set(error, ERROR_CONFIG, "database", "not a PostgreSQL URI",
                         "leave --database away: stories are told in memory", NULL);
    Sql *sql = sql_open(uri, SQL_WRITE, error);
    gboolean made = sql && sql_exec(sql, make, error);
    gboolean good =
        made && records_migrate(sql, packs, error) && tell_all(packs, sql, files, error);
    if (made)
        good = sql_exec(sql, drop, good ? error : NULL) && good;
    sql_close(sql);
    return good;
}

static gboolean test(const char *directory, GError **error) {
    Packs *packs = packs_load(directory, error);
    g_autoptr(GPtrArray) files = packs ? story_files(directory, error) : NULL;
    gboolean good = files && (data_options.database ? tell_all_in_schema(packs, files, error)
                                                    : tell_all(packs, NULL, files, error));
    packs_free(packs);
    return good;
}

/* ---- show ---- */

/* Graphviz lays out; it is asked for as a program, so that nothing else depends on it. */
static gboolean draw(const char *dot, const char *path, GError **error) {
    g_autoptr(GError) cause = NULL;
    g_autofree char *messages = NULL;
    g_autoptr(GSubprocess) program =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &cause,
                         "dot", "-Tsvg", "-o", path, NULL);
    if (program && g_subprocess_communicate_utf8(program, dot, NULL, NULL, &messages, &cause) &&
        g_subprocess_get_successful(program))
        return TRUE;
    return error_set(error, ERROR_FILE, NULL, path,
                     cause      ? cause->message
                     : messages ? messages
                                : "dot",
                     NULL);
}

static gboolean show(char **arguments, GError **error) {
    Lang lang = in_english ? LANG_EN : LANG_ZH;
    Packs *packs = packs_load(arguments[1] ? arguments[1] : "packs", error);
    const RecordType *type = packs ? packs_type(packs, arguments[0]) : NULL;
    gboolean timers = packs && strcmp(arguments[0], LEGAL_TIMERS) == 0;
    gboolean good = type != NULL || timers;
    if (timers) {
        g_autofree char *text = timers_text(packs, lang);
        fputs(text, stdout);
    } else if (packs && type == NULL)
        error_set(error, ERROR_TYPE_UNKNOWN, NULL, arguments[0], NULL);
    if (type && svg_path) {
        g_autofree char *dot = flow_dot(packs, type, lang);
        good = draw(dot, svg_path, error);
    } else if (type) {
        g_autofree char *text = flow_text(packs, type, lang);
        fputs(text, stdout);
    }
    packs_free(packs);
    return good;
}

/* ---- apply ---- */

static GPtrArray *read_changes(GError **error) {
    g_autoptr(GPtrArray) changes = pack_changes_new();
    for (PackChangeKind kind = 0; kind < CHANGES; kind++)
        for (guint i = 0; asked[kind] && asked[kind][i]; i++)
            if (!pack_changes_add(changes, kind, asked[kind][i], error))
                return NULL;
    if (changes->len > 0)
        return g_steal_pointer(&changes);
    error_set(error, ERROR_USAGE, NULL,
              "expected: anlan pack apply [--drop TYPE.FIELD] [--rename TYPE.OLD=NEW] [--retype "
              "TYPE.FIELD] [--map-state TYPE.OLD=NEW] [--yes] [DIR]",
              NULL);
    return NULL;
}

static gboolean apply(const char *directory, GError **error) {
    AppConfig config = command_config();
    g_autofree char *records = g_build_filename(config.data_dir, "records.db", NULL);
    g_autoptr(GPtrArray) changes = read_changes(error);
    if (changes == NULL)
        return FALSE;
    if (config.records_uri == NULL && !g_file_test(records, G_FILE_TEST_EXISTS))
        return error_set(error, ERROR_FILE, NULL, records, "there is no such database", NULL);
    if (data_options.packs_dir == NULL)
        config.packs_dir = directory;
    if (!app_change_packs(&config, changes, yes, error))
        return FALSE;
    for (guint i = 0; i < changes->len; i++) {
        g_autofree char *text = pack_change_text(changes->pdata[i]);
        printf("%s\n", text);
    }
    printf(yes ? "done; the journal has every value as it was\n"
               : "nothing is changed yet: make a backup, then repeat it with --yes\n");
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*run)(const char *directory, GError **error);
} verbs[] = {{"check", check}, {"test", test}, {"apply", apply}};

static gboolean run(char **arguments, GError **error) {
    if (g_str_equal(arguments[0], "show") && arguments[1])
        return show(arguments + 1, error);
    for (gsize i = 0; i < G_N_ELEMENTS(verbs) && !(arguments[1] && arguments[2]); i++)
        if (g_str_equal(arguments[0], verbs[i].name))
            return verbs[i].run(arguments[1] ? arguments[1] : "packs", error);
    return error_set(error, ERROR_USAGE, NULL,
                     "expected: anlan pack check|test|apply [DIR] or anlan pack show TYPE [DIR]",
                     NULL);
}

const Command command_pack = {
    .name = "pack",
    .arguments = "check|test|apply [DIR] | show TYPE [DIR]",
    .summary = "check packs as the server would at start, tell their stories, show a flow, or "
               "change what is stored / "
               "检查业务包，演示流程，画出流程，按业务包改动已存数据",
    .more =
        "`test --database URI` tells the stories in PostgreSQL, in a schema of their own that is "
        "dropped after. `apply` makes changes of the packs that a start refuses because stored "
        "values would be lost; it counts what it would touch, and does it with --yes, in one "
        "transaction. The server must be stopped.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 3,
    .run = run,
};
