#include "pack/yaml_node.h"
#include "base/error.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

typedef struct {
    yaml_parser_t parser;
    yaml_event_t event; /* the last one; deleted before the next */
    const char *file;
    guint nodes;
    GError **error;
} Reader;

static gboolean refuse_at(GError **error, const char *file, gsize line, const char *remedy,
                          const char *what) {
    g_autofree char *place = g_strdup_printf("%s:%" G_GSIZE_FORMAT, file, line);
    return error_set(error, ERROR_PACK, NULL, place, what, remedy, NULL);
}

gboolean refuse(GError **error, const YamlNode *node, const char *remedy, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return refuse_at(error, node->file, (gsize)node->line, remedy, what);
}

static gsize event_line(const Reader *reader) { return reader->event.start_mark.line + 1; }

static gboolean refuse_event(Reader *reader, const char *remedy, const char *what) {
    return refuse_at(reader->error, reader->file, event_line(reader), remedy, what);
}

static gboolean next(Reader *reader) {
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event))
        return TRUE;
    const yaml_parser_t *p = &reader->parser;
    gsize line = (p->problem_mark.line ? p->problem_mark.line : p->context_mark.line) + 1;
    g_autofree char *what =
        g_strdup_printf("YAML 语法错误 / YAML syntax: %s", p->problem ? p->problem : "unreadable");
    return refuse_at(reader->error, reader->file, line,
                     "检查缩进、冒号和引号 / check indentation, colons and quotes", what);
}

void tree_free(YamlNode *node) {
    if (node == NULL)
        return;
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_clear_pointer(&node->values, g_ptr_array_unref);
    g_free(node->text);
    g_free(node);
}

static void node_destroy(gpointer node) { tree_free(node); }

static YamlNode *node_new(Reader *reader, YamlKind kind) {
    YamlNode *node = g_new0(YamlNode, 1);
    node->kind = kind;
    node->file = reader->file;
    node->line = (int)event_line(reader);
    if (kind != YAML_SCALAR)
        node->values = g_ptr_array_new_with_free_func(node_destroy);
    if (kind == YAML_MAP)
        node->keys = g_ptr_array_new_with_free_func(node_destroy);
    return node;
}

static YamlNode *node_read(Reader *reader, int depth);

static YamlNode *scalar_read(Reader *reader) {
    const char *text = (const char *)reader->event.data.scalar.value;
    if (strlen(text) != reader->event.data.scalar.length) {
        refuse_event(reader, "删除该字符 / remove it", "文字中有 NUL 字符 / a NUL in the text");
        return NULL;
    }
    YamlNode *node = node_new(reader, YAML_SCALAR);
    node->plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = g_strdup(text);
    return node;
}

static YamlNode *list_read(Reader *reader, int depth) {
    g_autoptr(YamlNode) node = node_new(reader, YAML_LIST);
    while (next(reader)) {
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return g_steal_pointer(&node);
        YamlNode *item = node_read(reader, depth + 1);
        if (item == NULL)
            return NULL;
        g_ptr_array_add(node->values, item);
    }
    return NULL;
}

/* The event is the key. */
static gboolean pair_read(Reader *reader, YamlNode *map, GHashTable *seen, int depth) {
    YamlNode *key = node_read(reader, depth + 1);
    if (key == NULL)
        return FALSE;
    g_ptr_array_add(map->keys, key);
    if (key->kind != YAML_SCALAR)
        return refuse(reader->error, key, "键必须是文字 / a key is text",
                      "键不能是列表或映射 / a list or map cannot be a key");
    if (!g_hash_table_add(seen, key->text))
        return refuse(reader->error, key, "删除一个 / remove one of them",
                      "键 %s 重复 / the key %s stands twice", key->text, key->text);
    YamlNode *value = next(reader) ? node_read(reader, depth + 1) : NULL;
    if (value == NULL)
        return FALSE;
    g_ptr_array_add(map->values, value);
    return TRUE;
}

static YamlNode *map_read(Reader *reader, int depth) {
    g_autoptr(YamlNode) node = node_new(reader, YAML_MAP);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    while (next(reader)) {
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return g_steal_pointer(&node);
        if (!pair_read(reader, node, seen, depth))
            return NULL;
    }
    return NULL;
}

/* Whether the event carries an anchor, is an alias or has a tag: none is needed, and aliases can
 * grow without bound. */
static gboolean event_plain(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor == NULL && event->data.scalar.tag == NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor == NULL && event->data.sequence_start.tag == NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor == NULL && event->data.mapping_start.tag == NULL;
    default:
        return event->type != YAML_ALIAS_EVENT;
    }
}

