/* anlan draw: the random selection of a pack (`pick` by sm3, docs/packs.md), worked out again from
 * what was published: seed, list and how many. Needs no data directory. */
#include "base/csv.h"
#include "base/hash.h"
#include "command/command.h"

#include <stdio.h>
#include <string.h>

static char *seed, *key_column;
static int count;

static const GOptionEntry options[] = {
    {"seed", 0, 0, G_OPTION_ARG_STRING, &seed, "the published seed", "TEXT"},
    {"count", 0, 0, G_OPTION_ARG_INT, &count, "how many are drawn", "N"},
    {"key", 0, 0, G_OPTION_ARG_STRING, &key_column,
     "column of the keys (default: the first), by its name in the head line", "NAME"},
    G_OPTION_ENTRY_NULL};

typedef struct {
    char hash[HASH_HEX];
    char *key;
    guint line;
} Ticket;

static void ticket_clear(gpointer ticket) { g_free(((Ticket *)ticket)->key); }

static Ticket ticket_new(const char *key, guint line) {
    guint8 hash[HASH_BYTES];
    HashState *state = hash_sm3_new();
    hash_add(state, seed, strlen(seed));
    hash_add(state, "|", 1);
    hash_add(state, key, strlen(key));
    hash_end(state, hash);
    Ticket ticket = {.key = g_strdup(key), .line = line};
    hex_encode(hash, HASH_BYTES, ticket.hash);
    return ticket;
}

static gint compare_tickets(gconstpointer a, gconstpointer b) {
    const Ticket *one = a, *other = b;
    int order = strcmp(one->hash, other->hash);
    return order ? order : one->line < other->line ? -1 : one->line > other->line;
}

static gboolean find_key(const GPtrArray *head, guint *column, GError **error) {
    for (guint i = 0; key_column && i < head->len; i++)
        if (g_str_equal(head->pdata[i], key_column)) {
            *column = i;
            return TRUE;
        }
    return key_column == NULL ||
           error_set(error, ERROR_USAGE, NULL, "--key names no column of the head line", NULL);
}

static gboolean tickets_read(const char *path, GArray *tickets, GError **error) {
    g_autoptr(CsvReader) reader = csv_open(path, ',', error);
    g_autoptr(GError) cause = NULL;
    guint column = 0;
    const GPtrArray *cells = reader ? csv_next(reader, &cause) : NULL;
    if (reader == NULL || (cells && !find_key(cells, &column, error)))
        return FALSE;
    while (cells && (cells = csv_next(reader, &cause)) != NULL) {
        if (column >= cells->len)
            continue;
        Ticket ticket = ticket_new(cells->pdata[column], csv_line(reader));
        g_array_append_val(tickets, ticket);
    }
    if (cause == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

static gboolean run(char **arguments, GError **error) {
    if (seed == NULL || count < 1)
        return error_set(error, ERROR_USAGE, NULL, "--seed and --count are needed", NULL);
    g_autoptr(GArray) tickets = g_array_new(FALSE, FALSE, sizeof(Ticket));
    g_array_set_clear_func(tickets, ticket_clear);
    if (!tickets_read(arguments[0], tickets, error))
        return FALSE;
    g_array_sort(tickets, compare_tickets);
    for (guint i = 0; i < tickets->len && i < (guint)count; i++) {
        const Ticket *ticket = &g_array_index(tickets, Ticket, i);
        printf("%u,%s,%s\n", i + 1, ticket->key, ticket->hash);
    }
    return TRUE;
}

const Command command_draw = {
    .name = "draw",
    .summary = "draw from a list by a seed, as anybody can again / 双随机抽取复核",
    .arguments = "LIST.csv",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = options,
    .run = run};
