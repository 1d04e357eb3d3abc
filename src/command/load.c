#include "base/csv.h"
#include "command/command.h"
#include "pack/yaml_node.h"

#include <stdio.h>
#include <string.h>

/* Rows are saved in jobs of this many; one bad row undoes its job, which is then saved row by row
 * without it. */
enum { JOB_ROWS = 2000, SHOWN_MAX = 50 };

static gboolean dry_run;

static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "check every row, save nothing", NULL},
    G_OPTION_ENTRY_NULL,
};

typedef struct {
    guint line;
    json_t *fields;
    GError *error; /* the row could not be read */
} Row;

static void row_free(gpointer data) {
    Row *row = data;
    json_decref(row->fields);
    g_clear_error(&row->error);
    g_free(row);
}

typedef struct {
    App *app;
    const RecordType *type;
    const char *file;
    GPtrArray *rows; /* waiting for their job */
    guint created, changed, refused;
    guint job_created, job_changed;
} Load;

/* ---- text -> value ---- */

static json_t *value_of(const Field *field, const char *text) {
    gint64 integer;
    char *end;
    switch (field->kind) {
    case FIELD_INTEGER:
        return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &integer, NULL)
                   ? json_integer(integer)
                   : json_string(text);
    case FIELD_MONEY:
    case FIELD_SCORE:
    case FIELD_DECIMAL: {
        double number = g_ascii_strtod(text, &end);
        json_t *value = *end == 0 ? json_real(number) : NULL;
        return value ? value : json_string(text);
    }
    case FIELD_ROWS: {
        json_t *rows = json_loads(text, 0, NULL);
        return rows ? rows : json_string(text);
    }
    case FIELD_AREA: {
        json_t *area = area_from_text(text);
        return area ? area : json_string(text);
    }
    case FIELD_BOOL:
        if (g_str_equal(text, "true") || g_str_equal(text, "1"))
            return json_true();
        return g_str_equal(text, "false") || g_str_equal(text, "0") ? json_false()
                                                                    : json_string(text);
    default:
        return json_string(text);
    }
}

/* NAME_lon and NAME_lat are the two halves of a point. */
static gboolean set_point_half(const RecordType *type, json_t *fields, const char *name,
                               const char *text) {
    const char *half = g_str_has_suffix(name, "_lon")   ? "lon"
                       : g_str_has_suffix(name, "_lat") ? "lat"
                                                        : NULL;
    if (half == NULL)
        return FALSE;
    g_autofree char *base = g_strndup(name, strlen(name) - 4);
    const Field *field = type_field(type, base);
    if (field == NULL || field->kind != FIELD_POINT)
        return FALSE;
    if (json_object_get(fields, base) == NULL)
        json_object_set_new(fields, base, json_object());
    char *end;
    double degrees = g_ascii_strtod(text, &end);
    json_object_set_new(json_object_get(fields, base), half,
                        *end == 0 ? json_real(degrees) : json_string(text));
    return TRUE;
}

/* Empty cells are left out: a load never empties a field. */
static void set_field(const RecordType *type, json_t *fields, const char *name, const char *text) {
    const Field *field = type_field(type, name);
    if (*text == 0 || (field == NULL && set_point_half(type, fields, name, text)))
        return;
    json_object_set_new(fields, name, field ? value_of(field, text) : json_string(text));
}

/* ---- saving ---- */

static gboolean save_row(Sql *sql, Load *load, const Row *row, GError **error) {
    gboolean created;
    json_t *record = record_put(sql, app_packs(load->app), &actor_system, load->type->name,
                                row->fields, clock_now(app_clock(load->app)), &created, error);
    if (record == NULL)
        return FALSE;
    json_decref(record);
    load->job_created += created;
    load->job_changed += !created;
    return TRUE;
}

static void report(Load *load, const Row *row, const GError *error) {
    if (load->refused++ >= SHOWN_MAX)
        return;
    g_autofree char *detail = error_detail(error, LANG_EN), *zh = error_detail(error, LANG_ZH),
                    *hint = error_hint(error, LANG_EN);
    fprintf(stderr, "%s:%u: %s%s%s: %s / %s (%s) [%s]\n", load->file, row->line,
            error_field(error) ? "field " : "", error_field(error) ? error_field(error) : "",
            error_field(error) ? "" : "row", detail, zh, hint, error_id(error));
}

static gboolean save_all(Sql *sql, gpointer data, GError **error) {
    Load *load = data;
    load->job_created = load->job_changed = 0;
    for (guint i = 0; i < load->rows->len; i++)
        if (!save_row(sql, load, load->rows->pdata[i], error))
            return FALSE;
    return !dry_run || error_set(error, ERROR_USAGE, NULL, "dry run", NULL);
}

typedef struct {
    Load *load;
    Row *row;
} One;

static gboolean save_one(Sql *sql, gpointer data, GError **error) {
    One *one = data;
    one->load->job_created = one->load->job_changed = 0;
    return save_row(sql, one->load, one->row, error) &&
           (!dry_run || error_set(error, ERROR_USAGE, NULL, "dry run", NULL));
}

static void count_job(Load *load) {
    load->created += load->job_created;
    load->changed += load->job_changed;
}

/* A dry run is a job that fails on purpose at its end. */
static gboolean was_good(gboolean saved, const GError *error) {
    return saved || (dry_run && error_kind(error) == ERROR_USAGE);
}

