#include "demo/demo_file.h"
#include "base/csv.h"
#include "pack/yaml_node.h"

#include <errno.h>

gboolean demo_file_error(GError **error, const char *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return error_set(error, ERROR_FILE, NULL, path, text, NULL);
}

static json_t *number_of(const char *text) {
    char *end;
    errno = 0;
    gint64 integer = g_ascii_strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0)
        return json_integer(integer);
    errno = 0;
    double real = g_ascii_strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 ? json_real(real) : NULL;
}

static json_t *scalar_of(const YamlNode *node) {
    gboolean truth;
    if (tree_is_null(node))
        return json_null();
    if (tree_is_bool(node, &truth))
        return json_boolean(truth);
    json_t *number = node->plain ? number_of(node->text) : NULL;
    return number ? number : json_string(node->text);
}

static json_t *value_of(const YamlNode *node) {
    if (node->kind == YAML_SCALAR)
        return scalar_of(node);
    json_t *value = node->kind == YAML_LIST ? json_array() : json_object();
    for (guint i = 0; i < tree_count(node); i++)
        if (node->kind == YAML_LIST)
            json_array_append_new(value, value_of(tree_at(node, i)));
        else
            json_object_set_new(value, ((YamlNode *)g_ptr_array_index(node->keys, i))->text,
                                value_of(tree_at(node, i)));
    return value;
}

json_t *demo_yaml_read(const char *path, GError **error) {
    g_autoptr(YamlNode) tree = tree_read(path, path, error);
    return tree ? value_of(tree) : NULL;
}

static json_t *csv_row(const GPtrArray *head, const GPtrArray *cells) {
    json_t *row = json_object();
    for (guint i = 0; i < head->len; i++)
        json_object_set_new(row, g_ptr_array_index(head, i),
                            json_string(g_ptr_array_index(cells, i)));
    return row;
}

static gboolean csv_rows(CsvReader *reader, const char *path, json_t *rows, GError **error) {
    g_autoptr(GPtrArray) head = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) failure = NULL;
    for (GPtrArray *cells; (cells = csv_next(reader, &failure));) {
        if (head->len == 0) {
            for (guint i = 0; i < cells->len; i++)
                g_ptr_array_add(head, g_strdup(g_ptr_array_index(cells, i)));
            continue;
        }
        if (cells->len != head->len)
            return demo_file_error(error, path, "line %u: not as many cells as the head line",
                                   csv_line(reader));
        json_array_append_new(rows, csv_row(head, cells));
    }
    if (!failure)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

json_t *demo_csv_read(const char *path, GError **error) {
    g_autoptr(CsvReader) reader = csv_open(path, ',', error);
    if (!reader)
        return NULL;
    json_t *rows = json_array();
    if (csv_rows(reader, path, rows, error))
        return rows;
    json_decref(rows);
    return NULL;
}