/* Reads the node whose first event is the present one. */
static YamlNode *node_read(Reader *reader, int depth) {
    if (!event_plain(&reader->event)) {
        refuse_event(reader, "写出完整内容 / write it out",
                     "不允许锚点、别名和标签 / anchors, aliases and tags are not allowed");
        return NULL;
    }
    if (depth > YAML_DEPTH || ++reader->nodes > YAML_NODES) {
        refuse_event(reader, "拆分文件 / split the file",
                     "嵌套过深或内容过多 / nested too deep, or too much in one file");
        return NULL;
    }
    switch (reader->event.type) {
    case YAML_SCALAR_EVENT:
        return scalar_read(reader);
    case YAML_SEQUENCE_START_EVENT:
        return list_read(reader, depth);
    case YAML_MAPPING_START_EVENT:
        return map_read(reader, depth);
    default:
        refuse_event(reader, "参见 docs/packs.md / see docs/packs.md",
                     "文件为空 / the file is empty");
        return NULL;
    }
}

static gboolean expect_event(Reader *reader, yaml_event_type_t type, const char *what) {
    if (!next(reader))
        return FALSE;
    return reader->event.type == type ||
           refuse_event(reader, "一个文件一份文档 / one document in a file", what);
}

static YamlNode *document_read(Reader *reader) {
    const char *empty = "文件为空 / the file is empty";
    if (!expect_event(reader, YAML_STREAM_START_EVENT, empty) ||
        !expect_event(reader, YAML_DOCUMENT_START_EVENT, empty) || !next(reader))
        return NULL;
    g_autoptr(YamlNode) root = node_read(reader, 1);
    const char *several = "文件中有多份文档 / more than one document in the file";
    if (root == NULL || !expect_event(reader, YAML_DOCUMENT_END_EVENT, several) ||
        !expect_event(reader, YAML_STREAM_END_EVENT, several))
        return NULL;
    return g_steal_pointer(&root);
}

static YamlNode *text_read(const char *text, gsize length, const char *file, GError **error) {
    Reader reader = {.file = file, .error = error};
    g_assert(yaml_parser_initialize(&reader.parser));
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    YamlNode *root = document_read(&reader);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return root;
}

static gboolean line_of_bad_utf8(const char *text, gsize length, gsize *line) {
    const char *end;
    if (g_utf8_validate_len(text, length, &end))
        return FALSE;
    *line = 1;
    for (const char *p = text; p < end; p++)
        *line += *p == '\n';
    return TRUE;
}

YamlNode *tree_read(const char *path, const char *file, GError **error) {
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    gsize length = 0, line;
    struct stat status;
    if (stat(path, &status) == 0 && status.st_size > YAML_BYTES) {
        refuse_at(error, file, 1, "拆分文件 / split the file",
                  "文件超过 1 MiB / the file is larger than 1 MiB");
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &length, &cause)) {
        error_set(error, ERROR_FILE, NULL, file, cause->message, NULL);
        return NULL;
    }
    if (line_of_bad_utf8(text, length, &line)) {
        refuse_at(error, file, line, "以 UTF-8 保存 / save it as UTF-8",
                  "不是 UTF-8 文字 / not UTF-8 text");
        return NULL;
    }
    return text_read(text, length, file, error);
}

const YamlNode *tree_get(const YamlNode *map, const char *key) {
    if (map->kind != YAML_MAP)
        return NULL;
    for (guint i = 0; i < map->keys->len; i++)
        if (strcmp(((const YamlNode *)map->keys->pdata[i])->text, key) == 0)
            return map->values->pdata[i];
    return NULL;
}

const YamlNode *tree_at(const YamlNode *node, guint i) { return node->values->pdata[i]; }

guint tree_count(const YamlNode *node) { return node->values ? node->values->len : 0; }

static gboolean plain_scalar(const YamlNode *node) {
    return node->kind == YAML_SCALAR && node->plain;
}

gboolean tree_is_null(const YamlNode *node) {
    return plain_scalar(node) &&
           (*node->text == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

gboolean tree_is_bool(const YamlNode *node, gboolean *truth) {
    if (!plain_scalar(node))
        return FALSE;
    *truth = strcmp(node->text, "true") == 0;
    return *truth || strcmp(node->text, "false") == 0;
}

gboolean tree_is_number(const YamlNode *node, double *number) {
    if (!plain_scalar(node) || strspn(node->text, "+-.0123456789eE") != strlen(node->text))
        return FALSE;
    char *end;
    *number = g_ascii_strtod(node->text, &end);
    return end != node->text && *end == 0 && isfinite(*number);
}
