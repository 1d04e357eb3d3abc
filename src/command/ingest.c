#include "base/csv.h"
#include "command/command.h"
#include "pack/yaml_node.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_LINES = 1000, RETRIES = 60, RETRY_US = 500000 };

static char *url, *token_file, *format, *map_file;
static char *token;

static const GOptionEntry options[] = {
    {"url", 'u', 0, G_OPTION_ARG_STRING, &url, "server (default: http://127.0.0.1:8080)", "URL"},
    {"token", 't', 0, G_OPTION_ARG_STRING, &token,
     "device token (or in the environment: ANLAN_TOKEN)", "TOKEN"},
    {"token-file", 0, 0, G_OPTION_ARG_FILENAME, &token_file, "file whose first line is the token",
     "FILE"},
    {"format", 'f', 0, G_OPTION_ARG_STRING, &format, "line (default) or csv", "FORMAT"},
    {"map", 'm', 0, G_OPTION_ARG_FILENAME, &map_file, "csv: which column is which point (YAML)",
     "FILE"},
    G_OPTION_ENTRY_NULL,
};

/* ---- sending ---- */

typedef struct {
    CURL *curl;
    struct curl_slist *headers;
    GString *batch, *answer;
    guint lines;
    guint64 before; /* lines of the batches before */
    guint64 sent, refused;
} Sender;

static size_t keep_answer(char *bytes, size_t one, size_t n, void *data) {
    GString *answer = data;
    if (answer->len < 1 << 20)
        g_string_append_len(answer, bytes, (gssize)(one * n));
    return one * n;
}

