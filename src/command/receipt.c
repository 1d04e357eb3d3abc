#include "record/receipt.h"
#include "base/json_text.h"
#include "command/command.h"
#include "record/journal_file.h"

#include <stdio.h>
#include <stdlib.h>

static char *export_path, *head_text;
static const GOptionEntry options[] = {
    DATA_OPTION_ENTRIES,
    {"export", 0, 0, G_OPTION_ARG_FILENAME, &export_path,
     "a journal file: it must be whole and hold the receipt's seal", "FILE"},
    {"head", 0, 0, G_OPTION_ARG_STRING, &head_text, "a kept head: it must be the receipt's seal",
     "HEAD"},
    G_OPTION_ENTRY_NULL};

static json_t *find(const char *code, GError **error) {
    Reader reader;
    if (!reader_open(&reader, error))
        return NULL;
    json_t *receipt = receipt_find(reader.records, reader.packs, code, error);
    reader_close(&reader);
    return receipt;
}

static gboolean show(const char *code, GError **error) {
    json_t *receipt = find(code, error);
    if (receipt == NULL)
        return FALSE;
    char *text = json_text(receipt, JSON_INDENT(2));
    printf("%s\n", text);
    free(text);
    json_decref(receipt);
    return TRUE;
}

/* A file when there is one of this name, else a code to be looked up in the database. */
static json_t *load(const char *argument, GError **error) {
    char code[RECEIPT_CHARS + 1];
    json_error_t cause;
    if (!g_file_test(argument, G_FILE_TEST_EXISTS) && receipt_code_read(argument, code))
        return find(argument, error);
    json_t *receipt = json_load_file(argument, JSON_REJECT_DUPLICATES, &cause);
    if (receipt == NULL)
        error_set(error, ERROR_FILE, NULL, argument, cause.text, NULL);
    return receipt;
}

static gboolean fits_head(const JournalHead *head, GError **error) {
    g_autofree char *own = journal_head_text(head);
    return g_ascii_strcasecmp(own, head_text) == 0 ||
           error_set(
               error, ERROR_VERIFY, NULL,
               "留存的封条不是回执所在的封条 the kept head is not the seal of the receipt; give "
               "a journal file instead",
               NULL);
}

static gboolean check(const char *argument, GError **error) {
    JournalHead head;
    VerifyReport report;
    json_t *receipt = load(argument, error);
    gboolean good =
        receipt && receipt_check(receipt, &head, error) &&
        (head_text == NULL || fits_head(&head, error)) &&
        (export_path == NULL || journal_file_verify(export_path, &head, &report, error));
    if (good) {
        g_autofree char *text = journal_head_text(&head);
        printf("good: filed %s, in seal %s%s\n",
               json_string_value(json_object_get(receipt, "filed_at")), text,
               json_object_get(receipt, "content") ? ", with this content" : "");
    }
    json_decref(receipt);
    return good;
}

static const struct {
    const char *name;
    gboolean (*run)(const char *argument, GError **error);
} verbs[] = {{"check", check}, {"show", show}};

static gboolean run(char **arguments, GError **error) {
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (g_str_equal(arguments[0], verbs[i].name))
            return verbs[i].run(arguments[1], error);
    return error_set(error, ERROR_USAGE, NULL,
                     "expected: anlan receipt check FILE|CODE, or show CODE", NULL);
}

const Command command_receipt = {
    .name = "receipt",
    .arguments = "check FILE|CODE, or show CODE",
    .summary = "check or show the receipt of something filed / 校验回执",
    .more =
        "FILE is the JSON of a receipt; it needs no database. CODE is looked up in the database.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run,
};
