#include "command/command.h"
#include "server/session.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static char *name, *role, *region, *enterprise, *password_file;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"name", 0, 0, G_OPTION_ARG_STRING, &name, "name or post", "TEXT"},
    {"role", 0, 0, G_OPTION_ARG_STRING, &role, "role of packs/core/roles.yaml", "ROLE"},
    {"region", 0, 0, G_OPTION_ARG_STRING, &region, "division code the user is in charge of",
     "CODE"},
    {"enterprise", 0, 0, G_OPTION_ARG_STRING, &enterprise, "enterprise code", "CODE"},
    {"password-file", 0, 0, G_OPTION_ARG_FILENAME, &password_file,
     "first line is the password; - for standard input (default: ask)", "FILE"},
    G_OPTION_ENTRY_NULL,
};

/* Reads one line without showing it on a terminal. */
static char *read_line(FILE *in) {
    struct termios old;
    gboolean terminal = tcgetattr(fileno(in), &old) == 0;
    if (terminal) {
        struct termios quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fileno(in), TCSAFLUSH, &quiet);
        fprintf(stderr, "password: ");
    }
    char line[512];
    char *got = fgets(line, sizeof line, in);
    if (terminal) {
        tcsetattr(fileno(in), TCSAFLUSH, &old);
        fputc('\n', stderr);
    }
    return got ? g_strdup(g_strchomp(line)) : NULL;
}

static char *read_password(GError **error) {
    gboolean from_file = password_file && !g_str_equal(password_file, "-");
    FILE *in = from_file ? fopen(password_file, "r") : stdin;
    char *password = in ? read_line(in) : NULL;
    if (from_file && in)
        fclose(in);
    if (password == NULL)
        error_set(error, ERROR_FILE, NULL, password_file ? password_file : "standard input",
                  "no password could be read", NULL);
    return password;
}

typedef struct {
    App *app;
    const char *login;
    char *hash;
    json_t *fields;
    char *token;
} Job;

static gboolean save_user(Sql *sql, gpointer data, GError **error) {
    Job *job = data;
    gint64 now_ms = clock_now(app_clock(job->app));
    json_t *user = record_put(sql, app_packs(job->app), &actor_system, "user", job->fields, now_ms,
                              NULL, error);
    json_decref(user);
    return user && session_set_hash(sql, job->login, job->hash, error);
}

static gboolean save_password(Sql *sql, gpointer data, GError **error) {
    Job *job = data;
    json_t *user = record_get(sql, app_packs(job->app), &actor_system, "user", job->login, error);
    json_decref(user);
    return user && session_set_hash(sql, job->login, job->hash, error);
}

static gboolean save_token(Sql *sql, gpointer data, GError **error) {
    Job *job = data;
    json_t *device =
        record_get(sql, app_packs(job->app), &actor_system, "device", job->login, error);
    json_decref(device);
    job->token =
        device ? device_token_new(sql, job->login, clock_now(app_clock(job->app)), error) : NULL;
    return job->token != NULL;
}

static gboolean drop_tokens(Sql *sql, gpointer data, GError **error) {
    return device_token_revoke(sql, ((Job *)data)->login, error);
}

static gboolean hash_password(Job *job, GError **error) {
    g_autofree char *password = read_password(error);
    job->hash = password ? password_hash(password, error) : NULL;
    return job->hash != NULL;
}

static gboolean add(Job *job, GError **error) {
    if (name == NULL || role == NULL)
        return error_set(error, ERROR_USAGE, NULL, "user add needs --name and --role", NULL);
    job->fields = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "login", job->login, "name", name,
                            "role", role, "region", region, "enterprise", enterprise);
    return job->fields && hash_password(job, error) && app_write(job->app, save_user, job, error);
}

static gboolean change_password(Job *job, GError **error) {
    return hash_password(job, error) && app_write(job->app, save_password, job, error);
}

static gboolean new_token(Job *job, GError **error) {
    if (!app_write(job->app, save_token, job, error))
        return FALSE;
    printf("%s\n", job->token);
    return TRUE;
}

static gboolean revoke_tokens(Job *job, GError **error) {
    return app_write(job->app, drop_tokens, job, error);
}

static gboolean list(Job *job, GError **error) {
    Sql *sql = app_reader(job->app, error);
    RecordQuery query = {.sort = "login", .limit = 500};
    json_t *users =
               sql ? record_list(sql, app_packs(job->app), &actor_system, "user", &query, 0, error)
                   : NULL,
           *user;
    size_t i;
    json_array_foreach(json_object_get(users, "items"), i, user) {
        const char *place = json_string_value(json_object_get(user, "region"));
        const char *plant = json_string_value(json_object_get(user, "enterprise"));
        printf("%s\t%s\t%s\t%s\n", json_string_value(json_object_get(user, "login")),
               json_string_value(json_object_get(user, "role")),
               plant   ? plant
               : place ? place
                       : "-",
               json_string_value(json_object_get(user, "name")));
    }
    gboolean good = users != NULL;
    json_decref(users);
    sql_close(sql);
    return good;
}

static const struct {
    const char *name;
    int arguments;
    gboolean (*run)(Job *job, GError **error);
} actions[] = {{"add", 1, add},
               {"password", 1, change_password},
               {"token", 1, new_token},
               {"revoke", 1, revoke_tokens},
               {"list", 0, list}};

static gboolean run_action(gsize action, char **arguments, GError **error) {
    AppConfig config = command_config();
    Job job = {.app = app_open(&config, error), .login = arguments[1]};
    gboolean good = job.app && actions[action].run(&job, error);
    g_free(job.hash);
    g_free(job.token);
    json_decref(job.fields);
    app_close(job.app);
    return good;
}

static gboolean run(char **arguments, GError **error) {
    for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
        if (g_str_equal(actions[i].name, arguments[0]) &&
            (guint)actions[i].arguments + 1 == g_strv_length(arguments))
            return run_action(i, arguments, error);
    return error_set(error, ERROR_USAGE, NULL,
                     "expected: anlan user add|password LOGIN, token|revoke DEVICE, or list", NULL);
}

const Command command_user = {
    .name = "user",
    .arguments = "add LOGIN | password LOGIN | token DEVICE | revoke DEVICE | list",
    .summary = "users, passwords and device tokens / 用户、密码与设备令牌",
    .more = "`token` prints a new token of a device record, the only time it can be seen; `revoke` "
            "ends all of the device's tokens.\n"
            "The server must be stopped, since only one process may write.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 2,
    .run = run,
};
