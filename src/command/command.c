#include "command/command.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

DataOptions data_options;

static const Command *const commands[] = {
    &command_serve,  &command_demo,   &command_pack,   &command_load,     &command_import,
    &command_ingest, &command_alarms, &command_clocks, &command_honesty,  &command_verify,
    &command_user,   &command_backup, &command_export, &command_coverage, &command_receipt,
    &command_keys,   &command_draw,   &command_replay,
};

static void print_help(FILE *out) {
    fprintf(out,
            "安澜 Anlan %s — 安全生产风险监测与隐患治理 / work-safety monitoring and hazard "
            "governance\n\n"
            "anlan COMMAND [OPTIONS] [ARGUMENTS]\n\n",
            ANLAN_VERSION);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\nanlan COMMAND --help says more.\n");
}

static const Command *find(const char *name) {
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_equal(commands[i]->name, name))
            return commands[i];
    return NULL;
}

static void print_error(const Command *command, const GError *error) {
    g_autofree char *zh = error_detail(error, LANG_ZH), *en = error_detail(error, LANG_EN);
    g_autofree char *hint = error_hint(error, LANG_EN);
    fprintf(stderr, "anlan %s: %s", command->name, en);
    if (!g_str_equal(zh, en))
        fprintf(stderr, " / %s", zh);
    fprintf(stderr, " (%s) [%s]\n", hint, error_id(error));
}

static gboolean parse_options(const Command *command, int *argc, char ***argv, GError **error) {
    g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
    g_option_context_set_summary(context, command->summary);
    if (command->more)
        g_option_context_set_description(context, command->more);
    if (command->options)
        g_option_context_add_main_entries(context, command->options, NULL);
    g_autoptr(GError) cause = NULL;
    if (!g_option_context_parse(context, argc, argv, &cause))
        return error_set(error, ERROR_USAGE, NULL, cause->message, NULL);
    int given = *argc - 1;
    if (given < command->arguments_min ||
        (command->arguments_max >= 0 && given > command->arguments_max)) {
        g_autofree char *text =
            g_strdup_printf("expected: anlan %s %s", command->name, command->arguments);
        return error_set(error, ERROR_USAGE, NULL, text, NULL);
    }
    return TRUE;
}

static int run(const Command *command, int argc, char **argv) {
    g_autoptr(GError) error = NULL;
    g_autofree char *program = g_strconcat("anlan ", command->name, NULL);
    argv[0] = program;
    g_set_prgname(program);
    if (parse_options(command, &argc, &argv, &error) && command->run(argv + 1, &error))
        return 0;
    print_error(command, error);
    return error_kind(error) == ERROR_USAGE ? 2 : 1;
}

int command_main(int argc, char **argv) {
    setlocale(LC_ALL, "C.UTF-8");
    umask(027); /* what is kept is not for everybody on the machine, nor is a backup of it */
    if (argc < 2 || g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "help")) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (g_str_equal(argv[1], "--version")) {
        printf("anlan %s\n", ANLAN_VERSION);
        return 0;
    }
    const Command *command = find(argv[1]);
    if (command)
        return run(command, argc - 1, argv + 1);
    fprintf(stderr, "anlan: there is no command %s\n\n", argv[1]);
    print_help(stderr);
    return 2;
}

AppConfig command_config(void) {
    return (AppConfig){.data_dir = data_options.data_dir ? data_options.data_dir : "data",
                       .records_uri = data_options.database,
                       .packs_dir = data_options.packs_dir ? data_options.packs_dir : "packs",
                       .seal_key = data_options.seal_key,
                       .clock = clock_real()};
}

gboolean reader_open(Reader *reader, GError **error) {
    AppConfig config = command_config();
    g_autofree char *path = g_build_filename(config.data_dir, "records.db", NULL);
    g_autofree char *file_uri = g_strconcat("sqlite:", path, NULL);
    const char *uri = config.records_uri ? config.records_uri : file_uri;
    memset(reader, 0, sizeof *reader);
    if (uri == file_uri && !g_file_test(path, G_FILE_TEST_EXISTS))
        return error_set(error, ERROR_FILE, NULL, path, "there is no such database", NULL);
    reader->packs = packs_load(config.packs_dir, error);
    reader->records = reader->packs ? sql_open(uri, SQL_READ, error) : NULL;
    if (reader->records) {
        g_autofree char *files = g_build_filename(config.data_dir, "files", NULL);
        sql_set_files(reader->records, files);
        return TRUE;
    }
    reader_close(reader);
    return FALSE;
}

void reader_close(Reader *reader) {
    sql_close(reader->records);
    if (reader->packs)
        packs_free(reader->packs);
}

gboolean print_pages(const Reader *reader, int limit, PageAsk ask, void (*print)(json_t *item),
                     GError **error) {
    enum { PAGE_MOST = 500 };
    g_autofree char *cursor = NULL;
    for (int left = limit; left > 0;) {
        json_t *list = ask(reader, cursor, MIN(left, PAGE_MOST), error), *item;
        if (list == NULL)
            return FALSE;
        size_t i;
        json_array_foreach(json_object_get(list, "items"), i, item) print(item);
        left -= (int)json_array_size(json_object_get(list, "items"));
        g_free(cursor);
        cursor = g_strdup(json_string_value(json_object_get(list, "next")));
        json_decref(list);
        if (cursor == NULL)
            break;
    }
    return TRUE;
}