static gboolean sender_open(Sender *sender, GError **error) {
    const char *environment = g_getenv("ANLAN_TOKEN");
    g_autofree char *from_file = NULL;
    if (token_file && !g_file_get_contents(token_file, &from_file, NULL, NULL))
        return error_set(error, ERROR_FILE, NULL, token_file, "cannot be read", NULL);
    const char *secret = token ? token : from_file ? g_strchomp(from_file) : environment;
    if (secret == NULL)
        return error_set(error, ERROR_USAGE, NULL,
                         "a device token is needed: --token, --token-file or ANLAN_TOKEN", NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    *sender = (Sender){
        .curl = curl_easy_init(), .batch = g_string_new(NULL), .answer = g_string_new(NULL)};
    g_autofree char *address = g_strconcat(url ? url : "http://127.0.0.1:8080", "/write", NULL);
    g_autofree char *authorization = g_strconcat("Authorization: Token ", secret, NULL);
    sender->headers = curl_slist_append(curl_slist_append(NULL, authorization), "Expect:");
    curl_easy_setopt(sender->curl, CURLOPT_URL, address);
    curl_easy_setopt(sender->curl, CURLOPT_HTTPHEADER, sender->headers);
    curl_easy_setopt(sender->curl, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(sender->curl, CURLOPT_WRITEDATA, sender->answer);
    curl_easy_setopt(sender->curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(sender->curl, CURLOPT_NOSIGNAL, 1L);
    return TRUE;
}

static void sender_close(Sender *sender) {
    curl_easy_cleanup(sender->curl);
    curl_slist_free_all(sender->headers);
    g_string_free(sender->batch, TRUE);
    g_string_free(sender->answer, TRUE);
}

/* Counts and shows the lines that the server refused. */
static void note_refused(Sender *sender) {
    json_t *problem = json_loads(sender->answer->str, 0, NULL), *line;
    size_t i;
    json_array_foreach(json_object_get(problem, "refused"), i, line)
        fprintf(stderr, "line %" G_GUINT64_FORMAT ": %s | %s [%s]\n",
                sender->before + (guint64)json_integer_value(json_object_get(line, "line")),
                json_string_value(json_object_get(line, "text")),
                json_string_value(json_object_get(line, "detail_en")),
                json_string_value(json_object_get(line, "id")));
    json_int_t n = json_integer_value(json_object_get(problem, "refused_count"));
    sender->refused += (guint64)n;
    sender->sent += (guint64)json_integer_value(json_object_get(problem, "accepted"));
    json_decref(problem);
}

/* One try: the HTTP status, or 0 when there was no answer. */
static long post(Sender *sender) {
    long status = 0;
    g_string_truncate(sender->answer, 0);
    curl_easy_setopt(sender->curl, CURLOPT_POSTFIELDSIZE, (long)sender->batch->len);
    curl_easy_setopt(sender->curl, CURLOPT_POSTFIELDS, sender->batch->str);
    if (curl_easy_perform(sender->curl) == CURLE_OK)
        curl_easy_getinfo(sender->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Sends the batch until the server says that it has it: a server that is away or full is asked
 * again. */
static gboolean send_batch(Sender *sender, GError **error) {
    if (sender->lines == 0)
        return TRUE;
    long status = 0;
    for (int i = 0; i < RETRIES; i++) {
        status = post(sender);
        if (status != 0 && status != 429 && status != 503)
            break;
        g_usleep(RETRY_US);
    }
    if (status == 204)
        sender->sent += sender->lines;
    else if (status == 400 && strstr(sender->answer->str, "\"refused_count\""))
        note_refused(sender);
    else {
        g_autofree char *text =
            g_strdup_printf("the server answered %ld: %.300s", status, sender->answer->str);
        return error_set(error, ERROR_REQUEST, NULL, text, "check --url and the token", NULL);
    }
    sender->before += sender->lines;
    sender->lines = 0;
    g_string_truncate(sender->batch, 0);
    return TRUE;
}

static gboolean line_added(Sender *sender, GError **error) {
    return ++sender->lines < BATCH_LINES || send_batch(sender, error);
}

/* ---- reading ---- */

static gboolean ingest_lines(Sender *sender, const char *path, GError **error) {
    FILE *file = g_str_equal(path, "-") ? stdin : fopen(path, "r");
    if (file == NULL)
        return error_set(error, ERROR_FILE, NULL, path, g_strerror(errno), NULL);
    char *line = NULL;
    size_t room = 0;
    gboolean good = TRUE;
    for (ssize_t n; good && (n = getline(&line, &room, file)) > 0;) {
        if (*line == '\n' || *line == '#')
            continue;
        g_string_append_len(sender->batch, line, n);
        good = line_added(sender, error);
    }
    free(line);
    if (file != stdin)
        fclose(file);
    return good && send_batch(sender, error);
}

/* Which column is which: read from the map file. */
typedef struct {
    char delimiter;
    guint header_rows, time_column; /* 0: time is start + row * step */
    gint64 start_ms;
    double step_s;
    gboolean time_in_ms;
    GPtrArray *points; /* by column - 1: code or NULL */
} ColumnMap;

static double number_at(const YamlNode *map, const char *key, double otherwise) {
    double number = otherwise;
    const YamlNode *node = map ? tree_get(map, key) : NULL;
    return node && tree_is_number(node, &number) ? number : otherwise;
}

static gboolean read_time_rule(ColumnMap *map, const YamlNode *time, GError **error) {
    const YamlNode *start = time ? tree_get(time, "start") : NULL,
                   *form = time ? tree_get(time, "format") : NULL;
    map->time_column = (guint)number_at(time, "column", 0);
    map->step_s = number_at(time, "step_s", 0);
    map->time_in_ms = form && form->text && g_str_equal(form->text, "ms");
    if (map->time_column > 0)
        return TRUE;
    return (start && time_parse(start->text, &map->start_ms) && map->step_s > 0) ||
           error_set(error, ERROR_FILE, NULL, map_file,
                     "time needs {column: N} or {start: RFC3339, step_s: N}", NULL);
}

static gboolean read_columns(ColumnMap *map, const YamlNode *columns, GError **error) {
    for (guint i = 0; columns && columns->kind == YAML_MAP && i < columns->keys->len; i++) {
        const YamlNode *key = columns->keys->pdata[i], *value = columns->values->pdata[i];
        gint64 column;
        if (!g_ascii_string_to_signed(key->text, 10, 1, 1000, &column, NULL) ||
            value->kind != YAML_SCALAR)
            return error_set(error, ERROR_FILE, NULL, map_file,
                             "columns is a map of column number to point code", NULL);
        if (map->points->len < (guint)column)
            g_ptr_array_set_size(map->points, (int)column);
        map->points->pdata[column - 1] = g_strdup(value->text);
    }
    return map->points->len > 0 ||
           error_set(error, ERROR_FILE, NULL, map_file, "columns is missing", NULL);
}

static gboolean read_map(ColumnMap *map, GError **error) {
    if (map_file == NULL)
        return error_set(error, ERROR_USAGE, NULL, "--format csv needs --map FILE", NULL);
    g_autoptr(YamlNode) root = tree_read(map_file, map_file, error);
    if (root == NULL)
        return FALSE;
    const YamlNode *delimiter = tree_get(root, "delimiter");
    gboolean space = delimiter && delimiter->text && g_str_equal(delimiter->text, "space");
    map->delimiter = space ? ' ' : delimiter && delimiter->text ? *delimiter->text : ',';
    map->header_rows = (guint)number_at(root, "header_rows", 0);
    return read_time_rule(map, tree_get(root, "time"), error) &&
           read_columns(map, tree_get(root, "columns"), error);
}

static gboolean row_time(const ColumnMap *map, const GPtrArray *cells, guint row, gint64 *ms) {
    if (map->time_column == 0) {
        *ms = map->start_ms + (gint64)llround(row * map->step_s * 1000);
        return TRUE;
    }
    const char *text = map->time_column <= cells->len ? cells->pdata[map->time_column - 1] : "";
    if (map->time_in_ms)
        return g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, ms, NULL);
    return time_parse(text, ms);
}

static gboolean add_cells(Sender *sender, const ColumnMap *map, const GPtrArray *cells, gint64 ms,
                          GError **error) {
    for (guint i = 0; i < MIN(cells->len, map->points->len); i++) {
        const char *cell = cells->pdata[i];
        if (map->points->pdata[i] == NULL || *cell == 0)
            continue;
        g_string_append_printf(sender->batch,
                               "sample,point=%s value=%s %" G_GINT64_FORMAT "000000\n",
                               (char *)map->points->pdata[i], cell, ms);
        if (!line_added(sender, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean ingest_rows(Sender *sender, const ColumnMap *map, CsvReader *reader,
                            GError **error) {
    g_autoptr(GError) failure = NULL;
    guint row = 0;
    for (GPtrArray *cells; (cells = csv_next(reader, &failure)); row++) {
        gint64 ms;
        if (row < map->header_rows)
            continue;
        if (!row_time(map, cells, row - map->header_rows, &ms)) {
            g_autofree char *text = g_strdup_printf("line %u: no readable time", csv_line(reader));
            return error_set(error, ERROR_FILE, NULL, "CSV", text, NULL);
        }
        if (!add_cells(sender, map, cells, ms, error))
            return FALSE;
    }
    if (failure == NULL)
        return send_batch(sender, error);
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

static gboolean ingest_csv(Sender *sender, const char *path, GError **error) {
    ColumnMap map = {.points = g_ptr_array_new_with_free_func(g_free)};
    g_autoptr(CsvReader) reader =
        read_map(&map, error) ? csv_open(path, map.delimiter, error) : NULL;
    gboolean good = reader && ingest_rows(sender, &map, reader, error);
    g_ptr_array_unref(map.points);
    return good;
}

static gboolean run(char **arguments, GError **error) {
    gboolean csv = format && g_str_equal(format, "csv");
    if (format && !csv && !g_str_equal(format, "line"))
        return error_set(error, ERROR_USAGE, NULL, "--format is line or csv", NULL);
    Sender sender;
    if (!sender_open(&sender, error))
        return FALSE;
    gboolean good =
        csv ? ingest_csv(&sender, arguments[0], error) : ingest_lines(&sender, arguments[0], error);
    printf("%" G_GUINT64_FORMAT " samples stored, %" G_GUINT64_FORMAT " refused\n", sender.sent,
           sender.refused);
    guint64 refused = sender.refused;
    sender_close(&sender);
    if (!good || refused == 0)
        return good;
    return error_set(error, ERROR_FILE, NULL, arguments[0], "some samples were refused", NULL);
}

const Command command_ingest = {
    .name = "ingest",
    .arguments = "FILE",
    .summary = "send a file of samples to a server / 上送采样文件",
    .more = "FILE is Influx line protocol with times in ns (- reads standard input), or CSV with a "
            "map:\n"
            "  delimiter: space            # or one character; default ,\n"
            "  header_rows: 0\n"
            "  time: {start: \"2026-01-01T00:00:00+08:00\", step_s: 180}   # or {column: 1, "
            "format: rfc3339|ms}\n"
            "  columns: {1: POINT-A, 2: POINT-B}\n"
            "Batches are sent again until the server has acknowledged them.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