static void save_one_by_one(Load *load) {
    for (guint i = 0; i < load->rows->len; i++) {
        g_autoptr(GError) error = NULL;
        One one = {load, load->rows->pdata[i]};
        gboolean saved = app_write(load->app, save_one, &one, &error);
        if (was_good(saved, error))
            count_job(load);
        else
            report(load, one.row, error);
    }
}

static void save_rows(Load *load) {
    g_autoptr(GError) error = NULL;
    if (load->rows->len == 0)
        return;
    gboolean saved = app_write(load->app, save_all, load, &error);
    if (was_good(saved, error))
        count_job(load);
    else
        save_one_by_one(load);
    g_ptr_array_set_size(load->rows, 0);
}

static void add_row(Load *load, guint line, json_t *fields_take) {
    Row *row = g_new0(Row, 1);
    *row = (Row){line, fields_take, NULL};
    g_ptr_array_add(load->rows, row);
    if (load->rows->len == JOB_ROWS)
        save_rows(load);
}

/* ---- files ---- */

static gboolean head_is_known(const Load *load, const GPtrArray *head, GError **error) {
    for (guint i = 0; i < head->len; i++) {
        json_t *probe = json_object();
        const char *name = head->pdata[i];
        gboolean known =
            type_field(load->type, name) || set_point_half(load->type, probe, name, "0");
        json_decref(probe);
        if (!known) {
            g_autofree char *text =
                g_strdup_printf("the first row names the fields, and \"%s\" is none of type %s",
                                name, load->type->name);
            return error_set(error, ERROR_FILE, NULL, load->file, text, NULL);
        }
    }
    return TRUE;
}

static gboolean load_csv(Load *load, GError **error) {
    g_autoptr(CsvReader) reader = csv_open(load->file, ',', error);
    g_autoptr(GError) failure = NULL;
    GPtrArray *cells = reader ? csv_next(reader, &failure) : NULL;
    if (reader == NULL)
        return FALSE;
    if (cells == NULL && failure == NULL)
        return error_set(error, ERROR_FILE, NULL, load->file,
                         "it is empty; the first row must name the fields", NULL);
    if (cells == NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    g_autoptr(GPtrArray) head = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < cells->len; i++)
        g_ptr_array_add(head, g_strdup(cells->pdata[i]));
    if (!head_is_known(load, head, error))
        return FALSE;
    while ((cells = csv_next(reader, &failure))) {
        json_t *fields = json_object();
        for (guint i = 0; i < MIN(head->len, cells->len); i++)
            set_field(load->type, fields, head->pdata[i], cells->pdata[i]);
        add_row(load, csv_line(reader), fields);
    }
    save_rows(load);
    if (failure == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

static gboolean load_yaml(Load *load, GError **error) {
    g_autoptr(YamlNode) list = tree_read(load->file, load->file, error);
    if (list == NULL)
        return FALSE;
    if (list->kind != YAML_LIST)
        return error_set(error, ERROR_FILE, NULL, load->file,
                         "expected a list of maps, one per record", NULL);
    for (guint i = 0; i < tree_count(list); i++) {
        const YamlNode *map = tree_at(list, i);
        json_t *fields = json_object();
        for (guint k = 0; map->kind == YAML_MAP && k < map->keys->len; k++) {
            const YamlNode *key = map->keys->pdata[k], *value = map->values->pdata[k];
            if (value->kind == YAML_SCALAR && !tree_is_null(value))
                set_field(load->type, fields, key->text, value->text);
        }
        add_row(load, (guint)map->line, fields);
    }
    save_rows(load);
    return TRUE;
}

static gboolean load_file(Load *load, GError **error) {
    return g_str_has_suffix(load->file, ".yaml") || g_str_has_suffix(load->file, ".yml")
               ? load_yaml(load, error)
               : load_csv(load, error);
}

static gboolean load_type(App *app, char **arguments, GError **error) {
    const RecordType *type = packs_type(app_packs(app), arguments[0]);
    if (type == NULL)
        return error_set(error, ERROR_TYPE_UNKNOWN, NULL, arguments[0], NULL);
    Load load = {.app = app,
                 .type = type,
                 .file = arguments[1],
                 .rows = g_ptr_array_new_with_free_func(row_free)};
    gboolean good = load_file(&load, error);
    g_ptr_array_unref(load.rows);
    if (!good)
        return FALSE;
    printf("%s%s: %u created, %u there already, %u refused\n", dry_run ? "dry run: " : "",
           type->name, load.created, load.changed, load.refused);
    if (load.refused == 0)
        return TRUE;
    g_autofree char *text = g_strdup_printf("%u rows refused, the others %s", load.refused,
                                            dry_run ? "are good" : "saved");
    return error_set(error, ERROR_FILE, NULL, load.file, text, NULL);
}

static gboolean run(char **arguments, GError **error) {
    AppConfig config = command_config();
    App *app = app_open(&config, error);
    gboolean good = app && load_type(app, arguments, error);
    app_close(app);
    return good;
}

const Command command_load = {
    .name = "load",
    .arguments = "TYPE FILE.csv|FILE.yaml",
    .summary = "create or update records from a file / 导入记录",
    .more = "CSV: the first row names the fields; a place is two columns, NAME_lon and NAME_lat; "
            "empty cells are left alone.\n"
            "YAML: a list of maps. Records whose key exists are updated. Rows that are refused are "
            "listed with line, field and remedy;\n"
            "the others are saved. The server must be stopped.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run,
};
