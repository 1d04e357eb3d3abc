/* A YAML file as a small tree that remembers the line of every node; libyaml does the reading.
 * For packs, stories and the files of the demo.
 *
 * Only what packs need: one document, maps with text keys, lists and scalars. Refused with file and
 * line: anchors, aliases and tags, repeated keys, files above 1 MiB, more than 16 levels or 100,000
 * nodes, text that is not UTF-8 or holds NUL. */
#pragma once
#include <glib.h>

enum { YAML_BYTES = 1 << 20, YAML_DEPTH = 16, YAML_NODES = 100000 };

typedef enum { YAML_SCALAR, YAML_LIST, YAML_MAP } YamlKind;

typedef struct YamlNode YamlNode;
struct YamlNode {
    YamlKind kind;
    gboolean plain;    /* a scalar without quotes */
    const char *file;  /* borrowed */
    int line;          /* 1-based */
    char *text;        /* scalar */
    GPtrArray *keys;   /* map: YamlNode scalars */
    GPtrArray *values; /* map and list: YamlNode */
};

/* Reads `path`; `file` is the name shown in errors and must outlive the tree. Errors: ERROR_FILE,
 * ERROR_PACK. */
YamlNode *tree_read(const char *path, const char *file, GError **error);
void tree_free(YamlNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(YamlNode, tree_free)

const YamlNode *tree_get(const YamlNode *map, const char *key); /* or NULL */
const YamlNode *tree_at(const YamlNode *node, guint i);         /* i-th value */
guint tree_count(const YamlNode *node);                         /* values; 0 for a scalar */

gboolean tree_is_null(const YamlNode *node);                  /* null, ~ or nothing */
gboolean tree_is_bool(const YamlNode *node, gboolean *truth); /* true, false */
gboolean tree_is_number(const YamlNode *node, double *number);

/* Sets ERROR_PACK with the place of `node`; always false. `remedy` and the text: "中文 / English".
 */
gboolean refuse(GError **error, const YamlNode *node, const char *remedy, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
