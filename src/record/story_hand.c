/* What steps of a story hand over and get: files, secrets, receipts. */
#include "base/media.h"
#include "record/files.h"
#include "record/receipt.h"
#include "record/story_part.h"
#include "store/file_store.h"

#include <string.h>
#include <unistd.h>

/* --- files: a name stands for a made-up file of its kind --- */

static const Media *media_of_name(const char *name) {
    const char *dot = strrchr(name, '.');
    g_autofree char *ending = g_strconcat(dot ? dot : ".", ".", NULL);
    g_autofree char *low = g_ascii_strdown(ending, -1);
    const Media *media;
    for (guint i = 0; (media = media_at(i)) != NULL; i++)
        if (dot && strstr(media->endings, low))
            return media;
    return NULL;
}

static json_t *upload(Story *story, const Actor *actor, const char *name, const Media *media,
                      GError **error) {
    char hash[HASH_HEX];
    gint64 size;
    int fd = file_store_temporary(sql_files(story->sql), error);
    if (fd < 0)
        return NULL;
    json_t *file = NULL;
    if (write(fd, name, strlen(name)) != (gssize)strlen(name))
        error_set(error, ERROR_FILE, NULL, name, g_strerror(errno), NULL);
    else if (file_store_seal(fd, hash, &size, error)) {
        FileContent content = {fd, hash, media->type, name, size};
        file = file_register(story->sql, actor, &content, story->now_ms, error);
    }
    close(fd);
    json_t *use = file ? json_pack("{s:O}", "file", json_object_get(file, "file")) : NULL;
    json_decref(file);
    return use;
}

static json_t *use_of(Story *story, const Actor *actor, json_t *name, const YamlNode *node,
                      GError **error) {
    const char *text = json_string_value(name);
    const Media *media = text ? media_of_name(text) : NULL;
    if (media == NULL) {
        refuse(error, node,
               "写文件名，如 现场.jpg、报告.pdf / write names such as scene.jpg, report.pdf",
               "不是文件名 / not the name of a file");
        return NULL;
    }
    return story->sql ? upload(story, actor, text, media, error) : json_object();
}

gboolean story_upload(Story *story, const Actor *actor, const RecordType *type, json_t *fields,
                      const YamlNode *node, GError **error) {
    for (guint i = 0; i < type->fields->len; i++) {
        const Field *field = type->fields->pdata[i];
        json_t *names = json_object_get(fields, field->name), *name, *uses;
        size_t n;
        if (field->kind != FIELD_FILE || !json_is_array(names))
            continue;
        uses = json_array();
        json_array_foreach(names, n, name) {
            json_t *use = use_of(story, actor, name, node, error);
            if (use == NULL) {
                json_decref(uses);
                return FALSE;
            }
            json_array_append_new(uses, use);
        }
        json_object_set_new(fields, field->name, uses);
    }
    return TRUE;
}

/* --- receipts --- */

void story_take_receipt(Story *story, json_t *record) {
    const char *code =
        json_string_value(json_object_get(json_object_get(record, "receipt"), "code"));
    StoryRecord *at = (StoryRecord *)story->record;
    if (code && at) {
        g_free(at->code);
        at->code = g_strdup(code);
    }
}

static const char *code_at_hand(Story *story, const YamlNode *node, GError **error) {
    const StoryRecord *at = story_at_hand(story, node, error);
    if (at && at->code == NULL)
        refuse(error, node,
               "该记录须由人新建，且类型给回执 / made by somebody, of a type with receipts",
               "这条记录没有回执 / nobody has a receipt of this record");
    return at ? at->code : NULL;
}

json_t *story_holders_move(Story *story, const YamlNode *move, json_t *fields, const char *comment,
                           GError **error) {
    const char *code = code_at_hand(story, move, error);
    return code ? receipt_move(story->sql, story->packs, code, move->text, fields, comment,
                               story->now_ms, error)
                : NULL;
}

static json_t *names_of(json_t *moves) {
    json_t *names = json_array(), *move;
    size_t i;
    json_array_foreach(moves, i, move) json_array_append(names, json_object_get(move, "name"));
    return names;
}

/* state, moves (names), and the fields that are shown. */
static gboolean expect_of_receipt(Story *story, const YamlNode *key, const YamlNode *node,
                                  json_t *receipt, json_t *moves, GError **error) {
    const RecordType *type = story->record->type;
    const State *state = strcmp(key->text, "state") == 0 && node->kind == YAML_SCALAR
                             ? type_state(type, node->text)
                             : NULL;
    const Field *field = type_field(type, key->text);
    if (!field && !state && strcmp(key->text, "moves") != 0)
        return refuse(error, key,
                      "写 state、moves 或 receipt.shows 中的字段 / state, moves or fields shown",
                      "回执没有“%s” / a receipt has no %s", key->text, key->text);
    json_t *wanted = state ? json_string(state->title.zh) : story_value(story, field, node, error);
    json_t *got = state ? json_incref(json_object_get(json_object_get(receipt, "state"), "zh"))
                  : field
                      ? json_incref(json_object_get(json_object_get(receipt, "shows"), key->text))
                      : names_of(moves);
    gboolean good =
        wanted && (receipt == NULL || story_compare(key, key->text, wanted, got, error));
    json_decref(wanted);
    json_decref(got);
    return good;
}

gboolean expect_receipt(Story *story, const YamlNode *node, GError **error) {
    json_t *receipt = NULL, *moves = NULL;
    if (!story_at_hand(story, node, error) || !story_is_map(node, error))
        return FALSE;
    if (story->sql) {
        const char *code = code_at_hand(story, node, error);
        receipt = code ? receipt_find(story->sql, story->packs, code, error) : NULL;
        moves =
            receipt ? receipt_moves(story->sql, story->packs, code, story->now_ms, error) : NULL;
    }
    gboolean good = story->sql == NULL || moves;
    for (guint i = 0; good && i < tree_count(node); i++)
        good =
            expect_of_receipt(story, node->keys->pdata[i], tree_at(node, i), receipt, moves, error);
    json_decref(receipt);
    json_decref(moves);
    return good;
}

/* --- secrets --- */

/* {"field", "value"} of what was opened, compared with `value` when the step has it. */
gboolean story_revealed(Story *story, const YamlNode *field_name, json_t *answer, GError **error) {
    const YamlNode *node = tree_get(story->step, "value");
    const Field *field = type_field(story->record->type, field_name->text);
    json_t *wanted = node ? story_value(story, field, node, error) : NULL;
    gboolean good =
        node == NULL || (wanted && story_compare(node, field_name->text, wanted,
                                                 json_object_get(answer, "value"), error));
    json_decref(wanted);
    return good;
}
