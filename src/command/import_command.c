#include "base/error.h"
#include "command/command.h"
#include "record/import.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static gboolean dry_run, again;
static char *mode_text, *url, *token;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "check every row, save nothing", NULL},
    {"mode", 'm', 0, G_OPTION_ARG_STRING, &mode_text, "upsert (default), create or update", "MODE"},
    {"again", 0, 0, G_OPTION_ARG_NONE, &again, "also a file that was imported before", NULL},
    {"url", 'u', 0, G_OPTION_ARG_STRING, &url, "a running server, as http://127.0.0.1:8080", "URL"},
    {"token", 't', 0, G_OPTION_ARG_STRING, &token, "session token (default: ANLAN_TOKEN)", "TOKEN"},
    G_OPTION_ENTRY_NULL,
};

static const char *text_of(json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t number_of(json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name));
}

static void print_answer(const char *file, json_t *answer) {
    size_t i;
    json_t *error, *errors = json_object_get(answer, "errors");
    json_array_foreach(errors, i, error)
        fprintf(stderr, "%s:%d: %s %s: %s / %s (%s) [%s]\n", file, (int)number_of(error, "row"),
                text_of(error, "column"), text_of(error, "title"), text_of(error, "detail_en"),
                text_of(error, "detail"), text_of(error, "hint_en"), text_of(error, "id"));
    if (number_of(answer, "refused") > (json_int_t)json_array_size(errors))
        fprintf(stderr, "… %d errors are shown\n", (int)json_array_size(errors));
    printf("%s%d rows: %d created, %d updated, %d unchanged, %d refused\n",
           dry_run ? "dry run: " : "", (int)number_of(answer, "rows"),
           (int)number_of(answer, "created"), (int)number_of(answer, "updated"),
           (int)number_of(answer, "unchanged"), (int)number_of(answer, "refused"));
}

/* A dry run that found errors fails as the import itself would. */
static gboolean judge(const char *file, json_t *answer, GError **error) {
    print_answer(file, answer);
    g_autofree char *refused = g_strdup_printf("%d", (int)number_of(answer, "refused"));
    return number_of(answer, "refused") == 0 || error_set(error, ERROR_IMPORT, NULL, refused, NULL);
}

/* --- into the data directory --- */

typedef struct {
    App *app;
    ImportAsked asked;
    const char *bytes;
    gsize n;
    json_t *answer;
} Job;

static gboolean run_job(Sql *sql, gpointer data, GError **error) {
    Job *job = data;
    const Packs *packs = app_packs(job->app);
    g_autoptr(GPtrArray) pages = import_pages(packs, job->asked.type, job->bytes, job->n, error);
    job->asked.pages = pages;
    return pages && record_import(sql, packs, &actor_system, &job->asked,
                                  clock_now(app_clock(job->app)), &job->answer, error);
}

static gboolean import_here(Job *job, const char *file, GError **error) {
    AppConfig config = command_config();
    job->app = app_open(&config, error);
    if (job->app == NULL)
        return FALSE;
    GError *failure = NULL;
    gboolean good = app_write(job->app, run_job, job, &failure);
    app_close(job->app);
    if (job->answer) {
        g_clear_error(&failure);
        good = judge(file, job->answer, error);
    } else if (!good) {
        g_propagate_error(error, failure);
    }
    json_decref(job->answer);
    return good;
}

/* --- to a server --- */

static size_t keep(char *bytes, size_t one, size_t n, void *data) {
    enum { ANSWER_MAX = 1 << 20 };
    GString *answer = data;
    if (answer->len + one * n > ANSWER_MAX)
        return 0;
    g_string_append_len(answer, bytes, (gssize)(one * n));
    return one * n;
}

static gboolean post(const char *address, const char *secret, const char *bytes, gsize n,
                     GString *answer, GError **error) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    g_autofree char *authorization = g_strconcat("Authorization: Bearer ", secret, NULL);
    struct curl_slist *headers = curl_slist_append(NULL, authorization);
    headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, address);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code == CURLE_OK ||
           error_set(error, ERROR_REQUEST, NULL, curl_easy_strerror(code), "check --url", NULL);
}

static gboolean import_there(const Job *job, const char *file, const char *bytes, gsize n,
                             GError **error) {
    const char *secret = token ? token : g_getenv("ANLAN_TOKEN");
    if (secret == NULL)
        return error_set(error, ERROR_USAGE, NULL,
                         "a session token is needed: --token or ANLAN_TOKEN", NULL);
    static const char *const modes[] = {
        [IMPORT_UPSERT] = "upsert", [IMPORT_CREATE] = "create", [IMPORT_UPDATE] = "update"};
    g_autofree char *type = g_uri_escape_string(job->asked.type, NULL, FALSE);
    g_autofree char *address = g_strdup_printf(
        "%s/api/records/%s/import?dry_run=%s&again=%s&mode=%s", url, type,
        dry_run ? "true" : "false", again ? "true" : "false", modes[job->asked.mode]);
    g_autoptr(GString) text = g_string_new(NULL);
    if (!post(address, secret, bytes, n, text, error))
        return FALSE;
    json_t *answer = json_loadb(text->str, text->len, 0, NULL);
    gboolean good = json_object_get(answer, "rows")
                        ? judge(file, answer, error)
                        : error_set(error, ERROR_REQUEST, NULL, text_of(answer, "detail_en"),
                                    text_of(answer, "hint_en"), NULL);
    json_decref(answer);
    return good;
}

static gboolean run(char **arguments, GError **error) {
    enum { FILE_MAX = 16 << 20 };
    const char *file = arguments[1];
    g_autofree char *bytes = NULL;
    gsize n;
    Job job = {.asked = {.type = arguments[0], .dry_run = dry_run, .again = again}};
    if (mode_text && !import_mode_parse(mode_text, &job.asked.mode))
        return error_set(error, ERROR_USAGE, NULL, "--mode: upsert, create or update", NULL);
    if (!g_file_get_contents(file, &bytes, &n, NULL))
        return error_set(error, ERROR_FILE, NULL, file, "cannot be read", NULL);
    job.bytes = bytes;
    job.n = n;
    if (n > FILE_MAX)
        return error_set(error, ERROR_FILE, NULL, file, "is larger than 16 MiB", NULL);
    if (url)
        return import_there(&job, file, bytes, n, error);
    g_autoptr(Table) table = table_read(bytes, n, error);
    g_autofree char *hash = table ? import_hash(bytes, n) : NULL;
    job.asked.table = table;
    job.asked.hash = hash;
    return table && import_here(&job, file, error);
}

const Command command_import = {
    .name = "import",
    .arguments = "TYPE FILE.csv|FILE.xlsx",
    .summary = "import a sheet, all rows or none / 导入表格",
    .more =
        "The first row names the fields, by name or title; codes, references and regions may be "
        "titles. Rows with errors are listed and\nnothing is saved. With --url through a "
        "running server, with the rights of the token's user; else the server must be\nstopped.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run,
};
