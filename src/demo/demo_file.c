#include "demo/demo_file.h"
#include "base/csv.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

enum { FILE_MAX = 4 << 20, DEPTH_MAX = 32 };

gboolean demo_file_error(GError **error, const char *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return error_set(error, ERROR_FILE, NULL, path, text, NULL);
}

static char *file_text(const char *path, gsize *n, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, n, &failure)) {
        demo_file_error(error, path, "%s", failure->message);
        return NULL;
    }
    if (*n > FILE_MAX || !g_utf8_validate(text, (gssize)*n, NULL)) {
        demo_file_error(error, path, "not UTF-8 text of at most 4 MiB");
        return NULL;
    }
    return g_steal_pointer(&text);
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

static json_t *scalar_of(const yaml_node_t *node) {
    const char *text = (const char *)node->data.scalar.value;
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_string(text);
    if (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0)
        return json_null();
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(*text == 't');
    json_t *number = number_of(text);
    return number ? number : json_string(text);
}

static json_t *value_of(yaml_document_t *document, int index, int depth);

static json_t *list_of(yaml_document_t *document, const yaml_node_t *node, int depth) {
    json_t *list = json_array();
    for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top;
         i++)
        json_array_append_new(list, value_of(document, *i, depth));
    return list;
}

static json_t *object_of(yaml_document_t *document, const yaml_node_t *node, int depth) {
    json_t *object = json_object();
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        yaml_node_t *key = yaml_document_get_node(document, p->key);
        if (key->type == YAML_SCALAR_NODE)
            json_object_set_new(object, (const char *)key->data.scalar.value,
                                value_of(document, p->value, depth));
    }
    return object;
}

static json_t *value_of(yaml_document_t *document, int index, int depth) {
    yaml_node_t *node = yaml_document_get_node(document, index);
    if (node->type == YAML_SCALAR_NODE)
        return scalar_of(node);
    if (depth >= DEPTH_MAX)
        return json_null();
    return node->type == YAML_SEQUENCE_NODE ? list_of(document, node, depth + 1)
                                            : object_of(document, node, depth + 1);
}

json_t *demo_yaml_read(const char *path, GError **error) {
    gsize n;
    g_autofree char *text = file_text(path, &n, error);
    if (!text)
        return NULL;
    yaml_parser_t parser;
    yaml_document_t document;
    g_assert(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    json_t *value = NULL;
    if (yaml_parser_load(&parser, &document)) {
        if (yaml_document_get_root_node(&document))
            value = value_of(&document, 1, 0);
        else
            demo_file_error(error, path, "the file is empty");
        yaml_document_delete(&document);
    } else {
        demo_file_error(error, path, "line %zu: %s", parser.problem_mark.line + 1, parser.problem);
    }
    yaml_parser_delete(&parser);
    return value;
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
