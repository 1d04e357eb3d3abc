#include "command/command.h"
#include "command/flow_draw.h"
#include "record/story.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *database, *svg_path;
static gboolean in_english;

static const GOptionEntry options[] = {
    {"database", 0, 0, G_OPTION_ARG_STRING, &database,
     "test: tell the stories in PostgreSQL, postgresql://…, in a schema of their own that is "
     "dropped "
     "after (default: in memory)",
     "URI"},
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
    return g_strdup_printf("%s%soptions=-csearch_path%%3D%s", database,
                           strchr(database, '?') ? "&" : "?", schema);
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
    gboolean good = files && (database ? tell_all_in_schema(packs, files, error)
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
    gboolean good = type != NULL;
    if (packs && type == NULL)
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

static const struct {
    const char *name;
    gboolean (*run)(const char *directory, GError **error);
} verbs[] = {{"check", check}, {"test", test}};

static gboolean run(char **arguments, GError **error) {
    if (g_str_equal(arguments[0], "show") && arguments[1])
        return show(arguments + 1, error);
    for (gsize i = 0; i < G_N_ELEMENTS(verbs) && !(arguments[1] && arguments[2]); i++)
        if (g_str_equal(arguments[0], verbs[i].name))
            return verbs[i].run(arguments[1] ? arguments[1] : "packs", error);
    return error_set(error, ERROR_USAGE, NULL,
                     "expected: anlan pack check|test [DIR] or anlan pack show TYPE [DIR]", NULL);
}

const Command command_pack = {
    .name = "pack",
    .arguments = "check|test [DIR] | show TYPE [DIR]",
    .summary = "check packs as the server would at start, tell their stories, or show a flow / "
               "检查业务包，演示流程，画出流程",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 3,
    .run = run,
};
